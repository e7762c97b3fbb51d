//! Broken, odd and hostile input by the hundred thousand, and always the same: the seed is fixed.
//!
//! `ROLLBOOK_FUZZ` sets how many inputs, `ROLLBOOK_SEED` which. Whatever comes in, the server answers in its
//! documents or closes, never panics, and answers 5xx only where that is written down. Callers without rights change
//! nothing; after an administrator's calls the database is sound.

mod words;

use self::words::{
    CHUNK_WORDS, CREDENTIALS, DATADOG_CALLS, DATADOG_DOCUMENTS, DATADOG_HEADS, DATADOG_ROOTS, HEAD_WORDS, JSON_WORDS,
    LISTS, NAMES, NUXEO_CALLS, NUXEO_DOCUMENTS, NUXEO_HEADS, NUXEO_ROOTS, ODD_FIELDS, PATH_WORDS, QUERY_NAMES,
    QUERY_VALUES, SCALARS,
};
use crate::support::cli::create_key;
use crate::support::client::basic;
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_group, create_user};
use crate::support::rng::Random;
use crate::support::server::{API_KEY, APP_KEY, Server};
use crate::support::wait::PATIENCE;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rollbook::json::Json;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

const THREADS: usize = 4;

/// Requests that are on their way at once on one connection.
const BATCH: usize = 12;

/// Beyond this a request goes alone, so that neither side waits for the other to read.
const ALONE: usize = 16 * 1024;

/// Checks of passwords take long, so most credentials are such that none is needed: one in so many is.
const HASHED_ONE_IN: usize = 400;

/// The sender of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rights {
    /// Strangers, readers, ordinary users.
    None,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Head,
    Chunks,
    Path,
    Json,
    Credentials,
}

/// The share of each kind, in hundredths.
const SHARES: [(Kind, usize); 5] =
    [(Kind::Head, 25), (Kind::Chunks, 10), (Kind::Path, 25), (Kind::Json, 30), (Kind::Credentials, 10)];

/// How often each status came; 0 is a close without an answer.
type Counts = BTreeMap<(Kind, u16), usize>;

/// The credentials that inputs are sent with.
struct Keys {
    read: String,
    ordinary: String,
    administrator: String,
}

#[test]
fn fuzzed_input_without_rights_breaks_and_changes_nothing() {
    fuzz(Rights::None, 60);
}

#[test]
fn fuzzed_input_of_an_administrator_breaks_nothing() {
    fuzz(Rights::All, 40);
}

fn fuzz(rights: Rights, hundredths: usize) {
    let count = std::env::var("ROLLBOOK_FUZZ").map_or(100_000, |count| count.parse().expect("a number"));
    let seed = Random::seed("ROLLBOOK_SEED", 20_260_101);
    println!("ROLLBOOK_FUZZ={count} ROLLBOOK_SEED={seed}");
    let folder = Arc::new(Folder::new());
    let read = create_key_of_a_new_folder(&folder);
    let server = Server::over(Arc::clone(&folder), &["--body-timeout", "30", "--head-timeout", "30"]);
    let keys = prepare(&server, read);
    let state = State::of(&folder);
    let before = state.whole();
    let counts = std::thread::scope(|scope| {
        let threads = (0..THREADS).map(|thread| {
            let (keys, address) = (&keys, server.address);
            scope.spawn(move || {
                let mut fuzzer = Fuzzer {
                    random: Random::new(seed.wrapping_mul(31).wrapping_add(1000 * rights as u64 + thread as u64)),
                    rights,
                    keys,
                    address,
                    counts: Counts::new(),
                };
                for (kind, share) in SHARES {
                    fuzzer.run(kind, count * hundredths * share / 10_000 / THREADS);
                }
                fuzzer.counts
            })
        });
        let threads: Vec<_> = threads.collect();
        let mut counts = Counts::new();
        for thread in threads {
            for (key, count) in thread.join().expect("a thread of inputs") {
                *counts.entry(key).or_default() += count;
            }
        }
        counts
    });
    for (kind, _) in SHARES {
        let of_kind: Vec<String> = counts
            .iter()
            .filter(|((found, _), _)| *found == kind)
            .map(|((_, status), count)| format!("{status}: {count}"))
            .collect();
        println!("{rights:?} {kind:?} {}", of_kind.join(", "));
    }
    println!("{rights:?} {} answers and closes", counts.values().sum::<usize>());
    // It still works, and has nothing to say about its inside.
    assert_eq!(server.nuxeo("GET", "/user/Administrator", None).status, 200);
    assert_eq!(server.datadog("GET", "/api/v1/user/administrator", None).status, 200);
    if rights == Rights::None {
        assert_eq!(State::differences(&before, &state.whole()), [""; 0], "seed {seed}");
    } else {
        assert_ne!(state.whole(), before, "an administrator's inputs are not all refused");
    }
    state.assert_sound();
    drop(state);
    let log = server.stop_for_log();
    for word in ["panicked", "ERROR", "RUST_BACKTRACE"] {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "seed {seed}: {line:?}");
    }
    // An expected status of each sort came, so that it was not all turned away at one door.
    for status in [200, 400, 401, 403, 404, 405] {
        assert!(counts.iter().any(|((_, found), _)| *found == status), "no {status} among {counts:?}");
    }
}

fn create_key_of_a_new_folder(folder: &Arc<Folder>) -> String {
    assert!(Server::over(Arc::clone(folder), &[]).stop().success());
    create_key(folder, "app", Some("read"))
}

fn prepare(server: &Server, read: String) -> Keys {
    create_user(server, serde_json::json!({"username": "ada", "password": "secret"}));
    create_user(server, serde_json::json!({"username": "team/eve", "groups": ["members"]}));
    create_group(
        server,
        serde_json::json!({"id": "team", "memberUsers": ["ada", "later"], "parentGroups": ["members"]}),
    );
    create_group(server, serde_json::json!({"id": "a/b"}));
    let token = |authorization: String| {
        let path = "/nuxeo/authentication/token?applicationName=fuzz&deviceId=fuzz&permission=rw";
        let answer = server.request("GET", path, &[("Authorization", &authorization)], None);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.text().to_owned()
    };
    let (ordinary, administrator) =
        (token(basic("ada", "secret")), token(basic("Administrator", crate::support::server::ADMIN_PASSWORD)));
    // The first use of a key is written down a little later; a later write comes after it.
    for (name, token) in [("ordinary", &ordinary), ("administrator", &administrator)] {
        let header = [("X-Authentication-Token", token.as_str())];
        assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &header, None).status, 200, "{name}");
    }
    assert_eq!(server.datadog_as(&read, "GET", "/api/v1/user", None).status, 200);
    create_group(server, serde_json::json!({"id": "last"}));
    Keys { read, ordinary, administrator }
}

/// One request, or what should have been one.
struct Input {
    bytes: Vec<u8>,
    dialect: Dialect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Datadog,
    Nuxeo,
}

struct Fuzzer<'k> {
    random: Random,
    rights: Rights,
    keys: &'k Keys,
    address: SocketAddr,
    counts: Counts,
}

/// An answer, as far as it is looked at.
struct Found {
    status: u16,
    close: bool,
    kind: String,
    body: Vec<u8>,
    head: String,
}

impl Fuzzer<'_> {
    fn run(&mut self, kind: Kind, count: usize) {
        let mut left = count;
        while left > 0 {
            match kind {
                // A request that may break the framing uses its own connection.
                Kind::Head | Kind::Chunks => {
                    let input = if kind == Kind::Head { self.head() } else { self.chunks() };
                    self.alone(kind, &input);
                    left -= 1;
                }
                Kind::Path | Kind::Json | Kind::Credentials => {
                    let mut batch = Vec::new();
                    while batch.len() < BATCH.min(left) {
                        let input = match kind {
                            Kind::Path => self.path(),
                            Kind::Json => self.json(),
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

    /// Gives the administrator their rights back, which their own inputs can take: there are others by now.
    fn restore(&mut self) {
        let body = br#"{"disabled":false,"access_role":"adm"}"#;
        let input = self.request(Dialect::Datadog, "PUT", b"/api/v1/user/Administrator", Some(body));
        self.together(Kind::Json, &[input]);
    }

    /// Sends an input and nothing after it, and reads to the end whatever comes.
    fn alone(&mut self, kind: Kind, input: &Input) {
        let mut stream = self.connect();
        let _ = stream.write_all(&input.bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut all = Vec::new();
        match stream.read_to_end(&mut all) {
            Ok(_) => {}
            // Bytes that were unread when the server closed.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{error} after {}", input.bytes.escape_ascii()),
        }
        if all.is_empty() {
            *self.counts.entry((kind, 0)).or_default() += 1;
            return;
        }
        // A mutation may move the method: an answer to HEAD is told by what follows it.
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
                    // An earlier one has ended the connection, and said so: again on another one.
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
                // The one for a mistake of the client.
                500 => text.contains("user does not exist: ") && found.head.contains("Retry-After: 1"),
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
        assert_eq!(found.kind, "application/json", "{}", say());
        let document: serde_json::Value = match serde_json::from_slice(body) {
            Ok(document) => document,
            // What was kept may be nested deeper than this reader goes, and have numbers that it has no room for.
            Err(error) => {
                let kept = Json::parse_stored(body).is_ok();
                assert!(kept && *status < 300, "{error}: {}", say());
                return;
            }
        };
        if *status >= 400 {
            let datadog = document["errors"][0].is_string();
            let nuxeo = document["entity-type"] == "exception" && document["message"].is_string();
            assert!(datadog != nuxeo, "{}", say());
            // Where the path is sure, so is the dialect.
            if kind == Kind::Json || kind == Kind::Credentials {
                assert_eq!(nuxeo, input.dialect == Dialect::Nuxeo, "{}", say());
            }
        } else {
            assert!(document.is_object(), "{}", say());
        }
    }

    // ------------------------------------------------------------------------------------- making

    /// The header fields of a caller.
    fn fields(&mut self, dialect: Dialect) -> String {
        match (dialect, self.rights) {
            (Dialect::Datadog, Rights::All) => format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\n"),
            (Dialect::Nuxeo, Rights::All) => format!("X-Authentication-Token: {}\r\n", self.keys.administrator),
            (_, Rights::None) if self.random.one_in(4) => String::new(),
            (Dialect::Datadog, Rights::None) => {
                format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {}\r\n", self.keys.read)
            }
            (Dialect::Nuxeo, Rights::None) => format!("X-Authentication-Token: {}\r\n", self.keys.ordinary),
        }
    }

    fn dialect(&mut self) -> Dialect {
        if self.random.one_in(2) { Dialect::Datadog } else { Dialect::Nuxeo }
    }

    fn request(&mut self, dialect: Dialect, method: &str, target: &[u8], body: Option<&[u8]>) -> Input {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(method.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(target);
        bytes.extend_from_slice(b" HTTP/1.1\r\nHost: fuzz\r\n");
        bytes.extend_from_slice(self.fields(dialect).as_bytes());
        if let Some(body) = body {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend_from_slice(body);
        } else {
            bytes.extend_from_slice(b"\r\n");
        }
        Input { bytes, dialect }
    }

    /// A valid head, mutated at the level of bytes.
    fn head(&mut self) -> Input {
        let dialect = self.dialect();
        let (method, path, body) = self.random.pick(match dialect {
            Dialect::Datadog => DATADOG_HEADS,
            Dialect::Nuxeo => NUXEO_HEADS,
        });
        let mut input = self.request(dialect, method, path.as_bytes(), body.map(str::as_bytes));
        for _ in 0..1 + self.random.below(4) {
            self.mutate(&mut input.bytes, HEAD_WORDS);
        }
        input
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, words: &[&[u8]]) {
        let at = self.random.below(bytes.len() + 1);
        let end = (at + self.random.below(12)).min(bytes.len());
        match self.random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.random.below(8),
            1 if at < bytes.len() => bytes[at] = self.random.next().to_le_bytes()[0],
            2 => bytes.insert(at, self.random.next().to_le_bytes()[0]),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5 if !bytes.is_empty() => {
                // A whole line twice, or a line moved.
                let lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let line = lines[self.random.below(lines.len())].clone();
                let start: usize = lines[..self.random.below(lines.len() + 1)].iter().map(Vec::len).sum();
                bytes.splice(start..start, line);
            }
            6 => bytes.truncate(at.max(1)),
            _ => {
                let word = self.random.pick(words);
                let end = if self.random.one_in(2) { at } else { end };
                bytes.splice(at..end, word.iter().copied());
            }
        }
        if self.random.one_in(2000) {
            // Longer than a head may be.
            let filler = vec![self.random.pick(b"a \t:/%\x80"); 17 * 1024];
            bytes.splice(at.min(bytes.len())..at.min(bytes.len()), filler);
        }
    }

    /// A chunked body: most are broken somewhere.
    fn chunks(&mut self) -> Input {
        let dialect = self.dialect();
        let (path, body) = match dialect {
            Dialect::Datadog => ("/api/v1/user", r#"{"handle":"chunk@example.com"}"#),
            Dialect::Nuxeo => ("/nuxeo/api/v1/user", r#"{"entity-type":"user","properties":{"username":"chunk"}}"#),
        };
        let mut coded = Vec::new();
        let mut rest = body.as_bytes();
        while !rest.is_empty() {
            let (chunk, more) = rest.split_at(1 + self.random.below(rest.len()));
            rest = more;
            let size = match self.random.below(4) {
                0 => format!("{:X}", chunk.len()),
                1 => format!("{:04x}", chunk.len()),
                2 => format!("{:x};name=\"value\"", chunk.len()),
                _ => format!("{:x}", chunk.len()),
            };
            coded.extend_from_slice(size.as_bytes());
            coded.extend_from_slice(b"\r\n");
            coded.extend_from_slice(chunk);
            coded.extend_from_slice(b"\r\n");
        }
        coded.extend_from_slice(if self.random.one_in(3) { b"0\r\nX-End: 1\r\n\r\n" } else { b"0\r\n\r\n" });
        for _ in 0..self.random.below(4) {
            self.mutate(&mut coded, CHUNK_WORDS);
        }
        let fields = self.fields(dialect);
        let mut bytes =
            format!("POST {path} HTTP/1.1\r\nHost: fuzz\r\n{fields}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        bytes.extend_from_slice(&coded);
        if self.random.one_in(3) {
            // The next request of another client, which must not become part of this one.
            bytes.extend_from_slice(b"GET /api/v1/validate HTTP/1.1\r\nHost: fuzz\r\n\r\n");
        }
        Input { bytes, dialect }
    }

    /// A path and a query that no client would send.
    fn path(&mut self) -> Input {
        let dialect = self.dialect();
        let mut target = self
            .random
            .pick(match dialect {
                Dialect::Datadog => DATADOG_ROOTS,
                Dialect::Nuxeo => NUXEO_ROOTS,
            })
            .as_bytes()
            .to_vec();
        for _ in 0..self.random.below(6) {
            if self.random.one_in(2) {
                target.push(b'/');
            }
            let piece: &[u8] = self.random.pick(PATH_WORDS);
            target.extend_from_slice(piece);
            if self.random.one_in(6) {
                let byte = self.random.next().to_le_bytes()[0];
                target.extend_from_slice(format!("%{byte:02x}").as_bytes());
            }
        }
        if self.random.one_in(2) {
            target.push(b'?');
            for _ in 0..self.random.below(5) {
                let (name, value) = (self.random.pick(QUERY_NAMES), self.random.pick(QUERY_VALUES));
                target.extend_from_slice(format!("{name}={value}&").as_bytes());
            }
            if self.random.one_in(3) {
                let piece: &[u8] = self.random.pick(PATH_WORDS);
                target.extend_from_slice(piece);
            }
        }
        if self.random.one_in(300) {
            let piece: &[u8] = self.random.pick(PATH_WORDS);
            target.extend(piece.iter().copied().cycle().take(9000.min(piece.len() * 9000)));
        }
        let method = self.random.pick(&["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
        let body = match method {
            "POST" | "PUT" if self.random.one_in(2) => Some(br#"{"entity-type":"user","name":"x"}"#.as_slice()),
            "POST" | "PUT" => Some(b"".as_slice()),
            _ => None,
        };
        self.request(dialect, method, &target, body)
    }

    /// A document with the fields that are known and values that are not.
    fn json(&mut self) -> Input {
        let dialect = self.dialect();
        let (method, path, fields): (&str, &str, &[&str]) = self.random.pick(match dialect {
            Dialect::Datadog => DATADOG_DOCUMENTS,
            Dialect::Nuxeo => NUXEO_DOCUMENTS,
        });
        let mut body = String::from("{");
        // With a right beginning it gets further.
        if dialect == Dialect::Nuxeo && !self.random.one_in(8) {
            let entity = if path.contains("group") { "group" } else { "user" };
            body.push_str(&format!("\"entity-type\":\"{entity}\","));
        }
        let nested = dialect == Dialect::Nuxeo && !path.contains("changepassword") && self.random.one_in(2);
        if nested {
            body.push_str("\"properties\":{");
            self.members(&mut body, fields);
            body.push_str("},");
        }
        self.members(&mut body, fields);
        body.push('}');
        if self.random.one_in(12) {
            let mut bytes = body.into_bytes();
            self.mutate(&mut bytes, JSON_WORDS);
            return self.request(dialect, method, path.as_bytes(), Some(&bytes));
        }
        self.request(dialect, method, path.as_bytes(), Some(body.as_bytes()))
    }

    /// Some of these fields, some of them twice.
    fn members(&mut self, out: &mut String, fields: &[&str]) {
        // Some documents are right in all but one thing, or in everything.
        let tame = self.random.one_in(3);
        for at in 0..self.random.below(6) {
            if at > 0 {
                out.push(',');
            }
            let field = if self.random.one_in(10) { self.random.pick(ODD_FIELDS) } else { self.random.pick(fields) };
            // A password that is one costs a hash.
            let hashed = field.to_ascii_lowercase().contains("password") && !self.random.one_in(HASHED_ONE_IN);
            out.push_str(&format!("\"{field}\":"));
            if tame && !hashed && !self.random.one_in(12) {
                out.push_str(match field {
                    "emails" => self.random.pick(&["[\"x@example.com\"]", "[]"]),
                    "handle" | "email" => self.random.pick(&["\"x@example.com\"", "\"Y@Example.Com\""]),
                    "access_role" => self.random.pick(&["\"st\"", "\"ro\"", "null"]),
                    "is_admin" | "disabled" | "verified" => self.random.pick(&["true", "false", "null"]),
                    "groups" | "memberUsers" | "memberGroups" | "parentGroups" => self.random.pick(LISTS),
                    "properties" => "null",
                    _ => self.random.pick(&["\"x\"", "\"ada\"", "\"\u{e9}\u{17f}\"", "\"x y\"", "\"a/b\"", "7"]),
                });
            } else if hashed {
                out.push_str(self.random.pick(&["null", "\"\"", "[]", "{}", "[\"x\"]"]));
            } else {
                self.value(out, 0);
            }
        }
    }

    fn value(&mut self, out: &mut String, depth: usize) {
        match self.random.below(16) {
            0..8 => out.push_str(self.random.pick(NAMES)),
            8..12 => out.push_str(self.random.pick(SCALARS)),
            12 | 13 if depth < 4 => {
                out.push('[');
                for at in 0..self.random.below(4) {
                    if at > 0 {
                        out.push(',');
                    }
                    self.value(out, depth + 1);
                }
                out.push(']');
            }
            14 if depth < 4 => {
                out.push_str("{\"a\":");
                self.value(out, depth + 1);
                out.push('}');
            }
            _ if self.random.one_in(60) => {
                let levels = self.random.pick(&[100, 127, 128, 129, 1000, 20_000]);
                let (open, close) = self.random.pick(&[("[", "]"), ("{\"a\":", "}")]);
                out.push_str(&open.repeat(levels));
                out.push('1');
                out.push_str(&close.repeat(levels));
            }
            _ if self.random.one_in(60) => {
                let letter = self.random.pick(&["a", "\u{e9}", "\\u0061", "\u{1f600}", "%", "9"]);
                let count = self.random.pick(&[255, 256, 1024, 1025, 4097, 65_537]);
                out.push_str(&format!("\"{}\"", letter.repeat(count)));
            }
            _ => out.push_str(self.random.pick(NAMES)),
        }
    }

    /// Credentials in a form that they should not have.
    fn credentials(&mut self) -> Input {
        let dialect = if self.random.one_in(4) { Dialect::Datadog } else { Dialect::Nuxeo };
        let mut text: Vec<u8> = self.random.pick(CREDENTIALS).to_vec();
        for _ in 0..self.random.below(3) {
            self.mutate(&mut text, &[b":", b"\0", b"\xff", b"\xc3\xa9", b"\r\n", b"Administrator", b"ada", b" "]);
        }
        let checked = text.iter().position(|byte| *byte == b':').is_some_and(|colon| {
            let (user, password) = (&text[..colon], &text[colon + 1..]);
            !password.is_empty() && std::str::from_utf8(user).is_ok_and(|user| !user.trim().is_empty())
        }) && std::str::from_utf8(&text).is_ok();
        let mut value = BASE64_STANDARD.encode(&text).into_bytes();
        // Whole credentials are broken in the coding instead.
        if checked && !self.random.one_in(HASHED_ONE_IN) {
            let at = self.random.below(value.len());
            value[at] = self.random.pick(b"!*-_.,~ \t=\x80\xff");
            if BASE64_STANDARD.decode(value.trim_ascii()).is_ok() {
                value.insert(0, b'!');
            }
        }
        let scheme = self.random.pick(&["Basic", "Basic", "Basic", "basic", "BASIC", "Bearer", "Basic ", "Digest", ""]);
        let whole = [scheme.as_bytes(), b" ", &value].concat();
        let mut bytes = match dialect {
            Dialect::Nuxeo => self.random.pick(NUXEO_CALLS).as_bytes().to_vec(),
            Dialect::Datadog => self.random.pick(DATADOG_CALLS).as_bytes().to_vec(),
        };
        bytes.extend_from_slice(b" HTTP/1.1\r\nHost: fuzz\r\n");
        let names: &[&str] = match dialect {
            Dialect::Nuxeo => &[
                "Authorization",
                "Authorization",
                "X-Authentication-Token",
                "Cookie: X-Authentication-Token=",
                "Cookie: JSESSIONID=",
            ],
            Dialect::Datadog => &["DD-API-KEY", "DD-APPLICATION-KEY"],
        };
        let name = self.random.pick(names);
        let odd: Vec<u8> = match name {
            "Authorization" => whole,
            // Anything may stand there, as long as it is a header field's value.
            _ => text,
        };
        let odd = odd.iter().copied().filter(|byte| (*byte >= b' ' && *byte != 0x7f) || *byte == b'\t');
        if name == "DD-APPLICATION-KEY" {
            bytes.extend_from_slice(format!("DD-API-KEY: {API_KEY}\r\n").as_bytes());
        }
        bytes.extend_from_slice(name.as_bytes());
        if !name.ends_with('=') {
            bytes.extend_from_slice(b": ");
        }
        bytes.extend(odd);
        bytes.extend_from_slice(b"\r\n\r\n");
        Input { bytes, dialect }
    }
}

/// The first answer in these bytes and its length; `None` when it is not all there.
fn parse(bytes: &[u8], head_only: bool) -> Option<(Found, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head in ASCII").to_owned();
    assert!(head.starts_with("HTTP/1.1 "), "{head}");
    let status: u16 = head[9..12].parse().expect("a status");
    let field = |name: &str| {
        let line =
            head.lines().find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
        line[name.len()..].strip_prefix(": ")
    };
    let mut found = Found {
        status,
        close: field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
        kind: field("Content-Type").unwrap_or_default().to_owned(),
        body: Vec::new(),
        head: head.clone(),
    };
    if head_only || matches!(status, 100 | 204) {
        return Some((found, end));
    }
    if field("Transfer-Encoding").is_some() {
        let mut at = end;
        loop {
            let line = bytes[at..].windows(2).position(|window| window == b"\r\n")?;
            let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).expect("a size");
            at += line + 2;
            found.body.extend_from_slice(bytes.get(at..at + size)?);
            at += size + 2;
            if bytes.len() < at {
                return None;
            }
            if size == 0 {
                return Some((found, at));
            }
        }
    }
    let length: usize = field("Content-Length").map_or(0, |length| length.parse().expect("a length"));
    found.body = bytes.get(end..end + length)?.to_vec();
    Some((found, end + length))
}
