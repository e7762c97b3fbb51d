//! The requests that the load is made of.

use crate::data::{Data, group_name, user_name};
use crate::load::{Ask, random};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use std::io::Write as _;
use std::sync::Arc;

/// The API key that every database of the bench starts with.
pub const API_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The administrator's application key that every database of the bench starts with.
pub const APP_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// The password of the user `Administrator`.
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// Who asks, in whose dialect.
#[derive(Clone)]
pub enum As {
    /// Both keys.
    Keys,
    /// Basic credentials of the administrator.
    Basic,
    /// A token of the administrator.
    Token(String),
}

impl As {
    fn headers(&self) -> String {
        match self {
            As::Keys => format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\n"),
            As::Basic => {
                let credentials = BASE64_STANDARD.encode(format!("Administrator:{ADMIN_PASSWORD}"));
                format!("Authorization: Basic {credentials}\r\n")
            }
            As::Token(token) => format!("X-Authentication-Token: {token}\r\n"),
        }
    }
}

/// A request without a body.
pub fn request(method: &str, path: &str, who: &As) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, method, path, &who.headers());
    out.extend_from_slice(b"\r\n");
    out
}

/// A request with a body of JSON.
pub fn send(method: &str, path: &str, who: &As, body: &Value) -> Vec<u8> {
    let (mut out, body) = (Vec::new(), body.to_string());
    begin(&mut out, method, path, &who.headers());
    write!(out, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .expect("memory takes everything");
    out
}

fn begin(out: &mut Vec<u8>, method: &str, path: &str, headers: &str) {
    let head = "Host: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n";
    write!(out, "{method} {path} HTTP/1.1\r\n{head}{headers}").expect("memory takes everything");
}

/// A look-up of one user.
pub fn administrator() -> Vec<u8> {
    request("GET", "/api/v1/user/administrator", &As::Keys)
}

/// The same request again and again.
pub fn always(path: &str, who: &As) -> Ask {
    let request = request("GET", path, who);
    Arc::new(move |_, _, out| {
        out.extend_from_slice(&request);
        200
    })
}

/// Datadog's `GET user` of random users.
pub fn datadog_user(data: &Data) -> Ask {
    look_up("/api/v1/user/", As::Keys, data)
}

/// Nuxeo's `GET user` of random users.
pub fn nuxeo_user(data: &Data, who: As) -> Ask {
    look_up("/nuxeo/api/v1/user/", who, data)
}

fn look_up(path: &'static str, who: As, data: &Data) -> Ask {
    let (users, headers) = (data.users, who.headers());
    Arc::new(move |connection, number, out| {
        begin(out, "GET", &format!("{path}{}", user_name(random(connection, number) % users)), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}

/// Datadog's `POST user`, each time of another user.
pub fn create() -> Ask {
    let headers = As::Keys.headers();
    Arc::new(move |connection, number, out| {
        let scatter = random(connection, number) % 100_000;
        let body = format!(r#"{{"handle":"new.{scatter}.{connection}.{number}@example.com","name":"Somebody New"}}"#);
        begin(out, "POST", "/api/v1/user", &headers);
        write!(out, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .expect("memory takes everything");
        200
    })
}

/// Nuxeo's `POST user/{user}/group/{group}` of a random user and a random group, and then `DELETE` of the same.
pub fn membership(data: &Data) -> Ask {
    let (users, groups, headers) = (data.users, data.groups, As::Basic.headers());
    Arc::new(move |connection, number, out| {
        let pair = random(connection, number / 2);
        let (user, group) = (user_name(pair % users), group_name((pair >> 32) % groups));
        let (method, status) = if number % 2 == 0 { ("POST", 201) } else { ("DELETE", 200) };
        begin(out, method, &format!("/nuxeo/api/v1/user/{user}/group/{group}"), &headers);
        out.extend_from_slice(if method == "POST" { b"Content-Length: 0\r\n\r\n" } else { b"\r\n" });
        status
    })
}

/// Nuxeo's `GET user/search` for random first names: pages of 50 users.
pub fn search() -> Ask {
    let headers = As::Basic.headers();
    Arc::new(move |connection, number, out| {
        let names = crate::data::FIRST_NAMES;
        let name = names[(random(connection, number) % names.len() as u64) as usize];
        begin(out, "GET", &format!("/nuxeo/api/v1/user/search?q={name}"), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}
