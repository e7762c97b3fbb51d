//! Imports that are killed in each phase and resumed: the result is that of an import without a kill.

use super::{CASE, Case, directory, found, import, write};
use crate::support::cli::{rollbook, run, said};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::rng::Random;
use crate::support::wait::wait_until;
use std::fmt::Write as _;
use std::process::Stdio;

/// Users in each file.
const USERS: usize = 300;
/// Groups in each file.
const GROUPS: usize = 30;
/// A stored value, so that no hash is made by chance.
const HASH: &str = "{SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0";

/// A dump with entries that are refused or missing, and with lost values.
fn ldif() -> String {
    let mut text = String::new();
    for number in 0..GROUPS {
        let name = match number {
            7 => "Administrators".to_owned(),
            8 => "group 3".to_owned(),
            _ => format!("group {number}"),
        };
        let _ = writeln!(text, "dn: cn=group {number},dc=sea\nobjectClass: groupOfNames\ncn: {name}\nowner: x");
        for member in 0..12 {
            let _ = writeln!(text, "member: uid=user{},dc=sea", (number * 31 + member * 17) % (USERS + 40));
        }
        let _ = writeln!(text, "member: cn=group {},dc=sea\n", (number + 1) % GROUPS);
    }
    for number in 0..USERS {
        let login = if number % 50 == 9 { number - 1 } else { number };
        let _ = writeln!(text, "dn: uid=user{number},dc=sea\nobjectClass: inetOrgPerson\nuid: user{login}\nsn: Land");
        let _ = writeln!(text, "uid: alias{number}\nuserPassword: {HASH}");
        if number % 40 == 3 {
            let _ = writeln!(text, "nsAccountLock: perhaps\nmemberOf: cn=nowhere,dc=sea");
        }
        text.push('\n');
    }
    text
}

/// Rows of each kind, some of which are refused, and an administrator who is imported in the last phase.
fn rows() -> Vec<[String; 5]> {
    let mut rows = vec![["user", "Administrator", "", "yes", ""].map(str::to_owned)];
    let row = |kind: &str, name: String, groups: String, hash: &str| {
        [kind.to_owned(), name, groups, String::new(), hash.to_owned()]
    };
    for number in 0..USERS {
        let group = if number % 60 == 9 { "nowhere".to_owned() } else { format!("group {}", number % GROUPS) };
        let name = if number % 70 == 11 { 0 } else { number };
        rows.push(row(
            "user",
            format!("user{name}"),
            group,
            if number % 30 == 4 { "pbkdf2_sha256$1$a$b" } else { HASH },
        ));
        if number % 3 == 0 {
            rows.push(row("member", format!("user{number}"), format!("group {}", number % 7), ""));
        }
        if number % 90 == 5 {
            rows.push(row("member", format!("user{number}"), "nowhere".to_owned(), ""));
        }
    }
    for number in 0..GROUPS {
        let parent = if number % 9 == 8 { number } else { (number + 1) % GROUPS };
        rows.push(row("group", format!("group {number}"), format!("group {parent}"), ""));
        rows.push(row("subgroup", format!("group {number}"), format!("group {}", number / 2), ""));
    }
    rows.push(row("user", "chief".to_owned(), "administrators".to_owned(), HASH));
    rows
}

fn csv() -> String {
    let lines = rows().into_iter().map(|row| row.join(",") + "\n");
    std::iter::once("kind,name,groups,disabled,password\n".to_owned()).chain(lines).collect()
}

fn json_lines() -> String {
    let line = |[kind, name, groups, disabled, password]: [String; 5]| {
        let mut line = serde_json::json!({"kind": kind});
        match kind.as_str() {
            "member" | "subgroup" => {
                line["group"] = groups.into();
                line[if kind == "member" { "user" } else { "subgroup" }] = name.into();
            }
            _ => {
                line["name"] = name.into();
                line["groups"] = serde_json::json!([groups]);
                if !disabled.is_empty() {
                    line["disabled"] = true.into();
                    line["groups"] = serde_json::json!([]);
                }
                if kind == "user" && !password.is_empty() {
                    line["password"] = password.into();
                }
            }
        }
        format!("{line}\n")
    };
    rows().into_iter().map(line).collect()
}

/// All data of a directory except numbers, times and identifiers.
fn whole(folder: &Folder) -> (String, Vec<String>) {
    let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl", "--with-passwords"]));
    assert_eq!(status, 0, "{err}");
    let state = State::of(folder);
    state.assert_sound();
    let mut rest = state.texts(
        "select lower(hex(e.name)) || ' ' || coalesce(u.username, g.name) from entry_names e
         left join users u on u.id = e.user_id left join groups g on g.id = e.group_id order by 1",
    );
    rest.extend(state.texts("select kind || ' ' || name from dangling_members order by 1"));
    rest.extend(state.texts("select username || hex(imported) from passwords join users on id = user_id order by 1"));
    rest.extend(state.texts(
        "select action || ' ' || count(*) from changes where action not like 'key.%' group by action order by 1",
    ));
    assert_eq!(state.rows("select * from imports"), [""; 0]);
    (out, rest)
}

/// Kills imports until one is complete.
fn check(case: &Case, random: &mut Random) {
    let text = case.bytes();
    let straight = import(case, &text, &["--batch", "7"], "file");
    assert_eq!(straight.status, 1, "{}", straight.err);
    let expected = whole(&straight.folder);
    let folder = directory();
    let file = write(&folder, case.file, &text);
    let parts = |folder: &Folder| State::of(folder).rows("select 1 from import_parts").len();
    let (mut kills, mut before) = (0, 0);
    loop {
        let target = before + 1 + random.below(25);
        let mut command = rollbook();
        command.args(["import", &file, "--batch", "7"]).args(case.flags).env("ROLLBOOK_DB", folder.db());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
        let mut has_ended = false;
        wait_until("further parts", || {
            has_ended = child.try_wait().expect("a child").is_some();
            has_ended || parts(&folder) >= target
        });
        let _ = child.kill();
        let status = child.wait().expect("it has ended");
        if has_ended || status.code().is_some() {
            break;
        }
        (kills, before) = (kills + 1, parts(&folder));
        if kills == 5 {
            break;
        }
    }
    assert!(kills > 1, "{kills} kills of {}", case.name);
    let (status, out, err) = said(&run(&folder, &[&["import", &file, "--batch", "7"], case.flags].concat()));
    let plain = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    let (out, err) = (plain(out), plain(err));
    let told: String =
        err.lines().filter(|line| !line.contains("continuing after line")).map(|line| format!("{line}\n")).collect();
    let what = format!("{} after {kills} kills:\n{out}{err}", case.name);
    assert_eq!((status, &out, &told), (1, &straight.out, &straight.err), "{what}");
    let (lines, rest) = whole(&folder);
    assert_eq!(lines, expected.0, "{what}");
    assert_eq!(rest, expected.1, "{what}");
    assert_eq!(found(&folder), found(&straight.folder), "{what}");
}

fn check_file(file: &'static str, text: String, flags: &'static [&'static str]) {
    let mut random = Random::new(Random::seed("ROLLBOOK_KILL_SEED", 2026));
    check(&Case { name: file, file, text: text.leak(), flags, ..CASE }, &mut random);
}

#[test]
fn killed_ldif_import_resumes() {
    check_file("dump.ldif", ldif(), &[]);
}

#[test]
fn killed_csv_import_resumes() {
    check_file("table.csv", csv(), &["--on-conflict", "update"]);
}

#[test]
fn killed_json_lines_import_resumes() {
    check_file("lines.jsonl", json_lines(), &["--on-conflict", "update"]);
}
