//! The way to a directory: its file, or the server that holds it.

use super::args::Target;
use super::open_store::{self, start_logging};
use super::output::print_status;
use super::progress::Progress;
use crate::admin::{AdminRequest, perform};
use crate::dialect::{LOCAL_PATH, PROGRESS_PATH};
use crate::directory::{Directory, Passwords};
use crate::files::DatabaseLocked;
use crate::files::database_path::{require_database, socket_path};
use crate::json::{self, Json};
use crate::model::Error;
use crate::server::{LocalClient, ResponseTimeout};
use crate::store::{Store, TempDatabase};
use anyhow::{Context as _, anyhow, bail};
use regex_lite::Regex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The read connections of a command.
const READERS: usize = 1;
/// How long a database is waited for that another command holds, or a server that has not begun to listen.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);
/// The pause between two attempts to reach a server that has gone.
const PAUSE_FOR_SERVER: Duration = Duration::from_millis(200);

/// Where orders go.
pub(super) enum AdminClient {
    /// To the file, which is held meanwhile.
    Local(Box<Directory>),
    /// To the server that holds it.
    Remote { client: LocalClient, socket: PathBuf, timeout: Duration, account: String, keep_tokens: bool },
    /// To a copy that goes when all is said.
    DryRun { directory: Box<Directory>, _copied: TempDatabase },
}

impl AdminClient {
    /// Opens a database that has to be there: a mistyped name must not make another one.
    ///
    /// # Errors
    /// When it is not there or cannot be opened, and when another process holds it that takes no orders.
    pub(super) fn open(target: &Target) -> anyhow::Result<AdminClient> {
        start_logging(&target.database);
        require_database(&target.database.db)?;
        AdminClient::open_or_create(target, None)
    }

    /// Opens a database, or makes it if there is none. On the file, new passwords have to match that pattern; a server
    /// has its own.
    ///
    /// # Errors
    /// When it cannot be opened, and when another process holds it that takes no orders.
    pub(super) fn open_or_create(target: &Target, pattern: Option<Regex>) -> anyhow::Result<AdminClient> {
        start_logging(&target.database);
        let name = target.database.db.display();
        let passwords = Passwords::new(pattern, false);
        let deadline = Instant::now() + PATIENCE;
        let mut waiting = None;
        loop {
            let in_use = match open_store::open(&target.database, READERS, &passwords) {
                Ok((store, _)) => {
                    drop(waiting);
                    if target.verbose {
                        print_status(&format!("working on the file {name}"));
                    }
                    let directory = Directory::for_operator(Arc::new(store), Arc::new(passwords), &account());
                    return Ok(AdminClient::Local(Box::new(directory)));
                }
                Err(error) if error.chain().any(|cause| cause.is::<DatabaseLocked>()) => error,
                Err(error) => return Err(error),
            };
            let socket = socket_path(&target.database.db)?;
            match LocalClient::connect(&socket, target.timeout) {
                Ok(client) => {
                    drop(waiting);
                    if target.verbose {
                        print_status(&format!("working through the server at {}", socket.display()));
                    }
                    let (timeout, account) = (target.timeout, account());
                    return Ok(AdminClient::Remote { client, socket, timeout, account, keep_tokens: false });
                }
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    return Err(error).with_context(|| format!("connect to the server at {}", socket.display()));
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    bail!("{}", timeout_message(&socket, target.timeout))
                }
                Err(_) if Instant::now() < deadline => {
                    waiting.get_or_insert_with(|| Progress::start(&format!("waiting for {name}")));
                    std::thread::sleep(PAUSE);
                }
                Err(_) => {
                    let socket = socket.display();
                    bail!("{in_use}, which takes no commands at {socket}: wait until it has ended, or stop it");
                }
            }
        }
    }

    /// Copies the database as it is now, also while a server runs: what is ordered is done to the copy.
    ///
    /// # Errors
    /// When there is no such database, or the copy cannot be made beside it.
    pub(super) fn open_copy(target: &Target) -> anyhow::Result<AdminClient> {
        start_logging(&target.database);
        let (store, copied) = Store::open_copy(&target.database.db)?;
        if target.verbose {
            print_status(&format!("working on a copy of the file {}", target.database.db.display()));
        }
        let directory = Directory::for_operator(Arc::new(store), Arc::new(Passwords::new(None, false)), &account());
        Ok(AdminClient::DryRun { directory: Box::new(directory), _copied: copied })
    }

    /// The same, where another password leaves the tokens of a user valid, if so wished.
    pub(super) fn keeping_tokens(self, keep_tokens: bool) -> AdminClient {
        match self {
            AdminClient::Local(directory) => AdminClient::Local(Box::new(directory.keeping_tokens(keep_tokens))),
            AdminClient::Remote { client, socket, timeout, account, .. } => {
                AdminClient::Remote { client, socket, timeout, account, keep_tokens }
            }
            AdminClient::DryRun { directory, _copied } => {
                AdminClient::DryRun { directory: Box::new(directory.keeping_tokens(keep_tokens)), _copied }
            }
        }
    }

    /// Whether a server carries the orders out.
    pub(super) fn is_server(&self) -> bool {
        matches!(self, AdminClient::Remote { .. })
    }

    /// Waits until a server holds the database again, after one has gone.
    ///
    /// # Errors
    /// When others than the owner of the socket try.
    pub(super) fn reconnect(&mut self) -> anyhow::Result<()> {
        let AdminClient::Remote { client, socket, timeout, .. } = self else { return Ok(()) };
        loop {
            // Also a server that can be reached may be about to end.
            std::thread::sleep(PAUSE_FOR_SERVER);
            match LocalClient::connect(socket, *timeout) {
                Ok(new) => {
                    *client = new;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    return Err(error).with_context(|| format!("connect to the server at {}", socket.display()));
                }
                Err(_) => {}
            }
        }
    }

    /// Has an order carried out.
    ///
    /// # Errors
    /// Why it was not.
    pub(super) fn send<T: DeserializeOwned>(&mut self, order: AdminRequest) -> anyhow::Result<T> {
        let answer = match self {
            AdminClient::Local(directory) | AdminClient::DryRun { directory, .. } => {
                let answer = perform(directory, order).map_err(|refused| match refused.error {
                    Error::Internal(cause) => cause,
                    _ => anyhow!("{refused}"),
                })?;
                answer.into_string().into_bytes()
            }
            AdminClient::Remote { client, socket, timeout, account, keep_tokens } => {
                let body = json::to_vec(&AdminEnvelope { account, keep_tokens: *keep_tokens, order: &order });
                let (status, answer) = match client.post(LOCAL_PATH, &body, patience(&order, *timeout)) {
                    Err(error) if error.kind() == ErrorKind::TimedOut => bail!("{}", timeout_message(socket, *timeout)),
                    Err(error) => return Err(Disconnected(error)).context("ask the server"),
                    Ok(answered) => answered,
                };
                if status != 200 {
                    let answer = Json::parse_stored(&answer).context("read the server's answer")?;
                    let why = answer.get("error").and_then(Json::as_str).unwrap_or("the server has given no reason");
                    return Err(RequestRefused { status, why: why.to_owned() }.into());
                }
                answer
            }
        };
        json::decode(&answer).context("read the answer")
    }
}

/// A copy of the database, made by the server that holds it, so that no state of the database has to be held for long;
/// `None` where no server can make one.
pub(super) fn copy_through_server(target: &Target) -> Option<TempDatabase> {
    let (database, timeout) = (&target.database.db, target.timeout);
    let socket = socket_path(database).ok()?;
    let client = LocalClient::connect(&socket, timeout).ok()?;
    let mut client = AdminClient::Remote { client, socket, timeout, account: account(), keep_tokens: false };
    let mut copy = || -> anyhow::Result<TempDatabase> {
        let copied = TempDatabase::empty(database)?;
        let name = copied.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        client.send::<()>(AdminRequest::Copy { name })?;
        Ok(copied)
    };
    copy()
        .inspect_err(|error| {
            log::warn!("the server makes no copy ({error:#}): its write-ahead log grows while the database is read");
        })
        .ok()
}

/// The server that carried the orders out has gone.
#[derive(Debug)]
pub(super) struct Disconnected(std::io::Error);

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Disconnected {}

/// The server does not carry an order out.
#[derive(Debug)]
pub(super) struct RequestRefused {
    /// As in HTTP.
    pub(super) status: u16,
    why: String,
}

impl fmt::Display for RequestRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for RequestRefused {}

/// How long the answer to an order is waited for. What changes many rows may take long.
fn patience(order: &AdminRequest, timeout: Duration) -> ResponseTimeout {
    match order {
        AdminRequest::Changes { wait, .. } => ResponseTimeout::Fixed(timeout + Duration::from_secs(*wait)),
        AdminRequest::Import(_)
        | AdminRequest::BeginImport { .. }
        | AdminRequest::EndImport { .. }
        | AdminRequest::RemoveAnsweredProperties
        | AdminRequest::Copy { .. }
        | AdminRequest::PurgeUsers { .. }
        | AdminRequest::DeleteUser { .. }
        | AdminRequest::DeleteGroup { .. } => ResponseTimeout::WhileProgressing(timeout, PROGRESS_PATH),
        _ => ResponseTimeout::Fixed(timeout),
    }
}

/// The message for a server that does not answer.
fn timeout_message(socket: &Path, timeout: Duration) -> String {
    let socket = socket.display();
    format!("the server at {socket} has not answered within {timeout:?}: it hangs, or needs longer (--timeout SECONDS)")
}

/// What a server is asked.
#[derive(Serialize)]
struct AdminEnvelope<'o> {
    account: &'o str,
    keep_tokens: bool,
    order: &'o AdminRequest,
}

/// The name of who runs the command, as their shell has it, or else their number.
pub(super) fn account() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let number = || format!("uid {}", rustix::process::getuid().as_raw());
    name.filter(|name| !name.is_empty()).unwrap_or_else(number)
}
