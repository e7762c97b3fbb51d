//! Bodies and queries of requests, taken to the letter: what is not known here is a mistake of the page's.

use super::error::{Problem, Result};
use crate::dialect::decode;
use crate::http::{Parameter, Request};
use crate::json::{Json, Object, from_json};
use serde::de::DeserializeOwned;

/// Entries of a list unless asked for, and at most.
const LIMIT: u64 = 50;
const LIMIT_MAX: u64 = 200;

/// The body of a request, which may have these fields.
pub(super) fn fields(request: &Request<'_>, known: &[&str]) -> Result<Object> {
    let body = decode(request)?.unwrap_or_default();
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Problem::UnknownField(name.clone())),
        None => Ok(body),
    }
}

/// The body of a request as a record, which may have these fields. Null is what is not said.
pub(super) fn record<T: DeserializeOwned>(request: &Request<'_>, known: &[&str]) -> Result<T> {
    let mut body = fields(request, known)?;
    body.retain(|_, value| !value.is_null());
    from_json(Json::Object(body)).map_err(|error| Problem::BadBody(error.to_string()))
}

/// A text that has to be there.
pub(super) fn text<'b>(body: &'b Object, name: &'static str) -> Result<&'b str> {
    body.get(name).and_then(Json::as_str).ok_or(Problem::Format(name, "a text"))
}

/// The parameters of a query.
pub(super) struct Parameters<'r>(Vec<Parameter<'r>>);

impl<'r> Parameters<'r> {
    /// Reads those, which may be these.
    pub(super) fn of(request: &Request<'r>, known: &[&str]) -> Result<Parameters<'r>> {
        let parameters = request.parameters()?;
        match parameters.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            Some((name, _)) => Err(Problem::UnknownField(name.to_string())),
            None => Ok(Parameters(parameters)),
        }
    }

    /// The value of one that is there and not empty.
    pub(super) fn get(&self, wanted: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_ref());
        found.filter(|value| !value.is_empty())
    }

    /// One of two words, as what it stands for.
    pub(super) fn choice(&self, wanted: &'static str, [yes, no]: [&'static str; 2]) -> Result<Option<bool>> {
        match self.get(wanted) {
            None => Ok(None),
            Some(word) if word == yes => Ok(Some(true)),
            Some(word) if word == no => Ok(Some(false)),
            Some(_) => Err(Problem::NeitherOf(wanted, yes, no)),
        }
    }

    /// How many entries are wanted.
    pub(super) fn limit(&self) -> Result<u64> {
        let limit = self.get("limit").map_or(Some(LIMIT), |limit| limit.parse().ok());
        limit.filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or(Problem::Format("limit", "a number from 1 to 200"))
    }
}
