//! JSON lines: an object a line.

use super::draft::{Draft, Field, Text};
use super::lines::{bare, read_line};
use super::{ROW_BYTES_MAX, Row, quoted, skip_mark};
use anyhow::Context as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt;
use std::io::BufRead;

/// Reads the rows.
pub(super) struct Reader<R> {
    input: R,
    line: u64,
    bytes: u64,
    text: Vec<u8>,
    /// Further rows of the line that was read last.
    waiting: VecDeque<Row>,
    failed: bool,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R) -> Reader<R> {
        Reader { input, line: 0, bytes: 0, text: Vec::new(), waiting: VecDeque::new(), failed: false }
    }

    fn next_line(&mut self) -> anyhow::Result<Option<Row>> {
        loop {
            self.text.clear();
            if self.line == 0 {
                self.bytes += skip_mark(&mut self.input).context("read the first line")?;
            }
            self.line += 1;
            let consumed = read_line(&mut self.input, &mut self.text, ROW_BYTES_MAX);
            let consumed = consumed.with_context(|| format!("read line {}", self.line))?;
            self.bytes += consumed;
            if consumed == 0 {
                return Ok(None);
            }
            if !bare(&self.text).trim_ascii().is_empty() {
                return Ok(Some(self.row()));
            }
        }
    }

    fn row(&mut self) -> Row {
        let mut losses = Vec::new();
        let (line, bytes) = (self.line, self.bytes);
        match records(&self.text, &mut losses) {
            Err(why) => Row { line, bytes, record: Err(why), losses },
            Ok(mut records) => {
                let row = |record| Row { line, bytes, record: Ok(record), losses: Vec::new() };
                self.waiting.extend(records.drain(1..).map(row));
                let first = records.pop().expect("a row that is not refused has a record");
                Row { losses, ..row(first) }
            }
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        if self.failed {
            return None;
        }
        if let Some(row) = self.waiting.pop_front() {
            return Some(Ok(row));
        }
        let next = self.next_line();
        self.failed = next.is_err();
        next.transpose()
    }
}

fn records(line: &[u8], losses: &mut Vec<String>) -> Result<Vec<super::Record>, String> {
    if line.len() > ROW_BYTES_MAX {
        return Err(format!("the line is longer than {} MiB", ROW_BYTES_MAX >> 20));
    }
    let text = std::str::from_utf8(bare(line)).map_err(|_| "the line is not UTF-8".to_owned())?;
    if text.trim_start().starts_with('[') {
        return Err("the line is no JSON object but a list: each record has a line of its own".to_owned());
    }
    if !text.trim_start().starts_with('{') {
        return Err("the line is no JSON object".to_owned());
    }
    let mut object = Object { draft: Draft::default(), problem: None, losses };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = (&mut object).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    // A line number within the line would only confuse.
    parsed
        .map_err(|error| format!("the line is no JSON: {}", error.to_string().replace(" at line 1 column", " at")))?;
    match object.problem {
        Some(problem) => Err(problem),
        None => object.draft.finish(object.losses),
    }
}

/// Takes what one object says, without keeping its keys.
struct Object<'l> {
    draft: Draft,
    problem: Option<String>,
    losses: &'l mut Vec<String>,
}

enum Key {
    Known(Field, bool),
    Unknown(String),
}

impl Object<'_> {
    fn take(&mut self, field: Field, value: Value) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{} is not {what}", field.name()));
        match (field, value) {
            (Field::Kind, Value::String(word)) => self.draft.set_kind(&word)?,
            (Field::Role, Value::String(word)) => self.draft.set_role(&word)?,
            (Field::Text(text), Value::String(value)) => self.draft.set_text(text, value),
            (Field::Kind | Field::Role | Field::Text(_), _) => return wrong("a text"),
            (Field::Disabled, Value::Bool(disabled)) => self.draft.set_disabled(disabled),
            (Field::Verified, Value::Bool(verified)) => self.draft.set_verified(verified),
            (Field::Disabled | Field::Verified, _) => return wrong("true or false"),
            (Field::Properties, Value::Object(properties)) => self.draft.set_properties(properties),
            (Field::Properties, _) => return wrong("an object"),
            (Field::Groups, Value::Array(groups)) => {
                let name = |group| if let Value::String(name) = group { Some(name) } else { None };
                match groups.into_iter().map(name).collect() {
                    Some(names) => self.draft.set_groups(names),
                    None => return wrong("a list of texts"),
                }
            }
            (Field::Groups, _) => return wrong("a list of texts"),
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Unknown(name) => {
                    if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                        self.losses.push(format!("nothing here is called {}", quoted(&name)));
                    }
                }
                Key::Known(field, alias) => {
                    let value: Value = map.next_value()?;
                    if value.is_null() {
                        continue;
                    }
                    let again = self.draft.has(field);
                    if again {
                        self.losses.push(format!("there is more than one {}", field.name()));
                    }
                    if again && alias {
                        continue;
                    }
                    if let Err(problem) = self.take(field, value) {
                        self.problem.get_or_insert(problem);
                    }
                }
            }
        }
        Ok(())
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match (key, Field::named(key)) {
            ("username" | "login", _) => Key::Known(Field::Text(Text::Name), true),
            (_, Some(field)) => Key::Known(field, false),
            (_, None) => Key::Unknown(key.to_owned()),
        })
    }
}
