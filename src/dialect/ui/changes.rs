//! What was done last.

use super::decode::Parameters;
use super::error::{Problem, Result};
use crate::admin::ShownChange;
use crate::directory::Directory;
use crate::http::{Request, Response};
use serde::Serialize;

/// `GET /api/changes`: the newest first.
pub(super) fn list(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let parameters = Parameters::of(request, &["before", "limit"])?;
    let before = parameters.get("before").map(str::parse).transpose();
    let before = before.map_err(|_| Problem::Format("before", "the number of a change"))?;
    let found = directory.changes_before(before, parameters.limit()?)?;
    let changes: Vec<ShownChange> = found.iter().map(ShownChange::of).collect();
    let next = found.last().map(|change| change.id);
    Ok(Response::json(200, &Page { changes, next }))
}

/// A part of the list.
#[derive(Serialize)]
struct Page {
    changes: Vec<ShownChange>,
    /// The number to go on before; none at the end.
    next: Option<i64>,
}
