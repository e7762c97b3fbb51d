//! Samples of the server's resources.

use super::figures::Recorder;
use crate::process::Process;
use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Names of the series.
pub const MEMORY: &str = "memory MiB";
pub const LOG: &str = "write-ahead log MiB";
pub const DATABASE: &str = "database MiB";
pub const DESCRIPTORS: &str = "descriptors";
pub const THREADS: &str = "threads";

/// One sample.
pub struct Sample {
    memory: f64,
    log: f64,
    database: f64,
    descriptors: f64,
    threads: f64,
}

impl Sample {
    pub fn of(process: &Process) -> Result<Sample> {
        let folder = Path::new("/proc").join(process.id().to_string());
        let status = fs::read_to_string(folder.join("status"))?;
        let number = |name: &str| -> Result<f64> {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let digits = value.and_then(|value| value.split_ascii_whitespace().next());
            digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| Error::other(format!("no line {name}")))
        };
        let database = process.database();
        let mut log = database.clone().into_os_string();
        log.push("-wal");
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.len()) as f64 / MEBIBYTE;
        Ok(Sample {
            memory: number("VmRSS:")? / 1024.0,
            log: size(&log.into()),
            database: size(&database),
            descriptors: fs::read_dir(folder.join("fd"))?.count() as f64,
            threads: number("Threads:")?,
        })
    }

    pub fn record(&self, recorder: &Recorder, seconds: f64) {
        for (name, value) in [
            (MEMORY, self.memory),
            (LOG, self.log),
            (DATABASE, self.database),
            (DESCRIPTORS, self.descriptors),
            (THREADS, self.threads),
        ] {
            recorder.record(seconds, name, value);
        }
    }
}
