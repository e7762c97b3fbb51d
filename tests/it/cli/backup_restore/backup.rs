//! `rollbook backup`.

use super::restore::with_backup;
use super::{Load, assert_done, assert_refused, create_user, text};
use crate::support::cli::{new_database, rollbook_after, run};
use crate::support::database::{execute_without_foreign_keys, usernames_in};
use crate::support::datadog::handles;
use crate::support::folder::{Folder, mode, names_in};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use std::path::Path;
use std::sync::Arc;

// Backup

#[test]
fn a_backup_under_load_has_every_write_that_was_acknowledged_before_it_began() {
    let server = Arc::new(Server::start());
    let folder = Arc::clone(&server.folder);
    let load = Load::on(&server, 8);
    let backup = folder.path().join("backup.db");
    let mut rounds = Vec::new();
    for round in 0..4 {
        load.wait_for(40);
        let before = load.acknowledged();
        let words: &[&str] = if round == 0 { &[] } else { &["--force"] };
        let output = run(&folder, &[&["backup", backup.to_str().unwrap()], words].concat());
        assert_done(&output, "backed up …");
        let bytes = format!("({} bytes)\n", std::fs::metadata(&backup).unwrap().len());
        assert!(text(&output.stdout).ends_with(&bytes), "{output:?}");
        assert_eq!(mode(&backup), 0o600);
        let kept = folder.path().join(format!("round-{round}.db"));
        std::fs::copy(&backup, &kept).expect("one file is all of it");
        rounds.push((kept, before));
        // The check of the live database reads one snapshot, also during writes.
        assert_done(&run(&folder, &["check"]), "ok: …");
    }
    let all = load.finish();
    for name in names_in(folder.path()) {
        assert!(!name.starts_with(".rollbook-") && !name.starts_with("backup.db-"), "{name} is left");
    }
    // The WAL did not grow while the backups held it: the server checkpoints it after they end.
    assert_eq!(create_user(&server, "last@example.com"), 200);
    let Some(server) = Arc::into_inner(server) else { panic!("a client is left") };
    assert!(server.stop().success());
    assert!(!folder.path().join("rollbook.db-wal").exists());

    for (kept, before) in rounds {
        let folder = Arc::new(Folder::new());
        assert_done(&run(&folder, &["restore", kept.to_str().unwrap()]), "restored …; there was no database before");
        assert_done(&run(&folder, &["check"]), "ok: …");
        let server = Server::over(Arc::clone(&folder), &[]);
        let users = handles(&server);
        let missing: Vec<&String> = before.iter().filter(|name| !users.contains(name)).collect();
        assert!(missing.is_empty(), "acknowledged and not in the backup: {missing:?}");
        let unknown = users.iter().filter(|name| *name != "administrator" && !all.contains(name)).count();
        assert!(unknown <= 8, "never acknowledged: {unknown}");
    }
}

#[test]
fn a_backup_needs_no_server_and_changes_nothing() {
    let folder = Arc::new(new_database());
    let before = std::fs::read(folder.db()).unwrap();
    let output = run(&folder, &["backup", folder.path().join("copy.db").to_str().unwrap()]);
    assert_done(&output, "backed up 1 user, 3 groups, 1 membership, 3 keys and tokens to …");
    assert_eq!(names_in(folder.path()), ["copy.db", "rollbook.db", "rollbook.db.lock"]);
    assert!(std::fs::read(folder.db()).unwrap() == before);

    // A server that was killed has left its log, and the backup has what is in it.
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(create_user(&server, "ada@example.com"), 200);
    server.kill();
    assert!(folder.path().join("rollbook.db-wal").metadata().unwrap().len() > 0);
    let output = run(&folder, &["backup", "--force", folder.path().join("copy.db").to_str().unwrap()]);
    assert_done(&output, "backed up 2 users, …");
    assert_eq!(usernames_in(&folder.path().join("copy.db")), ["ada@example.com", "administrator"]);
}

#[test]
fn backup_over_a_file_in_use_is_refused() {
    let folder = Arc::new(new_database());
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("there"), "precious").unwrap();
    std::os::unix::fs::symlink(folder.db(), at("alias.db")).unwrap();
    std::fs::write(at("foreign.db"), "Dear diary, \n".repeat(1000)).unwrap();
    execute_without_foreign_keys(Path::new(&at("other.db")), "create table notes (text)");
    for (copy, damage) in [
        ("newer.db", "pragma user_version = 9999"),
        ("torn.db", "pragma writable_schema = on; update sqlite_schema set rootpage = 7 where name = 'groups'"),
    ] {
        std::fs::copy(folder.db(), at(copy)).unwrap();
        execute_without_foreign_keys(Path::new(&at(copy)), damage);
    }
    let before = names_in(folder.path());
    let rows: &[(&[&str], &[&str])] = &[
        (&["backup", &at("there")], &[&at("there"), "is there already", "--force"]),
        (&["backup", &at("missing/copy.db")], &["missing/copy.db"]),
        (&["backup", "--force", &at("rollbook.db")], &["the database itself"]),
        (&["backup", "--force", &at("rollbook.db-wal")], &["the database itself"]),
        (&["backup", "--force", &at("rollbook.db.lock")], &["the database itself"]),
        (&["backup", "--force", &at("alias.db")], &["the database itself"]),
        (&["backup", "--force", "--db", &at("alias.db"), &at("rollbook.db-shm")], &["the database itself"]),
        (&["backup", "--db", &at("mistyped.db"), &at("copy.db")], &["there is no database", "mistyped.db"]),
        (&["backup", "--db", &at("foreign.db"), &at("copy.db")], &["foreign.db", "not a rollbook database"]),
        (&["backup", "--db", &at("other.db"), &at("copy.db")], &["other.db", "not a rollbook database"]),
        (&["backup", "--db", &at("newer.db"), &at("copy.db")], &["newer.db", "9999", "newer rollbook"]),
        (&["backup", "--db", &at("torn.db"), &at("copy.db")], &["copy.db", "damaged"]),
    ];
    for (words, said) in rows {
        assert_refused(&run(&folder, words), said);
        assert_eq!(names_in(folder.path()), before, "{words:?}");
    }
    assert_eq!(std::fs::read_to_string(at("there")).unwrap(), "precious");
    assert_done(&run(&folder, &["backup", "--force", &at("there")]), "backed up …");
    assert_eq!(
        (usernames_in(Path::new(&at("there"))), mode(Path::new(&at("there")))),
        (vec!["administrator".into()], 0o600)
    );
}

#[test]
fn a_backup_that_finds_no_room_leaves_nothing() {
    let folder = Arc::new(new_database());
    let copy = folder.path().join("copy.db");
    // No file may grow beyond so many blocks of 512 bytes.
    let mut command = rollbook_after("ulimit -f 100; trap '' XFSZ");
    let output = command.arg("backup").arg(&copy).arg("--db").arg(folder.db()).output().expect("a shell");
    assert_refused(&output, &["back up", "copy.db"]);
    assert_eq!(names_in(folder.path()), ["rollbook.db", "rollbook.db.lock"]);
}

#[test]
fn no_secret_is_in_a_backup() {
    let folder = with_backup();
    let bytes = std::fs::read(folder.path().join("backup.db")).unwrap();
    for secret in [API_KEY, APP_KEY, ADMIN_PASSWORD] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}
