//! Users.

use super::admin_client::AdminClient;
use super::args::{ActionArgs, Consent, ListArgs, ListFormat, Names, ResultFormat, RoleArg, Target, property};
use super::output::print;
use super::progress::Progress;
use super::result::{Done, each, tell};
use super::table::{Column, Table, show};
use super::terminal::{confirm, read_password};
use super::user_texts::TextArgs;
use crate::admin::procedure::{CREATE_USER, DELETE_USER, LIST_USERS, PURGE_USERS, READ_USER, RENAME_USER, UPDATE_USER};
use crate::admin::{Purge, Rename, Selection, UserQuery, UserView};
use crate::formats::UserRecord;
use crate::json::JsonText;
use crate::model::{TextField, now};
use crate::settings::age;
use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;
use std::sync::LazyLock;
use std::time::Duration;

/// The commands for users.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// List users who match all given filters
    List {
        #[command(flatten)]
        filters: UserFilters,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a user and the user's groups
    Show {
        /// Login of the user
        name: String,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Create a user
    Add {
        /// Login of the user
        name: String,
        #[command(flatten)]
        fields: Box<UserFields>,
        #[command(flatten)]
        action: ActionArgs,
    },
    /// Change the given fields of a user; an empty value clears a field
    Set {
        /// Login of the user
        name: String,
        #[command(flatten)]
        fields: Box<UserFields>,
        /// Keep the user's tokens valid when the password changes
        #[arg(long)]
        keep_tokens: bool,
        #[command(flatten)]
        action: ActionArgs,
    },
    /// Give a user another login
    #[command(
        after_help = "Memberships, tokens and the password stay. A group that lists the new login gets the user as a \
                            member. Other systems that know the user by the old login have to be told."
    )]
    Rename {
        /// Present login of the user
        old: String,
        /// New login of the user
        new: String,
        #[command(flatten)]
        action: ActionArgs,
    },
    /// Disable users; they cannot log in
    Disable(Names),
    /// Enable disabled users
    Enable(Names),
    /// Delete users and their memberships and tokens
    Delete {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete users who are disabled and have not been changed for some time
    Purge {
        /// Minimum time since the last change, for example 90d or 12h
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Duration,
        /// Print the users without deleting them
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        action: ActionArgs,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Filters of a list of users.
#[derive(Debug, Clone, Args)]
pub(super) struct UserFilters {
    /// Only users who are not disabled
    #[arg(long, conflicts_with = "disabled")]
    pub(super) enabled: bool,
    /// Only users who are disabled
    #[arg(long)]
    pub(super) disabled: bool,
    /// Only users who have logged in
    #[arg(long)]
    pub(super) verified: bool,
    /// Only administrators, including those through subgroups
    #[arg(long)]
    pub(super) admins: bool,
    /// Only direct members of this group
    #[arg(long, value_name = "NAME")]
    pub(super) group: Option<String>,
    /// Only users whose login, names, e-mail address, title, company or external id contain all these words; case and accents are ignored
    #[arg(long = "match", value_name = "WORDS")]
    pub(super) text: Option<String>,
}

/// The fields of a user.
#[derive(Debug, Clone, Args)]
pub(super) struct UserFields {
    #[command(flatten)]
    pub(super) texts: TextArgs,
    /// Role of the user; admin adds the user to the group administrators
    #[arg(long, value_enum)]
    pub(super) role: Option<RoleArg>,
    /// Group of the user; repeat for several groups. Replaces all direct groups; an empty name removes all
    #[arg(long = "group", value_name = "NAME")]
    pub(super) groups: Vec<String>,
    /// Extra property with a JSON value, for example badge='"12 34"'; null removes it
    #[arg(long = "property", value_name = "NAME=JSON", value_parser = property)]
    pub(super) properties: Vec<(String, JsonText)>,
    /// Identifier of the user in another system
    #[arg(long, value_name = "TEXT")]
    pub(super) external_id: Option<String>,
    /// Disable or enable the user
    #[arg(long, value_name = "BOOL")]
    pub(super) disabled: Option<bool>,
    /// Mark whether the user has ever logged in
    #[arg(long, value_name = "BOOL")]
    pub(super) verified: Option<bool>,
    /// Read a password from the terminal, or from the first line of standard input
    #[arg(long)]
    pub(super) password: bool,
}

impl UserFields {
    /// A record with that name and these fields, without a password.
    pub(super) fn record(self, name: String) -> UserRecord {
        let groups = (!self.groups.is_empty()).then_some(self.groups);
        UserRecord {
            name,
            texts: self.texts.0,
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

/// Users that one request lists or deletes.
const USERS_PER_REQUEST: u64 = 1000;

const COLUMNS: [Column; 6] = [
    Column("NAME", "name"),
    Column("E-MAIL", "email"),
    Column("FIRST NAME", "first_name"),
    Column("LAST NAME", "last_name"),
    Column("ROLE", "role"),
    Column("DISABLED", "disabled"),
];

/// All columns, for scripts. New text fields come last, so that the columns keep their places.
static ALL_COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let mut names = vec![
        "name",
        "first_name",
        "last_name",
        "display_name",
        "email",
        "company",
        "title",
        "role",
        "disabled",
        "verified",
        "external_id",
        "created",
        "updated",
    ];
    for field in TextField::ALL {
        if !names.contains(&field.name()) {
            names.push(field.name());
        }
    }
    names.into_iter().map(|name| Column("", name)).collect()
});

/// Runs a command for users.
pub(super) fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::List { filters, list: ListArgs { format, target } } => list(&target, filters, format),
        UserCommand::Show { name, list: ListArgs { format, target } } => {
            show(&AdminClient::open(&target)?.call(&READ_USER, name)?, format, &ALL_COLUMNS)
        }
        UserCommand::Add { name, fields, action: ActionArgs { printing, target } } => {
            let record = record(name, *fields)?;
            let user = AdminClient::open(&target)?.call(&CREATE_USER, record)?;
            tell(printing.format, &format!("created user {}", user.record.name), &user)
        }
        UserCommand::Set { name, fields, keep_tokens, action: ActionArgs { printing, target } } => {
            let record = record(name, *fields)?;
            let mut client = AdminClient::open(&target)?.keeping_tokens(keep_tokens);
            let user = client.call(&UPDATE_USER, record)?;
            tell(printing.format, &format!("updated user {}", user.record.name), &user)
        }
        UserCommand::Rename { old, new, action: ActionArgs { printing, target } } => {
            let rename = Rename { name: old.clone(), new_name: new };
            let user = AdminClient::open(&target)?.call(&RENAME_USER, rename)?;
            tell(printing.format, &format!("renamed user {} to {}", old.trim(), user.record.name), &user)
        }
        UserCommand::Disable(names) => set_disabled(names, true),
        UserCommand::Enable(names) => set_disabled(names, false),
        UserCommand::Delete { names, consent } => {
            let question = format!("permanently delete {} with memberships and tokens?", names.counted("user"));
            confirm(consent.yes, &question)?;
            let Names { names, action: ActionArgs { printing, target } } = names;
            let done = Done { sentence: "deleted user", key: "removed", group: None };
            each(&mut AdminClient::open(&target)?, &names, printing.format, &done, |client, name| {
                client.call(&DELETE_USER, name.to_owned())
            })
        }
        UserCommand::Purge { older_than, dry_run, action: ActionArgs { printing, target }, consent } => {
            if !dry_run {
                let days = older_than.as_secs_f64() / 86_400.0;
                let question = format!(
                    "permanently delete all users who are disabled and have not been changed \
                for {days:.1} days?"
                );
                confirm(consent.yes, &question)?;
            }
            purge(&target, older_than, dry_run, printing.format)
        }
    }
}

fn record(name: String, fields: UserFields) -> anyhow::Result<UserRecord> {
    let password = fields.password.then(|| read_password(&name)).transpose()?;
    if password.as_ref().is_some_and(String::is_empty) {
        bail!("the password is empty; leave out --password to create a user without a password");
    }
    Ok(UserRecord { password, ..fields.record(name) })
}

fn list(target: &Target, filters: UserFilters, format: ListFormat) -> anyhow::Result<()> {
    let selection = Selection {
        disabled: if filters.enabled { Some(false) } else { filters.disabled.then_some(true) },
        verified: filters.verified.then_some(true),
        administrators: filters.admins,
        group: filters.group,
        text: filters.text,
        unchanged_since: None,
    };
    let mut table = Table::new(format, if format == ListFormat::Csv { &ALL_COLUMNS[..] } else { &COLUMNS[..] });
    selected(&mut AdminClient::open(target)?, &selection, |users| table.rows(users))?;
    table.end()
}

/// Reads the selected users page by page, and passes each page to `show`.
fn selected(
    client: &mut AdminClient,
    selection: &Selection,
    mut show: impl FnMut(&[UserView]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let query = UserQuery { selection: selection.clone(), after, limit: USERS_PER_REQUEST };
        let users = client.call(&LIST_USERS, query)?;
        let Some(last) = users.last() else { return Ok(()) };
        after = last.record.name.clone();
        show(&users)?;
    }
}

fn set_disabled(names: Names, disabled: bool) -> anyhow::Result<()> {
    let Names { names, action: ActionArgs { printing, target } } = names;
    let (sentence, key) = if disabled { ("disabled user", "disabled") } else { ("enabled user", "enabled") };
    let done = Done { sentence, key, group: None };
    each(&mut AdminClient::open(&target)?, &names, printing.format, &done, |client, name| {
        let record = UserRecord { name: name.to_owned(), disabled: Some(disabled), ..UserRecord::default() };
        client.call(&UPDATE_USER, record).map(drop)
    })
}

fn purge(target: &Target, age: Duration, dry_run: bool, format: ResultFormat) -> anyhow::Result<()> {
    let mut client = AdminClient::open(target)?;
    let unchanged_since = now().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let (mut count, mut names) = (0, Vec::new());
    let mut printed = Ok(());
    // The deletion goes on if the output cannot be written.
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
        return tell(format, &format!("{count} users would be deleted"), &json!({ "would_remove": names }));
    }
    // Printed names show the progress already.
    let progress = (format == ResultFormat::Json).then(|| Progress::start("deleting users"));
    loop {
        let removed = client.call(&PURGE_USERS, Purge { unchanged_since, limit: USERS_PER_REQUEST })?;
        if removed.is_empty() {
            drop(progress);
            tell(format, &format!("deleted {count} users"), &json!({ "removed": names }))?;
            return printed;
        }
        show(removed);
    }
}
