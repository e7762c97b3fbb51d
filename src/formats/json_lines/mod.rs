//! JSON: objects one on each line, in arrays, or in lists of documents.

mod documents;
mod object_splitter;
mod reader;
mod writer;

pub(super) use reader::{Reader, bounded, name_list, switch};
pub(super) use writer::{begin, end, record};
