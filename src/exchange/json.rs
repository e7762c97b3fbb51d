//! JSON lines: an object a line.

use super::draft::{Draft, Field, Text};
use super::lines::{bare, read_line};
use super::{ROW_BYTES_MAX, Row, quoted, skip_mark};
use crate::json::{Json, members};
use anyhow::Context as _;
use std::collections::VecDeque;
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
    let members = members(text).map_err(|error| {
        // A line number within the line would only confuse.
        format!("the line is no JSON: {}", error.to_string().replace(" at line 1 column", " at"))
    })?;
    let (mut draft, mut problem) = (Draft::default(), None);
    for (key, value) in members {
        // What nothing here is called is not kept, however long it is.
        let Some((field, alias)) = field_named(&key) else {
            if value != "null" {
                losses.push(format!("nothing here is called {}", quoted(&key)));
            }
            continue;
        };
        let value = match Json::parse_stored(value.as_bytes()) {
            Ok(Json::Null) => continue,
            Ok(value) => value,
            Err(error) => return Err(format!("{} is no JSON: {error}", field.name())),
        };
        let again = draft.has(field);
        if again {
            losses.push(format!("there is more than one {}", field.name()));
        }
        if again && alias {
            continue;
        }
        if let Err(why) = take(&mut draft, field, value) {
            problem.get_or_insert(why);
        }
    }
    match problem {
        Some(problem) => Err(problem),
        None => draft.finish(losses),
    }
}

/// The field of that name, and whether the name is another one than this program writes.
fn field_named(key: &str) -> Option<(Field, bool)> {
    match key {
        "username" | "login" => Some((Field::Text(Text::Name), true)),
        _ => Field::named(key).map(|field| (field, false)),
    }
}

fn take(draft: &mut Draft, field: Field, value: Json) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{} is not {what}", field.name()));
    match (field, value) {
        (Field::Kind, Json::String(word)) => draft.set_kind(&word)?,
        (Field::Role, Json::String(word)) => draft.set_role(&word)?,
        (Field::Text(text), Json::String(value)) => draft.set_text(text, value),
        (Field::Kind | Field::Role | Field::Text(_), _) => return wrong("a text"),
        (Field::Disabled, Json::Bool(disabled)) => draft.set_disabled(disabled),
        (Field::Verified, Json::Bool(verified)) => draft.set_verified(verified),
        (Field::Exported, Json::Bool(exported)) => draft.set_exported(exported),
        (Field::Disabled | Field::Verified | Field::Exported, _) => return wrong("true or false"),
        (Field::Properties, Json::Object(properties)) => draft.set_properties(properties),
        (Field::Properties, _) => return wrong("an object"),
        (Field::Groups, Json::Array(groups)) => {
            let name = |group| if let Json::String(name) = group { Some(name) } else { None };
            match groups.into_iter().map(name).collect() {
                Some(names) => draft.set_groups(names),
                None => return wrong("a list of texts"),
            }
        }
        (Field::Groups, _) => return wrong("a list of texts"),
    }
    Ok(())
}
