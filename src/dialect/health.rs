//! What supervisors, load balancers and collectors of metrics ask: whether the process answers, whether it can do its
//! work, and how it goes. No credentials, no data.

use super::openapi::{Part, Spelling};
use super::{Context, Route, allowed};
use crate::http::{ListenerKind, Method, Request, Response};
use crate::metrics::{CONTENT_TYPE, Exposition};

const ALIVE: Route = Route::new("/healthz", &[Method::Get]);
const READY: Route = Route::new("/readyz", &[Method::Get]);
const METRICS: Route = Route::new("/metrics", &[Method::Get]);

/// Every path that there is.
const ROUTES: &[Route] = &[ALIVE, READY, METRICS];

/// The description of these.
pub(super) const PART: Part = Part { text: include_str!("health.json"), routes: ROUTES, spellings: &[Spelling::PLAIN] };

/// What answers at a path.
type Answer = fn(&Context) -> Response;

/// Answers a request for one of these paths; `None` for any other.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[&str]) -> Option<Response> {
    let (route, answer) = find(context, request.door, segments)?;
    let mut response = if route.allows(request) { answer(context) } else { refuse_method(route) };
    response.trace.route = route.path;
    Some(response)
}

/// Whether this is one of these paths.
pub(super) fn knows(context: &Context, door: ListenerKind, segments: &[&str]) -> bool {
    find(context, door, segments).is_some()
}

/// The route of one of these paths, and what answers there.
fn find(context: &Context, door: ListenerKind, segments: &[&str]) -> Option<(&'static Route, Answer)> {
    match segments {
        ["healthz"] => Some((&ALIVE, |_| Response::text(200, "ok\n"))),
        ["readyz"] => Some((&READY, ready)),
        ["metrics"] if has_metrics(context, door) => Some((&METRICS, metrics)),
        _ => None,
    }
}

/// The document of a refusal.
pub(super) fn refuse(status: u16, message: &str) -> Response {
    Response::text(status, format!("{message}\n"))
}

/// The refusal of a method that a route does not have.
pub(super) fn refuse_method(route: &Route) -> Response {
    refuse(405, "Method not allowed").with_header("Allow", &allowed(route.methods))
}

fn has_metrics(context: &Context, door: ListenerKind) -> bool {
    match door {
        ListenerKind::Public => context.metrics.public,
        ListenerKind::Metrics => true,
        ListenerKind::Local => false,
    }
}

fn metrics(context: &Context) -> Response {
    let mut exposition = Exposition::default();
    context.collect_metrics(&mut exposition);
    Response::bytes(200, CONTENT_TYPE, exposition.into_text().into_bytes())
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
