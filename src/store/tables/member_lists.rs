//! The three lists of a group: its member users, its member groups and its parents, with pending members.

use super::audit_log::Membership;
use super::list_order::{Place, seqs};
use super::list_sql::{delete_sql, insert_sql, list_kind, resolved_sql, target_sql, update_sql};
use crate::model::{Error, Group, MemberList, Result, check_login, spelling_key};
use crate::store::row_changes::RowChange;
use crate::store::sql::{ReadTx, WriteTx};
use rusqlite::params;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The user or group of an entry in a list of a group.
#[derive(Clone, Copy)]
enum EntryTarget<'n> {
    /// The row id.
    Row(i64),
    /// A pending member of that name.
    Pending(&'n str),
}

impl<'n> EntryTarget<'n> {
    fn of(target: Option<i64>, name: &'n str) -> EntryTarget<'n> {
        target.map_or(EntryTarget::Pending(name), EntryTarget::Row)
    }
}

/// A stored entry of a list.
struct Entry {
    key: String,
    name: String,
    seq: i64,
    /// The row id of the user or group; `None`: the member is pending.
    target: Option<i64>,
}

impl Entry {
    /// True if the list shows that spelling of the name from now on. For a user or group, a spelling that differs by
    /// invisible characters is not shown.
    fn takes_spelling(&self, name: &str) -> bool {
        self.name != name && (self.target.is_none() || spelling_key(&self.name) == spelling_key(name))
    }
}

/// An entry of a new list.
struct Wanted {
    key: String,
    name: String,
    place: Place,
    /// The row id of the user or group. A new entry is looked up when the change is made.
    target: Option<i64>,
    /// The other spelling of the pending member.
    pending_as: Option<String>,
}

/// A planned change of a list.
struct PlannedList {
    list: MemberList,
    /// Entries of the old list that are not in the new one.
    goes: Vec<Entry>,
    /// Entries of the new list, each once.
    wanted: Vec<Wanted>,
    /// The error for the name after these, if it is not valid.
    broken: Option<Error>,
}

/// A planned change of lists of a group. It depends on these lists alone.
pub struct PlannedLists {
    group_id: i64,
    /// Version of the group when the change was planned. Every change of its lists increments it.
    version: i64,
    lists: Vec<PlannedList>,
}

impl PlannedLists {
    /// True if the lists of the group are as they were when the change was planned.
    pub fn are_of(&self, group: &Group) -> bool {
        (self.group_id, self.version) == (group.id, group.version)
    }
}

/// The groups that a change of lists has touched.
#[derive(Default)]
struct Touched {
    /// True if any of the lists has changed.
    lists: bool,
    /// Other groups that contain the group, or are contained in it.
    others: BTreeSet<i64>,
}

impl Touched {
    fn add(&mut self, list: MemberList, target: Option<i64>) {
        self.lists = true;
        if list != MemberList::Users {
            self.others.extend(target);
        }
    }
}

impl ReadTx<'_> {
    /// Plans to replace lists of a group by these names, each once. If few of many names differ, planning takes most of
    /// the time.
    pub fn plan_member_lists(&self, group: &Group, lists: &[(MemberList, &[String])]) -> Result<PlannedLists> {
        let plan = |(list, names): &(MemberList, &[String])| self.plan_list(group.id, *list, names);
        let lists = lists.iter().map(plan).collect::<Result<_>>()?;
        Ok(PlannedLists { group_id: group.id, version: group.version, lists })
    }

    fn plan_list(&self, group_id: i64, list: MemberList, names: &[String]) -> Result<PlannedList> {
        let entries = self.entries(group_id, list)?;
        let places: HashMap<&str, usize> =
            entries.iter().enumerate().map(|(at, entry)| (entry.key.as_str(), at)).collect();
        let mut known = HashSet::with_capacity(names.len());
        let mut plan = PlannedList { list, goes: Vec::new(), wanted: Vec::with_capacity(names.len()), broken: None };
        for name in names {
            let name = match check_login("the name of a member", name) {
                Ok(name) => name,
                Err(error) => {
                    plan.broken = Some(error);
                    break;
                }
            };
            let key = self.key_in(group_id, list, name)?;
            if !known.insert(key.clone()) {
                continue;
            }
            let at = places.get(key.as_str()).copied();
            let present = at.map(|at| &entries[at]);
            let target = present.and_then(|entry| entry.target);
            let place = Place {
                present: at.map(|at| (at, entries[at].seq)),
                spelling_changed: present.is_some_and(|entry| entry.takes_spelling(name)),
                resolved: target.is_some(),
            };
            let waited = present.filter(|entry| entry.target.is_none() && entry.name != name);
            let pending_as = waited.map(|entry| entry.name.clone());
            plan.wanted.push(Wanted { key, name: name.to_owned(), place, target, pending_as });
        }
        plan.goes = entries.into_iter().filter(|entry| !known.contains(&entry.key)).collect();
        Ok(plan)
    }

    /// The names in one of a group's lists, in the order given.
    pub fn list_names(&self, group_id: i64, list: MemberList) -> Result<Vec<String>> {
        // Like `entries`, without the keys, which take as much memory as the names.
        let mut names: Vec<(i64, Option<i64>, String)> =
            self.all(resolved_sql(list), [group_id], |row| Ok((row.get(2)?, row.get(3)?, row.get(1)?)))?;
        let sql = "select name, seq from dangling_members where group_id = ?1 and kind = ?2 order by seq";
        names.append(
            &mut self.all(sql, params![group_id, list_kind(list)], |row| Ok((row.get(1)?, None, row.get(0)?)))?,
        );
        names.sort_by_key(|(seq, target, _)| (*seq, *target));
        Ok(names.into_iter().map(|(.., name)| name).collect())
    }

    /// A list's entries in the order given.
    fn entries(&self, group_id: i64, list: MemberList) -> Result<Vec<Entry>> {
        let mut entries = self.all(resolved_sql(list), [group_id], |row| {
            Ok(Entry { key: row.get(0)?, name: row.get(1)?, seq: row.get(2)?, target: row.get(3)? })
        })?;
        let sql = "select name_key, name, seq from dangling_members where group_id = ?1 and kind = ?2 order by seq";
        entries.append(&mut self.all(sql, params![group_id, list_kind(list)], |row| {
            Ok(Entry { key: row.get(0)?, name: row.get(1)?, seq: row.get(2)?, target: None })
        })?);
        // The same order as in the indexes, where two entries can have the same number.
        entries.sort_by_key(|entry| (entry.seq, entry.target));
        Ok(entries)
    }
}

impl WriteTx<'_> {
    /// Adds a name to the end of one of a group's lists, unless it is there. Returns false if it is a pending member.
    ///
    /// # Errors
    /// `Invalid` for a text that is not a valid name, and where a group would contain itself.
    pub fn add_to_member_list(&self, group_id: i64, list: MemberList, name: &str) -> Result<bool> {
        let name = check_login("the name of a member", name)?;
        let key = self.key_in(group_id, list, name)?;
        let target = self.first(target_sql(list), [&key], |row| row.get(0))?;
        let Some(target) = target else {
            self.remember_pending_member();
            let sql = "insert into dangling_members (kind, name_key, group_id, name, seq)
                 values (?1, ?2, ?3, ?4, ifnull(?5, (select value + 1 from counters where name = 'seq')))
                 on conflict do nothing";
            if self.execute(sql, params![list_kind(list), key, group_id, name, self.upcoming_seq()?])? > 0 {
                self.advance_seq(1)?;
                self.touch_group(group_id)?;
                self.record_entry(&self.name_of_group(group_id)?, list, EntryTarget::Pending(name), true)?;
            }
            return Ok(false);
        };
        let (parent, child) = match list {
            MemberList::Users => return self.insert_member(group_id, target).map(|_| true),
            MemberList::Groups => (group_id, target),
            MemberList::Parents => (target, group_id),
        };
        if self.put_below(parent, child)? {
            self.record_entry(&self.name_of_group(group_id)?, list, EntryTarget::Row(target), true)?;
        }
        Ok(true)
    }

    /// Changes the position of an entry in the order of all memberships, and the spelling that the list shows. `target`
    /// is the row id of the user or group; `None`: the member is pending.
    pub fn set_entry_position(
        &self,
        group_id: i64,
        list: MemberList,
        target: Option<i64>,
        name: &str,
        place: i64,
    ) -> Result<()> {
        let changed = match target {
            None => {
                let key = self.key_in(group_id, list, name)?;
                let sql = "select name from dangling_members where kind = ?1 and name_key = ?2 and group_id = ?3";
                let before: Option<String> =
                    self.first(sql, params![list_kind(list), key, group_id], |row| row.get(0))?;
                if let Some(before) = before.filter(|before| before != name) {
                    self.record_respelling(&self.name_of_group(group_id)?, list, &before, name)?;
                }
                let sql = "update dangling_members set name = ?4, seq = ?5
                     where kind = ?1 and name_key = ?2 and group_id = ?3";
                self.execute(sql, params![list_kind(list), key, group_id, name, place])?
            }
            Some(target) => self.execute(update_sql(list), params![group_id, target, place, name])?,
        };
        if changed == 0 {
            return Ok(());
        }
        self.invalidate_order(list);
        self.touch_group(group_id)
    }

    /// Records that a pending member has another spelling from now on.
    fn record_respelling(&self, group: &str, list: MemberList, before: &str, name: &str) -> Result<()> {
        self.record_entry(group, list, EntryTarget::Pending(before), false)?;
        self.record_entry(group, list, EntryTarget::Pending(name), true)
    }

    /// Replaces lists of a group, by a plan that still holds. Pending members are allowed. Returns false if nothing differs.
    ///
    /// # Errors
    /// `Invalid` for what cannot be a name, and where a group would contain itself.
    pub fn replace_member_lists(&self, planned: PlannedLists) -> Result<bool> {
        let mut touched = Touched::default();
        // Removed entries go first, so that two groups can change places in one call.
        for list in &planned.lists {
            self.delete_entries(planned.group_id, list, &mut touched)?;
        }
        for list in planned.lists {
            self.arrange_list(planned.group_id, list, &mut touched)?;
        }
        if touched.lists {
            touched.others.insert(planned.group_id);
        }
        touched.others.iter().try_for_each(|id| self.touch_group(*id))?;
        Ok(touched.lists)
    }

    /// Adds these names to the lists of a new group, after the memberships that were pending. Pending members are
    /// allowed.
    ///
    /// # Errors
    /// As [`WriteTx::replace_member_lists`].
    pub fn insert_member_lists(&self, group_id: i64, lists: &[(MemberList, &[String])]) -> Result<()> {
        let mut touched = Touched::default();
        for (list, names) in lists {
            self.arrange_list(group_id, self.plan_list(group_id, *list, names)?, &mut touched)?;
        }
        touched.others.iter().try_for_each(|id| self.touch_group(*id))
    }

    fn delete_entries(&self, group_id: i64, planned: &PlannedList, touched: &mut Touched) -> Result<()> {
        if planned.goes.is_empty() {
            return Ok(());
        }
        let (group, list) = (self.name_of_group(group_id)?, planned.list);
        let sql = "delete from dangling_members where kind = ?1 and name_key = ?2 and group_id = ?3";
        for entry in &planned.goes {
            match entry.target {
                None => self.execute(sql, params![list_kind(list), entry.key, group_id])?,
                Some(target) => {
                    self.note_entry(group_id, list, target);
                    self.execute(delete_sql(list), [group_id, target])?
                }
            };
            touched.add(list, entry.target);
            self.record_entry(&group, list, EntryTarget::of(entry.target, &entry.name), false)?;
        }
        Ok(())
    }

    /// Adds the planned entries to a list and orders it.
    fn arrange_list(&self, group_id: i64, planned: PlannedList, touched: &mut Touched) -> Result<()> {
        let PlannedList { list, mut wanted, broken, .. } = planned;
        // Existing entries are known to be pending or not.
        let is_new = |entry: &&mut Wanted| entry.place.present.is_none();
        let keys = wanted.iter().filter(|entry| entry.place.present.is_none()).map(|entry| entry.key.as_str());
        let targets = self.first_of_each(target_sql(list), keys, |row| row.get(0))?;
        self.refuse_cycles(group_id, list, targets.iter().copied().flatten().collect())?;
        if let Some(error) = broken {
            return Err(error);
        }
        for (entry, target) in wanted.iter_mut().filter(is_new).zip(targets) {
            entry.target = target;
            entry.place.resolved = target.is_some();
        }
        let (seqs, count) = seqs(&wanted.iter().map(|entry| entry.place).collect::<Vec<_>>());
        let first = self.next_seqs(count)?;
        let group = self.name_of_group(group_id)?;
        for (entry, seq) in wanted.iter().zip(seqs) {
            let seq = seq.counted_from(first);
            match entry.place.present {
                Some((_, before)) if before == seq && !entry.place.spelling_changed => continue,
                Some(_) => {
                    self.update_entry(group_id, list, entry, seq)?;
                    self.invalidate_order(list);
                    if let Some(before) = &entry.pending_as {
                        self.record_respelling(&group, list, before, &entry.name)?;
                    }
                }
                None => {
                    self.insert_entry(group_id, list, entry, seq)?;
                    self.record_entry(&group, list, EntryTarget::of(entry.target, &entry.name), true)?;
                }
            }
            touched.add(list, entry.target);
        }
        Ok(())
    }

    fn insert_entry(&self, group_id: i64, list: MemberList, entry: &Wanted, seq: i64) -> Result<usize> {
        match entry.target {
            None => {
                self.remember_pending_member();
                let sql =
                    "insert into dangling_members (kind, name_key, group_id, name, seq) values (?1, ?2, ?3, ?4, ?5)";
                self.execute(sql, params![list_kind(list), entry.key, group_id, entry.name, seq])
            }
            Some(target) => {
                self.note_entry(group_id, list, target);
                self.execute(insert_sql(list), params![group_id, target, seq, entry.name])
            }
        }
    }

    /// Notes that a resolved entry of a list begins or ends.
    fn note_entry(&self, group_id: i64, list: MemberList, target: i64) {
        if list == MemberList::Users {
            self.note_row_change(RowChange::Membership { group_id, user_id: target });
        }
    }

    fn update_entry(&self, group_id: i64, list: MemberList, entry: &Wanted, seq: i64) -> Result<usize> {
        match entry.target {
            None => self.execute(
                "update dangling_members set name = ?4, seq = ?5 where kind = ?1 and name_key = ?2 and group_id = ?3",
                params![list_kind(list), entry.key, group_id, entry.name, seq],
            ),
            Some(target) => self.execute(update_sql(list), params![group_id, target, seq, entry.name]),
        }
    }

    /// Records that an entry begins or ends. A user or group has its own name in the record, whatever the spelling in
    /// the list.
    fn record_entry(&self, group: &str, list: MemberList, entry: EntryTarget<'_>, begins: bool) -> Result<()> {
        let pending = matches!(entry, EntryTarget::Pending(_));
        let own;
        let name = match entry {
            EntryTarget::Pending(name) => name,
            EntryTarget::Row(id) => {
                own = if list == MemberList::Users { self.username_of(id)? } else { self.name_of_group(id)? };
                &own
            }
        };
        let membership = match list {
            MemberList::Users => Membership { group, user: Some(name), pending, ..Membership::default() },
            MemberList::Groups => Membership { group, subgroup: Some(name), pending, ..Membership::default() },
            MemberList::Parents => Membership { group: name, subgroup: Some(group), pending, ..Membership::default() },
        };
        self.record_membership(membership, begins)
    }
}
