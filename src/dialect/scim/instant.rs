//! Points in time of any precision.

use jiff::civil::Date;

/// A point in time. Two are compared exactly, however many fractional digits they have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Instant {
    /// Seconds since 1970-01-01 UTC.
    seconds: i64,
    /// The digits after the point, without zeros at their end.
    fraction: String,
}

impl Instant {
    /// Reads a dateTime (RFC 7643, 2.3.5: that of XML Schema). A time without an offset is UTC, a date is its midnight.
    /// `None` for other texts.
    pub(super) fn parse(text: &str) -> Option<Instant> {
        let mut rest = Rest(text.trim());
        let year = rest.number(4)?;
        rest.byte(b"-")?;
        let month = rest.number(2)?;
        rest.byte(b"-")?;
        let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(rest.number(2)?).ok()?);
        let days = days_since_1970(date.ok()?);
        let (mut time, mut fraction) = (0, String::new());
        if !rest.0.is_empty() {
            rest.byte(b"Tt ")?;
            (time, fraction) = rest.time()?;
            time -= rest.offset()?;
        }
        rest.0.is_empty().then(|| Instant { seconds: days * 86_400 + time, fraction })
    }

    /// Milliseconds since 1970-01-01 UTC, without further digits.
    pub(super) fn milliseconds(&self) -> i64 {
        let digits = self.fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
        self.seconds * 1000 + digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
    }
}

fn days_since_1970(date: Date) -> i64 {
    /// 1970-01-01.
    const EPOCH: Date = Date::constant(1970, 1, 1);
    i64::from(date.since(EPOCH).map_or(0, |span| span.get_days()))
}

/// The text that is not read yet.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    /// Reads one of these bytes.
    fn byte(&mut self, expected: &[u8]) -> Option<u8> {
        let first = *self.0.as_bytes().first()?;
        if !expected.contains(&first) {
            return None;
        }
        self.0 = &self.0[1..];
        Some(first)
    }

    /// Reads a number of that many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        number.parse().ok()
    }

    /// Reads digits.
    fn digits(&mut self) -> &'t str {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    /// Reads a time of the day: its seconds, and the digits after the point.
    fn time(&mut self) -> Option<(i64, String)> {
        let hours = self.number(2)?;
        self.byte(b":")?;
        let minutes = self.number(2)?;
        let mut seconds = 0;
        let mut fraction = "";
        if self.byte(b":").is_some() {
            seconds = self.number(2)?;
            if self.byte(b".,").is_some() {
                fraction = self.digits().trim_end_matches('0');
            }
        }
        // Second 60 is a leap second, hour 24 the midnight after the day.
        let is_time = minutes < 60 && seconds <= 60 && (hours < 24 || (hours, minutes, seconds) == (24, 0, 0));
        is_time.then(|| (hours * 3600 + minutes * 60 + seconds, fraction.to_owned()))
    }

    /// Reads an offset from UTC, in seconds.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.byte(b"Zz").is_some() {
            return Some(0);
        }
        // A plus sign that a query does not escape arrives as a space.
        let sign = if self.byte(b"+- ")? == b'-' { -1 } else { 1 };
        let hours = self.number(2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.byte(b":");
            self.number(2)?
        };
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap_or_else(|| panic!("{text} is a time"))
    }

    #[test]
    fn spellings_of_one_point_in_time_are_equal() {
        for same in [
            "2011-05-13T04:42:34.000Z",
            "2011-05-13T04:42:34Z",
            "2011-05-13t04:42:34z",
            "2011-05-13 04:42:34",
            "2011-05-13T06:42:34+02:00",
            "2011-05-13T06:42:34 02:00",
            "2011-05-13T06:42:34+0200",
            "2011-05-13T06:42:34.0000000+02",
            "2011-05-12T23:12:34-05:30",
        ] {
            assert_eq!(instant(same), instant("2011-05-13T04:42:34.0Z"), "{same}");
        }
        assert_eq!(instant("2011-05-13"), instant("2011-05-12T24:00:00Z"));
        assert_eq!(instant("2011-05-13T04:42"), instant("2011-05-13T04:42:00Z"));
        assert_eq!(instant("2016-12-31T23:59:60Z"), instant("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn points_in_time_are_ordered_by_all_digits() {
        let ordered = [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.9Z",
            "1970-01-01T00:00:00Z",
            "2015-10-10T14:38:21.8617978-07:00",
            "2015-10-10T14:38:21.86179781-07:00",
            "2015-10-10T21:38:21.8617979Z",
            "2015-10-10T21:38:21.9Z",
            "2015-10-10T21:38:22Z",
            "9999-12-31T23:59:59.99999999999999999999999999Z",
        ];
        for pair in ordered.windows(2) {
            assert!(instant(pair[0]) < instant(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn milliseconds_are_those_of_the_system_clock() {
        assert_eq!(instant("1970-01-01T00:00:01.23456Z").milliseconds(), 1234);
        assert_eq!(instant("1970-01-02").milliseconds(), 86_400_000);
        assert_eq!(instant("1969-12-31T23:59:59.5Z").milliseconds(), -500);
        let text = crate::model::timestamp(1_790_000_000_123);
        assert_eq!(instant(&text).milliseconds(), 1_790_000_000_123);
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "x",
            "2011",
            "2011-05",
            "2011-5-13",
            "2011-02-29",
            "2011-13-01",
            "2011-05-13T",
            "2011-05-13T24:00:01Z",
            "2011-05-13T04",
            "2011-05-13T04:60Z",
            "2011-05-13T04:42:61Z",
            "2011-05-13T04:42:34.Z1",
            "2011-05-13T04:42:34Z ä",
            "2011-05-13T04:42:34+2",
            "2011-05-13T04:42:34+24:00",
            "2011-05-13T04:42:34+02:60",
            "11-05-13",
            "２011-05-13",
            "2011-05-13x04:42:34Z",
            "-2011-05-13",
            "+2011-05-13",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }
}
