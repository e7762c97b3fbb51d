//! Filters in the forms that clients send.

mod indexes;
mod properties;
mod reference;

use super::*;
use crate::dialect::scim::problem::ScimType;
use crate::dialect::scim::samples::{json, object};
use crate::dialect::scim::schema::{GROUP, RESOURCE_TYPES, USER};

const USER_DOCUMENT: &str = r#"{
    "id": "2819c223", "externalId": "E-1", "userName": "bjensen@example.com", "displayName": "Babs Jensen", "title": "",
    "active": true, "name": {"familyName": "O'Malley", "givenName": "Ärne"},
    "emails": [{"value": "work@example.com", "type": "work", "primary": true}, {"value": "b@home.example", "type": "home"}],
    "groups": [{"value": "g1", "type": "direct"}],
    "x509Certificates": [{"value": "AAEC"}],
    "meta": {"resourceType": "User", "created": "2011-05-13T04:42:34.123Z", "lastModified": "2011-05-13T04:42:34Z", "version": "W/\"1\""},
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D", "manager": {"value": "m1"}}
}"#;
const GROUP_DOCUMENT: &str = r#"{
    "id": "g1", "displayName": "Tour Guides", "members": [{"value": "u1", "type": "User"}, {"value": "g2", "type": "Group"}],
    "meta": {"resourceType": "Group"}
}"#;
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn user_filter(text: &str) -> Filter {
    Filter::parse(text, &USER).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
}

fn finds_user(text: &str) -> bool {
    user_filter(&text.replace("URN", ENTERPRISE)).matches(&object(USER_DOCUMENT))
}

fn finds_group(text: &str) -> bool {
    Filter::parse(text, &GROUP).unwrap_or_else(|problem| panic!("{text}: {problem:?}")).matches(&object(GROUP_DOCUMENT))
}

/// Filters that the user fulfils.
const FOUND: &[&str] = &[
    // RFC 7644, figure 3.
    r#"userName eq "BJensen@example.com""#,
    r#"name.familyName co "O'Malley""#,
    r#"userName sw "B""#,
    r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "b""#,
    r#"meta.lastModified ge "2011-05-13T04:42:34Z""#,
    r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
    r#"title pr or userName pr"#,
    r#"userName pr and not (title pr)"#,
    r#"emails[type eq "work"] and (userName co "jensen" or displayName eq "x")"#,
    r#"emails.type eq "work" and emails.type eq "home""#,
    r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp"]"#,
    r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user""#,
    r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#,
    "schemas pr",
    // Any case.
    r#"USERNAME EQ "bjensen@EXAMPLE.com" AND NOT(Active EQ FALSE)"#,
    r#"name.givenName eq "äRNE""#,
    r#"name.givenName eq "A\u0308rne""#,
    // Microsoft's forms.
    r#"emails[type eq "work"].value eq "WORK@example.com""#,
    r#"emails[type eq "home"].primary ne true"#,
    r#"id eq "2819c223" and URN:manager eq "m1""#,
    r#"URN.manager.value eq "m1""#,
    "userName sw bj",
    "userName eq bjensen@example.com",
    "meta.Created gt 2011-05-12T14:38:21.8617979-07:00",
    "meta.created lt 2015-10-10T14:38:21.8617979+07:00",
    r#"meta.created eq "2011-05-13T06:42:34.1230000+02:00""#,
    r#"active eq "True""#,
    "active eq TRUE",
    // The value stands for the element.
    r#"emails eq "b@home.example""#,
    r#"emails co "home.ex""#,
    r#"groups eq "g1""#,
    r#"groups[value eq "g1"].type eq direct"#,
    // Missing values.
    r#"nickName ne "x""#,
    r#"not (nickName eq "x")"#,
    "nickName eq null",
    "userName ne null",
    "roles eq null",
    r#"ims[type eq "xmpp"].value ne "x""#,
    r#"title eq """#,
    "not (title pr)",
    "emails pr",
    "name pr",
    "emails[not (type eq \"work\")]",
    "name[givenName sw \"ä\"]",
    "x509Certificates.value eq \"AAEC\"",
    r#"externalId eq "E-1""#,
    r#"userName gt "a" and userName lt "c" and userName le "bjensen@example.com""#,
    r#"meta.resourceType eq "User" and meta.version eq "W/\"1\"""#,
    r#"meta.lastModified sw "2011-05""#,
    "(((userName pr)))",
    "  userName\tpr\n",
    // `and` binds stronger.
    "userName pr or title pr and title pr",
    "title pr and title pr or userName pr",
];

#[test]
fn users_are_found() {
    for text in FOUND {
        assert!(finds_user(text), "{text}");
    }
}

#[test]
fn other_users_are_not_found() {
    for text in [
        r#"userName eq "bjensen""#,
        r#"userName ne "BJENSEN@example.com""#,
        r#"externalId eq "e-1""#,
        r#"externalId sw "e""#,
        r#"id eq "2819C223""#,
        "title pr",
        "nickName pr",
        r#"nickName gt "a""#,
        r#"emails[type eq "work" and value co "home"]"#,
        r#"emails[type eq "work"].value eq "b@home.example""#,
        r#"emails[type eq "work"].value ne "work@example.com""#,
        r#"emails.type ne "work""#,
        "userName co \"%\"",
        "userName co \"_\"",
        "active eq false",
        "active ne true",
        r#"x509Certificates.value eq "aaec""#,
        "(userName pr or title pr) and title pr",
        "schemas eq \"urn:x\"",
        "emails eq null",
        r#"meta.resourceType eq "user""#,
    ] {
        assert!(!finds_user(text), "{text}");
    }
}

#[test]
fn groups_are_found_by_their_members() {
    for text in [
        r#"displayName eq "tour guides""#,
        r#"members eq "u1""#,
        r#"members.value eq "g2" and DisplayName eq "Tour Guides""#,
        r#"members[value eq "u1" and type eq "user"]"#,
        r#"members[value eq "u1"].type eq "User""#,
        r#"id eq "g1" and members eq u1"#,
    ] {
        assert!(finds_group(text), "{text}");
    }
    for text in [r#"members eq "U1""#, r#"members[value eq "u1" and type eq "Group"]"#, "externalId pr"] {
        assert!(!finds_group(text), "{text}");
    }
}

/// Texts that are no filters on users.
const WRONG: &[&str] = &[
    "",
    " ",
    "userName",
    "userName eq",
    "userName eq \"",
    "userName eq \"x",
    "eq",
    "userName xx \"a\"",
    "userName \"eq\" \"a\"",
    "userName eq \"a\" and",
    "and",
    "or userName pr",
    "userName pr or",
    "userName pr userName pr",
    "(userName pr",
    "userName pr)",
    "()",
    "not",
    "not userName pr",
    "not ()",
    "userName pr and not",
    "((userName pr)",
    "emails[",
    "emails[]",
    "emails[type eq \"work\"",
    "emails[type eq \"work\"]]",
    "emails]",
    "emails[type eq \"work\")",
    "(emails[type eq \"work\"]",
    "(emails[type eq \"work\")]",
    "emails[type eq \"work\"].",
    "emails[type eq \"work\"].x eq \"a\"",
    "emails[type eq \"work\"].value",
    "emails[emails[type pr]]",
    "emails[type eq \"work\"] value pr",
    "emails[name.x eq 1]",
    "userName[value eq \"x\"]",
    "emails.value[type eq \"x\"]",
    "[type pr]",
    "schemas[value eq \"x\"]",
    "userName eq \"\\x\"",
    "userName eq \"a\nb\"",
    "userName eq 'a b'",
    "userName eq 'a'",
    "userName eq John Smith",
    // Unknown attributes.
    "x eq \"a\"",
    "name.x eq \"a\"",
    "members pr",
    "urn:x:userName pr",
    "a.b.c pr",
    "ä pr",
    "urn:ietf:params:scim:schemas:core:2.0:User pr",
    // Types.
    "active gt true",
    "active ge \"true\"",
    "active co \"t\"",
    "active eq \"yes\"",
    "active eq 1",
    "x509Certificates.value gt \"A\"",
    "name eq \"x\"",
    "name ne \"x\"",
    "addresses eq \"x\"",
    "meta co \"x\"",
    "userName eq 5",
    "userName eq true",
    "userName gt -1.5e3",
    "meta.created gt \"yesterday\"",
    "meta.created eq 5",
    "meta.created eq true",
    "userName gt null",
    "active co null",
];

#[test]
fn wrong_filters_are_refused() {
    for text in WRONG {
        let problem = Filter::parse(text, &USER).expect_err(text);
        assert_eq!((problem.status, problem.scim_type), (400, Some(ScimType::InvalidFilter)), "{text}");
        assert!(!problem.detail.is_empty(), "{text}");
    }
    for text in [
        "password eq \"x\"",
        "userName pr and (password pr)",
        "urn:ietf:params:scim:schemas:core:2.0:User:PASSWORD sw \"a\"",
    ] {
        assert_eq!(Filter::parse(text, &USER).unwrap_err().scim_type, Some(ScimType::Sensitive), "{text}");
    }
}

#[test]
fn details_name_the_place() {
    for (text, detail) in [
        ("", "the filter is empty"),
        ("userName eq", "the filter ends where a value is expected"),
        ("userName is \"x\"", "is is at position 10 of the filter where an operator is expected"),
        ("(userName pr", "the filter ends where a closing parenthesis or bracket is expected"),
        ("userName eq \"x\" )", ") is at position 17 of the filter where and, or, or the end is expected"),
        ("nickname2 pr", "User has no attribute nickname2"),
        ("active gt true", "the operator gt cannot compare active, which is a boolean"),
        ("meta.created gt now", "created is a dateTime and cannot be compared with now"),
        ("name eq \"x\"", "name is complex: the filter has to name a sub-attribute"),
        ("userName eq \"x", "the text in quotes at position 13 of the filter is not a JSON text"),
    ] {
        assert_eq!(Filter::parse(text, &USER).unwrap_err().detail, detail, "{text}");
    }
}

#[test]
fn length_and_depth_are_bounded() {
    let nested = |depth: usize| format!("{}userName pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(128), &USER).is_ok());
    for text in [
        nested(129),
        nested(10_000),
        "(".repeat(8192),
        "not (".repeat(1600),
        "emails[".repeat(1000),
        "(".repeat(1 << 20),
    ] {
        assert_eq!(Filter::parse(&text, &USER).unwrap_err().scim_type, Some(ScimType::InvalidFilter));
    }
    let many = |count: usize| vec!["id pr"; count].join(" or ");
    assert!(!Filter::parse(&many(900), &USER).unwrap().matches(&object("{}")));
    assert!(Filter::parse(&many(1000), &USER).is_err());
    let negated = format!("{}id pr{}", "not (".repeat(128), ")".repeat(128));
    assert!(!user_filter(&negated).matches(&object("{}")));
    assert_eq!(user_filter(&user_filter(&negated).to_string()), user_filter(&negated));
}

#[test]
fn the_deepest_filter_needs_a_small_stack() {
    // Each level has two or three nodes.
    for level in ["not (id pr or id eq \"x\" and ", "(id pr or id eq \"x\" and "] {
        let deep = format!("{}id pr{}", level.repeat(128), ")".repeat(128));
        let use_all = move || {
            let filter = user_filter(&deep);
            assert_eq!(user_filter(&filter.to_string()).to_string(), filter.to_string());
            filter.indexed();
            assert!(!filter.reads("groups"));
            filter.matches(&object("{}"))
        };
        // Half of the stack of a connection.
        let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(use_all).unwrap();
        thread.join().unwrap();
    }
}

#[test]
fn resources_of_several_types_are_found_by_attributes_of_one() {
    let finds = |text: &str, resource_type: &'static ResourceType, document: &str| {
        Filter::parse_across(text, resource_type, &RESOURCE_TYPES).unwrap().matches(&object(document))
    };
    assert!(finds("userName pr", &USER, USER_DOCUMENT));
    assert!(!finds("userName pr", &GROUP, GROUP_DOCUMENT));
    assert!(finds("userName ne \"x\"", &GROUP, GROUP_DOCUMENT));
    assert!(finds("displayName co \"tour\" and meta.resourceType eq \"Group\"", &GROUP, GROUP_DOCUMENT));
    assert!(finds(&format!("{ENTERPRISE}:department eq d"), &USER, USER_DOCUMENT));
    assert!(!finds("members eq \"u1\"", &USER, USER_DOCUMENT));
    assert!(Filter::parse_across("unknown pr", &GROUP, &RESOURCE_TYPES).is_err());
}

#[test]
fn a_filter_has_one_text() {
    for (text, shown) in [
        ("USERNAME  EQ \"Ada\"", r#"userName eq "Ada""#),
        ("userName eq Ada", r#"userName eq "Ada""#),
        ("members eq u1", r#"members.value eq "u1""#),
        ("emails[type eq \"work\"].value eq \"x\"", r#"emails[type eq "work" and value eq "x"]"#),
        ("emails[type eq \"work\"].value ne \"x\"", r#"not (emails[type eq "work" and value eq "x"])"#),
        ("a.b", ""),
        ("(id pr or (id pr or id pr)) and active eq \"TRUE\"", "(id pr or id pr or id pr) and active eq true"),
        ("id pr or (id pr and id pr)", "id pr or id pr and id pr"),
        ("title eq null", "not (title pr)"),
    ] {
        let parsed = Filter::parse(text, &USER).or_else(|_| Filter::parse(text, &GROUP));
        assert_eq!(parsed.map_or_else(|_| String::new(), |filter| filter.to_string()), shown, "{text}");
    }
}
