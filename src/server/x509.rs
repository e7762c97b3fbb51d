//! Reads the validity period of a certificate, which the TLS library does not expose.
//! A library for all of X.509 would add ten crates for these two fields.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Validity period of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// Tag of the version, a field that version 1 certificates do not have.
const VERSION: u8 = 0xa0;

/// The validity of a certificate in DER (RFC 5280, 4.1).
pub(super) fn validity(certificate: &[u8]) -> Option<Validity> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (signed, _) = element(certificate, SEQUENCE)?;
    let rest = element(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_serial, rest) = element(rest, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (not_before, rest) = time(validity)?;
    let (not_after, _) = time(rest)?;
    Some(Validity { not_before, not_after })
}

/// Splits off the content of an element with that tag.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ ..=0x7f => (usize::from(short), rest),
        // Long form: the number of length bytes. A certificate is shorter than 16 MiB.
        long @ 0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Splits off a time (RFC 5280, 4.1.2.5): `YYMMDDHHMMSSZ` until 2049, with a four-digit year after that.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (short, (text, rest)) = match element(bytes, UTC_TIME) {
        Some(found) => (true, found),
        None => (false, element(bytes, GENERALIZED_TIME)?),
    };
    let text = std::str::from_utf8(text).ok()?;
    let text = match short {
        true if text.get(..2)? >= "50" => format!("19{text}"),
        true => format!("20{text}"),
        false => text.to_owned(),
    };
    let digits = text.strip_suffix('Z').filter(|digits| digits.len() == 14)?;
    let time = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    // The last second of the year 9999 means "no end", and is later than the latest timestamp.
    Some((time.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |time| time.timestamp()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// The parts of a certificate that `validity` reads.
    fn certificate(times: &[&[u8]]) -> Vec<u8> {
        let nested = |tag: u8, parts: &[&[u8]]| {
            let content = parts.concat();
            [&[tag, 0x82, (content.len() >> 8) as u8, content.len() as u8], content.as_slice()].concat()
        };
        let validity = nested(SEQUENCE, times);
        let (empty, serial) = (&[SEQUENCE, 0][..], &[INTEGER, 1, 5][..]);
        let signed = nested(SEQUENCE, &[&[VERSION, 3, INTEGER, 1, 2], serial, empty, empty, &validity, empty]);
        nested(SEQUENCE, &[&signed, empty])
    }

    fn valid(not_before: &str, not_after: &str) -> Option<Validity> {
        let at = |text: &str| text.parse().expect("a time");
        Some(Validity { not_before: at(not_before), not_after: at(not_after) })
    }

    #[test]
    fn both_forms_of_a_time_are_parsed() {
        let (last_century, this_one) = (b"\x17\x0d500101000000Z", b"\x17\x0d491231235959Z");
        let (long, endless) = (b"\x18\x0f20500101000000Z", b"\x18\x0f99991231235959Z");
        assert_eq!(
            validity(&certificate(&[last_century, this_one])),
            valid("1950-01-01T00:00:00Z", "2049-12-31T23:59:59Z")
        );
        assert_eq!(validity(&certificate(&[long, long])), valid("2050-01-01T00:00:00Z", "2050-01-01T00:00:00Z"));
        assert_eq!(
            validity(&certificate(&[this_one, endless])).map(|validity| validity.not_before.as_second()),
            Some(2524607999)
        );
    }

    #[test]
    fn a_mutated_certificate_never_panics() {
        let seed = Random::seed("X509_SEED", 15);
        let mut random = Random::new(seed);
        let whole = certificate(&[b"\x17\x0d260101000000Z", b"\x18\x0f20270101000000Z"]);
        let mut parsed = 0;
        for _ in 0..100_000 {
            let mut mutated = whole.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(mutated.len());
                match random.below(4) {
                    0 => mutated[at] = random.pick(&[0, 0x30, 0x7f, 0x80, 0x81, 0x83, 0x84, 0xff, b'+', b'-']),
                    1 => mutated[at] = random.below(256) as u8,
                    2 => mutated.truncate(at.max(1)),
                    _ => mutated.insert(at, random.below(256) as u8),
                }
            }
            // The call only has to return. Most mutations are rejected, and some do not matter.
            parsed += usize::from(validity(&mutated).is_some());
        }
        assert!((1000..50_000).contains(&parsed), "{parsed} of the seed {seed}");
    }

    #[test]
    fn a_truncated_or_invalid_certificate_has_no_validity() {
        let whole = certificate(&[b"\x17\x0d260101000000Z", b"\x17\x0d270101000000Z"]);
        assert!(validity(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(validity(&whole[..end]), None, "the first {end} bytes");
        }
        for time in [
            &b"\x17\x0d261301000000Z"[..],
            b"\x17\x0b2601010000Z",
            b"\x17\x0d26010100000\xff\xff",
            b"\x18\x0d260101000000Z",
        ] {
            assert_eq!(validity(&certificate(&[time, time])), None, "{time:?}");
        }
        // Lengths that are too long, indefinite, or larger than the content.
        for broken in
            [&[SEQUENCE, 0x84, 0, 0, 0, 1, 0][..], &[SEQUENCE, 0x80, 0, 0], &[SEQUENCE, 0x83, 0xff, 0xff, 0xff]]
        {
            assert_eq!(validity(broken), None);
        }
    }
}
