//! Lists in JSON that are sent in chunks.

use crate::json;
use std::io;

/// Writes a list in chunks: the commas between entries, and the text after the last one.
pub(super) struct JsonList {
    chunk: Vec<u8>,
    end: &'static [u8],
    has_entries: bool,
    has_ended: bool,
}

impl JsonList {
    /// An empty list between two texts.
    pub(super) fn new(start: &[u8], end: &'static [u8]) -> JsonList {
        JsonList { chunk: start.to_vec(), end, has_entries: false, has_ended: false }
    }

    /// The text of the present chunk, to which a text before the first entry may be added.
    pub(super) fn chunk(&mut self) -> &mut Vec<u8> {
        &mut self.chunk
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When the entry cannot be serialized.
    pub(super) fn push(&mut self, entry: &impl serde::Serialize) -> io::Result<()> {
        self.push_text(b"");
        json::to_writer(&mut self.chunk, entry)
    }

    /// Adds an entry that is serialized already.
    pub(super) fn push_text(&mut self, entry: &[u8]) {
        if self.has_entries {
            self.chunk.push(b',');
        }
        self.has_entries = true;
        self.chunk.extend_from_slice(entry);
    }

    /// The next chunk; `None` after the last one. `fill` adds entries and returns whether there are more.
    ///
    /// # Errors
    /// Those of `fill`.
    pub(super) fn next_chunk<E>(
        &mut self,
        fill: impl FnOnce(&mut JsonList) -> Result<bool, E>,
    ) -> Result<Option<Vec<u8>>, E> {
        if self.has_ended {
            return Ok(None);
        }
        if !fill(self)? {
            self.has_ended = true;
            self.chunk.extend_from_slice(self.end);
        }
        Ok(Some(std::mem::take(&mut self.chunk)))
    }
}
