//! Connections that the server cannot close as idle, because a request on them has begun.

use super::client::{Connection, write};

/// Sends a request and the beginning of the next one: after the first answer the server reads the second request, and
/// the connection does not give way to others. `None` if there is no place for it.
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

/// The same when there has to be a place.
pub fn busy(connection: Connection) -> Connection {
    try_busy(connection).expect("a place for the connection")
}

/// Sends the rest of the request that [`busy`] has begun, and returns the status.
pub fn finish_busy(connection: &mut Connection) -> u16 {
    write(connection, &FIRST_REQUEST[SECOND_BEGUN.len()..]);
    connection.answer(false).status
}

const FIRST_REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

const SECOND_BEGUN: &str = "GET /";

/// Flags for a server whose connections stay busy with incomplete requests.
pub const KEPT_BUSY: [&str; 2] = ["--head-timeout", "600"];
