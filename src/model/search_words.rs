//! The words of a search, and the form in which they are compared with texts.

use super::name::nfkc_casefold;
use super::{Error, Result};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Words that a search can have. Repetitions do not count.
const SEARCH_WORDS_MAX: usize = 32;

/// Separates the texts of a row, and the words of a search. No text and no word contains it.
const SEPARATOR: char = '\n';

/// The words of a search, in the form of `push_folded`. No word is empty, and none has white space or a comma.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    /// The words of a query, separated by white space and commas. Characters that folding drops, such as a lone accent,
    /// make no word.
    ///
    /// # Errors
    /// `Invalid` when there are more than 32 different words.
    pub fn parse(query: &str) -> Result<SearchWords> {
        let mut words = Vec::new();
        for word in FoldedTexts::of([query].into_iter()).pieces() {
            if words.iter().any(|known| known == word) {
                continue;
            }
            if words.len() == SEARCH_WORDS_MAX {
                return Err(Error::Invalid(format!("the search has more than {SEARCH_WORDS_MAX} words")));
            }
            words.push(word.to_owned());
        }
        Ok(SearchWords(words))
    }

    /// True if there is no word: such a search finds everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words, in the order of the query.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The words as one text, for a parameter of a statement.
    pub fn joined(&self) -> String {
        self.0.join(&SEPARATOR.to_string())
    }

    /// The words of a [`joined`](SearchWords::joined) text.
    pub fn of_joined(joined: &str) -> SearchWords {
        SearchWords(joined.split(SEPARATOR).filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// True if each word is contained in one of the texts.
    pub fn are_in<'t>(&self, texts: impl Iterator<Item = &'t str>) -> bool {
        let FoldedTexts(folded) = FoldedTexts::of(texts);
        self.0.iter().all(|word| folded.contains(word.as_str()))
    }

    /// The bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        self.0.iter().map(|word| size_of::<String>() + word.capacity()).sum()
    }
}

/// The searched texts of a row in the form of `push_folded`.
pub struct FoldedTexts(String);

impl FoldedTexts {
    /// Folds texts.
    pub fn of<'t>(texts: impl Iterator<Item = &'t str>) -> FoldedTexts {
        let mut folded = String::with_capacity(256);
        for text in texts {
            push_folded(text, &mut folded);
            folded.push(SEPARATOR);
        }
        FoldedTexts(folded)
    }

    /// The pieces between white space and commas. If the texts contain a word of a search, one of the pieces does.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        self.0.split(|c: char| c.is_whitespace() || c == ',').filter(|piece| !piece.is_empty())
    }
}

/// Appends the form of a text in which a search compares it: NFKC_Casefold, without accents, in normal form C.
///
/// Folding a folded text does not change it. Accents are combining marks of the classes 1, 10 to 36, and 200 and more, which
/// Latin, Greek, Cyrillic, Hebrew, Arabic and Syriac texts often leave out. Marks of other classes make another letter of the
/// one before, such as the voiced kana and the vowels of Indic scripts, and stay. Latin letters with a stroke, which
/// Unicode does not decompose, become the letter without it.
fn push_folded(text: &str, folded: &mut String) {
    if text.is_ascii() {
        folded.extend(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        return;
    }
    let text = nfkc_casefold(text);
    folded.extend(text.nfd().filter(|c| !is_accent(*c)).map(without_stroke).nfc());
}

fn is_accent(c: char) -> bool {
    !c.is_ascii() && matches!(canonical_combining_class(c), 1 | 10..=36 | 200..)
}

fn without_stroke(c: char) -> char {
    match c {
        'đ' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'ŧ' => 't',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn folded(text: &str) -> String {
        let mut folded = String::new();
        push_folded(text, &mut folded);
        folded
    }

    fn words(query: &str) -> Vec<String> {
        SearchWords::parse(query).unwrap().0
    }

    #[test]
    fn case_accents_and_compatible_forms_are_folded() {
        for (text, expected) in [
            ("", ""),
            ("Ada Lovelace", "ada lovelace"),
            ("Kovács, ZOLTÁN", "kovacs, zoltan"),
            ("Zolta\u{301}n", "zoltan"),
            ("Straße", "strasse"),
            ("STRA\u{1e9e}E", "strasse"),
            ("ΣΟΦΌΣ", "σοφοσ"),
            ("Ёлка", "елка"),
            ("Nguyễn", "nguyen"),
            ("Łukasz Øster Đorđe", "lukasz oster dorde"),
            ("İstanbul ışık", "istanbul isik"),
            ("Ａｄａ", "ada"),
            ("ﬃ", "ffi"),
            ("山田 太郎", "山田 太郎"),
            // A voiced kana is another letter, also in its wide form.
            ("がか", "がか"),
            ("か\u{3099}", "が"),
            ("ｶﾞ", "ガ"),
            ("\u{915}\u{941}\u{915}\u{94d}", "\u{915}\u{941}\u{915}\u{94d}"),
            // Hebrew points and Arabic vowel signs.
            ("\u{5e9}\u{5b8}\u{5dc}\u{5d5}\u{5b9}\u{5dd}", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
            ("\u{645}\u{64f}\u{62d}\u{645}\u{62f}", "\u{645}\u{62d}\u{645}\u{62f}"),
            ("\u{301}", ""),
            ("\u{200b}\u{ad}", ""),
        ] {
            assert_eq!(folded(text), expected, "{text}");
            assert_eq!(folded(expected), expected, "{text}");
        }
    }

    #[test]
    fn a_folded_text_stays_as_it_is() {
        let mut random = Random::new(Random::seed("ROLLBOOK_SEARCH_SEED", 20_261_130));
        let odd: Vec<char> =
            "aAiI\u{df}\u{130}\u{345}\u{301}\u{338}\u{327}\u{3a3}\u{3099}\u{1f88}\u{ff9e}łŁ\u{1161}\u{1100}\u{11a8}"
                .chars()
                .collect();
        let every = ('\0'..'\u{40000}').chain('\u{e0000}'..'\u{f0000}').map(|c| format!("x{c}x"));
        let mixed = (0..50_000).map(|_| {
            let character = |random: &mut Random| match random.below(3) {
                0 => char::from_u32(u32::try_from(random.below(0x11_0000)).unwrap()).unwrap_or('x'),
                1 => char::from_u32(u32::try_from(random.below(0x600)).unwrap()).unwrap_or('x'),
                _ => random.pick(&odd),
            };
            (0..random.below(8)).map(|_| character(&mut random)).collect::<String>()
        });
        for text in every.chain(mixed) {
            let once = folded(&text);
            assert_eq!(folded(&once), once, "{text:?}");
        }
    }

    /// The index for searches has grams of folded texts. When this test fails because the rules or the tables of a crate
    /// are others, increase `RULES_VERSION` of the index.
    #[test]
    fn the_rules_are_those_of_the_index() {
        let mut texts = Sha256::new();
        for c in ('\0'..'\u{40000}').chain('\u{e0000}'..'\u{f0000}') {
            texts.update(folded(&format!("x{c}x")));
        }
        let hash: String = texts.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "e3ff3740354fabdcaa786329f3901fd7753a021af4d7a9e8c115f20382644707");
    }

    #[test]
    fn words_are_separated_by_white_space_and_commas() {
        assert_eq!(words(" ,Kovács,,ZOLTÁN \t\u{3000}kovacs\n"), ["kovacs", "zoltan"]);
        assert_eq!(words("山田，太郎"), ["山田", "太郎"]);
        assert_eq!(words("a\0b % o'n"), ["a\0b", "%", "o'n"]);
        for query in ["", " , ", "\u{301}", "\u{200b} \u{308}"] {
            assert!(SearchWords::parse(query).unwrap().is_empty(), "{query:?}");
        }
        let query = |count: usize| (0..count).map(|number| format!("{number} 0 ")).collect::<String>();
        assert_eq!(words(&query(32)).len(), 32);
        let why = SearchWords::parse(&query(33)).unwrap_err().to_string();
        assert_eq!(why, "the search has more than 32 words");
        assert!(SearchWords::parse(&query(10_000)).is_err());
        let words = SearchWords::parse("b a c").unwrap();
        assert_eq!(SearchWords::of_joined(&words.joined()), words);
    }

    #[test]
    fn each_word_is_in_one_of_the_texts() {
        let texts = ["zkovacs@example.com", "Zoltán", "Kovács", "Director, 100%_"];
        let found = |query: &str| SearchWords::parse(query).unwrap().are_in(texts.into_iter());
        for query in ["", "zoltan kovacs", "Kovács, ZOLTÁN", "OLT ova", "100% direct", "zk ,", "_", "r z k d"] {
            assert!(found(query), "{query}");
        }
        for query in ["zoltan q", "zoltankovacs", "kovacszoltan", "comzol", "\0"] {
            assert!(!found(query), "{query}");
        }
    }
}
