//! CSV files: a table with a header; RFC 4180.

mod reader;
mod writer;

pub(super) use reader::{Reader, class_names, split_names};
pub(super) use writer::{header, row};
