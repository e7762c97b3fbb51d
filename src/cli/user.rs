//! Users.

use super::admin_client::AdminClient;
use super::key::read_password;
use super::print;
use super::progress::Progress;
use super::result::{Done, each, tell};
use super::table::{Column, Table, show};
use super::terminal::confirm;
use crate::admin::{AdminRequest, Selection, ShownUser};
use crate::formats::UserRecord;
use crate::model::now;
use crate::settings::{Names, Output, ResultFormat, Target, UserCommand, UserFields, UserFilters};
use anyhow::bail;
use serde_json::json;
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
            show(&AdminClient::open(&target)?.send::<ShownUser>(AdminRequest::User { name })?, format, &ALL_COLUMNS)
        }
        UserCommand::Add { name, fields, printing, target } => {
            let record = record(name, *fields)?;
            let user: ShownUser = AdminClient::open(&target)?.send(AdminRequest::AddUser(Box::new(record)))?;
            tell(printing.format, &format!("made the user {}", user.record.name), &user)
        }
        UserCommand::Set { name, fields, keep_tokens, printing, target } => {
            let record = record(name, *fields)?;
            let mut client = AdminClient::open(&target)?.keeping_tokens(keep_tokens);
            let user: ShownUser = client.send(AdminRequest::SetUser(Box::new(record)))?;
            tell(printing.format, &format!("changed the user {}", user.record.name), &user)
        }
        UserCommand::Disable(names) => set_disabled(names, true),
        UserCommand::Enable(names) => set_disabled(names, false),
        UserCommand::Delete { names, consent } => {
            let question = format!("remove {} for good, with memberships and tokens?", counted(&names, "user"));
            confirm(consent.yes, &question)?;
            let Names { names, printing, target } = names;
            let done = Done { sentence: "removed the user", key: "removed", group: None };
            each(&mut AdminClient::open(&target)?, &names, printing.format, &done, |client, name| {
                client.send::<()>(AdminRequest::DeleteUser { name: name.to_owned() })
            })
        }
        UserCommand::Purge { older_than, dry_run, printing, target, consent } => {
            if !dry_run {
                let days = older_than.as_secs_f64() / 86_400.0;
                let question = format!("remove for good all users who are disabled and unchanged for {days:.1} days?");
                confirm(consent.yes, &question)?;
            }
            purge(&target, older_than, dry_run, printing.format)
        }
    }
}

fn record(name: String, fields: UserFields) -> anyhow::Result<UserRecord> {
    let password = fields.password.then(|| read_password(&name)).transpose()?;
    if password.as_ref().is_some_and(String::is_empty) {
        bail!("the password is empty: without --password the user has none");
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
    selected(&mut AdminClient::open(target)?, &selection, |users| table.rows(users))?;
    table.end()
}

/// Shows those users, some at a time.
fn selected(
    client: &mut AdminClient,
    selection: &Selection,
    mut show: impl FnMut(&[ShownUser]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let order = AdminRequest::Users { selection: selection.clone(), after, limit: PIECE };
        let users: Vec<ShownUser> = client.send(order)?;
        let Some(last) = users.last() else { return Ok(()) };
        after = last.record.name.clone();
        show(&users)?;
    }
}

fn set_disabled(names: Names, disabled: bool) -> anyhow::Result<()> {
    let Names { names, printing, target } = names;
    let (sentence, key) = if disabled { ("disabled the user", "disabled") } else { ("enabled the user", "enabled") };
    let done = Done { sentence, key, group: None };
    each(&mut AdminClient::open(&target)?, &names, printing.format, &done, |client, name| {
        let record = UserRecord { name: name.to_owned(), disabled: Some(disabled), ..UserRecord::default() };
        client.send::<ShownUser>(AdminRequest::SetUser(Box::new(record))).map(drop)
    })
}

/// What a question calls them: `the user ada`, `3 users`.
pub(super) fn counted(names: &Names, noun: &str) -> String {
    match &names.names[..] {
        [name] => format!("the {noun} {name}"),
        names => format!("{} {noun}s ({})", names.len(), names.join(", ")),
    }
}

fn purge(target: &Target, age: Duration, dry_run: bool, format: ResultFormat) -> anyhow::Result<()> {
    let mut client = AdminClient::open(target)?;
    let unchanged_since = now().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let (mut count, mut names) = (0, Vec::new());
    let mut printed = Ok(());
    // What was ordered is done also where it cannot be printed.
    let mut show = |some: Vec<String>| {
        count += some.len();
        match format {
            ResultFormat::Json => names.extend(some),
            ResultFormat::Text if printed.is_ok() => {
                printed = some.iter().try_for_each(|name| print(&format!("{name}\n")));
            }
            ResultFormat::Text => {}
        }
    };
    if dry_run {
        let selection =
            Selection { disabled: Some(true), unchanged_since: Some(unchanged_since), ..Selection::default() };
        selected(&mut client, &selection, |users| {
            show(users.iter().map(|user| user.record.name.clone()).collect());
            Ok(())
        })?;
        printed?;
        return tell(format, &format!("{count} users would be removed"), &json!({ "would_remove": names }));
    }
    // As text, the names show how far it is.
    let progress = (format == ResultFormat::Json).then(|| Progress::start("deleting users"));
    loop {
        let removed: Vec<String> = client.send(AdminRequest::PurgeUsers { unchanged_since, limit: PIECE })?;
        if removed.is_empty() {
            drop(progress);
            tell(format, &format!("removed {count} users"), &json!({ "removed": names }))?;
            return printed;
        }
        show(removed);
    }
}
