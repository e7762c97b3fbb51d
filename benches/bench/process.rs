//! The measured servers: each is a process with a folder of its own.

use crate::load;
use crate::requests;
use crate::tls::{Client, tls_file};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How often the memory of a command is sampled.
const MEMORY_SAMPLE_INTERVAL: Duration = Duration::from_millis(5);

/// The product.
pub const ROLLBOOK: &str = env!("CARGO_BIN_EXE_rollbook");

/// How long a server may take to its first response.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a starting server is checked for an early exit.
const EXIT_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// A folder that is removed on drop.
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder for this run.
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the bench");
        Folder(path)
    }

    /// The database in it.
    pub fn database(&self) -> PathBuf {
        self.file("rollbook.db")
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Copies the database, which no process has open, to a new folder.
    pub fn copy(&self) -> Folder {
        let folder = Folder::new();
        fs::copy(self.database(), folder.database()).expect("a copy of the database");
        // Unwritten pages would slow down the next process that waits for the disk.
        File::open(folder.database()).and_then(|file| file.sync_all()).expect("a copy on the disk");
        folder
    }

    /// Removes folders of runs that were interrupted.
    pub fn clean_up() {
        for entry in fs::read_dir(env!("CARGO_TARGET_TMPDIR")).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let owner = name.strip_prefix("bench-").and_then(|rest| rest.split('-').next());
            if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The product, or an earlier build of it, without any settings.
fn rollbook(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROLLBOOK_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a command of the product to its end. Returns its duration and its peak resident memory in MiB.
pub fn run(arguments: &[&OsStr]) -> (Duration, f64) {
    run_program(ROLLBOOK.as_ref(), arguments)
}

/// The same with an earlier build of the product.
pub fn run_program(program: &Path, arguments: &[&OsStr]) -> (Duration, f64) {
    let mut command = rollbook(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let mut running = Running(command.spawn().expect("the command starts"));
    let mut peak = 0.0;
    let status = loop {
        // The value disappears with the process, so the last one counts.
        peak = status(running.0.id(), "VmHWM:").unwrap_or(peak);
        if let Some(status) = running.0.try_wait().expect("a child can be waited for") {
            break status;
        }
        std::thread::sleep(MEMORY_SAMPLE_INTERVAL);
    };
    let time = start.elapsed();
    assert!(status.success(), "{arguments:?}: {status}");
    (time, peak)
}

/// A line of the status of a process (proc(5)), in MiB.
fn status(process: u32, name: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
}

/// A running server.
pub struct Process {
    running: Running,
    /// The address of the server.
    pub address: SocketAddr,
    /// Time from the start of the process to the end of its first response.
    pub started_in: Duration,
    folder: Folder,
}

/// A child process that is killed on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// The product with its default settings on the database in that folder; its log goes into a file there.
    pub fn rollbook(folder: Folder) -> Process {
        Process::of_program(ROLLBOOK.as_ref(), folder)
    }

    /// The same with an earlier build of the product.
    pub fn of_program(program: &Path, folder: Folder) -> Process {
        let mut command = rollbook(program);
        command
            .env("ROLLBOOK_ADMIN_PASSWORD", requests::ADMIN_PASSWORD)
            .env("ROLLBOOK_API_KEY", requests::API_KEY)
            .env("ROLLBOOK_APP_KEY", requests::APP_KEY);
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.database());
        // The first response needs the database.
        Process::start(command, folder, |address| load::fetch(address, &requests::administrator(), 200).map(drop))
    }

    /// The product with a certificate.
    pub fn rollbook_with_tls(folder: Folder, client: &Client) -> Process {
        let mut command = rollbook(ROLLBOOK.as_ref());
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.database());
        command.arg("--tls-cert").arg(tls_file("server.pem")).arg("--tls-key").arg(tls_file("server.key"));
        Process::start(command, folder, |address| client.secure(TcpStream::connect(address)?).map(drop))
    }

    /// A baseline: this program in another role, on the database in that folder.
    pub fn bound(role: &str, folder: Folder) -> Process {
        let mut command = Command::new(std::env::current_exe().expect("the file of this program"));
        command.args(["--role", role]).arg(folder.database());
        Process::start(command, folder, |address| TcpStream::connect(address).map(drop))
    }

    fn start(mut command: Command, folder: Folder, reach: impl Fn(SocketAddr) -> std::io::Result<()>) -> Process {
        let log = folder.0.join("log");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log).expect("a file for the log"));
        let manager = ServiceManager::of(&mut command);
        let start = Instant::now();
        let mut running = Running(command.spawn().expect("a server starts"));
        let fail = |reason: String| -> ! {
            panic!("a server does not respond: {reason}\n{}", fs::read_to_string(&log).unwrap_or_default());
        };
        let address = loop {
            if let Some(address) = manager.address() {
                break address;
            }
            let ended = running.0.try_wait().expect("a child can be waited for");
            if ended.is_some() || start.elapsed() > START_TIMEOUT {
                fail(format!("it does not report its address; ended: {ended:?}"));
            }
        };
        reach(address).unwrap_or_else(|error| fail(error.to_string()));
        Process { running, address, started_in: start.elapsed(), folder }
    }

    /// Stops the process gracefully and returns its folder.
    pub fn stop(self) -> Folder {
        use rustix::process::{Pid, Signal, kill_process};
        let Process { mut running, folder, .. } = self;
        kill_process(Pid::from_child(&running.0), Signal::TERM).expect("a child takes a signal");
        running.0.wait().expect("a child can be waited for");
        folder
    }

    /// Stops the process once that is true of its database.
    pub fn stop_when(self, is_ready: impl Fn(&Path) -> bool) -> Folder {
        while !is_ready(&self.folder.database()) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.stop()
    }

    /// The identifier of the process.
    pub fn id(&self) -> u32 {
        self.running.0.id()
    }

    /// The database that it serves.
    pub fn database(&self) -> PathBuf {
        self.folder.database()
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    /// Current resident memory, in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// Peak resident memory since the last call of [`Process::reset_peak`], in MiB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    /// Resets the peak (proc(5): 5 in `clear_refs`).
    pub fn reset_peak(&self) {
        fs::write(self.proc("clear_refs"), "5").expect("the peak of a child can be reset");
    }

    /// Bytes read so far, from files and sockets, in MiB.
    pub fn read(&self) -> f64 {
        let text = fs::read_to_string(self.proc("io")).expect("the counters of a child");
        let bytes = text.lines().find_map(|line| line.strip_prefix("rchar:")).expect("the counter of reads");
        bytes.trim().parse::<f64>().expect("a number") / 1024.0 / 1024.0
    }

    fn status(&self, name: &str) -> f64 {
        status(self.running.0.id(), name).expect("a line of the status of a child")
    }

    fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc").join(self.running.0.id().to_string()).join(file)
    }
}

/// Receives the address of a server, whose port the kernel chooses, by the protocol of sd_notify(3).
struct ServiceManager(UnixDatagram);

impl ServiceManager {
    /// A socket that the server of that command will send its address to.
    fn of(command: &mut Command) -> ServiceManager {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("rollbook-bench-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let address = UnixAddress::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket");
        socket.set_read_timeout(Some(EXIT_CHECK_INTERVAL)).expect("a time limit");
        command.env("NOTIFY_SOCKET", format!("@{name}"));
        ServiceManager(socket)
    }

    /// The address of the server, if it arrives soon.
    fn address(&self) -> Option<SocketAddr> {
        let mut bytes = [0; 4096];
        let count = self.0.recv(&mut bytes).ok()?;
        let text = std::str::from_utf8(&bytes[..count]).ok()?;
        let (_, url) = text.split_once("STATUS=listening on ")?;
        url.split_once("://")?.1.trim_end().parse().ok()
    }
}
