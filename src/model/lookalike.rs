//! Characters that look like letters of the built-in names.

use unicode_normalization::UnicodeNormalization as _;

/// The confusable skeleton of a text (UTS 39), as far as the letters of the built-in names go. It is in lower case, and
/// `l`, `i`, `1` and `|` are one letter, as are `0` and `o`. Other characters stay. The caller removes characters that
/// cannot be seen.
pub(super) fn reading(text: &str) -> String {
    let mut reading = String::new();
    for c in text.nfd() {
        if !push(&mut reading, c) {
            // Forms of letters: bold ones, those within squares, and so on.
            for part in std::iter::once(c).nfkd() {
                if !push(&mut reading, part) {
                    reading.push(part);
                }
            }
        }
    }
    reading
}

/// False for a character that looks like no letter of a built-in name.
fn push(reading: &mut String, c: char) -> bool {
    if c.is_ascii() {
        push_letter(reading, c);
        return true;
    }
    let Some((letters, _)) = LOOKALIKES.iter().find(|(_, lookalikes)| lookalikes.contains(c)) else { return false };
    letters.chars().for_each(|letter| push_letter(reading, letter));
    true
}

fn push_letter(reading: &mut String, letter: char) {
    match letter.to_ascii_lowercase() {
        'i' | '1' | '|' => reading.push('l'),
        '0' => reading.push('o'),
        'm' => reading.push_str("rn"),
        other => reading.push(other),
    }
}

/// From confusables.txt of Unicode 18 (UTS 39): the characters whose skeleton is part of a built-in name, without those
/// of which NFKD makes others that look the same. A test compares it with the whole file.
#[rustfmt::skip]
const LOOKALIKES: [(&str, &str); 17] = [
    (
        "a",
        "\u{251}\u{391}\u{3b1}\u{410}\u{430}\u{13aa}\u{15c5}\u{237a}\u{a4ee}\u{ab64}\u{102a0}\u{16f40}\
         \u{1df5a}\u{1df6a}",
    ),
    (
        "b",
        "\u{184}\u{392}\u{412}\u{42c}\u{7d5}\u{13cf}\u{13f4}\u{1472}\u{15af}\u{15f7}\u{2c82}\u{a4d0}\u{a557}\
         \u{a7b4}\u{10282}\u{102a1}\u{10301}\u{1031c}\u{16eb6}\u{1d207}",
    ),
    (
        "d",
        "\u{501}\u{13a0}\u{13e7}\u{146f}\u{15de}\u{15ea}\u{a4d2}\u{a4d3}\u{1018b}",
    ),
    (
        "e",
        "\u{395}\u{415}\u{435}\u{4bd}\u{13ac}\u{212e}\u{22ff}\u{2d39}\u{a4f0}\u{a5cb}\u{ab32}\u{10286}\
         \u{118a6}\u{118ae}\u{1df81}",
    ),
    (
        "l",
        "\u{a1}\u{131}\u{196}\u{1c0}\u{269}\u{26a}\u{399}\u{3b9}\u{406}\u{456}\u{4c0}\u{4cf}\u{582}\u{5c0}\
         \u{5d5}\u{5df}\u{627}\u{661}\u{6f1}\u{7ca}\u{964}\u{104a}\u{13a5}\u{13de}\u{14aa}\u{16c1}\u{16d0}\
         \u{21bf}\u{2223}\u{2373}\u{23fd}\u{2502}\u{2503}\u{2c92}\u{2c93}\u{2cd0}\u{2d4a}\u{2d4f}\u{a4e1}\
         \u{a4f2}\u{a56f}\u{a647}\u{a781}\u{a7ae}\u{a7fe}\u{a830}\u{a8ce}\u{aa5d}\u{ab75}\u{fe31}\u{1028a}\
         \u{10309}\u{10320}\u{1041b}\u{1050e}\u{10526}\u{10926}\u{10c3e}\u{10ca5}\u{10cfa}\u{11047}\u{110c0}\
         \u{11141}\u{111c5}\u{113d4}\u{1144b}\u{115c5}\u{11641}\u{118a3}\u{118b2}\u{118c3}\u{11c41}\u{11dda}\
         \u{11de1}\u{16d63}\u{16eaa}\u{16f16}\u{16f28}\u{1d100}\u{1d22a}\u{1d377}\u{1e141}\u{1e8c7}\u{1ed01}",
    ),
    (
        "ls",
        "\u{2aa}",
    ),
    (
        "n",
        "\u{39d}\u{578}\u{57c}\u{2c9a}\u{a4e0}\u{10513}\u{11abe}",
    ),
    (
        "o",
        "\u{39f}\u{3bf}\u{3c3}\u{3ed}\u{41e}\u{43e}\u{555}\u{585}\u{5e1}\u{647}\u{665}\u{6be}\u{6c1}\u{6d5}\
         \u{6f5}\u{7c0}\u{7cb}\u{840}\u{966}\u{9e6}\u{a66}\u{ae6}\u{b20}\u{b66}\u{be6}\u{c02}\u{c66}\u{c82}\
         \u{ce6}\u{d02}\u{d20}\u{d66}\u{d82}\u{e50}\u{ed0}\u{101d}\u{1040}\u{10ff}\u{110b}\u{11bc}\u{12d0}\
         \u{17e0}\u{1a45}\u{1a80}\u{1a90}\u{1bea}\u{1c82}\u{1cbf}\u{1d0f}\u{1d11}\u{2c9e}\u{2c9f}\u{2d54}\
         \u{3007}\u{a4f3}\u{ab3d}\u{10292}\u{102ab}\u{1030f}\u{10404}\u{1042c}\u{104c2}\u{104ea}\u{10516}\
         \u{1092c}\u{10c17}\u{10d07}\u{11124}\u{11302}\u{114d0}\u{118b5}\u{118c8}\u{118d7}\u{118e0}\u{11de0}\
         \u{16ae9}\u{1e140}\u{1e2f0}",
    ),
    (
        "p",
        "\u{fe}\u{1bf}\u{3a1}\u{3c1}\u{3f8}\u{420}\u{440}\u{13e2}\u{146d}\u{2374}\u{2ca2}\u{2ca3}\u{2cce}\
         \u{2ccf}\u{a4d1}\u{10295}",
    ),
    (
        "r",
        "\u{1a6}\u{24c}\u{433}\u{13a1}\u{13d2}\u{1587}\u{1d26}\u{2c85}\u{a4e3}\u{ab47}\u{ab48}\u{ab81}\
         \u{104b4}\u{16a19}\u{16f35}\u{1d216}",
    ),
    (
        "m",
        "\u{39c}\u{3fa}\u{41c}\u{560}\u{13b7}\u{15f0}\u{16d6}\u{2c98}\u{a4df}\u{102b0}\u{10311}\u{10c21}\
         \u{11700}\u{118e3}",
    ),
    (
        "mb",
        "\u{1f76b}",
    ),
    (
        "s",
        "\u{1bd}\u{405}\u{455}\u{54f}\u{d1f}\u{10bd}\u{10fd}\u{13d5}\u{13da}\u{1cbd}\u{a4e2}\u{a576}\u{a731}\
         \u{abaa}\u{10296}\u{10420}\u{10448}\u{118c1}\u{16ad6}\u{16f3a}",
    ),
    (
        "t",
        "\u{3a4}\u{422}\u{7e0}\u{13a2}\u{22a4}\u{27d9}\u{2ca6}\u{3112}\u{4e05}\u{a4d4}\u{a50b}\u{10297}\
         \u{102b1}\u{10315}\u{118bc}\u{16f0a}\u{1d373}\u{1f768}",
    ),
    (
        "u",
        "\u{28b}\u{3c5}\u{54d}\u{57d}\u{1200}\u{144c}\u{1d1c}\u{222a}\u{22c3}\u{a4f4}\u{a79f}\u{ab4e}\u{ab52}\
         \u{104ce}\u{104f6}\u{118b8}\u{118d8}\u{16f42}",
    ),
    (
        "w",
        "\u{26f}\u{448}\u{461}\u{51c}\u{51d}\u{561}\u{13b3}\u{13d4}\u{1d21}\u{29e2}\u{2cbd}\u{a4ea}\u{a7fa}\
         \u{ab83}\u{aba4}\u{1170a}\u{1170e}\u{1170f}\u{118e6}\u{118ef}\u{1d20c}\u{1df7d}",
    ),
    (
        "y",
        "\u{263}\u{28f}\u{3a5}\u{3b3}\u{423}\u{443}\u{4ae}\u{4af}\u{7cc}\u{10e7}\u{13a9}\u{13bd}\u{1d8c}\
         \u{1eff}\u{2ca8}\u{2ca9}\u{311a}\u{4e2b}\u{a4ec}\u{ab5a}\u{102b2}\u{10c20}\u{118a4}\u{118c4}\
         \u{118dc}\u{16f43}",
    ),
];

#[cfg(test)]
mod tests {
    use super::super::name::{BUILT_IN, is_ignorable};
    use super::*;

    #[test]
    fn the_table_is_the_part_of_unicodes_that_built_in_names_need() {
        let built_in = BUILT_IN.map(reading);
        for c in ('\u{80}'..'\u{40000}').filter(|c| !is_ignorable(*c)) {
            let text = c.to_string();
            let mut skeleton = String::new();
            unicode_security::skeleton(&text).for_each(|c| push_letter(&mut skeleton, c));
            let own = reading(&text);
            let is_part = |text: &str| text.is_ascii() && built_in.iter().any(|name| name.contains(text));
            // NFKD can make a letter that looks different.
            if is_part(&skeleton) || is_part(&own) && text.nfkd().eq([c]) {
                assert_eq!(own, skeleton, "U+{:04X}", u32::from(c));
            }
        }
    }
}
