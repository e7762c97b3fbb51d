//! Opening the database, and its first contents.

use super::say;
use crate::config::{Database, first_secret};
use crate::directory::{self, FirstSecrets, Passwords};
use crate::store::{Found, Store};
use anyhow::{Context as _, bail};

/// Opens the database, and fills a new one.
pub(super) fn open(database: &Database, readers: usize, passwords: &Passwords) -> anyhow::Result<(Store, Found)> {
    let (store, found) = Store::open(&database.db, readers)?;
    if store.read(|rows| Ok(rows.list_keys()?.is_empty() && rows.find_user("administrator")?.is_none()))? {
        first_start(&store, passwords)?;
    }
    Ok((store, found))
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
