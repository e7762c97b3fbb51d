//! Permission matrix of the SCIM dialect: every operation by every kind of caller.

use crate::support::cli::run;
use crate::support::client::basic;
use crate::support::database::State;
use crate::support::nuxeo::{create_group, create_user};
use crate::support::scim::{
    administrators_id, assert_error, call_as, differences, expect, find_id, patch, replace, with_keys,
};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The classes of callers.
const STRANGER: usize = 0;
const READ: usize = 1;
const STANDARD: usize = 2;
const PROVISION: usize = 3;
const POWER: usize = 4;
const ADMIN: usize = 5;

const PASSWORD: &str = "open sesame";
/// A text in each record that a refused caller must not see.
const CANARY: &str = "canary";

const READING: [u16; 6] = [401, 200, 200, 200, 200, 200];

/// Method, path, body, and the status for each class. `WHO` stands for the caller, `<name>` for the id of a user or group of
/// that caller.
type Row = (&'static str, &'static str, Value, [u16; 6]);

fn reading_operations() -> Vec<Row> {
    const NONE: Value = Value::Null;
    let found = |filter: &str| json!({ "filter": filter });
    let missing = [401, 404, 404, 404, 404, 404];
    let method = [401, 405, 405, 405, 405, 405];
    vec![
        ("GET", "/ServiceProviderConfig", NONE, [200; 6]),
        ("GET", "/ResourceTypes", NONE, [200; 6]),
        ("GET", "/ResourceTypes/User", NONE, [200; 6]),
        ("GET", "/Schemas", NONE, [200; 6]),
        ("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", NONE, [200; 6]),
        ("POST", "/Schemas", json!({}), [405; 6]),
        ("GET", "/Schemas?filter=id%20pr", NONE, [403; 6]),
        ("GET", "/", NONE, READING),
        ("GET", "/Users", NONE, READING),
        ("GET", "/users/", NONE, READING),
        ("GET", "/Users?filter=userName%20eq%20%22target-WHO%22", NONE, READING),
        ("GET", "/Users?count=0", NONE, READING),
        ("GET", "/Users/<target>", NONE, READING),
        ("GET", "/Users/<boss>", NONE, READING),
        ("GET", "/Groups", NONE, READING),
        ("GET", "/Groups/<group>", NONE, READING),
        ("GET", "/Groups/<chiefs>", NONE, READING),
        ("POST", "/.search", found("id pr"), READING),
        ("POST", "/Users/.search", found("userName sw \"t\""), READING),
        ("POST", "/Groups/.search", json!({}), READING),
        ("POST", "/Users/.search", found("userName"), [401, 400, 400, 400, 400, 400]),
        ("GET", "/Users?filter=password%20eq%20%22x%22", NONE, [401, 400, 400, 400, 400, 400]),
        ("GET", "/Users/missing", NONE, missing),
        ("GET", "/Users/target-WHO", NONE, missing),
        ("GET", "/Groups/<target>", NONE, missing),
        ("GET", "/Users/<group>", NONE, missing),
        ("GET", "/nothing", NONE, missing),
        ("GET", "/Users/<target>/emails", NONE, missing),
        ("PUT", "/Users", json!({}), method),
        ("DELETE", "/Groups", NONE, method),
        ("POST", "/Users/<target>", json!({}), method),
        ("GET", "/Bulk", NONE, method),
        ("PATCH", "/Bulk", NONE, method),
        ("GET", "/Users/.search", NONE, method),
    ]
}

/// Operations on ordinary users and groups.
fn writing_operations() -> Vec<Row> {
    const NONE: Value = Value::Null;
    const CREATING: [u16; 6] = [401, 403, 201, 201, 201, 201];
    const CHANGING: [u16; 6] = [401, 403, 403, 200, 200, 200];
    const SILENT: [u16; 6] = [401, 403, 403, 204, 204, 204];
    const INVALID: [u16; 6] = [401, 403, 403, 400, 400, 400];
    let name = |name: &str| json!({ "userName": name });
    let members = |op: &str, id: &str| patch(&json!([{"op": op, "path": "members", "value": [{"value": id}]}]));
    vec![
        ("POST", "/Users", name("new-WHO"), CREATING),
        ("POST", "/Users", name("NEW-WHO"), [401, 403, 409, 409, 409, 409]),
        ("POST", "/Users", name(""), [401, 403, 400, 400, 400, 400]),
        ("POST", "/Users", json!("{"), [401, 403, 400, 400, 400, 400]),
        ("PUT", "/Users/<target>", json!({"userName": "target-WHO", "title": CANARY}), CHANGING),
        ("PATCH", "/Users/<target>", replace("nickName", json!("x")), CHANGING),
        ("PATCH", "/Users/<target>", replace("nothing", json!("x")), INVALID),
        ("PATCH", "/Users/<target>", replace("active", json!(false)), CHANGING),
        ("PATCH", "/Users/<target>", replace("active", json!("True")), CHANGING),
        ("PATCH", "/Users/<target>", replace("userName", json!("renamed-WHO")), CHANGING),
        ("PATCH", "/Users/<target>", replace("password", json!("another one")), CHANGING),
        ("PATCH", "/Users/missing", replace("active", json!(false)), [401, 403, 403, 404, 404, 404]),
        (
            "POST",
            "/Groups",
            json!({"displayName": "team WHO", "members": [{"value": "<target>"}]}),
            [401, 403, 403, 201, 201, 201],
        ),
        ("PUT", "/Groups/<group>", json!({"displayName": "group-WHO", "externalId": "e"}), CHANGING),
        ("PATCH", "/Groups/<group>", replace("displayName", json!("label WHO")), SILENT),
        ("PATCH", "/Groups/<group>", members("add", "<target>"), SILENT),
        ("PATCH", "/Groups/<group>", members("remove", "<target>"), SILENT),
        ("PATCH", "/Groups/<group>", members("add", "<boss>"), SILENT),
        ("PATCH", "/Groups/<group>", members("remove", "<boss>"), SILENT),
        ("PATCH", "/Groups/<group>", members("add", "<chiefs>"), SILENT),
        ("PATCH", "/Groups/<group>", replace("members", json!([])), SILENT),
        ("DELETE", "/Groups/<group>", NONE, SILENT),
        ("DELETE", "/Groups/missing", NONE, [401, 404, 404, 404, 404, 404]),
        ("DELETE", "/Users/<target>", NONE, SILENT),
    ]
}

/// Operations on administrators, and those that would make one. Only administrators may.
fn administrative_operations() -> Vec<Row> {
    const NONE: Value = Value::Null;
    const CREATING: [u16; 6] = [401, 403, 403, 403, 403, 201];
    const CHANGING: [u16; 6] = [401, 403, 403, 403, 403, 200];
    const SILENT: [u16; 6] = [401, 403, 403, 403, 403, 204];
    let add = |id: &str| patch(&json!([{"op": "add", "path": "members", "value": [{"value": id}]}]));
    vec![
        ("POST", "/Users", json!({"userName": "awaited-WHO"}), CREATING),
        ("POST", "/Users", json!({"userName": "AWAITED2-WHO", "active": false}), CREATING),
        ("POST", "/Users", json!({"userName": "deep-WHO", "password": "secret word"}), CREATING),
        ("PATCH", "/Users/<ordinary>", replace("userName", json!("renamed-awaited-WHO")), CHANGING),
        ("PUT", "/Users/<other>", json!({"userName": "put-awaited-WHO"}), CHANGING),
        ("POST", "/Groups", json!({"displayName": "awaited-group-WHO", "members": [{"value": "<boss>"}]}), CREATING),
        ("POST", "/Groups", json!({"displayName": "awaited-below-WHO"}), CREATING),
        ("PATCH", "/Groups/<administrators>", add("<ordinary>"), SILENT),
        ("PATCH", "/Groups/<administrators>", add("<plain>"), SILENT),
        ("PATCH", "/Groups/<administrators>", add("no user"), SILENT),
        ("PATCH", "/Groups/<administrators>", replace("displayName", json!("admins WHO")), SILENT),
        ("PATCH", "/Groups/<chiefs>", add("<other>"), SILENT),
        ("PUT", "/Groups/<chiefs>", json!({"displayName": "chiefs-WHO", "members": [{"value": "<boss>"}]}), CHANGING),
        ("PATCH", "/Groups/<chiefs>", replace("externalId", json!("x")), SILENT),
        (
            "PATCH",
            "/Groups/<chiefs>",
            patch(&json!([{"op": "remove", "path": "members[value eq \"<boss>\"]"}])),
            SILENT,
        ),
        ("PATCH", "/Groups/<chiefs>", add("<boss>"), SILENT),
        ("PATCH", "/Users/<boss>", replace("displayName", json!("x")), CHANGING),
        ("PATCH", "/Users/<boss>", replace("password", json!("stolen")), CHANGING),
        ("PATCH", "/Users/<boss>", replace("emails", json!([{"value": "thief@example.com"}])), CHANGING),
        ("PATCH", "/Users/<boss>", replace("nickName", json!("x")), CHANGING),
        ("PATCH", "/Users/<boss>", replace("userName", json!("boss-2-WHO")), CHANGING),
        ("PATCH", "/Users/<boss>", replace("active", json!(false)), CHANGING),
        ("PUT", "/Users/<boss>", json!({"userName": "boss-2-WHO", "active": true}), CHANGING),
        ("PATCH", "/Users/<administrator>", replace("active", json!(false)), [401, 403, 403, 403, 403, 409]),
        ("DELETE", "/Users/<administrator>", NONE, [401, 403, 403, 403, 403, 409]),
        ("DELETE", "/Groups/<administrators>", NONE, [401, 403, 403, 403, 403, 409]),
        ("DELETE", "/Users/<boss>", NONE, SILENT),
        ("DELETE", "/Groups/<chiefs>", NONE, SILENT),
    ]
}

struct Caller {
    name: String,
    class: usize,
    authorization: String,
}

/// The ids of the users and groups that a caller acts on.
fn targets(server: &Server, who: &str) -> BTreeMap<&'static str, String> {
    for name in ["target", "ordinary", "other"] {
        create_user(server, json!({"username": format!("{name}-{who}"), "firstName": CANARY}));
    }
    create_group(server, json!({"id": format!("chiefs-{who}"), "parentGroups": ["administrators"]}));
    create_user(
        server,
        json!({"username": format!("boss-{who}"), "firstName": CANARY, "groups": [format!("chiefs-{who}")]}),
    );
    for name in ["group", "plain"] {
        create_group(server, json!({"id": format!("{name}-{who}")}));
    }
    let user = |name: &str| find_id(server, "/Users", &format!("{name}-{who}"));
    let group = |name: &str| find_id(server, "/Groups", &format!("{name}-{who}"));
    BTreeMap::from([
        ("target", user("target")),
        ("ordinary", user("ordinary")),
        ("other", user("other")),
        ("boss", user("boss")),
        ("chiefs", group("chiefs")),
        ("group", group("group")),
        ("plain", group("plain")),
        ("administrator", find_id(server, "/Users", "Administrator")),
        ("administrators", administrators_id(server)),
    ])
}

/// The names that become administrators when a user or group gets them.
fn pending(server: &Server, callers: &[Caller]) {
    let state = State::of(&server.folder);
    let mut users = vec!["Administrator".to_owned()];
    let mut groups = state.texts(
        "select groups.name from groups join subgroups on child_id = groups.id
         where parent_id in (select id from groups where name_key = 'administrators')",
    );
    for Caller { name, .. } in callers {
        users
            .extend(["awaited", "awaited2", "renamed-awaited", "put-awaited"].map(|prefix| format!("{prefix}-{name}")));
        users.push(format!("root-{name}"));
        groups.push(format!("awaited-group-{name}"));
        let below = json!({
            "entity-type": "group", "memberUsers": [format!("boss-{name}"), format!("deep-{name}")],
            "memberGroups": [format!("awaited-below-{name}")],
        });
        let path = format!("/group/chiefs-{name}");
        assert_eq!(server.nuxeo("PUT", &path, Some(&below.to_string())).status, 200, "{path}");
    }
    let known = state.texts(
        "select username from users join memberships on user_id = users.id join groups on groups.id = group_id
         where name_key = 'administrators' and username <> 'Administrator'",
    );
    users.extend(known);
    let body = json!({"entity-type": "group", "memberUsers": users, "memberGroups": groups}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body)).status, 200);
}

/// Replaces the names of targets by their ids, and `WHO` by the caller.
fn filled(text: &str, who: &str, ids: &BTreeMap<&str, String>) -> String {
    ids.iter().fold(text.replace("WHO", who), |text, (name, id)| text.replace(&format!("<{name}>"), id))
}

/// Makes the calls of one caller, and compares the status, the answer and the database after each.
fn walk(server: &Server, caller: &Caller, ids: &BTreeMap<&str, String>, rows: &[Row], secrets: &[String]) {
    let state = State::of(&server.folder);
    let mut before = state.whole();
    let mut version = state.version();
    for (method, path, body, statuses) in rows {
        if version != state.version() {
            (version, before) = (state.version(), state.whole());
        }
        let path = filled(path, &caller.name, ids);
        let body: Value = serde_json::from_str(&filled(&body.to_string(), &caller.name, ids)).expect("still JSON");
        let answer = call_as(server, &caller.authorization, method, &path, &body);
        let row = format!("{}: {method} {path} {body} -> {} {}", caller.name, answer.status, answer.text());
        assert_eq!(answer.status, statuses[caller.class], "{row}");
        for secret in secrets {
            assert!(!answer.text().contains(secret.as_str()), "{secret} in {row}");
        }
        if answer.status >= 400 {
            assert!(!answer.text().contains(CANARY), "{row}");
            let scim_type = answer.json()["scimType"].as_str().unwrap_or_default().to_owned();
            assert_eq!(scim_type.is_empty(), answer.status != 400 && answer.status != 409 || scim_type.is_empty());
            assert_error(&answer, answer.status, &scim_type, &row);
            let asks = answer.header("WWW-Authenticate").is_some_and(|asked| asked.starts_with("Bearer realm="));
            assert_eq!(asks, answer.status == 401, "{row}");
            if state.version() != version {
                assert_eq!(differences(&before, &state.whole()), [""; 0], "{row}");
            }
        }
    }
}

#[test]
fn each_caller_has_the_rights_of_the_scim_permission_table() {
    let (server, [read, standard, provision, admin, revoked]) =
        with_keys(["read", "standard", "provision", "admin", "provision"], &["--wrong-password-delay", "0"]);
    for (name, groups) in [("plain", json!([])), ("power", json!(["powerusers"])), ("root", json!(["administrators"]))]
    {
        create_user(&server, json!({"username": name, "password": PASSWORD, "groups": groups}));
    }
    create_user(&server, json!({"username": "gone", "password": PASSWORD, "groups": ["administrators"]}));
    let token = |name: &str| token(&server, name);
    let (plain, power, root, gone) = (token("plain"), token("power"), token("root"), token("gone"));
    assert_eq!(server.datadog("DELETE", "/api/v1/user/gone", None).status, 200);
    revoke_last(&server);

    let bearer =
        |name: &str, class, key: &str| Caller { name: name.to_owned(), class, authorization: format!("Bearer {key}") };
    let word = |name: &str, class, user: &str, password: &str| Caller {
        name: name.to_owned(),
        class,
        authorization: basic(user, password),
    };
    let none = |name: &str, authorization: &str| Caller {
        name: name.to_owned(),
        class: STRANGER,
        authorization: authorization.to_owned(),
    };
    let callers = [
        none("none", ""),
        none("no-scheme", "non-token"),
        none("empty-bearer", "Bearer "),
        none("empty-basic", "Basic "),
        none("raw-key", &admin),
        none("other-scheme", &format!("Token {admin}")),
        bearer("wrong-key", STRANGER, &APP_KEY.replace('0', "1")),
        bearer("api-key", STRANGER, API_KEY),
        bearer("longer-key", STRANGER, &format!("{admin}0")),
        bearer("revoked-key", STRANGER, &revoked),
        bearer("ended-token", STRANGER, &gone),
        bearer("password", STRANGER, ADMIN_PASSWORD),
        word("wrong-password", STRANGER, "root", "another"),
        word("disabled-user", STRANGER, "gone", PASSWORD),
        word("key-as-password", STRANGER, "root", &admin),
        bearer("read-key", READ, &read),
        bearer("plain-token", READ, &plain),
        word("plain-password", READ, "plain", PASSWORD),
        bearer("standard-key", STANDARD, &standard),
        bearer("provision-key", PROVISION, &provision),
        bearer("power-token", POWER, &power),
        word("power-password", POWER, "power", PASSWORD),
        bearer("admin-key", ADMIN, &admin),
        bearer("root-token", ADMIN, &root),
        word("root-password", ADMIN, "root", PASSWORD),
    ];
    let ids: Vec<_> = callers.iter().map(|caller| targets(&server, &caller.name)).collect();
    pending(&server, &callers);
    let state = State::of(&server.folder);
    let mut secrets: Vec<String> =
        [&read, &standard, &provision, &admin, &plain, &power, &root].map(Clone::clone).to_vec();
    secrets.extend([ADMIN_PASSWORD, PASSWORD, "$argon2"].map(str::to_owned));
    let rows = [reading_operations(), administrative_operations(), writing_operations()].concat();
    for (caller, ids) in callers.iter().zip(&ids) {
        walk(&server, caller, ids, &rows, &secrets);
    }
    state.assert_sound();
}

/// A token of that user.
fn token(server: &Server, name: &str) -> String {
    let path = "/nuxeo/authentication/token?applicationName=scim&deviceId=d&permission=rw";
    let answer = server.request("GET", path, &[("Authorization", &basic(name, PASSWORD))], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.text().to_owned()
}

/// Revokes the key that was created last.
pub(super) fn revoke_last(server: &Server) {
    let state = State::of(&server.folder);
    let id = state.rows("select id from credentials where name = 'test' order by id desc limit 1").remove(0);
    let id = id.trim_start_matches("id: ").to_owned();
    let output = run(&server.folder, &["key", "revoke", &id]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn me_is_the_user_who_calls() {
    let (server, [provision]) = with_keys(["provision"], &[]);
    for (name, groups) in [("plain", json!([])), ("power", json!(["powerusers"])), ("root", json!(["administrators"]))]
    {
        create_user(&server, json!({"username": name, "password": PASSWORD, "groups": groups}));
    }
    for key in [APP_KEY, &provision] {
        for method in ["GET", "PUT", "PATCH", "DELETE", "POST"] {
            let answer = call_as(&server, &format!("Bearer {key}"), method, "/Me", &json!({"userName": "x"}));
            assert_error(&answer, 501, "", method);
        }
    }
    assert_error(&call_as(&server, "", "GET", "/Me", &Value::Null), 401, "", "no credentials");
    for (name, status) in [("plain", 403), ("power", 200), ("root", 200)] {
        let me = basic(name, PASSWORD);
        let answer = call_as(&server, &me, "GET", "/me", &Value::Null);
        let document = expect(&answer, 200);
        assert_eq!(document["userName"], name);
        assert_eq!(answer.header("Location"), document["meta"]["location"].as_str());
        let answer = call_as(&server, &me, "PATCH", "/Me", &replace("nickName", json!("x")));
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        let answer = call_as(&server, &me, "PUT", "/Me", &json!({"userName": name}));
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert_error(&call_as(&server, &me, "POST", "/Me", &json!({"userName": "x"})), 501, "", name);
        let answer = call_as(&server, &me, "DELETE", "/Me", &Value::Null);
        assert_eq!(answer.status, if status == 200 { 204 } else { 403 }, "{name}: {}", answer.text());
        assert_eq!(call_as(&server, &me, "GET", "/Me", &Value::Null).status, if status == 200 { 401 } else { 200 });
    }
}
