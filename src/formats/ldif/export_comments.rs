//! Comments in exports of this program, for fields that LDAP has no attribute for.

use crate::formats::record::{GroupRecord, UserRecord};
use crate::json::decode;
use serde::Deserialize;

/// Second line of an export. An import recognises the file by it.
pub(in crate::formats) const MARK: &str = "# exported by rollbook";

/// Third line of an export. It announces the counts at the end, so that an import notices a file that was cut off.
pub(super) const BEGIN: &str = "# rollbook export: this file ends with a comment of counts";

/// Begins the comment at the end of an export. The counts follow as JSON.
pub(super) const END: &str = "# rollbook counts: ";

/// Begins a comment that holds, as JSON, the fields of an entry without an attribute.
pub(super) const COMMENT: &str = "# rollbook: ";

/// The `sn` of a user without a last name, because the class `person` requires one.
pub(super) const NO_LAST_NAME: &str = "-";
/// OpenLDAP's prefix of an argon2 hash.
pub(super) const ARGON2: &str = "{ARGON2}";

/// The comment before a member, or a comment that is a membership by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Membership {
    /// A parent group of the group, if the parent does not exist and so has no entry.
    #[serde(rename = "in")]
    pub(super) container: Option<String>,
    /// Place in the order in which all memberships were made.
    pub(super) joined: Option<u64>,
    /// The name of the group as the member spells it.
    pub(super) parent: Option<String>,
}

impl Membership {
    pub(super) fn parse(comment: &str) -> Result<Membership, String> {
        decode(comment.as_bytes()).map_err(|error| broken(&error))
    }
}

/// Adds the fields in the comment of a user's entry.
pub(super) fn merge_user(user: UserRecord, comment: &str) -> Result<UserRecord, String> {
    let said: UserRecord = decode(comment.as_bytes()).map_err(|error| broken(&error))?;
    let mut properties = user.properties;
    properties.extend(said.properties);
    Ok(UserRecord {
        name: if said.name.is_empty() { user.name } else { said.name },
        texts: said.texts.or(user.texts),
        role: said.role.or(user.role),
        disabled: said.disabled.or(user.disabled),
        verified: said.verified.or(user.verified),
        password: said.password.or(user.password),
        password_hash: said.password_hash.or(user.password_hash),
        external_id: said.external_id.or(user.external_id),
        groups: said.groups.or(user.groups),
        properties,
        scim: said.scim,
        exported: user.exported,
        stored_role: said.stored_role.or(user.stored_role),
        joined: said.joined.or(user.joined),
        entry_names: user.entry_names,
    })
}

/// Adds the fields in the comment of a group's entry.
pub(super) fn merge_group(group: GroupRecord, comment: &str) -> Result<GroupRecord, String> {
    let said: GroupRecord = decode(comment.as_bytes()).map_err(|error| broken(&error))?;
    let mut properties = group.properties;
    properties.extend(said.properties);
    Ok(GroupRecord {
        name: if said.name.is_empty() { group.name } else { said.name },
        label: said.label.or(group.label),
        description: said.description.or(group.description),
        external_id: said.external_id.or(group.external_id),
        groups: said.groups.or(group.groups),
        properties,
        exported: group.exported,
        entry_names: group.entry_names,
    })
}

fn broken(error: &crate::json::DecodeError) -> String {
    format!("the comment of the entry cannot be read: {error}")
}

/// The `cn` of a user without a display name.
pub(super) fn common_name(name: &str, first: Option<&str>, last: Option<&str>) -> String {
    let names: Vec<_> = [first, last].into_iter().flatten().filter(|name| !name.is_empty()).collect();
    if names.is_empty() { name.to_owned() } else { names.join(" ") }
}
