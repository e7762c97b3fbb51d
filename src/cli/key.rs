//! API keys and application keys.

use super::admin_client::AdminClient;
use super::args::{Consent, ListFormat, ResultArgs, ResultFormat, RoleArg, Target};
use super::output::{print, print_status};
use super::result::{print_object, tell};
use super::table::{Column, Table};
use super::terminal::confirm;
use super::usage_error::UsageError;
use crate::admin::{AdminRequest, ShownKey};
use crate::formats::Role;
use anyhow::{anyhow, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

/// Commands for keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Create a key and print it once; only its digest is stored
    Create {
        /// Kind of key
        kind: KeyArg,
        /// Name of the key, shown in lists and in the record of changes
        #[arg(long, default_value = "unnamed")]
        name: String,
        /// Rights of an application key [default: admin]
        #[arg(long, value_enum)]
        role: Option<RoleArg>,
        #[command(flatten)]
        printing: ResultArgs,
        #[command(flatten)]
        target: Target,
    },
    /// List all keys, including revoked ones
    List {
        /// Format of the list
        #[arg(long, value_enum, default_value = "table")]
        format: ListFormat,
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a key
    Revoke {
        /// Number of the key in the list
        id: i64,
        #[command(flatten)]
        printing: ResultArgs,
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        consent: Consent,
    },
}

/// The kinds of keys on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KeyArg {
    /// Identifies the organisation
    Api,
    /// Identifies a script and its rights
    App,
}

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
            return Err(UsageError(anyhow!("--role: an API key has none: leave it out, or make an app key")).into());
        }
        (KeyArg::App, role) => Some(role.unwrap_or(Role::Admin)),
    };
    let mut client = AdminClient::open_or_create(target, None)?;
    let (id, secret): (i64, String) = client.send(AdminRequest::CreateKey { role, name: name.clone() })?;
    let printed = match format {
        ResultFormat::Text => {
            print_status(&format!("made key {id}; it is shown only now:"));
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
