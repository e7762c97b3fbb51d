//! Who asks: a user with a password, or the holder of a token or of an application key.

use super::error::Result;
use crate::dialect::{Context, basic};
use crate::directory::Directory;
use crate::http::{Request, RequestLogFields};
use crate::model::Error;

/// Opens the directory for who stands in the `Authorization` field.
pub(super) fn directory(context: &Context, request: &Request<'_>, trace: &mut RequestLogFields) -> Result<Directory> {
    let authorization = request.header("Authorization").unwrap_or_default();
    let (scheme, credentials) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let credentials = credentials.trim();
    let access = &context.access;
    let caller = if scheme.eq_ignore_ascii_case("Basic") {
        let (user, password) = basic(credentials).ok_or(Error::Unauthenticated)?;
        access.user(&user, &password, request.peer, super::NAME)?
    } else if scheme.eq_ignore_ascii_case("Bearer") && !credentials.is_empty() {
        access.key_or_token(credentials)?
    } else {
        return Err(Error::Unauthenticated.into());
    };
    trace.caller = Some(caller.name.clone());
    request.admit(&caller.name)?;
    Ok(access.directory(caller, super::NAME))
}
