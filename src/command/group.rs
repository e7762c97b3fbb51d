//! Groups.

use super::link::Link;
use super::say;
use super::table::{Column, Table, show};
use super::terminal::confirm;
use super::user::{counted, each};
use crate::config::{GroupCommand, Members, Names, Output, Target};
use crate::operator::{Membership, Order, ShownGroup};

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
            show(&Link::open(&target)?.ask::<ShownGroup>(Order::Group { name })?, format, &COLUMNS)
        }
        GroupCommand::Add { name, fields, target } => {
            let group: ShownGroup = Link::open(&target)?.ask(Order::AddGroup(fields.record(name)))?;
            say(&format!("made the group {}", group.record.name));
            Ok(())
        }
        GroupCommand::Set { name, fields, target } => {
            let group: ShownGroup = Link::open(&target)?.ask(Order::SetGroup(fields.record(name)))?;
            say(&format!("changed the group {}", group.record.name));
            Ok(())
        }
        GroupCommand::Delete { names, consent } => {
            confirm(consent.yes, &format!("remove {} for good?", counted(&names, "group")))?;
            each(names, "removed the group", |link, name| link.ask::<()>(Order::DeleteGroup { name: name.to_owned() }))
        }
        GroupCommand::AddMember(members) => change(members, "added", Order::AddMember),
        GroupCommand::RemoveMember(members) => change(members, "removed", Order::RemoveMember),
    }
}

fn list(target: &Target, text: Option<&str>, format: Output) -> anyhow::Result<()> {
    let mut link = Link::open(target)?;
    let mut table = Table::new(format, &COLUMNS);
    let mut after = String::new();
    loop {
        let groups: Vec<ShownGroup> = link.ask(Order::Groups { text: text.map(str::to_owned), after, limit: PIECE })?;
        let Some(last) = groups.last() else { return table.end() };
        after = last.record.name.clone();
        table.rows(&groups)?;
    }
}

fn change(members: Members, done: &str, order: fn(Membership) -> Order) -> anyhow::Result<()> {
    let Members { group, members, groups, target } = members;
    each(Names { names: members, target }, done, |link, name| {
        let (group, member) = (group.clone(), name.to_owned());
        link.ask::<()>(order(Membership { group, member, subgroup: groups }))
    })
}
