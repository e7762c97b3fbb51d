//! Converts groups and users of Nuxeo into records. A value of the wrong type is left out, and the entry is kept.

use crate::formats::{GroupRecord, Remark, TextField, UserRecord, quoted};
use crate::import_sources::account_state;
use crate::json::{Json, JsonText, Object};
use std::collections::BTreeMap;

/// The group whose members are administrators in Rollbook.
const ADMINISTRATORS: &str = "administrators";

/// A group with its relations to other groups.
pub(super) struct GroupEntry {
    pub(super) record: GroupRecord,
    /// Names of its subgroups.
    pub(super) subgroups: Vec<String>,
    /// Names of its parent groups.
    pub(super) parents: Vec<String>,
}

/// The name of an entry.
pub(super) fn name_of(entry: &Object) -> Option<String> {
    let below = entry.get("properties");
    let names = [
        entry.get("groupname"),
        below.and_then(|properties| properties.get("username")),
        entry.get("id"),
        below.and_then(|properties| properties.get("groupname")),
    ];
    let mut texts = names.into_iter().flatten().filter_map(|name| match name {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) => Some(name.to_string()),
        _ => None,
    });
    texts.find(|name| !name.trim().is_empty())
}

/// Converts a group.
///
/// # Errors
/// The group has no name, or its properties are not an object.
pub(super) fn group(mut entry: Object, remarks: &mut Vec<Remark>) -> Result<GroupEntry, String> {
    let name = name_of(&entry).ok_or("the group has no name")?;
    let about = format!("the group {name}");
    let mut below = take_properties(&mut entry)?;
    let mut text = |from: &mut Object, key| text(from, key, &about, remarks);
    // Nuxeo sends the name as the label of a group without one.
    let shown = text(&mut entry, "grouplabel").filter(|label| *label != name);
    let label = if below.contains_key("grouplabel") { text(&mut below, "grouplabel") } else { shown };
    let description = text(&mut below, "description");
    let mut list = |key, what: &str| {
        let names = names(entry.remove(key), &format!("{key} of {about}"), remarks);
        if names.is_none() {
            remarks.push(Remark::missing(format!("the server does not say which groups {what}")).about(&*about));
        }
        names.unwrap_or_default()
    };
    let (subgroups, parents) = (list("memberGroups", "are in the group"), list("parentGroups", "the group is in"));
    for key in ["groupname", "members", "subGroups", "parentGroups"] {
        below.remove(key);
    }
    // The members are requested after the users.
    tell_rest(&entry, &["id", "name", "groupname", "memberUsers"], &about, remarks);
    let record = GroupRecord { name, label, description, properties: kept(below), ..GroupRecord::default() };
    Ok(GroupEntry { record, subgroups, parents })
}

/// Converts a user.
///
/// # Errors
/// The user has no name, or the properties are not an object.
pub(super) fn user(mut entry: Object, remarks: &mut Vec<Remark>) -> Result<UserRecord, String> {
    let name = name_of(&entry).ok_or("the user has no name")?;
    let about = format!("the user {name}");
    let mut below = take_properties(&mut entry)?;
    let groups = names(below.remove("groups"), &format!("groups of {about}"), remarks);
    if entry.get("isAdministrator") == Some(&Json::Bool(true)) {
        let above = entry.get("extendedGroups").and_then(Json::as_array).into_iter().flatten();
        let above = above.filter_map(|group| group.get("name").and_then(Json::as_str));
        let direct = groups.iter().flatten().map(String::as_str);
        if !above.chain(direct).any(|name| name.eq_ignore_ascii_case(ADMINISTRATORS)) {
            let text = format!("a user is an administrator there without being in the group {ADMINISTRATORS}");
            remarks.push(Remark::dropped(text).about(&*about));
        }
    }
    if entry.get("id").and_then(Json::as_str).is_some_and(|id| !id.eq_ignore_ascii_case(&name)) {
        remarks.push(Remark::dropped("the identifier of a user is left out: it is not the login").about(&*about));
    }
    for key in ["username", "password"] {
        below.remove(key);
    }
    let mut text = |key| text(&mut below, key, &about, remarks);
    let texts = [
        (TextField::FirstName, "firstName"),
        (TextField::LastName, "lastName"),
        (TextField::Email, "email"),
        (TextField::Company, "company"),
        (TextField::Title, "title"),
    ];
    let texts = texts.into_iter().map(|(field, key)| (field, text(key))).collect();
    let states = [&mut below, &mut entry].map(|object| account_state::is_disabled(object, &about, remarks));
    let disabled = states.into_iter().flatten().reduce(|one, other| one || other);
    tell_rest(
        &entry,
        &["id", "name", "extendedGroups", "isAdministrator", "isAnonymous", "isPartial"],
        &about,
        remarks,
    );
    let properties = kept(below);
    Ok(UserRecord { name, texts, groups, disabled, properties, ..UserRecord::default() })
}

fn take_properties(entry: &mut Object) -> Result<Object, String> {
    match entry.remove("properties") {
        Some(Json::Object(properties)) => Ok(properties),
        None | Some(Json::Null) => Ok(Object::new()),
        Some(_) => Err("properties is not an object".to_owned()),
    }
}

/// Adds remarks on the unknown keys of an entry, except those with empty values.
fn tell_rest(entry: &Object, known: &[&str], about: &str, remarks: &mut Vec<Remark>) {
    let rest = entry.iter().filter(|(key, value)| {
        let is_empty = value.is_null() || matches!(value, Json::Object(object) if object.is_empty());
        !is_empty && *key != "entity-type" && !known.contains(&key.as_str())
    });
    remarks.extend(rest.map(|(key, _)| Remark::dropped(format!("no field has the name {}", quoted(key))).about(about)));
}

/// The properties of an entry, without those that are `null`.
fn kept(properties: Object) -> BTreeMap<String, JsonText> {
    let kept = properties.into_iter().filter(|(_, value)| !value.is_null());
    kept.map(|(name, value)| (name, JsonText::from(&value))).collect()
}

/// A text. Nuxeo also accepts numbers and booleans as texts.
fn text(from: &mut Object, key: &str, about: &str, remarks: &mut Vec<Remark>) -> Option<String> {
    match from.remove(key)? {
        Json::Null => None,
        Json::String(text) => Some(text),
        value @ (Json::Number(_) | Json::Bool(_)) => Some(value.to_string()),
        Json::Array(_) | Json::Object(_) => {
            remarks.push(Remark::dropped(format!("{key} is not a text, and is left out")).about(about));
            None
        }
    }
}

/// A list of names, if the entry has one. Adds remarks on items that are not names.
fn names(value: Option<Json>, about: &str, remarks: &mut Vec<Remark>) -> Option<Vec<String>> {
    let Some(Json::Array(values)) = value else { return None };
    let mut names = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Json::String(name) if !name.trim().is_empty() => names.push(name),
            _ => remarks.push(not_a_name(about)),
        }
    }
    Some(names)
}

/// The remark on an item of a list that is not a name.
pub(super) fn not_a_name(about: &str) -> Remark {
    Remark::missing("an item in a list of names is not a name, and is left out").about(about)
}
