//! Helpers for texts in messages and at the beginning of files.

use std::io::BufRead;

/// Skips a byte order mark at the beginning of a file. Returns its length.
pub(super) fn skip_bom(input: &mut impl BufRead) -> std::io::Result<u64> {
    // The first read of a file returns more than three bytes, so it never cuts through a byte order mark.
    let marked = input.fill_buf()?.starts_with(b"\xef\xbb\xbf");
    let length = if marked { 3 } else { 0 };
    input.consume(length);
    Ok(length as u64)
}

/// A text for a message, quoted and shortened.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
