//! What supervisors and load balancers ask: whether the process answers, and whether it can do its work. No
//! credentials, no data.

use super::{Context, allowed, allows};
use crate::http::{Method, Request, Response};

const METHODS: &[Method] = &[Method::Get];

/// Answers a request for one of these paths; `None` for any other.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[&str]) -> Option<Response> {
    let answer: fn(&Context) -> Response = match segments {
        ["healthz"] => |_| Response::text(200, "ok\n"),
        ["readyz"] => ready,
        _ => return None,
    };
    if !allows(METHODS, request) {
        return Some(Response::text(405, "Method not allowed\n").with_header("Allow", &allowed(METHODS)));
    }
    Some(answer(context))
}

/// Whether the database takes writes.
fn ready(context: &Context) -> Response {
    match context.access.require_writable() {
        Ok(()) => Response::text(200, "ready\n"),
        Err(error) => {
            log::warn!("not ready: {error}");
            Response::text(503, "not ready\n").with_header("Retry-After", "1")
        }
    }
}
