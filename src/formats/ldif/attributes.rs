//! The known object classes and attributes.

use crate::model::TextField;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Attributes that become properties, because they describe people and groups and no field holds them. Those up to
/// [`INET_ORG_PERSON`] belong to `inetOrgPerson`; exports write them too.
const KEPT: [&str; 41] = [
    "businessCategory",
    "carLicense",
    "departmentNumber",
    "description",
    "employeeNumber",
    "employeeType",
    "facsimileTelephoneNumber",
    "homePhone",
    "homePostalAddress",
    "initials",
    "l",
    "labeledURI",
    "mobile",
    "ou",
    "pager",
    "physicalDeliveryOfficeName",
    "postOfficeBox",
    "postalAddress",
    "postalCode",
    "preferredLanguage",
    "roomNumber",
    "st",
    "street",
    "telephoneNumber",
    "c",
    "co",
    "comment",
    "countryCode",
    "department",
    "division",
    "drink",
    "employeeId",
    "generationQualifier",
    "gecos",
    "info",
    "ipPhone",
    "otherTelephone",
    "personalTitle",
    "proxyAddresses",
    "streetAddress",
    "wWWHomePage",
];

/// The number of attributes at the beginning of [`KEPT`] that an `inetOrgPerson` may have.
const INET_ORG_PERSON: usize = 24;

/// The attribute with this name, if it becomes a property and an `inetOrgPerson` may have it.
pub(super) fn is_written_property(name: &str) -> bool {
    KEPT[..INET_ORG_PERSON].contains(&name)
}

/// True if the attribute becomes a property.
pub(super) fn is_kept(name: &str) -> bool {
    KEPT.contains(&name)
}

/// Attributes of a user that hold a name, a login or a password. [`TextField::ldap_attributes`] has those of the other
/// fields.
const NAMES: [&str; 7] = ["uid", "cn", "sAMAccountName", "userPrincipalName", "name", "spn", "userPassword"];

/// The attributes that become fields.
fn fields() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(TextField::ALL.into_iter().flat_map(TextField::ldap_attributes).copied())
}

/// Other names of attributes, in lower case.
const ALIASES: [(&str, &str); 9] = [
    ("userid", "uid"),
    ("commonname", "cn"),
    ("gn", "givenName"),
    ("surname", "sn"),
    ("email", "mail"),
    ("emailaddress", "mail"),
    ("rfc822mailbox", "mail"),
    ("organizationname", "o"),
    ("organizationalunitname", "ou"),
];

/// The kind of a list of members or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// Distinguished names of the members of a group.
    Member,
    /// The values of `uid` of the members of a group.
    MemberUid,
    /// Distinguished names of the groups that the entry is in.
    MemberOf,
    /// Name of a group that the entry is in; only in exports of this program.
    Container,
    /// Members in a form that cannot be imported: LDAP searches and e-mail addresses.
    Foreign,
}

/// The use of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    ObjectClass,
    ChangeType,
    List(List),
    /// A text that the reader stores under this name.
    Text(&'static str),
    /// `isDeleted` and `isRecycled`.
    Deleted,
    /// Written by servers and tools for their own use. Ignoring it loses nothing of the user or group.
    Operational,
}

static ATTRIBUTES: LazyLock<HashMap<String, Attribute>> = LazyLock::new(|| {
    let lists = [
        ("member", List::Member),
        ("uniquemember", List::Member),
        ("memberuid", List::MemberUid),
        ("memberof", List::MemberOf),
        ("ismemberof", List::MemberOf),
        ("directmemberof", List::MemberOf),
        ("groupmembership", List::MemberOf),
        ("memberurl", List::Foreign),
        ("memberqueryurl", List::Foreign),
        ("rfc822mailmember", List::Foreign),
        ("mgrprfc822mailmember", List::Foreign),
        ("zimbramailforwardingaddress", List::Foreign),
        ("msexchdynamicdlfilter", List::Foreign),
    ];
    let operational = [
        "contextcsn",
        "control",
        "createtimestamp",
        "creatorsname",
        "distinguishedname",
        "dscorepropagationdata",
        "dsentrydn",
        "entrycsn",
        "entrydn",
        "entryid",
        "entryusn",
        "entryuuid",
        "hassubordinates",
        "instancetype",
        "modifiersname",
        "modifytimestamp",
        "nscpentrydn",
        "nsparentuniqueid",
        "nsuniqueid",
        "numsubordinates",
        "objectcategory",
        "objectguid",
        "objectsid",
        "parentid",
        "structuralobjectclass",
        "subschemasubentry",
        "usnchanged",
        "usncreated",
        "version",
        "whenchanged",
        "whencreated",
    ];
    let texts = KEPT.into_iter().chain(fields()).map(|name| (name.to_ascii_lowercase(), Attribute::Text(name)));
    let aliases = ALIASES.into_iter().map(|(alias, name)| (alias.to_owned(), Attribute::Text(name)));
    let lists = lists.into_iter().map(|(name, list)| (name.to_owned(), Attribute::List(list)));
    let operational = operational.into_iter().map(|name| (name.to_owned(), Attribute::Operational));
    let others = [
        ("objectclass", Attribute::ObjectClass),
        ("changetype", Attribute::ChangeType),
        ("isdeleted", Attribute::Deleted),
        ("isrecycled", Attribute::Deleted),
    ];
    let others = others.into_iter().map(|(name, attribute)| (name.to_owned(), attribute));
    texts.chain(aliases).chain(lists).chain(operational).chain(others).collect()
});

/// The use of the attribute with this name in lower case; `None` for an unknown attribute.
pub(super) fn attribute(name: &str) -> Option<Attribute> {
    ATTRIBUTES.get(name).copied()
}

/// The meaning of an object class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum Class {
    /// Entries of this class are users.
    User,
    /// Entries of this class are groups of users.
    Group,
    /// Entries of this class are neither users nor groups, even if they have other classes.
    Thing,
    /// Entries of this class are deleted.
    Deleted,
    /// The class does not decide the kind of an entry.
    Any,
}

const USERS: [&str; 22] = [
    "account",
    "goauthentik.io/ldap/user",
    "inetorgperson",
    "inetuser",
    "mailaccount",
    "mailuser",
    "newpilotperson",
    "nsperson",
    "orcluser",
    "orcluserv2",
    "organizationalperson",
    "person",
    "pilotperson",
    "posixaccount",
    "qmailuser",
    "residentialperson",
    "sambasamaccount",
    "service_account",
    "univentionperson",
    "user",
    "zimbraaccount",
    "shadowaccount",
];

const GROUPS: [&str; 22] = [
    "dynamicgroup",
    "dyngroup",
    "goauthentik.io/ldap/group",
    "group",
    "groupofentries",
    "groupofmembers",
    "groupofnames",
    "groupofuniquenames",
    "groupofurls",
    "ibm-dynamicgroup",
    "ibm-nestedgroup",
    "ibm-staticgroup",
    "inetmailgroup",
    "ipausergroup",
    "mailgroup",
    "msexchdynamicdistributionlist",
    "orclgroup",
    "posixgroup",
    "sambagroupmapping",
    "univentiongroup",
    "zimbradistributionlist",
    "zimbragroup",
];

const THINGS: [&str; 69] = [
    "alias",
    "applicationentity",
    "applicationprocess",
    "builtindomain",
    "bootabledevice",
    "computer",
    "configuration",
    "contact",
    "container",
    "country",
    "crldistributionpoint",
    "device",
    "dfsconfiguration",
    "dnsnode",
    "dnszone",
    "document",
    "domain",
    "domaindns",
    "domainpolicy",
    "foreignsecurityprincipal",
    "goauthentik.io/ldap/virtual-group",
    "grouppolicycontainer",
    "infrastructureupdate",
    "iphost",
    "ipahost",
    "ipahostgroup",
    "ipanisnetgroup",
    "ipapermission",
    "ipapermissionv2",
    "ipaservice",
    "ipnetwork",
    "ipprotocol",
    "ipservice",
    "linkeddevice",
    "locality",
    "lostandfound",
    "msds-quotacontainer",
    "ndsserver",
    "ncpserver",
    "nisdomainobject",
    "nismailalias",
    "nismap",
    "nisnetgroup",
    "nisobject",
    "nscontainer",
    "nshost",
    "oncrpc",
    "organization",
    "organizationalrole",
    "organizationalunit",
    "printer",
    "printqueue",
    "publicfolder",
    "pwdpolicy",
    "room",
    "rpccontainer",
    "sambadomain",
    "server",
    "site",
    "subnet",
    "sudorole",
    "trusteddomain",
    "univentionclient",
    "univentiondomaincontroller",
    "univentionhost",
    "univentionwindows",
    "volume",
    "zimbraalias",
    "zimbracalendarresource",
];

/// Classes that add attributes to entries of any kind.
const ANY: [&str; 5] = ["top", "object", "memberof", "extensibleobject", "simplesecurityobject"];

static CLASSES: LazyLock<HashMap<&str, Class>> = LazyLock::new(|| {
    let of = |names: &'static [&'static str], class| names.iter().map(move |name| (*name, class));
    let classes = of(&USERS, Class::User).chain(of(&GROUPS, Class::Group)).chain(of(&THINGS, Class::Thing));
    classes.chain(of(&["nstombstone", "recycled", "tombstone"], Class::Deleted)).chain(of(&ANY, Class::Any)).collect()
});

/// The meaning of the class with this name in lower case; `None` for an unknown class.
pub(in crate::formats) fn class(name: &str) -> Option<Class> {
    CLASSES.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_lower_case_and_stand_once() {
        assert_eq!(CLASSES.len(), USERS.len() + GROUPS.len() + THINGS.len() + ANY.len() + 3);
        for name in CLASSES.keys() {
            assert_eq!(*name, name.to_ascii_lowercase());
        }
        for (name, attribute) in ATTRIBUTES.iter() {
            assert_eq!(*name, name.to_ascii_lowercase());
            if let Attribute::Text(kept) = attribute {
                assert!(is_kept(kept) || fields().any(|field| field == *kept), "{name}");
            }
        }
    }
}
