//! Datadog's v1 Users API.

mod auth;
mod error;
mod users;

use super::openapi::{Part, Spelling};
use super::{Context, Route};
use crate::http::{Method, Request, RequestLogFields, Response};
use error::{Problem, Result};
use serde_json::json;
use std::borrow::Cow;

pub(super) use error::refuse;

/// The dialect's name, also in the record of changes.
pub(super) const NAME: &str = "datadog";

const VALIDATE: Route = Route::new("/api/v1/validate", &[Method::Get]);
const INVITE: Route = Route::new("/api/v1/invite_users", &[Method::Post]);
const USERS: Route = Route::new("/api/v1/user", &[Method::Get, Method::Post]);
const USER: Route = Route::new("/api/v1/user/{handle}", &[Method::Get, Method::Put, Method::Delete]);

/// Every path that the dialect has, without its other spellings.
const ROUTES: &[Route] = &[VALIDATE, INVITE, USERS, USER];

/// The description of the dialect.
pub(super) const PART: Part = Part {
    text: include_str!("openapi.json"),
    routes: ROUTES,
    spellings: &[
        Spelling::PLAIN,
        Spelling {
            mark: "Plural",
            parameter: None,
            path: |path| path.strip_prefix("/api/v1/user").map(|rest| format!("/api/v1/users{rest}")),
        },
        Spelling { mark: "Short", parameter: None, path: |path| (path == INVITE.path).then(|| "/invite_users".into()) },
    ],
};

/// Answers a request for a path below the prefix.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>]) -> Response {
    let mut trace = RequestLogFields::default();
    let mut result = route(context, request, segments, &mut trace);
    if matches!(result, Err(Problem::UnknownMethod(_))) {
        // The keys come first, here too.
        let open = match segments {
            [.., last] if last == "validate" => auth::require_api_key(context, request),
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
    trace: &mut RequestLogFields,
) -> Result<Response> {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        ["api", "v1", "validate"] => {
            take(&VALIDATE, request, trace)?;
            auth::require_api_key(context, request)?;
            Ok(Response::json(200, &json!({ "valid": true })))
        }
        ["invite_users"] | ["api", "v1", "invite_users"] => {
            take(&INVITE, request, trace)?;
            users::invite(&auth::directory(context, request, trace)?, request)
        }
        ["api", "v1", "user" | "users"] => {
            take(&USERS, request, trace)?;
            let directory = auth::directory(context, request, trace)?;
            match request.method {
                Method::Post => users::create(&directory, request),
                _ => users::list(&directory, request),
            }
        }
        ["api", "v1", "user" | "users", handle @ ..] => {
            take(&USER, request, trace)?;
            // Some clients leave a slash inside a handle as it is.
            let handle = handle.join("/");
            let directory = auth::directory(context, request, trace)?;
            match request.method {
                Method::Put => users::update(&directory, &handle, request),
                Method::Delete => users::disable(&directory, &handle, request),
                _ => users::get(&directory, &handle, request),
            }
        }
        ["api", "v2", ..] => {
            Err(Problem::LaterVersion { place: context.place_of(NAME).unwrap_or_default().to_owned() })
        }
        _ => Err(Problem::UnknownPath),
    }
}

/// Names the route of a request, and refuses methods that it does not have.
fn take(route: &Route, request: &Request<'_>, trace: &mut RequestLogFields) -> Result<()> {
    debug_assert!(ROUTES.contains(route));
    trace.route = route.path;
    if route.allows(request) { Ok(()) } else { Err(Problem::UnknownMethod(route.methods)) }
}
