//! Who may do what: every operation of both dialects by every kind of caller.
//!
//! A row of an operation has one status for each class of callers, and every caller belongs to one class. Whoever is
//! refused has changed nothing, and learned nothing.

use crate::support::cli::{create_key, run};
use crate::support::client::{Answer, Connection, basic};
use crate::support::database::{State, Whole};
use crate::support::folder::Folder;
use crate::support::nuxeo::{cookie_of, create_group, create_user};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

/// Stands in every record that a refused caller must not see.
const CANARY: &str = "canary";
const PASSWORD: &str = "open sesame";

/// What an answer that is no refusal looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// An object with these keys.
    Keys(&'static [&'static str]),
    /// An object whose `entity-type` is this.
    Entity(&'static str),
    Text,
    Empty,
}

/// Method, path, body (null for none), the status for each class, and the document where it is granted. `WHO` stands
/// for the caller, where callers have targets of their own.
type Operation<const CLASSES: usize> = (&'static str, &'static str, Value, [u16; CLASSES], Shape);

#[derive(Clone, Default)]
struct Caller {
    name: String,
    class: usize,
    headers: Vec<(String, String)>,
    query: String,
    /// The message of a refusal of a stranger (Datadog's dialect has several).
    refusal: &'static str,
    /// A check of a password is needed to refuse them, which takes long.
    costly: bool,
    /// Comes with nothing but the cookie of a login with this, of a new one for each call.
    login: Option<(&'static str, String)>,
}

impl Caller {
    fn new(name: &str, class: usize, headers: &[(&str, &str)]) -> Caller {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Caller { name: name.to_owned(), class, headers, refusal: "Forbidden", ..Caller::default() }
    }

    fn query(mut self, query: String) -> Caller {
        self.query = query;
        self
    }

    fn refused(mut self, message: &'static str) -> Caller {
        self.refusal = message;
        self
    }

    fn costly(mut self) -> Caller {
        self.costly = true;
        self
    }

    /// Whether the caller is known by a token of Nuxeo's dialect.
    fn shows_token(&self) -> bool {
        let basic = |(name, value): &(String, String)| name == "Authorization" && value.starts_with("Basic ");
        self.class > STRANGER && !self.headers.iter().any(basic)
    }

    fn call(&self, connection: &mut Connection, method: &str, path: &str, body: &Value) -> Answer {
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

/// What nobody may find in an answer: passwords, hashes, seeds, keys and tokens, in clear and as stored.
fn secrets(state: &State, issued: &[&str]) -> Vec<String> {
    let mut secrets: Vec<String> = issued.iter().map(|secret| (*secret).to_owned()).collect();
    secrets.extend([ADMIN_PASSWORD, PASSWORD, API_KEY, APP_KEY, "$argon2"].map(str::to_owned));
    secrets.extend(state.texts("select lower(hex(digest)) from credentials"));
    secrets.extend(state.texts("select cast(seed as text) from credentials where seed is not null"));
    secrets
}

/// Makes calls, and compares each answer and the state of the database with what is expected.
struct Walk<'w> {
    server: &'w Server,
    state: State,
    secrets: Vec<String>,
    /// The whole document of a refusal.
    document: fn(&Caller, &Answer) -> Value,
    /// What the database held at last, and its version then.
    known: (i64, Whole),
    calls: usize,
}

impl<'w> Walk<'w> {
    fn new(server: &'w Server, state: State, issued: &[&str], document: fn(&Caller, &Answer) -> Value) -> Walk<'w> {
        let (secrets, known) = (secrets(&state, issued), (0, Whole::new()));
        Walk { server, state, secrets, document, known, calls: 0 }
    }

    /// Reads the database again if there was a commit since the last time.
    fn look(&mut self) {
        let version = self.state.version();
        if version != self.known.0 {
            self.known = (version, self.state.whole());
        }
    }

    fn step<const N: usize>(&mut self, caller: &Caller, operation: &Operation<N>, prefix: &str) {
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

// ----------------------------------------------------------------------------------------- Datadog

/// The classes: without a valid API key; with one alone; and with both keys, by role.
const STRANGER: usize = 0;
const API_ALONE: usize = 1;
const READ: usize = 2;
const STANDARD: usize = 3;
const ADMIN: usize = 4;

fn datadog_operations() -> Vec<Operation<5>> {
    const USER: Shape = Shape::Keys(&["user"]);
    const USERS: Shape = Shape::Keys(&["users"]);
    const EMAILS: Shape = Shape::Keys(&["emails"]);
    const NONE: Value = Value::Null;
    const READING: [u16; 5] = [403, 403, 200, 200, 200];
    const CREATING: [u16; 5] = [403, 403, 403, 200, 200];
    const CHANGING: [u16; 5] = [403, 403, 403, 403, 200];
    let handle = |handle: &str| json!({ "handle": handle, "name": "n" });
    let role = |handle: &str, role: &str| json!({ "handle": handle, "access_role": role });
    vec![
        ("GET", "/api/v1/validate", NONE, [403, 200, 200, 200, 200], Shape::Keys(&["valid"])),
        ("POST", "/api/v1/validate", NONE, [403, 405, 405, 405, 405], Shape::Empty),
        ("GET", "/api/v1/user", NONE, READING, USERS),
        ("GET", "/api/v1/users", NONE, READING, USERS),
        ("GET", "//api/v1/user/", NONE, READING, USERS),
        ("GET", "/api/v1/user?filter=admin", NONE, READING, USERS),
        ("GET", "/api/v1/user?page_size=2&page=1", NONE, READING, USERS),
        ("GET", "/api/v1/user?filter=secret", NONE, [403, 403, 400, 400, 400], USERS),
        ("GET", "/api/v1/user/target-WHO@example.com", NONE, READING, USER),
        ("GET", "/api/v1/users/TARGET-WHO%40example.com", NONE, READING, USER),
        ("GET", "/api/v1/user/Administrator", NONE, READING, USER),
        ("GET", "/api/v1/user/missing@example.com", NONE, [403, 403, 404, 404, 404], USER),
        ("PATCH", "/api/v1/user/Administrator", NONE, [403, 403, 405, 405, 405], USER),
        ("DELETE", "/api/v1/user", NONE, [403, 403, 405, 405, 405], USER),
        ("GET", "/api/v1/nothing", NONE, [404; 5], USER),
        ("GET", "/api/v2/users", NONE, [404; 5], USER),
        ("POST", "/api/v2/user_invitations", NONE, [404; 5], USER),
        ("POST", "/api/v1/user", handle("new-WHO@example.com"), CREATING, USER),
        ("POST", "/api/v1/users", role("reader-WHO@example.com", "ro"), CREATING, USER),
        ("POST", "/api/v1/user", role("root-WHO@example.com", "adm"), CHANGING, USER),
        ("POST", "/api/v1/user", json!({"handle": "chief-WHO@example.com", "is_admin": true}), CHANGING, USER),
        ("POST", "/api/v1/user", handle("awaited-WHO@example.com"), CHANGING, USER),
        ("POST", "/api/v1/user", handle("asleep-WHO@example.com"), CREATING, USER),
        ("POST", "/api/v1/user", role("asleep-WHO@example.com", "adm"), CHANGING, USER),
        ("POST", "/api/v1/user", handle("asleep-admin-WHO@example.com"), CHANGING, USER),
        ("POST", "/api/v1/user", role("asleep-admin-WHO@example.com", "st"), CHANGING, USER),
        ("POST", "/api/v1/user", handle("target-WHO@example.com"), [403, 403, 403, 409, 409], USER),
        ("POST", "/api/v1/user", handle("admin-WHO@example.com"), [403, 403, 403, 409, 409], USER),
        ("POST", "/api/v1/user", handle("no address"), [403, 403, 403, 400, 400], USER),
        ("POST", "/api/v1/user", json!({}), [403, 403, 403, 400, 400], USER),
        ("POST", "/api/v1/user", json!("{"), [403, 403, 403, 400, 400], USER),
        ("POST", "/api/v1/invite_users", json!({"emails": ["a-WHO@example.com"]}), CREATING, EMAILS),
        ("POST", "/invite_users", json!({"emails": ["b-WHO@example.com", "a-WHO@example.com"]}), CREATING, EMAILS),
        ("POST", "/invite_users", json!({"emails": ["c@example.com", "waited-WHO@example.com"]}), CHANGING, EMAILS),
        ("POST", "/invite_users", json!({"emails": "d@example.com"}), [403, 403, 403, 400, 400], EMAILS),
        ("POST", "/invite_users", json!({}), CREATING, EMAILS),
        ("GET", "/invite_users", NONE, [403, 403, 405, 405, 405], EMAILS),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"name": "changed"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"email": "x@example.com"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": true}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": false}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"access_role": "adm"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"is_admin": false}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": "true"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": "False", "email": ""}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", NONE, CHANGING, USER),
        ("PUT", "/api/v1/user/admin-WHO@example.com", json!({"name": "changed"}), CHANGING, USER),
        ("PUT", "/api/v1/user/admin-WHO@example.com", json!({"access_role": "st"}), CHANGING, USER),
        ("PUT", "/api/v1/user/missing@example.com", json!({"name": "x"}), [403, 403, 403, 403, 404], USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!("["), [403, 403, 403, 403, 400], USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"email": 7}), [403, 403, 403, 403, 400], USER),
        ("DELETE", "/api/v1/user/target-WHO@example.com", NONE, CHANGING, Shape::Keys(&["message"])),
        ("DELETE", "/api/v1/user/target-WHO@example.com", NONE, [403, 403, 403, 403, 400], USER),
        ("DELETE", "/api/v1/users/admin-WHO@example.com", NONE, CHANGING, Shape::Keys(&["message"])),
        ("DELETE", "/api/v1/user/missing@example.com", NONE, [403, 403, 403, 403, 404], USER),
    ]
}

/// What the 403 of each caller says; the other refusals say why, in a list of one text.
fn datadog_document(caller: &Caller, answer: &Answer) -> Value {
    if answer.status != 403 {
        let reason = answer.json()["errors"][0].as_str().unwrap_or_default().to_owned();
        assert!(!reason.is_empty(), "{}", answer.text());
        return json!({ "errors": [reason] });
    }
    match caller.refusal {
        "Forbidden" => json!({"status": "error", "code": 403, "errors": ["Forbidden"]}),
        message => json!({ "errors": [message] }),
    }
}

#[test]
fn each_key_opens_in_datadog_s_dialect_what_the_table_says_and_nothing_else() {
    const API: &str = "DD-API-KEY";
    const APP: &str = "DD-APPLICATION-KEY";
    const NO_API: &str = "API key required";
    const NO_APP: &str = "Application key required";
    let folder = Arc::new(Folder::new());
    // The first start makes the first keys, and a list names those to revoke.
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let app = |role| create_key(&folder, "app", Some(role));
    let (read, standard, admin, revoked) = (app("read"), app("standard"), app("admin"), app("admin"));
    let revoked_api = create_key(&folder, "api", None);
    let list = String::from_utf8(run(&folder, &["key", "list"]).stdout).expect("text");
    assert!(list.lines().count() >= 7, "{list}");
    for id in ["6", "7"] {
        let output = run(&folder, &["key", "revoke", id]);
        assert!(output.status.success(), "{output:?} of {list}");
    }
    let server = Server::over(folder, &[]);
    let token = token(&server, ("Administrator", ADMIN_PASSWORD), "matrix");
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let session = cookie_of(&server, ("Administrator", ADMIN_PASSWORD));

    let both = |name: &str, class, key: &str| Caller::new(name, class, &[(API, API_KEY), (APP, key)]);
    let queried = |name: &str, class, key: &str| {
        Caller::new(name, class, &[]).query(format!("api_key={API_KEY}&application_key={key}"))
    };
    let mut callers = vec![
        Caller::new("nobody", STRANGER, &[]).refused(NO_API),
        Caller::new("basic", STRANGER, &[("Authorization", &authorization)]).refused(NO_API),
        Caller::new("token", STRANGER, &[("X-Authentication-Token", &token)]).refused(NO_API),
        Caller::new("app key alone", STRANGER, &[(APP, APP_KEY)]).refused(NO_API),
        Caller::new("empty keys", STRANGER, &[(API, ""), (APP, "")]).refused(NO_API),
        Caller::new("cookie", STRANGER, &[("Cookie", &format!("api_key={API_KEY}; application_key={APP_KEY}"))])
            .refused(NO_API),
        Caller::new("session", STRANGER, &[("Cookie", &session)]).refused(NO_API),
        Caller::new("wrong api key", STRANGER, &[(API, &API_KEY.replace('0', "1")), (APP, APP_KEY)]),
        Caller::new("upper case", STRANGER, &[(API, &API_KEY.to_uppercase()), (APP, APP_KEY)]),
        Caller::new("part of an api key", STRANGER, &[(API, &API_KEY[..31]), (APP, APP_KEY)]),
        Caller::new("longer api key", STRANGER, &[(API, &format!("{API_KEY}0")), (APP, APP_KEY)]),
        Caller::new("revoked api key", STRANGER, &[(API, &revoked_api), (APP, APP_KEY)]),
        Caller::new("keys swapped", STRANGER, &[(API, APP_KEY), (APP, API_KEY)]),
        Caller::new("app key for both", STRANGER, &[(API, APP_KEY), (APP, APP_KEY)]),
        Caller::new("token as api key", STRANGER, &[(API, &token), (APP, APP_KEY)]),
        // The header wins.
        Caller::new("wrong in the header", STRANGER, &[(API, "x"), (APP, "x")])
            .query(format!("api_key={API_KEY}&application_key={APP_KEY}")),
        Caller::new("other names", STRANGER, &[])
            .query(format!("API_KEY={API_KEY}&APPLICATION_KEY={APP_KEY}"))
            .refused(NO_API),
        Caller::new("api key alone", API_ALONE, &[(API, API_KEY)]).refused(NO_APP),
        Caller::new("api key alone in the query", API_ALONE, &[]).query(format!("api_key={API_KEY}")).refused(NO_APP),
        both("empty app key", API_ALONE, "").refused(NO_APP),
        both("wrong app key", API_ALONE, "0123456789abcdef0123456789abcdef01234568"),
        both("revoked app key", API_ALONE, &revoked),
        both("revoked app key again", API_ALONE, &revoked),
        both("api key for both", API_ALONE, API_KEY),
        both("token as app key", API_ALONE, &token),
        both("password as app key", API_ALONE, ADMIN_PASSWORD),
        both("upper case app key", API_ALONE, &APP_KEY.to_uppercase()),
        queried("revoked in the query", API_ALONE, &revoked),
        both("reader", READ, &read),
        queried("reader in the query", READ, &read),
        Caller::new("reader with a password", READ, &[(API, API_KEY), (APP, &read), ("Authorization", &authorization)]),
        Caller::new("reader over admin", READ, &[(API, API_KEY), (APP, &read)])
            .query(format!("application_key={APP_KEY}")),
        both("standard", STANDARD, &standard),
        queried("standard-q", STANDARD, &standard),
        both("admin", ADMIN, &admin),
        queried("admin-q", ADMIN, &admin),
        both("first", ADMIN, APP_KEY),
    ];
    for caller in &mut callers {
        if caller.class >= STANDARD {
            // Their names become part of addresses.
            assert!(caller.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", caller.name);
        }
    }

    let mut awaited = vec!["Administrator".to_owned()];
    for name in
        callers.iter().filter(|caller| caller.class >= STANDARD).map(|caller| caller.name.as_str()).chain(["nobody"])
    {
        for (prefix, groups) in [
            ("target", json!([])),
            ("asleep", json!([])),
            ("admin", json!(["administrators"])),
            ("asleep-admin", json!(["administrators"])),
        ] {
            create_user(
                &server,
                json!({"username": format!("{prefix}-{name}@example.com"), "firstName": CANARY, "groups": groups}),
            );
        }
        for prefix in ["asleep", "asleep-admin"] {
            let path = format!("/api/v1/user/{prefix}-{name}@example.com");
            assert_eq!(server.datadog("DELETE", &path, None).status, 200);
        }
        awaited.extend(["awaited", "waited"].map(|prefix| format!("{prefix}-{name}@example.com")));
    }
    // A name that waits in the list of administrators makes one of whoever gets it. The list is replaced, so those
    // who are in it already are named again.
    let state = State::of(&server.folder);
    awaited.extend(state.texts(
        "select username from users join memberships on user_id = users.id join groups on groups.id = group_id
         where name_key = 'administrators' and username <> 'Administrator'",
    ));
    let body = json!({"entity-type": "group", "memberUsers": awaited}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body)).status, 200);

    let issued = [&read, &standard, &admin, &revoked, &revoked_api, &token].map(String::as_str);
    let mut walk = Walk::new(&server, state, &issued, datadog_document);
    for caller in &callers {
        for operation in &datadog_operations() {
            walk.step(caller, operation, "");
        }
    }
    println!("{} callers, {} operations, {} calls", callers.len(), datadog_operations().len(), walk.calls);
    walk.state.assert_sound();
}

// ------------------------------------------------------------------------------------------- Nuxeo

const ORDINARY: usize = 1;
const POWER: usize = 2;
const ADMINISTRATOR: usize = 3;

/// A token of that user for a device.
fn token(server: &Server, (name, password): (&str, &str), device: &str) -> String {
    let path = format!("/nuxeo/authentication/token?applicationName=matrix&deviceId={device}&permission=rw");
    let answer = server.request("GET", &path, &[("Authorization", &basic(name, password))], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.text().to_owned()
}

/// Those under every prefix of the interface.
fn nuxeo_operations() -> Vec<Operation<4>> {
    const USER: Shape = Shape::Entity("user");
    const USERS: Shape = Shape::Entity("users");
    const GROUP: Shape = Shape::Entity("group");
    const GROUPS: Shape = Shape::Entity("groups");
    const OPERATION: Shape =
        Shape::Keys(&["aliases", "category", "description", "id", "label", "params", "signature", "url"]);
    const NONE: Value = Value::Null;
    const ALL: [u16; 4] = [401, 200, 200, 200];
    const MISSING: [u16; 4] = [401, 404, 404, 404];
    const BROKEN: [u16; 4] = [401, 400, 400, 400];
    const NO_METHOD: [u16; 4] = [401, 405, 405, 405];
    const CREATE: [u16; 4] = [401, 403, 201, 201];
    const CREATE_ADMINISTRATOR: [u16; 4] = [401, 403, 403, 201];
    const EDIT: [u16; 4] = [401, 403, 200, 200];
    const EDIT_ADMINISTRATOR: [u16; 4] = [401, 403, 403, 200];
    const REMOVE: [u16; 4] = [401, 403, 204, 204];
    const REMOVE_ADMINISTRATOR: [u16; 4] = [401, 403, 403, 204];
    let user = |properties: Value| json!({"entity-type": "user", "properties": properties});
    let new =
        |name: &str, groups: Value| json!({"entity-type": "user", "properties": {"username": name, "groups": groups}});
    let group = |id: &str, parents: Value| json!({"entity-type": "group", "id": id, "parentGroups": parents});
    let id = |id: &str| json!({"entity-type": "user", "id": id, "properties": {"firstName": "x"}});
    let list = |key: &str, names: Value| json!({"entity-type": "group", key: names});
    let change = |old: &str| json!({"oldPassword": old, "newPassword": PASSWORD});
    let say = |message: Value| json!({"params": {"message": message, "level": "info"}});
    let mut rows = vec![
        // Reading.
        ("GET", "/user/target-WHO", NONE, ALL, USER),
        ("GET", "/user/Administrator", NONE, ALL, USER),
        ("GET", "/user/missing", NONE, MISSING, USER),
        ("GET", "/user", NONE, NO_METHOD, USER),
        ("PATCH", "/user/Administrator", NONE, NO_METHOD, USER),
        ("GET", "/user/search?q=*", NONE, ALL, USERS),
        ("GET", "/user/search?q=target&pageSize=2", NONE, ALL, USERS),
        ("GET", "/user/search?q=*&pageSize=many", NONE, BROKEN, USERS),
        ("GET", "/user/transient/foo@bar.com/1", NONE, ALL, USER),
        ("GET", "/group/members", NONE, ALL, GROUP),
        ("GET", "/group/administrators?fetch-group=memberUsers,memberGroups,parentGroups", NONE, ALL, GROUP),
        ("GET", "/group/missing", NONE, MISSING, GROUP),
        ("GET", "/group/search?q=*", NONE, ALL, GROUPS),
        ("GET", "/group/search?q=*&offset=far", NONE, BROKEN, GROUPS),
        ("GET", "/group/administrators/@users", NONE, ALL, USERS),
        ("GET", "/group/administrators/@groups", NONE, ALL, GROUPS),
        ("GET", "/group/missing/@users", NONE, MISSING, USERS),
        ("GET", "/group/missing/@groups", NONE, MISSING, GROUPS),
        ("GET", "/group/members/@secrets", NONE, MISSING, GROUPS),
        ("PATCH", "/group/members", NONE, NO_METHOD, GROUP),
        // Oneself.
        ("GET", "/me", NONE, ALL, USER),
        ("POST", "/me", NONE, NO_METHOD, USER),
        ("PUT", "/me/changepassword", change("wrong"), [401; 4], USER),
        ("PUT", "/me/changepassword", json!({"newPassword": "x"}), BROKEN, USER),
        ("PUT", "/me/changepassword", json!({"oldPassword": PASSWORD, "newPassword": ""}), BROKEN, USER),
        ("PUT", "/me/changepassword", change(PASSWORD), ALL, USER),
        ("GET", "/token", NONE, ALL, Shape::Entity("tokens")),
        ("POST", "/token?application=walk&deviceId=WHO", NONE, [401, 201, 201, 201], Shape::Text),
        ("POST", "/token?application=walk", NONE, BROKEN, Shape::Text),
        ("DELETE", "/token/missing", NONE, MISSING, Shape::Empty),
        ("DELETE", "/token/KEPT-ID", NONE, MISSING, Shape::Empty),
        ("DELETE", "/token/KEPT-TOKEN", NONE, MISSING, Shape::Empty),
        // What clients call around it.
        ("POST", "/automation/login", NONE, ALL, Shape::Entity("login")),
        ("GET", "/automation/login", NONE, [200; 4], OPERATION),
        ("PUT", "/automation/login", NONE, [405; 4], Shape::Empty),
        ("GET", "/automation", NONE, [200; 4], Shape::Keys(&["chains", "codecs", "operations", "paths"])),
        ("POST", "/automation", NONE, [405; 4], Shape::Empty),
        ("GET", "/automation/Log", NONE, [200; 4], OPERATION),
        ("GET", "/automation/User.Invite", NONE, MISSING, Shape::Empty),
        ("POST", "/automation/Log", say(json!("a word")), [401, 204, 204, 204], Shape::Empty),
        ("POST", "/automation/Log", say(json!(7)), BROKEN, Shape::Empty),
        ("POST", "/automation/User.Invite", NONE, MISSING, Shape::Empty),
        ("GET", "/capabilities", NONE, ALL, Shape::Entity("capabilities")),
        ("GET", "/nothing", NONE, MISSING, Shape::Empty),
        // Users.
        ("POST", "/user", new("new-WHO", json!([])), CREATE, USER),
        ("POST", "/user", new("new-power-WHO", json!(["powerusers"])), CREATE, USER),
        ("POST", "/user", new("new-admin-WHO", json!(["administrators"])), CREATE_ADMINISTRATOR, USER),
        ("POST", "/user", new("new-ops-WHO", json!(["members", "ops"])), CREATE_ADMINISTRATOR, USER),
        ("POST", "/user", new("awaited-WHO", json!([])), CREATE_ADMINISTRATOR, USER),
        ("POST", "/user", new("target-WHO", json!([])), [401, 403, 409, 409], USER),
        ("POST", "/user", new("lost-WHO", json!(["missing"])), [401, 403, 403, 403], USER),
        ("POST", "/user", user(json!({})), [401, 403, 400, 400], USER),
        ("POST", "/user", json!({}), BROKEN, USER),
        ("POST", "/user", json!("{"), BROKEN, USER),
        ("POST", "/user", NONE, BROKEN, USER),
        ("PUT", "/user/target-WHO", user(json!({"firstName": "changed"})), EDIT, USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": ["members"]})), EDIT, USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": ["administrators"]})), EDIT_ADMINISTRATOR, USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": []})), EDIT, USER),
        ("PUT", "/user/WHO", user(json!({"firstName": "oneself"})), EDIT, USER),
        ("PUT", "/user/ordinary", user(json!({"firstName": "oneself"})), EDIT, USER),
        ("PUT", "/user/admin-WHO", user(json!({"firstName": "changed"})), EDIT_ADMINISTRATOR, USER),
        ("PUT", "/user/opsman-WHO", user(json!({"password": "stolen"})), EDIT_ADMINISTRATOR, USER),
        ("PUT", "/user/target-WHO", id("missing"), [401, 403, 500, 500], USER),
        ("PUT", "/user/target-WHO", id("Administrator"), [401, 403, 400, 400], USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": ["missing"]})), [401, 403, 403, 403], USER),
        ("PUT", "/user/target-WHO", user(json!({"firstName": []})), BROKEN, USER),
        ("PUT", "/user/target-WHO", json!("nothing"), BROKEN, USER),
        ("PUT", "/user/missing", user(json!({})), MISSING, USER),
        ("DELETE", "/user/missing", NONE, MISSING, USER),
        ("DELETE", "/user/doomed-WHO", NONE, REMOVE, Shape::Empty),
        ("DELETE", "/user/doomed-admin-WHO", NONE, REMOVE_ADMINISTRATOR, Shape::Empty),
        ("DELETE", "/user/doomed-ops-WHO", NONE, REMOVE_ADMINISTRATOR, Shape::Empty),
        // Groups.
        ("POST", "/group", group("new-WHO", json!([])), CREATE, GROUP),
        ("POST", "/group", group("new-child-WHO", json!(["members"])), CREATE, GROUP),
        ("POST", "/group", group("new-admins-WHO", json!(["administrators"])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("new-ops-WHO", json!(["members", "ops"])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("awaited-WHO", json!([])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("later-WHO", json!(["missing"])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("team-WHO", json!([])), [401, 403, 409, 409], GROUP),
        ("POST", "/group", json!({"entity-type": "group"}), [401, 403, 400, 400], GROUP),
        ("POST", "/group", json!([]), BROKEN, GROUP),
        ("PUT", "/group/team-WHO", group("team-WHO", json!([])), EDIT, GROUP),
        ("PUT", "/group/team-WHO", list("memberUsers", json!(["target-WHO", "later"])), EDIT, GROUP),
        ("PUT", "/group/team-WHO", list("memberUsers", json!([])), EDIT, GROUP),
        ("PUT", "/group/team-WHO", group("team-WHO", json!(["ops"])), EDIT_ADMINISTRATOR, GROUP),
        ("PUT", "/group/team-WHO", group("team-WHO", json!([])), [401, 403, 200, 200], GROUP),
        ("PUT", "/group/administrators", list("grouplabel", json!("Chiefs")), EDIT_ADMINISTRATOR, GROUP),
        ("PUT", "/group/ops", list("grouplabel", json!("Ops")), EDIT_ADMINISTRATOR, GROUP),
        ("PUT", "/group/team-WHO", group("missing", json!([])), [401, 403, 404, 404], GROUP),
        ("PUT", "/group/team-WHO", list("memberUsers", json!("target-WHO")), BROKEN, GROUP),
        ("PUT", "/group/missing", group("missing", json!([])), MISSING, GROUP),
        ("DELETE", "/group/missing", NONE, MISSING, GROUP),
        ("DELETE", "/group/doomed-WHO", NONE, REMOVE, Shape::Empty),
        ("DELETE", "/group/doomed-ops-WHO", NONE, REMOVE_ADMINISTRATOR, Shape::Empty),
        ("PUT", "/user/target-WHO/group/team-WHO", NONE, NO_METHOD, USER),
        ("GET", "/group/team-WHO/user/target-WHO", NONE, NO_METHOD, USER),
    ];
    // Memberships, from both sides.
    for (user, group, made, ended) in [
        ("target-WHO", "team-WHO", CREATE, EDIT),
        ("opsman-WHO", "team-WHO", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("target-WHO", "administrators", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("target-WHO", "ops", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("opsman-WHO", "ops", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("missing", "team-WHO", MISSING, MISSING),
        ("target-WHO", "missing", MISSING, MISSING),
    ] {
        for path in [format!("/user/{user}/group/{group}"), format!("/group/{group}/user/{user}")] {
            // A handful of short texts for the life of the test.
            let path: &'static str = path.leak();
            rows.push(("POST", path, NONE, made, USER));
            rows.push(("DELETE", path, NONE, ended, Shape::Text));
            rows.push(("POST", path, NONE, made, USER));
        }
    }
    rows
}

/// Those outside of the interface, with their whole paths.
fn nuxeo_surroundings() -> Vec<Operation<4>> {
    const NONE: Value = Value::Null;
    const STATUS: Shape = Shape::Keys(&["elasticSearchStatus", "repositoryStatus", "runtimeStatus", "streamStatus"]);
    const TOKEN: &str = "/nuxeo/authentication/token";
    let ask = |query: &str| -> &'static str { format!("{TOKEN}?deviceId=aside{query}").leak() };
    vec![
        ("GET", "/nuxeo/runningstatus", NONE, [200; 4], STATUS),
        ("GET", "/nuxeo/runningstatus?info=started", NONE, [200; 4], Shape::Text),
        ("GET", "/nuxeo/json/cmis", NONE, [401, 200, 200, 200], Shape::Keys(&["default"])),
        ("POST", "/nuxeo/site/automation/login", NONE, [401, 200, 200, 200], Shape::Entity("login")),
        ("GET", "/nuxeo/logout", NONE, [200; 4], Shape::Text),
        ("POST", "/nuxeo/logout", NONE, [200; 4], Shape::Text),
        ("DELETE", "/nuxeo/logout", NONE, [405; 4], Shape::Text),
        ("GET", "/nuxeo/site/automation/", NONE, [200; 4], Shape::Keys(&["chains", "codecs", "operations", "paths"])),
        ("GET", "/nuxeo/site/nothing", NONE, [401, 404, 404, 404], Shape::Empty),
        ("GET", "/nuxeo/nothing", NONE, [404; 4], Shape::Empty),
        ("GET", TOKEN, NONE, [401, 400, 400, 400], Shape::Text),
        ("GET", ask("&applicationName=walk&permission=rw"), NONE, [401, 201, 201, 201], Shape::Text),
        ("GET", ask("&applicationName=strange&revoke=true"), NONE, [401, 400, 400, 400], Shape::Text),
        ("DELETE", TOKEN, NONE, [405; 4], Shape::Text),
    ]
}

fn nuxeo_document(caller: &Caller, answer: &Answer) -> Value {
    let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
    assert!(!message.is_empty(), "{}", answer.text());
    if answer.status == 401 {
        assert_eq!(message, "Authentication is required");
        let quiet = caller.login.is_some() || caller.headers.iter().any(|(name, _)| name == "Cookie");
        let asked = answer.header("WWW-Authenticate");
        assert_eq!(asked, (!quiet).then_some("Basic realm=\"Nuxeo Automation\""), "{}", caller.name);
    }
    json!({"entity-type": "exception", "status": answer.status, "message": message})
}

#[test]
fn each_user_may_do_in_nuxeo_s_dialect_what_the_table_says_and_nothing_else() {
    const TOKEN: &str = "X-Authentication-Token";
    let server = Server::with(&["--wrong-password-delay", "0"]);
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    create_group(&server, json!({"id": "deep", "parentGroups": ["ops"]}));
    create_group(&server, json!({"id": "deputies", "parentGroups": ["powerusers"]}));
    create_group(&server, json!({"id": "above", "memberGroups": ["administrators", "powerusers"]}));
    for (name, groups) in [
        ("ordinary", json!([])),
        ("member", json!(["members"])),
        ("high", json!(["above"])),
        ("former", json!(["administrators", "powerusers"])),
        ("power", json!(["powerusers"])),
        ("deputy", json!(["deputies"])),
        ("root", json!(["administrators"])),
        ("both", json!(["powerusers", "administrators"])),
        ("opsroot", json!(["ops"])),
        ("deeproot", json!(["members", "deep"])),
        ("gone", json!(["administrators"])),
        ("disabled", json!(["administrators"])),
        ("keeper", json!(["administrators"])),
    ] {
        create_user(&server, json!({"username": name, "password": PASSWORD, "groups": groups}));
    }
    create_user(&server, json!({"username": "locked", "groups": ["administrators"], "firstName": CANARY}));
    let issue = |name: &str, device: &str| token(&server, (name, PASSWORD), device);
    let (ordinary, power, deputy, root) =
        (issue("ordinary", "t"), issue("power", "t"), issue("deputy", "t"), issue("root", "t"));
    let (deeproot, former) = (issue("deeproot", "t"), issue("former", "t"));
    let (revoked, gone, disabled, kept) =
        (issue("root", "r"), issue("gone", "t"), issue("disabled", "t"), issue("keeper", "t"));
    let log_in = |name: &str| cookie_of(&server, (name, PASSWORD));
    let (ended_cookie, gone_cookie, disabled_cookie) = (log_in("root"), log_in("gone"), log_in("disabled"));
    assert_eq!(server.request("GET", "/nuxeo/logout", &[("Cookie", &ended_cookie)], None).status, 200);
    let page_cookie = crate::support::ui::session_cookie(&server);
    let page_cookie = page_cookie.replace("rollbook_session", "JSESSIONID");
    assert_eq!(server.nuxeo_as(("root", PASSWORD), "DELETE", &format!("/token/{revoked}"), None).status, 204);
    assert_eq!(server.nuxeo("DELETE", "/user/gone", None).status, 204);
    // The same name again is another user.
    create_user(&server, json!({"username": "gone", "password": "another", "groups": ["administrators"]}));
    assert_eq!(server.datadog("DELETE", "/api/v1/user/disabled", None).status, 200);
    for group in ["administrators", "powerusers"] {
        assert_eq!(server.nuxeo("DELETE", &format!("/user/former/group/{group}"), None).status, 200);
    }
    let state = State::of(&server.folder);
    let stored = state.texts("select password_hash from users where username = 'root'").remove(0);
    let digest = state.texts("select lower(hex(digest)) from credentials where name = 'root' and revoked_at is null");
    let kept_id = state.texts("select uuid from credentials where name = 'keeper'").remove(0);

    let word = |name: &str, class, password: &str| {
        Caller::new(name, class, &[("Authorization", &basic(name.split('/').next().unwrap_or_default(), password))])
    };
    let shown = |name: &str, class, token: &str| Caller::new(name, class, &[(TOKEN, token)]);
    let cookie = |name: &str, class, login: (&'static str, &str)| Caller {
        login: Some((login.0, login.1.to_owned())),
        ..Caller::new(name, class, &[])
    };
    let with_password = |name: &str, class, user: &str| cookie(name, class, ("Authorization", &basic(user, PASSWORD)));
    let callers = [
        Caller::new("nobody", STRANGER, &[]),
        Caller::new("keys", STRANGER, &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)]),
        Caller::new("keys in the query", STRANGER, &[]).query(format!("api_key={API_KEY}&application_key={APP_KEY}")),
        Caller::new("no colon", STRANGER, &[("Authorization", "Basic cm9vdA==")]),
        Caller::new("digest", STRANGER, &[("Authorization", "Digest username=\"root\"")]),
        Caller::new(
            "headers of another login",
            STRANGER,
            &[("NX_USER", "root"), ("X-Forwarded-User", "root"), ("REMOTE_USER", "root")],
        ),
        word("root/empty", STRANGER, ""),
        word("", STRANGER, PASSWORD),
        word("locked", STRANGER, ""),
        word("system", STRANGER, PASSWORD),
        word("root/wrong", STRANGER, "open sesam").costly(),
        word("disabled/right", STRANGER, PASSWORD).costly(),
        word("locked/guess", STRANGER, "null").costly(),
        word("missing", STRANGER, PASSWORD).costly(),
        word("gone/old", STRANGER, PASSWORD).costly(),
        word("root/hash", STRANGER, &stored).costly(),
        word("root/token", STRANGER, &root).costly(),
        shown("revoked token", STRANGER, &revoked),
        shown("token of a deleted user", STRANGER, &gone),
        shown("token of a disabled user", STRANGER, &disabled),
        shown("part of a token", STRANGER, &root[..63]),
        shown("upper-case token", STRANGER, &root.to_uppercase()),
        shown("digest of a token", STRANGER, &digest[0]),
        shown("id of a token", STRANGER, &kept_id),
        shown("api key", STRANGER, API_KEY),
        shown("app key", STRANGER, APP_KEY),
        Caller::new("app key as bearer", STRANGER, &[("Authorization", &format!("Bearer {APP_KEY}"))]),
        Caller::new("revoked in the query", STRANGER, &[]).query(format!("token={revoked}")),
        Caller::new("revoked cookie", STRANGER, &[("Cookie", &format!("{TOKEN}={revoked}"))]),
        // Basic comes first, and nothing after it.
        Caller::new("no colon, and a token", STRANGER, &[("Authorization", "Basic cm9vdA=="), (TOKEN, &root)]),
        Caller::new("ended session", STRANGER, &[("Cookie", &ended_cookie)]),
        Caller::new("session of a deleted user", STRANGER, &[("Cookie", &gone_cookie)]),
        Caller::new("session of a disabled user", STRANGER, &[("Cookie", &disabled_cookie)]),
        Caller::new("session of the page", STRANGER, &[("Cookie", &page_cookie)]),
        Caller::new("session of another server", STRANGER, &[("Cookie", "JSESSIONID=A1B2C3D4E5F60718.nuxeo")]),
        // Whatever else is shown wins, also where it is wrong.
        Caller {
            headers: vec![("Authorization".into(), "Basic cm9vdA==".into())],
            ..with_password("no colon, and a session", STRANGER, "root")
        },
        Caller {
            headers: vec![(TOKEN.into(), revoked.clone())],
            ..with_password("revoked token, and a session", STRANGER, "root")
        },
        word("ordinary", ORDINARY, PASSWORD),
        word("member", ORDINARY, PASSWORD),
        with_password("ordinary by session", ORDINARY, "ordinary"),
        cookie("former by session", ORDINARY, (TOKEN, &former)),
        word("high", ORDINARY, PASSWORD),
        word("former", ORDINARY, PASSWORD),
        word("OrDinary", ORDINARY, PASSWORD),
        shown("ordinary by token", ORDINARY, &ordinary),
        shown("former by token", ORDINARY, &former),
        Caller::new(
            "ordinary with keys",
            ORDINARY,
            &[(TOKEN, &ordinary), ("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)],
        ),
        Caller::new("ordinary by bearer", ORDINARY, &[("Authorization", &format!("Bearer {ordinary}"))]),
        Caller::new("ordinary in the query", ORDINARY, &[]).query(format!("token={ordinary}")),
        Caller::new("ordinary by cookie", ORDINARY, &[("Cookie", &format!("{TOKEN}={ordinary}"))]),
        // The first place that holds one counts.
        Caller::new("ordinary before root", ORDINARY, &[(TOKEN, &ordinary)]).query(format!("token={root}")),
        word("power", POWER, PASSWORD),
        word("deputy", POWER, PASSWORD),
        with_password("power-s", POWER, "power"),
        cookie("deputy-s", POWER, (TOKEN, &deputy)),
        shown("power-t", POWER, &power),
        shown("deputy-t", POWER, &deputy),
        word("root", ADMINISTRATOR, PASSWORD),
        word("both", ADMINISTRATOR, PASSWORD),
        word("opsroot", ADMINISTRATOR, PASSWORD),
        word("deeproot", ADMINISTRATOR, PASSWORD),
        with_password("root-s", ADMINISTRATOR, "root"),
        cookie("deeproot-s", ADMINISTRATOR, (TOKEN, &deeproot)),
        shown("root-t", ADMINISTRATOR, &root),
        shown("deeproot-t", ADMINISTRATOR, &deeproot),
    ];

    let active = callers.iter().filter(|caller| caller.class >= POWER).map(|caller| caller.name.as_str());
    let mut waiting = (Vec::new(), Vec::new());
    for name in active.chain(["nobody"]) {
        create_group(&server, json!({"id": format!("team-{name}")}));
        create_group(&server, json!({"id": format!("doomed-{name}")}));
        create_group(&server, json!({"id": format!("doomed-ops-{name}"), "parentGroups": ["ops"]}));
        let mut users = vec![
            ("target-", json!([])),
            ("doomed-", json!([])),
            ("admin-", json!(["administrators"])),
            ("doomed-admin-", json!(["administrators"])),
            ("opsman-", json!(["ops"])),
            ("doomed-ops-", json!(["ops"])),
        ];
        if name == "nobody" || name.ends_with("-t") || name.ends_with("-s") {
            users.push(("", json!([])));
        }
        for (prefix, groups) in users {
            create_user(&server, json!({"username": format!("{prefix}{name}"), "email": CANARY, "groups": groups}));
        }
        waiting.0.push(format!("awaited-{name}"));
        waiting.1.push(format!("awaited-{name}"));
    }
    let names = "select username from users join memberships on user_id = users.id
         join groups on groups.id = group_id where name = 'ops'";
    waiting.0.extend(state.texts(names));
    waiting.1.extend(state.texts(
        "select child.name from subgroups join groups child on child.id = child_id
         join groups parent on parent.id = parent_id where parent.name = 'ops'",
    ));
    let body = json!({"entity-type": "group", "memberUsers": waiting.0, "memberGroups": waiting.1}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/ops", Some(&body)).status, 200);
    // A first login is noted with the user: this is theirs.
    for caller in callers.iter().filter(|caller| caller.class > STRANGER) {
        let answer = caller.call(&mut Connection::open(server.address), "GET", "/nuxeo/api/v1/me", &Value::Null);
        assert_eq!(answer.status, 200, "{}", caller.name);
    }

    let issued =
        [&ordinary, &power, &deputy, &root, &deeproot, &former, &revoked, &gone, &disabled, &kept].map(String::as_str);
    let mut operations = nuxeo_operations();
    for operation in &mut operations {
        operation.1 = operation.1.replace("KEPT-ID", &kept_id).replace("KEPT-TOKEN", &kept).leak();
    }
    let mut walk = Walk::new(&server, state, &issued, nuxeo_document);
    for (number, caller) in callers.iter().enumerate() {
        let prefixes = ["/nuxeo/api/v1", "/nuxeo/site/api/v1", "/nuxeo//api/v1/repo/default"];
        // Together the costly ones try everything, each a part of it.
        let (first, step) = if caller.costly { (number % 7, 7) } else { (0, 1) };
        for (at, operation) in operations.iter().enumerate().skip(first).step_by(step) {
            // Every operation is tried under every prefix, by some callers of each class.
            walk.step(caller, operation, prefixes[(number + at) % 3]);
        }
        for operation in nuxeo_surroundings().iter().filter(|_| !caller.costly) {
            walk.step(caller, operation, "");
        }
    }
    let operations = operations.len() + nuxeo_surroundings().len();
    println!("{} callers, {operations} operations, {} calls", callers.len(), walk.calls);
    walk.state.assert_sound();
    // What was another user's has stayed so.
    let status = |header: &str| server.request("GET", "/nuxeo/api/v1/me", &[(TOKEN, header)], None).status;
    assert_eq!([status(&kept), status(&root), status(&revoked)], [200, 200, 401]);
}

#[test]
fn a_name_that_waits_among_the_administrators_is_not_for_a_standard_key_whatever_role_it_names() {
    let folder = Arc::new(Folder::new());
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let standard = create_key(&folder, "app", Some("standard"));
    let server = Server::over(folder, &[]);
    let body = json!({"entity-type": "group", "memberUsers": ["Administrator", "ghost@example.com"]}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body)).status, 200);
    let state = State::of(&server.folder);
    let before = state.whole();
    for role in [json!(null), json!("st"), json!("ro"), json!("adm")] {
        for disabled in [false, true] {
            let body = json!({"handle": "ghost@example.com", "access_role": role, "disabled": disabled}).to_string();
            let answer = server.datadog_as(&standard, "POST", "/api/v1/user", Some(&body));
            assert_eq!(answer.status, 403, "{body}: {}", answer.text());
            assert_eq!(State::differences(&before, &state.whole()), [""; 0], "{body}");
        }
    }
}
