//! The command `import`: users and groups from a file.

use super::args::{FileResultArgs, Target};
use super::import_options::ImportOptions;
use super::import_steps::{check_report, confirm_changes, import_and_report, open_destination};
use super::open_store::start_logging;
use super::progress::Progress;
use super::temp_files::remove_temp_files_on_signals;
use super::usage_error::UsageError;
use crate::admin::ImportSource;
use crate::files;
use crate::formats::{Format, ReadOptions};
use anyhow::anyhow;
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};

/// Arguments of `import`.
#[derive(Debug, Clone, Args)]
pub(super) struct ImportArgs {
    /// File to read; - for standard input
    pub(super) file: PathBuf,
    /// Format of the file: csv, jsonl or ldif. By default the ending of the file name decides
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Start an interrupted import again from the beginning
    #[arg(long)]
    pub(super) restart: bool,
    /// Attribute, column or JSON key that holds the login
    #[arg(long, value_name = "ATTRIBUTE")]
    pub(super) login: Option<String>,
    /// Delimiter of a CSV file: one character, or tab. By default it is detected from the first line
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub(super) delimiter: Option<u8>,
    #[command(flatten)]
    pub(super) options: ImportOptions,
    #[command(flatten)]
    pub(super) printing: FileResultArgs,
    #[command(flatten)]
    pub(super) target: Target,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text.eq_ignore_ascii_case("tab") || text == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err("not a single character and not tab".to_owned()),
    }
}

/// Imports the file.
pub(super) fn run(args: &ImportArgs) -> anyhow::Result<()> {
    let ImportArgs { file: path, options, target, .. } = args;
    start_logging(&target.database);
    remove_temp_files_on_signals()?;
    let Some(format) = args.format.or_else(|| Format::of_path(path)) else {
        return Err(UsageError(anyhow!(
            "--format is needed because the name of the file {} does not show whether it is csv, jsonl or ldif",
            path.display()
        ))
        .into());
    };
    let database = &target.database.db;
    let is_stdin = files::is_dash(path);
    check_report(options, database, (!is_stdin).then_some(path.as_path()))?;
    confirm_changes(options, target)?;
    let read = ReadOptions { login: args.login.clone(), delimiter: args.delimiter };
    let progress = Progress::start(&format!("reading {}", path.display()));
    let folder = database.parent().unwrap_or(Path::new("."));
    let source = if is_stdin {
        ImportSource::of_pipe("standard input", &mut io::stdin().lock(), format, read, folder)?
    } else {
        ImportSource::of_file(path, format, read, folder)?
    };
    source.check()?;
    drop(progress);
    let mut client = open_destination(options, target)?;
    import_and_report(&mut client, &source, options, args.restart, args.printing.result)
}
