//! The rows and the elements that a filter needs.

use super::*;

#[test]
fn indexes_answer_conditions_that_each_match_fulfils() {
    use Indexed::{Active, AnyOf, Email, EmailWords, ExternalId, Group, Id, LastModifiedFrom, Member, UserName, Words};
    let text = str::to_owned;
    for (filter, expected) in [
        ("userName eq \"Ada\"", vec![UserName(text("Ada")), Words(vec![text("Ada")])]),
        ("id eq \"1\" and not (active eq true)", vec![Id(text("1"))]),
        ("externalId eq x", vec![ExternalId(text("x")), Words(vec![text("x")])]),
        ("emails[type eq \"work\" and value eq \"x\"]", vec![Email(text("x")), EmailWords(vec![text("x")])]),
        ("emails[type eq \"work\"].value eq \"x\"", vec![Email(text("x")), EmailWords(vec![text("x")])]),
        ("groups eq g and active eq true", vec![Group(text("g")), Active(true)]),
        ("meta.lastModified gt \"1970-01-01T00:00:01.5Z\"", vec![LastModifiedFrom(1500)]),
        ("meta.lastModified lt \"1970-01-01T00:00:01.5Z\"", vec![]),
        (
            "userName co \"a\" and (title sw \"b\" and name.givenName ew \"c\")",
            vec![Words(vec![text("a"), text("b"), text("c")])],
        ),
        ("id eq \"1\" or id eq \"2\"", vec![AnyOf(vec![vec![Id(text("1"))], vec![Id(text("2"))]])]),
        ("id eq \"1\" or title pr", vec![]),
        ("userName ne \"x\"", vec![]),
        ("not (userName eq \"x\")", vec![]),
        ("userName co \" \"", vec![]),
        (
            "emails[value eq \"x\" or value eq \"y\"]",
            vec![AnyOf(vec![
                vec![Email(text("x")), EmailWords(vec![text("x")])],
                vec![Email(text("y")), EmailWords(vec![text("y")])],
            ])],
        ),
    ] {
        assert_eq!(user_filter(filter).indexed(), expected, "{filter}");
    }
    let group = Filter::parse("members[value eq \"x\"] and id eq \"g\"", &GROUP).unwrap();
    assert_eq!(group.indexed(), [Member(text("x")), Id(text("g"))]);
    assert!(group.reads("members") && !group.reads("displayName"));
}

#[test]
fn a_filter_tells_the_members_that_it_reads() {
    let read = |text: &str| Filter::parse(text, &GROUP).unwrap().values_read("members");
    let both = Some(vec!["a".to_owned(), "b".to_owned()]);
    for text in [
        "members eq a or members eq b",
        "id eq \"members\" and not (members.value ne a) or members[value eq b and type eq User]",
        "members[value eq a or value eq b]",
        "members[value eq a].type eq User and members[value eq b].display ne \"x\"",
    ] {
        assert_eq!(read(text), both, "{text}");
    }
    assert_eq!(read("displayName eq \"x\""), Some(Vec::new()));
    for text in [
        "members pr",
        "members co a",
        "members.type eq User",
        "members[not (value eq a)]",
        "members[type eq User] or members eq a",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn filters_of_elements_tell_their_values() {
    let members = GROUP.attribute("members").unwrap();
    let filter = |text: &str| ElementFilter::parse(text, members).unwrap();
    let both = Some(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(filter("value eq \"a\" or value eq b").exact_values(), both);
    assert_eq!(filter("value eq \"a\" or (value eq b and type eq User)").exact_values(), None);
    assert_eq!(filter("value eq \"a\" or (type eq User and value eq b)").possible_values(), both);
    assert_eq!(filter("value eq \"a\" or type eq User").possible_values(), None);
    assert_eq!(filter("not (value eq \"a\")").possible_values(), None);
    let described = filter("value eq \"a\" and type eq User").equalities().unwrap();
    let described: Vec<(&str, Json)> = described.into_iter().map(|(sub, value)| (sub.name, value)).collect();
    assert_eq!(described, [("value", json("\"a\"")), ("type", json("\"User\""))]);
    assert_eq!(filter("value eq \"a\" or type eq User").equalities(), None);
    assert!(filter("display co X").matches(&json(r#"{"value":"a","display":"axb"}"#)));
    assert!(ElementFilter::parse("userName eq \"x\"", members).is_err());
}
