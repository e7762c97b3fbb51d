//! Rollbook stores the users, groups and memberships of an organisation in one SQLite file. It serves them through REST
//! APIs that existing scripts and client libraries use.
//!
//! # Embedding
//! [`Rollbook::open`] opens a directory in the process of the program, [`Rollbook::serve`] serves it in background threads, and [`Directory`] has the calls without HTTP:
//!
//! ```no_run
//! use rollbook::{GroupFields, Rollbook, UserFields};
//!
//! # fn main() -> Result<(), rollbook::Error> {
//! let rollbook = Rollbook::open("people.db")?;
//! if let Some(secrets) = rollbook.first_secrets() {
//!     // Keep them: they are not stored in plain text. The password is that of the user `Administrator`.
//!     println!("{} {} {}", secrets.password, secrets.api_key, secrets.app_key);
//! }
//! let directory = rollbook.directory();
//! directory.create_group("engineers", &GroupFields::new())?;
//! directory.create_user("ada@example.com", &UserFields::new().groups(["engineers"]))?;
//! let handle = rollbook.serve(([127, 0, 0, 1], 0))?;
//! println!("listening on http://{}", handle.address());
//! handle.stop()
//! # }
//! ```
//!
//! An embedded server has all that `rollbook serve` has: it removes old changes, opens the admin socket and serves
//! metrics. The library sets no logger and no signal handler, never ends the process, prints nothing and reads no
//! environment variable. Its log lines go to the logger of the program through the `log` crate. Every call blocks; an
//! asynchronous program makes calls in a thread for blocking work.
//!
//! `docs/embed.md` describes the duties of a program, backups, upgrades, and Rollbook as a child process.
//!
//! # Stability
//! The names on this page are stable within a minor version. Structs and enums that are marked `non_exhaustive` can get
//! more fields and variants. The hidden modules are public only for the program `rollbook`, its tests and its
//! benchmarks, and can change with any version.
//!
//! # The code map
//! `model` has the nouns, `directory` the verbs, `store` the rows, `dialect` the REST APIs, `server` the sockets. Each
//! uses only those below it. `http` has requests and responses as plain values. `cli` has the commands, `settings` the
//! settings, and `admin` the operations that commands perform on a directory. `formats` reads and writes users and
//! groups in files, and `import_sources` reads them from other servers. `app` assembles a server for `cli` and for
//! `embed`, the facade of this page. `files` replaces files safely, `logging` writes log lines, `metrics` renders
//! metrics, and `json` parses JSON from outside.
//!
//! # The life of a request
//! 1. The thread of a connection reads the head of a request, within limits and deadlines (`server`).
//! 2. The router chooses the dialect by the prefix of the path, and the route by a table. It splits the path first and
//!    then decodes each segment once (`dialect`).
//! 3. `auth` of the dialect identifies the caller (`directory::Authenticator`, usually from its cache) and admits the
//!    request. Only then the body is read (`http::Request::admit`).
//! 4. The handler decodes query and body into `model` values.
//! 5. The handler calls a verb of `directory`, which checks rules and permissions.
//! 6. A read runs on a read connection. A write is a closure that the writer thread runs, or the calling thread while
//!    no other thread writes; it returns after the commit (`store`).
//! 7. The handler encodes the response. `error` of the dialect converts an error to a response. The server logs one
//!    line and counts the request.

// Hidden modules are not part of the public API: the program, its tests and its benchmarks use them.

#[doc(hidden)]
pub mod admin;
mod app;
mod background;
mod cache;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod dialect;
#[doc(hidden)]
pub mod directory;
mod embed;
mod files;
#[doc(hidden)]
pub mod formats;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod import_sources;
#[doc(hidden)]
pub mod json;
#[doc(hidden)]
pub mod logging;
#[doc(hidden)]
pub mod metrics;
#[doc(hidden)]
pub mod model;
#[cfg(test)]
#[path = "../tests/it/support/rng.rs"]
#[allow(dead_code, reason = "other tests choose with more of it")]
mod random;
#[doc(hidden)]
pub mod server;
mod settings;
#[doc(hidden)]
pub mod store;
mod sync;

pub use embed::{
    Change, Changes, Directory, Error, ErrorKind, FirstSecrets, Group, GroupFields, Handle, Key, KeyPurpose, Listener,
    Network, NewKey, Result, Rollbook, Secrets, Settings, TextField, User, UserFields, UserRole, UserSelection,
};
