//! Many users, groups and memberships at a time, as an operator brings them.

use super::groups::{insert_group, update_group};
use super::names::{imported_key, require_spelling};
use super::users::{Update, insert_under};
use super::{Directory, Rules, group_id_of, group_of, no_group, user_of};
use crate::model::{Caller, Condition, Denied, Error, GroupChanges, Kind, Power, Result, UserChanges, check_login};
use crate::store::{List, Spelled, Tx};
use std::num::NonZeroUsize;

/// One thing to bring in.
#[derive(Debug, Clone)]
pub enum Item {
    /// A user.
    User {
        /// The login.
        name: String,
        /// The file is an export of ours, so the login was that of a user.
        exported: bool,
        /// The fields to set.
        changes: Box<UserChanges>,
        /// A password in clear or as a stored value.
        password: Option<String>,
    },
    /// A group.
    Group {
        /// The name.
        name: String,
        /// The file is an export of ours, so the name was that of a group.
        exported: bool,
        /// The fields to set.
        changes: GroupChanges,
    },
    /// A user's name in a group.
    Member {
        /// The group.
        group: String,
        /// The user, who need not exist yet.
        user: String,
    },
    /// A group in a group. One of the two has to exist.
    Subgroup {
        /// The group that contains.
        group: String,
        /// The group that is contained.
        subgroup: String,
    },
}

/// What happens to a user or group that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Stays as it is.
    Skip,
    /// Is changed into what is brought in.
    Update,
    /// Is an error.
    Fail,
}

/// How to bring it in.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// What happens to what is there already.
    pub conflict: Conflict,
    /// Makes the groups that a user or member is to be in and that do not exist.
    pub create_groups: bool,
    /// What to remember of this import: the digest of the whole input, and the line up to which it has come.
    pub position: Option<([u8; 32], u64)>,
}

/// What has become of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there before.
    Created,
    /// It was there, and was different.
    Updated,
    /// It was there, and the same.
    Unchanged,
    /// It was there, and has stayed as it was.
    Skipped,
    /// Nothing, and why.
    Refused(String),
}

/// What has become of all items.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Of each in their order.
    pub outcomes: Vec<Outcome>,
    /// Groups that were made on the way.
    pub groups: Vec<String>,
}

impl Directory {
    /// Brings these in, all in one transaction; an item that is refused leaves no trace and stops no other.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators, and what concerns all of it: then nothing has changed.
    pub fn import(&self, mut items: Vec<Item>, options: ImportOptions) -> Result<Imported> {
        self.caller.require(Power::Administrator, Denied::Operation)?;
        let mut refused = vec![None; items.len()];
        self.prepare_passwords(&mut items, &mut refused, options.conflict)?;
        let rules = self.rules.clone();
        self.write_alone(Power::Administrator, Denied::Operation, move |tx, caller| {
            let import = Import { caller, rules: &rules, options: &options };
            let imported = import.all(tx, &items, refused)?;
            if let Some((digest, line)) = options.position {
                tx.set_import_position(&digest, line)?;
            }
            Ok(imported)
        })
    }

    /// The line up to which an import of the input with that digest has come; 0 when none was broken off.
    pub fn import_position(&self, digest: [u8; 32]) -> Result<u64> {
        self.read(|rows| rows.find_import_position(&digest))
    }

    /// How many names in groups' lists are nobody's.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count_waiting_names(&self) -> Result<u64> {
        self.read(|rows| rows.count_waiting_names())
    }

    /// Remembers nothing of the import of that input any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_import(&self, digest: [u8; 32]) -> Result<()> {
        let denied = Denied::Operation;
        self.write(Power::Administrator, denied, move |tx, _| tx.delete_import_position(&digest))
    }
}

/// A user of an import, and the password that was given for it.
type Work<'w> = (&'w str, &'w mut Box<UserChanges>, String, &'w mut Option<String>);

impl Directory {
    /// Hashes the passwords that are in clear, on all processors, before anything has to wait for the transaction.
    fn prepare_passwords(&self, items: &mut [Item], refused: &mut [Option<String>], conflict: Conflict) -> Result<()> {
        let mut work: Vec<Work<'_>> = Vec::new();
        for (item, refused) in items.iter_mut().zip(refused) {
            if let Item::User { name, changes, password, .. } = item
                && let Some(password) = password.take().filter(|password| !password.is_empty())
            {
                work.push((name, changes, password, refused));
            }
        }
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = work.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let prepare =
                |share: &mut [Work<'_>]| share.iter_mut().try_for_each(|work| self.prepare_password(work, conflict));
            let workers: Vec<_> = work.chunks_mut(share).map(|share| scope.spawn(move || prepare(share))).collect();
            workers.into_iter().try_for_each(|worker| {
                worker.join().unwrap_or_else(|_| Err(Error::Internal(anyhow::anyhow!("hashing a password panicked"))))
            })
        })
    }

    fn prepare_password(&self, work: &mut Work<'_>, conflict: Conflict) -> Result<()> {
        let (name, changes, password, refused) = work;
        // Only an update meets a user with a password.
        let present = if conflict == Conflict::Update {
            self.read(|rows| match rows.find_spelled(Kind::User, name)? {
                Spelled::Same(id) => rows.find_secret_by_id(id),
                Spelled::Nothing | Spelled::Other(_) => Ok(None),
            })?
        } else {
            None
        };
        let prepared =
            self.passwords.adopted(password).and_then(|given| self.passwords.prepare(given, present.as_ref()));
        match prepared {
            Ok(new) => changes.password = new.map(|new| self.with_tokens(new)),
            Err(Error::Invalid(why)) => **refused = Some(why),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// An import inside its transaction.
struct Import<'i> {
    caller: &'i Caller,
    rules: &'i Rules,
    options: &'i ImportOptions,
}

impl Import<'_> {
    fn all(&self, tx: &Tx<'_>, items: &[Item], refused: Vec<Option<String>>) -> Result<Imported> {
        let mut imported = Imported { outcomes: Vec::with_capacity(items.len()), groups: Vec::new() };
        for (item, refused) in items.iter().zip(refused) {
            if let Some(why) = refused {
                imported.outcomes.push(Outcome::Refused(why));
                continue;
            }
            let outcome = match tx.attempt(|tx| self.one(tx, item)) {
                Ok((outcome, mut groups)) => {
                    imported.groups.append(&mut groups);
                    outcome
                }
                Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => return Err(error),
                Err(error) => Outcome::Refused(error.to_string()),
            };
            imported.outcomes.push(outcome);
        }
        Ok(imported)
    }

    /// What has become of an item, and the groups that were made for it.
    fn one(&self, tx: &Tx<'_>, item: &Item) -> Result<(Outcome, Vec<String>)> {
        let Import { caller, rules, options: ImportOptions { conflict, create_groups, .. } } = *self;
        let (conflict, create_groups) = (*conflict, *create_groups);
        let unconditional = Condition::default();
        let mut groups = Vec::new();
        let mut require_group = |name: &str| match require_spelling(tx, Kind::Group, name)? {
            true => Ok(()),
            false if create_groups => {
                let name = check_login("group name", name)?;
                insert_group(tx, name, imported_key(tx, Kind::Group, name, false)?, &GroupChanges::default())?;
                groups.push(name.to_owned());
                Ok(())
            }
            false => Err(no_group(name)),
        };
        let (before, existed) = match item {
            Item::User { name, exported, changes, .. } => {
                let name = check_login("user name", name)?;
                let existed = exists(tx, Kind::User, name, *exported)?;
                if existed && conflict != Conflict::Update {
                    return left(conflict, Error::Exists(Kind::User, name.to_owned()));
                }
                changes.groups.iter().flatten().try_for_each(|group| require_group(group))?;
                let before = tx.last_change()?;
                if existed {
                    let update = Update { changes, condition: &unconditional, denied: Denied::Edit };
                    update.apply(tx, caller, rules, user_of(tx, name)?)?;
                } else {
                    insert_under(tx, caller, name, imported_key(tx, Kind::User, name, *exported)?, changes)
                        .map(drop)?;
                }
                (before, existed)
            }
            Item::Group { name, exported, changes } => {
                let name = check_login("group name", name)?;
                let existed = exists(tx, Kind::Group, name, *exported)?;
                if existed && conflict != Conflict::Update {
                    return left(conflict, Error::Exists(Kind::Group, name.to_owned()));
                }
                for parent in changes.parent_groups.iter().flatten() {
                    require_spelling(tx, Kind::Group, parent)?;
                }
                let before = tx.last_change()?;
                if existed {
                    update_group(tx, caller, rules, group_of(tx, name)?, changes, None, &unconditional)?;
                } else {
                    insert_group(tx, name, imported_key(tx, Kind::Group, name, *exported)?, changes).map(drop)?;
                }
                (before, existed)
            }
            Item::Member { group, user } => {
                require_group(group)?;
                require_spelling(tx, Kind::User, user)?;
                let before = tx.last_change()?;
                tx.add_to_list(group_id_of(tx, group)?, List::Users, user)?;
                (before, false)
            }
            Item::Subgroup { group, subgroup } => {
                for name in [group, subgroup] {
                    require_spelling(tx, Kind::Group, name)?;
                }
                let before = tx.last_change()?;
                match (tx.find_group_id(group)?, tx.find_group_id(subgroup)?) {
                    (Some(group), _) => tx.add_to_list(group, List::Groups, subgroup)?,
                    (None, Some(subgroup)) => tx.add_to_list(subgroup, List::Parents, group)?,
                    (None, None) => return Err(no_group(group)),
                };
                (before, false)
            }
        };
        let outcome = match (tx.last_change()? == before, existed) {
            (true, _) => Outcome::Unchanged,
            (false, true) => Outcome::Updated,
            (false, false) => Outcome::Created,
        };
        Ok((outcome, groups))
    }
}

/// Whether the user or group of an item exists. An export of ours can bring one whose name differs from an existing one
/// by characters that cannot be seen: that is a new row.
fn exists(tx: &Tx<'_>, kind: Kind, name: &str, exported: bool) -> Result<bool> {
    match require_spelling(tx, kind, name) {
        Err(Error::Invalid(_)) if exported => Ok(false),
        found => found,
    }
}

/// What becomes of an item that is there already and does not change.
fn left(conflict: Conflict, why: Error) -> Result<(Outcome, Vec<String>)> {
    if conflict == Conflict::Skip { Ok((Outcome::Skipped, Vec::new())) } else { Err(why) }
}
