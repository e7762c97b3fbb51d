//! A limit on the memory of all large request bodies or responses in progress.

use crate::http::ClientAddress;
use crate::metrics::{Exposition, Label};
use crate::sync::locked;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A limit in bytes, with shares. Requests without valid credentials get a quarter of it in all. One caller gets half of the
/// limit; one address without credentials gets half of that quarter. A holder with a single request may exceed its share.
pub(super) struct MemoryBudget {
    limit: usize,
    used: Mutex<Used>,
    refused: AtomicU64,
}

#[derive(Default)]
struct Used {
    all: usize,
    anonymous: usize,
    /// Bytes of each holder that has any.
    holders: HashMap<Holder, usize>,
}

/// The party whose share is charged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// Requests without valid credentials from that address.
    Address(ClientAddress),
    /// The caller with that name.
    Caller(Arc<str>),
}

impl MemoryBudget {
    pub(super) fn new(limit: usize) -> MemoryBudget {
        MemoryBudget { limit, used: Mutex::default(), refused: AtomicU64::new(0) }
    }

    /// An empty reservation for that holder.
    pub(super) fn reservation(&self, holder: Holder) -> Reservation<'_> {
        Reservation { budget: self, holder, bytes: 0 }
    }

    /// Adds the samples of this budget, with labels that name it.
    pub(super) fn collect_metrics(&self, exposition: &mut Exposition, labels: &[Label<'_>]) {
        let used = locked(&self.used).all;
        let help = "Memory reserved for large request bodies and responses in progress.";
        exposition.gauge("rollbook_http_memory_bytes", help, labels, used as f64);
        let help = "Limit of the memory that can be reserved for large bodies.";
        exposition.gauge("rollbook_http_memory_limit_bytes", help, labels, self.limit as f64);
        let help = "Requests that were answered 503 because no memory was left for a body.";
        exposition.counter(
            "rollbook_http_memory_refused_total",
            help,
            labels,
            self.refused.load(Ordering::Relaxed) as f64,
        );
    }
}

/// Reserved memory, which is released on drop.
pub(super) struct Reservation<'b> {
    budget: &'b MemoryBudget,
    holder: Holder,
    bytes: usize,
}

impl Reservation<'_> {
    /// The party whose share is charged.
    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Reserves that much more. Returns false, and reserves nothing, if the budget or the share is used up.
    #[must_use]
    pub(super) fn add(&mut self, bytes: usize) -> bool {
        let MemoryBudget { limit, used, refused } = self.budget;
        // A single request that is larger than the whole budget may have the whole budget.
        let bytes = bytes.min(limit - self.bytes.min(*limit));
        let mut used = locked(used);
        let is_anonymous = matches!(self.holder, Holder::Address(_));
        let anonymous_limit = limit / 4;
        let of_holder = used.holders.get(&self.holder).copied().unwrap_or(0);
        let (share, is_alone) = (if is_anonymous { anonymous_limit } else { *limit } / 2, of_holder == self.bytes);
        let fits = used.all + bytes <= *limit
            && (!is_anonymous || used.anonymous + bytes <= anonymous_limit)
            && (is_alone || of_holder + bytes <= share);
        if fits {
            used.add(&self.holder, bytes);
            self.bytes += bytes;
        } else {
            refused.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    /// Reserves that much more, even beyond the limit.
    pub(super) fn force_add(&mut self, bytes: usize) {
        locked(&self.budget.used).add(&self.holder, bytes);
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
            used.anonymous -= self.bytes;
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
    fn add(&mut self, holder: &Holder, bytes: usize) {
        self.all += bytes;
        if matches!(holder, Holder::Address(_)) {
            self.anonymous += bytes;
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

    fn anonymous(number: u8) -> Holder {
        Holder::Address(std::net::IpAddr::from([192, 0, 2, number]).into())
    }

    /// Reserves `bytes` for each of several requests of one holder, and returns the reservations that were granted.
    fn reserve<'b>(budget: &'b MemoryBudget, holder: &Holder, times: usize, bytes: usize) -> Vec<Reservation<'b>> {
        let request = |_| {
            let mut reservation = budget.reservation(holder.clone());
            reservation.add(bytes).then_some(reservation)
        };
        (0..times).filter_map(request).collect()
    }

    #[test]
    fn one_caller_has_half_and_all_together_have_all() {
        let budget = MemoryBudget::new(1000);
        let ada = reserve(&budget, &caller("ada"), 20, 100);
        let bob = reserve(&budget, &caller("bob"), 20, 100);
        let eve = reserve(&budget, &caller("eve"), 20, 100);
        assert_eq!((ada.len(), bob.len(), eve.len()), (5, 5, 0));
        drop(ada);
        assert_eq!(reserve(&budget, &caller("eve"), 20, 100).len(), 5);
        assert_eq!(budget.refused.load(Ordering::Relaxed), 15 + 15 + 20 + 15);
    }

    #[test]
    fn anonymous_requests_have_a_quarter_and_one_address_half_of_that() {
        let budget = MemoryBudget::new(1600);
        let one = reserve(&budget, &anonymous(1), 20, 50);
        let other = reserve(&budget, &anonymous(2), 20, 50);
        let third = reserve(&budget, &anonymous(3), 20, 50);
        assert_eq!((one.len(), other.len(), third.len()), (4, 4, 0));
        // Callers can use the rest.
        let (ada, bob) = (reserve(&budget, &caller("ada"), 20, 100), reserve(&budget, &caller("bob"), 20, 100));
        assert_eq!((ada.len(), bob.len()), (8, 4));
    }

    #[test]
    fn a_request_alone_may_have_more_than_a_share_and_a_larger_one_than_all_has_all() {
        let budget = MemoryBudget::new(1000);
        let mut first = budget.reservation(caller("ada"));
        assert!(first.add(400) && first.add(400));
        assert!(reserve(&budget, &caller("ada"), 1, 100).is_empty());
        assert_eq!(reserve(&budget, &caller("bob"), 1, 100).len(), 1);
        drop(first);
        let mut large = budget.reservation(caller("ada"));
        assert!(large.add(5000) && large.add(5000));
        assert!(reserve(&budget, &caller("bob"), 1, 1).is_empty());
        drop(large);
        assert_eq!(locked(&budget.used).all, 0);
    }

    #[test]
    fn a_dropped_reservation_is_released() {
        let budget = MemoryBudget::new(1000);
        for holder in [caller("ada"), anonymous(1)] {
            let mut reservation = budget.reservation(holder);
            assert!(reservation.add(100) && reservation.add(50));
            reservation.force_add(5000);
            assert_eq!(locked(&budget.used).all, 5150);
            drop(reservation);
            let used = locked(&budget.used);
            assert_eq!((used.all, used.anonymous, used.holders.len()), (0, 0, 0));
        }
    }
}
