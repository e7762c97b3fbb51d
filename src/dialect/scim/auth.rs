//! Authentication: an application key or a token as Bearer, or a user with a password.

use super::failure::Result;
use crate::dialect::basic_auth::{decode_basic, split_authorization};
use crate::dialect::call::Call;
use crate::directory::Directory;
use crate::model::Error;

/// The name of the dialect in settings, in the log and in the audit log.
pub(super) const NAME: &str = "scim";

/// Opens the directory for the caller behind the `Authorization` field.
pub(super) fn authenticate(call: &mut Call<'_>) -> Result<Directory> {
    let (scheme, credentials) = split_authorization(call.request.header("Authorization").unwrap_or_default());
    let authenticator = &call.context.authenticator;
    let caller = if scheme.eq_ignore_ascii_case("Basic") {
        let (user, password) = decode_basic(credentials).ok_or(Error::Unauthenticated)?;
        authenticator.user(&user, &password, call.request.peer, NAME)?
    } else if scheme.eq_ignore_ascii_case("Bearer") && !credentials.is_empty() {
        authenticator.any_key_or_token(credentials)?
    } else {
        return Err(Error::Unauthenticated.into());
    };
    Ok(call.open_directory(caller, NAME)?)
}
