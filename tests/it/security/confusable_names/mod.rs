//! Names that look alike.

mod imported_names;
#[path = "../../../../src/model/name/tests/invisible.rs"]
mod invisible;
mod new_names;
mod old_directory;
mod old_names;

use crate::support::cli::{run, said};
use crate::support::client::Answer;
use crate::support::server::Server;
use serde_json::{Value, json};

/// Asks the page's interface as the administrator.
pub fn page(server: &Server, cookie: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let headers = [("Cookie", cookie), ("X-Requested-With", "rollbook")];
    let body = body.map(Value::to_string);
    server.request(method, &format!("/ui/api/{path}"), &headers, body.as_deref().map(str::as_bytes))
}

pub fn create_datadog(server: &Server, handle: &str) -> (u16, Value) {
    server.datadog("POST", "/api/v1/user", Some(&json!({"handle": handle}).to_string())).parts()
}

pub fn create_nuxeo(server: &Server, username: &str) -> (u16, Value) {
    let body = json!({"entity-type": "user", "properties": {"username": username}});
    server.nuxeo("POST", "/user", Some(&body.to_string())).parts()
}

pub fn create_nuxeo_group(server: &Server, name: &str) -> (u16, Value) {
    server.nuxeo("POST", "/group", Some(&json!({"entity-type": "group", "groupname": name}).to_string())).parts()
}

/// Tries each way to create a user or group of that name, and returns the outcomes.
pub fn attempts(server: &Server, cookie: &str, name: &str, is_group: bool) -> Vec<(&'static str, u16, String)> {
    let text =
        |(status, body): (u16, Value), field: &str| (status, body[field].as_str().unwrap_or_default().to_owned());
    let word = if is_group { "group" } else { "user" };
    let nuxeo = if is_group { create_nuxeo_group(server, name) } else { create_nuxeo(server, name) };
    let (status, why) = text(nuxeo, "message");
    let mut all = vec![("nuxeo", status, why)];
    let answer = page(server, cookie, "POST", &format!("{word}s"), Some(&json!({"name": name})));
    let (status, why) = text(answer.parts(), "error");
    all.push(("page", status, why));
    let (code, _, why) = said(&run(&server.folder, &[word, "add", name]));
    all.push(("command", if code == 0 { 201 } else { 400 }, why));
    let file = server.folder.path().join("one.jsonl");
    std::fs::write(&file, format!("{}\n", json!({"kind": word, "name": name}))).expect("a file");
    let (code, _, why) = said(&run(&server.folder, &["import", file.to_str().unwrap()]));
    all.push(("import", if code == 0 { 201 } else { 400 }, why));
    if !is_group {
        let (status, body) = create_datadog(server, name);
        all.push(("datadog", status, body["errors"][0].as_str().unwrap_or_default().to_owned()));
    }
    all
}
