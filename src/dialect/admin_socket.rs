//! The local socket beside the database: orders of an operator on the same machine. Whoever can connect has the rights
//! to the file itself, so nobody is asked for more.

use super::{Context, refused};
use crate::admin::{AdminRequest, Refusal, perform};
use crate::http::{Method, Refused, Request, Response};
use crate::json;
use crate::model::Error;
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where orders are sent to.
pub(crate) const PATH: &str = "/orders";
/// Where a command that waits asks whether the server gets on.
pub(crate) const PROGRESS_PATH: &str = "/progress";

/// Commands that may wait for changes at a time (`log --follow`). There are twice as many places, so that they do not keep
/// out the others.
const FOLLOWERS_MAX: usize = 64;

/// Commands that wait for changes.
#[derive(Default)]
pub(super) struct Followers(AtomicUsize);

/// The place of a command that waits for changes.
struct Follower<'f>(&'f AtomicUsize);

impl Followers {
    /// A place; `None` when all are taken.
    fn enter(&self) -> Option<Follower<'_>> {
        let follower = Follower(&self.0);
        // It leaves at once when there is no place for it.
        (self.0.fetch_add(1, Ordering::AcqRel) < FOLLOWERS_MAX).then_some(follower)
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The body of a request.
#[derive(Deserialize)]
struct Sent {
    /// The operator's account on this machine.
    account: String,
    /// Another password leaves the tokens of a user valid.
    #[serde(default)]
    keep_tokens: bool,
    order: AdminRequest,
}

/// Answers a request.
pub(super) fn handle(context: &Context, request: &Request<'_>) -> Response {
    if request.path == PROGRESS_PATH {
        let mut response = Response::json(200, &json!({ "progress": context.access.progress() }));
        response.trace.route = PROGRESS_PATH;
        return response;
    }
    if request.path != PATH {
        return problem(404, "there is nothing at this path");
    }
    let mut response = answer(context, request);
    response.trace.route = PATH;
    response
}

fn answer(context: &Context, request: &Request<'_>) -> Response {
    if request.method != Method::Post {
        return problem(405, "an order is posted").with_header("Allow", "POST");
    }
    if let Err(refusal) = request.admit(&"operator".into()) {
        return refused(problem, refusal);
    }
    let sent: Sent = match json::decode(request.body()) {
        Ok(sent) => sent,
        Err(error) => return problem(400, &format!("the order cannot be read: {error}")),
    };
    let waits = matches!(sent.order, AdminRequest::Changes { wait: 1.., .. });
    let place = if waits { context.followers.enter() } else { None };
    if waits && place.is_none() {
        let message = format!("{FOLLOWERS_MAX} commands follow the changes already: end one of them (log --follow)");
        return problem(429, &message);
    }
    let directory = context.access.operator(&sent.account).keeping_tokens(sent.keep_tokens);
    let mut response = match perform(&directory, sent.order) {
        Ok(answer) => Response::json(200, &answer),
        Err(refused) => refusal(&refused),
    };
    response.trace.caller = Some(directory.caller().name.clone());
    response
}

/// The answer to what is no request.
pub(super) fn refuse(refused: &Refused<'_>) -> Response {
    problem(refused.status, refused.message)
}

fn refusal(refused: &Refusal) -> Response {
    let status = match &refused.error {
        Error::Unauthenticated => 401,
        Error::WrongPassword | Error::Forbidden(_) => 403,
        Error::NotFound(..) | Error::UnknownGroups(_) => 404,
        Error::Exists(..)
        | Error::LastAdministrator
        | Error::Protected(_)
        | Error::InheritedAdministrator(_)
        | Error::AlreadyDisabled => 409,
        Error::CursorExpired(_) => 410,
        Error::PreconditionFailed => 412,
        Error::TooManyNames(_) => 413,
        Error::TooManyAttempts => 429,
        Error::Invalid(_) => 400,
        Error::Unavailable(_) => 503,
        Error::Internal(cause) => {
            log::error!("{cause:#}");
            500
        }
    };
    // Of an internal error this is no more than that it is one.
    problem(status, &refused.to_string())
}

fn problem(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "error": message }))
}
