//! Reads CSV: a header with column names of this program or of others, and one row per line.

use super::header::{Head, best_delimiter, named, shown, split};
use super::writer::{is_cut_header, is_export};
use crate::formats::field_names::{Plan, Use, plain_column};
use crate::formats::record::{Record, Role};
use crate::formats::record_builder::Draft;
use crate::formats::row::{ROW_BYTES_MAX, ReadOptions, Remark, RemarkKind, Row};
use crate::formats::row_fields::{Field, Kind, Text};
use crate::formats::text::quoted;
use crate::formats::values::{bounded, class_names, name_list, split_names, switch};
use crate::json::{Json, decode};
use anyhow::{Context as _, bail};
use csv_core::ReadRecordResult;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind};
use std::sync::Arc;

/// Maximum number of cells in a row.
const CELLS_MAX: usize = 1 << 16;

/// Texts that PowerShell writes in place of a list that the exporting script did not join.
const LIST_TYPES: [&str; 3] =
    ["Microsoft.ActiveDirectory.Management.ADPropertyValueCollection", "System.Object[]", "System.String[]"];

/// A column.
struct Column {
    /// Name in the header.
    name: String,
    plain: String,
    uses: Use,
    /// True if the column holds only a part of a list, such as `member;range=0-1499`. The last part ends with a star.
    range: Option<Range>,
}

/// Part of the values of an attribute with more values than the server returns at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    Part,
    End,
}

/// Reads the rows.
pub(in crate::formats) struct Reader<R> {
    input: R,
    parser: csv_core::Reader,
    columns: Vec<Column>,
    /// The column with the login, and the name of the column.
    login: usize,
    login_name: Arc<str>,
    /// True if the operator has chosen the column (`--login`).
    is_login_chosen: bool,
    /// The rows are entries of an LDAP directory.
    are_entries: bool,
    /// The header is that of an export of this program.
    exported: bool,
    /// The present time in seconds since 1970: accounts that have expired by then are disabled.
    now: i64,
    /// The joined texts of the cells of a row, and the end of each cell in it.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// Number of the next line.
    line: u64,
    bytes: u64,
    /// Rows that the last row of the file has become and that are not returned yet.
    waiting: VecDeque<Row>,
    done: bool,
}

impl<R: BufRead> Reader<R> {
    pub(in crate::formats) fn new(mut input: R, options: &ReadOptions) -> anyhow::Result<Reader<R>> {
        let head = Head::read(&mut input)?;
        let delimiter = options.delimiter.or(head.delimiter).or_else(|| best_delimiter(&head.text));
        let split = delimiter.and_then(|delimiter| Some((delimiter, split(&head.text, delimiter)?)));
        let Some((delimiter, (names, end))) = split else {
            bail!("the file is empty: a CSV begins with a header that names the columns");
        };
        if end < head.text.trim_end_matches(['\r', '\n']).len() {
            bail!("the header does not end where its line ends: lines have to end in LF or CRLF");
        }
        if is_cut_header(&head.text) {
            bail!("the file is an export of this program that was cut off in its header");
        }
        let exported = is_export(&names);
        let plain_names: Vec<_> = names.iter().map(|name| plain_column(without_range(name).0)).collect();
        let chosen = match &options.login {
            None => None,
            Some(wanted) => Some(named(&names, wanted).with_context(|| {
                format!("the header has no column {} (--login); {}", quoted(wanted), shown(&head.text, delimiter))
            })?),
        };
        let Plan { login, uses } = Plan::new(&plain_names, chosen, |_| true, exported);
        let Some(login) = login else {
            bail!(
                "no column of the header is known as the login; {}. --delimiter names another delimiter, and --login \
                 the column with the login",
                shown(&head.text, delimiter)
            );
        };
        let login_name = names[login].trim().into();
        let are_entries = plain_names.iter().any(|name| matches!(name.as_str(), "dn" | "distinguishedname"));
        let columns = names.into_iter().zip(plain_names).zip(uses);
        let columns = columns.map(|((name, plain), uses)| {
            let range = without_range(&name).1;
            Column { name, plain, uses, range }
        });
        let columns: Vec<_> = columns.collect();
        Ok(Reader {
            input,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            cells: vec![0; 4096],
            ends: vec![0; columns.len() + 1],
            columns,
            login,
            login_name,
            is_login_chosen: chosen.is_some(),
            are_entries,
            exported,
            now: jiff::Timestamp::now().as_second(),
            line: head.lines + 1,
            bytes: head.bytes,
            waiting: VecDeque::new(),
            done: false,
        })
    }

    /// The rows of the next line that is not blank.
    fn next_row(&mut self) -> anyhow::Result<Option<Row>> {
        loop {
            let Some(line) = self.skip_blank_lines().with_context(|| format!("read line {}", self.line))? else {
                return Ok(None);
            };
            let read = self.read_cells().with_context(|| format!("read line {}", self.line))?;
            if let Ok((bytes, _)) = read
                && self.cells[..bytes].trim_ascii().is_empty()
            {
                continue;
            }
            let mut remarks = Vec::new();
            let records = read.and_then(|(bytes, cells)| self.records(bytes, cells, line, &mut remarks));
            let bytes = self.bytes;
            let row = |record| Row { line, bytes, record, remarks: Vec::new(), login: None };
            return Ok(Some(match records {
                Err(why) => Row { remarks, ..row(Err(why)) },
                Ok(records) => {
                    let mut records = records.into_iter();
                    let first = records.next();
                    self.waiting.extend(records.map(|record| row(Ok(Some(record)))));
                    let login = matches!(first, Some(Record::User(_))).then(|| self.login_name.clone());
                    Row { remarks, login, ..row(Ok(first)) }
                }
            }));
        }
    }

    /// The line where the next row begins; `None` at the end.
    fn skip_blank_lines(&mut self) -> io::Result<Option<u64>> {
        loop {
            let piece = fill(&mut self.input)?;
            let breaks = piece.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let (more, end) = (breaks == piece.len(), piece.is_empty());
            self.line += count_lines(&piece[..breaks]);
            self.input.consume(breaks);
            self.bytes += breaks as u64;
            if end {
                return Ok(None);
            }
            if !more {
                return Ok(Some(self.line));
            }
        }
    }

    /// Reads the cells of a row. Returns their total length and their number, or the reason for which the row is
    /// refused.
    fn read_cells(&mut self) -> io::Result<Result<(usize, usize), String>> {
        let (mut bytes, mut cells) = (0, 0);
        let mut refused = None;
        loop {
            let piece = fill(&mut self.input)?;
            let end = piece.is_empty();
            // A line break ends the last row, unless it is within quotes.
            let input = if end { b"\n" } else { piece };
            let (result, used, written, ended) =
                self.parser.read_record(input, &mut self.cells[bytes..], &mut self.ends[cells..]);
            if !end {
                self.line += count_lines(&input[..used]);
                self.bytes += used as u64;
                self.input.consume(used);
            }
            (bytes, cells) = (bytes + written, cells + ended);
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::InputEmpty if !end => {}
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    let why = "a quote in the row is never closed, so the rest of the file is not read";
                    return Ok(Err(why.to_owned()));
                }
                ReadRecordResult::OutputFull if self.cells.len() < ROW_BYTES_MAX => {
                    self.cells.resize(ROW_BYTES_MAX.min(2 * self.cells.len()), 0);
                }
                ReadRecordResult::OutputFull => {
                    refused = Some(format!("the row is longer than {} MiB", ROW_BYTES_MAX >> 20));
                    bytes = 0;
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < CELLS_MAX => {
                    self.ends.resize(CELLS_MAX.min(2 * self.ends.len()), 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    refused = Some(format!("the row has more than {CELLS_MAX} cells"));
                    cells = 0;
                }
            }
        }
        Ok(refused.map_or(Ok((bytes, cells)), Err))
    }

    /// The records of a row that begins in this line.
    fn records(&self, bytes: usize, count: usize, line: u64, remarks: &mut Vec<Remark>) -> Result<Vec<Record>, String> {
        let not_text = || "the row is not UTF-8".to_owned();
        let text = std::str::from_utf8(&self.cells[..bytes]).map_err(|_| not_text())?;
        let mut start = 0;
        let cell = |end: &usize| text.get(std::mem::replace(&mut start, *end)..*end).ok_or_else(not_text);
        let mut cells: Vec<&str> = self.ends[..count].iter().map(cell).collect::<Result<_, _>>()?;
        let extra = cells.get(self.columns.len()..).unwrap_or_default();
        let is_extra_empty = extra.iter().all(|cell| cell.trim().is_empty());
        if cells.len() < self.columns.len() || !is_extra_empty {
            return Err(self.wrong_count(cells.len(), line));
        }
        cells.truncate(self.columns.len());
        if let Some(remark) = self.passed_over(&cells) {
            remarks.extend(remark);
            return Ok(Vec::new());
        }
        let decoded: Vec<_> =
            if self.are_entries { cells.iter().map(|cell| without_hex(cell)).collect() } else { Vec::new() };
        for (cell, decoded) in cells.iter_mut().zip(&decoded) {
            *cell = decoded;
        }
        let draft = self.draft(&cells)?;
        let mut records = draft.finish(remarks)?;
        records.iter_mut().for_each(|record| record.set_exported(self.exported));
        Ok(records)
    }

    fn wrong_count(&self, count: usize, line: u64) -> String {
        let mut why = format!("the row has {count} cells, and the header {}", self.columns.len());
        // At the end of the file the last line may have no end.
        let last = self.line - 1;
        if last > line {
            why.push_str(&format!(": it was read up to line {last}"));
        }
        why
    }

    /// Skips rows without data: blank rows, example rows of templates, and repeated headers in joined files.
    fn passed_over(&self, cells: &[&str]) -> Option<Option<Remark>> {
        let first = cells.first()?.trim_start_matches('\u{feff}');
        if first.starts_with("Example:") {
            return Some(Some(Remark::dropped("an example row of a template is left out")));
        }
        let is_header = first == self.columns[0].name
            && self.columns[1..].iter().zip(&cells[1..]).all(|(column, cell)| column.name == *cell);
        if is_header {
            return Some(Some(Remark::dropped("the file repeats its header")));
        }
        let is_blank = cells.iter().all(|cell| cell.trim().is_empty());
        is_blank.then_some(None)
    }

    fn draft(&self, cells: &[&str]) -> Result<Draft, String> {
        let mut draft = Draft::default();
        draft.prefers_plain_name = self.is_login_chosen;
        if cells[self.login].trim().is_empty() {
            draft.login_shown = Some(self.login_name.to_string());
        } else {
            draft.set_text(Text::Name, cells[self.login].to_owned());
        }
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if cell.is_empty() {
                continue;
            }
            match column.uses {
                Use::Nothing => {}
                Use::Field(field) => self.take(&mut draft, field, column, cell)?,
                Use::GivesWay(other) if cells[other] == *cell => {}
                Use::GivesWay(other) => {
                    let winner = &self.columns[other];
                    let text = format!("the column {} gives way to {}", quoted(&column.name), quoted(&winner.name));
                    let is_membership = matches!(winner.uses, Use::Field(Field::Groups | Field::Subgroups));
                    let kind = if is_membership { RemarkKind::Missing } else { RemarkKind::Dropped };
                    draft.remarks.push(Remark { kind, text, about: None });
                }
                Use::Other if cell.trim().is_empty() => {}
                Use::Other => {
                    if !draft.set_account_state(&column.name, &column.plain, cell, self.now) {
                        draft.remarks.push(Remark::dropped(match column.name.trim() {
                            "" => format!("column {} has no name", index + 1),
                            name => format!("no field has the name {}", quoted(name)),
                        }));
                    }
                }
            }
        }
        let has_range = |wanted| {
            self.columns.iter().zip(cells).any(|(column, cell)| column.range == Some(wanted) && !cell.is_empty())
        };
        if has_range(Range::Part) && !has_range(Range::End) {
            draft.remarks.push(Remark::missing("the file has only a part of the members of a group"));
        }
        Ok(draft)
    }

    fn take(&self, draft: &mut Draft, field: Field, column: &Column, cell: &str) -> Result<(), String> {
        match field {
            Field::Text(text) => draft.set_text(text, cell.to_owned()),
            _ if cell.trim().is_empty() => {}
            Field::Kind => draft.kind = Some(Kind::named(cell)?),
            Field::Role => draft.set_role(cell)?,
            Field::BaseRole => match Role::named(cell) {
                Some(role) => draft.stored_role = Some(role),
                None => draft.remarks.push(Remark::dropped("stored_role is not admin, standard or read")),
            },
            Field::Verified => match switch(cell) {
                Some(verified) => draft.verified = Some(verified),
                None => draft.remarks.push(not_understood(column).about(quoted(cell))),
            },
            Field::Joined => match decode(cell.as_bytes()) {
                Ok(joined) => draft.joined = Some(joined),
                Err(_) => draft.remarks.push(not_understood(column)),
            },
            Field::Properties => {
                let Some(Json::Object(properties)) = bounded(cell) else {
                    return Err("properties is not a JSON object".to_owned());
                };
                draft.properties = Some(properties);
            }
            Field::Groups | Field::Members | Field::Subgroups => self.take_names(draft, field, column, cell)?,
            Field::ObjectClass => draft.classes = class_names(cell),
            Field::Deleted => draft.deleted |= switch(cell) != Some(false),
            Field::Exported | Field::Credentials | Field::Scim => {
                draft.remarks.push(Remark::dropped(format!("no field has the name {}", quoted(&column.name))));
            }
        }
        Ok(())
    }

    fn take_names(&self, draft: &mut Draft, field: Field, column: &Column, cell: &str) -> Result<(), String> {
        if LIST_TYPES.contains(&cell) && !self.exported {
            let text = format!("the column {} has the name of a type in place of its values", quoted(&column.name));
            draft.remarks.push(Remark::missing(text));
            return Ok(());
        }
        let names = if cell.starts_with('[') {
            name_list(cell.as_bytes()).ok_or_else(|| format!("{} is not a JSON list of texts", field.name()))?
        } else {
            split_names(cell, self.are_entries).ok_or_else(|| format!("{} has too many names", field.name()))?
        };
        if names.is_empty() && !cell.starts_with('[') {
            return Ok(());
        }
        match field {
            Field::Groups => draft.groups = Some(names),
            Field::Subgroups => draft.subgroups = Some(names),
            _ => draft.add_members(names),
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        if let Some(row) = self.waiting.pop_front() {
            return Some(Ok(row));
        }
        if self.done {
            return None;
        }
        let next = self.next_row();
        self.done = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

fn not_understood(column: &Column) -> Remark {
    Remark::dropped(format!("the value of {} is not understood", quoted(&column.name)))
}

/// The name of an attribute without its `;range=` option, and the range.
fn without_range(name: &str) -> (&str, Option<Range>) {
    match name.split_once(";range=") {
        Some((name, range)) => (name, Some(if range.trim_end().ends_with('*') { Range::End } else { Range::Part })),
        None => (name, None),
    }
}

/// Decodes the values of a cell. csvde writes a value as `X'4164c3a1'` if its code page lacks some of the characters. A
/// value that is not UTF-8 stays as it is.
fn without_hex(cell: &str) -> Cow<'_, str> {
    let is_hex = |value: &str| value.starts_with("X'") && value.len() > 3 && value.ends_with('\'');
    let decode = |value: &str| {
        let digits = value.strip_prefix("X'")?.strip_suffix('\'')?;
        String::from_utf8(hex_bytes(digits)?).ok()
    };
    if !cell.split(';').any(is_hex) {
        return Cow::Borrowed(cell);
    }
    let values = cell.split(';').map(|value| decode(value).map_or(Cow::Borrowed(value), Cow::Owned));
    Cow::Owned(values.collect::<Vec<_>>().join(";"))
}

/// Decodes hexadecimal digits.
fn hex_bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}

fn fill(input: &mut impl BufRead) -> io::Result<&[u8]> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    input.fill_buf()
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
