//! Users: their handlers, the fields in bodies, and their JSON.

use super::error::{Problem, Result};
use crate::dialect::call::Call;
use crate::dialect::json_list::JsonList;
use crate::dialect::preconditions::{conditional_get, write_preconditions};
use crate::dialect::request_body::json_object;
use crate::directory::{Directory, Operation, UserEdit};
use crate::http::{Etag, Query, Response};
use crate::json::{self, Json, Object};
use crate::model::{
    AccessRole, BaseRole, Error, EtagScope, Filter, ListedUser, User, UserChanges, UserSummary, UserWithGroups, Window,
    is_email,
};
use md5::{Digest as _, Md5};
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;

/// Longest `name`, in characters. The vendor's is 55; longer names of other dialects are not cut.
const NAME_CHARS_MAX: usize = 255;
/// Memory that is reserved for a chunk of the list.
const LIST_CHUNK_BYTES: usize = 160 * 1024;
/// Users on a page, unless the query has another number.
const PAGE_SIZE_DEFAULT: u64 = 100;
/// Most users on a page. A query without paging gives all users.
const PAGE_SIZE_MAX: u64 = 10_000;

/// `POST /api/v1/user`
pub(super) fn create(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require(Operation::CreateUser)?;
    let body = json_object(call.request)?.unwrap_or_default();
    let handle = match body.get("handle") {
        None | Some(Json::Null) => return Err(Problem::Missing("handle")),
        Some(Json::String(handle)) if is_email(handle) => handle,
        Some(_) => return Err(Problem::Format("handle", "email")),
    };
    let mut new = UserChanges {
        display_name: name(&body)?,
        email: email(&body)?,
        access_role: access_role(&body, false)?,
        disabled: boolean(&body, "disabled")?,
        ..UserChanges::default()
    };
    // An address that is the handle is derived and not stored.
    if new.email.as_ref().is_some_and(|email| email.as_deref() == Some(handle.to_lowercase().as_str())) {
        new.email = None;
    }
    // A disabled user of that name takes these two fields only and stays disabled.
    let changes =
        UserChanges { display_name: new.display_name.clone(), access_role: new.access_role, ..UserChanges::default() };
    let profile = directory.create_or_change_disabled_user(handle, new, changes)?;
    Ok(user_document(&profile))
}

/// `GET /api/v1/user`: all users, unless the query has a filter or a page.
pub(super) fn list(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let query = call.request.parameters()?;
    let filter = filter(query.get("filter"))?;
    let (size, page) = (number(&query, "page_size")?, number(&query, "page")?);
    let mut users = if size.is_some() || page.is_some() {
        let limit = size.unwrap_or(PAGE_SIZE_DEFAULT);
        if !(1..=PAGE_SIZE_MAX).contains(&limit) {
            return Err(Problem::Format("page_size", "number from 1 to 10000"));
        }
        directory.users_page(filter, Window { offset: page.unwrap_or(0).saturating_mul(limit), limit })
    } else {
        directory.users(filter)
    };
    let mut list = JsonList::new(b"{\"users\":[", b"]}");
    // The first chunks are read before the status is sent, so that a failing database gives an error status.
    let response = Response::json_stream(move || {
        list.next_chunk(|list| {
            list.chunk().reserve(LIST_CHUNK_BYTES);
            users.next_piece(|user, administrator| {
                list.push(&UserJson::new(user, administrator)).map_err(|error| Error::Internal(error.into()))
            })
        })
    });
    response.map_err(Problem::from)
}

fn filter(name: Option<&str>) -> Result<Filter> {
    match name {
        None | Some("") => Ok(Filter::everything()),
        Some("enabled") => Ok(Filter::disabled(false)),
        Some("disabled") => Ok(Filter::disabled(true)),
        Some("verified") => Ok(Filter::verified(true)),
        Some("admin") => Ok(Filter::administrators()),
        Some(_) => Err(Problem::Format("filter", "one of enabled, disabled, verified, admin")),
    }
}

/// A number as the vendor reads it: an empty value is an error.
fn number(query: &Query<'_>, name: &'static str) -> Result<Option<u64>> {
    query.get(name).map(str::parse).transpose().map_err(|_| Problem::Format(name, "number"))
}

/// `GET /api/v1/user/{handle}`
pub(super) fn get(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let handle = call.parameter("handle");
    let document = directory.user_document(&call.context.user_lookups, 0, handle, |account| {
        json::to_vec(&Envelope { user: UserJsonWithRoles { user: UserJson::of_account(account), roles: [] } })
    })?;
    let etag = Etag { state: document.etag, variant: 0 };
    Ok(conditional_get(call.request, etag, || Response::shared_json(document.bytes))?)
}

/// `PUT /api/v1/user/{handle}`: absent and null fields stay.
pub(super) fn update(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let handle = call.parameter("handle");
    directory.require(Operation::EditUser)?;
    let account = directory.user(handle)?;
    let mut body = json_object(call.request)?.unwrap_or_default();
    // Clients send back the document that they have read. Unchanged values are no change, even if this dialect would
    // refuse them (another dialect may have written them), and derived values must not become stored ones.
    let shown = UserJson::of_account(&account);
    for (field, value) in [("email", shown.email.as_deref()), ("name", shown.name.as_deref())] {
        if value.is_some() && body.get(field).and_then(Json::as_str) == value {
            body.remove(field);
        }
    }
    let mut changes = UserChanges {
        display_name: name(&body)?,
        email: email(&body)?,
        access_role: access_role(&body, account.administrator)?,
        disabled: boolean(&body, "disabled")?,
        ..UserChanges::default()
    };
    if changes.access_role == Some(AccessRole::Administrator) && account.administrator {
        changes.access_role = None;
    }
    let precondition = write_preconditions(call.request).on(EtagScope::User);
    let profile = directory.update_user(handle, UserEdit { changes, precondition, ..UserEdit::default() })?;
    Ok(user_document(&profile))
}

/// `DELETE /api/v1/user/{handle}`: disables. The record stays, and stays in the list.
pub(super) fn disable(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    let handle = call.parameter("handle");
    directory.disable_user(handle, write_preconditions(call.request).on(EtagScope::User))?;
    Ok(Response::json(200, &json!({ "message": format!("User {handle} disabled") })))
}

/// `POST /api/v1/invite_users`: creates the users that do not exist. They stay unverified until they log in.
pub(super) fn invite(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    directory.require(Operation::CreateUser)?;
    let body = json_object(call.request)?.unwrap_or_default();
    let emails = match body.get("emails") {
        None | Some(Json::Null) => &[],
        Some(Json::Array(emails)) => emails.as_slice(),
        Some(_) => return Err(Problem::Format("emails", "list of emails")),
    };
    let handles: Option<Vec<String>> =
        emails.iter().map(|email| email.as_str().filter(|email| is_email(email)).map(str::to_owned)).collect();
    let handles = handles.ok_or(Problem::Format("emails", "list of emails"))?;
    directory.create_missing_users(handles.clone())?;
    Ok(Response::json(200, &json!({ "emails": handles })))
}

// ------------------------------------------------------------------------------------------ bodies

fn name(body: &Object) -> Result<Option<Option<String>>> {
    match body.get("name") {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(name)) if name.chars().count() > NAME_CHARS_MAX => {
            Err(Problem::Format("name", "string of at most 255 characters"))
        }
        Some(Json::String(name)) if name.chars().any(char::is_control) => {
            Err(Problem::Format("name", "string without control characters"))
        }
        Some(Json::String(name)) => Ok(Some(Some(name.clone()))),
        Some(_) => Err(Problem::Format("name", "string")),
    }
}

/// The address. Clients whose fields cannot be absent send an empty text instead.
fn email(body: &Object) -> Result<Option<Option<String>>> {
    match body.get("email") {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(email)) if email.is_empty() => Ok(None),
        Some(Json::String(email)) if is_email(email) => Ok(Some(Some(email.to_lowercase()))),
        Some(_) => Err(Problem::Format("email", "email")),
    }
}

/// A boolean. Some scripts send it as a text, Python and PowerShell with a capital letter.
fn boolean(body: &Object, name: &'static str) -> Result<Option<bool>> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Bool(value)) => Ok(Some(*value)),
        Some(Json::String(word)) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Json::String(word)) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(Problem::Format(name, "boolean")),
    }
}

/// The role to give: `access_role`, or else the older `is_admin`.
fn access_role(body: &Object, is_administrator: bool) -> Result<Option<AccessRole>> {
    match body.get("access_role") {
        None | Some(Json::Null) => Ok(match boolean(body, "is_admin")? {
            Some(true) => Some(AccessRole::Administrator),
            Some(false) if is_administrator => Some(AccessRole::Standard),
            _ => None,
        }),
        Some(role) => match role.as_str() {
            Some("adm") => Ok(Some(AccessRole::Administrator)),
            Some("st") => Ok(Some(AccessRole::Standard)),
            Some("ro") => Ok(Some(AccessRole::ReadOnly)),
            _ => Err(Problem::Format("access_role", "one of st, adm, ro")),
        },
    }
}

// ------------------------------------------------------------------------------------------ JSON

/// The answer to a create or an update, with the etag that a `GET` would have.
fn user_document(profile: &UserWithGroups) -> Response {
    let document = Envelope { user: UserJson::of_profile(profile) };
    Response::json(200, &document).with_etag(etag(&profile.user, profile.administrator))
}

fn etag(user: &User, administrator: bool) -> Etag {
    Etag { state: user.etag(administrator), variant: 0 }
}

/// The document around a single user.
#[derive(Serialize)]
struct Envelope<U> {
    user: U,
}

/// A user on the wire. Every key is always there, because clients index them.
#[derive(Serialize)]
struct UserJson<'u> {
    disabled: bool,
    handle: &'u str,
    name: Option<Cow<'u, str>>,
    title: Option<&'u str>,
    is_admin: bool,
    /// Not an access role: the vendor repeats the title here.
    role: Option<&'u str>,
    access_role: &'static str,
    verified: bool,
    email: Option<Cow<'u, str>>,
    icon: Icon,
}

#[derive(Serialize)]
struct UserJsonWithRoles<'u> {
    #[serde(flatten)]
    user: UserJson<'u>,
    /// Roles of the vendor's later model, which no client of this one reads.
    roles: [(); 0],
}

impl<'u> UserJson<'u> {
    fn of_account(account: &'u UserSummary) -> UserJson<'u> {
        UserJson::new(account.user.as_listed(), account.administrator)
    }

    fn of_profile(profile: &'u UserWithGroups) -> UserJson<'u> {
        UserJson::new(profile.user.as_listed(), profile.administrator)
    }

    fn new(user: ListedUser<'u>, administrator: bool) -> UserJson<'u> {
        // The stored key is unique, so two users never have the same handle.
        let handle = user.key;
        let stored = user.email.map(str::trim).filter(|email| !email.is_empty());
        let address = stored.or_else(|| is_email(user.username).then_some(user.username));
        let email = address.map(lower_case);
        let access_role = match user.access_role {
            _ if administrator => "adm",
            BaseRole::Standard => "st",
            BaseRole::ReadOnly => "ro",
        };
        UserJson {
            disabled: user.disabled,
            name: display_name(&user),
            title: user.title,
            is_admin: administrator,
            role: user.title,
            access_role,
            verified: user.verified,
            icon: Icon::of(email.as_deref().unwrap_or(handle)),
            email,
            handle,
        }
    }
}

fn lower_case(text: &str) -> Cow<'_, str> {
    let lower = |c: char| !c.is_uppercase() && c.is_ascii();
    if text.chars().all(lower) { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// The stored name, else first and last name, else none.
fn display_name<'u>(user: &ListedUser<'u>) -> Option<Cow<'u, str>> {
    fn text(field: Option<&str>) -> Option<&str> {
        field.filter(|text| !text.trim().is_empty())
    }
    if let Some(name) = text(user.display_name) {
        return Some(Cow::Borrowed(name));
    }
    match (text(user.first_name), text(user.last_name)) {
        (Some(first), Some(last)) => Some(Cow::Owned(format!("{first} {last}"))),
        (Some(one), None) | (None, Some(one)) => Some(Cow::Borrowed(one)),
        (None, None) => None,
    }
}

/// The address of the picture for an e-mail address, at the same service as the vendor's.
struct Icon([u8; Icon::LENGTH]);

impl Icon {
    const START: &'static [u8] = b"https://secure.gravatar.com/avatar/";
    const END: &'static [u8] = b"?s=48&d=retro";
    const LENGTH: usize = Icon::START.len() + 32 + Icon::END.len();

    fn of(email: &str) -> Icon {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut icon = [0; Icon::LENGTH];
        let (start, rest) = icon.split_at_mut(Icon::START.len());
        let (digest, end) = rest.split_at_mut(32);
        start.copy_from_slice(Icon::START);
        end.copy_from_slice(Icon::END);
        for (byte, digits) in Md5::digest(email).into_iter().zip(digest.chunks_exact_mut(2)) {
            digits[0] = DIGITS[usize::from(byte >> 4)];
            digits[1] = DIGITS[usize::from(byte & 15)];
        }
        Icon(icon)
    }
}

impl Serialize for Icon {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}
