//! Functions of this program that statements call.

use crate::model::{SearchWords, fold_name, spelling_key};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Error, Result};

/// Defines the functions of a connection: `folded(text)`, `spelling(text)`, and `contains_words(words, text, …)`.
pub(in crate::store) fn define_functions(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let define = |name: &str, function: fn(&str) -> String| {
        connection.create_scalar_function(name, 1, flags, move |context| {
            Ok(context.get_raw(0).as_str_or_null()?.map(function))
        })
    };
    define("folded", fold_name)?;
    define("spelling", spelling_key)?;
    connection.create_scalar_function("contains_words", -1, flags, contains_words)
}

/// True if each of the words, which are one text, is contained in one of the other arguments.
fn contains_words(context: &Context<'_>) -> Result<bool> {
    // The words are a parameter of the statement, so SQLite keeps them from one row to the next.
    let words = context.get_or_create_aux(0, |value| value.as_str().map(SearchWords::of_joined))?;
    let mut failed = None;
    let texts = (1..context.len()).filter_map(|argument| match context.get_raw(argument).as_str_or_null() {
        Ok(text) => text,
        Err(error) => {
            failed = Some(Error::from(error));
            None
        }
    });
    let found = words.are_in(texts);
    failed.map_or(Ok(found), Err)
}
