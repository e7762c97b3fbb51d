use super::*;
use serde_json::{Value, json};

fn document(schema: &Schema) -> Value {
    serde_json::from_str(schema.document("https://example.com/scim/v2").as_str()).unwrap()
}

fn attribute<'d>(document: &'d Value, name: &str) -> &'d Value {
    document["attributes"].as_array().unwrap().iter().find(|attribute| attribute["name"] == name).unwrap()
}

fn names(attributes: &Value) -> Vec<&str> {
    attributes.as_array().unwrap().iter().map(|attribute| attribute["name"].as_str().unwrap()).collect()
}

/// Calls a function with each attribute and sub-attribute of the document.
fn each(attributes: &Value, check: &mut dyn FnMut(&Value)) {
    for attribute in attributes.as_array().unwrap() {
        check(attribute);
        if attribute.get("subAttributes").is_some() {
            each(&attribute["subAttributes"], check);
        }
    }
}

#[test]
fn the_schemas_have_all_attributes_of_rfc_7643() {
    let user = document(&USER_SCHEMA);
    assert_eq!(
        names(&user["attributes"]),
        [
            "userName",
            "name",
            "displayName",
            "nickName",
            "profileUrl",
            "title",
            "userType",
            "preferredLanguage",
            "locale",
            "timezone",
            "active",
            "password",
            "emails",
            "phoneNumbers",
            "ims",
            "photos",
            "addresses",
            "groups",
            "entitlements",
            "roles",
            "x509Certificates"
        ]
    );
    assert_eq!(
        names(&attribute(&user, "name")["subAttributes"]),
        ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"]
    );
    assert_eq!(names(&attribute(&user, "groups")["subAttributes"]), ["value", "$ref", "display", "type"]);
    assert_eq!(names(&attribute(&user, "x509Certificates")["subAttributes"]), ["value", "display", "type", "primary"]);
    assert_eq!(names(&document(&GROUP_SCHEMA)["attributes"]), ["displayName", "members"]);
    assert_eq!(
        names(&document(&ENTERPRISE_USER_SCHEMA)["attributes"]),
        ["employeeNumber", "costCenter", "organization", "division", "department", "manager"]
    );
}

#[test]
fn a_document_is_complete_and_has_no_nulls() {
    for schema in SCHEMAS {
        let document = document(schema);
        assert_eq!(document["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"]));
        assert_eq!(document["id"], schema.urn);
        let location = format!("https://example.com/scim/v2/Schemas/{}", schema.urn);
        assert_eq!(document["meta"], json!({ "resourceType": "Schema", "location": location }));
        assert!(!document.to_string().contains("null"));
        each(&document["attributes"], &mut |attribute| {
            let kind = attribute["type"].as_str().unwrap();
            assert!(!attribute["description"].as_str().unwrap().is_empty(), "{attribute}");
            for key in ["multiValued", "required"] {
                assert!(attribute[key].is_boolean(), "{attribute}");
            }
            for key in ["mutability", "returned"] {
                assert!(attribute[key].is_string(), "{attribute}");
            }
            assert_eq!(kind == "complex", attribute.get("subAttributes").is_some(), "{attribute}");
            assert_eq!(kind == "reference", attribute.get("referenceTypes").is_some(), "{attribute}");
            let is_text = ["string", "reference", "binary"].contains(&kind);
            assert_eq!(is_text, attribute.get("caseExact").is_some(), "{attribute}");
        });
    }
}

#[test]
fn characteristics_are_declared_as_they_are_enforced() {
    let user = document(&USER_SCHEMA);
    assert_eq!(
        *attribute(&user, "userName"),
        json!({
            "name": "userName", "type": "string", "multiValued": false, "description": "Login, unique in any case",
            "required": true, "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "server",
        })
    );
    assert_eq!(
        *attribute(&user, "password"),
        json!({
            "name": "password", "type": "string", "multiValued": false, "description": "Password, which is never shown",
            "required": false, "caseExact": true, "mutability": "writeOnly", "returned": "never", "uniqueness": "none",
        })
    );
    assert_eq!(attribute(&user, "groups")["mutability"], "readOnly");
    let group = document(&GROUP_SCHEMA);
    assert_eq!(attribute(&group, "displayName")["uniqueness"], "server");
    let members = &attribute(&group, "members")["subAttributes"];
    let mutability: Vec<&Value> = members.as_array().unwrap().iter().map(|member| &member["mutability"]).collect();
    assert_eq!(mutability, ["immutable", "immutable", "immutable", "readWrite"]);
    let manager = attribute(&document(&ENTERPRISE_USER_SCHEMA), "manager").clone();
    assert_eq!(manager["subAttributes"][2]["mutability"], "readOnly");
}

#[test]
fn a_resource_type_names_its_schemas() {
    let document = |resource_type: &ResourceType| -> Value {
        serde_json::from_str(resource_type.document("https://example.com/scim/v2").as_str()).unwrap()
    };
    assert_eq!(
        document(&USER),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": "User", "name": "User",
            "endpoint": "/Users", "description": "User account", "schema": USER_SCHEMA.urn,
            "schemaExtensions": [{ "schema": ENTERPRISE_USER_SCHEMA.urn, "required": false }],
            "meta": { "resourceType": "ResourceType", "location": "https://example.com/scim/v2/ResourceTypes/User" },
        })
    );
    assert!(document(&GROUP).get("schemaExtensions").is_none());
}
