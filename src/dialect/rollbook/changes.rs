//! The changes feed: records of the audit log as lines of JSON.

use super::error::{Problem, Result};
use crate::admin::write_change_line;
use crate::dialect::call::Call;
use crate::directory::{ChangeCursor, Directory};
use crate::http::Response;
use std::sync::Arc;
use std::time::Duration;

/// Lines in an answer, unless the query has another number.
const LINES_DEFAULT: u64 = 1000;
const LINES_MAX: u64 = 10_000;
/// Longest wait for a change. Proxies close connections that are silent for longer.
const WAIT_SECONDS_MAX: f64 = 60.0;

/// `GET /v1/changes`: the changes after `since`, the oldest first. With `wait`, an empty answer is held back until there
/// is a change or the time is over.
pub(super) fn list(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let query = call.request.parameters()?;
    let since = query.text("since").map_or(Some(ChangeCursor::Oldest), ChangeCursor::parse);
    let since = since.ok_or(Problem::Format("since", "the number of a change, a time (RFC 3339) or now"))?;
    let limit = query.number("limit", 1..=LINES_MAX);
    let limit = limit.map_err(|_| Problem::Format("limit", "a number from 1 to 10000"))?;
    let wait = query.number("wait", 0.0..=WAIT_SECONDS_MAX);
    let wait = wait.map_err(|_| Problem::Format("wait", "a number of seconds from 0 to 60"))?;
    let wait = Duration::from_secs_f64(wait.unwrap_or_default());
    let request = (since, limit.unwrap_or(LINES_DEFAULT));
    let found = directory.change_lines(&call.context.recent_lines, request, wait, write_change_line)?;
    let (next, oldest) = (found.next, found.oldest);
    let lines = Arc::try_unwrap(found).map_or_else(|shared| shared.lines.clone(), |own| own.lines);
    let response = Response::json_lines(lines).with_header("Rollbook-Next", &next.to_string());
    Ok(match oldest {
        Some(oldest) => response.with_header("Rollbook-Oldest", &oldest.to_string()),
        None => response,
    })
}
