//! Nuxeo's user and group endpoints, and the calls that its clients make around them.

mod auth;
mod body;
mod connect;
mod error;
mod group;
mod kept;
mod options;
mod page;
mod user;

use super::{Context, allows};
use crate::directory::{Directory, Side};
use crate::http::{Body, Method, Request, Response, Trace};
use error::{Problem, Result};
use std::borrow::Cow;
use std::sync::Arc;

pub(super) use error::refuse;
pub(crate) use kept::Kept;

/// The dialect's name, also in the record of changes.
pub(super) const NAME: &str = "nuxeo";

/// Answers a request for a path below the prefix.
pub(super) fn handle(context: &Context, request: &Request<'_>, segments: &[Cow<'_, str>]) -> Response {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let mut call = Call { context, request, trace: Trace::default() };
    let mut result = route(&mut call, &segments);
    // Inside the interface a stranger is told that they are one before anything else.
    let inside = matches!(segments.first(), Some(&"api" | &"site"));
    if inside && matches!(result, Err(Problem::UnknownPath | Problem::UnknownMethod(_))) {
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
    trace: Trace,
}

impl Call<'_> {
    /// Refuses methods that the path does not have.
    fn allow(&self, methods: &'static [Method]) -> Result<()> {
        if allows(methods, self.request) { Ok(()) } else { Err(Problem::UnknownMethod(methods)) }
    }

    /// Finds out who asks, and opens the directory for them.
    fn enter(&mut self) -> Result<(Directory, auth::Shown)> {
        let (caller, shown) = auth::caller(&self.context.access, self.request)?;
        self.trace.caller = Some(caller.name.clone());
        Ok((self.context.access.directory(caller, NAME), shown))
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
        let (generation, question) = (directory.generation(), options::question(self.request)?);
        if let Some(body) = self.context.pages.find(generation, &question) {
            return Ok(Response::shared_json(body));
        }
        let mut response = read(directory, self.request)?;
        if let Body::Bytes(body) = response.body {
            let body: Arc<[u8]> = body.into();
            self.context.pages.keep(generation, question, &body);
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
            call.trace.route = "/json/cmis";
            call.allow(&[Method::Get])?;
            call.enter()?;
            Ok(connect::cmis())
        }
        ["runningstatus"] => {
            call.trace.route = "/runningstatus";
            call.allow(&[Method::Get])?;
            Ok(connect::running_status())
        }
        ["authentication", "token"] => {
            call.trace.route = "/authentication/token";
            call.allow(&[Method::Get])?;
            let (directory, shown) = call.enter()?;
            connect::token(&directory, call.request, &shown)
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
            call.trace.route = "/me";
            call.allow(&[Method::Get])?;
            let directory = call.directory()?;
            user::me(&directory, call.request)
        }
        ["me", "changepassword"] => {
            call.trace.route = "/me/changepassword";
            call.allow(&[Method::Put])?;
            let directory = call.directory()?;
            user::change_password(&directory, call.request)
        }
        ["automation", rest @ ..] => automation(call, rest),
        ["capabilities"] => {
            call.trace.route = "/capabilities";
            call.allow(&[Method::Get])?;
            call.enter()?;
            Ok(connect::capabilities())
        }
        ["token"] => {
            call.trace.route = "/token";
            call.allow(&[Method::Get, Method::Post])?;
            let (directory, shown) = call.enter()?;
            match call.request.method {
                Method::Post => connect::create_token(&directory, call.request, &shown),
                _ => connect::tokens(&directory),
            }
        }
        ["token", name] => {
            call.trace.route = "/token/{id}";
            call.allow(&[Method::Delete])?;
            connect::revoke_token(&call.directory()?, name)
        }
        _ => Err(Problem::UnknownPath),
    }
}

/// The routes below `/user`. A name may hold slashes: it ends at `/@` or `/group/`.
fn users(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        [] => {
            call.trace.route = "/user";
            call.allow(&[Method::Post])?;
            let directory = call.directory()?;
            return user::create(&directory, call.request);
        }
        // The search takes the name from a user who is called so; changing and deleting still reach them.
        ["search"] if call.request.is_get() => {
            call.trace.route = "/user/search";
            let directory = call.directory()?;
            return call.page(&directory, user::search);
        }
        _ => {}
    }
    if let Some((user, group)) = split_at_word(segments, "group") {
        let group = name(group)?;
        return membership(call, Side::User, &user, &group);
    }
    let user = name(segments)?;
    call.trace.route = "/user/{id}";
    if call.request.is_get()
        && let Some(rest) = user.strip_prefix("transient/")
    {
        call.trace.route = "/user/transient/{id}";
        return user::transient(&call.directory()?, &user, rest, call.request);
    }
    call.allow(&[Method::Get, Method::Put, Method::Delete])?;
    let directory = call.directory()?;
    match call.request.method {
        Method::Put => user::update(&directory, &user, call.request),
        Method::Delete => user::delete(&directory, &user, call.request),
        _ => user::get(&directory, &user, call.request),
    }
}

/// The routes below `/group`. A name may hold slashes: it ends at `/@` or `/user/`.
fn groups(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        [] => {
            call.trace.route = "/group";
            call.allow(&[Method::Post])?;
            let directory = call.directory()?;
            return group::create(&directory, call.request);
        }
        ["search"] if call.request.is_get() => {
            call.trace.route = "/group/search";
            let directory = call.directory()?;
            return call.page(&directory, group::search);
        }
        [group @ .., adapter @ ("@users" | "@groups")] if !group.is_empty() => {
            let group = name(group)?;
            call.trace.route = if *adapter == "@users" { "/group/{id}/@users" } else { "/group/{id}/@groups" };
            call.allow(&[Method::Get])?;
            let directory = call.directory()?;
            return match *adapter {
                "@users" => call.page(&directory, |directory, request| user::members(directory, &group, request)),
                _ => call.page(&directory, |directory, request| group::subgroups(directory, &group, request)),
            };
        }
        _ => {}
    }
    if let Some((group, user)) = split_at_word(segments, "user") {
        let user = name(user)?;
        return membership(call, Side::Group, &user, &group);
    }
    let group = name(segments)?;
    call.trace.route = "/group/{id}";
    call.allow(&[Method::Get, Method::Put, Method::Delete])?;
    let directory = call.directory()?;
    match call.request.method {
        Method::Put => group::update(&directory, &group, call.request),
        Method::Delete => group::delete(&directory, &group, call.request),
        _ => group::get(&directory, &group, call.request),
    }
}

fn membership(call: &mut Call<'_>, side: Side, user: &str, group: &str) -> Result<Response> {
    call.trace.route = match side {
        Side::User => "/user/{id}/group/{group}",
        Side::Group => "/group/{group}/user/{id}",
    };
    call.allow(&[Method::Post, Method::Delete])?;
    let directory = call.directory()?;
    match call.request.method {
        Method::Post => user::join(&directory, side, user, group, call.request),
        _ => user::leave(&directory, side, user, group),
    }
}

fn automation(call: &mut Call<'_>, segments: &[&str]) -> Result<Response> {
    match segments {
        [] => {
            call.trace.route = "/automation";
            call.allow(&[Method::Get])?;
            call.enter()?;
            Ok(connect::operations())
        }
        ["login"] => {
            call.trace.route = "/automation/login";
            call.allow(&[Method::Post])?;
            connect::login(&call.directory()?)
        }
        ["Log"] => {
            call.trace.route = "/automation/Log";
            call.allow(&[Method::Post])?;
            let directory = call.directory()?;
            connect::log(&directory, call.request)
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
