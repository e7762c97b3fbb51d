//! Metrics of this process from Linux. Values that cannot be read are left out.

use super::Exposition;
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::time::{ClockId, clock_gettime};
use std::fs::{read_dir, read_to_string};
use std::sync::OnceLock;

/// Adds the version of the program, and the process metrics under their standard names.
pub fn collect_metrics(exposition: &mut Exposition) {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    exposition.gauge("rollbook_build_info", "The version of the program, as a label.", &version, 1.0);
    if let Some((start, processor)) = times() {
        exposition.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.", &[], start);
        exposition.counter("process_cpu_seconds_total", "User and system CPU time, in seconds.", &[], processor);
    }
    if let Some(bytes) = resident_bytes() {
        exposition.gauge("process_resident_memory_bytes", "Resident memory, in bytes.", &[], bytes);
    }
    if let Ok(descriptors) = read_dir("/proc/self/fd") {
        // One of them is the descriptor of this directory.
        let count = descriptors.count().saturating_sub(1);
        exposition.gauge("process_open_fds", "Open file descriptors.", &[], count as f64);
    }
}

/// Start time and CPU time of the process in seconds, from `stat`, fields 22, 14 and 15 (proc(5)).
fn times() -> Option<(f64, f64)> {
    let stat = read_to_string("/proc/self/stat").ok()?;
    // The second field is the name of the program in brackets, which may contain spaces and brackets.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let seconds = |field: usize| Some(fields.get(field - 3)?.parse::<f64>().ok()? / clock_ticks_per_second() as f64);
    Some((boot() + seconds(22)?, seconds(14)? + seconds(15)?))
}

/// Boot time in seconds since 1970, from two clocks: a sandboxed service may not read `/proc/stat`. Computed once, so that
/// changes of the clock do not change it.
fn boot() -> f64 {
    static BOOT: OnceLock<f64> = OnceLock::new();
    let seconds = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    *BOOT.get_or_init(|| seconds(ClockId::Realtime) - seconds(ClockId::Boottime))
}

/// Resident memory, from the second field of `statm`.
fn resident_bytes() -> Option<f64> {
    let statm = read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * page_size() as f64)
}
