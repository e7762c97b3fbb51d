//! The connection of a command to the directory: the database file, the running server, or a copy for a dry run.

use super::args::Target;
use super::open_store::{self, start_logging};
use super::output::print_status;
use super::progress::Progress;
use crate::admin::procedure::{COPY_DATABASE, Procedure};
use crate::admin::{AdminRequest, ChangeQuery, LOCAL_PATH, PROGRESS_PATH, perform};
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

/// Read connections of a command to the database.
const READ_CONNECTIONS: usize = 1;
/// How long a command waits for another command that has opened the database, or for a server that is starting.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
const OPEN_RETRY_INTERVAL: Duration = Duration::from_millis(20);
/// The pause between two attempts to reach a server after the connection was lost.
const RECONNECT_INTERVAL: Duration = Duration::from_millis(200);

/// Performs requests on the directory.
pub(super) enum AdminClient {
    /// On the database file, which is locked meanwhile.
    Local(Box<Directory>),
    /// Through the server that has opened the database.
    Remote { client: LocalClient, socket: PathBuf, timeout: Duration, account: String, keep_tokens: bool },
    /// On a temporary copy of the database.
    DryRun { directory: Box<Directory>, _copied: TempDatabase },
}

impl AdminClient {
    /// Opens an existing database. A mistyped name must not create a new one.
    ///
    /// # Errors
    /// It does not exist or cannot be opened, or another process has opened it and accepts no requests.
    pub(super) fn open(target: &Target) -> anyhow::Result<AdminClient> {
        start_logging(&target.database);
        require_database(&target.database.db)?;
        AdminClient::open_or_create(target, None)
    }

    /// Opens a database, or creates it. On the database file new passwords must match the pattern; a server has its
    /// own.
    ///
    /// # Errors
    /// It cannot be opened, or another process has opened it and accepts no requests.
    pub(super) fn open_or_create(target: &Target, pattern: Option<Regex>) -> anyhow::Result<AdminClient> {
        start_logging(&target.database);
        let name = target.database.db.display();
        let passwords = Passwords::new(pattern, false);
        let deadline = Instant::now() + OPEN_TIMEOUT;
        let mut waiting = None;
        loop {
            let in_use = match open_store::open(&target.database, READ_CONNECTIONS, &passwords) {
                Ok((store, _)) => {
                    drop(waiting);
                    if target.verbose {
                        print_status(&format!("opened the database file {name}"));
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
                        print_status(&format!("connected to the server at {}", socket.display()));
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
                    std::thread::sleep(OPEN_RETRY_INTERVAL);
                }
                Err(_) => {
                    let socket = socket.display();
                    bail!("{in_use}, and it accepts no commands at {socket}; wait until it ends, or stop it");
                }
            }
        }
    }

    /// Copies the database, while a server may run. Requests change only the copy.
    ///
    /// # Errors
    /// The database does not exist, or the copy cannot be created in its folder.
    pub(super) fn open_copy(target: &Target) -> anyhow::Result<AdminClient> {
        start_logging(&target.database);
        let (store, copied) = Store::open_copy(&target.database.db)?;
        if target.verbose {
            print_status(&format!("opened a copy of the database file {}", target.database.db.display()));
        }
        let directory = Directory::for_operator(Arc::new(store), Arc::new(Passwords::new(None, false)), &account());
        Ok(AdminClient::DryRun { directory: Box::new(directory), _copied: copied })
    }

    /// The same client. With `keep_tokens`, a new password leaves the tokens of the user valid.
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

    /// Returns whether a server performs the requests.
    pub(super) fn is_server(&self) -> bool {
        matches!(self, AdminClient::Remote { .. })
    }

    /// Waits until a server accepts connections again after the connection was lost.
    ///
    /// # Errors
    /// This user may not connect to the socket.
    pub(super) fn reconnect(&mut self) -> anyhow::Result<()> {
        let AdminClient::Remote { client, socket, timeout, .. } = self else { return Ok(()) };
        loop {
            // A server that still accepts connections may be stopping.
            std::thread::sleep(RECONNECT_INTERVAL);
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

    /// Calls a procedure and returns its answer.
    ///
    /// # Errors
    /// The call failed; nothing has changed.
    pub(super) fn call<P, A: DeserializeOwned>(
        &mut self,
        procedure: &Procedure<P, A>,
        parameters: P,
    ) -> anyhow::Result<A> {
        let answer = self.send(procedure.request(parameters))?;
        procedure.decode(&answer).context("read the result")
    }

    fn send(&mut self, request: AdminRequest) -> anyhow::Result<Vec<u8>> {
        match self {
            AdminClient::Local(directory) | AdminClient::DryRun { directory, .. } => {
                let answer = perform(directory, request).map_err(|refused| match refused.error {
                    Error::Internal(cause) => cause,
                    _ => anyhow!("{refused}"),
                })?;
                Ok(answer.into_string().into_bytes())
            }
            AdminClient::Remote { client, socket, timeout, account, keep_tokens } => {
                let body = json::to_vec(&AdminEnvelope { account, keep_tokens: *keep_tokens, order: &request });
                let (status, answer) = match client.post(LOCAL_PATH, &body, patience(&request, *timeout)) {
                    Err(error) if error.kind() == ErrorKind::TimedOut => bail!("{}", timeout_message(socket, *timeout)),
                    Err(error) => return Err(Disconnected(error)).context("send the request to the server"),
                    Ok(answered) => answered,
                };
                if status != 200 {
                    let answer = Json::parse_stored(&answer).context("read the response of the server")?;
                    let why = answer.get("error").and_then(Json::as_str).unwrap_or("the server gave no reason");
                    return Err(RequestRefused { status, why: why.to_owned() }.into());
                }
                Ok(answer)
            }
        }
    }
}

/// A copy of the database that the running server has made, so that the command needs no long snapshot; `None` if no
/// server can make one.
pub(super) fn copy_through_server(target: &Target) -> Option<TempDatabase> {
    let (database, timeout) = (&target.database.db, target.timeout);
    let socket = socket_path(database).ok()?;
    let client = LocalClient::connect(&socket, timeout).ok()?;
    let mut client = AdminClient::Remote { client, socket, timeout, account: account(), keep_tokens: false };
    let mut copy = || -> anyhow::Result<TempDatabase> {
        let copied = TempDatabase::empty(database)?;
        let name = copied.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        client.call(&COPY_DATABASE, name)?;
        Ok(copied)
    };
    copy()
        .inspect_err(|error| {
            log::warn!(
                "the server cannot copy the database ({error:#}); its write-ahead log grows while this \
            command reads the database"
            );
        })
        .ok()
}

/// The connection to the server was lost.
#[derive(Debug)]
pub(super) struct Disconnected(std::io::Error);

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Disconnected {}

/// The server has rejected a request.
#[derive(Debug)]
pub(super) struct RequestRefused {
    /// An HTTP status.
    pub(super) status: u16,
    why: String,
}

impl fmt::Display for RequestRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for RequestRefused {}

/// How long to wait for the response to a request. A request that changes many rows can take long.
fn patience(request: &AdminRequest, timeout: Duration) -> ResponseTimeout {
    match request {
        AdminRequest::Changes(ChangeQuery { wait, .. }) => ResponseTimeout::Fixed(timeout + Duration::from_secs(*wait)),
        AdminRequest::Import(_)
        | AdminRequest::BeginImport { .. }
        | AdminRequest::EndImport { .. }
        | AdminRequest::RemoveAnsweredProperties
        | AdminRequest::Copy { .. }
        | AdminRequest::PurgeUsers(_)
        | AdminRequest::DeleteUser { .. }
        | AdminRequest::DeleteGroup { .. } => ResponseTimeout::WhileProgressing(timeout, PROGRESS_PATH),
        _ => ResponseTimeout::Fixed(timeout),
    }
}

/// The message for a server that does not respond in time.
fn timeout_message(socket: &Path, timeout: Duration) -> String {
    let socket = socket.display();
    format!("no response from the server at {socket} within {timeout:?}; it hangs, or needs a longer --timeout")
}

/// The body of a request to the server.
#[derive(Serialize)]
struct AdminEnvelope<'o> {
    account: &'o str,
    keep_tokens: bool,
    order: &'o AdminRequest,
}

/// The account of the operator: the user name of the shell, or else the user id.
pub(super) fn account() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let number = || format!("uid {}", rustix::process::getuid().as_raw());
    name.filter(|name| !name.is_empty()).unwrap_or_else(number)
}
