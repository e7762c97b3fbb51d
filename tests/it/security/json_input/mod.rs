//! JSON from outside: no key of an object has a special meaning, no text is decoded a second time, and stored values
//! are sent as valid JSON.

mod files;
mod hostile;
mod requests;
mod stored_values;
