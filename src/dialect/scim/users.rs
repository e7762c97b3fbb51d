//! Handlers for users.

use super::auth;
use super::document::{canonical, check_required};
use super::failure::{Failure, Result};
use super::location::Locations;
use super::patch::Patch;
use super::problem;
use super::projection::Projection;
use super::request::{body, projection};
use super::response::{self, SCIM_JSON, with_identity};
use super::retries::repeat;
use super::schema::USER;
use super::user_resource::{UserReplacement, document};
use super::user_text::user_text;
use crate::dialect::call::Call;
use crate::dialect::preconditions::{is_known_state, weak_preconditions};
use crate::directory::{Directory, ImportedPassword, NewUser, Operation, UserDocument, UserEdit, classify_password};
use crate::http::Response;
use crate::json::{Json, Object};
use crate::model::{EntityKind, EtagScope, Precondition, UserRef, UserWithGroups};

/// `POST /Users`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require(Operation::CreateUser)?;
    let projection = projection(call, &USER)?;
    let user = create_user(directory, body(call.request)?)?;
    Ok(respond(call, 201, &user, &projection))
}

/// Creates a user from a body.
pub(super) fn create_user(directory: &Directory, body: Json) -> Result<UserWithGroups> {
    let new = UserReplacement::new(None, canonical(&USER, body)?)?;
    let UserReplacement { username, password, changes } = new;
    let password = plain_password(&username, password);
    Ok(directory.create_user(NewUser { username: Some(username), password, checks_password: false, changes })?)
}

/// `GET /Users/{id}`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let uuid = call.parameter("id").to_owned();
    show(call, directory, &uuid)
}

/// Answers with a user.
pub(super) fn show(call: &Call<'_>, directory: &Directory, uuid: &str) -> Result<Response> {
    let projection = projection(call, &USER)?;
    if !projection.is_everything() {
        let user = directory.scim_user(uuid)?;
        if is_known_state(call.request, user.etag())? {
            return Ok(with_identity(Response::empty(304), 304, "", user.etag()));
        }
        return Ok(respond(call, 200, &user, &projection));
    }
    let locations = Locations::of(call, auth::NAME);
    let write = |user: &UserWithGroups| user_text(user, &locations, &projection);
    let cache = &call.context.user_lookups;
    let UserDocument { etag, bytes } = directory.scim_user_document(cache, locations.base(), uuid, write)?;
    if is_known_state(call.request, etag)? {
        return Ok(with_identity(Response::empty(304), 304, "", etag));
    }
    let response = Response { content_type: SCIM_JSON, ..Response::shared_json(bytes) };
    Ok(with_identity(response, 200, "", etag))
}

/// `PUT /Users/{id}`
pub(super) fn replace(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let uuid = call.parameter("id").to_owned();
    edit(call, directory, &uuid, put_user)
}

/// Replaces a user by a body.
pub(super) fn put_user(
    call: &Call<'_>,
    directory: &Directory,
    uuid: &str,
    body: Json,
    condition: &Precondition,
) -> Result<UserWithGroups> {
    let new = canonical(&USER, body)?;
    change(call, directory, uuid, condition, |before| {
        let mut after = new.clone();
        // A body without `active` must not enable a user.
        if let Some(active) = before.get("active") {
            after.entry("active".to_owned()).or_insert_with(|| active.clone());
        }
        Ok(after)
    })
}

/// `PATCH /Users/{id}`
pub(super) fn patch(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let uuid = call.parameter("id").to_owned();
    edit(call, directory, &uuid, patch_user)
}

/// Changes a user by the body of the request: replaces it by [`put_user`], or changes parts of it by [`patch_user`].
pub(super) fn edit(
    call: &Call<'_>,
    directory: &Directory,
    uuid: &str,
    change: fn(&Call<'_>, &Directory, &str, Json, &Precondition) -> Result<UserWithGroups>,
) -> Result<Response> {
    directory.require(Operation::EditUser)?;
    let projection = projection(call, &USER)?;
    let change = |body| change(call, directory, uuid, body, &weak_preconditions(call.request));
    let user = body(call.request).and_then(change).or_else(|failure| unless_unknown(directory, uuid, failure))?;
    Ok(respond(call, 200, &user, &projection))
}

/// The failure of a change, unless there is no such user: that is told before faults of the body.
fn unless_unknown<T>(directory: &Directory, uuid: &str, failure: Failure) -> Result<T> {
    directory.require_user(UserRef::uuid(uuid))?;
    Err(failure)
}

/// Changes a user by the body of a PATCH.
pub(super) fn patch_user(
    call: &Call<'_>,
    directory: &Directory,
    uuid: &str,
    body: Json,
    condition: &Precondition,
) -> Result<UserWithGroups> {
    let patch = Patch::parse(body, &USER)?;
    change(call, directory, uuid, condition, |before| {
        let mut after = before.clone();
        patch.apply(&mut after)?;
        check_required(&USER, &after)?;
        Ok(after)
    })
}

/// Reads a user, makes the new document, and stores it if the user is still the same; otherwise once more.
fn change(
    call: &Call<'_>,
    directory: &Directory,
    uuid: &str,
    condition: &Precondition,
    edit: impl Fn(&Object) -> problem::Result<Object>,
) -> Result<UserWithGroups> {
    let locations = Locations::of(call, auth::NAME);
    repeat(EntityKind::User, || {
        let before = directory.scim_user(uuid)?;
        condition.check(|| Ok(before.etag()))?;
        let shown = document(&before, &locations);
        let new = UserReplacement::new(Some((&before, &shown)), edit(&shown)?)?;
        let precondition = Precondition::any_of(vec![before.user.etag(before.administrator)]);
        let UserReplacement { username, password, changes } = new;
        let scim = changes.scim.clone().flatten();
        let password = plain_password(&username, password);
        let username = (username != before.user.username).then_some(username);
        let edit = UserEdit { changes, password, username, also_named: Vec::new(), precondition };
        Ok(directory.update_user(UserRef::uuid(uuid), edit).map(|mut user| {
            user.user.scim = scim;
            user
        }))
    })
}

/// The password, unless it is a hash: a provider that sends what it has stored must not make that text a password.
fn plain_password(username: &str, password: Option<String>) -> Option<String> {
    let password = password?;
    // Other texts that can be hashes, such as hexadecimal digits, can be passwords too.
    let looks_like_hash = password.starts_with(['$', '{']);
    if !looks_like_hash || matches!(classify_password(&password), ImportedPassword::Plain) {
        return Some(password);
    }
    log::warn!("the password for the user {username:?} is left out, because it is a hash");
    None
}

/// `DELETE /Users/{id}`
pub(super) fn delete(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let condition = weak_preconditions(call.request).on(EtagScope::UserWithGroups);
    directory.delete_user(UserRef::uuid(call.parameter("id")), condition)?;
    Ok(Response::empty(204))
}

fn respond(call: &Call<'_>, status: u16, user: &UserWithGroups, projection: &Projection) -> Response {
    let locations = Locations::of(call, auth::NAME);
    let text = user_text(user, &locations, projection);
    with_identity(response::document(status, text), status, &locations.user(&user.user.uuid), user.etag())
}
