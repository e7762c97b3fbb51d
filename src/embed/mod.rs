//! The facade for programs that embed Rollbook: open, use and serve a directory in the process of the program.

mod directory;
mod error;
mod values;

pub use crate::app::{Secrets, Settings};
pub use crate::directory::FirstSecrets;
pub use crate::model::TextField;
pub use crate::server::Network;
pub use directory::Directory;
pub use error::{Error, ErrorKind, Result};
pub use values::{
    Change, Changes, Group, GroupFields, Key, KeyPurpose, NewKey, User, UserFields, UserRole, UserSelection,
};

use crate::app::{Service, Stop};
use crate::directory::{Passwords, is_seeded, new_secret, seed};
use crate::server::{self, BoundAddress, Certificate, Limits};
use crate::store::Store;
use directory::Gate;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// An open directory that does not listen yet, see [`Rollbook::serve`]. Dropping it closes the directory.
pub struct Rollbook {
    service: Service,
    opened: Opened,
    first_secrets: Option<FirstSecrets>,
    certificate: Option<Arc<Certificate>>,
    metrics_listen: Option<SocketAddr>,
    command_socket: bool,
}

/// A listener for clients: an address, or a listener that the program has bound.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listener {
    /// A bound listener. The server sets the same socket options as for an address.
    Tcp(TcpListener),
    /// An address. Port 0 means a free port, see [`Handle::address`].
    Address(SocketAddr),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Listener::Tcp(listener)
    }
}

impl From<SocketAddr> for Listener {
    fn from(address: SocketAddr) -> Listener {
        Listener::Address(address)
    }
}

impl From<([u8; 4], u16)> for Listener {
    fn from(address: ([u8; 4], u16)) -> Listener {
        Listener::Address(address.into())
    }
}

/// Closes the directory when it is dropped.
struct Opened(Arc<Gate>);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Rollbook {
    /// Opens the directory in this file with the default settings, or creates a new one.
    ///
    /// # Errors
    /// `InUse` if it is already open in this or another process; `Other` if the file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Rollbook> {
        Rollbook::open_with(path, Settings::default())
    }

    /// Opens the directory in this file, or creates a new one.
    ///
    /// # Errors
    /// As [`Rollbook::open`]; `Invalid` if the settings, the secrets or the certificate are invalid.
    pub fn open_with(path: impl AsRef<Path>, settings: Settings) -> Result<Rollbook> {
        // Errors in settings show before a file is created.
        settings.check().map_err(Error::invalid)?;
        settings.secrets.check().map_err(Error::invalid)?;
        let passwords = Arc::new(settings.passwords().map_err(Error::invalid)?);
        let certificate = settings.certificate().map_err(Error::invalid)?;
        let (store, _) = Store::open(path.as_ref(), settings.readers.clamp(1, 64))?;
        let store = Arc::new(store);
        let first_secrets = fill_new(&store, &passwords, &settings.secrets)?;
        let gate = Gate::new(Arc::clone(&store), Arc::clone(&passwords), settings.keep_tokens_on_password_change);
        Ok(Rollbook {
            service: Service::new(store, passwords, &settings)?,
            opened: Opened(Arc::new(gate)),
            first_secrets,
            certificate,
            metrics_listen: settings.metrics_listen,
            command_socket: settings.command_socket,
        })
    }

    /// The password of `Administrator` and the first keys, if this call of `open` has created the directory. They are
    /// not stored in plain text.
    pub fn first_secrets(&self) -> Option<&FirstSecrets> {
        self.first_secrets.as_ref()
    }

    /// The users, groups and keys, for calls without HTTP. The audit log records the changes as made by the operator
    /// `library`.
    pub fn directory(&self) -> Directory {
        Directory::new(&self.opened.0)
    }

    /// Serves at one listener, in background threads, until the handle is stopped or dropped.
    ///
    /// # Errors
    /// `Other` if the address cannot be bound, the socket does not listen, or a thread cannot be started. The directory
    /// is then closed.
    pub fn serve(self, listener: impl Into<Listener>) -> Result<Handle> {
        self.serve_all([listener.into()])
    }

    /// Serves at several listeners.
    ///
    /// # Errors
    /// As [`Rollbook::serve`]; `Invalid` if there is no listener and [`Settings::command_socket`] is off.
    pub fn serve_all(self, listeners: impl IntoIterator<Item = Listener>) -> Result<Handle> {
        let Rollbook { mut service, opened, certificate, metrics_listen, command_socket, .. } = self;
        let bind = |listener, limits: &Limits| match listener {
            Listener::Tcp(listener) => server::Listener::over(listener, limits).map_err(anyhow::Error::from),
            Listener::Address(address) => server::Listener::bind(address, limits),
        };
        let bind_for_clients = |listener| {
            let bound = bind(listener, service.limits())?;
            Ok(match &certificate {
                Some(certificate) => bound.with_certificate(certificate),
                None => bound,
            })
        };
        let bound = listeners.into_iter().map(bind_for_clients);
        let (bound, addresses) = with_addresses(bound.collect::<anyhow::Result<_>>()?);
        if !bound.is_empty() {
            service.listen(bound)?;
        }
        let watched = metrics_listen.map(|address| bind(address.into(), &service.metrics_limits())).transpose()?;
        let (watched, metrics_addresses) = with_addresses(watched.into_iter().collect());
        if !watched.is_empty() {
            service.listen_for_metrics(watched)?;
        }
        if command_socket {
            service.listen_for_commands();
        }
        if !service.listens() {
            return Err(Error::new(ErrorKind::Invalid, "no listener".to_owned()));
        }
        let stop = service.stop();
        let watch = certificate.as_ref().map(Certificate::watch).transpose()?;
        let run = move || {
            let result = service.run();
            drop(watch);
            result
        };
        let thread = std::thread::Builder::new().name("rollbook".to_owned()).spawn(run);
        let thread = thread.map_err(|error| anyhow::Error::new(error).context("start the server thread"))?;
        let metrics_address = metrics_addresses.first().copied();
        Ok(Handle { addresses, metrics_address, stop, thread: Some(thread), opened })
    }
}

/// Returns the listeners and their addresses.
fn with_addresses(bound: Vec<server::Listener>) -> (Vec<server::Listener>, Vec<SocketAddr>) {
    let address = |listener: &server::Listener| match listener.address() {
        BoundAddress::Ip(address) => Some(*address),
        BoundAddress::Unix(_) => None,
    };
    let addresses = bound.iter().filter_map(address).collect();
    (bound, addresses)
}

/// Stores the first contents of a new directory. Generates missing secrets.
fn fill_new(store: &Store, passwords: &Passwords, given: &Secrets) -> Result<Option<FirstSecrets>> {
    if is_seeded(store)? {
        return Ok(None);
    }
    let secret = |given: &Option<String>| given.clone().map_or_else(new_secret, Ok);
    let secrets = FirstSecrets {
        password: secret(&given.admin_password)?,
        api_key: secret(&given.api_key)?,
        app_key: secret(&given.app_key)?,
    };
    seed(store, passwords, &secrets)?;
    Ok(Some(secrets))
}

/// A directory that is being served. Dropping it stops the server, see [`Handle::stop`].
pub struct Handle {
    addresses: Vec<SocketAddr>,
    metrics_address: Option<SocketAddr>,
    stop: Stop,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
    opened: Opened,
}

impl Handle {
    /// The address of the first listener for clients.
    ///
    /// # Panics
    /// [`Rollbook::serve_all`] was called without listeners.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// The addresses of the listeners for clients, in the order of the call.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The address of `/metrics`, if [`Settings::metrics_listen`] is set.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// The users, groups and keys, for calls without HTTP, see [`Rollbook::directory`].
    pub fn directory(&self) -> Directory {
        Directory::new(&self.opened.0)
    }

    /// Stops accepting connections, lets running requests finish within [`Settings::grace`], and closes the directory.
    /// When it returns, all threads have ended and the file can be opened again.
    ///
    /// # Errors
    /// `Other` if a thread of the server has panicked.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        self.stop.stop();
        let ended = thread.join();
        self.opened.0.close();
        match ended {
            Ok(result) => Ok(result?),
            Err(_) => Err(Error::new(ErrorKind::Other, "the server thread has panicked".to_owned())),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            log::warn!("cannot stop the server cleanly: {error}");
        }
    }
}
