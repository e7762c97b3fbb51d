//! Rows about searches by words, as the admin page does them.

use super::run::{Bench, MANY_CONNECTIONS, changer, connections, users};
use crate::data::Data;
use crate::load::{Load, Measured};
use crate::plain::open_to_write;
use crate::process::{Folder, Process};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit, thousands};
use crate::requests::{self, Credentials};
use std::time::Instant;

/// Queries whose words some percent of the users have.
const COMMON: [&str; 4] = ["ada", "kovacs", "Hopper, GRACE", "engineer"];

pub(super) fn by_words(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("tiny", Folder::new()));
    let ask = requests::words(COMMON.map(str::to_owned).into(), data.population(), &Credentials::session(ours.address));
    let mut changes = changer(&ours, data.population());
    for (count, target) in [(1, 0.25), (8, 0.12), (MANY_CONNECTIONS, 0.12)] {
        let load = |process: &Process| Load::connect(process.address, count, &ask);
        let reads = bench.alternate_reads(&mut load(&ours), &mut changes, [&mut load(&theirs)]);
        let what = format!("page of 50 by words, {}, {}, of (c), fixed", users(&data), connections(count));
        bench.read_ratio(&what, AtLeast(target), &reads, 0);
    }
    latency_by_words(bench);
    index_bytes(bench);
}

/// A percentile: its name, its target in milliseconds, and its value.
type Percentile = (&'static str, f64, fn(&Measured) -> f64);

fn latency_by_words(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let session = Credentials::session(process.address);
    let mut changes = changer(&process, data.population());
    let rare = (0..100).map(|number| format!("ada {}", number * (data.users / 100))).collect();
    let letters = ('a'..='z').map(String::from).collect();
    for (what, queries) in [("rare", rare), ("common", COMMON.map(str::to_owned).into()), ("one letter", letters)] {
        let ask = requests::words(queries, data.population(), &session);
        let mut load = Load::connect(process.address, 1, &ask);
        let reads = bench.alternate_reads(&mut load, &mut changes, []);
        let fields: [Percentile; 2] =
            [("p50", 5.0, |round| round.p50 / 1000.0), ("p99", 20.0, |round| round.p99 / 1000.0)];
        for (name, most, field) in fields {
            let line = format!("page of 50 by words ({what}) from a random place on, {}, {name}", users(&data));
            let longest = reads.alone.iter().map(|round| round.longest / 1000.0).fold(0.0, f64::max);
            let figures = format!("longest {longest:.1} ms");
            let value = |of: &[Measured]| Spread::of(of.iter().map(field));
            let values = (value(&reads.alone), Some(value(&reads.during)));
            bench.read_line(&line, values, Unit::Milliseconds, AtMost(most), figures);
        }
    }
}

fn index_bytes(bench: &mut Bench) {
    let data = bench.large();
    let bytes = |folder: Folder| -> f64 {
        let connection = open_to_write(&folder.database(), "normal");
        connection.execute_batch("vacuum").expect("the database can be made as small as it gets");
        let sql = "select page_count * page_size from pragma_page_count, pragma_page_size";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("the size of the database") as f64
    };
    let rest = bytes(data.without_index());
    let index = bytes(data.copy()) - rest;
    let mebibytes = |bytes: f64| thousands(bytes / 1024.0 / 1024.0);
    let figures = format!("{} : {} MiB", mebibytes(index), mebibytes(rest));
    let what = format!("size of the index for searches by words, {}, of all other tables", users(&data));
    bench.line(&what, Spread::of([index / rest]), Unit::Ratio, AtMost(0.6), figures);
    index_time(bench, &data);
}

/// Measures how long the server takes to index all users of an older database.
fn index_time(bench: &mut Bench, data: &Data) {
    let folder = data.without_index();
    let start = Instant::now();
    Process::rollbook(folder).stop_when(crate::data::is_indexed);
    let each = start.elapsed().as_secs_f64() * 1e3 / data.users as f64 * 1000.0;
    let what = format!("time to index 1000 users, {}", users(data));
    bench.line(&what, Spread::of([each]), Unit::Milliseconds, AtMost(100.0), String::new());
    let process = Process::rollbook(bench.small().copy());
    let [creates] = bench.alternate([&mut Load::connect(process.address, MANY_CONNECTIONS, &requests::create())]);
    let what = format!("time to index users, {}, of the time to create as many, 64 clients", users(data));
    let cost = Spread::of(creates.iter().map(|round| each / (1000.0 / round.rate * 1000.0)));
    bench.line(&what, cost, Unit::Ratio, AtMost(0.25), String::new());
}
