//! Files of earlier versions are migrated.

use super::assert_done;
use crate::support::cli::{new_database, run};
use crate::support::database::{Database, execute_without_foreign_keys};
use crate::support::datadog::handles;
use crate::support::folder::Folder;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

// Versions

fn version_of(path: &Path) -> i64 {
    Database::open(path).expect("a database").query_row("pragma user_version", [], |row| row.get(0)).expect("a version")
}

/// The rows of `sqlite_schema`, in the order of names.
fn schema_of(path: &Path) -> Vec<(String, Option<String>)> {
    let connection = Database::open(path).expect("a database");
    let sql = "select type || ' ' || name || ' of ' || tbl_name, sql from sqlite_schema order by 1";
    let mut statement = connection.prepare(sql).expect("a schema");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("things")
}

pub fn versions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions")
}

#[test]
fn a_file_of_every_version_opens_and_becomes_what_a_new_file_is() {
    let new = Arc::new(new_database());
    let newest = version_of(&new.db());
    let files = std::fs::read_dir(versions()).expect("the folder with the versions").count();
    assert_eq!(files, newest as usize, "tests/versions has a file of every version");
    for version in 1..=newest {
        let sql = std::fs::read_to_string(versions().join(format!("{version}.sql"))).expect("a version");
        let folder = Arc::new(Folder::new());
        execute_without_foreign_keys(&folder.db(), &sql);
        assert_eq!(version_of(&folder.db()), version);
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(server.log().contains("upgraded the database"), version < newest, "{}", server.log());

        assert_eq!(handles(&server), ["ada@example.com", "administrator", "gone@example.com", "grace"]);
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
        // Pending members stay pending: the new user is in the group.
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

#[test]
fn telephone_numbers_move_into_the_column_and_the_rest_stays() {
    let sql = std::fs::read_to_string(versions().join("6.sql")).expect("a version");
    let folder = Arc::new(Folder::new());
    execute_without_foreign_keys(&folder.db(), &sql);
    let long = "1".repeat(1025);
    for (name, attributes) in [
        ("ada@example.com", r#"{"badge":1.50,"phone":"+44 20 \u00bd"}"#.to_owned()),
        ("gone@example.com", r#"{"phone":"a\u0000b"}"#.to_owned()),
        ("grace", r#"{"phone":12.50}"#.to_owned()),
        ("administrator", format!(r#"{{"phone":"{long}"}}"#)),
    ] {
        execute_without_foreign_keys(
            &folder.db(),
            &format!("update users set attributes = '{attributes}' where username_key = '{name}'"),
        );
    }
    let server = Server::over(Arc::clone(&folder), &[]);
    let phone = |name: &str| server.nuxeo("GET", &format!("/user/{name}"), None).json()["properties"]["phone"].clone();
    let phones = ["ada@example.com", "gone@example.com", "grace", "administrator"].map(phone);
    assert_eq!(phones, [json!("+44 20 \u{bd}"), json!("a\0b"), json!(12.50), json!(long)]);
    let ada = server.nuxeo("GET", "/user/ada@example.com", None);
    assert!(ada.text().contains("\"badge\":1.50"), "{}", ada.text());
    assert!(server.stop().success());
    let stored = |name: &str| -> (Option<String>, String) {
        let sql = "select phone, attributes from users where username_key = ?1";
        let database = Database::open(folder.db()).expect("a database");
        database.query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?))).expect("a user")
    };
    assert_eq!(stored("ada@example.com"), (Some("+44 20 \u{bd}".to_owned()), r#"{"badge":1.50}"#.to_owned()));
    assert_eq!(stored("grace"), (None, r#"{"phone":12.50}"#.to_owned()));
    assert_eq!(stored("administrator").0, None);
    assert_done(&run(&folder, &["check"]), "ok: 4 users, 5 groups, 4 memberships, 3 keys and tokens");
}
