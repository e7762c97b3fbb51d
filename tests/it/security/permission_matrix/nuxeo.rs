//! The permission matrix of the Nuxeo dialect.

use super::datadog::STRANGER;
use super::nuxeo_operations::{ADMINISTRATOR, ORDINARY, POWER, nuxeo_operations, nuxeo_surroundings, token};
use super::{CANARY, Caller, PASSWORD, Walk};
use crate::support::client::{Answer, Connection, basic};
use crate::support::database::State;
use crate::support::nuxeo::{cookie_of, create_group, create_user};
use crate::support::server::{API_KEY, APP_KEY, Server};
use serde_json::{Value, json};

fn nuxeo_document(caller: &Caller, answer: &Answer) -> Value {
    let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
    assert!(!message.is_empty(), "{}", answer.text());
    if answer.status == 401 {
        assert_eq!(message, "Authentication is required");
        let quiet = caller.login.is_some() || caller.headers.iter().any(|(name, _)| name == "Cookie");
        let asked = answer.header("WWW-Authenticate");
        assert_eq!(asked, (!quiet).then_some("Basic realm=\"Nuxeo Automation\""), "{}", caller.name);
    }
    json!({"entity-type": "exception", "status": answer.status, "message": message})
}

#[test]
fn each_user_has_the_rights_of_the_nuxeo_permission_table() {
    const TOKEN: &str = "X-Authentication-Token";
    let server = Server::with(&["--wrong-password-delay", "0"]);
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    create_group(&server, json!({"id": "deep", "parentGroups": ["ops"]}));
    create_group(&server, json!({"id": "deputies", "parentGroups": ["powerusers"]}));
    create_group(&server, json!({"id": "above", "memberGroups": ["administrators", "powerusers"]}));
    for (name, groups) in [
        ("ordinary", json!([])),
        ("member", json!(["members"])),
        ("high", json!(["above"])),
        ("former", json!(["administrators", "powerusers"])),
        ("power", json!(["powerusers"])),
        ("deputy", json!(["deputies"])),
        ("root", json!(["administrators"])),
        ("both", json!(["powerusers", "administrators"])),
        ("opsroot", json!(["ops"])),
        ("deeproot", json!(["members", "deep"])),
        ("gone", json!(["administrators"])),
        ("disabled", json!(["administrators"])),
        ("keeper", json!(["administrators"])),
    ] {
        create_user(&server, json!({"username": name, "password": PASSWORD, "groups": groups}));
    }
    create_user(&server, json!({"username": "locked", "groups": ["administrators"], "firstName": CANARY}));
    let issue = |name: &str, device: &str| token(&server, (name, PASSWORD), device);
    let (ordinary, power, deputy, root) =
        (issue("ordinary", "t"), issue("power", "t"), issue("deputy", "t"), issue("root", "t"));
    let (deeproot, former) = (issue("deeproot", "t"), issue("former", "t"));
    let (revoked, gone, disabled, kept) =
        (issue("root", "r"), issue("gone", "t"), issue("disabled", "t"), issue("keeper", "t"));
    let log_in = |name: &str| cookie_of(&server, (name, PASSWORD));
    let (ended_cookie, gone_cookie, disabled_cookie) = (log_in("root"), log_in("gone"), log_in("disabled"));
    assert_eq!(server.request("GET", "/nuxeo/logout", &[("Cookie", &ended_cookie)], None).status, 200);
    let page_cookie = crate::support::ui::session_cookie(&server);
    let page_cookie = page_cookie.replace("rollbook_session", "JSESSIONID");
    assert_eq!(server.nuxeo_as(("root", PASSWORD), "DELETE", &format!("/token/{revoked}"), None).status, 204);
    assert_eq!(server.nuxeo("DELETE", "/user/gone", None).status, 204);
    // The same name again is another user.
    create_user(&server, json!({"username": "gone", "password": "another", "groups": ["administrators"]}));
    assert_eq!(server.datadog("DELETE", "/api/v1/user/disabled", None).status, 200);
    for group in ["administrators", "powerusers"] {
        assert_eq!(server.nuxeo("DELETE", &format!("/user/former/group/{group}"), None).status, 200);
    }
    let state = State::of(&server.folder);
    let stored = state.texts("select password_hash from users where username = 'root'").remove(0);
    let digest = state.texts("select lower(hex(digest)) from credentials where name = 'root' and revoked_at is null");
    let kept_id = state.texts("select uuid from credentials where name = 'keeper'").remove(0);

    let word = |name: &str, class, password: &str| {
        Caller::new(name, class, &[("Authorization", &basic(name.split('/').next().unwrap_or_default(), password))])
    };
    let shown = |name: &str, class, token: &str| Caller::new(name, class, &[(TOKEN, token)]);
    let cookie = |name: &str, class, login: (&'static str, &str)| Caller {
        login: Some((login.0, login.1.to_owned())),
        ..Caller::new(name, class, &[])
    };
    let with_password = |name: &str, class, user: &str| cookie(name, class, ("Authorization", &basic(user, PASSWORD)));
    let callers = [
        Caller::new("nobody", STRANGER, &[]),
        Caller::new("keys", STRANGER, &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)]),
        Caller::new("keys in the query", STRANGER, &[]).query(format!("api_key={API_KEY}&application_key={APP_KEY}")),
        Caller::new("no colon", STRANGER, &[("Authorization", "Basic cm9vdA==")]),
        Caller::new("digest", STRANGER, &[("Authorization", "Digest username=\"root\"")]),
        Caller::new(
            "headers of another login",
            STRANGER,
            &[("NX_USER", "root"), ("X-Forwarded-User", "root"), ("REMOTE_USER", "root")],
        ),
        word("root/empty", STRANGER, ""),
        word("", STRANGER, PASSWORD),
        word("locked", STRANGER, ""),
        word("system", STRANGER, PASSWORD),
        word("root/wrong", STRANGER, "open sesam").costly(),
        word("disabled/right", STRANGER, PASSWORD).costly(),
        word("locked/guess", STRANGER, "null").costly(),
        word("missing", STRANGER, PASSWORD).costly(),
        word("gone/old", STRANGER, PASSWORD).costly(),
        word("root/hash", STRANGER, &stored).costly(),
        word("root/token", STRANGER, &root).costly(),
        shown("revoked token", STRANGER, &revoked),
        shown("token of a deleted user", STRANGER, &gone),
        shown("token of a disabled user", STRANGER, &disabled),
        shown("part of a token", STRANGER, &root[..63]),
        shown("upper-case token", STRANGER, &root.to_uppercase()),
        shown("digest of a token", STRANGER, &digest[0]),
        shown("id of a token", STRANGER, &kept_id),
        shown("api key", STRANGER, API_KEY),
        shown("app key", STRANGER, APP_KEY),
        Caller::new("app key as bearer", STRANGER, &[("Authorization", &format!("Bearer {APP_KEY}"))]),
        Caller::new("revoked in the query", STRANGER, &[]).query(format!("token={revoked}")),
        Caller::new("revoked cookie", STRANGER, &[("Cookie", &format!("{TOKEN}={revoked}"))]),
        // Basic is checked first, and then nothing else.
        Caller::new("no colon, and a token", STRANGER, &[("Authorization", "Basic cm9vdA=="), (TOKEN, &root)]),
        Caller::new("ended session", STRANGER, &[("Cookie", &ended_cookie)]),
        Caller::new("session of a deleted user", STRANGER, &[("Cookie", &gone_cookie)]),
        Caller::new("session of a disabled user", STRANGER, &[("Cookie", &disabled_cookie)]),
        Caller::new("session of the page", STRANGER, &[("Cookie", &page_cookie)]),
        Caller::new("session of another server", STRANGER, &[("Cookie", "JSESSIONID=A1B2C3D4E5F60718.nuxeo")]),
        // Any other credential has precedence, even if it is wrong.
        Caller {
            headers: vec![("Authorization".into(), "Basic cm9vdA==".into())],
            ..with_password("no colon, and a session", STRANGER, "root")
        },
        Caller {
            headers: vec![(TOKEN.into(), revoked.clone())],
            ..with_password("revoked token, and a session", STRANGER, "root")
        },
        word("ordinary", ORDINARY, PASSWORD),
        word("member", ORDINARY, PASSWORD),
        with_password("ordinary by session", ORDINARY, "ordinary"),
        cookie("former by session", ORDINARY, (TOKEN, &former)),
        word("high", ORDINARY, PASSWORD),
        word("former", ORDINARY, PASSWORD),
        word("OrDinary", ORDINARY, PASSWORD),
        shown("ordinary by token", ORDINARY, &ordinary),
        shown("former by token", ORDINARY, &former),
        Caller::new(
            "ordinary with keys",
            ORDINARY,
            &[(TOKEN, &ordinary), ("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)],
        ),
        Caller::new("ordinary by bearer", ORDINARY, &[("Authorization", &format!("Bearer {ordinary}"))]),
        Caller::new("ordinary in the query", ORDINARY, &[]).query(format!("token={ordinary}")),
        Caller::new("ordinary by cookie", ORDINARY, &[("Cookie", &format!("{TOKEN}={ordinary}"))]),
        // The first place with a token counts.
        Caller::new("ordinary before root", ORDINARY, &[(TOKEN, &ordinary)]).query(format!("token={root}")),
        word("power", POWER, PASSWORD),
        word("deputy", POWER, PASSWORD),
        with_password("power-s", POWER, "power"),
        cookie("deputy-s", POWER, (TOKEN, &deputy)),
        shown("power-t", POWER, &power),
        shown("deputy-t", POWER, &deputy),
        word("root", ADMINISTRATOR, PASSWORD),
        word("both", ADMINISTRATOR, PASSWORD),
        word("opsroot", ADMINISTRATOR, PASSWORD),
        word("deeproot", ADMINISTRATOR, PASSWORD),
        with_password("root-s", ADMINISTRATOR, "root"),
        cookie("deeproot-s", ADMINISTRATOR, (TOKEN, &deeproot)),
        shown("root-t", ADMINISTRATOR, &root),
        shown("deeproot-t", ADMINISTRATOR, &deeproot),
    ];

    let active = callers.iter().filter(|caller| caller.class >= POWER).map(|caller| caller.name.as_str());
    let mut waiting = (Vec::new(), Vec::new());
    for name in active.chain(["nobody"]) {
        create_group(&server, json!({"id": format!("team-{name}")}));
        create_group(&server, json!({"id": format!("doomed-{name}")}));
        create_group(&server, json!({"id": format!("doomed-ops-{name}"), "parentGroups": ["ops"]}));
        let mut users = vec![
            ("target-", json!([])),
            ("doomed-", json!([])),
            ("admin-", json!(["administrators"])),
            ("doomed-admin-", json!(["administrators"])),
            ("opsman-", json!(["ops"])),
            ("doomed-ops-", json!(["ops"])),
        ];
        if name == "nobody" || name.ends_with("-t") || name.ends_with("-s") {
            users.push(("", json!([])));
        }
        for (prefix, groups) in users {
            create_user(&server, json!({"username": format!("{prefix}{name}"), "email": CANARY, "groups": groups}));
        }
        waiting.0.push(format!("awaited-{name}"));
        waiting.1.push(format!("awaited-{name}"));
    }
    let names = "select username from users join memberships on user_id = users.id
         join groups on groups.id = group_id where name = 'ops'";
    waiting.0.extend(state.texts(names));
    waiting.1.extend(state.texts(
        "select child.name from subgroups join groups child on child.id = child_id
         join groups parent on parent.id = parent_id where parent.name = 'ops'",
    ));
    let body = json!({"entity-type": "group", "memberUsers": waiting.0, "memberGroups": waiting.1}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/ops", Some(&body)).status, 200);
    // A first login is stored with the user; this one is theirs.
    for caller in callers.iter().filter(|caller| caller.class > STRANGER) {
        let answer = caller.call(&mut Connection::open(server.address), "GET", "/nuxeo/api/v1/me", &Value::Null);
        assert_eq!(answer.status, 200, "{}", caller.name);
    }

    let issued =
        [&ordinary, &power, &deputy, &root, &deeproot, &former, &revoked, &gone, &disabled, &kept].map(String::as_str);
    let mut operations = nuxeo_operations();
    for operation in &mut operations {
        operation.1 = operation.1.replace("KEPT-ID", &kept_id).replace("KEPT-TOKEN", &kept).leak();
    }
    let mut walk = Walk::new(&server, state, &issued, nuxeo_document);
    for (number, caller) in callers.iter().enumerate() {
        let prefixes = ["/nuxeo/api/v1", "/nuxeo/site/api/v1", "/nuxeo//api/v1/repo/default"];
        // The costly callers together try all operations, each of them a part.
        let (first, step) = if caller.costly { (number % 7, 7) } else { (0, 1) };
        for (at, operation) in operations.iter().enumerate().skip(first).step_by(step) {
            // Every operation is tried under every prefix, by some callers of each class.
            walk.step(caller, operation, prefixes[(number + at) % 3]);
        }
        for operation in nuxeo_surroundings().iter().filter(|_| !caller.costly) {
            walk.step(caller, operation, "");
        }
    }
    let operations = operations.len() + nuxeo_surroundings().len();
    println!("{} callers, {operations} operations, {} calls", callers.len(), walk.calls);
    walk.state.assert_sound();
    // The data of the other user is unchanged.
    let status = |header: &str| server.request("GET", "/nuxeo/api/v1/me", &[(TOKEN, header)], None).status;
    assert_eq!([status(&kept), status(&root), status(&revoked)], [200, 200, 401]);
}
