//! The metrics in the tools of Prometheus.

use super::Watched;
use crate::support::client_tools::{environment, pins};
use crate::support::metrics::{LISTEN, Labels, Page};
use crate::support::tools::has_tool;
use std::io::Write;
use std::process::{Command, Output, Stdio};

// Readers of the page

/// Runs a command with that text on its standard input.
fn with_input(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()).expect("it is read");
    child.wait_with_output().expect("the output")
}

/// A page with a value of each metric.
fn full_page() -> String {
    let mut watched = Watched::with(&LISTEN);
    for (method, path) in [
        ("GET", "/api/v1/user"),
        ("BREW", "/api/v1/user/x"),
        ("DELETE", "/nuxeo/api/v1/group/a/user/b"),
        ("GET", "/nuxeo/api/v1/group/a/@users"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/nowhere"),
    ] {
        watched.ask(method, path, "");
        watched.ask_anonymously(method, path);
    }
    watched.text()
}

#[test]
fn the_python_library_of_prometheus_understands_every_sample() {
    let Some(tools) = environment("prometheus-client-0.26.0") else { return };
    let text = full_page();
    let page = Page::parse(&text);
    let mut command = Command::new(tools.python.expect("a Python"));
    let output = with_input(command.arg(pins().join("parse_metrics.py")).env("PYTHONUTF8", "1"), &text);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Numbers come as texts: read as JSON, some would be others in the last place.
    type Found = (String, String, String, Vec<(String, Labels, String)>);
    let found: Vec<Found> = serde_json::from_slice(&output.stdout).expect("families");
    assert_eq!(found.len(), page.0.len());
    for (name, kind, help, samples) in found {
        // The parser names a counter without the suffix of its samples.
        let name = if kind == "counter" { format!("{name}_total") } else { name };
        let family = page.0.get(&name).unwrap_or_else(|| panic!("no {name}"));
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let samples: Vec<_> = samples.into_iter().map(|(of, labels, value)| (of, labels, number(&value))).collect();
        assert_eq!((&family.kind, &family.samples), (&kind, &samples), "{name}");
        assert!(text.contains(&format!("# HELP {name} {help}\n")), "{name}: {help}");
    }
}

#[test]
fn promtool_reports_no_problem() {
    let tool = || Command::new("promtool");
    if !has_tool("promtool", "prometheus") {
        return;
    }
    let output = with_input(tool().args(["check", "metrics"]), &full_page());
    let said = [output.stdout, output.stderr].concat();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&said).as_ref()), (Some(0), ""));
    // The tool does report a mistake.
    let output = with_input(tool().args(["check", "metrics"]), "# TYPE a counter\na 1\n");
    assert_ne!(output.status.code(), Some(0));
}
