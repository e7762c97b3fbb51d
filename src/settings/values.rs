//! Parsers for the values of settings.

use crate::dialect::check_prefix;
use rustix::process::Pid;
use std::ffi::OsString;
use std::time::Duration;

/// The byte order mark that some editors write before UTF-8 text.
pub const MARK: &[u8] = b"\xef\xbb\xbf";

/// The process with whose end the server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentProcess {
    /// The parent of the server process.
    Own,
    /// The process with this number: the parent or an ancestor.
    Number(Pid),
}

/// Parses a process number or `parent`.
pub(super) fn parent_process(text: &str) -> Result<ParentProcess, String> {
    if text == "parent" {
        return Ok(ParentProcess::Own);
    }
    let number = text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
    number.map(ParentProcess::Number).ok_or_else(|| "not a process number".to_owned())
}

/// Parses the address of the server for its clients: scheme and host, and a path if a proxy adds one.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}?#".contains(c);
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(is_plain) => Ok(text.to_owned()),
        _ => Err("not an address like https://id.example.com".to_owned()),
    }
}

/// Parses a log level.
pub fn level(text: &str) -> Result<log::LevelFilter, String> {
    text.parse().map_err(|_| "not one of off, error, warn, info, debug and trace".to_owned())
}

/// Parses the path prefix of a dialect.
pub(super) fn prefix(text: &str) -> Result<String, String> {
    check_prefix(text).map(|()| text.to_owned()).map_err(str::to_owned)
}

/// Parses a duration with a unit: seconds, minutes, hours, days or weeks.
pub fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "not a duration like 90d, 12h, 30m or 10s".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

/// Parses the duration of a session, at most a year.
pub(super) fn session_age(text: &str) -> Result<Duration, String> {
    let age = age(text)?;
    let some = !age.is_zero() && age <= Duration::from_secs(366 * 86_400);
    if some { Ok(age) } else { Err("not between a second and a year".to_owned()) }
}

/// Parses a file mode in octal digits, as in chmod.
pub(super) fn unix_mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777 && !text.starts_with('+'));
    let mode = mode.ok_or_else(|| "not a mode like 0600, 0660 or 0666".to_owned())?;
    if mode & 0o600 == 0o600 {
        Ok(mode)
    } else {
        Err("the user of the server needs read and write permission (0600)".to_owned())
    }
}

/// Parses a duration in seconds; 0 is allowed.
pub(super) fn seconds_or_none(text: &str) -> Result<Duration, String> {
    if text.parse() == Ok(0.0) { Ok(Duration::ZERO) } else { seconds(text) }
}

/// Parses a duration in seconds; fractions are allowed.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() && seconds <= 86_400.0 => Ok(duration),
        _ => Err("not between 0 and 86400 seconds".to_owned()),
    }
}

/// The value of an environment variable; an empty value counts as unset.
pub fn set(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}
