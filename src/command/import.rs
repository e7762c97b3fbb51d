//! Users and groups from a file.

use super::bring::{Source, bring_in, check_report, destination};
use super::{Usage, say, start_logging};
use crate::config::ImportSettings;
use crate::exchange::{Aliases, Format, aliases, read};
use crate::operator::Order;
use anyhow::{Context as _, anyhow};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek as _};
use std::path::Path;

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// Brings in what is in the file.
pub(super) fn run(settings: &ImportSettings) -> anyhow::Result<()> {
    let ImportSettings { file: path, options, target, .. } = settings;
    start_logging(&target.database);
    let stdin = path == Path::new("-");
    let Some(format) = settings.format.or_else(|| Format::of_path(path)) else {
        return Err(Usage(anyhow!("--format: the name {} does not tell what is in it", path.display())).into());
    };
    check_report(options, &target.database.db, (!stdin).then_some(path.as_path()))?;
    let mut source = if stdin {
        let input: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(PIECE, std::io::stdin()));
        let rows = read(format, input, Aliases::default()).context("read standard input")?;
        Source { name: "standard input".to_owned(), rows, bytes: None, digest: None, done: 0 }
    } else {
        open(path, format).with_context(|| format!("read {}", path.display()))?
    };
    let mut link = destination(options, target)?;
    if let Some(digest) = source.digest {
        source.done = link.ask(Order::ImportPosition { digest })?;
        if settings.restart {
            source.done = 0;
        }
        if source.done > 0 {
            let (name, line) = (path.display(), source.done);
            say(&format!(
                "{name}: going on after line {line}, up to which it was brought in before (--restart begins anew)"
            ));
        }
    }
    bring_in(&mut link, source, options)
}

/// A file, which is read once for what it is, once for what its names mean where that takes it, and then row by row.
fn open(path: &Path, format: Format) -> anyhow::Result<Source> {
    let mut file = File::open(path)?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    hasher.update(match format {
        Format::Csv => b"csv:".as_slice(),
        Format::JsonLines => b"json:",
        Format::Ldif => b"ldif:",
    });
    let mut whole = BufReader::with_capacity(PIECE, &file);
    loop {
        let piece = whole.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        hasher.update(piece);
        let length = piece.len();
        bytes += length as u64;
        whole.consume(length);
    }
    file.rewind()?;
    let aliases = aliases(format, Box::new(BufReader::with_capacity(PIECE, file.try_clone()?)))?;
    file.rewind()?;
    let rows = read(format, Box::new(BufReader::with_capacity(PIECE, file)), aliases)?;
    let digest = Some(hasher.finalize().into());
    Ok(Source { name: path.display().to_string(), rows, bytes: Some(bytes), digest, done: 0 })
}
