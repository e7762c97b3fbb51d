//! The settings of the server.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "help texts are shown as they are, with brackets around IPv6 addresses"
)]

use super::database::Database;
use super::origins::Origins;
use super::prefixes::Prefixes;
use super::values::{ParentProcess, age, parent_process, seconds, seconds_or_none, session_age, unix_mode};
use crate::dialect::DIALECTS;
use crate::server::{Endpoint, Network};
use clap::Args;
use clap::builder::BoolishValueParser;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the server.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
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
    #[command(flatten)]
    pub prefixes: Prefixes,
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

#[derive(Debug, Clone, Args)]
pub struct PasswordRules {
    /// Regular expression that new passwords must match
    #[arg(long, env = "ROLLBOOK_PASSWORD_PATTERN", value_name = "REGEX")]
    pub password_pattern: Option<regex_lite::Regex>,
}
