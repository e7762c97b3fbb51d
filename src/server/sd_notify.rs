//! Reports the state of the process to systemd or another service manager (sd_notify(3)).

use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::time::Duration;

/// Write timeout for a service manager that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends assignments to the service manager, one a line: `READY=1`. Does nothing without `NOTIFY_SOCKET`. A failure is
/// only logged.
pub fn notify_service_manager(assignments: &str) {
    let Some(address) = std::env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty()) else { return };
    if let Err(error) = send(address.into_vec(), assignments) {
        log::warn!("cannot send {assignments:?} to the service manager: {error}");
    }
}

fn send(mut address: Vec<u8>, assignments: &str) -> Result<()> {
    match address[0] {
        b'/' => {}
        // An abstract socket: its real name begins with a zero byte.
        b'@' => address[0] = 0,
        _ => return Err(Error::new(ErrorKind::Unsupported, "NOTIFY_SOCKET is neither a path nor an abstract name")),
    }
    let address = SockAddr::unix(std::ffi::OsStr::from_bytes(&address))?;
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
    socket.send_to(assignments.as_bytes(), &address).map(drop)
}
