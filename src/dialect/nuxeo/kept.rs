//! Pages that were answered, kept while nothing changes: scripts ask for the same ones again and again, and a page
//! of fifty users costs more than all the rest of a request.

use crate::lock::locked;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// All kept pages together, in bytes.
const BYTES_MAX: usize = 8 << 20;
/// The largest page that is kept, in bytes.
const PAGE_BYTES_MAX: usize = 256 << 10;

/// The pages of one state of the directory. Everybody who may ask sees the same, so they are nobody's in particular.
#[derive(Default)]
pub(crate) struct Kept {
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    generation: u64,
    bytes: usize,
    bodies: HashMap<String, Arc<[u8]>>,
}

impl Kept {
    /// The page that was answered to that question in that generation.
    pub(super) fn find(&self, generation: u64, question: &str) -> Option<Arc<[u8]>> {
        let pages = locked(&self.pages);
        pages.bodies.get(question).filter(|_| pages.generation == generation).cloned()
    }

    /// Keeps a page that was read in that generation.
    pub(super) fn keep(&self, generation: u64, question: String, body: &Arc<[u8]>) {
        if body.len() > PAGE_BYTES_MAX {
            return;
        }
        let mut pages = locked(&self.pages);
        if pages.generation != generation || pages.bytes + body.len() > BYTES_MAX {
            // An older reader must not put its page among newer ones.
            if generation < pages.generation {
                return;
            }
            *pages = Pages { generation, ..Pages::default() };
        }
        pages.bytes += body.len() + question.len();
        pages.bodies.insert(question, Arc::clone(body));
    }
}
