//! Sixteen clients that write through both dialects, and the states that each of them may find afterwards. Each client
//! has its own users and groups, so that it knows the outcome of each call. The server still commits the calls of
//! several clients together.

use crate::support::client::{Connection, basic};
use crate::support::database::{Database, SqlResult, SqlRow};
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

pub const CLIENTS: usize = 16;

/// The users and groups of the clients.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct User {
    name: Option<String>,
    company: Option<String>,
    disabled: bool,
}

impl State {
    /// The content of a database, which must be sound.
    pub fn in_file(path: &Path) -> State {
        let database = Database::open(path).expect("the database opens");
        assert_eq!(unsoundness(&database), "", "{}", path.display());
        State::read(&database).expect("the tables can be read")
    }

    pub fn read(database: &Database) -> SqlResult<State> {
        let mut state = State::default();
        let mut users = database.prepare("select username, display_name, company, disabled from users")?;
        let mut rows = users.query([])?;
        while let Some(row) = rows.next()? {
            let user = User { name: row.get(1)?, company: row.get(2)?, disabled: row.get(3)? };
            state.users.insert(row.get(0)?, user);
        }
        let mut groups = database.prepare(
            "select groups.name, users.username from groups left join memberships on group_id = groups.id
             left join users on users.id = user_id",
        )?;
        let mut rows = groups.query([])?;
        while let Some(row) = rows.next()? {
            let members = state.groups.entry(row.get(0)?).or_default();
            members.extend(row.get::<_, Option<String>>(1)?);
        }
        Ok(state)
    }

    /// The users and groups of the clients, as a server answers them.
    pub fn answered_by(server: &Server) -> State {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |mut document: Value, name: &str| match document[name].take() {
            Value::Array(entries) => entries,
            other => panic!("no list of {name}: {other}"),
        };
        let mut state = State::default();
        for user in list(server.nuxeo("GET", "/user/search?q=c&pageSize=1000", None).json(), "entries") {
            let company = text(&user["properties"]["company"]);
            state.users.insert(text(&user["id"]).expect("an id"), User { company, ..User::default() });
        }
        for user in list(server.datadog("GET", "/api/v1/user", None).json(), "users") {
            if let Some(entry) = state.users.get_mut(user["handle"].as_str().expect("a handle")) {
                entry.name = text(&user["name"]);
                entry.disabled = user["disabled"] == json!(true);
            }
        }
        let groups = server.nuxeo("GET", "/group/search?q=c&pageSize=1000&fetch-group=memberUsers", None).json();
        for group in list(groups, "entries") {
            let name = text(&group["groupname"]).expect("a name");
            let members = list(group, "memberUsers").iter().filter_map(text).collect();
            state.groups.insert(name, members);
        }
        state
    }

    /// The part of the state whose names begin with those letters.
    pub fn part(&self, prefix: &str) -> State {
        let users = self.users.iter().filter(|(name, _)| name.starts_with(prefix));
        let groups = self.groups.iter().filter(|(name, _)| name.starts_with(prefix));
        State {
            users: users.map(|(name, user)| (name.clone(), user.clone())).collect(),
            groups: groups.map(|(name, members)| (name.clone(), members.clone())).collect(),
        }
    }

    pub fn has_user(&self, name: &str) -> bool {
        self.users.contains_key(name)
    }
}

/// The damage of a database, in words; empty when it is sound.
pub fn unsoundness(database: &Database) -> String {
    let mut found = Vec::new();
    for (check, fine) in [("pragma integrity_check", Some("ok")), ("pragma foreign_key_check", None)] {
        let rows = database.prepare(check).and_then(|mut statement| {
            let row = |row: &SqlRow<'_>| row.get::<_, String>(0);
            statement.query_map([], row)?.collect::<SqlResult<Vec<String>>>()
        });
        match rows {
            Ok(rows) => found.extend(rows.into_iter().filter(|row| Some(row.as_str()) != fine)),
            Err(error) => found.push(error.to_string()),
        }
    }
    found.join("\n")
}

/// One request.
struct Call {
    method: &'static str,
    target: String,
    body: Option<String>,
    status: u16,
}

/// One client: its current state, its pending call, its earlier states.
pub struct Client {
    prefix: String,
    random: Random,
    next: usize,
    /// The state after each call that was answered; the first is empty.
    pub history: Vec<State>,
    /// The state if the call that was not answered has been carried out.
    pub pending: Option<State>,
    /// Where the client's connections came from.
    pub ports: Vec<u16>,
}

impl Client {
    fn new(number: usize, seed: u64) -> Client {
        Client {
            prefix: format!("c{number:02}."),
            random: Random::new(seed ^ (number as u64) << 32),
            next: 0,
            history: vec![State::default()],
            pending: None,
            ports: Vec::new(),
        }
    }

    fn state(&self) -> &State {
        self.history.last().expect("the first state is always there")
    }

    /// The next call, and the state that it leads to.
    fn choose(&mut self) -> (Call, State) {
        let mut state = self.state().clone();
        let users: Vec<String> = state.users.keys().cloned().collect();
        let groups: Vec<String> = state.groups.keys().cloned().collect();
        self.next += 1;
        let new_user = format!("{}u{}@example.com", self.prefix, self.next);
        let user = self.random.one_of(&users).cloned();
        let group = self.random.one_of(&groups).cloned();
        let word = format!("w{}", self.next);
        let mut some_groups = groups.clone();
        while some_groups.len() > 3 {
            some_groups.swap_remove(self.random.below(some_groups.len()));
        }
        let mut some_users = users.clone();
        while some_users.len() > 5 {
            some_users.swap_remove(self.random.below(some_users.len()));
        }
        let nuxeo = |path: String| format!("/nuxeo/api/v1{path}");
        let user_body = |name: &str, groups: &[String]| {
            let properties = json!({"username": name, "email": name, "company": word, "groups": groups});
            Some(json!({"entity-type": "user", "id": name, "properties": properties}).to_string())
        };
        let call = |method, target, body, status| Call { method, target, body, status };
        // Groups come first, and all users and groups must fit on a page of a list.
        let kind = match (groups.len(), users.len()) {
            (..3, _) => 8,
            (20.., _) => 7,
            (_, 30..) => 4,
            _ => self.random.below(13),
        };
        let call = match (kind, user, group) {
            (0, Some(user), _) => call("POST", nuxeo("/user".to_owned()), user_body(&user, &some_groups), 409),
            (1, Some(user), _) => {
                let body = Some(json!({"name": word}).to_string());
                state.users.get_mut(&user).expect("theirs").name = Some(word);
                call("PUT", format!("/api/v1/user/{user}"), body, 200)
            }
            (2, Some(user), _) => {
                let body = user_body(&user, &some_groups);
                state.users.get_mut(&user).expect("theirs").company = Some(word);
                state.leave_all(&user);
                state.join(&user, &some_groups);
                call("PUT", nuxeo(format!("/user/{user}")), body, 200)
            }
            (3, Some(user), _) => {
                let entry = state.users.get_mut(&user).expect("theirs");
                let status = if std::mem::replace(&mut entry.disabled, true) { 400 } else { 200 };
                call("DELETE", format!("/api/v1/user/{user}"), None, status)
            }
            (4, Some(user), _) => {
                state.users.remove(&user);
                state.leave_all(&user);
                call("DELETE", nuxeo(format!("/user/{user}")), None, 204)
            }
            (5, Some(user), Some(group)) => {
                state.groups.get_mut(&group).expect("theirs").insert(user.clone());
                call("POST", nuxeo(format!("/user/{user}/group/{group}")), None, 201)
            }
            (6, Some(user), Some(group)) if state.groups[&group].contains(&user) => {
                state.groups.get_mut(&group).expect("theirs").remove(&user);
                call("DELETE", nuxeo(format!("/group/{group}/user/{user}")), None, 200)
            }
            (7, _, Some(group)) if groups.len() > 4 => {
                state.groups.remove(&group);
                call("DELETE", nuxeo(format!("/group/{group}")), None, 204)
            }
            (8, _, _) => {
                let name = format!("{}g{}", self.prefix, self.next);
                let body = json!({"entity-type": "group", "groupname": name, "memberUsers": some_users}).to_string();
                state.groups.insert(name, some_users.into_iter().collect());
                call("POST", nuxeo("/group".to_owned()), Some(body), 201)
            }
            (9, _, _) => {
                some_groups.push("nowhere".to_owned());
                call("POST", nuxeo("/user".to_owned()), user_body(&new_user, &some_groups), 403)
            }
            (10, _, _) => {
                let body = json!({"handle": new_user, "name": word}).to_string();
                state.users.insert(new_user, User { name: Some(word), ..User::default() });
                call("POST", "/api/v1/user".to_owned(), Some(body), 200)
            }
            _ => {
                let body = user_body(&new_user, &some_groups);
                state.join(&new_user, &some_groups);
                state.users.insert(new_user, User { company: Some(word.clone()), ..User::default() });
                call("POST", nuxeo("/user".to_owned()), body, 201)
            }
        };
        (call, state)
    }

    /// Makes that many calls, or fewer if the server ends.
    fn work(&mut self, mut connection: Connection, calls: usize, answered: &AtomicUsize) {
        let authorization = basic("Administrator", ADMIN_PASSWORD);
        let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
        self.ports.push(connection.port());
        for _ in 0..calls {
            let (call, state) = self.choose();
            let mut headers = vec![("Content-Type", "application/json")];
            if call.target.starts_with("/nuxeo") {
                headers.push(("Authorization", &authorization));
            } else {
                headers.extend(keys);
            }
            connection.send(call.method, &call.target, &headers, call.body.as_deref().map(str::as_bytes));
            let Some(answer) = connection.try_answer(false) else {
                self.pending = Some(state);
                return;
            };
            let (method, target) = (call.method, &call.target);
            assert_eq!(answer.status, call.status, "{method} {target} {:?}: {}", call.body, answer.text());
            self.history.push(state);
            answered.fetch_add(1, Ordering::Relaxed);
            if answer.header("Connection").is_some_and(|option| option.eq_ignore_ascii_case("close")) {
                return;
            }
        }
    }

    /// True if the client may find this state after so many answers.
    pub fn accepts(&self, answers: usize, found: &State) -> Result<(), String> {
        let found = found.part(&self.prefix);
        let next = self.history.get(answers + 1).or(self.pending.as_ref());
        if found == self.history[answers] || Some(&found) == next {
            return Ok(());
        }
        let wanted = &self.history[answers];
        Err(format!("after {answers} answers\n{found:?}\nis neither\n{wanted:?}\nnor\n{next:?}"))
    }
}

impl State {
    fn join(&mut self, user: &str, groups: &[String]) {
        for group in groups {
            self.groups.get_mut(group).expect("theirs").insert(user.to_owned());
        }
    }

    fn leave_all(&mut self, user: &str) {
        for members in self.groups.values_mut() {
            members.remove(user);
        }
    }
}

/// All the clients.
pub struct Load {
    pub clients: Vec<Client>,
}

impl Load {
    pub fn new(seed: u64) -> Load {
        Load { clients: (0..CLIENTS).map(|number| Client::new(number, seed)).collect() }
    }

    /// Lets each client make at most that many calls, while this thread runs `meanwhile`. Returns the number of
    /// answered calls.
    pub fn run(&mut self, server: &Server, calls: usize, meanwhile: impl FnOnce(&AtomicUsize)) -> usize {
        let answered = AtomicUsize::new(0);
        let connections: Vec<Connection> = self.clients.iter().map(|_| self.connect(server)).collect();
        std::thread::scope(|scope| {
            for (client, connection) in self.clients.iter_mut().zip(connections) {
                scope.spawn(|| client.work(connection, calls, &answered));
            }
            meanwhile(&answered);
        });
        answered.into_inner()
    }

    /// A connection from a port that none of the clients had before: answers are told apart by their ports.
    fn connect(&self, server: &Server) -> Connection {
        let mut taken = Vec::new();
        loop {
            let connection = Connection::open(server.address);
            if !self.clients.iter().any(|client| client.ports.contains(&connection.port())) {
                return connection;
            }
            // Held until another is found, so that the same port does not come again.
            taken.push(connection);
        }
    }

    /// Checks the state that each client finds, and continues from it.
    pub fn settle(&mut self, found: &State) {
        for client in &mut self.clients {
            if let Err(wrong) = client.accepts(client.history.len() - 1, found) {
                panic!("{wrong}");
            }
            if client.pending.take().is_some() {
                client.history.push(found.part(&client.prefix));
            }
        }
    }
}
