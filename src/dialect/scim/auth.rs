//! Authentication: an application key or a token as Bearer, or a user with a password.

use super::failure::Result;
use crate::dialect::bearer_auth;
use crate::dialect::call::Call;
use crate::directory::{Authenticator, Directory};

/// The name of the dialect in settings, in the log and in the audit log.
pub(super) const NAME: &str = "scim";

/// Opens the directory for the caller behind the `Authorization` field.
pub(super) fn authenticate(call: &mut Call<'_>) -> Result<Directory> {
    Ok(bearer_auth::authenticate(call, NAME, Authenticator::any_key_or_token)?)
}
