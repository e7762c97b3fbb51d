//! The operations for programs that embed Rollbook.

use super::values::{Change, Changes, Group, GroupFields, Key, KeyPurpose, NewKey, User, UserFields, UserSelection};
use super::{Error, ErrorKind, Result};
use crate::directory::{self, ChangeCursor, ListSelection, MembershipView, NewUser, Passwords, UserEdit};
use crate::model::{self, GroupRef, Precondition, UserSummary, UserWithGroups};
use crate::store::{Store, TempDatabase, back_up};
use crate::sync::{exclusive, shared};
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// The caller name in the audit log.
const CALLER: &str = "library";

/// The directory while it is open. Running calls keep it open; after it is closed, all calls fail.
pub(super) struct Gate {
    open: RwLock<Option<Open>>,
}

struct Open {
    store: Arc<Store>,
    passwords: Arc<Passwords>,
    keep_tokens: bool,
}

impl Gate {
    pub(super) fn new(store: Arc<Store>, passwords: Arc<Passwords>, keep_tokens: bool) -> Gate {
        Gate { open: RwLock::new(Some(Open { store, passwords, keep_tokens })) }
    }

    /// Waits for running calls, then closes the directory for further calls.
    pub(super) fn close(&self) {
        let open = exclusive(&self.open).take();
        drop(open);
    }
}

/// The users, groups and keys of an open directory, for calls without HTTP. Each call blocks until it is done; when it
/// returns, its change is on disk. Clones refer to the same directory and can be used in any thread. After the
/// directory is closed, calls fail with [`ErrorKind::Closed`].
///
/// The calls have all rights, like commands on the machine of the server; they can also change protected users. In the
/// audit log their changes have the caller kind `operator`, the caller `library` or the name of [`Directory::by`], and
/// the dialect `library`.
#[derive(Clone)]
pub struct Directory {
    gate: Arc<Gate>,
    caller: Arc<str>,
}

impl Directory {
    pub(super) fn new(gate: &Arc<Gate>) -> Directory {
        Directory { gate: Arc::clone(gate), caller: CALLER.into() }
    }

    /// The same directory, with another caller name in the audit log.
    #[must_use]
    pub fn by(&self, caller: &str) -> Directory {
        Directory { gate: Arc::clone(&self.gate), caller: caller.into() }
    }

    /// The user with this login, or `None`.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn find_user(&self, name: &str) -> Result<Option<User>> {
        found(self.with(|directory| directory.user(name)))
    }

    /// Up to `limit` selected users in the order of logins, after the login `after`. For the first page `after` is
    /// empty, for the next page the last login of the page before.
    ///
    /// # Errors
    /// `NotFound` if the group of the selection does not exist; `Invalid` if its text has more than 32 words.
    pub fn users(&self, selection: &UserSelection, after: &str, limit: u64) -> Result<Vec<User>> {
        let group = selection.group.as_deref().map(GroupRef::from);
        let found = self.with(|directory| directory.users_after(selection.filter()?, group, after, limit))?;
        Ok(found.into_iter().map(User::from).collect())
    }

    /// Creates a user.
    ///
    /// # Errors
    /// `Exists`; `NotFound` for an unknown group; `Invalid`.
    pub fn create_user(&self, name: &str, fields: &UserFields) -> Result<User> {
        let new = NewUser {
            username: Some(name.to_owned()),
            password: fields.password.clone(),
            checks_password: false,
            changes: fields.changes()?,
        };
        let profile = self.with(|directory| directory.create_user(new))?;
        Ok(user_of(profile))
    }

    /// Changes the given fields of a user.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`; `Refused` if no enabled administrator would remain.
    pub fn update_user(&self, name: &str, fields: &UserFields) -> Result<User> {
        let edit = UserEdit { changes: fields.changes()?, password: fields.password.clone(), ..UserEdit::default() };
        let profile = self.with(|directory| directory.update_user(name, edit))?;
        Ok(user_of(profile))
    }

    /// Gives a user another login. Memberships, tokens and the password stay.
    ///
    /// # Errors
    /// `NotFound`; `Exists`; `Invalid` for a login that no new user could have.
    pub fn rename_user(&self, name: &str, new_name: &str) -> Result<User> {
        let profile = self.with(|directory| directory.rename_user(name, new_name, Precondition::default()))?;
        Ok(user_of(profile))
    }

    /// Deletes a user permanently. To keep the user's data, disable the user: `UserFields::new().disabled(true)`.
    ///
    /// # Errors
    /// `NotFound`; `Refused` if no enabled administrator would remain.
    pub fn delete_user(&self, name: &str) -> Result<()> {
        self.with(|directory| directory.delete_user(name, Precondition::default()))
    }

    /// Sets the password of a user, and ends the sessions of the user.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`.
    pub fn set_password(&self, name: &str, password: &str) -> Result<()> {
        self.with(|directory| directory.set_password(name, password))
    }

    /// The names of the direct groups of a user, in the order in which the user joined them.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn groups_of(&self, user: &str) -> Result<Vec<String>> {
        let profile = self.with(|directory| directory.user_with_groups(user))?;
        Ok(profile.groups.iter().map(|group| group.name.clone()).collect())
    }

    /// The group with this name, or `None`.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn find_group(&self, name: &str) -> Result<Option<Group>> {
        found(self.with(|directory| Ok(directory.group(name, ListSelection::default())?.group)))
    }

    /// Up to `limit` groups in the order of names, after the name `after`, see [`Directory::users`].
    ///
    /// # Errors
    /// Errors of the database.
    pub fn groups(&self, after: &str, limit: u64) -> Result<Vec<Group>> {
        let found = self.with(|directory| directory.groups_after(None, after, limit))?;
        Ok(found.into_iter().map(|(group, ..)| Group::from(group)).collect())
    }

    /// Creates a group.
    ///
    /// # Errors
    /// `Exists`; `Invalid`.
    pub fn create_group(&self, name: &str, fields: &GroupFields) -> Result<Group> {
        let changes = fields.changes()?;
        Ok(self.with(|directory| directory.create_group(name, changes, ListSelection::default()))?.group.into())
    }

    /// Changes the given fields of a group.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`; `Refused` if no enabled administrator would remain.
    pub fn update_group(&self, name: &str, fields: &GroupFields) -> Result<Group> {
        let changes = fields.changes()?;
        let updated = self.with(|directory| {
            directory.update_group(name, changes, ListSelection::default(), Precondition::default())
        })?;
        Ok(updated.group.into())
    }

    /// Deletes a group permanently. Its members are not deleted.
    ///
    /// # Errors
    /// `NotFound`; `Refused` if no enabled administrator would remain.
    pub fn delete_group(&self, name: &str) -> Result<()> {
        self.with(|directory| directory.delete_group(name, Precondition::default()))
    }

    /// Adds a user to a group. Does nothing if the user is a direct member already.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn add_member(&self, group: &str, user: &str) -> Result<()> {
        self.with(|directory| directory.add_member(MembershipView::Group, user, group)).map(drop)
    }

    /// Removes a user from a group. Does nothing if the user is not a direct member.
    ///
    /// # Errors
    /// `NotFound`; `Refused` if no enabled administrator would remain.
    pub fn remove_member(&self, group: &str, user: &str) -> Result<()> {
        self.with(|directory| directory.remove_member(MembershipView::Group, user, group)).map(drop)
    }

    /// Adds a subgroup to a group. Does nothing if it is a direct subgroup already.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` if a group would contain itself.
    pub fn add_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        self.with(|directory| directory.add_subgroup(group, subgroup))
    }

    /// Removes a subgroup from a group. Does nothing if it is not a direct subgroup.
    ///
    /// # Errors
    /// `NotFound`; `Refused` if no enabled administrator would remain.
    pub fn remove_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        self.with(|directory| directory.remove_subgroup(group, subgroup))
    }

    /// The names of the direct subgroups of a group, in the order of its list.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn subgroups(&self, group: &str) -> Result<Vec<String>> {
        let lists = ListSelection { member_groups: true, ..ListSelection::default() };
        Ok(self.with(|directory| directory.group(group, lists))?.member_groups.unwrap_or_default())
    }

    /// Creates a key.
    ///
    /// # Errors
    /// `Invalid` for an invalid name.
    pub fn create_key(&self, purpose: KeyPurpose, name: &str) -> Result<NewKey> {
        let (id, secret) = self.with(|directory| directory.create_key(purpose.into(), name))?;
        Ok(NewKey { id, secret })
    }

    /// All keys, including revoked ones.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn keys(&self) -> Result<Vec<Key>> {
        Ok(self.with(directory::Directory::keys)?.into_iter().filter_map(Key::of).collect())
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// `Invalid` if there is no valid key with this number.
    pub fn revoke_key(&self, id: i64) -> Result<()> {
        self.with(|directory| directory.revoke_key(id))
    }

    /// The changes after the change number `after`, oldest first: at most `limit` changes and about a megabyte. With
    /// `None` they begin with the oldest change in the audit log. If there are none yet, waits up to `patience` for the
    /// first one.
    ///
    /// # Errors
    /// `Outdated` if the audit log no longer has all changes after that number, or if a backup was restored. Then read
    /// the whole directory again.
    pub fn changes(&self, after: Option<i64>, limit: u64, patience: Duration) -> Result<Changes> {
        let since = after.map_or(ChangeCursor::Oldest, ChangeCursor::Change);
        let found = self.with(|directory| directory.changes(since, limit, patience))?;
        Ok(Changes { changes: found.changes.into_iter().map(Change::from).collect(), next: found.next })
    }

    /// Copies the directory to a new file, which is complete and on disk when this returns. Other calls can write
    /// meanwhile.
    ///
    /// # Errors
    /// `Exists` if the file exists; `Unavailable` if the directory is being closed; `Other` if the file cannot be
    /// written.
    pub fn backup(&self, file: impl AsRef<Path>) -> Result<()> {
        // Made absolute, `-` is an ordinary file name and not standard output.
        let file = std::path::absolute(file.as_ref()).map_err(anyhow::Error::from)?;
        let open = shared(&self.gate.open);
        let Some(Open { store, .. }) = &*open else { return Err(Error::closed()) };
        if file.symlink_metadata().is_ok() {
            return Err(Error::new(ErrorKind::Exists, format!("{} exists", file.display())));
        }
        let copied = TempDatabase::empty(store.path())?;
        store.copy_to(&copied.path().file_name().unwrap_or_default().to_string_lossy())?;
        back_up(store.path(), Some(&copied), &file, false)?;
        Ok(())
    }

    fn with<T>(&self, call: impl FnOnce(&directory::Directory) -> model::Result<T>) -> Result<T> {
        let open = shared(&self.gate.open);
        let Some(Open { store, passwords, keep_tokens }) = &*open else { return Err(Error::closed()) };
        let (store, passwords) = (Arc::clone(store), Arc::clone(passwords));
        let directory = directory::Directory::for_library(store, passwords, &self.caller).keeping_tokens(*keep_tokens);
        Ok(call(&directory)?)
    }
}

/// Converts `NotFound` to `None`.
fn found<T, V: From<T>>(result: Result<T>) -> Result<Option<V>> {
    match result {
        Ok(value) => Ok(Some(value.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn user_of(UserWithGroups { user, administrator, .. }: UserWithGroups) -> User {
    UserSummary { user, administrator }.into()
}
