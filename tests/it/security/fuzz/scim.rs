//! Random requests of identity providers: filters, paths of PATCH, bodies, cursors.

use super::fuzzer::Fuzzer;
use super::input::{Input, Rights};
use super::words::documents::{NAMES, SCALARS};
use super::words::scim::{ATTRIBUTES, FILTER_WORDS, PARAMETER_VALUES, PARAMETERS, PATCH_PATHS, TARGETS, VALUES};
use crate::support::server::APP_KEY;
use std::fmt::Write as _;

impl Fuzzer<'_> {
    pub fn scim(&mut self) -> Input {
        let (method, target) = self.random.pick(TARGETS);
        let mut target = format!("/scim/v2{target}");
        let body = match method {
            "POST" | "PUT" | "PATCH" => Some(self.scim_body(method, &target)),
            _ => None,
        };
        if self.random.one_in(2) {
            target.push('?');
            for _ in 0..self.random.below(4) {
                let name = self.random.pick(PARAMETERS);
                let value =
                    if name == "filter" { self.filter() } else { self.random.pick(PARAMETER_VALUES).to_owned() };
                let _ = write!(target, "{name}={}&", escaped(&value));
            }
        }
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: fuzz\r\n");
        let key = match self.rights {
            Rights::All => APP_KEY,
            Rights::None => &self.keys.read,
        };
        if self.rights == Rights::All || !self.random.one_in(4) {
            let _ = write!(head, "Authorization: Bearer {key}\r\n");
        }
        if let Some(body) = &body {
            let _ = write!(head, "Content-Type: application/scim+json\r\nContent-Length: {}\r\n", body.len());
        }
        let mut bytes = format!("{head}\r\n").into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default().as_bytes());
        Input { bytes, dialect: None }
    }

    /// Words of filters, most of which make none.
    fn filter(&mut self) -> String {
        let mut filter = String::new();
        for _ in 0..self.random.below(9) {
            let operator = self.random.pick(&["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "PR"]);
            match self.random.below(4) {
                0 => filter.push_str(self.random.pick(FILTER_WORDS)),
                1 => filter.push_str(self.random.pick(PATCH_PATHS)),
                _ => {
                    let _ = write!(filter, "{} {operator} {}", self.random.pick(ATTRIBUTES), self.random.pick(NAMES));
                }
            }
            filter.push_str(self.random.pick(&[" ", " and ", " or ", ""]));
        }
        if self.random.one_in(200) {
            filter = self.random.pick(&["(", "not (", "emails[", "\"", "a."]).repeat(3000);
        }
        filter
    }

    fn scim_body(&mut self, method: &str, target: &str) -> String {
        let mut body = String::from("{");
        if target.ends_with("/Bulk") {
            body.push_str("\"Operations\":[");
            for at in 0..self.random.below(4) {
                let (method, path) = self.random.pick(TARGETS);
                let data = if self.random.one_in(3) { "null".to_owned() } else { self.scim_body(method, path) };
                let comma = if at > 0 { "," } else { "" };
                let _ = write!(
                    body,
                    "{comma}{{\"method\":\"{method}\",\"path\":\"{path}\",\"bulkId\":\"b{at}\",\"data\":{data}}}"
                );
            }
            body.push(']');
        } else if method == "PATCH" {
            body.push_str("\"Operations\":[");
            for at in 0..self.random.below(4) {
                let operation = self.random.pick(&["add", "Replace", "remove", "REMOVE", "move"]);
                let comma = if at > 0 { "," } else { "" };
                let _ = write!(body, "{comma}{{\"op\":\"{operation}\",");
                if !self.random.one_in(3) {
                    let path = self.random.pick(PATCH_PATHS).replace('"', "\\\"");
                    let _ = write!(body, "\"path\":\"{path}\",");
                }
                let _ = write!(body, "\"value\":{}}}", self.scim_value());
            }
            body.push(']');
        } else {
            body.push_str(if target.contains("Group") { "\"displayName\":" } else { "\"userName\":" });
            body.push_str(self.random.pick(NAMES));
            for _ in 0..self.random.below(6) {
                let attribute = self.random.pick(ATTRIBUTES);
                let _ = write!(body, ",\"{attribute}\":{}", self.scim_value());
            }
        }
        body.push('}');
        body
    }

    fn scim_value(&mut self) -> &'static str {
        match self.random.below(3) {
            0 => self.random.pick(NAMES),
            1 => self.random.pick(SCALARS),
            _ => self.random.pick(VALUES),
        }
    }
}

/// The text with an escape for each byte that is no letter and no digit.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02x}");
            }
        }
        out
    })
}
