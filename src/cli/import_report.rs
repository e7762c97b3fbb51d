//! The report of an import, such as `users.csv:17: refused: user already exists: ada`, and its numbers.

use super::args::ResultFormat;
use super::output::print_status;
use super::result::print_result;
use crate::admin::{ImportObserver, ImportSummary};
use crate::files::{Destination, Output};
use crate::formats::{Remark, RemarkKind};
use crate::model::is_invisible;
use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufWriter, IntoInnerError, Write as _};
use std::path::Path;

/// Different remarks that are counted. Further remarks are written one by one.
const REMARKS_MAX: usize = 10_000;
/// Refusals that are kept until they are written in the order of lines.
const REFUSALS_MAX: usize = 10_000;
/// The bytes of refusals that are kept.
const REFUSAL_BYTES_MAX: usize = 4 << 20;

/// The first of equal remarks, and their number.
struct Counted {
    line: u64,
    about: Option<String>,
    count: u64,
}

/// The report of an import. Equal remarks are written once, with their number.
pub(super) struct ImportReport {
    name: String,
    file: Option<BufWriter<Output>>,
    bar: ProgressBar,
    remarks: HashMap<(RemarkKind, String), Counted>,
    refusals: Vec<(u64, String)>,
    /// The bytes of the refusals.
    bytes: usize,
}

impl ImportReport {
    /// A report on standard error, or in a file that exists when the report is complete.
    pub(super) fn new(name: &str, path: Option<&Path>, bar: ProgressBar) -> anyhow::Result<ImportReport> {
        let file = path.map(|path| {
            let file = Destination::find(path, true).and_then(Destination::open);
            file.map(BufWriter::new).with_context(|| format!("create the report {}", path.display()))
        });
        let (remarks, refusals, bytes) = (HashMap::new(), Vec::new(), 0);
        Ok(ImportReport { name: name.to_owned(), file: file.transpose()?, bar, remarks, refusals, bytes })
    }

    /// Writes all findings so far, in the order of lines.
    fn flush(&mut self) -> anyhow::Result<()> {
        self.bytes = 0;
        let mut lines = std::mem::take(&mut self.refusals);
        let remarks = std::mem::take(&mut self.remarks);
        lines.extend(remarks.iter().map(|(key, counted)| (counted.line, remark_text(key, counted))));
        lines.sort();
        self.write(&lines)
    }

    fn write(&mut self, lines: &[(u64, String)]) -> anyhow::Result<()> {
        let mut text = String::new();
        for (line, finding) in lines {
            // Rows and file names can contain any character, but a remark is one line and must look like what it is.
            let written = format!("{}:{line}: {finding}", self.name);
            for c in written.chars() {
                if c.is_control() || is_invisible(c) { text.extend(c.escape_default()) } else { text.push(c) }
            }
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
        self.bar.finish_and_clear();
        self.flush()?;
        let Some(file) = self.file else { return Ok(()) };
        let file = file.into_inner().map_err(IntoInnerError::into_error);
        file.map_err(Into::into).and_then(Output::finish).context("write the report")
    }
}

impl ImportObserver for ImportReport {
    fn refused(&mut self, line: u64, reason: &str) -> anyhow::Result<()> {
        self.bytes += reason.len();
        self.refusals.push((line, format!("refused: {reason}")));
        if self.refusals.len() >= REFUSALS_MAX || self.bytes >= REFUSAL_BYTES_MAX { self.flush() } else { Ok(()) }
    }

    fn remarked(&mut self, line: u64, remark: Remark) -> anyhow::Result<()> {
        let Remark { kind, text, about } = remark;
        let is_full = self.remarks.len() >= REMARKS_MAX;
        let key = (kind, text);
        if let Some(counted) = self.remarks.get_mut(&key) {
            counted.count += 1;
            return Ok(());
        }
        let counted = Counted { line, about, count: 1 };
        if is_full {
            return self.write(&[(line, remark_text(&key, &counted))]);
        }
        self.remarks.insert(key, counted);
        Ok(())
    }

    fn resumed(&mut self, line: u64) {
        self.bar.suspend(|| {
            print_status(&format!(
                "{}: continuing after line {line}, where an earlier import ended (--restart starts from the beginning)",
                self.name
            ));
        });
    }

    fn progressed(&mut self, bytes: u64, rows: u64) {
        self.bar.set_position(bytes);
        if rows > 0 {
            self.bar.set_message(format!("{rows} rows"));
        }
    }
}

/// The text of equal remarks.
fn remark_text((kind, reason): &(RemarkKind, String), counted: &Counted) -> String {
    let word = match kind {
        RemarkKind::Dropped => "lost",
        RemarkKind::Missing => "missing",
        RemarkKind::CutOff => "cut off",
    };
    let mut text = format!("{word}: {reason}");
    if let Some(about) = &counted.about {
        let _ = write!(text, ": {about}");
    }
    match counted.count - 1 {
        0 => {}
        more => {
            let _ = write!(text, " (and {more} more)");
        }
    }
    text
}

/// Prints the numbers of an import.
///
/// # Errors
/// They cannot be written.
pub(super) fn print_summary(
    summary: &ImportSummary,
    input: &str,
    is_dry_run: bool,
    format: ResultFormat,
) -> anyhow::Result<()> {
    let prefix = if is_dry_run { "a dry run, nothing is changed: " } else { "" };
    let text = format!("{input}: {prefix}{}\n", summary_text(summary));
    print_result(format, &text, &summary_object(summary, input, is_dry_run))
}

/// The numbers for programs.
fn summary_object(summary: &ImportSummary, input: &str, is_dry_run: bool) -> impl Serialize {
    let logins = summary.logins.iter().map(|(from, count)| json!({ "from": from, "count": count }));
    json!({
        "input": input, "dry_run": is_dry_run, "created": summary.created, "updated": summary.updated,
        "unchanged": summary.unchanged, "skipped": summary.skipped, "refused": summary.refused,
        "missing": summary.missing, "lossy": summary.lossy, "groups_made": summary.groups_created,
        "names_waiting": summary.pending_members, "cut_off": summary.cut_off, "logins": logins.collect::<Vec<_>>(),
    })
}

/// The numbers for people.
fn summary_text(summary: &ImportSummary) -> String {
    let ImportSummary { created, updated, unchanged, .. } = summary;
    let mut text = format!("{created} created, {updated} updated, {unchanged} unchanged");
    for (count, one, more) in [
        (summary.skipped, "skipped", "skipped"),
        (summary.refused, "refused", "refused"),
        (summary.missing, "missing", "missing"),
        (summary.lossy, "has lost something", "have lost something"),
        (summary.groups_created, "group made on the way", "groups made on the way"),
        (summary.pending_members, "pending member", "pending members"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {}", if count == 1 { one } else { more });
        }
    }
    if summary.cut_off {
        text.push_str(", the file was cut off");
    }
    if !summary.logins.is_empty() {
        let logins: Vec<_> = summary.logins.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        let _ = write!(text, ", logins from {}", logins.join(", "));
    }
    text
}

/// Fails if the input was cut off, or if something was refused or is missing.
///
/// # Errors
/// Says which of these.
pub(super) fn require_complete(summary: &ImportSummary, is_dry_run: bool) -> anyhow::Result<()> {
    let refused = match (summary.refused, is_dry_run) {
        (0, _) => None,
        (1, false) => Some("1 row was refused".to_owned()),
        (refused, false) => Some(format!("{refused} rows were refused")),
        (1, true) => Some("1 row would be refused".to_owned()),
        (refused, true) => Some(format!("{refused} rows would be refused")),
    };
    let missing = match (summary.missing, is_dry_run) {
        (0, _) => None,
        (missing, false) => Some(format!("{missing} missing: people, groups or memberships")),
        (missing, true) => Some(format!("{missing} would be missing: people, groups or memberships")),
    };
    let cut_off = summary.cut_off.then(|| "the file was cut off".to_owned());
    let wrong: Vec<String> = [cut_off, refused, missing].into_iter().flatten().collect();
    match wrong.split_last() {
        None => Ok(()),
        Some((last, [])) => bail!("{last}"),
        Some((last, others)) => bail!("{}, and {last}", others.join(", ")),
    }
}
