//! Groups.

use super::admin_client::AdminClient;
use super::result::{Done, each, tell};
use super::table::{Column, Table, show};
use super::terminal::confirm;
use super::user::counted;
use crate::admin::{AdminRequest, Membership, ShownGroup};
use crate::settings::{GroupCommand, Members, Names, Output, Target};

/// Groups that are asked for at a time.
const PIECE: u64 = 1000;

const COLUMNS: [Column; 5] = [
    Column("NAME", "name"),
    Column("LABEL", "label"),
    Column("USERS", "users"),
    Column("GROUPS", "subgroups"),
    Column("DESCRIPTION", "description"),
];

/// Does something with groups.
pub(super) fn run(command: GroupCommand) -> anyhow::Result<()> {
    match command {
        GroupCommand::List { text, format, target } => list(&target, text.as_deref(), format),
        GroupCommand::Show { name, format, target } => {
            show(&AdminClient::open(&target)?.send::<ShownGroup>(AdminRequest::Group { name })?, format, &COLUMNS)
        }
        GroupCommand::Add { name, fields, printing, target } => {
            let group: ShownGroup = AdminClient::open(&target)?.send(AdminRequest::AddGroup(fields.record(name)))?;
            tell(printing.format, &format!("made the group {}", group.record.name), &group)
        }
        GroupCommand::Set { name, fields, printing, target } => {
            let group: ShownGroup = AdminClient::open(&target)?.send(AdminRequest::SetGroup(fields.record(name)))?;
            tell(printing.format, &format!("changed the group {}", group.record.name), &group)
        }
        GroupCommand::Delete { names, consent } => {
            confirm(consent.yes, &format!("remove {} for good?", counted(&names, "group")))?;
            let Names { names, printing, target } = names;
            let done = Done { sentence: "removed the group", key: "removed", group: None };
            each(&mut AdminClient::open(&target)?, &names, printing.format, &done, |client, name| {
                client.send::<()>(AdminRequest::DeleteGroup { name: name.to_owned() })
            })
        }
        GroupCommand::AddMember(members) => change(members, "added", AdminRequest::AddMember),
        GroupCommand::RemoveMember(members) => change(members, "removed", AdminRequest::RemoveMember),
    }
}

fn list(target: &Target, text: Option<&str>, format: Output) -> anyhow::Result<()> {
    let mut client = AdminClient::open(target)?;
    let mut table = Table::new(format, &COLUMNS);
    let mut after = String::new();
    loop {
        let groups: Vec<ShownGroup> =
            client.send(AdminRequest::Groups { text: text.map(str::to_owned), after, limit: PIECE })?;
        let Some(last) = groups.last() else { return table.end() };
        after = last.record.name.clone();
        table.rows(&groups)?;
    }
}

fn change(members: Members, done: &'static str, order: fn(Membership) -> AdminRequest) -> anyhow::Result<()> {
    let Members { group, members, groups, printing, target } = members;
    let done = Done { sentence: done, key: done, group: Some(group.clone()) };
    each(&mut AdminClient::open(&target)?, &members, printing.format, &done, |client, name| {
        let (group, member) = (group.clone(), name.to_owned());
        client.send::<()>(order(Membership { group, member, subgroup: groups }))
    })
}
