//! The memory of requests and answers that are under way, all of them together.

use crate::http::ClientAddress;
use crate::metrics::{Exposition, Label};
use crate::sync::locked;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A limit in bytes. Strangers have a quarter of it, and one caller, or one address of strangers, has half of what it
/// takes from unless it has one request alone.
pub(super) struct Budget {
    limit: usize,
    used: Mutex<Used>,
    refused: AtomicU64,
}

#[derive(Default)]
struct Used {
    all: usize,
    strangers: usize,
    /// Of each that has any.
    holders: HashMap<Holder, usize>,
}

/// The party that memory is charged to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// Strangers at that address.
    Address(ClientAddress),
    /// The caller of that name.
    Caller(Arc<str>),
}

impl Budget {
    pub(super) fn new(limit: usize) -> Budget {
        Budget { limit, used: Mutex::default(), refused: AtomicU64::new(0) }
    }

    /// Nothing yet, for that holder.
    pub(super) fn reservation(&self, holder: Holder) -> Reservation<'_> {
        Reservation { budget: self, holder, bytes: 0 }
    }

    /// Adds the bytes in use to the page. The labels tell which budget it is.
    pub(super) fn collect_metrics(&self, exposition: &mut Exposition, labels: &[Label<'_>]) {
        let used = locked(&self.used).all;
        let help = "Memory set aside for large bodies of requests and answers that are under way.";
        exposition.gauge("rollbook_http_memory_bytes", help, labels, used as f64);
        let help = "The most memory that is set aside for large bodies.";
        exposition.gauge("rollbook_http_memory_limit_bytes", help, labels, self.limit as f64);
        let help = "Requests that were answered 503 because there was no memory for a body.";
        exposition.counter(
            "rollbook_http_memory_refused_total",
            help,
            labels,
            self.refused.load(Ordering::Relaxed) as f64,
        );
    }
}

/// Memory that is set aside until this is dropped.
pub(super) struct Reservation<'b> {
    budget: &'b Budget,
    holder: Holder,
    bytes: usize,
}

impl Reservation<'_> {
    /// The party that it is charged to.
    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Sets that much more aside, or nothing and returns false.
    #[must_use]
    pub(super) fn add(&mut self, bytes: usize) -> bool {
        let Budget { limit, used, refused } = self.budget;
        // A single request that is larger than all of it may have all of it.
        let bytes = bytes.min(limit - self.bytes.min(*limit));
        let mut used = locked(used);
        let is_stranger = matches!(self.holder, Holder::Address(_));
        let strangers = limit / 4;
        let of_holder = used.holders.get(&self.holder).copied().unwrap_or(0);
        let (share, is_alone) = (if is_stranger { strangers } else { *limit } / 2, of_holder == self.bytes);
        let fits = used.all + bytes <= *limit
            && (!is_stranger || used.strangers + bytes <= strangers)
            && (is_alone || of_holder + bytes <= share);
        if fits {
            used.take(&self.holder, bytes);
            self.bytes += bytes;
        } else {
            refused.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    /// Sets that much more aside, whether there is room or not.
    pub(super) fn add_at_any_rate(&mut self, bytes: usize) {
        locked(&self.budget.used).take(&self.holder, bytes);
        self.bytes += bytes;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut used = locked(&self.budget.used);
        used.all -= self.bytes;
        if matches!(self.holder, Holder::Address(_)) {
            used.strangers -= self.bytes;
        }
        if let Some(held) = used.holders.get_mut(&self.holder) {
            *held -= self.bytes;
            if *held == 0 {
                used.holders.remove(&self.holder);
            }
        }
    }
}

impl Used {
    fn take(&mut self, holder: &Holder, bytes: usize) {
        self.all += bytes;
        if matches!(holder, Holder::Address(_)) {
            self.strangers += bytes;
        }
        match self.holders.get_mut(holder) {
            Some(held) => *held += bytes,
            None => drop(self.holders.insert(holder.clone(), bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str) -> Holder {
        Holder::Caller(name.into())
    }

    fn stranger(number: u8) -> Holder {
        Holder::Address(std::net::IpAddr::from([192, 0, 2, number]).into())
    }

    /// Takes so many times that much, each time by a request of its own, and returns those that were granted.
    fn take<'b>(budget: &'b Budget, holder: &Holder, times: usize, bytes: usize) -> Vec<Reservation<'b>> {
        let reserve = |_| {
            let mut reservation = budget.reservation(holder.clone());
            reservation.add(bytes).then_some(reservation)
        };
        (0..times).filter_map(reserve).collect()
    }

    #[test]
    fn one_caller_has_half_and_all_together_have_all() {
        let budget = Budget::new(1000);
        let ada = take(&budget, &caller("ada"), 20, 100);
        let bob = take(&budget, &caller("bob"), 20, 100);
        let eve = take(&budget, &caller("eve"), 20, 100);
        assert_eq!((ada.len(), bob.len(), eve.len()), (5, 5, 0));
        drop(ada);
        assert_eq!(take(&budget, &caller("eve"), 20, 100).len(), 5);
        assert_eq!(budget.refused.load(Ordering::Relaxed), 15 + 15 + 20 + 15);
    }

    #[test]
    fn strangers_have_a_quarter_and_one_address_half_of_that() {
        let budget = Budget::new(1600);
        let one = take(&budget, &stranger(1), 20, 50);
        let other = take(&budget, &stranger(2), 20, 50);
        let third = take(&budget, &stranger(3), 20, 50);
        assert_eq!((one.len(), other.len(), third.len()), (4, 4, 0));
        // Callers have the rest.
        let (ada, bob) = (take(&budget, &caller("ada"), 20, 100), take(&budget, &caller("bob"), 20, 100));
        assert_eq!((ada.len(), bob.len()), (8, 4));
    }

    #[test]
    fn a_request_alone_may_have_more_than_a_share_and_a_larger_one_than_all_has_all() {
        let budget = Budget::new(1000);
        let mut first = budget.reservation(caller("ada"));
        assert!(first.add(400) && first.add(400));
        assert!(take(&budget, &caller("ada"), 1, 100).is_empty());
        assert_eq!(take(&budget, &caller("bob"), 1, 100).len(), 1);
        drop(first);
        let mut large = budget.reservation(caller("ada"));
        assert!(large.add(5000) && large.add(5000));
        assert!(take(&budget, &caller("bob"), 1, 1).is_empty());
        drop(large);
        assert_eq!(locked(&budget.used).all, 0);
    }

    #[test]
    fn what_is_dropped_is_given_back() {
        let budget = Budget::new(1000);
        for holder in [caller("ada"), stranger(1)] {
            let mut reservation = budget.reservation(holder);
            assert!(reservation.add(100) && reservation.add(50));
            reservation.add_at_any_rate(5000);
            assert_eq!(locked(&budget.used).all, 5150);
            drop(reservation);
            let used = locked(&budget.used);
            assert_eq!((used.all, used.strangers, used.holders.len()), (0, 0, 0));
        }
    }
}
