//! PATCH requests in the forms that identity providers send.

mod groups;
mod properties;
mod refusals;

use super::*;
use crate::dialect::scim::problem::ScimType;
use crate::dialect::scim::samples::{json, object};
use crate::dialect::scim::schema::{GROUP, USER};

const USER_DOCUMENT: &str = r#"{
    "id": "7", "externalId": "E", "userName": "ada", "active": true, "title": "T",
    "name": {"givenName": "Ada", "familyName": "L"},
    "emails": [{"value": "w", "type": "work", "primary": true}, {"value": "h", "type": "home"}],
    "meta": {"version": "1"},
    "URN": {"department": "D", "manager": {"value": "m", "$ref": "../Users/m"}}
}"#;
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn user() -> Object {
    object(&USER_DOCUMENT.replace("URN", ENTERPRISE))
}

fn patch(operations: &str, resource_type: &'static ResourceType) -> Result<Patch> {
    let body = format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":{operations}}}"#);
    Patch::parse(json(&body.replace("URN", ENTERPRISE)), resource_type)
}

/// The user after the operations.
fn patched(operations: &str) -> Object {
    let mut document = user();
    let patch = patch(operations, &USER).unwrap_or_else(|problem| panic!("{operations}: {problem:?}"));
    patch.apply(&mut document).unwrap_or_else(|problem| panic!("{operations}: {problem:?}"));
    document
}

/// Requires that the operations change only these members of the document. `null` stands for a missing one.
fn require_changes(operations: &str, changed: &str) {
    let mut expected = user();
    for (name, value) in object(&changed.replace("URN", ENTERPRISE)) {
        if value.is_null() {
            expected.remove(&name);
        } else {
            expected.insert(name, value);
        }
    }
    let found = patched(operations);
    assert_eq!(Json::Object(found).to_string(), Json::Object(expected).to_string(), "{operations}");
}

#[test]
fn single_values_are_set_and_cleared() {
    for (operations, changed) in [
        (r#"[{"op":"replace","path":"title","value":"X"}]"#, r#"{"title":"X"}"#),
        (r#"[{"op":"Add","path":"TITLE","value":"X"}]"#, r#"{"title":"X"}"#),
        (r#"[{"op":"add","path":"nickName","value":["X"]}]"#, r#"{"nickName":"X"}"#),
        (r#"[{"op":"replace","path":"title","value":""}]"#, r#"{"title":""}"#),
        (r#"[{"op":"replace","path":"title","value":null}]"#, r#"{"title":null}"#),
        (r#"[{"op":"add","path":"title","value":null}]"#, r#"{"title":null}"#),
        (r#"[{"op":"replace","path":"title","value":[]}]"#, r#"{"title":null}"#),
        (r#"[{"op":"REMOVE","path":"title"}]"#, r#"{"title":null}"#),
        (r#"[{"op":"remove","path":"title","value":"T"}]"#, r#"{"title":null}"#),
        (r#"[{"op":"remove","path":"nickName"}]"#, "{}"),
        (r#"[{"op":"remove","path":"active"}]"#, r#"{"active":null}"#),
        (r#"[{"op":"Replace","path":"active","value":"False"}]"#, r#"{"active":false}"#),
        (r#"[{"op":"Replace","path":"active","value":[false]}]"#, r#"{"active":false}"#),
        (r#"[{"op":"replace","path":"userName","value":"grace"}]"#, r#"{"userName":"grace"}"#),
        (
            r#"[{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"X"}]"#,
            r#"{"title":"X"}"#,
        ),
        (r#"[{"op":"add","path":"password","value":"secret"}]"#, r#"{"password":"secret"}"#),
        (r#"[{"op":"remove","path":"externalId"}]"#, r#"{"externalId":null}"#),
        // One after another.
        (
            r#"[{"op":"add","path":"title","value":"X"},{"op":"replace","path":"title","value":"Y"}]"#,
            r#"{"title":"Y"}"#,
        ),
        // Microsoft's flagged collection has a name in operations.
        (r#"[{"name":"x","op":"replace","path":"title","value":"X"}]"#, r#"{"title":"X"}"#),
        (r#"[{"op":"replace","path":"title","value":"T"}]"#, "{}"),
    ] {
        require_changes(operations, changed);
    }
}

#[test]
fn complex_values_are_merged() {
    for (operations, changed) in [
        (
            r#"[{"op":"replace","path":"name","value":{"givenName":"Grace"}}]"#,
            r#"{"name":{"familyName":"L","givenName":"Grace"}}"#,
        ),
        (
            r#"[{"op":"add","path":"name","value":{"MIDDLENAME":"M","zzz":1}}]"#,
            r#"{"name":{"familyName":"L","givenName":"Ada","middleName":"M"}}"#,
        ),
        (r#"[{"op":"replace","path":"name","value":{"value":"x"}}]"#, "{}"),
        (r#"[{"op":"replace","path":"name","value":{"givenName":null}}]"#, r#"{"name":{"familyName":"L"}}"#),
        (
            r#"[{"op":"replace","path":"name.givenName","value":"Grace"}]"#,
            r#"{"name":{"familyName":"L","givenName":"Grace"}}"#,
        ),
        (r#"[{"op":"remove","path":"name.givenName"}]"#, r#"{"name":{"familyName":"L"}}"#),
        (r#"[{"op":"remove","path":"name.givenName"},{"op":"remove","path":"name.familyName"}]"#, r#"{"name":null}"#),
        (r#"[{"op":"remove","path":"name"}]"#, r#"{"name":null}"#),
        (r#"[{"op":"replace","path":"name","value":null}]"#, r#"{"name":null}"#),
    ] {
        require_changes(operations, changed);
    }
}

#[test]
fn extensions_are_changed_below_their_urn() {
    for (operations, changed) in [
        (
            r#"[{"op":"add","path":"URN:department","value":"X"}]"#,
            r#"{"URN":{"department":"X","manager":{"value":"m","$ref":"../Users/m"}}}"#,
        ),
        (r#"[{"op":"Add","path":"URN:manager","value":"n"}]"#, r#"{"URN":{"department":"D","manager":{"value":"n"}}}"#),
        (
            r#"[{"op":"Add","path":"URN.manager","value":[{"$ref":"../Users/n","value":"n","displayName":"N"}]}]"#,
            r#"{"URN":{"department":"D","manager":{"value":"n","$ref":"../Users/n"}}}"#,
        ),
        (
            r#"[{"op":"replace","path":"URN:manager.value","value":"n"}]"#,
            r#"{"URN":{"department":"D","manager":{"value":"n"}}}"#,
        ),
        (r#"[{"op":"replace","path":"URN:manager.value","value":"m"}]"#, "{}"),
        (r#"[{"op":"remove","path":"URN:manager"}]"#, r#"{"URN":{"department":"D"}}"#),
        (r#"[{"op":"replace","path":"URN:manager","value":""}]"#, r#"{"URN":{"department":"D"}}"#),
        (r#"[{"op":"remove","path":"URN:manager"},{"op":"remove","path":"URN:department"}]"#, r#"{"URN":null}"#),
        (r#"[{"op":"remove","path":"URN"}]"#, r#"{"URN":null}"#),
        (r#"[{"op":"replace","path":"URN","value":null}]"#, r#"{"URN":null}"#),
        (r#"[{"op":"add","path":"URN","value":null}]"#, "{}"),
        (
            r#"[{"op":"add","path":"URN","value":{"schemas":["URN"],"department":"X","zzz":1}}]"#,
            r#"{"URN":{"department":"X","manager":{"value":"m","$ref":"../Users/m"}}}"#,
        ),
        (
            r#"[{"op":"replace","value":{"URN":{"department":"X"},"URN:costCenter":"C"}}]"#,
            r#"{"URN":{"costCenter":"C","department":"X","manager":{"value":"m","$ref":"../Users/m"}}}"#,
        ),
    ] {
        require_changes(operations, changed);
    }
}

#[test]
fn an_operation_without_a_path_has_a_path_in_each_key() {
    for (operations, changed) in [
        // Okta.
        (r#"[{"op":"replace","value":{"active":false}}]"#, r#"{"active":false}"#),
        // Read-only keys and unknown ones are ignored, keys that are absent stay.
        (
            r#"[{"op":"replace","value":{"id":"other","meta":{},"groups":[],"schemas":[],"zzz":1,"a b":2,"x.y.z":3,"title":"X"}}]"#,
            r#"{"title":"X"}"#,
        ),
        // Microsoft's flagged form.
        (
            r#"[{"op":"replace","value":{"name.givenName":"G","emails[type eq \"work\"].value":"x","URN:department":"X","URN:manager":"m","active":"True"}}]"#,
            r#"{"name":{"familyName":"L","givenName":"G"},"emails":[{"value":"x","type":"work","primary":true},{"value":"h","type":"home"}],
                "URN":{"department":"X","manager":{"value":"m"}}}"#,
        ),
        (r#"[{"op":"replace","value":{"roles[type eq \"x\"].value":"r"}}]"#, r#"{"roles":[{"type":"x","value":"r"}]}"#),
        (r#"[{"op":"replace","value":{"emails":[],"title":null}}]"#, r#"{"emails":null,"title":null}"#),
        (
            r#"[{"op":"add","value":{"name":{"middleName":"M"},"emails":[{"value":"x"}]}}]"#,
            r#"{"name":{"familyName":"L","givenName":"Ada","middleName":"M"},"emails":[{"value":"w","type":"work","primary":true},{"value":"h","type":"home"},{"value":"x"}]}"#,
        ),
        (r#"[{"op":"replace","path":"","value":{"title":"X"}}]"#, r#"{"title":"X"}"#),
        (r#"[{"op":"replace","path":null,"value":{"title":"X"}}]"#, r#"{"title":"X"}"#),
        (
            r#"[{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User","value":{"title":"X"}}]"#,
            r#"{"title":"X"}"#,
        ),
        (
            r#"[{"op":"replace","value":{"urn:ietf:params:scim:schemas:core:2.0:User":{"title":"X"}}}]"#,
            r#"{"title":"X"}"#,
        ),
        (r#"[{"op":"replace","value":{}}]"#, "{}"),
    ] {
        require_changes(operations, changed);
    }
}

/// Operations, and the e-mail addresses of the user after each. `BOTH` stands for those before.
const EMAILS: &[(&str, &str)] = &[
    (r#"{"op":"add","path":"emails","value":[{"value":"x"}]}"#, r#"[BOTH,{"value":"x"}]"#),
    (r#"{"op":"add","path":"emails","value":{"value":"x"}}"#, r#"[BOTH,{"value":"x"}]"#),
    (r#"{"op":"add","path":"emails","value":"x"}"#, r#"[BOTH,{"value":"x"}]"#),
    // An element that is there already.
    (r#"{"op":"add","path":"emails","value":[{"value":"w","type":"work","primary":true}]}"#, "[BOTH]"),
    (r#"{"op":"add","path":"emails","value":[{"value":"w"},{"type":"home","value":"h"}]}"#, "[BOTH]"),
    (r#"{"op":"add","path":"emails","value":[]}"#, "[BOTH]"),
    (r#"{"op":"add","path":"emails","value":null}"#, "[BOTH]"),
    (
        r#"{"op":"add","path":"emails","value":[{"value":"h","type":"home","display":"H"}]}"#,
        r#"[{"value":"w","type":"work","primary":true},{"value":"h","type":"home","display":"H"}]"#,
    ),
    // A new primary element.
    (
        r#"{"op":"add","path":"emails","value":[{"value":"x","primary":true}]}"#,
        r#"[{"value":"w","type":"work","primary":false},{"value":"h","type":"home"},{"value":"x","primary":true}]"#,
    ),
    (
        r#"{"op":"replace","path":"emails[type eq \"home\"].primary","value":"True"}"#,
        r#"[{"value":"w","type":"work","primary":false},{"value":"h","type":"home","primary":true}]"#,
    ),
    (r#"{"op":"replace","path":"emails","value":[{"value":"x"},{"value":"x"}]}"#, r#"[{"value":"x"},{"value":"x"}]"#),
    (r#"{"op":"replace","path":"emails","value":[]}"#, "null"),
    (r#"{"op":"remove","path":"emails"}"#, "null"),
    (r#"{"op":"remove","path":"emails","value":null}"#, "null"),
    (r#"{"op":"remove","path":"emails","value":[]}"#, "[BOTH]"),
    (r#"{"op":"Remove","path":"emails","value":[{"value":"w"}]}"#, r#"[{"value":"h","type":"home"}]"#),
    (r#"{"op":"remove","path":"emails","value":"h"}"#, r#"[{"value":"w","type":"work","primary":true}]"#),
    (r#"{"op":"remove","path":"emails","value":[{"type":"home"}]}"#, r#"[{"value":"w","type":"work","primary":true}]"#),
    (r#"{"op":"remove","path":"emails","value":[{"value":"w","type":"home"},{"value":"x"}]}"#, "[BOTH]"),
    // With a filter.
    (
        r#"{"op":"replace","path":"emails[type eq \"work\"].value","value":"x"}"#,
        r#"[{"value":"x","type":"work","primary":true},{"value":"h","type":"home"}]"#,
    ),
    (
        r#"{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"x"}}"#,
        r#"[{"value":"x"},{"value":"h","type":"home"}]"#,
    ),
    (
        r#"{"op":"replace","path":"emails[type eq \"work\"]","value":[{"value":"x"}]}"#,
        r#"[{"value":"x"},{"value":"h","type":"home"}]"#,
    ),
    (r#"{"op":"replace","path":"emails[type eq \"work\"]","value":null}"#, r#"[{"value":"h","type":"home"}]"#),
    (
        r#"{"op":"replace","path":"emails[type eq \"work\"].primary","value":null}"#,
        r#"[{"value":"w","type":"work"},{"value":"h","type":"home"}]"#,
    ),
    (
        r#"{"op":"add","path":"emails[type eq \"work\"]","value":{"display":"W"}}"#,
        r#"[{"value":"w","type":"work","primary":true,"display":"W"},{"value":"h","type":"home"}]"#,
    ),
    (
        r#"{"op":"Add","path":"emails[type eq \"work\"].value","value":"x"}"#,
        r#"[{"value":"x","type":"work","primary":true},{"value":"h","type":"home"}]"#,
    ),
    (r#"{"op":"remove","path":"emails[type eq \"work\"]"}"#, r#"[{"value":"h","type":"home"}]"#),
    (r#"{"op":"remove","path":"emails[type eq \"other\"]"}"#, "[BOTH]"),
    (r#"{"op":"remove","path":"emails[value pr]"}"#, "null"),
    (
        r#"{"op":"remove","path":"emails[type eq \"home\"].type"}"#,
        r#"[{"value":"w","type":"work","primary":true},{"value":"h"}]"#,
    ),
    (
        r#"{"op":"remove","path":"emails[value eq \"]\\\"[\" or type eq \"home\"]"}"#,
        r#"[{"value":"w","type":"work","primary":true}]"#,
    ),
    // Microsoft's clients add to an element that is not there yet.
    (r#"{"op":"Add","path":"emails[type eq \"other\"].value","value":"x"}"#, r#"[BOTH,{"value":"x","type":"other"}]"#),
    (
        r#"{"op":"add","path":"emails[type eq \"other\" and primary eq \"False\"]","value":{"value":"x"}}"#,
        r#"[BOTH,{"value":"x","type":"other","primary":false}]"#,
    ),
    (
        r#"{"op":"add","path":"emails[type eq \"other\" and primary eq true].value","value":"x"}"#,
        r#"[{"value":"w","type":"work","primary":false},{"value":"h","type":"home"},{"value":"x","type":"other","primary":true}]"#,
    ),
    (r#"{"op":"add","path":"emails[type eq \"other\"].value","value":null}"#, "[BOTH]"),
    // Without a filter, a sub-attribute is that of all elements.
    (
        r#"{"op":"replace","path":"emails.display","value":"x"}"#,
        r#"[{"value":"w","type":"work","primary":true,"display":"x"},{"value":"h","type":"home","display":"x"}]"#,
    ),
    (r#"{"op":"remove","path":"emails.type"}"#, r#"[{"value":"w","primary":true},{"value":"h"}]"#),
];

#[test]
fn elements_are_added_replaced_and_removed() {
    const BOTH: &str = r#"{"value":"w","type":"work","primary":true},{"value":"h","type":"home"}"#;
    for (operation, emails) in EMAILS {
        require_changes(&format!("[{operation}]"), &format!("{{\"emails\":{}}}", emails.replace("BOTH", BOTH)));
    }
}

#[test]
fn the_last_part_takes_the_whole_with_it() {
    require_changes(
        r#"[{"op":"add","path":"roles","value":"x"},{"op":"remove","path":"roles[value eq \"x\"]"}]"#,
        "{}",
    );
    require_changes(
        r#"[{"op":"add","path":"roles","value":"x"},{"op":"remove","path":"roles[value eq \"x\"].value"}]"#,
        "{}",
    );
    require_changes(r#"[{"op":"replace","path":"roles.value","value":"x"}]"#, r#"{"roles":[{"value":"x"}]}"#);
}

#[test]
fn a_read_only_attribute_may_be_sent_with_its_value() {
    require_changes(
        r#"[{"op":"replace","path":"id","value":"7"},{"op":"replace","path":"meta.version","value":"1"}]"#,
        "{}",
    );
    require_changes(
        r#"[{"op":"add","path":"schemas","value":["URN"]},{"op":"replace","path":"title","value":"X"}]"#,
        r#"{"title":"X"}"#,
    );
}
