//! `rollbook export`.

use crate::support::cli::{exported_records, new_database, run, said};
use crate::support::folder::Folder;
use crate::support::import::import;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

/// Names and texts that a format could misread.
const ODD: [&str; 12] = [
    "plain",
    "a;b",
    "[x]",
    "comma, \"quote\"",
    "umlaut äöü ß",
    "emoji 🦀",
    "plus+sharp#",
    "slash/back\\slash",
    "=1+1",
    "equal=sign",
    "日本語",
    "'; drop table users; --",
];

#[test]
fn export_imports_back_unchanged() {
    let folder = Arc::new(new_database());
    let server = Server::over(Arc::clone(&folder), &[]);
    let post = |path: &str, body: Value| {
        let answer = server.nuxeo("POST", path, Some(&body.to_string()));
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    for (index, odd) in ODD.iter().enumerate() {
        let name = format!("group {odd}");
        post(
            "/group",
            json!({"entity-type": "group", "groupname": name, "grouplabel": odd,
            "parentGroups": if index % 3 == 0 { json!(["members", "not yet"]) } else { json!([]) },
            "properties": {"description": format!("{odd}\n {odd}"), "n": [index]}}),
        );
    }
    for (index, odd) in ODD.iter().enumerate() {
        let groups: Vec<String> = ODD.iter().skip(index).step_by(2).map(|odd| format!("group {odd}")).collect();
        post(
            "/user",
            json!({"entity-type": "user", "properties": {"username": format!("user {odd}"), "firstName": odd,
            "lastName": format!("{odd} {odd}"), "email": if index % 2 == 0 { json!("") } else { json!(odd) },
            "company": null, "password": format!("secret {odd}"), "groups": groups, "extra": {"deep": [odd, 1.50]}}}),
        );
    }
    let waiting = json!({"entity-type": "group", "memberUsers": ["user plain", "soon"], "memberGroups": ["later"]});
    assert_eq!(server.nuxeo("PUT", "/group/group%20plain", Some(&waiting.to_string())).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/user%20a%3Bb", None).status, 200);

    // While the server runs.
    let export = |folder: &Folder, name: &str, flags: &[&str]| {
        let path = folder.path().join(name).display().to_string();
        let (status, out, err) = said(&run(folder, &[&["export", &path], flags].concat()));
        assert_eq!(status, 0, "{err}");
        assert!(out.contains("wrote "), "{out}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        (std::fs::read_to_string(&path).expect("the file"), path, err)
    };
    let (whole, _, _) = export(&folder, "all.jsonl", &["--with-passwords"]);
    for (name, same) in [("all.jsonl", true), ("all.csv", false), ("all.ldif", false)] {
        let (_, path, losses) = export(&folder, name, &["--with-passwords", "--force"]);
        let twin = new_database();
        let (status, out, err) = import(&twin, &path, &["--on-conflict", "update"]);
        assert_eq!(status, 0, "{name}: {out}{err}");
        assert!(said(&run(&twin, &["check"])).1.starts_with("ok: "));
        let (copy, _, _) = export(&twin, "copy.jsonl", &["--with-passwords"]);
        if same {
            assert_eq!(losses, "", "JSON lines hold everything");
            assert_eq!(sorted(&copy), sorted(&whole));
        } else {
            let (copy, whole) = (bare(&copy, name), bare(&whole, name));
            assert_eq!(copy, whole, "{name}");
            assert!(!losses.contains("lost: "), "{name}: {losses}");
        }
    }
    assert!(server.stop().success());
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// The records less what the format has no place for.
fn bare(text: &str, name: &str) -> Vec<String> {
    let mut lines: Vec<String> = exported_records(text)
        .into_iter()
        .map(|mut record| {
            let fields = record.as_object_mut().expect("an object");
            fields.retain(|_, value| value != "");
            if name == "all.ldif" {
                // LDIF has the order of the lists of groups, and no order of the groups of a user.
                fields.remove("joined");
                if let Some(groups) = fields.get_mut("groups").and_then(Value::as_array_mut) {
                    groups.sort_by_key(Value::to_string);
                }
            }
            record.to_string()
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn an_export_overwrites_nothing_and_has_no_passwords_unless_told_so() {
    let folder = new_database();
    let path = folder.path().join("all.csv").display().to_string();
    assert_eq!(said(&run(&folder, &["export", &path])).0, 0);
    let first = std::fs::read_to_string(&path).expect("the file");
    assert!(!first.contains("argon2"), "{first}");
    let (status, _, err) = said(&run(&folder, &["export", &path, "--with-passwords"]));
    assert_eq!(status, 1);
    assert!(err.contains("is there already (--force overwrites it)"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), first);
    assert_eq!(said(&run(&folder, &["export", &path, "--with-passwords", "--force"])).0, 0);
    assert!(std::fs::read_to_string(&path).expect("the file").contains("argon2"));
    let (status, _, err) = said(&run(&folder, &["export", "-", "--format", "ldif", "--base", "nonsense"]));
    assert_eq!(status, 1);
    assert!(err.contains("not a distinguished name"), "{err}");
    let (status, out, err) = said(&run(&folder, &["export", "-", "--format", "csv"]));
    assert_eq!((status, out), (0, first));
    // The names of the first user are empty texts, which are the same as none.
    assert_eq!(err, "wrote 4 records\n");
}
