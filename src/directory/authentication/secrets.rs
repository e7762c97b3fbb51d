//! Keys and tokens.

use super::authenticator::Authenticator;
use super::cache::CachedCredential;
use super::caller::{key_caller, load_caller};
use super::refusals::counted;
use crate::cache::Owner;
use crate::directory::secrets::digest;
use crate::model::{
    Caller, Credential, CredentialKind, DeniedAction, Error, KeyKind, PermissionLevel, Proof, Result, now,
};

/// How exact `last used` is, in milliseconds: one write an hour and key.
const LAST_USED_MILLISECONDS: i64 = 3_600_000;

impl Authenticator {
    /// The organisation behind an API key, which may do nothing by itself.
    ///
    /// # Errors
    /// `Unauthenticated` when the key is not valid.
    pub fn api_key(&self, secret: &str) -> Result<Caller> {
        counted(&self.refusals.keys, self.credential(secret, Some(KeyKind::Api)))
    }

    /// The script behind an application key.
    ///
    /// # Errors
    /// `Unauthenticated` when the key is not valid; `Forbidden` for the key of an identity provider.
    pub fn application_key(&self, secret: &str) -> Result<Caller> {
        let caller = counted(&self.refusals.keys, self.credential(secret, Some(KeyKind::Application)))?;
        require_no_provisioner(caller)
    }

    /// The user behind a token.
    ///
    /// # Errors
    /// `Unauthenticated` when the token is not valid or the user is disabled.
    pub fn token(&self, secret: &str) -> Result<Caller> {
        counted(&self.refusals.tokens, self.credential(secret, None))
    }

    /// The script behind an application key, or the user behind a token, for dialects that have one place for both.
    ///
    /// # Errors
    /// `Unauthenticated` when it is neither, or the user is disabled; `Forbidden` for the key of an identity provider.
    pub fn key_or_token(&self, secret: &str) -> Result<Caller> {
        require_no_provisioner(self.any_key_or_token(secret)?)
    }

    /// The same for SCIM, which accepts the key of an identity provider.
    ///
    /// # Errors
    /// `Unauthenticated` when it is neither, or the user is disabled.
    pub fn any_key_or_token(&self, secret: &str) -> Result<Caller> {
        let known = match self.credential(secret, Some(KeyKind::Application)) {
            Err(Error::Unauthenticated) => self.credential(secret, None),
            known => known,
        };
        counted(&self.refusals.tokens, known)
    }

    fn credential(&self, secret: &str, kind: Option<KeyKind>) -> Result<Caller> {
        let digest = digest(secret);
        let state = self.store.rights_version();
        let known = self.cached_credentials.get(0, &digest);
        if let Some(known) = known.as_ref().filter(|known| known.caller.is_current(state)) {
            return if known.kind == kind { Ok(known.caller.clone()) } else { Err(Error::Unauthenticated) };
        }
        let found = self.store.read(|rows| {
            let Some(credential) = rows.find_credential(&digest)? else { return Ok(None) };
            let caller = match credential.purpose {
                CredentialKind::Token(user_id) => load_caller(rows, user_id, state)?.map(|(caller, _)| caller),
                CredentialKind::Api => Some(key_caller(&credential, PermissionLevel::Reader, state)),
                CredentialKind::Application(role) => Some(key_caller(&credential, role.permission(), state)),
            };
            let proof = Proof::Credential(credential.id);
            Ok(caller.map(|caller| (Caller { proof, ..caller }, credential)))
        })?;
        let Some((caller, credential)) = found else {
            self.cached_credentials.remove(&digest);
            return Err(Error::Unauthenticated);
        };
        let last_used_at = self.record_use(&credential, known.map_or(0, |known| known.last_used_at));
        let kind_found = credential.purpose.key_kind();
        let entry = CachedCredential { caller: caller.clone(), kind: kind_found, last_used_at };
        let bytes = caller.name.len();
        self.cached_credentials.insert(0, Owner::of(&(caller.kind.word(), &*caller.name)), digest, entry, bytes);
        if kind_found == kind { Ok(caller) } else { Err(Error::Unauthenticated) }
    }

    /// Writes down, once an hour and without waiting, that a credential is used; returns when that was last.
    fn record_use(&self, credential: &Credential, known: i64) -> i64 {
        let now = now();
        let last = credential.last_used_at.unwrap_or(0).max(known);
        if now - last < LAST_USED_MILLISECONDS {
            return last;
        }
        let id = credential.id;
        self.store.write_in_background(move |tx| tx.record_credential_use(id));
        now
    }
}

/// Refuses the key of an identity provider.
fn require_no_provisioner(caller: Caller) -> Result<Caller> {
    if caller.is_provisioner() { Err(Error::Forbidden(DeniedAction::Operation)) } else { Ok(caller) }
}
