//! Nuxeo's user and group endpoints, and the calls that its clients make around them.

mod auth;
mod decode;
mod error;
mod groups;
mod options;
mod paging;
mod server_info;
mod users;

use super::openapi::{Part, Spelling};
use super::{Context, Route};
use crate::directory::{Directory, MembershipView};
use crate::http::{Body, Method, Request, RequestLogFields, Response};
use crate::model::Caller;
use error::{Problem, Result};
use std::borrow::Cow;
use std::sync::Arc;

pub(super) use error::refuse;

/// The dialect's name, also in the record of changes.
pub(super) const NAME: &str = "nuxeo";

// Below the prefix.
const CMIS: Route = Route::new("/json/cmis", &[Method::Get]);
const RUNNING_STATUS: Route = Route::new("/runningstatus", &[Method::Get]);
const LOGOUT: Route = Route::new("/logout", &[Method::Get, Method::Post]);
const AUTHENTICATION_TOKEN: Route = Route::new("/authentication/token", &[Method::Get]);
// Below `/api/v1`, where all clients look, and its other spellings.
const ME: Route = Route::new("/me", &[Method::Get]);
const CHANGE_PASSWORD: Route = Route::new("/me/changepassword", &[Method::Put]);
const CAPABILITIES: Route = Route::new("/capabilities", &[Method::Get]);
const TOKENS: Route = Route::new("/token", &[Method::Get, Method::Post]);
const TOKEN: Route = Route::new("/token/{id}", &[Method::Delete]);
const USERS: Route = Route::new("/user", &[Method::Post]);
const USER_SEARCH: Route = Route::new("/user/search", &[Method::Get]);
const TRANSIENT_USER: Route = Route::new("/user/transient/{id}", &[Method::Get]);
const USER: Route = Route::new("/user/{id}", &[Method::Get, Method::Put, Method::Delete]);
const USER_GROUP: Route = Route::new("/user/{id}/group/{group}", &[Method::Post, Method::Delete]);
const GROUPS: Route = Route::new("/group", &[Method::Post]);
const GROUP_SEARCH: Route = Route::new("/group/search", &[Method::Get]);
const GROUP: Route = Route::new("/group/{id}", &[Method::Get, Method::Put, Method::Delete]);
const GROUP_USERS: Route = Route::new("/group/{id}/@users", &[Method::Get]);
const GROUP_GROUPS: Route = Route::new("/group/{id}/@groups", &[Method::Get]);
const GROUP_USER: Route = Route::new("/group/{group}/user/{id}", &[Method::Post, Method::Delete]);
const AUTOMATION: Route = Route::new("/automation", &[Method::Get]);
const AUTOMATION_LOGIN: Route = Route::new("/automation/login", &[Method::Get, Method::Post]);
const AUTOMATION_LOG: Route = Route::new("/automation/Log", &[Method::Get, Method::Post]);

/// Every path that the dialect has, without its other spellings: those below the prefix first, and then those below
/// `/api/v1`.
const ROUTES: &[Route] = &[
    CMIS,
    RUNNING_STATUS,
    LOGOUT,
    AUTHENTICATION_TOKEN,
    ME,
    CHANGE_PASSWORD,
    CAPABILITIES,
    TOKENS,
    TOKEN,
    USERS,
    USER_SEARCH,
    TRANSIENT_USER,
    USER,
    USER_GROUP,
    GROUPS,
    GROUP_SEARCH,
    GROUP,
    GROUP_USERS,
    GROUP_GROUPS,
    GROUP_USER,
    AUTOMATION,
    AUTOMATION_LOGIN,
    AUTOMATION_LOG,
];

/// The routes below the prefix itself.
const OUTSIDE: &[Route] = &[CMIS, RUNNING_STATUS, LOGOUT, AUTHENTICATION_TOKEN];

/// The description of the dialect.
pub(super) const PART: Part = Part {
    text: include_str!("openapi.json"),
    routes: ROUTES,
    spellings: &[
        Spelling { mark: "", parameter: None, path: |path| is_outside(path).then(|| path.to_owned()) },
        Spelling { mark: "", parameter: None, path: |path| inside("/api/v1", path) },
        Spelling { mark: "OnSite", parameter: None, path: |path| inside("/site/api/v1", path) },
        Spelling {
            mark: "ShortOnSite",
            parameter: None,
            path: |path| path.starts_with(AUTOMATION.path).then(|| format!("/site{path}")),
        },
        Spelling {
            mark: "InRepository",
            parameter: Some("NuxeoRepository"),
            path: |path| inside("/api/v1/repo/{repository}", path),
        },
        Spelling {
            mark: "InRepositoryOnSite",
            parameter: Some("NuxeoRepository"),
            path: |path| inside("/site/api/v1/repo/{repository}", path),
        },
    ],
};

fn is_outside(path: &str) -> bool {
    OUTSIDE.iter().any(|route| route.path == path)
}

fn inside(base: &str, path: &str) -> Option<String> {
    (!is_outside(path)).then(|| format!("{base}{path}"))
}

/// Answers a request for a path below the prefix.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>]) -> Response {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let guarded = matches!(segments.first(), Some(&"api" | &"site"));
    let mut call = Call { context, request, guarded, trace: RequestLogFields::default() };
    let mut result = route(&mut call, &segments);
    // Inside the interface a stranger is told that they are one before anything else.
    if call.guarded && matches!(result, Err(Problem::UnknownPath | Problem::UnknownMethod(_))) {
        result = call.enter().and(result);
    }
    let mut response = result.unwrap_or_else(|problem| error::answer(problem, context));
    response.trace = call.trace;
    response
}

/// What follows `token` in a path is one.
pub(super) fn secret_from(segments: &[Cow<'_, str>]) -> Option<usize> {
    let after = 1 + segments.iter().position(|segment| segment == "token")?;
    (after < segments.len()).then_some(after)
}

/// A request on its way to its handler.
struct Call<'c> {
    context: &'c Context,
    request: &'c Request<'c>,
    /// Whether only callers with credentials are told which paths and methods there are.
    guarded: bool,
    trace: RequestLogFields,
}

impl Call<'_> {
    /// Names the route, and refuses methods that it does not have.
    fn take(&mut self, route: &Route) -> Result<()> {
        debug_assert!(ROUTES.iter().any(|known| known == route));
        self.trace.route = route.path;
        if route.allows(self.request) { Ok(()) } else { Err(Problem::UnknownMethod(route.methods)) }
    }

    /// Finds out who asks, and opens the directory for them.
    fn enter(&mut self) -> Result<(Directory, auth::Shown)> {
        let (caller, shown) = auth::caller(&self.context.access, self.request)?;
        Ok((self.open(caller)?, shown))
    }

    /// The same for what takes a secret: the cookie of a login alone does not do.
    fn enter_with_secret(&mut self) -> Result<(Directory, auth::Shown)> {
        let (caller, shown) = auth::caller_with_secret(&self.context.access, self.request)?;
        Ok((self.open(caller)?, shown))
    }

    fn open(&mut self, caller: Caller) -> Result<Directory> {
        self.trace.caller = Some(caller.name.clone());
        self.request.admit(&caller.name)?;
        Ok(self.context.access.directory(caller, NAME).hiding_administrators())
    }

    fn directory(&mut self) -> Result<Directory> {
        Ok(self.enter()?.0)
    }

    /// Answers with a page, the one kept from the last time if nothing has changed since.
    fn page(
        &self,
        directory: &Directory,
        read: impl FnOnce(&Directory, &Request<'_>) -> Result<Response>,
    ) -> Result<Response> {
        let question = options::question(self.request, directory.hides_administrators())?;
        let generation = directory.generation();
        if let Some(body) = self.context.pages.find(generation, &question) {
            return Ok(Response::shared_json(body));
        }
        let mut response = read(directory, self.request)?;
        if let Body::Bytes(body) = response.body {
            let body: Arc<[u8]> = body.into();
            self.context.pages.keep(generation, directory.owner(), question, &body);
            response.body = Body::Shared(body);
        }
        Ok(response)
    }
}

/// The routes below the prefix.
fn route(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        ["api", "v1", rest @ ..] | ["site", "api", "v1", rest @ ..] => match rest {
            // The same interface with a repository named, which means nothing to users and groups.
            ["repo", _, rest @ ..] => api(call, rest),
            rest => api(call, rest),
        },
        ["site", "automation", rest @ ..] => automation(call, rest),
        ["json", "cmis"] => {
            call.take(&CMIS)?;
            call.enter()?;
            Ok(server_info::cmis())
        }
        ["runningstatus"] => {
            call.take(&RUNNING_STATUS)?;
            server_info::running_status(&call.context.access, call.request)
        }
        ["logout"] => {
            call.take(&LOGOUT)?;
            let cookie = auth::end_session(call.context, call.request)?;
            Ok(Response::text(200, "Logged out").with_header("Set-Cookie", &cookie))
        }
        ["authentication", "token"] => {
            call.take(&AUTHENTICATION_TOKEN)?;
            let (directory, shown) = call.enter_with_secret()?;
            server_info::token(&directory, call.request, &shown)
        }
        _ => Err(Problem::UnknownPath),
    }
}

/// The routes below `/api/v1`.
fn api(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        ["user", rest @ ..] => users(call, rest),
        ["group", rest @ ..] => groups(call, rest),
        ["me"] => {
            call.take(&ME)?;
            let directory = call.directory()?;
            users::me(&directory, call.request)
        }
        ["me", "changepassword"] => {
            call.take(&CHANGE_PASSWORD)?;
            let directory = call.directory()?;
            users::change_password(&call.context.access, &directory, call.request)
        }
        ["automation", rest @ ..] => automation(call, rest),
        ["capabilities"] => {
            call.take(&CAPABILITIES)?;
            call.enter()?;
            Ok(server_info::capabilities())
        }
        ["token"] => {
            call.take(&TOKENS)?;
            match call.request.method {
                Method::Post => {
                    let (directory, shown) = call.enter_with_secret()?;
                    server_info::create_token(&directory, call.request, &shown)
                }
                _ => server_info::tokens(&call.directory()?),
            }
        }
        ["token", name] => {
            call.take(&TOKEN)?;
            let (directory, _) = call.enter_with_secret()?;
            server_info::revoke_token(&directory, name)
        }
        _ => Err(Problem::UnknownPath),
    }
}

/// The routes below `/user`. A name may hold slashes: it ends at `/@` or `/group/`.
fn users(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        [] => {
            call.take(&USERS)?;
            let directory = call.directory()?;
            return users::create(&directory, call.request);
        }
        // The search takes the name from a user who is called so; changing and deleting still reach them.
        ["search"] if call.request.is_get() => {
            call.take(&USER_SEARCH)?;
            let directory = call.directory()?;
            return call.page(&directory, users::search);
        }
        _ => {}
    }
    if let Some((user, group)) = split_at_word(segments, "group") {
        let group = name(group)?;
        return membership(call, MembershipView::User, &user, &group);
    }
    let user = name(segments)?;
    if call.request.is_get()
        && let Some(rest) = user.strip_prefix("transient/")
    {
        call.take(&TRANSIENT_USER)?;
        return users::transient(&call.directory()?, &user, rest, call.request);
    }
    call.take(&USER)?;
    let directory = call.directory()?;
    match call.request.method {
        Method::Put => users::update(&directory, &user, call.request),
        Method::Delete => users::delete(&directory, &user, call.request),
        _ => users::get(&directory, &user, call.request),
    }
}

/// The routes below `/group`. A name may hold slashes: it ends at `/@` or `/user/`.
fn groups(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        [] => {
            call.take(&GROUPS)?;
            let directory = call.directory()?;
            return groups::create(&directory, call.request);
        }
        ["search"] if call.request.is_get() => {
            call.take(&GROUP_SEARCH)?;
            let directory = call.directory()?;
            return call.page(&directory, groups::search);
        }
        [group @ .., adapter @ ("@users" | "@groups")] if !group.is_empty() => {
            let group = name(group)?;
            call.take(if *adapter == "@users" { &GROUP_USERS } else { &GROUP_GROUPS })?;
            let directory = call.directory()?;
            return match *adapter {
                "@users" => call.page(&directory, |directory, request| users::members(directory, &group, request)),
                _ => call.page(&directory, |directory, request| groups::subgroups(directory, &group, request)),
            };
        }
        _ => {}
    }
    if let Some((group, user)) = split_at_word(segments, "user") {
        let user = name(user)?;
        return membership(call, MembershipView::Group, &user, &group);
    }
    let group = name(segments)?;
    call.take(&GROUP)?;
    let directory = call.directory()?;
    match call.request.method {
        Method::Put => groups::update(&directory, &group, call.request),
        Method::Delete => groups::delete(&directory, &group, call.request),
        _ => groups::get(&directory, &group, call.request),
    }
}

fn membership(call: &mut Call<'_>, side: MembershipView, user: &str, group: &str) -> Result<Response> {
    call.take(match side {
        MembershipView::User => &USER_GROUP,
        MembershipView::Group => &GROUP_USER,
    })?;
    let directory = call.directory()?;
    match call.request.method {
        Method::Post => users::join(&directory, side, user, group, call.request),
        _ => users::leave(&directory, side, user, group),
    }
}

/// The routes below `/automation`. What describes them is for everybody, as it is the same for all.
fn automation(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        [] => {
            call.guarded = false;
            call.take(&AUTOMATION)?;
            Ok(server_info::operations())
        }
        ["login"] => {
            call.guarded = false;
            call.take(&AUTOMATION_LOGIN)?;
            if call.request.is_get() {
                return Ok(server_info::describe(&server_info::LOGIN));
            }
            let directory = call.directory()?;
            let response = server_info::login(&directory)?;
            let cookie = auth::begin_session(call.context, call.request, directory.caller());
            Ok(match cookie {
                Some(cookie) => response.with_header("Set-Cookie", &cookie),
                None => response,
            })
        }
        ["Log"] => {
            call.guarded = false;
            call.take(&AUTOMATION_LOG)?;
            if call.request.is_get() {
                return Ok(server_info::describe(&server_info::LOG));
            }
            let directory = call.directory()?;
            server_info::log(&directory, call.request)
        }
        _ => Err(Problem::UnknownPath),
    }
}

/// The name before the first segment that is that word, and the segments after it. The word at either end is
/// part of a name.
fn split_at_word<'s>(segments: &'s [&'s str], word: &str) -> Option<(String, &'s [&'s str])> {
    let at = 1 + segments.get(1..)?.iter().position(|segment| *segment == word)?;
    let rest = &segments[at + 1..];
    (!rest.is_empty()).then(|| (segments[..at].join("/"), rest))
}

/// A name of one or more segments.
fn name(segments: &[&str]) -> Result<String> {
    // `@` at the start of a further segment calls for an adapter, and there is none of that name here.
    if segments.iter().skip(1).any(|segment| segment.starts_with('@')) {
        return Err(Problem::UnknownPath);
    }
    Ok(segments.join("/"))
}
