//! Backup, restore and check.

use super::link::{Link, account};
use super::result::print_result;
use super::terminal::confirm;
use super::{print, start_logging};
use crate::config::{Consent, Database, ResultFormat, Target};
use crate::directory;
use crate::model::Origin;
use crate::operator::{Order, ShownProperty};
use crate::store::{self, Counts, Snapshot};
use anyhow::bail;
use serde_json::json;
use std::path::Path;

pub(super) fn back_up(database: &Database, file: &Path, force: bool, format: ResultFormat) -> anyhow::Result<()> {
    start_logging(database);
    let done = store::back_up(&database.db, file, force)?;
    let text = format!("backed up {} to {} ({} bytes)\n", done.counts, file.display(), done.bytes);
    let Counts { users, groups, memberships, credentials } = done.counts;
    let object = json!({
        "file": file.to_string_lossy(), "bytes": done.bytes, "users": users, "groups": groups, "memberships": memberships,
        "credentials": credentials,
    });
    print_result(format, &text, &object)
}

pub(super) fn restore(database: &Database, file: &Path, consent: Consent, format: ResultFormat) -> anyhow::Result<()> {
    start_logging(database);
    if database.db.exists() {
        let (file, name) = (file.display(), database.db.display());
        confirm(consent.yes, &format!("put {file} in the place of {name}, which is kept under another name?"))?;
    }
    let done = store::restore(file, &database.db, &Origin::command(&account()))?;
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

pub(super) fn check(database: &Database, format: ResultFormat) -> anyhow::Result<()> {
    start_logging(database);
    let snapshot = Snapshot::open(&database.db)?;
    let findings = directory::check(&snapshot);
    let notes = match directory::notes(&snapshot) {
        Err(_) if !findings.is_empty() => Vec::new(),
        notes => notes?,
    };
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
    let mut link = Link::open(target)?;
    let (mut count, mut all) = (0, Vec::new());
    let mut printed = Ok(());
    loop {
        let removed: Vec<ShownProperty> = link.ask(Order::RemoveAnsweredProperties)?;
        if removed.is_empty() {
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
