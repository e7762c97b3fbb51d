//! Sessions: kept in memory only, so that the end of the process is the end of all.

use crate::model::{Caller, Ended};
use crate::sync::locked;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// When sessions end.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// One of the page, after the last request that prolongs it.
    pub idle: Duration,
    /// One of the page, after the login, whatever has come since.
    pub length: Duration,
    /// One that goes by a ticket, after the last request.
    pub ticket_idle: Duration,
}

/// A session that goes on.
pub struct Session {
    /// The user of the session.
    pub caller: Caller,
    /// How long it goes on without a request.
    pub left: Duration,
}

/// The login that a session goes back to. The session ends when any of it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionLogin {
    /// The user, by the row id.
    pub(super) user_id: i64,
    /// The fingerprint of the number of the user's password.
    pub(super) password: [u8; 32],
    /// The token that was shown in place of a password, by its row id.
    pub(super) token: Option<i64>,
}

/// The remaining time of a session.
pub(super) struct SessionLease {
    /// How long it goes on without a request.
    pub(super) time: Duration,
    /// Tells whether it has ended all the same.
    pub(super) ended: Ended,
}

/// When sessions of one kind end, and how many there are at a time: one more ends the one that has the least time left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) idle: Duration,
    /// The longest time, whatever comes until then.
    pub(super) length: Option<Duration>,
    pub(super) of_user: usize,
    pub(super) in_all: usize,
}

impl Limits {
    /// Those of sessions of the page.
    pub(super) fn of_page(limits: &SessionLimits) -> Limits {
        Limits { idle: limits.idle, length: Some(limits.length), of_user: 16, in_all: 10_000 }
    }
}

/// All sessions of one kind.
pub(super) struct Sessions {
    limits: Limits,
    /// By the digest of the secret, or by the seal of the ticket.
    open: Mutex<HashMap<[u8; 32], Open>>,
}

struct Open {
    login: SessionLogin,
    ended: Ended,
    until: Instant,
    end: Option<Instant>,
}

impl Sessions {
    pub(super) fn new(limits: Limits) -> Sessions {
        Sessions { limits, open: Mutex::default() }
    }

    /// Adds a session that began at that time, and returns how long it goes on.
    pub(super) fn open(&self, name: [u8; 32], login: SessionLogin, begun: Instant, now: Instant) -> SessionLease {
        let end = self.limits.length.map(|length| begun + length);
        let until = earlier(begun + self.limits.idle, end);
        let mut open = locked(&self.open);
        open.retain(|_, session| session.until > now);
        if open.values().filter(|session| session.login.user_id == login.user_id).count() >= self.limits.of_user {
            end_shortest(&mut open, |session| session.login.user_id == login.user_id);
        }
        if open.len() >= self.limits.in_all {
            end_shortest(&mut open, |_| true);
        }
        let ended = Ended::default();
        open.insert(name, Open { login, ended: ended.clone(), until, end });
        SessionLease { time: until.saturating_duration_since(now), ended }
    }

    /// The login that a session goes back to.
    pub(super) fn find(&self, name: &[u8; 32], now: Instant) -> Option<SessionLogin> {
        locked(&self.open).get(name).filter(|session| session.until > now).map(|session| session.login)
    }

    /// How long a session goes on; its time begins again if it is prolonged.
    pub(super) fn left(&self, name: &[u8; 32], prolong: bool, now: Instant) -> Option<SessionLease> {
        let mut open = locked(&self.open);
        let session = open.get_mut(name).filter(|session| session.until > now)?;
        if prolong {
            session.until = earlier(now + self.limits.idle, session.end);
        }
        Some(SessionLease { time: session.until.saturating_duration_since(now), ended: session.ended.clone() })
    }

    pub(super) fn end(&self, name: &[u8; 32]) {
        if let Some(session) = locked(&self.open).remove(name) {
            session.ended.set();
        }
    }
}

fn earlier(time: Instant, end: Option<Instant>) -> Instant {
    end.map_or(time, |end| end.min(time))
}

/// Ends the one of these that has the least time left.
fn end_shortest(open: &mut HashMap<[u8; 32], Open>, of: impl Fn(&Open) -> bool) {
    let candidates = open.iter().filter(|(_, session)| of(session));
    let shortest = candidates.min_by_key(|(_, session)| session.until).map(|(name, _)| *name);
    if let Some(session) = shortest.and_then(|name| open.remove(&name)) {
        session.ended.set();
    }
}
