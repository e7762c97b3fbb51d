use super::*;
use crate::dialect::scim::samples::random;
use crate::dialect::scim::schema::{ENTERPRISE_USER_SCHEMA, GROUP, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The path as it is written back.
fn shortest(text: &str) -> String {
    resolve_attribute(text, &USER).unwrap_or_else(|fault| panic!("{text}: {fault:?}")).to_string()
}

#[test]
fn names_and_urns_are_found_in_any_case() {
    for (text, path) in [
        ("userName".to_owned(), "userName".to_owned()),
        ("USERNAME".to_owned(), "userName".to_owned()),
        ("name.givenname".to_owned(), "name.givenName".to_owned()),
        ("members.$REF".replace("members", "groups"), "groups.$ref".to_owned()),
        ("id".to_owned(), "id".to_owned()),
        ("Meta.LastModified".to_owned(), "meta.lastModified".to_owned()),
        (format!("{CORE}:userName"), "userName".to_owned()),
        (format!("{}:name.FamilyName", CORE.to_uppercase()), "name.familyName".to_owned()),
        (format!("{CORE}:externalId"), "externalId".to_owned()),
        (format!("{ENTERPRISE}:department"), format!("{ENTERPRISE}:department")),
        (format!("{}:MANAGER.VALUE", ENTERPRISE.to_lowercase()), format!("{ENTERPRISE}:manager.value")),
        // Microsoft's clients write a dot after the URN.
        (format!("{ENTERPRISE}.manager"), format!("{ENTERPRISE}:manager")),
        (format!("{ENTERPRISE}.manager.value"), format!("{ENTERPRISE}:manager.value")),
    ] {
        assert_eq!(shortest(&text), path, "{text}");
        assert_eq!(shortest(&path), path, "{text}");
    }
    assert_eq!(resolve(ENTERPRISE, &USER), Ok(Named::Extension(&ENTERPRISE_USER_SCHEMA)));
    assert_eq!(resolve(&ENTERPRISE.to_uppercase(), &USER), Ok(Named::Extension(&ENTERPRISE_USER_SCHEMA)));
    assert_eq!(resolve(CORE, &USER), Ok(Named::Core));
}

#[test]
fn other_attributes_are_unknown() {
    for (text, detail) in [
        ("x", "User has no attribute x"),
        ("members", "User has no attribute members"),
        ("department", "User has no attribute department"),
        ("name.x", "the attribute name has no sub-attribute x"),
        ("userName.x", "the attribute userName has no sub-attribute x"),
        ("urn:x:y", "the path urn:x:y names no schema of User"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:Users",
            "the path urn:ietf:params:scim:schemas:core:2.0:Users names no schema of User",
        ),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:x", "EnterpriseUser has no attribute x"),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:userName",
            "EnterpriseUser has no attribute userName",
        ),
    ] {
        assert_eq!(resolve(text, &USER), Err(PathFault::Unknown(detail.to_owned())), "{text}");
    }
    let fault = resolve(&format!("{ENTERPRISE}:manager"), &GROUP);
    assert!(matches!(fault, Err(PathFault::Unknown(_))), "{fault:?}");
    let fault = resolve_attribute(ENTERPRISE, &USER);
    assert!(matches!(fault, Err(PathFault::Unknown(_))), "{fault:?}");
}

#[test]
fn malformed_paths_are_told_from_unknown_ones() {
    for text in [
        "",
        " ",
        ".",
        "..",
        "a.",
        ".a",
        "name..givenName",
        "name.givenName.x",
        "a b",
        "1a",
        "-a",
        "_a",
        "ä",
        "a\0",
        "a[",
        "a]",
        "a,b",
        "a/b",
        "name.given Name",
        "userName ",
        "urn: x",
        "urn:x[y]",
        "urn:ä",
        "\"userName\"",
        "userName eq",
        "a(b)",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User::manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager:value",
    ] {
        let fault = resolve(text, &USER);
        assert!(matches!(fault, Err(PathFault::Malformed(_))), "{text:?}: {fault:?}");
        let problem = Problem::from(fault.unwrap_err());
        assert_eq!((problem.status, problem.scim_type), (400, Some(ScimType::InvalidPath)));
    }
}

#[test]
fn random_paths_are_resolved_or_refused() {
    let parts = [
        "name",
        "givenName",
        "emails",
        "value",
        ".",
        ":",
        "[",
        "$ref",
        "urn",
        CORE,
        ENTERPRISE,
        "ä",
        " ",
        "x",
        "manager",
    ];
    let mut random = random();
    let mut resolved = 0;
    for _ in 0..20_000 {
        let text: String = (0..=random.below(5)).map(|_| random.pick(&parts)).collect();
        if let Ok(path) = resolve_attribute(&text, &USER) {
            resolved += 1;
            assert_eq!(resolve_attribute(&path.to_string(), &USER), Ok(path), "{text}");
        }
    }
    assert!(resolved > 300, "{resolved}");
}
