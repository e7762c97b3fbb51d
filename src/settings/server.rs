//! The settings of the server.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "help texts are shown as they are, with brackets around IPv6 addresses"
)]

use super::database::Database;
use super::origins::Origins;
use super::prefixes::Prefixes;
use super::values::{ParentProcess, age, parent_process, public_url, seconds, seconds_or_none, session_age, unix_mode};
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
    /// Address to listen on: 127.0.0.1:8080, localhost:8080, :8080 for all addresses, [::1]:8080, or
    /// unix:/run/rollbook.sock. Repeat the option, or separate addresses by commas. Port 0 means a free port
    #[arg(long, env = "ROLLBOOK_LISTEN", value_name = "ADDRESS", value_delimiter = ',',
          default_value = "127.0.0.1:8080", value_parser = Endpoint::parse)]
    pub listen: Vec<Endpoint>,
    /// File mode of the Unix sockets in --listen: 0600 for the user of the server, 0660 for its group too, 0666 for all
    /// users
    #[arg(long, env = "ROLLBOOK_UNIX_MODE", value_name = "MODE", default_value = "0600", value_parser = unix_mode)]
    pub unix_mode: u32,
    /// PEM file with the certificate chain of the server, its own certificate first; turns on HTTPS. Reloaded when the
    /// file changes
    #[arg(long, env = "ROLLBOOK_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the unencrypted private key of the certificate
    #[arg(long, env = "ROLLBOOK_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub database: Database,
    /// Append the log to this file instead of standard error. SIGHUP and SIGUSR1 reopen it after a rotation
    #[arg(long, env = "ROLLBOOK_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Write the secrets that the first start generates to this file, readable by its owner only, instead of standard
    /// error
    #[arg(long, env = "ROLLBOOK_SECRETS_FILE", value_name = "FILE")]
    pub secrets_file: Option<PathBuf>,
    /// Dialects (REST APIs) to serve, separated by commas
    #[arg(long, env = "ROLLBOOK_DIALECTS", value_name = "LIST", value_delimiter = ',',
          default_values_t = DIALECTS.map(|dialect| dialect.name.to_owned()))]
    pub dialects: Vec<String>,
    #[command(flatten)]
    pub prefixes: Prefixes,
    /// Idle timeout of sessions of the admin page, for example 15m or 1h
    #[arg(long, env = "ROLLBOOK_SESSION_IDLE", value_name = "AGE", default_value = "15m", value_parser = session_age)]
    pub session_idle: Duration,
    /// Maximum duration of a session of the admin page
    #[arg(long, env = "ROLLBOOK_SESSION_LENGTH", value_name = "AGE", default_value = "8h", value_parser = session_age)]
    pub session_length: Duration,
    /// Idle timeout of sessions of Nuxeo logins
    #[arg(long, env = "ROLLBOOK_NUXEO_SESSION_IDLE", value_name = "AGE", default_value = "60m",
          value_parser = session_age)]
    pub nuxeo_session_idle: Duration,
    /// Age at which changes are deleted from the audit log, for example 90d or 12h
    #[arg(long, env = "ROLLBOOK_KEEP_CHANGES", value_name = "AGE", default_value = "90d", value_parser = age)]
    pub keep_changes: Duration,
    /// Send the group with status 200 as the response to a SCIM PATCH of it, in place of status 204
    #[arg(long, env = "ROLLBOOK_SCIM_GROUP_PATCH_BODY", value_parser = BoolishValueParser::new())]
    pub scim_group_patch_body: bool,
    /// Allow several SCIM groups with the same display name
    #[arg(long, env = "ROLLBOOK_SCIM_ANY_DISPLAY_NAME", value_parser = BoolishValueParser::new())]
    pub scim_any_display_name: bool,
    /// Maximum number of users or groups that a SCIM filter without an index reads
    #[arg(long, env = "ROLLBOOK_SCIM_MAX_FILTER_ROWS", value_name = "N", default_value_t = 100_000,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub scim_max_filter_rows: u64,
    /// Address of the server for its clients, such as https://id.example.com, in the locations of SCIM resources. By
    /// default each response has the address of its request
    #[arg(long, env = "ROLLBOOK_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Send status 404 where Nuxeo sends 500 for an error of the client
    #[arg(long, env = "ROLLBOOK_STRICT_ERRORS", value_parser = BoolishValueParser::new())]
    pub strict_errors: bool,
    /// Reject new Nuxeo users without a password
    #[arg(long, env = "ROLLBOOK_REQUIRE_PASSWORD", value_parser = BoolishValueParser::new())]
    pub require_password: bool,
    #[command(flatten)]
    pub rules: PasswordRules,
    /// Keep the tokens of a user valid when the password changes
    #[arg(long, env = "ROLLBOOK_KEEP_TOKENS_ON_PASSWORD_CHANGE", value_parser = BoolishValueParser::new())]
    pub keep_tokens_on_password_change: bool,
    /// User who cannot be disabled, deleted or demoted over HTTP, only by commands. Repeat the option, or separate
    /// users by commas. An empty value protects no user
    #[arg(long, env = "ROLLBOOK_PROTECT", value_name = "USER", value_delimiter = ',', default_value = "Administrator")]
    pub protect: Vec<String>,
    /// Hide administrators and the members of their groups from other callers of the Nuxeo dialect
    #[arg(long, env = "ROLLBOOK_HIDE_ADMINISTRATORS", value_parser = BoolishValueParser::new())]
    pub hide_administrators: bool,
    /// Maximum delay in seconds of the response to a wrong password, after many wrong passwords for one user or from
    /// one address; 0 for no delay
    #[arg(long, env = "ROLLBOOK_WRONG_PASSWORD_DELAY", value_name = "SECONDS", default_value = "1",
          value_parser = seconds_or_none)]
    pub wrong_password_delay: Duration,
    /// Maximum number of connections. A further connection replaces one that has been idle for a second, or gets status
    /// 503. The limit of open files can lower the number
    #[arg(long, env = "ROLLBOOK_MAX_CONNECTIONS", value_name = "N", default_value_t = 8192,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub max_connections: usize,
    /// Maximum number of connections of one client address. By default three quarters of --max-connections, or all
    /// of them if that limit is below 64. Trusted proxies are exempt
    #[arg(long, env = "ROLLBOOK_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N",
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub max_connections_per_address: Option<usize>,
    /// Address or network of a proxy whose X-Forwarded-For and X-Forwarded-Proto the server trusts, for example
    /// 127.0.0.1 or 10.0.8.0/24, or unix for all Unix sockets. Repeat the option, or separate addresses by commas
    #[arg(long = "trusted-proxy", env = "ROLLBOOK_TRUSTED_PROXY", value_name = "ADDRESS[/BITS]",
          value_delimiter = ',', value_parser = Network::parse)]
    pub trusted_proxies: Vec<Network>,
    /// Maximum length of a request body in bytes
    #[arg(long, env = "ROLLBOOK_MAX_BODY_BYTES", value_name = "BYTES", default_value_t = 1_048_576)]
    pub max_body_bytes: usize,
    /// Memory for all request bodies in bytes; requests above it get status 503. Callers without valid credentials
    /// share a quarter of it, and one caller may use half. Must be at least twice --max-body-bytes
    #[arg(long, env = "ROLLBOOK_MAX_BODY_MEMORY", value_name = "BYTES", default_value_t = 64 << 20,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1 << 20..))]
    pub max_body_memory: usize,
    /// Memory for all responses in bytes, with the same shares
    #[arg(long, env = "ROLLBOOK_MAX_ANSWER_MEMORY", value_name = "BYTES", default_value_t = 64 << 20,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1 << 20..))]
    pub max_answer_memory: usize,
    /// Maximum number of names in one request: invited users, members of a group, groups of a user
    #[arg(long, env = "ROLLBOOK_MAX_NAMES_PER_REQUEST", value_name = "N", default_value_t = 100_000,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub max_names_per_request: usize,
    /// Timeout in seconds for the head of a request
    #[arg(long, env = "ROLLBOOK_HEAD_TIMEOUT", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub head_timeout: Duration,
    /// Timeout in seconds for the body of a request
    #[arg(long, env = "ROLLBOOK_BODY_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// Timeout in seconds for idle connections
    #[arg(long, env = "ROLLBOOK_IDLE_TIMEOUT", value_name = "SECONDS", default_value = "75", value_parser = seconds)]
    pub idle_timeout: Duration,
    /// Write timeout in seconds: how long a client may stop reading its response
    #[arg(long, env = "ROLLBOOK_WRITE_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub write_timeout: Duration,
    /// Maximum duration of a shutdown in seconds; running requests get four fifths of it to finish
    #[arg(long, env = "ROLLBOOK_GRACE", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub grace: Duration,
    /// Additional address that serves only /metrics, /healthz and /readyz
    #[arg(long, env = "ROLLBOOK_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,
    /// Serve /metrics at the client addresses too, without credentials
    #[arg(long, env = "ROLLBOOK_METRICS_PUBLIC", value_parser = BoolishValueParser::new())]
    pub metrics_public: bool,
    /// Number of database connections for reading
    #[arg(long, env = "ROLLBOOK_READERS", value_name = "N", default_value_t = 4,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub readers: usize,
    /// File for one line of JSON with the addresses of the server, written when it is ready and removed when it ends
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// File descriptor for the same line, for example an inherited pipe. It is closed after the line
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub ready_fd: Option<i32>,
    /// Stop when the parent process ends, or closes the pipe on standard input. With PID, the server also notices a
    /// parent that ended before the server started
    #[arg(long, value_name = "PID", num_args = 0..=1, require_equals = true, default_missing_value = "parent",
          value_parser = parent_process)]
    pub exit_with_parent: Option<ParentProcess>,
    /// The source of each value.
    #[arg(skip)]
    pub origins: Origins,
}

#[derive(Debug, Clone, Args)]
pub struct PasswordRules {
    /// Regular expression that new passwords must match
    #[arg(long, env = "ROLLBOOK_PASSWORD_PATTERN", value_name = "REGEX")]
    pub password_pattern: Option<regex_lite::Regex>,
}
