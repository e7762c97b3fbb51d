//! The external id of a group: Nuxeo neither shows nor changes it.

use crate::support::changes::changes;
use crate::support::cli::run;
use crate::support::nuxeo::{ALL_LISTS, create_group};
use crate::support::server::Server;
use crate::support::ui::{SIGN, administrator};
use serde_json::{Value, json};

fn external_id(server: &Server) -> Value {
    let output = run(&server.folder, &["group", "show", "team", "--format", "json"]);
    assert!(output.status.success(), "{output:?}");
    let shown: Value = serde_json::from_slice(&output.stdout).expect("a group");
    shown["external_id"].clone()
}

fn set(server: &Server, id: &str) {
    let output = run(&server.folder, &["group", "set", "team", "--external-id", id]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn nuxeo_answers_without_the_external_id_and_its_changes_keep_it() {
    let server = Server::start();
    create_group(&server, json!({"groupname": "team", "grouplabel": "Team", "properties": {"badge": 1}}));
    let path = format!("/group/team?{ALL_LISTS}");
    let before = server.nuxeo("GET", &path, None);
    set(&server, "e-7");
    let after = server.nuxeo("GET", &path, None);
    assert_eq!(after.json(), before.json());
    assert_ne!(after.header("ETag"), before.header("ETag"));
    // A client sends the whole group back, then parts of it, and properties of that name, which are its own.
    let mut whole = after.json();
    whole["grouplabel"] = json!("The team");
    for body in [
        whole,
        json!({"entity-type": "group", "properties": {"description": "d"}}),
        json!({"entity-type": "group", "memberUsers": ["Administrator"], "parentGroups": ["members"]}),
        json!({"entity-type": "group", "properties": {"external_id": "x", "externalId": null}, "externalId": "x"}),
    ] {
        let answer = server.nuxeo("PUT", "/group/team", Some(&body.to_string()));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(external_id(&server), json!("e-7"), "{body}");
    }
    assert_eq!(server.nuxeo("POST", "/group/team/user/Administrator", None).status, 201);
    assert_eq!(external_id(&server), json!("e-7"));
    let shown = server.nuxeo("GET", "/group/team", None).json();
    assert_eq!((&shown["properties"]["external_id"], &shown["externalId"]), (&json!("x"), &Value::Null));
    assert_eq!((&shown["grouplabel"], &shown["properties"]["badge"]), (&json!("The team"), &json!(1)));
}

#[test]
fn the_changes_feed_has_the_external_id_of_a_group() {
    let server = Server::start();
    let (_, begin) = changes(&server, "now");
    let add = run(&server.folder, &["group", "add", "team", "--external-id", "e-7"]);
    assert!(add.status.success(), "{add:?}");
    for id in ["e-8", "e-8", ""] {
        set(&server, id);
    }
    let rows: Vec<[Value; 3]> = changes(&server, &begin)
        .0
        .into_iter()
        .map(|change| ["action", "before", "after"].map(|key| change[key].clone()))
        .map(|[action, before, after]| [action, before, json!({"external_id": after["external_id"]})])
        .collect();
    let expected = [
        [json!("group.created"), Value::Null, json!({"external_id": "e-7"})],
        [json!("group.updated"), json!({"external_id": "e-7"}), json!({"external_id": "e-8"})],
        [json!("group.updated"), json!({"external_id": "e-8"}), json!({"external_id": null})],
    ];
    assert_eq!(rows, expected);
}

#[test]
fn the_admin_page_sets_and_clears_the_external_id_of_a_group() {
    let server = Server::start();
    let mut admin = administrator(&server);
    let answer = admin.call("POST", "groups", &json!({"name": "team", "external_id": "e-7"}));
    assert_eq!((answer.status, &answer.json()["external_id"]), (201, &json!("e-7")));
    assert_eq!(admin.get("groups?text=team").json()["groups"][0]["external_id"], "e-7");
    for (value, status, shown) in [
        (json!("e-8"), 200, json!("e-8")),
        (Value::Null, 200, json!("e-8")),
        (json!("1".repeat(1025)), 400, json!({"error": "external id is longer than 1024 characters"})),
        (json!("a\u{7f}"), 400, json!({"error": "external id contains the control character U+007F"})),
        (json!(""), 200, Value::Null),
    ] {
        let answer = admin.send("PATCH", "groups/team", &[SIGN], &json!({"external_id": value}));
        let document = answer.json();
        let found = if status == 200 { document["external_id"].clone() } else { document };
        assert_eq!((answer.status, found), (status, shown), "{value}");
    }
}
