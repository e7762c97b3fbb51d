//! Searches of users by words, with the index or by reading all rows.

use super::filter_sql::{FilterSql, FilteredTable};
use super::user_lists::position;
use super::users::{COLUMN_LIST, user};
use crate::model::{Filter, Result, User, UserSummary};
use crate::store::posting_list::IdSet;
use crate::store::read_cache::ListKey;
use crate::store::sql::{ReadTx, failure};
use rusqlite::ToSql;

/// A step through the order of all users costs this part of reading the row of a candidate.
const STEPS_PER_ROW: u64 = 1024;
/// Candidates that a walk may read in vain before all further rows are read in their order.
const MISSED_MAX: usize = if cfg!(test) { 8 } else { 2048 };
/// Users whose order fits into the read cache.
const CACHED_ORDER_MAX: u64 = 1_500_000;

impl ReadTx<'_> {
    /// At most `limit` users after that key in the order of names.
    pub fn list_users_after(&self, filter: &Filter, after: &str, limit: u64) -> Result<Vec<UserSummary>> {
        // A write has to see its own changes, and the cached order does not have them.
        let words = filter.required_words().filter(|_| self.memory.is_some());
        let Some(candidates) = words.map(|words| self.search_candidates(words)).transpose()?.flatten() else {
            return self.scan_users_after(filter, after, limit);
        };
        let length = usize::try_from(limit).unwrap_or(usize::MAX);
        // Either the rows of all candidates are read and sorted, or the order of all users is walked until the page is full.
        let rows = candidates.len() as u64;
        let (users, scanned_from) = if rows <= limit.saturating_add(self.count_users()? / STEPS_PER_ROW) {
            (self.sorted_candidates(&candidates, filter, after, length)?, None)
        } else {
            self.walk_candidates(&candidates, filter, after, length)?
        };
        let is_administrator = self.administrator_test()?;
        let summary = |user: User| Ok(UserSummary { administrator: is_administrator(user.id)?, user });
        let mut users = users.into_iter().map(summary).collect::<Result<Vec<_>>>()?;
        if let Some(after) = scanned_from {
            users.extend(self.scan_users_after(filter, &after, limit - users.len() as u64)?);
        }
        Ok(users)
    }

    fn sorted_candidates(&self, ids: &IdSet, filter: &Filter, after: &str, length: usize) -> Result<Vec<User>> {
        let mut users = Vec::new();
        self.check_candidates(filter, after, |check| {
            for id in ids.iter() {
                users.extend(check(id)?);
            }
            Ok(())
        })?;
        users.sort_unstable_by(|one: &User, other| one.key.cmp(&other.key));
        users.truncate(length);
        Ok(users)
    }

    /// Walks the order of all users. Returns the users, and the key after which all rows have to be read if too many
    /// candidates did not pass.
    fn walk_candidates(
        &self,
        ids: &IdSet,
        filter: &Filter,
        after: &str,
        length: usize,
    ) -> Result<(Vec<User>, Option<String>)> {
        let (mut users, mut missed, mut scanned_from) = (Vec::new(), 0, None);
        self.check_candidates(filter, after, |check| {
            self.each_user_id_after(after, |id| {
                if users.len() >= length {
                    return Ok(false);
                }
                if !ids.contains(id) {
                    return Ok(true);
                }
                match check(id)? {
                    Some(user) => users.push(user),
                    None => missed += 1,
                }
                if missed > MISSED_MAX {
                    scanned_from = self.find_key_of_user(id)?;
                }
                Ok(scanned_from.is_none())
            })
        })?;
        Ok((users, scanned_from))
    }

    /// Calls `work` with a function that reads the user of a row id, if the user passes the filter and comes after that
    /// key.
    fn check_candidates(
        &self,
        filter: &Filter,
        after: &str,
        work: impl FnOnce(&mut dyn FnMut(i64) -> Result<Option<User>>) -> Result<()>,
    ) -> Result<()> {
        let filter = FilterSql::of(FilteredTable::Users, filter);
        let sql = format!(
            "{} select {} from users where users.id = :id and username_key > :after and {}",
            filter.with_clause(),
            *COLUMN_LIST,
            filter.condition
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(failure)?;
        work(&mut |id| {
            let parameters = filter.parameters(&[(":id", &id as &dyn ToSql), (":after", &after)]);
            let mut rows = statement.query(parameters.as_slice()).map_err(failure)?;
            rows.next().and_then(|row| row.map(user).transpose()).map_err(failure)
        })
    }

    /// Visits the row ids of users after that key in the order of names, until `visit` returns false.
    fn each_user_id_after(&self, after: &str, mut visit: impl FnMut(i64) -> Result<bool>) -> Result<()> {
        if self.count_users()? <= CACHED_ORDER_MAX {
            let list = self.user_list(ListKey::AllUsers)?;
            let start = position(&list.ids, after, |_| false, |id| self.find_key_of_user(id))?;
            if let Some(start) = start {
                for id in list.ids.iter_from(start) {
                    if !visit(id)? {
                        break;
                    }
                }
                return Ok(());
            }
        }
        let sql = "select id from users where username_key > ?1 order by username_key";
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query([after]).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            if !visit(row.get(0).map_err(failure)?)? {
                break;
            }
        }
        Ok(())
    }
}
