//! Rows of `passwords`, and the column `users.password_hash`.

use crate::model::{NewPassword, Result, now};
use crate::store::row_changes::RowChange;
use crate::store::sql::{ReadTx, WriteTx};
use rusqlite::params;

/// The data for checking a password.
#[derive(Debug, Clone)]
pub struct LoginRow {
    /// The row id of the user.
    pub user_id: i64,
    /// The user name as stored.
    pub username: String,
    /// The key of the row.
    pub key: String,
    /// The stored value; `None`: the user cannot log in.
    pub password_hash: Option<String>,
    /// Number of events that ended the logins of the user: changes of the password, and times that the user was
    /// disabled. Another hash of the same password has the same number.
    pub password_number: i64,
    /// SHA-256 of the last imported hash.
    pub imported: Option<[u8; 32]>,
    /// True if the user is disabled.
    pub disabled: bool,
    /// True if the user has logged in before.
    pub verified: bool,
}

/// Selects a user with the data of the password.
macro_rules! select_secret {
    () => {
        "select id, username, username_key, password_hash, coalesce(number, 0), imported, disabled, verified
             from users left join passwords on user_id = id where "
    };
}

impl ReadTx<'_> {
    /// The data for checking the password of the user of that name.
    pub fn find_login(&self, username: &str) -> Result<Option<LoginRow>> {
        match self.find_user_id(username)? {
            Some(id) => self.find_login_by_id(id),
            None => Ok(None),
        }
    }

    /// The data for checking the password of the user of that row id.
    pub fn find_login_by_id(&self, id: i64) -> Result<Option<LoginRow>> {
        self.first(concat!(select_secret!(), "id = ?1"), [id], |row| {
            Ok(LoginRow {
                user_id: row.get(0)?,
                username: row.get(1)?,
                key: row.get(2)?,
                password_hash: row.get(3)?,
                password_number: row.get(4)?,
                imported: row.get(5)?,
                disabled: row.get(6)?,
                verified: row.get(7)?,
            })
        })
    }

    /// One stored hash of each kind and cost that takes longer to check than the program's own, of a limited number of
    /// kinds.
    pub fn list_slow_hashes(&self) -> Result<Vec<String>> {
        // The index leads from one kind to the next, however many users have each. The limit: the parameters come from
        // imported files, which can contain any number of kinds.
        let sql = "with recursive kinds (kind) as (
                 select min(slow_kind) from passwords where slow_kind is not null
                 union all
                 select (select min(slow_kind) from passwords where slow_kind > kind) from kinds where kind is not null
                 limit 1000
             )
             select coalesce((select password_hash from passwords join users on id = user_id
                 where slow_kind = kind limit 1), '') from kinds where kind is not null";
        self.all(sql, [], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Stores the data of the password of a new user.
    pub(in crate::store) fn insert_password(&self, user_id: i64, password: &NewPassword) -> Result<()> {
        let (imported, slow_kind) = (password.imported, slow_kind(&password.hash));
        if imported.is_none() && slow_kind.is_none() {
            return Ok(());
        }
        let sql = "insert into passwords (user_id, number, imported, slow_kind) values (?1, 0, ?2, ?3)";
        self.execute(sql, params![user_id, imported, slow_kind]).map(drop)
    }

    /// Stores another password. All sessions of the user end, and the tokens are revoked unless `keeps_tokens`.
    pub fn update_password(&self, user_id: i64, password: &NewPassword) -> Result<()> {
        let sql = "update users set password_hash = ?2, updated_at = ?3, version = version + 1 where id = ?1";
        self.execute(sql, params![user_id, password.hash, now()])?;
        self.execute(
            "insert into passwords (user_id, number, imported, slow_kind) values (?1, 1, ?2, ?3)
             on conflict do update set number = number + 1, imported = coalesce(excluded.imported, imported),
                 slow_kind = excluded.slow_kind",
            params![user_id, password.imported, slow_kind(&password.hash)],
        )?;
        self.record_password_set(&self.username_of(user_id)?)?;
        // The entity tag of the user depends on the version.
        self.note_row_change(RowChange::Fields { user_id });
        if password.keeps_tokens { Ok(()) } else { self.revoke_all_tokens(user_id) }
    }

    /// Ends all sessions of a disabled user: they must not continue when the user is enabled again.
    pub(in crate::store) fn end_logins(&self, user_id: i64) -> Result<()> {
        let sql = "insert into passwords (user_id, number) values (?1, 1)
             on conflict do update set number = number + 1";
        self.execute(sql, [user_id]).map(drop)
    }

    /// Stores another hash of the same password, unless the password has changed meanwhile. Returns false if it has. No cache depends on the
    /// hash.
    pub fn rehash_password(&self, user_id: i64, old_hash: &str, new_hash: &str) -> Result<bool> {
        let sql = "update users set password_hash = ?3 where id = ?1 and password_hash = ?2";
        let changed = self.execute(sql, params![user_id, old_hash, new_hash])? > 0;
        if changed {
            self.execute(
                "update passwords set slow_kind = null where user_id = ?1 and slow_kind is not null",
                [user_id],
            )?;
        }
        Ok(changed)
    }
}

/// Kind and cost of a stored hash that takes longer to check than the program's own: bcrypt, crypt's SHA-2 kinds,
/// PBKDF2, and argon2 with other parameters.
pub(in crate::store) fn slow_kind(hash: &str) -> Option<String> {
    const OWN: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
    let value = hash.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("{CRYPT}")).map_or(hash, |_| &hash[7..]);
    if hash.starts_with(OWN) || !value.starts_with('$') {
        return None;
    }
    // The salt follows the parameters.
    let is_parameter =
        |field: &&str| field.contains('=') || field.len() == 2 && field.bytes().all(|b| b.is_ascii_digit());
    let mut fields = value[1..].split('$');
    let kind = fields.next()?;
    Some(fields.take_while(is_parameter).fold(kind.to_owned(), |kind, field| format!("{kind}${field}")))
}

#[cfg(test)]
mod tests {
    use super::slow_kind;

    #[test]
    fn kinds_that_take_long_are_told_apart_by_their_cost() {
        for (hash, kind) in [
            ("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA", None),
            ("{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==", None),
            ("$argon2i$v=19$m=64,t=3,p=2$c29tZXNhbHQ$aGFzaA", Some("argon2i$v=19$m=64,t=3,p=2")),
            ("$argon2id$m=64,t=2,p=1$c29tZXNhbHQ$aGFzaA", Some("argon2id$m=64,t=2,p=1")),
            ("{CRYPT}$2b$12$CCCCCCCCCCCCCCCCCCCCC.WrAw", Some("2b$12")),
            ("{crypt}$6$rounds=10000$salt$hash", Some("6$rounds=10000")),
            ("{CRYPT}$5$saltstring$hash", Some("5")),
            ("$pbkdf2-sha256$i=29000,l=32$salt$hash", Some("pbkdf2-sha256$i=29000,l=32")),
            ("", None),
            ("{CRYPT}", None),
        ] {
            assert_eq!(slow_kind(hash).as_deref(), kind, "{hash}");
        }
    }
}
