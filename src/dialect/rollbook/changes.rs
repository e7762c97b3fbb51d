//! The changes feed: records of the audit log as lines of JSON.

use super::error::{Problem, Result};
use crate::admin::ChangeView;
use crate::dialect::call::Call;
use crate::directory::{ChangeCursor, Directory};
use crate::http::Response;
use crate::json;
use crate::model::Error;
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
    let found = directory.changes(since, limit.unwrap_or(LINES_DEFAULT), wait)?;
    let mut lines = Vec::new();
    for change in &found.changes {
        json::to_writer(&mut lines, &ChangeView::of(change)).map_err(|error| Error::Internal(error.into()))?;
        lines.push(b'\n');
    }
    let response = Response::json_lines(lines).with_header("Rollbook-Next", &found.next.to_string());
    Ok(match found.oldest {
        Some(oldest) => response.with_header("Rollbook-Oldest", &oldest.to_string()),
        None => response,
    })
}
