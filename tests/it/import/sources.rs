//! The sources of `pull` against a Rollbook server, which speaks both dialects.

use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use rollbook::formats::{Record, Role, Rows, TextField, UserRecord, UserTexts};
use rollbook::import_sources::{DatadogKeys, NuxeoLogin, Source, datadog, nuxeo};
use rollbook::json::{JsonText, to_string};
use serde_json::json;
use std::time::Duration;

fn source(server: &Server, path: &str) -> Source {
    Source { from: format!("{}{path}", server.url), ca: None, timeout: Duration::from_secs(30) }
}

fn keys(app_key: &str) -> DatadogKeys {
    DatadogKeys { api_key: API_KEY.to_owned(), app_key: app_key.to_owned() }
}

fn administrator(password: &str) -> NuxeoLogin {
    NuxeoLogin::Basic { user: "Administrator".to_owned(), password: password.to_owned() }
}

fn texts<const N: usize>(texts: [(TextField, &str); N]) -> UserTexts {
    texts.into_iter().map(|(field, text)| (field, Some(text.to_owned()))).collect()
}

/// All records, of which none is refused and nothing is lost.
fn records(rows: anyhow::Result<Rows>) -> Vec<Record> {
    let told = |error: anyhow::Error| -> ! { panic!("{error:#}") };
    let rows = rows.unwrap_or_else(|error| told(error)).map(|row| row.unwrap_or_else(|error| told(error)));
    let record = |row: rollbook::formats::Row| {
        assert_eq!(row.remarks, [], "{:?}", row.record);
        row.record.unwrap_or_else(|why| panic!("{why}"))
    };
    rows.filter_map(record).collect()
}

fn user(name: &str) -> UserRecord {
    UserRecord { name: name.to_owned(), ..UserRecord::default() }
}

#[test]
fn the_users_of_datadog_are_read() {
    let server = Server::start();
    let new = r#"{"handle":"Ada@x.io","name":"Ada","access_role":"ro","email":"a@x.io"}"#;
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(new)).status, 200);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"bob@x.io"}"#)).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/bob@x.io", None).status, 200);
    let read = UserRecord { disabled: Some(false), verified: Some(false), ..UserRecord::default() };
    assert_eq!(
        records(datadog(&source(&server, "/"), &keys(APP_KEY))),
        [
            Record::User(UserRecord {
                name: "ada@x.io".to_owned(),
                texts: texts([(TextField::DisplayName, "Ada"), (TextField::Email, "a@x.io")]),
                role: Some(Role::Read),
                ..read.clone()
            }),
            Record::User(UserRecord {
                name: "administrator".to_owned(),
                texts: texts([(TextField::DisplayName, "Administrator"), (TextField::Email, "devnull@nuxeo.com")]),
                role: Some(Role::Admin),
                ..read.clone()
            }),
            Record::User(UserRecord {
                name: "bob@x.io".to_owned(),
                texts: texts([(TextField::Email, "bob@x.io")]),
                role: Some(Role::Standard),
                disabled: Some(true),
                ..read
            }),
        ]
    );
    for (keys, credential) in [
        (keys("wrong"), "the application key, or its owner is not an administrator"),
        (DatadogKeys { api_key: "wrong".to_owned(), app_key: APP_KEY.to_owned() }, "the API key"),
    ] {
        let refusal = datadog(&source(&server, ""), &keys).err().expect("a refusal");
        assert_eq!(refusal.to_string(), format!("{} answers 403: it does not take {credential}", server.url));
    }
}

#[test]
fn the_groups_and_users_of_nuxeo_are_read_page_by_page() {
    let server = Server::start();
    for (name, lists) in [("company", json!({"memberGroups": ["staff"]})), ("staff", json!({}))] {
        let mut body = json!({"entity-type": "group", "id": name, "properties": {"groupname": name, "color": "red"}});
        body.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
        assert_eq!(server.nuxeo("POST", "/group", Some(&body.to_string())).status, 201);
    }
    let count = 260;
    for n in 0..count {
        let properties = json!({"username": format!("user{n:04}"), "firstName": "Ada", "groups": ["staff"], "n": n});
        let body = json!({"entity-type": "user", "properties": properties});
        assert_eq!(server.nuxeo("POST", "/user", Some(&body.to_string())).status, 201);
    }
    let token = server.request(
        "GET",
        "/nuxeo/authentication/token?applicationName=a&deviceId=b&permission=rw",
        &[("Authorization", &crate::support::client::basic("Administrator", ADMIN_PASSWORD))],
        None,
    );
    let token = NuxeoLogin::Token(token.text().to_owned());
    let by_password = records(nuxeo(&source(&server, "/nuxeo"), &administrator(ADMIN_PASSWORD)));
    assert_eq!(by_password, records(nuxeo(&source(&server, "/nuxeo/"), &token)));

    let group_names: Vec<_> = by_password
        .iter()
        .filter_map(|record| if let Record::Group(group) = record { Some(&group.name) } else { None })
        .collect();
    assert_eq!(group_names, ["administrators", "company", "members", "powerusers", "staff"]);
    let Record::Group(company) = &by_password[1] else { panic!("{:?}", by_password[1]) };
    assert_eq!(to_string(company), r#"{"name":"company","properties":{"color":"red"}}"#);
    assert_eq!(to_string(&by_password[2]), r#"{"subgroup":{"group":"company","subgroup":"staff"}}"#);
    let Record::User(first) = &by_password[6] else { panic!("{:?}", by_password[6]) };
    assert_eq!((first.name.as_str(), &first.groups), ("Administrator", &Some(vec!["administrators".to_owned()])));
    assert_eq!(by_password.len(), 7 + count);
    for (n, record) in by_password[7..].iter().enumerate() {
        let mut expected = user(&format!("user{n:04}"));
        expected.texts[TextField::FirstName] = Some("Ada".to_owned());
        expected.groups = Some(vec!["staff".to_owned()]);
        expected.properties.insert("n".to_owned(), JsonText::stored(n.to_string()));
        assert_eq!(*record, Record::User(expected));
    }

    let refusal = nuxeo(&source(&server, "/nuxeo"), &administrator("wrong")).err().expect("a refusal");
    let expected = "answers 401: it does not take the password of the user \"Administrator\"";
    assert_eq!(refusal.to_string(), format!("{}/nuxeo {expected}", server.url));
    let refusal = nuxeo(&source(&server, ""), &administrator(ADMIN_PASSWORD)).err().expect("a refusal");
    let expected = "answers 404 to /api/v1/group/search: is this the base URL?";
    assert_eq!(refusal.to_string(), format!("{} {expected}", server.url));
}
