//! The values of settings: how their texts are read.

use crate::dialect::check_prefix;
use rustix::process::Pid;
use std::ffi::OsString;
use std::time::Duration;

/// The byte order mark that some editors put before UTF-8 text.
pub const MARK: &[u8] = b"\xef\xbb\xbf";

/// The process whose end is the end of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentProcess {
    /// The parent that the server has when it starts.
    Own,
    /// The one of that number: the parent, or one that has started it.
    Number(Pid),
}

/// The number of a process, or `parent`.
pub(super) fn parent_process(text: &str) -> Result<ParentProcess, String> {
    if text == "parent" {
        return Ok(ParentProcess::Own);
    }
    let number = text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
    number.map(ParentProcess::Number).ok_or_else(|| "not the number of a process".to_owned())
}

/// How much to log.
pub fn level(text: &str) -> Result<log::LevelFilter, String> {
    text.parse().map_err(|_| "not one of off, error, warn, info, debug and trace".to_owned())
}

/// Where a dialect's paths begin.
pub(super) fn prefix(text: &str) -> Result<String, String> {
    check_prefix(text).map(|()| text.to_owned()).map_err(str::to_owned)
}

/// A length of time with its unit: seconds, minutes, hours, days or weeks.
pub fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "not an age like 90d, 12h, 30m or 10s".to_owned();
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

/// How long a session may last: some time, and a year at most.
pub(super) fn session_age(text: &str) -> Result<Duration, String> {
    let age = age(text)?;
    let some = !age.is_zero() && age <= Duration::from_secs(366 * 86_400);
    if some { Ok(age) } else { Err("not between a second and a year".to_owned()) }
}

/// The mode of a socket's file, in octal digits as chmod has them.
pub(super) fn unix_mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777 && !text.starts_with('+'));
    let mode = mode.ok_or_else(|| "not a mode like 0600, 0660 or 0666".to_owned())?;
    if mode & 0o600 == 0o600 {
        Ok(mode)
    } else {
        Err("the user of the server needs to read and write: 0600".to_owned())
    }
}

/// A length of time in seconds, or none.
pub(super) fn seconds_or_none(text: &str) -> Result<Duration, String> {
    if text.parse() == Ok(0.0) { Ok(Duration::ZERO) } else { seconds(text) }
}

/// A length of time in seconds, fractions allowed.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() && seconds <= 86_400.0 => Ok(duration),
        _ => Err("not between 0 and 86400 seconds".to_owned()),
    }
}

/// The value of a variable; an empty one counts as unset.
pub fn set(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}
