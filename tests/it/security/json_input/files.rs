//! Hostile JSON in files and in the answers of other servers.

use super::hostile::{KEYS, assert_valid, hostile_values, nested};
use crate::support::cli::{rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use rollbook::json::Json;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

/// A file of JSON lines, one user for each hostile value and each key as the name of a property.
fn hostile_file() -> String {
    let mut lines = String::new();
    for (number, value) in hostile_values().into_iter().enumerate() {
        lines.push_str(&format!("{{\"kind\":\"user\",\"name\":\"file{number}\",\"properties\":{{\"p\":{value}}}}}\n"));
        lines
            .push_str(&format!("{{\"kind\":\"group\",\"name\":\"group{number}\",\"properties\":{{\"p\":{value}}}}}\n"));
        lines.push_str(&format!("{{\"name\":\"ignored{number}\",\"{}\":{value}}}\n", KEYS[number % 2]));
        lines.push_str(&format!("{value}\n"));
    }
    for key in KEYS {
        lines.push_str(&format!("{{\"name\":\"{key}\",\"properties\":{{\"{key}\":\"1\"}}}}\n"));
    }
    lines
}

#[test]
fn a_hostile_file_is_imported_row_by_row_with_a_server_and_without() {
    let file = hostile_file();
    let values = hostile_values().len();
    for with_server in [false, true] {
        let folder = Arc::new(Folder::new());
        let server = Server::over(Arc::clone(&folder), &[]);
        let server = if with_server {
            Some(server)
        } else {
            assert!(server.stop().success());
            None
        };
        std::fs::write(folder.path().join("in.jsonl"), &file).expect("a file");
        let (status, out, err) = said(&run(&folder, &["import", folder.path().join("in.jsonl").to_str().unwrap()]));
        assert_eq!(status, 1, "{out}{err}");
        let (status, out, err) = said(&run(&folder, &["export", "-", "--format", "jsonl"]));
        assert_eq!(status, 0, "{err}");
        out.lines().for_each(|line| assert_valid(line, "export"));
        for (number, value) in hostile_values().into_iter().enumerate() {
            let value = Json::parse_stored(value.as_bytes()).unwrap();
            let line = out.lines().find(|line| line.contains(&format!("\"name\":\"file{number}\""))).expect("the user");
            let line = Json::parse_stored(line.as_bytes()).unwrap();
            assert_eq!(line.get("properties").and_then(|properties| properties.get("p")), Some(&value));
        }
        assert_eq!(out.lines().filter(|line| line.contains("\"name\":\"ignored")).count(), values);
        if let Some(server) = server {
            assert!(server.stop().success());
        }
        let (status, out, err) = said(&run(&folder, &["check"]));
        assert_eq!(status, 0, "{out}{err}");
    }
}

#[test]
fn hostile_json_in_a_pull_does_no_harm() {
    for key in KEYS {
        let deep = nested(key, 10, 120);
        let entry = json!({"handle": "a@example.com", "name": "A"}).to_string();
        for body in [
            format!("{{\"users\":[{deep},{entry}]}}"),
            format!("{{\"{key}\":\"{{}}\",\"users\":[{entry}]}}"),
            format!("{{\"entries\":[{deep}],\"resultsCount\":1}}"),
            format!("{{\"entries\":[{{\"id\":\"a\",\"properties\":{{\"p\":{deep}}}}}],\"resultsCount\":1}}"),
            deep.clone(),
        ] {
            for source in ["datadog", "nuxeo"] {
                let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
                let url = format!("http://{}", listener.local_addr().unwrap());
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                std::thread::spawn(move || {
                    for mut stream in listener.incoming().flatten() {
                        let mut head = [0; 4096];
                        let _ = stream.read(&mut head);
                        let _ = stream.write_all(answer.as_bytes());
                    }
                });
                let folder = Folder::new();
                let mut command = rollbook();
                command
                    .args(["pull", source, "--from", &url, "--user", "Administrator"])
                    .env("ROLLBOOK_DB", folder.db());
                if source == "datadog" {
                    command = rollbook();
                    command.args(["pull", source, "--from", &url]).env("ROLLBOOK_DB", folder.db());
                }
                command.envs([("DD_API_KEY", "x"), ("DD_APP_KEY", "x"), ("NUXEO_PASSWORD", "x")]);
                let output = command.output().expect("the command runs");
                assert!(output.status.code().is_some_and(|code| code < 2), "{source} {body}: {output:?}");
            }
        }
    }
}
