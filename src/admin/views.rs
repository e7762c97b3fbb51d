//! Users, groups, keys and changes in the form in which commands and the admin page show them.

use crate::directory::{
    Credential, CredentialKind, Exported, ImportOutcome, ImportProgress, Imported, PositionedGroup, RemovedProperty,
};
use crate::formats::{GroupRecord, Joined, MemberRecord, Record, Role, SubgroupRecord, UserRecord};
use crate::json::{self, Json, JsonStr, JsonText, from_json};
use crate::model::{
    Attributes, BaseRole, Change, ChangeRef, Group, GroupDetails, GroupName, TextField, User, UserSummary,
    UserWithGroups, check_new_name, fold_name, timestamp,
};
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A user, with metadata.
#[derive(Debug, Serialize)]
pub struct UserView {
    /// The fields. Lists of users leave out the groups.
    #[serde(flatten)]
    pub record: UserRecord,
    /// The groups that contain those groups, directly or indirectly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherited_groups: Option<Vec<String>>,
    /// Identifier that never changes.
    pub uuid: String,
    /// A time (RFC 3339).
    pub created: String,
    /// A time (RFC 3339).
    pub updated: String,
}

impl UserView {
    /// A user without their groups.
    pub fn of_account(account: &UserSummary) -> UserView {
        let user = &account.user;
        UserView {
            record: record_of(user, account.administrator),
            inherited_groups: None,
            uuid: user.uuid.clone(),
            created: timestamp(user.created_at),
            updated: timestamp(user.updated_at),
        }
    }

    /// A user with their groups.
    pub fn of_profile(profile: &UserWithGroups) -> UserView {
        let names = |groups: &[Arc<GroupName>]| Some(groups.iter().map(|group| group.name.clone()).collect());
        let user = &profile.user;
        UserView {
            record: UserRecord { groups: names(&profile.groups), ..record_of(user, profile.administrator) },
            inherited_groups: names(&profile.ancestors),
            uuid: user.uuid.clone(),
            created: timestamp(user.created_at),
            updated: timestamp(user.updated_at),
        }
    }
}

/// The record of an exported item, and true if it is a user or group.
pub fn exported(thing: Exported) -> (Record, bool) {
    match thing {
        Exported::User { account, direct_administrator, groups, password_hash } => {
            let User { username, key, .. } = &account.user;
            let exported = is_no_new_name(username, key);
            let record = record_of(&account.user, direct_administrator);
            // The membership of a subgroup of `administrators` restores the rights of an inherited administrator.
            let role = record.role.filter(|_| direct_administrator || !account.administrator);
            let stored_role = account.administrator && account.user.access_role == BaseRole::ReadOnly;
            let stored_role = stored_role.then_some(Role::Read);
            let places = groups.as_ref().map(|groups| groups.iter().map(joined).collect::<Vec<_>>());
            let joined = places.filter(|places| !places.is_empty());
            let groups = groups.map(|groups| groups.into_iter().map(|group| group.name).collect());
            let password = password_hash;
            (Record::User(UserRecord { role, groups, password, exported, stored_role, joined, ..record }), true)
        }
        Exported::Group(group) => {
            let record = GroupRecord {
                exported: is_no_new_name(&group.name, &group.key),
                name: group.name,
                label: group.label,
                description: group.description,
                external_id: group.external_id,
                groups: None,
                properties: properties(&group.attributes),
                entry_names: Vec::new(),
            };
            (Record::Group(record), true)
        }
        Exported::Member { group, user, place } => (
            Record::Member(MemberRecord {
                group: group.into(),
                user: user.into(),
                joined: place,
                ..MemberRecord::default()
            }),
            false,
        ),
        Exported::Subgroup { group, subgroup, place } => {
            let (group, subgroup) = (group.into(), subgroup.into());
            (
                Record::Subgroup(SubgroupRecord { group, subgroup, joined: Some(place), ..SubgroupRecord::default() }),
                false,
            )
        }
    }
}

fn joined(group: &PositionedGroup) -> Joined {
    match &group.written {
        None => Joined::At(group.place),
        Some(written) => Joined::Spelled(group.place, written.clone()),
    }
}

/// True if the rules for new names refuse this name, so that only an import of an export can create it.
fn is_no_new_name(name: &str, stored: &str) -> bool {
    check_new_name("name", name).is_err() || fold_name(name) != stored
}

fn record_of(user: &User, administrator: bool) -> UserRecord {
    UserRecord {
        name: user.username.clone(),
        texts: TextField::ALL.into_iter().map(|field| (field, field.of(user).clone())).collect(),
        role: Some(match user.access_role {
            _ if administrator => Role::Admin,
            BaseRole::Standard => Role::Standard,
            BaseRole::ReadOnly => Role::Read,
        }),
        disabled: Some(user.disabled),
        verified: Some(user.verified),
        external_id: user.external_id.clone(),
        properties: properties(&user.attributes),
        scim: user.scim.clone().map(JsonText::stored),
        ..UserRecord::default()
    }
}

/// A group, with metadata.
#[derive(Debug, Serialize)]
pub struct GroupView {
    /// The fields. Lists of groups leave out the parent groups.
    #[serde(flatten)]
    pub record: GroupRecord,
    /// Number of direct member users, without pending members.
    pub users: u64,
    /// Number of direct subgroups. Lists of groups do not count pending members.
    pub subgroups: u64,
    /// Names of the direct subgroups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subgroup_names: Option<Vec<String>>,
    /// Identifier that never changes.
    pub uuid: String,
    /// A time (RFC 3339).
    pub created: String,
    /// A time (RFC 3339).
    pub updated: String,
}

impl GroupView {
    /// A group with the numbers of its direct member users and subgroups.
    pub fn of_counted((group, users, subgroups): &(Group, u64, u64)) -> GroupView {
        GroupView {
            record: GroupRecord {
                name: group.name.clone(),
                label: group.label.clone(),
                description: group.description.clone(),
                external_id: group.external_id.clone(),
                groups: None,
                properties: properties(&group.attributes),
                ..GroupRecord::default()
            },
            users: *users,
            subgroups: *subgroups,
            subgroup_names: None,
            uuid: group.uuid.clone(),
            created: timestamp(group.created_at),
            updated: timestamp(group.updated_at),
        }
    }

    pub(super) fn of_details(details: &GroupDetails, users: u64) -> GroupView {
        let names = details.member_groups.clone().unwrap_or_default();
        let mut view = GroupView::of_counted(&(details.group.clone(), users, names.len() as u64));
        view.record.groups.clone_from(&details.parent_groups);
        view.subgroup_names = Some(names);
        view
    }
}

/// An API key or application key.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyView {
    /// Number of the key on the command line.
    pub id: i64,
    /// `api` or `app`.
    pub kind: String,
    /// The word for the permissions of an application key.
    pub role: Option<String>,
    /// Label of the key.
    pub name: String,
    /// A time (RFC 3339).
    pub created: String,
    /// Time of the last use (RFC 3339), with a precision of an hour.
    pub last_used: Option<String>,
    /// A time (RFC 3339).
    pub revoked: Option<String>,
}

impl KeyView {
    pub(super) fn of(key: &Credential) -> KeyView {
        let role = match key.purpose {
            CredentialKind::Application(role) => Some(role.word().to_owned()),
            CredentialKind::Api | CredentialKind::Token(_) => None,
        };
        KeyView {
            id: key.id,
            kind: key.purpose.word().to_owned(),
            role,
            name: key.name.clone(),
            created: timestamp(key.created_at),
            last_used: key.last_used_at.map(timestamp),
            revoked: key.revoked_at.map(timestamp),
        }
    }
}

/// A removed property.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemovedPropertyView {
    /// `user` or `group`.
    pub kind: String,
    /// Name of the user or group.
    pub owner: String,
    /// Name of the property.
    pub name: String,
    /// Value of the property.
    pub value: JsonText,
}

impl RemovedPropertyView {
    pub(super) fn of(removed: RemovedProperty) -> RemovedPropertyView {
        let RemovedProperty { kind, owner, name, value } = removed;
        RemovedPropertyView { kind: kind.noun().to_owned(), owner, name, value: JsonText::stored(value) }
    }
}

/// A page of changes, the oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangesView {
    /// The changes.
    pub changes: Vec<ChangeView>,
    /// The next page begins after this number.
    pub next: i64,
}

/// A record of the audit log.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangeView {
    /// Number of the change. It increases with each change.
    pub id: i64,
    /// A time (RFC 3339).
    pub time: String,
    /// Name of the user or key, or account of the operator; `None` for the program itself.
    pub caller: Option<String>,
    /// `user`, `key` or `operator`.
    pub caller_kind: Option<String>,
    /// Dialect of the request, or `command`, or `program`.
    pub dialect: String,
    /// Action, such as `user.created`.
    pub action: String,
    /// The changed user, group or key.
    pub name: String,
    /// Values before the change.
    pub before: Option<JsonText>,
    /// Values after the change.
    pub after: Option<JsonText>,
}

impl ChangeView {
    /// The view of a change.
    pub fn of(change: &Change) -> ChangeView {
        let raw = |json: &Option<String>| json.clone().map(JsonText::stored);
        ChangeView {
            id: change.id,
            time: timestamp(change.at),
            caller: change.caller.clone(),
            caller_kind: change.caller_kind.clone(),
            dialect: change.dialect.clone(),
            action: change.action.clone(),
            name: change.name.clone(),
            before: raw(&change.before),
            after: raw(&change.after),
        }
    }
}

/// Adds a change to JSON lines, with the members of [`ChangeView`]. It copies no text first: readers of the changes feed
/// read millions of changes.
pub fn write_change_line(lines: &mut Vec<u8>, change: &ChangeRef<'_>) {
    #[derive(Serialize)]
    struct Line<'c> {
        id: i64,
        time: String,
        caller: Option<&'c str>,
        caller_kind: Option<&'c str>,
        dialect: &'c str,
        action: &'c str,
        name: &'c str,
        before: Option<JsonStr<'c>>,
        after: Option<JsonStr<'c>>,
    }
    let ChangeRef { id, at, caller_kind, caller, dialect, action, name, before, after } = *change;
    let (before, after) = (before.map(JsonStr), after.map(JsonStr));
    let line = Line { id, time: timestamp(at), caller, caller_kind, dialect, action, name, before, after };
    json::to_writer(&mut *lines, &line).expect("a list of bytes takes all of them");
    lines.push(b'\n');
}

/// The outcomes of the rows of a batch.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportBatchResult {
    /// The number of new users, groups and memberships.
    pub created: u64,
    /// The number of changed ones.
    pub updated: u64,
    /// The number of those that had these values already.
    pub unchanged: u64,
    /// The numbers of the rows of users and groups that existed and were left unchanged.
    pub skipped: Vec<u64>,
    /// The rows that were refused.
    pub refused: Vec<RefusedRow>,
    /// The numbers of the rows that are deferred to the last phase.
    pub deferred: Vec<u64>,
    /// The memberships that are missing.
    pub missing: Vec<MissingMember>,
    /// The number of groups that were created because members need them.
    pub groups: u64,
}

/// A row that was refused. Its JSON is an array, also in the positions of interrupted imports that databases have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64, String)", into = "(u64, u64, String)")]
pub struct RefusedRow {
    /// Its number.
    pub row: u64,
    /// Its line.
    pub line: u64,
    /// The reason.
    pub reason: String,
}

impl From<(u64, u64, String)> for RefusedRow {
    fn from((row, line, reason): (u64, u64, String)) -> RefusedRow {
        RefusedRow { row, line, reason }
    }
}

impl From<RefusedRow> for (u64, u64, String) {
    fn from(refused: RefusedRow) -> (u64, u64, String) {
        (refused.row, refused.line, refused.reason)
    }
}

/// A membership that is missing. Its JSON is an array, like that of [`RefusedRow`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, String, String)", into = "(u64, String, String)")]
pub struct MissingMember {
    /// The line of its row.
    pub line: u64,
    /// The reason.
    pub reason: String,
    /// The member, as the input names it.
    pub member: String,
}

impl From<(u64, String, String)> for MissingMember {
    fn from((line, reason, member): (u64, String, String)) -> MissingMember {
        MissingMember { line, reason, member }
    }
}

impl From<MissingMember> for (u64, String, String) {
    fn from(missing: MissingMember) -> (u64, String, String) {
        (missing.line, missing.reason, missing.member)
    }
}

impl ImportBatchResult {
    pub(super) fn of(imported: &Imported, rows: &[(u64, u64)]) -> ImportBatchResult {
        let mut result = ImportBatchResult { groups: imported.groups.len() as u64, ..ImportBatchResult::default() };
        for (outcome, (row, line)) in imported.outcomes.iter().zip(rows) {
            match outcome {
                ImportOutcome::Created => result.created += 1,
                ImportOutcome::Updated => result.updated += 1,
                ImportOutcome::Unchanged => result.unchanged += 1,
                ImportOutcome::Skipped => result.skipped.push(*row),
                ImportOutcome::Deferred => result.deferred.push(*row),
                ImportOutcome::Refused(reason) => {
                    result.refused.push(RefusedRow { row: *row, line: *line, reason: reason.clone() });
                }
                ImportOutcome::Missing(reason, member) => {
                    result.missing.push(MissingMember { line: *line, reason: reason.clone(), member: member.clone() });
                }
            }
        }
        result
    }
}

/// The position of an interrupted import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportProgressView {
    /// The line of the last row that was read.
    pub line: u64,
    /// Number of that row in its phase.
    pub row: u64,
    /// The number of the last phase; 0 for an import of an earlier version of this program, which had one phase.
    pub phase: u32,
    /// The end of the order of all memberships when the import began.
    pub base: Option<i64>,
    /// The number of pending members then.
    #[serde(rename = "waiting")]
    pub pending_members: u64,
    /// The phases and results of the batches that were stored.
    pub parts: Vec<(u32, JsonText)>,
}

impl ImportProgressView {
    pub(super) fn of(progress: ImportProgress) -> ImportProgressView {
        let begun = progress.parts.iter().find(|(phase, ..)| *phase == 0);
        let begun: Option<(i64, u64)> = begun.and_then(|(.., begun)| json::decode(begun.as_bytes()).ok());
        let (base, pending_members) = (begun.map(|(base, _)| base), begun.map_or(0, |(_, pending)| pending));
        let (phase, row) = progress.parts.last().map_or((0, 0), |(phase, row, _)| (*phase, *row));
        let parts = progress.parts.into_iter().filter(|(phase, ..)| *phase > 0);
        let parts = parts.map(|(phase, _, result)| (phase, JsonText::stored(result))).collect();
        ImportProgressView { line: progress.line, row, phase, base, pending_members, parts }
    }
}

/// Decodes two values whose fields are in one object. `#[serde(flatten)]` would decode the properties as numbers, which
/// would lose digits.
fn flattened<'de, D: Deserializer<'de>, A: DeserializeOwned, B: DeserializeOwned>(
    deserializer: D,
) -> Result<(A, B), D::Error> {
    let object = Json::deserialize(deserializer)?;
    let first = from_json(object.clone()).map_err(D::Error::custom)?;
    Ok((first, from_json(object).map_err(D::Error::custom)?))
}

impl<'de> Deserialize<'de> for UserView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<UserView, D::Error> {
        #[derive(Deserialize)]
        struct Rest {
            inherited_groups: Option<Vec<String>>,
            uuid: String,
            created: String,
            updated: String,
        }
        let (record, rest) = flattened(deserializer)?;
        let Rest { inherited_groups, uuid, created, updated } = rest;
        Ok(UserView { record, inherited_groups, uuid, created, updated })
    }
}

impl<'de> Deserialize<'de> for GroupView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<GroupView, D::Error> {
        #[derive(Deserialize)]
        struct Rest {
            users: u64,
            subgroups: u64,
            subgroup_names: Option<Vec<String>>,
            uuid: String,
            created: String,
            updated: String,
        }
        let (record, rest) = flattened(deserializer)?;
        let Rest { users, subgroups, subgroup_names, uuid, created, updated } = rest;
        Ok(GroupView { record, users, subgroups, subgroup_names, uuid, created, updated })
    }
}

fn properties(attributes: &Attributes) -> BTreeMap<String, JsonText> {
    attributes.iter().map(|(name, json)| (name.clone(), JsonText::stored(json.as_str()))).collect()
}
