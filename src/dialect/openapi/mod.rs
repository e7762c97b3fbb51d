//! The description of everything that is served (OpenAPI 3.1), put together of the parts that stand beside the routes.

mod compose;
#[cfg(test)]
mod tests;

use super::{Route, health, preconditions};
use crate::http::{Body, Etag, Method, Request, Response};
use crate::model::Error;
use std::sync::Arc;

pub(super) use compose::Description;

const DESCRIPTION: Route = Route::new("/openapi.json", &[Method::Get]);

/// The description of the description.
pub(super) const PART: Part =
    Part { text: include_str!("openapi.json"), routes: &[DESCRIPTION], spellings: &[Spelling::PLAIN] };

/// What is served below one prefix, in the words of OpenAPI.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// A JSON object, see [`Description::add`].
    pub(super) text: &'static str,
    /// Every path that there is, without its other spellings.
    pub(super) routes: &'static [Route],
    /// How the paths are spelled.
    pub(super) spellings: &'static [Spelling],
}

/// One of the ways in which paths are spelled.
pub(super) struct Spelling {
    /// What tells operations at such a path from the same ones at another; empty for one of the ways.
    pub(super) mark: &'static str,
    /// The parameter that the spelling brings in.
    pub(super) parameter: Option<&'static str>,
    /// The path, for one in the table of routes; `None` where that one is not spelled so.
    pub(super) path: fn(&str) -> Option<String>,
}

impl Spelling {
    /// As in the table of routes.
    pub(super) const PLAIN: Spelling = Spelling { mark: "", parameter: None, path: |path| Some(path.to_owned()) };
}

/// The description as it is sent.
pub(super) struct Document {
    body: Arc<[u8]>,
    tag: Etag,
}

impl Document {
    /// The text of a description, and its tag.
    pub(super) fn of(description: &Description) -> Document {
        let body = description.to_json();
        let tag = preconditions::tag_of(&body);
        Document { body: body.into(), tag }
    }
}

/// Answers a request for the description; `None` for any other.
pub(super) fn handle<'d>(
    request: &Request<'_>,
    segments: &[&str],
    document: impl FnOnce() -> &'d Document,
) -> Option<Response> {
    if !knows(segments) {
        return None;
    }
    let mut response =
        if DESCRIPTION.allows(request) { look(request, document()) } else { health::refuse_method(&DESCRIPTION) };
    response.trace.route = DESCRIPTION.path;
    Some(response)
}

/// Whether this is the path of the description.
pub(super) fn knows(segments: &[&str]) -> bool {
    segments == ["openapi.json"]
}

fn look(request: &Request<'_>, document: &Document) -> Response {
    let answer = preconditions::look(request, document.tag, || {
        let mut response = Response::bytes(200, "application/json", Vec::new());
        response.body = Body::Shared(Arc::clone(&document.body));
        response
    });
    match answer {
        // It is about nobody, so it may be kept; the next start may have other settings, so it is asked for again.
        Ok(response) => response.to_be_kept(),
        Err(Error::PreconditionFailed) => health::refuse(412, "Precondition failed"),
        Err(error) => health::refuse(400, &error.to_string()),
    }
}
