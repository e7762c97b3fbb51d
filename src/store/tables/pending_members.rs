//! Rows of `dangling_members`: names in the lists of groups without a matching user or group. They become memberships
//! when such a user or group is created.

use crate::model::{EntityKind, Result, fold_name};
use crate::store::sql::{ReadTx, WriteTx};
use rusqlite::params;
use std::collections::HashSet;

impl ReadTx<'_> {
    /// Number of pending members.
    pub fn count_pending_members(&self) -> Result<u64> {
        self.number("select count(*) from dangling_members", [])
    }

    /// A pending member with this name in another spelling.
    pub fn find_pending_spelling(&self, kind: EntityKind, name: &str) -> Result<Option<String>> {
        let sql = match kind {
            EntityKind::User => {
                "select name from dangling_members
                 where kind = 'user' and name_key = ?1 and spelling(name) <> spelling(?2) limit 1"
            }
            EntityKind::Group => {
                "select name from dangling_members
                 where kind in ('group', 'parent') and name_key = ?1 and spelling(name) <> spelling(?2) limit 1"
            }
        };
        self.first(sql, [&fold_name(name), name], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Turns pending members with the name of this new user into memberships. Returns false if there were none.
    pub(super) fn resolve_pending_user(&self, user_id: i64, username: &str, key: &str) -> Result<bool> {
        // There is hardly ever one, and the query costs less than deleting nothing.
        let sql = "select 1 from dangling_members where kind = 'user' and name_key = ?1";
        if !self.may_have_pending_members()? || !self.any(sql, [key])? {
            return Ok(false);
        }
        let sql = "insert into memberships (group_id, user_id, seq, written)
             select group_id, ?2, seq, case when name <> ?3 and spelling(name) = spelling(?3) then name end
             from dangling_members where kind = 'user' and name_key = ?1";
        self.execute(sql, params![key, user_id, username])?;
        self.record_end_of_pending_user(key, username)?;
        self.execute("delete from dangling_members where kind = 'user' and name_key = ?1", [key])?;
        self.touch_groups_of(user_id)?;
        self.record_resolved_memberships(user_id, username)?;
        Ok(true)
    }

    /// Turns pending members with the new login of this user into memberships. The user may be a member already.
    pub(super) fn resolve_pending_rename(&self, user_id: i64, username: &str, key: &str) -> Result<()> {
        let sql = "select 1 from dangling_members where kind = 'user' and name_key = ?1";
        if !self.may_have_pending_members()? || !self.any(sql, [key])? {
            return Ok(());
        }
        self.record_end_of_pending_user(key, username)?;
        self.record_memberships_by_rename(user_id, username)?;
        let sql = "insert into memberships (group_id, user_id, seq, written)
             select group_id, ?2, seq, case when name <> ?3 and spelling(name) = spelling(?3) then name end
             from dangling_members where kind = 'user' and name_key = ?1
             on conflict do nothing";
        self.execute(sql, params![key, user_id, username])?;
        self.execute("delete from dangling_members where kind = 'user' and name_key = ?1", [key]).map(drop)
    }

    /// Turns pending members with the name of this new group into subgroups.
    ///
    /// # Errors
    /// `Invalid` where that would close a cycle: then there can be no group of that name yet.
    pub(super) fn resolve_pending_group(&self, id: i64, name: &str, key: &str) -> Result<()> {
        let sql = "select kind = 'parent', group_id from dangling_members
             where name_key = ?1 and kind in ('group', 'parent') order by seq";
        let pending: Vec<(bool, i64)> = self.all(sql, [key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if pending.is_empty() {
            return Ok(());
        }
        self.refuse_pending_cycles(id, &pending)?;
        let sql = "insert into subgroups (parent_id, child_id, seq, child_written)
             select group_id, ?2, seq, case when name <> ?3 and spelling(name) = spelling(?3) then name end
             from dangling_members where kind = 'group' and name_key = ?1";
        self.execute(sql, params![key, id, name])?;
        let sql = "insert into subgroups (parent_id, child_id, seq, parent_written)
             select ?2, group_id, seq, case when name <> ?3 and spelling(name) = spelling(?3) then name end
             from dangling_members where kind = 'parent' and name_key = ?1";
        self.execute(sql, params![key, id, name])?;
        self.record_end_of_pending_group(key, name)?;
        self.record_resolved_subgroups(key, name)?;
        self.execute("delete from dangling_members where name_key = ?1 and kind in ('group', 'parent')", [key])?;
        self.touch_groups_beside(id)
    }

    /// Refuses a new group that would close a cycle with the groups that have its name in their lists, as a parent or
    /// as a member.
    fn refuse_pending_cycles(&self, id: i64, pending: &[(bool, i64)]) -> Result<()> {
        let (mut above, mut children) = (HashSet::new(), HashSet::new());
        for (as_parent, group_id) in pending {
            if *as_parent {
                if above.contains(group_id) {
                    return Err(self.cycle_error(id, *group_id));
                }
                children.insert(*group_id);
            } else if self.walk_up([*group_id], &mut above, |group| children.contains(&group))? {
                return Err(self.cycle_error(*group_id, id));
            }
        }
        Ok(())
    }
}
