//! scim2-tester: it discovers the server and tries each attribute of each schema.

use super::SCIM2;
use crate::support::client_tools::report;
use crate::support::scim_provider::{PREFIX, with_provision_key};
use crate::support::server::{APP_KEY, Server};
use serde_json::Value;
use std::collections::BTreeMap;

/// The checks, the type of resource that they look at, and how many results they have when the schemas are complete.
const CHECKS: [(&str, &str, usize); 34] = [
    ("access_invalid_resource_type", "", 1),
    ("access_invalid_schema", "", 1),
    ("access_schema_by_id", "", 3),
    ("check_add_attribute", "Group", 2),
    ("check_add_attribute", "User", 27),
    ("check_remove_attribute", "Group", 2),
    ("check_remove_attribute", "User", 26),
    ("check_replace_attribute", "Group", 3),
    ("check_replace_attribute", "User", 28),
    ("object_creation", "Group", 1),
    ("object_creation", "User", 1),
    ("object_deletion", "Group", 1),
    ("object_deletion", "User", 1),
    ("object_list_with_attributes", "Group", 2),
    ("object_list_with_attributes", "User", 2),
    ("object_query", "Group", 1),
    ("object_query", "User", 1),
    ("object_query_with_attributes", "Group", 2),
    ("object_query_with_attributes", "User", 2),
    ("object_query_without_id", "Group", 1),
    ("object_query_without_id", "User", 1),
    ("object_replacement", "Group", 1),
    ("object_replacement", "User", 1),
    ("query_all_resource_types", "", 1),
    ("query_all_schemas", "", 1),
    ("query_resource_type_by_id", "", 2),
    ("random_url", "", 1),
    ("resource_types_endpoint_methods", "", 4),
    ("resource_types_schema_validation", "", 2),
    ("schemas_endpoint_methods", "", 4),
    ("search_with_attributes", "Group", 2),
    ("search_with_attributes", "User", 2),
    ("service_provider_config_endpoint", "", 1),
    ("service_provider_config_endpoint_methods", "", 4),
];

#[test]
fn all_checks_of_scim2_tester_succeed_for_an_administrator() {
    all_succeed(&Server::start(), APP_KEY);
}

#[test]
fn all_checks_of_scim2_tester_succeed_for_a_provider() {
    let (server, key) = with_provision_key(&[]);
    all_succeed(&server, &key);
}

#[test]
fn all_checks_of_scim2_tester_succeed_when_a_changed_group_is_answered() {
    all_succeed(&Server::with(&["--scim-group-patch-body"]), APP_KEY);
}

/// Runs all checks with that key. Each has to be there and to succeed: none may be skipped.
fn all_succeed(server: &Server, key: &str) {
    let variables = [("ROLLBOOK_APP_KEY", key)];
    let Some(results) = report(server, &variables, PREFIX, SCIM2, "scim/tester.py") else { return };
    let results = results.as_array().expect("a list of results");
    let text = |result: &Value, key: &str| result[key].as_str().expect("a text").to_owned();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for result in results {
        let (check, resource, status) = (text(result, "check"), text(result, "resource"), text(result, "status"));
        if status != "SUCCESS" {
            failed.push(format!(
                "{status} {check} {resource}: {}\n    {}",
                text(result, "reason"),
                text(result, "data")
            ));
        }
        *counts.entry((check, resource)).or_default() += 1;
    }
    assert!(failed.is_empty(), "{} of {} checks:\n{}", failed.len(), results.len(), failed.join("\n"));
    let expected = CHECKS.map(|(check, resource, count)| ((check.to_owned(), resource.to_owned()), count));
    assert_eq!(counts, BTreeMap::from(expected));
    assert_eq!(results.len(), 135);
}
