//! Datadog's v1 Users API.

mod auth;
mod error;
mod user;

use super::{Context, allows};
use crate::http::{Method, Request, Response};
use error::{Problem, Result};
use serde_json::json;
use std::borrow::Cow;

pub(super) use error::refuse;

/// The dialect's name, also in the record of changes.
pub(super) const NAME: &str = "datadog";

/// Answers a request for a path below the prefix.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>]) -> Response {
    let mut trace = crate::http::Trace::default();
    let mut result = route(context, request, segments, &mut trace);
    if matches!(result, Err(Problem::UnknownMethod(_))) {
        // The keys come first, here too.
        let open = match segments {
            [.., last] if last == "validate" => auth::api_key(context, request),
            _ => auth::directory(context, request, &mut trace).map(drop),
        };
        result = open.and(result);
    }
    let mut response = result.unwrap_or_else(error::answer);
    response.trace = trace;
    response
}

/// The route table.
fn route(
    context: &Context,
    request: &Request<'_>,
    segments: &[Cow<'_, str>],
    trace: &mut crate::http::Trace,
) -> Result<Response> {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        ["api", "v1", "validate"] => {
            trace.route = "/api/v1/validate";
            allow(request, &[Method::Get])?;
            auth::api_key(context, request)?;
            Ok(Response::json(200, &json!({ "valid": true })))
        }
        ["invite_users"] | ["api", "v1", "invite_users"] => {
            trace.route = "/api/v1/invite_users";
            allow(request, &[Method::Post])?;
            user::invite(&auth::directory(context, request, trace)?, request)
        }
        ["api", "v1", "user" | "users"] => {
            trace.route = "/api/v1/user";
            allow(request, &[Method::Get, Method::Post])?;
            let directory = auth::directory(context, request, trace)?;
            match request.method {
                Method::Post => user::create(&directory, request),
                _ => user::list(&directory, request),
            }
        }
        ["api", "v1", "user" | "users", handle @ ..] => {
            trace.route = "/api/v1/user/{handle}";
            allow(request, &[Method::Get, Method::Put, Method::Delete])?;
            // Some clients leave a slash inside a handle as it is.
            let handle = handle.join("/");
            let directory = auth::directory(context, request, trace)?;
            match request.method {
                Method::Put => user::update(&directory, &handle, request),
                Method::Delete => user::disable(&directory, &handle, request),
                _ => user::get(&directory, &handle, request),
            }
        }
        _ => Err(Problem::UnknownPath),
    }
}

/// Refuses methods that the path does not have.
fn allow(request: &Request<'_>, methods: &'static [Method]) -> Result<()> {
    if allows(methods, request) { Ok(()) } else { Err(Problem::UnknownMethod(methods)) }
}
