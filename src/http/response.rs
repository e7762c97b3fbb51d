//! Responses, and their fields for the log.

use super::etag::Etag;
use std::sync::Arc;
use tiny_http::{Header, StatusCode};

/// A response.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The value of `Content-Type`; not sent where there is no body.
    pub content_type: &'static str,
    /// Further header fields. The server adds those of framing, date and connection.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// The entity tag of the body.
    pub etag: Option<Etag>,
    /// True if the body has no personal data. Caches may store it, and must revalidate it (`no-cache`).
    pub cacheable: bool,
    /// Fields for the log and for metrics.
    pub log_fields: RequestLogFields,
}

/// The body of a response.
pub enum Body {
    /// The whole body.
    Bytes(Vec<u8>),
    /// The whole body, compiled into the program.
    Static(&'static [u8]),
    /// The whole body, shared with a cache.
    Shared(Arc<[u8]>),
    /// Chunks until `None`. After an error the server cuts the connection, so that the client sees that the body is not
    /// whole.
    Stream(Box<dyn FnMut() -> anyhow::Result<Option<Vec<u8>>> + Send>),
}

/// Fields of a request for the log and for metrics, in addition to its first line and its status.
#[derive(Debug, Clone, Default)]
pub struct RequestLogFields {
    /// The dialect that answered; empty when no dialect did.
    pub dialect: &'static str,
    /// The path pattern of the route, such as `/user/{id}`; empty for a path without a route.
    pub route: &'static str,
    /// The authenticated caller.
    pub caller: Option<Arc<str>>,
    /// A text for the log in place of a path that holds a secret.
    pub path: Option<String>,
}

impl Response {
    /// A JSON document.
    pub fn json(status: u16, document: &impl serde::Serialize) -> Response {
        Response::bytes(status, "application/json", crate::json::to_vec(document))
    }

    /// A file that is compiled into the program.
    pub fn of_program(content_type: &'static str, content: &'static [u8]) -> Response {
        Response { body: Body::Static(content), ..Response::bytes(200, content_type, Vec::new()) }
    }

    /// A JSON document that a cache shares.
    pub fn shared_json(body: Arc<[u8]>) -> Response {
        let mut response = Response::bytes(200, "application/json", Vec::new());
        response.body = Body::Shared(body);
        response
    }

    /// JSON documents, each on a line of its own.
    pub fn json_lines(lines: Vec<u8>) -> Response {
        Response::bytes(200, "application/x-ndjson", lines)
    }

    /// A line of plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Response {
        Response::bytes(status, "text/plain; charset=utf-8", text.into().into_bytes())
    }

    /// No body.
    pub fn empty(status: u16) -> Response {
        Response::bytes(status, "", Vec::new())
    }

    /// A JSON document in chunks. Produces two chunks up front: a document of one chunk gets a `Content-Length`, and an
    /// early error an error status.
    ///
    /// # Errors
    /// Those of the first two chunks.
    pub fn json_stream<E: Into<anyhow::Error>>(
        mut next: impl FnMut() -> Result<Option<Vec<u8>>, E> + Send + 'static,
    ) -> Result<Response, E> {
        let first = next()?.unwrap_or_default();
        let Some(second) = next()? else { return Ok(Response::bytes(200, "application/json", first)) };
        let mut begun = [first, second].into_iter();
        let mut response = Response::bytes(200, "application/json", Vec::new());
        response.body = Body::Stream(Box::new(move || match begun.next() {
            Some(piece) => Ok(Some(piece)),
            None => next().map_err(Into::into),
        }));
        Ok(response)
    }

    /// A body of that type.
    pub fn bytes(status: u16, content_type: &'static str, body: Vec<u8>) -> Response {
        let (status, body) = (StatusCode(status), Body::Bytes(body));
        Response {
            status,
            content_type,
            headers: Vec::new(),
            body,
            etag: None,
            cacheable: false,
            log_fields: RequestLogFields::default(),
        }
    }

    /// Sets the status.
    pub fn with_status(mut self, status: u16) -> Response {
        self.status = StatusCode(status);
        self
    }

    /// Sets the entity tag.
    pub fn with_etag(mut self, etag: Etag) -> Response {
        self.etag = Some(etag);
        self
    }

    /// Allows caches to keep the response and to revalidate it.
    pub fn cacheable(self) -> Response {
        Response { cacheable: true, ..self }
    }

    /// Adds a header field. Name and value are the program's own, in ASCII.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        if let Ok(header) = Header::from_bytes(name, value) {
            self.headers.push(header);
        }
        self
    }
}
