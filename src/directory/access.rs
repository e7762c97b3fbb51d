//! Who may come in: the credentials that a request shows, turned into a caller.

use super::guesses::Guesses;
use super::passwords::Slot;
use super::sessions::{Session, SessionLimits, Sessions};
use super::{Directory, Passwords, digest, new_secret};
use crate::lock::{exclusive, shared};
use crate::metrics::Page;
use crate::model::{Caller, CallerKind, Error, KeyKind, Origin, Power, Result, key};
use crate::store::{Credential, Purpose, Rows, Scope, Secret, Store, now};
use anyhow::anyhow;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

/// How long a checked password is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// How many callers are remembered; beyond that all are forgotten, which costs each a check.
const REMEMBERED_MAX: usize = 10_000;
/// How exact `last used` is, in milliseconds: one write an hour and key.
const LAST_USED_STEP: i64 = 3_600_000;
/// The one login that nobody can have: other servers of the dialect run their own work under it.
const RESERVED_LOGIN: &str = "system";

/// The door: knows credentials, hands out a [`Directory`] for the caller behind them.
pub struct Access {
    store: Arc<Store>,
    passwords: Arc<Passwords>,
    guesses: Guesses,
    /// Keys the digests under which passwords are remembered, so that a memory dump holds no usable hash.
    pepper: [u8; 32],
    remembered: RwLock<HashMap<[u8; 32], Remembered>>,
    credentials: RwLock<HashMap<[u8; 32], Known>>,
    sessions: Sessions,
    refused: Refused,
}

/// How many credentials were refused.
#[derive(Default)]
struct Refused {
    passwords: AtomicU64,
    keys: AtomicU64,
    tokens: AtomicU64,
}

/// A password that was right.
struct Remembered {
    caller: Caller,
    password_hash: String,
    generation: u64,
    until: Instant,
}

/// A key or token that was found.
#[derive(Clone)]
struct Known {
    caller: Caller,
    kind: Option<KeyKind>,
    /// The generation of credentials.
    credentials: u64,
    /// For a token, the generation of its user's rights. A key depends on nobody's.
    rights: Option<u64>,
    last_used_at: i64,
}

impl Known {
    fn is_still_true(&self, credentials: u64, rights: u64) -> bool {
        self.credentials == credentials && self.rights.is_none_or(|known| known == rights)
    }
}

impl Access {
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
    ) -> anyhow::Result<Access> {
        let mut pepper = [0; 32];
        getrandom::fill(&mut pepper).map_err(|error| anyhow!("get random numbers: {error}"))?;
        let (remembered, credentials) = (RwLock::default(), RwLock::default());
        let (guesses, sessions) = (Guesses::new(longest_delay), Sessions::new(limits));
        let refused = Refused::default();
        Ok(Access { store, passwords, guesses, pepper, remembered, credentials, sessions, refused })
    }

    /// Looks whether the database takes writes.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub fn require_writable(&self) -> Result<()> {
        self.store.require_writable()
    }

    /// Adds the store, and who was not let in, to the page.
    pub fn tell(&self, page: &mut Page) {
        self.store.tell(page);
        let Refused { passwords, keys, tokens } = &self.refused;
        for (kind, count) in [("password", passwords), ("key", keys), ("token", tokens)] {
            let help = "Passwords, keys and tokens that did not let anybody in.";
            let count = count.load(Ordering::Relaxed) as f64;
            page.counter("rollbook_refused_credentials_total", help, &[("kind", kind)], count);
        }
    }

    /// The directory as that caller may see it, who came by that dialect.
    pub fn directory(&self, caller: Caller, dialect: &'static str) -> Directory {
        Directory { store: Arc::clone(&self.store), passwords: Arc::clone(&self.passwords), caller, dialect }
    }

    /// The directory as an operator on this machine may change it, see [`Directory::of_operator`].
    pub fn operator(&self, account: &str) -> Directory {
        Directory::of_operator(Arc::clone(&self.store), Arc::clone(&self.passwords), account)
    }

    /// The user behind a user name and a password that came from that address, by that dialect.
    ///
    /// # Errors
    /// `Unauthenticated` when either is empty or wrong, when the user has no password, and when they are
    /// disabled: which of these is not told, also not by the time it takes. `TooManyGuesses` from an address where
    /// many wrong ones came from.
    pub fn user(&self, username: &str, password: &str, from: IpAddr, dialect: &'static str) -> Result<Caller> {
        counted(&self.refused.passwords, self.user_of(username, password, from, dialect))
    }

    fn user_of(&self, username: &str, password: &str, from: IpAddr, dialect: &'static str) -> Result<Caller> {
        if username.trim().is_empty() || password.is_empty() || key(username) == RESERVED_LOGIN {
            return Err(Error::Unauthenticated);
        }
        let proof = self.proof(username, password);
        if let Some(caller) = self.remembered_user(&proof)? {
            return Ok(caller);
        }
        // Without the name: people type passwords there.
        let guess =
            self.guesses.admit(from).inspect_err(|_| log::info!("one of many passwords from {from} was refused"))?;
        let checked = self.check(username, password, proof, dialect);
        if matches!(checked, Err(Error::Unauthenticated)) {
            log::info!("a wrong password came from {from}");
            guess.was_wrong(username);
        }
        checked
    }

    /// Looks whether the password is the user's, and remembers it if it is.
    fn check(&self, username: &str, password: &str, proof: [u8; 32], dialect: &'static str) -> Result<Caller> {
        let mut slot = self.passwords.slot()?;
        // Whoever waited for the slot may find that another request has shown the same password meanwhile.
        if let Some(caller) = self.remembered_user(&proof)? {
            return Ok(caller);
        }
        let secret = self.store.read(|rows| rows.find_secret(username))?;
        let stored = secret.as_ref().and_then(|secret| secret.password_hash.clone());
        let right = self.passwords.verify(&mut slot, password, stored.as_deref());
        let known = secret.zip(stored).filter(|(secret, _)| right && !secret.disabled);
        let Some((secret, stored)) = known else {
            slot.refuse();
            return Err(Error::Unauthenticated);
        };
        let current = self.note_login(&mut slot, &secret, password, stored, dialect)?;
        drop(slot);
        let generation = self.store.generation(Scope::Rights);
        let Some((caller, password_hash)) = self.store.read(|rows| recognize(rows, secret.user_id))? else {
            return Err(Error::Unauthenticated);
        };
        // The stored value has changed while the password was checked: what was right may be wrong now.
        if password_hash.as_ref() != Some(&current) {
            return self.check(username, password, proof, dialect);
        }
        if let Some(password_hash) = password_hash {
            let until = Instant::now() + REMEMBERED_FOR;
            let entry = Remembered { caller: caller.clone(), password_hash, generation, until };
            remember(&mut exclusive(&self.remembered), proof, entry);
        }
        Ok(caller)
    }

    /// Stores what a successful login changes: the first one, and a hash of a weaker kind. Returns the stored
    /// value that belongs to the password now. Nobody is kept out because it cannot be written at the moment.
    fn note_login(
        &self,
        slot: &mut Slot<'_>,
        secret: &Secret,
        password: &str,
        stored: String,
        dialect: &'static str,
    ) -> Result<String> {
        let user_id = secret.user_id;
        let caller_kind = CallerKind::User(user_id).word();
        let origin = Origin { caller_kind, caller: secret.username.as_str().into(), dialect };
        if !secret.verified {
            self.store.write(origin.clone(), move |tx| tx.verify_user(user_id)).or_else(unless_unavailable)?;
        }
        let Some(renewed) = self.passwords.renew(slot, password, &stored)? else { return Ok(stored) };
        let (old, current) = (stored.clone(), renewed.clone());
        match self.store.write(origin, move |tx| tx.rehash_password(user_id, &old, &renewed)) {
            Err(Error::Unavailable(_)) => Ok(stored),
            written => written.map(|()| current),
        }
    }

    fn remembered_user(&self, proof: &[u8; 32]) -> Result<Option<Caller>> {
        let generation = self.store.generation(Scope::Rights);
        let (user_id, password_hash) = {
            let remembered = shared(&self.remembered);
            let Some(entry) = remembered.get(proof).filter(|entry| entry.until > Instant::now()) else {
                return Ok(None);
            };
            if entry.generation == generation {
                return Ok(Some(entry.caller.clone()));
            }
            (entry.caller.user_id(), entry.password_hash.clone())
        };
        // Something has changed since: the same password is still right if the stored value is still the same.
        let found = match user_id {
            Some(user_id) => self.store.read(|rows| recognize(rows, user_id))?,
            None => None,
        };
        let mut remembered = exclusive(&self.remembered);
        match found {
            Some((caller, Some(hash))) if hash == password_hash => {
                if let Some(entry) = remembered.get_mut(proof) {
                    entry.caller = caller.clone();
                    entry.generation = generation;
                }
                Ok(Some(caller))
            }
            _ => {
                remembered.remove(proof);
                Ok(None)
            }
        }
    }

    /// Opens a session for the user behind a user name and a password. Returns the secret that stands for it, which
    /// is stored nowhere.
    ///
    /// # Errors
    /// Those of [`Access::user`].
    pub fn open_session(
        &self,
        username: &str,
        password: &str,
        from: IpAddr,
        dialect: &'static str,
    ) -> Result<(String, Session)> {
        let caller = self.user(username, password, from, dialect)?;
        // The stored value that this password was found right for: of a later one nobody knows that.
        let proof = self.proof(username, password);
        let hash = shared(&self.remembered).get(&proof).map(|entry| entry.password_hash.clone());
        let Some((user_id, hash)) = caller.user_id().zip(hash) else {
            return Err(Error::Unavailable("a login was forgotten at once: too many come in".to_owned()));
        };
        let secret = new_secret()?;
        let left = self.sessions.open(digest(&secret), user_id, hash);
        Ok((secret, Session { caller, left }))
    }

    /// The session that a secret stands for. It lasts longer from now on, if so wished, and ends when the user is
    /// disabled or gets another password.
    ///
    /// # Errors
    /// `Unauthenticated` when there is none.
    pub fn session(&self, secret: &str, prolong: bool) -> Result<Session> {
        let digest = digest(secret);
        let (user_id, known) = self.sessions.find(&digest).ok_or(Error::Unauthenticated)?;
        match self.store.read(|rows| recognize(rows, user_id))? {
            Some((caller, Some(hash))) if hash == known => {
                let left = self.sessions.left(&digest, prolong).ok_or(Error::Unauthenticated)?;
                Ok(Session { caller, left })
            }
            _ => {
                self.sessions.end(&digest);
                Err(Error::Unauthenticated)
            }
        }
    }

    /// Ends a session, if there is one.
    pub fn end_session(&self, secret: &str) {
        self.sessions.end(&digest(secret));
    }

    /// Under what a user name and a password are remembered.
    fn proof(&self, username: &str, password: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.pepper).expect("a MAC takes a key of any length");
        mac.update(&username.len().to_be_bytes());
        mac.update(username.as_bytes());
        mac.update(password.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Whether the API key is valid.
    ///
    /// # Errors
    /// `Unauthenticated` when it is not.
    pub fn api_key(&self, secret: &str) -> Result<()> {
        counted(&self.refused.keys, self.credential(secret, Some(KeyKind::Api))).map(drop)
    }

    /// The script behind an application key.
    ///
    /// # Errors
    /// `Unauthenticated` when the key is not valid.
    pub fn application_key(&self, secret: &str) -> Result<Caller> {
        counted(&self.refused.keys, self.credential(secret, Some(KeyKind::Application)))
    }

    /// The user behind a token.
    ///
    /// # Errors
    /// `Unauthenticated` when the token is not valid or the user is disabled.
    pub fn token(&self, secret: &str) -> Result<Caller> {
        counted(&self.refused.tokens, self.credential(secret, None))
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
        counted(&self.refused.tokens, known)
    }

    fn credential(&self, secret: &str, kind: Option<KeyKind>) -> Result<Caller> {
        let digest = digest(secret);
        let (credentials, rights) = (self.store.generation(Scope::Credentials), self.store.generation(Scope::Rights));
        let known = shared(&self.credentials).get(&digest).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.is_still_true(credentials, rights)) {
            return if known.kind == kind { Ok(known.caller.clone()) } else { Err(Error::Unauthenticated) };
        }
        let found = self.store.read(|rows| {
            let Some(credential) = rows.find_credential(&digest)? else { return Ok(None) };
            let caller = match credential.purpose {
                Purpose::Token(user_id) => recognize(rows, user_id)?.map(|(caller, _)| caller),
                Purpose::Api => Some(key_caller(&credential, Power::Reader)),
                Purpose::Application(role) => Some(key_caller(&credential, role.power())),
            };
            Ok(caller.map(|caller| (caller, credential)))
        })?;
        let Some((caller, credential)) = found else {
            exclusive(&self.credentials).remove(&digest);
            return Err(Error::Unauthenticated);
        };
        let last_used_at = self.note_use(&credential, known.map_or(0, |known| known.last_used_at));
        let kind_found = credential.purpose.key_kind();
        let rights = kind_found.is_none().then_some(rights);
        let entry = Known { caller: caller.clone(), kind: kind_found, credentials, rights, last_used_at };
        remember(&mut exclusive(&self.credentials), digest, entry);
        if kind_found == kind { Ok(caller) } else { Err(Error::Unauthenticated) }
    }

    /// Writes down, once an hour and without waiting, that a credential is used; returns when that was last.
    fn note_use(&self, credential: &Credential, known: i64) -> i64 {
        let now = now();
        let last = credential.last_used_at.unwrap_or(0).max(known);
        if now - last < LAST_USED_STEP {
            return last;
        }
        let id = credential.id;
        self.store.write_later(move |tx| tx.touch_credential(id));
        now
    }
}

/// Counts a credential that lets nobody in. One that could not be looked at is not refused.
fn counted(refused: &AtomicU64, result: Result<Caller>) -> Result<Caller> {
    if matches!(result, Err(Error::Unauthenticated | Error::TooManyGuesses)) {
        refused.fetch_add(1, Ordering::Relaxed);
    }
    result
}

/// Lets pass what could only not be written now.
fn unless_unavailable(error: Error) -> Result<()> {
    if matches!(error, Error::Unavailable(_)) { Ok(()) } else { Err(error) }
}

fn key_caller(credential: &Credential, power: Power) -> Caller {
    Caller { kind: CallerKind::Key, name: credential.name.as_str().into(), power }
}

/// The user of that id as a caller, with the stored hash of the password; `None` when gone or disabled.
fn recognize(rows: &Rows<'_>, user_id: i64) -> Result<Option<(Caller, Option<String>)>> {
    let Some(secret) = rows.find_secret_by_id(user_id)?.filter(|secret| !secret.disabled) else { return Ok(None) };
    let power = if rows.is_administrator(user_id)? {
        Power::Administrator
    } else if rows.is_power_user(user_id)? {
        Power::PowerUser
    } else {
        Power::Reader
    };
    let caller = Caller { kind: CallerKind::User(user_id), name: secret.username.into(), power };
    Ok(Some((caller, secret.password_hash)))
}

fn remember<T>(map: &mut HashMap<[u8; 32], T>, key: [u8; 32], entry: T) {
    if map.len() >= REMEMBERED_MAX && !map.contains_key(&key) {
        map.clear();
    }
    map.insert(key, entry);
}
