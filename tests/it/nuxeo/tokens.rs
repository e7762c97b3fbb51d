//! Authentication tokens: issued, listed, revoked.

use crate::support::client::basic;
use crate::support::nuxeo::{assert_refused, create_user, refusal, user_body};
use crate::support::nuxeo_auth::{CREATE, get, issued, status_with, token};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn the_same_user_application_and_device_get_the_same_token() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    let first = issued(&server, ada, "laptop");
    assert!(first.len() >= 16 && first.chars().all(|c| c.is_ascii_graphic()), "{first:?}");
    assert_eq!(issued(&server, ada, "laptop"), first);
    let phone = issued(&server, ada, "phone");
    let other = issued(&server, ("Administrator", ADMIN_PASSWORD), "laptop");
    let application = token(&server, ada, "applicationName=other&deviceId=laptop&deviceDescription=x&permission=rw");
    for token in [&phone, &other, application.text()] {
        assert_ne!(token, first);
    }

    // Also after a restart.
    let folder = Arc::clone(&server.folder);
    assert!(server.stop().success());
    let server = Server::over(folder, &[]);
    assert_eq!(status_with(&server, &first), 200);
    assert_eq!(issued(&server, ada, "laptop"), first);
}

#[test]
fn simultaneous_requests_for_one_token_return_the_same_token() {
    const ASKERS: usize = 8;
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    for device in ["laptop", "phone", "desk"] {
        let barrier = Barrier::new(ASKERS);
        let tokens: BTreeSet<String> = thread::scope(|scope| {
            let ask = || {
                barrier.wait();
                issued(&server, ada, device)
            };
            let askers: Vec<_> = (0..ASKERS).map(|_| scope.spawn(ask)).collect();
            askers.into_iter().map(|asker| asker.join().expect("a token")).collect()
        });
        assert_eq!(tokens.len(), 1, "{device}: {tokens:?}");
        for token in tokens {
            assert_eq!(status_with(&server, &token), 200, "{device}");
            assert_eq!(issued(&server, ada, device), token, "{device}");
        }
    }
    let listed = server.nuxeo_as(ada, "GET", "/token", None).json();
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(3), "one for each device: {listed}");
}

#[test]
fn token_is_accepted_in_every_place_where_clients_put_it() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "password": "secret"}));
    let token = issued(&server, ("ada", "secret"), "laptop");
    let (cookie, cookies) =
        (format!("X-Authentication-Token={token}"), format!("device=x; X-Authentication-Token={token}; y=z"));
    let (bearer, in_query) = (format!("Bearer {token}"), format!("/nuxeo/api/v1/me?token={token}"));
    for (path, header) in [
        ("/nuxeo/api/v1/me", Some(("X-Authentication-Token", token.as_str()))),
        ("/nuxeo/api/v1/me", Some(("x-authentication-token", token.as_str()))),
        ("/nuxeo/site/api/v1/me", Some(("X-Authentication-Token", token.as_str()))),
        (&in_query, None),
        ("/nuxeo/api/v1/me", Some(("Cookie", cookie.as_str()))),
        ("/nuxeo/api/v1/me", Some(("Cookie", cookies.as_str()))),
        ("/nuxeo/api/v1/me", Some(("Authorization", bearer.as_str()))),
    ] {
        let headers: Vec<(&str, &str)> = header.into_iter().collect();
        assert_eq!(get(&server, path, &headers).parts(), (200, ada.clone()), "{path} {header:?}");
    }
    for wrong in ["nonsense", "", &token[1..], &token.to_uppercase().replace('A', "b")] {
        assert_eq!(status_with(&server, wrong), 401, "{wrong:?}");
    }
    // An empty value counts as absent.
    let empty = [("X-Authentication-Token", ""), ("Authorization", bearer.as_str())];
    for path in ["/nuxeo/api/v1/me", "/nuxeo/api/v1/me?token="] {
        assert_eq!(get(&server, path, &empty).parts(), (200, ada.clone()), "{path}");
    }
    assert_eq!(get(&server, &in_query, &empty[..1]).parts(), (200, ada.clone()));
    // Basic is tried first.
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let both = [("X-Authentication-Token", token.as_str()), ("Authorization", authorization.as_str())];
    assert_eq!(get(&server, "/nuxeo/api/v1/me", &both).json()["id"], json!("Administrator"));
    // The token has the rights of its user.
    let create = user_body(json!({"username": "eve"}));
    let headers = [("X-Authentication-Token", token.as_str())];
    let answer = server.request("POST", "/nuxeo/api/v1/user", &headers, Some(create.as_bytes()));
    assert_eq!(answer.parts(), (403, refusal(403, CREATE)));
    let log = server.stop_for_log();
    assert!(!log.contains(&token), "no token in the log:\n{log}");
}

#[test]
fn a_token_is_refused_without_its_parameters_or_credentials() {
    let server = Server::start();
    let caller = ("Administrator", ADMIN_PASSWORD);
    for query in [
        "",
        "deviceId=d&deviceDescription=x&permission=rw",
        "applicationName=a&deviceDescription=x&permission=rw",
        "applicationName=a&deviceId=d&deviceDescription=x",
        "applicationName=&deviceId=d&deviceDescription=x&permission=rw",
    ] {
        assert_eq!(token(&server, caller, query).status, 400, "{query}");
    }
    let whole = "applicationName=a&deviceId=d&deviceDescription=x&permission=rw";
    assert_eq!(token(&server, ("Administrator", "wrong"), whole).status, 401);
    assert_eq!(get(&server, &format!("/nuxeo/authentication/token?{whole}"), &[]).status, 401);
}

#[test]
fn revoked_token_is_refused() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    let revoke = "applicationName=test&deviceId=laptop&deviceDescription=x&permission=rw&revoke=true";
    assert_eq!(token(&server, ada, revoke).status, 400, "no token exists yet");
    let (laptop, phone) = (issued(&server, ada, "laptop"), issued(&server, ada, "phone"));
    assert_eq!((status_with(&server, &laptop), status_with(&server, &phone)), (200, 200));
    let revoked = token(&server, ada, revoke);
    assert_eq!(revoked.status, 202);
    assert!(!revoked.text().is_empty());
    assert_eq!((status_with(&server, &laptop), status_with(&server, &phone)), (401, 200));
    assert_eq!(token(&server, ada, revoke).status, 400);
    let again = issued(&server, ada, "laptop");
    assert_eq!(status_with(&server, &again), 200);
}

#[test]
fn tokens_are_listed_issued_and_revoked_below_the_api_path() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    let listed = || {
        let (status, document) = server.nuxeo_as(ada, "GET", "/token", None).parts();
        assert_eq!(status, 200, "{document}");
        document["entries"].as_array().expect("entries").clone()
    };
    assert_eq!(listed(), [json!(null); 0]);
    let query = "application=notes&deviceId=phone-7&deviceDescription=mine&permission=rw";
    let made = server.nuxeo_as(ada, "POST", &format!("/token?{query}"), None);
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.text().to_owned();
    assert_eq!(status_with(&server, &token), 200);
    let entries = listed();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!([&entries[0]["application"], &entries[0]["deviceId"]], [&json!("notes"), &json!("phone-7")]);
    issued(&server, ada, "laptop");
    assert_eq!(listed().len(), 2);
    for query in ["", "application=notes", "deviceId=phone-7"] {
        assert_refused(&server.nuxeo_as(ada, "POST", &format!("/token?{query}"), None), 400, query);
    }

    // No user sees or revokes the tokens of others.
    create_user(&server, json!({"username": "eve", "password": "secret"}));
    let eve = server.nuxeo_as(("eve", "secret"), "GET", "/token", None).json();
    assert_eq!(eve["entries"], json!([]));
    let foreign = server.nuxeo_as(("eve", "secret"), "DELETE", &format!("/token/{token}"), None);
    assert!([403, 404].contains(&foreign.status), "{}", foreign.text());
    assert_eq!(status_with(&server, &token), 200);

    assert_eq!(server.nuxeo_as(ada, "DELETE", &format!("/token/{token}"), None).status, 204);
    assert_eq!(status_with(&server, &token), 401);
    assert_refused(&server.nuxeo_as(ada, "DELETE", &format!("/token/{token}"), None), 404, "DELETE");
    assert_eq!(listed().len(), 1);
    for method in ["GET", "POST"] {
        assert_eq!(server.request(method, &format!("/nuxeo/api/v1/token?{query}"), &[], None).status, 401, "{method}");
    }
}
