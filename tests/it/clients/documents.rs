//! The README and the other pages: each block of code that can run is run as it is printed, and each link leads somewhere.
//!
//! The blocks of a page run in one shell, in their order, in a temporary folder with a server of its own. A command of a
//! `console` block begins with `$ `, and the lines below it are its output, where `…` stands for any text. A block that
//! cannot run says why: `sh no-run=root`.

use crate::clients::pages::{Block, Page, compare, pages};
use crate::support::cli::{binary, launcher};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Port, Server};
use crate::support::tools::has_tool;
use crate::support::wait::wait_for;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

/// Why a block is not run.
const REASONS: [(&str, &str); 7] = [
    ("build", "builds the program, runs all tests or the bench"),
    ("secrets", "shows where secrets stand, with dots in their place"),
    ("root", "changes the machine: packages, units of systemd, files in /etc"),
    ("container", "needs podman and an image of the program"),
    ("source", "asks a server of another vendor"),
    ("windows", "runs on Windows"),
    ("tool", "needs a program that is not installed with the tests; another test runs it"),
];

/// Files that the pages take from other places: downloads, and dumps of other servers.
const FILES: [(&str, &str); 11] = [
    (
        "openldap.ldif",
        "uid=olivia,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: olivia\ncn: O\nsn: O\n",
    ),
    ("ds.ldif", "uid=dan,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: dan\ncn: D\nsn: D\n"),
    (
        "ipa.ldif",
        "uid=ines,cn=users,cn=accounts,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: ines\ncn: I\nsn: I\n\n\
         dn: cn=admins,cn=groups,cn=accounts,dc=example,dc=org\nobjectClass: ipaUserGroup\nobjectClass: groupOfNames\n\
         cn: admins\nmember: uid=ines,cn=users,cn=accounts,dc=example,dc=org\n",
    ),
    ("ad.ldif", "CN=Amy,DC=example,DC=org\nobjectClass: user\ncn: Amy\nsAMAccountName: amy\nuserAccountControl: 512\n"),
    (
        "lldap.ldif",
        "uid=leo,ou=people,dc=example,dc=org\nobjectClass: person\nuid: leo\ncn: L\n\n\
         dn: cn=lldap_admin,ou=groups,dc=example,dc=org\nobjectClass: groupOfUniqueNames\ncn: lldap_admin\n\
         member: uid=leo,ou=people,dc=example,dc=org\n",
    ),
    ("kanidm.ldif", "spn=kim@idm.example.org,dc=idm,dc=example,dc=org\nobjectClass: person\nname: kim\ncn: Kim\n"),
    (
        "authentik.ldif",
        "cn=aki,ou=users,dc=ldap,dc=goauthentik,dc=io\nobjectClass: user\ncn: aki\nsAMAccountName: aki\nak-active: true\n\n\
         dn: cn=authentik Admins,ou=groups,dc=ldap,dc=goauthentik,dc=io\nobjectClass: group\ncn: authentik Admins\n\
         member: cn=aki,ou=users,dc=ldap,dc=goauthentik,dc=io\n",
    ),
    ("okta.jsonl", "{\"login\":\"otto@example.com\",\"firstName\":\"Otto\",\"status\":\"ACTIVE\"}\n"),
    ("export/example-users-0.json", "{\"realm\":\"example\",\"users\":[{\"username\":\"kurt\",\"enabled\":true}]}\n"),
    ("exportUsers.csv", "userPrincipalName,displayName,accountEnabled\neva@example.com,Eva,true\n"),
    (
        "User_Download.csv",
        "First Name [Required],Email Address [Required],Status [READ ONLY]\nGil,gil@example.com,Active\n",
    ),
];

#[test]
fn the_blocks_of_the_readme_run() {
    run("README.md");
}

#[test]
fn the_blocks_about_backups_run() {
    run("docs/backup.md");
}

#[test]
fn the_blocks_about_commands_run() {
    run("docs/commands.md");
}

#[test]
fn the_blocks_about_datadog_run() {
    run("docs/datadog.md");
}

#[test]
fn the_blocks_about_the_directory_run() {
    run("docs/directory.md");
}

#[test]
fn the_blocks_about_embedding_run() {
    run("docs/embed.md");
}

#[test]
fn the_blocks_about_imports_run() {
    run("docs/import.md");
}

#[test]
fn the_blocks_about_installing_run() {
    run("docs/install.md");
}

#[test]
fn the_blocks_about_monitoring_run() {
    run("docs/monitoring.md");
}

#[test]
fn the_blocks_about_nuxeo_run() {
    run("docs/nuxeo.md");
}

#[test]
fn the_blocks_about_proxies_run() {
    run("docs/proxies.md");
}

#[test]
fn the_blocks_about_the_changes_feed_run() {
    run("docs/rollbook.md");
}

#[test]
fn the_blocks_about_security_run() {
    run("docs/security.md");
}

#[test]
fn the_blocks_about_settings_run() {
    run("docs/settings.md");
}

#[test]
fn the_blocks_about_scim_run() {
    run("docs/scim.md");
}

#[test]
fn each_page_with_a_block_that_runs_has_a_test() {
    let tests = include_str!("documents.rs");
    for page in pages() {
        let runs = page.blocks.iter().any(Block::runs);
        assert_eq!(runs, tests.contains(&format!("    run(\"{}\");\n", page.name)), "{}", page.name);
    }
}

#[test]
fn each_block_says_what_it_is() {
    let mut used = BTreeSet::new();
    for page in pages() {
        for block in &page.blocks {
            let place = block.place(&page);
            match block.language.as_str() {
                "console" | "sh" | "bat" | "text" | "toml" => {}
                "json" => {
                    for line in block.text.lines() {
                        serde_json::from_str::<serde_json::Value>(line)
                            .unwrap_or_else(|error| panic!("{place}: {error}"));
                    }
                }
                "rust" => is_part_of_an_example(block, &place),
                other => panic!("{place}: a block of the language {other:?}"),
            }
            for word in &block.words {
                let (key, value) = word.split_once('=').unwrap_or((word, ""));
                match key {
                    "no-run" => assert!(REASONS.iter().any(|(reason, _)| *reason == value), "{place}: {word}"),
                    "needs" => {}
                    _ => panic!("{place}: {word}"),
                }
                used.insert(value.to_owned());
            }
            assert!(block.language != "bat" || !block.runs(), "{place}");
        }
    }
    for (reason, why) in REASONS {
        assert!(used.contains(reason), "no block is left out because it {why}");
    }
}

/// A block of Rust is a part of a program that a test runs: `examples/embed.rs`.
fn is_part_of_an_example(block: &Block, place: &str) {
    let program = include_str!("../../../examples/embed.rs");
    let mut rest = program.lines().map(str::trim);
    for line in block.text.lines().map(str::trim).filter(|line| !["…", "}"].contains(line)) {
        assert!(
            rest.any(|other| other == line),
            "{place}: examples/embed.rs has no such line, or has it earlier: {line}"
        );
    }
}

#[test]
fn each_link_leads_to_a_file_and_a_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = pages();
    for page in &pages {
        for link in page.links() {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let folder = Path::new(&page.name).parent().expect("a folder");
            let mut path =
                root.join(if file.is_empty() { page.name.clone() } else { folder.join(file).display().to_string() });
            path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {link}: {error}", page.name));
            if heading.is_empty() {
                continue;
            }
            let name = path.strip_prefix(root).expect("a file of the project").display().to_string();
            let target = pages.iter().find(|page| page.name == name).unwrap_or_else(|| panic!("{name} is not a page"));
            assert!(target.anchors().contains(heading), "{}: {link}: {:?}", page.name, target.anchors());
        }
    }
}

#[test]
fn each_page_begins_with_a_list_of_its_parts() {
    for page in pages().iter().filter(|page| page.name.starts_with("docs/")) {
        let (head, _) = page.text.split_once("\n## ").expect("a part");
        for line in page.text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                let link = format!("(#{})", Page::anchor(title));
                assert!(head.contains(&link), "{}: the list at its beginning has no link to {title}", page.name);
            }
        }
    }
}

#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    let pages = pages();
    let readme = pages.iter().find(|page| page.name == "README.md").expect("the README");
    let words = readme.text.split_whitespace().count();
    assert!(words <= 900, "{words} words");
    for page in pages.iter().filter(|page| page.name.starts_with("docs/")) {
        assert!(readme.text.contains(&format!("({}", page.name)), "no link to {}", page.name);
    }
}

#[test]
fn the_changelog_has_this_version() {
    let pages = pages();
    let changelog = pages.iter().find(|page| page.name == "CHANGELOG.md").expect("the changelog");
    let version = env!("CARGO_PKG_VERSION");
    assert!(changelog.text.contains(&format!("\n## {version}\n")), "CHANGELOG.md has no part about {version}");
}

/// Runs all blocks of a page, and compares the output of those that show it.
fn run(name: &str) {
    let page = pages().into_iter().find(|page| page.name == name).expect("the page");
    for tool in page.blocks.iter().flat_map(|block| block.words.iter().filter_map(|word| word.strip_prefix("needs="))) {
        if !has_tool(tool, tool) {
            return;
        }
    }
    let (folder, server) = prepare(name);
    let other = (name == "docs/import.md").then(Server::start);
    let ports: Vec<(&str, Port)> =
        ["8081", "8082", "8443", "9464"].into_iter().map(|number| (number, Port::reserve())).collect();
    // The addresses of other servers are replaced; the addresses of servers that a page starts are the defaults.
    let with_hosts = |text: &str| match &other {
        Some(other) => {
            text.replace("https://api.datadoghq.com", &other.url).replace("https://dam.example.com", &other.url)
        }
        None => text.to_owned(),
    };
    let with_addresses = |text: &str| {
        let mut text = with_hosts(text).replace("/run/rollbook/", &format!("{}/", folder.path().display()));
        if let Some(server) = &server {
            text = text.replace("127.0.0.1:8080", &server.address.to_string());
        }
        for (number, port) in &ports {
            text = text.replace(&format!("127.0.0.1:{number}"), &port.address().to_string());
        }
        text
    };

    let mut script = String::from(BEGINNING);
    let mut promised = Vec::new();
    for block in page.blocks.iter().filter(|block| block.runs()) {
        for command in block.commands() {
            let text = with_addresses(&command.text);
            if let (Some(file), Some(output)) = (text.strip_prefix("cat "), &command.output)
                && !folder.path().join(file).exists()
                && file.ends_with(".csv")
            {
                std::fs::write(folder.path().join(file), format!("{output}\n")).expect("a file of the page");
            }
            let _ = writeln!(script, "{}", waiting(&text, command.output.is_none()));
            let _ = writeln!(script, "printf '\\n{MARK} %s\\n' {}", promised.len());
            promised.push((block.place(&page), text, command.output.map(|output| with_hosts(&output))));
        }
    }
    script.push_str(END);
    let printed = shell(&folder, &script, server.as_ref());
    let mut rest = printed.as_str();
    for (number, (place, command, output)) in promised.iter().enumerate() {
        let Some((part, next)) = rest.split_once(&format!("\n{MARK} {number}\n")) else {
            panic!("{place}: $ {command}\nended the shell:\n{rest}");
        };
        rest = next;
        if let Some(output) = output {
            compare(output, part.trim_end_matches('\n'))
                .unwrap_or_else(|error| panic!("{place}: $ {command}\n{error}"));
        }
    }
}

/// Begins a line that the page does not print.
const MARK: &str = "=== end of command";

/// The script waits for a server that it has started; the server ends with the shell.
const BEGINNING: &str = r#"exec 2>&1 </dev/null
started() {
    until [ -e ready ]; do
        kill -0 $! || { cat server.log; exit 1; }
        sleep 0.02
    done
    rm ready
}
"#;

const END: &str = "kill $(jobs -p) 2>/dev/null\nwait\n";

/// The program, as `rollbook` in the pages. Servers that a page starts have a database of their own.
const PROGRAM: &str = r#"#!/bin/sh
if [ "${1-}" = serve ]; then
    shift
    exec "$PROGRAM" serve --db "served-$$.db" --ready-file "$PWD/ready" --exit-with-parent="$PAGE" "$@" 2>>server.log
fi
[ "${1-}" != healthcheck ] || export ROLLBOOK_LISTEN="$SERVER"
exec "$PROGRAM" "$@"
"#;

/// The text of a command, with commands that wait for the servers that it starts. A script ends at the first line that
/// fails.
fn waiting(text: &str, is_script: bool) -> String {
    let mut all = String::new();
    for line in text.lines() {
        all.push_str(line);
        all.push('\n');
        if line.ends_with(" &") {
            all.push_str("started\n");
        }
    }
    if is_script { format!("set -e\n{all}set +e") } else { all }
}

/// The folder of a page, with the server that it speaks to.
fn prepare(name: &str) -> (Arc<Folder>, Option<Server>) {
    let server = Server::start();
    let folder = Arc::clone(&server.folder);
    let ada = r#"{"entity-type":"user","properties":{"username":"ada@example.com","groups":["members"]}}"#;
    match name {
        "docs/directory.md" | "docs/backup.md" => {
            assert_eq!(server.nuxeo("POST", "/user", Some(ada)).status, 201);
        }
        "docs/import.md" => {
            for (name, content) in FILES {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                let dn = if name.ends_with(".ldif") { "dn: " } else { "" };
                std::fs::write(path, format!("{dn}{content}")).expect("a file");
            }
        }
        _ => {}
    }
    if name == "docs/backup.md" {
        // Restores need the server to be stopped.
        assert!(server.stop().success());
        return (folder, None);
    }
    (folder, Some(server))
}

/// Runs a script of a page and returns all that it prints.
fn shell(folder: &Folder, script: &str, server: Option<&Server>) -> String {
    let programs = Folder::new();
    let program = programs.path().join("rollbook");
    std::fs::write(&program, PROGRAM).expect("the program");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("the mode of the program");
    // No progress bars, and no proxy for the loopback address.
    std::fs::write(programs.path().join(".curlrc"), "silent\nshow-error\nnoproxy = \"*\"\n")
        .expect("the settings of curl");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = programs.path().join("output");
    let mut command = launcher("bash");
    command
        .args(["-c", &format!("PAGE=$$\nexport PAGE\n{script}")])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", programs.path().display()))
        .envs([("HOME", programs.path().as_os_str()), ("CURL_HOME", programs.path().as_os_str())])
        .env("PROGRAM", binary())
        .envs([("DD_API_KEY", API_KEY), ("DD_APP_KEY", APP_KEY), ("NUXEO_PASSWORD", ADMIN_PASSWORD)])
        .stdout(std::fs::File::create(&output).expect("a file for the output"))
        .stderr(Stdio::null());
    if let Some(server) = server {
        command.env("SERVER", server.address.to_string());
    }
    wait_for(&mut command.spawn().expect("bash starts"));
    String::from_utf8(std::fs::read(output).expect("the output")).expect("output in UTF-8").replace('\r', "")
}
