//! Users and groups copied from a live server, which here is another Rollbook.

use crate::support::cli::{rollbook, run, said};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Port, Server};
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;

/// Pulls into the directory in that folder, with these additional variables.
fn pull(folder: &Folder, words: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = rollbook();
    command.arg("pull").args(words).env("ROLLBOOK_DB", folder.db()).envs(variables.iter().copied());
    said(&command.output().expect("the command runs"))
}

const NUXEO: [(&str, &str); 1] = [("NUXEO_PASSWORD", ADMIN_PASSWORD)];
const DATADOG: [(&str, &str); 2] = [("DD_API_KEY", API_KEY), ("DD_APP_KEY", APP_KEY)];

/// A server with users and groups of many kinds.
fn source() -> Server {
    let server = Server::start();
    let post = |path: &str, body: Value| {
        let answer = server.nuxeo("POST", path, Some(&body.to_string()));
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    post("/group", json!({"entity-type": "group", "groupname": "all", "grouplabel": "Everybody"}));
    post("/group", json!({"entity-type": "group", "groupname": "a/b c", "parentGroups": ["all"]}));
    post("/group", json!({"entity-type": "group", "groupname": "chiefs", "parentGroups": ["administrators"]}));
    for number in 0..1203 {
        post(
            "/user",
            json!({"entity-type": "user", "properties": {"username": format!("user{number}@example.com"),
            "firstName": format!("First {number}"), "groups": ["all"]}}),
        );
    }
    post(
        "/user",
        json!({"entity-type": "user", "properties": {"username": "Ada", "lastName": "Lovelace", "email": "ada@example.com",
        "company": "Engines", "title": "Countess", "phone": "12 \"34\"", "groups": ["a/b c", "chiefs"], "password": "secret words"}}),
    );
    assert_eq!(
        server.datadog("PUT", "/api/v1/user/user1@example.com", Some(r#"{"name":"One","access_role":"ro"}"#)).status,
        200
    );
    assert_eq!(server.datadog("DELETE", "/api/v1/user/user1@example.com", None).status, 200);
    server
}

/// The records of a kind in a directory, without the order in which memberships were made: no interface shows it.
fn records(folder: &Folder, kind: &str) -> Vec<Value> {
    let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(status, 0, "{err}");
    let records = out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    let without_order = |mut record: Value| {
        record.as_object_mut().map(|record| record.remove("joined"));
        record
    };
    records.filter(|record: &Value| record["kind"] == kind).map(without_order).collect()
}

/// A server of another product: it answers a request with the first of these whose prefix the target has, else 404.
fn other_server(answers: Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines =
                BufReader::new(&mut stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let first = lines.next().unwrap_or_default();
            lines.for_each(drop);
            let target = first.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match answers.iter().find(|(beginning, _)| target.starts_with(beginning)) {
                Some((_, body)) => ("200 OK", body.as_str()),
                None => ("404 Not Found", "{}"),
            };
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        }
    });
    url
}

/// The same that speaks Nuxeo's dialect.
fn other_nuxeo(groups: &Value, users: &Value) -> String {
    let page = |entries: &Value| json!({"resultsCount": entries.as_array().map(Vec::len), "entries": entries});
    other_server(vec![
        ("/api/v1/group/search?", page(groups).to_string()),
        ("/api/v1/user/search?", page(users).to_string()),
    ])
}

#[test]
fn a_nuxeo_server_is_copied_with_its_groups() {
    let server = source();
    let folder = Arc::new(Folder::new());
    let from = format!("{}/nuxeo", server.url);
    assert!(run(&folder, &["key", "create", "api"]).status.success());
    let (status, out, err) = pull(&folder, &["nuxeo", "--from", &from, "--on-conflict", "update"], &NUXEO);
    assert_eq!(status, 0, "{out}{err}");
    // The three groups, the subgroups, and the users; the first groups and user exist already.
    assert!(out.starts_with(&format!("{from}: 1209 created, ")), "{out}{err}");
    assert!(err.contains("passwords were not imported"), "{err}");
    let bare = |mut record: Value| {
        // Rows that the interface does not show.
        for field in ["disabled", "verified", "display_name", "role"] {
            record.as_object_mut().expect("an object").remove(field);
        }
        record
    };
    let users = |folder: &Folder| records(folder, "user").into_iter().map(bare).collect::<Vec<_>>();
    assert_eq!(users(&folder), users(&server.folder));
    assert_eq!(records(&folder, "group"), records(&server.folder, "group"));
    // In the order of names, as the interface does not show which came first.
    let mut subgroups = records(&server.folder, "subgroup");
    subgroups.sort_by_key(|record| record["group"].to_string());
    assert_eq!(records(&folder, "subgroup"), subgroups);
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 1205 users, 6 groups,"));
    // A second pull changes nothing.
    let (status, out, _) = pull(&folder, &["nuxeo", "--from", &from, "--on-conflict", "update"], &NUXEO);
    assert_eq!(status, 0);
    assert!(out.contains(": 0 created, 0 updated, "), "{out}");
    // With a token, and into a running server.
    let token = server.nuxeo("POST", "/token?application=pull&deviceId=here", None);
    let target = Server::start();
    let words = ["nuxeo", "--from", &from, "--on-conflict", "skip"];
    let (status, out, err) = pull(&target.folder, &words, &[("NUXEO_TOKEN", token.text())]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(target.nuxeo("GET", "/user/Ada", None).json()["isAdministrator"], true);
}

#[test]
fn datadog_s_users_are_copied() {
    let server = source();
    let folder = Folder::new();
    let (status, out, err) = pull(&folder, &["datadog", "--from", &server.url, "--on-conflict", "skip"], &DATADOG);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.starts_with(&format!("{}: 1204 created, 0 updated, 0 unchanged, 1 skipped", server.url)), "{out}");
    let users = records(&folder, "user");
    let find = |name: &str| users.iter().find(|user| user["name"] == name).expect("the user");
    let one = find("user1@example.com");
    assert_eq!((&one["display_name"], &one["role"], &one["disabled"]), (&json!("One"), &json!("read"), &json!(true)));
    let ada = find("ada");
    assert_eq!(
        (&ada["email"], &ada["title"], &ada["role"]),
        (&json!("ada@example.com"), &json!("Countess"), &json!("admin"))
    );
    assert_eq!(ada["groups"], json!(["administrators"]));
}

#[test]
fn a_dry_run_copies_nothing() {
    let server = source();
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api"]).status.success());
    let (status, out, _) =
        pull(&folder, &["datadog", "--from", &server.url, "--on-conflict", "skip", "--dry-run"], &DATADOG);
    assert_eq!(status, 0);
    assert!(out.contains("a dry run, nothing is changed: 1204 created"), "{out}");
    assert_eq!(records(&folder, "user").len(), 1);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("copy")), "{left:?}");
}

#[test]
fn failed_pull_is_reported_without_a_secret() {
    let server = Server::start();
    let closed = Port::reserve();
    let nowhere = format!("http://{}", closed.address());
    let nuxeo = format!("{}/nuxeo", server.url);
    let secret = "not-the-secret";
    for (words, variables, status, message) in [
        (&["nuxeo", "--from", nuxeo.as_str()][..], &[("NUXEO_PASSWORD", secret)][..], 1, "401"),
        (&["nuxeo", "--from", &nuxeo], &[("NUXEO_TOKEN", secret)], 1, "401"),
        (&["nuxeo", "--from", &nuxeo], &[], 1, "set NUXEO_PASSWORD or NUXEO_TOKEN"),
        (&["nuxeo", "--from", &format!("{}/elsewhere", server.url)], &NUXEO, 1, "404"),
        (&["nuxeo", "--from", "nonsense"], &NUXEO, 1, "the base URL has to begin with https:// or http://"),
        (&["datadog", "--from", &server.url], &[("DD_API_KEY", secret), ("DD_APP_KEY", secret)], 1, "403"),
        (&["datadog", "--from", &server.url], &[("DD_API_KEY", API_KEY), ("DD_APP_KEY", secret)], 1, "403"),
        (&["datadog", "--from", &server.url], &[], 2, "--api-key"),
        (&["datadog", "--from", &nowhere], &DATADOG, 1, &nowhere[7..]),
        (&["datadog"], &DATADOG, 2, "--from"),
        (&["ldap", "--from", "x"], &[], 2, "ldap"),
    ] {
        let folder = Folder::new();
        let (code, out, err) = pull(&folder, words, variables);
        assert_eq!(code, status, "{words:?}: {err}");
        assert!(err.contains(message), "{words:?}: no {message:?} in {err}");
        for secret in [secret, API_KEY, APP_KEY, ADMIN_PASSWORD] {
            assert!(!err.contains(secret) && !out.contains(secret), "{words:?}: {err}");
        }
        assert!(!folder.db().exists(), "{words:?} has made a database");
    }
}

#[test]
fn parents_and_pending_members_are_pulled_from_nuxeo() {
    let server = Server::start();
    for group in [
        json!({"groupname": "all", "memberGroups": ["staff", "later"]}),
        json!({"groupname": "staff", "parentGroups": ["gone"], "memberUsers": ["late", "Administrator"]}),
        json!({"groupname": "a/b \u{fc}", "parentGroups": ["all"], "memberUsers": ["other"]}),
    ] {
        let mut body = group.clone();
        body["entity-type"] = json!("group");
        assert_eq!(server.nuxeo("POST", "/group", Some(&body.to_string())).status, 201, "{body}");
    }
    let from = format!("{}/nuxeo", server.url);
    let folder = Folder::new();
    // In the order of names, as the interface does not show which came first.
    let sorted = |folder: &Folder, kind: &str| {
        let mut records = records(folder, kind);
        records.sort_by_key(ToString::to_string);
        records
    };
    for again in [false, true] {
        let (status, out, err) = pull(&folder, &["nuxeo", "--from", &from, "--on-conflict", "update"], &NUXEO);
        assert_eq!(status, 0, "{out}{err}");
        assert!(!again || out.contains(": 0 created, 0 updated, "), "{out}");
        assert!(again || out.contains(", 4 pending members\n"), "{out}");
        for kind in ["group", "subgroup", "member"] {
            assert_eq!(sorted(&folder, kind), sorted(&server.folder, kind), "{kind}");
        }
    }
    let target = Server::over(Arc::new(folder), &[]);
    let late = json!({"entity-type": "user", "properties": {"username": "late"}});
    assert_eq!(target.nuxeo("POST", "/user", Some(&late.to_string())).status, 201);
    assert_eq!(target.nuxeo("GET", "/user/late", None).json()["properties"]["groups"], json!(["staff"]));
    let gone = json!({"entity-type": "group", "groupname": "gone"});
    let gone = target.nuxeo("POST", "/group?fetch-group=memberGroups", Some(&gone.to_string()));
    assert_eq!(gone.json()["memberGroups"], json!(["staff"]));
}

#[test]
fn memberships_that_a_nuxeo_server_hides_are_reported_as_missing() {
    let groups = json!([
        {"id": "board", "memberGroups": [], "parentGroups": [], "memberUsers": ["ada", "bob", "late"]},
        {"id": "staff", "memberGroups": []},
    ]);
    let users = json!([
        {"id": "ada", "properties": {"username": "ada"}, "isAdministrator": true},
        {"id": "bob", "properties": {"username": "bob", "groups": ["staff"], "suspended": "since May"}},
        {"id": "eve", "properties": {"username": "eve", "email": "x".repeat(1025)}},
    ]);
    let folder = Folder::new();
    let from = other_nuxeo(&groups, &users);
    let (status, out, err) = pull(&folder, &["nuxeo", "--from", &from], &NUXEO);
    assert_eq!(status, 1, "{out}{err}");
    for expected in [
        "missing: the server does not say which groups the group is in: the group staff\n",
        "missing: the server does not say who is in the group: the group staff\n",
        "missing: the list of a group has a user who is not in that group by the user's own document: the user does \
         not become a member: the user bob in the group board\n",
        "missing: the server does not say which groups a user is in, and no group has the user in its list: the user \
         eve\n",
        "lost: a user is an administrator there without being in the group administrators: the user ada\n",
        "lost: the value of \"suspended\" is not understood, so the account is disabled: the user bob\n",
    ] {
        assert!(err.contains(expected), "no {expected:?} in {err}");
    }
    assert!(err.contains("1024"), "{err}");
    let users = records(&folder, "user");
    let find = |name: &str| users.iter().find(|user| user["name"] == name).expect("the user");
    assert_eq!((&find("ada")["groups"], &find("ada")["role"]), (&json!(["board"]), &json!("standard")));
    assert_eq!((&find("bob")["groups"], &find("bob")["disabled"]), (&json!(["staff"]), &json!(true)));
    assert_eq!((&find("eve")["groups"], &find("eve")["email"]), (&json!([]), &json!(null)));
    let members = records(&folder, "member");
    assert_eq!(members, [json!({"kind": "member", "group": "board", "user": "late"})]);
}

#[test]
fn an_odd_value_costs_a_user_of_datadog_the_value_only() {
    let users = json!({"users": [
        {"handle": "long@x.io", "name": "x".repeat(1025), "access_role": "st", "title": "Boss"},
        {"handle": "odd@x.io", "access_role": "ERROR", "is_admin": true, "disabled": "maybe"},
    ]});
    let folder = Folder::new();
    let from = other_server(vec![("/api/v1/user", users.to_string())]);
    let (status, out, err) = pull(&folder, &["datadog", "--from", &from], &DATADOG);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains(": 2 created, 0 updated, 0 unchanged, 2 have lost something\n"), "{out}");
    for expected in [
        "1024",
        ":2: lost: the access role is not understood, so the role is read: ",
        ":2: lost: the value of \"disabled\" is not understood, so the account is disabled: the user odd@x.io\n",
    ] {
        assert!(err.contains(expected), "no {expected:?} in {err}");
    }
    let users = records(&folder, "user");
    let find = |name: &str| users.iter().find(|user| user["name"] == name).expect("the user");
    let long = find("long@x.io");
    assert_eq!((&long["display_name"], &long["title"], &long["groups"]), (&json!(null), &json!("Boss"), &json!([])));
    let odd = find("odd@x.io");
    assert_eq!((&odd["role"], &odd["disabled"], &odd["groups"]), (&json!("read"), &json!(true), &json!([])));
}

#[test]
fn list_that_ends_early_imports_nothing() {
    let cut = |text: String| text[..text.len() - 2].to_owned();
    let page = |entries: Value| json!({"entries": entries, "resultsCount": 1}).to_string();
    let groups = || ("/api/v1/group/search?", page(json!([{"id": "staff", "memberGroups": [], "parentGroups": []}])));
    let users = || page(json!([{"id": "ada", "properties": {"groups": []}}]));
    for (source, answers, why) in [
        (
            "datadog",
            vec![("/api/v1/user", cut(json!({"users": [{"handle": "a"}, {"handle": "b"}]}).to_string()))],
            "the list ends after 2 users, and is not complete",
        ),
        ("nuxeo", vec![groups(), ("/api/v1/user/", cut(users()))], "a body that is not a page"),
        (
            "nuxeo",
            vec![
                groups(),
                ("/api/v1/user/", users()),
                ("/api/v1/group/staff?", r#"{"id":"staff","memberUsers":["late","#.to_owned()),
            ],
            "the list of the group \"staff\" is not complete",
        ),
    ] {
        let folder = Folder::new();
        let from = other_server(answers);
        let variables = [NUXEO[0], DATADOG[0], DATADOG[1]];
        let (status, out, err) = pull(&folder, &[source, "--from", &from], &variables);
        assert_eq!((status, out.as_str()), (1, ""), "{err}");
        assert!(err.contains(why), "no {why:?} in {err}");
        assert!(!folder.db().exists(), "{why}: a database was made");
    }
}

#[test]
fn a_pull_that_was_killed_and_is_run_again_ends_in_the_same_state() {
    let server = source();
    let from = format!("{}/nuxeo", server.url);
    let words = ["nuxeo", "--from", &from, "--on-conflict", "update"];
    let (whole, broken) = (Folder::new(), Folder::new());
    for folder in [&whole, &broken] {
        assert!(run(folder, &["key", "create", "api"]).status.success());
    }
    assert_eq!(pull(&whole, &words, &NUXEO).0, 0);
    let mut command = rollbook();
    command.arg("pull").args(words).args(["--batch", "1"]).env("ROLLBOOK_DB", broken.db()).envs(NUXEO);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
    wait_until("some users", || {
        assert!(child.try_wait().expect("a child").is_none(), "it is at its end already");
        State::of(&broken).rows("select id from users").len() > 100
    });
    child.kill().and_then(|()| child.wait()).expect("it is killed");
    assert!(State::of(&broken).rows("select id from users").len() < 1200);
    let (status, out, err) = pull(&broken, &words, &NUXEO);
    assert_eq!(status, 0, "{out}{err}");
    for kind in ["user", "group", "subgroup", "member"] {
        assert_eq!(records(&broken, kind), records(&whole, kind), "{kind}");
    }
    assert_eq!(State::of(&broken).rows("select digest from imports"), [""; 0]);
    assert!(said(&run(&broken, &["check"])).1.starts_with("ok: 1205 users, 6 groups,"));
}
