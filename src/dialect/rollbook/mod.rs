//! Rollbook's own interface, for what no other dialect has words for.

mod auth;
mod changes;
mod error;

use super::{Context, allows};
use crate::http::{Method, Request, Response, Trace};
use error::{Problem, Result};
use std::borrow::Cow;

pub(super) use error::refuse;

/// The dialect's name, also in the record of changes.
pub(super) const NAME: &str = "rollbook";

/// Answers a request for a path below the prefix.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>]) -> Response {
    let mut trace = Trace::default();
    let mut response = route(context, request, segments, &mut trace).unwrap_or_else(error::answer);
    response.trace = trace;
    response
}

/// The route table. A stranger is told that they are one before anything else.
fn route(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>], trace: &mut Trace) -> Result<Response> {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        ["v1", "changes"] => {
            trace.route = "/v1/changes";
            let directory = auth::directory(context, request, trace)?;
            allow(request, &[Method::Get])?;
            changes::list(&directory, request)
        }
        _ => {
            auth::directory(context, request, trace)?;
            Err(Problem::UnknownPath)
        }
    }
}

/// Refuses methods that the path does not have.
fn allow(request: &Request<'_>, methods: &'static [Method]) -> Result<()> {
    if allows(methods, request) { Ok(()) } else { Err(Problem::UnknownMethod(methods)) }
}
