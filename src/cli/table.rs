//! Lists as tables, JSON or CSV.

use super::args::ListFormat;
use super::output::print;
use crate::json::{self, Json};
use anyhow::Context as _;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

/// A column: its title in a table, and the name of its field, which is the CSV header.
pub(super) struct Column(pub(super) &'static str, pub(super) &'static str);

/// A list that is printed page by page.
pub(super) struct Table<'c> {
    output: ListFormat,
    columns: &'c [Column],
    /// The width of each column of a table, from the first page.
    widths: Vec<usize>,
    begun: bool,
}

impl<'c> Table<'c> {
    /// Starts a list with these columns. JSON contains all fields.
    pub(super) fn new(output: ListFormat, columns: &'c [Column]) -> Table<'c> {
        Table { output, columns, widths: Vec::new(), begun: false }
    }

    /// Prints a page of rows.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn rows(&mut self, rows: &[impl Serialize]) -> anyhow::Result<()> {
        let rows = rows.iter().map(|row| Json::parse_stored(&json::to_vec(row)));
        let rows: Vec<Json> = rows.collect::<Result<_, _>>().context("read a row")?;
        let text = match self.output {
            ListFormat::Table => self.aligned(&rows),
            ListFormat::Json => self.json(&rows),
            ListFormat::Csv => self.csv(&rows),
        };
        self.begun = true;
        print(&text)
    }

    /// Prints the end of the list.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        match (self.output, self.begun) {
            (ListFormat::Json, true) => print("\n]\n"),
            (ListFormat::Json, false) => print("[]\n"),
            (_, true) => Ok(()),
            (_, false) => self.rows(&[(); 0]),
        }
    }

    fn aligned(&mut self, rows: &[Json]) -> String {
        let columns = self.columns;
        let mut lines: Vec<Vec<String>> = Vec::with_capacity(rows.len() + 1);
        if !self.begun {
            lines.push(columns.iter().map(|Column(title, _)| (*title).to_owned()).collect());
        }
        lines.extend(
            rows.iter().map(|row| {
                columns.iter().map(|Column(_, field)| shown(row.get(field).unwrap_or(&Json::Null))).collect()
            }),
        );
        if !self.begun {
            let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
            self.widths = (0..columns.len()).map(width).collect();
        }
        let mut text = String::new();
        for line in lines {
            let mut written = String::new();
            for (cell, width) in line.iter().zip(&self.widths) {
                written.push_str(cell);
                written.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
            }
            text.push_str(written.trim_end());
            text.push('\n');
        }
        text
    }

    /// A JSON array with one element per line.
    fn json(&self, rows: &[Json]) -> String {
        let mut text = String::new();
        for (index, row) in rows.iter().enumerate() {
            text.push_str(if self.begun || index > 0 { ",\n" } else { "[\n" });
            text.push_str(&row.to_string());
        }
        text
    }

    fn csv(&self, rows: &[Json]) -> String {
        let mut text = String::new();
        let mut line = |cells: Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        };
        if !self.begun {
            line(self.columns.iter().map(|Column(_, field)| (*field).to_owned()).collect());
        }
        for row in rows {
            line(self.columns.iter().map(|Column(_, field)| plain(row.get(field).unwrap_or(&Json::Null))).collect());
        }
        text
    }
}

/// A value for people: `yes`, `no`, `-`.
fn shown(value: &Json) -> String {
    match value {
        Json::Bool(true) => "yes".to_owned(),
        Json::Bool(false) => "no".to_owned(),
        Json::Array(items) if !items.is_empty() && items.iter().all(|item| item.as_str().is_some()) => {
            items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", ")
        }
        Json::Array(items) if items.is_empty() => "-".to_owned(),
        other => Some(plain(other)).filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned()),
    }
}

/// A value in CSV.
fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A quoted CSV cell (RFC 4180).
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// Prints one object: as lines of fields, as JSON, or as a CSV with one row and these columns.
///
/// # Errors
/// It cannot be written.
pub(super) fn show(thing: &impl Serialize, output: ListFormat, columns: &[Column]) -> anyhow::Result<()> {
    match output {
        ListFormat::Table => print(&card(thing)?),
        ListFormat::Json => print(&format!("{}\n", json::to_string(thing))),
        ListFormat::Csv => {
            let mut table = Table::new(output, columns);
            table.rows(&[thing])?;
            table.end()
        }
    }
}

/// One line per field, in the order of the object.
fn card(thing: &impl Serialize) -> anyhow::Result<String> {
    let text = json::to_string(thing);
    let fields = json::members(&text).context("read the fields")?;
    let value = |text: &str| Json::parse_stored(text.as_bytes()).context("read a field");
    let fields = fields.into_iter().map(|(field, text)| Ok((field, value(text)?)));
    let fields: Vec<(String, Json)> = fields.collect::<anyhow::Result<_>>()?;
    let title = |field: &str| format!("{}:", field.replace('_', " "));
    let width = fields.iter().map(|(field, _)| title(field).width()).max().unwrap_or(0);
    let line = |(field, value): &(String, Json)| {
        let title = title(field);
        format!("{title}{}{}\n", " ".repeat(width - title.width() + 2), shown(value))
    };
    Ok(fields.iter().map(line).collect())
}
