//! Distinguished names (RFC 4514).

use crate::model::EntryName;
use crate::model::spelling_key;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Maximum number of relative names in a distinguished name. It bounds the time of look-ups by suffix.
const PARTS_MAX: usize = 200;

/// Attribute type in lower case, and value, of one part of a relative name.
type Part = (String, String);

/// A distinguished name as a list of relative names; that of the entry itself comes first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::formats) struct Dn(Vec<Vec<Part>>);

impl Dn {
    /// Parses a name. Accepts the form of older servers too: `;` between the parts, and values in quotes.
    pub(in crate::formats) fn parse(text: &str) -> Option<Dn> {
        let mut rest = text.trim_start();
        let mut names = Vec::new();
        let mut name = Vec::new();
        let mut parts = 0;
        if rest.is_empty() {
            return Some(Dn(names));
        }
        loop {
            let (part, after) = part(rest)?;
            parts += 1;
            if parts > PARTS_MAX {
                return None;
            }
            name.push(part);
            let next = after.chars().next();
            if next != Some('+') {
                names.push(std::mem::take(&mut name));
            }
            match next {
                None => return Some(Dn(names)),
                Some(_) => rest = after[1..].trim_start(),
            }
        }
    }

    pub(in crate::formats) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of this attribute type in the first relative name.
    pub(in crate::formats) fn own(&self, wanted: &str) -> Option<&str> {
        let found = self.0.first()?.iter().find(|(kind, _)| kind == wanted);
        found.map(|(_, value)| value.as_str())
    }

    /// The `cn` in the first relative name, or else the `uid`.
    pub(in crate::formats) fn own_name(&self) -> Option<&str> {
        self.own("cn").or_else(|| self.own("uid")).filter(|name| !name.trim().is_empty())
    }

    /// True if the first relative name has only this attribute type.
    pub(in crate::formats) fn is_own(&self, wanted: &str) -> bool {
        self.0.first().is_some_and(|name| name.iter().all(|(kind, _)| kind == wanted))
    }

    /// True if the entry is below an entry whose relative name has this type and value.
    pub(in crate::formats) fn is_below(&self, wanted: &str, text: &str) -> bool {
        let is_it = |(kind, value): &Part| kind == wanted && value.trim().eq_ignore_ascii_case(text);
        self.0.iter().skip(1).flatten().any(is_it)
    }

    /// A digest that is equal for all spellings of one name.
    pub(in crate::formats) fn digest(&self) -> EntryName {
        let mut hash = Sha256::new();
        hash_names(&mut hash, &self.0);
        shortened(hash)
    }

    /// The digest for `memberUid: uid` in an entry with this name: equal for all entries of one suffix. The suffix is
    /// made of the `dc` at the end, or else the last relative name.
    pub(in crate::formats) fn member_uid(&self, uid: &str) -> EntryName {
        let is_dc = |name: &&Vec<Part>| matches!(name.as_slice(), [(kind, _)] if kind == "dc");
        let length = self.0.iter().rev().take_while(is_dc).count().max(1);
        // An entry at the top of the tree has no suffix.
        let length = length.min(self.0.len().saturating_sub(1));
        let mut hash = Sha256::new();
        hash.update(b"memberUid:");
        let uid = folded(uid);
        hash.update(uid.len().to_be_bytes());
        hash.update(uid);
        hash_names(&mut hash, &self.0[self.0.len() - length..]);
        shortened(hash)
    }
}

fn hash_names(hash: &mut Sha256, names: &[Vec<Part>]) {
    for name in names {
        let mut parts: Vec<_> = name.iter().map(|(kind, value)| (kind, folded(value))).collect();
        parts.sort_unstable();
        hash.update(parts.len().to_be_bytes());
        for (kind, value) in parts {
            hash.update(kind.len().to_be_bytes());
            hash.update(kind);
            hash.update(value.len().to_be_bytes());
            hash.update(value);
        }
    }
}

fn shortened(hash: Sha256) -> EntryName {
    let digest: [u8; 32] = hash.finalize().into();
    *digest.first_chunk().expect("32 bytes are at least 16")
}

fn folded(value: &str) -> String {
    if value.contains("  ") || value.contains(|c: char| c.is_whitespace() && c != ' ') {
        return spelling_key(&value.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    spelling_key(value)
}

/// Parses `type=value`. Returns the rest of the text from the separator on.
fn part(text: &str) -> Option<(Part, &str)> {
    let (kind, rest) = text.split_once('=')?;
    let kind = kind.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if kind.is_empty() || !kind.chars().all(plain) {
        return None;
    }
    let kind = match kind.strip_prefix("oid.").unwrap_or(&kind) {
        "commonname" | "2.5.4.3" => "cn".to_owned(),
        "userid" | "0.9.2342.19200300.100.1.1" => "uid".to_owned(),
        "organizationalunitname" | "2.5.4.11" => "ou".to_owned(),
        other => other.to_owned(),
    };
    let rest = rest.trim_start_matches(' ');
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => {
            let (value, rest) = value(quoted, &['"'])?;
            (value, rest.strip_prefix('"')?.trim_start_matches(' '))
        }
        None => value(rest, &[',', ';', '+'])?,
    };
    if !(rest.is_empty() || rest.starts_with([',', ';', '+'])) {
        return None;
    }
    Some(((kind, value), rest))
}

/// Parses a value up to one of these characters. Resolves escapes, and removes spaces at the end.
fn value<'t>(text: &'t str, ends: &[char]) -> Option<(String, &'t str)> {
    let mut bytes = Vec::with_capacity(text.len().min(64));
    // Bytes before this index belong to the value; spaces after it are trimmed.
    let mut meant = 0;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if ends.contains(&next) {
            break;
        }
        rest = &rest[next.len_utf8()..];
        if next != '\\' {
            bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            if next != ' ' {
                meant = bytes.len();
            }
            continue;
        }
        let escaped = rest.chars().next()?;
        let digits = rest.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[2..];
            }
            None => {
                bytes.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[escaped.len_utf8()..];
            }
        }
        meant = bytes.len();
    }
    if ends != ['"'] {
        bytes.truncate(meant);
    }
    Some((String::from_utf8(bytes).ok()?, rest))
}

/// Escapes a value for a distinguished name.
pub(in crate::formats) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => text.extend(['\\', c]),
            '#' if index == 0 => text.push_str("\\#"),
            ' ' if index == 0 || index == last => text.push_str("\\20"),
            c if c.is_ascii_control() => {
                let _ = write!(text, "\\{:02x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str, kind: &str) -> Option<String> {
        Dn::parse(text)?.own(kind).map(str::to_owned)
    }

    #[test]
    fn a_name_is_read_as_the_standard_and_its_elders_write_it() {
        for (text, kind, value) in [
            ("uid=ada,ou=people,dc=example", "uid", "ada"),
            ("CN=Steve Kille,O=Isode Limited,C=GB", "cn", "Steve Kille"),
            ("CN=\"Sue, Grabbit and Runn\"; O=Isode", "cn", "Sue, Grabbit and Runn"),
            ("OU=Sales+CN=J.  Smith,DC=example,DC=net", "cn", "J.  Smith"),
            ("CN=James \\\"Jim\\\" Smith\\, III,DC=example", "cn", "James \"Jim\" Smith, III"),
            ("CN=Before\\0dAfter,DC=example", "cn", "Before\rAfter"),
            ("CN=Lu\\C4\\8Di\\C4\\87", "cn", "Lučić"),
            ("cn =  spaces around  , dc=example", "cn", "spaces around"),
            ("cn=\\ kept\\ ,dc=example", "cn", " kept "),
            ("cn=#04024869,dc=example", "cn", "#04024869"),
            ("2.5.4.3=by number", "cn", "by number"),
            ("userid=old", "uid", "old"),
            ("cn=,dc=example", "cn", ""),
        ] {
            assert_eq!(own(text, kind).as_deref(), Some(value), "{text}");
        }
        assert!(Dn::parse(" ").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["ada", "=ada", "cn=a,b", "cn=a,", "c n=a", "cn=\"a", "cn=\"a\"b", "cn=a\\", "cn=\\ff"] {
            assert_eq!(Dn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_spellings_of_a_name_are_one() {
        let digest = |text| Dn::parse(text).unwrap().digest();
        assert_eq!(digest("CN=Ada  Lovelace, DC=Example"), digest("cn=ada lovelace,dc=example"));
        assert_eq!(digest("cn=a+uid=b,dc=c"), digest("UID=B+CN=A;dc=c"));
        assert_eq!(digest("cn=Stra\u{df}e"), digest("cn=STRASSE"));
        assert_eq!(digest("cn=a\\2cb"), digest("cn=a\\,b"));
        assert_ne!(digest("cn=a,cn=b"), digest("cn=a+cn=b"));
        assert_ne!(digest("cn=a"), digest("cn=a,dc=b"));
        assert_ne!(digest("cn=a"), digest("uid=a"));
    }

    #[test]
    fn an_escaped_value_reads_back() {
        for value in ["a,b+c", " leading", "trailing ", "#first", "a=b;<c>\\\"", "\u{fc}\u{1f600}", "a\nb", " ", "  "] {
            assert_eq!(own(&format!("cn={},dc=x", escaped(value)), "cn").as_deref(), Some(value), "{value:?}");
        }
    }

    #[test]
    fn a_member_uid_means_an_entry_of_the_same_suffix() {
        let of = |text, uid| Dn::parse(text).unwrap().member_uid(uid);
        let ada = of("uid=ada,ou=people,dc=example,dc=org", "ada");
        assert_eq!(of("cn=staff,ou=groups,DC=Example,dc=org", "Ada"), ada);
        assert_ne!(of("cn=staff,ou=groups,dc=example,dc=org", "bob"), ada);
        assert_ne!(of("cn=staff,ou=groups,dc=example,dc=net", "ada"), ada);
        assert_ne!(of("cn=staff,ou=groups,dc=org", "ada"), ada);
        assert_eq!(of("cn=staff,ou=groups,o=acme", "ada"), of("uid=ada,ou=people,o=Acme", "ada"));
        assert_eq!(of("cn=staff", "ada"), of("uid=ada", "ada"));
        assert_ne!(of("dc=org", "ada"), Dn::parse("dc=org").unwrap().digest());
    }

    #[test]
    fn parts_of_a_name_are_found() {
        let dn = Dn::parse("uid=ada,cn=Deleted Users,dc=x").unwrap();
        assert!(dn.is_below("cn", "deleted users") && !dn.is_below("cn", "deleted") && !dn.is_below("uid", "ada"));
        assert!(dn.is_own("uid") && !dn.is_own("cn") && !Dn::default().is_own("uid"));
        assert!(!Dn::parse("nsuniqueid=1+uid=ada,dc=x").unwrap().is_own("nsuniqueid"));
        assert_eq!(Dn::parse("uid=a+cn=b,dc=x").unwrap().own_name(), Some("b"));
        assert_eq!(Dn::parse("mail=a,cn=b").unwrap().own_name(), None);
    }
}
