//! The commands. Each file has the arguments of one command and its `run`; the other files are helpers.

mod admin_client;
mod announce;
mod app_settings;
mod args;
mod backup;
mod change_log;
mod check;
mod export;
mod first_start;
mod group;
mod healthcheck;
mod import;
mod import_options;
mod import_report;
mod import_steps;
mod key;
mod open_store;
mod output;
mod parent_process;
mod parser;
mod passwd;
mod progress;
mod pull;
mod ready_line;
mod restore;
mod result;
mod serve;
mod settings;
mod shell;
mod signals;
mod table;
mod temp_files;
mod terminal;
mod usage_error;
mod user;
mod user_texts;
mod watchdog;

pub use output::has_lost_reader;
pub use usage_error::UsageError;

use crate::files::database_path::DatabaseMissing;
use crate::settings::{ServerArgs, Setting};
use anyhow::anyhow;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::ffi::OsString;

/// Serve users, groups and memberships from one SQLite file through REST APIs that existing clients use.
#[derive(Debug, Parser)]
#[command(name = "rollbook", version, after_help = AFTER_HELP)]
pub struct CommandLine {
    /// Options that may stand before the command.
    #[command(flatten)]
    #[allow(dead_code, reason = "the parser carries the values to the commands")]
    global: args::GlobalArgs,
    /// The command. [`CommandLine::read`] adds `serve` if the command line has none.
    #[command(subcommand)]
    command: Command,
    /// The rows of the command `settings`; empty for other commands.
    #[arg(skip)]
    settings: Vec<Setting>,
    /// Mistakes in environment variables that do not stop the command.
    #[arg(skip)]
    warnings: Vec<String>,
}

const AFTER_HELP: &str = "\
Without a command, rollbook serves: its options are those of `rollbook serve --help`. The first start on a new database
prints the generated password and keys. If standard error is the systemd journal, it writes them to a file next to the
database instead (rollbook.db.secrets). To choose them, set ROLLBOOK_ADMIN_PASSWORD, ROLLBOOK_API_KEY and
ROLLBOOK_APP_KEY, or the same names with _FILE for the paths of files that contain them.

Exit status: 0 done, 1 failed, 2 wrong usage.";

/// All commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT
    Serve(Box<ServerArgs>),
    /// Manage users
    User {
        #[command(subcommand)]
        command: user::UserCommand,
    },
    /// Manage groups and their members
    Group {
        #[command(subcommand)]
        command: group::GroupCommand,
    },
    /// Manage the API keys and application keys of scripts
    Key {
        #[command(subcommand)]
        command: key::KeyCommand,
    },
    /// Set the password of a user. It is read from the terminal, or from the first line of standard input
    Passwd(passwd::PasswdArgs),
    /// Import users, groups and memberships from a CSV, JSON Lines or LDIF file
    Import(import::ImportArgs),
    /// Import users, groups and memberships from a running Datadog or Nuxeo server
    Pull {
        #[command(subcommand)]
        command: pull::PullCommand,
    },
    /// Export users, groups and memberships to a CSV, JSON Lines or LDIF file, even while a server runs
    Export(export::ExportArgs),
    /// Show the audit log of changes, oldest first
    Log(change_log::LogArgs),
    /// Copy the database to a file, even while a server runs
    Backup(backup::BackupArgs),
    /// Replace the database with a backup, while no server runs. The old database is kept under another name
    Restore(restore::RestoreArgs),
    /// Check that a running server accepts requests and can write, for containers and service managers
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Show each server setting with its value and where the value comes from. Takes the options and variables of serve
    Settings(settings::SettingsArgs),
    /// Print the completion script for a shell
    Completions {
        /// Name of the shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of one of its commands
    Man {
        /// Name of the command, for example key create
        words: Vec<String>,
    },
    /// Check database integrity, even while a server runs
    Check(check::CheckArgs),
}

impl CommandLine {
    /// Reads the arguments of this process. Ends the process on `--help`, `--version` and wrong usage.
    pub fn read() -> CommandLine {
        CommandLine::of(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Reads arguments, the first of which is the name of the program, and environment variables.
    fn of(args: impl IntoIterator<Item = OsString>) -> Result<CommandLine, clap::Error> {
        let definition = definition();
        let parsed = parser::parse(&definition, args)?;
        let mut line =
            CommandLine::from_arg_matches(&parsed.matches).map_err(|error| error.format(&mut definition.clone()))?;
        match &mut line.command {
            Command::Serve(server) => server.origins = parsed.origins(),
            Command::Settings(args) => {
                args.serve.origins = parsed.origins();
                line.settings = parsed.settings(&definition);
            }
            _ => {}
        }
        line.warnings = parsed.warnings;
        Ok(line)
    }
}

/// The clap definition of all commands and options. Help texts, completions and manual pages come from it.
fn definition() -> clap::Command {
    let definition = CommandLine::command().subcommand_required(false).arg_required_else_help(false);
    let global: Vec<clap::Arg> = definition.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    parser::describe(definition, "", &global)
}

/// Runs the command.
///
/// # Errors
/// The error and its causes; [`UsageError`] for a mistake on the command line.
pub fn run(line: CommandLine) -> anyhow::Result<()> {
    let CommandLine { command, settings, warnings, .. } = line;
    if takes_settings(&command) {
        warnings.iter().for_each(|warning| output::print_status(&format!("rollbook: warning: {warning}")));
    }
    run_command(command, &settings, &warnings).map_err(|error| {
        if error.chain().any(|cause| cause.is::<DatabaseMissing>()) {
            return anyhow!("{error:#}: use --db to name another file, or rollbook serve to create a database");
        }
        error
    })
}

fn run_command(command: Command, settings: &[Setting], warnings: &[String]) -> anyhow::Result<()> {
    match command {
        Command::Serve(server) => serve::run(&server, warnings),
        Command::Settings(args) => settings::run(&args, settings),
        Command::User { command } => user::run(command),
        Command::Group { command } => group::run(command),
        Command::Key { command } => key::run(command),
        Command::Passwd(args) => passwd::run(args),
        Command::Import(args) => import::run(&args),
        Command::Pull { command } => pull::run(command),
        Command::Export(args) => export::run(&args),
        Command::Log(args) => change_log::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Completions { shell } => shell::print_completions(shell, definition()),
        Command::Man { words } => shell::print_manual(&words, definition()),
    }
}

/// Returns whether warnings about environment variables are printed before the command runs. `serve` writes them to its
/// log, and the other exceptions need no settings.
fn takes_settings(command: &Command) -> bool {
    use Command::{Completions, Healthcheck, Man, Serve};
    !matches!(command, Serve(_) | Healthcheck(_) | Completions { .. } | Man { .. })
}
