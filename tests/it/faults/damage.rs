//! Damaged files: the server reports them at the start or when it reads the damage, and does not make them worse.
//! SQLite keeps no checksums of pages: a change inside of a row to another valid value cannot be detected.

use super::{EACCES, Fault, Faults, MAIN, OPEN_TO_WRITE};
use crate::support::cli::rollbook;
use crate::support::client::Answer;
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::rng::Random;
use crate::support::server::{Server, serve};
use crate::support::wait::wait_for;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const PAGE: usize = 4096;
const USERS: usize = 900;

/// Runs what has to refuse to start, and returns what it says.
fn refusal(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let status = wait_for(&mut child);
    let mut said = String::new();
    child.stderr.take().expect("stderr is piped").read_to_string(&mut said).expect("text");
    assert_eq!(status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("rollbook: ") && !said.contains("panicked"), "{said}");
    last.to_owned()
}

/// A sound database with some hundred users in groups, closed in good order.
fn filled() -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(server.stop().success());
    let mut database = Database::open(folder.db()).expect("the database");
    let rows = database.transaction().expect("a transaction");
    for number in 0..USERS {
        let name = format!("user{number:04}@example.com");
        let sql =
            "insert into users (uuid, username, username_key, first_name, first_key, email, email_key, created_at,
                       updated_at)
                   values (?1, ?1, ?1, ?2, ?2, ?1, ?1, 0, 0)";
        rows.execute(sql, [&name, &"x".repeat(200)]).expect("a user");
        let sql = "insert into memberships (group_id, user_id, seq)
                   select groups.id, users.id, 1000 + users.id from groups, users
                   where groups.name = 'members' and username = ?1";
        rows.execute(sql, [&name]).expect("a membership");
    }
    rows.commit().expect("a commit");
    folder
}

/// The pages of a table or an index, the root first.
fn pages(folder: &Folder, name: &str) -> Vec<usize> {
    let database = Database::open(folder.db()).expect("the database");
    let mut statement = database.prepare("select pageno from dbstat where name = ?1 order by path").expect("dbstat");
    let rows = statement.query_map([name], |row| row.get::<_, u32>(0)).expect("pages");
    rows.map(|page| page.expect("a page") as usize).collect()
}

#[test]
fn damaged_file_is_reported_at_the_start_and_unchanged() {
    type Change = fn(&mut Vec<u8>);
    let rows: &[(&str, Change)] = &[
        ("cut to one half", |bytes| bytes.truncate(bytes.len() / 2 / PAGE * PAGE)),
        ("cut within the first page", |bytes| bytes.truncate(1000)),
        ("cut within the header", |bytes| bytes.truncate(50)),
        ("another beginning", |bytes| bytes[..16].copy_from_slice(b"Dear diary, here")),
        ("zeros for a header", |bytes| bytes[..100].fill(0)),
        ("no page size", |bytes| bytes[16..18].fill(0)),
        ("an unknown format", |bytes| bytes[18..20].fill(9)),
        ("a list of tables that is none", |bytes| bytes[100..PAGE].fill(0xff)),
        ("a list of tables of zeros", |bytes| bytes[100..PAGE].fill(0)),
        ("noise all over", |bytes| {
            let mut random = Random::new(7);
            bytes[16..].iter_mut().for_each(|byte| *byte = random.next().to_le_bytes()[0]);
        }),
    ];
    let sound = filled();
    let sound = std::fs::read(sound.db()).expect("the file");
    for (what, change) in rows {
        let folder = Folder::new();
        let mut bytes = sound.clone();
        change(&mut bytes);
        std::fs::write(folder.db(), &bytes).expect("the file");
        for words in
            [&["serve", "--listen", "127.0.0.1:0"][..], &["key", "list"], &["key", "create", "api", "--name", "x"]]
        {
            let mut command = rollbook();
            command.args(words).arg("--db").arg(folder.db());
            let said = refusal(command);
            assert!(said.contains(folder.db().to_str().unwrap()), "{what}: {said}");
            assert!(std::fs::read(folder.db()).expect("the file") == bytes, "{what}: the file is changed");
        }
    }
}

/// Asserts that the server reported a page that it cannot read.
fn assert_damage_reported(what: &str, server: &Server, answers: &[Answer]) {
    for (number, answer) in answers.iter().enumerate() {
        let body = if number % 2 == 0 {
            json!({"errors": ["Internal server error"]})
        } else {
            json!({"entity-type": "exception", "status": 500, "message": "Internal Server Error"})
        };
        assert_eq!(answer.parts(), (500, body), "{what}: {number}");
    }
    server.wait_for_log("malformed");
}

#[test]
fn damaged_page_is_a_500_and_the_rest_is_served() {
    for noise in [false, true] {
        for table in ["users", "memberships", "sqlite_autoindex_users_2"] {
            let what = format!("{table}, noise: {noise}");
            let folder = filled();
            let pages = pages(&folder, table);
            assert!(pages.len() > 2, "{what} has {} pages", pages.len());
            let mut bytes = std::fs::read(folder.db()).expect("the file");
            let mut random = Random::new(8);
            for page in &pages[1..] {
                for byte in &mut bytes[(page - 1) * PAGE..page * PAGE] {
                    *byte = if noise { random.next().to_le_bytes()[0] } else { 0 };
                }
            }
            std::fs::write(folder.db(), &bytes).expect("the file");
            let lookup = ["/api/v1/user/user0150@example.com", "/user/user0150@example.com"];
            // A start that looks for the administrator may meet the damage already.
            let Some(server) = start_or_refusal(&folder, &what) else { continue };
            let change = r#"{"entity-type":"user","properties":{"company":"x"}}"#;
            if table == "memberships" {
                let list = server.nuxeo("GET", "/group/members/@users", None);
                assert_eq!(list.status, 500, "{what}: {}", list.text());
                server.wait_for_log("malformed");
            } else {
                let answers = [
                    server.datadog("GET", lookup[0], None),
                    server.nuxeo("GET", lookup[1], None),
                    server.datadog("PUT", lookup[0], Some(r#"{"name":"x"}"#)),
                    server.nuxeo("PUT", lookup[1], Some(change)),
                ];
                assert_damage_reported(&what, &server, &answers);
            }
            // Users in other groups are still there.
            assert_eq!(server.request("GET", "/nuxeo/runningstatus", &[], None).status, 200, "{what}");
            let keys = [("DD-API-KEY", crate::support::server::API_KEY)];
            assert_eq!(server.request("GET", "/api/v1/validate", &keys, None).status, 200, "{what}");
            let groups = server.nuxeo("POST", "/group", Some(r#"{"entity-type":"group","groupname":"new"}"#));
            assert!([201, 401, 500].contains(&groups.status), "{what}: {groups:?}");
            let log = server.stop_for_log();
            assert!(!log.contains("panicked"), "{what}: {log}");
            assert_pages_kept(&folder, &bytes, &pages[1..], &what);
        }
    }
}

/// A server, or `None` when it refuses to start and names the reason.
fn start_or_refusal(folder: &Arc<Folder>, what: &str) -> Option<Server> {
    let mut child = serve(folder, &[]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let mut said = String::new();
    let mut stderr = std::io::BufReader::new(child.stderr.take().expect("stderr is piped"));
    let listens = loop {
        let mut line = String::new();
        if std::io::BufRead::read_line(&mut stderr, &mut line).expect("text") == 0 {
            break false;
        }
        said.push_str(&line);
        if line.contains("listening on") {
            break true;
        }
    };
    let _ = child.kill();
    let status = child.wait().expect("it ends");
    if listens {
        return Some(Server::over(Arc::clone(folder), &[]));
    }
    assert_eq!(status.code(), Some(1), "{what}: {said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("rollbook: ") && last.contains("malformed"), "{what}: {said}");
    None
}

/// The damaged pages are as they were: the server has not written to them.
fn assert_pages_kept(folder: &Folder, before: &[u8], pages: &[usize], what: &str) {
    let after = std::fs::read(folder.db()).expect("the file");
    for page in pages {
        let range = (page - 1) * PAGE..page * PAGE;
        assert!(after[range.clone()] == before[range], "{what}: page {page} has changed");
    }
}

#[test]
fn read_only_file_is_reported_at_the_start() {
    let faults = Faults::new();
    assert!(faults.start().stop().success());
    // Root may write to any file, so the kernel's answer is replaced by an error.
    faults.fail(Fault::of(EACCES, MAIN, OPEN_TO_WRITE));
    let said = refusal(faults.command(&[]));
    assert!(said.contains(faults.folder.db().to_str().unwrap()), "{said}");
    assert!(faults.failed() > 0);
}

fn serve_at(path: &Path) -> Command {
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(path);
    command
}

#[test]
fn path_that_cannot_hold_a_database_is_reported() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("missing/target"), &link).expect("a link");
    let circle = folder.path().join("circle");
    std::os::unix::fs::symlink(&circle, &circle).expect("a link");
    let long = folder.path().join("x".repeat(300));
    let before = std::fs::read_dir(folder.path()).expect("the folder").count();
    for path in [folder.path().to_owned(), folder.path().join("missing/db"), file.join("db"), link, circle, long] {
        let said = refusal(serve_at(&path));
        assert!(said.contains(path.to_str().unwrap()), "{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), before, "nothing is left behind");
}

#[test]
fn damaged_wal_loses_only_writes_behind_the_damage() {
    // SQLite ignores the frames of a WAL after a broken one: the writes before it are complete.
    let running = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&running), &[]);
    // While this reader holds the earlier snapshot, the WAL stays: the server would move it in a pause.
    let reader = Database::open(running.db()).expect("the database");
    reader.execute_batch("begin; select count(*) from users").expect("a look at the users");
    for number in 0..20 {
        let body = json!({"handle": format!("user{number:02}@example.com")}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
    }
    server.kill();
    let folder = Arc::new(Folder::new());
    std::fs::copy(running.db(), folder.db()).expect("a copy of the database");
    let log_of = |folder: &Folder| folder.path().join("rollbook.db-wal");
    let mut log = std::fs::read(log_of(&running)).expect("the log");
    drop(reader);
    let middle = log.len() / 2;
    log[middle..middle + 64].fill(0x55);
    std::fs::write(log_of(&folder), log).expect("the log");
    let server = Server::over(Arc::clone(&folder), &[]);
    let users = server.datadog("GET", "/api/v1/user", None).json();
    let users: BTreeSet<String> = users["users"]
        .as_array()
        .expect("users")
        .iter()
        .map(|user| user["handle"].as_str().unwrap().to_owned())
        .collect();
    let kept = users.iter().filter(|name| name.starts_with("user")).count();
    assert!((1..20).contains(&kept), "{users:?}");
    assert!((0..kept).all(|number| users.contains(&format!("user{number:02}@example.com"))), "{users:?}");
    assert!(server.stop().success());
    super::load::State::in_file(&folder.db());
}

#[test]
fn a_second_process_is_refused_by_any_name_of_the_file() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder");
    let (soft, hard) = (elsewhere.join("soft.db"), elsewhere.join("hard.db"));
    std::os::unix::fs::symlink(folder.db(), &soft).expect("a link");
    let roundabout = elsewhere.join("../rollbook.db");
    for path in [&folder.db(), &soft, &roundabout] {
        let said = refusal(serve_at(path));
        assert!(said.contains("in use"), "{said}");
    }
    std::fs::hard_link(folder.db(), &hard).expect("a link");
    let said = refusal(serve_at(&hard));
    assert!(said.contains(hard.to_str().unwrap()), "{said}");
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    server.kill();
    // The log of a killed server would be missed under the other name.
    refusal(serve_at(&hard));
}
