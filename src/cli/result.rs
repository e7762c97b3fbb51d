//! The result of a command: a sentence for people, or one JSON object on standard output for programs.

use super::admin_client::AdminClient;
use super::args::ResultFormat;
use super::output::{print, print_status};
use crate::json;
use anyhow::anyhow;
use serde::Serialize;
use serde_json::json;

/// Reports a completed action. The sentence goes to standard error, because the command has no output for people.
///
/// # Errors
/// The object cannot be written.
pub(super) fn tell(format: ResultFormat, sentence: &str, object: &impl Serialize) -> anyhow::Result<()> {
    match format {
        ResultFormat::Text => print_status(sentence),
        ResultFormat::Json => print_object(object)?,
    }
    Ok(())
}

/// Prints the output of a command.
///
/// # Errors
/// It cannot be written.
pub(super) fn print_result(format: ResultFormat, lines: &str, object: &impl Serialize) -> anyhow::Result<()> {
    match format {
        ResultFormat::Text => print(lines),
        ResultFormat::Json => print_object(object),
    }
}

/// Prints an object as one line.
///
/// # Errors
/// It cannot be written.
pub(super) fn print_object(object: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", json::to_string(object)))
}

/// A name for which the action failed.
#[derive(Serialize)]
struct Failed<'n> {
    name: &'n str,
    error: String,
}

/// An action on several names: its sentence for people, and the JSON key of the names for which it succeeded.
pub(super) struct Done {
    pub(super) sentence: &'static str,
    pub(super) key: &'static str,
    /// The group of the action, for the JSON object.
    pub(super) group: Option<String>,
}

/// Runs the action for each name. A failure is reported and does not stop the others.
///
/// # Errors
/// The action failed for at least one name.
pub(super) fn each(
    client: &mut AdminClient,
    names: &[String],
    format: ResultFormat,
    done: &Done,
    mut work: impl FnMut(&mut AdminClient, &str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut succeeded, mut failed) = (Vec::new(), Vec::new());
    for name in names {
        match work(client, name) {
            Ok(()) => {
                if format == ResultFormat::Text {
                    print_status(&format!("{} {name}", done.sentence));
                }
                succeeded.push(name);
            }
            Err(error) => failed.push(Failed { name, error: format!("{error:#}") }),
        }
    }
    if format == ResultFormat::Json {
        let mut object = json!({ done.key: succeeded, "failed": failed });
        if let Some(group) = &done.group {
            object["group"] = json!(group);
        }
        print_object(&object)?;
    }
    if failed.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = failed.iter().map(|Failed { name, error }| format!("{name}: {error}")).collect();
    Err(anyhow!("{}", lines.join("\nrollbook: ")))
}
