//! Unknown paths, and paths through a repository.

use crate::support::client::basic;
use crate::support::nuxeo::{assert_refused, check, refusal};
use crate::support::nuxeo_auth::get;
use crate::support::server::{ADMIN_PASSWORD, Server};

#[test]
fn unknown_path_is_404() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for path in [
        "/nuxeo/test",
        "/nuxeo/api",
        "/nuxeo/api/v1",
        "/nuxeo/api/v1/nothing",
        "/nuxeo/api/v1/users",
        "/nuxeo/api/v1/users/Administrator",
        "/nuxeo/api/v1/groups",
        "/nuxeo/api/v1/path/default-domain",
        "/nuxeo/api/v1/group/members/@unknown",
        "/nuxeo/api/v1/me/nothing",
        "/nuxeo/api/v1/repo/default",
        "/nuxeo/api/v1/repo/default/nothing",
        "/nuxeo/api/v2/user/Administrator",
        "/nuxeo/site/nothing",
        "/nuxeo/site/automation/Nothing",
        "/nuxeo/json/nothing",
        "/nuxeo/authentication/nothing",
        "/nuxeo/api/v1/automation/User.Invite",
        "/nuxeo/nuxeo/api/v1/me",
    ] {
        for method in ["GET", "POST"] {
            let answer = server.request(method, path, &[("Authorization", &authorization)], Some(b"{}"));
            assert_refused(&answer, 404, &format!("{method} {path}"));
        }
    }
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
}

#[test]
fn anonymous_request_is_401_before_404() {
    let server = Server::with(&["--wrong-password-delay", "0"]);
    let (right, wrong) = (basic("Administrator", ADMIN_PASSWORD), basic("Administrator", "wrong"));
    for (method, path, status) in [
        ("GET", "/nuxeo/api", 404),
        ("GET", "/nuxeo/api/v1", 404),
        ("GET", "/nuxeo/api/v1/nothing", 404),
        ("POST", "/nuxeo/api/v1/users", 404),
        ("BREW", "/nuxeo/api/v2/user/Administrator", 404),
        ("GET", "/nuxeo/api/v1/repo/default/nothing", 404),
        ("GET", "/nuxeo/api/v1/group/members/@unknown", 404),
        ("POST", "/nuxeo/api/v1/automation/User.Invite", 404),
        ("GET", "/nuxeo/site", 404),
        ("GET", "/nuxeo/site/nothing", 404),
        ("POST", "/nuxeo/site/automation/Nothing", 404),
        ("GET", "/nuxeo/site/api/v1/nothing", 404),
        ("GET", "/nuxeo/api/v1/user", 405),
        ("PATCH", "/nuxeo/api/v1/user/Administrator", 405),
        ("POST", "/nuxeo/api/v1/user/nobody", 405),
        ("GET", "/nuxeo/api/v1/group", 405),
        ("PATCH", "/nuxeo/api/v1/group/members", 405),
        ("GET", "/nuxeo/api/v1/user/Administrator/group/members", 405),
        ("DELETE", "/nuxeo/api/v1/group/members/@users", 405),
        ("DELETE", "/nuxeo/api/v1/me", 405),
        ("GET", "/nuxeo/api/v1/me/changepassword", 405),
        ("PUT", "/nuxeo/api/v1/token", 405),
        ("DELETE", "/nuxeo/site/api/v1/capabilities", 405),
        ("PUT", "/nuxeo/site/automation/Nothing", 404),
    ] {
        let call = format!("{method} {path}");
        for headers in [&[][..], &[("Authorization", wrong.as_str())]] {
            let answer = server.request(method, path, headers, Some(b"{}"));
            assert_refused(&answer, 401, &call);
            assert_eq!(answer.header("WWW-Authenticate"), Some("Basic realm=\"Nuxeo Automation\""), "{call}");
            assert_eq!(answer.header("Allow"), None, "{call}");
        }
        let answer = server.request(method, path, &[("Authorization", &right)], Some(b"{}"));
        assert_refused(&answer, status, &call);
        assert_eq!(answer.header("Allow").is_some(), status == 405, "{call}");
    }
    // Outside of the interface, paths need no credentials.
    for headers in [&[][..], &[("Authorization", wrong.as_str())], &[("Authorization", right.as_str())]] {
        for path in ["/nuxeo/nothing", "/nuxeo", "/nuxeo/", "/nuxeo/json/nothing"] {
            assert_refused(&get(&server, path, headers), 404, path);
        }
    }
}

#[test]
fn a_repository_or_a_header_of_one_changes_nothing() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let expected = server.nuxeo("GET", "/user/Administrator", None).json();
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Accept", "text/plain,application/json"),
        ("X-NXDocumentProperties", "*"),
        ("X-NXproperties", "*"),
        ("X-NXRepository", "default"),
        ("Repository", "other"),
        ("Nuxeo-Transaction-Timeout", "30000"),
        ("depth", "max"),
        ("X-Application-Name", "Python client"),
        ("X-Client-Version", "7.1.0"),
        ("X-NXVoidOperation", "true"),
        ("nx_es_sync", "true"),
        ("translate-directoryEntry", "label"),
    ];
    for path in [
        "/nuxeo/api/v1/user/Administrator",
        "/nuxeo/api/v1/repo/default/user/Administrator",
        "/nuxeo/api/v1/repo/any%20name/user/Administrator",
        "/nuxeo/site/api/v1/repo/default/user/Administrator",
        "/nuxeo//api//v1//user//Administrator",
    ] {
        let answer = get(&server, path, &headers);
        assert_eq!(answer.parts(), (200, expected.clone()), "{path}");
        assert!(answer.header("Content-Type").expect("a type").starts_with("application/json"));
    }
    check(&server, &[("GET", "/repo/default/group/nowhere", "", 404, refusal(404, "group does not exist"))]);
}
