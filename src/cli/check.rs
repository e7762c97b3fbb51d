//! The command `check`.

use super::admin_client::{AdminClient, copy_through_server};
use super::args::{Consent, ResultArgs, ResultFormat, Target};
use super::open_store::start_logging;
use super::output::print;
use super::progress::Progress;
use super::result::print_result;
use super::temp_files::remove_temp_files_on_signals;
use super::terminal::confirm;
use crate::admin::RemovedPropertyView;
use crate::admin::procedure::REMOVE_ANSWERED_PROPERTIES;
use crate::directory;
use crate::store::{Snapshot, TempDatabase};
use anyhow::bail;
use clap::Args;
use serde_json::json;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Remove extra properties whose names are names of fields, and print them
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    printing: ResultArgs,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    consent: Consent,
}

/// Checks the database, or repairs it.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let format = args.printing.format;
    if args.repair { repair(&args.target, args.consent, format) } else { check(&args.target, format) }
}

fn check(target: &Target, format: ResultFormat) -> anyhow::Result<()> {
    let database = &target.database;
    start_logging(database);
    remove_temp_files_on_signals()?;
    let progress = Progress::start(&format!("checking {}", database.db.display()));
    let copied = copy_through_server(target);
    let snapshot = Snapshot::open(copied.as_ref().map_or(&database.db, TempDatabase::path))?;
    let findings = directory::check(&snapshot);
    let notes = match directory::notes(&snapshot) {
        Err(_) if !findings.is_empty() => Vec::new(),
        notes => notes?,
    };
    drop(progress);
    let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let mut object = json!({ "ok": findings.is_empty(), "findings": findings, "notes": notes });
    if findings.is_empty() {
        let counts = snapshot.rows().counts()?;
        for (name, count) in [
            ("users", counts.users),
            ("groups", counts.groups),
            ("memberships", counts.memberships),
            ("credentials", counts.credentials),
        ] {
            object[name] = json!(count);
        }
        return print_result(format, &format!("{}ok: {counts}\n", lines(&notes)), &object);
    }
    print_result(format, &format!("{}{}", lines(&notes), lines(&findings)), &object)?;
    bail!(
        "{} has integrity errors: {} (--repair removes properties with names of fields; otherwise restore a \
        backup with rollbook restore)",
        database.db.display(),
        findings.len()
    )
}

/// Removes properties that earlier versions have stored and this version does not return, and prints them.
fn repair(target: &Target, consent: Consent, format: ResultFormat) -> anyhow::Result<()> {
    let name = target.database.db.display();
    confirm(consent.yes, &format!("remove the extra properties of {name} whose names are names of fields?"))?;
    let mut client = AdminClient::open(target)?;
    // Printed properties show the progress already.
    let progress = (format == ResultFormat::Json).then(|| Progress::start(&format!("repairing {name}")));
    let (mut count, mut all) = (0, Vec::new());
    let mut printed = Ok(());
    loop {
        let removed = client.call(&REMOVE_ANSWERED_PROPERTIES, ())?;
        if removed.is_empty() {
            drop(progress);
            let text = format!("removed {count} properties\n");
            return printed.and_then(|()| print_result(format, &text, &json!({ "removed": all })));
        }
        count += removed.len();
        match format {
            ResultFormat::Json => all.extend(removed),
            // The repair goes on if the output cannot be written.
            ResultFormat::Text => {
                let line = |RemovedPropertyView { kind, owner, name, value }: &RemovedPropertyView| {
                    print(&format!("{kind} {owner:?}: removed {name:?}: {}\n", value.as_str()))
                };
                printed = printed.and_then(|()| removed.iter().try_for_each(line));
            }
        }
    }
}
