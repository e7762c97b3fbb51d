//! The admin socket, next to the database file: commands of the operator on the same machine. It requires no credentials,
//! because a process that can connect could also open the file.

use super::context::Context;
use super::followers::FOLLOWERS_MAX;
use super::plain::{self, error_document};
use crate::admin::{AdminRequest, ChangeQuery, LOCAL_PATH, PROGRESS_PATH, Refusal, perform};
use crate::http::{Method, RejectedRequest, Request, Response};
use crate::json;
use serde::Deserialize;
use serde_json::json;

/// The dialect in the log and in metrics.
const NAME: &str = "command";

/// The body of an administrative request.
#[derive(Deserialize)]
struct AdminEnvelope {
    /// The operator's account on this machine.
    account: String,
    /// A password that is set leaves the tokens of the user valid.
    #[serde(default)]
    keep_tokens: bool,
    order: AdminRequest,
}

/// Answers a request.
pub(super) fn handle(context: &Context, request: &Request<'_>) -> Response {
    let mut response = match request.path {
        LOCAL_PATH => perform_request(context, request),
        PROGRESS_PATH => Response::json(200, &json!({ "progress": context.authenticator.progress() })),
        _ => error_document(404, "there is nothing at this path"),
    };
    response.log_fields.dialect = NAME;
    response.log_fields.route =
        [LOCAL_PATH, PROGRESS_PATH].into_iter().find(|path| *path == request.path).unwrap_or_default();
    response
}

/// The answer to a request that the server refuses.
pub(super) fn reject(rejected: &RejectedRequest<'_>) -> Response {
    let mut response = error_document(rejected.status, rejected.message);
    response.log_fields.dialect = NAME;
    response
}

fn perform_request(context: &Context, request: &Request<'_>) -> Response {
    if request.method != Method::Post {
        return error_document(405, "an order is posted").with_header("Allow", "POST");
    }
    if let Err(refusal) = request.admit(&"operator".into()) {
        return plain::refusal(error_document, refusal);
    }
    let envelope: AdminEnvelope = match json::decode(request.body()) {
        Ok(envelope) => envelope,
        Err(error) => return error_document(400, &format!("the order cannot be read: {error}")),
    };
    let follows = matches!(envelope.order, AdminRequest::Changes(ChangeQuery { wait: 1.., .. }));
    let follower = if follows { context.followers.enter() } else { None };
    if follows && follower.is_none() {
        let message = format!("{FOLLOWERS_MAX} commands follow the changes already: end one of them (log --follow)");
        return error_document(429, &message);
    }
    let directory = context.authenticator.operator(&envelope.account).keeping_tokens(envelope.keep_tokens);
    let mut response = match perform(&directory, envelope.order) {
        Ok(answer) => Response::json(200, &answer),
        Err(refused) => error_response(&refused),
    };
    response.log_fields.caller = Some(directory.caller().name.clone());
    response
}

/// The answer to a refusal, with its advice. The text of an internal error does not show the cause.
fn error_response(refused: &Refusal) -> Response {
    plain::log_cause(&refused.error);
    error_document(plain::status(&refused.error), &refused.to_string())
}
