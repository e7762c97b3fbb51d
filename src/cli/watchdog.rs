//! Heartbeats for a service manager that restarts a server which hangs (sd_watchdog_enabled(3)).

use super::signals::Signals;
use crate::app::Heartbeat;
use anyhow::Context as _;
use std::time::{Duration, Instant};

/// The minimum time between two heartbeats.
const INTERVAL_MIN: Duration = Duration::from_millis(1);
/// The maximum time between two checks for responses.
const POLL_INTERVAL_MAX: Duration = Duration::from_millis(50);

/// Starts heartbeats if the service manager expects them: two per timeout of the service manager, each after all parts
/// of the server have responded.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn start(heartbeat: Heartbeat, signals: &Signals) -> anyhow::Result<()> {
    let Some(timeout) = watchdog_timeout() else { return Ok(()) };
    let signals = signals.clone();
    let work = move || send_heartbeats(&heartbeat, &signals, (timeout / 2).max(INTERVAL_MIN));
    let thread = std::thread::Builder::new().name("watchdog".to_owned());
    thread.spawn(work).context("start the watchdog thread")?;
    Ok(())
}

/// The watchdog timeout of the service manager for this process; `None` if it expects no heartbeats.
fn watchdog_timeout() -> Option<Duration> {
    let value = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    value("NOTIFY_SOCKET")?;
    let microseconds = value("WATCHDOG_USEC")?;
    if value("WATCHDOG_PID").is_some_and(|pid| pid != *std::process::id().to_string()) {
        return None;
    }
    match microseconds.to_str().and_then(|text| text.parse().ok()) {
        Some(0) => None,
        Some(microseconds) => Some(Duration::from_micros(microseconds)),
        None => {
            log::warn!("no watchdog heartbeats: WATCHDOG_USEC is not a number of microseconds");
            None
        }
    }
}

/// Sends heartbeats until the stop, which has its own deadline.
fn send_heartbeats(heartbeat: &Heartbeat, signals: &Signals, interval: Duration) {
    let poll_interval = (interval / 50).clamp(INTERVAL_MIN, POLL_INTERVAL_MAX);
    loop {
        let start = Instant::now();
        let beat = heartbeat.start();
        let mut late = None;
        while let Some(part) = beat.missing() {
            if signals.is_stopping() {
                return;
            }
            if start.elapsed() > interval && late.is_none() {
                log::error!("{part} does not respond; no watchdog heartbeat until it does");
                late = Some(part);
            }
            std::thread::sleep(poll_interval);
        }
        if let Some(part) = late {
            log::warn!("{part} responded after {:?}", start.elapsed());
        }
        if !signals.send_heartbeat() {
            return;
        }
        std::thread::sleep(interval.saturating_sub(start.elapsed()));
    }
}
