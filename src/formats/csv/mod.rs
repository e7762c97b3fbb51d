//! CSV files: a table with a header; RFC 4180.

mod header;
mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::{header, row};
