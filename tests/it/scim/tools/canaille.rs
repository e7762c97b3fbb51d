//! Canaille, a real identity provider, provisions its users and groups over the network.

use crate::support::changes::changes;
use crate::support::client_tools::live_on;
use crate::support::nuxeo::ids;
use crate::support::nuxeo_groups::lists;
use crate::support::scim_provider::{ENTERPRISE, Provider};
use crate::support::server::{APP_KEY, Server};
use serde_json::{Value, json};

/// The changes that the provider made. A document that only repeats what is there is no change.
const CHANGES: [(&str, &str); 24] = [
    ("user.created", "ada"),
    ("user.created", "bob"),
    ("user.created", "carol"),
    ("user.created", "dave"),
    ("group.created", "engines"),
    ("member.added", "ada"),
    ("member.added", "bob"),
    ("group.created", "builders"),
    ("member.added", "bob"),
    ("user.updated", "ada"),
    ("user.renamed", "robert"),
    ("user.updated", "robert"),
    ("user.updated", "carol"),
    ("user.updated", "dave"),
    ("user.updated", "dave"),
    ("group.updated", "engines"),
    ("member.removed", "robert"),
    ("member.added", "carol"),
    ("member.added", "robert"),
    ("member.removed", "robert"),
    ("group.deleted", "builders"),
    ("member.added", "dave"),
    ("member.removed", "dave"),
    ("user.deleted", "dave"),
];

#[test]
fn canaille_provisions_users_and_groups_over_the_network() {
    let provider = Provider::new(&[]);
    let (_, start) = changes(&provider.server, "now");
    let Provider { server, key, .. } = provider;
    let variables = [("ROLLBOOK_APP_KEY", key.as_str())];
    let script = "scim/provision_with_canaille.py";
    let Some(server) = live_on(server, &variables, "/scim/v2", "canaille-0.3.6", script) else { return };
    // The look at the directory makes changes of its own, so this is first.
    each_change_is_told(&server, &start);
    let mut names = ids(&server, "/user/search?q=*");
    names.sort();
    assert_eq!(names, ["Administrator", "ada", "carol", "robert"]);
    users_are_there(&server);
    groups_are_there(&server);
    scim_has_what_the_others_lack(&server);
}

fn users_are_there(server: &Server) {
    let user = |name: &str| server.datadog("GET", &format!("/api/v1/user/{name}"), None).json()["user"].clone();
    let shown = |name: &str| ["name", "email", "title", "disabled"].map(|key| user(name)[key].clone());
    assert_eq!(
        shown("ada"),
        [json!("Ada Lovelace"), json!("countess@example.com"), json!("Chief analyst"), json!(false)]
    );
    assert_eq!(shown("robert"), [json!("Robert Builder"), json!("bob@example.com"), Value::Null, json!(false)]);
    assert_eq!(shown("carol"), [json!("Carol Smith"), json!("carol@example.com"), Value::Null, json!(true)]);
    for gone in ["bob", "dave"] {
        assert_eq!(server.datadog("GET", &format!("/api/v1/user/{gone}"), None).status, 404, "{gone}");
    }
    let ada = server.nuxeo("GET", "/user/ada", None).json()["properties"].clone();
    assert_eq!(
        [&ada["firstName"], &ada["lastName"], &ada["company"], &ada["phone"]],
        ["Ada", "Lovelace", "Analytical Engines", "+44 20 7946 0958"]
    );
}

fn groups_are_there(server: &Server) {
    assert_eq!(ids(server, "/group/search?q=engines"), ["engines"]);
    assert_eq!(server.nuxeo("GET", "/group/engines", None).json()["grouplabel"], "steam engines");
    let [mut users, groups, parents] = lists(server, "engines");
    users.as_array_mut().expect("users").sort_by_key(Value::to_string);
    assert_eq!([users, groups, parents], [json!(["ada", "carol", "robert"]), json!([]), json!([])]);
    assert_eq!(server.nuxeo("GET", "/group/builders", None).status, 404);
}

fn scim_has_what_the_others_lack(server: &Server) {
    let authorization = format!("Bearer {APP_KEY}");
    let path = "/scim/v2/Users?filter=userName%20eq%20%22ada%22";
    let answer = server.request("GET", path, &[("Authorization", &authorization)], None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let ada = answer.json()["Resources"][0].clone();
    assert_eq!(ada["preferredLanguage"], "en");
    assert_eq!(ada["profileUrl"], "https://example.com/ada");
    assert_eq!(ada["name"], json!({"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"}));
    assert_eq!(ada["emails"], json!([{"value": "countess@example.com"}]));
    assert_eq!(ada["addresses"][0]["locality"], "London");
    assert_eq!(
        ada[ENTERPRISE],
        json!({"employeeNumber": "100", "organization": "Analytical Engines", "department": "Research"})
    );
    assert_eq!(ada["externalId"].as_str().map(str::len), Some(36), "Canaille's own id");
    assert!(ada.get("password").is_none(), "{ada}");
}

/// The feed has each change once, by the provider's key.
fn each_change_is_told(server: &Server, start: &str) {
    let (found, _) = changes(server, start);
    assert!(found.iter().all(|change| change["dialect"] == "scim" && change["caller_kind"] == "key"), "{found:#?}");
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|change| (change["action"].as_str().expect("an action"), change["name"].as_str().expect("a name")))
        .collect();
    assert_eq!(told, CHANGES);
}
