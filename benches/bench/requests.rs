//! The requests of the load generator.

use crate::load::{RequestFactory, fetch};
use crate::people::{BROAD_PREFIX, FIRST_NAMES, LARGE_GROUP, Population, group_name, random, user_name};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The API key that every database of the bench starts with.
pub const API_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The administrator's application key that every database of the bench starts with.
pub const APP_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// The password of the user `Administrator`.
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// Credentials of a request.
#[derive(Clone)]
pub enum Credentials {
    /// Datadog's API key and application key.
    Keys,
    /// Basic authentication of the administrator.
    Basic,
    /// A Nuxeo token of the administrator.
    Token(String),
    /// The administrator's application key, as a bearer token.
    Bearer,
    /// The cookie of a session of the administrator on the admin page.
    Session(String),
}

impl Credentials {
    /// Signs the administrator in to the admin page.
    pub fn session(address: SocketAddr) -> Credentials {
        let body = json!({"user": "Administrator", "password": ADMIN_PASSWORD}).to_string();
        let sign_in = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(address)?;
            write!(
                stream,
                "POST /ui/api/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Requested-With: rollbook\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = sign_in().expect("the page answers");
        let cookie = answer.lines().find_map(|line| line.strip_prefix("Set-Cookie: "));
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).expect("a cookie");
        Credentials::Session(cookie.to_owned())
    }

    /// Gets a Nuxeo token of the administrator.
    pub fn token(address: SocketAddr) -> Credentials {
        let path = "/nuxeo/authentication/token?applicationName=bench&deviceId=bench&permission=rw";
        let token = fetch(address, &request("GET", path, &Credentials::Basic), 201).expect("a token");
        Credentials::Token(String::from_utf8(token).expect("a token is text"))
    }

    /// The header fields, each with its end of line.
    pub fn headers(&self) -> String {
        match self {
            Credentials::Keys => format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\n"),
            Credentials::Basic => {
                let credentials = BASE64_STANDARD.encode(format!("Administrator:{ADMIN_PASSWORD}"));
                format!("Authorization: Basic {credentials}\r\n")
            }
            Credentials::Token(token) => format!("X-Authentication-Token: {token}\r\n"),
            Credentials::Bearer => format!("Authorization: Bearer {APP_KEY}\r\n"),
            Credentials::Session(cookie) => format!("Cookie: {cookie}\r\n"),
        }
    }
}

/// A request without a body.
pub fn request(method: &str, path: &str, credentials: &Credentials) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, method, path, &credentials.headers());
    out.extend_from_slice(b"\r\n");
    out
}

/// A request with a JSON body.
pub fn json_request(method: &str, path: &str, credentials: &Credentials, body: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_json(&mut out, (method, path), &credentials.headers(), &body.to_string());
    out
}

/// Writes a request with a JSON body: method, path, headers of the credentials, body.
pub fn write_json(out: &mut Vec<u8>, (method, path): (&str, &str), headers: &str, body: &str) {
    begin(out, method, path, headers);
    write!(out, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .expect("a write to memory succeeds");
}

/// Writes the beginning of a request, which an empty line has to end.
pub fn begin(out: &mut Vec<u8>, method: &str, path: &str, headers: &str) {
    let head = "Host: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n";
    write!(out, "{method} {path} HTTP/1.1\r\n{head}{headers}").expect("a write to memory succeeds");
}

/// A look-up of the administrator.
pub fn administrator() -> Vec<u8> {
    request("GET", "/api/v1/user/administrator", &Credentials::Keys)
}

/// The same request every time.
pub fn repeat(path: &str, credentials: &Credentials) -> RequestFactory {
    let request = request("GET", path, credentials);
    Arc::new(move |_, _, out| {
        out.extend_from_slice(&request);
        200
    })
}

/// Datadog's `GET user` of random users.
pub fn datadog_user(population: Population) -> RequestFactory {
    look_up("/api/v1/user/", Credentials::Keys, population)
}

/// Nuxeo's `GET user` of random users.
pub fn nuxeo_user(population: Population, credentials: Credentials) -> RequestFactory {
    look_up("/nuxeo/api/v1/user/", credentials, population)
}

fn look_up(path: &'static str, credentials: Credentials, population: Population) -> RequestFactory {
    let (users, headers) = (population.users, credentials.headers());
    Arc::new(move |connection, number, out| {
        begin(out, "GET", &format!("{path}{}", user_name(random(connection, number) % users)), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}

/// A number that no other factory of this run has, for names that no other one gives.
pub fn factory_number() -> u64 {
    static FACTORIES: AtomicU64 = AtomicU64::new(0);
    FACTORIES.fetch_add(1, Ordering::Relaxed)
}

/// Datadog's `POST user`, with a new name each time. No two factories give the same names.
pub fn create() -> RequestFactory {
    let (headers, factory) = (Credentials::Keys.headers(), factory_number());
    Arc::new(move |connection, number, out| {
        let scatter = random(connection, number) % 100_000;
        let body =
            format!(r#"{{"handle":"new.{scatter}.{factory}.{connection}.{number}@example.com","name":"New User"}}"#);
        write_json(out, ("POST", "/api/v1/user"), &headers, &body);
        200
    })
}

/// Nuxeo's `POST user/{user}/group/{group}` for a random user and group, followed by `DELETE` of the same membership.
pub fn membership(population: Population) -> RequestFactory {
    let (users, groups, headers) = (population.users, population.groups, Credentials::Basic.headers());
    Arc::new(move |connection, number, out| {
        let pair = random(connection, number / 2);
        let (user, group) = (user_name(pair % users), group_name((pair >> 32) % groups));
        let (method, status) = if number % 2 == 0 { ("POST", 201) } else { ("DELETE", 200) };
        begin(out, method, &format!("/nuxeo/api/v1/user/{user}/group/{group}"), &headers);
        out.extend_from_slice(if method == "POST" { b"Content-Length: 0\r\n\r\n" } else { b"\r\n" });
        status
    })
}

/// Datadog's `PUT user`, which gives random users another display name.
pub fn display_name(population: Population) -> RequestFactory {
    let (users, headers) = (population.users, Credentials::Keys.headers());
    // A change without a difference is none.
    let factory = factory_number();
    Arc::new(move |connection, number, out| {
        let name = user_name(random(connection, number) % users);
        let body = format!(r#"{{"name":"Name {factory} {number}"}}"#);
        write_json(out, ("PUT", &format!("/api/v1/user/{name}")), &headers, &body);
        200
    })
}

/// Nuxeo's `POST user` of a user in the large group whose login begins with the broad prefix, followed by `DELETE` of the
/// same user. No two factories give the same names: the last user of a factory can stay.
pub fn listed_user() -> RequestFactory {
    let (headers, factory) = (Credentials::Basic.headers(), factory_number());
    Arc::new(move |connection, number, out| {
        let scatter = random(connection, number / 2) % 1_000_000;
        let name = format!("{BROAD_PREFIX}{scatter}.{factory}.{connection}.{number}", number = number / 2);
        if number % 2 == 1 {
            begin(out, "DELETE", &format!("/nuxeo/api/v1/user/{name}"), &headers);
            out.extend_from_slice(b"\r\n");
            return 204;
        }
        let body = format!(
            r#"{{"entity-type":"user","id":"{name}","properties":{{"username":"{name}","groups":["{LARGE_GROUP}"]}}}}"#
        );
        write_json(out, ("POST", "/nuxeo/api/v1/user"), &headers, &body);
        201
    })
}

/// Random pages of a list. The path ends before the number of the page.
pub fn pages(path: &str, pages: u64) -> RequestFactory {
    let (path, headers) = (path.to_owned(), Credentials::Basic.headers());
    Arc::new(move |connection, number, out| {
        begin(out, "GET", &format!("{path}{}", random(connection, number) % pages), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}

/// Nuxeo's `GET user/search` for random first names: pages of 50 users.
pub fn search() -> RequestFactory {
    let headers = Credentials::Basic.headers();
    Arc::new(move |connection, number, out| {
        let names = FIRST_NAMES;
        let name = names[(random(connection, number) % names.len() as u64) as usize];
        begin(out, "GET", &format!("/nuxeo/api/v1/user/search?q={name}"), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}

/// The page's `GET users` for random queries, from a random user on.
pub fn words(queries: Vec<String>, population: Population, credentials: &Credentials) -> RequestFactory {
    let (users, headers) = (population.users, credentials.headers());
    let queries: Vec<String> = queries.iter().map(|query| query.replace(' ', "%20")).collect();
    Arc::new(move |connection, number, out| {
        let dice = random(connection, number);
        let query = &queries[(dice % queries.len() as u64) as usize];
        let after = user_name((dice >> 32) % users);
        begin(out, "GET", &format!("/ui/api/users?text={query}&after={after}"), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}
