//! Commands with a running server, and on the file without one.

use crate::support::admin_socket::socket;
use crate::support::busy_connection::{KEPT_BUSY, busy, finish_busy};
use crate::support::cli::{copy_binary, rollbook, run, run_with_input, said};
use crate::support::client::Connection;
use crate::support::folder::Folder;
use crate::support::nuxeo::user_body;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::json;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::sync::Arc;

#[test]
fn keys_and_passwords_from_commands_work_in_the_running_server_at_once() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &["--password-pattern", "^.{8,}$"]);
    let (status, key, _) = said(&run(&folder, &["key", "create", "app", "--name", "new", "--role", "read"]));
    assert_eq!(status, 0);
    let reads = |key: &str| server.datadog_as(key.trim(), "GET", "/api/v1/user", None).status;
    assert_eq!(reads(&key), 200);
    assert_eq!(said(&run(&folder, &["key", "revoke", "3"])).0, 0);
    assert_eq!(reads(&key), 403);
    assert_eq!(
        said(&run(&folder, &["key", "revoke", "3"])),
        (1, String::new(), "rollbook: there is no valid key 3 (rollbook key list shows all)\n".to_owned())
    );
    let listed = said(&run(&folder, &["key", "list", "--format", "csv"])).1;
    assert!(listed.starts_with("id,kind,role,name,created,last_used,revoked\n1,api,,first,"), "{listed}");

    let login = |password: &str| server.nuxeo_as(("Administrator", password), "GET", "/me", None).status;
    assert_eq!(login(ADMIN_PASSWORD), 200);
    assert_eq!(said(&run_with_input(&folder, &["passwd", "administrator"], "other words\n")).0, 0);
    assert_eq!((login(ADMIN_PASSWORD), login("other words")), (401, 200));
    // The server's own rules hold.
    let (status, _, err) = said(&run_with_input(&folder, &["passwd", "administrator"], "short\n"));
    assert_eq!(
        (status, err.as_str()),
        (
            1,
            "rollbook: The password doesn't meet requirements (--password-pattern of the command or of the server sets the allowed passwords)\n"
        )
    );
    assert_eq!(login("other words"), 200);
}

#[test]
fn changes_by_commands_invalidate_every_cache_of_the_running_server() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let done = |words: &[&str]| {
        let (status, _, err) = said(&run(&folder, words));
        assert_eq!(status, 0, "{words:?}: {err}");
    };
    done(&["user", "add", "ada", "--role", "admin", "--group", "administrators"]);
    assert_eq!(run_with_input(&folder, &["passwd", "ada"], "secret words\n").status.code(), Some(0));
    let ada = ("ada", "secret words");
    let create = |name: &str| server.nuxeo_as(ada, "POST", "/user", Some(&user_body(json!({"username": name})))).status;
    let found = || server.nuxeo("GET", "/user/search?q=*", None).json()["resultsCount"].clone();
    assert_eq!((create("one"), found()), (201, json!(3)));
    done(&["user", "add", "two"]);
    assert_eq!(found(), 4);
    done(&["group", "remove-member", "administrators", "ada"]);
    assert_eq!(create("three"), 403);
    done(&["group", "add-member", "administrators", "ada"]);
    assert_eq!(create("three"), 201);
    done(&["user", "disable", "ada"]);
    assert_eq!(create("four"), 401);
    done(&["user", "enable", "ada"]);
    assert_eq!(create("four"), 201);
    done(&["group", "set", "administrators", "--label", "Chiefs"]);
    let groups = server.nuxeo_as(ada, "GET", "/me", None).json()["extendedGroups"].clone();
    assert_eq!(groups[0]["label"], "Chiefs");
    done(&["user", "delete", "ada"]);
    assert_eq!(create("five"), 401);
}

#[test]
fn verbose_commands_say_whether_they_use_the_file_or_the_server() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let through = format!("connected to the server at {}\n", socket(&folder).display());
    for words in [&["user", "list", "-v"][..], &["group", "list", "--verbose"], &["key", "list", "-v"], &["log", "-v"]]
    {
        let (status, _, err) = said(&run(&folder, words));
        assert_eq!((status, err.as_str()), (0, through.as_str()), "{words:?}");
    }
    server.stop();
    let on = format!("opened the database file {}\n", folder.db().display());
    assert_eq!(said(&run(&folder, &["user", "list", "-v"])).2, on);
    assert_eq!(said(&run(&folder, &["user", "list"])).2, "");
}

#[test]
fn commands_that_meet_on_a_file_wait_for_each_other() {
    let folder = Folder::new();
    assert_eq!(said(&run(&folder, &["key", "create", "api"])).0, 0);
    std::thread::scope(|scope| {
        let folder = &folder;
        // A few at a time: each waits for the file for five seconds at most, and a machine may be slow.
        for adder in 0..4 {
            scope.spawn(move || {
                for number in 0..4 {
                    let (status, _, err) = said(&run(folder, &["user", "add", &format!("u{adder}-{number}")]));
                    assert_eq!(status, 0, "{err}");
                }
            });
        }
    });
    assert_eq!(said(&run(&folder, &["user", "list", "--format", "csv"])).1.lines().count(), 18);
}

#[test]
fn commands_refuse_a_missing_database() {
    let folder = Folder::new();
    for words in [
        &["user", "list"][..],
        &["user", "add", "ada"],
        &["group", "list"],
        &["key", "list"],
        &["log"],
        &["passwd", "ada"],
    ] {
        let (status, _, err) = said(&run_with_input(&folder, words, "secret\n"));
        assert_eq!(status, 1, "{words:?}");
        assert!(err.contains("there is no database"), "{words:?}: {err}");
    }
    assert!(!folder.db().exists());
}

#[test]
fn commands_are_served_while_every_client_connection_is_taken() {
    let folder = Arc::new(Folder::new());
    let flags = [&KEPT_BUSY[..], &["--max-connections", "2"]].concat();
    let server = Server::over(Arc::clone(&folder), &flags);
    let held: Vec<Connection> = (0..2).map(|_| busy(Connection::open(server.address))).collect();
    assert_eq!(said(&run(&folder, &["user", "list", "-v"])).0, 0);
    for mut connection in held {
        assert_eq!(finish_busy(&mut connection), 200);
    }
}

/// The id of a user that is not root and owns nothing on this machine.
const OTHER_USER: u32 = 54_321;

/// The folder and all files in it are theirs.
fn give_away(folder: &Path) {
    chown(folder, Some(OTHER_USER), Some(OTHER_USER)).expect("root may");
    for entry in std::fs::read_dir(folder).expect("the folder").flatten() {
        chown(entry.path(), Some(OTHER_USER), Some(OTHER_USER)).expect("root may");
    }
}

#[test]
fn commands_of_root_leave_the_database_usable_for_the_service() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("this needs root: not tested");
    }
    // A path that other users can reach, wherever this project is.
    let place = std::env::temp_dir().join(format!("rollbook-{}", std::process::id()));
    std::fs::create_dir(&place).expect("a folder");
    std::fs::set_permissions(&place, Permissions::from_mode(0o755)).expect("its mode");
    let program = place.join("rollbook");
    copy_binary(&program);
    let state = place.join("state");
    std::fs::create_dir(&state).expect("a folder");
    let database = state.join("rollbook.db");
    let command = |words: &[&str]| {
        let mut command = rollbook();
        command.args(words).env("ROLLBOOK_DB", &database);
        said(&command.output().expect("the command runs"))
    };
    let serve = || {
        let (folder, mut command) = (Arc::new(Folder::new()), crate::support::cli::launcher(&program));
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&database).uid(OTHER_USER).gid(OTHER_USER);
        Server::by(command, folder)
    };
    let backup = place.join("backup.db");
    assert_eq!(command(&["key", "create", "api"]).0, 0);
    give_away(&state);
    // Each command creates a lock file and the files of SQLite, some of which stay.
    for words in [
        &["user", "add", "bob"][..],
        &["check"],
        &["backup", backup.to_str().expect("text")],
        &["restore", backup.to_str().expect("text")],
        &["log"],
    ] {
        std::fs::remove_file(state.join("rollbook.db.lock")).expect("a lock file");
        let (status, out, err) = command(words);
        assert_eq!(status, 0, "{words:?}: {out}{err}");
        let server = serve();
        // While the service runs, root is let in by its socket.
        assert_eq!(command(&["user", "show", "bob", "-v"]).0, 0, "{words:?}");
        assert!(command(&["user", "list", "-v"]).2.contains("connected to the server at "), "{words:?}");
        assert!(server.stop().success());
        for entry in std::fs::read_dir(&state).expect("the folder").flatten() {
            let (name, owner) = (entry.file_name(), entry.metadata().expect("a file").uid());
            assert_eq!(owner, OTHER_USER, "{words:?}: {}", name.display());
        }
    }
    std::fs::remove_dir_all(&place).expect("the folder goes");
}
