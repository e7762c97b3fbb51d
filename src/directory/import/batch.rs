//! An import inside its transaction: users and groups.

use super::items::Member;
use super::items::{Conflict, ImportOptions, ImportOutcome, Imported, ImportedUser, Item, PLACE_MAX};
use crate::directory::groups::{insert_group, update_group};
use crate::directory::lookup::{load_group, load_user};
use crate::directory::names::{imported_key, require_spelling};
use crate::directory::permissions::load_permission;
use crate::directory::rules::Rules;
use crate::directory::user_writes::{UserUpdate, insert_without_groups, join_groups};
use crate::model::{
    Caller, DeniedAction, EntityKind, EntryName, Error, GroupChanges, MemberList, PermissionLevel, Precondition,
    Result, Target, check_login,
};
use crate::store::{ImportedEntity as Entry, JoinedGroup, NewMembership, Undo, WriteTx};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// An import inside its transaction.
pub(super) struct Import<'i> {
    pub(super) caller: &'i Caller,
    pub(super) rules: &'i Rules,
    pub(super) options: &'i ImportOptions,
    /// Groups that were found, by their names in the items. An import removes and renames no group.
    pub(super) groups: RefCell<HashMap<String, Rc<JoinedGroup>>>,
    /// The groups for the entries of groups. Cleared by every change of groups in groups.
    pub(super) receivers: RefCell<HashMap<EntryName, i64>>,
    /// Groups that give no rights, because they are not at or below a group that does. That stays true when a group is put
    /// below one of them.
    pub(super) harmless: RefCell<HashSet<i64>>,
    /// The user of the last membership, and all groups of that user: memberships of one user follow each other.
    pub(super) above: RefCell<Option<(i64, HashSet<i64>)>>,
}

impl<'i> Import<'i> {
    /// An import with empty caches.
    pub(super) fn new(caller: &'i Caller, rules: &'i Rules, options: &'i ImportOptions) -> Import<'i> {
        Import {
            caller,
            rules,
            options,
            groups: RefCell::default(),
            receivers: RefCell::default(),
            harmless: RefCell::default(),
            above: RefCell::default(),
        }
    }
}

/// The error of an item; or the reason why its membership is missing, and the member.
pub(super) enum Failure {
    Error(Error),
    Missing(String, String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

/// The outcome of an item inside the transaction.
pub(super) type ItemResult = std::result::Result<ImportOutcome, Failure>;

impl Import<'_> {
    pub(super) fn import_items(
        &self,
        tx: &WriteTx<'_>,
        items: &[Item],
        refused: &[Option<String>],
    ) -> Result<Imported> {
        if let Some(imported) = tx.in_bulk(|tx| self.attempt_items(tx, items, refused, tx.cheapest_undo()))? {
            return Ok(imported);
        }
        tx.restart_transaction()?;
        self.clear_caches();
        let imported = tx.in_bulk(|tx| self.attempt_items(tx, items, refused, Undo::Savepoint))?;
        imported.ok_or_else(|| Error::Internal(anyhow::anyhow!("a savepoint has not taken its attempt back")))
    }

    /// Imports the items one after the other. `None` if an item failed that this kind of undo cannot take back.
    fn attempt_items(
        &self,
        tx: &WriteTx<'_>,
        items: &[Item],
        refused: &[Option<String>],
        undo: Undo,
    ) -> Result<Option<Imported>> {
        let mut imported = Imported { outcomes: Vec::with_capacity(items.len()), groups: Vec::new() };
        for (item, refused) in items.iter().zip(refused) {
            if let Some(why) = refused {
                imported.outcomes.push(ImportOutcome::Refused(why.clone()));
                continue;
            }
            let mut made = Vec::new();
            let Some(result) = tx.savepoint(undo, |tx| self.import_item(tx, item, &mut made))? else { return Ok(None) };
            if result.is_ok() {
                imported.groups.append(&mut made);
            } else if !made.is_empty() {
                // The savepoint has removed them.
                self.clear_caches();
            }
            imported.outcomes.push(match result {
                Ok(outcome) => outcome,
                Err(Failure::Missing(why, about)) => ImportOutcome::Missing(why, about),
                Err(Failure::Error(error @ (Error::Unavailable(_) | Error::Internal(_)))) => return Err(error),
                Err(Failure::Error(Error::LastAdministrator)) if self.options.defers => ImportOutcome::Deferred,
                Err(Failure::Error(error)) => ImportOutcome::Refused(refusal(&error)),
            });
        }
        Ok(Some(imported))
    }

    /// Clears all caches.
    fn clear_caches(&self) {
        self.groups.borrow_mut().clear();
        self.clear_rights();
    }

    /// Clears the caches of groups that give rights, and of the groups of a user.
    pub(super) fn clear_rights(&self) {
        self.receivers.borrow_mut().clear();
        self.harmless.borrow_mut().clear();
        self.above.replace(None);
    }

    fn import_item(&self, tx: &WriteTx<'_>, item: &Item, made: &mut Vec<String>) -> ItemResult {
        if let Item::Group { .. } | Item::Parents { .. } | Item::Subgroup { group: Target::Name(_), .. } = item {
            self.clear_rights();
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

    fn user(&self, tx: &WriteTx<'_>, user: &ImportedUser, made: &mut Vec<String>) -> ItemResult {
        let ImportedUser { name, exported, changes, places, entry_names, .. } = user;
        let name = check_login("user name", name)?;
        let existed = exists(tx, EntityKind::User, name, *exported)?;
        if existed && self.options.conflict != Conflict::Update {
            return self.conflict_outcome(Error::Exists(EntityKind::User, name.to_owned()));
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
            let update = UserUpdate { changes, condition: &unconditional, denied: DeniedAction::Edit };
            let user = load_user(tx, &name.into())?;
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
            let inserted = insert_without_groups(tx, self.caller, name, key, changes)?;
            joining.retain(|joining| joined.insert(joining.group.id));
            join_groups(tx, self.caller, inserted, changes, &joining)?.id
        };
        tx.save_entry_names(EntityKind::User, id, entry_names)?;
        Ok(outcome(tx, before, existed))
    }

    fn group(
        &self,
        tx: &WriteTx<'_>,
        name: &str,
        exported: bool,
        changes: &GroupChanges,
        entry: &[EntryName],
    ) -> ItemResult {
        let name = check_login("group name", name)?;
        let existed = exists(tx, EntityKind::Group, name, exported)?;
        if existed && self.options.conflict != Conflict::Update {
            return self.conflict_outcome(Error::Exists(EntityKind::Group, name.to_owned()));
        }
        let before = tx.recorded_changes();
        let id = if existed {
            let group = load_group(tx, &name.into())?;
            let id = group.id;
            update_group(tx, self.caller, self.rules, group, changes, None, &Precondition::default())?;
            id
        } else {
            insert_group(tx, name, imported_key(tx, EntityKind::Group, name, exported)?, changes)?
        };
        tx.save_entry_names(EntityKind::Group, id, entry)?;
        Ok(outcome(tx, before, existed))
    }

    fn parents(&self, tx: &WriteTx<'_>, group: &str, parents: &[String]) -> ItemResult {
        for parent in parents {
            require_spelling(tx, EntityKind::Group, parent)?;
        }
        let before = tx.recorded_changes();
        let changes = GroupChanges { parent_groups: Some(parents.to_vec()), ..GroupChanges::default() };
        update_group(
            tx,
            self.caller,
            self.rules,
            load_group(tx, &group.into())?,
            &changes,
            None,
            &Precondition::default(),
        )?;
        Ok(outcome(tx, before, true))
    }

    /// The group of that name. A missing group is created or refused, see [`Import::require_group`].
    pub(super) fn joined_group(&self, tx: &WriteTx<'_>, name: &str, made: &mut Vec<String>) -> Result<Rc<JoinedGroup>> {
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

    /// Creates a group that does not exist, or refuses it without the option to create groups.
    pub(super) fn require_group(&self, tx: &WriteTx<'_>, name: &str, made: &mut Vec<String>) -> Result<()> {
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

    /// The place in the directory for a place in the input.
    pub(super) fn place(&self, place: Option<u64>) -> Option<i64> {
        let place = place.filter(|place| *place <= PLACE_MAX).and_then(|place| i64::try_from(place).ok())?;
        self.options.base.checked_add(place)
    }

    /// The outcome of a user or group that exists and must not change.
    fn conflict_outcome(&self, conflict: Error) -> ItemResult {
        if self.options.conflict == Conflict::Skip { Ok(ImportOutcome::Skipped) } else { Err(conflict.into()) }
    }
}

/// Refuses an entry of an LDAP directory that has the name of a user with rights, unless that user was imported from it:
/// otherwise the password of the entry would give the rights to another person.
fn refuse_namesake(tx: &WriteTx<'_>, user_id: i64, name: &str, entry_names: &[EntryName]) -> Result<()> {
    let Some(entry) = entry_names.first() else { return Ok(()) };
    if tx.find_entry(entry)? == Some(Entry::User(user_id)) || load_permission(tx, user_id)? == PermissionLevel::Reader {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "the user {name} has rights here, and is not changed by an entry of an LDAP directory with the same name"
    )))
}

/// The text of an error in the report, with the option that helps.
fn refusal(error: &Error) -> String {
    match error {
        Error::Exists(..) => format!("{error} (--on-conflict update changes it, skip leaves it)"),
        error => error.to_string(),
    }
}

/// The outcome of an item: `Unchanged` if no change was recorded since then.
pub(super) fn outcome(tx: &WriteTx<'_>, before: u64, existed: bool) -> ImportOutcome {
    match (tx.recorded_changes() == before, existed) {
        (true, _) => ImportOutcome::Unchanged,
        (false, true) => ImportOutcome::Updated,
        (false, false) => ImportOutcome::Created,
    }
}

/// True if the user or group of an item exists. An export of Rollbook can contain names that differ only by invisible
/// characters: these are different users or groups.
fn exists(tx: &WriteTx<'_>, kind: EntityKind, name: &str, exported: bool) -> Result<bool> {
    match require_spelling(tx, kind, name) {
        Err(Error::Invalid(_)) if exported => Ok(false),
        found => found,
    }
}

/// The outcome of a membership whose row was not stored: it is missing, unless it exists already.
fn withheld(tx: &WriteTx<'_>, group: &Target, member: &Target, kind: EntityKind) -> Result<ImportOutcome> {
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
        return Ok(ImportOutcome::Unchanged);
    }
    let why = format!(
        "the row of the group {} or that of its member was refused or skipped, and adds no member",
        group.shown()
    );
    Ok(ImportOutcome::Missing(why, member.shown().to_owned()))
}
