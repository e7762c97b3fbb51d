//! Reads lines of an input with a maximum length.

use std::io::{self, BufRead, Read as _};

/// Appends the next line with its line break to `line`. `line` never grows beyond `max` bytes and one more; the rest of
/// a longer line is skipped. Returns the number of consumed bytes: 0 at the end of the input.
pub(super) fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, max: usize) -> io::Result<u64> {
    let room = (max + 1).saturating_sub(line.len()) as u64;
    let mut consumed = input.by_ref().take(room).read_until(b'\n', line)? as u64;
    if consumed == room && !line.ends_with(b"\n") {
        consumed += skip_line(input)?;
    }
    Ok(consumed)
}

/// Skips the rest of the line.
pub(super) fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut consumed = 0;
    loop {
        let piece = match input.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = piece.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(piece.len(), |end| end + 1);
        let done = end.is_some() || piece.is_empty();
        input.consume(used);
        consumed += used as u64;
        if done {
            return Ok(consumed);
        }
    }
}

/// The line without its line break.
pub(super) fn trim_line_ending(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_skipped_to_its_end() {
        let mut input = io::BufReader::with_capacity(3, &b"abcdefghij\nk\n"[..]);
        let mut line = Vec::new();
        assert_eq!(read_line(&mut input, &mut line, 4).unwrap(), 11);
        assert_eq!(line, b"abcde");
        line.clear();
        assert_eq!(read_line(&mut input, &mut line, 4).unwrap(), 2);
        assert_eq!(line, b"k\n");
        line.clear();
        assert_eq!(read_line(&mut input, &mut line, 4).unwrap(), 0);
    }

    #[test]
    fn a_line_of_the_greatest_length_is_whole() {
        let mut input = &b"abcd\nx"[..];
        let mut line = Vec::new();
        assert_eq!(read_line(&mut input, &mut line, 5).unwrap(), 5);
        assert_eq!(trim_line_ending(&line), b"abcd");
        line.clear();
        assert_eq!(read_line(&mut input, &mut line, 5).unwrap(), 1);
        assert_eq!(trim_line_ending(&line), b"x");
        assert_eq!(trim_line_ending(b"a\r\n"), b"a");
    }
}
