//! `rollbook check`.

use super::migrations::versions;
use super::{assert_done, assert_refused, create_user, text};
use crate::support::cli::{new_database, run};
use crate::support::database::execute_without_foreign_keys;
use crate::support::folder::{Folder, names_in};
use crate::support::server::Server;
use std::sync::Arc;

// Check

#[test]
fn check_of_a_sound_database_succeeds_with_a_server_and_without() {
    let folder = Arc::new(new_database());
    let ok = "ok: 1 user, 3 groups, 1 membership, 3 keys and tokens";
    let before = std::fs::read(folder.db()).unwrap();
    assert_done(&run(&folder, &["check"]), ok);
    assert!(std::fs::read(folder.db()).unwrap() == before);
    assert_eq!(names_in(folder.path()), ["rollbook.db", "rollbook.db.lock"]);
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
    let sql = std::fs::read_to_string(versions().join("10.sql")).expect("the version");
    let rows: &[(&str, &[&str])] = &[
        ("update users set username_key = 'Gone' where id = 3", &[r#"user "gone@example.com": username_key"#]),
        ("update users set first_key = 'Grace' where id = 4", &[r#"user "Grace": first_key"#]),
        ("update users set last_key = null where id = 4", &[r#"user "Grace": last_key"#]),
        ("update users set email_key = 'x' where id = 2", &[r#"user "Ada@example.com": email_key"#]),
        (
            "update users set attributes = '[1]' where id = 4",
            &[r#"user "Grace": the attributes are not a JSON object"#],
        ),
        (
            "update users set password_hash = 'plain' where id = 4",
            &[r#"user "Grace": the stored password hash cannot be checked"#],
        ),
        ("update users set password_hash = '{SSHA}AAAA' where id = 4", &[r#"user "Grace": the stored password"#]),
        ("update groups set name_key = 'X' where id = 4", &[r#"group "engines": name_key"#]),
        ("update groups set label_key = null where id = 4", &[r#"group "engines": label_key"#]),
        ("update groups set attributes = '\"x\"' where id = 4", &[r#"group "engines": the attributes"#]),
        ("update dangling_members set name_key = 'CHARLES' where kind = 'user'", &[r#"its user "Charles""#]),
        (
            "insert into dangling_members values ('user', 'grace', 4, 'Grace', 1)",
            &[r#"group "engines": its user "Grace" is a pending member, and exists"#],
        ),
        (
            "insert into dangling_members values ('parent', 'looms', 4, 'LOOMS', 1)",
            &[r#"group "engines": its parent "LOOMS" is a pending member, and exists"#],
        ),
        ("update memberships set written = 'other' where user_id = 2", &[r#"group "engines": the list has "other""#]),
        ("update subgroups set child_written = 'other'", &[r#"group "engines": the list has "other""#]),
        ("update subgroups set parent_written = 'other'", &[r#"group "Looms": the list has "other""#]),
        (
            "update counters set value = 7 where name = 'users'",
            &[r#"the counter "users" is 7, and the table has 4 rows"#],
        ),
        (
            "update counters set value = 0 where name = 'groups'",
            &[r#"the counter "groups" is 0, and the table has 5 rows"#],
        ),
        ("update counters set value = 6 where name = 'seq'", &[r#"the counter "seq" is 6, and a list has 7"#]),
        ("delete from counters where name = 'seq'", &[r#"the counter "seq" is missing"#]),
        ("update sqlite_sequence set seq = 3 where name = 'users'", &["an id of users would be used again"]),
        ("delete from sqlite_sequence where name = 'groups'", &["an id of groups would be used again"]),
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
        ("create table notes (text)", &["table notes was not created by this program"]),
        (
            "drop index users_by_email; create index users_by_email on users (email)",
            &["index users_by_email differs from the one that this program creates"],
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
    execute_without_foreign_keys(&folder.db(), &sql);
    assert_done(&run(&folder, &["check"]), "ok: 4 users, 5 groups, 4 memberships, 3 keys and tokens");
    for (damage, expected) in rows {
        let folder = Folder::new();
        execute_without_foreign_keys(&folder.db(), &sql);
        execute_without_foreign_keys(&folder.db(), damage);
        let output = run(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(1), "{damage}: {output:?}");
        let said = text(&output.stdout);
        let lines: Vec<&str> = said.lines().collect();
        for line in *expected {
            assert!(lines.iter().any(|said| said.starts_with(line) || said.contains(line)), "{damage}:\n{said}");
        }
        // A damaged file has as many lines as SQLite finds words for.
        assert!(said.contains("the file is damaged") || lines.len() == expected.len(), "{damage}:\n{said}");
        let summary = format!("rollbook: {} has integrity errors: {} (--repair ", folder.db().display(), lines.len());
        assert!(text(&output.stderr).starts_with(&summary), "{damage}: {output:?}");
    }
}

#[test]
fn check_of_a_file_that_is_no_rollbook_database_is_refused() {
    let folder = Arc::new(new_database());
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("diary"), "Dear diary, \n".repeat(1000)).unwrap();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::copy(folder.db(), at("newer.db")).unwrap();
    execute_without_foreign_keys(&at("newer.db"), "pragma user_version = 9999");
    let before = names_in(folder.path());
    for (file, words) in [
        ("missing.db", &["there is no database", "missing.db"][..]),
        ("diary", &["diary", "not a rollbook database"]),
        ("empty", &["empty", "not a rollbook database"]),
        ("newer.db", &["newer.db", "9999", "newer rollbook"]),
    ] {
        assert_refused(&run(&folder, &["check", "--db", at(file).to_str().unwrap()]), words);
        assert_eq!(names_in(folder.path()), before, "{file}");
    }
}
