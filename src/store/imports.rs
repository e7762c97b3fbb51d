//! Rows of `imports`: how far those have come that were broken off.

use super::{Rows, Tx, now};
use crate::model::Result;
use rusqlite::params;

impl Rows<'_> {
    /// The line up to which an import of the input with that digest has come; 0 when there is none.
    pub fn find_import_position(&self, digest: &[u8; 32]) -> Result<u64> {
        self.number("select line from imports where digest = ?1", [digest])
    }
}

impl Tx<'_> {
    /// Notes how far an import has come.
    pub fn set_import_position(&self, digest: &[u8; 32], line: u64) -> Result<()> {
        let sql = "insert into imports (digest, line, at) values (?1, ?2, ?3)
             on conflict do update set line = excluded.line, at = excluded.at";
        self.execute(sql, params![digest, super::users::count(line), now()]).map(drop)
    }

    /// Forgets how far an import has come.
    pub fn delete_import_position(&self, digest: &[u8; 32]) -> Result<()> {
        self.execute("delete from imports where digest = ?1", [digest]).map(drop)
    }
}
