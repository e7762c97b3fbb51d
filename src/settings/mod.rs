//! The command line and the environment: every setting, its default and its help text, in one definition.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "help texts are shown as they are, with brackets around IPv6 addresses"
)]

mod help;
mod line;
mod listing;
mod people;
mod secrets;
mod variables;

use crate::dialect::{DIALECTS, check_prefix};
use crate::directory::ChangeCursor;
use crate::formats::Role;
use crate::logging::Format;
use crate::server::{Endpoint, Network};
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use rustix::process::Pid;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use people::{
    BringOptions, ConflictArg, ExportSettings, GroupCommand, GroupFields, GroupMapping, ImportSettings, Members, Names,
    PasswordRule, PullCommand, PullSource, UserCommand, UserFields, UserFilters,
};
pub use secrets::{SECRETS, first_secret, given_secrets, refused_secrets};
pub use variables::{Origins, Setting, Source};

/// Keep users, groups and memberships in one SQLite file, and serve them over the REST dialects that scripts already
/// speak.
#[derive(Debug, Parser)]
#[command(name = "rollbook", version, after_help = AFTER_HELP)]
pub struct CommandLine {
    /// Options that may stand before the command.
    #[command(flatten)]
    pub shared: Shared,
    /// The command: [`CommandLine::read`] adds `serve` where there is none.
    #[command(subcommand)]
    pub command: Command,
    /// The settings that the command `settings` shows.
    #[arg(skip)]
    pub settings: Vec<Setting>,
    /// Mistakes in the environment that stop no command.
    #[arg(skip)]
    pub warnings: Vec<String>,
}

const AFTER_HELP: &str = "\
Without a command, rollbook serves: its options are those of `rollbook serve --help`. The first start on a new database
prints the password and the keys that it made, or keeps them in a file beside it (rollbook.db.secrets) where standard
error is the journal; ROLLBOOK_ADMIN_PASSWORD, ROLLBOOK_API_KEY and ROLLBOOK_APP_KEY (or each with _FILE, naming a file)
set them instead.

Exit status: 0 done, 1 failed, 2 wrong usage.";

/// Options that may stand before the command as well as after it. Each command declares those that it has under the same
/// identifier, with its own help and default; the parser carries the value there, unless the command has one of its own.
#[derive(Debug, Args)]
pub struct Shared {
    /// Database file [default: rollbook.db]
    #[arg(long, global = true, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// How much to log: off, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_parser = level)]
    pub log: Option<log::LevelFilter>,
    /// Format of the log
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    pub log_format: Option<Format>,
    /// Say whether the command works on the file or through the server that holds it
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the directory over HTTP until SIGTERM or SIGINT
    Serve(Box<Serve>),
    /// Manage users
    User {
        /// The command.
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Manage groups and their members
    Group {
        /// The command.
        #[command(subcommand)]
        command: GroupCommand,
    },
    /// Manage the API keys and application keys of scripts
    Key {
        /// The command.
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Set the password of a user, read from the terminal or from the first line of standard input
    Passwd {
        /// Login of the user
        user: String,
        /// Keep the user's tokens valid
        #[arg(long)]
        keep_tokens: bool,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
        /// See [`PasswordRules`].
        #[command(flatten)]
        rules: PasswordRules,
    },
    /// Import users, groups and memberships from a CSV, JSON lines or LDIF file
    Import(ImportSettings),
    /// Import users, groups and memberships from a running Datadog or Nuxeo server
    Pull {
        /// The kind of server.
        #[command(subcommand)]
        command: PullCommand,
    },
    /// Export users, groups and memberships to a CSV, JSON lines or LDIF file, also while a server runs
    Export(ExportSettings),
    /// Show the record of changes, the oldest first
    Log(LogSettings),
    /// Copy the database to a file, also while a server writes
    Backup {
        /// File to write, readable by its owner only; - for standard output. For a folder, and without FILE in the
        /// current folder, the name is rollbook-DATE-TIME.db, in UTC
        file: Option<PathBuf>,
        /// Overwrite an existing file
        #[arg(long)]
        force: bool,
        /// Delete older backups of this directory that have such names, so that N are left
        #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
        keep: Option<usize>,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Put a backup in the place of the database, which is kept beside it, while no server runs
    Restore {
        /// Backup file; - for standard input
        file: PathBuf,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        database: Database,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
    /// Check that a running server takes requests and writes, for containers and supervisors
    Healthcheck {
        /// An address that it listens on: 127.0.0.1:8080, localhost:8080, :8080, [::1]:8080, unix:/run/rollbook.sock. Of
        /// several, each has to answer
        #[arg(long, env = "ROLLBOOK_LISTEN", value_name = "ADDRESS", value_delimiter = ',',
              default_value = "127.0.0.1:8080", value_parser = Endpoint::parse)]
        listen: Vec<Endpoint>,
        /// The certificate of a server that has one, which is asked by TLS. The file is not read
        #[arg(long, env = "ROLLBOOK_TLS_CERT", value_name = "FILE")]
        tls_cert: Option<PathBuf>,
        /// Seconds to wait for its answer
        #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
        timeout: Duration,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
    },
    /// Show each setting of the server, its value and its origin, with the options and variables of serve
    Settings {
        /// Settings to show.
        #[command(flatten)]
        serve: Box<Serve>,
        /// Format of the list
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
    },
    /// Print the completion script for a shell
    Completions {
        /// Name of the shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of one of its commands
    Man {
        /// Words of the command, for example key create
        words: Vec<String>,
    },
    /// Check the database for damage, also while a server runs
    Check {
        /// Remove extra properties that have the name of a field, and print each of them
        #[arg(long)]
        repair: bool,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
}

/// Commands for keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key and print it once; only its digest is stored
    Create {
        /// Kind of key
        kind: KeyArg,
        /// Name of the key, shown in lists and in the record of changes
        #[arg(long, default_value = "unnamed")]
        name: String,
        /// Rights of an application key [default: admin]
        #[arg(long, value_enum)]
        role: Option<RoleArg>,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// List all keys, including revoked ones
    List {
        /// Format of the list
        #[arg(long, value_enum, default_value = "table")]
        format: Output,
        /// Which database.
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a key
    Revoke {
        /// Number of the key in the list
        id: i64,
        /// How to print the result.
        #[command(flatten)]
        printing: Printing,
        /// Which database.
        #[command(flatten)]
        target: Target,
        /// Whether to ask.
        #[command(flatten)]
        consent: Consent,
    },
}

/// The kinds of keys on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyArg {
    /// Identifies the organisation
    Api,
    /// Identifies a script and its rights
    App,
}

/// The roles of application keys, and of users, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Read and write
    Admin,
    /// Read and, with an application key, create users who are not administrators
    Standard,
    /// Read
    Read,
}

impl From<RoleArg> for Role {
    fn from(word: RoleArg) -> Role {
        match word {
            RoleArg::Admin => Role::Admin,
            RoleArg::Standard => Role::Standard,
            RoleArg::Read => Role::Read,
        }
    }
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns, for people
    Table,
    /// JSON array with one object per line
    Json,
    /// CSV with a header line
    Csv,
}

/// How the result of a command is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// A sentence, for people
    Text,
    /// One JSON object on standard output
    Json,
}

/// How a command prints its result.
#[derive(Debug, Clone, Copy, Args)]
pub struct Printing {
    /// Format of the result
    #[arg(long, value_enum, default_value = "text")]
    pub format: ResultFormat,
}

/// The same where `--format` is that of a file.
#[derive(Debug, Clone, Copy, Args)]
pub struct ResultPrinting {
    /// Format of the result; --format is that of the file
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub result: ResultFormat,
}

/// How changes are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogOutput {
    /// One line per change, for people
    Text,
    /// One JSON object per line
    Json,
}

/// What to show of the changes.
#[derive(Debug, Args)]
pub struct LogSettings {
    /// Start after this change number, at this time (2026-11-25T18:00:00Z), or now
    #[arg(long, value_name = "SINCE", value_parser = since)]
    pub since: Option<ChangeCursor>,
    /// Show only the last N changes
    #[arg(short = 'n', long, value_name = "N")]
    pub lines: Option<usize>,
    /// Show only changes of this user, group or key, and of its memberships
    #[arg(long)]
    pub name: Option<String>,
    /// Wait for further changes and show them, while a server runs
    #[arg(short, long)]
    pub follow: bool,
    /// Format of the changes
    #[arg(long, value_enum, default_value = "text")]
    pub format: LogOutput,
    /// Which database.
    #[command(flatten)]
    pub target: Target,
}

/// Which database, and how to get there.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Which database.
    #[command(flatten)]
    pub database: Database,
    /// Say whether the command works on the file or through the server that holds it
    #[arg(short, long)]
    pub verbose: bool,
    /// Seconds to wait for an answer of the server that holds the database
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub timeout: Duration,
}

/// The answer to the question that a command asks, at a terminal, before something is lost.
#[derive(Debug, Clone, Copy, Args)]
pub struct Consent {
    /// Do not ask; without a terminal no question is asked
    #[arg(short, long)]
    pub yes: bool,
}

/// Which database.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// Database file
    #[arg(long, env = "ROLLBOOK_DB", value_name = "FILE", default_value = "rollbook.db")]
    pub db: PathBuf,
    /// How much to log: off, error, warn, info, debug or trace
    #[arg(long, env = "ROLLBOOK_LOG", value_name = "LEVEL", default_value = "info", value_parser = level)]
    pub log: log::LevelFilter,
    /// Format of the log
    #[arg(long, env = "ROLLBOOK_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value = "text")]
    pub log_format: Format,
}

/// Which passwords are taken.
#[derive(Debug, Clone, Args)]
pub struct PasswordRules {
    /// Regular expression that new passwords must match
    #[arg(long, env = "ROLLBOOK_PASSWORD_PATTERN", value_name = "REGEX")]
    pub password_pattern: Option<regex_lite::Regex>,
}

/// Settings of the server.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// An address to listen on: 127.0.0.1:8080, localhost:8080, :8080 for all addresses, [::1]:8080, or
    /// unix:/run/rollbook.sock; once for each, or separated by commas. Port 0 takes a free one
    #[arg(long, env = "ROLLBOOK_LISTEN", value_name = "ADDRESS", value_delimiter = ',',
          default_value = "127.0.0.1:8080", value_parser = Endpoint::parse)]
    pub listen: Vec<Endpoint>,
    /// The mode of the files of Unix sockets that --listen names: 0600 for the user of the server, 0660 for its group
    /// too, 0666 for every user
    #[arg(long, env = "ROLLBOOK_UNIX_MODE", value_name = "MODE", default_value = "0600", value_parser = unix_mode)]
    pub unix_mode: u32,
    /// Serve HTTPS: the certificates of the server in PEM, its own first. Read again when the file changes
    #[arg(long, env = "ROLLBOOK_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of that certificate, in PEM and not encrypted
    #[arg(long, env = "ROLLBOOK_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
    /// Append the log to this file in place of standard error. SIGHUP and SIGUSR1 open it again after a rotation
    #[arg(long, env = "ROLLBOOK_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Write the secrets that a first start makes to this file, for its owner only, in place of standard error
    #[arg(long, env = "ROLLBOOK_SECRETS_FILE", value_name = "FILE")]
    pub secrets_file: Option<PathBuf>,
    /// Dialects to serve, separated by commas
    #[arg(long, env = "ROLLBOOK_DIALECTS", value_name = "LIST", value_delimiter = ',',
          default_values_t = DIALECTS.map(|dialect| dialect.name.to_owned()))]
    pub dialects: Vec<String>,
    /// Path prefix of the Datadog dialect
    #[arg(long, env = "ROLLBOOK_DATADOG_PREFIX", value_name = "PATH", default_value = "/", value_parser = prefix)]
    pub datadog_prefix: String,
    /// Path prefix of the Nuxeo dialect
    #[arg(long, env = "ROLLBOOK_NUXEO_PREFIX", value_name = "PATH", default_value = "/nuxeo", value_parser = prefix)]
    pub nuxeo_prefix: String,
    /// Path prefix of Rollbook's own interface
    #[arg(long, env = "ROLLBOOK_ROLLBOOK_PREFIX", value_name = "PATH", default_value = "/rollbook", value_parser = prefix)]
    pub rollbook_prefix: String,
    /// Path prefix of the page for browsers
    #[arg(long, env = "ROLLBOOK_UI_PREFIX", value_name = "PATH", default_value = "/ui", value_parser = prefix)]
    pub ui_prefix: String,
    /// Time without a request after which a session of the page ends, for example 15m or 1h
    #[arg(long, env = "ROLLBOOK_SESSION_IDLE", value_name = "AGE", default_value = "15m", value_parser = session_age)]
    pub session_idle: Duration,
    /// Time after which a session of the page ends in any case
    #[arg(long, env = "ROLLBOOK_SESSION_LENGTH", value_name = "AGE", default_value = "8h", value_parser = session_age)]
    pub session_length: Duration,
    /// Time without a request after which the session of a Nuxeo login ends
    #[arg(long, env = "ROLLBOOK_NUXEO_SESSION_IDLE", value_name = "AGE", default_value = "60m",
          value_parser = session_age)]
    pub nuxeo_session_idle: Duration,
    /// Age at which changes are removed from the record, for example 90d or 12h
    #[arg(long, env = "ROLLBOOK_KEEP_CHANGES", value_name = "AGE", default_value = "90d", value_parser = age)]
    pub keep_changes: Duration,
    /// Answer 404 where Nuxeo answers 500 for a mistake of the client
    #[arg(long, env = "ROLLBOOK_STRICT_ERRORS", value_parser = BoolishValueParser::new())]
    pub strict_errors: bool,
    /// Refuse new Nuxeo users without a password
    #[arg(long, env = "ROLLBOOK_REQUIRE_PASSWORD", value_parser = BoolishValueParser::new())]
    pub require_password: bool,
    /// Which passwords are taken.
    #[command(flatten)]
    pub rules: PasswordRules,
    /// Keep the tokens of a user valid when the password changes
    #[arg(long, env = "ROLLBOOK_KEEP_TOKENS_ON_PASSWORD_CHANGE", value_parser = BoolishValueParser::new())]
    pub keep_tokens_on_password_change: bool,
    /// User who can be disabled, deleted or demoted only by commands, not over HTTP; once for each, or separated by
    /// commas. An empty value protects no user
    #[arg(long, env = "ROLLBOOK_PROTECT", value_name = "USER", value_delimiter = ',', default_value = "Administrator")]
    pub protect: Vec<String>,
    /// Show administrators and the members of their groups only to administrators, in the Nuxeo dialect
    #[arg(long, env = "ROLLBOOK_HIDE_ADMINISTRATORS", value_parser = BoolishValueParser::new())]
    pub hide_administrators: bool,
    /// Longest delay, in seconds, of the answer to a wrong password after many of them for a user or from an address;
    /// 0 for no delay
    #[arg(long, env = "ROLLBOOK_WRONG_PASSWORD_DELAY", value_name = "SECONDS", default_value = "1",
          value_parser = seconds_or_none)]
    pub wrong_password_delay: Duration,
    /// Largest number of connections. Further ones are answered 503, unless a connection that has been idle for a
    /// second can be closed. The descriptor limit can lower it
    #[arg(long, env = "ROLLBOOK_MAX_CONNECTIONS", value_name = "N", default_value_t = 8192,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub max_connections: usize,
    /// Largest number of connections of one client address. By default three quarters of all, or all if these are
    /// fewer than 64. It does not hold for trusted proxies
    #[arg(long, env = "ROLLBOOK_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N",
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub max_connections_per_address: Option<usize>,
    /// Address or network of a proxy whose X-Forwarded-For and X-Forwarded-Proto are used, for example 127.0.0.1 or
    /// 10.0.8.0/24, or unix for all Unix sockets; once for each, or separated by commas
    #[arg(long = "trusted-proxy", env = "ROLLBOOK_TRUSTED_PROXY", value_name = "ADDRESS[/BITS]",
          value_delimiter = ',', value_parser = Network::parse)]
    pub trusted_proxies: Vec<Network>,
    /// Longest request body, in bytes
    #[arg(long, env = "ROLLBOOK_MAX_BODY_BYTES", value_name = "BYTES", default_value_t = 1_048_576)]
    pub max_body_bytes: usize,
    /// Memory for all request bodies at a time, in bytes; further bodies are answered 503. Callers without valid
    /// credentials have a quarter of it, and one caller has half. At least twice the longest body
    #[arg(long, env = "ROLLBOOK_MAX_BODY_MEMORY", value_name = "BYTES", default_value_t = 64 << 20,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1 << 20..))]
    pub max_body_memory: usize,
    /// Memory for all answers at a time, in bytes, shared in the same way
    #[arg(long, env = "ROLLBOOK_MAX_ANSWER_MEMORY", value_name = "BYTES", default_value_t = 64 << 20,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1 << 20..))]
    pub max_answer_memory: usize,
    /// Largest number of names in one request: invited users, lists of a group, groups of a user
    #[arg(long, env = "ROLLBOOK_MAX_NAMES_PER_REQUEST", value_name = "N", default_value_t = 100_000,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub max_names_per_request: usize,
    /// Seconds in which the head of a request has to arrive
    #[arg(long, env = "ROLLBOOK_HEAD_TIMEOUT", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub head_timeout: Duration,
    /// Seconds in which the body of a request has to arrive
    #[arg(long, env = "ROLLBOOK_BODY_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// Seconds after which a connection without a request is closed
    #[arg(long, env = "ROLLBOOK_IDLE_TIMEOUT", value_name = "SECONDS", default_value = "75", value_parser = seconds)]
    pub idle_timeout: Duration,
    /// Seconds after which a client that reads none of its answer is disconnected
    #[arg(long, env = "ROLLBOOK_WRITE_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub write_timeout: Duration,
    /// Seconds that a stop may take; requests have four fifths of them to finish
    #[arg(long, env = "ROLLBOOK_GRACE", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub grace: Duration,
    /// Second address, which answers only /metrics, /healthz and /readyz
    #[arg(long, env = "ROLLBOOK_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,
    /// Answer /metrics at the first address too, without credentials
    #[arg(long, env = "ROLLBOOK_METRICS_PUBLIC", value_parser = BoolishValueParser::new())]
    pub metrics_public: bool,
    /// Number of connections that read the database
    #[arg(long, env = "ROLLBOOK_READERS", value_name = "N", default_value_t = 4,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub readers: usize,
    /// File to write where the server listens, once it does: one line of JSON. It is gone when the server has ended
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Descriptor to write that line to: a pipe that the server was started with. It is closed after the line
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub ready_fd: Option<i32>,
    /// End when the process that has started the server ends, or closes the pipe that is standard input. Its number tells
    /// also where it has ended before the server could look
    #[arg(long, value_name = "PID", num_args = 0..=1, require_equals = true, default_missing_value = "parent",
          value_parser = parent_process)]
    pub exit_with_parent: Option<ParentProcess>,
    /// Where the values came from.
    #[arg(skip)]
    pub origins: Origins,
}

/// The process whose end is the end of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentProcess {
    /// The parent that the server has when it starts.
    Own,
    /// The one of that number: the parent, or one that has started it.
    Number(Pid),
}

/// The number of a process, or `parent`.
fn parent_process(text: &str) -> Result<ParentProcess, String> {
    if text == "parent" {
        return Ok(ParentProcess::Own);
    }
    let number = text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
    number.map(ParentProcess::Number).ok_or_else(|| "not the number of a process".to_owned())
}

/// How much to log.
fn level(text: &str) -> Result<log::LevelFilter, String> {
    text.parse().map_err(|_| "not one of off, error, warn, info, debug and trace".to_owned())
}

/// Where a dialect's paths begin.
fn prefix(text: &str) -> Result<String, String> {
    check_prefix(text).map(|()| text.to_owned()).map_err(str::to_owned)
}

/// Where a list of changes begins.
fn since(text: &str) -> Result<ChangeCursor, String> {
    ChangeCursor::parse(text).ok_or_else(|| "not the number of a change, a time (RFC 3339) or now".to_owned())
}

/// A length of time with its unit: seconds, minutes, hours, days or weeks.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "not an age like 90d, 12h, 30m or 10s".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

/// How long a session may last: some time, and a year at most.
fn session_age(text: &str) -> Result<Duration, String> {
    let age = age(text)?;
    let some = !age.is_zero() && age <= Duration::from_secs(366 * 86_400);
    if some { Ok(age) } else { Err("not between a second and a year".to_owned()) }
}

/// The mode of a socket's file, in octal digits as chmod has them.
fn unix_mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777 && !text.starts_with('+'));
    let mode = mode.ok_or_else(|| "not a mode like 0600, 0660 or 0666".to_owned())?;
    if mode & 0o600 == 0o600 {
        Ok(mode)
    } else {
        Err("the user of the server needs to read and write: 0600".to_owned())
    }
}

/// A length of time in seconds, or none.
fn seconds_or_none(text: &str) -> Result<Duration, String> {
    if text.parse() == Ok(0.0) { Ok(Duration::ZERO) } else { seconds(text) }
}

/// A length of time in seconds, fractions allowed.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() && seconds <= 86_400.0 => Ok(duration),
        _ => Err("not between 0 and 86400 seconds".to_owned()),
    }
}
