//! Who is in what: `memberships`, `subgroups`, and the names in groups' lists that belong to nobody yet.

use crate::model::{Error, Group, Result, User, check_login, now, spelling_key};
use crate::store::cache_scopes::CacheScope;
use crate::store::sql::{ReadTx, WriteTx};
use crate::store::tables::audit_log::EntryTarget;
use crate::store::tables::list_order::{Place, seqs};
use rusqlite::params;
use std::collections::{BTreeSet, HashMap, HashSet};

/// One of the three lists of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberList {
    /// Its direct member users.
    Users,
    /// Its direct member groups.
    Groups,
    /// The groups that it is a direct member of.
    Parents,
}

impl MemberList {
    /// The name of the list in `dangling_members`.
    pub(in crate::store) fn kind(self) -> &'static str {
        match self {
            MemberList::Users => "user",
            MemberList::Groups => "group",
            MemberList::Parents => "parent",
        }
    }

    /// The entries that belong to a user or group, in any order.
    fn resolved_sql(self) -> &'static str {
        match self {
            MemberList::Users => {
                "select username_key, coalesce(written, username), seq, user_id
                 from memberships join users on users.id = user_id where group_id = ?1"
            }
            MemberList::Groups => {
                "select name_key, coalesce(child_written, name), seq, child_id
                 from subgroups join groups on groups.id = child_id where parent_id = ?1"
            }
            MemberList::Parents => {
                "select name_key, coalesce(parent_written, name), seq, parent_id
                 from subgroups join groups on groups.id = parent_id where child_id = ?1"
            }
        }
    }

    /// The inner id of the user or group that a name belongs to.
    fn target_sql(self) -> &'static str {
        match self {
            MemberList::Users => "select id from users where username_key = ?1",
            MemberList::Groups | MemberList::Parents => "select id from groups where name_key = ?1",
        }
    }

    /// Adds an entry: the group whose list it is, the inner id that it belongs to, its number, and its spelling.
    fn insert_sql(self) -> &'static str {
        match self {
            MemberList::Users => {
                "insert into memberships (group_id, user_id, seq, written)
                 values (?1, ?2, ?3, (select ?4 from users
                     where id = ?2 and username <> ?4 and spelling(username) = spelling(?4)))"
            }
            MemberList::Groups => {
                "insert into subgroups (parent_id, child_id, seq, child_written)
                 values (?1, ?2, ?3, (select ?4 from groups
                     where id = ?2 and name <> ?4 and spelling(name) = spelling(?4)))"
            }
            MemberList::Parents => {
                "insert into subgroups (child_id, parent_id, seq, parent_written)
                 values (?1, ?2, ?3, (select ?4 from groups
                     where id = ?2 and name <> ?4 and spelling(name) = spelling(?4)))"
            }
        }
    }

    /// Gives an entry another number and another spelling, with the same parameters.
    fn update_sql(self) -> &'static str {
        match self {
            MemberList::Users => {
                "update memberships set seq = ?3, written = (select ?4 from users
                     where id = ?2 and username <> ?4 and spelling(username) = spelling(?4))
                 where group_id = ?1 and user_id = ?2"
            }
            MemberList::Groups => {
                "update subgroups set seq = ?3, child_written = (select ?4 from groups
                     where id = ?2 and name <> ?4 and spelling(name) = spelling(?4))
                 where parent_id = ?1 and child_id = ?2"
            }
            MemberList::Parents => {
                "update subgroups set seq = ?3, parent_written = (select ?4 from groups
                     where id = ?2 and name <> ?4 and spelling(name) = spelling(?4))
                 where child_id = ?1 and parent_id = ?2"
            }
        }
    }

    /// Removes an entry: the group whose list it is, and the inner id that it belongs to.
    fn delete_sql(self) -> &'static str {
        match self {
            MemberList::Users => "delete from memberships where group_id = ?1 and user_id = ?2",
            MemberList::Groups => "delete from subgroups where parent_id = ?1 and child_id = ?2",
            MemberList::Parents => "delete from subgroups where child_id = ?1 and parent_id = ?2",
        }
    }
}

/// An entry of a list as stored.
struct Entry {
    key: String,
    name: String,
    seq: i64,
    /// The inner id of the user or group; `None`: there is none of that name.
    target: Option<i64>,
}

impl Entry {
    /// Whether the list shows that spelling of the name from now on. For a user or group it shows none that differs by
    /// characters that cannot be seen.
    fn takes_spelling(&self, name: &str) -> bool {
        self.name != name && (self.target.is_none() || spelling_key(&self.name) == spelling_key(name))
    }
}

/// An entry of a new list.
struct Wanted {
    key: String,
    name: String,
    place: Place,
    /// The inner id of the user or group. Of a new entry it is looked up when the change is made.
    target: Option<i64>,
    /// The other spelling in which the name has waited in the list.
    waited_as: Option<String>,
}

/// A planned change of a list.
struct PlannedList {
    list: MemberList,
    /// Entries of the old list that are not in the new one.
    goes: Vec<Entry>,
    /// Entries of the new list, each once.
    wanted: Vec<Wanted>,
    /// The error for the name after these, if that cannot be a name.
    broken: Option<Error>,
}

/// A planned change of some of a group's lists. It depends on these lists alone.
pub struct PlannedLists {
    group_id: i64,
    /// Version of the group when the change was planned. It counts every change of its lists.
    version: i64,
    lists: Vec<PlannedList>,
}

impl PlannedLists {
    /// Whether the plan still holds: the lists of the group are as they were.
    pub fn are_of(&self, group: &Group) -> bool {
        (self.group_id, self.version) == (group.id, group.version)
    }
}

/// A group that a user is to be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedGroup {
    /// The inner id.
    pub id: i64,
    /// The name.
    pub name: String,
}

/// How a new user joins a group.
#[derive(Debug, Clone, Copy)]
pub struct NewMembership<'g> {
    /// The group.
    pub group: &'g JoinedGroup,
    /// The place in the order of all memberships; `None`: the next one.
    pub place: Option<i64>,
    /// The spelling of the user's name in the group's list; `None`: that of the user.
    pub spelling: Option<&'g str>,
}

impl<'g> NewMembership<'g> {
    /// Joins a group at the end of its list.
    pub fn last(group: &'g JoinedGroup) -> NewMembership<'g> {
        NewMembership { group, place: None, spelling: None }
    }
}

/// The groups that a change of lists has touched.
#[derive(Default)]
struct Touched {
    /// Whether any of the lists has changed.
    lists: bool,
    /// Other groups, which have the group in their lists.
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
    /// Plans to replace lists of a group by these names, each once. Where few of many names differ, planning takes most
    /// of the time.
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
                respelled: present.is_some_and(|entry| entry.takes_spelling(name)),
                resolved: target.is_some(),
            };
            let waited = present.filter(|entry| entry.target.is_none() && entry.name != name);
            let waited_as = waited.map(|entry| entry.name.clone());
            plan.wanted.push(Wanted { key, name: name.to_owned(), place, target, waited_as });
        }
        plan.goes = entries.into_iter().filter(|entry| !known.contains(&entry.key)).collect();
        Ok(plan)
    }

    /// The names in one of a group's lists, in the order given.
    pub fn list_names(&self, group_id: i64, list: MemberList) -> Result<Vec<String>> {
        // Like `entries`, without the keys, which take as much memory as the names.
        let mut names: Vec<(i64, Option<i64>, String)> =
            self.all(list.resolved_sql(), [group_id], |row| Ok((row.get(2)?, row.get(3)?, row.get(1)?)))?;
        let sql = "select name, seq from dangling_members where group_id = ?1 and kind = ?2 order by seq";
        names.append(&mut self.all(sql, params![group_id, list.kind()], |row| Ok((row.get(1)?, None, row.get(0)?)))?);
        names.sort_by_key(|(seq, target, _)| (*seq, *target));
        Ok(names.into_iter().map(|(.., name)| name).collect())
    }

    /// How many names in groups' lists are nobody's.
    pub fn count_pending_members(&self) -> Result<u64> {
        self.number("select count(*) from dangling_members", [])
    }

    /// A list's entries in the order given.
    fn entries(&self, group_id: i64, list: MemberList) -> Result<Vec<Entry>> {
        let mut entries = self.all(list.resolved_sql(), [group_id], |row| {
            Ok(Entry { key: row.get(0)?, name: row.get(1)?, seq: row.get(2)?, target: row.get(3)? })
        })?;
        let sql = "select name_key, name, seq from dangling_members where group_id = ?1 and kind = ?2 order by seq";
        entries.append(&mut self.all(sql, params![group_id, list.kind()], |row| {
            Ok(Entry { key: row.get(0)?, name: row.get(1)?, seq: row.get(2)?, target: None })
        })?);
        // As in the indexes, where two entries have the same number.
        entries.sort_by_key(|entry| (entry.seq, entry.target));
        Ok(entries)
    }
}

impl WriteTx<'_> {
    /// Makes a user a direct member of a group; nothing changes if they are one.
    pub fn insert_member(&self, group_id: i64, user_id: i64) -> Result<()> {
        self.invalidate(CacheScope::Rights);
        let sql = "insert into memberships (group_id, user_id, seq)
             values (?1, ?2, ifnull(?3, (select value + 1 from counters where name = 'seq'))) on conflict do nothing";
        if self.execute(sql, params![group_id, user_id, self.upcoming_seq()?])? > 0 {
            self.advance_seq(1)?;
            self.touch_group(group_id)?;
            self.note_member(group_id, user_id, true)?;
        }
        Ok(())
    }

    /// Adds a name to the end of one of a group's lists, unless it is there. False when it is nobody's yet.
    ///
    /// # Errors
    /// `Invalid` for what cannot be a name, and where a group would contain itself.
    pub fn add_to_member_list(&self, group_id: i64, list: MemberList, name: &str) -> Result<bool> {
        let name = check_login("the name of a member", name)?;
        let key = self.key_in(group_id, list, name)?;
        let target = self.first(list.target_sql(), [&key], |row| row.get(0))?;
        let Some(target) = target else {
            self.remember_pending_member();
            let sql = "insert into dangling_members (kind, name_key, group_id, name, seq)
                 values (?1, ?2, ?3, ?4, ifnull(?5, (select value + 1 from counters where name = 'seq')))
                 on conflict do nothing";
            if self.execute(sql, params![list.kind(), key, group_id, name, self.upcoming_seq()?])? > 0 {
                self.advance_seq(1)?;
                self.touch_group(group_id)?;
                self.note_entry(&self.name_of_group(group_id)?, list, EntryTarget::Waiting(name), true)?;
            }
            return Ok(false);
        };
        let (parent, child) = match list {
            MemberList::Users => return self.insert_member(group_id, target).map(|()| true),
            MemberList::Groups => (group_id, target),
            MemberList::Parents => (target, group_id),
        };
        if self.put_below(parent, child)? {
            self.note_entry(&self.name_of_group(group_id)?, list, EntryTarget::Row(target), true)?;
        }
        Ok(true)
    }

    /// Makes a group a direct member of a group; nothing changes if it is one.
    ///
    /// # Errors
    /// `Invalid` where a group would contain itself.
    pub fn insert_member_group(&self, parent: i64, child: i64) -> Result<()> {
        if self.put_below(parent, child)? {
            self.note_entry(&self.name_of_group(parent)?, MemberList::Groups, EntryTarget::Row(child), true)?;
        }
        Ok(())
    }

    /// Puts a group below another. False when it is there.
    fn put_below(&self, parent: i64, child: i64) -> Result<bool> {
        if self.has_member_group(parent, child)? {
            return Ok(false);
        }
        self.invalidate(CacheScope::Rights);
        self.invalidate(CacheScope::Groups);
        let seq = self.next_seqs(1)?;
        self.insert_subgroup(parent, child, seq)?;
        Ok(true)
    }

    /// Gives an entry of one of a group's lists another place in the order of all memberships, and the spelling of the
    /// name that the list shows. `target` is the inner id of the user or group; `None`: there is none of that name yet.
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
                let before: Option<String> = self.first(sql, params![list.kind(), key, group_id], |row| row.get(0))?;
                if let Some(before) = before.filter(|before| before != name) {
                    self.note_respelling(&self.name_of_group(group_id)?, list, &before, name)?;
                }
                let sql = "update dangling_members set name = ?4, seq = ?5
                     where kind = ?1 and name_key = ?2 and group_id = ?3";
                self.execute(sql, params![list.kind(), key, group_id, name, place])?
            }
            Some(target) => self.execute(list.update_sql(), params![group_id, target, place, name])?,
        };
        if changed > 0 { self.touch_group(group_id) } else { Ok(()) }
    }

    /// A name that waits in a list of that group in another spelling from now on.
    fn note_respelling(&self, group: &str, list: MemberList, before: &str, name: &str) -> Result<()> {
        self.note_entry(group, list, EntryTarget::Waiting(before), false)?;
        self.note_entry(group, list, EntryTarget::Waiting(name), true)
    }

    /// Reserves so many places at the end of the order of all memberships. Returns the last one before them.
    pub fn reserve_positions(&self, count: u64) -> Result<i64> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(self.next_seqs(count.max(1))? - 1)
    }

    /// Takes a group out of another; nothing changes if it is not in it.
    pub fn remove_subgroup(&self, parent: i64, child: i64) -> Result<()> {
        self.invalidate(CacheScope::Rights);
        self.invalidate(CacheScope::Groups);
        if self.execute(MemberList::Groups.delete_sql(), [parent, child])? > 0 {
            self.touch_group(parent)?;
            self.touch_group(child)?;
            self.note_entry(&self.name_of_group(parent)?, MemberList::Groups, EntryTarget::Row(child), false)?;
        }
        Ok(())
    }

    /// Ends a direct membership; nothing changes if there is none.
    pub fn delete_member(&self, group_id: i64, user_id: i64) -> Result<()> {
        self.invalidate(CacheScope::Rights);
        if self.take_member(group_id, user_id)? {
            self.touch_group(group_id)?;
            self.note_member(group_id, user_id, false)?;
        }
        Ok(())
    }

    /// Makes a new user a direct member of these groups, each once, in this order. `waited`: others may have waited for
    /// the name, and the user is a member of these.
    pub fn insert_memberships_of(&self, user: &User, waited: bool, groups: &[NewMembership<'_>]) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        self.invalidate(CacheScope::Rights);
        let present = if waited { self.list_group_ids_of(user.id)? } else { Vec::new() };
        let present: HashSet<i64> = present.into_iter().collect();
        let missing = groups.iter().filter(|joining| !present.contains(&joining.group.id));
        let unplaced = missing.clone().filter(|joining| joining.place.is_none()).count();
        let mut seqs = self.next_seqs(unplaced)?..;
        for NewMembership { group, place, spelling } in missing {
            let Some(seq) = place.or_else(|| seqs.next()) else { continue };
            let written = spelling.filter(|name| *name != user.username && is_spelling_of(name, &user.username));
            let sql = "insert into memberships (group_id, user_id, seq, written) values (?1, ?2, ?3, ?4)";
            self.execute(sql, params![group.id, user.id, seq, written])?;
            self.touch_group(group.id)?;
            self.note_membership(&group.name, Some(&user.username), None, false, true)?;
        }
        for NewMembership { group, place, spelling } in
            groups.iter().filter(|joining| present.contains(&joining.group.id))
        {
            if let Some(place) = *place {
                let name = spelling.unwrap_or(&user.username);
                self.set_entry_position(group.id, MemberList::Users, Some(user.id), name, place)?;
            }
        }
        Ok(())
    }

    /// Makes these the user's direct groups, in this order. Each is there once.
    pub fn replace_groups_of(&self, user_id: i64, groups: &[i64]) -> Result<()> {
        self.invalidate(CacheScope::Rights);
        let present = self.list_group_ids_of(user_id)?;
        let given: HashSet<i64> = groups.iter().copied().collect();
        for group_id in present.iter().copied().filter(|id| !given.contains(id)) {
            self.take_member(group_id, user_id)?;
            self.touch_group(group_id)?;
            self.note_member(group_id, user_id, false)?;
        }
        let places: HashMap<i64, usize> = present.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut last = None;
        let stays = |id: &&i64| {
            let at = places.get(id);
            at > std::mem::replace(&mut last, at)
        };
        let staying = groups.iter().take_while(stays).count();
        self.join_last(user_id, &groups[staying..], &present.into_iter().collect())
    }

    /// Makes these the last of a user's direct groups. Also a user who only moves to the end of their groups moves to
    /// the end of the group's users.
    fn join_last(&self, user_id: i64, groups: &[i64], present: &HashSet<i64>) -> Result<()> {
        self.invalidate(CacheScope::Rights);
        let sql = "insert into memberships (group_id, user_id, seq) values (?1, ?2, ?3)
             on conflict do update set seq = excluded.seq";
        for (group_id, seq) in groups.iter().zip(self.next_seqs(groups.len())?..) {
            self.execute(sql, [*group_id, user_id, seq])?;
            self.touch_group(*group_id)?;
            if !present.contains(group_id) {
                self.note_member(*group_id, user_id, true)?;
            }
        }
        Ok(())
    }

    /// Replaces lists of a group, by a plan that still holds. Pending names are kept too.
    ///
    /// # Errors
    /// `Invalid` for what cannot be a name, and where a group would contain itself.
    pub fn replace_member_lists(&self, planned: PlannedLists) -> Result<()> {
        self.invalidate(CacheScope::Rights);
        self.invalidate(CacheScope::Groups);
        let mut touched = Touched::default();
        // What goes, goes first: two groups can change places in one call.
        for list in &planned.lists {
            self.delete_entries(planned.group_id, list, &mut touched)?;
        }
        for list in planned.lists {
            self.arrange_list(planned.group_id, list, &mut touched)?;
        }
        if touched.lists {
            touched.others.insert(planned.group_id);
        }
        touched.others.iter().try_for_each(|id| self.touch_group(*id))
    }

    /// Brings these names into lists of a new group, beside those that have waited for it. Names of nobody are
    /// kept too.
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
                None => self.execute(sql, params![list.kind(), entry.key, group_id])?,
                Some(target) => self.execute(list.delete_sql(), [group_id, target])?,
            };
            touched.add(list, entry.target);
            self.note_entry(&group, list, EntryTarget::of(entry.target, &entry.name), false)?;
        }
        Ok(())
    }

    /// Adds the planned entries to one of a group's lists and brings them into order.
    fn arrange_list(&self, group_id: i64, planned: PlannedList, touched: &mut Touched) -> Result<()> {
        let PlannedList { list, mut wanted, broken, .. } = planned;
        // An entry that the list has already is known to be pending or not.
        let is_new = |entry: &&mut Wanted| entry.place.present.is_none();
        let keys = wanted.iter().filter(|entry| entry.place.present.is_none()).map(|entry| entry.key.as_str());
        let targets = self.first_of_each(list.target_sql(), keys, |row| row.get(0))?;
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
                Some((_, before)) if before == seq && !entry.place.respelled => continue,
                Some(_) => {
                    self.update_entry(group_id, list, entry, seq)?;
                    if let Some(before) = &entry.waited_as {
                        self.note_respelling(&group, list, before, &entry.name)?;
                    }
                }
                None => {
                    self.insert_entry(group_id, list, entry, seq)?;
                    self.note_entry(&group, list, EntryTarget::of(entry.target, &entry.name), true)?;
                }
            }
            touched.add(list, entry.target);
        }
        Ok(())
    }

    /// Refuses new entries that would close a circle. One walk serves for all of them.
    fn refuse_cycles(&self, group_id: i64, list: MemberList, targets: Vec<i64>) -> Result<()> {
        if targets.is_empty() {
            return Ok(());
        }
        match list {
            MemberList::Users => Ok(()),
            // A group that contains none is above nothing, which one look tells.
            MemberList::Groups if self.contain_none(group_id, &targets)? => Ok(()),
            MemberList::Groups => match self.find_at_or_above(group_id, &targets)? {
                Some(at) => Err(self.cycle_error(group_id, targets[at])),
                None => Ok(()),
            },
            MemberList::Parents => match self.find_at_or_below(group_id, &targets)? {
                Some(at) => Err(self.cycle_error(targets[at], group_id)),
                None => Ok(()),
            },
        }
    }

    /// Whether these are other groups, and none of them contains a group. Of many it is not asked.
    fn contain_none(&self, group_id: i64, targets: &[i64]) -> Result<bool> {
        let [target] = targets else { return Ok(false) };
        Ok(*target != group_id && !self.any("select 1 from subgroups where parent_id = ?1", [target])?)
    }

    /// The error for a membership that would close a circle.
    fn cycle_error(&self, parent: i64, child: i64) -> Error {
        match (self.name_of_group(parent), self.name_of_group(child)) {
            (Ok(parent), Ok(child)) => {
                Error::Invalid(format!("a group cannot contain itself: {child} in {parent} closes a circle"))
            }
            (Err(error), _) | (_, Err(error)) => error,
        }
    }

    pub(in crate::store) fn name_of_group(&self, id: i64) -> Result<String> {
        Ok(self.first("select name from groups where id = ?1", [id], |row| row.get(0))?.unwrap_or_default())
    }

    fn insert_entry(&self, group_id: i64, list: MemberList, entry: &Wanted, seq: i64) -> Result<usize> {
        match entry.target {
            None => {
                self.remember_pending_member();
                let sql =
                    "insert into dangling_members (kind, name_key, group_id, name, seq) values (?1, ?2, ?3, ?4, ?5)";
                self.execute(sql, params![list.kind(), entry.key, group_id, entry.name, seq])
            }
            Some(target) => self.execute(list.insert_sql(), params![group_id, target, seq, entry.name]),
        }
    }

    fn update_entry(&self, group_id: i64, list: MemberList, entry: &Wanted, seq: i64) -> Result<usize> {
        match entry.target {
            None => self.execute(
                "update dangling_members set name = ?4, seq = ?5 where kind = ?1 and name_key = ?2 and group_id = ?3",
                params![list.kind(), entry.key, group_id, entry.name, seq],
            ),
            Some(target) => self.execute(list.update_sql(), params![group_id, target, seq, entry.name]),
        }
    }

    /// Makes one group a member of another, unless it is one.
    fn insert_subgroup(&self, parent: i64, child: i64, seq: i64) -> Result<()> {
        self.refuse_cycles(parent, MemberList::Groups, vec![child])?;
        let sql = "insert into subgroups (parent_id, child_id, seq) values (?1, ?2, ?3) on conflict do nothing";
        self.execute(sql, [parent, child, seq])?;
        self.touch_group(parent)?;
        self.touch_group(child)
    }

    /// Makes memberships of the entries that waited for this new user.
    /// Returns whether there were any.
    pub(in crate::store) fn resolve_pending_user(&self, user_id: i64, username: &str, key: &str) -> Result<bool> {
        // Hardly ever is there one, and looking costs less than deleting nothing.
        let sql = "select 1 from dangling_members where kind = 'user' and name_key = ?1";
        if !self.may_have_pending_members()? || !self.any(sql, [key])? {
            return Ok(false);
        }
        self.invalidate(CacheScope::Rights);
        let sql = "insert into memberships (group_id, user_id, seq, written)
             select group_id, ?2, seq, case when name <> ?3 and spelling(name) = spelling(?3) then name end
             from dangling_members where kind = 'user' and name_key = ?1";
        self.execute(sql, params![key, user_id, username])?;
        self.note_end_of_waiting_user(key, username)?;
        self.execute("delete from dangling_members where kind = 'user' and name_key = ?1", [key])?;
        self.touch_groups_of(user_id)?;
        self.note_first_memberships(user_id, username)?;
        Ok(true)
    }

    /// Makes subgroups of the entries that waited for this new group.
    ///
    /// # Errors
    /// `Invalid` where that would close a circle: then there can be no group of that name yet.
    pub(in crate::store) fn resolve_pending_group(&self, id: i64, name: &str, key: &str) -> Result<()> {
        let sql = "select kind = 'parent', group_id from dangling_members
             where name_key = ?1 and kind in ('group', 'parent') order by seq";
        let waiting: Vec<(bool, i64)> = self.all(sql, [key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if waiting.is_empty() {
            return Ok(());
        }
        self.refuse_pending_cycles(id, &waiting)?;
        let sql = "insert into subgroups (parent_id, child_id, seq, child_written)
             select group_id, ?2, seq, case when name <> ?3 and spelling(name) = spelling(?3) then name end
             from dangling_members where kind = 'group' and name_key = ?1";
        self.execute(sql, params![key, id, name])?;
        let sql = "insert into subgroups (parent_id, child_id, seq, parent_written)
             select ?2, group_id, seq, case when name <> ?3 and spelling(name) = spelling(?3) then name end
             from dangling_members where kind = 'parent' and name_key = ?1";
        self.execute(sql, params![key, id, name])?;
        self.note_end_of_waiting_group(key, name)?;
        self.note_first_subgroups(key, name)?;
        self.execute("delete from dangling_members where name_key = ?1 and kind in ('group', 'parent')", [key])?;
        self.touch_groups_beside(id)
    }

    /// Refuses a new group that would close a circle with the groups that have its name in their lists: as a parent, or
    /// as a member.
    fn refuse_pending_cycles(&self, id: i64, waiting: &[(bool, i64)]) -> Result<()> {
        let (mut above, mut children) = (HashSet::new(), HashSet::new());
        for (as_parent, group_id) in waiting {
            if *as_parent {
                if above.contains(group_id) {
                    return Err(self.cycle_error(id, *group_id));
                }
                children.insert(*group_id);
            } else if self.walk_up([*group_id], &mut above, |group| children.contains(&group))? {
                return Err(self.cycle_error(*group_id, id));
            }
        }
        Ok(())
    }

    /// Changes something that nobody sees: numbers of this sequence may be left out.
    pub(in crate::store) fn skip_seq(&self) -> Result<()> {
        self.advance_seq(1)
    }

    /// Takes the row of a membership away. False when there is none.
    fn take_member(&self, group_id: i64, user_id: i64) -> Result<bool> {
        Ok(self.execute("delete from memberships where group_id = ?1 and user_id = ?2", [group_id, user_id])? > 0)
    }

    /// Counts a change of each of the user's direct groups.
    pub(in crate::store) fn touch_groups_of(&self, user_id: i64) -> Result<()> {
        let sql = "update groups set version = version + 1, updated_at = ?2
             where id in (select group_id from memberships where user_id = ?1)";
        self.execute(sql, [user_id, now()]).map(drop)
    }

    /// Counts a change of each group directly above and below that one.
    pub(in crate::store) fn touch_groups_beside(&self, id: i64) -> Result<()> {
        let sql = "update groups set version = version + 1, updated_at = ?2
             where id in (select parent_id from subgroups where child_id = ?1
                          union select child_id from subgroups where parent_id = ?1)";
        self.execute(sql, [id, now()]).map(drop)
    }
}

/// Whether two texts are one spelling of a name.
fn is_spelling_of(one: &str, other: &str) -> bool {
    spelling_key(one) == spelling_key(other)
}
