//! The directory as one caller may see and change it: each verb reads or writes in one transaction, in which the
//! caller's credential and permissions are checked again.

use super::passwords::Passwords;
use super::permissions::{Operation, current_caller};
use super::rules::Rules;
use crate::cache::Owner;
use crate::model::{Actor, Caller, CallerKind, DeniedAction, Error, PermissionLevel, Proof, Result};
use crate::store::{CacheScope, ReadTx, Store, WriteTx};
use std::sync::Arc;

/// The directory as one caller may see and change it.
#[derive(Clone)]
pub struct Directory {
    pub(super) store: Arc<Store>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) caller: Caller,
    /// The dialect, or what else there is, by which the caller came.
    pub(super) dialect: &'static str,
    pub(super) rules: Rules,
    /// See [`Directory::hiding_administrators`].
    pub(super) hides_administrators: bool,
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

    /// Copies the database into a file of that name in the same folder, for an operator.
    ///
    /// # Errors
    /// `Forbidden` for others; those of the store.
    pub fn copy_database(&self, name: &str) -> Result<()> {
        if self.caller.kind != CallerKind::Operator {
            return Err(Error::Forbidden(DeniedAction::Operation));
        }
        self.store.copy_to(name)
    }

    /// True if callers are not told which users are administrators.
    pub fn hides_administrators(&self) -> bool {
        self.hides_administrators
    }

    /// Reads as the caller, whose credential has to be valid in the state that is read.
    pub(super) fn read<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(Owner::PROGRAM, read)
    }

    /// The same; the lists that it leaves in memory are charged to the caller.
    pub(super) fn read_charged<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(self.owner(), read)
    }

    fn read_as<T>(&self, owner: Owner, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.store.read_as(owner, |rows| {
            current_caller(rows, &self.caller)?;
            read(rows)
        })
    }

    /// Runs one whole operation of the caller, see [`Store::write`]. Credential and power of the caller are those at the
    /// moment of the write: both are looked at in its transaction.
    ///
    /// # Errors
    /// `Forbidden` when the caller has less power; `Unauthenticated` when the credential has become invalid.
    pub(super) fn write<T: Send + 'static>(
        &self,
        operation: Operation,
        write: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        operation.require(&self.caller)?;
        self.store.write(Actor::of(&self.caller, self.dialect), self.as_current(operation, write))
    }

    /// The work with the caller as they are in its transaction.
    fn as_current<T>(
        &self,
        operation: Operation,
        work: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static {
        let caller = self.caller.clone();
        move |tx| {
            let caller = current_caller(tx, &caller)?;
            operation.require(&caller)?;
            work(tx, &caller)
        }
    }

    /// Like `write`, in a transaction of its own, see [`Store::write_alone`].
    pub(super) fn write_alone<T: Send + 'static>(
        &self,
        operation: Operation,
        write: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        operation.require(&self.caller)?;
        self.store.write_alone(Actor::of(&self.caller, self.dialect), self.as_current(operation, write))
    }

    /// Like `write`, for an operation with so many names.
    ///
    /// # Errors
    /// `TooManyNames`, before the writer is asked.
    pub(super) fn write_names<T: Send + 'static>(
        &self,
        names: usize,
        operation: Operation,
        write: impl FnOnce(&WriteTx<'_>, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        operation.require(&self.caller)?;
        self.require_names(names)?;
        if names > NAMES_TOGETHER_MAX { self.write_alone(operation, write) } else { self.write(operation, write) }
    }

    /// Refuses an operation with too many names.
    pub(super) fn require_names(&self, names: usize) -> Result<()> {
        match self.rules.names_max {
            Some(limit) if names > limit => Err(Error::TooManyNames(limit)),
            _ => Ok(()),
        }
    }

    /// Refuses callers who may not call the operation at all, before anything about it is looked at.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require(&self, operation: Operation) -> Result<()> {
        operation.require(&self.caller)
    }

    /// The caller.
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
}
