//! Users and groups to a file.

use super::args::{FileResultArgs, ResultFormat};
use super::bring::bar;
use super::open_store::start_logging;
use super::output::print_status;
use super::result::print_result;
use super::temp_files::remove_temp_files_on_signals;
use super::usage_error::UsageError;
use crate::admin::exported;
use crate::directory::{ExportOptions, count, export};
use crate::files::database_path::refuse_database_path;
use crate::files::{self, Destination};
use crate::formats::{Format, Record, Role, Writer};
use crate::json;
use crate::settings::Database;
use crate::store::Snapshot;
use anyhow::{Context as _, anyhow};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Settings of an export.
#[derive(Debug, Clone, Args)]
pub(super) struct ExportArgs {
    /// File to write, readable by its owner only; - for standard output
    pub(super) file: PathBuf,
    /// Format of the file, if its name does not end in it: csv, jsonl or ldif
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Overwrite an existing file
    #[arg(long)]
    pub(super) force: bool,
    /// Include password hashes
    #[arg(long)]
    pub(super) with_passwords: bool,
    /// Base of the distinguished names in LDIF
    #[arg(long, value_name = "DN", default_value = "dc=rollbook")]
    pub(super) base: String,
    #[command(flatten)]
    pub(super) printing: FileResultArgs,
    #[command(flatten)]
    pub(super) database: Database,
}

/// Writes one state of the directory to the file, also while a server runs, which neither waits nor is asked.
pub(super) fn run(args: &ExportArgs) -> anyhow::Result<()> {
    start_logging(&args.database);
    remove_temp_files_on_signals()?;
    let path = args.file.as_path();
    let Some(format) = args.format.or_else(|| Format::of_path(path)) else {
        return Err(UsageError(anyhow!(
            "--format: the name {} does not tell how to write it: csv, jsonl or ldif",
            path.display()
        ))
        .into());
    };
    let snapshot = Snapshot::open(&args.database.db)?;
    let destination = Destination::find(path, args.force)?;
    if !files::is_dash(path) {
        refuse_database_path(&args.database.db, path)?;
    }
    let to_stdout = destination == Destination::Stdout;
    let done = destination.open().and_then(|mut out| {
        let done = write(&snapshot, format, args, &mut out)?;
        out.finish()?;
        Ok(done)
    });
    let (written, losses) = done.with_context(|| format!("write {}", path.display()))?;
    let object = object(path, written, losses);
    if to_stdout {
        match args.printing.result {
            ResultFormat::Text => print_status(&summary(written, losses)),
            ResultFormat::Json => print_status(&json::to_string(&object)),
        }
        return Ok(());
    }
    let text = format!("{}: {}\n", path.display(), summary(written, losses));
    print_result(args.printing.result, &text, &object)
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
fn write(snapshot: &Snapshot, format: Format, args: &ExportArgs, out: impl Write) -> anyhow::Result<(u64, u64)> {
    let bar = bar(count(snapshot)?, "{elapsed_precise} [{wide_bar}] {percent}% {pos} users and groups");
    let mut writer = Writer::new(format, BufWriter::with_capacity(1 << 18, out), &args.base)?;
    let options = ExportOptions { members_with_groups: format == Format::Ldif, passwords: args.with_passwords };
    let (mut written, mut lossy) = (0, 0);
    export(snapshot, options, &mut |thing| {
        let (mut record, counts) = exported(thing);
        if format == Format::Ldif {
            leave_out_defaults(&mut record);
        }
        let losses = writer.write(&record)?;
        if !losses.is_empty() {
            lossy += 1;
            bar.suspend(|| losses.iter().for_each(|loss| print_status(&format!("lost: {}: {loss}", named(&record)))));
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
