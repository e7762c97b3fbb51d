//! What the read connections remember between requests: the groups above users, and the order of long lists. All
//! of it is forgotten as soon as a commit could have changed it.

use super::Seen;
use super::hierarchy::Node;
use crate::lock::{exclusive, shared};
use crate::model::Result;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};

/// Users in all remembered lists together: 8 bytes each.
const LISTED_MAX: usize = 2 << 20;
/// More administrators than this are not remembered: each change of a membership has them read again.
pub(super) const ADMINISTRATORS_MAX: usize = 1000;

/// A list that is asked for page by page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum ListOf {
    /// All users.
    Everybody,
    /// Users whose keys begin with that key.
    Prefix(String),
    /// Direct members of the group whose login begins with that key.
    Members(i64, String),
}

/// What is remembered. A write never uses it: it has to see what it has just done.
#[derive(Default)]
pub(super) struct Memory {
    groups: RwLock<Groups>,
    administrators: RwLock<Option<(u64, Administrators)>>,
    lists: RwLock<Lists>,
}

/// The inner ids of all administrators; `None` when there are too many to be remembered.
pub(super) type Administrators = Option<Arc<HashSet<i64>>>;

#[derive(Default)]
struct Groups {
    generation: u64,
    nodes: HashMap<i64, Arc<Node>>,
}

#[derive(Default)]
struct Lists {
    generation: u64,
    listed: usize,
    lists: HashMap<ListOf, Arc<[i64]>>,
}

impl Memory {
    /// The memory for somebody who reads that state. It may be older than what others have seen meanwhile.
    pub(super) fn of(&self, seen: Seen) -> Remembered<'_> {
        Remembered { memory: self, seen }
    }
}

/// The memory, and the state that is read.
pub(super) struct Remembered<'m> {
    memory: &'m Memory,
    seen: Seen,
}

impl Remembered<'_> {
    /// A group, read unless it is remembered.
    pub(super) fn group(&self, id: i64, read: impl FnOnce() -> Result<Option<Arc<Node>>>) -> Result<Option<Arc<Node>>> {
        let generation = self.seen.groups;
        {
            let groups = shared(&self.memory.groups);
            if let Some(node) = groups.nodes.get(&id).filter(|_| groups.generation == generation) {
                return Ok(Some(Arc::clone(node)));
            }
        }
        let node = read()?;
        let mut groups = exclusive(&self.memory.groups);
        if groups.generation < generation {
            *groups = Groups { generation, nodes: HashMap::new() };
        }
        if let Some(node) = &node
            && groups.generation == generation
        {
            groups.nodes.insert(id, Arc::clone(node));
        }
        Ok(node)
    }

    /// All administrators, read unless they are remembered.
    pub(super) fn administrators(&self, read: impl FnOnce() -> Result<Administrators>) -> Result<Administrators> {
        let generation = self.seen.rights;
        if let Some((known, administrators)) = &*shared(&self.memory.administrators)
            && *known == generation
        {
            return Ok(administrators.clone());
        }
        let administrators = read()?;
        let mut remembered = exclusive(&self.memory.administrators);
        if remembered.as_ref().is_none_or(|(known, _)| *known < generation) {
            *remembered = Some((generation, administrators.clone()));
        }
        Ok(administrators)
    }

    /// The inner ids of a list in its order, read unless they are remembered.
    pub(super) fn list(&self, list: ListOf, read: impl FnOnce() -> Result<Vec<i64>>) -> Result<Arc<[i64]>> {
        let generation = self.seen.anything;
        {
            let lists = shared(&self.memory.lists);
            if let Some(ids) = lists.lists.get(&list).filter(|_| lists.generation == generation) {
                return Ok(Arc::clone(ids));
            }
        }
        let ids: Arc<[i64]> = read()?.into();
        let mut lists = exclusive(&self.memory.lists);
        if lists.generation < generation {
            *lists = Lists { generation, ..Lists::default() };
        }
        if lists.generation == generation {
            if lists.listed + ids.len() > LISTED_MAX {
                *lists = Lists { generation, ..Lists::default() };
            }
            if ids.len() <= LISTED_MAX {
                lists.listed += ids.len();
                lists.lists.insert(list, Arc::clone(&ids));
            }
        }
        Ok(ids)
    }
}
