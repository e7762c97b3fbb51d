//! Hashes the passwords of an import before its transaction.

use super::items::{Conflict, ImportedUser, Item};
use crate::directory::passwords::PasswordInput;
use crate::directory::transactions::Directory;
use crate::model::{EntityKind, Error, Result};
use crate::store::SpellingMatch;
use std::num::NonZeroUsize;

/// A user of an import, and the reason if the user is refused.
type Work<'w> = (&'w mut ImportedUser, &'w mut Option<String>);

impl Directory {
    /// Hashes the plain-text passwords on all processors, before the transaction begins.
    pub(super) fn prepare_passwords(
        &self,
        items: &mut [Item],
        refused: &mut [Option<String>],
        conflict: Conflict,
    ) -> Result<()> {
        let mut work: Vec<Work<'_>> = Vec::new();
        for (item, refused) in items.iter_mut().zip(refused) {
            if let Item::User(user) = item
                && (user.password.is_some() || user.password_hash.is_some())
            {
                work.push((user, refused));
            }
        }
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = work.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let prepare =
                |share: &mut [Work<'_>]| share.iter_mut().try_for_each(|work| self.prepare_password(work, conflict));
            let workers: Vec<_> = work.chunks_mut(share).map(|share| scope.spawn(move || prepare(share))).collect();
            workers.into_iter().try_for_each(|worker| {
                worker.join().unwrap_or_else(|_| Err(Error::Internal(anyhow::anyhow!("hashing a password panicked"))))
            })
        })
    }

    fn prepare_password(&self, (user, refused): &mut Work<'_>, conflict: Conflict) -> Result<()> {
        self.store.note_progress();
        let (password, hash) = (user.password.take(), user.password_hash.take());
        let given = match (&hash, &password) {
            (Some(hash), _) => self.passwords.hash_or_plain(hash),
            (None, Some(password)) if !password.is_empty() => Ok(PasswordInput::Plain(password)),
            (None, _) => return Ok(()),
        };
        // Only an update changes a user who has a password.
        let present = if conflict == Conflict::Update {
            self.read(|rows| match rows.find_spelled(EntityKind::User, &user.name)? {
                SpellingMatch::Same(id) => rows.find_login_by_id(id),
                SpellingMatch::Nothing | SpellingMatch::Other(_) => Ok(None),
            })?
        } else {
            None
        };
        match given.and_then(|given| self.passwords.prepare(given, present.as_ref())) {
            Ok(new) => user.changes.password = new.map(|new| self.with_tokens(new)),
            Err(Error::Invalid(why)) => **refused = Some(why),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
