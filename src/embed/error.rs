//! The errors of the library.

use crate::files::DatabaseLocked;
use crate::model;
use std::fmt;

/// The result of a library call.
pub type Result<T> = std::result::Result<T, Error>;

/// The error of a call: its kind for programs, and a message for people. The call has changed nothing in the directory.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The kinds of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A user, group or key does not exist.
    NotFound,
    /// The name already exists.
    Exists,
    /// A value or setting is invalid.
    Invalid,
    /// A rule of the directory forbids the change: an enabled administrator has to remain.
    Refused,
    /// The requested changes are no longer in the audit log, or do not exist yet. Read the whole directory again.
    Outdated,
    /// The file is already open in this or another process.
    InUse,
    /// The database cannot be written at the moment (full disk, many writes). Try again later.
    Unavailable,
    /// The directory was closed.
    Closed,
    /// Another error: a file cannot be opened, an address is in use, an internal error.
    Other,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, message: String) -> Error {
        Error { kind, message }
    }

    pub(super) fn invalid(cause: anyhow::Error) -> Error {
        Error::new(ErrorKind::Invalid, format!("{cause:#}"))
    }

    pub(super) fn closed() -> Error {
        Error::new(ErrorKind::Closed, "the directory was closed".to_owned())
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<model::Error> for Error {
    fn from(error: model::Error) -> Error {
        use model::Error as Cause;
        let kind = match &error {
            Cause::NotFound(..) | Cause::UnknownGroups(_) => ErrorKind::NotFound,
            Cause::Exists(..) => ErrorKind::Exists,
            Cause::UsernameRequired
            | Cause::PasswordRequired
            | Cause::OtherUser { .. }
            | Cause::Invalid(_)
            | Cause::TooManyNames(_) => ErrorKind::Invalid,
            Cause::LastAdministrator
            | Cause::Protected(_)
            | Cause::InheritedAdministrator(_)
            | Cause::AlreadyDisabled
            | Cause::PreconditionFailed
            | Cause::Unauthenticated
            | Cause::WrongPassword
            | Cause::TooManyAttempts
            | Cause::Forbidden(_) => ErrorKind::Refused,
            Cause::CursorExpired(_) => ErrorKind::Outdated,
            Cause::Unavailable(_) => ErrorKind::Unavailable,
            Cause::Internal(_) => ErrorKind::Other,
        };
        Error { kind, message: error.with_cause() }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        let in_use = error.chain().any(|cause| cause.is::<DatabaseLocked>());
        Error::new(if in_use { ErrorKind::InUse } else { ErrorKind::Other }, format!("{error:#}"))
    }
}
