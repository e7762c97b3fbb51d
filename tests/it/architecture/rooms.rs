//! The rooms: which rooms a room may use, and no cycle of files inside of a room.
//!
//! A room is a folder directly below `src`, or a lone file there.

use super::graph::Graph;
use super::tree::{room_of, source};
use std::collections::{BTreeMap, BTreeSet};

/// Each room, and the rooms that it may use. Those that any room may use are in [`FOR_ALL`].
pub(super) const FLOORS: [(&str, &[&str]); 23] = [
    ("main", &["cli", "logging"]),
    ("lib", &[]),
    (
        "cli",
        &["app", "settings", "admin", "directory", "import_sources", "formats", "server", "logging", "files", "store"],
    ),
    ("embed", &["app", "directory", "server", "store", "files"]),
    ("app", &["dialect", "directory", "server", "store", "http", "metrics", "logging", "files"]),
    ("settings", &["dialect", "server", "logging"]),
    ("dialect", &["admin", "directory", "formats", "http", "metrics", "cache"]),
    ("admin", &["directory", "formats", "files"]),
    ("directory", &["store", "metrics", "cache"]),
    ("server", &["http", "metrics", "logging"]),
    ("import_sources", &["formats"]),
    ("store", &["metrics", "files", "cache"]),
    ("formats", &[]),
    ("logging", &["metrics", "cache"]),
    ("cache", &["metrics"]),
    ("http", &[]),
    ("metrics", &[]),
    ("files", &[]),
    ("model", &[]),
    ("background", &[]),
    ("json", &[]),
    ("sync", &[]),
    ("random", &[]),
];

/// Rooms that use no other one: plain values and small tools.
const FOR_ALL: [&str; 4] = ["model", "json", "sync", "background"];

/// Fails with the violations of a rule, by room.
pub(super) fn require_none(rule: &str, found: &BTreeMap<String, Vec<String>>) {
    let rooms: String =
        found.iter().map(|(room, violations)| format!("\n{room}:\n    {}", violations.join("\n    "))).collect();
    assert!(rooms.is_empty(), "{rule}{rooms}");
}

fn graph() -> Graph {
    Graph::of(&source())
}

#[test]
fn no_file_is_in_a_cycle_of_files() {
    let graph = graph();
    // Files of one room get the same number.
    let rooms: Vec<usize> = {
        let names: Vec<&str> = graph.files.iter().map(|name| room_of(name)).collect();
        names.iter().map(|name| names.iter().position(|other| other == name).unwrap_or(0)).collect()
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for arrow in graph.cyclic_arrows(|file| rooms[file]) {
        found.entry(room_of(&graph.files[arrow.0]).to_owned()).or_default().push(graph.show(arrow));
    }
    require_none("files that use each other, directly or through others:", &found);
}

#[test]
fn each_room_uses_only_those_below_it() {
    let graph = graph();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for arrow in graph.arrows.keys() {
        let (from, to) = (room_of(&graph.files[arrow.0]), room_of(&graph.files[arrow.1]));
        let floor = FLOORS.iter().find(|(room, _)| *room == from);
        let Some((_, below)) = floor else { panic!("the room {from} has no line in FLOORS") };
        if from != to && !below.contains(&to) && !FOR_ALL.contains(&to) {
            found.entry(from.to_owned()).or_default().push(graph.show(*arrow));
        }
    }
    require_none("rooms that use one that is not below them:", &found);
}

#[test]
fn the_floors_themselves_have_no_cycle() {
    // Each room can be put on a floor above all that it uses.
    let mut placed: BTreeSet<&str> = BTreeSet::from(FOR_ALL);
    while placed.len() < FLOORS.len() {
        let next =
            FLOORS.iter().find(|(room, below)| !placed.contains(room) && below.iter().all(|one| placed.contains(one)));
        let Some((room, _)) = next else { panic!("these rooms use each other: all but {placed:?}") };
        placed.insert(room);
    }
}

/// Fails if the graph misses known arrows, so that the other rules cannot pass on an empty graph.
#[test]
fn the_graph_sees_the_way_of_a_request() {
    let graph = graph();
    let rooms: BTreeSet<(&str, &str)> =
        graph.arrows.keys().map(|(from, to)| (room_of(&graph.files[*from]), room_of(&graph.files[*to]))).collect();
    for arrow in [("main", "cli"), ("cli", "app"), ("app", "server"), ("dialect", "directory"), ("directory", "store")]
    {
        assert!(rooms.contains(&arrow), "{arrow:?}");
    }
    assert!(graph.arrows.len() > 500, "{}", graph.arrows.len());
}
