//! The server of the sequence and the calls on it.

use crate::support::cli::create_key;
use crate::support::client::{Answer, Connection, basic};
use crate::support::database::{State, Whole};
use crate::support::folder::Folder;
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of last calls that a failure prints.
const SHOWN: usize = 25;

const TOKEN: &str = "X-Authentication-Token";

/// The users who make the calls; no administrator gives rights to them.
pub const ACTORS: [&str; 3] = ["leela", "deputy", "fry"];

pub const USERS: &[&str] =
    &["amy", "kif", "zapp", "root", "ghost", "phantom", "later", "ghost@example.com", "kif@example.com"];

pub const ADMINISTRATOR_GROUPS: &[&str] = &["administrators", "ops", "deep"];

/// The content of the database at one moment.
#[derive(Default)]
pub struct Snapshot {
    pub version: i64,
    pub protected: Vec<String>,
    pub whole: Whole,
}

pub struct Simulation {
    pub server: Server,
    pub state: State,
    pub connection: Connection,
    pub random: Random,
    pub seed: u64,
    pub snapshot: Snapshot,
    pub calls: Vec<String>,
    pub tokens: BTreeMap<&'static str, String>,
    /// The id of a token's user: another user may have the name now.
    pub ids: BTreeMap<&'static str, String>,
    pub read: String,
    pub standard: String,
    pub counts: BTreeMap<String, usize>,
    /// How often the administrator gave rights to a group in which an actor was pending.
    pub mistakes: usize,
}

impl Simulation {
    pub fn start(seed: u64) -> Simulation {
        let folder = Arc::new(Folder::new());
        assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
        let (read, standard) = (create_key(&folder, "app", Some("read")), create_key(&folder, "app", Some("standard")));
        let server = Server::over(Arc::clone(&folder), &[]);
        let (state, connection) = (State::of(&folder), Connection::open(server.address));
        let mut simulation = Simulation {
            server,
            state,
            connection,
            random: Random::new(seed),
            seed,
            snapshot: Snapshot::default(),
            calls: Vec::new(),
            tokens: BTreeMap::new(),
            ids: BTreeMap::new(),
            read,
            standard,
            counts: BTreeMap::new(),
            mistakes: 0,
        };
        simulation.tokens.insert("root", simulation.token("Administrator", ADMIN_PASSWORD));
        for group in [
            json!({"id": "deputies", "parentGroups": ["powerusers"]}),
            json!({"id": "ops", "parentGroups": ["administrators"]}),
            json!({"id": "deep", "parentGroups": ["ops"], "memberUsers": ["ghost@example.com"]}),
            json!({"id": "team", "memberUsers": ["later"]}),
        ] {
            assert_eq!(simulation.root("POST", "/group", &entity("group", group)).status, 201);
        }
        simulation.restore_roles();
        simulation
    }

    /// Logs in as that user and returns a token.
    pub fn token(&self, name: &str, password: &str) -> String {
        let path = "/nuxeo/authentication/token?applicationName=play&deviceId=play&permission=rw";
        let answer = self.server.request("GET", path, &[("Authorization", &basic(name, password))], None);
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        answer.text().to_owned()
    }

    pub fn call(&mut self, who: &str, headers: &[(&str, &str)], method: &str, path: &str, body: &Value) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.connection.send(method, path, headers, (!body.is_null()).then_some(text.as_bytes()));
        let answer = self.connection.answer(false);
        if answer.header("Connection") == Some("close") {
            self.connection = Connection::open(self.server.address);
        }
        self.calls.push(format!("{who}: {method} {path} {text} -> {} {}", answer.status, answer.text()));
        *self.counts.entry(format!("{} {}", who.split(' ').next().unwrap_or_default(), answer.status)).or_default() +=
            1;
        assert!(answer.status < 500 || path.contains("/user/"), "{}", self.last_calls());
        answer
    }

    pub fn nuxeo(&mut self, who: &str, name: &'static str, method: &str, path: &str, body: &Value) -> Answer {
        let token = self.tokens[name].clone();
        self.call(who, &[(TOKEN, &token)], method, &format!("/nuxeo/api/v1{path}"), body)
    }

    pub fn root(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        self.nuxeo("root", "root", method, path, body)
    }

    /// The last calls and the seed, to explain a failure.
    pub fn last_calls(&self) -> String {
        let from = self.calls.len().saturating_sub(SHOWN);
        format!("ROLLBOOK_SEED={}, call {}:\n{}", self.seed, self.calls.len(), self.calls[from..].join("\n"))
    }
}

pub fn entity(kind: &str, mut body: Value) -> Value {
    body["entity-type"] = json!(kind);
    body
}
