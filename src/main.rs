//! The program: parses the command line and runs the subcommand.

use clap::Parser as _;
use rollbook::command::{Usage, run};
use rollbook::config::CommandLine;
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = run(CommandLine::parse());
    rollbook::logging::flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody listens, the status still tells.
            let _ = writeln!(std::io::stderr(), "rollbook: {error:#}");
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
