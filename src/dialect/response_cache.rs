//! Cache of whole response bodies. Scripts ask for the same list pages again and again, and a page of fifty users costs
//! more than all the rest of a request.

use crate::cache::Cache;
use crate::directory::{Directory, PageReader, PageState};
use crate::http::{Body, Response};
use crate::metrics::Exposition;
use crate::model::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// All bodies together, with their keys.
const CACHE_BYTES_MAX: usize = 8 << 20;
/// The largest body that is kept.
pub(super) const BODY_BYTES_MAX: usize = 256 << 10;

/// Bodies of JSON responses, by the request that they answer. A key holds all that the response depends on besides the
/// state of the directory, so that entries may be shared between callers.
pub(super) struct ResponseCache(Cache<String, Arc<CachedPage>>);

struct CachedPage {
    body: Arc<[u8]>,
    /// The newest generation of the directory for which the body is known to be current.
    generation: AtomicU64,
    /// The state of a page of users. A later read compares it.
    state: Option<Arc<OnceLock<PageState>>>,
}

impl CachedPage {
    fn is_of(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) == generation
    }

    fn response(&self) -> Response {
        Response::shared_json(Arc::clone(&self.body))
    }
}

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
        if let Some(cached) = self.0.get(0, &key).filter(|cached| cached.is_of(generation)) {
            return Ok(cached.response());
        }
        Ok(self.insert(directory, key, generation, None, read()?))
    }

    /// Like [`ResponseCache::get_or_insert`], for a page of users. A page of an earlier generation stays if it has the
    /// same users and none of them has changed. `open` decodes the request for `read`, and selects the page.
    pub(super) fn get_or_insert_users<R, E: From<Error>>(
        &self,
        directory: &Directory,
        key: String,
        open: impl FnOnce() -> Result<(R, PageReader<Arc<[u8]>>), E>,
        read: impl FnOnce(R, PageReader<Arc<[u8]>>) -> Result<Response, E>,
    ) -> Result<Response, E> {
        let generation = directory.generation();
        let cached = self.0.get(0, &key);
        if let Some(cached) = cached.as_ref().filter(|cached| cached.is_of(generation)) {
            return Ok(cached.response());
        }
        let (request, page) = open()?;
        if let Some(cached) = cached
            && let Some(state) = cached.state.as_ref().and_then(|state| state.get())
            && page.has_state(state)?
        {
            cached.generation.fetch_max(generation, Ordering::AcqRel);
            return Ok(cached.response());
        }
        let state = page.state();
        Ok(self.insert(directory, key, generation, Some(state), read(request, page)?))
    }

    /// Keeps the body of a response that was read after that generation began.
    fn insert(
        &self,
        directory: &Directory,
        key: String,
        generation: u64,
        state: Option<Arc<OnceLock<PageState>>>,
        mut response: Response,
    ) -> Response {
        if let Body::Bytes(body) = response.body {
            let body: Arc<[u8]> = body.into();
            if body.len() <= BODY_BYTES_MAX {
                let state_bytes = state.as_ref().and_then(|state| state.get()).map_or(0, PageState::heap_bytes);
                let fixed = size_of::<CachedPage>() + size_of::<PageState>() + 4 * size_of::<usize>();
                let bytes = key.capacity() + body.len() + fixed + state_bytes;
                let page = CachedPage { body: Arc::clone(&body), generation: AtomicU64::new(generation), state };
                self.0.insert(0, directory.owner(), key, Arc::new(page), bytes);
            }
            response.body = Body::Shared(body);
        }
        response
    }

    /// Adds the memory of the cache to the metrics.
    pub(super) fn collect_metrics(&self, exposition: &mut Exposition) {
        self.0.held().collect_metrics(exposition, "pages");
    }
}
