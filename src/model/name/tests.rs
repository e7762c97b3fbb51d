//! Keys of names, and the rules for new ones.

mod invisible;

use self::invisible::INVISIBLE;
use super::super::super::random::Random;
use super::*;
use sha2::{Digest as _, Sha256};

const DIRECTIONS: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// All that Unicode has given a meaning, and more.
fn characters() -> impl Iterator<Item = char> {
    ('\0'..'\u{40000}').chain('\u{e0000}'..'\u{f0000}')
}

fn refusal(name: &str) -> Option<String> {
    match check_new_name("user name", name) {
        Ok(_) => None,
        Err(Error::Invalid(why)) => Some(why),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn invisible_characters_make_no_other_name() {
    for c in INVISIBLE.into_iter().chain(DIRECTIONS) {
        for name in [format!("ad{c}a"), format!("{c}ADA"), format!("ada{c}"), format!(" {c} a{c}{c}da {c} ")] {
            assert_eq!(fold_name(&name), "ada", "{name:?}");
            // This key separates two such rows of a database from before version 4.
            assert_ne!(spelling_key(&name), "ada", "{name:?}");
        }
        // A text with nothing else keeps it: the key is not empty.
        let only = format!("{c} {c}");
        assert!(!fold_name(&only).is_empty() && fold_name(&only) == spelling_key(&only), "{only:?}");
    }
    assert_eq!(fold_name(""), "");
    assert_eq!(fold_name(" \u{a0} "), "");
}

#[test]
fn one_name_has_one_key_in_every_spelling() {
    let rows = [
        ("Ada@Example.COM", "ada@example.com"),
        ("\u{ff21}\u{ff24}\u{ff21}", "ada"),
        ("Stra\u{df}e", "strasse"),
        ("STRA\u{1e9e}E", "strasse"),
        ("\u{3a3}\u{39f}\u{3a6}\u{39f}\u{3a3}", "\u{3c3}\u{3bf}\u{3c6}\u{3bf}\u{3c3}"),
        ("\u{3c3}\u{3bf}\u{3c6}\u{3bf}\u{3c2}", "\u{3c3}\u{3bf}\u{3c6}\u{3bf}\u{3c3}"),
        ("A\u{30a}NGSTRO\u{308}M", "\u{e5}ngstr\u{f6}m"),
        ("\u{212b}ngstr\u{f6}m", "\u{e5}ngstr\u{f6}m"),
        ("\u{fb03}", "ffi"),
        ("\u{130}stanbul", "i\u{307}stanbul"),
        // Marks in either order, one of which folds to a letter.
        ("\u{3b1}\u{345}\u{301}", "\u{3ac}\u{3b9}"),
        ("\u{3b1}\u{301}\u{345}", "\u{3ac}\u{3b9}"),
        ("\u{1f0}", "\u{1f0}"),
        ("\u{13a0}\u{ab70}", "\u{13a0}\u{13a0}"),
        // Persian, with and without the joiner; emoji with joiners and a selector.
        (
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{645}\u{6cc}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        ),
        ("\u{1f469}\u{200d}\u{1f4bb}\u{2764}\u{fe0f}", "\u{1f469}\u{1f4bb}\u{2764}"),
        // Unicode 17 and 18.
        ("\u{a7ce}\u{a7d2}\u{a7d4}", "\u{a7cf}\u{a7d3}\u{a7d5}"),
        ("\u{16ea0}\u{16eb8}", "\u{16ebb}\u{16ed3}"),
    ];
    for (name, expected) in rows {
        assert_eq!(fold_name(name), expected, "{name}");
        assert_eq!(fold_name(expected), expected, "{name}");
        assert_eq!(Keys::of(name).key, expected, "{name}");
    }
    assert_eq!(spelling_key("\u{a7ce}A\u{16ea0}\u{200c}"), "\u{a7ce}a\u{16ea0}\u{200c}");
}

/// Clients may show names in lower case: that is the same name too.
#[test]
fn what_the_standard_library_lowers_is_one_name() {
    for c in characters() {
        let lower: String = c.to_lowercase().collect();
        if lower.chars().eq([c]) {
            continue;
        }
        assert_eq!(fold_name(&format!("x{c}")), fold_name(&format!("x{lower}")), "U+{:04X}", u32::from(c));
    }
}

/// Keys are stored. When this test fails because a crate has newer tables: add a step of the schema that runs
/// `store::names::renew_keys`, and add the new letters to `folded_by_unicode_16`, because `spelling_key` must not change.
#[test]
fn the_tables_are_those_of_this_version_of_the_schema() {
    let (mut keys, mut spellings) = (Sha256::new(), Sha256::new());
    for c in characters() {
        let name = format!("x{c}x");
        keys.update(fold_name(&name));
        spellings.update(spelling_key(&name));
    }
    let hex = |hash: Sha256| hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(keys), "011d33381cbd1ef30971134337651faf0c96715132eed914287f3d1782d4a50a");
    assert_eq!(hex(spellings), "dfbf016be1878de1b041fcbfc236660f53f375c7e9c5407bb9a1e743b96e047d");
}

#[test]
fn a_key_is_its_own_key_and_that_of_the_spelling() {
    let mut random = Random::new(Random::seed("ROLLBOOK_NAME_SEED", 20_261_202));
    let odd: Vec<char> = "aAiI\u{df}\u{130}\u{345}\u{301}\u{308}\u{3a3}\u{3c2}\u{fb03}\u{1f88}\u{a0} \u{ff9e}\u{1e9b}"
        .chars()
        .chain(INVISIBLE)
        .chain(DIRECTIONS)
        .collect();
    for _ in 0..100_000 {
        let name: String = (0..random.below(8))
            .map(|_| match random.below(4) {
                0 => char::from_u32(u32::try_from(random.below(0x11_0000)).unwrap()).unwrap_or('x'),
                1 => char::from_u32(u32::try_from(random.below(0x600)).unwrap()).unwrap_or('x'),
                _ => random.pick(&odd),
            })
            .collect();
        let key = fold_name(&name);
        assert_eq!(fold_name(&key), key, "{name:?}");
        assert!(is_key_of(&key, &name), "{name:?}");
        assert!(is_key_of(&spelling_key(&name), &name), "{name:?}");
        assert!(Keys::of(&name).older.iter().all(|older| *older != key), "{name:?}");
        assert_eq!(Keys::of(&key).key, key, "{name:?}");
    }
}

#[test]
fn a_stored_key_is_right_by_the_rules_of_any_time() {
    for (stored, text, right) in [
        ("ada", "Ada", true),
        ("Ada", "Ada", false),
        ("ad\u{200b}a", "ada", false),
        ("ad\u{200b}a", "Ad\u{200b}a", true),
        ("ada", "Ad\u{200b}a", true),
        ("ad\u{200c}a", "Ad\u{200b}a", true),
        ("Ad\u{200b}a", "Ad\u{200b}a", false),
        ("bob", "Ad\u{200b}a", false),
        ("\u{16ea0}", "\u{16ea0}", true),
        ("\u{16ebb}", "\u{16ea0}", true),
        ("\u{16ebc}", "\u{16ea0}", false),
    ] {
        assert_eq!(is_key_of(stored, text), right, "{stored:?} of {text:?}");
    }
}

#[test]
fn new_names_do_not_change_the_direction_of_text() {
    for c in DIRECTIONS {
        for name in [format!("ad{c}a"), format!("{c}ada"), format!("\u{5d0}{c}")] {
            let why = format!("user name contains U+{:04X}, which changes the direction of text", u32::from(c));
            assert_eq!(refusal(&name), Some(why));
        }
    }
}

#[test]
fn new_names_can_be_seen() {
    for c in INVISIBLE {
        for name in [format!("{c}"), format!("{c}{c}"), format!("{c} {c}"), format!("{c}\u{2800}\u{a0}{c}")] {
            assert_eq!(refusal(&name).as_deref(), Some("user name has no character that can be seen"), "{name:?}");
        }
        assert_eq!(refusal(&format!("ad{c}a")), None);
    }
    for c in ['\u{2028}', '\u{2029}', '\u{2800}', '\u{fff9}', '\u{fffa}', '\u{fffb}', '\u{1d159}'] {
        let why = format!("user name contains U+{:04X}, which cannot be seen", u32::from(c));
        assert_eq!(refusal(&format!("ad{c}a")), Some(why));
    }
    assert_eq!(refusal(" \u{a0} ").as_deref(), Some("user name is blank"));
}

#[test]
fn new_names_do_not_look_like_built_in_ones() {
    for (name, reads) in BUILT_IN.iter().zip(BUILT_IN_READINGS) {
        assert_eq!(reading(name), reads);
    }
    for (name, built_in) in [
        ("\u{430}dministrators", "administrators"),
        ("Administr\u{430}tor", "administrator"),
        ("\u{410}DMINISTRATOR", "administrator"),
        ("\u{391}DMI\u{39d}IS\u{3a4}RATORS", "administrators"),
        ("ADM\u{399}N\u{406}STRAT\u{39f}RS", "administrators"),
        ("adrninistrators", "administrators"),
        ("ADRNINISTRATORS", "administrators"),
        ("adm1nistrators", "administrators"),
        ("admlnistrators", "administrators"),
        ("adm|nistrators", "administrators"),
        ("admin\u{131}strators", "administrators"),
        ("ad\u{200d}m\u{1}", ""),
        ("\u{430}d\u{200d}ministrators", "administrators"),
        ("mernbers", "members"),
        ("m\u{435}mbers", "members"),
        ("\u{39c}EMBERS", "members"),
        ("rne\u{1f76b}ers", "members"),
        ("p0werusers", "powerusers"),
        ("POWERUSER\u{405}", "powerusers"),
        ("p\u{3bf}werus\u{435}rs", "powerusers"),
        ("pow\u{212e}rusers", "powerusers"),
        ("systern", "system"),
        ("s\u{443}stem", "system"),
        ("\u{405}YSTEM", "system"),
        ("\u{13da}ystem", "system"),
        ("\u{1d5a2}dm", ""),
    ] {
        let expected = (!built_in.is_empty()).then(|| format!("user name looks like the built-in name {built_in}"));
        if built_in.is_empty() {
            assert!(refusal(name).is_none_or(|why| !why.contains("looks like")), "{name}");
        } else {
            assert_eq!(refusal(name), expected, "{name}");
        }
    }
    // They are these names, or of another kind.
    for name in [
        "administrators",
        "ADMINISTRATORS",
        "Administrator",
        "\u{ff21}dministrator",
        "\u{1d41a}dministrators",
        "adminis\u{200b}trators",
        "system",
        "admin",
        "administr\u{e1}tor",
        "administrators2",
        "power users",
        "member",
        "powerusers-eu",
        "\u{441}\u{438}\u{441}\u{442}\u{435}\u{43c}\u{430}",
        "ecosystem",
    ] {
        assert_eq!(refusal(name), None, "{name}");
    }
}

#[test]
fn names_of_many_scripts_stay_possible() {
    for name in [
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        "\u{6a9}\u{62a}\u{627}\u{628}\u{200c}\u{647}\u{627}\u{6cc} \u{645}\u{646}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "\u{2764}\u{fe0f}",
        "\u{915}\u{94d}\u{200d}\u{937}",
        "\u{5d3}\u{5d5}\u{5d3}",
        "\u{682a}\u{5f0f}\u{4f1a}\u{793e}",
        "\u{e0a}\u{e37}\u{e48}\u{e2d}",
        "J\u{fc}rgen",
        "\u{410}\u{434}\u{430}",
    ] {
        assert_eq!(refusal(name), None, "{name}");
    }
}
