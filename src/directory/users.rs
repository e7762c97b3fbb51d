//! Verbs on users.

use super::lookup::{load_user, load_user_id, load_user_with_groups, require_precondition};
use super::names::{missing_key, new_key};
use super::permissions::{
    AdministratorGuard, require_no_administrator, require_no_administrator_groups, require_unprotected,
};
use super::transactions::Directory;
use super::user_writes::{UserUpdate, insert_user, insert_user_with_key, load_joined_groups};
use crate::model::{
    DeniedAction, EntityKind, Error, PermissionLevel, Precondition, Result, UserChanges, UserSummary, UserWithGroups,
    check_login, fold_name,
};
use crate::store::UserFilter;
use std::collections::HashSet;

impl Directory {
    /// Creates a user.
    ///
    /// # Errors
    /// `Forbidden` when the caller may not, or not one with these groups; `Exists`; `UnknownGroups`; `Invalid`
    /// for a name or fields that cannot be; `TooManyNames`.
    pub fn create_user(&self, username: &str, new: UserChanges) -> Result<UserWithGroups> {
        self.require_user_creator()?;
        let username = check_login("user name", username)?.to_owned();
        self.write_names(new.names(), PermissionLevel::Creator, DeniedAction::Create, move |tx, caller| {
            require_no_administrator_groups(tx, caller, &new, DeniedAction::Create)?;
            let user = insert_user(tx, caller, &username, &new)?;
            load_user_with_groups(tx, user)
        })
    }

    /// Whether [`Directory::create_user`] would begin: asked before work that only a creation is worth, such as
    /// hashing a password.
    ///
    /// # Errors
    /// `Forbidden`, `Exists` and `TooManyNames`.
    pub fn may_create_user(&self, username: &str, new: &UserChanges) -> Result<()> {
        self.require_user_creator()?;
        self.require_names(new.names())?;
        self.read(|rows| {
            require_no_administrator_groups(rows, &self.caller, new, DeniedAction::Create)?;
            new_key(rows, EntityKind::User, username).map(drop)
        })
    }

    /// Creates a user, or changes one that is there and disabled, and stays so.
    ///
    /// # Errors
    /// As [`Directory::create_user`]; `Exists` only for an enabled user.
    pub fn create_or_change_disabled_user(
        &self,
        username: &str,
        new: UserChanges,
        changes: UserChanges,
    ) -> Result<UserWithGroups> {
        self.require_user_creator()?;
        let (rules, username) = (self.rules.clone(), check_login("user name", username)?.to_owned());
        self.write(PermissionLevel::Creator, DeniedAction::Create, move |tx, caller| {
            require_no_administrator_groups(tx, caller, &new, DeniedAction::Create)?;
            let user = match tx.find_user(&username)? {
                None => insert_user(tx, caller, &username, &new)?,
                Some(user) if user.disabled => {
                    let update = UserUpdate {
                        changes: &changes,
                        condition: &Precondition::default(),
                        denied: DeniedAction::Create,
                    };
                    update.apply(tx, caller, &rules, user)?;
                    load_user(tx, &username)?
                }
                Some(_) => return Err(Error::Exists(EntityKind::User, username)),
            };
            load_user_with_groups(tx, user)
        })
    }

    /// Creates those of these users who do not exist, all or none.
    ///
    /// # Errors
    /// `Forbidden` when the caller may not; `Invalid` for a name that cannot be; `TooManyNames`.
    pub fn create_missing_users(&self, usernames: Vec<String>) -> Result<()> {
        self.write_names(usernames.len(), PermissionLevel::Creator, DeniedAction::Create, move |tx, caller| {
            let mut made = HashSet::new();
            for (username, found) in usernames.iter().zip(tx.find_user_ids(&usernames)?) {
                let username = check_login("user name", username)?;
                if found.is_some() || !made.insert(fold_name(username)) {
                    continue;
                }
                match missing_key(tx, EntityKind::User, username) {
                    Ok(key) => insert_user_with_key(tx, caller, username, key, &UserChanges::default()).map(drop)?,
                    Err(Error::Exists(..)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    /// Refuses callers who could create no user at all, before anything about it is looked at.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require_user_creator(&self) -> Result<()> {
        self.caller.require(PermissionLevel::Creator, DeniedAction::Create)
    }

    /// Refuses callers who could change no user at all, before anything about the change is looked at.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require_editor(&self) -> Result<()> {
        self.caller.require(PermissionLevel::PowerUser, DeniedAction::Edit)
    }

    /// Changes a user.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the caller may not change this user, or not into this; `UnknownGroups`;
    /// `LastAdministrator`; `InheritedAdministrator`; `Invalid`; `PreconditionFailed` when the condition is not met;
    /// `TooManyNames`.
    pub fn update_user(&self, username: &str, changes: UserChanges, condition: Precondition) -> Result<UserWithGroups> {
        let (rules, username) = (self.rules.clone(), username.to_owned());
        self.write_names(changes.names(), PermissionLevel::PowerUser, DeniedAction::Edit, move |tx, caller| {
            let user = load_user(tx, &username)?;
            let update = UserUpdate { changes: &changes, condition: &condition, denied: DeniedAction::Edit };
            update.apply(tx, caller, &rules, user)?;
            // Read after the commit, the answer could show, and tag, what somebody else has made of it since.
            load_user_with_groups(tx, load_user(tx, &username)?)
        })
    }

    /// Whether [`Directory::update_user`] would begin: asked before work that only a change is worth.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `UnknownGroups` and `TooManyNames`.
    pub fn may_update_user(&self, username: &str, changes: &UserChanges) -> Result<()> {
        self.require_editor()?;
        self.require_names(changes.names())?;
        self.read(|rows| {
            let id = load_user_id(rows, username)?;
            require_no_administrator(&self.caller, rows.is_administrator(id)?, DeniedAction::Edit)?;
            require_no_administrator_groups(rows, &self.caller, changes, DeniedAction::Edit)?;
            load_joined_groups(rows, changes.groups.as_deref().unwrap_or_default()).map(drop)
        })
    }

    /// Disables a user, who stays readable.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `AlreadyDisabled`, `LastAdministrator`; `PreconditionFailed` when the condition is not met.
    pub fn disable_user(&self, username: &str, condition: Precondition) -> Result<()> {
        let (rules, username) = (self.rules.clone(), username.to_owned());
        self.write(PermissionLevel::PowerUser, DeniedAction::Edit, move |tx, caller| {
            let user = load_user(tx, &username)?;
            if user.disabled {
                require_no_administrator(caller, tx.is_administrator(user.id)?, DeniedAction::Edit)?;
                return Err(Error::AlreadyDisabled);
            }
            let changes = UserChanges { disabled: Some(true), ..UserChanges::default() };
            UserUpdate { changes: &changes, condition: &condition, denied: DeniedAction::Edit }
                .apply(tx, caller, &rules, user)
        })
    }

    /// Removes a user for good, with memberships and tokens.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `LastAdministrator`; `PreconditionFailed` when the condition is not met.
    pub fn delete_user(&self, username: &str, condition: Precondition) -> Result<()> {
        if self.caller.permission < PermissionLevel::PowerUser {
            self.require_user(username)?;
        }
        let (rules, username) = (self.rules.clone(), username.to_owned());
        self.write(PermissionLevel::PowerUser, DeniedAction::Edit, move |tx, caller| {
            let user = load_user(tx, &username)?;
            let was_administrator = tx.is_administrator(user.id)?;
            require_no_administrator(caller, was_administrator, DeniedAction::Edit)?;
            require_precondition(tx, &user, &condition)?;
            require_unprotected(caller, &rules, &user)?;
            let administrators = AdministratorGuard::before(tx, caller, &rules)?;
            tx.delete_user(user.id)?;
            if was_administrator { administrators.require_remaining_administrator(tx) } else { Ok(()) }
        })
    }

    /// Removes some of those who are disabled and were not changed since then (milliseconds since 1970-01-01 UTC), as
    /// many as asked for, for good. Returns their names.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators.
    pub fn purge_users(&self, unchanged_since: i64, limit: u64) -> Result<Vec<String>> {
        self.caller.require(PermissionLevel::Administrator, DeniedAction::Edit)?;
        let filter =
            UserFilter { disabled: Some(true), unchanged_since: Some(unchanged_since), ..UserFilter::default() };
        loop {
            // Others can write while all users are looked through.
            let found = self.read(|rows| rows.list_users_after(&filter, "", limit))?;
            if found.is_empty() {
                return Ok(Vec::new());
            }
            let removed = self.write_alone(PermissionLevel::Administrator, DeniedAction::Edit, move |tx, _| {
                let mut removed = Vec::with_capacity(found.len());
                for UserSummary { user, .. } in found {
                    // Since then a user may have been changed.
                    if tx.find_user_by_id(user.id)?.is_some_and(|now| now == user) {
                        tx.delete_user(user.id)?;
                        removed.push(user.username);
                    }
                }
                Ok(removed)
            })?;
            if !removed.is_empty() {
                return Ok(removed);
            }
        }
    }
}
