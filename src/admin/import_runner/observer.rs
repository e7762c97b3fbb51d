//! The receiver of the findings of an import.

use crate::formats::Remark;

/// Receives the findings and the progress of an import.
pub trait ImportObserver {
    /// A row was refused.
    ///
    /// # Errors
    /// The refusal cannot be reported. The import ends.
    fn refused(&mut self, line: u64, reason: &str) -> anyhow::Result<()>;

    /// A value was left out, a membership is missing, or the input was cut off.
    ///
    /// # Errors
    /// The remark cannot be reported. The import ends.
    fn remarked(&mut self, line: u64, remark: Remark) -> anyhow::Result<()>;

    /// The import continues after the line where an earlier one was interrupted.
    fn resumed(&mut self, line: u64);

    /// The import has read so many bytes of [`ImportSource::bytes_of_all_passes`](super::ImportSource), and stored or
    /// refused so many rows.
    fn progressed(&mut self, bytes: u64, rows: u64);
}
