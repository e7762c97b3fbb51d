//! Lists: pages by index and by cursor, order, filters, and large groups.

use crate::support::client::segment;
use crate::support::nuxeo::{create_user, user_body};
use crate::support::rng::Random;
use crate::support::scim::{assert_error, call, create, expect, find_id, id_of, patch, replace, search};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

/// A list that the query gives.
fn list(server: &Server, endpoint: &str, query: &str) -> Value {
    expect(&call(server, "GET", &format!("{endpoint}?{query}"), &Value::Null), 200)
}

fn entries(list: &Value) -> &[Value] {
    list["Resources"].as_array().expect("resources")
}

fn names(list: &Value) -> Vec<String> {
    entries(list).iter().map(|entry| entry["userName"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Creates users by one bulk request.
fn create_users(server: &Server, users: impl Iterator<Item = Value>) {
    let operations: Vec<Value> = users
        .enumerate()
        .map(|(index, user)| json!({"method": "POST", "path": "/Users", "bulkId": index.to_string(), "data": user}))
        .collect();
    let answer = expect(&call(server, "POST", "/Bulk", &json!({ "Operations": operations })), 200);
    for result in answer["Operations"].as_array().expect("results") {
        assert_eq!(result["status"], "201", "{result}");
    }
}

/// All names that pages by cursor give. `between` runs after each page.
fn walk(server: &Server, query: &str, mut between: impl FnMut(usize)) -> Vec<String> {
    let (mut cursor, mut all, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let page = list(server, "/Users", &format!("{query}&attributes=userName&cursor={cursor}"));
        assert!(page.get("startIndex").is_none(), "{page}");
        all.extend(names(&page));
        pages += 1;
        between(pages);
        match page["nextCursor"].as_str() {
            Some(next) => {
                assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)), "{next}");
                cursor = next.to_owned();
            }
            None => return all,
        }
    }
}

#[test]
fn pages_have_each_user_once_while_others_come_and_go() {
    let server = Server::with(&[]);
    let name = |number: usize| format!("user{number:04}");
    create_users(&server, (0..2500).map(|number| json!({"userName": name(number), "nickName": "n"})));
    let expected: Vec<String> = std::iter::once("Administrator".to_owned()).chain((0..2500).map(name)).collect();
    // By index: the default page, pages of a size, and the rest.
    let first = list(&server, "/Users", "attributes=userName");
    let counts = |list: &Value| {
        ["totalResults", "itemsPerPage", "startIndex"].map(|name| list[name].as_u64().expect("a number"))
    };
    assert_eq!((counts(&first), names(&first)), ([2501, 1000, 1], expected[..1000].to_vec()));
    for (query, start, count) in [
        ("startIndex=1001&count=700", 1001, 700),
        ("startIndex=2401&count=700", 2401, 101),
        ("startIndex=2501", 2501, 1),
        ("startIndex=2502", 2502, 0),
        ("startIndex=99999999999999999999&count=5", i64::MAX as usize, 0),
        ("startIndex=0&count=3", 1, 3),
        ("startIndex=-7&count=3", 1, 3),
        ("startindex=2&COUNT=2", 2, 2),
        ("count=0", 1, 0),
        ("count=-3", 1, 0),
        ("count=99999999999999999999999", 1, 1000),
        ("count=1001", 1, 1000),
    ] {
        for filter in ["", "&filter=id%20pr", "&sortBy=userName"] {
            let page = list(&server, "/Users", &format!("{query}{filter}&attributes=userName"));
            assert_eq!(counts(&page), [2501, count as u64, start as u64], "{query}{filter}");
            let from = (start - 1).min(expected.len());
            assert_eq!(names(&page), expected[from..from + count], "{query}{filter}");
        }
    }
    // By cursor.
    for query in ["count=700", "count=1000", "x=y", "count=700&filter=userName%20pr", "count=900&sortBy=userName"] {
        assert_eq!(walk(&server, query, |_| {}), expected, "{query}");
    }
    // Users who stay are on one page each, while others come and go.
    for query in ["count=300", "count=300&filter=nickName%20eq%20%22n%22"] {
        let stays = |number: usize| !(number < 1000 && number % 2 == 1);
        let ids: Vec<(usize, String)> = (0..1000).filter(|number| !stays(*number)).map(|n| (n, name(n))).collect();
        let mut gone = ids.iter().skip(1).step_by(if query.contains("filter") { 7 } else { 11 });
        let all = walk(&server, query, |page| {
            for (_, name) in gone.by_ref().take(12) {
                if server.nuxeo("GET", &format!("/user/{name}"), None).status == 200 {
                    assert_eq!(server.nuxeo("DELETE", &format!("/user/{name}"), None).status, 204);
                }
            }
            create_user(&server, json!({"username": format!("new{page}{}", query.len())}));
        });
        let seen: HashSet<&String> = all.iter().collect();
        assert_eq!(seen.len(), all.len(), "{query}: no user is on two pages");
        for number in (0..2500).filter(|number| stays(*number)) {
            assert!(seen.contains(&name(number)), "{query}: {number} is missing");
        }
    }
}

#[test]
fn other_cursors_and_counts_are_refused() {
    let server = Server::with(&[]);
    create_users(&server, (0..30).map(|number| json!({"userName": format!("u{number:02}")})));
    for other in ["", "&filter=id%20pr", "&sortBy=userName", "&filter=id%20pr&sortBy=userName&sortOrder=descending"] {
        let page = list(&server, "/Users", &format!("count=10&cursor={other}"));
        assert_eq!(page["totalResults"], 31);
        let next = page["nextCursor"].as_str().expect("a cursor");
        let ask = |query: &str| call(&server, "GET", &format!("/Users?{query}"), &Value::Null);
        assert_error(&ask(&format!("cursor={next}&startIndex=1{other}")), 400, "invalidValue", "both");
        assert_error(&ask(&format!("cursor=&startIndex=1{other}")), 400, "invalidValue", "both");
        assert_error(&ask(&format!("cursor={next}&count=11{other}")), 400, "invalidCount", "another count");
        // Without a count, it is that of the cursor.
        let second = list(&server, "/Users", &format!("cursor={next}{other}"));
        assert_eq!(entries(&second).len(), 10, "{other}");
        let again = list(&server, "/Users", &format!("cursor={next}&count=10{other}"));
        assert_eq!(names(&second), names(&again));
        for cut in [0, 1, 10, next.len() / 2, next.len() - 1] {
            if cut > 0 {
                assert_error(&ask(&format!("cursor={}{other}", &next[..cut])), 400, "invalidCursor", &next[..cut]);
            }
            let mut forged = next.to_owned().into_bytes();
            forged[cut] = if forged[cut] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("text");
            let answer = ask(&format!("cursor={forged}{other}"));
            // The last character can have bits that mean nothing.
            if answer.status != 200 || cut + 1 < next.len() {
                assert_error(&answer, 400, "invalidCursor", &forged);
            }
        }
        for foreign in [
            format!("/Users?cursor={next}&filter=userName%20pr"),
            format!("/Users?cursor={next}&sortBy=displayName"),
            format!("/Groups?cursor={next}"),
            format!("/?cursor={next}"),
            format!("/Users?cursor={next}{next}"),
            "/Users?cursor=%00".to_owned(),
            "/Users?cursor=..%2f".to_owned(),
            format!("/Users?cursor={}", "A".repeat(6000)),
        ] {
            assert_error(&call(&server, "GET", &foreign, &Value::Null), 400, "invalidCursor", &foreign);
        }
        let mut body = json!({"cursor": next, "count": 10});
        for part in other.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').expect("a parameter");
            body[name] = json!(value.replace("%20", " "));
        }
        assert_eq!(names(&search(&server, "/Users", &body)), names(&second), "a search takes the same cursor");
    }
    for query in ["startIndex=abc", "count=abc", "count=1.5", "count=1e3", "startIndex=", "count=0x10", "count=+"] {
        let answer = call(&server, "GET", &format!("/Users?{query}"), &Value::Null);
        assert_error(&answer, 400, "invalidValue", query);
    }
    for body in [json!({"count": "x"}), json!({"startIndex": true}), json!({"count": [1]}), json!({"count": {}})] {
        let answer = call(&server, "POST", "/Users/.search", &body);
        assert_error(&answer, 400, "invalidValue", &body.to_string());
    }
}

#[test]
fn lists_are_sorted_with_missing_values_at_their_end() {
    let server = Server::with(&[]);
    for (name, title, emails) in [
        ("c", json!("b"), json!([{"value": "z@example.com"}, {"value": "a@example.com", "primary": true}])),
        ("a", json!("B"), json!([{"value": "m@example.com"}])),
        ("d", json!("a"), json!(null)),
        ("b", json!(null), json!([{"value": "k@example.com", "type": "home"}])),
        ("e", json!(null), json!(null)),
    ] {
        create(&server, "/Users", &json!({"userName": name, "title": title, "emails": emails}));
    }
    // The administrator of a new directory has an address and no title.
    for (by, ascending, descending) in [
        ("title", "d a c Administrator b e", "Administrator b e a c d"),
        ("TITLE", "d a c Administrator b e", "Administrator b e a c d"),
        ("emails", "c Administrator b a d e", "d e a b Administrator c"),
        ("emails.value", "c Administrator b a d e", "d e a b Administrator c"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "a Administrator b c d e", "e d c b Administrator a"),
    ] {
        for (order, expected) in [("ascending", ascending), ("descending", descending), ("", ascending)] {
            let query = format!("sortBy={by}&sortOrder={order}");
            assert_eq!(names(&list(&server, "/Users", &query)).join(" "), expected, "{query}");
            assert_eq!(walk(&server, &format!("{query}&count=2"), |_| {}).join(" "), expected, "{query}");
            let parts = [1, 3, 5].map(|start| list(&server, "/Users", &format!("{query}&startIndex={start}&count=2")));
            assert_eq!(parts.iter().flat_map(names).collect::<Vec<_>>().join(" "), expected, "{query}");
        }
    }
    for (query, scim_type) in [
        ("sortBy=nothing", "invalidPath"),
        ("sortBy=name", "invalidPath"),
        ("sortBy=password", "invalidPath"),
        ("sortBy=title&sortOrder=up", "invalidValue"),
    ] {
        assert_error(&call(&server, "GET", &format!("/Users?{query}"), &Value::Null), 400, scim_type, query);
    }
}

/// Texts that are hard to compare: metacharacters of LIKE, quotes, other scripts and cases, and spaces.
const ODD: [&str; 22] = [
    "a",
    "A",
    "ab",
    "a b",
    "100%",
    "1000",
    "a_b",
    "axb",
    "back\\slash",
    "quo\"te",
    "it's",
    "Ädele",
    "ädele",
    "STRASSE",
    "straße",
    "İzmir",
    "izmir",
    "Ωmega",
    "ωMEGA",
    "名前",
    "x@example.com",
    "*",
];

/// A user with odd texts, by that number.
fn odd_user(random: &mut Random, number: usize) -> Value {
    let mut user = json!({"userName": format!("{} {number}", random.pick(&ODD))});
    for attribute in ["displayName", "externalId", "title", "nickName"] {
        if !random.one_in(3) {
            user[attribute] = json!(random.pick(&ODD));
        }
    }
    if !random.one_in(3) {
        user["name"] = json!({"givenName": random.pick(&ODD), "familyName": random.pick(&ODD)});
    }
    let email = |random: &mut Random, kind: &str| json!({"value": format!("{}@example.com", random.pick(&["a", "Ä", "b_c", "B%c", "zoe"])), "type": kind});
    match random.below(4) {
        0 => {}
        1 => user["emails"] = json!([email(random, "work")]),
        2 => user["emails"] = json!([email(random, "home"), email(random, "work")]),
        _ => {
            let mut primary = email(random, "other");
            primary["primary"] = json!(true);
            user["emails"] = json!([email(random, "work"), primary]);
        }
    }
    user
}

/// The texts of an attribute path in a user.
fn texts(user: &Value, path: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match path.split_once('.') {
        None => text(&user[path]).into_iter().collect(),
        Some(("emails", sub)) => {
            user["emails"].as_array().into_iter().flatten().filter_map(|element| text(&element[sub])).collect()
        }
        Some((name, sub)) => text(&user[name][sub]).into_iter().collect(),
    }
}

/// Compares as SCIM does: by case for identifiers only.
fn holds(user: &Value, path: &str, operator: &str, text: &str) -> bool {
    let fold = |text: &str| match path {
        "externalId" | "id" => text.to_owned(),
        // The server folds the case of all letters, also of those that become two.
        _ if operator == "eq" => text.trim().to_lowercase().replace('ß', "ss"),
        _ => text.to_lowercase().replace('ß', "ss"),
    };
    let wanted = fold(text);
    texts(user, path).iter().map(|found| fold(found)).any(|found| match operator {
        "eq" => found == wanted,
        "co" => found.contains(&wanted),
        "sw" => found.starts_with(&wanted),
        _ => found.ends_with(&wanted),
    })
}

#[test]
fn filters_by_an_index_agree_with_the_whole_list() {
    let server = Server::with(&[]);
    let seed = Random::seed("ROLLBOOK_SCIM_SEED", 7);
    let mut random = Random::new(seed);
    let users: Vec<Value> = (0..150).map(|number| odd_user(&mut random, number)).collect();
    create_users(&server, users.into_iter());
    // Other dialects write users too, rename them, and change and clear their e-mail addresses.
    for number in 0..20 {
        let email = format!("{}@example.com", random.pick(&["Ä", "b_c", "nuxeo"]));
        let name = format!("nuxeo {} {number}", random.pick(&ODD));
        create_user(&server, json!({"username": name, "firstName": random.pick(&ODD), "email": email}));
        let handle = format!("dd{number}@example.com");
        let body = json!({"handle": handle, "name": random.pick(&ODD)}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
    }
    let all = list(&server, "/Users", "");
    for user in entries(&all).iter().filter(|user| user["userName"] != "Administrator") {
        let name = user["userName"].as_str().expect("a name");
        match random.below(8) {
            0 => {
                let to = replace("userName", json!(format!("{} renamed {name}", random.pick(&ODD))));
                expect(&call(&server, "PATCH", &format!("/Users/{}", id_of(user)), &to), 200);
            }
            1 | 2 => {
                let email = random.pick(&["", "nuxeo@example.com", "A@example.com"]);
                let body = user_body(json!({"email": email, "lastName": random.pick(&ODD)}));
                let answer = server.nuxeo("PUT", &format!("/user/{}", segment(name)), Some(&body));
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
            _ => {}
        }
    }
    let all = list(&server, "/Users", "");
    let all = entries(&all);
    assert_eq!(all.len(), 191);
    let paths = [
        "userName",
        "externalId",
        "id",
        "displayName",
        "title",
        "nickName",
        "name.givenName",
        "name.familyName",
        "emails.value",
        "emails.type",
    ];
    for _ in 0..600 {
        let condition = |random: &mut Random| {
            let (path, operator) = (random.pick(&paths), random.pick(&["eq", "eq", "co", "sw", "ew"]));
            let user = &all[random.below(all.len())];
            let text = match texts(user, path).first() {
                Some(text) if !random.one_in(3) => match random.below(4) {
                    0 => text.to_uppercase(),
                    1 => text.chars().take(3).collect(),
                    2 => text.chars().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect(),
                    _ => text.clone(),
                },
                _ => (*random.pick(&ODD)).to_owned(),
            };
            (path, operator, text)
        };
        let (one, other) = (condition(&mut random), condition(&mut random));
        let join = random.pick(&["", "and", "or"]);
        let write = |(path, operator, text): &(&str, &str, String)| format!("{path} {operator} {}", json!(text));
        let filter = if join.is_empty() { write(&one) } else { format!("{} {join} {}", write(&one), write(&other)) };
        let test = |user: &Value, (path, operator, text): &(&str, &str, String)| holds(user, path, operator, text);
        let expected: BTreeSet<&str> = all
            .iter()
            .filter(|user| match join {
                "and" => test(user, &one) && test(user, &other),
                "or" => test(user, &one) || test(user, &other),
                _ => test(user, &one),
            })
            .filter_map(|user| user["userName"].as_str())
            .collect();
        let found = search(&server, "/Users", &json!({ "filter": filter }));
        let names = names(&found);
        let found_names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(found_names, expected, "seed {seed}: {filter}");
        assert_eq!(found["totalResults"], expected.len(), "seed {seed}: {filter}");
        // The same filter where no index can help.
        let slow = search(&server, "/Users", &json!({ "filter": format!("not (not ({filter}))") }));
        assert_eq!(slow["totalResults"], expected.len(), "seed {seed}: {filter}");
    }
}

#[test]
fn filters_without_an_index_give_up_after_a_number_of_rows() {
    let server = Server::with(&["--scim-max-filter-rows", "10"]);
    create_users(
        &server,
        (0..30).map(|number| {
            json!({"userName": format!("u{number:02}"), "externalId": "same", "nickName": "n", "title": number.to_string()})
        }),
    );
    let ask = |filter: &str| call(&server, "POST", "/Users/.search", &json!({ "filter": filter }));
    for filter in ["nickName eq \"n\"", "externalId eq \"same\"", "id pr", "not (userName eq \"u01\")", "nickName pr"] {
        assert_error(&ask(filter), 400, "tooMany", filter);
    }
    assert_error(&call(&server, "GET", "/Users?sortBy=title", &Value::Null), 400, "tooMany", "an order");
    for (filter, total) in [
        ("userName eq \"U01\"", 1),
        ("userName eq \"u01\" and nickName eq \"n\"", 1),
        ("nickName eq \"n\" and userName eq \"u01\"", 1),
        ("externalId eq \"same\" and userName eq \"u02\"", 1),
        ("userName eq \"u01\" or userName eq \"u02\"", 2),
        ("id eq \"x\" and nickName pr", 0),
        ("externalId eq \"other\"", 0),
    ] {
        let found = expect(&ask(filter), 200);
        assert_eq!(found["totalResults"], total, "{filter}");
    }
    // A list without a filter has no such bound.
    assert_eq!(list(&server, "/Users", "")["totalResults"], 31);
    assert_eq!(walk(&server, "count=7", |_| {}).len(), 31);
}

#[test]
fn large_groups_are_written_in_pieces() {
    let server = Server::with(&[]);
    create_users(&server, (0..1200).map(|number| json!({"userName": format!("u{number:04}")})));
    let mut ids: Vec<String> = Vec::new();
    for start in [1, 1001] {
        let page = list(&server, "/Users", &format!("startIndex={start}&attributes=id"));
        ids.extend(entries(&page).iter().map(id_of));
    }
    let inner = id_of(&create(&server, "/Groups", &json!({"displayName": "inner"})));
    ids.extend([inner.clone(), "a member of another system".to_owned()]);
    let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
    let group = create(&server, "/Groups", &json!({"displayName": "large", "members": members}));
    let path = format!("/Groups/{}", id_of(&group));
    let set = |group: &Value| -> BTreeSet<String> {
        let members = group["members"].as_array().expect("members").iter();
        members.map(|member| member["value"].as_str().expect("a value").to_owned()).collect()
    };
    let expected: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(expected.len(), 1203);
    assert_eq!(set(&group), expected);
    let get = |query: &str| expect(&call(&server, "GET", &format!("{path}?{query}"), &Value::Null), 200);
    for group in
        [get(""), get("attributes=members"), get("attributes=members.value"), get("excludedAttributes=members.type")]
    {
        assert_eq!(set(&group), expected);
        assert_eq!(group["members"].as_array().expect("members").len(), 1203);
        assert_eq!(group["id"], id_of(&group));
    }
    let found = list(&server, "/Groups", "filter=displayName%20eq%20%22LARGE%22");
    assert_eq!(set(&entries(&found)[0]), expected);
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&get("attributes=members.value")["members"][0]), ["value"]);
    assert_eq!(keys(&get("attributes=displayName")), ["displayName", "id", "schemas"]);
    assert!(get("excludedAttributes=members").get("members").is_none());
    assert!(get("attributes=members.display").get("members").is_none(), "no member has a display");
    // One member and a few go, the others stay.
    let gone: Vec<&String> = ids.iter().step_by(100).collect();
    let values: Vec<Value> = gone.iter().map(|id| json!({ "value": id })).collect();
    let body = patch(&json!([
        {"op": "remove", "path": "members", "value": values},
        {"op": "remove", "path": format!("members[value eq \"{inner}\"]")},
    ]));
    assert_eq!(call(&server, "PATCH", &path, &body).status, 204);
    let left: BTreeSet<String> = expected.iter().filter(|id| !gone.contains(id) && **id != inner).cloned().collect();
    assert_eq!(set(&get("")), left);
    for (member, total) in [(gone[1], 0), (left.first().expect("a member"), 1), (&ids[1202], 1), (&inner, 0)] {
        for filter in [format!("members eq \"{member}\""), format!("members[value eq \"{member}\"]")] {
            let found = search(&server, "/Groups", &json!({"filter": filter, "excludedAttributes": ["members"]}));
            assert_eq!(found["totalResults"], total, "{filter}");
        }
    }
    let found =
        search(&server, "/Users", &json!({"filter": format!("groups.value eq \"{}\"", id_of(&group)), "count": 0}));
    assert_eq!(found["totalResults"], left.len() - 1, "without the member of another system");
    find_id(&server, "/Groups", "large");
}
