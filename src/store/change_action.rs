//! The actions of the audit log.

/// An action of the audit log. A row of the table `changes` has its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Action {
    UserCreated,
    /// An update that leaves the user enabled, or disabled.
    UserUpdated,
    /// An update that disables or enables the user. The audit log has it as any other update.
    UserEnabledOrDisabled,
    UserRenamed,
    UserPasswordSet,
    UserDeleted,
    GroupCreated,
    GroupUpdated,
    GroupDeleted,
    MemberAdded,
    MemberRemoved,
    /// A member of a group whose members may have rights by it. The audit log has it as any other member.
    RightsMemberAdded,
    /// The end of such a membership.
    RightsMemberRemoved,
    SubgroupAdded,
    SubgroupRemoved,
    KeyCreated,
    KeyRevoked,
    TokenCreated,
    TokenRevoked,
    DirectoryRestored,
}

impl Action {
    pub(in crate::store) const ALL: [Action; 20] = [
        Action::UserCreated,
        Action::UserUpdated,
        Action::UserEnabledOrDisabled,
        Action::UserRenamed,
        Action::UserPasswordSet,
        Action::UserDeleted,
        Action::GroupCreated,
        Action::GroupUpdated,
        Action::GroupDeleted,
        Action::MemberAdded,
        Action::MemberRemoved,
        Action::RightsMemberAdded,
        Action::RightsMemberRemoved,
        Action::SubgroupAdded,
        Action::SubgroupRemoved,
        Action::KeyCreated,
        Action::KeyRevoked,
        Action::TokenCreated,
        Action::TokenRevoked,
        Action::DirectoryRestored,
    ];

    /// The word in the column `action`. The changes feed has it too.
    pub(in crate::store) const fn word(self) -> &'static str {
        match self {
            Action::UserCreated => "user.created",
            Action::UserUpdated | Action::UserEnabledOrDisabled => "user.updated",
            Action::UserRenamed => "user.renamed",
            Action::UserPasswordSet => "user.password_set",
            Action::UserDeleted => "user.deleted",
            Action::GroupCreated => "group.created",
            Action::GroupUpdated => "group.updated",
            Action::GroupDeleted => "group.deleted",
            Action::MemberAdded | Action::RightsMemberAdded => "member.added",
            Action::MemberRemoved | Action::RightsMemberRemoved => "member.removed",
            Action::SubgroupAdded => "subgroup.added",
            Action::SubgroupRemoved => "subgroup.removed",
            Action::KeyCreated => "key.created",
            Action::KeyRevoked => "key.revoked",
            Action::TokenCreated => "token.created",
            Action::TokenRevoked => "token.revoked",
            Action::DirectoryRestored => "directory.restored",
        }
    }
}
