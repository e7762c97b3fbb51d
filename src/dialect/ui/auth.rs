//! Whose session it is, and whether the page itself asks.

use super::error::{Problem, Result};
use super::{Call, NAME};
use crate::directory::Session;
use crate::http::Request;
use crate::model::Error;

/// The cookie with the secret of a session. It has no path of its own, so that a browser sends it to where the session
/// is and below, wherever a proxy has put that.
const COOKIE: &str = "rollbook_session";
/// What the page says with whatever changes something. Other sites' pages can send a form or a picture with it no more
/// than with a body of JSON, unless the server lets them, which this one never does.
const SIGN: (&str, &str) = ("X-Requested-With", "rollbook");
/// What the page says when it asks by itself, with nobody there.
const BACKGROUND: &str = "Rollbook-Background";

/// Refuses what another site's page sends.
pub(super) fn require_own_page(request: &Request<'_>) -> Result<()> {
    // Browsers say where a request comes from, and `none` is the address bar.
    let from = request.header("Sec-Fetch-Site").unwrap_or("same-origin");
    let signed = request.is_get() || request.header(SIGN.0) == Some(SIGN.1);
    if signed && matches!(from, "same-origin" | "none") { Ok(()) } else { Err(Problem::ForeignPage) }
}

/// The session of the request, prolonged by it.
pub(super) fn session(call: &mut Call<'_>) -> Result<Session> {
    let prolong = call.request.header(BACKGROUND).is_none();
    let mut result = Err(Error::Unauthenticated);
    for secret in secrets(call.request) {
        result = call.context.access.session(secret, prolong);
        if !matches!(result, Err(Error::Unauthenticated)) {
            break;
        }
    }
    let session = result?;
    call.trace.caller = Some(session.caller.name.clone());
    Ok(session)
}

/// Opens a session for a user name and a password. Returns it with the value of a `Set-Cookie` field.
pub(super) fn open(call: &mut Call<'_>, user: &str, password: &str) -> crate::model::Result<(Session, String)> {
    let (secret, session) = call.context.access.open_session(user, password, call.request.peer, NAME)?;
    call.trace.caller = Some(session.caller.name.clone());
    // To a browser that came encrypted the secret is not to go any other way.
    let secure = if call.request.secure { "; Secure" } else { "" };
    Ok((session, format!("{COOKIE}={secret}; HttpOnly; SameSite=Strict{secure}")))
}

/// Ends the session of the request, if it has one. Returns the value of a `Set-Cookie` field that ends the cookie.
pub(super) fn end(call: &Call<'_>) -> String {
    secrets(call.request).for_each(|secret| call.context.access.end_session(secret));
    format!("{COOKIE}=; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// A browser may send several cookies of the name, left from another path.
fn secrets<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
    let ours = request.cookies().filter(|(name, secret)| *name == COOKIE && !secret.is_empty());
    ours.map(|(_, secret)| secret)
}
