//! Verbs on API keys and application keys. Only digests of them are stored.

use super::permissions::Operation;
use super::secrets::{digest, new_secret};
use super::transactions::Directory;
use crate::model::{Credential, CredentialKind, Error, NewCredential, Result, check_length, check_text};

/// Longest name of a key, in characters.
const NAME_CHARS_MAX: usize = 255;

impl Directory {
    /// Makes an API key or an application key and returns its id and the secret, which is stored nowhere.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; `Invalid` for a name with control characters or of more than
    /// 255 characters.
    pub fn create_key(&self, purpose: CredentialKind, name: &str) -> Result<(i64, String)> {
        self.require_administrator()?;
        check_text("the name of a key", name)?;
        check_length("the name of a key", name, NAME_CHARS_MAX)?;
        let secret = new_secret()?;
        let new = NewCredential { purpose, name: name.to_owned(), digest: digest(&secret), token: None };
        let id = self.write(Operation::ManageKeys, move |tx, _| tx.insert_credential(&new))?;
        Ok((id, secret))
    }

    /// All API keys and application keys, revoked ones too.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators.
    pub fn keys(&self) -> Result<Vec<Credential>> {
        self.require_administrator()?;
        self.read(|rows| rows.list_keys())
    }

    /// Ends a key.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; `Invalid` when there is no valid key of that id.
    pub fn revoke_key(&self, id: i64) -> Result<()> {
        self.write(Operation::ManageKeys, move |tx, _| {
            if tx.revoke_key(id)? { Ok(()) } else { Err(Error::Invalid(format!("there is no valid key {id}"))) }
        })
    }

    /// Refuses callers to whom something is forbidden.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators.
    pub fn require_administrator(&self) -> Result<()> {
        self.require(Operation::ManageKeys)
    }
}
