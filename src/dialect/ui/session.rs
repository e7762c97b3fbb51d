//! Signing in and out.

use super::Call;
use super::auth;
use super::decode::{fields, text};
use super::error::{Problem, Result};
use crate::directory::{Directory, Session};
use crate::http::Response;
use crate::model::{Error, PermissionLevel};
use serde_json::json;

/// `POST /api/session`
pub(super) fn open(call: &mut Call<'_>) -> Result<Response> {
    call.request.admit_stranger()?;
    let body = fields(call.request, &["user", "password"])?;
    let (user, password) = (text(&body, "user")?, text(&body, "password")?);
    let (session, cookie) = auth::open(call, user, password).map_err(|error| match error {
        Error::Unauthenticated => Problem::WrongCredentials,
        error => error.into(),
    })?;
    // Who signs in again leaves the session that they had.
    auth::end(call);
    Ok(show_session(&session).with_header("Set-Cookie", &cookie))
}

/// `GET /api/session`
pub(super) fn show(call: &mut Call<'_>) -> Result<Response> {
    Ok(show_session(&auth::session(call)?))
}

/// `DELETE /api/session`
pub(super) fn end(call: &Call<'_>) -> Response {
    let cookie = auth::end(call);
    Response::empty(204).with_header("Set-Cookie", &cookie)
}

/// `PUT /api/password`: the other sessions of the user end, and this one begins anew. Browsers take the folder of this
/// path for where the cookie belongs.
pub(super) fn change_password(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let body = fields(call.request, &["old", "new"])?;
    let (old, new) = (text(&body, "old")?, text(&body, "new")?);
    let user = directory.caller().name.to_string();
    call.context.access.change_own_password(directory, old, new, call.request.peer)?;
    let (_, cookie) = auth::open(call, &user, new)?;
    auth::end(call);
    Ok(Response::empty(204).with_header("Set-Cookie", &cookie))
}

fn show_session(session: &Session) -> Response {
    let power = match session.caller.permission {
        PermissionLevel::Reader => "reader",
        PermissionLevel::Creator => "creator",
        PermissionLevel::PowerUser => "power_user",
        PermissionLevel::Administrator => "administrator",
    };
    let left = session.left.as_secs();
    Response::json(200, &json!({ "user": &*session.caller.name, "power": power, "seconds_left": left }))
}
