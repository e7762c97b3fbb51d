//! Rows about SCIM, most of them against the same work through another dialect of the same server.

use super::run::{Bench, MANY_CONNECTIONS, connections, median, users};
use crate::data::large_group_uuid;
use crate::lists::json;
use crate::load::{Load, Measured, stream};
use crate::process::Process;
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit, thousands};
use crate::requests::{self, Credentials, repeat, request};
use crate::scim_requests::{self, NewUser};

/// Rows that the server reads for a filter without an index.
const FILTER_ROWS_MAX: u64 = 100_000;
/// Entries of a page.
const PAGE_ENTRIES: u64 = 100;

pub(super) fn get_by_id(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let nuxeo = requests::nuxeo_user(data.population(), Credentials::token(process.address));
    for count in [1, MANY_CONNECTIONS] {
        let load = |ask| Load::connect(process.address, count, ask);
        let [ours, theirs] = bench.alternate([&mut load(&scim_requests::user(data.population())), &mut load(&nuxeo)]);
        let what = format!("SCIM GET by id, {}, {}, of Nuxeo GET user", users(&data), connections(count));
        bench.ratio(&what, AtLeast(0.9), &ours, &theirs);
    }
}

pub(super) fn filter_by_name(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let nuxeo = requests::nuxeo_user(data.population(), Credentials::token(process.address));
    for count in [1, MANY_CONNECTIONS] {
        let load = |ask| Load::connect(process.address, count, ask);
        let [ours, theirs] =
            bench.alternate([&mut load(&scim_requests::filter_by_name(data.population())), &mut load(&nuxeo)]);
        let what = format!("SCIM filter userName eq, {}, {}, of Nuxeo GET user", users(&data), connections(count));
        bench.ratio(&what, AtLeast(0.8), &ours, &theirs);
    }
}

pub(super) fn creates(bench: &mut Bench) {
    let data = bench.large();
    for (attributes, what) in
        [(NewUser::Short, "with the same attributes"), (NewUser::Usual, "with the attributes of identity providers")]
    {
        let (scim, datadog) = (Process::rollbook(data.copy()), Process::rollbook(data.copy()));
        let load = |process: &Process, ask| Load::connect(process.address, MANY_CONNECTIONS, ask);
        let [ours, theirs] = bench.alternate([
            &mut load(&scim, &scim_requests::create(attributes)),
            &mut load(&datadog, &requests::create()),
        ]);
        let what = format!("SCIM POST of a user {what}, {}, 64 clients, of Datadog's create", users(&data));
        bench.ratio(&what, AtLeast(0.9), &ours, &theirs);
    }
}

pub(super) fn members_of_large_group(bench: &mut Bench) {
    let data = bench.large();
    let (scim, nuxeo) = (Process::rollbook(data.copy()), Process::rollbook(data.copy()));
    let theirs = scim_requests::nuxeo_large_group_member(data.population(), &Credentials::token(nuxeo.address));
    let load = |process: &Process, ask| Load::connect(process.address, MANY_CONNECTIONS, ask);
    let [ours, theirs] = bench.alternate([
        &mut load(&scim, &scim_requests::large_group_member(data.population())),
        &mut load(&nuxeo, &theirs),
    ]);
    let members = thousands(data.users.div_ceil(10) as f64);
    let what = format!("SCIM PATCH, add and remove a member in turns, a group of {members}, 64 clients, of Nuxeo's");
    bench.ratio(&what, AtLeast(0.8), &ours, &theirs);
}

pub(super) fn pages(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let path = format!("/scim/v2/Users?count={PAGE_ENTRIES}");
    let mut cursor = String::new();
    for _ in 0..data.users / PAGE_ENTRIES / 2 {
        let page = json(process.address, &format!("{path}&cursor={cursor}"), &Credentials::Bearer);
        cursor = page["nextCursor"].as_str().expect("a page after the first half").to_owned();
    }
    let middle = data.users / 2;
    let ways = [
        ("cursor", AtMost(1.2), ["&cursor=".to_owned(), format!("&cursor={cursor}")]),
        ("startIndex", AtMost(2.0), ["&startIndex=1".to_owned(), format!("&startIndex={middle}")]),
    ];
    let parts = if bench.options.quick { 1 } else { 3 };
    for (way, target, queries) in ways {
        let mut loads = queries
            .map(|query| Load::connect(process.address, 1, &repeat(&format!("{path}{query}"), &Credentials::Bearer)));
        let [first, middle]: [Vec<Measured>; 2] = bench.take_turns(parts, |at, length| loads[at].run(length));
        let value = Spread::of(first.iter().zip(&middle).map(|(first, middle)| middle.p50 / first.p50));
        let p50 = |of| thousands(median(of, |round| round.p50));
        let figures = format!("p50 of the first and the middle page {} : {} µs", p50(&first), p50(&middle));
        let what = format!("SCIM page of {PAGE_ENTRIES} by {way}, {}, the middle against the first", users(&data));
        bench.line(&what, value, Unit::Ratio, target, figures);
    }
}

pub(super) fn memory(bench: &mut Bench) {
    let data = bench.large();
    let large_group = large_group_uuid(data.population());
    // More members are not read for a filter: the group itself is one of the rows.
    let read_members_status = if data.users.div_ceil(10) < FILTER_ROWS_MAX { 200 } else { 400 };
    let lists = [
        ("1,000 users", "/Users".to_owned(), 200),
        (
            "1,000 users in another order",
            "/Users?filter=groups%20pr%20and%20meta.lastModified%20gt%20%222100-01-01T00:00:00Z%22&sortBy=title"
                .to_owned(),
            200,
        ),
        ("1,000 groups with their members", "/Groups".to_owned(), 200),
        ("the members of the large group", format!("/Groups/{large_group}"), 200),
        (
            "the groups that the filter reads all members of",
            format!("/Groups?filter=id%20eq%20%22{large_group}%22%20and%20members.display%20pr"),
            read_members_status,
        ),
    ];
    let mut peaks = Vec::new();
    for (what, path, status) in lists {
        let process = Process::rollbook(data.copy());
        let list = request("GET", &format!("/scim/v2{path}"), &Credentials::Bearer);
        let idle = process.memory();
        process.reset_peak();
        let mut bytes = 0;
        stream(process.address, &list, status, |chunk| bytes += chunk.len()).expect("the list");
        let peak = process.peak() - idle;
        peaks.push((peak, format!("{what}: {peak:.1} MiB for {} KiB", thousands(bytes as f64 / 1024.0))));
    }
    let highest = peaks.iter().map(|(peak, _)| *peak).fold(0.0, f64::max);
    let figures: Vec<String> = peaks.into_iter().map(|(_, figures)| figures).collect();
    let what = format!("peak memory of a SCIM list, over idle, {}", users(&data));
    bench.line(&what, Spread::of([highest]), Unit::MiB, AtMost(32.0), figures.join("; "));
}
