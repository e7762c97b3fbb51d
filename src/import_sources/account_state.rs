//! The state of an account in keys that do not belong to the documented interface of a server.

use crate::formats::{AccountState, Remark, account_state_of, quoted};
use crate::json::{Json, Object};

/// True if a value of the object disables the account of the user; a value that cannot be interpreted disables it too.
/// Removes the keys that have no other meaning from the object.
pub(super) fn is_disabled(object: &mut Object, about: &str, remarks: &mut Vec<Remark>) -> Option<bool> {
    let mut disabled = None;
    object.retain(|name, value| {
        let is_switch = matches!(value, Json::Bool(_));
        let text = match &*value {
            Json::Null => return true,
            Json::String(text) if text.trim().is_empty() => return true,
            Json::String(text) => text.clone(),
            value => value.to_string(),
        };
        let state = account_state_of(name, &text);
        match state {
            None => {}
            // Keys of other systems may have another meaning here, so their values can only disable an account.
            Some(AccountState::Enabled) if !is_switch => {}
            Some(AccountState::Enabled) => drop(disabled.get_or_insert(false)),
            Some(AccountState::Disabled) => disabled = Some(true),
            Some(AccountState::Unknown) => {
                remarks.push(not_understood(name, about));
                disabled = Some(true);
            }
        }
        state.is_none() || !is_switch
    });
    disabled
}

/// Takes the value that marks a user as disabled or enabled in the interface of the server.
pub(super) fn take_disabled(object: &mut Object, about: &str, remarks: &mut Vec<Remark>) -> Option<bool> {
    const KEY: &str = "disabled";
    let text = match object.remove(KEY)? {
        Json::Null => return None,
        Json::String(text) => text,
        value => value.to_string(),
    };
    match account_state_of(KEY, &text) {
        Some(AccountState::Enabled) => Some(false),
        Some(AccountState::Disabled) => Some(true),
        Some(AccountState::Unknown) | None => {
            remarks.push(not_understood(KEY, about));
            Some(true)
        }
    }
}

fn not_understood(name: &str, about: &str) -> Remark {
    Remark::dropped(format!("the value of {} is not understood, so the account is disabled", quoted(name))).about(about)
}
