//! A search with the index finds what a search without it finds.

use super::*;
use crate::model::{Filter, User};
use crate::random::Random;
use crate::store::{ReadTx, WriteTx};
use std::path::PathBuf;

/// A folder that is removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("rollbook-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    fn open(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.0.join("rollbook.db"), 2).unwrap().0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const PARTS: [&str; 24] = [
    "a", "b", "ab", "ba", "an", "na", "ó", "Ó", "o\u{301}", "ß", "SS", "%", "_", "'", "\"", "山", "山田", "が", "か",
    "ﬃ", "ł", " ", ", ", "\u{ad}",
];

fn text(random: &mut Random, parts: usize) -> String {
    (0..random.below(parts + 1)).map(|_| random.pick(&PARTS)).collect()
}

/// Fills the searched texts of a user.
fn edited(user: &User, random: &mut Random) -> User {
    let mut user = user.clone();
    let fields = [
        &mut user.first_name,
        &mut user.last_name,
        &mut user.display_name,
        &mut user.email,
        &mut user.title,
        &mut user.company,
        &mut user.external_id,
    ];
    for field in fields {
        match random.below(6) {
            0 => *field = None,
            1 | 2 => *field = Some(text(random, 6)),
            _ => {}
        }
    }
    // Some changes leave all searched texts as they are.
    user.disabled = random.below(4) == 0;
    user
}

fn change(tx: &WriteTx<'_>, random: &mut Random) -> Result<()> {
    let number = random.below(200);
    let name = format!("{}{number}", random.pick(&["a", "Ba", "ña"]));
    let Some(user) = tx.find_user(&name)? else {
        return tx.insert_user(edited(&User::named(&name), random), None).map(drop);
    };
    match random.below(8) {
        0 => tx.delete_user(user.id),
        1 => {
            let other = User::named(&format!("{}{}", text(random, 3), 1000 + random.below(1_000_000)));
            tx.rename_user(&user, &other.username, &other.key)
        }
        _ => tx.update_user(&user, &edited(&user, random)).map(drop),
    }
}

/// Compares all pages of some searches with those of a write, which does not use the index.
fn require_same_answers(store: &Store, random: &mut Random) {
    for _ in 0..6 {
        let query: Vec<String> = (0..1 + random.below(3)).map(|_| text(random, 5)).collect();
        let words = Filter::words(&query.join(" ")).unwrap();
        let filter: Filter = match random.below(3) {
            0 => [words, Filter::disabled(random.below(2) == 0)].into_iter().collect(),
            1 => [Filter::from_iter([words, Filter::everything()])].into_iter().collect(),
            _ => words,
        };
        let limit = [7, 50, 1000][random.below(3)];
        let pages = move |rows: &ReadTx<'_>, filter: &Filter| -> Result<Vec<String>> {
            let (mut names, mut after) = (Vec::new(), String::new());
            loop {
                let page = rows.list_users_after(filter, &after, limit)?;
                names.push(format!("page of {}", page.len()));
                names.extend(page.iter().map(|summary| format!("{:?}", summary.user)));
                let Some(last) = page.last() else { return Ok(names) };
                after.clone_from(&last.user.key);
            }
        };
        let indexed = store.read(|rows| pages(rows, &filter)).unwrap();
        let same = filter.clone();
        let reference = store.write(Actor::program(), move |tx| pages(tx, &same)).unwrap();
        assert_eq!(indexed, reference, "{query:?} {filter:?}");
    }
}

#[test]
fn a_search_finds_the_same_users_with_the_index() {
    let mut random = Random::new(Random::seed("ROLLBOOK_SEARCH_SEED", 20_261_130));
    let folder = Folder::new("words");
    let mut store = folder.open();
    for round in 0..40 {
        let seed = random.below(usize::MAX >> 1) as u64;
        let changes = if round == 0 { 400 } else { 30 };
        let run = move |tx: &WriteTx<'_>| {
            let mut random = Random::new(seed);
            (0..changes).try_for_each(|_| change(tx, &mut random))
        };
        store.write(Actor::program(), run).unwrap();
        for _ in 0..random.below(4) {
            index_searched_texts(&store, true).unwrap();
        }
        require_same_answers(&store, &mut random);
        if random.below(10) == 0 {
            store.close();
            drop(store);
            store = folder.open();
        }
    }
    while index_searched_texts(&store, true).unwrap() {}
    let state = store.read(|rows| rows.search_index_state(9)).unwrap();
    assert_eq!((state.is_clean, state.unindexed, state.changed), (true, 0, 0));
    assert!(state.segments.iter().any(|segment| segment.level > 0) && state.segments.len() < 16, "{state:?}");
    require_same_answers(&store, &mut random);
}

#[test]
fn users_who_change_while_they_are_indexed_are_found_by_their_new_texts() {
    let folder = Folder::new("changed-words");
    let store = folder.open();
    let create = |tx: &WriteTx<'_>| tx.insert_user(User::named("ada"), None).map(drop);
    store.write(Actor::program(), create).unwrap();
    let title = |title: &'static str| {
        let run = move |tx: &WriteTx<'_>| {
            let user = tx.find_user("ada")?.expect("a user");
            tx.update_user(&user, &User { title: Some(title.to_owned()), ..user.clone() })
        };
        store.write(Actor::program(), run).unwrap()
    };
    let found = |query: &str| {
        let filter = Filter::words(query).unwrap();
        store.read(|rows| rows.list_users_after(&filter, "", 9)).unwrap().len()
    };
    store.write(Actor::program(), |tx| tx.clean_search_index()).unwrap();
    title("one");
    let batch = store.read(|rows| rows.read_unindexed_users(9)).unwrap();
    title("two");
    write_segment(&store, batch).unwrap();
    assert_eq!((found("one"), found("two"), found("ada")), (0, 1, 1));
    let batch = store.read(|rows| rows.read_changed_users(9)).unwrap();
    title("three");
    write_segment(&store, batch).unwrap();
    assert_eq!((found("two"), found("three"), found("ada three")), (0, 1, 1));
    assert!(index_searched_texts(&store, true).unwrap());
    assert_eq!((found("one"), found("three")), (0, 1));
    assert_eq!(store.read(|rows| rows.search_index_state(9)).unwrap().changed, 0);
}

#[test]
fn a_segment_that_was_never_completed_is_removed() {
    let folder = Folder::new("begun-words");
    let store = folder.open();
    store.write(Actor::program(), |tx| tx.insert_user(User::named("ada"), None).map(drop)).unwrap();
    while !store.read(|rows| rows.search_index_state(9)).unwrap().is_clean {
        index_searched_texts(&store, false).unwrap();
    }
    // As after a process that was killed before its last write.
    let batch = Arc::new(store.read(|rows| rows.read_unindexed_users(9)).unwrap());
    let begun = Arc::clone(&batch);
    let half = move |tx: &WriteTx<'_>| {
        let segment = tx.begin_search_segment(&begun)?;
        tx.insert_search_grams(segment, &begun.grams()[..3])
    };
    store.write(Actor::program(), half).unwrap();
    assert!(!store.read(|rows| rows.search_index_state(9)).unwrap().is_clean);
    while index_searched_texts(&store, true).unwrap() {}
    let state = store.read(|rows| rows.search_index_state(9)).unwrap();
    assert_eq!((state.is_clean, state.unindexed, state.segments.len()), (true, 0, 1));
    let words = Filter::words("ad").unwrap();
    assert_eq!(store.read(|rows| rows.list_users_after(&words, "", 9)).unwrap().len(), 1);
}
