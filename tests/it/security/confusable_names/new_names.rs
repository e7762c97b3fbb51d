//! New names: which are the same name, and which are refused.

use super::invisible::INVISIBLE;
use super::{attempts, create_datadog, create_nuxeo, create_nuxeo_group, page};
use crate::support::cli::{run, said};
use crate::support::client::segment;
use crate::support::datadog::handles;
use crate::support::server::Server;
use crate::support::ui::session_cookie;
use serde_json::json;

#[test]
fn names_that_differ_by_invisible_characters_are_one() {
    let server = Server::start();
    let cookie = session_cookie(&server);
    assert_eq!(create_datadog(&server, "ada@example.com").0, 200);
    assert_eq!(create_nuxeo_group(&server, "engines").0, 201);
    for c in INVISIBLE {
        let (user, group) = (format!("A{c}da{c}@example.com"), format!("en{c}gines"));
        // In each dialect the name finds the existing user or group.
        let found = server.datadog("GET", &format!("/api/v1/user/{}", segment(&user)), None).json();
        assert_eq!(found["user"]["handle"], "ada@example.com", "{user:?}");
        let found = server.nuxeo("GET", &format!("/user/{}", segment(&user)), None).json();
        assert_eq!(found["id"], "ada@example.com", "{user:?}");
        let found = page(&server, &cookie, "GET", &format!("groups/{}", segment(&group)), None).json();
        assert_eq!(found["name"], "engines", "{group:?}");
        // A second one cannot be created.
        assert_eq!(create_datadog(&server, &user).0, 409, "{user:?}");
        assert_eq!(create_nuxeo(&server, &user).0, 409, "{user:?}");
        assert_eq!(create_nuxeo_group(&server, &group).0, 409, "{group:?}");
        assert_eq!(page(&server, &cookie, "POST", "users", Some(&json!({"name": user}))).status, 409, "{user:?}");
    }
    // Commands and files apply the same rule, so one name is enough.
    for (name, is_group) in [("ada\u{200b}@example.com", false), ("engines\u{2060}", true)] {
        for (door, status, why) in attempts(&server, &cookie, name, is_group) {
            assert!([400, 409].contains(&status), "{door}: {status}");
            let words: &[&str] = match door {
                "import" => &["differ by characters that cannot be seen"],
                "nuxeo" => &["already exists"],
                _ => &["exists"],
            };
            assert!(words.iter().all(|word| why.contains(word)), "{door}: {why}");
        }
    }
    assert_eq!(handles(&server), ["ada@example.com", "administrator"]);
    // A search ignores these characters too.
    let found = server.nuxeo("GET", &format!("/user/search?q={}", segment("ad\u{200b}a")), None).json();
    assert_eq!(found["resultsCount"], 1, "{found}");
    // The name in a body may have them, and so may a list of a group, which shows the user's own spelling.
    let body = json!({"entity-type": "user", "id": "ada\u{ad}@example.com", "properties": {"firstName": "Ada"}});
    assert_eq!(server.nuxeo("PUT", "/user/ada@example.com", Some(&body.to_string())).status, 200);
    let body =
        json!({"entity-type": "group", "groupname": "engi\u{200d}nes", "memberUsers": ["ADA\u{200b}@example.com"]});
    assert_eq!(server.nuxeo("PUT", "/group/engines", Some(&body.to_string())).status, 200);
    let group = server.nuxeo("GET", "/group/engines?fetch-group=memberUsers", None).json();
    assert_eq!(group["memberUsers"], json!(["ada@example.com"]));
}

#[test]
fn a_login_by_another_spelling_is_one_of_the_same_user() {
    let server = Server::start();
    let body = json!({"entity-type": "user", "properties": {"username": "ada", "password": "pw-ada"}});
    assert_eq!(server.nuxeo("POST", "/user", Some(&body.to_string())).status, 201);
    assert_eq!(server.nuxeo_as(("A\u{200b}da", "pw-ada"), "GET", "/me", None).json()["id"], "ada");
    assert_eq!(server.nuxeo_as(("A\u{200b}da", "pw-adb"), "GET", "/me", None).status, 401);
    // No user can have the reserved login in any spelling.
    let body = json!({"entity-type": "user", "properties": {"username": "system", "password": "pw-system"}});
    assert_eq!(server.nuxeo("POST", "/user", Some(&body.to_string())).status, 201);
    for name in ["system", "SYSTEM", "sys\u{200b}tem", "\u{ff53}ystem"] {
        assert_eq!(server.nuxeo_as((name, "pw-system"), "GET", "/me", None).status, 401, "{name:?}");
    }
}

#[test]
fn new_names_that_are_invisible_or_look_built_in_are_refused() {
    let server = Server::start();
    let cookie = session_cookie(&server);
    let before = (handles(&server), said(&run(&server.folder, &["group", "list", "--format", "json"])));
    let rows = [
        ("ad\u{202e}a@example.com", "contains U+202E, which changes the direction of text"),
        ("ad\u{61c}a@example.com", "contains U+061C, which changes the direction of text"),
        ("\u{200f}ada@example.com", "contains U+200F, which changes the direction of text"),
        ("ada\u{2066}@example.com", "contains U+2066, which changes the direction of text"),
        ("ad\u{2800}a@example.com", "contains U+2800, which cannot be seen"),
        ("\u{200b}\u{2060}", "has no character that can be seen"),
        ("\u{3164}", "has no character that can be seen"),
        ("\u{430}dministrators", "looks like the built-in name administrators"),
        ("adrninistrators", "looks like the built-in name administrators"),
        ("Adm1nistrator", "looks like the built-in name administrator"),
        ("\u{391}dministrator", "looks like the built-in name administrator"),
        ("\u{39c}embers", "looks like the built-in name members"),
        ("p0werusers", "looks like the built-in name powerusers"),
        ("\u{455}ystem", "looks like the built-in name system"),
    ];
    for (name, expected) in rows {
        for is_group in [false, true] {
            for (door, status, why) in attempts(&server, &cookie, name, is_group) {
                assert_eq!(status, 400, "{door}: {name:?}: {why}");
                // The format of an e-mail address is checked first in Datadog's dialect.
                if door != "datadog" || name.contains('@') {
                    assert!(why.contains(expected), "{door}: {name:?}: {why}");
                }
            }
        }
    }
    let invite = json!({"emails": ["bob@example.com", "ad\u{202e}a@example.com"]}).to_string();
    assert_eq!(server.datadog("POST", "/api/v1/invite_users", Some(&invite)).status, 400);
    let file = server.folder.path().join("groups.csv");
    std::fs::write(&file, "login,groups\neve,\u{430}dministrators\n").expect("a file");
    let (code, _, why) = said(&run(&server.folder, &["import", file.to_str().unwrap(), "--create-groups"]));
    assert_eq!(code, 1);
    assert!(why.contains("refused: group name looks like the built-in name administrators"), "{why}");
    assert_eq!((handles(&server), said(&run(&server.folder, &["group", "list", "--format", "json"]))), before);
    // Full-width letters and joiners do not make another name: these exist.
    for name in ["\u{ff21}dministrators", "adminis\u{200d}trators", "MEMBERS"] {
        assert_eq!(create_nuxeo_group(&server, name).0, 409, "{name}");
    }
}

#[test]
fn names_of_all_scripts_are_accepted_and_keep_their_spelling() {
    let server = Server::start();
    let cookie = session_cookie(&server);
    for (name, plain) in [
        (
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{645}\u{6cc}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        ),
        ("\u{1f469}\u{200d}\u{1f4bb}", "\u{1f469}\u{1f4bb}"),
        ("\u{2764}\u{fe0f} tea", "\u{2764} TEA"),
        ("J\u{fc}rgen", "j\u{75}\u{308}rgen"),
        ("\u{410}\u{434}\u{430}", "\u{430}\u{434}\u{430}"),
        ("Stra\u{df}e", "STRASSE"),
    ] {
        assert_eq!(create_nuxeo(&server, name).0, 201, "{name}");
        assert_eq!(create_nuxeo_group(&server, name).0, 201, "{name}");
        for spelling in [name, plain] {
            let user = server.nuxeo("GET", &format!("/user/{}", segment(spelling)), None).json();
            assert_eq!(user["id"], name);
            let group = page(&server, &cookie, "GET", &format!("groups/{}", segment(spelling)), None).json();
            assert_eq!(group["name"], name);
            let user = server.datadog("GET", &format!("/api/v1/user/{}", segment(spelling)), None).json();
            let handle = user["user"]["handle"].as_str().expect("a handle").to_owned();
            // The handle that Datadog shows finds the user.
            let again = server.datadog("GET", &format!("/api/v1/user/{}", segment(&handle)), None).json();
            assert_eq!(again, user);
        }
    }
    let (code, out, _) = said(&run(&server.folder, &["check"]));
    assert!(code == 0 && out.starts_with("ok: 7 users, 9 groups"), "{out}");
}

/// Capitals of Unicode 17 and 18, which older tables do not fold.
fn new_pairs() -> Vec<(char, char)> {
    let letters = [0xa7ce_u32, 0xa7d2, 0xa7d4, 0xa7dd].into_iter().map(|c| (c, c + 1));
    let script = (0x16ea0..=0x16eb8).map(|c| (c, c + 0x1b));
    let pair = |(upper, lower)| (char::from_u32(upper).expect("a letter"), char::from_u32(lower).expect("a letter"));
    letters.chain(script).map(pair).filter(|(upper, _)| *upper != '\u{a7dd}').collect()
}

#[test]
fn no_two_users_are_shown_with_one_handle() {
    let server = Server::start();
    let pairs = new_pairs();
    assert_eq!(pairs.len(), 28);
    for (index, (upper, lower)) in pairs.into_iter().enumerate() {
        let (one, other) = (format!("{upper}{index}@example.com"), format!("{lower}{index}@example.com"));
        let made = create_datadog(&server, &one);
        assert_eq!((made.0, &made.1["user"]["handle"]), (200, &json!(other)), "{upper}");
        assert_eq!(create_datadog(&server, &other).0, 409, "{upper}");
        assert_eq!(create_nuxeo(&server, &other).0, 409, "{upper}");
    }
    let handles = handles(&server);
    assert_eq!(handles.len(), 29);
    let lower: std::collections::HashSet<String> = handles.iter().map(|handle| handle.to_lowercase()).collect();
    assert_eq!(lower.len(), 29);
}
