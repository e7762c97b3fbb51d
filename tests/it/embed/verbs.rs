//! The verbs of a directory without HTTP, and what is recorded of them.

use super::{serve, settings};
use crate::support::client::{Connection, basic};
use crate::support::folder::Folder;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::wait::PATIENCE;
use rollbook::{ErrorKind, GroupFields, KeyPurpose, Rollbook, UserFields, UserRole, UserSelection};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

#[test]
fn changes_without_http_are_recorded_as_those_of_the_library() {
    let folder = Folder::new();
    let handle = serve(&folder);
    let directory = handle.directory();
    let begin = directory.changes(None, 1000, Duration::ZERO).unwrap().next;
    directory.create_user("ada", &UserFields::new().company("Engines")).unwrap();
    directory.by("billing").update_user("ada", &UserFields::new().company("")).unwrap();
    directory.by("billing").delete_user("ada").unwrap();
    let found = directory.changes(Some(begin), 1000, Duration::ZERO).unwrap();
    let said = |change: &rollbook::Change| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        [text(&change.caller_kind), text(&change.caller), change.dialect.clone(), change.action.clone()].join(" ")
    };
    assert_eq!(
        found.changes.iter().map(said).collect::<Vec<_>>(),
        [
            "operator library library user.created",
            "operator billing library user.updated",
            "operator billing library user.deleted"
        ]
    );
    assert_eq!(found.next, found.changes.last().unwrap().id);
    // The same change by HTTP.
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let mut connection = Connection::open(handle.address());
    let path = format!("/rollbook/v1/changes?since={begin}");
    connection.send("GET", &path, &[("Authorization", &authorization)], None);
    let answer = connection.answer(false);
    // The next change is the caller's own login.
    let callers = answer.text().lines().take(3).map(|line| serde_json::from_str::<Value>(line).unwrap());
    let callers: Vec<Value> = callers.map(|change| json!([change["caller_kind"], change["caller"]])).collect();
    assert_eq!(
        callers,
        [json!(["operator", "library"]), json!(["operator", "billing"]), json!(["operator", "billing"])]
    );
    // A reader that waits is woken by a change.
    let waiting = directory.clone();
    let next = directory.changes(Some(found.next), 1000, Duration::ZERO).unwrap().next;
    let reader = std::thread::spawn(move || waiting.changes(Some(next), 10, PATIENCE).unwrap().changes);
    directory.create_group("later", &GroupFields::new()).unwrap();
    assert_eq!(reader.join().unwrap()[0].action, "group.created");
    let refused = directory.changes(Some(i64::MAX), 1, Duration::ZERO).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Outdated, "{refused}");
}

#[test]
fn each_verb_works_and_explains_its_refusals() {
    let folder = Folder::new();
    let rollbook = Rollbook::open_with(folder.db(), settings()).unwrap();
    let directory = rollbook.directory();
    let fields = UserFields::new()
        .first_name("Ada")
        .last_name("Lovelace")
        .title("Countess")
        .external_id("42")
        .role(UserRole::ReadOnly)
        .disabled(false)
        .property("shoe", " [1.50] ");
    let ada = directory.create_user(" ada ", &fields).unwrap();
    assert_eq!((ada.name.as_str(), ada.role, ada.disabled, ada.verified), ("ada", UserRole::ReadOnly, false, false));
    assert_eq!((ada.first_name.as_deref(), ada.last_name.as_deref()), (Some("Ada"), Some("Lovelace")));
    assert_eq!((ada.title.as_deref(), ada.external_id.as_deref()), (Some("Countess"), Some("42")));
    assert_eq!(ada.properties, BTreeMap::from([("shoe".to_owned(), "[1.50]".to_owned())]));
    assert_eq!(directory.find_user("ada").unwrap().unwrap(), ada);
    assert!(directory.find_user("no such").unwrap().is_none());
    let changed = UserFields::new().title("").role(UserRole::Administrator).property("shoe", "null");
    let ada = directory.update_user("ada", &changed).unwrap();
    assert_eq!((ada.title, ada.role, ada.properties.len()), (None, UserRole::Administrator, 0));

    directory.create_group("outer", &GroupFields::new().description("All\nof it").external_id("7")).unwrap();
    directory.create_group("inner", &GroupFields::new().label("Inside").parents(["outer"])).unwrap();
    assert_eq!(directory.subgroups("outer").unwrap(), ["inner"]);
    directory.remove_subgroup("outer", "inner").unwrap();
    directory.add_subgroup("inner", "outer").unwrap();
    assert_eq!(directory.subgroups("inner").unwrap(), ["outer"]);
    let inner = directory.update_group("inner", &GroupFields::new().label("")).unwrap();
    assert_eq!((inner.label, directory.find_group("none").unwrap()), (None, None));
    assert_eq!(directory.find_group("outer").unwrap().unwrap().external_id.as_deref(), Some("7"));
    assert_eq!(directory.update_group("outer", &GroupFields::new().external_id("")).unwrap().external_id, None);
    directory.add_member("outer", "ada").unwrap();
    assert_eq!(directory.groups_of("ada").unwrap(), ["administrators", "outer"]);
    directory.set_password("ada", "another one").unwrap();

    for name in ["bob", "carol", "dave"] {
        directory.create_user(name, &UserFields::new().groups(["outer"])).unwrap();
    }
    let names = |selection: &UserSelection, after: &str, limit| -> Vec<String> {
        directory.users(selection, after, limit).unwrap().into_iter().map(|user| user.name).collect()
    };
    let members = UserSelection::new().group("outer");
    assert_eq!(names(&members, "", 3), ["ada", "bob", "carol"]);
    assert_eq!(names(&members, "carol", 3), ["dave"]);
    assert_eq!(names(&UserSelection::new().administrators(), "", 9), ["ada", "Administrator"]);
    assert_eq!(names(&UserSelection::new().containing("OB, b"), "", 9), ["bob"]);
    directory.update_user("bob", &UserFields::new().disabled(true)).unwrap();
    assert_eq!(names(&UserSelection::new().disabled(true), "", 9), ["bob"]);
    directory.remove_member("outer", "carol").unwrap();
    assert_eq!(names(&members, "", 9), ["ada", "bob", "dave"]);
    let groups: Vec<String> = directory.groups("members", 2).unwrap().into_iter().map(|group| group.name).collect();
    assert_eq!(groups, ["outer", "powerusers"]);

    let key = directory.create_key(KeyPurpose::ReadOnly, "backup").unwrap();
    assert!(!format!("{key:?}").contains(&key.secret));
    let listed = directory.keys().unwrap();
    let listed: Vec<_> = listed.iter().map(|key| (key.name.as_str(), key.purpose, key.revoked.is_some())).collect();
    let first = [("first", KeyPurpose::Api, false), ("first", KeyPurpose::Administrator, false)];
    assert_eq!(listed, [first[0], first[1], ("backup", KeyPurpose::ReadOnly, false)]);
    directory.revoke_key(key.id).unwrap();
    assert!(directory.keys().unwrap()[2].revoked.is_some());

    let none = UserFields::new();
    let rows: Vec<(rollbook::Result<()>, ErrorKind, &str)> = vec![
        (directory.create_user("ADA", &none).map(drop), ErrorKind::Exists, "user already exists: ADA"),
        (directory.create_user("a\nb", &none).map(drop), ErrorKind::Invalid, ""),
        (
            directory.create_user("new", &none.clone().groups(["nowhere"])).map(drop),
            ErrorKind::NotFound,
            "group does not exist: nowhere",
        ),
        (
            directory.create_user("new", &none.clone().property("shoe", "{")).map(drop),
            ErrorKind::Invalid,
            "the property shoe is not valid JSON: ",
        ),
        (directory.update_user("new", &none).map(drop), ErrorKind::NotFound, "user does not exist: new"),
        (directory.delete_user("new"), ErrorKind::NotFound, "user does not exist: new"),
        (directory.set_password("new", "x"), ErrorKind::NotFound, "user does not exist: new"),
        (directory.set_password("ada", ""), ErrorKind::Invalid, "the password is empty"),
        (directory.groups_of("new").map(drop), ErrorKind::NotFound, "user does not exist: new"),
        (
            directory.users(&UserSelection::new().group("nowhere"), "", 1).map(drop),
            ErrorKind::NotFound,
            "group does not exist: nowhere",
        ),
        (
            directory.create_group("Outer", &GroupFields::new()).map(drop),
            ErrorKind::Exists,
            "group already exists: Outer",
        ),
        (directory.update_group("nowhere", &GroupFields::new()).map(drop), ErrorKind::NotFound, "group does not exist"),
        (directory.delete_group("nowhere"), ErrorKind::NotFound, "group does not exist: nowhere"),
        (directory.add_member("nowhere", "ada"), ErrorKind::NotFound, "group does not exist: nowhere"),
        (directory.remove_member("outer", "new"), ErrorKind::NotFound, "user does not exist: new"),
        (directory.add_subgroup("outer", "inner"), ErrorKind::Invalid, ""),
        (directory.remove_subgroup("outer", "nowhere"), ErrorKind::NotFound, "group does not exist: nowhere"),
        (directory.subgroups("nowhere").map(drop), ErrorKind::NotFound, "group does not exist: nowhere"),
        (directory.create_key(KeyPurpose::Api, "\u{7}").map(drop), ErrorKind::Invalid, ""),
        (directory.revoke_key(key.id), ErrorKind::Invalid, "there is no valid key "),
        (directory.delete_group("administrators"), ErrorKind::Refused, "the last enabled administrator"),
    ];
    for (number, (result, kind, text)) in rows.into_iter().enumerate() {
        let error = result.expect_err(&format!("row {number}"));
        assert_eq!(error.kind(), kind, "row {number}: {error}");
        assert!(error.to_string().starts_with(text), "row {number}: {error}");
    }
    // Protected users are not protected from the program itself.
    directory.delete_user("Administrator").unwrap();
    directory.delete_group("inner").unwrap();
    let refused = directory.update_user("ada", &UserFields::new().role(UserRole::Standard)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused, "{refused}");
}

#[test]
fn backup_opens_as_a_directory_and_overwrites_no_file() {
    let folder = Folder::new();
    let handle = serve(&folder);
    let directory = handle.directory();
    directory.create_user("ada", &UserFields::new()).unwrap();
    let copy = folder.path().join("copy.db");
    directory.backup(&copy).unwrap();
    directory.create_user("later", &UserFields::new()).unwrap();
    let kind = |file: &Path| directory.backup(file).unwrap_err().kind();
    assert_eq!(kind(&copy), ErrorKind::Exists);
    assert_eq!(kind(Path::new("/dev/stdout")), ErrorKind::Exists);
    assert_eq!(kind(&folder.db()), ErrorKind::Exists);
    assert_eq!(kind(&folder.path().join("missing/copy.db")), ErrorKind::Other);
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| !name.to_string_lossy().starts_with("rollbook.db")).collect();
    assert_eq!(left, ["copy.db"], "no other file is left");
    handle.stop().unwrap();
    assert_eq!(kind(&folder.path().join("other.db")), ErrorKind::Closed);

    let copied = Rollbook::open(&copy).unwrap();
    assert!(copied.first_secrets().is_none());
    assert!(copied.directory().find_user("ada").unwrap().is_some());
    assert!(copied.directory().find_user("later").unwrap().is_none());
}
