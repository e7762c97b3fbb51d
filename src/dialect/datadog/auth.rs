//! The two keys of a request, in headers or in the query.

use super::error::{Problem, Result};
use crate::dialect::call::Call;
use crate::directory::Directory;
use crate::http::{Request, Response};
use crate::model::Caller;
use serde_json::json;
use std::borrow::Cow;

/// The name of the dialect in settings, in the log and in the audit log.
pub(super) const NAME: &str = "datadog";

/// `GET /api/v1/validate`
pub(super) fn validate(_: &mut Call<'_>) -> Result<Response> {
    Ok(Response::json(200, &json!({ "valid": true })))
}

/// Checks the API key alone and reads the body.
pub(super) fn require_api_key(call: &Call<'_>) -> Result<()> {
    Ok(call.request.admit(&api_key(call)?.name)?)
}

/// Checks both keys and opens the directory for the holder of the application key.
pub(super) fn authenticate(call: &mut Call<'_>) -> Result<Directory> {
    api_key(call)?;
    let key = key(call.request, "DD-APPLICATION-KEY", "application_key")?.ok_or(Problem::ApplicationKeyRequired)?;
    let caller = call.context.authenticator.application_key(&key)?;
    Ok(call.open_directory(caller, NAME)?)
}

fn api_key(call: &Call<'_>) -> Result<Caller> {
    let key = key(call.request, "DD-API-KEY", "api_key")?.ok_or(Problem::ApiKeyRequired)?;
    Ok(call.context.authenticator.api_key(&key)?)
}

/// A key from the header or else from the query, where older clients and many scripts have it. Empty is absent.
fn key<'r>(request: &Request<'r>, header: &str, parameter: &str) -> Result<Option<Cow<'r, str>>> {
    if let Some(key) = request.header(header).filter(|key| !key.is_empty()) {
        return Ok(Some(Cow::Borrowed(key)));
    }
    let mut values = request.parameters()?.into_values(|name| name == parameter);
    Ok(values.find(|value| !value.is_empty()))
}
