//! The metrics of the server on the admin page.

use super::error::Result;
use crate::dialect::call::Call;
use crate::directory::Directory;
use crate::http::Response;
use crate::metrics::Exposition;
use serde_json::json;
use std::collections::BTreeMap;

/// `GET /api/figures`: the numbers of `/metrics`, for administrators.
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require_administrator()?;
    let mut exposition = Exposition::default();
    call.context.collect_metrics(&mut exposition);
    let mut figures = Vec::new();
    exposition.visit(|name, labels, value| {
        let labels: BTreeMap<&str, &str> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
        figures.push(json!({ "name": name, "labels": labels, "value": value }));
    });
    Ok(Response::json(200, &json!({ "version": env!("CARGO_PKG_VERSION"), "figures": figures })))
}
