//! Everything in a directory, one thing after the other.

use super::seed::FIRST_USER;
use crate::model::{Filter, Group, MemberList, PositionedGroup, Result, UserSummary, fold_name};
use crate::store::{MembershipPositions, PositionScope, ReadTx, Snapshot};

/// Users, or groups, that are read at a time.
const ROWS_PER_READ: u64 = 1000;

/// One thing in a directory.
#[derive(Debug)]
pub enum Exported {
    /// A user.
    User {
        /// The user, and whether they are an administrator.
        account: Box<UserSummary>,
        /// They are so as a direct member of the group `administrators`; looked up where there are `groups`.
        direct_administrator: bool,
        /// The direct groups in the order joined; `None` where memberships come with the groups.
        groups: Option<Vec<PositionedGroup>>,
        /// The stored value of the password, where it is asked for.
        password_hash: Option<String>,
    },
    /// A group without its lists.
    Group(Box<Group>),
    /// A name in a group's list of users.
    Member {
        /// The group.
        group: String,
        /// The user, who may not exist, as the group's list has the name.
        user: String,
        /// The place in the order of all memberships; `None` where the order of the members tells it.
        place: Option<u64>,
    },
    /// A group in a group. One of them may not exist.
    Subgroup {
        /// The group that contains, as the list of the other group has the name.
        group: String,
        /// The group that is contained, as the list of the other group has the name.
        subgroup: String,
        /// The place in the order of all memberships.
        place: u64,
    },
}

/// In which order, and what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// Users first, and memberships with the groups, each group followed by its own. Otherwise groups first, then which
    /// is in which, then users with their groups, then pending members.
    pub members_with_groups: bool,
    /// Stored values of passwords too.
    pub passwords: bool,
}

/// Shows everything in that state of a directory.
///
/// # Errors
/// Those of the database and of the visitor.
pub fn export(
    snapshot: &Snapshot,
    options: ExportOptions,
    visit: &mut dyn FnMut(Exported) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let rows = snapshot.rows();
    let places = rows.membership_positions(if options.members_with_groups {
        PositionScope::Groups
    } else {
        PositionScope::All
    })?;
    if options.members_with_groups {
        users(&rows, options, &places, visit)?;
        return groups(&rows, &mut |group| {
            let (id, name) = (group.id, group.name.clone());
            visit(Exported::Group(Box::new(group)))?;
            for (parent, place) in rows.list_pending_members_of(id, MemberList::Parents, &places)? {
                visit(Exported::Subgroup { group: parent, subgroup: name.clone(), place })?;
            }
            for user in rows.list_names(id, MemberList::Users)? {
                visit(Exported::Member { group: name.clone(), user, place: None })?;
            }
            for (written, subgroup, place) in rows.list_positioned_subgroups_of(id, &places)? {
                visit(Exported::Subgroup { group: written.unwrap_or_else(|| name.clone()), subgroup, place })?;
            }
            Ok(())
        });
    }
    groups(&rows, &mut |group| visit(Exported::Group(Box::new(group))))?;
    for (group, subgroup, place) in rows.list_positioned_subgroups(&places)? {
        visit(Exported::Subgroup { group, subgroup, place })?;
    }
    users(&rows, options, &places, visit)?;
    for (list, group, name, place) in rows.list_pending_members(&places)? {
        visit(match list {
            MemberList::Users => Exported::Member { group, user: name, place: Some(place) },
            MemberList::Groups => Exported::Subgroup { group, subgroup: name, place },
            MemberList::Parents => Exported::Subgroup { group: name, subgroup: group, place },
        })?;
    }
    Ok(())
}

fn groups(rows: &ReadTx<'_>, visit: &mut dyn FnMut(Group) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (mut after, mut others) = (String::new(), Vec::new());
    loop {
        let found = rows.list_groups_after(&Filter::everything(), &after, ROWS_PER_READ)?;
        let Some((last, _, _)) = found.last() else { return others.into_iter().try_for_each(visit) };
        after.clone_from(&last.key);
        for (group, _, _) in found {
            if has_own_key(&group.name, &group.key) { visit(group)? } else { others.push(group) }
        }
    }
}

/// True if a row has the key of its name. Rows with an older key are exported last: an import gives the key of the name
/// to the row that comes first.
fn has_own_key(name: &str, stored: &str) -> bool {
    name.is_ascii() || fold_name(name) == stored
}

fn users(
    rows: &ReadTx<'_>,
    options: ExportOptions,
    places: &MembershipPositions,
    visit: &mut dyn FnMut(Exported) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut show = |mut account: UserSummary| {
        let id = account.user.id;
        account.user = rows.with_scim_document(account.user)?;
        // The first user of a new database is an administrator there: what is no membership has to be said, too.
        let is_first = account.user.username.eq_ignore_ascii_case(FIRST_USER);
        let with_groups = !options.members_with_groups || (is_first && !rows.is_direct_administrator(id)?);
        let groups = with_groups.then(|| rows.list_positioned_groups_of(id, places)).transpose()?;
        let direct_administrator = groups.is_some() && account.administrator && rows.is_direct_administrator(id)?;
        let secret = if options.passwords { rows.find_login_by_id(id)? } else { None };
        let password_hash = secret.and_then(|secret| secret.password_hash);
        visit(Exported::User { account: Box::new(account), direct_administrator, groups, password_hash })
    };
    let (mut after, mut others) = (String::new(), Vec::new());
    loop {
        let found = rows.list_users_after(&Filter::everything(), &after, ROWS_PER_READ)?;
        let Some(last) = found.last() else { return others.into_iter().try_for_each(show) };
        after.clone_from(&last.user.key);
        for account in found {
            if has_own_key(&account.user.username, &account.user.key) { show(account)? } else { others.push(account) }
        }
    }
}

/// Counts what an export has to show: users and groups.
///
/// # Errors
/// Those of the database.
pub fn count(snapshot: &Snapshot) -> Result<u64> {
    let counts = snapshot.rows().counts()?;
    Ok(counts.users + counts.groups)
}
