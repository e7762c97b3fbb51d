//! nginx as a TLS proxy in front of a server.

use crate::process::Folder;
use crate::tls::tls_file;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long nginx may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// An nginx process that terminates TLS and forwards requests to a server without TLS.
pub struct Nginx {
    child: Child,
    pub address: SocketAddr,
    _folder: Folder,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process};
        // SIGTERM also ends the workers; SIGKILL would leave them.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// Starts nginx with one worker for each processor; `None` if it is not installed.
    pub fn before(upstream: SocketAddr) -> Option<Nginx> {
        let folder = Folder::new();
        // Another program could take the free port now, but a bench machine runs none.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let (certificate, key) = (tls_file("server.pem"), tls_file("server.key"));
        let main = folder.file("nginx.conf");
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", folder.file(kind).display()))
            .concat();
        let text = format!(
            "daemon off; worker_processes auto; pid {pid}; error_log {log}; events {{ worker_connections 1024; }}\n\
             http {{ access_log off; {temporary}\n\
             upstream rollbook {{ server {upstream}; keepalive 64; }}\n\
             server {{ listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};\n\
             ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;\n\
             location / {{ proxy_pass http://rollbook; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n",
            pid = folder.file("pid").display(),
            log = folder.file("log").display(),
            certificate = certificate.display(),
            key = key.display(),
        );
        std::fs::write(&main, text).expect("a file");
        let mut command = Command::new("nginx");
        command.arg("-e").arg(folder.file("start.log")).arg("-c").arg(&main);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let nginx = Nginx { child, address, _folder: folder };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < START_TIMEOUT, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(nginx)
    }
}
