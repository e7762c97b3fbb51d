//! JSON: objects one on each line, in arrays, or in lists of documents.

mod documents;
mod object_splitter;
mod open_object;
mod reader;
mod shape;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::{begin, end, record};
