//! The authenticator: what all ways to log in share.

use super::cache::{CachedCredential, CachedPassword};
use super::cache::{credential_cache, password_cache};
use super::login_throttle::LoginThrottle;
use super::refusals::RefusalCounters;
use super::sessions::{Limits, SessionLimits, Sessions};
use super::tickets::Tickets;
use crate::cache::Cache;
use crate::directory::passwords::Passwords;
use crate::directory::rules::Rules;
use crate::directory::transactions::Directory;
use crate::metrics::Exposition;
use crate::model::{Caller, Result};
use crate::store::Store;
use anyhow::anyhow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Authenticates callers by their credentials, and opens the [`Directory`] with their rights.
pub struct Authenticator {
    pub(super) store: Arc<Store>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) throttle: LoginThrottle,
    /// Keys the digests under which passwords are remembered, so that a memory dump holds no usable hash.
    pub(super) pepper: [u8; 32],
    /// By the key of the user's name, so that a user has one entry, however the name is written.
    pub(super) cached_passwords: Cache<String, CachedPassword>,
    /// By the digest of the secret.
    pub(super) cached_credentials: Cache<[u8; 32], CachedCredential>,
    pub(super) sessions: Sessions,
    pub(super) tickets: Tickets,
    pub(super) refusals: RefusalCounters,
    pub(super) rules: Rules,
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
        let (cached_passwords, cached_credentials) = (password_cache(), credential_cache());
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
            let help = "Passwords, keys and tokens that were refused.";
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
}
