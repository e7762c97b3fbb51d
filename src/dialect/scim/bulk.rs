//! Bulk requests (RFC 7644, 3.7): several operations in one request. Each is a transaction of its own.
//!
//! An operation can name a resource that another one creates by `bulkId:…`, also a later one. Such an operation waits
//! until the other is done. New resources that name each other are created without these members and managers, which are
//! added at the end. A resource that cannot be completed is removed.

mod operation;
mod schedule;

use super::auth;
use super::discovery::BULK_OPERATIONS_MAX;
use super::failure::{Failure, Result};
use super::groups;
use super::location::Locations;
use super::problem::{Problem, ScimType};
use super::request::body;
use super::response;
use super::users;
use crate::dialect::call::Call;
use crate::dialect::preconditions::weak_tag;
use crate::directory::Directory;
use crate::http::Response;
use crate::json::{Json, Object};
use crate::model::{EtagScope, GroupRef, Precondition, UserRef};
use operation::{Endpoint, Operation, Split, has_reference, resolved, split};
use schedule::Schedule;
use std::collections::{HashMap, HashSet};

/// The schema of the answer.
const RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// `POST /Bulk`
pub(super) fn run(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let (operations, errors_max) = parse(body(call.request)?)?;
    let mut bulk = Bulk {
        call,
        directory,
        ids: HashMap::new(),
        results: operations.iter().map(|_| None).collect(),
        later: Vec::new(),
        errors_left: errors_max,
    };
    bulk.run_all(&operations);
    let results = operations.iter().zip(bulk.results);
    let entries: Vec<String> =
        results.filter_map(|(operation, done)| Some(entry(call, operation, done?).to_string())).collect();
    let text = format!("{{\"schemas\":[\"{RESPONSE_SCHEMA}\"],\"Operations\":[{}]}}", entries.join(","));
    Ok(response::document(200, text))
}

/// The operations of a body, and the number of errors after which the server stops.
fn parse(body: Json) -> Result<(Vec<Operation>, Option<u64>)> {
    let syntax = |detail: &str| Problem::new(ScimType::InvalidSyntax, detail);
    let Json::Object(members) = body else { return Err(syntax("the body has to be a JSON object").into()) };
    let (mut operations, mut errors_max) = (None, None);
    for (name, value) in members {
        match name.to_ascii_lowercase().as_str() {
            "operations" => operations = Some(value),
            "failonerrors" if !value.is_null() => {
                let number = value.to_string().trim_matches('"').parse::<u64>().ok().filter(|number| *number > 0);
                let detail = "failOnErrors has to be a positive integer";
                errors_max = Some(number.ok_or_else(|| Problem::new(ScimType::InvalidValue, detail))?);
            }
            _ => {}
        }
    }
    let Some(Json::Array(operations)) = operations else {
        return Err(syntax("Operations has to be a list of operations").into());
    };
    if operations.is_empty() {
        return Err(syntax("Operations is empty").into());
    }
    if operations.len() > BULK_OPERATIONS_MAX {
        let detail = format!("a bulk request has at most {BULK_OPERATIONS_MAX} operations (maxOperations)");
        return Err(Problem::of_status(413, detail).into());
    }
    let mut operations: Vec<Operation> = operations.into_iter().map(Operation::parse).collect();
    let mut known = HashSet::new();
    for operation in &mut operations {
        // A reference to one of two resources could mean either.
        if operation.bulk_id.as_ref().is_some_and(|id| !known.insert(id.clone())) {
            let detail = "another operation before this one has the same bulkId";
            operation.problem = Some(Problem::new(ScimType::InvalidValue, detail));
        }
    }
    Ok((operations, errors_max))
}

/// The result of an operation that has been done.
enum Done {
    Success { status: u16, uuid: String, version: Option<u64> },
    Failed(Problem),
}

/// The completion of a new resource, for the end of the request.
struct Completion {
    /// The index of the operation that has created the resource.
    index: usize,
    endpoint: Endpoint,
    uuid: String,
    /// The PATCH that completes it, with references.
    patch: Json,
}

/// A bulk request on its way.
struct Bulk<'b, 'c> {
    call: &'b Call<'c>,
    directory: &'b Directory,
    /// The uuids of new resources by `bulkId`.
    ids: HashMap<String, String>,
    /// One for each operation; `None` before it is done.
    results: Vec<Option<Done>>,
    later: Vec<Completion>,
    /// `None`: any number.
    errors_left: Option<u64>,
}

impl Bulk<'_, '_> {
    fn run_all(&mut self, operations: &[Operation]) {
        let mut schedule = Schedule::new(operations);
        while !self.has_stopped() {
            let index = if let Some(index) = schedule.take_ready() {
                let operation = &operations[index];
                let done = self.run_one(operation, operation.data.clone().map(|data| resolved(data, &self.ids)));
                self.finish(index, done);
                index
            } else if let Some(index) = schedule.take_unready() {
                self.run_unready(index, &operations[index], &schedule);
                index
            } else {
                break;
            };
            if let (Some(Done::Success { .. }), Some(id)) = (&self.results[index], &operations[index].bulk_id) {
                schedule.resolve(id);
            }
        }
        for later in std::mem::take(&mut self.later) {
            match self.complete(&later) {
                Ok(version) => {
                    let done = Done::Success { status: 201, uuid: later.uuid, version: Some(version) };
                    self.finish(later.index, done);
                }
                Err(problem) => {
                    self.remove(&later);
                    self.finish(later.index, Done::Failed(problem));
                }
            }
        }
    }

    fn has_stopped(&self) -> bool {
        self.errors_left == Some(0)
    }

    /// Runs an operation that refers to another one that waits too: a new resource is completed later.
    fn run_unready(&mut self, index: usize, operation: &Operation, schedule: &Schedule<'_>) {
        let data = operation.data.clone().map(|data| resolved(data, &self.ids));
        let split = data.filter(|_| operation.method == "POST").and_then(|data| split(operation.endpoint, data));
        let known = |reference: &str| {
            schedule.index_of(reference).is_some_and(|other| !matches!(self.results[other], Some(Done::Failed(_))))
        };
        match split {
            Some(Split { data, patch, references }) if references.iter().all(|reference| known(reference)) => {
                let done = self.run_one(operation, Some(data));
                if let Done::Success { uuid, .. } = &done {
                    self.later.push(Completion { index, endpoint: operation.endpoint, uuid: uuid.clone(), patch });
                }
                self.finish(index, done);
            }
            _ => self.finish(index, Done::Failed(unresolved())),
        }
    }

    fn finish(&mut self, index: usize, done: Done) {
        if matches!(done, Done::Failed(_)) {
            self.errors_left = self.errors_left.map(|left| left.saturating_sub(1));
        }
        self.results[index] = Some(done);
    }

    fn run_one(&mut self, operation: &Operation, data: Option<Json>) -> Done {
        if let Some(problem) = &operation.problem {
            return Done::Failed(problem.clone());
        }
        match self.execute(operation, data) {
            Ok(done) => {
                if let (Done::Success { uuid, .. }, Some(bulk_id)) = (&done, &operation.bulk_id) {
                    self.ids.insert(bulk_id.clone(), uuid.clone());
                }
                done
            }
            Err(failure) => Done::Failed(failure.into_problem()),
        }
    }

    fn execute(&self, operation: &Operation, data: Option<Json>) -> Result<Done> {
        let (call, directory) = (self.call, self.directory);
        let id = operation.id.as_deref().map(|id| operation::resolved_text(id, &self.ids));
        let condition = operation.precondition();
        let data = || {
            let detail = "the operation has no data";
            data.ok_or_else(|| Failure::from(Problem::new(ScimType::InvalidValue, detail)))
        };
        let success = |status, uuid: &str, version: u64| {
            Ok(Done::Success { status, uuid: uuid.to_owned(), version: Some(version) })
        };
        match (operation.method.as_str(), operation.endpoint, id) {
            ("POST", Endpoint::Users, None) => {
                let user = users::create_user(directory, data()?)?;
                success(201, &user.user.uuid, user.etag())
            }
            ("PUT", Endpoint::Users, Some(id)) => {
                let user = users::put_user(call, directory, &id, data()?, &condition)?;
                success(200, &user.user.uuid, user.etag())
            }
            ("PATCH", Endpoint::Users, Some(id)) => {
                let user = users::patch_user(call, directory, &id, data()?, &condition)?;
                success(200, &user.user.uuid, user.etag())
            }
            ("DELETE", Endpoint::Users, Some(id)) => {
                directory.delete_user(UserRef::uuid(&id), condition.on(EtagScope::UserWithGroups))?;
                Ok(Done::Success { status: 204, uuid: id, version: None })
            }
            ("POST", Endpoint::Groups, None) => {
                let group = groups::create_group(call, directory, data()?)?;
                success(201, &group.uuid, group.etag())
            }
            ("PUT", Endpoint::Groups, Some(id)) => {
                let group = groups::put_group(call, directory, &id, data()?, condition)?;
                success(200, &group.uuid, group.etag())
            }
            ("PATCH", Endpoint::Groups, Some(id)) => {
                let group = groups::patch_group(call, directory, &id, data()?, condition)?;
                success(200, &group.uuid, group.etag())
            }
            ("DELETE", Endpoint::Groups, Some(id)) => {
                directory.delete_group(GroupRef::uuid(&id), condition)?;
                Ok(Done::Success { status: 204, uuid: id, version: None })
            }
            _ => {
                let detail = "an operation has POST without an identifier, or PUT, PATCH or DELETE with one";
                Err(Problem::new(ScimType::InvalidValue, detail).into())
            }
        }
    }

    /// Adds what was created after the resource. Returns its version after that.
    fn complete(&self, later: &Completion) -> std::result::Result<u64, Problem> {
        let patch = resolved(later.patch.clone(), &self.ids);
        if has_reference(&patch) {
            return Err(unresolved());
        }
        let (call, directory, uuid) = (self.call, self.directory, later.uuid.as_str());
        let changed = match later.endpoint {
            Endpoint::Users => {
                users::patch_user(call, directory, uuid, patch, &Precondition::default()).map(|user| user.etag())
            }
            _ => groups::patch_group(call, directory, uuid, patch, Precondition::default()).map(|group| group.etag()),
        };
        changed.map_err(Failure::into_problem)
    }

    /// Removes a resource that cannot be completed.
    fn remove(&self, later: &Completion) {
        let uuid = later.uuid.as_str();
        let removed = match later.endpoint {
            Endpoint::Users => self.directory.delete_user(UserRef::uuid(uuid), Precondition::default()),
            _ => self.directory.delete_group(GroupRef::uuid(uuid), Precondition::default()),
        };
        if let Err(error) = removed {
            log::warn!("the resource {uuid} of a bulk request that has failed stays: {}", error.with_cause());
        }
    }
}

/// The problem of a reference to something that no operation has created (RFC 7644, 3.7.1).
fn unresolved() -> Problem {
    Problem::of_status(409, "the operation names a bulkId that no operation has created")
}

/// The address of the resource. A POST that has failed has none.
fn location(call: &Call<'_>, operation: &Operation, done: &Done) -> Option<String> {
    let uuid = match done {
        Done::Success { uuid, .. } => uuid,
        Done::Failed(_) => operation.id.as_ref().filter(|id| !operation::is_reference(id))?,
    };
    let locations = Locations::of(call, auth::NAME);
    match operation.endpoint {
        Endpoint::Users => Some(locations.user(uuid)),
        Endpoint::Groups => Some(locations.group(uuid)),
        Endpoint::Unknown => Some(locations.endpoint(&operation.path)),
    }
}

/// The result of an operation in the answer.
fn entry(call: &Call<'_>, operation: &Operation, done: Done) -> Json {
    let text = |text: &str| Json::String(text.to_owned());
    let mut entry = Object::from([("method".to_owned(), text(&operation.method))]);
    if let Some(bulk_id) = &operation.bulk_id {
        entry.insert("bulkId".to_owned(), text(bulk_id));
    }
    if let Some(location) = location(call, operation, &done) {
        entry.insert("location".to_owned(), Json::String(location));
    }
    match done {
        Done::Success { status, version, .. } => {
            entry.insert("status".to_owned(), Json::String(status.to_string()));
            if let Some(version) = version {
                entry.insert("version".to_owned(), Json::String(weak_tag(version)));
            }
        }
        Done::Failed(problem) => {
            entry.insert("status".to_owned(), Json::String(problem.status.to_string()));
            let document = Json::parse(&problem.document()).unwrap_or(Json::Null);
            entry.insert("response".to_owned(), document);
        }
    }
    Json::Object(entry)
}
