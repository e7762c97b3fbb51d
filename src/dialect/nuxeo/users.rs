//! Users as this dialect shows and takes them.

use super::decode::{entity, groups, keep, name, properties, text};
use super::error::{Problem, Result};
use super::options::{prefix, query, wants_profile};
use super::paging::Asked;
use crate::dialect::{decode, preconditions};
use crate::directory::{Authenticator, Directory, MembershipView, PageReader};
use crate::http::{Etag, Request, Response};
use crate::json::{self, Json, JsonStr, Object};
use crate::model::{Error, EtagScope, GroupName, User, UserChanges, UserWithGroups};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use std::sync::Arc;

/// `POST /user`
pub(super) fn create(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let mut entity = entity(request, "user")?;
    let mut properties = properties(&mut entity)?;
    // The documented way is `properties.username`; `id` is understood where that is missing.
    let username = name(&properties, "username")?.or(name(&entity, "id")?);
    properties.remove("username");
    let (mut new, password) = changes(properties)?;
    directory.require_user_creator()?;
    let username = username.ok_or_else(|| Problem::Invalid("User MUST have a name".to_owned()))?;
    directory.may_create_user(&username, &new)?;
    if password.is_none() && directory.passwords().required() {
        return Err(Problem::Invalid("User MUST have a password".to_owned()));
    }
    new.password = password.map(|password| directory.password_of_new_user(&password)).transpose()?;
    let profile = directory.create_user(&username, new)?;
    show_tagged(201, directory, &profile, request)
}

/// `GET /user/{id}`
pub(super) fn get(directory: &Directory, username: &str, request: &Request<'_>) -> Result<Response> {
    look(directory, &directory.user_with_groups(username)?, request)
}

/// `PUT /user/{id}`: only the properties that are present change.
pub(super) fn update(directory: &Directory, username: &str, request: &Request<'_>) -> Result<Response> {
    directory.require_user(username)?;
    let mut entity = entity(request, "user")?;
    let mut properties = properties(&mut entity)?;
    let (id, other) = (name(&entity, "id")?, name(&properties, "username")?);
    properties.remove("username");
    let (mut changes, password) = changes(properties)?;
    directory.may_update_user(username, &changes)?;
    if let Some(id) = id
        && !directory.is_one_user(username, &id)?
    {
        return match directory.user(&id) {
            Err(Error::NotFound(..)) => Err(Problem::UnknownId(id)),
            Err(error) => Err(error.into()),
            Ok(_) => Err(Problem::Invalid(format!("the id in the body names another user: {id}"))),
        };
    }
    if let Some(other) = other
        && !directory.is_one_user(username, &other)?
    {
        return Err(Problem::Invalid(format!("the username in the body names another user: {other}")));
    }
    changes.password = password.map(|password| directory.changed_password(username, &password)).transpose()?.flatten();
    let profile =
        directory.update_user(username, changes, preconditions::of_change(request).on(EtagScope::UserWithGroups))?;
    show_tagged(200, directory, &profile, request)
}

/// `DELETE /user/{id}`
pub(super) fn delete(directory: &Directory, username: &str, request: &Request<'_>) -> Result<Response> {
    directory.delete_user(username, preconditions::of_change(request).on(EtagScope::UserWithGroups))?;
    Ok(Response::empty(204))
}

/// `POST` of a membership, from either side: the user, also when the path is the group's.
pub(super) fn join(
    directory: &Directory,
    side: MembershipView,
    username: &str,
    group: &str,
    request: &Request<'_>,
) -> Result<Response> {
    let profile = directory.add_member(side, username, group).map_err(|error| Problem::Membership(side, error))?;
    show(201, directory, &profile, request)
}

/// `DELETE` of a membership, from either side: the bare user name, which must not be called JSON.
pub(super) fn leave(directory: &Directory, side: MembershipView, username: &str, group: &str) -> Result<Response> {
    let profile = directory.remove_member(side, username, group).map_err(|error| Problem::Membership(side, error))?;
    Ok(Response::text(200, profile.user.username))
}

/// `GET /user/search`
pub(super) fn search(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let asked = Asked::of(request)?;
    show_page(asked, directory, directory.search_users(query(request)?, asked.window()), request)
}

/// `GET /group/{id}/@users`
pub(super) fn members(directory: &Directory, group: &str, request: &Request<'_>) -> Result<Response> {
    let asked = Asked::of(request)?;
    show_page(asked, directory, directory.members(group, prefix(request)?, asked.window()), request)
}

/// `GET /me`
pub(super) fn me(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    look(directory, &directory.own_user()?, request)
}

/// `PUT /me/changepassword`
pub(super) fn change_password(
    access: &Authenticator,
    directory: &Directory,
    request: &Request<'_>,
) -> Result<Response> {
    let body = decode(request)?.unwrap_or_default();
    let word = |key: &str| -> Result<String> {
        let word = body.get(key).map(|value| text(key, value)).transpose()?.flatten();
        word.ok_or_else(|| Problem::Invalid(format!("{key} is missing")))
    };
    let (old, new) = (word("oldPassword")?, word("newPassword")?);
    let profile = access.change_own_password(directory, &old, &new, request.peer)?;
    show(200, directory, &profile, request)
}

/// `GET /user/transient/{middle}/{rest}`: anybody of that form, made up and not stored, unless there is such a
/// user.
pub(super) fn transient(directory: &Directory, name: &str, rest: &str, request: &Request<'_>) -> Result<Response> {
    match directory.user_with_groups(name) {
        Err(Error::NotFound(..)) => {}
        found => return look(directory, &found?, request),
    }
    let middle = rest.split('/').next().map(str::to_owned);
    let user = User { username: name.to_owned(), first_name: middle.clone(), email: middle, ..User::default() };
    let profile = UserWithGroups { user, groups: Vec::new(), ancestors: Vec::new(), administrator: false };
    look(directory, &profile, request)
}

// ------------------------------------------------------------------------------------------ taking

/// What the properties change, and the new password in clear.
fn changes(properties: Object) -> Result<(UserChanges, Option<String>)> {
    let mut changes = UserChanges { groups: groups(&properties)?, ..UserChanges::default() };
    let mut password = None;
    for (name, value) in properties {
        match name.as_str() {
            "firstName" => changes.first_name = Some(text(&name, &value)?),
            "lastName" => changes.last_name = Some(text(&name, &value)?),
            "email" => changes.email = Some(text(&name, &value)?),
            "company" => changes.company = Some(text(&name, &value)?),
            "title" => changes.title = Some(text(&name, &value)?),
            // Empty means unchanged: clients send back what they were shown, and passwords are not shown.
            "password" => password = text(&name, &value)?.filter(|password| !password.is_empty()),
            "groups" => {}
            "tenantId" => {
                let tenant = text(&name, &value)?.map_or(Json::Null, Json::String);
                keep(&mut changes.attributes, name, &tenant);
            }
            _ => keep(&mut changes.attributes, name, &value),
        }
    }
    Ok((changes, password))
}

// ------------------------------------------------------------------------------------------ showing

/// What of a user is shown, beside what is always shown.
#[derive(Clone, Copy)]
struct View {
    /// The profile, which clients ask for as an enricher.
    enriched: bool,
    /// Neither who is an administrator nor the groups of one.
    hides_administrators: bool,
}

impl View {
    fn of(directory: &Directory, request: &Request<'_>) -> Result<View> {
        let hides_administrators = directory.hides_administrators();
        Ok(View { enriched: wants_profile(request)?, hides_administrators })
    }

    /// The document of the user in that view.
    fn document(self, status: u16, profile: &UserWithGroups) -> Response {
        Response::json(status, &Shown::new(profile, self))
    }

    fn tag(self, profile: &UserWithGroups) -> Etag {
        let variant = u8::from(self.enriched) | u8::from(self.hides_administrators) << 1;
        Etag { state: profile.etag(), variant }
    }
}

/// The user in the answer to a call that is about something else: a membership, a password.
fn show(status: u16, directory: &Directory, profile: &UserWithGroups, request: &Request<'_>) -> Result<Response> {
    Ok(View::of(directory, request)?.document(status, profile))
}

/// The user in the answer to a look at them.
fn look(directory: &Directory, profile: &UserWithGroups, request: &Request<'_>) -> Result<Response> {
    let view = View::of(directory, request)?;
    Ok(preconditions::look(request, view.tag(profile), || view.document(200, profile))?)
}

/// The user in the answer to a call that has made or changed them.
fn show_tagged(
    status: u16,
    directory: &Directory,
    profile: &UserWithGroups,
    request: &Request<'_>,
) -> Result<Response> {
    let view = View::of(directory, request)?;
    Ok(view.document(status, profile).with_tag(view.tag(profile)))
}

fn show_page(
    asked: Asked,
    directory: &Directory,
    listing: PageReader<UserWithGroups>,
    request: &Request<'_>,
) -> Result<Response> {
    let view = View::of(directory, request)?;
    asked.answer("users", listing, move |out, profile| json::to_writer(out, &Shown::new(profile, view)))
}

/// A user on the wire.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'p> {
    #[serde(rename = "entity-type")]
    entity_type: &'static str,
    id: &'p str,
    name: &'p str,
    properties: Properties<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_groups: Option<Vec<ShownGroup<'p>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_administrator: Option<bool>,
    is_anonymous: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_parameters: Option<ContextParameters>,
}

#[derive(serde::Serialize)]
struct ShownGroup<'p> {
    name: &'p str,
    label: &'p str,
    url: String,
}

#[derive(serde::Serialize)]
struct ContextParameters {
    userprofile: UserProfile,
}

/// What the enricher `userprofile` adds. Nothing of it is kept here; clients want the keys.
#[derive(serde::Serialize, Default)]
struct UserProfile {
    birthdate: (),
    phonenumber: (),
    avatar: (),
    gender: bool,
    locale: (),
}

impl<'p> Shown<'p> {
    fn new(profile: &'p UserWithGroups, view: View) -> Shown<'p> {
        let user = &profile.user;
        let shows_groups = !(view.hides_administrators && profile.administrator);
        let group = |group: &'p Arc<GroupName>| ShownGroup {
            name: &group.name,
            label: group.label(),
            url: format!("group/{}", group.name),
        };
        Shown {
            entity_type: "user",
            id: &user.username,
            name: &user.username,
            properties: Properties { profile, shows_groups },
            extended_groups: shows_groups.then(|| profile.groups.iter().chain(&profile.ancestors).map(group).collect()),
            is_administrator: (!view.hides_administrators).then_some(profile.administrator),
            is_anonymous: false,
            context_parameters: view.enriched.then(|| ContextParameters { userprofile: UserProfile::default() }),
        }
    }
}

/// The seven standard properties, always all of them, and those that were kept.
struct Properties<'p> {
    profile: &'p UserWithGroups,
    shows_groups: bool,
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let UserWithGroups { user, groups, .. } = self.profile;
        let groups: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("username", &user.username)?;
        map.serialize_entry("firstName", &user.first_name)?;
        map.serialize_entry("lastName", &user.last_name)?;
        map.serialize_entry("email", &user.email)?;
        map.serialize_entry("company", &user.company)?;
        serialize_kept(&mut map, &user.attributes)?;
        if self.shows_groups {
            map.serialize_entry("groups", &groups)?;
        }
        if let Some(title) = &user.title {
            map.serialize_entry("title", title)?;
        }
        map.end()
    }
}

/// Kept properties, and `tenantId`, which is always there.
pub(super) fn serialize_kept<M: serde::ser::SerializeMap>(
    map: &mut M,
    attributes: &crate::model::Attributes,
) -> std::result::Result<(), M::Error> {
    if !attributes.contains_key("tenantId") {
        map.serialize_entry("tenantId", &())?;
    }
    for (name, json) in attributes {
        map.serialize_entry(name, &JsonStr(json))?;
    }
    Ok(())
}
