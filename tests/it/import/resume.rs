//! Imports that are killed and resumed, their memory and their batches.

use crate::support::cli::{new_database, rollbook, run, said};
use crate::support::database::{Database, State};
use crate::support::folder::Folder;
use crate::support::import::{import, write};
use crate::support::server::Server;
use crate::support::wait::wait_until;
use serde_json::json;
use std::process::Stdio;
use std::sync::Arc;

/// A CSV of so many users, each in two of the groups, with a header.
fn many(count: usize, groups: usize) -> String {
    let mut text = String::from("kind,name,first_name,last_name,email,groups\n");
    for group in 0..groups {
        text.push_str(&format!("group,team{group},,,,\n"));
    }
    for number in 0..count {
        let (one, other) = (number * 7919 % groups, (number * 104_729 + 1 + number * 7919 % groups) % groups);
        text.push_str(&format!(
            "user,user{number:07},First{},Last{},user{number}@example.com,team{one};team{other}\n",
            number % 997,
            number % 4999
        ));
    }
    text
}

pub fn count(folder: &Folder, table: &str) -> u64 {
    State::of(folder).rows(&format!("select count(*) as n from {table}"))[0]["n: ".len()..].parse().expect("a number")
}

#[test]
fn killed_import_resumes_where_it_stopped() {
    let folder = new_database();
    let (users, groups) = (12_000, 10);
    let file = write(&folder, "many.csv", many(users, groups));
    for round in 0..4 {
        let mut command = rollbook();
        command.args(["import", &file, "--batch", "50"]).env("ROLLBOOK_DB", folder.db());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
        wait_until("some users more", || {
            assert!(child.try_wait().expect("a child").is_none(), "it is at its end already");
            count(&folder, "users") > (round + 1) * 700
        });
        child.kill().and_then(|()| child.wait()).expect("it is killed");
        // Each part is one transaction, so the stored position matches the stored rows.
        let line = State::of(&folder).rows("select line from imports")[0]["line: ".len()..].parse::<u64>().unwrap();
        assert_eq!(count(&folder, "users") + count(&folder, "groups") - 4, line - 1);
    }
    let (status, out, err) = import(&folder, &file, &["--batch", "500"]);
    assert_eq!(status, 0, "{err}");
    assert!(err.starts_with("many.csv: continuing after line "), "{err}");
    assert!(out.ends_with("0 updated, 0 unchanged\n"), "{out}");
    assert_eq!(count(&folder, "users"), 1 + users as u64);
    assert_eq!(count(&folder, "imports"), 0);
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 12001 users, 13 groups,"));
    // The import is complete, so the next run is a new one.
    let (status, out, _) = import(&folder, &file, &["--on-conflict", "skip"]);
    assert_eq!((status, out.as_str()), (0, "many.csv: 0 created, 0 updated, 0 unchanged, 12010 skipped\n"));
}

#[test]
fn import_can_restart_and_another_file_is_another_import() {
    let folder = new_database();
    let text = many(300, 3);
    let file = write(&folder, "many.csv", &text);
    assert_eq!(import(&folder, &file, &[]).0, 0);
    // The directory as a kill leaves it.
    let connection = Database::open(folder.db()).expect("the database");
    let digest = {
        use sha2::{Digest, Sha256};
        Sha256::new().chain_update("csv:").chain_update(&text).finalize().to_vec()
    };
    connection.execute("insert into imports values (?1, 101, 0)", [&digest]).expect("a row");
    let (_, out, err) = import(&folder, &file, &["--on-conflict", "skip"]);
    assert!(err.starts_with("many.csv: continuing after line 101,"), "{err}");
    assert!(out.ends_with("203 skipped\n"), "{out}");
    connection.execute("insert into imports values (?1, 101, 0)", [&digest]).expect("a row");
    let (_, out, err) = import(&folder, &file, &["--on-conflict", "skip", "--restart"]);
    assert_eq!((out.ends_with("303 skipped\n"), err.as_str()), (true, ""), "{out}");
    connection.execute("insert into imports values (?1, 101, 0)", [&digest]).expect("a row");
    let other = write(&folder, "other.csv", format!("{text}user,more,,,,\n"));
    let (_, out, err) = import(&folder, &other, &["--on-conflict", "skip"]);
    assert_eq!((out.contains("1 created"), err.as_str()), (true, ""), "{out}");
}

#[test]
fn import_through_a_server_lets_other_writes_through() {
    let folder = Arc::new(new_database());
    let server = Server::over(Arc::clone(&folder), &[]);
    let file = write(&folder, "many.csv", many(3000, 5));
    let mut command = rollbook();
    command.args(["import", &file, "--batch", "100", "-v"]).env("ROLLBOOK_DB", folder.db());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let mut created = 0;
    wait_until("a part", || count(&folder, "imports") > 0 || count(&folder, "users") >= 3000);
    for number in 0..20 {
        let body = json!({"handle": format!("other{number}@example.com")}).to_string();
        created += u64::from(server.datadog("POST", "/api/v1/user", Some(&body)).status == 200);
    }
    let output = child.wait_with_output().expect("it ends");
    let (status, out, err) = said(&output);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("connected to the server") && out.contains("3005 created"), "{out}{err}");
    assert_eq!((created, count(&folder, "users")), (20, 3021));
    // The changes feed has the import like any other change.
    assert_eq!(count(&folder, "changes where action = 'user.created' and dialect = 'command'"), 3000);
    assert_eq!(server.nuxeo("GET", "/user/search?q=user0002999", None).json()["resultsCount"], 1);
}

/// Runs a command at a terminal of 100 columns, writes the shown text to standard output, and writes the most memory
/// that the command used, in KiB, to the file that is named first.
const AT_A_TERMINAL: &str = r#"
import os, pty, resource, sys
status = pty.spawn(["sh", "-c", 'stty cols 100 rows 24; exec "$@"', "sh", *sys.argv[2:]])
with open(sys.argv[1], "w") as out:
    out.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"#;

/// Imports that many users and groups at a terminal, checks the result, and returns the most memory, in KiB.
fn memory_of_import(users: usize, groups: usize) -> usize {
    let folder = new_database();
    let file = write(&folder, "many.csv", many(users, groups));
    let memory = folder.path().join("memory");
    let mut command = crate::support::cli::launcher("python3");
    command.args(["-c", AT_A_TERMINAL]).arg(&memory).arg(crate::support::cli::binary());
    command.args(["import", "--batch", "5000"]).arg(&file).arg("--db").arg(folder.db());
    let output = command.stdin(Stdio::null()).output().expect("python runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let end = shown.lines().last().unwrap_or_default();
    assert!(output.status.success(), "{end}");
    assert!(end.contains(&format!("many.csv: {} created, 0 updated, 0 unchanged", users + groups)), "{end}");
    // The progress bar moves: the terminal showed several states of it.
    let percents = (1..100).filter(|percent| shown.contains(&format!(" {percent}% "))).count();
    assert!(percents > 5, "{percents} states of the bar in {} bytes", shown.len());
    let expected = many_memberships(users, groups);
    assert_eq!((count(&folder, "users"), count(&folder, "groups")), (1 + users as u64, 3 + groups as u64));
    assert_eq!(count(&folder, "memberships"), 1 + expected);
    assert_eq!(count(&folder, "changes where action = 'member.added'"), 1 + expected);
    let state = State::of(&folder);
    let counter = state.texts("select cast(value as text) from counters where name = 'users'");
    assert_eq!(counter, [(users + 1).to_string()]);
    assert_eq!(state.texts("pragma quick_check(1)"), ["ok"]);
    std::fs::read_to_string(&memory).expect("the memory").parse().expect("a number")
}

#[test]
fn a_longer_file_is_imported_in_no_more_memory() {
    /// The promised limit, in KiB.
    const MEMORY_MAX: usize = 96 * 1024;
    /// The caches are full with the shorter file. The longer one is longer by at least twice as much as this, in KiB.
    const MORE_MAX: usize = 1536;
    let longer = if std::env::var_os("ROLLBOOK_LONG").is_some() { 1_000_000 } else { 90_000 };
    let [one, other] = [45_000, longer].map(|users| memory_of_import(users, 200));
    println!("the most memory was {one} KiB, and {other} KiB for {longer} users");
    assert!(other < MEMORY_MAX && other < one + MORE_MAX, "{one} KiB, and {other} KiB for {longer} users");
}

/// The memberships that [`many`] makes.
fn many_memberships(count: usize, groups: usize) -> u64 {
    (0..count)
        .map(|number| {
            let one = number * 7919 % groups;
            if (number * 104_729 + 1 + one) % groups == one { 1 } else { 2 }
        })
        .sum()
}

#[test]
fn a_refused_row_leaves_no_trace_whatever_the_batch() {
    // The groups of the second user are made before the login is refused, which changes the direction of the text.
    let rows = "kind,name,groups\n\
                user,ada,team1\n\
                user,bo\u{202e}b,team2;team3\n\
                user,eve,team1;team3\n\
                user,kim,team3;team1;team3\n";
    let mut results = Vec::new();
    for batch in ["1", "2", "3", "1000"] {
        let folder = new_database();
        let file = write(&folder, "users.csv", rows);
        let (status, out, err) = import(&folder, &file, &["--create-groups", "--batch", batch]);
        let state = State::of(&folder);
        state.assert_sound();
        let groups = "select name, version, (select count(*) from memberships where group_id = id) as members
             from groups where name like 'team%' order by id";
        let expected = ["name: \"team1\", version: 4, members: 3", "name: \"team3\", version: 3, members: 2"];
        assert_eq!(state.rows(groups), expected);
        let changes = state.rows("select action, name, json_remove(after, '$.uuid') as after from changes order by id");
        let seqs = state.rows("select group_id, user_id, seq, value from memberships, counters where name = 'seq'");
        results.push((status, out.clone(), err.clone(), changes, seqs));
        assert_eq!((status, results[0] == results[results.len() - 1]), (1, true), "{results:#?}");
    }
}
