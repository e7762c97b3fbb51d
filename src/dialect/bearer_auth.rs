//! Authentication for dialects that take an application key or a token as Bearer (RFC 6750), and a password as Basic.

use super::basic_auth::{decode_basic, split_authorization};
use super::call::Call;
use super::problem::CommonProblem;
use crate::directory::{Authenticator, Directory};
use crate::model::{self, Caller, Error};

/// Opens the directory for the caller behind the `Authorization` field. `bearer` finds the caller behind a key or a token.
///
/// # Errors
/// `Unauthenticated`, those of `bearer`, and refusals of the body.
pub(super) fn authenticate(
    call: &mut Call<'_>,
    dialect: &'static str,
    bearer: impl FnOnce(&Authenticator, &str) -> model::Result<Caller>,
) -> Result<Directory, CommonProblem> {
    let (scheme, credentials) = split_authorization(call.request.header("Authorization").unwrap_or_default());
    let authenticator = &call.context.authenticator;
    let caller = if scheme.eq_ignore_ascii_case("Basic") {
        let (user, password) = decode_basic(credentials).ok_or(Error::Unauthenticated)?;
        authenticator.user(&user, &password, call.request.peer, dialect)?
    } else if scheme.eq_ignore_ascii_case("Bearer") && !credentials.is_empty() {
        bearer(authenticator, credentials)?
    } else {
        return Err(Error::Unauthenticated.into());
    };
    Ok(call.open_directory(caller, dialect)?)
}
