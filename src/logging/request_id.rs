//! The identifier of the request that a thread handles. It is in the response and in all log lines of the request.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    /// Empty between two requests.
    static CURRENT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Begins a request on this thread, with that identifier or a new one.
pub(crate) fn begin_request(given: Option<&str>) {
    CURRENT.with_borrow_mut(|current| {
        current.clear();
        match given {
            Some(id) => current.push_str(id),
            None => add_new(current),
        }
    });
}

/// Ends the request of this thread: later log lines carry no identifier.
pub(crate) fn end_request() {
    CURRENT.with_borrow_mut(String::clear);
}

/// Calls `show` with the identifier of this thread's request, or with an empty text.
pub(crate) fn with_request_id<T>(show: impl FnOnce(&str) -> T) -> T {
    CURRENT.with_borrow(|current| show(current))
}

/// Appends a new identifier: unique in the process, and almost certainly among processes.
fn add_new(id: &mut String) {
    static START: OnceLock<String> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let start = START.get_or_init(|| {
        let mut bytes = [0; 4];
        if getrandom::fill(&mut bytes).is_err() {
            // Without random numbers, only processes started in the same second get the same identifiers.
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            bytes = (now.as_secs() as u32).to_be_bytes();
        }
        format!("{:08x}-", u32::from_be_bytes(bytes))
    });
    id.push_str(start);
    let _ = write!(id, "{}", NEXT.fetch_add(1, Ordering::Relaxed));
}
