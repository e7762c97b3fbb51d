//! Users and groups from a live server of another kind.

use super::bring::{Source, bring_in, check_report, confirm_changes, destination};
use super::progress::Progress;
use super::say;
use super::temp_files::remove_temp_files_on_signals;
use super::terminal::{PasswordPrompt, leave_signals};
use crate::formats::Rows;
use crate::import_sources::{self, DatadogKeys, NuxeoLogin};
use crate::settings::{BringOptions, PullCommand, PullSource, ResultFormat, Target};
use anyhow::bail;
use std::io::IsTerminal as _;
use std::path::Path;

/// Copies what is there.
pub(super) fn run(command: PullCommand) -> anyhow::Result<()> {
    match command {
        PullCommand::Datadog { source, api_key, app_key, options, printing, target } => {
            check_report(&options, &target.database.db, None)?;
            confirm_changes(&options, &target.waiting(source.timeout))?;
            let progress = Progress::of_rows(&format!("reading {}", source.from));
            let rows = import_sources::datadog(&source_of(&source), &DatadogKeys { api_key, app_key })?;
            bring(&source, progress, rows, &options, &target.waiting(source.timeout), printing.format)
        }
        PullCommand::Nuxeo { source, user, password, token, options, printing, target } => {
            check_report(&options, &target.database.db, None)?;
            confirm_changes(&options, &target.waiting(source.timeout))?;
            let login = match (token, password) {
                (Some(token), _) => NuxeoLogin::Token(token),
                (None, Some(password)) => NuxeoLogin::Basic { user, password },
                (None, None) if std::io::stdin().is_terminal() => {
                    let password = PasswordPrompt::open()?.ask(&format!("Password of {user} at {}: ", source.from))?;
                    NuxeoLogin::Basic { user, password }
                }
                (None, None) => bail!("there is neither a password nor a token: set NUXEO_PASSWORD or NUXEO_TOKEN"),
            };
            let progress = Progress::of_rows(&format!("reading {}", source.from));
            let rows = import_sources::nuxeo(&source_of(&source), &login)?;
            bring(&source, progress, rows, &options, &target.waiting(source.timeout), printing.format)
        }
    }
}

fn source_of(source: &PullSource) -> import_sources::Source {
    import_sources::Source { from: source.from.clone(), ca: source.ca.clone(), timeout: source.timeout }
}

/// Brings in what is there.
fn bring(
    source: &PullSource,
    progress: Progress,
    rows: Rows,
    options: &BringOptions,
    target: &Target,
    format: ResultFormat,
) -> anyhow::Result<()> {
    remove_temp_files_on_signals()?;
    leave_signals();
    let folder = target.database.db.parent().unwrap_or(Path::new("."));
    let rows = Source::of_rows(&source.from, progress.count(rows), folder)?;
    drop(progress);
    let mut client = destination(options, target)?;
    let done = bring_in(&mut client, &rows, options, true, format);
    say("passwords stay where they were: new users cannot log in before they have one here");
    done
}
