//! JSON as a tree of its own, for all JSON from outside: bodies of requests, files, answers of other servers, commands
//! on the local socket, and stored values.
//!
//! serde_json writes documents here and reads none. With its features `raw_value` and `arbitrary_precision` its reader
//! gives two keys of an object a special meaning, decodes JSON inside texts for them, and so escapes its own limit of
//! depth. Both features are off, and no text from outside reaches its reader. In [`Json`] every key is a plain key,
//! numbers keep their text, and the depth is limited over all levels.

mod decode;
mod parse;
mod value;
mod write;

pub use decode::{DecodeError, Mismatch, decode, from_json};
pub use parse::{BadJson, DEPTH_MAX, STORED_DEPTH_MAX, is_storable, members, memory_of};
pub use value::{Json, JsonStr, JsonText, Number, Object};
pub use write::{to_string, to_vec, to_writer};

#[cfg(test)]
mod tests;
