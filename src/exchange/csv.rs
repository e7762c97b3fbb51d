//! CSV: a header that names the columns in the words of this program or of others, and a row a line.

use super::draft::{Draft, Field, Text};
use super::lines::read_line;
use super::{ROW_BYTES_MAX, Record, Row, quoted, skip_mark};
use crate::json::{Json, decode};
use anyhow::{Context as _, bail};
use csv_core::ReadRecordResult;
use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind};

/// The longest header, in bytes.
const HEADER_BYTES_MAX: usize = 1 << 20;
/// The most cells of a row.
const CELLS_MAX: usize = 1 << 16;

/// What columns are called here and by other programs: in lower case and without `-`, `_` and spaces. Where several
/// columns have one meaning, the name that stands first counts.
const COLUMNS: [(Field, &[&str]); 17] = [
    (Field::Kind, &["kind"]),
    (Field::Text(Text::Name), &["username", "login", "uid", "user", "handle", "name", "id"]),
    (Field::Text(Text::FirstName), &["firstname", "givenname"]),
    (Field::Text(Text::LastName), &["lastname", "surname", "sn", "familyname"]),
    (Field::Text(Text::DisplayName), &["displayname", "fullname", "cn"]),
    (Field::Text(Text::Email), &["email", "mail"]),
    (Field::Text(Text::Company), &["company", "organization", "organisation", "o"]),
    (Field::Text(Text::Title), &["title", "jobtitle"]),
    (Field::Role, &["role", "accessrole"]),
    // All but the first are its opposite.
    (Field::Disabled, &["disabled", "enabled", "active"]),
    (Field::Verified, &["verified"]),
    (Field::Text(Text::Password), &["password", "userpassword", "passwordhash"]),
    (Field::Text(Text::ExternalId), &["externalid"]),
    (Field::Groups, &["groups", "memberof", "group"]),
    (Field::Text(Text::Label), &["label"]),
    (Field::Text(Text::Description), &["description"]),
    (Field::Properties, &["properties"]),
];

/// What a column means, and the place of its name among those that mean the same.
type Column = (Field, usize);

/// Reads the rows.
pub(super) struct Reader<R> {
    input: R,
    parser: csv_core::Reader,
    columns: Vec<Option<Column>>,
    /// The header is that of an export of ours.
    exported: bool,
    /// The cells of a row one behind the other, and where each ends.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// The line that is read next.
    line: u64,
    bytes: u64,
    /// What the header loses, until the first row tells it.
    losses: Vec<String>,
    /// Further rows of the row that was read last.
    waiting: VecDeque<Row>,
    done: bool,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(mut input: R) -> anyhow::Result<Reader<R>> {
        let mut bytes = skip_mark(&mut input).context("read the header")?;
        let (mut header, mut lines) = (Vec::new(), 0);
        // A line break within quotes does not end the header.
        while header.is_empty() || header.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            let consumed = read_line(&mut input, &mut header, HEADER_BYTES_MAX).context("read the header")?;
            if consumed == 0 {
                break;
            }
            (bytes, lines) = (bytes + consumed, lines + 1);
            if header.len() > HEADER_BYTES_MAX {
                bail!("the first line is too long for a header: is this a CSV?");
            }
            if header.trim_ascii().is_empty() {
                header.clear();
            }
        }
        let Ok(header) = String::from_utf8(header) else { bail!("the header is not UTF-8") };
        let Some((delimiter, names)) = best_split(&header) else {
            bail!("the file is empty: a CSV begins with a header that names the columns");
        };
        if names.1 < header.trim_end_matches(['\r', '\n']).len() {
            bail!("the header does not end where its line ends: lines have to end in LF or CRLF");
        }
        let mut losses = Vec::new();
        let columns = columns(&names.0, &mut losses);
        if !columns.iter().flatten().any(|(field, _)| *field == Field::Text(Text::Name)) {
            bail!("the first line names no column with the name of the user: name, username, login, uid or handle");
        }
        let exported = names.0 == super::writer::COLUMNS;
        let parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let (cells, ends) = (vec![0; 4096], vec![0; columns.len() + 1]);
        let waiting = VecDeque::new();
        let line = lines + 1;
        Ok(Reader { input, parser, columns, exported, cells, ends, line, bytes, losses, waiting, done: false })
    }

    /// The rows of the next line that is not blank.
    fn next_row(&mut self) -> anyhow::Result<Option<Row>> {
        loop {
            let Some(line) = self.skip_blank_lines().with_context(|| format!("read line {}", self.line))? else {
                return Ok(None);
            };
            let read = self.read_cells().with_context(|| format!("read line {}", self.line))?;
            if matches!(read, Ok((0, _))) {
                continue;
            }
            let mut losses = std::mem::take(&mut self.losses);
            let records = read.and_then(|(bytes, cells)| self.records(bytes, cells, &mut losses));
            let row = |record, losses| Row { line, bytes: self.bytes, record, losses };
            return Ok(Some(match records {
                Err(why) => row(Err(why), losses),
                Ok(records) => {
                    let mut records = records.into_iter().map(Ok);
                    let first = records.next().expect("a row that is not refused has a record");
                    self.waiting.extend(records.map(|record| row(record, Vec::new())));
                    row(first, losses)
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

    /// Reads the cells of a row: how many bytes and how many cells there are, or why they cannot be used.
    fn read_cells(&mut self) -> io::Result<Result<(usize, usize), String>> {
        let (mut bytes, mut cells) = (0, 0);
        let mut refused = None;
        loop {
            let piece = fill(&mut self.input)?;
            let end = piece.is_empty();
            // A line break ends the last row too; only within quotes it does not.
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
                    return Ok(Err("the row opens a quote that nothing closes".to_owned()));
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

    fn records(&self, bytes: usize, cells: usize, losses: &mut Vec<String>) -> Result<Vec<Record>, String> {
        if cells != self.columns.len() {
            return Err(format!("the row has {cells} cells, and the header {}", self.columns.len()));
        }
        let not_text = || "the row is not UTF-8".to_owned();
        let text = std::str::from_utf8(&self.cells[..bytes]).map_err(|_| not_text())?;
        let mut draft = Draft::default();
        let mut start = 0;
        for (column, end) in self.columns.iter().zip(&self.ends) {
            let cell = text.get(start..*end).ok_or_else(not_text)?;
            start = *end;
            if let (Some(column), false) = (column, cell.is_empty()) {
                take(&mut draft, *column, cell)?;
            }
        }
        let mut records = draft.finish(losses)?;
        records.iter_mut().for_each(|record| record.set_exported(self.exported));
        Ok(records)
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

/// The delimiter that makes the most known columns of the header, its columns, and where the header ends. `None` for
/// no header.
fn best_split(header: &str) -> Option<(u8, (Vec<String>, usize))> {
    let splits = [b',', b';', b'\t'].into_iter().filter_map(|delimiter| Some((delimiter, split(header, delimiter)?)));
    // The first of those that are as good as each other.
    splits.rev().max_by_key(|(_, (names, _))| names.iter().filter(|name| column(name).is_some()).count())
}

fn split(header: &str, delimiter: u8) -> Option<(Vec<String>, usize)> {
    let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut output, mut ends) = (vec![0; header.len()], vec![0; header.len() + 1]);
    let (result, used, mut written, mut cells) = parser.read_record(header.as_bytes(), &mut output, &mut ends);
    if result == ReadRecordResult::InputEmpty {
        let (_, _, rest, more) = parser.read_record(b"", &mut output[written..], &mut ends[cells..]);
        (written, cells) = (written + rest, cells + more);
    }
    let text = std::str::from_utf8(&output[..written]).ok()?;
    let mut start = 0;
    let name = |end: &usize| Some(text.get(std::mem::replace(&mut start, *end)..*end)?.to_owned());
    let names: Vec<String> = ends[..cells].iter().map(name).collect::<Option<_>>()?;
    if names.is_empty() { None } else { Some((names, used)) }
}

fn column(name: &str) -> Option<Column> {
    let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect();
    let place = |names: &[&str]| names.iter().position(|known| *known == plain);
    COLUMNS.iter().find_map(|(field, names)| Some((*field, place(names)?)))
}

/// What each column means, if anything, and what is lost with those that mean nothing or nothing new.
fn columns(names: &[String], losses: &mut Vec<String>) -> Vec<Option<Column>> {
    const NAME: Field = Field::Text(Text::Name);
    const SHOWN: Field = Field::Text(Text::DisplayName);
    let mut columns: Vec<_> = names.iter().map(|name| column(name)).collect();
    let mean = |columns: &[Option<Column>], wanted| columns.iter().flatten().any(|(field, _)| *field == wanted);
    // Beside a login, a name is what people are called.
    if let Some(name) = column("name")
        && columns.iter().flatten().any(|(field, place)| *field == NAME && *place < name.1)
        && !mean(&columns, SHOWN)
    {
        columns.iter_mut().flatten().filter(|column| **column == name).for_each(|column| column.0 = SHOWN);
    }
    let known = columns.clone();
    for (index, (column, name)) in columns.iter_mut().zip(names).enumerate() {
        let Some((field, place)) = *column else {
            losses.push(match name.trim() {
                "" => format!("column {} has no name", index + 1),
                _ => format!("no column here is called {}", quoted(name)),
            });
            continue;
        };
        let better = known.iter().enumerate().position(|(other, column)| {
            column.is_some_and(|(theirs, before)| theirs == field && (before, other) < (place, index))
        });
        if let Some(other) = better {
            losses.push(format!("the column {} gives way to {}", quoted(name), quoted(&names[other])));
            *column = None;
        }
    }
    columns
}

fn take(draft: &mut Draft, (field, place): Column, cell: &str) -> Result<(), String> {
    let switch = || match cell.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("{} is none of true, false, yes, no, 1 and 0: {}", field.name(), quoted(cell))),
    };
    match field {
        Field::Text(text) => draft.set_text(text, cell.to_owned()),
        _ if cell.trim().is_empty() => {}
        Field::Kind => draft.set_kind(cell)?,
        Field::Role => draft.set_role(cell)?,
        Field::Disabled => draft.set_disabled(switch()? == (place == 0)),
        Field::Verified => draft.set_verified(switch()?),
        Field::Exported => draft.set_exported(switch()?),
        Field::Properties => {
            let Ok(Json::Object(properties)) = Json::parse_stored(cell.as_bytes()) else {
                return Err("properties is no JSON object".to_owned());
            };
            draft.set_properties(properties);
        }
        Field::Groups if cell.starts_with('[') => {
            let groups = decode(cell.as_bytes());
            draft.set_groups(groups.map_err(|_| "groups is no JSON list of texts".to_owned())?);
        }
        Field::Groups => {
            let names: Vec<_> = cell.split(';').map(str::trim).filter(|name| !name.is_empty()).collect();
            if !names.is_empty() {
                draft.set_groups(names.into_iter().map(str::to_owned).collect());
            }
        }
    }
    Ok(())
}
