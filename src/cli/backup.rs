//! The command `backup`.

use super::admin_client::copy_through_server;
use super::args::{ActionArgs, ResultArgs, ResultFormat};
use super::open_store::start_logging;
use super::output::print_status;
use super::progress::Progress;
use super::result::print_result;
use super::temp_files::remove_temp_files_on_signals;
use super::usage_error::UsageError;
use crate::files;
use crate::json;
use crate::store::{self, Counts};
use anyhow::{anyhow, bail};
use clap::Args;
use serde_json::json;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// File to write, readable by its owner only; - for standard output. In a folder, or without FILE in the current
    /// folder, the name is rollbook-DATE-TIME.db (UTC)
    file: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    /// Keep the N newest backups with such names and delete the older ones
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    keep: Option<usize>,
    #[command(flatten)]
    action: ActionArgs,
}

/// Copies the database to a file.
pub(super) fn run(args: &BackupArgs) -> anyhow::Result<()> {
    let BackupArgs { file, force, keep, action: ActionArgs { printing: ResultArgs { format }, target } } = args;
    let (file, force, keep, format) = (file.as_deref(), *force, *keep, *format);
    let folder = file.map_or(Some(Path::new("")), |file| file.is_dir().then_some(file));
    if keep.is_some() && folder.is_none() {
        let why = anyhow!("--keep deletes only backups with dated names; leave out FILE, or name a folder");
        return Err(UsageError(why).into());
    }
    let database = &target.database;
    start_logging(database);
    remove_temp_files_on_signals()?;
    let file = match (folder, file) {
        (Some(folder), _) => store::dated_backup_path(folder),
        (None, file) => file.unwrap_or(Path::new("-")).to_owned(),
    };
    if files::is_dash(&file) && std::io::stdout().is_terminal() {
        bail!("refusing to write a binary backup to a terminal; name a file, or redirect standard output");
    }
    let progress = Progress::start(&format!("copying {}", database.db.display()));
    let copied = copy_through_server(target);
    let done = store::back_up(&database.db, copied.as_ref(), &file, force)?;
    drop(progress);
    let Counts { users, groups, memberships, credentials } = done.counts;
    let mut object = json!({
        "file": file.to_string_lossy(), "bytes": done.bytes, "users": users, "groups": groups, "memberships": memberships,
        "credentials": credentials,
    });
    let place = if done.to_stdout { "standard output".to_owned() } else { file.display().to_string() };
    let mut text = format!("backed up {} to {place} ({} bytes)\n", done.counts, done.bytes);
    if done.to_stdout {
        match format {
            ResultFormat::Text => print_status(text.trim_end()),
            ResultFormat::Json => print_status(&json::to_string(&object)),
        }
        return Ok(());
    }
    let removed = keep.map(|keep| store::remove_older_backups(&database.db, &file, keep)).transpose();
    if let Ok(Some(removed)) = &removed {
        let names: Vec<String> = removed.iter().map(|path| path.display().to_string()).collect();
        text.extend(names.iter().map(|name| format!("deleted the older backup {name}\n")));
        object["removed"] = json!(names);
    }
    print_result(format, &text, &object)?;
    removed.map(drop)
}
