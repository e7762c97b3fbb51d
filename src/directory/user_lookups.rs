//! Cache of documents that clients get for one user by name or identifier. A change of another user leaves a document in the cache.

use super::lookup::{load_user, load_user_with_groups};
use super::scim::load_scim_user;
use super::transactions::Directory;
use crate::cache::{Cache, Owner};
use crate::metrics::Exposition;
use crate::model::{Result, User, UserRef, UserSummary, UserWithGroups, fold_name};
use crate::store::{DocumentVersion, ReadTx};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// All documents together.
const CACHE_BYTES_MAX: usize = 12 << 20;
/// The largest document that is cached.
const DOCUMENT_BYTES_MAX: usize = 16 << 10;
/// Recent look-ups of which the cache knows the hash. In a directory with far more users, random look-ups would only
/// replace each other's documents, so a document is cached at the second look-up.
const RECENT_LOOKUPS: usize = 16 << 10;

/// Documents of users, by key, dialect and variant.
pub struct UserLookups {
    documents: Cache<String, Arc<CachedDocument>>,
    /// Hashes of recent look-ups.
    recent: Box<[AtomicU32]>,
}

struct CachedDocument {
    user_id: i64,
    version: DocumentVersion,
    /// The newest generation of the directory for which the document is known to be current.
    generation: AtomicU64,
    document: UserDocument,
}

/// A user, the key of the document, if there is only one, and the caller who is charged for it.
struct Lookup<'n> {
    user: UserRef<'n>,
    key: Option<String>,
    owner: Owner,
}

/// The document of a user.
#[derive(Debug, Clone)]
pub struct UserDocument {
    /// The state of the entity tag.
    pub etag: u64,
    /// The document.
    pub bytes: Arc<[u8]>,
}

impl Default for UserLookups {
    fn default() -> UserLookups {
        let recent = (0..RECENT_LOOKUPS).map(|_| AtomicU32::new(0)).collect();
        UserLookups { documents: Cache::new(CACHE_BYTES_MAX), recent }
    }
}

impl UserLookups {
    /// Adds the memory of the cache to the metrics.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        self.documents.held().collect_metrics(exposition, "lookups");
    }

    /// The document under that key, if it is current and the caller's rights are.
    fn find(&self, directory: &Directory, key: &str, generation: u64) -> Option<UserDocument> {
        let cached = self.documents.get(0, key)?;
        let Directory { store, caller, .. } = directory;
        if !caller.is_current(store.rights_version()) {
            return None;
        }
        if cached.generation.load(Ordering::Acquire) != generation {
            if !store.is_current_document(cached.user_id, &cached.version) {
                return None;
            }
            cached.generation.fetch_max(generation, Ordering::AcqRel);
        }
        Some(cached.document.clone())
    }

    /// Notes a look-up. Returns true if there was one with the same key not long ago.
    fn note(&self, key: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        let place = &self.recent[hash as usize % RECENT_LOOKUPS];
        // Zero is no hash.
        let hash = (hash >> 32) as u32 | 1;
        place.load(Ordering::Relaxed) == hash || place.swap(hash, Ordering::Relaxed) == hash
    }
}

impl Directory {
    /// The document of the user of that name, from the cache if it is current. `variant` stands for everything that it
    /// depends on besides the directory and the dialect.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user_document(
        &self,
        cache: &UserLookups,
        variant: u8,
        name: &str,
        write: impl FnOnce(&UserSummary) -> Vec<u8>,
    ) -> Result<UserDocument> {
        self.document(cache, self.lookup(variant, name), |rows, user| {
            let administrator = rows.is_administrator(user.id)?;
            let account = UserSummary { user, administrator };
            Ok((account.user.etag(administrator), write(&account)))
        })
    }

    /// Like [`Directory::user_document`], with all groups of the user.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user_with_groups_document(
        &self,
        cache: &UserLookups,
        variant: u8,
        name: &str,
        write: impl FnOnce(&UserWithGroups) -> Vec<u8>,
    ) -> Result<UserDocument> {
        self.document(cache, self.lookup(variant, name), |rows, user| {
            let profile = load_user_with_groups(rows, user)?;
            Ok((profile.etag(), write(&profile)))
        })
    }

    /// The document of the user with that uuid, with all groups and the attributes that SCIM alone shows, from the cache if
    /// it is current. `base` is the address that it depends on.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn scim_user_document(
        &self,
        cache: &UserLookups,
        base: &str,
        uuid: &str,
        write: impl FnOnce(&UserWithGroups) -> Vec<u8>,
    ) -> Result<UserDocument> {
        let key = format!("{uuid}\n{}\n{base}", self.dialect);
        // Clients can choose the address.
        let lookup = Lookup { user: UserRef::uuid(uuid), key: Some(key), owner: self.owner() };
        self.document(cache, lookup, |rows, user| {
            let profile = load_scim_user(rows, user)?;
            Ok((profile.etag(), write(&profile)))
        })
    }

    /// The look-up of a user by name.
    fn lookup<'n>(&self, variant: u8, name: &'n str) -> Lookup<'n> {
        // Names that are not ASCII may have several keys.
        let key = name.is_ascii().then(|| {
            let mut key = fold_name(name);
            key.push('\n');
            key.push_str(self.dialect);
            key.push(char::from(b'0' + variant));
            key
        });
        // Only names of users are keys, so they are charged to no caller.
        Lookup { user: UserRef::Name(name.into()), key, owner: Owner::PROGRAM }
    }

    fn document(
        &self,
        cache: &UserLookups,
        lookup: Lookup<'_>,
        write: impl FnOnce(&ReadTx<'_>, User) -> Result<(u64, Vec<u8>)>,
    ) -> Result<UserDocument> {
        let Lookup { user, key, owner } = lookup;
        let generation = self.generation();
        if let Some(key) = &key
            && let Some(document) = cache.find(self, key, generation)
        {
            return Ok(document);
        }
        self.read(|rows| {
            let user = load_user(rows, &user)?;
            let user_id = user.id;
            let (etag, bytes) = write(rows, user)?;
            let document = UserDocument { etag, bytes: bytes.into() };
            if let Some(key) = key
                && document.bytes.len() <= DOCUMENT_BYTES_MAX
                && cache.note(&key)
                && let Some(version) = rows.document_version()?
            {
                let heap = key.capacity() + size_of::<CachedDocument>() + document.bytes.len();
                let cached = CachedDocument { user_id, version, generation: AtomicU64::new(generation), document };
                let document = cached.document.clone();
                cache.documents.insert(0, owner, key, Arc::new(cached), heap);
                return Ok(document);
            }
            Ok(document)
        })
    }
}
