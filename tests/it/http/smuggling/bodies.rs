//! Messages with a body or a request line that two programs could understand differently.

use super::case::Reading::{Followed, Refused, Whole};
use super::case::{BAD, Case, LONG, POST, case, hidden, in_chunk};
use std::fmt::Write as _;

/// Bodies where some programs expect none, and request lines that some programs split.
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
