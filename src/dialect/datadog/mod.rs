//! Datadog's v1 Users API.

mod auth;
mod error;
mod users;

use super::call::Call;
use super::mounts::{Dialect, Root};
use super::openapi::OpenApiPart;
use super::route::{ParameterSpan, PathVariant, Route, RouteTable, Section};
use crate::directory::Directory;
use crate::http::Method::{Delete, Get, Post, Put};
use crate::http::Response;
use error::{Problem, Result};
use std::sync::LazyLock;

/// A handler, by the keys that its path needs.
enum Handler {
    ApiKey(fn(&mut Call<'_>) -> Result<Response>),
    BothKeys(fn(&mut Call<'_>, &Directory) -> Result<Response>),
}

const ROUTES: &[Route<Handler>] = &[
    Route(Get, "/api/v1/validate", Handler::ApiKey(auth::validate)),
    Route(Post, "/api/v1/invite_users", Handler::BothKeys(users::invite)),
    Route(Get, "/api/v1/user", Handler::BothKeys(users::list)),
    Route(Post, "/api/v1/user", Handler::BothKeys(users::create)),
    Route(Get, "/api/v1/user/{handle}", Handler::BothKeys(users::get)),
    Route(Put, "/api/v1/user/{handle}", Handler::BothKeys(users::update)),
    Route(Delete, "/api/v1/user/{handle}", Handler::BothKeys(users::disable)),
];

const VARIANTS: &[PathVariant] = &[
    PathVariant::CANONICAL,
    PathVariant { from: "/api/v1/user", to: "/api/v1/users", operation_suffix: "Plural", parameter: None },
    PathVariant { from: "/api/v1/invite_users", to: "/invite_users", operation_suffix: "Short", parameter: None },
];

static TABLE: LazyLock<RouteTable<Handler>> = LazyLock::new(|| {
    // Some clients leave a slash inside a handle as it is.
    let span = ParameterSpan::Segments { reserved: None };
    RouteTable::new(&[Section { routes: ROUTES, variants: VARIANTS, span }])
});

pub(super) const DIALECT: Dialect = Dialect {
    name: auth::NAME,
    prefix: "",
    root: Root::Api,
    handle: |call| respond(call).unwrap_or_else(Problem::into_response),
    error_document: error::error_document,
    redact_after: |_| None,
    openapi: || OpenApiPart { text: include_str!("openapi.json"), paths: TABLE.paths() },
};

/// Answers a request. The keys are checked before the method.
fn respond(call: &mut Call<'_>) -> Result<Response> {
    let route = call.match_route(&TABLE).ok_or_else(|| unknown_path(call))?;
    match route.handler {
        Handler::ApiKey(handler) => {
            auth::require_api_key(call)?;
            route.require_method()?;
            handler(call)
        }
        Handler::BothKeys(handler) => {
            let directory = auth::authenticate(call)?;
            route.require_method()?;
            handler(call, &directory)
        }
    }
}

fn unknown_path(call: &Call<'_>) -> Problem {
    match call.segments {
        [api, v2, ..] if api == "api" && v2 == "v2" => {
            let prefix = call.context.mount_path(auth::NAME).unwrap_or_default().to_owned();
            Problem::LaterVersion { prefix }
        }
        _ => Problem::UnknownPath,
    }
}
