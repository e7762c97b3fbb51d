//! Lists of names: after random changes they are equal to those of a simple model, which moves one entry after the
//! other. And requests with more names than the limit.

use super::list_model::{Effects, GROUPS, Group, LISTS, Model, PARENTS, USERS, User, key};
use crate::support::client::{Answer, Connection, basic};
use crate::support::nuxeo::{create_group, create_user, refusal};
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, APP_KEY, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The directory itself.
struct Real {
    connection: Connection,
    /// The number of the last change that was looked at.
    seen: String,
}

impl Real {
    fn of(server: &Server) -> Real {
        let mut real = Real { connection: Connection::open(server.address), seen: "now".to_owned() };
        real.told();
        real
    }

    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = basic("Administrator", ADMIN_PASSWORD);
        let text = body.to_string();
        let body = (!body.is_null()).then_some(text.as_bytes());
        self.connection.send(method, &format!("/nuxeo/api/v1{path}"), &[("Authorization", &authorization)], body);
        self.connection.answer(false)
    }

    /// The changes of memberships since the last call: action and document.
    fn told(&mut self) -> Vec<Value> {
        let path = format!("/rollbook/v1/changes?since={}", self.seen);
        self.connection.send("GET", &path, &[("Authorization", &format!("Bearer {APP_KEY}"))], None);
        let answer = self.connection.answer(false);
        self.seen = answer.header("Rollbook-Next").expect("the next number").to_owned();
        let changes = answer.text().lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let of_members = changes.filter(|change| {
            let action = change["action"].as_str().expect("an action");
            action.starts_with("member.") || action.starts_with("subgroup.")
        });
        let side = |change: &Value| if change["after"].is_null() { "before" } else { "after" };
        of_members.map(|change| json!([change["action"], change[side(&change)]])).collect()
    }

    /// The model as the database has it, and the tags of all groups.
    fn look(&mut self, model: &Model) -> (Model, BTreeMap<String, String>) {
        let (mut found, mut tags) = (Model::default(), BTreeMap::new());
        for (key, group) in &model.groups {
            let path = format!("/group/{key}?fetch-group=memberUsers,memberGroups,parentGroups");
            let answer = self.ask("GET", &path, &Value::Null);
            tags.insert(key.clone(), answer.header("ETag").expect("a tag").to_owned());
            let document = answer.json();
            let lists = LISTS.map(|list| serde_json::from_value(document[list].clone()).expect("a list"));
            found.groups.insert(key.clone(), Group { name: group.name.clone(), lists });
        }
        for (name, user) in &model.users {
            let document = self.ask("GET", &format!("/user/{name}"), &Value::Null).json();
            let groups: Vec<String> = serde_json::from_value(document["properties"]["groups"].clone()).expect("a list");
            let groups = groups.iter().map(|name| key(name)).collect();
            found.users.insert(name.clone(), User { name: user.name.clone(), groups });
        }
        (found, tags)
    }
}

/// All lists, for one comparison.
fn shown(model: &Model, sorted: bool) -> Vec<(String, Vec<String>)> {
    let groups = model.groups.iter().flat_map(|(key, group)| {
        LISTS.iter().zip(&group.lists).map(move |(list, names)| (format!("{list} of {key}"), names.clone()))
    });
    let users = model.users.iter().map(|(key, user)| (format!("groups of {key}"), user.groups.clone()));
    let mut all: Vec<(String, Vec<String>)> = groups.chain(users).collect();
    if sorted {
        all.iter_mut().for_each(|(_, names)| names.sort());
    }
    all
}

/// The list with a few random changes.
fn edited(random: &mut Random, list: &[String], names: &[&str]) -> Vec<String> {
    let mut list = list.to_vec();
    for _ in 0..=random.below(3) {
        let length = list.len();
        match random.below(8) {
            0 | 1 => list.insert(random.below(length + 1), random.pick(names).to_owned()),
            2 if length > 0 => drop(list.remove(random.below(length))),
            3 | 4 if length > 1 => {
                let entry = list.remove(random.below(length));
                list.insert(random.below(length), entry);
            }
            5 if length > 0 => {
                let at = random.below(length);
                list[at] = if list[at] == key(&list[at]) { list[at].to_uppercase() } else { key(&list[at]) };
            }
            6 => list.reverse(),
            7 if length > 0 => list.push(list[random.below(length)].clone()),
            _ => {}
        }
    }
    list
}

#[test]
fn member_lists_match_a_model_that_moves_entry_by_entry() {
    let server = Server::start();
    let seed = Random::seed("ROLLBOOK_SEED", 20_261_130);
    println!("ROLLBOOK_SEED={seed}");
    let mut random = Random::new(seed);
    let users = ["Ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"];
    let groups = ["One", "two", "three", "four", "five"];
    let mut model = Model::default();
    let mut real = Real::of(&server);
    let (mut done, mut refused, mut tags) = (0, 0, BTreeMap::new());
    for round in 0..800 {
        let (user, group) = (random.pick(&users), random.pick(&groups));
        let before = model.clone();
        let known = |model: &Model| model.groups.values().map(|group| group.name.clone()).collect::<Vec<_>>();
        let mut some = |model: &Model, list: usize| -> Option<Vec<String>> {
            let present = model.groups.get(&key(group)).map(|group| group.lists[list].clone()).unwrap_or_default();
            let names: &[&str] = if list == USERS { &users } else { &groups };
            (!random.one_in(3)).then(|| edited(&mut random, &present, names))
        };
        let mut body = json!({"entity-type": "group", "id": group});
        let lists = [USERS, GROUPS, PARENTS].map(|list| some(&model, list));
        for (name, list) in LISTS.iter().zip(&lists) {
            if let Some(list) = list {
                body[name] = json!(list);
            }
        }
        // The order in which an entity joins the lists where it was pending is not defined.
        let (method, path, body, ordered, expected) = match (random.below(12), model.groups.contains_key(&key(group))) {
            (0..7, true) => {
                let expected = model.replace(&key(group), &lists);
                ("PUT", format!("/group/{group}"), body, true, expected)
            }
            (7, true) => {
                model.remove_group(&key(group));
                ("DELETE", format!("/group/{group}"), Value::Null, false, Ok(Effects::default()))
            }
            (_, false) => {
                let expected = if model.add_group(group) { Ok(()) } else { Err(String::new()) };
                let waited = model.groups[&key(group)].lists.iter().any(|list| list.len() > 1);
                let body = if waited { json!({"entity-type": "group", "id": group}) } else { body };
                let expected = expected.and_then(|()| {
                    let mut effects = Effects::default();
                    let given = lists.iter().enumerate().filter_map(|(list, names)| Some((list, names.as_ref()?)));
                    let mut given = given.filter(|_| !waited);
                    given.try_for_each(|(list, names)| model.arrange(&key(group), list, names, &mut effects))?;
                    Ok(Effects::default())
                });
                ("POST", "/group".to_owned(), body, false, expected)
            }
            (8 | 9, true) if model.users.contains_key(&key(user)) => {
                let present: Vec<String> =
                    model.users[&key(user)].groups.iter().map(|key| model.groups[key].name.clone()).collect();
                let names = known(&model);
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let given = edited(&mut random, &present, &names);
                let effects = model.replace_groups(&key(user), &given);
                let body = json!({"entity-type": "user", "properties": {"groups": given}});
                ("PUT", format!("/user/{user}"), body, true, Ok(effects))
            }
            (10, true) if model.users.contains_key(&key(user)) => {
                model.remove_user(&key(user));
                ("DELETE", format!("/user/{user}"), Value::Null, false, Ok(Effects::default()))
            }
            _ if !model.users.contains_key(&key(user)) => {
                model.add_user(user);
                let body = json!({"entity-type": "user", "properties": {"username": user}});
                ("POST", "/user".to_owned(), body, false, Ok(Effects::default()))
            }
            _ => continue,
        };
        let call = format!("{round}: {method} {path} {body}");
        let answer = real.ask(method, &path, &body);
        let told = real.told();
        match expected {
            Err(message) => {
                model = before;
                refused += 1;
                assert_eq!(answer.status, 400, "{call}: {}", answer.text());
                assert!(answer.json()["message"].as_str().is_some_and(|text| text.contains(&message)), "{call}");
                assert_eq!(told, Vec::<Value>::new(), "{call}");
                let (found, tags_now) = real.look(&model);
                assert_eq!(shown(&found, false), shown(&model, false), "{call}");
                assert_eq!(tags_now, tags, "{call}");
            }
            Ok(effects) => {
                done += 1;
                assert!(answer.status < 300, "{call}: {}", answer.text());
                let (found, tags_now) = real.look(&model);
                assert_eq!(shown(&found, !ordered), shown(&model, !ordered), "{call}");
                if ordered {
                    assert_eq!(told, effects.told, "{call}");
                    let touched = tags_now.iter().filter(|(key, tag)| tags.get(*key) != Some(*tag));
                    let touched: BTreeSet<String> = touched.map(|(key, _)| key.clone()).collect();
                    assert_eq!(touched, effects.touched, "{call}");
                }
                (model, tags) = (found, tags_now);
            }
        }
    }
    println!("{done} changes, {refused} refused");
    assert!(done > 400 && refused > 20, "too few changes: {done} changes, {refused} refused");
}

// Names in one request

#[test]
fn more_names_in_a_request_than_are_allowed_are_refused() {
    let server = Server::with(&["--max-names-per-request", "3"]);
    for name in ["a", "b", "c", "d"] {
        create_group(&server, json!({"id": name}));
    }
    create_user(&server, json!({"username": "ada", "groups": ["a", "b", "c"]}));
    let why = "more than 3 names in one request";
    let (nuxeo, ui) = (refusal(413, why), json!({ "error": why }));
    let group = |lists: Value| {
        let mut body = lists;
        body["entity-type"] = json!("group");
        body
    };
    let user = |properties: Value| json!({"entity-type": "user", "properties": properties});
    let four = json!(["a", "b", "c", "d"]);
    // Callers without the permission get that refusal first.
    for (path, body) in [
        ("/user", user(json!({"username": "eve", "groups": four}))),
        ("/group", group(json!({"id": "x", "memberUsers": four}))),
    ] {
        create_user(&server, json!({"username": format!("reader of {path}"), "password": "reader"}));
        let answer = server.nuxeo_as((&format!("reader of {path}"), "reader"), "POST", path, Some(&body.to_string()));
        assert_eq!(answer.status, 403, "{path}");
    }
    for (method, path, body) in [
        ("POST", "/user", user(json!({"username": "eve", "groups": four}))),
        ("POST", "/user", user(json!({"username": "eve", "password": "password", "groups": four}))),
        ("PUT", "/user/ada", user(json!({"groups": four}))),
        ("PUT", "/user/ada", user(json!({"password": "password", "groups": four}))),
        // A repeated name counts each time.
        ("PUT", "/user/ada", user(json!({"groups": ["a", "a", "A", "a"]}))),
        ("POST", "/group", group(json!({"id": "x", "memberUsers": four}))),
        ("PUT", "/group/a", group(json!({"memberUsers": four}))),
        ("PUT", "/group/a", group(json!({"memberGroups": ["b", "c", "d", "e"]}))),
        ("PUT", "/group/a", group(json!({"parentGroups": ["b", "c", "d", "e"]}))),
        // All lists together count.
        ("PUT", "/group/a", group(json!({"memberUsers": ["x", "y"], "memberGroups": ["b"], "parentGroups": ["c"]}))),
    ] {
        let answer = server.nuxeo(method, path, Some(&body.to_string()));
        assert_eq!(answer.parts(), (413, nuxeo.clone()), "{method} {path} {body}");
    }
    let emails: Vec<String> = (0..4).map(|number| format!("{number}@example.com")).collect();
    let answer = server.datadog("POST", "/api/v1/invite_users", Some(&json!({"emails": emails}).to_string()));
    assert_eq!(answer.parts(), (413, json!({"errors": [why]})));
    let cookie = crate::support::ui::session_cookie(&server);
    for (method, path, body) in [
        ("POST", "users", json!({"name": "eve", "groups": four})),
        ("PATCH", "users/ada", json!({"groups": four})),
        ("POST", "groups", json!({"name": "x", "groups": four})),
        ("PATCH", "groups/a", json!({"groups": four})),
    ] {
        let headers = [("Cookie", cookie.as_str()), ("X-Requested-With", "rollbook")];
        let answer = server.request(method, &format!("/ui/api/{path}"), &headers, Some(body.to_string().as_bytes()));
        assert_eq!(answer.parts(), (413, ui.clone()), "{method} {path}");
    }
    // The requests have changed nothing.
    for path in ["/user/eve", "/user/0@example.com", "/group/x"] {
        assert_eq!(server.nuxeo("GET", path, None).status, 404, "{path}");
    }
    let ada = server.nuxeo("GET", "/user/ada", None).json();
    assert_eq!(ada["properties"]["groups"], json!(["a", "b", "c"]));
    // The allowed number of names is accepted.
    for (path, body) in [
        ("/user/ada", user(json!({"groups": ["c", "b", "d"]}))),
        ("/group/a", group(json!({"memberUsers": ["x", "y"], "memberGroups": ["b"]}))),
    ] {
        assert_eq!(server.nuxeo("PUT", path, Some(&body.to_string())).status, 200, "{path}");
    }
    let answer = server.datadog("POST", "/api/v1/invite_users", Some(&json!({"emails": emails[..3]}).to_string()));
    assert_eq!(answer.status, 200, "{}", answer.text());
}
