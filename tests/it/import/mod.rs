//! Files of other systems: the imported users, the disabled ones, the groups, and the report.

mod csv;
mod directory_servers;
mod export;
mod group_external_id;
mod json;
mod killed;
mod ldif;
mod password_hashes;
mod pipes;
mod pull;
mod resume;
mod round_trip;
mod row_order;
mod rows;
mod sources;
mod sources_and_usage;
mod truncated;

use crate::support::cli::{run, run_with_bytes, said};
use crate::support::database::{BELOW_ADMINISTRATORS, Database, State};
use crate::support::folder::Folder;
use crate::support::server::Server;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// A file, and the result of its import into a new directory.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// The name of the file.
    file: &'static str,
    encoding: Encoding,
    text: &'static str,
    flags: &'static [&'static str],
    /// Each user: the login, then `disabled`, `admin` for an administrator, `read` for read-only and `password` for a
    /// user who can log in, and the groups behind a colon. An unchanged `Administrator` is left out.
    users: &'static [&'static str],
    /// Each group, and behind a colon its subgroups and its pending members. Built-in groups without any are left out.
    groups: &'static [&'static str],
    /// Each line of the report in turn. ` … ` stands for any text, and so does the end.
    report: &'static [&'static str],
    status: i32,
    /// The order of the rows makes no difference.
    shuffled: bool,
}

const CASE: Case = Case {
    name: "",
    file: "",
    encoding: Encoding::Utf8,
    text: "",
    flags: &[],
    users: &[],
    groups: &[],
    report: &[],
    status: 0,
    shuffled: true,
};

/// The bytes of a file.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    /// UTF-8 with a byte order mark.
    Mark,
    Utf16Le,
    Utf16Be,
    Latin1,
    /// UTF-8 with lines that end in CRLF.
    CrLf,
}

impl Encoding {
    fn bytes(self, text: &str) -> Vec<u8> {
        let marked = || std::iter::once(0xfeff).chain(text.encode_utf16());
        match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Mark => format!("\u{feff}{text}").into_bytes(),
            Encoding::Utf16Le => marked().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => marked().flat_map(u16::to_be_bytes).collect(),
            Encoding::Latin1 => text.chars().map(|c| u8::try_from(c).expect("a character of Latin-1")).collect(),
            Encoding::CrLf => text.replace('\n', "\r\n").into_bytes(),
        }
    }
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        self.encoding.bytes(self.text)
    }

    fn format(&self) -> &'static str {
        self.file.rsplit_once('.').expect("a name with an end").1
    }
}

/// Every case, with its number.
fn cases() -> impl Iterator<Item = (usize, &'static Case)> {
    let cases = ldif::LDIF.iter().chain(&csv::TABLES).chain(&json::DOCUMENTS);
    cases.copied().flatten().enumerate()
}

/// A new directory without a server. All are copies of one.
fn directory() -> Folder {
    static FIRST: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = FIRST.get_or_init(|| {
        let folder = Folder::new();
        assert!(run(&folder, &["key", "create", "api"]).status.success());
        std::fs::read(folder.db()).expect("a database")
    });
    let folder = Folder::new();
    std::fs::write(folder.db(), bytes).expect("a database");
    folder
}

fn write(folder: &Folder, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    path.display().to_string()
}

/// The texts that a query finds, in order.
fn texts(db: &Database, sql: &str, id: i64) -> Vec<String> {
    let mut statement = db.prepare(sql).expect("a query");
    let mut found: Vec<String> =
        statement.query_map([id], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts");
    found.sort();
    found
}

/// The users and groups of a directory, as a case has them.
fn found(folder: &Folder) -> (Vec<String>, Vec<String>) {
    let db = Database::open(folder.db()).expect("the database");
    let named = |sql: &str| -> Vec<(i64, String)> {
        let mut statement = db.prepare(sql).expect("a query");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.collect::<Result<_, _>>().expect("names")
    };
    let administrator = format!(
        "select 'admin' where ?1 in (select user_id from memberships where group_id in ({BELOW_ADMINISTRATORS}))"
    );
    let mut users = Vec::new();
    for (id, name) in named("select id, username from users") {
        let mut words = vec![name];
        words.extend(texts(&db, "select 'disabled' from users where id = ?1 and disabled = 1", id));
        words.extend(texts(&db, &administrator, id));
        words.extend(texts(&db, "select 'read' from users where id = ?1 and access_role = 'ro'", id));
        words.extend(texts(&db, "select 'password' from users where id = ?1 and password_hash is not null", id));
        let groups = texts(&db, "select name from groups join memberships on group_id = id where user_id = ?1", id);
        let line = format!("{}: {}", words.join(" "), groups.join(", "));
        if line != "Administrator admin password: administrators" {
            users.push(line.trim_end().to_owned());
        }
    }
    let mut groups = Vec::new();
    for (id, name) in named("select id, name from groups") {
        let mut below = texts(&db, "select name from groups join subgroups on child_id = id where parent_id = ?1", id);
        below.extend(texts(
            &db,
            "select 'waiting ' || kind || ' ' || name from dangling_members where group_id = ?1",
            id,
        ));
        if !(below.is_empty() && ["administrators", "members", "powerusers"].contains(&name.as_str())) {
            groups.push(format!("{name}: {}", below.join(", ")).trim_end().to_owned());
        }
    }
    users.sort();
    groups.sort();
    (users, groups)
}

fn sorted<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines
}

/// The outcome of an import.
struct Imported {
    folder: Arc<Folder>,
    status: i32,
    out: String,
    err: String,
}

/// Imports bytes into a new directory, in one way of several.
fn import(case: &Case, bytes: &[u8], flags: &[&str], way: &str) -> Imported {
    let folder = Arc::new(directory());
    let server = (way == "server").then(|| Server::over(Arc::clone(&folder), &[]));
    let file = write(&folder, case.file, bytes);
    let output = match way {
        "pipe" => {
            let words = [&["import", "-", "--format", case.format()], case.flags, flags].concat();
            run_with_bytes(&folder, &words, bytes)
        }
        "small" => run(&folder, &[&["import", &file, "--batch", "1"], case.flags, flags].concat()),
        _ => run(&folder, &[&["import", &file], case.flags, flags].concat()),
    };
    drop(server);
    let (status, out, err) = said(&output);
    let start = format!("{}/", folder.path().display());
    let plain = |text: String| text.replace(&start, "").replace("standard input", case.file);
    Imported { folder, status, out: plain(out), err: plain(err) }
}

/// True if a line of a report is the expected one.
fn is_told(line: &str, expected: &str) -> bool {
    let mut rest = line;
    expected.split(" … ").enumerate().all(|(index, part)| {
        let found = if index == 0 { rest.starts_with(part).then_some(0) } else { rest.find(part) };
        if let Some(at) = found {
            rest = &rest[at + part.len()..];
        }
        found.is_some()
    })
}

fn check(case: &Case, way: &str) {
    let Imported { folder, status, out, err } = import(case, &case.bytes(), &[], way);
    let (users, groups) = found(&folder);
    let what = format!("{} ({way}):\n{out}{err}", case.name);
    assert_eq!(users, sorted(case.users), "users of {what}");
    assert_eq!(groups, sorted(case.groups), "groups of {what}");
    assert_eq!(status, case.status, "the exit status of {what}");
    let start = format!("{}:", case.file);
    let report: Vec<&str> = err.lines().filter_map(|line| line.strip_prefix(&start)).collect();
    let is_same = report.len() == case.report.len()
        && report.iter().zip(case.report).all(|(line, expected)| is_told(line, expected));
    assert!(is_same, "the report is not\n{}\nof {what}", case.report.join("\n"));
    State::of(&folder).assert_sound();
}

#[test]
fn files_of_other_systems_import_as_expected() {
    cases().for_each(|(_, case)| check(case, "file"));
}

#[test]
fn pipe_and_batches_of_one_row_import_the_same() {
    for (number, case) in cases() {
        check(case, if number % 2 == 0 { "pipe" } else { "small" });
    }
}

#[test]
fn import_through_a_running_server_is_the_same() {
    let all = std::env::var_os("ROLLBOOK_LONG").is_some();
    for (_, case) in cases().filter(|(number, _)| all || number % 6 == 0) {
        check(case, "server");
    }
}

#[test]
fn each_case_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = cases().map(|(_, case)| case.name).collect();
    assert_eq!(names.len(), cases().count());
}
