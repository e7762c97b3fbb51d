//! Chunked messages that two programs could end at different places.

use super::case::Reading::{Followed, Whole};
use super::case::{BAD, Case, LONG, POST, case, hidden, in_chunk};

/// Chunks that some programs end at another place.
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
        // These have one interpretation, in which the chunk is the body.
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
