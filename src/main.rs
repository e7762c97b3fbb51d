//! The program: parses the command line and runs the subcommand.

use rollbook::command::{Usage, run};
use rollbook::config::CommandLine;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = run(CommandLine::read());
    rollbook::logging::flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            rollbook::logging::last_words(&error);
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
