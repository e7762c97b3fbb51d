//! Rights count at the moment of the write: a caller who loses them between authentication and commit changes nothing,
//! for each operation and each way to lose the rights.

mod credential;
mod operations;
mod scene;

use self::credential::{Credential, administrator, send};
use self::operations::{
    Operation, PASSWORD, datadog_operations, nuxeo_operations, operations_without_tokens, page_operations, takers,
};
use self::scene::Scene;
use crate::support::cli::run;
use crate::support::client::basic;
use crate::support::database::State;
use crate::support::nuxeo::create_user;
use crate::support::server::{APP_KEY, Server};
use serde_json::{Value, json};

/// Races each operation with a kind of credential against the ways to lose the right.
fn race_all(operations: &[Operation], credential: fn(&Scene, &str) -> Credential) {
    let mut scene = Scene::new();
    let takers = takers();
    for (at, operation) in operations.iter().enumerate() {
        for (way, (why, method, path, body)) in takers.iter().enumerate() {
            // The three kinds of credentials and their tables together cover all pairs.
            if (at + way) % 2 == 1 && operations.len() > 12 {
                continue;
            }
            let own_password = operation.1.ends_with("password") && !operation.1.contains("/users/");
            let token = operation.1.contains("token");
            if (own_password || token) && why.starts_with("demoted") {
                // A caller who is no longer an administrator may still do this.
                continue;
            }
            let call = format!("{why}, then {} {} {}", operation.0, operation.1, operation.2);
            let taker = if path.starts_with("/api/") {
                Credential::Key(APP_KEY.to_owned()).headers("")
            } else {
                administrator()
            };
            scene.race_until_second(&call, |scene, name| {
                let headers = credential(scene, name).headers(name);
                let path = path.replace("WHO", name);
                scene.race(&call, &headers, operation, &|server| Some(send(server, method, &path, &taker, body)))
            });
        }
    }
    State::of(&scene.server.folder).assert_sound();
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_with_a_password() {
    race_all(&nuxeo_operations(), |_, _| Credential::Basic);
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_with_a_token() {
    race_all(&operations_without_tokens(), |scene, user| Credential::Token(scene.token(user)));
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_on_the_page() {
    race_all(&page_operations(), |scene, user| Credential::Page(scene.cookie(user)));
}

#[test]
fn caller_that_loses_a_right_before_the_write_changes_nothing_with_a_login() {
    race_all(&operations_without_tokens(), |scene, user| Credential::Login(scene.login(user)));
}

#[test]
fn logout_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &operations_without_tokens() {
        let call = format!("logged out, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, name| {
            let headers = Credential::Login(scene.login(name)).headers(name);
            scene.race(&call, &headers, operation, &|_| None)
        });
    }
}

#[test]
fn sign_out_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &page_operations() {
        let call = format!("signed out, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, name| {
            let headers = Credential::Page(scene.cookie(name)).headers(name);
            scene.race(&call, &headers, operation, &|_| None)
        });
    }
}

#[test]
fn a_token_that_is_revoked_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &operations_without_tokens() {
        let call = format!("revoked, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, name| {
            let token = scene.token(name);
            let owner = Credential::Basic.headers(name);
            let headers = Credential::Token(token.clone()).headers(name);
            let path = format!("/nuxeo/api/v1/token/{token}");
            scene.race(&call, &headers, operation, &|server| Some(send(server, "DELETE", &path, &owner, &Value::Null)))
        });
    }
}

#[test]
fn a_key_that_is_revoked_before_the_write_changes_nothing() {
    let mut scene = Scene::new();
    for operation in &datadog_operations() {
        let call = format!("revoked, then {} {}", operation.0, operation.1);
        scene.race_until_second(&call, |scene, _| {
            let name = format!("race{}", scene.count);
            let output = run(&scene.server.folder, &["key", "create", "app", "--name", &name]);
            let key = String::from_utf8(output.stdout).expect("text").trim().to_owned();
            let list = String::from_utf8(run(&scene.server.folder, &["key", "list"]).stdout).expect("text");
            let ids = list.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            let id = ids.max().expect("an id");
            let headers = Credential::Key(key).headers("");
            scene.race_with_command(&call, &headers, operation, &["key", "revoke", &id.to_string()])
        });
    }
}

#[test]
fn waiting_reader_of_changes_receives_nothing_after_losing_its_right() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": PASSWORD, "groups": ["administrators"]}));
    let authorization = basic("ada", PASSWORD);
    let mut waiting = send(
        &server,
        "GET",
        "/rollbook/v1/changes?since=now&wait=60",
        &[("Authorization".to_owned(), authorization)],
        &Value::Null,
    );
    assert_eq!(server.nuxeo("DELETE", "/user/ada/group/administrators", None).status, 200);
    let answer = waiting.0.answer(false);
    // The answer has no change, at whichever moment the wait began.
    assert_eq!((answer.status, answer.text().contains("member.removed")), (403, false), "{}", answer.text());
}
