//! The rules of the source tree: which file may use which, how long files and functions may get, and plain English.
//!
//! A change that breaks one of them fails here. [`words::NOT_CLEAN_YET`] has the rooms with violations of before the
//! rules; it only shrinks.

mod graph;
mod layers;
mod page;
mod paths;
mod rooms;
mod sizes;
mod tree;
mod words;
