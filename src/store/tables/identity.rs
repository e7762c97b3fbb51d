//! Look-up of users and groups by name.
//!
//! A row has the key of its name. If the rules for keys change and another row has the new key already, the row keeps
//! its older key, and the new key is withheld: no new row gets it.

use super::list_sql::list_kind;
use crate::model::{EntityKind, Keys, MemberList, Result, fold_name, spelling_key};
use crate::store::sql::{ReadTx, WriteTx};
use rusqlite::{Row, params};

/// The result of a look-up by spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpellingMatch {
    /// No row has the name.
    Nothing,
    /// The row of that id. Its name differs by case and compatible forms at most.
    Same(i64),
    /// The row has the name in this other spelling.
    Other(String),
}

/// A group that a user joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedGroup {
    /// The row id.
    pub id: i64,
    /// The name.
    pub name: String,
}

impl ReadTx<'_> {
    /// The row id of the user of that name, in any spelling.
    pub fn find_user_id(&self, username: &str) -> Result<Option<i64>> {
        self.by_name("select id from users where username_key = ?1", username, |row| row.get(0))
    }

    /// The row id of the user with that uuid.
    pub fn find_user_id_by_uuid(&self, uuid: &str) -> Result<Option<i64>> {
        self.first("select id from users where uuid = ?1", [uuid], |row| row.get(0))
    }

    /// The row ids of the users of these names, in any spelling.
    pub fn find_user_ids(&self, usernames: &[String]) -> Result<Vec<Option<i64>>> {
        let keys = usernames.iter().map(|name| self.user_key(name)).collect::<Result<Vec<_>>>()?;
        let sql = "select id from users where username_key = ?1";
        self.first_of_each(sql, keys.iter().map(String::as_str), |row| row.get(0))
    }

    /// The key of that name in the order of names, with or without such a user.
    pub fn user_key(&self, name: &str) -> Result<String> {
        self.key_by_name("select 1 from users where username_key = ?1", name)
    }

    /// The row id of the group of that name, in any spelling.
    pub fn find_group_id(&self, name: &str) -> Result<Option<i64>> {
        self.by_name("select id from groups where name_key = ?1", name, |row| row.get(0))
    }

    /// The row id of the group with that uuid.
    pub fn find_group_id_by_uuid(&self, uuid: &str) -> Result<Option<i64>> {
        self.first("select id from groups where uuid = ?1", [uuid], |row| row.get(0))
    }

    /// The row ids of the groups of these names, in any spelling.
    pub fn find_group_ids(&self, names: &[String]) -> Result<Vec<Option<i64>>> {
        let keys = names.iter().map(|name| self.group_key(name)).collect::<Result<Vec<_>>>()?;
        let sql = "select id from groups where name_key = ?1";
        self.first_of_each(sql, keys.iter().map(String::as_str), |row| row.get(0))
    }

    /// The group of that name, in any spelling, for a user who joins it.
    pub fn find_joined_group(&self, name: &str) -> Result<Option<JoinedGroup>> {
        self.by_name("select id, name from groups where name_key = ?1", name, joined_group)
    }

    /// The groups of these names, in any spelling.
    pub fn find_joined_groups(&self, names: &[String]) -> Result<Vec<Option<JoinedGroup>>> {
        let keys = names.iter().map(|name| self.group_key(name)).collect::<Result<Vec<_>>>()?;
        let sql = "select id, name from groups where name_key = ?1";
        self.first_of_each(sql, keys.iter().map(String::as_str), joined_group)
    }

    /// The key of that name in the order of names, with or without such a group.
    pub fn group_key(&self, name: &str) -> Result<String> {
        self.key_by_name("select 1 from groups where name_key = ?1", name)
    }

    /// The row of a name: the first that one of the [`Keys`] finds. `sql` has the key as its parameter.
    pub(in crate::store) fn by_name<T>(
        &self,
        sql: &str,
        name: &str,
        row: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let keys = Keys::of(name);
        for older in keys.older {
            if let Some(found) = self.first(sql, [older], &row)? {
                return Ok(Some(found));
            }
        }
        self.first(sql, [keys.key], row)
    }

    /// The key of the row of a name, or the key of the name when there is no row.
    pub(in crate::store) fn key_by_name(&self, sql: &str, name: &str) -> Result<String> {
        for older in Keys::of(name).older {
            if self.any(sql, [&older])? {
                return Ok(older);
            }
        }
        Ok(fold_name(name))
    }

    /// True if there is a row of that name.
    pub fn has_name(&self, kind: EntityKind, name: &str) -> Result<bool> {
        let sql = match kind {
            EntityKind::User => "select 1 from users where username_key = ?1",
            EntityKind::Group => "select 1 from groups where name_key = ?1",
        };
        Ok(self.by_name(sql, name, |_| Ok(()))?.is_some())
    }

    /// True if a row has that key.
    pub fn has_key(&self, kind: EntityKind, key: &str) -> Result<bool> {
        let sql = match kind {
            EntityKind::User => "select 1 from users where username_key = ?1",
            EntityKind::Group => "select 1 from groups where name_key = ?1",
        };
        self.any(sql, [key])
    }

    /// True if that key is withheld from new rows.
    pub fn is_withheld(&self, kind: EntityKind, key: &str) -> Result<bool> {
        let sql = match kind {
            EntityKind::User => "select 1 from withheld_user_keys where key = ?1",
            EntityKind::Group => "select 1 from withheld_group_keys where key = ?1",
        };
        self.any(sql, [key])
    }

    /// The row for that spelling of a name. It distinguishes spellings that differ by invisible characters.
    pub fn find_spelled(&self, kind: EntityKind, name: &str) -> Result<SpellingMatch> {
        let sql = match kind {
            EntityKind::User => "select id, username from users where username_key = ?1",
            EntityKind::Group => "select id, name from groups where name_key = ?1",
        };
        let found = self.by_name(sql, name, |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        Ok(match found {
            None => SpellingMatch::Nothing,
            Some((id, stored)) if spelling_key(&stored) == spelling_key(name) => SpellingMatch::Same(id),
            Some((_, stored)) => SpellingMatch::Other(stored),
        })
    }

    /// The key of a name in one of a group's lists: that of the row, else that of the pending member, else that of the
    /// name.
    pub(in crate::store) fn key_in(&self, group_id: i64, list: MemberList, name: &str) -> Result<String> {
        for older in Keys::of(name).older {
            let sql = match list {
                MemberList::Users => "select 1 from users where username_key = ?1",
                MemberList::Groups | MemberList::Parents => "select 1 from groups where name_key = ?1",
            };
            let pending = "select 1 from dangling_members where kind = ?1 and name_key = ?2 and group_id = ?3";
            if self.any(sql, [&older])? || self.any(pending, params![list_kind(list), older, group_id])? {
                return Ok(older);
            }
        }
        Ok(fold_name(name))
    }

    pub(in crate::store) fn username_of(&self, user_id: i64) -> Result<String> {
        let name = self.first("select username from users where id = ?1", [user_id], |row| row.get(0))?;
        Ok(name.unwrap_or_default())
    }

    /// The key of a user; `None` if no row has that id.
    pub(in crate::store) fn find_key_of_user(&self, user_id: i64) -> Result<Option<String>> {
        self.first("select username_key from users where id = ?1", [user_id], |row| row.get(0))
    }

    pub(in crate::store) fn name_of_group(&self, id: i64) -> Result<String> {
        Ok(self.first("select name from groups where id = ?1", [id], |row| row.get(0))?.unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// Withholds the key of a name if its row has another one.
    pub(in crate::store) fn withhold_key(&self, kind: EntityKind, id: i64, name: &str, stored: &str) -> Result<()> {
        let key = fold_name(name);
        if key == stored {
            return Ok(());
        }
        self.remember_withheld_key(kind);
        let sql = match kind {
            EntityKind::User => "insert into withheld_user_keys (user_id, key) values (?1, ?2)",
            EntityKind::Group => "insert into withheld_group_keys (group_id, key) values (?1, ?2)",
        };
        self.execute(sql, params![id, key]).map(drop)
    }
}

fn joined_group(row: &Row<'_>) -> rusqlite::Result<JoinedGroup> {
    Ok(JoinedGroup { id: row.get(0)?, name: row.get(1)? })
}
