//! JSON: one object per line, arrays of objects, or documents with lists of objects.

mod documents;
mod object_splitter;
mod open_object;
mod reader;
mod shape;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::{begin, end, record};
