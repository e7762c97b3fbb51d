//! Rows of `imports` and `import_parts`: the progress and the results of interrupted imports. Rows of `entry_names`:
//! the LDAP entries that users and groups were imported from.

use crate::model::{EntityKind, EntryName, ImportProgress, Result, now};
use crate::store::sql::{ReadTx, WriteTx};
use rusqlite::params;

/// The user or group that was imported from an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportedEntity {
    /// A user, by row id.
    User(i64),
    /// A group, by row id.
    Group(i64),
}

impl ReadTx<'_> {
    /// The progress of an interrupted import of the input with that digest.
    pub fn find_import_progress(&self, digest: &[u8; 32]) -> Result<Option<ImportProgress>> {
        let line = self.first("select line from imports where digest = ?1", [digest], |row| row.get::<_, i64>(0))?;
        let Some(line) = line else { return Ok(None) };
        let sql = "select phase, row, result from import_parts where digest = ?1 order by phase, row";
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let parts =
            self.all(sql, [digest], |row| Ok((row.get::<_, u32>(0)?, number(row.get(1)?), row.get::<_, String>(2)?)))?;
        Ok(Some(ImportProgress { line: number(line), parts }))
    }

    /// The user or group that was imported from the entry of that name.
    pub fn find_entry(&self, name: &EntryName) -> Result<Option<ImportedEntity>> {
        let sql = "select user_id, group_id from entry_names where name = ?1";
        let found = self.first(sql, [name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.and_then(|(user, group): (Option<i64>, Option<i64>)| {
            user.map(ImportedEntity::User).or(group.map(ImportedEntity::Group))
        }))
    }
}

impl WriteTx<'_> {
    /// Stores the progress of an import, and the result of its last part.
    pub fn save_import_progress(
        &self,
        digest: &[u8; 32],
        line: u64,
        (phase, row): (u32, u64),
        result: &str,
    ) -> Result<()> {
        let (line, row) = (crate::store::tables::columns::count(line), crate::store::tables::columns::count(row));
        let sql = "insert into imports (digest, line, at) values (?1, ?2, ?3)
             on conflict do update set line = excluded.line, at = excluded.at";
        self.execute(sql, params![digest, line, now()])?;
        let sql = "insert or replace into import_parts (digest, phase, row, result) values (?1, ?2, ?3, ?4)";
        self.execute(sql, params![digest, phase, row, result]).map(drop)
    }

    /// Deletes the progress of an import.
    pub fn delete_import_progress(&self, digest: &[u8; 32]) -> Result<()> {
        self.execute("delete from imports where digest = ?1", [digest]).map(drop)
    }

    /// Deletes the progress of imports that have not continued since that time, in milliseconds since 1970-01-01 UTC.
    pub fn delete_import_progress_before(&self, time: i64) -> Result<()> {
        self.execute("delete from imports where at < ?1", [time]).map(drop)
    }

    /// Stores that a user or group was imported from the entry of these names.
    pub fn save_entry_names(&self, kind: EntityKind, id: i64, names: &[EntryName]) -> Result<()> {
        let (user, group) = match kind {
            EntityKind::User => (Some(id), None),
            EntityKind::Group => (None, Some(id)),
        };
        for (at, name) in names.iter().enumerate() {
            let of_another = "select 1 from entry_names where name = ?1 and not (user_id is ?2 and group_id is ?3)";
            if at > 0 && self.any(of_another, params![name, user, group])? {
                // A name that is not a distinguished name and means several entries means none.
                let sql = "update entry_names set user_id = null, group_id = null where name = ?1";
                self.execute(sql, params![name])?;
            } else {
                let sql = "insert or replace into entry_names (name, user_id, group_id) values (?1, ?2, ?3)";
                self.execute(sql, params![name, user, group])?;
            }
        }
        Ok(())
    }
}
