//! Caches. Each has a limit in bytes, and one caller can fill at most half of it.

use crate::metrics::Exposition;
use crate::sync::{exclusive, shared};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The caller that an entry is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Owner(Option<u64>);

impl Owner {
    /// The program itself, for entries whose keys no caller can choose. They may fill the cache.
    pub(crate) const PROGRAM: Owner = Owner(None);

    /// The owner that stands for this caller.
    pub(crate) fn of(caller: &impl Hash) -> Owner {
        let mut hasher = DefaultHasher::new();
        caller.hash(&mut hasher);
        Owner(Some(hasher.finish()))
    }
}

/// A value of one generation. It is valid while the generation is the current one.
pub(crate) struct Cached<T> {
    generation: u64,
    value: T,
}

impl<T> Cached<T> {
    pub(crate) fn new(generation: u64, value: T) -> Cached<T> {
        Cached { generation, value }
    }

    /// The value, if it is of the generation `now`.
    pub(crate) fn get(&self, now: u64) -> Option<&T> {
        (self.generation == now).then_some(&self.value)
    }

    /// The value of whatever generation, for the metrics.
    pub(crate) fn of_any_generation(&self) -> &T {
        &self.value
    }

    /// The value for adding data of that generation. A newer generation replaces the value by an empty one; for an older
    /// one there is none.
    pub(crate) fn advance(&mut self, generation: u64, empty: impl FnOnce() -> T) -> Option<&mut T> {
        if generation > self.generation {
            *self = Cached { generation, value: empty() };
        }
        (self.generation == generation).then_some(&mut self.value)
    }
}

/// A map with a limit in bytes, for many threads. A full cache drops entries that were not used since the last time
/// that it was full, and then any.
///
/// Entries belong to a generation. The first entry of a newer generation drops all older ones.
pub(crate) struct Cache<K, V> {
    limit: usize,
    entries: RwLock<Cached<Entries<K, V>>>,
    evicted: AtomicU64,
}

struct Entries<K, V> {
    map: HashMap<K, Entry<V>>,
    bytes: usize,
    /// Bytes of each owner with entries.
    owners: HashMap<Owner, usize>,
}

struct Entry<V> {
    value: V,
    owner: Owner,
    bytes: usize,
    /// Used since the last sweep.
    used: AtomicBool,
}

/// The memory of a cache, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) bytes: usize,
    pub(crate) limit: usize,
    pub(crate) entries: usize,
    /// Entries that were evicted.
    pub(crate) evicted: u64,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    /// Bytes of an entry without the heap memory of its key and value. A hash map that has just grown has more than
    /// twice as many slots as entries, and an owner may have a single entry.
    const ENTRY_BYTES: usize = 5 * size_of::<(K, Entry<V>)>() / 2 + 3 * size_of::<(Owner, usize)>();

    /// An empty cache with that limit in bytes.
    pub(crate) fn new(limit: usize) -> Cache<K, V> {
        Cache { limit, entries: RwLock::new(Cached::new(0, Entries::default())), evicted: AtomicU64::new(0) }
    }

    /// Calls `look` with the value of a key, if the value is of that generation.
    pub(crate) fn look<T, Q>(&self, generation: u64, key: &Q, look: impl FnOnce(&V) -> T) -> Option<T>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entries = shared(&self.entries);
        let entry = entries.get(generation)?.map.get(key)?;
        // Most are set already, and a write would invalidate the cache line in the other processors.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some(look(&entry.value))
    }

    /// Adds an entry of that generation. `heap` is the heap memory of its key and value, in bytes. An entry larger than
    /// the share of one owner is not cached.
    pub(crate) fn insert(&self, generation: u64, owner: Owner, key: K, value: V, heap: usize) {
        let bytes = heap + Self::ENTRY_BYTES;
        let share = self.limit / 2;
        let mut cached = exclusive(&self.entries);
        let Some(entries) = cached.advance(generation, Entries::default) else { return };
        let used = entries.remove(&key).is_some_and(|old| old.used.into_inner());
        if bytes > share {
            return;
        }
        let mut evicted = 0;
        if owner != Owner::PROGRAM && entries.of_owner(owner) + bytes > share {
            evicted += entries.sweep(Some(owner), (share - bytes).min(share / 4 * 3));
        }
        if entries.bytes + bytes > self.limit {
            evicted += entries.sweep(None, (self.limit - bytes).min(self.limit / 4 * 3));
        }
        self.evicted.fetch_add(evicted, Ordering::Relaxed);
        entries.bytes += bytes;
        *entries.owners.entry(owner).or_default() += bytes;
        entries.map.insert(key, Entry { value, owner, bytes, used: AtomicBool::new(used) });
    }

    /// Drops an entry.
    pub(crate) fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        exclusive(&self.entries).value.remove(key);
    }

    /// The memory that it uses now.
    pub(crate) fn held(&self) -> Held {
        let entries = &shared(&self.entries).value;
        let evicted = self.evicted.load(Ordering::Relaxed);
        Held { bytes: entries.bytes, limit: self.limit, entries: entries.map.len(), evicted }
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// The value of a key, if it is of that generation.
    pub(crate) fn get<Q>(&self, generation: u64, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.look(generation, key, V::clone)
    }
}

impl<K, V> Default for Entries<K, V> {
    fn default() -> Entries<K, V> {
        Entries { map: HashMap::new(), bytes: 0, owners: HashMap::new() }
    }
}

impl<K: Eq + Hash, V> Entries<K, V> {
    fn of_owner(&self, owner: Owner) -> usize {
        self.owners.get(&owner).copied().unwrap_or(0)
    }

    fn remove<Q>(&mut self, key: &Q) -> Option<Entry<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.map.remove(key)?;
        self.bytes -= entry.bytes;
        subtract(&mut self.owners, entry.owner, entry.bytes);
        Some(entry)
    }

    /// Drops entries of that owner, or of all, until at most that many bytes are left: first those that were not used
    /// since the last sweep, then any. Returns the number of dropped entries.
    fn sweep(&mut self, of: Option<Owner>, most: usize) -> u64 {
        let Entries { map, bytes, owners } = self;
        let before = map.len();
        let mut held = of.map_or(*bytes, |owner| owners.get(&owner).copied().unwrap_or(0));
        for spare_used in [true, false] {
            map.retain(|_, entry| {
                let meant = of.is_none_or(|owner| entry.owner == owner);
                if held <= most || !meant || (spare_used && std::mem::take(entry.used.get_mut())) {
                    return true;
                }
                held -= entry.bytes;
                *bytes -= entry.bytes;
                subtract(owners, entry.owner, entry.bytes);
                false
            });
        }
        // A few large entries do not need the table of many small ones.
        if map.capacity() > 4 * map.len() {
            map.shrink_to(2 * map.len());
            owners.shrink_to(2 * owners.len());
        }
        (before - map.len()) as u64
    }
}

fn subtract(owners: &mut HashMap<Owner, usize>, owner: Owner, bytes: usize) {
    if let Some(held) = owners.get_mut(&owner) {
        *held -= bytes;
        if *held == 0 {
            owners.remove(&owner);
        }
    }
}

impl Held {
    /// Adds the metrics, as those of the cache of that name.
    pub(crate) fn collect_metrics(self, exposition: &mut Exposition, name: &str) {
        let labels = [("cache", name)];
        let help = "Memory that a cache holds, its keys and its overhead too.";
        exposition.gauge("rollbook_cache_bytes", help, &labels, self.bytes as f64);
        let help = "The most memory that a cache may hold.";
        exposition.gauge("rollbook_cache_limit_bytes", help, &labels, self.limit as f64);
        exposition.gauge("rollbook_cache_entries", "Entries of a cache.", &labels, self.entries as f64);
        let help = "Entries that a cache has dropped to make room for others.";
        exposition.counter("rollbook_cache_evictions_total", help, &labels, self.evicted as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;
    type Texts = Cache<String, u64>;

    fn ada() -> Owner {
        Owner::of(&"ada")
    }

    fn bob() -> Owner {
        Owner::of(&"bob")
    }

    fn put(cache: &Texts, owner: Owner, key: &str) {
        cache.insert(0, owner, key.to_owned(), 1, key.len());
    }

    fn has(cache: &Texts, key: &str) -> bool {
        cache.get(0, key).is_some()
    }

    /// The charged bytes are at least those that the map really uses.
    fn check(cache: &Texts) {
        let entries = &shared(&cache.entries).value;
        let sum = entries.map.values().map(|entry| entry.bytes).sum::<usize>();
        assert_eq!((entries.bytes, entries.owners.values().sum::<usize>()), (sum, sum));
        assert!(sum <= cache.limit, "{sum}");
        // Buckets are a power of two, of which seven eighths are capacity.
        let table = (entries.map.capacity() * 8 / 7) * (size_of::<(String, Entry<u64>)>() + 1);
        let keys: usize = entries.map.keys().map(String::len).sum();
        assert!(entries.map.len() < 100 || table + keys <= 2 * sum, "{table} and {keys} for {sum}");
    }

    #[test]
    fn a_flood_of_keys_of_any_length_stays_below_the_limit() {
        for (length, count) in [(0, 20_000), (10, 20_000), (1000, 2000), (60_000, 200)] {
            let cache = Texts::new(LIMIT);
            for number in 0..count {
                put(&cache, ada(), &format!("{number:>length$}"));
                put(&cache, Owner::PROGRAM, &format!("program {number:>length$}"));
            }
            check(&cache);
            let held = cache.held();
            assert!(held.entries > 0 && held.evicted > 0 && held.bytes > LIMIT / 4, "{length}: {held:?}");
            assert_eq!(held.evicted + held.entries as u64, 2 * count);
        }
    }

    #[test]
    fn a_caller_who_floods_drops_none_of_the_others_entries() {
        let cache = Texts::new(LIMIT);
        let theirs: Vec<String> = (0..100).map(|number| format!("bob {number}")).collect();
        theirs.iter().for_each(|key| put(&cache, bob(), key));
        for number in 0..50_000 {
            put(&cache, ada(), &format!("ada {number}"));
            // Also when each is used twice.
            assert!(has(&cache, &format!("ada {number}")));
        }
        check(&cache);
        assert!(theirs.iter().all(|key| has(&cache, key)));
        assert!(shared(&cache.entries).value.of_owner(ada()) <= LIMIT / 2);
    }

    #[test]
    fn entries_that_are_used_outlive_those_that_are_not() {
        let cache = Texts::new(LIMIT);
        (0..10).for_each(|number| put(&cache, ada(), &format!("used {number}")));
        for number in 0..50_000 {
            put(&cache, ada(), &format!("unused {number}"));
            assert!((0..10).all(|number| has(&cache, &format!("used {number}"))), "{number}");
        }
    }

    #[test]
    fn an_entry_larger_than_a_share_is_not_kept_and_drops_nothing_but_its_older_self() {
        let cache = Texts::new(LIMIT);
        put(&cache, ada(), "small");
        put(&cache, ada(), "other");
        cache.insert(0, ada(), "small".to_owned(), 2, LIMIT / 2);
        assert!(!has(&cache, "small") && has(&cache, "other"));
        cache.insert(0, Owner::PROGRAM, "large".to_owned(), 2, LIMIT);
        assert!(!has(&cache, "large") && has(&cache, "other"));
        check(&cache);
    }

    #[test]
    fn a_new_generation_drops_the_old_one_and_refuses_late_entries_of_it() {
        let cache = Texts::new(LIMIT);
        put(&cache, ada(), "old");
        cache.insert(7, ada(), "new".to_owned(), 1, 3);
        assert_eq!(cache.held().entries, 1);
        assert_eq!((cache.get(7, "new"), cache.get(7, "old"), cache.get(0, "old")), (Some(1), None, None));
        cache.insert(6, ada(), "late".to_owned(), 1, 4);
        assert_eq!((cache.get(6, "late"), cache.get(7, "late"), cache.get(7, "new")), (None, None, Some(1)));
        check(&cache);
    }

    #[test]
    fn replacing_and_removing_give_back_what_was_charged() {
        let cache = Texts::new(LIMIT);
        put(&cache, ada(), "key");
        let one = cache.held();
        for number in 0..1000 {
            cache.insert(0, if number % 2 == 0 { ada() } else { bob() }, "key".to_owned(), number, 3);
        }
        assert_eq!((cache.held(), cache.get(0, "key")), (one, Some(999)));
        cache.remove("key");
        cache.remove("key");
        assert_eq!(cache.held(), Held { bytes: 0, entries: 0, ..one });
        assert!(shared(&cache.entries).value.owners.is_empty());
    }
}
