//! Compares a write-ahead log with the database next to it, for which it may not have been written.
//!
//! Neither file names the other one: the log has random salts that the database does not have. But each page in the log
//! was made from the page in the database, so some facts about the two have to fit. They fit for every log of the
//! database, also after a crash in the middle of a checkpoint. Most files of another database, and most older copies of
//! the same one, do not fit.

use super::connection::open_immutable;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Lengths of the header of a log, and of the header of each page in it (SQLite's file format, 4.1).
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The first bytes of a log, with checksums of numbers in little-endian and in big-endian order.
const MAGIC: [u32; 2] = [0x377f_0682, 0x377f_0683];
/// Offsets in the first page: the counter of changes, the number of pages, and the counter for which that number is
/// valid.
const COUNTER: usize = 24;
const PAGES: usize = 28;
const PAGES_VALID_FOR: usize = 92;
/// Offset of the number that each change of the schema counts up.
const SCHEMA: usize = 40;
/// Types of pages of tables.
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;
/// Deepest tree that is followed. SQLite's are never deeper.
const DEPTH_MAX: usize = 20;

/// Returns false if the log next to a database was certainly written for another database, or for another state of it.
/// No other process may use the files. A log that cannot be read counts as the database's own: SQLite reports it.
pub(super) fn is_own_log(database: &Path, main: &File, log: File) -> bool {
    let look = || -> io::Result<bool> {
        let Some(log) = Log::read(log)? else { return Ok(true) };
        Ok(log.continues_header(main)? && log.continues_audit_log(main, database)?)
    };
    look().unwrap_or(true)
}

/// The committed pages of a write-ahead log.
struct Log {
    file: File,
    page_bytes: usize,
    /// The offsets of the versions of each page, oldest first.
    versions: HashMap<u32, Vec<u64>>,
    /// The numbers of pages of the database after the commits before the first one that changes the first page.
    sizes: Vec<u32>,
}

impl Log {
    /// `None` if the log has no commit.
    fn read(file: File) -> io::Result<Option<Log>> {
        let mut input = io::BufReader::with_capacity(1 << 20, &file);
        let mut header = [0; HEADER_BYTES];
        input.read_exact(&mut header)?;
        let magic = number(&header, 0);
        let page_bytes = number(&header, 8) as usize;
        if !MAGIC.contains(&magic) || !page_bytes.is_power_of_two() || !(512..=65536).contains(&page_bytes) {
            return Ok(None);
        }
        let mut checksum = Checksum { is_big_endian: magic == MAGIC[1], sums: (0, 0) };
        checksum.add(&header[..24]);
        if checksum.sums != (number(&header, 24), number(&header, 28)) {
            return Ok(None);
        }
        let mut log = Log { page_bytes, versions: HashMap::new(), sizes: Vec::new(), file: file.try_clone()? };
        let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
        let (mut offset, mut pages) = (HEADER_BYTES as u64, Vec::new());
        while input.read_exact(&mut frame).is_ok() {
            checksum.add(&frame[..8]);
            checksum.add(&frame[FRAME_HEADER_BYTES..]);
            // Behind the last commit are pages of an earlier use of the file, or a part of a commit.
            if frame[8..16] != header[16..24] || checksum.sums != (number(&frame, 16), number(&frame, 20)) {
                break;
            }
            pages.push((number(&frame, 0), offset + FRAME_HEADER_BYTES as u64));
            let size = number(&frame, 4);
            if size > 0 {
                for (page, at) in pages.drain(..) {
                    log.versions.entry(page).or_default().push(at);
                }
                if !log.versions.contains_key(&1) {
                    log.sizes.push(size);
                }
            }
            offset += frame.len() as u64;
        }
        Ok((!log.versions.is_empty()).then_some(log))
    }

    /// The versions of a page, oldest first.
    fn versions_of(&self, page: u32) -> io::Result<Vec<Vec<u8>>> {
        let offsets = self.versions.get(&page).map(Vec::as_slice).unwrap_or_default();
        let read = |offset: &u64| {
            let mut content = vec![0; self.page_bytes];
            self.file.read_exact_at(&mut content, *offset).map(|()| content)
        };
        offsets.iter().map(read).collect()
    }

    /// A page of the database. `None` if a checkpoint has moved a version from the log there: then it has the same
    /// origin.
    fn page_before(&self, main: &File, page: u32) -> io::Result<Option<Vec<u8>>> {
        let mut content = vec![0; self.page_bytes];
        let offset = u64::from(page).saturating_sub(1) * self.page_bytes as u64;
        main.read_exact_at(&mut content, offset)?;
        Ok((!self.versions_of(page)?.contains(&content)).then_some(content))
    }

    /// Compares the header of the database with the first pages in the log. A commit that changes the first page counts
    /// it up by one or not at all, and one that does not leaves the number of pages.
    fn continues_header(&self, main: &File) -> io::Result<bool> {
        let Some(before) = self.page_before(main, 1)? else { return Ok(true) };
        let counter = number(&before, COUNTER);
        let is_counted = self.versions_of(1)?.first().is_none_or(|first| {
            let next = number(first, COUNTER);
            next == counter || next == counter.wrapping_add(1)
        });
        let pages = number(&before, PAGES);
        let has_pages = pages > 0 && number(&before, PAGES_VALID_FOR) == counter;
        Ok(is_counted && (!has_pages || self.sizes.iter().all(|size| *size == pages)))
    }

    /// Compares the newest change of the audit log in the database with the next version of its page in the log. Changes
    /// are appended and never altered, and the newest one is removed only after a later one was added.
    ///
    /// Only a page that the log leaves in its place is compared: SQLite may use another one for other rows.
    fn continues_audit_log(&self, main: &File, database: &Path) -> io::Result<bool> {
        let root = open_immutable(database).and_then(|connection| {
            let sql = "select rootpage from sqlite_schema where type = 'table' and name = 'changes'";
            connection.query_row(sql, [], |row| row.get(0))
        });
        let Ok(mut page) = root else { return Ok(true) };
        let mut first = vec![0; self.page_bytes];
        main.read_exact_at(&mut first, 0)?;
        let changes_schema = |next: &Vec<u8>| next[SCHEMA..SCHEMA + 4] != first[SCHEMA..SCHEMA + 4];
        if self.versions_of(1)?.iter().any(changes_schema) {
            return Ok(true);
        }
        for _ in 0..DEPTH_MAX {
            let Some(before) = self.page_before(main, page)? else { return Ok(true) };
            let versions = self.versions_of(page)?;
            match before.first() {
                // The last child.
                Some(&INTERIOR) if versions.is_empty() => page = number(&before, 8),
                Some(&LEAF) => return Ok(versions.first().is_none_or(|next| continues_rows(&before, next))),
                _ => return Ok(true),
            }
        }
        Ok(true)
    }
}

/// True if the next version of the last leaf can have been made by appending rows and removing old ones.
fn continues_rows(before: &[u8], next: &[u8]) -> bool {
    if next.first() != Some(&LEAF) {
        return true;
    }
    let (Some(rows), Some(next_rows)) = (rows(before), rows(next)) else { return true };
    let Some((newest, content)) = rows.last() else { return true };
    match next_rows.iter().find(|(id, _)| id == newest) {
        Some((_, found)) => found == content,
        None => next_rows.first().is_some_and(|(oldest, _)| oldest > newest),
    }
}

/// The ids of the rows in a leaf of a table, and the bytes of each in this page. `None` if the page is damaged.
fn rows(page: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let short = |at: usize| Some(usize::from(u16::from_be_bytes(page.get(at..at + 2)?.try_into().ok()?)));
    let row = |index: usize| {
        let cell = page.get(short(8 + 2 * index)?..)?;
        let (length, used) = varint(cell)?;
        let (id, more) = varint(cell.get(used..)?)?;
        // The rest of a long row is in other pages.
        let length = usize::try_from(length).ok()?.min(page.len() / 16);
        Some((id, cell.get(used + more..)?.get(..length)?))
    };
    (0..short(3)?).map(row).collect()
}

/// A number of variable length, and its length.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some((value << 8 | u64::from(*byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// The checksum of a log. It continues from each page to the next one.
struct Checksum {
    is_big_endian: bool,
    sums: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let word = |four: &[u8]| {
            let four = four.try_into().unwrap_or_default();
            if self.is_big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let (mut one, mut other) = self.sums;
        for pair in bytes.chunks_exact(8) {
            one = one.wrapping_add(word(&pair[..4])).wrapping_add(other);
            other = other.wrapping_add(word(&pair[4..])).wrapping_add(one);
        }
        self.sums = (one, other);
    }
}
