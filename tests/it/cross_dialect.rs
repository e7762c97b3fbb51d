//! One directory under all dialects: what one writes, the other reads.

use crate::support::cli::create_key;
use crate::support::client::{Answer, basic};
use crate::support::folder::Folder;
use crate::support::nuxeo::{
    assert_refused, can_log_in, check, create_group, create_user, escaped, ids, refusal, user, user_body,
};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::{Arc, Barrier};

/// The user as Datadog answers it, less the icon's address and the list of roles.
fn datadog_user(handle: &str, differences: Value) -> Value {
    let mut user = json!({
        "disabled": false, "handle": handle, "name": null, "title": null, "is_admin": false, "role": null,
        "access_role": "st", "verified": false, "email": null,
    });
    for (key, value) in differences.as_object().expect("differences") {
        user[key] = value.clone();
    }
    user
}

/// The user in a Datadog answer, prepared for a comparison with `datadog_user`.
fn user_in(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    bare(answer.json()["user"].clone())
}

fn bare(mut user: Value) -> Value {
    let keys = user.as_object_mut().expect("a user");
    assert!(keys.remove("icon").is_some_and(|icon| icon.is_string()), "an icon");
    keys.remove("roles");
    user
}

/// The user as Datadog reads it.
fn seen(server: &Server, name: &str) -> Value {
    user_in(&server.datadog("GET", &format!("/api/v1/user/{}", escaped(name)), None))
}

/// Changes the user through Datadog and answers with what it has become.
fn datadog_put(server: &Server, name: &str, changes: Value) -> Value {
    user_in(&server.datadog("PUT", &format!("/api/v1/user/{}", escaped(name)), Some(&changes.to_string())))
}

fn datadog_create(server: &Server, body: Value) -> Value {
    user_in(&server.datadog("POST", "/api/v1/user", Some(&body.to_string())))
}

/// Changes the user's properties through Nuxeo.
fn nuxeo_put(server: &Server, name: &str, properties: Value) {
    let answer = server.nuxeo("PUT", &format!("/user/{}", escaped(name)), Some(&user_body(properties)));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The user as Nuxeo reads it.
fn entity(server: &Server, name: &str) -> Value {
    let (status, document) = server.nuxeo("GET", &format!("/user/{}", escaped(name)), None).parts();
    assert_eq!(status, 200, "{document}");
    document
}

/// Every handle in Datadog's list, sorted.
fn handles(server: &Server) -> Vec<String> {
    let document = server.datadog("GET", "/api/v1/user", None).json();
    let users = document["users"].as_array().expect("users").iter();
    let mut handles: Vec<String> = users.map(|user| user["handle"].as_str().expect("a handle").to_owned()).collect();
    handles.sort();
    handles
}

/// Asserts a refusal in Datadog's form and returns its one message.
fn datadog_refusal(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    errors[0].as_str().expect("a message").to_owned()
}

#[test]
fn a_path_of_no_dialect_is_not_found() {
    let server = Server::start();
    for path in ["/", "/nothing", "/api/v1", "/nuxeox/api/v1/me", "/api/v1/group", "/api/v1/me"] {
        let answer = server.datadog("GET", path, None);
        assert_eq!(answer.parts(), (404, json!({"errors": ["Not found"]})), "{path}");
    }
}

#[test]
fn a_user_made_in_datadog_is_a_user_in_nuxeo() {
    let server = Server::start();
    let made = datadog_create(&server, json!({"handle": "Ada@Example.com", "name": "Ada King"}));
    let expected = json!({"name": "Ada King", "email": "ada@example.com"});
    assert_eq!(made, datadog_user("ada@example.com", expected));
    // The spelling of the creation, no names split from the display name, no address invented.
    let ada = user("Ada@Example.com", json!({}), &[]);
    check(
        &server,
        &[
            ("GET", "/user/ada@example.com", "", 200, ada.clone()),
            ("GET", "/user/Ada@Example.com", "", 200, ada.clone()),
            ("GET", "/user/ADA%40EXAMPLE.COM", "", 200, ada),
        ],
    );
    assert_eq!(ids(&server, "/user/search?q=ada@"), ["Ada@Example.com"]);
    assert_eq!(ids(&server, "/user/search?q=*"), ["Ada@Example.com", "Administrator"]);

    datadog_create(&server, json!({"handle": "eve@example.com", "email": "Other@Example.com", "access_role": "ro"}));
    assert_eq!(entity(&server, "eve@example.com")["properties"]["email"], json!("other@example.com"));
    datadog_create(&server, json!({"handle": "zoe@example.com", "access_role": "adm"}));
    let zoe = user("zoe@example.com", json!({}), &[("administrators", "Administrators group")]);
    assert_eq!(entity(&server, "zoe@example.com"), zoe);
}

#[test]
fn a_user_made_in_nuxeo_is_a_user_in_datadog() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    let administrator = json!({"is_admin": true, "access_role": "adm"});
    for (name, properties, differences) in [
        ("Grace", json!({}), json!({})),
        ("first", json!({"firstName": "Grace"}), json!({"name": "Grace"})),
        ("last", json!({"lastName": "Hopper"}), json!({"name": "Hopper"})),
        ("both", json!({"firstName": "Grace", "lastName": "Hopper"}), json!({"name": "Grace Hopper"})),
        ("empty", json!({"firstName": "", "lastName": ""}), json!({})),
        ("mail", json!({"email": "grace@navy.mil"}), json!({"email": "grace@navy.mil"})),
        ("g@navy.mil", json!({}), json!({"email": "g@navy.mil"})),
        ("h@navy.mil", json!({"email": "grace@navy.mil"}), json!({"email": "grace@navy.mil"})),
        ("titled", json!({"title": "Rear Admiral"}), json!({"title": "Rear Admiral", "role": "Rear Admiral"})),
        ("extra", json!({"company": "Navy", "phone": "1", "tenantId": "x"}), json!({})),
        ("member", json!({"groups": ["members", "powerusers"]}), json!({})),
        ("admin", json!({"groups": ["administrators"]}), administrator.clone()),
        ("nested", json!({"groups": ["members", "ops"]}), administrator),
    ] {
        let mut properties = properties;
        properties["username"] = json!(name);
        create_user(&server, properties);
        assert_eq!(seen(&server, name), datadog_user(&name.to_lowercase(), differences), "{name}");
    }
    assert_eq!(handles(&server).len(), 14);
    assert_eq!(ids(&server, "/user/search?q=*").len(), 14);
}

#[test]
fn both_see_the_same_users() {
    let server = Server::start();
    datadog_create(&server, json!({"handle": "ada@example.com"}));
    create_user(&server, json!({"username": "Grace"}));
    assert_eq!(handles(&server), ["ada@example.com", "administrator", "grace"]);
    assert_eq!(ids(&server, "/user/search?q=*"), ["ada@example.com", "Administrator", "Grace"]);
    let all = server.datadog("GET", "/api/v1/user", None).json();
    for user in all["users"].as_array().expect("users") {
        let handle = user["handle"].as_str().expect("a handle");
        assert_eq!(bare(user.clone()), seen(&server, handle));
    }
    // Each refuses what the other holds already, in any spelling.
    let taken = json!({"errors": ["User with this handle already exists"]});
    create_user(&server, json!({"username": "Eve@Example.com"}));
    let again = server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"eve@example.com","name":"changed"}"#));
    assert_eq!(again.parts(), (409, taken));
    let body = user_body(json!({"username": "ADA@example.com", "firstName": "changed"}));
    check(&server, &[("POST", "/user", &body, 409, refusal(409, "User already exists"))]);
    assert_eq!(entity(&server, "ada@example.com"), user("ada@example.com", json!({}), &[]));
    assert_eq!(seen(&server, "eve@example.com"), datadog_user("eve@example.com", json!({"email": "eve@example.com"})));
}

#[test]
fn the_dialect_that_makes_a_login_has_its_own_rule_for_it() {
    let server = Server::start();
    let format = json!({"errors": ["Format of 'handle' should be email"]});
    for handle in ["grace", "mary ann", "team/ada", "administrator"] {
        let body = json!({"handle": handle}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).parts(), (400, format.clone()), "{handle}");
    }
    assert_eq!(handles(&server), ["administrator"]);
}

#[test]
fn the_display_name_is_datadog_s_and_the_parts_are_nuxeo_s() {
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
    assert_eq!(name(&server), json!("Amazing Grace"), "and what is written stays");
    assert_eq!(datadog_put(&server, "grace", json!({"name": null}))["name"], json!("Amazing Grace"), "null is absent");
    assert_eq!(datadog_put(&server, "grace", json!({"name": ""}))["name"], json!("G."), "empty is none");
    assert_eq!(parts(&server), [json!("G."), Value::Null]);
    nuxeo_put(&server, "grace", json!({"firstName": null}));
    assert_eq!(name(&server), Value::Null);
}

#[test]
fn an_address_is_the_stored_one_and_else_the_login_if_it_is_one() {
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
fn what_datadog_does_not_know_survives_its_updates() {
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
fn what_datadog_shows_may_be_sent_back_whatever_nuxeo_has_stored() {
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
        // What was only derived has not become a stored value by that.
        nuxeo_put(&server, name, json!({"firstName": "New", "lastName": null, "email": "new@example.com"}));
        let now = seen(&server, name);
        assert_eq!([&now["name"], &now["email"]], [&json!("New"), &json!("new@example.com")], "{name}");
    }
    // Anything else of that kind is still refused.
    for body in [json!({"email": "neither@one"}), json!({"name": long})] {
        datadog_refusal(&server.datadog("PUT", "/api/v1/user/plain", Some(&body.to_string())), 400);
    }
}

#[test]
fn the_role_wins_over_the_older_flag_beside_it() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    for (name, group) in [("direct", "administrators"), ("nested", "ops")] {
        create_user(&server, json!({"username": name, "groups": [group]}));
        let before = (seen(&server, name), entity(&server, name));
        assert_eq!(datadog_put(&server, name, json!({"access_role": "adm", "is_admin": false})), before.0, "{name}");
        assert_eq!((seen(&server, name), entity(&server, name)), before, "{name}");
    }
}

#[test]
fn administrators_are_the_members_of_one_group() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "groups": ["members"]}));
    let both = |server: &Server| {
        let (there, here) = (seen(server, "ada"), entity(server, "ada"));
        assert_eq!(there["is_admin"], here["isAdministrator"], "{there} {here}");
        assert_eq!(there["is_admin"], json!(there["access_role"] == json!("adm")), "{there}");
        (there["access_role"].clone(), here["properties"]["groups"].clone())
    };
    let (member, administrator) = (json!(["members"]), json!(["members", "administrators"]));
    assert_eq!(both(&server), (json!("st"), member.clone()));

    // Datadog writes, Nuxeo reads.
    datadog_put(&server, "ada", json!({"access_role": "adm"}));
    assert_eq!(both(&server), (json!("adm"), administrator.clone()));
    assert_eq!(ids(&server, "/group/administrators/@users"), ["ada", "Administrator"]);
    datadog_put(&server, "ada", json!({"access_role": "ro"}));
    assert_eq!(both(&server), (json!("ro"), member.clone()));
    datadog_put(&server, "ada", json!({"is_admin": true}));
    assert_eq!(both(&server), (json!("adm"), administrator.clone()));
    datadog_put(&server, "ada", json!({"access_role": "st", "is_admin": true}));
    assert_eq!(both(&server), (json!("st"), member.clone()));

    // Nuxeo writes, Datadog reads; the role of before comes back with the end of the membership.
    datadog_put(&server, "ada", json!({"access_role": "ro"}));
    for (begin, end) in [
        (
            ("POST", "/user/ada/group/administrators", json!(null)),
            ("DELETE", "/user/ada/group/administrators", json!(null)),
        ),
        (
            ("POST", "/group/administrators/user/ada", json!(null)),
            ("DELETE", "/group/administrators/user/ada", json!(null)),
        ),
        (
            (
                "PUT",
                "/user/ada",
                json!({"entity-type": "user", "properties": {"groups": ["members", "administrators"]}}),
            ),
            ("PUT", "/user/ada", json!({"entity-type": "user", "properties": {"groups": ["members"]}})),
        ),
        (
            ("PUT", "/group/administrators", json!({"entity-type": "group", "memberUsers": ["Administrator", "ada"]})),
            ("PUT", "/group/administrators", json!({"entity-type": "group", "memberUsers": ["Administrator"]})),
        ),
    ] {
        let call = |(method, path, body): &(&str, &str, Value)| {
            let body = (!body.is_null()).then(|| body.to_string());
            let answer = server.nuxeo(method, path, body.as_deref());
            assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        };
        call(&begin);
        assert_eq!(both(&server), (json!("adm"), administrator.clone()), "{begin:?}");
        call(&end);
        assert_eq!(both(&server), (json!("ro"), member.clone()), "{end:?}");
    }
    // A change that does not speak of the role leaves it.
    datadog_put(&server, "ada", json!({"access_role": "adm"}));
    datadog_put(&server, "ada", json!({"name": "Ada", "access_role": null}));
    assert_eq!(both(&server), (json!("adm"), administrator));
}

#[test]
fn a_right_that_comes_through_a_subgroup_is_not_taken_by_datadog() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    create_group(&server, json!({"id": "night shift", "parentGroups": ["ops"]}));
    create_user(&server, json!({"username": "direct", "groups": ["administrators", "ops"]}));
    create_user(&server, json!({"username": "nested", "groups": ["night shift"]}));
    for (name, groups) in [("direct", &["ops"][..]), ("nested", &["night shift", "ops"])] {
        let before = (seen(&server, name), entity(&server, name));
        assert_eq!(before.0["access_role"], json!("adm"));
        for changes in [json!({"access_role": "st"}), json!({"access_role": "ro", "name": "changed"})] {
            let answer = server.datadog("PUT", &format!("/api/v1/user/{name}"), Some(&changes.to_string()));
            let message = datadog_refusal(&answer, 400);
            assert!(groups.iter().any(|group| message.contains(group)), "the subgroup is named: {message}");
            assert_eq!((seen(&server, name), entity(&server, name)), before, "{changes}");
        }
        assert_eq!(datadog_put(&server, name, json!({"access_role": "adm"})), before.0, "the present value is fine");
    }
    assert_eq!(server.nuxeo("DELETE", "/group/ops", None).status, 204);
    assert_eq!(seen(&server, "direct")["access_role"], json!("adm"));
    assert_eq!(datadog_put(&server, "direct", json!({"access_role": "ro"}))["access_role"], json!("ro"));
    assert_eq!(entity(&server, "direct")["properties"]["groups"], json!([]));
}

#[test]
fn who_is_disabled_in_datadog_is_read_by_nuxeo_and_not_let_in() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "Ada", "password": "secret", "groups": ["members"]}));
    assert!(can_log_in(&server, "Ada", "secret"));
    let disabled = |expected: bool| {
        assert_eq!(seen(&server, "ada")["disabled"], json!(expected));
        assert_eq!(can_log_in(&server, "Ada", "secret"), !expected);
        assert_eq!(entity(&server, "ada"), ada);
        assert_eq!(ids(&server, "/user/search?q=ada"), ["Ada"]);
        assert_eq!(ids(&server, "/group/members/@users"), ["Ada"]);
    };
    disabled(false);
    let deleted = server.datadog("DELETE", "/api/v1/user/ADA", None);
    assert_eq!(deleted.parts(), (200, json!({"message": "User ADA disabled"})));
    disabled(true);
    let again = server.datadog("DELETE", "/api/v1/user/ada", None);
    assert_eq!(again.parts(), (400, json!({"errors": ["User is already disabled"]})));
    // Nuxeo changes a disabled user like any other, and that lets nobody in.
    nuxeo_put(&server, "ada", json!({"password": "secret"}));
    let body = user_body(json!({"username": "ada"}));
    check(&server, &[("POST", "/user", &body, 409, refusal(409, "User already exists"))]);
    disabled(true);
    datadog_put(&server, "ada", json!({"disabled": false}));
    disabled(false);
    datadog_put(&server, "ada", json!({"disabled": true}));
    disabled(true);
    assert_eq!(server.nuxeo("DELETE", "/user/ada", None).status, 204);
}

#[test]
fn who_is_deleted_in_nuxeo_is_gone_from_datadog_and_the_login_is_free() {
    let server = Server::start();
    let name = "ada@example.com";
    datadog_create(&server, json!({"handle": name, "name": "Ada", "access_role": "adm", "email": "other@example.com"}));
    nuxeo_put(&server, name, json!({"password": "secret", "title": "Countess", "firstName": "Ada"}));
    assert!(can_log_in(&server, name, "secret"));
    assert_eq!(server.datadog("DELETE", &format!("/api/v1/user/{name}"), None).status, 200);

    assert_eq!(server.nuxeo("DELETE", &format!("/user/{name}"), None).status, 204);
    let path = format!("/api/v1/user/{name}");
    let gone = json!({"errors": ["user not found"]});
    for (method, body) in [("GET", None), ("PUT", Some("{}")), ("DELETE", None)] {
        assert_eq!(server.datadog(method, &path, body).parts(), (404, gone.clone()), "{method}");
    }
    assert_eq!(handles(&server), ["administrator"]);
    assert_eq!(ids(&server, "/group/administrators/@users"), ["Administrator"]);

    // Whoever takes the login starts with nothing.
    let fresh = datadog_user(name, json!({"email": name}));
    assert_eq!(datadog_create(&server, json!({"handle": name})), fresh);
    assert_eq!(seen(&server, name), fresh);
    assert_eq!(entity(&server, name), user(name, json!({}), &[]));
    assert!(!can_log_in(&server, name, "secret"));
}

#[test]
fn a_disabled_user_of_nuxeo_is_made_again_by_datadog() {
    let server = Server::start();
    let name = "Ada@Example.com";
    create_user(&server, json!({"username": name, "password": "secret", "groups": ["members"], "phone": "1"}));
    datadog_put(&server, name, json!({"disabled": true, "access_role": "ro"}));
    let again = datadog_create(&server, json!({"handle": "ada@example.com", "name": "Ada", "disabled": false}));
    let email = "ada@example.com";
    let kept = json!({"disabled": true, "name": "Ada", "access_role": "ro", "email": email});
    assert_eq!(again, datadog_user(email, kept));
    assert!(!can_log_in(&server, name, "secret"));
    assert_eq!(entity(&server, name), user(name, json!({"phone": "1"}), &[("members", "Members group")]));

    let again = datadog_create(&server, json!({"handle": email, "access_role": "adm"}));
    assert_eq!(
        [&again["access_role"], &again["disabled"], &again["name"]],
        [&json!("adm"), &json!(true), &json!("Ada")]
    );
    assert_eq!(entity(&server, name)["properties"]["groups"], json!(["members", "administrators"]));
    let again = datadog_create(&server, json!({"handle": email, "access_role": "st"}));
    assert_eq!(again["access_role"], json!("st"));
    assert_eq!(entity(&server, name)["properties"]["groups"], json!(["members"]));
    datadog_put(&server, name, json!({"disabled": false}));
    assert!(can_log_in(&server, name, "secret"));
}

#[test]
fn a_user_is_verified_by_the_first_login() {
    let server = Server::start();
    create_user(&server, json!({"username": "grace", "password": "secret"}));
    datadog_create(&server, json!({"handle": "ada@example.com"}));
    let verified = |name: &str| seen(&server, name)["verified"].clone();
    assert_eq!([verified("grace"), verified("ada@example.com")], [json!(false), json!(false)]);
    assert!(!can_log_in(&server, "grace", "wrong"));
    assert_eq!(verified("grace"), json!(false), "a refused login proves nothing");
    datadog_put(&server, "grace", json!({"verified": true}));
    assert_eq!(verified("grace"), json!(false), "nor does a client that says so");
    assert!(can_log_in(&server, "grace", "secret"));
    assert_eq!([verified("grace"), verified("ada@example.com")], [json!(true), json!(false)]);
    nuxeo_put(&server, "grace", json!({"firstName": "Grace"}));
    assert_eq!(verified("grace"), json!(true));
    // Of this test it is only the administrator who has logged in as well.
    let all = server.datadog("GET", "/api/v1/user?filter=verified", None).json();
    let mut names: Vec<&str> =
        all["users"].as_array().expect("users").iter().map(|user| user["handle"].as_str().expect("a handle")).collect();
    names.sort();
    assert_eq!(names, ["administrator", "grace"]);
}

#[test]
fn a_user_made_in_datadog_logs_in_with_a_password_set_in_nuxeo() {
    let server = Server::start();
    let name = "Ada@Example.com";
    datadog_create(&server, json!({"handle": name, "name": "Ada", "access_role": "adm"}));
    for password in ["", "ada@example.com", name, "null", "None"] {
        assert!(!can_log_in(&server, name, password), "{password:?}");
    }
    nuxeo_put(&server, name, json!({"password": "secret"}));
    assert_eq!(seen(&server, name)["verified"], json!(false));
    for spelling in ["ada@example.com", name, "ADA@EXAMPLE.COM"] {
        let me = server.nuxeo_as((spelling, "secret"), "GET", "/me", None);
        assert_eq!(me.parts(), (200, user(name, json!({}), &[("administrators", "Administrators group")])));
    }
    assert_eq!(seen(&server, name)["verified"], json!(true));
    // The rights of an administrator, until Datadog takes them.
    let body = user_body(json!({"username": "new"}));
    assert_eq!(server.nuxeo_as((name, "secret"), "POST", "/user", Some(&body)).status, 201);
    datadog_put(&server, name, json!({"access_role": "st"}));
    let refused = server.nuxeo_as((name, "secret"), "DELETE", "/user/new", None);
    assert_eq!(refused.parts(), (403, refusal(403, "User is not allowed to edit users")));
}

#[test]
fn logins_that_are_no_addresses_pass_through_every_datadog_route() {
    let server = Server::start();
    for name in [
        "Grace",
        "mary ann",
        "team/ada",
        "a/b/c",
        "日本語",
        "ZOË",
        "a+b",
        "100%",
        "50%2F",
        "a:b",
        "why?",
        "hash#tag",
        "\"quoted'",
        "back\\slash",
        "*",
        "users",
        "user",
    ] {
        create_user(&server, json!({"username": name, "firstName": "Ada"}));
        let handle = name.to_lowercase();
        let user = |differences: Value| {
            let mut all = json!({"name": "Ada"});
            for (key, value) in differences.as_object().expect("differences") {
                all[key] = value.clone();
            }
            datadog_user(&handle, all)
        };
        let escaped = escaped(name);
        let (path, plural) = (format!("/api/v1/user/{escaped}"), format!("/api/v1/users/{escaped}"));
        for path in [&path, &plural, &format!("{path}/"), &format!("//api/v1/user/{escaped}"), &format!("{path}?")] {
            assert_eq!(user_in(&server.datadog("GET", path, None)), user(json!({})), "{path}");
        }
        assert!(handles(&server).contains(&handle), "{name}");
        let put = server.datadog("PUT", &path, Some(r#"{"access_role":"ro"}"#));
        assert_eq!(user_in(&put), user(json!({"access_role": "ro"})), "{name}");
        let put = server.datadog("PUT", &plural, Some(r#"{"email":"ada@example.com"}"#));
        assert_eq!(user_in(&put), user(json!({"access_role": "ro", "email": "ada@example.com"})), "{name}");
        let deleted = server.datadog("DELETE", &path, None);
        assert_eq!(deleted.parts(), (200, json!({"message": format!("User {name} disabled")})), "{name}");
        let again = server.datadog("DELETE", &plural, None);
        assert_eq!(again.parts(), (400, json!({"errors": ["User is already disabled"]})), "{name}");
        let put = server.datadog("PUT", &path, Some(r#"{"disabled":false}"#));
        assert_eq!(user_in(&put), user(json!({"access_role": "ro", "email": "ada@example.com"})), "{name}");
    }
}

#[test]
fn the_last_enabled_administrator_stays_in_datadog_too() {
    let server = Server::with(&["--protect", ""]);
    let path = "/api/v1/user/administrator";
    let before = (seen(&server, "Administrator"), entity(&server, "Administrator"));
    let refused = || {
        for (method, body) in [
            ("DELETE", None),
            ("PUT", Some(r#"{"disabled":true}"#)),
            ("PUT", Some(r#"{"disabled":true,"name":"changed"}"#)),
            ("PUT", Some(r#"{"access_role":"st"}"#)),
            ("PUT", Some(r#"{"access_role":"ro","name":"changed"}"#)),
            ("PUT", Some(r#"{"is_admin":false}"#)),
        ] {
            let message = datadog_refusal(&server.datadog(method, path, body), 400);
            assert!(!message.is_empty(), "{method} {body:?}");
            let mut now = (seen(&server, "Administrator"), entity(&server, "Administrator"));
            // Reading as the administrator is a login.
            now.0["verified"] = before.0["verified"].clone();
            assert_eq!(now, before, "{method} {body:?}");
        }
    };
    refused();
    // A disabled one does not count, an enabled one does.
    let name = "root@example.com";
    datadog_create(&server, json!({"handle": name, "access_role": "adm"}));
    nuxeo_put(&server, name, json!({"password": "secret"}));
    datadog_put(&server, name, json!({"disabled": true}));
    refused();
    datadog_put(&server, name, json!({"disabled": false}));
    assert_eq!(server.datadog("DELETE", path, None).status, 200);
    assert!(!can_log_in(&server, "Administrator", ADMIN_PASSWORD));
    let root = format!("/api/v1/user/{name}");
    datadog_refusal(&server.datadog("DELETE", &root, None), 400);
    let answer = server.nuxeo_as((name, "secret"), "DELETE", &format!("/user/{name}"), None);
    assert_refused(&answer, 409, "the other dialect");
    assert_eq!(server.datadog("PUT", path, Some(r#"{"disabled":false}"#)).status, 200);
    assert!(can_log_in(&server, "Administrator", ADMIN_PASSWORD));
}

#[test]
fn a_name_kept_in_the_administrators_group_is_no_way_in() {
    let folder = Folder::new();
    let standard = create_key(&folder, "app", Some("standard"));
    let server = Server::over(Arc::new(folder), &[]);
    let body = json!({"entity-type": "group", "memberUsers": ["Administrator", "ghost@example.com"]}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body)).status, 200);
    let new = r#"{"handle":"Ghost@example.com"}"#;
    let answer = server.datadog_as(&standard, "POST", "/api/v1/user", Some(new));
    assert_eq!(datadog_refusal(&answer, 403), "Forbidden");
    assert_eq!(handles(&server), ["administrator"]);
    // An administrator's key may, and the place in the group is taken.
    let made = datadog_create(&server, json!({"handle": "Ghost@example.com"}));
    assert_eq!([&made["access_role"], &made["is_admin"]], [&json!("adm"), &json!(true)]);
    assert_eq!(entity(&server, "ghost@example.com")["isAdministrator"], json!(true));
}

#[test]
fn the_row_id_of_a_deleted_user_is_never_used_again() {
    let folder = Arc::new(Folder::new());
    let ids = |server: Server| {
        assert!(server.stop().success());
        let connection = rusqlite::Connection::open(folder.db()).expect("the database");
        ["users", "groups"].map(|table| -> i64 {
            connection.query_row(&format!("select max(id) from {table}"), [], |row| row.get(0)).expect("an id")
        })
    };
    let mut last = ids(Server::over(Arc::clone(&folder), &[]));
    for round in 0..3 {
        // The newest goes in one run and comes back in the same, and in the next one.
        let server = Server::over(Arc::clone(&folder), &[]);
        for name in ["ada", "eve"] {
            create_user(&server, json!({"username": name}));
            create_group(&server, json!({"id": name}));
            if name == "ada" {
                assert_eq!(server.nuxeo("DELETE", "/user/ada", None).status, 204);
                assert_eq!(server.nuxeo("DELETE", "/group/ada", None).status, 204);
            }
        }
        let now = ids(server);
        assert!((0..2).all(|table| now[table] >= last[table] + 2), "round {round}: {last:?} then {now:?}");
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(server.nuxeo("DELETE", "/user/eve", None).status, 204);
        assert_eq!(server.nuxeo("DELETE", "/group/eve", None).status, 204);
        assert!(server.stop().success());
        last = now;
    }
}

#[test]
fn credentials_of_one_dialect_open_no_other() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let answer = server.request("GET", "/api/v1/user", &[("Authorization", &authorization)], None);
    assert_eq!(answer.status, 403);
    let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let answer = server.request("GET", "/nuxeo/api/v1/user/Administrator", &keys, None);
    assert_refused(&answer, 401, "keys");
    let token = get_token(&server);
    let headers = [("X-Authentication-Token", token.as_str()), ("DD-API-KEY", &token), ("DD-APPLICATION-KEY", &token)];
    assert_eq!(server.request("GET", "/api/v1/user", &headers, None).status, 403);
    for key in [API_KEY, APP_KEY] {
        let answer = server.request("GET", "/nuxeo/api/v1/me", &[("X-Authentication-Token", key)], None);
        assert_eq!(answer.status, 401, "{key}");
    }
}

fn get_token(server: &Server) -> String {
    let path = "/nuxeo/authentication/token?applicationName=a&deviceId=d&deviceDescription=x&permission=rw";
    let answer = server.request("GET", path, &[("Authorization", &basic("Administrator", ADMIN_PASSWORD))], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.text().to_owned()
}

#[test]
fn of_racing_creates_one_wins_and_the_others_conflict() {
    const NAMES: usize = 20;
    const RACERS: usize = 4;
    let server = Server::start();
    let barrier = Barrier::new(RACERS);
    let results: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (server, barrier) = (&server, &barrier);
                scope.spawn(move || {
                    let mut statuses = Vec::new();
                    for number in 0..NAMES {
                        let name = format!("user{number}@example.com");
                        barrier.wait();
                        let answer = if racer % 2 == 0 {
                            server.datadog("POST", "/api/v1/user", Some(&json!({"handle": name}).to_string()))
                        } else {
                            let body = user_body(json!({"username": name.to_uppercase()}));
                            server.nuxeo("POST", "/user", Some(&body))
                        };
                        statuses.push(answer.status);
                    }
                    statuses
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().expect("a racer")).collect()
    });
    for number in 0..NAMES {
        let mut statuses: Vec<u16> = results.iter().map(|statuses| statuses[number]).collect();
        statuses.sort();
        assert!(statuses == [200, 409, 409, 409] || statuses == [201, 409, 409, 409], "{number}: {statuses:?}");
    }
    assert_eq!(handles(&server).len(), NAMES + 1);
}

#[test]
fn writes_from_both_sides_at_once_lose_nothing() {
    const ROUNDS: usize = 25;
    let server = Server::start();
    create_user(&server, json!({"username": "ada@example.com"}));
    create_group(&server, json!({"id": "team"}));
    let path = "/user/ada@example.com";
    std::thread::scope(|scope| {
        let server = &server;
        let say = |round: usize| format!("round {round}");
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                datadog_put(server, "ada@example.com", json!({"name": say(round)}));
            }
        });
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                nuxeo_put(server, "ada@example.com", json!({"company": say(round), "phone": round}));
            }
        });
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                let role = if round % 2 == 0 { "ro" } else { "adm" };
                datadog_put(server, "ada@example.com", json!({"access_role": role}));
            }
        });
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                let method = if round % 2 == 0 { "DELETE" } else { "POST" };
                let answer = server.nuxeo(method, &format!("{path}/group/team"), None);
                assert!(answer.status < 300, "{method}: {}", answer.text());
            }
        });
    });
    let last = format!("round {ROUNDS}");
    let there = seen(&server, "ada@example.com");
    assert_eq!([&there["name"], &there["access_role"]], [&json!(last), &json!("adm")]);
    let here = entity(&server, "ada@example.com");
    assert_eq!([&here["properties"]["company"], &here["properties"]["phone"]], [&json!(last), &json!(ROUNDS)]);
    let mut groups: Vec<&str> =
        here["properties"]["groups"].as_array().expect("groups").iter().filter_map(Value::as_str).collect();
    groups.sort();
    assert_eq!(groups, ["administrators", "team"]);
}

#[test]
fn of_two_last_administrators_one_stays_however_they_race() {
    let server = Server::start();
    let name = "root@example.com";
    datadog_create(&server, json!({"handle": name, "access_role": "adm"}));
    nuxeo_put(&server, name, json!({"password": "secret"}));
    for round in 0..10 {
        let barrier = Barrier::new(2);
        let (there, here) = std::thread::scope(|scope| {
            let (server, barrier) = (&server, &barrier);
            let there = scope.spawn(move || {
                barrier.wait();
                let body = Some(r#"{"access_role":"st"}"#);
                server.datadog("PUT", &format!("/api/v1/user/{name}"), body).status
            });
            let here = scope.spawn(move || {
                barrier.wait();
                server.nuxeo("DELETE", "/group/administrators/user/Administrator", None).status
            });
            (there.join().expect("a racer"), here.join().expect("a racer"))
        });
        assert!([(200, 409), (400, 200)].contains(&(there, here)), "round {round}: {there} and {here}");
        let left = [seen(&server, name)["is_admin"].clone(), seen(&server, "Administrator")["is_admin"].clone()];
        assert_eq!(left.iter().filter(|is_admin| **is_admin == json!(true)).count(), 1, "round {round}");
        for name in [name, "Administrator"] {
            datadog_put(&server, name, json!({"access_role": "adm"}));
        }
    }
}
