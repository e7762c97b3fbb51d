//! What the product is compared with: the least that a server of that kind has to do, and `tiny_http`'s own
//! server. Each role is a process; none of this is part of the product.

use crate::plain::{Member, NewUser, Plain, open_to_read, open_to_write};
use rollbook::http::{ListenerKind, Response};
use rollbook::server::{BoundAddress, Limits, Listener, Server, notify_service_manager, raise_descriptor_limit};
use rusqlite::Connection;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// The fixed answer's body, about as long as a user.
const FIXED: &str =
    r#"{"user":{"disabled":false,"handle":"ada@example.com","name":"Ada Lovelace","title":null,"role":null}}"#;
/// Connections for reading, as many as the product has.
const READERS: usize = 4;
/// Threads that take requests from `tiny_http`.
const WORKERS: usize = 4;

/// Where all of them listen: at a port that the kernel chooses.
const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Serves in that role until killed, and tells the parent where, as the product tells its supervisor.
pub fn run(role: &str, database: &Path) {
    match role {
        // (a) A bare blocking loop with a fixed answer.
        "bare" => bare(|_, _, out| respond(out, "200 OK", FIXED.as_bytes())),
        // (b) The same with the look-up.
        "look-up" => {
            let pool = Pool::open(database);
            bare(move |line, _, out| match pool.look_up(path_of(line)) {
                Some(document) => respond(out, "200 OK", &document),
                None => respond(out, "404 Not Found", b"{}"),
            });
        }
        // (c) `tiny_http`, with either.
        "tiny" => tiny(|_| FIXED.into()),
        "tiny-look-up" => {
            let pool = Pool::open(database);
            tiny(move |path| pool.look_up(path).unwrap_or_default());
        }
        // (e) One connection for writing behind a mutex, one commit each.
        "mutex-full" => mutex(database, "full"),
        "mutex-normal" => mutex(database, "normal"),
        // The product's server layer around a fixed answer.
        "layer" => layer(),
        _ => panic!("there is no role {role}"),
    }
}

fn listen() -> TcpListener {
    TcpListener::bind(ANY_PORT).expect("a free port")
}

fn tell(address: SocketAddr) {
    notify_service_manager(&format!("STATUS=listening on http://{address}"));
}

/// One thread a connection: reads to the empty line, reads the body that `Content-Length` announces, answers.
/// `answer` is given the first line and the body.
fn bare(answer: impl Fn(&str, &[u8], &mut Vec<u8>) + Send + Sync + 'static) {
    let listener = listen();
    tell(listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    for stream in listener.incoming().flatten() {
        let answer = Arc::clone(&answer);
        std::thread::spawn(move || {
            // The other side closes in the middle of a read: that is how every connection ends here.
            let _ = serve(stream, &*answer);
        });
    }
}

fn serve(mut stream: TcpStream, answer: impl Fn(&str, &[u8], &mut Vec<u8>)) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut output) = (vec![0; 16 * 1024], Vec::new());
    loop {
        let mut filled = 0;
        let end = loop {
            match stream.read(&mut input[filled..])? {
                0 => return Ok(()),
                count => filled += count,
            }
            if let Some(end) = input[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(&input[..end]).map_err(std::io::Error::other)?;
        let length = if head.starts_with("GET ") { 0 } else { body_length(head) };
        while filled < end + length {
            filled += stream.read(&mut input[filled..])?;
        }
        let head = std::str::from_utf8(&input[..end]).map_err(std::io::Error::other)?;
        let line = head.split("\r\n").next().unwrap_or_default();
        output.clear();
        answer(line, &input[end..filled], &mut output);
        stream.write_all(&output)?;
    }
}

fn body_length(head: &str) -> usize {
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

fn path_of(line: &str) -> &str {
    line.split(' ').nth(1).unwrap_or_default()
}

fn respond(out: &mut Vec<u8>, status: &str, body: &[u8]) {
    let head = "Content-Type: application/json\r\nContent-Length:";
    write!(out, "HTTP/1.1 {status}\r\n{head} {}\r\n\r\n", body.len()).expect("memory takes everything");
    out.extend_from_slice(body);
}

fn tiny(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) {
    let listener = listen();
    let address = listener.local_addr().expect("an address");
    // Accepted sockets inherit it. Without it every answer of two packets would wait 40 ms.
    socket2::SockRef::from(&listener).set_tcp_nodelay(true).expect("a socket option");
    let server = Arc::new(tiny_http::Server::from_listener(listener, None).expect("a server"));
    tell(address);
    let answer = Arc::new(answer);
    let workers = (0..WORKERS).map(|_| {
        let (server, answer) = (Arc::clone(&server), Arc::clone(&answer));
        std::thread::spawn(move || {
            while let Ok(request) = server.recv() {
                let body = answer(request.url());
                let json = tiny_http::Header::from_bytes("Content-Type", "application/json").expect("a header");
                let _ = request.respond(tiny_http::Response::from_data(body).with_header(json));
            }
        })
    });
    let workers: Vec<_> = workers.collect();
    for worker in workers {
        let _ = worker.join();
    }
}

fn layer() {
    rollbook::logging::start(log::LevelFilter::Info, rollbook::logging::Format::Text);
    let limits = Limits {
        connections: 8192,
        connections_per_address: None,
        body_bytes: 1 << 20,
        body_memory: 64 << 20,
        answer_memory: 64 << 20,
        head_timeout: Duration::from_secs(10),
        body_timeout: Duration::from_secs(30),
        idle_timeout: Duration::from_secs(75),
        write_timeout: Duration::from_secs(30),
        grace: Duration::from_secs(10),
    };
    raise_descriptor_limit();
    let listener = Listener::bind(ANY_PORT.into(), &limits).expect("a free port");
    let BoundAddress::Ip(address) = *listener.address() else { unreachable!("it was asked for one") };
    let server = Server::new(ListenerKind::Public, vec![listener], limits).expect("a descriptor");
    tell(address);
    server.run(&Arc::default(), |_| Response::bytes(200, "application/json", FIXED.into()));
}

/// Connections for reading, one for each request at a time.
struct Pool {
    idle: Mutex<Idle>,
    returned: Condvar,
}

struct Idle {
    connections: Vec<Connection>,
    /// Who waits for one: to wake nobody costs a system call too.
    waiting: usize,
}

impl Pool {
    fn open(database: &Path) -> Pool {
        let connections = (0..READERS).map(|_| open_to_read(database)).collect();
        Pool { idle: Mutex::new(Idle { connections, waiting: 0 }), returned: Condvar::new() }
    }

    fn look_up(&self, path: &str) -> Option<Vec<u8>> {
        let mut idle = self.idle.lock().expect("nobody panics with the lock");
        let connection = loop {
            if let Some(connection) = idle.connections.pop() {
                break connection;
            }
            idle.waiting += 1;
            idle = self.returned.wait(idle).expect("nobody panics with the lock");
            idle.waiting -= 1;
        };
        drop(idle);
        let document = Plain(&connection).look_up(path).expect("the database answers");
        let mut idle = self.idle.lock().expect("nobody panics with the lock");
        idle.connections.push(connection);
        if idle.waiting > 0 {
            self.returned.notify_one();
        }
        document
    }
}

fn mutex(database: &Path, synchronous: &str) {
    let connection = Mutex::new(open_to_write(database, synchronous));
    let locked = move |act: &dyn Fn(&Plain<'_>) -> rusqlite::Result<Vec<u8>>| {
        act(&Plain(&connection.lock().expect("nobody panics with the lock"))).expect("the database answers")
    };
    bare(move |line, body, out| {
        let member = path_of(line).strip_prefix("/nuxeo/api/v1/user/").and_then(|rest| rest.split_once("/group/"));
        match member.map(|(user, group)| Member { user, group }) {
            None => {
                let new = NewUser::parse(body).expect("the load sends users");
                locked(&|plain| plain.create(&new).map(|_| Vec::new()));
                respond(out, "200 OK", &new.document());
            }
            Some(member) if line.starts_with("POST ") => {
                respond(out, "201 Created", &locked(&|plain| plain.add(&member)));
            }
            Some(member) => {
                locked(&|plain| plain.remove(&member).map(|()| Vec::new()));
                respond(out, "200 OK", member.user.as_bytes());
            }
        }
    });
}
