//! Parses the command line and environment variables. Knows no command.

mod default_command;
mod help;
mod variables;

pub(super) use default_command::parse;
pub(super) use help::describe;
