//! Who asks: Basic, tokens, and tokens as Bearer, tried in the reference server's order.

use super::error::{Problem, Result};
use crate::dialect::basic;
use crate::directory::Access;
use crate::http::Request;
use crate::model::{Caller, Error};
use std::borrow::Cow;

/// The header, and the cookie, of a token.
const TOKEN_HEADER: &str = "X-Authentication-Token";

/// The secret that the caller has shown: it can give the same token again.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) password: Option<String>,
    pub(super) token: Option<String>,
}

/// The caller behind the request's credentials.
pub(super) fn caller(access: &Access, request: &Request<'_>) -> Result<(Caller, Shown)> {
    find(access, request).map_err(|error| match error {
        Error::Unauthenticated => {
            // A browser would ask the user for a password; these say that nobody wants that.
            let quiet = request.header("X-No-Basic-Header").is_some() || request.header("Cookie").is_some();
            Problem::Unauthenticated { challenge: !quiet }
        }
        error => Problem::Directory(error),
    })
}

fn find(access: &Access, request: &Request<'_>) -> crate::model::Result<(Caller, Shown)> {
    let authorization = request.header("Authorization").unwrap_or_default();
    let (scheme, credentials) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("Basic") {
        let (user, password) = basic(credentials).ok_or(Error::Unauthenticated)?;
        let caller = access.user(&user, &password, request.peer, super::NAME)?;
        return Ok((caller, Shown { password: Some(password), token: None }));
    }
    let bearer = || scheme.eq_ignore_ascii_case("Bearer").then_some(Cow::Borrowed(credentials));
    let token = token(request).or_else(bearer).filter(|token| !token.is_empty()).ok_or(Error::Unauthenticated)?;
    let caller = access.token(&token)?;
    Ok((caller, Shown { password: None, token: Some(token.into_owned()) }))
}

/// The token from the header, or else the query, or else a cookie.
fn token<'r>(request: &'r Request<'_>) -> Option<Cow<'r, str>> {
    if let Some(token) = request.header_values(TOKEN_HEADER).find(|token| !token.is_empty()) {
        return Some(Cow::Borrowed(token));
    }
    if !request.query.is_empty() {
        let found = request.parameters().ok()?.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("token"));
        if let Some((_, token)) = found.filter(|(_, token)| !token.is_empty()) {
            return Some(token);
        }
    }
    let (_, token) =
        request.cookies().find(|(name, token)| name.eq_ignore_ascii_case(TOKEN_HEADER) && !token.is_empty())?;
    Some(Cow::Borrowed(token.trim_matches('"')))
}
