//! Backups with dated names.

use super::{done, refused};
use crate::support::cli::{new_database, rollbook, rollbook_after, run, said};
use crate::support::folder::{Folder, names_in};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

/// Runs `backup` with further words in a folder.
fn backup(folder: &Folder, place: &Path, words: &[&str]) -> Output {
    let mut command = rollbook();
    command.arg("backup").args(words).current_dir(place).env("ROLLBOOK_DB", folder.db());
    command.output().expect("the command")
}

fn place(folder: &Folder) -> PathBuf {
    let place = folder.path().join("place");
    std::fs::create_dir(&place).expect("a folder");
    place
}

fn is_dated(name: &str) -> bool {
    let shape: String = name.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "rollbook-00000000-000000.db" || shape == "rollbook-00000000-000000-0.db"
}

#[test]
fn a_backup_without_a_name_gets_one_with_the_time() {
    let folder = new_database();
    let place = place(&folder);
    let said = done(&backup(&folder, &place, &[]));
    let names = names_in(&place);
    assert!(names.len() == 1 && is_dated(&names[0]), "{names:?}");
    assert!(said.contains(&format!(" to {} (", names[0])), "{said}");
    // In a folder that is given, also within the same second.
    for _ in 0..3 {
        done(&backup(&folder, folder.path(), &[place.to_str().expect("text")]));
    }
    let names = names_in(&place);
    assert!(names.len() == 4 && names.iter().all(|name| is_dated(name)), "{names:?}");
    for name in names {
        done(&run(&folder, &["check", "--db", place.join(name).to_str().expect("text")]));
    }
}

#[test]
fn only_older_backups_of_the_same_directory_are_removed() {
    let (folder, other) = (new_database(), new_database());
    let place = place(&folder);
    let file = |name: &str| place.join(name);
    let dated = |second: u32| format!("rollbook-20200101-0000{second:02}.db");
    for second in 10..15 {
        done(&backup(&folder, &place, &[&dated(second)]));
    }
    let kept = [
        // A backup of another directory.
        dated(20),
        // A newer date, a name of another kind, and names that are nearly dated.
        "rollbook-29990101-000000.db".to_owned(),
        "monday.db".to_owned(),
        "rollbook-20200101-000001.db.bak".to_owned(),
        "rollbook-20200101.db".to_owned(),
        // Files that are no backups.
        dated(21),
        dated(22),
        dated(23),
        dated(24),
        // In use as a database.
        dated(25),
        format!("{}.lock", dated(25)),
    ];
    done(&backup(&other, &place, &[&kept[0]]));
    for name in [&kept[1], &kept[2], &kept[3], &kept[4], &kept[9]] {
        done(&backup(&folder, &place, &[name]));
    }
    std::fs::write(file(&kept[5]), "precious").expect("a file");
    std::fs::write(file(&kept[6]), "").expect("a file");
    std::os::unix::fs::symlink(dated(14), file(&kept[7])).expect("a link");
    std::fs::create_dir(file(&kept[8])).expect("a folder");
    std::fs::write(file(&kept[10]), "").expect("a file");

    let said = done(&backup(&folder, &place, &["--keep", "3"]));
    let removed: BTreeSet<&str> =
        said.lines().filter_map(|line| line.strip_prefix("deleted the older backup ")).collect();
    assert_eq!(removed.len(), 3, "{said}");
    let mut expected: Vec<String> = kept.into_iter().chain([dated(13), dated(14)]).collect();
    let names = names_in(&place);
    let new: Vec<String> = names.iter().filter(|name| !expected.contains(name)).cloned().collect();
    assert!(new.len() == 1 && is_dated(&new[0]), "{new:?}");
    expected.extend(new);
    expected.sort();
    assert_eq!(names, expected);

    // A backup that was restored is of the same directory.
    let copy = Folder::new();
    done(&run(&copy, &["restore", file(&dated(14)).to_str().expect("text")]));
    done(&backup(&copy, &place, &["--keep", "1"]));
    let names = names_in(&place);
    assert!(!names.contains(&dated(13)) && !names.contains(&dated(14)) && names.contains(&dated(20)), "{names:?}");
}

#[test]
fn backups_of_a_copy_of_the_directory_are_kept() {
    let (folder, copy) = (new_database(), Folder::new());
    let place = place(&folder);
    done(&backup(&folder, &place, &["rollbook-20200101-000001.db"]));
    std::fs::copy(folder.db(), copy.db()).expect("a copy");
    for (folder, user, name) in
        [(&folder, "ada", "rollbook-20200101-000002.db"), (&copy, "bob", "rollbook-20200101-000003.db")]
    {
        done(&run(folder, &["user", "add", user]));
        done(&backup(folder, &place, &[name]));
    }
    let backups = || names_in(&place).into_iter().filter(|name| name.starts_with("rollbook-2020")).collect::<Vec<_>>();
    // Each of them may remove the backup that they have in common.
    done(&backup(&folder, &place, &["--keep", "1"]));
    assert_eq!(backups(), ["rollbook-20200101-000003.db"]);
    done(&backup(&copy, &place, &["--keep", "1"]));
    assert_eq!(backups(), [""; 0]);
    let names = names_in(&place);
    assert_eq!(names.len(), 2, "{names:?}");
    // After a restore, backups with changes that are lost are kept.
    done(&backup(&folder, &place, &["rollbook-20200101-000004.db"]));
    done(&run(&folder, &["user", "add", "carol"]));
    done(&backup(&folder, &place, &["rollbook-20200101-000005.db"]));
    done(&run(&folder, &["restore", place.join("rollbook-20200101-000004.db").to_str().expect("text")]));
    done(&backup(&folder, &place, &["--keep", "1"]));
    assert_eq!(backups(), ["rollbook-20200101-000005.db"]);
}

#[test]
fn a_backup_that_fails_removes_nothing() {
    let folder = new_database();
    let place = place(&folder);
    done(&backup(&folder, &place, &["rollbook-20200101-000000.db"]));
    let mut command = rollbook_after("ulimit -f 100");
    command.args(["backup", "--keep", "1"]).current_dir(&place).env("ROLLBOOK_DB", folder.db());
    refused(&command.output().expect("a shell"));
    assert_eq!(names_in(&place), ["rollbook-20200101-000000.db"]);
    for (words, why) in [
        (&["--keep", "1", "monday.db"][..], "--keep deletes only backups with dated names"),
        (&["--keep", "1", "-"], "--keep deletes only backups with dated names"),
        (&["--keep", "0"], "--keep"),
    ] {
        let (status, _, err) = said(&backup(&folder, &place, words));
        assert!(status == 2 && err.contains(why), "{words:?}: {err}");
    }
    assert_eq!(names_in(&place), ["rollbook-20200101-000000.db"]);
}
