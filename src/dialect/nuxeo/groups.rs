//! Groups: their handlers, the properties in bodies, and their JSON.

use super::decode::{entity, keep, members, name, properties, text};
use super::error::{Problem, Result};
use super::options::{lists, prefix, query};
use super::paging::{PageRequest, cached_page};
use super::users::{self, serialize_extra_properties};
use crate::dialect::call::Call;
use crate::dialect::preconditions::{conditional_get, write_preconditions};
use crate::directory::{Directory, ListSelection, MembershipView, Operation, PageReader};
use crate::http::{Etag, Response};
use crate::json::{Json, Object};
use crate::model::{EntityKind, Error, Group, GroupChanges, GroupDetails};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// `POST /group`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let request = call.request;
    let mut entity = entity(request, "group")?;
    let properties = properties(&mut entity)?;
    let name = group_name(&entity, &properties)?;
    let new = changes(&entity, properties, None)?;
    directory.require(Operation::CreateGroup)?;
    let name = name.ok_or_else(|| Problem::Invalid("Group MUST have a name".to_owned()))?;
    Ok(tagged_group_document(201, &directory.create_group(&name, new, lists(request)?)?))
}

/// `GET /group/{id}`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let (request, name) = (call.request, call.parameter("id"));
    let details = directory.group(name, lists(request)?)?;
    Ok(conditional_get(request, etag(&details), || group_document(200, &details))?)
}

/// `PUT /group/{id}`: the group of the path changes, and keeps its name.
pub(super) fn update(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let (request, name) = (call.request, call.parameter("id"));
    let present = directory.group(name, ListSelection::default())?.group;
    let mut entity = entity(request, "group")?;
    let properties = properties(&mut entity)?;
    let other = group_name(&entity, &properties)?;
    let changes = changes(&entity, properties, Some(&present))?;
    directory.require(Operation::EditGroup)?;
    if let Some(other) = other
        && !directory.is_one_group(name, &other)?
    {
        return Err(if directory.has_group(&other)? {
            Problem::Invalid(format!("the body names another group: {other}"))
        } else {
            Error::NotFound(EntityKind::Group, other).into()
        });
    }
    let details = directory.update_group(name, changes, lists(request)?, write_preconditions(request))?;
    Ok(tagged_group_document(200, &details))
}

/// `DELETE /group/{id}`
pub(super) fn delete(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let (request, name) = (call.request, call.parameter("id"));
    directory.delete_group(name, write_preconditions(request))?;
    Ok(Response::empty(204))
}

/// `GET /group/search`
pub(super) fn search(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    cached_page(call, directory, || {
        let (request, page) = (call.request, PageRequest::parse(call.request)?);
        page_document(page, directory.search_groups(query(request)?, page.window(), lists(request)?))
    })
}

/// `GET /group/{id}/@groups`
pub(super) fn list_subgroups(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    cached_page(call, directory, || {
        let (request, page) = (call.request, PageRequest::parse(call.request)?);
        let (name, prefix, lists) = (call.parameter("id"), prefix(request)?, lists(request)?);
        page_document(page, directory.subgroups(name, prefix, page.window(), lists))
    })
}

/// `POST /group/{group}/user/{id}`
pub(super) fn add_user(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    users::add_member(call, directory, MembershipView::Group)
}

/// `DELETE /group/{group}/user/{id}`
pub(super) fn remove_user(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    users::remove_member(call, directory, MembershipView::Group)
}

// ------------------------------------------------------------------------------------------ bodies

/// The name in the body: `groupname`, else `id`, else the `groupname` of the properties.
fn group_name(entity: &Object, properties: &Object) -> Result<Option<String>> {
    if let Some(name) = name(entity, "groupname")?.or(name(entity, "id")?) {
        return Ok(Some(name));
    }
    name(properties, "groupname")
}

/// The changes in the body, for the present group or for a new one.
fn changes(entity: &Object, properties: Object, present: Option<&Group>) -> Result<GroupChanges> {
    let mut changes = GroupChanges {
        member_users: members(entity, "memberUsers")?,
        member_groups: members(entity, "memberGroups")?,
        parent_groups: members(entity, "parentGroups")?,
        ..GroupChanges::default()
    };
    for (name, value) in properties {
        match name.as_str() {
            "grouplabel" => changes.label = Some(text(&name, &value)?),
            "description" => changes.description = Some(text(&name, &value)?),
            "tenantId" => {
                let tenant = text(&name, &value)?.map_or(Json::Null, Json::String);
                keep(&mut changes.attributes, name, &tenant);
            }
            // The name never changes, and the lists count at the top of the entity only.
            "groupname" | "members" | "subGroups" | "parentGroups" => {}
            _ => keep(&mut changes.attributes, name, &value),
        }
    }
    if let Some(label) = entity.get("grouplabel").map(|value| text("grouplabel", value)).transpose()?.flatten() {
        merge_label(&mut changes, label, present);
    }
    Ok(changes)
}

/// Uses the label at the top of the entity, unless the client has changed the label in the properties.
fn merge_label(changes: &mut GroupChanges, top: String, present: Option<&Group>) {
    let before = present.and_then(|group| group.label.clone());
    let after = changes.label.clone().unwrap_or_else(|| before.clone());
    let had_one = before.as_ref().is_some_and(|label| !label.is_empty());
    // A group without a label shows its name there. A client that sends it back sets no label.
    let only_shown = !had_one && present.is_some_and(|group| group.name == top);
    let changed_below = had_one && after != before;
    if !changed_below && !only_shown && after.as_deref() != Some(top.as_str()) {
        changes.label = Some(Some(top));
    }
}

// ------------------------------------------------------------------------------------------ JSON

fn tagged_group_document(status: u16, details: &GroupDetails) -> Response {
    group_document(status, details).with_etag(etag(details))
}

fn page_document(page: PageRequest, listing: PageReader<GroupDetails>) -> Result<Response> {
    page.respond("groups", listing, |list, details| list.push(&GroupJson::new(details)))
}

fn group_document(status: u16, details: &GroupDetails) -> Response {
    Response::json(status, &GroupJson::new(details))
}

/// The etag. Each selection of lists is another variant.
fn etag(details: &GroupDetails) -> Etag {
    let lists = [&details.member_users, &details.member_groups, &details.parent_groups];
    let variant = lists.iter().fold(0, |bits, list| bits << 1 | u8::from(list.is_some()));
    Etag { state: details.group.etag(), variant }
}

/// A group on the wire, with the lists that the client wants.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupJson<'d> {
    #[serde(rename = "entity-type")]
    entity_type: &'static str,
    groupname: &'d str,
    grouplabel: &'d str,
    id: &'d str,
    name: &'d str,
    properties: Properties<'d>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_users: Option<&'d [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_groups: Option<&'d [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_groups: Option<&'d [String]>,
}

impl<'d> GroupJson<'d> {
    fn new(details: &'d GroupDetails) -> GroupJson<'d> {
        let group = &details.group;
        GroupJson {
            entity_type: "group",
            groupname: &group.name,
            grouplabel: group.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&group.name),
            id: &group.name,
            name: &group.name,
            properties: Properties(group),
            member_users: details.member_users.as_deref(),
            member_groups: details.member_groups.as_deref(),
            parent_groups: details.parent_groups.as_deref(),
        }
    }
}

/// The standard properties, and the extra ones that are stored as they came.
struct Properties<'d>(&'d Group);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let group = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("groupname", &group.name)?;
        map.serialize_entry("grouplabel", &group.label)?;
        map.serialize_entry("description", &group.description)?;
        serialize_extra_properties(&mut map, &group.attributes)?;
        map.end()
    }
}
