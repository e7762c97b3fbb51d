//! Sends inputs and checks the answers.

use super::answer::{Found, parse};
use super::input::{Dialect, Input, Keys, Kind, Rights};
use crate::support::rng::Random;
use crate::support::wait::PATIENCE;
use rollbook::json::Json;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// The number of requests that are sent on one connection without waiting.
const BATCH: usize = 12;

/// A longer request is sent alone, so that neither side waits for the other to read.
const ALONE: usize = 16 * 1024;

/// The number of answers by status; 0 is a close without an answer.
pub type Counts = BTreeMap<(Kind, u16), usize>;

pub struct Fuzzer<'k> {
    pub random: Random,
    pub rights: Rights,
    pub keys: &'k Keys,
    pub address: SocketAddr,
    pub counts: Counts,
}

impl Fuzzer<'_> {
    pub fn run(&mut self, kind: Kind, count: usize) {
        let mut left = count;
        while left > 0 {
            match kind {
                // A request that may break the framing uses its own connection.
                Kind::Head | Kind::Chunks => {
                    let input = if kind == Kind::Head { self.head() } else { self.chunks() };
                    self.alone(kind, &input);
                    left -= 1;
                }
                Kind::Path | Kind::Json | Kind::Credentials | Kind::Scim => {
                    let mut batch = Vec::new();
                    while batch.len() < BATCH.min(left) {
                        let input = match kind {
                            Kind::Path => self.path(),
                            Kind::Json => self.json(),
                            Kind::Scim => self.scim(),
                            _ => self.credentials(),
                        };
                        let long = input.bytes.len() > ALONE;
                        batch.push(input);
                        if long {
                            break;
                        }
                    }
                    left -= batch.len();
                    self.together(kind, &batch);
                    if self.rights == Rights::All && kind == Kind::Json && self.random.one_in(5) {
                        self.restore();
                    }
                }
            }
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    /// Restores the administrator's rights, which the administrator's own inputs can remove: other administrators exist
    /// by now.
    fn restore(&mut self) {
        let body = br#"{"disabled":false,"access_role":"adm"}"#;
        let input = self.request(Dialect::Datadog, "PUT", b"/api/v1/user/Administrator", Some(body));
        self.together(Kind::Json, &[input]);
    }

    /// Sends an input and nothing after it, and reads all answers.
    fn alone(&mut self, kind: Kind, input: &Input) {
        let mut stream = self.connect();
        let _ = stream.write_all(&input.bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut all = Vec::new();
        match stream.read_to_end(&mut all) {
            Ok(_) => {}
            // The server closed while bytes were unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{error} after {}", input.bytes.escape_ascii()),
        }
        if all.is_empty() {
            *self.counts.entry((kind, 0)).or_default() += 1;
            return;
        }
        // A mutation can move the method: the bytes after an answer show if it was one to HEAD.
        let may_be_head = input.bytes.windows(4).any(|word| word == b"HEAD");
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let whole = parse(rest, false)
                .filter(|(_, length)| rest.len() == *length || rest[*length..].starts_with(b"HTTP/1.1 "));
            let Some((found, length)) = whole.or_else(|| parse(rest, true).filter(|_| may_be_head)) else {
                panic!("no answer: {} to {}", rest.escape_ascii(), input.bytes.escape_ascii());
            };
            rest = &rest[length..];
            if found.status != 100 {
                self.check(kind, input, &found);
            }
        }
    }

    /// Sends several requests on one connection without waiting, and reads as many answers.
    fn together(&mut self, kind: Kind, batch: &[Input]) {
        let mut sent = 0;
        let mut first = 0;
        while first < batch.len() {
            let mut stream = self.connect();
            let bytes: Vec<u8> = batch[first..].iter().flat_map(|input| input.bytes.iter().copied()).collect();
            let _ = stream.write_all(&bytes);
            let mut buffer = Vec::new();
            while first < batch.len() {
                let input = &batch[first];
                let head_only = input.bytes.starts_with(b"HEAD ");
                let found = loop {
                    if let Some((found, length)) = parse(&buffer, head_only) {
                        buffer.drain(..length);
                        break Some(found);
                    }
                    let mut piece = [0; 16 * 1024];
                    match stream.read(&mut piece) {
                        Ok(0) => break None,
                        Ok(count) => buffer.extend_from_slice(&piece[..count]),
                        Err(error) if error.kind() == ErrorKind::ConnectionReset => break None,
                        Err(error) => panic!("{error} after {}", input.bytes.escape_ascii()),
                    }
                };
                let Some(found) = found else {
                    // An earlier answer has ended the connection and announced it: the rest goes to another connection.
                    assert!(first > sent, "no answer to {}", input.bytes.escape_ascii());
                    break;
                };
                self.check(kind, input, &found);
                first += 1;
                if found.close {
                    break;
                }
            }
            sent = first;
        }
    }

    /// Asserts the rules for every answer.
    fn check(&mut self, kind: Kind, input: &Input, found: &Found) {
        let Found { status, body, .. } = found;
        *self.counts.entry((kind, *status)).or_default() += 1;
        let say = || format!("{}{} to {}", found.head, body.escape_ascii(), input.bytes.escape_ascii());
        if *status >= 500 {
            let text = String::from_utf8_lossy(body);
            let documented = match status {
                // The documented 500 for a mistake of the client.
                500 => text.contains("user does not exist: ") && found.head.contains("Retry-After: 1"),
                // Keys are no users.
                501 if kind == Kind::Scim => text.contains("the caller is a key"),
                501 | 505 => matches!(kind, Kind::Head | Kind::Chunks),
                _ => false,
            };
            assert!(documented, "{}", say());
        }
        assert!((200..600).contains(status) && !(300..400).contains(status), "{}", say());
        if body.is_empty() {
            return;
        }
        if found.kind.starts_with("text/plain") {
            assert!(*status < 300 && std::str::from_utf8(body).is_ok(), "{}", say());
            return;
        }
        let media_type = if kind == Kind::Scim { "application/scim+json" } else { "application/json" };
        assert_eq!(found.kind, media_type, "{}", say());
        let document: serde_json::Value = match serde_json::from_slice(body) {
            Ok(document) => document,
            // Stored values can be nested deeper than this parser allows, and have larger numbers.
            Err(error) => {
                let kept = Json::parse_stored(body).is_ok();
                assert!(kept && *status < 300, "{error}: {}", say());
                return;
            }
        };
        if *status >= 400 && kind == Kind::Scim {
            let is_error = document["schemas"][0] == "urn:ietf:params:scim:api:messages:2.0:Error";
            assert!(is_error && document["status"].as_str() == Some(&status.to_string()), "{}", say());
        } else if *status >= 400 {
            let datadog = document["errors"][0].is_string();
            let nuxeo = document["entity-type"] == "exception" && document["message"].is_string();
            assert!(datadog != nuxeo, "{}", say());
            // A valid path determines the dialect.
            if kind == Kind::Json || kind == Kind::Credentials {
                assert_eq!(nuxeo, input.dialect == Some(Dialect::Nuxeo), "{}", say());
            }
        } else {
            assert!(document.is_object(), "{}", say());
        }
    }
}
