//! The text of a user. That of a user without attributes that SCIM alone shows is written from the columns, without a tree:
//! most requests of clients read such a user.

use super::location::Locations;
use super::projection::Projection;
use super::response::resource_text;
use super::schema::{ENTERPRISE_USER_SCHEMA, USER};
use super::user_resource::{Shared, document};
use crate::dialect::preconditions::weak_tag;
use crate::json;
use crate::model::{GroupName, UserWithGroups, timestamp};
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// The text of a user, reduced to what the request wants to see.
pub(super) fn user_text(user: &UserWithGroups, locations: &Locations, projection: &Projection) -> Vec<u8> {
    if projection.is_everything() && user.user.scim.is_none() {
        return json::to_vec(&UserText::new(user, locations));
    }
    resource_text(document(user, locations), projection, &USER).into_bytes()
}

/// The members in the order of a tree.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserText<'u> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'u str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emails: Option<[Element<'u>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'u str>,
    #[serde(skip_serializing_if = "Memberships::is_empty")]
    groups: Memberships<'u>,
    id: &'u str,
    meta: Meta<'u>,
    #[serde(skip_serializing_if = "Name::is_empty")]
    name: Name<'u>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_numbers: Option<[Element<'u>; 1]>,
    schemas: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'u str>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise: Option<Enterprise<'u>>,
    user_name: &'u str,
}

/// The value that all dialects show.
#[derive(Serialize)]
struct Element<'u> {
    primary: bool,
    r#type: &'static str,
    value: &'u str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Name<'u> {
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'u str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'u str>,
}

impl Name<'_> {
    fn is_empty(&self) -> bool {
        self.family_name.is_none() && self.given_name.is_none()
    }
}

#[derive(Serialize)]
struct Enterprise<'u> {
    organization: &'u str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'u> {
    created: String,
    last_modified: String,
    location: Address<'u>,
    resource_type: &'static str,
    version: String,
}

/// The address of a resource.
struct Address<'u> {
    base: &'u str,
    endpoint: &'static str,
    uuid: &'u str,
}

impl Display for Address<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in [self.base, "/", self.endpoint, "/", self.uuid] {
            f.write_str(part)?;
        }
        Ok(())
    }
}

impl Serialize for Address<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The groups of a user.
struct Memberships<'u> {
    user: &'u UserWithGroups,
    base: &'u str,
}

impl Memberships<'_> {
    fn is_empty(&self) -> bool {
        self.user.groups.is_empty() && self.user.ancestors.is_empty()
    }
}

#[derive(Serialize)]
struct Membership<'u> {
    #[serde(rename = "$ref")]
    address: Address<'u>,
    #[serde(skip_serializing_if = "str::is_empty")]
    display: &'u str,
    r#type: &'static str,
    value: &'u str,
}

impl Serialize for Memberships<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let direct = self.user.groups.iter().map(|group| self.one("direct", group));
        let indirect = self.user.ancestors.iter().map(|group| self.one("indirect", group));
        serializer.collect_seq(direct.chain(indirect))
    }
}

impl<'u> Memberships<'u> {
    fn one(&self, kind: &'static str, group: &'u GroupName) -> Membership<'u> {
        let address = Address { base: self.base, endpoint: "Groups", uuid: &group.uuid };
        Membership { address, display: group.label(), r#type: kind, value: &group.uuid }
    }
}

impl<'u> UserText<'u> {
    fn new(user: &'u UserWithGroups, locations: &'u Locations) -> UserText<'u> {
        static SCHEMAS: [&str; 2] = [USER.schema.urn, ENTERPRISE_USER_SCHEMA.urn];
        let row = &user.user;
        let text = |text: &'u Option<String>| text.as_deref().filter(|text| !text.is_empty());
        let element = |shared: Shared| {
            let value = shared.column(row).filter(|text| shared.is_shown(text))?;
            Some([Element { primary: true, r#type: "work", value }])
        };
        let enterprise = text(&row.company).map(|organization| Enterprise { organization });
        let base = locations.base();
        UserText {
            active: !row.disabled,
            display_name: text(&row.display_name),
            emails: element(Shared::Email),
            external_id: text(&row.external_id),
            groups: Memberships { user, base },
            id: &row.uuid,
            meta: Meta {
                created: timestamp(row.created_at),
                last_modified: timestamp(row.updated_at),
                location: Address { base, endpoint: "Users", uuid: &row.uuid },
                resource_type: "User",
                version: weak_tag(user.etag()),
            },
            name: Name { family_name: text(&row.last_name), given_name: text(&row.first_name) },
            phone_numbers: element(Shared::Phone),
            schemas: if enterprise.is_some() { &SCHEMAS } else { &SCHEMAS[..1] },
            title: text(&row.title),
            enterprise,
            user_name: &row.username,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::User;
    use std::sync::Arc;

    #[test]
    fn the_text_from_columns_is_that_of_the_document() {
        let text = |text: &str| Some(text.to_owned());
        let group = |name: &str, label: Option<&str>| {
            let (uuid, label) = (format!("uuid of {name}"), label.map(str::to_owned));
            Arc::new(GroupName { id: 1, uuid, name: name.to_owned(), key: name.to_owned(), label })
        };
        let plain = UserWithGroups {
            user: User { uuid: "b7c1".to_owned(), created_at: 5, updated_at: 1_800_000_000_000, ..User::named("ada") },
            groups: Vec::new(),
            ancestors: Vec::new(),
            administrator: false,
        };
        let full = UserWithGroups {
            user: User {
                first_name: text("Ada \"the\" \u{1}first"),
                last_name: text("Lovelace"),
                display_name: text("Ada\\L"),
                email: text("ada@example.com"),
                phone: text("+44 1"),
                company: text("Analytical Engines"),
                title: text("Countess"),
                external_id: text("é-1"),
                disabled: true,
                ..plain.user.clone()
            },
            groups: vec![group("staff", Some("The \"staff\"")), group("other", None)],
            ancestors: vec![group("above", Some("Above"))],
            administrator: true,
        };
        let odd = UserWithGroups {
            user: User {
                email: text("none"),
                phone: text(""),
                last_name: text(""),
                title: text(""),
                ..full.user.clone()
            },
            ..full.clone()
        };
        let locations = Locations::below("https://example.com/\"scim\"/v2");
        let everything = Projection::everything(&USER);
        for user in [plain, full, odd] {
            let expected = resource_text(document(&user, &locations), &everything, &USER);
            assert_eq!(String::from_utf8(user_text(&user, &locations, &everything)).unwrap(), expected);
        }
    }
}
