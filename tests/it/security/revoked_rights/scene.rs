//! A server on which an operation and the loss of a right compete.

use super::credential::{Sent, send};
use super::operations::{Operation, PASSWORD};
use crate::support::cli::run;
use crate::support::client::{Answer, basic};
use crate::support::database::{Database, State};
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_group, create_user};
use crate::support::server::Server;
use crate::support::wait::{PATIENCE, wait_until};
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Holds the write lock of the database until it is dropped, as another program could.
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

/// Requests that have begun and are not answered, without the one that reads the metrics.
fn in_progress(server: &Server) -> usize {
    let text = server.request("GET", "/metrics", &[], None).text().to_owned();
    let line = text.lines().find(|line| line.starts_with("rollbook_http_requests_in_progress{listener=\"public\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map_or(0, |count| count as usize) - 1
}

/// Waits for that many requests, or until one may have been answered because the database was held for too long.
fn wait_for_requests(server: &Server, count: usize) {
    let start = Instant::now();
    let long = Duration::from_secs(5);
    wait_until(format_args!("{count} requests in progress"), || in_progress(server) >= count || start.elapsed() > long);
}

fn commands_in_progress(server: &Server) -> usize {
    let text = server.request("GET", "/metrics", &[], None).text().to_owned();
    let line = text.lines().find(|line| line.starts_with("rollbook_http_requests_in_progress{listener=\"local\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map_or(0, |count| count as usize)
}

/// A server, and the number of administrators that were created on it.
pub struct Scene {
    pub server: Server,
    pub count: usize,
}

impl Scene {
    pub fn new() -> Scene {
        let server = Server::with(&["--metrics-public", "--max-connections", "64"]);
        create_user(&server, json!({"username": "other"}));
        Scene { server, count: 0 }
    }

    /// A new administrator, and the user and the group that operations are about.
    pub fn caller(&mut self) -> String {
        self.count += 1;
        let name = format!("admin{}", self.count);
        create_user(&self.server, json!({"username": name, "password": PASSWORD, "groups": ["administrators"]}));
        let _ = self.server.nuxeo("DELETE", "/user/target", None);
        let _ = self.server.nuxeo("DELETE", "/group/team", None);
        create_group(&self.server, json!({"id": "team"}));
        create_user(&self.server, json!({"username": "target", "groups": ["team"]}));
        name
    }

    pub fn token(&self, user: &str) -> String {
        let path = "/nuxeo/authentication/token?applicationName=a&deviceId=d&permission=rw";
        let answer = self.server.request("GET", path, &[("Authorization", &basic(user, PASSWORD))], None);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.text().to_owned()
    }

    pub fn cookie(&self, user: &str) -> String {
        let body = json!({"user": user, "password": PASSWORD}).to_string();
        let headers = [("X-Requested-With", "rollbook")];
        let answer = self.server.request("POST", "/ui/api/session", &headers, Some(body.as_bytes()));
        let cookie = answer.header("Set-Cookie").expect("a cookie");
        cookie.split(';').next().expect("a value").to_owned()
    }

    pub fn login(&self, user: &str) -> String {
        let headers = [("Authorization", &*basic(user, PASSWORD))];
        let answer = self.server.request("POST", "/nuxeo/site/automation/login", &headers, None);
        let cookie = answer.header("Set-Cookie").expect("a cookie");
        cookie.split(';').next().expect("a value").to_owned()
    }

    /// Sends the operation while the loss of the right waits before it, and requires that the operation does nothing.
    /// False when the operation came first, or the database was held for longer than the server waits: then the caller
    /// has to try again.
    pub fn race(
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
        // The server knows the caller, also from its caches, and allows the operation.
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
    pub fn race_until_second(&mut self, call: &str, mut race: impl FnMut(&Scene, &str) -> bool) {
        for _ in 0..50 {
            let name = self.caller();
            if race(self, &name) {
                return;
            }
        }
        panic!("{call}: the operation always comes first");
    }

    /// As [`Scene::race`], where the right is taken by a command.
    pub fn race_with_command(
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

/// Asserts that the operation has no effect: no new name, no new right, no change by that caller.
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
