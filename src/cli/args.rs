//! Arguments that several commands share.

use crate::formats::Role;
use crate::json::{Json, JsonText};
use crate::logging::Format;
use crate::settings::{Database, level, seconds};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Options that may stand before the command as well as after it. Each command declares those that it has under the same
/// identifier, with its own help and default; the parser carries the value there, unless the command has one of its own.
#[derive(Debug, Args)]
pub(super) struct GlobalArgs {
    /// Database file [default: rollbook.db]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) db: Option<PathBuf>,
    /// How much to log: off, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_parser = level)]
    pub(super) log: Option<log::LevelFilter>,
    /// Format of the log
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    pub(super) log_format: Option<Format>,
    /// Say whether the command works on the file or through the server that holds it
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

/// Which database, and how to get there.
#[derive(Debug, Clone, Args)]
pub(super) struct Target {
    #[command(flatten)]
    pub(super) database: Database,
    /// Say whether the command works on the file or through the server that holds it
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Seconds to wait for an answer of the server that holds the database
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(super) timeout: Duration,
}

/// The answer to the question that a command asks, at a terminal, before something is lost.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Consent {
    /// Do not ask; without a terminal no question is asked
    #[arg(short, long)]
    pub(super) yes: bool,
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// Aligned columns, for people
    Table,
    /// JSON array with one object per line
    Json,
    /// CSV with a header line
    Csv,
}

/// How the result of a command is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ResultFormat {
    /// A sentence, for people
    Text,
    /// One JSON object on standard output
    Json,
}

/// How a command prints its result.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ResultArgs {
    /// Format of the result
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ResultFormat,
}

/// The same where `--format` is that of a file.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct FileResultArgs {
    /// Format of the result; --format is that of the file
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(super) result: ResultFormat,
}

/// The roles of application keys, and of users, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleArg {
    /// Read and write
    Admin,
    /// Read and, with an application key, create users who are not administrators
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

/// Some users, or groups.
#[derive(Debug, Clone, Args)]
pub(super) struct Names {
    /// Names
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) printing: ResultArgs,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Names {
    /// What a question calls them: `the user ada`, `3 users`.
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
