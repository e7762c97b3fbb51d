//! The baseline of an import: inserts the same rows by prepared statements in a loop, with indexes, triggers, counters and
//! the audit log.

use crate::data::Data;
use crate::plain::open_to_write;
use crate::process::run;
use rusqlite::{Connection, Result, Statement, params};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Number of groups.
const GROUPS: u64 = 200;
/// Rows of a transaction, as in the product by default.
const ROWS_PER_COMMIT: u64 = 1000;
/// Users in the comparison of the stored rows.
const COMPARED_USERS: u64 = 2500;

/// A number of users, each in two groups, or in one if both are the same.
pub struct People {
    pub count: u64,
}

/// One user.
struct Person {
    name: String,
    first_name: String,
    last_name: String,
    email: String,
    groups: [u64; 2],
}

impl Person {
    fn new(number: u64) -> Person {
        let one = number * 7919 % GROUPS;
        Person {
            name: format!("user{number:07}"),
            first_name: format!("First{}", number % 997),
            last_name: format!("Last{}", number % 4999),
            email: format!("user{number}@example.com"),
            groups: [one, (number * 104_729 + 1 + one) % GROUPS],
        }
    }
}

fn group_name(group: u64) -> String {
    format!("team{group}")
}

impl People {
    /// Writes the file that the product imports.
    pub fn write_csv(&self, file: &Path) {
        let write = || -> std::io::Result<()> {
            let mut out = BufWriter::new(File::create(file)?);
            writeln!(out, "kind,name,first_name,last_name,email,groups")?;
            for group in 0..GROUPS {
                writeln!(out, "group,{},,,,", group_name(group))?;
            }
            for Person { name, first_name, last_name, email, groups: [one, other] } in (0..self.count).map(Person::new)
            {
                writeln!(out, "user,{name},{first_name},{last_name},{email},team{one};team{other}")?;
            }
            out.into_inner()?.sync_all()
        };
        write().expect("the file can be written");
    }

    /// Inserts the users. Returns the time from opening the database to closing it.
    pub fn insert(&self, database: &Path) -> Duration {
        let start = Instant::now();
        let connection = open_to_write(database, "full");
        insert(&connection, self.count).expect("the rows can be inserted");
        connection.close().expect("the database closes");
        start.elapsed()
    }
}

fn insert(connection: &Connection, count: u64) -> Result<()> {
    let mut seq: i64 = connection.query_row("select value from counters where name = 'seq'", [], |row| row.get(0))?;
    // An import first reserves at least one number for memberships whose positions the file gives.
    seq += 1;
    let mut changes = AuditLog(connection.prepare(
        "insert into changes (at, caller_kind, caller, dialect, action, name, after)
         values (?1, 'operator', ?2, 'command', ?3, ?4, ?5)",
    )?);
    let first_group = insert_groups(connection, &mut changes)?;
    let mut user = connection.prepare(
        "insert into users (uuid, username, username_key, first_name, last_name, email, first_key, last_key, email_key,
             access_role, disabled, verified, attributes, created_at, updated_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'st', 0, 0, '{}', ?10, ?10)",
    )?;
    let mut membership = connection.prepare("insert into memberships (group_id, user_id, seq) values (?1, ?2, ?3)")?;
    let mut touch = connection.prepare("update groups set version = version + ?2, updated_at = ?3 where id = ?1")?;
    let mut count_seq = connection.prepare("update counters set value = ?1 where name = 'seq'")?;
    for batch in (0..count).step_by(ROWS_PER_COMMIT as usize) {
        connection.execute_batch("begin immediate")?;
        let mut touched = [0; GROUPS as usize];
        for number in batch..count.min(batch + ROWS_PER_COMMIT) {
            let Person { name, first_name, last_name, email, groups } = Person::new(number);
            let uuid = uuid::Uuid::now_v7().to_string();
            let (name_key, first_key) = (name.to_ascii_lowercase(), first_name.to_ascii_lowercase());
            let (last_key, email_key) = (last_name.to_ascii_lowercase(), email.to_ascii_lowercase());
            let columns =
                params![uuid, name, name_key, first_name, last_name, email, first_key, last_key, email_key, now()];
            user.execute(columns)?;
            let user_id = connection.last_insert_rowid();
            changes.record(
                "user.created",
                &name,
                &format!(
                    r#"{{"uuid":"{uuid}","first_name":"{first_name}","last_name":"{last_name}","email":"{email}"}}"#
                ),
            )?;
            let [one, other] = groups;
            for group in [Some(one), Some(other).filter(|other| *other != one)].into_iter().flatten() {
                seq += 1;
                membership.execute(params![first_group + group as i64, user_id, seq])?;
                touched[group as usize] += 1;
                let after = format!(r#"{{"group":"{}","user":"{name}"}}"#, group_name(group));
                changes.record("member.added", &name, &after)?;
            }
        }
        for (group, times) in (first_group..).zip(touched).filter(|(_, times)| *times > 0) {
            touch.execute(params![group, times, now()])?;
        }
        count_seq.execute([seq])?;
        connection.execute_batch("commit")?;
    }
    Ok(())
}

/// Inserts the groups. Returns the row id of the first one.
fn insert_groups(connection: &Connection, changes: &mut AuditLog<'_>) -> Result<i64> {
    let mut insert = connection.prepare(
        "insert into groups (uuid, name, name_key, attributes, created_at, updated_at)
         values (?1, ?2, ?2, '{}', ?3, ?3)",
    )?;
    let mut last = 0;
    connection.execute_batch("begin immediate")?;
    for name in (0..GROUPS).map(group_name) {
        let uuid = uuid::Uuid::now_v7().to_string();
        insert.execute(params![uuid, name, now()])?;
        last = connection.last_insert_rowid();
        changes.record("group.created", &name, &format!(r#"{{"uuid":"{uuid}"}}"#))?;
    }
    connection.execute_batch("commit")?;
    Ok(last - GROUPS as i64 + 1)
}

/// The audit log.
struct AuditLog<'c>(Statement<'c>);

impl AuditLog<'_> {
    fn record(&mut self, action: &str, name: &str, after: &str) -> Result<()> {
        self.0.execute(params![now(), "root", action, name, after]).map(drop)
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64)
}

/// Queries of all rows, without values that differ between two imports.
const ROWS: [&str; 5] = [
    "select json_array(id, username, username_key, first_name, last_name, email, first_key, last_key, email_key,
         access_role, disabled, verified, attributes, version) from users where username like 'user%' order by id",
    "select json_array(id, name, name_key, label, attributes, version) from groups order by id",
    "select json_array(group_id, user_id, seq, written) from memberships order by 1",
    "select json_array(id, caller_kind, dialect, action, name, before, json_remove(after, '$.uuid')) from changes
     where id > (select max(id) from changes where action = 'key.created') order by id",
    "select json_array(name, value) from counters order by name",
];

/// Checks that the baseline stores the same rows as the product.
pub fn require_same_rows(empty: &Data) {
    let people = People { count: COMPARED_USERS };
    let (ours, theirs) = (empty.copy(), empty.copy());
    let file = ours.file("users.csv");
    people.write_csv(&file);
    run(&["import".as_ref(), file.as_os_str(), "--db".as_ref(), ours.database().as_ref()]);
    people.insert(&theirs.database());
    let rows = |database: &Path, sql: &str| -> Result<Vec<String>> {
        let connection = Connection::open(database)?;
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    for sql in ROWS {
        let (ours, theirs) = (rows(&ours.database(), sql), rows(&theirs.database(), sql));
        let (ours, theirs) = (ours.expect("rows of the product"), theirs.expect("rows of the baseline"));
        let different = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
        assert!(
            different.is_none() && ours.len() == theirs.len(),
            "the baseline and the product store different rows: {different:?}"
        );
    }
}
