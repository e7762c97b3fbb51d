//! The OpenAPI documents, and calls from them.

use super::server::Server;
use crate::openapi::ask;
use serde_json::Value;
use std::collections::BTreeSet;

/// The description, and the paths that it has.
pub fn described(server: &Server) -> (Value, BTreeSet<String>) {
    let document = ask(server, "GET", &[]).json();
    let paths = document["paths"].as_object().expect("paths").keys().cloned().collect();
    (document, paths)
}

/// The path with the examples of its parameters, and those of the query that have to be there.
pub fn filled(document: &Value, path: &str, operation: &Value) -> String {
    let (mut target, mut query) = (path.to_owned(), Vec::new());
    for parameter in operation["parameters"].as_array().expect("parameters") {
        let parameter = match parameter["$ref"].as_str() {
            Some(place) => document.pointer(&place[1..]).expect("what is referred to"),
            None => parameter,
        };
        let name = parameter["name"].as_str().expect("a name");
        match parameter["in"].as_str() {
            Some("path") => {
                let example = parameter["example"].as_str().expect("an example").replace('/', "%2F");
                target = target.replace(&format!("{{{name}}}"), &example);
            }
            Some("query") if parameter["required"] == true => {
                query.push(format!("{name}={}", parameter["example"].as_str().expect("an example")));
            }
            _ => {}
        }
    }
    if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
}
