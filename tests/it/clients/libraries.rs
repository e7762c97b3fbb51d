//! The vendors' own client libraries, each taken through a life of users (and groups) by a script in `tests/clients/`.

use crate::support::client_tools::live_on;
use crate::support::server::Server;

#[test]
fn datadogpy_with_keys_in_the_query_lives_its_life() {
    live("datadog-0.29.3", "life_datadogpy.py");
}

#[test]
fn datadogpy_with_plural_paths_lives_its_life() {
    live("datadog-0.30.0", "life_datadogpy.py");
}

#[test]
fn datadogpy_with_keys_in_headers_lives_its_life() {
    live("datadog-0.56.0", "life_datadogpy.py");
}

#[test]
fn datadogpy_lives_its_life_below_a_prefix() {
    live_below("/dog", &["--datadog-prefix", "/dog"], "datadog-0.56.0", "life_datadogpy.py");
}

#[test]
fn the_official_datadog_client_for_python_lives_its_life() {
    live("datadog-api-client-2.62.0", "life_datadog_api_client.py");
}

#[test]
fn the_official_datadog_client_for_typescript_lives_its_life() {
    live("npm-datadog-1.64.0", "life_datadog_api_client.js");
}

#[test]
fn the_older_nuxeo_client_for_python_lives_its_life() {
    logged(live("nuxeo-3.1.1", "life_nuxeo.py"));
}

#[test]
fn the_nuxeo_client_for_python_lives_its_life() {
    logged(live("nuxeo-7.1.0", "life_nuxeo.py"));
}

#[test]
fn the_older_nuxeo_client_for_javascript_lives_its_life() {
    logged(live("npm-nuxeo-3.18.0", "life_nuxeo.js"));
}

#[test]
fn the_nuxeo_client_for_javascript_lives_its_life() {
    logged(live("npm-nuxeo-4.0.6", "life_nuxeo.js"));
}

/// Runs a life script in its environment against a new server, and returns the server. `None` when clients are skipped.
fn live(name: &str, script: &str) -> Option<Server> {
    live_below("", &[], name, script)
}

/// The same with flags for the server, and what they put between its address and the client's paths.
fn live_below(prefix: &str, flags: &[&str], name: &str, script: &str) -> Option<Server> {
    live_on(Server::with(flags), &[], prefix, name, script)
}

/// The operation that writes to the server's log has done so for both lives of the script.
fn logged(server: Option<Server>) {
    if let Some(server) = server {
        server.wait_for_log("the life of plain");
        server.wait_for_log("the life of slash");
    }
}
