//! The OpenAPI documents: their addresses, their truth, and their use in tools.

use crate::support::client::{Answer, basic, opened};
use crate::support::client_tools::{client_command, environment, pins};
use crate::support::openapi::{described, filled};
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::ui::session_cookie;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::{Command, Output};

pub fn ask(server: &Server, method: &str, headers: &[(&str, &str)]) -> Answer {
    server.request(method, "/openapi.json", headers, None)
}

#[test]
fn openapi_document_needs_no_credentials_and_is_cacheable() {
    let server = Server::start();
    let answer = ask(&server, "GET", &[]);
    assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/json")));
    assert_eq!(answer.header("Cache-Control"), Some("no-cache"));
    let tag = answer.header("ETag").expect("a tag").to_owned();
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(answer.text().starts_with(r#"{"openapi":"3.1.0","info":{"#));

    let head = ask(&server, "HEAD", &[]);
    assert_eq!((head.status, head.header("ETag")), (200, Some(tag.as_str())));
    assert_eq!(head.header("Content-Length"), answer.header("Content-Length"));
    let known = ask(&server, "GET", &[("If-None-Match", &tag)]);
    assert_eq!((known.status, known.text()), (304, ""));
    assert_eq!((known.header("Cache-Control"), known.header("ETag")), (Some("no-cache"), Some(tag.as_str())));
    assert_eq!(ask(&server, "GET", &[("If-Match", &tag)]).status, 200);

    for (method, headers, status, text) in [
        ("GET", &[("If-Match", "\"other\"")][..], 412, "Precondition failed\n"),
        ("GET", &[("If-Match", "other")], 400, "If-Match is neither * nor a list of tags in quotes\n"),
        ("POST", &[], 405, "Method not allowed\n"),
    ] {
        let answer = ask(&server, method, headers);
        assert_eq!((answer.status, answer.text()), (status, text));
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("Allow"), (status == 405).then_some("GET, HEAD"));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
    assert_eq!(server.request("GET", "/openapi.json/x", &[], None).status, 404);
}

#[test]
fn paths_outside_all_dialects_have_their_own_error_form() {
    let server = Server::with(&["--nuxeo-prefix", "/", "--datadog-prefix", "/dog"]);
    for path in ["/openapi.json", "/healthz", "/readyz"] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: test\r\nExpect: a miracle\r\n\r\n");
        let answer = opened(&server, head).answer(false);
        assert_eq!((answer.status, answer.text()), (417, "The only expectation is 100-continue\n"), "{path}");
    }
}

#[test]
fn described_paths_are_the_served_paths() {
    let (_, paths) = described(&Server::start());
    for path in [
        "/api/v1/user/{handle}",
        "/api/v1/users/{handle}",
        "/invite_users",
        "/nuxeo/runningstatus",
        "/nuxeo/api/v1/user/{id}/group/{group}",
        "/nuxeo/site/api/v1/me",
        "/nuxeo/site/api/v1/repo/{repository}/group/{id}/@users",
        "/nuxeo/site/automation/Log",
        "/rollbook/v1/changes",
        "/ui/",
        "/ui/api/groups/{name}/users/{user}",
        "/healthz",
        "/openapi.json",
    ] {
        assert!(paths.contains(path), "{path}");
    }
    assert!(!paths.contains("/metrics"));

    let (document, paths) = described(&Server::with(&["--dialects", "rollbook", "--rollbook-prefix", "/"]));
    let only = ["/healthz", "/openapi.json", "/readyz", "/v1/changes"].map(str::to_owned);
    assert_eq!(paths, BTreeSet::from(only));
    assert!(document["components"]["schemas"].get("DatadogUser").is_none());

    // A longer prefix takes all paths below it.
    let dialects = ["--dialects", "datadog,nuxeo,rollbook"];
    let flags =
        [&dialects[..], &["--datadog-prefix", "/dog/", "--nuxeo-prefix", "/dog/api", "--metrics-public"]].concat();
    let (_, paths) = described(&Server::with(&flags));
    let of_dog: Vec<_> = paths.iter().filter(|path| !path.starts_with("/dog/api/")).collect();
    assert_eq!(
        of_dog,
        ["/dog/invite_users", "/healthz", "/metrics", "/openapi.json", "/readyz", "/rollbook/v1/changes"]
    );
    assert!(paths.contains("/dog/api/api/v1/me") && !paths.contains("/dog/api/v1/user"));
}

#[test]
fn each_described_operation_is_served_and_no_other_method_is() {
    all_are_served(&Server::with(&["--metrics-public"]));
}

#[test]
fn each_described_operation_is_served_below_other_prefixes() {
    all_are_served(&Server::with(&["--dialects", "datadog,nuxeo", "--datadog-prefix", "/a/b", "--nuxeo-prefix", "/"]));
}

/// The messages of the dialects for an unknown path.
const NOWHERE: [&str; 3] = ["Not found", "There is nothing at this path", "there is nothing at this path"];

/// Calls each operation as its examples say, and each other method of its path.
fn all_are_served(server: &Server) {
    let (document, _) = described(server);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Authorization", authorization.as_str())];
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let any = operations.as_object().expect("operations").values().next().expect("an operation");
        let target = filled(&document, path, any);
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let word = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
            let described = operations.get(&word);
            let body = described.map(|operation| &operation["requestBody"]["content"]["application/json"]["example"]);
            let body = body.filter(|body| !body.is_null()).map(Value::to_string);
            // Each call has its own session, as one of the calls ends the session.
            let session = if path.starts_with("/ui/api/") { session_cookie(server) } else { String::new() };
            let credentials = [&keys[..], &[("X-Requested-With", "rollbook"), ("Cookie", &session)]].concat();
            let answer = server.request(method, &target, &credentials, body.as_deref().map(str::as_bytes));
            let status = answer.status.to_string();
            match described {
                Some(operation) => {
                    assert!(
                        operation["responses"].get(&status).is_some(),
                        "{method} {target}: {status} is not described"
                    );
                    let nowhere = status == "404" && NOWHERE.iter().any(|text| answer.text().contains(text));
                    assert!(!nowhere, "{method} {target}: {}", answer.text());
                }
                // Users and groups can have these words as names, and can be changed and removed under them.
                None if ["/search", "/transient/{id}"].iter().any(|end| path.ends_with(end)) => {
                    assert!(matches!(status.as_str(), "404" | "405"), "{method} {target}: {status}");
                }
                None => {
                    assert_eq!(status, "405", "{method} {target}");
                    let allowed = answer.header("Allow").expect("what is allowed").split(", ").map(str::to_lowercase);
                    let allowed: BTreeSet<_> = allowed.filter(|method| method != "head").collect();
                    let known: BTreeSet<_> = operations.as_object().expect("operations").keys().cloned().collect();
                    assert_eq!(allowed, known, "{method} {target}");
                }
            }
        }
    }
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
}

// ------------------------------------------------------------------------------------------ tools

/// The environment with both tools.
const TOOLS: &str = "schemathesis-4.32.5";

/// A tool of that environment; `None` when clients are skipped.
fn tool(server: &Server, name: &str) -> Option<Command> {
    let python = environment(TOOLS)?.python.expect("an environment of Python");
    let mut command = client_command(server, "", &python.with_file_name(name));
    command.current_dir(server.folder.path());
    Some(command)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_validator_finds_nothing() {
    for flags in
        [&["--metrics-public"][..], &["--dialects", "nuxeo", "--nuxeo-prefix", "/"], &["--dialects", "rollbook"]]
    {
        let server = Server::with(flags);
        let Some(mut validator) = tool(&server, "openapi-spec-validator") else { return };
        let file = server.folder.path().join("openapi.json");
        std::fs::write(&file, ask(&server, "GET", &[]).body).expect("a file");
        let output =
            validator.args(["--schema", "3.1", "--validation-errors", "all"]).arg(&file).output().expect("it runs");
        assert!(output.status.success(), "{flags:?}: {}", said(&output));
    }
}

/// Operations at other spellings of paths.
const OTHER_SPELLINGS: &str = "(OnSite|InRepository|Plural|Short)$";

/// The operations in parts that run at the same time: the prefix of their names, and the least number of them.
const PARTS: [(&str, u64); 4] = [("datadog|rollbook|get", 8), ("nuxeo", 25), ("ui", 20), ("scim", 20)];

#[test]
fn schemathesis_finds_no_answer_that_is_not_described_of_datadog_and_others() {
    no_answer_is_undescribed(PARTS[0]);
}

#[test]
fn schemathesis_finds_no_answer_that_is_not_described_of_nuxeo() {
    no_answer_is_undescribed(PARTS[1]);
}

#[test]
fn schemathesis_finds_no_answer_that_is_not_described_of_the_page() {
    no_answer_is_undescribed(PARTS[2]);
}

#[test]
fn schemathesis_finds_no_answer_that_is_not_described_of_scim() {
    no_answer_is_undescribed(PARTS[3]);
}

fn no_answer_is_undescribed((beginnings, least): (&str, u64)) {
    let count = if is_long() { "300" } else { "10" };
    let part = format!("^({beginnings})");
    let operations = [
        "--include-operation-id-regex",
        &part,
        "--exclude-operation-id-regex",
        OTHER_SPELLINGS,
        "--max-examples",
        count,
    ];
    survives(least, &operations);
}

#[test]
fn schemathesis_finds_no_answer_that_is_not_described_of_path_variants() {
    let phases = if is_long() { "examples,coverage,fuzzing,stateful" } else { "examples" };
    survives(30, &["--include-operation-id-regex", OTHER_SPELLINGS, "--phases", phases, "--max-examples", "30"]);
}

#[test]
fn every_operation_is_in_one_of_the_parts() {
    let (document, _) = described(&Server::with(&["--metrics-public"]));
    let paths = document["paths"].as_object().expect("paths").values();
    for operation in paths.flat_map(|operations| operations.as_object().expect("operations").values()) {
        let id = operation["operationId"].as_str().expect("an identifier");
        let is_in = |(beginnings, _): &&(&str, u64)| beginnings.split('|').any(|beginning| id.starts_with(beginning));
        assert_eq!(PARTS.iter().filter(is_in).count(), 1, "{id}");
    }
}

fn is_long() -> bool {
    std::env::var_os("ROLLBOOK_LONG").is_some()
}

/// Runs schemathesis against a new server, with valid and invalid requests. It has to try at least that many
/// operations.
fn survives(least: u64, options: &[&str]) {
    // A documented 500 is no fault of the server here, and wrong passwords are answered at once. The session has to
    // last for the longest run.
    let flags = ["--strict-errors", "--metrics-public", "--wrong-password-delay", "0", "--session-idle", "8h"];
    let server = Server::with(&flags);
    let Some(mut schemathesis) = tool(&server, "schemathesis") else { return };
    let seed = Random::seed("ROLLBOOK_SEED", 20_261_125).to_string();
    println!("ROLLBOOK_SEED={seed}");
    let report = server.folder.path().join("report.json");
    let session = session_cookie(&server);
    schemathesis.env("ROLLBOOK_SESSION", session.split_once('=').expect("a value").1);
    schemathesis.env("PYTHONPATH", pins()).env("SCHEMATHESIS_HOOKS", "schemathesis_hooks");
    schemathesis.arg("--config-file").arg(pins().join("schemathesis.toml")).arg("run");
    schemathesis.arg(format!("{}/openapi.json", server.url)).args(["--no-color", "--seed", &seed]).args(options);
    let output = schemathesis.arg("--report-json-path").arg(&report).output().expect("it runs");
    assert!(output.status.success(), "ROLLBOOK_SEED={seed}: {}\nlog of the server:\n{}", said(&output), server.log());
    let report: Value = serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON");
    println!("{}", report["test_cases"]);
    let operations = &report["operations"];
    assert!(operations["selected"].as_u64() >= Some(least), "{operations}");
    assert_eq!((&operations["tested"], &operations["errored"]), (&operations["selected"], &Value::from(0)));
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    let log = server.stop_for_log();
    assert!(!log.contains("panicked"), "{log}");
}
