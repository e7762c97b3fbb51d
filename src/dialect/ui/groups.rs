//! Groups and their members on the admin page.

use super::decode::{Parameters, read_page, record};
use super::error::Result;
use crate::admin::{GroupView, group_of, group_view};
use crate::dialect::call::Call;
use crate::dialect::preconditions::{conditional_get, write_preconditions};
use crate::directory::{Directory, ListSelection, MembershipView, Operation};
use crate::http::{Etag, Response};
use serde::Serialize;

/// The fields that can be changed.
const FIELDS: [&str; 5] = ["label", "description", "external_id", "groups", "properties"];

/// `GET /api/groups`: the groups whose texts contain all words of `text`, in the order of names.
pub(super) fn list(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let parameters = Parameters::parse(call.request, &["text", "after", "limit"])?;
    let (after, limit) = (parameters.get("after").unwrap_or_default(), parameters.limit()?);
    let (counted, has_more) = read_page(limit, |limit| directory.groups_after(parameters.get("text"), after, limit))?;
    let next = counted.last().filter(|_| has_more).map(|(group, ..)| group.name.as_str());
    let groups: Vec<GroupView> = counted.iter().map(GroupView::of_counted).collect();
    Ok(Response::json(200, &Page { groups, next }))
}

/// One part of the list.
#[derive(Serialize)]
struct Page<'n> {
    groups: Vec<GroupView>,
    /// The value of `after` for the next part; none at the end.
    next: Option<&'n str>,
}

/// `POST /api/groups`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require(Operation::CreateGroup)?;
    let (name, changes) = group_of(record(call.request, &[&["name"], &FIELDS[..]].concat())?);
    directory.create_group(&name, changes, ListSelection::default())?;
    group_document(201, directory, &name)
}

/// `GET /api/groups/{name}`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let name = call.parameter("name");
    let (group, state) = group_view(directory, name)?;
    Ok(conditional_get(call.request, Etag { state, variant: 0 }, || Response::json(200, &group))?)
}

/// `PATCH /api/groups/{name}`: absent and null fields stay, empty ones are cleared.
pub(super) fn update(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let name = call.parameter("name");
    directory.require(Operation::EditGroup)?;
    let (_, changes) = group_of(record(call.request, &FIELDS)?);
    directory.update_group(name, changes, ListSelection::default(), write_preconditions(call.request))?;
    group_document(200, directory, name)
}

/// `DELETE /api/groups/{name}`: for good.
pub(super) fn delete(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let name = call.parameter("name");
    directory.delete_group(name, write_preconditions(call.request))?;
    Ok(Response::empty(204))
}

/// `PUT /api/groups/{name}/users/{user}`
pub(super) fn add_member(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.add_member(MembershipView::Group, call.parameter("user"), call.parameter("name"))?;
    Ok(Response::empty(204))
}

/// `DELETE /api/groups/{name}/users/{user}`
pub(super) fn remove_member(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.remove_member(MembershipView::Group, call.parameter("user"), call.parameter("name"))?;
    Ok(Response::empty(204))
}

/// `PUT /api/groups/{name}/groups/{subgroup}`
pub(super) fn add_subgroup(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.add_subgroup(call.parameter("name"), call.parameter("subgroup"))?;
    Ok(Response::empty(204))
}

/// `DELETE /api/groups/{name}/groups/{subgroup}`
pub(super) fn remove_subgroup(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.remove_subgroup(call.parameter("name"), call.parameter("subgroup"))?;
    Ok(Response::empty(204))
}

fn group_document(status: u16, directory: &Directory, name: &str) -> Result<Response> {
    let (group, state) = group_view(directory, name)?;
    Ok(Response::json(status, &group).with_etag(Etag { state, variant: 0 }))
}
