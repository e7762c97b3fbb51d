//! The contents of a new database.

use super::lookup::load_group;
use super::passwords::Passwords;
use super::secrets::digest;
use crate::model::{ADMINISTRATORS, Actor, CredentialKind, Group, KeyRole, NewCredential, POWER_USERS, Result, User};
use crate::store::Store;
use std::fmt;

/// The first user of a new database.
pub(super) const FIRST_USER: &str = "Administrator";

/// The secrets of the first administrator and of the first script.
#[derive(Clone)]
pub struct FirstSecrets {
    /// The password of the user `Administrator`.
    pub password: String,
    /// The API key.
    pub api_key: String,
    /// The administrator's application key.
    pub app_key: String,
}

impl fmt::Debug for FirstSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstSecrets").finish_non_exhaustive()
    }
}

/// The groups of a new directory: name, label, description. The wording is the reference server's, which
/// clients' test suites compare.
const GROUPS: [(&str, &str, &str); 3] = [
    (ADMINISTRATORS, "Administrators group", "Group of users with adminstrative rights"),
    ("members", "Members group", "Group of users with read access rights"),
    (POWER_USERS, "Power users group", "Group of users with limited administrative rights"),
];

/// True if the database has its first contents.
///
/// # Errors
/// Those of the database.
pub fn is_seeded(store: &Store) -> Result<bool> {
    store.read(|rows| Ok(!rows.list_keys()?.is_empty() || rows.find_user(FIRST_USER)?.is_some()))
}

/// Fills a new database: three groups, the user `Administrator`, an API key and an application key, in one
/// transaction.
///
/// # Errors
/// Those of the database, and `Invalid` when the password does not match the configured pattern.
pub fn seed(store: &Store, passwords: &Passwords, secrets: &FirstSecrets) -> Result<()> {
    seed_and(store, passwords, secrets, || Ok(()))
}

/// The same; `deliver` is called in the transaction, when everything else is done. When it fails, nothing is stored.
///
/// # Errors
/// Those of [`seed`], and that of `deliver`.
pub fn seed_and(
    store: &Store,
    passwords: &Passwords,
    secrets: &FirstSecrets,
    deliver: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<()> {
    let password = passwords.first(&secrets.password)?;
    let keys = [
        (CredentialKind::Api, digest(&secrets.api_key)),
        (CredentialKind::Application(KeyRole::Admin), digest(&secrets.app_key)),
    ];
    store.write(Actor::program(), move |tx| {
        for (name, label, description) in GROUPS {
            tx.insert_group(&Group {
                label: Some(label.to_owned()),
                description: Some(description.to_owned()),
                ..Group::named(name)
            })?;
        }
        let empty = || Some(String::new());
        let administrator = User {
            // A tool that synchronises users by their names must not take it for a leaver without one.
            display_name: Some("Administrator".to_owned()),
            first_name: empty(),
            last_name: empty(),
            company: empty(),
            email: Some("devnull@nuxeo.com".to_owned()),
            ..User::named(FIRST_USER)
        };
        let (administrator, _) = tx.insert_user(administrator, Some(&password))?;
        tx.insert_member(load_group(tx, &ADMINISTRATORS.into())?.id, administrator.id)?;
        for (purpose, digest) in keys {
            tx.insert_credential(&NewCredential { purpose, name: "first".to_owned(), digest, token: None })?;
        }
        deliver()
    })
}

/// The first user, where that is an administrator who can sign in.
///
/// # Errors
/// Those of the database.
pub fn first_administrator(store: &Store) -> Result<Option<String>> {
    store.read(|rows| match rows.find_user(FIRST_USER)? {
        Some(user) if !user.disabled && rows.is_administrator(user.id)? => Ok(Some(user.username)),
        _ => Ok(None),
    })
}
