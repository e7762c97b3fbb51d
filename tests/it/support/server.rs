//! A running server on a database of its own.

use super::cli::{name_of, rollbook, rollbook_after};
use super::client::{Answer, Connection, basic};
use super::folder::Folder;
use super::wait::{PATIENCE, eventually, wait_until};
use socket2::{Domain, Socket, Type};
use std::io::{BufRead, BufReader, PipeWriter};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The API key that every test server starts with.
pub const API_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The administrator's application key that every test server starts with.
pub const APP_KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// The password of the user `Administrator`.
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// A port of the loopback address that nothing else gets while this is held. Connections to it are refused, until a
/// program listens there that shares addresses (`SO_REUSEADDR`), as servers do.
pub struct Port(Socket);

impl Port {
    pub fn reserve() -> Port {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_reuse_address(true).expect("a socket option");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
        Port(socket)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("an address").as_socket().expect("an IP address")
    }
}

/// `rollbook serve` on a free port and the database in that folder.
pub fn serve(folder: &Folder, flags: &[&str]) -> Command {
    serving(rollbook(), folder, flags)
}

fn serving(mut command: Command, folder: &Folder, flags: &[&str]) -> Command {
    command.arg("serve").arg("--db").arg(folder.db()).args(flags);
    if !flags.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command
}

/// A server on a free port of the loopback address.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// `http://127.0.0.1:PORT`, or `https://…` of a server with a certificate.
    pub url: String,
    pub folder: Arc<Folder>,
    log: Arc<Mutex<String>>,
    /// Takes the log in until the process ends.
    log_reader: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a new database with the default settings.
    pub fn start() -> Server {
        Server::with(&[])
    }

    /// Starts on a new database with further flags for `rollbook serve`.
    pub fn with(flags: &[&str]) -> Server {
        Server::over(Arc::new(Folder::new()), flags)
    }

    /// Starts on the database in that folder (a new one if there is none).
    pub fn over(folder: Arc<Folder>, flags: &[&str]) -> Server {
        Server::by(serve(&folder, flags), folder)
    }

    /// Starts on a new database after the shell has run `prelude`: `ulimit -n 64`.
    pub fn after(prelude: &str, flags: &[&str]) -> Server {
        let folder = Arc::new(Folder::new());
        Server::by(serving(rollbook_after(prelude), &folder, flags), folder)
    }

    /// Starts a command from [`serve`] that the caller may have changed.
    pub fn by(command: Command, folder: Arc<Folder>) -> Server {
        Server::prepared_by(command, folder, |_, _| {})
    }

    /// Starts a command whose standard error the server takes for the journal.
    pub fn with_journal(command: Command, folder: Arc<Folder>) -> Server {
        Server::prepared_by(command, folder, |command, stderr| {
            command.env("JOURNAL_STREAM", name_of(stderr));
        })
    }

    /// Starts a command that `prepare` has completed with the pipe that becomes its standard error.
    fn prepared_by(
        mut command: Command,
        folder: Arc<Folder>,
        prepare: impl FnOnce(&mut Command, &PipeWriter),
    ) -> Server {
        let (stderr, writer) = std::io::pipe().expect("a pipe");
        prepare(&mut command, &writer);
        let mut child = command.stdout(Stdio::null()).stderr(writer).spawn().expect("the server starts");
        // The command holds the writing end too; without it, the pipe ends with the server.
        drop(command);
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, told) = std::sync::mpsc::channel();
        let lines = Arc::clone(&log);
        let log_reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("listening on http") {
                    let url: String = url.chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
                    let _ = tell.send(format!("http{url}"));
                }
                let mut log = lines.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let url = match told.recv_timeout(PATIENCE) {
            Ok(url) => url,
            Err(_) => {
                let _ = child.kill();
                panic!("the server did not say where it listens:\n{}", log.lock().unwrap());
            }
        };
        let (_, address) = url.split_once("://").expect("the URL that the server logs");
        let address = address.parse().expect("the address that the server logs");
        Server { child, address, url, folder, log, log_reader: Some(log_reader) }
    }

    /// The log so far: complete up to the line with the address, and as much of the rest as has arrived. The line of a
    /// request comes some time after its answer; [`Server::stop_for_log`] misses nothing.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until a line of the log contains `text`.
    pub fn wait_for_log(&self, text: &str) {
        let awaited = std::fmt::from_fn(|f| write!(f, "{text:?} in the log:\n{}", self.log()));
        wait_until(awaited, || self.log.lock().unwrap().contains(text));
    }

    /// Waits until that many lines of the log match, and returns them; fails when there are more.
    pub fn wait_for_lines(&self, count: usize, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
        let awaited = std::fmt::from_fn(|f| write!(f, "{count} lines of this log:\n{}", self.log()));
        let lines = eventually(awaited, || {
            let log = self.log.lock().unwrap();
            let lines: Vec<String> = log.lines().filter(|line| is_meant(line)).map(str::to_owned).collect();
            (lines.len() >= count).then_some(lines)
        });
        assert_eq!(lines.len(), count, "{lines:#?}");
        lines
    }

    /// Ends the server in good order and returns everything that it has logged.
    pub fn stop_for_log(mut self) -> String {
        assert!(self.end().success(), "{}", self.log());
        let reader = self.log_reader.take().expect("it is taken here only");
        reader.join().expect("the reader of the log");
        self.log()
    }

    /// Ends the server in good order and returns the lines of its log.
    pub fn stop_for_lines(self) -> Vec<String> {
        self.stop_for_log().lines().map(str::to_owned).collect()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The current footprint of the process.
    pub fn footprint(&self) -> Footprint {
        let process = Path::new("/proc").join(self.pid().to_string());
        let status = std::fs::read_to_string(process.join("status")).expect("the server runs");
        let number = |name: &str| -> usize {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
        };
        Footprint {
            threads: number("Threads"),
            descriptors: std::fs::read_dir(process.join("fd")).expect("the server runs").count(),
            resident_kib: number("VmRSS"),
            peak_kib: number("VmHWM"),
            processor_seconds: processor_seconds(&process),
        }
    }

    /// Resets the peak of the memory.
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").expect("the server is ours");
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(mut self) -> ExitStatus {
        self.end()
    }

    fn end(&mut self) -> ExitStatus {
        let status = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(status.expect("kill runs").success());
        self.wait()
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let log = Arc::clone(&self.log);
        let awaited = std::fmt::from_fn(|f| write!(f, "the end of the server:\n{}", log.lock().unwrap()));
        eventually(awaited, || self.child.try_wait().expect("the server can be waited for"))
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        let _ = self.child.wait();
    }

    /// One request on a connection of its own.
    pub fn request(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut connection = Connection::open(self.address);
        connection.send(method, target, headers, body);
        connection.answer(method == "HEAD")
    }

    /// A Datadog call with the administrator's keys; `path` begins with `/api/v1`.
    pub fn datadog(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.datadog_as(APP_KEY, method, path, body)
    }

    /// A Datadog call with that application key.
    pub fn datadog_as(&self, app_key: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
        let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", app_key), ("Content-Type", "application/json")];
        self.request(method, path, &headers, body.map(str::as_bytes))
    }

    /// A Nuxeo call as `Administrator`; `path` is what follows `/nuxeo/api/v1`.
    pub fn nuxeo(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.nuxeo_as(("Administrator", ADMIN_PASSWORD), method, path, body)
    }

    /// A Nuxeo call as that user.
    pub fn nuxeo_as(&self, (user, password): (&str, &str), method: &str, path: &str, body: Option<&str>) -> Answer {
        let authorization = basic(user, password);
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        self.request(method, &format!("/nuxeo/api/v1{path}"), &headers, body.map(str::as_bytes))
    }
}

/// Threads, descriptors, memory and processor time of a process.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    pub threads: usize,
    pub descriptors: usize,
    pub resident_kib: usize,
    /// The most memory since the start, or since the peak was forgotten.
    pub peak_kib: usize,
    /// Used so far.
    pub processor_seconds: f64,
}

/// The time that a process has had on processors, from its folder in `/proc`.
fn processor_seconds(process: &Path) -> f64 {
    let stat = std::fs::read_to_string(process.join("stat")).expect("the process runs");
    // The name of the program, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(") ").expect("the fields behind the name");
    let ticks = |at: usize| fields.split(' ').nth(at).and_then(|field| field.parse::<u64>().ok()).expect("ticks");
    // utime and stime are fields 14 and 15 (proc(5)), and 3 is the first behind the name.
    (ticks(11) + ticks(12)) as f64 / rustix::param::clock_ticks_per_second() as f64
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The addresses where the server listens, from the log.
pub fn places(server: &Server) -> Vec<String> {
    let log = server.log();
    log.lines().filter_map(|line| line.split_once("listening on ")).map(|(_, place)| place.to_owned()).collect()
}
