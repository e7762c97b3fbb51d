//! Read cache: the groups above users, and the order of long lists. A commit that changes rows which an entry depends
//! on invalidates the entry. A list follows the changes instead.

use crate::cache::{Cache, Cached, Held, Owner};
use crate::metrics::Exposition;
use crate::model::{Filter, GroupName, Result};
use crate::store::cache_scopes::{Generations, SnapshotVersion};
use crate::store::id_list::IdList;
use crate::store::row_changes::RowChange;
use crate::sync::{exclusive, shared};
use std::cell::OnceCell;
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
    lists: Cache<ListKey, Arc<CachedList>>,
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
    /// The cache for a read of that snapshot. The snapshot may be older than those of other readers. `point` belongs to
    /// the snapshot.
    pub(in crate::store) fn of<'m>(
        &'m self,
        seen: SnapshotVersion,
        owner: Owner,
        generations: &'m Generations,
        point: &'m OnceCell<i64>,
    ) -> ReadCacheView<'m> {
        ReadCacheView { memory: self, seen, owner, generations, point }
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
    generations: &'m Generations,
    /// The newest row of the audit log in the snapshot, once it was read.
    point: &'m OnceCell<i64>,
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

    /// The newest row of the audit log in the snapshot, which `read` reads once.
    pub(in crate::store) fn point(&self, read: impl FnOnce() -> Result<i64>) -> Result<i64> {
        if let Some(point) = self.point.get() {
            return Ok(*point);
        }
        let point = read()?;
        Ok(*self.point.get_or_init(|| point))
    }

    /// The version of a document that is read from the snapshot of that point.
    pub(in crate::store) fn document_version(&self, point: i64) -> DocumentVersion {
        DocumentVersion { point, users: self.seen.users, groups: self.seen.groups }
    }

    /// True if the document of that version is the document of the user in this snapshot.
    pub(in crate::store) fn is_current(&self, user_id: i64, version: &DocumentVersion, point: i64) -> bool {
        self.are_current(&[user_id], version, point)
    }

    /// The same for several users.
    pub(in crate::store) fn are_current(&self, user_ids: &[i64], version: &DocumentVersion, point: i64) -> bool {
        let changes = &self.generations.row_changes;
        version.is_current(self.seen)
            && (version.point == point || changes.are_unchanged(user_ids, version.point, point))
    }

    /// A list from the cache. It may be of another snapshot: see [`CachedList::point`].
    pub(in crate::store) fn list(&self, list: &ListKey) -> Option<Arc<CachedList>> {
        self.memory.lists.get(self.seen.users, list)
    }

    pub(in crate::store) fn insert_list(&self, key: ListKey, list: Arc<CachedList>) {
        let bytes = key.heap_bytes() + size_of::<CachedList>() + list.ids.heap_bytes();
        self.memory.lists.insert(self.seen.users, self.owner, key, list, bytes);
    }

    /// The changes of rows between two points; `None` if they are not known.
    pub(in crate::store) fn row_changes(&self, one: i64, other: i64) -> Option<Vec<Arc<[RowChange]>>> {
        self.generations.row_changes.between(one, other)
    }
}

/// The version of a document about a user and the user's groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentVersion {
    /// The newest row of the audit log in the snapshot.
    point: i64,
    users: u64,
    groups: u64,
}

impl DocumentVersion {
    /// The newest row of the audit log in the snapshot.
    pub(in crate::store) fn point(&self) -> i64 {
        self.point
    }

    /// True if a document of this version has the groups of the other snapshot, and all changes of users between the two
    /// are in the log of changes.
    pub(in crate::store) fn is_current(&self, seen: SnapshotVersion) -> bool {
        (self.users, self.groups) == (seen.users, seen.groups)
    }
}

/// A list in one snapshot.
pub(in crate::store) struct CachedList {
    /// The id of the newest row of the audit log in the snapshot.
    pub(in crate::store) point: i64,
    pub(in crate::store) ids: IdList,
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
