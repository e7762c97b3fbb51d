//! Power loss. A recorded load is cut at many points, and the files are made as a disk may hold them then: all data
//! that was synced before the cut, and any part of the later data, down to single sectors. Of the folder, the changes
//! up to its last sync, and a beginning of those after it: file systems with a journal keep their order.
//!
//! Not modelled: a disk that lies about a sync or changes other sectors than those written, a file system that reorders
//! changes of one folder, and the file system's own journal.

use super::load::{Load, State, unsoundness};
use super::{Faults, long};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, Server, serve};
use crate::support::wait::wait_until;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

const SECTOR: usize = 512;
const MAIN: u8 = 1;
const LOG: u8 = 2;
const JOURNAL: u8 = 3;
const FOLDER: u8 = 6;
/// The files that matter after a loss of power, by their numbers in the record.
const SUFFIXES: [(u8, &str); 3] = [(MAIN, ""), (LOG, "-wal"), (JOURNAL, "-journal")];
const ENTRY_BYTES: usize = 16;

/// One event in the record of the preloaded library.
struct Entry {
    kind: u8,
    file: u8,
    port: u16,
    offset: u64,
    data: Vec<u8>,
}

fn entries(path: &Path) -> Vec<Entry> {
    let bytes = std::fs::read(path).expect("the record");
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while rest.len() >= ENTRY_BYTES {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        let Some(data) = rest.get(ENTRY_BYTES..ENTRY_BYTES + length) else { break };
        entries.push(Entry {
            kind: rest[0],
            file: rest[1],
            port: u16::from_le_bytes([rest[2], rest[3]]),
            offset: u64::from_le_bytes(rest[8..16].try_into().unwrap()),
            data: data.to_vec(),
        });
        rest = &rest[ENTRY_BYTES + length..];
    }
    entries
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    /// Makes the change, or the sectors of it that `keep` says.
    fn apply(&self, bytes: &mut Vec<u8>, mut keep: impl FnMut() -> bool) {
        match self {
            Change::Truncate(length) => {
                if keep() {
                    bytes.resize(*length, 0);
                }
            }
            Change::Write(offset, data) => {
                let mut at = *offset;
                while at < offset + data.len() {
                    let end = ((at / SECTOR + 1) * SECTOR).min(offset + data.len());
                    if keep() {
                        bytes.resize(bytes.len().max(end), 0);
                        bytes[at..end].copy_from_slice(&data[at - offset..end - offset]);
                    }
                    at = end;
                }
            }
        }
    }
}

/// A list of changes of which the first are synced.
#[derive(Clone)]
struct Unsynced<T> {
    changes: Vec<T>,
    /// The number of changes when the running sync began.
    begun: usize,
}

impl<T> Default for Unsynced<T> {
    fn default() -> Unsynced<T> {
        Unsynced { changes: Vec::new(), begun: 0 }
    }
}

impl<T> Unsynced<T> {
    fn synced(&mut self) -> impl Iterator<Item = T> + '_ {
        self.changes.drain(..std::mem::take(&mut self.begun))
    }
}

#[derive(Default)]
struct Contents {
    synced: Vec<u8>,
    unsynced: Unsynced<Change>,
}

#[derive(Clone, Copy)]
enum Place {
    Made(u8, usize),
    Removed(u8),
}

impl Place {
    fn apply(self, names: &mut BTreeMap<u8, usize>) {
        match self {
            Place::Made(file, contents) => names.insert(file, contents),
            Place::Removed(file) => names.remove(&file),
        };
    }
}

/// The part of unsynced data that survives.
#[derive(Debug, Clone, Copy)]
enum Survivors {
    Nothing,
    Everything,
    SomeWrites,
    SomeSectors,
}

const SURVIVORS: [Survivors; 4] =
    [Survivors::SomeSectors, Survivors::Nothing, Survivors::SomeWrites, Survivors::Everything];

/// The disk at one point of the record.
#[derive(Default)]
struct Disk {
    contents: Vec<Contents>,
    /// As the processes see the folder.
    names: BTreeMap<u8, usize>,
    /// As the disk holds it.
    synced_names: BTreeMap<u8, usize>,
    unsynced_names: Unsynced<Place>,
    /// How many answers went to each port.
    answers: HashMap<u16, usize>,
}

impl Disk {
    fn follow(&mut self, entry: &Entry) {
        if entry.kind == b'a' {
            *self.answers.entry(entry.port).or_default() += usize::from(entry.data.starts_with(b"HTTP/1.1 "));
            return;
        }
        if entry.file == FOLDER {
            match entry.kind {
                b'b' => self.unsynced_names.begun = self.unsynced_names.changes.len(),
                b's' => {
                    let names = &mut self.synced_names;
                    self.unsynced_names.synced().for_each(|place| place.apply(names));
                }
                _ => {}
            }
            return;
        }
        if !SUFFIXES.iter().any(|(number, _)| *number == entry.file) {
            return;
        }
        if entry.kind == b'o' {
            if entry.offset == 1 && !self.names.contains_key(&entry.file) {
                self.contents.push(Contents::default());
                self.change_name(Place::Made(entry.file, self.contents.len() - 1));
            }
            return;
        }
        let contents = &mut self.contents[self.names[&entry.file]];
        let changes = &mut contents.unsynced;
        let offset = usize::try_from(entry.offset).expect("small");
        match entry.kind {
            b'w' => changes.changes.push(Change::Write(offset, entry.data.clone())),
            b't' => changes.changes.push(Change::Truncate(offset)),
            b'b' => changes.begun = changes.changes.len(),
            b's' => changes.synced().for_each(|change| change.apply(&mut contents.synced, || true)),
            b'u' => self.change_name(Place::Removed(entry.file)),
            other => panic!("nothing models {:?}", char::from(other)),
        }
    }

    fn change_name(&mut self, place: Place) {
        place.apply(&mut self.names);
        self.unsynced_names.changes.push(place);
    }

    /// Writes the files as they may be found after the power went.
    fn lose_power(&self, folder: &Folder, survivors: Survivors, random: &mut Random) {
        let mut names = self.synced_names.clone();
        let kept = match survivors {
            Survivors::Nothing => 0,
            Survivors::Everything => self.unsynced_names.changes.len(),
            _ => random.below(self.unsynced_names.changes.len() + 1),
        };
        self.unsynced_names.changes[..kept].iter().for_each(|place| place.apply(&mut names));
        for (number, suffix) in SUFFIXES {
            let mut path = folder.db().into_os_string();
            path.push(suffix);
            let Some(contents) = names.get(&number).map(|place| &self.contents[*place]) else {
                let _ = std::fs::remove_file(path);
                continue;
            };
            let mut bytes = contents.synced.clone();
            for change in &contents.unsynced.changes {
                let whole = random.below(2) == 0;
                change.apply(&mut bytes, || match survivors {
                    Survivors::Nothing => false,
                    Survivors::Everything => true,
                    Survivors::SomeWrites => whole,
                    Survivors::SomeSectors => random.below(2) == 0,
                });
            }
            std::fs::write(path, bytes).expect("the file");
        }
        for suffix in ["-shm", ".lock"] {
            let mut path = folder.db().into_os_string();
            path.push(suffix);
            let _ = std::fs::remove_file(path);
        }
    }

    /// The contradiction between a database and the answers that were sent.
    fn check(&self, load: &Load, database: &Database) -> Result<(), String> {
        let wrong = unsoundness(database);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let found = match State::read(database) {
            Ok(found) => found,
            Err(error) => return Err(error.to_string()),
        };
        for client in &load.clients {
            let answers = client.ports.iter().filter_map(|port| self.answers.get(port)).sum();
            client.accepts(answers, &found)?;
        }
        Ok(())
    }
}

/// Waits until the server has moved its WAL into the main file, which it does in a pause of the requests.
fn wait_for_checkpoint(faults: &Faults) {
    wait_until("a sync of the main file after the last write to the log", || {
        let entries = entries(&faults.record_path());
        let last = |kind, file| entries.iter().rposition(|entry| entry.kind == kind && entry.file == file);
        last(b's', MAIN) > last(b'w', LOG)
    });
}

/// True if the record is always cut after this entry: around every sync and every change of the folder.
fn is_boundary(entry: &Entry) -> bool {
    matches!(entry.kind, b'b' | b's' | b'u' | b't') && entry.file != 4
}

#[test]
fn a_loss_of_power_at_any_moment_loses_nothing_acknowledged() {
    let faults = Faults::new();
    let mut load = Load::new(3);
    let calls = if long() { 24 } else { 12 };
    // Checkpoints in pauses, a kill with a full log, an end in good order, another start.
    let server = faults.start_recorded();
    load.run(&server, calls, |_| ());
    wait_for_checkpoint(&faults);
    load.run(&server, calls, |_| ());
    server.kill();
    let server = faults.start_recorded();
    load.run(&server, calls, |_| ());
    assert!(server.stop().success());
    let server = faults.start_recorded();
    load.run(&server, calls, |_| ());
    wait_for_checkpoint(&faults);
    load.run(&server, calls, |_| ());
    server.kill();

    let entries = entries(&faults.record_path());
    let first_answer = entries.iter().position(|entry| entry.kind == b'a').expect("answers");
    let loss = Arc::new(Folder::new());
    let mut random = Random::new(4);
    let mut disk = Disk::default();
    let (mut cuts, mut starts, mut points, mut boundaries) = (0, 0, 0, 0);
    let mut wrong: Vec<String> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        disk.follow(entry);
        if at < first_answer || !(is_boundary(entry) || random.below(25) == 0) {
            continue;
        }
        boundaries += usize::from(is_boundary(entry));
        points += 1;
        let cases = if long() { &SURVIVORS[..] } else { &SURVIVORS[points % SURVIVORS.len()..][..1] };
        for survivors in cases {
            cuts += 1;
            disk.lose_power(&loss, *survivors, &mut random);
            // In some rounds the program itself recovers the files.
            let server = (cuts % 40 == 0).then(|| Server::over(Arc::clone(&loss), &[]));
            starts += usize::from(server.is_some());
            let found = Database::open(loss.db()).map_err(|error| error.to_string());
            if let Err(why) = found.and_then(|database| disk.check(&load, &database)) {
                wrong.push(format!("after entry {at} of {}, {survivors:?}: {why}", entries.len()));
            }
            if let Some(server) = server {
                assert_eq!(server.nuxeo_as(("Administrator", ADMIN_PASSWORD), "GET", "/me", None).status, 200);
                server.kill();
            }
        }
    }
    let syncs = entries.iter().filter(|entry| entry.kind == b's').count();
    let all = entries.len();
    eprintln!(
        "{all} entries with {syncs} syncs, {points} points ({boundaries} around syncs), {cuts} losses of power, {starts} starts"
    );
    assert!(wrong.is_empty(), "{} of {cuts} are wrong, the first {}", wrong.len(), wrong[0]);
    assert!(syncs > 50 && cuts > 150, "{cuts} cuts around {syncs} syncs");
}

#[test]
fn a_loss_of_power_during_the_first_start_leaves_what_another_start_completes() {
    let faults = Faults::new();
    faults.start_recorded().kill();
    let entries = entries(&faults.record_path());
    let loss = Arc::new(Folder::new());
    let mut random = Random::new(5);
    let mut disk = Disk::default();
    let (mut points, mut cuts) = (0, 0);
    let mut wrong: Vec<String> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        disk.follow(entry);
        if !(is_boundary(entry) || entry.kind == b'o' || at % if long() { 1 } else { 8 } == 0) {
            continue;
        }
        points += 1;
        for survivors in if long() { &SURVIVORS[..] } else { &SURVIVORS[points % 2..][..2] } {
            cuts += 1;
            disk.lose_power(&loss, *survivors, &mut random);
            let mut say =
                |why: String| wrong.push(format!("after entry {at} of {}, {survivors:?}: {why}", entries.len()));
            let mut child = serve(&loss, &[]);
            let mut child = child.stderr(Stdio::piped()).spawn().expect("the server starts");
            let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
            let mut lines = stderr.lines().map_while(Result::ok);
            let mut last = String::new();
            let listens = lines.any(|line| {
                let listens = line.contains("listening on");
                last = line;
                listens
            });
            if !listens {
                say(last);
            } else {
                // Whatever files were there before, the directory is complete now.
                let database = Database::open(loss.db()).expect("the database");
                let unsound = unsoundness(&database);
                let count = |table: &str| {
                    let sql = format!("select count(*) from {table}");
                    database.query_row(&sql, [], |row| row.get::<_, i64>(0)).expect("a count")
                };
                let counts = [count("users"), count("groups"), count("memberships"), count("credentials")];
                if !unsound.is_empty() || counts != [1, 3, 1, 2] {
                    say(format!("{unsound} {counts:?}"));
                }
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
    eprintln!("{cuts} losses of power in a first start of {} entries", entries.len());
    assert!(cuts > 50, "{cuts} cuts");
    assert!(wrong.is_empty(), "{} of {cuts} are wrong, the first {}", wrong.len(), wrong[0]);
}
