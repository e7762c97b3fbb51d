//! Messages with a length that two programs could read as different numbers.

use super::case::Reading::Whole;
use super::case::{BAD, Case, LONG, POST, case, hidden};

/// Lengths that programs read as different numbers, or as none.
pub fn disguised_lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    let hidden = hidden();
    let n = hidden.len();
    let values = [
        (format!("+{n}"), BAD),
        (format!("-{n}"), BAD),
        ("-0".to_owned(), BAD),
        (format!("{n}, {n}"), BAD),
        (format!("0, {n}"), BAD),
        (format!("{n},0"), BAD),
        (format!("{n},"), BAD),
        (format!("{n} 0"), BAD),
        (format!("0 {n}"), BAD),
        (format!("{n};"), BAD),
        (format!("{n}.0"), BAD),
        (format!("{n}e0"), BAD),
        (format!("{n}_"), BAD),
        (format!("\"{n}\""), BAD),
        (format!("0x{n:x}"), BAD),
        (format!("{n:x}h"), BAD),
        (format!("{n}\u{0}"), BAD),
        (format!("{n}\u{b}"), BAD),
        (format!("\u{c}{n}"), BAD),
        (format!("{n}\r0"), BAD),
        (format!("{n}\n"), BAD),
        (format!("0\r\n {n}"), BAD),
        (format!("\r\n {n}"), BAD),
        (format!("{n}\u{a0}"), BAD),
        ("\u{661}\u{662}\u{663}".to_owned(), BAD),
        ("\u{ff11}".to_owned(), BAD),
        (String::new(), BAD),
        // In 64 or 32 bits these overflow to the length of the hidden request.
        (format!("{}", (1_u128 << 64) + n as u128), LONG),
        (format!("{}", (1_u64 << 32) + n as u64), LONG),
        (format!("{}", u64::MAX), LONG),
        (format!("{}", i64::MIN).replace('-', ""), LONG),
        ("9".repeat(200), LONG),
        // These have one interpretation (RFC 9110, 8.6: digits).
        (format!("{n:020}"), Whole(400)),
        (format!("{n:0100}"), Whole(400)),
        (format!(" \t {n} \t "), Whole(400)),
    ];
    for (value, reading) in values {
        cases.push(case(
            format!("CL: {:.40}", format!("{value:?}")),
            POST,
            &format!("Content-Length: {value}\r\n"),
            &hidden,
            reading,
        ));
    }
    let lines = [
        format!("Content-Length: 0\r\nContent-Length: {n}\r\n"),
        format!("Content-Length: {n}\r\nContent-Length: 0\r\n"),
        format!("Content-Length: {n}\r\nContent-Length: {n}\r\n"),
        format!("Content-Length: {n}\r\ncontent-length: 0\r\n"),
        format!("Content-Length: {n}\r\nContent-Length:\r\n"),
        format!("Content-Length: {n}\r\nX: y\r\nContent-Length: +{n}\r\n"),
        format!("Content-Length : {n}\r\n"),
        format!("Content-Length\t: {n}\r\n"),
        format!("Content-Length: 0\r\nContent-Length : {n}\r\n"),
        format!(" Content-Length: {n}\r\n"),
        format!("X: y\r\n Content-Length: {n}\r\n"),
        format!("X: y\nContent-Length: {n}\r\n"),
        format!("X: y\rContent-Length: {n}\r\n"),
        format!("Content-Length\u{0}: 0\r\nContent-Length: {n}\r\n"),
        format!("Content-Length\r: 0\r\nContent-Length: {n}\r\n"),
        format!("Host: elsewhere\r\nContent-Length: {n}\r\n"),
        format!("Content-Length: {n}\r\nX\r\n"),
    ];
    for lines in lines {
        cases.push(case(format!("{lines:?}"), POST, &lines, &hidden, BAD));
    }
    cases
}
