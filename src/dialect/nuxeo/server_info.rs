//! The server as clients see it: versions, capabilities, running status.

use super::error::Result;
use super::options::parameter;
use crate::dialect::call::Call;
use crate::directory::Directory;
use crate::http::Response;
use serde_json::json;

/// The version of the reference server that clients find here. They choose their requests by it.
const VERSION: &str = "2023.0";

/// `GET /json/cmis`: clients read `productVersion` and nothing else.
pub(super) fn get_cmis(_: &mut Call<'_>, _: &Directory) -> Result<Response> {
    Ok(Response::json(
        200,
        &json!({ "default": {
            "repositoryId": "default",
            "repositoryName": "default",
            "vendorName": "Rollbook",
            "productName": "Rollbook",
            "productVersion": VERSION,
        }}),
    ))
}

/// `GET /api/v1/capabilities`
pub(super) fn get_capabilities(_: &mut Call<'_>, _: &Directory) -> Result<Response> {
    Ok(Response::json(
        200,
        &json!({ "entity-type": "capabilities", "server": {
            "distributionName": "rollbook",
            "distributionVersion": VERSION,
            "distributionServer": "rollbook",
        }}),
    ))
}

/// `GET /runningstatus`: with `info=started` a text that says that the server has started, else the states of its parts.
/// The parts are those of the reference server; here the database does the work of all of them.
pub(super) fn get_running_status(call: &mut Call<'_>) -> Result<Response> {
    if parameter(call.request, "info")?.is_some_and(|info| info.eq_ignore_ascii_case("started")) {
        return Ok(Response::text(200, "true"));
    }
    let parts = |repository: &str| {
        json!({
            "runtimeStatus": "ok",
            "repositoryStatus": repository,
            "elasticSearchStatus": "ok",
            "streamStatus": "ok",
        })
    };
    match call.context.authenticator.require_writable() {
        Ok(()) => Ok(Response::json(200, &parts("ok"))),
        Err(error) => {
            log::warn!("the running status is not ok: {}", error.with_cause());
            Ok(Response::json(503, &parts("the database takes no writes")).with_header("Retry-After", "1"))
        }
    }
}
