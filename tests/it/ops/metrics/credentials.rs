//! Metrics of refused credentials.

use crate::support::client::basic;
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};

#[test]
fn refused_credentials_are_counted_by_their_kind() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let refused = || {
        let page = Page::of(address);
        ["password", "key", "token"].map(|kind| page.value("rollbook_refused_credentials_total", &[("kind", kind)]))
    };
    let new = r#"{"handle":"ada@example.com"}"#;
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(new)).status, 200);
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/ada@example.com", None).status, 200);
    assert_eq!(refused(), [0.0; 3]);
    let (right, wrong) = (basic("Administrator", ADMIN_PASSWORD), basic("Administrator", "wrong"));
    let (stranger, nameless) = (basic("nobody", "wrong"), basic("", "x"));
    let (disabled, silent) = (basic("ada@example.com", "x"), basic("Administrator", ""));
    let keys = |api, app| [("DD-API-KEY", api), ("DD-APPLICATION-KEY", app)];
    let (validate, users, me) = ("/api/v1/validate", "/api/v1/user", "/nuxeo/api/v1/me");
    let token = server.nuxeo("POST", "/token?application=a&deviceId=b", None);
    assert_eq!(token.status, 201);
    let (changes, token) = ("/rollbook/v1/changes", format!("Bearer {}", token.text()));
    let app_key = format!("Bearer {APP_KEY}");
    // The target, the headers, the status, and the kind of the refused credential.
    type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], u16, Option<usize>);
    let rows: &[Row<'_>] = &[
        (me, &[("Authorization", &wrong)], 401, Some(0)),
        (me, &[("Authorization", &stranger)], 401, Some(0)),
        (me, &[("Authorization", &nameless)], 401, Some(0)),
        (me, &[("Authorization", &disabled)], 401, Some(0)),
        (me, &[("Authorization", &silent)], 401, Some(0)),
        (me, &[("Authorization", &right)], 200, None),
        (me, &[("X-Authentication-Token", "wrong")], 401, Some(2)),
        (me, &[("Authorization", "Bearer wrong")], 401, Some(2)),
        (me, &[("X-Authentication-Token", API_KEY)], 401, Some(2)),
        (me, &[], 401, None),
        (validate, &[("DD-API-KEY", "wrong")], 403, Some(1)),
        (validate, &[("DD-API-KEY", APP_KEY)], 403, Some(1)),
        (validate, &[("DD-API-KEY", API_KEY)], 200, None),
        (validate, &[], 403, None),
        (users, &keys("wrong", APP_KEY), 403, Some(1)),
        (users, &keys(API_KEY, "wrong"), 403, Some(1)),
        (users, &keys(API_KEY, API_KEY), 403, Some(1)),
        (users, &keys(API_KEY, APP_KEY), 200, None),
        (users, &keys(API_KEY, ""), 403, None),
        (changes, &[("Authorization", &wrong)], 401, Some(0)),
        (changes, &[("Authorization", "Bearer wrong")], 401, Some(2)),
        (changes, &[("Authorization", &token)], 200, None),
        (changes, &[("Authorization", &app_key)], 200, None),
    ];
    let mut expected = [0.0; 3];
    for (path, headers, status, kind) in rows {
        assert_eq!(server.request("GET", path, headers, None).status, *status, "{path} {headers:?}");
        kind.iter().for_each(|kind| expected[*kind] += 1.0);
        assert_eq!(refused(), expected, "{path} {headers:?}");
    }
}
