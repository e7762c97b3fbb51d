//! Strict decoding of bodies and queries: an unknown field or parameter is an error of the page.

use super::error::{Problem, Result};
use crate::dialect::request_body::json_object;
use crate::http::{Query, Request};
use crate::json::{Json, Object, from_json};
use serde::de::DeserializeOwned;

/// Entries of a list, unless the query has another number.
const ENTRIES_DEFAULT: u64 = 50;
const ENTRIES_MAX: u64 = 200;

/// The body of a request, which may have the known fields only.
pub(super) fn fields(request: &Request<'_>, known: &[&str]) -> Result<Object> {
    let body = json_object(request)?.unwrap_or_default();
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Problem::UnknownField(name.clone())),
        None => Ok(body),
    }
}

/// The body of a request as a record, which may have the known fields only. Null is the same as absent.
pub(super) fn record<T: DeserializeOwned>(request: &Request<'_>, known: &[&str]) -> Result<T> {
    let mut body = fields(request, known)?;
    body.retain(|_, value| !value.is_null());
    from_json(Json::Object(body)).map_err(|error| Problem::InvalidBody(error.to_string()))
}

/// A required text.
pub(super) fn text<'b>(body: &'b Object, name: &'static str) -> Result<&'b str> {
    body.get(name).and_then(Json::as_str).ok_or(Problem::Format(name, "a text"))
}

/// The parameters of a query.
pub(super) struct Parameters<'r>(Query<'r>);

impl<'r> Parameters<'r> {
    /// Reads a query, which may have the known parameters only.
    pub(super) fn parse(request: &Request<'r>, known: &[&str]) -> Result<Parameters<'r>> {
        let query = request.parameters()?;
        let unknown = query.names().find(|name| !known.contains(name)).map(str::to_owned);
        unknown.map_or(Ok(Parameters(query)), |name| Err(Problem::UnknownField(name)))
    }

    /// The value of a parameter; `None` when it is absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    /// A parameter that is one of two words: true for the first one.
    pub(super) fn choice(&self, name: &'static str, [yes, no]: [&'static str; 2]) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(word) if word == yes => Ok(Some(true)),
            Some(word) if word == no => Ok(Some(false)),
            Some(_) => Err(Problem::NeitherOf(name, yes, no)),
        }
    }

    /// The number of entries in the answer.
    pub(super) fn limit(&self) -> Result<u64> {
        let limit = self.0.number("limit", 1..=ENTRIES_MAX);
        Ok(limit.map_err(|_| Problem::Format("limit", "a number from 1 to 200"))?.unwrap_or(ENTRIES_DEFAULT))
    }
}

/// Reads one part of a list: `fetch` gets one more than the limit of entries. Returns the entries, and whether there are
/// more.
pub(super) fn read_page<T>(
    limit: u64,
    fetch: impl FnOnce(u64) -> crate::model::Result<Vec<T>>,
) -> Result<(Vec<T>, bool)> {
    let mut entries = fetch(limit + 1)?;
    let has_more = entries.len() as u64 > limit;
    entries.truncate(limit as usize);
    Ok((entries, has_more))
}
