//! Datadog's v1 Users API: one list with everybody.

use super::client::Client;
use super::items::{Items, Problem};
use crate::exchange::{Record, Role, Row, UserRecord};
use crate::json::Json;
use anyhow::anyhow;
use std::io::Read;

/// Where the list is.
const PATH: &str = "/api/v1/user";

/// The users of the list.
pub(super) struct Users {
    items: Items<Box<dyn Read + Send>>,
    client: Client,
    line: u64,
    done: bool,
}

impl Users {
    /// Asks for the list.
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
        let mut losses = Vec::new();
        let record = match self.items.next() {
            Ok(Some(text)) => user(text, &mut losses).map(Record::User),
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
        Some(Ok(Row { line: self.line, bytes: self.items.bytes(), record, losses }))
    }
}

fn told(client: &Client, problem: Problem, read: u64) -> anyhow::Error {
    let error = match problem {
        Problem::Io(error) => client.interrupted(error),
        Problem::Document(what) => client.misunderstood(what),
    };
    if read == 0 { error } else { error.context(anyhow!("the list ends after {read} users, and is not complete")) }
}

fn user(text: &[u8], losses: &mut Vec<String>) -> Result<UserRecord, String> {
    let Ok(Json::Object(mut user)) = Json::parse_stored(text) else {
        return Err("the entry is no JSON object".to_owned());
    };
    let mut text = |key: &str| match user.remove(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{key} is no text")),
    };
    let name = text("handle")?.filter(|handle| !handle.trim().is_empty()).ok_or("handle is missing")?;
    let (display_name, email, title) = (text("name")?, text("email")?, text("title")?);
    let access_role = text("access_role")?;
    let mut switch = |key: &str| match user.remove(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Bool(switch)) => Ok(Some(switch)),
        Some(_) => Err(format!("{key} is neither true nor false")),
    };
    let (disabled, verified, administrator) = (switch("disabled")?, switch("verified")?, switch("is_admin")?);
    let role = match access_role.as_deref() {
        Some("adm") => Some(Role::Admin),
        Some("st") => Some(Role::Standard),
        Some("ro") => Some(Role::Read),
        other => {
            // What the server says where a user's rights fit none of these.
            losses.extend(other.map(|role| format!("no role here is called {role:?}")));
            (administrator == Some(true)).then_some(Role::Admin)
        }
    };
    // The icon follows from the e-mail, `role` repeats the title, and `roles` the access role.
    let ignored = ["icon", "role", "roles"];
    let unknown = user.iter().filter(|(key, value)| !ignored.contains(&key.as_str()) && !value.is_null());
    losses.extend(unknown.map(|(key, _)| format!("nothing here is called {key:?}")));
    Ok(UserRecord { name, display_name, email, title, role, disabled, verified, ..UserRecord::default() })
}
