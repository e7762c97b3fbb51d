//! The commands.

mod admin;
mod backup_restore;
mod closed_pipes;
mod error_messages;
mod first_start;
mod help;
mod json_output;
mod locked_database;
mod option_positions;
mod options;
mod output_files;
mod progress;
mod prompts;
mod settings;
mod unresponsive_server;
