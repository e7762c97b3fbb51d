//! The soak: hours of mixed load at a fixed rate, with backups and exports, to see whether anything grows.
//!
//! Each figure goes into a CSV file at once. The plot and the table are made from that file, so that an interrupted run
//! has them too: `cargo bench -- --plot FILE`.

mod figures;
mod mix;
mod plot;
mod sample;
mod table;

use crate::data::Data;
use crate::lists::{PAGE_ENTRIES, list_length, long_lists};
use crate::load::Paced;
use crate::people::Size;
use crate::process::{Process, run as run_command};
use crate::report::thousands;
use crate::requests::Credentials;
use figures::{Figures, Recorder};
use mix::{KINDS, Kind, Mix};
use sample::Sample;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Connections of the load.
const CONNECTIONS: u32 = 16;
/// Requests a second by default.
pub const REQUESTS_PER_SECOND: u32 = 2000;
/// How often a thread that waits looks whether the run has ended.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// A soak to run.
pub struct Soak {
    pub length: Duration,
    pub users: u64,
    pub requests_per_second: u32,
    pub pace: Pace,
}

/// How often something happens in a soak.
pub struct Pace {
    /// Between two samples of the server's resources.
    sample: Duration,
    /// Length of a stretch whose latencies are put together.
    stretch: Duration,
    /// Between two backups, and between two exports.
    copies: Duration,
}

impl Pace {
    /// For a soak of an hour.
    pub const FULL: Pace =
        Pace { sample: Duration::from_secs(5), stretch: Duration::from_secs(60), copies: Duration::from_secs(600) };
    /// For a check that the soak works.
    pub const QUICK: Pace = Pace {
        sample: Duration::from_millis(100),
        stretch: Duration::from_millis(500),
        copies: Duration::from_secs(2),
    };
}

/// The state that the threads of a run share.
struct Shared {
    start: Instant,
    recorder: Recorder,
    /// Kind and latency of each request of this stretch.
    latencies: Mutex<Vec<(Kind, Duration)>>,
    stop: AtomicBool,
    /// The first error of a request or a command.
    error: Mutex<Option<String>>,
}

impl Shared {
    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Ends the run with an error.
    fn fail(&self, error: String) {
        println!("FAILED after {:.0} s: {error}", self.seconds());
        self.error.lock().expect("no thread panics while it holds the lock").get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits for that second of the run. False when the run has ended before.
    fn wait_for(&self, due: Duration) -> bool {
        while self.start.elapsed() < due && !self.is_stopped() {
            std::thread::sleep(due.saturating_sub(self.start.elapsed()).min(STOP_CHECK_INTERVAL));
        }
        !self.is_stopped()
    }
}

/// The result of a soak.
pub struct Outcome {
    /// The table and a verdict, in Markdown.
    pub text: String,
    /// The plot, in SVG.
    pub plot: String,
    /// True if no request failed.
    pub is_sound: bool,
}

/// Runs a soak, and writes its figures to that file.
pub fn run(soak: &Soak, file: &Path) -> Outcome {
    let data = Data::new(Size { users: soak.users, groups_each: 10 });
    let process = Process::rollbook(data.copy());
    let pages = long_lists().map(|(_, path)| {
        let pages = (list_length(process.address, &path) / PAGE_ENTRIES).max(1);
        (path, pages)
    });
    let mix = Mix::new(data.population(), &pages, &Credentials::session(process.address));
    drop(data);
    let ask = mix.requests();
    let clients: Vec<Paced> =
        (0..CONNECTIONS).map(|index| Paced::connect(process.address, u64::from(index), &ask)).collect();
    println!("figures go to {}", file.display());
    let shared = Shared {
        start: Instant::now(),
        recorder: Recorder::create(file),
        latencies: Mutex::default(),
        stop: AtomicBool::new(false),
        error: Mutex::default(),
    };
    std::thread::scope(|scope| {
        let shared = &shared;
        for (index, client) in (0..).zip(clients) {
            scope.spawn(move || send(shared, soak, index, client));
        }
        scope.spawn(|| make_copies(shared, soak, &process));
        observe(shared, soak, &process);
        shared.stop.store(true, Ordering::Relaxed);
    });
    let error = shared.error.into_inner().expect("no thread panics while it holds the lock");
    report(file, &soak.description(), error)
}

/// Makes the plot and the table from the figures in that file.
pub fn report(file: &Path, description: &str, error: Option<String>) -> Outcome {
    let figures = Figures::read(file);
    let verdict = error.as_ref().map_or_else(
        || "No request failed.".to_owned(),
        |error| format!("**It ended early, with an error**: {error}."),
    );
    let text = format!("{description} {verdict}\n\n{}", table::table(&figures));
    Outcome { text, plot: plot::plot(&figures), is_sound: error.is_none() }
}

impl Soak {
    fn description(&self) -> String {
        format!(
            "{:.0} minutes with {} users and {} requests a second (80 % reads) from {CONNECTIONS} connections, a backup \
             and an export every {:.0} minutes. Latencies are measured from the planned moment of a request.",
            self.length.as_secs_f64() / 60.0,
            thousands(self.users as f64),
            thousands(f64::from(self.requests_per_second)),
            self.pace.copies.as_secs_f64() / 60.0,
        )
    }
}

/// Sends the requests of one connection at their planned moments.
fn send(shared: &Shared, soak: &Soak, index: u32, mut client: Paced) {
    let pause = Duration::from_secs(1) * CONNECTIONS / soak.requests_per_second;
    let mut planned = shared.start + pause * index / CONNECTIONS;
    while !shared.is_stopped() {
        let kind = mix::kind_of(u64::from(index), client.number());
        match client.request_at(planned) {
            Ok(latency) => {
                let mut latencies = shared.latencies.lock().expect("no thread panics while it holds the lock");
                latencies.push((kind, latency));
            }
            Err(error) => shared.fail(format!("{}: {error}", kind.name())),
        }
        planned += pause;
    }
}

/// Makes a backup and an export at each interval.
fn make_copies(shared: &Shared, soak: &Soak, process: &Process) {
    let database = process.database();
    for number in 0.. {
        for (command, file, due) in [
            ("backup", process.file("backup.db"), soak.pace.copies / 4),
            ("export", process.file("export.jsonl"), soak.pace.copies * 3 / 4),
        ] {
            if !shared.wait_for(due + soak.pace.copies * number) {
                return;
            }
            let start = shared.seconds();
            let arguments = [command.as_ref(), file.as_os_str(), "--db".as_ref(), database.as_os_str()];
            let copied = std::panic::catch_unwind(|| run_command(&arguments));
            let Ok((time, memory)) = copied else { return shared.fail(format!("the {command} failed")) };
            shared.recorder.record(start, &format!("{command} s"), time.as_secs_f64());
            println!("  {command}: {:.1} s, {memory:.0} MiB", time.as_secs_f64());
            let _ = std::fs::remove_file(&file);
        }
    }
}

/// Samples the resources of the server, and puts the latencies of each stretch together, until the end.
fn observe(shared: &Shared, soak: &Soak, process: &Process) {
    let mut stretch_end = soak.pace.stretch;
    for number in 1.. {
        let due = soak.pace.sample * number;
        let is_running = shared.wait_for(due) && due <= soak.length;
        match Sample::of(process) {
            Ok(sample) => sample.record(&shared.recorder, shared.seconds()),
            Err(error) => println!("  a sample failed: {error}"),
        }
        if due >= stretch_end {
            stretch_end += soak.pace.stretch;
            put_together(shared, soak);
        }
        if !is_running {
            return;
        }
    }
}

/// Records rate and percentiles of the last stretch, and prints a line.
fn put_together(shared: &Shared, soak: &Soak) {
    let latencies = std::mem::take(&mut *shared.latencies.lock().expect("no thread panics while it holds the lock"));
    let seconds = shared.seconds();
    let rate = latencies.len() as f64 / soak.pace.stretch.as_secs_f64();
    shared.recorder.record(seconds, "requests /s", rate);
    let mut line = format!("{:>6.1} minutes: {} requests/s; p50, p99 in ms:", seconds / 60.0, thousands(rate));
    for kind in KINDS {
        let mut own: Vec<f64> =
            latencies.iter().filter(|(other, _)| *other == kind).map(|(_, time)| time.as_secs_f64() * 1e3).collect();
        if own.is_empty() {
            continue;
        }
        own.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| own[((own.len() - 1) as f64 * part) as usize];
        shared.recorder.record(seconds, &format!("p50 {} ms", kind.name()), at(0.5));
        shared.recorder.record(seconds, &format!("p99 {} ms", kind.name()), at(0.99));
        line += &format!(" {} {:.1} {:.1},", kind.name(), at(0.5), at(0.99));
    }
    println!("{}", line.trim_end_matches(','));
}
