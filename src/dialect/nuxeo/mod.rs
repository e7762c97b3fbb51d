//! Nuxeo's user and group endpoints, and the calls that its clients make around them.

mod auth;
mod automation;
mod decode;
mod error;
mod groups;
mod login;
mod options;
mod paging;
mod server_info;
mod tokens;
mod users;

use super::call::Call;
use super::mounts::{Dialect, Root};
use super::openapi::OpenApiPart;
use super::route::{ParameterSpan, PathVariant, Route, RouteTable, Section};
use crate::directory::Directory;
use crate::http::Method::{Delete, Get, Post, Put};
use crate::http::Response;
use auth::PresentedSecret;
use error::{Problem, Result};
use std::borrow::Cow;
use std::sync::LazyLock;

/// A handler, by the credentials that its path needs.
enum Handler {
    Public(fn(&mut Call<'_>) -> Result<Response>),
    Caller(fn(&mut Call<'_>, &Directory) -> Result<Response>),
    /// The cookie of a login is not enough.
    Secret(fn(&mut Call<'_>, &Directory, &PresentedSecret) -> Result<Response>),
}

/// Paths below the prefix.
const ROOT_ROUTES: &[Route<Handler>] = &[
    Route(Get, "/json/cmis", Handler::Caller(server_info::get_cmis)),
    Route(Get, "/runningstatus", Handler::Public(server_info::get_running_status)),
    Route(Get, "/logout", Handler::Public(login::log_out)),
    Route(Post, "/logout", Handler::Public(login::log_out)),
    Route(Get, "/authentication/token", Handler::Secret(tokens::acquire_or_revoke)),
];

/// Paths below `/api/v1` and its variants, except those of users and groups.
const API_ROUTES: &[Route<Handler>] = &[
    Route(Get, "/me", Handler::Caller(users::get_own)),
    Route(Put, "/me/changepassword", Handler::Caller(users::change_password)),
    Route(Get, "/capabilities", Handler::Caller(server_info::get_capabilities)),
    Route(Get, "/token", Handler::Caller(tokens::list)),
    Route(Post, "/token", Handler::Secret(tokens::create)),
    Route(Delete, "/token/{id}", Handler::Secret(tokens::revoke)),
    Route(Get, "/automation", Handler::Public(automation::list_operations)),
    Route(Get, "/automation/login", Handler::Public(automation::describe_login)),
    Route(Post, "/automation/login", Handler::Caller(login::log_in)),
    Route(Get, "/automation/Log", Handler::Public(automation::describe_log)),
    Route(Post, "/automation/Log", Handler::Caller(automation::write_log)),
];

/// Paths below `/api/v1` and its variants in which names may hold slashes.
const USER_AND_GROUP_ROUTES: &[Route<Handler>] = &[
    Route(Post, "/user", Handler::Caller(users::create)),
    Route(Get, "/user/search", Handler::Caller(users::search)),
    Route(Post, "/user/{id}/group/{group}", Handler::Caller(users::add_group)),
    Route(Delete, "/user/{id}/group/{group}", Handler::Caller(users::remove_group)),
    Route(Get, users::TRANSIENT_PATH, Handler::Caller(users::get_transient)),
    Route(Get, "/user/{id}", Handler::Caller(users::get)),
    Route(Put, "/user/{id}", Handler::Caller(users::update)),
    Route(Delete, "/user/{id}", Handler::Caller(users::delete)),
    Route(Post, "/group", Handler::Caller(groups::create)),
    Route(Get, "/group/search", Handler::Caller(groups::search)),
    Route(Get, "/group/{id}/@users", Handler::Caller(users::list_members)),
    Route(Get, "/group/{id}/@groups", Handler::Caller(groups::list_subgroups)),
    Route(Post, "/group/{group}/user/{id}", Handler::Caller(groups::add_user)),
    Route(Delete, "/group/{group}/user/{id}", Handler::Caller(groups::remove_user)),
    Route(Get, "/group/{id}", Handler::Caller(groups::get)),
    Route(Put, "/group/{id}", Handler::Caller(groups::update)),
    Route(Delete, "/group/{id}", Handler::Caller(groups::delete)),
];

/// The API with a repository in the path is the same: repositories mean nothing to users and groups.
const API_VARIANTS: &[PathVariant] = &[
    PathVariant { from: "", to: "/api/v1", operation_suffix: "", parameter: None },
    PathVariant { from: "", to: "/site/api/v1", operation_suffix: "OnSite", parameter: None },
    PathVariant { from: "/automation", to: "/site/automation", operation_suffix: "ShortOnSite", parameter: None },
    PathVariant {
        from: "",
        to: "/api/v1/repo/{repository}",
        operation_suffix: "InRepository",
        parameter: Some("NuxeoRepository"),
    },
    PathVariant {
        from: "",
        to: "/site/api/v1/repo/{repository}",
        operation_suffix: "InRepositoryOnSite",
        parameter: Some("NuxeoRepository"),
    },
];

static TABLE: LazyLock<RouteTable<Handler>> = LazyLock::new(|| {
    // `@` begins the name of an adapter.
    let name = ParameterSpan::Segments { reserved: Some('@') };
    RouteTable::new(&[
        Section { routes: USER_AND_GROUP_ROUTES, variants: API_VARIANTS, span: name },
        Section { routes: API_ROUTES, variants: API_VARIANTS, span: ParameterSpan::Segment },
        Section::plain(ROOT_ROUTES),
    ])
});

pub(super) const DIALECT: Dialect = Dialect {
    name: auth::NAME,
    prefix: "/nuxeo",
    root: Root::LeadsToPage,
    handle: |call| respond(call).unwrap_or_else(|problem| problem.into_response(call.context)),
    error_document: error::error_document,
    redact_after,
    openapi: || OpenApiPart { text: include_str!("openapi.json"), paths: TABLE.paths() },
};

/// Answers a request. Inside the API credentials are checked before the path and the method.
fn respond(call: &mut Call<'_>) -> Result<Response> {
    let is_guarded = call.segments.first().is_some_and(|first| first == "api" || first == "site");
    let Some(route) = call.match_route(&TABLE) else {
        if is_guarded {
            auth::authenticate(call)?;
        }
        return Err(Problem::UnknownPath);
    };
    if let Err(unknown) = route.require_method() {
        if is_guarded && !matches!(route.handler, Handler::Public(_)) {
            auth::authenticate(call)?;
        }
        return Err(unknown.into());
    }
    match route.handler {
        Handler::Public(handler) => handler(call),
        Handler::Caller(handler) => {
            let directory = auth::authenticate(call)?;
            handler(call, &directory)
        }
        Handler::Secret(handler) => {
            let (directory, secret) = auth::authenticate_with_secret(call)?;
            handler(call, &directory, &secret)
        }
    }
}

/// The segment after `token` is a token.
fn redact_after(segments: &[Cow<'_, str>]) -> Option<usize> {
    let after = 1 + segments.iter().position(|segment| segment == "token")?;
    (after < segments.len()).then_some(after)
}
