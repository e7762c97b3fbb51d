//! The subcommands.

use crate::config::{
    Command, CommandLine, Database, KeyCommand, KeyWord, PasswordRules, RoleWord, Serve, first_secret,
};
use crate::dialect::{Context, Dialects};
use crate::directory::{self, Access, Directory, FirstSecrets, Passwords};
use crate::logging;
use crate::model::KeyRole;
use crate::server::{Limits, Server, probe};
use crate::store::{self, Credential, Found, Purpose, Snapshot, Store};
use anyhow::{Context as _, anyhow, bail};
use clap::CommandFactory as _;
use regex_lite::Regex;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The read connections of a command that does one thing.
const READERS_OF_A_COMMAND: usize = 1;

/// How often changes that are too old are looked for.
const FORGET_PAUSE_MIN: Duration = Duration::from_millis(100);
const FORGET_PAUSE_MAX: Duration = Duration::from_secs(3600);

/// A mistake in how the program was called, as opposed to something that went wrong.
#[derive(Debug)]
pub struct Usage(anyhow::Error);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Usage {}

/// Does what the command line says.
///
/// # Errors
/// What went wrong, as a chain of sentences; [`Usage`] when it was the command line.
pub fn run(line: CommandLine) -> anyhow::Result<()> {
    match line.command {
        None => serve(&line.serve),
        Some(Command::Serve(settings)) => serve(&settings),
        Some(Command::Key { command: KeyCommand::Create { kind, name, role, database } }) => {
            create_key(&database, kind, &name, role)
        }
        Some(Command::Key { command: KeyCommand::List { database } }) => list_keys(&database),
        Some(Command::Key { command: KeyCommand::Revoke { id, database } }) => {
            logging::start(database.log);
            open_existing(&database, None)?.revoke_key(id)?;
            say(&format!("revoked key {id}"));
            Ok(())
        }
        Some(Command::Passwd { user, database, rules }) => set_password(&database, &rules, &user),
        Some(Command::Backup { file, force, database }) => back_up(&database, &file, force),
        Some(Command::Restore { file, database }) => restore(&database, &file),
        Some(Command::Check { database }) => check(&database),
        Some(Command::Healthcheck { listen, timeout }) => check_health(listen, timeout),
        Some(Command::Completions { shell }) => complete(shell),
        Some(Command::Man { words }) => show_manual(&words),
    }
}

fn serve(settings: &Serve) -> anyhow::Result<()> {
    logging::start(settings.database.log);
    // What is wrong with the command line shows before the database is touched.
    let mounts = settings.mounts().map_err(Usage)?;
    let passwords = Arc::new(Passwords::new(settings.rules.password_pattern.clone(), settings.require_password));
    Dialects::check(&mounts).map_err(Usage)?;
    let (store, found) = open(&settings.database, settings.readers, &passwords)?;
    let store = Arc::new(store);
    let access = Access::new(Arc::clone(&store), passwords, settings.wrong_password_delay)?;
    let context = Context::new(access, settings.strict_errors);
    let dialects = Dialects::mount(context, &mounts).map_err(Usage)?;
    let server = Server::bind(
        settings.listen,
        Limits {
            connections: settings.max_connections,
            connections_per_address: settings.max_connections_per_address,
            body_bytes: settings.max_body_bytes,
            head_timeout: settings.head_timeout,
            body_timeout: settings.body_timeout,
            idle_timeout: settings.idle_timeout,
            write_timeout: settings.write_timeout,
            grace: settings.grace,
        },
    )?;
    stop_on_signals(&server, &store)?;
    forget_changes(&store, settings.keep_changes)?;
    announce(&server, &store, found, &mounts);
    server.run(move |incoming| dialects.answer(incoming));
    store.close();
    log::info!("stopped");
    Ok(())
}

fn announce(server: &Server, store: &Store, found: Found, mounts: &[(crate::dialect::Dialect, String)]) {
    let (address, limits) = (server.address(), server.limits());
    let state = if found == Found::New { "new" } else { "existing" };
    log::info!("rollbook {} with the {state} database {}", env!("CARGO_PKG_VERSION"), store.path().display());
    log::info!(
        "limits: {} connections, {} of one address, bodies of {} bytes, {:?} for a head, {:?} for a body, {:?} idle",
        limits.connections,
        limits.share(),
        limits.body_bytes,
        limits.head_timeout,
        limits.body_timeout,
        limits.idle_timeout
    );
    for (dialect, prefix) in mounts {
        log::info!("{} at http://{address}{}", dialect.name, prefix.trim_end_matches('/'));
    }
    if !address.ip().is_loopback() {
        log::warn!("traffic to {address} is not encrypted: put a TLS proxy in front of it");
    }
    log::info!("listening on http://{address}");
}

/// Removes, now and then, the changes that are too old to be kept. The thread ends with the server.
fn forget_changes(store: &Arc<Store>, age: Duration) -> anyhow::Result<()> {
    // Who only looks now and then must not be what keeps the database open.
    let (store, pause) = (Arc::downgrade(store), (age / 8).clamp(FORGET_PAUSE_MIN, FORGET_PAUSE_MAX));
    let thread = std::thread::Builder::new().name("changes".to_owned());
    thread
        .spawn(move || {
            while let Some(store) = store.upgrade() {
                match directory::forget_changes(&store, age) {
                    Ok(0) => {}
                    Ok(count) => log::info!("removed {count} changes that are older than {age:?}"),
                    Err(error) => log::warn!("old changes could not be removed: {error}"),
                }
                drop(store);
                std::thread::sleep(pause);
            }
        })
        .context("start the thread that removes old changes")?;
    Ok(())
}

/// SIGTERM and SIGINT end the server in good order; a second one ends the process at once.
fn stop_on_signals(server: &Server, store: &Arc<Store>) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
    use std::sync::atomic::AtomicBool;
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&asked)).context("handle signals")?;
        signal_hook::flag::register(signal, Arc::clone(&asked)).context("handle signals")?;
    }
    // A file that may not grow any more is an error of the write, not the end of the process.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).context("handle signals")?;
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).context("handle signals")?;
    let (stopper, store) = (server.stopper(), Arc::downgrade(store));
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread
        .spawn(move || {
            if signals.forever().next().is_some() {
                log::info!("stopping");
                if let Some(store) = store.upgrade() {
                    store.end_waiting();
                }
                stopper.stop();
            }
        })
        .context("start the thread for signals")?;
    Ok(())
}

/// Opens the database, and fills a new one.
fn open(database: &Database, readers: usize, passwords: &Passwords) -> anyhow::Result<(Store, Found)> {
    let (store, found) = Store::open(&database.db, readers)?;
    if store.read(|rows| Ok(rows.list_keys()?.is_empty() && rows.find_user("administrator")?.is_none()))? {
        first_start(&store, passwords)?;
    }
    Ok((store, found))
}

/// Opens a database that has to be there: a mistyped name must not make another one.
fn open_existing(database: &Database, pattern: Option<Regex>) -> anyhow::Result<Directory> {
    if !database.db.exists() {
        bail!("there is no database {}", database.db.display());
    }
    open_directory(database, pattern)
}

/// Opens the database for the one who runs the command; new passwords have to match that pattern.
fn open_directory(database: &Database, pattern: Option<Regex>) -> anyhow::Result<Directory> {
    let passwords = Passwords::new(pattern, false);
    let (store, _) = open(database, READERS_OF_A_COMMAND, &passwords)?;
    Ok(Directory::of_operator(Arc::new(store), Arc::new(passwords), &account()))
}

/// The name of who runs the command, as their shell has it.
fn account() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Fills a new database and prints, once, the secrets that were made for it.
fn first_start(store: &Store, passwords: &Passwords) -> anyhow::Result<()> {
    let mut made = String::new();
    let mut secret = |variable: &str| -> anyhow::Result<String> {
        if let Some(given) = first_secret(variable)? {
            return Ok(given);
        }
        let secret = directory::new_secret()?;
        made.push_str(&format!("export {variable}='{secret}'\n"));
        Ok(secret)
    };
    let secrets = FirstSecrets {
        password: secret("ROLLBOOK_ADMIN_PASSWORD")?,
        api_key: secret("ROLLBOOK_API_KEY")?,
        app_key: secret("ROLLBOOK_APP_KEY")?,
    };
    if secrets.api_key == secrets.app_key {
        bail!("ROLLBOOK_API_KEY and ROLLBOOK_APP_KEY are the same: each key opens something else");
    }
    directory::fill(store, passwords, &secrets).context("fill the new database")?;
    if !made.is_empty() {
        say(&format!(
            "\nThis is a new directory. Its first user is Administrator. These secrets are shown only now and stored\n\
             nowhere in clear; paste the lines into a shell to use them there:\n\n{made}"
        ));
    }
    Ok(())
}

fn create_key(database: &Database, kind: KeyWord, name: &str, role: Option<RoleWord>) -> anyhow::Result<()> {
    logging::start(database.log);
    let purpose = match (kind, role) {
        (KeyWord::Api, None) => Purpose::Api,
        (KeyWord::Api, Some(_)) => return Err(Usage(anyhow!("--role: an API key has none")).into()),
        (KeyWord::App, None | Some(RoleWord::Admin)) => Purpose::Application(KeyRole::Admin),
        (KeyWord::App, Some(RoleWord::Standard)) => Purpose::Application(KeyRole::Standard),
        (KeyWord::App, Some(RoleWord::Read)) => Purpose::Application(KeyRole::Read),
    };
    let directory = open_directory(database, None)?;
    let (id, secret) = directory.create_key(purpose, name)?;
    say(&format!("made key {id}; it is shown only now:"));
    if let Err(error) = print(&format!("{secret}\n")) {
        // A key that nobody has seen is of no use to anybody.
        directory.revoke_key(id)?;
        return Err(error);
    }
    Ok(())
}

fn list_keys(database: &Database) -> anyhow::Result<()> {
    logging::start(database.log);
    let keys = open_existing(database, None)?.keys()?;
    let mut rows = vec![["ID", "KIND", "ROLE", "NAME", "CREATED", "LAST USED", "REVOKED"].map(str::to_owned)];
    rows.extend(keys.iter().map(key_row));
    let widths: [usize; 7] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut table = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        table.push_str(cells.join("  ").trim_end());
        table.push('\n');
    }
    print(&table)
}

/// Tells the operator on standard error; that nobody listens there is no failure.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes to standard output; that it is full or closed is a failure like any other.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("write the output")
}

fn key_row(key: &Credential) -> [String; 7] {
    let time = |milliseconds: Option<i64>| match milliseconds.and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
    {
        Some(time) => format!("{time:.0}"),
        None => "-".to_owned(),
    };
    let role = match key.purpose {
        Purpose::Application(role) => role.word(),
        Purpose::Api | Purpose::Token(_) => "-",
    };
    [
        key.id.to_string(),
        key.purpose.word().to_owned(),
        role.to_owned(),
        key.name.clone(),
        time(Some(key.created_at)),
        time(key.last_used_at),
        time(key.revoked_at),
    ]
}

fn set_password(database: &Database, rules: &PasswordRules, user: &str) -> anyhow::Result<()> {
    logging::start(database.log);
    let password = read_password(user)?;
    open_existing(database, rules.password_pattern.clone())?.set_password(user, &password)?;
    say(&format!("changed the password of {user}"));
    Ok(())
}

/// A password typed twice at a terminal, or the first line of standard input.
fn read_password(user: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let password = rpassword::prompt_password(format!("New password of {user}: ")).context("read the password")?;
        if rpassword::prompt_password("Once more: ").context("read the password")? != password {
            bail!("the two are not the same");
        }
        return Ok(password);
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn back_up(database: &Database, file: &Path, force: bool) -> anyhow::Result<()> {
    logging::start(database.log);
    let done = store::back_up(&database.db, file, force)?;
    print(&format!("backed up {} to {} ({} bytes)\n", done.counts, file.display(), done.bytes))
}

fn restore(database: &Database, file: &Path) -> anyhow::Result<()> {
    logging::start(database.log);
    let done = store::restore(file, &database.db)?;
    let kept = match &done.kept {
        Some(kept) => format!("the old database is kept as {}", kept.display()),
        None => "there was no database before".to_owned(),
    };
    print(&format!("restored {} from {}; {kept}\n", done.counts, file.display()))
}

fn check(database: &Database) -> anyhow::Result<()> {
    logging::start(database.log);
    let snapshot = Snapshot::open(&database.db)?;
    let findings = directory::check(&snapshot);
    if findings.is_empty() {
        return print(&format!("ok: {}\n", snapshot.rows().counts()?));
    }
    print(&format!("{}\n", findings.join("\n")))?;
    bail!("findings in {}: {}", database.db.display(), findings.len())
}

fn check_health(address: SocketAddr, patience: Duration) -> anyhow::Result<()> {
    match probe(address, "/readyz", patience).with_context(|| format!("ask the server at {address}"))? {
        200 => Ok(()),
        status => bail!("the server at {address} is not ready: it answers {status}"),
    }
}

fn complete(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "rollbook", &mut script);
    print(&String::from_utf8(script)?)
}

fn show_manual(words: &[String]) -> anyhow::Result<()> {
    let mut command = CommandLine::command();
    // Gives each command its whole name.
    command.build();
    let mut shown = &command;
    for word in words {
        let Some(next) = shown.find_subcommand(word) else {
            return Err(Usage(anyhow!("there is no command {}", words.join(" "))).into());
        };
        shown = next;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(shown.clone()).render(&mut page)?;
    print(&String::from_utf8(page)?)
}
