//! Rollbook keeps an organisation's users, groups and memberships in one SQLite file and answers the REST
//! dialects that scripts and client libraries already speak.
//!
//! # Embedding
//! [`Rollbook::open`] opens a directory in the process of the program, [`Rollbook::serve`] serves it in threads of its
//! own, and [`Directory`] has the calls without HTTP:
//!
//! ```no_run
//! use rollbook::{GroupFields, Rollbook, UserFields};
//!
//! # fn main() -> Result<(), rollbook::Error> {
//! let rollbook = Rollbook::open("people.db")?;
//! if let Some(secrets) = rollbook.first_secrets() {
//!     // Keep them: they are stored nowhere in clear. The password is that of the user `Administrator`.
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
//! The removal of old changes, the socket for commands and the address for metrics come along: a server in a program has
//! all that `rollbook serve` has. The library sets no logger and no signal handler, never ends the process, prints
//! nothing and reads no environment variable. Its log lines go to the `log` crate, to whatever logger the program has.
//! Every call blocks; in an asynchronous program they belong on a thread for blocking work.
//!
//! `docs/embed.md` has the rest: what a program has to see to, backups, upgrades, and Rollbook as a child process.
//!
//! # Stability
//! The names in this page are stable: within one minor version they stay, and behave as described. Structs and enums that
//! are marked `non_exhaustive` get further fields and kinds. The modules are not in this page: they are public for the
//! program `rollbook`, its tests and its benchmarks, and change with any version.
//!
//! # The code map
//! `model` has the nouns, `directory` the verbs, `store` the rows, `dialect` the wires, `server` the
//! sockets; each knows only those below it. `http` holds requests and responses as plain values. `cli` has the
//! commands and `settings` what can be set; `admin` has the operations that commands ask of a directory. `formats` reads
//! and writes users and groups in files, and `import_sources` reads them from other servers. `app` puts a server
//! together, for `cli` and for `embed`, which is the facade of this page. `files` replaces files safely, `logging` writes
//! log lines, `metrics` collects figures, and `json` decodes JSON from outside.
//!
//! # A request's way
//! 1. A connection's thread reads one head, within limits and deadlines (`server`).
//! 2. The prefix of the path picks the dialect; segments are split first and decoded once after (`dialect`).
//! 3. The dialect's `auth` names the caller (`directory::Authenticator`, mostly from memory), and lets the request in, which
//!    reads its body (`http::Request::admit`).
//! 4. The handler turns query and body into `model` values.
//! 5. It calls a verb of the `directory`: rules, permissions, what is not found.
//! 6. A read runs on a read connection; a write is one closure, run by the writer's thread, or in the caller's own
//!    while no other thread writes, and answered after the commit that carries it (`store`).
//! 7. The handler encodes; an error goes through the dialect's `error`. One line is logged, and the request is counted.

// Hidden modules are no part of the interface: the program, its tests and its benchmarks use them.

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
