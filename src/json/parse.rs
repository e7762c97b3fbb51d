//! Parsing. The grammar is the library's; the tree, its depth and the order of members are built here, without
//! recursion.

use super::value::{Json, Number, Object};
use json_event_parser::{JsonEvent, JsonSyntaxError, LowLevelJsonParser};
use std::fmt;

/// Largest depth of nested arrays and objects.
pub const DEPTH_MAX: usize = 127;

/// Largest depth of a stored value. Earlier versions accepted deeper values than clients may send today, and SQLite,
/// which checks stored values, accepts 1000 levels.
pub const STORED_DEPTH_MAX: usize = 1024;

/// Largest depth of a value that is stored as a member of an object: SQLite accepts 1000 levels.
const MEMBER_DEPTH_MAX: usize = 999;

/// True if SQLite accepts a JSON value as a member of an object.
pub fn is_storable(text: &str) -> bool {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    brackets < MEMBER_DEPTH_MAX || parse_at_depth(text.as_bytes(), MEMBER_DEPTH_MAX).is_ok()
}

/// Upper bound of the memory of the tree of a text, in bytes. It is cheap: it does not distinguish characters inside of
/// strings from those between values.
pub fn memory_of(text: &[u8]) -> usize {
    /// A value in an array that has just grown, and the allocation for its text.
    const VALUE_BYTES: usize = 3 * size_of::<Json>() + 32;
    /// A node of a map, which has room for eleven members.
    const NODE_BYTES: usize = 11 * (size_of::<String>() + size_of::<Json>()) + 32;
    let (mut values, mut objects, mut members, mut contents) = (1, 0, 0, 0);
    for byte in text {
        match byte {
            b',' | b'[' => values += 1,
            b'{' => objects += 1,
            b':' => members += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => contents += 1,
        }
    }
    // In an object of more than one node, each node is at least half full.
    contents + (values + objects) * VALUE_BYTES + (objects + members / 5) * NODE_BYTES
}

impl Json {
    /// Parses JSON from a client.
    ///
    /// # Errors
    /// When the text is not JSON, and when it nests deeper than [`DEPTH_MAX`].
    pub fn parse(text: &[u8]) -> Result<Json, BadJson> {
        parse_at_depth(text, DEPTH_MAX)
    }

    /// Parses JSON from a client, and refuses an object that has a member twice.
    ///
    /// # Errors
    /// Those of [`Json::parse`]; when two members of an object have the same key.
    pub fn parse_without_repetition(text: &[u8]) -> Result<Json, BadJson> {
        let mut events = Events { refuses_repetition: true, ..Events::new(text)? };
        parse_events(&mut events, DEPTH_MAX)
    }

    /// Parses JSON from a file, or a stored value.
    ///
    /// # Errors
    /// When the text is not JSON, and when it nests deeper than [`STORED_DEPTH_MAX`].
    pub fn parse_stored(text: &[u8]) -> Result<Json, BadJson> {
        parse_at_depth(text, STORED_DEPTH_MAX)
    }
}

/// The reason why a text is not JSON, and the position.
#[derive(Debug)]
pub struct BadJson(String);

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadJson {}

impl BadJson {
    /// The error of the library for a text of that length.
    fn of(error: &JsonSyntaxError, length: usize) -> BadJson {
        let at = error.location();
        let mut message = error.message().to_owned();
        if error.message() == "Unexpected end of file" || at.start.offset >= length as u64 {
            message = "unexpected end of the text".to_owned();
        }
        // The library begins its sentences with a capital letter.
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        BadJson(format!("{message} at line {} column {}", at.start.line + 1, at.start.column + 1))
    }
}

/// Parses one value of at most this depth.
fn parse_at_depth(text: &[u8], depth_max: usize) -> Result<Json, BadJson> {
    parse_events(&mut Events::new(text)?, depth_max)
}

fn parse_events(events: &mut Events<'_>, depth_max: usize) -> Result<Json, BadJson> {
    let first = events.next()?;
    let value = value(events, first, depth_max)?;
    events.end()?;
    Ok(value)
}

/// Parses an object and returns its members in the order written, each as often as it is written, as texts of any
/// depth.
///
/// # Errors
/// When the text is not JSON, or not an object.
pub fn members(text: &str) -> Result<Vec<(String, &str)>, BadJson> {
    let mut events = Events::new(text.as_bytes())?;
    if !matches!(events.next()?, JsonEvent::StartObject) {
        return Err(BadJson("the value is not an object".to_owned()));
    }
    let mut members = Vec::new();
    while let JsonEvent::ObjectKey(key) = events.next()? {
        let key = key.into_owned();
        let begin = events.at;
        let mut depth = 0_usize;
        loop {
            match events.next()? {
                JsonEvent::StartArray | JsonEvent::StartObject => depth += 1,
                JsonEvent::EndArray | JsonEvent::EndObject => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        let space = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n' | ':');
        members.push((key, text[begin..events.at].trim_start_matches(space)));
    }
    events.end()?;
    Ok(members)
}

/// The events of a text, up to the first error.
struct Events<'t> {
    text: &'t [u8],
    /// Length of the text of the events so far.
    at: usize,
    parser: LowLevelJsonParser,
    /// An object that has a member twice is an error.
    refuses_repetition: bool,
}

impl<'t> Events<'t> {
    fn new(text: &'t [u8]) -> Result<Events<'t>, BadJson> {
        // The library skips a byte order mark, which is not part of JSON: readers of files remove it before.
        if text.starts_with(b"\xef\xbb\xbf") {
            return Err(BadJson("unexpected byte order mark at line 1 column 1".to_owned()));
        }
        Ok(Events { text, at: 0, parser: LowLevelJsonParser::new(), refuses_repetition: false })
    }

    fn next(&mut self) -> Result<JsonEvent<'t>, BadJson> {
        let result = self.parser.parse_next(&self.text[self.at..], true);
        self.at += result.consumed_bytes;
        match result.event {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(BadJson::of(&error, self.text.len())),
            None => Err(BadJson("unexpected end of the text".to_owned())),
        }
    }

    /// Refuses any text after the value.
    fn end(&mut self) -> Result<(), BadJson> {
        self.next().map(drop)
    }
}

/// An incomplete array or object.
enum Open {
    Array(Vec<Json>),
    /// The members so far, and the key of the next value.
    Object(Object, String),
}

/// Builds the value that begins with that event.
fn value(events: &mut Events<'_>, first: JsonEvent<'_>, depth_max: usize) -> Result<Json, BadJson> {
    let mut open: Vec<Open> = Vec::new();
    let mut event = first;
    loop {
        let complete = match event {
            JsonEvent::Null => Some(Json::Null),
            JsonEvent::Boolean(truth) => Some(Json::Bool(truth)),
            JsonEvent::Number(text) => Some(Json::Number(Number(text.into_owned()))),
            JsonEvent::String(text) => Some(Json::String(text.into_owned())),
            JsonEvent::StartArray | JsonEvent::StartObject if open.len() >= depth_max => {
                return Err(BadJson(format!("arrays and objects nest deeper than {depth_max} levels")));
            }
            JsonEvent::StartArray => {
                open.push(Open::Array(Vec::new()));
                None
            }
            JsonEvent::StartObject => {
                open.push(Open::Object(Object::new(), String::new()));
                None
            }
            JsonEvent::ObjectKey(key) => {
                if let Some(Open::Object(members, next)) = open.last_mut() {
                    if events.refuses_repetition && members.contains_key(key.as_ref()) {
                        return Err(BadJson("an object has the same key twice".to_owned()));
                    }
                    *next = key.into_owned();
                }
                None
            }
            JsonEvent::EndArray | JsonEvent::EndObject => match open.pop() {
                Some(Open::Array(items)) => Some(Json::Array(items)),
                Some(Open::Object(members, _)) => Some(Json::Object(members)),
                None => None,
            },
            JsonEvent::Eof => return Err(BadJson("unexpected end of the text".to_owned())),
        };
        if let Some(complete) = complete {
            match open.last_mut() {
                None => return Ok(complete),
                Some(Open::Array(items)) => items.push(complete),
                Some(Open::Object(members, key)) => drop(members.insert(std::mem::take(key), complete)),
            }
        }
        event = events.next()?;
    }
}
