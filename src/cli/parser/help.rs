//! Completes help texts: a full stop after the summary, examples at the end, and the help of `--db` for each command.

use clap::{Arg, Command};
use std::fmt::Write as _;

/// Two examples for each command. A test runs them in a folder with the files that they name.
const EXAMPLES: &[(&str, [&str; 2])] = &[
    ("", ["rollbook --listen 127.0.0.1:8080", "rollbook --db rollbook.db user list"]),
    ("serve", ["rollbook serve --listen 127.0.0.1:8080", "rollbook serve --db trial.db --keep-changes 30d"]),
    ("user", ["rollbook user add grace --email grace@example.com", "rollbook user list --admins"]),
    ("user list", ["rollbook user list --group members", "rollbook user list --disabled --format csv"]),
    ("user show", ["rollbook user show ada", "rollbook user show ada --format json"]),
    ("user add", ["rollbook user add grace --group members", "rollbook user add grace --password < password.txt"]),
    (
        "user set",
        ["rollbook user set ada --title Countess --group team", "rollbook user set ada --property badge='\"12\"'"],
    ),
    ("user rename", ["rollbook user rename ada lovelace", "rollbook user rename ada Ada --format json"]),
    ("user disable", ["rollbook user disable ada", "rollbook user disable ada bob --format json"]),
    ("user enable", ["rollbook user enable bob", "rollbook user enable ada bob --format json"]),
    ("user delete", ["rollbook user delete bob", "rollbook user delete ada bob --yes"]),
    ("user purge", ["rollbook user purge --older-than 90d --dry-run", "rollbook user purge --older-than 90d --yes"]),
    ("group", ["rollbook group add ops --label Operations", "rollbook group add-member team ada"]),
    ("group list", ["rollbook group list --match team", "rollbook group list --format json"]),
    ("group show", ["rollbook group show team", "rollbook group show team --format json"]),
    ("group add", ["rollbook group add ops --label Operations", "rollbook group add night-shift --parent team"]),
    ("group set", ["rollbook group set team --description 'On call'", "rollbook group set team --parent members"]),
    ("group delete", ["rollbook group delete team", "rollbook group delete team --yes"]),
    ("group add-member", ["rollbook group add-member team ada bob", "rollbook group add-member members team --groups"]),
    (
        "group remove-member",
        ["rollbook group remove-member team ada", "rollbook group remove-member team ada --format json"],
    ),
    ("key", ["rollbook key create app --name deploy --role standard", "rollbook key list"]),
    ("key create", ["rollbook key create api --name scripts", "rollbook key create app --name deploy --role read"]),
    ("key list", ["rollbook key list", "rollbook key list --format csv"]),
    ("key revoke", ["rollbook key revoke 2", "rollbook key revoke 2 --yes --format json"]),
    ("passwd", ["rollbook passwd ada", "rollbook passwd ada --keep-tokens < password.txt"]),
    (
        "import",
        ["rollbook import people.csv --dry-run", "rollbook import people.ldif --on-conflict update --create-groups"],
    ),
    (
        "pull",
        [
            "rollbook pull nuxeo --from https://dam.example.com/nuxeo --on-conflict skip",
            "rollbook pull datadog --from https://api.datadoghq.com --on-conflict skip",
        ],
    ),
    ("export", ["rollbook export all.jsonl --with-passwords", "rollbook export - --format csv"]),
    ("log", ["rollbook log -n 20", "rollbook log --since 2026-11-25T18:00:00Z --format json"]),
    ("backup", ["rollbook backup --keep 7", "rollbook backup monday.db --force"]),
    ("restore", ["rollbook restore monday.db", "rollbook restore monday.db --db trial.db --yes"]),
    ("healthcheck", ["rollbook healthcheck", "rollbook healthcheck --listen 127.0.0.1:8080 --timeout 2"]),
    (
        "pull datadog",
        [
            "rollbook pull datadog --from https://api.datadoghq.com --on-conflict skip",
            "rollbook pull datadog --from https://api.datadoghq.com --on-conflict=update",
        ],
    ),
    (
        "pull nuxeo",
        [
            "rollbook pull nuxeo --from https://dam.example.com/nuxeo --on-conflict skip",
            "rollbook pull nuxeo --from https://dam.example.com/nuxeo --on-conflict=update",
        ],
    ),
    ("completions", ["rollbook completions bash > rollbook.bash", "rollbook completions zsh > _rollbook"]),
    ("man", ["rollbook man > rollbook.1", "rollbook man key create"]),
    ("settings", ["rollbook settings", "rollbook settings --listen 127.0.0.1:8080 --format json"]),
    ("check", ["rollbook check", "rollbook check --repair"]),
];

/// Commands that create the database if it does not exist.
const MAKES_DATABASE: [&str; 5] = ["serve", "import", "pull datadog", "pull nuxeo", "key create"];

/// Completes the help texts of a command and of its subcommands. `path` is its name without the name of the program,
/// and `shared` has the options that are accepted before every command.
pub(crate) fn describe(command: Command, path: &str, shared: &[Arg]) -> Command {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path} {name}") };
    let mut command = command.mut_subcommands(|command| {
        let path = below(command.get_name());
        describe(command, &path, shared)
    });
    if !command.has_subcommands() {
        // Accepted, because a shell alias may pass them to every command, and hidden, because they have no effect here.
        let has = |arg: &Arg| command.get_arguments().any(|own| own.get_id() == arg.get_id());
        let missing: Vec<Arg> = shared.iter().filter(|arg| !has(arg)).map(|arg| arg.clone().hide(true)).collect();
        command = command.args(missing);
        if command.get_arguments().any(|arg| arg.get_id() == "db" && !arg.is_hide_set()) {
            command = command.mut_arg("db", |arg| arg.help(database_of(path)));
        }
    }
    let sentence = command.get_about().map(|about| format!("{}.", about.to_string().trim_end_matches('.')));
    let examples = EXAMPLES.iter().find(|(name, _)| *name == path);
    let mut after = command.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
    if let Some((_, examples)) = examples {
        let _ = write!(after, "Examples:\n  {}", examples.join("\n  "));
    }
    command.about(sentence.unwrap_or_default()).after_help(after)
}

/// The help of `--db` for a command.
fn database_of(path: &str) -> &'static str {
    match path {
        "restore" => "Database file to replace, or to create",
        "settings" => "Database file of the server",
        path if MAKES_DATABASE.contains(&path) => "Database file; created if it does not exist",
        _ => "Database file; it must exist",
    }
}
