//! The migration that computes the keys of all names again.

use crate::model::{BUILT_IN, fold_name};
use crate::store::tables::columns::search_key;
use rusqlite::{OptionalExtension as _, Transaction, params};

/// Version 4 of the schema. It never changes, even if these tables change in a later version.
pub(super) const WITHHELD: &str = "\
create table withheld_user_keys (
    user_id integer primary key references users (id) on delete cascade,
    key     text not null                          -- the key of the user's name, which another row had
) strict;
create index withheld_user_keys_by_key on withheld_user_keys (key);
create table withheld_group_keys (
    group_id integer primary key references groups (id) on delete cascade,
    key      text not null                         -- the key of the group's name, which another row had
) strict;
create index withheld_group_keys_by_key on withheld_group_keys (key);";

/// Gives every row the keys that the present rules compute from its texts. A migration calls it after each change of
/// the rules.
///
/// A name keeps its older key if another row has the new key (of several rows, the oldest gets it), if a pending member
/// has the new key, and if the new key is a built-in name: no row gains rights.
pub(super) fn renew_keys(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut kept = 0;
    for table in [USERS, GROUPS] {
        renew_search_keys(tx, &table)?;
        tx.execute(&format!("delete from {}", table.withheld), [])?;
        let Table { name, column, key: key_column, withheld, kinds, .. } = table;
        let outdated: Vec<(i64, String)> = {
            let mut statement = tx.prepare(&format!("select id, {column}, {key_column} from {name} order by id"))?;
            let mut rows = statement.query([])?;
            let mut outdated = Vec::new();
            while let Some(row) = rows.next()? {
                let key = fold_name(row.get_ref(1)?.as_str()?);
                if key != row.get_ref(2)?.as_str()? {
                    outdated.push((row.get(0)?, key));
                }
            }
            outdated
        };
        for (id, key) in outdated {
            let sql = format!(
                "select exists (select 1 from {name} where {key_column} = ?1)
                     or exists (select 1 from dangling_members where kind in ({kinds}) and name_key = ?1)"
            );
            let taken: bool = tx.query_row(&sql, [&key], |row| row.get(0))?;
            if taken || BUILT_IN.contains(&key.as_str()) {
                tx.execute(&format!("insert into {withheld} values (?1, ?2)"), params![id, key])?;
                kept += 1;
            } else {
                tx.execute(&format!("update {name} set {key_column} = ?2 where id = ?1"), params![id, key])?;
            }
        }
    }
    kept += renew_waiting_keys(tx)?;
    if kept > 0 {
        log::warn!("{kept} names keep an older key, because another name has the new one: `rollbook check` lists them");
    }
    Ok(())
}

/// The table of users or of groups.
struct Table {
    name: &'static str,
    column: &'static str,
    key: &'static str,
    withheld: &'static str,
    /// The kinds of lists that can contain its names.
    kinds: &'static str,
    /// Texts and their search keys.
    searched: &'static [(&'static str, &'static str)],
}

const USERS: Table = Table {
    name: "users",
    column: "username",
    key: "username_key",
    withheld: "withheld_user_keys",
    kinds: "'user'",
    searched: &[("first_name", "first_key"), ("last_name", "last_key"), ("email", "email_key")],
};

const GROUPS: Table = Table {
    name: "groups",
    column: "name",
    key: "name_key",
    withheld: "withheld_group_keys",
    kinds: "'group', 'parent'",
    searched: &[("label", "label_key")],
};

fn renew_search_keys(tx: &Transaction<'_>, table: &Table) -> rusqlite::Result<()> {
    for (column, key) in table.searched {
        let sql = format!("select id, {column}, {key} from {} where {column} is not null", table.name);
        let outdated: Vec<(i64, Option<String>)> = {
            let mut statement = tx.prepare(&sql)?;
            let mut rows = statement.query([])?;
            let mut outdated = Vec::new();
            while let Some(row) = rows.next()? {
                let key = search_key(Some(row.get_ref(1)?.as_str()?));
                if key.as_deref() != row.get_ref(2)?.as_str_or_null()? {
                    outdated.push((row.get(0)?, key));
                }
            }
            outdated
        };
        let mut update = tx.prepare(&format!("update {} set {key} = ?2 where id = ?1", table.name))?;
        for (id, key) in outdated {
            update.execute(params![id, key])?;
        }
    }
    Ok(())
}

/// Does the same for pending members. None gets the key of a row, because that would be a new member. Returns the
/// number of names that keep their key.
fn renew_waiting_keys(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    let mut statement = tx.prepare("select kind, name_key, group_id, name from dangling_members order by seq")?;
    let mut rows = statement.query([])?;
    let mut outdated: Vec<(String, String, i64, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let key = fold_name(row.get_ref(3)?.as_str()?);
        if key != row.get_ref(1)?.as_str()? {
            outdated.push((row.get(0)?, row.get(1)?, row.get(2)?, key));
        }
    }
    let mut kept = 0;
    for (kind, stored, group_id, key) in outdated {
        let table = if kind == "user" { USERS } else { GROUPS };
        let sql = format!("select 1 from {} where {} = ?1", table.name, table.key);
        let exists = tx.query_row(&sql, [&key], |_| Ok(())).optional()?.is_some();
        let sql = "update or ignore dangling_members set name_key = ?4
             where kind = ?1 and name_key = ?2 and group_id = ?3";
        if exists || BUILT_IN.contains(&key.as_str()) || tx.execute(sql, params![kind, stored, group_id, key])? == 0 {
            kept += 1;
        }
    }
    Ok(kept)
}
