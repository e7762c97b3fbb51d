//! Users as the page shows and changes them.

use super::decode::{Parameters, fields, record, text};
use super::error::Result;
use crate::admin::{ShownUser, changes_of, new_user_of};
use crate::dialect::preconditions;
use crate::directory::{Directory, UserFilter};
use crate::formats::UserRecord;
use crate::http::{Etag, Request, Response};
use crate::model::{EtagScope, TextField, UserWithGroups};
use serde::Serialize;

/// The keys of fields that a request can change.
fn field_names() -> impl Iterator<Item = &'static str> {
    let others = ["role", "disabled", "external_id", "groups", "properties"];
    TextField::ALL.into_iter().map(TextField::name).chain(others)
}

/// `GET /api/users`: those to whom all of it applies, in the order of names.
pub(super) fn list(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let known = ["text", "state", "verified", "administrators", "group", "after", "limit"];
    let parameters = Parameters::of(request, &known)?;
    let filter = UserFilter {
        disabled: parameters.choice("state", ["disabled", "enabled"])?,
        verified: parameters.choice("verified", ["yes", "no"])?,
        administrators: parameters.choice("administrators", ["yes", "no"])? == Some(true),
        text: parameters.get("text").map(str::to_owned),
        ..UserFilter::default()
    };
    let (group, after, limit) = (parameters.get("group"), parameters.get("after"), parameters.limit()?);
    // One more tells whether there are more.
    let mut accounts = directory.users_after(filter, group, after.unwrap_or_default(), limit + 1)?;
    let more = accounts.len() as u64 > limit;
    accounts.truncate(limit as usize);
    let next = accounts.last().filter(|_| more).map(|account| account.user.username.as_str());
    let users: Vec<ShownUser> = accounts.iter().map(ShownUser::of_account).collect();
    Ok(Response::json(200, &Page { users, next }))
}

/// A part of the list.
#[derive(Serialize)]
struct Page<'n> {
    users: Vec<ShownUser>,
    /// The name to go on after; none at the end.
    next: Option<&'n str>,
}

/// `POST /api/users`
pub(super) fn create(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    // Before a password is hashed.
    directory.require_user_creator()?;
    let user: UserRecord = record(request, &["name", "password"].into_iter().chain(field_names()).collect::<Vec<_>>())?;
    let (name, changes) = new_user_of(directory, user)?;
    Ok(show(201, &directory.create_user(&name, changes)?))
}

/// `GET /api/users/{name}`
pub(super) fn get(directory: &Directory, name: &str, request: &Request<'_>) -> Result<Response> {
    let profile = directory.user_with_groups(name)?;
    Ok(preconditions::look(request, tag(&profile), || Response::json(200, &ShownUser::of_profile(&profile)))?)
}

/// `PATCH /api/users/{name}`: what is absent or null stays, what is empty is cleared.
pub(super) fn update(directory: &Directory, name: &str, request: &Request<'_>) -> Result<Response> {
    directory.require_editor()?;
    let (_, changes) = changes_of(directory, record(request, &field_names().collect::<Vec<_>>())?)?;
    let condition = preconditions::of_change(request).on(EtagScope::UserWithGroups);
    Ok(show(200, &directory.update_user(name, changes, condition)?))
}

/// `DELETE /api/users/{name}`: for good.
pub(super) fn delete(directory: &Directory, name: &str, request: &Request<'_>) -> Result<Response> {
    directory.delete_user(name, preconditions::of_change(request).on(EtagScope::UserWithGroups))?;
    Ok(Response::empty(204))
}

/// `PUT /api/users/{name}/password`
pub(super) fn set_password(directory: &Directory, name: &str, request: &Request<'_>) -> Result<Response> {
    directory.require_editor()?;
    let body = fields(request, &["password"])?;
    directory.set_password(name, text(&body, "password")?)?;
    Ok(Response::empty(204))
}

fn show(status: u16, profile: &UserWithGroups) -> Response {
    Response::json(status, &ShownUser::of_profile(profile)).with_tag(tag(profile))
}

fn tag(profile: &UserWithGroups) -> Etag {
    Etag { state: profile.etag(), variant: 0 }
}
