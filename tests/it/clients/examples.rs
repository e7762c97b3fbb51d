//! The scripts in `examples/`: each runs as it is and prints what it promises.

use crate::support::client_tools::environment;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn datadog_sh_prints_what_it_promises() {
    promised("datadog.sh", &mut shell("datadog.sh"));
}

#[test]
fn nuxeo_user_sh_prints_what_it_promises() {
    promised("nuxeo-user.sh", &mut shell("nuxeo-user.sh"));
}

#[test]
fn nuxeo_group_sh_prints_what_it_promises() {
    promised("nuxeo-group.sh", &mut shell("nuxeo-group.sh"));
}

#[test]
fn across_sh_prints_what_it_promises() {
    promised("across.sh", &mut shell("across.sh"));
}

#[test]
fn follow_sh_prints_what_it_promises() {
    promised("follow.sh", &mut shell("follow.sh"));
}

#[test]
fn datadog_life_py_prints_what_it_promises() {
    let Some(mut command) = datadog_life_py() else { return };
    promised("datadog_life.py", &mut command);
}

#[test]
fn nuxeo_life_py_prints_what_it_promises() {
    let Some(mut command) = nuxeo_life_py() else { return };
    promised("nuxeo_life.py", &mut command);
}

#[test]
fn nuxeo_life_js_prints_what_it_promises() {
    let Some(mut command) = nuxeo_life_js() else { return };
    promised("nuxeo_life.js", &mut command);
}

#[test]
fn onboard_py_prints_what_it_promises() {
    let Some(mut command) = onboard() else { return };
    promised("onboard.py", &mut command);
}

#[test]
fn the_examples_print_the_same_again_in_any_order_and_with_other_data() {
    let server = Server::start();
    // The first call of the README, and others whose names and addresses begin like those in the examples.
    let ada = Some(r#"{"handle":"ada@example.com","name":"Ada Lovelace"}"#);
    assert_eq!(server.datadog("POST", "/api/v1/user", ada).status, 200);
    assert_eq!(server.nuxeo("POST", "/user/ada@example.com/group/members", None).status, 201);
    for name in ["ada", "grace", "jean", "joan", "kay", "margaret", "mary"] {
        let body = format!(
            r#"{{"entity-type":"user","properties":{{"username":"{name}","firstName":"{{{name}}}",
                "email":"{name}@example.com","groups":["members"]}}}}"#
        );
        assert_eq!(server.nuxeo("POST", "/user", Some(&body)).status, 201, "{name}");
    }
    let group = Some(r#"{"entity-type":"group","groupname":"engines","memberUsers":["ada","grace"]}"#);
    assert_eq!(server.nuxeo("POST", "/group", group).status, 201);

    let mut examples: Vec<(&str, Command)> =
        ["datadog.sh", "nuxeo-user.sh", "nuxeo-group.sh", "across.sh", "follow.sh"]
            .map(|name| (name, shell(name)))
            .into();
    examples.extend(datadog_life_py().map(|command| ("datadog_life.py", command)));
    examples.extend(nuxeo_life_py().map(|command| ("nuxeo_life.py", command)));
    examples.extend(nuxeo_life_js().map(|command| ("nuxeo_life.js", command)));
    let mut round = |backwards: bool| {
        let before = everything(&server);
        if backwards {
            examples.reverse();
        }
        for (name, command) in &mut examples {
            prints_its_promise(name, command, &server);
            assert_eq!(everything(&server), before, "{name} leaves the directory as it found it");
        }
    };
    round(false);
    // This example leaves its change in the directory.
    if let Some(mut command) = onboard() {
        prints_its_promise("onboard.py", &mut command, &server);
    }
    round(true);
}

#[test]
fn interrupted_example_can_be_run_again() {
    let server = Server::start();
    for name in ["datadog.sh", "nuxeo-user.sh", "nuxeo-group.sh", "across.sh", "follow.sh"] {
        let source = std::fs::read_to_string(folder().join(name)).expect("a script in UTF-8");
        for (end, _) in source.match_indices("\n\n").step_by(4) {
            // Runs the beginning of the script, as if it had been stopped there. Trying each place would take long.
            let mut command = Command::new("sh");
            let output = run(command.arg("-c").arg(&source[..end]), &server.url);
            assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        }
        prints_its_promise(name, &mut shell(name), &server);
    }
}

#[test]
fn onboard_py_run_again_creates_nothing_and_adds_the_groups_that_are_new() {
    let Some(mut command) = onboard() else { return };
    let server = Server::start();
    assert_eq!(run(&mut command, &server.url).status.code(), Some(0));

    let again = run(&mut command, &server.url);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let lines = text(&again.stdout);
    let (outcomes, summary) = lines.trim_end().rsplit_once('\n').expect("a summary below the outcomes");
    assert!(outcomes.lines().all(|line| line.ends_with(": exists")), "{lines}");
    assert_eq!(summary, "rows: 5, created: 0, refused: 0");

    let file = server.folder.path().join("new.csv");
    std::fs::write(&file, "username,groups\nVisitor,science;compilers\n").expect("the table is written");
    let added = run(command.arg(file), &server.url);
    assert!(text(&added.stdout).contains("user Visitor: exists, added to science, added to compilers\n"), "{added:?}");
}

#[test]
fn onboard_py_fails_when_a_row_is_refused_and_serves_the_others() {
    let Some(mut command) = onboard() else { return };
    let server = Server::start();
    let file = server.folder.path().join("bad.csv");
    std::fs::write(&file, "username,firstName\nada,Ada\n,Nameless\ngrace,Grace\n").expect("the table is written");
    let output = run(command.arg(file), &server.url);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let promised = "user ada: created\nuser : refused (User MUST have a name)\nuser grace: created\n\
                    rows: 3, created: 2, refused: 1\n";
    compare(promised, text(&output.stdout)).unwrap();
}

#[test]
fn an_unreachable_server_is_an_error() {
    // The clients' own scripts are left out: they repeat a failed connection for half a minute.
    let mut commands: Vec<(&str, Command)> =
        ["datadog.sh", "nuxeo-user.sh", "nuxeo-group.sh", "across.sh", "follow.sh"]
            .map(|name| (name, shell(name)))
            .into();
    commands.extend(onboard().map(|command| ("onboard.py", command)));
    for (name, mut command) in commands {
        // No program listens on port 1, and no test can take it.
        let output = run(&mut command, "http://127.0.0.1:1");
        assert!(!output.status.success(), "{name}: {output:?}");
        assert!(text(&output.stderr).to_lowercase().contains("connect"), "{name}: {output:?}");
    }
}

#[test]
fn every_example_has_a_promise_a_test_and_an_explanation() {
    let this = include_str!("examples.rs");
    for entry in std::fs::read_dir(folder()).expect("the folder with the examples") {
        let path = entry.expect("a file").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        if let Some((_, words, test)) = EMBEDDING.iter().find(|(example, ..)| *example == name) {
            let page = include_str!("../../../docs/embed.md");
            assert!(page.contains(&format!("(../examples/{name}")), "docs/embed.md does not explain {name}");
            assert!(test.contains(words), "{name} has no test");
            continue;
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sh" | "py" | "js") => {
                assert!(path.with_extension("out").is_file(), "{name} has no .out file next to it");
                assert!(this.contains(&format!("promised(\"{name}\"")), "{name} has no test in examples.rs");
                let source = std::fs::read_to_string(&path).expect("a script in UTF-8");
                let mut lines = source.lines();
                assert!(lines.next().is_some_and(|line| line.starts_with("#!")), "{name} does not say what runs it");
                let comments = lines.take_while(|line| line.starts_with("# ") || line.starts_with("// ")).count();
                assert!((2..=3).contains(&comments), "{name} does not open with two or three lines of comment");
            }
            Some("out") => {
                let found = ["sh", "py", "js"].iter().any(|extension| path.with_extension(extension).is_file());
                assert!(found, "{name} is the expected output of no script");
                let promise = std::fs::read_to_string(&path).expect("a promise in UTF-8");
                for secret in [API_KEY, APP_KEY, ADMIN_PASSWORD] {
                    assert!(!promise.contains(secret), "{name} shows a secret");
                }
            }
            Some("csv") => {}
            Some("md") => {
                let page = std::fs::read_to_string(&path).expect("a page in UTF-8");
                for script in std::fs::read_dir(folder()).expect("the folder with the examples").flatten() {
                    let script = script.file_name().into_string().expect("a name in UTF-8");
                    let is_named = script.ends_with(".out") || script == name || page.contains(&format!("`{script}"));
                    assert!(is_named, "{name} does not name {script}");
                }
            }
            _ => panic!("{name} is neither a script nor its expected output nor its table"),
        }
    }
}

/// The examples that start a server of their own: the words that identify their test, and its file.
const EMBEDDING: &[(&str, &str, &str)] = &[
    ("child.py", "&[\"child.py\"]", include_str!("../embed/child_process/examples.rs")),
    ("child.js", "&[\"child.js\"]", include_str!("../embed/child_process/examples.rs")),
    ("child.sh", "&[\"child.sh\"]", include_str!("../embed/child_process/examples.rs")),
    ("pytest", "\"pytest\"]", include_str!("../embed/child_process/examples.rs")),
    ("embed.rs", "examples/embed", include_str!("../embed/process.rs")),
];

/// The folder with the scripts.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A shell script, started by its own first line as a user would.
fn shell(name: &str) -> Command {
    if let Err(error) = Command::new("curl").arg("--version").output() {
        panic!("examples/{name} needs curl, which does not start here ({error}): install the package curl");
    }
    Command::new(folder().join(name))
}

/// The onboarding script, which needs Python and nothing besides; `None` when tests that need it are skipped openly.
fn onboard() -> Option<Command> {
    match Command::new("python3").arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound && std::env::var_os("ROLLBOOK_SKIP_CLIENTS").is_some() => {
            eprintln!("skipped, as ROLLBOOK_SKIP_CLIENTS is set and there is no python3");
            return None;
        }
        Err(error) => panic!("examples/onboard.py needs python3, which does not start here ({error})"),
        Ok(_) => {}
    }
    let mut command = Command::new("python3");
    command.arg(folder().join("onboard.py"));
    Some(command)
}

/// The life through datadogpy; like the next two `None` when tests that need the clients are skipped.
fn datadog_life_py() -> Option<Command> {
    python_of("datadog-0.56.0", "datadog_life.py")
}

fn nuxeo_life_py() -> Option<Command> {
    python_of("nuxeo-7.1.0", "nuxeo_life.py")
}

fn nuxeo_life_js() -> Option<Command> {
    let modules = environment("npm-nuxeo-4.0.6")?.node_modules.expect("the environment has node modules");
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules).arg(folder().join("nuxeo_life.js"));
    Some(command)
}

/// A script under the Python in which that client is installed.
fn python_of(client: &str, name: &str) -> Option<Command> {
    let mut command = Command::new(environment(client)?.python.expect("the environment has a python"));
    command.arg(folder().join(name));
    Some(command)
}

/// All users and groups with their memberships, as both dialects list them.
fn everything(server: &Server) -> String {
    let users = server.datadog("GET", "/api/v1/user", None);
    let logins = server.nuxeo("GET", "/user/search?q=*&pageSize=1000", None);
    let lists = "memberUsers,memberGroups,parentGroups";
    let groups = server.nuxeo("GET", &format!("/group/search?q=*&pageSize=1000&fetch-group={lists}"), None);
    [users, logins, groups].map(|answer| format!("{} {}\n", answer.status, answer.text())).concat()
}

/// The example on a fresh database prints its `.out` to the letter; without its settings it says what is missing.
fn promised(name: &str, command: &mut Command) {
    let lost = without_settings(command).output().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    assert!(!lost.status.success() && lost.stdout.is_empty(), "{name} without settings: {lost:?}");
    let missing = ["API_KEY", "ADMIN_PASSWORD"].map(|setting| format!("ROLLBOOK_{setting}"));
    let complaint = text(&lost.stderr);
    assert!(missing.iter().any(|setting| complaint.contains(setting)), "{name} without settings: {complaint}");
    prints_its_promise(name, command, &Server::start());
}

/// The example prints its `.out` to the letter on the database as it is.
fn prints_its_promise(name: &str, command: &mut Command, server: &Server) {
    let output = run(command.current_dir(server.folder.path()), &server.url);
    let (printed, complaint) = (text(&output.stdout), text(&output.stderr));
    let promise = folder().join(name).with_extension("out");
    let promised = std::fs::read_to_string(&promise).unwrap_or_default();
    if let Err(difference) = compare(&promised, printed) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(promise.file_name().expect("a name"));
        std::fs::write(&kept, printed).expect("what was printed is kept");
        panic!(
            "{name} prints something else than it promises (-: promised, +: printed):\n{difference}\n{complaint}\n\
             If the change is meant: cp {} {}",
            kept.display(),
            promise.display()
        );
    }
    assert_eq!(output.status.code(), Some(0), "{name}: {complaint}");
    assert_eq!(complaint, "", "{name} complains");
}

/// Runs an example against that server, with the variables that a first start prints.
fn run(command: &mut Command, url: &str) -> Output {
    without_settings(command)
        .env("ROLLBOOK_URL", url)
        .env("ROLLBOOK_API_KEY", API_KEY)
        .env("ROLLBOOK_APP_KEY", APP_KEY)
        .env("ROLLBOOK_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .output()
        .expect("the example starts")
}

/// The examples get neither the settings of the user who runs the tests nor a proxy for the loopback address.
fn without_settings(command: &mut Command) -> &mut Command {
    for name in ["ROLLBOOK_URL", "ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY", "ROLLBOOK_ADMIN_PASSWORD"] {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output in UTF-8")
}

/// The lines in which two texts differ: everything between their common beginning and their common end.
fn compare(promised: &str, printed: &str) -> Result<(), String> {
    if promised == printed {
        return Ok(());
    }
    let promised: Vec<&str> = promised.split('\n').collect();
    let printed: Vec<&str> = printed.split('\n').collect();
    let shorter = promised.len().min(printed.len());
    let start = (0..shorter).take_while(|&i| promised[i] == printed[i]).count();
    let same_from_end = |&i: &usize| promised[promised.len() - 1 - i] == printed[printed.len() - 1 - i];
    let end = (0..shorter - start).take_while(same_from_end).count();
    let mut difference = format!("from line {}:\n", start + 1);
    for line in &promised[start..promised.len() - end] {
        difference.push_str(&format!("- {line}\n"));
    }
    for line in &printed[start..printed.len() - end] {
        difference.push_str(&format!("+ {line}\n"));
    }
    Err(difference)
}
