//! A response, and what the log says of it.

use super::etag::Etag;
use std::sync::Arc;
use tiny_http::{Header, StatusCode};

/// What is sent back.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The value of `Content-Type`; not sent where there is no body.
    pub content_type: &'static str,
    /// Further header fields. Framing, date and connection are the server's.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// The tag of what the body shows.
    pub tag: Option<Etag>,
    /// Whether it is about nobody, so that whoever has it may keep it and ask whether it is still the same.
    pub kept: bool,
    /// What the log and the metrics say of it.
    pub trace: RequestLogFields,
}

/// The body of a response.
pub enum Body {
    /// All of it.
    Bytes(Vec<u8>),
    /// All of it, a part of the program.
    Static(&'static [u8]),
    /// All of it, kept for others too.
    Shared(Arc<[u8]>),
    /// Piece by piece until `None`. After an error the connection is cut, so that nobody takes half for whole.
    Pieces(Box<dyn FnMut() -> anyhow::Result<Option<Vec<u8>>> + Send>),
}

/// What the log and the metrics say of a request beside its first line and its status.
#[derive(Debug, Clone, Default)]
pub struct RequestLogFields {
    /// The dialect that answered; empty for none.
    pub dialect: &'static str,
    /// The path with names in place of what differs between requests; empty for one that is no route.
    pub route: &'static str,
    /// Who asked; `None`: nobody known.
    pub caller: Option<Arc<str>>,
    /// What to say in place of the path, where that holds a secret.
    pub path: Option<String>,
}

impl Response {
    /// A JSON document.
    pub fn json(status: u16, document: &impl serde::Serialize) -> Response {
        Response::bytes(status, "application/json", crate::json::to_vec(document))
    }

    /// A file that is part of the program.
    pub fn of_program(content_type: &'static str, content: &'static [u8]) -> Response {
        Response { body: Body::Static(content), ..Response::bytes(200, content_type, Vec::new()) }
    }

    /// A JSON document that is kept for others too.
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

    /// A JSON document in pieces. Two are asked for at once: what is whole in one is sent as one.
    ///
    /// # Errors
    /// Those of the first two pieces.
    pub fn json_stream<E: Into<anyhow::Error>>(
        mut next: impl FnMut() -> Result<Option<Vec<u8>>, E> + Send + 'static,
    ) -> Result<Response, E> {
        let first = next()?.unwrap_or_default();
        let Some(second) = next()? else { return Ok(Response::bytes(200, "application/json", first)) };
        let mut begun = [first, second].into_iter();
        let mut response = Response::bytes(200, "application/json", Vec::new());
        response.body = Body::Pieces(Box::new(move || match begun.next() {
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
            tag: None,
            kept: false,
            trace: RequestLogFields::default(),
        }
    }

    /// Names what the body shows.
    pub fn with_tag(mut self, tag: Etag) -> Response {
        self.tag = Some(tag);
        self
    }

    /// Lets caches keep the response, which they revalidate.
    pub fn cacheable(self) -> Response {
        Response { kept: true, ..self }
    }

    /// Adds a header field. Name and value are the program's own, in ASCII.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        if let Ok(header) = Header::from_bytes(name, value) {
            self.headers.push(header);
        }
        self
    }
}
