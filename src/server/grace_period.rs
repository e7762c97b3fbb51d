//! How the time is shared out that a server has to end.

use std::time::Duration;

/// The shortest time for the whole end: there is a database to close.
const WHOLE_MIN: Duration = Duration::from_secs(2);
/// The least and the most of it that is kept from requests, to close the database.
const CLOSING_MIN: Duration = Duration::from_secs(1);
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// The time from the moment a stop is asked for.
#[derive(Debug, Clone, Copy)]
pub struct GracePeriod {
    grace: Duration,
}

impl GracePeriod {
    /// An end that takes no longer than this, or two seconds if that is longer.
    pub fn new(grace: Duration) -> GracePeriod {
        GracePeriod { grace }
    }

    /// When everything has ended.
    pub fn total(self) -> Duration {
        self.grace.max(WHOLE_MIN)
    }

    /// How long requests that have begun may run: four fifths, or all but five seconds if that is longer.
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
            let ending = GracePeriod::new(Duration::from_millis(grace));
            assert!(ending.total() - ending.for_requests() >= CLOSING_MIN, "{grace}");
        }
        assert_eq!(GracePeriod::new(Duration::ZERO).total(), WHOLE_MIN);
        assert_eq!(GracePeriod::new(Duration::from_secs(60)).total(), Duration::from_secs(60));
        assert!(GracePeriod::new(Duration::MAX).for_requests() < Duration::MAX);
    }
}
