//! Random PATCH requests.

use super::*;
use crate::dialect::scim::document::canonical;
use crate::dialect::scim::samples::{random, text};
use crate::json;
use crate::random::Random;

const PATHS: [&str; 34] = [
    "userName",
    "title",
    "active",
    "name",
    "name.givenName",
    "emails",
    "emails.value",
    "emails.primary",
    "emails[type eq \"work\"]",
    "emails[type eq \"work\"].value",
    "emails[primary eq true].primary",
    "emails[value co \"a\" or not (type pr)].display",
    "roles",
    "roles.value",
    "x509Certificates",
    "password",
    "URN",
    "URN:department",
    "URN:manager",
    "URN.manager.value",
    "URN:manager.displayName",
    "id",
    "meta",
    "meta.version",
    "groups",
    "schemas",
    "externalId",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "",
    "x",
    "emails[",
    "emails[x]",
    "a.b.c",
    "urn:x",
];

/// A random value, of a type that fits or of another.
fn value(random: &mut Random, depth: usize) -> String {
    const KEYS: [&str; 12] = [
        "value",
        "type",
        "primary",
        "display",
        "givenName",
        "title",
        "active",
        "emails",
        "VALUE",
        "schemas",
        "$ref",
        "x",
    ];
    match random.below(if depth == 0 { 6 } else { 10 }) {
        0 => "null".to_owned(),
        1 => random.pick(&["true", "false", "\"True\""]).to_owned(),
        2 => random.pick(&["1", "-1.5e400", "{}", "[]"]).to_owned(),
        3 => random.pick(&["\"work\"", "\"AAEC\""]).to_owned(),
        4 | 5 => json::to_string(&text(random)),
        6 | 7 => {
            let items: Vec<String> = (0..random.below(3)).map(|_| value(random, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let key = |random: &mut Random| match random.below(3) {
                0 => random.pick(&PATHS),
                _ => random.pick(&KEYS),
            };
            let members: Vec<String> = (0..random.below(4))
                .map(|_| format!("{}:{}", json::to_string(key(random)), value(random, depth - 1)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn operation(random: &mut Random) -> String {
    let op = random.pick(&["add", "Add", "replace", "Replace", "remove", "remove", "move"]);
    let mut members = vec![format!("\"op\":\"{op}\"")];
    if !random.one_in(4) {
        members.push(format!("\"path\":{}", json::to_string(random.pick(&PATHS))));
    }
    if !random.one_in(6) {
        members.push(format!("\"value\":{}", value(random, 3)));
    }
    format!("{{{}}}", members.join(","))
}

/// Applies that many random requests.
fn apply_random_requests(count: usize) {
    let mut random = random();
    let mut document = user();
    let (mut changed, mut refused) = (0, 0);
    for _ in 0..count {
        if random.one_in(20) {
            document = user();
        }
        let operations: Vec<String> = (0..=random.below(3)).map(|_| operation(&mut random)).collect();
        let operations = format!("[{}]", operations.join(","));
        let before = document.clone();
        match patch(&operations, &USER).and_then(|patch| patch.apply(&mut document).map(|()| patch)) {
            Ok(_) => {
                changed += usize::from(document != before);
                // The document stays canonical. Only `id` and `meta` are no part of a body.
                let mut body = document.clone();
                let kept = [body.remove("id"), body.remove("meta")];
                assert_eq!(kept, ["id", "meta"].map(|name| before.get(name).cloned()), "{operations}");
                assert_eq!(canonical(&USER, Json::Object(body.clone())), Ok(body), "{operations}");
            }
            Err(problem) => {
                refused += 1;
                assert!(problem.status == 400 && problem.scim_type.is_some(), "{operations}: {problem:?}");
                assert_eq!(document, before, "{operations}");
            }
        }
        if let Ok(patch) = patch(&operations.replace("emails", "members"), &GROUP) {
            let _ = patch.group_steps("g");
        }
    }
    assert!(changed > count / 50 && refused > count / 10, "{changed} {refused}");
}

/// Parses that many random JSON values as bodies.
fn parse_random_bodies(count: usize) {
    let mut random = random();
    for _ in 0..count {
        let body = value(&mut random, 4).replace("URN", ENTERPRISE);
        if let Ok(document) = canonical(&USER, json(&body.replace("title", "userName"))) {
            assert_eq!(canonical(&USER, Json::Object(document.clone())), Ok(document), "{body}");
        }
        let _ = Patch::parse(json(&body), &USER);
        let _ = Patch::parse(json(&format!("{{\"Operations\":[{body}]}}")), &GROUP);
    }
}

#[test]
fn random_requests_change_a_document_or_are_refused() {
    apply_random_requests(10_000);
    parse_random_bodies(10_000);
}

#[test]
fn an_add_that_is_repeated_changes_nothing() {
    let mut random = random();
    for _ in 0..2000 {
        let element = value(&mut random, 2);
        let operations = format!(
            r#"[{{"op":"add","path":"{}","value":{element}}}]"#,
            random.pick(&["emails", "roles", "name", "title"])
        );
        let mut document = user();
        let Ok(patch) = patch(&operations, &USER) else { continue };
        if patch.apply(&mut document).is_ok() {
            let once = document.clone();
            patch.apply(&mut document).unwrap();
            assert_eq!(document, once, "{operations}");
        }
    }
}

#[test]
#[ignore = "a million requests"]
fn a_million_requests_change_a_document_or_are_refused() {
    apply_random_requests(1_000_000);
    parse_random_bodies(1_000_000);
}
