//! Arguments that several commands share.

use crate::formats::Role;
use crate::json::{Json, JsonText};
use crate::logging::Format;
use crate::settings::{Database, level, seconds};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Options that are accepted before and after the command. Each command declares the ones that it uses again, under the
/// same identifier, with its own help and default. The parser copies a value from before the command unless the command
/// has one of its own.
#[derive(Debug, Args)]
pub(super) struct GlobalArgs {
    /// Database file [default: rollbook.db]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) db: Option<PathBuf>,
    /// Log level: off, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_parser = level)]
    pub(super) log: Option<log::LevelFilter>,
    /// Log format
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    pub(super) log_format: Option<Format>,
    /// Print whether the command opens the database file or works through the running server
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

/// The database of a command, and how to reach it.
#[derive(Debug, Clone, Args)]
pub(super) struct Target {
    #[command(flatten)]
    pub(super) database: Database,
    /// Print whether the command opens the database file or works through the running server
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Seconds to wait for a response of the running server
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(super) timeout: Duration,
}

/// Consent to a destructive command, which asks for it at a terminal.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Consent {
    /// Do not ask for confirmation. Without a terminal the command never asks
    #[arg(short, long)]
    pub(super) yes: bool,
}

/// The format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// Aligned columns for people
    Table,
    /// JSON array with one object per line
    Json,
    /// CSV with a header line
    Csv,
}

/// The format of a command's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ResultFormat {
    /// A sentence for people
    Text,
    /// One JSON object on standard output
    Json,
}

/// The format of the result, as `--format`.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ResultArgs {
    /// Format of the result
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ResultFormat,
}

/// The format of the result, as `--result`, for commands whose `--format` is the format of a file.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct FileResultArgs {
    /// Format of the result (--format is the format of the file)
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(super) result: ResultFormat,
}

/// The options of a command that acts on the directory and prints a result.
#[derive(Debug, Clone, Args)]
pub(super) struct ActionArgs {
    #[command(flatten)]
    pub(super) printing: ResultArgs,
    #[command(flatten)]
    pub(super) target: Target,
}

/// The options of a command that lists users or groups.
#[derive(Debug, Clone, Args)]
pub(super) struct ListArgs {
    /// Format of the output
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: ListFormat,
    #[command(flatten)]
    pub(super) target: Target,
}

/// A role of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleArg {
    /// Read and write
    Admin,
    /// Read
    Standard,
    /// Read
    Read,
}

impl From<RoleArg> for Role {
    fn from(word: RoleArg) -> Role {
        match word {
            RoleArg::Admin => Role::Admin,
            RoleArg::Standard => Role::Standard,
            RoleArg::Read => Role::Read,
        }
    }
}

/// Names of users or groups.
#[derive(Debug, Clone, Args)]
pub(super) struct Names {
    /// Names
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) action: ActionArgs,
}

impl Names {
    /// The names as a phrase for a question: `the user ada`, `3 users (ada, bob, eve)`.
    pub(super) fn counted(&self, noun: &str) -> String {
        match &self.names[..] {
            [name] => format!("the {noun} {name}"),
            names => format!("{} {noun}s ({})", names.len(), names.join(", ")),
        }
    }
}

pub(super) fn property(text: &str) -> Result<(String, JsonText), String> {
    let (name, json) = text.split_once('=').ok_or("not of the form NAME=JSON")?;
    let value = Json::parse(json.as_bytes()).map_err(|error| format!("the value is not JSON ({error})"))?;
    Ok((name.to_owned(), JsonText::from(&value)))
}
