//! A page of a list, read piece by piece: its entries may be far larger than the page of their names, as with thousands
//! of groups above each user.

use super::transactions::Directory;
use crate::model::{Page, Result};
use crate::store::ReadTx;

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
        PageReader { directory: directory.clone(), page: Box::new(page), entry: Box::new(entry), rest: None }
    }

    /// The same page with other entries. `map` gets the reader of an entry of this one.
    pub(super) fn map_entries<U>(
        self,
        map: impl Fn(&Directory, &ReadTx<'_>, i64, &ReadEntry<T>) -> Result<Option<U>> + Send + 'static,
    ) -> PageReader<U>
    where
        T: 'static,
    {
        let PageReader { directory, page, entry, rest } = self;
        let entry = Box::new(move |directory: &Directory, rows: &ReadTx<'_>, id| map(directory, rows, id, &entry));
        PageReader { directory, page, entry, rest }
    }

    /// Shows the next piece: first the beginning, then entries until one is answered with false. All of a piece is of one
    /// state of the directory. An entry that goes between two pieces is missing. False when there is nothing more.
    ///
    /// # Errors
    /// Those of the list.
    pub fn next_piece(&mut self, mut show: impl FnMut(PagePart<'_, T>) -> Result<bool>) -> Result<bool> {
        let PageReader { directory, page, entry, rest } = self;
        directory.read_charged(|rows| {
            let rest = match rest {
                Some(rest) => rest,
                None => {
                    let Page { entries, total } = page(directory, rows)?;
                    show(PagePart::Header(total, entries.len()))?;
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
