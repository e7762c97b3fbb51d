//! Permission matrix: every operation of both dialects by every kind of caller.

mod datadog;
mod nuxeo;
mod nuxeo_operations;

use self::datadog::STRANGER;
use crate::support::client::{Answer, Connection};
use crate::support::database::{State, Whole};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};

/// A text in each record that a refused caller must not see.
pub const CANARY: &str = "canary";

pub const PASSWORD: &str = "open sesame";

/// The form of a successful answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An object with these keys.
    Keys(&'static [&'static str]),
    /// An object whose `entity-type` is this.
    Entity(&'static str),
    Text,
    Empty,
}

/// Method, path, body (null for none), the status for each class, and the document of a success. `WHO` stands for the
/// caller, so that callers have their own targets.
pub type Operation<const CLASSES: usize> = (&'static str, &'static str, Value, [u16; CLASSES], Shape);

#[derive(Clone, Default)]
pub struct Caller {
    pub name: String,
    pub class: usize,
    pub headers: Vec<(String, String)>,
    pub query: String,
    /// The message of the refusal of an anonymous caller (Datadog's dialect has several).
    pub refusal: &'static str,
    /// The server has to check a password to refuse the caller, which takes long.
    pub costly: bool,
    /// The caller logs in with this for each call, and sends only the cookie.
    pub login: Option<(&'static str, String)>,
}

impl Caller {
    pub fn new(name: &str, class: usize, headers: &[(&str, &str)]) -> Caller {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Caller { name: name.to_owned(), class, headers, refusal: "Forbidden", ..Caller::default() }
    }

    pub fn query(mut self, query: String) -> Caller {
        self.query = query;
        self
    }

    pub fn refused(mut self, message: &'static str) -> Caller {
        self.refusal = message;
        self
    }

    pub fn costly(mut self) -> Caller {
        self.costly = true;
        self
    }

    /// True if the caller authenticates with a token of the Nuxeo dialect.
    pub fn shows_token(&self) -> bool {
        let basic = |(name, value): &(String, String)| name == "Authorization" && value.starts_with("Basic ");
        self.class > STRANGER && !self.headers.iter().any(basic)
    }

    pub fn call(&self, connection: &mut Connection, method: &str, path: &str, body: &Value) -> Answer {
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let cookie = self.login.as_ref().map(|(name, value)| {
            connection.send("POST", "/nuxeo/site/automation/login", &[(name, value)], None);
            let answer = connection.answer(false);
            let set = answer.header("Set-Cookie").unwrap_or_else(|| panic!("{}: {}", self.name, answer.text()));
            set.split(';').next().unwrap_or_default().to_owned()
        });
        headers.extend(cookie.iter().map(|cookie| ("Cookie", cookie.as_str())));
        let separator = if path.contains('?') { '&' } else { '?' };
        let target = if self.query.is_empty() { path.to_owned() } else { format!("{path}{separator}{}", self.query) };
        let text = match body {
            Value::Null => None,
            // A body that is no JSON is written as a text.
            Value::String(text) => Some(text.clone()),
            document => Some(document.to_string()),
        };
        connection.send(method, &target, &headers, text.as_deref().map(str::as_bytes));
        connection.answer(method == "HEAD")
    }
}

/// Secrets that no answer may contain: passwords, hashes, seeds, keys and tokens, in clear and as stored.
fn secrets(state: &State, issued: &[&str]) -> Vec<String> {
    let mut secrets: Vec<String> = issued.iter().map(|secret| (*secret).to_owned()).collect();
    secrets.extend([ADMIN_PASSWORD, PASSWORD, API_KEY, APP_KEY, "$argon2"].map(str::to_owned));
    secrets.extend(state.texts("select lower(hex(digest)) from credentials"));
    secrets.extend(state.texts("select cast(seed as text) from credentials where seed is not null"));
    secrets
}

/// Makes calls, and compares each answer and the state of the database with what is expected.
pub struct Walk<'w> {
    pub server: &'w Server,
    pub state: State,
    pub secrets: Vec<String>,
    /// The whole document of a refusal.
    pub document: fn(&Caller, &Answer) -> Value,
    /// The last content of the database, and its version.
    pub known: (i64, Whole),
    pub calls: usize,
}

impl<'w> Walk<'w> {
    pub fn new(server: &'w Server, state: State, issued: &[&str], document: fn(&Caller, &Answer) -> Value) -> Walk<'w> {
        let (secrets, known) = (secrets(&state, issued), (0, Whole::new()));
        Walk { server, state, secrets, document, known, calls: 0 }
    }

    /// Reads the database again if there was a commit since the last time.
    pub fn look(&mut self) {
        let version = self.state.version();
        if version != self.known.0 {
            self.known = (version, self.state.whole());
        }
    }

    pub fn step<const N: usize>(&mut self, caller: &Caller, operation: &Operation<N>, prefix: &str) {
        let (method, path, body, statuses, shape) = operation;
        // The cookie of a login neither issues nor revokes tokens, and a token gets no other token.
        let about_tokens = path.contains("/authentication/token") || path.starts_with("/token") && *method != "GET";
        let needs_secret = caller.login.is_some() && about_tokens && statuses[caller.class] != 405;
        let issues = path.contains("application=walk&") || path.contains("applicationName=walk&");
        let status = match (needs_secret, issues && caller.shows_token()) {
            (true, _) => 401,
            (_, true) => 403,
            _ => statuses[caller.class],
        };
        let who = if caller.class >= N - 2 { caller.name.as_str() } else { "nobody" };
        let (path, body) = (path.replace("WHO", who), body.to_string().replace("WHO", who));
        let body: Value = serde_json::from_str(&body).expect("still JSON");
        let mut connection = Connection::open(self.server.address);
        let path = format!("{prefix}{path}");
        let call = format!("{}: {method} {path} {body}", caller.name);
        self.look();
        let answer = caller.call(&mut connection, method, &path, &body);
        self.calls += 1;
        let call = format!("{call} -> {} {}", answer.status, answer.text());
        assert_eq!(answer.status, status, "{call}");
        for secret in &self.secrets {
            assert!(!answer.text().contains(secret.as_str()), "{secret} in {call}");
            let header = answer.headers.iter().find(|(_, value)| value.contains(secret.as_str()));
            assert!(header.is_none(), "{secret} in {header:?} of {call}");
        }
        if status >= 400 {
            assert!(!answer.text().contains(CANARY), "{call}");
            // A wrong old password is the one refusal without a document.
            if !(status == 401 && path.ends_with("/changepassword") && caller.class > 0) {
                assert_eq!(answer.json(), (self.document)(caller, &answer), "{call}");
            }
            if self.state.version() != self.known.0 {
                assert_eq!(State::differences(&self.known.1, &self.state.whole()), [""; 0], "{call}");
            }
        } else {
            assert_shape(&answer, *shape, &call);
        }
        if *method == "GET" && !caller.costly {
            let head = caller.call(&mut connection, "HEAD", &path, &body);
            self.calls += 1;
            assert_eq!((head.status, head.body.len()), (status, 0), "HEAD {call}");
            assert_eq!(head.header("Content-Type"), answer.header("Content-Type"), "HEAD {call}");
        }
    }
}

fn assert_shape(answer: &Answer, shape: Shape, call: &str) {
    let kind = answer.header("Content-Type").unwrap_or_default();
    match shape {
        Shape::Text => assert!(kind.starts_with("text/plain") && !answer.body.is_empty(), "{call}"),
        Shape::Empty => assert!(kind.is_empty() && answer.body.is_empty(), "{call}"),
        Shape::Entity(name) => {
            assert_eq!((kind, &answer.json()["entity-type"]), ("application/json", &json!(name)), "{call}");
        }
        Shape::Keys(keys) => {
            assert_eq!(kind, "application/json", "{call}");
            let document = answer.json();
            let found: Vec<&str> = document.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(found, keys, "{call}");
        }
    }
}
