//! The prefix of each dialect.

use crate::support::client::basic;
use crate::support::command::{finish, stderr};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, serve};
use serde_json::{Value, json};

#[test]
fn two_dialects_on_one_prefix_do_not_start() {
    let folder = Folder::new();
    for flags in [
        &["--datadog-prefix", "/x", "--nuxeo-prefix", "/x"][..],
        &["--datadog-prefix", "/nuxeo"],
        &["--datadog-prefix", "/nuxeo/"],
        &["--nuxeo-prefix", ""],
        &["--nuxeo-prefix", "/"],
    ] {
        let output = finish(serve(&folder, flags));
        assert!(matches!(output.status.code(), Some(1 | 2)), "{flags:?}: {output:?}");
        assert!(stderr(&output).contains("prefix"), "{flags:?}: {output:?}");
    }
    // The prefix of a dialect that is not served is free.
    let server = Server::with(&["--dialects", "datadog", "--datadog-prefix", "/nuxeo"]);
    let answer = server.datadog("GET", "/nuxeo/api/v1/validate", None);
    assert_eq!(answer.parts(), (200, json!({"valid": true})));
}

// Settings

#[test]
fn each_dialect_is_served_below_its_prefix() {
    let valid = || json!({"valid": true});
    let nothing = || json!({"errors": ["Not found"]});
    let ask = |server: &Server, path: &str| {
        let authorization = basic("Administrator", ADMIN_PASSWORD);
        let headers =
            [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Authorization", authorization.as_str())];
        let (status, body) = server.request("GET", path, &headers, None).parts();
        (status, if body["entity-type"] == "user" { body["id"].clone() } else { body })
    };
    let administrator = || json!("Administrator");
    type Calls<'a> = &'a [(&'a str, u16, Value)];
    let rows: &[(&[&str], Calls<'_>)] = &[
        (
            &["--datadog-prefix", "/dd"],
            &[
                ("/dd/api/v1/validate", 200, valid()),
                ("/dd//api/v1/validate/", 200, valid()),
                ("/dd/api/v1/nothing", 404, nothing()),
                ("/dd/invite_users", 405, json!({"errors": ["Method not allowed"]})),
                ("/api/v1/validate", 404, nothing()),
                ("/invite_users", 404, nothing()),
                ("/ddx/api/v1/validate", 404, nothing()),
                ("/nuxeo/api/v1/me", 200, administrator()),
            ],
        ),
        (
            &["--nuxeo-prefix", "/nx/deep/"],
            &[
                ("/nx/deep/api/v1/me", 200, administrator()),
                ("/nx/deep/site/api/v1/me", 200, administrator()),
                ("/nx/api/v1/me", 404, nothing()),
                ("/nuxeo/api/v1/me", 404, nothing()),
                ("/api/v1/validate", 200, valid()),
            ],
        ),
        (
            &["--dialects", "nuxeo"],
            &[
                ("/nuxeo/api/v1/me", 200, administrator()),
                ("/api/v1/validate", 404, nothing()),
                ("/api/v1/user", 404, nothing()),
            ],
        ),
        (
            &["--dialects", "nuxeo", "--nuxeo-prefix", ""],
            &[("/api/v1/me", 200, administrator()), ("/site/api/v1/me", 200, administrator())],
        ),
        (&["--dialects", "datadog"], &[("/api/v1/validate", 200, valid()), ("/nuxeo/api/v1/me", 404, nothing())]),
        (
            &["--dialects", "datadog,nuxeo,rollbook"],
            &[("/api/v1/validate", 200, valid()), ("/nuxeo/api/v1/me", 200, administrator())],
        ),
    ];
    for (flags, calls) in rows {
        let server = Server::with(flags);
        for (path, status, expected) in *calls {
            assert_eq!(ask(&server, path), (*status, expected.clone()), "{path} with {flags:?}");
        }
    }
}
