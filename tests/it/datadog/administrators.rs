//! The administrator role, the last administrator, and rights that come from groups.

use crate::support::datadog::{ADA, Row, check, check_refused, create, errors, nuxeo, saved, shown};
use crate::support::server::Server;
use serde_json::json;

// Administrators

#[test]
fn last_administrator_cannot_be_disabled_or_demoted() {
    let server = Server::with(&["--protect", ""]);
    let administrator = "/api/v1/user/Administrator";
    let refusals: &[Row<'_>] = &[
        ("DELETE", administrator, "", 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"disabled":true}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"access_role":"st"}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"access_role":"ro"}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"is_admin":false}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"name":"Root","disabled":true}"#, 400, errors("…administrator…")),
    ];
    check_refused(&server, refusals);
    // Neither an ordinary user nor a disabled administrator counts as another administrator.
    create(&server, json!({"handle": "bob@example.com"}));
    create(&server, json!({"handle": "old@example.com", "access_role": "adm", "disabled": true}));
    check_refused(&server, refusals);

    create(&server, json!({"handle": "ada@example.com", "access_role": "adm"}));
    check(&server, &[("DELETE", administrator, "", 200, json!({"message": "User Administrator disabled"}))]);
    check_refused(
        &server,
        &[
            ("DELETE", ADA, "", 400, errors("…administrator…")),
            ("PUT", ADA, r#"{"disabled":true}"#, 400, errors("…administrator…")),
            ("PUT", ADA, r#"{"access_role":"st"}"#, 400, errors("…administrator…")),
            ("PUT", ADA, r#"{"is_admin":false}"#, 400, errors("…administrator…")),
        ],
    );
    // A change that keeps the right is not refused.
    check(
        &server,
        &[
            (
                "PUT",
                ADA,
                r#"{"name":"Ada","disabled":false,"access_role":"adm","is_admin":true}"#,
                200,
                saved("ada@example.com", json!({"name": "Ada", "access_role": "adm"})),
            ),
            (
                "PUT",
                "/api/v1/user/old@example.com",
                r#"{"access_role":"st"}"#,
                200,
                saved("old@example.com", json!({"disabled": true})),
            ),
        ],
    );
}

#[test]
fn access_role_cannot_remove_a_right_inherited_from_a_subgroup() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "access_role": "ro"}));
    nuxeo(
        &server,
        "POST",
        "/group",
        json!({"entity-type": "group", "groupname": "operators", "memberUsers": ["ada@example.com"]}),
    );
    nuxeo(
        &server,
        "PUT",
        "/group/administrators",
        json!({"entity-type": "group", "id": "administrators", "memberGroups": ["operators"]}),
    );
    check(&server, &[("GET", ADA, "", 200, shown("ada@example.com", json!({"access_role": "adm"})))]);
    let refusals: &[Row<'_>] = &[
        ("PUT", ADA, r#"{"access_role":"st"}"#, 400, errors("…operators…")),
        ("PUT", ADA, r#"{"access_role":"ro"}"#, 400, errors("…operators…")),
        ("PUT", ADA, r#"{"is_admin":false}"#, 400, errors("…operators…")),
        ("PUT", ADA, r#"{"name":"Other","access_role":"st"}"#, 400, errors("…operators…")),
    ];
    check_refused(&server, refusals);
    // An additional direct membership changes nothing about that.
    check(
        &server,
        &[("PUT", ADA, r#"{"access_role":"adm"}"#, 200, saved("ada@example.com", json!({"access_role": "adm"})))],
    );
    check_refused(&server, refusals);
    check(
        &server,
        &[(
            "PUT",
            ADA,
            r#"{"name":"Ada"}"#,
            200,
            saved("ada@example.com", json!({"access_role": "adm", "name": "Ada"})),
        )],
    );

    nuxeo(
        &server,
        "PUT",
        "/group/administrators",
        json!({"entity-type": "group", "id": "administrators", "memberGroups": []}),
    );
    check(
        &server,
        &[(
            "PUT",
            ADA,
            r#"{"access_role":"ro"}"#,
            200,
            saved("ada@example.com", json!({"access_role": "ro", "name": "Ada"})),
        )],
    );
}

#[test]
fn admin_role_is_membership_in_the_administrators_group() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "access_role": "ro"}));
    check(
        &server,
        &[("PUT", ADA, r#"{"access_role":"adm"}"#, 200, saved("ada@example.com", json!({"access_role": "adm"})))],
    );
    let groups =
        |server: &Server| server.nuxeo("GET", "/user/ada@example.com", None).json()["properties"]["groups"].clone();
    assert_eq!(groups(&server), json!(["administrators"]));
    check(&server, &[("PUT", ADA, r#"{"access_role":"st"}"#, 200, saved("ada@example.com", json!({})))]);
    assert_eq!(groups(&server), json!([]));
    let answer = server.nuxeo("POST", "/user/ada@example.com/group/administrators", None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    check(&server, &[("GET", ADA, "", 200, shown("ada@example.com", json!({"access_role": "adm"})))]);
}
