//! `If-Match` on changes and deletions.

use super::{
    DATADOG, FORMS, GROUP, Names, USER, ask, assert_unclear, call, directory, get, group_body, lines, not_met,
    properties, state_of, tag, tag_of,
};
use crate::support::cli::create_key;
use crate::support::client::{Connection, basic, request, write};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::nuxeo::{ALL_LISTS, create_group, create_user};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

// ------------------------------------------------------------------------------------------ changing

/// Changes at a path, and the status of each when it succeeds. A number makes each body a different one.
pub fn changes(number: usize) -> Vec<(&'static str, String, Value, u16)> {
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

/// An etag of the right form that no document has.
const OTHER: &str = r#""0123456789abcdef""#;

#[test]
fn write_whose_condition_is_not_met_changes_nothing() {
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
        // A client that has read a group with its lists may change it with that etag without asking for the lists, and
        // the other way round.
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
fn write_whose_condition_is_met_happens() {
    let server = directory();
    for at in 0..5 {
        for number in 0..met(OTHER).len() {
            let (method, path, body, _) = changes(number).swap_remove(at);
            let (tag, body) = (tag(&server, &path), body.to_string());
            let conditions = met(&tag).swap_remove(number);
            let answer = ask(&server, method, &path, &borrowed(&conditions), Some(&body));
            assert_eq!(answer.status, 200, "{method} {path} {conditions:?}: {}", answer.text());
            assert_ne!(tag_of(&answer), tag, "{method} {path} {conditions:?}");
            assert_eq!(tag_of(&answer), crate::etags::tag(&server, &path), "{method} {path} {conditions:?}");
            // The version has changed, so the same request fails.
            let again = ask(&server, method, &path, &[("If-Match", &tag)], Some(&body));
            assert_eq!(again.parts(), not_met(&path), "{method} {path}");
        }
    }
}

#[test]
fn delete_whose_condition_is_met_happens() {
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
fn write_conditions_are_understood_in_every_form() {
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
fn etag_of_the_other_dialect_matches_nothing() {
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
fn write_condition_is_checked_against_the_document_of_the_dialect() {
    let server = directory();
    let (datadog, nuxeo, group) = (format!("{DATADOG}/ada"), format!("{USER}/ada"), format!("{GROUP}/team"));
    let (members, all) = (format!("{GROUP}/members"), format!("{GROUP}/all"));
    let looks = [(&datadog, json!({})), (&nuxeo, properties(json!({}))), (&group, group_body(json!({})))];
    // A change between a read and a conditional write, and if the write still succeeds: by Datadog, by Nuxeo, and to
    // the group of the user.
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
fn refused_write_is_refused_as_without_a_condition() {
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
        // Refused for credentials.
        (&stranger, "GET", "/api/v1/user/ada", "", 403),
        (&wrong, "PUT", "/api/v1/user/ada", "{}", 403),
        (&stranger, "GET", "/nuxeo/api/v1/user/ada", "", 401),
        (&stranger, "DELETE", "/nuxeo/api/v1/group/team", "", 401),
        // Refused for the path or the method.
        (&keys, "GET", "/api/v1/nothing", "", 404),
        (&keys, "PATCH", "/api/v1/user/ada", "{}", 405),
        (&root, "POST", "/nuxeo/api/v1/group/team", "{}", 405),
        (&root, "GET", "/nuxeo/api/v1/user/%ff", "", 400),
        // Refused for permissions, also those that depend on the target.
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
        // Refused because the target does not exist.
        (&keys, "GET", "/api/v1/user/nobody", "", 404),
        (&keys, "PUT", "/api/v1/user/nobody", "{}", 404),
        (&keys, "DELETE", "/api/v1/user/nobody", "", 404),
        (&root, "GET", "/nuxeo/api/v1/user/nobody", "", 404),
        (&root, "PUT", "/nuxeo/api/v1/user/nobody", r#"{"entity-type":"user"}"#, 404),
        (&root, "DELETE", "/nuxeo/api/v1/user/nobody", "", 404),
        (&root, "GET", "/nuxeo/api/v1/group/nowhere", "", 404),
        (&root, "PUT", "/nuxeo/api/v1/group/nowhere", r#"{"entity-type":"group"}"#, 404),
        (&root, "DELETE", "/nuxeo/api/v1/group/nowhere", "", 404),
        // Refused for the body or its effect.
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
fn write_condition_is_checked_before_conflicts() {
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
