//! Sessions of people: kept in memory only, so that the end of the process is the end of all.

use crate::lock::locked;
use crate::model::{Caller, Ended};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Sessions of one user at a time; one more ends the one that has the least time left.
const OF_USER_MAX: usize = 16;
/// Sessions of everybody at a time, likewise.
const MAX: usize = 10_000;

/// When sessions end.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// After the last request that prolongs one.
    pub idle: Duration,
    /// After the login, whatever has come since.
    pub length: Duration,
}

/// A session that goes on.
pub struct Session {
    /// Whose it is.
    pub caller: Caller,
    /// How long it goes on without a request.
    pub left: Duration,
}

/// All sessions.
pub(super) struct Sessions {
    limits: SessionLimits,
    /// By the digest of the secret.
    open: Mutex<HashMap<[u8; 32], Open>>,
}

struct Open {
    user_id: i64,
    /// The number of the password that opened it.
    password: i64,
    ended: Ended,
    until: Instant,
    end: Instant,
}

impl Sessions {
    pub(super) fn new(limits: SessionLimits) -> Sessions {
        Sessions { limits, open: Mutex::default() }
    }

    /// Adds a session, and returns how long it goes on and what tells of its end.
    pub(super) fn open(&self, digest: [u8; 32], user_id: i64, password: i64) -> (Duration, Ended) {
        let now = Instant::now();
        let (left, end) = (self.limits.idle.min(self.limits.length), now + self.limits.length);
        let mut open = locked(&self.open);
        open.retain(|_, session| session.until > now);
        if open.values().filter(|session| session.user_id == user_id).count() >= OF_USER_MAX {
            end_shortest(&mut open, |session| session.user_id == user_id);
        }
        if open.len() >= MAX {
            end_shortest(&mut open, |_| true);
        }
        let ended = Ended::default();
        open.insert(digest, Open { user_id, password, ended: ended.clone(), until: now + left, end });
        (left, ended)
    }

    /// The user of a session, the number of the password that opened it, and what tells of its end.
    pub(super) fn find(&self, digest: &[u8; 32]) -> Option<(i64, i64, Ended)> {
        let open = locked(&self.open);
        let session = open.get(digest).filter(|session| session.until > Instant::now())?;
        Some((session.user_id, session.password, session.ended.clone()))
    }

    /// How long a session goes on, which begins anew if it is prolonged.
    pub(super) fn left(&self, digest: &[u8; 32], prolong: bool) -> Option<Duration> {
        let now = Instant::now();
        let mut open = locked(&self.open);
        let session = open.get_mut(digest).filter(|session| session.until > now)?;
        if prolong {
            session.until = session.end.min(now + self.limits.idle);
        }
        Some(session.until - now)
    }

    pub(super) fn end(&self, digest: &[u8; 32]) {
        if let Some(session) = locked(&self.open).remove(digest) {
            session.ended.set();
        }
    }
}

/// Ends the one of these that has the least time left.
fn end_shortest(open: &mut HashMap<[u8; 32], Open>, of: impl Fn(&Open) -> bool) {
    let candidates = open.iter().filter(|(_, session)| of(session));
    let shortest = candidates.min_by_key(|(_, session)| session.until).map(|(digest, _)| *digest);
    if let Some(session) = shortest.and_then(|digest| open.remove(&digest)) {
        session.ended.set();
    }
}
