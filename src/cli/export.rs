//! The command `export`: users and groups to a file.

use super::args::{FileResultArgs, ResultFormat};
use super::open_store::start_logging;
use super::output::print_status;
use super::progress::bar;
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

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
pub(super) struct ExportArgs {
    /// File to write, readable by its owner only; - for standard output
    pub(super) file: PathBuf,
    /// Format of the file: csv, jsonl or ldif. By default the ending of the file name decides
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Overwrite an existing file
    #[arg(long)]
    pub(super) force: bool,
    /// Include password hashes
    #[arg(long)]
    pub(super) with_passwords: bool,
    /// Base DN of the entries in LDIF
    #[arg(long, value_name = "DN", default_value = "dc=rollbook")]
    pub(super) base: String,
    #[command(flatten)]
    pub(super) printing: FileResultArgs,
    #[command(flatten)]
    pub(super) database: Database,
}

/// Writes one snapshot of the directory to the file. A running server is neither blocked nor involved.
pub(super) fn run(args: &ExportArgs) -> anyhow::Result<()> {
    start_logging(&args.database);
    remove_temp_files_on_signals()?;
    let path = args.file.as_path();
    let Some(format) = args.format.or_else(|| Format::of_path(path)) else {
        return Err(UsageError(anyhow!(
            "--format is needed because the name of the file {} does not show whether it is csv, jsonl or ldif",
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
        format!("wrote {written} record{plural}, {losses} of them with lost values")
    }
}

/// Returns the number of records, and the number of records with lost values. Prints each lost value.
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

/// Removes values that a new user has by default, because standard LDIF has no attributes for them.
fn leave_out_defaults(record: &mut Record) {
    if let Record::User(user) = record {
        user.role = user.role.filter(|role| *role == Role::Read);
        user.disabled = user.disabled.filter(|disabled| *disabled);
        user.verified = user.verified.filter(|verified| *verified);
        user.joined = None;
    }
}

/// The record in a message.
fn named(record: &Record) -> String {
    match record {
        Record::User(user) => format!("user {}", user.name),
        Record::Group(group) => format!("group {}", group.name),
        Record::Member(member) => format!("member {} of {}", member.user.shown(), member.group.shown()),
        Record::Subgroup(member) => format!("subgroup {} of {}", member.subgroup.shown(), member.group.shown()),
    }
}
