//! Methods, bodies and headers of requests and answers.

use crate::support::client::basic;
use crate::support::nuxeo::{assert_refused, check, create_user, ids, refusal, user, user_body};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};

#[test]
fn unsupported_method_is_405_with_allow_in_nuxeo() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada"}));
    for (method, path, allowed) in [
        ("GET", "/user", &["POST"][..]),
        ("GET", "/user/", &["POST"]),
        ("DELETE", "/user", &["POST"]),
        ("PUT", "/user", &["POST"]),
        ("GET", "/group", &["POST"]),
        ("POST", "/user/ada", &["GET", "PUT", "DELETE"]),
        ("PATCH", "/user/ada", &["GET", "PUT", "DELETE"]),
        ("POST", "/group/members", &["GET", "PUT", "DELETE"]),
        ("GET", "/user/ada/group/members", &["POST", "DELETE"]),
        ("PUT", "/user/ada/group/members", &["POST", "DELETE"]),
        ("GET", "/group/members/user/ada", &["POST", "DELETE"]),
        ("PUT", "/group/members/user/ada", &["POST", "DELETE"]),
        ("POST", "/user/search", &["GET"]),
        ("DELETE", "/group/members/@users", &["GET"]),
        ("POST", "/group/members/@groups", &["GET"]),
        ("DELETE", "/me", &["GET"]),
        ("GET", "/me/changepassword", &["PUT"]),
    ] {
        let answer = server.nuxeo(method, path, None);
        assert_refused(&answer, 405, &format!("{method} {path}"));
        let allow: Vec<&str> = answer.header("Allow").expect("Allow").split(',').map(str::trim).collect();
        for known in allowed {
            assert!(allow.contains(known), "{method} {path}: {allow:?}");
        }
        assert!(!allow.contains(&method), "{method} {path}: {allow:?}");
    }
    check(&server, &[("GET", "/user/ada", "", 200, ada)]);
}

#[test]
fn a_body_that_is_no_entity_is_refused_and_changes_nothing() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "groups": ["members"]}));
    let members = server.nuxeo("GET", "/group/members?fetch-group=memberUsers", None).json();
    let deep = "[".repeat(100_000);
    let deep_objects = r#"{"a":"#.repeat(50_000);
    let deep_property =
        format!(r#"{{"entity-type":"user","properties":{{"username":"eve","x":{deep}{}}}}}"#, "]".repeat(100_000));
    let bodies: [&[u8]; 22] = [
        b"",
        b" ",
        b"{",
        b"not json",
        b"[]",
        b"null",
        b"true",
        b"42",
        b"\"user\"",
        b"{}",
        br#"[{"entity-type":"user"}]"#,
        br#"{"entity-type":"user","properties":{"username":"eve""#,
        br#"{"entity-type":"user","properties":{"username":"eve"}} x"#,
        br#"{"entity-type":"user","properties":{"username":"eve"},}"#,
        br#"{'entity-type':'user','properties':{'username':'eve'}}"#,
        br#"entity-type=user&properties.username=eve"#,
        br#"{"entity-type":"user","properties":{"username":"e\ud800ve"}}"#,
        b"{\"entity-type\":\"user\",\"properties\":{\"username\":\"e\xff\xfeve\"}}",
        b"{\"entity-type\":\"user\",\"properties\":{\"username\":\"e\nve\"}}",
        deep.as_bytes(),
        deep_objects.as_bytes(),
        deep_property.as_bytes(),
    ];
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let send = |method: &str, path: &str, body: &[u8]| {
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        server.request(method, &format!("/nuxeo/api/v1{path}"), &headers, Some(body))
    };
    for body in bodies {
        let shown: String = String::from_utf8_lossy(body).chars().take(60).collect();
        for (method, path) in [("POST", "/user"), ("PUT", "/user/ada"), ("POST", "/group"), ("PUT", "/group/members")] {
            assert_refused(&send(method, path, body), 400, &format!("{method} {path} {shown}"));
        }
    }
    for (path, right, wrong) in [("/user", "user", "group"), ("/group", "group", "user"), ("/user", "user", "document")]
    {
        let body = json!({"entity-type": wrong, "id": "eve", "properties": {"username": "eve"}}).to_string();
        let message = format!("Json object entity-type is wrong. Expected is {right} but was {wrong}");
        let one = if right == "user" { "/user/ada" } else { "/group/members" };
        check(
            &server,
            &[("POST", path, &body, 400, refusal(400, &message)), ("PUT", one, &body, 400, refusal(400, &message))],
        );
    }
    for entity_type in [Value::Null, json!(1), json!({}), json!(["user"]), json!(""), json!("User")] {
        let body = json!({"entity-type": entity_type, "id": "eve", "properties": {"username": "eve"}}).to_string();
        for (method, path) in [("POST", "/user"), ("POST", "/group")] {
            assert_refused(&server.nuxeo(method, path, Some(&body)), 400, &body);
        }
    }
    check(
        &server,
        &[("GET", "/user/ada", "", 200, ada), ("GET", "/group/members?fetch-group=memberUsers", "", 200, members)],
    );
    assert_eq!(ids(&server, "/user/search?q=*"), ["ada", "Administrator"]);
    assert_eq!(ids(&server, "/group/search?q=*"), ["administrators", "members", "powerusers"]);
}

#[test]
fn calls_that_need_no_body_come_without_one() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    let member = user("ada", json!({}), &[("members", "Members group")]);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for kind in ["application/json", "application/json; charset=UTF-8", "application/x-www-form-urlencoded", ""] {
        for body in [None, Some(&b""[..]), Some(b"{}")] {
            let mut headers = vec![("Authorization", authorization.as_str())];
            if !kind.is_empty() {
                headers.push(("Content-Type", kind));
            }
            let call =
                |method: &str, path: &str| server.request(method, &format!("/nuxeo/api/v1{path}"), &headers, body);
            assert_eq!(call("POST", "/user/ada/group/members").parts(), (201, member.clone()), "{kind} {body:?}");
            assert_eq!(call("POST", "/group/members/user/ada").parts(), (201, member.clone()), "{kind} {body:?}");
            assert_eq!(call("DELETE", "/group/members/user/ada").text(), "ada", "{kind} {body:?}");
            assert_eq!(call("GET", "/user/ada").parts(), (200, user("ada", json!({}), &[])), "{kind} {body:?}");
            assert_eq!(call("GET", "/user/search?q=ada").status, 200, "{kind} {body:?}");
        }
    }
    assert_eq!(server.nuxeo("DELETE", "/user/ada", Some("")).status, 204);
}

#[test]
fn a_body_is_read_as_json_whatever_its_type_says() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for (number, kind) in [
        "application/json",
        "application/json;charset=UTF-8",
        "application/json+nxentity",
        "application/json+nxrequest",
        "Application/JSON; nuxeo-entity=user",
        "text/plain",
        "application/x-www-form-urlencoded",
        "*/*",
        "nonsense",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let mut headers = vec![("Authorization", authorization.as_str())];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        let name = format!("user{number}");
        let body = user_body(json!({"username": name, "firstName": "Zoë"}));
        let answer = server.request("POST", "/nuxeo/api/v1/user", &headers, Some(body.as_bytes()));
        assert_eq!(answer.parts(), (201, user(&name, json!({"firstName": "Zoë"}), &[])), "{kind}");
    }
}

#[test]
fn answers_have_their_content_types() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    let taken = user_body(json!({"username": "ada"}));
    for (method, path, body, status) in [
        ("GET", "/user/ada", None, 200),
        ("GET", "/user/search?q=*", None, 200),
        ("GET", "/group/members", None, 200),
        ("POST", "/user/ada/group/members", None, 201),
        ("POST", "/user", Some(taken.as_str()), 409),
        ("GET", "/user/nobody", None, 404),
        ("GET", "/user", None, 405),
    ] {
        let answer = server.nuxeo(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}");
        let kind = answer.header("Content-Type").expect("a content type");
        assert!(kind.starts_with("application/json"), "{method} {path}: {kind}");
        // With this field the Python client would misread a conflict.
        assert_eq!(answer.header("Idempotency-Key"), None);
    }
    for path in ["/user/ada/group/members", "/group/members/user/ada"] {
        let answer = server.nuxeo("DELETE", path, None);
        assert_eq!((answer.status, answer.text()), (200, "ada"));
        assert!(answer.header("Content-Type").expect("a content type").starts_with("text/plain"), "{path}");
    }
    let deleted = server.nuxeo("DELETE", "/user/ada", None);
    assert_eq!((deleted.status, deleted.text(), deleted.header("Content-Type")), (204, "", None));
}

#[test]
fn head_answers_like_get_without_the_body() {
    let server = Server::start();
    for path in ["/user/Administrator", "/user/search?q=*", "/me", "/group/members", "/user/nobody"] {
        let (head, get) = (server.nuxeo("HEAD", path, None), server.nuxeo("GET", path, None));
        assert_eq!((head.status, head.text()), (get.status, ""), "{path}");
        assert_eq!(head.header("Content-Type"), get.header("Content-Type"), "{path}");
        assert_eq!(head.header("Content-Length"), Some(get.body.len().to_string().as_str()), "{path}");
    }
}
