//! scim2-server as a second opinion: it gets the same requests, and has to give the same answers.

use super::SCIM2;
use crate::support::client_tools::report;
use crate::support::scim_provider::{PREFIX, has, with_provision_key};
use serde_json::Value;
use std::collections::BTreeSet;

/// The differences that are intended, and the reason of each.
const INTENDED: [(&str, &str); 20] = [
    ("active-shown", "a user is active or not from the start, and a provider reads which"),
    ("add-creates-the-element", "Entra adds to an e-mail of a type that the user does not have yet"),
    ("answer-to-user-patch", "Okta and scim-sanity read the user in the answer to a PATCH"),
    ("circular-references", "RFC 7644, 3.7.1: a server tries to resolve them; a group in itself is refused"),
    ("groups-of-a-user", "Rauthy reads memberships there; RFC 7643, 4.1.2 has the attribute"),
    ("made-by-a-difference", "a request about something that an earlier difference has made"),
    ("manager-as-text", "Entra sends the id of the manager as a text"),
    ("media-type-asked-for", "OneLogin asks for application/json alone"),
    ("method-is-repeated", "RFC 7644, 3.7 requires the method in the answer to each operation, also a wrong one"),
    ("no-way-back", "RFC 9865 leaves it to the server whether there is a cursor to the page before"),
    ("references-of-members", "$ref and type of a member are shown also when they were not sent"),
    ("remove-with-values", "Entra, Authentik and Rauthy take members out with their values"),
    ("replaced-elements-are-whole", "RFC 7644, 3.5.2.3: all values that the filter matches are replaced"),
    ("secret-in-a-url", "RFC 7644, 7.5.2 wants no secret in a URL"),
    ("short-names-of-references", "Entra asks for the manager without .value"),
    ("texts-for-values", "older providers send e-mails as texts"),
    ("unique-names-of-groups", "Entra and Authentik find a group by its name"),
    ("unknown-attribute", "Entra sends attributes of its own; it expects that they are ignored"),
    ("unquoted-values", "a part of Entra's requests has filters without quotes"),
    ("wrong-shape-is-syntax", "RFC 7644, 3.12: a message of a wrong shape is invalidSyntax"),
];

/// The least number of requests.
const REQUESTS_MIN: usize = 500;

#[test]
fn scim2_server_gives_the_same_answers() {
    let (server, key) = with_provision_key(&[]);
    let variables = [("ROLLBOOK_APP_KEY", key.as_str())];
    let Some(rows) = report(&server, &variables, PREFIX, SCIM2, "scim/second_opinion.py") else { return };
    let rows = rows.as_array().expect("a list of requests");
    assert!(rows.len() >= REQUESTS_MIN, "{} requests", rows.len());
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in rows {
        seen.extend(row["everywhere"].as_array().expect("names").iter().map(|name| name.as_str().expect("a name")));
        let differs = row["differs"].as_str().expect("a name");
        seen.extend((!differs.is_empty()).then_some(differs));
        if let Some(fault) = fault_in(row, differs) {
            wrong.push(format!("{}: {fault}\n{}", row["name"], shown(row)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} requests:\n\n{}", wrong.len(), rows.len(), wrong.join("\n\n"));
    assert_eq!(seen, INTENDED.iter().map(|(name, _)| *name).collect(), "the intended differences");
}

/// The reason why the two answers are not as they have to be.
fn fault_in(row: &Value, differs: &str) -> Option<&'static str> {
    let are_same = row["reference"] == row["rollbook"];
    if differs.is_empty() {
        return (!are_same).then_some("the answers differ");
    }
    if !INTENDED.iter().any(|(name, _)| *name == differs) {
        return Some("the difference has no reason");
    }
    if are_same {
        return Some("the answers no longer differ");
    }
    (!has(&row["rollbook"], &row["expected"])).then_some("the answers differ in another way than they should")
}

/// A request and its two answers, for the message.
fn shown(row: &Value) -> String {
    let expected = if row["expected"].is_null() { String::new() } else { format!("\nexpected  {}", row["expected"]) };
    format!(
        "{}\nbody      {}\nreference {}\nrollbook  {}{expected}",
        row["call"].as_str().expect("a text"),
        row["body"],
        row["reference"],
        row["rollbook"]
    )
}
