//! Verbs on passwords: which passwords a caller may set for which user, and when a new password counts as a change.

use super::lookup::{load_user_by_id, load_user_id, load_user_with_groups};
use super::passwords::PasswordInput;
use super::permissions::Operation;
use super::transactions::Directory;
use super::users::UserEdit;
use crate::model::{Error, NewPassword, Result, UserChanges, UserRef, UserWithGroups};
use crate::store::LoginRow;

impl Directory {
    /// Hashes the password of a new user.
    ///
    /// # Errors
    /// `Invalid` for a password that does not match the configured pattern or is longer than 4096 bytes, and for a hash
    /// from a caller who is no administrator.
    pub(super) fn hash_first_password(&self, password: &str) -> Result<NewPassword> {
        let new = self.passwords.prepare(self.given(password)?, None)?;
        Ok(self.with_tokens(new.expect("any password of a new user is a change")))
    }

    /// Hashes another password of a user; `None` when it is the present one, and for the hash that was imported last:
    /// neither is a change, which would end the sessions of the user.
    ///
    /// # Errors
    /// As [`Directory::hash_first_password`]; `NotFound`.
    pub(super) fn hash_next_password(&self, user: &UserRef<'_>, password: &str) -> Result<Option<NewPassword>> {
        let given = self.given(password)?;
        let present = self.read(|rows| rows.find_login_by_id(load_user_id(rows, user)?))?;
        Ok(self.passwords.prepare(given, present.as_ref())?.map(|new| self.with_tokens(new)))
    }

    /// Gives a user another password.
    ///
    /// # Errors
    /// `Forbidden` for callers who may not edit the user; `NotFound`; `Invalid` when the password is empty, and as for
    /// a new user.
    pub fn set_password<'r>(&self, user: impl Into<UserRef<'r>>, password: &str) -> Result<()> {
        let user = user.into();
        if password.is_empty() {
            self.precheck_update_user(&user, &UserChanges::default())?;
            return Err(Error::Invalid("the password is empty".to_owned()));
        }
        self.update_user(user, UserEdit { password: Some(password.to_owned()), ..UserEdit::default() }).map(drop)
    }

    /// Gives the caller another password in place of the one of that number, which was shown.
    ///
    /// # Errors
    /// `WrongPassword` when another one has been set since; `Invalid` when the new one is empty, and as
    /// [`Directory::hash_first_password`]; `Forbidden` for keys.
    pub(super) fn replace_own_password(&self, present: &LoginRow, new: &str) -> Result<UserWithGroups> {
        let id = self.own_id()?;
        if new.is_empty() {
            return Err(Error::Invalid("the new password is empty".to_owned()));
        }
        let new = self.passwords.prepare(self.given(new)?, Some(present))?.map(|new| self.with_tokens(new));
        let Some(new) = new else { return self.own_user() };
        let number = present.password_number;
        self.write(Operation::ChangeOwnPassword, move |tx, caller| {
            let now = tx.find_login_by_id(id)?.ok_or(Error::Unauthenticated)?;
            if now.password_number != number {
                return Err(Error::WrongPassword);
            }
            if new.imported.is_some() {
                Operation::StorePasswordHash.require(caller)?;
            }
            tx.update_password(id, &new)?;
            // Read here: by now the credential of the caller may be a password that is no more.
            load_user_with_groups(tx, load_user_by_id(tx, id)?)
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
