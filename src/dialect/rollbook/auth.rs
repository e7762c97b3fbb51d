//! Authentication: a user with a password, a token, or an application key.

use super::error::Result;
use crate::dialect::bearer_auth;
use crate::dialect::call::Call;
use crate::directory::{Authenticator, Directory};

/// The name of the dialect in settings, in the log and in the audit log.
pub(super) const NAME: &str = "rollbook";

/// Opens the directory for the caller behind the `Authorization` field.
pub(super) fn authenticate(call: &mut Call<'_>) -> Result<Directory> {
    Ok(bearer_auth::authenticate(call, NAME, Authenticator::key_or_token)?)
}
