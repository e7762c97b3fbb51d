//! Connections that the server cannot close as idle, because a request on them has begun.

use super::client::{Connection, write};

/// Sends a request and the beginning of the next one: once the first is answered, the server is at work on the second,
/// and the connection does not give way to others. `None` where there is no place for it.
pub fn try_busy(mut connection: Connection) -> Option<Connection> {
    write(&mut connection, format!("{FIRST_REQUEST}{SECOND_BEGUN}"));
    match connection.answer(false).status {
        200 => Some(connection),
        status => {
            assert_eq!(status, 503);
            None
        }
    }
}

/// The same where there has to be a place.
pub fn busy(connection: Connection) -> Connection {
    try_busy(connection).expect("a place for the connection")
}

/// Sends the rest of the request that [`busy`] has begun; the status of its answer.
pub fn finish_busy(connection: &mut Connection) -> u16 {
    write(connection, &FIRST_REQUEST[SECOND_BEGUN.len()..]);
    connection.answer(false).status
}

const FIRST_REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

const SECOND_BEGUN: &str = "GET /";

/// Flags for a server whose connections are kept at work by requests that do not end.
pub const KEPT_BUSY: [&str; 2] = ["--head-timeout", "600"];
