//! Operating the directory: files of earlier versions, backup, restore and check.

use crate::support::cli::{rollbook, rollbook_after, run};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::wait::wait_until;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The command did it and said this on standard output, where `…` stands for anything.
fn assert_done(output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (begin, end) = says.split_once('…').unwrap_or((says, ""));
    let said = text(&output.stdout);
    assert!(said.starts_with(begin) && said.ends_with(&format!("{end}\n")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// The command failed and said all of these words, without the look of a crash.
fn assert_refused(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "", "{output:?}");
    for word in words.iter().chain(&["rollbook: "]) {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

fn names_in(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

/// A folder with a database that a first start has filled.
fn filled() -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    assert!(run(&folder, &["key", "create", "api", "--name", "test"]).status.success());
    folder
}

/// Runs SQL on the file as another program would.
fn by_hand(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("a database");
    connection.pragma_update(None, "foreign_keys", false).expect("no foreign keys");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error} in {sql}"));
}

fn create_user(server: &Server, name: &str) -> u16 {
    server.datadog("POST", "/api/v1/user", Some(&json!({"handle": name}).to_string())).status
}

/// The handles of everybody, in order.
fn users(server: &Server) -> Vec<String> {
    let answer = server.datadog("GET", "/api/v1/user", None).json();
    let handle = |user: &Value| user["handle"].as_str().expect("a handle").to_owned();
    answer["users"].as_array().expect("users").iter().map(handle).collect()
}

/// The names of users in a file, read without the product.
fn users_in(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).expect("a database");
    let mut statement = connection.prepare("select username_key from users order by 1").expect("users");
    statement.query_map([], |row| row.get(0)).expect("users").collect::<Result<_, _>>().expect("names")
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

/// Clients that create users until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn on(server: &Arc<Server>, clients: usize) -> Load {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let start = |client| {
            let (server, stop, acknowledged) = (Arc::clone(server), Arc::clone(&stop), Arc::clone(&acknowledged));
            std::thread::spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Acquire) {
                        break;
                    }
                    let name = format!("u{number}.of{client}@example.com");
                    assert_eq!(create_user(&server, &name), 200, "{name}");
                    acknowledged.lock().unwrap().push(name);
                }
            })
        };
        let threads = (0..clients).map(start).collect();
        Load { stop, acknowledged, threads }
    }

    /// Waits until that many more have been acknowledged.
    fn wait_for(&self, more: usize) {
        let wanted = self.acknowledged().len() + more;
        wait_until("more writes", || self.acknowledged().len() >= wanted);
    }

    fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    fn finish(self) -> Vec<String> {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().expect("a client");
        }
        Arc::into_inner(self.acknowledged).expect("nobody else").into_inner().unwrap()
    }
}

// Versions

fn version_of(path: &Path) -> i64 {
    Connection::open(path)
        .expect("a database")
        .query_row("pragma user_version", [], |row| row.get(0))
        .expect("a version")
}

/// What `sqlite_schema` says, in the order of names.
fn schema_of(path: &Path) -> Vec<(String, Option<String>)> {
    let connection = Connection::open(path).expect("a database");
    let sql = "select type || ' ' || name || ' of ' || tbl_name, sql from sqlite_schema order by 1";
    let mut statement = connection.prepare(sql).expect("a schema");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("things")
}

fn versions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions")
}

#[test]
fn a_file_of_every_version_opens_and_becomes_what_a_new_file_is() {
    let new = filled();
    let newest = version_of(&new.db());
    let files = std::fs::read_dir(versions()).expect("the folder with the versions").count();
    assert_eq!(files, newest as usize, "tests/versions has a file of every version");
    for version in 1..=newest {
        let sql = std::fs::read_to_string(versions().join(format!("{version}.sql"))).expect("a version");
        let folder = Arc::new(Folder::new());
        by_hand(&folder.db(), &sql);
        assert_eq!(version_of(&folder.db()), version);
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(server.log().contains("upgraded the database"), version < newest, "{}", server.log());

        assert_eq!(users(&server), ["ada@example.com", "administrator", "gone@example.com", "grace"]);
        let ada = server.datadog("GET", "/api/v1/user/ADA@example.com", None).json()["user"].clone();
        assert_eq!((&ada["name"], &ada["access_role"]), (&json!("Ada Lovelace"), &json!("st")));
        let gone = server.datadog("GET", "/api/v1/user/gone@example.com", None).json()["user"].clone();
        assert_eq!((&gone["disabled"], &gone["access_role"]), (&json!(true), &json!("ro")));
        let grace = server.nuxeo_as(("grace", "new words"), "GET", "/me", None).json();
        assert_eq!(grace["properties"]["company"], "Navy");
        assert_eq!(grace["properties"]["groups"], json!(["members", "Looms"]));
        let above: Vec<&Value> =
            grace["extendedGroups"].as_array().expect("groups").iter().map(|group| &group["name"]).collect();
        assert_eq!(above, ["members", "Looms", "engines"]);
        let lists = "/group/engines?fetch-group=memberUsers,memberGroups,parentGroups";
        let engines = server.nuxeo("GET", lists, None).json();
        assert_eq!(engines["memberUsers"], json!(["ADA@example.com", "Charles"]));
        assert_eq!((&engines["memberGroups"], &engines["parentGroups"]), (&json!(["looms"]), &json!(["machines"])));
        // What waited before still waits: the new user is in the group.
        let charles = r#"{"entity-type":"user","properties":{"username":"charles"}}"#;
        let charles = server.nuxeo("POST", "/user", Some(charles)).json();
        assert_eq!(charles["properties"]["groups"], json!(["engines"]));
        let token = [("X-Authentication-Token", "4ec0f2682ea8750c6a79ccf2676f1e4183ac0e264a5421e34ad4e3ea5d052725")];
        assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &token, None).json()["id"], "Grace");

        assert!(server.stop().success());
        assert_eq!(version_of(&folder.db()), newest);
        assert_eq!(schema_of(&folder.db()), schema_of(&new.db()), "version {version}");
        assert_done(&run(&folder, &["check"]), "ok: 5 users, 5 groups, 5 memberships, 3 keys and tokens");
    }
}

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
        // The check of the live database reads one state, whatever is written meanwhile.
        assert_done(&run(&folder, &["check"]), "ok: …");
    }
    let all = load.finish();
    for name in names_in(&folder) {
        assert!(!name.starts_with(".rollbook-") && !name.starts_with("backup.db-"), "{name} is left");
    }
    // The log did not grow while the backups held it: it is moved once they are done.
    assert_eq!(create_user(&server, "last@example.com"), 200);
    let Some(server) = Arc::into_inner(server) else { panic!("a client is left") };
    assert!(server.stop().success());
    assert!(!folder.path().join("rollbook.db-wal").exists());

    for (kept, before) in rounds {
        let folder = Arc::new(Folder::new());
        assert_done(&run(&folder, &["restore", kept.to_str().unwrap()]), "restored …; there was no database before");
        assert_done(&run(&folder, &["check"]), "ok: …");
        let server = Server::over(Arc::clone(&folder), &[]);
        let users = users(&server);
        let missing: Vec<&String> = before.iter().filter(|name| !users.contains(name)).collect();
        assert!(missing.is_empty(), "acknowledged and not in the backup: {missing:?}");
        let unknown = users.iter().filter(|name| *name != "administrator" && !all.contains(name)).count();
        assert!(unknown <= 8, "what was never acknowledged: {unknown}");
    }
}

#[test]
fn a_backup_needs_no_server_and_changes_nothing() {
    let folder = filled();
    let before = std::fs::read(folder.db()).unwrap();
    let output = run(&folder, &["backup", folder.path().join("copy.db").to_str().unwrap()]);
    assert_done(&output, "backed up 1 user, 3 groups, 1 membership, 3 keys and tokens to …");
    assert_eq!(names_in(&folder), ["copy.db", "rollbook.db", "rollbook.db.lock"]);
    assert!(std::fs::read(folder.db()).unwrap() == before);

    // A server that was killed has left its log, and the backup has what is in it.
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(create_user(&server, "ada@example.com"), 200);
    server.kill();
    assert!(folder.path().join("rollbook.db-wal").metadata().unwrap().len() > 0);
    let output = run(&folder, &["backup", "--force", folder.path().join("copy.db").to_str().unwrap()]);
    assert_done(&output, "backed up 2 users, …");
    assert_eq!(users_in(&folder.path().join("copy.db")), ["ada@example.com", "administrator"]);
}

#[test]
fn a_backup_is_refused_where_it_would_do_harm() {
    let folder = filled();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("there"), "precious").unwrap();
    std::os::unix::fs::symlink(folder.db(), at("alias.db")).unwrap();
    std::fs::write(at("foreign.db"), "Dear diary, \n".repeat(1000)).unwrap();
    by_hand(Path::new(&at("other.db")), "create table notes (text)");
    for (copy, damage) in [
        ("newer.db", "pragma user_version = 9999"),
        ("torn.db", "pragma writable_schema = on; update sqlite_schema set rootpage = 7 where name = 'groups'"),
    ] {
        std::fs::copy(folder.db(), at(copy)).unwrap();
        by_hand(Path::new(&at(copy)), damage);
    }
    let before = names_in(&folder);
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
        assert_eq!(names_in(&folder), before, "{words:?}");
    }
    assert_eq!(std::fs::read_to_string(at("there")).unwrap(), "precious");
    assert_done(&run(&folder, &["backup", "--force", &at("there")]), "backed up …");
    assert_eq!(
        (users_in(Path::new(&at("there"))), mode(Path::new(&at("there")))),
        (vec!["administrator".into()], 0o600)
    );
}

#[test]
fn a_backup_that_finds_no_room_leaves_nothing() {
    let folder = filled();
    let copy = folder.path().join("copy.db");
    // No file may grow beyond so many blocks of 512 bytes.
    let mut command = rollbook_after("ulimit -f 100; trap '' XFSZ");
    let output = command.arg("backup").arg(&copy).arg("--db").arg(folder.db()).output().expect("a shell");
    assert_refused(&output, &["back up", "copy.db"]);
    assert_eq!(names_in(&folder), ["rollbook.db", "rollbook.db.lock"]);
}

// Restore

/// A folder whose database has one user more than the backup in it, `backup.db`.
fn with_backup() -> Arc<Folder> {
    let folder = filled();
    assert_done(&run(&folder, &["backup", folder.path().join("backup.db").to_str().unwrap()]), "backed up …");
    folder
}

fn restore(folder: &Folder, backup: &str) -> Output {
    run(folder, &["restore", folder.path().join(backup).to_str().unwrap()])
}

/// The file that the output says the old database is kept as.
fn kept(output: &Output) -> PathBuf {
    assert_done(output, "restored …");
    let (_, path) = text(&output.stdout).trim_end().split_once("the old database is kept as ").expect("a name");
    PathBuf::from(path)
}

#[test]
fn a_restore_after_a_crash_has_the_backup_and_keeps_every_acknowledged_write() {
    let folder = with_backup();
    let server = Arc::new(Server::over(Arc::clone(&folder), &[]));
    let load = Load::on(&server, 4);
    load.wait_for(60);
    assert_refused(&restore(&folder, "backup.db"), &["in use by another process"]);
    let acknowledged = load.finish();
    Arc::into_inner(server).expect("no client is left").kill();
    let log = folder.path().join("rollbook.db-wal");
    assert!(log.metadata().unwrap().len() > 0, "the crash has left a log");

    let output = restore(&folder, "backup.db");
    let kept = kept(&output);
    assert_eq!(kept.parent(), Some(folder.path().canonicalize().unwrap().as_path()));
    assert!(kept.file_name().unwrap().to_str().unwrap().starts_with("rollbook.db.kept-2"), "{output:?}");
    assert_eq!((mode(&folder.db()), mode(&kept)), (0o600, 0o600));
    assert!(!log.exists() && !folder.path().join("rollbook.db-shm").exists(), "{:?}", names_in(&folder));
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(users(&server), ["administrator"]);
    assert_eq!(create_user(&server, "after@example.com"), 200);
    assert!(server.stop().success());

    // The database that was kept can come back, and the other one is kept then.
    let mut expected = acknowledged;
    expected.push("administrator".to_owned());
    expected.sort();
    assert_eq!(users_in(&kept), expected);
    let output = restore(&folder, kept.file_name().unwrap().to_str().unwrap());
    assert_eq!(users_in(&self::kept(&output)), ["administrator", "after@example.com"]);
    assert_eq!(users_in(&folder.db()), expected);
    assert_done(&run(&folder, &["check"]), "ok: …");
}

#[test]
fn a_damaged_database_is_kept_as_it_is_with_its_log() {
    for (what, damage) in [("its beginning", 0), ("its first page behind the header", 60)] {
        let folder = with_backup();
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(create_user(&server, "ada@example.com"), 200);
        server.kill();
        let mut bytes = std::fs::read(folder.db()).unwrap();
        bytes[damage..damage + 3000].fill(0x55);
        if damage > 0 {
            // Otherwise the first page of the log would mend it.
            std::fs::remove_file(folder.path().join("rollbook.db-wal")).unwrap();
        }
        std::fs::write(folder.db(), &bytes).unwrap();
        let log = std::fs::read(folder.path().join("rollbook.db-wal")).ok();

        let kept = kept(&restore(&folder, "backup.db"));
        assert!(std::fs::read(&kept).unwrap() == bytes, "{what}: the old database is as it was");
        let kept_log = std::fs::read(format!("{}-wal", kept.display())).ok();
        assert!(kept_log == log, "{what}: so is its log");
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(users(&server), ["administrator"], "{what}");
    }
}

#[test]
fn a_log_whose_database_is_gone_is_never_read_into_the_restored_one() {
    let folder = with_backup();
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(create_user(&server, "ada@example.com"), 200);
    server.kill();
    std::fs::remove_file(folder.db()).unwrap();
    let log = std::fs::read(folder.path().join("rollbook.db-wal")).unwrap();
    assert_done(&restore(&folder, "backup.db"), "restored …; there was no database before");
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(users(&server), ["administrator"]);
    drop(server);
    let carried = names_in(&folder).into_iter().find(|name| name.contains(".kept-")).expect("the log is kept");
    assert!(std::fs::read(folder.path().join(carried)).unwrap() == log);
}

#[test]
fn a_restore_is_refused_where_it_would_do_harm() {
    let folder = with_backup();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("diary"), "Dear diary, \n".repeat(1000)).unwrap();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::write(at("short"), "SQLite").unwrap();
    by_hand(&at("other.db"), "create table notes (text); pragma application_id = 7");
    by_hand(&at("nameless.db"), "create table users (id)");
    let whole = std::fs::read(at("backup.db")).unwrap();
    std::fs::write(at("half.db"), &whole[..whole.len() / 2]).unwrap();
    let mut torn = whole.clone();
    let page = 4096 * (whole.len() / 4096 / 2);
    torn[page..page + 4096].fill(0x55);
    std::fs::write(at("torn.db"), torn).unwrap();
    std::fs::write(at("newer.db"), &whole).unwrap();
    by_hand(&at("newer.db"), "pragma user_version = 9999");
    std::os::unix::fs::symlink(folder.db(), at("alias.db")).unwrap();
    let (names, before) = (names_in(&folder), std::fs::read(folder.db()).unwrap());
    let rows: &[(&str, &[&str])] = &[
        ("missing.db", &["missing.db"]),
        ("diary", &["diary", "not a rollbook database"]),
        ("empty", &["empty", "not a rollbook database"]),
        ("short", &["short", "not a rollbook database"]),
        ("other.db", &["other.db", "not a rollbook database"]),
        ("nameless.db", &["nameless.db", "not a rollbook database"]),
        ("half.db", &["half.db", "malformed"]),
        ("torn.db", &["torn.db", "damaged"]),
        ("newer.db", &["newer.db", "9999", "newer rollbook"]),
        ("rollbook.db", &["the database itself"]),
        ("alias.db", &["the database itself"]),
    ];
    for (backup, words) in rows {
        assert_refused(&restore(&folder, backup), words);
        assert_eq!(names_in(&folder), names, "{backup}");
        assert!(std::fs::read(folder.db()).unwrap() == before, "{backup}");
    }
    // In place of another program's database.
    let (backup, other) = (at("backup.db"), at("other.db"));
    let output = run(&folder, &["restore", backup.to_str().unwrap(), "--db", other.to_str().unwrap()]);
    assert_refused(&output, &["other.db", "not a rollbook database"]);

    // While a server or a command has only just begun to open it.
    let lock = std::fs::File::open(at("rollbook.db.lock")).unwrap();
    lock.lock().unwrap();
    assert_refused(&restore(&folder, "backup.db"), &["in use by another process"]);
    drop(lock);

    // While somebody reads the database with another program.
    let connection = Connection::open(folder.db()).unwrap();
    let mut statement = connection.prepare("select * from users").unwrap();
    let mut rows = statement.query([]).unwrap();
    assert!(rows.next().unwrap().is_some());
    assert_refused(&restore(&folder, "backup.db"), &["in use by another process"]);
    drop(rows);
    drop(statement);
    drop(connection);
    kept(&restore(&folder, "backup.db"));
}

#[test]
fn a_restore_follows_links_and_leaves_the_file_to_its_owner() {
    let folder = with_backup();
    let place = folder.path().join("place");
    std::fs::create_dir(&place).unwrap();
    std::fs::rename(folder.db(), place.join("real.db")).unwrap();
    std::os::unix::fs::symlink("place/real.db", folder.db()).unwrap();
    // Only root can give files away; for others there is nobody else to be.
    let given = std::os::unix::fs::chown(place.join("real.db"), Some(12345), Some(12345)).is_ok();
    let kept = kept(&restore(&folder, "backup.db"));
    assert_eq!(kept.parent(), Some(place.canonicalize().unwrap().as_path()));
    assert!(folder.db().symlink_metadata().unwrap().is_symlink());
    let owner = std::fs::metadata(place.join("real.db")).unwrap();
    assert!(!given || (owner.uid(), owner.gid()) == (12345, 12345), "{owner:?}");
    assert_eq!(users_in(&folder.db()), ["administrator"]);
}

#[test]
fn a_restore_killed_at_any_time_leaves_the_old_database_or_the_new_one() {
    let folder = with_backup();
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(create_user(&server, "ada@example.com"), 200);
    server.kill();
    // The old database as a crash leaves it: some of it is in its log alone.
    let files = ["rollbook.db", "rollbook.db-wal", "backup.db"];
    let files = files.map(|name| (name, std::fs::read(folder.path().join(name)).expect("a file")));
    let start = Instant::now();
    let once = kept(&restore(&folder, "backup.db"));
    let whole = start.elapsed();
    let (old, new) =
        (["ada@example.com", "administrator"].map(str::to_owned).to_vec(), vec!["administrator".to_owned()]);
    assert_eq!((users_in(&once), users_in(&folder.db())), (old.clone(), new.clone()));

    let mut outcomes = [0, 0];
    for round in 0..40 {
        let folder = Folder::new();
        for (name, bytes) in &files {
            std::fs::write(folder.path().join(name), bytes).expect("a file");
        }
        let mut command = rollbook();
        command.arg("restore").arg(folder.path().join("backup.db")).arg("--db").arg(folder.db());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
        std::thread::sleep(whole * round / 36);
        let _ = child.kill();
        child.wait().expect("the command ends");

        let found = users_in(&folder.db());
        assert!(found == old || found == new, "{found:?}");
        outcomes[usize::from(found == new)] += 1;
        assert_done(&run(&folder, &["check"]), "ok: …");
        if found == new {
            let others = names_in(&folder).into_iter().filter(|name| name.contains(".kept-"));
            let others: Vec<Vec<String>> = others.map(|name| users_in(&folder.path().join(name))).collect();
            assert!(others.contains(&old), "the old database is lost: {:?}", names_in(&folder));
        }
        // Nothing that was left is in the way of the next one.
        kept(&restore(&folder, "backup.db"));
        assert_eq!(users_in(&folder.db()), new);
    }
    assert!(outcomes[0] > 0, "{outcomes:?}");
}

// Check

#[test]
fn a_check_says_that_all_is_well_with_a_server_and_without() {
    let folder = filled();
    let ok = "ok: 1 user, 3 groups, 1 membership, 3 keys and tokens";
    let before = std::fs::read(folder.db()).unwrap();
    assert_done(&run(&folder, &["check"]), ok);
    assert!(std::fs::read(folder.db()).unwrap() == before);
    assert_eq!(names_in(&folder), ["rollbook.db", "rollbook.db.lock"]);
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_done(&run(&folder, &["check"]), ok);
    assert_eq!(create_user(&server, "ada@example.com"), 200);
    let group = r#"{"entity-type":"group","groupname":"Engines","memberUsers":["ada@example.com","ADA","nobody"],
        "memberGroups":["members","loom"],"parentGroups":["powerusers","machines"]}"#;
    assert_eq!(server.nuxeo("POST", "/group", Some(group)).status, 201);
    assert_done(&run(&folder, &["check"]), "ok: 2 users, 4 groups, 2 memberships, 3 keys and tokens");
}

#[test]
fn a_check_finds_each_kind_of_damage() {
    let sql = std::fs::read_to_string(versions().join("6.sql")).expect("the version");
    let rows: &[(&str, &[&str])] = &[
        ("update users set username_key = 'Gone' where id = 3", &[r#"user "gone@example.com": username_key"#]),
        ("update users set first_key = 'Grace' where id = 4", &[r#"user "Grace": first_key"#]),
        ("update users set last_key = null where id = 4", &[r#"user "Grace": last_key"#]),
        ("update users set email_key = 'x' where id = 2", &[r#"user "Ada@example.com": email_key"#]),
        ("update users set attributes = '[1]' where id = 4", &[r#"user "Grace": the attributes are no JSON object"#]),
        ("update users set password_hash = 'plain' where id = 4", &[r#"user "Grace": no password can be checked"#]),
        ("update users set password_hash = '{SSHA}AAAA' where id = 4", &[r#"user "Grace": no password"#]),
        ("update groups set name_key = 'X' where id = 4", &[r#"group "engines": name_key"#]),
        ("update groups set label_key = null where id = 4", &[r#"group "engines": label_key"#]),
        ("update groups set attributes = '\"x\"' where id = 4", &[r#"group "engines": the attributes"#]),
        ("update dangling_members set name_key = 'CHARLES' where kind = 'user'", &[r#"its user "Charles""#]),
        (
            "insert into dangling_members values ('user', 'grace', 4, 'Grace', 1)",
            &[r#"group "engines": its user "Grace" is said to belong to nobody, and exists"#],
        ),
        (
            "insert into dangling_members values ('parent', 'looms', 4, 'LOOMS', 1)",
            &[r#"group "engines": its parent "LOOMS" is said to belong to nobody, and exists"#],
        ),
        ("update memberships set written = 'other' where user_id = 2", &[r#"group "engines": the list has "other""#]),
        ("update subgroups set child_written = 'other'", &[r#"group "engines": the list has "other""#]),
        ("update subgroups set parent_written = 'other'", &[r#"group "Looms": the list has "other""#]),
        ("update counters set value = 7 where name = 'users'", &[r#"the counter "users" is 7, and there are 4"#]),
        ("update counters set value = 0 where name = 'groups'", &[r#"the counter "groups" is 0, and there are 5"#]),
        ("update counters set value = 6 where name = 'seq'", &[r#"the counter "seq" is 6, and a list has 7 already"#]),
        ("delete from counters where name = 'seq'", &[r#"the counter "seq" is missing"#]),
        ("update sqlite_sequence set seq = 3 where name = 'users'", &["an id of users would be given again"]),
        ("delete from sqlite_sequence where name = 'groups'", &["an id of groups would be given again"]),
        (
            "insert into subgroups (parent_id, child_id, seq) values (5, 4, 1)",
            &[r#"group "engines": it contains itself"#, r#"group "Looms": it contains itself"#],
        ),
        (
            "insert into subgroups (parent_id, child_id, seq) values (5, 1, 1), (1, 2, 1), (2, 1, 1), (2, 3, 1)",
            &[r#"group "administrators": it contains itself"#, r#"group "members": it contains itself"#],
        ),
        ("update users set disabled = 1 where id = 1", &["no enabled user is an administrator"]),
        ("delete from memberships where group_id = 1", &["no enabled user is an administrator"]),
        ("delete from users where id = 2", &["1 rows of memberships refer to users that do not exist"]),
        ("update credentials set user_id = 99 where id = 3", &["1 rows of credentials refer to users that do not"]),
        ("drop index users_by_email", &["index users_by_email is missing"]),
        ("drop trigger users_counted", &["trigger users_counted is missing"]),
        ("create table notes (text)", &["table notes is not of this program"]),
        (
            "drop index users_by_email; create index users_by_email on users (email)",
            &["index users_by_email is not as this program makes it"],
        ),
        (
            "pragma ignore_check_constraints = on; update users set access_role = 'xx' where id = 2",
            &["the file is damaged: CHECK constraint failed in users"],
        ),
        (
            "create temp table roots as select name, rootpage from sqlite_schema
                 where name in ('users_by_first_name', 'users_by_last_name');
             pragma writable_schema = on;
             update sqlite_schema set rootpage = (select rootpage from roots where roots.name <> sqlite_schema.name)
                 where name in (select name from roots)",
            &["the file is damaged: "],
        ),
        (
            "pragma writable_schema = on; update sqlite_schema set rootpage = 7 where name = 'groups'",
            &["the file cannot be read: database disk image is malformed"],
        ),
    ];
    let folder = Folder::new();
    by_hand(&folder.db(), &sql);
    assert_done(&run(&folder, &["check"]), "ok: 4 users, 5 groups, 4 memberships, 3 keys and tokens");
    for (damage, expected) in rows {
        let folder = Folder::new();
        by_hand(&folder.db(), &sql);
        by_hand(&folder.db(), damage);
        let output = run(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(1), "{damage}: {output:?}");
        let said = text(&output.stdout);
        let lines: Vec<&str> = said.lines().collect();
        for line in *expected {
            assert!(lines.iter().any(|said| said.starts_with(line) || said.contains(line)), "{damage}:\n{said}");
        }
        // A damaged file has as many lines as SQLite finds words for.
        assert!(said.contains("the file is damaged") || lines.len() == expected.len(), "{damage}:\n{said}");
        let summary = format!("rollbook: findings in {}: {} (--repair ", folder.db().display(), lines.len());
        assert!(text(&output.stderr).starts_with(&summary), "{damage}: {output:?}");
    }
}

#[test]
fn a_check_is_refused_on_what_is_no_directory() {
    let folder = filled();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("diary"), "Dear diary, \n".repeat(1000)).unwrap();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::copy(folder.db(), at("newer.db")).unwrap();
    by_hand(&at("newer.db"), "pragma user_version = 9999");
    let before = names_in(&folder);
    for (file, words) in [
        ("missing.db", &["there is no database", "missing.db"][..]),
        ("diary", &["diary", "not a rollbook database"]),
        ("empty", &["empty", "not a rollbook database"]),
        ("newer.db", &["newer.db", "9999", "newer rollbook"]),
    ] {
        assert_refused(&run(&folder, &["check", "--db", at(file).to_str().unwrap()]), words);
        assert_eq!(names_in(&folder), before, "{file}");
    }
}

#[test]
fn no_secret_is_in_a_backup() {
    let folder = with_backup();
    let bytes = std::fs::read(folder.path().join("backup.db")).unwrap();
    for secret in [API_KEY, APP_KEY, ADMIN_PASSWORD] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}
