//! A page for people: its files, and the interface that the page calls, which has sessions and is for nothing else.

mod assets;
mod auth;
mod changes;
mod decode;
mod error;
mod groups;
mod metrics;
mod session;
mod users;

use super::openapi::{Part, Spelling};
use super::{Context, Route};
use crate::directory::Directory;
use crate::http::{Method, Request, RequestLogFields, Response};
use error::{Problem, Result};
use std::borrow::Cow;

pub(super) use error::refuse;

/// The dialect's name, also in the record of changes.
pub(super) const NAME: &str = "ui";

const PAGE: Route = Route::new("/", &[Method::Get]);
const FILE: Route = Route::new("/{file}", &[Method::Get]);
const SESSION: Route = Route::new("/api/session", &[Method::Get, Method::Post, Method::Delete]);
const OWN_PASSWORD: Route = Route::new("/api/password", &[Method::Put]);
const USERS: Route = Route::new("/api/users", &[Method::Get, Method::Post]);
const USER: Route = Route::new("/api/users/{name}", &[Method::Get, Method::Patch, Method::Delete]);
const PASSWORD: Route = Route::new("/api/users/{name}/password", &[Method::Put]);
const GROUPS: Route = Route::new("/api/groups", &[Method::Get, Method::Post]);
const GROUP: Route = Route::new("/api/groups/{name}", &[Method::Get, Method::Patch, Method::Delete]);
const MEMBER: Route = Route::new("/api/groups/{name}/users/{user}", &[Method::Put, Method::Delete]);
const SUBGROUP: Route = Route::new("/api/groups/{name}/groups/{subgroup}", &[Method::Put, Method::Delete]);
const CHANGES: Route = Route::new("/api/changes", &[Method::Get]);
const FIGURES: Route = Route::new("/api/figures", &[Method::Get]);

/// Every path that the dialect has.
const ROUTES: &[Route] =
    &[PAGE, FILE, SESSION, OWN_PASSWORD, USERS, USER, PASSWORD, GROUPS, GROUP, MEMBER, SUBGROUP, CHANGES, FIGURES];

/// The description of the dialect.
pub(super) const PART: Part =
    Part { text: include_str!("openapi.json"), routes: ROUTES, spellings: &[Spelling::PLAIN] };

/// What the page may do: load its own files and call its own server. No script in a value can run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// Answers a request for a path below the prefix.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>]) -> Response {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let mut call = Call { context, request, trace: RequestLogFields::default() };
    let mut response = call.route(&segments).unwrap_or_else(error::answer);
    response.trace = call.trace;
    guarded(response)
}

/// Tells the browser to take an answer for what it is and to show it nowhere else.
fn guarded(response: Response) -> Response {
    response
        .with_header("Content-Security-Policy", POLICY)
        .with_header("Referrer-Policy", "no-referrer")
        .with_header("Cross-Origin-Opener-Policy", "same-origin")
        .with_header("Cross-Origin-Resource-Policy", "same-origin")
}

/// A request on its way to its handler.
struct Call<'c> {
    context: &'c Context,
    request: &'c Request<'c>,
    trace: RequestLogFields,
}

impl Call<'_> {
    /// The route table.
    fn route(&mut self, segments: &[&str]) -> Result<Response> {
        let request = self.request;
        match segments {
            [] => {
                self.take(&PAGE)?;
                assets::page(request)
            }
            ["api", rest @ ..] => {
                auth::require_own_page(request)?;
                // Browsers make `groups/a/` of `groups/a/users/..`, which must not mean the group then.
                if request.path.ends_with('/') || request.path.contains("//") {
                    return Err(Problem::UnknownPath);
                }
                self.api(rest)
            }
            [name] => {
                let file = assets::find(name).ok_or(Problem::UnknownPath)?;
                self.take(&FILE)?;
                assets::file(request, file)
            }
            _ => Err(Problem::UnknownPath),
        }
    }

    /// The routes below `/api`. A stranger is told that they are one before anything else.
    fn api(&mut self, segments: &[&str]) -> Result<Response> {
        let request = self.request;
        match segments {
            ["session"] => {
                self.take(&SESSION)?;
                match request.method {
                    Method::Post => session::open(self),
                    Method::Delete => Ok(session::end(self)),
                    _ => session::show(self),
                }
            }
            ["password"] => {
                let directory = self.enter(&OWN_PASSWORD)?;
                session::change_password(self, &directory)
            }
            ["users"] => {
                let directory = self.enter(&USERS)?;
                match request.method {
                    Method::Post => users::create(&directory, request),
                    _ => users::list(&directory, request),
                }
            }
            ["users", name] => {
                let directory = self.enter(&USER)?;
                match request.method {
                    Method::Patch => users::update(&directory, name, request),
                    Method::Delete => users::delete(&directory, name, request),
                    _ => users::get(&directory, name, request),
                }
            }
            ["users", name, "password"] => {
                let directory = self.enter(&PASSWORD)?;
                users::set_password(&directory, name, request)
            }
            ["groups"] => {
                let directory = self.enter(&GROUPS)?;
                match request.method {
                    Method::Post => groups::create(&directory, request),
                    _ => groups::list(&directory, request),
                }
            }
            ["groups", name] => {
                let directory = self.enter(&GROUP)?;
                match request.method {
                    Method::Patch => groups::update(&directory, name, request),
                    Method::Delete => groups::delete(&directory, name, request),
                    _ => groups::get(&directory, name, request),
                }
            }
            ["groups", name, "users", user] => {
                let directory = self.enter(&MEMBER)?;
                groups::change_member(&directory, name, user, request)
            }
            ["groups", name, "groups", subgroup] => {
                let directory = self.enter(&SUBGROUP)?;
                groups::change_subgroup(&directory, name, subgroup, request)
            }
            ["changes"] => changes::list(&self.enter(&CHANGES)?, request),
            ["figures"] => {
                let directory = self.enter(&FIGURES)?;
                metrics::show(&directory, self.context)
            }
            _ => {
                auth::session(self)?;
                Err(Problem::UnknownPath)
            }
        }
    }

    /// Names the route, and refuses methods that it does not have.
    fn take(&mut self, route: &Route) -> Result<()> {
        debug_assert!(ROUTES.contains(route));
        self.trace.route = route.path;
        if route.allows(self.request) { Ok(()) } else { Err(Problem::UnknownMethod(route.methods)) }
    }

    /// Names the route, opens the directory for whose session it is, and refuses methods that the route does not have.
    fn enter(&mut self, route: &Route) -> Result<Directory> {
        let allowed = self.take(route);
        let session = auth::session(self)?;
        self.request.admit(&session.caller.name)?;
        allowed?;
        Ok(self.context.access.directory(session.caller, NAME))
    }
}
