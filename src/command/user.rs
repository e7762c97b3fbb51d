//! Users.

use super::key::read_password;
use super::link::Link;
use super::table::{Column, Table, show};
use super::terminal::confirm;
use super::{print, say};
use crate::config::{Names, Output, Target, UserCommand, UserFields, UserFilters};
use crate::exchange::UserRecord;
use crate::operator::{Order, Selection, ShownUser};
use crate::store::now;
use anyhow::{anyhow, bail};
use std::time::Duration;

/// Users that are asked for, or removed, at a time.
const PIECE: u64 = 1000;

const COLUMNS: [Column; 6] = [
    Column("NAME", "name"),
    Column("E-MAIL", "email"),
    Column("FIRST NAME", "first_name"),
    Column("LAST NAME", "last_name"),
    Column("ROLE", "role"),
    Column("DISABLED", "disabled"),
];

/// All columns, for scripts.
const ALL_COLUMNS: [Column; 13] = [
    Column("", "name"),
    Column("", "first_name"),
    Column("", "last_name"),
    Column("", "display_name"),
    Column("", "email"),
    Column("", "company"),
    Column("", "title"),
    Column("", "role"),
    Column("", "disabled"),
    Column("", "verified"),
    Column("", "external_id"),
    Column("", "created"),
    Column("", "updated"),
];

/// Does something with users.
pub(super) fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::List { filters, format, target } => list(&target, filters, format),
        UserCommand::Show { name, format, target } => {
            show(&Link::open(&target)?.ask::<ShownUser>(Order::User { name })?, format, &ALL_COLUMNS)
        }
        UserCommand::Add { name, fields, target } => {
            let record = record(name, *fields)?;
            let user: ShownUser = Link::open(&target)?.ask(Order::AddUser(Box::new(record)))?;
            say(&format!("made the user {}", user.record.name));
            Ok(())
        }
        UserCommand::Set { name, fields, keep_tokens, target } => {
            let record = record(name, *fields)?;
            let mut link = Link::open(&target)?.keeping_tokens(keep_tokens);
            let user: ShownUser = link.ask(Order::SetUser(Box::new(record)))?;
            say(&format!("changed the user {}", user.record.name));
            Ok(())
        }
        UserCommand::Disable(names) => set_disabled(names, true),
        UserCommand::Enable(names) => set_disabled(names, false),
        UserCommand::Delete { names, consent } => {
            let question = format!("remove {} for good, with memberships and tokens?", counted(&names, "user"));
            confirm(consent.yes, &question)?;
            each(names, "removed the user", |link, name| link.ask::<()>(Order::DeleteUser { name: name.to_owned() }))
        }
        UserCommand::Purge { older_than, dry_run, target, consent } => {
            if !dry_run {
                let days = older_than.as_secs_f64() / 86_400.0;
                let question = format!("remove for good all users who are disabled and unchanged for {days:.1} days?");
                confirm(consent.yes, &question)?;
            }
            purge(&target, older_than, dry_run)
        }
    }
}

fn record(name: String, fields: UserFields) -> anyhow::Result<UserRecord> {
    let password = fields.password.then(|| read_password(&name)).transpose()?;
    if password.as_ref().is_some_and(String::is_empty) {
        bail!("the password is empty");
    }
    Ok(UserRecord { password, ..fields.record(name) })
}

fn list(target: &Target, filters: UserFilters, format: Output) -> anyhow::Result<()> {
    let selection = Selection {
        disabled: if filters.enabled { Some(false) } else { filters.disabled.then_some(true) },
        verified: filters.verified.then_some(true),
        administrators: filters.admins,
        group: filters.group,
        text: filters.text,
        unchanged_since: None,
    };
    let mut table = Table::new(format, if format == Output::Csv { &ALL_COLUMNS } else { &COLUMNS });
    selected(&mut Link::open(target)?, &selection, |users| table.rows(users))?;
    table.end()
}

/// Shows those users, some at a time.
fn selected(
    link: &mut Link,
    selection: &Selection,
    mut show: impl FnMut(&[ShownUser]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let order = Order::Users { selection: selection.clone(), after, limit: PIECE };
        let users: Vec<ShownUser> = link.ask(order)?;
        let Some(last) = users.last() else { return Ok(()) };
        after = last.record.name.clone();
        show(&users)?;
    }
}

fn set_disabled(names: Names, disabled: bool) -> anyhow::Result<()> {
    let done = if disabled { "disabled the user" } else { "enabled the user" };
    each(names, done, |link, name| {
        let record = UserRecord { name: name.to_owned(), disabled: Some(disabled), ..UserRecord::default() };
        link.ask::<ShownUser>(Order::SetUser(Box::new(record))).map(drop)
    })
}

/// What a question calls them: `the user ada`, `3 users`.
pub(super) fn counted(names: &Names, noun: &str) -> String {
    match &names.names[..] {
        [name] => format!("the {noun} {name}"),
        names => format!("{} {noun}s ({})", names.len(), names.join(", ")),
    }
}

/// Does the same to each of them. Those that it fails for are told, and the others are done all the same.
pub(super) fn each(
    names: Names,
    done: &str,
    mut work: impl FnMut(&mut Link, &str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut link = Link::open(&names.target)?;
    let mut failed = Vec::new();
    for name in &names.names {
        match work(&mut link, name) {
            Ok(()) => say(&format!("{done} {name}")),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(anyhow!("{}", failed.join("\nrollbook: "))) }
}

fn purge(target: &Target, age: Duration, dry_run: bool) -> anyhow::Result<()> {
    let mut link = Link::open(target)?;
    let unchanged_since = now().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let mut count = 0;
    if dry_run {
        let selection =
            Selection { disabled: Some(true), unchanged_since: Some(unchanged_since), ..Selection::default() };
        selected(&mut link, &selection, |users| {
            count += users.len();
            users.iter().try_for_each(|user| print(&format!("{}\n", user.record.name)))
        })?;
        say(&format!("{count} users would be removed"));
        return Ok(());
    }
    let mut printed = Ok(());
    loop {
        let removed: Vec<String> = link.ask(Order::PurgeUsers { unchanged_since, limit: PIECE })?;
        if removed.is_empty() {
            say(&format!("removed {count} users"));
            return printed;
        }
        count += removed.len();
        // What was ordered is done also where it cannot be printed.
        printed = printed.and_then(|()| removed.iter().try_for_each(|name| print(&format!("{name}\n"))));
    }
}
