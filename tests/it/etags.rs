//! Tags of users and groups, and conditions on them, in both dialects.

use crate::support::cli::create_key;
use crate::support::client::{Answer, Connection, basic, request, write};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_group, create_user, refusal};
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Barrier, Mutex};

const DATADOG: &str = "/api/v1/user";
const USER: &str = "/nuxeo/api/v1/user";
const GROUP: &str = "/nuxeo/api/v1/group";
const ALL_LISTS: &str = "fetch-group=memberUsers,memberGroups,parentGroups";

/// Asks on that connection, with the administrator's credentials for both dialects. The path is whole.
fn ask_on(
    connection: &mut Connection,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Answer {
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let mut sent =
        vec![("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Authorization", authorization.as_str())];
    sent.extend(headers);
    connection.send(method, path, &sent, body.map(str::as_bytes));
    connection.answer(method == "HEAD")
}

fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
    ask_on(&mut Connection::open(server.address), method, path, headers, body)
}

fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(server, "GET", path, headers, None)
}

/// Calls without conditions that succeed.
fn call(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let text = body.to_string();
    let answer = ask(server, method, path, &[], (!body.is_null()).then_some(text.as_str()));
    assert!(answer.status < 300, "{method} {path} {body}: {} {}", answer.status, answer.text());
    answer
}

/// The one tag of an answer, which has the form that all have.
fn tag_of(answer: &Answer) -> String {
    let tags: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "ETag").map(|(_, value)| value.as_str()).collect();
    let [tag] = tags.as_slice() else { panic!("one tag: {tags:?} in {answer:?}") };
    let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).expect("a strong tag in quotes");
    let (state, variant) = opaque.split_once('-').unwrap_or((opaque, "1"));
    let digits = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert!(state.len() == 16 && digits(state), "{tag}");
    assert!(variant.len() == 1 && digits(variant) && variant != "0", "{tag}");
    (*tag).to_owned()
}

/// The tag of what is at that path.
fn tag(server: &Server, path: &str) -> String {
    let answer = get(server, path, &[]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    tag_of(&answer)
}

/// The part of a tag that stands for the state.
fn state_of(tag: &str) -> &str {
    &tag[1..17]
}

fn group_body(mut body: Value) -> Value {
    body["entity-type"] = json!("group");
    body
}

fn properties(properties: Value) -> Value {
    json!({"entity-type": "user", "properties": properties})
}

/// What a condition that is not met is answered with at that path.
fn not_met(path: &str) -> (u16, Value) {
    if path.starts_with("/nuxeo") {
        (412, refusal(412, "Precondition Failed"))
    } else {
        (412, json!({"errors": ["Precondition failed"]}))
    }
}

/// The user `ada`, in the group `team`, which is below `all`; and the user `ada@example.com`, in none.
fn directory() -> Server {
    let server = Server::start();
    create_group(&server, json!({"id": "all", "grouplabel": "All of us"}));
    create_group(&server, json!({"id": "team", "parentGroups": ["all"]}));
    create_user(&server, json!({"username": "ada", "password": "secret", "groups": ["team"]}));
    create_user(&server, json!({"username": "ada@example.com"}));
    server
}

// ------------------------------------------------------------------------------------------ tags

#[test]
fn answers_that_show_one_user_or_group_have_a_tag_and_no_others() {
    let server = directory();
    let authorization = basic("ada", "secret");
    assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &[("Authorization", &authorization)], None).status, 200);
    let none = || Value::Null;
    let password = || json!({"oldPassword": ADMIN_PASSWORD, "newPassword": ADMIN_PASSWORD});
    let rows = [
        ("GET", "/api/v1/user/ada", none(), 200, true),
        ("HEAD", "/api/v1/user/ada", none(), 200, true),
        ("PUT", "/api/v1/user/ada", json!({"name": "Ada"}), 200, true),
        ("POST", "/api/v1/user", json!({"handle": "eve@example.com"}), 200, true),
        ("DELETE", "/api/v1/user/eve@example.com", none(), 200, false),
        ("POST", "/api/v1/user", json!({"handle": "eve@example.com"}), 200, true),
        ("POST", "/api/v1/user", json!({"handle": "ada@example.com"}), 409, false),
        ("POST", "/api/v1/invite_users", json!({"emails": ["ada@example.com"]}), 200, false),
        ("GET", "/api/v1/user", none(), 200, false),
        ("GET", "/api/v1/user?page_size=1", none(), 200, false),
        ("GET", "/api/v1/user/nobody", none(), 404, false),
        ("GET", "/api/v1/validate", none(), 200, false),
        ("GET", "/nuxeo/api/v1/user/ada", none(), 200, true),
        ("GET", "/nuxeo/site/api/v1/user/ada", none(), 200, true),
        ("GET", "/nuxeo/api/v1/repo/default/user/ada", none(), 200, true),
        ("HEAD", "/nuxeo/api/v1/user/ada", none(), 200, true),
        ("PUT", "/nuxeo/api/v1/user/ada", properties(json!({"firstName": "Ada"})), 200, true),
        ("POST", "/nuxeo/api/v1/user", properties(json!({"username": "bob"})), 201, true),
        ("POST", "/nuxeo/api/v1/user", properties(json!({"username": "bob"})), 409, false),
        ("POST", "/nuxeo/api/v1/user/bob/group/team", none(), 201, false),
        ("POST", "/nuxeo/api/v1/group/team/user/bob", none(), 201, false),
        ("DELETE", "/nuxeo/api/v1/group/team/user/bob", none(), 200, false),
        ("DELETE", "/nuxeo/api/v1/user/bob", none(), 204, false),
        ("GET", "/nuxeo/api/v1/user/nobody", none(), 404, false),
        ("GET", "/nuxeo/api/v1/user/search?q=*", none(), 200, false),
        ("GET", "/nuxeo/api/v1/user/transient/a/b", none(), 200, true),
        ("GET", "/nuxeo/api/v1/me", none(), 200, true),
        ("PUT", "/nuxeo/api/v1/me/changepassword", password(), 200, false),
        ("GET", "/nuxeo/api/v1/group/team", none(), 200, true),
        ("GET", "/nuxeo/site/api/v1/group/team", none(), 200, true),
        ("GET", "/nuxeo/api/v1/repo/default/group/team", none(), 200, true),
        ("HEAD", "/nuxeo/api/v1/group/team", none(), 200, true),
        ("PUT", "/nuxeo/api/v1/group/team", group_body(json!({"grouplabel": "The team"})), 200, true),
        ("POST", "/nuxeo/api/v1/group", group_body(json!({"id": "crew"})), 201, true),
        ("DELETE", "/nuxeo/api/v1/group/crew", none(), 204, false),
        ("GET", "/nuxeo/api/v1/group/nowhere", none(), 404, false),
        ("GET", "/nuxeo/api/v1/group/search?q=*", none(), 200, false),
        ("GET", "/nuxeo/api/v1/group/team/@users", none(), 200, false),
        ("GET", "/nuxeo/api/v1/group/team/@groups", none(), 200, false),
        ("GET", "/nuxeo/api/v1/capabilities", none(), 200, false),
    ];
    for (method, path, body, status, tagged) in rows {
        let text = body.to_string();
        let answer = ask(&server, method, path, &[], (!body.is_null()).then_some(text.as_str()));
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text());
        assert_eq!(answer.header("ETag").is_some(), tagged, "{method} {path} {body}: {:?}", answer.headers);
        if tagged {
            tag_of(&answer);
            // One field more than others have, and no other.
            let mut names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            let usual = [
                "Cache-Control",
                "Content-Length",
                "Content-Type",
                "Date",
                "ETag",
                "X-Content-Type-Options",
                "X-Request-Id",
            ];
            assert_eq!(names, usual, "{method} {path} {body}");
        }
    }
}

#[test]
fn the_answer_to_a_change_has_the_tag_that_the_next_look_shows() {
    let server = directory();
    let rows = [
        (
            "POST",
            "/api/v1/user",
            json!({"handle": "eve@example.com", "access_role": "adm"}),
            "/api/v1/user/eve@example.com",
        ),
        ("PUT", "/api/v1/user/eve@example.com", json!({"access_role": "ro", "disabled": true}), ""),
        ("POST", "/api/v1/user", json!({"handle": "eve@example.com", "name": "Eve"}), "/api/v1/user/eve@example.com"),
        ("PUT", "/api/v1/user/ada", json!({"name": "Ada"}), ""),
        ("PUT", "/api/v1/user/ada", json!({}), ""),
        (
            "POST",
            "/nuxeo/api/v1/user",
            properties(json!({"username": "bob", "groups": ["team"]})),
            "/nuxeo/api/v1/user/bob",
        ),
        ("PUT", "/nuxeo/api/v1/user/bob", properties(json!({"groups": ["all", "team"], "title": "x"})), ""),
        ("PUT", "/nuxeo/api/v1/user/bob", properties(json!({"password": "secret"})), ""),
        (
            "POST",
            "/nuxeo/api/v1/group",
            group_body(json!({"id": "crew", "memberUsers": ["bob"]})),
            "/nuxeo/api/v1/group/crew",
        ),
        ("PUT", "/nuxeo/api/v1/group/crew", group_body(json!({"memberUsers": ["ada"], "grouplabel": "x"})), ""),
    ];
    for (method, path, body, shown_at) in rows {
        let changed = call(&server, method, path, &body);
        let shown_at = if shown_at.is_empty() { path } else { shown_at };
        let look = get(&server, shown_at, &[]);
        assert_eq!(tag_of(&look), tag_of(&changed), "{method} {path} {body}");
        let head = ask(&server, "HEAD", shown_at, &[], None);
        assert_eq!(tag_of(&head), tag_of(&look), "{shown_at}");
    }
    // With options, too.
    let path = format!("{GROUP}/crew?{ALL_LISTS}");
    assert_eq!(tag_of(&call(&server, "PUT", &path, &group_body(json!({"memberUsers": []})))), tag(&server, &path));
    let path = format!("{USER}/bob?enrichers.user=userprofile");
    assert_eq!(tag_of(&call(&server, "PUT", &path, &properties(json!({"title": "y"})))), tag(&server, &path));
}

#[test]
fn a_change_that_changes_nothing_leaves_the_tag() {
    let server = directory();
    call(&server, "PUT", "/api/v1/user/ada", &json!({"name": "Ada", "access_role": "ro"}));
    call(&server, "PUT", "/nuxeo/api/v1/group/all", &group_body(json!({"memberUsers": ["ada", "nobody"]})));
    let paths = [format!("{DATADOG}/ada"), format!("{USER}/ada"), format!("{GROUP}/team"), format!("{GROUP}/all")];
    let tags = || paths.each_ref().map(|path| tag(&server, path));
    let before = tags();
    let rows = [
        ("PUT", "/api/v1/user/ada", json!({})),
        ("PUT", "/api/v1/user/ada", json!({"name": "Ada", "access_role": "ro", "disabled": false})),
        ("PUT", "/api/v1/user/ada", get(&server, &paths[0], &[]).json()["user"].clone()),
        ("PUT", "/nuxeo/api/v1/user/ada", get(&server, &paths[1], &[]).json()),
        ("PUT", "/nuxeo/api/v1/group/team", get(&server, &paths[2], &[]).json()),
        ("PUT", "/nuxeo/api/v1/group/all", get(&server, &format!("{}?{ALL_LISTS}", paths[3]), &[]).json()),
        ("POST", "/nuxeo/api/v1/user/ada/group/team", Value::Null),
        ("POST", "/api/v1/invite_users", json!({"emails": ["ada@example.com"]})),
    ];
    for (method, path, body) in rows {
        call(&server, method, path, &body);
        assert_eq!(tags(), before, "{method} {path} {body}");
    }
    // It outlives the server, too.
    let folder = server.folder.clone();
    assert!(server.stop().success());
    let server = Server::over(folder, &[]);
    assert_eq!(paths.each_ref().map(|path| tag(&server, path)), before);
}

#[test]
fn a_change_in_one_dialect_alters_the_tag_in_the_other() {
    let server = directory();
    let (datadog, nuxeo) = (format!("{DATADOG}/ada"), format!("{USER}/ada"));
    // The call, and whether it alters what Datadog shows of the user, and what Nuxeo does.
    let rows = [
        ("PUT", datadog.as_str(), json!({"name": "Ada"}), true, true),
        ("PUT", &datadog, json!({"access_role": "ro"}), true, true),
        ("PUT", &nuxeo, properties(json!({"firstName": "Ada"})), true, true),
        ("PUT", &nuxeo, properties(json!({"anything": 1})), true, true),
        ("PUT", &nuxeo, properties(json!({"password": "another"})), true, true),
        // Memberships, in the order and under the names that the user is shown with.
        ("POST", "/nuxeo/api/v1/user/ada/group/members", Value::Null, false, true),
        ("PUT", &nuxeo, properties(json!({"groups": ["members", "team"]})), false, true),
        ("DELETE", "/nuxeo/api/v1/group/members/user/ada", Value::Null, false, true),
        ("PUT", "/nuxeo/api/v1/group/team", group_body(json!({"grouplabel": "The team"})), false, true),
        ("PUT", "/nuxeo/api/v1/group/all", group_body(json!({"grouplabel": "Everybody"})), false, true),
        ("PUT", "/nuxeo/api/v1/group/all", group_body(json!({"parentGroups": ["members"]})), false, true),
        ("PUT", "/nuxeo/api/v1/group/members", group_body(json!({"grouplabel": "Them"})), false, true),
        ("PUT", "/nuxeo/api/v1/group/all", group_body(json!({"memberUsers": ["ada"]})), false, true),
        ("PUT", "/nuxeo/api/v1/group/all", group_body(json!({"memberUsers": [], "parentGroups": []})), false, true),
        // The right of an administrator, given and taken.
        ("PUT", &datadog, json!({"access_role": "adm"}), true, true),
        ("PUT", &datadog, json!({"access_role": "st"}), true, true),
        ("PUT", "/nuxeo/api/v1/group/administrators", group_body(json!({"memberGroups": ["all"]})), true, true),
        ("DELETE", "/nuxeo/api/v1/group/all", Value::Null, true, true),
        // What is about others, or shown nowhere.
        (
            "PUT",
            "/nuxeo/api/v1/group/team",
            group_body(json!({"memberUsers": ["ada@example.com", "ada"]})),
            false,
            false,
        ),
        ("PUT", "/nuxeo/api/v1/group/administrators", group_body(json!({"grouplabel": "Them"})), false, false),
        ("PUT", "/nuxeo/api/v1/user/ada@example.com", properties(json!({"firstName": "Ada"})), false, false),
        ("DELETE", &datadog, Value::Null, true, true),
    ];
    for (method, path, body, in_datadog, in_nuxeo) in rows {
        let before = [tag(&server, &datadog), tag(&server, &nuxeo)];
        call(&server, method, path, &body);
        let after = [tag(&server, &datadog), tag(&server, &nuxeo)];
        let altered = [before[0] != after[0], before[1] != after[1]];
        assert_eq!(altered, [in_datadog, in_nuxeo], "{method} {path} {body}");
    }
}

#[test]
fn the_first_login_alters_the_tag() {
    let server = directory();
    let paths = [format!("{DATADOG}/ada"), format!("{USER}/ada")];
    let before = paths.each_ref().map(|path| tag(&server, path));
    let me = |server: &Server| server.nuxeo_as(("ada", "secret"), "GET", "/me", None);
    let first = me(&server);
    let after = paths.each_ref().map(|path| tag(&server, path));
    assert!(before[0] != after[0] && before[1] != after[1], "{before:?} {after:?}");
    // Who asks about themself sees the tag of their user.
    assert_eq!([tag_of(&first), tag_of(&me(&server))], [after[1].clone(), after[1].clone()]);
}

#[test]
fn who_is_created_again_has_another_tag() {
    let server = directory();
    for (create, path, body) in [
        (USER, format!("{USER}/bob"), properties(json!({"username": "bob"}))),
        (GROUP, format!("{GROUP}/crew"), group_body(json!({"id": "crew"}))),
    ] {
        let first = call(&server, "POST", create, &body);
        call(&server, "DELETE", &path, &Value::Null);
        let second = call(&server, "POST", create, &body);
        assert_eq!(first.json(), second.json());
        assert_ne!(tag_of(&first), tag_of(&second), "{path}");
    }
}

#[test]
fn a_clock_that_stands_still_makes_no_two_tags_the_same() {
    let mut server = directory();
    create_group(&server, json!({"id": "crew"}));
    let paths = [
        format!("{DATADOG}/ada"),
        format!("{DATADOG}/ada@example.com"),
        format!("{USER}/ada"),
        format!("{GROUP}/team"),
        format!("{GROUP}/crew"),
    ];
    let mut tags = Vec::new();
    // The same version at another time is what a restored backup can come to.
    for (version, time) in [(1, 0), (2, 0), (2, 1)] {
        let folder = server.folder.clone();
        assert!(server.stop().success());
        let sql = format!(
            "update users set updated_at = {time}, version = {version};
             update groups set updated_at = {time}, version = {version}"
        );
        rusqlite::Connection::open(folder.db()).and_then(|db| db.execute_batch(&sql)).expect("a database");
        server = Server::over(folder, &[]);
        tags.extend(paths.each_ref().map(|path| tag(&server, path)));
    }
    let different: HashSet<&String> = tags.iter().collect();
    assert_eq!(different.len(), tags.len(), "{tags:?}");
}

#[test]
fn each_document_of_a_state_has_a_tag_of_its_own() {
    let server = directory();
    let group = |query: &str| tag(&server, &format!("{GROUP}/team{query}"));
    let plain = group("");
    assert_eq!(plain.len(), 18, "{plain}");
    let lists = ["memberUsers", "memberGroups", "parentGroups"];
    let mut tags = vec![plain.clone()];
    for wanted in 1..8_usize {
        let names: Vec<&str> = (0..3).filter(|list| wanted >> list & 1 == 1).map(|list| lists[list]).collect();
        let names = names.join(",");
        let by_query = group(&format!("?fetch-group={names}"));
        let path = format!("{GROUP}/team");
        assert_eq!(tag_of(&get(&server, &path, &[("X-NXfetch.group", &names)])), by_query, "{names}");
        assert_eq!(state_of(&by_query), state_of(&plain), "{names}");
        assert!(!tags.contains(&by_query), "{names}: {by_query} in {tags:?}");
        tags.push(by_query);
    }
    let user = |headers: &[(&str, &str)]| tag_of(&get(&server, &format!("{USER}/ada"), headers));
    let (plain, enriched) = (user(&[]), user(&[("enrichers.user", "userprofile")]));
    assert_ne!(plain, enriched);
    assert_eq!((plain.len(), state_of(&plain)), (18, state_of(&enriched)));
}

/// Whatever happens, an answer that is another one has another tag: calls in an order by chance, and a look at
/// everybody after each.
#[test]
fn no_two_documents_at_one_address_ever_have_the_same_tag() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    let seed = Random::seed("ROLLBOOK_SEED", 20_260_714);
    println!("ROLLBOOK_SEED={seed}");
    let mut random = Random::new(seed);
    let users = ["ada", "bob", "eve@example.com"];
    let groups = ["one", "two", "three", "administrators"];
    let texts = ["x", "y", "z"];
    let mut seen: HashMap<String, HashMap<String, Vec<u8>>> = HashMap::new();
    let mut done = 0;
    for _ in 0..600 {
        let (user, group) = (random.pick(&users), random.pick(&groups));
        let mut some = |names: &[&'static str]| -> Vec<&'static str> {
            (0..random.below(4)).map(|_| random.pick(names)).collect()
        };
        // Who asks has to stay an administrator.
        let user_list = [some(&users), vec!["Administrator"]].concat();
        let (group_list, parents) = (some(&groups), some(&groups));
        let text = random.pick(&texts);
        let (method, path, body) = match random.below(18) {
            0 | 14 => ("POST", USER.to_owned(), properties(json!({"username": user, "groups": group_list}))),
            1 | 15..17 => ("POST", GROUP.to_owned(), group_body(json!({"id": group, "memberUsers": user_list}))),
            2 => ("POST", DATADOG.to_owned(), json!({"handle": "eve@example.com", "name": text})),
            3 => ("PUT", format!("{DATADOG}/{user}"), json!({"name": text, "disabled": false})),
            4 => ("PUT", format!("{DATADOG}/{user}"), json!({"access_role": random.pick(&["st", "ro", "adm"])})),
            5 => ("PUT", format!("{USER}/{user}"), properties(json!({"firstName": text, "extra": text}))),
            6 => ("PUT", format!("{USER}/{user}"), properties(json!({"groups": group_list}))),
            7 => ("POST", format!("{USER}/{user}/group/{group}"), Value::Null),
            8 => ("DELETE", format!("{GROUP}/{group}/user/{user}"), Value::Null),
            9 => ("PUT", format!("{GROUP}/{group}"), group_body(json!({"grouplabel": text}))),
            10 => ("PUT", format!("{GROUP}/{group}"), group_body(json!({"memberUsers": user_list}))),
            11 => ("PUT", format!("{GROUP}/{group}"), group_body(json!({"memberGroups": group_list}))),
            12 => ("PUT", format!("{GROUP}/{group}"), group_body(json!({"parentGroups": parents}))),
            _ => match random.below(8) {
                0 => ("DELETE", format!("{USER}/{user}"), Value::Null),
                1 if group != "administrators" => ("DELETE", format!("{GROUP}/{group}"), Value::Null),
                _ => ("DELETE", format!("{DATADOG}/{user}"), Value::Null),
            },
        };
        let text = body.to_string();
        let sent = (!body.is_null()).then_some(text.as_str());
        done += usize::from(ask_on(&mut connection, method, &path, &[], sent).status < 300);
        let shown = users.iter().flat_map(|user| [format!("{DATADOG}/{user}"), format!("{USER}/{user}")]);
        let shown = shown.chain(groups.iter().map(|group| format!("{GROUP}/{group}?{ALL_LISTS}")));
        for address in shown {
            let answer = ask_on(&mut connection, "GET", &address, &[], None);
            if answer.status == 200 {
                let documents = seen.entry(address.clone()).or_default();
                let document = documents.entry(tag_of(&answer)).or_insert_with(|| answer.body.clone());
                let known = String::from_utf8_lossy(document).into_owned();
                assert_eq!(answer.text(), known, "{address} after {method} {path} {text}");
            }
        }
    }
    let tags = seen.values().map(HashMap::len).sum::<usize>();
    println!("{done} changes, {tags} tags");
    assert!(done > 200 && tags > 500, "no stand-still: {done} changes, {tags} tags");
}

// ------------------------------------------------------------------------------------------ reading

#[test]
fn who_has_the_document_is_told_so_without_one() {
    let server = directory();
    let mut connection = Connection::open(server.address);
    for path in [
        "/api/v1/user/ada",
        "/api/v1/users/ADA/",
        "/nuxeo/api/v1/user/ada",
        "/nuxeo/site/api/v1/user/ada",
        "/nuxeo/api/v1/repo/default/user/ada",
        "/nuxeo/api/v1/user/ada?enrichers.user=userprofile",
        "/nuxeo/api/v1/user/transient/a/b",
        "/nuxeo/api/v1/me",
        "/nuxeo/api/v1/group/team",
        "/nuxeo/api/v1/repo/default/group/team",
        "/nuxeo/api/v1/group/team?fetch-group=memberUsers",
    ] {
        let tag = tag(&server, path);
        for method in ["GET", "HEAD"] {
            for sent in [tag.as_str(), &format!("W/{tag}"), "*"] {
                let answer = ask_on(&mut connection, method, path, &[("If-None-Match", sent)], None);
                assert_eq!((answer.status, tag_of(&answer)), (304, tag.clone()), "{method} {path} {sent}");
                let mut names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                let expected = ["Cache-Control", "Date", "ETag", "X-Content-Type-Options", "X-Request-Id"];
                assert_eq!(names, expected, "{method} {path} {sent}");
            }
            // Another tag, and no condition: the whole answer, with nothing of a body left before it.
            for headers in [&[("If-None-Match", r#""0123456789abcdef""#)][..], &[]] {
                let answer = ask_on(&mut connection, method, path, headers, None);
                assert_eq!((answer.status, tag_of(&answer)), (200, tag.clone()), "{method} {path} {headers:?}");
                assert_eq!(answer.body.is_empty(), method == "HEAD", "{method} {path} {headers:?}");
            }
        }
    }
}

#[test]
fn who_has_another_document_of_the_state_gets_the_one_asked_for() {
    let server = directory();
    for (path, option) in [
        (format!("{GROUP}/team"), ("fetch-group", "memberUsers")),
        (format!("{USER}/ada"), ("enrichers.user", "userprofile")),
    ] {
        let (plain, other) = (tag(&server, &path), tag_of(&get(&server, &path, &[option])));
        let rows =
            [(&plain, vec![], 304), (&other, vec![], 200), (&plain, vec![option], 200), (&other, vec![option], 304)];
        for (known, mut headers, status) in rows {
            headers.push(("If-None-Match", known));
            assert_eq!(get(&server, &path, &headers).status, status, "{path} {headers:?}");
        }
        let both = format!("{plain}, {other}");
        assert_eq!(get(&server, &path, &[option, ("If-None-Match", &both)]).status, 304, "{path}");
        // Which state it is shows either.
        for known in [&plain, &other] {
            assert_eq!(get(&server, &path, &[option, ("If-Match", known)]).status, 200, "{path} {known}");
        }
    }
}

#[test]
fn a_change_is_news() {
    let server = directory();
    for (path, body) in [
        (format!("{DATADOG}/ada"), json!({"name": "Ada"})),
        (format!("{USER}/ada"), properties(json!({"firstName": "Ada"}))),
        (format!("{GROUP}/team"), group_body(json!({"grouplabel": "The team"}))),
    ] {
        let old = tag(&server, &path);
        let new = tag_of(&call(&server, "PUT", &path, &body));
        assert_ne!(old, new, "{path}");
        let answer = get(&server, &path, &[("If-None-Match", &old)]);
        assert_eq!((answer.status, tag_of(&answer)), (200, new.clone()), "{path}");
        assert_eq!(get(&server, &path, &[("If-None-Match", &new)]).status, 304, "{path}");
        assert_eq!(get(&server, &path, &[("If-Match", &old)]).parts(), not_met(&path));
        assert_eq!(ask(&server, "HEAD", &path, &[("If-Match", &old)], None).status, 412, "{path}");
        assert_eq!(get(&server, &path, &[("If-Match", &new)]).status, 200, "{path}");
    }
}

/// Whether a field with a list of tags names the one that is meant, for `If-Match`, and for `If-None-Match`.
#[derive(Clone, Copy)]
enum Names {
    Both,
    Neither,
    /// Weak tags are compared by those who read only.
    OnlyWeakly,
    Broken,
}

/// Every form of a field; `@` stands for the tag that is there, without its quotes, and a line break for another field
/// of the same name.
const FORMS: &[(&str, Names)] = &[
    (r#""@""#, Names::Both),
    ("*", Names::Both),
    (" \t\"@\"\t ", Names::Both),
    (r#""other", "@""#, Names::Both),
    (r#""@","other""#, Names::Both),
    ("\"other\"\t ,\t \"@\"", Names::Both),
    (r#",, ,"@" , ,"#, Names::Both),
    ("\"other\"\n\"@\"", Names::Both),
    ("\"@\"\n\"other\"", Names::Both),
    ("\n\"@\"", Names::Both),
    ("*\n*", Names::Both),
    (r#"W/"other","@""#, Names::Both),
    // A comma inside quotes is part of the tag.
    (r#""a,b", "@""#, Names::Both),
    (r#""", "@""#, Names::Both),
    (r#""!#$%&'()*+,-./:;<=>?[\]^_`{|}~", "@""#, Names::Both),
    (r#"W/"@""#, Names::OnlyWeakly),
    (r#"W/"@", "other""#, Names::OnlyWeakly),
    (r#""other", W/"@""#, Names::OnlyWeakly),
    (r#""other""#, Names::Neither),
    (r#""""#, Names::Neither),
    ("", Names::Neither),
    (",", Names::Neither),
    (r#""other,@""#, Names::Neither),
    (r#""@ ""#, Names::Broken),
    (r#""@x""#, Names::Neither),
    (r#""@-0""#, Names::Neither),
    (r#""@-""#, Names::Neither),
    (r#""@-10""#, Names::Neither),
    (r#""x@""#, Names::Neither),
    (r#""0@""#, Names::Neither),
    ("@", Names::Broken),
    ("'@'", Names::Broken),
    (r#""@"#, Names::Broken),
    (r#"@""#, Names::Broken),
    (r#""@" "other""#, Names::Broken),
    (r#""@";"other""#, Names::Broken),
    (r#""@", other"#, Names::Broken),
    (r#""other", @"#, Names::Broken),
    (r#"w/"@""#, Names::Broken),
    (r#"W/ "@""#, Names::Broken),
    ("W/@", Names::Broken),
    ("W/*", Names::Broken),
    (r#""*""#, Names::Neither),
    (r#"*, "@""#, Names::Broken),
    (r#""@", *"#, Names::Broken),
    ("*\n\"@\"", Names::Broken),
    ("**", Names::Broken),
    ("* *", Names::Broken),
    ("\"a\tb\", \"@\"", Names::Broken),
    ("\"@\"\nother", Names::Broken),
];

/// The lines of a head with that field in that form.
fn lines(name: &str, form: &str, tag: &str) -> String {
    let form = form.replacen('@', tag.trim_matches('"'), 1);
    form.split('\n').map(|line| format!("{name}: {line}\r\n")).collect()
}

/// Asserts that the field was refused, in the document that belongs to the path.
fn assert_unclear(answer: &Answer, path: &str, name: &str, what: &str) {
    let message = format!("{name} is neither * nor a list of tags in quotes");
    let document =
        if path.starts_with("/nuxeo") { refusal(400, &message) } else { json!({"errors": [message.as_str()]}) };
    assert_eq!(answer.parts(), (400, document), "{what}");
}

#[test]
fn a_list_of_tags_is_understood_in_every_form() {
    let server = directory();
    let mut connection = Connection::open(server.address);
    for path in ["/api/v1/user/ada", "/nuxeo/api/v1/user/ada", "/nuxeo/api/v1/group/team"] {
        let tag = tag(&server, path);
        for (form, names) in FORMS {
            for name in ["If-Match", "if-none-match"] {
                let wanted = name == "If-Match";
                let lines = lines(name, form, &tag);
                write(&mut connection, request(&format!("GET {path} HTTP/1.1"), &lines, ""));
                let answer = connection.answer(false);
                let what = format!("{path} {lines:?}");
                match (names, wanted) {
                    (Names::Broken, true) => assert_unclear(&answer, path, "If-Match", &what),
                    (Names::Broken, false) => assert_unclear(&answer, path, "If-None-Match", &what),
                    (Names::Both, true) => assert_eq!((answer.status, tag_of(&answer)), (200, tag.clone()), "{what}"),
                    (Names::Neither | Names::OnlyWeakly, true) => assert_eq!(answer.parts(), not_met(path), "{what}"),
                    (Names::Both | Names::OnlyWeakly, false) => {
                        assert_eq!((answer.status, tag_of(&answer)), (304, tag.clone()), "{what}");
                    }
                    (Names::Neither, false) => {
                        assert_eq!((answer.status, tag_of(&answer)), (200, tag.clone()), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_tag_of_bytes_that_are_no_text_is_one_of_others() {
    let server = directory();
    let path = "/api/v1/user/ada";
    let tag = tag(&server, path);
    let mut head = request(&format!("GET {path} HTTP/1.1"), "If-None-Match: \"other\", \r\n", "").into_bytes();
    let at = head.windows(7).position(|bytes| bytes == b"\"other\"").expect("the tag");
    head.splice(at + 1..at + 6, [0x80, 0xff, 0xc3]);
    let mut connection = Connection::open(server.address);
    write(&mut connection, &head);
    assert_eq!(connection.answer(false).status, 200);
    let end = head.windows(2).rposition(|bytes| bytes == b", ").expect("the comma") + 2;
    head.splice(end..end, tag.bytes());
    write(&mut connection, &head);
    assert_eq!(connection.answer(false).status, 304);
}

#[test]
fn both_fields_count_and_the_one_for_changes_comes_first() {
    let server = directory();
    for path in ["/api/v1/user/ada", "/nuxeo/api/v1/user/ada", "/nuxeo/api/v1/group/team"] {
        let tag = tag(&server, path);
        let (known, other) = (tag.as_str(), r#""0123456789abcdef""#);
        for (wanted, unwanted, status) in [
            (known, known, 304),
            (known, other, 200),
            (other, known, 412),
            (other, other, 412),
            ("*", "*", 304),
            (known, "x", 400),
            ("x", known, 400),
        ] {
            let answer = get(&server, path, &[("If-None-Match", unwanted), ("If-Match", wanted)]);
            assert_eq!(answer.status, status, "{path} {wanted} {unwanted}");
        }
    }
}

#[test]
fn lists_and_searches_know_no_conditions() {
    let server = directory();
    for path in [
        "/api/v1/user",
        "/api/v1/user?page_size=1",
        "/nuxeo/api/v1/user/search?q=*",
        "/nuxeo/api/v1/group/team/@users",
        "/nuxeo/api/v1/group/search?q=*",
    ] {
        let plain = get(&server, path, &[]);
        for headers in [("If-None-Match", "*"), ("If-None-Match", "x"), ("If-Match", r#""other""#)] {
            let answer = get(&server, path, &[headers]);
            assert_eq!((answer.status, &answer.body), (200, &plain.body), "{path} {headers:?}");
        }
    }
}

// ------------------------------------------------------------------------------------------ changing

/// Changes of what is at a path, and what they are answered with when they happen; a number makes one of each body.
fn changes(number: usize) -> Vec<(&'static str, String, Value, u16)> {
    let user = properties(json!({"firstName": format!("Ada {number}")}));
    let group = group_body(json!({"memberUsers": [format!("nobody{number}"), "ada"]}));
    vec![
        ("PUT", format!("{DATADOG}/ada"), json!({"name": format!("Ada {number}")}), 200),
        ("PUT", format!("{USER}/ada"), user.clone(), 200),
        ("PUT", format!("/nuxeo/api/v1/repo/default/user/ADA/?x={number}"), user, 200),
        ("PUT", format!("{GROUP}/team"), group.clone(), 200),
        ("PUT", format!("{GROUP}/team?{ALL_LISTS}"), group, 200),
        ("DELETE", format!("{DATADOG}/ada"), Value::Null, 200),
        ("DELETE", format!("{USER}/ada"), Value::Null, 204),
        ("DELETE", format!("{GROUP}/team"), Value::Null, 204),
    ]
}

/// A tag of ours that is nobody's.
const OTHER: &str = r#""0123456789abcdef""#;

#[test]
fn a_change_whose_condition_is_not_met_changes_nothing() {
    let server = directory();
    let state = State::of(&server.folder);
    for (method, path, body, _) in changes(0) {
        let tag = tag(&server, &path);
        let (weak, variant) = (format!("W/{tag}"), format!("\"{}-3\"", state_of(&tag)));
        let text = body.to_string();
        let sent = (!body.is_null()).then_some(text.as_str());
        let rows: &[(&[(&str, &str)], u16)] = &[
            (&[("If-Match", OTHER)], 412),
            (&[("If-Match", "")], 412),
            (&[("If-Match", r#""abc", "def""#)], 412),
            (&[("If-Match", &weak)], 412),
            (&[("If-None-Match", &tag)], 412),
            (&[("If-None-Match", &weak)], 412),
            (&[("If-None-Match", &variant)], 412),
            (&[("If-None-Match", "*")], 412),
            (&[("If-Match", &tag), ("If-None-Match", "*")], 412),
            (&[("If-Match", OTHER), ("If-None-Match", OTHER)], 412),
            (&[("If-Match", state_of(&tag))], 400),
            (&[("If-None-Match", "**")], 400),
            (&[("If-Match", &tag), ("If-None-Match", "x")], 400),
        ];
        let before = state.whole();
        for (conditions, status) in rows {
            let answer = ask(&server, method, &path, conditions, sent);
            let what = format!("{method} {path} {conditions:?}");
            match status {
                412 => assert_eq!(answer.parts(), not_met(&path), "{what}"),
                _ => assert_unclear(&answer, &path, conditions.last().expect("a condition").0, &what),
            }
            assert_eq!(State::differences(&before, &state.whole()), [""; 0], "{what}");
        }
    }
}

/// Conditions that something with that tag meets.
fn met(tag: &str) -> Vec<Vec<(&'static str, String)>> {
    let tag = || tag.to_owned();
    vec![
        vec![("If-Match", tag())],
        vec![("If-Match", "*".to_owned())],
        vec![("If-Match", format!("{OTHER}, {}", tag()))],
        vec![("If-Match", OTHER.to_owned()), ("If-Match", tag())],
        // Whoever has seen a group with its lists may change it without asking for them again, and the other way round.
        vec![("If-Match", format!("\"{}-7\"", state_of(&tag())))],
        vec![("If-Match", format!("\"{}\"", state_of(&tag())))],
        vec![("If-None-Match", OTHER.to_owned())],
        vec![("If-None-Match", String::new())],
        vec![("If-Match", tag()), ("If-None-Match", OTHER.to_owned())],
    ]
}

fn borrowed<'h>(headers: &'h [(&'static str, String)]) -> Vec<(&'h str, &'h str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn a_change_whose_condition_is_met_happens() {
    let server = directory();
    for at in 0..5 {
        for number in 0..met(OTHER).len() {
            let (method, path, body, _) = changes(number).swap_remove(at);
            let (tag, body) = (tag(&server, &path), body.to_string());
            let conditions = met(&tag).swap_remove(number);
            let answer = ask(&server, method, &path, &borrowed(&conditions), Some(&body));
            assert_eq!(answer.status, 200, "{method} {path} {conditions:?}: {}", answer.text());
            assert_ne!(tag_of(&answer), tag, "{method} {path} {conditions:?}");
            assert_eq!(tag_of(&answer), self::tag(&server, &path), "{method} {path} {conditions:?}");
            // Once in another state it cannot be done again.
            let again = ask(&server, method, &path, &[("If-Match", &tag)], Some(&body));
            assert_eq!(again.parts(), not_met(&path), "{method} {path}");
        }
    }
}

#[test]
fn a_deletion_whose_condition_is_met_happens() {
    let server = directory();
    for (base, status, then) in [(DATADOG, 200, 200), (USER, 204, 404), (GROUP, 204, 404)] {
        for number in 0..met(OTHER).len() {
            let name = format!("{}{number}", base.replace('/', "_"));
            match base {
                GROUP => create_group(&server, json!({"id": name})),
                _ => drop(create_user(&server, json!({"username": name}))),
            }
            let path = format!("{base}/{name}");
            let conditions = met(&tag(&server, &path)).swap_remove(number);
            let answer = ask(&server, "DELETE", &path, &borrowed(&conditions), None);
            assert_eq!(answer.status, status, "{path} {conditions:?}: {}", answer.text());
            assert_eq!(get(&server, &path, &[]).status, then, "{path}");
        }
    }
    assert_eq!(get(&server, &format!("{DATADOG}/_api_v1_user0"), &[]).json()["user"]["disabled"], json!(true));
}

#[test]
fn a_condition_on_a_change_is_understood_in_every_form() {
    let server = directory();
    let mut connection = Connection::open(server.address);
    for at in 0..5 {
        for (number, (form, names)) in FORMS.iter().enumerate() {
            let (method, path, body, _) = changes(number).swap_remove(at);
            for name in ["if-match", "If-None-Match"] {
                let tag = tag(&server, &path);
                let wanted = name == "if-match";
                let body = body.to_string();
                let lines = format!("{}Content-Length: {}\r\n", lines(name, form, &tag), body.len());
                write(&mut connection, request(&format!("{method} {path} HTTP/1.1"), &lines, &body));
                let answer = connection.answer(false);
                let what = format!("{method} {path} {lines:?}");
                match (names, wanted) {
                    (Names::Broken, true) => assert_unclear(&answer, &path, "If-Match", &what),
                    (Names::Broken, false) => assert_unclear(&answer, &path, "If-None-Match", &what),
                    (Names::Both, true) | (Names::Neither, false) => assert_eq!(answer.status, 200, "{what}"),
                    (Names::Neither | Names::OnlyWeakly, true) | (Names::Both | Names::OnlyWeakly, false) => {
                        assert_eq!(answer.parts(), not_met(&path), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_tag_from_the_other_dialect_is_one_of_others() {
    let server = directory();
    let (datadog, nuxeo) = (format!("{DATADOG}/ada@example.com"), format!("{USER}/ada@example.com"));
    let tags = [tag(&server, &datadog), tag(&server, &nuxeo)];
    for (path, foreign, body) in
        [(&datadog, &tags[1], json!({"name": "Ada"})), (&nuxeo, &tags[0], properties(json!({"firstName": "Ada"})))]
    {
        assert_eq!(get(&server, path, &[("If-None-Match", foreign)]).status, 200, "{path}");
        assert_eq!(get(&server, path, &[("If-Match", foreign)]).parts(), not_met(path));
        for (method, body) in [("PUT", Some(body.to_string())), ("DELETE", None)] {
            let answer = ask(&server, method, path, &[("If-Match", foreign)], body.as_deref());
            assert_eq!(answer.parts(), not_met(path), "{method} {path}");
        }
    }
}

#[test]
fn a_condition_is_about_what_the_dialect_shows() {
    let server = directory();
    let (datadog, nuxeo, group) = (format!("{DATADOG}/ada"), format!("{USER}/ada"), format!("{GROUP}/team"));
    let (members, all) = (format!("{GROUP}/members"), format!("{GROUP}/all"));
    let looks = [(&datadog, json!({})), (&nuxeo, properties(json!({}))), (&group, group_body(json!({})))];
    // What happens between a look and a change, and whether the change may happen then: in Datadog, in Nuxeo, and of the
    // group that the user is in.
    let rows = [
        ("POST", format!("{nuxeo}/group/members"), Value::Null, [true, false, true]),
        ("PUT", members.clone(), group_body(json!({"grouplabel": "Them"})), [true, false, true]),
        ("DELETE", format!("{nuxeo}/group/members"), Value::Null, [true, false, true]),
        ("PUT", all.clone(), group_body(json!({"grouplabel": "Us"})), [true, false, true]),
        ("PUT", all.clone(), group_body(json!({"parentGroups": ["members"]})), [true, false, true]),
        ("PUT", all, group_body(json!({"memberGroups": []})), [true, false, false]),
        ("POST", format!("{USER}/ada@example.com/group/team"), Value::Null, [true, true, false]),
        ("PUT", datadog.clone(), json!({"access_role": "adm"}), [false, false, true]),
        ("PUT", nuxeo.clone(), properties(json!({"extra": 1})), [false, false, true]),
        ("PUT", nuxeo.clone(), properties(json!({"extra": 1})), [true, true, true]),
        ("PUT", nuxeo.clone(), properties(json!({"password": "another"})), [false, false, true]),
        ("PUT", group.clone(), group_body(json!({"properties": {"description": "x"}})), [true, true, false]),
        ("PUT", group.clone(), group_body(json!({"properties": {"description": "x"}})), [true, true, true]),
    ];
    for (method, path, body, expected) in rows {
        let known = looks.each_ref().map(|(path, _)| tag(&server, path));
        call(&server, method, &path, &body);
        for (((at, change), known), expected) in looks.iter().zip(known).zip(expected) {
            let answer = ask(&server, "PUT", at, &[("If-Match", &known)], Some(&change.to_string()));
            let expected = if expected { 200 } else { 412 };
            assert_eq!(answer.status, expected, "{at} after {method} {path} {body}: {}", answer.text());
        }
    }
}

#[test]
fn what_is_refused_anyway_is_refused_as_without_a_condition() {
    let folder = Arc::new(Folder::new());
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let read_key = create_key(&folder, "app", Some("read"));
    let server = Server::over(folder, &[]);
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    create_user(&server, json!({"username": "deputy", "password": "secret", "groups": ["powerusers"]}));
    create_user(&server, json!({"username": "off"}));
    create_group(&server, json!({"id": "team"}));
    call(&server, "DELETE", "/api/v1/user/off", &Value::Null);
    let (ada, deputy, root) =
        (basic("ada", "secret"), basic("deputy", "secret"), basic("Administrator", ADMIN_PASSWORD));
    let [ada, deputy, root] =
        [&ada, &deputy, &root].map(|authorization| vec![("Authorization", authorization.as_str())]);
    let [keys, wrong, read] =
        [APP_KEY, "wrong", &read_key].map(|key| vec![("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", key)]);
    let stranger = Vec::new();
    let rows = [
        // Credentials,
        (&stranger, "GET", "/api/v1/user/ada", "", 403),
        (&wrong, "PUT", "/api/v1/user/ada", "{}", 403),
        (&stranger, "GET", "/nuxeo/api/v1/user/ada", "", 401),
        (&stranger, "DELETE", "/nuxeo/api/v1/group/team", "", 401),
        // paths and methods,
        (&keys, "GET", "/api/v1/nothing", "", 404),
        (&keys, "PATCH", "/api/v1/user/ada", "{}", 405),
        (&root, "POST", "/nuxeo/api/v1/group/team", "{}", 405),
        (&root, "GET", "/nuxeo/api/v1/user/%ff", "", 400),
        // permissions, also those that hang on whom it is about,
        (&read, "PUT", "/api/v1/user/ada", "{}", 403),
        (&read, "DELETE", "/api/v1/user/ada", "", 403),
        (&ada, "PUT", "/nuxeo/api/v1/user/deputy", r#"{"entity-type":"user"}"#, 403),
        (&ada, "DELETE", "/nuxeo/api/v1/group/team", "", 403),
        (&deputy, "DELETE", "/nuxeo/api/v1/user/Administrator", "", 403),
        (
            &deputy,
            "PUT",
            "/nuxeo/api/v1/user/ada",
            r#"{"entity-type":"user","properties":{"groups":["administrators"]}}"#,
            403,
        ),
        (&deputy, "PUT", "/nuxeo/api/v1/group/administrators", r#"{"entity-type":"group"}"#, 403),
        (&deputy, "PUT", "/nuxeo/api/v1/group/team", r#"{"entity-type":"group","parentGroups":["nowhere"]}"#, 403),
        (&deputy, "DELETE", "/nuxeo/api/v1/group/administrators", "", 403),
        // who is not there,
        (&keys, "GET", "/api/v1/user/nobody", "", 404),
        (&keys, "PUT", "/api/v1/user/nobody", "{}", 404),
        (&keys, "DELETE", "/api/v1/user/nobody", "", 404),
        (&root, "GET", "/nuxeo/api/v1/user/nobody", "", 404),
        (&root, "PUT", "/nuxeo/api/v1/user/nobody", r#"{"entity-type":"user"}"#, 404),
        (&root, "DELETE", "/nuxeo/api/v1/user/nobody", "", 404),
        (&root, "GET", "/nuxeo/api/v1/group/nowhere", "", 404),
        (&root, "PUT", "/nuxeo/api/v1/group/nowhere", r#"{"entity-type":"group"}"#, 404),
        (&root, "DELETE", "/nuxeo/api/v1/group/nowhere", "", 404),
        // and what cannot be.
        (&keys, "PUT", "/api/v1/user/ada", "{", 400),
        (&keys, "PUT", "/api/v1/user/ada", r#"{"access_role":"x"}"#, 400),
        (&keys, "DELETE", "/api/v1/user/off", "", 400),
        (&root, "PUT", "/nuxeo/api/v1/user/ada", "", 400),
        (&root, "PUT", "/nuxeo/api/v1/user/ada", r#"{"entity-type":"user","id":"off"}"#, 400),
        (&root, "PUT", "/nuxeo/api/v1/user/ada", r#"{"entity-type":"user","id":"nobody"}"#, 500),
        (&root, "PUT", "/nuxeo/api/v1/user/ada", r#"{"entity-type":"user","properties":{"firstName":"\u0000"}}"#, 400),
        (&root, "PUT", "/nuxeo/api/v1/user/ada", r#"{"entity-type":"user","properties":{"groups":["nowhere"]}}"#, 403),
        (&root, "PUT", "/nuxeo/api/v1/group/team", r#"{"entity-type":"group","memberUsers":"ada"}"#, 400),
        (&root, "PUT", "/nuxeo/api/v1/group/team", r#"{"entity-type":"group","grouplabel":"\u0000"}"#, 400),
        (&root, "PUT", "/nuxeo/api/v1/group/team", r#"{"entity-type":"group","id":"nowhere"}"#, 404),
    ];
    for (caller, method, path, body, status) in rows {
        let ask = |condition: &[(&str, &str)]| {
            let headers = [caller.as_slice(), condition].concat();
            let answer = server.request(method, path, &headers, (!body.is_empty()).then_some(body.as_bytes()));
            (answer.parts(), answer.header("ETag").map(str::to_owned))
        };
        let without = ask(&[]);
        assert_eq!((without.0.0, &without.1), (status, &None), "{method} {path} {body}: {:?}", without.0.1);
        for condition in [
            ("If-Match", OTHER),
            ("If-Match", "*"),
            ("If-Match", "broken"),
            ("If-None-Match", "*"),
            ("If-None-Match", "broken"),
        ] {
            assert_eq!(ask(&[condition]), without, "{method} {path} {body} {condition:?}");
        }
    }
}

#[test]
fn what_only_the_change_finds_out_comes_after_the_condition() {
    let server = directory();
    let long = "x".repeat(70_000);
    let rows = [
        ("DELETE", format!("{DATADOG}/Administrator"), Value::Null, 400),
        ("DELETE", format!("{USER}/Administrator"), Value::Null, 409),
        ("DELETE", format!("{GROUP}/administrators"), Value::Null, 409),
        ("PUT", format!("{USER}/Administrator"), properties(json!({"groups": []})), 409),
        ("PUT", format!("{USER}/ada"), properties(json!({"extra": long})), 400),
        ("PUT", format!("{GROUP}/administrators"), group_body(json!({"memberUsers": []})), 409),
        ("PUT", format!("{GROUP}/all"), group_body(json!({"parentGroups": ["team"]})), 400),
        ("PUT", format!("{GROUP}/all"), group_body(json!({"memberUsers": ["\u{1}"]})), 400),
    ];
    let state = State::of(&server.folder);
    let before = state.whole();
    for (method, path, body, status) in rows {
        let text = body.to_string();
        let sent = (!body.is_null()).then_some(text.as_str());
        let tag = tag(&server, &path);
        for (condition, expected) in [(tag.as_str(), status), ("*", status), (OTHER, 412)] {
            let answer = ask(&server, method, &path, &[("If-Match", condition)], sent);
            assert_eq!(answer.status, expected, "{method} {path} {condition}: {}", answer.text());
        }
        assert_eq!(State::differences(&before, &state.whole()), [""; 0], "{method} {path}");
    }
}

/// Runs that many threads at once and returns what they were answered with, sorted.
fn at_once(count: usize, ask: impl Fn(usize) -> Answer + Sync) -> Vec<u16> {
    let barrier = Barrier::new(count);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (barrier, ask) = (&barrier, &ask);
                scope.spawn(move || {
                    barrier.wait();
                    ask(number).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    statuses
}

#[test]
fn of_many_changes_with_one_tag_one_happens() {
    const THREADS: usize = 24;
    let server = directory();
    for round in 0..6 {
        for at in 0..5 {
            let (_, path, ..) = changes(0).swap_remove(at);
            let tag = tag(&server, &path);
            let statuses = at_once(THREADS, |number| {
                // A body of their own each: what changes nothing would leave the tag to the next.
                let number = 1 + (round * 5 + at) * THREADS + number;
                let (method, _, body, _) = changes(number).swap_remove(at);
                ask(&server, method, &path, &[("If-Match", &tag)], Some(&body.to_string()))
            });
            let mut expected = vec![412; THREADS];
            expected[0] = 200;
            assert_eq!(statuses, expected, "{path}");
            assert_ne!(self::tag(&server, &path), tag, "{path}");
        }
    }
}

#[test]
fn of_a_change_and_a_deletion_with_one_tag_one_happens() {
    const THREADS: usize = 16;
    let server = Server::start();
    let (mut changed, mut deleted) = (0, 0);
    for round in 0..12 {
        create_user(&server, json!({"username": "ada"}));
        create_group(&server, json!({"id": "team"}));
        for (path, body) in [
            (format!("{USER}/ada"), properties(json!({"firstName": "Ada"}))),
            (format!("{GROUP}/team"), group_body(json!({"grouplabel": "The team"}))),
        ] {
            let tag = tag(&server, &path);
            let statuses = at_once(THREADS, |number| {
                let body = body.to_string();
                let (method, body) =
                    if (number + round) % 2 == 0 { ("PUT", Some(body.as_str())) } else { ("DELETE", None) };
                ask(&server, method, &path, &[("If-Match", &tag)], body)
            });
            let happened: Vec<u16> = statuses.iter().copied().filter(|status| *status < 300).collect();
            let refused = if happened == [204] { [404, 412] } else { [412, 412] };
            assert_eq!(happened.len(), 1, "{path}: {statuses:?}");
            assert!(
                statuses.iter().filter(|status| **status > 300).all(|status| refused.contains(status)),
                "{statuses:?}"
            );
            match happened[0] {
                204 => deleted += 1,
                _ => {
                    changed += 1;
                    call(&server, "DELETE", &path, &Value::Null);
                }
            }
        }
    }
    println!("{changed} changed, {deleted} deleted");
}

#[test]
fn who_asks_again_after_a_412_loses_nothing_of_what_others_have_done() {
    const THREADS: usize = 6;
    const EACH: usize = 8;
    let server = directory();
    type Get = fn(&Value) -> usize;
    type Put = fn(usize) -> Value;
    let counters: [(String, Get, Put); 3] = [
        (
            format!("{DATADOG}/ada"),
            |document| document["user"]["name"].as_str().map_or(0, |name| name.parse().expect("a number")),
            |count| json!({"name": count.to_string()}),
        ),
        (
            format!("{USER}/ada"),
            |document| {
                document["properties"]["count"].as_u64().map_or(0, |count| usize::try_from(count).expect("a count"))
            },
            |count| properties(json!({"count": count})),
        ),
        (
            format!("{GROUP}/team?fetch-group=memberUsers"),
            |document| document["memberUsers"].as_array().expect("a list").len(),
            |count| {
                let names: Vec<String> = (0..count).map(|number| format!("user{number}")).collect();
                group_body(json!({"memberUsers": names}))
            },
        ),
    ];
    for (path, counted, body) in counters {
        let start = counted(&get(&server, &path, &[]).json());
        let statuses = at_once(THREADS, |_| {
            let mut connection = Connection::open(server.address);
            let mut done = 0;
            loop {
                let look = ask_on(&mut connection, "GET", &path, &[], None);
                let (tag, count) = (tag_of(&look), counted(&look.json()));
                if done == EACH {
                    return look;
                }
                let body = body(count + 1).to_string();
                let answer = ask_on(&mut connection, "PUT", &path, &[("If-Match", &tag)], Some(&body));
                match answer.status {
                    200 => done += 1,
                    412 => {}
                    status => panic!("{status}: {}", answer.text()),
                }
            }
        });
        assert_eq!(statuses, [200; THREADS]);
        assert_eq!(counted(&get(&server, &path, &[]).json()), start + THREADS * EACH, "{path}");
    }
}

#[test]
fn the_answer_to_a_change_shows_what_it_has_made_whatever_others_do() {
    const THREADS: usize = 16;
    let server = directory();
    for at in 0..5 {
        let tags = Mutex::new(HashSet::new());
        for round in 0..4 {
            let statuses = at_once(THREADS, |number| {
                let (method, path, body, _) = changes(round * THREADS + number).swap_remove(at);
                let answer = ask(&server, method, &path, &[], Some(&body.to_string()));
                let shown = answer.json();
                let (shown, sent) = match at {
                    0 => (&shown["user"]["name"], &body["name"]),
                    1 | 2 => (&shown["properties"]["firstName"], &body["properties"]["firstName"]),
                    3 => (&Value::Null, &Value::Null),
                    _ => (&shown["memberUsers"], &body["memberUsers"]),
                };
                assert_eq!(shown, sent, "{method} {path}");
                tags.lock().unwrap().insert(tag_of(&answer));
                answer
            });
            assert_eq!(statuses, [200; THREADS]);
        }
        // Each state was another one, so who goes on from an answer goes on from nobody else's.
        assert_eq!(tags.into_inner().unwrap().len(), 4 * THREADS, "{at}");
    }
}
