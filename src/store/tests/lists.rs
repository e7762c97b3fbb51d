//! Cached lists of users follow the changes of the directory: each is what the database answers for its snapshot.

use super::{Folder, group, group_id, user};
use crate::model::{Actor, Filter, MemberList, NewPassword, Result, User, Window};
use crate::random::Random;
use crate::store::{ReadTx, Store, WriteTx};

const USERS: usize = 60;
const GROUPS: [&str; 2] = ["one", "two"];

/// A name of few, so that users are renamed to names that were free a moment ago.
fn name(dice: &mut Random) -> String {
    format!("{}-{}", dice.pick(&["a", "ab", "b", "B", "é"]), dice.below(USERS))
}

/// A random change. A change that cannot be made makes none.
fn change(tx: &WriteTx<'_>, dice: &mut Random) -> Result<()> {
    let (one, other, group) = (name(dice), name(dice), dice.pick(&GROUPS));
    let group_id = group_id(tx, group);
    let Some(present) = tx.find_user(&one)? else {
        return if dice.below(3) == 0 {
            tx.add_to_member_list(group_id, MemberList::Users, &one).map(drop)
        } else {
            tx.insert_user(user(&one), None).map(drop)
        };
    };
    match dice.below(7) {
        0 => tx.delete_user(present.id),
        1 if tx.find_user(&other)?.is_none() => {
            let key = user(&other).key;
            tx.rename_user(&present, &other, &key)
        }
        2 => tx.insert_member(group_id, present.id).map(drop),
        3 => tx.delete_member(group_id, present.id).map(drop),
        4 => {
            let names: Vec<String> = (0..dice.below(20)).map(|_| name(dice)).collect();
            let group = tx.find_group(group)?.expect("the group is there");
            tx.replace_member_lists(tx.plan_member_lists(&group, &[(MemberList::Users, &names)])?).map(drop)
        }
        5 => {
            let password = NewPassword { hash: name(dice), imported: None, keeps_tokens: true };
            tx.update_password(present.id, &password)
        }
        _ => {
            let first_name = Some(name(dice)).filter(|_| dice.below(3) > 0);
            tx.update_user(&present, &User { first_name, ..present.clone() }).map(drop)
        }
    }
}

/// The lists, page by page.
fn lists(rows: &ReadTx<'_>) -> Result<Vec<(Vec<i64>, u64)>> {
    let mut found = Vec::new();
    for prefix in ["a", "b", "é-1", "none"] {
        for offset in [0, 7, 1000] {
            let window = Window { offset, limit: 20 };
            let page = rows.search_users(&Filter::starting_with(prefix), window)?;
            found.push((page.entries, page.total));
        }
    }
    let all = Window { offset: 0, limit: 10_000 };
    // The cache has the order of all users for pages that begin far from the first one.
    let far = Window { offset: 1001, limit: 10_000 };
    for window in [all, far] {
        let page = rows.search_users(&Filter::everything(), window)?;
        found.push((page.entries, page.total));
    }
    for group in GROUPS {
        for prefix in ["", "a"] {
            let page = rows.list_members(group_id(rows, group), prefix, all)?;
            found.push((page.entries, page.total));
        }
    }
    Ok(found)
}

/// Compares the lists of the cache with those of the database, in the same snapshot.
fn compare(rows: &ReadTx<'_>, round: u64) -> Result<()> {
    let cached = lists(rows).unwrap();
    let stored = lists(&ReadTx { connection: rows.connection, rights: None, memory: None }).unwrap();
    assert_eq!(cached, stored, "round {round}");
    Ok(())
}

/// The document of each user, with its version.
type Documents = std::collections::BTreeMap<i64, (crate::store::DocumentVersion, String)>;

/// The document of a user.
fn shown(rows: &ReadTx<'_>, id: i64) -> String {
    format!("{:?} {:?}", rows.find_user_by_id(id).unwrap(), rows.list_groups_of(id).unwrap())
}

/// Reads the documents that are not current, and compares all with the database.
fn compare_documents(rows: &ReadTx<'_>, documents: &mut Documents, round: u64) -> usize {
    let mut read = 0;
    let (_, last) = rows.change_id_range().unwrap().unwrap();
    assert!(last > 0);
    for id in 1..=1200 {
        let shown = || shown(rows, id);
        let current = documents.get(&id).is_some_and(|(version, _)| rows.is_current_document(id, version).unwrap());
        if current {
            assert_eq!(documents[&id].1, shown(), "round {round}, user {id}");
        } else {
            read += 1;
            documents.insert(id, (rows.document_version().unwrap().unwrap(), shown()));
        }
    }
    read
}

fn store(label: &str) -> (Folder, Store) {
    let folder = Folder(std::env::temp_dir().join(format!("rollbook-{label}-{}", crate::model::new_uuid())));
    std::fs::create_dir(&folder.0).unwrap();
    let (store, _) = Store::open(&folder.0.join("rollbook.db"), 2).unwrap();
    let fill = |tx: &WriteTx<'_>| {
        GROUPS.iter().try_for_each(|name| tx.insert_group(&group(name)).map(drop))?;
        // More users than a page may skip in the index.
        (0..1100).try_for_each(|number| tx.insert_user(user(&format!("c-{number:04}")), None).map(drop))
    };
    store.write_alone(Actor::program(), fill).unwrap();
    (folder, store)
}

#[test]
fn a_cached_list_has_the_entries_of_its_snapshot_after_any_changes() {
    let (_folder, store) = store("lists");
    let mut dice = Random::new(1);
    for round in 0..600 {
        store.read(|rows| compare(rows, round)).unwrap();
        // An older snapshot reads after a newer one has filled the cache.
        store
            .read(|old| {
                let mut own = Random::new(dice.next());
                let count = if dice.below(20) == 0 { 200 } else { dice.below(5) };
                let run = move |tx: &WriteTx<'_>| (0..count).try_for_each(|_| change(tx, &mut own));
                if dice.below(3) == 0 {
                    compare(old, round)?;
                }
                store.write(Actor::program(), run)?;
                store.read(|rows| compare(rows, round))?;
                compare(old, round)
            })
            .unwrap();
    }
    store.close();
}

#[test]
fn a_document_is_current_until_its_user_changes() {
    let (_folder, store) = store("documents");
    let mut dice = Random::new(3);
    let (mut documents, mut least) = (Documents::new(), usize::MAX);
    store.read(|rows| Ok(compare_documents(rows, &mut documents, 0))).unwrap();
    for round in 1..100 {
        let read = store
            .read(|old| {
                old.document_version()?;
                let mut own = Random::new(dice.next());
                store.write(Actor::program(), move |tx| (0..3).try_for_each(|_| change(tx, &mut own)))?;
                let read = store.read(|rows| {
                    for (id, (version, document)) in &documents {
                        if store.is_current_document(*id, version) {
                            assert_eq!(document, &shown(rows, *id), "round {round}, user {id}");
                        }
                    }
                    Ok(compare_documents(rows, &mut documents, round))
                })?;
                // A snapshot from before the change does not take newer documents of changed users.
                compare_documents(old, &mut documents, round);
                Ok(read)
            })
            .unwrap();
        least = least.min(read);
        if round % 10 == 0 {
            store
                .write(Actor::program(), |tx| {
                    let group = tx.find_group(GROUPS[0])?.expect("the group is there");
                    let label = Some(format!("label {}", group.version));
                    tx.update_group(&group, &crate::model::Group { label, ..group.clone() }).map(drop)
                })
                .unwrap();
        }
    }
    // The documents of all other users stay, but for a change of a group.
    assert!(least < 30, "{least}");
    store.close();
}

#[test]
fn a_change_that_is_undone_leaves_the_lists_as_they_were() {
    let (_folder, store) = store("undone");
    let mut dice = Random::new(2);
    for round in 0..50 {
        let mut own = Random::new(dice.next());
        let fails = round % 2 == 0;
        let run = move |tx: &WriteTx<'_>| {
            (0..3).try_for_each(|_| change(tx, &mut own))?;
            if fails { Err(crate::model::Error::Invalid("refused".to_owned())) } else { Ok(()) }
        };
        assert_eq!(store.write(Actor::program(), run).is_err(), fails);
        store.read(|rows| compare(rows, round)).unwrap();
    }
    store.close();
}
