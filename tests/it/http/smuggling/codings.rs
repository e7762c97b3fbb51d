//! Messages with a transfer coding that two programs could interpret differently.

use super::case::Reading::{Refused, Whole};
use super::case::{BAD, CODING, Case, POST, after_chunks, case, in_chunk};

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

/// Names and values that some programs take for `Transfer-Encoding: chunked` and others do not.
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
    // These names have no meaning, and the length counts.
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
        cases.push(case(format!("{line:?} next to a length"), POST, &lines, &body, Whole(400)));
    }
    cases
}
