//! How the server goes, in numbers.

use super::error::Result;
use crate::dialect::Context;
use crate::directory::Directory;
use crate::http::Response;
use crate::metrics::Exposition;
use serde_json::json;
use std::collections::BTreeMap;

/// `GET /api/figures`: what `/metrics` tells, for those to whom nothing is forbidden.
pub(super) fn show(directory: &Directory, context: &Context) -> Result<Response> {
    directory.require_administrator()?;
    let mut exposition = Exposition::default();
    context.collect_metrics(&mut exposition);
    let mut figures = Vec::new();
    exposition.visit(|name, labels, value| {
        let labels: BTreeMap<&str, &str> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
        figures.push(json!({ "name": name, "labels": labels, "value": value }));
    });
    Ok(Response::json(200, &json!({ "version": env!("CARGO_PKG_VERSION"), "figures": figures })))
}
