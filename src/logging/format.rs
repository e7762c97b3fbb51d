//! The format of lines: text for people, JSON for programs.

use super::journal;
use log::Level;
use std::io::{Result, Write};
use std::time::{Duration, SystemTime};

/// The format of lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// The facts that the log has about a request.
pub(crate) struct RequestLine<'l> {
    /// As sent, or `-` if the head could not be parsed.
    pub(crate) method: &'l str,
    pub(crate) path: &'l str,
    pub(crate) status: u16,
    /// Empty if no dialect has answered.
    pub(crate) dialect: &'static str,
    pub(crate) caller: Option<&'l str>,
    pub(crate) took: Duration,
}

/// The style of all lines of a log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineStyle {
    pub(super) format: Format,
    /// For the journal, which adds a time to each line and reads the level from a prefix.
    pub(super) journal: bool,
}

impl LineStyle {
    /// True if people read the lines, so that a plain line without time and level is clear enough.
    pub(super) fn is_for_people(self) -> bool {
        self.format == Format::Text && !self.journal
    }

    /// Writes a message. `id` is the identifier of the request that it belongs to, or empty.
    pub(super) fn message(
        self,
        out: &mut impl Write,
        now: SystemTime,
        level: Level,
        message: &str,
        id: &str,
    ) -> Result<()> {
        let time = timestamp(now);
        if self.journal {
            out.write_all(journal::priority(level).as_bytes())?;
        }
        match self.format {
            Format::Text => {
                if !self.journal {
                    write!(out, "[{time:.0} {level:<5}] ")?;
                }
                one_line(out, message)?;
                if !id.is_empty() {
                    write!(out, " (request {id})")?;
                }
                writeln!(out)
            }
            Format::Json => {
                let level = level.as_str().to_ascii_lowercase();
                write!(out, r#"{{"time":"{time:.3}","level":"{level}","message":"#)?;
                json(out, message)?;
                if !id.is_empty() {
                    out.write_all(br#","id":"#)?;
                    json(out, id)?;
                }
                out.write_all(b"}\n")
            }
        }
    }

    /// Writes the prefix that all request lines of one second share.
    pub(super) fn write_request_prefix(self, line: &mut Vec<u8>, now: SystemTime) {
        let time = timestamp(now);
        if self.journal {
            line.extend_from_slice(journal::priority(Level::Info).as_bytes());
        }
        let _ = match self.format {
            Format::Text if self.journal => Ok(()),
            Format::Text => write!(line, "[{time:.0} INFO ] "),
            Format::Json => write!(line, r#"{{"time":"{}."#, format!("{time:.0}").trim_end_matches('Z')),
        };
    }

    /// Writes the rest of a request line.
    pub(super) fn write_request(self, line: &mut Vec<u8>, milliseconds: u32, request: &RequestLine<'_>, id: &str) {
        match self.format {
            Format::Text => {
                text(line, request);
                line.push(b' ');
                line.extend_from_slice(id.as_bytes());
                line.push(b'\n');
            }
            Format::Json => {
                let _ = write_json(line, milliseconds, request, id);
            }
        }
    }
}

/// The initial secrets of a new directory, as one JSON line.
pub(super) fn json_secrets(now: SystemTime, secrets: &[(&str, String)]) -> Vec<u8> {
    let message = "this is a new directory, whose first user is Administrator; these secrets are shown only now and \
                   stored nowhere in clear";
    let mut line = format!(r#"{{"time":"{:.3}","level":"warn","message":"{message}","secrets":{{"#, timestamp(now));
    for (index, (name, secret)) in secrets.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        line.push_str(&format!("{comma}{}:{}", crate::json::to_string(name), crate::json::to_string(secret)));
    }
    line.push_str("}}\n");
    line.into_bytes()
}

/// Writes a request as text, without its identifier.
pub(super) fn text(line: &mut Vec<u8>, request: &RequestLine<'_>) {
    line.extend_from_slice(request.method.as_bytes());
    line.push(b' ');
    // The path of a rejected request may hold any character but line breaks.
    if is_plain(request.path) {
        line.extend_from_slice(request.path.as_bytes());
    } else {
        let _ = write!(line, "{}", request.path.escape_debug());
    }
    let dialect = if request.dialect.is_empty() { "-" } else { request.dialect };
    let _ = write!(line, " {} {dialect} ", request.status);
    match request.caller.unwrap_or("-") {
        plain if is_plain(plain) => line.extend_from_slice(plain.as_bytes()),
        // Quoted, so that a name cannot imitate other parts of the line.
        odd => drop(write!(line, "{odd:?}")),
    }
    let (whole, hundredths) = milliseconds(request);
    let _ = write!(line, " {whole}.{hundredths:02} ms");
}

/// Writes the rest of a JSON line, whose prefix ends before the fraction of the second.
fn write_json(line: &mut Vec<u8>, fraction: u32, request: &RequestLine<'_>, id: &str) -> Result<()> {
    write!(line, r#"{fraction:03}Z","level":"info","method":"#)?;
    json(line, request.method)?;
    line.extend_from_slice(br#","path":"#);
    json(line, request.path)?;
    write!(line, r#","status":{},"dialect":"#, request.status)?;
    json_or_null(line, Some(request.dialect).filter(|dialect| !dialect.is_empty()))?;
    line.extend_from_slice(br#","caller":"#);
    json_or_null(line, request.caller)?;
    let (whole, hundredths) = milliseconds(request);
    write!(line, r#","ms":{whole}.{hundredths:02},"id":"#)?;
    json(line, id)?;
    line.extend_from_slice(b"}\n");
    Ok(())
}

fn json(out: &mut impl Write, text: &str) -> Result<()> {
    crate::json::to_writer(out, text)
}

fn json_or_null(out: &mut impl Write, text: Option<&str>) -> Result<()> {
    crate::json::to_writer(out, &text)
}

/// Writes a text with its control characters escaped: a line break would begin a forged line.
fn one_line(out: &mut impl Write, text: &str) -> Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(char::is_control) {
        let (before, after) = rest.split_at(at);
        let mut characters = after.chars();
        let control = characters.next().into_iter().flat_map(char::escape_debug);
        write!(out, "{before}{}", control.collect::<String>())?;
        rest = characters.as_str();
    }
    out.write_all(rest.as_bytes())
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The duration in milliseconds, and hundredths of a millisecond.
fn milliseconds(request: &RequestLine<'_>) -> (u128, u128) {
    let microseconds = request.took.as_micros();
    (microseconds / 1000, microseconds % 1000 / 10)
}

fn timestamp(time: SystemTime) -> jiff::Timestamp {
    // A clock that is wrong beyond all dates must not stop the log.
    jiff::Timestamp::try_from(time).unwrap_or_default()
}
