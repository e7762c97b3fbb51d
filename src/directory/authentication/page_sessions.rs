//! Sessions of the admin page, and of Nuxeo logins.

use super::authenticator::Authenticator;
use super::caller::{load_caller, with_session};
use super::sessions::{Session, SessionLease, SessionLogin};
use crate::directory::secrets::{digest, new_secret};
use crate::model::{Caller, ClientAddress, Error, Proof, Result};
use std::time::Instant;

impl Authenticator {
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
            (Some(user_id), Proof::Credential(id)) => (self.find_caller(user_id)?.map(|(_, number)| number), Some(*id)),
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
}
