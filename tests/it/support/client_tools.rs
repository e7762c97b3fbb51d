//! The pinned client libraries and tools: each has an environment below `target/clients/`, installed at its first use.

use super::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The same at that server, with these variables for the script.
pub fn live_on(server: Server, variables: &[(&str, &str)], prefix: &str, name: &str, script: &str) -> Option<Server> {
    let said = output_of(&server, variables, prefix, name, script)?;
    assert!(said.ends_with("ok\n"), "{name}: {said}\nlog of the server:\n{}", server.log());
    Some(server)
}

/// Runs a script in its environment and returns the document that it prints. `None` when clients are skipped.
pub fn report(
    server: &Server,
    variables: &[(&str, &str)],
    prefix: &str,
    name: &str,
    script: &str,
) -> Option<serde_json::Value> {
    let said = output_of(server, variables, prefix, name, script)?;
    Some(serde_json::from_str(&said).unwrap_or_else(|error| panic!("{name}: {error} in {said}")))
}

/// The standard output of a script that succeeds.
fn output_of(server: &Server, variables: &[(&str, &str)], prefix: &str, name: &str, script: &str) -> Option<String> {
    let tools = environment(name)?;
    let mut command = client_command(server, prefix, tools.python.as_deref().unwrap_or(Path::new("node")));
    command
        .envs(variables.iter().copied())
        .arg(pins().join(script))
        .envs(tools.node_modules.iter().map(|modules| ("NODE_PATH", modules)));
    let output = command.output().expect("the script starts");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "{name}: {}\n{said}{complained}\nlog of the server:\n{}",
        output.status,
        server.log()
    );
    Some(said.into_owned())
}

/// A program that finds the server's address and the secrets in its environment, and nothing else.
pub fn client_command(server: &Server, prefix: &str, program: &Path) -> Command {
    let mut command = Command::new(program);
    // The client gets no settings of the machine (proxies, keys, a .netrc).
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", server.folder.path()).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
    command.env("ROLLBOOK_URL", format!("{}{prefix}", server.url)).env("ROLLBOOK_ADMIN_PASSWORD", ADMIN_PASSWORD);
    command.env("ROLLBOOK_API_KEY", API_KEY).env("ROLLBOOK_APP_KEY", APP_KEY);
    command
}

/// The interpreter of a client, and its modules.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The interpreter of a virtual environment in which the client is installed.
    pub python: Option<PathBuf>,
    /// The folder for `NODE_PATH` in which the client is installed.
    pub node_modules: Option<PathBuf>,
}

/// The environment of one pinned client, installed at its first use and again when its pins have changed;
/// `None` when `ROLLBOOK_SKIP_CLIENTS` is set. Safe for threads and processes at once.
pub fn environment(name: &str) -> Option<Tools> {
    static READY: [(&str, OnceLock<Tools>); 16] = [
        ("canaille-0.3.6", OnceLock::new()),
        ("datadog-0.29.3", OnceLock::new()),
        ("datadog-0.30.0", OnceLock::new()),
        ("datadog-0.56.0", OnceLock::new()),
        ("datadog-api-client-2.62.0", OnceLock::new()),
        ("nuxeo-3.1.1", OnceLock::new()),
        ("nuxeo-7.1.0", OnceLock::new()),
        ("npm-datadog-1.64.0", OnceLock::new()),
        ("npm-nuxeo-3.18.0", OnceLock::new()),
        ("npm-nuxeo-4.0.6", OnceLock::new()),
        ("npm-playwright-core-1.61.0", OnceLock::new()),
        ("prometheus-client-0.26.0", OnceLock::new()),
        ("pytest-9.2.0", OnceLock::new()),
        ("schemathesis-4.32.5", OnceLock::new()),
        ("scim-sanity-0.7.4", OnceLock::new()),
        ("scim2-cli-0.6.0", OnceLock::new()),
    ];
    if std::env::var_os("ROLLBOOK_SKIP_CLIENTS").is_some() {
        // Writes to the handle itself, since the test runner hides the output of a passing test.
        let _ = writeln!(std::io::stderr(), "skipped, as ROLLBOOK_SKIP_CLIENTS is set: the client {name}");
        return None;
    }
    let (_, ready) = READY.iter().find(|(known, _)| *known == name).expect("the name of a pinned client");
    Some(ready.get_or_init(|| install(name)).clone())
}

/// The folder with the pins and the scripts.
pub fn pins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Brings the environment below `target/clients/` up to its pins.
fn install(name: &str) -> Tools {
    let clients = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
    std::fs::create_dir_all(&clients).expect("a folder for the clients");
    // Another test process may install at the same time; the lock ends with the file's handle.
    let lock = File::create(clients.join(format!("{name}.lock"))).expect("a lock file");
    lock.lock().expect("the lock");
    let place = clients.join(name);
    if name.starts_with("npm-") { install_modules(name, &place) } else { install_python(name, &place) }
}

fn install_python(name: &str, place: &Path) -> Tools {
    let list = pins().join(format!("{name}.txt"));
    let python = place.join("bin/python");
    let wanted = read(&list);
    if !is_installed(place, &wanted) || !python.exists() {
        let able = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";
        needs(Command::new("python3").args(["-c", able]), "Python 3.11 or newer with its venv module");
        clear(place);
        run(Command::new("python3").args(["-m", "venv"]).arg(place));
        // Wheels only: nothing is built, so no compiler is needed. No dependencies: all of them are in the list.
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--requirement"];
        run(Command::new(&python).args(pip).arg(list));
        stamp(place, &wanted);
    }
    Tools { python: Some(python), node_modules: None }
}

fn install_modules(name: &str, place: &Path) -> Tools {
    let from = pins().join(name);
    let (package, lock) = (read(&from.join("package.json")), read(&from.join("package-lock.json")));
    let wanted = format!("{package}{lock}");
    // The check runs even if all is installed: the scripts need the program.
    needs(Command::new("node").arg("--version"), "Node.js 18 or newer with npm");
    if !is_installed(place, &wanted) {
        needs(Command::new("npm").arg("--version"), "Node.js 18 or newer with npm");
        clear(place);
        std::fs::create_dir_all(place).expect("a folder for the client");
        std::fs::write(place.join("package.json"), package).expect("package.json is copied");
        std::fs::write(place.join("package-lock.json"), lock).expect("package-lock.json is copied");
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(place));
        stamp(place, &wanted);
    }
    Tools { python: None, node_modules: Some(place.join("node_modules")) }
}

/// True if an earlier run has finished installing exactly this.
fn is_installed(place: &Path, wanted: &str) -> bool {
    std::fs::read_to_string(place.join("stamp")).is_ok_and(|installed| installed == wanted)
}

/// The stamp is written last: without it the next run installs again.
fn stamp(place: &Path, wanted: &str) {
    std::fs::write(place.join("stamp"), wanted).expect("the stamp is written");
}

fn clear(place: &Path) {
    if let Err(error) = std::fs::remove_dir_all(place) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{} cannot be emptied: {error}", place.display());
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails with advice if a tool of the machine is missing.
fn needs(command: &mut Command, tool: &str) {
    let found = command.output().is_ok_and(|output| output.status.success());
    assert!(
        found,
        "the tests of the real clients need {tool}: install it, or set ROLLBOOK_SKIP_CLIENTS=1 to skip these tests"
    );
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}\nwhere packages cannot be installed, ROLLBOOK_SKIP_CLIENTS=1 skips the tests of the \
         real clients",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
