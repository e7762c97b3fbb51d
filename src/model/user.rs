//! A user, what is derived of one, and what a change may say.

use super::text::{check_external_id, check_field};
use super::{Attributes, EntityKind, Error, GroupName, Result, fold_name, is_answered_property};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Largest text of the attributes that SCIM alone shows, in bytes.
const SCIM_BYTES_MAX: usize = 65536;

/// The role that is stored of a user. Administrators are the members of a group, so that is not stored here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BaseRole {
    /// A user without restrictions of this role; rights come from the groups.
    #[default]
    Standard,
    /// Reads.
    ReadOnly,
}

/// The role that a caller can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessRole {
    /// Member of the group `administrators`.
    Administrator,
    /// Not a direct member of that group; reads and writes.
    Standard,
    /// Not a direct member of that group; reads.
    ReadOnly,
}

/// A text field of a user.
///
/// The store, the audit log, the formats, the commands, the page and the embedding interface list the fields by
/// [`TextField::ALL`]. A new field is a variant, a row of `SPECS`, and a member of [`User`] and [`UserChanges`];
/// `docs/architecture.md` has the other steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    /// See [`User::first_name`].
    FirstName,
    /// See [`User::last_name`].
    LastName,
    /// See [`User::display_name`].
    DisplayName,
    /// See [`User::email`].
    Email,
    /// See [`User::company`].
    Company,
    /// See [`User::title`].
    Title,
    /// See [`User::phone`].
    Phone,
}

/// Names and accessors of a text field.
struct Spec {
    /// Name of the column in the database and in CSV, of the JSON key, and with hyphens of the flag.
    name: &'static str,
    /// Name in error messages.
    label: &'static str,
    /// Sentence for `--help`.
    help: &'static str,
    /// Placeholder of the value in `--help`.
    placeholder: &'static str,
    /// Names of columns and keys in files of other programs, in lower case, letters and digits only. The first counts.
    aliases: &'static [&'static str],
    /// LDAP attributes. The first that an entry has counts; exports write the first.
    ldap: &'static [&'static str],
    /// Extra property that held the text before it became a field, and the name by which clients may set it.
    property: Option<&'static str>,
    get: fn(&User) -> &Option<String>,
    get_mut: fn(&mut User) -> &mut Option<String>,
    change: fn(&UserChanges) -> &Option<Option<String>>,
    change_mut: fn(&mut UserChanges) -> &mut Option<Option<String>>,
}

/// The text fields, in the order of [`TextField`].
const SPECS: [Spec; TextField::ALL.len()] = [
    Spec {
        name: "first_name",
        label: "first name",
        help: "Given name",
        placeholder: "TEXT",
        aliases: &["firstname", "givenname", "forename"],
        ldap: &["givenName"],
        property: None,
        get: |user| &user.first_name,
        get_mut: |user| &mut user.first_name,
        change: |changes| &changes.first_name,
        change_mut: |changes| &mut changes.first_name,
    },
    Spec {
        name: "last_name",
        label: "last name",
        help: "Family name",
        placeholder: "TEXT",
        aliases: &["lastname", "surname", "sn", "familyname"],
        ldap: &["sn"],
        property: None,
        get: |user| &user.last_name,
        get_mut: |user| &mut user.last_name,
        change: |changes| &changes.last_name,
        change_mut: |changes| &mut changes.last_name,
    },
    Spec {
        name: "display_name",
        label: "name",
        help: "Display name",
        placeholder: "TEXT",
        aliases: &["displayname", "fullname"],
        ldap: &["displayName"],
        property: None,
        get: |user| &user.display_name,
        get_mut: |user| &mut user.display_name,
        change: |changes| &changes.display_name,
        change_mut: |changes| &mut changes.display_name,
    },
    Spec {
        name: "email",
        label: "email",
        help: "E-mail address",
        placeholder: "ADDRESS",
        aliases: &["email", "mail", "emailaddress", "primaryemail"],
        ldap: &["mail"],
        property: None,
        get: |user| &user.email,
        get_mut: |user| &mut user.email,
        change: |changes| &changes.email,
        change_mut: |changes| &mut changes.email,
    },
    Spec {
        name: "company",
        label: "company",
        help: "Employer",
        placeholder: "TEXT",
        aliases: &["company", "organization", "organisation", "o", "companyname"],
        ldap: &["o", "company"],
        property: None,
        get: |user| &user.company,
        get_mut: |user| &mut user.company,
        change: |changes| &changes.company,
        change_mut: |changes| &mut changes.company,
    },
    Spec {
        name: "title",
        label: "title",
        help: "Job title",
        placeholder: "TEXT",
        aliases: &["title", "jobtitle", "employeetitle"],
        ldap: &["title"],
        property: None,
        get: |user| &user.title,
        get_mut: |user| &mut user.title,
        change: |changes| &changes.title,
        change_mut: |changes| &mut changes.title,
    },
    Spec {
        name: "phone",
        label: "phone",
        help: "Telephone number",
        placeholder: "NUMBER",
        aliases: &[
            "phone",
            "phonenumber",
            "telephone",
            "telephonenumber",
            "tel",
            "workphone",
            "officephone",
            "businessphone",
            "primaryphone",
        ],
        ldap: &["telephoneNumber"],
        property: Some("phone"),
        get: |user| &user.phone,
        get_mut: |user| &mut user.phone,
        change: |changes| &changes.phone,
        change_mut: |changes| &mut changes.phone,
    },
];

impl TextField {
    /// All text fields, in the order of documents and files.
    pub const ALL: [TextField; 7] = [
        TextField::FirstName,
        TextField::LastName,
        TextField::DisplayName,
        TextField::Email,
        TextField::Company,
        TextField::Title,
        TextField::Phone,
    ];

    const fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// Name of the column in the database and in CSV, of the JSON key, and with hyphens of the flag.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The field of that name.
    pub fn named(name: &str) -> Option<TextField> {
        TextField::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Sentence for `--help`.
    pub fn help(self) -> &'static str {
        self.spec().help
    }

    /// Placeholder of the value in `--help`.
    pub fn placeholder(self) -> &'static str {
        self.spec().placeholder
    }

    /// Names of columns and keys in files of other programs, in lower case, letters and digits only. The first counts.
    pub fn aliases(self) -> &'static [&'static str] {
        self.spec().aliases
    }

    /// LDAP attributes. The first that an entry has counts; exports write the first.
    pub fn ldap_attributes(self) -> &'static [&'static str] {
        self.spec().ldap
    }

    /// Extra property that held the text before it became a field, and the name by which clients may set it.
    pub fn property(self) -> Option<&'static str> {
        self.spec().property
    }

    /// The text of a user.
    pub fn of(self, user: &User) -> &Option<String> {
        (self.spec().get)(user)
    }

    /// The text of a user, to be changed.
    pub fn of_mut(self, user: &mut User) -> &mut Option<String> {
        (self.spec().get_mut)(user)
    }

    /// The new text in a change.
    pub fn change(self, changes: &UserChanges) -> &Option<Option<String>> {
        (self.spec().change)(changes)
    }

    /// The new text in a change, to be set.
    pub fn change_mut(self, changes: &mut UserChanges) -> &mut Option<Option<String>> {
        (self.spec().change_mut)(changes)
    }

    /// Checks that the field can hold a text.
    ///
    /// # Errors
    /// `Invalid` for control characters and for more than 1024 characters.
    pub fn check(self, text: &str) -> Result<()> {
        check_field(self.spec().label, text)
    }
}

/// A user as stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// Inside only; 0 before the user is stored.
    pub id: i64,
    /// Opaque and immutable.
    pub uuid: String,
    /// The login, in the spelling given at creation.
    pub username: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The name to show, where a dialect keeps one.
    pub display_name: Option<String>,
    /// E-mail address, as given.
    pub email: Option<String>,
    /// Employer.
    pub company: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Role of those who are no administrators.
    pub access_role: BaseRole,
    /// Kept and readable, but cannot log in.
    pub disabled: bool,
    /// Has logged in at least once.
    pub verified: bool,
    /// The identifier in a system that provisions this directory.
    pub external_id: Option<String>,
    /// Properties that no column holds.
    pub attributes: Attributes,
    /// Attributes that SCIM alone shows, as the text of a JSON object; `None`: there are none, or they were not read.
    pub scim: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub updated_at: i64,
    /// Counts the changes of the user, not of memberships, which are the groups'.
    pub version: i64,
    /// The key of the row: that of the login, unless the row keeps an older one. No other user has it.
    pub key: String,
}

/// The fields of a user in a list, borrowed from the row.
#[derive(Debug, Clone, Copy)]
pub struct ListedUser<'u> {
    /// See [`User::username`].
    pub username: &'u str,
    /// See [`User::key`].
    pub key: &'u str,
    /// See [`User::first_name`].
    pub first_name: Option<&'u str>,
    /// See [`User::last_name`].
    pub last_name: Option<&'u str>,
    /// See [`User::display_name`].
    pub display_name: Option<&'u str>,
    /// See [`User::email`].
    pub email: Option<&'u str>,
    /// See [`User::title`].
    pub title: Option<&'u str>,
    /// See [`User::access_role`].
    pub access_role: BaseRole,
    /// See [`User::disabled`].
    pub disabled: bool,
    /// See [`User::verified`].
    pub verified: bool,
}

impl User {
    /// A user of that login, and nothing else.
    pub fn named(username: &str) -> User {
        User { username: username.to_owned(), key: fold_name(username), ..User::default() }
    }

    /// The fields of the user in a list.
    pub fn as_listed(&self) -> ListedUser<'_> {
        ListedUser {
            username: &self.username,
            key: &self.key,
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            display_name: self.display_name.as_deref(),
            email: self.email.as_deref(),
            title: self.title.as_deref(),
            access_role: self.access_role,
            disabled: self.disabled,
            verified: self.verified,
        }
    }
}

/// A user, and whether they are an administrator (directly or through subgroups).
#[derive(Debug, Clone)]
pub struct UserSummary {
    /// The user.
    pub user: User,
    /// Member of the group `administrators`, directly or not.
    pub administrator: bool,
}

/// A user with all their groups.
#[derive(Debug, Clone)]
pub struct UserWithGroups {
    /// The user.
    pub user: User,
    /// Direct groups, in the order joined.
    pub groups: Vec<Arc<GroupName>>,
    /// The groups above those, breadth first, each once.
    pub ancestors: Vec<Arc<GroupName>>,
    /// True if the group `administrators` is among either.
    pub administrator: bool,
}

/// A change to a user, or the fields of a new one. `None` leaves a field as it is; `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct UserChanges {
    /// See [`User::first_name`].
    pub first_name: Option<Option<String>>,
    /// See [`User::last_name`].
    pub last_name: Option<Option<String>>,
    /// See [`User::display_name`].
    pub display_name: Option<Option<String>>,
    /// See [`User::email`].
    pub email: Option<Option<String>>,
    /// See [`User::company`].
    pub company: Option<Option<String>>,
    /// See [`User::title`].
    pub title: Option<Option<String>>,
    /// See [`User::phone`].
    pub phone: Option<Option<String>>,
    /// Properties to set (JSON text) or to remove (`None`).
    pub attributes: BTreeMap<String, Option<String>>,
    /// The role to give.
    pub access_role: Option<AccessRole>,
    /// The role of an administrator when they are none any more.
    pub stored_role: Option<BaseRole>,
    /// See [`User::disabled`].
    pub disabled: Option<bool>,
    /// See [`User::verified`].
    pub verified: Option<bool>,
    /// See [`User::external_id`].
    pub external_id: Option<Option<String>>,
    /// See [`User::scim`].
    pub scim: Option<Option<String>>,
    /// The whole list of direct groups, by name.
    pub groups: Option<Vec<String>>,
    /// Another password.
    pub password: Option<NewPassword>,
}

/// The stored form of a new password, see `directory::Passwords`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// A value that the password can be checked against.
    pub hash: String,
    /// The SHA-256 of the value, where it was given as a hash: the same one is no change the next time.
    pub imported: Option<[u8; 32]>,
    /// The tokens of the user stay valid.
    pub keeps_tokens: bool,
}

impl UserChanges {
    /// How many names of others it has.
    pub fn names(&self) -> usize {
        self.groups.as_ref().map_or(0, Vec::len)
    }

    /// Sets the fields of the user itself. Groups, passwords and the right of an administrator are not fields. Properties
    /// of names that a dialect answers itself are ignored: clients send whole entities.
    ///
    /// # Errors
    /// `Invalid` for control characters and for texts of more than 1024 characters.
    pub fn apply_to(&self, user: &mut User) -> Result<()> {
        for field in TextField::ALL {
            if let Some(value) = field.change(self) {
                value.as_deref().map_or(Ok(()), |text| field.check(text))?;
                field.of_mut(user).clone_from(value);
            }
        }
        if let Some(id) = &self.external_id {
            id.as_deref().map_or(Ok(()), check_external_id)?;
            user.external_id.clone_from(id);
        }
        if let Some(document) = &self.scim {
            if document.as_ref().is_some_and(|document| document.len() > SCIM_BYTES_MAX) {
                return Err(Error::Invalid(format!("the attributes take more than {SCIM_BYTES_MAX} bytes")));
            }
            user.scim.clone_from(document);
        }
        for (name, value) in self.attributes.iter().filter(|(name, _)| !is_answered_property(EntityKind::User, name)) {
            match value {
                Some(json) => user.attributes.insert(name.clone(), json.clone()),
                None => user.attributes.remove(name),
            };
        }
        match self.access_role {
            Some(AccessRole::Standard) => user.access_role = BaseRole::Standard,
            Some(AccessRole::ReadOnly) => user.access_role = BaseRole::ReadOnly,
            Some(AccessRole::Administrator) | None => {}
        }
        if let Some(role) = self.stored_role {
            user.access_role = role;
        }
        if let Some(disabled) = self.disabled {
            user.disabled = disabled;
        }
        if let Some(verified) = self.verified {
            user.verified = verified;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_its_own_row() {
        let (mut user, mut changes) = (User::default(), UserChanges::default());
        for (index, field) in TextField::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, index);
            assert_eq!(TextField::named(field.name()), Some(field));
            *field.of_mut(&mut user) = Some(field.name().to_owned());
            *field.change_mut(&mut changes) = Some(Some(field.name().to_owned()));
        }
        for field in TextField::ALL {
            let name = Some(field.name().to_owned());
            assert_eq!((field.of(&user), field.change(&changes)), (&name, &Some(name.clone())));
        }
    }
}
