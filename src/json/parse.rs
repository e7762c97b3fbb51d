//! Parsing. The grammar is the library's; the tree, its depth and the order of members are built here, without
//! recursion.

use super::{Json, Number, Object};
use json_event_parser::{JsonEvent, JsonSyntaxError, LowLevelJsonParser};
use std::fmt;

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
pub(super) fn parse_at_depth(text: &[u8], depth_max: usize) -> Result<Json, BadJson> {
    let mut events = Events::new(text)?;
    let first = events.next()?;
    let value = value(&mut events, first, depth_max)?;
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
}

impl<'t> Events<'t> {
    fn new(text: &'t [u8]) -> Result<Events<'t>, BadJson> {
        // The library skips a byte order mark, which is not part of JSON: readers of files remove it before.
        if text.starts_with(b"\xef\xbb\xbf") {
            return Err(BadJson("unexpected byte order mark at line 1 column 1".to_owned()));
        }
        Ok(Events { text, at: 0, parser: LowLevelJsonParser::new() })
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
                if let Some(Open::Object(_, next)) = open.last_mut() {
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
