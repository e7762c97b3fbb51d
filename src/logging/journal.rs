//! The systemd journal, if standard error is connected to it.

use log::Level;

/// True if standard error is the stream that `JOURNAL_STREAM` names (systemd.exec(5)). The variable alone proves nothing: a
/// redirected program inherits it.
pub(super) fn has_stderr() -> bool {
    let Ok(name) = std::env::var("JOURNAL_STREAM") else { return false };
    let Some((device, inode)) = name.split_once(':') else { return false };
    let (Ok(device), Ok(inode)) = (device.parse::<u64>(), inode.parse::<u64>()) else { return false };
    rustix::fs::fstat(std::io::stderr()).is_ok_and(|stream| {
        // The types differ between systems.
        (i128::from(stream.st_dev), i128::from(stream.st_ino)) == (i128::from(device), i128::from(inode))
    })
}

/// The priority prefix of a line (sd-daemon(3)).
pub(super) fn priority(level: Level) -> &'static str {
    match level {
        Level::Error => "<3>",
        Level::Warn => "<4>",
        Level::Info => "<6>",
        Level::Debug | Level::Trace => "<7>",
    }
}
