//! Composes the parts into one document.

use super::part::OpenApiPart;
use crate::dialect::route::{PathMethods, PathVariant};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Object = Map<String, Value>;

/// The description of the whole document.
const INTRODUCTION: &str = include_str!("introduction.md");

/// The document. Its keys have the order in which people read it.
#[derive(Serialize)]
pub(in crate::dialect) struct Description {
    openapi: &'static str,
    info: Value,
    tags: Vec<Value>,
    paths: BTreeMap<String, BTreeMap<String, Object>>,
    components: BTreeMap<String, Object>,
}

/// The file of a part.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartFile {
    tags: Vec<Value>,
    /// Defaults of operations.
    every: OperationDefaults,
    /// The operations by path and method, as in the table of routes.
    paths: BTreeMap<String, BTreeMap<String, Object>>,
    components: BTreeMap<String, Object>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationDefaults {
    tags: Vec<String>,
    security: Vec<Value>,
    parameters: Vec<Value>,
    /// By status. An operation drops one of them with null.
    responses: Object,
}

impl Description {
    /// A description without any operation.
    pub(in crate::dialect) fn new() -> Description {
        let info = json!({
            "title": "Rollbook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": { "name": "MIT", "identifier": "MIT" },
        });
        let (tags, paths, components) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Description { openapi: "3.1.0", info, tags, paths, components }
    }

    /// Adds the paths of a part below that prefix that are served there.
    pub(in crate::dialect) fn add(&mut self, prefix: &str, part: &OpenApiPart, is_served: impl Fn(&str) -> bool) {
        let file = PartFile::parse(part);
        for route in &part.paths {
            for variant in &route.variants {
                let Some(path) = variant.apply(route.path).map(|path| format!("{prefix}{path}")) else { continue };
                if is_served(&path) {
                    let operations = file.operations(route);
                    let complete = |(method, operation)| (method, complete(operation, &file.every, variant));
                    self.paths.insert(path, operations.map(complete).collect());
                }
            }
        }
        self.tags.extend(file.tags);
        for (kind, components) in file.components {
            self.components.entry(kind).or_default().extend(components);
        }
    }

    /// The text of the document.
    pub(in crate::dialect) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("objects of JSON serialise")
    }
}

impl PartFile {
    fn parse(part: &OpenApiPart) -> PartFile {
        let mut file: PartFile = serde_json::from_str(part.text).expect("a part is JSON: a test reads each");
        let responses = file.components.get_mut("responses").into_iter().flat_map(Object::values_mut);
        responses.for_each(name_request);
        file
    }

    /// The operations of a path, by method.
    fn operations(&self, route: &PathMethods) -> impl Iterator<Item = (String, &Object)> {
        let operations = self.paths.get(route.path);
        route.methods.iter().filter_map(move |method| {
            let method = method.as_str().to_ascii_lowercase();
            let operation = operations?.get(&method)?;
            Some((method, operation))
        })
    }
}

/// The operation with all that it has in common with others.
fn complete(operation: &Object, every: &OperationDefaults, variant: &PathVariant) -> Object {
    let mut operation = operation.clone();
    operation.entry("tags").or_insert_with(|| json!(every.tags));
    operation.entry("security").or_insert_with(|| json!(every.security));
    if let Some(Value::String(name)) = operation.get_mut("operationId") {
        name.push_str(variant.operation_suffix);
    }
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Value::Array(parameters) = parameters {
        let own = variant.parameter.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
        parameters.extend(own.into_iter().chain(every.parameters.iter().cloned()));
    }
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        for (status, response) in &every.responses {
            responses.entry(status).or_insert_with(|| response.clone());
        }
        responses.retain(|_, response| !response.is_null());
        responses.values_mut().for_each(name_request);
    }
    operation
}

/// Adds to a response what every response has: the identifier of the request.
fn name_request(response: &mut Value) {
    let Value::Object(response) = response else { return };
    if !response.contains_key("$ref")
        && let Value::Object(headers) = response.entry("headers").or_insert_with(|| json!({}))
    {
        let header = || json!({ "$ref": "#/components/headers/RequestId" });
        headers.entry("X-Request-Id").or_insert_with(header);
    }
}
