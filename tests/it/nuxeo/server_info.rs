//! The calls of clients that connect: automation, running status, login, log.

use super::power_users::future_directory;
use crate::support::client::basic;
use crate::support::nuxeo::{assert_refused, create_user};
use crate::support::nuxeo_auth::get;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};

#[test]
fn connection_calls_of_clients_succeed() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let cmis = get(&server, "/nuxeo/json/cmis", &headers);
    assert_eq!(cmis.status, 200);
    let default = &cmis.json()["default"];
    assert_eq!([&default["repositoryId"], &default["productVersion"]], [&json!("default"), &json!("2023.0")]);

    for path in ["/nuxeo/api/v1/capabilities", "/nuxeo/site/api/v1/capabilities"] {
        let capabilities = get(&server, path, &headers).json();
        assert_eq!(capabilities["entity-type"], json!("capabilities"));
        assert_eq!(capabilities["server"]["distributionVersion"], json!("2023.0"));
        for key in ["distributionName", "distributionServer"] {
            assert!(capabilities["server"][key].is_string(), "{key}");
        }
    }
}

#[test]
fn running_status_needs_no_credentials() {
    let server = Server::start();
    let parts = json!({
        "runtimeStatus": "ok", "repositoryStatus": "ok", "elasticSearchStatus": "ok", "streamStatus": "ok",
    });
    let wrong = basic("Administrator", "wrong");
    for headers in [&[][..], &[("Authorization", wrong.as_str())], &[("Cookie", "JSESSIONID=nothing")]] {
        for path in [
            "/nuxeo/runningstatus",
            "/nuxeo//runningstatus/",
            "/nuxeo/runningstatus?info=",
            "/nuxeo/runningstatus?info=other",
        ] {
            let answer = get(&server, path, headers);
            assert_eq!(answer.parts(), (200, parts.clone()), "{path}");
            assert_eq!(answer.header("Content-Type"), Some("application/json"), "{path}");
        }
        for path in ["/nuxeo/runningstatus?info=started", "/nuxeo/runningstatus?a=b&INFO=Started"] {
            let answer = get(&server, path, headers);
            assert_eq!((answer.status, answer.text()), (200, "true"), "{path}");
            assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"), "{path}");
        }
    }
    assert_refused(&get(&server, "/nuxeo/runningstatus?info=%zz", &[]), 400, "a broken escape");
    assert_refused(&server.request("POST", "/nuxeo/runningstatus", &[], None), 405, "POST");
}

#[test]
fn login_tells_the_caller_under_every_path() {
    let server = future_directory();
    create_user(&server, json!({"username": "zoe", "password": "secret", "groups": ["team", "deep"]}));
    for (name, password, administrator, groups) in [
        ("Administrator", ADMIN_PASSWORD, true, json!(["administrators"])),
        ("fry", "seymour", false, json!(["team"])),
        ("zoe", "secret", true, json!(["administrators", "deep", "ops", "team"])),
    ] {
        let authorization = basic(name, password);
        for path in [
            "/nuxeo/site/automation/login",
            "/nuxeo/api/v1/automation/login",
            "/nuxeo/site/api/v1/automation/login",
            "/nuxeo/api/v1/repo/default/automation/login",
            "/nuxeo//api/v1/automation/login",
        ] {
            for body in [None, Some(&b""[..]), Some(b"{}"), Some(br#"{"params":{}}"#)] {
                let answer = server.request("POST", path, &[("Authorization", &authorization)], body);
                let (status, mut document) = answer.parts();
                let found = document["groups"].as_array_mut().expect("groups");
                found.sort_by_key(Value::to_string);
                for key in ["id", "name"] {
                    // New servers add these two.
                    let value = document.as_object_mut().expect("an object").remove(key);
                    assert!(value.is_none() || value == Some(json!(name)), "{key} of {path}");
                }
                let expected = json!({
                    "entity-type": "login", "username": name, "isAdministrator": administrator, "groups": groups,
                });
                assert_eq!((status, document), (200, expected), "{path} {body:?}");
            }
        }
    }
    for path in ["/nuxeo/site/automation/login", "/nuxeo/api/v1/automation/login"] {
        assert_refused(&server.request("POST", path, &[], Some(b"")), 401, path);
    }
}

/// The base paths of the automation interface.
const AUTOMATION: [&str; 5] = [
    "/nuxeo/site/automation",
    "/nuxeo/api/v1/automation",
    "/nuxeo/site/api/v1/automation",
    "/nuxeo/api/v1/repo/default/automation",
    "/nuxeo//api/v1/automation/",
];

/// The parts of an operation's description that clients need.
fn assert_described(operation: &Value) {
    assert!(operation["id"].is_string() && operation["url"] == operation["id"], "{operation}");
    for parameter in operation["params"].as_array().expect("params") {
        assert!(parameter["name"].is_string() && parameter["type"].is_string(), "{parameter}");
        assert!(parameter["required"].is_boolean(), "{parameter}");
    }
}

#[test]
fn automation_operations_need_no_credentials() {
    let server = Server::start();
    let (right, wrong) = (basic("Administrator", ADMIN_PASSWORD), basic("Administrator", "wrong"));
    let callers = [&[][..], &[("Authorization", right.as_str())], &[("Authorization", wrong.as_str())]];
    for (base, headers) in AUTOMATION.into_iter().flat_map(|base| callers.map(|headers| (base, headers))) {
        let answer = get(&server, base, headers);
        assert_eq!(answer.status, 200, "{base}: {}", answer.text());
        let document = answer.json();
        assert_eq!(
            [&document["chains"], &document["codecs"], &document["paths"]],
            [&json!([]), &json!([]), &json!({"login": "login"})],
            "{base}"
        );
        let operations = document["operations"].as_array().expect("operations");
        let listed: Vec<&Value> = operations.iter().map(|operation| &operation["id"]).collect();
        assert_eq!(listed, [&json!("Log")], "{base}");
        operations.iter().for_each(assert_described);

        let log = get(&server, &format!("{base}/Log"), headers);
        assert_eq!(log.parts(), (200, operations[0].clone()), "{base}");
        let login = get(&server, &format!("{base}/login"), headers);
        assert_eq!((login.status, &login.json()["id"]), (200, &json!("login")), "{base}");
        assert_described(&login.json());
        assert_eq!(login.header("Set-Cookie"), None, "{base}: a GET of the login sets no cookie");
    }
    // Another spelling is an unknown operation.
    for name in ["log", "Login", "User.Invite", "Log/x"] {
        let path = format!("/nuxeo/site/automation/{name}");
        assert_refused(&get(&server, &path, &[("Authorization", &right)]), 404, &path);
        assert_refused(&get(&server, &path, &[]), 401, &path);
    }
    for name in ["", "/Log", "/login"] {
        let path = format!("/nuxeo/site/automation{name}");
        for headers in callers {
            let answer = server.request("PUT", &path, headers, Some(b"{}"));
            assert_refused(&answer, 405, &path);
            assert_eq!(answer.header("Allow"), Some(if name.is_empty() { "GET, HEAD" } else { "GET, HEAD, POST" }));
        }
    }
}

#[test]
fn log_operation_writes_to_the_log_of_the_server() {
    let server = Server::start();
    for (path, message) in [
        ("/nuxeo/site/automation/Log", "first message"),
        ("/nuxeo/api/v1/automation/Log", "second message"),
        ("/nuxeo/api/v1/repo/default/automation/Log", "third message"),
    ] {
        for (level, category) in [("warn", json!("a.test")), ("info", Value::Null), ("error", json!("x"))] {
            let text = format!("{message} at {level}");
            let mut params = json!({"message": text, "level": level});
            if !category.is_null() {
                params["category"] = category;
            }
            let body = json!({"params": params}).to_string();
            let authorization = basic("Administrator", ADMIN_PASSWORD);
            let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
            let answer = server.request("POST", path, &headers, Some(body.as_bytes()));
            assert_eq!((answer.status, answer.text()), (204, ""), "{path}");
            server.wait_for_log(&text);
        }
    }
    for body in [
        "",
        "{}",
        r#"{"params":{}}"#,
        r#"{"params":{"message":"x"}}"#,
        r#"{"params":{"level":"info"}}"#,
        r#"{"params":{"message":null,"level":null}}"#,
        "{",
        "[]",
    ] {
        let answer = server.nuxeo("POST", "/automation/Log", (!body.is_empty()).then_some(body));
        assert_refused(&answer, 400, body);
    }
    // One message is one line: no client can forge lines of the server.
    let forged = json!({"params": {"message": "begin\nforged line\r\nforged line", "level": "error"}}).to_string();
    assert_eq!(server.nuxeo("POST", "/automation/Log", Some(&forged)).status, 204);
    server.wait_for_log("begin");
    assert_eq!(
        server.nuxeo("POST", "/automation/Log", Some(r#"{"params":{"message":"the end","level":"error"}}"#)).status,
        204
    );
    let log = server.stop_for_log();
    assert!(log.contains("the end") && !log.lines().any(|line| line.starts_with("forged line")), "{log}");
}
