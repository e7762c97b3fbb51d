//! Handlers for groups.

use super::auth;
use super::document::canonical;
use super::failure::{Failure, Result};
use super::group_resource::{GroupText, all_members, document, member};
use super::location::Locations;
use super::patch::{FilteredMembers, GroupStep, Member, Patch};
use super::projection::Projection;
use super::request::{body, projection};
use super::response::{SCIM_JSON, with_identity};
use super::retries::repeat;
use super::schema::GROUP;
use crate::dialect::call::Call;
use crate::dialect::preconditions::{is_known_state, weak_preconditions};
use crate::directory::{self, Directory, GroupEdit, GroupOutcome, MemberStep, Operation};
use crate::http::Response;
use crate::json::{Json, Object};
use crate::model::{EntityKind, Error, Group, GroupRef, Precondition};

/// Members that a PATCH with a filter reads at most.
const FILTERED_MEMBERS_MAX: u64 = 100_000;

/// `POST /Groups`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require(Operation::CreateGroup)?;
    let projection = projection(call, &GROUP)?;
    let group = create_group(call, directory, body(call.request)?)?;
    respond(call, directory, 201, &group, projection)
}

/// Creates a group from a body.
pub(super) fn create_group(call: &Call<'_>, directory: &Directory, body: Json) -> Result<Group> {
    let document = canonical(&GROUP, body)?;
    let edit = GroupEdit {
        display_name: text(&document, "displayName"),
        any_display_name: call.context.scim.any_display_name,
        external_id: text(&document, "externalId").map(Some),
        members: vec![MemberStep::Add(members(Member::all_of(&document)))],
        precondition: Precondition::default(),
    };
    Ok(told(directory.create_scim_group(edit)?))
}

/// `GET /Groups/{id}`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let projection = projection(call, &GROUP)?;
    let group = directory.scim_group(call.parameter("id"))?;
    if is_known_state(call.request, group.etag())? {
        return Ok(with_identity(Response::empty(304), 304, "", group.etag()));
    }
    respond(call, directory, 200, &group, projection)
}

/// `PUT /Groups/{id}`
pub(super) fn replace(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require(Operation::EditGroup)?;
    let projection = projection(call, &GROUP)?;
    let uuid = call.parameter("id");
    let put = |body| put_group(call, directory, uuid, body, weak_preconditions(call.request));
    let group = body(call.request).and_then(put).or_else(|failure| unless_unknown(directory, uuid, failure))?;
    respond(call, directory, 200, &group, projection)
}

/// Replaces a group by a body.
pub(super) fn put_group(
    call: &Call<'_>,
    directory: &Directory,
    uuid: &str,
    body: Json,
    precondition: Precondition,
) -> Result<Group> {
    let document = canonical(&GROUP, body)?;
    let edit = GroupEdit {
        display_name: text(&document, "displayName"),
        any_display_name: call.context.scim.any_display_name,
        external_id: Some(text(&document, "externalId")),
        members: vec![MemberStep::Replace(members(Member::all_of(&document)))],
        precondition,
    };
    Ok(told(directory.update_scim_group(uuid, edit)?))
}

/// `PATCH /Groups/{id}`: answered with 204 unless the request names attributes or the operator wants a body.
pub(super) fn patch(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require(Operation::EditGroup)?;
    let projection = projection(call, &GROUP)?;
    let uuid = call.parameter("id");
    let patch = |body| patch_group(call, directory, uuid, body, weak_preconditions(call.request));
    let group = body(call.request).and_then(patch).or_else(|failure| unless_unknown(directory, uuid, failure))?;
    if projection.is_everything() && !call.context.scim.group_patch_body {
        return Ok(with_identity(Response::empty(204), 204, "", group.etag()));
    }
    respond(call, directory, 200, &group, projection)
}

/// The failure of a change, unless there is no such group: that is told before faults of the body.
fn unless_unknown<T>(directory: &Directory, uuid: &str, failure: Failure) -> Result<T> {
    directory.scim_group(uuid)?;
    Err(failure)
}

/// Changes a group by the body of a PATCH.
pub(super) fn patch_group(
    call: &Call<'_>,
    directory: &Directory,
    uuid: &str,
    body: Json,
    precondition: Precondition,
) -> Result<Group> {
    let patch = Patch::parse(body, &GROUP)?;
    let steps = patch.group_steps(uuid)?;
    if steps.iter().any(|step| matches!(step, GroupStep::FilteredMembers(_))) {
        return patch_by_filter(call, directory, uuid, &patch, &steps, precondition);
    }
    let edit = GroupEdit { precondition, ..edit_of(call, steps) };
    Ok(told(directory.update_scim_group(uuid, edit)?))
}

/// The change of steps that need not read the members.
fn edit_of(call: &Call<'_>, steps: Vec<GroupStep>) -> GroupEdit {
    let mut edit = GroupEdit { any_display_name: call.context.scim.any_display_name, ..GroupEdit::default() };
    for step in steps {
        match step {
            GroupStep::DisplayName(name) => edit.display_name = Some(name),
            GroupStep::ExternalId(id) => edit.external_id = Some(id),
            GroupStep::AddMembers(added) => edit.members.push(MemberStep::Add(members(added))),
            GroupStep::RemoveMembers(uuids) => edit.members.push(MemberStep::Remove(uuids)),
            GroupStep::RemoveAllMembers => edit.members.push(MemberStep::Replace(Vec::new())),
            GroupStep::ReplaceMembers(all) => edit.members.push(MemberStep::Replace(members(all))),
            GroupStep::FilteredMembers(_) => {}
        }
    }
    edit
}

/// Changes a group by a PATCH that selects members by a filter: reads the members that it can mean, and stores the change
/// if the group is still the same.
fn patch_by_filter(
    call: &Call<'_>,
    directory: &Directory,
    uuid: &str,
    patch: &Patch,
    steps: &[GroupStep],
    condition: Precondition,
) -> Result<Group> {
    repeat(EntityKind::Group, || {
        let group = directory.scim_group(uuid)?;
        condition.check(|| Ok(group.etag()))?;
        let mut edit = match selected(steps) {
            Some(selected) => GroupEdit {
                members: selected_steps(call, directory, &group, &selected)?,
                ..edit_of(call, steps.to_vec())
            },
            None => whole_edit(call, directory, &group, patch)?,
        };
        edit.precondition = Precondition::any_of(vec![group.etag()]);
        Ok(directory.update_scim_group(uuid, edit))
    })
    .map(told)
}

/// The steps with filters, if these name the members that they can mean, and no other step changes members.
fn selected(steps: &[GroupStep]) -> Option<Vec<(&FilteredMembers, Vec<String>)>> {
    let mut selected = Vec::new();
    for step in steps {
        match step {
            GroupStep::FilteredMembers(filtered) => selected.push((filtered, filtered.values()?)),
            GroupStep::DisplayName(_) | GroupStep::ExternalId(_) => {}
            _ => return None,
        }
    }
    Some(selected)
}

/// The changes of the members that filters select, of which only these are read.
fn selected_steps(
    call: &Call<'_>,
    directory: &Directory,
    group: &Group,
    selected: &[(&FilteredMembers, Vec<String>)],
) -> Result<Vec<MemberStep>> {
    let locations = Locations::of(call, auth::NAME);
    let mut values: Vec<String> = selected.iter().flat_map(|(_, values)| values.clone()).collect();
    values.sort_unstable();
    values.dedup();
    let present = directory.scim_members_among(group.id, &values)?;
    let before: Vec<Json> = present.iter().map(|found| member(found, &locations)).collect();
    let mut after = before.clone();
    for (filtered, _) in selected {
        filtered.apply(&mut after)?;
    }
    let is_kept = |value: &str| after.iter().any(|element| element.get("value").and_then(Json::as_str) == Some(value));
    let gone = present.iter().map(|found| found.uuid.clone()).filter(|value| !is_kept(value)).collect();
    let changed: Vec<Member> =
        after.iter().filter(|element| !before.contains(element)).filter_map(Member::of).collect();
    Ok(vec![MemberStep::Remove(gone), MemberStep::Set(members(changed))])
}

/// The change of a group of which all members have to be read.
fn whole_edit(call: &Call<'_>, directory: &Directory, group: &Group, patch: &Patch) -> Result<GroupEdit> {
    let locations = Locations::of(call, auth::NAME);
    let mut after = document(group, &locations);
    let present = all_members(directory, group.id, &locations, FILTERED_MEMBERS_MAX)?;
    after.insert("members".to_owned(), Json::Array(present));
    patch.apply(&mut after)?;
    Ok(GroupEdit {
        display_name: text(&after, "displayName"),
        any_display_name: call.context.scim.any_display_name,
        external_id: Some(text(&after, "externalId")),
        members: vec![MemberStep::Replace(members(Member::all_of(&after)))],
        precondition: Precondition::default(),
    })
}

/// `DELETE /Groups/{id}`
pub(super) fn delete(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.delete_group(GroupRef::uuid(call.parameter("id")), weak_preconditions(call.request))?;
    Ok(Response::empty(204))
}

/// Tells the log of new members that no user or group is.
fn told(GroupOutcome { group, unknown }: GroupOutcome) -> Group {
    const SHOWN_MAX: usize = 10;
    if !unknown.is_empty() {
        let shown: Vec<String> = unknown.iter().take(SHOWN_MAX).map(|uuid| format!("{uuid:?}")).collect();
        log::warn!(
            "the group {:?} has {} new members that no user or group is: {}{}",
            group.name,
            unknown.len(),
            shown.join(", "),
            if unknown.len() > SHOWN_MAX { ", …" } else { "" }
        );
    }
    group
}

fn respond(
    call: &Call<'_>,
    directory: &Directory,
    status: u16,
    group: &Group,
    projection: Projection,
) -> Result<Response> {
    let locations = Locations::of(call, auth::NAME);
    let text = GroupText::load(directory, group.id)?;
    let mut text = text.ok_or_else(|| Error::NotFound(EntityKind::Group, group.uuid.clone()))?;
    let (location, state) = (locations.group(&group.uuid), text.group().etag());
    let (mut has_ended, directory) = (false, directory.clone());
    let response = Response::json_stream(move || -> crate::model::Result<Option<Vec<u8>>> {
        if has_ended {
            return Ok(None);
        }
        let mut chunk = Vec::new();
        has_ended = !text.write(&mut chunk, &directory, &locations, &projection)?;
        Ok(Some(chunk))
    })?;
    let response = Response { content_type: SCIM_JSON, ..response.with_status(status) };
    Ok(with_identity(response, status, &location, state))
}

fn members(members: Vec<Member>) -> Vec<directory::Member> {
    let member = |member: Member| directory::Member { uuid: member.value, display: member.display };
    members.into_iter().map(member).collect()
}

fn text(document: &Object, name: &str) -> Option<String> {
    document.get(name).and_then(Json::as_str).map(str::to_owned)
}
