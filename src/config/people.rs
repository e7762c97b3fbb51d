//! The commands on users and groups.

use super::{Consent, Database, Output, RoleWord, Target, age};
use crate::exchange::{Format, GroupRecord, UserRecord};
use crate::json::{Json, JsonText};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List users, all or those to whom all of this applies
    List {
        /// Which.
        #[command(flatten)]
        filters: UserFilters,
        /// How to print it
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Show one user, with groups
    Show {
        /// The login
        name: String,
        /// How to print it
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Make a user
    Add {
        /// The login
        name: String,
        /// What is known.
        #[command(flatten)]
        fields: Box<UserFields>,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Change a user; what is not named stays, an empty value clears
    Set {
        /// The login
        name: String,
        /// What is to change.
        #[command(flatten)]
        fields: Box<UserFields>,
        /// Leave the tokens of the user valid when the password changes
        #[arg(long)]
        keep_tokens: bool,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Keep users from logging in; they stay readable
    Disable(Names),
    /// Let them log in again
    Enable(Names),
    /// Remove users for good, with memberships and tokens
    Delete {
        /// Which.
        #[command(flatten)]
        names: Names,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
    /// Remove for good those who are disabled and were not changed for some time
    Purge {
        /// How long at least: 90d, 12h
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Duration,
        /// Only say who would go
        #[arg(long)]
        dry_run: bool,
        /// Which database.
        #[command(flatten)]
        target: Target,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
}

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// List groups
    List {
        /// Only those whose name or label contains this
        #[arg(long = "match", value_name = "TEXT")]
        text: Option<String>,
        /// How to print it
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Show one group; its users: rollbook user list --group NAME
    Show {
        /// The name
        name: String,
        /// How to print it
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Make a group
    Add {
        /// The name
        name: String,
        /// What is known.
        #[command(flatten)]
        fields: GroupFields,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Change a group; what is not named stays, an empty value clears
    Set {
        /// The name
        name: String,
        /// What is to change.
        #[command(flatten)]
        fields: GroupFields,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Remove groups for good; their members stay
    Delete {
        /// Which.
        #[command(flatten)]
        names: Names,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
    /// Put users into a group
    AddMember(Members),
    /// Take users out of a group
    RemoveMember(Members),
}

/// Which users.
#[derive(Debug, Clone, Args)]
pub struct UserFilters {
    /// Only those who are not disabled
    #[arg(long, conflicts_with = "disabled")]
    pub enabled: bool,
    /// Only those who are disabled
    #[arg(long)]
    pub disabled: bool,
    /// Only those who have logged in
    #[arg(long)]
    pub verified: bool,
    /// Only administrators, directly or through subgroups
    #[arg(long)]
    pub admins: bool,
    /// Only direct members of that group
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Only those whose login, names or e-mail address contain this, in any case
    #[arg(long = "match", value_name = "TEXT")]
    pub text: Option<String>,
}

/// Some users, or groups.
#[derive(Debug, Clone, Args)]
pub struct Names {
    /// The names
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Which database.
    #[command(flatten)]
    pub target: Target,
}

/// Some members of a group.
#[derive(Debug, Clone, Args)]
pub struct Members {
    /// The group
    pub group: String,
    /// Who: logins, or names of groups with --groups
    #[arg(required = true, value_name = "NAME")]
    pub members: Vec<String>,
    /// They are groups
    #[arg(long)]
    pub groups: bool,
    /// Which database.
    #[command(flatten)]
    pub target: Target,
}

/// What is known of a user.
#[derive(Debug, Clone, Args)]
pub struct UserFields {
    /// Given name
    #[arg(long, value_name = "TEXT")]
    pub first_name: Option<String>,
    /// Family name
    #[arg(long, value_name = "TEXT")]
    pub last_name: Option<String>,
    /// The name to show, where a dialect has one of its own
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// E-mail address
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Employer
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Job title
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// What the user may do; `admin` is a membership of the group administrators
    #[arg(long, value_enum)]
    pub role: Option<RoleWord>,
    /// A direct group; once for each, and only these are left. An empty name: none
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// A further property and its value as JSON: phone='"12 34"'; null removes it
    #[arg(long = "property", value_name = "NAME=JSON", value_parser = property)]
    pub properties: Vec<(String, JsonText)>,
    /// The identifier in another system
    #[arg(long, value_name = "TEXT")]
    pub external_id: Option<String>,
    /// Cannot log in, or can
    #[arg(long, value_name = "BOOL")]
    pub disabled: Option<bool>,
    /// Has logged in, or has not
    #[arg(long, value_name = "BOOL")]
    pub verified: Option<bool>,
    /// Read a password from the terminal or the first line of standard input
    #[arg(long)]
    pub password: bool,
}

impl UserFields {
    /// The user of that name as a record, without a password.
    pub fn record(self, name: String) -> UserRecord {
        let groups = (!self.groups.is_empty()).then_some(self.groups);
        UserRecord {
            name,
            first_name: self.first_name,
            last_name: self.last_name,
            display_name: self.display_name,
            email: self.email,
            company: self.company,
            title: self.title,
            role: self.role.map(Into::into),
            disabled: self.disabled,
            verified: self.verified,
            external_id: self.external_id,
            groups: groups.map(|names| names.into_iter().filter(|name| !name.is_empty()).collect()),
            properties: self.properties.into_iter().collect(),
            ..Default::default()
        }
    }
}

/// What is known of a group.
#[derive(Debug, Clone, Args)]
pub struct GroupFields {
    /// What people see
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// What the group is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// A group that it is in; once for each, and only these are left. An empty name: none
    #[arg(long = "parent", value_name = "NAME")]
    pub parents: Vec<String>,
    /// A further property and its value as JSON; null removes it
    #[arg(long = "property", value_name = "NAME=JSON", value_parser = property)]
    pub properties: Vec<(String, JsonText)>,
}

impl GroupFields {
    /// The group of that name as a record.
    pub fn record(self, name: String) -> GroupRecord {
        let parents = (!self.parents.is_empty()).then_some(self.parents);
        GroupRecord {
            name,
            label: self.label,
            description: self.description,
            groups: parents.map(|names| names.into_iter().filter(|name| !name.is_empty()).collect()),
            properties: self.properties.into_iter().collect(),
            ..Default::default()
        }
    }
}

fn property(text: &str) -> Result<(String, JsonText), String> {
    let (name, json) = text.split_once('=').ok_or("not of the form NAME=JSON")?;
    let value = Json::parse(json.as_bytes()).map_err(|error| format!("the value is not JSON ({error})"))?;
    Ok((name.to_owned(), JsonText::from(&value)))
}

/// What to bring in from a file.
#[derive(Debug, Clone, Args)]
pub struct ImportSettings {
    /// The file; - for standard input
    pub file: PathBuf,
    /// What is in it, unless the end of its name tells: csv, jsonl or ldif
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Start an interrupted import from the beginning
    #[arg(long)]
    pub restart: bool,
    /// Attribute, column or key of the login, in place of the usual ones
    #[arg(long, value_name = "ATTRIBUTE")]
    pub login: Option<String>,
    /// Delimiter of a CSV: one character, or tab. Without it, the first line tells
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// How.
    #[command(flatten)]
    pub options: BringOptions,
    /// Which database.
    #[command(flatten)]
    pub target: Target,
}

/// How to bring users and groups in.
#[derive(Debug, Clone, Args)]
pub struct BringOptions {
    /// Only say what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// What happens to users and groups that are there already
    #[arg(long, value_enum, default_value = "fail")]
    pub on_conflict: ConflictWord,
    /// Create groups that have members and that neither the input nor the database has
    #[arg(long)]
    pub create_groups: bool,
    /// Leave the tokens of users valid whose passwords change
    #[arg(long)]
    pub keep_tokens: bool,
    /// How values of password columns are read
    #[arg(long, value_enum, default_value = "guess")]
    pub passwords: PasswordRule,
    /// Members of the group NAME of the input become members of GROUP here. NAME can be a distinguished name
    #[arg(long, value_name = "NAME=GROUP")]
    pub map_group: Vec<GroupMapping>,
    /// Rows in one transaction
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub batch: usize,
    /// Write what is refused, missing or lost to this file, in place of standard error
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Whether to ask before users and groups are changed.
    #[command(flatten)]
    pub consent: Consent,
}

/// How values of password columns are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PasswordRule {
    /// Stored values of known kinds and passwords in clear; a value that may be a stored value of another kind is left
    /// out
    Guess,
    /// Passwords in clear, whatever they look like
    Clear,
    /// No passwords are read
    Leave,
}

/// A group of the input that means a group here.
#[derive(Debug, Clone)]
pub struct GroupMapping {
    /// Its name in the input, or its distinguished name.
    pub from: String,
    /// The name of the group here.
    pub to: String,
}

impl FromStr for GroupMapping {
    type Err = String;

    fn from_str(text: &str) -> Result<GroupMapping, String> {
        // A distinguished name has such characters in it.
        let (from, to) = text.rsplit_once('=').ok_or("not of the form NAME=GROUP")?;
        if from.trim().is_empty() || to.trim().is_empty() {
            return Err("not of the form NAME=GROUP".to_owned());
        }
        Ok(GroupMapping { from: from.trim().to_owned(), to: to.trim().to_owned() })
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text.eq_ignore_ascii_case("tab") || text == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err("not one character".to_owned()),
    }
}

/// What happens to what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConflictWord {
    /// It stays as it is
    Skip,
    /// It is changed: what the row does not name stays
    Update,
    /// The row is refused
    Fail,
}

/// What to write to a file.
#[derive(Debug, Clone, Args)]
pub struct ExportSettings {
    /// The file to make, readable by its owner only; - for standard output
    pub file: PathBuf,
    /// How to write it, unless the end of its name tells: csv, jsonl or ldif
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Overwrite a file that is there already
    #[arg(long)]
    pub force: bool,
    /// Password hashes too
    #[arg(long)]
    pub with_passwords: bool,
    /// What the names of an LDIF end in
    #[arg(long, value_name = "DN", default_value = "dc=rollbook")]
    pub base: String,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
}

/// Where to copy users and groups from.
#[derive(Debug, Subcommand)]
pub enum PullCommand {
    /// Users from Datadog's v1 Users API; it has no groups
    Datadog {
        /// Where from.
        #[command(flatten)]
        source: PullSource,
        /// The API key
        #[arg(long, env = "DD_API_KEY", hide_env_values = true, value_name = "KEY")]
        api_key: String,
        /// The application key
        #[arg(long, env = "DD_APP_KEY", hide_env_values = true, value_name = "KEY")]
        app_key: String,
        /// How.
        #[command(flatten)]
        options: BringOptions,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Users, groups and memberships from a Nuxeo server
    Nuxeo {
        /// Where from.
        #[command(flatten)]
        source: PullSource,
        /// Who asks: an administrator there
        #[arg(long, env = "NUXEO_USER", value_name = "NAME", default_value = "Administrator")]
        user: String,
        /// The password; asked for at a terminal unless it is set, or a token is
        #[arg(long, env = "NUXEO_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
        password: Option<String>,
        /// A token, in place of user and password
        #[arg(long, env = "NUXEO_TOKEN", hide_env_values = true, value_name = "TOKEN", conflicts_with = "password")]
        token: Option<String>,
        /// How.
        #[command(flatten)]
        options: BringOptions,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
}

/// A live server.
#[derive(Debug, Clone, Args)]
pub struct PullSource {
    /// Its URL, for Nuxeo up to /nuxeo
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// The certificate authorities that it is trusted by, in place of the well-known ones (PEM)
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = super::seconds)]
    pub timeout: Duration,
}
