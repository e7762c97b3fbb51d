//! Commands and a server that does not answer, goes away, comes back, or is asked by too many.

use crate::support::admin_socket::{send, socket};
use crate::support::cli::{rollbook, run, said, signal};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::{eventually, wait_until};
use serde_json::{Value, json};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

/// The message of a command whose server does not answer within a second.
fn assert_gives_up(folder: &Folder, words: &[&str]) {
    let (status, _, err) = said(&run(folder, &[words, &["--timeout", "1"]].concat()));
    assert_eq!(status, 1, "{words:?}: {err}");
    let message = "within 1s; it hangs, or needs a longer --timeout";
    assert!(err.contains("the server at ") && err.contains(message), "{words:?}: {err}");
}

#[test]
fn command_gives_up_when_the_server_hangs() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let file = folder.path().join("people.jsonl");
    std::fs::write(&file, "{\"user\":\"ada\"}\n").expect("the file");
    let import = ["import", file.to_str().expect("a path")];
    signal(server.pid(), "-STOP");
    for words in
        [&["user", "list"][..], &["user", "add", "bob"], &["log", "--follow"], &["user", "delete", "x"], &import]
    {
        assert_gives_up(&folder, words);
    }
    signal(server.pid(), "-CONT");
    assert_eq!(said(&run(&folder, &import)).0, 0);
    assert_eq!(said(&run(&folder, &["user", "show", "ada", "--timeout", "60"])).0, 0);
    for wrong in ["0", "-1", "soon", "100000"] {
        assert_eq!(run(&folder, &["user", "list", "--timeout", wrong]).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn command_gives_up_when_the_server_accepts_nothing_or_stops_answering() {
    let folder = Folder::new();
    assert_eq!(said(&run(&folder, &["key", "create", "api"])).0, 0);
    let held = std::fs::File::open(folder.path().join("rollbook.db.lock")).expect("the lock");
    held.lock().expect("no other process has it");
    let address = SockAddr::unix(socket(&folder)).expect("a path");
    let new_socket = || Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
    let listener = new_socket();
    listener.bind(&address).and_then(|()| listener.listen(1)).expect("a socket");
    // As many as the kernel keeps for a listener that accepts nothing.
    let waiting: Vec<Socket> = std::iter::from_fn(|| {
        let stream = new_socket();
        stream.set_nonblocking(true).expect("a socket");
        stream.connect(&address).ok().map(|()| stream)
    })
    .collect();
    assert_gives_up(&folder, &["user", "list"]);
    drop(waiting);
    drop(listener);
    std::fs::remove_file(socket(&folder)).expect("the socket");

    let listener = UnixListener::bind(socket(&folder)).expect("a socket");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a command");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").expect("half a head");
        // Reads until the command closes its connection.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_gives_up(&folder, &["user", "list"]);
    thread.join().expect("the command has gone");
}

/// Asks for the changes that come, without a wait for the answer.
fn follow(folder: &Folder) -> UnixStream {
    let order = json!({"account": "me", "order": {"changes": {"after": null, "from": null, "limit": 1, "wait": 60}}});
    let body = order.to_string();
    let mut stream = UnixStream::connect(socket(folder)).expect("the server");
    let head = format!("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("the server");
    stream
}

/// Asks for the changes so far, and waits for them for at most a second.
fn ask(folder: &Folder) -> (u16, Value) {
    let order = json!({"account": "me", "order": {"changes": {"after": 0, "from": null, "limit": 1, "wait": 1}}});
    let body = order.to_string();
    let head = format!("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    send(&socket(folder), &format!("{head}{body}")).parts()
}

#[test]
fn followers_beyond_the_limit_are_refused_and_block_no_other_command() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let mut followers: Vec<UnixStream> = (0..64).map(|_| follow(&folder)).collect();
    // A question that is answered takes a place for a moment, so that a follower can be refused: then another one comes.
    wait_until("64 commands that follow", || {
        let refused = ask(&folder).0 == 429;
        if !refused {
            followers.push(follow(&folder));
        }
        refused
    });
    let message = "64 commands follow the changes already: end one of them (log --follow)";
    assert_eq!(ask(&folder), (429, json!({"error": message})));
    let (status, _, err) = said(&run(&folder, &["log", "--follow"]));
    assert_eq!((status, err), (1, format!("rollbook: {message}\n")));
    for words in [&["user", "add", "ada"][..], &["user", "list"], &["log", "-n", "1"]] {
        assert_eq!(said(&run(&folder, words)).0, 0, "{words:?}");
    }
    // The new user is the change that all have waited for.
    let answered = followers.into_iter().filter_map(|mut follower| {
        let mut start = [0; 12];
        follower.read_exact(&mut start).ok().map(|()| start)
    });
    let counts = answered.fold([0, 0], |[served, refused], start| match &start {
        b"HTTP/1.1 200" => [served + 1, refused],
        b"HTTP/1.1 429" => [served, refused + 1],
        other => panic!("{}", String::from_utf8_lossy(other)),
    });
    assert_eq!(counts[0], 64, "{counts:?}");
    wait_until("a place", || ask(&folder).0 == 200);
    assert!(server.stop().success());
}

/// A command that follows the changes.
struct Following {
    child: Child,
    lines: Receiver<Value>,
    told: Arc<Mutex<String>>,
}

impl Following {
    fn start(folder: &Folder) -> Following {
        let mut command = rollbook();
        command.args(["log", "--follow", "--format", "json", "-n", "1"]).env("ROLLBOOK_DB", folder.db());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let (send, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        let (told, stderr) = (Arc::new(Mutex::new(String::new())), child.stderr.take().expect("stderr is piped"));
        let heard = Arc::clone(&told);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                heard.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Following { child, lines, told }
    }

    fn next(&self) -> Value {
        eventually(format_args!("a change; it has said {:?}", self.told()), || self.lines.try_recv().ok())
    }

    fn told(&self) -> String {
        self.told.lock().unwrap().clone()
    }

    fn wait_for_message(&self, text: &str) {
        wait_until(format_args!("{text:?} in {:?}", self.told()), || self.told().contains(text));
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn follower_resumes_after_a_restart_and_after_a_restore() {
    let folder = Arc::new(Folder::new());
    let create = |server: &Server, name: &str| {
        let body = json!({"handle": format!("{name}@example.com")}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
    };
    let server = Server::over(Arc::clone(&folder), &[]);
    let backup = folder.path().join("backup.db");
    let backup = backup.to_str().expect("a path");
    assert_eq!(said(&run(&folder, &["backup", backup])).0, 0);
    let following = Following::start(&folder);
    assert_eq!(following.next()["id"], 7);
    create(&server, "ada");
    assert_eq!(following.next()["name"], "ada@example.com");
    server.kill();
    following.wait_for_message("connection to the server lost; waiting until it is back\n");
    let server = Server::over(Arc::clone(&folder), &[]);
    create(&server, "bob");
    assert_eq!(following.next()["name"], "bob@example.com");
    following.wait_for_message("the server is back\n");

    // The changes that it has read are lost, and it continues with the later ones.
    assert!(server.stop().success());
    wait_until("the loss", || following.told().matches("connection to the server lost").count() == 2);
    assert_eq!(said(&run(&folder, &["restore", backup])).0, 0);
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(following.next()["action"], "directory.restored");
    create(&server, "cyd");
    assert_eq!(following.next()["name"], "cyd@example.com");
    following.wait_for_message("there is no change 9: a backup from before it was restored");
    assert!(server.stop().success());
}

#[test]
fn follower_resumes_after_a_restore_of_a_backup_without_an_audit_log() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let sql = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/versions/1.sql")).expect("the file");
    let backup = folder.path().join("old.db");
    Database::open(&backup).expect("a file").execute_batch(&sql).expect("the tables");
    let following = Following::start(&folder);
    assert_eq!(following.next()["id"], 7);
    assert!(server.stop().success());
    following.wait_for_message("connection to the server lost");
    assert_eq!(said(&run(&folder, &["restore", backup.to_str().expect("a path")])).0, 0);
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(following.next()["action"], "directory.restored");
    assert_eq!(said(&run(&folder, &["user", "add", "ada"])).0, 0);
    assert_eq!(following.next()["name"], "ada");
    assert!(server.stop().success());
}
