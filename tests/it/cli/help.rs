//! The help of each command: a sentence at its beginning, and examples at its end that run as they are printed.

use crate::support::cli::{binary, rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The help of the command with that name: `user list`.
fn help_of(path: &str) -> String {
    let words: Vec<&str> = path.split_whitespace().chain(["--help"]).collect();
    let (status, out, err) = said(&run(&Folder::new(), &words));
    assert_eq!((status, err.as_str()), (0, ""), "{path}");
    out
}

/// The names of the commands below one, as its help has them.
fn below(path: &str, help: &str) -> Vec<String> {
    let commands = help.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let names = commands.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty() && name != "help").then(|| format!("{path} {name}").trim().to_owned())
    });
    names.collect()
}

/// The help of the program, of each command, and of those below it.
fn all() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![String::new()];
    while let Some(path) = waiting.pop() {
        let help = help_of(&path);
        waiting.extend(below(&path, &help));
        all.insert(path, help);
    }
    assert!(all.len() > 30, "{:?}", all.keys());
    all
}

/// The lines behind the word `Examples:`.
fn examples(help: &str) -> Vec<&str> {
    help.split("\nExamples:\n")
        .nth(1)
        .unwrap_or_default()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn each_help_begins_with_a_sentence_and_ends_with_two_examples() {
    for (path, help) in all() {
        let first = help.split("\n\n").next().expect("a paragraph").replace('\n', " ");
        assert!(first.starts_with(|c: char| c.is_ascii_uppercase()) && first.ends_with('.'), "{path}: {first}");
        let words = help.to_lowercase();
        for word in ["nobody", "somebody", "everybody", "whoever", "anew"] {
            assert!(!words.contains(word), "rollbook {path} --help has the word {word}");
        }
        let examples = examples(&help);
        assert_eq!(examples.len(), 2, "rollbook {path} --help: {help}");
        for example in examples {
            let begins = example.starts_with(&format!("rollbook {path}")) || path.is_empty();
            assert!(begins, "rollbook {path} --help: {example}");
            // On a terminal of 80 columns it is one line.
            assert!(example.len() <= 78, "{example}");
        }
    }
}

#[test]
fn help_describes_the_database_option_of_each_command() {
    for (path, help) in all() {
        let folder = Folder::new();
        let made = help.contains("Database file; created if it does not exist");
        let needed = help.contains("Database file; it must exist");
        let words: &[&str] = match path.as_str() {
            "import" => {
                std::fs::write(folder.path().join("people.csv"), "login\nkim\n").expect("a file");
                &["import", "people.csv"]
            }
            "key create" => &["key", "create", "api"],
            "user list" | "group list" | "key list" | "log" | "check" => {
                assert!(needed && !made, "{path}");
                &path.split(' ').collect::<Vec<_>>()
            }
            "export" => &["export", "-", "--format", "csv"],
            "backup" => &["backup", "copy.db"],
            "user show" => &["user", "show", "ada"],
            "passwd" => &["passwd", "ada"],
            _ => continue,
        };
        let mut command = rollbook();
        command.current_dir(folder.path()).args(words).stdin(Stdio::null());
        let (status, _, err) = said(&command.output().expect("the command runs"));
        assert_eq!(folder.db().exists(), made, "{path}: {err}");
        assert_ne!(made, needed, "{path}");
        if needed {
            assert_eq!(status, 1, "{path}: {err}");
            assert!(err.contains("there is no database rollbook.db"), "{path}: {err}");
        }
    }
    // Commands without a database do not speak of one.
    for path in ["healthcheck", "completions", "man"] {
        assert!(!help_of(path).contains("--db"), "{path}");
    }
}

/// A directory with what the examples name, and the files that they read.
fn prepared() -> Folder {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name);
    for words in [
        &["key", "create", "api"][..],
        &["user", "add", "ada", "--group", "members"],
        &["user", "add", "bob", "--disabled", "true"],
        &["group", "add", "team", "--label", "The team"],
        &["group", "add-member", "team", "ada"],
        &["backup", path("monday.db").to_str().unwrap()],
    ] {
        assert_eq!(said(&run(&folder, words)).0, 0, "{words:?}");
    }
    std::fs::write(path("people.csv"), "login,email,groups\nkim,kim@example.com,members\n").expect("a file");
    let entry = "dn: uid=kim,ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: kim\ncn: Kim\nsn: K\n";
    std::fs::write(path("people.ldif"), entry).expect("a file");
    std::fs::write(path("password.txt"), "correct horse\n").expect("a file");
    folder
}

/// Copies the files of a folder.
fn copy(from: &Path) -> Folder {
    let folder = Folder::new();
    for entry in std::fs::read_dir(from).expect("the folder").flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    folder
}

/// Runs a line in that folder as a shell does, where `rollbook` is the program under test.
fn shell(folder: &Folder, line: &str, listen: &str) -> Command {
    let mut command = crate::support::cli::launcher("bash");
    let words = format!("set -e; rollbook() {{ {:?} \"$@\"; }}; {line}", Path::new(&binary()).display().to_string());
    command.args(["-c", &words]).current_dir(folder.path());
    command
        .envs([("ROLLBOOK_LISTEN", listen), ("NUXEO_PASSWORD", ADMIN_PASSWORD)])
        .envs([("DD_API_KEY", API_KEY), ("DD_APP_KEY", APP_KEY)])
        .env("ROLLBOOK_ADMIN_PASSWORD", ADMIN_PASSWORD);
    command
}

#[test]
fn each_example_of_a_help_runs_as_it_is_printed() {
    let prepared = prepared();
    let other = Server::start();
    for (path, help) in all() {
        for example in examples(&help) {
            let folder = copy(prepared.path());
            let serves = path == "serve" || path.is_empty() && !example.contains(" user ");
            // The examples run with other addresses of servers.
            let line = example
                .replace("https://dam.example.com", &other.url)
                .replace("https://api.datadoghq.com", &other.url)
                .replace("127.0.0.1:8080", &if serves { "127.0.0.1:0".to_owned() } else { other.address.to_string() });
            if serves {
                let words = line.replacen("rollbook", "exec \"$ROLLBOOK\"", 1);
                let mut command = shell(&folder, &words, "127.0.0.1:0");
                command.env("ROLLBOOK", binary());
                let server = Server::by(command, Arc::new(folder));
                assert_eq!(server.stop().code(), Some(0), "{example}");
                continue;
            }
            let mut command = shell(&folder, &line, &other.address.to_string());
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().expect("bash runs");
            let _ = std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), b"correct horse\n");
            let (status, out, err) = said(&child.wait_with_output().expect("it ends"));
            assert_eq!(status, 0, "{example}\n{out}{err}");
        }
    }
}

#[test]
fn the_page_of_commands_has_an_example_of_each() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let page = std::fs::read_to_string(page).expect("the page");
    for (path, help) in all().iter().filter(|(path, help)| below(path, help).is_empty()) {
        assert!(page.contains(&format!("`rollbook {path}")), "docs/commands.md has no example of {path}: {help}");
    }
}

#[test]
fn manual_pages_and_completions_list_the_same_options_as_the_help() {
    let folder = Folder::new();
    let completions = said(&run(&folder, &["completions", "bash"])).1;
    for (path, help) in all() {
        let words: Vec<&str> = ["man"].into_iter().chain(path.split_whitespace()).collect();
        let (status, page, err) = said(&run(&folder, &words));
        assert_eq!(status, 0, "{path}: {err}");
        let page = page.replace("\\*(Aq", "'").replace('\\', "");
        for example in examples(&help) {
            assert!(page.contains(&example.replace('\\', "")), "man {path}: {example}\n{page}");
        }
        let options = help.split("\nExamples:\n").next().expect("the options");
        for option in options.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 3) {
            let option = option.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let is_own = help.contains(&format!(" {option}\n")) || help.contains(&format!(" {option} <"));
            if is_own && option.len() > 3 {
                assert!(page.contains(option), "man {path}: no {option}");
                assert!(completions.contains(option), "completions: no {option} of {path}");
            }
        }
    }
}
