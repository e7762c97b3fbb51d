//! What the read connections remember between requests: the groups above users, and the order of long lists. All
//! of it is forgotten as soon as a commit could have changed it.

use super::hierarchy::Node;
use super::{Generations, Scope};
use crate::lock::locked;
use crate::model::Result;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Users in all remembered lists together: 8 bytes each.
const LISTED_MAX: usize = 2 << 20;

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
pub(super) struct Memory {
    generations: Arc<Generations>,
    groups: Mutex<Groups>,
    lists: Mutex<Lists>,
}

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
    pub(super) fn new(generations: Arc<Generations>) -> Memory {
        Memory { generations, groups: Mutex::default(), lists: Mutex::default() }
    }

    /// The memory for somebody who begins to read now. What they read may be older than what others have seen
    /// meanwhile, but not than these numbers.
    pub(super) fn now(&self) -> Remembered<'_> {
        let (groups, anything) = (self.generations.of(Scope::Groups), self.generations.of(Scope::Anything));
        Remembered { memory: self, groups, anything }
    }
}

/// The memory, and the generations when reading began.
pub(super) struct Remembered<'m> {
    memory: &'m Memory,
    groups: u64,
    anything: u64,
}

impl Remembered<'_> {
    /// A group, read unless it is remembered.
    pub(super) fn group(&self, id: i64, read: impl FnOnce() -> Result<Option<Arc<Node>>>) -> Result<Option<Arc<Node>>> {
        let generation = self.groups;
        {
            let mut groups = locked(&self.memory.groups);
            if groups.generation < generation {
                *groups = Groups { generation, nodes: HashMap::new() };
            }
            if let Some(node) = groups.nodes.get(&id).filter(|_| groups.generation == generation) {
                return Ok(Some(Arc::clone(node)));
            }
        }
        let node = read()?;
        let mut groups = locked(&self.memory.groups);
        if let Some(node) = &node
            && groups.generation == generation
        {
            groups.nodes.insert(id, Arc::clone(node));
        }
        Ok(node)
    }

    /// The inner ids of a list in its order, read unless they are remembered.
    pub(super) fn list(&self, list: ListOf, read: impl FnOnce() -> Result<Vec<i64>>) -> Result<Arc<[i64]>> {
        let generation = self.anything;
        {
            let mut lists = locked(&self.memory.lists);
            if lists.generation < generation {
                *lists = Lists { generation, ..Lists::default() };
            }
            if let Some(ids) = lists.lists.get(&list).filter(|_| lists.generation == generation) {
                return Ok(Arc::clone(ids));
            }
        }
        let ids: Arc<[i64]> = read()?.into();
        let mut lists = locked(&self.memory.lists);
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
