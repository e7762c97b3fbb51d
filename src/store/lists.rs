//! Who is in what: `memberships`, `subgroups`, and the names in groups' lists that belong to nobody yet.

use super::{Rows, Scope, Tx, now};
use crate::model::{Error, Result, check_login, key};
use rusqlite::params;
use std::collections::{HashMap, HashSet};

/// One of the three lists of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Its direct member users.
    Users,
    /// Its direct member groups.
    Groups,
    /// The groups that it is a direct member of.
    Parents,
}

impl List {
    /// The name of the list in `dangling_members`.
    fn kind(self) -> &'static str {
        match self {
            List::Users => "user",
            List::Groups => "group",
            List::Parents => "parent",
        }
    }

    /// The list's real and dangling entries, in the order given.
    fn entries_sql(self) -> &'static str {
        macro_rules! with_dangling {
            ($real:literal, $kind:literal) => {
                concat!(
                    $real,
                    " union all select name_key, name, seq, null from dangling_members where group_id = ?1 and kind = '",
                    $kind,
                    "' order by seq"
                )
            };
        }
        match self {
            List::Users => with_dangling!(
                "select username_key, coalesce(written, username), seq, user_id from memberships join users on users.id = user_id
                 where group_id = ?1",
                "user"
            ),
            List::Groups => with_dangling!(
                "select name_key, coalesce(child_written, name), seq, child_id from subgroups join groups on groups.id = child_id
                 where parent_id = ?1",
                "group"
            ),
            List::Parents => with_dangling!(
                "select name_key, coalesce(parent_written, name), seq, parent_id from subgroups join groups on groups.id = parent_id
                 where child_id = ?1",
                "parent"
            ),
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

impl Rows<'_> {
    /// The names in one of a group's lists, in the order given.
    pub fn list_names(&self, group_id: i64, list: List) -> Result<Vec<String>> {
        Ok(self.entries(group_id, list)?.into_iter().map(|entry| entry.name).collect())
    }

    /// The names of a user's direct groups, in the order joined.
    pub fn list_group_names_of(&self, user_id: i64) -> Result<Vec<String>> {
        let sql = "select name from memberships join groups on groups.id = group_id where user_id = ?1 order by seq";
        self.all(sql, [user_id], |row| row.get(0))
    }

    /// Which group is in which, in the order joined: the names of both.
    pub fn list_subgroup_names(&self) -> Result<Vec<(String, String)>> {
        let sql = "select parents.name, children.name from subgroups
             join groups as parents on parents.id = parent_id join groups as children on children.id = child_id
             order by seq";
        self.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The names in groups' lists that are nobody's, in the order joined: the list, the group whose list it is, and the
    /// name.
    pub fn list_waiting_names(&self) -> Result<Vec<(List, String, String)>> {
        let sql = "select kind, groups.name, dangling_members.name from dangling_members
             join groups on groups.id = group_id order by seq";
        self.all(sql, [], |row| {
            let list = match row.get_ref(0)?.as_str()? {
                "user" => List::Users,
                "group" => List::Groups,
                _ => List::Parents,
            };
            Ok((list, row.get(1)?, row.get(2)?))
        })
    }

    /// How many names in groups' lists are nobody's.
    pub fn count_waiting_names(&self) -> Result<u64> {
        self.number("select count(*) from dangling_members", [])
    }

    fn entries(&self, group_id: i64, list: List) -> Result<Vec<Entry>> {
        self.all(list.entries_sql(), [group_id], |row| {
            Ok(Entry { key: row.get(0)?, name: row.get(1)?, seq: row.get(2)?, target: row.get(3)? })
        })
    }
}

impl Tx<'_> {
    /// Makes a user a direct member of a group; nothing changes if they are one.
    pub fn insert_member(&self, group_id: i64, user_id: i64) -> Result<()> {
        self.mark(Scope::Rights);
        let sql = "insert into memberships (group_id, user_id, seq)
             values (?1, ?2, (select value + 1 from counters where name = 'seq')) on conflict do nothing";
        if self.execute(sql, [group_id, user_id])? > 0 {
            self.next_seq()?;
            self.touch_group(group_id)?;
            self.note_member(group_id, user_id, true)?;
        }
        Ok(())
    }

    /// Adds a name to the end of one of a group's lists, unless it is there. False when it is nobody's yet.
    ///
    /// # Errors
    /// `Invalid` for what cannot be a name, and where a group would contain itself.
    pub fn add_to_list(&self, group_id: i64, list: List, name: &str) -> Result<bool> {
        let name = check_login("the name of a member", name)?;
        let target = match list {
            List::Users => self.find_user_id(name)?,
            List::Groups | List::Parents => self.find_group_id(name)?,
        };
        let Some(target) = target else {
            let sql = "insert into dangling_members (kind, name_key, group_id, name, seq)
                 values (?1, ?2, ?3, ?4, (select value + 1 from counters where name = 'seq')) on conflict do nothing";
            if self.execute(sql, params![list.kind(), key(name), group_id, name])? > 0 {
                self.next_seq()?;
                self.touch_group(group_id)?;
                self.note_entry(group_id, list, name, false, true)?;
            }
            return Ok(false);
        };
        let (parent, child) = match list {
            List::Users => return self.insert_member(group_id, target).map(|()| true),
            List::Groups => (group_id, target),
            List::Parents => (target, group_id),
        };
        if !self.any("select 1 from subgroups where parent_id = ?1 and child_id = ?2", [parent, child])? {
            self.mark(Scope::Rights);
            self.mark(Scope::Groups);
            let seq = self.next_seq()?;
            self.insert_subgroup(parent, child, seq)?;
            self.note_entry(group_id, list, name, true, true)?;
        }
        Ok(true)
    }

    /// Takes a group out of another; nothing changes if it is not in it.
    pub fn remove_subgroup(&self, parent: i64, child: i64) -> Result<()> {
        self.mark(Scope::Rights);
        self.mark(Scope::Groups);
        if self.any("select 1 from subgroups where parent_id = ?1 and child_id = ?2", [parent, child])? {
            let name: Option<String> =
                self.first("select name from groups where id = ?1", [child], |row| row.get(0))?;
            self.delete_subgroup(parent, child, child)?;
            self.touch_group(parent)?;
            self.note_entry(parent, List::Groups, &name.unwrap_or_default(), true, false)?;
        }
        Ok(())
    }

    /// Ends a direct membership; nothing changes if there is none.
    pub fn delete_member(&self, group_id: i64, user_id: i64) -> Result<()> {
        self.mark(Scope::Rights);
        if self.take_member(group_id, user_id)? {
            self.touch_group(group_id)?;
            self.note_member(group_id, user_id, false)?;
        }
        Ok(())
    }

    /// Makes these the user's direct groups, in this order.
    pub fn replace_groups_of(&self, user_id: i64, groups: &[i64]) -> Result<()> {
        self.mark(Scope::Rights);
        let sql = "select group_id, seq from memberships where user_id = ?1 order by seq";
        let present: Vec<(i64, i64)> = self.all(sql, [user_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (group_id, _) in present.iter().filter(|(group_id, _)| !groups.contains(group_id)) {
            self.take_member(*group_id, user_id)?;
            self.touch_group(*group_id)?;
            self.note_member(*group_id, user_id, false)?;
        }
        let mut last = 0;
        for group_id in groups {
            match present.iter().find(|(id, _)| id == group_id) {
                Some((_, seq)) if *seq > last => last = *seq,
                // Also who only moves to the end of the user's groups moves to the end of the group's users.
                found => {
                    last = self.next_seq()?;
                    let sql = "insert into memberships (group_id, user_id, seq) values (?1, ?2, ?3)
                         on conflict do update set seq = excluded.seq";
                    self.execute(sql, [*group_id, user_id, last])?;
                    self.touch_group(*group_id)?;
                    if found.is_none() {
                        self.note_member(*group_id, user_id, true)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes these names some of a group's lists, in this order, each once. Names of nobody are kept too.
    ///
    /// # Errors
    /// `Invalid` for what cannot be a name, and where a group would contain itself.
    pub fn replace_lists(&self, group_id: i64, lists: &[(List, &[String])]) -> Result<()> {
        self.mark(Scope::Rights);
        self.mark(Scope::Groups);
        let mut changed = false;
        // What goes, goes first: two groups can change places in one call.
        for (list, names) in lists {
            let given: HashSet<String> = names.iter().map(|name| key(name)).collect();
            for entry in self.entries(group_id, *list)?.iter().filter(|entry| !given.contains(&entry.key)) {
                self.delete_entry(group_id, *list, entry)?;
                self.note_entry(group_id, *list, &entry.name, entry.target.is_some(), false)?;
                changed = true;
            }
        }
        changed |= self.arrange_lists(group_id, lists)?;
        if changed {
            self.touch_group(group_id)?;
        }
        Ok(())
    }

    /// Brings these names into lists of a new group, beside those that have waited for it. Names of nobody are
    /// kept too.
    ///
    /// # Errors
    /// As [`Tx::replace_lists`].
    pub fn fill_lists(&self, group_id: i64, lists: &[(List, &[String])]) -> Result<()> {
        self.arrange_lists(group_id, lists).map(drop)
    }

    fn arrange_lists(&self, group_id: i64, lists: &[(List, &[String])]) -> Result<bool> {
        let mut changed = false;
        for (list, names) in lists {
            changed |= self.arrange_list(group_id, *list, names)?;
        }
        Ok(changed)
    }

    /// Brings the names into one of a group's lists, in this order; what stands there already stays. True when
    /// anything changed.
    fn arrange_list(&self, group_id: i64, list: List, names: &[String]) -> Result<bool> {
        let present: HashMap<String, Entry> =
            self.entries(group_id, list)?.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
        let mut given = HashSet::with_capacity(names.len());
        let mut changed = false;
        let mut last = 0;
        for name in names {
            let name = check_login("the name of a member", name)?;
            let key = key(name);
            if !given.insert(key.clone()) {
                continue;
            }
            if let Some(entry) = present.get(&key) {
                if entry.seq > last && entry.name == name {
                    last = entry.seq;
                    continue;
                }
                self.delete_entry(group_id, list, entry)?;
            }
            let target = match list {
                List::Users => self.find_user_id(name)?,
                List::Groups | List::Parents => self.find_group_id(name)?,
            };
            last = self.next_seq()?;
            let known = present.contains_key(&key);
            self.insert_entry(group_id, list, &Entry { key, name: name.to_owned(), seq: last, target })?;
            if !known {
                self.note_entry(group_id, list, name, target.is_some(), true)?;
            }
            changed = true;
        }
        Ok(changed)
    }

    fn insert_entry(&self, group_id: i64, list: List, entry: &Entry) -> Result<()> {
        match (list, entry.target) {
            (_, None) => {
                self.execute(
                    "insert into dangling_members (kind, name_key, group_id, name, seq) values (?1, ?2, ?3, ?4, ?5)",
                    params![list.kind(), entry.key, group_id, entry.name, entry.seq],
                )?;
                Ok(())
            }
            (List::Users, Some(user_id)) => {
                self.mark(Scope::Rights);
                self.execute(
                    "insert into memberships (group_id, user_id, seq, written)
                     values (?1, ?2, ?3, (select ?4 from users where id = ?2 and username <> ?4))",
                    params![group_id, user_id, entry.seq, entry.name],
                )
                .map(drop)
            }
            (List::Groups, Some(child)) => {
                self.insert_subgroup(group_id, child, entry.seq)?;
                let sql = "update subgroups set child_written = ?3 where parent_id = ?1 and child_id = ?2
                     and (select name from groups where id = ?2) <> ?3";
                self.execute(sql, params![group_id, child, entry.name]).map(drop)
            }
            (List::Parents, Some(parent)) => {
                self.insert_subgroup(parent, group_id, entry.seq)?;
                let sql = "update subgroups set parent_written = ?3 where parent_id = ?1 and child_id = ?2
                     and (select name from groups where id = ?1) <> ?3";
                self.execute(sql, params![parent, group_id, entry.name]).map(drop)
            }
        }
    }

    /// Makes one group a member of another, unless it is one.
    fn insert_subgroup(&self, parent: i64, child: i64, seq: i64) -> Result<()> {
        if self.is_same_or_above(child, parent)? {
            let name =
                |id: i64| self.first("select name from groups where id = ?1", [id], |row| row.get::<_, String>(0));
            let (parent, child) = (name(parent)?.unwrap_or_default(), name(child)?.unwrap_or_default());
            return Err(Error::Invalid(format!("a group cannot contain itself: {child} in {parent} closes a circle")));
        }
        let sql = "insert into subgroups (parent_id, child_id, seq) values (?1, ?2, ?3) on conflict do nothing";
        self.execute(sql, [parent, child, seq])?;
        self.touch_group(parent)?;
        self.touch_group(child)
    }

    fn delete_entry(&self, group_id: i64, list: List, entry: &Entry) -> Result<()> {
        match (list, entry.target) {
            (_, None) => {
                self.execute(
                    "delete from dangling_members where kind = ?1 and name_key = ?2 and group_id = ?3",
                    params![list.kind(), entry.key, group_id],
                )?;
                Ok(())
            }
            (List::Users, Some(user_id)) => self.take_member(group_id, user_id).map(drop),
            (List::Groups, Some(child)) => self.delete_subgroup(group_id, child, child),
            (List::Parents, Some(parent)) => self.delete_subgroup(parent, group_id, parent),
        }
    }

    fn delete_subgroup(&self, parent: i64, child: i64, other: i64) -> Result<()> {
        self.execute("delete from subgroups where parent_id = ?1 and child_id = ?2", [parent, child])?;
        self.touch_group(other)
    }

    /// Makes memberships of the entries that waited for this new user.
    pub(super) fn resolve_user(&self, user_id: i64, username: &str) -> Result<()> {
        let key = key(username);
        // Hardly ever is there one, and looking costs less than deleting nothing.
        if !self.any("select 1 from dangling_members where kind = 'user' and name_key = ?1", [&key])? {
            return Ok(());
        }
        let sql = "delete from dangling_members where kind = 'user' and name_key = ?1 returning group_id, seq, name";
        let waiting: Vec<(i64, i64, String)> =
            self.all(sql, [&key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for (group_id, seq, written) in waiting {
            let entry = Entry { key: key.clone(), name: written, seq, target: Some(user_id) };
            self.insert_entry(group_id, List::Users, &entry)?;
            self.touch_group(group_id)?;
            self.note_member(group_id, user_id, true)?;
        }
        Ok(())
    }

    /// Makes subgroups of the entries that waited for this new group.
    ///
    /// # Errors
    /// `Invalid` where that would close a circle: then there can be no group of that name yet.
    pub(super) fn resolve_group(&self, id: i64, name: &str) -> Result<()> {
        let sql = "select kind, group_id, seq, name from dangling_members
             where name_key = ?1 and kind in ('group', 'parent') order by seq";
        let waiting: Vec<(String, i64, i64, String)> =
            self.all(sql, [key(name)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        for (kind, group_id, seq, written) in waiting {
            let list = if kind == List::Groups.kind() { List::Groups } else { List::Parents };
            let sql = "delete from dangling_members where kind = ?1 and name_key = ?2 and group_id = ?3";
            self.execute(sql, params![kind, key(name), group_id])?;
            self.insert_entry(group_id, list, &Entry { key: key(name), name: written, seq, target: Some(id) })?;
            self.note_entry(group_id, list, name, true, true)?;
        }
        Ok(())
    }

    /// Changes something that nobody sees: numbers of this sequence may be left out.
    pub(super) fn skip_seq(&self) -> Result<()> {
        self.next_seq().map(drop)
    }

    fn next_seq(&self) -> Result<i64> {
        let sql = "update counters set value = value + 1 where name = 'seq' returning value";
        let seq = self.first(sql, [], |row| row.get(0))?;
        seq.ok_or_else(|| Error::Internal(anyhow::anyhow!("the counter `seq` is missing")))
    }

    /// Takes the row of a membership away. False when there is none.
    fn take_member(&self, group_id: i64, user_id: i64) -> Result<bool> {
        Ok(self.execute("delete from memberships where group_id = ?1 and user_id = ?2", [group_id, user_id])? > 0)
    }

    fn touch_group(&self, id: i64) -> Result<()> {
        let sql = "update groups set version = version + 1, updated_at = ?2 where id = ?1";
        self.execute(sql, [id, now()]).map(drop)
    }
}
