//! `rollbook restore`.

use super::{Load, assert_done, assert_refused, create_user, text};
use crate::support::cli::{new_database, rollbook, run};
use crate::support::database::{Database, execute_without_foreign_keys, usernames_in};
use crate::support::datadog::handles;
use crate::support::folder::{Folder, mode, names_in};
use crate::support::server::Server;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Instant;

// Restore

/// A folder whose database has one user more than the backup in it, `backup.db`.
pub fn with_backup() -> Arc<Folder> {
    let folder = Arc::new(new_database());
    assert_done(&run(&folder, &["backup", folder.path().join("backup.db").to_str().unwrap()]), "backed up …");
    folder
}

fn restore(folder: &Folder, backup: &str) -> Output {
    run(folder, &["restore", folder.path().join(backup).to_str().unwrap()])
}

/// The file that the output says the old database is kept as.
pub fn kept(output: &Output) -> PathBuf {
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
    assert!(log.metadata().unwrap().len() > 0, "the crash has left a WAL");

    let output = restore(&folder, "backup.db");
    let kept = kept(&output);
    assert_eq!(kept.parent(), Some(folder.path().canonicalize().unwrap().as_path()));
    assert!(kept.file_name().unwrap().to_str().unwrap().starts_with("rollbook.db.kept-2"), "{output:?}");
    assert_eq!((mode(&folder.db()), mode(&kept)), (0o600, 0o600));
    assert!(!log.exists() && !folder.path().join("rollbook.db-shm").exists(), "{:?}", names_in(folder.path()));
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(handles(&server), ["administrator"]);
    assert_eq!(create_user(&server, "after@example.com"), 200);
    assert!(server.stop().success());

    // The database that was kept can come back, and the other one is kept then.
    let mut expected = acknowledged;
    expected.push("administrator".to_owned());
    expected.sort();
    assert_eq!(usernames_in(&kept), expected);
    let output = restore(&folder, kept.file_name().unwrap().to_str().unwrap());
    assert_eq!(
        usernames_in(&crate::cli::backup_restore::restore::kept(&output)),
        ["administrator", "after@example.com"]
    );
    assert_eq!(usernames_in(&folder.db()), expected);
    assert_done(&run(&folder, &["check"]), "ok: …");
}

#[test]
fn restore_keeps_a_damaged_database_and_its_wal_unchanged() {
    for (what, damage) in [("its beginning", 0), ("its first page behind the header", 60)] {
        let folder = with_backup();
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(create_user(&server, "ada@example.com"), 200);
        server.kill();
        let mut bytes = std::fs::read(folder.db()).unwrap();
        bytes[damage..damage + 3000].fill(0x55);
        if damage > 0 {
            // With the WAL, its first page would repair the damage.
            std::fs::remove_file(folder.path().join("rollbook.db-wal")).unwrap();
        }
        std::fs::write(folder.db(), &bytes).unwrap();
        let log = std::fs::read(folder.path().join("rollbook.db-wal")).ok();

        let kept = kept(&restore(&folder, "backup.db"));
        assert!(std::fs::read(&kept).unwrap() == bytes, "{what}: the old database is unchanged");
        let kept_log = std::fs::read(format!("{}-wal", kept.display())).ok();
        assert!(kept_log == log, "{what}: its WAL is unchanged");
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(handles(&server), ["administrator"], "{what}");
    }
}

#[test]
fn restore_ignores_a_wal_without_its_database() {
    let folder = with_backup();
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(create_user(&server, "ada@example.com"), 200);
    server.kill();
    std::fs::remove_file(folder.db()).unwrap();
    let log = std::fs::read(folder.path().join("rollbook.db-wal")).unwrap();
    assert_done(&restore(&folder, "backup.db"), "restored …; there was no database before");
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(handles(&server), ["administrator"]);
    drop(server);
    let carried = names_in(folder.path()).into_iter().find(|name| name.contains(".kept-")).expect("the log is kept");
    assert!(std::fs::read(folder.path().join(carried)).unwrap() == log);
}

#[test]
fn restore_over_a_database_in_use_is_refused() {
    let folder = with_backup();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("diary"), "Dear diary, \n".repeat(1000)).unwrap();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::write(at("short"), "SQLite").unwrap();
    execute_without_foreign_keys(&at("other.db"), "create table notes (text); pragma application_id = 7");
    execute_without_foreign_keys(&at("nameless.db"), "create table users (id)");
    let whole = std::fs::read(at("backup.db")).unwrap();
    std::fs::write(at("half.db"), &whole[..whole.len() / 2]).unwrap();
    let mut torn = whole.clone();
    let page = 4096 * (whole.len() / 4096 / 2);
    torn[page..page + 4096].fill(0x55);
    std::fs::write(at("torn.db"), torn).unwrap();
    std::fs::write(at("newer.db"), &whole).unwrap();
    execute_without_foreign_keys(&at("newer.db"), "pragma user_version = 9999");
    std::os::unix::fs::symlink(folder.db(), at("alias.db")).unwrap();
    let (names, before) = (names_in(folder.path()), std::fs::read(folder.db()).unwrap());
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
        assert_eq!(names_in(folder.path()), names, "{backup}");
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

    // While another program reads the database.
    let connection = Database::open(folder.db()).unwrap();
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
    // Only root can change owners.
    let given = std::os::unix::fs::chown(place.join("real.db"), Some(12345), Some(12345)).is_ok();
    let kept = kept(&restore(&folder, "backup.db"));
    assert_eq!(kept.parent(), Some(place.canonicalize().unwrap().as_path()));
    assert!(folder.db().symlink_metadata().unwrap().is_symlink());
    let owner = std::fs::metadata(place.join("real.db")).unwrap();
    assert!(!given || (owner.uid(), owner.gid()) == (12345, 12345), "{owner:?}");
    assert_eq!(usernames_in(&folder.db()), ["administrator"]);
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
    assert_eq!((usernames_in(&once), usernames_in(&folder.db())), (old.clone(), new.clone()));

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

        let found = usernames_in(&folder.db());
        assert!(found == old || found == new, "{found:?}");
        outcomes[usize::from(found == new)] += 1;
        assert_done(&run(&folder, &["check"]), "ok: …");
        if found == new {
            let others = names_in(folder.path()).into_iter().filter(|name| name.contains(".kept-"));
            let others: Vec<Vec<String>> = others.map(|name| usernames_in(&folder.path().join(name))).collect();
            assert!(others.contains(&old), "the old database is lost: {:?}", names_in(folder.path()));
        }
        // Files that an interrupted restore has left do not stop the next one.
        kept(&restore(&folder, "backup.db"));
        assert_eq!(usernames_in(&folder.db()), new);
    }
    assert!(outcomes[0] > 0, "{outcomes:?}");
}
