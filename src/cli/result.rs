//! The result of a command: a sentence for people, or one JSON object on standard output for programs.

use super::admin_client::AdminClient;
use super::args::ResultFormat;
use super::output::{print, print_status};
use crate::json;
use anyhow::anyhow;
use serde::Serialize;
use serde_json::json;

/// Tells that something is done: people on standard error, because they asked for no output.
///
/// # Errors
/// When the object cannot be written.
pub(super) fn tell(format: ResultFormat, sentence: &str, object: &impl Serialize) -> anyhow::Result<()> {
    match format {
        ResultFormat::Text => print_status(sentence),
        ResultFormat::Json => print_object(object)?,
    }
    Ok(())
}

/// Prints a result that the command was called for.
///
/// # Errors
/// When it cannot be written.
pub(super) fn print_result(format: ResultFormat, lines: &str, object: &impl Serialize) -> anyhow::Result<()> {
    match format {
        ResultFormat::Text => print(lines),
        ResultFormat::Json => print_object(object),
    }
}

/// Prints an object on a line.
///
/// # Errors
/// When it cannot be written.
pub(super) fn print_object(object: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", json::to_string(object)))
}

/// A name that something could not be done to.
#[derive(Serialize)]
struct Failed<'n> {
    name: &'n str,
    error: String,
}

/// Something that is done to several names: its sentence, and the key of the names that it is done to.
pub(super) struct Done {
    pub(super) sentence: &'static str,
    pub(super) key: &'static str,
    /// The group that it is about, in the object.
    pub(super) group: Option<String>,
}

/// Does the same to each name. Those that it fails for are told, and the others are done all the same.
///
/// # Errors
/// When it fails for one.
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
