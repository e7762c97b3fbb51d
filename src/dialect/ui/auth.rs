//! Sessions of the page, and the check that the page itself calls.

use super::error::{Problem, Result};
use crate::dialect::call::Call;
use crate::directory::{Directory, Session};
use crate::http::Request;
use crate::model::Error;

/// The name of the dialect in settings, in the log and in the audit log.
pub(super) const NAME: &str = "ui";

/// The cookie with the secret of a session. It has no path of its own, so that a browser sends it to the path of the
/// session and below, wherever a proxy has put that.
const COOKIE: &str = "rollbook_session";
/// CSRF header sent with every write. Another origin cannot set it without a preflight, which is never granted.
const CSRF_HEADER: (&str, &str) = ("X-Requested-With", "rollbook");
/// The page sends this header with requests that no person has caused. They do not prolong the session.
const BACKGROUND_HEADER: &str = "Rollbook-Background";

/// Refuses requests from pages of other origins.
pub(super) fn require_same_origin(request: &Request<'_>) -> Result<()> {
    // The browser names the origin of a request; `none` stands for the address bar.
    let origin = request.header("Sec-Fetch-Site").unwrap_or("same-origin");
    let is_marked = request.is_get() || request.header(CSRF_HEADER.0) == Some(CSRF_HEADER.1);
    if is_marked && matches!(origin, "same-origin" | "none") { Ok(()) } else { Err(Problem::ForeignOrigin) }
}

/// Opens the directory for the user of the session.
pub(super) fn authenticate(call: &mut Call<'_>) -> Result<Directory> {
    let session = session(call)?;
    Ok(call.open_directory(session.caller, NAME)?)
}

/// The session of the request, prolonged by it.
pub(super) fn session(call: &mut Call<'_>) -> Result<Session> {
    let prolong = call.request.header(BACKGROUND_HEADER).is_none();
    let mut result = Err(Error::Unauthenticated);
    for secret in secrets(call.request) {
        result = call.context.authenticator.session(secret, prolong);
        if !matches!(result, Err(Error::Unauthenticated)) {
            break;
        }
    }
    let session = result?;
    call.log.caller = Some(session.caller.name.clone());
    Ok(session)
}

/// Opens a session for a user name and a password. Returns it with the value of a `Set-Cookie` field.
pub(super) fn open_session(call: &mut Call<'_>, user: &str, password: &str) -> crate::model::Result<(Session, String)> {
    let (secret, session) = call.context.authenticator.open_session(user, password, call.request.peer, NAME)?;
    call.log.caller = Some(session.caller.name.clone());
    // A browser that came encrypted must not send the secret in the clear.
    let secure = if call.request.secure { "; Secure" } else { "" };
    Ok((session, format!("{COOKIE}={secret}; HttpOnly; SameSite=Strict{secure}")))
}

/// Ends the session of the request, if it has one. Returns the value of a `Set-Cookie` field that ends the cookie.
pub(super) fn end_session(call: &Call<'_>) -> String {
    secrets(call.request).for_each(|secret| call.context.authenticator.end_session(secret));
    format!("{COOKIE}=; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The secrets in cookies. A browser may send several cookies of the name, left from other paths.
fn secrets<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
    let ours = request.cookies().filter(|(name, secret)| *name == COOKIE && !secret.is_empty());
    ours.map(|(_, secret)| secret)
}
