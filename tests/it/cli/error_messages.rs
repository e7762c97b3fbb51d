//! Error messages of commands: each names the option, the command or the name that helps.

use crate::support::cli::{rollbook, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use std::process::Stdio;
use std::sync::Arc;

/// A directory, and files that are refused.
fn folder() -> Folder {
    let folder = Folder::new();
    for words in [
        "key create api",
        "user add ada --group members",
        "user add Grace",
        "group add team",
        "group add inner",
        "group add-member team inner --groups",
        "backup monday.db",
        "export users.csv",
    ] {
        let (status, _, err) = in_folder(&folder, words, "");
        assert_eq!(status, 0, "{words}: {err}");
    }
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("again.csv", "login,groups\nada,\nkim,nowhere\n");
    write("people.txt", "login\nkim\n");
    write("notes.csv", "what,else\n1,2\n");
    std::fs::create_dir(folder.path().join("folder.csv")).expect("a folder");
    folder
}

fn in_folder(folder: &Folder, words: &str, input: &str) -> (i32, String, String) {
    let words = words.split(' ').map(|word| word.trim_matches('\''));
    let mut command = rollbook();
    command.current_dir(folder.path()).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), input.as_bytes());
    said(&child.wait_with_output().expect("it ends"))
}

/// The words of a command, the status, and what standard error says.
const REFUSED: &[(&str, i32, &[&str])] = &[
    // Names.
    ("user show adda", 1, &["user does not exist: adda (is it ada?)"]),
    ("user show grcae", 1, &["user does not exist: grcae (is it Grace?)"]),
    ("user show AD", 1, &["user does not exist: AD (is it ada?)"]),
    ("user show administator", 1, &["(is it Administrator?)"]),
    ("user show zebra", 1, &["user does not exist: zebra (rollbook user list shows all)"]),
    ("user set adda --title x", 1, &["(is it ada?)"]),
    ("user disable adda", 1, &["rollbook: adda: user does not exist: adda (is it ada?)"]),
    ("user enable adda", 1, &["(is it ada?)"]),
    ("user delete adda zebra", 1, &["(is it ada?)", "zebra (rollbook user list shows all)"]),
    ("passwd adda", 1, &["(is it ada?)"]),
    ("user list --group tem", 1, &["group does not exist: tem (is it team?)"]),
    ("user add kim --group memberz", 1, &["group does not exist: memberz (is it members?)"]),
    ("user add kim --group nowhere", 1, &["rollbook group add creates one, rollbook group list shows all"]),
    ("user set ada --group tem", 1, &["(is it team?)"]),
    ("group show taem", 1, &["group does not exist: taem (is it team?)"]),
    ("group show nowhere", 1, &["group does not exist: nowhere (rollbook group list shows all)"]),
    ("group set tem --label x", 1, &["(is it team?)"]),
    ("group delete tem", 1, &["(is it team?)"]),
    ("group add-member tem ada", 1, &["(is it team?)"]),
    ("group add-member team adda", 1, &["(is it ada?)"]),
    ("group add-member team taem --groups", 1, &["(is it team?)"]),
    ("group remove-member team adda", 1, &["(is it ada?)"]),
    // Entries that exist already, or have to stay.
    ("user add ADA", 1, &["user already exists: ADA (rollbook user set changes it)"]),
    ("group add Team", 1, &["group already exists: Team (rollbook group set changes it)"]),
    ("user delete Administrator", 1, &["the last enabled administrator", "rollbook user set NAME --role admin"]),
    ("group add-member inner team --groups", 1, &["closes a cycle", "rollbook group show"]),
    ("key revoke 9", 1, &["there is no valid key 9 (rollbook key list shows all)"]),
    (
        "user add kim --password",
        1,
        &["the password is empty; leave out --password to create a user without a password"],
    ),
    (
        "passwd ada --password-pattern ^.{80}$",
        1,
        &["--password-pattern of the command or of the server sets the allowed passwords"],
    ),
    ("key create api --role read", 2, &["--role: an API key has no role; leave out --role, or create an app key"]),
    // Files.
    ("import again.csv", 1, &["--on-conflict update changes it, skip leaves it", "--create-groups makes it"]),
    (
        "import people.txt",
        2,
        &["--format is needed because the name of the file people.txt does not show whether it is csv, jsonl or ldif"],
    ),
    ("import folder.csv", 1, &["folder.csv: it is a folder: name a file, or - for standard input"]),
    ("import nowhere.csv", 1, &["read nowhere.csv: No such file"]),
    ("import notes.csv", 1, &["--login"]),
    ("import again.csv --report again.csv", 1, &["is the input itself: --report has to name another file"]),
    ("import again.csv --map-group elsewhere=team", 1, &["--map-group: the input has no group"]),
    ("export users.csv", 1, &["users.csv", "(--force overwrites it)"]),
    ("export users.txt", 2, &["--format is needed because the name of the file users.txt"]),
    ("export rollbook.db --format csv --force", 1, &["is the database itself"]),
    ("backup monday.db", 1, &["monday.db is there already (--force overwrites it)"]),
    ("restore nowhere.db", 1, &["nowhere.db"]),
    ("restore users.csv", 1, &["users.csv"]),
    // Databases.
    (
        "user list --db no.db",
        1,
        &["there is no database no.db: use --db to name another file, or rollbook serve to create a database"],
    ),
    ("passwd ada --db no.db", 1, &["there is no database no.db: use --db"]),
    ("check --db no.db", 1, &["there is no database no.db: use --db"]),
    ("export - --format csv --db no.db", 1, &["there is no database no.db: use --db"]),
    ("backup new.db --db no.db", 1, &["there is no database no.db: use --db"]),
    ("log --db no.db", 1, &["there is no database no.db: use --db"]),
    // Servers.
    (
        "healthcheck --listen 127.0.0.1:9",
        1,
        &["connect to the server at 127.0.0.1:9 (use --listen for another address)"],
    ),
    ("pull nuxeo --from http://127.0.0.1:9/nuxeo", 1, &["set NUXEO_PASSWORD or NUXEO_TOKEN"]),
    // The command line.
    ("usr list", 2, &["unrecognized subcommand 'usr'", "'user'"]),
    ("user lst", 2, &["unrecognized subcommand 'lst'", "'list'"]),
    ("bakcup x.db", 2, &["'backup'"]),
    ("user list --format xml", 2, &["table, json, csv"]),
    ("user delete ada --format xml", 2, &["text, json"]),
    ("user list --mtach a", 2, &["'--match'"]),
    ("user purge", 2, &["--older-than <AGE>"]),
    ("user purge --older-than soon", 2, &["--older-than", "90d, 12h, 30m or 10s"]),
    ("user add kim --property x", 2, &["--property", "NAME=JSON"]),
    ("import again.csv --map-group x", 2, &["--map-group", "NAME=GROUP"]),
    ("import again.csv --delimiter ab", 2, &["--delimiter", "not a single character and not tab"]),
    ("log --since yesterday", 2, &["--since", "an RFC 3339 time or now"]),
    ("man key lose", 2, &["unknown command key lose; rollbook help lists the commands"]),
    ("healthcheck --timeout 0", 2, &["--timeout", "seconds"]),
];

#[test]
fn every_refusal_names_a_way_out() {
    let folder = folder();
    let before = said(&rollbook().current_dir(folder.path()).args(["log"]).output().expect("it runs")).1;
    for (words, status, parts) in REFUSED {
        // Entries that a partly refused import has stored must not change the other rows.
        let words =
            if words.starts_with("import again.csv") { format!("{words} --dry-run") } else { (*words).to_owned() };
        let input = if words.contains("--password-pattern") { "short\n" } else { "\n" };
        let (code, out, err) = in_folder(&folder, &words, input);
        assert_eq!(code, *status, "{words}: {out}{err}");
        for part in *parts {
            assert!(err.contains(part), "{words}: no {part:?} in\n{err}");
        }
        assert!(!err.contains("panicked"), "{words}: {err}");
    }
    let after = said(&rollbook().current_dir(folder.path()).args(["log"]).output().expect("it runs")).1;
    assert_eq!(after, before, "a refused command changes nothing");
    assert!(!folder.path().join("no.db").exists());
}

#[test]
fn nearest_name_is_suggested_to_commands_but_not_over_http() {
    let folder = Arc::new(folder());
    let server = Server::over(Arc::clone(&folder), &[]);
    let (status, _, err) = in_folder(&folder, "user show adda -v", "");
    assert_eq!(status, 1);
    assert!(err.contains("connected to the server") && err.contains("user does not exist: adda (is it ada?)"), "{err}");
    for answer in [
        server.nuxeo("GET", "/user/adda", None),
        server.nuxeo("GET", "/group/tem", None),
        server.nuxeo("POST", "/group/tem/user/ada", None),
        server.datadog("GET", "/api/v1/user/adda", None),
        server.datadog("DELETE", "/api/v1/user/adda", None),
    ] {
        let text = answer.text();
        assert!(!text.contains("is it") && !text.contains("rollbook user") && !text.contains("team"), "{text}");
        assert!(answer.status >= 400, "{text}");
    }
}

#[test]
fn nearest_name_is_found_in_a_large_directory() {
    let folder = Folder::new();
    let rows = (0..5000).fold("login\n".to_owned(), |rows, number| rows + &format!("user-{number:04}\n"));
    std::fs::write(folder.path().join("many.csv"), rows + "zoe\n").expect("a file");
    assert_eq!(in_folder(&folder, "import many.csv", "").0, 0);
    for (name, near) in [("zoee", "is it zoe?"), ("usr-0001", "is it user-0001?")] {
        let (status, _, err) = in_folder(&folder, &format!("user show {name}"), "");
        assert_eq!(status, 1);
        assert!(err.contains(near), "{name}: {err}");
    }
}
