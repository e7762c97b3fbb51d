//! Users and groups by their names.

use super::transactions::Directory;
use crate::model::{
    DeniedAction, EntityKind, Error, EtagScope, Group, Precondition, Result, User, UserSummary, UserWithGroups,
    fold_name, spelling_key,
};
use crate::store::{ReadTx, WriteTx};

impl Directory {
    /// The user of that name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user(&self, username: &str) -> Result<UserSummary> {
        self.read(|rows| {
            let user = load_user(rows, username)?;
            let administrator = rows.is_administrator(user.id)?;
            Ok(UserSummary { user, administrator })
        })
    }

    /// The user of that name with all groups.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user_with_groups(&self, username: &str) -> Result<UserWithGroups> {
        self.read(|rows| load_user_with_groups(rows, load_user(rows, username)?))
    }

    /// Looks whether there is a user of that name, and reads nothing of them.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn require_user(&self, username: &str) -> Result<()> {
        self.read(|rows| load_user_id(rows, username)).map(drop)
    }

    /// Whether two names mean one user.
    pub fn is_one_user(&self, one: &str, other: &str) -> Result<bool> {
        if spelling_key(one) == spelling_key(other) {
            return Ok(true);
        }
        self.read(|rows| Ok(fold_name(one) == fold_name(other) && rows.find_user_id(one)? == rows.find_user_id(other)?))
    }

    /// The caller as a user.
    ///
    /// # Errors
    /// `Forbidden` for keys, which are no users.
    pub fn own_user(&self) -> Result<UserWithGroups> {
        let id = self.own_id()?;
        self.read(|rows| load_user_with_groups(rows, rows.find_user_by_id(id)?.ok_or(Error::Unauthenticated)?))
    }

    pub(super) fn own_id(&self) -> Result<i64> {
        self.caller.user_id().ok_or(Error::Forbidden(DeniedAction::Operation))
    }

    /// Whether there is a group of that name.
    pub fn has_group(&self, name: &str) -> Result<bool> {
        self.read(|rows| Ok(rows.find_group_id(name)?.is_some()))
    }

    /// Whether two names mean one group.
    pub fn is_one_group(&self, one: &str, other: &str) -> Result<bool> {
        if spelling_key(one) == spelling_key(other) {
            return Ok(true);
        }
        self.read(|rows| {
            Ok(fold_name(one) == fold_name(other) && rows.find_group_id(one)? == rows.find_group_id(other)?)
        })
    }
}

pub(super) fn load_user(rows: &ReadTx<'_>, username: &str) -> Result<User> {
    rows.find_user(username)?.ok_or_else(|| no_user(username))
}

pub(super) fn load_user_id(rows: &ReadTx<'_>, username: &str) -> Result<i64> {
    rows.find_user_id(username)?.ok_or_else(|| no_user(username))
}

pub(super) fn load_group(rows: &ReadTx<'_>, name: &str) -> Result<Group> {
    rows.find_group(name)?.ok_or_else(|| no_group(name))
}

pub(super) fn load_group_id(rows: &ReadTx<'_>, name: &str) -> Result<i64> {
    rows.find_group_id(name)?.ok_or_else(|| no_group(name))
}

/// The user with all their groups.
pub(super) fn load_user_with_groups(rows: &ReadTx<'_>, user: User) -> Result<UserWithGroups> {
    let groups = rows.list_groups_of(user.id)?;
    let ancestors = rows.list_ancestors(&groups)?;
    let administrator = groups.iter().chain(&ancestors).any(|group| group.is_administrators());
    Ok(UserWithGroups { user, groups, ancestors, administrator })
}

/// The user of that inner id with all their groups.
pub(super) fn load_user_with_groups_by_id(rows: &ReadTx<'_>, id: i64) -> Result<Option<UserWithGroups>> {
    rows.find_user_by_id(id)?.map(|user| load_user_with_groups(rows, user)).transpose()
}

/// Refuses a change of a user who is not, at this moment, in a state that the condition allows.
pub(super) fn require_precondition(tx: &WriteTx<'_>, user: &User, condition: &Precondition) -> Result<()> {
    condition.check(|| {
        Ok(match condition.scope {
            EtagScope::User => user.etag(tx.is_administrator(user.id)?),
            EtagScope::UserWithGroups => load_user_with_groups(tx, user.clone())?.etag(),
        })
    })
}

fn no_user(username: &str) -> Error {
    Error::NotFound(EntityKind::User, username.trim().to_owned())
}

fn no_group(name: &str) -> Error {
    Error::NotFound(EntityKind::Group, name.trim().to_owned())
}
