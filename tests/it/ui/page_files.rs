//! The files of the admin page, and their headers.

use crate::support::server::Server;
use crate::support::ui::administrator;

#[test]
fn every_answer_has_security_headers() {
    let server = Server::start();
    let mut admin = administrator(&server);
    let answers = [
        server.request("GET", "/ui/", &[], None),
        server.request("GET", "/ui/app.js", &[], None),
        server.request("GET", "/ui/nothing", &[], None),
        admin.get("users"),
        admin.get("users/nobody"),
    ];
    for answer in answers {
        let policy = answer.header("Content-Security-Policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        for part in ["frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "trusted-types 'none'"] {
            assert!(policy.contains(part), "{part}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
    }
}

#[test]
fn page_files_are_cached_and_revalidated() {
    let server = Server::start();
    let page = server.request("GET", "/ui/", &[], None);
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("Cache-Control"), Some("no-cache"));
    let tag = page.header("ETag").expect("a tag");
    let again = server.request("GET", "/ui/", &[("If-None-Match", tag)], None);
    assert_eq!((again.status, again.body.len()), (304, 0));
    // Files that the page names exist, relative to it.
    let names: Vec<&str> = ["href=\"", "src=\""]
        .into_iter()
        .flat_map(|before| page.text().split(before).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !name.starts_with('#'))
        .collect();
    assert!(names.len() >= 2, "{names:?}");
    for name in names {
        let file = server.request("GET", &format!("/ui/{name}"), &[], None);
        assert_eq!(file.status, 200, "{name}");
        assert!(!file.body.is_empty(), "{name}");
    }
    let bare = server.request("GET", "/ui", &[], None);
    assert_eq!((bare.status, bare.header("Location")), (308, Some("ui/")));
    assert_eq!(server.request("POST", "/ui/", &[], None).status, 405);
    assert_eq!(server.request("GET", "/ui/../schema.sql", &[], None).status, 404);

    let elsewhere = Server::with(&["--ui-prefix", "/people/page"]);
    assert_eq!(elsewhere.request("GET", "/people/page/", &[], None).status, 200);
    assert_eq!(elsewhere.request("GET", "/people/page", &[], None).header("Location"), Some("page/"));
    assert_eq!(elsewhere.request("GET", "/ui/", &[], None).status, 404);
    let without = Server::with(&["--dialects", "datadog,nuxeo"]);
    assert_eq!(without.request("GET", "/ui/", &[], None).status, 404);
}

#[test]
fn only_browsers_are_redirected_to_the_page() {
    const PAGE: [&str; 4] = [
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
        "application/json, TEXT/HTML ; q=0.1",
        "*/*, text/html;level=1;q=1.0",
    ];
    const OTHERS: [Option<&str>; 7] = [
        None,
        Some(""),
        Some("*/*"),
        Some("text/*"),
        Some("application/json"),
        Some("text/html;q=0, */*"),
        Some("text/html;q=0.000"),
    ];
    for (flags, places, page) in [
        (&[][..], &["/", "//", "/nuxeo", "/nuxeo/", "//nuxeo//", "/nuxeo?a=b"][..], "/ui/"),
        (&["--ui-prefix", "/people/page", "--nuxeo-prefix", "/n/x"], &["/", "/n/x", "/n/x/"], "/people/page/"),
        // The page is at the root: only the other address redirects.
        (&["--ui-prefix", "/", "--datadog-prefix", "/dog"], &["/nuxeo", "/nuxeo/"], "/"),
        (&["--nuxeo-prefix", "/", "--datadog-prefix", "/dog"], &["/"], "/ui/"),
        (&["--dialects", "ui"], &["/"], "/ui/"),
    ] {
        let server = Server::with(flags);
        let ask = |method: &str, path: &str, accept: Option<&str>| {
            let headers: Vec<_> = accept.iter().map(|accept| ("Accept", *accept)).collect();
            server.request(method, path, &headers, None)
        };
        for path in places {
            for accept in PAGE {
                for method in ["GET", "HEAD"] {
                    let answer = ask(method, path, Some(accept));
                    assert_eq!(
                        (answer.status, answer.header("Location")),
                        (303, Some(page)),
                        "{flags:?} {path} {accept}"
                    );
                }
                let answer = ask("POST", path, Some(accept));
                assert_eq!((answer.status, answer.header("Location")), (404, None), "{flags:?} POST {path} {accept}");
            }
            for accept in OTHERS {
                let answer = ask("GET", path, accept);
                assert_eq!((answer.status, answer.header("Location")), (404, None), "{flags:?} {path} {accept:?}");
                assert!(answer.header("Content-Type").expect("a type").starts_with("application/json"));
            }
        }
        let shown = ask("GET", page, Some(PAGE[0]));
        assert_eq!((shown.status, shown.header("Content-Type")), (200, Some("text/html; charset=utf-8")), "{flags:?}");
    }
    // Nothing else leads anywhere.
    let server = Server::start();
    let browser = [("Accept", PAGE[1])];
    for (path, status) in [
        ("/nothing", 404),
        ("/nuxeo/nothing", 404),
        ("/nuxeo/api/v1/me", 401),
        ("/rollbook", 401),
        ("/api/v1/user", 403),
        ("/nuxeo%2F", 404),
    ] {
        let answer = server.request("GET", path, &browser, None);
        assert_eq!((answer.status, answer.header("Location")), (status, None), "{path}");
    }
    let without = Server::with(&["--dialects", "datadog,nuxeo"]);
    for path in ["/", "/nuxeo", "/nuxeo/"] {
        let answer = without.request("GET", path, &browser, None);
        assert_eq!((answer.status, answer.header("Location")), (404, None), "{path}");
    }
}
