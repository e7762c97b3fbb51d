//! The first start: the secrets of a new directory, and the way to the administrator for those that are made.

use crate::config::{Database, SECRETS, first_secret};
use crate::directory::{self, FirstSecrets, Passwords};
use crate::logging;
use crate::model::Error;
use crate::store::{self, Store};
use anyhow::{Context as _, anyhow, bail};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The contents of a new directory that is not filled yet.
pub(super) struct FirstStart {
    secrets: FirstSecrets,
    /// The secrets that were made here, each under the variable that would have set it.
    made: Vec<(&'static str, String)>,
    way: Way,
}

/// How secrets that were made reach the administrator.
enum Way {
    /// Standard error, with this text.
    StandardError(Vec<u8>),
    /// The file that a setting names.
    File(PathBuf),
    /// A file beside the database, because the journal keeps what is on standard error.
    Beside,
}

impl FirstStart {
    /// What a first start has to do; `None` when the directory has begun. Nothing is stored or shown yet.
    ///
    /// # Errors
    /// When a secret that is given cannot be used, and when those that have to be made would be lost.
    pub(super) fn of(
        store: &Store,
        database: &Database,
        secrets_file: Option<&Path>,
    ) -> anyhow::Result<Option<FirstStart>> {
        if directory::is_filled(store)? {
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
            bail!("ROLLBOOK_API_KEY and ROLLBOOK_APP_KEY are the same: each key opens something else");
        }
        let way = match secrets_file {
            Some(path) if store::is_of_database(store.path(), path) => {
                bail!("the secrets cannot go into {}: it is the database, or belongs to it", path.display())
            }
            Some(path) => Way::File(path.to_owned()),
            None if logging::goes_to_journal() => Way::Beside,
            None if !made.is_empty() && is_discarded() => {
                bail!(
                    "standard error is closed or /dev/null, and the secrets of the new directory would be lost: {WAYS}"
                )
            }
            None => Way::StandardError(logging::secrets_text(database.log_format, &made)),
        };
        Ok(Some(FirstStart { secrets, made, way }))
    }

    /// Fills the directory, and shows the secrets that were made. When they cannot be shown, nothing is stored.
    ///
    /// # Errors
    /// Those of the database and of the way that the secrets take.
    pub(super) fn fill(self, store: &Store, passwords: &Passwords) -> anyhow::Result<()> {
        let FirstStart { secrets, made, way } = self;
        let fill = |deliver: Box<dyn FnOnce() -> Result<(), Error> + Send>| {
            let filled = directory::fill_and(store, passwords, &secrets, deliver);
            filled.map_err(|error| match error {
                Error::Internal(cause) => cause,
                error => anyhow!("{error}"),
            })
        };
        let context = "fill the new database";
        if made.is_empty() {
            return fill(Box::new(|| Ok(()))).context(context);
        }
        let lines: String = made.iter().map(|(variable, secret)| format!("export {variable}='{secret}'\n")).collect();
        let (path, is_new) = match way {
            // In the transaction, as the last thing: a commit that fails leaves secrets that open nothing, and a
            // secret that is lost leaves an empty database.
            Way::StandardError(text) => {
                let print = move || {
                    let written = std::io::stderr().write_all(&text);
                    let written = written.with_context(|| format!("write the secrets to standard error ({WAYS})"));
                    written.map_err(Error::Internal)
                };
                return fill(Box::new(print)).context(context);
            }
            Way::File(path) => {
                let written = write_secrets(&path, lines.as_bytes());
                let is_new = written.with_context(|| format!("write the secrets to {}", path.display()))?;
                (path, is_new)
            }
            Way::Beside => (store::keep_secrets(store.path(), &lines)?, true),
        };
        if let Err(error) = fill(Box::new(|| Ok(()))).context(context) {
            // The file has secrets that open nothing.
            let _ = if is_new { std::fs::remove_file(path) } else { File::create(path).map(drop) };
            return Err(error);
        }
        log::warn!("this is a new directory, whose first user is Administrator; its secrets are in {}", path.display());
        Ok(())
    }
}

/// What an administrator can do whose standard error cannot take secrets.
const WAYS: &str = "set ROLLBOOK_ADMIN_PASSWORD, ROLLBOOK_API_KEY and ROLLBOOK_APP_KEY, or name a file with \
                    `rollbook serve --secrets-file FILE`";

/// Whether standard error leads nowhere. One that was closed leads to /dev/null since the process began.
fn is_discarded() -> bool {
    let null = std::fs::metadata("/dev/null").map(|null| null.rdev());
    let is_null = |stream: rustix::fs::Stat| {
        rustix::fs::FileType::from_raw_mode(stream.st_mode).is_char_device()
            && null.is_ok_and(|null| null == stream.st_rdev)
    };
    rustix::fs::fstat(std::io::stderr()).map_or(true, is_null)
}

/// Writes secrets to a new file, or to an empty one of ours, for its owner only. Returns whether it is new.
fn write_secrets(path: &Path, secrets: &[u8]) -> anyhow::Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    let (mut file, is_new) = match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => (options.open(path)?, false),
        file => (file?, true),
    };
    if !is_new {
        let found = file.metadata()?;
        if !found.is_file() {
            bail!("it is no file");
        }
        if found.len() > 0 {
            bail!("it has content already: remove it, or name another file");
        }
        if found.uid() != rustix::process::geteuid().as_raw() {
            bail!("it belongs to another user");
        }
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    let written = file.write_all(secrets).and_then(|()| file.sync_all());
    if written.is_err() && is_new {
        let _ = std::fs::remove_file(path);
    }
    written?;
    Ok(is_new)
}
