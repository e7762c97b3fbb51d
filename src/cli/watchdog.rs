//! Signs of life for a supervisor that restarts a server which hangs (sd_watchdog_enabled(3)).

use super::signals::Signals;
use crate::app::Heartbeat;
use anyhow::Context as _;
use std::time::{Duration, Instant};

/// The shortest time between two signs of life.
const PAUSE_MIN: Duration = Duration::from_millis(1);
/// The longest time between two looks whether all parts have answered.
const LOOK_MAX: Duration = Duration::from_millis(50);

/// Starts to send signs of life, where the supervisor asks for them. Each one is sent when all parts of the server have
/// answered, twice in the time that the supervisor waits.
///
/// # Errors
/// When the thread cannot be started.
pub(super) fn start(heartbeat: Heartbeat, signals: &Signals) -> anyhow::Result<()> {
    let Some(patience) = patience() else { return Ok(()) };
    let signals = signals.clone();
    let beat = move || beat(&heartbeat, &signals, (patience / 2).max(PAUSE_MIN));
    let thread = std::thread::Builder::new().name("watchdog".to_owned());
    thread.spawn(beat).context("start the thread that sends signs of life")?;
    Ok(())
}

/// How long the supervisor waits for a sign of life of this process; `None` where it expects none.
fn patience() -> Option<Duration> {
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
            log::warn!("the supervisor gets no signs of life: WATCHDOG_USEC is no number of microseconds");
            None
        }
    }
}

/// Sends signs of life until the stop, whose time is limited otherwise.
fn beat(heartbeat: &Heartbeat, signals: &Signals, pause: Duration) {
    let look = (pause / 50).clamp(PAUSE_MIN, LOOK_MAX);
    loop {
        let start = Instant::now();
        let asked = heartbeat.ask();
        let mut late = None;
        while let Some(part) = asked.missing() {
            if signals.stop_asked() {
                return;
            }
            if start.elapsed() > pause && late.is_none() {
                log::error!("{part} does not answer: the supervisor gets no sign of life until it does");
                late = Some(part);
            }
            std::thread::sleep(look);
        }
        if let Some(part) = late {
            log::warn!("{part} has answered after {:?}", start.elapsed());
        }
        if !signals.tell_alive() {
            return;
        }
        std::thread::sleep(pause.saturating_sub(start.elapsed()));
    }
}
