//! Finds users and groups by name or uuid.

use super::transactions::Directory;
use crate::model::{
    DeniedAction, EntityKind, Error, EtagScope, Group, GroupRef, Precondition, Result, User, UserRef, UserSummary,
    UserWithGroups, fold_name, spelling_key,
};
use crate::store::{ReadTx, WriteTx};

impl Directory {
    /// The user of that name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user<'r>(&self, user: impl Into<UserRef<'r>>) -> Result<UserSummary> {
        let user = user.into();
        self.read(|rows| {
            let user = load_user(rows, &user)?;
            let administrator = rows.is_administrator(user.id)?;
            Ok(UserSummary { user, administrator })
        })
    }

    /// The user of that name with all groups.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user_with_groups<'r>(&self, user: impl Into<UserRef<'r>>) -> Result<UserWithGroups> {
        let user = user.into();
        self.read(|rows| load_user_with_groups(rows, load_user(rows, &user)?))
    }

    /// Looks whether there is a user of that name, and reads nothing of them.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn require_user<'r>(&self, user: impl Into<UserRef<'r>>) -> Result<()> {
        let user = user.into();
        self.read(|rows| load_user_id(rows, &user)).map(drop)
    }

    /// Refuses names that do not mean that user.
    pub(super) fn require_same_user(&self, user: &UserRef<'_>, names: &[String]) -> Result<()> {
        let same_text = |name: &String| matches!(user, UserRef::Name(own) if spelling_key(own) == spelling_key(name));
        if names.iter().all(same_text) {
            return Ok(());
        }
        self.read(|rows| {
            let id = load_user_id(rows, user)?;
            for name in names {
                match rows.find_user_id(name)? {
                    Some(other) if other == id => {}
                    other => return Err(Error::OtherUser { name: name.clone(), exists: other.is_some() }),
                }
            }
            Ok(())
        })
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

    /// True if there is a group of that name.
    pub fn has_group(&self, name: &str) -> Result<bool> {
        self.read(|rows| Ok(rows.find_group_id(name)?.is_some()))
    }

    /// True if two names mean one group.
    pub fn is_one_group(&self, one: &str, other: &str) -> Result<bool> {
        if spelling_key(one) == spelling_key(other) {
            return Ok(true);
        }
        self.read(|rows| {
            Ok(fold_name(one) == fold_name(other) && rows.find_group_id(one)? == rows.find_group_id(other)?)
        })
    }
}

pub(super) fn load_user(rows: &ReadTx<'_>, user: &UserRef<'_>) -> Result<User> {
    let found = match user {
        UserRef::Name(name) => rows.find_user(name)?,
        UserRef::Uuid(uuid) => match rows.find_user_id_by_uuid(uuid)? {
            Some(id) => rows.find_user_by_id(id)?,
            None => None,
        },
    };
    found.ok_or_else(|| no_user(user))
}

/// A user whose row id was found in the same transaction.
pub(super) fn load_user_by_id(rows: &ReadTx<'_>, id: i64) -> Result<User> {
    rows.find_user_by_id(id)?.ok_or_else(|| Error::Internal(anyhow::anyhow!("the user {id} is gone")))
}

pub(super) fn load_user_id(rows: &ReadTx<'_>, user: &UserRef<'_>) -> Result<i64> {
    let found = match user {
        UserRef::Name(name) => rows.find_user_id(name)?,
        UserRef::Uuid(uuid) => rows.find_user_id_by_uuid(uuid)?,
    };
    found.ok_or_else(|| no_user(user))
}

pub(super) fn find_group(rows: &ReadTx<'_>, group: &GroupRef<'_>) -> Result<Option<Group>> {
    match group {
        GroupRef::Name(name) => rows.find_group(name),
        GroupRef::Uuid(uuid) => match rows.find_group_id_by_uuid(uuid)? {
            Some(id) => rows.find_group_by_id(id),
            None => Ok(None),
        },
    }
}

pub(super) fn load_group(rows: &ReadTx<'_>, group: &GroupRef<'_>) -> Result<Group> {
    find_group(rows, group)?.ok_or_else(|| no_group(group))
}

/// A group whose row id was found in the same transaction.
pub(super) fn load_group_by_id(rows: &ReadTx<'_>, id: i64) -> Result<Group> {
    rows.find_group_by_id(id)?.ok_or_else(|| Error::Internal(anyhow::anyhow!("the group {id} is gone")))
}

pub(super) fn load_group_id(rows: &ReadTx<'_>, group: &GroupRef<'_>) -> Result<i64> {
    let found = match group {
        GroupRef::Name(name) => rows.find_group_id(name)?,
        GroupRef::Uuid(uuid) => rows.find_group_id_by_uuid(uuid)?,
    };
    found.ok_or_else(|| no_group(group))
}

/// The user with all their groups.
pub(super) fn load_user_with_groups(rows: &ReadTx<'_>, user: User) -> Result<UserWithGroups> {
    let groups = rows.list_groups_of(user.id)?;
    let ancestors = rows.list_ancestors(&groups)?;
    let administrator = groups.iter().chain(&ancestors).any(|group| group.is_administrators());
    Ok(UserWithGroups { user, groups, ancestors, administrator })
}

/// The user of that row id with all their groups.
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

fn no_user(user: &UserRef<'_>) -> Error {
    Error::NotFound(EntityKind::User, user.to_string())
}

fn no_group(group: &GroupRef<'_>) -> Error {
    Error::NotFound(EntityKind::Group, group.to_string())
}
