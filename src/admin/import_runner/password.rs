//! The passwords of users in an import.

use super::options::PasswordRule;
use crate::directory::{ImportedPassword, classify_password};
use crate::formats::{Remark, UserRecord};

/// Decides if the password of a row is a hash or a plain-text password. A value that could be a hash of an unknown kind
/// is left out, and the user cannot log in.
pub(super) fn settle_password(user: &mut UserRecord, rule: PasswordRule) -> Vec<Remark> {
    let (password, hash) = (user.password.take(), user.password_hash.take());
    let password = password.filter(|password| !password.is_empty());
    let lost = |text: String| vec![Remark::dropped(text).about(format!("the user {}", user.name))];
    if rule == PasswordRule::Leave {
        return Vec::new();
    }
    if let Some(hash) = hash.filter(|hash| !hash.trim().is_empty()) {
        let mut remarks = match password {
            Some(password) if password != hash => {
                lost("a password is left out because the row has a password hash too".to_owned())
            }
            _ => Vec::new(),
        };
        match classify_password(&hash) {
            ImportedPassword::Hash(value) => user.password_hash = Some(value),
            ImportedPassword::Plain => {
                remarks.extend(lost("a password hash is left out because it has no known format".to_owned()));
            }
            ImportedPassword::Unknown(kind) => {
                remarks.extend(lost(format!("nothing here can check a password of the kind {kind}: it is left out")));
            }
        }
        return remarks;
    }
    let Some(password) = password else { return Vec::new() };
    if rule == PasswordRule::Clear {
        user.password = Some(password);
        return Vec::new();
    }
    if password.trim().is_empty() {
        return lost("a password of spaces alone is left out (--passwords clear takes it)".to_owned());
    }
    match classify_password(&password) {
        ImportedPassword::Hash(value) => user.password_hash = Some(value),
        ImportedPassword::Plain => user.password = Some(password),
        ImportedPassword::Unknown(kind) => {
            return lost(format!(
                "nothing here can check a password of the kind {kind}: it is left out \
                 (--passwords clear takes such values for passwords in clear)"
            ));
        }
    }
    Vec::new()
}
