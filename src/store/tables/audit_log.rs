//! Rows of `changes`, the audit log: each row says what has changed, when, and who changed it. The transaction of the
//! change writes the row.
//!
//! The row of an update has the fields that differ, before and after. The row of a creation or a removal has all fields
//! that are not empty. Rows never contain secrets: a row says that there is a password, and names keys and tokens.

use super::audit_documents::{
    CredentialDocument, GroupDocument, MembershipDocument, NameDocument, RestoreDocument, UserDocument,
};
use crate::json;
use crate::model::{ChangeRef, Credential, CredentialKind, Error, Group, Result, Token, User, now};
use crate::store::change_action::Action;
use crate::store::read_cache::ReadCacheView;
use crate::store::sql::{ReadTx, WriteTx, failure};
use crate::store::tables::columns::count;
use rusqlite::params;
use serde::Serialize;

/// The largest id of a change: every JSON reader can represent it exactly (2^53 - 1).
pub(in crate::store) const NUMBER_MAX: i64 = (1 << 53) - 1;

/// A membership of a user or of a group in a group. Exactly one of `user` and `subgroup` is given.
#[derive(Default, Clone, Copy)]
pub(super) struct Membership<'n> {
    pub(super) group: &'n str,
    pub(super) user: Option<&'n str>,
    pub(super) subgroup: Option<&'n str>,
    /// True for a pending member: no user or group has the name.
    pub(super) pending: bool,
    /// True if the group is known to grant no rights, so that no rights change.
    pub(super) without_rights: bool,
}

impl ReadTx<'_> {
    /// Visits at most `limit` changes after that one, the oldest first, until the visitor returns false.
    pub fn visit_changes_after(&self, id: i64, limit: u64, visit: impl FnMut(&ChangeRef<'_>) -> bool) -> Result<()> {
        let sql = "select id, at, caller_kind, caller, dialect, action, name, before, after from changes
             where id > ?1 order by id limit ?2";
        self.visit_changes(sql, id, limit, visit)
    }

    /// Visits at most `limit` changes before that one, the newest first, until the visitor returns false.
    pub fn visit_changes_before(&self, id: i64, limit: u64, visit: impl FnMut(&ChangeRef<'_>) -> bool) -> Result<()> {
        let sql = "select id, at, caller_kind, caller, dialect, action, name, before, after from changes
             where id < ?1 order by id desc limit ?2";
        self.visit_changes(sql, id, limit, visit)
    }

    fn visit_changes(
        &self,
        sql: &str,
        id: i64,
        limit: u64,
        mut visit: impl FnMut(&ChangeRef<'_>) -> bool,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query([id, count(limit)]).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            if !visit(&change(row).map_err(failure)?) {
                break;
            }
        }
        Ok(())
    }

    /// The ids of the oldest and the newest change in the table.
    pub fn change_id_range(&self) -> Result<Option<(i64, i64)>> {
        // Two subqueries: SQLite finds one end by the index, and would scan the table for both at once.
        let sql = "select (select min(id) from changes), (select max(id) from changes)";
        let ends = self.first(sql, [], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)))?;
        Ok(ends.and_then(|(first, last)| first.zip(last)))
    }

    /// The id of the newest change, which is never removed; 0 before the first one.
    pub(in crate::store) fn newest_change_id(&self) -> Result<i64> {
        Ok(self.first("select max(id) from changes", [], |row| row.get::<_, Option<i64>>(0))?.flatten().unwrap_or(0))
    }

    /// The newest change in the snapshot of a read, which is read once.
    pub(in crate::store) fn point_of(&self, memory: &ReadCacheView<'_>) -> Result<i64> {
        memory.point(|| self.newest_change_id())
    }

    /// True if the table has the change of that id.
    pub fn has_change(&self, id: i64) -> Result<bool> {
        self.any("select 1 from changes where id = ?1", [id])
    }

    /// The time of the oldest change in the table.
    pub fn find_time_of_oldest_change(&self) -> Result<Option<i64>> {
        self.first("select at from changes order by id limit 1", [], |row| row.get(0))
    }

    /// The id of the last change before that time; without one, the id before the oldest change. The result is
    /// approximate where the system clock was set back.
    pub fn find_change_before(&self, at: i64) -> Result<i64> {
        let Some((first, last)) = self.change_id_range()? else { return Ok(0) };
        // A binary search: times ascend with ids.
        let (mut before, mut after) = (first.saturating_sub(1), last.saturating_add(1));
        while after.abs_diff(before) > 1 {
            let middle = before.saturating_add_unsigned(after.abs_diff(before) / 2);
            let sql = "select id, at from changes where id >= ?1 order by id limit 1";
            let found = self.first(sql, [middle], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
            match found {
                Some((id, time)) if time < at => before = id,
                _ => after = middle,
            }
        }
        Ok(before.max(0))
    }
}

impl WriteTx<'_> {
    /// Number of changes that the operation has recorded so far.
    pub fn recorded_changes(&self) -> u64 {
        self.recorded.get()
    }

    /// Records that a backup has replaced the database. `number` is the id of the new row, `last` the newest id in the
    /// backup.
    pub(in crate::store) fn record_restore(&self, backup: &str, number: i64, last: i64) -> Result<()> {
        self.invalidate_for(Action::DirectoryRestored);
        let sql = "insert into changes (id, at, caller_kind, caller, dialect, action, name, after)
             values (?1, ?2, ?3, ?4, ?5, 'directory.restored', ?6, ?7)";
        let (caller_kind, caller, dialect) = self.actor_columns();
        let after = json::to_string(&RestoreDocument { last_change: last });
        self.execute(sql, params![number, now(), caller_kind, caller, dialect, backup, after]).map(drop)
    }

    pub(super) fn record_user_created(&self, user: &User, password: bool) -> Result<()> {
        let after = UserDocument { password: password.then_some(true), ..UserDocument::of(user) };
        self.record(Action::UserCreated, &user.username, None::<&()>, Some(&after))
    }

    pub(super) fn record_user_updated(&self, before: &User, user: &User) -> Result<()> {
        let action = if before.disabled == user.disabled { Action::UserUpdated } else { Action::UserEnabledOrDisabled };
        let (before, after) = UserDocument::differences(before, user);
        self.record(action, &user.username, Some(&before), Some(&after))
    }

    /// Records a new login. The row has the new login as its name, and the old one in `before`.
    pub(super) fn record_user_renamed(&self, before: &User, username: &str) -> Result<()> {
        let (old, new) = (NameDocument { name: &before.username }, NameDocument { name: username });
        self.record(Action::UserRenamed, username, Some(&old), Some(&new))
    }

    pub(super) fn record_user_verified(&self, username: &str) -> Result<()> {
        let verified = |verified| UserDocument { verified: Some(verified), ..UserDocument::default() };
        self.record(Action::UserUpdated, username, Some(&verified(false)), Some(&verified(true)))
    }

    pub(super) fn record_password_set(&self, username: &str) -> Result<()> {
        self.record(Action::UserPasswordSet, username, None::<&()>, None::<&()>)
    }

    /// Records the end of a user, of the memberships and of the tokens. Call it before the rows are deleted.
    pub(super) fn record_user_deleted(&self, user: &User) -> Result<()> {
        self.record_each(
            &[Action::RightsMemberRemoved],
            "before",
            "select 'member.removed', ?1, json_object('group', groups.name, 'user', ?1)
             from memberships join groups on groups.id = group_id where user_id = ?2 order by seq",
            params![user.username, user.id],
        )?;
        self.record_each(
            &[Action::TokenRevoked],
            "before",
            "select 'token.revoked', ?1, json_object('uuid', uuid, 'application', application, 'device', device)
             from credentials where user_id = ?2 and revoked_at is null order by id",
            params![user.username, user.id],
        )?;
        self.record(Action::UserDeleted, &user.username, Some(&UserDocument::of(user)), None::<&()>)
    }

    pub(super) fn record_group_created(&self, group: &Group) -> Result<()> {
        self.record(Action::GroupCreated, &group.name, None::<&()>, Some(&GroupDocument::of(group)))
    }

    pub(super) fn record_group_updated(&self, before: &Group, group: &Group) -> Result<()> {
        let (before, after) = GroupDocument::differences(before, group);
        self.record(Action::GroupUpdated, &group.name, Some(&before), Some(&after))
    }

    /// Records the end of a group and of all memberships that it is part of. Call it before the rows are deleted.
    pub(super) fn record_group_deleted(&self, group: &Group) -> Result<()> {
        let parameters = params![group.name, group.id];
        self.record_each(
            &[Action::RightsMemberRemoved],
            "before",
            "select 'member.removed', username, json_object('group', ?1, 'user', username)
             from memberships join users on users.id = user_id where group_id = ?2 order by seq",
            parameters,
        )?;
        self.record_each(
            &[Action::SubgroupRemoved],
            "before",
            "select 'subgroup.removed', name, json_object('group', ?1, 'subgroup', name)
             from subgroups join groups on groups.id = child_id where parent_id = ?2 order by seq",
            parameters,
        )?;
        self.record_each(
            &[Action::SubgroupRemoved],
            "before",
            "select 'subgroup.removed', ?1, json_object('group', name, 'subgroup', ?1)
             from subgroups join groups on groups.id = parent_id where child_id = ?2 order by seq",
            parameters,
        )?;
        self.record_each(
            &[Action::RightsMemberRemoved, Action::SubgroupRemoved],
            "before",
            "select case kind when 'user' then 'member.removed' else 'subgroup.removed' end,
                 case kind when 'parent' then ?1 else name end,
                 case kind when 'user' then json_object('group', ?1, 'user', name, 'waiting', json('true'))
                     when 'group' then json_object('group', ?1, 'subgroup', name, 'waiting', json('true'))
                     else json_object('group', name, 'subgroup', ?1, 'waiting', json('true')) end
             from dangling_members where group_id = ?2 order by seq",
            parameters,
        )?;
        self.record(Action::GroupDeleted, &group.name, Some(&GroupDocument::of(group)), None::<&()>)
    }

    /// Records that an existing user joins or leaves a group.
    pub(super) fn record_member(&self, group_id: i64, user_id: i64, begins: bool) -> Result<()> {
        let sql = "select groups.name, username from groups, users where groups.id = ?1 and users.id = ?2";
        let names = self.first(sql, [group_id, user_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (group, user): (String, String) = names.unwrap_or_default();
        let without_rights = !self.may_grant_rights(group_id)?;
        let membership = Membership { group: &group, user: Some(&user), without_rights, ..Membership::default() };
        self.record_membership(membership, begins)
    }

    /// Records the memberships of a new user that were pending until now.
    pub(super) fn record_resolved_memberships(&self, user_id: i64, username: &str) -> Result<()> {
        self.record_each(
            &[Action::RightsMemberAdded],
            "after",
            "select 'member.added', ?1, json_object('group', groups.name, 'user', ?1)
             from memberships join groups on groups.id = group_id where user_id = ?2 order by group_id",
            params![username, user_id],
        )
    }

    /// Records the memberships that a user gets by a new login: of the groups that list it, and not the user already.
    pub(super) fn record_memberships_by_rename(&self, user_id: i64, username: &str) -> Result<()> {
        self.record_each(
            &[Action::RightsMemberAdded],
            "after",
            "select 'member.added', ?1, json_object('group', groups.name, 'user', ?1)
             from dangling_members join groups on groups.id = group_id
             where kind = 'user' and dangling_members.name_key = (select username_key from users where id = ?2)
                 and not exists (select 1 from memberships where user_id = ?2
                                 and memberships.group_id = dangling_members.group_id)
             order by dangling_members.group_id",
            params![username, user_id],
        )
    }

    /// Records the memberships of a new group, as a parent or as a member, that were pending until now.
    pub(super) fn record_resolved_subgroups(&self, key: &str, name: &str) -> Result<()> {
        self.record_each(
            &[Action::SubgroupAdded],
            "after",
            "select 'subgroup.added', iif(kind = 'group', ?1, groups.name),
                 json_object('group', iif(kind = 'group', groups.name, ?1),
                             'subgroup', iif(kind = 'group', ?1, groups.name))
             from dangling_members join groups on groups.id = group_id
             where dangling_members.name_key = ?2 and kind in ('group', 'parent') order by seq",
            params![name, key],
        )
    }

    /// Records that pending members with another spelling than that of the new user are gone.
    pub(super) fn record_end_of_pending_user(&self, key: &str, username: &str) -> Result<()> {
        self.record_each(
            &[Action::RightsMemberRemoved],
            "before",
            "select 'member.removed', dangling_members.name,
                 json_object('group', groups.name, 'user', dangling_members.name, 'waiting', json('true'))
             from dangling_members join groups on groups.id = group_id
             where kind = 'user' and dangling_members.name_key = ?1 and dangling_members.name <> ?2 order by group_id",
            params![key, username],
        )
    }

    /// Records that pending members with another spelling than that of the new group are gone.
    pub(super) fn record_end_of_pending_group(&self, key: &str, name: &str) -> Result<()> {
        self.record_each(
            &[Action::SubgroupRemoved],
            "before",
            "select 'subgroup.removed', iif(kind = 'group', dangling_members.name, groups.name),
                 json_object('group', iif(kind = 'group', groups.name, dangling_members.name),
                             'subgroup', iif(kind = 'group', dangling_members.name, groups.name),
                             'waiting', json('true'))
             from dangling_members join groups on groups.id = group_id
             where dangling_members.name_key = ?1 and kind in ('group', 'parent') and dangling_members.name <> ?2
             order by seq",
            params![key, name],
        )
    }

    /// Records that a membership begins or ends.
    pub(super) fn record_membership(&self, membership: Membership<'_>, begins: bool) -> Result<()> {
        let Membership { group, user, subgroup, pending, without_rights } = membership;
        let action = match (user, begins) {
            (Some(_), true) if without_rights => Action::MemberAdded,
            (Some(_), false) if without_rights => Action::MemberRemoved,
            (Some(_), true) => Action::RightsMemberAdded,
            (Some(_), false) => Action::RightsMemberRemoved,
            (None, true) => Action::SubgroupAdded,
            (None, false) => Action::SubgroupRemoved,
        };
        let document = MembershipDocument { group, user, subgroup, waiting: pending.then_some(true) };
        let name = user.or(subgroup).unwrap_or_default();
        let (before, after) = if begins { (None, Some(&document)) } else { (Some(&document), None) };
        self.record(action, name, before, after)
    }

    /// Records the creation or the revocation of a credential.
    pub(super) fn record_credential(&self, credential: &Credential, token: Option<&Token>, begins: bool) -> Result<()> {
        let action = match (&credential.purpose, begins) {
            (CredentialKind::Token(_), true) => Action::TokenCreated,
            (CredentialKind::Token(_), false) => Action::TokenRevoked,
            (_, true) => Action::KeyCreated,
            (_, false) => Action::KeyRevoked,
        };
        let document = CredentialDocument::of(credential, token);
        let (before, after) = if begins { (None, Some(&document)) } else { (Some(&document), None) };
        self.record(action, &credential.name, before, after)
    }

    /// Adds a row, and invalidates the cache scopes of the action.
    fn record<D: Serialize, E: Serialize>(
        &self,
        action: Action,
        name: &str,
        before: Option<&D>,
        after: Option<&E>,
    ) -> Result<()> {
        self.invalidate_for(action);
        let sql = "insert into changes (at, caller_kind, caller, dialect, action, name, before, after)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (caller_kind, caller, dialect) = self.actor_columns();
        let (before, after) = (before.map(json::to_string), after.map(json::to_string));
        self.execute(sql, params![now(), caller_kind, caller, dialect, action.word(), name, before, after])?;
        self.count_recorded(1)
    }

    /// Adds a row for each row of the query: action, name, and the document for the column `side`, which is `before` or
    /// `after`. The query may use the first two parameters. Its rows have no other actions than these, whose cache
    /// scopes are invalidated.
    fn record_each(
        &self,
        actions: &[Action],
        side: &str,
        query: &str,
        parameters: &[&dyn rusqlite::ToSql],
    ) -> Result<()> {
        debug_assert!(
            Action::ALL.iter().all(|action| {
                let listed = actions.iter().any(|one| one.word() == action.word());
                query.contains(&format!("'{}'", action.word())) == listed
            }),
            "{actions:?} are not the actions of {query}"
        );
        let sql = format!(
            "insert into changes (action, name, {side}, at, caller_kind, caller, dialect)
             select *, ?3, ?4, ?5, ?6 from ({query})"
        );
        let (caller_kind, caller, dialect) = self.actor_columns();
        let now = now();
        let own: [&dyn rusqlite::ToSql; 4] = [&now, &caller_kind, &caller, &dialect];
        let recorded = self.execute(&sql, [parameters, &own].concat().as_slice())?;
        if recorded > 0 {
            actions.iter().for_each(|action| self.invalidate_for(*action));
        }
        self.count_recorded(recorded as u64)
    }

    /// Counts changes that were recorded just now. Refuses an id above [`NUMBER_MAX`], which only a file that another
    /// program has changed can reach.
    fn count_recorded(&self, recorded: u64) -> Result<()> {
        if recorded > 0 && self.connection.last_insert_rowid() > NUMBER_MAX {
            return Err(Error::Unavailable(format!(
                "the audit log has no id left: the largest is {NUMBER_MAX}; restore a backup (rollbook restore)"
            )));
        }
        self.recorded.set(self.recorded.get() + recorded);
        Ok(())
    }

    fn actor_columns(&self) -> (Option<&str>, Option<&str>, &str) {
        fn filled(text: &str) -> Option<&str> {
            Some(text).filter(|text| !text.is_empty())
        }
        (filled(self.actor.caller_kind), filled(&self.actor.caller), self.actor.dialect)
    }
}

fn change<'r>(row: &'r rusqlite::Row<'_>) -> rusqlite::Result<ChangeRef<'r>> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    let optional = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
    Ok(ChangeRef {
        id: row.get(0)?,
        at: row.get(1)?,
        caller_kind: optional(2)?,
        caller: optional(3)?,
        dialect: text(4)?,
        action: text(5)?,
        name: text(6)?,
        before: optional(7)?,
        after: optional(8)?,
    })
}
