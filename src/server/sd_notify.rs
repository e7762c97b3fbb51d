//! Telling whoever has started the process how far it is (sd_notify(3)).

use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::time::Duration;

/// How long a supervisor that does not read is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells the supervisor that, one assignment a line: `READY=1`. Without a supervisor that wants to know nothing
/// happens; that it cannot be told is no reason to fail.
pub fn notify_service_manager(news: &str) {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET").filter(|place| !place.is_empty()) else { return };
    if let Err(error) = tell(place.into_vec(), news) {
        log::warn!("the supervisor could not be told {news:?}: {error}");
    }
}

fn tell(mut place: Vec<u8>, news: &str) -> Result<()> {
    match place[0] {
        b'/' => {}
        // A name in no folder, which begins with a zero in truth.
        b'@' => place[0] = 0,
        _ => return Err(Error::new(ErrorKind::Unsupported, "NOTIFY_SOCKET is neither a path nor an abstract name")),
    }
    let address = SockAddr::unix(std::ffi::OsStr::from_bytes(&place))?;
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to(news.as_bytes(), &address).map(drop)
}
