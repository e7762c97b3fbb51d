//! Health endpoints, `rollbook healthcheck`, completions and manual pages.

use crate::support::cli::{healthcheck, rollbook, run};
use crate::support::client::Answer;
use crate::support::folder::Folder;
use crate::support::server::{Port, Server};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

fn ask(server: &Server, method: &str, path: &str) -> Answer {
    server.request(method, path, &[], None)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn health_endpoints_need_no_credentials() {
    let server = Server::start();
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = ask(&server, "GET", path);
        assert_eq!((answer.status, answer.text()), (200, text));
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
        let refused = ask(&server, "POST", path);
        assert_eq!((refused.status, refused.header("Allow")), (405, Some("GET, HEAD")));
        assert_eq!(ask(&server, "GET", &format!("{path}/x")).status, 404);
    }
    assert_eq!(healthcheck(&server).status.code(), Some(0));
}

#[test]
fn healthcheck_fails_without_an_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = silent.local_addr().expect("an address").to_string();
    let waited = rollbook().args(["healthcheck", "--timeout", "0.3", "--listen", &address]).output().unwrap();
    assert_eq!(waited.status.code(), Some(1));
    let closed = Port::reserve();
    let address = closed.address().to_string();
    let refused = rollbook().args(["healthcheck", "--listen", &address]).output().expect("the command runs");
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains(&address), "{}", said(&refused));
}

#[test]
fn healthcheck_of_a_wildcard_address_uses_the_loopback() {
    let server = Server::with(&["--listen", "0.0.0.0:0"]);
    assert_eq!(healthcheck(&server).status.code(), Some(0));
}

#[test]
fn completions_are_valid_for_each_shell() {
    let folder = Folder::new();
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef rollbook"), ("fish", "complete -c rollbook")] {
        let made = run(&folder, &["completions", shell]);
        let script = String::from_utf8(made.stdout).expect("a script");
        assert!(made.status.success() && script.contains(word), "{shell}: {script}");
        for word in ["serve", "backup", "wrong-password-delay"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    // Only bash is on every machine, so it reads its script here.
    let script = folder.path().join("completions");
    std::fs::write(&script, run(&folder, &["completions", "bash"]).stdout).expect("a file");
    let words = format!("source {} && complete -p rollbook", script.display());
    let bash = Command::new("bash").args(["-c", &words]).stdin(Stdio::null()).output().expect("bash runs");
    assert!(bash.status.success(), "{}", said(&bash));
    assert_eq!(run(&folder, &["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn the_manual_has_a_page_for_the_program_and_for_each_command() {
    let folder = Folder::new();
    for (words, has) in [
        (&["man"][..], "rollbook\\-serve(1)"),
        (&["man", "serve"], "max\\-connections"),
        (&["man", "key", "create"], "rollbook\\-key\\-create"),
        (&["man", "restore"], "kept under another name"),
    ] {
        let page = run(&folder, words);
        let text = String::from_utf8(page.stdout).expect("a page");
        assert!(page.status.success() && text.contains(".TH ") && text.contains(has), "{words:?}: {text}");
    }
    let unknown = run(&folder, &["man", "key", "lose"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("unknown command key lose"), "{}", said(&unknown));
}
