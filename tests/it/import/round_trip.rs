//! Exports import back without a difference: the same bytes, and the same rights.

use super::{directory, found, write};
use crate::support::cli::{run, said};
use crate::support::client::segment;
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};
use std::sync::Arc;

/// Names that a format could misread or damage.
const NAMES: [&str; 44] = [
    "plain",
    "two  spaces",
    "two spaces",
    "comma, inside",
    "\"quoted\"",
    "plus+plus",
    "#sharp",
    "back\\slash",
    "back\\2Cslash",
    "equal=sign",
    "cn=x,dc=y",
    "uid=a+cn=b",
    "semi;colon",
    ";semi",
    "[list]",
    "[\"list\"]",
    "{brace}",
    "<angle>",
    "umlaut äöü",
    "straße",
    "STRASSE!",
    "İstanbul",
    "ılık",
    "emoji 🦀👩\u{200d}🚀",
    "עברית",
    "العربية",
    "e\u{301}clair",
    "n\u{303}andu\u{323}",
    "日本語",
    "=1+1",
    "@cmd",
    "-dash",
    "+plus",
    "'quote",
    "null",
    "true",
    "0123",
    "1e5",
    "a/b",
    "a:b",
    ": colon",
    "*",
    "!x",
    "name",
];

/// Texts of fields and descriptions.
const TEXTS: [&str; 14] = [
    "plain",
    " leading",
    "trailing ",
    "a\nb",
    "a\r\nb\r",
    "\ttab\t",
    "\"",
    "a,\"b\";c",
    "äöü 🦀",
    "# not a comment",
    ": x",
    "< file:///etc/passwd",
    "e\u{301}",
    "\u{202e}turned",
];

/// A value of a property. Numbers keep all their digits.
const VALUES: [&str; 14] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"a\\nb\"",
    "1.50",
    "-0",
    "12345678901234567890123456789.123456789",
    "1.0E+30",
    "[1,[2,[null]],{\"a\":\"ü\"}]",
    "{\"b\":1,\"a\":2}",
    "\"\\u0000\"",
    "\"[x]\"",
];

/// Passwords that users log in with.
const PASSWORD: &str = "twenty thousand leagues";

fn upper_or_lower(random: &mut Random, name: &str) -> String {
    match random.below(3) {
        0 => name.to_ascii_uppercase(),
        1 => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

/// A random directory, made through a server. Returns the logins.
struct Maker<'m> {
    server: &'m Server,
    random: &'m mut Random,
    users: Vec<String>,
    groups: Vec<String>,
}

impl Maker<'_> {
    fn send(&self, method: &str, path: &str, body: &str) -> u16 {
        self.server.nuxeo(method, path, Some(body)).status
    }

    fn properties(&mut self) -> String {
        let count = self.random.below(4);
        let mut properties = String::new();
        for _ in 0..count {
            let name = json!(format!("p {}", self.random.pick(&NAMES))).to_string();
            properties.push_str(&format!(",{name}:{}", self.random.pick(&VALUES)));
        }
        properties
    }

    fn text(&mut self) -> Value {
        match self.random.below(4) {
            0 => Value::Null,
            1 => json!(""),
            _ => json!(self.random.pick(&TEXTS)),
        }
    }

    /// Some names of a list, among them pending ones.
    fn some(&mut self, names: &[String]) -> Vec<String> {
        let mut some = Vec::new();
        for _ in 0..self.random.below(5) {
            let name = match self.random.below(5) {
                0 => format!("soon {}", self.random.pick(&NAMES)),
                _ => self.random.one_of(names).cloned().unwrap_or_else(|| "later".to_owned()),
            };
            some.push(upper_or_lower(self.random, &name));
        }
        some
    }

    fn make_groups(&mut self) {
        for _ in 0..9 {
            let name = format!("g {}", self.random.pick(&NAMES));
            let (label, description) = (self.text(), self.text());
            let body = format!(
                r#"{{"entity-type":"group","groupname":{},
                "properties":{{"grouplabel":{label},"description":{description}{}}}}}"#,
                json!(name),
                self.properties()
            );
            if self.send("POST", "/group", &body) == 201 {
                self.groups.push(name);
            }
        }
    }

    fn make_users(&mut self) {
        for number in 0..14 {
            let name = format!("u {}", self.random.pick(&NAMES));
            let groups = self.groups.clone();
            let mut groups: Vec<String> =
                (0..self.random.below(4)).filter_map(|_| self.random.one_of(&groups).cloned()).collect();
            if self.random.one_in(5) {
                groups.push("powerusers".to_owned());
            }
            let password = if number % 3 == 0 { format!(r#","password":"{PASSWORD}""#) } else { String::new() };
            let (first, last, email, company) = (self.text(), self.text(), self.text(), self.text());
            let body = format!(
                r#"{{"entity-type":"user","properties":{{"username":{},"firstName":{first},"lastName":{last},
                "email":{email},"company":{company},"groups":{}{password}{}}}}}"#,
                json!(name),
                json!(groups),
                self.properties()
            );
            if self.send("POST", "/user", &body) == 201 {
                self.users.push(name);
            }
        }
    }

    /// Sets the lists of the groups once more, in another order and spelling.
    fn fill_lists(&mut self) {
        for group in self.groups.clone().iter().chain([&"members".to_owned()]) {
            let (users, groups) = (self.users.clone(), self.groups.clone());
            let lists = json!({"entity-type": "group", "memberUsers": self.some(&users),
                "memberGroups": self.some(&groups), "parentGroups": self.some(&groups)});
            // The server refuses cycles.
            self.send("PUT", &format!("/group/{}", segment(group)), &lists.to_string());
        }
    }

    /// Disables users, makes some read-only, and some of those administrators: directly or by a group.
    fn change_rights(&mut self) {
        for user in self.users.clone() {
            let path = format!("/api/v1/user/{}", segment(&user));
            if self.random.one_in(3) {
                let answer = self.server.datadog("PUT", &path, Some(r#"{"access_role":"ro"}"#));
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
            if self.random.one_in(4) {
                let path = format!("/user/{}/group/administrators", segment(&user));
                assert!(self.server.nuxeo("POST", &path, None).status < 300);
            }
            if self.random.one_in(4) {
                self.server.datadog("DELETE", &path, None);
            }
        }
        if let Some(group) = self.random.one_of(&self.groups).cloned() {
            let lists = json!({"entity-type": "group", "parentGroups": ["administrators"]});
            self.send("PUT", &format!("/group/{}", segment(&group)), &lists.to_string());
        }
    }
}

/// Makes a random directory.
fn make(folder: &Arc<Folder>, random: &mut Random) -> Vec<String> {
    let server = Server::over(Arc::clone(folder), &[]);
    let mut maker = Maker { server: &server, random, users: Vec::new(), groups: Vec::new() };
    maker.make_groups();
    maker.make_users();
    maker.fill_lists();
    maker.change_rights();
    let users = maker.users;
    assert!(!users.is_empty());
    assert!(server.stop().success());
    users
}

fn export(folder: &Folder, format: &str, flags: &[&str]) -> String {
    let (status, out, err) = said(&run(folder, &[&["export", "-", "--format", format], flags].concat()));
    assert_eq!(status, 0, "{err}");
    out
}

/// The groups and the rights of users who log in.
fn rights(folder: &Arc<Folder>, users: &[String]) -> Vec<(u16, Value)> {
    let server = Server::over(Arc::clone(folder), &["--wrong-password-delay", "0"]);
    let me = |name: &str, password| {
        let (status, me) = server.nuxeo_as((name, password), "GET", "/me", None).parts();
        let list = |list: &Value| {
            // LDIF has the order of the members of a group, and no order of the groups of a user.
            let mut names: Vec<String> = list.as_array().into_iter().flatten().map(Value::to_string).collect();
            names.sort();
            names
        };
        (status, json!([list(&me["properties"]["groups"]), list(&me["extendedGroups"]), me["isAdministrator"]]))
    };
    let others = users.iter().step_by(2).map(|name| me(name, PASSWORD));
    let told = others.chain([me("Administrator", ADMIN_PASSWORD)]).collect();
    assert!(server.stop().success());
    told
}

/// Lines that differ, for a message.
fn difference(one: &str, other: &str) -> String {
    let lost = one.lines().filter(|line| !other.lines().any(|known| known == *line)).map(|line| format!("- {line}"));
    let new = other.lines().filter(|line| !one.lines().any(|known| known == *line)).map(|line| format!("+ {line}"));
    let lines: Vec<String> = lost.chain(new).take(20).collect();
    if lines.is_empty() { "other order".to_owned() } else { lines.join("\n") }
}

/// Exports a directory, imports that into a new one, and exports that.
fn check(folder: &Arc<Folder>, users: &[String], what: &str) {
    let before = rights(folder, users);
    for format in ["jsonl", "csv", "ldif"] {
        for flags in [&["--with-passwords"][..], &[]] {
            let text = export(folder, format, flags);
            let copy = Arc::new(directory());
            let file = write(&copy, &format!("all.{format}"), &text);
            let (status, out, err) = said(&run(&copy, &["import", &file, "--on-conflict", "update"]));
            let what = format!("{what}, {format} {flags:?}:\n{out}{err}");
            assert_eq!(status, 0, "{what}");
            State::of(&copy).assert_sound();
            let again = export(&copy, format, flags);
            assert!(again == text, "{what}{}", difference(&text, &again));
            // Values that one format keeps are in the others too.
            let (one, other) = (found(folder), found(&copy));
            if !flags.is_empty() {
                assert_eq!(other, one, "{what}");
                assert_eq!(rights(&copy, users), before, "{what}");
            }
        }
    }
}

#[test]
fn random_directories_import_back_unchanged() {
    let seed = Random::seed("ROLLBOOK_ROUND_TRIP_SEED", 14);
    for round in 0..if std::env::var_os("ROLLBOOK_LONG").is_some() { 40 } else { 2 } {
        let mut random = Random::new(seed + round);
        let folder = Arc::new(directory());
        let users = make(&folder, &mut random);
        check(&folder, &users, &format!("ROLLBOOK_ROUND_TRIP_SEED={}", seed + round));
    }
}

/// A directory with another administrator, and a command about the first one.
fn with_other_administrator(command: &[&str]) -> Arc<Folder> {
    let folder = Arc::new(directory());
    let server = Server::over(Arc::clone(&folder), &[]);
    let chief = json!({"entity-type": "user",
        "properties": {"username": "chief", "password": PASSWORD, "groups": ["administrators"]}});
    assert_eq!(server.nuxeo("POST", "/user", Some(&chief.to_string())).status, 201);
    assert!(server.stop().success());
    let (status, _, err) = said(&run(&folder, command));
    assert_eq!(status, 0, "{err}");
    folder
}

#[test]
fn disabled_or_demoted_first_administrator_imports_back_unchanged() {
    for command in [
        &["user", "disable", "Administrator"][..],
        &["group", "remove-member", "administrators", "Administrator"],
        &["user", "set", "Administrator", "--role", "read"],
    ] {
        check(&with_other_administrator(command), &["chief".to_owned()], &format!("{command:?}"));
    }
}

#[test]
fn first_administrator_by_a_group_alone_imports_back_unchanged() {
    let folder = with_other_administrator(&["user", "show", "Administrator"]);
    let rows = "{\"kind\":\"group\",\"name\":\"ops\",\"groups\":[\"administrators\"]}\n\
        {\"kind\":\"group\",\"name\":\"crew\"}\n\
        {\"kind\":\"user\",\"name\":\"Administrator\",\"groups\":[\"crew\",\"ops\"]}\n";
    let file = write(&folder, "ops.jsonl", rows);
    assert_eq!(said(&run(&folder, &["import", &file, "--on-conflict", "update"])).0, 0);
    check(&folder, &["chief".to_owned()], "by a group");
}

#[test]
fn deleted_first_administrator_leaves_the_others_unchanged() {
    let deleted = with_other_administrator(&["user", "delete", "Administrator"]);
    for format in ["jsonl", "csv", "ldif"] {
        let text = export(&deleted, format, &["--with-passwords"]);
        let copy = directory();
        let file = write(&copy, &format!("all.{format}"), &text);
        let (status, out, err) = said(&run(&copy, &["import", &file, "--on-conflict", "update"]));
        assert_eq!(status, 0, "{out}{err}");
        // A new directory has its own first administrator, whom no import deletes.
        assert_eq!(said(&run(&copy, &["user", "delete", "Administrator"])).0, 0);
        let again = export(&copy, format, &["--with-passwords"]);
        assert!(again == text, "{format}: {}", difference(&text, &again));
        assert_eq!(found(&copy), found(&deleted), "{format}");
    }
}

#[test]
fn groups_that_differ_by_inner_spaces_keep_their_members_in_every_format() {
    let folder = Arc::new(directory());
    let rows = "{\"kind\":\"group\",\"name\":\"deck crew\"}\n{\"kind\":\"group\",\"name\":\"deck  crew\"}\n\
        {\"kind\":\"subgroup\",\"group\":\"administrators\",\"subgroup\":\"deck  crew\"}\n\
        {\"kind\":\"user\",\"name\":\"nemo\",\"groups\":[\"deck crew\"]}\n\
        {\"kind\":\"user\",\"name\":\"ned\",\"groups\":[\"deck  crew\"]}\n";
    let file = write(&folder, "spaces.jsonl", rows);
    assert_eq!(said(&run(&folder, &["import", &file])).0, 0);
    check(&folder, &[], "inner spaces");
}
