//! Rows that are refused, skipped, updated or lossy, and reports of them.

use crate::support::cli::{new_database, run, said};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::import::{exported, import, user, write};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

const USERS: &str = "\
Login,First Name,surname,mail,Groups,Role,Enabled,Notes
ada,Ada,Lovelace,ada@example.com,members,,yes,x
bob,Bob,,bob@example.com,members;nope,,,
,No,Name,,,,,
\"e;ve\",\"Eve \"\"E\"\"\",,,\"[\"\"members\"\",\"\"powerusers\"\"]\",admin,no,
ADA,Again,,,,,,
kim,Kim,,,,king,,
odd,1,2,3
";

#[test]
fn every_refused_or_lossy_row_is_reported_with_its_line() {
    for served in [false, true] {
        let folder = Arc::new(new_database());
        let _server = served.then(|| Server::over(Arc::clone(&folder), &[]));
        let file = write(&folder, "users.csv", USERS);
        let (status, out, err) = import(&folder, &file, &[]);
        let expected = [
            r#"users.csv:2: lost: no field has the name "Notes": ada"#,
            "users.csv:3: refused: group does not exist: nope (--create-groups makes it)",
            r#"users.csv:4: refused: the login is missing: "Login" is empty"#,
            "users.csv:6: refused: user already exists: ADA (line 2 of the input has it)",
            r#"users.csv:7: refused: role is not admin, standard or read: "king""#,
            "users.csv:8: refused: ",
            "rollbook: 5 rows were refused",
        ];
        assert_eq!(status, 1);
        for (line, start) in err.lines().zip(expected) {
            assert!(line.starts_with(start), "{line:?} is not {start:?} in:\n{err}");
        }
        assert_eq!(err.lines().count(), expected.len(), "{err}");
        assert_eq!(out, "users.csv: 2 created, 0 updated, 0 unchanged, 5 refused, 1 has lost something\n");
        assert_eq!(
            user(&folder, "ada"),
            json!({"kind": "user", "name": "ada", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com",
                "role": "standard", "disabled": false, "verified": false, "groups": ["members"], "joined": [2]})
        );
        let eve = user(&folder, "e;ve");
        assert_eq!((&eve["role"], &eve["disabled"]), (&json!("admin"), &json!(true)));
        assert_eq!(eve["groups"], json!(["members", "powerusers", "administrators"]));
        assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 3 users, 3 groups, 5 memberships"));
    }
}

#[test]
fn a_report_can_go_to_a_file() {
    let folder = new_database();
    let file = write(&folder, "users.csv", USERS);
    let report = folder.path().join("report.txt");
    let (status, _, err) = import(&folder, &file, &["--report", report.to_str().unwrap()]);
    assert_eq!((status, err.as_str()), (1, "rollbook: 5 rows were refused\n"));
    let text = std::fs::read_to_string(&report).expect("the report");
    assert_eq!(text.lines().count(), 6, "{text}");
    assert_eq!(std::fs::metadata(&report).unwrap().permissions().mode() & 0o777, 0o600);
    let nowhere = folder.path().join("no/report.txt");
    let (status, _, err) = import(&folder, &file, &["--report", nowhere.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(err.contains("create the report no/report.txt"), "{err}");
    assert_eq!(exported(&folder).len(), 6, "nothing is brought in without its report");
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let rows = "\
kind,name,groups,password
user,ada,one;two,secret words
group,three,one,
user,bob,three;Two,
user,Ada,,
user,eve,three;four,
member,bob,one,
member,nobody,two,
subgroup,two,three,
subgroup,three,two,
group,THREE,,
user,administrator,members,
";
    for conflict in ["fail", "skip", "update"] {
        let folder = new_database();
        let file = write(&folder, "all.csv", rows);
        for batch in ["1", "3", "1000"] {
            let flags = ["--create-groups", "--on-conflict", conflict, "--batch", batch];
            let before = State::of(&folder).whole();
            let would = import(&folder, &file, &[&flags[..], &["--dry-run"]].concat());
            assert_eq!(State::differences(&before, &State::of(&folder).whole()), [""; 0]);
            let twin = new_database();
            let copy = write(&twin, "all.csv", rows);
            let does = import(&twin, &copy, &flags);
            assert_eq!(would.0, does.0, "{conflict}: {would:?} {does:?}");
            assert_eq!(would.1.replace("a dry run, nothing is changed: ", ""), does.1);
            let rows: Vec<_> = does.2.lines().filter(|line| line.starts_with("all.csv:")).collect();
            assert_eq!(would.2.lines().filter(|line| line.starts_with("all.csv:")).collect::<Vec<_>>(), rows);
            assert_eq!(would.2.contains("would be refused"), would.0 == 1);
        }
    }
    let empty = Folder::new();
    let file = write(&empty, "all.csv", rows);
    let (status, _, err) = import(&empty, &file, &["--dry-run"]);
    assert_eq!(status, 1);
    assert!(err.contains("there is no database"), "{err}");
    assert!(!empty.db().exists());
}

#[test]
fn existing_entries_are_refused_skipped_or_updated() {
    let again = "name,title,groups\nada,Countess,powerusers\nbob,,\n";
    for (conflict, status, out, err, title, groups) in [
        (
            "fail",
            1,
            "1 created, 0 updated, 0 unchanged, 1 refused",
            "again.csv:2: refused: user already exists: ada (--on-conflict update changes it, skip leaves it)\n\
             rollbook: 1 row was refused\n",
            Value::Null,
            json!(["members"]),
        ),
        ("skip", 0, "1 created, 0 updated, 0 unchanged, 1 skipped", "", Value::Null, json!(["members"])),
        ("update", 0, "1 created, 1 updated, 0 unchanged", "", json!("Countess"), json!(["powerusers"])),
    ] {
        let folder = new_database();
        let file = write(&folder, "users.csv", "name,first_name,groups\nada,Ada,members\n");
        assert_eq!(import(&folder, &file, &[]).1, "users.csv: 1 created, 0 updated, 0 unchanged\n");
        let file = write(&folder, "again.csv", again);
        let found = import(&folder, &file, &["--on-conflict", conflict]);
        assert_eq!(found, (status, format!("again.csv: {out}\n"), err.to_owned()));
        let ada = user(&folder, "ada");
        // Fields that a row does not name are unchanged.
        assert_eq!((&ada["first_name"], &ada["title"], &ada["groups"]), (&json!("Ada"), &title, &groups));
        if conflict == "update" {
            let (_, out, _) = import(&folder, &file, &["--on-conflict", conflict]);
            assert_eq!(out, "again.csv: 0 created, 0 updated, 2 unchanged\n");
        }
    }
    let last = new_database();
    let file = write(&last, "last.csv", "name,disabled\nAdministrator,yes\n");
    let (status, _, err) = import(&last, &file, &["--on-conflict", "update"]);
    assert_eq!(
        (status, err.lines().next()),
        (1, Some("last.csv:2: refused: the last enabled administrator has to stay one"))
    );
}

#[test]
fn skipped_row_adds_no_member() {
    let folder = new_database();
    let first = "dn: uid=ada,dc=x\nobjectClass: account\nuid: ada\n\ndn: cn=crew,dc=x\nobjectClass: groupOfNames\n\
                 cn: crew\nmember:\n";
    let file = write(&folder, "first.ldif", first);
    assert_eq!(import(&folder, &file, &[]).0, 0);
    // Neither the user's row nor the row of the group is stored.
    for (name, text) in [
        ("by-user.ldif", first.replace("uid: ada\n", "uid: ada\nmemberOf: cn=crew,dc=x\n")),
        ("by-group.ldif", first.replace("member:\n", "member: uid=ada,dc=x\n")),
    ] {
        let file = write(&folder, name, text);
        for conflict in ["skip", "fail"] {
            let (status, out, err) = import(&folder, &file, &["--on-conflict", conflict]);
            assert_eq!(status, 1, "{name} {conflict}: {out}{err}");
            assert!(err.contains("missing: the row of the group"), "{name} {conflict}: {err}");
            assert_eq!(user(&folder, "ada")["groups"], json!([]), "{name} {conflict}");
        }
    }
    let file = folder.path().join("by-group.ldif").display().to_string();
    assert_eq!(import(&folder, &file, &["--on-conflict", "update"]).0, 0);
    assert_eq!(user(&folder, "ada")["groups"], json!(["crew"]));
    // An existing entry is not missing.
    assert_eq!(import(&folder, &file, &["--on-conflict", "skip"]).0, 0);
}

#[test]
fn value_that_the_database_refuses_drops_only_itself() {
    let folder = new_database();
    let deep = format!("{}{}", "[".repeat(1001), "]".repeat(1001));
    let rows = format!("{{\"name\":\"ada\",\"properties\":{{\"p\":{deep},\"q\":1}}}}\n{{\"name\":\"bob\"}}\n");
    let file = write(&folder, "users.jsonl", rows);
    let (status, out, err) = import(&folder, &file, &[]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(err, "users.jsonl:1: lost: a property is nested too deep, and is left out: the user ada\n");
    assert_eq!(user(&folder, "ada")["properties"], json!({"q": 1}));
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: "));
}
