//! The way to a directory: its file, or the server that holds it.

use super::progress::Progress;
use super::{say, start_logging, store_of};
use crate::config::Target;
use crate::dialect::LOCAL_PATH;
use crate::directory::{Directory, Passwords};
use crate::json::{self, Json};
use crate::model::Error;
use crate::operator::{Order, perform};
use crate::server::LocalClient;
use crate::store::{self, Copied, InUse};
use anyhow::{Context as _, anyhow, bail};
use regex_lite::Regex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The read connections of a command.
const READERS: usize = 1;
/// How long a database is waited for that another command holds, or a server that has not begun to listen.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// Where orders go.
pub(super) enum Link {
    /// To the file, which is held meanwhile.
    File(Box<Directory>),
    /// To the server that holds it.
    Server { client: LocalClient, account: String, keep_tokens: bool },
    /// To a copy that goes when all is said.
    Copy { directory: Box<Directory>, _copied: Copied },
}

impl Link {
    /// Opens a database that has to be there: a mistyped name must not make another one.
    ///
    /// # Errors
    /// When it is not there or cannot be opened, and when another process holds it that takes no orders.
    pub(super) fn open(target: &Target) -> anyhow::Result<Link> {
        start_logging(&target.database);
        store::require_database(&target.database.db)?;
        Link::make(target, None)
    }

    /// Opens a database, or makes it if there is none. On the file, new passwords have to match that pattern; a server
    /// has its own.
    ///
    /// # Errors
    /// When it cannot be opened, and when another process holds it that takes no orders.
    pub(super) fn make(target: &Target, pattern: Option<Regex>) -> anyhow::Result<Link> {
        start_logging(&target.database);
        let name = target.database.db.display();
        let passwords = Passwords::new(pattern, false);
        let deadline = Instant::now() + PATIENCE;
        let mut waiting = None;
        loop {
            let in_use = match store_of::open(&target.database, READERS, &passwords) {
                Ok((store, _)) => {
                    drop(waiting);
                    if target.verbose {
                        say(&format!("working on the file {name}"));
                    }
                    let directory = Directory::of_operator(Arc::new(store), Arc::new(passwords), &account());
                    return Ok(Link::File(Box::new(directory)));
                }
                Err(error) if error.chain().any(|cause| cause.is::<InUse>()) => error,
                Err(error) => return Err(error),
            };
            let socket = store::local_socket(&target.database.db)?;
            match LocalClient::connect(&socket) {
                Ok(client) => {
                    drop(waiting);
                    if target.verbose {
                        say(&format!("working through the server at {}", socket.display()));
                    }
                    return Ok(Link::Server { client, account: account(), keep_tokens: false });
                }
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    return Err(error).with_context(|| format!("connect to the server at {}", socket.display()));
                }
                Err(_) if Instant::now() < deadline => {
                    waiting.get_or_insert_with(|| Progress::start(&format!("waiting for {name}")));
                    std::thread::sleep(PAUSE);
                }
                Err(_) => return Err(in_use),
            }
        }
    }

    /// Copies the database as it is now, also while a server runs: what is ordered is done to the copy.
    ///
    /// # Errors
    /// When there is no such database, or the copy cannot be made beside it.
    pub(super) fn rehearse(target: &Target) -> anyhow::Result<Link> {
        start_logging(&target.database);
        let (store, copied) = store::copy(&target.database.db)?;
        if target.verbose {
            say(&format!("working on a copy of the file {}", target.database.db.display()));
        }
        let directory = Directory::of_operator(Arc::new(store), Arc::new(Passwords::new(None, false)), &account());
        Ok(Link::Copy { directory: Box::new(directory), _copied: copied })
    }

    /// The same, where another password leaves the tokens of a user valid, if so wished.
    pub(super) fn keeping_tokens(self, keep_tokens: bool) -> Link {
        match self {
            Link::File(directory) => Link::File(Box::new(directory.keeping_tokens(keep_tokens))),
            Link::Server { client, account, .. } => Link::Server { client, account, keep_tokens },
            Link::Copy { directory, _copied } => {
                Link::Copy { directory: Box::new(directory.keeping_tokens(keep_tokens)), _copied }
            }
        }
    }

    /// Whether a server carries the orders out.
    pub(super) fn is_server(&self) -> bool {
        matches!(self, Link::Server { .. })
    }

    /// Has an order carried out.
    ///
    /// # Errors
    /// Why it was not.
    pub(super) fn ask<T: DeserializeOwned>(&mut self, order: Order) -> anyhow::Result<T> {
        let answer = match self {
            Link::File(directory) | Link::Copy { directory, .. } => {
                let answer = perform(directory, order).map_err(|refused| match refused.error {
                    Error::Internal(cause) => cause,
                    _ => anyhow!("{refused}"),
                })?;
                answer.into_string().into_bytes()
            }
            Link::Server { client, account, keep_tokens } => {
                let body = json::to_vec(&Sent { account, keep_tokens: *keep_tokens, order: &order });
                let (status, answer) = client.post(LOCAL_PATH, &body).context("ask the server")?;
                if status != 200 {
                    let answer = Json::parse_stored(&answer).context("read the server's answer")?;
                    let why = answer.get("error").and_then(Json::as_str).unwrap_or("the server has given no reason");
                    bail!("{why}");
                }
                answer
            }
        };
        json::decode(&answer).context("read the answer")
    }
}

/// What a server is asked.
#[derive(Serialize)]
struct Sent<'o> {
    account: &'o str,
    keep_tokens: bool,
    order: &'o Order,
}

/// The name of who runs the command, as their shell has it, or else their number.
pub(super) fn account() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let number = || format!("uid {}", rustix::process::getuid().as_raw());
    name.filter(|name| !name.is_empty()).unwrap_or_else(number)
}
