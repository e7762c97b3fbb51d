//! Options of every import, from a file or from another server.

use super::args::Consent;
use crate::admin::{GroupMapping, ImportRunOptions, PasswordRule};
use crate::directory::Conflict;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
    pub(super) passwords: PasswordRule,
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

impl ImportOptions {
    /// The options of one import. `restart` ignores an interrupted import of the same input.
    pub(super) fn for_run(&self, restart: bool) -> ImportRunOptions {
        ImportRunOptions {
            conflict: self.on_conflict,
            create_groups: self.create_groups,
            keep_tokens: self.keep_tokens,
            passwords: self.passwords,
            map_groups: self.map_group.clone(),
            batch_rows: self.batch,
            restart,
        }
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

/// The values of `--passwords`.
impl ValueEnum for PasswordRule {
    fn value_variants<'a>() -> &'a [PasswordRule] {
        &[PasswordRule::Guess, PasswordRule::Clear, PasswordRule::Leave]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            PasswordRule::Guess => PossibleValue::new("guess").help(
                "Accept hashes of known formats and plain-text passwords; leave out values that look like hashes of \
                 other formats",
            ),
            PasswordRule::Clear => PossibleValue::new("clear").help("Every value is a plain-text password"),
            PasswordRule::Leave => PossibleValue::new("leave").help("Ignore passwords"),
        })
    }
}
