//! Pages that were answered, kept while nothing changes: scripts ask for the same ones again and again, and a page
//! of fifty users costs more than all the rest of a request.

use crate::cache::{Cache, Owner};
use crate::metrics;
use std::sync::Arc;

/// All kept pages together, with the questions that they answer, in bytes.
const BYTES_MAX: usize = 8 << 20;
/// The largest page that is kept, in bytes.
pub(in crate::dialect) const PAGE_BYTES_MAX: usize = 256 << 10;

/// The pages of one state of the directory. Everybody who may ask sees the same, so they are nobody's in particular.
pub(crate) struct Kept(Cache<String, Arc<[u8]>>);

impl Default for Kept {
    fn default() -> Kept {
        Kept(Cache::new(BYTES_MAX))
    }
}

impl Kept {
    /// The page that was answered to that question in that generation.
    pub(in crate::dialect) fn find(&self, generation: u64, question: &str) -> Option<Arc<[u8]>> {
        self.0.get(generation, question)
    }

    /// Keeps a page that was read in that generation for that caller.
    pub(in crate::dialect) fn keep(&self, generation: u64, owner: Owner, question: String, body: &Arc<[u8]>) {
        if body.len() <= PAGE_BYTES_MAX {
            let bytes = question.capacity() + body.len();
            self.0.insert(generation, owner, question, Arc::clone(body), bytes);
        }
    }

    /// Adds its size to the page.
    pub(crate) fn collect_metrics(&self, exposition: &mut metrics::Exposition) {
        self.0.held().collect_metrics(exposition, "pages");
    }
}
