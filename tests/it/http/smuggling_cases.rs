//! Messages that two programs could end at different places.

use self::Reading::{Followed, Refused, Whole};
use crate::support::client::{create_user, request};
use std::fmt::Write as _;

/// How a message is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Not at all: one answer with one of these statuses, and the end of the connection.
    Refused(&'static [u16]),
    /// RFC 9112 knows one way, in which the hidden request is part of the body: one answer, and what follows the
    /// message is the next request.
    Whole(u16),
    /// RFC 9112 ends the message before the hidden request, and what comes then is no request: two answers, and the
    /// end of the connection.
    Followed(u16),
}

const BAD: Reading = Refused(&[400]);

const CODING: Reading = Refused(&[501]);

const LONG: Reading = Refused(&[413]);

pub struct Case {
    pub name: String,
    pub message: String,
    pub reading: Reading,
}

/// The request that must never come about: it would be answered, and make a user.
pub fn hidden() -> String {
    create_user("hidden@example.com")
}

/// A message with that first line, those lines in its head, and that body.
pub fn case(name: impl Into<String>, first_line: &str, lines: &str, body: &str, reading: Reading) -> Case {
    Case { name: name.into(), message: request(first_line, lines, body), reading }
}

const POST: &str = "POST /api/v1/user HTTP/1.1";

/// The hidden request in one chunk: for those who see chunks it is body.
fn in_chunk() -> String {
    format!("{:x}\r\n{}\r\n0\r\n\r\n", hidden().len(), hidden())
}

/// The hidden request after the last chunk: for those who see a length it is body.
fn after_chunks() -> String {
    format!("0\r\n\r\n{}", hidden())
}

/// Both ways to frame a body in one head.
pub fn both_framings() -> Vec<Case> {
    let length = after_chunks().len();
    let (inside, after) = (in_chunk(), after_chunks());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let rows = [
        ("CL.TE", format!("Content-Length: {length}\r\n{chunked}"), &after, BAD),
        ("CL.TE, the other order", format!("{chunked}Content-Length: {length}\r\n"), &after, BAD),
        ("TE.CL", format!("Content-Length: 4\r\n{chunked}"), &inside, BAD),
        ("TE.CL, the other order", format!("{chunked}Content-Length: 4\r\n"), &inside, BAD),
        ("TE and a length of nothing", format!("Content-Length: 0\r\n{chunked}"), &inside, BAD),
        ("TE and the right length", format!("Content-Length: {}\r\n{chunked}", inside.len()), &inside, BAD),
        ("TE and a broken length", format!("Content-Length: x\r\n{chunked}"), &inside, BAD),
        (
            "a length and TE: identity",
            format!("Content-Length: {length}\r\nTransfer-Encoding: identity\r\n"),
            &after,
            CODING,
        ),
        (
            "a length and TE: xchunked",
            format!("Content-Length: {length}\r\nTransfer-Encoding: xchunked\r\n"),
            &after,
            CODING,
        ),
        ("a length and an empty TE", format!("Content-Length: {length}\r\nTransfer-Encoding:\r\n"), &after, CODING),
        (
            "CL.TE with Connection naming the length",
            format!("Connection: Content-Length\r\nContent-Length: {length}\r\n{chunked}"),
            &after,
            BAD,
        ),
        ("CL.TE with Expect", format!("Expect: 100-continue\r\nContent-Length: {length}\r\n{chunked}"), &after, BAD),
        (
            "CL.TE with Upgrade",
            format!("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: {length}\r\n{chunked}"),
            &after,
            BAD,
        ),
    ];
    let mut cases: Vec<Case> =
        rows.into_iter().map(|(name, lines, body, reading)| case(name, POST, &lines, body, reading)).collect();
    for first_line in ["GET /api/v1/validate HTTP/1.1", "DELETE /api/v1/user/nobody@example.com HTTP/1.1"] {
        cases.push(case(
            format!("CL.TE of {first_line}"),
            first_line,
            &format!("Content-Length: {length}\r\n{chunked}"),
            &after,
            BAD,
        ));
    }
    let old = "POST /api/v1/user HTTP/1.0";
    let stay = "Connection: keep-alive\r\n";
    cases.extend([
        case("HTTP/1.0 with TE", old, &format!("{stay}{chunked}"), &inside, BAD),
        case("HTTP/1.0 with CL.TE", old, &format!("{stay}Content-Length: {length}\r\n{chunked}"), &after, BAD),
        case("HTTP/1.0 with TE.CL", old, &format!("{stay}{chunked}Content-Length: 4\r\n"), &inside, BAD),
        case("HTTP/1.0 with TE: identity", old, &format!("{stay}Transfer-Encoding: identity\r\n"), &after, CODING),
    ]);
    cases
}

/// Names and values that some take for `Transfer-Encoding: chunked` and others do not.
pub fn disguised_codings() -> Vec<Case> {
    let mut cases = Vec::new();
    let values = [
        ("identity", CODING),
        ("xchunked", CODING),
        ("chunkedx", CODING),
        ("cow", CODING),
        ("chunked, identity", CODING),
        ("identity, chunked", CODING),
        ("gzip, chunked", CODING),
        ("chunked,", CODING),
        (",chunked", CODING),
        ("chunked;", CODING),
        ("chunked;q=0", CODING),
        ("\"chunked\"", CODING),
        ("'chunked'", CODING),
        ("chun ked", CODING),
        ("chun\tked", CODING),
        ("chunked chunked", CODING),
        ("chunked\u{a0}", CODING),
        ("\u{feff}chunked", CODING),
        ("chun\u{212a}ed", CODING),
        ("", CODING),
        ("chunked, chunked", BAD),
        ("chunked\u{0}", BAD),
        ("\u{0}chunked", BAD),
        ("chunked\u{b}", BAD),
        ("\u{b}chunked", BAD),
        ("\u{c}chunked", BAD),
        ("chunked\u{7f}", BAD),
        ("chunked\rX: y", BAD),
        ("\rchunked", BAD),
        ("\nchunked", BAD),
        ("\r\n chunked", BAD),
        ("\r\n\tchunked", BAD),
        ("chunked\r\n , identity", BAD),
    ];
    for (value, reading) in values {
        let lines = format!("Transfer-Encoding: {value}\r\n");
        cases.push(case(format!("TE: {value:?}, as chunks"), POST, &lines, &in_chunk(), reading));
        cases.push(case(format!("TE: {value:?}, as nothing"), POST, &lines, &after_chunks(), reading));
    }
    for line in [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding\u{b}: chunked",
        "Transfer-Encoding\u{0}: chunked",
        "Transfer\u{0}-Encoding: chunked",
        "Transfer-Encoding\r: chunked",
        "Transfer-Encoding\r\n: chunked",
        "Transfer-Encoding\r\n : chunked",
        "Transfer\u{2010}Encoding: chunked",
        "Transfer Encoding: chunked",
        "Transfer-Encoding",
        ": chunked",
        " Transfer-Encoding: chunked",
        "\tTransfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\r\n\tTransfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: y\r\rTransfer-Encoding: chunked",
        "X: y\u{0}Transfer-Encoding: chunked",
        "(Transfer-Encoding): chunked",
        "Transfer-Encoding;x: chunked",
    ] {
        cases.push(case(format!("{line:?}"), POST, &format!("{line}\r\n"), &in_chunk(), BAD));
    }
    // Two lines are never read as one.
    for (first, second) in [
        ("chunked", "chunked"),
        ("chunked", "identity"),
        ("identity", "chunked"),
        ("chunked", "cow"),
        ("cow", "chunked"),
        ("", "chunked"),
    ] {
        let lines = format!("Transfer-Encoding: {first}\r\ntransfer-encoding: {second}\r\n");
        let name = format!("TE twice: {first:?} and {second:?}");
        cases.push(case(name, POST, &lines, &in_chunk(), Refused(&[400, 501])));
    }
    // White space around a value and the case of letters have no meaning.
    for line in [
        "Transfer-Encoding:chunked",
        "Transfer-Encoding:\tchunked",
        "Transfer-Encoding: chunked \t ",
        "transfer-encoding: CHUNKED",
        "TRANSFER-ENCODING: chunKed",
        "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
    ] {
        cases.push(case(format!("{line:?}"), POST, &format!("{line}\r\n"), &in_chunk(), Whole(400)));
    }
    // Other fields are other fields, and the length holds.
    for line in [
        "Transfer_Encoding: chunked",
        "TransferEncoding: chunked",
        "X-Transfer-Encoding: chunked",
        "Content-Encoding: chunked",
        "Content-Transfer-Encoding: chunked",
        "TE: chunked",
        "Trailer: Transfer-Encoding",
        "Content_Length: 0",
        "ContentLength: 0",
        "X-Content-Length: 0",
        "Length: 0",
    ] {
        let body = after_chunks();
        let lines = format!("{line}\r\nContent-Length: {}\r\n", body.len());
        cases.push(case(format!("{line:?} beside a length"), POST, &lines, &body, Whole(400)));
    }
    cases
}

/// Lengths that some read as one number and others as another, or none.
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
        // What is left of these in 64 or 32 bits would be the hidden request's length.
        (format!("{}", (1_u128 << 64) + n as u128), LONG),
        (format!("{}", (1_u64 << 32) + n as u64), LONG),
        (format!("{}", u64::MAX), LONG),
        (format!("{}", i64::MIN).replace('-', ""), LONG),
        ("9".repeat(200), LONG),
        // These are numbers in one way only (RFC 9110, 8.6: digits).
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

/// Chunks that some end elsewhere than others.
pub fn disguised_chunks() -> Vec<Case> {
    let hidden = hidden();
    let n = hidden.len();
    let after = |start: &str| format!("{start}{hidden}");
    let rows = [
        ("a size beyond 64 bits", format!("1{n:016x}\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size of all 64 bits", after("ffffffffffffffff\r\n"), LONG),
        ("a size beyond 32 bits", format!("1{n:08x}\r\n{hidden}\r\n0\r\n\r\n"), LONG),
        ("a last chunk of 17 digits", after("00000000000000000\r\n\r\n"), BAD),
        ("a last chunk with a sign", after("+0\r\n\r\n"), BAD),
        ("a last chunk below nothing", after("-0\r\n\r\n"), BAD),
        ("a last chunk in C", after("0x0\r\n\r\n"), BAD),
        ("a size with a sign", format!("+{n:x}\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size in C", format!("0x{n:x}\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size after a space", format!(" {n:x}\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size after a tab", format!("\t{n:x}\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size with an underscore", format!("0_{n:x}\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size with a comma", format!("{n:x},0\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("two sizes", format!("{n:x} 0\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("no size", after("\r\n\r\n"), BAD),
        ("an extension without a size", after(";a=b\r\n\r\n"), BAD),
        ("a size in other digits", after("\u{ff10}\r\n\r\n"), BAD),
        ("a size with NUL", after("0\u{0}\r\n\r\n"), BAD),
        ("a size with a form feed", after("0\u{c}\r\n\r\n"), BAD),
        ("a size that ends in LF", format!("{n:x}\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size that ends in CR", format!("{n:x}\r{hidden}\r\n0\r\n\r\n"), BAD),
        ("a size that ends in CR CR LF", format!("{n:x}\r\r\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("an extension with LF", after("0;a\nb\r\n\r\n"), BAD),
        ("an extension with CR", after("0;a\rb\r\n\r\n"), BAD),
        ("an extension that LF ends", format!("{n:x};\n{hidden}\r\n0\r\n\r\n"), BAD),
        ("an extension with NUL", after("0;\u{0}\r\n\r\n"), BAD),
        ("a chunk without an end", format!("1\r\nx0\r\n\r\n{hidden}"), BAD),
        ("a chunk that LF ends", format!("1\r\nx\n0\r\n\r\n{hidden}"), BAD),
        ("a chunk that CR ends", format!("1\r\nx\r0\r\n\r\n{hidden}"), BAD),
        ("a chunk that anything ends", format!("1\r\nxyz0\r\n\r\n{hidden}"), BAD),
        ("a chunk longer than its size", in_chunk().replacen(&format!("{n:x}"), "1", 1), BAD),
        ("a chunk shorter than its size", format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", n + 1), BAD),
        ("no last chunk", format!("{n:x}\r\n{hidden}\r\n"), BAD),
        ("no end after the last chunk", after("0\r\n"), BAD),
        ("a last chunk that LF ends", after("0\n\r\n"), BAD),
        ("a last line that LF ends", after("0\r\n\n"), BAD),
        ("a last line that CR ends", after("0\r\n\r"), BAD),
        ("a trailer that LF ends", after("0\r\nX: y\n\r\n"), BAD),
        ("a trailer with CR", after("0\r\nX: a\rb\r\n\r\n"), BAD),
        ("a trailer with NUL", after("0\r\nX: a\u{0}b\r\n\r\n"), BAD),
        ("a trailer without a colon", after("0\r\nX\r\n\r\n"), BAD),
        ("a trailer with a space before the colon", after("0\r\nX : y\r\n\r\n"), BAD),
        ("a folded trailer", after("0\r\nX: y\r\n z\r\n\r\n"), BAD),
        ("no chunks at all", hidden.clone(), BAD),
        ("data after the last chunk", after("0\r\n\r\n\u{0}"), Followed(400)),
        ("a byte too many after the last chunk", after("0\r\n\r\n:"), Followed(400)),
        // One reading each, in which the chunk is the body.
        ("zeros before a size", format!("{n:016x}\r\n{hidden}\r\n0\r\n\r\n"), Whole(400)),
        ("a size in capitals", format!("{n:X}\r\n{hidden}\r\n0\r\n\r\n"), Whole(400)),
        ("extensions", format!("{n:x};a;b=c;d=\"0\"\r\n{hidden}\r\n0;e\r\n\r\n"), Whole(400)),
        ("an extension that looks like a size", format!("{n:x};0\r\n{hidden}\r\n000\r\n\r\n"), Whole(400)),
        ("a trailer with a length", format!("{n:x}\r\n{hidden}\r\n0\r\nContent-Length: {n}\r\n\r\n"), Whole(400)),
        (
            "a trailer with a coding",
            format!("{n:x}\r\n{hidden}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Whole(400),
        ),
        ("a last chunk inside a chunk", format!("{:x}\r\n0\r\n\r\n{hidden}\r\n0\r\n\r\n", n + 5), Whole(400)),
    ];
    let chunked = "Transfer-Encoding: chunked\r\n";
    rows.into_iter()
        .map(|(name, body, reading)| case(format!("chunks: {name}"), POST, chunked, &body, reading))
        .collect()
}

/// Bodies where some expect none, and request lines that some split.
pub fn unexpected_bodies() -> Vec<Case> {
    let hidden = hidden();
    let length = format!("Content-Length: {}\r\n", hidden.len());
    let mut cases = Vec::new();
    for (first_line, status) in [
        ("GET /api/v1/validate HTTP/1.1", 200),
        ("GET /nothing HTTP/1.1", 404),
        ("HEAD /api/v1/validate HTTP/1.1", 200),
        ("DELETE /api/v1/user/nobody@example.com HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 404),
        ("TRACE / HTTP/1.1", 404),
        ("CONNECT / HTTP/1.1", 404),
        ("BREW /api/v1/user HTTP/1.1", 405),
        ("POST /nothing HTTP/1.1", 404),
        ("POST /api/v1/validate HTTP/1.1", 405),
        ("POST /nuxeo/api/v1/user HTTP/1.1", 400),
        ("GET http://test/api/v1/validate HTTP/1.1", 200),
    ] {
        cases.push(case(format!("{first_line} with a length"), first_line, &length, &hidden, Whole(status)));
        let chunked = "Transfer-Encoding: chunked\r\n";
        cases.push(case(format!("{first_line} with chunks"), first_line, chunked, &in_chunk(), Whole(status)));
    }
    let old = "POST /api/v1/user HTTP/1.0";
    let get = "GET /api/v1/validate HTTP/1.1";
    let upgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\n";
    let escaped = hidden.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02x}");
        text
    });
    cases.extend([
        case("HTTP/1.0 that stays", old, &format!("Connection: keep-alive\r\n{length}"), &hidden, Whole(400)),
        case("Upgrade", POST, &format!("{upgrade}{length}"), &hidden, Whole(400)),
        case("Upgrade with chunks", POST, &format!("{upgrade}Transfer-Encoding: chunked\r\n"), &in_chunk(), Whole(400)),
        case(
            "Connection naming the length",
            POST,
            &format!("Connection: Content-Length\r\n{length}"),
            &hidden,
            Whole(400),
        ),
        case("Expect", POST, &format!("Expect: 100-continue\r\n{length}"), &hidden, Whole(400)),
        case("Expect with GET", get, &format!("Expect: 100-continue\r\n{length}"), &hidden, Whole(200)),
        case("an unknown Expect", POST, &format!("Expect: 200-ok\r\n{length}"), &hidden, Refused(&[417])),
        case("Expect with a broken length", POST, "Expect: 100-continue\r\nContent-Length: +9\r\n", &hidden, BAD),
        case("too long a body", POST, "Content-Length: 1048577\r\n", &hidden, LONG),
        case("a body that nothing announces", get, "", &format!("\u{0}{hidden}"), Followed(200)),
        case(
            "a length of nothing, and something",
            POST,
            "Content-Length: 0\r\n",
            &format!("\u{0}{hidden}"),
            Followed(400),
        ),
        case("a line feed in the first line", "GET / HTTP/1.1\nX: y", &length, &hidden, BAD),
        case("a first line that LF ends", "GET /api/v1/validate HTTP/1.1\nHost: test\n\n", &length, &hidden, BAD),
        case("a carriage return in the target", "GET /\rHost: x HTTP/1.1", &length, &hidden, BAD),
        case("two requests in the first line", "GET / HTTP/1.1 GET / HTTP/1.1", &length, &hidden, BAD),
        case("a version that says little", "GET / HTTP/1.", &length, &hidden, BAD),
        case("no version", "GET /", &length, &hidden, BAD),
        case("another version", "GET / HTTP/2.0", &length, &hidden, Refused(&[505])),
        case("escaped in the path", &format!("GET /{escaped} HTTP/1.1"), "", "", Whole(404)),
        case(
            "escaped in the query",
            &format!("GET /api/v1/validate?x=%0d%0a%0d%0a{escaped} HTTP/1.1"),
            "",
            "",
            Whole(200),
        ),
        case("escaped in a name", &format!("GET /api/v1/user/x%0d%0a%0d%0a{escaped} HTTP/1.1"), "", "", Whole(404)),
        case("in a header", get, &format!("X: {}\r\n", hidden.replace("\r\n", " ")), "", Whole(200)),
    ]);
    cases
}
