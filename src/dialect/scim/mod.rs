//! SCIM 2.0 (RFC 7643, 7644, 9865): identity providers create and change users and groups.

mod auth;
mod bulk;
mod coercion;
mod cursor;
mod discovery;
mod document;
mod failure;
mod filter;
mod group_resource;
mod groups;
mod instant;
mod list;
mod location;
mod me;
mod patch;
mod path;
mod problem;
mod projection;
mod request;
mod response;
mod retries;
#[cfg(test)]
mod samples;
mod schema;
mod sort;
mod user_resource;
mod user_text;
mod users;

use super::call::Call;
use super::mounts::{Dialect, Root};
use super::openapi::OpenApiPart;
use super::route::{Route, RouteTable, Section};
use crate::directory::Directory;
use crate::http::Method::{Delete, Get, Patch, Post, Put};
use crate::http::Response;
use failure::{Failure, Result};
use problem::{Problem, ScimType};
use std::borrow::Cow;
use std::sync::LazyLock;

/// A handler, by the credentials that its path needs.
enum Handler {
    /// Discovery: a client has to know the schemes of authentication before it has credentials.
    Public(fn(&mut Call<'_>) -> Result<Response>),
    Caller(fn(&mut Call<'_>, &Directory) -> Result<Response>),
}

/// Searches. No identifier of a resource is `.search`, so these paths have no other methods.
const SEARCHES: &[Route<Handler>] = &[
    Route(Post, "/.search", Handler::Caller(list::search_all)),
    Route(Post, "/Users/.search", Handler::Caller(list::search_users)),
    Route(Post, "/Groups/.search", Handler::Caller(list::search_groups)),
];

const ROUTES: &[Route<Handler>] = &[
    Route(Get, "/ServiceProviderConfig", Handler::Public(discovery::configuration)),
    Route(Get, "/ResourceTypes", Handler::Public(discovery::resource_types)),
    Route(Get, "/ResourceTypes/{name}", Handler::Public(discovery::resource_type)),
    Route(Get, "/Schemas", Handler::Public(discovery::schemas)),
    Route(Get, "/Schemas/{urn}", Handler::Public(discovery::schema)),
    Route(Get, "/", Handler::Caller(list::all)),
    Route(Get, "/Users", Handler::Caller(list::users)),
    Route(Post, "/Users", Handler::Caller(users::create)),
    Route(Get, "/Users/{id}", Handler::Caller(users::get)),
    Route(Put, "/Users/{id}", Handler::Caller(users::replace)),
    Route(Patch, "/Users/{id}", Handler::Caller(users::patch)),
    Route(Delete, "/Users/{id}", Handler::Caller(users::delete)),
    Route(Get, "/Groups", Handler::Caller(list::groups)),
    Route(Post, "/Groups", Handler::Caller(groups::create)),
    Route(Get, "/Groups/{id}", Handler::Caller(groups::get)),
    Route(Put, "/Groups/{id}", Handler::Caller(groups::replace)),
    Route(Patch, "/Groups/{id}", Handler::Caller(groups::patch)),
    Route(Delete, "/Groups/{id}", Handler::Caller(groups::delete)),
    Route(Post, "/Bulk", Handler::Caller(bulk::run)),
    Route(Get, "/Me", Handler::Caller(me::get)),
    Route(Post, "/Me", Handler::Caller(me::create)),
    Route(Put, "/Me", Handler::Caller(me::replace)),
    Route(Patch, "/Me", Handler::Caller(me::patch)),
    Route(Delete, "/Me", Handler::Caller(me::delete)),
];

static TABLE: LazyLock<RouteTable<Handler>> =
    LazyLock::new(|| RouteTable::new(&[Section::plain(SEARCHES), Section::plain(ROUTES)]));

pub(super) const DIALECT: Dialect = Dialect {
    name: auth::NAME,
    prefix: "/scim/v2",
    root: Root::Api,
    handle,
    error_document: |status, message| response::problem(Problem::of_status(status, message)),
    redact_after: |_| None,
    openapi: || OpenApiPart { text: include_str!("openapi.json"), paths: TABLE.paths() },
};

/// Answers a request. The names of endpoints are found in any case.
fn handle(outer: &mut Call<'_>) -> Response {
    let segments = endpoint_spelling(outer.segments);
    let mut call = Call::new(outer.context, outer.request, &segments);
    let mut response = respond(&mut call).unwrap_or_else(Failure::into_response);
    outer.log = call.log;
    if response.content_type == response::SCIM_JSON && response::wants_plain_json(outer.request) {
        response.content_type = response::JSON;
    }
    response
}

/// The path with the spelling of RFC 7644 for the names of endpoints.
fn endpoint_spelling<'s>(segments: &'s [Cow<'s, str>]) -> Vec<Cow<'s, str>> {
    const ENDPOINTS: [&str; 7] = ["Users", "Groups", "Schemas", "ResourceTypes", "ServiceProviderConfig", "Bulk", "Me"];
    let spelled = |(at, segment): (usize, &'s Cow<'s, str>)| {
        let known = ENDPOINTS.iter().find(|name| at == 0 && name.eq_ignore_ascii_case(segment));
        Cow::Borrowed(known.map_or(segment.as_ref(), |name| *name))
    };
    segments.iter().enumerate().map(spelled).collect()
}

/// Credentials are checked before the path and the method, except for discovery.
fn respond(call: &mut Call<'_>) -> Result<Response> {
    let route = call.match_route(&TABLE);
    if let Some(route) = &route
        && let Handler::Public(handler) = route.handler
    {
        route.require_method()?;
        return handler(call);
    }
    let directory = auth::authenticate(call)?;
    let route = route.ok_or_else(|| unknown_path(call))?;
    route.require_method()?;
    match route.handler {
        Handler::Public(handler) => handler(call),
        Handler::Caller(handler) => handler(call, &directory),
    }
}

/// The problem of a path that is not served. A client can name a version of the protocol in it (RFC 7644, 3.13).
fn unknown_path(call: &Call<'_>) -> Problem {
    let version = call.segments.first().and_then(|first| first.strip_prefix(['v', 'V']));
    if version.is_some_and(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())) {
        return Problem::new(ScimType::InvalidVersion, "only version 2 of SCIM is served here");
    }
    Problem::of_status(404, "there is nothing at this path")
}
