//! Finds the objects in a text of JSON as a stream: one on each line, over several lines, in arrays, or in a list of a
//! document. Only one object is held at a time.
//!
//! An object that breaks off must not swallow the next ones. It breaks where its brackets do not match or a line ends
//! within a text, and where a line begins with another object although nothing but a comma or a bracket can follow.

use crate::formats::line_reader::skip_line;
use crate::formats::row::ROW_BYTES_MAX;
use crate::json::members;
use std::io::{self, BufRead, ErrorKind};

/// The most keys of an object.
pub(super) const KEYS_MAX: usize = 1 << 16;
/// The deepest nesting that is followed.
const DEPTH_MAX: usize = 1 << 20;
/// How much of a line behind an object is shown in its refusal, in bytes.
const REST_BYTES_MAX: usize = 100;

/// An object, or a part of the text that is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The line where it begins, from 1.
    pub(super) line: u64,
    /// How much of the input was consumed up to its end.
    pub(super) bytes: u64,
    pub(super) what: What,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The text of an object. Its brackets match; everything else about it is not checked.
    Object(Vec<u8>),
    /// The text of a document around lists whose objects came before. The lists are empty here.
    Document(Vec<u8>),
    /// It is refused for that reason.
    Broken(String),
}

/// Finds the objects.
pub(super) struct Objects<R> {
    input: R,
    place: Place,
    bytes: u64,
    /// Arrays that are open, in the list of the document if there is one.
    arrays: usize,
    /// The line of the first of them.
    array_line: u64,
    document: Option<Document>,
    /// Behind a broken object: lines are skipped until one that is indented so far at most begins an object.
    skip_below: Option<usize>,
    /// An object that was found behind a broken one.
    waiting: Option<Found>,
    done: bool,
}

/// A document in a list of which the reader is.
struct Document {
    open: Open,
    arrays: usize,
}

/// The place of the byte that is read next.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: u64,
    /// Only spaces came before on the line.
    begins: bool,
    indent: usize,
}

impl Place {
    fn advance(&mut self, byte: u8) {
        match byte {
            b'\n' => *self = Place { line: self.line + 1, begins: true, indent: 0 },
            b' ' | b'\t' | b'\r' if self.begins => self.indent += 1,
            _ => self.begins = false,
        }
    }
}

impl<R: BufRead> Objects<R> {
    pub(super) fn new(input: R) -> Objects<R> {
        Objects {
            input,
            place: Place { line: 1, begins: true, indent: 0 },
            bytes: 0,
            arrays: 0,
            array_line: 1,
            document: None,
            skip_below: None,
            waiting: None,
            done: false,
        }
    }

    /// The line that is read next.
    pub(super) fn line(&self) -> u64 {
        self.place.line
    }

    /// Finds the next object; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        if let Some(found) = self.waiting.take() {
            return Ok(Some(found));
        }
        while !self.done {
            let Some(byte) = fill(&mut self.input)?.first().copied() else {
                self.done = true;
                return Ok(self.broken_list());
            };
            let found = match (self.skip_below, byte) {
                (_, b' ' | b'\t' | b'\r' | b'\n') => {
                    self.take(byte);
                    None
                }
                (Some(indent), b'{' | b']') if self.place.begins && self.place.indent <= indent => {
                    self.skip_below = None;
                    None
                }
                (Some(_), _) => {
                    self.skip_line()?;
                    None
                }
                (None, b'{') => self.read_object(Open::new(self.place))?,
                (None, b'[') => {
                    if self.arrays == 0 && self.document.is_none() {
                        self.array_line = self.place.line;
                    }
                    self.arrays += 1;
                    self.take(byte);
                    None
                }
                (None, b',') => {
                    self.take(byte);
                    None
                }
                (None, b']') if self.arrays > 0 => {
                    self.arrays -= 1;
                    self.take(byte);
                    None
                }
                (None, b']') if self.document.is_some() => self.end_list()?,
                (None, 0xef) if self.take_mark()? => None,
                _ => {
                    let line = self.place.line;
                    self.skip_line()?;
                    Some(self.broken(line, "the line is no JSON object".to_owned()))
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        self.bytes += 1;
        self.place.advance(byte);
    }

    /// Takes a byte order mark between objects, as files have it that were joined. False: there is something else,
    /// of which a part may be taken.
    fn take_mark(&mut self) -> io::Result<bool> {
        for expected in [0xef, 0xbb, 0xbf] {
            if fill(&mut self.input)?.first() != Some(&expected) {
                return Ok(false);
            }
            self.input.consume(1);
            self.bytes += 1;
        }
        Ok(true)
    }

    fn skip_line(&mut self) -> io::Result<()> {
        self.bytes += skip_line(&mut self.input)?;
        self.place.advance(b'\n');
        Ok(())
    }

    fn found(&self, line: u64, what: What) -> Found {
        Found { line, bytes: self.bytes, what }
    }

    fn broken(&self, line: u64, why: String) -> Found {
        self.found(line, What::Broken(why))
    }

    /// A list or document that the end of the input breaks off.
    fn broken_list(&mut self) -> Option<Found> {
        let line = match self.document.take() {
            Some(document) => document.open.begin.line,
            None if self.arrays > 0 => self.array_line,
            None => return None,
        };
        let why = format!("the list that begins in line {line} has no end: the file may have been cut off");
        Some(self.broken(self.place.line, why))
    }

    /// Goes on with the document behind one of its lists.
    fn end_list(&mut self) -> io::Result<Option<Found>> {
        let Some(Document { mut open, arrays }) = self.document.take() else { return Ok(None) };
        self.take(b']');
        self.arrays = arrays;
        open.is_document = true;
        open.shape.step(b']');
        open.keep(b"]");
        self.read_object(open)
    }

    /// Reads the rest of an object. `None`: it is a document, in a list of which the reader is now.
    fn read_object(&mut self, mut open: Open) -> io::Result<Option<Found>> {
        loop {
            let piece = fill(&mut self.input)?;
            let event = if piece.is_empty() {
                if open.split.as_ref().is_some_and(|split| split.is_closed) { Event::Split } else { Event::End }
            } else {
                let (used, event) = open.feed(piece, &mut self.place, self.document.is_none());
                self.input.consume(used);
                self.bytes += used as u64;
                event
            };
            let line = open.begin.line;
            match event {
                Event::More => {}
                Event::Complete => return self.complete(open).map(Some),
                Event::List => {
                    self.document = Some(Document { open, arrays: std::mem::take(&mut self.arrays) });
                    return Ok(None);
                }
                Event::End => return Ok(Some(self.broken(line, open.problem()))),
                // The next object follows.
                Event::NextObject => return Ok(Some(self.broken(line, open.problem_before(self.place.line)))),
                Event::Split => return Ok(Some(self.split(open))),
                Event::Broken => return self.skip_broken(&open).map(Some),
            }
        }
    }

    /// Looks at what follows an object on its line.
    fn complete(&mut self, mut open: Open) -> io::Result<Found> {
        let line = open.begin.line;
        loop {
            match fill(&mut self.input)?.first().copied() {
                Some(byte @ (b' ' | b'\t' | b'\r')) => self.take(byte),
                Some(b'\n') => {
                    self.take(b'\n');
                    break;
                }
                None | Some(b',' | b'[' | b']' | b'{' | 0xef) => break,
                Some(_) => {
                    let piece = fill(&mut self.input)?;
                    let rest = piece.iter().take(REST_BYTES_MAX).take_while(|byte| **byte != b'\n');
                    let rest: Vec<u8> = rest.copied().collect();
                    open.keep(b" ");
                    open.keep(&rest);
                    self.skip_line()?;
                    return Ok(self.broken(line, open.problem()));
                }
            }
        }
        let what = match open.too_much() {
            Some(why) => What::Broken(why),
            None if open.is_document => What::Document(open.text),
            None => What::Object(open.text),
        };
        Ok(self.found(line, what))
    }

    /// Refuses what came before the object that begins a line.
    fn split(&mut self, mut open: Open) -> Found {
        let begin = open.begin.line;
        let Some(split) = open.split.take() else { return self.broken(begin, open.problem()) };
        let what = match open.too_much() {
            Some(why) => What::Broken(why),
            None => What::Object(open.text.split_off(split.at)),
        };
        self.waiting = Some(self.found(split.line, what));
        self.broken(begin, open.problem_before(split.line))
    }

    /// Skips what is left of a broken object.
    fn skip_broken(&mut self, open: &Open) -> io::Result<Found> {
        let mut why = open.problem();
        if !self.place.begins {
            self.skip_line()?;
        }
        if open.lines > 1 && !open.is_indented {
            // The next lines could be parts of the object as well as other objects.
            why.push_str("; the rest of the file is not read");
            self.done = true;
        } else if open.lines > 1 {
            why.push_str("; the lines up to the next object are skipped");
            self.skip_below = Some(open.begin.indent);
        }
        Ok(self.broken(open.begin.line, why))
    }
}

fn fill(input: &mut impl BufRead) -> io::Result<&[u8]> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    input.fill_buf()
}

enum Event {
    /// The object goes on.
    More,
    Complete,
    /// A list of a document begins with an object, which is not consumed.
    List,
    /// The input ends.
    End,
    /// An object begins a line where none can be. It is not consumed.
    NextObject,
    /// The object that began the last line is one by itself, see [`Split`].
    Split,
    Broken,
}

/// An object that begins a line within another one, where a value can be. It can be a part of that, or the next object
/// behind one that was broken off. If it ends with its line, it is the next one.
struct Split {
    /// Where it begins in the text.
    at: usize,
    depth: usize,
    line: u64,
    is_closed: bool,
}

/// An object that is not complete.
struct Open {
    begin: Place,
    text: Vec<u8>,
    shape: Shape,
    split: Option<Split>,
    /// Lines so far that are not blank.
    lines: usize,
    /// One of the lines is indented more than the first.
    is_indented: bool,
    /// Each of the lines begins with an object, as JSON lines do.
    are_objects: bool,
    is_document: bool,
    is_too_long: bool,
    /// The keys of the object itself, so far.
    keys: usize,
    /// Where the last of them begins in the text.
    key_at: usize,
    /// It names a list of users or groups.
    is_list_key: bool,
    /// The object has a key `realm`.
    has_realm: bool,
    /// The object has a name itself, so its lists are a part of it.
    has_name: bool,
}

impl Open {
    fn new(begin: Place) -> Open {
        Open {
            begin,
            text: Vec::new(),
            shape: Shape::default(),
            split: None,
            lines: 1,
            is_indented: false,
            are_objects: true,
            is_document: false,
            is_too_long: false,
            keys: 0,
            key_at: 0,
            is_list_key: false,
            has_realm: false,
            has_name: false,
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.text.len() + bytes.len() > ROW_BYTES_MAX;
        if !self.is_too_long {
            self.text.extend_from_slice(bytes);
        }
    }

    /// Reads on in a piece of the input. Returns how much of it belongs to the object.
    fn feed(&mut self, piece: &[u8], place: &mut Place, may_be_document: bool) -> (usize, Event) {
        let mut at = 0;
        while let Some(byte) = piece.get(at).copied() {
            if self.shape.is_in_string() {
                let rest = &piece[at..];
                let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n')).unwrap_or(rest.len());
                if plain > 0 && !self.shape.is_escaped {
                    self.keep(&rest[..plain]);
                    place.begins = false;
                    at += plain;
                    continue;
                }
            } else if byte == b'\n' {
                if self.split.take_if(|split| !split.is_closed).is_none() && self.split.is_some() {
                    return (at, Event::Split);
                }
            } else if !is_space(byte) {
                self.split.take_if(|split| split.is_closed);
                if let Some(event) = self.look_at(byte, *place, may_be_document) {
                    return (at, event);
                }
            }
            let was_key = self.shape.state;
            let step = self.shape.step(byte);
            self.note_key(was_key);
            self.keep(&[byte]);
            at += 1;
            place.advance(byte);
            match step {
                Step::More => {}
                Step::Complete => return (at, Event::Complete),
                Step::Broken => return (at, Event::Broken),
            }
            if let Some(split) = &mut self.split {
                split.is_closed = byte == b'}' && self.shape.stack.len() == split.depth;
            }
        }
        (at, Event::More)
    }

    /// Looks at a byte that is neither a space nor within a text, before it is taken.
    fn look_at(&mut self, byte: u8, place: Place, may_be_document: bool) -> Option<Event> {
        let begins = place.begins && place.line > self.begin.line;
        if byte == b'{' {
            if may_be_document && self.is_list_key && self.shape.begins_list() {
                return Some(Event::List);
            }
            if begins && !self.shape.expects_value() {
                return Some(Event::NextObject);
            }
            let is_possible = place.indent <= self.begin.indent && (self.are_objects || self.is_indented);
            if begins && is_possible && self.split.is_none() {
                let depth = self.shape.stack.len();
                self.split = Some(Split { at: self.text.len(), depth, line: place.line, is_closed: false });
            }
        }
        if begins {
            self.lines += 1;
            self.is_indented |= place.indent > self.begin.indent;
            self.are_objects &= byte == b'{';
        }
        None
    }

    /// Notes the keys of the object itself.
    fn note_key(&mut self, before: State) {
        if self.shape.stack.len() != 1 {
            return;
        }
        match (before, self.shape.state) {
            (State::Key, State::Text { is_key: true }) => self.key_at = self.text.len() + 1,
            (State::Text { is_key: true }, State::Colon) => {
                self.keys += 1;
                let key = if self.is_too_long { &[] } else { self.text.get(self.key_at..).unwrap_or_default() };
                self.has_realm |= key == b"realm";
                let names: [&[u8]; 7] = [b"name", b"kind", b"username", b"login", b"handle", b"email", b"groupname"];
                self.has_name |= names.contains(&key);
                let lists: [&[u8]; 4] = [b"users", b"entries", b"results", b"value"];
                let is_list = lists.contains(&key) && !self.has_name;
                self.is_list_key = is_list || key == b"groups" && self.has_realm;
            }
            _ => {}
        }
    }

    fn too_much(&self) -> Option<String> {
        if self.is_too_long {
            return Some(format!("the object is longer than {} MiB", ROW_BYTES_MAX >> 20));
        }
        (self.keys > KEYS_MAX).then(|| format!("the object has more than {KEYS_MAX} keys"))
    }

    /// Why the object is refused, with its lines if there are several. The next object begins in that line.
    fn problem_before(&self, next: u64) -> String {
        let mut why = self.problem();
        if self.lines > 1 && next > self.begin.line + 1 {
            why.push_str(&format!("; lines {} to {} are taken for it", self.begin.line, next - 1));
        }
        why
    }

    /// Why the object is refused.
    fn problem(&self) -> String {
        if let Some(why) = self.too_much() {
            return why;
        }
        if self.shape.stack.len() > DEPTH_MAX {
            return format!("arrays and objects nest deeper than {DEPTH_MAX} levels");
        }
        problem(&self.text, self.begin.line)
    }
}

/// Why a text that begins in that line is no object.
pub(super) fn problem(text: &[u8], line: u64) -> String {
    let Ok(text) = std::str::from_utf8(text.trim_ascii_end()) else { return "the object is not UTF-8".to_owned() };
    match members(text) {
        Ok(_) => "the object is no JSON".to_owned(),
        Err(error) => format!("the object is no JSON: {}", placed(&error.to_string(), line)),
    }
}

/// The message with the line of the file in place of the line of the object.
fn placed(message: &str, begin: u64) -> String {
    let place = message.rsplit_once(" at line ").and_then(|(what, place)| {
        let (line, column) = place.split_once(" column ")?;
        Some((what, line.parse::<u64>().ok()?, column))
    });
    match place {
        Some((what, 1, column)) => format!("{what} at {column}"),
        Some((what, line, column)) => format!("{what} at line {} column {column}", begin + line - 1),
        None => message.to_owned(),
    }
}

/// The brackets and texts of JSON, without the rest of its grammar.
#[derive(Default)]
struct Shape {
    /// The brackets that are open.
    stack: Vec<u8>,
    state: State,
    /// The next byte of a text is escaped.
    is_escaped: bool,
    /// The last byte that is neither a space nor within a text.
    last: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// A value follows.
    #[default]
    Value,
    /// A key follows.
    Key,
    /// A colon follows.
    Colon,
    /// A value has ended.
    Behind,
    Text {
        is_key: bool,
    },
    /// Within a number or word.
    Word,
}

enum Step {
    More,
    Complete,
    Broken,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Shape {
    fn is_in_string(&self) -> bool {
        matches!(self.state, State::Text { .. })
    }

    fn expects_value(&self) -> bool {
        self.state == State::Value
    }

    /// True if a list that is a member of the object itself has just begun.
    fn begins_list(&self) -> bool {
        self.stack == b"{[" && self.last == b'['
    }

    fn step(&mut self, byte: u8) -> Step {
        if let State::Text { is_key } = self.state {
            return self.step_in_text(byte, is_key);
        }
        if is_space(byte) {
            if self.state == State::Word {
                self.state = State::Behind;
            }
            return Step::More;
        }
        let is_word = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        if self.state == State::Word {
            if is_word {
                return Step::More;
            }
            self.state = State::Behind;
        }
        self.last = byte;
        self.state = match (self.state, byte) {
            (State::Value, b'"') => State::Text { is_key: false },
            (State::Key, b'"') => State::Text { is_key: true },
            (State::Value, b'{' | b'[') => {
                self.stack.push(byte);
                if self.stack.len() > DEPTH_MAX {
                    return Step::Broken;
                }
                if byte == b'{' { State::Key } else { State::Value }
            }
            (State::Value, _) if is_word => State::Word,
            (State::Value | State::Key | State::Behind, b'}' | b']') => {
                let open = if byte == b'}' { b'{' } else { b'[' };
                if self.stack.pop() != Some(open) {
                    return Step::Broken;
                }
                if self.stack.is_empty() {
                    return Step::Complete;
                }
                State::Behind
            }
            (State::Behind, b',') => {
                if self.stack.last() == Some(&b'{') {
                    State::Key
                } else {
                    State::Value
                }
            }
            (State::Colon, b':') => State::Value,
            _ => return Step::Broken,
        };
        Step::More
    }

    fn step_in_text(&mut self, byte: u8, is_key: bool) -> Step {
        match byte {
            b'\n' => return Step::Broken,
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' if is_key => self.state = State::Colon,
            b'"' => self.state = State::Behind,
            _ => {}
        }
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Line and text, or `!` and reason, of each object. A document is marked by `=`.
    fn found(text: &str) -> Vec<(u64, String)> {
        let found_in_pieces = |piece| {
            let mut objects = Objects::new(BufReader::with_capacity(piece, text.as_bytes()));
            let mut all = Vec::new();
            while let Some(found) = objects.next().unwrap() {
                let text = |text| String::from_utf8(text).unwrap();
                all.push((
                    found.line,
                    match found.what {
                        What::Object(object) => text(object),
                        What::Document(document) => format!("={}", text(document)),
                        What::Broken(why) => format!("!{why}"),
                    },
                ));
            }
            all
        };
        let all = found_in_pieces(1);
        for piece in [2, 3, 7, 4096] {
            assert_eq!(found_in_pieces(piece), all, "in pieces of {piece}");
        }
        all
    }

    fn check(text: &str, expected: &[(u64, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
        assert_eq!(found(text), expected, "{text}");
    }

    #[test]
    fn objects_are_found_on_lines_in_arrays_and_over_lines() {
        check("", &[]);
        check("\n [ ] \n", &[]);
        check("{\"a\":1}\n\n{\"b\":\"}\\\"{\"}", &[(1, "{\"a\":1}"), (3, "{\"b\":\"}\\\"{\"}")]);
        check("[{\"a\":1},{\"b\":[{}]}]", &[(1, "{\"a\":1}"), (1, "{\"b\":[{}]}")]);
        check("[\n{\"a\":1},\n{\"b\":2}\n]\n[{\"c\":3}]\n", &[(2, "{\"a\":1}"), (3, "{\"b\":2}"), (5, "{\"c\":3}")]);
        check("{\n  \"a\": [\n    {\"b\":1}\n  ]\n}\n{}", &[(1, "{\n  \"a\": [\n    {\"b\":1}\n  ]\n}"), (6, "{}")]);
        check("{\n\"a\":[\n{\"b\":1}\n]\n}\n{}", &[(1, "{\n\"a\":[\n{\"b\":1}\n]\n}"), (6, "{}")]);
        check("{\"a\":1}{\"b\":2},\n\u{feff}{}", &[(1, "{\"a\":1}"), (1, "{\"b\":2}"), (2, "{}")]);
    }

    #[test]
    fn a_list_of_a_document_is_read_object_by_object() {
        check(
            "{\"n\":[{}],\"users\":[{\"a\":1},{\"users\":[{}]}],\"m\":{}}",
            &[(1, "{\"a\":1}"), (1, "{\"users\":[{}]}"), (1, "={\"n\":[{}],\"users\":[],\"m\":{}}")],
        );
        check(
            "{\n\"entries\": [\n{\"a\":1}\n]\n}\n{}",
            &[(3, "{\"a\":1}"), (1, "={\n\"entries\": [\n]\n}"), (6, "{}")],
        );
        check(
            "{\"realm\":1,\"groups\":[{}],\"users\":[{}]}",
            &[(1, "{}"), (1, "{}"), (1, "={\"realm\":1,\"groups\":[],\"users\":[]}")],
        );
        check("{\"users\":[]}\n{\"users\":[1]}", &[(1, "{\"users\":[]}"), (2, "{\"users\":[1]}")]);
        check("{\"name\":1,\"users\":[{}]}", &[(1, "{\"name\":1,\"users\":[{}]}")]);
    }

    #[test]
    fn a_broken_object_does_not_swallow_the_next() {
        let end = "!the object is no JSON: unexpected end of the text at";
        check("{\"a\":1\n{\"b\":2}", &[(1, &format!("{end} 7")), (2, "{\"b\":2}")]);
        check("{\"a\":1,\n\n{\"b\":2}", &[(1, &format!("{end} 8")), (3, "{\"b\":2}")]);
        check("{\"a\":\n{\"b\":2}\n", &[(1, &format!("{end} 6")), (2, "{\"b\":2}")]);
        check("{\"a\":[\n{\"b\":2}", &[(1, &format!("{end} 7")), (2, "{\"b\":2}")]);
        check("{\"a\":\"x\n{\"b\":2}\n", &[(1, &format!("{end} 6")), (2, "{\"b\":2}")]);
        check(
            "{\"a\nx\n{\"b\":2}\n",
            &[(1, &format!("{end} 2")), (2, "!the line is no JSON object"), (3, "{\"b\":2}")],
        );
        check("{\"a\":1", &[(1, &format!("{end} 7"))]);
        check("[\n{\"a\":1,\n{\"b\":2}\n]", &[(2, &format!("{end} 8")), (3, "{\"b\":2}")]);
        check(
            "[\n {\n  \"a\":\"x\n },\n {\n  \"b\":2\n }\n]",
            &[
                (
                    2,
                    "!the object is no JSON: unexpected end of the text at line 3 column 7; \
                     the lines up to the next object are skipped",
                ),
                (5, "{\n  \"b\":2\n }"),
            ],
        );
    }

    #[test]
    fn a_refusal_tells_the_lines_of_an_object() {
        let why = "!the object is no JSON: unexpected end of the text at line 2 column 9";
        check(
            "[{\"a\":[\n{\"b\":2},\n{\"c\":3}\n]",
            &[(1, &format!("{why}; lines 1 to 2 are taken for it")), (3, "{\"c\":3}")],
        );
    }

    #[test]
    fn an_object_over_lines_without_indentation_ends_the_reading_when_it_breaks() {
        check(
            "[\n{\n\"a\":\"x\n},\n{\n\"b\":2\n}\n]",
            &[(
                2,
                "!the object is no JSON: unexpected end of the text at line 3 column 5; \
                 the rest of the file is not read",
            )],
        );
    }

    #[test]
    fn other_text_is_refused() {
        check("hello\n{}\n", &[(1, "!the line is no JSON object"), (2, "{}")]);
        check("{\"a\":1} x\n{}\n", &[(1, "!the object is no JSON: unexpected char: 'x' at 9"), (2, "{}")]);
        check(
            "{\"a\":[1}\n{}\n",
            &[
                (
                    1,
                    "!the object is no JSON: array values must be followed by a comma to add a new value \
                 or a squared bracket to end the array at 8",
                ),
                (2, "{}"),
            ],
        );
        check("]\n{}", &[(1, "!the line is no JSON object"), (2, "{}")]);
        check("\"a\"", &[(1, "!the line is no JSON object")]);
        check("[{}\n", &[(1, "{}"), (2, "!the list that begins in line 1 has no end: the file may have been cut off")]);
        check(
            "\n{\"users\":[\n{},",
            &[(3, "{}"), (3, "!the list that begins in line 2 has no end: the file may have been cut off")],
        );
    }

    #[test]
    fn objects_are_bounded() {
        let keys = format!("{{{}\"a\":1}}\n{{}}", "\"a\":1,".repeat(KEYS_MAX));
        check(&keys, &[(1, "!the object has more than 65536 keys"), (2, "{}")]);
        let deep = format!("{{\"a\":{}\n{{}}", "[".repeat(DEPTH_MAX));
        check(&deep, &[(1, "!arrays and objects nest deeper than 1048576 levels"), (2, "{}")]);
    }
}
