//! Metrics in the text format of Prometheus, version 0.0.4. A component that counts something adds its samples to an
//! [`Exposition`], which groups samples of one name, whichever component has added them.

mod histogram;
mod process;

pub use histogram::{Counts, Histogram};
pub use process::collect_metrics as collect_process_metrics;

use std::fmt::Write as _;

/// The media type of the text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Adds the samples of one component.
pub type Collector = Box<dyn Fn(&mut Exposition) + Send + Sync>;

/// Samples that are being collected.
#[derive(Default)]
pub struct Exposition {
    families: Vec<Family>,
}

/// All samples of one name.
struct Family {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    samples: Vec<Sample>,
}

/// One value.
struct Sample {
    /// Suffix behind the name of the family: `_bucket`, `_sum`, `_count`, or empty.
    suffix: &'static str,
    labels: Vec<(&'static str, String)>,
    value: f64,
}

impl Sample {
    fn new(suffix: &'static str, labels: &[Label<'_>], value: f64) -> Sample {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Sample { suffix, labels, value }
    }
}

/// Name and value of a label.
pub type Label<'l> = (&'static str, &'l str);

impl Exposition {
    /// Adds a value that only grows. Its name ends in `_total`.
    pub fn counter(&mut self, name: &'static str, help: &'static str, labels: &[Label<'_>], value: f64) {
        self.family(name, help, "counter").push(Sample::new("", labels, value));
    }

    /// Adds a value that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[Label<'_>], value: f64) {
        self.family(name, help, "gauge").push(Sample::new("", labels, value));
    }

    /// Adds a histogram. `units` of its values are one unit of the name, such as 1e9 nanoseconds for `_seconds`.
    pub fn histogram<const N: usize>(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[Label<'_>],
        counts: &Counts<N>,
        units: f64,
    ) {
        let samples = self.family(name, help, "histogram");
        let mut bucket = |bound: &str, number: u64| {
            samples.push(Sample::new("_bucket", &[labels, &[("le", bound)]].concat(), number as f64));
        };
        let mut number = 0;
        for (bound, here) in counts.bounds.iter().zip(counts.buckets) {
            number += here;
            bucket(&(*bound as f64 / units).to_string(), number);
        }
        bucket("+Inf", counts.number());
        samples.push(Sample::new("_sum", labels, counts.sum as f64 / units));
        samples.push(Sample::new("_count", labels, counts.number() as f64));
    }

    /// The samples in the text format.
    pub fn into_text(self) -> String {
        let mut text = String::new();
        for Family { name, help, kind, samples } in self.families {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            samples.iter().for_each(|sample| write_sample(&mut text, name, sample));
        }
        text
    }

    /// Calls `visit` with the name, the labels and the value of each sample.
    pub fn visit(&self, mut visit: impl FnMut(String, &[(&'static str, String)], f64)) {
        for family in &self.families {
            for Sample { suffix, labels, value } in &family.samples {
                visit(format!("{}{suffix}", family.name), labels, *value);
            }
        }
    }

    fn family(&mut self, name: &'static str, help: &'static str, kind: &'static str) -> &mut Vec<Sample> {
        let at = self.families.iter().position(|family| family.name == name).unwrap_or_else(|| {
            self.families.push(Family { name, help, kind, samples: Vec::new() });
            self.families.len() - 1
        });
        &mut self.families[at].samples
    }
}

fn write_sample(text: &mut String, name: &str, Sample { suffix, labels, value }: &Sample) {
    let _ = write!(text, "{name}{suffix}");
    for (number, (label, value)) in labels.iter().enumerate() {
        let _ = write!(text, "{}{label}=\"", if number == 0 { '{' } else { ',' });
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    let _ = writeln!(text, "{} {value}", if labels.is_empty() { "" } else { "}" });
}
