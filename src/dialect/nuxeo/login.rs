//! Logging in and out with a cookie.

use super::auth::{NAME, SESSION_COOKIE, is_foreign, tickets};
use super::error::{Problem, Result};
use crate::dialect::call::Call;
use crate::directory::Directory;
use crate::http::Response;
use serde_json::json;

/// `POST /automation/login`: describes the caller. Begins a session, unless the caller has authenticated by one.
pub(super) fn log_in(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let profile = directory.own_user()?;
    let groups: Vec<&str> = profile.groups.iter().chain(&profile.ancestors).map(|group| group.name.as_str()).collect();
    let response = Response::json(
        200,
        &json!({
            "entity-type": "login",
            "username": profile.user.username,
            "isAdministrator": profile.administrator,
            "groups": groups,
        }),
    );
    Ok(match call.context.authenticator.issue_ticket(directory.caller()) {
        Some(ticket) => response.with_header("Set-Cookie", &cookie(call, &ticket, "")),
        None => response,
    })
}

/// `/logout`: ends the session of the request, if it has one, and removes the cookie.
pub(super) fn log_out(call: &mut Call<'_>) -> Result<Response> {
    for ticket in tickets(call.request) {
        if is_foreign(call.request) && call.context.authenticator.ticket(ticket, false).is_ok() {
            return Err(Problem::ForeignOrigin);
        }
        call.context.authenticator.end_ticket(ticket);
    }
    Ok(Response::text(200, "Logged out").with_header("Set-Cookie", &cookie(call, "", "; Max-Age=0")))
}

/// A cookie for all paths of the dialect. Scripts of pages cannot read it, and a client that came encrypted sends it
/// encrypted only.
fn cookie(call: &Call<'_>, value: &str, age: &str) -> String {
    let path = call.context.mount_path(NAME).filter(|path| !path.is_empty()).unwrap_or("/");
    let secure = if call.request.secure { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; Path={path}{age}; HttpOnly; SameSite=Lax{secure}")
}
