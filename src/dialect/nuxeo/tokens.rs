//! Tokens of the caller.

use super::auth::PresentedSecret;
use super::error::{Problem, Result};
use super::options::parameter;
use crate::dialect::call::Call;
use crate::directory::{Directory, TokenRequest};
use crate::http::{Request, Response};
use serde_json::json;
use std::borrow::Cow;

/// `GET /authentication/token`: gives the caller a token for an application on a device, or revokes it.
pub(super) fn acquire_or_revoke(
    call: &mut Call<'_>,
    directory: &Directory,
    secret: &PresentedSecret,
) -> Result<Response> {
    let request = call.request;
    let revoke = parameter(request, "revoke")?.is_some_and(|revoke| revoke.eq_ignore_ascii_case("true"));
    let (application, device) = (required(request, "applicationName")?, required(request, "deviceId")?);
    if revoke {
        return if directory.revoke_tokens(&application, &device)? {
            Ok(Response::text(202, format!("Token revoked for user {}", directory.caller().name)))
        } else {
            Err(Problem::Invalid(format!("There is no token to revoke for user {}", directory.caller().name)))
        };
    }
    let permission = required(request, "permission")?;
    issue(directory, request, secret, application, device, Some(permission))
}

/// `POST /api/v1/token`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory, secret: &PresentedSecret) -> Result<Response> {
    let request = call.request;
    let (application, device) = (required(request, "application")?, required(request, "deviceId")?);
    let permission = parameter(request, "permission")?.map(Cow::into_owned);
    issue(directory, request, secret, application, device, permission)
}

fn issue(
    directory: &Directory,
    request: &Request<'_>,
    secret: &PresentedSecret,
    application: String,
    device: String,
    permission: Option<String>,
) -> Result<Response> {
    let device_description = parameter(request, "deviceDescription")?.map(Cow::into_owned);
    let wanted = TokenRequest { application, device, device_description, permission };
    let token = directory.acquire_token(wanted, secret.password(), secret.token())?;
    Ok(Response::text(201, token))
}

/// `GET /api/v1/token`: the caller's tokens. The server does not store the token itself, so `id` names it instead.
pub(super) fn list(_: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let entries: Vec<_> = directory
        .tokens()?
        .into_iter()
        .map(|token| {
            json!({
                "entity-type": "token",
                "id": token.uuid,
                "username": &*directory.caller().name,
                "application": token.application,
                "deviceId": token.device,
                "deviceDescription": token.device_description,
                "permission": token.permission,
                "creationDate": timestamp(token.created_at),
            })
        })
        .collect();
    Ok(Response::json(200, &json!({ "entity-type": "tokens", "entries": entries })))
}

/// `DELETE /api/v1/token/{id}`, by the id from the list or by the token itself.
pub(super) fn revoke(call: &mut Call<'_>, directory: &Directory, _: &PresentedSecret) -> Result<Response> {
    if directory.revoke_token(call.parameter("id"))? {
        Ok(Response::empty(204))
    } else {
        Err(Problem::Missing("token does not exist"))
    }
}

fn required(request: &Request<'_>, name: &'static str) -> Result<String> {
    let value = parameter(request, name)?.filter(|value| !value.trim().is_empty());
    value.map(Cow::into_owned).ok_or_else(|| Problem::Invalid(format!("The parameter {name} is missing")))
}

/// Milliseconds since 1970 as a timestamp (RFC 3339, UTC).
fn timestamp(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_string()
}
