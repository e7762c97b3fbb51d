//! Cache of users as a dialect writes them, each with the groups. A change of another user leaves a document in the cache.

use super::page_reader::PageReader;
use crate::cache::Cache;
use crate::metrics::Exposition;
use crate::model::UserWithGroups;
use crate::store::DocumentVersion;
use std::sync::Arc;

/// All documents together.
const CACHE_BYTES_MAX: usize = 8 << 20;
/// The largest document that is kept: a user can be in thousands of groups.
const DOCUMENT_BYTES_MAX: usize = 64 << 10;

/// Documents of users, by the variant of the document and the row id of the user.
#[derive(Clone)]
pub struct UserDocuments(Arc<Cache<(u8, i64), CachedDocument>>);

#[derive(Clone)]
struct CachedDocument {
    version: DocumentVersion,
    bytes: Arc<[u8]>,
}

impl Default for UserDocuments {
    fn default() -> UserDocuments {
        UserDocuments(Arc::new(Cache::new(CACHE_BYTES_MAX)))
    }
}

impl UserDocuments {
    /// Adds the memory of the cache to the metrics.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        self.0.held().collect_metrics(exposition, "documents");
    }
}

impl PageReader<UserWithGroups> {
    /// The same page with documents as entries, from the cache where they are current. The variant stands for all that a
    /// document depends on besides the directory.
    pub fn documents(
        self,
        cache: UserDocuments,
        variant: u8,
        write: impl Fn(&UserWithGroups) -> Vec<u8> + Send + 'static,
    ) -> PageReader<Arc<[u8]>> {
        self.map_entries(move |directory, rows, id, read| {
            let key = (variant, id);
            let current = |cached: &CachedDocument| rows.is_current_document(id, &cached.version);
            if let Some(cached) = cache.0.get(0, &key)
                && current(&cached)?
            {
                return Ok(Some(cached.bytes));
            }
            let Some(user) = read(directory, rows, id)? else { return Ok(None) };
            let bytes: Arc<[u8]> = write(&user).into();
            if let Some(version) = rows.document_version()?
                && bytes.len() <= DOCUMENT_BYTES_MAX
            {
                let cached = CachedDocument { version, bytes: Arc::clone(&bytes) };
                cache.0.insert(0, directory.owner(), key, cached, bytes.len());
            }
            Ok(Some(bytes))
        })
    }
}
