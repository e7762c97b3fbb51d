//! Rollbook's own interface, for what no other dialect has words for.

mod auth;
mod changes;
mod error;

use super::openapi::{Part, Spelling};
use super::{Context, Route};
use crate::directory::Directory;
use crate::http::{Method, Request, RequestLogFields, Response};
use error::{Problem, Result};
use std::borrow::Cow;

pub(super) use error::refuse;

/// The dialect's name, also in the record of changes.
pub(super) const NAME: &str = "rollbook";

const CHANGES: Route = Route::new("/v1/changes", &[Method::Get]);

/// Every path that the dialect has.
const ROUTES: &[Route] = &[CHANGES];

/// The description of the dialect.
pub(super) const PART: Part =
    Part { text: include_str!("openapi.json"), routes: ROUTES, spellings: &[Spelling::PLAIN] };

/// Answers a request for a path below the prefix.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>]) -> Response {
    let mut trace = RequestLogFields::default();
    let mut response = route(context, request, segments, &mut trace).unwrap_or_else(error::answer);
    response.trace = trace;
    response
}

/// The route table. A stranger is told that they are one before anything else.
fn route(
    context: &Context,
    request: &Request<'_>,
    segments: &[Cow<'_, str>],
    trace: &mut RequestLogFields,
) -> Result<Response> {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        ["v1", "changes"] => {
            let directory = enter(&CHANGES, context, request, trace)?;
            changes::list(&directory, request)
        }
        _ => {
            auth::directory(context, request, trace)?;
            Err(Problem::UnknownPath)
        }
    }
}

/// Names the route of a request, opens the directory for who asks, and refuses methods that the route does not have.
fn enter(route: &Route, context: &Context, request: &Request<'_>, trace: &mut RequestLogFields) -> Result<Directory> {
    debug_assert!(ROUTES.contains(route));
    trace.route = route.path;
    let directory = auth::directory(context, request, trace)?;
    if route.allows(request) { Ok(directory) } else { Err(Problem::UnknownMethod(route.methods)) }
}
