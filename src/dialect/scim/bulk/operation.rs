//! The operations of a bulk request, and the references between them.

use crate::dialect::scim::problem::{Problem, ScimType, shown};
use crate::dialect::scim::schema::ENTERPRISE_USER_SCHEMA;
use crate::http::Etag;
use crate::json::{Json, Object};
use crate::model::Precondition;
use std::collections::{BTreeSet, HashMap};

/// The beginning of a reference to a resource that another operation creates.
const REFERENCE: &str = "bulkId:";

/// The endpoint of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Users,
    Groups,
    Unknown,
}

/// An operation as it was sent.
pub(super) struct Operation {
    /// In capital letters.
    pub(super) method: String,
    pub(super) path: String,
    pub(super) endpoint: Endpoint,
    /// The identifier in the path, which can be a reference.
    pub(super) id: Option<String>,
    pub(super) bulk_id: Option<String>,
    pub(super) data: Option<Json>,
    version: Option<String>,
    /// The reason why it cannot run.
    pub(super) problem: Option<Problem>,
}

impl Operation {
    pub(super) fn parse(value: Json) -> Operation {
        let Json::Object(members) = value else {
            let problem = Problem::new(ScimType::InvalidSyntax, "an operation has to be a JSON object");
            return Operation { problem: Some(problem), ..Operation::new(String::new(), String::new()) };
        };
        let mut fields: HashMap<String, Json> =
            members.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let mut text = |name: &str| match fields.remove(name) {
            Some(Json::String(text)) => Some(text),
            _ => None,
        };
        let (method, path) = (text("method").unwrap_or_default(), text("path").unwrap_or_default());
        let (bulk_id, version) = (text("bulkid").filter(|id| !id.is_empty()), text("version"));
        let data = fields.remove("data").filter(|data| !data.is_null());
        let mut operation = Operation { bulk_id, version, data, ..Operation::new(method, path) };
        if operation.method == "POST" && operation.bulk_id.is_none() {
            operation.problem = Some(Problem::new(ScimType::InvalidValue, "an operation with POST needs a bulkId"));
        }
        operation
    }

    fn new(method: String, path: String) -> Operation {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let endpoint = match segments.next().map(str::to_ascii_lowercase).as_deref() {
            Some("users") => Endpoint::Users,
            Some("groups") => Endpoint::Groups,
            _ => Endpoint::Unknown,
        };
        let id = segments.next().map(str::to_owned);
        let is_unknown = endpoint == Endpoint::Unknown || segments.next().is_some();
        let problem = is_unknown
            .then(|| Problem::of_status(404, format!("the path {} is not one of users or groups", shown(&path))));
        let method = method.to_ascii_uppercase();
        Operation { method, path, endpoint, id, bulk_id: None, data: None, version: None, problem }
    }

    /// The state in which the resource has to be.
    pub(super) fn precondition(&self) -> Precondition {
        let Some(version) = &self.version else { return Precondition::default() };
        let tag = version.strip_prefix("W/").unwrap_or(version).trim_matches('"');
        Precondition::any_of(Etag::parse(tag.as_bytes()).map(|tag| tag.state).into_iter().collect())
    }
}

/// True for a text that refers to a resource of another operation.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with(REFERENCE)
}

/// The `bulkId` that an element or a manager refers to.
fn reference_of(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value.get("value")?.as_str())?.strip_prefix(REFERENCE)
}

/// The `bulkId` of each resource that the operation refers to.
pub(super) fn references(operation: &Operation) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    found.extend(operation.id.as_deref().and_then(|id| id.strip_prefix(REFERENCE)));
    if let Some(data) = &operation.data {
        collect_references(data, &mut found);
    }
    found
}

// The depth of a body is limited, so that the recursion is too.
fn collect_references<'v>(value: &'v Json, found: &mut BTreeSet<&'v str>) {
    match value {
        Json::String(text) => found.extend(text.strip_prefix(REFERENCE)),
        Json::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        Json::Object(members) => members.values().for_each(|value| collect_references(value, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// True if a text of the value is a reference.
pub(super) fn has_reference(value: &Json) -> bool {
    let mut found = BTreeSet::new();
    collect_references(value, &mut found);
    !found.is_empty()
}

/// The value with the identifiers of resources in place of references to them.
pub(super) fn resolved(value: Json, ids: &HashMap<String, String>) -> Json {
    match value {
        Json::String(text) => Json::String(resolved_text(&text, ids)),
        Json::Array(items) => Json::Array(items.into_iter().map(|item| resolved(item, ids)).collect()),
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(name, value)| (name, resolved(value, ids))).collect::<Object>())
        }
        other => other,
    }
}

/// The text with the identifier in place of a reference. The path of a PATCH can have one in quotes.
pub(super) fn resolved_text(text: &str, ids: &HashMap<String, String>) -> String {
    if let Some(id) = text.strip_prefix(REFERENCE) {
        return ids.get(id).cloned().unwrap_or_else(|| text.to_owned());
    }
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(at) = rest.find("\"bulkId:") {
        let (before, reference) = rest.split_at(at + 1);
        out.push_str(before);
        let end = reference.find('"').unwrap_or(reference.len());
        let (reference, after) = reference.split_at(end);
        let id = reference.strip_prefix(REFERENCE).and_then(|id| ids.get(id));
        out.push_str(id.map_or(reference, String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The data of a new resource without references, and the PATCH that adds them.
pub(super) struct Split {
    pub(super) data: Json,
    pub(super) patch: Json,
    /// The identifiers that the PATCH refers to.
    pub(super) references: Vec<String>,
}

/// Splits the data of a new resource: members of a group, or the manager of a user. `None` if there are other references.
pub(super) fn split(endpoint: Endpoint, mut data: Json) -> Option<Split> {
    let (path, value) = match endpoint {
        Endpoint::Groups => ("members".to_owned(), Json::Array(take_members(&mut data))),
        Endpoint::Users => (format!("{}:manager", ENTERPRISE_USER_SCHEMA.urn), take_manager(&mut data)?),
        Endpoint::Unknown => return None,
    };
    if has_reference(&data) {
        return None;
    }
    let items = value.as_array().unwrap_or_else(|| std::slice::from_ref(&value));
    let references = items.iter().filter_map(reference_of).map(str::to_owned).collect();
    let text = |text: &str| Json::String(text.to_owned());
    let operation = Object::from([
        ("op".to_owned(), text("add")),
        ("path".to_owned(), Json::String(path)),
        ("value".to_owned(), value),
    ]);
    let operations = Json::Array(vec![Json::Object(operation)]);
    Some(Split { data, patch: Json::Object(Object::from([("Operations".to_owned(), operations)])), references })
}

/// Takes the members that are references out of the data of a group.
fn take_members(data: &mut Json) -> Vec<Json> {
    let mut taken = Vec::new();
    if let Json::Object(group) = data {
        for (_, value) in group.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("members")) {
            if let Json::Array(members) = value {
                taken.extend(members.extract_if(.., |member| reference_of(member).is_some()));
            }
        }
    }
    taken
}

/// Takes the manager out of the data of a user, if it is a reference.
fn take_manager(data: &mut Json) -> Option<Json> {
    let Json::Object(user) = data else { return None };
    let extension = user.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(ENTERPRISE_USER_SCHEMA.urn));
    let (_, Json::Object(extension)) = extension? else { return None };
    let name = extension.keys().find(|name| name.eq_ignore_ascii_case("manager"))?.clone();
    reference_of(extension.get(&name)?)?;
    extension.remove(&name)
}
