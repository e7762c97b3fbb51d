//! Pages of users and groups: which part of the list is meant, and the document around it.

use super::error::{Problem, Result};
use super::options::number;
use crate::directory::{PagePart, PageReader};
use crate::http::{Request, Response};
use crate::json;
use crate::model::{Error, Window};
use serde::Serialize;
use std::io;

/// Entries on a page unless asked for.
const SIZE: i64 = 50;
/// What a negative size means.
const SIZE_FOR_NEGATIVE: i64 = 20;
/// Most entries on a page, also when more, or all (0), are asked for.
const SIZE_MAX: i64 = 1000;

/// Longest first piece of a page, in bytes: a page of the usual size is of one state of the directory, and is kept.
const FIRST_PIECE_BYTES: usize = crate::dialect::response_cache::PAGE_BYTES_MAX - 1024;
/// Length of a further piece, in bytes; an entry may exceed it.
const PIECE_BYTES: usize = 64 * 1024;

/// The page that a request asks for.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// As the client will see it.
    size: i64,
    offset: i64,
}

impl Asked {
    /// Reads `pageSize`, `currentPageIndex` and `offset`, which overrides the index.
    pub(super) fn of(request: &Request<'_>) -> Result<Asked> {
        let size = match number(request, "pageSize")? {
            None => SIZE,
            Some(size) if size < 0 => SIZE_FOR_NEGATIVE,
            Some(size) => size,
        };
        let mut asked = Asked { size, offset: 0 };
        let index = number(request, "currentPageIndex")?.unwrap_or(0).max(0);
        asked.offset = match number(request, "offset")? {
            Some(offset) => offset.max(0),
            None => index.saturating_mul(asked.step()),
        };
        Ok(asked)
    }

    /// The entries that a page really has at most.
    fn step(&self) -> i64 {
        if self.size == 0 { SIZE_MAX } else { self.size.min(SIZE_MAX) }
    }

    /// The part of the list that is meant.
    pub(super) fn window(&self) -> Window {
        Window { offset: self.offset.unsigned_abs(), limit: self.step().unsigned_abs() }
    }

    /// The document of a page, in pieces. `write` writes an entry.
    pub(super) fn answer<T: 'static>(
        self,
        entity_type: &'static str,
        mut listing: PageReader<T>,
        write: impl Fn(&mut Vec<u8>, &T) -> io::Result<()> + Send + 'static,
    ) -> Result<Response> {
        let (mut is_first_piece, mut is_first_entry, mut more) = (true, true, true);
        let pieces = Response::json_pieces(move || {
            if !more {
                return Ok(None);
            }
            let length = if std::mem::take(&mut is_first_piece) { FIRST_PIECE_BYTES } else { PIECE_BYTES };
            let mut out = Vec::new();
            more = listing.next_piece(|shown| {
                match shown {
                    PagePart::Header(total, count) => self.begin(&mut out, entity_type, total, count),
                    PagePart::Entry(entry) => {
                        if !std::mem::take(&mut is_first_entry) {
                            out.push(b',');
                        }
                        write(&mut out, entry)
                    }
                }
                .map_err(|error| Error::Internal(error.into()))?;
                Ok(out.len() < length)
            })?;
            if !more {
                out.extend_from_slice(b"]}");
            }
            Ok(Some(out))
        });
        pieces.map_err(Problem::Directory)
    }

    /// Writes the document up to its entries.
    fn begin(&self, out: &mut Vec<u8>, entity_type: &'static str, total: u64, count: usize) -> io::Result<()> {
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        let (index, page_count) = match self.size {
            0 => (0, 1),
            // Truncated towards zero, so that an empty list has one page, and none of pages of one entry.
            size => (self.offset / self.step(), 1 + (total - 1) / size),
        };
        // By the size as it was asked for, also where fewer entries come.
        let next = self.size != 0 && total > self.offset.saturating_add(self.size);
        let document = Document {
            entity_type,
            is_paginable: true,
            results_count: total,
            page_size: self.size,
            max_page_size: SIZE_MAX,
            results_count_limit: 0,
            current_page_size: count,
            current_page_index: index,
            current_page_offset: self.offset,
            number_of_pages: page_count,
            is_previous_page_available: self.offset > 0,
            is_next_page_available: next,
            is_last_page_available: next,
            is_sortable: false,
            has_error: false,
            error_message: (),
            page_index: index,
            page_count,
        };
        json::to_writer(&mut *out, &document)?;
        // The entries come inside of the object.
        out.pop();
        out.extend_from_slice(b",\"entries\":[");
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "entity-type")]
    entity_type: &'static str,
    is_paginable: bool,
    results_count: i64,
    page_size: i64,
    max_page_size: i64,
    results_count_limit: i64,
    current_page_size: usize,
    current_page_index: i64,
    current_page_offset: i64,
    number_of_pages: i64,
    is_previous_page_available: bool,
    is_next_page_available: bool,
    /// Whether there is a last page to go to, which is when there is a next one.
    is_last_page_available: bool,
    is_sortable: bool,
    has_error: bool,
    error_message: (),
    page_index: i64,
    page_count: i64,
}
