//! What is told of the rows of an import: `users.csv:17: refused: user already exists: ada`.

use crate::cli::output::print_status;
use crate::files::{Destination, Output};
use crate::formats::{Remark, RemarkKind};
use anyhow::Context as _;
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufWriter, IntoInnerError, Write as _};
use std::path::Path;

/// Kinds of remarks that are counted. Beyond these each remark is told by itself.
const KINDS_MAX: usize = 10_000;
/// Refusals that wait for what is to be told before them, in the order of lines.
const REFUSALS_MAX: usize = 10_000;

/// The bytes of refusals that wait.
const BYTES_MAX: usize = 4 << 20;

/// A remark, and how often it was made.
struct Counted {
    line: u64,
    about: Option<String>,
    count: u64,
}

/// The report of an import. Remarks of the same kind with the same text are told once, with their number.
pub(super) struct Report<'b> {
    name: String,
    file: Option<BufWriter<Output>>,
    bar: &'b ProgressBar,
    remarks: HashMap<(RemarkKind, String), Counted>,
    refusals: Vec<(u64, String)>,
    /// The bytes of the refusals.
    bytes: usize,
}

impl<'b> Report<'b> {
    /// A report on standard error, or in that file, which is there when the report is complete.
    pub(super) fn new(name: &str, path: Option<&Path>, bar: &'b ProgressBar) -> anyhow::Result<Report<'b>> {
        let file = path.map(|path| {
            let file = Destination::find(path, true).and_then(Destination::open);
            file.map(BufWriter::new).with_context(|| format!("create the report {}", path.display()))
        });
        let (remarks, refusals, bytes) = (HashMap::new(), Vec::new(), 0);
        Ok(Report { name: name.to_owned(), file: file.transpose()?, bar, remarks, refusals, bytes })
    }

    /// Notes a remark.
    pub(super) fn note(&mut self, line: u64, remark: Remark) -> anyhow::Result<()> {
        let Remark { kind, text, about } = remark;
        let is_full = self.remarks.len() >= KINDS_MAX;
        let key = (kind, text);
        if let Some(counted) = self.remarks.get_mut(&key) {
            counted.count += 1;
            return Ok(());
        }
        let counted = Counted { line, about, count: 1 };
        if is_full {
            return self.tell(&[(line, told(&key, &counted))]);
        }
        self.remarks.insert(key, counted);
        Ok(())
    }

    /// Notes that a row is refused.
    pub(super) fn refuse(&mut self, line: u64, why: &str) -> anyhow::Result<()> {
        self.bytes += why.len();
        self.refusals.push((line, format!("refused: {why}")));
        if self.refusals.len() >= REFUSALS_MAX || self.bytes >= BYTES_MAX { self.flush() } else { Ok(()) }
    }

    /// Tells everything so far, in the order of lines.
    fn flush(&mut self) -> anyhow::Result<()> {
        self.bytes = 0;
        let mut lines = std::mem::take(&mut self.refusals);
        let remarks = std::mem::take(&mut self.remarks);
        lines.extend(remarks.iter().map(|(key, counted)| (counted.line, told(key, counted))));
        lines.sort();
        self.tell(&lines)
    }

    fn tell(&mut self, lines: &[(u64, String)]) -> anyhow::Result<()> {
        let mut text = String::new();
        for (line, what) in lines {
            // What a row holds, and what a file is called, may be anything; one remark is one line.
            let told = format!("{}:{line}: {what}", self.name);
            told.chars().for_each(|c| if is_unseen(c) { text.extend(c.escape_default()) } else { text.push(c) });
            text.push('\n');
        }
        match &mut self.file {
            Some(file) => file.write_all(text.as_bytes()).context("write the report"),
            None if text.is_empty() => Ok(()),
            None => {
                self.bar.suspend(|| print_status(text.trim_end_matches('\n')));
                Ok(())
            }
        }
    }

    /// Ends the report.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        self.flush()?;
        let Some(file) = self.file else { return Ok(()) };
        let file = file.into_inner().map_err(IntoInnerError::into_error);
        file.map_err(Into::into).and_then(Output::finish).context("write the report")
    }
}

/// Returns true for a control character and for one that is invisible or changes the direction of the text. Such a
/// character could make a line look like another one.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// The line of the report for all remarks of one kind and text.
fn told((kind, text): &(RemarkKind, String), counted: &Counted) -> String {
    let word = match kind {
        RemarkKind::Dropped => "lost",
        RemarkKind::Missing => "missing",
        RemarkKind::CutOff => "cut off",
    };
    let mut told = format!("{word}: {text}");
    if let Some(about) = &counted.about {
        let _ = write!(told, ": {about}");
    }
    match counted.count - 1 {
        0 => {}
        more => {
            let _ = write!(told, " (and {more} more)");
        }
    }
    told
}
