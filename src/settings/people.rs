//! The commands on users and groups.

use super::{Consent, Database, Output, Printing, ResultPrinting, RoleArg, Target, age};
use crate::formats::{Format, GroupRecord, UserRecord};
use crate::json::{Json, JsonText};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Commands for users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List users who match all of the given filters
    List {
        /// Which.
        #[command(flatten)]
        filters: UserFilters,
        /// Format of the output
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Show a user and the user's groups
    Show {
        /// Login of the user
        name: String,
        /// Format of the output
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Create a user
    Add {
        /// Login of the user
        name: String,
        /// The fields.
        #[command(flatten)]
        fields: Box<UserFields>,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Change the given fields of a user; an empty value clears a field
    Set {
        /// Login of the user
        name: String,
        /// The fields.
        #[command(flatten)]
        fields: Box<UserFields>,
        /// Keep the user's tokens valid when the password changes
        #[arg(long)]
        keep_tokens: bool,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Disable users, so that they cannot log in
    Disable(Names),
    /// Enable disabled users
    Enable(Names),
    /// Delete users, with their memberships and tokens
    Delete {
        /// Which.
        #[command(flatten)]
        names: Names,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete users who are disabled and have not changed for some time
    Purge {
        /// Minimum time since the last change, for example 90d or 12h
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Duration,
        /// Only print the users who would be deleted
        #[arg(long)]
        dry_run: bool,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
}

/// Commands for groups.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// List groups
    List {
        /// Only groups whose name or label contains this text
        #[arg(long = "match", value_name = "TEXT")]
        text: Option<String>,
        /// Format of the output
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Show a group; rollbook user list --group NAME lists its users
    Show {
        /// Name of the group
        name: String,
        /// Format of the output
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Create a group
    Add {
        /// Name of the group
        name: String,
        /// The fields.
        #[command(flatten)]
        fields: GroupFields,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Change the given fields of a group; an empty value clears a field
    Set {
        /// Name of the group
        name: String,
        /// The fields.
        #[command(flatten)]
        fields: GroupFields,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Delete groups; their members are not deleted
    Delete {
        /// Which.
        #[command(flatten)]
        names: Names,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
    /// Add users to a group
    AddMember(Members),
    /// Remove users from a group
    RemoveMember(Members),
}

/// Which users.
#[derive(Debug, Clone, Args)]
pub struct UserFilters {
    /// Only users who are not disabled
    #[arg(long, conflicts_with = "disabled")]
    pub enabled: bool,
    /// Only users who are disabled
    #[arg(long)]
    pub disabled: bool,
    /// Only users who have logged in
    #[arg(long)]
    pub verified: bool,
    /// Only administrators, direct or through subgroups
    #[arg(long)]
    pub admins: bool,
    /// Only direct members of this group
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Only users whose login, names or e-mail address contain this text, in any case
    #[arg(long = "match", value_name = "TEXT")]
    pub text: Option<String>,
}

/// Some users, or groups.
#[derive(Debug, Clone, Args)]
pub struct Names {
    /// Names
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// How to print the result.
    #[command(flatten)]
    pub printing: Printing,
    /// Which database.
    #[command(flatten)]
    pub target: Target,
}

/// Some members of a group.
#[derive(Debug, Clone, Args)]
pub struct Members {
    /// Name of the group
    pub group: String,
    /// Logins of users, or with --groups names of groups
    #[arg(required = true, value_name = "NAME")]
    pub members: Vec<String>,
    /// The members are groups
    #[arg(long)]
    pub groups: bool,
    /// How to print the result.
    #[command(flatten)]
    pub printing: Printing,
    /// Which database.
    #[command(flatten)]
    pub target: Target,
}

/// The fields of a user.
#[derive(Debug, Clone, Args)]
pub struct UserFields {
    /// Given name
    #[arg(long, value_name = "TEXT")]
    pub first_name: Option<String>,
    /// Family name
    #[arg(long, value_name = "TEXT")]
    pub last_name: Option<String>,
    /// Display name
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
    /// Rights of the user; admin adds the user to the group administrators
    #[arg(long, value_enum)]
    pub role: Option<RoleArg>,
    /// Group of the user, once for each group; replaces all direct groups. An empty name removes all
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// Extra property and its value as JSON, for example phone='"12 34"'; null removes it
    #[arg(long = "property", value_name = "NAME=JSON", value_parser = property)]
    pub properties: Vec<(String, JsonText)>,
    /// Identifier of the user in another system
    #[arg(long, value_name = "TEXT")]
    pub external_id: Option<String>,
    /// Whether the user is disabled: true or false
    #[arg(long, value_name = "BOOL")]
    pub disabled: Option<bool>,
    /// Whether the user has logged in: true or false
    #[arg(long, value_name = "BOOL")]
    pub verified: Option<bool>,
    /// Read a password from the terminal or from the first line of standard input
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

/// The fields of a group.
#[derive(Debug, Clone, Args)]
pub struct GroupFields {
    /// Display name
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Group that contains this one, once for each; replaces all of them. An empty name removes all
    #[arg(long = "parent", value_name = "NAME")]
    pub parents: Vec<String>,
    /// Extra property and its value as JSON; null removes it
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

/// Settings of an import from a file.
#[derive(Debug, Clone, Args)]
pub struct ImportSettings {
    /// File to read; - for standard input
    pub file: PathBuf,
    /// Format of the file, if its name does not end in it: csv, jsonl or ldif
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Start an interrupted import from the beginning
    #[arg(long)]
    pub restart: bool,
    /// Attribute, column or key that has the login
    #[arg(long, value_name = "ATTRIBUTE")]
    pub login: Option<String>,
    /// Delimiter of a CSV: one character or tab. The first line decides if it is not given
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// How.
    #[command(flatten)]
    pub options: BringOptions,
    /// How to print the result.
    #[command(flatten)]
    pub printing: ResultPrinting,
    /// Which database.
    #[command(flatten)]
    pub target: Target,
}

/// How to bring users and groups in.
#[derive(Debug, Clone, Args)]
pub struct BringOptions {
    /// Report what would happen and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Action for users and groups that exist already
    #[arg(long, value_enum, default_value = "fail")]
    pub on_conflict: ConflictArg,
    /// Create groups that have members and exist neither in the input nor in the database
    #[arg(long)]
    pub create_groups: bool,
    /// Keep the tokens of users whose passwords change valid
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
    /// Write the report on refused, missing and lost values to this file instead of standard error; - for standard output
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
        _ => Err("not one character, and not tab".to_owned()),
    }
}

/// The action for users and groups that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConflictArg {
    /// Leave it unchanged
    Skip,
    /// Change the fields that the row has
    Update,
    /// Refuse the row
    Fail,
}

/// Settings of an export.
#[derive(Debug, Clone, Args)]
pub struct ExportSettings {
    /// File to write, readable by its owner only; - for standard output
    pub file: PathBuf,
    /// Format of the file, if its name does not end in it: csv, jsonl or ldif
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
    /// Include password hashes
    #[arg(long)]
    pub with_passwords: bool,
    /// Base of the distinguished names in LDIF
    #[arg(long, value_name = "DN", default_value = "dc=rollbook")]
    pub base: String,
    /// How to print the result.
    #[command(flatten)]
    pub printing: ResultPrinting,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
}

/// The kind of server to import from.
#[derive(Debug, Subcommand)]
pub enum PullCommand {
    /// Import users from Datadog's v1 Users API, which has no groups
    Datadog {
        /// The server.
        #[command(flatten)]
        source: PullSource,
        /// API key
        #[arg(long, env = "DD_API_KEY", hide_env_values = true, value_name = "KEY")]
        api_key: String,
        /// Application key
        #[arg(long, env = "DD_APP_KEY", hide_env_values = true, value_name = "KEY")]
        app_key: String,
        /// How.
        #[command(flatten)]
        options: BringOptions,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: PullTarget,
    },
    /// Import users, groups and memberships from a Nuxeo server
    Nuxeo {
        /// The server.
        #[command(flatten)]
        source: PullSource,
        /// Login of an administrator there
        #[arg(long, env = "NUXEO_USER", value_name = "NAME", default_value = "Administrator")]
        user: String,
        /// Password of the administrator; a terminal is asked for it if neither it nor a token is given
        #[arg(long, env = "NUXEO_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
        password: Option<String>,
        /// Authentication token, instead of user and password
        #[arg(long, env = "NUXEO_TOKEN", hide_env_values = true, value_name = "TOKEN", conflicts_with = "password")]
        token: Option<String>,
        /// How.
        #[command(flatten)]
        options: BringOptions,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: PullTarget,
    },
}

/// A live server.
#[derive(Debug, Clone, Args)]
pub struct PullSource {
    /// URL of the server; for Nuxeo, up to and including /nuxeo
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// PEM file of trusted certificate authorities, instead of the well-known ones
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Seconds to wait for each answer, of this server and of the one that uses the database
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = super::seconds)]
    pub timeout: Duration,
}

/// Which database a live server is copied to, and how to get there.
#[derive(Debug, Clone, Args)]
pub struct PullTarget {
    /// Which database.
    #[command(flatten)]
    pub database: Database,
    /// Say whether the file is worked on, or the server that holds it
    #[arg(short, long)]
    pub verbose: bool,
}

impl PullTarget {
    /// The same, with the time to wait for an answer of the server that holds the database.
    pub fn waiting(&self, timeout: Duration) -> Target {
        Target { database: self.database.clone(), verbose: self.verbose, timeout }
    }
}
