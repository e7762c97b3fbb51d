//! Logins and names of groups: which spellings are one name, and which names are refused.

use super::lookalike::reading;
use super::{Error, Result, check_length, check_text};
use std::borrow::Cow;
use unicase::UniCase;
use unicode_normalization::char::decompose_compatible;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Longest login or group name, in characters.
const NAME_CHARS_MAX: usize = 255;

/// Keys of the built-in names: the groups and the user of a new database, and the login under which other servers run
/// their own work.
pub const BUILT_IN: [&str; 5] = ["administrators", "members", "powerusers", "administrator", "system"];
/// The [`reading`] of each built-in name.
const BUILT_IN_READINGS: [&str; 5] = ["adrnlnlstrators", "rnernbers", "powerusers", "adrnlnlstrator", "systern"];

/// The key under which a name is unique and found: NFKC_Casefold (UAX 31, Unicode 3.13, D147), without surrounding
/// spaces. It folds case and compatible forms and drops characters that cannot be seen. A text that has only such
/// characters keeps them, so that a key is never empty.
///
/// Keys are stored. Other tables, for example with a newer version of a crate, need a step of the schema that renews
/// the keys. A test fails when the tables change.
pub fn fold_name(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let key = nfkc_casefold(name);
    match key.trim() {
        "" => spelling_key(name),
        trimmed if trimmed.len() < key.len() => trimmed.to_owned(),
        _ => key,
    }
}

/// The form of a text in which a part of it is compared where case does not count: the folding of [`fold_name`], with
/// surrounding spaces.
pub fn fold_text(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { nfkc_casefold(text) }
}

/// NFKC_Casefold of a text.
pub(super) fn nfkc_casefold(text: &str) -> String {
    let mut text: String = text.nfd().collect();
    // A folded character can decompose, and a decomposed one can fold.
    loop {
        let mut next = String::with_capacity(text.len());
        text.chars().for_each(|c| decompose_compatible(c, |part| next.push(part)));
        let mut next = UniCase::unicode(next).to_folded_case();
        next.retain(|c| !is_ignorable(c));
        if next == text {
            return text.nfc().collect();
        }
        text = next;
    }
}

/// The key of a spelling: like [`fold_name`], but it keeps characters that cannot be seen, and folds as Unicode 16 does.
///
/// Rows had this key before version 4 of the schema. It separates rows of that time that have one name now, and names in
/// files and other systems.
pub fn spelling_key(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Folding can undo the normal form, and normalising can bring back upper case.
    let once = folded_by_unicode_16(&nfkc(name));
    folded_by_unicode_16(&nfkc(&once)).nfkc().collect()
}

fn nfkc(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfkc().collect()),
    }
}

fn folded_by_unicode_16(text: &str) -> String {
    let newer = |c: char| {
        matches!(
            u32::from(c),
            // Unicode 17.
            0xa7ce | 0xa7d2 | 0xa7d4 | 0x16ea0..=0x16eb8
            // Unicode 18.
            | 0xa7dd | 0xa7e2 | 0xab6c | 0xab6d | 0x1df40..=0x1df95
        )
    };
    if !text.contains(newer) {
        return UniCase::unicode(text).to_folded_case();
    }
    let fold = |c: char| if newer(c) { c.to_string() } else { UniCase::unicode(c.to_string()).to_folded_case() };
    text.chars().map(fold).collect()
}

/// True if `stored` is the key of that text, or was its key by older rules: those before version 4 of the schema, or tables
/// that fold fewer characters. For ASCII all rules agree.
pub fn is_key_of(stored: &str, text: &str) -> bool {
    stored == fold_name(text)
        || !text.is_ascii()
            && (stored == spelling_key(text) || fold_name(stored) == fold_name(text) && spelling_key(stored) == stored)
}

/// The keys to look a name up by, in this order. An ASCII name has one.
pub struct Keys {
    /// Keys of rows that keep an older one: the text itself, and the key of the spelling. They come first: such a row
    /// must be found by its own name.
    pub older: Vec<String>,
    /// The key of the name.
    pub key: String,
}

impl Keys {
    /// The keys of a name.
    pub fn of(name: &str) -> Keys {
        let mut keys = Keys { older: Vec::new(), key: fold_name(name) };
        if !name.is_ascii() {
            for older in [name.trim().to_owned(), spelling_key(name)] {
                if older != keys.key && !keys.older.contains(&older) {
                    keys.older.push(older);
                }
            }
        }
        keys
    }
}

/// Takes the surrounding spaces off a login or group name and refuses what cannot be one: blank text,
/// control characters, more than 255 characters. `what` names the thing in the message.
pub fn check_login<'n>(what: &str, name: &'n str) -> Result<&'n str> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::Invalid(format!("{what} is blank")));
    }
    check_text(what, name)?;
    check_length(what, name, NAME_CHARS_MAX)?;
    Ok(name)
}

/// Like [`check_login`], for the name of a new user or group. It also refuses characters that change the direction of
/// text, names in which nothing can be seen, and names that look like a built-in name. Existing names are not affected.
///
/// # Errors
/// `Invalid`, which names the character or the built-in name.
pub fn check_new_name<'n>(what: &str, name: &'n str) -> Result<&'n str> {
    let name = check_login(what, name)?;
    let invalid = |why: String| Err(Error::Invalid(format!("{what} {why}")));
    if !name.is_ascii() {
        if let Some(c) = name.chars().find(|c| turns_direction(*c)) {
            return invalid(format!("contains U+{:04X}, which changes the direction of text", u32::from(c)));
        }
        if name.chars().all(|c| is_ignorable(c) || is_blank(c) || c.is_whitespace()) {
            return invalid("has no character that can be seen".to_owned());
        }
        if let Some(c) = name.chars().find(|c| is_blank(*c)) {
            return invalid(format!("contains U+{:04X}, which cannot be seen", u32::from(c)));
        }
    }
    match built_in_lookalike(name) {
        Some(built_in) => invalid(format!("looks like the built-in name {built_in}")),
        None => Ok(name),
    }
}

/// The built-in name that a name looks like without being it, as it is spelled or in lower case.
fn built_in_lookalike(name: &str) -> Option<&'static str> {
    if name.is_ascii() {
        return built_in_read_as(&reading(name)).filter(|built_in| !name.eq_ignore_ascii_case(built_in));
    }
    let key = fold_name(name);
    let spelled: String = name.chars().filter(|c| !is_ignorable(*c)).collect();
    [&spelled, &key].into_iter().find_map(|text| built_in_read_as(&reading(text))).filter(|_| !is_built_in(&key))
}

fn is_built_in(key: &str) -> bool {
    BUILT_IN.contains(&key)
}

fn built_in_read_as(reading: &str) -> Option<&'static str> {
    BUILT_IN_READINGS.iter().position(|known| *known == reading).map(|index| BUILT_IN[index])
}

/// The explicit directional marks, embeddings, overrides and isolates (UAX 9, 2).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Default_Ignorable_Code_Point of Unicode 18 (DerivedCoreProperties.txt), reserved code points included.
pub(super) fn is_ignorable(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfff8
            | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff
        )
}

/// True for a character that is invisible or changes the direction of text.
pub fn is_invisible(c: char) -> bool {
    is_ignorable(c) || is_blank(c)
}

/// Invisible characters that [`fold_name`] keeps: separators of lines and paragraphs, the empty pattern of Braille, the
/// marks of annotations, and the note without a head.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}' | '\u{1d159}')
}

#[cfg(test)]
mod tests;
