//! The verbs: what a caller may see and do with users, groups and memberships. Rules and permissions are here,
//! for every dialect alike.

mod authentication;
mod change_feed;
mod export;
mod groups;
mod import;
mod integrity;
mod listing;
mod memberships;
mod names;
mod password_changes;
mod passwords;
mod permissions;
mod seed;
mod tokens;
mod users;

pub use crate::store::{Credential, CredentialKind, ImportProgress, PositionedGroup, RemovedProperty, UserFilter};
pub use authentication::{Authenticator, Session, SessionLimits};
pub use change_feed::{ChangeCursor, ChangePage, ChangeRetention};
pub use export::{ExportOptions, Exported, count, export};
pub use groups::ListSelection;
pub use import::{Conflict, ImportOptions, ImportPosition, Imported, ImportedUser, Item, Outcome};
pub use integrity::{check, notes};
pub use listing::{Listing, Shown};
pub use memberships::MembershipView;
pub use passwords::{ImportedPassword, PASSWORD_REFUSED, Passwords, classify_password};
pub use seed::{FirstSecrets, first_administrator, is_seeded, seed, seed_and};
pub use tokens::{TokenRequest, digest, new_secret};
pub use users::{Query, UserPages};

use crate::cache::Owner;
use crate::model::{
    Actor, Caller, CallerKind, DeniedAction, EntityKind, Error, EtagScope, Group, PermissionLevel, Precondition, Proof,
    Result, User, UserWithGroups,
};
use crate::store::{CacheScope, ReadTx, Store, WriteTx};
use std::sync::Arc;

/// The directory as one caller may see and change it.
#[derive(Clone)]
pub struct Directory {
    store: Arc<Store>,
    passwords: Arc<Passwords>,
    caller: Caller,
    /// The dialect, or what else there is, by which the caller came.
    dialect: &'static str,
    rules: Rules,
    /// See [`Directory::hiding_administrators`].
    hides_administrators: bool,
}

/// Rules that an operator sets for changes.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Another password leaves the tokens of the user valid.
    pub keep_tokens: bool,
    /// Keys of the names of users who cannot be disabled, deleted or demoted over HTTP.
    pub protected: Arc<[String]>,
    /// Callers of Nuxeo's dialect who are no administrators do not learn who is one, nor who is in the groups of
    /// administrators.
    pub hide_administrators: bool,
    /// Largest number of names in one operation; `None`: no limit.
    pub names_max: Option<usize>,
}

/// An operation with more names has a transaction of its own.
const NAMES_TOGETHER_MAX: usize = 500;

impl Directory {
    /// The directory as an operator on the server's own machine may change it: without a limit. `name` is their
    /// account there.
    pub fn for_operator(store: Arc<Store>, passwords: Arc<Passwords>, name: &str) -> Directory {
        Directory::without_limit(store, passwords, name, "command")
    }

    /// The directory as the program that embeds the library may change it: as an operator. `name` is what it calls
    /// itself.
    pub fn for_library(store: Arc<Store>, passwords: Arc<Passwords>, name: &str) -> Directory {
        Directory::without_limit(store, passwords, name, "library")
    }

    fn without_limit(store: Arc<Store>, passwords: Arc<Passwords>, name: &str, dialect: &'static str) -> Directory {
        let state = store.rights_version();
        let (kind, permission, proof) = (CallerKind::Operator, PermissionLevel::Administrator, Proof::Operator);
        let caller = Caller { kind, name: name.into(), permission, proof, state };
        let rules = Rules::default();
        Directory { store, passwords, caller, dialect, rules, hides_administrators: false }
    }

    /// The same with the tokens of users kept when their passwords change, or as the rules have it.
    pub fn keeping_tokens(mut self, keep_tokens: bool) -> Directory {
        self.rules.keep_tokens |= keep_tokens;
        self
    }

    /// The same without telling who is an administrator, and who is in the groups of administrators, where the rules say
    /// so and the caller is none.
    pub fn hiding_administrators(mut self) -> Directory {
        self.hides_administrators = self.rules.hide_administrators && !self.caller.is_administrator();
        self
    }

    /// Copies the database into the file of that name beside it, for an operator.
    ///
    /// # Errors
    /// `Forbidden` for others; those of the store.
    pub fn copy_database(&self, name: &str) -> Result<()> {
        if self.caller.kind != CallerKind::Operator {
            return Err(Error::Forbidden(DeniedAction::Operation));
        }
        self.store.copy_to(name)
    }

    /// Whether it does not tell who is an administrator.
    pub fn hides_administrators(&self) -> bool {
        self.hides_administrators
    }

    /// Reads as the caller, whose credential has to be valid in the state that is read.
    fn read<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(Owner::PROGRAM, read)
    }

    /// The same; the lists that it leaves in memory are charged to the caller.
    fn read_charged<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(self.owner(), read)
    }

    fn read_as<T>(&self, owner: Owner, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.store.read_as(owner, |rows| {
            permissions::current(rows, &self.caller)?;
            read(rows)
        })
    }

    /// Runs one whole operation of the caller, see [`Store::write`]. Credential and power of the caller are those at the
    /// moment of the write: both are looked at in its transaction.
    ///
    /// # Errors
    /// `Forbidden` when the caller has less power; `Unauthenticated` when the credential has become invalid.
    fn write<T: Send + 'static>(
        &self,
        permission: PermissionLevel,
        denied: DeniedAction,
        write: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.caller.require(permission, denied)?;
        self.store.write(Actor::of(&self.caller, self.dialect), self.as_current(permission, denied, write))
    }

    /// The work with the caller as they are in its transaction.
    fn as_current<T>(
        &self,
        permission: PermissionLevel,
        denied: DeniedAction,
        work: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static {
        let caller = self.caller.clone();
        move |tx| {
            let caller = permissions::current(tx, &caller)?;
            caller.require(permission, denied)?;
            work(tx, &caller)
        }
    }

    /// Like `write`, in a transaction of its own, see [`Store::write_alone`].
    fn write_alone<T: Send + 'static>(
        &self,
        permission: PermissionLevel,
        denied: DeniedAction,
        write: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.caller.require(permission, denied)?;
        self.store.write_alone(Actor::of(&self.caller, self.dialect), self.as_current(permission, denied, write))
    }

    /// Like `write`, for an operation with so many names.
    ///
    /// # Errors
    /// `TooManyNames`, before the writer is asked.
    fn write_names<T: Send + 'static>(
        &self,
        names: usize,
        permission: PermissionLevel,
        denied: DeniedAction,
        write: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.caller.require(permission, denied)?;
        self.require_names(names)?;
        if names > NAMES_TOGETHER_MAX {
            self.write_alone(permission, denied, write)
        } else {
            self.write(permission, denied, write)
        }
    }

    /// Refuses an operation with too many names.
    fn require_names(&self, names: usize) -> Result<()> {
        match self.rules.names_max {
            Some(limit) if names > limit => Err(Error::TooManyNames(limit)),
            _ => Ok(()),
        }
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Changes with every change of the directory: what was read after taking this number is still true while the
    /// number is the same.
    pub fn generation(&self) -> u64 {
        self.store.generation(CacheScope::Anything)
    }

    /// The caller, as the owner of what it leaves in caches.
    pub(crate) fn owner(&self) -> Owner {
        Owner::of(&(self.caller.kind.word(), &*self.caller.name))
    }

    /// How passwords are stored here, and which are taken.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }
}

fn no_user(username: &str) -> Error {
    Error::NotFound(EntityKind::User, username.trim().to_owned())
}

fn no_group(name: &str) -> Error {
    Error::NotFound(EntityKind::Group, name.trim().to_owned())
}

fn load_user(rows: &ReadTx<'_>, username: &str) -> Result<User> {
    rows.find_user(username)?.ok_or_else(|| no_user(username))
}

fn load_user_id(rows: &ReadTx<'_>, username: &str) -> Result<i64> {
    rows.find_user_id(username)?.ok_or_else(|| no_user(username))
}

fn load_group(rows: &ReadTx<'_>, name: &str) -> Result<Group> {
    rows.find_group(name)?.ok_or_else(|| no_group(name))
}

fn load_group_id(rows: &ReadTx<'_>, name: &str) -> Result<i64> {
    rows.find_group_id(name)?.ok_or_else(|| no_group(name))
}

/// The user with all their groups.
fn load_user_with_groups(rows: &ReadTx<'_>, user: User) -> Result<UserWithGroups> {
    let groups = rows.list_groups_of(user.id)?;
    let ancestors = rows.list_ancestors(&groups)?;
    let administrator = groups.iter().chain(&ancestors).any(|group| group.is_administrators());
    Ok(UserWithGroups { user, groups, ancestors, administrator })
}

/// The user of that inner id with all their groups.
fn load_user_with_groups_by_id(rows: &ReadTx<'_>, id: i64) -> Result<Option<UserWithGroups>> {
    rows.find_user_by_id(id)?.map(|user| load_user_with_groups(rows, user)).transpose()
}

/// Refuses a change of a user who is not, at this moment, in a state that the condition allows.
fn require_precondition(tx: &WriteTx<'_>, user: &User, condition: &Precondition) -> Result<()> {
    condition.check(|| {
        Ok(match condition.scope {
            EtagScope::User => user.etag(tx.is_administrator(user.id)?),
            EtagScope::UserWithGroups => load_user_with_groups(tx, user.clone())?.etag(),
        })
    })
}

/// Refuses to let a caller who is no administrator have anything to do with one.
fn require_no_administrator(caller: &Caller, administrator: bool, denied: DeniedAction) -> Result<()> {
    if administrator && !caller.is_administrator() { Err(Error::Forbidden(denied)) } else { Ok(()) }
}
