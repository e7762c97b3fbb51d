//! Health and metrics for process managers, load balancers and metrics collectors: no credentials, no personal data.

use super::context::Context;
use super::openapi::OpenApiPart;
use super::plain;
use super::route::{Route, RouteTable, Section};
use crate::http::{ListenerKind, Method::Get, Request, Response};
use crate::metrics::{CONTENT_TYPE, Exposition};
use std::sync::LazyLock;

type Handler = fn(&Context) -> Response;

const METRICS: &str = "/metrics";

const ROUTES: &[Route<Handler>] = &[
    Route(Get, "/healthz", |_| Response::text(200, "ok\n")),
    Route(Get, "/readyz", get_readiness),
    Route(Get, METRICS, get_metrics),
];

static TABLE: LazyLock<RouteTable<Handler>> = LazyLock::new(|| RouteTable::new(&[Section::plain(ROUTES)]));

/// The part of the OpenAPI document for these paths.
pub(super) fn openapi_part() -> OpenApiPart {
    OpenApiPart { text: include_str!("health.json"), paths: TABLE.paths() }
}

/// Answers a request for one of these paths; `None` for any other.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[&str]) -> Option<Response> {
    let (route, _) = TABLE.find(&request.method, segments)?;
    if route.path == METRICS && !serves_metrics(context, request.listener) {
        return None;
    }
    let mut response = match route.require_method() {
        Ok(()) => (route.handler)(context),
        Err(unknown) => plain::method_not_allowed(plain::error_text(405, "Method not allowed"), &unknown),
    };
    response.log_fields.route = route.path;
    Some(response)
}

/// True if one of these paths is served to that listener.
pub(super) fn is_served(context: &Context, listener: ListenerKind, segments: &[&str]) -> bool {
    TABLE.has_path(segments) && (!segments.starts_with(&["metrics"]) || serves_metrics(context, listener))
}

fn serves_metrics(context: &Context, listener: ListenerKind) -> bool {
    match listener {
        ListenerKind::Public => context.metrics.public,
        ListenerKind::Metrics => true,
        ListenerKind::Local => false,
    }
}

fn get_metrics(context: &Context) -> Response {
    let mut exposition = Exposition::default();
    context.collect_metrics(&mut exposition);
    Response::bytes(200, CONTENT_TYPE, exposition.into_text().into_bytes())
}

/// Ready when the database takes writes.
fn get_readiness(context: &Context) -> Response {
    match context.authenticator.require_writable() {
        Ok(()) => Response::text(200, "ready\n"),
        Err(error) => {
            log::warn!("not ready: {}", error.with_cause());
            Response::text(503, "not ready\n").with_header("Retry-After", "1")
        }
    }
}
