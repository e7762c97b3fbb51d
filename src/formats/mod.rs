//! Users, groups and memberships in files, read and written row by row as a stream. Memory is bounded by the longest
//! row, never by the file.
//!
//! A written file reads back as the same records, except for the fields that the writer returns as dropped. JSON lines
//! hold everything.
//! In CSV, empty and missing texts are both empty cells. LDIF uses comments for fields that LDAP has no attribute for.
//! JSON lines and LDIF end with counts, so that a reader notices a file that was cut off.

mod account_state;
mod counts;
mod csv;
mod encoding;
mod field_names;
mod format;
mod json_lines;
mod ldif;
mod line_reader;
mod record;
mod record_builder;
mod row;
mod row_fields;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod writer;

pub use account_state::AccountState;
pub use format::Format;
pub use record::{GroupRecord, Joined, MemberRecord, Record, Role, SaidBy, SubgroupRecord, UserRecord, UserTexts};
pub use row::{ReadOptions, Remark, RemarkKind, Row, Rows};
pub(crate) use text::quoted;
pub use writer::Writer;

pub use crate::model::{EntryName, Target, TextField};
use std::io::BufRead;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

/// Opens a file for reading. A broken row is refused, and reading continues with the next one.
///
/// # Errors
/// When the input cannot be read, and for a CSV without a usable header.
pub fn open_rows(format: Format, input: Box<dyn BufRead + Send>, options: &ReadOptions) -> anyhow::Result<Rows> {
    let (input, position) = encoding::decode(input)?;
    let rows: Rows = match format {
        Format::Csv => Box::new(csv::Reader::new(input, options)?),
        Format::JsonLines => Box::new(json_lines::Reader::new(input, options)),
        Format::Ldif => Box::new(ldif::Reader::new(input, options)),
    };
    Ok(match position {
        None => rows,
        // The reader counts bytes of UTF-8, but the file has another encoding.
        Some(position) => Box::new(rows.map(move |row| {
            let bytes = position.load(Ordering::Relaxed);
            row.map(|row| Row { bytes, ..row })
        })),
    })
}

/// True if a value that another system has under this name disables the account, false if it enables it. `None` if the
/// value does not decide, for example because it only says that the account is not locked.
pub fn account_state_of(name: &str, value: &str) -> Option<AccountState> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let state = account_state::account_state(&plain, value, i64::try_from(now).unwrap_or(i64::MAX))?;
    (state != AccountState::Enabled || account_state::says_enabled(&plain)).then_some(state)
}

/// The form in which logins and group names are compared.
pub fn name_key(name: &str) -> String {
    crate::model::fold_name(name)
}

/// The digest that identifies the entry with this distinguished name; `None` if the text is not a distinguished name.
pub fn entry_name(text: &str) -> Option<EntryName> {
    ldif::dn::Dn::parse(text).filter(|dn| !dn.is_empty()).map(|dn| dn.digest())
}
