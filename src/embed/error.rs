//! Why a call of the library has failed.

use crate::files::DatabaseLocked;
use crate::model;
use std::fmt;

/// The result of a call of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call has failed: its kind for the program, and a sentence for people. Nothing has changed in the directory then.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A user, group or key of that name does not exist.
    NotFound,
    /// The name is taken.
    Exists,
    /// A value or setting that cannot be.
    Invalid,
    /// A rule of the directory forbids it: an enabled administrator has to remain.
    Refused,
    /// The changes that were asked for are no longer kept, or not made yet: read the directory as a whole again.
    Outdated,
    /// The file is open already, in this process or in another one.
    InUse,
    /// The database cannot be written at the moment (full disk, many writes): try again.
    Unavailable,
    /// The directory was closed.
    Closed,
    /// Anything else: a file that cannot be opened, an address that is taken, a fault.
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

    /// Its kind.
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
        let message = match &error {
            Cause::Internal(cause) => format!("{cause:#}"),
            error => error.to_string(),
        };
        Error { kind, message }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        let in_use = error.chain().any(|cause| cause.is::<DatabaseLocked>());
        Error::new(if in_use { ErrorKind::InUse } else { ErrorKind::Other }, format!("{error:#}"))
    }
}
