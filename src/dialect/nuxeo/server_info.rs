//! What clients call around users and groups: versions, login, operations, tokens.

use super::auth::Shown;
use super::error::{Problem, Result};
use super::options::parameter;
use crate::dialect::decode;
use crate::directory::{Authenticator, Directory, TokenRequest};
use crate::http::{Request, Response};
use crate::json::Json;
use serde_json::{Value, json};

/// The version of the reference server that clients find here: they choose what to send by it.
const VERSION: &str = "2023.0";

/// `GET /json/cmis`: clients read `productVersion` and nothing else.
pub(super) fn cmis() -> Response {
    Response::json(
        200,
        &json!({ "default": {
            "repositoryId": "default",
            "repositoryName": "default",
            "vendorName": "Rollbook",
            "productName": "Rollbook",
            "productVersion": VERSION,
        }}),
    )
}

/// `GET /api/v1/capabilities`
pub(super) fn capabilities() -> Response {
    Response::json(
        200,
        &json!({ "entity-type": "capabilities", "server": {
            "distributionName": "rollbook",
            "distributionVersion": VERSION,
            "distributionServer": "rollbook",
        }}),
    )
}

/// `GET /runningstatus`: whether the server has started, as a text, or how its parts are. The parts are those that the
/// reference server checks; what they do is done by the database here.
pub(super) fn running_status(access: &Authenticator, request: &Request<'_>) -> Result<Response> {
    if parameter(request, "info")?.is_some_and(|info| info.eq_ignore_ascii_case("started")) {
        return Ok(Response::text(200, "true"));
    }
    let parts = |repository: &str| {
        json!({
            "runtimeStatus": "ok",
            "repositoryStatus": repository,
            "elasticSearchStatus": "ok",
            "streamStatus": "ok",
        })
    };
    match access.require_writable() {
        Ok(()) => Ok(Response::json(200, &parts("ok"))),
        Err(error) => {
            log::warn!("the repository is not well: {error}");
            Ok(Response::json(503, &parts("the database takes no writes")).with_header("Retry-After", "1"))
        }
    }
}

/// `POST /automation/login`
pub(super) fn login(directory: &Directory) -> Result<Response> {
    let profile = directory.own_user()?;
    let groups: Vec<&str> = profile.groups.iter().chain(&profile.ancestors).map(|group| group.name.as_str()).collect();
    Ok(Response::json(
        200,
        &json!({
            "entity-type": "login",
            "username": profile.user.username,
            "isAdministrator": profile.administrator,
            "groups": groups,
        }),
    ))
}

/// An operation as it is described to clients.
pub(super) struct Operation {
    id: &'static str,
    category: &'static str,
    description: &'static str,
    /// Name, and whether it has to be there. All are texts.
    parameters: &'static [(&'static str, bool)],
}

pub(super) const LOG: Operation = Operation {
    id: "Log",
    category: "Notification",
    description: "Writes a message to the server's log.",
    parameters: &[("message", true), ("level", true), ("category", false)],
};

pub(super) const LOGIN: Operation = Operation {
    id: "login",
    category: "Users & Groups",
    description: "Answers the caller and the caller's groups.",
    parameters: &[],
};

impl Operation {
    fn document(&self) -> Value {
        let parameters = self.parameters.iter().map(|(name, required)| {
            json!({ "name": name, "type": "string", "required": required, "order": 0, "widget": null, "values": [] })
        });
        json!({
            "id": self.id,
            "aliases": [],
            "label": self.id,
            "category": self.category,
            "description": self.description,
            "url": self.id,
            "signature": ["void", "void"],
            "params": parameters.collect::<Vec<_>>(),
        })
    }
}

/// `GET /automation`: the operations. The login is a path of its own there, not one of them.
pub(super) fn operations() -> Response {
    Response::json(
        200,
        &json!({
            "paths": { "login": LOGIN.id },
            "codecs": [],
            "operations": [LOG.document()],
            "chains": [],
        }),
    )
}

/// `GET /automation/Log` and `GET /automation/login`
pub(super) fn describe(operation: &Operation) -> Response {
    Response::json(200, &operation.document())
}

/// Longest message that a client can write to the log, in characters; what is longer is cut.
const LOG_CHARS_MAX: usize = 1000;

/// `POST /automation/Log`: writes to the server's log, which is what the operation is for.
pub(super) fn log(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let body = decode(request)?.unwrap_or_default();
    let parameter = |name: &str| body.get("params").and_then(|params| params.get(name));
    let text = |name: &'static str| match parameter(name) {
        Some(Json::String(text)) => Ok(text.as_str()),
        None | Some(Json::Null) => Err(Problem::Invalid(format!("The parameter {name} is missing"))),
        Some(_) => Err(Problem::Invalid(format!("The parameter {name} is not a text"))),
    };
    let (message, level) = (text("message")?, text("level")?);
    let level = match level.to_ascii_lowercase().as_str() {
        "trace" => log::Level::Trace,
        "debug" => log::Level::Debug,
        "info" => log::Level::Info,
        "warn" | "warning" => log::Level::Warn,
        "error" | "fatal" => log::Level::Error,
        _ => return Err(Problem::Invalid(format!("The level {level} is none of trace, debug, info, warn, error"))),
    };
    let message: String = message.chars().take(LOG_CHARS_MAX).collect();
    // Escaped, so that one message is one line, and cannot look like one of ours.
    log::log!(level, "{} says: {}", directory.caller().name, message.escape_debug());
    Ok(Response::empty(204))
}

// ------------------------------------------------------------------------------------------ tokens

/// `GET /authentication/token`: the caller's token for an application on a device, or its end.
pub(super) fn token(directory: &Directory, request: &Request<'_>, shown: &Shown) -> Result<Response> {
    let asked = |name: &'static str| required(request, name);
    let revoke = parameter(request, "revoke")?.is_some_and(|revoke| revoke.eq_ignore_ascii_case("true"));
    let (application, device) = (asked("applicationName")?, asked("deviceId")?);
    if revoke {
        return if directory.revoke_tokens(&application, &device)? {
            Ok(Response::text(202, format!("Token revoked for user {}", directory.caller().name)))
        } else {
            Err(Problem::Invalid(format!("There is no token to revoke for user {}", directory.caller().name)))
        };
    }
    let permission = asked("permission")?;
    issue(directory, request, shown, application, device, Some(permission))
}

/// `POST /api/v1/token`
pub(super) fn create_token(directory: &Directory, request: &Request<'_>, shown: &Shown) -> Result<Response> {
    let (application, device) = (required(request, "application")?, required(request, "deviceId")?);
    let permission = parameter(request, "permission")?.map(std::borrow::Cow::into_owned);
    issue(directory, request, shown, application, device, permission)
}

fn issue(
    directory: &Directory,
    request: &Request<'_>,
    shown: &Shown,
    application: String,
    device: String,
    permission: Option<String>,
) -> Result<Response> {
    let device_description = parameter(request, "deviceDescription")?.map(std::borrow::Cow::into_owned);
    let asked = TokenRequest { application, device, device_description, permission };
    let token = directory.acquire_token(asked, shown.password(), shown.token())?;
    Ok(Response::text(201, token))
}

/// `GET /api/v1/token`: the caller's tokens. The token itself is stored nowhere, so `id` names it instead.
pub(super) fn tokens(directory: &Directory) -> Result<Response> {
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
pub(super) fn revoke_token(directory: &Directory, name: &str) -> Result<Response> {
    if directory.revoke_token(name)? { Ok(Response::empty(204)) } else { Err(Problem::Missing("token does not exist")) }
}

fn required(request: &Request<'_>, name: &'static str) -> Result<String> {
    let value = parameter(request, name)?.filter(|value| !value.trim().is_empty());
    value.map(std::borrow::Cow::into_owned).ok_or_else(|| Problem::Invalid(format!("The parameter {name} is missing")))
}

/// Milliseconds since 1970 as a timestamp (RFC 3339, UTC).
fn timestamp(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_string()
}
