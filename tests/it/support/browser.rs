//! The admin page in Debian's Chromium, driven by `tests/clients/browser.js`.

use super::cli::rollbook;
use super::client_tools::{environment, pins};
use super::server::{ADMIN_PASSWORD, Server};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// The path in Debian's package.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Runs a script for each of these servers, with these variables.
pub fn visit_the_page(part: &str, users: usize, variables: &[(&str, &str)], start: impl Fn(&[&str]) -> Server) {
    if !Path::new(CHROMIUM).exists() {
        assert!(std::env::var_os("CI").is_none(), "Debian's package chromium is not installed");
        return eprintln!("there is no {CHROMIUM} here: the page is not tested");
    }
    let Some(tools) = environment("npm-playwright-core-1.61.0") else { return };
    let server = start(&[]);
    import_users(&server, users);
    let brief = start(&["--session-idle", "9s"]);

    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures").join(part);
    let mut command = Command::new("node");
    command
        .arg(pins().join("browser.js"))
        .arg(part)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // The browser gets no settings of the machine, and its files are removed with the server's folder.
    command.envs(variables.iter().copied());
    command.env("HOME", server.folder.path()).env("TMPDIR", server.folder.path());
    command.envs(tools.node_modules.iter().map(|modules| ("NODE_PATH", modules)));
    command.env("ROLLBOOK_URL", &server.url).env("ROLLBOOK_BRIEF_URL", &brief.url);
    command.env("ROLLBOOK_ADMIN_PASSWORD", ADMIN_PASSWORD).env("ROLLBOOK_USERS", users.to_string());
    command.env("ROLLBOOK_CHROMIUM", CHROMIUM).env("ROLLBOOK_PICTURES", pictures);
    let output = command.output().expect("the script starts");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let whole = output.status.success() && said.ends_with("ok\n");
    assert!(whole, "{}\n{said}{complained}\nlog of the server:\n{}", output.status, server.log());
}

/// Imports users without passwords into a running server: `user000000@example.com` and so on.
fn import_users(server: &Server, users: usize) {
    let mut rows = String::from("name,first_name,last_name,email\n");
    for user in 0..users {
        let _ =
            writeln!(rows, "user{user:06}@example.com,First{},Last{},user{user:06}@example.com", user % 97, user % 89);
    }
    let file = server.folder.path().join("users.csv");
    std::fs::write(&file, rows).expect("the file is written");
    let output = rollbook().arg("import").arg(file).arg("--db").arg(server.folder.db()).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
