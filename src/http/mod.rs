//! Requests and responses as plain values, and the decoding of paths and queries.

mod etag;
mod inbound;
mod listener_kind;
mod percent_encoding;
mod query;
mod request;
mod response;

pub use crate::model::ClientAddress;
pub use etag::Etag;
pub use inbound::{Inbound, RejectedRequest};
pub use listener_kind::ListenerKind;
pub use percent_encoding::{InvalidPercentEncoding, decode_segment, decode_segments};
pub use query::{InvalidNumber, Query};
pub use request::{BodySource, Refusal, Request, RequestBody};
pub use response::{Body, RequestLogFields, Response};
pub use tiny_http::{Header, HeaderField, Method, StatusCode};
