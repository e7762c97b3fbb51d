//! Which answers have an entity tag, and what changes it.

use super::{DATADOG, GROUP, USER, ask, ask_on, call, directory, get, group_body, properties, state_of, tag, tag_of};
use crate::support::client::{Connection, basic};
use crate::support::database::Database;
use crate::support::nuxeo::{ALL_LISTS, create_group};
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

// ------------------------------------------------------------------------------------------ tags

#[test]
fn only_answers_with_one_user_or_group_have_an_etag() {
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
            // The answer has this one header more than other answers.
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
fn write_answer_has_the_etag_of_the_next_get() {
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
fn write_that_changes_nothing_keeps_the_etag() {
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
    // The tag stays the same after a restart.
    let folder = server.folder.clone();
    assert!(server.stop().success());
    let server = Server::over(folder, &[]);
    assert_eq!(paths.each_ref().map(|path| tag(&server, path)), before);
}

#[test]
fn write_in_one_dialect_changes_the_etag_in_the_other() {
    let server = directory();
    let (datadog, nuxeo) = (format!("{DATADOG}/ada"), format!("{USER}/ada"));
    // The call, and if it changes the Datadog document and the Nuxeo document of the user.
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
        // Fields about others, or shown nowhere.
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
fn first_login_changes_the_etag() {
    let server = directory();
    let paths = [format!("{DATADOG}/ada"), format!("{USER}/ada")];
    let before = paths.each_ref().map(|path| tag(&server, path));
    let me = |server: &Server| server.nuxeo_as(("ada", "secret"), "GET", "/me", None);
    let first = me(&server);
    let after = paths.each_ref().map(|path| tag(&server, path));
    assert!(before[0] != after[0] && before[1] != after[1], "{before:?} {after:?}");
    // `/me` has the etag of the caller's user.
    assert_eq!([tag_of(&first), tag_of(&me(&server))], [after[1].clone(), after[1].clone()]);
}

#[test]
fn recreated_user_has_another_etag() {
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
fn etags_differ_while_the_clock_stands_still() {
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
    // A restored backup can come to the same version at another time.
    for (version, time) in [(1, 0), (2, 0), (2, 1)] {
        let folder = server.folder.clone();
        assert!(server.stop().success());
        let sql = format!(
            "update users set updated_at = {time}, version = {version};
             update groups set updated_at = {time}, version = {version}"
        );
        Database::open(folder.db()).and_then(|db| db.execute_batch(&sql)).expect("a database");
        server = Server::over(folder, &[]);
        tags.extend(paths.each_ref().map(|path| tag(&server, path)));
    }
    let different: HashSet<&String> = tags.iter().collect();
    assert_eq!(different.len(), tags.len(), "{tags:?}");
}

#[test]
fn each_variant_of_a_version_has_its_own_etag() {
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

/// Different documents have different tags: calls in a random order, and a read of all users after each.
#[test]
fn no_two_documents_of_one_path_have_the_same_etag() {
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
        // The caller has to stay an administrator.
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
    assert!(done > 200 && tags > 500, "too few changes: {done} changes, {tags} tags");
}
