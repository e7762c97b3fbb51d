//! Version 7: the telephone number of a user.

use crate::json::{self, JsonStr};
use crate::model::{check_length, check_text};
use rusqlite::Transaction;
use std::collections::BTreeMap;

/// It never changes, even if the table changes in a later version.
const COLUMN: &str = "alter table users add column phone text check (length(phone) <= 1024)";

/// Adds the column, and moves the extra property `phone` into it. A value that the column cannot hold stays an extra
/// property: one that is no text, that is too long, or that has a refused character.
pub(super) fn migrate(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(COLUMN)?;
    let mut users = tx.prepare("select id, attributes from users where instr(attributes, '\"phone\"') > 0")?;
    let mut update = tx.prepare("update users set phone = ?2, attributes = ?3 where id = ?1")?;
    let mut rows = users.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let Ok(mut members) = json::members(row.get_ref(1)?.as_str()?) else { continue };
        let phone = members.iter().position(|(name, _)| name == "phone");
        let Some((index, phone)) = phone.and_then(|index| Some((index, text_that_fits(members[index].1)?))) else {
            continue;
        };
        members.remove(index);
        let rest: BTreeMap<&str, JsonStr<'_>> =
            members.iter().map(|(name, value)| (name.as_str(), JsonStr(value))).collect();
        update.execute(rusqlite::params![id, phone, json::to_string(&rest)])?;
    }
    Ok(())
}

/// The text of a JSON value, if a text field can hold it.
fn text_that_fits(json: &str) -> Option<String> {
    let text: String = json::decode(json.as_bytes()).ok()?;
    let fits = check_text("", &text).and_then(|()| check_length("", &text, 1024));
    fits.is_ok().then_some(text)
}
