//! Rows about single requests: fixed answers, searches, TLS.

use super::run::{Bench, MANY_CONNECTIONS, changer, connections, users};
use crate::lists::{PAGE_ENTRIES, json};
use crate::load::Load;
use crate::nginx::Nginx;
use crate::people::FIRST_NAMES;
use crate::process::{Folder, Process};
use crate::report::Target::AtLeast;
use crate::report::{Spread, Unit, thousands};
use crate::requests::{self, Credentials, repeat, request};
use crate::tls::{Client, handshakes};

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

pub(super) fn basic_against_keys(bench: &mut Bench) {
    let data = bench.middle();
    let process = Process::rollbook(data.copy());
    let token = Credentials::token(process.address);
    let mut changes = changer(&process, data.population());
    for count in [1, MANY_CONNECTIONS] {
        let load = |credentials: Credentials| {
            Load::connect(process.address, count, &requests::nuxeo_user(data.population(), credentials))
        };
        let reads = bench.alternate_reads(&mut load(Credentials::Basic), &mut changes, [&mut load(token.clone())]);
        let what = format!("Nuxeo GET user with Basic, {}, of the same with a token", connections(count));
        bench.read_ratio(&what, AtLeast(0.9), &reads, 0);
    }
}

pub(super) fn search_page(bench: &mut Bench) {
    let data = bench.small();
    let (ours, theirs) = (Process::rollbook(data.copy()), Process::bound("tiny", Folder::new()));
    for name in FIRST_NAMES {
        let page = json(ours.address, &format!("/nuxeo/api/v1/user/search?q={name}"), &Credentials::Basic);
        assert!(bench.options.quick || page["currentPageSize"] == PAGE_ENTRIES, "there is a full page of {name}");
    }
    let mut changes = changer(&ours, data.population());
    for (count, target) in [(1, 0.25), (MANY_CONNECTIONS, 0.12)] {
        let load = |process: &Process| Load::connect(process.address, count, &requests::search());
        let reads = bench.alternate_reads(&mut load(&ours), &mut changes, [&mut load(&theirs)]);
        let what = format!("page of 50 by Nuxeo search, {}, {}, of (c), fixed", users(&data), connections(count));
        bench.read_ratio(&what, AtLeast(target), &reads, 0);
    }
}
