//! The rows of the table: what is set against what.

use crate::Options;
use crate::data::{BROAD_PREFIX, Data, LARGE_GROUP, Size, user_name};
use crate::import::{People, require_same_rows};
use crate::load::{Ask, Load, Measured, fetch, stream};
use crate::many_names::ManyNames;
use crate::plain::{Plain, open_to_read, open_to_write};
use crate::process::{Folder, Process, ROLLBOOK, run};
use crate::report::{Line, Spread, Target, Unit, thousands};
use crate::requests::{self, As, always, request};
use crate::secured::{Client, Nginx, handshakes};
use Target::{AtLeast, AtMost};
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A row: its name and how it is measured.
type Row = (&'static str, fn(&mut Bench));

const ROWS: [Row; 19] = [
    ("P1", fixed_answer),
    ("P2", look_ups_one_connection),
    ("P3", look_ups_many_connections),
    ("P4", creates_many_clients),
    ("P5", creates_one_client),
    ("P6", memberships),
    ("P7", whole_list),
    ("P8", pages),
    ("P9", cost_against_size),
    ("P10", basic_against_keys),
    ("P11", start_against_size),
    ("P12", memory),
    ("P13", binary),
    ("P14", search_page),
    ("P15", look_up_against_tiny),
    ("P16", start),
    ("P17", creates_beside_many_names),
    ("P18", import),
    ("P19", through_tls),
];

/// Many connections.
const MANY: usize = 64;
/// Entries of a page.
const PAGE: u64 = 50;

/// Measures the rows that are asked for.
pub fn measure(options: Options) -> Vec<Line> {
    let unknown = options.rows.iter().find(|name| ROWS.iter().all(|(row, _)| row != name));
    assert!(unknown.is_none(), "there is no row {unknown:?}");
    let mut bench = Bench { options, data: HashMap::new(), row: "", lines: Vec::new() };
    for (name, row) in ROWS {
        if bench.options.rows.is_empty() || bench.options.rows.iter().any(|row| row == name) {
            bench.row = name;
            row(&mut bench);
        }
    }
    bench.lines
}

struct Bench {
    options: Options,
    /// Made once, copied for each server.
    data: HashMap<Size, Rc<Data>>,
    row: &'static str,
    lines: Vec<Line>,
}

impl Bench {
    fn users(&mut self, full: u64, quick: u64, groups_each: u64) -> Rc<Data> {
        let users = if self.options.quick { quick } else { full };
        let size = Size { users, groups_each };
        Rc::clone(self.data.entry(size).or_insert_with(|| Rc::new(Data::new(size))))
    }

    /// 10,000 users.
    fn small(&mut self) -> Rc<Data> {
        self.users(10_000, 500, 5)
    }

    /// 100,000 users.
    fn middle(&mut self) -> Rc<Data> {
        self.users(100_000, 1_000, 5)
    }

    /// 1,000,000 users unless asked otherwise, in five groups each on average.
    fn large(&mut self) -> Rc<Data> {
        self.users(self.options.users, self.options.users, 10)
    }

    fn some(&self, full: usize, quick: usize) -> usize {
        if self.options.quick { quick } else { full }
    }

    /// How long a round is.
    fn length(&self) -> Duration {
        Duration::from_millis(if self.options.quick { 30 } else { 500 })
    }

    /// Warms the loads up, and then measures them in turns.
    fn race<const N: usize>(&self, loads: [&mut Load; N]) -> [Vec<Measured>; N] {
        let mut loads = loads;
        for load in &mut loads {
            load.run(self.length() / 2);
        }
        // With one request in flight the rate depends on whether the kernel has put both sides on one core or on
        // two, which it decides anew for each stretch: there the median needs more of them.
        let parts = if loads.iter().all(|load| load.connections() == 1) { 3 } else { 1 };
        let parts = u32::try_from(self.some(parts, 1)).unwrap_or(1);
        let mut measured = [const { Vec::new() }; N];
        for round in 0..self.options.rounds * parts as usize {
            for turn in 0..N {
                // Whoever is first in one round is last in the next.
                let at = if round % 2 == 0 { turn } else { N - 1 - turn };
                measured[at].push(loads[at].run(self.length() / parts));
            }
        }
        measured
    }

    /// Adds the ratio of our rate to theirs.
    fn ratio(&mut self, what: &str, target: Target, ours: &[Measured], theirs: &[Measured]) {
        let value = Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours.rate / theirs.rate));
        // On a machine that does other things too, the best rounds are the least disturbed ones.
        let best = |of: &[Measured]| of.iter().map(|round| round.rate).fold(0.0, f64::max);
        let beside = format!("best rounds {:.2}×; {}", best(ours) / best(theirs), beside(ours, theirs));
        self.line(what, value, Unit::Ratio, target, beside);
    }

    fn line(&mut self, what: &str, value: Spread, unit: Unit, target: Target, beside: String) {
        let line = Line { row: self.row, what: what.to_owned(), value, unit, target, beside };
        line.print();
        self.lines.push(line);
    }
}

fn median(of: &[Measured], field: impl Fn(&Measured) -> f64) -> f64 {
    Spread::of(of.iter().map(field)).median
}

fn beside(ours: &[Measured], theirs: &[Measured]) -> String {
    let rate = |of| thousands(median(of, |round| round.rate));
    let micros = |of, field: fn(&Measured) -> f64| thousands(median(of, field));
    let fewest = ours.iter().map(|round| round.fewest).min().unwrap_or(0);
    let most = ours.iter().map(|round| round.most).max().unwrap_or(0);
    format!(
        "{} : {} /s; p50 {} : {} µs, p99 {} : {} µs; {fewest} to {most} answers a connection and round",
        rate(ours),
        rate(theirs),
        micros(ours, |round| round.p50),
        micros(theirs, |round| round.p50),
        micros(ours, |round| round.p99),
        micros(theirs, |round| round.p99),
    )
}

fn users(data: &Data) -> String {
    format!("{} users", thousands(data.users as f64))
}

fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

fn json(address: SocketAddr, path: &str, who: &As) -> Value {
    let body = fetch(address, &request("GET", path, who), 200).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{path}: {error}"))
}

// ------------------------------------------------------------------------------------------ requests

fn fixed_answer(bench: &mut Bench) {
    let (ours, theirs) = (Process::bound("layer", Folder::new()), Process::bound("bare", Folder::new()));
    for count in [1, MANY] {
        let ask = always("/fixed", &As::Keys);
        let load = |process: &Process| Load::connect(process.address, count, &ask);
        let [ours, theirs] = bench.race([&mut load(&ours), &mut load(&theirs)]);
        let what = format!("fixed answer through the server layer, {}, of (a)", connections(count));
        bench.ratio(&what, AtLeast(0.90), &ours, &theirs);
    }
}

/// The look-ups of both dialects: name, path, and who asks.
const LOOK_UPS: [(&str, &str, As); 2] =
    [("Datadog", "/api/v1/user/", As::Keys), ("Nuxeo", "/nuxeo/api/v1/user/", As::Basic)];

fn look_up(dialect: &str, data: &Data) -> Ask {
    if dialect == "Datadog" { requests::datadog_user(data) } else { requests::nuxeo_user(data, As::Basic) }
}

fn look_ups_one_connection(bench: &mut Bench) {
    let data = bench.middle();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("look-up", data.copy()));
    for (dialect, path, who) in LOOK_UPS {
        for user in (0..10).map(|at| user_name(at * (data.users / 10))) {
            let document = |process: &Process| json(process.address, &format!("{path}{user}"), &who);
            assert_eq!(document(&ours), document(&theirs), "the bound answers what the product answers");
        }
        let ask = look_up(dialect, &data);
        let load = |process: &Process| Load::connect(process.address, 1, &ask);
        let [ours, theirs] = bench.race([&mut load(&ours), &mut load(&theirs)]);
        let what = format!("{dialect} GET user, authenticated, {}, 1 connection, of (b)", users(&data));
        bench.ratio(&what, AtLeast(0.85), &ours, &theirs);
    }
    let folder = data.copy();
    for (dialect, path, _) in LOOK_UPS {
        println!(
            "      (d) {dialect}: {} bare look-ups a second",
            thousands(bare_look_ups(bench, &folder, path, &data))
        );
    }
}

/// Look-ups a second on one thread, without any network.
fn bare_look_ups(bench: &Bench, folder: &Folder, path: &str, data: &Data) -> f64 {
    let connection = open_to_read(&folder.database());
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < bench.length() {
        let user = user_name(crate::load::random(count, 0) % data.users);
        let document = Plain(&connection).look_up(&format!("{path}{user}")).expect("the database answers");
        assert!(document.is_some(), "{user} is there");
        count += 1;
    }
    count as f64 / start.elapsed().as_secs_f64()
}

fn look_ups_many_connections(bench: &mut Bench) {
    let data = bench.middle();
    let ours = Process::rollbook(data.copy());
    let (bare, tiny) = (Process::bound("look-up", data.copy()), Process::bound("tiny-look-up", data.copy()));
    for (dialect, ..) in LOOK_UPS {
        let ask = look_up(dialect, &data);
        let load = |process: &Process| Load::connect(process.address, MANY, &ask);
        let [ours, bare, tiny] = bench.race([&mut load(&ours), &mut load(&bare), &mut load(&tiny)]);
        let what = format!("{dialect} GET user, authenticated, {}, {}", users(&data), connections(MANY));
        bench.ratio(&format!("{what}, of (b)"), AtLeast(0.90), &ours, &bare);
        bench.ratio(&format!("{what}, of (c) with the look-up"), AtLeast(1.5), &ours, &tiny);
    }
}

fn through_tls(bench: &mut Bench) {
    let (data, client) = (bench.middle(), Client::new());
    let (secured, plain) = (Process::rollbook_with_tls(data.copy(), &client), Process::rollbook(data.copy()));
    let ask = requests::datadog_user(&data);
    let mut through_tls = Load::connect_secured(&client, secured.address, MANY, &ask);
    let [ours, theirs] = bench.race([&mut through_tls, &mut Load::connect(plain.address, MANY, &ask)]);
    let what = format!("Datadog GET user, authenticated, {}, {}", users(&data), connections(MANY));
    bench.ratio(&format!("{what}, through TLS, of the same without"), AtLeast(0.7), &ours, &theirs);
    drop(through_tls);
    let Some(nginx) = Nginx::before(plain.address) else {
        return println!("      there is no nginx here: handshakes are not compared");
    };
    let request = request("GET", "/healthz", &As::Keys);
    let sides = [secured.address, nginx.address];
    let mut rates = [const { Vec::new() }; 2];
    for round in 0..bench.options.rounds {
        for turn in [round % 2, 1 - round % 2] {
            rates[turn].push(handshakes(&client, sides[turn], &request, bench.length()));
        }
    }
    let value = Spread::of(rates[0].iter().zip(&rates[1]).map(|(ours, theirs)| ours / theirs));
    let [ours, theirs] = rates.map(|rates| thousands(Spread::of(rates).median));
    let what = "full handshakes with a request each, of nginx with TLS in front of the same server";
    bench.line(what, value, Unit::Ratio, AtLeast(0.9), format!("{ours} : {theirs} /s"));
}

fn look_up_against_tiny(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("tiny", Folder::new()));
    let ask = requests::datadog_user(&data);
    for count in [1, 8, MANY] {
        let load = |process: &Process| Load::connect(process.address, count, &ask);
        let [ours, theirs] = bench.race([&mut load(&ours), &mut load(&theirs)]);
        let what = format!("GET user with keys, {}, {}, of (c), fixed", users(&data), connections(count));
        bench.ratio(&what, AtLeast(1.3), &ours, &theirs);
    }
}

fn basic_against_keys(bench: &mut Bench) {
    let data = bench.middle();
    let process = Process::rollbook(data.copy());
    let path = "/nuxeo/authentication/token?applicationName=bench&deviceId=bench&permission=rw";
    let token = fetch(process.address, &request("GET", path, &As::Basic), 201).expect("a token");
    let token = String::from_utf8(token).expect("a token is text");
    for count in [1, MANY] {
        let load = |who: As| Load::connect(process.address, count, &requests::nuxeo_user(&data, who));
        let [basic, token] = bench.race([&mut load(As::Basic), &mut load(As::Token(token.clone()))]);
        let what = format!("Nuxeo GET user with Basic, {}, of the same with a token", connections(count));
        bench.ratio(&what, AtLeast(0.9), &basic, &token);
    }
}

// ------------------------------------------------------------------------------------------ writes

fn creates_many_clients(bench: &mut Bench) {
    let data = bench.small();
    let (ours, full, normal) = writers(&data);
    let load = |process: &Process| Load::connect(process.address, MANY, &requests::create());
    let [ours, full, normal] = bench.race([&mut load(&ours), &mut load(&full), &mut load(&normal)]);
    bench.ratio("durable create, 64 clients, of (e) at FULL", AtLeast(4.0), &ours, &full);
    bench.ratio("durable create, 64 clients, of (e) at NORMAL", AtLeast(1.3), &ours, &normal);
}

fn creates_one_client(bench: &mut Bench) {
    let data = bench.small();
    let (ours, full, _) = writers(&data);
    let load = |process: &Process| Load::connect(process.address, 1, &requests::create());
    let [ours, full] = bench.race([&mut load(&ours), &mut load(&full)]);
    bench.ratio("durable create, 1 client, of (e) at FULL", AtLeast(0.85), &ours, &full);
}

fn memberships(bench: &mut Bench) {
    let data = bench.small();
    let (ours, full, _) = writers(&data);
    let load = |process: &Process| Load::connect(process.address, MANY, &requests::membership(&data));
    let [ours, full] = bench.race([&mut load(&ours), &mut load(&full)]);
    bench.ratio("add and remove member in turns, 64 clients, of (e) at FULL", AtLeast(4.0), &ours, &full);
}

/// The longest that another client waits for a durable create while one client sends many names.
fn creates_beside_many_names(bench: &mut Bench) {
    let data = bench.middle();
    let rounds = bench.options.rounds;
    for many in ManyNames::all(bench.options.quick) {
        let folder = many.prepare(data.copy());
        let bare_folder = folder.copy();
        let (process, bare) = (Process::rollbook(folder), open_to_write(&bare_folder.database(), "full"));
        let mut load = Load::connect(process.address, 1, &requests::create());
        let (mut waits, mut ratios, mut bares, mut p99) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        // The first round is the warm-up.
        for round in 0..=rounds {
            let start = Instant::now();
            many.write_bare(&Plain(&bare), round).expect("the database takes the rows");
            let bare_time = start.elapsed().as_secs_f64() * 1000.0;
            let send = |request: &[u8]| {
                fetch(process.address, request, 200).unwrap_or_else(|error| panic!("{}: {error}", many.what));
            };
            let request = many.request(round);
            let beside = load.run_beside(|| send(&request));
            many.undo_bare(&Plain(&bare)).expect("the database takes the rows");
            many.undo().iter().for_each(|request| send(request));
            if round > 0 {
                waits.push(beside.longest / 1000.0);
                ratios.push(beside.longest / 1000.0 / bare_time);
                bares.push(bare_time);
                p99.push(beside.p99 / 1000.0);
            }
        }
        let (wait, bare, p99) = (Spread::of(waits), Spread::of(bares).median, Spread::of(p99).median);
        let what = format!("longest durable create of another client beside {}, {}", many.what, users(&data));
        let beside = format!("{:.1} : {bare:.1} ms; p99 of the other client {p99:.1} ms", wait.median);
        if many.rows > 10_000 {
            let what = format!("{what}, of the bare transaction");
            bench.line(&what, Spread::of(ratios), Unit::Ratio, AtMost(2.0), beside);
        } else {
            bench.line(&what, wait, Unit::Milliseconds, AtMost(100.0), beside);
        }
    }
}

fn writers(data: &Data) -> (Process, Process, Process) {
    let bound = |role| Process::bound(role, data.copy());
    (Process::rollbook(data.copy()), bound("mutex-full"), bound("mutex-normal"))
}

// ------------------------------------------------------------------------------------------ large directories

fn whole_list(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let folder = data.copy();
    let connection = open_to_read(&folder.database());
    let everybody = request("GET", "/api/v1/user", &As::Keys);
    let (mut listed, mut scanned, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let idle = process.memory();
    process.forget_peak();
    // The first round is the warm-up.
    for round in 0..=bench.options.rounds.min(5) {
        let (start, mut bytes) = (Instant::now(), 0);
        stream(process.address, &everybody, 200, |piece| bytes += piece.len()).expect("the whole list");
        let list = start.elapsed().as_secs_f64();
        let (start, mut bare_bytes) = (Instant::now(), 0);
        let count = Plain(&connection).scan(|piece| bare_bytes += piece.len()).expect("the database answers");
        let scan = start.elapsed().as_secs_f64();
        assert_eq!(count, data.users + 1);
        assert_eq!(bytes, r#"{"users":[]}"#.len() + bare_bytes - 1, "both write the same documents");
        memory.push(process.peak() - idle);
        if round > 0 {
            listed.push(list);
            scanned.push(scan);
        }
    }
    let ratio = Spread::of(listed.iter().zip(&scanned).map(|(list, scan)| scan / list));
    let (list, scan) = (Spread::of(listed).median, Spread::of(scanned).median);
    let what = format!("list of all {}, of a bare scan and serialise (d)", users(&data));
    bench.line(&what, ratio, Unit::Ratio, AtLeast(0.70), format!("{list:.2} : {scan:.2} s"));
    let beside = format!("{idle:.1} MiB idle");
    bench.line("peak memory during that, over idle", Spread::of(memory), Unit::MiB, AtMost(32.0), beside);
}

fn pages(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let lists = [
        (format!("search for a broad prefix ({BROAD_PREFIX})"), format!("user/search?q={BROAD_PREFIX}")),
        ("search for everybody".to_owned(), "user/search?q=*".to_owned()),
        ("@users of a large group".to_owned(), format!("group/{LARGE_GROUP}/@users?q=")),
    ];
    for (what, query) in lists {
        let path = format!("/nuxeo/api/v1/{query}&pageSize={PAGE}&currentPageIndex=");
        let total = json(process.address, &format!("{path}0"), &As::Basic)["resultsCount"].as_u64().expect("a count");
        let last = total / PAGE - 1;
        let mut loads = [0, last / 2, last].map(|page| {
            let path = format!("{path}{page}");
            let entries = json(process.address, &path, &As::Basic)["currentPageSize"].as_u64();
            assert_eq!(entries, Some(PAGE), "page {page} of {what} is full");
            Load::connect(process.address, 1, &always(&path, &As::Basic))
        });
        let [first, middle, last] = &mut loads;
        let measured = bench.race([first, middle, last]);
        let [first, middle, last] = &measured;
        let worst = (0..first.len()).map(|round| middle[round].p50.max(last[round].p50) / first[round].p50);
        let p50 = |of| thousands(median(of, |round| round.p50));
        let beside = format!(
            "{} entries; p50 of the first, middle, last page {} : {} : {} µs",
            thousands(total as f64),
            p50(first),
            p50(middle),
            p50(last)
        );
        let what = format!("{what}, {}, any page of 50 against the first", users(&data));
        bench.line(&what, Spread::of(worst), Unit::Ratio, AtMost(2.0), beside);
    }
}

fn cost_against_size(bench: &mut Bench) {
    let (large, small) = (bench.large(), bench.users(10_000, 500, 10));
    let (at_large, at_small) = (Process::rollbook(large.copy()), Process::rollbook(small.copy()));
    let create = requests::create();
    for (what, ask_large, ask_small) in [
        ("Datadog look-up", requests::datadog_user(&large), requests::datadog_user(&small)),
        ("Nuxeo look-up", requests::nuxeo_user(&large, As::Basic), requests::nuxeo_user(&small, As::Basic)),
        ("create", Arc::clone(&create), create),
        ("add and remove member", requests::membership(&large), requests::membership(&small)),
    ] {
        let load = |process: &Process, ask| Load::connect(process.address, MANY, ask);
        let [in_large, in_small] = bench.race([&mut load(&at_large, &ask_large), &mut load(&at_small, &ask_small)]);
        let cost = Spread::of(in_small.iter().zip(&in_large).map(|(small, large)| small.rate / large.rate));
        let memberships = thousands(large.memberships as f64);
        let what = format!("cost of {what}, {}, {memberships} memberships against {}", users(&large), users(&small));
        bench.line(&what, cost, Unit::Ratio, AtMost(1.3), beside(&in_large, &in_small));
    }
}

fn start_against_size(bench: &mut Bench) {
    let data = bench.large();
    let (mut large, mut empty) = (data.copy(), Data::empty().copy());
    let (mut ratios, mut times, mut read) = (Vec::new(), Vec::new(), 0.0);
    for round in 0..=bench.options.rounds {
        let (at_large, at_empty) = (Process::rollbook(large), Process::rollbook(empty));
        let milliseconds = |process: &Process| process.started_in.as_secs_f64() * 1000.0;
        if round > 0 {
            ratios.push(milliseconds(&at_large) / milliseconds(&at_empty));
            times.push((milliseconds(&at_large), milliseconds(&at_empty)));
        }
        read = at_large.read();
        (large, empty) = (at_large.stop(), at_empty.stop());
    }
    let size = std::fs::metadata(large.database()).map_or(0, |file| file.len()) as f64 / 1024.0 / 1024.0;
    let beside = format!(
        "{:.1} : {:.1} ms; {read:.2} of {} MiB read",
        Spread::of(times.iter().map(|(large, _)| *large)).median,
        Spread::of(times.iter().map(|(_, empty)| *empty)).median,
        thousands(size)
    );
    let what = format!("start to first answer, {}, against an empty directory", users(&data));
    bench.line(&what, Spread::of(ratios), Unit::Ratio, AtMost(2.0), beside);
}

/// Rounds of an import at most: each takes a minute.
const IMPORT_ROUNDS_MAX: usize = 3;

fn import(bench: &mut Bench) {
    let empty = Data::empty();
    require_same_rows(&empty);
    let people = People { count: bench.options.users };
    let folder = Folder::new();
    let file = folder.file("users.csv");
    people.write_csv(&file);
    let (mut ratios, mut rates, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.options.rounds.min(IMPORT_ROUNDS_MAX) {
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        // Whoever is first in one round is last in the next.
        for turn in [round % 2 == 0, round % 2 == 1] {
            let copy = empty.copy();
            if turn {
                let peak;
                (ours, peak) = run(&["import".as_ref(), file.as_os_str(), "--db".as_ref(), copy.database().as_ref()]);
                peaks.push(peak);
            } else {
                theirs = people.insert(&copy.database());
            }
        }
        let rate = |time: Duration| people.count as f64 / time.as_secs_f64();
        ratios.push(rate(ours) / rate(theirs));
        rates.push((rate(ours), rate(theirs)));
    }
    let count = thousands(people.count as f64);
    let beside = format!(
        "{} : {} users /s; {} round{}",
        thousands(Spread::of(rates.iter().map(|(ours, _)| *ours)).median),
        thousands(Spread::of(rates.iter().map(|(_, theirs)| *theirs)).median),
        rates.len(),
        if rates.len() == 1 { "" } else { "s" }
    );
    let what = format!("import a CSV of {count} users in two groups each, of (f)");
    bench.line(&what, Spread::of(ratios), Unit::Ratio, AtLeast(0.5), beside);
    bench.line("peak memory of that command", Spread::of(peaks), Unit::MiB, AtMost(128.0), String::new());
}

// ------------------------------------------------------------------------------------------ memory and start

fn memory(bench: &mut Bench) {
    let data = bench.large();
    let ask = requests::datadog_user(&data);
    let process = Process::rollbook(data.copy());
    let at_start = process.memory();
    // All read connections fill their caches.
    Load::connect(process.address, MANY, &ask).run(bench.length() * 4);
    let idle = process.memory();
    let what = format!("memory, idle after look-ups, {}", users(&data));
    bench.line(&what, Spread::of([idle]), Unit::MiB, AtMost(40.0), format!("{at_start:.1} MiB after the start"));
    drop(process);
    // Here only one does: what is left of other threads must not be taken for this measure.
    let process = Process::rollbook(data.copy());
    let mut load = Load::connect(process.address, 1, &ask);
    load.run(bench.length() * 4);
    let before = process.memory();
    let count = bench.some(1000, 50);
    let idle = Load::connect(process.address, count, &ask).rest();
    let each = (process.memory() - before) * 1024.0 / idle.len() as f64;
    let what = "memory of an idle keep-alive connection that has made a request";
    bench.line(what, Spread::of([each]), Unit::KiB, AtMost(32.0), connections(idle.len()));
    drop((idle, load, process));
    let (quiet, crowded) = (Process::rollbook(data.copy()), Process::rollbook(data.copy()));
    let count = bench.some(5000, 100);
    let idle = Load::connect(crowded.address, count, &ask).rest();
    let load = |process: &Process| Load::connect(process.address, 8, &ask);
    let [at_crowded, at_quiet] = bench.race([&mut load(&crowded), &mut load(&quiet)]);
    let p50 = Spread::of(at_crowded.iter().zip(&at_quiet).map(|(crowded, quiet)| crowded.p50 / quiet.p50));
    let what = format!("p50 of 8 active connections with {} idle ones against none", idle.len());
    let memory = format!("; {:.1} : {:.1} MiB", crowded.memory(), quiet.memory());
    bench.line(&what, p50, Unit::Ratio, AtMost(2.0), beside(&at_crowded, &at_quiet) + &memory);
}

fn binary(bench: &mut Bench) {
    let size = std::fs::metadata(ROLLBOOK).expect("the product's file").len() as f64 / 1024.0 / 1024.0;
    bench.line("release binary, stripped", Spread::of([size]), Unit::MiB, AtMost(6.0), String::new());
}

fn search_page(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("tiny", Folder::new()));
    for name in crate::data::FIRST_NAMES {
        let page = json(ours.address, &format!("/nuxeo/api/v1/user/search?q={name}"), &As::Basic);
        assert!(bench.options.quick || page["currentPageSize"] == PAGE, "there is a full page of {name}");
    }
    for (count, target) in [(1, 0.25), (MANY, 0.12)] {
        let load = |process: &Process| Load::connect(process.address, count, &requests::search());
        let [ours, theirs] = bench.race([&mut load(&ours), &mut load(&theirs)]);
        let what = format!("page of 50 by Nuxeo search, {}, {}, of (c), fixed", users(&data), connections(count));
        bench.ratio(&what, AtLeast(target), &ours, &theirs);
    }
}

fn start(bench: &mut Bench) {
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
