//! The audit log on the admin page.

use super::decode::Parameters;
use super::error::{Problem, Result};
use crate::admin::ChangeView;
use crate::dialect::call::Call;
use crate::directory::Directory;
use crate::http::Response;
use serde::Serialize;

/// `GET /api/changes`: the newest first.
pub(super) fn list(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let parameters = Parameters::parse(call.request, &["before", "limit"])?;
    let before = parameters.get("before").map(str::parse).transpose();
    let before = before.map_err(|_| Problem::Format("before", "the number of a change"))?;
    let found = directory.changes_before(before, parameters.limit()?)?;
    let changes: Vec<ChangeView> = found.iter().map(ChangeView::of).collect();
    let next = found.last().map(|change| change.id);
    Ok(Response::json(200, &Page { changes, next }))
}

/// One part of the list.
#[derive(Serialize)]
struct Page {
    changes: Vec<ChangeView>,
    /// The value of `before` for the next part; none at the end.
    next: Option<i64>,
}
