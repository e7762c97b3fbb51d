//! Groups as the page shows and changes them, and who is in them.

use super::decode::{Parameters, record};
use super::error::Result;
use crate::admin::{ShownGroup, group_of, group_shown};
use crate::dialect::preconditions;
use crate::directory::{Directory, ListSelection, MembershipView};
use crate::http::{Etag, Method, Request, Response};
use serde::Serialize;

/// What can be changed.
const FIELDS: [&str; 4] = ["label", "description", "groups", "properties"];

/// `GET /api/groups`: those whose name or label contains a text, in the order of names.
pub(super) fn list(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let parameters = Parameters::of(request, &["text", "after", "limit"])?;
    let (after, limit) = (parameters.get("after").unwrap_or_default(), parameters.limit()?);
    // One more tells whether there are more.
    let mut counted = directory.groups_after(parameters.get("text"), after, limit + 1)?;
    let more = counted.len() as u64 > limit;
    counted.truncate(limit as usize);
    let next = counted.last().filter(|_| more).map(|(group, ..)| group.name.as_str());
    let groups: Vec<ShownGroup> = counted.iter().map(ShownGroup::of_counted).collect();
    Ok(Response::json(200, &Page { groups, next }))
}

/// A part of the list.
#[derive(Serialize)]
struct Page<'n> {
    groups: Vec<ShownGroup>,
    /// The name to go on after; none at the end.
    next: Option<&'n str>,
}

/// `POST /api/groups`
pub(super) fn create(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    directory.require_group_creator()?;
    let (name, changes) = group_of(record(request, &[&["name"], &FIELDS[..]].concat())?);
    directory.create_group(&name, changes, ListSelection::default())?;
    show(201, directory, &name)
}

/// `GET /api/groups/{name}`
pub(super) fn get(directory: &Directory, name: &str, request: &Request<'_>) -> Result<Response> {
    let (group, state) = group_shown(directory, name)?;
    Ok(preconditions::look(request, Etag { state, variant: 0 }, || Response::json(200, &group))?)
}

/// `PATCH /api/groups/{name}`: what is absent or null stays, what is empty is cleared.
pub(super) fn update(directory: &Directory, name: &str, request: &Request<'_>) -> Result<Response> {
    directory.require_editor()?;
    let (_, changes) = group_of(record(request, &FIELDS)?);
    directory.update_group(name, changes, ListSelection::default(), preconditions::of_change(request))?;
    show(200, directory, name)
}

/// `DELETE /api/groups/{name}`: for good.
pub(super) fn delete(directory: &Directory, name: &str, request: &Request<'_>) -> Result<Response> {
    directory.delete_group(name, preconditions::of_change(request))?;
    Ok(Response::empty(204))
}

/// `PUT` and `DELETE /api/groups/{name}/users/{user}`
pub(super) fn change_member(directory: &Directory, name: &str, user: &str, request: &Request<'_>) -> Result<Response> {
    match request.method {
        Method::Put => directory.add_member(MembershipView::Group, user, name)?,
        _ => directory.remove_member(MembershipView::Group, user, name)?,
    };
    Ok(Response::empty(204))
}

/// `PUT` and `DELETE /api/groups/{name}/groups/{subgroup}`
pub(super) fn change_subgroup(
    directory: &Directory,
    name: &str,
    subgroup: &str,
    request: &Request<'_>,
) -> Result<Response> {
    match request.method {
        Method::Put => directory.add_subgroup(name, subgroup)?,
        _ => directory.remove_subgroup(name, subgroup)?,
    }
    Ok(Response::empty(204))
}

fn show(status: u16, directory: &Directory, name: &str) -> Result<Response> {
    let (group, state) = group_shown(directory, name)?;
    Ok(Response::json(status, &group).with_tag(Etag { state, variant: 0 }))
}
