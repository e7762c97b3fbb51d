//! Verbs on passwords: which ones a caller may give to whom, and when another one is a change.

use super::lookup::{load_user, load_user_with_groups};
use super::passwords::PasswordInput;
use super::transactions::Directory;
use crate::model::{
    DeniedAction, Error, NewPassword, PermissionLevel, Precondition, Result, UserChanges, UserWithGroups,
};
use crate::store::LoginRow;

impl Directory {
    /// What to store for the password of a new user.
    ///
    /// # Errors
    /// `Invalid` for a password that does not match the configured pattern or is longer than 4096 bytes, and for a hash
    /// from a caller who is no administrator.
    pub fn password_of_new_user(&self, password: &str) -> Result<NewPassword> {
        let new = self.passwords.prepare(self.given(password)?, None)?;
        Ok(self.with_tokens(new.expect("any password of a new user is a change")))
    }

    /// What to store for another password of a user; `None` when it is the present one, and for the hash that was
    /// imported last: that is no change, which would end the sessions of the user.
    ///
    /// # Errors
    /// As [`Directory::password_of_new_user`]; `NotFound`.
    pub fn changed_password(&self, username: &str, password: &str) -> Result<Option<NewPassword>> {
        let given = self.given(password)?;
        let present = self.read(|rows| {
            load_user(rows, username)?;
            rows.find_login(username)
        })?;
        Ok(self.passwords.prepare(given, present.as_ref())?.map(|new| self.with_tokens(new)))
    }

    /// Gives a user another password.
    ///
    /// # Errors
    /// `Forbidden` for callers who may not edit the user; `NotFound`; `Invalid` when the password is empty, and as
    /// [`Directory::password_of_new_user`].
    pub fn set_password(&self, username: &str, password: &str) -> Result<()> {
        let mut changes = UserChanges::default();
        // Before a password is hashed.
        self.may_update_user(username, &changes)?;
        if password.is_empty() {
            return Err(Error::Invalid("the password is empty".to_owned()));
        }
        changes.password = self.changed_password(username, password)?;
        self.update_user(username, changes, Precondition::default()).map(drop)
    }

    /// Gives the caller another password in place of the one of that number, which was shown.
    ///
    /// # Errors
    /// `WrongPassword` when another one has been set since; `Invalid` when the new one is empty, and as
    /// [`Directory::password_of_new_user`]; `Forbidden` for keys.
    pub(super) fn replace_own_password(&self, present: &LoginRow, new: &str) -> Result<UserWithGroups> {
        let id = self.own_id()?;
        if new.is_empty() {
            return Err(Error::Invalid("the new password is empty".to_owned()));
        }
        let new = self.passwords.prepare(self.given(new)?, Some(present))?.map(|new| self.with_tokens(new));
        let Some(new) = new else { return self.own_user() };
        let number = present.password_number;
        self.write(PermissionLevel::Reader, DeniedAction::Operation, move |tx, caller| {
            let now = tx.find_login_by_id(id)?.ok_or(Error::Unauthenticated)?;
            if now.password_number != number {
                return Err(Error::WrongPassword);
            }
            if new.imported.is_some() {
                caller.require(PermissionLevel::Administrator, DeniedAction::Edit)?;
            }
            tx.update_password(id, &new)?;
            // Read here: by now the credential of the caller may be a password that is no more.
            load_user_with_groups(tx, load_user(tx, &now.username)?)
        })
    }

    /// Looks what was given: a hash is taken from administrators only, as it passes by the rules for passwords.
    fn given<'p>(&self, password: &'p str) -> Result<PasswordInput<'p>> {
        if !self.passwords.is_hash(password) {
            return Ok(PasswordInput::Plain(password));
        }
        if self.caller.is_administrator() {
            return Ok(PasswordInput::Hash(password.to_owned()));
        }
        Err(Error::Invalid("only an administrator may set a password by its hash".to_owned()))
    }

    pub(super) fn with_tokens(&self, new: NewPassword) -> NewPassword {
        NewPassword { keeps_tokens: self.rules.keep_tokens, ..new }
    }
}
