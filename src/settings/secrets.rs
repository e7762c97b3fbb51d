//! The secrets of a new directory, from environment variables or from files that variables name.

use super::values::{MARK, set};
use anyhow::{Context as _, bail};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The variables with the secrets of a new directory. The same name with `_FILE` names a file with the secret instead.
pub const SECRETS: [&str; 3] = ["ROLLBOOK_ADMIN_PASSWORD", "ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY"];

/// Maximum length of a file with a secret. A longer file is probably named by mistake.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A secret of a new directory: the value of the variable, or the content of the file that the variable with `_FILE`
/// names, without the line break at its end. An empty variable counts as unset.
///
/// # Errors
/// Both variables are set, the file cannot be read or is empty, or the secret is not UTF-8 or begins with a byte order
/// mark.
pub fn first_secret(variable: &str) -> anyhow::Result<Option<String>> {
    let file_variable = file_variable(variable);
    match (set(variable), set(&file_variable)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => bail!("{variable} and {file_variable} are both set; set only one of them"),
        (Some(secret), None) => text(secret.into_encoded_bytes(), variable).map(Some),
        (None, Some(file)) => from_file(&file, &file_variable).map(Some),
    }
}

/// The names of the variables with secrets that are set.
pub fn given_secrets() -> Vec<String> {
    let names = SECRETS.iter().flat_map(|secret| [(*secret).to_owned(), file_variable(secret)]);
    names.filter(|name| set(name).is_some()).collect()
}

/// An error message for each secret that the first start would reject.
pub fn refused_secrets() -> Vec<String> {
    SECRETS.into_iter().filter_map(|secret| first_secret(secret).err()).map(|error| format!("{error:#}")).collect()
}

fn file_variable(variable: &str) -> String {
    format!("{variable}_FILE")
}

fn from_file(file: &OsString, variable: &str) -> anyhow::Result<String> {
    let name = Path::new(file).display();
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(file)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let mut bytes = read().with_context(|| format!("{variable}: read {name}"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("{variable}: {name} is longer than {FILE_BYTES_MAX} bytes; it cannot be a secret");
    }
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    bytes.truncate(end);
    if bytes.is_empty() {
        bail!("{variable}: {name} is empty");
    }
    text(bytes, &format!("{variable}: {name}"))
}

/// The secret as text. `place` is its source for messages.
fn text(bytes: Vec<u8>, place: &str) -> anyhow::Result<String> {
    if bytes.starts_with(MARK) {
        bail!("{place}: the secret begins with a byte order mark; remove it");
    }
    let Ok(text) = String::from_utf8(bytes) else { bail!("{place}: the secret is not UTF-8") };
    Ok(text)
}
