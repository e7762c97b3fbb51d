//! Names of new users and groups: whether a name is free, and the key of the new row.

use crate::model::{BUILT_IN, EntityKind, Error, Result, User, check_login, check_new_name, fold_name, spelling_key};
use crate::store::{ReadTx, SpellingMatch, WriteTx};

/// The key of a new user or group of that name.
///
/// # Errors
/// `Invalid` when [`check_new_name`] refuses the name; `Exists` when a row has it, and when its key is withheld.
pub(super) fn new_key(rows: &ReadTx<'_>, kind: EntityKind, name: &str) -> Result<String> {
    let name = check_login(what(kind), name)?;
    if rows.has_name(kind, name)? {
        return Err(Error::Exists(kind, name.to_owned()));
    }
    missing_key(rows, kind, name)
}

/// The key of a user who gets another name.
///
/// # Errors
/// Those of [`new_key`].
pub(super) fn new_key_of(rows: &ReadTx<'_>, user: &User, name: &str) -> Result<String> {
    if fold_name(name) != user.key {
        return new_key(rows, EntityKind::User, name);
    }
    // Another spelling of the same name.
    check_new_name(what(EntityKind::User), name)?;
    Ok(user.key.clone())
}

/// The same for a name that no row has.
///
/// # Errors
/// Those of [`new_key`].
pub(super) fn missing_key(rows: &ReadTx<'_>, kind: EntityKind, name: &str) -> Result<String> {
    let name = check_login(what(kind), name)?;
    let key = fold_name(name);
    if rows.is_withheld(kind, &key)? {
        return Err(Error::Exists(kind, name.to_owned()));
    }
    check_new_name(what(kind), name)?;
    Ok(key)
}

/// The key of a user or group from an export of ours. The rules for new names do not apply to it. Where another row has
/// the key of the name, it is an older key.
///
/// # Errors
/// `Invalid` for a name that was never possible; `Invalid` or `Exists` when a row has the older key too.
fn exported_key(rows: &ReadTx<'_>, kind: EntityKind, name: &str) -> Result<String> {
    let name = check_login(what(kind), name)?;
    let (key, older) = (fold_name(name), spelling_key(name));
    let is_anothers = key != older && BUILT_IN.contains(&key.as_str());
    if !is_anothers && !rows.has_key(kind, &key)? {
        return Ok(key);
    }
    if key != older && !rows.has_key(kind, &older)? {
        return Ok(older);
    }
    require_spelling(rows, kind, name)?;
    Err(Error::Exists(kind, name.to_owned()))
}

/// True if a user or group of that spelling exists. For files and other systems, where two spellings that differ by
/// characters that cannot be seen can be two names: a row of the one must not get the rights of the other.
///
/// # Errors
/// `Invalid` when a row has the name in another spelling.
pub(super) fn require_spelling(rows: &ReadTx<'_>, kind: EntityKind, name: &str) -> Result<bool> {
    match rows.find_spelled(kind, name)? {
        SpellingMatch::Nothing => Ok(false),
        SpellingMatch::Same(_) => Ok(true),
        SpellingMatch::Other(other) => Err(Error::Invalid(format!(
            "the {} {name:?} and {other:?}, which is there, differ by characters that cannot be seen",
            kind.noun()
        ))),
    }
}

/// Refuses a name that waits in a group's list in another spelling: the two would be one name there.
///
/// # Errors
/// `Invalid`.
pub(super) fn require_waiting_spelling(tx: &WriteTx<'_>, kind: EntityKind, name: &str) -> Result<()> {
    if tx.may_have_pending_members()?
        && let Some(waiting) = tx.find_pending_spelling(kind, name)?
    {
        return Err(Error::Invalid(format!(
            "the {} {name:?} and {waiting:?}, which waits in a group's list, differ by characters that cannot be seen",
            kind.noun()
        )));
    }
    Ok(())
}

/// The key of a new user or group from a file or another system, whose name no row has in this spelling. `exported`: the
/// file is an export of ours.
///
/// # Errors
/// Those of [`missing_key`] or [`exported_key`]; `Invalid` when the name waits in a group's list in another spelling: the
/// new row would become a member.
pub(super) fn imported_key(tx: &WriteTx<'_>, kind: EntityKind, name: &str, exported: bool) -> Result<String> {
    require_waiting_spelling(tx, kind, name)?;
    if exported {
        exported_key(tx, kind, name)
    } else if tx.may_withhold_keys(kind)? {
        missing_key(tx, kind, name)
    } else {
        check_new_name(what(kind), name)?;
        Ok(fold_name(name))
    }
}

fn what(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "user name",
        EntityKind::Group => "group name",
    }
}
