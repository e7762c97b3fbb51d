//! The commands `key …` for API keys and application keys.

use super::admin_client::AdminClient;
use super::args::{ActionArgs, Consent, ListFormat, ResultFormat, Target};
use super::output::{print, print_status};
use super::result::{print_object, tell};
use super::table::{Column, Table};
use super::terminal::confirm;
use super::usage_error::UsageError;
use crate::admin::NewKey;
use crate::admin::procedure::{CREATE_KEY, LIST_KEYS, REVOKE_KEY};
use crate::model::KeyRole;
use anyhow::{anyhow, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

/// The commands for keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Create a key and print it. It is printed only once: the database stores its digest
    Create {
        /// Kind of key
        kind: KeyArg,
        /// Name of the key in lists and in the audit log
        #[arg(long, default_value = "unnamed")]
        name: String,
        /// Role of an application key [default: admin]
        #[arg(long, value_enum)]
        role: Option<KeyRoleArg>,
        /// Address of the server for its clients, printed with a key of the role provision
        #[arg(long, env = "ROLLBOOK_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
        public_url: String,
        #[command(flatten)]
        action: ActionArgs,
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
        action: ActionArgs,
        #[command(flatten)]
        consent: Consent,
    },
}

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KeyArg {
    /// Identifies the organisation
    Api,
    /// Identifies a script and its rights
    App,
}

/// The role of an application key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KeyRoleArg {
    /// Read and write
    Admin,
    /// Read, and create users without administrator rights
    Standard,
    /// Read
    Read,
    /// Keep users and groups like those of an identity provider, through SCIM only
    Provision,
}

impl From<KeyRoleArg> for KeyRole {
    fn from(word: KeyRoleArg) -> KeyRole {
        match word {
            KeyRoleArg::Admin => KeyRole::Admin,
            KeyRoleArg::Standard => KeyRole::Standard,
            KeyRoleArg::Read => KeyRole::Read,
            KeyRoleArg::Provision => KeyRole::Provision,
        }
    }
}

/// Runs a command for keys.
pub(super) fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Create { kind, name, role, public_url, action: ActionArgs { printing, target } } => {
            let scim = (role == Some(KeyRoleArg::Provision)).then(|| scim_address(&public_url));
            create(&target, kind, name, role.map(KeyRole::from), scim, printing.format)
        }
        KeyCommand::List { format, target } => {
            let keys = AdminClient::open(&target)?.call(&LIST_KEYS, ())?;
            let mut table = Table::new(format, &COLUMNS);
            table.rows(&keys)?;
            table.end()
        }
        KeyCommand::Revoke { id, action: ActionArgs { printing, target }, consent } => {
            confirm(consent.yes, &format!("permanently revoke key {id}?"))?;
            AdminClient::open(&target)?.call(&REVOKE_KEY, id)?;
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

/// The address of SCIM on that server.
fn scim_address(public_url: &str) -> String {
    format!("{}/scim/v2", public_url.trim_end_matches('/'))
}

fn create(
    target: &Target,
    kind: KeyArg,
    name: String,
    role: Option<KeyRole>,
    scim: Option<String>,
    format: ResultFormat,
) -> anyhow::Result<()> {
    let role = match (kind, role) {
        (KeyArg::Api, None) => None,
        (KeyArg::Api, Some(_)) => {
            return Err(UsageError(anyhow!(
                "--role: an API key has no role; leave out --role, or create an app \
            key"
            ))
            .into());
        }
        (KeyArg::App, role) => Some(role.unwrap_or(KeyRole::Admin)),
    };
    let role = role.map(KeyRole::word);
    let mut client = AdminClient::open_or_create(target, None)?;
    let (id, secret) = client.call(&CREATE_KEY, NewKey { role: role.map(str::to_owned), name: name.clone() })?;
    let printed = match format {
        ResultFormat::Text => {
            if let Some(address) = &scim {
                print_status(&format!("address for the identity provider: {address}"));
            }
            print_status(&format!("created key {id}; it is shown only once:"));
            print(&format!("{secret}\n"))
        }
        ResultFormat::Json => {
            let kind = if role.is_some() { "app" } else { "api" };
            let mut object = json!({ "id": id, "kind": kind, "role": role, "name": name, "key": secret });
            if let Some(address) = &scim {
                object["scim"] = json!(address);
            }
            print_object(&object)
        }
    };
    let Err(error) = printed else { return Ok(()) };
    // A key that could not be printed is useless, so it is revoked. A closed pipe is a failure here as well.
    client.call(&REVOKE_KEY, id)?;
    bail!("{error:#}: key {id} was revoked because it could not be printed; create another key")
}
