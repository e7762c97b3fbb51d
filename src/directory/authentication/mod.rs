//! Who may come in: the credentials that a request shows, turned into a caller.

mod login_throttle;
mod sessions;
mod tickets;

pub use sessions::{Session, SessionLimits};

use self::login_throttle::{LoginAttempt, LoginThrottle};
use self::sessions::{Limits, SessionLease, Sessions};
use self::tickets::{SessionLogin, Tickets};
use super::passwords::HashPermit;
use super::permissions::load_permission;
use super::{Directory, Passwords, Rules, digest, new_secret};
use crate::cache::{Cache, Owner};
use crate::metrics::Exposition;
use crate::model::{
    Actor, Caller, CallerKind, ClientAddress, Ended, Error, KeyKind, PermissionLevel, Proof, Result, RightsVersion,
    UserWithGroups, now, spelling_key,
};
use crate::store::{CacheScope, Credential, CredentialKind, LoginRow, ReadTx, Store};
use anyhow::anyhow;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a checked password is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// Checked passwords that are remembered, in bytes: some 13,000 of them.
const PASSWORDS_BYTES_MAX: usize = 8 << 20;
/// Keys and tokens that are remembered, in bytes: some 17,000 of them.
const CREDENTIALS_BYTES_MAX: usize = 8 << 20;
/// How exact `last used` is, in milliseconds: one write an hour and key.
const LAST_USED_STEP: i64 = 3_600_000;
/// The one login that nobody can have: other servers of the dialect run their own work under it.
const RESERVED_LOGIN: &str = "system";

/// The door: knows credentials, hands out a [`Directory`] for the caller behind them.
pub struct Authenticator {
    store: Arc<Store>,
    passwords: Arc<Passwords>,
    throttle: LoginThrottle,
    /// Keys the digests under which passwords are remembered, so that a memory dump holds no usable hash.
    pepper: [u8; 32],
    /// By the key of the user's name, so that a user has one entry, however the name is written.
    cached_passwords: Cache<String, CachedPassword>,
    /// By the digest of the secret.
    cached_credentials: Cache<[u8; 32], CachedCredential>,
    sessions: Sessions,
    tickets: Tickets,
    refusals: RefusalCounters,
    rules: Rules,
}

/// How many credentials were refused.
#[derive(Default)]
struct RefusalCounters {
    passwords: AtomicU64,
    keys: AtomicU64,
    tokens: AtomicU64,
}

/// A user name and a password, in the form in which they are remembered.
struct LoginFingerprint {
    /// The key of the name.
    name: String,
    /// A digest of both.
    proof: [u8; 32],
}

/// A password that was right.
#[derive(Clone)]
struct CachedPassword {
    /// See [`LoginFingerprint::proof`].
    proof: [u8; 32],
    caller: Caller,
    /// The number of the password.
    number: i64,
    until: Instant,
}

/// A key or token that was found.
#[derive(Clone)]
struct CachedCredential {
    caller: Caller,
    kind: Option<KeyKind>,
    last_used_at: i64,
}

impl Authenticator {
    /// The door of that store. Answers to wrong passwords are delayed, but not for longer than that, and sessions end
    /// at these limits.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn new(
        store: Arc<Store>,
        passwords: Arc<Passwords>,
        longest_delay: Duration,
        limits: SessionLimits,
        rules: Rules,
    ) -> anyhow::Result<Authenticator> {
        let mut pepper = [0; 32];
        getrandom::fill(&mut pepper).map_err(|error| anyhow!("get random numbers: {error}"))?;
        let (cached_passwords, cached_credentials) =
            (Cache::new(PASSWORDS_BYTES_MAX), Cache::new(CREDENTIALS_BYTES_MAX));
        let (throttle, sessions) = (LoginThrottle::new(longest_delay), Sessions::new(Limits::of_page(&limits)));
        let (tickets, refusals) = (Tickets::new(limits.ticket_idle)?, RefusalCounters::default());
        Ok(Authenticator {
            store,
            passwords,
            throttle,
            pepper,
            cached_passwords,
            cached_credentials,
            sessions,
            tickets,
            refusals,
            rules,
        })
    }

    /// Looks whether the database takes writes.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub fn require_writable(&self) -> Result<()> {
        self.store.require_writable()
    }

    /// Adds the store, and who was not let in, to the page.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        self.store.collect_metrics(exposition);
        self.passwords.collect_metrics(exposition);
        self.throttle.collect_metrics(exposition);
        self.cached_passwords.held().collect_metrics(exposition, "passwords");
        self.cached_credentials.held().collect_metrics(exposition, "credentials");
        let RefusalCounters { passwords, keys, tokens } = &self.refusals;
        for (kind, count) in [("password", passwords), ("key", keys), ("token", tokens)] {
            let help = "Passwords, keys and tokens that did not let anybody in.";
            let count = count.load(Ordering::Relaxed) as f64;
            exposition.counter("rollbook_refused_credentials_total", help, &[("kind", kind)], count);
        }
    }

    /// The directory as that caller may see it, who came by that dialect.
    pub fn directory(&self, caller: Caller, dialect: &'static str) -> Directory {
        let (store, passwords) = (Arc::clone(&self.store), Arc::clone(&self.passwords));
        let (rules, hides_administrators) = (self.rules.clone(), false);
        Directory { store, passwords, caller, dialect, rules, hides_administrators }
    }

    /// See [`Store::progress`].
    pub fn progress(&self) -> u64 {
        self.store.progress()
    }

    /// The directory as an operator on this machine may change it, see [`Directory::for_operator`].
    pub fn operator(&self, account: &str) -> Directory {
        let directory = Directory::for_operator(Arc::clone(&self.store), Arc::clone(&self.passwords), account);
        directory.keeping_tokens(self.rules.keep_tokens)
    }

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
        if let Some(caller) = self.cached_user(&fingerprint)? {
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
        // Whoever waited for the slot may find that another request has shown the same password meanwhile.
        if let Some(caller) = self.cached_user(&fingerprint)? {
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
        let Some((caller, number)) = self.load_caller(secret.user_id)? else { return Err(Error::Unauthenticated) };
        // The password has changed while it was checked: what was right may be wrong now.
        if number != secret.password_number {
            return self.check(username, password, fingerprint, dialect);
        }
        let until = Instant::now() + REMEMBERED_FOR;
        let LoginFingerprint { name, proof } = fingerprint;
        self.remember(outside, name, CachedPassword { proof, caller: caller.clone(), number, until });
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
    fn load_caller(&self, user_id: i64) -> Result<Option<(Caller, i64)>> {
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
            self.store.write(origin.clone(), move |tx| tx.verify_user(user_id)).or_else(unless_unavailable)?;
        }
        let Some(renewed) = self.passwords.rehash(permit, password, stored)? else { return Ok(()) };
        let old = stored.to_owned();
        self.store.write(origin, move |tx| tx.rehash_password(user_id, &old, &renewed)).or_else(unless_unavailable)
    }

    fn cached_user(&self, fingerprint: &LoginFingerprint) -> Result<Option<Caller>> {
        let (outside, state) = (self.store.external_changes(), self.store.rights_version());
        let Some(entry) = self.cached_passwords(outside, fingerprint) else { return Ok(None) };
        if entry.caller.is_current(state) {
            return Ok(Some(entry.caller));
        }
        // Something has changed since: the same password is still right if no other one has been set.
        let found = entry.caller.user_id().map(|user_id| self.load_caller(user_id)).transpose()?.flatten();
        match found {
            Some((caller, now)) if now == entry.number => {
                self.remember(outside, fingerprint.name.clone(), CachedPassword { caller: caller.clone(), ..entry });
                Ok(Some(caller))
            }
            _ => {
                self.cached_passwords.remove(&fingerprint.name);
                Ok(None)
            }
        }
    }

    /// What is remembered of a user whose password was this one not long ago.
    fn cached_passwords(&self, outside: u64, fingerprint: &LoginFingerprint) -> Option<CachedPassword> {
        let known = |entry: &CachedPassword| {
            (entry.proof == fingerprint.proof && entry.until > Instant::now()).then(|| entry.clone())
        };
        self.cached_passwords.look(outside, &fingerprint.name, known).flatten()
    }

    /// `outside` was taken before the password was looked at: another program can change it without counting that.
    fn remember(&self, outside: u64, name: String, entry: CachedPassword) {
        let bytes = name.capacity() + entry.caller.name.len();
        self.cached_passwords.insert(outside, Owner::PROGRAM, name, entry, bytes);
    }

    /// Opens a session for the user behind a user name and a password. Returns the secret that stands for it, which
    /// is stored nowhere.
    ///
    /// # Errors
    /// Those of [`Authenticator::user`].
    pub fn open_session(
        &self,
        username: &str,
        password: &str,
        from: ClientAddress,
        dialect: &'static str,
    ) -> Result<(String, Session)> {
        let caller = self.user(username, password, from, dialect)?;
        let login = self.login_of(&caller)?.ok_or(Error::Unauthenticated)?;
        let (secret, now) = (new_secret()?, Instant::now());
        let SessionLease { time: left, ended } = self.sessions.open(digest(&secret), login, now, now);
        Ok((secret, Session { caller: with_session(caller, &login, ended), left }))
    }

    /// The session that a secret stands for. It lasts longer from now on, if so wished, and ends when the user is
    /// disabled or gets another password.
    ///
    /// # Errors
    /// `Unauthenticated` when there is none.
    pub fn session(&self, secret: &str, prolong: bool) -> Result<Session> {
        let digest = digest(secret);
        let login = self.sessions.find(&digest, Instant::now()).ok_or(Error::Unauthenticated)?;
        let Some(caller) = self.caller_of(&login)? else {
            self.sessions.end(&digest);
            return Err(Error::Unauthenticated);
        };
        let left = self.sessions.left(&digest, prolong, Instant::now());
        let SessionLease { time: left, ended } = left.ok_or(Error::Unauthenticated)?;
        Ok(Session { caller: with_session(caller, &login, ended), left })
    }

    /// Ends a session, if there is one.
    pub fn end_session(&self, secret: &str) {
        self.sessions.end(&digest(secret));
    }

    /// A ticket for a session of the caller, who has just shown a password or a token. Nothing is kept of it until it
    /// comes back. `None` for other callers, and when there cannot be one at the moment, which is no reason to refuse a
    /// login.
    pub fn issue_ticket(&self, caller: &Caller) -> Option<String> {
        self.login_of(caller).ok().flatten().map(|login| self.tickets.issue(&login, Instant::now()))
    }

    /// The user behind a ticket. The session lasts longer from now on, if so wished, and ends when the user is disabled
    /// or gets another password, and with the token that it began with.
    ///
    /// # Errors
    /// `Unauthenticated` when the session has ended, and for a text that is no ticket.
    pub fn ticket(&self, text: &str, prolong: bool) -> Result<Caller> {
        let ticket = self.tickets.read(text).ok_or(Error::Unauthenticated)?;
        let Some(caller) = self.caller_of(&ticket.login)? else {
            self.tickets.end(&ticket, Instant::now());
            return Err(Error::Unauthenticated);
        };
        let left = self.tickets.resume(&ticket, prolong, Instant::now()).ok_or(Error::Unauthenticated)?;
        Ok(with_session(caller, &ticket.login, left.ended))
    }

    /// Ends the session of a ticket, if it is one.
    pub fn end_ticket(&self, text: &str) {
        if let Some(ticket) = self.tickets.read(text) {
            self.tickets.end(&ticket, Instant::now());
        }
    }

    /// The login of a caller who has just shown a password or a token; `None` for others.
    fn login_of(&self, caller: &Caller) -> Result<Option<SessionLogin>> {
        let (number, token) = match (caller.user_id(), &caller.proof) {
            (Some(_), Proof::Password(number)) => (Some(*number), None),
            (Some(user_id), Proof::Credential(id)) => (self.load_caller(user_id)?.map(|(_, number)| number), Some(*id)),
            _ => (None, None),
        };
        let found = caller.user_id().zip(number);
        Ok(found.map(|(user_id, number)| SessionLogin { user_id, password: self.tickets.fingerprint(number), token }))
    }

    /// The user behind a login, as long as everything that it depends on is still so.
    fn caller_of(&self, login: &SessionLogin) -> Result<Option<Caller>> {
        let state = self.store.rights_version();
        let user = self.store.read(|rows| match login.token {
            Some(id) if !rows.has_token(login.user_id, id)? => Ok(None),
            _ => load_caller(rows, login.user_id, state),
        })?;
        let same = user.filter(|(_, number)| self.tickets.fingerprint(*number) == login.password);
        Ok(same.map(|(caller, _)| caller))
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
    /// `Unauthenticated` when the key is not valid.
    pub fn application_key(&self, secret: &str) -> Result<Caller> {
        counted(&self.refusals.keys, self.credential(secret, Some(KeyKind::Application)))
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
    /// `Unauthenticated` when it is neither, or the user is disabled.
    pub fn key_or_token(&self, secret: &str) -> Result<Caller> {
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
        if now - last < LAST_USED_STEP {
            return last;
        }
        let id = credential.id;
        self.store.write_in_background(move |tx| tx.record_credential_use(id));
        now
    }
}

/// Counts a credential that lets nobody in. One that could not be looked at is not refused.
fn counted(refusals: &AtomicU64, result: Result<Caller>) -> Result<Caller> {
    if matches!(result, Err(Error::Unauthenticated | Error::TooManyAttempts)) {
        refusals.fetch_add(1, Ordering::Relaxed);
    }
    result
}

/// Lets pass what could only not be written now.
fn unless_unavailable(error: Error) -> Result<()> {
    if matches!(error, Error::Unavailable(_)) { Ok(()) } else { Err(error) }
}

fn key_caller(credential: &Credential, permission: PermissionLevel, state: RightsVersion) -> Caller {
    let (kind, proof) = (CallerKind::Key, Proof::Credential(credential.id));
    Caller { kind, name: credential.name.as_str().into(), permission, proof, state }
}

/// The user of that id as a caller, and the number of the password; `None` when gone or disabled. `state` was taken before
/// the read.
fn load_caller(rows: &ReadTx<'_>, user_id: i64, state: RightsVersion) -> Result<Option<(Caller, i64)>> {
    let Some(secret) = rows.find_login_by_id(user_id)?.filter(|secret| !secret.disabled) else { return Ok(None) };
    let (kind, permission) = (CallerKind::User(user_id), load_permission(rows, user_id)?);
    let proof = Proof::Password(secret.password_number);
    Ok(Some((Caller { kind, name: secret.username.into(), permission, proof, state }, secret.password_number)))
}

/// The caller, who has a password as the credential, with the session in its place.
fn with_session(caller: Caller, login: &SessionLogin, ended: Ended) -> Caller {
    let proof = match caller.proof {
        Proof::Password(password) => Proof::Session { password, token: login.token, ended },
        proof => proof,
    };
    Caller { proof, ..caller }
}
