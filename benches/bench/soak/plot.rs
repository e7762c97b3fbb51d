//! The plot of a soak: an SVG picture with one panel below the other, readable on a light and on a dark page.

use super::figures::{Figures, Point};
use super::mix::{KINDS, Kind};
use super::sample::{DESCRIPTORS, LOG, MEMORY, THREADS};
use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
/// Space of the plotted area to the left and right edge of the picture.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
/// Height of the heading of the picture.
const HEADING: f64 = 60.0;
/// Height of the plotted area of a panel, and of a panel with its title and the axis.
const AREA: f64 = 120.0;
const PANEL: f64 = 186.0;
/// Colours of lines, which have enough contrast on white and on black.
const COLOURS: [&str; 8] = ["#2f81f7", "#e5534b", "#2da44e", "#bf8700", "#a371f7", "#1b9e9e", "#d6409f", "#8c6d46"];
/// About as many marks on an axis.
const MARKS: f64 = 6.0;

const STYLE: &str = "svg{color:#1f2328;font:12px sans-serif}.page{fill:#fff}\
    text{fill:currentColor}.axis{stroke:currentColor;stroke-width:1}\
    .grid{stroke:currentColor;stroke-opacity:.15}.line{fill:none;stroke-width:1.5}\
    .backup{fill:#2f81f7;fill-opacity:.18}.export{fill:#bf8700;fill-opacity:.22}\
    @media(prefers-color-scheme:dark){svg{color:#e6edf3}.page{fill:#0d1117}}";

/// A panel: its title with the unit, its lines, and whether its axis is logarithmic.
struct Panel<'f> {
    title: &'static str,
    lines: Vec<Line<'f>>,
    is_logarithmic: bool,
}

/// A line with its name.
struct Line<'f> {
    name: &'static str,
    colour: &'static str,
    points: &'f [Point],
}

/// The picture.
pub fn plot(figures: &Figures) -> String {
    let panels = panels(figures);
    let height = HEADING + PANEL * panels.len() as f64;
    let time = Axis::linear(figures.length().max(1.0) / 60.0, WIDTH - LEFT - RIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<style>{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"16\">Soak: resources and latencies of the server</text>\n"
    );
    for (at, name) in [(LEFT, "backup"), (LEFT + 110.0, "export")] {
        let _ = writeln!(
            out,
            "<rect class=\"{name}\" x=\"{at}\" y=\"35\" width=\"14\" height=\"12\"/><text x=\"{}\" y=\"45\">{name} runs</text>",
            at + 20.0
        );
    }
    for (index, panel) in panels.iter().enumerate() {
        let top = HEADING + PANEL * index as f64;
        let _ = writeln!(out, "<g transform=\"translate({LEFT} {})\">", top + 26.0);
        copies(&mut out, figures, &time);
        draw(&mut out, panel, &time);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn panels(figures: &Figures) -> Vec<Panel<'_>> {
    let line =
        |name, series: &str, colour: usize| Line { name, colour: COLOURS[colour], points: figures.series(series) };
    let one = |title, series, name| Panel { title, lines: vec![line(name, series, 0)], is_logarithmic: false };
    let latencies = |title, part: &str, keep: &dyn Fn(Kind) -> bool| Panel {
        title,
        lines: (0..)
            .zip(KINDS)
            .filter(|(_, kind)| keep(*kind))
            .map(|(colour, kind)| line(kind.name(), &format!("{part} {} ms", kind.name()), colour))
            .collect(),
        is_logarithmic: true,
    };
    let mut descriptors = one("Open descriptors and threads", DESCRIPTORS, "descriptors");
    descriptors.lines.push(line("threads", THREADS, 1));
    vec![
        one("Resident memory, MiB", MEMORY, "memory"),
        one("Size of the write-ahead log, MiB", LOG, "write-ahead log"),
        descriptors,
        one("Requests per second", "requests /s", "requests"),
        latencies("p50 per minute, ms", "p50", &|_| true),
        latencies("p99 of reads per minute, ms", "p99", &Kind::is_read),
        latencies("p99 of writes per minute, ms", "p99", &|kind| !kind.is_read()),
    ]
}

/// Bands over the times of backups and exports.
fn copies(out: &mut String, figures: &Figures, time: &Axis) {
    for name in ["backup", "export"] {
        for (start, length) in figures.series(&format!("{name} s")) {
            let (from, to) = (time.place(start / 60.0), time.place((start + length) / 60.0));
            let _ = writeln!(
                out,
                "<rect class=\"{name}\" x=\"{from:.1}\" y=\"0\" width=\"{:.1}\" height=\"{AREA}\"/>",
                (to - from).max(1.5)
            );
        }
    }
}

fn draw(out: &mut String, panel: &Panel<'_>, time: &Axis) {
    let width = WIDTH - LEFT - RIGHT;
    let values = || panel.lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value));
    let most = values().fold(0.0, f64::max);
    let axis = if panel.is_logarithmic {
        Axis::logarithmic(values().fold(f64::INFINITY, f64::min).min(most), most, AREA)
    } else {
        Axis::linear(most, AREA)
    };
    let _ = writeln!(out, "<text x=\"0\" y=\"-8\" font-size=\"13\">{}</text>", panel.title);
    for mark in &axis.marks {
        let y = AREA - axis.place(*mark);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"0\" y1=\"{y:.1}\" x2=\"{width}\" y2=\"{y:.1}\"/>\
             <text x=\"-6\" y=\"{:.1}\" text-anchor=\"end\">{mark}</text>",
            y + 4.0
        );
    }
    for mark in &time.marks {
        let x = time.place(*mark);
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{AREA}\" x2=\"{x:.1}\" y2=\"{}\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{mark}</text>",
            AREA + 4.0,
            AREA + 17.0
        );
    }
    let _ = writeln!(
        out,
        "<path class=\"axis\" fill=\"none\" d=\"M0 0V{AREA}H{width}\"/><text x=\"{}\" y=\"{}\">minutes</text>",
        width + 20.0,
        AREA + 17.0
    );
    for (index, Line { name, colour, points }) in panel.lines.iter().enumerate() {
        let path: Vec<String> = points
            .iter()
            .map(|(seconds, value)| format!("{:.1},{:.1}", time.place(seconds / 60.0), AREA - axis.place(*value)))
            .collect();
        let _ = writeln!(out, "<polyline class=\"line\" stroke=\"{colour}\" points=\"{}\"/>", path.join(" "));
        let y = 8.0 + 15.0 * index as f64;
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"{y}\">{name}</text>",
            width + 12.0,
            y - 6.0,
            width + 32.0
        );
    }
}

/// An axis: values, their places in the picture, and the values that are written at it.
struct Axis {
    marks: Vec<f64>,
    least: f64,
    most: f64,
    length: f64,
    is_logarithmic: bool,
}

impl Axis {
    /// From 0 to a round value that is not less than that one.
    fn linear(most: f64, length: f64) -> Axis {
        let most = if most > 0.0 { most } else { 1.0 };
        let rough = most / MARKS;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let count = (most / step).ceil();
        let rounded = |value: f64| (value * 1e6).round() / 1e6;
        let marks = (0..=count as u32).map(|at| rounded(f64::from(at) * step)).collect();
        Axis { marks, least: 0.0, most: count * step, length, is_logarithmic: false }
    }

    /// Powers of ten around these values.
    fn logarithmic(least: f64, most: f64, length: f64) -> Axis {
        let (least, most) = if most > 0.0 { (least.max(1e-3), most) } else { (0.1, 1.0) };
        let (low, high) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        let high = high.max(low + 1);
        let rounded = |value: f64| (value * 1e6).round() / 1e6;
        let marks = (low..=high).map(|power| rounded(10_f64.powi(power))).collect();
        Axis { marks, least: f64::from(low), most: f64::from(high), length, is_logarithmic: true }
    }

    fn place(&self, value: f64) -> f64 {
        let value = if self.is_logarithmic { value.max(1e-6).log10() } else { value };
        (value - self.least) / (self.most - self.least) * self.length
    }
}
