//! Tells passwords in clear from everything else that a password column holds: stored hashes of any kind, markers of
//! locked accounts, masked values and placeholders.
//!
//! The tests look at the shape of a value and know few products, because a hash of an unknown program must not become
//! a password either. A password that looks like a hash is therefore left out as well.

/// The fewest hexadecimal digits that count as a digest.
const HEX_DIGITS_MIN: usize = 16;
/// The shortest token that counts as random when it is not made of words.
const TOKEN_BYTES_MIN: usize = 16;
/// The shortest token of letters and digits that counts as Base64, whatever it is made of.
const BASE64_BYTES_MIN: usize = 20;
/// The length of a crypt(3) value of DES.
const DES_CRYPT_BYTES: usize = 13;
/// The longest word of one token. Longer ones may be Base32.
const WORD_BYTES_MAX: usize = 30;

/// Words in the names of schemes and algorithms, without the digits that follow them.
const ALGORITHMS: &str = "\
    aes apr argon bcrypt blake blf blowfish clear cleartext cram crypt digest drupal enc encrypted gost \
    hash hashed hex hmac issha jbcrypt kerberos lanman md mta noop ns nt ntlm otp pbkdf phpass pkcs \
    plain ripemd rpa sasl scram scrypt sha skey smd ssha sun vault whirlpool x yescrypt";

/// Words of [`ALGORITHMS`] that say little by themselves.
const COMMON: &str = "clear cleartext hex mta noop ns nt plain sun x";

/// Values that stand for no password, in lower case.
const MARKERS: [&str; 34] = [
    "",
    "lk",
    "np",
    "up",
    "nl",
    "\\n",
    "null",
    "(null)",
    "nil",
    "none",
    "nan",
    "n/a",
    "undefined",
    "unset",
    "not set",
    "set",
    "no password",
    "nopassword",
    "no_information",
    "not_supported",
    "nologin",
    "no login",
    "locked",
    "disabled",
    "expired",
    "invalid",
    "blocked",
    "unusable",
    "redacted",
    "hidden",
    "masked",
    "true",
    "false",
    "password expired",
];

/// The ids of crypt(3)'s values.
const CRYPT_IDS: [&str; 10] = ["1", "2a", "2b", "2x", "2y", "5", "6", "7", "y", "gy"];

/// The kind of a value that could be something else than a password in clear. It contains nothing of the value but
/// names of schemes and algorithms.
pub(super) fn kind_of(value: &str) -> Option<String> {
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    let value = value.trim_matches(['"', '\'', '`']);
    let kind = kind_by_prefix(value).or_else(|| kind_by_content(value).map(str::to_owned));
    kind.or_else(|| kind_by_parts(value))
}

/// The kind of a value that is told by its parts: its first sign is lost where a shell has seen it, or the algorithm does
/// not stand first.
fn kind_by_parts(value: &str) -> Option<String> {
    if let Some((id, rest)) = value.split_once('$')
        && CRYPT_IDS.contains(&id)
        && rest.contains('$')
    {
        return Some(format!("{id}$"));
    }
    let is_named = value.matches(';').count() >= 2 && value.split(';').any(is_algorithm);
    is_named.then(|| "hash with the name of its algorithm".to_owned())
}

/// The name in braces before a value, and the value.
pub(super) fn scheme(value: &str) -> Option<(&str, &str)> {
    value.strip_prefix('{')?.split_once('}')
}

/// The kind of a value that begins with the name of a scheme or of an algorithm.
fn kind_by_prefix(value: &str) -> Option<String> {
    if let Some((scheme, rest)) = scheme(value) {
        return Some(if scheme.trim_start().starts_with('"') { "JSON".to_owned() } else { scheme_kind(scheme, rest) });
    }
    if let Some(kind) = modular_kind(value) {
        return Some(kind);
    }
    let (name, _) = value.split_once(['$', ':', '|', '(', '{'])?;
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let is_named = segments(name).any(|(word, _)| is_algorithm(word) && !is_listed(COMMON, word));
    is_named.then(|| if is_safe(name) { name.to_owned() } else { "hash with the name of its algorithm".to_owned() })
}

/// `{SCHEME}`, or `{SCHEME}$id$`.
fn scheme_kind(scheme: &str, rest: &str) -> String {
    // SAP and Netscape write parameters behind the name.
    let name = scheme.split([',', ' ', '@']).next().unwrap_or_default();
    let shown = if is_safe(name) { name } else { "…" };
    let rest = modular_kind(rest).unwrap_or_default();
    format!("{{{shown}}}{rest}")
}

/// `$id$` of a value in the modular format.
fn modular_kind(value: &str) -> Option<String> {
    let (id, _) = value.strip_prefix('$')?.split_once('$')?;
    if id.is_empty() || id.contains(char::is_whitespace) {
        return None;
    }
    let is_short = (1..=2).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let shown = if is_short || is_safe(id) { id } else { "…" };
    Some(format!("${shown}$"))
}

/// True if a name consists of words and numbers that name algorithms, so that a report can show it.
fn is_safe(name: &str) -> bool {
    let is_number = |text: &str| text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.len() <= 32
        && segments(name).any(|(word, _)| is_algorithm(word))
        && segments(name).all(|(word, number)| (word.is_empty() || is_algorithm(word)) && is_number(number))
}

/// The parts of a name, each split where its first digit stands.
fn segments(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let name = name.get(..64).unwrap_or(name);
    name.split(['-', '_', '.', '/', '+', ' ']).map(|segment| {
        let digits = segment.find(|c: char| c.is_ascii_digit()).unwrap_or(segment.len());
        segment.split_at(digits)
    })
}

fn is_algorithm(word: &str) -> bool {
    is_listed(ALGORITHMS, word)
}

fn is_listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed.eq_ignore_ascii_case(word))
}

/// The kind of a value that is told by its characters.
fn kind_by_content(value: &str) -> Option<&'static str> {
    if value.chars().any(char::is_control) {
        return Some("binary");
    }
    if is_masked(value) {
        return Some("masked value");
    }
    if is_marker(value) {
        return Some("marker of a locked account");
    }
    if is_hex(value) || is_hidden_hex(value) {
        return Some("hexadecimal digest");
    }
    if value.split(['$', ':']).any(is_des_crypt) {
        return Some("DES crypt");
    }
    if value.split(|c: char| !is_token(c)).any(is_random) {
        return Some("Base64 digest");
    }
    let brackets = [('<', '>'), ('[', ']'), ('(', ')')];
    let is_bracketed = brackets.iter().any(|(open, close)| value.starts_with(*open) && value.ends_with(*close));
    (is_bracketed || is_no_value(value)).then_some("placeholder")
}

/// True if a program has marked that it has no value, or an encrypted one: errors of spreadsheets, names of types.
fn is_no_value(value: &str) -> bool {
    let is_error = value == "#N/A" || value.starts_with('#') && value.ends_with(['!', '?']) && !value.contains(' ');
    is_error || value == "0x" || ["System.", "Microsoft.", "ENC[", "ENC("].iter().any(|begin| value.starts_with(begin))
}

/// True if a program has put symbols in the place of characters: `••••`, `ad****`, `xxxxxxxx`.
fn is_masked(value: &str) -> bool {
    let Some(first) = value.chars().next() else { return false };
    let (count, is_one_symbol) = (value.chars().count(), value.chars().all(|c| c == first));
    let is_symbol = !first.is_alphanumeric() && first != '!' || matches!(first, 'x' | 'X');
    let is_repeated = is_one_symbol && (count >= 2 && is_symbol || count >= TOKEN_BYTES_MIN);
    is_repeated || ["****", "••••", "●●●●"].iter().any(|mask| value.contains(mask))
}

/// True if a value marks an account without a usable password. One character is never a password.
fn is_marker(value: &str) -> bool {
    value.starts_with(['!', '*'])
        || value.starts_with("##")
        || value.chars().nth(1).is_none()
        || value.len() <= 32 && MARKERS.contains(&value.to_ascii_lowercase().as_str())
}

/// True if a value has a run of hexadecimal digits, or consists of such digits with separators between them.
fn is_hex(value: &str) -> bool {
    let is_separator = |c: char| matches!(c, ' ' | ':' | '-' | ',' | '.');
    let is_run = |run: &str| run.len() >= HEX_DIGITS_MIN;
    let digits = value.chars().filter(char::is_ascii_hexdigit).count();
    let is_separated = digits >= HEX_DIGITS_MIN && value.chars().all(|c| c.is_ascii_hexdigit() || is_separator(c));
    let marked = ["0x", "0X", "\\x"].iter().find_map(|mark| value.strip_prefix(mark));
    let is_marked = marked.is_some_and(|digits| digits.len() >= 2 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    is_separated || is_marked || value.split(|c: char| !c.is_ascii_hexdigit()).any(is_run)
}

/// True if a value can be a password that Cisco's type 7 hides: a decimal number up to 15 and hexadecimal pairs.
fn is_hidden_hex(value: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
    value.len() >= 8
        && value.len().is_multiple_of(2)
        && value.bytes().all(is_digit)
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && value[..2].parse::<u8>().is_ok_and(|salt| salt <= 15)
}

/// True if a value can be a crypt(3) value of DES: the last of its characters has only four bits.
fn is_des_crypt(value: &str) -> bool {
    value.len() == DES_CRYPT_BYTES
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'))
        && (value.ends_with(|c| ".26AEIMQUYcgkosw".contains(c)) || !is_words(value))
}

/// Characters of Base64 in all its alphabets.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '.' | '_' | '-')
}

/// True if a token is too random for a text.
fn is_random(token: &str) -> bool {
    token.len() >= TOKEN_BYTES_MIN
        && (token.ends_with('=') || token.split(['.', '_', '-']).any(is_base64) || !is_words(token))
}

/// True if a run of characters is too long for anything but Base64, and is not one long word.
fn is_base64(run: &str) -> bool {
    let has_upper = run.bytes().any(|byte| byte.is_ascii_uppercase());
    let word = run.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_one_word = word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase()) && is_word(word);
    run.len() >= BASE64_BYTES_MIN && has_upper && !is_one_word
}

/// True if a token is made of words and numbers, as `Secret-words-2024` is.
fn is_words(token: &str) -> bool {
    let chunks = || token.split(['.', '_', '-', '/', '+', '=']).filter(|chunk| !chunk.is_empty());
    if token.bytes().all(|byte| !byte.is_ascii_digit() && !byte.is_ascii_uppercase()) {
        let letters: String = chunks().collect();
        return is_pronounceable(&letters);
    }
    let (mut length, mut breaks) = (0, 0);
    for chunk in chunks() {
        let mut parts = Parts(chunk);
        while let Some(part) = parts.next() {
            let is_alone = part.len() == chunk.len();
            let is_last = parts.0.is_empty();
            let is_part = if part.starts_with(|c: char| c.is_ascii_digit()) {
                part.len() > 1 || is_last
            } else {
                (part.len() > 1 || is_alone) && is_word(part)
            };
            if !is_part {
                return false;
            }
            breaks += usize::from(!is_last);
        }
        length += chunk.len();
    }
    (breaks + 1) * 4 <= length
}

/// True if letters are a word in lower case, in capitals, or with one capital.
fn is_word(letters: &str) -> bool {
    let is_upper = letters.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_cased = is_upper || letters.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
    is_cased && letters.len() <= WORD_BYTES_MAX && is_pronounceable(letters)
}

/// True if letters have vowels enough.
fn is_pronounceable(letters: &str) -> bool {
    let vowels = letters.bytes().filter(|byte| b"aeiouyAEIOUY".contains(byte)).count();
    vowels > 0 && vowels * 6 >= letters.len()
}

/// The parts of a chunk of letters and digits: they end between letters and digits, and before a capital.
struct Parts<'c>(&'c str);

impl<'c> Iterator for Parts<'c> {
    type Item = &'c str;

    fn next(&mut self) -> Option<&'c str> {
        let bytes = self.0.as_bytes();
        let is_end = |pair: &[u8]| {
            let (left, right) = (pair[0], pair[1]);
            left.is_ascii_digit() != right.is_ascii_digit() || left.is_ascii_lowercase() && right.is_ascii_uppercase()
        };
        let end = bytes.windows(2).position(is_end).map_or(bytes.len(), |before| before + 1);
        let (part, rest) = self.0.split_at(end);
        self.0 = rest;
        (!part.is_empty()).then_some(part)
    }
}

#[cfg(test)]
mod tests;
