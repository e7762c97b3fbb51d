//! Rows about single requests: look-ups, searches, TLS.

use super::run::{Bench, MANY_CONNECTIONS, connections, users};
use crate::data::Data;
use crate::lists::{PAGE_ENTRIES, json};
use crate::load::{Load, RequestFactory, fetch};
use crate::nginx::Nginx;
use crate::people::{FIRST_NAMES, random, user_name};
use crate::plain::{Plain, open_to_read};
use crate::process::{Folder, Process};
use crate::report::Target::AtLeast;
use crate::report::{Spread, Unit, thousands};
use crate::requests::{self, Credentials, repeat, request};
use crate::tls::{Client, handshakes};
use std::time::Instant;

pub(super) fn fixed_answer(bench: &mut Bench) {
    let (ours, theirs) = (Process::bound("layer", Folder::new()), Process::bound("bare", Folder::new()));
    for count in [1, MANY_CONNECTIONS] {
        let ask = repeat("/fixed", &Credentials::Keys);
        let load = |process: &Process| Load::connect(process.address, count, &ask);
        let [ours, theirs] = bench.alternate([&mut load(&ours), &mut load(&theirs)]);
        let what = format!("fixed answer through the server layer, {}, of (a)", connections(count));
        bench.ratio(&what, AtLeast(0.90), &ours, &theirs);
    }
}

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

pub(super) fn look_ups_one_connection(bench: &mut Bench) {
    let data = bench.middle();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("look-up", data.copy()));
    for (dialect, path, who) in LOOK_UPS {
        for user in (0..10).map(|at| user_name(at * (data.users / 10))) {
            let document = |process: &Process| json(process.address, &format!("{path}{user}"), &who);
            assert_eq!(document(&ours), document(&theirs), "the baseline and the product answer the same");
        }
        let ask = look_up(dialect, &data);
        let load = |process: &Process| Load::connect(process.address, 1, &ask);
        let [ours, theirs] = bench.alternate([&mut load(&ours), &mut load(&theirs)]);
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

pub(super) fn look_ups_many_connections(bench: &mut Bench) {
    let data = bench.middle();
    let ours = Process::rollbook(data.copy());
    let (bare, tiny) = (Process::bound("look-up", data.copy()), Process::bound("tiny-look-up", data.copy()));
    for (dialect, ..) in LOOK_UPS {
        let ask = look_up(dialect, &data);
        let load = |process: &Process| Load::connect(process.address, MANY_CONNECTIONS, &ask);
        let [ours, bare, tiny] = bench.alternate([&mut load(&ours), &mut load(&bare), &mut load(&tiny)]);
        let what = format!("{dialect} GET user, authenticated, {}, {}", users(&data), connections(MANY_CONNECTIONS));
        bench.ratio(&format!("{what}, of (b)"), AtLeast(0.90), &ours, &bare);
        bench.ratio(&format!("{what}, of (c) with the look-up"), AtLeast(1.5), &ours, &tiny);
    }
}

pub(super) fn through_tls(bench: &mut Bench) {
    let (data, client) = (bench.middle(), Client::new());
    let (secured, plain) = (Process::rollbook_with_tls(data.copy(), &client), Process::rollbook(data.copy()));
    let ask = requests::datadog_user(data.population());
    let mut through_tls = Load::connect_tls(&client, secured.address, MANY_CONNECTIONS, &ask);
    let [ours, theirs] = bench.alternate([&mut through_tls, &mut Load::connect(plain.address, MANY_CONNECTIONS, &ask)]);
    let what = format!("Datadog GET user, authenticated, {}, {}", users(&data), connections(MANY_CONNECTIONS));
    bench.ratio(&format!("{what}, through TLS, of the same without"), AtLeast(0.7), &ours, &theirs);
    drop(through_tls);
    let Some(nginx) = Nginx::before(plain.address) else {
        return println!("      nginx is not installed: handshakes are not compared");
    };
    let request = request("GET", "/healthz", &Credentials::Keys);
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

pub(super) fn look_up_against_tiny(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("tiny", Folder::new()));
    let ask = requests::datadog_user(data.population());
    for count in [1, 8, MANY_CONNECTIONS] {
        let load = |process: &Process| Load::connect(process.address, count, &ask);
        let [ours, theirs] = bench.alternate([&mut load(&ours), &mut load(&theirs)]);
        let what = format!("GET user with keys, {}, {}, of (c), fixed", users(&data), connections(count));
        bench.ratio(&what, AtLeast(1.3), &ours, &theirs);
    }
}

pub(super) fn basic_against_keys(bench: &mut Bench) {
    let data = bench.middle();
    let process = Process::rollbook(data.copy());
    let path = "/nuxeo/authentication/token?applicationName=bench&deviceId=bench&permission=rw";
    let token = fetch(process.address, &request("GET", path, &Credentials::Basic), 201).expect("a token");
    let token = String::from_utf8(token).expect("a token is text");
    for count in [1, MANY_CONNECTIONS] {
        let load = |credentials: Credentials| {
            Load::connect(process.address, count, &requests::nuxeo_user(data.population(), credentials))
        };
        let [basic, token] =
            bench.alternate([&mut load(Credentials::Basic), &mut load(Credentials::Token(token.clone()))]);
        let what = format!("Nuxeo GET user with Basic, {}, of the same with a token", connections(count));
        bench.ratio(&what, AtLeast(0.9), &basic, &token);
    }
}

pub(super) fn search_page(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("tiny", Folder::new()));
    for name in FIRST_NAMES {
        let page = json(ours.address, &format!("/nuxeo/api/v1/user/search?q={name}"), &Credentials::Basic);
        assert!(bench.options.quick || page["currentPageSize"] == PAGE_ENTRIES, "there is a full page of {name}");
    }
    for (count, target) in [(1, 0.25), (MANY_CONNECTIONS, 0.12)] {
        let load = |process: &Process| Load::connect(process.address, count, &requests::search());
        let [ours, theirs] = bench.alternate([&mut load(&ours), &mut load(&theirs)]);
        let what = format!("page of 50 by Nuxeo search, {}, {}, of (c), fixed", users(&data), connections(count));
        bench.ratio(&what, AtLeast(target), &ours, &theirs);
    }
}
