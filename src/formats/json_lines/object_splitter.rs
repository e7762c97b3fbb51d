//! Splits a stream of JSON into objects. They may stand one per line, over several lines, in arrays, or in a list of a
//! document. Memory holds one object at a time.
//!
//! An incomplete object must not swallow the next ones. An object is incomplete if its brackets do not match, if a line
//! ends within a text, or if a line begins with another object where only a comma or a bracket can follow.

use super::open_object::{Event, Open, Place};
use crate::formats::line_reader::skip_line;
use std::io::{self, BufRead, ErrorKind};

/// Bytes after an object that a message shows.
const REST_BYTES_MAX: usize = 100;

/// An object, or a refused part of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// First line, from 1.
    pub(super) line: u64,
    /// Bytes of the input up to its end.
    pub(super) bytes: u64,
    pub(super) what: What,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The text of an object. Only its brackets are checked.
    Object(Vec<u8>),
    /// The text of a document whose lists of objects were returned before. The lists are empty in this text.
    Document(Vec<u8>),
    /// A refused part of the text. Holds the reason.
    Broken(String),
}

/// Splits the input into objects.
pub(super) struct Objects<R> {
    input: R,
    place: Place,
    bytes: u64,
    /// Depth of open arrays, within the list of the document if there is one.
    arrays: usize,
    /// The line of the first of them.
    array_line: u64,
    document: Option<Document>,
    /// After a broken object: lines are skipped until an object begins with at most this indentation.
    skip_below: Option<usize>,
    /// An object that was found after a broken one and is returned next.
    waiting: Option<Found>,
    done: bool,
}

/// The document whose list is being read.
struct Document {
    open: Open,
    arrays: usize,
}

impl<R: BufRead> Objects<R> {
    pub(super) fn new(input: R) -> Objects<R> {
        Objects {
            input,
            place: Place { line: 1, begins: true, indent: 0 },
            bytes: 0,
            arrays: 0,
            array_line: 1,
            document: None,
            skip_below: None,
            waiting: None,
            done: false,
        }
    }

    /// Number of the next line.
    pub(super) fn line(&self) -> u64 {
        self.place.line
    }

    /// Finds the next object; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        if let Some(found) = self.waiting.take() {
            return Ok(Some(found));
        }
        while !self.done {
            let Some(byte) = fill(&mut self.input)?.first().copied() else {
                self.done = true;
                return Ok(self.broken_list());
            };
            let found = match (self.skip_below, byte) {
                (_, b' ' | b'\t' | b'\r' | b'\n') => {
                    self.take(byte);
                    None
                }
                (Some(indent), b'{' | b']') if self.place.begins && self.place.indent <= indent => {
                    self.skip_below = None;
                    None
                }
                (Some(_), _) => {
                    self.skip_line()?;
                    None
                }
                (None, b'{') => self.read_object(Open::new(self.place))?,
                (None, b'[') => {
                    if self.arrays == 0 && self.document.is_none() {
                        self.array_line = self.place.line;
                    }
                    self.arrays += 1;
                    self.take(byte);
                    None
                }
                (None, b',') => {
                    self.take(byte);
                    None
                }
                (None, b']') if self.arrays > 0 => {
                    self.arrays -= 1;
                    self.take(byte);
                    None
                }
                (None, b']') if self.document.is_some() => self.end_list()?,
                (None, 0xef) if self.take_mark()? => None,
                _ => {
                    let line = self.place.line;
                    self.skip_line()?;
                    Some(self.broken(line, "the line is not a JSON object".to_owned()))
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        self.bytes += 1;
        self.place.advance(byte);
    }

    /// Skips a byte order mark between objects, which joined files have. Returns false if there is something else, of
    /// which a part may be consumed.
    fn take_mark(&mut self) -> io::Result<bool> {
        for expected in [0xef, 0xbb, 0xbf] {
            if fill(&mut self.input)?.first() != Some(&expected) {
                return Ok(false);
            }
            self.input.consume(1);
            self.bytes += 1;
        }
        Ok(true)
    }

    fn skip_line(&mut self) -> io::Result<()> {
        self.bytes += skip_line(&mut self.input)?;
        self.place.advance(b'\n');
        Ok(())
    }

    fn found(&self, line: u64, what: What) -> Found {
        Found { line, bytes: self.bytes, what }
    }

    fn broken(&self, line: u64, why: String) -> Found {
        self.found(line, What::Broken(why))
    }

    /// Reports a list or document that is still open at the end of the input.
    fn broken_list(&mut self) -> Option<Found> {
        let line = match self.document.take() {
            Some(document) => document.open.begin.line,
            None if self.arrays > 0 => self.array_line,
            None => return None,
        };
        let why = format!("the list that begins in line {line} has no end: the file may have been cut off");
        Some(self.broken(self.place.line, why))
    }

    /// Reads on in the document after one of its lists.
    fn end_list(&mut self) -> io::Result<Option<Found>> {
        let Some(Document { mut open, arrays }) = self.document.take() else { return Ok(None) };
        self.take(b']');
        self.arrays = arrays;
        open.is_document = true;
        open.shape.step(b']');
        open.keep(b"]");
        self.read_object(open)
    }

    /// Reads the rest of an object. `None` if it is a document and one of its lists begins.
    fn read_object(&mut self, mut open: Open) -> io::Result<Option<Found>> {
        loop {
            let piece = fill(&mut self.input)?;
            let event = if piece.is_empty() {
                if open.split.as_ref().is_some_and(|split| split.is_closed) { Event::Split } else { Event::End }
            } else {
                let (used, event) = open.feed(piece, &mut self.place, self.document.is_none());
                self.input.consume(used);
                self.bytes += used as u64;
                event
            };
            let line = open.begin.line;
            match event {
                Event::More => {}
                Event::Complete => return self.complete(open).map(Some),
                Event::List => {
                    self.document = Some(Document { open, arrays: std::mem::take(&mut self.arrays) });
                    return Ok(None);
                }
                Event::End => return Ok(Some(self.broken(line, open.problem()))),
                // The next object follows.
                Event::NextObject => return Ok(Some(self.broken(line, open.problem_before(self.place.line)))),
                Event::Split => return Ok(Some(self.split(open))),
                Event::Broken => return self.skip_broken(&open).map(Some),
            }
        }
    }

    /// Checks the text after an object on the same line.
    fn complete(&mut self, mut open: Open) -> io::Result<Found> {
        let line = open.begin.line;
        loop {
            match fill(&mut self.input)?.first().copied() {
                Some(byte @ (b' ' | b'\t' | b'\r')) => self.take(byte),
                Some(b'\n') => {
                    self.take(b'\n');
                    break;
                }
                None | Some(b',' | b'[' | b']' | b'{' | 0xef) => break,
                Some(_) => {
                    let piece = fill(&mut self.input)?;
                    let rest = piece.iter().take(REST_BYTES_MAX).take_while(|byte| **byte != b'\n');
                    let rest: Vec<u8> = rest.copied().collect();
                    open.keep(b" ");
                    open.keep(&rest);
                    self.skip_line()?;
                    return Ok(self.broken(line, open.problem()));
                }
            }
        }
        let what = match open.too_much() {
            Some(why) => What::Broken(why),
            None if open.is_document => What::Document(open.text),
            None => What::Object(open.text),
        };
        Ok(self.found(line, what))
    }

    /// Refuses the text before the object that begins a line.
    fn split(&mut self, mut open: Open) -> Found {
        let begin = open.begin.line;
        let Some(split) = open.split.take() else { return self.broken(begin, open.problem()) };
        let what = match open.too_much() {
            Some(why) => What::Broken(why),
            None => What::Object(open.text.split_off(split.at)),
        };
        self.waiting = Some(self.found(split.line, what));
        self.broken(begin, open.problem_before(split.line))
    }

    /// Skips the rest of a broken object.
    fn skip_broken(&mut self, open: &Open) -> io::Result<Found> {
        let mut why = open.problem();
        if !self.place.begins {
            self.skip_line()?;
        }
        if open.lines > 1 && !open.is_indented {
            // The next lines could be parts of the object as well as other objects.
            why.push_str("; the rest of the file is not read");
            self.done = true;
        } else if open.lines > 1 {
            why.push_str("; the lines up to the next object are skipped");
            self.skip_below = Some(open.begin.indent);
        }
        Ok(self.broken(open.begin.line, why))
    }
}

fn fill(input: &mut impl BufRead) -> io::Result<&[u8]> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    input.fill_buf()
}

#[cfg(test)]
mod tests;
