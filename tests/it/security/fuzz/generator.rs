//! Generates random inputs.

use super::fuzzer::Fuzzer;
use super::input::{Dialect, Input, Rights};
use super::words::credentials::{CREDENTIALS, DATADOG_CALLS, NUXEO_CALLS};
use super::words::documents::{DATADOG_DOCUMENTS, JSON_WORDS, LISTS, NAMES, NUXEO_DOCUMENTS, ODD_FIELDS, SCALARS};
use super::words::framing::{CHUNK_WORDS, DATADOG_HEADS, HEAD_WORDS, NUXEO_HEADS};
use super::words::targets::{DATADOG_ROOTS, NUXEO_ROOTS, PATH_WORDS, QUERY_NAMES, QUERY_VALUES};
use crate::support::server::{API_KEY, APP_KEY};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// A check of a password takes long, so only one in that many credentials needs one.
const HASHED_ONE_IN: usize = 400;

impl Fuzzer<'_> {
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

    pub fn request(&mut self, dialect: Dialect, method: &str, target: &[u8], body: Option<&[u8]>) -> Input {
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
        Input { bytes, dialect: Some(dialect) }
    }

    /// A valid head, mutated at the level of bytes.
    pub fn head(&mut self) -> Input {
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
                // Repeats or moves a whole line.
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
            // The head becomes longer than the limit.
            let filler = vec![self.random.pick(b"a \t:/%\x80"); 17 * 1024];
            bytes.splice(at.min(bytes.len())..at.min(bytes.len()), filler);
        }
    }

    /// A chunked body; most are invalid.
    pub fn chunks(&mut self) -> Input {
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
        Input { bytes, dialect: Some(dialect) }
    }

    /// A path and a query that no client would send.
    pub fn path(&mut self) -> Input {
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

    /// A document with known fields and random values.
    pub fn json(&mut self) -> Input {
        let dialect = self.dialect();
        let (method, path, fields): (&str, &str, &[&str]) = self.random.pick(match dialect {
            Dialect::Datadog => DATADOG_DOCUMENTS,
            Dialect::Nuxeo => NUXEO_DOCUMENTS,
        });
        let mut body = String::from("{");
        // With a valid beginning the server reads more of it.
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
        // Some documents have one invalid value or none.
        let tame = self.random.one_in(3);
        for at in 0..self.random.below(6) {
            if at > 0 {
                out.push(',');
            }
            let field = if self.random.one_in(10) { self.random.pick(ODD_FIELDS) } else { self.random.pick(fields) };
            // A valid password costs a hash.
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

    /// Credentials in an invalid form.
    pub fn credentials(&mut self) -> Input {
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
        // Complete credentials get an invalid Base64 text instead.
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
            // Other headers get the text as it is; only its control characters are removed below.
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
        Input { bytes, dialect: Some(dialect) }
    }
}
