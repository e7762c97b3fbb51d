//! The line of each request in the log, without secrets.

use crate::support::cli::run;
use crate::support::client::{Connection, basic};
use crate::support::command::{Headers, stdout};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use std::io::Write;
use std::sync::Arc;

// The log

#[test]
fn every_request_has_one_line_in_the_log() {
    let folder = Arc::new(Folder::new());
    let output = run(&folder, &["key", "create", "app", "--name", "robot", "--role", "read"]);
    let robot = stdout(&output).trim().to_owned();
    let server = Server::over(Arc::clone(&folder), &[]);
    let robot = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", robot.as_str())];
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let administrator = [("Authorization", authorization.as_str())];
    // The call, then the words of its line.
    let rows: &[(&str, &str, Headers<'_>, &[&str])] = &[
        ("GET", "/api/v1/user?x=secret", &robot, &["GET", "/api/v1/user", "200", "datadog", "robot"]),
        ("POST", "/api/v1/user/", &robot, &["POST", "/api/v1/user/", "403", "datadog", "robot"]),
        ("GET", "/api/v1/users/nobody%40example.com", &robot, &["GET", "/users/nobody", "404", "datadog", "robot"]),
        ("GET", "/api/v1/user/stranger", &[], &["GET", "/api/v1/user/stranger", "403", "datadog"]),
        (
            "GET",
            "/nuxeo/api/v1/me?y=secret",
            &administrator,
            &["GET", "/nuxeo/api/v1/me", "200", "nuxeo", "Administrator"],
        ),
        ("DELETE", "/nuxeo/api/v1/user/x", &administrator, &["DELETE", "/user/x", "404", "nuxeo", "Administrator"]),
        ("GET", "/nuxeo/api/v1/group/y", &[], &["GET", "/group/y", "401", "nuxeo"]),
        ("GET", "/elsewhere?z=secret", &[], &["GET", "/elsewhere", "404"]),
    ];
    for (method, target, headers, _) in rows {
        server.request(method, target, headers, None);
    }
    let log = server.stop_for_lines();
    for (method, target, _, words) in rows {
        let lines: Vec<&String> = log.iter().filter(|line| words.iter().all(|word| line.contains(word))).collect();
        assert_eq!(lines.len(), 1, "one line for {method} {target}: {log:#?}");
        assert!(lines[0].contains("INFO") && lines[0].contains("ms"), "{}", lines[0]);
    }
    assert!(!log.join("\n").contains("secret"), "a query is never logged: {log:#?}");
}

#[test]
fn no_secret_reaches_the_log() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &["--log", "trace"]);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let wrong = basic("Administrator", "wrongpassword");
    let keys = format!("api_key={API_KEY}&application_key={APP_KEY}");
    let calls: &[(&str, &str, Headers<'_>, Option<&str>)] = &[
        ("GET", &format!("/api/v1/user?{keys}"), &[], None),
        ("POST", &format!("/api/v1/user?{keys}"), &[], Some("{")),
        ("POST", &format!("/api/v1/user?{keys}"), &[], Some(r#"{"handle":"ada@example.com"}"#)),
        ("GET", &format!("http://test//api/v1/user/x/?{keys}"), &[], None),
        ("GET", &format!("/elsewhere?{keys}"), &[], None),
        ("GET", &format!("/nuxeo/api/v1/me?{keys}"), &[], None),
        ("PATCH", &format!("/api/v1/validate?{keys}"), &[], None),
        ("GET", "/api/v1/user?api_key=wrongapikey&application_key=wrongappkey", &[], None),
        ("GET", "/api/v1/user", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], None),
        ("GET", "/api/v1/user", &[("DD-API-KEY", "wrongapikey"), ("DD-APPLICATION-KEY", "wrongappkey")], None),
        ("GET", &format!("/api/v1/user?{keys}"), &[("Content-Length", "+1")], None),
        ("GET", &format!("/api/v1/user?{keys}"), &[("Bad Name", API_KEY)], None),
        ("GET", "/nuxeo/api/v1/me", &[("Authorization", &authorization)], None),
        ("GET", "/nuxeo/api/v1/me", &[("Authorization", &wrong)], None),
        ("GET", "/nuxeo/api/v1/me?token=wrongtoken", &[], None),
        ("GET", "/nuxeo/api/v1/me", &[("X-Authentication-Token", "wrongtoken")], None),
        (
            "POST",
            "/nuxeo/api/v1/user",
            &[("Authorization", &authorization)],
            Some(r#"{"entity-type":"user","properties":{"username":"bob","password":"wrongpassword"}}"#),
        ),
        (
            "PUT",
            "/nuxeo/api/v1/me/changepassword",
            &[("Authorization", &authorization)],
            Some(r#"{"oldPassword":"wrongpassword","newPassword":"wrongpassword"}"#),
        ),
    ];
    for (method, target, headers, body) in calls {
        server.request(method, target, headers, body.map(str::as_bytes));
    }
    let target = "/nuxeo/authentication/token?applicationName=a&deviceId=b&deviceDescription=c&permission=rw";
    let answer = server.request("GET", target, &[("Authorization", &authorization)], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let token = answer.text().trim().to_owned();
    let target = format!("/nuxeo/api/v1/me?token={token}");
    assert_eq!(server.request("GET", &target, &[], None).status, 200);

    let log = server.stop_for_log();
    let mut secrets =
        vec![API_KEY, APP_KEY, ADMIN_PASSWORD, "wrongapikey", "wrongappkey", "wrongpassword", "wrongtoken"];
    secrets.extend([&token, authorization.trim_start_matches("Basic "), wrong.trim_start_matches("Basic ")]);
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in:\n{log}");
    }
}

#[test]
fn token_in_a_path_is_redacted_whatever_the_status() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &["--log", "trace", "--head-timeout", "2"]);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let wrong = basic("Administrator", "wrong words");
    let administrator: Headers<'_> = &[("Authorization", &authorization)];
    let target = "/nuxeo/authentication/token?applicationName=a&deviceId=b&deviceDescription=c&permission=rw";
    let token = server.request("GET", target, administrator, None).text().to_owned();
    let path = format!("/nuxeo/api/v1/token/{token}");
    let too_long = [("Authorization", authorization.as_str()), ("Content-Length", "2000000")];
    let two_lengths = [("Content-Length", "1"), ("Content-Length", "1")];
    let calls: &[(&str, String, Headers<'_>, u16)] = &[
        ("DELETE", path.clone(), &[], 401),
        ("DELETE", path.clone(), &[("Authorization", &wrong)], 401),
        ("DELETE", path.clone(), &too_long, 413),
        ("DELETE", path.clone(), &two_lengths, 400),
        ("DELETE", path.clone(), &[("Transfer-Encoding", "gzip")], 501),
        ("DELETE", path.clone(), &[("Expect", "x")], 417),
        ("DELETE", path.clone(), &[("Bad Name", "x")], 400),
        ("DELETE", format!("{path}%zz"), administrator, 400),
        ("DELETE", format!("{path}?x=y"), &[], 401),
        ("DELETE", format!("{path}/"), &[], 401),
        ("DELETE", format!("/{}", path.replace('/', "//")), &[], 401),
        ("DELETE", format!("http://test{path}"), &[], 401),
        ("DELETE", path.replace("api/v1", "site/api/v1"), &[], 401),
        ("DELETE", path.replace("v1", "v1/repo/default"), &[], 401),
        ("GET", path.clone(), administrator, 405),
        ("HEAD", path.clone(), &[], 401),
        ("BREW", path.clone(), &[], 401),
        ("DELETE", path.clone(), administrator, 204),
        ("DELETE", path.clone(), administrator, 404),
    ];
    let answers: Vec<u16> =
        calls.iter().map(|(method, target, headers, _)| server.request(method, target, headers, None).status).collect();
    // A head that is never complete.
    let mut connection = Connection::open(server.address);
    connection.stream().write_all(format!("DELETE {path} HTTP/1.1\r\nHost:").as_bytes()).expect("half a head");
    assert_eq!(connection.answer(false).status, 408);

    let log = server.stop_for_lines();
    assert!(!log.join("\n").contains(&token), "{log:#?}");
    let lines = log.iter().filter(|line| line.contains("/token/-")).count();
    assert_eq!(lines, calls.len() + 1, "a line for each call, without the token: {log:#?}");
    for ((method, target, headers, status), answer) in calls.iter().zip(answers) {
        assert_eq!(answer, *status, "{method} {target} {headers:?}");
    }
}

#[test]
fn token_in_a_path_is_redacted_in_every_path_variant() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let administrator: Headers<'_> = &[("Authorization", &authorization)];
    let mut tokens = Vec::new();
    for (number, path) in ["%74oken", "t%6fk%65n", "%74%6F%6B%65%6E/"].into_iter().enumerate() {
        let target = format!("/nuxeo/api/v1/token?application=a&deviceId=d{number}");
        let token = server.request("POST", &target, administrator, None).text().to_owned();
        let target = format!("/nuxeo/api/v1/{path}/{token}");
        assert_eq!(server.request("DELETE", &target, &[], None).status, 401, "{path}");
        assert_eq!(server.request("DELETE", &target, administrator, None).status, 204, "{path}");
        tokens.push(token);
    }
    let log = server.stop_for_log();
    for token in tokens {
        assert!(!log.contains(&token), "{token} in:\n{log}");
    }
}

#[test]
fn a_caller_cannot_write_lines_of_its_own_into_the_log() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let stranger = basic("x\nforged by name", "y");
    let administrator: Headers<'_> = &[("Authorization", &authorization)];
    let keys: Headers<'_> = &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let operation = br#"{"params":{"message":"all is well\nforged by message\r\u001b[2Kforged","level":"info"}}"#;
    server.request("GET", "/api/v1/user/x%0Aforged%20by%20path", keys, None);
    server.request("DELETE", "/api/v1/user/x%0D%0Aforged%1B%5B2K", keys, None);
    server.request("GET", "/nuxeo/api/v1/user/x%0Aforged%20by%20path", administrator, None);
    server.request("GET", "/nuxeo/api/v1/me", &[("Authorization", &stranger)], None);
    server.request("POST", "/nuxeo/api/v1/automation/Log", administrator, Some(operation));
    let log = server.stop_for_lines();
    assert!(log.iter().any(|line| line.contains("all is well")), "{log:#?}");
    for line in &log {
        assert!(!line.trim_start().starts_with("forged"), "{log:#?}");
        assert!(!line.contains(['\r', '\u{1b}']), "{line:?}");
    }
}
