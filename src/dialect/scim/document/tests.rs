use super::*;
use crate::dialect::scim::samples::{json, object};
use crate::dialect::scim::schema::{GROUP, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn user(body: &str) -> Object {
    canonical(&USER, json(body)).unwrap_or_else(|problem| panic!("{body}: {problem:?}"))
}

fn refused(resource_type: &'static ResourceType, body: &str) -> (Option<ScimType>, String) {
    let problem = canonical(resource_type, json(body)).expect_err(body);
    assert_eq!(problem.status, 400);
    (problem.scim_type, problem.detail)
}

#[test]
fn bodies_of_providers_get_one_form() {
    for (body, expected) in [
        // Missing, foreign and malformed schemas.
        (r#"{"userName":"ada"}"#, r#"{"userName":"ada"}"#),
        (r#"{"schemas":["urn:scim:schemas:core:1.0"],"userName":"ada"}"#, r#"{"userName":"ada"}"#),
        (
            r#"{"schemas":"urn",
            "userName":"ada"}"#,
            r#"{"userName":"ada"}"#,
        ),
        (r#"{"schemas":[1,null],"userName":"ada"}"#, r#"{"userName":"ada"}"#),
        // Names in any case; of two spellings that of the schema counts.
        (r#"{"USERNAME":"ada","NickName":"x"}"#, r#"{"userName":"ada","nickName":"x"}"#),
        (r#"{"username":"other","userName":"ada","zzz":1}"#, r#"{"userName":"ada"}"#),
        (r#"{"userName":"other","userName":"ada"}"#, r#"{"userName":"ada"}"#),
        // Read-only attributes.
        (r#"{"userName":"ada","id":"7","meta":{"created":1},"groups":[{"value":"g"}]}"#, r#"{"userName":"ada"}"#),
        // Absent values.
        (
            r#"{"userName":"ada","title":null,"emails":[],"roles":[null,{}],"name":{"givenName":null},"phoneNumbers":{}}"#,
            r#"{"userName":"ada"}"#,
        ),
        (
            r#"{"userName":"ada","name":{"middleName":"","givenName":"Ada"}}"#,
            r#"{"userName":"ada","name":{"middleName":"","givenName":"Ada"}}"#,
        ),
        // Booleans as texts.
        (r#"{"userName":"ada","active":"True"}"#, r#"{"userName":"ada","active":true}"#),
        (
            r#"{"userName":"ada","active":"false","emails":[{"value":"x","primary":"TRUE"}]}"#,
            r#"{"userName":"ada","active":false,"emails":[{"value":"x","primary":true}]}"#,
        ),
        // Values that are not lists, and lists that are not values.
        (
            r#"{"userName":["ada"],"emails":"a@example.com","roles":["x",{"value":"y","zzz":2}]}"#,
            r#"{"userName":"ada","emails":[{"value":"a@example.com"}],"roles":[{"value":"x"},{"value":"y"}]}"#,
        ),
        (
            r#"{"userName":"ada","photos":{"value":"https://example.com/p"}}"#,
            r#"{"userName":"ada","photos":[{"value":"https://example.com/p"}]}"#,
        ),
        (r#"{"userName":"ada","password":"secret"}"#, r#"{"userName":"ada","password":"secret"}"#),
        (
            r#"{"urn:ietf:params:scim:schemas:core:2.0:user":{"userName":"ada","title":"x"},"title":"y"}"#,
            r#"{"userName":"ada","title":"y"}"#,
        ),
        (
            r#"{"userName":"ada","x509Certificates":[{"value":"AAEC_-8"},{"value":"AA=="}]}"#,
            r#"{"userName":"ada","x509Certificates":[{"value":"AAEC_-8"},{"value":"AA=="}]}"#,
        ),
    ] {
        assert_eq!(user(body), object(expected), "{body}");
        // A canonical document stays as it is.
        assert_eq!(user(expected), object(expected), "{body}");
    }
}

#[test]
fn extensions_are_below_their_urn() {
    for (extension, expected) in [
        (r#"{"manager":"7","department":"D"}"#, r#"{"manager":{"value":"7"},"department":"D"}"#),
        (r#"{"manager":[{"value":"7","displayName":"Boss"}],"schemas":["x"]}"#, r#"{"manager":{"value":"7"}}"#),
        (r#"{"Manager":{"VALUE":"7","$ref":"../Users/7"}}"#, r#"{"manager":{"value":"7","$ref":"../Users/7"}}"#),
    ] {
        for urn in [ENTERPRISE.to_owned(), ENTERPRISE.to_lowercase()] {
            let body = format!("{{\"userName\":\"ada\",\"{urn}\":{extension}}}");
            let expected = format!("{{\"userName\":\"ada\",\"{ENTERPRISE}\":{expected}}}");
            assert_eq!(user(&body), object(&expected), "{body}");
        }
    }
    for empty in [
        "{}",
        "null",
        "[]",
        r#"{"manager":null}"#,
        r#"{"manager":""}"#,
        r#"{"manager":{"displayName":"Boss"}}"#,
        r#"{"zzz":1}"#,
    ] {
        let body = format!("{{\"userName\":\"ada\",\"{ENTERPRISE}\":{empty}}}");
        assert_eq!(user(&body), object(r#"{"userName":"ada"}"#), "{body}");
    }
}

#[test]
fn members_of_groups_may_be_bare_identifiers() {
    let body = r#"{"displayName":"g","members":["1",{"value":"2","$ref":null,"displayName":"Two"},{"VALUE":"3","type":"Group"}]}"#;
    let expected =
        r#"{"displayName":"g","members":[{"value":"1"},{"value":"2","display":"Two"},{"value":"3","type":"Group"}]}"#;
    assert_eq!(canonical(&GROUP, json(body)), Ok(object(expected)));
    for body in
        [r#"{"displayName":"g","members":[{"display":"x"}]}"#, r#"{"displayName":"g","members":[{"value":""}]}"#]
    {
        assert_eq!(
            refused(&GROUP, body),
            (Some(ScimType::InvalidValue), "each of the members needs a value".to_owned())
        );
    }
}

#[test]
fn wrong_bodies_are_refused() {
    for body in ["1", "[]", "null", "\"x\""] {
        assert_eq!(refused(&USER, body).0, Some(ScimType::InvalidSyntax), "{body}");
    }
    for (body, detail) in [
        ("{}", "the attribute userName is required"),
        (r#"{"userName":" "}"#, "the attribute userName is required"),
        (r#"{"userName":null}"#, "the attribute userName is required"),
        (r#"{"userName":1}"#, "the value of userName has to be a string"),
        (r#"{"userName":["a","b"]}"#, "the value of userName has to be a string"),
        (r#"{"userName":[["a"]]}"#, "the value of userName has to be a string"),
        (r#"{"userName":"a","active":1}"#, "the value of active has to be a boolean"),
        (r#"{"userName":"a","active":"yes"}"#, "the value of active has to be a boolean"),
        (r#"{"userName":"a","name":"Ada"}"#, "the value of name has to be an object"),
        (r#"{"userName":"a","name":{"givenName":{}}}"#, "the value of name.givenName has to be a string"),
        (r#"{"userName":"a","emails":[1]}"#, "the value of emails has to be an object"),
        (r#"{"userName":"a","emails":[{"value":true}]}"#, "the value of emails.value has to be a string"),
        (r#"{"userName":"a","addresses":"x"}"#, "the value of addresses has to be an object"),
        (
            r#"{"userName":"a","x509Certificates":[{"value":"?"}]}"#,
            "the value of x509Certificates.value has to be base64",
        ),
        (
            r#"{"userName":"a","emails":[{"value":"x","primary":true},{"value":"y","primary":"True"}]}"#,
            "only one of the emails can be primary",
        ),
    ] {
        assert_eq!(refused(&USER, body), (Some(ScimType::InvalidValue), detail.to_owned()), "{body}");
    }
    let body = format!("{{\"userName\":\"a\",\"{ENTERPRISE}\":\"x\"}}");
    assert_eq!(refused(&USER, &body).0, Some(ScimType::InvalidValue));
    assert_eq!(refused(&GROUP, r#"{"members":[]}"#).1, "the attribute displayName is required");
}

#[test]
fn a_text_has_at_most_64_kib() {
    let body = |length: usize| format!("{{\"userName\":\"a\",\"title\":\"{}\"}}", "x".repeat(length));
    assert!(canonical(&USER, json(&body(65_536))).is_ok());
    assert_eq!(refused(&USER, &body(65_537)).1, "the value of title is longer than 65536 bytes");
}
