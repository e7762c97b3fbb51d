//! A page of a list, read piece by piece: its entries may be far larger than the page of their names, as with thousands
//! of groups above each user.

use super::transactions::Directory;
use crate::model::{Page, Result};
use crate::store::{DocumentVersion, ReadTx};
use std::sync::{Arc, OnceLock};

/// The row ids of the entries of a page.
type ReadPage = Box<dyn Fn(&Directory, &ReadTx<'_>) -> Result<Page<i64>> + Send>;
/// An entry by its row id; `None` when it is gone.
pub(super) type ReadEntry<T> = Box<dyn Fn(&Directory, &ReadTx<'_>, i64) -> Result<Option<T>> + Send>;

/// A page that is not read yet, or only in part.
pub struct PageReader<T> {
    directory: Directory,
    page: ReadPage,
    entry: ReadEntry<T>,
    /// The entries to come; `None` before the first piece.
    rest: Option<std::vec::IntoIter<i64>>,
    /// Set by the first piece.
    state: Arc<OnceLock<PageState>>,
}

/// The state of a page in one snapshot: its row ids, the length of the list, and the version of the documents.
#[derive(Debug)]
pub struct PageState {
    ids: Vec<i64>,
    total: u64,
    version: DocumentVersion,
}

impl PageState {
    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.ids.capacity() * size_of::<i64>()
    }
}

/// A part of a page.
#[derive(Debug)]
pub enum PagePart<'p, T> {
    /// How many entries there are in the whole list, and in this page.
    Header(u64, usize),
    /// An entry.
    Entry(&'p T),
}

impl<T> PageReader<T> {
    pub(super) fn new(
        directory: &Directory,
        page: impl Fn(&Directory, &ReadTx<'_>) -> Result<Page<i64>> + Send + 'static,
        entry: impl Fn(&Directory, &ReadTx<'_>, i64) -> Result<Option<T>> + Send + 'static,
    ) -> PageReader<T> {
        PageReader {
            directory: directory.clone(),
            page: Box::new(page),
            entry: Box::new(entry),
            rest: None,
            state: Arc::default(),
        }
    }

    /// The same page with other entries. `map` gets the reader of an entry of this one.
    pub(super) fn map_entries<U>(
        self,
        map: impl Fn(&Directory, &ReadTx<'_>, i64, &ReadEntry<T>) -> Result<Option<U>> + Send + 'static,
    ) -> PageReader<U>
    where
        T: 'static,
    {
        let PageReader { directory, page, entry, rest, state } = self;
        let entry = Box::new(move |directory: &Directory, rows: &ReadTx<'_>, id| map(directory, rows, id, &entry));
        PageReader { directory, page, entry, rest, state }
    }

    /// The state of the page, once its first piece is read. If all of the page is one piece, the state is that of the
    /// whole page.
    pub fn state(&self) -> Arc<OnceLock<PageState>> {
        Arc::clone(&self.state)
    }

    /// Shows the next piece: first the beginning, then entries until one is answered with false. All of a piece is of one
    /// state of the directory. An entry that goes between two pieces is missing. False when there is nothing more.
    ///
    /// # Errors
    /// Those of the list.
    pub fn next_piece(&mut self, mut show: impl FnMut(PagePart<'_, T>) -> Result<bool>) -> Result<bool> {
        let PageReader { directory, page, entry, rest, state } = self;
        directory.read_charged(|rows| {
            let rest = match rest {
                Some(rest) => rest,
                None => {
                    let Page { entries, total } = page(directory, rows)?;
                    show(PagePart::Header(total, entries.len()))?;
                    if let Some(version) = rows.document_version()? {
                        state.get_or_init(|| PageState { ids: entries.clone(), total, version });
                    }
                    rest.insert(entries.into_iter())
                }
            };
            for id in rest.by_ref() {
                if let Some(entry) = entry(directory, rows, id)?
                    && !show(PagePart::Entry(&entry))?
                {
                    break;
                }
            }
            Ok(rest.len() > 0)
        })
    }
}

/// A page of users as documents.
impl PageReader<Arc<[u8]>> {
    /// True if the page, which is not read yet, would have the same users and documents as the one of that state.
    ///
    /// # Errors
    /// Those of the list.
    pub fn has_state(&self, known: &PageState) -> Result<bool> {
        self.directory.read_charged(|rows| {
            let Page { entries, total } = (self.page)(&self.directory, rows)?;
            let same_users = total == known.total && entries == known.ids;
            Ok(same_users && rows.are_current_documents(&known.ids, &known.version)?)
        })
    }
}
