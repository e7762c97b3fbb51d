//! The settings of the server, shown.

use super::table::{Column, Table};
use super::{Usage, say};
use crate::settings::{Output, Serve, Setting, refused_secrets};

const COLUMNS: [Column; 4] =
    [Column("SETTING", "setting"), Column("VALUE", "value"), Column("FROM", "from"), Column("VARIABLE", "variable")];

/// Prints each setting, and then what the server would not start with.
pub(super) fn show(serve: &Serve, settings: &[Setting], output: Output) -> anyhow::Result<()> {
    let mut table = Table::new(output, &COLUMNS);
    table.rows(settings)?;
    table.end()?;
    for reason in refused_secrets() {
        say(&format!("rollbook: warning: a first start refuses this: {reason}"));
    }
    let settings = serve.settings().map_err(Usage)?;
    settings.check().map_err(Usage)?;
    Ok(())
}
