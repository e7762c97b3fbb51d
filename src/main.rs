//! The program: parses the command line, runs the command and sets the exit status.

use rollbook::cli::{CommandLine, UsageError, has_lost_reader, run};
use signal_hook::consts::SIGPIPE;
use signal_hook::low_level::emulate_default_handler;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = run(CommandLine::read());
    rollbook::logging::flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if has_lost_reader(&error) => {
            let _ = emulate_default_handler(SIGPIPE);
            ExitCode::FAILURE
        }
        Err(error) => {
            rollbook::logging::report_fatal(&error);
            if error.is::<UsageError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
