//! Imports from servers, over real connections.

use super::*;
use crate::formats::TextField::{self, Company, DisplayName, Email, FirstName, LastName, Title};
use crate::formats::UserTexts;
use crate::formats::{GroupRecord, MemberRecord, Record, Remark, RemarkKind, Role, Row, SubgroupRecord, UserRecord};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

const API_KEY: &str = "the-api-key";
const APP_KEY: &str = "the-app-key";
const PASSWORD: &str = "the-password";
const TOKEN: &str = "the-token";

fn fields<const N: usize>(fields: [(TextField, &str); N]) -> UserTexts {
    fields.into_iter().map(|(field, text)| (field, some(text))).collect()
}

fn texts(row: &Row) -> Vec<String> {
    row.remarks.iter().map(|remark| remark.text.clone()).collect()
}

/// A request as the server has seen it: the target, and the header lines in lower case.
#[derive(Debug, Clone)]
struct Asked {
    target: String,
    headers: Vec<String>,
}

/// A server whose answers a test makes.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

trait Connection: Read + Write + Send {}
impl<C: Read + Write + Send> Connection for C {}

impl Server {
    /// Answers each request by writing what it likes; then the connection closes.
    fn start(answer: impl Fn(&Asked, &mut dyn Write) + Send + Sync + 'static) -> Server {
        Server::by("http", "127.0.0.1", |stream| Some(Box::new(stream)), answer)
    }

    /// Likewise with TLS, as `localhost`.
    fn start_tls(name: &str, answer: impl Fn(&Asked, &mut dyn Write) + Send + Sync + 'static) -> Server {
        let chain = vec![CertificateDer::from_pem_file(tls_file("server.pem")).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_file(tls_file("server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = Arc::new(config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap());
        let secured = move |stream| -> Option<Box<dyn Connection>> {
            let mut secured = rustls::StreamOwned::new(rustls::ServerConnection::new(config.clone()).ok()?, stream);
            // Clients that do not trust it go away.
            secured.conn.complete_io(&mut secured.sock).ok()?;
            Some(Box::new(secured))
        };
        Server::by("https", name, secured, answer)
    }

    fn by(
        scheme: &str,
        host: &str,
        secured: impl Fn(TcpStream) -> Option<Box<dyn Connection>> + Send + 'static,
        answer: impl Fn(&Asked, &mut dyn Write) + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("{scheme}://{host}:{}", listener.local_addr().expect("an address").port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        // Ends with the process: no test stops a listener.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(mut stream) = secured(stream) else { continue };
                if let Some(request) = request(&mut stream) {
                    seen.lock().unwrap().push(request.clone());
                    answer(&request, &mut stream);
                    let _ = stream.flush();
                }
            }
        });
        Server { url, asked }
    }

    /// The targets that were asked for.
    fn targets(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.target.clone()).collect()
    }

    fn source(&self) -> Source {
        source(&self.url)
    }
}

fn request(stream: &mut dyn Connection) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.take_while(|line| !line.is_empty()).map(|line| line.to_ascii_lowercase()).collect();
    Some(Asked { target, headers })
}

/// A certificate for `localhost` with its key, and the authority that has made it, whose own key was thrown away.
fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

fn answer(out: &mut dyn Write, status: &str, headers: &str, body: &str) {
    let length = body.len();
    // Clients that have seen enough may be gone.
    let _ = write!(out, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
}

fn answer_json(out: &mut dyn Write, body: &Value) {
    answer(out, "200 OK", "Content-Type: application/json\r\n", &body.to_string());
}

fn source(url: &str) -> Source {
    Source { from: url.to_owned(), ca: None, timeout: Duration::from_secs(30) }
}

fn quick(mut client: Client) -> Client {
    client.second = Duration::from_millis(1);
    client
}

fn keys() -> DatadogKeys {
    DatadogKeys { api_key: API_KEY.to_owned(), app_key: APP_KEY.to_owned() }
}

fn basic() -> NuxeoLogin {
    NuxeoLogin::Basic { user: "Administrator".to_owned(), password: PASSWORD.to_owned() }
}

fn ask_datadog(source: &Source) -> anyhow::Result<Rows> {
    datadog_by(quick(Client::new(source, Credential::Datadog(keys()))?))
}

fn ask_nuxeo(source: &Source) -> anyhow::Result<Rows> {
    nuxeo_by(quick(Client::new(source, Credential::Nuxeo(basic()))?))
}

fn all(rows: anyhow::Result<Rows>) -> Vec<Row> {
    rows.unwrap_or_else(told).map(|row| row.unwrap_or_else(told)).collect()
}

fn told<T>(error: anyhow::Error) -> T {
    panic!("{error:#}")
}

/// Why nothing comes, which is checked to say no secret.
fn why(rows: anyhow::Result<Rows>) -> String {
    let error = format!("{:#}", rows.err().expect("a refusal"));
    for secret in [API_KEY, APP_KEY, PASSWORD, TOKEN] {
        assert!(!error.contains(secret), "{error}");
    }
    error
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn user(name: &str) -> UserRecord {
    UserRecord { name: name.to_owned(), ..UserRecord::default() }
}

fn records(rows: &[Row]) -> Vec<Result<Record, &str>> {
    rows.iter()
        .map(|row| row.record.clone().map(Option::unwrap).map_err(|_| row.record.as_ref().unwrap_err().as_str()))
        .collect()
}

// ------------------------------------------------------------------------------------------ asking

#[test]
fn what_is_no_base_url_is_refused_and_not_shown() {
    for (url, expected) in [
        ("", "the base URL is none"),
        ("a b", "the base URL is none"),
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
        ("200 OK", "the application key, or it is no administrator's"),
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
        ("200 OK", "<html>Welcome</html>", "what is no JSON"),
        ("200 OK", "[]", "what is no JSON"),
        ("200 OK", "", "nothing"),
        ("200 OK", "{}", "something without the list"),
        ("200 OK", r#"{"users":{}}"#, "something without the list"),
        ("200 OK", r#"{"users" []}"#, "what is no JSON"),
        ("200 OK", r#"{"errors":["a","b"],"more":{"users":[1]}}"#, "something without the list"),
    ] {
        let server = Server::start(move |_, out| answer(out, status, "", body));
        let expected = format!("{} answers {what}: is this the base URL?", server.url);
        assert_eq!(why(ask_datadog(&server.source())), expected, "{body}");
    }
    for (body, what) in [("<html>", "what is no page"), (r#"{"entity-type":"user"}"#, "what is no page")] {
        let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
        let expected = format!("{} answers {what}: is this the base URL?", server.url);
        assert_eq!(why(ask_nuxeo(&server.source())), expected, "{body}");
    }
    let server = Server::start(|_, out| {
        let _ = out.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n\r\n");
    });
    let expected = format!("{} answers what is no HTTP: is this the base URL?", server.url);
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
    let expected = format!("tried 5 times: {} breaks the connection off", server.url);
    assert_eq!(why(ask_datadog(&server.source())), expected);

    let server = Server::start(|_, out| answer(out, "429 Too Many Requests", "Retry-After: 86400\r\n", ""));
    let url = &server.url;
    let expected = format!("{url} asks to come back in 86400 seconds: {url} answers 429 to /api/v1/user");
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
    assert_eq!(why(ask_datadog(&server.source())), format!("{} redirects and never arrives", server.url));
    assert_eq!(server.targets().len(), 6);
    let server = Server::start(|_, out| answer(out, "302 Found", "", ""));
    assert_eq!(why(ask_datadog(&server.source())), format!("{} redirects and does not say where", server.url));
    let server = Server::start(|_, out| answer(out, "302 Found", "Location: a b\r\n", ""));
    assert_eq!(why(ask_datadog(&server.source())), format!("{} redirects to an invalid address", server.url));
}

#[test]
fn a_server_is_trusted_by_its_authority() {
    let users = |_: &Asked, out: &mut dyn Write| answer_json(out, &json!({"users": [{"handle": "ada"}]}));
    let server = Server::start_tls("localhost", users);
    let trusting = Source { ca: Some(tls_file("authority.pem")), ..server.source() };
    assert_eq!(records(&all(ask_datadog(&trusting))), [Ok(Record::User(user("ada")))]);

    let expected = format!("no connection to trust with {}: invalid peer certificate: UnknownIssuer", server.url);
    assert_eq!(why(ask_datadog(&server.source())), expected);

    // The certificate is another's.
    let other = Server::start_tls("127.0.0.1", users);
    let trusting = Source { ca: Some(tls_file("authority.pem")), ..other.source() };
    let refusal = why(ask_datadog(&trusting));
    let expected =
        format!("no connection to trust with {}: invalid peer certificate: certificate not valid", other.url);
    assert!(refusal.starts_with(&expected), "{refusal}");
    assert_eq!(other.targets(), Vec::<String>::new());

    let plain = |mut stream: TcpStream| -> Option<Box<dyn Connection>> {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        None
    };
    let plain = Server::by("https", "127.0.0.1", plain, users);
    let refusal = why(ask_datadog(&plain.source()));
    assert!(refusal.starts_with(&format!("no connection to trust with {}: ", plain.url)), "{refusal}");

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
        (&broken, "the file is no PEM"),
        (&folder.join("no such file"), "No such file or directory (os error 2)"),
    ] {
        let trusting = Source { ca: Some(ca.clone()), ..source("https://127.0.0.1:9") };
        assert_eq!(why(ask_datadog(&trusting)), format!("read {}: {expected}", ca.display()));
    }
    let _ = (std::fs::remove_file(empty), std::fs::remove_file(broken));
}

// ------------------------------------------------------------------------------------------ Datadog

#[test]
fn users_come_from_datadog_with_what_it_knows() {
    let body = r#" { "more": {"users": ["}"]}, "users" : [
        {"disabled":false,"handle":"ada@x.io","name":"Ada \"L\" \u00fc","title":"Boss","is_admin":true,"role":"Boss",
         "access_role":"adm","verified":true,"email":"a@x.io","icon":"https://x/"},
        {"disabled":true,"handle":"bob@x.io","name":null,"title":null,"is_admin":false,"role":null,
         "access_role":"ro","verified":false,"email":"bob@x.io","icon":"","roles":[]},
        {"handle":"st@x.io","access_role":"st"} , {"handle":"e@x.io","access_role":"ERROR","is_admin":false},
        {"handle":"n@x.io","access_role":null,"is_admin":true,"shoe_size":39,"nothing":null}
        ], "next": [1, "a", {}], "x": 1 } "#;
    let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
    let rows = all(ask_datadog(&server.source()));
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(rows[0].bytes, body.find("https://x/\"},").unwrap() as u64 + 12);
    let ada = UserRecord {
        texts: fields([(DisplayName, "Ada \"L\" \u{fc}"), (Email, "a@x.io"), (Title, "Boss")]),
        role: Some(Role::Admin),
        disabled: Some(false),
        verified: Some(true),
        ..user("ada@x.io")
    };
    let bob = UserRecord {
        texts: fields([(Email, "bob@x.io")]),
        role: Some(Role::Read),
        disabled: Some(true),
        verified: Some(false),
        ..user("bob@x.io")
    };
    assert_eq!(
        records(&rows),
        [
            Ok(Record::User(ada)),
            Ok(Record::User(bob)),
            Ok(Record::User(UserRecord { role: Some(Role::Standard), ..user("st@x.io") })),
            Ok(Record::User(UserRecord { role: Some(Role::Read), ..user("e@x.io") })),
            Ok(Record::User(UserRecord { role: Some(Role::Admin), ..user("n@x.io") })),
        ]
    );
    let remarks: Vec<_> = rows.into_iter().flat_map(|row| row.remarks).collect();
    assert_eq!(
        remarks,
        [
            Remark::dropped("the access role is not understood, so the role is read")
                .about("\"\\\"ERROR\\\"\" of the user e@x.io"),
            Remark::dropped("nothing here is called \"shoe_size\"").about("the user n@x.io"),
        ]
    );
}

#[test]
fn a_role_of_datadog_that_is_not_understood_lets_the_user_read_only() {
    let not_understood = "the access role is not understood, so the role is read";
    let contradiction = "access_role says that a user is an administrator, and is_admin says no: the role is standard";
    let no_switch = "is_admin is neither true nor false, and is left out";
    for (fields, role, remarks) in [
        (r#""access_role":"ERROR","is_admin":true"#, Some(Role::Read), &[not_understood][..]),
        (r#""access_role":"ERROR","is_admin":false"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":"ADM","is_admin":true"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":["adm"],"is_admin":true"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":"""#, Some(Role::Read), &[not_understood]),
        (r#""access_role":null"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":null,"is_admin":false"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":null,"is_admin":"yes""#, Some(Role::Read), &[no_switch, not_understood]),
        (r#""is_admin":1"#, Some(Role::Read), &[no_switch, not_understood]),
        (r#""access_role":null,"is_admin":true"#, Some(Role::Admin), &[]),
        (r#""is_admin":true"#, Some(Role::Admin), &[]),
        (r#""is_admin":false"#, None, &[]),
        (r#""access_role":"adm","is_admin":false"#, Some(Role::Standard), &[contradiction]),
        (r#""access_role":"adm","is_admin":null"#, Some(Role::Admin), &[]),
        (r#""access_role":"ro","is_admin":true"#, Some(Role::Read), &[]),
    ] {
        let body = format!(r#"{{"users":[{{"handle":"a",{fields}}}]}}"#);
        let server = Server::start(move |_, out| answer(out, "200 OK", "", &body));
        let rows = all(ask_datadog(&server.source()));
        assert_eq!(records(&rows), [Ok(Record::User(UserRecord { role, ..user("a") }))], "{fields}");
        assert_eq!(texts(&rows[0]), remarks, "{fields}");
    }
}

#[test]
fn a_value_of_datadog_that_is_not_understood_costs_the_value() {
    let odd = "the value of \"disabled\" is not understood, so the account is disabled";
    for (fields, disabled, remarks) in [
        (r#""disabled":"maybe""#, Some(true), &[odd][..]),
        (r#""disabled":"""#, Some(true), &[odd]),
        (r#""disabled":[]"#, Some(true), &[odd]),
        (r#""disabled":"true""#, Some(true), &[]),
        (r#""disabled":"false""#, Some(false), &[]),
        (r#""disabled":0"#, Some(false), &[]),
        (r#""disabled":null"#, None, &[]),
        (r#""disabled":false,"suspended":true"#, Some(true), &[]),
        (r#""email":1"#, None, &["email is no text, and is left out"]),
        (r#""verified":"yes""#, None, &["verified is neither true nor false, and is left out"]),
    ] {
        let body = format!(r#"{{"users":[{{"handle":"a",{fields}}}]}}"#);
        let server = Server::start(move |_, out| answer(out, "200 OK", "", &body));
        let rows = all(ask_datadog(&server.source()));
        assert_eq!(records(&rows), [Ok(Record::User(UserRecord { disabled, ..user("a") }))], "{fields}");
        assert_eq!(texts(&rows[0]), remarks, "{fields}");
    }
}

#[test]
fn an_entry_that_is_no_user_is_refused_and_the_next_one_is_read() {
    let body = r#"{"users":[1,null,"a",[],{"name":"x"},{"handle":" "},{"handle":1},{"handle":"a"},
        {"handle" "b"},{"handle":"c"}]}"#;
    let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
    let no_object = || Err("the entry is no JSON object");
    assert_eq!(
        records(&all(ask_datadog(&server.source()))),
        [
            no_object(),
            no_object(),
            no_object(),
            no_object(),
            Err("handle is missing"),
            Err("handle is missing"),
            Err("handle is no text"),
            Ok(Record::User(user("a"))),
            no_object(),
            Ok(Record::User(user("c"))),
        ]
    );
}

#[test]
fn a_list_that_breaks_off_is_not_taken_for_the_whole() {
    let whole = r#"{"users":[{"handle":"ada"},{"handle":"bob"}]}"#;
    let not_complete = |url: &str, why: &str| format!("the list ends after 2 users, and is not complete: {url} {why}");
    for cut in [1, 2] {
        // As the end of the document.
        let body = &whole[..whole.len() - cut];
        let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
        let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
        assert_eq!(rows.len(), 3);
        let what = "answers what breaks off in the middle: is this the base URL?";
        assert_eq!(format!("{:#}", rows[2].as_ref().unwrap_err()), not_complete(&server.url, what));
        // As the end of the connection.
        let server = Server::start(move |_, out| {
            let _ = write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", whole.len());
        });
        let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
        assert_eq!(rows.len(), 3);
        let what = "breaks the connection off";
        assert_eq!(format!("{:#}", rows[2].as_ref().unwrap_err()), not_complete(&server.url, what));
    }
    for (rest, what) in [
        ("]} x", "what is no JSON"),
        (",]}", "what is no JSON"),
        ("{}]}", "what is no JSON"),
        (":1]}", "what is no JSON"),
    ] {
        let body = whole.replace("]}", rest);
        let server = Server::start(move |_, out| answer(out, "200 OK", "", &body));
        let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
        let expected = not_complete(&server.url, &format!("answers {what}: is this the base URL?"));
        assert_eq!(format!("{:#}", rows.last().unwrap().as_ref().unwrap_err()), expected, "{rest}");
    }
    let long = format!(r#"{{"users":[{{"handle":"ada"}},{{"handle":"bob"}},{{"x":"{}"}}]}}"#, "x".repeat(17 << 20));
    let server = Server::start(move |_, out| answer(out, "200 OK", "", &long));
    let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
    let expected = not_complete(&server.url, "answers an entry of more than 16 MiB: is this the base URL?");
    assert_eq!(format!("{:#}", rows[2].as_ref().unwrap_err()), expected);
}

#[test]
fn a_list_is_read_as_it_comes() {
    let (go_on, waiting) = channel();
    let waiting: Mutex<Receiver<()>> = Mutex::new(waiting);
    let server = Server::start(move |_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"users\":[{\"handle\":\"ada\"},");
        let _ = out.flush();
        // Until the first user has arrived.
        waiting.lock().unwrap().recv().unwrap();
        let _ = out.write_all(b"{\"handle\":\"bob\"}]}");
    });
    let mut rows = ask_datadog(&server.source()).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().record, Ok(Some(Record::User(user("ada")))));
    go_on.send(()).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().record, Ok(Some(Record::User(user("bob")))));
    assert!(rows.next().is_none());
}

// ------------------------------------------------------------------------------------------ Nuxeo

/// The value of a parameter in a target.
fn parameter(target: &str, name: &str) -> String {
    let (_, query) = target.split_once('?').unwrap_or_default();
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    percent_encoding::percent_decode_str(value.unwrap_or_default()).decode_utf8_lossy().into_owned()
}

fn is_about_groups(asked: &Asked) -> bool {
    asked.target.starts_with("/api/v1/group/search?")
}

/// A server with these groups and users. It shows the lists of a group that are asked for.
fn nuxeo_server(groups: Value, users: Value) -> Server {
    Server::start(move |asked, out| {
        let fetched = parameter(&asked.target, "fetch-group");
        let shown = |group: &Value| {
            let mut group = group.clone();
            let lists = ["memberUsers", "memberGroups", "parentGroups"].into_iter();
            for list in lists.filter(|list| !fetched.split(',').any(|fetched| fetched == *list)) {
                group.as_object_mut().map(|group| group.remove(list));
            }
            group
        };
        let groups = groups.as_array().unwrap();
        let path = asked.target.split('?').next().unwrap_or_default();
        match path.strip_prefix("/api/v1/group/").unwrap_or("users") {
            "users" => answer_json(out, &json!({"resultsCount": users.as_array().unwrap().len(), "entries": users})),
            "search" => {
                let query = parameter(&asked.target, "q");
                let is_found =
                    |group: &&Value| query == "*" || group["id"].as_str().is_some_and(|id| id.starts_with(&query));
                let found: Vec<_> = groups.iter().filter(is_found).map(shown).collect();
                answer_json(out, &json!({"resultsCount": found.len(), "entries": found}));
            }
            name => {
                let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
                match groups.iter().find(|group| group["id"] == name) {
                    Some(group) => answer_json(out, &shown(group)),
                    None => answer(out, "404 Not Found", "", "{}"),
                }
            }
        }
    })
}

fn group(name: &str) -> GroupRecord {
    GroupRecord { name: name.to_owned(), ..GroupRecord::default() }
}

fn member(group: &str, user: &str) -> Result<Record, &'static str> {
    Ok(Record::Member(MemberRecord { group: group.into(), user: user.into(), ..Default::default() }))
}

fn subgroup(group: &str, subgroup: &str) -> Result<Record, &'static str> {
    Ok(Record::Subgroup(SubgroupRecord {
        group: group.into(),
        subgroup: subgroup.into(),
        joined: None,
        ..Default::default()
    }))
}

/// All remarks, each with a flag: true if a user or group is missing.
fn remarks(rows: &[Row]) -> Vec<(bool, &str, &str)> {
    let remarks = rows.iter().flat_map(|row| &row.remarks);
    let is_missing = |remark: &Remark| remark.kind == RemarkKind::Missing;
    remarks.map(|remark| (is_missing(remark), &*remark.text, remark.about.as_deref().unwrap_or_default())).collect()
}

#[test]
fn groups_come_from_nuxeo_with_what_is_in_them_then_users_then_other_members() {
    let groups = json!([
        {"entity-type": "group", "id": "all", "groupname": "all", "grouplabel": "all",
         "memberGroups": ["staff", "Ghost"], "parentGroups": [], "memberUsers": ["ada"],
         "properties": {"groupname": "all", "grouplabel": null, "description": "", "tenantId": null, "members": ["x"]}},
        {"entity-type": "group", "id": "staff", "groupname": "staff", "grouplabel": "The staff", "memberGroups": [],
         "parentGroups": ["All", "Gone"], "memberUsers": ["ADA", "late"],
         "properties": {"groupname": "staff", "grouplabel": "The staff", "description": "us", "tenantId": "t",
                        "n": 1.5}},
        {"id": "old", "groupname": "old", "grouplabel": "Old", "memberUsers": ["x"], "color": "red"},
    ]);
    let users = json!([
        {"entity-type": "user", "id": "ada", "properties": {"username": "ada", "firstName": "Ada", "lastName": null,
         "email": "a@x.io", "company": "", "title": "Boss", "tenantId": null, "groups": ["staff", "all"], "phone": 7,
         "password": ""}, "extendedGroups": [], "isAdministrator": false, "isAnonymous": false},
        {"id": "root", "properties": {"username": "root", "groups": ["x"], "firstName": 7, "lastName": true},
         "extendedGroups": [{"name": "x"}, {"name": "administrators"}], "isAdministrator": true},
        {"id": "odd", "properties": {"groups": ["x"]}, "extendedGroups": [{"name": "x"}], "isAdministrator": true},
        {"id": "hidden", "properties": {"username": "hidden"}},
    ]);
    let server = nuxeo_server(groups, users);
    let rows = all(ask_nuxeo(&server.source()));
    let mut staff = GroupRecord { label: some("The staff"), description: some("us"), ..group("staff") };
    staff.properties.insert("n".to_owned(), json!(1.5).into());
    staff.properties.insert("tenantId".to_owned(), json!("t").into());
    let mut ada = UserRecord {
        texts: fields([(FirstName, "Ada"), (Email, "a@x.io"), (Company, ""), (Title, "Boss")]),
        groups: Some(vec!["staff".to_owned(), "all".to_owned()]),
        ..user("ada")
    };
    ada.properties.insert("phone".to_owned(), json!(7).into());
    let in_x = |name: &str| UserRecord { groups: Some(vec!["x".to_owned()]), ..user(name) };
    let with_records: Vec<_> = rows.iter().filter(|row| row.record != Ok(None)).cloned().collect();
    assert_eq!(
        records(&with_records),
        [
            Ok(Record::Group(GroupRecord { description: some(""), ..group("all") })),
            subgroup("all", "staff"),
            subgroup("all", "Ghost"),
            Ok(Record::Group(staff)),
            Ok(Record::Group(GroupRecord { label: some("Old"), ..group("old") })),
            // The other parent has it in its own list.
            subgroup("Gone", "staff"),
            Ok(Record::User(ada)),
            Ok(Record::User(UserRecord { texts: fields([(FirstName, "7"), (LastName, "true")]), ..in_x("root") })),
            Ok(Record::User(in_x("odd"))),
            Ok(Record::User(user("hidden"))),
            member("staff", "late"),
            member("old", "x"),
        ]
    );
    assert_eq!(
        remarks(&rows),
        [
            (true, "the server does not say which groups are in the group", "the group old"),
            (true, "the server does not say which groups the group is in", "the group old"),
            (false, "nothing here is called \"color\"", "the group old"),
            (false, "a user is an administrator there without being in the group administrators", "the user odd"),
            (
                true,
                "the server does not say which groups a user is in, and no group has the user in its list",
                "the user hidden"
            ),
        ]
    );
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), (1..=13).collect::<Vec<_>>());
    assert_eq!(
        server.targets()[2..],
        ["all", "staff", "old"].map(|name| format!("/api/v1/group/{name}?fetch-group=memberUsers"))
    );
}

#[test]
fn users_whose_documents_name_no_groups_become_members_by_the_lists_of_the_groups() {
    let lists = |name: &str, members: &[&str]| {
        let (subgroups, parents) = (json!([]), json!([]));
        json!({"id": name, "memberGroups": subgroups, "parentGroups": parents, "memberUsers": members})
    };
    let groups = json!([lists("administrators", &["Boss", "bob"]), lists("staff", &["boss", "ada", "bob"])]);
    let users = json!([
        {"id": "boss", "properties": {"username": "boss"}},
        {"id": "ada", "properties": {"username": "ada", "groups": ["staff"]}},
        {"id": "bob", "properties": {"username": "bob", "groups": []}},
        {"id": "eve", "properties": 1},
        {"id": "joe", "properties": {"username": "joe", "groups": "staff"}},
    ]);
    let rows = all(ask_nuxeo(&nuxeo_server(groups, users).source()));
    let members = |row: &&Row| matches!(&row.record, Ok(Some(Record::Member(_))));
    let members: Vec<_> = rows.iter().filter(members).cloned().collect();
    assert_eq!(records(&members), [member("administrators", "Boss"), member("staff", "boss")]);
    let contradiction = "the list of a group has a user who is not in that group by the user's own document: \
                         the user does not become a member";
    assert_eq!(
        remarks(&rows),
        [
            (true, contradiction, "the user bob in the group administrators"),
            (true, contradiction, "the user bob in the group staff"),
            (
                true,
                "the server does not say which groups a user is in, and no group has the user in its list",
                "the user joe"
            ),
        ]
    );
}

#[test]
fn the_users_in_a_group_are_found_whatever_its_name_is() {
    let names =
        ["a/b c", "\u{fc}\u{65e5}", "100%", "search", "a//b", "../x", "x/user/y", "x/@users", "*", " a", "a?b#c"];
    let shown = |name: &str| json!({"id": name, "memberGroups": [], "parentGroups": [], "memberUsers": ["late"]});
    let server = nuxeo_server(names.map(shown).to_vec().into(), json!([]));
    let rows = all(ask_nuxeo(&server.source()));
    assert_eq!(remarks(&rows), []);
    assert_eq!(records(&rows)[names.len()..], names.map(|name| member(name, "late")));
    let targets = server.targets();
    let by_path = targets.iter().filter(|target| !target.contains("/search?") && target.contains("fetch-group"));
    let expected = ["a/b%20c", "%C3%BC%E6%97%A5", "100%25", "%2A", "a%3Fb%23c"];
    let expected = expected.map(|name| format!("/api/v1/group/{name}?fetch-group=memberUsers"));
    assert_eq!(by_path.cloned().collect::<Vec<_>>(), expected);
}

#[test]
fn a_server_that_does_not_show_a_group_by_its_name_is_searched() {
    for (status, lists, expected) in [
        ("404 Not Found", json!(["late", 7, " "]), &["late"][..]),
        ("405 Method Not Allowed", json!(["late", 7, " "]), &["late"]),
        ("403 Forbidden", json!(["late", null, []]), &["late"]),
        ("500 Oops", json!(["late", {}, ""]), &["late"]),
        ("200 OK", json!(["late", true, ""]), &["late"]),
        ("404 Not Found", json!(null), &[]),
        ("404 Not Found", json!("late"), &[]),
    ] {
        let told = lists.is_array();
        let group = json!({"id": "staff", "memberGroups": [], "parentGroups": [], "memberUsers": lists});
        let server = Server::start(move |asked, out| match asked.target.as_str() {
            target if target.starts_with("/api/v1/user/") => answer_json(out, &json!({"entries": []})),
            target if target.starts_with("/api/v1/group/search?") => {
                let more = json!({"id": "staff2", "memberGroups": [], "parentGroups": [], "memberUsers": ["x"]});
                let shown = if target.contains("memberUsers") { json!([more, group]) } else { json!([group]) };
                answer_json(out, &json!({"resultsCount": shown.as_array().unwrap().len(), "entries": shown}));
            }
            _ => answer(out, status, "", "{}"),
        });
        let rows = all(ask_nuxeo(&server.source()));
        let members: Vec<_> = rows.iter().skip(1).filter(|row| row.record != Ok(None)).cloned().collect();
        let expected: Vec<_> = expected.iter().map(|user| member("staff", user)).collect();
        assert_eq!(records(&members), expected, "{status}");
        let odd = (true, "an item in a list of names is no name, and is left out", "memberUsers of the group staff");
        let untold = (true, "the server does not say who is in the group", "the group staff");
        assert_eq!(remarks(&rows), if told { vec![odd; 2] } else { vec![untold] }, "{status}");
    }
}

#[test]
fn a_list_of_a_group_that_breaks_off_is_an_error() {
    let whole = r#"{"id":"staff","memberUsers":["late","later"]}"#;
    for cut in [1, 2, 9] {
        let body = &whole[..whole.len() - cut];
        let server = Server::start(move |asked, out| match asked.target.as_str() {
            target if target.starts_with("/api/v1/user/") => answer_json(out, &json!({"entries": []})),
            target if target.starts_with("/api/v1/group/search?") => answer_json(
                out,
                &json!({"resultsCount": 1, "entries": [{"id": "staff", "memberGroups": [], "parentGroups": []}]}),
            ),
            _ => answer(out, "200 OK", "", body),
        });
        let last = ask_nuxeo(&server.source()).unwrap().last().unwrap();
        let expected = format!(
            "the list of the group \"staff\" is not complete: \
             {} answers what breaks off in the middle: is this the base URL?",
            server.url
        );
        assert_eq!(format!("{:#}", last.unwrap_err()), expected);
    }
}

#[test]
fn a_user_of_nuxeo_whose_properties_say_so_is_disabled() {
    let odd = |name: &str| format!("the value of \"{name}\" is not understood, so the account is disabled");
    for (key, value, disabled, is_kept, remark) in [
        ("enabled", json!(false), Some(true), false, None),
        ("enabled", json!(true), Some(false), false, None),
        ("isActive", json!("no"), Some(true), true, None),
        ("locked", json!(true), Some(true), false, None),
        ("locked", json!(false), None, true, None),
        ("suspended", json!("maybe"), Some(true), true, Some(odd("suspended"))),
        ("status", json!("active"), None, true, None),
        ("status", json!("retired"), Some(true), true, Some(odd("status"))),
        ("status", json!(""), None, true, None),
        ("expires_at", json!("2001-01-01"), Some(true), true, None),
        ("phone", json!(false), None, true, None),
    ] {
        let shown = json!({"id": "ada", "properties": {"username": "ada", "groups": [], key: value}});
        let rows = all(ask_nuxeo(&nuxeo_server(json!([]), json!([shown])).source()));
        let mut expected = UserRecord { groups: Some(Vec::new()), disabled, ..user("ada") };
        if is_kept {
            expected.properties.insert(key.to_owned(), value.clone().into());
        }
        assert_eq!(records(&rows), [Ok(Record::User(expected))], "{key} {value}");
        assert_eq!(texts(&rows[0]), remark.into_iter().collect::<Vec<_>>(), "{key} {value}");
        // The same next to the properties.
        let shown = json!({"id": "ada", "properties": {"groups": []}, key: value});
        let rows = all(ask_nuxeo(&nuxeo_server(json!([]), json!([shown])).source()));
        let Ok(Some(Record::User(user))) = &rows[0].record else { panic!("{rows:?}") };
        assert_eq!(user.disabled, disabled, "{key} {value}");
    }
}

#[test]
fn an_entry_without_a_name_is_refused_and_an_odd_value_costs_the_value() {
    let groups = json!([
        {}, {"id": " "}, {"id": "a", "properties": []},
        {"id": "b", "properties": {"description": []}, "memberGroups": [1, "x"], "parentGroups": {}, "memberUsers": []},
    ]);
    let users = json!([
        {}, {"id": "a", "properties": 1}, {"id": "b", "properties": {"groups": ["x", 1], "email": {}}},
        {"id": "uuid", "properties": {"username": "c", "groups": []}},
        {"id": 7, "properties": {"groups": []}, "isAdministrator": false, "contextParameters": {}, "shoe": 39},
    ]);
    let rows = all(ask_nuxeo(&nuxeo_server(groups, users).source()));
    let in_groups = |name: &str, groups: &[&str]| {
        let groups = groups.iter().map(|name| (*name).to_owned()).collect();
        Ok(Record::User(UserRecord { groups: Some(groups), ..user(name) }))
    };
    assert_eq!(
        records(&rows),
        [
            Err("the group has no name"),
            Err("the group has no name"),
            Err("properties is no object"),
            Ok(Record::Group(group("b"))),
            subgroup("b", "x"),
            Err("the user has no name"),
            Err("properties is no object"),
            in_groups("b", &["x"]),
            in_groups("c", &[]),
            in_groups("7", &[]),
        ]
    );
    let no_name = "an item in a list of names is no name, and is left out";
    assert_eq!(
        remarks(&rows),
        [
            (false, "description is no text, and is left out", "the group b"),
            (true, no_name, "memberGroups of the group b"),
            (true, "the server does not say which groups the group is in", "the group b"),
            (true, no_name, "groups of the user b"),
            (false, "email is no text, and is left out", "the user b"),
            (false, "the identifier of a user is left out: it is not the login", "the user c"),
            (false, "nothing here is called \"shoe\"", "the user 7"),
        ]
    );
}

/// A user who is in no group.
fn told_user(name: &str) -> Value {
    json!({"id": name, "properties": {"groups": []}})
}

/// A server of so many users and no groups, that shows so many of them on a page.
fn crowd(count: usize, page: usize, results: impl Fn(usize) -> Option<i64> + Send + Sync + 'static) -> Server {
    Server::start(move |asked, out| {
        let index: usize = parameter(&asked.target, "currentPageIndex").parse().unwrap();
        let users = if is_about_groups(asked) { 0 } else { count };
        let shown = (index * page..users.min((index + 1) * page)).map(|n| told_user(&format!("u{n:04}")));
        let shown: Vec<_> = shown.collect();
        answer_json(out, &json!({"resultsCount": results(users), "isNextPageAvailable": false, "entries": shown}));
    })
}

fn names(rows: &[Row]) -> Vec<String> {
    let name = |row: &Row| match &row.record {
        Ok(Some(Record::User(user))) => Some(user.name.clone()),
        Ok(None) => None,
        other => panic!("no user: {other:?}"),
    };
    rows.iter().filter_map(name).collect()
}

#[test]
fn all_pages_come_whatever_the_server_says_of_their_number() {
    let expected: Vec<_> = (0..600).map(|n| format!("u{n:04}")).collect();
    let known = |count: usize| Some(count as i64);
    for (server, requests) in [
        (crowd(600, 250, known), 4),
        // Pages that are smaller than what was asked for.
        (crowd(600, 200, known), 4),
        // Until nothing comes.
        (crowd(600, 200, |_| Some(-1)), 5),
        (crowd(600, 200, |_| Some(-2)), 5),
        (crowd(600, 200, |_| None), 5),
    ] {
        let rows = all(ask_nuxeo(&server.source()));
        assert_eq!(names(&rows), expected);
        assert_eq!(remarks(&rows), []);
        assert_eq!(server.targets().len(), requests);
    }
    let rows = all(ask_nuxeo(&crowd(3, 250, |count| Some(count as i64 * 2)).source()));
    assert_eq!(names(&rows).len(), 3);
    let expected = (true, "the server counts more users than it shows", "it counts 6 and shows 3");
    assert_eq!(remarks(&rows), [expected]);
}

#[test]
fn a_list_that_begins_anew_ends() {
    for wrap in [0, 2] {
        let server = Server::start(move |asked, out| {
            let index: usize = parameter(&asked.target, "currentPageIndex").parse().unwrap();
            let page = if index > 2 { wrap } else { index };
            let shown = if is_about_groups(asked) { json!([]) } else { json!([told_user(&format!("u{page}"))]) };
            answer_json(out, &json!({"resultsCount": -1, "entries": shown}));
        });
        let rows = all(ask_nuxeo(&server.source()));
        assert_eq!(names(&rows), ["u0", "u1", "u2"]);
        let text = "the server begins again with the users that it has shown: some may be missing";
        assert_eq!(remarks(&rows), [(true, text, "")]);
    }
}

#[test]
fn users_who_are_too_many_for_one_list_are_found_by_their_beginnings() {
    let all_names = ["ada", "adele", "bob", "\u{e4}nne", "Zed", "_x", "abcdefg", "\u{65e5}\u{672c}"];
    let server = Server::start(move |asked, out| {
        let query = parameter(&asked.target, "q");
        let found: Vec<_> = if is_about_groups(asked) {
            Vec::new()
        } else {
            let is_found = |name: &&str| query == "*" || name.to_lowercase().starts_with(&query);
            all_names.into_iter().filter(is_found).map(told_user).collect()
        };
        // No more than two at a time, and some beginning that is always too long.
        let overflow = found.len() > 2 || ("abcdefg".starts_with(&query) && query.len() <= 4);
        let shown = if overflow { &[] } else { found.as_slice() };
        answer_json(out, &json!({"hasError": overflow, "resultsCount": found.len(), "entries": shown}));
    });
    let rows = all(ask_nuxeo(&server.source()));
    let mut found = names(&rows);
    found.sort();
    assert_eq!(found, ["Zed", "_x", "ada", "adele", "bob", "\u{e4}nne"]);
    let remarks = remarks(&rows);
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].0 && remarks[0].1.starts_with("the server does not list all users at once: "), "{remarks:?}");
    let expected = (true, "the server does not list all users that begin with some characters", "\"abcd\"");
    assert_eq!(remarks[1], expected);
}

#[test]
fn a_search_that_does_not_end_is_given_up() {
    let server = Server::start(|_, out| answer_json(out, &json!({"hasError": true, "entries": []})));
    let mut client = Client::new(&server.source(), Credential::Nuxeo(basic())).unwrap();
    client.search_max = 20;
    let expected = format!("{} does not let all groups be found, not even by 20 requests", server.url);
    assert_eq!(why(nuxeo_by(client)), expected);
    assert_eq!(server.targets().len(), 20);
}

#[test]
fn groups_that_are_missing_are_told_where_there_is_nothing_else() {
    let server = Server::start(|asked, out| {
        if is_about_groups(asked) {
            answer_json(out, &json!({"hasError": false, "resultsCount": 7, "entries": []}));
        } else {
            answer_json(out, &json!({"entries": [], "resultsCount": 0}));
        }
    });
    let rows = all(ask_nuxeo(&server.source()));
    let expected = (true, "the server counts more groups than it shows", "it counts 7 and shows 0");
    assert_eq!(remarks(&rows), [expected]);
}

#[test]
fn a_page_that_fails_ends_the_list_with_the_reason() {
    let server = Server::start(|asked, out| match parameter(&asked.target, "currentPageIndex").as_str() {
        "0" => answer_json(out, &json!({"resultsCount": 9, "entries": [{"id": "a"}]})),
        _ => answer(out, "401 Unauthorized", "", ""),
    });
    let rows: Vec<_> = ask_nuxeo(&server.source()).unwrap().collect();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].is_ok());
    let expected = format!("{} answers 401: it does not take the password of the user \"Administrator\"", server.url);
    assert_eq!(rows[1].as_ref().unwrap_err().to_string(), expected);
}
