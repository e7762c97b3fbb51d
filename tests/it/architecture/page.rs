//! `docs/architecture.md` against the code: the table of rooms, the tests that hold the invariants, and the files.

use super::rooms::FLOORS;
use crate::clients::pages::pages;
use regex_lite::Regex;
use std::path::{Path, PathBuf};

fn page() -> String {
    pages().into_iter().find(|page| page.name == "docs/architecture.md").expect("the page").text
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// All code of the program and of its tests.
fn code() -> String {
    let mut all = String::new();
    let mut folders = vec![top().join("src"), top().join("tests/it")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the code").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
                all.push_str(&std::fs::read_to_string(entry.path()).expect("a file of the code"));
            }
        }
    }
    all
}

#[test]
fn the_page_has_the_table_of_rooms() {
    let page = page();
    let (_, table) = page.split_once("| room | content | may use |\n|---|---|---|\n").expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with('|')).map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let name = cells[0].trim_matches('`').trim_end_matches('/').trim_end_matches(".rs");
        let uses = cells.get(2).map(|cell| cell.trim_end_matches('|').trim()).unwrap_or_default();
        (name.to_owned(), uses.split(", ").filter(|room| !room.is_empty()).map(str::to_owned).collect::<Vec<_>>())
    });
    // Only the tests have this room.
    let floors = FLOORS.iter().filter(|(room, _)| *room != "random");
    let floors = floors.map(|(room, uses)| ((*room).to_owned(), uses.iter().map(|room| (*room).to_owned()).collect()));
    assert_eq!(rows.collect::<Vec<_>>(), floors.collect::<Vec<_>>(), "docs/architecture.md and rooms.rs");
}

#[test]
fn each_invariant_names_the_tests_that_hold_it() {
    let page = page();
    let code = code();
    let (_, part) = page.split_once("\n## Invariants\n").expect("the invariants");
    let (part, _) = part.split_once("\n## ").expect("the next part");
    let begin = Regex::new(r"(?m)^\d+\. \*\*").expect("a pattern");
    let starts: Vec<usize> = begin.find_iter(part).map(|found| found.start()).collect();
    assert!(starts.len() >= 20, "{part}");
    let name = Regex::new(r"`([a-z0-9_]+)`").expect("a pattern");
    for (number, &start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(part.len());
        let invariant = &part[start..end];
        assert!(invariant.starts_with(&format!("{}. ", number + 1)), "{invariant}");
        let (_, tests) = invariant.split_once("Held by").unwrap_or_else(|| panic!("no test holds this: {invariant}"));
        let tests: Vec<_> = name.captures_iter(tests).map(|found| found[1].to_owned()).collect();
        assert!(!tests.is_empty(), "{invariant}");
        for test in tests {
            assert!(code.contains(&format!("fn {test}(")), "there is no test {test}: {invariant}");
        }
    }
}

#[test]
fn each_path_on_the_page_leads_to_a_file() {
    let path = Regex::new(r"`([a-z_./]+(?:/|\.(?:rs|sql|json|js|md|toml)))`").expect("a pattern");
    let page = page();
    for found in path.captures_iter(&page) {
        let name = &found[1];
        let exists = top().join(name).exists() || top().join("src").join(name).exists();
        // A bare name is a file of any folder of its kind.
        assert!(exists || !name.contains('/'), "docs/architecture.md: {name} is not there");
    }
}
