//! Backup, restore and check.

use super::link::{Link, account};
use super::terminal::confirm;
use super::{print, start_logging};
use crate::config::{Consent, Database, Target};
use crate::directory;
use crate::model::Origin;
use crate::operator::{Order, ShownProperty};
use crate::store::{self, Snapshot};
use anyhow::bail;
use std::path::Path;

pub(super) fn back_up(database: &Database, file: &Path, force: bool) -> anyhow::Result<()> {
    start_logging(database);
    let done = store::back_up(&database.db, file, force)?;
    print(&format!("backed up {} to {} ({} bytes)\n", done.counts, file.display(), done.bytes))
}

pub(super) fn restore(database: &Database, file: &Path, consent: Consent) -> anyhow::Result<()> {
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
    print(&format!("restored {} from {}; {kept}\n", done.counts, file.display()))
}

pub(super) fn check(database: &Database) -> anyhow::Result<()> {
    start_logging(database);
    let snapshot = Snapshot::open(&database.db)?;
    let findings = directory::check(&snapshot);
    let notes = match directory::notes(&snapshot) {
        Err(_) if !findings.is_empty() => Vec::new(),
        notes => notes?,
    };
    let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    if findings.is_empty() {
        return print(&format!("{}ok: {}\n", lines(&notes), snapshot.rows().counts()?));
    }
    print(&format!("{}{}", lines(&notes), lines(&findings)))?;
    bail!("findings in {}: {}", database.db.display(), findings.len())
}

/// Removes what earlier versions have stored and this one does not serve, and prints it.
pub(super) fn repair(target: &Target, consent: Consent) -> anyhow::Result<()> {
    let name = target.database.db.display();
    confirm(consent.yes, &format!("remove the extra properties of {name} that have the names of fields?"))?;
    let mut link = Link::open(target)?;
    let mut count = 0;
    let mut printed = Ok(());
    loop {
        let removed: Vec<ShownProperty> = link.ask(Order::RemoveAnsweredProperties)?;
        if removed.is_empty() {
            return printed.and_then(|()| print(&format!("removed {count} properties\n")));
        }
        count += removed.len();
        let line = |ShownProperty { kind, owner, name, value }: &ShownProperty| {
            print(&format!("{kind} {owner:?}: removed {name:?}: {}\n", value.as_str()))
        };
        // What was ordered is done also where it cannot be printed.
        printed = printed.and_then(|()| removed.iter().try_for_each(line));
    }
}
