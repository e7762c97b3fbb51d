//! Requests: credentials, retries, redirects, TLS.

use super::*;

#[test]
fn what_is_no_base_url_is_refused_and_not_shown() {
    for (url, expected) in [
        ("", "the base URL is not a URL"),
        ("a b", "the base URL is not a URL"),
        ("example.org", "the base URL has to begin with https:// or http://"),
        ("/nuxeo", "the base URL has to begin with https:// or http://"),
        ("ftp://example.org", "the base URL has to begin with https:// or http://"),
        ("https://user:the-password@example.org", "the base URL must not contain a user name or a password"),
        ("https://example.org/?api_key=the-api-key", "the base URL must not contain a query"),
    ] {
        assert_eq!(why(datadog(&source(url), &keys())), expected, "{url}");
    }
}

#[test]
fn credentials_that_cannot_be_sent_are_refused_and_not_shown() {
    let keys = |api_key: &str, app_key: &str| DatadogKeys { api_key: api_key.to_owned(), app_key: app_key.to_owned() };
    let source = source("http://127.0.0.1:9");
    assert_eq!(why(datadog(&source, &keys("", APP_KEY))), "the API key is empty");
    assert_eq!(why(datadog(&source, &keys(API_KEY, ""))), "the application key is empty");
    let odd = why(datadog(&source, &keys(API_KEY, "the-app-key\n")));
    assert_eq!(odd, "the application key contains a character that no header can have");
    let basic = |user: &str, password: &str| NuxeoLogin::Basic { user: user.to_owned(), password: password.to_owned() };
    assert_eq!(why(nuxeo(&source, &basic("", PASSWORD))), "no user can log in by the name \"\"");
    assert_eq!(why(nuxeo(&source, &basic("a:b", PASSWORD))), "no user can log in by the name \"a:b\"");
    assert_eq!(why(nuxeo(&source, &basic("ada", ""))), "the password is empty");
    assert_eq!(why(nuxeo(&source, &NuxeoLogin::Token(String::new()))), "the token is empty");
}

#[test]
fn credentials_and_the_name_of_the_program_go_with_each_request() {
    let server = Server::start(|_, out| answer_json(out, &json!({"users": [], "entries": []})));
    all(datadog(&source(&format!("{}//", server.url)), &keys()));
    all(nuxeo(&server.source(), &basic()));
    all(nuxeo(&server.source(), &NuxeoLogin::Token(TOKEN.to_owned())));
    let asked = server.asked.lock().unwrap();
    let version = concat!("user-agent: rollbook/", env!("CARGO_PKG_VERSION"));
    for (index, target, header) in [
        (0, "/api/v1/user", "dd-api-key: the-api-key"),
        (0, "/api/v1/user", "dd-application-key: the-app-key"),
        (
            1,
            "/api/v1/group/search?q=%2A&pageSize=250&currentPageIndex=0&fetch-group=memberGroups,parentGroups",
            "authorization: basic qwrtaw5pc3ryyxrvcjp0agutcgfzc3dvcmq=",
        ),
        (2, "/api/v1/user/search?q=%2A&pageSize=250&currentPageIndex=0", version),
        (
            3,
            "/api/v1/group/search?q=%2A&pageSize=250&currentPageIndex=0&fetch-group=memberGroups,parentGroups",
            "x-authentication-token: the-token",
        ),
        (4, "/api/v1/user/search?q=%2A&pageSize=250&currentPageIndex=0", "accept: application/json"),
    ] {
        assert_eq!(asked[index].target, target);
        assert!(asked[index].headers.iter().any(|line| line == header), "{header} in {:?}", asked[index].headers);
    }
    assert_eq!(asked.len(), 5);
}

#[test]
fn a_server_that_cannot_be_reached_is_told_from_one_that_does_not_answer() {
    // A port that is taken, so that no other test gets it, and nothing listens there.
    let closed = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    closed.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap().as_socket().unwrap());
    assert_eq!(why(ask_datadog(&source(&url))), format!("{url} refuses the connection: does the server run there?"));

    let url = "http://rollbook.invalid";
    assert_eq!(why(ask_datadog(&source(url))), format!("cannot resolve the host of {url}"));

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = Source { timeout: Duration::from_millis(50), ..source(&url) };
    assert_eq!(why(ask_datadog(&silent)), format!("{url} has been silent for 0.05 seconds"));
}

#[test]
fn a_refusal_names_the_credential_that_is_not_taken() {
    for (validate, credential) in [
        ("200 OK", "the application key, or its owner is not an administrator"),
        ("403 Forbidden", "the API key"),
        ("500 Oops", "the API key or the application key"),
    ] {
        let server = Server::start(move |asked, out| match asked.target.as_str() {
            "/api/v1/validate" => answer(out, validate, "", "{}"),
            _ => answer(out, "403 Forbidden", "", r#"{"errors":["Forbidden the-app-key"]}"#),
        });
        let expected = format!("{} answers 403: it does not take {credential}", server.url);
        assert_eq!(why(ask_datadog(&server.source())), expected);
    }
    let server = Server::start(|_, out| answer(out, "401 Unauthorized", "", ""));
    let expected = format!("{} answers 401: it does not take the password of the user \"Administrator\"", server.url);
    assert_eq!(why(ask_nuxeo(&server.source())), expected);
    let token = nuxeo(&server.source(), &NuxeoLogin::Token(TOKEN.to_owned()));
    assert_eq!(why(token), format!("{} answers 401: it does not take the token", server.url));
    let server = Server::start(|_, out| answer(out, "403 Forbidden", "", ""));
    let expected = format!("{} forbids it: the password of the user \"Administrator\" is not enough", server.url);
    assert_eq!(why(ask_nuxeo(&server.source())), expected);
}

#[test]
fn an_answer_that_is_none_asks_for_the_base_url() {
    for (status, body, what) in [
        ("404 Not Found", "{}", "404 to /api/v1/user"),
        ("200 OK", "<html>Welcome</html>", "a body that is not JSON"),
        ("200 OK", "[]", "a body that is not JSON"),
        ("200 OK", "", "nothing"),
        ("200 OK", "{}", "a body without the list"),
        ("200 OK", r#"{"users":{}}"#, "a body without the list"),
        ("200 OK", r#"{"users" []}"#, "a body that is not JSON"),
        ("200 OK", r#"{"errors":["a","b"],"more":{"users":[1]}}"#, "a body without the list"),
    ] {
        let server = Server::start(move |_, out| answer(out, status, "", body));
        let expected = format!("{} answers {what}: is this the base URL?", server.url);
        assert_eq!(why(ask_datadog(&server.source())), expected, "{body}");
    }
    for (body, what) in
        [("<html>", "a body that is not a page"), (r#"{"entity-type":"user"}"#, "a body that is not a page")]
    {
        let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
        let expected = format!("{} answers {what}: is this the base URL?", server.url);
        assert_eq!(why(ask_nuxeo(&server.source())), expected, "{body}");
    }
    let server = Server::start(|_, out| {
        let _ = out.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n\r\n");
    });
    let expected = format!("{} answers without HTTP: is this the base URL?", server.url);
    assert_eq!(why(ask_datadog(&server.source())), expected);
    let server = Server::start(|_, out| answer(out, "500 Oops", "", "the-password"));
    let expected = format!("{} answers 500 to /api/v1/group/search", server.url);
    assert_eq!(why(ask_nuxeo(&server.source())), expected);
    assert_eq!(server.targets().len(), 1);
}

#[test]
fn what_passes_is_tried_again() {
    let server = Server::start({
        let tried = Mutex::new(0);
        move |_, out| {
            let mut tried = tried.lock().unwrap();
            *tried += 1;
            match *tried {
                1 => answer(out, "429 Too Many Requests", "Retry-After: 3\r\n", ""),
                2 => answer(out, "503 Service Unavailable", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", ""),
                3 => {}
                4 => answer(out, "429 Too Many Requests", "X-RateLimit-Reset: 2\r\n", ""),
                _ => answer_json(out, &json!({"users": [{"handle": "ada"}]})),
            }
        }
    });
    assert_eq!(records(&all(ask_datadog(&server.source()))), [Ok(Record::User(user("ada")))]);
    assert_eq!(server.targets().len(), 5);

    // A page that breaks off is asked for again, too.
    let server = Server::start({
        let tried = Mutex::new(0);
        move |_, out| {
            let mut tried = tried.lock().unwrap();
            *tried += 1;
            match *tried {
                1 => {
                    let _ = out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"entries\":");
                }
                _ => answer_json(out, &json!({"entries": []})),
            }
        }
    });
    assert_eq!(all(ask_nuxeo(&server.source())), []);
    assert_eq!(server.targets().len(), 3);
}

#[test]
fn patience_has_an_end() {
    let server = Server::start(|_, out| answer(out, "503 Service Unavailable", "", ""));
    let expected = format!("tried 5 times: {} answers 503 to /api/v1/user", server.url);
    assert_eq!(why(ask_datadog(&server.source())), expected);
    assert_eq!(server.targets().len(), 5);

    let server = Server::start(|_, _| {});
    let expected = format!("tried 5 times: {} closes the connection too early", server.url);
    assert_eq!(why(ask_datadog(&server.source())), expected);

    let server = Server::start(|_, out| answer(out, "429 Too Many Requests", "Retry-After: 86400\r\n", ""));
    let url = &server.url;
    let expected = format!("{url} asks to wait 86400 seconds: {url} answers 429 to /api/v1/user");
    assert_eq!(why(ask_datadog(&server.source())), expected);
    assert_eq!(server.targets().len(), 1);
}

#[test]
fn a_redirect_is_followed_on_the_same_host_only() {
    let server = Server::start(|asked, out| match asked.target.as_str() {
        "/old/api/v1/user" => answer(out, "301 Moved", "Location: /new/users?all\r\n", ""),
        _ => answer_json(out, &json!({"users": [{"handle": "ada"}]})),
    });
    let old = source(&format!("{}/old", server.url));
    assert_eq!(records(&all(ask_datadog(&old))), [Ok(Record::User(user("ada")))]);
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked[1].target, "/new/users?all");
    assert!(asked[1].headers.iter().any(|line| line == "dd-api-key: the-api-key"));
    drop(asked);

    let other = Server::start(|_, out| answer_json(out, &json!({"users": []})));
    let port = other.url.rsplit(':').next().unwrap().to_owned();
    for (location, elsewhere) in [
        (other.url.clone(), "\"127.0.0.1\""),
        (format!("http://localhost:{port}/api/v1/user"), "\"localhost\""),
        ("//example.org/".to_owned(), "\"example.org\""),
        ("ftp://127.0.0.1/".to_owned(), "\"127.0.0.1\""),
    ] {
        let server = Server::start(move |_, out| answer(out, "302 Found", &format!("Location: {location}\r\n"), ""));
        let expected = format!("{} redirects to {elsewhere}, where the credentials do not belong", server.url);
        assert_eq!(why(ask_datadog(&server.source())), expected);
    }
    assert_eq!(other.targets(), Vec::<String>::new());

    let server = Server::start(|_, out| answer(out, "307 Temporary Redirect", "Location: /again\r\n", ""));
    assert_eq!(why(ask_datadog(&server.source())), format!("{} redirects too often", server.url));
    assert_eq!(server.targets().len(), 6);
    let server = Server::start(|_, out| answer(out, "302 Found", "", ""));
    assert_eq!(why(ask_datadog(&server.source())), format!("{} redirects without a location", server.url));
    let server = Server::start(|_, out| answer(out, "302 Found", "Location: a b\r\n", ""));
    assert_eq!(why(ask_datadog(&server.source())), format!("{} redirects to an invalid address", server.url));
}

#[test]
fn a_server_is_trusted_by_its_authority() {
    let users = |_: &Asked, out: &mut dyn Write| answer_json(out, &json!({"users": [{"handle": "ada"}]}));
    let server = Server::start_tls("localhost", users);
    let trusting = Source { ca: Some(tls_file("authority.pem")), ..server.source() };
    assert_eq!(records(&all(ask_datadog(&trusting))), [Ok(Record::User(user("ada")))]);

    let expected = format!("no trusted connection to {}: invalid peer certificate: UnknownIssuer", server.url);
    assert_eq!(why(ask_datadog(&server.source())), expected);

    // The certificate is another's.
    let other = Server::start_tls("127.0.0.1", users);
    let trusting = Source { ca: Some(tls_file("authority.pem")), ..other.source() };
    let refusal = why(ask_datadog(&trusting));
    let expected = format!("no trusted connection to {}: invalid peer certificate: certificate not valid", other.url);
    assert!(refusal.starts_with(&expected), "{refusal}");
    assert_eq!(other.targets(), Vec::<String>::new());

    let plain = |mut stream: TcpStream| -> Option<Box<dyn Connection>> {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        None
    };
    let plain = Server::by("https", "127.0.0.1", plain, users);
    let refusal = why(ask_datadog(&plain.source()));
    assert!(refusal.starts_with(&format!("no trusted connection to {}: ", plain.url)), "{refusal}");

    let leaving = Server::start_tls("localhost", |asked, out| {
        let host = asked.headers.iter().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        answer(out, "302 Found", &format!("Location: http://{host}/api/v1/user\r\n"), "");
    });
    let trusting = Source { ca: Some(tls_file("authority.pem")), ..leaving.source() };
    let expected = format!("{} redirects to \"localhost\", where the credentials do not belong", leaving.url);
    assert_eq!(why(ask_datadog(&trusting)), expected);
}

#[test]
fn a_redirect_into_tls_is_followed() {
    let secured = Server::start_tls("localhost", |_, out| answer_json(out, &json!({"users": [{"handle": "ada"}]})));
    let location = format!("Location: {}/users\r\n", secured.url);
    let server = Server::by(
        "http",
        "localhost",
        |stream| Some(Box::new(stream)),
        move |_, out| {
            answer(out, "301 Moved", &location, "");
        },
    );
    let trusting = Source { ca: Some(tls_file("authority.pem")), ..server.source() };
    assert_eq!(records(&all(ask_datadog(&trusting))), [Ok(Record::User(user("ada")))]);
    assert_eq!(secured.targets(), ["/users"]);
}

#[test]
fn a_file_without_authorities_is_refused() {
    let folder = std::env::temp_dir();
    let file = |name: &str, text: &str| {
        let path = folder.join(format!("rollbook-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    };
    let empty = file("empty.pem", "");
    let broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    for (ca, expected) in [
        (&tls_file("server.key"), "the file contains no certificate"),
        (&empty, "the file contains no certificate"),
        (&broken, "the file is not PEM"),
        (&folder.join("no such file"), "No such file or directory (os error 2)"),
    ] {
        let trusting = Source { ca: Some(ca.clone()), ..source("https://127.0.0.1:9") };
        assert_eq!(why(ask_datadog(&trusting)), format!("read {}: {expected}", ca.display()));
    }
    let _ = (std::fs::remove_file(empty), std::fs::remove_file(broken));
}
