//! `/Me`: the user who calls (RFC 7644, 3.11).

use super::auth;
use super::failure::Result;
use super::location::Locations;
use super::problem::Problem;
use super::users;
use crate::dialect::call::Call;
use crate::dialect::preconditions::weak_preconditions;
use crate::directory::Directory;
use crate::http::Response;
use crate::model::{EtagScope, UserRef};

/// `GET /Me`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let uuid = own_uuid(directory)?;
    Ok(located(call, &uuid, users::show(call, directory, &uuid)?))
}

/// `POST /Me`: a caller exists already.
pub(super) fn create(_: &mut Call<'_>, _: &Directory) -> Result<Response> {
    Err(Problem::of_status(501, "a user cannot create itself").into())
}

/// `PUT /Me`
pub(super) fn replace(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let uuid = own_uuid(directory)?;
    Ok(located(call, &uuid, users::edit(call, directory, &uuid, users::put_user)?))
}

/// `PATCH /Me`
pub(super) fn patch(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let uuid = own_uuid(directory)?;
    Ok(located(call, &uuid, users::edit(call, directory, &uuid, users::patch_user)?))
}

/// `DELETE /Me`
pub(super) fn delete(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let uuid = own_uuid(directory)?;
    directory.delete_user(UserRef::uuid(&uuid), weak_preconditions(call.request).on(EtagScope::UserWithGroups))?;
    Ok(Response::empty(204))
}

/// The uuid of the caller.
///
/// # Errors
/// Status 501 for keys, which are no users.
fn own_uuid(directory: &Directory) -> Result<String> {
    if directory.caller().user_id().is_none() {
        return Err(Problem::of_status(501, "the caller is a key and no user").into());
    }
    Ok(directory.own_user()?.user.uuid)
}

fn located(call: &Call<'_>, uuid: &str, response: Response) -> Response {
    response.with_header("Location", &Locations::of(call, auth::NAME).user(uuid))
}
