//! JSON documents of known systems: those of Datadog and Nuxeo, which this program also serves, those of Keycloak, and
//! the lists that the commands of this program print.

use super::open_object::KEYS_MAX;
use crate::formats::record::{GroupRecord, Record, SubgroupRecord};
use crate::formats::record_builder::Draft;
use crate::formats::row::Remark;
use crate::formats::row_fields::{Kind, Text};
use crate::formats::text::quoted;
use crate::formats::values::{bounded, switch, texts};
use crate::json::{Json, JsonText, Object, decode, members};
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use std::collections::BTreeMap;

/// The group whose members are administrators.
const ADMINISTRATORS: &str = "administrators";

/// A member of an object: its key, and the text of its value.
pub(super) type Member<'t> = (String, &'t str);

/// The system that an object comes from, if it gives some keys a special meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Dialect {
    #[default]
    Any,
    Keycloak,
    /// This program, as its commands show users and groups.
    Shown,
}

/// An object as a document of a known system.
pub(super) enum Document<'t> {
    /// The document contains no record.
    Nothing,
    Records(Vec<Record>),
    /// The document has the fields of one record. Some of them may be in the draft already.
    Members {
        members: Vec<Member<'t>>,
        draft: Box<Draft>,
        dialect: Dialect,
    },
}

/// Recognises an object as a document of a known system.
///
/// # Errors
/// When a part of a document that decides about groups cannot be interpreted.
pub(super) fn of<'t>(members: Vec<Member<'t>>, remarks: &mut Vec<Remark>) -> Result<Document<'t>, String> {
    let mut members = unwrapped(members, remarks)?;
    let value = |key: &str| members.iter().find(|(known, _)| known == key).map(|(_, value)| *value);
    let has = |key: &str| value(key).is_some();
    let is_number = |key: &str| value(key).is_some_and(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    match value("entity-type") {
        Some("\"user\"") => return nuxeo_user(members, remarks),
        Some("\"group\"") => return nuxeo_group(&members, remarks),
        _ => {}
    }
    if ["users", "entries", "results", "value"].into_iter().any(|key| value(key).is_some_and(is_empty)) && !has("name")
    {
        tell_rest_of_lists(&members, remarks);
        return Ok(Document::Nothing);
    }
    if has("path") && has("subGroups") {
        return keycloak_groups(&members, remarks).map(Document::Records);
    }
    if has("handle") && ["access_role", "is_admin", "icon"].into_iter().any(has) {
        let is_administrator = value("access_role").is_some_and(|role| role == "\"adm\"" || role == "\"admin\"");
        if value("is_admin") == Some("true") && !is_administrator {
            let remark = Remark::dropped("is_admin gives no rights: access_role is not adm");
            remarks.push(remark.about(value("handle").unwrap_or_default()));
        }
        // The icon is derived from the e-mail address, `role` repeats the title, and `roles` repeats the access role.
        members.retain(|(key, _)| !matches!(key.as_str(), "icon" | "role" | "roles" | "is_admin"));
        return Ok(plain_members(members, Dialect::Any, None));
    }
    if has("uuid") && is_number("users") && is_number("subgroups") {
        return Ok(plain_members(members, Dialect::Shown, Some(Kind::Group)));
    }
    if has("uuid") && has("created") {
        return Ok(plain_members(members, Dialect::Shown, None));
    }
    if ["emailVerified", "createdTimestamp", "requiredActions", "disableableCredentialTypes"].into_iter().any(has) {
        return Ok(plain_members(members, Dialect::Keycloak, None));
    }
    Ok(plain_members(members, Dialect::Any, None))
}

fn plain_members(members: Vec<Member<'_>>, dialect: Dialect, kind: Option<Kind>) -> Document<'_> {
    Document::Members { members, draft: Box::new(Draft::of_kind(kind)), dialect }
}

/// The members of a wrapped user: `{"user":{…}}`.
fn unwrapped<'t>(members: Vec<Member<'t>>, remarks: &mut Vec<Remark>) -> Result<Vec<Member<'t>>, String> {
    let Some(user) = members.iter().position(|(key, value)| key == "user" && value.starts_with('{')) else {
        return Ok(members);
    };
    let inner = members_below(members[user].1, "user")?;
    let others = members.iter().enumerate().filter(|(index, _)| *index != user);
    remarks.extend(others.map(|(_, (key, _))| Remark::dropped(format!("no field has the name {}", quoted(key)))));
    Ok(inner)
}

/// The members of a nested object, without those that are `null`.
fn members_below<'t>(text: &'t str, key: &str) -> Result<Vec<Member<'t>>, String> {
    let mut below = members(text).map_err(|_| format!("{key} is not an object"))?;
    below.retain(|(_, value)| *value != "null");
    if below.len() > KEYS_MAX { Err(format!("{key} has more than {KEYS_MAX} keys")) } else { Ok(below) }
}

/// Remarks on the fields of a document other than its lists. If the document is one page of several, a remark says so.
pub(super) fn tell_rest_of_lists(members: &[Member<'_>], remarks: &mut Vec<Remark>) {
    const PAGE: [&str; 17] = [
        "entity-type",
        "isPaginable",
        "resultsCount",
        "resultsCountLimit",
        "totalSize",
        "pageSize",
        "maxPageSize",
        "currentPageSize",
        "currentPageIndex",
        "currentPageOffset",
        "numberOfPages",
        "isPreviousPageAvailable",
        "isLastPageAvailable",
        "isSortable",
        "errorMessage",
        "pageIndex",
        "pageCount",
    ];
    for (key, value) in members {
        let remark = match (key.as_str(), *value) {
            ("hasError" | "isNextPageAvailable", "false") => continue,
            (_, value) if is_empty(value) => continue,
            ("hasError", _) => Remark::missing("the document reports an error: some users or groups may be missing"),
            ("isNextPageAvailable", _) => Remark::missing("the document is a page, and there are more pages"),
            ("@odata.nextLink" | "next", _) => Remark::missing("the document is a page, and there are more pages"),
            (key, _) if PAGE.contains(&key) => continue,
            (key, _) => Remark::dropped(format!("the key {} of the document is not read", quoted(key))),
        };
        remarks.push(remark);
    }
}

/// True if a value is an empty list or object.
pub(super) fn is_empty(value: &str) -> bool {
    let inner = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    let inner = inner.or_else(|| value.strip_prefix('{').and_then(|value| value.strip_suffix('}')));
    inner.is_some_and(|inner| inner.trim().is_empty())
}

fn object(text: &str, key: &str) -> Result<Object, String> {
    match bounded(text) {
        Some(Json::Object(object)) => Ok(object),
        _ => Err(format!("{key} is not an object")),
    }
}

fn value_of<'t>(members: &[Member<'t>], key: &str) -> Option<&'t str> {
    members.iter().find(|(known, _)| known == key).map(|(_, value)| *value)
}

/// A text. Nuxeo also accepts numbers and booleans as texts.
fn scalar(value: Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text),
        value @ (Json::Number(_) | Json::Bool(_)) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

// ------------------------------------------------------------------------------------------ Nuxeo

fn nuxeo_user<'t>(found: Vec<Member<'t>>, remarks: &mut Vec<Remark>) -> Result<Document<'t>, String> {
    const FIELDS: [&str; 7] = ["username", "firstName", "lastName", "email", "company", "title", "groups"];
    let mut draft = Draft::of_kind(Some(Kind::User));
    let below = value_of(&found, "properties");
    let below = below.map_or(Ok(Vec::new()), |text| members_below(text, "properties"))?;
    let (mut fields, others): (Vec<_>, Vec<_>) = below.into_iter().partition(|(key, _)| FIELDS.contains(&key.as_str()));
    let mut properties = Object::new();
    for (key, value) in others {
        if key == "password" {
            draft.remarks.push(Remark::dropped("a password of a Nuxeo document is not read"));
            continue;
        }
        let value =
            bounded(value).ok_or_else(|| format!("the value of {} is not JSON, or is too large", quoted(&key)))?;
        properties.insert(key, value);
    }
    draft.properties = (!properties.is_empty()).then_some(properties);
    if value_of(&fields, "groups").is_none() {
        draft.remarks.push(Remark::dropped("the document does not say which groups the user is in"));
    }
    if value_of(&found, "isAdministrator") == Some("true") && !is_below_administrators(&found, &fields) {
        let text = format!("isAdministrator gives no rights: the user is not in the group {ADMINISTRATORS}");
        draft.remarks.push(Remark::dropped(text));
    }
    let mut username = value_of(&fields, "username");
    for (key, value) in found {
        match key.as_str() {
            "entity-type" | "properties" | "extendedGroups" | "isAdministrator" | "isPartial" => {}
            "isAnonymous" if value == "false" => {}
            // The top of the document repeats the name.
            "id" | "name" if username.is_none_or(|name| name == value) => {
                if username.is_none() {
                    username = Some(value);
                    fields.push(("username".to_owned(), value));
                }
            }
            key => remarks.push(Remark::dropped(format!("no field has the name {}", quoted(key)))),
        }
    }
    Ok(Document::Members { members: fields, draft: Box::new(draft), dialect: Dialect::Any })
}

/// True if a user is in the group of administrators, or in one below it.
fn is_below_administrators(found: &[Member<'_>], fields: &[Member<'_>]) -> bool {
    let is_named = |name: &str| name.eq_ignore_ascii_case(ADMINISTRATORS);
    let list = |members: &[Member<'_>], key| {
        let list = value_of(members, key).and_then(bounded);
        if let Some(Json::Array(list)) = list { list } else { Vec::new() }
    };
    let above = list(found, "extendedGroups");
    let direct = list(fields, "groups");
    above.iter().filter_map(|group| group.get("name")?.as_str()).any(is_named)
        || direct.iter().filter_map(Json::as_str).any(is_named)
}

fn nuxeo_group<'t>(found: &[Member<'t>], remarks: &mut Vec<Remark>) -> Result<Document<'t>, String> {
    let mut draft = Draft::of_kind(Some(Kind::Group));
    let mut below = value_of(found, "properties").map_or(Ok(Object::new()), |text| object(text, "properties"))?;
    let top = |key: &str| value_of(found, key).and_then(bounded).and_then(scalar);
    let names = [top("groupname"), top("id"), below.remove("groupname").and_then(scalar)];
    let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
    let name = name.ok_or("the name of the group is missing")?;
    // At the top, the name is used as the label of a group without one.
    let shown = top("grouplabel").filter(|label| *label != name);
    let label = if below.contains_key("grouplabel") { below.remove("grouplabel").and_then(scalar) } else { shown };
    for (text, value) in [(Text::Label, label), (Text::Description, below.remove("description").and_then(scalar))] {
        value.into_iter().for_each(|value| draft.set_text(text, value));
    }
    for key in ["members", "subGroups", "parentGroups"] {
        below.remove(key);
    }
    below.retain(|_, value| !value.is_null());
    draft.properties = (!below.is_empty()).then_some(below);
    for (key, value) in found {
        let list = || bounded(value).and_then(texts).ok_or_else(|| format!("{key} is not a list of texts"));
        match key.as_str() {
            "memberUsers" => draft.members = Some(list()?),
            "memberGroups" => draft.subgroups = Some(list()?),
            "parentGroups" => draft.groups = Some(list()?),
            "entity-type" | "properties" | "grouplabel" | "groupname" => {}
            "id" | "name" if decode::<String>(value.as_bytes()).is_ok_and(|id| id == name) => {}
            key => draft.remarks.push(Remark::dropped(format!("no field has the name {}", quoted(key)))),
        }
    }
    draft.set_text(Text::Name, name);
    draft.finish(remarks).map(Document::Records)
}

// ------------------------------------------------------------------------------------------ Keycloak

/// The paths of groups without the leading slash of Keycloak.
pub(super) fn strip_paths(names: &mut [String]) {
    if names.iter().all(|name| name.starts_with('/')) {
        names.iter_mut().for_each(|name| *name = name[1..].to_owned());
    }
}

/// The records of a group of Keycloak and of all groups below it. The path of a group is its name.
fn keycloak_groups(found: &[Member<'_>], remarks: &mut Vec<Remark>) -> Result<Vec<Record>, String> {
    let mut top = Object::new();
    for (key, value) in found {
        let value =
            bounded(value).ok_or_else(|| format!("the value of {} is not JSON, or is too large", quoted(key)))?;
        top.insert(key.clone(), value);
    }
    let (mut records, mut subgroups) = (Vec::new(), Vec::new());
    let mut waiting = vec![(top, None::<String>)];
    while let Some((mut group, parent)) = waiting.pop() {
        let path = group.remove("path").and_then(scalar).unwrap_or_default();
        let name = path.strip_prefix('/').unwrap_or(&path).to_owned();
        if name.trim().is_empty() {
            return Err("the path of the group is missing".to_owned());
        }
        let attributes = match group.remove("attributes") {
            Some(Json::Object(attributes)) => attributes,
            _ => Object::new(),
        };
        if let Some(Json::Array(below)) = group.remove("subGroups") {
            let objects =
                below.into_iter().filter_map(|group| if let Json::Object(group) = group { Some(group) } else { None });
            waiting.extend(objects.map(|group| (group, Some(name.clone()))));
        }
        for key in ["id", "name", "parentId", "subGroupCount"] {
            group.remove(key);
        }
        let says = |value: &Json| !matches!(value.to_string().as_str(), "null" | "[]" | "{}");
        let others = group.iter().filter(|(_, value)| says(value));
        remarks
            .extend(others.map(|(key, _)| {
                Remark::dropped(format!("no field has the name {}", quoted(key))).about(quoted(&name))
            }));
        if let Some(parent) = parent {
            let (group, subgroup) = (parent.into(), name.clone().into());
            subgroups.push(Record::Subgroup(SubgroupRecord { group, subgroup, ..SubgroupRecord::default() }));
        }
        let properties: BTreeMap<_, _> =
            attributes.iter().map(|(key, value)| (key.clone(), JsonText::from(value))).collect();
        records.push(Record::Group(GroupRecord { name, properties, ..GroupRecord::default() }));
    }
    records.extend(subgroups);
    Ok(records)
}

/// Takes the password from Keycloak's list of credentials.
pub(super) fn take_credentials(draft: &mut Draft, value: Json) {
    let Json::Array(credentials) = value else {
        draft.remarks.push(Remark::dropped("credentials is not a list"));
        return;
    };
    let mut has_password = false;
    for credential in credentials {
        let is_password = credential.get("type").and_then(Json::as_str) == Some("password");
        if !is_password || has_password {
            draft.remarks.push(Remark::dropped("credentials other than one password are not read"));
            continue;
        }
        has_password = true;
        if credential.get("temporary").is_some_and(|value| switch(&value.to_string()) == Some(true)) {
            draft.remarks.push(Remark::dropped("a temporary password becomes an ordinary one"));
        }
        match (credential.get("value").and_then(Json::as_str), stored_password(&credential)) {
            (_, Some(hash)) => draft.set_text(Text::PasswordHash, hash),
            (Some(clear), None) => draft.set_text(Text::Password, clear.to_owned()),
            (None, None) => {
                draft.remarks.push(Remark::dropped("a Keycloak password hash is of an unknown kind"));
            }
        }
    }
}

/// A password hash of Keycloak in the usual text form. Newer versions of Keycloak keep the parts as JSON in texts.
fn stored_password(credential: &Json) -> Option<String> {
    let inner = |key: &str| Json::parse(credential.get(key)?.as_str()?.as_bytes()).ok();
    let (secret, data) = (inner("secretData"), inner("credentialData"));
    let secret = secret.as_ref().unwrap_or(credential);
    let data = data.as_ref().unwrap_or(credential);
    let hash = secret.get("value").or_else(|| secret.get("hashedSaltedValue"))?.as_str()?;
    let (hash, salt) =
        (BASE64_STANDARD.decode(hash).ok()?, BASE64_STANDARD.decode(secret.get("salt")?.as_str()?).ok()?);
    let (hash, salt) = (BASE64_STANDARD_NO_PAD.encode(hash), BASE64_STANDARD_NO_PAD.encode(salt));
    let iterations: u32 = data.get("hashIterations")?.to_string().parse().ok()?;
    match data.get("algorithm")?.as_str()? {
        algorithm @ ("pbkdf2-sha256" | "pbkdf2-sha512") => {
            let adapted = |text: String| text.replace('+', ".");
            let scheme = algorithm.to_ascii_uppercase();
            Some(format!("{{{scheme}}}{iterations}${}${}", adapted(salt), adapted(hash)))
        }
        "argon2" => {
            let parameters = data.get("additionalParameters")?;
            let parameter = |key: &str| parameters.get(key)?.as_array()?.first()?.as_str();
            let kind = parameter("type").filter(|kind| matches!(*kind, "i" | "d" | "id"))?;
            let version = match parameter("version")? {
                "1.3" => 19,
                "1.0" => 16,
                _ => return None,
            };
            let number = |key| parameter(key)?.parse::<u32>().ok();
            let (memory, lanes) = (number("memory")?, number("parallelism")?);
            Some(format!("$argon2{kind}$v={version}$m={memory},t={iterations},p={lanes}${salt}${hash}"))
        }
        _ => None,
    }
}
