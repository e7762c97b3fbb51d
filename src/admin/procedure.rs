//! The procedures that a command can call. Each constant pairs the request with the type of its answer.

use super::request::{
    AdminRequest, ChangeQuery, GroupQuery, ImportBatch, Membership, NewKey, PasswordChange, Purge, Rename, UserQuery,
};
use super::views::{
    ChangesView, GroupView, ImportBatchResult, ImportProgressView, KeyView, RemovedPropertyView, UserView,
};
use crate::formats::{GroupRecord, UserRecord};
use crate::json::{self, DecodeError, JsonText};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// Lists users in the order of their logins.
pub const LIST_USERS: Procedure<UserQuery, Vec<UserView>> = Procedure::new(AdminRequest::Users);
/// Reads the user with this login, with groups.
pub const READ_USER: Procedure<String, UserView> = Procedure::new(|name| AdminRequest::User { name });
/// Creates a user.
pub const CREATE_USER: Procedure<UserRecord, UserView> = Procedure::new(|user| AdminRequest::AddUser(Box::new(user)));
/// Changes a user. Absent fields stay, empty ones are cleared.
pub const UPDATE_USER: Procedure<UserRecord, UserView> = Procedure::new(|user| AdminRequest::SetUser(Box::new(user)));
/// Gives a user another login.
pub const RENAME_USER: Procedure<Rename, UserView> = Procedure::new(AdminRequest::RenameUser);
/// Deletes the user with this login.
pub const DELETE_USER: Procedure<String, ()> = Procedure::new(|name| AdminRequest::DeleteUser { name });
/// Deletes disabled users, and returns their logins.
pub const PURGE_USERS: Procedure<Purge, Vec<String>> = Procedure::new(AdminRequest::PurgeUsers);
/// Lists groups in the order of their names.
pub const LIST_GROUPS: Procedure<GroupQuery, Vec<GroupView>> = Procedure::new(AdminRequest::Groups);
/// Reads the group with this name, with its parent groups and subgroups.
pub const READ_GROUP: Procedure<String, GroupView> = Procedure::new(|name| AdminRequest::Group { name });
/// Creates a group.
pub const CREATE_GROUP: Procedure<GroupRecord, GroupView> = Procedure::new(AdminRequest::AddGroup);
/// Changes a group. Absent fields stay, empty ones are cleared.
pub const UPDATE_GROUP: Procedure<GroupRecord, GroupView> = Procedure::new(AdminRequest::SetGroup);
/// Deletes the group with this name.
pub const DELETE_GROUP: Procedure<String, ()> = Procedure::new(|name| AdminRequest::DeleteGroup { name });
/// Adds a user or a group to a group.
pub const ADD_MEMBER: Procedure<Membership, ()> = Procedure::new(AdminRequest::AddMember);
/// Removes a user or a group from a group.
pub const REMOVE_MEMBER: Procedure<Membership, ()> = Procedure::new(AdminRequest::RemoveMember);
/// Creates a key, and returns its number and the secret.
pub const CREATE_KEY: Procedure<NewKey, (i64, String)> = Procedure::new(AdminRequest::CreateKey);
/// Lists all keys.
pub const LIST_KEYS: Procedure<(), Vec<KeyView>> = Procedure::new(|()| AdminRequest::Keys);
/// Revokes the key with this number.
pub const REVOKE_KEY: Procedure<i64, ()> = Procedure::new(|id| AdminRequest::RevokeKey { id });
/// Gives a user another password.
pub const SET_PASSWORD: Procedure<PasswordChange, ()> = Procedure::new(AdminRequest::SetPassword);
/// Reads changes from the audit log.
pub const READ_CHANGES: Procedure<ChangeQuery, ChangesView> = Procedure::new(AdminRequest::Changes);
/// Copies the database into an existing empty file with this name in the same folder.
pub const COPY_DATABASE: Procedure<String, ()> = Procedure::new(|name| AdminRequest::Copy { name });
/// Imports one batch of an input.
pub const IMPORT: Procedure<ImportBatch, ImportBatchResult> =
    Procedure::new(|batch| AdminRequest::Import(Box::new(batch)));
/// Reads how far an interrupted import of the input with this digest has come.
pub const IMPORT_PROGRESS: Procedure<[u8; 32], Option<ImportProgressView>> =
    Procedure::new(|digest| AdminRequest::ImportProgress { digest });
/// Begins the import of the input with this digest and so many places of memberships. Returns the place from which its
/// memberships count, and the number of pending members.
pub const BEGIN_IMPORT: Procedure<([u8; 32], u64), (i64, u64)> =
    Procedure::new(|(digest, places)| AdminRequest::BeginImport { digest, places });
/// Ends the import of the input with this digest.
pub const END_IMPORT: Procedure<[u8; 32], ()> = Procedure::new(|digest| AdminRequest::EndImport { digest });
/// Removes extra properties with names of fields from some users and groups, and returns them.
pub const REMOVE_ANSWERED_PROPERTIES: Procedure<(), Vec<RemovedPropertyView>> =
    Procedure::new(|()| AdminRequest::RemoveAnsweredProperties);
/// Counts the pending members.
pub const COUNT_PENDING_MEMBERS: Procedure<(), u64> = Procedure::new(|()| AdminRequest::CountPendingMembers);

/// A procedure with parameters of the type `P` and an answer of the type `A`.
pub struct Procedure<P, A> {
    request: fn(P) -> AdminRequest,
    answer: PhantomData<fn() -> A>,
}

impl<P, A> Procedure<P, A> {
    const fn new(request: fn(P) -> AdminRequest) -> Procedure<P, A> {
        Procedure { request, answer: PhantomData }
    }

    /// The request with these parameters.
    pub fn request(&self, parameters: P) -> AdminRequest {
        (self.request)(parameters)
    }
}

impl<P, A: Serialize> Procedure<P, A> {
    /// Encodes the answer.
    pub(super) fn encode(&self, answer: &A) -> JsonText {
        JsonText::stored(json::to_string(answer))
    }
}

impl<P, A: DeserializeOwned> Procedure<P, A> {
    /// Decodes the answer.
    ///
    /// # Errors
    /// The JSON is not of the type `A`.
    pub fn decode(&self, answer: &[u8]) -> Result<A, DecodeError> {
        json::decode(answer)
    }
}
