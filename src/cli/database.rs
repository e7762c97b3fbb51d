//! Backup, restore and check.

use super::admin_client::{AdminClient, account, copy_through_server};
use super::progress::Progress;
use super::result::print_result;
use super::temp_files::remove_temp_files_on_signals;
use super::terminal::confirm;
use super::{Usage, print, say, start_logging};
use crate::admin::{AdminRequest, ShownProperty};
use crate::directory;
use crate::files;
use crate::json;
use crate::model::Actor;
use crate::settings::{Consent, Database, ResultFormat, Target};
use crate::store::{self, Counts, Snapshot, TempDatabase};
use anyhow::{Context as _, anyhow, bail};
use serde_json::json;
use std::fs::File;
use std::io::IsTerminal as _;
use std::path::Path;

pub(super) fn back_up(
    target: &Target,
    file: Option<&Path>,
    force: bool,
    keep: Option<usize>,
    format: ResultFormat,
) -> anyhow::Result<()> {
    let folder = file.map_or(Some(Path::new("")), |file| file.is_dir().then_some(file));
    if keep.is_some() && folder.is_none() {
        let why = anyhow!("--keep: only backups with dated names are removed: leave FILE out, or give a folder");
        return Err(Usage(why).into());
    }
    let database = &target.database;
    start_logging(database);
    remove_temp_files_on_signals()?;
    let file = match (folder, file) {
        (Some(folder), _) => store::dated_backup_path(folder),
        (None, file) => file.unwrap_or(Path::new("-")).to_owned(),
    };
    if files::is_dash(&file) && std::io::stdout().is_terminal() {
        bail!("a backup is no text for a terminal: give a file, or redirect standard output");
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
            ResultFormat::Text => say(text.trim_end()),
            ResultFormat::Json => say(&json::to_string(&object)),
        }
        return Ok(());
    }
    let removed = keep.map(|keep| store::remove_older_backups(&database.db, &file, keep)).transpose();
    if let Ok(Some(removed)) = &removed {
        let names: Vec<String> = removed.iter().map(|path| path.display().to_string()).collect();
        text.extend(names.iter().map(|name| format!("removed the older backup {name}\n")));
        object["removed"] = json!(names);
    }
    print_result(format, &text, &object)?;
    removed.map(drop)
}

pub(super) fn restore(database: &Database, file: &Path, consent: Consent, format: ResultFormat) -> anyhow::Result<()> {
    start_logging(database);
    if database.db.exists() {
        let (file, name) = (file.display(), database.db.display());
        confirm(consent.yes, &format!("put {file} in the place of {name}, which is kept under another name?"))?;
    }
    remove_temp_files_on_signals()?;
    let progress = Progress::start(&format!("restoring {}", database.db.display()));
    // A pipe is read to its end first.
    let kept = if files::is_dash(file) {
        Some(store::save_backup(&database.db, &mut std::io::stdin().lock()))
    } else if files::is_descriptor(file) {
        Some(File::open(file).map_err(Into::into).and_then(|mut pipe| store::save_backup(&database.db, &mut pipe)))
    } else {
        None
    };
    let kept = kept.transpose().with_context(|| format!("read {}", file.display()))?;
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
    print_result(format, &text, &object)
}

pub(super) fn check(target: &Target, format: ResultFormat) -> anyhow::Result<()> {
    let database = &target.database;
    start_logging(database);
    remove_temp_files_on_signals()?;
    let progress = Progress::start(&format!("checking {}", database.db.display()));
    let copied = copy_through_server(target);
    let snapshot = Snapshot::open(copied.as_ref().map_or(&database.db, TempDatabase::path))?;
    let findings = directory::check(&snapshot);
    let notes = match directory::notes(&snapshot) {
        Err(_) if !findings.is_empty() => Vec::new(),
        notes => notes?,
    };
    drop(progress);
    let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let mut object = json!({ "ok": findings.is_empty(), "findings": findings, "notes": notes });
    if findings.is_empty() {
        let counts = snapshot.rows().counts()?;
        for (name, count) in [
            ("users", counts.users),
            ("groups", counts.groups),
            ("memberships", counts.memberships),
            ("credentials", counts.credentials),
        ] {
            object[name] = json!(count);
        }
        return print_result(format, &format!("{}ok: {counts}\n", lines(&notes)), &object);
    }
    print_result(format, &format!("{}{}", lines(&notes), lines(&findings)), &object)?;
    bail!(
        "findings in {}: {} (--repair removes properties with the names of fields; rollbook restore puts a backup in \
         its place)",
        database.db.display(),
        findings.len()
    )
}

/// Removes what earlier versions have stored and this one does not serve, and prints it.
pub(super) fn repair(target: &Target, consent: Consent, format: ResultFormat) -> anyhow::Result<()> {
    let name = target.database.db.display();
    confirm(consent.yes, &format!("remove the extra properties of {name} that have the names of fields?"))?;
    let mut client = AdminClient::open(target)?;
    // As text, the properties show how far it is.
    let progress = (format == ResultFormat::Json).then(|| Progress::start(&format!("repairing {name}")));
    let (mut count, mut all) = (0, Vec::new());
    let mut printed = Ok(());
    loop {
        let removed: Vec<ShownProperty> = client.send(AdminRequest::RemoveAnsweredProperties)?;
        if removed.is_empty() {
            drop(progress);
            let text = format!("removed {count} properties\n");
            return printed.and_then(|()| print_result(format, &text, &json!({ "removed": all })));
        }
        count += removed.len();
        match format {
            ResultFormat::Json => all.extend(removed),
            // What was ordered is done also where it cannot be printed.
            ResultFormat::Text => {
                let line = |ShownProperty { kind, owner, name, value }: &ShownProperty| {
                    print(&format!("{kind} {owner:?}: removed {name:?}: {}\n", value.as_str()))
                };
                printed = printed.and_then(|()| removed.iter().try_for_each(line));
            }
        }
    }
}
