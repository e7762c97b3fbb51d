//! The User (RFC 7643, 4.1) and its Enterprise extension (RFC 7643, 4.3).

use super::attribute::{Attribute, Mutability, Returned};
use super::resource_type::{ResourceType, Schema};

/// Users.
pub(in crate::dialect::scim) static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "User account",
    schema: &USER_SCHEMA,
    extensions: &[&ENTERPRISE_USER_SCHEMA],
};

/// The core schema of users.
pub(in crate::dialect::scim) static USER_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "User account",
    attributes: &[
        Attribute::string("userName", "Login, unique in any case").required().unique(),
        Attribute::complex("name", NAME, "Parts of the person's name"),
        Attribute::string("displayName", "Name to show to people"),
        Attribute::string("nickName", "Casual name"),
        Attribute::reference("profileUrl", &["external"], "URL of a profile page"),
        Attribute::string("title", "Job title"),
        Attribute::string("userType", "Relation to the organisation, such as Employee or Contractor"),
        Attribute::string("preferredLanguage", "Preferred languages, as in the header Accept-Language"),
        Attribute::string("locale", "Language and region for formats, such as en-GB"),
        Attribute::string("timezone", "Time zone, such as Europe/Paris"),
        Attribute::boolean("active", "False if the user is disabled"),
        Attribute::string("password", "Password, which is never shown")
            .case_exact()
            .mutability(Mutability::WriteOnly)
            .returned(Returned::Never),
        Attribute::complex("emails", EMAIL, "E-mail addresses").multi_valued(),
        Attribute::complex("phoneNumbers", PHONE_NUMBER, "Phone numbers").multi_valued(),
        Attribute::complex("ims", IM, "Addresses for instant messages").multi_valued(),
        Attribute::complex("photos", PHOTO, "URLs of pictures").multi_valued(),
        Attribute::complex("addresses", ADDRESS, "Postal addresses").multi_valued(),
        Attribute::complex("groups", GROUP, "Groups of the user, direct ones and those above")
            .multi_valued()
            .read_only(),
        Attribute::complex("entitlements", ENTITLEMENT, "Rights of the user").multi_valued(),
        Attribute::complex("roles", ROLE, "Roles of the user").multi_valued(),
        Attribute::complex("x509Certificates", CERTIFICATE, "Certificates of the user").multi_valued(),
    ],
};

/// The Enterprise extension of users.
pub(in crate::dialect::scim) static ENTERPRISE_USER_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "Attributes of members of an organisation",
    attributes: &[
        Attribute::string("employeeNumber", "Number or code that the organisation gives to the person"),
        Attribute::string("costCenter", "Cost center"),
        Attribute::string("organization", "Organisation"),
        Attribute::string("division", "Division"),
        Attribute::string("department", "Department"),
        Attribute::complex("manager", MANAGER, "Manager of the user"),
    ],
};

const DISPLAY: Attribute = Attribute::string("display", "Text to show to people");
const TYPE: Attribute = Attribute::string("type", "Label of the value");
const PRIMARY: Attribute = Attribute::boolean("primary", "True for the preferred value, which is at most one");

const NAME: &[Attribute] = &[
    Attribute::string("formatted", "Whole name, ready to show"),
    Attribute::string("familyName", "Family name"),
    Attribute::string("givenName", "Given name"),
    Attribute::string("middleName", "Middle names"),
    Attribute::string("honorificPrefix", "Titles before the name, such as Dr."),
    Attribute::string("honorificSuffix", "Suffixes after the name, such as III"),
];

const EMAIL: &[Attribute] =
    &[Attribute::string("value", "E-mail address"), DISPLAY, TYPE.values(&["work", "home", "other"]), PRIMARY];

const PHONE_NUMBER: &[Attribute] = &[
    Attribute::string("value", "Phone number"),
    DISPLAY,
    TYPE.values(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

const IM: &[Attribute] = &[
    Attribute::string("value", "Address for instant messages"),
    DISPLAY,
    TYPE.values(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

const PHOTO: &[Attribute] = &[
    Attribute::reference("value", &["external"], "URL of the picture"),
    DISPLAY,
    TYPE.values(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESS: &[Attribute] = &[
    Attribute::string("formatted", "Whole address, ready to show"),
    Attribute::string("streetAddress", "Street and number"),
    Attribute::string("locality", "City"),
    Attribute::string("region", "State or region"),
    Attribute::string("postalCode", "Postal code"),
    Attribute::string("country", "Country"),
    TYPE.values(&["work", "home", "other"]),
    PRIMARY,
];

const GROUP: &[Attribute] = &[
    Attribute::string("value", "Identifier of the group").case_exact().read_only(),
    Attribute::reference("$ref", &["Group"], "URI of the group").read_only(),
    Attribute::string("display", "Name of the group").read_only(),
    Attribute::string("type", "Kind of the membership").values(&["direct", "indirect"]).read_only(),
];

const ENTITLEMENT: &[Attribute] = &[Attribute::string("value", "Name of the right"), DISPLAY, TYPE, PRIMARY];

const ROLE: &[Attribute] = &[Attribute::string("value", "Name of the role"), DISPLAY, TYPE, PRIMARY];

const CERTIFICATE: &[Attribute] = &[Attribute::binary("value", "Certificate in base64"), DISPLAY, TYPE, PRIMARY];

const MANAGER: &[Attribute] = &[
    Attribute::string("value", "Identifier of the manager's user").case_exact(),
    Attribute::reference("$ref", &["User"], "URI of the manager's user"),
    Attribute::string("displayName", "Name of the manager").read_only(),
];
