//! The command `restore`.

use super::admin_client::account;
use super::args::{Consent, ResultArgs};
use super::open_store::start_logging;
use super::progress::Progress;
use super::result::print_result;
use super::temp_files::remove_temp_files_on_signals;
use super::terminal::confirm;
use crate::files;
use crate::model::Actor;
use crate::settings::Database;
use crate::store::{self, Counts, TempDatabase};
use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::path::PathBuf;

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Backup file; - for standard input
    file: PathBuf,
    #[command(flatten)]
    printing: ResultArgs,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    consent: Consent,
}

/// Replaces the database with a backup.
pub(super) fn run(args: &RestoreArgs) -> anyhow::Result<()> {
    let RestoreArgs { file, printing: ResultArgs { format }, database, consent } = args;
    start_logging(database);
    if database.db.exists() {
        let (file, name) = (file.display(), database.db.display());
        confirm(consent.yes, &format!("replace {name} with {file}? (the old database is kept under another name)"))?;
    }
    remove_temp_files_on_signals()?;
    let progress = Progress::start(&format!("restoring {}", database.db.display()));
    // A pipe is copied to a file first.
    let kept = if files::is_dash(file) {
        Some(store::save_backup(&database.db, &mut std::io::stdin().lock()))
    } else if files::is_descriptor(file) {
        Some(File::open(file).map_err(Into::into).and_then(|mut pipe| store::save_backup(&database.db, &mut pipe)))
    } else {
        None
    };
    let kept = kept.transpose().with_context(|| format!("read {}", file.display()))?;
    let file = file.as_path();
    let (path, name) = match &kept {
        Some(kept) if files::is_dash(file) => (kept.path(), "standard input".to_owned()),
        kept => (kept.as_ref().map_or(file, TempDatabase::path), file.display().to_string()),
    };
    let done = store::restore(path, &name, &database.db, &Actor::command(&account()))?;
    drop(progress);
    let kept = match &done.kept {
        Some(kept) => format!("the old database is kept as {}", kept.display()),
        None => "there was no database before".to_owned(),
    };
    let text = format!("restored {} from {}; {kept}\n", done.counts, file.display());
    let Counts { users, groups, memberships, credentials } = done.counts;
    let object = json!({
        "file": file.to_string_lossy(), "users": users, "groups": groups, "memberships": memberships,
        "credentials": credentials, "kept": done.kept.as_ref().map(|kept| kept.to_string_lossy()),
    });
    print_result(*format, &text, &object)
}
