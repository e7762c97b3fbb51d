//! The permission matrix of the Datadog dialect.

use super::nuxeo_operations::token;
use super::{CANARY, Caller, Operation, Shape, Walk};
use crate::support::cli::{create_key, run};
use crate::support::client::{Answer, basic};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::nuxeo::{cookie_of, create_user};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

// ----------------------------------------------------------------------------------------- Datadog

/// The classes of callers: without a valid API key; with an API key alone; and with both keys, by role.
pub const STRANGER: usize = 0;

const API_ALONE: usize = 1;

const READ: usize = 2;

const STANDARD: usize = 3;

const ADMIN: usize = 4;

fn datadog_operations() -> Vec<Operation<5>> {
    const USER: Shape = Shape::Keys(&["user"]);
    const USERS: Shape = Shape::Keys(&["users"]);
    const EMAILS: Shape = Shape::Keys(&["emails"]);
    const NONE: Value = Value::Null;
    const READING: [u16; 5] = [403, 403, 200, 200, 200];
    const CREATING: [u16; 5] = [403, 403, 403, 200, 200];
    const CHANGING: [u16; 5] = [403, 403, 403, 403, 200];
    let handle = |handle: &str| json!({ "handle": handle, "name": "n" });
    let role = |handle: &str, role: &str| json!({ "handle": handle, "access_role": role });
    vec![
        ("GET", "/api/v1/validate", NONE, [403, 200, 200, 200, 200], Shape::Keys(&["valid"])),
        ("POST", "/api/v1/validate", NONE, [403, 405, 405, 405, 405], Shape::Empty),
        ("GET", "/api/v1/user", NONE, READING, USERS),
        ("GET", "/api/v1/users", NONE, READING, USERS),
        ("GET", "//api/v1/user/", NONE, READING, USERS),
        ("GET", "/api/v1/user?filter=admin", NONE, READING, USERS),
        ("GET", "/api/v1/user?page_size=2&page=1", NONE, READING, USERS),
        ("GET", "/api/v1/user?filter=secret", NONE, [403, 403, 400, 400, 400], USERS),
        ("GET", "/api/v1/user/target-WHO@example.com", NONE, READING, USER),
        ("GET", "/api/v1/users/TARGET-WHO%40example.com", NONE, READING, USER),
        ("GET", "/api/v1/user/Administrator", NONE, READING, USER),
        ("GET", "/api/v1/user/missing@example.com", NONE, [403, 403, 404, 404, 404], USER),
        ("PATCH", "/api/v1/user/Administrator", NONE, [403, 403, 405, 405, 405], USER),
        ("DELETE", "/api/v1/user", NONE, [403, 403, 405, 405, 405], USER),
        ("GET", "/api/v1/nothing", NONE, [404; 5], USER),
        ("GET", "/api/v2/users", NONE, [404; 5], USER),
        ("POST", "/api/v2/user_invitations", NONE, [404; 5], USER),
        ("POST", "/api/v1/user", handle("new-WHO@example.com"), CREATING, USER),
        ("POST", "/api/v1/users", role("reader-WHO@example.com", "ro"), CREATING, USER),
        ("POST", "/api/v1/user", role("root-WHO@example.com", "adm"), CHANGING, USER),
        ("POST", "/api/v1/user", json!({"handle": "chief-WHO@example.com", "is_admin": true}), CHANGING, USER),
        ("POST", "/api/v1/user", handle("awaited-WHO@example.com"), CHANGING, USER),
        ("POST", "/api/v1/user", handle("asleep-WHO@example.com"), CREATING, USER),
        ("POST", "/api/v1/user", role("asleep-WHO@example.com", "adm"), CHANGING, USER),
        ("POST", "/api/v1/user", handle("asleep-admin-WHO@example.com"), CHANGING, USER),
        ("POST", "/api/v1/user", role("asleep-admin-WHO@example.com", "st"), CHANGING, USER),
        ("POST", "/api/v1/user", handle("target-WHO@example.com"), [403, 403, 403, 409, 409], USER),
        ("POST", "/api/v1/user", handle("admin-WHO@example.com"), [403, 403, 403, 409, 409], USER),
        ("POST", "/api/v1/user", handle("no address"), [403, 403, 403, 400, 400], USER),
        ("POST", "/api/v1/user", json!({}), [403, 403, 403, 400, 400], USER),
        ("POST", "/api/v1/user", json!("{"), [403, 403, 403, 400, 400], USER),
        ("POST", "/api/v1/invite_users", json!({"emails": ["a-WHO@example.com"]}), CREATING, EMAILS),
        ("POST", "/invite_users", json!({"emails": ["b-WHO@example.com", "a-WHO@example.com"]}), CREATING, EMAILS),
        ("POST", "/invite_users", json!({"emails": ["c@example.com", "waited-WHO@example.com"]}), CHANGING, EMAILS),
        ("POST", "/invite_users", json!({"emails": "d@example.com"}), [403, 403, 403, 400, 400], EMAILS),
        ("POST", "/invite_users", json!({}), CREATING, EMAILS),
        ("GET", "/invite_users", NONE, [403, 403, 405, 405, 405], EMAILS),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"name": "changed"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"email": "x@example.com"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": true}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": false}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"access_role": "adm"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"is_admin": false}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": "true"}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"disabled": "False", "email": ""}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({}), CHANGING, USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", NONE, CHANGING, USER),
        ("PUT", "/api/v1/user/admin-WHO@example.com", json!({"name": "changed"}), CHANGING, USER),
        ("PUT", "/api/v1/user/admin-WHO@example.com", json!({"access_role": "st"}), CHANGING, USER),
        ("PUT", "/api/v1/user/missing@example.com", json!({"name": "x"}), [403, 403, 403, 403, 404], USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!("["), [403, 403, 403, 403, 400], USER),
        ("PUT", "/api/v1/user/target-WHO@example.com", json!({"email": 7}), [403, 403, 403, 403, 400], USER),
        ("DELETE", "/api/v1/user/target-WHO@example.com", NONE, CHANGING, Shape::Keys(&["message"])),
        ("DELETE", "/api/v1/user/target-WHO@example.com", NONE, [403, 403, 403, 403, 400], USER),
        ("DELETE", "/api/v1/users/admin-WHO@example.com", NONE, CHANGING, Shape::Keys(&["message"])),
        ("DELETE", "/api/v1/user/missing@example.com", NONE, [403, 403, 403, 403, 404], USER),
    ]
}

/// The message of the 403 of each caller; the other refusals give a reason, in a list of one text.
fn datadog_document(caller: &Caller, answer: &Answer) -> Value {
    if answer.status != 403 {
        let reason = answer.json()["errors"][0].as_str().unwrap_or_default().to_owned();
        assert!(!reason.is_empty(), "{}", answer.text());
        return json!({ "errors": [reason] });
    }
    match caller.refusal {
        "Forbidden" => json!({"status": "error", "code": 403, "errors": ["Forbidden"]}),
        message => json!({ "errors": [message] }),
    }
}

#[test]
fn each_key_has_the_rights_of_the_datadog_permission_table() {
    const API: &str = "DD-API-KEY";
    const APP: &str = "DD-APPLICATION-KEY";
    const NO_API: &str = "API key required";
    const NO_APP: &str = "Application key required";
    let folder = Arc::new(Folder::new());
    // The first start creates the first keys; the list shows the keys to revoke.
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let app = |role| create_key(&folder, "app", Some(role));
    let (read, standard, admin, revoked) = (app("read"), app("standard"), app("admin"), app("admin"));
    let revoked_api = create_key(&folder, "api", None);
    let list = String::from_utf8(run(&folder, &["key", "list"]).stdout).expect("text");
    assert!(list.lines().count() >= 7, "{list}");
    for id in ["6", "7"] {
        let output = run(&folder, &["key", "revoke", id]);
        assert!(output.status.success(), "{output:?} of {list}");
    }
    let server = Server::over(folder, &[]);
    let token = token(&server, ("Administrator", ADMIN_PASSWORD), "matrix");
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let session = cookie_of(&server, ("Administrator", ADMIN_PASSWORD));

    let both = |name: &str, class, key: &str| Caller::new(name, class, &[(API, API_KEY), (APP, key)]);
    let queried = |name: &str, class, key: &str| {
        Caller::new(name, class, &[]).query(format!("api_key={API_KEY}&application_key={key}"))
    };
    let mut callers = vec![
        Caller::new("nobody", STRANGER, &[]).refused(NO_API),
        Caller::new("basic", STRANGER, &[("Authorization", &authorization)]).refused(NO_API),
        Caller::new("token", STRANGER, &[("X-Authentication-Token", &token)]).refused(NO_API),
        Caller::new("app key alone", STRANGER, &[(APP, APP_KEY)]).refused(NO_API),
        Caller::new("empty keys", STRANGER, &[(API, ""), (APP, "")]).refused(NO_API),
        Caller::new("cookie", STRANGER, &[("Cookie", &format!("api_key={API_KEY}; application_key={APP_KEY}"))])
            .refused(NO_API),
        Caller::new("session", STRANGER, &[("Cookie", &session)]).refused(NO_API),
        Caller::new("wrong api key", STRANGER, &[(API, &API_KEY.replace('0', "1")), (APP, APP_KEY)]),
        Caller::new("upper case", STRANGER, &[(API, &API_KEY.to_uppercase()), (APP, APP_KEY)]),
        Caller::new("part of an api key", STRANGER, &[(API, &API_KEY[..31]), (APP, APP_KEY)]),
        Caller::new("longer api key", STRANGER, &[(API, &format!("{API_KEY}0")), (APP, APP_KEY)]),
        Caller::new("revoked api key", STRANGER, &[(API, &revoked_api), (APP, APP_KEY)]),
        Caller::new("keys swapped", STRANGER, &[(API, APP_KEY), (APP, API_KEY)]),
        Caller::new("app key for both", STRANGER, &[(API, APP_KEY), (APP, APP_KEY)]),
        Caller::new("token as api key", STRANGER, &[(API, &token), (APP, APP_KEY)]),
        // The header wins.
        Caller::new("wrong in the header", STRANGER, &[(API, "x"), (APP, "x")])
            .query(format!("api_key={API_KEY}&application_key={APP_KEY}")),
        Caller::new("other names", STRANGER, &[])
            .query(format!("API_KEY={API_KEY}&APPLICATION_KEY={APP_KEY}"))
            .refused(NO_API),
        Caller::new("api key alone", API_ALONE, &[(API, API_KEY)]).refused(NO_APP),
        Caller::new("api key alone in the query", API_ALONE, &[]).query(format!("api_key={API_KEY}")).refused(NO_APP),
        both("empty app key", API_ALONE, "").refused(NO_APP),
        both("wrong app key", API_ALONE, "0123456789abcdef0123456789abcdef01234568"),
        both("revoked app key", API_ALONE, &revoked),
        both("revoked app key again", API_ALONE, &revoked),
        both("api key for both", API_ALONE, API_KEY),
        both("token as app key", API_ALONE, &token),
        both("password as app key", API_ALONE, ADMIN_PASSWORD),
        both("upper case app key", API_ALONE, &APP_KEY.to_uppercase()),
        queried("revoked in the query", API_ALONE, &revoked),
        both("reader", READ, &read),
        queried("reader in the query", READ, &read),
        Caller::new("reader with a password", READ, &[(API, API_KEY), (APP, &read), ("Authorization", &authorization)]),
        Caller::new("reader over admin", READ, &[(API, API_KEY), (APP, &read)])
            .query(format!("application_key={APP_KEY}")),
        both("standard", STANDARD, &standard),
        queried("standard-q", STANDARD, &standard),
        both("admin", ADMIN, &admin),
        queried("admin-q", ADMIN, &admin),
        both("first", ADMIN, APP_KEY),
    ];
    for caller in &mut callers {
        if caller.class >= STANDARD {
            // Their names become part of addresses.
            assert!(caller.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", caller.name);
        }
    }

    let mut awaited = vec!["Administrator".to_owned()];
    for name in
        callers.iter().filter(|caller| caller.class >= STANDARD).map(|caller| caller.name.as_str()).chain(["nobody"])
    {
        for (prefix, groups) in [
            ("target", json!([])),
            ("asleep", json!([])),
            ("admin", json!(["administrators"])),
            ("asleep-admin", json!(["administrators"])),
        ] {
            create_user(
                &server,
                json!({"username": format!("{prefix}-{name}@example.com"), "firstName": CANARY, "groups": groups}),
            );
        }
        for prefix in ["asleep", "asleep-admin"] {
            let path = format!("/api/v1/user/{prefix}-{name}@example.com");
            assert_eq!(server.datadog("DELETE", &path, None).status, 200);
        }
        awaited.extend(["awaited", "waited"].map(|prefix| format!("{prefix}-{name}@example.com")));
    }
    // A pending member of the administrators becomes one when a user gets the name. The call replaces the list, so it
    // names the current members too.
    let state = State::of(&server.folder);
    awaited.extend(state.texts(
        "select username from users join memberships on user_id = users.id join groups on groups.id = group_id
         where name_key = 'administrators' and username <> 'Administrator'",
    ));
    let body = json!({"entity-type": "group", "memberUsers": awaited}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body)).status, 200);

    let issued = [&read, &standard, &admin, &revoked, &revoked_api, &token].map(String::as_str);
    let mut walk = Walk::new(&server, state, &issued, datadog_document);
    for caller in &callers {
        for operation in &datadog_operations() {
            walk.step(caller, operation, "");
        }
    }
    println!("{} callers, {} operations, {} calls", callers.len(), datadog_operations().len(), walk.calls);
    walk.state.assert_sound();
}

#[test]
fn standard_key_cannot_create_a_pending_administrator() {
    let folder = Arc::new(Folder::new());
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let standard = create_key(&folder, "app", Some("standard"));
    let server = Server::over(folder, &[]);
    let body = json!({"entity-type": "group", "memberUsers": ["Administrator", "ghost@example.com"]}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body)).status, 200);
    let state = State::of(&server.folder);
    let before = state.whole();
    for role in [json!(null), json!("st"), json!("ro"), json!("adm")] {
        for disabled in [false, true] {
            let body = json!({"handle": "ghost@example.com", "access_role": role, "disabled": disabled}).to_string();
            let answer = server.datadog_as(&standard, "POST", "/api/v1/user", Some(&body));
            assert_eq!(answer.status, 403, "{body}: {}", answer.text());
            assert_eq!(State::differences(&before, &state.whole()), [""; 0], "{body}");
        }
    }
}
