//! The examples of programs that start a server.

use crate::support::cli::binary;
use crate::support::client_tools::{environment, pins};
use crate::support::folder::Folder;
use crate::support::tools::has_tool;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs an example as it is; the program is the one under test.
fn example(program: &Path, words: &[&str]) -> Output {
    let folder = Folder::new();
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder.path());
    command.env("TMPDIR", folder.path()).env("SERVER_PROGRAM", binary()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(words).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"));
    command.stdin(Stdio::null()).output().unwrap()
}

fn prints(output: &Output, expected: &str) {
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{output:?}");
}

#[test]
fn the_example_of_a_python_program_does_what_it_says() {
    if has_tool("python3", "python3") {
        let output = example(Path::new("python3"), &["child.py"]);
        prints(&output, "created: ada@example.com\nfound: ada@example.com\nstopped\n");
    }
}

#[test]
fn the_example_of_a_node_program_does_what_it_says() {
    if has_tool("node", "nodejs") {
        let output = example(Path::new("node"), &["child.js"]);
        prints(&output, "created: ada@example.com\nfound: Ada Lovelace\nstopped\n");
    }
}

#[test]
fn the_example_of_a_shell_script_does_what_it_says() {
    if has_tool("curl", "curl") {
        let output = example(Path::new("sh"), &["child.sh"]);
        prints(&output, "created: ada@example.com\nfound: ada@example.com\nstopped\n");
    }
}

#[test]
fn the_pytest_fixture_serves_the_tests_of_a_program() {
    assert!(pins().join("pytest-9.2.0.txt").exists());
    let Some(tools) = environment("pytest-9.2.0") else { return };
    let python = tools.python.expect("an interpreter");
    let output = example(&python, &["-m", "pytest", "-q", "-p", "no:cacheprovider", "pytest"]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 passed"), "{output:?}");
}
