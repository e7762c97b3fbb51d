//! Imports from servers, over real connections.

mod datadog;
mod nuxeo;
mod requests;

use super::*;
use crate::formats::TextField::{self, Company, DisplayName, Email, FirstName, LastName, Title};
use crate::formats::UserTexts;
use crate::formats::{GroupRecord, MemberRecord, Record, Remark, RemarkKind, Role, Row, SubgroupRecord, UserRecord};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
