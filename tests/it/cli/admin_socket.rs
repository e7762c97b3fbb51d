//! The Unix socket for commands.

use crate::support::admin_socket::{send, socket};
use crate::support::cli::{rollbook, run, said};
use crate::support::client::Answer;
use crate::support::folder::Folder;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

#[test]
fn socket_is_private_to_its_owner_and_removed_with_the_server() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let mode = std::fs::metadata(socket(&folder)).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(server.stop().success());
    assert!(!socket(&folder).exists());
    // Files left by a crash are no obstacle.
    Server::over(Arc::clone(&folder), &[]).kill();
    assert!(socket(&folder).exists());
    assert_eq!(said(&run(&folder, &["user", "list"])).0, 0);
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(said(&run(&folder, &["user", "list", "-v"])).2.contains("connected to the server"));
    server.stop();
    // Any link to the database finds its socket.
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(folder.db(), &link).expect("a link");
    let _server = Server::over(Arc::clone(&folder), &[]);
    let listed = rollbook().args(["user", "list", "-v", "--db"]).arg(&link).output().expect("the command runs");
    assert!(said(&listed).2.contains("connected to the server"), "{listed:?}");
}

#[test]
fn server_without_a_socket_still_serves() {
    let folder = Arc::new(Folder::new());
    std::fs::write(socket(&folder), "mine").expect("a file");
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(server.log().contains("cannot open the admin socket"), "{}", server.log());
    assert_eq!(server.datadog("GET", "/api/v1/user", None).status, 200);
    let (status, _, err) = said(&run(&folder, &["user", "list"]));
    assert_eq!(status, 1);
    assert!(err.contains("is in use by another process"), "{err}");
    assert!(server.stop().success());
    assert_eq!(std::fs::read_to_string(socket(&folder)).expect("the file"), "mine");
}

#[test]
fn socket_path_may_be_long() {
    let folder = Arc::new(Folder::new());
    let deep = folder.path().join("a".repeat(60)).join("b".repeat(60)).join("c".repeat(60));
    std::fs::create_dir_all(&deep).expect("a folder");
    let db = deep.join("rollbook.db");
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&db);
    let _server = Server::by(command, folder);
    let listed = rollbook().args(["user", "list", "-v", "--db"]).arg(&db).output().expect("the command runs");
    let (status, out, err) = said(&listed);
    assert!(status == 0 && out.contains("Administrator") && err.contains("connected to the server"), "{out}{err}");
}

#[test]
fn socket_answers_every_wrong_request_with_a_reason() {
    let server = Server::start();
    let path = socket(&server.folder);
    let post = |target: &str, body: &str| {
        send(&path, &format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    };
    let order = |order: Value| post("/orders", &json!({"account": "me", "order": order}).to_string());
    let refused = |answer: Answer, status: u16, words: &str| {
        assert_eq!(answer.status, status, "{}", answer.text());
        let error = answer.json()["error"].as_str().expect("a reason").to_owned();
        assert!(error.contains(words), "{error}");
    };
    refused(post("/x", ""), 404, "there is nothing at this path");
    refused(send(&path, "GET /orders HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "an order is posted");
    refused(send(&path, "nonsense\r\n\r\n"), 400, "");
    refused(post("/orders", "{"), 400, "the order cannot be read");
    refused(post("/orders", r#"{"account":"me","order":{"sing":{}}}"#), 400, "unknown variant `sing`");
    refused(order(json!({"user": {"name": "nobody"}})), 404, "user does not exist: nobody");
    refused(order(json!({"add_user": {"name": "administrator"}})), 409, "user already exists");
    refused(order(json!({"add_user": {"name": " "}})), 400, "user name is blank");
    refused(order(json!({"delete_user": {"name": "administrator"}})), 409, "the last enabled administrator");
    refused(
        order(json!({"changes": {"after": 99, "from": null, "limit": 1, "wait": 0}})),
        410,
        "there is no change 99",
    );
    let done = order(json!({"delete_group": {"name": "members"}}));
    assert_eq!(done.parts(), (200, Value::Null));
    // The public address serves neither the endpoint of the socket nor the effects of its orders.
    assert_eq!(server.request("POST", "/orders", &[], Some(b"{}")).status, 404);
    server.wait_for_log("POST /orders 200 command me");
}

#[test]
fn server_that_stops_during_a_command_is_reported() {
    let folder = Folder::new();
    assert_eq!(said(&run(&folder, &["key", "create", "api"])).0, 0);
    // A process that holds the database, listens and hangs up.
    let held = std::fs::File::open(folder.path().join("rollbook.db.lock")).expect("the lock");
    held.lock().expect("no other process has it");
    let listener = UnixListener::bind(socket(&folder)).expect("a socket");
    let thread = std::thread::spawn(move || drop(listener.accept()));
    let (status, _, err) = said(&run(&folder, &["user", "list"]));
    assert_eq!(status, 1);
    assert!(err.contains("send the request to the server"), "{err}");
    thread.join().expect("it has hung up");
}
