//! The settings of the database file and of the log, which every command has.

use super::values::level;
use crate::logging::Format;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Clone, Args)]
pub struct Database {
    /// Database file
    #[arg(long, env = "ROLLBOOK_DB", value_name = "FILE", default_value = "rollbook.db")]
    pub db: PathBuf,
    /// Log level: off, error, warn, info, debug or trace
    #[arg(long, env = "ROLLBOOK_LOG", value_name = "LEVEL", default_value = "info", value_parser = level)]
    pub log: log::LevelFilter,
    /// Log format
    #[arg(long, env = "ROLLBOOK_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value = "text")]
    pub log_format: Format,
}
