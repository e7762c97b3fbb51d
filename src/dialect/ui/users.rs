//! Users on the admin page.

use super::decode::{Parameters, fields, read_page, record, text};
use super::error::Result;
use crate::admin::{UserView, new_user_of, user_edit_of};
use crate::dialect::call::Call;
use crate::dialect::preconditions::{conditional_get, write_preconditions};
use crate::directory::{Directory, Operation, UserEdit};
use crate::formats::UserRecord;
use crate::http::{Etag, Response};
use crate::model::{EtagScope, Filter, GroupRef, TextField, UserWithGroups};
use serde::Serialize;

/// The keys of fields that a request can change.
fn field_names() -> impl Iterator<Item = &'static str> {
    let others = ["role", "disabled", "external_id", "groups", "properties"];
    TextField::ALL.into_iter().map(TextField::name).chain(others)
}

/// `GET /api/users`: the users that match all parameters, in the order of names.
pub(super) fn list(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let known = ["text", "state", "verified", "administrators", "group", "after", "limit"];
    let parameters = Parameters::parse(call.request, &known)?;
    let administrators = parameters.choice("administrators", ["yes", "no"])? == Some(true);
    let filters = [
        parameters.choice("state", ["disabled", "enabled"])?.map(Filter::disabled),
        parameters.choice("verified", ["yes", "no"])?.map(Filter::verified),
        administrators.then(Filter::administrators),
        parameters.get("text").map(Filter::words).transpose()?,
    ];
    let filter = filters.into_iter().flatten().collect();
    let (group, after, limit) = (parameters.get("group"), parameters.get("after"), parameters.limit()?);
    let (accounts, has_more) = read_page(limit, |limit| {
        directory.users_after(filter, group.map(GroupRef::from), after.unwrap_or_default(), limit)
    })?;
    let next = accounts.last().filter(|_| has_more).map(|account| account.user.username.as_str());
    let users: Vec<UserView> = accounts.iter().map(UserView::of_account).collect();
    Ok(Response::json(200, &Page { users, next }))
}

/// One part of the list.
#[derive(Serialize)]
struct Page<'n> {
    users: Vec<UserView>,
    /// The value of `after` for the next part; none at the end.
    next: Option<&'n str>,
}

/// `POST /api/users`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    // Before a password is hashed.
    directory.require(Operation::CreateUser)?;
    let user: UserRecord =
        record(call.request, &["name", "password"].into_iter().chain(field_names()).collect::<Vec<_>>())?;
    Ok(user_document(201, &directory.create_user(new_user_of(user))?))
}

/// `GET /api/users/{name}`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let name = call.parameter("name");
    let profile = directory.user_with_groups(name)?;
    Ok(conditional_get(call.request, etag(&profile), || Response::json(200, &UserView::of_profile(&profile)))?)
}

/// `PATCH /api/users/{name}`: absent and null fields stay, empty ones are cleared.
pub(super) fn update(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let name = call.parameter("name");
    directory.require(Operation::EditUser)?;
    let (_, edit) = user_edit_of(record(call.request, &field_names().collect::<Vec<_>>())?);
    let precondition = write_preconditions(call.request).on(EtagScope::UserWithGroups);
    Ok(user_document(200, &directory.update_user(name, UserEdit { precondition, ..edit })?))
}

/// `DELETE /api/users/{name}`: for good.
pub(super) fn delete(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let name = call.parameter("name");
    directory.delete_user(name, write_preconditions(call.request).on(EtagScope::UserWithGroups))?;
    Ok(Response::empty(204))
}

/// `PUT /api/users/{name}/password`
pub(super) fn set_password(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let name = call.parameter("name");
    directory.require(Operation::EditUser)?;
    let body = fields(call.request, &["password"])?;
    directory.set_password(name, text(&body, "password")?)?;
    Ok(Response::empty(204))
}

fn user_document(status: u16, profile: &UserWithGroups) -> Response {
    Response::json(status, &UserView::of_profile(profile)).with_etag(etag(profile))
}

fn etag(profile: &UserWithGroups) -> Etag {
    Etag { state: profile.etag(), variant: 0 }
}
