//! CSV files: a table with a header; RFC 4180.

mod reader;

pub(super) use reader::{Reader, class_names, split_names};
