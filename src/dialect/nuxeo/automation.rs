//! Automation operations: their descriptions, and `Log`.

use super::error::{Problem, Result};
use crate::dialect::call::Call;
use crate::dialect::request_body::json_object;
use crate::directory::Directory;
use crate::http::Response;
use crate::json::Json;
use serde_json::{Value, json};

/// The description of an operation.
struct Operation {
    id: &'static str,
    category: &'static str,
    description: &'static str,
    /// Name, and whether it is required. All are texts.
    parameters: &'static [(&'static str, bool)],
}

const LOG: Operation = Operation {
    id: "Log",
    category: "Notification",
    description: "Writes a message to the server's log.",
    parameters: &[("message", true), ("level", true), ("category", false)],
};

const LOGIN: Operation = Operation {
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

/// `GET /automation`: the operations. The login has a path of its own and is not one of them.
pub(super) fn list_operations(_: &mut Call<'_>) -> Result<Response> {
    Ok(Response::json(
        200,
        &json!({
            "paths": { "login": LOGIN.id },
            "codecs": [],
            "operations": [LOG.document()],
            "chains": [],
        }),
    ))
}

/// `GET /automation/login`
pub(super) fn describe_login(_: &mut Call<'_>) -> Result<Response> {
    Ok(Response::json(200, &LOGIN.document()))
}

/// `GET /automation/Log`
pub(super) fn describe_log(_: &mut Call<'_>) -> Result<Response> {
    Ok(Response::json(200, &LOG.document()))
}

/// Longer messages of clients are cut.
const LOG_CHARS_MAX: usize = 1000;

/// `POST /automation/Log`: writes a message of the client to the log of the server.
pub(super) fn write_log(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let body = json_object(call.request)?.unwrap_or_default();
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
    // Escaped, so that one message is one line and cannot imitate a line of the server.
    log::log!(level, "{} says: {}", directory.caller().name, message.escape_debug());
    Ok(Response::empty(204))
}
