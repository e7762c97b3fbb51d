//! Rows about memory, start and the size of the program.

use super::run::{Bench, MANY_CONNECTIONS, absolute_figures, connections, users};
use crate::load::{Load, fetch};
use crate::process::{Folder, Process, ROLLBOOK};
use crate::report::Target::AtMost;
use crate::report::{Spread, Unit};
use crate::requests::{self, Credentials, request};

pub(super) fn memory(bench: &mut Bench) {
    let data = bench.large();
    let ask = requests::datadog_user(data.population());
    let process = Process::rollbook(data.copy());
    let at_start = process.memory();
    // All read connections fill their caches.
    Load::connect(process.address, MANY_CONNECTIONS, &ask).run(bench.length() * 4);
    let idle = process.memory();
    let what = format!("memory, idle after look-ups, {}", users(&data));
    bench.line(&what, Spread::of([idle]), Unit::MiB, AtMost(40.0), format!("{at_start:.1} MiB after the start"));
    drop(process);
    // With one connection, so that memory left by other threads does not count.
    let process = Process::rollbook(data.copy());
    let mut load = Load::connect(process.address, 1, &ask);
    load.run(bench.length() * 4);
    let before = process.memory();
    let count = bench.scaled(1000, 50);
    let idle = Load::connect(process.address, count, &ask).into_idle();
    let each = (process.memory() - before) * 1024.0 / idle.len() as f64;
    let what = "memory of an idle keep-alive connection that has made a request";
    bench.line(what, Spread::of([each]), Unit::KiB, AtMost(32.0), connections(idle.len()));
    drop((idle, load, process));
    let (quiet, crowded) = (Process::rollbook(data.copy()), Process::rollbook(data.copy()));
    let count = bench.scaled(5000, 100);
    let idle = Load::connect(crowded.address, count, &ask).into_idle();
    let load = |process: &Process| Load::connect(process.address, 8, &ask);
    let [at_crowded, at_quiet] = bench.alternate([&mut load(&crowded), &mut load(&quiet)]);
    let p50 = Spread::of(at_crowded.iter().zip(&at_quiet).map(|(crowded, quiet)| crowded.p50 / quiet.p50));
    let what = format!("p50 of 8 active connections with {} idle ones against none", idle.len());
    let memory = format!("; {:.1} : {:.1} MiB", crowded.memory(), quiet.memory());
    bench.line(&what, p50, Unit::Ratio, AtMost(2.0), absolute_figures(&at_crowded, &at_quiet) + &memory);
}

pub(super) fn binary(bench: &mut Bench) {
    let size = std::fs::metadata(ROLLBOOK).expect("the product's file").len() as f64 / 1024.0 / 1024.0;
    bench.line("release binary, stripped", Spread::of([size]), Unit::MiB, AtMost(7.0), String::new());
}

pub(super) fn start(bench: &mut Bench) {
    let data = bench.small();
    let mut folder = data.copy();
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..=bench.options.rounds {
        let process = Process::rollbook(folder);
        times.push(process.started_in.as_secs_f64() * 1000.0);
        memory.push(process.memory());
        folder = process.stop();
    }
    let what = format!("start of the process to the first answer, {}", users(&data));
    bench.line(&what, Spread::of(times.split_off(1)), Unit::Milliseconds, AtMost(8.0), String::new());
    bench.line("memory then", Spread::of(memory), Unit::MiB, AtMost(15.0), String::new());
}

pub(super) fn first_start(bench: &mut Bench) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        let process = Process::rollbook(Folder::new());
        before.push(process.memory());
        fetch(process.address, &request("GET", "/nuxeo/api/v1/user/Administrator", &Credentials::Basic), 200)
            .expect("the password is right");
        after.push(process.memory());
    }
    let what = "memory after the first start with a new database, before a password is checked";
    bench.line(what, Spread::of(before), Unit::MiB, AtMost(16.0), String::new());
    bench.line("memory after a password is checked", Spread::of(after), Unit::MiB, AtMost(36.0), String::new());
}
