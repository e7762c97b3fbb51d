//! Rows of `memberships`: users in groups, directly.

use super::audit_log::Membership;
use super::identity::JoinedGroup;
use super::list_sql::update_sql;
use crate::model::{MemberList, Result, User, now, spelling_key};
use crate::store::row_changes::RowChange;
use crate::store::sql::WriteTx;
use rusqlite::params;
use std::collections::{HashMap, HashSet};

/// The membership of a new user in a group.
#[derive(Debug, Clone, Copy)]
pub struct NewMembership<'g> {
    /// The group.
    pub group: &'g JoinedGroup,
    /// The position in the order of all memberships; `None`: the next one.
    pub place: Option<i64>,
    /// The spelling of the user's name in the group's list; `None`: that of the user.
    pub spelling: Option<&'g str>,
}

impl<'g> NewMembership<'g> {
    /// A membership at the end of the group's list.
    pub fn last(group: &'g JoinedGroup) -> NewMembership<'g> {
        NewMembership { group, place: None, spelling: None }
    }
}

impl WriteTx<'_> {
    /// Makes a user a direct member of a group. Returns false if the user is one.
    pub fn insert_member(&self, group_id: i64, user_id: i64) -> Result<bool> {
        let sql = "insert into memberships (group_id, user_id, seq)
             values (?1, ?2, ifnull(?3, (select value + 1 from counters where name = 'seq'))) on conflict do nothing";
        let added = self.execute(sql, params![group_id, user_id, self.upcoming_seq()?])? > 0;
        if added {
            self.note_row_change(RowChange::Membership { group_id, user_id });
            self.advance_seq(1)?;
            self.touch_group(group_id)?;
            self.record_member(group_id, user_id, true)?;
        }
        Ok(added)
    }

    /// Ends a direct membership. Returns false if there is none.
    pub fn delete_member(&self, group_id: i64, user_id: i64) -> Result<bool> {
        let removed = self.take_member(group_id, user_id)?;
        if removed {
            self.touch_group(group_id)?;
            self.record_member(group_id, user_id, false)?;
        }
        Ok(removed)
    }

    /// Makes a new user a direct member of these groups, each once, in this order. `waited`: the name of
    /// the user was a pending member, so the user may already be in some of the groups.
    pub fn insert_memberships_of(&self, user: &User, waited: bool, groups: &[NewMembership<'_>]) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let present = if waited { self.list_group_ids_of(user.id)? } else { Vec::new() };
        let present: HashSet<i64> = present.into_iter().collect();
        let missing = groups.iter().filter(|joining| !present.contains(&joining.group.id));
        let unplaced = missing.clone().filter(|joining| joining.place.is_none()).count();
        let mut seqs = self.next_seqs(unplaced)?..;
        for NewMembership { group, place, spelling } in missing {
            let Some(seq) = place.or_else(|| seqs.next()) else { continue };
            let written = spelling.filter(|name| *name != user.username && is_spelling_of(name, &user.username));
            let sql = "insert into memberships (group_id, user_id, seq, written) values (?1, ?2, ?3, ?4)";
            self.execute(sql, params![group.id, user.id, seq, written])?;
            self.note_row_change(RowChange::Membership { group_id: group.id, user_id: user.id });
            self.touch_group(group.id)?;
            let membership = Membership {
                group: &group.name,
                user: Some(&user.username),
                without_rights: !self.may_grant_rights(group.id)?,
                ..Membership::default()
            };
            self.record_membership(membership, true)?;
        }
        for NewMembership { group, place, spelling } in
            groups.iter().filter(|joining| present.contains(&joining.group.id))
        {
            if let Some(place) = *place {
                let name = spelling.unwrap_or(&user.username);
                self.set_member_position(group.id, user.id, name, place)?;
            }
        }
        Ok(())
    }

    /// Makes these the user's direct groups, each once, in this order. Returns false if they are.
    pub fn replace_groups_of(&self, user_id: i64, groups: &[i64]) -> Result<bool> {
        let present = self.list_group_ids_of(user_id)?;
        let given: HashSet<i64> = groups.iter().copied().collect();
        let removed = present.iter().copied().filter(|id| !given.contains(id));
        let mut changed = false;
        for group_id in removed {
            changed = true;
            self.take_member(group_id, user_id)?;
            self.touch_group(group_id)?;
            self.record_member(group_id, user_id, false)?;
        }
        let places: HashMap<i64, usize> = present.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut last = None;
        let stays = |id: &&i64| {
            let at = places.get(id);
            at > std::mem::replace(&mut last, at)
        };
        let staying = groups.iter().take_while(stays).count();
        self.join_last(user_id, &groups[staying..], &present.into_iter().collect())?;
        Ok(changed || staying < groups.len())
    }

    /// Makes these the last of a user's direct groups. A user who moves to the end of the own groups also moves to the
    /// end of the group's users.
    fn join_last(&self, user_id: i64, groups: &[i64], present: &HashSet<i64>) -> Result<()> {
        let sql = "insert into memberships (group_id, user_id, seq) values (?1, ?2, ?3)
             on conflict do update set seq = excluded.seq";
        for (group_id, seq) in groups.iter().zip(self.next_seqs(groups.len())?..) {
            self.execute(sql, [*group_id, user_id, seq])?;
            self.touch_group(*group_id)?;
            if present.contains(group_id) {
                self.invalidate_order(MemberList::Users);
            } else {
                self.note_row_change(RowChange::Membership { group_id: *group_id, user_id });
                self.record_member(*group_id, user_id, true)?;
            }
        }
        Ok(())
    }

    /// Deletes the row of a membership. Returns false if there is none.
    fn take_member(&self, group_id: i64, user_id: i64) -> Result<bool> {
        self.note_row_change(RowChange::Membership { group_id, user_id });
        Ok(self.execute("delete from memberships where group_id = ?1 and user_id = ?2", [group_id, user_id])? > 0)
    }

    /// Increments the version of each of the user's direct groups.
    pub(super) fn touch_groups_of(&self, user_id: i64) -> Result<()> {
        let sql = "update groups set version = version + 1, updated_at = ?2
             where id in (select group_id from memberships where user_id = ?1)";
        self.execute(sql, [user_id, now()]).map(drop)
    }

    /// Gives a member of a group another position in the order of all memberships, and the spelling of the name that
    /// the group's list shows.
    fn set_member_position(&self, group_id: i64, user_id: i64, name: &str, position: i64) -> Result<()> {
        let changed = self.execute(update_sql(MemberList::Users), params![group_id, user_id, position, name])?;
        if changed == 0 {
            return Ok(());
        }
        self.invalidate_order(MemberList::Users);
        self.touch_group(group_id)
    }
}

/// True if two texts are the same spelling of a name.
fn is_spelling_of(one: &str, other: &str) -> bool {
    spelling_key(one) == spelling_key(other)
}
