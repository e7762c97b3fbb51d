//! The caller behind a credential.

use super::sessions::SessionLogin;
use crate::directory::permissions::load_permission;
use crate::model::{Caller, CallerKind, Credential, Ended, PermissionLevel, Proof, Result, RightsVersion};
use crate::store::ReadTx;

pub(super) fn key_caller(credential: &Credential, permission: PermissionLevel, state: RightsVersion) -> Caller {
    let (kind, proof) = (CallerKind::Key, Proof::Credential(credential.id));
    Caller { kind, name: credential.name.as_str().into(), permission, proof, state }
}

/// The user of that id as a caller, and the number of the password; `None` when gone or disabled. `state` was taken before
/// the read.
pub(super) fn load_caller(rows: &ReadTx<'_>, user_id: i64, state: RightsVersion) -> Result<Option<(Caller, i64)>> {
    let Some(secret) = rows.find_login_by_id(user_id)?.filter(|secret| !secret.disabled) else { return Ok(None) };
    let (kind, permission) = (CallerKind::User(user_id), load_permission(rows, user_id)?);
    let proof = Proof::Password(secret.password_number);
    Ok(Some((Caller { kind, name: secret.username.into(), permission, proof, state }, secret.password_number)))
}

/// The caller, who has a password as the credential, with the session in its place.
pub(super) fn with_session(caller: Caller, login: &SessionLogin, ended: Ended) -> Caller {
    let proof = match caller.proof {
        Proof::Password(password) => Proof::Session { password, token: login.token, ended },
        proof => proof,
    };
    Caller { proof, ..caller }
}
