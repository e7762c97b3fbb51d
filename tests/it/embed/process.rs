//! Effects of the library on its process: tests of the whole process run in their own.

use super::{ANY_PORT, call, datadog, settings};
use crate::support::cli::rollbook;
use crate::support::client::{Connection, basic};
use crate::support::folder::Folder;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::wait::{wait_for, wait_until};
use rollbook::{FirstSecrets, Rollbook, UserFields};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs an ignored test of this module in a process of its own.
fn alone(test: &str) -> Output {
    let itself = std::env::current_exe().expect("this program");
    let words = ["--exact", &format!("embed::process::{test}"), "--ignored", "--nocapture", "--test-threads", "1"];
    let output = Command::new(itself).args(words).output().expect("this program runs");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "there is no test {test}");
    output
}

/// A line of the status of this thread. In that of the process, blocked signals are those of its first thread, which
/// blocks them all while it starts another one.
fn status(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.expect("a line of the status").trim().to_owned()
}

/// Names of the threads of this process.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let mut names: Vec<String> = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect();
    names.sort();
    names
}

/// The descriptors of this process, and the files behind them.
fn descriptors() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let name = |path: &Path| path.display().to_string();
    let links = entries.filter_map(|entry| Some((name(&entry.path()), name(&std::fs::read_link(entry.path()).ok()?))));
    // The folder itself is open while it is read.
    links.filter(|(_, file)| !file.ends_with("/fd")).collect()
}

#[test]
fn dropped_handle_releases_every_thread_and_descriptor() {
    alone("library_leaves_the_process_unchanged");
}

/// In a process of its own, where nothing else opens files or starts threads.
#[test]
#[ignore = "the test before runs it in a process of its own"]
fn library_leaves_the_process_unchanged() {
    let folder = Folder::new();
    let (threads_before, descriptors_before) = (threads(), descriptors());
    let state = || (status("SigCgt"), status("SigIgn"), status("SigBlk"), limits());
    let limits_before = state();
    for round in 0..4 {
        let mut settings = settings();
        settings.metrics_listen = Some(SocketAddr::from(ANY_PORT));
        let handle = Rollbook::open_with(folder.db(), settings).unwrap().serve(ANY_PORT).unwrap();
        let directory = handle.directory();
        directory.create_user(&format!("user-{round}"), &UserFields::new().password("a b c d")).unwrap();
        let mut connections: Vec<Connection> = (0..8).map(|_| Connection::open(handle.address())).collect();
        for connection in &mut connections {
            connection.send(
                "GET",
                "/nuxeo/api/v1/me",
                &[("Authorization", &basic("Administrator", ADMIN_PASSWORD))],
                None,
            );
            assert_eq!(connection.answer(false).status, 200);
        }
        let listed = rollbook().args(["user", "list", "--db"]).arg(folder.db()).output().unwrap();
        assert!(listed.status.success(), "{listed:?}");
        assert!(threads().len() > threads_before.len() && descriptors().len() > descriptors_before.len());
        assert_eq!(state(), limits_before);
        if round % 2 == 0 {
            handle.stop().unwrap();
        } else {
            drop(handle);
        }
        drop(connections);
        // A thread of a connection that has done its work takes a moment to go.
        wait_until(format!("the threads and descriptors of before, round {round}"), || {
            (threads(), descriptors()) == (threads_before.clone(), descriptors_before.clone())
        });
        assert!(directory.find_user("ada").is_err());
    }
    // Without a server, too, and at once.
    let rollbook = Rollbook::open(folder.db()).unwrap();
    let directory = rollbook.directory();
    assert!(directory.find_user("user-3").unwrap().is_some());
    drop(rollbook);
    assert_eq!((threads(), descriptors()), (threads_before, descriptors_before));
    assert!(log::max_level() == log::LevelFilter::Off, "the library has not set a logger");
}

fn limits() -> String {
    std::fs::read_to_string("/proc/self/limits").unwrap()
}

#[test]
fn a_library_prints_nothing_and_reads_no_variable() {
    let itself = std::env::current_exe().unwrap();
    let mut command = Command::new(itself);
    command.args(["--exact", "embed::process::a_new_directory_is_served_and_left", "--ignored", "--nocapture"]);
    command.args(["--format", "terse"]);
    let folder = Folder::new();
    command.env("EMBED_TEST_DATABASE", folder.db());
    for variable in ["ADMIN_PASSWORD", "API_KEY", "APP_KEY", "LISTEN", "READERS", "LOG"] {
        command.env(format!("ROLLBOOK_{variable}"), "from the environment");
    }
    command.env("NOTIFY_SOCKET", "/nowhere").env("RUST_LOG", "trace");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(complained, "");
    // Output of the test program itself.
    let said: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(said.len(), 3, "{said:#?}");
    assert!(said[0].starts_with("running 1 test") && said[2].starts_with("test result: ok. 1 passed"), "{said:#?}");
    let (listed, _) = (std::fs::read_dir(folder.path()).unwrap().flatten(), ());
    let names: Vec<_> = listed.map(|entry| entry.file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("secrets")), "{names:?}");
}

#[test]
#[ignore = "the test before runs it in a process of its own"]
fn a_new_directory_is_served_and_left() {
    let Some(database) = std::env::var_os("EMBED_TEST_DATABASE") else { return };
    let rollbook = Rollbook::open(database).unwrap();
    let secrets = rollbook.first_secrets().unwrap().clone();
    assert_ne!(secrets.password, "from the environment");
    let handle = rollbook.serve(ANY_PORT).unwrap();
    assert_eq!(datadog(handle.address(), &secrets, "GET", "/api/v1/validate", None).0, 200);
    let wrong = FirstSecrets { api_key: "wrong".to_owned(), ..secrets };
    assert_eq!(datadog(handle.address(), &wrong, "GET", "/api/v1/validate", None).0, 403);
    handle.stop().unwrap();
}

/// The example, which is built with the tests of a whole run, and here where it is not.
fn example() -> PathBuf {
    let built =
        Command::new(env!("CARGO")).args(["build", "--quiet", "--locked", "--example", "embed"]).output().unwrap();
    assert!(built.status.success(), "{built:?}");
    let itself = std::env::current_exe().unwrap();
    let profile = itself.parent().and_then(Path::parent).expect("the folder of the profile");
    profile.join("examples/embed")
}

#[test]
fn the_example_of_a_program_does_what_it_says() {
    let folder = Folder::new();
    let run = || {
        let mut command = Command::new(example());
        command.arg(folder.db()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = BTreeMap::new();
        let address: SocketAddr = loop {
            let line = lines.next().expect("a line that says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.parse().unwrap();
            }
            let (name, value) = line.split_once(": ").unwrap();
            said.insert(name.to_owned(), value.to_owned());
        };
        (child, lines, said, address)
    };
    let (mut child, mut lines, said, address) = run();
    let secrets = FirstSecrets {
        password: said["password of Administrator"].clone(),
        api_key: said["API key"].clone(),
        app_key: said["application key"].clone(),
    };
    let found = datadog(address, &secrets, "GET", "/api/v1/user/ada@example.com", None);
    assert_eq!((found.0, &found.1["user"]["name"]), (200, &json!("Ada Lovelace")));
    let grace = json!({"handle": "grace@example.com"});
    assert_eq!(datadog(address, &secrets, "POST", "/api/v1/user", Some(grace)).0, 200);
    let joined = call(
        address,
        "POST",
        "/nuxeo/api/v1/user/grace@example.com/group/engineers",
        &[("Authorization", &basic("Administrator", &secrets.password))],
        None,
    );
    assert_eq!(joined.0, 201, "{joined:?}");
    drop(child.stdin.take());
    let rest: Vec<String> = lines.by_ref().map(Result::unwrap).collect();
    assert_eq!(
        rest,
        [
            "ada@example.com is in engineers",
            "Administrator is in administrators",
            "grace@example.com is in engineers",
            "stopped"
        ]
    );
    assert!(wait_for(&mut child).success());
    // The next run has no secrets to show.
    let (mut child, _lines, said, _) = run();
    assert!(said.is_empty(), "{said:?}");
    drop(child.stdin.take());
    assert!(wait_for(&mut child).success());
}

#[test]
fn the_documentation_renders_without_a_warning() {
    if std::env::var_os("CI").is_none() {
        return eprintln!("rendering takes long, so only with CI set: not tested");
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["doc", "--no-deps", "--locked", "--lib"]).env("RUSTDOCFLAGS", "--deny warnings");
    let rendered = command.output().unwrap();
    assert!(rendered.status.success(), "{rendered:?}");
}
