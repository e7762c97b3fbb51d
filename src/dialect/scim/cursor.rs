//! Cursors (RFC 9865): where the next page of a list begins. The client keeps the cursor, which is sealed, so that the
//! server has no state for it.

use super::problem::{Problem, Result, ScimType};
use crate::json::{Json, Object};
use crate::model::now;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// A cursor is valid for this long.
pub(super) const LIFETIME_SECONDS: i64 = 3600;
/// Length of the seal in bytes.
const SEAL_BYTES: usize = 16;

/// The key of seals. It is made when the first cursor is, so that no cursor outlives the process.
static KEY: LazyLock<Option<[u8; 32]>> = LazyLock::new(|| {
    let mut key = [0; 32];
    getrandom::fill(&mut key).ok().map(|()| key)
});

/// The position after which the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// Of a list in the order of names: after the row with that key. The number of the resource type comes first.
    Key(usize, String),
    /// Of another list: after that many entries.
    Offset(u64),
}

/// A cursor before it is sealed.
pub(super) struct Cursor {
    /// Digest of the query that the list answers.
    pub(super) query: String,
    /// Entries of a page.
    pub(super) count: u64,
    pub(super) position: Position,
}

/// The digest of a query: the same list gives the same.
pub(super) fn query_digest(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(text.as_bytes())[..SEAL_BYTES])
}

impl Cursor {
    /// The text for the client, of characters that need no escape in a URI.
    pub(super) fn seal(&self) -> Option<String> {
        let (kind, text) = match &self.position {
            Position::Key(resource_type, key) => (resource_type.to_string(), key.clone()),
            Position::Offset(offset) => ("offset".to_owned(), offset.to_string()),
        };
        let content = Object::from([
            ("c".to_owned(), Json::String(self.count.to_string())),
            ("k".to_owned(), Json::String(kind)),
            ("p".to_owned(), Json::String(text)),
            ("q".to_owned(), Json::String(self.query.clone())),
            ("t".to_owned(), Json::String((now() / 1000).to_string())),
        ]);
        let content = Json::Object(content).to_string().into_bytes();
        let mut sealed = seal_of(&content)?.to_vec();
        sealed.extend_from_slice(&content);
        Some(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens the text of a client for the list of that query.
    ///
    /// # Errors
    /// `invalidCursor` when this server has not made it for this list; `expiredCursor` when it is too old.
    pub(super) fn open(text: &str, query: &str) -> Result<Cursor> {
        let invalid = || Problem::new(ScimType::InvalidCursor, "the cursor is not one of this list");
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (seal, content) = sealed.split_at_checked(SEAL_BYTES).ok_or_else(invalid)?;
        if !seal_of(content).is_some_and(|expected| subtle::ConstantTimeEq::ct_eq(&expected[..], seal).into()) {
            return Err(invalid());
        }
        let content = Json::parse(content).map_err(|_| invalid())?;
        let field = |name: &str| content.get(name).and_then(Json::as_str).ok_or_else(invalid);
        if field("q")? != query {
            return Err(invalid());
        }
        let made: i64 = field("t")?.parse().map_err(|_| invalid())?;
        if now() / 1000 - made > LIFETIME_SECONDS {
            return Err(Problem::new(ScimType::ExpiredCursor, "the cursor is too old: begin with an empty cursor"));
        }
        let position = match field("k")? {
            "offset" => Position::Offset(field("p")?.parse().map_err(|_| invalid())?),
            kind => Position::Key(kind.parse().map_err(|_| invalid())?, field("p")?.to_owned()),
        };
        Ok(Cursor { query: query.to_owned(), count: field("c")?.parse().map_err(|_| invalid())?, position })
    }
}

fn seal_of(content: &[u8]) -> Option<[u8; SEAL_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_ref()?).ok()?;
    mac.update(content);
    mac.finalize().into_bytes()[..SEAL_BYTES].try_into().ok()
}
