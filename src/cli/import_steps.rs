//! The steps that `import` and `pull` share.

use super::admin_client::AdminClient;
use super::args::{ResultFormat, Target};
use super::import_options::ImportOptions;
use super::import_report::{ImportReport, print_summary, require_complete};
use super::progress::bar;
use super::terminal::confirm;
use crate::admin::procedure::Procedure;
use crate::admin::{ImportSource, ImportTarget, run_import};
use crate::directory::Conflict;
use crate::files;
use crate::files::database_path::refuse_database_path;
use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Refuses a report file that is the database or the input, before anything is read.
///
/// # Errors
/// It is one of these, or its folder cannot be found.
pub(super) fn check_report(options: &ImportOptions, database: &Path, input: Option<&Path>) -> anyhow::Result<()> {
    let Some(report) = options.report.as_ref().filter(|report| !files::is_dash(report)) else { return Ok(()) };
    if input.is_some_and(|input| is_same_file(input, report)) {
        bail!("the report {} is the input itself: --report has to name another file", report.display());
    }
    refuse_database_path(database, report).with_context(|| format!("create the report {}", report.display()))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some() && real(one) == real(other)
}

/// Asks at a terminal before an import changes existing users and groups.
///
/// # Errors
/// The answer is not yes.
pub(super) fn confirm_changes(options: &ImportOptions, target: &Target) -> anyhow::Result<()> {
    let database = &target.database.db;
    if options.dry_run || options.on_conflict != Conflict::Update || !database.exists() {
        return Ok(());
    }
    let question = format!("change the users and groups of {} that the input names?", database.display());
    confirm(options.consent.yes, &question)
}

/// Opens the directory, or for a dry run a copy of it.
///
/// # Errors
/// Those of [`AdminClient::open_or_create`] and [`AdminClient::open_copy`].
pub(super) fn open_destination(options: &ImportOptions, target: &Target) -> anyhow::Result<AdminClient> {
    let client =
        if options.dry_run { AdminClient::open_copy(target)? } else { AdminClient::open_or_create(target, None)? };
    Ok(client.keeping_tokens(options.keep_tokens))
}

/// Imports the whole input, and prints the report and the numbers. `restart` ignores an interrupted import of the same
/// input.
///
/// # Errors
/// The input cannot be read to its end, or the directory cannot be written. After all other rows: rows were refused, or
/// users or groups are missing.
pub(super) fn import_and_report(
    client: &mut AdminClient,
    source: &ImportSource,
    options: &ImportOptions,
    restart: bool,
    format: ResultFormat,
) -> anyhow::Result<()> {
    let bar = bar(source.bytes_of_all_passes(), "{elapsed_precise} [{wide_bar}] {percent}% {msg}, {eta} to go");
    let mut report = ImportReport::new(source.name(), options.report.as_deref(), bar)?;
    let imported = run_import(client, source, &options.for_run(restart), &mut report);
    report.end()?;
    let summary = imported?;
    print_summary(&summary, source.name(), options.dry_run, format)?;
    require_complete(&summary, options.dry_run)
}

impl ImportTarget for AdminClient {
    fn call<P, A: DeserializeOwned>(&mut self, procedure: &Procedure<P, A>, parameters: P) -> anyhow::Result<A> {
        AdminClient::call(self, procedure, parameters)
    }
}
