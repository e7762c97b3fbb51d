//! The state of an account, where a server has it under a name that is not of its interface.

use crate::formats::{AccountState, Remark, account_state_of, quoted};
use crate::json::{Json, Object};

/// True if a value of the object marks the account of a user as disabled; a value that is not understood does
/// so too. What is said entirely by that is taken off the object.
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
            // Words of others may be about something else. None of them enables anybody.
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

/// Takes the value by which the interface of a server says whether a user is disabled.
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
