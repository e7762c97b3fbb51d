//! Cache of whole response bodies. Scripts ask for the same list pages again and again, and a page of fifty users costs
//! more than all the rest of a request.

use crate::cache::Cache;
use crate::directory::Directory;
use crate::http::{Body, Response};
use crate::metrics::Exposition;
use std::sync::Arc;

/// All bodies together, with their keys.
const CACHE_BYTES_MAX: usize = 8 << 20;
/// The largest body that is kept.
pub(super) const BODY_BYTES_MAX: usize = 256 << 10;

/// Bodies of JSON responses, by the request that they answer. A key holds all that the response depends on besides the
/// state of the directory, so that entries may be shared between callers.
pub(super) struct ResponseCache(Cache<String, Arc<[u8]>>);

impl Default for ResponseCache {
    fn default() -> ResponseCache {
        ResponseCache(Cache::new(CACHE_BYTES_MAX))
    }
}

impl ResponseCache {
    /// The cached response in the present generation of the directory. If there is none, reads the response, and keeps
    /// its body when it is small and whole. The entry is charged to the caller.
    pub(super) fn get_or_insert<E>(
        &self,
        directory: &Directory,
        key: String,
        read: impl FnOnce() -> Result<Response, E>,
    ) -> Result<Response, E> {
        let generation = directory.generation();
        if let Some(body) = self.0.get(generation, &key) {
            return Ok(Response::shared_json(body));
        }
        let mut response = read()?;
        if let Body::Bytes(body) = response.body {
            let body: Arc<[u8]> = body.into();
            if body.len() <= BODY_BYTES_MAX {
                let bytes = key.capacity() + body.len();
                self.0.insert(generation, directory.owner(), key, Arc::clone(&body), bytes);
            }
            response.body = Body::Shared(body);
        }
        Ok(response)
    }

    /// Adds the memory of the cache to the metrics.
    pub(super) fn collect_metrics(&self, exposition: &mut Exposition) {
        self.0.held().collect_metrics(exposition, "pages");
    }
}
