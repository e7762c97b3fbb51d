//! Verbs on users' tokens. Only digests of them are stored.

use super::permissions::Operation;
use super::secrets::{digest, hex, new_secret};
use super::transactions::Directory;
use crate::model::{
    CredentialKind, DeniedAction, Error, NewCredential, Proof, Result, Token, check_length, check_text, new_uuid,
};
use sha2::Digest as _;
use sha2::Sha256;

/// Longest name of an application or a device, in characters.
const NAME_CHARS_MAX: usize = 255;

/// Valid tokens that a user may have.
const TOKENS_MAX: u64 = 1000;

/// A request for a token.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The application's name.
    pub application: String,
    /// The device's identifier.
    pub device: String,
    /// A description of the device for people.
    pub device_description: Option<String>,
    /// The permission that the application asks for.
    pub permission: Option<String>,
}

impl TokenRequest {
    fn check(&self) -> Result<()> {
        let description = self.device_description.as_deref().unwrap_or_default();
        let permission = self.permission.as_deref().unwrap_or_default();
        for text in [&self.application, &self.device, description, permission] {
            check_text("a parameter of the token", text)?;
            check_length("a parameter of the token", text, NAME_CHARS_MAX)?;
        }
        Ok(())
    }
}

impl Directory {
    /// The caller's token for that application and device: the one issued before where the caller shows the
    /// same password or the token itself, else a new one. Only a digest is stored, so the token is computed
    /// from the password and a stored seed; without the password it is random.
    ///
    /// # Errors
    /// `Invalid` for parameters with control characters or of more than 255 characters; `Forbidden` for keys, which have
    /// no tokens, and for a token that asks for another one than itself.
    pub fn acquire_token(&self, request: TokenRequest, password: Option<&str>, shown: Option<&str>) -> Result<String> {
        request.check()?;
        let user_id = self.own_id()?;
        if let Proof::Credential(id) = self.caller.proof {
            return self.read(|rows| {
                let own = rows.find_credential_by_id(id)?.and_then(|(_, token)| token);
                let is_asked =
                    |token: &Token| token.application == request.application && token.device == request.device;
                let own = own.filter(is_asked).and(shown).ok_or(Error::Forbidden(DeniedAction::Operation))?;
                Ok(own.to_owned())
            });
        }
        loop {
            let present = self.read(|rows| rows.find_token(user_id, &request.application, &request.device))?;
            if let Some(token) = &present
                && let (Some(password), Some(seed)) = (password, &token.seed)
            {
                let again = self.derived_token(&request, password, seed)?;
                if digest(&again) == token.digest {
                    return Ok(again);
                }
            }
            if let Some(secret) = self.issue_token(&request, password, present.map(|token| token.uuid))? {
                return Ok(secret);
            }
            // Another request has created the token at the same time: that one is returned.
        }
    }

    /// Creates and stores a new token in addition to the present one; `None` when that is not the newest any more.
    fn issue_token(
        &self,
        request: &TokenRequest,
        password: Option<&str>,
        present: Option<String>,
    ) -> Result<Option<String>> {
        let user_id = self.own_id()?;
        let (secret, seed) = match password {
            Some(password) => {
                let seed = new_secret()?.into_bytes();
                (self.derived_token(request, password, &seed)?, Some(seed))
            }
            None => (new_secret()?, None),
        };
        let digest = digest(&secret);
        let token = Token {
            uuid: new_uuid(),
            application: request.application.clone(),
            device: request.device.clone(),
            device_description: request.device_description.clone(),
            permission: request.permission.clone(),
            seed,
            digest,
            created_at: 0,
        };
        let name = self.caller.name.to_string();
        self.write(Operation::ManageOwnTokens, move |tx, _| {
            let newest = tx.find_token(user_id, &token.application, &token.device)?;
            if newest.map(|token| token.uuid) != present {
                return Ok(None);
            }
            if tx.count_tokens(user_id)? >= TOKENS_MAX {
                return Err(Error::Invalid(format!("the user has {TOKENS_MAX} tokens: revoke some first")));
            }
            let new = NewCredential { purpose: CredentialKind::Token(user_id), name, digest, token: Some(token) };
            tx.insert_credential(&new)?;
            Ok(Some(secret))
        })
    }

    fn derived_token(&self, request: &TokenRequest, password: &str, seed: &[u8]) -> Result<String> {
        let salt = Sha256::new()
            .chain_update(seed)
            .chain_update(self.own_id()?.to_be_bytes())
            .chain_update(request.application.len().to_be_bytes())
            .chain_update(&request.application)
            .chain_update(&request.device)
            .finalize();
        Ok(hex(&self.passwords.derive(password, &salt)?))
    }

    /// The caller's valid tokens, the newest last.
    pub fn tokens(&self) -> Result<Vec<Token>> {
        let user_id = self.own_id()?;
        self.read(|rows| rows.list_tokens(user_id))
    }

    /// Ends the caller's tokens for that application and device. False when there is none.
    pub fn revoke_tokens(&self, application: &str, device: &str) -> Result<bool> {
        let user_id = self.own_id()?;
        let (application, device) = (application.to_owned(), device.to_owned());
        self.write(Operation::ManageOwnTokens, move |tx, _| tx.revoke_tokens(user_id, &application, &device))
    }

    /// Ends one of the caller's tokens, named by its uuid or by itself. False when there is none.
    pub fn revoke_token(&self, name: &str) -> Result<bool> {
        let user_id = self.own_id()?;
        let name = name.to_owned();
        self.write(Operation::ManageOwnTokens, move |tx, _| tx.revoke_token(user_id, &name, &digest(&name)))
    }
}
