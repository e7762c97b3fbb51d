//! The commands.

mod admin_socket;
mod backup_restore;
mod change_log;
mod closed_pipes;
mod error_messages;
mod first_secrets;
mod first_start;
mod groups;
mod help;
mod json_output;
mod keys;
mod locked_database;
mod option_positions;
mod options;
mod output_files;
mod prefixes;
mod progress;
mod prompts;
mod rename_user;
mod running_server;
mod settings;
mod settings_page;
mod start;
mod unresponsive_server;
mod users;
mod variables;
