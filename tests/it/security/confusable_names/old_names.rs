//! Names from earlier versions that the current rules would refuse.

use super::old_directory::{OLD_USERS, old_directory};
use super::{create_nuxeo, create_nuxeo_group, page};
use crate::support::cli::{run, said};
use crate::support::client::segment;
use crate::support::database::execute;
use crate::support::datadog::handles;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::ui::session_cookie;
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn old_names_are_reachable_by_their_own_spelling_only() {
    let folder = old_directory();
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(server.log().contains("upgraded the database from schema version 3 to 4"), "{}", server.log());
    assert!(server.log().contains("names keep an older key"), "{}", server.log());
    let cookie = session_cookie(&server);

    // Each handle is listed once. Names without a double lose their invisible characters, except for a name of nothing
    // else and a reserved one.
    let shown = handles(&server);
    let mut expected = [
        "ada@example.com",
        "administrator",
        "a\u{200b}da@example.com",
        "bob@example.com",
        "b\u{ad}ob@example.com",
        "gone@example.com",
        "grace",
        "\u{a7ce}eve@example.com",
        "\u{a7cf}eve@example.com",
        "sys\u{200b}tem",
        "turn",
        "\u{200b}",
        "\u{645}\u{6cc}\u{62e}",
    ];
    expected.sort_unstable();
    assert_eq!(shown, expected);

    // The name that a dialect shows finds the same user in each call.
    let passwords = ["correct horse battery", "new words"];
    let all = OLD_USERS.into_iter().map(|(name, _, password)| (name, password)).chain([("Ada@example.com", 0)]);
    let (mut uuids, mut logins) = (std::collections::HashSet::new(), 0);
    for (name, password) in all {
        let path = format!("users/{}", segment(name));
        let found = page(&server, &cookie, "GET", &path, None).json();
        assert_eq!(found["name"], name);
        assert!(uuids.insert(found["uuid"].to_string()), "{name:?}");
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(name)), None).json()["id"], name);
        let user = server.datadog("GET", &format!("/api/v1/user/{}", segment(name)), None).json()["user"].clone();
        let handle = user["handle"].as_str().expect("a handle");
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(handle)), None).json()["id"], name);
        // Upper case finds the user too.
        let upper = name.to_ascii_uppercase();
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(&upper)), None).json()["id"], name, "{upper:?}");
        // No login authenticates another user.
        if !name.trim_matches('\u{200b}').is_empty() {
            let me = server.nuxeo_as((name, passwords[password]), "GET", "/me", None);
            assert_eq!((me.status, &me.json()["id"]), (200, &json!(name)), "{name:?}");
            assert_eq!(server.nuxeo_as((name, passwords[1 - password]), "GET", "/me", None).status, 401, "{name:?}");
            logins += 1;
        }
        // A change reaches that user alone.
        let body = json!({"entity-type": "user", "id": name, "properties": {"company": name}});
        assert_eq!(server.nuxeo("PUT", &format!("/user/{}", segment(name)), Some(&body.to_string())).status, 200);
        assert_eq!(page(&server, &cookie, "GET", &path, None).json()["company"], name);
        let (code, out, _) = said(&run(&folder, &["user", "show", name, "--format", "json"]));
        let told: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((code, &told["company"]), (0, &json!(name)), "{name:?}");
    }
    assert_eq!((uuids.len(), logins), (10, 9));
    // With the same password, each login still authenticates its own user.
    let body = json!({"entity-type": "user", "properties": {"password": passwords[0]}}).to_string();
    let path = format!("/user/{}", segment("b\u{ad}ob@example.com"));
    assert_eq!(server.nuxeo("PUT", &path, Some(&body)).status, 200);
    for name in ["b\u{ad}ob@example.com", "bob\u{2060}@example.com", "bob@example.com", "b\u{ad}ob@example.com"] {
        let me = server.nuxeo_as((name, passwords[0]), "GET", "/me", None).json();
        let expected = if name == "bob@example.com" { "bob\u{2060}@example.com" } else { name };
        assert_eq!(me["id"], expected, "{name:?}");
    }
    let body = json!({"entity-type": "user", "properties": {"password": passwords[1]}}).to_string();
    assert_eq!(server.nuxeo("PUT", &path, Some(&body)).status, 200);
    // A body that names the other one is refused.
    let body =
        json!({"entity-type": "user", "id": "a\u{200b}da@example.com", "properties": {"company": "x"}}).to_string();
    assert_eq!(server.nuxeo("PUT", "/user/ada@example.com", Some(&body)).status, 400);

    // Another spelling of an existing name cannot be created.
    for name in [
        "a\u{2060}da@example.com",
        "ADA@example.com",
        "A\u{200b}DA@example.com",
        "\u{a7ce}EVE@example.com",
        "bob@example.com",
        "bo\u{200d}b@example.com",
        "turn",
        "\u{645}\u{6cc}\u{62e}",
        "sys\u{200c}tem",
        "system",
    ] {
        let status = create_nuxeo(&server, name).0;
        assert_eq!(status, 409, "{name:?}");
    }
    for name in ["engi\u{200c}nes", "ENGI\u{200b}NES", "administr\u{200c}ators", "\u{410}dministrators"] {
        assert_eq!(create_nuxeo_group(&server, name).0, 409, "{name:?}");
    }
    assert_eq!(handles(&server), shown);

    // A member of a group that only looks like the administrators has no rights.
    let name = "A\u{200b}da@example.com";
    let user = server.nuxeo("GET", &format!("/user/{}", segment(name)), None).json();
    assert_eq!(user["isAdministrator"], false, "{user}");
    assert_eq!(user["properties"]["groups"], json!(["engi\u{200b}nes", "administr\u{200d}ators"]));
    let read = server.nuxeo_as((name, "new words"), "DELETE", "/user/grace", None);
    assert_eq!(read.status, 403);
    // A client that saves the group as it has read it changes nothing.
    for group in ["engines", "engi\u{200b}nes", "administr\u{200d}ators", "administrators"] {
        let path = format!("/group/{}?fetch-group=memberUsers,memberGroups,parentGroups", segment(group));
        let before = server.nuxeo("GET", &path, None).json();
        assert_eq!(before["groupname"], group);
        let answer = server.nuxeo("PUT", &path, Some(&before.to_string()));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(server.nuxeo("GET", &path, None).json(), before);
    }
    // The change has added no member.
    let members = server.nuxeo("GET", "/group/engines?fetch-group=memberUsers", None).json()["memberUsers"].clone();
    let expected = [
        "ADA@example.com",
        "Charles",
        "b\u{ad}ob@example.com",
        "Ad\u{200c}a@example.com",
        "k\u{200b}im",
        "k\u{200c}im",
    ];
    assert_eq!(members, json!(expected));
    let member = |user: &str, group: &str| format!("/user/{}/group/{}", segment(user), segment(group));
    assert_eq!(server.nuxeo("POST", &member("b\u{ad}ob@example.com", "engi\u{200b}nes"), None).status, 201);
    assert_eq!(server.nuxeo("DELETE", &member("bob\u{2060}@example.com", "engi\u{200b}nes"), None).status, 200);
    let page_of = server.nuxeo("GET", &format!("/group/{}/@users", segment("engi\u{200b}nes")), None).json();
    let names: Vec<&str> =
        page_of["entries"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(names, [name, "b\u{ad}ob@example.com"]);

    // Searches and lists find both users, and a list in pages ends.
    let found = server.nuxeo("GET", "/user/search?q=ada", None).json();
    assert_eq!(found["resultsCount"], 2, "{found}");
    let found = server.nuxeo("GET", "/group/search?q=engines", None).json();
    assert_eq!(found["resultsCount"], 2, "{found}");
    let found = server.nuxeo("GET", "/user/search?q=foo", None).json();
    assert_eq!(found["resultsCount"], 0, "{found}");
    let found = server.nuxeo("GET", "/user/search?q=fo", None).json();
    assert_eq!(found["resultsCount"], 1, "{found}");
    let found = page(&server, &cookie, "GET", "users?text=bob", None).json();
    assert_eq!(found["users"].as_array().map(Vec::len), Some(2), "{found}");
    let (mut after, mut listed) = (String::new(), Vec::new());
    loop {
        let part = page(&server, &cookie, "GET", &format!("users?limit=1&after={}", segment(&after)), None).json();
        listed.push(part["users"][0]["name"].as_str().expect("a user").to_owned());
        match part["next"].as_str() {
            Some(next) if listed.len() < 20 => next.clone_into(&mut after),
            _ => break,
        }
    }
    assert_eq!(listed.len(), shown.len(), "{listed:?}");

    // `rollbook check` reports these names, and calls nothing damaged.
    let (code, out, err) = said(&run(&folder, &["check"]));
    assert_eq!(code, 0, "{out}{err}");
    for note in [
        r#"user "A\u{200b}da@example.com" has an older key, and is not the same as "ada@example.com""#,
        r#"user "b\u{ad}ob@example.com" has an older key, and is not the same as "bob@example.com""#,
        r#"user "sys\u{200b}tem" has an older key, and is not the same as "system""#,
        r#"user "tur\u{202e}n": the name contains U+202E, which changes the direction of text"#,
        r#"user "\u{200b}": the name has no character that can be seen"#,
        r#"group "engi\u{200b}nes" has an older key, and is not the same as "engines""#,
        r#"group "administr\u{200d}ators" has an older key, and is not the same as "administrators""#,
        "group \"\u{430}dministrators\": the name looks like the built-in name administrators",
        r#"group "engines": its user "Ad\u{200c}a@example.com" has an older key, and is not the same as "ada@example.com""#,
        r#"group "engines": its parent "administrato\u{200b}rs" has an older key, and is not the same as "administrators""#,
    ] {
        assert!(out.lines().any(|line| line == note), "no {note} in:\n{out}");
    }
    assert_eq!(out.lines().filter(|line| line.starts_with("ok: ")).count(), 1, "{out}");

    // While one user has the name, the similar name stays reserved.
    assert_eq!(server.nuxeo("DELETE", "/user/ada@example.com", None).status, 204);
    assert_eq!(server.nuxeo("GET", "/user/ada@example.com", None).status, 404);
    assert_eq!(create_nuxeo(&server, "ada@example.com").0, 409);
    assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(name)), None).json()["id"], name);
    assert_eq!(server.nuxeo("DELETE", &format!("/user/{}", segment(name)), None).status, 204);
    assert_eq!(create_nuxeo(&server, "ada@example.com").0, 201);
    assert!(server.stop().success());
    let (code, out, err) = said(&run(&folder, &["check"]));
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn keys_of_other_unicode_tables_are_no_damage() {
    let folder = Arc::new(Folder::new());
    for words in [["key", "create", "api"], ["user", "add", "\u{16ea0}x"]] {
        assert!(run(&folder, &words).status.success());
    }
    // A program whose tables do not fold this letter would have stored this key.
    execute(&folder.db(), "update users set username_key = '\u{16ea0}x' where username = '\u{16ea0}x'");
    let (code, out, err) = said(&run(&folder, &["check"]));
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with("user \"\u{16ea0}x\" has an older key, and is not the same as \"\u{16ebb}x\"\nok: "),
        "{out}"
    );
    let server = Server::over(folder, &[]);
    assert_eq!(handles(&server), ["administrator", "\u{16ea0}x"]);
    for spelling in ["\u{16ea0}x", "\u{16ea0}X"] {
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", segment(spelling)), None).json()["id"], "\u{16ea0}x");
    }
}
