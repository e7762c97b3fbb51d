//! The grams of texts and words: the keys of the index for searches by words.

use crate::model::{FoldedTexts, SearchWords};
use std::collections::{BTreeSet, HashMap};

/// Grams that a search looks up. More make it slower and exclude hardly any more users: each candidate is checked.
const GRAMS_LOOKED_UP_MAX: usize = 32;

/// Up to three characters in a number, the first one in the highest bits: numbers are in the order of the texts.
type Gram = u64;

/// One, two or three characters of a folded text without white space and commas.
fn gram(chars: &[char]) -> Gram {
    let shifts = [42, 21, 0];
    chars.iter().zip(shifts).map(|(c, shift)| u64::from(u32::from(*c)) << shift).sum()
}

/// The text of a gram.
fn gram_text(gram: Gram) -> String {
    let chars = [42, 21, 0].map(|shift| u32::try_from(gram >> shift & 0x1f_ffff).unwrap_or(0));
    chars.into_iter().filter(|c| *c != 0).filter_map(char::from_u32).collect()
}

/// The row ids of users by the grams of their texts.
#[derive(Default)]
pub(in crate::store) struct GramTable {
    users: HashMap<Gram, Vec<i64>>,
    /// The grams of one user; the memory is used again for the next one.
    grams: Vec<Gram>,
}

impl GramTable {
    /// Adds a user with all texts, separated by white space. Row ids ascend.
    pub(in crate::store) fn add(&mut self, id: i64, texts: &str) {
        self.grams.clear();
        for piece in FoldedTexts::of([texts].into_iter()).pieces() {
            let chars: Vec<char> = piece.chars().collect();
            for length in 1..=3 {
                self.grams.extend(chars.windows(length).map(gram));
            }
        }
        self.grams.sort_unstable();
        self.grams.dedup();
        for gram in &self.grams {
            self.users.entry(*gram).or_default().push(id);
        }
    }

    /// All grams in their order, each with the row ids.
    pub(in crate::store) fn into_sorted(self) -> Vec<(String, Vec<i64>)> {
        let mut users: Vec<(Gram, Vec<i64>)> = self.users.into_iter().collect();
        users.sort_unstable_by_key(|(gram, _)| *gram);
        users.into_iter().map(|(gram, ids)| (gram_text(gram), ids)).collect()
    }
}

/// Grams that a text has if it contains the words: of each word those of three characters, or the word itself if it is
/// shorter.
pub(in crate::store) fn grams_of_words(words: &SearchWords) -> Vec<String> {
    let mut grams = BTreeSet::new();
    let of_word = |word: &str| -> Vec<Gram> {
        let chars: Vec<char> = word.chars().collect();
        chars.windows(chars.len().min(3)).map(gram).collect()
    };
    let mut of_words: Vec<_> = words.iter().map(|word| of_word(word).into_iter()).collect();
    // Some of each word, in turn.
    loop {
        let next: Vec<Gram> = of_words.iter_mut().filter_map(Iterator::next).collect();
        if next.is_empty() || grams.len() >= GRAMS_LOOKED_UP_MAX {
            // Those of three characters first: fewer users have them.
            let mut grams: Vec<String> = grams.into_iter().map(gram_text).collect();
            grams.sort_by_key(|gram| std::cmp::Reverse(gram.chars().count()));
            return grams;
        }
        grams.extend(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(query: &str) -> Vec<String> {
        grams_of_words(&SearchWords::parse(query).unwrap())
    }

    #[test]
    fn grams_do_not_cross_words_or_texts() {
        let mut table = GramTable::default();
        table.add(3, "Ab c\nD,é");
        table.add(7, "b\n山田太");
        table.add(9, "");
        let found: Vec<(String, Vec<i64>)> = table.into_sorted();
        let expected: [(&str, &[i64]); 11] = [
            ("a", &[3]),
            ("ab", &[3]),
            ("b", &[3, 7]),
            ("c", &[3]),
            ("d", &[3]),
            ("e", &[3]),
            ("太", &[7]),
            ("山", &[7]),
            ("山田", &[7]),
            ("山田太", &[7]),
            ("田", &[7]),
        ];
        let mut expected: Vec<(String, Vec<i64>)> =
            expected.iter().map(|(gram, ids)| ((*gram).to_owned(), ids.to_vec())).collect();
        expected.push(("田太".to_owned(), vec![7]));
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_word_has_the_grams_of_its_length() {
        assert_eq!(grams("Zoltán a OB"), ["lta", "olt", "tan", "zol", "ob", "a"]);
        assert_eq!(grams("aaaaaa"), ["aaa"]);
        assert_eq!(grams(""), [""; 0]);
        let long: String = ('a'..='z').chain('а'..='я').chain('一'..='亿').collect();
        assert!((32..40).contains(&grams(&format!("{long} xy")).len()));
        assert!(grams(&format!("{long} xy")).contains(&"xy".to_owned()));
    }
}
