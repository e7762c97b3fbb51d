//! Who asks: Basic, tokens, tokens as Bearer, and the cookie of a login, tried in the reference server's order.

use super::error::{Problem, Result};
use crate::dialect::{Context, basic};
use crate::directory::Authenticator;
use crate::http::Request;
use crate::model::{Caller, Error};
use std::borrow::Cow;

/// The header, and the cookie, of a token.
const TOKEN_HEADER: &str = "X-Authentication-Token";
/// The cookie of a login, by the name that servlet containers give it.
const SESSION_COOKIE: &str = "JSESSIONID";

/// What the caller has shown: a secret can give the same token again.
pub(super) enum Shown {
    Password(String),
    Token(String),
    Session,
}

impl Shown {
    pub(super) fn password(&self) -> Option<&str> {
        if let Shown::Password(password) = self { Some(password) } else { None }
    }

    pub(super) fn token(&self) -> Option<&str> {
        if let Shown::Token(token) = self { Some(token) } else { None }
    }
}

/// The caller behind the request's credentials.
pub(super) fn caller(access: &Authenticator, request: &Request<'_>) -> Result<(Caller, Shown)> {
    match by_secret(access, request)? {
        Some(found) => Ok(found),
        None => Ok((by_session(access, request)?, Shown::Session)),
    }
}

/// The caller behind a password or a token. The cookie of a login counts as none.
pub(super) fn caller_with_secret(access: &Authenticator, request: &Request<'_>) -> Result<(Caller, Shown)> {
    by_secret(access, request)?.ok_or_else(|| unauthenticated(request))
}

/// The caller behind a password or a token; `None` when the request has neither.
fn by_secret(access: &Authenticator, request: &Request<'_>) -> Result<Option<(Caller, Shown)>> {
    let refused = |error| match error {
        Error::Unauthenticated => unauthenticated(request),
        error => Problem::Directory(error),
    };
    let authorization = request.header("Authorization").unwrap_or_default();
    let (scheme, credentials) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("Basic") {
        let (user, password) = basic(credentials).ok_or_else(|| unauthenticated(request))?;
        let caller = access.user(&user, &password, request.peer, super::NAME).map_err(refused)?;
        return Ok(Some((caller, Shown::Password(password))));
    }
    let (token, by_cookie) = match (token(request), token_cookie(request)) {
        (Some(token), _) => (token, false),
        (None, Some(token)) => (Cow::Borrowed(token), true),
        (None, None) if scheme.eq_ignore_ascii_case("Bearer") => (Cow::Borrowed(credentials), false),
        (None, None) => return Ok(None),
    };
    if token.is_empty() {
        return Ok(None);
    }
    let caller = access.token(&token).map_err(refused)?;
    if by_cookie && !request.is_get() && is_foreign(request) {
        return Err(Problem::ForeignPage);
    }
    Ok(Some((caller, Shown::Token(token.into_owned()))))
}

/// The token from the header, or else the query.
fn token<'r>(request: &'r Request<'_>) -> Option<Cow<'r, str>> {
    if let Some(token) = request.header_values(TOKEN_HEADER).find(|token| !token.is_empty()) {
        return Some(Cow::Borrowed(token));
    }
    if request.query.is_empty() {
        return None;
    }
    let found = request.parameters().ok()?.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("token"));
    found.map(|(_, token)| token).filter(|token| !token.is_empty())
}

/// The token from a cookie.
fn token_cookie<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    let mut cookies = request.cookies();
    let (_, token) = cookies.find(|(name, token)| name.eq_ignore_ascii_case(TOKEN_HEADER) && !token.is_empty())?;
    Some(token.trim_matches('"'))
}

/// The caller behind the cookie of a login. One that is not known counts as none.
fn by_session(access: &Authenticator, request: &Request<'_>) -> Result<Caller> {
    let refused = !request.is_get() && is_foreign(request);
    for ticket in tickets(request) {
        match access.ticket(ticket, !refused) {
            Err(Error::Unauthenticated) => {}
            Err(error) => return Err(Problem::Directory(error)),
            Ok(_) if refused => return Err(Problem::ForeignPage),
            Ok(caller) => return Ok(caller),
        }
    }
    Err(unauthenticated(request))
}

/// What the cookies of logins hold. A client may send several of the name, left from other paths.
fn tickets<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
    request.cookies().filter(|(name, _)| *name == SESSION_COOKIE).map(|(_, ticket)| ticket.trim_matches('"'))
}

/// Begins a session of the caller. Returns the value of a `Set-Cookie` field, or nothing for a caller who has come with a
/// session.
pub(super) fn begin_session(context: &Context, request: &Request<'_>, caller: &Caller) -> Option<String> {
    context.access.issue_ticket(caller).map(|ticket| cookie(context, request, &ticket, ""))
}

/// Ends the session of the request, if it has one. Returns the value of a `Set-Cookie` field that removes the cookie.
pub(super) fn end_session(context: &Context, request: &Request<'_>) -> Result<String> {
    for ticket in tickets(request) {
        if is_foreign(request) && context.access.ticket(ticket, false).is_ok() {
            return Err(Problem::ForeignPage);
        }
        context.access.end_ticket(ticket);
    }
    Ok(cookie(context, request, "", "; Max-Age=0"))
}

/// A cookie for all paths of the dialect. Scripts of pages cannot read it, and a client that came encrypted sends it in
/// no other way.
fn cookie(context: &Context, request: &Request<'_>, value: &str, age: &str) -> String {
    let path = context.place_of(super::NAME).filter(|path| !path.is_empty()).unwrap_or("/");
    let secure = if request.secure { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; Path={path}{age}; HttpOnly; SameSite=Lax{secure}")
}

/// Whether a page of another origin asks. Browsers send cookies by themselves, whichever page asks: those of others must
/// change nothing with them. What is no browser names no origin.
fn is_foreign(request: &Request<'_>) -> bool {
    // A browser that says so is right also where a proxy gives the server another name.
    if request.header("Sec-Fetch-Site") == Some("same-origin") {
        return false;
    }
    let mut origins = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("Origin"));
    !origins.all(|origin| std::str::from_utf8(origin.value).is_ok_and(|origin| is_own(origin, request)))
}

/// Whether that origin (RFC 6454) is the server, by the name under which the request has come.
fn is_own(origin: &str, request: &Request<'_>) -> bool {
    let (Some((scheme, name)), Some(host)) = (origin.split_once("://"), request.header("Host")) else { return false };
    let port = match scheme {
        "https" => ":443",
        "http" if !request.secure => ":80",
        _ => return false,
    };
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    bare(name) == bare(host)
}

/// The refusal of a caller without valid credentials.
fn unauthenticated(request: &Request<'_>) -> Problem {
    // A browser would ask the user for a password; these say that nobody wants that.
    let quiet = request.header("X-No-Basic-Header").is_some() || request.header("Cookie").is_some();
    Problem::Unauthenticated { challenge: !quiet }
}
