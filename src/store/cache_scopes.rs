//! Cache scopes: which cached data a commit invalidates.

use super::change_action::Action;
use super::row_changes::RowChangeLog;
use crate::model::RightsVersion;
use crate::sync::locked;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// A kind of data that caches depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheScope {
    /// Any row at all.
    Anything,
    /// Keys and tokens.
    Credentials,
    /// Passwords, disabled users and memberships of groups that grant rights: who can log in, and their permissions.
    Rights,
    /// Names, labels and parents of groups.
    Groups,
    /// Lists and documents of users. They follow single changes: only changes of unknown rows invalidate them.
    Users,
}

/// The number of commits in each scope, and the threads that wait for the next commit.
#[derive(Default)]
pub(in crate::store) struct Generations {
    counts: [AtomicU64; 5],
    /// The recent changes of rows, which cached lists and documents follow.
    pub(in crate::store) row_changes: RowChangeLog,
    waiting: AtomicUsize,
    wait: Mutex<WaitState>,
    advanced: Condvar,
}

#[derive(Default)]
struct WaitState {
    /// Waiting has ended for good.
    ended: bool,
    /// A commit has woken one thread, which has to wake the others: they may be a thousand, and the commit would be
    /// acknowledged only when all are awake.
    wakes_others: bool,
}

impl Generations {
    pub(in crate::store) fn of(&self, scope: CacheScope) -> u64 {
        self.counts[scope as usize].load(Ordering::Acquire)
    }

    pub(in crate::store) fn advance(&self, scope: CacheScope) {
        self.counts[scope as usize].fetch_add(1, Ordering::SeqCst);
    }

    /// Wakes waiting threads. A thread counts itself before it reads the numbers: either it sees the new numbers, or it
    /// is counted here.
    pub(in crate::store) fn notify(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            locked(&self.wait).wakes_others = true;
            self.advanced.notify_one();
        }
    }

    pub(in crate::store) fn stop_waiting(&self) {
        locked(&self.wait).ended = true;
        self.advanced.notify_all();
    }

    pub(in crate::store) fn wait(&self, generation: u64, deadline: Instant) -> bool {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = locked(&self.wait);
        let mut advanced = false;
        while !state.ended {
            advanced = self.counts[CacheScope::Anything as usize].load(Ordering::SeqCst) != generation;
            let left = deadline.saturating_duration_since(Instant::now());
            if advanced || left.is_zero() {
                break;
            }
            state = self.advanced.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            // Any thread that wakes has this duty: the one that the commit has woken may wait for a later commit.
            if std::mem::take(&mut state.wakes_others) {
                self.advanced.notify_all();
            }
        }
        drop(state);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        advanced
    }
}

/// The generations that a snapshot of the database belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct SnapshotVersion {
    pub(in crate::store) anything: u64,
    pub(in crate::store) credentials: u64,
    pub(in crate::store) rights: u64,
    pub(in crate::store) groups: u64,
    pub(in crate::store) users: u64,
}

impl SnapshotVersion {
    /// The generations of rights and credentials.
    pub(in crate::store) fn rights(&self) -> RightsVersion {
        RightsVersion { rights: self.rights, credentials: self.credentials }
    }

    /// Current generations, taken before a read. The data may be newer than these numbers, never older.
    pub(in crate::store) fn now(generations: &Generations) -> SnapshotVersion {
        let [anything, credentials, rights, groups, users] =
            [CacheScope::Anything, CacheScope::Credentials, CacheScope::Rights, CacheScope::Groups, CacheScope::Users]
                .map(|scope| generations.of(scope));
        SnapshotVersion { anything, credentials, rights, groups, users }
    }
}

/// Scopes that advance only when invalidated, in dependency order: no reader may combine new rights with old groups.
/// [`CacheScope::Anything`] advances on every commit.
pub(in crate::store) const ADVANCED_SCOPES: [CacheScope; 4] =
    [CacheScope::Groups, CacheScope::Rights, CacheScope::Credentials, CacheScope::Users];

/// The scopes that a change invalidates. Every commit also invalidates [`CacheScope::Anything`].
///
/// Two kinds of changes are not in the audit log. Another order of memberships calls `WriteTx::invalidate_order`. Another
/// hash of the same password invalidates nothing: a cached login stays right.
pub(in crate::store) const fn invalidated_by(action: Action) -> &'static [CacheScope] {
    use CacheScope::{Credentials, Groups, Rights, Users};
    match action {
        // Other groups than those of administrators and of power users grant no rights.
        Action::UserCreated | Action::UserUpdated | Action::MemberAdded | Action::MemberRemoved => &[],
        Action::UserEnabledOrDisabled | Action::UserPasswordSet => &[Rights],
        // Cached callers have the login, and cached passwords are found by it.
        Action::UserRenamed => &[Rights],
        Action::UserDeleted => &[Rights, Credentials],
        // Pending members of a new group become members of the groups above it.
        Action::GroupCreated | Action::GroupDeleted => &[Groups, Rights],
        Action::GroupUpdated => &[Groups],
        Action::RightsMemberAdded | Action::RightsMemberRemoved => &[Rights],
        Action::SubgroupAdded | Action::SubgroupRemoved => &[Groups, Rights],
        Action::KeyCreated | Action::KeyRevoked | Action::TokenCreated | Action::TokenRevoked => &[Credentials],
        Action::DirectoryRestored => &[Groups, Rights, Credentials, Users],
    }
}
