//! Which names can be those of extra properties.

use super::{EntityKind, fold_name};
use std::collections::BTreeMap;

/// Properties that no column holds: their names, and their values as JSON text.
pub type Attributes = BTreeMap<String, String>;

/// Largest JSON text of the properties that no column holds, in bytes.
pub const ATTRIBUTES_BYTES_MAX: usize = 65536;

/// Names under which a dialect answers something of a user (first flag) or of a group (second flag) itself. An extra
/// property of such a name would be answered twice in one object, or be taken for the field when a client sends back
/// what it read. They are compared in any case, so they stand here in lower case.
const ANSWERED: [(&str, bool, bool); 38] = [
    ("access_role", true, false),
    ("company", true, false),
    ("contextparameters", true, true),
    ("description", false, true),
    ("disabled", true, false),
    ("email", true, false),
    ("entity-type", true, true),
    ("extendedgroups", true, false),
    ("firstname", true, false),
    ("grouplabel", true, true),
    ("groupname", true, true),
    ("groups", true, true),
    ("handle", true, false),
    ("icon", true, false),
    ("id", true, true),
    ("is_admin", true, false),
    ("isadministrator", true, true),
    ("isanonymous", true, false),
    ("isgroup", true, true),
    ("isreadonly", true, true),
    ("lastname", true, false),
    ("membergroups", true, true),
    ("members", true, true),
    ("memberusers", true, true),
    ("name", true, true),
    ("newpassword", true, false),
    ("oldpassword", true, false),
    ("parentgroups", true, true),
    ("password", true, true),
    ("properties", true, true),
    ("role", true, false),
    ("roles", true, false),
    ("subgroups", true, true),
    ("tenantid", true, true),
    ("title", true, false),
    ("url", false, true),
    ("username", true, true),
    ("verified", true, false),
];

/// The one property of such a name that is stored as an extra one.
const TENANT: &str = "tenantId";

/// True if a dialect itself has a property of that name for a user or group, so that no extra property can have it.
pub fn is_answered_property(kind: EntityKind, name: &str) -> bool {
    let folded = fold_name(name);
    name != TENANT
        && ANSWERED.iter().any(|(answered, of_user, of_group)| {
            *answered == folded
                && match kind {
                    EntityKind::User => *of_user,
                    EntityKind::Group => *of_group,
                }
        })
}

/// A property that was removed because it has the name of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedProperty {
    /// Of a user or of a group.
    pub kind: EntityKind,
    /// The name of the user or group.
    pub owner: String,
    /// The name of the property.
    pub name: String,
    /// Its value, as JSON.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_answered_are_known_in_any_case() {
        for name in
            ["password", "PASSWORD", "Password", " username", "\u{ff50}assword", "pa\u{17f}sword", "isAdministrator"]
        {
            assert!(is_answered_property(EntityKind::User, name), "{name}");
            assert!(is_answered_property(EntityKind::Group, name), "{name}");
        }
        assert!(
            is_answered_property(EntityKind::User, "tenantid") && !is_answered_property(EntityKind::User, "tenantId")
        );
        assert!(
            is_answered_property(EntityKind::Group, "description")
                && !is_answered_property(EntityKind::User, "description")
        );
        for name in ["phone", "departmentNumber", "", "pass word", "$text"] {
            assert!(
                !is_answered_property(EntityKind::User, name) && !is_answered_property(EntityKind::Group, name),
                "{name}"
            );
        }
    }
}
