//! Authentication by Basic credentials, tokens, tokens as Bearer, and the cookie of a login, tried in the reference
//! server's order.

use super::error::{Problem, Result};
use crate::dialect::basic_auth::{decode_basic, split_authorization};
use crate::dialect::call::Call;
use crate::directory::{Authenticator, Directory};
use crate::http::Request;
use crate::model::{Caller, Error};
use std::borrow::Cow;

/// The name of the dialect in settings, in the log and in the audit log.
pub(super) const NAME: &str = "nuxeo";

/// The header, and the cookie, of a token.
const TOKEN_HEADER: &str = "X-Authentication-Token";
/// The cookie of a login, by the name that servlet containers give it.
pub(super) const SESSION_COOKIE: &str = "JSESSIONID";

/// The secret of the request. A token is derived from it, so that a repeated request gives the same token.
pub(super) enum PresentedSecret {
    Password(String),
    Token(String),
}

impl PresentedSecret {
    pub(super) fn password(&self) -> Option<&str> {
        if let PresentedSecret::Password(password) = self { Some(password) } else { None }
    }

    pub(super) fn token(&self) -> Option<&str> {
        if let PresentedSecret::Token(token) = self { Some(token) } else { None }
    }
}

/// Opens the directory for the caller behind the credentials of the request.
pub(super) fn authenticate(call: &mut Call<'_>) -> Result<Directory> {
    let authenticator = &call.context.authenticator;
    let caller = match by_secret(authenticator, call.request)? {
        Some((caller, _)) => caller,
        None => by_session(authenticator, call.request)?,
    };
    open_directory(call, caller)
}

/// Opens the directory for the caller behind a password or a token. The cookie of a login is not enough.
pub(super) fn authenticate_with_secret(call: &mut Call<'_>) -> Result<(Directory, PresentedSecret)> {
    let found = by_secret(&call.context.authenticator, call.request)?;
    let (caller, secret) = found.ok_or_else(|| unauthenticated(call.request))?;
    Ok((open_directory(call, caller)?, secret))
}

fn open_directory(call: &mut Call<'_>, caller: Caller) -> Result<Directory> {
    Ok(call.open_directory(caller, NAME)?.hiding_administrators())
}

/// The caller behind a password or a token; `None` when the request has neither.
fn by_secret(authenticator: &Authenticator, request: &Request<'_>) -> Result<Option<(Caller, PresentedSecret)>> {
    let refused = |error| match error {
        Error::Unauthenticated => unauthenticated(request),
        error => error.into(),
    };
    let (scheme, credentials) = split_authorization(request.header("Authorization").unwrap_or_default());
    if scheme.eq_ignore_ascii_case("Basic") {
        let (user, password) = decode_basic(credentials).ok_or_else(|| unauthenticated(request))?;
        let caller = authenticator.user(&user, &password, request.peer, NAME).map_err(refused)?;
        return Ok(Some((caller, PresentedSecret::Password(password))));
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
    let caller = authenticator.token(&token).map_err(refused)?;
    if by_cookie && !request.is_get() && is_foreign(request) {
        return Err(Problem::ForeignOrigin);
    }
    Ok(Some((caller, PresentedSecret::Token(token.into_owned()))))
}

/// The token from the header, or else the query.
fn token<'r>(request: &Request<'r>) -> Option<Cow<'r, str>> {
    if let Some(token) = request.header_values(TOKEN_HEADER).find(|token| !token.is_empty()) {
        return Some(Cow::Borrowed(token));
    }
    if request.query.is_empty() {
        return None;
    }
    let mut values = request.parameters().ok()?.into_values(|name| name.eq_ignore_ascii_case("token"));
    values.next().filter(|token| !token.is_empty())
}

/// The token from a cookie.
fn token_cookie<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    let mut cookies = request.cookies();
    let (_, token) = cookies.find(|(name, token)| name.eq_ignore_ascii_case(TOKEN_HEADER) && !token.is_empty())?;
    Some(token.trim_matches('"'))
}

/// The caller behind the cookie of a login. An unknown ticket counts as no credentials.
fn by_session(authenticator: &Authenticator, request: &Request<'_>) -> Result<Caller> {
    let refused = !request.is_get() && is_foreign(request);
    for ticket in tickets(request) {
        match authenticator.ticket(ticket, !refused) {
            Err(Error::Unauthenticated) => {}
            Err(error) => return Err(error.into()),
            Ok(_) if refused => return Err(Problem::ForeignOrigin),
            Ok(caller) => return Ok(caller),
        }
    }
    Err(unauthenticated(request))
}

/// The tickets in the cookies of logins. A client may send several cookies of the name, left from other paths.
pub(super) fn tickets<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
    request.cookies().filter(|(name, _)| *name == SESSION_COOKIE).map(|(_, ticket)| ticket.trim_matches('"'))
}

/// Returns whether a page of another origin calls. Browsers send cookies with the requests of every page, and pages of
/// other origins must not change anything with them. Clients that are not browsers name no origin.
pub(super) fn is_foreign(request: &Request<'_>) -> bool {
    // This holds even where a proxy gives the server another name.
    if request.header("Sec-Fetch-Site") == Some("same-origin") {
        return false;
    }
    let mut origins = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("Origin"));
    !origins.all(|origin| std::str::from_utf8(origin.value).is_ok_and(|origin| is_own(origin, request)))
}

/// Returns whether that origin (RFC 6454) is the server, by the name in the request.
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
    // A challenge makes browsers show a window for a password. Clients with these fields do not want it.
    let quiet = request.header("X-No-Basic-Header").is_some() || request.header("Cookie").is_some();
    Problem::Unauthenticated { challenge: !quiet }
}
