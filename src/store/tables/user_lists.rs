//! Lists of users, a page at a time, with the number of all entries.
//!
//! The cache has the row ids of a list in one snapshot. For another snapshot the users that have changed between the two
//! are removed from the list, and added where they belong now. A point in time is the id of the newest audit row.

use super::filter_sql::{FilterSql, FilteredTable};
use crate::model::{Filter, Page, Result, Window};
use crate::store::id_list::IdList;
use crate::store::read_cache::{CachedList, ListKey, ReadCacheView};
use crate::store::row_changes::RowChange;
use crate::store::sql::ReadTx;
use crate::store::tables::columns::{count, prefix_range};
use rusqlite::{ToSql, params};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows that a page may skip in an index; for a deeper page the order is cached.
const SKIPPED_MAX: u64 = 1000;
/// Entries of a list for each change that it may follow: to follow one costs as much as reading that many.
const ENTRIES_PER_CHANGE: usize = 64;
/// Changes that a list of any length may follow.
const CHANGES_MIN: usize = 16;
/// Changes that the longest list may follow. Changed users who are neighbours are searched one by one.
const CHANGES_MAX: usize = 512;

const MEMBERS_FROM: &str = "memberships join users on users.id = user_id where group_id = ?1 and (username_key >= ?2
    and username_key < ?3 or user_id in (select user_id from withheld_user_keys where key >= ?2 and key < ?3))";

impl ReadTx<'_> {
    /// The row ids of the users who pass the filter, in the order of names.
    pub fn search_users(&self, filter: &Filter, window: Window) -> Result<Page<i64>> {
        match filter {
            Filter::And(filters) if filters.is_empty() => self.all_users(window),
            Filter::Or(filters) if filters.is_empty() => Ok(Page { entries: Vec::new(), total: 0 }),
            filter => self.page(ListKey::Filter(filter.clone()), window),
        }
    }

    /// Number of users, including disabled ones.
    pub(in crate::store) fn count_users(&self) -> Result<u64> {
        self.number("select value from counters where name = 'users'", [])
    }

    fn all_users(&self, window: Window) -> Result<Page<i64>> {
        let is_cached = || self.memory.as_ref().is_some_and(|memory| memory.list(&ListKey::AllUsers).is_some());
        if window.offset > SKIPPED_MAX || is_cached() {
            return self.page(ListKey::AllUsers, window);
        }
        let total = self.count_users()?;
        let sql = "select id from users order by username_key limit ?1 offset ?2";
        let entries = self.all(sql, params![count(window.limit), count(window.offset)], |row| row.get(0))?;
        Ok(Page { entries, total })
    }

    /// The row ids of direct members of a group whose login begins with that text, in the order of names. The total
    /// also counts pending members.
    pub fn list_members(&self, group_id: i64, prefix: &str, window: Window) -> Result<Page<i64>> {
        let (from, to) = prefix_range(prefix);
        let pending = self.number(
            "select count(*) from dangling_members
             where group_id = ?1 and kind = 'user' and name_key >= ?2 and name_key < ?3",
            params![group_id, from, to],
        )?;
        let Page { entries, total } = self.page(ListKey::Members(group_id, from), window)?;
        Ok(Page { entries, total: total + pending })
    }

    fn page(&self, key: ListKey, window: Window) -> Result<Page<i64>> {
        let list = self.user_list(key)?;
        let start = usize::try_from(window.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        Ok(Page { entries: list.ids.iter_from(start).take(limit).collect(), total: list.ids.len() as u64 })
    }

    /// The list in this snapshot.
    pub(super) fn user_list(&self, key: ListKey) -> Result<Arc<CachedList>> {
        let Some(memory) = &self.memory else {
            return Ok(Arc::new(CachedList { point: 0, ids: self.read_list(&key)?.into() }));
        };
        let point = self.point_of(memory)?;
        let cached = memory.list(&key);
        if let Some(list) = cached.as_ref().filter(|list| list.point == point) {
            return Ok(Arc::clone(list));
        }
        let followed = match &cached {
            Some(list) => self.follow(memory, &key, list, point)?,
            None => None,
        };
        let ids = match followed {
            Some(ids) => ids,
            None => self.read_list(&key)?.into(),
        };
        let list = Arc::new(CachedList { point, ids });
        // A reader of an older snapshot leaves the newer list in the cache.
        if cached.is_none_or(|cached| cached.point < point) {
            memory.insert_list(key, Arc::clone(&list));
        }
        Ok(list)
    }

    fn read_list(&self, key: &ListKey) -> Result<Vec<i64>> {
        match key {
            ListKey::AllUsers => self.all("select id from users order by username_key", [], |row| row.get(0)),
            ListKey::Filter(filter) => {
                let filter = FilterSql::of(FilteredTable::Users, filter);
                let sql = format!(
                    "{} select id from users where {} order by username_key",
                    filter.with_clause(),
                    filter.condition
                );
                self.all(&sql, filter.parameters(&[]).as_slice(), |row| row.get(0))
            }
            ListKey::Members(group_id, from) => {
                let (from, to) = prefix_range(from);
                let sql = format!("select user_id from {MEMBERS_FROM} order by username_key");
                self.all(&sql, params![group_id, from, to], |row| row.get(0))
            }
        }
    }

    /// The list at that point, from the list of another one; `None` if it has to be read.
    fn follow(
        &self,
        memory: &ReadCacheView<'_>,
        key: &ListKey,
        list: &CachedList,
        point: i64,
    ) -> Result<Option<IdList>> {
        if let ListKey::Filter(filter) = key
            && !filter.depends_on_user_alone()
        {
            return Ok(None);
        }
        let Some(commits) = memory.row_changes(list.point, point) else { return Ok(None) };
        let changed = changed_users(key, commits.iter().flat_map(|commit| commit.iter()));
        if changed.len() > (CHANGES_MIN + list.ids.len() / ENTRIES_PER_CHANGE).min(CHANGES_MAX) {
            return Ok(None);
        }
        let mut ids = list.ids.clone();
        let key_of = |id: i64| self.find_key_of_user(id);
        let is_changed = |id: i64| changed.contains_key(&id);
        for (id, known_keys) in &changed {
            // The key that the user had in the other snapshot is one of these.
            let key_now = key_of(*id)?;
            for one in known_keys.iter().copied().chain(key_now.as_deref()) {
                let Some(index) = position(&ids, one, is_changed, key_of)? else { return Ok(None) };
                if let Some(index) = near(&ids, index, *id, is_changed) {
                    ids.remove(index);
                }
            }
        }
        for id in changed.keys() {
            if let Some(key_now) = self.key_in_list(key, *id)? {
                let Some(index) = position(&ids, &key_now, |_| false, key_of)? else { return Ok(None) };
                ids.insert(index, *id);
            }
        }
        Ok(Some(ids))
    }

    /// The key of a user who is in the list now.
    fn key_in_list(&self, key: &ListKey, id: i64) -> Result<Option<String>> {
        match key {
            ListKey::AllUsers => self.find_key_of_user(id),
            ListKey::Filter(filter) => {
                let filter = FilterSql::of(FilteredTable::Users, filter);
                let sql = format!("select username_key from users where id = :id and ({})", filter.condition);
                let parameters: [(&str, &dyn ToSql); 1] = [(":id", &id)];
                self.first(&sql, filter.parameters(&parameters).as_slice(), |row| row.get(0))
            }
            ListKey::Members(group_id, from) => {
                let (from, to) = prefix_range(from);
                let sql = format!("select username_key from {MEMBERS_FROM} and user_id = ?4");
                self.first(&sql, params![group_id, from, to, id], |row| row.get(0))
            }
        }
    }
}

/// The users whose place in a list can have changed, and the keys that they had.
fn changed_users<'c>(key: &ListKey, changes: impl Iterator<Item = &'c RowChange>) -> BTreeMap<i64, BTreeSet<&'c str>> {
    let mut changed: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    for change in changes {
        match (change, key) {
            (RowChange::Identity { user_id, keys }, _) => {
                changed.entry(*user_id).or_default().extend(keys.iter().map(String::as_str));
            }
            (RowChange::Fields { user_id }, ListKey::Filter(_)) => {
                changed.entry(*user_id).or_default();
            }
            (RowChange::Membership { group_id, user_id }, ListKey::Members(group, _)) if group_id == group => {
                changed.entry(*user_id).or_default();
            }
            (RowChange::Fields { .. } | RowChange::Membership { .. }, _) => {}
        }
    }
    changed
}

/// The index of the first entry with that key or a later one. Entries for which `skip` is true may be out of order.
/// `None` if the list has an entry that this snapshot does not have.
pub(super) fn position(
    ids: &IdList,
    key: &str,
    skip: impl Fn(i64) -> bool,
    key_of: impl Fn(i64) -> Result<Option<String>>,
) -> Result<Option<usize>> {
    let (mut from, mut to) = (0, ids.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let Some((ahead, id)) = ids.iter_from(middle).take(to - middle).enumerate().find(|(_, id)| !skip(*id)) else {
            to = middle;
            continue;
        };
        match key_of(id)? {
            None => return Ok(None),
            Some(other) if other.as_str() < key => from = middle + ahead + 1,
            Some(_) => to = middle,
        }
    }
    Ok(Some(from))
}

/// The index of that id among the changed entries around an index.
fn near(ids: &IdList, index: usize, id: i64, is_changed: impl Fn(i64) -> bool) -> Option<usize> {
    let changed = |at: &usize| ids.get(*at).is_some_and(&is_changed);
    let before = (0..index).rev().take_while(changed);
    let mut around = before.chain((index..ids.len()).take_while(changed));
    around.find(|at| ids.get(*at) == Some(id))
}
