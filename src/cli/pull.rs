//! The commands `pull …`: users and groups from a running server of another product.

use super::args::{ResultArgs, ResultFormat, Target};
use super::import_options::ImportOptions;
use super::import_steps::{check_report, confirm_changes, import_and_report, open_destination};
use super::output::print_status;
use super::progress::Progress;
use super::temp_files::remove_temp_files_on_signals;
use super::terminal::{PasswordPrompt, leave_signals};
use crate::admin::ImportSource;
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
    /// Import users from the Datadog v1 Users API, which has no groups
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
        /// Login of an administrator of the Nuxeo server
        #[arg(long, env = "NUXEO_USER", value_name = "NAME", default_value = "Administrator")]
        user: String,
        /// Password of the administrator. Without a password and a token, the command asks at the terminal
        #[arg(long, env = "NUXEO_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
        password: Option<String>,
        /// Authentication token instead of user and password
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

/// The server to import from.
#[derive(Debug, Clone, Args)]
pub(super) struct PullSource {
    /// URL of the server; for Nuxeo up to and including /nuxeo
    #[arg(long, value_name = "URL")]
    pub(super) from: String,
    /// PEM file with trusted certificate authorities instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Seconds to wait for each response, of this server and of the running Rollbook server
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(super) timeout: Duration,
}

/// The database that a server is imported into.
#[derive(Debug, Clone, Args)]
pub(super) struct PullTarget {
    #[command(flatten)]
    pub(super) database: Database,
    /// Print whether the command opens the database file or works through the running server
    #[arg(short, long)]
    pub(super) verbose: bool,
}

impl PullTarget {
    /// The target of other commands, with the time to wait for a response of the running server.
    pub(super) fn waiting(&self, timeout: Duration) -> Target {
        Target { database: self.database.clone(), verbose: self.verbose, timeout }
    }
}

/// Imports from the server.
pub(super) fn run(command: PullCommand) -> anyhow::Result<()> {
    match command {
        PullCommand::Datadog { source, api_key, app_key, options, printing, target } => {
            check_report(&options, &target.database.db, None)?;
            confirm_changes(&options, &target.waiting(source.timeout))?;
            let progress = Progress::of_rows(&format!("reading {}", source.from));
            let rows = import_sources::datadog(&source_of(&source), &DatadogKeys { api_key, app_key })?;
            import_rows(&source, progress, rows, &options, &target.waiting(source.timeout), printing.format)
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
                (None, None) => bail!("no password and no token: set NUXEO_PASSWORD or NUXEO_TOKEN"),
            };
            let progress = Progress::of_rows(&format!("reading {}", source.from));
            let rows = import_sources::nuxeo(&source_of(&source), &login)?;
            import_rows(&source, progress, rows, &options, &target.waiting(source.timeout), printing.format)
        }
    }
}

fn source_of(source: &PullSource) -> import_sources::Source {
    import_sources::Source { from: source.from.clone(), ca: source.ca.clone(), timeout: source.timeout }
}

/// Imports the rows of the server.
fn import_rows(
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
    let rows = ImportSource::of_rows(&source.from, progress.count(rows), folder)?;
    drop(progress);
    let mut client = open_destination(options, target)?;
    let done = import_and_report(&mut client, &rows, options, true, format);
    print_status("passwords were not imported: set a password for each new user who has to log in");
    done
}
