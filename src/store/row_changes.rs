//! The recent changes of users and memberships. With them a cached list becomes the list of another snapshot, without
//! reading the directory again.

use crate::sync::locked;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Changes that one commit may have for the log to keep them.
const CHANGES_PER_COMMIT_MAX: usize = 2048;
/// Changes in the log, over all commits.
const CHANGES_MAX: usize = 8192;
/// Bytes that the keys of one commit may have for the log to keep them.
const KEY_BYTES_PER_COMMIT_MAX: usize = 1 << 20;
/// Bytes of the keys in the log.
const KEY_BYTES_MAX: usize = 4 << 20;

/// A change that can add a user to a list, remove it, or move it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum RowChange {
    /// The user is created, renamed or deleted. `keys` has the key before and the key after.
    Identity { user_id: i64, keys: Vec<String> },
    /// Other fields of the user have changed.
    Fields { user_id: i64 },
    /// The user joins or leaves the group.
    Membership { group_id: i64, user_id: i64 },
}

/// The changes of an operation, or of a commit.
#[derive(Debug, Default)]
pub(in crate::store) struct RowChanges {
    changes: Vec<RowChange>,
    /// Bytes of the keys in them.
    key_bytes: usize,
    /// There were too many changes to keep them.
    overflowed: bool,
}

impl RowChanges {
    pub(in crate::store) fn push(&mut self, change: RowChange) {
        self.key_bytes += change.key_bytes();
        self.overflowed |= self.changes.len() >= CHANGES_PER_COMMIT_MAX || self.key_bytes > KEY_BYTES_PER_COMMIT_MAX;
        if self.overflowed {
            self.changes = Vec::new();
        } else {
            self.changes.push(change);
        }
    }

    pub(in crate::store) fn append(&mut self, other: RowChanges) {
        self.overflowed |= other.overflowed;
        other.changes.into_iter().for_each(|change| self.push(change));
        if self.overflowed {
            self.changes = Vec::new();
        }
    }
}

/// The log of recent commits. A point in it is the id of the newest row of the audit log, which every snapshot has.
#[derive(Debug, Default)]
pub(in crate::store) struct RowChangeLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    /// The point after which all changes are known; `None` before the first commit.
    start: Option<i64>,
    /// Commits after `start` in their order.
    commits: VecDeque<Commit>,
    /// Changes in all of them.
    length: usize,
    /// Bytes of the keys in them.
    key_bytes: usize,
    /// The last commit of each changed user in them.
    last: HashMap<i64, i64>,
}

#[derive(Debug)]
struct Commit {
    /// The newest row of the audit log in its snapshot.
    point: i64,
    changes: Arc<[RowChange]>,
    key_bytes: usize,
}

impl RowChangeLog {
    /// Adds a commit before readers can see it. `before` and `after` are the newest rows of the audit log.
    pub(in crate::store) fn push(&self, before: i64, after: i64, changes: RowChanges) {
        let mut log = locked(&self.0);
        // Ids ascend, unless another program has removed the newest row.
        if changes.overflowed || after < before {
            *log = Log { start: Some(after), ..Log::default() };
            return;
        }
        // A row that no commit of this process has written: another program has changed the directory.
        if log.newest() != Some(before) {
            *log = Log { start: Some(before), ..Log::default() };
        }
        log.length += changes.changes.len();
        log.last.extend(changes.changes.iter().map(|change| (change.user_id(), after)));
        log.key_bytes += changes.key_bytes;
        let RowChanges { changes, key_bytes, .. } = changes;
        log.commits.push_back(Commit { point: after, changes: changes.into(), key_bytes });
        while log.length > CHANGES_MAX || log.commits.len() > CHANGES_MAX || log.key_bytes > KEY_BYTES_MAX {
            let Some(oldest) = log.commits.pop_front() else { break };
            log.length -= oldest.changes.len();
            log.key_bytes -= oldest.key_bytes;
            log.start = Some(oldest.point);
            for change in &*oldest.changes {
                if log.last.get(&change.user_id()).is_some_and(|point| *point <= oldest.point) {
                    log.last.remove(&change.user_id());
                }
            }
        }
    }

    /// Forgets all changes, after a commit that has failed.
    pub(in crate::store) fn clear(&self) {
        *locked(&self.0) = Log::default();
    }

    /// True if none of the users has changed between two points. False also if that is not known, and if one of them has
    /// changed later.
    pub(in crate::store) fn are_unchanged(&self, user_ids: &[i64], one: i64, other: i64) -> bool {
        let (from, to) = (one.min(other), one.max(other));
        let log = locked(&self.0);
        let is_unchanged = |id: &i64| log.last.get(id).is_none_or(|last| *last <= from);
        log.knows(from) && log.newest() >= Some(to) && user_ids.iter().all(is_unchanged)
    }

    /// True if the user has not changed since that point. False also if that is not known.
    pub(in crate::store) fn is_unchanged_since(&self, user_id: i64, point: i64) -> bool {
        let log = locked(&self.0);
        log.knows(point) && log.newest() >= Some(point) && log.last.get(&user_id).is_none_or(|last| *last <= point)
    }

    /// The changes between two points, in either direction; `None` if not all of them are known.
    pub(in crate::store) fn between(&self, one: i64, other: i64) -> Option<Vec<Arc<[RowChange]>>> {
        let (from, to) = (one.min(other), one.max(other));
        let log = locked(&self.0);
        let start = log.start.filter(|_| log.knows(from))?;
        // A point inside of a commit is none that a snapshot had.
        let index = |point: i64| {
            let found = log.commits.binary_search_by_key(&point, |commit| commit.point);
            if point == start { Some(0) } else { found.ok().map(|at| at + 1) }
        };
        let commits = log.commits.range(index(from)?..index(to)?);
        Some(commits.map(|commit| Arc::clone(&commit.changes)).collect())
    }
}

impl Log {
    /// The point up to which all changes are known.
    fn newest(&self) -> Option<i64> {
        self.commits.back().map(|commit| commit.point).or(self.start)
    }

    fn knows(&self, point: i64) -> bool {
        self.start.is_some_and(|start| start <= point)
    }
}

impl RowChange {
    fn key_bytes(&self) -> usize {
        match self {
            RowChange::Identity { keys, .. } => keys.iter().map(String::len).sum(),
            RowChange::Fields { .. } | RowChange::Membership { .. } => 0,
        }
    }

    fn user_id(&self) -> i64 {
        match self {
            RowChange::Identity { user_id, .. } | RowChange::Fields { user_id } => *user_id,
            RowChange::Membership { user_id, .. } => *user_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user_id: i64) -> RowChanges {
        let mut changes = RowChanges::default();
        changes.push(RowChange::Fields { user_id });
        changes
    }

    fn users(log: &RowChangeLog, one: i64, other: i64) -> Option<Vec<i64>> {
        let found = log.between(one, other)?;
        Some(found.iter().flat_map(|changes| changes.iter().map(RowChange::user_id)).collect())
    }

    #[test]
    fn changes_between_two_points_are_known_in_both_directions() {
        let log = RowChangeLog::default();
        assert_eq!(users(&log, 1, 1), None);
        log.push(10, 12, of(1));
        log.push(12, 13, of(2));
        log.push(13, 15, of(3));
        assert_eq!(users(&log, 10, 15), Some(vec![1, 2, 3]));
        assert_eq!(users(&log, 15, 12), Some(vec![2, 3]));
        assert_eq!(users(&log, 13, 13), Some(vec![]));
        for (one, other) in [(9, 15), (11, 15), (10, 14), (10, 16)] {
            assert_eq!(users(&log, one, other), None, "{one} {other}");
        }
    }

    #[test]
    fn after_a_failed_commit_earlier_changes_are_unknown() {
        let log = RowChangeLog::default();
        log.push(1, 2, of(1));
        log.push(2, 3, of(2));
        log.clear();
        assert_eq!(users(&log, 1, 2), None);
        log.push(2, 3, of(4));
        assert_eq!((users(&log, 1, 3), users(&log, 2, 3)), (None, Some(vec![4])));
    }

    #[test]
    fn a_user_is_unchanged_only_between_known_points() {
        let log = RowChangeLog::default();
        assert!(!log.are_unchanged(&[1], 1, 1));
        log.push(10, 11, of(1));
        log.push(11, 12, of(2));
        log.push(12, 14, of(1));
        for (user_id, one, other, unchanged) in [
            (2, 10, 11, false),
            (3, 11, 12, true),
            (2, 12, 14, true),
            (2, 11, 14, false),
            (2, 14, 11, false),
            (1, 11, 12, false),
            (1, 14, 14, true),
            (1, 11, 14, false),
            (3, 10, 14, true),
            (3, 9, 14, false),
            (3, 10, 15, false),
        ] {
            assert_eq!(log.are_unchanged(&[user_id], one, other), unchanged, "{user_id} {one} {other}");
        }
    }

    #[test]
    fn unknown_changes_and_too_many_changes_begin_a_new_log() {
        let log = RowChangeLog::default();
        log.push(1, 2, of(1));
        // Another program has added row 3.
        log.push(3, 4, of(2));
        assert_eq!((users(&log, 1, 4), users(&log, 3, 4)), (None, Some(vec![2])));
        let mut many = RowChanges::default();
        (0..=CHANGES_PER_COMMIT_MAX as i64).for_each(|user_id| many.push(RowChange::Fields { user_id }));
        log.push(4, 5, many);
        assert_eq!((users(&log, 4, 5), users(&log, 5, 5)), (None, Some(vec![])));
        log.push(5, 6, of(3));
        assert_eq!(users(&log, 5, 6), Some(vec![3]));
    }

    #[test]
    fn long_keys_count() {
        let renamed = |user_id, length| {
            let mut changes = RowChanges::default();
            changes.push(RowChange::Identity { user_id, keys: vec!["k".repeat(length)] });
            changes
        };
        let log = RowChangeLog::default();
        for point in 0..100 {
            log.push(point, point + 1, renamed(point, KEY_BYTES_MAX / 10));
        }
        assert_eq!((users(&log, 90, 100).map(|users| users.len()), users(&log, 89, 100)), (Some(10), None));
        log.push(100, 101, renamed(1, KEY_BYTES_PER_COMMIT_MAX + 1));
        assert_eq!(users(&log, 100, 101), None);
    }

    #[test]
    fn ids_that_descend_begin_a_new_log() {
        let log = RowChangeLog::default();
        log.push(10, 11, of(1));
        log.push(11, 8, of(2));
        assert_eq!((users(&log, 10, 11), users(&log, 8, 8)), (None, Some(vec![])));
        log.push(8, 9, of(3));
        assert_eq!(users(&log, 8, 9), Some(vec![3]));
    }

    #[test]
    fn the_log_has_a_limit() {
        let log = RowChangeLog::default();
        for point in 0..3 * CHANGES_MAX as i64 {
            log.push(point, point + 1, of(point));
        }
        let inner = locked(&log.0);
        assert_eq!((inner.commits.len(), inner.length, inner.last.len()), (CHANGES_MAX, CHANGES_MAX, CHANGES_MAX));
    }
}
