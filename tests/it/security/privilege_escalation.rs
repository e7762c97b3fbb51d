//! Nobody becomes an administrator but by an administrator: thousands of calls in an order by chance.
//!
//! An administrator goes about their work and names whom it is about. In between, power users, an ordinary user and
//! keys without much power try whatever they can call, under every spelling of every name, also of those that do not
//! exist yet. After each call of theirs all that makes administrators is as it was. `ROLLBOOK_SEED` plays a failure
//! again, `ROLLBOOK_LONG=1` goes on for longer.

use crate::support::cli::create_key;
use crate::support::client::{Answer, Connection, basic};
use crate::support::database::{BELOW_ADMINISTRATORS, State, Whole};
use crate::support::folder::Folder;
use crate::support::nuxeo::escaped;
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const STEPS: usize = 3000;
const STEPS_WHEN_LONG: usize = 60_000;
/// Calls before the last one that a failure shows.
const SHOWN: usize = 25;

const TOKEN: &str = "X-Authentication-Token";
/// Users whom the callers are; no administrator names them where rights are given.
const ACTORS: [&str; 3] = ["leela", "deputy", "fry"];
const USERS: &[&str] =
    &["amy", "kif", "zapp", "root", "ghost", "phantom", "later", "ghost@example.com", "kif@example.com"];
/// Groups with nothing to do with administrators, at first or for good.
const GROUPS: &[&str] = &["team", "crew", "deputies", "powerusers", "members", "phantom", "later", "team/crew"];
const ADMINISTRATOR_GROUPS: &[&str] = &["administrators", "ops", "deep"];

/// The changes that a step may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// All but what makes administrators.
    PowerUser,
    /// New users, and what of a disabled one is not about logging in.
    Creator,
    /// Their own tokens.
    Nothing,
}

/// The content of the database at one moment.
#[derive(Default)]
struct Seen {
    version: i64,
    protected: Vec<String>,
    whole: Whole,
}

struct Play {
    server: Server,
    state: State,
    connection: Connection,
    random: Random,
    seed: u64,
    seen: Seen,
    calls: Vec<String>,
    tokens: BTreeMap<&'static str, String>,
    /// The user of a token: another user may have taken the name.
    ids: BTreeMap<&'static str, String>,
    read: String,
    standard: String,
    counts: BTreeMap<String, usize>,
    /// How often the administrator gave rights to a group that one of the actors was waiting in.
    overlooked: usize,
}

#[test]
fn only_an_administrator_makes_administrators() {
    let seed = Random::seed("ROLLBOOK_SEED", 20_260_102);
    let steps = if std::env::var_os("ROLLBOOK_LONG").is_some() { STEPS_WHEN_LONG } else { STEPS };
    println!("ROLLBOOK_SEED={seed}");
    let mut play = Play::start(seed);
    for step in 0..steps {
        match play.random.below(20) {
            0..10 => play.power_user(),
            10..13 => play.ordinary(),
            13..15 => play.key(),
            _ => play.administrator(),
        }
        if step % 100 == 99 {
            play.compare_views();
        }
    }
    play.compare_views();
    play.state.assert_sound();
    assert!(!play.server.stop_for_log().contains("panicked"));
    for (outcome, count) in &play.counts {
        println!("{outcome}: {count}");
    }
    println!("overlooked: {}", play.overlooked);
    // It was no stand-still: everybody had things refused, and those who may had things done.
    for outcome in
        ["power 200", "power 201", "power 204", "power 403", "ordinary 403", "key 200", "key 403", "root 200"]
    {
        assert!(play.counts.get(outcome).is_some_and(|count| *count > steps / 1000), "{outcome}: {:?}", play.counts);
    }
}

impl Play {
    fn start(seed: u64) -> Play {
        let folder = Arc::new(Folder::new());
        assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
        let (read, standard) = (create_key(&folder, "app", Some("read")), create_key(&folder, "app", Some("standard")));
        let server = Server::over(Arc::clone(&folder), &[]);
        let (state, connection) = (State::of(&folder), Connection::open(server.address));
        let mut play = Play {
            server,
            state,
            connection,
            random: Random::new(seed),
            seed,
            seen: Seen::default(),
            calls: Vec::new(),
            tokens: BTreeMap::new(),
            ids: BTreeMap::new(),
            read,
            standard,
            counts: BTreeMap::new(),
            overlooked: 0,
        };
        play.tokens.insert("root", play.token("Administrator", ADMIN_PASSWORD));
        for group in [
            json!({"id": "deputies", "parentGroups": ["powerusers"]}),
            json!({"id": "ops", "parentGroups": ["administrators"]}),
            json!({"id": "deep", "parentGroups": ["ops"], "memberUsers": ["ghost@example.com"]}),
            json!({"id": "team", "memberUsers": ["later"]}),
        ] {
            assert_eq!(play.root("POST", "/group", &entity("group", group)).status, 201);
        }
        play.mend();
        play
    }

    /// The token of that user, who logs in for it.
    fn token(&self, name: &str, password: &str) -> String {
        let path = "/nuxeo/authentication/token?applicationName=play&deviceId=play&permission=rw";
        let answer = self.server.request("GET", path, &[("Authorization", &basic(name, password))], None);
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        answer.text().to_owned()
    }

    fn call(&mut self, who: &str, headers: &[(&str, &str)], method: &str, path: &str, body: &Value) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.connection.send(method, path, headers, (!body.is_null()).then_some(text.as_bytes()));
        let answer = self.connection.answer(false);
        if answer.header("Connection") == Some("close") {
            self.connection = Connection::open(self.server.address);
        }
        self.calls.push(format!("{who}: {method} {path} {text} -> {} {}", answer.status, answer.text()));
        *self.counts.entry(format!("{} {}", who.split(' ').next().unwrap_or_default(), answer.status)).or_default() +=
            1;
        assert!(answer.status < 500 || path.contains("/user/"), "{}", self.story());
        answer
    }

    fn nuxeo(&mut self, who: &str, name: &'static str, method: &str, path: &str, body: &Value) -> Answer {
        let token = self.tokens[name].clone();
        self.call(who, &[(TOKEN, &token)], method, &format!("/nuxeo/api/v1{path}"), body)
    }

    fn root(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        self.nuxeo("root", "root", method, path, body)
    }

    /// The last calls and the seed, to explain a failure.
    fn story(&self) -> String {
        let from = self.calls.len().saturating_sub(SHOWN);
        format!("ROLLBOOK_SEED={}, call {}:\n{}", self.seed, self.calls.len(), self.calls[from..].join("\n"))
    }

    // ------------------------------------------------------------------------------------ watching

    /// The administrators.
    fn administrators(&self) -> BTreeSet<String> {
        self.administrators_by("username_key")
    }

    fn administrators_by(&self, column: &str) -> BTreeSet<String> {
        let sql = format!(
            "select {column} from users where id in
             (select user_id from memberships where group_id in ({BELOW_ADMINISTRATORS}))"
        );
        self.state.texts(&sql).into_iter().collect()
    }

    /// Everything that makes administrators, and everything that is theirs.
    fn protected(&self) -> Vec<String> {
        let users = format!("select user_id from memberships where group_id in ({BELOW_ADMINISTRATORS})");
        [
            format!("select * from users where id in ({users}) order by id"),
            format!(
                "select id, uuid, name, label, description, attributes from groups
                 where id in ({BELOW_ADMINISTRATORS}) order by id"
            ),
            format!("select * from memberships where group_id in ({BELOW_ADMINISTRATORS}) order by 1, 2"),
            format!(
                "select parent_id, child_id from subgroups where parent_id in ({BELOW_ADMINISTRATORS}) order by 1, 2"
            ),
            format!(
                "select * from dangling_members where kind <> 'parent' and group_id in ({BELOW_ADMINISTRATORS})
                 order by 1, 2, 3"
            ),
            // Pending members of a group that does not exist yet.
            "select * from dangling_members where kind = 'parent' order by 1, 2, 3".to_owned(),
            format!(
                "select id, kind, digest, role, user_id, revoked_at from credentials
                 where kind <> 'token' or user_id in ({users}) order by id"
            ),
        ]
        .iter()
        .flat_map(|sql| self.state.rows(sql))
        .collect()
    }

    /// Makes a call that is not an administrator's, and compares what it has changed with what it may.
    fn attempt(&mut self, allowed: Allowed, call: impl FnOnce(&mut Play)) {
        self.look();
        call(self);
        if self.state.version() == self.seen.version {
            return;
        }
        let before = std::mem::take(&mut self.seen);
        // A pending parent may be removed, but not added.
        let after = self.protected();
        let parent = |row: &&String| row.starts_with("kind: \"parent\"") && !after.contains(row);
        let kept: Vec<&String> = before.protected.iter().filter(|row| !parent(row)).collect();
        assert_eq!(after.iter().collect::<Vec<_>>(), kept, "{}", self.story());
        if allowed == Allowed::PowerUser {
            return;
        }
        let (watched, now) = (before.whole, self.state.whole());
        let differences = State::differences(&watched, &now);
        let own = format!("user_id: {},", self.ids["fry"]);
        // The record says of each change by whom it was made; what is in it is told elsewhere.
        for row in differences.iter().filter(|row| !row.starts_with("+ changes")) {
            let fine = match allowed {
                Allowed::PowerUser => unreachable!("returned above"),
                Allowed::Nothing => row.starts_with("+ credentials") && row.contains(&own),
                Allowed::Creator => {
                    let came = ["+ users", "+ memberships", "+ subgroups"].iter().any(|start| row.starts_with(start));
                    // A disabled user's name; a list that waited for somebody; numbers that go on counting.
                    came || (row.starts_with("- users") && row.contains("disabled: 1"))
                        || ["- dangling_members", "- counters", "+ counters", "- groups", "+ groups"]
                            .iter()
                            .any(|start| row.starts_with(start))
                }
            };
            assert!(fine, "{row} by {}", self.story());
        }
        if allowed == Allowed::Creator {
            let grown = |table: &str| now[table].len() >= watched[table].len();
            assert!(grown("users") && grown("memberships"), "{}", self.story());
            assert_eq!(now["groups"].len(), watched["groups"].len(), "{}", self.story());
        }
    }

    /// Reads the database again if there was a commit since the last time.
    fn look(&mut self) {
        let version = self.state.version();
        if version != self.seen.version {
            self.seen = Seen { version, protected: self.protected(), whole: self.state.whole() };
        }
    }

    /// Makes a call as the administrator: only those whom it names may have won or lost by it.
    fn named(&mut self, users: &[&str], groups: &[&str], call: impl FnOnce(&mut Play)) {
        let before = self.administrators();
        let mut touched: BTreeSet<String> = users.iter().map(|name| (*name).to_owned()).collect();
        for group in groups {
            touched.extend(self.below(group));
        }
        call(self);
        let after = self.administrators();
        for name in before.symmetric_difference(&after) {
            assert!(touched.contains(name), "{name} was not named: {}", self.story());
        }
        // Here the administrator has overlooked something: then the actors would be none any more.
        if ACTORS.iter().any(|actor| after.contains(*actor)) {
            self.overlooked += 1;
            for group in ["deep", "ops", "team", "crew", "phantom", "later", "team/crew", "deputies"] {
                self.root("DELETE", &format!("/group/{}", escaped(group)), &Value::Null);
            }
            for actor in ACTORS {
                self.root("DELETE", &format!("/user/{actor}/group/administrators"), &Value::Null);
            }
            for group in ["powerusers", "members"] {
                let lists = entity("group", json!({"parentGroups": []}));
                self.root("PUT", &format!("/group/{group}"), &lists);
            }
        }
        self.mend();
    }

    /// The users in a group, directly or through subgroups.
    fn below(&self, group: &str) -> Vec<String> {
        self.state.texts(&format!(
            "with recursive below (id) as (
                 select id from groups where name_key = '{group}'
                 union select child_id from subgroups join below on parent_id = below.id)
             select username_key from users where id in
                 (select user_id from memberships where group_id in (select id from below))"
        ))
    }

    fn is_below(&self, user: &str, group: &str) -> bool {
        self.below(group).iter().any(|name| name == user)
    }

    /// True if roles and rights are as the sequence needs them; the administrator restores them.
    fn mend(&mut self) {
        for (group, parent) in [("deputies", "powerusers"), ("powerusers", "")] {
            if self.state.texts(&format!("select name from groups where name_key = '{group}'")).is_empty() {
                let parents = if parent.is_empty() { json!([]) } else { json!([parent]) };
                self.root("POST", "/group", &entity("group", json!({"id": group, "parentGroups": parents})));
            }
        }
        for (name, group) in [("leela", "powerusers"), ("deputy", "deputies"), ("fry", "")] {
            let sql = format!("select cast(id as text) from users where username_key = '{name}' and disabled = 0");
            let id = self.state.texts(&sql).pop();
            let known = id.is_some() && self.ids.get(name) == id.as_ref();
            let fits = if group.is_empty() { !self.is_below(name, "powerusers") } else { self.is_below(name, group) };
            if known && fits {
                continue;
            }
            let groups = if group.is_empty() { json!([]) } else { json!([group]) };
            let body = json!({"properties": {"username": name, "password": "secret", "groups": groups}});
            self.root("DELETE", &format!("/user/{name}"), &Value::Null);
            assert_eq!(self.root("POST", "/user", &entity("user", body)).status, 201, "{}", self.story());
            let token = self.token(name, "secret");
            self.tokens.insert(name, token);
            self.ids.insert(name, self.state.texts(&sql).pop().expect("the user is there"));
        }
        if self.administrators().iter().any(|name| ACTORS.contains(&name.as_str())) {
            panic!("the play has made an actor an administrator: {}", self.story());
        }
    }

    /// Both dialects show the stored rows.
    fn compare_views(&mut self) {
        let stored: BTreeSet<String> =
            self.administrators_by("username").iter().map(|name| name.to_lowercase()).collect();
        let shown = self.server.datadog("GET", "/api/v1/user?filter=admin", None).json();
        let handles = shown["users"].as_array().expect("users").iter();
        let handles: BTreeSet<String> =
            handles.map(|user| user["handle"].as_str().expect("a handle").to_owned()).collect();
        assert_eq!(handles, stored, "{}", self.story());
        for name in self.state.texts("select username from users") {
            let user = self.server.nuxeo("GET", &format!("/user/{}", escaped(&name)), None).json();
            assert_eq!(
                user["isAdministrator"],
                json!(stored.contains(&name.to_lowercase())),
                "{name}: {}",
                self.story()
            );
        }
        let login = self.server.nuxeo("POST", "/automation/login", None).json();
        assert_eq!(login["isAdministrator"], json!(true), "{}", self.story());
    }

    // -------------------------------------------------------------------------------------- trying

    fn power_user(&mut self) {
        let name = self.random.pick(&["leela", "leela", "deputy"]);
        self.attempt(Allowed::PowerUser, |play| {
            let (method, path, body) = play.anything();
            let answer = play.nuxeo(&format!("power {name}"), name, method, &path, &body);
            assert!(answer.status != 500 || answer.text().contains("user does not exist"), "{}", play.story());
        });
        // Power users can take each other's power, and their own.
        if self.random.one_in(8) {
            self.mend();
        }
    }

    fn ordinary(&mut self) {
        // A power user may have shared their power.
        self.mend();
        self.attempt(Allowed::Nothing, |play| {
            let (method, path, body) = play.anything();
            play.nuxeo("ordinary", "fry", method, &path, &body);
        });
    }

    fn key(&mut self) {
        let (allowed, key) = if self.random.one_in(3) {
            (Allowed::Nothing, self.read.clone())
        } else {
            (Allowed::Creator, self.standard.clone())
        };
        self.attempt(allowed, |play| {
            let email = play.random.pick(&["ghost@example.com", "kif@example.com", "new@example.com", "Administrator"]);
            let handle = play.spelled(email);
            let role = play.random.pick(&["st", "ro", "adm", "st"]);
            let body = json!({"handle": handle, "name": "n", "access_role": role, "disabled": play.random.one_in(4)});
            let (method, path, body) = match play.random.below(8) {
                0..4 => ("POST", "/api/v1/user".to_owned(), body),
                4 => ("POST", "/invite_users".to_owned(), json!({"emails": [handle, "kif@example.com"]})),
                5 => ("PUT", format!("/api/v1/user/{}", escaped(&handle)), json!({"access_role": "adm"})),
                6 => {
                    ("PUT", format!("/api/v1/user/{}", escaped(&handle)), json!({"is_admin": true, "disabled": false}))
                }
                _ => ("DELETE", format!("/api/v1/user/{}", escaped(&handle)), Value::Null),
            };
            play.call("key", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", &key)], method, &path, &body);
        });
    }

    /// Any change that there is, of anything.
    fn anything(&mut self) -> (&'static str, String, Value) {
        let (user, group) = (self.user(), self.group());
        let (user_path, group_path) = (self.in_path(&user), self.in_path(&group));
        match self.random.below(20) {
            0..3 => ("POST", "/user".to_owned(), self.user_body(Some(&user))),
            3..6 => {
                let other = self.random.one_in(10).then(|| self.user());
                ("PUT", format!("/user/{user_path}"), self.user_body(other.as_deref()))
            }
            // Those who are gone come back with a new password, which takes long.
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
            // Stored as it is, which is quicker than hashing.
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
        self.spelled(name)
    }

    fn group(&mut self) -> String {
        let name =
            if self.random.one_in(3) { self.random.pick(ADMINISTRATOR_GROUPS) } else { self.random.pick(GROUPS) };
        self.spelled(name)
    }

    /// A name, or something that looks like it.
    fn spelled(&mut self, name: &str) -> String {
        let each = |change: fn(char) -> char| name.chars().map(change).collect::<String>();
        match self.random.below(40) {
            0 => name.to_uppercase(),
            1 => format!(" {name} "),
            2 => format!("\u{a0}{name}\u{3000}"),
            // Wide letters, circled ones, mathematical ones.
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

    /// A name as a part of a path: escaped as a whole, once too often, or hardly.
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

    fn administrator(&mut self) {
        let user = self.random.pick(USERS);
        let plain = self.random.pick(&["team", "crew", "phantom", "later", "team/crew"]);
        let ruling = self.random.pick(ADMINISTRATOR_GROUPS);
        // Who is put below a group that is not there would win by its creation, which names somebody else.
        let present = self.state.texts("select name_key from groups");
        let parent = if present.iter().any(|name| name == ruling) { ruling } else { "administrators" };
        let group_path = format!("/group/{}", escaped(plain));
        let user_path = format!("/user/{}", escaped(user));
        let properties = |groups: Value| entity("user", json!({"properties": {"username": user, "groups": groups}}));
        match self.random.below(17) {
            0 => self.named(&[user], &[], |play| drop(play.root("POST", "/user", &properties(json!([]))))),
            1 => self.named(&[user], &[], |play| drop(play.root("POST", "/user", &properties(json!([ruling]))))),
            2 => self.named(&[user], &[], |play| drop(play.root("DELETE", &user_path, &Value::Null))),
            3 => {
                // The call names no administrators, so only the named user becomes one.
                let body = entity("group", json!({"id": plain, "memberUsers": [user, "later"]}));
                self.named(&[user, "later"], &[], |play| drop(play.root("POST", "/group", &body)));
            }
            4 => {
                let body = entity("group", json!({"id": plain, "parentGroups": [parent], "memberUsers": [user]}));
                self.named(&[user], &[], |play| drop(play.root("POST", "/group", &body)));
            }
            5 | 6 => self.named(&[], &[plain], |play| drop(play.root("DELETE", &group_path, &Value::Null))),
            7 => {
                if !self.below(plain).iter().any(|name| ACTORS.contains(&name.as_str())) {
                    let body = entity("group", json!({"parentGroups": [parent]}));
                    self.named(&[], &[plain], |play| drop(play.root("PUT", &group_path, &body)));
                }
            }
            8 => {
                let body = entity("group", json!({"parentGroups": []}));
                self.named(&[], &[plain], |play| drop(play.root("PUT", &group_path, &body)));
            }
            9 => {
                // Names that may not exist yet: whoever gets them later becomes one.
                let direct = self.state.texts(
                    "select username from users join memberships on user_id = users.id
                     where group_id = (select id from groups where name_key = 'administrators') order by 1",
                );
                let mut members: Vec<&str> = direct.iter().map(String::as_str).collect();
                members.push(user);
                if self.below("phantom").iter().any(|name| ACTORS.contains(&name.as_str())) {
                    return;
                }
                let body = entity("group", json!({"memberUsers": members, "memberGroups": ["ops", "phantom"]}));
                let below = ["ops", "phantom", "deep", "team", "crew", "later", "team/crew"];
                self.named(&[user], &below, |play| drop(play.root("PUT", "/group/administrators", &body)));
            }
            10 => self.named(&[user], &[], |play| {
                play.root("POST", &format!("{user_path}/group/{}", escaped(ruling)), &Value::Null);
            }),
            11 => self.named(&[user], &[], |play| {
                play.root("DELETE", &format!("{user_path}/group/{}", escaped(ruling)), &Value::Null);
            }),
            12 => self.named(&[user], &[], |play| {
                let path = format!("/api/v1/user/{}", escaped(user));
                let role = play.random.pick(&["adm", "st", "ro"]);
                let body = json!({"access_role": role, "disabled": false});
                play.call("root", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], "PUT", &path, &body);
            }),
            13 => self.named(&[user], &[], |play| {
                let path = format!("/api/v1/user/{}", escaped(user));
                play.call(
                    "root",
                    &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)],
                    "DELETE",
                    &path,
                    &Value::Null,
                );
            }),
            14 | 15 => {
                let body = entity("group", json!({"id": ruling, "parentGroups": ["administrators"]}));
                self.named(&[], &[], |play| drop(play.root("POST", "/group", &body)));
            }
            _ => {
                let path = format!("/group/{}", self.random.pick(&["ops", "deep"]));
                self.named(&[], &["ops", "deep"], |play| drop(play.root("DELETE", &path, &Value::Null)));
            }
        }
    }
}

fn entity(kind: &str, mut body: Value) -> Value {
    body["entity-type"] = json!(kind);
    body
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}
