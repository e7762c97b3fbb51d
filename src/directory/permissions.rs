//! All permissions: which caller may do what, at the moment at which it counts, in the state that is read and in the
//! transaction that writes.

use super::rules::Rules;
use crate::model::{
    ADMINISTRATORS, AccessRole, Caller, CallerKind, CredentialKind, DeniedAction, Error, GroupChanges, MemberList,
    PermissionLevel, Proof, Result, User, UserChanges, fold_name,
};
use crate::store::{ReadTx, WriteTx};
use std::borrow::Cow;
use std::collections::HashSet;

/// An operation that needs a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Create a user.
    CreateUser,
    /// Change, disable or delete a user.
    EditUser,
    /// Give a user another login.
    RenameUser,
    /// Delete disabled users.
    PurgeUsers,
    /// Store a password by its hash.
    StorePasswordHash,
    /// Create a group.
    CreateGroup,
    /// Change or delete a group.
    EditGroup,
    /// Put a user into a group, or take one out.
    EditMembership,
    /// Put a group into a group, or take one out.
    EditSubgroup,
    /// Change the caller's own password.
    ChangeOwnPassword,
    /// Create and revoke the caller's own tokens.
    ManageOwnTokens,
    /// Create, list and revoke keys.
    ManageKeys,
    /// Read the changes feed as a user. Keys may read it always: an operator makes them, for scripts that read all.
    ReadChanges,
    /// Import users, groups and memberships.
    Import,
    /// Repair the database.
    Repair,
}

impl Operation {
    /// The table of permissions: the lowest level that may call the operation, and the name of the refusal.
    ///
    /// | further rule | holds for | function |
    /// |---|---|---|
    /// | only administrators act on administrators | users, memberships, groups that grant the right | [`require_no_administrator`] |
    /// | only administrators put users into groups that grant the right | new and changed users | [`require_no_administrator_groups`] |
    /// | only administrators put groups below such groups | new and changed groups | [`require_no_administrator_parents`] |
    /// | over HTTP, protected users are not disabled, deleted, renamed or demoted | all but operators | [`require_unprotected`], [`AdministratorGuard`] |
    /// | one enabled administrator remains | all changes | [`AdministratorGuard`] |
    fn rule(self) -> (PermissionLevel, DeniedAction) {
        use PermissionLevel::{Administrator, Creator, Provisioner, Reader};
        match self {
            Operation::CreateUser => (Creator, DeniedAction::Create),
            Operation::EditUser => (Provisioner, DeniedAction::Edit),
            Operation::RenameUser => (Provisioner, DeniedAction::Edit),
            Operation::PurgeUsers => (Administrator, DeniedAction::Edit),
            Operation::StorePasswordHash => (Administrator, DeniedAction::Edit),
            Operation::CreateGroup => (Provisioner, DeniedAction::Create),
            Operation::EditGroup => (Provisioner, DeniedAction::Edit),
            Operation::EditMembership => (Provisioner, DeniedAction::Membership),
            Operation::EditSubgroup => (Administrator, DeniedAction::Membership),
            Operation::ChangeOwnPassword => (Reader, DeniedAction::Operation),
            Operation::ManageOwnTokens => (Reader, DeniedAction::Operation),
            Operation::ManageKeys => (Administrator, DeniedAction::Operation),
            Operation::ReadChanges => (Administrator, DeniedAction::Operation),
            Operation::Import => (Administrator, DeniedAction::Operation),
            Operation::Repair => (Administrator, DeniedAction::Operation),
        }
    }

    /// True if a caller of that level may call the operation at all.
    pub(super) fn is_allowed_to(self, caller: &Caller) -> bool {
        caller.permission >= self.rule().0
    }

    /// Refuses callers of a lower level.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(super) fn require(self, caller: &Caller) -> Result<()> {
        let (level, denied) = self.rule();
        caller.require(level, denied)
    }
}

/// The caller as this state has them.
///
/// # Errors
/// `Unauthenticated` when the credential is not valid in this state, or the user is disabled or gone.
pub(super) fn current_caller<'c>(rows: &ReadTx<'_>, caller: &'c Caller) -> Result<Cow<'c, Caller>> {
    if rows.rights_version().map_or(matches!(caller.proof, Proof::Operator), |state| caller.is_current(state)) {
        return Ok(Cow::Borrowed(caller));
    }
    let permission = match (caller.kind, &caller.proof) {
        (CallerKind::Operator, _) | (_, Proof::Operator) => caller.permission,
        (CallerKind::Key, Proof::Credential(id)) => load_key_permission(rows, *id)?,
        (CallerKind::Key, Proof::Password(_) | Proof::Session { .. }) => return Err(Error::Unauthenticated),
        (CallerKind::User(user_id), Proof::Credential(id)) => {
            require_token(rows, user_id, *id)?;
            require_enabled(rows, user_id)?;
            load_permission(rows, user_id)?
        }
        (CallerKind::User(user_id), Proof::Password(number)) => {
            require_password(rows, user_id, *number)?;
            load_permission(rows, user_id)?
        }
        (CallerKind::User(user_id), Proof::Session { password, token, ended }) => {
            require_password(rows, user_id, *password)?;
            if let Some(token) = token {
                require_token(rows, user_id, *token)?;
            }
            if ended.get() {
                return Err(Error::Unauthenticated);
            }
            load_permission(rows, user_id)?
        }
    };
    Ok(Cow::Owned(Caller { permission, ..caller.clone() }))
}

fn load_key_permission(rows: &ReadTx<'_>, id: i64) -> Result<PermissionLevel> {
    let found = rows.find_credential_by_id(id)?.map(|(credential, _)| credential);
    match found.filter(|credential| credential.revoked_at.is_none()).map(|credential| credential.purpose) {
        Some(CredentialKind::Application(role)) => Ok(role.permission()),
        Some(CredentialKind::Api) => Ok(PermissionLevel::Reader),
        Some(CredentialKind::Token(_)) | None => Err(Error::Unauthenticated),
    }
}

fn require_token(rows: &ReadTx<'_>, user_id: i64, id: i64) -> Result<()> {
    let found = rows.find_credential_by_id(id)?.map(|(credential, _)| credential);
    match found {
        Some(token) if token.revoked_at.is_none() && token.purpose == CredentialKind::Token(user_id) => Ok(()),
        _ => Err(Error::Unauthenticated),
    }
}

fn require_enabled(rows: &ReadTx<'_>, user_id: i64) -> Result<()> {
    rows.find_login_by_id(user_id)?.filter(|secret| !secret.disabled).map(drop).ok_or(Error::Unauthenticated)
}

fn require_password(rows: &ReadTx<'_>, user_id: i64, number: i64) -> Result<()> {
    let secret = rows.find_login_by_id(user_id)?;
    let valid = secret.filter(|secret| !secret.disabled && secret.password_number == number);
    valid.map(drop).ok_or(Error::Unauthenticated)
}

/// The power that a user has by groups.
pub(super) fn load_permission(rows: &ReadTx<'_>, user_id: i64) -> Result<PermissionLevel> {
    Ok(if rows.is_administrator(user_id)? {
        PermissionLevel::Administrator
    } else if rows.is_power_user(user_id)? {
        PermissionLevel::PowerUser
    } else {
        PermissionLevel::Reader
    })
}

/// Watches over those who have to stay administrators during a change: an enabled one at all, and the protected ones.
pub(super) struct AdministratorGuard {
    /// The protected users who were enabled administrators before the change: row ids and names.
    protected: Vec<(i64, String)>,
}

impl AdministratorGuard {
    /// Looks before the change.
    pub(super) fn before(tx: &WriteTx<'_>, caller: &Caller, rules: &Rules) -> Result<AdministratorGuard> {
        let mut protected = Vec::new();
        if caller.kind != CallerKind::Operator {
            for name in rules.protected.iter() {
                if let Some(user) = tx.find_user(name)?
                    && is_enabled_administrator(tx, user.id)?
                {
                    protected.push((user.id, user.username));
                }
            }
        }
        Ok(AdministratorGuard { protected })
    }

    /// Looks after the change.
    ///
    /// # Errors
    /// `LastAdministrator` when no enabled user is one any more; `Protected` for a protected user who is none any more.
    pub(super) fn require_remaining_administrator(&self, tx: &WriteTx<'_>) -> Result<()> {
        for (id, name) in &self.protected {
            if !is_enabled_administrator(tx, *id)? {
                return Err(Error::Protected(name.clone()));
            }
        }
        if tx.has_enabled_administrator()? { Ok(()) } else { Err(Error::LastAdministrator) }
    }
}

fn is_enabled_administrator(rows: &ReadTx<'_>, id: i64) -> Result<bool> {
    let enabled = rows.find_login_by_id(id)?.is_some_and(|secret| !secret.disabled);
    Ok(enabled && rows.is_administrator(id)?)
}

/// Refuses to disable or delete a protected user, whether an administrator or not.
///
/// # Errors
/// `Protected`.
pub(super) fn require_unprotected(caller: &Caller, rules: &Rules, user: &User) -> Result<()> {
    if caller.kind != CallerKind::Operator && rules.protected.contains(&user.key) {
        return Err(Error::Protected(user.username.clone()));
    }
    Ok(())
}

/// Refuses an operation on an administrator to a caller who is not one.
pub(super) fn require_no_administrator(caller: &Caller, administrator: bool, denied: DeniedAction) -> Result<()> {
    if administrator && !caller.is_administrator() { Err(Error::Forbidden(denied)) } else { Ok(()) }
}

/// Refuses, before anything else is looked at, to let callers who are no administrators make one.
pub(super) fn require_no_administrator_groups(
    rows: &ReadTx<'_>,
    caller: &Caller,
    changes: &UserChanges,
    denied: DeniedAction,
) -> Result<()> {
    if caller.is_administrator() {
        return Ok(());
    }
    require_no_administrator(caller, changes.access_role == Some(AccessRole::Administrator), denied)?;
    let groups = rows.find_group_ids(changes.groups.as_deref().unwrap_or_default())?;
    let groups: Vec<i64> = groups.into_iter().flatten().collect();
    require_no_administrator(caller, rows.any_is_below(&groups, ADMINISTRATORS)?, denied)
}

/// Refuses to let callers who are no administrators put a group below `administrators`, now or later: a parent
/// that does not exist yet could be made one by a caller who does not know of the group that is pending there. Those
/// that are in the group's list already may stay there.
pub(super) fn require_no_administrator_parents(
    tx: &WriteTx<'_>,
    caller: &Caller,
    changes: &GroupChanges,
    group_id: Option<i64>,
    denied: DeniedAction,
) -> Result<()> {
    let parents = changes.parent_groups.as_deref().unwrap_or_default();
    if caller.is_administrator() || parents.is_empty() {
        return Ok(());
    }
    let found = tx.find_group_ids(parents)?;
    let known: Vec<i64> = found.iter().copied().flatten().collect();
    require_no_administrator(caller, tx.any_is_below(&known, ADMINISTRATORS)?, denied)?;
    let present = group_id.map(|id| tx.list_names(id, MemberList::Parents)).transpose()?.unwrap_or_default();
    let present: HashSet<String> = present.iter().map(|name| fold_name(name)).collect();
    let unknown =
        parents.iter().zip(found).filter(|(name, found)| found.is_none() && !present.contains(&fold_name(name)));
    let unknown: Vec<String> = unknown.map(|(name, _)| name.trim().to_owned()).collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownGroups(unknown)) }
}

/// Refuses a hash from a caller who was an administrator when it was taken, and is none any more.
pub(super) fn require_hash_permission(caller: &Caller, changes: &UserChanges) -> Result<()> {
    let is_hash = changes.password.as_ref().is_some_and(|password| password.imported.is_some());
    if is_hash { Operation::StorePasswordHash.require(caller) } else { Ok(()) }
}

/// Refuses to let callers who are no administrators change a membership of an administrator, or of a group that grants the
/// right. An identity provider may change memberships of administrators in other groups.
pub(super) fn require_non_admin_membership(
    tx: &WriteTx<'_>,
    caller: &Caller,
    user_id: i64,
    group_id: i64,
) -> Result<()> {
    if caller.is_administrator() {
        return Ok(());
    }
    // A whole group that an identity provider sends must not fail because an administrator is in it.
    if !caller.is_provisioner() {
        require_no_administrator(caller, tx.is_administrator(user_id)?, DeniedAction::Membership)?;
    }
    require_no_administrator(caller, tx.grants_administrator(group_id)?, DeniedAction::Membership)
}
