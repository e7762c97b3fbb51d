//! An import inside its transaction: memberships.

use super::batch::{Failure, Import, ItemResult, outcome};
use super::items::ImportOutcome;
use super::items::Member;
use crate::directory::lookup::load_group_id;
use crate::directory::names::{require_spelling, require_waiting_spelling};
use crate::model::{ADMINISTRATORS, EntityKind, Error, MemberList, POWER_USERS, Result, Target};
use crate::store::{ImportedEntity as Entry, WriteTx};

impl Import<'_> {
    pub(super) fn member(&self, tx: &WriteTx<'_>, member: Member<'_>, made: &mut Vec<String>) -> ItemResult {
        let Member { group, member: user, place, by_member } = member;
        let found = match user {
            Target::Name(name) => {
                require_spelling(tx, EntityKind::User, name)?;
                None
            }
            Target::Entry { entry, shown, .. } => match tx.find_entry(entry)? {
                Some(found) => Some(found),
                None => return Err(not_imported(group, shown)),
            },
        };
        let group_id = self.receiver(tx, group, user, made)?;
        let before = tx.recorded_changes();
        match (found, user) {
            (Some(Entry::User(id)), _) if by_member => {
                if self.is_above(tx, id, group_id)? {
                    return Ok(ImportOutcome::Unchanged);
                }
                tx.insert_member(group_id, id)?;
                self.add_above(tx, id, group_id)?;
            }
            (Some(Entry::User(id)), _) => drop(tx.insert_member(group_id, id)?),
            (Some(Entry::Group(id)), _) => {
                if by_member && id != group_id && tx.is_self_or_descendant(id, group_id)? {
                    return Ok(ImportOutcome::Unchanged);
                }
                // A group from an LDAP entry gives no rights, nor do the groups below it.
                match group {
                    Target::Name(_) => self.clear_rights(),
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

    pub(super) fn subgroup(&self, tx: &WriteTx<'_>, member: Member<'_>, made: &mut Vec<String>) -> ItemResult {
        let Member { group, member: subgroup, place, by_member } = member;
        let (Target::Name(parent), Target::Name(child)) = (group, subgroup) else {
            let child = match subgroup {
                Target::Name(name) => load_group_id(tx, &name.into())?,
                Target::Entry { entry, shown, .. } => match tx.find_entry(entry)? {
                    Some(Entry::Group(id)) => id,
                    Some(Entry::User(_)) | None => return Err(not_imported(group, shown)),
                },
            };
            let parent = self.receiver(tx, group, subgroup, made)?;
            if by_member && child != parent && tx.is_self_or_descendant(child, parent)? {
                return Ok(ImportOutcome::Unchanged);
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

    /// The group that receives a member. For an entry it is the group that was imported from it; if there is none, the
    /// group is created if the options say so. Groups that give rights receive no members from an LDAP directory.
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
            return Ok(load_group_id(tx, &name.into())?);
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
                    let id = load_group_id(tx, &name.into())?;
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

    /// True if the user is a member of a group, directly or through other groups.
    fn is_above(&self, tx: &WriteTx<'_>, user_id: i64, group_id: i64) -> Result<bool> {
        let mut above = self.above.borrow_mut();
        if above.as_ref().is_none_or(|(id, _)| *id != user_id) {
            *above = Some((user_id, tx.ancestor_ids_of_user(user_id)?));
        }
        Ok(above.as_ref().is_some_and(|(_, groups)| groups.contains(&group_id)))
    }

    /// Adds a new group of the user to the cache.
    fn add_above(&self, tx: &WriteTx<'_>, user_id: i64, group_id: i64) -> Result<()> {
        match &mut *self.above.borrow_mut() {
            Some((id, groups)) if *id == user_id => tx.add_ancestors(group_id, groups),
            _ => Ok(()),
        }
    }
}

/// The failure of a membership whose entry was not imported.
fn not_imported(group: &Target, member: &str) -> Failure {
    let why = format!("members of {} are unknown: no user and no group was imported from them", group.shown());
    Failure::Missing(why, member.to_owned())
}
