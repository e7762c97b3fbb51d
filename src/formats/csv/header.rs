//! The header of a CSV file, and the lines before it.

use crate::formats::field_names::{is_known, plain, plain_column};
use crate::formats::line_reader::read_line;
use crate::formats::text::skip_bom;
use anyhow::{Context as _, bail};
use csv_core::ReadRecordResult;
use std::io::BufRead;

/// The longest header, in bytes.
const HEADER_BYTES_MAX: usize = 1 << 20;
/// Characters of a header that a message shows.
const SHOWN_CHARS_MAX: usize = 300;
/// Delimiters that are recognised by the header, the preferred one first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The beginning of a file, up to its header.
pub(super) struct Head {
    pub(super) text: String,
    /// The delimiter in a line `sep=;` before the header.
    pub(super) delimiter: Option<u8>,
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

impl Head {
    pub(super) fn read(input: &mut impl BufRead) -> anyhow::Result<Head> {
        let bytes = skip_bom(input).context("read the header")?;
        let mut head = Head { text: String::new(), delimiter: None, lines: 0, bytes };
        loop {
            let text = head.read_line(input)?;
            let Ok(text) = String::from_utf8(text) else {
                bail!("the header is not UTF-8: save the file as UTF-8 or UTF-16")
            };
            let line = text.trim_end_matches(['\r', '\n']);
            if let Some(delimiter) = named_delimiter(line) {
                head.delimiter = Some(delimiter);
            } else if !is_preamble(line) {
                return Ok(Head { text, ..head });
            }
        }
    }

    /// Reads the next line that is not blank. A line break within quotes does not end it.
    fn read_line(&mut self, input: &mut impl BufRead) -> anyhow::Result<Vec<u8>> {
        let mut line = Vec::new();
        let (mut quotes, mut counted) = (0, 0);
        while line.is_empty() || quotes % 2 == 1 {
            let consumed = read_line(input, &mut line, HEADER_BYTES_MAX).context("read the header")?;
            if consumed == 0 {
                break;
            }
            (self.bytes, self.lines) = (self.bytes + consumed, self.lines + 1);
            if line.len() > HEADER_BYTES_MAX {
                bail!("the first line is too long for a header: is this a CSV?");
            }
            if line.trim_ascii().is_empty() {
                line.clear();
            }
            quotes += line[counted..].iter().filter(|byte| **byte == b'"').count();
            counted = line.len();
        }
        Ok(line)
    }
}

/// The delimiter in a line for spreadsheet programs: `sep=;`.
fn named_delimiter(line: &str) -> Option<u8> {
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let (word, delimiter) = line.split_at_checked(4)?;
    match (word.to_ascii_lowercase().as_str(), delimiter.as_bytes()) {
        ("sep=", [delimiter]) if delimiter.is_ascii() => Some(*delimiter),
        _ => None,
    }
}

/// True for lines before the header without data: the object type of PowerShell, or the version of a template.
fn is_preamble(line: &str) -> bool {
    let is_version =
        |line: &str| line.starts_with("version:") && line.chars().all(|c| c.is_alphanumeric() || ":.".contains(c));
    line.starts_with("#TYPE ") || is_version(line.trim_end_matches([',', ';', '\t', '|', ' ']).trim_matches('"'))
}

/// A part of a message that shows the header and its delimiter.
pub(super) fn shown(header: &str, delimiter: u8) -> String {
    let header = header.trim_end_matches(['\r', '\n']);
    let delimiter = if delimiter == b'\t' { "tab".to_owned() } else { format!("{:?}", char::from(delimiter)) };
    let short: String = header.chars().take(SHOWN_CHARS_MAX).collect();
    let more = if short.len() < header.len() { "…" } else { "" };
    format!("with the delimiter {delimiter} the header is read as {short:?}{more}")
}

/// The column with this name. An exact match is preferred; otherwise the names are compared by letters and digits.
pub(super) fn named(names: &[String], wanted: &str) -> Option<usize> {
    let wanted = wanted.trim();
    let same = |name: &String| name.trim().to_lowercase() == wanted.to_lowercase();
    let within = |name: &String| name.split(['[', ']']).any(|part| plain(part) == plain(wanted));
    let is_name = !plain(wanted).is_empty();
    names.iter().position(same).or_else(|| names.iter().position(within).filter(|_| is_name))
}

/// The delimiter with which the header has the most known columns, and then the most columns. `None` without any.
pub(super) fn best_delimiter(header: &str) -> Option<u8> {
    let splits = DELIMITERS.into_iter().rev().filter_map(|delimiter| Some((delimiter, split(header, delimiter)?.0)));
    let known = |names: &[String]| names.iter().filter(|name| is_known(&plain_column(name))).count();
    splits.max_by_key(|(_, names)| (known(names), names.len())).map(|(delimiter, _)| delimiter)
}

/// The names of the columns, and where the header ends.
pub(super) fn split(header: &str, delimiter: u8) -> Option<(Vec<String>, usize)> {
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
