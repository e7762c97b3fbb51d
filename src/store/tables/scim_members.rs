//! Rows of `scim_members`, and members of groups as SCIM shows them: by their uuid.

use crate::model::{ListedMember, MemberCursor, Result};
use crate::store::sql::{ReadTx, WriteTx};
use crate::store::tables::columns::count;
use rusqlite::params;

const USERS: &str = "select users.uuid, display, user_id from memberships join users on users.id = user_id
     left join scim_members on scim_members.group_id = memberships.group_id and member = users.uuid
     where memberships.group_id = ?1 and user_id > ?2 order by user_id limit ?3";
const GROUPS: &str = "select groups.uuid, display, child_id from subgroups join groups on groups.id = child_id
     left join scim_members on scim_members.group_id = parent_id and member = groups.uuid
     where parent_id = ?1 and child_id > ?2 order by child_id limit ?3";
const UNKNOWN: &str = "select member, display from scim_members
     where group_id = ?1 and unknown = 1 and member > ?2 order by member limit ?3";

impl ReadTx<'_> {
    /// At most `limit` members of a group after that position, which is set to the position after them. An empty result
    /// is no end: [`MemberCursor::End`] is.
    pub fn list_listed_members(
        &self,
        group_id: i64,
        cursor: &mut MemberCursor,
        limit: u64,
    ) -> Result<Vec<ListedMember>> {
        let limit = count(limit);
        let is_whole = |found: usize| i64::try_from(found).is_ok_and(|found| found == limit);
        match cursor {
            MemberCursor::User(after) | MemberCursor::Group(after) => {
                let after = *after;
                let is_group = matches!(cursor, MemberCursor::Group(_));
                let found = self.all(if is_group { GROUPS } else { USERS }, [group_id, after, limit], |row| {
                    let member = ListedMember { uuid: row.get(0)?, display: row.get(1)?, is_group: Some(is_group) };
                    Ok((member, row.get::<_, i64>(2)?))
                })?;
                *cursor = match found.last().filter(|_| is_whole(found.len())) {
                    Some((_, last)) if is_group => MemberCursor::Group(*last),
                    Some((_, last)) => MemberCursor::User(*last),
                    None if is_group => MemberCursor::Unknown(String::new()),
                    None => MemberCursor::Group(0),
                };
                Ok(found.into_iter().map(|(member, _)| member).collect())
            }
            MemberCursor::Unknown(after) => {
                let found = self.all(UNKNOWN, params![group_id, &*after, limit], |row| {
                    Ok(ListedMember { uuid: row.get(0)?, display: row.get(1)?, is_group: None })
                })?;
                *cursor = match found.last().filter(|_| is_whole(found.len())) {
                    Some(last) => MemberCursor::Unknown(last.uuid.clone()),
                    None => MemberCursor::End,
                };
                Ok(found)
            }
            MemberCursor::End => Ok(Vec::new()),
        }
    }

    /// The member of a group with that uuid.
    pub fn find_listed_member(&self, group_id: i64, uuid: &str) -> Result<Option<ListedMember>> {
        let is_group = if let Some(id) = self.find_user_id_by_uuid(uuid)? {
            self.has_member(group_id, id)?.then_some(false)
        } else if let Some(id) = self.find_group_id_by_uuid(uuid)? {
            self.has_member_group(group_id, id)?.then_some(true)
        } else {
            None
        };
        let sql = "select display, unknown from scim_members where group_id = ?1 and member = ?2";
        let row = self.first(sql, params![group_id, uuid], |row| Ok((row.get(0)?, row.get::<_, bool>(1)?)))?;
        let is_member = is_group.is_some() || matches!(row, Some((_, true)));
        let display = row.and_then(|(display, _)| display);
        Ok(is_member.then(|| ListedMember { uuid: uuid.to_owned(), display, is_group }))
    }

    /// True if a client has given a member of the group a name.
    pub fn has_scim_displays(&self, group_id: i64) -> Result<bool> {
        let sql = "select 1 from scim_members where group_id = ?1 and display is not null limit 1";
        Ok(self.first(sql, [group_id], |_| Ok(()))?.is_some())
    }

    /// The row ids of groups with that external id, at most `limit`.
    pub fn list_groups_by_external_id(&self, external_id: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select id from groups where external_id = ?1 limit ?2";
        self.all(sql, params![external_id, count(limit)], |row| row.get(0))
    }

    /// The row ids of groups with that label or, without a label, that name, by the folded text; at most `limit`.
    pub fn list_groups_by_label(&self, key: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select id from groups where label_key = ?1
             union select id from groups where name_key = ?1 limit ?2";
        self.all(sql, params![key, count(limit)], |row| row.get(0))
    }

    /// The row ids of groups that contain a member of that uuid that no user or group is, at most `limit`.
    pub fn list_groups_of_unknown_member(&self, member: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select group_id from scim_members where member = ?1 and unknown = 1 limit ?2";
        self.all(sql, params![member, count(limit)], |row| row.get(0))
    }

    /// The row ids of the groups directly above that one, at most `limit`.
    pub fn list_parent_ids(&self, group_id: i64, limit: u64) -> Result<Vec<i64>> {
        let sql = "select parent_id from subgroups where child_id = ?1 limit ?2";
        self.all(sql, params![group_id, count(limit)], |row| row.get(0))
    }

    /// Row ids and keys of at most `limit` groups after that key in the order of names.
    pub fn list_group_keys_after(&self, after: &str, limit: u64) -> Result<Vec<(i64, String)>> {
        let sql = "select id, name_key from groups where name_key > ?1 order by name_key limit ?2";
        self.all(sql, params![after, count(limit)], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl WriteTx<'_> {
    /// Stores the name that a client gives to a member, or a member that no user or group is. Returns false if that is
    /// stored. The version of the group is incremented.
    pub fn put_scim_member(&self, group_id: i64, member: &str, display: Option<&str>, unknown: bool) -> Result<bool> {
        let sql = "insert into scim_members (group_id, member, display, unknown) values (?1, ?2, ?3, ?4)
             on conflict do update set display = excluded.display, unknown = excluded.unknown
             where display is not excluded.display or unknown <> excluded.unknown";
        let changed = self.execute(sql, params![group_id, member, display, unknown])? > 0;
        if changed {
            self.touch_group(group_id)?;
        }
        Ok(changed)
    }

    /// Deletes the name that a client has given to a member. The version of the group is incremented.
    pub fn clear_scim_display(&self, group_id: i64, member: &str) -> Result<()> {
        let sql = "update scim_members set display = null
             where group_id = ?1 and member = ?2 and display is not null";
        if self.execute(sql, params![group_id, member])? > 0 {
            self.touch_group(group_id)?;
        }
        Ok(())
    }

    /// Deletes that row. Returns true if it was a member that no user or group is.
    pub fn delete_scim_member(&self, group_id: i64, member: &str) -> Result<bool> {
        let sql = "delete from scim_members where group_id = ?1 and member = ?2 returning unknown";
        let unknown: Option<bool> = self.first(sql, params![group_id, member], |row| row.get(0))?;
        if unknown == Some(true) {
            self.touch_group(group_id)?;
        }
        Ok(unknown == Some(true))
    }
}
