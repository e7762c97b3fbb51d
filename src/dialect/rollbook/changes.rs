//! What has changed, as lines of JSON.

use super::error::{Problem, Result};
use crate::directory::{Directory, Since};
use crate::http::{Request, Response};
use crate::model::{Change, Error};
use serde::Serialize;
use serde_json::value::RawValue;
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
    let since = parameter("since").map_or(Some(Since::Change(0)), since);
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
        serde_json::to_writer(&mut lines, &line(change)).map_err(|error| Error::Internal(error.into()))?;
        lines.push(b'\n');
    }
    Ok(Response::json_lines(lines).with_header("Rollbook-Next", &found.next.to_string()))
}

/// The number of a change, a time, or now.
fn since(text: &str) -> Option<Since> {
    if text == "now" {
        return Some(Since::Now);
    }
    if let Ok(number) = text.parse::<i64>() {
        return (number >= 0).then_some(Since::Change(number));
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Since::Time(time.as_millisecond()))
}

/// A change on the wire.
#[derive(Serialize)]
pub(crate) struct Line<'c> {
    id: i64,
    time: String,
    caller: Option<&'c str>,
    caller_kind: Option<&'c str>,
    dialect: &'c str,
    action: &'c str,
    name: &'c str,
    before: Option<&'c RawValue>,
    after: Option<&'c RawValue>,
}

/// The document of a change.
pub(crate) fn line(change: &Change) -> Line<'_> {
    fn raw(json: &Option<String>) -> Option<&RawValue> {
        json.as_deref().and_then(|json| serde_json::from_str(json).ok())
    }
    Line {
        id: change.id,
        time: timestamp(change.at),
        caller: change.caller.as_deref(),
        caller_kind: change.caller_kind.as_deref(),
        dialect: &change.dialect,
        action: &change.action,
        name: &change.name,
        before: raw(&change.before),
        after: raw(&change.after),
    }
}

/// Milliseconds since 1970 as a timestamp (RFC 3339, UTC).
fn timestamp(milliseconds: i64) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default())
}
