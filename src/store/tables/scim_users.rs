//! Rows of `scim_users` and `scim_emails`: attributes of users that SCIM alone shows. And the look-ups of users that only
//! SCIM needs.

use crate::json::{Json, Object};
use crate::model::{Result, User, fold_name};
use crate::store::sql::{ReadTx, WriteTx};
use crate::store::tables::columns::count;
use rusqlite::params;
use std::collections::BTreeSet;

impl ReadTx<'_> {
    /// The user with the attributes that SCIM alone shows.
    pub fn with_scim_document(&self, user: User) -> Result<User> {
        let sql = "select document from scim_users where user_id = ?1";
        Ok(User { scim: self.first(sql, [user.id], |row| row.get(0))?, ..user })
    }

    /// The row ids of users with that external id, at most `limit`.
    pub fn list_users_by_external_id(&self, external_id: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select id from users where external_id = ?1 limit ?2";
        self.all(sql, params![external_id, count(limit)], |row| row.get(0))
    }

    /// The row ids of users with that e-mail address, in any case and place, at most `limit`. Some of them may have had
    /// it only.
    pub fn list_users_by_email(&self, email: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select id from users where email_key = ?1
             union select user_id from scim_emails where email_key = ?1 limit ?2";
        self.all(sql, params![fold_name(email), count(limit)], |row| row.get(0))
    }

    /// The row ids of users with an e-mail address that contains the text, in any case, among those that SCIM alone shows; at
    /// most `limit`. Some of them may have had it only.
    pub fn list_users_by_email_part(&self, part: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select distinct user_id from scim_emails where instr(email_key, ?1) > 0 limit ?2";
        self.all(sql, params![fold_name(part), count(limit)], |row| row.get(0))
    }

    /// The row ids of users with that first name, in any case, at most `limit`.
    pub fn list_users_by_first_name(&self, name: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select id from users where first_key = ?1 limit ?2";
        self.all(sql, params![fold_name(name), count(limit)], |row| row.get(0))
    }

    /// The row ids of users with that last name, in any case, at most `limit`.
    pub fn list_users_by_last_name(&self, name: &str, limit: u64) -> Result<Vec<i64>> {
        let sql = "select id from users where last_key = ?1 limit ?2";
        self.all(sql, params![fold_name(name), count(limit)], |row| row.get(0))
    }

    /// The row ids of users who were changed at that time (milliseconds since 1970-01-01 UTC) or later, at most `limit`.
    pub fn list_users_changed_since(&self, at: i64, limit: u64) -> Result<Vec<i64>> {
        let sql = "select id from users where updated_at >= ?1 order by updated_at limit ?2";
        self.all(sql, params![at, count(limit)], |row| row.get(0))
    }

    /// The row ids of members of a group and of the groups below it, each once, at most `limit`.
    pub fn list_all_member_ids(&self, group_id: i64, limit: u64) -> Result<Vec<i64>> {
        let sql = "with recursive below (id) as (
                 values (?1) union select child_id from subgroups join below on parent_id = below.id
             )
             select distinct user_id from memberships where group_id in (select id from below) limit ?2";
        self.all(sql, params![group_id, count(limit)], |row| row.get(0))
    }

    /// The row ids of the groups that a user is a direct member of, at most `limit`.
    pub fn list_direct_group_ids(&self, user_id: i64, limit: u64) -> Result<Vec<i64>> {
        let sql = "select group_id from memberships where user_id = ?1 limit ?2";
        self.all(sql, params![user_id, count(limit)], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Stores the attributes of a user that SCIM alone shows, and their e-mail addresses for look-ups.
    pub(super) fn replace_scim_document(&self, user_id: i64, document: Option<&str>) -> Result<()> {
        self.execute("delete from scim_emails where user_id = ?1", [user_id])?;
        let Some(document) = document else {
            return self.execute("delete from scim_users where user_id = ?1", [user_id]).map(drop);
        };
        let sql = "insert into scim_users (user_id, document) values (?1, ?2)
             on conflict do update set document = excluded.document";
        self.execute(sql, params![user_id, document])?;
        let sql = "insert into scim_emails (email_key, user_id) values (?1, ?2)";
        for key in email_keys(document) {
            self.execute(sql, params![key, user_id])?;
        }
        Ok(())
    }
}

/// The folded e-mail addresses in a document.
fn email_keys(document: &str) -> BTreeSet<String> {
    let document = Json::parse_stored(document.as_bytes()).unwrap_or(Json::Object(Object::new()));
    let emails = document.get("emails").and_then(Json::as_array).unwrap_or_default();
    let values = emails.iter().filter_map(|email| email.get("value")?.as_str());
    values.map(fold_name).filter(|key| !key.is_empty()).collect()
}
