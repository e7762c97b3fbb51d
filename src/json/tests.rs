use super::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The keys to which serde_json's reader gives a meaning under two of its features.
const RAW: &str = "$serde_json::private::RawValue";
const NUMBER: &str = "$serde_json::private::Number";

fn round_trip(text: &str) -> String {
    Json::parse(text.as_bytes()).unwrap().to_string()
}

/// Objects with that key inside texts inside objects, each `levels` deep.
fn tokens(key: &str, levels: usize, depth: usize) -> String {
    let mut text = "1".to_owned();
    for _ in 0..levels {
        let inner = format!("{}{text}{}", "[".repeat(depth), "]".repeat(depth));
        text = format!("{{{}:{}}}", to_string(key), to_string(&inner));
    }
    text
}

#[test]
fn every_key_is_a_plain_key() {
    for key in [RAW, NUMBER] {
        for value in ["\"1\"", "\"[1]\"", "\"x\"", "1", "{}", "[{\"a\":null}]"] {
            let text = format!("{{\"{key}\":{value}}}");
            assert_eq!(round_trip(&text), text);
            assert_eq!(round_trip(&format!("[{text},{text}]")), format!("[{text},{text}]"));
        }
        let escaped = format!("{{\"\\u0024{}\":\"[]\"}}", &key[1..]);
        assert_eq!(round_trip(&escaped), format!("{{\"{key}\":\"[]\"}}"));
        let nested = tokens(key, 6, 100);
        assert_eq!(round_trip(&nested), nested);
    }
}

#[test]
fn serde_json_s_own_reader_gives_no_key_a_meaning_either() {
    // Both features are off, also if a dependency could turn them on: nothing can reach their effects.
    for key in [RAW, NUMBER] {
        let text = format!("{{\"{key}\":\"1\"}}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value, serde_json::json!({ key: "1" }));
    }
    let number: serde_json::Value = serde_json::from_str("1.10").unwrap();
    assert_eq!(number.to_string(), "1.1");
}

#[test]
fn a_number_keeps_its_text() {
    for number in ["0", "-0", "1.10", "1E5", "1e+5", "18446744073709551616", "1e400", "-1.000000000000000000001e-400"] {
        assert_eq!(round_trip(number), number);
        assert_eq!(round_trip(&format!("{{\"n\":[{number}]}}")), format!("{{\"n\":[{number}]}}"));
    }
}

#[test]
fn depth_is_bounded_over_all_levels() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(Json::parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        let error = Json::parse(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "arrays and objects nest deeper than 127 levels");
        assert_eq!(
            Json::parse_stored(nested(STORED_DEPTH_MAX).as_bytes()).unwrap().to_string(),
            nested(STORED_DEPTH_MAX)
        );
        assert!(Json::parse_stored(nested(STORED_DEPTH_MAX + 1).as_bytes()).is_err());
        assert!(Json::parse(open.repeat(1_000_000).as_bytes()).is_err());
    }
}

#[test]
fn members_are_found_with_their_texts() {
    let text = " { \"a\" : [1, {\"b\": \"]}\"}] ,\"a\":\t-1.50,\"\\u0062\":\"x\\\"y\" , \"c\":{ } } ";
    let found = members(text).unwrap();
    let expected = [("a", "[1, {\"b\": \"]}\"}]"), ("a", "-1.50"), ("b", "\"x\\\"y\""), ("c", "{ }")];
    assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!(members("{}").unwrap(), []);
    for text in ["", "[]", "1", "{", "{\"a\"}", "{\"a\":1,}", "{\"a\":1} x", "{\"a\":[}", "\u{feff}{}"] {
        assert!(members(text).is_err(), "{text}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(members(&deep).unwrap()[0].1.len(), 40_000);
}

#[test]
fn a_refusal_names_the_place() {
    for (text, error) in [
        ("{\"a\":1,}", "trailing commas are not allowed at line 1 column 8"),
        ("{\n \"a\": tru}", "true expected at line 2 column 7"),
        ("[1] 2", "the JSON already contains one root element at line 1 column 5"),
        ("{\"a\":", "unexpected end of the text at line 1 column 6"),
        ("\"a", "unexpected end of the text at line 1 column 1"),
        ("\u{feff}1", "unexpected byte order mark at line 1 column 1"),
    ] {
        assert_eq!(Json::parse(text.as_bytes()).unwrap_err().to_string(), error, "{text}");
    }
}

#[test]
fn values_of_the_program_are_written_and_read_back() {
    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Tuple(u64, String),
        Record { n: Option<i64> },
        New(Box<Whole>),
    }
    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    struct Whole {
        kinds: Vec<Kind>,
        properties: BTreeMap<String, JsonText>,
        tree: Json,
        nothing: Option<JsonText>,
        digest: [u8; 3],
        rate: f64,
    }
    let whole = |kinds| Whole {
        kinds,
        properties: [("n".to_owned(), JsonText::stored("18446744073709551616"))].into(),
        tree: Json::parse(b"{\"$serde_json::private::Number\":\"1\",\"x\":[1.10]}").unwrap(),
        nothing: None,
        digest: [0, 127, 255],
        rate: 0.5,
    };
    let kinds = vec![Kind::Plain, Kind::Tuple(u64::MAX, "ä\"\n".to_owned()), Kind::Record { n: Some(i64::MIN) }];
    let value = whole(vec![Kind::New(Box::new(whole(kinds))), Kind::Record { n: None }]);
    let text = to_vec(&value);
    assert_eq!(decode::<Whole>(&text).unwrap(), value);
    // Another library reads the same values.
    let other: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(other["digest"], serde_json::json!([0, 127, 255]));
    assert!(decode::<Whole>(b"{}").is_err());
    assert!(decode::<Kind>(b"\"other\"").is_err());
    assert!(decode::<Kind>(b"7").is_err());
}

/// Parts of random texts.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    "\\u00e4",
    "\\\"",
    "\\/",
    "\\x",
    "\\n",
    "a",
    "ä",
    "\u{1f600}",
    "\u{7f}",
    "\u{1}",
    "\n",
    "\r",
    "\t",
    " ",
    "0",
    "1",
    "-",
    "+",
    ".",
    "e",
    "E",
    "12",
    "true",
    "false",
    "null",
    "nul",
    "\"a\"",
    "\"a\":1",
    "{\"a\":[",
    "]}",
    "\u{feff}",
    "1.5e-3",
    "\u{a0}",
];

/// Random texts that are JSON, or nearly.
#[test]
fn our_parser_accepts_the_same_texts_as_serde_json() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut taken = 0;
    for _ in 0..200_000 {
        let text: String = (0..=random(9)).map(|_| PIECES[random(PIECES.len())]).collect();
        let ours = Json::parse(text.as_bytes());
        let theirs: Result<serde_json::Value, _> = serde_json::from_str(&text);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                taken += 1;
                let again: serde_json::Value = serde_json::from_str(&ours.to_string()).unwrap();
                assert_eq!(again, theirs, "{text:?}");
            }
            // A number that no float can represent is still a number.
            (Ok(_), Err(error)) => assert!(error.to_string().contains("number out of range"), "{text:?}: {error}"),
            (Err(error), Ok(_)) => panic!("{text:?} is JSON: {error}"),
            (Err(_), Err(_)) => {}
        }
    }
    assert!(taken > 1000, "{taken}");
    for bytes in [&b"\"\xff\""[..], b"\xff", b"\"\xc3\"", b"{\"\xed\xa0\x80\":1}", b"\"\\ud800\xff\""] {
        assert!(Json::parse(bytes).is_err(), "{bytes:?}");
    }
}
