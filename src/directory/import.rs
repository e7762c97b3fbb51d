//! Many users, groups and memberships at a time, as an operator brings them.

use super::groups::{insert_group, update_group};
use super::names::{imported_key, require_spelling, require_waiting_spelling};
use super::password_changes::PasswordInput;
use super::permissions::load_permission;
use super::users::{Update, insert_alone, join};
use super::{Directory, Rules, load_group, load_group_id, load_user};
use crate::model::{
    ADMINISTRATORS, Caller, DeniedAction, EntityKind, EntryName, Error, GroupChanges, POWER_USERS, PermissionLevel,
    Precondition, Result, Target, UserChanges, check_login, now,
};
use crate::store::{
    ImportProgress, ImportedEntity as Entry, JoinedGroup, MemberList, NewMembership, SpellingMatch, Undo, WriteTx,
};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::rc::Rc;

/// How long an import that was broken off is remembered, in milliseconds.
const KEPT_FOR: i64 = 30 * 24 * 3_600_000;
/// The highest place of a membership that a file may name.
const PLACE_MAX: u64 = 1 << 40;

/// One thing to bring in.
#[derive(Debug, Clone)]
pub enum Item {
    /// A user.
    User(Box<ImportedUser>),
    /// A group without its lists.
    Group {
        /// The name.
        name: String,
        /// The file is an export of ours, so the name was that of a group.
        exported: bool,
        /// The fields to set.
        changes: GroupChanges,
        /// The entry that it comes from.
        entry_names: Vec<EntryName>,
    },
    /// All groups that a group is directly in.
    Parents {
        /// The group.
        group: String,
        /// The groups that contain it. They need not exist yet.
        parents: Vec<String>,
    },
    /// A user in a group, or, where the entry turns out to be a group, a group in a group.
    Member {
        /// The group.
        group: Target,
        /// The user. One who is meant by name need not exist yet.
        user: Target,
        /// The place in the order of all memberships.
        place: Option<u64>,
        /// Only the member says it: it counts where no other membership implies it.
        by_member: bool,
        /// The row that says it was not stored: it is missing, unless it is there already.
        withheld: bool,
    },
    /// A group in a group. One of the two has to exist.
    Subgroup {
        /// The group that contains.
        group: Target,
        /// The group that is contained.
        subgroup: Target,
        /// The place in the order of all memberships.
        place: Option<u64>,
        /// Only the member says it: it counts where no other membership implies it.
        by_member: bool,
        /// The row that says it was not stored: it is missing, unless it is there already.
        withheld: bool,
    },
}

/// A user to bring in.
#[derive(Debug, Clone, Default)]
pub struct ImportedUser {
    /// The login.
    pub name: String,
    /// The file is an export of ours, so the login was that of a user.
    pub exported: bool,
    /// The fields to set.
    pub changes: UserChanges,
    /// A password in clear.
    pub password: Option<String>,
    /// A stored value of a password.
    pub password_hash: Option<String>,
    /// The place of the membership in each of the groups, and the spelling of the login in the group's list.
    pub places: Vec<(u64, Option<String>)>,
    /// The entry that the user comes from.
    pub entry_names: Vec<EntryName>,
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
    /// The place in the order of all memberships from which the file counts its places.
    pub base: i64,
    /// Rows that would leave no administrator are deferred, and not refused.
    pub defers: bool,
}

/// What to remember of an import, in the transaction of its part: where it has come.
#[derive(Debug, Clone, Copy)]
pub struct ImportPosition {
    /// SHA-256 of the whole input and of what it is taken for.
    pub digest: [u8; 32],
    /// Which pass over the input it is.
    pub phase: u32,
    /// The number of the last row of the part.
    pub row: u64,
    /// The line where that begins.
    pub line: u64,
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
    /// Nothing yet: the last administrator has to stay one, until other rows make another.
    Deferred,
    /// A membership is missing: why, in the same words for all of its kind, and who is concerned here.
    Missing(String, String),
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
    /// Brings these in, all in one transaction; an item that is refused leaves no trace and stops no other. `describe`
    /// makes of the result what is remembered with the position (JSON).
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators, and what concerns all of it: then nothing has changed.
    pub fn import(
        &self,
        mut items: Vec<Item>,
        options: ImportOptions,
        position: Option<ImportPosition>,
        describe: impl FnOnce(&Imported) -> String + Send + 'static,
    ) -> Result<Imported> {
        self.caller.require(PermissionLevel::Administrator, DeniedAction::Operation)?;
        let mut refused = vec![None; items.len()];
        self.prepare_passwords(&mut items, &mut refused, options.conflict)?;
        let rules = self.rules.clone();
        self.write_alone(PermissionLevel::Administrator, DeniedAction::Operation, move |tx, caller| {
            let import = Import {
                caller,
                rules: &rules,
                options: &options,
                groups: RefCell::default(),
                receivers: RefCell::default(),
                harmless: RefCell::default(),
                above: RefCell::default(),
            };
            let imported = import.all(tx, &items, &refused)?;
            if let Some(ImportPosition { digest, phase, row, line }) = position {
                tx.save_import_progress(&digest, line, (phase, row), &describe(&imported))?;
            }
            Ok(imported)
        })
    }

    /// How far an import of the input with that digest has come; `None` when none was broken off.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_progress(&self, digest: [u8; 32]) -> Result<Option<ImportProgress>> {
        self.read(|rows| rows.find_import_progress(&digest))
    }

    /// Begins an import: reserves as many places as the memberships of the file name, and forgets imports that were
    /// broken off long ago. Returns the place from which the places count, and how many names wait in groups' lists.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; those of the database.
    pub fn begin_import(&self, digest: [u8; 32], places: u64) -> Result<(i64, u64)> {
        self.write(PermissionLevel::Administrator, DeniedAction::Operation, move |tx, _| {
            // A system clock that is far ahead makes no import old: the clock of the changes counts too.
            if let Some(time) = tx.find_change_clock()?.time {
                tx.delete_import_progress_before(time.min(now()).saturating_sub(KEPT_FOR))?;
            }
            let base = tx.reserve_positions(places.min(PLACE_MAX))?;
            let waiting = tx.count_pending_members()?;
            tx.save_import_progress(&digest, 0, (0, 0), &format!("[{base},{waiting}]"))?;
            Ok((base, waiting))
        })
    }

    /// How many names in groups' lists are nobody's.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count_pending_members(&self) -> Result<u64> {
        self.read(|rows| rows.count_pending_members())
    }

    /// Remembers nothing of the import of that input any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_import(&self, digest: [u8; 32]) -> Result<()> {
        let denied = DeniedAction::Operation;
        self.write(PermissionLevel::Administrator, denied, move |tx, _| tx.delete_import_progress(&digest))
    }
}

/// A user of an import, and why they are refused.
type Work<'w> = (&'w mut ImportedUser, &'w mut Option<String>);

impl Directory {
    /// Hashes the passwords that are in clear, on all processors, before anything has to wait for the transaction.
    fn prepare_passwords(&self, items: &mut [Item], refused: &mut [Option<String>], conflict: Conflict) -> Result<()> {
        let mut work: Vec<Work<'_>> = Vec::new();
        for (item, refused) in items.iter_mut().zip(refused) {
            if let Item::User(user) = item
                && (user.password.is_some() || user.password_hash.is_some())
            {
                work.push((user, refused));
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

    fn prepare_password(&self, (user, refused): &mut Work<'_>, conflict: Conflict) -> Result<()> {
        self.store.note_progress();
        let (password, hash) = (user.password.take(), user.password_hash.take());
        let given = match (&hash, &password) {
            (Some(hash), _) => self.passwords.hash_or_plain(hash),
            (None, Some(password)) if !password.is_empty() => Ok(PasswordInput::Plain(password)),
            (None, _) => return Ok(()),
        };
        // Only an update meets a user with a password.
        let present = if conflict == Conflict::Update {
            self.read(|rows| match rows.find_spelled(EntityKind::User, &user.name)? {
                SpellingMatch::Same(id) => rows.find_login_by_id(id),
                SpellingMatch::Nothing | SpellingMatch::Other(_) => Ok(None),
            })?
        } else {
            None
        };
        match given.and_then(|given| self.passwords.prepare(given, present.as_ref())) {
            Ok(new) => user.changes.password = new.map(|new| self.with_tokens(new)),
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
    /// Groups that were found, by the names that the items have for them. An import removes and renames none.
    groups: RefCell<HashMap<String, Rc<JoinedGroup>>>,
    /// Groups that receive the members of these entries. They are forgotten with every change of what groups contain.
    receivers: RefCell<HashMap<EntryName, i64>>,
    /// Groups that are known to give no rights: they are not at or below a group that does. A group that comes below one
    /// of these does not change that.
    harmless: RefCell<HashSet<i64>>,
    /// The user whose memberships come one after the other, and the groups above them.
    above: RefCell<Option<(i64, HashSet<i64>)>>,
}

/// What an item is refused for, or who is missing.
enum Failure {
    Error(Error),
    Missing(String, String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

/// What has become of an item inside the transaction.
type Done = std::result::Result<Outcome, Failure>;

impl Import<'_> {
    fn all(&self, tx: &WriteTx<'_>, items: &[Item], refused: &[Option<String>]) -> Result<Imported> {
        if let Some(imported) = tx.in_bulk(|tx| self.each(tx, items, refused, tx.cheapest_undo()))? {
            return Ok(imported);
        }
        tx.restart_transaction()?;
        self.forget();
        let imported = tx.in_bulk(|tx| self.each(tx, items, refused, Undo::Savepoint))?;
        imported.ok_or_else(|| Error::Internal(anyhow::anyhow!("a savepoint has not taken its attempt back")))
    }

    /// Attempts each item. `None` when one has failed that has to be taken back in the other way.
    fn each(
        &self,
        tx: &WriteTx<'_>,
        items: &[Item],
        refused: &[Option<String>],
        undo: Undo,
    ) -> Result<Option<Imported>> {
        let mut imported = Imported { outcomes: Vec::with_capacity(items.len()), groups: Vec::new() };
        for (item, refused) in items.iter().zip(refused) {
            if let Some(why) = refused {
                imported.outcomes.push(Outcome::Refused(why.clone()));
                continue;
            }
            let mut made = Vec::new();
            let Some(done) = tx.savepoint(undo, |tx| self.one(tx, item, &mut made))? else { return Ok(None) };
            if done.is_ok() {
                imported.groups.append(&mut made);
            } else if !made.is_empty() {
                // They are not there any more.
                self.forget();
            }
            imported.outcomes.push(match done {
                Ok(outcome) => outcome,
                Err(Failure::Missing(why, about)) => Outcome::Missing(why, about),
                Err(Failure::Error(error @ (Error::Unavailable(_) | Error::Internal(_)))) => return Err(error),
                Err(Failure::Error(Error::LastAdministrator)) if self.options.defers => Outcome::Deferred,
                Err(Failure::Error(error)) => Outcome::Refused(refusal(&error)),
            });
        }
        Ok(Some(imported))
    }

    /// Forgets what was found.
    fn forget(&self) {
        self.groups.borrow_mut().clear();
        self.forget_rights();
    }

    /// Forgets which groups give rights, and what is above a user.
    fn forget_rights(&self) {
        self.receivers.borrow_mut().clear();
        self.harmless.borrow_mut().clear();
        self.above.replace(None);
    }

    fn one(&self, tx: &WriteTx<'_>, item: &Item, made: &mut Vec<String>) -> Done {
        if let Item::Group { .. } | Item::Parents { .. } | Item::Subgroup { group: Target::Name(_), .. } = item {
            self.forget_rights();
        }
        match item {
            Item::User(user) => self.user(tx, user, made),
            Item::Group { name, exported, changes, entry_names } => {
                self.group(tx, name, *exported, changes, entry_names)
            }
            Item::Parents { group, parents } => self.parents(tx, group, parents),
            Item::Member { group, user, withheld: true, .. } => Ok(withheld(tx, group, user, EntityKind::User)?),
            Item::Subgroup { group, subgroup, withheld: true, .. } => {
                Ok(withheld(tx, group, subgroup, EntityKind::Group)?)
            }
            Item::Member { group, user, place, by_member, .. } => {
                let member = Member { group, member: user, place: *place, by_member: *by_member };
                self.member(tx, member, made)
            }
            Item::Subgroup { group, subgroup, place, by_member, .. } => {
                let member = Member { group, member: subgroup, place: *place, by_member: *by_member };
                self.subgroup(tx, member, made)
            }
        }
    }

    fn user(&self, tx: &WriteTx<'_>, user: &ImportedUser, made: &mut Vec<String>) -> Done {
        let ImportedUser { name, exported, changes, places, entry_names, .. } = user;
        let name = check_login("user name", name)?;
        let existed = exists(tx, EntityKind::User, name, *exported)?;
        if existed && self.options.conflict != Conflict::Update {
            return self.left(Error::Exists(EntityKind::User, name.to_owned()));
        }
        let groups = changes.groups.iter().flatten().map(|group| self.joined_group(tx, group, made));
        let groups: Vec<Rc<JoinedGroup>> = groups.collect::<Result<_>>()?;
        let mut joined = HashSet::new();
        let mut joining: Vec<NewMembership<'_>> = groups.iter().map(|group| NewMembership::last(group)).collect();
        for (joining, (place, spelling)) in joining.iter_mut().zip(places) {
            (joining.place, joining.spelling) = (self.place(Some(*place)), spelling.as_deref());
        }
        let before = tx.recorded_changes();
        let id = if existed {
            let unconditional = Precondition::default();
            let update = Update { changes, condition: &unconditional, denied: DeniedAction::Edit };
            let user = load_user(tx, name)?;
            let id = user.id;
            refuse_namesake(tx, id, name, entry_names)?;
            update.apply(tx, self.caller, self.rules, user)?;
            for NewMembership { group, place, spelling } in joining {
                if let Some(place) = place {
                    tx.set_entry_position(group.id, MemberList::Users, Some(id), spelling.unwrap_or(name), place)?;
                }
            }
            id
        } else {
            let key = imported_key(tx, EntityKind::User, name, *exported)?;
            let inserted = insert_alone(tx, self.caller, name, key, changes)?;
            joining.retain(|joining| joined.insert(joining.group.id));
            join(tx, self.caller, inserted, changes, &joining)?.id
        };
        tx.save_entry_names(EntityKind::User, id, entry_names)?;
        Ok(outcome(tx, before, existed))
    }

    fn group(&self, tx: &WriteTx<'_>, name: &str, exported: bool, changes: &GroupChanges, entry: &[EntryName]) -> Done {
        let name = check_login("group name", name)?;
        let existed = exists(tx, EntityKind::Group, name, exported)?;
        if existed && self.options.conflict != Conflict::Update {
            return self.left(Error::Exists(EntityKind::Group, name.to_owned()));
        }
        let before = tx.recorded_changes();
        let id = if existed {
            let group = load_group(tx, name)?;
            let id = group.id;
            update_group(tx, self.caller, self.rules, group, changes, None, &Precondition::default())?;
            id
        } else {
            insert_group(tx, name, imported_key(tx, EntityKind::Group, name, exported)?, changes)?
        };
        tx.save_entry_names(EntityKind::Group, id, entry)?;
        Ok(outcome(tx, before, existed))
    }

    fn parents(&self, tx: &WriteTx<'_>, group: &str, parents: &[String]) -> Done {
        for parent in parents {
            require_spelling(tx, EntityKind::Group, parent)?;
        }
        let before = tx.recorded_changes();
        let changes = GroupChanges { parent_groups: Some(parents.to_vec()), ..GroupChanges::default() };
        update_group(tx, self.caller, self.rules, load_group(tx, group)?, &changes, None, &Precondition::default())?;
        Ok(outcome(tx, before, true))
    }

    fn member(&self, tx: &WriteTx<'_>, member: Member<'_>, made: &mut Vec<String>) -> Done {
        let Member { group, member: user, place, by_member } = member;
        let found = match user {
            Target::Name(name) => {
                require_spelling(tx, EntityKind::User, name)?;
                None
            }
            Target::Entry { entry, shown, .. } => match tx.find_entry(entry)? {
                Some(found) => Some(found),
                None => return Err(nobody(group, shown)),
            },
        };
        let group_id = self.receiver(tx, group, user, made)?;
        let before = tx.recorded_changes();
        match (found, user) {
            (Some(Entry::User(id)), _) if by_member => {
                if self.is_above(tx, id, group_id)? {
                    return Ok(Outcome::Unchanged);
                }
                tx.insert_member(group_id, id)?;
                self.add_above(tx, id, group_id)?;
            }
            (Some(Entry::User(id)), _) => tx.insert_member(group_id, id)?,
            (Some(Entry::Group(id)), _) => {
                if by_member && id != group_id && tx.is_self_or_descendant(id, group_id)? {
                    return Ok(Outcome::Unchanged);
                }
                // A group that is an entry gives no rights, and what comes below it does not either.
                match group {
                    Target::Name(_) => self.forget_rights(),
                    Target::Entry { .. } => drop(self.above.replace(None)),
                }
                tx.insert_member_group(group_id, id)?;
            }
            (None, user) => {
                let name = user.shown();
                if !tx.has_name(EntityKind::User, name)? {
                    require_waiting_spelling(tx, EntityKind::User, name)?;
                }
                tx.add_to_member_list(group_id, MemberList::Users, name)?;
                if let Some(place) = self.place(place) {
                    let target = tx.find_user_id(name)?;
                    tx.set_entry_position(group_id, MemberList::Users, target, name, place)?;
                }
            }
        }
        Ok(outcome(tx, before, false))
    }

    fn subgroup(&self, tx: &WriteTx<'_>, member: Member<'_>, made: &mut Vec<String>) -> Done {
        let Member { group, member: subgroup, place, by_member } = member;
        let (Target::Name(parent), Target::Name(child)) = (group, subgroup) else {
            let child = match subgroup {
                Target::Name(name) => load_group_id(tx, name)?,
                Target::Entry { entry, shown, .. } => match tx.find_entry(entry)? {
                    Some(Entry::Group(id)) => id,
                    Some(Entry::User(_)) | None => return Err(nobody(group, shown)),
                },
            };
            let parent = self.receiver(tx, group, subgroup, made)?;
            if by_member && child != parent && tx.is_self_or_descendant(child, parent)? {
                return Ok(Outcome::Unchanged);
            }
            let before = tx.recorded_changes();
            self.above.replace(None);
            tx.insert_member_group(parent, child)?;
            return Ok(outcome(tx, before, false));
        };
        for name in [parent, child] {
            if !require_spelling(tx, EntityKind::Group, name)? {
                require_waiting_spelling(tx, EntityKind::Group, name)?;
            }
        }
        let before = tx.recorded_changes();
        let groups = || -> Result<_> { Ok((tx.find_group_id(parent)?, tx.find_group_id(child)?)) };
        let mut found = groups()?;
        if found == (None, None) {
            self.require_group(tx, parent, made)?;
            found = groups()?;
        }
        let place = self.place(place);
        match found {
            (Some(parent_id), child_id) => {
                tx.add_to_member_list(parent_id, MemberList::Groups, child)?;
                if let Some(place) = place {
                    tx.set_entry_position(parent_id, MemberList::Groups, child_id, child, place)?;
                    if let Some(child_id) = child_id {
                        tx.set_entry_position(child_id, MemberList::Parents, Some(parent_id), parent, place)?;
                    }
                }
            }
            (None, Some(child_id)) => {
                tx.add_to_member_list(child_id, MemberList::Parents, parent)?;
                if let Some(place) = place {
                    tx.set_entry_position(child_id, MemberList::Parents, None, parent, place)?;
                }
            }
            (None, None) => return Err(Error::NotFound(EntityKind::Group, parent.clone()).into()),
        }
        Ok(outcome(tx, before, false))
    }

    /// The group that receives a member. An entry means the group that was imported from it; where it is none, the group
    /// is made, if that is wished. Groups that give rights receive nobody from an LDAP directory.
    fn receiver(
        &self,
        tx: &WriteTx<'_>,
        group: &Target,
        member: &Target,
        made: &mut Vec<String>,
    ) -> std::result::Result<i64, Failure> {
        let Target::Entry { entry, shown, name } = group else {
            let name = group.shown();
            self.require_group(tx, name, made)?;
            return Ok(load_group_id(tx, name)?);
        };
        if let Some(id) = self.receivers.borrow().get(entry) {
            return Ok(*id);
        }
        let missing = |why: String| Failure::Missing(why, member.shown().to_owned());
        let id = match tx.find_entry(entry)? {
            Some(Entry::Group(id)) => id,
            Some(Entry::User(_)) => return Err(missing(format!("{shown} is no group and has no members here"))),
            None => match name {
                Some(name) if self.options.create_groups && !tx.has_name(EntityKind::Group, name)? => {
                    self.require_group(tx, name, made)?;
                    let id = load_group_id(tx, name)?;
                    tx.save_entry_names(EntityKind::Group, id, &[*entry])?;
                    id
                }
                name => {
                    let mends = match name {
                        Some(name) if tx.has_name(EntityKind::Group, name)? => {
                            "another group has its name; --map-group NAME=GROUP says that this one is meant"
                        }
                        Some(_) => "--create-groups makes it, --map-group NAME=GROUP names one that is here",
                        None => "--map-group NAME=GROUP names one that is here",
                    };
                    let why = format!("{shown} is no group that was imported, and has no members here ({mends})");
                    return Err(missing(why));
                }
            },
        };
        let with_rights = [tx.find_group_id(ADMINISTRATORS)?, tx.find_group_id(POWER_USERS)?];
        let with_rights: Vec<i64> = with_rights.into_iter().flatten().collect();
        if tx.is_self_or_below_any(id, &with_rights, &mut self.harmless.borrow_mut())? {
            return Err(missing(format!(
                "{shown} is a group that gives rights here, and takes members from an LDAP directory with \
                 --map-group NAME=GROUP only"
            )));
        }
        self.receivers.borrow_mut().insert(*entry, id);
        Ok(id)
    }

    /// The group of that name. Refuses one that does not exist, or makes it.
    fn joined_group(&self, tx: &WriteTx<'_>, name: &str, made: &mut Vec<String>) -> Result<Rc<JoinedGroup>> {
        if let Some(group) = self.groups.borrow().get(name) {
            return Ok(Rc::clone(group));
        }
        self.require_group(tx, name, made)?;
        let group = Rc::new(
            tx.find_joined_group(name)?.ok_or_else(|| Error::NotFound(EntityKind::Group, name.trim().to_owned()))?,
        );
        self.groups.borrow_mut().insert(name.to_owned(), Rc::clone(&group));
        Ok(group)
    }

    /// Whether a group is one of the user's, or above one of these.
    fn is_above(&self, tx: &WriteTx<'_>, user_id: i64, group_id: i64) -> Result<bool> {
        let mut above = self.above.borrow_mut();
        if above.as_ref().is_none_or(|(id, _)| *id != user_id) {
            *above = Some((user_id, tx.ancestor_ids_of_user(user_id)?));
        }
        Ok(above.as_ref().is_some_and(|(_, groups)| groups.contains(&group_id)))
    }

    /// Notes that the user has become a member of a group.
    fn add_above(&self, tx: &WriteTx<'_>, user_id: i64, group_id: i64) -> Result<()> {
        match &mut *self.above.borrow_mut() {
            Some((id, groups)) if *id == user_id => tx.add_ancestors(group_id, groups),
            _ => Ok(()),
        }
    }

    /// Refuses a group that does not exist, or makes it.
    fn require_group(&self, tx: &WriteTx<'_>, name: &str, made: &mut Vec<String>) -> Result<()> {
        if require_spelling(tx, EntityKind::Group, name)? {
            return Ok(());
        }
        if !self.options.create_groups {
            return Err(Error::Invalid(format!("group does not exist: {} (--create-groups makes it)", name.trim())));
        }
        self.receivers.borrow_mut().clear();
        let name = check_login("group name", name)?;
        insert_group(tx, name, imported_key(tx, EntityKind::Group, name, false)?, &GroupChanges::default())?;
        made.push(name.to_owned());
        Ok(())
    }

    /// The place here of a place in the file.
    fn place(&self, place: Option<u64>) -> Option<i64> {
        let place = place.filter(|place| *place <= PLACE_MAX).and_then(|place| i64::try_from(place).ok())?;
        self.options.base.checked_add(place)
    }

    /// What becomes of an item that is there already and does not change.
    fn left(&self, why: Error) -> Done {
        if self.options.conflict == Conflict::Skip { Ok(Outcome::Skipped) } else { Err(why.into()) }
    }
}

/// What becomes of a membership whose row was not stored: it is missing, unless it is there already.
fn withheld(tx: &WriteTx<'_>, group: &Target, member: &Target, kind: EntityKind) -> Result<Outcome> {
    let found = |target: &Target, kind: EntityKind| match (target, kind) {
        (Target::Name(name), EntityKind::User) => Ok(tx.find_user_id(name)?.map(Entry::User)),
        (Target::Name(name), EntityKind::Group) => Ok(tx.find_group_id(name)?.map(Entry::Group)),
        (Target::Entry { entry, .. }, _) => tx.find_entry(entry),
    };
    let is_there = match (found(group, EntityKind::Group)?, found(member, kind)?) {
        (Some(Entry::Group(group)), Some(Entry::User(user))) => tx.has_member(group, user)?,
        (Some(Entry::Group(group)), Some(Entry::Group(child))) => tx.has_member_group(group, child)?,
        _ => false,
    };
    if is_there {
        return Ok(Outcome::Unchanged);
    }
    let why = format!(
        "the row of the group {} or that of its member was refused or skipped, and makes nobody a member",
        group.shown()
    );
    Ok(Outcome::Missing(why, member.shown().to_owned()))
}

/// Refuses an entry of an LDAP directory that has the name of a user with rights here, and from which that user was not
/// imported: its password would give the rights to somebody else.
fn refuse_namesake(tx: &WriteTx<'_>, user_id: i64, name: &str, entry_names: &[EntryName]) -> Result<()> {
    let Some(entry) = entry_names.first() else { return Ok(()) };
    if tx.find_entry(entry)? == Some(Entry::User(user_id)) || load_permission(tx, user_id)? == PermissionLevel::Reader {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "the user {name} has rights here, and is not changed by an entry of an LDAP directory with the same name"
    )))
}

/// A membership to bring in.
struct Member<'m> {
    group: &'m Target,
    member: &'m Target,
    place: Option<u64>,
    by_member: bool,
}

/// A membership of an entry that is nobody here.
fn nobody(group: &Target, member: &str) -> Failure {
    let why = format!("members of {} are nobody here: no user and no group was imported from them", group.shown());
    Failure::Missing(why, member.to_owned())
}

/// What an error says in the report, with the option that mends it.
fn refusal(error: &Error) -> String {
    match error {
        Error::Exists(..) => format!("{error} (--on-conflict update changes it, skip leaves it)"),
        error => error.to_string(),
    }
}

/// What has become of an item, by whether anything has changed since then.
fn outcome(tx: &WriteTx<'_>, before: u64, existed: bool) -> Outcome {
    match (tx.recorded_changes() == before, existed) {
        (true, _) => Outcome::Unchanged,
        (false, true) => Outcome::Updated,
        (false, false) => Outcome::Created,
    }
}

/// Whether the user or group of an item exists. An export of ours can bring one whose name differs from an existing one
/// by characters that cannot be seen: that is a new row.
fn exists(tx: &WriteTx<'_>, kind: EntityKind, name: &str, exported: bool) -> Result<bool> {
    match require_spelling(tx, kind, name) {
        Err(Error::Invalid(_)) if exported => Ok(false),
        found => found,
    }
}
