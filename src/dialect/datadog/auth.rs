//! The two keys of a request, in headers or in the query.

use super::error::{Problem, Result};
use crate::dialect::Context;
use crate::directory::Directory;
use crate::http::{Request, RequestLogFields};
use crate::model::Caller;
use std::borrow::Cow;

/// Checks the API key alone, which is enough to look whether it is valid.
pub(super) fn require_api_key(context: &Context, request: &Request<'_>) -> Result<()> {
    Ok(request.admit(&api_key(context, request)?.name)?)
}

/// Checks both keys and opens the directory for the application key's holder.
pub(super) fn directory(context: &Context, request: &Request<'_>, trace: &mut RequestLogFields) -> Result<Directory> {
    api_key(context, request)?;
    let key = key(request, "DD-APPLICATION-KEY", "application_key")?.ok_or(Problem::ApplicationKeyRequired)?;
    let caller = context.access.application_key(&key)?;
    trace.caller = Some(caller.name.clone());
    request.admit(&caller.name)?;
    Ok(context.access.directory(caller, super::NAME))
}

fn api_key(context: &Context, request: &Request<'_>) -> Result<Caller> {
    let key = key(request, "DD-API-KEY", "api_key")?.ok_or(Problem::ApiKeyRequired)?;
    Ok(context.access.api_key(&key)?)
}

/// A key from the header or else from the query, where older clients and many scripts have it. Empty is absent.
fn key<'r>(request: &'r Request<'_>, header: &str, parameter: &str) -> Result<Option<Cow<'r, str>>> {
    if let Some(key) = request.header(header).filter(|key| !key.is_empty()) {
        return Ok(Some(Cow::Borrowed(key)));
    }
    if request.query.is_empty() {
        return Ok(None);
    }
    let parameters = request.parameters()?;
    Ok(parameters.into_iter().find(|(name, value)| name == parameter && !value.is_empty()).map(|(_, value)| value))
}
