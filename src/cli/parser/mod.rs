//! Reading the command line and the environment, whatever the commands are.

mod default_command;
mod help;
mod variables;

pub(super) use default_command::parse;
pub(super) use help::describe;
