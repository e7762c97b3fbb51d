//! `rollbook user rename`.

use crate::support::changes::changes;
use crate::support::cli::{run, said};
use crate::support::nuxeo::{can_log_in, cookie_of, create_group, create_user};
use crate::support::nuxeo_auth::{get, issued};
use crate::support::server::Server;
use crate::support::session::both_ways;
use crate::support::ui::Browser;
use serde_json::{Value, json};

fn rename(server: &Server, old: &str, new: &str) -> Value {
    let output = run(&server.folder, &["user", "rename", old, new, "--format", "json"]);
    let (status, out, err) = said(&output);
    assert_eq!((status, err.as_str()), (0, ""), "{old} to {new}");
    serde_json::from_str(&out).unwrap()
}

fn members(server: &Server, group: &str) -> Value {
    let answer = server.nuxeo("GET", &format!("/group/{group}?fetch.group=memberUsers"), None);
    assert_eq!(answer.status, 200, "{group}");
    answer.json()["memberUsers"].clone()
}

#[test]
fn rename_user_works_with_and_without_a_server() {
    both_ways(&[
        ("user add ada --first-name Ada --group members", "", 0, "", "created user ada\n"),
        ("user add bob", "", 0, "", "created user bob\n"),
        ("user rename ada Lovelace", "", 0, "", "renamed user ada to Lovelace\n"),
        ("user rename LOVELACE lovelace", "", 0, "", "renamed user LOVELACE to lovelace\n"),
        ("user rename lovelace lovelace", "", 0, "", "renamed user lovelace to lovelace\n"),
        ("user rename lovelace BOB", "", 1, "", "rollbook: user already exists: BOB (rollbook user set changes it)\n"),
        ("user rename ada eve", "", 1, "", "rollbook: user does not exist: ada (rollbook user list shows all)\n"),
        ("user rename lovelace ~", "", 1, "", "rollbook: user name is blank\n"),
        ("user rename Administrator root", "", 0, "", "renamed user Administrator to root\n"),
        (
            "user list",
            "",
            0,
            "NAME      E-MAIL             FIRST NAME  LAST NAME  ROLE      DISABLED\n\
             bob       -                  -           -          standard  no\n\
             lovelace  -                  Ada         -          standard  no\n\
             root      devnull@nuxeo.com  -           -          admin     no\n",
            "",
        ),
    ]);
}

#[test]
fn rename_user_refuses_a_login_that_no_new_user_could_have() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    for login in ["\u{202e}eve", "\u{410}dministrator"] {
        let created = server.nuxeo(
            "POST",
            "/user",
            Some(&json!({"entity-type": "user", "properties": {"username": login}}).to_string()),
        );
        let (status, ..) = said(&run(&server.folder, &["user", "rename", "ada", login]));
        assert_eq!((status, created.status), (1, 400), "{login:?}");
    }
}

#[test]
fn a_renamed_user_keeps_memberships_tokens_and_the_password() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret", "groups": ["members"]}));
    let token = issued(&server, ("ada", "secret"), "laptop");
    let cookie = cookie_of(&server, ("ada", "secret"));
    let mut page = Browser::of(&server, "ada", "secret");
    let me = |headers: &[(&str, &str)]| {
        let answer = get(&server, "/nuxeo/api/v1/me", headers);
        assert_eq!(answer.status, 200, "{headers:?}");
        answer.json()["id"].clone()
    };
    for headers in [("X-Authentication-Token", token.as_str()), ("Cookie", cookie.as_str())] {
        assert_eq!(me(&[headers]), "ada");
    }
    let (_, next) = changes(&server, "now");

    let shown = rename(&server, "ADA", "Lovelace");
    assert_eq!((&shown["name"], &shown["groups"]), (&json!("Lovelace"), &json!(["members"])));

    // Each of these was in a cache under the old login.
    assert!(!can_log_in(&server, "ada", "secret") && can_log_in(&server, "lovelace", "secret"));
    for headers in [("X-Authentication-Token", token.as_str()), ("Cookie", cookie.as_str())] {
        assert_eq!(me(&[headers]), "Lovelace");
    }
    let session = page.get("session");
    assert_eq!((session.status, &session.json()["user"]), (200, &json!("Lovelace")));
    assert_eq!(issued(&server, ("lovelace", "secret"), "laptop"), token);
    assert_eq!(server.nuxeo("GET", "/user/ada", None).status, 404);
    assert_eq!(members(&server, "members"), json!(["Lovelace"]));
    let found = server.nuxeo("GET", "/user/search?q=lovel", None).json();
    assert_eq!(found["entries"][0]["id"], "Lovelace");

    let (lines, _) = changes(&server, &next);
    let renamed: Vec<&Value> = lines.iter().filter(|line| line["action"] == "user.renamed").collect();
    assert_eq!(renamed.len(), 1);
    let told = |key: &str| renamed[0][key].clone();
    assert_eq!(
        (told("name"), told("before"), told("after")),
        (json!("Lovelace"), json!({"name": "ada"}), json!({"name": "Lovelace"}))
    );

    // The old login is free, and its new user has nothing of the old one.
    create_user(&server, json!({"username": "ada", "password": "other"}));
    assert!(!can_log_in(&server, "ada", "secret") && can_log_in(&server, "ada", "other"));
    assert!(can_log_in(&server, "lovelace", "secret"));
}

#[test]
fn a_rename_resolves_pending_members_of_the_new_login_only() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    create_group(&server, json!({"groupname": "pending", "memberUsers": ["Grace"]}));
    create_group(&server, json!({"groupname": "both", "memberUsers": ["ada", "grace"]}));
    let (_, next) = changes(&server, "now");
    rename(&server, "ada", "grace");
    assert_eq!(members(&server, "pending"), json!(["Grace"]));
    assert_eq!(members(&server, "both"), json!(["grace"]));
    assert_eq!(server.nuxeo("GET", "/user/grace", None).json()["properties"]["groups"], json!(["pending", "both"]));
    let (lines, _) = changes(&server, &next);
    let added: Vec<Value> = lines.iter().filter(|line| line["action"] == "member.added").cloned().collect();
    assert_eq!(added.len(), 1, "{added:?}");
    assert_eq!(added[0]["after"], json!({"group": "pending", "user": "grace"}));

    // A pending member of the old login waits for a new user.
    create_group(&server, json!({"groupname": "old", "memberUsers": ["ada"]}));
    rename(&server, "grace", "hopper");
    assert_eq!(members(&server, "old"), json!(["ada"]));
    assert_eq!(server.nuxeo("GET", "/user/hopper", None).json()["properties"]["groups"], json!(["pending", "both"]));
    create_user(&server, json!({"username": "ada"}));
    assert_eq!(server.nuxeo("GET", "/user/ada", None).json()["properties"]["groups"], json!(["old"]));
    let check = run(&server.folder, &["check"]);
    assert_eq!(said(&check).0, 0, "{check:?}");
}
