//! Exports of this program.

use super::*;

/// An export with a comment of each kind.
fn own_export() -> String {
    format!(
        "version: 1\n{}\n\n\
         dn: uid=ada,ou=people,dc=x\nobjectClass: inetOrgPerson\n\
         # rollbook: {{\"disabled\":true,\"external_id\":\"7\",\"last_\n name\":\"-\",\"properties\":{{\"n\":1.0}},\
         \"role\":\"standard\",\"title\":\"\",\"verified\":false,\"stored_role\":\"read\"}}\n\
         uid: ada\ncn: Ada -\nsn: -\ngivenName: Ada\nmobile: 1\n\n\
         dn: cn=two  words,ou=groups,dc=x\nobjectClass: groupOfNames\n\
         # rollbook: {{\"label\":\"Two\",\"properties\":{{\"n\":[]}}}}\ncn: two  words\ndescription: d\n\
         # rollbook: {{\"in\":\"No Entry\",\"joined\":3}}\n\
         member: uid=ada,ou=people,dc=x\nmember: uid=\\20Pending\\20,ou=people,dc=x\n\
         # rollbook: {{\"joined\":5,\"parent\":\"Two  Words\"}}\nmember: cn=two words,ou=groups,dc=x\n\n\
         dn: cn=two words,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: two words\nmember:\n",
        crate::formats::ldif::export_comments::MARK
    )
}

#[test]
fn an_export_of_ours_says_who_is_meant_by_name() {
    let text = own_export();
    let mut ada = UserRecord {
        texts: fields([(FirstName, "Ada"), (LastName, "-"), (Title, "")]),
        role: Some(Role::Standard),
        stored_role: Some(Role::Read),
        disabled: Some(true),
        verified: Some(false),
        external_id: some("7"),
        exported: true,
        ..user("ada")
    };
    ada.properties.insert("mobile".to_owned(), json!("1").into());
    ada.properties.insert("n".to_owned(), JsonText::stored("1.0"));
    let mut group = GroupRecord {
        name: "two  words".to_owned(),
        label: some("Two"),
        description: some("d"),
        exported: true,
        ..GroupRecord::default()
    };
    let other = GroupRecord { name: "two words".to_owned(), exported: true, ..GroupRecord::default() };
    group.properties.insert("n".to_owned(), json!([]).into());
    let nested = |group: &str, subgroup: &str, joined| {
        Record::Subgroup(SubgroupRecord {
            group: group.into(),
            subgroup: subgroup.into(),
            joined: Some(joined),
            ..Default::default()
        })
    };
    let rows = rows(Format::Ldif, &text);
    let records = said(&rows).into_iter().map(|(line, record)| match record.unwrap() {
        // The lines are the order of the members.
        Record::Member(member) => {
            assert_eq!(member.joined, Some(line));
            unplaced(Record::Member(member))
        }
        other => other,
    });
    assert_eq!(
        records.collect::<Vec<_>>(),
        [
            Record::User(ada),
            Record::Group(group),
            nested("No Entry", "two  words", 3),
            member("two  words", "ada"),
            member("two  words", " Pending "),
            nested("Two  Words", "two words", 5),
            Record::Group(other),
        ]
    );
    assert_eq!(told(&rows), [""; 0]);
}

#[test]
fn comments_count_in_our_own_exports_alone() {
    let text = own_export();
    // Elsewhere a comment is a comment.
    let foreign = text.replace("# exported by rollbook", "# exported");
    let Ok(Some(Record::User(ada))) = &rows(Format::Ldif, foreign)[0].record else { panic!() };
    assert_eq!((ada.disabled, &ada.external_id, ada.exported), (None, &None, false));
    // One that cannot be read could have disabled the user.
    let rows = rows(Format::Ldif, text.replace("{\"disabled\":true", "{\"disabled\":tr"));
    assert!(people(&rows)[0].starts_with("refused: the comment of the entry cannot be read: "), "{rows:?}");
}
