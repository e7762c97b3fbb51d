//! Encodings of text: UTF-8 and UTF-16, with or without a byte order mark. The format readers get only UTF-8.
//!
//! Invalid text reaches the readers as bytes that are not UTF-8, so they refuse the rows with it.

use anyhow::{Context as _, bail};
use std::io::{self, BufRead, Cursor, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of UTF-16 that are decoded at a time.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// Bytes of the original input that were consumed.
pub(super) type Position = Arc<AtomicU64>;

/// Detects the encoding of an input, and decodes it. Returns a position only for UTF-16; readers count the bytes of
/// UTF-8 themselves.
///
/// # Errors
/// When the input cannot be read, and for UTF-32.
pub(super) fn decode(
    mut input: Box<dyn BufRead + Send>,
) -> anyhow::Result<(Box<dyn BufRead + Send>, Option<Position>)> {
    let head = read_head(&mut input).context("read the beginning of the file")?;
    let (big_endian, mark) = match *head.as_slice() {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => bail!("the file is UTF-32: save it as UTF-8 or UTF-16"),
        [0xff, 0xfe, ..] => (false, 2),
        [0xfe, 0xff, ..] => (true, 2),
        // The first character of a file is ASCII, and has a zero byte in UTF-16.
        [first, 0, ..] if first != 0 => (false, 0),
        [0, first, ..] if first != 0 => (true, 0),
        _ => return Ok((Box::new(Cursor::new(head).chain(input)), None)),
    };
    let position = Arc::new(AtomicU64::new(mark as u64));
    let input = Cursor::new(head[mark..].to_vec()).chain(input);
    Ok((Box::new(Utf16::new(input, big_endian, position.clone())), Some(position)))
}

/// The first four bytes, or all of a shorter input.
fn read_head(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(4);
    input.take(4).read_to_end(&mut head)?;
    Ok(head)
}

/// Decodes UTF-16 into UTF-8. A lone surrogate becomes three bytes that are not UTF-8.
struct Utf16<R> {
    input: R,
    big_endian: bool,
    /// The first byte of a unit whose second byte is not read yet.
    half: Option<u8>,
    /// A high surrogate whose low surrogate is not read yet.
    high: Option<u16>,
    decoded: Vec<u8>,
    /// Bytes of `text` that were consumed.
    at: usize,
    position: Position,
}

impl<R: BufRead> Utf16<R> {
    fn new(input: R, big_endian: bool, position: Position) -> Utf16<R> {
        Utf16 { input, big_endian, half: None, high: None, decoded: Vec::new(), at: 0, position }
    }

    /// Decodes the next piece. At the end nothing is decoded.
    fn decode_piece(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.at = 0;
        while self.decoded.is_empty() {
            let piece = match self.input.fill_buf() {
                Ok(piece) => &piece[..piece.len().min(PIECE_BYTES_MAX)],
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let length = piece.len();
            if length == 0 {
                self.decode_end();
                return Ok(());
            }
            for byte in piece {
                let Some(first) = self.half.take() else {
                    self.half = Some(*byte);
                    continue;
                };
                let pair = [first, *byte];
                let unit = if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
                decode_unit(unit, &mut self.high, &mut self.decoded);
            }
            self.input.consume(length);
        }
        Ok(())
    }

    fn decode_end(&mut self) {
        if let Some(high) = self.high.take() {
            push_surrogate(high, &mut self.decoded);
        }
        if self.half.take().is_some() {
            self.decoded.push(0xff);
        }
    }
}

fn decode_unit(unit: u16, high: &mut Option<u16>, decoded: &mut Vec<u8>) {
    if let Some(first) = high.take() {
        if let Some(Ok(c)) = char::decode_utf16([first, unit]).next() {
            decoded.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
        push_surrogate(first, decoded);
    }
    match unit {
        0xd800..=0xdbff => *high = Some(unit),
        0xdc00..=0xdfff => push_surrogate(unit, decoded),
        _ => {
            let c = char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
            decoded.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// Encodes a surrogate as UTF-8 would encode it if it were a character.
fn push_surrogate(unit: u16, decoded: &mut Vec<u8>) {
    let low = |bits: u16| 0x80 | u8::try_from(bits & 0x3f).unwrap_or_default();
    decoded.extend_from_slice(&[0xed, low(unit >> 6), low(unit)]);
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Utf16<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.decoded.len() {
            self.decode_piece()?;
        }
        Ok(&self.decoded[self.at..])
    }

    fn consume(&mut self, length: usize) {
        let end = self.decoded.len().min(self.at + length);
        // Each character begins with one byte that continues none. Those of four bytes are pairs in UTF-16.
        let units: u64 = self.decoded[self.at..end]
            .iter()
            .map(|byte| match byte {
                0x80..=0xbf => 0,
                0xf0..=0xf7 => 2,
                _ => 1,
            })
            .sum();
        self.position.fetch_add(2 * units, Ordering::Relaxed);
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Decodes in pieces of that size.
    fn decoded(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<u64>) {
        let input = Box::new(BufReader::with_capacity(piece, Cursor::new(bytes.to_vec())));
        let (mut input, position) = decode(input).unwrap();
        let mut text = Vec::new();
        input.read_to_end(&mut text).unwrap();
        (text, position.map(|position| position.load(Ordering::Relaxed)))
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn utf_16_is_decoded_whatever_the_pieces() {
        for text in ["login,mail\r\nada,\u{fc}\u{65e5}\u{1f600}x\n", "a", "ab", "{\u{feff}}"] {
            for big_endian in [false, true] {
                for marked in [false, true] {
                    let bytes = utf16(&format!("{}{text}", if marked { "\u{feff}" } else { "" }), big_endian);
                    for piece in [1, 2, 3, 5, 4096] {
                        let expected = (text.as_bytes().to_vec(), Some(bytes.len() as u64));
                        assert_eq!(decoded(&bytes, piece), expected, "{text:?} {big_endian} {marked} {piece}");
                    }
                }
            }
        }
    }

    #[test]
    fn utf_8_is_left_as_it_is() {
        for text in [&b""[..], b"a", b"ab", b"abc", b"\xef\xbb\xbfab", b"\xff\xff", b"\0\0ab", b"ab\0c", b"\0"] {
            assert_eq!(decoded(text, 1), (text.to_vec(), None), "{text:?}");
        }
    }

    #[test]
    fn invalid_utf_16_does_not_become_valid_text() {
        let units = |units: &[u16]| units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>();
        for (bytes, text) in [
            (units(&[0xfeff, 0xd800, 0x61]), &b"\xed\xa0\x80a"[..]),
            (units(&[0xfeff, 0xdc00, 0x61]), b"\xed\xb0\x80a"),
            (units(&[0xfeff, 0x61, 0xd83d]), b"a\xed\xa0\xbd"),
            (units(&[0xfeff, 0xd83d, 0xd83d, 0xde00]), b"\xed\xa0\xbd\xf0\x9f\x98\x80"),
            ([units(&[0xfeff, 0x61]), vec![0x62]].concat(), b"a\xff"),
        ] {
            let (decoded, _) = decoded(&bytes, 3);
            assert_eq!(decoded, text);
            assert!(std::str::from_utf8(&decoded).is_err());
        }
    }

    #[test]
    fn utf_32_is_an_error_that_says_so() {
        for bytes in [b"\xff\xfe\0\0a\0\0\0", b"\0\0\xfe\xff\0\0\0a"] {
            let input = Box::new(Cursor::new(bytes.to_vec()));
            let problem = decode(input).err().expect("a refusal");
            assert_eq!(problem.to_string(), "the file is UTF-32: save it as UTF-8 or UTF-16");
        }
    }
}
