//! A group, and what a change may say.

use super::text::check_external_id;
use super::{Attributes, EntityKind, Result, check_length, check_text, fold_name, is_answered_property};
use std::collections::BTreeMap;

/// Name of the group whose members, direct or through subgroups, are the administrators.
pub const ADMINISTRATORS: &str = "administrators";
/// Name of the group whose members may change what has nothing to do with administrators.
pub const POWER_USERS: &str = "powerusers";

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 1024;
/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 4096;

/// The name and label of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupName {
    /// Inside only.
    pub id: i64,
    /// Opaque and immutable.
    pub uuid: String,
    /// The name, in the spelling given at creation.
    pub name: String,
    /// The label; `None`: the name.
    pub label: Option<String>,
    /// The key of the row. It alone tells which group this is: a name can look like another one.
    pub key: String,
}

impl GroupName {
    /// True if this is the group whose members are the administrators.
    pub fn is_administrators(&self) -> bool {
        self.key == ADMINISTRATORS
    }

    /// The label, or the name where there is none.
    pub fn label(&self) -> &str {
        self.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&self.name)
    }
}

/// A group as stored, without its members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Inside only; 0 before the group is stored.
    pub id: i64,
    /// Opaque and immutable.
    pub uuid: String,
    /// The name, in the spelling given at creation.
    pub name: String,
    /// The label; `None`: the name.
    pub label: Option<String>,
    /// The description of the group.
    pub description: Option<String>,
    /// The identifier in a system that provisions this directory. Several groups can have the same one.
    pub external_id: Option<String>,
    /// Properties that no column holds.
    pub attributes: Attributes,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub updated_at: i64,
    /// Counts the changes.
    pub version: i64,
    /// The key of the row: that of the name, unless the row keeps an older one.
    pub key: String,
}

impl Group {
    /// The label, or the name where there is none.
    pub fn label(&self) -> &str {
        self.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&self.name)
    }

    /// A group of that name, and nothing else.
    pub fn named(name: &str) -> Group {
        Group { name: name.to_owned(), key: fold_name(name), ..Group::default() }
    }
}

/// A group with those of its three lists that were asked for, in the order given. The lists hold names, also
/// of users and groups that do not exist.
#[derive(Debug, Clone, Default)]
pub struct GroupDetails {
    /// The group.
    pub group: Group,
    /// Direct member users.
    pub member_users: Option<Vec<String>>,
    /// Direct member groups.
    pub member_groups: Option<Vec<String>>,
    /// Groups that this one is a direct member of.
    pub parent_groups: Option<Vec<String>>,
}

/// A change to a group, or the fields of a new one. `None` leaves a field as it is; `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct GroupChanges {
    /// See [`Group::label`].
    pub label: Option<Option<String>>,
    /// See [`Group::description`].
    pub description: Option<Option<String>>,
    /// See [`Group::external_id`].
    pub external_id: Option<Option<String>>,
    /// Properties to set (JSON text) or to remove (`None`).
    pub attributes: BTreeMap<String, Option<String>>,
    /// The whole list of direct member users, by name.
    pub member_users: Option<Vec<String>>,
    /// The whole list of direct member groups, by name.
    pub member_groups: Option<Vec<String>>,
    /// The whole list of parents, by name.
    pub parent_groups: Option<Vec<String>>,
}

impl GroupChanges {
    /// How many names of others it has.
    pub fn names(&self) -> usize {
        [&self.member_users, &self.member_groups, &self.parent_groups].into_iter().flatten().map(Vec::len).sum()
    }

    /// Sets the fields of the group itself; its lists are not fields. Properties of names that a dialect answers itself
    /// are ignored.
    ///
    /// # Errors
    /// `Invalid` for control characters and for texts that are too long. Line breaks and tabs are welcome in
    /// a description.
    pub fn apply_to(&self, group: &mut Group) -> Result<()> {
        if let Some(label) = &self.label {
            if let Some(text) = label {
                check_text("group label", text)?;
                check_length("group label", text, LABEL_CHARS_MAX)?;
            }
            group.label.clone_from(label);
        }
        if let Some(description) = &self.description {
            if let Some(text) = description {
                check_text("description", &text.replace(['\n', '\r', '\t'], " "))?;
                check_length("description", text, DESCRIPTION_CHARS_MAX)?;
            }
            group.description.clone_from(description);
        }
        if let Some(id) = &self.external_id {
            id.as_deref().map_or(Ok(()), check_external_id)?;
            group.external_id.clone_from(id);
        }
        for (name, value) in self.attributes.iter().filter(|(name, _)| !is_answered_property(EntityKind::Group, name)) {
            match value {
                Some(json) => group.attributes.insert(name.clone(), json.clone()),
                None => group.attributes.remove(name),
            };
        }
        Ok(())
    }
}
