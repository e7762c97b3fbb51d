//! What the read connections remember between requests: the groups above users, and the order of long lists. All
//! of it is forgotten as soon as a commit could have changed it.

use crate::cache::{Cache, Held, Owner};
use crate::metrics::Exposition;
use crate::model::{GroupName, Result};
use crate::store::cache_scopes::SnapshotVersion;
use crate::sync::{exclusive, shared};
use std::collections::HashSet;
use std::sync::{Arc, RwLock};

/// All remembered lists together, in bytes: 8 for each user in one, its key, and overhead.
const LISTS_BYTES_MAX: usize = 32 << 20;
/// All remembered groups together, in bytes: some 400 for one.
const GROUPS_BYTES_MAX: usize = 16 << 20;
/// More administrators than this are not remembered: each change of a membership has them read again.
pub(in crate::store) const ADMINISTRATORS_MAX: usize = 1000;

/// A list that is asked for page by page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::store) enum ListKey {
    /// All users.
    Everybody,
    /// Users whose keys begin with that key.
    Prefix(String),
    /// Direct members of the group whose login begins with that key.
    Members(i64, String),
}

impl ListKey {
    fn heap_bytes(&self) -> usize {
        match self {
            ListKey::Everybody => 0,
            ListKey::Prefix(key) | ListKey::Members(_, key) => key.capacity(),
        }
    }
}

/// What is remembered. A write never uses it: it has to see what it has just done.
pub(in crate::store) struct ReadCache {
    groups: Cache<i64, Arc<HierarchyNode>>,
    administrators: RwLock<Option<(u64, Administrators)>>,
    lists: Cache<ListKey, Arc<[i64]>>,
}

/// The inner ids of all administrators; `None` when there are too many to be remembered.
pub(in crate::store) type Administrators = Option<Arc<HashSet<i64>>>;

impl Default for ReadCache {
    fn default() -> ReadCache {
        ReadCache {
            groups: Cache::new(GROUPS_BYTES_MAX),
            administrators: RwLock::default(),
            lists: Cache::new(LISTS_BYTES_MAX),
        }
    }
}

impl ReadCache {
    /// The memory for a caller that reads that state. It may be older than what others have seen meanwhile.
    pub(in crate::store) fn of(&self, seen: SnapshotVersion, owner: Owner) -> ReadCacheView<'_> {
        ReadCacheView { memory: self, seen, owner }
    }

    /// Adds its size to the page.
    pub(in crate::store) fn collect_metrics(&self, exposition: &mut Exposition) {
        self.groups.held().collect_metrics(exposition, "groups");
        self.lists.held().collect_metrics(exposition, "lists");
        let administrators = shared(&self.administrators);
        let set = administrators.as_ref().and_then(|(_, administrators)| administrators.as_deref());
        let bytes = |places: usize| places * 8 / 7 * (size_of::<i64>() + 1);
        let (entries, capacity) = set.map_or((0, 0), |set| (set.len(), set.capacity()));
        // A table has at most twice as many places as it was filled for.
        let limit = bytes(2 * ADMINISTRATORS_MAX);
        Held { bytes: bytes(capacity), limit, entries, evicted: 0 }.collect_metrics(exposition, "rights");
    }
}

/// The memory, the state that is read, and the caller that reads it.
pub(in crate::store) struct ReadCacheView<'m> {
    memory: &'m ReadCache,
    seen: SnapshotVersion,
    owner: Owner,
}

impl ReadCacheView<'_> {
    /// A group, read unless it is remembered.
    pub(in crate::store) fn group(
        &self,
        id: i64,
        read: impl FnOnce() -> Result<Option<Arc<HierarchyNode>>>,
    ) -> Result<Option<Arc<HierarchyNode>>> {
        let generation = self.seen.groups;
        if let Some(node) = self.memory.groups.get(generation, &id) {
            return Ok(Some(node));
        }
        let node = read()?;
        if let Some(node) = &node {
            self.memory.groups.insert(generation, Owner::PROGRAM, id, Arc::clone(node), node.heap_bytes());
        }
        Ok(node)
    }

    /// All administrators, read unless they are remembered.
    pub(in crate::store) fn administrators(
        &self,
        read: impl FnOnce() -> Result<Administrators>,
    ) -> Result<Administrators> {
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
    pub(in crate::store) fn list(&self, list: ListKey, read: impl FnOnce() -> Result<Vec<i64>>) -> Result<Arc<[i64]>> {
        let generation = self.seen.anything;
        if let Some(ids) = self.memory.lists.get(generation, &list) {
            return Ok(ids);
        }
        let ids: Arc<[i64]> = read()?.into();
        let bytes = list.heap_bytes() + size_of_val(&*ids);
        self.memory.lists.insert(generation, self.owner, list, Arc::clone(&ids), bytes);
        Ok(ids)
    }
}

/// A group, seen from below.
pub(in crate::store) struct HierarchyNode {
    pub(in crate::store) name: Arc<GroupName>,
    /// In the order in which the group joined them.
    pub(in crate::store) parents: Vec<i64>,
}

impl HierarchyNode {
    /// Memory that it holds when it is behind a pointer that counts, in bytes.
    pub(in crate::store) fn heap_bytes(&self) -> usize {
        // Two counters stand before each of the two values.
        let counted = 4 * size_of::<usize>() + size_of::<HierarchyNode>() + size_of::<GroupName>();
        let texts = self.name.name.capacity() + self.name.label.as_ref().map_or(0, String::capacity);
        counted + texts + self.parents.capacity() * size_of::<i64>()
    }
}
