//! Datadog's v1 Users API: one list with all users.

use super::account_state;
use super::http_client::Client;
use super::json_array::{Items, Problem};
use crate::formats::{Record, Remark, Role, Row, TextField, UserRecord, quoted};
use crate::json::{Json, Object};
use anyhow::anyhow;
use std::io::Read;

/// Path of the list of users.
const PATH: &str = "/api/v1/user";

/// The users of the list, as rows.
pub(super) struct Users {
    items: Items<Box<dyn Read + Send>>,
    client: Client,
    line: u64,
    done: bool,
}

impl Users {
    /// Requests the list.
    pub(super) fn ask(client: Client) -> anyhow::Result<Users> {
        let body: Box<dyn Read + Send> = Box::new(client.stream(PATH)?);
        let items = Items::find(body, "users").map_err(|problem| told(&client, problem, 0))?;
        Ok(Users { items, client, line: 0, done: false })
    }
}

impl Iterator for Users {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        if self.done {
            return None;
        }
        let mut remarks = Vec::new();
        let record = match self.items.next() {
            Ok(Some(text)) => user(text, &mut remarks).map(Record::User),
            Ok(None) => {
                self.done = true;
                return None;
            }
            Err(problem) => {
                self.done = true;
                return Some(Err(told(&self.client, problem, self.line)));
            }
        };
        self.line += 1;
        Some(Ok(Row { line: self.line, bytes: self.items.bytes(), record: record.map(Some), remarks, login: None }))
    }
}

fn told(client: &Client, problem: Problem, read: u64) -> anyhow::Error {
    let error = match problem {
        Problem::Io(error) => client.interrupted(error),
        Problem::Document(what) => client.unexpected_response(what),
    };
    if read == 0 { error } else { error.context(anyhow!("the list ends after {read} users, and is not complete")) }
}

/// Converts a user. A value that cannot be interpreted is left out, and never gives rights.
fn user(text: &[u8], remarks: &mut Vec<Remark>) -> Result<UserRecord, String> {
    let Ok(Json::Object(mut user)) = Json::parse_stored(text) else {
        return Err("the entry is not a JSON object".to_owned());
    };
    let name = match user.remove("handle") {
        Some(Json::String(handle)) if !handle.trim().is_empty() => handle,
        None | Some(Json::Null | Json::String(_)) => return Err("handle is missing".to_owned()),
        Some(_) => return Err("handle is not a text".to_owned()),
    };
    let about = format!("the user {name}");
    let role = role(&mut user, &about, remarks);
    let mut text = |key: &str| match user.remove(key)? {
        Json::Null => None,
        Json::String(text) => Some(text),
        _ => {
            remarks.push(Remark::dropped(format!("{key} is not a text, and is left out")).about(&*about));
            None
        }
    };
    let texts = [(TextField::DisplayName, "name"), (TextField::Email, "email"), (TextField::Title, "title")];
    let texts = texts.into_iter().map(|(field, key)| (field, text(key))).collect();
    let verified = switch(&mut user, "verified", &about, remarks);
    let own = account_state::take_disabled(&mut user, &about, remarks);
    let other = account_state::is_disabled(&mut user, &about, remarks);
    let disabled = own.into_iter().chain(other).reduce(|one, other| one || other);
    // The icon is derived from the e-mail, `role` repeats the title, and `roles` repeats the access role.
    let ignored = ["icon", "role", "roles"];
    let unknown = user.iter().filter(|(key, value)| !ignored.contains(&key.as_str()) && !value.is_null());
    let unknown =
        unknown.map(|(key, _)| Remark::dropped(format!("no field has the name {}", quoted(key))).about(&*about));
    remarks.extend(unknown);
    Ok(UserRecord { name, texts, role, disabled, verified, ..UserRecord::default() })
}

/// Converts the role. A user with an unknown role can only read. Datadog sends `ERROR` or `null` in organisations with
/// custom roles.
fn role(user: &mut Object, about: &str, remarks: &mut Vec<Remark>) -> Option<Role> {
    let role = user.remove("access_role");
    let is_said = user.get("is_admin").is_some_and(|value| !value.is_null());
    let administrator = switch(user, "is_admin", about, remarks);
    let is_understood = !is_said || administrator.is_some();
    let word = match &role {
        Some(Json::String(word)) => word.as_str(),
        _ => "",
    };
    match (word, administrator) {
        ("adm", Some(false)) => {
            let text = "access_role says that a user is an administrator, and is_admin says no: the role is standard";
            remarks.push(Remark::dropped(text).about(about));
            Some(Role::Standard)
        }
        ("adm", _) => Some(Role::Admin),
        ("st", _) => Some(Role::Standard),
        ("ro", _) => Some(Role::Read),
        _ => match &role {
            None | Some(Json::Null) if administrator == Some(true) => Some(Role::Admin),
            None if is_understood => None,
            role => {
                let shown = role.as_ref().map_or_else(|| "nothing".to_owned(), |role| quoted(&role.to_string()));
                let text = "the access role is not understood, so the role is read";
                remarks.push(Remark::dropped(text).about(format!("{shown} of {about}")));
                Some(Role::Read)
            }
        },
    }
}

/// Takes a boolean.
fn switch(user: &mut Object, key: &str, about: &str, remarks: &mut Vec<Remark>) -> Option<bool> {
    match user.remove(key)? {
        Json::Null => None,
        Json::Bool(switch) => Some(switch),
        _ => {
            remarks.push(Remark::dropped(format!("{key} is neither true nor false, and is left out")).about(about));
            None
        }
    }
}
