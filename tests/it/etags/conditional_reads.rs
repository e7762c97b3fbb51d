//! `If-None-Match` and `If-Match` on reads.

use super::{
    DATADOG, FORMS, GROUP, Names, USER, ask, ask_on, assert_unclear, call, directory, get, group_body, lines, not_met,
    properties, tag, tag_of,
};
use crate::support::client::{Connection, request, write};
use serde_json::json;

// ------------------------------------------------------------------------------------------ reading

#[test]
fn get_with_the_current_etag_is_304_without_a_body() {
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
fn get_with_the_etag_of_another_variant_is_200() {
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
        // Either tag identifies the version.
        for known in [&plain, &other] {
            assert_eq!(get(&server, &path, &[option, ("If-Match", known)]).status, 200, "{path} {known}");
        }
    }
}

#[test]
fn get_after_a_change_is_200() {
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

#[test]
fn if_none_match_is_understood_in_every_form() {
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
fn etag_that_is_not_utf_8_matches_nothing() {
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
fn if_match_is_checked_before_if_none_match() {
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
fn lists_and_searches_ignore_conditions() {
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
