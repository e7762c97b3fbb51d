//! JSON from outside: no key of an object has a meaning of its own, no text is decoded again, and what was stored is
//! valid JSON for every reader.

mod files;
mod hostile;
mod requests;
mod stored_values;
