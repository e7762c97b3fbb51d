//! The telephone number: a field that replaces the extra property of its name.

use crate::support::cli::run;
use crate::support::nuxeo::create_user;
use crate::support::server::Server;
use serde_json::{Value, json};

#[test]
fn a_phone_is_a_field_and_a_value_that_does_not_fit_stays_a_property() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "phone": "+44 20 1"}));
    let answered = || server.nuxeo("GET", "/user/ada", None).json()["properties"]["phone"].clone();
    let command = |words: &[&str]| -> Value {
        let output = run(&server.folder, words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    };
    let show = || command(&["user", "show", "ada", "--format", "json"]);
    let put = |value: Value| {
        let body = json!({"entity-type": "user", "id": "ada", "properties": {"phone": value}}).to_string();
        assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&body)).status, 200);
    };
    assert_eq!((answered(), show()["phone"].clone()), (json!("+44 20 1"), json!("+44 20 1")));
    let long = "1".repeat(1025);
    for (value, field, properties) in [
        (json!(12.5), Value::Null, json!({"phone": 12.5})),
        (json!(long), Value::Null, json!({"phone": long})),
        (json!(""), json!(""), Value::Null),
        (json!(["1", "2"]), Value::Null, json!({"phone": ["1", "2"]})),
        (json!("2"), json!("2"), Value::Null),
        (Value::Null, Value::Null, Value::Null),
    ] {
        put(value.clone());
        let user = show();
        assert_eq!((answered(), &user["phone"], &user["properties"]), (value, &field, &properties));
    }
    put(json!(7));
    let set = command(&["user", "set", "ada", "--phone", "3", "--format", "json"]);
    assert_eq!((answered(), &set["phone"], &set["properties"]), (json!("3"), &json!("3"), &Value::Null));
}

#[test]
fn a_phone_goes_through_every_format() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "phone": "+44 20 1"}));
    for file in ["users.jsonl", "users.csv", "users.ldif"] {
        let path = server.folder.path().join(file);
        let path = path.to_str().expect("a path");
        assert!(run(&server.folder, &["export", path]).status.success());
        let text = std::fs::read_to_string(path).expect("the export");
        assert!(!text.contains("properties\":{"), "{text}");
        let other = r#"{"entity-type":"user","id":"ada","properties":{"phone":"2"}}"#;
        assert_eq!(server.nuxeo("PUT", "/user/ada", Some(other)).status, 200);
        let import = run(&server.folder, &["import", path, "--on-conflict", "update"]);
        assert!(import.status.success(), "{import:?}");
        let phone = server.nuxeo("GET", "/user/ada", None).json()["properties"]["phone"].clone();
        assert_eq!(phone, "+44 20 1", "{file}");
    }
}
