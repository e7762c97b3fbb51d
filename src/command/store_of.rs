//! Opening the database, and its first contents.

use super::say;
use crate::config::{Database, first_secret};
use crate::directory::{self, FirstSecrets, Passwords};
use crate::logging;
use crate::store::{self, Found, Store};
use anyhow::{Context as _, bail};

/// Opens the database, and fills a new one.
pub(super) fn open(database: &Database, readers: usize, passwords: &Passwords) -> anyhow::Result<(Store, Found)> {
    let (store, found) = Store::open(&database.db, readers)?;
    if !directory::is_filled(&store)? {
        first_start(&store, passwords)?;
    }
    Ok((store, found))
}

/// Fills a new database. The secrets that were made for it are printed once, unless standard error is the journal,
/// which keeps what it is told: then they go into a file that only its owner can read.
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
    let fill = || directory::fill(store, passwords, &secrets).context("fill the new database");
    if made.is_empty() {
        return fill();
    }
    if !logging::goes_to_journal() {
        fill()?;
        say(&format!(
            "\nThis is a new directory. Its first user is Administrator. These secrets are shown only now and stored\n\
             nowhere in clear; paste the lines into a shell to use them there:\n\n{made}"
        ));
        return Ok(());
    }
    // First the file: a directory whose secrets nobody has would be of no use.
    let kept = store::keep_secrets(store.path(), &made)?;
    if let Err(error) = fill() {
        let _ = std::fs::remove_file(kept);
        return Err(error);
    }
    log::warn!("this is a new directory, whose first user is Administrator; its secrets are in {}", kept.display());
    Ok(())
}
