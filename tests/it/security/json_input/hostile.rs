//! Hostile JSON, and the rule for the JSON of the server.

use crate::support::client::Answer;
use crate::support::server::Server;
use rollbook::json::{Json, members};
use serde_json::json;
use std::collections::HashSet;

/// Keys to which a JSON library gives a meaning in some of its configurations.
pub const KEYS: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

/// An object with that key, whose text holds arrays around another such object, and so on: a parser that decodes the
/// text exceeds its limit of depth.
pub fn nested(key: &str, levels: usize, depth: usize) -> String {
    let mut value = "1".to_owned();
    for _ in 0..levels {
        let text = format!("{}{value}{}", "[".repeat(depth), "]".repeat(depth));
        value = json!({ key: text }).to_string();
    }
    value
}

/// Values that a vulnerable parser reads as something else.
pub fn hostile_values() -> Vec<String> {
    let mut values = vec!["18446744073709551616".to_owned(), "1.10".to_owned(), "1e400".to_owned(), "-0".to_owned()];
    for key in KEYS {
        let escaped = format!("\\u0024{}", &key[1..]);
        values.push(nested(key, 10, 120));
        values.push(nested(key, 1, 0));
        for value in ["\"1\"", "\"[1,2]\"", "\"}\"", "\"\"", "1", "null", "{\"a\":1}"] {
            values.push(format!("{{\"{key}\":{value}}}"));
            values.push(format!("{{\"{escaped}\":{value}}}"));
            values.push(format!("{{\"{key}\":{value},\"b\":2}}"));
            values.push(format!("[[{{\"a\":{{\"{key}\":{value}}}}}]]"));
        }
    }
    values
}

/// Requires valid JSON in which no object has a key twice.
pub fn assert_valid(text: &str, call: &str) {
    fn keys(value: &str, call: &str) {
        let value = value.trim_start();
        if value.starts_with('{') {
            let members = members(value).unwrap_or_else(|error| panic!("{error} in {call}"));
            let mut seen = HashSet::new();
            for (key, inner) in members {
                assert!(seen.insert(key.clone()), "{key:?} comes twice in {call}");
                keys(inner, call);
            }
        } else if value.starts_with('[') {
            // The objects of an array are checked, too.
            let Json::Array(items) = Json::parse_stored(value.as_bytes()).expect("an array") else { unreachable!() };
            items.iter().filter(|item| matches!(item, Json::Object(_))).for_each(|item| keys(&item.to_string(), call));
        }
    }
    if let Err(error) = Json::parse_stored(text.as_bytes()) {
        panic!("{error}: {call} answers {text}");
    }
    keys(text, call);
}

/// A call of the page.
pub fn page(server: &Server, cookie: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
    let headers = [("Cookie", cookie), ("X-Requested-With", "rollbook")];
    server.request(method, &format!("/ui/api/{path}"), &headers, body.map(str::as_bytes))
}
