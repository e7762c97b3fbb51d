//! Read cache: the groups above users, and the order of long lists. A commit that changes rows which an entry depends
//! on invalidates the entry.

use crate::cache::{Cache, Cached, Held, Owner};
use crate::metrics::Exposition;
use crate::model::{Filter, GroupName, Result};
use crate::store::cache_scopes::SnapshotVersion;
use crate::sync::{exclusive, shared};
use std::collections::HashSet;
use std::sync::{Arc, RwLock};

/// Bytes of all cached lists: 8 for each user in a list, its key, and overhead.
const LISTS_BYTES_MAX: usize = 32 << 20;
/// Bytes of all cached groups: about 400 for each.
const GROUPS_BYTES_MAX: usize = 16 << 20;
/// Largest number of administrators that is cached. With more, each test reads the memberships.
pub(in crate::store) const ADMINISTRATORS_MAX: usize = 1000;

/// A list that clients read page by page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::store) enum ListKey {
    /// All users.
    AllUsers,
    /// Users who pass the filter.
    Filter(Filter),
    /// Direct members of the group whose login begins with that key.
    Members(i64, String),
}

impl ListKey {
    fn heap_bytes(&self) -> usize {
        match self {
            ListKey::AllUsers => 0,
            ListKey::Filter(filter) => filter.heap_bytes(),
            ListKey::Members(_, key) => key.capacity(),
        }
    }
}

/// The read cache. A write does not use it, because it has to see its own changes.
pub(in crate::store) struct ReadCache {
    groups: Cache<i64, Arc<HierarchyNode>>,
    /// `None` inside: not read yet.
    administrators: RwLock<Cached<Option<Administrators>>>,
    lists: Cache<ListKey, Arc<[i64]>>,
}

/// The row ids of all administrators; `None` if there are too many to cache.
pub(in crate::store) type Administrators = Option<Arc<HashSet<i64>>>;

impl Default for ReadCache {
    fn default() -> ReadCache {
        ReadCache {
            groups: Cache::new(GROUPS_BYTES_MAX),
            administrators: RwLock::new(Cached::new(0, None)),
            lists: Cache::new(LISTS_BYTES_MAX),
        }
    }
}

impl ReadCache {
    /// The cache for a read of that snapshot. The snapshot may be older than those of other readers.
    pub(in crate::store) fn of(&self, seen: SnapshotVersion, owner: Owner) -> ReadCacheView<'_> {
        ReadCacheView { memory: self, seen, owner }
    }

    /// Adds the metrics of the cache.
    pub(in crate::store) fn collect_metrics(&self, exposition: &mut Exposition) {
        self.groups.held().collect_metrics(exposition, "groups");
        self.lists.held().collect_metrics(exposition, "lists");
        let administrators = shared(&self.administrators);
        let set = administrators.of_any_generation().as_ref().and_then(|administrators| administrators.as_deref());
        let bytes = |places: usize| places * 8 / 7 * (size_of::<i64>() + 1);
        let (entries, capacity) = set.map_or((0, 0), |set| (set.len(), set.capacity()));
        // A hash table has at most twice as many slots as entries.
        let limit = bytes(2 * ADMINISTRATORS_MAX);
        Held { bytes: bytes(capacity), limit, entries, evicted: 0 }.collect_metrics(exposition, "rights");
    }
}

/// The cache, as the read of one snapshot by one caller sees it.
pub(in crate::store) struct ReadCacheView<'m> {
    memory: &'m ReadCache,
    seen: SnapshotVersion,
    owner: Owner,
}

impl ReadCacheView<'_> {
    /// A group from the cache, or from the database.
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

    /// All administrators from the cache, or from the database.
    pub(in crate::store) fn administrators(
        &self,
        read: impl FnOnce() -> Result<Administrators>,
    ) -> Result<Administrators> {
        let generation = self.seen.rights;
        if let Some(Some(administrators)) = shared(&self.memory.administrators).get(generation) {
            return Ok(administrators.clone());
        }
        let administrators = read()?;
        if let Some(cached) = exclusive(&self.memory.administrators).advance(generation, || None) {
            *cached = Some(administrators.clone());
        }
        Ok(administrators)
    }

    /// The row ids of a list in its order, from the cache, or from the database.
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

/// A group and its parents.
pub(in crate::store) struct HierarchyNode {
    pub(in crate::store) name: Arc<GroupName>,
    /// In the order in which the group joined them.
    pub(in crate::store) parents: Vec<i64>,
}

impl HierarchyNode {
    /// Bytes of the value behind an `Arc`.
    pub(in crate::store) fn heap_bytes(&self) -> usize {
        // An `Arc` has two counters before the value; there are two of them.
        let counted = 4 * size_of::<usize>() + size_of::<HierarchyNode>() + size_of::<GroupName>();
        let texts = self.name.name.capacity() + self.name.label.as_ref().map_or(0, String::capacity);
        counted + texts + self.parents.capacity() * size_of::<i64>()
    }
}
