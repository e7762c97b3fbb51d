//! Rows about look-ups of users.

use super::run::{Bench, MANY_CONNECTIONS, absolute_figures, changer, connections, ratios, users};
use crate::data::Data;
use crate::lists::json;
use crate::load::{Load, RequestFactory};
use crate::people::{Population, random, user_name};
use crate::plain::{Plain, open_to_read};
use crate::process::{Folder, Process};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Unit, thousands};
use crate::requests::{self, Credentials};
use std::time::Instant;

/// The look-ups of both dialects: name, path and credentials.
const LOOK_UPS: [(&str, &str, Credentials); 2] =
    [("Datadog", "/api/v1/user/", Credentials::Keys), ("Nuxeo", "/nuxeo/api/v1/user/", Credentials::Basic)];

fn look_up(dialect: &str, data: &Data) -> RequestFactory {
    if dialect == "Datadog" {
        requests::datadog_user(data.population())
    } else {
        requests::nuxeo_user(data.population(), Credentials::Basic)
    }
}

/// The look-ups of both dialects with the credentials that scripts use: keys, and a token.
pub(super) fn look_ups_of_scripts(process: &Process, population: Population) -> [(&'static str, RequestFactory); 2] {
    let token = Credentials::token(process.address);
    [
        ("Datadog GET user with keys", requests::datadog_user(population)),
        ("Nuxeo GET user with a token", requests::nuxeo_user(population, token)),
    ]
}

pub(super) fn one_connection(bench: &mut Bench) {
    let data = bench.middle();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("look-up", data.copy()));
    for (_, path, who) in LOOK_UPS {
        for user in (0..10).map(|at| user_name(at * (data.users / 10))) {
            let document = |process: &Process| json(process.address, &format!("{path}{user}"), &who);
            assert_eq!(document(&ours), document(&theirs), "the baseline and the product answer the same");
        }
    }
    let mut changes = changer(&ours, data.population());
    for (dialect, ..) in LOOK_UPS {
        let ask = look_up(dialect, &data);
        let load = |process: &Process| Load::connect(process.address, 1, &ask);
        let reads = bench.alternate_reads(&mut load(&ours), &mut changes, [&mut load(&theirs)]);
        let what = format!("{dialect} GET user, authenticated, {}, 1 connection, of (b)", users(&data));
        bench.read_ratio(&what, AtLeast(0.85), &reads, 0);
    }
    let folder = data.copy();
    for (dialect, path, _) in LOOK_UPS {
        println!(
            "      (d) {dialect}: {} bare look-ups a second",
            thousands(bare_look_ups(bench, &folder, path, &data))
        );
    }
}

/// Look-ups per second on one thread, without a network.
fn bare_look_ups(bench: &Bench, folder: &Folder, path: &str, data: &Data) -> f64 {
    let connection = open_to_read(&folder.database());
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < bench.length() {
        let user = user_name(random(count, 0) % data.users);
        let document = Plain(&connection).look_up(&format!("{path}{user}")).expect("the database answers");
        assert!(document.is_some(), "{user} is there");
        count += 1;
    }
    count as f64 / start.elapsed().as_secs_f64()
}

pub(super) fn many_connections(bench: &mut Bench) {
    let data = bench.middle();
    let ours = Process::rollbook(data.copy());
    let (bare, tiny) = (Process::bound("look-up", data.copy()), Process::bound("tiny-look-up", data.copy()));
    let mut changes = changer(&ours, data.population());
    for (dialect, ..) in LOOK_UPS {
        let ask = look_up(dialect, &data);
        let load = |process: &Process| Load::connect(process.address, MANY_CONNECTIONS, &ask);
        let reads = bench.alternate_reads(&mut load(&ours), &mut changes, [&mut load(&bare), &mut load(&tiny)]);
        let what = format!("{dialect} GET user, authenticated, {}, {}", users(&data), connections(MANY_CONNECTIONS));
        bench.read_ratio(&format!("{what}, of (b)"), AtLeast(0.90), &reads, 0);
        bench.read_ratio(&format!("{what}, of (c) with the look-up"), AtLeast(1.5), &reads, 1);
    }
}

pub(super) fn against_bare_loop(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("bare", Folder::new()));
    let mut changes = changer(&ours, data.population());
    for ((what, ask), target) in look_ups_of_scripts(&ours, data.population()).into_iter().zip([0.82, 0.80]) {
        let load = |process: &Process| Load::connect(process.address, MANY_CONNECTIONS, &ask);
        let reads = bench.alternate_reads(&mut load(&ours), &mut changes, [&mut load(&theirs)]);
        let what = format!("{what}, {}, {}, of (a)", users(&data), connections(MANY_CONNECTIONS));
        bench.read_ratio(&what, AtLeast(target), &reads, 0);
    }
}

pub(super) fn against_tiny(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("tiny", Folder::new()));
    let mut changes = changer(&ours, data.population());
    for (what, ask) in look_ups_of_scripts(&ours, data.population()) {
        for (count, target) in [(1, 1.15), (8, 1.5)] {
            let load = |process: &Process| Load::connect(process.address, count, &ask);
            let reads = bench.alternate_reads(&mut load(&ours), &mut changes, [&mut load(&theirs)]);
            let what = format!("{what}, {}, {}, of (c), fixed", users(&data), connections(count));
            bench.read_ratio(&what, AtLeast(target), &reads, 0);
        }
    }
}

pub(super) fn in_large_directory(bench: &mut Bench) {
    let (data, small) = (bench.large(), bench.small_with_groups());
    let (ours, at_small) = (Process::rollbook(data.copy()), Process::rollbook(small.copy()));
    let (look_up, bare) = (Process::bound("look-up", data.copy()), Process::bound("bare", Folder::new()));
    let mut changes = changer(&ours, data.population());
    let of_small = look_ups_of_scripts(&at_small, small.population());
    for ((what, ask), (_, ask_small)) in look_ups_of_scripts(&ours, data.population()).into_iter().zip(of_small) {
        let load = |process: &Process, ask| Load::connect(process.address, MANY_CONNECTIONS, ask);
        let reads = bench.alternate_reads(
            &mut load(&ours, &ask),
            &mut changes,
            [&mut load(&look_up, &ask), &mut load(&bare, &ask), &mut load(&at_small, &ask_small)],
        );
        let what = format!("{what}, random of {}, {}", users(&data), connections(MANY_CONNECTIONS));
        bench.read_ratio(&format!("{what}, of (b)"), AtLeast(1.3), &reads, 0);
        bench.read_ratio(&format!("{what}, of (a)"), AtLeast(0.6), &reads, 1);
        let cost = |ours: &[_]| ratios(&reads.theirs[2], ours);
        let figures = absolute_figures(&reads.alone, &reads.theirs[2]);
        let what = format!("cost of {what}, against {}", users(&small));
        bench.read_line(&what, (cost(&reads.alone), Some(cost(&reads.during))), Unit::Ratio, AtMost(1.3), figures);
    }
}
