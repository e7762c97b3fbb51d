//! Reads a long list in a JSON document entry by entry, without the whole document in memory.

use crate::json::Json;
use std::io::{self, BufRead, BufReader, Read};

/// Maximum length of an entry, in bytes.
const ITEM_BYTES_MAX: usize = 16 << 20;

/// Reason for which there is no further entry.
pub(super) enum Problem {
    Io(io::Error),
    /// The document is not as expected. Describes it.
    Document(&'static str),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        Problem::Io(error)
    }
}

/// The list under one key of an object.
pub(super) struct Items<R> {
    input: BufReader<R>,
    bytes: u64,
    text: Vec<u8>,
    first: bool,
}

const BROKEN_OFF: Problem = Problem::Document("a body that ends too early");
const NO_LIST: Problem = Problem::Document("a body without the list");
const NO_JSON: Problem = Problem::Document("a body that is not JSON");

impl<R: Read> Items<R> {
    /// Reads up to the beginning of the list.
    pub(super) fn find(input: R, key: &str) -> Result<Items<R>, Problem> {
        let input = BufReader::with_capacity(64 << 10, input);
        let mut items = Items { input, bytes: 0, text: Vec::new(), first: true };
        match items.next_mark()? {
            Some(b'{') => {}
            Some(_) => return Err(NO_JSON),
            None => return Err(Problem::Document("nothing")),
        }
        items.skip_to(key)?;
        Ok(items)
    }

    /// Bytes that were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The text of the next entry; `None` after the last one, if the document is complete.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Problem> {
        let mark = self.next_mark()?.ok_or(BROKEN_OFF)?;
        let begin = match (mark, std::mem::replace(&mut self.first, false)) {
            (b']', _) => {
                self.finish()?;
                return Ok(None);
            }
            (b',', false) => self.next_mark()?.ok_or(BROKEN_OFF)?,
            (begin, true) => begin,
            _ => return Err(NO_JSON),
        };
        self.read_value(begin)?;
        Ok(Some(&self.text))
    }

    /// Reads members of the object up to the key of the list and its opening bracket.
    fn skip_to(&mut self, key: &str) -> Result<(), Problem> {
        loop {
            match self.next_mark()?.ok_or(BROKEN_OFF)? {
                b'"' => self.read_value(b'"')?,
                b',' => continue,
                b'}' => return Err(NO_LIST),
                _ => return Err(NO_JSON),
            }
            let found = Json::parse_stored(&self.text).map_err(|_| NO_JSON)?.as_str() == Some(key);
            if self.next_mark()?.ok_or(BROKEN_OFF)? != b':' {
                return Err(NO_JSON);
            }
            let begin = self.next_mark()?.ok_or(BROKEN_OFF)?;
            if found {
                return if begin == b'[' { Ok(()) } else { Err(NO_LIST) };
            }
            self.read_value(begin)?;
        }
    }

    /// Reads the rest of the document after the list.
    fn finish(&mut self) -> Result<(), Problem> {
        loop {
            match self.next_mark()?.ok_or(BROKEN_OFF)? {
                b'}' => break,
                b',' | b':' => {}
                begin => self.read_value(begin)?,
            }
        }
        if self.next_mark()?.is_some() { Err(NO_JSON) } else { Ok(()) }
    }

    /// The next byte that is no white space.
    fn next_mark(&mut self) -> Result<Option<u8>, Problem> {
        loop {
            let Some(byte) = self.peek()? else { return Ok(None) };
            self.take();
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(piece) => return Ok(piece.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self) {
        self.input.consume(1);
        self.bytes += 1;
    }

    /// Reads a value into `text`. Its first byte is read already. Finds only its end, and does not check its grammar.
    fn read_value(&mut self, begin: u8) -> Result<(), Problem> {
        self.text.clear();
        self.text.push(begin);
        let mut depth = usize::from(matches!(begin, b'{' | b'['));
        let mut quoted = begin == b'"';
        let scalar = depth == 0 && !quoted;
        if matches!(begin, b'}' | b']' | b',' | b':') {
            return Err(NO_JSON);
        }
        loop {
            let Some(byte) = self.peek()? else { return Err(BROKEN_OFF) };
            if scalar && (byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}')) {
                return Ok(());
            }
            self.keep(byte)?;
            match byte {
                b'\\' if quoted => {
                    let escaped = self.peek()?.ok_or(BROKEN_OFF)?;
                    self.keep(escaped)?;
                }
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            if !scalar && depth == 0 && !quoted {
                return Ok(());
            }
        }
    }

    fn keep(&mut self, byte: u8) -> Result<(), Problem> {
        if self.text.len() == ITEM_BYTES_MAX {
            return Err(Problem::Document("an entry of more than 16 MiB"));
        }
        self.text.push(byte);
        self.take();
        Ok(())
    }
}
