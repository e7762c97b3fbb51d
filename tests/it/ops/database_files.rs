//! The database file: any other kind of file in its place is refused and left unchanged, and so is a database next to
//! the WAL of another one.

use crate::support::cli::{rollbook, run, said};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::{StopOnDrop, wait_until};
use serde_json::json;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Each command that opens a database. `backup.db` is one, `users.csv` a file to import, and `out` does not exist.
const COMMANDS: [&[&str]; 13] = [
    &["serve", "--listen", "127.0.0.1:0"],
    &["user", "list"],
    &["user", "add", "ada"],
    &["group", "list"],
    &["key", "create", "api"],
    &["passwd", "administrator"],
    &["log"],
    &["import", "users.csv"],
    &["import", "--dry-run", "users.csv"],
    &["export", "out.jsonl"],
    &["backup", "out.db"],
    &["check"],
    &["restore", "backup.db"],
];

/// The names, kinds, modes and lengths of all files in a folder.
fn contents(folder: &Path) -> Vec<(String, u32, u64)> {
    let mut contents: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let found = entry.path().symlink_metadata().expect("a file");
            (entry.file_name().into_string().expect("text"), found.mode(), found.len())
        })
        .collect();
    contents.sort();
    contents
}

/// Runs a command in that folder on a database of that name.
fn run_on(folder: &Folder, database: &str, words: &[&str]) -> (i32, String, String) {
    let mut command = rollbook();
    command.args(words).current_dir(folder.path()).env("ROLLBOOK_DB", database);
    said(&command.output().expect("the command runs"))
}

/// A folder with a backup and a file to import.
fn with_files() -> Folder {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api"]).status.success());
    let backup = folder.path().join("backup.db");
    assert!(run(&folder, &["backup", backup.to_str().unwrap()]).status.success());
    for suffix in ["", ".lock"] {
        std::fs::remove_file(folder.path().join(format!("rollbook.db{suffix}"))).expect("a file");
    }
    std::fs::write(folder.path().join("users.csv"), "username\ngrace\n").expect("a file");
    folder
}

#[test]
fn every_command_refuses_a_database_that_is_no_regular_file() {
    let folder = with_files();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("folder")).expect("a folder");
    let _listener = UnixListener::bind(at("socket")).expect("a socket");
    let make = |words: &[&str]| Command::new(words[0]).args(&words[1..]).status().expect("it runs").success();
    assert!(make(&["mkfifo", at("pipe").to_str().unwrap()]));
    symlink("pipe", at("link-to-pipe")).expect("a link");
    symlink("missing", at("link-to-nothing")).expect("a link");
    let mut rows = vec![
        ("folder", "is a folder: a database is a regular file"),
        ("folder/", "is a folder: a database is a regular file"),
        ("new/", "is the name of a folder"),
        ("socket", "is a socket: a database is a regular file"),
        ("pipe", "is a named pipe: a database is a regular file"),
        ("link-to-pipe", "is a named pipe: a database is a regular file"),
        ("link-to-nothing", "is a link to a file that is not there"),
        ("missing/rollbook.db", "there is no folder missing"),
        (":memory:", ":memory: is not kept: a database is a regular file"),
        ("file:rollbook.db", "is a URI: a database is a regular file"),
        ("file:rollbook.db?mode=memory", "is a URI: a database is a regular file"),
    ];
    // The device that takes everything, under another name: only root can make one.
    if make(&["mknod", "-m", "0666", at("device").to_str().unwrap(), "c", "1", "3"]) {
        assert!(at("device").metadata().expect("a device").file_type().is_char_device());
        rows.push(("device", "is a device: a database is a regular file"));
    } else {
        eprintln!("only root can make a device: not tested");
    }
    let before = contents(folder.path());
    for (database, words) in rows {
        for command in COMMANDS {
            let (status, out, err) = run_on(&folder, database, command);
            assert!(status == 1 && out.is_empty(), "{command:?} on {database}: {status} {out} {err}");
            assert!(err.starts_with("rollbook: ") && err.contains(words), "{command:?} on {database}: {err}");
            assert_eq!(err.lines().count(), 1, "{command:?} on {database}: {err}");
            assert_eq!(contents(folder.path()), before, "{command:?} on {database}");
        }
        // The file is refused as a backup. The command waits for one that comes through a pipe.
        if database.contains("pipe") {
            continue;
        }
        let (status, out, err) = run_on(&folder, "new.db", &["restore", database]);
        assert!(status == 1 && out.is_empty() && err.starts_with("rollbook: "), "restore {database}: {err}");
        assert_eq!(contents(folder.path()), before, "restore {database}");
    }
}

#[test]
fn a_file_may_have_a_name_that_means_something_else_to_sqlite() {
    let folder = with_files();
    for database in ["./:memory:", "./file:users.db?mode=memory", "% ?#.db"] {
        assert_eq!(run_on(&folder, database, &["import", "users.csv"]).0, 0, "{database}");
        assert_eq!(run_on(&folder, database, &["user", "show", "grace"]).0, 0, "{database}");
        let file = folder.path().join(database);
        assert!(file.metadata().expect("a database").len() > 4096, "{database}");
    }
}

#[test]
fn a_command_without_a_database_leaves_nothing_behind() {
    let folder = with_files();
    let before = contents(folder.path());
    // Other commands create a database, but a dry run of an import does not.
    assert_eq!(run_on(&folder, "mistyped.db", &["import", "--dry-run", "users.csv"]).0, 1);
    for command in COMMANDS.iter().filter(|words| !["serve", "key", "import", "restore"].contains(&words[0])) {
        let (status, _, err) = run_on(&folder, "mistyped.db", command);
        assert!(
            status == 1 && err.contains("there is no database mistyped.db: use --db to name another file"),
            "{command:?}: {err}"
        );
        assert_eq!(contents(folder.path()), before, "{command:?}");
    }
}

#[test]
fn lock_file_that_is_no_regular_file_is_refused_without_waiting() {
    let folder = with_files();
    let lock = folder.path().join("rollbook.db.lock");
    let target = folder.path().join("target");
    std::fs::write(&target, "kept").expect("a file");
    let refused = |what: &str| {
        let (status, _, err) = run_on(&folder, "rollbook.db", &["import", "users.csv"]);
        assert!(status == 1 && err.contains("rollbook.db.lock is ") && err.contains(what), "{err}");
        assert!(!folder.db().exists(), "{what}");
    };
    symlink(&target, &lock).expect("a link");
    refused("a link, and not a lock file: remove it");
    std::fs::remove_file(&lock).expect("the link");
    assert!(Command::new("mkfifo").arg(&lock).status().expect("mkfifo runs").success());
    refused("a named pipe, and not a lock file: remove it");
    assert_eq!(std::fs::read_to_string(&target).expect("the file"), "kept");
}

// The WAL of another database

fn users_of(server: &Server) -> Vec<String> {
    let answer = server.datadog("GET", "/api/v1/user", None).json();
    let users = answer["users"].as_array().expect("users");
    users.iter().map(|user| user["handle"].as_str().expect("a handle").to_owned()).collect()
}

/// A folder whose server was killed: `bob` is in the WAL alone. `backup.db` is older.
fn with_log() -> Arc<Folder> {
    with_log_in(Arc::new(Folder::new()))
}

/// Does the same in that folder.
fn with_log_in(folder: Arc<Folder>) -> Arc<Folder> {
    let server = Server::over(Arc::clone(&folder), &[]);
    let add = |name: &str| {
        let body = json!({"handle": name}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
    };
    add("ada@example.com");
    let backup = folder.path().join("backup.db");
    assert!(run(&folder, &["backup", backup.to_str().unwrap()]).status.success());
    // The WAL stays while this reader holds the earlier snapshot.
    let reader = Database::open(folder.db()).expect("the database");
    reader.execute_batch("begin; select count(*) from users").expect("a look at the users");
    add("bob@example.com");
    // The files as a crash leaves them: the end of the reader would move the WAL.
    let copies = ["rollbook.db", "rollbook.db-wal"].map(|name| {
        let path = folder.path().join(name);
        (std::fs::read(&path).expect("a file"), path)
    });
    server.kill();
    drop(reader);
    for (bytes, path) in copies {
        std::fs::write(path, bytes).expect("a file");
    }
    let _ = std::fs::remove_file(folder.path().join("rollbook.db-shm"));
    std::fs::write(folder.path().join("users.csv"), "username\ngrace\n").expect("a file");
    folder
}

/// Asserts that each command refuses the database with these words, and changes nothing.
fn assert_refused(folder: &Folder, words: &str) {
    // A lock file does not count as a change.
    let _ = std::fs::remove_file(folder.path().join("rollbook.db.lock"));
    let before = contents(folder.path());
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
    let files = (bytes("rollbook.db"), bytes("rollbook.db-wal"));
    for command in COMMANDS.iter().filter(|words| words[0] != "restore") {
        let (status, _, err) = run_on(folder, "rollbook.db", command);
        let is_told = err.contains(words) || err.contains("there is no database rollbook.db");
        assert!(status == 1 && is_told, "{command:?}: {err}");
        assert_eq!(contents(folder.path()), before, "{command:?}");
        assert!(files == (bytes("rollbook.db"), bytes("rollbook.db-wal")), "{command:?}: a file is changed");
    }
    let said = run_on(folder, "rollbook.db", &["serve", "--listen", "127.0.0.1:0"]).2;
    assert!(said.contains(words), "{said}");
}

/// The WAL that a restore has kept.
fn kept_log(folder: &Folder) -> bool {
    contents(folder.path())
        .iter()
        .any(|(name, _, length)| name.starts_with("rollbook.db.kept-") && name.ends_with("-wal") && *length > 32)
}

#[test]
fn backup_copied_next_to_a_foreign_wal_is_refused_until_it_is_restored() {
    let folder = with_log();
    std::fs::copy(folder.path().join("backup.db"), folder.db()).expect("a copy");
    assert_refused(&folder, "mv rollbook.db rollbook.db.copy; rollbook restore rollbook.db.copy --db rollbook.db");
    // The advice of the message works.
    std::fs::rename(folder.db(), folder.path().join("rollbook.db.copy")).expect("it moves");
    assert_eq!(run_on(&folder, "rollbook.db", &["restore", "rollbook.db.copy"]).0, 0);
    assert!(kept_log(&folder));
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(users_of(&server), ["ada@example.com", "administrator"]);
    assert!(server.stop().success());
    assert_eq!(run_on(&folder, "rollbook.db", &["check"]).0, 0);
}

#[test]
fn copy_of_a_live_database_next_to_the_wal_of_another_one_is_refused() {
    let folder = with_log();
    let own = std::fs::read(folder.db()).expect("the database");
    let other = Server::start();
    assert_eq!(other.datadog("POST", "/api/v1/user", Some(r#"{"handle":"zoe@example.com"}"#)).status, 200);
    // The end moves the log into the file.
    let other_folder = Arc::clone(&other.folder);
    assert!(other.stop().success());
    let other = Server::over(other_folder, &[]);
    std::fs::copy(other.folder.db(), folder.db()).expect("a copy");
    assert_refused(&folder, "mv rollbook.db rollbook.db.copy; rollbook restore rollbook.db.copy --db rollbook.db");
    // The advice of the message keeps the log, and the database can get it back.
    let log = std::fs::read(folder.path().join("rollbook.db-wal")).expect("the log");
    std::fs::rename(folder.db(), folder.path().join("rollbook.db.copy")).expect("it moves");
    assert_eq!(run_on(&folder, "rollbook.db", &["restore", "rollbook.db.copy"]).0, 0);
    assert!(kept_log(&folder));
    std::fs::write(folder.db(), own).expect("the database");
    std::fs::write(folder.path().join("rollbook.db-wal"), log).expect("the log");
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(users_of(&server), ["ada@example.com", "administrator", "bob@example.com"]);
    assert!(server.stop().success());
}

#[test]
fn older_copy_of_a_database_that_has_grown_is_refused_next_to_its_wal() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let older = std::fs::read(folder.db()).expect("the database");
    let users: String = (0..500).map(|number| format!("user{number},{}\n", "x".repeat(200))).collect();
    let file = folder.path().join("many.csv");
    std::fs::write(&file, format!("name,company\n{users}")).expect("a file");
    assert!(run(&folder, &["import", file.to_str().expect("text")]).status.success());
    assert!(server.stop().success());
    let folder = with_log_in(folder);
    std::fs::write(folder.db(), older).expect("an older copy");
    assert_refused(&folder, "mv rollbook.db rollbook.db.copy; rollbook restore rollbook.db.copy --db rollbook.db");
}

#[test]
fn restore_keeps_a_copy_and_the_wal_of_another_database() {
    let folder = with_log();
    let log = std::fs::read(folder.path().join("rollbook.db-wal")).expect("the log");
    let copy = std::fs::read(folder.path().join("backup.db")).expect("the backup");
    std::fs::write(folder.db(), &copy).expect("a copy");
    let (status, out, err) = run_on(&folder, "rollbook.db", &["restore", "backup.db"]);
    assert_eq!(status, 0, "{err}");
    let kept = out.trim().rsplit_once(" as ").expect("the name of the old database").1;
    assert!(std::fs::read(kept).expect("the old file") == copy);
    assert!(std::fs::read(format!("{kept}-wal")).expect("the old log") == log);
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(users_of(&server), ["ada@example.com", "administrator"]);
}

#[test]
fn wal_without_its_database_is_kept_and_no_database_is_created() {
    let folder = with_log();
    let database = std::fs::read(folder.db()).expect("the database");
    std::fs::remove_file(folder.db()).expect("the file");
    std::fs::write(folder.db(), "").expect("an empty file");
    assert_refused(&folder, "is empty, and its log rollbook.db-wal has changes");
    std::fs::remove_file(folder.db()).expect("the file");
    assert_refused(&folder, "is gone, and its log rollbook.db-wal has changes");
    // With its own files, the database is complete again.
    std::fs::write(folder.db(), database).expect("the database");
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(users_of(&server), ["ada@example.com", "administrator", "bob@example.com"]);
    assert!(server.stop().success());
}

/// The journal that a transaction leaves when its process is killed: the first of a new database, or a later one.
fn journal_of_another_database(place: &Path, later: bool) -> Vec<u8> {
    let path = place.join("other.db");
    let connection = Database::open(&path).expect("a database");
    if later {
        connection.execute_batch("create table before (x); pragma user_version = 7; pragma user_version = 8").unwrap();
    }
    // The cache is so small that the journal has to be on disk.
    let fill = "pragma cache_size = 2; begin; create table t (x); pragma user_version = 9;
                insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 500)
                select randomblob(1000) from n";
    connection.execute_batch(fill).expect("an open transaction");
    let journal = std::fs::read(place.join("other.db-journal")).expect("the journal");
    connection.execute_batch("rollback").expect("it is taken back");
    drop(connection);
    std::fs::remove_file(path).expect("the database");
    journal
}

#[test]
fn journal_of_another_database_is_not_rolled_back_into_a_copy() {
    for later in [false, true] {
        let folder = with_log();
        std::fs::remove_file(folder.path().join("rollbook.db-wal")).expect("the log");
        let journal = journal_of_another_database(folder.path(), later);
        assert!(journal.len() > 512 && journal[0] == 0xd9, "{later}");
        std::fs::write(folder.path().join("rollbook.db-journal"), &journal).expect("a journal");
        std::fs::copy(folder.path().join("backup.db"), folder.db()).expect("a copy");
        assert_refused(&folder, "rollbook.db-journal would be played back into it: move the copy away and restore it");
        assert!(std::fs::read(folder.path().join("rollbook.db-journal")).expect("it is there") == journal);
        std::fs::rename(folder.db(), folder.path().join("rollbook.db.copy")).expect("it moves");
        assert_eq!(run_on(&folder, "rollbook.db", &["restore", "rollbook.db.copy"]).0, 0, "{later}");
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(users_of(&server), ["ada@example.com", "administrator"], "{later}");
    }
}

#[test]
fn restore_keeps_a_wal_without_its_database() {
    let folder = with_log();
    std::fs::remove_file(folder.db()).expect("the file");
    assert_eq!(run_on(&folder, "rollbook.db", &["restore", "backup.db"]).0, 0);
    assert!(kept_log(&folder));
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(users_of(&server), ["ada@example.com", "administrator"]);
}

#[test]
fn a_link_that_takes_the_place_of_a_file_that_is_written_is_not_followed() {
    let folder = Folder::new();
    let users: String = (0..2000).map(|number| format!("user{number}\n")).collect();
    let (csv, victim, out) = (folder.path().join("in.csv"), folder.path().join("victim.db"), folder.path().join("out"));
    std::fs::write(&csv, format!("username\n{users}")).expect("a file");
    std::fs::create_dir(&out).expect("a folder");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    for database in [folder.db(), victim.clone()] {
        let (status, _, err) = said(&run(&folder, &["import", &text(&csv), "--db", &text(&database)]));
        assert_eq!(status, 0, "{err}");
    }
    let before = std::fs::read(&victim).expect("the victim");
    let (put, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let put_links = || {
        let link = out.join("link");
        while !ended.load(Ordering::Acquire) {
            for entry in std::fs::read_dir(&out).expect("the folder").flatten() {
                let is_written = entry.path().extension().is_some_and(|end| end == "part");
                if is_written && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    symlink(&victim, &link).expect("a link");
                    std::fs::rename(&link, entry.path()).expect("it moves");
                    put.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let _end = StopOnDrop(&ended);
        scope.spawn(put_links);
        wait_until("links", || {
            let number = put.load(Ordering::Acquire);
            let copy = out.join(format!("{number}.db"));
            let (status, _, err) = said(&run(&folder, &["backup", "--force", &text(&copy)]));
            let is_same = std::fs::read(&victim).expect("the victim") == before;
            // A link can appear when only the rename is left to do.
            let is_refused = status == 1 || copy.is_symlink() || put.load(Ordering::Acquire) == number;
            assert!(is_same && is_refused, "same {is_same}, status {status}: {err}");
            number >= 8
        });
    });
}
