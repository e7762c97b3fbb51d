//! Names from earlier versions that the current rules would refuse.

use super::{create_nuxeo, create_nuxeo_group, page};
use crate::support::cli::{exported_records, run, said};
use crate::support::client::segment;
use crate::support::database::{Database, execute};
use crate::support::datadog::handles;
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::ui::session_cookie;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

// ------------------------------------------------------------------------------------------ names of old

/// `correct horse battery`, and `new words`.
const HASHES: [&str; 2] = [
    "$argon2id$v=19$m=19456,t=2,p=1$diMC11uY5OhKTO2cE3Anag$DWDj/BdtAS42Iemn4RAuT0eRwHYZJykFB6b7/OwGzTc",
    "$argon2id$v=19$m=19456,t=2,p=1$k0h68qu+wOsxgaYKRs3jrw$3BG/MhXV9u2dD4Xud7/qHMcUh95AWRvIdHuakOdsnSo",
];

/// Users of a directory of version 2 in the order of their making: login, key, which password.
const OLD_USERS: [(&str, &str, usize); 9] = [
    // Beside Ada@example.com of the file.
    ("A\u{200b}da@example.com", "a\u{200b}da@example.com", 1),
    ("\u{a7ce}Eve@example.com", "\u{a7ce}eve@example.com", 0),
    ("\u{a7cf}eve@example.com", "\u{a7cf}eve@example.com", 1),
    // Each with the other one alone.
    ("bob\u{2060}@example.com", "bob\u{2060}@example.com", 0),
    ("b\u{ad}ob@example.com", "b\u{ad}ob@example.com", 1),
    // Alone.
    ("\u{645}\u{6cc}\u{200c}\u{62e}", "\u{645}\u{6cc}\u{200c}\u{62e}", 0),
    ("tur\u{202e}n", "tur\u{202e}n", 0),
    ("sys\u{200b}tem", "sys\u{200b}tem", 1),
    ("\u{200b}", "\u{200b}", 1),
];

const OLD_GROUPS: [(&str, &str); 3] = [
    ("engi\u{200b}nes", "engi\u{200b}nes"),
    ("administr\u{200d}ators", "administr\u{200d}ators"),
    ("\u{430}dministrators", "\u{430}dministrators"),
];

/// A directory of version 2 with names that are one name since.
fn old_directory() -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions/2.sql");
    execute(&folder.db(), &std::fs::read_to_string(file).expect("the version"));
    let connection = Database::open(folder.db()).expect("a database");
    connection
        .execute(
            "update users set password_hash = ?1, first_name = 'F\u{ad}o', first_key = 'f\u{ad}o' where id = 2",
            [HASHES[0]],
        )
        .unwrap();
    for (id, (name, key, password)) in (10_i64..).zip(OLD_USERS) {
        let sql = "insert into users (id, uuid, username, username_key, password_hash, created_at, updated_at)
             values (?1, ?2, ?3, ?4, ?5, 1, 1)";
        connection.execute(sql, (id, format!("user-{id}"), name, key, HASHES[password])).unwrap();
    }
    for (id, (name, key)) in (10_i64..).zip(OLD_GROUPS) {
        let sql = "insert into groups (id, uuid, name, name_key, created_at, updated_at) values (?1, ?2, ?3, ?4, 1, 1)";
        connection.execute(sql, (id, format!("group-{id}"), name, key)).unwrap();
    }
    execute(
        &folder.db(),
        "insert into memberships values (10, 10, 101, null), (11, 10, 102, 'a\u{200b}DA@example.com'), (4, 14, 103, null);
         insert into dangling_members values ('user', 'ad\u{200c}a@example.com', 4, 'Ad\u{200c}a@example.com', 104),
             ('user', 'k\u{200b}im', 4, 'k\u{200b}im', 105), ('user', 'k\u{200c}im', 4, 'k\u{200c}im', 106),
             ('parent', 'administrato\u{200b}rs', 4, 'administrato\u{200b}rs', 107);
         update counters set value = 107 where name = 'seq';",
    );
    folder
}

/// The users and groups of an export, without times.
fn lines(folder: &Folder) -> Vec<Value> {
    let (code, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(code, 0, "{err}");
    exported_records(&out)
}

#[test]
fn old_names_are_reachable_by_their_own_spelling_only() {
    let folder = old_directory();
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(server.log().contains("upgraded the database from schema version 3 to 4"), "{}", server.log());
    assert!(server.log().contains("names keep an older key"), "{}", server.log());
    let cookie = session_cookie(&server);

    // Every handle once; those alone have lost what cannot be seen, but for a name of nothing else and a reserved one.
    let shown = handles(&server);
    let mut expected = [
        "ada@example.com",
        "administrator",
        "a\u{200b}da@example.com",
        "bob@example.com",
        "b\u{ad}ob@example.com",
        "gone@example.com",
        "grace",
        "\u{a7ce}eve@example.com",
        "\u{a7cf}eve@example.com",
        "sys\u{200b}tem",
        "turn",
        "\u{200b}",
        "\u{645}\u{6cc}\u{62e}",
    ];
    expected.sort_unstable();
    assert_eq!(shown, expected);

    // By the name that any dialect shows one reaches the same user, by every verb.
    let passwords = ["correct horse battery", "new words"];
    let all = OLD_USERS.into_iter().map(|(name, _, password)| (name, password)).chain([("Ada@example.com", 0)]);
    let (mut uuids, mut logins) = (std::collections::HashSet::new(), 0);
    for (name, password) in all {
        let path = format!("users/{}", segment(name));
        let found = page(&server, &cookie, "GET", &path, None).json();
        assert_eq!(found["name"], name);
        assert!(uuids.insert(found["uuid"].to_string()), "{name:?}");
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(name)), None).json()["id"], name);
        let user = server.datadog("GET", &format!("/api/v1/user/{}", segment(name)), None).json()["user"].clone();
        let handle = user["handle"].as_str().expect("a handle");
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(handle)), None).json()["id"], name);
        // In any case.
        let upper = name.to_ascii_uppercase();
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(&upper)), None).json()["id"], name, "{upper:?}");
        // No user is imported as another one.
        if !name.trim_matches('\u{200b}').is_empty() {
            let me = server.nuxeo_as((name, passwords[password]), "GET", "/me", None);
            assert_eq!((me.status, &me.json()["id"]), (200, &json!(name)), "{name:?}");
            assert_eq!(server.nuxeo_as((name, passwords[1 - password]), "GET", "/me", None).status, 401, "{name:?}");
            logins += 1;
        }
        // A change is one of that user.
        let body = json!({"entity-type": "user", "id": name, "properties": {"company": name}});
        assert_eq!(server.nuxeo("PUT", &format!("/user/{}", segment(name)), Some(&body.to_string())).status, 200);
        assert_eq!(page(&server, &cookie, "GET", &path, None).json()["company"], name);
        let (code, out, _) = said(&run(&folder, &["user", "show", name, "--format", "json"]));
        let told: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((code, &told["company"]), (0, &json!(name)), "{name:?}");
    }
    assert_eq!((uuids.len(), logins), (10, 9));
    // Also with the same password each comes in as itself.
    let body = json!({"entity-type": "user", "properties": {"password": passwords[0]}}).to_string();
    let path = format!("/user/{}", segment("b\u{ad}ob@example.com"));
    assert_eq!(server.nuxeo("PUT", &path, Some(&body)).status, 200);
    for name in ["b\u{ad}ob@example.com", "bob\u{2060}@example.com", "bob@example.com", "b\u{ad}ob@example.com"] {
        let me = server.nuxeo_as((name, passwords[0]), "GET", "/me", None).json();
        let expected = if name == "bob@example.com" { "bob\u{2060}@example.com" } else { name };
        assert_eq!(me["id"], expected, "{name:?}");
    }
    let body = json!({"entity-type": "user", "properties": {"password": passwords[1]}}).to_string();
    assert_eq!(server.nuxeo("PUT", &path, Some(&body)).status, 200);
    // A body that names the other one is refused.
    let body =
        json!({"entity-type": "user", "id": "a\u{200b}da@example.com", "properties": {"company": "x"}}).to_string();
    assert_eq!(server.nuxeo("PUT", "/user/ada@example.com", Some(&body)).status, 400);

    // No third one, nor any that is one of them.
    for name in [
        "a\u{2060}da@example.com",
        "ADA@example.com",
        "A\u{200b}DA@example.com",
        "\u{a7ce}EVE@example.com",
        "bob@example.com",
        "bo\u{200d}b@example.com",
        "turn",
        "\u{645}\u{6cc}\u{62e}",
        "sys\u{200c}tem",
        "system",
    ] {
        let status = create_nuxeo(&server, name).0;
        assert_eq!(status, 409, "{name:?}");
    }
    for name in ["engi\u{200c}nes", "ENGI\u{200b}NES", "administr\u{200c}ators", "\u{410}dministrators"] {
        assert_eq!(create_nuxeo_group(&server, name).0, 409, "{name:?}");
    }
    assert_eq!(handles(&server), shown);

    // A member of a group that only looks like the administrators has no rights.
    let name = "A\u{200b}da@example.com";
    let user = server.nuxeo("GET", &format!("/user/{}", segment(name)), None).json();
    assert_eq!(user["isAdministrator"], false, "{user}");
    assert_eq!(user["properties"]["groups"], json!(["engi\u{200b}nes", "administr\u{200d}ators"]));
    let read = server.nuxeo_as((name, "new words"), "DELETE", "/user/grace", None);
    assert_eq!(read.status, 403);
    // Saving what was read changes nothing.
    for group in ["engines", "engi\u{200b}nes", "administr\u{200d}ators", "administrators"] {
        let path = format!("/group/{}?fetch-group=memberUsers,memberGroups,parentGroups", segment(group));
        let before = server.nuxeo("GET", &path, None).json();
        assert_eq!(before["groupname"], group);
        let answer = server.nuxeo("PUT", &path, Some(&before.to_string()));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(server.nuxeo("GET", &path, None).json(), before);
    }
    // It has added no member.
    let members = server.nuxeo("GET", "/group/engines?fetch-group=memberUsers", None).json()["memberUsers"].clone();
    let expected = [
        "ADA@example.com",
        "Charles",
        "b\u{ad}ob@example.com",
        "Ad\u{200c}a@example.com",
        "k\u{200b}im",
        "k\u{200c}im",
    ];
    assert_eq!(members, json!(expected));
    let member = |user: &str, group: &str| format!("/user/{}/group/{}", segment(user), segment(group));
    assert_eq!(server.nuxeo("POST", &member("b\u{ad}ob@example.com", "engi\u{200b}nes"), None).status, 201);
    assert_eq!(server.nuxeo("DELETE", &member("bob\u{2060}@example.com", "engi\u{200b}nes"), None).status, 200);
    let page_of = server.nuxeo("GET", &format!("/group/{}/@users", segment("engi\u{200b}nes")), None).json();
    let names: Vec<&str> =
        page_of["entries"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(names, [name, "b\u{ad}ob@example.com"]);

    // Search and lists find both, and long ones come to their end.
    let found = server.nuxeo("GET", "/user/search?q=ada", None).json();
    assert_eq!(found["resultsCount"], 2, "{found}");
    let found = server.nuxeo("GET", "/group/search?q=engines", None).json();
    assert_eq!(found["resultsCount"], 2, "{found}");
    let found = server.nuxeo("GET", "/user/search?q=foo", None).json();
    assert_eq!(found["resultsCount"], 0, "{found}");
    let found = server.nuxeo("GET", "/user/search?q=fo", None).json();
    assert_eq!(found["resultsCount"], 1, "{found}");
    let found = page(&server, &cookie, "GET", "users?text=bob", None).json();
    assert_eq!(found["users"].as_array().map(Vec::len), Some(2), "{found}");
    let (mut after, mut listed) = (String::new(), Vec::new());
    loop {
        let part = page(&server, &cookie, "GET", &format!("users?limit=1&after={}", segment(&after)), None).json();
        listed.push(part["users"][0]["name"].as_str().expect("a user").to_owned());
        match part["next"].as_str() {
            Some(next) if listed.len() < 20 => next.clone_into(&mut after),
            _ => break,
        }
    }
    assert_eq!(listed.len(), shown.len(), "{listed:?}");

    // A check tells them, and calls nothing damaged.
    let (code, out, err) = said(&run(&folder, &["check"]));
    assert_eq!(code, 0, "{out}{err}");
    for note in [
        r#"user "A\u{200b}da@example.com" has an older key, and is not the same as "ada@example.com""#,
        r#"user "b\u{ad}ob@example.com" has an older key, and is not the same as "bob@example.com""#,
        r#"user "sys\u{200b}tem" has an older key, and is not the same as "system""#,
        r#"user "tur\u{202e}n": the name contains U+202E, which changes the direction of text"#,
        r#"user "\u{200b}": the name has no character that can be seen"#,
        r#"group "engi\u{200b}nes" has an older key, and is not the same as "engines""#,
        r#"group "administr\u{200d}ators" has an older key, and is not the same as "administrators""#,
        "group \"\u{430}dministrators\": the name looks like the built-in name administrators",
        r#"group "engines": its user "Ad\u{200c}a@example.com" has an older key, and is not the same as "ada@example.com""#,
        r#"group "engines": its parent "administrato\u{200b}rs" has an older key, and is not the same as "administrators""#,
    ] {
        assert!(out.lines().any(|line| line == note), "no {note} in:\n{out}");
    }
    assert_eq!(out.lines().filter(|line| line.starts_with("ok: ")).count(), 1, "{out}");

    // The name of the other one stays reserved.
    assert_eq!(server.nuxeo("DELETE", "/user/ada@example.com", None).status, 204);
    assert_eq!(server.nuxeo("GET", "/user/ada@example.com", None).status, 404);
    assert_eq!(create_nuxeo(&server, "ada@example.com").0, 409);
    assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(name)), None).json()["id"], name);
    assert_eq!(server.nuxeo("DELETE", &format!("/user/{}", segment(name)), None).status, 204);
    assert_eq!(create_nuxeo(&server, "ada@example.com").0, 201);
    assert!(server.stop().success());
    let (code, out, err) = said(&run(&folder, &["check"]));
    assert_eq!(code, 0, "{out}{err}");
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
        // Names in lists that are told by an older key from somebody else are nobody's, and must not become theirs.
        let refused: Vec<&str> = err.lines().filter(|line| line.contains("refused: ")).collect();
        assert!(
            refused.iter().all(|line| line.contains("differ by characters that cannot be seen")),
            "{format}: {err}"
        );
        assert!((code == 1) != refused.is_empty() && refused.len() <= 3, "{format}: {err}");
        // Again it changes nothing.
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
        // Requests from other origins are refused and learn nothing.
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
    // A backup is a copy of the file.
    let backup = folder.path().join("backup.db");
    assert_eq!(said(&run(&folder, &["backup", backup.to_str().unwrap()])).0, 0);
    let copy = Arc::new(Folder::new());
    assert_eq!(said(&run(&copy, &["restore", backup.to_str().unwrap()])).0, 0);
    assert_eq!(handles(&Server::over(copy, &[])), old_handles);
}

#[test]
fn keys_of_other_unicode_tables_are_no_damage() {
    let folder = Arc::new(Folder::new());
    for words in [["key", "create", "api"], ["user", "add", "\u{16ea0}x"]] {
        assert!(run(&folder, &words).status.success());
    }
    // As a program would have stored it that does not fold this letter.
    execute(&folder.db(), "update users set username_key = '\u{16ea0}x' where username = '\u{16ea0}x'");
    let (code, out, err) = said(&run(&folder, &["check"]));
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with("user \"\u{16ea0}x\" has an older key, and is not the same as \"\u{16ebb}x\"\nok: "),
        "{out}"
    );
    let server = Server::over(folder, &[]);
    assert_eq!(handles(&server), ["administrator", "\u{16ea0}x"]);
    for spelling in ["\u{16ea0}x", "\u{16ea0}X"] {
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(spelling)), None).json()["id"], "\u{16ea0}x");
    }
}

#[test]
fn imported_name_that_looks_the_same_gets_no_rights() {
    let invisible = "a\u{200b}da";
    let rows: [(&[Value], &[&str]); 4] = [
        // A member who is there in another spelling, before and after the user.
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
