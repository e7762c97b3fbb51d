//! The command `settings`.

use super::app_settings::app_settings;
use super::args::ListFormat;
use super::output::print_status;
use super::table::{Column, Table};
use super::usage_error::UsageError;
use crate::settings::{ServerArgs, Setting, refused_secrets};
use clap::Args;

const COLUMNS: [Column; 4] =
    [Column("SETTING", "setting"), Column("VALUE", "value"), Column("FROM", "from"), Column("VARIABLE", "variable")];

/// Arguments of `settings`.
#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    #[command(flatten)]
    pub(super) serve: Box<ServerArgs>,
    /// Format of the list
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: ListFormat,
}

/// Prints all settings, then the errors with which the server would not start.
pub(super) fn run(args: &SettingsArgs, settings: &[Setting]) -> anyhow::Result<()> {
    let mut table = Table::new(args.format, &COLUMNS);
    table.rows(settings)?;
    table.end()?;
    for reason in refused_secrets() {
        print_status(&format!("rollbook: warning: the first start would reject this: {reason}"));
    }
    app_settings(&args.serve).and_then(|settings| settings.check()).map_err(UsageError)?;
    Ok(())
}
