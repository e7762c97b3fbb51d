//! The groups above a user: read once, remembered while no group changes.

use super::Rows;
use super::groups::group_name;
use crate::model::{ADMINISTRATORS, GroupName, POWER_USERS, Result, key};
use std::collections::HashSet;
use std::sync::Arc;

/// A group, seen from below.
pub(super) struct Node {
    name: Arc<GroupName>,
    /// In the order in which the group joined them.
    parents: Vec<i64>,
}

impl Node {
    /// Memory that it holds when it is behind a pointer that counts, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        // Two counters stand before each of the two values.
        let counted = 4 * size_of::<usize>() + size_of::<Node>() + size_of::<GroupName>();
        let texts = self.name.name.capacity() + self.name.label.as_ref().map_or(0, String::capacity);
        counted + texts + self.parents.capacity() * size_of::<i64>()
    }
}

impl Rows<'_> {
    /// A user's direct groups, in the order joined.
    pub fn list_groups_of(&self, user_id: i64) -> Result<Vec<Arc<GroupName>>> {
        let ids = self.list_group_ids_of(user_id)?;
        let mut groups = Vec::with_capacity(ids.len());
        for id in ids {
            groups.extend(self.node(id)?.map(|node| Arc::clone(&node.name)));
        }
        Ok(groups)
    }

    /// The groups above these, breadth first, each once, those given left out.
    pub fn list_ancestors(&self, groups: &[Arc<GroupName>]) -> Result<Vec<Arc<GroupName>>> {
        let mut ancestors = Vec::new();
        self.walk_up(groups.iter().map(|group| group.id).collect(), |group| {
            ancestors.push(Arc::clone(group));
            false
        })?;
        Ok(ancestors.split_off(groups.len().min(ancestors.len())))
    }

    /// Whether that user is in the group `administrators`, directly or through subgroups.
    pub fn is_administrator(&self, user_id: i64) -> Result<bool> {
        self.administrator_test()?(user_id)
    }

    /// Tells of many users whether each is in the group `administrators`, directly or through subgroups.
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
        self.walk_up(self.list_group_ids_of(user_id)?, |group| is(group, ADMINISTRATORS))
    }

    /// Whether that user is in the group `powerusers`, directly or through subgroups.
    pub fn is_power_user(&self, user_id: i64) -> Result<bool> {
        self.walk_up(self.list_group_ids_of(user_id)?, |group| is(group, POWER_USERS))
    }

    /// Whether the group is `administrators` or below it.
    pub fn leads_to_administrators(&self, group_id: i64) -> Result<bool> {
        self.walk_up(vec![group_id], |group| is(group, ADMINISTRATORS))
    }

    /// The first of the user's groups, other than `administrators` itself, that makes an administrator of them.
    pub fn find_administrator_subgroup(&self, user_id: i64) -> Result<Option<String>> {
        for group in self.list_groups_of(user_id)? {
            if !is(&group, ADMINISTRATORS) && self.leads_to_administrators(group.id)? {
                return Ok(Some(group.name.clone()));
            }
        }
        Ok(None)
    }

    /// Whether `ancestor` is `group` itself or above it.
    pub(super) fn is_same_or_above(&self, ancestor: i64, group: i64) -> Result<bool> {
        self.walk_up(vec![group], |group| group.id == ancestor)
    }

    /// Visits these groups and then those above them, breadth first, each once, until the visitor says that it
    /// has found what it looks for. Circles, which the program refuses, would not trap it.
    fn walk_up(&self, mut ids: Vec<i64>, mut found: impl FnMut(&Arc<GroupName>) -> bool) -> Result<bool> {
        let mut seen: HashSet<i64> = ids.iter().copied().collect();
        let mut next = 0;
        while next < ids.len() {
            if let Some(node) = self.node(ids[next])? {
                if found(&node.name) {
                    return Ok(true);
                }
                ids.extend(node.parents.iter().filter(|parent| seen.insert(**parent)));
            }
            next += 1;
        }
        Ok(false)
    }

    fn list_group_ids_of(&self, user_id: i64) -> Result<Vec<i64>> {
        self.all("select group_id from memberships where user_id = ?1 order by seq", [user_id], |row| row.get(0))
    }

    fn node(&self, id: i64) -> Result<Option<Arc<Node>>> {
        match &self.memory {
            Some(memory) => memory.group(id, || self.read_node(id)),
            None => self.read_node(id),
        }
    }

    fn read_node(&self, id: i64) -> Result<Option<Arc<Node>>> {
        let Some(name) = self.first("select id, name, label from groups where id = ?1", [id], group_name)? else {
            return Ok(None);
        };
        let sql = "select parent_id from subgroups where child_id = ?1 order by seq";
        let parents = self.all(sql, [id], |row| row.get(0))?;
        Ok(Some(Arc::new(Node { name: Arc::new(name), parents })))
    }
}

/// Whether this is the group of that name, which is its own key.
fn is(group: &GroupName, name: &str) -> bool {
    group.name.eq_ignore_ascii_case(name) || (!group.name.is_ascii() && key(&group.name) == name)
}

impl GroupName {
    /// Whether this is the group whose members are the administrators.
    pub fn is_administrators(&self) -> bool {
        is(self, ADMINISTRATORS)
    }
}
