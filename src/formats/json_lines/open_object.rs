//! An object that is not complete: reads it byte by byte, and finds its end or where it breaks.

use super::shape::{DEPTH_MAX, Shape, State, Step, is_space};
use crate::formats::row::ROW_BYTES_MAX;
use crate::json::members;

/// The most keys of an object.
pub(super) const KEYS_MAX: usize = 1 << 16;

/// The place of the byte that is read next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: u64,
    /// Only spaces came before on the line.
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

/// How the reading of an object goes on.
pub(super) enum Event {
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
pub(super) struct Split {
    /// Where it begins in the text.
    pub(super) at: usize,
    depth: usize,
    pub(super) line: u64,
    pub(super) is_closed: bool,
}

/// An object that is not complete.
pub(super) struct Open {
    pub(super) begin: Place,
    pub(super) text: Vec<u8>,
    pub(super) shape: Shape,
    pub(super) split: Option<Split>,
    /// Lines so far that are not blank.
    pub(super) lines: usize,
    /// One of the lines is indented more than the first.
    pub(super) is_indented: bool,
    /// Each of the lines begins with an object, as JSON lines do.
    are_objects: bool,
    pub(super) is_document: bool,
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

    /// Reads on in a piece of the input. Returns how much of it belongs to the object.
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

    pub(super) fn too_much(&self) -> Option<String> {
        if self.is_too_long {
            return Some(format!("the object is longer than {} MiB", ROW_BYTES_MAX >> 20));
        }
        (self.keys > KEYS_MAX).then(|| format!("the object has more than {KEYS_MAX} keys"))
    }

    /// Why the object is refused, with its lines if there are several. The next object begins in that line.
    pub(super) fn problem_before(&self, next: u64) -> String {
        let mut why = self.problem();
        if self.lines > 1 && next > self.begin.line + 1 {
            why.push_str(&format!("; lines {} to {} are taken for it", self.begin.line, next - 1));
        }
        why
    }

    /// Why the object is refused.
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
