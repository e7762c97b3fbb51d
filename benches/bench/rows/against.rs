//! The comparison of the product with an earlier build of it. Each build fills a database of its own schema.

use super::run::{Bench, MANY_CONNECTIONS, connections};
use crate::load::{Load, RequestFactory};
use crate::people::{Population, group_name, names_of, random, user_name};
use crate::process::{Folder, Process, ROLLBOOK, run_program};
use crate::report::Target::AtLeast;
use crate::requests::{self, Credentials};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// The path of pages of all users, before the number of the page.
const ALL_USERS: &str = "/nuxeo/api/v1/user/search?q=*&pageSize=50&currentPageIndex=";

/// The name of a row, the numbers of connections, and the requests.
type Work<'w> = (&'static str, &'static [usize], &'w dyn Fn() -> RequestFactory);

pub(super) fn earlier_build(bench: &mut Bench, program: &Path) {
    bench.row = "A";
    let users = if bench.options.quick { 500 } else { 10_000 };
    let population = Population { users, groups: users / 100 };
    let table = Folder::new();
    write_csv(population, &table.file("people.csv")).expect("the file can be written");
    let [ours, theirs] = [Path::new(ROLLBOOK), program].map(|program| filled(program, &table.file("people.csv")));
    let works: [Work<'_>; 6] = [
        ("Datadog GET user", &[1, MANY_CONNECTIONS], &|| requests::datadog_user(population)),
        ("Nuxeo GET user", &[1, MANY_CONNECTIONS], &|| requests::nuxeo_user(population, Credentials::Basic)),
        ("durable create", &[1, MANY_CONNECTIONS], &requests::create),
        ("add and remove member in turns", &[1, MANY_CONNECTIONS], &|| requests::membership(population)),
        ("page of 50 by Nuxeo search", &[1, MANY_CONNECTIONS], &requests::search),
        ("random page of 50", &[8], &|| requests::pages(ALL_USERS, users / 50)),
    ];
    for (what, counts, requests) in works {
        for count in counts {
            let ask = requests();
            let load = |process: &Process| Load::connect(process.address, *count, &ask);
            let [ours, theirs] = bench.alternate([&mut load(&ours), &mut load(&theirs)]);
            bench.ratio(
                &format!("{what}, {}, of the earlier build", connections(*count)),
                AtLeast(0.97),
                &ours,
                &theirs,
            );
        }
    }
}

/// A server of that build with the people in the file.
fn filled(program: &Path, people: &Path) -> Process {
    let folder = Process::of_program(program, Folder::new()).stop();
    let arguments =
        ["import".as_ref(), people.as_os_str(), "--db".as_ref(), folder.database().as_os_str()].map(ToOwned::to_owned);
    run_program(program, &arguments.each_ref().map(AsRef::as_ref));
    Process::of_program(program, folder)
}

/// Users with up to four groups each, in a form that all builds import.
fn write_csv(population: Population, file: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "kind,name,first_name,last_name,email,groups")?;
    for group in 0..population.groups {
        writeln!(out, "group,{},,,,", group_name(group))?;
    }
    for index in 0..population.users {
        let (name, (first, last)) = (user_name(index), names_of(index));
        let groups: Vec<String> =
            (0..random(index, 5) % 5).map(|at| group_name(random(index, 6 + at) % population.groups)).collect();
        writeln!(out, "user,{name},{first},{last},{name},{}", groups.join(";"))?;
    }
    out.flush()
}
