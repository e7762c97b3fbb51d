//! The progress of an import, as the database keeps it.

/// The progress of an import.
#[derive(Debug, Clone, Default)]
pub struct ImportProgress {
    /// The line of the last row that was read.
    pub line: u64,
    /// The stored parts: phase, number of the last row, and result.
    pub parts: Vec<(u32, u64, String)>,
}
