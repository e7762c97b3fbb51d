//! The commands `group …`.

use super::admin_client::AdminClient;
use super::args::{ActionArgs, Consent, ListArgs, ListFormat, Names, Target, property};
use super::result::{Done, each, tell};
use super::table::{Column, Table, show};
use super::terminal::confirm;
use crate::admin::procedure::{
    ADD_MEMBER, CREATE_GROUP, DELETE_GROUP, LIST_GROUPS, Procedure, READ_GROUP, REMOVE_MEMBER, UPDATE_GROUP,
};
use crate::admin::{GroupQuery, Membership};
use crate::formats::GroupRecord;
use crate::json::JsonText;
use clap::{Args, Subcommand};

/// The commands for groups.
#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// List groups
    List {
        /// Only groups whose name, label, description or external id contain all these words; case and accents are ignored
        #[arg(long = "match", value_name = "WORDS")]
        text: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a group. To list its users: rollbook user list --group NAME
    Show {
        /// Name of the group
        name: String,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Create a group
    Add {
        /// Name of the group
        name: String,
        #[command(flatten)]
        fields: GroupFields,
        #[command(flatten)]
        action: ActionArgs,
    },
    /// Change the given fields of a group; an empty value clears a field
    Set {
        /// Name of the group
        name: String,
        #[command(flatten)]
        fields: GroupFields,
        #[command(flatten)]
        action: ActionArgs,
    },
    /// Delete groups. Their members are not deleted
    Delete {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        consent: Consent,
    },
    /// Add users to a group
    AddMember(Members),
    /// Remove users from a group
    RemoveMember(Members),
}

/// Members of a group to add or remove.
#[derive(Debug, Clone, Args)]
pub(super) struct Members {
    /// Name of the group
    pub(super) group: String,
    /// Logins of users; names of groups with --groups
    #[arg(required = true, value_name = "NAME")]
    pub(super) members: Vec<String>,
    /// The members are groups
    #[arg(long)]
    pub(super) groups: bool,
    #[command(flatten)]
    pub(super) action: ActionArgs,
}

/// The fields of a group.
#[derive(Debug, Clone, Args)]
pub(super) struct GroupFields {
    /// Display name
    #[arg(long, value_name = "TEXT")]
    pub(super) label: Option<String>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Parent group that contains this group; repeat for several. Replaces all parents; an empty name removes all
    #[arg(long = "parent", value_name = "NAME")]
    pub(super) parents: Vec<String>,
    /// Extra property with a JSON value; null removes it
    #[arg(long = "property", value_name = "NAME=JSON", value_parser = property)]
    pub(super) properties: Vec<(String, JsonText)>,
    /// Identifier of the group in another system
    #[arg(long, value_name = "TEXT")]
    pub(super) external_id: Option<String>,
}

impl GroupFields {
    /// A record with that name and these fields.
    pub(super) fn record(self, name: String) -> GroupRecord {
        let parents = (!self.parents.is_empty()).then_some(self.parents);
        GroupRecord {
            name,
            label: self.label,
            description: self.description,
            external_id: self.external_id,
            groups: parents.map(|names| names.into_iter().filter(|name| !name.is_empty()).collect()),
            properties: self.properties.into_iter().collect(),
            ..Default::default()
        }
    }
}

/// Groups that one request lists.
const GROUPS_PER_REQUEST: u64 = 1000;

const COLUMNS: [Column; 5] = [
    Column("NAME", "name"),
    Column("LABEL", "label"),
    Column("USERS", "users"),
    Column("GROUPS", "subgroups"),
    Column("DESCRIPTION", "description"),
];

/// All columns, for scripts. New columns come last, so that the others keep their places.
const ALL_COLUMNS: [Column; 6] = [
    Column("", "name"),
    Column("", "label"),
    Column("", "users"),
    Column("", "subgroups"),
    Column("", "description"),
    Column("", "external_id"),
];

/// Runs a command for groups.
pub(super) fn run(command: GroupCommand) -> anyhow::Result<()> {
    match command {
        GroupCommand::List { text, list: ListArgs { format, target } } => list(&target, text.as_deref(), format),
        GroupCommand::Show { name, list: ListArgs { format, target } } => {
            show(&AdminClient::open(&target)?.call(&READ_GROUP, name)?, format, &ALL_COLUMNS)
        }
        GroupCommand::Add { name, fields, action: ActionArgs { printing, target } } => {
            let group = AdminClient::open(&target)?.call(&CREATE_GROUP, fields.record(name))?;
            tell(printing.format, &format!("created group {}", group.record.name), &group)
        }
        GroupCommand::Set { name, fields, action: ActionArgs { printing, target } } => {
            let group = AdminClient::open(&target)?.call(&UPDATE_GROUP, fields.record(name))?;
            tell(printing.format, &format!("updated group {}", group.record.name), &group)
        }
        GroupCommand::Delete { names, consent } => {
            confirm(consent.yes, &format!("permanently delete {}?", names.counted("group")))?;
            let Names { names, action: ActionArgs { printing, target } } = names;
            let done = Done { sentence: "deleted group", key: "removed", group: None };
            each(&mut AdminClient::open(&target)?, &names, printing.format, &done, |client, name| {
                client.call(&DELETE_GROUP, name.to_owned())
            })
        }
        GroupCommand::AddMember(members) => change(members, "added", &ADD_MEMBER),
        GroupCommand::RemoveMember(members) => change(members, "removed", &REMOVE_MEMBER),
    }
}

fn list(target: &Target, text: Option<&str>, format: ListFormat) -> anyhow::Result<()> {
    let mut client = AdminClient::open(target)?;
    let mut table = Table::new(format, if format == ListFormat::Csv { &ALL_COLUMNS[..] } else { &COLUMNS[..] });
    let mut after = String::new();
    loop {
        let query = GroupQuery { text: text.map(str::to_owned), after, limit: GROUPS_PER_REQUEST };
        let groups = client.call(&LIST_GROUPS, query)?;
        let Some(last) = groups.last() else { return table.end() };
        after = last.record.name.clone();
        table.rows(&groups)?;
    }
}

fn change(members: Members, done: &'static str, procedure: &Procedure<Membership, ()>) -> anyhow::Result<()> {
    let Members { group, members, groups, action: ActionArgs { printing, target } } = members;
    let done = Done { sentence: done, key: done, group: Some(group.clone()) };
    each(&mut AdminClient::open(&target)?, &members, printing.format, &done, |client, name| {
        let (group, member) = (group.clone(), name.to_owned());
        client.call(procedure, Membership { group, member, subgroup: groups })
    })
}
