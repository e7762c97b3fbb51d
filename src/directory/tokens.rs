//! Keys and tokens: made here, stored as digests.

use super::Directory;
use crate::model::{DeniedAction, Error, PermissionLevel, Proof, Result, check_length, check_text, new_uuid};
use crate::store::{Credential, CredentialKind, NewCredential, Token};
use anyhow::anyhow;
use sha2::{Digest as _, Sha256};

/// Longest name of an application or a device, in characters.
const NAME_CHARS_MAX: usize = 255;

/// Valid tokens that a user may have.
const TOKENS_MAX: u64 = 1000;

/// What is stored of a secret.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A new secret of 256 random bits, as 64 hexadecimal digits.
///
/// # Errors
/// `Internal` when the operating system gives no random numbers.
pub fn new_secret() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(anyhow!("get random numbers: {error}")))?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a token is asked for.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The application's name.
    pub application: String,
    /// The device's identifier.
    pub device: String,
    /// What people call the device.
    pub device_description: Option<String>,
    /// What the application says it wants to do.
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
        let id = self
            .write(PermissionLevel::Administrator, DeniedAction::Operation, move |tx, _| tx.insert_credential(&new))?;
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
        self.write(PermissionLevel::Administrator, DeniedAction::Operation, move |tx, _| {
            if tx.revoke_key(id)? { Ok(()) } else { Err(Error::Invalid(format!("there is no valid key {id}"))) }
        })
    }

    /// Refuses callers to whom something is forbidden.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators.
    pub fn require_administrator(&self) -> Result<()> {
        self.caller.require(PermissionLevel::Administrator, DeniedAction::Operation)
    }

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
            // Somebody else has asked for the same at the same time: theirs is the one to give.
        }
    }

    /// Makes and stores a new token beside the present one; `None` when that is not the newest any more.
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
        self.write(PermissionLevel::Reader, DeniedAction::Operation, move |tx, _| {
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
        self.write(PermissionLevel::Reader, DeniedAction::Operation, move |tx, _| {
            tx.revoke_tokens(user_id, &application, &device)
        })
    }

    /// Ends one of the caller's tokens, named by its uuid or by itself. False when there is none.
    pub fn revoke_token(&self, name: &str) -> Result<bool> {
        let user_id = self.own_id()?;
        let name = name.to_owned();
        self.write(PermissionLevel::Reader, DeniedAction::Operation, move |tx, _| {
            tx.revoke_token(user_id, &name, &digest(&name))
        })
    }
}
