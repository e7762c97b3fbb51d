//! A running server on a database of its own, and the small HTTP client that talks to it.

use crate::support::durations;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The API key that every test server starts with.
pub const API_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The administrator's application key that every test server starts with.
pub const APP_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// The password of the user `Administrator`.
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// How long a test waits for something before it fails: far longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until something is there; fails with `awaited` when nothing comes.
pub fn eventually<T>(awaited: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for this: {awaited}");
        std::thread::sleep(PAUSE);
    }
}

/// Looks until that is so; fails with `awaited` when it does not become so.
pub fn wait_until(awaited: impl Display, mut is_so: impl FnMut() -> bool) {
    eventually(awaited, || is_so().then_some(()));
}

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

/// A folder that goes when the test ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        durations::note_start();
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        // As SQLite will call it, whatever links lead there.
        Folder(path.canonicalize().expect("the folder"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn db(&self) -> PathBuf {
        self.0.join("rollbook.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program under test: the one that `ROLLBOOK_BINARY` names, else the one that was built with the tests.
pub fn binary() -> OsString {
    std::env::var_os("ROLLBOOK_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_rollbook").into())
}

/// The binary with a clean environment: no `ROLLBOOK_*` variable but the three first-start secrets.
pub fn rollbook() -> Command {
    clean(Command::new(binary()))
}

/// A program that starts the binary, with the same clean environment. Settings of the tests themselves, such as
/// `ROLLBOOK_BROWSER_USERS`, would make the binary warn about a variable that it does not know.
pub fn launcher(program: impl AsRef<OsStr>) -> Command {
    clean(Command::new(program))
}

/// A shell that runs `prelude` (limits, variables) and then becomes the binary.
pub fn rollbook_after(prelude: &str) -> Command {
    let mut command = launcher("sh");
    command.args(["-c", &format!("{prelude}; exec \"$@\""), "sh"]).arg(binary());
    command
}

fn clean(mut command: Command) -> Command {
    durations::note_start();
    for (name, _) in std::env::vars() {
        if name.starts_with("ROLLBOOK_")
            || ["RUST_LOG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS"].contains(&name.as_str())
            // These decide about colours.
            || ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"].contains(&name.as_str())
        {
            command.env_remove(name);
        }
    }
    command
        .env("ROLLBOOK_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("ROLLBOOK_API_KEY", API_KEY)
        .env("ROLLBOOK_APP_KEY", APP_KEY)
        .stdin(Stdio::null());
    command
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

    /// Starts a command that [`serve`] has made, after somebody has changed it.
    pub fn by(mut command: Command, folder: Arc<Folder>) -> Server {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().expect("stderr is piped");
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

    /// What the server has logged so far: all that it says before it listens, and of the rest what has come already. The
    /// line of a request comes some time after its answer; [`Server::stop_for_log`] misses nothing.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until a line of the log contains `text`.
    pub fn wait_for_log(&self, text: &str) {
        let awaited = std::fmt::from_fn(|f| write!(f, "{text:?} in the log:\n{}", self.log()));
        wait_until(awaited, || self.log.lock().unwrap().contains(text));
    }

    /// Waits until so many lines of the log are meant, and returns them; fails when there are more.
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

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the process holds now.
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

    /// Lets the peak of the memory begin anew.
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

/// What a process holds.
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

/// Whether a program of the machine is there. Where it is not, the test goes without it and says so, but not with `CI`
/// set; the package is Debian's.
pub fn has_tool(name: &str, package: &str) -> bool {
    // Any answer will do: not all know the same flags.
    let found = Command::new(name).arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{name}, of Debian's package {package}, is not installed");
    if !found {
        eprintln!("there is no {name} here: not tested");
    }
    found
}

/// Waits until a process has ended by itself.
pub fn wait_for(child: &mut Child) -> ExitStatus {
    let child = Unended(child);
    eventually("the end of a process", || child.0.try_wait().expect("the process can be waited for"))
}

/// A process that does not outlive the wait for its end.
struct Unended<'c>(&'c mut Child);

impl Drop for Unended<'_> {
    fn drop(&mut self) {
        // Of one that has ended nothing is left to be killed.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Runs a command to its end on a database: `run(&folder, &["key", "list"])`.
pub fn run(folder: &Folder, words: &[&str]) -> Output {
    run_with_input(folder, words, "")
}

/// Runs a command to its end with that text on its standard input.
pub fn run_with_input(folder: &Folder, words: &[&str], input: &str) -> Output {
    run_with_bytes(folder, words, input.as_bytes())
}

/// Runs a command to its end with these bytes on its standard input.
pub fn run_with_bytes(folder: &Folder, words: &[&str], input: &[u8]) -> Output {
    let mut command = rollbook();
    command.args(words).env("ROLLBOOK_DB", folder.db());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let _ = child.stdin.take().expect("stdin is piped").write_all(input);
    child.wait_with_output().expect("the command ends")
}

/// The records of an export in JSON lines, without the lines about the file.
pub fn exported_records(text: &str) -> Vec<Value> {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let [begin, records @ .., end] = lines.as_slice() else { panic!("no export: {text}") };
    assert_eq!((&begin["kind"], &end["kind"]), (&json!("export"), &json!("counts")));
    records.to_vec()
}

/// What a command has answered: status, standard output and standard error.
pub fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code().expect("a status"), text(&output.stdout), text(&output.stderr))
}

/// Makes a key with the command line, before the server starts, and returns the secret.
pub fn create_key(folder: &Folder, kind: &str, role: Option<&str>) -> String {
    let mut words = vec!["key", "create", kind, "--name", "test"];
    words.extend(role.iter().flat_map(|role| ["--role", role]));
    let output = run(folder, &words);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// The value of an `Authorization` header.
pub fn basic(user: &str, password: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// A request with the credentials of both dialects; each of `lines` ends in CRLF.
pub fn request(first_line: &str, lines: &str, body: &str) -> String {
    format!("{first_line}\r\nHost: test\r\n{}{lines}\r\n{body}", credentials())
}

/// Header lines that open both dialects.
pub fn credentials() -> String {
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\nAuthorization: {authorization}\r\n")
}

/// A create with these lines in its head.
pub fn create(lines: &str, body: &str) -> String {
    request("POST /api/v1/user HTTP/1.1", lines, body)
}

/// A create that is framed as it should be.
pub fn create_user(handle: &str) -> String {
    let body = json!({"handle": handle}).to_string();
    create(&format!("Content-Length: {}\r\n", body.len()), &body)
}

/// One connection, for those who send several requests or half of one.
#[derive(Debug)]
pub struct Connection<S: Read = TcpStream> {
    reader: BufReader<S>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        Connection::over(TcpStream::connect(address).expect("the server accepts"))
    }

    pub fn over(stream: TcpStream) -> Connection {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // A Unix socket has no such option.
        let _ = stream.set_nodelay(true);
        Connection { reader: BufReader::new(stream) }
    }

    /// The client's port.
    pub fn port(&self) -> u16 {
        self.reader.get_ref().local_addr().expect("an address").port()
    }

    /// Says that nothing more comes from us.
    pub fn finish(&mut self) {
        let _ = self.stream().shutdown(Shutdown::Write);
    }
}

impl<S: Read + Write> Connection<S> {
    /// A connection through something else than a socket.
    pub fn through(stream: S) -> Connection<S> {
        Connection { reader: BufReader::new(stream) }
    }

    pub fn stream(&mut self) -> &mut S {
        self.reader.get_mut()
    }

    pub fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&[u8]>) {
        let mut message = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n").into_bytes();
        for (name, value) in headers {
            message.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if let Some(body) = body {
            message.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(body.unwrap_or_default());
        // A server that refuses early may have closed already: its answer is what counts.
        let _ = self.stream().write_all(&message);
    }

    /// Reads one answer, however it is framed.
    pub fn answer(&mut self, head_only: bool) -> Answer {
        self.try_answer(head_only).expect("an answer")
    }

    /// Reads one answer; `None` when the server closed without one.
    pub fn try_answer(&mut self, head_only: bool) -> Option<Answer> {
        let line = self.line()?;
        let mut words = line.splitn(3, ' ');
        let (_version, status) = (words.next()?, words.next()?.parse().expect("a status"));
        let reason = words.next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, reason, headers, body: Vec::new() };
        if head_only || status == 204 || status == 304 || status < 200 {
            return Some(answer);
        }
        if answer.header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = usize::from_str_radix(&self.line()?, 16).expect("a chunk size");
                let start = answer.body.len();
                answer.body.resize(start + size, 0);
                self.reader.read_exact(&mut answer.body[start..]).ok()?;
                assert_eq!(self.line()?, "");
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = answer.header("Content-Length") {
            answer.body.resize(length.parse().expect("a length"), 0);
            self.reader.read_exact(&mut answer.body).ok()?;
        } else {
            self.reader.read_to_end(&mut answer.body).ok()?;
        }
        Some(answer)
    }

    /// Everything until the server closes.
    pub fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = self.reader.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the server closes: {error}");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => {
                assert!(line.ends_with(b"\r\n"), "a line of the head ends in CRLF: {line:?}");
                line.truncate(line.len() - 2);
                Some(String::from_utf8(line).expect("a head in UTF-8"))
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no line: {error}"),
        }
    }
}

/// Sends these bytes as they are.
pub fn write<S: Read + Write>(connection: &mut Connection<S>, bytes: impl AsRef<[u8]>) {
    // A server that refuses early may have closed already: its answer is what counts.
    let _ = connection.stream().write_all(bytes.as_ref());
}

/// A connection on which these bytes have been sent.
pub fn opened(server: &Server, bytes: impl AsRef<[u8]>) -> Connection {
    let mut connection = Connection::open(server.address);
    write(&mut connection, bytes);
    connection
}

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

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The status and the whole body, for one comparison.
    pub fn parts(&self) -> (u16, Value) {
        (self.status, if self.body.is_empty() { Value::Null } else { self.json() })
    }
}
