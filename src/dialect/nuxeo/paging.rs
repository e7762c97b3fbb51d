//! Pages of users and groups: the part of the list that a request wants, and the document around its entries.

use super::error::{Problem, Result};
use super::options::{cache_key, number};
use crate::dialect::call::Call;
use crate::dialect::json_list::JsonList;
use crate::dialect::response_cache::BODY_BYTES_MAX;
use crate::directory::{Directory, PagePart, PageReader};
use crate::http::{Request, Response};
use crate::json;
use crate::model::{Error, Window};
use serde::Serialize;
use std::io;

/// Entries on a page, unless the query has another number.
const PAGE_SIZE_DEFAULT: i64 = 50;
/// Entries on a page when the query has a negative number.
const PAGE_SIZE_FOR_NEGATIVE: i64 = 20;
/// Most entries on a page, also when the query wants more or all (0).
const PAGE_SIZE_MAX: i64 = 1000;

/// Length of the first chunk. A page of the usual size fits into it: all of it is read from one snapshot of the database,
/// and the response cache keeps it.
const FIRST_CHUNK_BYTES: usize = BODY_BYTES_MAX - 1024;
/// Length of a further chunk; an entry may exceed it.
const CHUNK_BYTES: usize = 64 * 1024;

/// The page that a request wants.
#[derive(Clone, Copy)]
pub(super) struct PageRequest {
    /// The number of the query, which the answer repeats.
    size: i64,
    offset: i64,
}

impl PageRequest {
    /// Reads `pageSize`, `currentPageIndex` and `offset`, which overrides the index.
    pub(super) fn parse(request: &Request<'_>) -> Result<PageRequest> {
        let size = match number(request, "pageSize")? {
            None => PAGE_SIZE_DEFAULT,
            Some(size) if size < 0 => PAGE_SIZE_FOR_NEGATIVE,
            Some(size) => size,
        };
        let mut page = PageRequest { size, offset: 0 };
        let index = number(request, "currentPageIndex")?.unwrap_or(0).max(0);
        page.offset = match number(request, "offset")? {
            Some(offset) => offset.max(0),
            None => index.saturating_mul(page.step()),
        };
        Ok(page)
    }

    /// Most entries that the page has.
    fn step(&self) -> i64 {
        if self.size == 0 { PAGE_SIZE_MAX } else { self.size.min(PAGE_SIZE_MAX) }
    }

    /// The part of the list.
    pub(super) fn window(&self) -> Window {
        Window { offset: self.offset.unsigned_abs(), limit: self.step().unsigned_abs() }
    }

    /// The document of a page, in chunks. `push` adds an entry.
    pub(super) fn respond<T: 'static>(
        self,
        entity_type: &'static str,
        mut listing: PageReader<T>,
        push: impl Fn(&mut JsonList, &T) -> io::Result<()> + Send + 'static,
    ) -> Result<Response> {
        let (mut list, mut is_first_chunk) = (JsonList::new(b"", b"]}"), true);
        let response = Response::json_stream(move || {
            let length = if std::mem::take(&mut is_first_chunk) { FIRST_CHUNK_BYTES } else { CHUNK_BYTES };
            list.next_chunk(|list| {
                listing.next_piece(|shown| {
                    match shown {
                        PagePart::Header(total, count) => self.write_start(list.chunk(), entity_type, total, count),
                        PagePart::Entry(entry) => push(list, entry),
                    }
                    .map_err(|error| Error::Internal(error.into()))?;
                    Ok(list.chunk().len() < length)
                })
            })
        });
        response.map_err(Problem::from)
    }

    /// Writes the document up to its entries.
    fn write_start(&self, out: &mut Vec<u8>, entity_type: &'static str, total: u64, count: usize) -> io::Result<()> {
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        let (index, page_count) = match self.size {
            0 => (0, 1),
            // Truncated towards zero, so that an empty list has one page, and none of pages of one entry.
            size => (self.offset / self.step(), 1 + (total - 1) / size),
        };
        // Computed from the size in the query, even if the page has fewer entries.
        let next = self.size != 0 && total > self.offset.saturating_add(self.size);
        let document = Document {
            entity_type,
            is_paginable: true,
            results_count: total,
            page_size: self.size,
            max_page_size: PAGE_SIZE_MAX,
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

/// Answers with a page from the response cache, or reads it.
pub(super) fn cached_page(
    call: &Call<'_>,
    directory: &Directory,
    read: impl FnOnce() -> Result<Response>,
) -> Result<Response> {
    let key = cache_key(call.request, directory.hides_administrators())?;
    call.context.response_cache.get_or_insert(directory, key, read)
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
    /// The same as `is_next_page_available`.
    is_last_page_available: bool,
    is_sortable: bool,
    has_error: bool,
    error_message: (),
    page_index: i64,
    page_count: i64,
}
