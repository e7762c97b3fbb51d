//! Keys and passwords.

use super::admin_client::AdminClient;
use super::result::{print_object, tell};
use super::table::{Column, Table};
use super::terminal::{PasswordPrompt, confirm};
use super::{Usage, print, say, start_logging};
use crate::admin::{AdminRequest, ShownKey};
use crate::files::database_path::require_database;
use crate::formats::Role;
use crate::settings::{KeyArg, KeyCommand, PasswordRules, ResultFormat, Target};
use anyhow::{Context as _, anyhow, bail};
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _};

/// Does something with keys.
pub(super) fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Create { kind, name, role, printing, target } => {
            create(&target, kind, name, role.map(Role::from), printing.format)
        }
        KeyCommand::List { format, target } => {
            let keys: Vec<ShownKey> = AdminClient::open(&target)?.send(AdminRequest::Keys)?;
            let mut table = Table::new(format, &COLUMNS);
            table.rows(&keys)?;
            table.end()
        }
        KeyCommand::Revoke { id, printing, target, consent } => {
            confirm(consent.yes, &format!("revoke key {id}, which cannot be undone?"))?;
            AdminClient::open(&target)?.send::<()>(AdminRequest::RevokeKey { id })?;
            tell(printing.format, &format!("revoked key {id}"), &json!({ "revoked": id }))
        }
    }
}

const COLUMNS: [Column; 7] = [
    Column("ID", "id"),
    Column("KIND", "kind"),
    Column("ROLE", "role"),
    Column("NAME", "name"),
    Column("CREATED", "created"),
    Column("LAST USED", "last_used"),
    Column("REVOKED", "revoked"),
];

fn create(target: &Target, kind: KeyArg, name: String, role: Option<Role>, format: ResultFormat) -> anyhow::Result<()> {
    let role = match (kind, role) {
        (KeyArg::Api, None) => None,
        (KeyArg::Api, Some(_)) => {
            return Err(Usage(anyhow!("--role: an API key has none: leave it out, or make an app key")).into());
        }
        (KeyArg::App, role) => Some(role.unwrap_or(Role::Admin)),
    };
    let mut client = AdminClient::open_or_create(target, None)?;
    let (id, secret): (i64, String) = client.send(AdminRequest::CreateKey { role, name: name.clone() })?;
    let printed = match format {
        ResultFormat::Text => {
            say(&format!("made key {id}; it is shown only now:"));
            print(&format!("{secret}\n"))
        }
        ResultFormat::Json => {
            let kind = if role.is_some() { "app" } else { "api" };
            print_object(&json!({ "id": id, "kind": kind, "role": role, "name": name, "key": secret }))
        }
    };
    let Err(error) = printed else { return Ok(()) };
    // A key that was not read is of no use. This is a failure also where the reader of a pipe has gone.
    client.send::<()>(AdminRequest::RevokeKey { id })?;
    bail!("{error:#}: key {id} is revoked again; make another one where its output is read")
}

/// Gives a user another password.
pub(super) fn set_password(
    target: &Target,
    rules: &PasswordRules,
    user: &str,
    keep_tokens: bool,
    format: ResultFormat,
) -> anyhow::Result<()> {
    start_logging(&target.database);
    require_database(&target.database.db)?;
    let password = read_password(user)?;
    let mut client = AdminClient::open_or_create(target, rules.password_pattern.clone())?.keeping_tokens(keep_tokens);
    client.send::<()>(AdminRequest::SetPassword { user: user.to_owned(), password })?;
    tell(format, &format!("changed the password of {user}"), &json!({ "changed": user }))
}

/// A password typed twice at a terminal, or the first line of standard input.
pub(super) fn read_password(user: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let prompt = PasswordPrompt::open()?;
        let password = prompt.ask(&format!("New password of {user}: "))?;
        if prompt.ask("Once more: ")? != password {
            bail!("the two passwords are not the same: type the same one twice");
        }
        return Ok(password);
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
