//! Users as resources: their documents, and the change of a user that a new document asks for.

use super::location::Locations;
use super::problem::{Problem, Result, ScimType};
use super::schema::ENTERPRISE_USER_SCHEMA;
use crate::dialect::preconditions::weak_tag;
use crate::json::{Json, Object};
use crate::model::{GroupName, User, UserChanges, UserWithGroups, is_email, timestamp};

/// The attribute of the enterprise extension that a column holds.
const ORGANIZATION: &str = "organization";

/// A multi-valued attribute, one value of which other dialects show and change.
#[derive(Clone, Copy)]
pub(super) enum Shared {
    Email,
    Phone,
}

impl Shared {
    fn name(self) -> &'static str {
        match self {
            Shared::Email => "emails",
            Shared::Phone => "phoneNumbers",
        }
    }

    pub(super) fn column(self, user: &User) -> Option<&str> {
        let text = match self {
            Shared::Email => &user.email,
            Shared::Phone => &user.phone,
        };
        text.as_deref().filter(|text| !text.is_empty())
    }

    /// True if SCIM shows a text that another dialect has set. Clients refuse a list with an address that is none.
    pub(super) fn is_shown(self, text: &str) -> bool {
        match self {
            Shared::Email => is_email(text),
            Shared::Phone => true,
        }
    }
}

/// The document of a user in canonical form, with everything that a response can show.
pub(super) fn document(user: &UserWithGroups, locations: &Locations) -> Object {
    let mut document = document_without_groups(user, locations);
    let direct = user.groups.iter().map(|group| membership(group, "direct", locations));
    let indirect = user.ancestors.iter().map(|group| membership(group, "indirect", locations));
    put(&mut document, "groups", Json::Array(direct.chain(indirect).collect()));
    document
}

/// The same without `groups`.
pub(super) fn document_without_groups(user: &UserWithGroups, locations: &Locations) -> Object {
    let mut document = stored(&user.user);
    for shared in [Shared::Email, Shared::Phone] {
        // Another dialect may have cleared the only value: then there is no list.
        let list = array(document.remove(shared.name()));
        put(&mut document, shared.name(), Json::Array(shown_list(shared, list, &user.user)));
    }
    let user_row = &user.user;
    let mut name = object(document.remove("name"));
    put_text(&mut name, "givenName", user_row.first_name.as_deref());
    put_text(&mut name, "familyName", user_row.last_name.as_deref());
    put(&mut document, "name", Json::Object(name));
    let mut enterprise = object(document.remove(ENTERPRISE_USER_SCHEMA.urn));
    put_text(&mut enterprise, ORGANIZATION, user_row.company.as_deref());
    put(&mut document, ENTERPRISE_USER_SCHEMA.urn, Json::Object(enterprise));
    put_text(&mut document, "userName", Some(&user_row.username));
    put_text(&mut document, "displayName", user_row.display_name.as_deref());
    put_text(&mut document, "title", user_row.title.as_deref());
    put_text(&mut document, "externalId", user_row.external_id.as_deref());
    match document.get("active") {
        Some(Json::Null) => drop(document.remove("active")),
        _ => drop(document.insert("active".to_owned(), Json::Bool(!user_row.disabled))),
    }
    put_text(&mut document, "id", Some(&user_row.uuid));
    let location = locations.user(&user_row.uuid);
    let meta = Meta {
        resource_type: "User",
        created_at: user_row.created_at,
        updated_at: user_row.updated_at,
        location,
        version: weak_tag(user.etag()),
    };
    document.insert("meta".to_owned(), Json::Object(meta.into_object()));
    document
}

/// The attribute `meta`.
pub(super) struct Meta {
    pub(super) resource_type: &'static str,
    /// Milliseconds since 1970-01-01 UTC.
    pub(super) created_at: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub(super) updated_at: i64,
    pub(super) location: String,
    pub(super) version: String,
}

impl Meta {
    pub(super) fn into_object(self) -> Object {
        let text = |name: &str, value: String| (name.to_owned(), Json::String(value));
        Object::from([
            text("resourceType", self.resource_type.to_owned()),
            text("created", timestamp(self.created_at)),
            text("lastModified", timestamp(self.updated_at)),
            text("location", self.location),
            text("version", self.version),
        ])
    }
}

fn membership(group: &GroupName, kind: &str, locations: &Locations) -> Json {
    let mut element = Object::new();
    put_text(&mut element, "value", Some(&group.uuid));
    put_text(&mut element, "$ref", Some(&locations.group(&group.uuid)));
    put_text(&mut element, "display", Some(group.label()));
    put_text(&mut element, "type", Some(kind));
    Json::Object(element)
}

/// The change of a user that turns one document into another.
pub(super) struct UserReplacement {
    /// The login.
    pub(super) username: String,
    /// The password in plain text.
    pub(super) password: Option<String>,
    /// The fields that differ, and what SCIM alone shows.
    pub(super) changes: UserChanges,
}

impl UserReplacement {
    /// `before` is the user as stored, and the document of it; `None` for a new user. `after` is a document in canonical form.
    pub(super) fn new(before: Option<(&UserWithGroups, &Object)>, mut after: Object) -> Result<UserReplacement> {
        let nothing = Object::new();
        let (stored_before, shown_before) = match before {
            Some((user, document)) => (stored(&user.user), document),
            None => (Object::new(), &nothing),
        };
        let username = take_text(&mut after, "userName").unwrap_or_default();
        if username.trim().is_empty() {
            return Err(Problem::new(ScimType::InvalidValue, "userName is required"));
        }
        let password = take_text(&mut after, "password").filter(|password| !password.is_empty());
        for ignored in ["id", "meta", "groups", "schemas"] {
            after.remove(ignored);
        }
        let mut changes = UserChanges::default();
        set_active(&mut changes, &mut after, before.map(|(user, document)| (&user.user, document)));
        let name_before = shown_before.get("name").and_then(Json::as_object).unwrap_or(&nothing);
        let mut name = object(after.remove("name"));
        changes.first_name = changed(name_before, &mut name, "givenName");
        changes.last_name = changed(name_before, &mut name, "familyName");
        put(&mut after, "name", Json::Object(name));
        let enterprise_before = shown_before.get(ENTERPRISE_USER_SCHEMA.urn).and_then(Json::as_object);
        let mut enterprise = object(after.remove(ENTERPRISE_USER_SCHEMA.urn));
        changes.company = changed(enterprise_before.unwrap_or(&nothing), &mut enterprise, ORGANIZATION);
        put(&mut after, ENTERPRISE_USER_SCHEMA.urn, Json::Object(enterprise));
        changes.display_name = changed(shown_before, &mut after, "displayName");
        changes.title = changed(shown_before, &mut after, "title");
        changes.external_id = changed(shown_before, &mut after, "externalId");
        for shared in [Shared::Email, Shared::Phone] {
            let change = set_list(shared, &mut after, shown_before, &stored_before);
            match shared {
                Shared::Email => changes.email = change,
                Shared::Phone => changes.phone = change,
            }
        }
        changes.scim = Some((!after.is_empty()).then(|| Json::Object(after).to_string()));
        Ok(UserReplacement { username, password, changes })
    }
}

/// Moves `active` into the change. Without it, the user stays as they are; a user who has lost it has it no more.
fn set_active(changes: &mut UserChanges, after: &mut Object, before: Option<(&User, &Object)>) {
    match (after.remove("active"), before) {
        (Some(Json::Bool(active)), before) => {
            changes.disabled =
                Some(!active).filter(|disabled| before.is_none_or(|(user, _)| user.disabled != *disabled));
        }
        (_, Some(_)) => drop(after.insert("active".to_owned(), Json::Null)),
        (_, None) => {}
    }
}

/// The new text of a field, taken out of the new document; `None` if it is the same.
fn changed(before: &Object, after: &mut Object, name: &str) -> Option<Option<String>> {
    let after = take_text(after, name);
    (before.get(name).and_then(Json::as_str) != after.as_deref()).then_some(after)
}

/// Moves the value that other dialects show into the field. Returns the new field; `None` if the list is the same. The list
/// stays in the document unless the field says all of it.
fn set_list(shared: Shared, after: &mut Object, shown: &Object, stored: &Object) -> Option<Option<String>> {
    let name = shared.name();
    let list = array(after.remove(name));
    if list == shown.get(name).and_then(Json::as_array).unwrap_or_default() {
        if let Some(stored) = stored.get(name) {
            after.insert(name.to_owned(), stored.clone());
        }
        return None;
    }
    let value = projected(&list).and_then(|index| list[index].get("value")?.as_str()).map(str::to_owned);
    if value.as_deref().is_none_or(|value| !shared.is_shown(value) || list != [plain_element(value)]) {
        put(after, name, Json::Array(list));
    }
    Some(value)
}

/// The stored list as SCIM shows it: with the value that the field has now.
fn shown_list(shared: Shared, mut list: Vec<Json>, user: &User) -> Vec<Json> {
    let column = shared.column(user);
    match (projected(&list), column) {
        (Some(index), None) => drop(list.remove(index)),
        (Some(index), Some(text)) if list[index].get("value").and_then(Json::as_str) == Some(text) => {}
        (Some(index), Some(text)) if !shared.is_shown(text) => drop(list.remove(index)),
        (Some(index), Some(text)) => {
            if let Json::Object(element) = &mut list[index] {
                element.insert("value".to_owned(), Json::String(text.to_owned()));
                element.remove("display");
            }
        }
        (None, Some(text)) if shared.is_shown(text) => list.push(plain_element(text)),
        (None, _) => {}
    }
    list
}

/// The index of the element that other dialects show: the primary one, else the first for work, else the first.
fn projected(list: &[Json]) -> Option<usize> {
    let has_value = |element: &Json| element.get("value").and_then(Json::as_str).is_some_and(|value| !value.is_empty());
    let is_primary = |element: &Json| element.get("primary") == Some(&Json::Bool(true));
    let is_work = |element: &Json| {
        element.get("type").and_then(Json::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
    };
    let find = |test: &dyn Fn(&Json) -> bool| list.iter().position(|element| has_value(element) && test(element));
    find(&is_primary).or_else(|| find(&is_work)).or_else(|| find(&|_| true))
}

/// The element of a value that another dialect has set.
fn plain_element(text: &str) -> Json {
    Json::Object(Object::from([
        ("primary".to_owned(), Json::Bool(true)),
        ("type".to_owned(), Json::String("work".to_owned())),
        ("value".to_owned(), Json::String(text.to_owned())),
    ]))
}

/// The attributes of a user that SCIM alone shows.
fn stored(user: &User) -> Object {
    let text = user.scim.as_deref().unwrap_or("{}");
    match Json::parse_stored(text.as_bytes()) {
        Ok(Json::Object(stored)) => stored,
        _ => Object::new(),
    }
}

fn object(value: Option<Json>) -> Object {
    if let Some(Json::Object(object)) = value { object } else { Object::new() }
}

fn array(value: Option<Json>) -> Vec<Json> {
    if let Some(Json::Array(items)) = value { items } else { Vec::new() }
}

/// Sets an attribute, unless the value is empty.
fn put(document: &mut Object, name: &str, value: Json) {
    let is_empty = match &value {
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    };
    if !is_empty {
        document.insert(name.to_owned(), value);
    }
}

/// Sets a text. SCIM does not show empty texts of other dialects.
pub(super) fn put_text(document: &mut Object, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        document.insert(name.to_owned(), Json::String(text.to_owned()));
    }
}

fn take_text(document: &mut Object, name: &str) -> Option<String> {
    if let Some(Json::String(text)) = document.remove(name) { Some(text) } else { None }
}
