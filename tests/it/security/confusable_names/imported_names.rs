//! Imports of old names and of names that look the same.

use super::old_directory::{OLD_USERS, old_directory};
use crate::support::cli::{exported_records, run, said};
use crate::support::client::segment;
use crate::support::datadog::handles;
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};
use std::sync::Arc;

/// The users and groups of an export, without times.
fn lines(folder: &Folder) -> Vec<Value> {
    let (code, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(code, 0, "{err}");
    exported_records(&out)
}

#[test]
fn old_names_import_back_unchanged() {
    let folder = old_directory();
    let old_handles = handles(&Server::over(Arc::clone(&folder), &[]));
    let before = lines(&folder);
    let marked: Vec<&Value> = before.iter().filter(|line| line["exported"] == true).map(|line| &line["name"]).collect();
    assert_eq!(marked.len(), 9, "{marked:?}");
    for format in ["jsonl", "csv", "ldif"] {
        let file = folder.path().join(format!("all.{format}"));
        let (code, _, err) = said(&run(&folder, &["export", file.to_str().unwrap(), "--with-passwords"]));
        assert_eq!(code, 0, "{err}");
        let copy = Arc::new(Folder::new());
        let (code, _, err) = said(&run(&copy, &["import", file.to_str().unwrap(), "--on-conflict", "update"]));
        // Pending names that differ from a user's name by an older key alone are refused: they must not become that
        // user's.
        let refused: Vec<&str> = err.lines().filter(|line| line.contains("refused: ")).collect();
        assert!(
            refused.iter().all(|line| line.contains("differ by characters that cannot be seen")),
            "{format}: {err}"
        );
        assert!((code == 1) != refused.is_empty() && refused.len() <= 3, "{format}: {err}");
        // A second import changes nothing.
        let twice = lines(&copy);
        let (_, out, err) =
            said(&run(&copy, &["import", file.to_str().unwrap(), "--on-conflict", "update", "--restart"]));
        assert!(out.contains(" 0 created, 0 updated"), "{format}: {out}{err}");
        assert_eq!(lines(&copy), twice, "{format}");
        let server = Server::over(Arc::clone(&copy), &[]);
        assert_eq!(handles(&server), old_handles, "{format}");
        for (name, _, password) in OLD_USERS.into_iter().filter(|(name, _, _)| name.len() > 3) {
            let words = ["correct horse battery", "new words"];
            let me = server.nuxeo_as((name, words[password]), "GET", "/me", None);
            assert_eq!((me.status, &me.json()["id"]), (200, &json!(name)), "{format}: {name:?}");
        }
        let user = server.nuxeo("GET", &format!("/user/{}", segment("A\u{200b}da@example.com")), None).json();
        assert_eq!(user["isAdministrator"], false, "{format}");
        let mut groups: Vec<&str> =
            user["properties"]["groups"].as_array().unwrap().iter().map(|group| group.as_str().unwrap()).collect();
        groups.sort_unstable();
        assert_eq!(groups, ["administr\u{200d}ators", "engi\u{200b}nes"], "{format}");
        let ada = server.nuxeo("GET", "/user/ada@example.com", None).json();
        assert_eq!(ada["properties"]["groups"], json!(["engines"]), "{format}");
        if format == "jsonl" {
            let of_users = |lines: &[Value]| {
                let known = |line: &&Value| {
                    // A new database has one more field of this user.
                    (line["kind"] == "user" || line["kind"] == "group") && line["name"] != "Administrator"
                };
                lines.iter().filter(known).cloned().collect::<Vec<_>>()
            };
            assert_eq!(of_users(&twice), of_users(&before));
        }
        // A file that Rollbook has not exported is refused, and gives no rights.
        let foreign = match format {
            "jsonl" => std::fs::read_to_string(&file).unwrap().replace("\"exported\":true", "\"exported\":false"),
            "csv" => std::fs::read_to_string(&file).unwrap().replacen("kind,name", "kind,Name", 1),
            _ => std::fs::read_to_string(&file).unwrap().replace("# exported by rollbook\n", ""),
        };
        let foreign_file = folder.path().join(format!("foreign.{format}"));
        std::fs::write(&foreign_file, foreign).unwrap();
        let other = Arc::new(Folder::new());
        let (code, _, err) = said(&run(&other, &["import", foreign_file.to_str().unwrap(), "--on-conflict", "update"]));
        assert_eq!(code, 1, "{format}");
        for word in [
            "refused: user already exists: A\\u{200b}da@example.com (line ",
            "refused: group already exists: administr\\u{200d}ators (line ",
            "user name contains U+202E",
            "group name looks like the built-in name administrators",
        ] {
            assert!(err.contains(word), "{format}: no {word} in:\n{err}");
        }
        let server = Server::over(Arc::clone(&other), &[]);
        assert_eq!(server.nuxeo_as(("ada@example.com", "new words"), "GET", "/me", None).status, 401, "{format}");
        let ada = server.nuxeo_as(("ada@example.com", ADMIN_PASSWORD), "GET", "/me", None).json();
        assert_eq!(ada["properties"]["groups"], json!(["engines"]), "{format}");
        assert_eq!(ada["isAdministrator"], false, "{format}");
        let (code, out, err) = said(&run(&other, &["check"]));
        assert_eq!(code, 0, "{out}{err}");
    }
    // A restored backup has the same names.
    let backup = folder.path().join("backup.db");
    assert_eq!(said(&run(&folder, &["backup", backup.to_str().unwrap()])).0, 0);
    let copy = Arc::new(Folder::new());
    assert_eq!(said(&run(&copy, &["restore", backup.to_str().unwrap()])).0, 0);
    assert_eq!(handles(&Server::over(copy, &[])), old_handles);
}

#[test]
fn imported_name_that_looks_the_same_gets_no_rights() {
    let invisible = "a\u{200b}da";
    let rows: [(&[Value], &[&str]); 4] = [
        // The member exists in another spelling, before and after the user.
        (
            &[
                json!({"kind": "user", "name": "ada"}),
                json!({"kind": "member", "group": "administrators", "user": invisible}),
            ],
            &[r#":2: refused: the user "a\u{200b}da" and "ada", which is there, differ by"#],
        ),
        (
            &[
                json!({"kind": "member", "group": "administrators", "user": invisible}),
                json!({"kind": "user", "name": "ada"}),
            ],
            &[r#":1: refused: the user "a\u{200b}da" and "ada", which is there, differ by"#],
        ),
        (
            &[
                json!({"kind": "member", "group": "administrators", "user": "ada"}),
                json!({"kind": "user", "name": invisible}),
            ],
            &[r#":1: refused: the user "ada" and "a\u{200b}da", which is there, differ by"#],
        ),
        // Groups, by each way that a file can name one.
        (
            &[
                json!({"kind": "user", "name": "ada", "groups": ["administr\u{200b}ators"]}),
                json!({"kind": "group", "name": "staff", "groups": ["administr\u{200b}ators"]}),
                json!({"kind": "group", "name": "crew"}),
                json!({"kind": "subgroup", "group": "administr\u{200b}ators", "subgroup": "crew"}),
                json!({"kind": "member", "group": "administr\u{200b}ators", "user": "ada"}),
            ],
            &[":1: refused: the group", ":2: refused: the group", ":4: refused: the group", ":5: refused: the group"],
        ),
    ];
    for (records, refusals) in rows {
        let folder = Folder::new();
        let file = folder.path().join("all.jsonl");
        let text: String = records.iter().map(|record| format!("{record}\n")).collect();
        std::fs::write(&file, text).expect("a file");
        let (code, _, err) =
            said(&run(&folder, &["import", file.to_str().unwrap(), "--create-groups", "--on-conflict", "update"]));
        assert_eq!(code, 1, "{err}");
        for refusal in refusals {
            assert!(err.contains(refusal), "no {refusal} in:\n{err}");
        }
        assert_eq!(err.lines().count(), refusals.len() + 1, "{err}");
        let administrators = said(&run(&folder, &["user", "list", "--admins", "--format", "json"]));
        assert!(administrators.0 == 0 && administrators.1.contains("Administrator"), "{administrators:?}");
        assert!(!administrators.1.contains("da\""), "{administrators:?}");
    }
}
