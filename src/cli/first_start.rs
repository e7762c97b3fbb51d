//! The first start: the secrets of a new directory, and how generated secrets reach the operator.

use crate::app::secrets::write_secrets_file;
use crate::directory::{self, FirstSecrets, Passwords};
use crate::files::database_path::belongs_to_database;
use crate::files::{sync_folder_of, without_following};
use crate::logging;
use crate::model::Error;
use crate::settings::{Database, SECRETS, first_secret};
use crate::store::Store;
use anyhow::{Context as _, anyhow, bail};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Maximum length of the secrets in a secrets file.
const SECRETS_LENGTH_MAX: u64 = 4096;

/// The first contents of a new directory, before they are stored.
pub(super) struct FirstStart {
    secrets: FirstSecrets,
    /// The generated secrets, each with the variable that would have set it.
    made: Vec<(&'static str, String)>,
    way: Way,
}

/// How generated secrets reach the operator.
enum Way {
    /// This text on standard error.
    StandardError(Vec<u8>),
    /// The file of `--secrets-file`.
    File(PathBuf),
    /// A file next to the database, because the systemd journal would store secrets on standard error.
    Beside,
}

impl FirstStart {
    /// Prepares the first start; `None` if the directory has its first contents already. Stores and prints nothing.
    ///
    /// # Errors
    /// A given secret cannot be used, or generated secrets would be lost.
    pub(super) fn of(
        store: &Store,
        database: &Database,
        secrets_file: Option<&Path>,
    ) -> anyhow::Result<Option<FirstStart>> {
        if directory::is_seeded(store)? {
            if let Some(path) = secrets_file {
                SecretsFile::complete_interrupted(path, store.path());
            }
            return Ok(None);
        }
        let mut made = Vec::new();
        let mut secret = |variable: &'static str| -> anyhow::Result<String> {
            if let Some(given) = first_secret(variable)? {
                return Ok(given);
            }
            let secret = directory::new_secret()?;
            made.push((variable, secret.clone()));
            Ok(secret)
        };
        let [password, api_key, app_key] = SECRETS;
        let secrets =
            FirstSecrets { password: secret(password)?, api_key: secret(api_key)?, app_key: secret(app_key)? };
        if secrets.api_key == secrets.app_key {
            bail!("ROLLBOOK_API_KEY and ROLLBOOK_APP_KEY have the same value; set different keys");
        }
        let way = match secrets_file {
            Some(path) if belongs_to_database(store.path(), path) => {
                bail!("cannot write the secrets to {}: it is the database file or belongs to it", path.display())
            }
            Some(path) => Way::File(path.to_owned()),
            None if logging::goes_to_journal() => Way::Beside,
            None if !made.is_empty() && is_discarded() => {
                bail!(
                    "standard error is closed or /dev/null, so the secrets of the new directory would be lost; {WAYS}"
                )
            }
            None => Way::StandardError(logging::secrets_text(database.log_format, &made)),
        };
        Ok(Some(FirstStart { secrets, made, way }))
    }

    /// Stores the first contents, and delivers the generated secrets. If they cannot be delivered, nothing is stored.
    ///
    /// # Errors
    /// The database cannot be written, or the secrets cannot be delivered.
    pub(super) fn fill(self, store: &Store, passwords: &Passwords) -> anyhow::Result<()> {
        let FirstStart { secrets, made, way } = self;
        let fill = |deliver: Box<dyn FnOnce() -> Result<(), Error> + Send>| {
            let filled = directory::seed_and(store, passwords, &secrets, deliver);
            filled.map_err(|error| match error {
                Error::Internal(cause) => cause,
                error => anyhow!("{error}"),
            })
        };
        let context = "store the first contents of the new database";
        if made.is_empty() {
            return fill(Box::new(|| Ok(()))).context(context);
        }
        let lines: String = made.iter().map(|(variable, secret)| format!("export {variable}='{secret}'\n")).collect();
        let fill_only = || fill(Box::new(|| Ok(()))).context(context);
        let path = match way {
            // As the last step of the transaction: if the commit fails, the printed secrets are useless; if printing
            // fails, the database stays empty.
            Way::StandardError(text) => {
                let print = move || {
                    let written = std::io::stderr().write_all(&text);
                    let written = written.with_context(|| format!("write the secrets to standard error ({WAYS})"));
                    written.map_err(Error::Internal)
                };
                return fill(Box::new(print)).context(context);
            }
            Way::File(path) => {
                let written = SecretsFile::write(&path, &lines, store.path());
                let file = written.with_context(|| format!("write the secrets to {}", path.display()))?;
                fill_only().inspect_err(|_| file.take_back(&path))?;
                file.complete().with_context(|| format!("complete {}", path.display()))?;
                path
            }
            Way::Beside => {
                let path = write_secrets_file(store.path(), &lines)?;
                // The secrets in the file are useless.
                fill_only().inspect_err(|_| drop(std::fs::remove_file(&path)))?;
                path
            }
        };
        log::warn!(
            "created a new directory; the password of the user Administrator and the keys are in {}",
            path.display()
        );
        Ok(())
    }
}

/// Advice for an operator whose standard error cannot take secrets.
const WAYS: &str = "set ROLLBOOK_ADMIN_PASSWORD, ROLLBOOK_API_KEY and ROLLBOOK_APP_KEY, or use `rollbook serve \
--secrets-file FILE`";

/// Returns whether standard error is discarded. The runtime opens /dev/null if it was closed at the start.
fn is_discarded() -> bool {
    let null = std::fs::metadata("/dev/null").map(|null| null.rdev());
    let is_null = |stream: rustix::fs::Stat| {
        rustix::fs::FileType::from_raw_mode(stream.st_mode).is_char_device()
            && null.is_ok_and(|null| null == stream.st_rdev)
    };
    rustix::fs::fstat(std::io::stderr()).map_or(true, is_null)
}

/// The file of `--secrets-file`. Until the directory has stored the secrets, the last line of the file says so: secrets
/// of a start that was killed are useless, and the next start replaces them.
struct SecretsFile {
    file: File,
    is_new: bool,
    /// The length without the last line.
    length: u64,
}

impl SecretsFile {
    /// Writes secrets to a new file, to an empty file of this user, or over secrets that an interrupted start of this
    /// database has left. Only the owner can read the file.
    fn write(path: &Path, secrets: &str, database: &Path) -> anyhow::Result<SecretsFile> {
        let (file, is_new) = match open_options().create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => (open_options().open(path)?, false),
            file => (file?, true),
        };
        let end = not_begun(database);
        if !is_new {
            let found = file.metadata()?;
            if !found.is_file() {
                bail!("it is not a regular file");
            }
            if found.uid() != rustix::process::geteuid().as_raw() {
                bail!("it belongs to another user");
            }
            if found.len() > 0 && secrets_before(&file, &end)?.is_none() {
                bail!("it is not empty; remove it, or name another file");
            }
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.set_len(0)?;
        }
        let written = SecretsFile { file, is_new, length: secrets.len() as u64 };
        let write = || -> anyhow::Result<()> {
            written.file.write_all_at(format!("{secrets}{end}").as_bytes(), 0)?;
            written.file.sync_all()?;
            sync_folder_of(path)
        };
        write().inspect_err(|_| written.take_back(path))?;
        Ok(written)
    }

    /// Marks the secrets as stored in the directory.
    fn complete(&self) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.sync_all()
    }

    /// Removes useless secrets.
    fn take_back(&self, path: &Path) {
        let _ = if self.is_new { std::fs::remove_file(path) } else { self.file.set_len(0) };
    }

    /// Completes the file of a start that was killed just after it had stored the secrets.
    fn complete_interrupted(path: &Path, database: &Path) {
        let complete = || -> std::io::Result<()> {
            let file = open_options().open(path)?;
            if file.metadata()?.is_file()
                && let Some(length) = secrets_before(&file, &not_begun(database))?
            {
                SecretsFile { file, is_new: false, length }.complete()?;
            }
            Ok(())
        };
        // The operator may have removed the file.
        let _ = complete();
    }
}

fn open_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    without_following(options.read(true).write(true).mode(0o600));
    options
}

/// The last line of a file whose secrets are not stored in the directory yet.
fn not_begun(database: &Path) -> String {
    let path = database.canonicalize().unwrap_or_else(|_| database.to_owned());
    format!("# not stored yet in the directory {path:?}\n")
}

/// The length of the secrets before that line; `None` if the file has other content.
fn secrets_before(file: &File, end: &str) -> std::io::Result<Option<u64>> {
    let mut bytes = Vec::new();
    file.take(SECRETS_LENGTH_MAX + end.len() as u64 + 1).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let is_ours = |line: &str| SECRETS.iter().any(|name| line.starts_with(&format!("export {name}='")));
    let secrets = text.strip_suffix(end).filter(|secrets| secrets.lines().all(is_ours));
    Ok(secrets.map(|secrets| secrets.len() as u64))
}
