//! Verbs on users.

use super::lookup::{load_user, load_user_by_id, load_user_id, load_user_with_groups, require_precondition};
use super::names::{missing_key, new_key, new_key_of};
use super::permissions::{
    AdministratorGuard, Operation, require_no_administrator, require_no_administrator_groups, require_unprotected,
};
use super::rules::Rules;
use super::transactions::Directory;
use super::user_writes::{UserUpdate, insert_missing_user, insert_user, insert_user_with_key, load_joined_groups};
use crate::model::{
    Caller, DeniedAction, EntityKind, Error, Filter, Precondition, Result, User, UserChanges, UserRef, UserSummary,
    UserWithGroups, check_login, fold_name,
};
use crate::store::WriteTx;
use std::collections::HashSet;

/// A user to create.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// The login. A missing one is reported after the caller's permission was checked.
    pub username: Option<String>,
    /// A password in plain text, or, from an administrator, a hash.
    pub password: Option<String>,
    /// A missing password is refused where the operator's settings require one.
    pub checks_password: bool,
    /// Fields, groups and role.
    pub changes: UserChanges,
}

/// A change of a user.
#[derive(Debug, Clone, Default)]
pub struct UserEdit {
    /// Fields, groups and role.
    pub changes: UserChanges,
    /// Another password in plain text, or, from an administrator, a hash.
    pub password: Option<String>,
    /// Another login.
    pub username: Option<String>,
    /// Further names in the request. Each has to mean the same user.
    pub also_named: Vec<String>,
    /// The state that the user has to be in.
    pub precondition: Precondition,
}

impl Directory {
    /// Creates a user. The password is hashed before the transaction, after permission and conflicts were checked; the
    /// transaction checks both again.
    ///
    /// # Errors
    /// In this order: `Forbidden` for callers who may create no user; `UsernameRequired`; `TooManyNames`; `Forbidden` for
    /// groups that grant administrator rights; `Invalid` and `Exists` for the name; `PasswordRequired`; `Invalid` for the
    /// password; `UnknownGroups` and `Invalid` for fields.
    pub fn create_user(&self, new: NewUser) -> Result<UserWithGroups> {
        let NewUser { username, password, checks_password, mut changes } = new;
        self.require(Operation::CreateUser)?;
        let username = username.ok_or(Error::UsernameRequired)?;
        self.precheck_create_user(&username, &changes)?;
        changes.password = match password {
            Some(password) => Some(self.hash_first_password(&password)?),
            None if checks_password && self.passwords.required() => return Err(Error::PasswordRequired),
            None => None,
        };
        let username = check_login("user name", &username)?.to_owned();
        self.write_names(changes.names(), Operation::CreateUser, move |tx, caller| {
            require_no_administrator_groups(tx, caller, &changes, DeniedAction::Create)?;
            let user = insert_user(tx, caller, &username, &changes)?;
            load_user_with_groups(tx, user)
        })
    }

    /// Checks permission and conflicts before expensive work such as hashing.
    fn precheck_create_user(&self, username: &str, new: &UserChanges) -> Result<()> {
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
        self.require(Operation::CreateUser)?;
        let (rules, username) = (self.rules.clone(), check_login("user name", username)?.to_owned());
        self.write(Operation::CreateUser, move |tx, caller| {
            require_no_administrator_groups(tx, caller, &new, DeniedAction::Create)?;
            let user = match tx.find_user(&username)? {
                None => insert_missing_user(tx, caller, &username, &new)?,
                Some(user) if user.disabled => {
                    let update = UserUpdate {
                        changes: &changes,
                        condition: &Precondition::default(),
                        denied: DeniedAction::Create,
                    };
                    let id = user.id;
                    update.apply(tx, caller, &rules, user)?;
                    load_user_by_id(tx, id)?
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
        self.write_names(usernames.len(), Operation::CreateUser, move |tx, caller| {
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

    /// Changes a user. A password is hashed before the transaction, after the permission was checked; the transaction
    /// checks it again.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the caller may not change this user, or not into this; `UnknownGroups`;
    /// `OtherUser`; `LastAdministrator`; `InheritedAdministrator`; `Invalid`; `PreconditionFailed`; `TooManyNames`; for
    /// another login those of [`Directory::rename_user`].
    pub fn update_user<'r>(&self, user: impl Into<UserRef<'r>>, edit: UserEdit) -> Result<UserWithGroups> {
        let (rules, user) = (self.rules.clone(), user.into().into_owned());
        let UserEdit { mut changes, password, username, also_named, mut precondition } = edit;
        let username = username.map(|name| check_login("user name", &name).map(str::to_owned)).transpose()?;
        if changes.groups.is_some() || password.is_some() || !also_named.is_empty() {
            self.precheck_update_user(&user, &changes)?;
            self.require_same_user(&user, &also_named)?;
        }
        if let Some(password) = password {
            changes.password = self.hash_next_password(&user, &password)?;
        }
        self.write_names(changes.names(), Operation::EditUser, move |tx, caller| {
            let mut before = load_user(tx, &user)?;
            let id = before.id;
            if let Some(username) = username.filter(|username| *username != before.username) {
                rename(tx, caller, &rules, &before, &username, &std::mem::take(&mut precondition))?;
                before = load_user_by_id(tx, id)?;
            }
            let update = UserUpdate { changes: &changes, condition: &precondition, denied: DeniedAction::Edit };
            update.apply(tx, caller, &rules, before)?;
            // Read after the commit, the answer could show, and tag, a later change of another client.
            load_user_with_groups(tx, load_user_by_id(tx, id)?)
        })
    }

    /// Checks the permission before expensive work such as hashing.
    pub(super) fn precheck_update_user(&self, user: &UserRef<'_>, changes: &UserChanges) -> Result<()> {
        self.require(Operation::EditUser)?;
        self.require_names(changes.names())?;
        self.read(|rows| {
            let id = load_user_id(rows, user)?;
            require_no_administrator(&self.caller, rows.is_administrator(id)?, DeniedAction::Edit)?;
            require_no_administrator_groups(rows, &self.caller, changes, DeniedAction::Edit)?;
            load_joined_groups(rows, changes.groups.as_deref().unwrap_or_default()).map(drop)
        })
    }

    /// Gives a user another login. Memberships, tokens and the password stay. Groups that have the new login in their
    /// lists get the user as a member, which is checked as adding that membership. Pending members of the old login stay
    /// pending.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the caller may not change this user, or not give the right that the new login brings;
    /// `PreconditionFailed`; `Protected`; `Exists`; `Invalid` for a login that no new user could have.
    pub fn rename_user<'r>(
        &self,
        user: impl Into<UserRef<'r>>,
        username: &str,
        precondition: Precondition,
    ) -> Result<UserWithGroups> {
        self.require(Operation::RenameUser)?;
        let (rules, user) = (self.rules.clone(), user.into().into_owned());
        let username = check_login("user name", username)?.to_owned();
        self.write(Operation::RenameUser, move |tx, caller| {
            let before = load_user(tx, &user)?;
            rename(tx, caller, &rules, &before, &username, &precondition)?;
            load_user_with_groups(tx, load_user_by_id(tx, before.id)?)
        })
    }

    /// Disables a user, who stays readable.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `AlreadyDisabled`, `LastAdministrator`; `PreconditionFailed` when the condition is not met.
    pub fn disable_user<'r>(&self, user: impl Into<UserRef<'r>>, condition: Precondition) -> Result<()> {
        let (rules, user) = (self.rules.clone(), user.into().into_owned());
        self.write(Operation::EditUser, move |tx, caller| {
            let user = load_user(tx, &user)?;
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
    pub fn delete_user<'r>(&self, user: impl Into<UserRef<'r>>, condition: Precondition) -> Result<()> {
        let (rules, user) = (self.rules.clone(), user.into().into_owned());
        if !Operation::EditUser.is_allowed_to(&self.caller) {
            self.read(|rows| load_user_id(rows, &user))?;
        }
        self.write(Operation::EditUser, move |tx, caller| {
            let user = load_user(tx, &user)?;
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
        self.require(Operation::PurgeUsers)?;
        let filter = [Filter::disabled(true), Filter::UnchangedSince(unchanged_since)].into_iter().collect();
        loop {
            // Others can write while all users are looked through.
            let found = self.read(|rows| rows.list_users_after(&filter, "", limit))?;
            if found.is_empty() {
                return Ok(Vec::new());
            }
            let removed = self.write_alone(Operation::PurgeUsers, move |tx, _| {
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

/// Gives a user another login, see [`Directory::rename_user`].
fn rename(
    tx: &WriteTx<'_>,
    caller: &Caller,
    rules: &Rules,
    before: &User,
    username: &str,
    condition: &Precondition,
) -> Result<()> {
    require_no_administrator(caller, tx.is_administrator(before.id)?, DeniedAction::Edit)?;
    require_precondition(tx, before, condition)?;
    require_unprotected(caller, rules, before)?;
    if username != before.username {
        let key = new_key_of(tx, before, username)?;
        tx.rename_user(before, username, &key)?;
        require_no_administrator(caller, tx.is_administrator(before.id)?, DeniedAction::Membership)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
