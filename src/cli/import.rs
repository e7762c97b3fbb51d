//! Users and groups from a file.

use super::bring::{Source, bring_in, check_report, confirm_changes, destination};
use super::progress::Progress;
use super::temp_files::remove_temp_files_on_signals;
use super::{Usage, start_logging};
use crate::formats::{Format, ReadOptions};
use crate::settings::ImportSettings;
use anyhow::anyhow;
use std::path::Path;

/// Brings in what is in the file.
pub(super) fn run(settings: &ImportSettings) -> anyhow::Result<()> {
    let ImportSettings { file: path, options, target, .. } = settings;
    start_logging(&target.database);
    remove_temp_files_on_signals()?;
    let Some(format) = settings.format.or_else(|| Format::of_path(path)) else {
        return Err(Usage(anyhow!(
            "--format: the name {} does not tell what is in it: csv, jsonl or ldif",
            path.display()
        ))
        .into());
    };
    let database = &target.database.db;
    check_report(options, database, (path != Path::new("-")).then_some(path.as_path()))?;
    confirm_changes(options, target)?;
    let read = ReadOptions { login: settings.login.clone(), delimiter: settings.delimiter };
    let progress = Progress::start(&format!("reading {}", path.display()));
    let source = Source::of_file(path, format, read, database.parent().unwrap_or(Path::new(".")))?;
    source.check()?;
    drop(progress);
    let mut client = destination(options, target)?;
    bring_in(&mut client, &source, options, settings.restart, settings.printing.result)
}
