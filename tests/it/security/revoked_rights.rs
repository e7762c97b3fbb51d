//! Rights are those at the moment of the write: a caller who loses them between authentication and commit changes
//! nothing, whatever the operation and whatever took the rights.

use crate::support::cli::run;
use crate::support::client::{Answer, Connection, basic};
use crate::support::database::{Database, State};
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_group, create_user};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::wait::{PATIENCE, wait_until};
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const PASSWORD: &str = "open sesame";
/// Another password, as a hash: it takes no time before the write.
const HASH: &str = "{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==";

/// The credential of a caller, as header fields.
#[derive(Debug, Clone)]
enum Credential {
    Basic,
    Token(String),
    Page(String),
    Login(String),
    Key(String),
}

impl Credential {
    fn headers(&self, user: &str) -> Vec<(String, String)> {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        match self {
            Credential::Basic => pairs(&[("Authorization", &basic(user, PASSWORD))]),
            Credential::Token(token) => pairs(&[("X-Authentication-Token", token)]),
            Credential::Page(cookie) => pairs(&[("Cookie", cookie), ("X-Requested-With", "rollbook")]),
            Credential::Login(cookie) => pairs(&[("Cookie", cookie)]),
            Credential::Key(key) => pairs(&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", key)]),
        }
    }
}

/// A request that is on its way.
struct Sent(Connection);

fn send(server: &Server, method: &str, path: &str, headers: &[(String, String)], body: &Value) -> Sent {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = if body.is_null() { None } else { Some(body.to_string()) };
    let mut connection = Connection::open(server.address);
    connection.send(method, path, &headers, body.as_deref().map(str::as_bytes));
    Sent(connection)
}

fn administrator() -> Vec<(String, String)> {
    Credential::Basic
        .headers("Administrator")
        .into_iter()
        .map(|(name, _)| (name, basic("Administrator", ADMIN_PASSWORD)))
        .collect()
}

/// Keeps the database from being written until dropped, as another program could.
struct Held(Database);

impl Held {
    fn by(folder: &Folder) -> Held {
        let connection = Database::open(folder.db()).expect("the database");
        connection.busy_timeout(PATIENCE).expect("a timeout");
        connection.execute_batch("begin immediate").expect("the right to write");
        Held(connection)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.execute_batch("rollback");
    }
}

/// Requests that have begun to arrive and are not answered; the one that asks does not count.
fn in_progress(server: &Server) -> usize {
    let text = server.request("GET", "/metrics", &[], None).text().to_owned();
    let line = text.lines().find(|line| line.starts_with("rollbook_http_requests_in_progress{listener=\"public\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map_or(0, |count| count as usize) - 1
}

/// Waits for so many requests, but not for one that was answered because the database is held for too long.
fn wait_for_requests(server: &Server, count: usize) {
    let start = Instant::now();
    let long = Duration::from_secs(5);
    wait_until(format_args!("{count} requests in progress"), || in_progress(server) >= count || start.elapsed() > long);
}

/// An operation of a caller: method, path, body. `N` stands for a number that is new each time.
type Operation = (&'static str, &'static str, Value);

/// The operations of an administrator in the Nuxeo dialect.
fn nuxeo_operations() -> Vec<Operation> {
    let user = |properties: Value| json!({"entity-type": "user", "properties": properties});
    vec![
        ("POST", "/nuxeo/api/v1/user", user(json!({"username": "newN", "groups": ["administrators"]}))),
        (
            "POST",
            "/nuxeo/api/v1/user",
            user(json!({"username": "newN", "password": "x", "groups": ["administrators"]})),
        ),
        ("PUT", "/nuxeo/api/v1/user/target", user(json!({"firstName": "N"}))),
        ("PUT", "/nuxeo/api/v1/user/target", user(json!({"password": "N"}))),
        ("PUT", "/nuxeo/api/v1/user/target", user(json!({"groups": ["administrators"]}))),
        ("DELETE", "/nuxeo/api/v1/user/target", Value::Null),
        ("POST", "/nuxeo/api/v1/user/target/group/administrators", Value::Null),
        ("DELETE", "/nuxeo/api/v1/user/target/group/team", Value::Null),
        ("POST", "/nuxeo/api/v1/group/team/user/other", Value::Null),
        (
            "POST",
            "/nuxeo/api/v1/group",
            json!({"entity-type": "group", "id": "newN", "parentGroups": ["administrators"]}),
        ),
        ("PUT", "/nuxeo/api/v1/group/team", json!({"entity-type": "group", "parentGroups": ["administrators"]})),
        ("DELETE", "/nuxeo/api/v1/group/team", Value::Null),
        ("PUT", "/nuxeo/api/v1/me/changepassword", json!({"oldPassword": PASSWORD, "newPassword": "N"})),
        ("GET", "/nuxeo/authentication/token?applicationName=a&deviceId=N&permission=rw", Value::Null),
        ("POST", "/nuxeo/api/v1/token?application=a&deviceId=N", Value::Null),
    ]
}

fn page_operations() -> Vec<Operation> {
    vec![
        ("POST", "/ui/api/users", json!({"name": "newN", "role": "admin"})),
        ("PATCH", "/ui/api/users/target", json!({"role": "admin"})),
        ("DELETE", "/ui/api/users/target", Value::Null),
        ("PUT", "/ui/api/users/target/password", json!({"password": "N"})),
        ("POST", "/ui/api/groups", json!({"name": "newN", "groups": ["administrators"]})),
        ("PATCH", "/ui/api/groups/team", json!({"label": "N"})),
        ("DELETE", "/ui/api/groups/team", Value::Null),
        ("PUT", "/ui/api/groups/administrators/users/target", Value::Null),
        ("DELETE", "/ui/api/groups/team/users/target", Value::Null),
        ("PUT", "/ui/api/groups/administrators/groups/team", Value::Null),
        ("PUT", "/ui/api/password", json!({"old": PASSWORD, "new": "N"})),
    ]
}

fn datadog_operations() -> Vec<Operation> {
    vec![
        ("POST", "/api/v1/user", json!({"handle": "newN@example.com", "access_role": "adm"})),
        ("PUT", "/api/v1/user/target", json!({"access_role": "adm"})),
        ("PUT", "/api/v1/user/target", json!({"disabled": true})),
        ("DELETE", "/api/v1/user/target", Value::Null),
        ("POST", "/api/v1/invite_users", json!({"emails": ["newN@example.com"]})),
    ]
}

/// Requests of another administrator that remove the rights of the user, in the order in which they are sent.
fn takers() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let user = |properties: Value| json!({"entity-type": "user", "properties": properties});
    vec![
        ("disabled", "PUT", "/api/v1/user/WHO", json!({"disabled": true})),
        ("demoted", "DELETE", "/nuxeo/api/v1/user/WHO/group/administrators", Value::Null),
        ("demoted by the list", "PUT", "/nuxeo/api/v1/user/WHO", user(json!({"groups": []}))),
        ("deleted", "DELETE", "/nuxeo/api/v1/user/WHO", Value::Null),
        ("another password", "PUT", "/nuxeo/api/v1/user/WHO", user(json!({"password": HASH}))),
    ]
}

/// A server, and how many users were made on it.
struct Scene {
    server: Server,
    count: usize,
}

impl Scene {
    fn new() -> Scene {
        let server = Server::with(&["--metrics-public", "--max-connections", "64"]);
        create_user(&server, json!({"username": "other"}));
        Scene { server, count: 0 }
    }

    /// A new administrator, and the user and the group that operations are about.
    fn caller(&mut self) -> String {
        self.count += 1;
        let name = format!("admin{}", self.count);
        create_user(&self.server, json!({"username": name, "password": PASSWORD, "groups": ["administrators"]}));
        let _ = self.server.nuxeo("DELETE", "/user/target", None);
        let _ = self.server.nuxeo("DELETE", "/group/team", None);
        create_group(&self.server, json!({"id": "team"}));
        create_user(&self.server, json!({"username": "target", "groups": ["team"]}));
        name
    }

    fn token(&self, user: &str) -> String {
        let path = "/nuxeo/authentication/token?applicationName=a&deviceId=d&permission=rw";
        let answer = self.server.request("GET", path, &[("Authorization", &basic(user, PASSWORD))], None);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.text().to_owned()
    }

    fn cookie(&self, user: &str) -> String {
        let body = json!({"user": user, "password": PASSWORD}).to_string();
        let headers = [("X-Requested-With", "rollbook")];
        let answer = self.server.request("POST", "/ui/api/session", &headers, Some(body.as_bytes()));
        let cookie = answer.header("Set-Cookie").expect("a cookie");
        cookie.split(';').next().expect("a value").to_owned()
    }

    fn login(&self, user: &str) -> String {
        let headers = [("Authorization", &*basic(user, PASSWORD))];
        let answer = self.server.request("POST", "/nuxeo/site/automation/login", &headers, None);
        let cookie = answer.header("Set-Cookie").expect("a cookie");
        cookie.split(';').next().expect("a value").to_owned()
    }

    /// Sends the operation while the loss of the right waits before it, and requires that it does nothing. False when
    /// the operation came first all the same, or the database was held for longer than the server waits: then it has to
    /// be tried again.
    fn race(
        &self,
        call: &str,
        headers: &[(String, String)],
        (method, path, body): &Operation,
        take: &dyn Fn(&Server) -> Option<Sent>,
    ) -> bool {
        let number = self.count.to_string();
        let (path, body) =
            (path.replace("=N", &format!("={number}")), body.to_string().replace("newN", &format!("new{number}")));
        let body: Value = serde_json::from_str(&body).expect("JSON");
        // The caller is known and may do it, by what is remembered too.
        let (taken, answer) = {
            let held = Held::by(&self.server.folder);
            let taken = take(&self.server);
            let begun = usize::from(taken.is_some());
            wait_for_requests(&self.server, begun);
            let mut sent = send(&self.server, method, &path, headers, &body);
            wait_for_requests(&self.server, begun + 1);
            if taken.is_none() {
                // Ending a session waits for no write.
                end_session(&self.server, headers);
            }
            drop(held);
            let taken = taken.map(|mut taken| taken.0.answer(false));
            (taken, sent.0.answer(false))
        };
        if taken.as_ref().is_some_and(|taken| taken.status == 503) || answer.status == 503 {
            return false;
        }
        if let Some(taken) = &taken {
            assert!([200, 201, 204].contains(&taken.status), "{call}: {} {}", taken.status, taken.text());
        }
        self.require_refused(call, &answer, &number)
    }

    /// False when the operation was done before the right was lost.
    fn require_refused(&self, call: &str, answer: &Answer, number: &str) -> bool {
        let state = State::of(&self.server.folder);
        if answer.status < 300 && came_first(&state, number) {
            return false;
        }
        assert!([401, 403].contains(&answer.status), "{call}: {} {}", answer.status, answer.text());
        no_trace(&state, call, number);
        true
    }

    /// Races with new callers until one of them comes second.
    fn race_until_second(&mut self, call: &str, mut race: impl FnMut(&Scene, &str) -> bool) {
        for _ in 0..50 {
            let name = self.caller();
            if race(self, &name) {
                return;
            }
        }
        panic!("{call}: the operation always comes first");
    }
}

/// True if the last change by the caller is older than the last change of the caller.
fn came_first(state: &State, number: &str) -> bool {
    let newest = |condition: String| -> i64 {
        let found = state.texts(&format!("select cast(coalesce(max(id), 0) as text) from changes where {condition}"));
        found[0].parse().expect("a number")
    };
    let made = newest(format!("caller = 'admin{number}' or caller = 'race{number}'"));
    let taken = newest(format!(
        "(name = 'admin{number}' or name = 'race{number}' or before like '%\"admin{number}\"%')
         and coalesce(caller, '') not in ('admin{number}', 'race{number}') or action = 'token.revoked'"
    ));
    made < taken
}

fn end_session(server: &Server, headers: &[(String, String)]) {
    let of_page = headers.iter().any(|(name, _)| name == "X-Requested-With");
    let (method, path) = if of_page { ("DELETE", "/ui/api/session") } else { ("GET", "/nuxeo/logout") };
    let answer = send(server, method, path, headers, &Value::Null).0.answer(false);
    assert!([200, 204].contains(&answer.status), "{}", answer.text());
}

/// Nothing of the operation is there: no new name, no new right, no change by that caller.
fn no_trace(state: &State, call: &str, number: &str) {
    let new = format!("select username from users where username like 'new{number}%'");
    assert_eq!(state.texts(&new), [""; 0], "{call}");
    let new = format!("select name from groups where name like 'new{number}%'");
    assert_eq!(state.texts(&new), [""; 0], "{call}");
    let changes = format!(
        "select action || ' ' || name from changes where caller in ('admin{number}', 'race{number}')
        and action not in ('user.updated', 'token.created', 'token.revoked') order by id"
    );
    assert_eq!(state.texts(&changes), [""; 0], "{call}");
    let tokens = format!("select device from credentials where device = '{number}'");
    assert_eq!(state.texts(&tokens), [""; 0], "{call}");
    let target = "select username || ' ' || coalesce(first_name, '') || disabled from users where username = 'target'";
    assert_eq!(state.texts(target), ["target 0"], "{call}");
}

/// Every operation by every kind of credential, each with one way after the other to lose the right.
fn race_all(operations: &[Operation], credential: fn(&Scene, &str) -> Credential) {
    let mut scene = Scene::new();
    let takers = takers();
    for (at, operation) in operations.iter().enumerate() {
        for (way, (why, method, path, body)) in takers.iter().enumerate() {
            // All ways meet all operations over the three kinds of credentials and their tables.
            if (at + way) % 2 == 1 && operations.len() > 12 {
                continue;
            }
            let own_password = operation.1.ends_with("password") && !operation.1.contains("/users/");
            let token = operation.1.contains("token");
            if (own_password || token) && why.starts_with("demoted") {
                // A caller that is no administrator any more may still do this.
                continue;
            }
            let call = format!("{why}, then {} {} {}", operation.0, operation.1, operation.2);
            let taker = if path.starts_with("/api/") {
                Credential::Key(APP_KEY.to_owned()).headers("")
            } else {
                administrator()
            };
            scene.race_until_second(&call, |scene, name| {
                let headers = credential(scene, name).headers(name);
                let path = path.replace("WHO", name);
                scene.race(&call, &headers, operation, &|server| Some(send(server, method, &path, &taker, body)))
            });
        }
    }
    State::of(&scene.server.folder).assert_sound();
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_with_a_password() {
    race_all(&nuxeo_operations(), |_, _| Credential::Basic);
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_with_a_token() {
    race_all(&operations_without_tokens(), |scene, user| Credential::Token(scene.token(user)));
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_on_the_page() {
    race_all(&page_operations(), |scene, user| Credential::Page(scene.cookie(user)));
}

/// Operations that need no password: a token, or the cookie of a login, issues no tokens.
fn operations_without_tokens() -> Vec<Operation> {
    nuxeo_operations().into_iter().filter(|(_, path, _)| !path.contains("token")).collect()
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_with_a_login() {
    race_all(&operations_without_tokens(), |scene, user| Credential::Login(scene.login(user)));
}

#[test]
fn logout_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &operations_without_tokens() {
        let call = format!("logged out, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, name| {
            let headers = Credential::Login(scene.login(name)).headers(name);
            scene.race(&call, &headers, operation, &|_| None)
        });
    }
}

#[test]
fn sign_out_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &page_operations() {
        let call = format!("signed out, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, name| {
            let headers = Credential::Page(scene.cookie(name)).headers(name);
            scene.race(&call, &headers, operation, &|_| None)
        });
    }
}

#[test]
fn a_token_that_is_revoked_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &operations_without_tokens() {
        let call = format!("revoked, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, name| {
            let token = scene.token(name);
            let owner = Credential::Basic.headers(name);
            let headers = Credential::Token(token.clone()).headers(name);
            let path = format!("/nuxeo/api/v1/token/{token}");
            scene.race(&call, &headers, operation, &|server| Some(send(server, "DELETE", &path, &owner, &Value::Null)))
        });
    }
}

#[test]
fn a_key_that_is_revoked_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &datadog_operations() {
        let call = format!("revoked, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, _| {
            let name = format!("race{}", scene.count);
            let output = run(&scene.server.folder, &["key", "create", "app", "--name", &name]);
            let key = String::from_utf8(output.stdout).expect("text").trim().to_owned();
            let list = String::from_utf8(run(&scene.server.folder, &["key", "list"]).stdout).expect("text");
            let ids = list.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            let id = ids.max().expect("an id");
            let headers = Credential::Key(key).headers("");
            scene.race_with_command(&call, &headers, operation, &["key", "revoke", &id.to_string()])
        });
    }
}

impl Scene {
    /// As [`Scene::race`], where the right is taken by a command.
    fn race_with_command(
        &self,
        call: &str,
        headers: &[(String, String)],
        (method, path, body): &Operation,
        words: &[&str],
    ) -> bool {
        let number = self.count.to_string();
        let body: Value =
            serde_json::from_str(&body.to_string().replace("newN", &format!("new{number}"))).expect("JSON");
        let held = Held::by(&self.server.folder);
        let folder = Arc::clone(&self.server.folder);
        thread::scope(|scope| {
            let command = scope.spawn(|| run(&folder, words));
            wait_until("the command", || commands_in_progress(&self.server) > 0);
            let mut sent = send(&self.server, method, path, headers, &body);
            wait_for_requests(&self.server, 1);
            drop(held);
            let answer = sent.0.answer(false);
            let output = command.join().expect("a command");
            if !output.status.success() || answer.status == 503 {
                return false;
            }
            self.require_refused(call, &answer, &number)
        })
    }
}

fn commands_in_progress(server: &Server) -> usize {
    let text = server.request("GET", "/metrics", &[], None).text().to_owned();
    let line = text.lines().find(|line| line.starts_with("rollbook_http_requests_in_progress{listener=\"local\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map_or(0, |count| count as usize)
}

#[test]
fn waiting_reader_of_changes_receives_nothing_after_losing_its_right() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": PASSWORD, "groups": ["administrators"]}));
    let authorization = basic("ada", PASSWORD);
    let mut waiting = send(
        &server,
        "GET",
        "/rollbook/v1/changes?since=now&wait=60",
        &[("Authorization".to_owned(), authorization)],
        &Value::Null,
    );
    assert_eq!(server.nuxeo("DELETE", "/user/ada/group/administrators", None).status, 200);
    let answer = waiting.0.answer(false);
    // Whether the wait had begun or not, nothing is told any more.
    assert_eq!((answer.status, answer.text().contains("member.removed")), (403, false), "{}", answer.text());
}
