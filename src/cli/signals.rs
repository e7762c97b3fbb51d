//! Signals of the serving process. The handlers are set before anything else is done, so that no signal is lost: one that
//! comes during the start takes effect as soon as there is something to stop or to reload.

use crate::logging;
use crate::server::{GracePeriod, notify_service_manager};
use crate::sync::locked;
use anyhow::Context as _;
use rustix::process::{Signal, getpid, kill_process};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::iterator::Signals as Inbound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long after a signal further ones are the same stop: `timeout` signals its child and then the group that it is in,
/// and a terminal the whole group.
const SAME_STOP: Duration = Duration::from_secs(1);
/// How long the last line of the log may take when the process is ended by force.
const LAST_LINE_PATIENCE: Duration = Duration::from_millis(500);

type StopHook = Box<dyn FnOnce() + Send>;
type ReloadHook = Box<dyn FnMut() + Send>;

/// The signals that the process handles:
///
/// | signal | effect |
/// |---|---|
/// | SIGTERM, SIGINT | stop hooks run; the process ends within the grace period, whatever hangs |
/// | another one, a second later | the process ends at once, with status 1 |
/// | SIGHUP | reload hooks and reopen hooks run |
/// | SIGUSR1 | reopen hooks run |
/// | SIGXFSZ | ignored: the write that was too long fails |
#[derive(Clone)]
pub(super) struct Signals {
    shared: Arc<Shared>,
}

struct Shared {
    /// A stop was asked for.
    stopping: AtomicBool,
    stop: Mutex<Stop>,
    reload: Mutex<Reload>,
}

#[derive(Default)]
struct Stop {
    hooks: Vec<StopHook>,
    /// The supervisor knows that the server takes requests.
    ready: bool,
}

#[derive(Default)]
struct Reload {
    /// Each with its name and the signals that it is for.
    hooks: Vec<(&'static [i32], ReloadHook)>,
    /// Signals that have come so far.
    came: Vec<i32>,
}

impl Signals {
    /// Sets the handlers. `grace` is the time that the end may take, see [`GracePeriod`].
    ///
    /// # Errors
    /// When the system does not allow it.
    pub(super) fn handle(grace: Duration) -> anyhow::Result<Signals> {
        // First these, which note every signal: one that came between the handlers below would be lost without them.
        let mut stops = Inbound::new([SIGTERM, SIGINT]).context("handle signals")?;
        let mut reloads = Inbound::new([SIGHUP, SIGUSR1]).context("handle signals")?;
        let second = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&second))
                .context("handle signals")?;
        }
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).context("handle signals")?;
        let shared =
            Arc::new(Shared { stopping: AtomicBool::new(false), stop: Mutex::default(), reload: Mutex::default() });
        let theirs = Arc::clone(&shared);
        let stop = move || {
            if stops.forever().next().is_some() {
                theirs.stop();
                let patience = GracePeriod::new(grace).total().saturating_sub(LAST_LINE_PATIENCE);
                let deaf = patience.min(SAME_STOP);
                std::thread::sleep(deaf);
                second.store(true, Ordering::Release);
                log::info!("still finishing requests; another signal ends the server at once");
                std::thread::sleep(patience - deaf);
                log::error!("the server has not ended in time, and is ended now; every acknowledged write is on disk");
                logging::flush_for(LAST_LINE_PATIENCE);
                // No exit handlers, which could wait for what hangs.
                signal_hook::low_level::exit(1);
            }
        };
        spawn("signals", stop)?;
        let theirs = Arc::clone(&shared);
        // A thread of its own: reading files again may take long, and must not delay the end.
        spawn("reload", move || reloads.forever().for_each(|signal| theirs.reload(signal)))?;
        Ok(Signals { shared })
    }

    /// Runs this when a stop is asked for; at once when that has happened already. It must not wait for anything.
    pub(super) fn on_stop(&self, hook: impl FnOnce() + Send + 'static) {
        let mut stop = locked(&self.shared.stop);
        if self.stop_asked() {
            drop(stop);
            return hook();
        }
        stop.hooks.push(Box::new(hook));
    }

    /// Runs this on every SIGHUP; at once when one has come already. It logs its own errors.
    pub(super) fn on_reload(&self, hook: impl FnMut() + Send + 'static) {
        self.shared.add_reload(&[SIGHUP], Box::new(hook));
    }

    /// Runs this on every SIGHUP and SIGUSR1; at once when one has come already. It logs its own errors.
    pub(super) fn on_reopen(&self, hook: impl FnMut() + Send + 'static) {
        self.shared.add_reload(&[SIGHUP, SIGUSR1], Box::new(hook));
    }

    /// Asks for a stop, as SIGTERM does, unless one was asked for already. The log has the reason.
    pub(super) fn stop(&self, reason: &str) {
        if !self.stop_asked() {
            log::info!("{reason}");
            // On the way of a signal, so that what hangs is ended in time too.
            let _ = kill_process(getpid(), Signal::TERM);
        }
    }

    /// Tells the supervisor that the server is at work. False once that is no longer told, because it is stopping.
    pub(super) fn tell_alive(&self) -> bool {
        self.shared.tell_if_ready("WATCHDOG=1")
    }

    /// Whether a stop was asked for.
    pub(super) fn stop_asked(&self) -> bool {
        self.shared.stopping.load(Ordering::Acquire)
    }

    /// Tells the supervisor that the server takes requests, unless it is stopping.
    pub(super) fn tell_ready(&self, status: &str) {
        let mut stop = locked(&self.shared.stop);
        if !self.stop_asked() {
            notify_service_manager(&format!("READY=1\nSTATUS={status}"));
            stop.ready = true;
        }
    }
}

impl Shared {
    fn stop(&self) {
        let hooks = {
            let mut stop = locked(&self.stop);
            self.stopping.store(true, Ordering::Release);
            log::info!("stopping");
            notify_service_manager("STOPPING=1\nSTATUS=finishing what was begun");
            std::mem::take(&mut stop.hooks)
        };
        for hook in hooks {
            caught(hook);
        }
    }

    fn add_reload(&self, signals: &'static [i32], mut hook: ReloadHook) {
        let mut reload = locked(&self.reload);
        // What the hook belongs to may have been read before the signal came.
        if signals.iter().any(|signal| reload.came.contains(signal)) {
            caught(&mut hook);
        }
        reload.hooks.push((signals, hook));
    }

    fn reload(&self, signal: i32) {
        let mut reload = locked(&self.reload);
        if !reload.came.contains(&signal) {
            reload.came.push(signal);
        }
        log::info!("{}", if signal == SIGHUP { "SIGHUP: reloading" } else { "SIGUSR1: opening files again" });
        // The supervisor sends SIGHUP and waits for both notices.
        let told = signal == SIGHUP && self.tell_if_ready(&format!("RELOADING=1\nMONOTONIC_USEC={}", microseconds()));
        for (_, hook) in reload.hooks.iter_mut().filter(|(signals, _)| signals.contains(&signal)) {
            caught(hook);
        }
        if told {
            self.tell_if_ready("READY=1");
        }
    }

    fn tell_if_ready(&self, news: &str) -> bool {
        let stop = locked(&self.stop);
        let tells = stop.ready && !self.stopping.load(Ordering::Acquire);
        if tells {
            notify_service_manager(news);
        }
        tells
    }
}

/// Runs a hook. A panic in it, which is logged, must not end the thread that handles signals.
fn caught(hook: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(hook));
}

/// The time that the supervisor compares with its own.
fn microseconds() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).context("start a thread for signals")?;
    Ok(())
}
