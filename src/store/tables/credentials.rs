//! Rows of `credentials`: keys and tokens, as digests.

use crate::model::{Credential, CredentialKind, KeyRole, NewCredential, Result, Token, new_uuid, now};
use crate::store::sql::{ReadTx, WriteTx};
use rusqlite::{Row, params};

const COLUMNS: &str = "id, kind, role, user_id, name, created_at, last_used_at, revoked_at";
const TOKEN_COLUMNS: &str = "uuid, application, device, device_description, permission, seed, digest, created_at";

impl ReadTx<'_> {
    /// The valid credential with that digest.
    pub fn find_credential(&self, digest: &[u8; 32]) -> Result<Option<Credential>> {
        let sql = format!("select {COLUMNS} from credentials where digest = ?1 and revoked_at is null");
        self.first(&sql, [digest], credential)
    }

    /// The credential of that id, and the details if it is a token.
    pub fn find_credential_by_id(&self, id: i64) -> Result<Option<(Credential, Option<Token>)>> {
        let sql = format!("select {COLUMNS} from credentials where id = ?1");
        let Some(found) = self.first(&sql, [id], credential)? else { return Ok(None) };
        let sql = format!("select {TOKEN_COLUMNS} from credentials where id = ?1 and kind = 'token'");
        Ok(Some((found, self.first(&sql, [id], token)?)))
    }

    /// API keys and application keys, including revoked ones, in the order of creation.
    pub fn list_keys(&self) -> Result<Vec<Credential>> {
        let sql = format!("select {COLUMNS} from credentials where kind in ('api', 'app') order by id");
        self.all(&sql, [], credential)
    }

    /// A user's valid tokens, the newest last.
    pub fn list_tokens(&self, user_id: i64) -> Result<Vec<Token>> {
        let sql =
            format!("select {TOKEN_COLUMNS} from credentials where user_id = ?1 and revoked_at is null order by id");
        self.all(&sql, [user_id], token)
    }

    /// True if the user has the valid token of that id.
    pub fn has_token(&self, user_id: i64, id: i64) -> Result<bool> {
        let sql = "select count(*) from credentials where id = ?1 and user_id = ?2 and revoked_at is null";
        Ok(self.number(sql, [id, user_id])? > 0)
    }

    /// Number of valid tokens of a user.
    pub fn count_tokens(&self, user_id: i64) -> Result<u64> {
        self.number("select count(*) from credentials where user_id = ?1 and revoked_at is null", [user_id])
    }

    /// The newest valid token of a user for that application and device.
    pub fn find_token(&self, user_id: i64, application: &str, device: &str) -> Result<Option<Token>> {
        let sql = format!(
            "select {TOKEN_COLUMNS} from credentials
             where user_id = ?1 and application = ?2 and device = ?3 and revoked_at is null
             order by id desc limit 1"
        );
        self.first(&sql, params![user_id, application, device], token)
    }
}

impl WriteTx<'_> {
    /// Stores a credential and returns its id.
    pub fn insert_credential(&self, new: &NewCredential) -> Result<i64> {
        let (role, user_id) = match new.purpose {
            CredentialKind::Api => (None, None),
            CredentialKind::Application(role) => (Some(role.word()), None),
            CredentialKind::Token(user_id) => (None, Some(user_id)),
        };
        let token = new.token.as_ref();
        self.execute(
            "insert into credentials (uuid, kind, name, digest, role, user_id, application, device,
                 device_description, permission, seed, created_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                token.map_or_else(new_uuid, |token| token.uuid.clone()),
                new.purpose.word(),
                new.name,
                new.digest,
                role,
                user_id,
                token.map(|token| &token.application),
                token.map(|token| &token.device),
                token.and_then(|token| token.device_description.as_ref()),
                token.and_then(|token| token.permission.as_ref()),
                token.and_then(|token| token.seed.as_ref()),
                now(),
            ],
        )?;
        let id = self.connection.last_insert_rowid();
        self.record_credential_by_id(id, true)?;
        Ok(id)
    }

    /// Stores the time of use.
    pub fn record_credential_use(&self, id: i64) -> Result<()> {
        self.execute("update credentials set last_used_at = ?2 where id = ?1", [id, now()]).map(drop)
    }

    /// Revokes an API key or application key. Returns false if there is no valid one of that id.
    pub fn revoke_key(&self, id: i64) -> Result<bool> {
        let sql = "update credentials set revoked_at = ?2
             where id = ?1 and kind in ('api', 'app') and revoked_at is null returning id";
        self.revoke(sql, params![id, now()])
    }

    /// Revokes a user's tokens for that application and device. Returns false if there is none.
    pub fn revoke_tokens(&self, user_id: i64, application: &str, device: &str) -> Result<bool> {
        let sql = "update credentials set revoked_at = ?4
             where user_id = ?1 and application = ?2 and device = ?3 and revoked_at is null
             returning id";
        self.revoke(sql, params![user_id, application, device, now()])
    }

    /// Revokes one of a user's tokens, by its uuid or digest. Returns false if there is none.
    pub fn revoke_token(&self, user_id: i64, uuid: &str, digest: &[u8; 32]) -> Result<bool> {
        let sql = "update credentials set revoked_at = ?4
             where user_id = ?1 and (uuid = ?2 or digest = ?3) and revoked_at is null
             returning id";
        self.revoke(sql, params![user_id, uuid, digest, now()])
    }

    /// Revokes all tokens of a user.
    pub(in crate::store) fn revoke_all_tokens(&self, user_id: i64) -> Result<()> {
        let sql = "update credentials set revoked_at = ?2
             where user_id = ?1 and kind = 'token' and revoked_at is null returning id";
        self.revoke(sql, params![user_id, now()]).map(drop)
    }

    fn record_credential_by_id(&self, id: i64, begins: bool) -> Result<()> {
        match self.find_credential_by_id(id)? {
            Some((credential, token)) => self.record_credential(&credential, token.as_ref(), begins),
            None => Ok(()),
        }
    }

    /// Runs a statement that revokes credentials and returns their ids. Returns false if there are none.
    fn revoke(&self, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> Result<bool> {
        let revoked: Vec<i64> = self.all(sql, parameters, |row| row.get(0))?;
        revoked.iter().try_for_each(|id| self.record_credential_by_id(*id, false))?;
        Ok(!revoked.is_empty())
    }
}

fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let role: Option<String> = row.get(2)?;
    let role = role.as_deref().and_then(KeyRole::named);
    // The schema ties kind, role and user together.
    let purpose = match (row.get_ref(1)?.as_str()?, role, row.get(3)?) {
        ("app", Some(role), _) => CredentialKind::Application(role),
        ("token", _, Some(user_id)) => CredentialKind::Token(user_id),
        _ => CredentialKind::Api,
    };
    Ok(Credential {
        id: row.get(0)?,
        purpose,
        name: row.get(4)?,
        created_at: row.get(5)?,
        last_used_at: row.get(6)?,
        revoked_at: row.get(7)?,
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        uuid: row.get(0)?,
        application: row.get(1)?,
        device: row.get(2)?,
        device_description: row.get(3)?,
        permission: row.get(4)?,
        seed: row.get(5)?,
        digest: row.get(6)?,
        created_at: row.get(7)?,
    })
}
