//! PATCH of groups, as steps and as changes of a whole document.

use super::*;
use GroupStep::{AddMembers, DisplayName, ExternalId, RemoveAllMembers, RemoveMembers, ReplaceMembers};

const GROUP_DOCUMENT: &str =
    r#"{"id":"g","displayName":"G","members":[{"value":"1","type":"User"},{"value":"2","display":"Two"}]}"#;

fn steps(operations: &str) -> Vec<GroupStep> {
    let patch = patch(operations, &GROUP).unwrap_or_else(|problem| panic!("{operations}: {problem:?}"));
    patch.group_steps("g").unwrap_or_else(|problem| panic!("{operations}: {problem:?}"))
}

fn refused(operations: &str) -> Option<ScimType> {
    patch(operations, &GROUP).and_then(|patch| patch.group_steps("g")).expect_err(operations).scim_type
}

fn member(value: &str) -> Member {
    Member { value: value.to_owned(), display: None, kind: None }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// The members of the group after a change of the whole document.
fn members_after(operations: &str) -> String {
    let mut document = object(GROUP_DOCUMENT);
    patch(operations, &GROUP).unwrap().apply(&mut document).unwrap();
    document.get("members").map_or_else(|| "none".to_owned(), Json::to_string)
}

#[test]
fn okta_changes_members_one_by_one_and_pushes_all() {
    let renamed = r#"[{"op":"replace","value":{"id":"g","displayName":"New"}}]"#;
    assert_eq!(steps(renamed), [DisplayName("New".to_owned())]);
    let both = r#"[{"op":"remove","path":"members[value eq \"1\"]"},{"op":"add","path":"members","value":[{"value":"3","display":"Three"}]}]"#;
    let three = Member { display: Some("Three".to_owned()), ..member("3") };
    assert_eq!(steps(both), [RemoveMembers(texts(&["1"])), AddMembers(vec![three])]);
    assert_eq!(members_after(both), r#"[{"display":"Two","value":"2"},{"display":"Three","value":"3"}]"#);
    let pushed = r#"[{"op":"replace","path":"members","value":[{"value":"1"},{"value":"1"},{"value":"4"}]}]"#;
    assert_eq!(steps(pushed), [ReplaceMembers(vec![member("1"), member("4")])]);
    for empty in [r#"[{"op":"replace","path":"members","value":[]}]"#, r#"[{"op":"replace","value":{"members":[]}}]"#] {
        assert_eq!(steps(empty), [RemoveAllMembers]);
        assert_eq!(members_after(empty), "none");
    }
}

#[test]
fn microsoft_lists_the_members_to_remove() {
    let added = r#"[{"op":"Add","path":"members","value":[{"$ref":null,"value":"3"},{"$ref":null,"value":"4"}]}]"#;
    assert_eq!(steps(added), [AddMembers(vec![member("3"), member("4")])]);
    let removed = r#"[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"1"}]}]"#;
    assert_eq!(steps(removed), [RemoveMembers(texts(&["1"]))]);
    assert_eq!(members_after(removed), r#"[{"display":"Two","value":"2"}]"#);
    let again =
        r#"[{"op":"add","path":"members","value":[{"value":"1","type":"Group","display":"One"},{"value":"2"}]}]"#;
    assert_eq!(members_after(again), r#"[{"display":"One","type":"User","value":"1"},{"display":"Two","value":"2"}]"#);
    assert_eq!(steps(r#"[{"op":"Remove","path":"members","value":"1"}]"#), [RemoveMembers(texts(&["1"]))]);
    assert_eq!(steps(r#"[{"op":"Remove","path":"members","value":["1","2"]}]"#), [RemoveMembers(texts(&["1", "2"]))]);
    assert_eq!(steps(r#"[{"op":"Remove","path":"members"}]"#), [RemoveAllMembers]);
    assert_eq!(steps(r#"[{"op":"Remove","path":"members","value":[]}]"#), []);
    assert_eq!(steps(r#"[{"op":"Add","path":"members","value":[]}]"#), []);
    let either = r#"[{"op":"remove","path":"members[value eq \"1\" or value eq \"9\"]"}]"#;
    assert_eq!(steps(either), [RemoveMembers(texts(&["1", "9"]))]);
    let named = r#"[{"op":"add","path":"members","value":[{"value":"3","displayName":"Three","type":"group"}]}]"#;
    let three = Member { value: "3".to_owned(), display: Some("Three".to_owned()), kind: Some(MemberKind::Group) };
    assert_eq!(steps(named), [AddMembers(vec![three])]);
}

#[test]
fn rauthy_and_authentik_send_the_group_as_a_whole() {
    let whole = r#"[{"op":"replace","value":{"displayName":"New","externalId":null,"id":"g","schemas":[]}}]"#;
    assert_eq!(steps(whole), [DisplayName("New".to_owned()), ExternalId(None)]);
    let given = r#"[{"op":"add","path":"externalId","value":"E"},{"op":"remove","path":"externalId"}]"#;
    assert_eq!(steps(given), [ExternalId(Some("E".to_owned())), ExternalId(None)]);
    assert_eq!(steps(r#"[{"op":"replace","path":"id","value":"g"}]"#), []);
    assert_eq!(steps(r#"[{"op":"replace","value":{"unknown":1}}]"#), []);
}

#[test]
fn other_filters_read_the_members_that_they_may_match() {
    let only = |operations: &str| match <[GroupStep; 1]>::try_from(steps(operations)) {
        Ok([GroupStep::FilteredMembers(filtered)]) => filtered,
        other => panic!("{operations}: {other:?}"),
    };
    let changed = |operations: &str| {
        let Some(Json::Array(mut members)) = object(GROUP_DOCUMENT).remove("members") else { panic!("members") };
        only(operations).apply(&mut members)?;
        let as_whole = members_after(operations);
        let as_step = Json::Array(members).to_string();
        assert!(as_whole == as_step || as_whole == "none" && as_step == "[]", "{operations}");
        Ok::<String, Problem>(as_step)
    };
    let users = r#"[{"op":"remove","path":"members[type eq \"User\"]"}]"#;
    assert_eq!(only(users).values(), None);
    assert_eq!(changed(users).unwrap(), r#"[{"display":"Two","value":"2"}]"#);
    let shown = r#"[{"op":"replace","path":"members[value eq \"2\"].display","value":"Zwei"}]"#;
    assert_eq!(only(shown).values(), Some(texts(&["2"])));
    assert!(changed(shown).unwrap().contains("Zwei"));
    let both = r#"[{"op":"remove","path":"members[value eq \"1\" and type eq \"User\"]"}]"#;
    assert_eq!(only(both).values(), Some(texts(&["1"])));
    assert_eq!(changed(both).unwrap(), r#"[{"display":"Two","value":"2"}]"#);
    let created = r#"[{"op":"add","path":"members[value eq \"3\"].display","value":"Three"}]"#;
    assert!(changed(created).unwrap().ends_with(r#"{"display":"Three","value":"3"}]"#));
    let all = r#"[{"op":"remove","path":"members.display"}]"#;
    assert_eq!((only(all).values(), changed(all).unwrap().contains("Two")), (None, false));
    let same = r#"[{"op":"replace","path":"members[value eq \"2\"].value","value":"2"}]"#;
    assert!(changed(same).is_ok());
    for (operations, scim_type) in [
        (r#"[{"op":"replace","path":"members[value eq \"2\"].value","value":"3"}]"#, ScimType::Mutability),
        (r#"[{"op":"replace","path":"members[value eq \"1\"].type","value":"Group"}]"#, ScimType::Mutability),
        (r#"[{"op":"replace","path":"members[value eq \"9\"].display","value":"x"}]"#, ScimType::NoTarget),
        (r#"[{"op":"add","path":"members[type eq \"Group\"].display","value":"x"}]"#, ScimType::InvalidValue),
        (r#"[{"op":"replace","path":"members[value eq \"1\"]","value":{"display":"x"}}]"#, ScimType::InvalidValue),
    ] {
        assert_eq!(changed(operations).unwrap_err().scim_type, Some(scim_type), "{operations}");
    }
}

#[test]
fn wrong_changes_of_groups_are_refused() {
    for (operations, scim_type) in [
        (r#"[{"op":"remove","path":"displayName"}]"#, ScimType::Mutability),
        (r#"[{"op":"replace","path":"displayName","value":" "}]"#, ScimType::InvalidValue),
        (r#"[{"op":"replace","path":"displayName","value":null}]"#, ScimType::InvalidValue),
        (r#"[{"op":"replace","path":"id","value":"x"}]"#, ScimType::Mutability),
        (r#"[{"op":"replace","path":"meta.version","value":"x"}]"#, ScimType::Mutability),
        (r#"[{"op":"remove","path":"members[value eq \"1\"].value"}]"#, ScimType::Mutability),
        (r#"[{"op":"add","path":"members","value":[{"display":"x"}]}]"#, ScimType::InvalidValue),
        (r#"[{"op":"add","path":"members","value":[7]}]"#, ScimType::InvalidValue),
        (r#"[{"op":"add","path":"userName","value":"x"}]"#, ScimType::InvalidPath),
        (
            r#"[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"x"}]"#,
            ScimType::InvalidPath,
        ),
    ] {
        assert_eq!(refused(operations), Some(scim_type), "{operations}");
    }
}

#[test]
fn members_of_a_document_are_listed_once() {
    let document = object(
        r#"{"displayName":"g","members":[{"value":"1"},{"value":"2","type":"Group"},{"value":"1","display":"x"}]}"#,
    );
    let two = Member { kind: Some(MemberKind::Group), ..member("2") };
    assert_eq!(Member::all_of(&document), [member("1"), two]);
    assert_eq!(Member::all_of(&object("{}")), []);
}
