//! `GET /openapi.json`.

use super::compose::Description;
use super::part::OpenApiPart;
use crate::dialect::route::{Route, RouteTable, Section};
use crate::dialect::{plain, preconditions};
use crate::http::{Body, Etag, Method::Get, Request, Response};
use crate::model::Error;
use std::sync::{Arc, LazyLock};

type Handler = fn(&Request<'_>, &Document) -> Response;

const ROUTES: &[Route<Handler>] = &[Route(Get, "/openapi.json", get_document)];

static TABLE: LazyLock<RouteTable<Handler>> = LazyLock::new(|| RouteTable::new(&[Section::plain(ROUTES)]));

/// The part of the document that describes the document.
pub(in crate::dialect) fn openapi_part() -> OpenApiPart {
    OpenApiPart { text: include_str!("openapi.json"), paths: TABLE.paths() }
}

/// The document as it is sent.
pub(in crate::dialect) struct Document {
    body: Arc<[u8]>,
    etag: Etag,
}

impl Document {
    pub(in crate::dialect) fn new(description: &Description) -> Document {
        let body = description.to_json();
        let etag = preconditions::etag_of(&body);
        Document { body: body.into(), etag }
    }
}

/// Answers a request for the document; `None` for any other.
pub(in crate::dialect) fn handle<'d>(
    request: &Request<'_>,
    segments: &[&str],
    document: impl FnOnce() -> &'d Document,
) -> Option<Response> {
    let (route, _) = TABLE.find(&request.method, segments)?;
    let mut response = match route.require_method() {
        Ok(()) => (route.handler)(request, document()),
        Err(unknown) => plain::method_not_allowed(plain::error_text(405, "Method not allowed"), &unknown),
    };
    response.log_fields.route = route.path;
    Some(response)
}

/// True if this is the path of the document.
pub(in crate::dialect) fn is_served(segments: &[&str]) -> bool {
    TABLE.has_path(segments)
}

fn get_document(request: &Request<'_>, document: &Document) -> Response {
    let response = preconditions::conditional_get(request, document.etag, || {
        let mut response = Response::bytes(200, "application/json", Vec::new());
        response.body = Body::Shared(Arc::clone(&document.body));
        response
    });
    match response {
        // It has no personal data, so caches may keep it. The next start may have other settings, so they revalidate it.
        Ok(response) => response.cacheable(),
        Err(Error::PreconditionFailed) => plain::error_text(412, "Precondition failed"),
        Err(error) => plain::error_text(400, &error.to_string()),
    }
}
