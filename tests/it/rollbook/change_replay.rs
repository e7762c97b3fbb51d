//! The changes feed is complete: a reader that only compares texts, and knows no spellings, reaches the state of the
//! directory.

use crate::support::changes::changes;
use crate::support::cli::{run, said};
use crate::support::client::{Connection, basic};
use crate::support::database::State;
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A copy of the directory as a reader of the feed keeps it.
#[derive(Default)]
struct Copy {
    users: BTreeMap<String, Map<String, Value>>,
    groups: BTreeMap<String, Map<String, Value>>,
    /// A group, a name in it, and true if the member is pending.
    members: BTreeMap<(String, String), bool>,
    subgroups: BTreeMap<(String, String), bool>,
}

impl Copy {
    fn apply(&mut self, change: &Value) {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let name = text(&change["name"]);
        let (kind, what) = change["action"].as_str().and_then(|action| action.split_once('.')).expect("an action");
        match kind {
            "user" | "group" => {
                let rows = if kind == "user" { &mut self.users } else { &mut self.groups };
                match what {
                    "created" => assert!(rows.insert(name, Map::new()).is_none(), "{change}"),
                    "deleted" => assert!(rows.remove(&name).is_some(), "{change}"),
                    _ => assert!(rows.contains_key(&name), "{change}"),
                }
                if let (Some(row), Some(after)) = (rows.get_mut(&text(&change["name"])), change["after"].as_object()) {
                    merge(row, after);
                }
                if what == "deleted" {
                    let left = |lists: &BTreeMap<(String, String), bool>| {
                        lists.keys().any(|(group, member)| [group, member].contains(&&text(&change["name"])))
                    };
                    let of_user = kind == "user" && left(&self.members);
                    assert!(!of_user, "{change} comes before the end of a membership");
                }
            }
            "member" | "subgroup" => {
                let (lists, field) =
                    if kind == "member" { (&mut self.members, "user") } else { (&mut self.subgroups, "subgroup") };
                let document = if what == "added" { &change["after"] } else { &change["before"] };
                let entry = (text(&document["group"]), text(&document[field]));
                let waits = document["waiting"] == true;
                match what {
                    "added" => {
                        let before = lists.insert(entry, waits);
                        assert!(before.is_none() || (before == Some(true) && !waits), "{change}");
                    }
                    _ => assert_eq!(lists.remove(&entry), Some(waits), "{change}"),
                }
            }
            _ => {}
        }
    }

    /// A line for everything, in order.
    fn lines(&self) -> Vec<String> {
        let user = |(name, row): (&String, &Map<String, Value>)| {
            let of = |field: &str| row.get(field).cloned().unwrap_or_default();
            format!("user {name} {} {} {}", of("first_name"), of("company"), of("disabled") == true)
        };
        let group = |(name, row): (&String, &Map<String, Value>)| {
            format!("group {name} {}", row.get("label").unwrap_or(&Value::Null))
        };
        let list = |kind: &'static str| {
            move |((group, member), waits): (&(String, String), &bool)| format!("{kind} {group} {member} {waits}")
        };
        let mut lines: Vec<String> = self.users.iter().map(user).collect();
        lines.extend(self.groups.iter().map(group));
        lines.extend(self.members.iter().map(list("member")));
        lines.extend(self.subgroups.iter().map(list("subgroup")));
        lines.sort();
        lines
    }
}

fn merge(row: &mut Map<String, Value>, after: &Map<String, Value>) {
    for (field, value) in after {
        row.insert(field.clone(), value.clone());
    }
}

/// The same lines from the database itself.
fn stored(server: &Server) -> Vec<String> {
    let quoted = |column: &str| format!("coalesce(json_quote({column}), 'null')");
    let (first, company, label) = (quoted("first_name"), quoted("company"), quoted("label"));
    let flag = "iif(disabled, 'true', 'false')";
    let mut lines = State::of(&server.folder).texts(&format!(
        "select 'user ' || username || ' ' || {first} || ' ' || {company} || ' ' || {flag} from users
         union all select 'group ' || name || ' ' || {label} from groups
         union all select 'member ' || name || ' ' || username || ' false' from memberships
             join groups on groups.id = group_id join users on users.id = user_id
         union all select 'subgroup ' || above.name || ' ' || below.name || ' false' from subgroups
             join groups above on above.id = parent_id join groups below on below.id = child_id
         union all select 'member ' || groups.name || ' ' || dangling_members.name || ' true' from dangling_members
             join groups on groups.id = group_id where kind = 'user'
         union all select 'subgroup ' || iif(kind = 'group', groups.name, dangling_members.name) || ' '
                 || iif(kind = 'group', dangling_members.name, groups.name) || ' true'
             from dangling_members join groups on groups.id = group_id where kind <> 'user'"
    ));
    lines.sort();
    lines
}

/// A name in one of its spellings.
fn spelled(random: &mut Random, names: &[&str]) -> String {
    let name = random.pick(names);
    match random.below(4) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        // The first letter in its full width.
        2 => {
            let mut letters = name.chars();
            let first = letters.next().and_then(|letter| char::from_u32(letter as u32 + 0xfee0)).expect("a letter");
            format!("{first}{}", letters.as_str())
        }
        _ => name.to_owned(),
    }
}

/// Some names, each in a spelling.
fn some(random: &mut Random, names: &[&str]) -> Vec<String> {
    (0..random.below(4)).map(|_| spelled(random, names)).collect()
}

/// The administrator's own name, so that each list keeps it.
const USERS: [&str; 5] = ["Ada@example.com", "bob@example.com", "Cyd@example.com", "Dan", "eve"];
const GROUPS: [&str; 5] = ["One", "two", "Three", "four", "members"];

#[test]
fn replayed_changes_rebuild_the_directory() {
    let server = Server::start();
    let seed = Random::seed("ROLLBOOK_SEED", 20_261_201);
    println!("ROLLBOOK_SEED={seed}");
    let mut random = Random::new(seed);
    let mut connection = Connection::open(server.address);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let mut nuxeo = |method: &str, path: &str, body: Option<Value>| {
        let body = body.map(|body| body.to_string());
        let path = format!("/nuxeo/api/v1{path}");
        connection.send(method, &path, &[("Authorization", &authorization)], body.as_ref().map(|body| body.as_bytes()));
        connection.answer(false).status
    };
    let (mut copy, mut next, mut done) = (Copy::default(), "0".to_owned(), 0);
    for round in 0..600 {
        let (user, group) = (spelled(&mut random, &USERS), spelled(&mut random, &GROUPS));
        let properties = |random: &mut Random| {
            let mut properties = json!({"username": user, "firstName": random.pick(&["Ada", "Bo", ""])});
            if random.one_in(2) {
                properties["groups"] = json!(some(random, &GROUPS));
            }
            json!({"entity-type": "user", "properties": properties})
        };
        let lists = |random: &mut Random| {
            let mut body = json!({"entity-type": "group", "id": group, "grouplabel": random.pick(&["x", "y"])});
            for (list, names) in [("memberUsers", &USERS), ("memberGroups", &GROUPS), ("parentGroups", &GROUPS)] {
                if random.one_in(2) {
                    body[list] = json!(some(random, names));
                }
            }
            body
        };
        let command = |words: &[&str]| said(&run(&server.folder, words)).0;
        let ok = match random.below(40) {
            0..4 => nuxeo("POST", "/user", Some(properties(&mut random))) < 300,
            4..7 => nuxeo("PUT", &format!("/user/{user}"), Some(properties(&mut random))) < 300,
            7..9 => nuxeo("DELETE", &format!("/user/{user}"), None) < 300,
            9..13 => nuxeo("POST", "/group", Some(lists(&mut random))) < 300,
            13..23 => nuxeo("PUT", &format!("/group/{group}"), Some(lists(&mut random))) < 300,
            23..25 => nuxeo("DELETE", &format!("/group/{group}"), None) < 300,
            25..29 => nuxeo("POST", &format!("/user/{user}/group/{group}"), None) < 300,
            29..31 => nuxeo("DELETE", &format!("/group/{group}/user/{user}"), None) < 300,
            31..33 => {
                let body = json!({"handle": user, "name": "x"}).to_string();
                server.datadog("POST", "/api/v1/user", Some(&body)).status == 200
            }
            33 => {
                let body = json!({"access_role": random.pick(&["adm", "st"])}).to_string();
                server.datadog("PUT", &format!("/api/v1/user/{user}"), Some(&body)).status == 200
            }
            34 => server.datadog("DELETE", &format!("/api/v1/user/{user}"), None).status == 200,
            35 => command(&["user", "set", &user, "--group", &group]) == 0,
            36 => command(&["group", "add-member", &group, &user]) == 0,
            37 => command(&["group", "add-member", "--groups", &group, &spelled(&mut random, &GROUPS)]) == 0,
            38 => command(&["group", "remove-member", "--groups", &group, &spelled(&mut random, &GROUPS)]) == 0,
            _ => {
                let file = server.folder.path().join("brought.jsonl");
                let (users, groups) = (some(&mut random, &USERS), some(&mut random, &GROUPS));
                let mut lines = vec![json!({"user": user, "company": "Engines", "groups": groups})];
                lines.push(json!({"group": group, "label": "z", "groups": some(&mut random, &GROUPS)}));
                lines.extend(users.iter().map(|member| json!({"group": group, "user": member})));
                let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                std::fs::write(&file, text).expect("the file");
                let words = ["import", file.to_str().expect("a path"), "--on-conflict", "update", "--create-groups"];
                command(&words);
                true
            }
        };
        done += usize::from(ok);
        let (found, then) = changes(&server, &next);
        next = then;
        found.iter().for_each(|change| copy.apply(change));
        assert_eq!(copy.lines(), stored(&server), "after round {round}: {found:#?}");
    }
    println!("{done} of 600 were done");
    assert!(done > 200, "too few changes: {done}");
}
