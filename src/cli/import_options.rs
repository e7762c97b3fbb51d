//! The options that all imports share.

use super::args::Consent;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

/// How to bring users and groups in.
#[derive(Debug, Clone, Args)]
pub(super) struct ImportOptions {
    /// Report what would happen and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Action for users and groups that exist already
    #[arg(long, value_enum, default_value = "fail")]
    pub(super) on_conflict: ConflictArg,
    /// Create groups that have members and exist neither in the input nor in the database
    #[arg(long)]
    pub(super) create_groups: bool,
    /// Keep the tokens of users whose passwords change valid
    #[arg(long)]
    pub(super) keep_tokens: bool,
    /// How values of password columns are read
    #[arg(long, value_enum, default_value = "guess")]
    pub(super) passwords: PasswordsArg,
    /// Members of the group NAME of the input become members of GROUP here. NAME can be a distinguished name
    #[arg(long, value_name = "NAME=GROUP")]
    pub(super) map_group: Vec<GroupMapping>,
    /// Rows in one transaction
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(super) batch: usize,
    /// Write the report on refused, missing and lost values to this file instead of standard error; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    #[command(flatten)]
    pub(super) consent: Consent,
}

/// How values of password columns are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PasswordsArg {
    /// Stored values of known kinds and passwords in clear; a value that may be a stored value of another kind is left
    /// out
    Guess,
    /// Passwords in clear, whatever they look like
    Clear,
    /// No passwords are read
    Leave,
}

/// A group of the input that means a group here.
#[derive(Debug, Clone)]
pub(super) struct GroupMapping {
    /// Its name in the input, or its distinguished name.
    pub(super) from: String,
    /// The name of the group here.
    pub(super) to: String,
}

impl FromStr for GroupMapping {
    type Err = String;

    fn from_str(text: &str) -> Result<GroupMapping, String> {
        // A distinguished name has such characters in it.
        let (from, to) = text.rsplit_once('=').ok_or("not of the form NAME=GROUP")?;
        if from.trim().is_empty() || to.trim().is_empty() {
            return Err("not of the form NAME=GROUP".to_owned());
        }
        Ok(GroupMapping { from: from.trim().to_owned(), to: to.trim().to_owned() })
    }
}

/// The action for users and groups that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ConflictArg {
    /// Leave it unchanged
    Skip,
    /// Change the fields that the row has
    Update,
    /// Refuse the row
    Fail,
}
