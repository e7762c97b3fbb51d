//! What supervisors, load balancers and collectors of metrics ask: whether the process answers, whether it can do its
//! work, and how it goes. No credentials, no data.

use super::{Context, Route, allowed};
use crate::http::{Door, Method, Request, Response};
use crate::metrics::{CONTENT_TYPE, Page};

const ALIVE: Route = Route::new("/healthz", &[Method::Get]);
const READY: Route = Route::new("/readyz", &[Method::Get]);
const METRICS: Route = Route::new("/metrics", &[Method::Get]);

/// Answers a request for one of these paths; `None` for any other.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[&str]) -> Option<Response> {
    let (route, answer): (Route, fn(&Context) -> Response) = match segments {
        ["healthz"] => (ALIVE, |_| Response::text(200, "ok\n")),
        ["readyz"] => (READY, ready),
        ["metrics"] if has_metrics(context, request.door) => (METRICS, metrics),
        _ => return None,
    };
    let mut response = if route.allows(request) {
        answer(context)
    } else {
        Response::text(405, "Method not allowed\n").with_header("Allow", &allowed(route.methods))
    };
    response.trace.route = route.path;
    Some(response)
}

/// The document of a refusal at a door that has these paths alone.
pub(super) fn refuse(status: u16, message: &str) -> Response {
    Response::text(status, format!("{message}\n"))
}

fn has_metrics(context: &Context, door: Door) -> bool {
    match door {
        Door::Public => context.metrics.public,
        Door::Metrics => true,
        Door::Local => false,
    }
}

fn metrics(context: &Context) -> Response {
    let mut page = Page::default();
    context.tell(&mut page);
    Response::bytes(200, CONTENT_TYPE, page.into_text().into_bytes())
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
