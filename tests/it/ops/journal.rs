//! The log in the journal.

use super::json_log::objects;
use crate::support::cli::{name_of, rollbook};
use crate::support::client::{Connection, basic};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, serve};
use crate::support::wait::{eventually, wait_for};
use std::fs::File;
use std::io::Read;
use std::process::{Child, Command};
use std::sync::Arc;

/// A server that does not outlive its test.
struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Logs a message of each level with a server whose standard error is a file, and returns the content of the file.
/// `variable` makes the value of `JOURNAL_STREAM` from the name of the file.
fn log_to_file(flags: &[&str], variable: impl FnOnce(&str) -> String) -> String {
    let folder = Arc::new(Folder::new());
    let path = folder.path().join("log");
    let file = File::create(&path).expect("a file");
    let name = name_of(&file);
    let mut command = serve(&folder, &[&["--log", "trace"], flags].concat());
    command.env("JOURNAL_STREAM", variable(&name)).stderr(file);
    let mut server = Running(command.spawn().expect("the server starts"));
    let log = || std::fs::read_to_string(&path).expect("the log");
    let awaited = std::fmt::from_fn(|f| write!(f, "the address in this log:\n{}", log()));
    let address = eventually(awaited, || {
        let log = log();
        let (address, _) = log.split_once("listening on http://")?.1.split_once('\n')?;
        Some(address.trim_end_matches(['"', '}']).parse().expect("the address"))
    });
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let mut connection = Connection::open(address);
    for level in ["error", "warn", "info", "debug", "trace"] {
        let body = format!(r#"{{"params":{{"message":"a word of {level}","level":"{level}"}}}}"#);
        let headers = [("Authorization", authorization.as_str()), ("X-Request-Id", level)];
        connection.send("POST", "/nuxeo/api/v1/automation/Log", &headers, Some(body.as_bytes()));
        assert_eq!(connection.answer(false).status, 204);
    }
    drop(connection);
    assert!(Command::new("kill").arg(server.0.id().to_string()).status().expect("kill runs").success());
    assert!(wait_for(&mut server.0).success());
    log()
}

#[test]
fn lines_for_the_journal_have_a_priority_in_place_of_time_and_level() {
    let log = log_to_file(&[], str::to_owned);
    for line in log.lines() {
        assert!(["<3>", "<4>", "<6>", "<7>"].contains(&&line[..3]), "{line}");
        assert!(!line.contains("[20") && !line.contains("INFO"), "{line}");
    }
    for (level, priority) in [("error", 3), ("warn", 4), ("info", 6), ("debug", 7), ("trace", 7)] {
        let line = format!("<{priority}>Administrator says: a word of {level} (request {level})\n");
        assert!(log.contains(&line), "no {line} in:\n{log}");
        assert!(log.lines().any(|line| {
            line.starts_with("<6>POST /nuxeo/api/v1/automation/Log 204 nuxeo Administrator ")
                && line.ends_with(&format!(" ms {level}"))
        }));
    }
    assert!(log.contains("<6>stopped\n"), "{log}");
}

#[test]
fn json_for_the_journal_has_a_priority_before_each_object() {
    let log = log_to_file(&["--log-format", "json"], str::to_owned);
    let level = |priority: &str| match priority {
        "<3>" => &["error"][..],
        "<4>" => &["warn"],
        "<6>" => &["info"],
        _ => &["debug", "trace"],
    };
    let (mut bare, mut levels) = (String::new(), Vec::new());
    for line in log.lines() {
        levels.push(level(&line[..3]));
        bare.push_str(&line[3..]);
        bare.push('\n');
    }
    let objects = objects(&bare);
    assert!(objects.len() > 10, "{log}");
    for (object, levels) in objects.iter().zip(levels) {
        assert!(levels.contains(&object["level"].as_str().expect("a level")), "{object}");
    }
}

#[test]
fn a_variable_that_names_another_stream_changes_nothing() {
    let elsewhere = name_of(File::open("/dev/null").expect("a device"));
    let other = |number: &str| number.parse::<u64>().expect("a number").wrapping_add(1);
    let variables = |device: &str, inode: &str| {
        [
            format!("{}:{inode}", other(device)),
            format!("{device}:{}", other(inode)),
            format!("{inode}:{device}"),
            format!("{device}:{inode}:{inode}"),
            format!("{device} {inode}"),
            elsewhere.clone(),
            "a:b".to_owned(),
            String::new(),
        ]
    };
    for row in 0..8 {
        let log = log_to_file(&[], |name| {
            let (device, inode) = name.split_once(':').expect("two numbers");
            variables(device, inode)[row].clone()
        });
        assert!(log.lines().all(|line| line.starts_with("[20")), "variable {row}:\n{log}");
        assert!(log.contains(" ERROR] Administrator says: a word of error (request error)\n"), "{row}:\n{log}");
    }
}

#[test]
fn failed_command_is_logged_to_the_journal() {
    let folder = Folder::new();
    // A pipe is as good as a file.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = rollbook();
    command.args(["check", "--db"]).arg(folder.db()).env("JOURNAL_STREAM", name_of(&writer)).stderr(writer);
    assert_eq!(command.status().expect("the command runs").code(), Some(1));
    drop(command);
    let mut said = String::new();
    reader.read_to_string(&mut said).expect("text");
    let why = format!(
        "<3>there is no database {}: use --db to name another file, or rollbook serve to create a database\n",
        folder.db().display()
    );
    assert_eq!(said, why);
}
