use super::*;
use crate::dialect::scim::samples::{json, object};
use crate::dialect::scim::schema::{GROUP, USER};

const DOCUMENT: &str = r#"{
    "id": "1", "userName": "ada", "password": "secret", "name": {"givenName": "Ada", "familyName": "L"},
    "emails": [{"value": "a", "type": "work"}, {"value": "b"}], "meta": {"version": "1"},
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D", "manager": {"value": "7", "$ref": "r"}}
}"#;
const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn projected(attributes: Option<&str>, excluded: Option<&str>) -> String {
    let mut document = object(DOCUMENT);
    Projection::of_query(attributes, excluded, &USER).unwrap().apply(&mut document);
    // In the order of the short key.
    json(&Json::Object(document).to_string().replace(URN, "URN")).to_string()
}

#[test]
fn only_the_named_attributes_and_the_id_are_shown() {
    for (attributes, shown) in [
        ("userName", r#"{"id":"1","userName":"ada"}"#),
        (" USERNAME , title", r#"{"id":"1","userName":"ada"}"#),
        ("name.givenName", r#"{"id":"1","name":{"givenName":"Ada"}}"#),
        ("name.givenName,name", r#"{"id":"1","name":{"familyName":"L","givenName":"Ada"}}"#),
        ("emails.type", r#"{"emails":[{"type":"work"}],"id":"1"}"#),
        ("emails[type eq \"work, home\"].value", r#"{"emails":[{"type":"work","value":"a"},{"value":"b"}],"id":"1"}"#),
        ("URN", r#"{"URN":{"department":"D","manager":{"$ref":"r","value":"7"}},"id":"1"}"#),
        ("URN:department,userName", r#"{"URN":{"department":"D"},"id":"1","userName":"ada"}"#),
        ("URN:manager.value", r#"{"URN":{"manager":{"value":"7"}},"id":"1"}"#),
        ("URN:costCenter", r#"{"id":"1"}"#),
        ("password", r#"{"id":"1"}"#),
        ("unknown, a b, ..", r#"{"id":"1"}"#),
        ("meta.version", r#"{"id":"1","meta":{"version":"1"}}"#),
        ("title", r#"{"id":"1"}"#),
    ] {
        assert_eq!(projected(Some(&attributes.replace("URN", URN)), None), shown, "{attributes}");
    }
}

#[test]
fn the_excluded_attributes_are_left_out() {
    let rest = |excluded: &str| {
        let kept: Vec<String> = object(&projected(None, Some(&excluded.replace("URN", URN)))).into_keys().collect();
        kept.join(" ")
    };
    assert_eq!(rest("id,schemas,unknown"), "URN emails id meta name userName");
    assert_eq!(rest("emails, META"), "URN id name userName");
    assert_eq!(rest("URN"), "emails id meta name userName");
    assert_eq!(rest("URN:department,URN:manager"), "emails id meta name userName");
    assert_eq!(rest("name.givenName,name.familyName"), "URN emails id meta userName");
    assert_eq!(rest("urn:ietf:params:scim:schemas:core:2.0:User"), "URN id meta");
    assert!(projected(None, Some("emails.value")).contains(r#""emails":[{"type":"work"}]"#));
    assert!(projected(None, Some(&format!("{URN}:manager.$ref"))).contains(r#""manager":{"value":"7"}"#));
}

#[test]
fn without_a_list_all_but_the_password_is_shown() {
    for (attributes, excluded) in [(None, None), (Some(""), Some(" , ")), (None, Some(""))] {
        let kept: Vec<String> = object(&projected(attributes, excluded)).into_keys().collect();
        assert_eq!(kept.join(" "), "URN emails id meta name userName");
    }
}

#[test]
fn bodies_have_lists_of_names() {
    let of =
        |attributes: &str, excluded: &str| Projection::of_body(Some(&json(attributes)), Some(&json(excluded)), &USER);
    let query = Projection::of_query(Some("userName,emails"), None, &USER);
    for list in [r#"["userName","emails"]"#, r#"["userName,emails"]"#, r#""userName, emails[x]""#] {
        assert_eq!(of(list, "null"), query, "{list}");
    }
    assert_eq!(of("[]", "[]"), Ok(Projection::everything(&USER)));
    for (attributes, excluded) in [("1", "null"), ("[1]", "null"), ("{}", "[]"), (r#"["userName"]"#, r#"["name"]"#)] {
        assert_eq!(of(attributes, excluded).unwrap_err().scim_type, Some(ScimType::InvalidValue));
    }
    assert!(Projection::of_query(Some("userName"), Some("title"), &USER).is_err());
}

#[test]
fn a_list_tells_whether_members_are_needed() {
    let shows = |attributes, excluded| Projection::of_query(attributes, excluded, &GROUP).unwrap().shows("members");
    assert!(shows(None, None));
    assert!(shows(Some("displayName,members.value"), None));
    assert!(!shows(Some("displayName"), None));
    assert!(!shows(None, Some("Members")));
    assert!(shows(None, Some("members.display")));
}
