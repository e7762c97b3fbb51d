//! Users: their handlers, the properties in bodies, and their JSON.

use super::decode::{entity, groups, keep, name, properties, text};
use super::error::{Problem, Result};
use super::options::{cache_key, prefix, query, wants_profile};
use super::paging::PageRequest;
use crate::dialect::call::Call;
use crate::dialect::preconditions::{conditional_get, write_preconditions};
use crate::dialect::request_body::json_object;
use crate::directory::{Directory, MembershipView, NewUser, PageReader, UserEdit};
use crate::http::{Etag, Request, Response};
use crate::json::{self, Json, JsonStr, Object};
use crate::model::{Error, EtagScope, GroupName, User, UserChanges, UserWithGroups, Window};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use std::sync::Arc;

/// The path of users that are made up from their name.
pub(super) const TRANSIENT_PATH: &str = "/user/transient/{id}";

/// `POST /user`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let request = call.request;
    let mut entity = entity(request, "user")?;
    let mut properties = properties(&mut entity)?;
    // The documented place is `properties.username`; `id` counts where that is missing.
    let username = name(&properties, "username")?.or(name(&entity, "id")?);
    properties.remove("username");
    let (changes, password) = changes(properties)?;
    let profile = directory.create_user(NewUser { username, password, checks_password: true, changes })?;
    tagged_user_document(201, directory, &profile, request)
}

/// `GET /user/{id}`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    // An escaped slash keeps the name of a transient user in one segment.
    if call.parameter("id").starts_with("transient/") {
        let username = call.parameter("id").to_owned();
        call.log.route = TRANSIENT_PATH;
        return transient_user(call, directory, &username);
    }
    let view = View::new(directory, call.request)?;
    let (cache, name) = (&call.context.user_lookups, call.parameter("id"));
    let write = |profile: &UserWithGroups| json::to_vec(&UserJson::new(profile, view));
    let document = directory.user_with_groups_document(cache, view.variant(), name, write)?;
    let etag = Etag { state: document.etag, variant: view.variant() };
    Ok(conditional_get(call.request, etag, || Response::shared_json(document.bytes))?)
}

/// `GET /user/transient/{id}`
pub(super) fn get_transient(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    transient_user(call, directory, &format!("transient/{}", call.parameter("id")))
}

/// `PUT /user/{id}`: only the properties that are present change.
pub(super) fn update(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let (request, username) = (call.request, call.parameter("id"));
    directory.require_user(username)?;
    let mut entity = entity(request, "user")?;
    let mut properties = properties(&mut entity)?;
    let (id, other) = (name(&entity, "id")?, name(&properties, "username")?);
    properties.remove("username");
    let (changes, password) = changes(properties)?;
    let precondition = write_preconditions(request).on(EtagScope::UserWithGroups);
    let also_named = id.iter().chain(&other).cloned().collect();
    let edit = UserEdit { changes, password, also_named, precondition, username: None };
    let profile = directory.update_user(username, edit).map_err(|error| match error {
        Error::OtherUser { name, exists: false } if Some(&name) == id.as_ref() => Problem::UnknownId(name),
        Error::OtherUser { name, .. } => {
            let field = if Some(&name) == id.as_ref() { "id" } else { "username" };
            Problem::Invalid(format!("the {field} in the body names another user: {name}"))
        }
        error => error.into(),
    })?;
    tagged_user_document(200, directory, &profile, request)
}

/// `DELETE /user/{id}`
pub(super) fn delete(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let (request, username) = (call.request, call.parameter("id"));
    directory.delete_user(username, write_preconditions(request).on(EtagScope::UserWithGroups))?;
    Ok(Response::empty(204))
}

/// `POST /user/{id}/group/{group}`
pub(super) fn add_group(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    add_member(call, directory, MembershipView::User)
}

/// `DELETE /user/{id}/group/{group}`
pub(super) fn remove_group(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    remove_member(call, directory, MembershipView::User)
}

/// Adds a membership. The answer is the user, also at the path of the group.
pub(super) fn add_member(call: &Call<'_>, directory: &Directory, view: MembershipView) -> Result<Response> {
    let profile = directory.add_member(view, call.parameter("id"), call.parameter("group"));
    user_document(201, directory, &profile.map_err(|error| Problem::Membership(view, error))?, call.request)
}

/// Removes a membership. The answer is the bare user name, which must not have the type of JSON.
pub(super) fn remove_member(call: &Call<'_>, directory: &Directory, view: MembershipView) -> Result<Response> {
    let profile = directory.remove_member(view, call.parameter("id"), call.parameter("group"));
    Ok(Response::text(200, profile.map_err(|error| Problem::Membership(view, error))?.user.username))
}

/// `GET /user/search`
pub(super) fn search(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    user_page(call, directory, |window| Ok(directory.search_users(query(call.request)?, window)))
}

/// `GET /group/{id}/@users`
pub(super) fn list_members(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    user_page(call, directory, |window| Ok(directory.members(call.parameter("id"), prefix(call.request)?, window)))
}

/// `GET /me`
pub(super) fn get_own(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    conditional_user(call, directory, &directory.own_user()?)
}

/// `PUT /me/changepassword`
pub(super) fn change_password(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let body = json_object(call.request)?.unwrap_or_default();
    let password = |key: &str| -> Result<String> {
        let password = body.get(key).map(|value| text(key, value)).transpose()?.flatten();
        password.ok_or_else(|| Problem::Invalid(format!("{key} is missing")))
    };
    let (old, new) = (password("oldPassword")?, password("newPassword")?);
    let profile = call.context.authenticator.change_own_password(directory, &old, &new, call.request.peer)?;
    user_document(200, directory, &profile, call.request)
}

/// A user of that name if there is one, else a user that is made up from the name and not stored.
fn transient_user(call: &Call<'_>, directory: &Directory, username: &str) -> Result<Response> {
    match directory.user_with_groups(username) {
        Err(Error::NotFound(..)) => {}
        found => return conditional_user(call, directory, &found?),
    }
    let middle = username.split('/').nth(1).map(str::to_owned);
    let user = User { username: username.to_owned(), first_name: middle.clone(), email: middle, ..User::default() };
    let profile = UserWithGroups { user, groups: Vec::new(), ancestors: Vec::new(), administrator: false };
    conditional_user(call, directory, &profile)
}

// ------------------------------------------------------------------------------------------ bodies

/// The changes in the properties, and the new password in the clear.
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
            // Empty means unchanged: clients send back the user that they have read, which has no password.
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

// ------------------------------------------------------------------------------------------ JSON

/// The optional parts of a user's JSON.
#[derive(Clone, Copy)]
struct View {
    /// With the enricher `userprofile`.
    enriched: bool,
    /// Without the right of an administrator and the groups of administrators.
    hides_administrators: bool,
}

impl View {
    fn new(directory: &Directory, request: &Request<'_>) -> Result<View> {
        let hides_administrators = directory.hides_administrators();
        Ok(View { enriched: wants_profile(request)?, hides_administrators })
    }

    /// The document of the user in that view.
    fn document(self, status: u16, profile: &UserWithGroups) -> Response {
        Response::json(status, &UserJson::new(profile, self))
    }

    fn etag(self, profile: &UserWithGroups) -> Etag {
        Etag { state: profile.etag(), variant: self.variant() }
    }

    /// A number for all that the document depends on besides the user.
    fn variant(self) -> u8 {
        u8::from(self.enriched) | u8::from(self.hides_administrators) << 1
    }
}

/// The user as the answer to a change of a membership or a password, without an etag.
fn user_document(
    status: u16,
    directory: &Directory,
    profile: &UserWithGroups,
    request: &Request<'_>,
) -> Result<Response> {
    Ok(View::new(directory, request)?.document(status, profile))
}

/// The user as the answer to a `GET`.
fn conditional_user(call: &Call<'_>, directory: &Directory, profile: &UserWithGroups) -> Result<Response> {
    let view = View::new(directory, call.request)?;
    Ok(conditional_get(call.request, view.etag(profile), || view.document(200, profile))?)
}

/// The user as the answer to a create or an update, with an etag.
fn tagged_user_document(
    status: u16,
    directory: &Directory,
    profile: &UserWithGroups,
    request: &Request<'_>,
) -> Result<Response> {
    let view = View::new(directory, request)?;
    Ok(view.document(status, profile).with_etag(view.etag(profile)))
}

/// A page of users, from the response cache if it is current.
fn user_page(
    call: &Call<'_>,
    directory: &Directory,
    users: impl FnOnce(Window) -> Result<PageReader<UserWithGroups>>,
) -> Result<Response> {
    let open = || {
        let page = PageRequest::parse(call.request)?;
        let view = View::new(directory, call.request)?;
        let write = move |profile: &UserWithGroups| json::to_vec(&UserJson::new(profile, view));
        let users = users(page.window())?;
        Ok((page, users.documents(call.context.user_documents.clone(), view.variant(), write)))
    };
    let read = |page: PageRequest, documents| {
        page.respond("users", documents, |list, document: &Arc<[u8]>| {
            list.push_text(document);
            Ok(())
        })
    };
    let key = cache_key(call.request, directory.hides_administrators())?;
    call.context.response_cache.get_or_insert_users(directory, key, open, read)
}

/// A user on the wire.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct UserJson<'p> {
    #[serde(rename = "entity-type")]
    entity_type: &'static str,
    id: &'p str,
    name: &'p str,
    properties: Properties<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_groups: Option<Vec<GroupReference<'p>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_administrator: Option<bool>,
    is_anonymous: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_parameters: Option<ContextParameters>,
}

#[derive(serde::Serialize)]
struct GroupReference<'p> {
    name: &'p str,
    label: &'p str,
    url: String,
}

#[derive(serde::Serialize)]
struct ContextParameters {
    userprofile: UserProfile,
}

/// The enricher `userprofile`. The server stores nothing of it, but clients want the keys.
#[derive(serde::Serialize, Default)]
struct UserProfile {
    birthdate: (),
    phonenumber: (),
    avatar: (),
    gender: bool,
    locale: (),
}

impl<'p> UserJson<'p> {
    fn new(profile: &'p UserWithGroups, view: View) -> UserJson<'p> {
        let user = &profile.user;
        let shows_groups = !(view.hides_administrators && profile.administrator);
        let group = |group: &'p Arc<GroupName>| GroupReference {
            name: &group.name,
            label: group.label(),
            url: format!("group/{}", group.name),
        };
        UserJson {
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

/// The standard properties, and the extra ones that are stored as they came.
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
        serialize_extra_properties(&mut map, &user.attributes)?;
        if self.shows_groups {
            map.serialize_entry("groups", &groups)?;
        }
        if let Some(title) = &user.title {
            map.serialize_entry("title", title)?;
        }
        if let Some(phone) = &user.phone {
            map.serialize_entry("phone", phone)?;
        }
        map.end()
    }
}

/// Extra properties, and `tenantId`, which is always there.
pub(super) fn serialize_extra_properties<M: serde::ser::SerializeMap>(
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
