//! Groups as resources. Members are read and written piece by piece, because a group can have very many.

use super::location::Locations;
use super::problem::{Problem, ScimType};
use super::projection::Projection;
use super::response::resource_text;
use super::schema::GROUP;
use super::user_resource::{Meta, put_text};
use crate::dialect::preconditions::weak_tag;
use crate::directory::{Directory, MembersPiece};
use crate::json::{Json, Object};
use crate::model::{Group, ListedMember, MemberCursor, Result};

/// Members in one piece.
const MEMBERS_PER_READ: u64 = 500;

/// The document of a group in canonical form, without its members.
pub(super) fn document(group: &Group, locations: &Locations) -> Object {
    let mut document = Object::new();
    put_text(&mut document, "id", Some(&group.uuid));
    put_text(&mut document, "externalId", group.external_id.as_deref());
    put_text(&mut document, "displayName", Some(group.label()));
    let meta = Meta {
        resource_type: "Group",
        created_at: group.created_at,
        updated_at: group.updated_at,
        location: locations.group(&group.uuid),
        version: weak_tag(group.etag()),
    };
    document.insert("meta".to_owned(), Json::Object(meta.into_object()));
    document
}

/// A member of a group in canonical form.
pub(super) fn member(member: &ListedMember, locations: &Locations) -> Json {
    let mut element = Object::new();
    put_text(&mut element, "value", Some(&member.uuid));
    put_text(&mut element, "display", member.display.as_deref());
    if let Some(is_group) = member.is_group {
        let (kind, location) = match is_group {
            true => ("Group", locations.group(&member.uuid)),
            false => ("User", locations.user(&member.uuid)),
        };
        put_text(&mut element, "type", Some(kind));
        put_text(&mut element, "$ref", Some(&location));
    }
    Json::Object(element)
}

/// All members of a group in canonical form, up to a limit.
///
/// # Errors
/// `tooMany` when there are more; those of the database.
pub(super) fn all_members(
    directory: &Directory,
    group_id: i64,
    locations: &Locations,
    limit: u64,
) -> super::failure::Result<Vec<Json>> {
    let (mut members, mut cursor) = (Vec::new(), MemberCursor::START);
    while cursor != MemberCursor::End {
        let piece = directory.scim_members(group_id, cursor, MEMBERS_PER_READ)?;
        cursor = piece.cursor;
        members.extend(piece.members.iter().map(|found| member(found, locations)));
        if members.len() as u64 > limit {
            let detail = format!("the group has more than {limit} members, which this request would read one by one");
            return Err(Problem::new(ScimType::TooMany, detail).into());
        }
    }
    Ok(members)
}

/// The text of a group, written piece by piece.
pub(super) struct GroupText {
    group: Group,
    /// The first members, of the same state as the group, before they are written.
    first: Option<MembersPiece>,
    cursor: MemberCursor,
    has_members: bool,
}

impl GroupText {
    /// The text of the group of that row id, if it exists.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn load(directory: &Directory, id: i64) -> Result<Option<GroupText>> {
        let found = directory.scim_group_with_members(id, MEMBERS_PER_READ)?;
        Ok(found.map(|(group, first)| GroupText {
            group,
            first: Some(first),
            cursor: MemberCursor::START,
            has_members: false,
        }))
    }

    /// The group.
    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Appends the next piece. False after the last one.
    pub(super) fn write(
        &mut self,
        out: &mut Vec<u8>,
        directory: &Directory,
        locations: &Locations,
        projection: &Projection,
    ) -> Result<bool> {
        if self.first.is_some() {
            let text = resource_text(document(&self.group, locations), projection, &GROUP);
            out.extend_from_slice(text.as_bytes());
            if !projection.shows("members") {
                return Ok(false);
            }
            // The members come inside of the object.
            out.pop();
        }
        let piece = match self.first.take() {
            Some(first) => first,
            None => directory.scim_members(self.group.id, self.cursor.clone(), MEMBERS_PER_READ)?,
        };
        self.cursor = piece.cursor;
        for found in &piece.members {
            let Some(text) = projected(member(found, locations), projection) else { continue };
            out.extend_from_slice(if self.has_members { b"," } else { b",\"members\":[" });
            out.extend_from_slice(text.as_bytes());
            self.has_members = true;
        }
        if self.cursor != MemberCursor::End {
            return Ok(true);
        }
        out.extend_from_slice(if self.has_members { b"]}" } else { b"}" });
        Ok(false)
    }
}

/// The text of a member, reduced to what the request wants to see; `None` if that is nothing.
fn projected(member: Json, projection: &Projection) -> Option<String> {
    if projection.is_everything() {
        return Some(member.to_string());
    }
    let mut document = Object::from([("members".to_owned(), Json::Array(vec![member]))]);
    projection.apply(&mut document);
    let Some(Json::Array(members)) = document.remove("members") else { return None };
    members.first().map(Json::to_string)
}
