//! Users and groups from a live server of another kind.

use super::args::{ResultArgs, ResultFormat, Target};
use super::bring::{Source, bring_in, check_report, confirm_changes, destination};
use super::import_options::ImportOptions;
use super::output::print_status;
use super::progress::Progress;
use super::temp_files::remove_temp_files_on_signals;
use super::terminal::{PasswordPrompt, leave_signals};
use crate::formats::Rows;
use crate::import_sources::{self, DatadogKeys, NuxeoLogin};
use crate::settings::{Database, seconds};
use anyhow::bail;
use clap::{Args, Subcommand};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kind of server to import from.
#[derive(Debug, Subcommand)]
pub(super) enum PullCommand {
    /// Import users from Datadog's v1 Users API, which has no groups
    Datadog {
        #[command(flatten)]
        source: PullSource,
        /// API key
        #[arg(long, env = "DD_API_KEY", hide_env_values = true, value_name = "KEY")]
        api_key: String,
        /// Application key
        #[arg(long, env = "DD_APP_KEY", hide_env_values = true, value_name = "KEY")]
        app_key: String,
        #[command(flatten)]
        options: ImportOptions,
        #[command(flatten)]
        printing: ResultArgs,
        #[command(flatten)]
        target: PullTarget,
    },
    /// Import users, groups and memberships from a Nuxeo server
    Nuxeo {
        #[command(flatten)]
        source: PullSource,
        /// Login of an administrator there
        #[arg(long, env = "NUXEO_USER", value_name = "NAME", default_value = "Administrator")]
        user: String,
        /// Password of the administrator; a terminal is asked for it if neither it nor a token is given
        #[arg(long, env = "NUXEO_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
        password: Option<String>,
        /// Authentication token, instead of user and password
        #[arg(long, env = "NUXEO_TOKEN", hide_env_values = true, value_name = "TOKEN", conflicts_with = "password")]
        token: Option<String>,
        #[command(flatten)]
        options: ImportOptions,
        #[command(flatten)]
        printing: ResultArgs,
        #[command(flatten)]
        target: PullTarget,
    },
}

/// A live server.
#[derive(Debug, Clone, Args)]
pub(super) struct PullSource {
    /// URL of the server; for Nuxeo, up to and including /nuxeo
    #[arg(long, value_name = "URL")]
    pub(super) from: String,
    /// PEM file of trusted certificate authorities, instead of the well-known ones
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Seconds to wait for each answer, of this server and of the one that uses the database
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(super) timeout: Duration,
}

/// Which database a live server is copied to, and how to get there.
#[derive(Debug, Clone, Args)]
pub(super) struct PullTarget {
    #[command(flatten)]
    pub(super) database: Database,
    /// Say whether the file is worked on, or the server that holds it
    #[arg(short, long)]
    pub(super) verbose: bool,
}

impl PullTarget {
    /// The same, with the time to wait for an answer of the server that holds the database.
    pub(super) fn waiting(&self, timeout: Duration) -> Target {
        Target { database: self.database.clone(), verbose: self.verbose, timeout }
    }
}

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
    options: &ImportOptions,
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
    print_status("passwords stay where they were: new users cannot log in before they have one here");
    done
}
