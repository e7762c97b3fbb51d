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

/// Violations of a room that are older than the rules, at most. A figure is lowered as they end; a room without
/// violations loses its figure.
pub(super) struct Debt {
    pub(super) room: &'static str,
    /// Arrows that are part of a cycle of files.
    pub(super) cyclic: usize,
    /// Arrows to a room that is not below.
    pub(super) upward: usize,
    pub(super) long_files: usize,
    pub(super) long_functions: usize,
}

/// Rooms without a line here have none.
pub(super) const DEBT: &[Debt] = &[
    Debt { room: "cli", cyclic: 0, upward: 0, long_files: 1, long_functions: 1 },
];

/// Fails when a room has more violations than its debt, and when it has none and its debt is still there.
pub(super) fn compare(rule: &str, found: BTreeMap<String, Vec<String>>, figure: impl Fn(&Debt) -> usize) {
    let mut wrong = String::new();
    let rooms: BTreeSet<&str> = found.keys().map(String::as_str).chain(DEBT.iter().map(|debt| debt.room)).collect();
    for room in rooms {
        let violations = found.get(room).map_or(&[][..], Vec::as_slice);
        let allowed = DEBT.iter().find(|debt| debt.room == room).map_or(0, &figure);
        let count = violations.len();
        if count > allowed {
            let shown = violations.join("\n    ");
            wrong += &format!("\n{room}: {count}, and DEBT in rooms.rs allows {allowed}:\n    {shown}");
        } else if count == 0 && allowed > 0 {
            wrong +=
                &format!("\n{room}: none any more. Make the figure {allowed} in DEBT 0, and delete a line of zeros.");
        }
    }
    assert!(wrong.is_empty(), "{rule}{wrong}");
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
    compare("files that use each other, directly or through others:", found, |debt| debt.cyclic);
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
    compare("rooms that use one that is not below them:", found, |debt| debt.upward);
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
