//! Credentials: API keys, application keys and tokens.

use super::{KeyKind, KeyRole};

/// The kind of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialKind {
    /// An API key.
    Api,
    /// An application key and its role.
    Application(KeyRole),
    /// A token, and the row id of its user.
    Token(i64),
}

impl CredentialKind {
    /// The kind of key; `None` for tokens.
    pub fn key_kind(&self) -> Option<KeyKind> {
        match self {
            CredentialKind::Api => Some(KeyKind::Api),
            CredentialKind::Application(_) => Some(KeyKind::Application),
            CredentialKind::Token(_) => None,
        }
    }

    /// The word for it in the table and on the command line.
    pub fn word(&self) -> &'static str {
        match self {
            CredentialKind::Api => "api",
            CredentialKind::Application(_) => "app",
            CredentialKind::Token(_) => "token",
        }
    }
}

/// A credential as stored; the secret itself is not.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The id on the command line.
    pub id: i64,
    /// The kind.
    pub purpose: CredentialKind,
    /// The name that an administrator gave it.
    pub name: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
    /// To the hour, milliseconds since 1970-01-01 UTC.
    pub last_used_at: Option<i64>,
    /// Milliseconds since 1970-01-01 UTC; `None`: valid.
    pub revoked_at: Option<i64>,
}

/// The device and application that a token was issued for.
#[derive(Debug, Clone, Default)]
pub struct Token {
    /// Identifies the token without being secret.
    pub uuid: String,
    /// The application's name.
    pub application: String,
    /// The device's identifier.
    pub device: String,
    /// The description of the device.
    pub device_description: Option<String>,
    /// The permission that the application asked for; stored, not enforced.
    pub permission: Option<String>,
    /// With the password, this gives the same token again.
    pub seed: Option<Vec<u8>>,
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
}

/// A credential to store.
#[derive(Debug)]
pub struct NewCredential {
    /// The kind.
    pub purpose: CredentialKind,
    /// The name that an administrator gave it.
    pub name: String,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// The details of a token.
    pub token: Option<Token>,
}

const ROLES: [(KeyRole, &str); 4] = [
    (KeyRole::Admin, "admin"),
    (KeyRole::Standard, "standard"),
    (KeyRole::Read, "read"),
    (KeyRole::Provision, "provision"),
];

impl KeyRole {
    /// The word for it in the table and on the command line.
    pub fn word(self) -> &'static str {
        ROLES.iter().find(|(role, _)| *role == self).map_or("", |(_, word)| word)
    }

    /// The role of that word.
    pub fn named(word: &str) -> Option<KeyRole> {
        ROLES.iter().find(|(_, known)| *known == word).map(|(role, _)| *role)
    }
}
