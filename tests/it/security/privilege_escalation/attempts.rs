//! Calls of the callers who are no administrators.

use super::checks::Allowed;
use super::simulation::{ACTORS, ADMINISTRATOR_GROUPS, Simulation, USERS, entity};
use crate::support::nuxeo::escaped;
use crate::support::server::API_KEY;
use serde_json::{Value, json};

/// Groups without administrator rights, at first or always.
const GROUPS: &[&str] = &["team", "crew", "deputies", "powerusers", "members", "phantom", "later", "team/crew"];

impl Simulation {
    pub fn power_user(&mut self) {
        let name = self.random.pick(&["leela", "leela", "deputy"]);
        self.attempt(Allowed::PowerUser, |simulation| {
            let (method, path, body) = simulation.random_call();
            let answer = simulation.nuxeo(&format!("power {name}"), name, method, &path, &body);
            assert!(
                answer.status != 500 || answer.text().contains("user does not exist"),
                "{}",
                simulation.last_calls()
            );
        });
        // Power users can remove the rights of power users, also their own.
        if self.random.one_in(8) {
            self.restore_roles();
        }
    }

    pub fn ordinary(&mut self) {
        // A power user may have made the ordinary user one.
        self.restore_roles();
        self.attempt(Allowed::Nothing, |simulation| {
            let (method, path, body) = simulation.random_call();
            simulation.nuxeo("ordinary", "fry", method, &path, &body);
        });
    }

    pub fn key(&mut self) {
        let (allowed, key) = if self.random.one_in(3) {
            (Allowed::Nothing, self.read.clone())
        } else {
            (Allowed::Creator, self.standard.clone())
        };
        self.attempt(allowed, |simulation| {
            let email =
                simulation.random.pick(&["ghost@example.com", "kif@example.com", "new@example.com", "Administrator"]);
            let handle = simulation.random_spelling(email);
            let role = simulation.random.pick(&["st", "ro", "adm", "st"]);
            let body =
                json!({"handle": handle, "name": "n", "access_role": role, "disabled": simulation.random.one_in(4)});
            let (method, path, body) = match simulation.random.below(8) {
                0..4 => ("POST", "/api/v1/user".to_owned(), body),
                4 => ("POST", "/invite_users".to_owned(), json!({"emails": [handle, "kif@example.com"]})),
                5 => ("PUT", format!("/api/v1/user/{}", escaped(&handle)), json!({"access_role": "adm"})),
                6 => {
                    ("PUT", format!("/api/v1/user/{}", escaped(&handle)), json!({"is_admin": true, "disabled": false}))
                }
                _ => ("DELETE", format!("/api/v1/user/{}", escaped(&handle)), Value::Null),
            };
            simulation.call("key", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", &key)], method, &path, &body);
        });
    }

    /// A random call of any kind that changes something.
    fn random_call(&mut self) -> (&'static str, String, Value) {
        let (user, group) = (self.user(), self.group());
        let (user_path, group_path) = (self.in_path(&user), self.in_path(&group));
        match self.random.below(20) {
            0..3 => ("POST", "/user".to_owned(), self.user_body(Some(&user))),
            3..6 => {
                let other = self.random.one_in(10).then(|| self.user());
                ("PUT", format!("/user/{user_path}"), self.user_body(other.as_deref()))
            }
            // A deleted actor is created again with a password, which takes long.
            6 if !ACTORS.contains(&user.as_str()) || self.random.one_in(10) => {
                ("DELETE", format!("/user/{user_path}"), Value::Null)
            }
            7..9 => ("POST", "/group".to_owned(), self.group_body(Some(&group))),
            9..13 => {
                let other = self.random.one_in(10).then(|| self.group());
                ("PUT", format!("/group/{group_path}"), self.group_body(other.as_deref()))
            }
            13 => ("DELETE", format!("/group/{group_path}"), Value::Null),
            14 => ("POST", format!("/user/{user_path}/group/{group_path}"), Value::Null),
            15 => ("POST", format!("/group/{group_path}/user/{user_path}"), Value::Null),
            16 => ("DELETE", format!("/user/{user_path}/group/{group_path}"), Value::Null),
            17 => ("DELETE", format!("/group/{group_path}/user/{user_path}"), Value::Null),
            6 | 18 => {
                let ids =
                    self.state.texts("select uuid from credentials where kind = 'token' and name = 'Administrator'");
                ("DELETE", format!("/token/{}", ids.first().map_or("none", String::as_str)), Value::Null)
            }
            _ => {
                let device = self.random.pick(&["a", "b", "play"]);
                ("POST", format!("/token?application=other&deviceId={device}"), Value::Null)
            }
        }
    }

    fn user_body(&mut self, name: Option<&str>) -> Value {
        let mut properties = json!({});
        if let Some(name) = name {
            properties["username"] = json!(name);
        }
        if self.random.one_in(2) {
            properties["groups"] = self.names(false);
        }
        if self.random.one_in(3) {
            // The server stores this hash without hashing it again, which is quicker.
            properties["password"] = json!("{SSHA}MDEyMzQ1Njc4OTAxMjM0NTY3ODlzYWx0");
        }
        if self.random.one_in(3) {
            let field = self.random.pick(&[
                "firstName",
                "email",
                "isAdministrator",
                "disabled",
                "access_role",
                "password_hash",
            ]);
            properties[field] = json!("adm");
        }
        let mut body = entity("user", json!({"properties": properties, "isAdministrator": true}));
        if self.random.one_in(6) {
            body["id"] = json!(self.user());
        }
        if self.random.one_in(8) {
            body["extendedGroups"] = json!([{"name": "administrators", "url": "group/administrators"}]);
        }
        body
    }

    fn group_body(&mut self, name: Option<&str>) -> Value {
        let mut body = entity("group", json!({}));
        if let Some(name) = name {
            let key = self.random.pick(&["id", "groupname"]);
            body[key] = json!(name);
        }
        for (key, users) in [("memberUsers", true), ("memberGroups", false), ("parentGroups", false)] {
            if self.random.one_in(2) {
                body[key] = self.names(users);
            }
        }
        if self.random.one_in(4) {
            body["properties"] = json!({"grouplabel": "administrators", "parentGroups": ["administrators"]});
        }
        body
    }

    fn names(&mut self, users: bool) -> Value {
        let count = self.random.below(4);
        (0..count).map(|_| if users { self.user() } else { self.group() }).collect::<Vec<_>>().into()
    }

    fn user(&mut self) -> String {
        let name = match self.random.below(10) {
            0 => "Administrator",
            1..4 => self.random.pick(&ACTORS),
            _ => self.random.pick(USERS),
        };
        self.random_spelling(name)
    }

    fn group(&mut self) -> String {
        let name =
            if self.random.one_in(3) { self.random.pick(ADMINISTRATOR_GROUPS) } else { self.random.pick(GROUPS) };
        self.random_spelling(name)
    }

    /// The name, or a similar one.
    fn random_spelling(&mut self, name: &str) -> String {
        let each = |change: fn(char) -> char| name.chars().map(change).collect::<String>();
        match self.random.below(40) {
            0 => name.to_uppercase(),
            1 => format!(" {name} "),
            2 => format!("\u{a0}{name}\u{3000}"),
            // Full-width letters, circled ones, mathematical ones.
            3 => each(|c| if c.is_ascii_graphic() { shifted(c, 0xfee0) } else { c }),
            4 => each(|c| if c.is_ascii_lowercase() { shifted(c, 0x24d0 - 0x61) } else { c }),
            5 => each(|c| if c.is_ascii_lowercase() { shifted(c, 0x1d41a - 0x61) } else { c }),
            6 => name.replace('s', "\u{17f}"),
            7 => name.replace('i', "\u{131}"),
            8 => name.replace('i', "\u{130}"),
            9 => name.replace('k', "\u{212a}"),
            10 => format!("{name}\u{200b}"),
            11 => format!("\u{ad}{name}"),
            12 => format!("{name}\u{301}"),
            13 => name.replace('a', "\u{430}"),
            14 => format!("{name}/"),
            15 => format!("{name}\0"),
            _ => name.to_owned(),
        }
    }

    /// The name as a part of a path: each byte escaped, escaped twice, or hardly escaped.
    fn in_path(&mut self, name: &str) -> String {
        match self.random.below(8) {
            0 => name.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            1 => escaped(&escaped(name)),
            2 if name.bytes().all(|byte| byte.is_ascii_graphic()) => format!("./{name}//"),
            3 if name.bytes().all(|byte| byte.is_ascii_graphic()) => name.to_owned(),
            _ => escaped(name),
        }
    }

    // --------------------------------------------------------------------------- the administrator
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}
