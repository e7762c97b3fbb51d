//! Fields that the dialects name or keep differently.

use super::{bare, datadog_put, datadog_refusal, datadog_user, entity, nuxeo_put, seen};
use crate::support::nuxeo::{can_log_in, create_group, create_user, escaped};
use crate::support::server::Server;
use serde_json::{Value, json};

#[test]
fn datadog_shows_the_display_name_and_nuxeo_its_parts() {
    let server = Server::start();
    create_user(&server, json!({"username": "grace", "firstName": "Grace", "lastName": "Hopper"}));
    let name = |server: &Server| seen(server, "grace")["name"].clone();
    let parts = |server: &Server| {
        let properties = entity(server, "grace")["properties"].clone();
        [properties["firstName"].clone(), properties["lastName"].clone()]
    };
    assert_eq!(name(&server), json!("Grace Hopper"));
    nuxeo_put(&server, "grace", json!({"lastName": "Murray"}));
    assert_eq!(name(&server), json!("Grace Murray"));

    assert_eq!(datadog_put(&server, "grace", json!({"name": "Amazing Grace"}))["name"], json!("Amazing Grace"));
    assert_eq!(parts(&server), [json!("Grace"), json!("Murray")], "a display name is never split");
    nuxeo_put(&server, "grace", json!({"firstName": "G.", "lastName": null}));
    assert_eq!(name(&server), json!("Amazing Grace"), "a written value stays");
    assert_eq!(datadog_put(&server, "grace", json!({"name": null}))["name"], json!("Amazing Grace"), "null is absent");
    assert_eq!(datadog_put(&server, "grace", json!({"name": ""}))["name"], json!("G."), "an empty value is absent");
    assert_eq!(parts(&server), [json!("G."), Value::Null]);
    nuxeo_put(&server, "grace", json!({"firstName": null}));
    assert_eq!(name(&server), Value::Null);
}

#[test]
fn email_is_the_stored_address_or_else_the_login() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada@example.com"}));
    create_user(&server, json!({"username": "grace"}));
    let both =
        |name: &str| (seen(&server, name)["email"].clone(), entity(&server, name)["properties"]["email"].clone());
    assert_eq!(both("ada@example.com"), (json!("ada@example.com"), Value::Null));
    assert_eq!(both("grace"), (Value::Null, Value::Null));

    for name in ["ada@example.com", "grace"] {
        nuxeo_put(&server, name, json!({"email": "from@nuxeo.com"}));
        assert_eq!(both(name), (json!("from@nuxeo.com"), json!("from@nuxeo.com")));
        assert_eq!(
            datadog_put(&server, name, json!({"email": "From@Datadog.com"}))["email"],
            json!("from@datadog.com")
        );
        assert_eq!(both(name), (json!("from@datadog.com"), json!("from@datadog.com")));
        nuxeo_put(&server, name, json!({"email": null}));
    }
    assert_eq!(both("ada@example.com"), (json!("ada@example.com"), Value::Null));
    assert_eq!(both("grace"), (Value::Null, Value::Null));
    // Nuxeo takes any text, and Datadog tells what is stored.
    nuxeo_put(&server, "grace", json!({"email": "room 5"}));
    assert_eq!(both("grace"), (json!("room 5"), json!("room 5")));
}

#[test]
fn the_icon_follows_the_address() {
    let server = Server::start();
    create_user(&server, json!({"username": "grace", "email": "a@x.io"}));
    let icon = || server.datadog("GET", "/api/v1/user/grace", None).json()["user"]["icon"].clone();
    let expected = |md5: &str| json!(format!("https://secure.gravatar.com/avatar/{md5}?s=48&d=retro"));
    assert_eq!(icon(), expected("a43c564056190dca51f9f4a6fae36c30"));
    nuxeo_put(&server, "grace", json!({"email": "b@x.io"}));
    assert_eq!(icon(), expected("b0d696a6e00fd63c55deeae1469d63c9"));
}

#[test]
fn a_title_is_a_property_in_nuxeo_and_two_keys_in_datadog() {
    let server = Server::start();
    create_user(&server, json!({"username": "grace"}));
    let title = || {
        let user = seen(&server, "grace");
        [user["title"].clone(), user["role"].clone(), entity(&server, "grace")["properties"]["title"].clone()]
    };
    assert_eq!(title(), [Value::Null, Value::Null, Value::Null]);
    nuxeo_put(&server, "grace", json!({"title": "Admiral"}));
    assert_eq!(title(), [json!("Admiral"), json!("Admiral"), json!("Admiral")]);
    datadog_put(&server, "grace", json!({"title": "changed", "role": "changed", "name": "G"}));
    assert_eq!(title(), [json!("Admiral"), json!("Admiral"), json!("Admiral")]);
    nuxeo_put(&server, "grace", json!({"title": null}));
    assert_eq!(title(), [Value::Null, Value::Null, Value::Null]);
}

#[test]
fn datadog_updates_keep_fields_that_only_nuxeo_knows() {
    let server = Server::start();
    let properties = json!({
        "username": "Grace", "password": "secret", "firstName": "Grace", "company": "Navy", "tenantId": "t",
        "phone": "1", "tags": ["a", {"b": null}], "groups": ["powerusers", "members"],
    });
    let before = create_user(&server, properties);
    for changes in [
        json!({"name": "G. Hopper", "access_role": "ro"}),
        json!({"disabled": true}),
        json!({"disabled": false}),
        json!({"phone": "2", "company": "x", "firstName": "x", "groups": [], "properties": {"phone": "2"}}),
        json!({"handle": "other@example.com", "verified": true, "icon": "x", "password": "changed"}),
        json!({}),
    ] {
        datadog_put(&server, "grace", changes.clone());
        assert_eq!(entity(&server, "Grace"), before, "{changes}");
    }
    let expected = json!({"name": "G. Hopper", "access_role": "ro"});
    assert_eq!(seen(&server, "grace"), datadog_user("grace", expected));
    assert!(can_log_in(&server, "Grace", "secret"));
}

#[test]
fn datadog_accepts_its_own_documents_of_nuxeo_users() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    let long = "Ä".repeat(300);
    for (name, properties) in [
        ("plain", json!({})),
        ("odd address", json!({"email": "notanemail"})),
        ("Spaced address", json!({"email": "  Room 5, @ the END  "})),
        ("Derived@Example.com", json!({})),
        ("long first name", json!({"firstName": long})),
        ("long names", json!({"firstName": long, "lastName": long})),
        ("blank", json!({"firstName": "  ", "lastName": "", "email": " "})),
        ("both", json!({"firstName": long, "email": "notanemail", "title": "x"})),
        ("administrator too", json!({"firstName": long, "email": "notanemail", "groups": ["administrators"]})),
        ("through a group", json!({"firstName": long, "email": "notanemail", "groups": ["members", "ops"]})),
    ] {
        let mut properties = properties;
        properties["username"] = json!(name);
        let before = create_user(&server, properties);
        let path = format!("/api/v1/user/{}", escaped(name));
        let shown = server.datadog("GET", &path, None).json();
        for body in [&shown["user"], &json!({"name": shown["user"]["name"], "email": shown["user"]["email"]})] {
            assert_eq!(datadog_put(&server, name, body.clone()), bare(shown["user"].clone()), "{body}");
            assert_eq!(server.datadog("GET", &path, None).json(), shown, "{body}");
            assert_eq!(entity(&server, name), before, "{body}");
        }
        // A derived value has not become a stored one.
        nuxeo_put(&server, name, json!({"firstName": "New", "lastName": null, "email": "new@example.com"}));
        let now = seen(&server, name);
        assert_eq!([&now["name"], &now["email"]], [&json!("New"), &json!("new@example.com")], "{name}");
    }
    // Anything else of that kind is still refused.
    for body in [json!({"email": "neither@one"}), json!({"name": long})] {
        datadog_refusal(&server.datadog("PUT", "/api/v1/user/plain", Some(&body.to_string())), 400);
    }
}
