//! Rows of `subgroups`: groups in groups, directly. Cycles are refused.

use super::audit_log::Membership;
use super::list_sql::delete_sql;
use crate::model::{Error, MemberList, Result, now};
use crate::store::sql::WriteTx;

impl WriteTx<'_> {
    /// Makes a group a direct member of a group. Returns false if it is one.
    ///
    /// # Errors
    /// `Invalid` where a group would contain itself.
    pub fn insert_member_group(&self, parent: i64, child: i64) -> Result<bool> {
        let added = self.put_below(parent, child)?;
        if added {
            self.record_subgroup(parent, child, true)?;
        }
        Ok(added)
    }

    /// Makes a group a direct member of a group, without a record. Returns false if it is one.
    pub(super) fn put_below(&self, parent: i64, child: i64) -> Result<bool> {
        if self.has_member_group(parent, child)? {
            return Ok(false);
        }
        let seq = self.next_seqs(1)?;
        self.insert_subgroup(parent, child, seq)?;
        Ok(true)
    }

    /// Takes a group out of another. Returns false if it is not in it.
    pub fn remove_subgroup(&self, parent: i64, child: i64) -> Result<bool> {
        let removed = self.execute(delete_sql(MemberList::Groups), [parent, child])? > 0;
        if removed {
            self.touch_group(parent)?;
            self.touch_group(child)?;
            self.record_subgroup(parent, child, false)?;
        }
        Ok(removed)
    }

    /// Adds the row, unless it is there.
    fn insert_subgroup(&self, parent: i64, child: i64, seq: i64) -> Result<()> {
        self.refuse_cycles(parent, MemberList::Groups, vec![child])?;
        let sql = "insert into subgroups (parent_id, child_id, seq) values (?1, ?2, ?3) on conflict do nothing";
        self.execute(sql, [parent, child, seq])?;
        self.touch_group(parent)?;
        self.touch_group(child)
    }

    /// Refuses new entries that would close a cycle. One walk checks all of them.
    pub(super) fn refuse_cycles(&self, group_id: i64, list: MemberList, targets: Vec<i64>) -> Result<()> {
        if targets.is_empty() {
            return Ok(());
        }
        match list {
            MemberList::Users => Ok(()),
            // A new member that contains no groups closes no cycle, which one query tells.
            MemberList::Groups if self.contain_none(group_id, &targets)? => Ok(()),
            MemberList::Groups => match self.find_at_or_above(group_id, &targets)? {
                Some(at) => Err(self.cycle_error(group_id, targets[at])),
                None => Ok(()),
            },
            MemberList::Parents => match self.find_at_or_below(group_id, &targets)? {
                Some(at) => Err(self.cycle_error(targets[at], group_id)),
                None => Ok(()),
            },
        }
    }

    /// True if there is one target, which is another group and contains no group.
    fn contain_none(&self, group_id: i64, targets: &[i64]) -> Result<bool> {
        let [target] = targets else { return Ok(false) };
        Ok(*target != group_id && !self.any("select 1 from subgroups where parent_id = ?1", [target])?)
    }

    /// The error for a membership that would close a cycle.
    pub(super) fn cycle_error(&self, parent: i64, child: i64) -> Error {
        match (self.name_of_group(parent), self.name_of_group(child)) {
            (Ok(parent), Ok(child)) => {
                Error::Invalid(format!("a group cannot contain itself: {child} in {parent} closes a cycle"))
            }
            (Err(error), _) | (_, Err(error)) => error,
        }
    }

    /// Increments the version of each group directly above and below that one.
    pub(super) fn touch_groups_beside(&self, id: i64) -> Result<()> {
        let sql = "update groups set version = version + 1, updated_at = ?2
             where id in (select parent_id from subgroups where child_id = ?1
                          union select child_id from subgroups where parent_id = ?1)";
        self.execute(sql, [id, now()]).map(drop)
    }

    fn record_subgroup(&self, parent: i64, child: i64, begins: bool) -> Result<()> {
        let (parent, child) = (self.name_of_group(parent)?, self.name_of_group(child)?);
        let membership = Membership { group: &parent, subgroup: Some(&child), ..Membership::default() };
        self.record_membership(membership, begins)
    }
}
