//! Objects in lines, arrays and documents, also broken ones.

use super::*;
use crate::formats::json_lines::open_object::KEYS_MAX;
use crate::formats::json_lines::shape::DEPTH_MAX;
use std::io::BufReader;

/// Line and text, or `!` and reason, of each object. A document is marked by `=`.
fn found(text: &str) -> Vec<(u64, String)> {
    let found_in_pieces = |piece| {
        let mut objects = Objects::new(BufReader::with_capacity(piece, text.as_bytes()));
        let mut all = Vec::new();
        while let Some(found) = objects.next().unwrap() {
            let text = |text| String::from_utf8(text).unwrap();
            all.push((
                found.line,
                match found.what {
                    What::Object(object) => text(object),
                    What::Document(document) => format!("={}", text(document)),
                    What::Broken(why) => format!("!{why}"),
                },
            ));
        }
        all
    };
    let all = found_in_pieces(1);
    for piece in [2, 3, 7, 4096] {
        assert_eq!(found_in_pieces(piece), all, "in pieces of {piece}");
    }
    all
}

fn check(text: &str, expected: &[(u64, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
    assert_eq!(found(text), expected, "{text}");
}

#[test]
fn objects_are_found_on_lines_in_arrays_and_over_lines() {
    check("", &[]);
    check("\n [ ] \n", &[]);
    check("{\"a\":1}\n\n{\"b\":\"}\\\"{\"}", &[(1, "{\"a\":1}"), (3, "{\"b\":\"}\\\"{\"}")]);
    check("[{\"a\":1},{\"b\":[{}]}]", &[(1, "{\"a\":1}"), (1, "{\"b\":[{}]}")]);
    check("[\n{\"a\":1},\n{\"b\":2}\n]\n[{\"c\":3}]\n", &[(2, "{\"a\":1}"), (3, "{\"b\":2}"), (5, "{\"c\":3}")]);
    check("{\n  \"a\": [\n    {\"b\":1}\n  ]\n}\n{}", &[(1, "{\n  \"a\": [\n    {\"b\":1}\n  ]\n}"), (6, "{}")]);
    check("{\n\"a\":[\n{\"b\":1}\n]\n}\n{}", &[(1, "{\n\"a\":[\n{\"b\":1}\n]\n}"), (6, "{}")]);
    check("{\"a\":1}{\"b\":2},\n\u{feff}{}", &[(1, "{\"a\":1}"), (1, "{\"b\":2}"), (2, "{}")]);
}

#[test]
fn a_list_of_a_document_is_read_object_by_object() {
    check(
        "{\"n\":[{}],\"users\":[{\"a\":1},{\"users\":[{}]}],\"m\":{}}",
        &[(1, "{\"a\":1}"), (1, "{\"users\":[{}]}"), (1, "={\"n\":[{}],\"users\":[],\"m\":{}}")],
    );
    check("{\n\"entries\": [\n{\"a\":1}\n]\n}\n{}", &[(3, "{\"a\":1}"), (1, "={\n\"entries\": [\n]\n}"), (6, "{}")]);
    check(
        "{\"realm\":1,\"groups\":[{}],\"users\":[{}]}",
        &[(1, "{}"), (1, "{}"), (1, "={\"realm\":1,\"groups\":[],\"users\":[]}")],
    );
    check("{\"users\":[]}\n{\"users\":[1]}", &[(1, "{\"users\":[]}"), (2, "{\"users\":[1]}")]);
    check("{\"name\":1,\"users\":[{}]}", &[(1, "{\"name\":1,\"users\":[{}]}")]);
}

#[test]
fn a_broken_object_does_not_swallow_the_next() {
    let end = "!the object is not JSON: unexpected end of the text at";
    check("{\"a\":1\n{\"b\":2}", &[(1, &format!("{end} 7")), (2, "{\"b\":2}")]);
    check("{\"a\":1,\n\n{\"b\":2}", &[(1, &format!("{end} 8")), (3, "{\"b\":2}")]);
    check("{\"a\":\n{\"b\":2}\n", &[(1, &format!("{end} 6")), (2, "{\"b\":2}")]);
    check("{\"a\":[\n{\"b\":2}", &[(1, &format!("{end} 7")), (2, "{\"b\":2}")]);
    check("{\"a\":\"x\n{\"b\":2}\n", &[(1, &format!("{end} 6")), (2, "{\"b\":2}")]);
    check("{\"a\nx\n{\"b\":2}\n", &[(1, &format!("{end} 2")), (2, "!the line is not a JSON object"), (3, "{\"b\":2}")]);
    check("{\"a\":1", &[(1, &format!("{end} 7"))]);
    check("[\n{\"a\":1,\n{\"b\":2}\n]", &[(2, &format!("{end} 8")), (3, "{\"b\":2}")]);
    check(
        "[\n {\n  \"a\":\"x\n },\n {\n  \"b\":2\n }\n]",
        &[
            (
                2,
                "!the object is not JSON: unexpected end of the text at line 3 column 7; \
                 the lines up to the next object are skipped",
            ),
            (5, "{\n  \"b\":2\n }"),
        ],
    );
}

#[test]
fn a_refusal_tells_the_lines_of_an_object() {
    let why = "!the object is not JSON: unexpected end of the text at line 2 column 9";
    check(
        "[{\"a\":[\n{\"b\":2},\n{\"c\":3}\n]",
        &[(1, &format!("{why}; lines 1 to 2 are read as a part of it")), (3, "{\"c\":3}")],
    );
}

#[test]
fn an_object_over_lines_without_indentation_ends_the_reading_when_it_breaks() {
    check(
        "[\n{\n\"a\":\"x\n},\n{\n\"b\":2\n}\n]",
        &[(
            2,
            "!the object is not JSON: unexpected end of the text at line 3 column 5; \
             the rest of the file is not read",
        )],
    );
}

#[test]
fn other_text_is_refused() {
    check("hello\n{}\n", &[(1, "!the line is not a JSON object"), (2, "{}")]);
    check("{\"a\":1} x\n{}\n", &[(1, "!the object is not JSON: unexpected char: 'x' at 9"), (2, "{}")]);
    check(
        "{\"a\":[1}\n{}\n",
        &[
            (
                1,
                "!the object is not JSON: array values must be followed by a comma to add a new value \
             or a squared bracket to end the array at 8",
            ),
            (2, "{}"),
        ],
    );
    check("]\n{}", &[(1, "!the line is not a JSON object"), (2, "{}")]);
    check("\"a\"", &[(1, "!the line is not a JSON object")]);
    check("[{}\n", &[(1, "{}"), (2, "!the list that begins in line 1 has no end: the file may have been cut off")]);
    check(
        "\n{\"users\":[\n{},",
        &[(3, "{}"), (3, "!the list that begins in line 2 has no end: the file may have been cut off")],
    );
}

#[test]
fn objects_are_bounded() {
    let keys = format!("{{{}\"a\":1}}\n{{}}", "\"a\":1,".repeat(KEYS_MAX));
    check(&keys, &[(1, "!the object has more than 65536 keys"), (2, "{}")]);
    let deep = format!("{{\"a\":{}\n{{}}", "[".repeat(DEPTH_MAX));
    check(&deep, &[(1, "!arrays and objects nest deeper than 1048576 levels"), (2, "{}")]);
}
