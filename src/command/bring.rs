//! Bringing users and groups in, from wherever they come: in transactions of some rows each, with a report of what is
//! refused or lost.

use super::link::Link;
use super::{print, say};
use crate::config::{BringOptions, ConflictWord, Target};
use crate::directory::{Adopted, adopt};
use crate::exchange::{Record, Rows};
use crate::operator::{self, Batch, Order, ShownImport};
use crate::store;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Parts that are read ahead.
const PARTS_AHEAD: usize = 2;
/// A part is complete with so many bytes of the input, whatever the number of rows.
const PART_BYTES: u64 = 1 << 20;

/// Where the rows come from.
pub(super) struct Source {
    /// What to call it in the report.
    pub(super) name: String,
    /// The rows.
    pub(super) rows: Rows,
    /// How long it is, in bytes.
    pub(super) bytes: Option<u64>,
    /// The digest of all of it, by which an import that was broken off is known again.
    pub(super) digest: Option<[u8; 32]>,
    /// The line up to which it was brought in before.
    pub(super) done: u64,
}

/// Some rows.
#[derive(Default)]
struct Part {
    records: Vec<Record>,
    /// The line of each.
    lines: Vec<u64>,
    /// What is told of lines: that they are refused, or have lost something.
    remarks: Vec<(u64, Remark, String)>,
    /// The last line that was looked at.
    last: u64,
    /// How far that is in the input.
    bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Remark {
    Refused,
    Lost,
}

/// What has become of the rows.
#[derive(Default)]
struct Totals {
    created: u64,
    updated: u64,
    unchanged: u64,
    skipped: u64,
    refused: u64,
    lossy: u64,
    groups: u64,
    waiting: u64,
}

/// Refuses, before anything is read, a report in place of the database or of the input.
///
/// # Errors
/// When it is one of these, or its folder cannot be found.
pub(super) fn check_report(options: &BringOptions, database: &Path, input: Option<&Path>) -> anyhow::Result<()> {
    let Some(report) = &options.report else { return Ok(()) };
    if input.is_some_and(|input| same_file(input, report)) {
        bail!("the report {} is the input itself", report.display());
    }
    store::refuse_database(database, report).with_context(|| format!("create the report {}", report.display()))
}

fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some() && real(one) == real(other)
}

/// Where to bring it: the directory, or for a dry run a copy of it.
///
/// # Errors
/// Those of [`Link::make`] and [`Link::rehearse`].
pub(super) fn destination(options: &BringOptions, target: &Target) -> anyhow::Result<Link> {
    let link = if options.dry_run { Link::rehearse(target)? } else { Link::make(target, None)? };
    Ok(link.keeping_tokens(options.keep_tokens))
}

/// Brings everything in.
///
/// # Errors
/// When the input cannot be read to its end, when the directory cannot be written, and, after all else is done, when
/// rows were refused.
pub(super) fn bring_in(link: &mut Link, source: Source, options: &BringOptions) -> anyhow::Result<()> {
    let Source { name, rows, bytes, digest, done } = source;
    let bar = progress(bytes);
    let mut report = Report::new(&name, options, &bar)?;
    let mut totals = Totals::default();
    let waiting: u64 = link.ask(Order::WaitingNames)?;
    let (send, parts) = sync_channel(PARTS_AHEAD);
    let size = options.batch;
    // Reading goes on while the last part is written.
    let reader = std::thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || read(rows, done, size, &send))
        .context("start the thread that reads")?;
    let brought = bring_parts(link, &parts, digest, options, &mut report, &mut totals);
    // Where writing has failed, the reader finds that nobody listens.
    drop(parts);
    let read = reader.join().unwrap_or_else(|_| bail!("reading has panicked"));
    bar.finish_and_clear();
    brought?;
    read.with_context(|| format!("read {name}"))?;
    totals.waiting = link.ask::<u64>(Order::WaitingNames)?.saturating_sub(waiting);
    if let Some(digest) = digest {
        link.ask::<()>(Order::EndImport { digest })?;
    }
    report.end()?;
    print(&format!("{name}: {}{totals}\n", if options.dry_run { "a dry run, nothing is changed: " } else { "" }))?;
    match (totals.refused, options.dry_run) {
        (0, _) => Ok(()),
        (1, false) => bail!("1 row was refused"),
        (refused, false) => bail!("{refused} rows were refused"),
        (1, true) => bail!("1 row would be refused"),
        (refused, true) => bail!("{refused} rows would be refused"),
    }
}

fn bring_parts(
    link: &mut Link,
    parts: &Receiver<Part>,
    digest: Option<[u8; 32]>,
    options: &BringOptions,
    report: &mut Report,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let mut rows = 0;
    for mut part in parts {
        let records = std::mem::take(&mut part.records);
        rows += records.len() as u64;
        let imported: ShownImport = link.ask(Order::Import(Box::new(Batch {
            records,
            conflict: match options.on_conflict {
                ConflictWord::Skip => operator::ConflictWord::Skip,
                ConflictWord::Update => operator::ConflictWord::Update,
                ConflictWord::Fail => operator::ConflictWord::Fail,
            },
            create_groups: options.create_groups,
            position: digest.map(|digest| (digest, part.last)),
        })))?;
        for (index, (outcome, why)) in imported.outcomes.into_iter().enumerate() {
            match outcome.as_str() {
                "created" => totals.created += 1,
                "updated" => totals.updated += 1,
                "unchanged" => totals.unchanged += 1,
                "skipped" => totals.skipped += 1,
                _ => part.remarks.push((part.lines[index], Remark::Refused, why.unwrap_or_default())),
            }
        }
        totals.groups += imported.groups.len() as u64;
        report.tell(part.remarks, totals)?;
        report.bar.set_position(part.bytes);
        report.bar.set_message(format!("{rows} rows"));
    }
    Ok(())
}

/// A bar of that length that looks so. On anything but a terminal nothing is drawn.
pub(super) fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

fn progress(bytes: Option<u64>) -> ProgressBar {
    match bytes {
        Some(bytes) => bar(bytes, "{elapsed_precise} [{wide_bar}] {percent}% {msg}, {eta} to go"),
        None => {
            let style = ProgressStyle::with_template("{elapsed_precise} {spinner} {msg}");
            ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        }
    }
}

/// Reads the rows after that line into parts, until the end or until nobody wants more.
fn read(rows: Rows, done: u64, size: usize, parts: &SyncSender<Part>) -> anyhow::Result<()> {
    let mut part = Part::default();
    let mut begun = 0;
    for row in rows {
        let row = row?;
        if row.line <= done {
            begun = row.bytes;
            continue;
        }
        // What one line says stays together: the position in the input is a line.
        let full = part.lines.len() >= size || part.bytes.saturating_sub(begun) >= PART_BYTES;
        if full && row.line != part.last {
            begun = part.bytes;
            if parts.send(std::mem::take(&mut part)).is_err() {
                return Ok(());
            }
        }
        (part.last, part.bytes) = (row.line, row.bytes);
        part.remarks.extend(row.losses.into_iter().map(|loss| (row.line, Remark::Lost, loss)));
        match row.record {
            Ok(mut record) => {
                drop_unknown_password(&mut record, row.line, &mut part.remarks);
                part.records.push(record);
                part.lines.push(row.line);
            }
            Err(why) => part.remarks.push((row.line, Remark::Refused, why)),
        }
    }
    let _ = parts.send(part);
    Ok(())
}

/// A hash that nobody here can check passwords against must not be taken for a password in clear.
fn drop_unknown_password(record: &mut Record, line: u64, remarks: &mut Vec<(u64, Remark, String)>) {
    if let Record::User(user) = record
        && let Some(Adopted::Unknown(scheme)) = user.password.as_deref().map(adopt)
    {
        user.password = None;
        let why = format!("the password of {}: nothing here can check one of the kind {scheme}", user.name);
        remarks.push((line, Remark::Lost, why));
    }
}

/// Tells what is refused or lost: `users.csv:17: refused: user already exists: ada`.
struct Report<'b> {
    name: String,
    file: Option<BufWriter<File>>,
    bar: &'b ProgressBar,
    /// The last line that has lost something.
    last_lossy: u64,
}

impl<'b> Report<'b> {
    fn new(name: &str, options: &BringOptions, bar: &'b ProgressBar) -> anyhow::Result<Report<'b>> {
        let file = options.report.as_ref().map(|path| {
            let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
            file.map(BufWriter::new).with_context(|| format!("create the report {}", path.display()))
        });
        Ok(Report { name: name.to_owned(), file: file.transpose()?, bar, last_lossy: 0 })
    }

    fn tell(&mut self, mut remarks: Vec<(u64, Remark, String)>, totals: &mut Totals) -> anyhow::Result<()> {
        remarks.sort_by_key(|(line, _, _)| *line);
        let mut text = String::new();
        for (line, remark, why) in remarks {
            let word = match remark {
                Remark::Refused => {
                    totals.refused += 1;
                    "refused"
                }
                Remark::Lost => {
                    totals.lossy += u64::from(line != self.last_lossy);
                    self.last_lossy = line;
                    "lost"
                }
            };
            // What a row holds may be anything; one remark is one line.
            let why: String = why.chars().flat_map(|c| escaped(c).collect::<Vec<_>>()).collect();
            text.push_str(&format!("{}:{line}: {word}: {why}\n", self.name));
        }
        match &mut self.file {
            Some(file) => file.write_all(text.as_bytes()).context("write the report"),
            None if text.is_empty() => Ok(()),
            None => {
                self.bar.suspend(|| say(text.trim_end_matches('\n')));
                Ok(())
            }
        }
    }

    fn end(self) -> anyhow::Result<()> {
        self.file.map_or(Ok(()), |mut file| file.flush().context("write the report"))
    }
}

fn escaped(c: char) -> Box<dyn Iterator<Item = char>> {
    if c.is_control() { Box::new(c.escape_default()) } else { Box::new(std::iter::once(c)) }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} created, {} updated, {} unchanged", self.created, self.updated, self.unchanged)?;
        for (count, one, more) in [
            (self.skipped, "skipped", "skipped"),
            (self.refused, "refused", "refused"),
            (self.lossy, "has lost something", "have lost something"),
            (self.groups, "group made on the way", "groups made on the way"),
            (self.waiting, "name in a group that is nobody's yet", "names in groups that are nobody's yet"),
        ] {
            if count > 0 {
                write!(f, ", {count} {}", if count == 1 { one } else { more })?;
            }
        }
        Ok(())
    }
}
