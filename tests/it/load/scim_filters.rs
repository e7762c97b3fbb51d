//! The filters that identity providers send go by an index: none of them reads more rows than it finds.

use crate::support::client::Answer;
use crate::support::server::{APP_KEY, Server};
use serde_json::{Value, json};

const USERS: usize = 40;
/// Far less than there are users and groups.
const ROWS_MAX: &str = "5";

fn scim(server: &Server, method: &str, target: &str, body: Option<&Value>) -> Answer {
    let authorization = format!("Bearer {APP_KEY}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/scim+json")];
    let body = body.map(Value::to_string);
    server.request(method, &format!("/scim/v2{target}"), &headers, body.as_deref().map(str::as_bytes))
}

fn list(server: &Server, endpoint: &str, filter: &str) -> Answer {
    scim(server, "POST", &format!("/{endpoint}/.search"), Some(&json!({ "filter": filter })))
}

/// The identifiers of the new users and groups.
fn fill(server: &Server) -> Vec<(String, String)> {
    let create = |endpoint: &str, body: Value| {
        let answer = scim(server, "POST", endpoint, Some(&body));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let one = |number: usize| {
        let user = create(
            "/Users",
            json!({
                "userName": format!("user{number}@example.com"), "externalId": format!("external{number}"),
                "name": {"givenName": format!("First{number}"), "familyName": format!("Last{number}")},
                "displayName": format!("Display{number}"),
                "emails": [
                    {"type": "home", "value": format!("home{number}@example.com")},
                    {"type": "work", "value": format!("work{number}@example.com"), "primary": true},
                ],
            }),
        );
        let group = create(
            "/Groups",
            json!({
                "displayName": format!("Group{number}"), "externalId": format!("external{number}"),
                "members": [{"value": user}],
            }),
        );
        (user, group)
    };
    (0..USERS).map(one).collect()
}

#[test]
fn a_filter_of_a_provider_reads_only_the_rows_that_it_finds() {
    let server = Server::with(&["--scim-max-filter-rows", ROWS_MAX]);
    let ids = fill(&server);
    let (user, group) = &ids[17];
    let users = [
        r#"userName eq "USER17@example.com""#.to_owned(),
        r#"externalId eq "external17""#.to_owned(),
        r#"emails.value eq "WORK17@example.com""#.to_owned(),
        r#"emails.value eq "home17@example.com""#.to_owned(),
        r#"emails eq "work17@example.com""#.to_owned(),
        r#"emails[type eq "work"].value eq "work17@example.com""#.to_owned(),
        r#"emails[type eq "work" and value eq "work17@example.com"]"#.to_owned(),
        format!("id eq \"{user}\""),
        r#"displayName eq "Display17""#.to_owned(),
        format!("groups.value eq \"{group}\""),
        r#"name.familyName eq "Last17" and name.givenName eq "First17""#.to_owned(),
        r#"active eq true and userName eq "user17@example.com""#.to_owned(),
        r#"displayName eq "Display17" and meta.lastModified gt "2001-01-01T00:00:00Z""#.to_owned(),
        format!("id eq \"{user}\" and not (userName eq \"other\")"),
        r#"userName eq "user17@example.com" or externalId eq "external17""#.to_owned(),
    ];
    let groups = [
        r#"displayName eq "GROUP17""#.to_owned(),
        r#"externalId eq "external17""#.to_owned(),
        format!("id eq \"{group}\""),
        format!("members.value eq \"{user}\""),
        format!("members eq \"{user}\""),
        format!("id eq \"{group}\" and members.value eq \"{user}\""),
        format!("members.value eq \"{user}\" and displayName eq \"Group17\""),
    ];
    for (endpoint, id, filters) in [("Users", user, &users[..]), ("Groups", group, &groups[..])] {
        for filter in filters {
            let answer = list(&server, endpoint, filter);
            assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
            let found = answer.json();
            assert_eq!(found["totalResults"], 1, "{filter}: {found}");
            assert_eq!(found["Resources"][0]["id"], **id, "{filter}: {found}");
        }
    }
    let later = list(&server, "Users", r#"meta.lastModified gt "2100-01-01T00:00:00Z""#);
    assert_eq!((later.status, &later.json()["totalResults"]), (200, &json!(0)), "{}", later.text());
    for (endpoint, filter) in [("Users", "nickName pr"), ("Groups", "displayName co \"1\"")] {
        let refused = list(&server, endpoint, filter);
        assert_eq!((refused.status, &refused.json()["scimType"]), (400, &json!("tooMany")), "{}", refused.text());
    }
}
