//! Random filters on random documents.

use super::super::*;
use super::reference::{Sample, document};
use crate::dialect::scim::instant::Instant;
use crate::dialect::scim::samples::random;
use crate::dialect::scim::schema::USER;
use crate::model::{SearchWords, fold_name};
use crate::random::Random;

/// Compares that many random filters with the second implementation.
fn compare(count: usize) {
    let mut random = random();
    let (mut found, mut narrowed) = (0, 0);
    for _ in 0..count {
        let sample = Sample::new(&mut random, 3);
        let text = sample.text(&mut random);
        let filter = Filter::parse(&text, &USER).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        assert_eq!(Filter::parse(&filter.to_string(), &USER).as_ref(), Ok(&filter), "{text}");
        let conditions = filter.indexed();
        narrowed += usize::from(!conditions.is_empty());
        for _ in 0..4 {
            let document = document(&mut random);
            let json = Json::Object(document.clone());
            let matches = filter.matches(&document);
            assert_eq!(matches, sample.holds(&json), "{text}\n{json}");
            if let Some(values) = filter.values_read("groups") {
                assert_eq!(filter.matches(&with_groups_of(&values, document)), matches, "{text}\n{json}");
            }
            if matches {
                found += 1;
                assert!(conditions.iter().all(|condition| fulfils(&json, condition)), "{text}\n{json}\n{conditions:?}");
            }
        }
    }
    assert!(found > count / 4 && found < count * 4 && narrowed > count / 10, "{found} {narrowed}");
}

/// The document without the groups that have other values.
fn with_groups_of(values: &[String], mut document: Object) -> Object {
    if let Some(Json::Array(groups)) = document.get_mut("groups") {
        groups.retain(|group| {
            group.get("value").and_then(Json::as_str).is_some_and(|value| values.iter().any(|one| one == value))
        });
    }
    document
}

/// True if a document fulfils a condition that an index answers.
fn fulfils(document: &Json, condition: &Indexed) -> bool {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let values = |path: &[&str]| -> Vec<String> {
        let mut values = vec![document];
        for key in path {
            let inner = values.into_iter().filter_map(|value| value.get(key));
            values = inner.flat_map(|value| value.as_array().unwrap_or(std::slice::from_ref(value))).collect();
        }
        values.into_iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
    };
    let is = |path: &[&str], text: &str| values(path).iter().any(|value| fold_name(value) == fold_name(text));
    let exactly = |path: &[&str], text: &str| values(path).iter().any(|value| value == text);
    let contain = |texts: &[String], words: &[String]| {
        words.iter().all(|text| SearchWords::parse(text).unwrap().are_in(texts.iter().map(String::as_str)))
    };
    match condition {
        Indexed::Id(text) => exactly(&["id"], text),
        Indexed::ExternalId(text) => exactly(&["externalId"], text),
        Indexed::Group(text) => exactly(&["groups", "value"], text),
        Indexed::Member(text) => exactly(&["members", "value"], text),
        Indexed::UserName(text) => is(&["userName"], text),
        Indexed::DisplayName(text) => is(&["displayName"], text),
        Indexed::GivenName(text) => is(&["name", "givenName"], text),
        Indexed::FamilyName(text) => is(&["name", "familyName"], text),
        Indexed::Email(text) => is(&["emails", "value"], text),
        Indexed::Active(truth) => exactly(&["active"], &truth.to_string()),
        Indexed::LastModifiedFrom(from) => {
            values(&["meta", "lastModified"]).iter().any(|time| Instant::parse(time).unwrap().milliseconds() >= *from)
        }
        Indexed::EmailWords(words) => {
            values(&["emails", "value"]).iter().any(|email| contain(std::slice::from_ref(email), words))
        }
        Indexed::Words(words) => {
            let paths: [&[&str]; 7] = [
                &["userName"],
                &["displayName"],
                &["title"],
                &["externalId"],
                &["name", "givenName"],
                &["name", "familyName"],
                &[ENTERPRISE, "organization"],
            ];
            let texts: Vec<String> = paths.iter().flat_map(|path| values(path)).collect();
            contain(&texts, words)
        }
        Indexed::AnyOf(branches) => {
            branches.iter().any(|branch| branch.iter().all(|condition| fulfils(document, condition)))
        }
    }
}

/// Parses that many texts that are filters, or nearly.
fn parse_odd_texts(count: usize) {
    const PARTS: [&str; 40] = [
        "userName",
        "emails",
        "members",
        "name",
        ".value",
        ".",
        "type",
        "active",
        "meta.created",
        "password",
        "schemas",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName",
        "urn:",
        " ",
        " ",
        " ",
        " ",
        "  ",
        "eq",
        "ne",
        "co",
        "gt",
        "pr",
        "and",
        "or",
        "not",
        "(",
        ")",
        "[",
        "]",
        "\"a\"",
        "\"",
        "\\",
        "true",
        "null",
        "1.5",
        "2020-01-01T00:00:00Z",
        "ä",
        "\0",
        "\u{1f600}",
    ];
    let mut random = random();
    let mut parsed = 0;
    for _ in 0..count {
        let text: String = if random.one_in(2) {
            (0..=random.below(14)).map(|_| random.pick(&PARTS)).collect()
        } else {
            damaged(&mut random)
        };
        if let Ok(filter) = Filter::parse(&text, &USER) {
            parsed += 1;
            assert_eq!(Filter::parse(&filter.to_string(), &USER).as_ref(), Ok(&filter), "{text}");
            filter.matches(&document(&mut random));
            filter.indexed();
        }
    }
    assert!(parsed > count / 20, "{parsed}");
}

/// The text of a filter with some characters removed, repeated or exchanged.
fn damaged(random: &mut Random) -> String {
    let text = Sample::new(random, 2).text(random);
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..random.below(3) {
        let at = random.below(characters.len());
        match random.below(3) {
            0 if characters.len() > 1 => drop(characters.remove(at)),
            1 => characters.insert(at, characters[random.below(characters.len())]),
            _ => {
                let other = random.below(characters.len());
                characters.swap(at, other);
            }
        }
    }
    characters.into_iter().collect()
}

#[test]
fn evaluation_agrees_with_a_second_implementation() {
    compare(4000);
}

#[test]
fn odd_texts_are_parsed_or_refused() {
    parse_odd_texts(10_000);
}

#[test]
#[ignore = "a million filters"]
fn a_million_filters_agree_and_are_parsed_or_refused() {
    compare(1_000_000);
    parse_odd_texts(1_000_000);
}
