//! Signals of the server process. The handlers are set first, so that no signal is lost: a signal during the start
//! takes effect as soon as there is something to stop or to reload.

use crate::logging;
use crate::server::{GracePeriod, notify_service_manager};
use crate::sync::locked;
use anyhow::Context as _;
use rustix::process::{Signal, getpid, kill_process};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::iterator::Signals as SignalIterator;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Signals within this time after the first one belong to the same stop: `timeout` signals its child and then the
/// process group, and a terminal signals the whole group.
const SAME_STOP_WINDOW: Duration = Duration::from_secs(1);
/// How long the last log line may take before the process is ended by force.
const LAST_LINE_TIMEOUT: Duration = Duration::from_millis(500);

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
    /// A stop was requested.
    stopping: AtomicBool,
    stop: Mutex<Stop>,
    reload: Mutex<Reload>,
}

#[derive(Default)]
struct Stop {
    hooks: Vec<StopHook>,
    /// The service manager has got `READY=1`.
    ready: bool,
}

#[derive(Default)]
struct Reload {
    /// The hooks and their signals.
    hooks: Vec<(&'static [i32], ReloadHook)>,
    /// Signals that were received so far.
    received: Vec<i32>,
}

impl Signals {
    /// Sets the handlers. `grace` is the maximum duration of the shutdown, see [`GracePeriod`].
    ///
    /// # Errors
    /// The operating system refuses a handler or a thread.
    pub(super) fn handle(grace: Duration) -> anyhow::Result<Signals> {
        // These come first and record every signal; a signal between the handlers below would be lost.
        let mut stops = SignalIterator::new([SIGTERM, SIGINT]).context("handle signals")?;
        let mut reloads = SignalIterator::new([SIGHUP, SIGUSR1]).context("handle signals")?;
        let second = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&second))
                .context("handle signals")?;
        }
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).context("handle signals")?;
        let shared =
            Arc::new(Shared { stopping: AtomicBool::new(false), stop: Mutex::default(), reload: Mutex::default() });
        let shared_with_thread = Arc::clone(&shared);
        let stop = move || {
            if stops.forever().next().is_some() {
                shared_with_thread.stop();
                let deadline = GracePeriod::new(grace).total().saturating_sub(LAST_LINE_TIMEOUT);
                let same_stop = deadline.min(SAME_STOP_WINDOW);
                std::thread::sleep(same_stop);
                second.store(true, Ordering::Release);
                log::info!("waiting for running requests; another signal ends the server at once");
                std::thread::sleep(deadline - same_stop);
                log::error!("shutdown took too long; ending the process now. Every acknowledged write is on disk");
                logging::flush_for(LAST_LINE_TIMEOUT);
                // Exit handlers could wait for the thread that hangs.
                signal_hook::low_level::exit(1);
            }
        };
        spawn("signals", stop)?;
        let shared_with_thread = Arc::clone(&shared);
        // A separate thread: reloading files can take long and must not delay a stop.
        spawn("reload", move || reloads.forever().for_each(|signal| shared_with_thread.reload(signal)))?;
        Ok(Signals { shared })
    }

    /// Runs the hook when a stop is requested, or at once if it was requested already. The hook must not block.
    pub(super) fn on_stop(&self, hook: impl FnOnce() + Send + 'static) {
        let mut stop = locked(&self.shared.stop);
        if self.is_stopping() {
            drop(stop);
            return hook();
        }
        stop.hooks.push(Box::new(hook));
    }

    /// Runs the hook on every SIGHUP, or at once if there was one already. The hook logs its own errors.
    pub(super) fn on_reload(&self, hook: impl FnMut() + Send + 'static) {
        self.shared.add_reload(&[SIGHUP], Box::new(hook));
    }

    /// Runs the hook on every SIGHUP and SIGUSR1, or at once if there was one already. The hook logs its own errors.
    pub(super) fn on_reopen(&self, hook: impl FnMut() + Send + 'static) {
        self.shared.add_reload(&[SIGHUP, SIGUSR1], Box::new(hook));
    }

    /// Requests a stop as SIGTERM does, unless one was requested already. Logs the reason.
    pub(super) fn stop(&self, reason: &str) {
        if !self.is_stopping() {
            log::info!("{reason}");
            // By a signal, so that the deadline of the shutdown applies.
            let _ = kill_process(getpid(), Signal::TERM);
        }
    }

    /// Sends a heartbeat to the service manager. Returns false when the server is stopping.
    pub(super) fn send_heartbeat(&self) -> bool {
        self.shared.notify_if_ready("WATCHDOG=1")
    }

    /// Returns whether a stop was requested.
    pub(super) fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Acquire)
    }

    /// Tells the service manager that the server is ready, unless it is stopping.
    pub(super) fn notify_ready(&self, status: &str) {
        let mut stop = locked(&self.shared.stop);
        if !self.is_stopping() {
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
            notify_service_manager("STOPPING=1\nSTATUS=finishing running requests");
            std::mem::take(&mut stop.hooks)
        };
        for hook in hooks {
            run_hook(hook);
        }
    }

    fn add_reload(&self, signals: &'static [i32], mut hook: ReloadHook) {
        let mut reload = locked(&self.reload);
        // The files of the hook may have been read before the signal.
        if signals.iter().any(|signal| reload.received.contains(signal)) {
            run_hook(&mut hook);
        }
        reload.hooks.push((signals, hook));
    }

    fn reload(&self, signal: i32) {
        let mut reload = locked(&self.reload);
        if !reload.received.contains(&signal) {
            reload.received.push(signal);
        }
        log::info!("{}", if signal == SIGHUP { "SIGHUP: reloading" } else { "SIGUSR1: reopening files" });
        // The service manager sends SIGHUP and waits for both messages.
        let notified = signal == SIGHUP
            && self.notify_if_ready(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()));
        for (_, hook) in reload.hooks.iter_mut().filter(|(signals, _)| signals.contains(&signal)) {
            run_hook(hook);
        }
        if notified {
            self.notify_if_ready("READY=1");
        }
    }

    fn notify_if_ready(&self, message: &str) -> bool {
        let stop = locked(&self.stop);
        let notify = stop.ready && !self.stopping.load(Ordering::Acquire);
        if notify {
            notify_service_manager(message);
        }
        notify
    }
}

/// Runs a hook. A panic is logged and must not end the signal thread.
fn run_hook(hook: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(hook));
}

/// The monotonic time, which the service manager compares with its own.
fn monotonic_microseconds() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).context("start a thread for signals")?;
    Ok(())
}
