//! JSON.

use super::*;

#[test]
fn json_lines_say_what_is_there() {
    let rows = rows(
        Format::JsonLines,
        "\u{feff}{\"kind\":\"group\",\"name\":\"staff\",\"groups\":[\"company\"],\"properties\":{\"n\":1.10}}\r\n\
         \n  \n\
         {\"username\":\"ada\",\"email\":\"\",\"title\":null,\"groups\":[],\"shoe size\":39,\"nothing\":null}\n\
         {\"login\":\"bob\",\"role\":\"ro\",\"disabled\":true,\"verified\":false}\n\
         {\"login\":\"x\",\"name\":\"carl\",\"label\":\"y\"}\n\
         {\"name\":\"dora\",\"username\":\"x\"}\n\
         {\"kind\":\"member\",\"group\":\"staff\",\"user\":\"ada\"}\n\
         {\"kind\":\"subgroup\",\"group\":\"company\",\"subgroup\":\"staff\"}\n\
         {\"kind\":\"member\",\"name\":\"ada\",\"groups\":[\"a\",\"b\"]}",
    );
    let mut staff =
        GroupRecord { name: "staff".to_owned(), groups: Some(texts(&["company"])), ..GroupRecord::default() };
    staff.properties.insert("n".to_owned(), JsonText::stored("1.10"));
    let ada = UserRecord { texts: fields([(Email, "")]), groups: Some(Vec::new()), ..user("ada") };
    let bob = UserRecord { role: Some(Role::Read), disabled: Some(true), verified: Some(false), ..user("bob") };
    assert_eq!(
        said(&rows),
        [
            (1, Ok(Record::Group(staff))),
            (4, Ok(Record::User(ada))),
            (5, Ok(Record::User(bob))),
            (6, Ok(Record::User(UserRecord { texts: fields([(DisplayName, "carl")]), ..user("x") }))),
            (7, Ok(Record::User(UserRecord { texts: fields([(DisplayName, "dora")]), ..user("x") }))),
            (8, Ok(member("staff", "ada"))),
            (9, Ok(subgroup("company", "staff"))),
            (10, Ok(member("a", "ada"))),
            (10, Ok(member("b", "ada"))),
        ]
    );
    assert_eq!(remarks(&rows[1]), ["no field has the name \"shoe size\""]);
    assert_eq!(rows[3].remarks, [Remark::dropped("a user has no label").about("x")]);
    assert_eq!(rows[0].bytes, 81);
}

#[test]
fn a_broken_line_of_json_is_refused_and_the_next_one_is_read() {
    for (line, why) in [
        (&b"{\"name\":\"a\""[..], "the object is not JSON: unexpected end of the text at 12"),
        (b"{\"name\":\"a\"} x", "the object is not JSON: unexpected char: 'x' at 14"),
        (b"hello", "the line is not a JSON object"),
        (b"{\"name\":\"\xff\"}", "the object is not UTF-8"),
        (b"{\"name\":\"\\ud800\"}", "the object is not JSON: unexpected end of the text at 9"),
        (b"{}", "the login is missing"),
        (b"{\"name\":\" \"}", "the login is missing: \"name\" is empty"),
        (b"{\"name\":null}", "the login is missing"),
        (b"{\"name\":7}", "name is not a text"),
        (b"{\"id\":7}", "the login is missing"),
        (b"{\"username\":[\"a\"],\"email\":\"a\"}", "username is not a text"),
        (b"{\"kind\":\"group\",\"label\":\"x\"}", "the name of the group is missing"),
        (b"{\"name\":\"a\",\"kind\":\"robot\"}", "kind is not user, group, member or subgroup: \"robot\""),
        (b"{\"name\":\"a\",\"role\":true}", "role is not a text"),
        (b"{\"name\":\"a\",\"role\":\"x\"}", "role is not admin, standard or read: \"x\""),
        (b"{\"name\":\"a\",\"groups\":[1]}", "groups is not a list of texts"),
        (b"{\"name\":\"a\",\"groups\":7}", "groups is not a list of texts"),
        (b"{\"name\":\"a\",\"exported\":1}", "exported is not true or false"),
        (b"{\"name\":\"a\",\"properties\":[]}", "properties is not an object"),
        (b"{\"kind\":\"member\",\"user\":\"a\"}", "the group is missing"),
        (b"{\"kind\":\"member\",\"group\":\"\",\"user\":\"a\"}", "group is missing"),
        (b"{\"kind\":\"subgroup\",\"group\":\"a\",\"subgroup\":\"\"}", "subgroup is missing"),
    ] {
        let mut text = line.to_vec();
        text.extend_from_slice(b"\n{\"name\":\"bob\"}\n");
        let rows = rows(Format::JsonLines, &text);
        assert_eq!(said(&rows), [(1, Err(why)), (2, Ok(Record::User(user("bob"))))], "{why}");
    }
}

/// Reads objects, and compares the records and the texts of all remarks.
fn check(text: &str, records: &[Record], lost: &[&str]) {
    let rows = rows(Format::JsonLines, text);
    let read = rows.iter().filter_map(|row| row.record.clone().unwrap_or_else(|why| panic!("{why}: {text}")));
    assert_eq!(read.map(unsaid).collect::<Vec<_>>(), records, "{text}");
    assert_eq!(rows.iter().flat_map(remarks).collect::<Vec<_>>(), lost, "{text}");
}

fn named(name: &str) -> Record {
    Record::User(user(name))
}

#[test]
fn keys_are_known_by_the_names_that_others_give_them() {
    let disabled = || UserRecord { disabled: Some(true), ..user("a") };
    let enabled = || UserRecord { disabled: Some(false), ..user("a") };
    for (text, expected) in [
        (r#"{"handle":"a","mail":"m"}"#, UserRecord { texts: fields([(Email, "m")]), ..user("a") }),
        (
            r#"{"uid":"a","givenname":"A","sn":"L"}"#,
            UserRecord { texts: fields([(FirstName, "A"), (LastName, "L")]), ..user("a") },
        ),
        (r#"{"id":"a","firstName":"A"}"#, UserRecord { texts: fields([(FirstName, "A")]), ..user("a") }),
        (r#"{"userName":"a","Job Title":"t"}"#, UserRecord { texts: fields([(Title, "t")]), ..user("a") }),
        (r#"{"email":"a"}"#, UserRecord { texts: fields([(Email, "a")]), ..user("a") }),
        (r#"{"name":"N","login":"a"}"#, UserRecord { texts: fields([(DisplayName, "N")]), ..user("a") }),
        (r#"{"uid":"a","external_id":17}"#, UserRecord { external_id: some("17"), ..user("a") }),
        (r#"{"id":7,"name":"a"}"#, user("a")),
        (r#"{"id":7,"email":"a"}"#, UserRecord { texts: fields([(Email, "a")]), ..user("a") }),
        (r#"{"username":"a","enabled":false}"#, disabled()),
        (r#"{"login":"a","active":false}"#, disabled()),
        (r#"{"login":"a","is_active":"yes"}"#, enabled()),
        (r#"{"name":"a","disabled":"true"}"#, disabled()),
        (r#"{"name":"a","disabled":1}"#, disabled()),
        (r#"{"name":"a","disabled":0}"#, enabled()),
        (r#"{"name":"a","status":"SUSPENDED"}"#, disabled()),
        (r#"{"name":"a","enabled":true,"suspended":true}"#, disabled()),
        (r#"{"name":"a","suspended":true,"enabled":true}"#, disabled()),
        (r#"{"name":"a","verified":"yes"}"#, UserRecord { verified: Some(true), ..user("a") }),
        (r#"{"name":"a","memberof":["x"]}"#, UserRecord { groups: Some(texts(&["x"])), ..user("a") }),
        (r#"{"name":"a","groups":"x; y"}"#, UserRecord { groups: Some(texts(&["x", "y"])), ..user("a") }),
        (r#"{"name":"a","group":"x"}"#, UserRecord { groups: Some(texts(&["x"])), ..user("a") }),
        (r#"{"name":"a","password_hash":"h"}"#, UserRecord { password_hash: some("h"), ..user("a") }),
    ] {
        let rows = rows(Format::JsonLines, text);
        assert_eq!(rows[0].record, Ok(Some(Record::User(expected))), "{text}");
    }
    check(
        r#"{"name":"a","disabled":{},"status":["odd","ACTIVE"],"verified":7}"#,
        &[Record::User(disabled())],
        &[
            "the value of \"disabled\" is not understood, so the account is disabled",
            "the value of \"status\" is not understood, so the account is disabled",
            "the value of \"verified\" is not understood",
        ],
    );
}

#[test]
fn the_operator_chooses_the_key_of_the_login() {
    let options = ReadOptions { login: some("Mail"), delimiter: None };
    let text = b"{\"name\":\"N\",\"mail\":\"a\"}\n{\"name\":\"b\"}\n{\"kind\":\"group\",\"name\":\"g\"}\n{\"mail\":17}";
    let rows: Vec<_> = open_rows(Format::JsonLines, input(text), &options).unwrap().map(Result::unwrap).collect();
    let ada = UserRecord { texts: fields([(DisplayName, "N"), (Email, "a")]), ..user("a") };
    let group = GroupRecord { name: "g".to_owned(), ..GroupRecord::default() };
    assert_eq!(
        said(&rows),
        [
            (1, Ok(Record::User(ada))),
            (2, Err("there is no key \"Mail\" (--login)")),
            (3, Ok(Record::Group(group))),
            (4, Ok(Record::User(UserRecord { texts: fields([(Email, "17")]), ..user("17") }))),
        ]
    );
    let logins: Vec<_> = rows.iter().map(|row| row.login.as_deref()).collect();
    assert_eq!(logins, [Some("mail"), None, None, Some("mail")]);
}

#[test]
fn arrays_and_lists_of_documents_are_read() {
    for text in [
        "[{\"name\":\"a\"},{\"name\":\"b\"}]",
        "[\n  {\"name\":\"a\"},\n  {\"name\":\"b\"}\n]\n",
        "[\n{\n\"name\":\"a\"\n}\n,\n{\n\"name\":\"b\"\n}\n]",
        "[{\"name\":\"a\"}]\n[{\"name\":\"b\"}]\n",
        "\u{feff}{\n  \"name\": \"a\"\n}\n\u{feff}{\n  \"name\": \"b\"\n}\n",
        "{\"users\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
        "{\"entries\":[\n{\"name\":\"a\"},\n{\"name\":\"b\"}\n]\n}\n",
        "{\"users\":[]}\n{\"user\":{\"name\":\"a\"}}\n{\"name\":\"b\"}",
    ] {
        check(text, &[named("a"), named("b")], &[]);
    }
    check(
        r#"{"totalResults":1,"users":[{"name":"a"}],"isNextPageAvailable":true,"hasError":false}"#,
        &[named("a")],
        &["the key \"totalResults\" of the document is not read", "the document is a page, and there are more pages"],
    );
}

#[test]
fn documents_of_datadog_are_read() {
    let ada = UserRecord {
        texts: fields([(DisplayName, "Ada L"), (Email, "e")]),
        role: Some(Role::Admin),
        disabled: Some(true),
        verified: Some(false),
        ..user("ada@x")
    };
    let document = r#"{"disabled":true,"handle":"ada@x","name":"Ada L","title":null,"is_admin":true,"role":null,
        "access_role":"adm","verified":false,"email":"e","icon":"https://x","roles":[{"name":"Admin"}]}"#;
    let document = document.replace('\n', "");
    for text in [document.clone(), format!("{{\"user\":{document}}}"), format!("{{\"users\":[{document}]}}")] {
        check(&text, &[Record::User(ada.clone())], &[]);
    }
    check(
        r#"{"handle":"a","is_admin":true,"role":"Boss","title":"Boss","access_role":"st"}"#,
        &[Record::User(UserRecord { texts: fields([(Title, "Boss")]), role: Some(Role::Standard), ..user("a") })],
        &["is_admin gives no rights: access_role is not adm"],
    );
}

#[test]
fn documents_of_nuxeo_are_read() {
    let mut ada = UserRecord { texts: fields([(FirstName, "Ada")]), groups: Some(texts(&["staff"])), ..user("ada") };
    ada.properties.insert("tenantId".to_owned(), json!(7).into());
    let document = |is_administrator| {
        format!(
            r#"{{"entity-type":"user","id":"ada","properties":{{"username":"ada","firstName":"Ada","lastName":null,
            "tenantId":7,"groups":["staff"]}},"extendedGroups":[{{"name":"staff"}},{{"name":"x"}}],
            "isAdministrator":{is_administrator},"isAnonymous":false}}"#
        )
    };
    check(&document(false), &[Record::User(ada.clone())], &[]);
    check(
        &document(true),
        &[Record::User(ada.clone())],
        &["isAdministrator gives no rights: the user is not in the group administrators"],
    );
    check(&document(true).replace("\"x\"", "\"Administrators\""), &[Record::User(ada)], &[]);
    check(
        r#"{"entity-type":"user","id":"ada","properties":{"role":"admin","disabled":true}}"#,
        &[Record::User(UserRecord {
            properties: [("disabled", json!(true)), ("role", json!("admin"))]
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
            ..user("ada")
        })],
        &["the document does not say which groups the user is in"],
    );
    let staff = GroupRecord {
        name: "staff".to_owned(),
        label: some("Staff"),
        description: some("All"),
        groups: Some(texts(&["company"])),
        ..GroupRecord::default()
    };
    let group = r#"{"entity-type":"group","groupname":"staff","grouplabel":"Staff","id":"staff","memberUsers":["ada"],
        "memberGroups":["board"],"parentGroups":["company"],"properties":{"groupname":"staff","grouplabel":"Staff",
        "description":"All","tenantId":null}}"#;
    let records = [Record::Group(staff), member("staff", "ada"), subgroup("staff", "board")];
    check(group, &records, &[]);
    check(&format!(r#"{{"entity-type":"groups","resultsCount":1,"entries":[{group}],"pageSize":50}}"#), &records, &[]);
}

#[test]
fn lists_of_our_own_commands_are_read() {
    let ada = UserRecord { role: Some(Role::Standard), groups: Some(texts(&["x"])), ..user("ada") };
    check(
        "[\n{\"name\":\"ada\",\"role\":\"standard\",\"groups\":[\"x\"],\
         \"inherited_groups\":[\"y\"],\"uuid\":\"u\",\"created\":\"c\",\"updated\":\"d\"}\n]\n",
        &[Record::User(ada)],
        &["uuid", "created", "updated"]
            .map(|key| format!("no field has the name {key:?}"))
            .each_ref()
            .map(String::as_str),
    );
    check(
        r#"{"name":"x","users":1,"subgroups":1,"subgroup_names":["y"],"groups":[],"uuid":"u"}"#,
        &[
            Record::Group(GroupRecord { name: "x".to_owned(), groups: Some(Vec::new()), ..GroupRecord::default() }),
            subgroup("x", "y"),
        ],
        &["no field has the name \"uuid\""],
    );
}

#[test]
fn users_and_groups_of_keycloak_are_read() {
    let mut ada = UserRecord {
        texts: fields([(Email, "e")]),
        verified: Some(true),
        disabled: Some(false),
        groups: Some(texts(&["staff/eng"])),
        password_hash: some("{PBKDF2-SHA256}27500$c2FsdA$./8"),
        ..user("ada")
    };
    ada.properties.insert("dept".to_owned(), json!(["x"]).into());
    let document = r#"{"realm":"r","enabled":true,"groups":[
        {"id":"1","name":"staff","path":"/staff","subGroups":[{"name":"eng","path":"/staff/eng","subGroups":[]}]}],
        "users":[{"username":"ada","enabled":true,"emailVerified":true,"email":"e","attributes":{"dept":["x"]},
        "credentials":[{"type":"password","secretData":"{\"value\":\"+/8=\",\"salt\":\"c2FsdA==\"}",
        "credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}],
        "groups":["/staff/eng"],"requiredActions":[],"realmRoles":["admin"]}]}"#;
    let group = |name: &str| Record::Group(GroupRecord { name: name.to_owned(), ..GroupRecord::default() });
    check(
        document,
        &[group("staff"), group("staff/eng"), subgroup("staff", "staff/eng"), Record::User(ada)],
        &[
            "no field has the name \"realmRoles\"",
            "the key \"realm\" of the document is not read",
            "the key \"enabled\" of the document is not read",
        ],
    );
    let argon2 = r#"{"username":"bob","emailVerified":false,"credentials":[{"type":"otp"},{"type":"password",
        "secretData":"{\"value\":\"aGFzaA==\",\"salt\":\"c2FsdHNhbHQ=\"}","credentialData":"{\"hashIterations\":5,
        \"algorithm\":\"argon2\",\"additionalParameters\":{\"memory\":[\"7168\"],
        \"type\":[\"id\"],\"version\":[\"1.3\"],
        \"parallelism\":[\"1\"]}}"}]}"#;
    let bob = UserRecord {
        verified: Some(false),
        password_hash: some("$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHQ$aGFzaA"),
        ..user("bob")
    };
    let argon2 = argon2.replace(",\n        \\\"", ",\\\"");
    check(&argon2, &[Record::User(bob)], &["credentials other than one password are not read"]);
}

#[test]
fn places_of_memberships_are_read() {
    let ada = UserRecord {
        groups: Some(texts(&["x", "y"])),
        joined: Some(vec![Joined::At(3), Joined::Spelled(5, "Ada".to_owned())]),
        stored_role: Some(Role::Read),
        ..user("ada")
    };
    check(
        r#"{"name":"ada","groups":["x","y"],"joined":[3,[5,"Ada"]],"stored_role":"read"}"#,
        &[Record::User(ada)],
        &[],
    );
    let place = |group: &str, joined| {
        Record::Member(MemberRecord { group: group.into(), user: "ada".into(), joined, ..Default::default() })
    };
    check(r#"{"kind":"member","group":"x;y","user":"ada","joined":7}"#, &[place("x;y", Some(7))], &[]);
    check(
        r#"{"kind":"member","groups":["x","y"],"name":"ada","joined":[7]}"#,
        &[place("x", None), place("y", None)],
        &["the number of places in joined is not the number of groups"],
    );
}

#[test]
fn values_beyond_all_bounds_are_refused() {
    for (line, why) in [
        (
            format!("{{\"name\":\"a\",\"groups\":{}\"x\"{}}}", "[".repeat(2000), "]".repeat(2000)),
            "groups is not JSON: ",
        ),
        (format!("{{\"name\":\"a\",\"groups\":[{}1]}}", "1,".repeat(3_000_000)), "groups is too large"),
        (format!("{{{}\"name\":\"a\"}}", "\"x\":1,".repeat(70_000)), "the object has more than 65536 keys"),
    ] {
        let rows = rows(Format::JsonLines, format!("{line}\n{{\"name\":\"bob\"}}\n"));
        assert_eq!(rows.len(), 2);
        assert!(rows[0].record.as_ref().is_err_and(|reason| reason.starts_with(why)), "{:?}", rows[0]);
        assert_eq!(rows[1].record, Ok(Some(named("bob"))));
    }
}

#[test]
fn a_user_of_okta_s_interface_has_the_fields_in_a_profile() {
    let rows = rows(
        Format::JsonLines,
        r#"[{"id":"00u1","status":"SUSPENDED","profile":{"login":"ada@x.io","firstName":"Ada","email":"a@x.io"}}]"#,
    );
    let ada =
        UserRecord { texts: fields([(FirstName, "Ada"), (Email, "a@x.io")]), disabled: Some(true), ..user("ada@x.io") };
    assert_eq!(rows[0].record, Ok(Some(Record::User(ada))));
    assert_eq!(rows[0].login.as_deref(), Some("login"));
}
