//! Lists, changes and figures on the admin page.

use super::with_ada;
use crate::support::cli::run_with_input;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::ui::administrator;
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn lists_are_paged_and_filtered() {
    let folder = Arc::new(Folder::new());
    let mut csv = "kind,name,first_name,email,disabled,groups\n".to_owned();
    for number in 0..120 {
        csv += &format!("user,u{number:03},F{},m{number}@example.com,{},g1\n", number % 7, number % 10 == 0);
    }
    for number in 0..60 {
        csv += &format!("group,team{number:02},,,,\n");
    }
    let import = ["import", "-", "--format", "csv", "--create-groups"];
    let output = run_with_input(&folder, &import, &csv);
    assert!(output.status.success(), "{output:?}");
    let server = Server::over(folder, &[]);
    let mut admin = administrator(&server);
    let mut all = |list: &str, query: &str| {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let answer = admin.get(&format!("{list}?{query}&after={after}"));
            assert_eq!(answer.status, 200, "{}", answer.text());
            let document = answer.json();
            let part = document[list].as_array().expect("a list");
            names.extend(part.iter().map(|entry| entry["name"].as_str().expect("a name").to_owned()));
            match document["next"].as_str() {
                Some(next) => {
                    assert_eq!(names.last().map(String::as_str), Some(next));
                    after = next.to_owned();
                }
                None => return names,
            }
        }
    };
    let numbers = |of: &dyn Fn(&usize) -> bool| -> Vec<String> {
        (0..120).filter(of).map(|number| format!("u{number:03}")).collect()
    };
    let all_users: Vec<String> = ["Administrator".to_owned()].into_iter().chain(numbers(&|_| true)).collect();
    for (query, wanted) in [
        ("", all_users.clone()),
        ("limit=1&text=u11", numbers(&|n| n / 10 == 11)),
        ("limit=120&group=g1", numbers(&|_| true)),
        ("limit=7&text=F3", numbers(&|n| n % 7 == 3)),
        ("text=%4011%40", vec![]),
        ("text=M11%40EXAMPLE", vec!["u011".to_owned()]),
        ("limit=2&text=11%2C+%C3%BA", numbers(&|n| n / 10 == 11 || n % 100 == 11)),
        ("text=f3+00+u&limit=1", numbers(&|n| n % 7 == 3 && n / 10 == 0)),
        ("text=u00+nowhere", vec![]),
        ("text=+%2C%CC%81&limit=200", all_users.clone()),
        ("text=%00", vec![]),
        ("state=disabled", numbers(&|n| n % 10 == 0)),
        ("state=enabled&group=g1&text=u00", numbers(&|n| n / 10 == 0 && n % 10 != 0)),
        ("administrators=yes", vec!["Administrator".to_owned()]),
        ("administrators=no&limit=200", all_users),
        ("verified=yes", vec!["Administrator".to_owned()]),
        ("verified=no&group=g1", numbers(&|_| true)),
    ] {
        assert_eq!(all("users", query), wanted, "{query}");
    }
    let teams: Vec<String> = (0..60).map(|number| format!("team{number:02}")).collect();
    assert_eq!(all("groups", "text=team"), teams);
    assert_eq!(all("groups", "text=TEAM5&limit=3"), teams[50..]);
    assert_eq!(all("groups", "text=GROUP%2Cadmin"), ["administrators", "powerusers"]);
    assert_eq!(all("groups", "text=rights+read"), ["members"]);
    assert_eq!(all("groups", "limit=200").len(), 60 + 3 + 1);
}

#[test]
fn changes_are_listed_newest_first() {
    let server = with_ada();
    let mut admin = administrator(&server);
    assert_eq!(admin.call("PATCH", "users/ada", &json!({"title": "Countess"})).status, 200);
    let newest = admin.get("changes?limit=1").json();
    let change = &newest["changes"][0];
    for (field, value) in [
        ("caller", json!("Administrator")),
        ("caller_kind", json!("user")),
        ("dialect", json!("ui")),
        ("action", json!("user.updated")),
        ("name", json!("ada")),
        ("before", json!({"title": null})),
        ("after", json!({"title": "Countess"})),
    ] {
        assert_eq!(change[field], value, "{field}");
    }
    let (mut ids, mut before) = (Vec::new(), String::new());
    loop {
        let part = admin.get(&format!("changes?limit=2&before={before}")).json();
        ids.extend(part["changes"].as_array().expect("a list").iter().map(|c| c["id"].as_i64().expect("a number")));
        match part["next"].as_i64() {
            Some(next) => before = next.to_string(),
            None => break,
        }
    }
    assert!(ids.len() > 5 && ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    assert_eq!(ids.first(), change["id"].as_i64().as_ref());
    assert_eq!(ids.last(), Some(&1));
}

#[test]
fn figures_are_those_of_the_metrics() {
    let server = Server::with(&["--metrics-public"]);
    let mut admin = administrator(&server);
    assert_eq!(admin.get("figures").json()["version"], env!("CARGO_PKG_VERSION"));
    // Times and the values of the process differ between two reads; the counts do not, unless something was written.
    wait_until("the same figures at both places", || {
        let document = admin.get("figures").json();
        let figures = document["figures"].as_array().expect("a list");
        let metrics = server.request("GET", "/metrics", &[], None);
        let is_same = |name: &str| {
            let mut lines = metrics.text().lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect(name);
            let figure = figures.iter().find(|figure| figure["name"] == name).expect(name);
            assert_eq!(figure["labels"], json!({}));
            figure["value"].as_f64() == line.parse().ok()
        };
        ["rollbook_users", "rollbook_wal_size_bytes", "rollbook_writer_commits_total"].into_iter().all(is_same)
    });
    let wanted = json!({"dialect": "ui", "route": "/api/session", "method": "POST", "status": "200"});
    let signed_in = |document: Value| {
        let mut figures = document["figures"].as_array().expect("a list").iter();
        figures.any(|figure| figure["name"] == "rollbook_http_requests_total" && figure["labels"] == wanted)
    };
    // A request is counted after its answer.
    wait_until("the sign-in", || signed_in(admin.get("figures").json()));
}
