//! Users as this dialect shows and takes them.

use super::error::{Problem, Result};
use crate::dialect::decode;
use crate::directory::Directory;
use crate::http::{Request, Response};
use crate::model::{AccessRole, Account, Error, Profile, StoredRole, User, UserChanges, Window, is_email};
use crate::store::UserFilter;
use md5::{Digest as _, Md5};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Longest `name`, in characters. The vendor's is 55; longer names of other dialects are not cut.
const NAME_CHARS_MAX: usize = 255;
/// Users on a page unless asked for.
const PAGE_SIZE: u64 = 100;
/// Most users on a page; who wants everybody asks without paging.
const PAGE_SIZE_MAX: u64 = 10_000;

/// `POST /api/v1/user`
pub(super) fn create(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    directory.caller().require(crate::model::Power::Creator, crate::model::Denied::Create)?;
    let body = decode(request.body)?.unwrap_or_default();
    let handle = match body.get("handle") {
        None | Some(Value::Null) => return Err(Problem::Missing("handle")),
        Some(Value::String(handle)) if is_email(handle.trim()) => handle.trim(),
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
    Ok(Response::json(200, &Envelope { user: Shown::of_profile(&profile) }))
}

/// `GET /api/v1/user`: everybody, unless a filter or a page is asked for.
pub(super) fn list(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    let parameters = request.parameters()?;
    let parameter = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_ref());
    let filter = match parameter("filter") {
        None | Some("") => UserFilter::All,
        Some("enabled") => UserFilter::Enabled,
        Some("disabled") => UserFilter::Disabled,
        Some("verified") => UserFilter::Verified,
        Some("admin") => UserFilter::Administrators,
        Some(_) => return Err(Problem::Format("filter", "one of enabled, disabled, verified, admin")),
    };
    let number = |name: &'static str| {
        let value = parameter(name).map(str::parse::<u64>).transpose();
        value.map_err(|_| Problem::Format(name, "number"))
    };
    let (size, page) = (number("page_size")?, number("page")?);
    if size.is_some() || page.is_some() {
        let limit = size.unwrap_or(PAGE_SIZE);
        if !(1..=PAGE_SIZE_MAX).contains(&limit) {
            return Err(Problem::Format("page_size", "number from 1 to 10000"));
        }
        let window = Window { offset: page.unwrap_or(0).saturating_mul(limit), limit };
        let accounts = directory.account_page(filter, window)?;
        let users: Vec<_> = accounts.iter().map(Shown::of_account).collect();
        return Ok(Response::json(200, &json!({ "users": users })));
    }
    let mut pieces = directory.accounts(filter);
    // The first piece is read before the status is sent, so that a broken database is a 500 and not half a list.
    let mut next = pieces.next_piece()?;
    let mut begun = false;
    let mut ended = false;
    Response::json_pieces(move || {
        if ended {
            return Ok(None);
        }
        let mut out = Vec::new();
        if !begun {
            out.extend_from_slice(b"{\"users\":[");
        }
        match next.take() {
            Some(accounts) => {
                for account in &accounts {
                    if begun {
                        out.push(b',');
                    }
                    begun = true;
                    serde_json::to_writer(&mut out, &Shown::of_account(account))?;
                }
                next = pieces.next_piece()?;
            }
            None => begun = true,
        }
        if next.is_none() {
            ended = true;
            out.extend_from_slice(b"]}");
        }
        Ok(Some(out))
    })
    .map_err(|cause| Problem::Directory(Error::Internal(cause)))
}

/// `GET /api/v1/user/{handle}`
pub(super) fn get(directory: &Directory, handle: &str) -> Result<Response> {
    let account = directory.account(handle)?;
    Ok(Response::json(200, &Envelope { user: ShownWithRoles { user: Shown::of_account(&account), roles: [] } }))
}

/// `PUT /api/v1/user/{handle}`: what is absent or null stays.
pub(super) fn update(directory: &Directory, handle: &str, request: &Request<'_>) -> Result<Response> {
    directory.require_editor()?;
    let account = directory.account(handle)?;
    let body = decode(request.body)?.unwrap_or_default();
    let mut changes = UserChanges {
        display_name: name(&body)?,
        email: email(&body)?,
        access_role: access_role(&body, account.administrator)?,
        disabled: boolean(&body, "disabled")?,
        ..UserChanges::default()
    };
    let shown = Shown::of_account(&account);
    // Clients send back what they were shown; what was derived must not become a stored value by that.
    if changes.email.as_ref().is_some_and(|email| *email == shown.email) {
        changes.email = None;
    }
    if changes.display_name.as_ref().is_some_and(|name| *name == shown.name) {
        changes.display_name = None;
    }
    if changes.access_role == Some(AccessRole::Administrator) && account.administrator {
        changes.access_role = None;
    }
    let profile = directory.update_user(handle, changes)?;
    Ok(Response::json(200, &Envelope { user: Shown::of_profile(&profile) }))
}

/// `DELETE /api/v1/user/{handle}`: disables. The record stays, and stays in the list.
pub(super) fn disable(directory: &Directory, handle: &str) -> Result<Response> {
    directory.disable_user(handle)?;
    Ok(Response::json(200, &json!({ "message": format!("User {handle} disabled") })))
}

/// `POST /api/v1/invite_users`: creates those who do not exist; they stay unverified until they log in.
pub(super) fn invite(directory: &Directory, request: &Request<'_>) -> Result<Response> {
    directory.caller().require(crate::model::Power::Creator, crate::model::Denied::Create)?;
    let body = decode(request.body)?.unwrap_or_default();
    let emails = match body.get("emails") {
        None | Some(Value::Null) => return Err(Problem::Missing("emails")),
        Some(Value::Array(emails)) => emails,
        Some(_) => return Err(Problem::Format("emails", "list of emails")),
    };
    let handles: Option<Vec<String>> =
        emails.iter().map(|email| email.as_str().map(str::trim).filter(|e| is_email(e)).map(str::to_owned)).collect();
    let handles = handles.ok_or(Problem::Format("emails", "list of emails"))?;
    directory.create_missing_users(handles)?;
    Ok(Response::json(200, &json!({ "emails": emails })))
}

// ------------------------------------------------------------------------------------------ taking

fn name(body: &Map<String, Value>) -> Result<Option<Option<String>>> {
    match body.get("name") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if name.chars().count() > NAME_CHARS_MAX => {
            Err(Problem::Format("name", "string of at most 255 characters"))
        }
        Some(Value::String(name)) if name.chars().any(char::is_control) => {
            Err(Problem::Format("name", "string without control characters"))
        }
        Some(Value::String(name)) => Ok(Some(Some(name.clone()))),
        Some(_) => Err(Problem::Format("name", "string")),
    }
}

fn email(body: &Map<String, Value>) -> Result<Option<Option<String>>> {
    match body.get("email") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(email)) if is_email(email.trim()) => Ok(Some(Some(email.trim().to_lowercase()))),
        Some(_) => Err(Problem::Format("email", "email")),
    }
}

fn boolean(body: &Map<String, Value>, name: &'static str) -> Result<Option<bool>> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(Problem::Format(name, "boolean")),
    }
}

/// The role to give: `access_role`, or else the older `is_admin`.
fn access_role(body: &Map<String, Value>, is_administrator: bool) -> Result<Option<AccessRole>> {
    match body.get("access_role") {
        None | Some(Value::Null) => Ok(match boolean(body, "is_admin")? {
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

/// The document around a single user.
#[derive(Serialize)]
struct Envelope<U> {
    user: U,
}

/// A user on the wire. Never without a key: clients index them.
#[derive(Serialize)]
struct Shown<'u> {
    disabled: bool,
    handle: String,
    name: Option<String>,
    title: Option<&'u str>,
    is_admin: bool,
    /// Not an access role: the vendor repeats the title here.
    role: Option<&'u str>,
    access_role: &'static str,
    verified: bool,
    email: Option<String>,
    icon: String,
}

#[derive(Serialize)]
struct ShownWithRoles<'u> {
    #[serde(flatten)]
    user: Shown<'u>,
    /// Roles of the vendor's later model, which no client of this one reads.
    roles: [(); 0],
}

impl<'u> Shown<'u> {
    fn of_account(account: &'u Account) -> Shown<'u> {
        Shown::new(&account.user, account.administrator)
    }

    fn of_profile(profile: &'u Profile) -> Shown<'u> {
        Shown::new(&profile.user, profile.administrator)
    }

    fn new(user: &'u User, administrator: bool) -> Shown<'u> {
        let handle = user.username.to_lowercase();
        let stored = user.email.as_deref().filter(|email| !email.is_empty()).map(str::to_lowercase);
        let email = stored.or_else(|| is_email(&handle).then(|| handle.clone()));
        let access_role = match user.access_role {
            _ if administrator => "adm",
            StoredRole::Standard => "st",
            StoredRole::ReadOnly => "ro",
        };
        Shown {
            disabled: user.disabled,
            name: display_name(user),
            title: user.title.as_deref(),
            is_admin: administrator,
            role: user.title.as_deref(),
            access_role,
            verified: user.verified,
            icon: icon(email.as_deref().unwrap_or(&handle)),
            email,
            handle,
        }
    }
}

/// The stored name, else first and last name, else none.
fn display_name(user: &User) -> Option<String> {
    fn text(field: Option<&String>) -> Option<&str> {
        field.map(String::as_str).filter(|text| !text.is_empty())
    }
    if let Some(name) = text(user.display_name.as_ref()) {
        return Some(name.to_owned());
    }
    match (text(user.first_name.as_ref()), text(user.last_name.as_ref())) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

/// The picture that belongs to an e-mail address, as the vendor links it.
fn icon(email: &str) -> String {
    let mut icon = "https://secure.gravatar.com/avatar/".to_owned();
    for byte in Md5::digest(email) {
        let _ = write!(icon, "{byte:02x}");
    }
    icon.push_str("?s=48&d=retro");
    icon
}
