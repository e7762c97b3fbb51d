//! Direct access to the database file, without the server.

use super::folder::Folder;
use super::wait::PATIENCE;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::Path;

pub use rusqlite::{Connection as Database, Result as SqlResult, Row as SqlRow, params};

/// Every table, and the columns that are not compared: when a key was last used is written now and then. The tables of
/// the search index are missing, because the server fills them some seconds after a change.
const TABLES: [(&str, &[&str]); 16] = [
    ("users", &[]),
    ("groups", &[]),
    ("memberships", &[]),
    ("subgroups", &[]),
    ("dangling_members", &[]),
    ("credentials", &["last_used_at"]),
    ("counters", &[]),
    ("changes", &[]),
    ("change_marks", &[]),
    ("imports", &[]),
    ("import_parts", &[]),
    ("entry_names", &[]),
    ("passwords", &[]),
    ("scim_users", &[]),
    ("scim_emails", &[]),
    ("scim_members", &[]),
];

/// The rows of each table, as texts.
pub type Whole = BTreeMap<&'static str, Vec<String>>;

/// A second connection, which compares snapshots of a database.
pub struct State(Connection);

impl State {
    pub fn of(folder: &Folder) -> State {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(folder.db(), flags).expect("the database");
        connection.set_prepared_statement_cache_capacity(64);
        State(connection)
    }

    /// A number that changes with each commit of the server.
    pub fn version(&self) -> i64 {
        self.0.pragma_query_value(None, "data_version", |row| row.get(0)).expect("a number")
    }

    /// The rows that a query finds, each as a text.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let mut statement = self.0.prepare_cached(sql).expect("a query");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| {
            let cell = |(at, name): (usize, &String)| {
                row.get_ref(at).map(|value| format!("{name}: {}", shown(value))).expect("a value")
            };
            Ok(columns.iter().enumerate().map(cell).collect::<Vec<_>>().join(", "))
        });
        rows.expect("rows").collect::<Result<_, _>>().expect("rows")
    }

    /// The first column of what a query finds.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let mut statement = self.0.prepare_cached(sql).expect("a query");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("texts")
    }

    /// All rows by table, without those of the search index.
    pub fn whole(&self) -> Whole {
        // One transaction reads all tables from one snapshot.
        let transaction = self.0.unchecked_transaction().expect("a transaction");
        let tables = TABLES.map(|(table, left_out)| {
            let mut rows = self.rows(&format!("select * from {table} order by 1, 2"));
            rows.retain(|row| !row.contains("name: \"search_indexed_to\""));
            for row in &mut rows {
                let kept = |cell: &&str| !left_out.iter().any(|name| cell.starts_with(&format!("{name}: ")));
                *row = row.split(", ").filter(kept).collect::<Vec<_>>().join(", ");
            }
            (table, rows)
        });
        drop(transaction);
        tables.into_iter().collect()
    }

    /// The rows of one snapshot that the other does not have: first the removed ones, then the new ones.
    pub fn differences(before: &Whole, after: &Whole) -> Vec<String> {
        let missing = |from: &Whole, other: &Whole, sign: char| -> Vec<String> {
            let rows = from.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (*table, row)));
            let gone = rows.filter(|(table, row)| !other[table].contains(row));
            gone.map(|(table, row)| format!("{sign} {table}: {row}")).collect()
        };
        [missing(before, after, '-'), missing(after, before, '+')].concat()
    }

    /// Asserts the rules for each snapshot: a sound file, no row with a broken reference, an enabled administrator.
    pub fn assert_sound(&self) {
        assert_eq!(self.texts("pragma integrity_check"), ["ok"]);
        assert_eq!(self.rows("pragma foreign_key_check"), [""; 0]);
        assert_eq!(self.texts("select name from groups where name_key = 'administrators'").len(), 1);
        let enabled = "select username from users where disabled = 0 and id in (select user_id from memberships
             where group_id in ";
        assert_ne!(self.texts(&format!("{enabled} ({BELOW_ADMINISTRATORS}))")), [""; 0], "an enabled administrator");
        for (counter, table) in [("users", "users"), ("groups", "groups")] {
            let sql = format!(
                "select name from counters where name = '{counter}' and value <> (select count(*) from {table})"
            );
            assert_eq!(self.texts(&sql), [""; 0], "the counter of {table}");
        }
    }
}

/// The ids of the group `administrators` and of all groups below it.
pub const BELOW_ADMINISTRATORS: &str = "with recursive below (id) as (
     select id from groups where name_key = 'administrators'
     union select child_id from subgroups join below on parent_id = below.id)
 select id from below";

fn shown(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Runs SQL on a database file, as another program would.
pub fn execute(path: &Path, sql: &str) {
    let database = Database::open(path).expect("the database");
    database.busy_timeout(PATIENCE).expect("a busy timeout");
    database.execute_batch(sql).unwrap_or_else(|error| panic!("{error} in {sql}"));
}

/// Runs SQL on a database file without the check of foreign keys, as other programs do by default.
pub fn execute_without_foreign_keys(path: &Path, sql: &str) {
    execute(path, &format!("pragma foreign_keys = off; {sql}"));
}

/// The logins of the users in a file.
pub fn usernames_in(path: &Path) -> Vec<String> {
    let connection = Database::open(path).expect("a database");
    let mut statement = connection.prepare("select username_key from users order by 1").expect("users");
    statement.query_map([], |row| row.get(0)).expect("users").collect::<Result<_, _>>().expect("names")
}
