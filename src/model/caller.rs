//! Callers and their permissions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How much a caller may do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionLevel {
    /// Read everything, change nothing but the own password.
    Reader,
    /// Read, and create users that are no administrators.
    Creator,
    /// Change all users that are no administrators, and all groups that do not lead to administrator rights, with any
    /// members: an identity provider.
    Provisioner,
    /// Change all users and groups that have nothing to do with administrators.
    PowerUser,
    /// Everything.
    Administrator,
}

/// The kind of a stored key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Names the organisation; needed on every Datadog call.
    Api,
    /// Names the script and carries its role.
    Application,
}

/// The permissions of an application key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// Everything.
    Admin,
    /// Create users (not administrators) and read.
    Standard,
    /// Read.
    Read,
    /// Keep users and groups like those of an identity provider, through SCIM only.
    Provision,
}

impl KeyRole {
    /// The power that comes with the role.
    pub fn permission(self) -> PermissionLevel {
        match self {
            KeyRole::Admin => PermissionLevel::Administrator,
            KeyRole::Standard => PermissionLevel::Creator,
            KeyRole::Read => PermissionLevel::Reader,
            KeyRole::Provision => PermissionLevel::Provisioner,
        }
    }
}

/// The kind of client: a person or a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// A user of the directory, by the row id.
    User(i64),
    /// The holder of a key.
    Key,
    /// An operator who runs commands on the server's machine, with the rights to its files.
    Operator,
}

impl CallerKind {
    /// The word for it in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            CallerKind::User(_) => "user",
            CallerKind::Key => "key",
            CallerKind::Operator => "operator",
        }
    }
}

/// The credential by which a caller was authenticated. It is checked again where the caller's rights are used.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The account that runs a command on the server's own machine.
    Operator,
    /// A key or a token, by its row id.
    Credential(i64),
    /// A password, by its number, which counts the passwords that the user has had.
    Password(i64),
    /// A session.
    Session {
        /// The number of the password that was valid when it began.
        password: i64,
        /// The token that it began with, by its row id.
        token: Option<i64>,
        /// True if it has ended.
        ended: Ended,
    },
}

/// A flag: the session has ended. All copies share it.
#[derive(Debug, Clone, Default)]
pub struct Ended(Arc<AtomicBool>);

impl Ended {
    /// Ends the session.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// True if the session has ended.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A state of all rights and credentials: two numbers that commits advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RightsVersion {
    /// Advances when passwords, disabling or memberships change.
    pub rights: u64,
    /// Advances when keys or tokens change.
    pub credentials: u64,
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Person or script.
    pub kind: CallerKind,
    /// The user name, or the key's name.
    pub name: Arc<str>,
    /// The permission level.
    pub permission: PermissionLevel,
    /// The credential that the caller has shown.
    pub proof: Proof,
    /// The state in which the credential and the power were read.
    pub state: RightsVersion,
}

impl Caller {
    /// The caller's user, by the row id.
    pub fn user_id(&self) -> Option<i64> {
        match self.kind {
            CallerKind::User(id) => Some(id),
            CallerKind::Key | CallerKind::Operator => None,
        }
    }

    /// Refuses callers of less power.
    pub fn require(&self, permission: PermissionLevel, denied: super::DeniedAction) -> super::Result<()> {
        if self.permission >= permission { Ok(()) } else { Err(super::Error::Forbidden(denied)) }
    }

    /// True if credential and permission level are still valid at this version of the rights.
    pub fn is_current(&self, now: RightsVersion) -> bool {
        let (rights, credentials) = (self.state.rights == now.rights, self.state.credentials == now.credentials);
        match (&self.proof, self.kind) {
            (Proof::Operator, _) => true,
            (Proof::Credential(_), CallerKind::User(_)) => rights && credentials,
            (Proof::Credential(_), _) => credentials,
            (Proof::Password(_), _) => rights,
            (Proof::Session { token, ended, .. }, _) => rights && (token.is_none() || credentials) && !ended.get(),
        }
    }

    /// True for the key of an identity provider, which only SCIM accepts.
    pub fn is_provisioner(&self) -> bool {
        self.permission == PermissionLevel::Provisioner
    }

    /// True if every operation is allowed.
    pub fn is_administrator(&self) -> bool {
        self.permission == PermissionLevel::Administrator
    }
}

/// The author and the dialect of a change, as the audit log records them.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The caller's kind, as a word; empty for the program itself.
    pub caller_kind: &'static str,
    /// The caller's name; empty for the program itself.
    pub caller: Arc<str>,
    /// The name of the dialect, or of another origin.
    pub dialect: &'static str,
}

impl Actor {
    /// A caller who came by that dialect.
    pub fn of(caller: &Caller, dialect: &'static str) -> Actor {
        Actor { caller_kind: caller.kind.word(), caller: Arc::clone(&caller.name), dialect }
    }

    /// An operator's command, with the account on this machine.
    pub fn command(account: &str) -> Actor {
        Actor { caller_kind: CallerKind::Operator.word(), caller: account.into(), dialect: "command" }
    }

    /// Changes by the program itself.
    pub fn program() -> Actor {
        Actor { caller_kind: "", caller: "".into(), dialect: "program" }
    }
}
