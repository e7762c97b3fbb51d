//! Who asks, and how much they may do.

use std::sync::Arc;

/// How much a caller may do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Read everything, change nothing but the own password.
    Reader,
    /// Read, and create users that are no administrators.
    Creator,
    /// Change everybody and everything that has nothing to do with administrators.
    PowerUser,
    /// Everything.
    Administrator,
}

/// What a stored key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Names the organisation; needed on every Datadog call.
    Api,
    /// Names the script and carries its role.
    Application,
}

/// What an application key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// Everything.
    Admin,
    /// Create users (not administrators) and read.
    Standard,
    /// Read.
    Read,
}

impl KeyRole {
    /// The power that comes with the role.
    pub fn power(self) -> Power {
        match self {
            KeyRole::Admin => Power::Administrator,
            KeyRole::Standard => Power::Creator,
            KeyRole::Read => Power::Reader,
        }
    }
}

/// Whether a person or a script asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// A user of the directory, by the inner id.
    User(i64),
    /// The holder of a key.
    Key,
    /// Who runs commands on the server's own machine, with the rights to its files.
    Operator,
}

impl CallerKind {
    /// The word for it in the record of changes.
    pub fn word(self) -> &'static str {
        match self {
            CallerKind::User(_) => "user",
            CallerKind::Key => "key",
            CallerKind::Operator => "operator",
        }
    }
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Person or script.
    pub kind: CallerKind,
    /// The user name, or the key's name.
    pub name: Arc<str>,
    /// What they may do.
    pub power: Power,
}

impl Caller {
    /// The caller's user, by the inner id.
    pub fn user_id(&self) -> Option<i64> {
        match self.kind {
            CallerKind::User(id) => Some(id),
            CallerKind::Key | CallerKind::Operator => None,
        }
    }

    /// Refuses callers of less power.
    pub fn require(&self, power: Power, denied: super::Denied) -> super::Result<()> {
        if self.power >= power { Ok(()) } else { Err(super::Error::Forbidden(denied)) }
    }

    /// Whether nothing is forbidden to them.
    pub fn is_administrator(&self) -> bool {
        self.power == Power::Administrator
    }
}

/// Who makes a change, and by which dialect it came: what the record of changes says of it.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The caller's kind, as a word; empty for the program itself.
    pub caller_kind: &'static str,
    /// The caller's name; empty for the program itself.
    pub caller: Arc<str>,
    /// The dialect's name, or what else there is beside dialects.
    pub dialect: &'static str,
}

impl Origin {
    /// A caller who came by that dialect.
    pub fn of(caller: &Caller, dialect: &'static str) -> Origin {
        Origin { caller_kind: caller.kind.word(), caller: Arc::clone(&caller.name), dialect }
    }

    /// What the program does by itself.
    pub fn program() -> Origin {
        Origin { caller_kind: "", caller: "".into(), dialect: "program" }
    }
}
