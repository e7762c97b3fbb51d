//! The rules of the source tree: which file may use which, how long files and functions may get, and plain English.
//!
//! A change that breaks one of them fails here.

mod graph;
mod layers;
mod page;
mod paths;
mod rooms;
mod sizes;
mod tree;
mod words;
