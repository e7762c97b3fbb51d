//! How the server goes, in numbers.

use super::error::Result;
use crate::dialect::Context;
use crate::directory::Directory;
use crate::http::Response;
use crate::metrics::Page;
use serde_json::{Map, Value, json};

/// `GET /api/figures`: what `/metrics` tells, for those to whom nothing is forbidden.
pub(super) fn show(directory: &Directory, context: &Context) -> Result<Response> {
    directory.require_administrator()?;
    let mut page = Page::default();
    context.tell(&mut page);
    let mut figures = Vec::new();
    page.visit(|name, labels, value| {
        let labels: Map<String, Value> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        figures.push(json!({ "name": name, "labels": labels, "value": value }));
    });
    Ok(Response::json(200, &json!({ "version": env!("CARGO_PKG_VERSION"), "figures": figures })))
}
