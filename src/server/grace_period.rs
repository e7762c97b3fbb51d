//! How the grace period of a stop is divided between running requests and closing the database.

use std::time::Duration;

/// Shortest time for the whole stop: the database has to be closed.
const TOTAL_MIN: Duration = Duration::from_secs(2);
/// Least and most time that is reserved for closing the database.
const CLOSING_MIN: Duration = Duration::from_secs(1);
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// The time that a server has from a stop request to its end.
#[derive(Debug, Clone, Copy)]
pub struct GracePeriod {
    grace: Duration,
}

impl GracePeriod {
    /// A stop that takes at most this long, or two seconds if that is longer.
    pub fn new(grace: Duration) -> GracePeriod {
        GracePeriod { grace }
    }

    /// Time until the process has ended.
    pub fn total(self) -> Duration {
        self.grace.max(TOTAL_MIN)
    }

    /// Time that running requests get: four fifths of the total, or all but five seconds if that is longer.
    pub fn for_requests(self) -> Duration {
        let closing = (self.total() / 5).clamp(CLOSING_MIN, CLOSING_MAX);
        self.grace.min(self.total() - closing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_leave_time_to_close_the_database() {
        let requests = |grace| GracePeriod::new(Duration::from_millis(grace)).for_requests().as_millis();
        let rows = [(0, 0), (300, 300), (1000, 1000), (2000, 1000), (5000, 4000), (10_000, 8000), (60_000, 55_000)];
        for (grace, expected) in rows {
            assert_eq!(requests(grace), expected, "{grace}");
            let period = GracePeriod::new(Duration::from_millis(grace));
            assert!(period.total() - period.for_requests() >= CLOSING_MIN, "{grace}");
        }
        assert_eq!(GracePeriod::new(Duration::ZERO).total(), TOTAL_MIN);
        assert_eq!(GracePeriod::new(Duration::from_secs(60)).total(), Duration::from_secs(60));
        assert!(GracePeriod::new(Duration::MAX).for_requests() < Duration::MAX);
    }
}
