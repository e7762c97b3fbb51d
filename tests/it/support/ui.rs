//! Calls of the interface behind the admin page.

use super::client::Answer;
use super::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};

pub const SIGN: (&str, &str) = ("X-Requested-With", "rollbook");

/// A browser with its cookie.
pub struct Browser<'s> {
    pub server: &'s Server,
    pub cookie: Option<String>,
}

impl<'s> Browser<'s> {
    pub fn new(server: &'s Server) -> Browser<'s> {
        Browser { server, cookie: None }
    }

    /// A browser in which that user has signed in.
    pub fn of(server: &'s Server, user: &str, password: &str) -> Browser<'s> {
        let mut browser = Browser::new(server);
        let answer = browser.sign_in(user, password);
        assert_eq!(answer.status, 200, "{}", answer.text());
        browser
    }

    pub fn sign_in(&mut self, user: &str, password: &str) -> Answer {
        self.call("POST", "session", &json!({"user": user, "password": password}))
    }

    /// Sends a request as the page does; the path is the part after `/ui/api/`.
    pub fn call(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[SIGN], body)
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], &Value::Null)
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let text = (!body.is_null()).then(|| body.to_string());
        let mut sent = headers.to_vec();
        if let Some(cookie) = &self.cookie {
            sent.push(("Cookie", cookie));
        }
        let path = format!("/ui/api/{path}");
        let answer = self.server.request(method, &path, &sent, text.as_deref().map(str::as_bytes));
        if let Some(set) = answer.header("Set-Cookie") {
            let (cookie, rest) = set.split_once(';').expect("attributes");
            // A browser sends the cookie to the paths below the one that set it, so that has to be the whole interface.
            assert_eq!(path.rsplit_once('/').map(|(folder, _)| folder), Some("/ui/api"));
            self.cookie = (!rest.contains("Max-Age=0")).then(|| cookie.to_owned());
        }
        answer
    }
}

/// The cookie of a session of the administrator.
pub fn session_cookie(server: &Server) -> String {
    administrator(server).cookie.expect("a cookie")
}

pub fn administrator(server: &Server) -> Browser<'_> {
    Browser::of(server, "Administrator", ADMIN_PASSWORD)
}

pub fn sign_in(server: &Server, user: &str, password: &str) -> String {
    let body = json!({"user": user, "password": password}).to_string();
    let answer = server.request("POST", "/ui/api/session", &[("X-Requested-With", "rollbook")], Some(body.as_bytes()));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("Set-Cookie").expect("a cookie").split(';').next().expect("a value").to_owned()
}

pub fn page(server: &Server, cookie: &str, method: &str, path: &str, body: Value) -> Answer {
    let headers = [("Cookie", cookie), ("X-Requested-With", "rollbook")];
    let body = (!body.is_null()).then(|| body.to_string());
    server.request(method, &format!("/ui/api/{path}"), &headers, body.as_deref().map(str::as_bytes))
}
