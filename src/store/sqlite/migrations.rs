//! Migrations of the schema: the version of a file, and the steps from each version to the next.

mod name_keys;
mod phone;
mod scim;

use crate::store::tables::passwords::slow_kind;
use anyhow::{Context as _, bail};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Distinguishes an existing database from a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenOutcome {
    /// The file contained a database.
    Existing,
    /// There was no database. The tables are empty.
    New,
}

/// "Roll" in ASCII: identifies a rollbook database in the header of the file.
const APPLICATION_ID: i32 = 0x526f_6c6c;

/// The versions that this program knows. A new version needs a new `schema.sql`, a migration, and a file of its
/// own in `tests/versions`.
const MIGRATIONS: Migrations<'static> = Migrations { schema: include_str!("../../../schema.sql"), steps: &ALL };

/// The migrations from the first version to the newest.
const ALL: [Migration; 9] = [
    Migration { to: 2, what: "records changes and the progress of imports", run: |tx| tx.execute_batch(CHANGES) },
    Migration {
        to: 3,
        what: "counts the changes of passwords",
        run: |tx| {
            tx.execute_batch(PASSWORDS)?;
            note_slow_hashes(tx)
        },
    },
    Migration {
        to: 4,
        what: "compares names without invisible characters",
        run: |tx| {
            tx.execute_batch(name_keys::WITHHELD)?;
            name_keys::renew_keys(tx)
        },
    },
    Migration {
        to: 5,
        what: "stores the entries that users and groups were imported from",
        run: |tx| tx.execute_batch(ENTRIES),
    },
    Migration {
        to: 6,
        what: "counts the age of changes on a clock of their own",
        run: |tx| tx.execute_batch(CHANGE_MARKS),
    },
    Migration { to: 7, what: "stores telephone numbers in a column", run: phone::migrate },
    Migration { to: 8, what: "stores external ids of groups", run: |tx| tx.execute_batch(GROUP_EXTERNAL_IDS) },
    Migration { to: 9, what: "indexes texts for searches by words", run: |tx| tx.execute_batch(SEARCH_INDEX) },
    Migration { to: 10, what: "adds the tables of SCIM", run: scim::migrate },
];

/// Version 2. It never changes, even if these tables change in a later version.
const CHANGES: &str = "\
create table changes (
    id          integer primary key,  -- counts up; the newest row is never removed, so that none is given twice
    at          integer not null,
    caller_kind text check (caller_kind in ('user', 'key', 'operator')), -- null: the program itself
    caller      text,                 -- the name of the user or key, or the operator's account on this machine
    dialect     text not null,        -- by which it came, or `command`, or `program`
    action      text not null,        -- what was done: `user.created`
    name        text not null,        -- the user, the group or the key that it was done to
    before      text,                 -- JSON object: what was so and is no longer, no secrets
    after       text                  -- JSON object: what is so now, no secrets
) strict;
create table imports (
    digest blob primary key check (length(digest) = 32), -- SHA-256 of the whole input
    line   integer not null,                             -- everything up to this line has been looked at and stored
    at     integer not null
) strict, without rowid;";

/// Version 3. It never changes.
const PASSWORDS: &str = "\
create table passwords (
    user_id   integer primary key references users (id) on delete cascade,
    number    integer not null,                        -- counts changes; a better hash of the same password is none
    imported  blob check (length(imported) = 32),      -- SHA-256 of the hash that was imported last
    slow_kind text                                     -- kind and cost of a hash that takes longer to check than ours
) strict;
create index passwords_by_slow_kind on passwords (slow_kind) where slow_kind is not null;";

/// Version 5. It never changes.
const ENTRIES: &str = "\
create table import_parts (
    digest blob not null references imports (digest) on delete cascade,
    phase  integer not null,                       -- 0: the beginning, then the passes over the input
    row    integer not null,                       -- the number of the last row of the part
    result text not null check (json_valid(result)),
    primary key (digest, phase, row)
) strict, without rowid;
create table entry_names (
    name     blob primary key check (length(name) = 16), -- digest of the distinguished name
    user_id  integer references users (id) on delete cascade,
    group_id integer references groups (id) on delete cascade,
    check (user_id is null or group_id is null)        -- both are null: several had the name, and it means nobody
) strict, without rowid;
create index entry_names_by_user on entry_names (user_id) where user_id is not null;
create index entry_names_by_group on entry_names (group_id) where group_id is not null;";

/// Version 6. It never changes.
const CHANGE_MARKS: &str = "\
create table change_marks (
    id integer primary key,           -- the newest change at that time
    at integer not null               -- milliseconds of that clock
) strict;";

/// Version 8. It never changes.
const GROUP_EXTERNAL_IDS: &str = "\
alter table groups add column external_id text check (length(external_id) <= 1024);
create index groups_by_external_id on groups (external_id) where external_id is not null;";

/// Version 9. It never changes. The server fills the index.
const SEARCH_INDEX: &str = "\
create table search_segments (
    id       integer primary key,
    level    integer not null,                     -- number of merges that have led to it
    base     integer not null,                     -- the lists have the differences of row ids to this one
    last     integer not null,                     -- the largest row id in the lists
    complete integer not null check (complete in (0, 1)) -- 0: not part of the index, being written or removed
) strict;
create table search_grams (
    segment integer not null references search_segments (id),
    gram    text not null check (length(gram) between 1 and 3),
    users   blob not null,                         -- row ids of the users with the gram in their texts
    primary key (segment, gram)
) strict, without rowid;
create table search_changed (
    user_id integer primary key references users (id) on delete cascade,
    change  integer not null                       -- the newest row of `changes` after that change
) strict;";

/// Finds the hashes of an older file that take long to check.
fn note_slow_hashes(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut hashes = tx.prepare("select id, password_hash from users where password_hash is not null")?;
    let mut insert = tx.prepare("insert into passwords (user_id, number, slow_kind) values (?1, 0, ?2)")?;
    let mut rows = hashes.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(kind) = slow_kind(row.get_ref(1)?.as_str()?) {
            insert.execute(rusqlite::params![row.get::<_, i64>(0)?, kind])?;
        }
    }
    Ok(())
}

/// All versions of a schema.
struct Migrations<'v> {
    /// The newest schema, for new files.
    schema: &'v str,
    /// One migration for each version after 1.
    steps: &'v [Migration],
}

/// A migration from one version to the next.
struct Migration {
    /// The version of the file after it.
    to: i32,
    /// A description for the log.
    what: &'static str,
    /// Runs in its own transaction without foreign keys, which are checked at the end.
    run: fn(&Transaction<'_>) -> rusqlite::Result<()>,
}

impl Migrations<'_> {
    fn newest(&self) -> i32 {
        self.steps.last().map_or(1, |step| step.to)
    }

    /// The version of a rollbook database; `None` for an empty file.
    fn of(&self, connection: &Connection) -> anyhow::Result<Option<i32>> {
        let application_id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let newest = self.newest();
        match (application_id, version) {
            (APPLICATION_ID, version) if (1..=newest).contains(&version) => Ok(Some(version)),
            (APPLICATION_ID, newer) if newer > newest => {
                bail!("the file has schema version {newer}, this program knows {newest}: use a newer rollbook")
            }
            (0, 0) if connection.query_row("select count(*) = 0 from sqlite_schema", [], |row| row.get(0))? => Ok(None),
            _ => bail!("the file is not a rollbook database"),
        }
    }

    /// Refuses a file of another program before anything is written. Creates the tables in an empty file, and runs the
    /// migrations of an older one.
    fn migrate(&self, connection: &mut Connection) -> anyhow::Result<OpenOutcome> {
        let Some(version) = self.of(connection)? else {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(self.schema).context("create the tables")?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", self.newest())?;
            transaction.commit()?;
            return Ok(OpenOutcome::New);
        };
        for step in self.steps.iter().filter(|step| step.to > version) {
            step.take(connection).with_context(|| {
                format!("upgrade from schema version {} to {} ({})", step.to - 1, step.to, step.what)
            })?;
            log::info!("upgraded the database from schema version {} to {}: {}", step.to - 1, step.to, step.what);
        }
        Ok(OpenOutcome::Existing)
    }
}

impl Migration {
    /// Migrates the file by one version, or leaves it unchanged.
    fn take(&self, connection: &mut Connection) -> anyhow::Result<()> {
        // With foreign keys, dropping a table to recreate it would delete the rows that refer to it.
        connection.pragma_update(None, "foreign_keys", false)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        (self.run)(&transaction)?;
        let broken: i64 =
            transaction.query_row("select count(*) from pragma_foreign_key_check", [], |row| row.get(0))?;
        if broken > 0 {
            bail!("{broken} rows would refer to rows that do not exist");
        }
        transaction.pragma_update(None, "user_version", self.to)?;
        transaction.commit()?;
        Ok(())
    }
}

/// Migrates a file to the newest version.
pub(in crate::store) fn migrate(connection: &mut Connection) -> anyhow::Result<OpenOutcome> {
    MIGRATIONS.migrate(connection)
}

/// Refuses a file of another program, one of a newer version, and an empty one.
pub(in crate::store) fn require_ours(connection: &Connection) -> anyhow::Result<()> {
    if MIGRATIONS.of(connection)?.is_none() {
        bail!("the file is not a rollbook database");
    }
    Ok(())
}

/// Refuses what [`require_ours`] refuses, and a file of an older version.
pub(in crate::store) fn require_newest(connection: &Connection) -> anyhow::Result<()> {
    require_ours(connection)?;
    if let Some(version) = MIGRATIONS.of(connection)?
        && version < MIGRATIONS.newest()
    {
        bail!(
            "the file has schema version {version}; start the server on it once, which brings it to {}",
            MIGRATIONS.newest()
        );
    }
    Ok(())
}

/// True if the file seems to be of another program.
pub(in crate::store) fn is_of_another_program(connection: &Connection) -> rusqlite::Result<bool> {
    let application_id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    Ok(application_id != APPLICATION_ID && tables > 0)
}

/// The name of a schema object, and its SQL.
pub(in crate::store) type SchemaObject = (String, String);

/// The tables, indexes and triggers of the newest version.
pub(in crate::store) fn newest_schema_objects() -> rusqlite::Result<Vec<SchemaObject>> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(MIGRATIONS.schema)?;
    schema_objects(&connection)
}

/// The tables, indexes, triggers and views in a file.
pub(in crate::store) fn schema_objects(connection: &Connection) -> rusqlite::Result<Vec<SchemaObject>> {
    let sql = "select type || ' ' || name, coalesce(sql, '') from sqlite_schema
         where name not like 'sqlite\\_%' escape '\\' order by type, name";
    connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "create table users (id integer primary key, name text not null) strict;
         create table notes (user_id integer not null references users (id) on delete cascade) strict;";
    const ALL: &[Migration] = &[
        Migration {
            to: 2,
            what: "gives users a colour",
            run: |tx| tx.execute_batch("alter table users add column colour text default 'red'"),
        },
        Migration {
            to: 3,
            what: "creates the users again",
            run: |tx| {
                tx.execute_batch(
                    "create table made (id integer primary key, name text not null, colour text not null) strict;
                     insert into made select id, upper(name), colour from users;
                     drop table users;
                     alter table made rename to users;",
                )
            },
        },
    ];
    /// As `alter table` stores it.
    const THIRD: &str = "create table notes (user_id integer not null references users (id) on delete cascade) strict;
         create table \"users\" (id integer primary key, name text not null, colour text not null) strict;";

    const fn first() -> Migrations<'static> {
        Migrations { schema: FIRST, steps: &[] }
    }

    fn old_file() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(first().migrate(&mut connection).unwrap(), OpenOutcome::New);
        connection.execute_batch("insert into users values (1, 'ada'); insert into notes values (1);").unwrap();
        connection
    }

    fn state(connection: &Connection) -> (i32, Vec<SchemaObject>, Vec<String>, i64) {
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        let mut statement = connection.prepare("select * from users").unwrap();
        let width = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let cells: Vec<String> = (0..width).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect();
            Ok(cells.join(" "))
        };
        let users = statement.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap();
        let notes = connection.query_row("select count(*) from notes", [], |row| row.get(0)).unwrap();
        let lower =
            schema_objects(connection).unwrap().into_iter().map(|(name, sql)| (name, sql.to_lowercase())).collect();
        (version, lower, users, notes)
    }

    #[test]
    fn a_file_of_each_version_becomes_what_a_new_file_is_with_its_rows() {
        let newest = Migrations { schema: THIRD, steps: ALL };
        let mut new = Connection::open_in_memory().unwrap();
        assert_eq!(newest.migrate(&mut new).unwrap(), OpenOutcome::New);
        for known in 0..=ALL.len() {
            let mut connection = old_file();
            let halfway = Migrations { schema: FIRST, steps: &ALL[..known] };
            assert_eq!(halfway.migrate(&mut connection).unwrap(), OpenOutcome::Existing);
            assert_eq!(halfway.of(&connection).unwrap(), Some(known as i32 + 1));
            // Twice: the second migration changes nothing.
            for _ in 0..2 {
                assert_eq!(newest.migrate(&mut connection).unwrap(), OpenOutcome::Existing);
                let (version, schema_objects, users, notes) = state(&connection);
                assert_eq!((version, notes), (3, 1), "from version {}", known + 1);
                assert_eq!(schema_objects, state(&new).1, "from version {}", known + 1);
                assert_eq!(users, [r#"Integer(1) Text([65, 68, 65]) Text([114, 101, 100])"#]);
            }
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        type Run = fn(&Transaction<'_>) -> rusqlite::Result<()>;
        let failing: [(Run, &str); 3] = [
            (|tx| tx.execute_batch("update users set name = 'x'; select * from nothing"), "nothing"),
            (
                |tx| tx.execute_batch("create table more (x); delete from users"),
                "1 rows would refer to rows that do not exist",
            ),
            (|tx| tx.execute_batch("drop table notes; insert into users values (1, 'x', 'x')"), "UNIQUE"),
        ];
        for (run, why) in failing {
            let mut connection = old_file();
            let [second, _] = ALL else { unreachable!() };
            let before = Migrations { schema: FIRST, steps: &ALL[..1] };
            before.migrate(&mut connection).unwrap();
            let was = state(&connection);
            let steps = [
                Migration { to: second.to, what: second.what, run: second.run },
                Migration { to: 3, what: "fails", run },
                Migration { to: 4, what: "is not reached", run: |_| panic!("after a step that failed") },
            ];
            let error = Migrations { schema: FIRST, steps: &steps }.migrate(&mut connection).unwrap_err();
            let said = format!("{error:#}");
            assert!(said.contains("upgrade from schema version 2 to 3 (fails)") && said.contains(why), "{said}");
            assert_eq!(state(&connection), was, "{why}");
        }
    }

    #[test]
    fn steps_are_numbered_without_a_gap() {
        for (index, step) in MIGRATIONS.steps.iter().enumerate() {
            assert_eq!(step.to, index as i32 + 2, "{}", step.what);
        }
    }

    #[test]
    fn a_file_of_no_version_or_of_a_newer_one_is_refused() {
        for version in [0, -1, 4] {
            let connection = old_file();
            connection.pragma_update(None, "user_version", version).unwrap();
            assert!(Migrations { schema: THIRD, steps: ALL }.of(&connection).is_err(), "{version}");
        }
    }
}
