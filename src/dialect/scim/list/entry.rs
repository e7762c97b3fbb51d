//! Entries of lists.

/// A resource of a list: the index of its type, and the row id.
pub(super) type Entry = (usize, i64);
