//! Options of every import, from a file or from another server.

use super::args::Consent;
use crate::directory::Conflict;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

/// How users and groups are imported.
#[derive(Debug, Clone, Args)]
pub(super) struct ImportOptions {
    /// Report the changes without making them
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Action for users and groups that already exist
    #[arg(long, value_enum, default_value = "fail")]
    pub(super) on_conflict: Conflict,
    /// Create groups that have members in the input but exist neither there nor in the database
    #[arg(long)]
    pub(super) create_groups: bool,
    /// Keep tokens valid when the import changes a password
    #[arg(long)]
    pub(super) keep_tokens: bool,
    /// How to read the values of password columns
    #[arg(long, value_enum, default_value = "guess")]
    pub(super) passwords: PasswordsArg,
    /// Rename a group: members of NAME in the input become members of GROUP. NAME can be a distinguished name
    #[arg(long, value_name = "NAME=GROUP")]
    pub(super) map_group: Vec<GroupMapping>,
    /// Rows per transaction
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(super) batch: usize,
    /// Write the report of refused, missing and lost values to this file instead of standard error; - for standard
    /// output
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    #[command(flatten)]
    pub(super) consent: Consent,
}

/// How to read the values of password columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PasswordsArg {
    /// Accept hashes of known formats and plain-text passwords; leave out values that look like hashes of other formats
    Guess,
    /// Every value is a plain-text password
    Clear,
    /// Ignore passwords
    Leave,
}

/// A group of the input that has another name in this directory.
#[derive(Debug, Clone)]
pub(super) struct GroupMapping {
    /// The name or distinguished name in the input.
    pub(super) from: String,
    /// The name in this directory.
    pub(super) to: String,
}

impl FromStr for GroupMapping {
    type Err = String;

    fn from_str(text: &str) -> Result<GroupMapping, String> {
        // The last `=` separates, because a distinguished name contains `=` too.
        let (from, to) = text.rsplit_once('=').ok_or("not of the form NAME=GROUP")?;
        if from.trim().is_empty() || to.trim().is_empty() {
            return Err("not of the form NAME=GROUP".to_owned());
        }
        Ok(GroupMapping { from: from.trim().to_owned(), to: to.trim().to_owned() })
    }
}

/// The values of `--on-conflict`.
impl ValueEnum for Conflict {
    fn value_variants<'a>() -> &'a [Conflict] {
        &[Conflict::Skip, Conflict::Update, Conflict::Fail]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Conflict::Skip => PossibleValue::new("skip").help("Leave it unchanged"),
            Conflict::Update => PossibleValue::new("update").help("Change the fields that the row has"),
            Conflict::Fail => PossibleValue::new("fail").help("Refuse the row"),
        })
    }
}
