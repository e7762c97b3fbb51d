//! Users and groups of Nuxeo.

use super::*;

/// The value of a parameter in a target.
fn parameter(target: &str, name: &str) -> String {
    let (_, query) = target.split_once('?').unwrap_or_default();
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    percent_encoding::percent_decode_str(value.unwrap_or_default()).decode_utf8_lossy().into_owned()
}

fn is_about_groups(asked: &Asked) -> bool {
    asked.target.starts_with("/api/v1/group/search?")
}

/// A server with these groups and users. It shows the lists of a group that are asked for.
fn nuxeo_server(groups: Value, users: Value) -> Server {
    Server::start(move |asked, out| {
        let fetched = parameter(&asked.target, "fetch-group");
        let shown = |group: &Value| {
            let mut group = group.clone();
            let lists = ["memberUsers", "memberGroups", "parentGroups"].into_iter();
            for list in lists.filter(|list| !fetched.split(',').any(|fetched| fetched == *list)) {
                group.as_object_mut().map(|group| group.remove(list));
            }
            group
        };
        let groups = groups.as_array().unwrap();
        let path = asked.target.split('?').next().unwrap_or_default();
        match path.strip_prefix("/api/v1/group/").unwrap_or("users") {
            "users" => answer_json(out, &json!({"resultsCount": users.as_array().unwrap().len(), "entries": users})),
            "search" => {
                let query = parameter(&asked.target, "q");
                let is_found =
                    |group: &&Value| query == "*" || group["id"].as_str().is_some_and(|id| id.starts_with(&query));
                let found: Vec<_> = groups.iter().filter(is_found).map(shown).collect();
                answer_json(out, &json!({"resultsCount": found.len(), "entries": found}));
            }
            name => {
                let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
                match groups.iter().find(|group| group["id"] == name) {
                    Some(group) => answer_json(out, &shown(group)),
                    None => answer(out, "404 Not Found", "", "{}"),
                }
            }
        }
    })
}

fn group(name: &str) -> GroupRecord {
    GroupRecord { name: name.to_owned(), ..GroupRecord::default() }
}

fn member(group: &str, user: &str) -> Result<Record, &'static str> {
    Ok(Record::Member(MemberRecord { group: group.into(), user: user.into(), ..Default::default() }))
}

fn subgroup(group: &str, subgroup: &str) -> Result<Record, &'static str> {
    Ok(Record::Subgroup(SubgroupRecord {
        group: group.into(),
        subgroup: subgroup.into(),
        joined: None,
        ..Default::default()
    }))
}

/// All remarks, each with a flag: true if a user or group is missing.
fn remarks(rows: &[Row]) -> Vec<(bool, &str, &str)> {
    let remarks = rows.iter().flat_map(|row| &row.remarks);
    let is_missing = |remark: &Remark| remark.kind == RemarkKind::Missing;
    remarks.map(|remark| (is_missing(remark), &*remark.text, remark.about.as_deref().unwrap_or_default())).collect()
}

/// Groups and users, as a server shows them.
fn documents() -> (Value, Value) {
    let groups = json!([
        {"entity-type": "group", "id": "all", "groupname": "all", "grouplabel": "all",
         "memberGroups": ["staff", "Ghost"], "parentGroups": [], "memberUsers": ["ada"],
         "properties": {"groupname": "all", "grouplabel": null, "description": "", "tenantId": null, "members": ["x"]}},
        {"entity-type": "group", "id": "staff", "groupname": "staff", "grouplabel": "The staff", "memberGroups": [],
         "parentGroups": ["All", "Gone"], "memberUsers": ["ADA", "late"],
         "properties": {"groupname": "staff", "grouplabel": "The staff", "description": "us", "tenantId": "t",
                        "n": 1.5}},
        {"id": "old", "groupname": "old", "grouplabel": "Old", "memberUsers": ["x"], "color": "red"},
    ]);
    let users = json!([
        {"entity-type": "user", "id": "ada", "properties": {"username": "ada", "firstName": "Ada", "lastName": null,
         "email": "a@x.io", "company": "", "title": "Boss", "tenantId": null, "groups": ["staff", "all"], "phone": 7,
         "password": ""}, "extendedGroups": [], "isAdministrator": false, "isAnonymous": false},
        {"id": "root", "properties": {"username": "root", "groups": ["x"], "firstName": 7, "lastName": true},
         "extendedGroups": [{"name": "x"}, {"name": "administrators"}], "isAdministrator": true},
        {"id": "odd", "properties": {"groups": ["x"]}, "extendedGroups": [{"name": "x"}], "isAdministrator": true},
        {"id": "hidden", "properties": {"username": "hidden"}},
    ]);
    (groups, users)
}

#[test]
fn groups_come_from_nuxeo_with_what_is_in_them_then_users_then_other_members() {
    let (groups, users) = documents();
    let server = nuxeo_server(groups, users);
    let rows = all(ask_nuxeo(&server.source()));
    let mut staff = GroupRecord { label: some("The staff"), description: some("us"), ..group("staff") };
    staff.properties.insert("n".to_owned(), json!(1.5).into());
    staff.properties.insert("tenantId".to_owned(), json!("t").into());
    let mut ada = UserRecord {
        texts: fields([(FirstName, "Ada"), (Email, "a@x.io"), (Company, ""), (Title, "Boss")]),
        groups: Some(vec!["staff".to_owned(), "all".to_owned()]),
        ..user("ada")
    };
    ada.properties.insert("phone".to_owned(), json!(7).into());
    let in_x = |name: &str| UserRecord { groups: Some(vec!["x".to_owned()]), ..user(name) };
    let with_records: Vec<_> = rows.iter().filter(|row| row.record != Ok(None)).cloned().collect();
    assert_eq!(
        records(&with_records),
        [
            Ok(Record::Group(GroupRecord { description: some(""), ..group("all") })),
            subgroup("all", "staff"),
            subgroup("all", "Ghost"),
            Ok(Record::Group(staff)),
            Ok(Record::Group(GroupRecord { label: some("Old"), ..group("old") })),
            // The other parent has it in its own list.
            subgroup("Gone", "staff"),
            Ok(Record::User(ada)),
            Ok(Record::User(UserRecord { texts: fields([(FirstName, "7"), (LastName, "true")]), ..in_x("root") })),
            Ok(Record::User(in_x("odd"))),
            Ok(Record::User(user("hidden"))),
            member("staff", "late"),
            member("old", "x"),
        ]
    );
    assert_eq!(
        remarks(&rows),
        [
            (true, "the server does not say which groups are in the group", "the group old"),
            (true, "the server does not say which groups the group is in", "the group old"),
            (false, "no field has the name \"color\"", "the group old"),
            (false, "a user is an administrator there without being in the group administrators", "the user odd"),
            (
                true,
                "the server does not say which groups a user is in, and no group has the user in its list",
                "the user hidden"
            ),
        ]
    );
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), (1..=13).collect::<Vec<_>>());
    assert_eq!(
        server.targets()[2..],
        ["all", "staff", "old"].map(|name| format!("/api/v1/group/{name}?fetch-group=memberUsers"))
    );
}

#[test]
fn users_whose_documents_name_no_groups_become_members_by_the_lists_of_the_groups() {
    let lists = |name: &str, members: &[&str]| {
        let (subgroups, parents) = (json!([]), json!([]));
        json!({"id": name, "memberGroups": subgroups, "parentGroups": parents, "memberUsers": members})
    };
    let groups = json!([lists("administrators", &["Boss", "bob"]), lists("staff", &["boss", "ada", "bob"])]);
    let users = json!([
        {"id": "boss", "properties": {"username": "boss"}},
        {"id": "ada", "properties": {"username": "ada", "groups": ["staff"]}},
        {"id": "bob", "properties": {"username": "bob", "groups": []}},
        {"id": "eve", "properties": 1},
        {"id": "joe", "properties": {"username": "joe", "groups": "staff"}},
    ]);
    let rows = all(ask_nuxeo(&nuxeo_server(groups, users).source()));
    let members = |row: &&Row| matches!(&row.record, Ok(Some(Record::Member(_))));
    let members: Vec<_> = rows.iter().filter(members).cloned().collect();
    assert_eq!(records(&members), [member("administrators", "Boss"), member("staff", "boss")]);
    let contradiction = "the list of a group has a user who is not in that group by the user's own document: \
                         the user does not become a member";
    assert_eq!(
        remarks(&rows),
        [
            (true, contradiction, "the user bob in the group administrators"),
            (true, contradiction, "the user bob in the group staff"),
            (
                true,
                "the server does not say which groups a user is in, and no group has the user in its list",
                "the user joe"
            ),
        ]
    );
}

#[test]
fn the_users_in_a_group_are_found_whatever_its_name_is() {
    let names =
        ["a/b c", "\u{fc}\u{65e5}", "100%", "search", "a//b", "../x", "x/user/y", "x/@users", "*", " a", "a?b#c"];
    let shown = |name: &str| json!({"id": name, "memberGroups": [], "parentGroups": [], "memberUsers": ["late"]});
    let server = nuxeo_server(names.map(shown).to_vec().into(), json!([]));
    let rows = all(ask_nuxeo(&server.source()));
    assert_eq!(remarks(&rows), []);
    assert_eq!(records(&rows)[names.len()..], names.map(|name| member(name, "late")));
    let targets = server.targets();
    let by_path = targets.iter().filter(|target| !target.contains("/search?") && target.contains("fetch-group"));
    let expected = ["a/b%20c", "%C3%BC%E6%97%A5", "100%25", "%2A", "a%3Fb%23c"];
    let expected = expected.map(|name| format!("/api/v1/group/{name}?fetch-group=memberUsers"));
    assert_eq!(by_path.cloned().collect::<Vec<_>>(), expected);
}

#[test]
fn a_server_that_does_not_show_a_group_by_its_name_is_searched() {
    for (status, lists, expected) in [
        ("404 Not Found", json!(["late", 7, " "]), &["late"][..]),
        ("405 Method Not Allowed", json!(["late", 7, " "]), &["late"]),
        ("403 Forbidden", json!(["late", null, []]), &["late"]),
        ("500 Oops", json!(["late", {}, ""]), &["late"]),
        ("200 OK", json!(["late", true, ""]), &["late"]),
        ("404 Not Found", json!(null), &[]),
        ("404 Not Found", json!("late"), &[]),
    ] {
        let told = lists.is_array();
        let group = json!({"id": "staff", "memberGroups": [], "parentGroups": [], "memberUsers": lists});
        let server = Server::start(move |asked, out| match asked.target.as_str() {
            target if target.starts_with("/api/v1/user/") => answer_json(out, &json!({"entries": []})),
            target if target.starts_with("/api/v1/group/search?") => {
                let more = json!({"id": "staff2", "memberGroups": [], "parentGroups": [], "memberUsers": ["x"]});
                let shown = if target.contains("memberUsers") { json!([more, group]) } else { json!([group]) };
                answer_json(out, &json!({"resultsCount": shown.as_array().unwrap().len(), "entries": shown}));
            }
            _ => answer(out, status, "", "{}"),
        });
        let rows = all(ask_nuxeo(&server.source()));
        let members: Vec<_> = rows.iter().skip(1).filter(|row| row.record != Ok(None)).cloned().collect();
        let expected: Vec<_> = expected.iter().map(|user| member("staff", user)).collect();
        assert_eq!(records(&members), expected, "{status}");
        let odd = (true, "an item in a list of names is not a name, and is left out", "memberUsers of the group staff");
        let untold = (true, "the server does not say who is in the group", "the group staff");
        assert_eq!(remarks(&rows), if told { vec![odd; 2] } else { vec![untold] }, "{status}");
    }
}

#[test]
fn a_list_of_a_group_that_breaks_off_is_an_error() {
    let whole = r#"{"id":"staff","memberUsers":["late","later"]}"#;
    for cut in [1, 2, 9] {
        let body = &whole[..whole.len() - cut];
        let server = Server::start(move |asked, out| match asked.target.as_str() {
            target if target.starts_with("/api/v1/user/") => answer_json(out, &json!({"entries": []})),
            target if target.starts_with("/api/v1/group/search?") => answer_json(
                out,
                &json!({"resultsCount": 1, "entries": [{"id": "staff", "memberGroups": [], "parentGroups": []}]}),
            ),
            _ => answer(out, "200 OK", "", body),
        });
        let last = ask_nuxeo(&server.source()).unwrap().last().unwrap();
        let expected = format!(
            "the list of the group \"staff\" is not complete: \
             {} answers a body that ends too early: is this the base URL?",
            server.url
        );
        assert_eq!(format!("{:#}", last.unwrap_err()), expected);
    }
}

#[test]
fn a_user_of_nuxeo_whose_properties_say_so_is_disabled() {
    let odd = |name: &str| format!("the value of \"{name}\" is not understood, so the account is disabled");
    for (key, value, disabled, is_kept, remark) in [
        ("enabled", json!(false), Some(true), false, None),
        ("enabled", json!(true), Some(false), false, None),
        ("isActive", json!("no"), Some(true), true, None),
        ("locked", json!(true), Some(true), false, None),
        ("locked", json!(false), None, true, None),
        ("suspended", json!("maybe"), Some(true), true, Some(odd("suspended"))),
        ("status", json!("active"), None, true, None),
        ("status", json!("retired"), Some(true), true, Some(odd("status"))),
        ("status", json!(""), None, true, None),
        ("expires_at", json!("2001-01-01"), Some(true), true, None),
        ("phone", json!(false), None, true, None),
    ] {
        let shown = json!({"id": "ada", "properties": {"username": "ada", "groups": [], key: value}});
        let rows = all(ask_nuxeo(&nuxeo_server(json!([]), json!([shown])).source()));
        let mut expected = UserRecord { groups: Some(Vec::new()), disabled, ..user("ada") };
        if is_kept {
            expected.properties.insert(key.to_owned(), value.clone().into());
        }
        assert_eq!(records(&rows), [Ok(Record::User(expected))], "{key} {value}");
        assert_eq!(texts(&rows[0]), remark.into_iter().collect::<Vec<_>>(), "{key} {value}");
        // The same next to the properties.
        let shown = json!({"id": "ada", "properties": {"groups": []}, key: value});
        let rows = all(ask_nuxeo(&nuxeo_server(json!([]), json!([shown])).source()));
        let Ok(Some(Record::User(user))) = &rows[0].record else { panic!("{rows:?}") };
        assert_eq!(user.disabled, disabled, "{key} {value}");
    }
}

#[test]
fn an_entry_without_a_name_is_refused_and_an_odd_value_costs_the_value() {
    let groups = json!([
        {}, {"id": " "}, {"id": "a", "properties": []},
        {"id": "b", "properties": {"description": []}, "memberGroups": [1, "x"], "parentGroups": {}, "memberUsers": []},
    ]);
    let users = json!([
        {}, {"id": "a", "properties": 1}, {"id": "b", "properties": {"groups": ["x", 1], "email": {}}},
        {"id": "uuid", "properties": {"username": "c", "groups": []}},
        {"id": 7, "properties": {"groups": []}, "isAdministrator": false, "contextParameters": {}, "shoe": 39},
    ]);
    let rows = all(ask_nuxeo(&nuxeo_server(groups, users).source()));
    let in_groups = |name: &str, groups: &[&str]| {
        let groups = groups.iter().map(|name| (*name).to_owned()).collect();
        Ok(Record::User(UserRecord { groups: Some(groups), ..user(name) }))
    };
    assert_eq!(
        records(&rows),
        [
            Err("the group has no name"),
            Err("the group has no name"),
            Err("properties is not an object"),
            Ok(Record::Group(group("b"))),
            subgroup("b", "x"),
            Err("the user has no name"),
            Err("properties is not an object"),
            in_groups("b", &["x"]),
            in_groups("c", &[]),
            in_groups("7", &[]),
        ]
    );
    let no_name = "an item in a list of names is not a name, and is left out";
    assert_eq!(
        remarks(&rows),
        [
            (false, "description is not a text, and is left out", "the group b"),
            (true, no_name, "memberGroups of the group b"),
            (true, "the server does not say which groups the group is in", "the group b"),
            (true, no_name, "groups of the user b"),
            (false, "email is not a text, and is left out", "the user b"),
            (false, "the identifier of a user is left out: it is not the login", "the user c"),
            (false, "no field has the name \"shoe\"", "the user 7"),
        ]
    );
}

/// A user who is in no group.
fn told_user(name: &str) -> Value {
    json!({"id": name, "properties": {"groups": []}})
}

/// A server of so many users and no groups, that shows so many of them on a page.
fn crowd(count: usize, page: usize, results: impl Fn(usize) -> Option<i64> + Send + Sync + 'static) -> Server {
    Server::start(move |asked, out| {
        let index: usize = parameter(&asked.target, "currentPageIndex").parse().unwrap();
        let users = if is_about_groups(asked) { 0 } else { count };
        let shown = (index * page..users.min((index + 1) * page)).map(|n| told_user(&format!("u{n:04}")));
        let shown: Vec<_> = shown.collect();
        answer_json(out, &json!({"resultsCount": results(users), "isNextPageAvailable": false, "entries": shown}));
    })
}

fn names(rows: &[Row]) -> Vec<String> {
    let name = |row: &Row| match &row.record {
        Ok(Some(Record::User(user))) => Some(user.name.clone()),
        Ok(None) => None,
        other => panic!("no user: {other:?}"),
    };
    rows.iter().filter_map(name).collect()
}

#[test]
fn all_pages_come_whatever_the_server_says_of_their_number() {
    let expected: Vec<_> = (0..600).map(|n| format!("u{n:04}")).collect();
    let known = |count: usize| Some(count as i64);
    for (server, requests) in [
        (crowd(600, 250, known), 4),
        // Pages that are smaller than what was asked for.
        (crowd(600, 200, known), 4),
        // Until nothing comes.
        (crowd(600, 200, |_| Some(-1)), 5),
        (crowd(600, 200, |_| Some(-2)), 5),
        (crowd(600, 200, |_| None), 5),
    ] {
        let rows = all(ask_nuxeo(&server.source()));
        assert_eq!(names(&rows), expected);
        assert_eq!(remarks(&rows), []);
        assert_eq!(server.targets().len(), requests);
    }
    let rows = all(ask_nuxeo(&crowd(3, 250, |count| Some(count as i64 * 2)).source()));
    assert_eq!(names(&rows).len(), 3);
    let expected = (true, "the server counts more users than it shows", "it counts 6 and shows 3");
    assert_eq!(remarks(&rows), [expected]);
}

#[test]
fn a_list_that_starts_again_ends() {
    for wrap in [0, 2] {
        let server = Server::start(move |asked, out| {
            let index: usize = parameter(&asked.target, "currentPageIndex").parse().unwrap();
            let page = if index > 2 { wrap } else { index };
            let shown = if is_about_groups(asked) { json!([]) } else { json!([told_user(&format!("u{page}"))]) };
            answer_json(out, &json!({"resultsCount": -1, "entries": shown}));
        });
        let rows = all(ask_nuxeo(&server.source()));
        assert_eq!(names(&rows), ["u0", "u1", "u2"]);
        let text = "the server repeats users that it has already shown: some may be missing";
        assert_eq!(remarks(&rows), [(true, text, "")]);
    }
}

#[test]
fn users_who_are_too_many_for_one_list_are_found_by_their_beginnings() {
    let all_names = ["ada", "adele", "bob", "\u{e4}nne", "Zed", "_x", "abcdefg", "\u{65e5}\u{672c}"];
    let server = Server::start(move |asked, out| {
        let query = parameter(&asked.target, "q");
        let found: Vec<_> = if is_about_groups(asked) {
            Vec::new()
        } else {
            let is_found = |name: &&str| query == "*" || name.to_lowercase().starts_with(&query);
            all_names.into_iter().filter(is_found).map(told_user).collect()
        };
        // No more than two at a time, and some beginning that is always too long.
        let overflow = found.len() > 2 || ("abcdefg".starts_with(&query) && query.len() <= 4);
        let shown = if overflow { &[] } else { found.as_slice() };
        answer_json(out, &json!({"hasError": overflow, "resultsCount": found.len(), "entries": shown}));
    });
    let rows = all(ask_nuxeo(&server.source()));
    let mut found = names(&rows);
    found.sort();
    assert_eq!(found, ["Zed", "_x", "ada", "adele", "bob", "\u{e4}nne"]);
    let remarks = remarks(&rows);
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].0 && remarks[0].1.starts_with("the server does not list all users at once: "), "{remarks:?}");
    let expected = (true, "the server does not list all users that begin with some characters", "\"abcd\"");
    assert_eq!(remarks[1], expected);
}

#[test]
fn a_search_that_does_not_end_is_given_up() {
    let server = Server::start(|_, out| answer_json(out, &json!({"hasError": true, "entries": []})));
    let mut client = Client::new(&server.source(), Credential::Nuxeo(basic())).unwrap();
    client.search_max = 20;
    let expected = format!("{} does not show all groups within 20 requests", server.url);
    assert_eq!(why(nuxeo_by(client)), expected);
    assert_eq!(server.targets().len(), 20);
}

#[test]
fn groups_that_are_missing_are_told_where_there_is_nothing_else() {
    let server = Server::start(|asked, out| {
        if is_about_groups(asked) {
            answer_json(out, &json!({"hasError": false, "resultsCount": 7, "entries": []}));
        } else {
            answer_json(out, &json!({"entries": [], "resultsCount": 0}));
        }
    });
    let rows = all(ask_nuxeo(&server.source()));
    let expected = (true, "the server counts more groups than it shows", "it counts 7 and shows 0");
    assert_eq!(remarks(&rows), [expected]);
}

#[test]
fn a_page_that_fails_ends_the_list_with_the_reason() {
    let server = Server::start(|asked, out| match parameter(&asked.target, "currentPageIndex").as_str() {
        "0" => answer_json(out, &json!({"resultsCount": 9, "entries": [{"id": "a"}]})),
        _ => answer(out, "401 Unauthorized", "", ""),
    });
    let rows: Vec<_> = ask_nuxeo(&server.source()).unwrap().collect();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].is_ok());
    let expected = format!("{} answers 401: it does not take the password of the user \"Administrator\"", server.url);
    assert_eq!(rows[1].as_ref().unwrap_err().to_string(), expected);
}
