//! Writes records to a file.

use super::counts::Counts;
use super::format::Format;
use super::record::Record;
use super::{csv, json_lines, ldif};
use anyhow::Context as _;
use std::io::Write;

/// Writes records one by one.
///
/// CSV and JSON lines take groups first, then users with their `groups`, then the other members and subgroups. An LDIF
/// takes users without `groups` first, then each group followed by its members and subgroups.
pub struct Writer<W: Write> {
    out: W,
    format: Format,
    ldif: ldif::Encoder,
    begun: bool,
    counts: Counts,
}

impl<W: Write> Writer<W> {
    /// `base_dn`: all entries of an LDIF are below this name; the other formats do not need it.
    ///
    /// # Errors
    /// When `base_dn` is not a distinguished name.
    pub fn new(format: Format, out: W, base_dn: &str) -> anyhow::Result<Writer<W>> {
        Ok(Writer { out, format, ldif: ldif::Encoder::new(base_dn)?, begun: false, counts: Counts::default() })
    }

    /// Writes a record. Returns a sentence for each field that the format cannot hold.
    ///
    /// # Errors
    /// When the output fails, and for a membership in an LDIF that does not follow its group.
    pub fn write(&mut self, record: &Record) -> anyhow::Result<Vec<String>> {
        self.begin()?;
        self.counts.add(record);
        match self.format {
            Format::Csv => self.put(csv::row(record).as_bytes())?,
            Format::JsonLines => self.put(&json_lines::record(record))?,
            Format::Ldif => {
                let mut lines = String::new();
                let dropped = self.ldif.record(record, &mut lines)?;
                self.put(lines.as_bytes())?;
                return Ok(dropped);
            }
        }
        Ok(Vec::new())
    }

    /// Completes the file. Returns the output.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(mut self) -> anyhow::Result<W> {
        self.begin()?;
        match self.format {
            Format::Csv => {}
            Format::JsonLines => self.put(&json_lines::end(self.counts))?,
            Format::Ldif => {
                let mut lines = String::new();
                self.ldif.end(self.counts, &mut lines);
                self.put(lines.as_bytes())?;
            }
        }
        self.out.flush().context("write")?;
        Ok(self.out)
    }

    fn begin(&mut self) -> anyhow::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.format {
            Format::Csv => self.put(csv::header().as_bytes()),
            Format::JsonLines => self.put(&json_lines::begin()),
            Format::Ldif => self.put(ldif::Encoder::begin().as_bytes()),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.out.write_all(bytes).context("write")
    }
}
