//! The input of an import. An import reads it several times: a pipe and the answers of another server are first copied
//! to a file without a name, which ends with the process.

use crate::admin::Phase;
use crate::files::TempFile;
use crate::formats::{Format, ReadOptions, Record, Remark, Row, Rows, open_rows};
use crate::json;
use anyhow::{Context as _, bail};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Seek as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// Bytes of one read.
const READ_BYTES: usize = 256 * 1024;

/// Rows that can be read again and again.
pub struct ImportSource {
    /// Its name in messages.
    pub(super) name: String,
    /// Its length.
    pub(super) bytes: u64,
    /// The digest of the input and of the options that change how it is read. It identifies an interrupted import.
    pub(super) digest: [u8; 32],
    file: Arc<File>,
    /// The time of its last change; `None` for a copy.
    changed: Option<SystemTime>,
    kind: SourceKind,
}

enum SourceKind {
    /// A file of that format.
    File(Format, ReadOptions),
    /// A copy of rows, as JSON lines.
    Spooled,
}

/// A row in the copy.
#[derive(Serialize, Deserialize)]
struct SpooledRow {
    line: u64,
    record: Option<Record>,
    refused: Option<String>,
    remarks: Vec<Remark>,
}

impl ImportSource {
    /// A file. One that can be read only once, such as a pipe, is copied to a file in the folder first.
    ///
    /// # Errors
    /// It cannot be read or copied.
    pub fn of_file(path: &Path, format: Format, options: ReadOptions, folder: &Path) -> anyhow::Result<ImportSource> {
        let name = path.display().to_string();
        let open = || -> anyhow::Result<ImportSource> {
            let mut file = File::open(path)?;
            let meta = file.metadata()?;
            if meta.is_dir() {
                bail!("it is a folder: name a file, or - for standard input");
            }
            if !meta.is_file() {
                return ImportSource::of_spooled(&name, &mut file, format, options, folder);
            }
            let mut digest = digest_of_format(format);
            let bytes = for_each_piece(&mut file, |piece| {
                digest.update(piece);
                Ok(())
            })?;
            Ok(ImportSource::of_input(&name, (file, bytes, meta.modified().ok()), digest, format, options))
        };
        open().with_context(|| format!("read {name}"))
    }

    /// An input that can be read only once. It is copied to a file in the folder first.
    ///
    /// # Errors
    /// It cannot be read or copied.
    pub fn of_pipe(
        name: &str,
        pipe: &mut impl Read,
        format: Format,
        options: ReadOptions,
        folder: &Path,
    ) -> anyhow::Result<ImportSource> {
        ImportSource::of_spooled(name, pipe, format, options, folder).with_context(|| format!("read {name}"))
    }

    fn of_spooled(
        name: &str,
        pipe: &mut impl Read,
        format: Format,
        options: ReadOptions,
        folder: &Path,
    ) -> anyhow::Result<ImportSource> {
        let (mut spool, mut digest) = (spool(folder)?, digest_of_format(format));
        let bytes = for_each_piece(pipe, |piece| {
            digest.update(piece);
            spool.write_all(piece).context("copy the input to a file")
        })?;
        Ok(ImportSource::of_input(name, (spool, bytes, None), digest, format, options))
    }

    fn of_input(
        name: &str,
        (file, bytes, changed): (File, u64, Option<SystemTime>),
        mut digest: Sha256,
        format: Format,
        options: ReadOptions,
    ) -> ImportSource {
        if options.login.is_some() || options.delimiter.is_some() {
            digest.update(format!("\0{options:?}"));
        }
        let digest = digest.finalize().into();
        ImportSource {
            name: name.to_owned(),
            bytes,
            digest,
            file: Arc::new(file),
            changed,
            kind: SourceKind::File(format, options),
        }
    }

    /// The rows of another server. They are read to the end and copied to a file in the folder first.
    ///
    /// # Errors
    /// They cannot be read to their end or copied.
    pub fn of_rows(name: &str, rows: Rows, folder: &Path) -> anyhow::Result<ImportSource> {
        let mut spool = BufWriter::with_capacity(READ_BYTES, spool(folder)?);
        let (mut digest, mut bytes) = (Sha256::new_with_prefix(b"rows:"), 0);
        for row in rows {
            let Row { line, record, remarks, .. } = row.with_context(|| format!("read {name}"))?;
            let (record, refused) = match record {
                Ok(record) => (record, None),
                Err(why) => (None, Some(why)),
            };
            let mut text = json::to_vec(&SpooledRow { line, record, refused, remarks });
            text.push(b'\n');
            digest.update(&text);
            bytes += text.len() as u64;
            spool.write_all(&text).context("copy the input to a file")?;
        }
        let file = spool.into_inner().context("copy the input to a file")?;
        let digest = digest.finalize().into();
        Ok(ImportSource {
            name: name.to_owned(),
            bytes,
            digest,
            file: Arc::new(file),
            changed: None,
            kind: SourceKind::Spooled,
        })
    }

    /// Checks that the input can be read, before a database is created for it.
    ///
    /// # Errors
    /// It cannot be read, or is a CSV without a usable header.
    pub fn check(&self) -> anyhow::Result<()> {
        self.rows().map(drop).with_context(|| format!("read {}", self.name))
    }

    /// The name of the input in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes that an import of this input reads, apart from a last phase that few imports have.
    pub fn bytes_of_all_passes(&self) -> u64 {
        self.bytes * Phase::ALL.len() as u64
    }

    /// All rows, from the beginning.
    ///
    /// # Errors
    /// The input cannot be read.
    pub(super) fn rows(&self) -> anyhow::Result<Rows> {
        let input = BufReader::with_capacity(READ_BYTES, FileReader { file: Arc::clone(&self.file), at: 0 });
        match &self.kind {
            SourceKind::File(format, options) => open_rows(*format, Box::new(input), options),
            SourceKind::Spooled => Ok(Box::new(SpooledRows { input, bytes: 0, text: Vec::new() })),
        }
    }

    /// Checks that the file has not changed since it was opened. Otherwise the passes can have read different contents.
    ///
    /// # Errors
    /// It has changed.
    pub(super) fn require_unchanged(&self) -> anyhow::Result<()> {
        let meta = self.file.metadata()?;
        if self.changed.is_some() && (meta.len() != self.bytes || meta.modified().ok() != self.changed) {
            bail!("{} has changed while it was imported: import it once more", self.name);
        }
        Ok(())
    }
}

fn digest_of_format(format: Format) -> Sha256 {
    Sha256::new_with_prefix(match format {
        Format::Csv => b"csv:".as_slice(),
        Format::JsonLines => b"json:",
        Format::Ldif => b"ldif:",
    })
}

/// Reads an input to its end and passes each piece on. Returns the number of bytes.
fn for_each_piece(input: &mut impl Read, mut take: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let (mut input, mut bytes) = (BufReader::with_capacity(READ_BYTES, input), 0);
    loop {
        let piece = match input.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if piece.is_empty() {
            return Ok(bytes);
        }
        take(piece)?;
        let length = piece.len();
        bytes += length as u64;
        input.consume(length);
    }
}

/// A file without a name in that folder, readable by its owner only: an input can contain passwords.
fn spool(folder: &Path) -> anyhow::Result<File> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let unnamed = options.clone().custom_flags(OFlags::TMPFILE.bits().cast_signed()).open(folder);
    // Some file systems do not support files without a name.
    let file =
        unnamed.or_else(|_| Ok::<_, anyhow::Error>(TempFile::in_folder_of(&folder.join("spool"))?.into_unnamed()?));
    let mut file = file.with_context(|| format!("create a file for the input in {}", folder.display()))?;
    file.rewind()?;
    Ok(file)
}

/// Reads a file from its start, independently of other readers.
struct FileReader {
    file: Arc<File>,
    at: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The rows of a copy.
struct SpooledRows<R> {
    input: R,
    bytes: u64,
    text: Vec<u8>,
}

impl<R: io::BufRead> SpooledRows<R> {
    fn next_row(&mut self) -> anyhow::Result<Option<Row>> {
        self.text.clear();
        self.bytes += self.input.read_until(b'\n', &mut self.text)? as u64;
        if self.text.is_empty() {
            return Ok(None);
        }
        let SpooledRow { line, record, refused, remarks } = json::decode(&self.text)?;
        let record = refused.map_or(Ok(record), Err);
        Ok(Some(Row { line, bytes: self.bytes, record, remarks, login: None }))
    }
}

impl<R: io::BufRead> Iterator for SpooledRows<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        self.next_row().transpose()
    }
}
