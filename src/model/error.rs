//! Why an operation did not happen, in the directory's words. Each dialect turns these into its own
//! statuses and documents.

use std::fmt;

/// The result of an operation of the directory.
pub type Result<T> = std::result::Result<T, Error>;

/// Which of the two nouns a message speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind {
    /// A user.
    User,
    /// A group.
    Group,
}

impl EntityKind {
    /// The noun in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            EntityKind::User => "user",
            EntityKind::Group => "group",
        }
    }
}

/// The denied action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeniedAction {
    /// Create this user or group.
    Create,
    /// Change or delete this user or group.
    Edit,
    /// Change who is in a group.
    Membership,
    /// Call this operation at all.
    Operation,
}

/// Why an operation did not happen. Nothing has changed then.
#[derive(Debug)]
pub enum Error {
    /// No credentials, or wrong ones.
    Unauthenticated,
    /// The present password, which a change of it has to show, is wrong.
    WrongPassword,
    /// So many wrong passwords come from there that this one was not looked at.
    TooManyAttempts,
    /// The caller is known and may not do this.
    Forbidden(DeniedAction),
    /// There is no such user or group.
    NotFound(EntityKind, String),
    /// A user's group list names groups that do not exist.
    UnknownGroups(Vec<String>),
    /// The name is taken.
    Exists(EntityKind, String),
    /// Afterwards no enabled user would be an administrator.
    LastAdministrator,
    /// The user of that name is protected: only a command can disable, delete or demote them.
    Protected(String),
    /// The user is an administrator through this subgroup, not by a membership that could be taken away.
    InheritedAdministrator(String),
    /// The user is disabled already.
    AlreadyDisabled,
    /// The requested changes are no longer kept, with the reason: the reader has to start again.
    CursorExpired(String),
    /// The user or group is not in a state that the caller allows: see `Precondition`.
    PreconditionFailed,
    /// A new user needs a login.
    UsernameRequired,
    /// A new user needs a password.
    PasswordRequired,
    /// The request names another user than the one that it is about.
    OtherUser {
        /// The name of the other user.
        name: String,
        /// False: no user has that name.
        exists: bool,
    },
    /// A value that cannot be taken, and why.
    Invalid(String),
    /// The request has more names than this limit.
    TooManyNames(usize),
    /// The database cannot be written at the moment (queue full, disk full, stopping): try again.
    Unavailable(String),
    /// Our fault. The cause is for the log only.
    Internal(anyhow::Error),
}

impl Error {
    /// The error with the cause of an internal error, for the log and for a program that embeds the server. `Display`,
    /// which clients may see, has no cause.
    pub fn with_cause(&self) -> String {
        match self {
            Error::Internal(cause) => format!("{cause:#}"),
            error => error.to_string(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unauthenticated => write!(f, "not authenticated"),
            Error::WrongPassword => write!(f, "the old password is wrong"),
            Error::TooManyAttempts => write!(f, "too many wrong passwords"),
            Error::Forbidden(_) => write!(f, "not allowed"),
            Error::NotFound(kind, name) => write!(f, "{} does not exist: {name}", kind.noun()),
            Error::UnknownGroups(names) => write!(f, "group does not exist: {}", names.join(", ")),
            Error::Exists(kind, name) => write!(f, "{} already exists: {name}", kind.noun()),
            Error::Protected(name) => {
                write!(f, "the user {name} is protected: only a command on the server can disable, delete or demote it")
            }
            Error::UsernameRequired => write!(f, "the user has no name"),
            Error::PasswordRequired => write!(f, "the user has no password"),
            Error::OtherUser { name, .. } => write!(f, "the request names another user: {name}"),
            Error::LastAdministrator => write!(f, "the last enabled administrator has to stay one"),
            Error::InheritedAdministrator(group) => {
                write!(f, "the user is an administrator through the group {group}: remove it there")
            }
            Error::AlreadyDisabled => write!(f, "user is already disabled"),
            Error::CursorExpired(why) | Error::Invalid(why) => f.write_str(why),
            Error::TooManyNames(limit) => write!(f, "more than {limit} names in one request"),
            Error::PreconditionFailed => write!(f, "the condition is not met"),
            Error::Unavailable(why) => write!(f, "unavailable: {why}"),
            Error::Internal(_) => write!(f, "internal error"),
        }
    }
}

impl std::error::Error for Error {}
