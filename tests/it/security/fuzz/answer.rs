//! Parses answers.

/// The parts of an answer that the rules use.
pub struct Found {
    pub status: u16,
    pub close: bool,
    pub kind: String,
    pub body: Vec<u8>,
    pub head: String,
}

/// The first answer in these bytes and its length; `None` when it is incomplete.
pub fn parse(bytes: &[u8], head_only: bool) -> Option<(Found, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head in ASCII").to_owned();
    assert!(head.starts_with("HTTP/1.1 "), "{head}");
    let status: u16 = head[9..12].parse().expect("a status");
    let field = |name: &str| {
        let line =
            head.lines().find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
        line[name.len()..].strip_prefix(": ")
    };
    let mut found = Found {
        status,
        close: field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
        kind: field("Content-Type").unwrap_or_default().to_owned(),
        body: Vec::new(),
        head: head.clone(),
    };
    if head_only || matches!(status, 100 | 204) {
        return Some((found, end));
    }
    if field("Transfer-Encoding").is_some() {
        let mut at = end;
        loop {
            let line = bytes[at..].windows(2).position(|window| window == b"\r\n")?;
            let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).expect("a size");
            at += line + 2;
            found.body.extend_from_slice(bytes.get(at..at + size)?);
            at += size + 2;
            if bytes.len() < at {
                return None;
            }
            if size == 0 {
                return Some((found, at));
            }
        }
    }
    let length: usize = field("Content-Length").map_or(0, |length| length.parse().expect("a length"));
    found.body = bytes.get(end..end + length)?.to_vec();
    Some((found, end + length))
}
