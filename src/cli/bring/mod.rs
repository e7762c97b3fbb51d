//! Bringing users and groups in, from wherever they come, with a report of what is refused, missing or lost.
//!
//! An import passes over its input several times, so that its result does not depend on the order of the rows: first to
//! see what there is, then for the groups, the users, and the memberships. Each pass stores parts of some rows, each in a
//! transaction that remembers how far the import has come and what has become of its rows.

mod claims;
mod mapping;
mod password;
mod reading;
mod report;
mod source;
mod survey;
mod withheld;

pub(super) use source::Source;

use super::admin_client::AdminClient;
use super::args::{ResultFormat, Target};
use super::import_options::{ImportOptions, PasswordsArg};
use super::output::print_status;
use super::result::print_result;
use super::terminal::confirm;
use crate::admin::{AdminRequest, Batch, ImportProgressView, Phase, ShownImport};
use crate::directory::Conflict;
use crate::files;
use crate::files::database_path::refuse_database_path;
use crate::formats::Remark;
use crate::json;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use reading::{Done, Pass, read};
use report::Report;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use survey::{Survey, survey};
use withheld::Withheld;

/// Parts that are read ahead.
const PARTS_AHEAD: usize = 2;
/// Passes over the input.
const PASSES: u64 = Phase::ALL.len() as u64;

/// Numbers of rows by their outcome.
#[derive(Default)]
struct Totals {
    created: u64,
    updated: u64,
    unchanged: u64,
    skipped: u64,
    refused: u64,
    missing: u64,
    lossy: u64,
    groups: u64,
    waiting: u64,
    /// The input has no end.
    cut_off: bool,
    /// The attributes, columns or keys that logins come from, and how many of them.
    logins: Vec<(String, u64)>,
}

/// Refuses, before anything is read, a report in place of the database or of the input.
///
/// # Errors
/// When it is one of these, or its folder cannot be found.
pub(super) fn check_report(options: &ImportOptions, database: &Path, input: Option<&Path>) -> anyhow::Result<()> {
    let Some(report) = options.report.as_ref().filter(|report| !files::is_dash(report)) else { return Ok(()) };
    if input.is_some_and(|input| same_file(input, report)) {
        bail!("the report {} is the input itself: --report has to name another file", report.display());
    }
    refuse_database_path(database, report).with_context(|| format!("create the report {}", report.display()))
}

/// Asks, at a terminal, before an import changes what is there already.
///
/// # Errors
/// When the answer is not yes.
pub(super) fn confirm_changes(options: &ImportOptions, target: &Target) -> anyhow::Result<()> {
    let database = &target.database.db;
    if options.dry_run || options.on_conflict != Conflict::Update || !database.exists() {
        return Ok(());
    }
    let question = format!("change the users and groups of {} that the input names?", database.display());
    confirm(options.consent.yes, &question)
}

fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some() && real(one) == real(other)
}

/// Where to bring it: the directory, or for a dry run a copy of it.
///
/// # Errors
/// Those of [`AdminClient::open_or_create`] and [`AdminClient::open_copy`].
pub(super) fn destination(options: &ImportOptions, target: &Target) -> anyhow::Result<AdminClient> {
    let client =
        if options.dry_run { AdminClient::open_copy(target)? } else { AdminClient::open_or_create(target, None)? };
    Ok(client.keeping_tokens(options.keep_tokens))
}

/// An import.
struct Bringing<'b> {
    client: &'b mut AdminClient,
    source: &'b Source,
    /// See [`digest_of`].
    digest: [u8; 32],
    options: &'b ImportOptions,
    survey: Survey,
    /// Where the order of all memberships was when the import began.
    base: i64,
    /// How far it had come before.
    before: Option<ImportProgressView>,
    withheld: Withheld,
    /// The numbers of rows that are left for the last phase.
    deferred: HashSet<u64>,
    report: Report<'b>,
    bar: &'b ProgressBar,
    totals: Totals,
    /// Rows that were stored or refused.
    rows: u64,
}

/// Imports the whole input. `restart` ignores an interrupted import of the same input.
///
/// # Errors
/// The input cannot be read to its end, or the directory cannot be written. After all other rows: rows were refused, or
/// users or groups are missing.
pub(super) fn bring_in(
    client: &mut AdminClient,
    source: &Source,
    options: &ImportOptions,
    restart: bool,
    format: ResultFormat,
) -> anyhow::Result<()> {
    let (name, digest) = (source.name.clone(), digest_of(source, options));
    let bar = bar(source.bytes * PASSES, "{elapsed_precise} [{wide_bar}] {percent}% {msg}, {eta} to go");
    let mut report = Report::new(&name, options.report.as_deref(), &bar)?;
    let mut totals = Totals::default();
    let survey = match survey(source, options, &mut report, &bar).with_context(|| format!("read {name}")) {
        Ok(survey) => survey,
        Err(error) => {
            bar.finish_and_clear();
            report.end()?;
            return Err(error);
        }
    };
    (totals.refused, totals.missing, totals.lossy) = (survey.refused, survey.missing, survey.lossy);
    totals.cut_off = survey.cut_off;
    totals.logins.clone_from(&survey.logins);
    let before = progress_before(client, digest, restart, &name, &bar)?;
    let (base, waiting): (i64, u64) = match &before {
        Some(before) => (before.base.unwrap_or(0), before.waiting),
        None => client.send(AdminRequest::BeginImport { digest, places: survey.places })?,
    };
    let (withheld, deferred, rows) = (Withheld::default(), HashSet::new(), 0);
    let mut bringing = Bringing {
        client,
        source,
        digest,
        options,
        survey,
        base,
        before,
        withheld,
        deferred,
        report,
        bar: &bar,
        totals,
        rows,
    };
    let brought = Phase::ALL.into_iter().try_for_each(|phase| bringing.bring_phase(phase));
    let Bringing { client, report, mut totals, .. } = bringing;
    bar.finish_and_clear();
    report.end()?;
    brought?;
    source.require_unchanged()?;
    totals.waiting = client.send::<u64>(AdminRequest::WaitingNames)?.saturating_sub(waiting);
    client.send::<()>(AdminRequest::EndImport { digest })?;
    let text = format!("{name}: {}{totals}\n", if options.dry_run { "a dry run, nothing is changed: " } else { "" });
    print_result(format, &text, &totals.object(&name, options.dry_run))?;
    totals.verdict(options.dry_run)
}

/// How far an import of the same input has come that was broken off. `restart`: it does not count.
fn progress_before(
    client: &mut AdminClient,
    digest: [u8; 32],
    restart: bool,
    name: &str,
    bar: &ProgressBar,
) -> anyhow::Result<Option<ImportProgressView>> {
    let mut before: Option<ImportProgressView> = client.send(AdminRequest::ImportProgress { digest })?;
    if restart && before.take().is_some() {
        client.send::<()>(AdminRequest::EndImport { digest })?;
    }
    if let Some(ImportProgressView { line, .. }) = &before
        && *line > 0
    {
        bar.suspend(|| {
            print_status(&format!(
                "{name}: going on after line {line}, up to which it was brought in before (--restart begins anew)"
            ));
        });
    }
    // An import that was interrupted before its first part starts from the beginning: memberships that were made since
    // then have taken its places in the order.
    Ok(before.filter(|before| before.phase > 0 || before.base.is_none()))
}

/// The digest of an input and of what it is taken for. An import that goes on has to take it for the same.
fn digest_of(source: &Source, options: &ImportOptions) -> [u8; 32] {
    let ImportOptions { passwords, map_group, keep_tokens, .. } = options;
    if *passwords == PasswordsArg::Guess && map_group.is_empty() && !keep_tokens {
        return source.digest;
    }
    let how = format!("{passwords:?} {map_group:?} {keep_tokens}");
    Sha256::new().chain_update(source.digest).chain_update(how).finalize().into()
}

impl Bringing<'_> {
    /// Brings the rows of one phase in.
    fn bring_phase(&mut self, phase: Phase) -> anyhow::Result<()> {
        if self.survey.last_row(phase, &self.deferred) == 0 {
            return Ok(());
        }
        let done = self.done(phase);
        let (skipped, refused) = self.repeat_results(phase)?;
        let (rows, passwords) = (self.options.batch, self.options.passwords);
        let deferred = self.deferred.clone();
        let pass = Pass { phase, done, rows, skipped, refused, passwords, deferred };
        let (send, parts) = sync_channel(PARTS_AHEAD);
        let (source, survey) = (self.source, std::mem::take(&mut self.survey));
        let withheld = std::mem::take(&mut self.withheld);
        let mut brought = Ok(());
        // Reading goes on while the last part is written.
        let read = std::thread::scope(|scope| {
            let reader = std::thread::Builder::new()
                .name("reader".to_owned())
                .spawn_scoped(scope, move || read(source, pass, survey, withheld, &send))
                .context("start the thread that reads")?;
            for part in parts {
                brought = self.bring_part(phase, part);
                if brought.is_err() {
                    // The reader ends when it cannot send its next part.
                    break;
                }
            }
            reader.join().unwrap_or_else(|_| bail!("reading has panicked"))
        });
        brought?;
        let (survey, withheld) = read.with_context(|| format!("read {}", self.source.name))?;
        (self.survey, self.withheld) = (survey, withheld.joined_with(std::mem::take(&mut self.withheld)));
        Ok(())
    }

    /// The rows of a phase that an interrupted import has imported.
    fn done(&self, phase: Phase) -> Done {
        match &self.before {
            // An earlier version of this program has brought all of it in at once.
            Some(before) if before.base.is_none() => Done::Line(before.line),
            Some(before) if phase.number() < before.phase => Done::Row(u64::MAX),
            Some(before) if phase.number() == before.phase => Done::Row(before.row),
            None | Some(_) => Done::Row(0),
        }
    }

    /// Tells the results of the parts of a phase that were stored before. Returns the rows that were skipped, and those
    /// that were refused.
    fn repeat_results(&mut self, phase: Phase) -> anyhow::Result<(HashSet<u64>, HashSet<u64>)> {
        let (mut skipped, mut refused) = (HashSet::new(), HashSet::new());
        let parts = self.before.as_mut().map(|before| std::mem::take(&mut before.parts)).unwrap_or_default();
        for (number, result) in parts.iter().filter(|(number, _)| *number == phase.number()) {
            let result: ShownImport = json::decode(result.as_str().as_bytes())
                .with_context(|| format!("read the results of phase {number}"))?;
            skipped.extend(&result.skipped);
            refused.extend(result.refused.iter().map(|(row, ..)| *row));
            self.take_result(result)?;
        }
        if let Some(before) = &mut self.before {
            before.parts = parts;
        }
        Ok((skipped, refused))
    }

    fn bring_part(&mut self, phase: Phase, part: reading::Part) -> anyhow::Result<()> {
        let reading::Part { records, rows, refused, remarks, last, bytes, mut owners } = part;
        self.rows += records.len() as u64;
        self.totals.refused += refused.len() as u64;
        for (line, why) in refused {
            self.report.refuse(line, &why)?;
        }
        for (line, remark) in remarks {
            self.totals.missing += 1;
            self.report.note(line, remark)?;
        }
        if !records.is_empty() {
            let result: ShownImport = self.client.send(AdminRequest::Import(Box::new(Batch {
                records,
                rows,
                conflict: self.options.on_conflict,
                create_groups: self.options.create_groups,
                base: self.base,
                digest: self.digest,
                phase,
                last,
            })))?;
            self.withheld.add(&mut owners, &result);
            self.take_result(result)?;
        }
        self.bar.set_position(self.source.bytes * u64::from(phase.number()) + bytes);
        self.bar.set_message(format!("{} rows", self.rows));
        Ok(())
    }

    /// Counts and tells what has become of a part.
    fn take_result(&mut self, result: ShownImport) -> anyhow::Result<()> {
        let totals = &mut self.totals;
        totals.created += result.created;
        totals.updated += result.updated;
        totals.unchanged += result.unchanged;
        totals.skipped += result.skipped.len() as u64;
        totals.refused += result.refused.len() as u64;
        totals.missing += result.missing.len() as u64;
        totals.groups += result.groups;
        self.deferred.extend(result.deferred);
        for (_, line, why) in result.refused {
            self.report.refuse(line, &why)?;
        }
        for (line, why, about) in result.missing {
            self.report.note(line, Remark::missing(why).about(about))?;
        }
        Ok(())
    }
}

/// A bar of that length that looks so. On anything but a terminal nothing is drawn.
pub(super) fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

impl Totals {
    /// The totals for programs.
    fn object(&self, input: &str, dry_run: bool) -> impl Serialize {
        let logins = self.logins.iter().map(|(from, count)| json!({ "from": from, "count": count }));
        json!({
            "input": input, "dry_run": dry_run, "created": self.created, "updated": self.updated,
            "unchanged": self.unchanged, "skipped": self.skipped, "refused": self.refused, "missing": self.missing,
            "lossy": self.lossy, "groups_made": self.groups, "names_waiting": self.waiting, "cut_off": self.cut_off,
            "logins": logins.collect::<Vec<_>>(),
        })
    }

    /// The last word: whether something is refused or missing.
    fn verdict(&self, dry_run: bool) -> anyhow::Result<()> {
        let refused = match (self.refused, dry_run) {
            (0, _) => None,
            (1, false) => Some("1 row was refused".to_owned()),
            (refused, false) => Some(format!("{refused} rows were refused")),
            (1, true) => Some("1 row would be refused".to_owned()),
            (refused, true) => Some(format!("{refused} rows would be refused")),
        };
        let missing = match (self.missing, dry_run) {
            (0, _) => None,
            (missing, false) => Some(format!("{missing} missing: people, groups or memberships")),
            (missing, true) => Some(format!("{missing} would be missing: people, groups or memberships")),
        };
        let cut_off = self.cut_off.then(|| "the file was cut off".to_owned());
        let wrong: Vec<String> = [cut_off, refused, missing].into_iter().flatten().collect();
        match wrong.split_last() {
            None => Ok(()),
            Some((last, [])) => bail!("{last}"),
            Some((last, others)) => bail!("{}, and {last}", others.join(", ")),
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} created, {} updated, {} unchanged", self.created, self.updated, self.unchanged)?;
        for (count, one, more) in [
            (self.skipped, "skipped", "skipped"),
            (self.refused, "refused", "refused"),
            (self.missing, "missing", "missing"),
            (self.lossy, "has lost something", "have lost something"),
            (self.groups, "group made on the way", "groups made on the way"),
            (self.waiting, "name in a group that is nobody's yet", "names in groups that are nobody's yet"),
        ] {
            if count > 0 {
                write!(f, ", {count} {}", if count == 1 { one } else { more })?;
            }
        }
        if self.cut_off {
            write!(f, ", the file was cut off")?;
        }
        if !self.logins.is_empty() {
            let logins: Vec<_> = self.logins.iter().map(|(name, count)| format!("{name} ({count})")).collect();
            write!(f, ", logins from {}", logins.join(", "))?;
        }
        Ok(())
    }
}
