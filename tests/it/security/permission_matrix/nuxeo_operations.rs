//! Every operation of the Nuxeo dialect, and its status for each kind of caller.

use super::{Operation, PASSWORD, Shape};
use crate::support::client::basic;
use crate::support::server::Server;
use serde_json::{Value, json};

// ------------------------------------------------------------------------------------------- Nuxeo

pub const ORDINARY: usize = 1;

pub const POWER: usize = 2;

pub const ADMINISTRATOR: usize = 3;

/// A token of that user for a device.
pub fn token(server: &Server, (name, password): (&str, &str), device: &str) -> String {
    let path = format!("/nuxeo/authentication/token?applicationName=matrix&deviceId={device}&permission=rw");
    let answer = server.request("GET", &path, &[("Authorization", &basic(name, password))], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.text().to_owned()
}

/// The operations under each prefix of the interface.
pub fn nuxeo_operations() -> Vec<Operation<4>> {
    const USER: Shape = Shape::Entity("user");
    const USERS: Shape = Shape::Entity("users");
    const GROUP: Shape = Shape::Entity("group");
    const GROUPS: Shape = Shape::Entity("groups");
    const OPERATION: Shape =
        Shape::Keys(&["aliases", "category", "description", "id", "label", "params", "signature", "url"]);
    const NONE: Value = Value::Null;
    const ALL: [u16; 4] = [401, 200, 200, 200];
    const MISSING: [u16; 4] = [401, 404, 404, 404];
    const BROKEN: [u16; 4] = [401, 400, 400, 400];
    const NO_METHOD: [u16; 4] = [401, 405, 405, 405];
    const CREATE: [u16; 4] = [401, 403, 201, 201];
    const CREATE_ADMINISTRATOR: [u16; 4] = [401, 403, 403, 201];
    const EDIT: [u16; 4] = [401, 403, 200, 200];
    const EDIT_ADMINISTRATOR: [u16; 4] = [401, 403, 403, 200];
    const REMOVE: [u16; 4] = [401, 403, 204, 204];
    const REMOVE_ADMINISTRATOR: [u16; 4] = [401, 403, 403, 204];
    let user = |properties: Value| json!({"entity-type": "user", "properties": properties});
    let new =
        |name: &str, groups: Value| json!({"entity-type": "user", "properties": {"username": name, "groups": groups}});
    let group = |id: &str, parents: Value| json!({"entity-type": "group", "id": id, "parentGroups": parents});
    let id = |id: &str| json!({"entity-type": "user", "id": id, "properties": {"firstName": "x"}});
    let list = |key: &str, names: Value| json!({"entity-type": "group", key: names});
    let change = |old: &str| json!({"oldPassword": old, "newPassword": PASSWORD});
    let say = |message: Value| json!({"params": {"message": message, "level": "info"}});
    let mut rows = vec![
        // Reads.
        ("GET", "/user/target-WHO", NONE, ALL, USER),
        ("GET", "/user/Administrator", NONE, ALL, USER),
        ("GET", "/user/missing", NONE, MISSING, USER),
        ("GET", "/user", NONE, NO_METHOD, USER),
        ("PATCH", "/user/Administrator", NONE, NO_METHOD, USER),
        ("GET", "/user/search?q=*", NONE, ALL, USERS),
        ("GET", "/user/search?q=target&pageSize=2", NONE, ALL, USERS),
        ("GET", "/user/search?q=*&pageSize=many", NONE, BROKEN, USERS),
        ("GET", "/user/transient/foo@bar.com/1", NONE, ALL, USER),
        ("GET", "/group/members", NONE, ALL, GROUP),
        ("GET", "/group/administrators?fetch-group=memberUsers,memberGroups,parentGroups", NONE, ALL, GROUP),
        ("GET", "/group/missing", NONE, MISSING, GROUP),
        ("GET", "/group/search?q=*", NONE, ALL, GROUPS),
        ("GET", "/group/search?q=*&offset=far", NONE, BROKEN, GROUPS),
        ("GET", "/group/administrators/@users", NONE, ALL, USERS),
        ("GET", "/group/administrators/@groups", NONE, ALL, GROUPS),
        ("GET", "/group/missing/@users", NONE, MISSING, USERS),
        ("GET", "/group/missing/@groups", NONE, MISSING, GROUPS),
        ("GET", "/group/members/@secrets", NONE, MISSING, GROUPS),
        ("PATCH", "/group/members", NONE, NO_METHOD, GROUP),
        // The caller's own user and tokens.
        ("GET", "/me", NONE, ALL, USER),
        ("POST", "/me", NONE, NO_METHOD, USER),
        ("PUT", "/me/changepassword", change("wrong"), [401; 4], USER),
        ("PUT", "/me/changepassword", json!({"newPassword": "x"}), BROKEN, USER),
        ("PUT", "/me/changepassword", json!({"oldPassword": PASSWORD, "newPassword": ""}), BROKEN, USER),
        ("PUT", "/me/changepassword", change(PASSWORD), ALL, USER),
        ("GET", "/token", NONE, ALL, Shape::Entity("tokens")),
        ("POST", "/token?application=walk&deviceId=WHO", NONE, [401, 201, 201, 201], Shape::Text),
        ("POST", "/token?application=walk", NONE, BROKEN, Shape::Text),
        ("DELETE", "/token/missing", NONE, MISSING, Shape::Empty),
        ("DELETE", "/token/KEPT-ID", NONE, MISSING, Shape::Empty),
        ("DELETE", "/token/KEPT-TOKEN", NONE, MISSING, Shape::Empty),
        // Automation and status.
        ("POST", "/automation/login", NONE, ALL, Shape::Entity("login")),
        ("GET", "/automation/login", NONE, [200; 4], OPERATION),
        ("PUT", "/automation/login", NONE, [405; 4], Shape::Empty),
        ("GET", "/automation", NONE, [200; 4], Shape::Keys(&["chains", "codecs", "operations", "paths"])),
        ("POST", "/automation", NONE, [405; 4], Shape::Empty),
        ("GET", "/automation/Log", NONE, [200; 4], OPERATION),
        ("GET", "/automation/User.Invite", NONE, MISSING, Shape::Empty),
        ("POST", "/automation/Log", say(json!("a word")), [401, 204, 204, 204], Shape::Empty),
        ("POST", "/automation/Log", say(json!(7)), BROKEN, Shape::Empty),
        ("POST", "/automation/User.Invite", NONE, MISSING, Shape::Empty),
        ("GET", "/capabilities", NONE, ALL, Shape::Entity("capabilities")),
        ("GET", "/nothing", NONE, MISSING, Shape::Empty),
        // Users.
        ("POST", "/user", new("new-WHO", json!([])), CREATE, USER),
        ("POST", "/user", new("new-power-WHO", json!(["powerusers"])), CREATE, USER),
        ("POST", "/user", new("new-admin-WHO", json!(["administrators"])), CREATE_ADMINISTRATOR, USER),
        ("POST", "/user", new("new-ops-WHO", json!(["members", "ops"])), CREATE_ADMINISTRATOR, USER),
        ("POST", "/user", new("awaited-WHO", json!([])), CREATE_ADMINISTRATOR, USER),
        ("POST", "/user", new("target-WHO", json!([])), [401, 403, 409, 409], USER),
        ("POST", "/user", new("lost-WHO", json!(["missing"])), [401, 403, 403, 403], USER),
        ("POST", "/user", user(json!({})), [401, 403, 400, 400], USER),
        ("POST", "/user", json!({}), BROKEN, USER),
        ("POST", "/user", json!("{"), BROKEN, USER),
        ("POST", "/user", NONE, BROKEN, USER),
        ("PUT", "/user/target-WHO", user(json!({"firstName": "changed"})), EDIT, USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": ["members"]})), EDIT, USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": ["administrators"]})), EDIT_ADMINISTRATOR, USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": []})), EDIT, USER),
        ("PUT", "/user/WHO", user(json!({"firstName": "oneself"})), EDIT, USER),
        ("PUT", "/user/ordinary", user(json!({"firstName": "oneself"})), EDIT, USER),
        ("PUT", "/user/admin-WHO", user(json!({"firstName": "changed"})), EDIT_ADMINISTRATOR, USER),
        ("PUT", "/user/opsman-WHO", user(json!({"password": "stolen"})), EDIT_ADMINISTRATOR, USER),
        ("PUT", "/user/target-WHO", id("missing"), [401, 403, 500, 500], USER),
        ("PUT", "/user/target-WHO", id("Administrator"), [401, 403, 400, 400], USER),
        ("PUT", "/user/target-WHO", user(json!({"groups": ["missing"]})), [401, 403, 403, 403], USER),
        ("PUT", "/user/target-WHO", user(json!({"firstName": []})), BROKEN, USER),
        ("PUT", "/user/target-WHO", json!("nothing"), BROKEN, USER),
        ("PUT", "/user/missing", user(json!({})), MISSING, USER),
        ("DELETE", "/user/missing", NONE, MISSING, USER),
        ("DELETE", "/user/doomed-WHO", NONE, REMOVE, Shape::Empty),
        ("DELETE", "/user/doomed-admin-WHO", NONE, REMOVE_ADMINISTRATOR, Shape::Empty),
        ("DELETE", "/user/doomed-ops-WHO", NONE, REMOVE_ADMINISTRATOR, Shape::Empty),
        // Groups.
        ("POST", "/group", group("new-WHO", json!([])), CREATE, GROUP),
        ("POST", "/group", group("new-child-WHO", json!(["members"])), CREATE, GROUP),
        ("POST", "/group", group("new-admins-WHO", json!(["administrators"])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("new-ops-WHO", json!(["members", "ops"])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("awaited-WHO", json!([])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("later-WHO", json!(["missing"])), CREATE_ADMINISTRATOR, GROUP),
        ("POST", "/group", group("team-WHO", json!([])), [401, 403, 409, 409], GROUP),
        ("POST", "/group", json!({"entity-type": "group"}), [401, 403, 400, 400], GROUP),
        ("POST", "/group", json!([]), BROKEN, GROUP),
        ("PUT", "/group/team-WHO", group("team-WHO", json!([])), EDIT, GROUP),
        ("PUT", "/group/team-WHO", list("memberUsers", json!(["target-WHO", "later"])), EDIT, GROUP),
        ("PUT", "/group/team-WHO", list("memberUsers", json!([])), EDIT, GROUP),
        ("PUT", "/group/team-WHO", group("team-WHO", json!(["ops"])), EDIT_ADMINISTRATOR, GROUP),
        ("PUT", "/group/team-WHO", group("team-WHO", json!([])), [401, 403, 200, 200], GROUP),
        ("PUT", "/group/administrators", list("grouplabel", json!("Chiefs")), EDIT_ADMINISTRATOR, GROUP),
        ("PUT", "/group/ops", list("grouplabel", json!("Ops")), EDIT_ADMINISTRATOR, GROUP),
        ("PUT", "/group/team-WHO", group("missing", json!([])), [401, 403, 404, 404], GROUP),
        ("PUT", "/group/team-WHO", list("memberUsers", json!("target-WHO")), BROKEN, GROUP),
        ("PUT", "/group/missing", group("missing", json!([])), MISSING, GROUP),
        ("DELETE", "/group/missing", NONE, MISSING, GROUP),
        ("DELETE", "/group/doomed-WHO", NONE, REMOVE, Shape::Empty),
        ("DELETE", "/group/doomed-ops-WHO", NONE, REMOVE_ADMINISTRATOR, Shape::Empty),
        ("PUT", "/user/target-WHO/group/team-WHO", NONE, NO_METHOD, USER),
        ("GET", "/group/team-WHO/user/target-WHO", NONE, NO_METHOD, USER),
    ];
    // Memberships, from both sides.
    for (user, group, made, ended) in [
        ("target-WHO", "team-WHO", CREATE, EDIT),
        ("opsman-WHO", "team-WHO", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("target-WHO", "administrators", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("target-WHO", "ops", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("opsman-WHO", "ops", CREATE_ADMINISTRATOR, EDIT_ADMINISTRATOR),
        ("missing", "team-WHO", MISSING, MISSING),
        ("target-WHO", "missing", MISSING, MISSING),
    ] {
        for path in [format!("/user/{user}/group/{group}"), format!("/group/{group}/user/{user}")] {
            // Leaks a few short texts, which stay until the test ends.
            let path: &'static str = path.leak();
            rows.push(("POST", path, NONE, made, USER));
            rows.push(("DELETE", path, NONE, ended, Shape::Text));
            rows.push(("POST", path, NONE, made, USER));
        }
    }
    rows
}

/// The operations outside of the interface, with their whole paths.
pub fn nuxeo_surroundings() -> Vec<Operation<4>> {
    const NONE: Value = Value::Null;
    const STATUS: Shape = Shape::Keys(&["elasticSearchStatus", "repositoryStatus", "runtimeStatus", "streamStatus"]);
    const TOKEN: &str = "/nuxeo/authentication/token";
    let ask = |query: &str| -> &'static str { format!("{TOKEN}?deviceId=aside{query}").leak() };
    vec![
        ("GET", "/nuxeo/runningstatus", NONE, [200; 4], STATUS),
        ("GET", "/nuxeo/runningstatus?info=started", NONE, [200; 4], Shape::Text),
        ("GET", "/nuxeo/json/cmis", NONE, [401, 200, 200, 200], Shape::Keys(&["default"])),
        ("POST", "/nuxeo/site/automation/login", NONE, [401, 200, 200, 200], Shape::Entity("login")),
        ("GET", "/nuxeo/logout", NONE, [200; 4], Shape::Text),
        ("POST", "/nuxeo/logout", NONE, [200; 4], Shape::Text),
        ("DELETE", "/nuxeo/logout", NONE, [405; 4], Shape::Text),
        ("GET", "/nuxeo/site/automation/", NONE, [200; 4], Shape::Keys(&["chains", "codecs", "operations", "paths"])),
        ("GET", "/nuxeo/site/nothing", NONE, [401, 404, 404, 404], Shape::Empty),
        ("GET", "/nuxeo/nothing", NONE, [404; 4], Shape::Empty),
        ("GET", TOKEN, NONE, [401, 400, 400, 400], Shape::Text),
        ("GET", ask("&applicationName=walk&permission=rw"), NONE, [401, 201, 201, 201], Shape::Text),
        ("GET", ask("&applicationName=strange&revoke=true"), NONE, [401, 400, 400, 400], Shape::Text),
        ("DELETE", TOKEN, NONE, [405; 4], Shape::Text),
    ]
}
