//! How new users and changes of users are stored: what the verbs on users and the import share.

use super::lookup::{load_group_id, require_precondition};
use super::names::{missing_key, new_key};
use super::permissions::{
    AdministratorGuard, require_hash_permission, require_no_administrator, require_no_administrator_groups,
    require_unprotected,
};
use super::rules::Rules;
use super::text_properties;
use crate::model::{
    ADMINISTRATORS, AccessRole, Caller, DeniedAction, EntityKind, Error, Precondition, Result, User, UserChanges,
};
use crate::store::{JoinedGroup, NewMembership, ReadTx, WriteTx};
use std::collections::HashSet;

/// Stores a new user with groups and role.
pub(super) fn insert_user(tx: &WriteTx<'_>, caller: &Caller, username: &str, new: &UserChanges) -> Result<User> {
    let key = new_key(tx, EntityKind::User, username)?;
    insert_user_with_key(tx, caller, username, key, new)
}

/// The same for a name that no row has.
pub(super) fn insert_missing_user(
    tx: &WriteTx<'_>,
    caller: &Caller,
    username: &str,
    new: &UserChanges,
) -> Result<User> {
    let key = missing_key(tx, EntityKind::User, username)?;
    insert_user_with_key(tx, caller, username, key, new)
}

/// The same under a key that is not looked at.
pub(super) fn insert_user_with_key(
    tx: &WriteTx<'_>,
    caller: &Caller,
    username: &str,
    key: String,
    new: &UserChanges,
) -> Result<User> {
    let inserted = insert_without_groups(tx, caller, username, key, new)?;
    let groups = load_joined_groups(tx, new.groups.as_deref().unwrap_or_default())?;
    let groups: Vec<NewMembership<'_>> = groups.iter().map(NewMembership::last).collect();
    join_groups(tx, caller, inserted, new, &groups)
}

/// A new user who is in no group but those that had the name in their lists.
pub(super) struct InsertedUser {
    user: User,
    /// True if pending members became memberships.
    waited: bool,
}

/// Stores a new user without groups and role, under a key that is not looked at.
pub(super) fn insert_without_groups(
    tx: &WriteTx<'_>,
    caller: &Caller,
    username: &str,
    key: String,
    new: &UserChanges,
) -> Result<InsertedUser> {
    let mut user = User { username: username.to_owned(), key, ..User::default() };
    text_properties::apply(new, &mut user)?;
    require_hash_permission(caller, new)?;
    let (user, waited) = tx.insert_user(user, new.password.as_ref())?;
    Ok(InsertedUser { user, waited })
}

/// Gives a new user groups, each once, and role.
pub(super) fn join_groups(
    tx: &WriteTx<'_>,
    caller: &Caller,
    inserted: InsertedUser,
    new: &UserChanges,
    groups: &[NewMembership<'_>],
) -> Result<User> {
    let InsertedUser { user, waited } = inserted;
    // A new user joins the given groups, and those that list the login as a pending member.
    tx.insert_memberships_of(&user, waited, groups)?;
    // Also a name that waited in a group's list can make an administrator: asked before a role takes that away.
    if !caller.is_administrator() {
        require_no_administrator(caller, tx.is_administrator(user.id)?, DeniedAction::Create)?;
    }
    save_role(tx, user.id, new.access_role)?;
    Ok(user)
}

/// A change to a user that is to be stored.
pub(super) struct UserUpdate<'u> {
    pub(super) changes: &'u UserChanges,
    pub(super) condition: &'u Precondition,
    /// The kind of action in the error of a refusal.
    pub(super) denied: DeniedAction,
}

impl UserUpdate<'_> {
    /// Stores the change, unless it is about an administrator, before or after, and the caller is none.
    pub(super) fn apply(&self, tx: &WriteTx<'_>, caller: &Caller, rules: &Rules, before: User) -> Result<()> {
        let UserUpdate { changes, condition, denied } = *self;
        // Most changes neither come from a caller with less power nor can take any away.
        let rights = changes.groups.is_some() || changes.access_role.is_some() || changes.disabled == Some(true);
        let was_administrator = (rights || !caller.is_administrator()) && tx.is_administrator(before.id)?;
        require_no_administrator(caller, was_administrator, denied)?;
        require_no_administrator_groups(tx, caller, changes, denied)?;
        require_hash_permission(caller, changes)?;
        let mut before = before;
        if changes.scim.is_some() {
            before = tx.with_scim_document(before)?;
        }
        let mut user = before.clone();
        text_properties::apply(changes, &mut user)?;
        require_precondition(tx, &before, condition)?;
        if user.disabled && !before.disabled {
            require_unprotected(caller, rules, &before)?;
        }
        let administrators =
            (was_administrator && rights).then(|| AdministratorGuard::before(tx, caller, rules)).transpose()?;
        tx.update_user(&before, &user)?;
        if let Some(password) = &changes.password {
            tx.update_password(user.id, password)?;
        }
        if let Some(names) = &changes.groups {
            let groups = load_joined_groups(tx, names)?;
            tx.replace_groups_of(user.id, &groups.iter().map(|group| group.id).collect::<Vec<_>>())?;
        }
        save_role(tx, user.id, changes.access_role)?;
        if !caller.is_administrator() {
            require_no_administrator(caller, tx.is_administrator(user.id)?, denied)?;
        }
        administrators.map_or(Ok(()), |administrators| administrators.require_remaining_administrator(tx))
    }
}

/// The groups of these names, each once.
pub(super) fn load_joined_groups(rows: &ReadTx<'_>, names: &[String]) -> Result<Vec<JoinedGroup>> {
    let (mut groups, mut known) = (Vec::with_capacity(names.len()), HashSet::with_capacity(names.len()));
    let mut unknown = Vec::new();
    for (name, found) in names.iter().zip(rows.find_joined_groups(names)?) {
        match found {
            Some(group) if known.insert(group.id) => groups.push(group),
            Some(_) => {}
            None => unknown.push(name.trim().to_owned()),
        }
    }
    if unknown.is_empty() { Ok(groups) } else { Err(Error::UnknownGroups(unknown)) }
}

/// Gives the role that is a membership, or takes it.
pub(super) fn save_role(tx: &WriteTx<'_>, user_id: i64, role: Option<AccessRole>) -> Result<()> {
    match role {
        None => Ok(()),
        Some(AccessRole::Administrator) => {
            tx.insert_member(load_group_id(tx, &ADMINISTRATORS.into())?, user_id).map(drop)
        }
        Some(AccessRole::Standard | AccessRole::ReadOnly) => {
            tx.delete_member(load_group_id(tx, &ADMINISTRATORS.into())?, user_id)?;
            match tx.find_administrator_subgroup(user_id)? {
                Some(subgroup) => Err(Error::InheritedAdministrator(subgroup)),
                None => Ok(()),
            }
        }
    }
}
