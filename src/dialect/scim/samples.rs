//! JSON for tests, and random documents.

use crate::json::{Json, Object};
use crate::random::Random;

pub(super) fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text}"))
}

pub(super) fn object(text: &str) -> Object {
    match json(text) {
        Json::Object(object) => object,
        _ => panic!("{text} is an object"),
    }
}

/// The generator of a test. `ROLLBOOK_SCIM_SEED` repeats a run.
pub(super) fn random() -> Random {
    Random::new(Random::seed("ROLLBOOK_SCIM_SEED", 20_261_130))
}

/// Texts that differ by case, by form, by white space, or by characters that patterns of SQL use.
pub(super) const TEXTS: [&str; 22] = [
    "",
    "a",
    "A",
    "ab",
    "Ab",
    "b",
    "%",
    "_",
    "a%",
    "a_b",
    "\\",
    "\"",
    "ä",
    "Ä",
    "a\u{308}",
    "straße",
    "STRASSE",
    "ſ",
    "Σ",
    "ς",
    " a ",
    "é\u{200b}",
];

/// A random text of a few parts.
pub(super) fn text(random: &mut Random) -> String {
    (0..random.below(3)).map(|_| random.pick(&TEXTS)).collect()
}
