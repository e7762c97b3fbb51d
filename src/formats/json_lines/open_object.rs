//! An incomplete object. It is read byte by byte, until it ends or proves to be broken.

use super::shape::{DEPTH_MAX, Shape, State, Step, is_space};
use crate::formats::row::ROW_BYTES_MAX;
use crate::json::members;

/// Maximum number of keys of an object.
pub(super) const KEYS_MAX: usize = 1 << 16;

/// The position of the next byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: u64,
    /// True if the line has had only spaces so far.
    pub(super) begins: bool,
    pub(super) indent: usize,
}

impl Place {
    pub(super) fn advance(&mut self, byte: u8) {
        match byte {
            b'\n' => *self = Place { line: self.line + 1, begins: true, indent: 0 },
            b' ' | b'\t' | b'\r' if self.begins => self.indent += 1,
            _ => self.begins = false,
        }
    }
}

/// The state of an object after a piece of the input.
pub(super) enum Event {
    /// The object continues.
    More,
    Complete,
    /// A list of a document begins. Its first object is not consumed.
    List,
    /// The input ends.
    End,
    /// A line begins with an object at a place where none can be. That object is not consumed.
    NextObject,
    /// The object at the beginning of the last line does not belong to this one, see [`Split`].
    Split,
    Broken,
}

/// An object at the beginning of a line within another object, at a place where a value can be. It may be a part of
/// that object, or the next object after one that was cut off. It is taken for the next one if it ends on the same
/// line.
pub(super) struct Split {
    /// Its beginning in the text.
    pub(super) at: usize,
    depth: usize,
    pub(super) line: u64,
    pub(super) is_closed: bool,
}

/// An incomplete object.
pub(super) struct Open {
    pub(super) begin: Place,
    pub(super) text: Vec<u8>,
    pub(super) shape: Shape,
    pub(super) split: Option<Split>,
    /// Number of lines so far that are not blank.
    pub(super) lines: usize,
    /// True if one of the lines is indented more than the first.
    pub(super) is_indented: bool,
    /// True if each line begins with an object, as in JSON lines.
    are_objects: bool,
    pub(super) is_document: bool,
    is_too_long: bool,
    /// Number of keys of the object so far, without those of nested objects.
    keys: usize,
    /// The beginning of the last key in the text.
    key_at: usize,
    /// True if the last key names a list of users or groups.
    is_list_key: bool,
    /// True if the object has a key `realm`.
    has_realm: bool,
    /// True if the object has a name, so its lists belong to it and are not lists of a document.
    has_name: bool,
}

impl Open {
    pub(super) fn new(begin: Place) -> Open {
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

    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.text.len() + bytes.len() > ROW_BYTES_MAX;
        if !self.is_too_long {
            self.text.extend_from_slice(bytes);
        }
    }

    /// Reads a piece of the input. Returns the number of bytes that belong to the object.
    pub(super) fn feed(&mut self, piece: &[u8], place: &mut Place, may_be_document: bool) -> (usize, Event) {
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

    /// Checks a byte outside of texts that is not a space, before it is taken.
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

    /// Records the keys of the object, but not those of nested objects.
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

    pub(super) fn too_much(&self) -> Option<String> {
        if self.is_too_long {
            return Some(format!("the object is longer than {} MiB", ROW_BYTES_MAX >> 20));
        }
        (self.keys > KEYS_MAX).then(|| format!("the object has more than {KEYS_MAX} keys"))
    }

    /// The reason of the refusal, with the lines of the object if there are several. `next` is the line of the next
    /// object.
    pub(super) fn problem_before(&self, next: u64) -> String {
        let mut why = self.problem();
        if self.lines > 1 && next > self.begin.line + 1 {
            why.push_str(&format!("; lines {} to {} are read as a part of it", self.begin.line, next - 1));
        }
        why
    }

    /// The reason of the refusal.
    pub(super) fn problem(&self) -> String {
        if let Some(why) = self.too_much() {
            return why;
        }
        if self.shape.stack.len() > DEPTH_MAX {
            return format!("arrays and objects nest deeper than {DEPTH_MAX} levels");
        }
        problem(&self.text, self.begin.line)
    }
}

/// The reason for which a text that begins in this line is not an object.
pub(super) fn problem(text: &[u8], line: u64) -> String {
    let Ok(text) = std::str::from_utf8(text.trim_ascii_end()) else { return "the object is not UTF-8".to_owned() };
    match members(text) {
        Ok(_) => "the object is not JSON".to_owned(),
        Err(error) => format!("the object is not JSON: {}", placed(&error.to_string(), line)),
    }
}

/// The message with line numbers of the file instead of the object.
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
