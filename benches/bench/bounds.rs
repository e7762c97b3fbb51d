//! The baselines: minimal servers, and `tiny_http`'s own server. Each role is a process of its own, and no part of the
//! product.

use crate::plain::{Member, NewUser, Plain, open_to_read, open_to_write};
use rollbook::http::{ListenerKind, Response};
use rollbook::server::{BoundAddress, Limits, Listener, Server, notify_service_manager, raise_descriptor_limit};
use rusqlite::Connection;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Body of the fixed response, about as long as a user document.
const FIXED_BODY: &str =
    r#"{"user":{"disabled":false,"handle":"ada@example.com","name":"Ada Lovelace","title":null,"role":null}}"#;
/// Read connections, as many as the product has.
const READERS: usize = 4;
/// Threads that take requests from `tiny_http`.
const WORKERS: usize = 4;

/// The address of every baseline. The kernel chooses the port.
const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Serves in that role until killed. Reports the address to the parent as the product does, by sd_notify(3).
pub fn run(role: &str, database: &Path) {
    match role {
        // (a) A bare blocking loop with a fixed response.
        "bare" => bare(|_, _, out| respond(out, "200 OK", FIXED_BODY.as_bytes())),
        // (b) The same with the look-up.
        "look-up" => {
            let pool = Pool::open(database);
            bare(move |line, _, out| match pool.look_up(path_of(line)) {
                Some(document) => respond(out, "200 OK", &document),
                None => respond(out, "404 Not Found", b"{}"),
            });
        }
        // (c) `tiny_http`, with a fixed response or the look-up.
        "tiny" => tiny(|_| FIXED_BODY.into()),
        "tiny-look-up" => {
            let pool = Pool::open(database);
            tiny(move |request| pool.look_up(request.url()).unwrap_or_default());
        }
        // The same with all operations: a server as plain as it gets, which `peers.py` starts.
        "plain" => plain(database),
        // (e) One write connection behind a mutex, one commit for each request.
        "mutex-full" => mutex(database, "full"),
        "mutex-normal" => mutex(database, "normal"),
        "mutex-indexed" => {
            add_index(database).expect("the database takes an index");
            mutex(database, "full");
        }
        // The product's server layer with a fixed response.
        "layer" => layer(),
        _ => panic!("there is no role {role}"),
    }
}

fn listen() -> TcpListener {
    TcpListener::bind(ANY_PORT).expect("a free port")
}

fn report_address(address: SocketAddr) {
    notify_service_manager(&format!("STATUS=listening on http://{address}"));
}

/// One thread for each connection: reads up to the empty line, reads a body of `Content-Length`, and responds. `answer` gets
/// the request line and the body.
fn bare(answer: impl Fn(&str, &[u8], &mut Vec<u8>) + Send + Sync + 'static) {
    let listener = listen();
    report_address(listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    for stream in listener.incoming().flatten() {
        let answer = Arc::clone(&answer);
        std::thread::spawn(move || {
            // An error is expected: each connection ends when the client closes it.
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
    write!(out, "HTTP/1.1 {status}\r\n{head} {}\r\n\r\n", body.len()).expect("a write to memory succeeds");
    out.extend_from_slice(body);
}

fn tiny(answer: impl Fn(&mut tiny_http::Request) -> Vec<u8> + Send + Sync + 'static) {
    let listener = listen();
    let address = listener.local_addr().expect("an address");
    // Accepted sockets inherit the option. Without it, each response of two packets would wait 40 ms.
    socket2::SockRef::from(&listener).set_tcp_nodelay(true).expect("a socket option");
    let server = Arc::new(tiny_http::Server::from_listener(listener, None).expect("a server"));
    report_address(address);
    let answer = Arc::new(answer);
    let workers = (0..WORKERS).map(|_| {
        let (server, answer) = (Arc::clone(&server), Arc::clone(&answer));
        std::thread::spawn(move || {
            while let Ok(mut request) = server.recv() {
                let body = answer(&mut request);
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

fn plain(database: &Path) {
    let pool = Pool::open(database);
    let writer = Mutex::new(open_to_write(database, "full"));
    tiny(move |request| {
        if *request.method() != tiny_http::Method::Post {
            return pool.look_up(request.url()).unwrap_or_default();
        }
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body).expect("the client sends a body");
        let new = NewUser::parse(&body).expect("the load generator sends users");
        let writer = writer.lock().expect("no thread panics while it holds the lock");
        Plain(&writer).create(&new).expect("the database takes the user");
        new.document()
    });
}

/// Adds a trigger that writes the audit log and a table of trigrams in the transaction of a change.
fn add_index(database: &Path) -> rusqlite::Result<()> {
    open_to_write(database, "full").execute_batch(
        "create table bench_numbers (n integer primary key) strict;
         insert into bench_numbers
             with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 2048)
             select n from numbers;
         create table bench_grams (gram text, user_id integer, primary key (gram, user_id)) strict, without rowid;
         insert or ignore into bench_grams
             select substr(text, n, 3), id from bench_numbers, (select id, lower(concat_ws(' ', username, first_name,
                 last_name, display_name, email)) as text from users) where n <= length(text) - 2;
         create trigger bench_grams_inserted after insert on users begin
             insert or ignore into bench_grams
                 select substr(text, n, 3), new.id from bench_numbers, (select lower(concat_ws(' ', new.username,
                     new.first_name, new.last_name, new.display_name, new.email)) as text)
                 where n <= length(text) - 2;
             insert into changes (at, caller_kind, caller, dialect, action, name, after)
                 values (new.created_at, 'key', 'bench', 'bench', 'user.created', new.username,
                     json_object('uuid', new.uuid, 'display_name', new.display_name));
         end;",
    )
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
    let BoundAddress::Ip(address) = *listener.address() else { unreachable!("the listener is bound to an IP address") };
    let server = Server::new(ListenerKind::Public, vec![listener], limits).expect("a descriptor");
    report_address(address);
    server.run(&Arc::default(), |_| Response::bytes(200, "application/json", FIXED_BODY.into()));
}

/// Read connections, each used by one request at a time.
struct Pool {
    idle: Mutex<Idle>,
    returned: Condvar,
}

struct Idle {
    connections: Vec<Connection>,
    /// Number of waiting threads: a notification is a system call, even if no thread waits.
    waiting: usize,
}

impl Pool {
    fn open(database: &Path) -> Pool {
        let connections = (0..READERS).map(|_| open_to_read(database)).collect();
        Pool { idle: Mutex::new(Idle { connections, waiting: 0 }), returned: Condvar::new() }
    }

    fn look_up(&self, path: &str) -> Option<Vec<u8>> {
        let mut idle = self.idle.lock().expect("no thread panics while it holds the lock");
        let connection = loop {
            if let Some(connection) = idle.connections.pop() {
                break connection;
            }
            idle.waiting += 1;
            idle = self.returned.wait(idle).expect("no thread panics while it holds the lock");
            idle.waiting -= 1;
        };
        drop(idle);
        let document = Plain(&connection).read(path).expect("the database answers");
        let mut idle = self.idle.lock().expect("no thread panics while it holds the lock");
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
        act(&Plain(&connection.lock().expect("no thread panics while it holds the lock")))
            .expect("the database answers")
    };
    bare(move |line, body, out| {
        let member = path_of(line).strip_prefix("/nuxeo/api/v1/user/").and_then(|rest| rest.split_once("/group/"));
        match member.map(|(user, group)| Member { user, group }) {
            None => {
                let new = NewUser::parse(body).expect("the load generator sends users");
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
