//! The reads of SCIM go by an index: they cost the same number of steps of SQLite in a directory of any size and at any
//! place of a list.

use super::{Folder, group, user};
use crate::model::{Actor, Filter, Group, MemberCursor, Result, User, Window, new_uuid};
use crate::store::sql_functions::define_functions;
use crate::store::{ReadTx, Store, WriteTx};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const ROWS: usize = 1000;
/// More than any look-up of a few rows takes, and less than one step for each row.
const STEPS_MAX: u64 = 500;

fn fill(tx: &WriteTx<'_>) -> Result<()> {
    let all = tx.insert_group(&group("all"))?;
    for number in 0..ROWS {
        let user = User {
            first_name: Some(format!("First {number}")),
            last_name: Some(format!("Last {number}")),
            email: Some(format!("{number}@example.com")),
            external_id: Some(format!("external {number}")),
            scim: Some(format!(r#"{{"emails":[{{"value":"second.{number}@example.com"}}]}}"#)),
            ..user(&format!("user-{number:04}"))
        };
        let (user, _) = tx.insert_user(user, None)?;
        tx.insert_member(all, user.id)?;
        tx.put_scim_member(all, &format!("unknown {number:04}"), Some("shown"), true)?;
        let name = format!("group-{number:04}");
        let child = Group {
            label: Some(format!("Label {number}")),
            external_id: Some(format!("external {number}")),
            ..group(&name)
        };
        let child = tx.insert_group(&child)?;
        tx.insert_member_group(all, child)?;
    }
    Ok(())
}

/// A directory with many users and groups, and a connection to it that counts the steps of SQLite.
struct Counted {
    _folder: Folder,
    connection: Connection,
    steps: Arc<AtomicU64>,
}

impl Counted {
    fn new() -> Counted {
        let folder = Folder(std::env::temp_dir().join(format!("rollbook-scim-{}", new_uuid())));
        std::fs::create_dir(&folder.0).unwrap();
        let database = folder.0.join("rollbook.db");
        let (store, _) = Store::open(&database, 1).unwrap();
        store.write_alone(Actor::program(), fill).unwrap();
        store.close();
        let mut connection = Connection::open(&database).unwrap();
        define_functions(&connection).unwrap();
        let steps = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&steps);
        let handler = move || {
            count.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(handler)).unwrap();
        Counted { _folder: folder, connection, steps }
    }

    /// The result of the read, and the steps that it takes.
    fn read<T>(&self, read: impl Fn(&ReadTx<'_>) -> Result<T>) -> (T, u64) {
        let rows = ReadTx { connection: &self.connection, rights: None, memory: None };
        // The first time, SQLite reads the schema.
        read(&rows).unwrap();
        let before = self.steps.load(Ordering::Relaxed);
        let found = read(&rows).unwrap();
        (found, self.steps.load(Ordering::Relaxed) - before)
    }
}

#[test]
fn a_look_up_reads_the_rows_that_it_finds() {
    let directory = Counted::new();
    let (uuid, _) = directory.read(|rows| Ok(rows.find_user("user-0500")?.unwrap().uuid));
    let (group_uuid, _) = directory.read(|rows| Ok(rows.find_group("group-0500")?.unwrap().uuid));
    let (all, _) = directory.read(|rows| Ok(rows.find_group_id("all")?.unwrap()));
    let (user_id, _) = directory.read(|rows| Ok(rows.find_user_id("user-0500")?.unwrap()));
    type LookUp<'l> = (&'l str, &'l dyn Fn(&ReadTx<'_>) -> Result<Vec<i64>>);
    let look_ups: [LookUp<'_>; 13] = [
        ("id of a user", &|rows| Ok(rows.find_user_id_by_uuid(&uuid)?.into_iter().collect())),
        ("userName", &|rows| Ok(rows.find_user_id("USER-0500")?.into_iter().collect())),
        ("externalId of a user", &|rows| rows.list_users_by_external_id("external 500", 10)),
        ("emails.value", &|rows| rows.list_users_by_email("500@EXAMPLE.com", 10)),
        ("emails.value, a further one", &|rows| rows.list_users_by_email("second.500@example.com", 10)),
        ("name.givenName", &|rows| rows.list_users_by_first_name("first 500", 10)),
        ("name.familyName", &|rows| rows.list_users_by_last_name("last 500", 10)),
        ("id of a group", &|rows| Ok(rows.find_group_id_by_uuid(&group_uuid)?.into_iter().collect())),
        ("displayName of a group", &|rows| rows.list_groups_by_label("label 500", 10)),
        ("externalId of a group", &|rows| rows.list_groups_by_external_id("external 500", 10)),
        ("members, a user", &|rows| rows.list_direct_group_ids(user_id, 10)),
        ("members, an unknown one", &|rows| rows.list_groups_of_unknown_member("unknown 0500", 10)),
        ("members.value of one group", &|rows| {
            Ok(rows.find_listed_member(all, &uuid)?.map(|_| user_id).into_iter().collect())
        }),
    ];
    for (what, look_up) in look_ups {
        let (found, steps) = directory.read(look_up);
        assert_eq!(found.len(), 1, "{what}");
        assert!(steps < STEPS_MAX, "{what}: {steps} steps");
    }
    let (found, steps) = directory.read(|rows| rows.list_users_changed_since(i64::MAX, 10));
    assert!(found.is_empty() && steps < STEPS_MAX, "meta.lastModified: {steps} steps");
}

#[test]
fn a_page_costs_the_same_at_any_place() {
    let directory = Counted::new();
    let (all, _) = directory.read(|rows| Ok(rows.find_group_id("all")?.unwrap()));
    let users = |rows: &ReadTx<'_>, after: &str| {
        let mut keys = Vec::new();
        rows.visit_users_after(&Filter::everything(), after, Window { offset: 0, limit: 10 }, |_, key, _| {
            keys.push(key.to_owned());
            Ok(())
        })?;
        Ok(keys)
    };
    let groups = |rows: &ReadTx<'_>, after: &str| {
        Ok(rows.list_group_keys_after(after, 10)?.into_iter().map(|(_, key)| key).collect::<Vec<_>>())
    };
    type List<'l> = &'l dyn Fn(&ReadTx<'_>, &str) -> Result<Vec<String>>;
    for (what, list) in [("user-", &users as List<'_>), ("group-", &groups)] {
        let costs = ["0000", "0500", "0900"].map(|number| {
            let (keys, steps) = directory.read(|rows| list(rows, &format!("{what}{number}")));
            assert_eq!(keys.len(), 10, "{what}");
            steps
        });
        assert!(costs.iter().all(|steps| *steps == costs[0]) && costs[0] < STEPS_MAX, "{what}: {costs:?}");
    }
    let costs = [0, 500, 900].map(|after| {
        let (members, steps) = directory.read(|rows| rows.list_listed_members(all, &mut MemberCursor::User(after), 10));
        assert_eq!(members.len(), 10);
        steps
    });
    assert!(costs.iter().all(|steps| *steps == costs[0]) && costs[0] < STEPS_MAX, "{costs:?}");
}
