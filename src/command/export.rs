//! Users and groups to a file.

use super::bring::bar;
use super::result::print_result;
use super::{Usage, say, start_logging};
use crate::config::{ExportSettings, ResultFormat};
use crate::directory::{ExportOptions, count, export};
use crate::exchange::{Format, Record, Role, Writer};
use crate::json;
use crate::operator::exported;
use crate::store::{self, Snapshot};
use anyhow::{Context as _, anyhow};
use serde::Serialize;
use serde_json::json;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Writes one state of the directory to the file, also while a server runs, which neither waits nor is asked.
pub(super) fn run(settings: &ExportSettings) -> anyhow::Result<()> {
    start_logging(&settings.database);
    let path = settings.file.as_path();
    let Some(format) = settings.format.or_else(|| Format::of_path(path)) else {
        return Err(Usage(anyhow!(
            "--format: the name {} does not tell how to write it: csv, jsonl or ldif",
            path.display()
        ))
        .into());
    };
    let snapshot = Snapshot::open(&settings.database.db)?;
    if path == Path::new("-") {
        let (written, losses) = write(&snapshot, format, settings, std::io::stdout().lock())?;
        match settings.printing.result {
            ResultFormat::Text => say(&summary(written, losses)),
            ResultFormat::Json => say(&json::to_string(&object(path, written, losses))),
        }
        return Ok(());
    }
    store::refuse_database(&settings.database.db, path)?;
    let file = create(path, settings.force)?;
    let done = write(&snapshot, format, settings, file).and_then(|(written, losses)| {
        File::open(path)?.sync_all()?;
        Ok((written, losses))
    });
    let (written, losses) = done.with_context(|| format!("write {}", path.display())).inspect_err(|_| {
        // Nobody needs half of it.
        let _ = std::fs::remove_file(path);
    })?;
    let text = format!("{}: {}\n", path.display(), summary(written, losses));
    print_result(settings.printing.result, &text, &object(path, written, losses))
}

fn create(path: &Path, force: bool) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let opened = options.open(path).and_then(|file| {
        // The one that is overwritten may have been for others.
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(file)
    });
    opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow!("{} is there already (--force overwrites it)", path.display()),
        _ => anyhow::Error::new(error).context(format!("create {}", path.display())),
    })
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
