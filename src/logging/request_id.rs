//! The identifier of the request that a thread handles: in its answer, and in every line that it logs meanwhile.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    /// Empty between two requests.
    static CURRENT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From now on this thread handles a request with that identifier, or with a new one.
pub(crate) fn begin_request(given: Option<&str>) {
    CURRENT.with_borrow_mut(|current| {
        current.clear();
        match given {
            Some(id) => current.push_str(id),
            None => add_new(current),
        }
    });
}

/// What this thread logs from now on belongs to no request.
pub(crate) fn end_request() {
    CURRENT.with_borrow_mut(String::clear);
}

/// Shows the identifier of this thread's request; empty when there is none.
pub(crate) fn with_request_id<T>(show: impl FnOnce(&str) -> T) -> T {
    CURRENT.with_borrow(|current| show(current))
}

/// No two of one process are the same, and hardly two of different ones.
fn add_new(id: &mut String) {
    static START: OnceLock<String> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let start = START.get_or_init(|| {
        let mut bytes = [0; 4];
        if getrandom::fill(&mut bytes).is_err() {
            // Two starts in one second are all that could be mistaken for each other.
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            bytes = (now.as_secs() as u32).to_be_bytes();
        }
        format!("{:08x}-", u32::from_be_bytes(bytes))
    });
    id.push_str(start);
    let _ = write!(id, "{}", NEXT.fetch_add(1, Ordering::Relaxed));
}
