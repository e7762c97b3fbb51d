//! The library in another program: this test.

mod child_process;
mod process;
mod verbs;

use crate::support::busy_connection::{busy, finish_busy};
use crate::support::cli::rollbook;
use crate::support::client::{Connection, basic};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY};
use crate::support::wait::wait_until;
use rollbook::{ErrorKind, FirstSecrets, GroupFields, Handle, Listener, Rollbook, Settings, UserFields};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use serde_json::{Value, json};
use socket2::{Domain, SockRef, Socket, Type};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

/// A free port of the loopback.
const ANY_PORT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.secrets.admin_password = Some(ADMIN_PASSWORD.to_owned());
    settings.secrets.api_key = Some(API_KEY.to_owned());
    settings.secrets.app_key = Some(APP_KEY.to_owned());
    settings
}

fn serve(folder: &Folder) -> Handle {
    Rollbook::open_with(folder.db(), settings()).unwrap().serve(ANY_PORT).unwrap()
}

fn call(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> (u16, Value) {
    let body = body.map(|body| body.to_string());
    let mut connection = Connection::open(address);
    connection.send(method, path, headers, body.as_ref().map(String::as_bytes));
    let answer = connection.answer(false);
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

fn datadog(address: SocketAddr, secrets: &FirstSecrets, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let headers = [("DD-API-KEY", secrets.api_key.as_str()), ("DD-APPLICATION-KEY", &secrets.app_key)];
    call(address, method, path, &headers, body)
}

#[test]
fn a_directory_is_used_over_http_and_without() {
    let folder = Folder::new();
    let rollbook = Rollbook::open(folder.db()).unwrap();
    let secrets = rollbook.first_secrets().expect("a new directory has its first secrets").clone();
    for secret in [&secrets.password, &secrets.api_key, &secrets.app_key] {
        assert_eq!(secret.len(), 64, "the length is that of the secrets from the command");
        assert!(!format!("{secrets:?}").contains(secret));
    }
    let directory = rollbook.directory();
    directory.create_group("engineers", &GroupFields::new().label("Engineers")).unwrap();
    let ada = UserFields::new().email("ada@example.com").display_name("Ada").groups(["engineers"]).password("a b c d");
    directory.create_user("ada@example.com", &ada).unwrap();

    // Asynchronous programs bind a socket in this way.
    let listener = TcpListener::bind(SocketAddr::from(ANY_PORT)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let bound = listener.local_addr().unwrap();
    let handle = rollbook.serve(listener).unwrap();
    assert_eq!((handle.address(), handle.addresses()), (bound, [bound].as_slice()));

    let found = datadog(bound, &secrets, "GET", "/api/v1/user/ada@example.com", None);
    assert_eq!((found.0, &found.1["user"]["name"]), (200, &json!("Ada")));
    let grace = json!({"handle": "grace@example.com", "name": "Grace"});
    assert_eq!(datadog(bound, &secrets, "POST", "/api/v1/user", Some(grace)).0, 200);
    let grace = handle.directory().find_user("GRACE@example.com").unwrap().expect("the user that HTTP has created");
    assert_eq!((grace.name.as_str(), grace.display_name.as_deref()), ("grace@example.com", Some("Grace")));
    let authorization = basic("ada@example.com", "a b c d");
    let me = call(bound, "GET", "/nuxeo/api/v1/me", &[("Authorization", &authorization)], None);
    assert_eq!((me.0, &me.1["properties"]["groups"]), (200, &json!(["engineers"])));
    assert_eq!(call(bound, "GET", "/readyz", &[], None).0, 200);

    // Copies of the directory work until the end, and not longer.
    let directory = handle.directory();
    handle.stop().unwrap();
    let refused = directory.find_user("ada@example.com").unwrap_err();
    assert_eq!((refused.kind(), refused.to_string()), (ErrorKind::Closed, "the directory was closed".to_owned()));
    let refused = directory.create_user("later", &UserFields::new()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);
    assert!(std::net::TcpStream::connect(bound).is_err(), "nothing listens any more");

    let again = Rollbook::open_with(folder.db(), settings()).unwrap();
    assert!(again.first_secrets().is_none(), "later secrets have no effect");
    assert!(again.directory().find_user("grace@example.com").unwrap().is_some());
}

#[test]
fn given_secrets_are_those_of_the_new_directory() {
    let folder = Folder::new();
    let rollbook = Rollbook::open_with(folder.db(), settings()).unwrap();
    let secrets = rollbook.first_secrets().unwrap().clone();
    assert_eq!(
        (secrets.password.as_str(), secrets.api_key.as_str(), secrets.app_key.as_str()),
        (ADMIN_PASSWORD, API_KEY, APP_KEY)
    );
    assert!(!format!("{:?}", settings()).contains(API_KEY));
    let handle = rollbook.serve(ANY_PORT).unwrap();
    assert_eq!(datadog(handle.address(), &secrets, "GET", "/api/v1/validate", None).0, 200);
}

#[test]
fn invalid_settings_are_refused_before_a_file_is_made() {
    type Spoil = fn(&mut Settings);
    let rows: [(Spoil, &str); 6] = [
        (|settings| settings.dialects.clear(), "no dialect to serve"),
        (|settings| settings.dialects[0].0 = "ldap".to_owned(), "unknown dialect ldap; known dialects: datadog, nuxeo"),
        (|settings| settings.dialects[0].1 = "/nuxeo".to_owned(), "have the same prefix: /nuxeo"),
        (|settings| settings.password_pattern = Some("(".to_owned()), "invalid password pattern ("),
        (|settings| settings.secrets.admin_password = Some(String::new()), "the first password is empty"),
        (
            |settings| settings.secrets.api_key = settings.secrets.app_key.clone(),
            "have the same value; set different keys",
        ),
    ];
    for (spoil, text) in rows {
        let folder = Folder::new();
        let mut settings = settings();
        spoil(&mut settings);
        let error = Rollbook::open_with(folder.db(), settings).err().expect(text);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(text), "{error} has {text}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{text}");
    }
}

#[test]
fn refused_first_password_leaves_no_directory() {
    let folder = Folder::new();
    let mut strict = settings();
    strict.password_pattern = Some("[0-9]".to_owned());
    let error = Rollbook::open_with(folder.db(), strict.clone()).err().unwrap();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Invalid, "The password doesn't meet requirements")
    );
    strict.secrets.admin_password = Some("correct horse battery 1".to_owned());
    let rollbook = Rollbook::open_with(folder.db(), strict.clone()).unwrap();
    assert_eq!(rollbook.first_secrets().unwrap().password, "correct horse battery 1");
    drop(rollbook);
    // A later pattern does not keep the program from opening its directory.
    strict.password_pattern = Some("^never$".to_owned());
    assert!(Rollbook::open_with(folder.db(), strict).unwrap().first_secrets().is_none());
}

#[test]
fn unusable_file_or_address_is_an_error() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("text"), "not a database, and longer than the head of one").unwrap();
    let error = Rollbook::open(folder.path().join("text")).err().unwrap();
    assert!(error.to_string().contains("the file is not a rollbook database"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Other);
    let taken = TcpListener::bind(SocketAddr::from(ANY_PORT)).unwrap();
    let address = taken.local_addr().unwrap();
    let error = Rollbook::open(folder.db()).unwrap().serve(address).err().unwrap();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    // Nothing of it is left open.
    let mut settings = settings();
    settings.command_socket = false;
    let error = Rollbook::open_with(folder.db(), settings).unwrap().serve_all([]).err().unwrap();
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Invalid, "no listener".to_owned()));
    Rollbook::open(folder.db()).unwrap();
}

#[test]
fn two_directories_are_served_in_one_process() {
    let (one, other) = (Folder::new(), Folder::new());
    let (first, second) = (serve(&one), serve(&other));
    first.directory().create_user("ada", &UserFields::new()).unwrap();
    second.directory().create_user("grace", &UserFields::new()).unwrap();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let status = |handle: &Handle, user: &str| {
        let path = format!("/nuxeo/api/v1/user/{user}");
        call(handle.address(), "GET", &path, &[("Authorization", &authorization)], None).0
    };
    assert_eq!((status(&first, "ada"), status(&first, "grace")), (200, 404));
    assert_eq!((status(&second, "ada"), status(&second, "grace")), (404, 200));
    first.stop().unwrap();
    assert_eq!(status(&second, "grace"), 200);
    second.directory().create_user("hedy", &UserFields::new()).unwrap();
    assert_eq!(status(&second, "hedy"), 200);
}

#[test]
fn a_second_open_is_refused_and_leaves_the_first_its_log() {
    let folder = Folder::new();
    let handle = serve(&folder);
    let log = folder.path().join("rollbook.db-wal");
    handle.directory().create_user("before", &UserFields::new()).unwrap();
    let inode = log.metadata().unwrap().ino();
    for _ in 0..3 {
        let error = Rollbook::open(folder.db()).err().expect("it is open already");
        assert_eq!(error.kind(), ErrorKind::InUse, "{error}");
        assert!(error.to_string().contains("is in use by"), "{error}");
    }
    // If the first process had lost its locks, this command would act as the last program that has the database open:
    // it would remove the WAL and each later change with it.
    let checked = rollbook().arg("check").arg("--db").arg(folder.db()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(log.metadata().map(|log| log.ino()).ok(), Some(inode), "the log is the same file");
    handle.directory().create_user("after", &UserFields::new()).unwrap();
    let shown = rollbook().args(["user", "show", "after", "--db"]).arg(folder.db()).output().unwrap();
    assert!(shown.status.success(), "{shown:?}");
    drop(handle);
    let again = Rollbook::open(folder.db()).unwrap();
    assert!(again.directory().find_user("after").unwrap().is_some());
}

#[test]
fn commands_work_through_the_socket_of_a_program_that_has_one() {
    let folder = Folder::new();
    let add =
        |name: &str| rollbook().args(["user", "add", name, "--verbose", "--db"]).arg(folder.db()).output().unwrap();
    let handle = serve(&folder);
    let added = add("ada");
    assert!(String::from_utf8_lossy(&added.stderr).contains("connected to the server"), "{added:?}");
    assert!(handle.directory().find_user("ada").unwrap().is_some());
    handle.stop().unwrap();
    assert!(!folder.path().join("rollbook.db.sock").exists());

    let mut settings = settings();
    settings.command_socket = false;
    let handle = Rollbook::open_with(folder.db(), settings).unwrap().serve(ANY_PORT).unwrap();
    assert!(!folder.path().join("rollbook.db.sock").exists());
    drop(handle);

    // The server has only its socket, and no address.
    let handle = Rollbook::open(folder.db()).unwrap().serve_all(Vec::<Listener>::new()).unwrap();
    assert!(handle.addresses().is_empty());
    assert!(add("grace").status.success());
    assert!(handle.directory().find_user("grace").unwrap().is_some());
}

#[test]
fn a_process_that_another_thread_starts_does_not_keep_the_directory_in_use() {
    let folder = Folder::new();
    let handle = serve(&folder);
    let lock = folder.db().canonicalize().unwrap().with_extension("db.lock");
    let mut open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let entry = open.find(|entry| std::fs::read_link(entry.path()).is_ok_and(|path| path == lock)).unwrap();
    let number = entry.file_name().to_str().unwrap().parse().unwrap();
    // A child process has such a copy until it runs its program.
    let itself = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let copy = match pidfd_getfd(itself, number, PidfdGetfdFlags::empty()) {
        Err(error) if std::env::var_os("CI").is_none() => return eprintln!("no descriptor can be copied: {error}"),
        copied => copied.unwrap(),
    };
    handle.stop().unwrap();
    let again = Rollbook::open(folder.db()).unwrap();
    // The copy is no part of the lock that is held now.
    drop(copy);
    assert_eq!(Rollbook::open(folder.db()).err().map(|error| error.kind()), Some(ErrorKind::InUse));
    drop(again);
}

#[test]
fn metrics_and_socket_are_served_with_the_directory() {
    let folder = Folder::new();
    let mut settings = settings();
    settings.keep_changes = Duration::from_millis(1);
    settings.metrics_listen = Some(SocketAddr::from(ANY_PORT));
    settings.dialects = vec![("nuxeo".to_owned(), "/people".to_owned())];
    let handle = Rollbook::open_with(folder.db(), settings).unwrap().serve(ANY_PORT).unwrap();
    let mut connection = Connection::open(handle.metrics_address().expect("an address for metrics"));
    connection.send("GET", "/metrics", &[], None);
    assert!(connection.answer(false).text().contains("\nrollbook_users 1\n"));
    let directory = handle.directory();
    directory.create_user("ada", &UserFields::new()).unwrap();
    // All but the newest one are removed: the oldest that is kept comes first.
    wait_until("old changes are removed", || {
        directory.changes(None, 1000, Duration::ZERO).map_or(true, |found| found.changes.len() <= 1)
    });
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let status = |path: &str| call(handle.address(), "GET", path, &[("Authorization", &authorization)], None).0;
    assert_eq!((status("/people/api/v1/user/ada"), status("/nuxeo/api/v1/user/ada")), (200, 404));
    assert_eq!(status("/api/v1/validate"), 404);
}

#[test]
fn a_request_that_has_begun_is_answered_before_the_end() {
    let folder = Folder::new();
    let mut settings = settings();
    settings.metrics_listen = Some(SocketAddr::from(ANY_PORT));
    let handle = Rollbook::open_with(folder.db(), settings).unwrap().serve(ANY_PORT).unwrap();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let mut idle = Connection::open(handle.address());
    idle.send("GET", "/nuxeo/api/v1/me", &[("Authorization", &authorization)], None);
    assert_eq!(idle.answer(false).status, 200);
    let newest = handle.directory().changes(None, 1000, Duration::ZERO).unwrap().next;
    let mut follower = Connection::open(handle.address());
    let path = format!("/rollbook/v1/changes?since={newest}&wait=60");
    follower.send("GET", &path, &[("Authorization", &authorization)], None);
    let mut begun = busy(Connection::open(handle.address()));
    let mut watcher = Connection::open(handle.metrics_address().unwrap());
    wait_until("both requests are under way", || {
        watcher.send("GET", "/metrics", &[], None);
        let page = watcher.answer(false);
        page.text().contains("rollbook_http_requests_in_progress{listener=\"public\"} 2\n")
    });
    let address = handle.address();
    let stopping = std::thread::spawn(move || handle.stop());
    assert_eq!(follower.answer(false).status, 200);
    wait_until("nothing more is accepted", || std::net::TcpStream::connect(address).is_err());
    assert_eq!(finish_busy(&mut begun), 200);
    assert_eq!(idle.rest(), "");
    stopping.join().unwrap().unwrap();
    Rollbook::open(folder.db()).unwrap();
}

#[test]
fn a_socket_that_does_not_listen_is_refused() {
    let folder = Folder::new();
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    bound.bind(&SocketAddr::from(ANY_PORT).into()).unwrap();
    let ended = TcpListener::bind(SocketAddr::from(ANY_PORT)).unwrap();
    SockRef::from(&ended).shutdown(Shutdown::Both).unwrap();
    let datagrams = std::net::UdpSocket::bind(SocketAddr::from(ANY_PORT)).unwrap();
    for socket in [bound.into(), ended, TcpListener::from(OwnedFd::from(datagrams))] {
        let error = Rollbook::open_with(folder.db(), settings()).unwrap().serve(socket).err().unwrap();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Other, "the socket does not listen".to_owned()));
    }
}
