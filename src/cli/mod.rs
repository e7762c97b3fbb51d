//! The subcommands.

mod admin_client;
mod bring;
mod change_log;
mod database;
mod export;
mod first_start;
mod group;
mod import;
mod key;
mod open_store;
mod parent_process;
mod progress;
mod pull;
mod ready_line;
mod result;
mod serve;
mod settings;
mod signals;
mod stdout;
mod table;
mod temp_files;
mod terminal;
mod user;
mod watchdog;

use crate::files::database_path::DatabaseMissing;
use crate::logging;
use crate::server::{Endpoint, probe_health};
use crate::settings::{Command, CommandLine, Database, ResultFormat, Setting};
use anyhow::{Context as _, anyhow, bail};
use serde_json::json;
use std::io::Write as _;
use std::time::Duration;
pub use stdout::has_lost_reader;
use stdout::print;

/// A mistake in how the program was called, as opposed to something that went wrong.
#[derive(Debug)]
pub struct Usage(anyhow::Error);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Usage {}

/// Does what the command line says.
///
/// # Errors
/// What went wrong, as a chain of sentences; [`Usage`] when it was the command line.
pub fn run(line: CommandLine) -> anyhow::Result<()> {
    let CommandLine { command, settings, warnings, .. } = line;
    if takes_settings(&command) {
        warnings.iter().for_each(|warning| say(&format!("rollbook: warning: {warning}")));
    }
    carry_out(command, &settings, &warnings).map_err(|error| {
        if error.chain().any(|cause| cause.is::<DatabaseMissing>()) {
            return anyhow!("{error:#}: --db names another one, rollbook serve makes one");
        }
        error
    })
}

fn carry_out(command: Command, settings: &[Setting], warnings: &[String]) -> anyhow::Result<()> {
    match command {
        Command::Serve(serve) => serve::serve(&serve, warnings),
        Command::Settings { serve, format } => settings::show(&serve, settings, format),
        Command::User { command } => user::run(command),
        Command::Group { command } => group::run(command),
        Command::Key { command } => key::run(command),
        Command::Passwd { user, keep_tokens, printing, target, rules } => {
            key::set_password(&target, &rules, &user, keep_tokens, printing.format)
        }
        Command::Import(settings) => import::run(&settings),
        Command::Pull { command } => pull::run(command),
        Command::Export(settings) => export::run(&settings),
        Command::Log(asked) => change_log::run(&asked),
        Command::Backup { file, force, keep, printing, target } => {
            database::back_up(&target, file.as_deref(), force, keep, printing.format)
        }
        Command::Restore { file, printing, database, consent } => {
            database::restore(&database, &file, consent, printing.format)
        }
        Command::Check { repair: false, printing, target, .. } => database::check(&target, printing.format),
        Command::Check { repair: true, printing, target, consent } => {
            database::repair(&target, consent, printing.format)
        }
        Command::Healthcheck { listen, tls_cert, timeout, printing } => {
            check_health(&listen, tls_cert.is_some(), timeout, printing.format)
        }
        Command::Completions { shell } => complete(shell),
        Command::Man { words } => show_manual(&words),
    }
}

/// Whether mistakes in the environment are told at once: `serve` writes them to the log, and for others they are noise.
fn takes_settings(command: &Command) -> bool {
    use Command::{Completions, Healthcheck, Man, Serve};
    !matches!(command, Serve(_) | Healthcheck { .. } | Completions { .. } | Man { .. })
}

fn start_logging(database: &Database) {
    logging::start(database.log, database.log_format);
}

fn check_health(
    addresses: &[Endpoint],
    has_certificate: bool,
    patience: Duration,
    format: ResultFormat,
) -> anyhow::Result<()> {
    for address in addresses {
        let probed = probe_health(address, has_certificate, "/readyz", patience);
        if format == ResultFormat::Json {
            let status = probed.as_ref().ok();
            let address = address.to_string();
            result::print_object(&json!({ "ready": status == Some(&200), "status": status, "address": address }))?;
        }
        match probed.with_context(|| format!("ask the server at {address} (--listen names another one)"))? {
            200 => {}
            status => bail!("the server at {address} is not ready: it answers {status}; its log says why"),
        }
    }
    Ok(())
}

fn complete(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::definition(), "rollbook", &mut script);
    print(&String::from_utf8(script)?)
}

fn show_manual(words: &[String]) -> anyhow::Result<()> {
    let mut command = CommandLine::definition();
    // Gives each command its whole name.
    command.build();
    let mut shown = &command;
    for word in words {
        let Some(next) = shown.find_subcommand(word) else {
            let words = words.join(" ");
            return Err(Usage(anyhow!("there is no command {words}: rollbook help lists them")).into());
        };
        shown = next;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(shown.clone()).render(&mut page)?;
    print(&String::from_utf8(page)?)
}

/// Writes a message to standard error. It is no failure if that cannot be written.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
