//! What has changed, as lines of JSON.

use super::error::{Problem, Result};
use crate::admin::ShownChange;
use crate::directory::{ChangeCursor, Directory};
use crate::http::{Request, Response};
use crate::json;
use crate::model::Error;
use std::time::Duration;

/// Lines in an answer unless asked for, and at most.
const LIMIT: u64 = 1000;
const LIMIT_MAX: u64 = 10_000;
/// Longest wait for a change, in seconds: proxies give up on connections that are silent for longer.
const WAIT_MAX: f64 = 60.0;

/// `GET /v1/changes`: those after `since`, the oldest first; with `wait`, not before there is one.
pub(super) fn list(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let parameters = request.parameters()?;
    let parameter = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty())
    };
    let since = parameter("since").map_or(Some(ChangeCursor::Oldest), ChangeCursor::parse);
    let since = since.ok_or(Problem::Format("since", "the number of a change, a time (RFC 3339) or now"))?;
    let limit = parameter("limit").map_or(Some(LIMIT), |limit| limit.parse().ok());
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
    let limit = limit.ok_or(Problem::Format("limit", "a number from 1 to 10000"))?;
    let wait = parameter("wait").map_or(Some(0.0), |wait| wait.parse().ok());
    let wait = wait.filter(|wait| (0.0..=WAIT_MAX).contains(wait));
    let wait = Duration::from_secs_f64(wait.ok_or(Problem::Format("wait", "a number of seconds from 0 to 60"))?);
    let found = directory.changes(since, limit, wait)?;
    let mut lines = Vec::new();
    for change in &found.changes {
        json::to_writer(&mut lines, &ShownChange::of(change)).map_err(|error| Error::Internal(error.into()))?;
        lines.push(b'\n');
    }
    let response = Response::json_lines(lines).with_header("Rollbook-Next", &found.next.to_string());
    Ok(match found.oldest {
        Some(oldest) => response.with_header("Rollbook-Oldest", &oldest.to_string()),
        None => response,
    })
}
