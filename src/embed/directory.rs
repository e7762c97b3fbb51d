//! The verbs for programs that embed Rollbook.

use super::values::{Change, Changes, Group, GroupFields, Key, KeyPurpose, NewKey, User, UserFields, UserSelection};
use super::{Error, ErrorKind, Result};
use crate::directory::{self, ChangeCursor, ListSelection, MembershipView, NewUser, Passwords, UserEdit};
use crate::model::{self, GroupRef, Precondition, UserSummary, UserWithGroups};
use crate::store::{Store, TempDatabase, back_up};
use crate::sync::{exclusive, shared};
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// The name under which changes are recorded.
const CALLER: &str = "library";

/// The directory while it is open. Calls that run keep it open; once it is closed all fail.
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

    /// Waits for the calls that run, and lets none in any more.
    pub(super) fn close(&self) {
        let open = exclusive(&self.open).take();
        drop(open);
    }
}

/// The users, groups and keys of an open directory, for calls without HTTP. Each call blocks until it is done, and a
/// change is on disk when its call returns. Copies belong to the same directory and can be used by any thread. After the
/// end of the directory each call fails with [`ErrorKind::Closed`](super::ErrorKind::Closed).
///
/// The caller may do everything, as commands on the server's own machine may; protected users are not protected from it.
/// Its changes have the caller kind `operator`, the caller `library` or the name of [`Directory::by`], and the dialect
/// `library` in the record of changes.
#[derive(Clone)]
pub struct Directory {
    gate: Arc<Gate>,
    caller: Arc<str>,
}

impl Directory {
    pub(super) fn new(gate: &Arc<Gate>) -> Directory {
        Directory { gate: Arc::clone(gate), caller: CALLER.into() }
    }

    /// The same directory, with another name in the record of changes.
    #[must_use]
    pub fn by(&self, caller: &str) -> Directory {
        Directory { gate: Arc::clone(&self.gate), caller: caller.into() }
    }

    /// The user of that name, or `None`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find_user(&self, name: &str) -> Result<Option<User>> {
        found(self.with(|directory| directory.user(name)))
    }

    /// The selected users whose names come after that one, in the order of names: an empty name begins the list, and the
    /// name of the last user of a part goes on with it.
    ///
    /// # Errors
    /// `NotFound` when the group of the selection does not exist.
    pub fn users(&self, selection: &UserSelection, after: &str, limit: u64) -> Result<Vec<User>> {
        let UserSelection { filter, group } = selection.clone();
        let found =
            self.with(|directory| directory.users_after(filter, group.as_deref().map(GroupRef::from), after, limit))?;
        Ok(found.into_iter().map(User::from).collect())
    }

    /// Creates a user.
    ///
    /// # Errors
    /// `Exists`; `NotFound` for a group that does not exist; `Invalid`.
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

    /// Changes a user.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`; `Refused` when no enabled administrator would remain.
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

    /// Removes a user for good. `UserFields::new().disabled(true)` keeps the record.
    ///
    /// # Errors
    /// `NotFound`; `Refused` when no enabled administrator would remain.
    pub fn delete_user(&self, name: &str) -> Result<()> {
        self.with(|directory| directory.delete_user(name, Precondition::default()))
    }

    /// Gives a user another password, which ends the sessions of the user.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`.
    pub fn set_password(&self, name: &str, password: &str) -> Result<()> {
        self.with(|directory| directory.set_password(name, password))
    }

    /// The names of the groups that a user is directly in, in the order joined.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn groups_of(&self, user: &str) -> Result<Vec<String>> {
        let profile = self.with(|directory| directory.user_with_groups(user))?;
        Ok(profile.groups.iter().map(|group| group.name.clone()).collect())
    }

    /// The group of that name, or `None`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find_group(&self, name: &str) -> Result<Option<Group>> {
        found(self.with(|directory| Ok(directory.group(name, ListSelection::default())?.group)))
    }

    /// The groups whose names come after that one, in the order of names, see [`Directory::users`].
    ///
    /// # Errors
    /// Those of the database.
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

    /// Changes a group.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`; `Refused` when no enabled administrator would remain.
    pub fn update_group(&self, name: &str, fields: &GroupFields) -> Result<Group> {
        let changes = fields.changes()?;
        let updated = self.with(|directory| {
            directory.update_group(name, changes, ListSelection::default(), Precondition::default())
        })?;
        Ok(updated.group.into())
    }

    /// Removes a group for good; its members stay.
    ///
    /// # Errors
    /// `NotFound`; `Refused` when no enabled administrator would remain.
    pub fn delete_group(&self, name: &str) -> Result<()> {
        self.with(|directory| directory.delete_group(name, Precondition::default()))
    }

    /// Makes a user a direct member of a group; nothing changes if they are one.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn add_member(&self, group: &str, user: &str) -> Result<()> {
        self.with(|directory| directory.add_member(MembershipView::Group, user, group)).map(drop)
    }

    /// Ends the direct membership of a user; nothing changes if there is none.
    ///
    /// # Errors
    /// `NotFound`; `Refused` when no enabled administrator would remain.
    pub fn remove_member(&self, group: &str, user: &str) -> Result<()> {
        self.with(|directory| directory.remove_member(MembershipView::Group, user, group)).map(drop)
    }

    /// Makes a group a direct member of another one; nothing changes if it is one.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` where a group would contain itself.
    pub fn add_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        self.with(|directory| directory.add_subgroup(group, subgroup))
    }

    /// Ends the direct membership of a group in another one; nothing changes if there is none.
    ///
    /// # Errors
    /// `NotFound`; `Refused` when no enabled administrator would remain.
    pub fn remove_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        self.with(|directory| directory.remove_subgroup(group, subgroup))
    }

    /// The names of the groups that are directly in a group, in the order of the group's list.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn subgroups(&self, group: &str) -> Result<Vec<String>> {
        let lists = ListSelection { member_groups: true, ..ListSelection::default() };
        Ok(self.with(|directory| directory.group(group, lists))?.member_groups.unwrap_or_default())
    }

    /// Makes a key.
    ///
    /// # Errors
    /// `Invalid` for a name that cannot be.
    pub fn create_key(&self, purpose: KeyPurpose, name: &str) -> Result<NewKey> {
        let (id, secret) = self.with(|directory| directory.create_key(purpose.into(), name))?;
        Ok(NewKey { id, secret })
    }

    /// All keys, revoked ones too.
    ///
    /// # Errors
    /// Those of the database.
    pub fn keys(&self) -> Result<Vec<Key>> {
        Ok(self.with(directory::Directory::keys)?.into_iter().filter_map(Key::of).collect())
    }

    /// Ends a key.
    ///
    /// # Errors
    /// `Invalid` when there is no valid key of that number.
    pub fn revoke_key(&self, id: i64) -> Result<()> {
        self.with(|directory| directory.revoke_key(id))
    }

    /// The changes after that number, the oldest first, as many as asked for or about a megabyte of them; without a number
    /// they begin with the oldest change that is kept. Waits so long for the first one.
    ///
    /// # Errors
    /// `Outdated` when not all changes after that number are kept, or the directory was restored from a backup: read it
    /// as a whole again.
    pub fn changes(&self, after: Option<i64>, limit: u64, patience: Duration) -> Result<Changes> {
        let since = after.map_or(ChangeCursor::Oldest, ChangeCursor::Change);
        let found = self.with(|directory| directory.changes(since, limit, patience))?;
        Ok(Changes { changes: found.changes.into_iter().map(Change::from).collect(), next: found.next })
    }

    /// Copies the directory into a new file, which is whole and on disk when this returns. Others write meanwhile.
    ///
    /// # Errors
    /// `Exists` when there is something of that name; `Unavailable` when the directory is being closed; `Other` when the
    /// file cannot be written.
    pub fn backup(&self, file: impl AsRef<Path>) -> Result<()> {
        // As it is here, `-` is a name like others and not standard output.
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

/// The value, or `None` where there is none of that name.
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
