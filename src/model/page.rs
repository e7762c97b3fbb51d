//! A window on a long list.

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many entries to skip.
    pub offset: u64,
    /// How many entries to return at most.
    pub limit: u64,
}

/// A part of a list, and how long the whole list is.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The entries in the window.
    pub entries: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}
