//! Logins by user name and password.

use super::authenticator::Authenticator;
use super::cache::PASSWORD_CACHED_FOR;
use super::cache::{CachedPassword, LoginFingerprint};
use super::caller::load_caller;
use super::login_throttle::LoginAttempt;
use super::refusals::counted;
use crate::cache::Owner;
use crate::directory::passwords::HashPermit;
use crate::directory::transactions::Directory;
use crate::model::{Actor, Caller, CallerKind, ClientAddress, Error, Result, UserWithGroups, spelling_key};
use crate::store::{CacheScope, LoginRow};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A login that no user can log in with: other servers of the dialect run their own work under it.
const RESERVED_LOGIN: &str = "system";

impl Authenticator {
    /// The user behind a user name and a password that came from that address, by that dialect.
    ///
    /// # Errors
    /// `Unauthenticated` when either is empty or wrong, when the user has no password, and when they are
    /// disabled: which of these is not told, also not by the time it takes. `TooManyAttempts` from an address where
    /// many wrong ones came from.
    pub fn user(&self, username: &str, password: &str, from: ClientAddress, dialect: &'static str) -> Result<Caller> {
        counted(&self.refusals.passwords, self.authenticate_user(username, password, from, dialect))
    }

    fn authenticate_user(
        &self,
        username: &str,
        password: &str,
        from: ClientAddress,
        dialect: &'static str,
    ) -> Result<Caller> {
        let fingerprint = self.fingerprint(username, password);
        if fingerprint.name.is_empty() || password.is_empty() || fingerprint.name == RESERVED_LOGIN {
            return Err(Error::Unauthenticated);
        }
        if let Some(caller) = self.cached_user(username, &fingerprint)? {
            return Ok(caller);
        }
        let attempt = self.admit(from)?;
        let checked = self.check(username, password, fingerprint, dialect);
        if matches!(checked, Err(Error::Unauthenticated)) {
            log::info!("a wrong password came from {from}");
            attempt.was_wrong(username);
        }
        checked
    }

    /// Looks whether the password is the user's, and remembers it if it is.
    fn check(
        &self,
        username: &str,
        password: &str,
        fingerprint: LoginFingerprint,
        dialect: &'static str,
    ) -> Result<Caller> {
        let mut permit = self.permit()?;
        // While this request waited for the permit, another one may have shown the same password.
        if let Some(caller) = self.cached_user(username, &fingerprint)? {
            return Ok(caller);
        }
        let outside = self.store.external_changes();
        let secret = self.store.read(|rows| rows.find_login(username))?.filter(|secret| secret.key != RESERVED_LOGIN);
        let stored = secret.as_ref().and_then(|secret| secret.password_hash.clone());
        let right = self.passwords.verify(&mut permit, password, stored.as_deref());
        let known = secret.zip(stored).filter(|(secret, _)| right && !secret.disabled);
        let Some((secret, stored)) = known else {
            permit.refuse();
            return Err(Error::Unauthenticated);
        };
        self.record_login(&mut permit, &secret, password, &stored, dialect)?;
        drop(permit);
        let Some((caller, number)) = self.find_caller(secret.user_id)? else { return Err(Error::Unauthenticated) };
        // Password or login have changed during the check: it has to be repeated.
        if number != secret.password_number || *caller.name != *secret.username {
            return self.check(username, password, fingerprint, dialect);
        }
        let until = Instant::now() + PASSWORD_CACHED_FOR;
        let LoginFingerprint { name, proof } = fingerprint;
        self.cache_password(outside, name, CachedPassword { proof, caller: caller.clone(), number, until });
        Ok(caller)
    }

    /// The right to check a password, when checking any takes as long.
    fn permit(&self) -> Result<HashPermit<'_>> {
        let mut permit = self.passwords.permit()?;
        let generation = self.store.generation(CacheScope::Anything);
        self.passwords.calibrate(&mut permit, generation, || self.store.read(|rows| rows.list_slow_hashes()))?;
        Ok(permit)
    }

    /// The user of that id, with a password as the credential, and the number of the password; `None` when gone or
    /// disabled.
    pub(super) fn find_caller(&self, user_id: i64) -> Result<Option<(Caller, i64)>> {
        let state = self.store.rights_version();
        self.store.read(|rows| load_caller(rows, user_id, state))
    }

    /// Gives the caller another password, who shows the present one, whatever the credential. Wrong ones count as wrong
    /// logins do.
    ///
    /// # Errors
    /// `WrongPassword` when the present one is wrong; `TooManyAttempts`; `Invalid` when the new one is empty or does not
    /// match the configured pattern, and for a hash from a caller who is no administrator; `Forbidden` for keys.
    pub fn change_own_password(
        &self,
        directory: &Directory,
        old: &str,
        new: &str,
        from: ClientAddress,
    ) -> Result<UserWithGroups> {
        let id = directory.own_id()?;
        let attempt = self.admit(from)?;
        let secret = self.store.read(|rows| rows.find_login_by_id(id))?.ok_or(Error::Unauthenticated)?;
        let mut permit = self.permit()?;
        if !self.passwords.verify(&mut permit, old, secret.password_hash.as_deref()) {
            permit.refuse();
            log::info!("a wrong password came from {from}");
            attempt.was_wrong(&secret.username);
            self.refusals.passwords.fetch_add(1, Ordering::Relaxed);
            return Err(Error::WrongPassword);
        }
        drop(permit);
        directory.replace_own_password(&secret, new)
    }

    /// Lets a password from that address be checked.
    fn admit(&self, from: ClientAddress) -> Result<LoginAttempt<'_>> {
        // Without the name: people type passwords there.
        self.throttle.admit(from).inspect_err(|_| log::info!("one of many passwords from {from} was refused"))
    }

    /// Stores what a successful login changes: the first one, and a hash of a weaker kind. No login fails because it
    /// cannot be written at the moment.
    fn record_login(
        &self,
        permit: &mut HashPermit<'_>,
        secret: &LoginRow,
        password: &str,
        stored: &str,
        dialect: &'static str,
    ) -> Result<()> {
        let user_id = secret.user_id;
        let caller_kind = CallerKind::User(user_id).word();
        let origin = Actor { caller_kind, caller: secret.username.as_str().into(), dialect };
        if !secret.verified {
            self.store
                .write(origin.clone(), move |tx| tx.verify_user(user_id).map(drop))
                .or_else(unless_unavailable)?;
        }
        let Some(renewed) = self.passwords.rehash(permit, password, stored)? else { return Ok(()) };
        let old = stored.to_owned();
        self.store
            .write(origin, move |tx| tx.rehash_password(user_id, &old, &renewed).map(drop))
            .or_else(unless_unavailable)
    }

    fn cached_user(&self, username: &str, fingerprint: &LoginFingerprint) -> Result<Option<Caller>> {
        let (outside, state) = (self.store.external_changes(), self.store.rights_version());
        let Some(entry) = self.cached_password(outside, fingerprint) else { return Ok(None) };
        if entry.caller.is_current(state) {
            return Ok(Some(entry.caller));
        }
        // Something has changed since: the same password is still right if no other one has been set.
        // The login may be another user's by now, or of no user.
        let found = self.store.read(|rows| match rows.find_login(username)? {
            Some(login) if entry.caller.user_id() == Some(login.user_id) => load_caller(rows, login.user_id, state),
            _ => Ok(None),
        })?;
        match found {
            Some((caller, now)) if now == entry.number => {
                self.cache_password(
                    outside,
                    fingerprint.name.clone(),
                    CachedPassword { caller: caller.clone(), ..entry },
                );
                Ok(Some(caller))
            }
            _ => {
                self.cached_passwords.remove(&fingerprint.name);
                Ok(None)
            }
        }
    }

    /// The cache entry of a user whose password was this one a short time ago.
    fn cached_password(&self, outside: u64, fingerprint: &LoginFingerprint) -> Option<CachedPassword> {
        let known = |entry: &CachedPassword| {
            (entry.proof == fingerprint.proof && entry.until > Instant::now()).then(|| entry.clone())
        };
        self.cached_passwords.look(outside, &fingerprint.name, known).flatten()
    }

    /// `outside` was taken before the password was looked at: another program can change it without counting that.
    fn cache_password(&self, outside: u64, name: String, entry: CachedPassword) {
        let bytes = name.capacity() + entry.caller.name.len();
        self.cached_passwords.insert(outside, Owner::PROGRAM, name, entry, bytes);
    }

    /// The form in which a user name and a password are remembered.
    fn fingerprint(&self, username: &str, password: &str) -> LoginFingerprint {
        // Of two users whose names look the same, one must not come in by what is remembered of the other.
        let name = spelling_key(username);
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.pepper).expect("a MAC takes a key of any length");
        mac.update(&name.len().to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(password.as_bytes());
        LoginFingerprint { proof: mac.finalize().into_bytes().into(), name }
    }
}

/// Lets pass what could only not be written now.
fn unless_unavailable(error: Error) -> Result<()> {
    if matches!(error, Error::Unavailable(_)) { Ok(()) } else { Err(error) }
}
