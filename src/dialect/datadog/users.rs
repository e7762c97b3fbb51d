//! Users as this dialect shows and takes them.

use super::error::{Problem, Result};
use crate::dialect::{decode, preconditions};
use crate::directory::{Directory, UserFilter};
use crate::http::{Etag, Request, Response};
use crate::json::{self, Json, Object};
use crate::model::{
    AccessRole, BaseRole, Error, EtagScope, User, UserChanges, UserSummary, UserView, UserWithGroups, Window, is_email,
};
use md5::{Digest as _, Md5};
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;

/// Longest `name`, in characters. The vendor's is 55; longer names of other dialects are not cut.
const NAME_CHARS_MAX: usize = 255;
/// Room for a piece of the whole list.
const LIST_PIECE_BYTES: usize = 160 * 1024;
/// Users on a page unless asked for.
const PAGE_SIZE: u64 = 100;
/// Most users on a page; who wants everybody asks without paging.
const PAGE_SIZE_MAX: u64 = 10_000;

/// `POST /api/v1/user`
pub(super) fn create(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    directory.require_user_creator()?;
    let body = decode(request)?.unwrap_or_default();
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
    // The address is the handle's unless another one is given: that is derived, not stored.
    if new.email.as_ref().is_some_and(|email| email.as_deref() == Some(handle.to_lowercase().as_str())) {
        new.email = None;
    }
    // Over a disabled user only these two are taken; it stays disabled.
    let changes =
        UserChanges { display_name: new.display_name.clone(), access_role: new.access_role, ..UserChanges::default() };
    let profile = directory.create_or_change_disabled_user(handle, new, changes)?;
    Ok(show(&profile))
}

/// `GET /api/v1/user`: everybody, unless a filter or a page is asked for.
pub(super) fn list(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let parameters = request.parameters()?;
    let parameter = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_ref());
    let filter = match parameter("filter") {
        None | Some("") => UserFilter::default(),
        Some("enabled") => UserFilter { disabled: Some(false), ..UserFilter::default() },
        Some("disabled") => UserFilter { disabled: Some(true), ..UserFilter::default() },
        Some("verified") => UserFilter { verified: Some(true), ..UserFilter::default() },
        Some("admin") => UserFilter { administrators: true, ..UserFilter::default() },
        Some(_) => return Err(Problem::Format("filter", "one of enabled, disabled, verified, admin")),
    };
    let number = |name: &'static str| {
        let value = parameter(name).map(str::parse::<u64>).transpose();
        value.map_err(|_| Problem::Format(name, "number"))
    };
    let (size, page) = (number("page_size")?, number("page")?);
    let mut pieces = if size.is_some() || page.is_some() {
        let limit = size.unwrap_or(PAGE_SIZE);
        if !(1..=PAGE_SIZE_MAX).contains(&limit) {
            return Err(Problem::Format("page_size", "number from 1 to 10000"));
        }
        directory.users_page(filter, Window { offset: page.unwrap_or(0).saturating_mul(limit), limit })
    } else {
        directory.users(filter)
    };
    let mut begun = false;
    let mut ended = false;
    // The first pieces are read before the status is sent, so that a broken database is no half list.
    let list = Response::json_pieces(move || {
        if ended {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(LIST_PIECE_BYTES);
        if !begun {
            out.extend_from_slice(b"{\"users\":[");
        }
        let more = pieces.next_piece(|user, administrator| {
            if begun {
                out.push(b',');
            }
            begun = true;
            let written = json::to_writer(&mut out, &Shown::new(user, administrator));
            written.map_err(|error| Error::Internal(error.into()))
        })?;
        begun = true;
        if !more {
            ended = true;
            out.extend_from_slice(b"]}");
        }
        Ok(Some(out))
    });
    list.map_err(Problem::Directory)
}

/// `GET /api/v1/user/{handle}`
pub(super) fn get(directory: &Directory, handle: &str, request: &Request<'_>) -> Result<Response> {
    let account = directory.user(handle)?;
    Ok(preconditions::look(request, tag(&account.user, account.administrator), || {
        Response::json(200, &Envelope { user: ShownWithRoles { user: Shown::of_account(&account), roles: [] } })
    })?)
}

/// `PUT /api/v1/user/{handle}`: what is absent or null stays.
pub(super) fn update(directory: &Directory, handle: &str, request: &Request<'_>) -> Result<Response> {
    directory.require_editor()?;
    let account = directory.user(handle)?;
    let mut body = decode(request)?.unwrap_or_default();
    // Clients send back what they were shown. That is no change, whatever it looks like (another dialect may have
    // written it), and what was derived must not become a stored value by it.
    let shown = Shown::of_account(&account);
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
    let profile = directory.update_user(handle, changes, preconditions::of_change(request).on(EtagScope::User))?;
    Ok(show(&profile))
}

/// `DELETE /api/v1/user/{handle}`: disables. The record stays, and stays in the list.
pub(super) fn disable(directory: &Directory, handle: &str, request: &Request<'_>) -> Result<Response> {
    directory.disable_user(handle, preconditions::of_change(request).on(EtagScope::User))?;
    Ok(Response::json(200, &json!({ "message": format!("User {handle} disabled") })))
}

/// `POST /api/v1/invite_users`: creates those who do not exist; they stay unverified until they log in.
pub(super) fn invite(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    directory.require_user_creator()?;
    let body = decode(request)?.unwrap_or_default();
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

// ------------------------------------------------------------------------------------------ taking

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

/// A boolean. Scripts that build their bodies of texts send the word, Python and PowerShell with a capital letter.
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

// ------------------------------------------------------------------------------------------ showing

/// What a user has become by a change, with the tag that a look at them shows.
fn show(profile: &UserWithGroups) -> Response {
    let document = Envelope { user: Shown::of_profile(profile) };
    Response::json(200, &document).with_tag(tag(&profile.user, profile.administrator))
}

fn tag(user: &User, administrator: bool) -> Etag {
    Etag { state: user.etag(administrator), variant: 0 }
}

/// The document around a single user.
#[derive(Serialize)]
struct Envelope<U> {
    user: U,
}

/// A user on the wire. Never without a key: clients index them.
#[derive(Serialize)]
struct Shown<'u> {
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
struct ShownWithRoles<'u> {
    #[serde(flatten)]
    user: Shown<'u>,
    /// Roles of the vendor's later model, which no client of this one reads.
    roles: [(); 0],
}

impl<'u> Shown<'u> {
    fn of_account(account: &'u UserSummary) -> Shown<'u> {
        Shown::new(account.user.view(), account.administrator)
    }

    fn of_profile(profile: &'u UserWithGroups) -> Shown<'u> {
        Shown::new(profile.user.view(), profile.administrator)
    }

    fn new(user: UserView<'u>, administrator: bool) -> Shown<'u> {
        // The stored key is unique, so no table of letters can give two users one handle.
        let handle = user.key;
        let stored = user.email.map(str::trim).filter(|email| !email.is_empty());
        let address = stored.or_else(|| is_email(user.username).then_some(user.username));
        let email = address.map(lower_case);
        let access_role = match user.access_role {
            _ if administrator => "adm",
            BaseRole::Standard => "st",
            BaseRole::ReadOnly => "ro",
        };
        Shown {
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
fn display_name<'u>(user: &UserView<'u>) -> Option<Cow<'u, str>> {
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

/// The picture that belongs to an e-mail address, as the vendor links it.
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
