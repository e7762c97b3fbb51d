//! The figures of a soak in a CSV file: second of the run, name of the series, value.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

/// Writes figures to a file, each at once.
pub struct Recorder(Mutex<File>);

impl Recorder {
    pub fn create(path: &Path) -> Recorder {
        Recorder(Mutex::new(File::create(path).expect("a file for the figures")))
    }

    /// Writes a figure. An error is printed: the run goes on.
    pub fn record(&self, seconds: f64, series: &str, value: f64) {
        let mut file = self.0.lock().expect("no thread panics while it holds the lock");
        if let Err(error) = file.write_all(format!("{seconds:.2},{series},{value:.4}\n").as_bytes()) {
            println!("  a figure was not written: {error}");
        }
    }
}

/// Second of the run, and value.
pub type Point = (f64, f64);

/// The figures of a run by series.
pub struct Figures(BTreeMap<String, Vec<Point>>);

impl Figures {
    /// Reads a file. Lines that are not complete are left out.
    pub fn read(path: &Path) -> Figures {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut figures = Figures(BTreeMap::new());
        for line in text.lines() {
            let mut fields = line.split(',');
            let (Some(seconds), Some(series), Some(value)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            if let (Ok(seconds), Ok(value)) = (seconds.parse(), value.parse()) {
                figures.0.entry(series.to_owned()).or_default().push((seconds, value));
            }
        }
        figures
    }

    /// The points of a series in the order of time.
    pub fn series(&self, name: &str) -> &[Point] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The last second with a figure.
    pub fn length(&self) -> f64 {
        self.0.values().flatten().map(|(seconds, _)| *seconds).fold(0.0, f64::max)
    }
}
