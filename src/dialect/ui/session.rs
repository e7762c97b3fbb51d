//! Signing in and out, and the caller's own password.

use super::auth;
use super::decode::{fields, text};
use super::error::{Problem, Result};
use crate::dialect::call::Call;
use crate::directory::{Directory, Session};
use crate::http::Response;
use crate::model::{Error, PermissionLevel};
use serde_json::json;

/// `POST /api/session`
pub(super) fn sign_in(call: &mut Call<'_>) -> Result<Response> {
    call.request.admit_stranger()?;
    let body = fields(call.request, &["user", "password"])?;
    let (user, password) = (text(&body, "user")?, text(&body, "password")?);
    let (session, cookie) = auth::open_session(call, user, password).map_err(|error| match error {
        Error::Unauthenticated => Problem::WrongCredentials,
        error => error.into(),
    })?;
    // A user who signs in again leaves the previous session.
    auth::end_session(call);
    Ok(session_document(&session).with_header("Set-Cookie", &cookie))
}

/// `GET /api/session`
pub(super) fn get(call: &mut Call<'_>) -> Result<Response> {
    Ok(session_document(&auth::session(call)?))
}

/// `DELETE /api/session`
pub(super) fn sign_out(call: &mut Call<'_>) -> Result<Response> {
    let cookie = auth::end_session(call);
    Ok(Response::empty(204).with_header("Set-Cookie", &cookie))
}

/// `PUT /api/password`: ends all sessions of the user and opens a new one. The path is in the same folder as that
/// of the session, because browsers scope a cookie to the folder of the path that sets it.
pub(super) fn change_password(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let body = fields(call.request, &["old", "new"])?;
    let (old, new) = (text(&body, "old")?, text(&body, "new")?);
    let user = directory.caller().name.to_string();
    call.context.authenticator.change_own_password(directory, old, new, call.request.peer)?;
    let (_, cookie) = auth::open_session(call, &user, new)?;
    auth::end_session(call);
    Ok(Response::empty(204).with_header("Set-Cookie", &cookie))
}

fn session_document(session: &Session) -> Response {
    let power = match session.caller.permission {
        PermissionLevel::Reader => "reader",
        PermissionLevel::Creator => "creator",
        PermissionLevel::Provisioner => "provisioner",
        PermissionLevel::PowerUser => "power_user",
        PermissionLevel::Administrator => "administrator",
    };
    let left = session.left.as_secs();
    Response::json(200, &json!({ "user": &*session.caller.name, "power": power, "seconds_left": left }))
}
