//! Regular files: the older one stays until the new one is complete.

use super::{at, done, other_names, refused};
use crate::support::cli::{new_database, rollbook, rollbook_after, run, said};
use crate::support::fat::Fat;
use crate::support::folder::{Folder, names_in};
use crate::support::held_sync::Between;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A file with so many users.
fn users(folder: &Folder, count: usize) -> String {
    let file = at(folder, "users.csv");
    let rows: String = (0..count).map(|number| format!("user{number},{}\n", "x".repeat(200))).collect();
    std::fs::write(&file, format!("name,company\n{rows}")).expect("a file");
    file
}

#[test]
fn a_full_disk_leaves_the_older_file_and_nothing_else() {
    let folder = new_database();
    done(&run(&folder, &["import", &users(&folder, 1000)]));
    std::fs::write(at(&folder, "bad.csv"), "name,disabled\n".to_owned() + &"a b c,perhaps\n".repeat(20_000)).unwrap();
    let before = other_names(&folder);
    for (words, file) in [
        (vec!["export", "all.jsonl", "--force"], "all.jsonl"),
        (vec!["export", "all.csv", "--force"], "all.csv"),
        (vec!["export", "all.ldif", "--force"], "all.ldif"),
        (vec!["backup", "all.db", "--force"], "all.db"),
    ] {
        for older in [None, Some("older")] {
            if let Some(older) = older {
                std::fs::write(at(&folder, file), older).expect("a file");
            }
            // Limits files to that many blocks of 512 bytes. The program is not started with the signal ignored.
            let mut command = rollbook_after("ulimit -f 200");
            command.args(&words).current_dir(folder.path()).env("ROLLBOOK_DB", folder.db());
            let err = refused(&command.output().expect("a shell"));
            assert!(err.contains(file), "{err}");
            assert_eq!(std::fs::read_to_string(at(&folder, file)).ok().as_deref(), older, "{words:?}");
        }
        std::fs::remove_file(at(&folder, file)).expect("the older file");
        assert_eq!(other_names(&folder), before, "{words:?}");
    }
}

#[test]
fn report_on_a_full_disk_leaves_the_older_one() {
    let folder = new_database();
    let bad = at(&folder, "bad.csv");
    let rows: String = (0..3000).map(|number| format!("user{number},{}{number}\n", "x".repeat(300))).collect();
    std::fs::write(&bad, format!("name,role\n{rows}")).expect("a file");
    std::fs::write(at(&folder, "report"), "older").expect("a file");
    let before = other_names(&folder);
    let mut command = rollbook_after("ulimit -f 200");
    command.args(["import", &bad, "--report", &at(&folder, "report")]).env("ROLLBOOK_DB", folder.db());
    let err = refused(&command.output().expect("a shell"));
    assert!(err.contains("write the report"), "{err}");
    assert_eq!(std::fs::read_to_string(at(&folder, "report")).expect("the older report"), "older");
    assert_eq!(other_names(&folder), before);

    // With room, the report takes its place, for its owner alone.
    std::fs::set_permissions(at(&folder, "report"), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let output = run(&folder, &["import", &bad, "--report", &at(&folder, "report")]);
    assert_eq!(said(&output).0, 1, "{output:?}");
    let report = std::fs::read_to_string(at(&folder, "report")).expect("the report");
    assert_eq!(report.lines().count(), 3000, "{report}");
    assert_eq!(mode(&at(&folder, "report")), 0o600);
}

#[test]
fn a_link_is_followed_and_stays_a_link() {
    let folder = new_database();
    std::fs::create_dir(at(&folder, "far")).expect("a folder");
    std::fs::write(at(&folder, "far/old.csv"), "older").expect("a file");
    symlink("far/old.csv", at(&folder, "link.csv")).expect("a link");
    symlink("far/new.csv", at(&folder, "dangling.csv")).expect("a link");
    symlink("nowhere/new.csv", at(&folder, "lost.csv")).expect("a link");
    for command in ["export", "backup"] {
        let err = refused(&run(&folder, &[command, &at(&folder, "link.csv")]));
        assert!(err.contains("link.csv is there already (--force overwrites it)"), "{err}");
        assert_eq!(std::fs::read_to_string(at(&folder, "far/old.csv")).expect("the file"), "older");
        done(&run(&folder, &[command, &at(&folder, "link.csv"), "--force"]));
        assert_ne!(std::fs::read(at(&folder, "far/old.csv")).expect("the file"), b"older");
        done(&run(&folder, &[command, &at(&folder, "dangling.csv")]));
        assert_eq!(names_in(&folder.path().join("far")), ["new.csv", "old.csv"]);
        assert!(folder.path().join("link.csv").symlink_metadata().expect("a link").is_symlink());
        let err = refused(&run(&folder, &[command, &at(&folder, "lost.csv"), "--force"]));
        assert!(err.contains("lost.csv"), "{err}");
        std::fs::remove_file(at(&folder, "far/new.csv")).expect("the new file");
        std::fs::write(at(&folder, "far/old.csv"), "older").expect("a file");
    }
}

#[test]
fn a_file_that_may_not_be_written_is_not_replaced() {
    let folder = new_database();
    let user = 12345;
    let place = folder.path().join("place");
    std::fs::create_dir(&place).expect("a folder");
    std::fs::write(place.join("file.csv"), "precious").expect("a file");
    std::fs::set_permissions(place.join("file.csv"), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o777)).expect("it is ours");
    if std::os::unix::fs::chown(folder.db(), Some(user), Some(user)).is_err() {
        assert!(std::env::var_os("CI").is_none(), "the tests do not run as root");
        eprintln!("not root: not tested");
        return;
    }
    std::os::unix::fs::chown(folder.path(), Some(user), Some(user)).expect("root");
    let mut command = rollbook();
    command.args(["export", &at(&folder, "place/file.csv"), "--force"]).env("ROLLBOOK_DB", folder.db());
    std::os::unix::process::CommandExt::uid(&mut command, user);
    let output = command.output().expect("the command");
    let err = refused(&output);
    assert!(err.contains("overwrite ") && err.contains("file.csv"), "{err}");
    assert_eq!(std::fs::read_to_string(place.join("file.csv")).expect("the file"), "precious");
    assert_eq!(std::fs::metadata(place.join("file.csv")).expect("the file").uid(), 0);
}

#[test]
fn output_file_is_written_where_modes_cannot_be_changed() {
    let between = Between::new();
    let folder = new_database();
    // With this umask, the mode that the file is created with is not enough.
    for (words, file) in [
        (vec!["export", "all.csv"], "all.csv"),
        (vec!["export", "all.csv", "--force"], "all.csv"),
        (vec!["backup", "all.db"], "all.db"),
        (vec!["backup", "all.db", "--force"], "all.db"),
    ] {
        let mut command = between.command(rollbook_after("umask 377"), &folder, &words);
        command.current_dir(folder.path()).env("NO_CHMOD", "1");
        // Only root can write to a file that its owner may not write to.
        if rustix::process::geteuid().is_root() {
            done(&command.output().expect("the command"));
            assert_eq!(mode(&at(&folder, file)), 0o400);
        }
        let mut command = between.command(rollbook(), &folder, &words);
        command.current_dir(folder.path()).env("NO_CHMOD", "1");
        let _ = std::fs::remove_file(at(&folder, file));
        done(&command.output().expect("the command"));
        assert_eq!(mode(&at(&folder, file)), 0o600);
    }
    // One that fails leaves nothing.
    let before = other_names(&folder);
    for words in [["export", "nowhere/all.csv"], ["backup", "nowhere/all.db"], ["export", "x.ldif"]] {
        let mut command = between.command(rollbook_after("ulimit -f 1"), &folder, &words);
        command.current_dir(folder.path()).env("NO_CHMOD", "1");
        if words[1] == "x.ldif" {
            command.arg("--base").arg("nonsense");
        }
        refused(&command.output().expect("the command"));
        assert_eq!(other_names(&folder), before, "{words:?}");
    }
}

#[test]
fn output_files_are_written_to_a_fat_file_system() {
    let Some(fat) = Fat::mount() else { return };
    let folder = new_database();
    let input = users(&folder, 3);
    let on_fat = |words: &[&str]| {
        let mut command = rollbook();
        command.args(words).current_dir(&fat.path).env("ROLLBOOK_DB", folder.db());
        let (status, out, err) = said(&command.output().expect("the command"));
        // The file system may let others read everything, and a warning says so.
        let is_warning = |line: &str| line.contains("others may read files in ");
        let err: Vec<&str> = err.lines().filter(|line| !is_warning(line)).collect();
        (status, format!("{out}{}", err.join("\n")))
    };
    for words in [
        &["export", "all.csv"][..],
        &["export", "all.csv", "--force"],
        &["export", "all.jsonl"],
        &["export", "all.ldif"],
        &["backup", "all.db"],
        &["backup", "all.db", "--force"],
        &["backup", ".", "--keep", "1"],
        &["backup", ".", "--keep", "1"],
        &["import", &input, "--dry-run", "--report", "report"],
        &["check", "--db", "all.db"],
    ] {
        let (status, text) = on_fat(words);
        assert_eq!(status, 0, "{words:?}: {text}");
    }
    let names = names_in(&fat.path);
    let (dated, named): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|name| name.starts_with("rollbook-"));
    assert_eq!(dated.len(), 1, "{names:?}");
    assert_eq!(named, ["all.csv", "all.db", "all.jsonl", "all.ldif", "report"]);
    let copy = Folder::new();
    done(&run(&copy, &["restore", fat.path.join("all.db").to_str().expect("text")]));
    // One that fails leaves nothing, and the older file.
    for words in [&["export", "all.csv"][..], &["backup", "all.db"], &["export", "x.ldif", "--base", "nonsense"]] {
        let (status, text) = on_fat(words);
        assert_eq!(status, 1, "{words:?}: {text}");
        assert_eq!(names_in(&fat.path), names, "{words:?}");
    }
}
