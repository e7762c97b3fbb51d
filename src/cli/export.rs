//! Users and groups to a file.

use super::bring::bar;
use super::result::print_result;
use super::temp_files::remove_temp_files_on_signals;
use super::{Usage, say, start_logging};
use crate::admin::exported;
use crate::directory::{ExportOptions, count, export};
use crate::files::database_path::refuse_database_path;
use crate::files::{self, Destination};
use crate::formats::{Format, Record, Role, Writer};
use crate::json;
use crate::settings::{ExportSettings, ResultFormat};
use crate::store::Snapshot;
use anyhow::{Context as _, anyhow};
use serde::Serialize;
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes one state of the directory to the file, also while a server runs, which neither waits nor is asked.
pub(super) fn run(settings: &ExportSettings) -> anyhow::Result<()> {
    start_logging(&settings.database);
    remove_temp_files_on_signals()?;
    let path = settings.file.as_path();
    let Some(format) = settings.format.or_else(|| Format::of_path(path)) else {
        return Err(Usage(anyhow!(
            "--format: the name {} does not tell how to write it: csv, jsonl or ldif",
            path.display()
        ))
        .into());
    };
    let snapshot = Snapshot::open(&settings.database.db)?;
    let destination = Destination::find(path, settings.force)?;
    if !files::is_dash(path) {
        refuse_database_path(&settings.database.db, path)?;
    }
    let to_stdout = destination == Destination::Stdout;
    let done = destination.open().and_then(|mut out| {
        let done = write(&snapshot, format, settings, &mut out)?;
        out.finish()?;
        Ok(done)
    });
    let (written, losses) = done.with_context(|| format!("write {}", path.display()))?;
    let object = object(path, written, losses);
    if to_stdout {
        match settings.printing.result {
            ResultFormat::Text => say(&summary(written, losses)),
            ResultFormat::Json => say(&json::to_string(&object)),
        }
        return Ok(());
    }
    let text = format!("{}: {}\n", path.display(), summary(written, losses));
    print_result(settings.printing.result, &text, &object)
}

/// The summary for programs.
fn object(path: &Path, written: u64, losses: u64) -> impl Serialize {
    json!({ "file": path.to_string_lossy(), "records": written, "lossy": losses })
}

fn summary(written: u64, losses: u64) -> String {
    let plural = if written == 1 { "" } else { "s" };
    if losses == 0 {
        format!("wrote {written} record{plural}")
    } else {
        format!("wrote {written} record{plural}, {losses} of which have lost something")
    }
}

/// Returns how many records there were, and how many have lost something, which is told.
fn write(
    snapshot: &Snapshot,
    format: Format,
    settings: &ExportSettings,
    out: impl Write,
) -> anyhow::Result<(u64, u64)> {
    let bar = bar(count(snapshot)?, "{elapsed_precise} [{wide_bar}] {percent}% {pos} users and groups");
    let mut writer = Writer::new(format, BufWriter::with_capacity(1 << 18, out), &settings.base)?;
    let options = ExportOptions { members_with_groups: format == Format::Ldif, passwords: settings.with_passwords };
    let (mut written, mut lossy) = (0, 0);
    export(snapshot, options, &mut |thing| {
        let (mut record, counts) = exported(thing);
        if format == Format::Ldif {
            leave_out_defaults(&mut record);
        }
        let losses = writer.write(&record)?;
        if !losses.is_empty() {
            lossy += 1;
            bar.suspend(|| losses.iter().for_each(|loss| say(&format!("lost: {}: {loss}", named(&record)))));
        }
        written += 1;
        if counts {
            bar.inc(1);
        }
        Ok(())
    })?;
    let mut out = writer.finish()?;
    out.flush()?;
    bar.finish_and_clear();
    Ok((written, lossy))
}

/// What a new user is anyway need not be said where there is no place for it.
fn leave_out_defaults(record: &mut Record) {
    if let Record::User(user) = record {
        user.role = user.role.filter(|role| *role == Role::Read);
        user.disabled = user.disabled.filter(|disabled| *disabled);
        user.verified = user.verified.filter(|verified| *verified);
        user.joined = None;
    }
}

/// What a message calls a record.
fn named(record: &Record) -> String {
    match record {
        Record::User(user) => format!("user {}", user.name),
        Record::Group(group) => format!("group {}", group.name),
        Record::Member(member) => format!("member {} of {}", member.user.shown(), member.group.shown()),
        Record::Subgroup(member) => format!("subgroup {} of {}", member.subgroup.shown(), member.group.shown()),
    }
}
