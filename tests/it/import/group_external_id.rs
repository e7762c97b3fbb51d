//! The external id of a group in files.

use crate::support::cli::{new_database, run, said};
use crate::support::folder::Folder;
use crate::support::import::{exported, import, write};
use serde_json::{Value, json};

/// The external id of each group that was made, as an export has it.
fn external_ids(folder: &Folder) -> Vec<(Value, Value)> {
    let records = exported(folder).into_iter().filter(|record| record["kind"] == "group");
    let built_in = ["administrators", "members", "powerusers"].map(Value::from);
    let made = records.filter(|record| !built_in.contains(&record["name"]));
    made.map(|record| (record["name"].clone(), record["external_id"].clone())).collect()
}

#[test]
fn an_export_in_each_format_restores_external_ids_of_groups() {
    let folder = new_database();
    for (group, id) in [("crew", "e-7"), ("empty", ""), ("team", "e-7"), ("odd", ";a, \"b\" \u{fc}")] {
        let output = run(&folder, &["group", "add", group, "--external-id", id]);
        assert!(output.status.success(), "{output:?}");
    }
    let expected = external_ids(&folder);
    assert_eq!(expected.len(), 4);
    assert_eq!(expected[0], (json!("crew"), json!("e-7")));
    for file in ["all.jsonl", "all.csv", "all.ldif"] {
        let path = folder.path().join(file).display().to_string();
        assert!(run(&folder, &["export", &path]).status.success());
        let other = new_database();
        let (status, _, err) = said(&run(&other, &["import", &path, "--on-conflict", "update"]));
        assert_eq!((status, err.as_str()), (0, ""), "{file}");
        assert_eq!(external_ids(&other), expected, "{file}");
        let again = other.path().join(file).display().to_string();
        assert!(run(&other, &["export", &again]).status.success());
        assert_eq!(std::fs::read(again).expect("a file"), std::fs::read(path).expect("a file"), "{file}");
    }
}

#[test]
fn a_row_without_an_external_id_keeps_it_and_one_that_cannot_be_stored_is_left_out() {
    let long = "1".repeat(1025);
    let fits = "\u{e4}".repeat(1024);
    let kept = json!("e-7");
    for (file, row, id, report) in [
        ("a.jsonl", json!({"kind": "group", "name": "team", "label": "x"}).to_string(), kept.clone(), ""),
        ("b.jsonl", json!({"kind": "group", "name": "team", "externalId": 17}).to_string(), json!("17"), ""),
        ("c.jsonl", json!({"kind": "group", "name": "team", "external_id": ""}).to_string(), json!(""), ""),
        ("d.jsonl", json!({"kind": "group", "name": "team", "external_id": fits}).to_string(), json!(fits), ""),
        (
            "e.jsonl",
            json!({"kind": "group", "name": "team", "external_id": long}).to_string(),
            kept.clone(),
            "e.jsonl:1: lost: external id is longer than 1024 characters, and is left out: the group team\n",
        ),
        (
            "f.jsonl",
            json!({"kind": "group", "name": "team", "external_id": "a\tb"}).to_string(),
            kept.clone(),
            "f.jsonl:1: lost: external id contains the control character U+0009, and is left out: the group team\n",
        ),
        (
            "g.csv",
            "kind,name,External Id\ngroup,team,e-9\nmember,Administrator,x\n".to_owned(),
            json!("e-9"),
            "g.csv:3: refused: ",
        ),
        ("h.csv", "kind,name,External Id\ngroup,team,\n".to_owned(), kept.clone(), ""),
    ] {
        let folder = new_database();
        assert!(run(&folder, &["group", "add", "team", "--external-id", "e-7"]).status.success());
        let path = write(&folder, file, &row);
        let (_, _, err) = import(&folder, &path, &["--on-conflict", "update"]);
        assert!(if report.is_empty() { err.is_empty() } else { err.starts_with(report) }, "{file}: {err}");
        assert_eq!(external_ids(&folder), [(json!("team"), id)], "{file}");
    }
}

#[test]
fn a_mapped_group_keeps_its_own_external_id() {
    let folder = new_database();
    assert!(run(&folder, &["group", "add", "team", "--external-id", "e-7"]).status.success());
    let path = write(&folder, "g.jsonl", json!({"kind": "group", "name": "crew", "external_id": "e-9"}).to_string());
    let (status, _, err) = import(&folder, &path, &["--map-group", "crew=team", "--on-conflict", "update"]);
    let report = "g.jsonl:1: lost: the fields of a group that is mapped are left out: the group crew\n";
    assert_eq!((status, err.as_str()), (0, report));
    assert_eq!(external_ids(&folder), [(json!("team"), json!("e-7"))]);
}
