//! Rollbook's own interface, for operations that no other dialect has.

mod auth;
mod changes;
mod error;

use super::call::Call;
use super::mounts::{Dialect, Root};
use super::openapi::OpenApiPart;
use super::plain::error_document;
use super::route::{Route, RouteTable, Section};
use crate::directory::Directory;
use crate::http::{Method::Get, Response};
use error::{Problem, Result};
use std::sync::LazyLock;

type Handler = fn(&mut Call<'_>, &Directory) -> Result<Response>;

const ROUTES: &[Route<Handler>] = &[Route(Get, "/v1/changes", changes::list)];

static TABLE: LazyLock<RouteTable<Handler>> = LazyLock::new(|| RouteTable::new(&[Section::plain(ROUTES)]));

pub(super) const DIALECT: Dialect = Dialect {
    name: auth::NAME,
    prefix: "/rollbook",
    root: Root::Api,
    handle: |call| respond(call).unwrap_or_else(Problem::into_response),
    error_document,
    redact_after: |_| None,
    openapi: || OpenApiPart { text: include_str!("openapi.json"), paths: TABLE.paths() },
};

/// Answers a request. Credentials are checked before the path and the method.
fn respond(call: &mut Call<'_>) -> Result<Response> {
    let route = call.match_route(&TABLE);
    let directory = auth::authenticate(call)?;
    let route = route.ok_or(Problem::UnknownPath)?;
    route.require_method()?;
    (route.handler)(call, &directory)
}
