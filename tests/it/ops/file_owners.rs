//! The owners of database files, and the missing permissions that messages name. Only root can act as several users, so
//! these tests need root.

use crate::support::cli::{copy_binary, rollbook, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::wait_until;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The user that a service runs as.
const SERVICE: u32 = 54_321;
/// A user in the group of the service.
const MEMBER: u32 = 54_322;
/// The group of both.
const GROUP: u32 = 54_323;

/// A folder that users other than root can reach, with the program in it. It is removed when the test ends.
struct Place(PathBuf);

impl Place {
    /// Returns `None` and prints the reason when the tests do not run as root.
    fn new(name: &str) -> Option<Place> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("this needs root: not tested");
            return None;
        }
        let path = std::env::temp_dir().join(format!("rollbook-owners-{name}-{}", std::process::id()));
        let place = Place(path);
        place.folder("", 0, 0, 0o755);
        copy_binary(&place.at("rollbook"));
        Some(place)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn folder(&self, name: &str, user: u32, group: u32, mode: u32) -> PathBuf {
        let path = if name.is_empty() { self.0.clone() } else { self.at(name) };
        std::fs::create_dir(&path).expect("a folder");
        set(&path, user, group, mode);
        path
    }

    /// The program as that user, in that group and the user's own one.
    fn command_as(&self, user: u32, group: Option<u32>, words: &[&str]) -> Command {
        let mut command = crate::support::cli::launcher("setpriv");
        let groups = group.map_or("--clear-groups".to_owned(), |group| format!("--groups={group}"));
        command.arg(format!("--reuid={user}")).arg(format!("--regid={user}")).arg(groups).arg("--inh-caps=-all");
        command.arg(self.at("rollbook")).args(words).stdin(Stdio::null());
        command
    }

    fn run_as(&self, user: u32, group: Option<u32>, database: &Path, words: &[&str]) -> (i32, String, String) {
        let mut command = self.command_as(user, group, words);
        said(&command.env("ROLLBOOK_DB", database).output().expect("the command runs"))
    }

    fn serve_as(&self, user: u32, group: Option<u32>, database: &Path) -> Server {
        let words = ["serve", "--listen", "127.0.0.1:0", "--db", database.to_str().expect("text")];
        Server::by(self.command_as(user, group, &words), Arc::new(Folder::new()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn set(path: &Path, user: u32, group: u32, mode: u32) {
    chown(path, Some(user), Some(group)).expect("root may");
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("root may");
}

/// User, group and mode.
fn rights(path: &Path) -> (u32, u32, u32) {
    let found = path.symlink_metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (found.uid(), found.gid(), found.mode() & 0o7777)
}

fn run_as_root(database: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = rollbook();
    said(&command.args(words).env("ROLLBOOK_DB", database).output().expect("the command runs"))
}

fn all_belong_to(folder: &Path, user: u32, group: u32) {
    for entry in std::fs::read_dir(folder).expect("the folder").flatten() {
        let (owner, of_group, mode) = rights(&entry.path());
        assert_eq!((owner, of_group), (user, group), "{}", entry.path().display());
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
}

#[test]
fn a_database_that_root_makes_belongs_to_the_owner_of_its_folder() {
    let Some(place) = Place::new("new") else { return };
    let backup = place.at("backup.db");
    let csv = place.at("users.csv");
    std::fs::write(&csv, "username\nada\n").expect("a file");
    let source = place.folder("source", 0, 0, 0o700).join("rollbook.db");
    assert_eq!(run_as_root(&source, &["user", "add", "ada"]).0, 1);
    assert_eq!(run_as_root(&source, &["import", csv.to_str().unwrap()]).0, 0);
    assert_eq!(run_as_root(&source, &["backup", backup.to_str().unwrap()]).0, 0);
    // An output belongs to root.
    assert_eq!(rights(&backup), (0, 0, 0o600));
    for words in [["import", csv.to_str().unwrap()], ["restore", backup.to_str().unwrap()]] {
        let state = place.folder(words[0], SERVICE, GROUP, 0o700);
        let database = state.join("rollbook.db");
        let (status, _, err) = run_as_root(&database, &words);
        assert_eq!(status, 0, "{words:?}: {err}");
        assert_eq!(rights(&database), (SERVICE, GROUP, 0o600), "{words:?}");
        all_belong_to(&state, SERVICE, GROUP);
        let server = place.serve_as(SERVICE, None, &database);
        assert_eq!(run_as_root(&database, &["user", "show", "ada"]).0, 0, "{words:?}");
        assert!(server.stop().success());
    }
}

#[test]
fn a_server_of_root_leaves_the_service_its_files_and_its_socket() {
    let Some(place) = Place::new("server") else { return };
    let state = place.folder("state", SERVICE, GROUP, 0o700);
    let database = state.join("rollbook.db");
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&database);
    let server = Server::by(command, Arc::new(Folder::new()));
    all_belong_to(&state, SERVICE, GROUP);
    assert_eq!(rights(&state.join("rollbook.db.sock")), (SERVICE, GROUP, 0o600));
    let (status, _, err) = place.run_as(SERVICE, None, &database, &["user", "add", "ada", "-v"]);
    assert!(status == 0 && err.contains("connected to the server"), "{err}");
    server.kill();
    // The folder has all files that the kill has left.
    let server = place.serve_as(SERVICE, None, &database);
    assert_eq!(place.run_as(SERVICE, None, &database, &["user", "show", "ada"]).0, 0);
    assert!(server.stop().success());
}

#[test]
fn the_first_secrets_that_root_writes_into_a_file_belong_to_the_owner_of_the_database() {
    let Some(place) = Place::new("secrets") else { return };
    let state = place.folder("state", SERVICE, GROUP, 0o700);
    let journal = place.at("journal");
    let log = std::fs::File::create(&journal).expect("a file");
    let found = log.metadata().expect("a file");
    let mut command = rollbook();
    for name in ["ROLLBOOK_ADMIN_PASSWORD", "ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY"] {
        command.env_remove(name);
    }
    // The server takes standard error for the journal.
    command.env("JOURNAL_STREAM", format!("{}:{}", found.dev(), found.ino()));
    let csv = place.at("users.csv");
    std::fs::write(&csv, "username\nada\n").expect("a file");
    let status = command
        .arg("import")
        .arg(&csv)
        .arg("--db")
        .arg(state.join("rollbook.db"))
        .stdout(Stdio::null())
        .stderr(log)
        .status();
    assert!(status.expect("the command runs").success());
    assert_eq!(rights(&state.join("rollbook.db.secrets")), (SERVICE, GROUP, 0o600));
}

#[test]
fn commands_of_a_group_member_do_not_lock_the_owner_out() {
    let Some(place) = Place::new("group") else { return };
    // The folder passes its group to new files, or does not.
    for mode in [0o2770, 0o770] {
        let state = place.folder(&format!("state{mode:o}"), SERVICE, GROUP, mode);
        let database = state.join("rollbook.db");
        let csv = place.at("users.csv");
        std::fs::write(&csv, "username\nada\n").expect("a file");
        assert_eq!(place.run_as(SERVICE, Some(GROUP), &database, &["import", csv.to_str().unwrap()]).0, 0);
        set(&database, SERVICE, GROUP, 0o660);
        std::fs::remove_file(state.join("rollbook.db.lock")).expect("a lock file");
        let as_member = |words: &[&str]| place.run_as(MEMBER, Some(GROUP), &database, words);
        for words in [&["user", "add", "bob"][..], &["check"], &["key", "list"]] {
            let (status, _, err) = as_member(words);
            assert_eq!(status, 0, "{words:?}: {err}");
            let (status, _, err) = place.run_as(SERVICE, Some(GROUP), &database, &["user", "list"]);
            assert_eq!(status, 0, "after {words:?}: {err}");
            std::fs::remove_file(state.join("rollbook.db.lock")).expect("a lock file");
        }
        // All files of a killed command stay while another one works.
        let server = place.serve_as(MEMBER, Some(GROUP), &database);
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"eve@example.com"}"#)).status, 200);
        server.kill();
        for suffix in ["-wal", "-shm", ".lock"] {
            let file = state.join(format!("rollbook.db{suffix}"));
            assert_eq!(rights(&file), (MEMBER, GROUP, 0o660), "{}", file.display());
        }
        let server = place.serve_as(SERVICE, Some(GROUP), &database);
        assert_eq!(server.datadog("GET", "/api/v1/user/eve@example.com", None).status, 200);
        // The socket belongs to the owner: the message tells a member of the group.
        let (status, _, err) = as_member(&["user", "list"]);
        assert!(status == 1 && err.contains("rollbook.db.sock") && err.to_lowercase().contains("permission"), "{err}");
        assert!(server.stop().success());
        // A member could not give a restored database to its owner either.
        let backup = place.at(&format!("backup{mode:o}.db"));
        assert_eq!(run_as_root(&database, &["backup", backup.to_str().unwrap()]).0, 0);
        set(&backup, MEMBER, MEMBER, 0o600);
        let (status, _, err) = as_member(&["restore", backup.to_str().unwrap()]);
        assert!(status == 1 && err.contains("do this as user 54321 or as root"), "{err}");
        assert_eq!(rights(&database), (SERVICE, GROUP, 0o660));
        // Root can do it, and leaves owners and modes as they were.
        assert_eq!(run_as_root(&database, &["restore", backup.to_str().unwrap()]).0, 0);
        assert_eq!(rights(&database), (SERVICE, GROUP, 0o660));
    }
}

#[test]
fn permission_error_names_the_missing_permission() {
    let Some(place) = Place::new("rights") else { return };
    let csv = place.at("users.csv");
    std::fs::write(&csv, "username\nada\n").expect("a file");
    let import = ["import", csv.to_str().unwrap()];
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let closed = place.folder("closed", 0, 0, 0o700);
    let listed = place.folder("listed", 0, 0, 0o755);
    for folder in [&closed, &listed] {
        assert_eq!(run_as_root(&folder.join("rollbook.db"), &import).0, 0);
    }
    let readable = listed.join("readable.db");
    std::fs::copy(listed.join("rollbook.db"), &readable).expect("a copy");
    set(&readable, 0, 0, 0o644);
    let open = place.folder("open", 0, 0, 0o777);
    let foreign = open.join("rollbook.db");
    assert_eq!(run_as_root(&foreign, &import).0, 0);
    set(&foreign, 0, 0, 0o666);
    let locked = open.join("rollbook.db.lock");
    set(&locked, 0, 0, 0o600);
    symlink(closed.join("rollbook.db"), place.at("link.db")).expect("a link");

    let text = |path: &Path| path.display().to_string();
    let folder = |path: &Path, verb: &str| {
        format!("permission denied: the folder {} cannot be {verb} by user 54322;", text(path))
    };
    let file =
        |path: &Path, verb: &str| format!("permission denied: the file {} cannot be {verb} by user 54322;", text(path));
    let rows: &[(PathBuf, &[&str], String)] = &[
        (closed.join("rollbook.db"), &["user", "list"], folder(&closed, "entered")),
        (closed.join("rollbook.db"), &["backup", "/tmp/x"], folder(&closed, "entered")),
        (closed.join("rollbook.db"), &["check"], folder(&closed, "entered")),
        (closed.join("rollbook.db"), &import, folder(&closed, "entered")),
        (closed.join("rollbook.db"), &serve, folder(&closed, "entered")),
        (closed.join("deeper/rollbook.db"), &["log"], folder(&closed, "entered")),
        (place.at("link.db"), &["user", "list"], folder(&closed, "entered")),
        (listed.join("new.db"), &serve, folder(&listed, "written")),
        (listed.join("new.db"), &import, folder(&listed, "written")),
        (listed.join("rollbook.db"), &["check"], file(&listed.join("rollbook.db"), "read")),
        (listed.join("rollbook.db"), &["user", "list"], file(&listed.join("rollbook.db.lock"), "read")),
        (readable.clone(), &["user", "list"], folder(&listed, "written")),
        (foreign.clone(), &["user", "list"], file(&locked, "read")),
        (foreign.clone(), &serve, file(&locked, "read")),
    ];
    for (database, words, expected) in rows {
        let (status, out, err) = place.run_as(MEMBER, None, database, words);
        assert!(status == 1 && out.is_empty(), "{words:?} on {}: {out}{err}", database.display());
        assert!(err.contains(expected.as_str()), "{words:?} on {}: {err}", database.display());
        assert!(err.contains("it belongs to user 0 (root) and group 0, with mode 0"), "{err}");
    }
    // A warning names a database that another user has created in the folder of a service.
    let state = place.folder("state", SERVICE, GROUP, 0o777);
    let (status, _, err) = place.run_as(MEMBER, None, &state.join("rollbook.db"), &import);
    assert!(status == 0 && err.contains("belongs to user 54322, and its folder to user 54321"), "{err}");
    let (status, _, err) = place.run_as(SERVICE, None, &state.join("rollbook.db"), &["check"]);
    let expected = format!("the file {} cannot be read by user 54321", text(&state.join("rollbook.db")));
    assert!(status == 1 && err.contains(&expected), "{err}");
}

#[test]
fn root_changes_no_owner_of_planted_files() {
    let Some(place) = Place::new("planted") else { return };
    let state = place.folder("state", SERVICE, GROUP, 0o755);
    let database = state.join("rollbook.db");
    let csv = place.at("users.csv");
    std::fs::write(&csv, "username\nada\n").expect("a file");
    assert_eq!(run_as_root(&database, &["import", csv.to_str().unwrap()]).0, 0);
    let secret = place.at("secret");
    std::fs::write(&secret, "root's").expect("a file");
    set(&secret, 0, 0, 0o600);
    for suffix in ["-wal", "-shm", "-journal", ".lock"] {
        let planted = state.join(format!("rollbook.db{suffix}"));
        let _ = std::fs::remove_file(&planted);
        let plant: [(&str, &dyn Fn()); 3] = [
            ("a link", &|| symlink(&secret, &planted).expect("a link")),
            ("a hard link", &|| std::fs::hard_link(&secret, &planted).expect("a link")),
            ("a file that root has left in the folder", &|| {
                std::fs::copy(&secret, &planted).expect("a copy");
                set(&planted, 0, 0, 0o600);
            }),
        ];
        for (what, plant) in plant {
            plant();
            for words in [&["user", "list"][..], &["check"], &["serve", "--listen", "127.0.0.1:0", "--log", "off"]] {
                // Root locks a lock file and does nothing else with it.
                if suffix == ".lock" && (words[0] == "serve" || words[0] == "check" || what != "a link") {
                    continue;
                }
                let (status, _, err) = run_as_root(&database, words);
                assert!(status == 1 && err.contains("remove it"), "{what} as {suffix}, {words:?}: {err}");
            }
            assert_eq!(rights(&secret), (0, 0, 0o600), "{what} as {suffix}");
            assert_eq!(std::fs::read_to_string(&secret).expect("the file"), "root's", "{what} as {suffix}");
            assert_eq!(planted.symlink_metadata().expect("it is there").uid(), 0, "{what} as {suffix}");
            std::fs::remove_file(&planted).expect("it goes");
        }
    }
    let server = place.serve_as(SERVICE, None, &database);
    wait_until("the service", || server.datadog("GET", "/api/v1/user/ada", None).status == 200);
}
