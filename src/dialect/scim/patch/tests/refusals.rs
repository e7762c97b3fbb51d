//! Wrong requests, which change nothing.

use super::*;

/// The error of the operations, at parsing or at the change of the user.
fn refused(operations: &str) -> (Option<ScimType>, String) {
    let mut document = user();
    let problem = patch(operations, &USER).and_then(|patch| patch.apply(&mut document)).expect_err(operations);
    assert_eq!((document, problem.status), (user(), 400), "{operations}");
    (problem.scim_type, problem.detail)
}

#[test]
fn bodies_of_another_shape_are_refused() {
    for body in [
        "1",
        "[]",
        "{}",
        r#"{"Operations":null}"#,
        r#"{"Operations":[]}"#,
        r#"{"Operations":{}}"#,
        r#"{"Operations":[1]}"#,
        r#"{"Operations":[{}]}"#,
        r#"{"Operations":[{"op":1}]}"#,
        r#"{"Operations":[{"op":"move","path":"title","value":"x"}]}"#,
    ] {
        let problem = Patch::parse(json(body), &USER).expect_err(body);
        assert_eq!((problem.status, problem.scim_type), (400, Some(ScimType::InvalidSyntax)), "{body}");
    }
    // Names in any case, and no schemas.
    let body = r#"{"operations":[{"OP":"replace","Path":"title","VALUE":"X"}]}"#;
    assert!(Patch::parse(json(body), &USER).is_ok());
}

#[test]
fn the_number_of_operations_is_bounded() {
    let operations = |count: usize| format!("[{}]", vec![r#"{"op":"remove","path":"title"}"#; count].join(","));
    assert!(patch(&operations(10_000), &USER).is_ok());
    let problem = patch(&operations(10_001), &USER).unwrap_err();
    assert_eq!((problem.status, problem.scim_type), (413, None));
    assert_eq!(problem.detail, "the request has more than 10000 operations");
}

/// Paths that name nothing, inside of a JSON string.
const WRONG_PATHS: &[&str] = &[
    "x",
    "name.x",
    "userName.x",
    "members",
    "department",
    "urn:x:y",
    "a b",
    ".",
    "name.",
    ".givenName",
    "name.givenName.x",
    "1",
    "ä",
    "emails[",
    "emails]",
    "emails[type eq \\\"work\\\"",
    "emails[type eq \\\"work]",
    "emails[type eq \\\"work\\\"]value",
    "emails[type eq \\\"work\\\"].",
    "emails[type eq \\\"work\\\"].x",
    "emails[type eq \\\"work\\\"].value.x",
    "emails[type eq \\\"work\\\"].a b",
    "emails[type eq \\\"work\\\"][primary eq true]",
    "[type eq \\\"work\\\"]",
    "name[givenName eq \\\"x\\\"]",
    "userName[value eq \\\"x\\\"]",
    "emails.value[type eq \\\"x\\\"]",
    "URN[value eq \\\"x\\\"]",
    "URN:",
    "URN:x",
    "URN:manager[value eq \\\"m\\\"]",
    "URN:manager.x",
    "title]",
];

#[test]
fn the_comparisons_of_elements_are_bounded() {
    let element = |number: usize| format!(r#"{{"value":"v","type":"t{number}"}}"#);
    let elements = (0..10_000).map(element).collect::<Vec<_>>().join(",");
    let [add, remove] = ["add", "remove"].map(|op| format!(r#"{{"op":"{op}","path":"roles","value":[{elements}]}}"#));
    // Long lists are compared by their keys.
    require_changes(&format!("[{add},{add},{remove}]"), "{}");
    let filtered = r#"{"op":"replace","path":"roles[type sw \"a\" or type sw \"t\"].display","value":"x"}"#;
    let described = r#"{"op":"remove","path":"roles","value":[{"type":"x"},{"type":"y"}]}"#;
    for operation in [filtered, described, add.as_str()] {
        let operations = format!("[{add},{operation},{operation}]");
        let mut document = user();
        let problem = patch(&operations, &USER).unwrap().apply_within(70_000, &mut document).unwrap_err();
        assert_eq!((problem.status, problem.scim_type, &document), (413, None, &user()), "{operation}");
    }
}

#[test]
fn wrong_paths_are_refused() {
    for path in WRONG_PATHS {
        for operation in [r#"{"op":"replace","path":"PATH","value":"x"}"#, r#"{"op":"remove","path":"PATH"}"#] {
            let operations = format!("[{}]", operation.replace("PATH", path));
            assert_eq!(refused(&operations).0, Some(ScimType::InvalidPath), "{operations}");
        }
    }
    assert_eq!(refused(r#"[{"op":"replace","path":1,"value":"x"}]"#).0, Some(ScimType::InvalidPath));
    let long = format!(r#"[{{"op":"remove","path":"{}"}}]"#, "emails[".repeat(2000));
    assert_eq!(refused(&long).0, Some(ScimType::InvalidPath));
    for filter in [
        "",
        " ",
        "type",
        "type eq",
        "x eq 1",
        "type eq work)",
        "(type eq work",
        "primary gt true",
        "type eq 5",
        "not type pr",
    ] {
        let operations = format!(r#"[{{"op":"replace","path":"emails[{filter}].value","value":"x"}}]"#);
        assert_eq!(refused(&operations).0, Some(ScimType::InvalidFilter), "{operations}");
        let operations = format!(r#"[{{"op":"replace","value":{{"emails[{filter}].value":"x"}}}}]"#);
        assert_eq!(refused(&operations).0, Some(ScimType::InvalidFilter), "{operations}");
    }
}

#[test]
fn schemas_inside_of_schemas_are_ignored() {
    let core = "{\"urn:ietf:params:scim:schemas:core:2.0:User\":".repeat(100);
    let nested = format!(r#"[{{"op":"replace","value":{core}{{"title":"X"}}{}}}]"#, "}".repeat(100));
    require_changes(&nested, "{}");
    require_changes(r#"[{"op":"replace","value":{"URN":{"URN":{"department":"X"}}}}]"#, "{}");
}

#[test]
fn wrong_targets_and_values_are_refused() {
    use ScimType::{InvalidValue, Mutability, NoTarget};
    for (operation, scim_type) in [
        (r#"{"op":"remove"}"#, NoTarget),
        (r#"{"op":"remove","value":{"title":"x"}}"#, NoTarget),
        (r#"{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}"#, NoTarget),
        (r#"{"op":"replace","path":"roles[value eq \"x\"]","value":{"value":"y"}}"#, NoTarget),
        (r#"{"op":"add","path":"emails[type co \"other\"].value","value":"x"}"#, NoTarget),
        (r#"{"op":"add","path":"emails[type eq \"other\" or type eq \"x\"].value","value":"x"}"#, NoTarget),
        (r#"{"op":"remove","path":"userName"}"#, Mutability),
        (r#"{"op":"remove","path":"urn:ietf:params:scim:schemas:core:2.0:User"}"#, Mutability),
        (r#"{"op":"remove","path":"id"}"#, Mutability),
        (r#"{"op":"remove","path":"schemas"}"#, Mutability),
        (r#"{"op":"remove","path":"groups"}"#, Mutability),
        (r#"{"op":"remove","path":"groups[value eq \"g\"]"}"#, Mutability),
        (r#"{"op":"replace","path":"id","value":"8"}"#, Mutability),
        (r#"{"op":"add","path":"meta","value":{"version":"2"}}"#, Mutability),
        (r#"{"op":"replace","path":"meta.version","value":"2"}"#, Mutability),
        (r#"{"op":"add","path":"groups","value":[{"value":"g"}]}"#, Mutability),
        (r#"{"op":"replace","path":"URN:manager.displayName","value":"x"}"#, Mutability),
        (r#"{"op":"replace","path":"title"}"#, InvalidValue),
        (r#"{"op":"add","path":"emails"}"#, InvalidValue),
        (r#"{"op":"add"}"#, InvalidValue),
        (r#"{"op":"add","value":"x"}"#, InvalidValue),
        (r#"{"op":"add","value":[{"title":"x"}]}"#, InvalidValue),
        (r#"{"op":"replace","value":null}"#, InvalidValue),
        (r#"{"op":"replace","path":"URN","value":"x"}"#, InvalidValue),
        (r#"{"op":"replace","path":"title","value":1}"#, InvalidValue),
        (r#"{"op":"replace","path":"title","value":{"a":"x"}}"#, InvalidValue),
        (r#"{"op":"replace","path":"title","value":["a","b"]}"#, InvalidValue),
        (r#"{"op":"replace","path":"active","value":"maybe"}"#, InvalidValue),
        (r#"{"op":"replace","path":"name","value":"x"}"#, InvalidValue),
        (r#"{"op":"replace","path":"name.givenName","value":{}}"#, InvalidValue),
        (r#"{"op":"replace","path":"userName","value":null}"#, InvalidValue),
        (r#"{"op":"replace","path":"userName","value":" "}"#, InvalidValue),
        (r#"{"op":"replace","value":{"userName":""}}"#, InvalidValue),
        (r#"{"op":"replace","value":{"active":3}}"#, InvalidValue),
        (r#"{"op":"add","path":"x509Certificates","value":"?"}"#, InvalidValue),
        (r#"{"op":"replace","path":"emails[type eq \"work\"].primary","value":"x"}"#, InvalidValue),
        (
            r#"{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}"#,
            InvalidValue,
        ),
        (r#"{"op":"replace","path":"emails.primary","value":true}"#, InvalidValue),
        (r#"{"op":"add","path":"emails","value":[5]}"#, InvalidValue),
    ] {
        assert_eq!(refused(&format!("[{operation}]")).0, Some(scim_type), "{operation}");
        // Nothing of the operations before is done.
        let after_another = format!(r#"[{{"op":"replace","path":"title","value":"X"}},{operation}]"#);
        assert_eq!(refused(&after_another).0, Some(scim_type), "{operation}");
    }
}

#[test]
fn details_name_the_attribute() {
    for (operation, detail) in [
        (r#"{"op":"move"}"#, "the op move is not one of add, replace and remove"),
        (r#"{"op":"remove","path":"userName"}"#, "the attribute userName is required and cannot be removed"),
        (r#"{"op":"replace","path":"id","value":"8"}"#, "the attribute id is read-only"),
        (
            r#"{"op":"replace","path":"emails[type eq \"x\"].value","value":"x"}"#,
            "no element of emails matches the filter",
        ),
        (r#"{"op":"add","path":"nickname2","value":"x"}"#, "User has no attribute nickname2"),
        (r#"{"op":"add","path":"emails[x","value":"x"}"#, "the path emails[x is malformed: the bracket is not closed"),
    ] {
        assert_eq!(refused(&format!("[{operation}]")).1, detail);
    }
}
