//! The admin page: its files, and the interface that it calls. That interface has sessions and serves no other client.

mod assets;
mod auth;
mod changes;
mod decode;
mod error;
mod groups;
mod metrics;
mod session;
mod users;

use super::call::Call;
use super::mounts::{Dialect, Root};
use super::openapi::OpenApiPart;
use super::plain::error_document;
use super::route::{Route, RouteTable, Section};
use crate::directory::Directory;
use crate::http::Method::{Delete, Get, Patch, Post, Put};
use crate::http::Response;
use error::{Problem, Result};
use std::sync::LazyLock;

/// A handler, by whether its path needs a session.
enum Handler {
    Open(fn(&mut Call<'_>) -> Result<Response>),
    Session(fn(&mut Call<'_>, &Directory) -> Result<Response>),
}

const ROUTES: &[Route<Handler>] = &[
    Route(Get, "/", Handler::Open(assets::get_page)),
    Route(Get, "/{file}", Handler::Open(assets::get_file)),
    Route(Get, "/api/session", Handler::Open(session::get)),
    Route(Post, "/api/session", Handler::Open(session::sign_in)),
    Route(Delete, "/api/session", Handler::Open(session::sign_out)),
    Route(Put, "/api/password", Handler::Session(session::change_password)),
    Route(Get, "/api/users", Handler::Session(users::list)),
    Route(Post, "/api/users", Handler::Session(users::create)),
    Route(Get, "/api/users/{name}", Handler::Session(users::get)),
    Route(Patch, "/api/users/{name}", Handler::Session(users::update)),
    Route(Delete, "/api/users/{name}", Handler::Session(users::delete)),
    Route(Put, "/api/users/{name}/password", Handler::Session(users::set_password)),
    Route(Get, "/api/groups", Handler::Session(groups::list)),
    Route(Post, "/api/groups", Handler::Session(groups::create)),
    Route(Get, "/api/groups/{name}", Handler::Session(groups::get)),
    Route(Patch, "/api/groups/{name}", Handler::Session(groups::update)),
    Route(Delete, "/api/groups/{name}", Handler::Session(groups::delete)),
    Route(Put, "/api/groups/{name}/users/{user}", Handler::Session(groups::add_member)),
    Route(Delete, "/api/groups/{name}/users/{user}", Handler::Session(groups::remove_member)),
    Route(Put, "/api/groups/{name}/groups/{subgroup}", Handler::Session(groups::add_subgroup)),
    Route(Delete, "/api/groups/{name}/groups/{subgroup}", Handler::Session(groups::remove_subgroup)),
    Route(Get, "/api/changes", Handler::Session(changes::list)),
    Route(Get, "/api/figures", Handler::Session(metrics::get)),
];

static TABLE: LazyLock<RouteTable<Handler>> = LazyLock::new(|| RouteTable::new(&[Section::plain(ROUTES)]));

pub(super) const DIALECT: Dialect = Dialect {
    name: auth::NAME,
    prefix: "/ui",
    root: Root::Page,
    handle: |call| with_browser_policy(respond(call).unwrap_or_else(Problem::into_response)),
    error_document,
    redact_after: |_| None,
    openapi: || OpenApiPart { text: include_str!("openapi.json"), paths: TABLE.paths() },
};

/// The page may load its own files and call its own server. Scripts in values cannot run.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                                       connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
                                       require-trusted-types-for 'script'; trusted-types 'none'";

/// Forbids the browser to show an answer elsewhere and to guess its type.
fn with_browser_policy(response: Response) -> Response {
    response
        .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        .with_header("Referrer-Policy", "no-referrer")
        .with_header("Cross-Origin-Opener-Policy", "same-origin")
        .with_header("Cross-Origin-Resource-Policy", "same-origin")
}

/// Answers a request. Below `/api` the origin is checked first, and the session before the path and the method.
fn respond(call: &mut Call<'_>) -> Result<Response> {
    match call.segments {
        [api, rest @ ..] if api == "api" => {
            auth::require_same_origin(call.request)?;
            // A browser turns `groups/a/users/..` into `groups/a/`, which must not address the group.
            if call.request.path.ends_with('/') || call.request.path.contains("//") {
                return Err(Problem::UnknownPath);
            }
            if rest.is_empty() {
                return unknown_path(call);
            }
        }
        [name] if !assets::is_file(name) => return Err(Problem::UnknownPath),
        _ => {}
    }
    let Some(route) = call.match_route(&TABLE) else { return unknown_path(call) };
    match route.handler {
        Handler::Open(handler) => {
            route.require_method()?;
            handler(call)
        }
        Handler::Session(handler) => {
            let directory = auth::authenticate(call)?;
            route.require_method()?;
            handler(call, &directory)
        }
    }
}

/// A path that the table does not have. Below `/api` only callers with a session are told so.
fn unknown_path(call: &mut Call<'_>) -> Result<Response> {
    if call.segments.first().is_some_and(|first| first == "api") {
        auth::session(call)?;
    }
    Err(Problem::UnknownPath)
}
