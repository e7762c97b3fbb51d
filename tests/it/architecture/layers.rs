//! Names that the code of a layer must not contain, and other rules about lines of code.

use super::tree::{files, root};
use std::path::{Path, PathBuf};

/// A layer, and the names that its code must not contain.
const FORBIDDEN_NAMES: [(&str, &[&str]); 18] = [
    ("model", &["crate::", "serde", "rusqlite", "tiny_http", "httparse", "std::net"]),
    ("metrics", &["crate::", "serde", "rusqlite", "tiny_http", "httparse", "std::net", "datadog", "nuxeo"]),
    ("http", &["crate::", "rusqlite", "std::net", "datadog", "nuxeo"]),
    ("store", &["crate::directory", "crate::dialect", "crate::server", "crate::http", "tiny_http", "std::net"]),
    (
        "directory",
        &["crate::dialect", "crate::server", "crate::http", "rusqlite", "tiny_http", "serde_json", "std::net"],
    ),
    ("dialect/datadog", &["nuxeo"]),
    ("dialect/nuxeo", &["datadog"]),
    ("dialect/rollbook", &["datadog", "nuxeo"]),
    ("dialect/ui", &["datadog", "nuxeo"]),
    ("dialect/openapi", &["datadog", "nuxeo"]),
    ("dialect/scim", &["datadog", "nuxeo"]),
    ("admin", &["crate::store", "crate::dialect", "crate::server", "crate::http", "rusqlite", "tiny_http", "std::net"]),
    ("app", &["crate::cli", "crate::settings", "crate::embed", "rusqlite", "tiny_http", "serde_json"]),
    ("embed", &["crate::cli", "crate::settings", "crate::dialect", "crate::http", "rusqlite", "tiny_http", "serde"]),
    ("server", &["crate::model", "crate::directory", "crate::dialect", "crate::store", "rusqlite"]),
    ("dialect", &["rusqlite", "std::net", "crate::server", "crate::store"]),
    (
        "formats",
        &[
            "crate::store",
            "crate::directory",
            "crate::dialect",
            "crate::server",
            "crate::http",
            "rusqlite",
            "tiny_http",
            "std::net",
        ],
    ),
    (
        "import_sources",
        &[
            "crate::model",
            "crate::store",
            "crate::directory",
            "crate::dialect",
            "crate::server",
            "crate::http",
            "rusqlite",
            "tiny_http",
        ],
    ),
];

/// Exceptions: the file, and the allowed text.
const EXCEPTIONS: [(&str, &str); 4] = [
    // The writer of documents.
    ("http/response.rs", "crate::json::to_vec"),
    // The address of a client, as a plain value.
    ("http/mod.rs", "pub use crate::model::ClientAddress;"),
    ("http/request.rs", "use crate::model::ClientAddress;"),
    ("model/client.rs", "use std::net::IpAddr;"),
];

/// Test files with pauses that do not wait for a condition, and how many they have.
const PAUSES: [(&str, usize); 7] = [
    // The pause between two checks of a condition.
    ("support/wait.rs", 1),
    // Clients that read slowly.
    ("load/slow_clients.rs", 2),
    ("faults/pressure.rs", 3),
    // Kills at random moments.
    ("faults/crash.rs", 1),
    ("cli/backup_restore/restore.rs", 1),
    // Signals at random moments.
    ("ops/signals.rs", 1),
    // Times that differ.
    ("load/connection_limits.rs", 1),
];

fn code(file: &Path) -> impl Iterator<Item = (usize, String)> {
    let text = std::fs::read_to_string(file).expect("a file of the source");
    let lines: Vec<_> = text.lines().map(str::to_owned).enumerate().collect();
    lines.into_iter().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn each_layer_names_only_those_below_it() {
    let mut wrong = Vec::new();
    for (layer, forbidden) in FORBIDDEN_NAMES {
        let mut found = Vec::new();
        files(&root().join(layer), &mut found);
        assert!(!found.is_empty(), "the layer {layer} has no files");
        for file in found {
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            for (number, line) in code(&file) {
                for text in forbidden {
                    let excepted = EXCEPTIONS.iter().any(|(file, part)| name == *file && line.contains(part));
                    if line.contains(text) && !excepted {
                        wrong.push(format!("{name}:{}: {text} in: {}", number + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Files of the program alone. All other files are also part of the library, and a program that embeds the library has
/// its own output, settings and exit.
const OF_THE_PROGRAM: [&str; 8] = [
    "main.rs",
    "cli",
    "settings",
    "logging",
    "server/socket_activation.rs",
    "server/sd_notify.rs",
    "files/output.rs",
    "formats/tests",
];

#[test]
fn the_library_prints_nothing_reads_no_variable_and_never_ends_the_process() {
    let mut found = Vec::new();
    files(&root(), &mut found);
    let mut wrong = Vec::new();
    for file in found.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let name = file.strip_prefix(root()).unwrap();
        if OF_THE_PROGRAM.iter().any(|place| name.starts_with(place)) {
            continue;
        }
        let words =
            ["env::var", "println!", "print!", "stdout()", "stderr()", "process::exit", "signal_hook", "set_hook"];
        for (number, line) in code(file) {
            if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                wrong.push(format!("{}:{}: {word} in: {}", name.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn sql_is_in_the_store_only() {
    let mut found = Vec::new();
    files(&root(), &mut found);
    // The page uses the word `select` in other meanings.
    let code_outside = |file: &&PathBuf| {
        file.extension().is_some_and(|extension| extension == "rs") && !file.starts_with(root().join("store"))
    };
    for file in found.iter().filter(code_outside) {
        for (number, line) in code(file) {
            let lower = line.to_lowercase();
            for word in ["select ", "insert into", "delete from", "pragma "] {
                assert!(!lower.contains(word), "{}:{}: {}", file.display(), number + 1, line.trim());
            }
        }
    }
}

#[test]
fn no_text_from_outside_reaches_the_reader_of_serde_json() {
    let manifest = std::fs::read_to_string(root().join("../Cargo.toml")).unwrap();
    for feature in ["raw_value\"", "arbitrary_precision\""] {
        assert!(!manifest.contains(feature), "the feature {feature} is on");
    }
    let mut found = Vec::new();
    files(&root(), &mut found);
    // The OpenAPI document is composed of texts that are part of the program.
    let own = [root().join("dialect/openapi"), root().join("json")];
    let outside = |file: &&PathBuf| !own.iter().any(|folder| file.starts_with(folder)) && !file.ends_with("tests.rs");
    for file in found.iter().filter(outside).filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        for (number, line) in code(file) {
            for reader in ["serde_json::from_", "serde_json::Deserializer", "serde_json::Value", "serde_json::{Map"] {
                assert!(!line.contains(reader), "{}:{}: {}", file.display(), number + 1, line.trim());
            }
        }
    }
}

#[test]
fn tests_wait_for_what_happens_and_not_for_a_time() {
    let folder = root().join("../tests/it");
    let mut found = Vec::new();
    files(&folder, &mut found);
    for file in found.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        // The word is in two parts, so that this line is no match.
        let count = code(file).filter(|(_, line)| line.contains(concat!("thread::", "sleep("))).count();
        let allowed = PAUSES.iter().find(|(file, _)| *file == name).map_or(0, |(_, count)| *count);
        assert_eq!(count, allowed, "tests/it/{name} has this many pauses: wait for a condition instead");
    }
}

#[test]
fn tests_open_the_database_file_only_through_their_support() {
    let folder = root().join("../tests/it");
    let mut found = Vec::new();
    files(&folder, &mut found);
    for file in found.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let name = file.strip_prefix(&folder).unwrap();
        if name.starts_with("architecture") || name == Path::new("support/database.rs") {
            continue;
        }
        // The word is in two parts, so that this line is no match.
        let opens = code(file).any(|(_, line)| line.contains(concat!("rus", "qlite")));
        assert!(!opens, "tests/it/{} opens the database itself: use tests/it/support/database.rs", name.display());
    }
}

#[test]
fn no_code_is_unsafe() {
    let manifest = std::fs::read_to_string(root().join("../Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
}
