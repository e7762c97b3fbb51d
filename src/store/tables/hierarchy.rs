//! The hierarchy of groups: the groups above a user, and membership in administrators. Answers come from the read cache
//! while no group changes.

use crate::model::{ADMINISTRATORS, GroupName, POWER_USERS, Result};
use crate::store::cache_scopes::CacheScope;
use crate::store::read_cache::{ADMINISTRATORS_MAX, Administrators, HierarchyNode};
use crate::store::sql::{ReadTx, WriteTx, failure};
use rusqlite::Row;
use std::collections::HashSet;
use std::sync::Arc;

/// The groups whose members are administrators: `administrators` and all groups below it.
macro_rules! administrator_groups {
    () => {
        "with recursive administrator_groups (id) as (
             select id from groups where name_key = 'administrators'
             union
             select child_id from subgroups join administrator_groups on parent_id = administrator_groups.id
         )"
    };
}
pub(in crate::store) use administrator_groups;

/// A row if any enabled user is an administrator.
pub(in crate::store) const ENABLED_ADMINISTRATOR: &str = concat!(
    administrator_groups!(),
    " select 1 from administrator_groups join memberships on group_id = administrator_groups.id
      join users on users.id = user_id where disabled = 0 limit 1"
);

/// The parents of a group, in the order in which it joined them.
const PARENTS: &str = "select parent_id from subgroups where child_id = ?1 order by seq";

impl ReadTx<'_> {
    /// True if any enabled user is an administrator.
    pub fn has_enabled_administrator(&self) -> Result<bool> {
        self.any(ENABLED_ADMINISTRATOR, [])
    }

    /// True if the user is directly in the group `administrators`.
    pub fn is_direct_administrator(&self, user_id: i64) -> Result<bool> {
        let sql = "select 1 from memberships join groups on groups.id = group_id
             where user_id = ?1 and name_key = 'administrators'";
        self.any(sql, [user_id])
    }

    /// A user's direct groups, in the order joined.
    pub fn list_groups_of(&self, user_id: i64) -> Result<Vec<Arc<GroupName>>> {
        if self.memory.is_none() {
            let sql =
                "select groups.id, name, label, name_key, uuid from memberships join groups on groups.id = group_id
                 where user_id = ?1 order by seq";
            return self.all(sql, [user_id], |row| group_name(row).map(Arc::new));
        }
        let ids = self.list_group_ids_of(user_id)?;
        let mut groups = Vec::with_capacity(ids.len());
        for id in ids {
            groups.extend(self.node(id)?.map(|node| Arc::clone(&node.name)));
        }
        Ok(groups)
    }

    /// The groups above these, breadth first, each once, without the given ones.
    pub fn list_ancestors(&self, groups: &[Arc<GroupName>]) -> Result<Vec<Arc<GroupName>>> {
        let mut ids = Vec::new();
        self.walk_up(groups.iter().map(|group| group.id), &mut HashSet::new(), |id| {
            ids.push(id);
            false
        })?;
        let mut ancestors = Vec::new();
        for id in ids.into_iter().skip(groups.len()) {
            ancestors.extend(self.node(id)?.map(|node| Arc::clone(&node.name)));
        }
        Ok(ancestors)
    }

    /// True if the user is in the group `administrators`, directly or through subgroups.
    pub fn is_administrator(&self, user_id: i64) -> Result<bool> {
        self.administrator_test()?(user_id)
    }

    /// Returns a test for many users: true for a member of the group `administrators`, direct or through subgroups.
    pub fn administrator_test(&self) -> Result<impl Fn(i64) -> Result<bool>> {
        let known = match &self.memory {
            Some(memory) => memory.administrators(|| self.read_administrators())?,
            None => None,
        };
        Ok(move |user_id| match &known {
            Some(administrators) => Ok(administrators.contains(&user_id)),
            None => self.is_below_administrators(user_id),
        })
    }

    fn is_below_administrators(&self, user_id: i64) -> Result<bool> {
        self.any_is_below(&self.list_group_ids_of(user_id)?, ADMINISTRATORS)
    }

    /// True if the user is in the group `powerusers`, directly or through subgroups.
    pub fn is_power_user(&self, user_id: i64) -> Result<bool> {
        self.any_is_below(&self.list_group_ids_of(user_id)?, POWER_USERS)
    }

    /// True if the group is `administrators` or below it.
    pub fn grants_administrator(&self, group_id: i64) -> Result<bool> {
        self.any_is_below(&[group_id], ADMINISTRATORS)
    }

    /// True if members of the group are administrators or power users by it, directly or through groups above it.
    pub(in crate::store) fn grants_rights(&self, group_id: i64) -> Result<bool> {
        let sql = "select name_key in ('administrators', 'powerusers'),
                 exists (select 1 from subgroups where child_id = ?1) from groups where id = ?1";
        let (by_name, has_parents) =
            self.first(sql, [group_id], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or((true, true));
        Ok(by_name
            || has_parents
                && (self.any_is_below(&[group_id], ADMINISTRATORS)? || self.any_is_below(&[group_id], POWER_USERS)?))
    }

    /// True if any of these groups is the group of that name, or below it. The name must be its own key.
    pub fn any_is_below(&self, groups: &[i64], name: &str) -> Result<bool> {
        if groups.is_empty() {
            return Ok(false);
        }
        let Some(wanted) = self.find_group_id(name)? else { return Ok(false) };
        self.walk_up(groups.iter().copied(), &mut HashSet::new(), |id| id == wanted)
    }

    /// True if the group is one of `wanted`, or below one. `others` has groups for which the answer is known to be
    /// false. If the answer is false, it also gets all groups above this one.
    pub fn is_self_or_below_any(&self, group_id: i64, wanted: &[i64], others: &mut HashSet<i64>) -> Result<bool> {
        let mut seen = std::mem::take(others);
        let found = self.walk_up([group_id], &mut seen, |id| wanted.contains(&id))?;
        if !found {
            *others = seen;
        }
        Ok(found)
    }

    /// The groups that a user is in, directly or through subgroups.
    pub fn ancestor_ids_of_user(&self, user_id: i64) -> Result<HashSet<i64>> {
        let mut above = HashSet::new();
        self.walk_up(self.list_group_ids_of(user_id)?, &mut above, |_| false)?;
        Ok(above)
    }

    /// Adds a group and all groups above it.
    pub fn add_ancestors(&self, group_id: i64, above: &mut HashSet<i64>) -> Result<()> {
        self.walk_up([group_id], above, |_| false).map(drop)
    }

    /// True if the user is directly in the group.
    pub fn has_member(&self, group_id: i64, user_id: i64) -> Result<bool> {
        self.any("select 1 from memberships where group_id = ?1 and user_id = ?2", [group_id, user_id])
    }

    /// True if `child` is directly in `parent`.
    pub fn has_member_group(&self, parent: i64, child: i64) -> Result<bool> {
        self.any("select 1 from subgroups where parent_id = ?1 and child_id = ?2", [parent, child])
    }

    /// True if the group `id` is that group, or in it, directly or through subgroups.
    pub fn is_self_or_descendant(&self, id: i64, group_id: i64) -> Result<bool> {
        self.walk_up([id], &mut HashSet::new(), |above| above == group_id)
    }

    /// The first of the user's groups, other than `administrators` itself, that makes the user an administrator.
    pub fn find_administrator_subgroup(&self, user_id: i64) -> Result<Option<String>> {
        let groups = self.list_groups_of(user_id)?;
        let groups: Vec<&Arc<GroupName>> = groups.iter().filter(|group| group.key != ADMINISTRATORS).collect();
        let Some(administrators) = self.find_group_id(ADMINISTRATORS)? else { return Ok(None) };
        let ids: Vec<i64> = groups.iter().map(|group| group.id).collect();
        let found = self.find_at_or_below(administrators, &ids)?;
        Ok(found.map(|at| groups[at].name.clone()))
    }

    /// The index of the first of `groups` that is that group itself or above it.
    pub(in crate::store) fn find_at_or_above(&self, group: i64, groups: &[i64]) -> Result<Option<usize>> {
        let mut above = HashSet::new();
        self.walk_up([group], &mut above, |_| false)?;
        Ok(groups.iter().position(|id| above.contains(id)))
    }

    /// The index of the first of `groups` that is that group itself or below it.
    pub(in crate::store) fn find_at_or_below(&self, group: i64, groups: &[i64]) -> Result<Option<usize>> {
        // A group that was visited above an earlier one does not lead there.
        let mut seen = HashSet::new();
        for (at, id) in groups.iter().enumerate() {
            if self.walk_up([*id], &mut seen, |id| id == group)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Visits these groups and then those above them, breadth first, each once, without those in `seen`, until the
    /// visitor returns true. A cycle, which the program refuses, would end the walk too.
    pub(in crate::store) fn walk_up(
        &self,
        groups: impl IntoIterator<Item = i64>,
        seen: &mut HashSet<i64>,
        mut found: impl FnMut(i64) -> bool,
    ) -> Result<bool> {
        let mut ids: Vec<i64> = groups.into_iter().filter(|id| seen.insert(*id)).collect();
        let mut unremembered = match &self.memory {
            Some(_) => None,
            None => Some(self.connection.prepare_cached(PARENTS).map_err(failure)?),
        };
        let mut next = 0;
        while next < ids.len() {
            let id = ids[next];
            if found(id) {
                return Ok(true);
            }
            match &mut unremembered {
                Some(parents) => {
                    let mut parents = parents.query([id]).map_err(failure)?;
                    while let Some(parent) = parents.next().map_err(failure)? {
                        ids.extend(Some(parent.get(0).map_err(failure)?).filter(|id| seen.insert(*id)));
                    }
                }
                None => {
                    let node = self.node(id)?;
                    let parents = node.iter().flat_map(|node| &node.parents).copied();
                    ids.extend(parents.filter(|id| seen.insert(*id)));
                }
            }
            next += 1;
        }
        Ok(false)
    }

    pub(in crate::store) fn list_group_ids_of(&self, user_id: i64) -> Result<Vec<i64>> {
        self.all("select group_id from memberships where user_id = ?1 order by seq", [user_id], |row| row.get(0))
    }

    fn node(&self, id: i64) -> Result<Option<Arc<HierarchyNode>>> {
        match &self.memory {
            Some(memory) => memory.group(id, || self.read_node(id)),
            None => self.read_node(id),
        }
    }

    fn read_node(&self, id: i64) -> Result<Option<Arc<HierarchyNode>>> {
        let Some(name) =
            self.first("select id, name, label, name_key, uuid from groups where id = ?1", [id], group_name)?
        else {
            return Ok(None);
        };
        let parents = self.all(PARENTS, [id], |row| row.get(0))?;
        Ok(Some(Arc::new(HierarchyNode { name: Arc::new(name), parents })))
    }

    /// All members of the group `administrators`, direct or not, unless there are too many to cache.
    fn read_administrators(&self) -> Result<Administrators> {
        let sql = concat!(
            administrator_groups!(),
            " select user_id from administrator_groups cross join memberships on group_id = administrator_groups.id
              limit ?1"
        );
        let administrators: HashSet<i64> =
            self.all(sql, [ADMINISTRATORS_MAX as i64 + 1], |row| row.get(0))?.into_iter().collect();
        Ok((administrators.len() <= ADMINISTRATORS_MAX).then(|| Arc::new(administrators)))
    }
}

impl WriteTx<'_> {
    /// False if it is worth knowing that the group grants no rights, and it grants none.
    pub(super) fn may_grant_rights(&self, group_id: i64) -> Result<bool> {
        Ok(self.bulk.borrow().is_some() || self.invalidates(CacheScope::Rights) || self.grants_rights(group_id)?)
    }
}

fn group_name(row: &Row<'_>) -> rusqlite::Result<GroupName> {
    Ok(GroupName { id: row.get(0)?, name: row.get(1)?, label: row.get(2)?, key: row.get(3)?, uuid: row.get(4)? })
}
