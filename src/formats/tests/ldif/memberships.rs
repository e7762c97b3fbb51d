//! Members and groups of entries.

use super::*;

#[test]
fn the_order_of_the_entries_does_not_matter() {
    let entries = [
        person("ada", "memberOf: cn=staff,ou=groups,dc=x"),
        person("bob", "memberOf: CN=Board, OU=groups, dc=x"),
        "dn: cn=staff,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: staff\ndescription: the payroll\n\
         member: uid=ada,ou=people,dc=x\nmember: UID=Bob, ou=people, dc=x\nmember: cn=board,ou=groups,dc=x\n"
            .to_owned(),
        "dn: cn=board,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: board\nmember:\nmemberOf: cn=top,ou=groups,dc=x\n"
            .to_owned(),
        "dn: cn=top,ou=groups,dc=x\nobjectClass: groupOfUniqueNames\ncn: top\n\
         uniqueMember: uid=ada,ou=people,dc=x#'0101'B\n"
            .to_owned(),
    ];
    let expected = [
        "board <- bob",
        "staff <- ada",
        "staff <- ada",
        "staff <- board",
        "staff <- bob",
        "top <- ada",
        "top <= board",
    ];
    for turn in 0..entries.len() {
        let mut entries = entries.clone();
        entries.rotate_left(turn);
        let rows = rows(Format::Ldif, entries.join("\n"));
        let mut found = memberships(&rows);
        found.sort();
        assert_eq!(found, expected);
        assert_eq!(told(&rows), [""; 0]);
        let mut people = people(&rows);
        people.sort();
        assert_eq!(people, ["[board]", "[staff]", "[top]", "ada", "bob"]);
        assert!(rows.is_sorted_by_key(|row| row.line));
        let described =
            |row: &Row| matches!(&row.record, Ok(Some(Record::Group(group))) if group.description.is_some());
        assert_eq!(rows.iter().filter(|row| described(row)).count(), 1);
    }
}

#[test]
fn a_distinguished_name_means_its_entry_alone() {
    let text = "dn: uid=ada,ou=students,dc=x\nobjectClass: inetOrgPerson\nuid: ada\nmail: s\n\n\
        dn: uid=ada,ou=staff,dc=x\nobjectClass: inetOrgPerson\nuid: ada\nmail: ada.staff\n\n\
        dn: cn=friend,ou=staff,dc=x\nobjectClass: contact\ncn: friend\n\n\
        dn: cn=payroll,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: payroll\nmember: uid=ada,ou=staff,dc=x\n\
        member: uid=ada,dc=elsewhere\nmember: cn=friend,ou=staff,dc=x\nmember: cn=ada,ou=staff,dc=x\nmember: ada\n";
    let rows = with_login("mail", text);
    assert_eq!(people(&rows), ["s", "ada.staff", "[payroll]"]);
    assert_eq!(memberships(&rows), ["payroll <- ada.staff", "payroll <- ?", "payroll <- ?", "payroll <- ?"]);
    assert_eq!(
        told(&rows).last().unwrap(),
        "missing: a member or a group is not a distinguished name, and is left out"
    );
    let Ok(Some(Record::Member(member))) = &rows[4].record else { panic!("{rows:?}") };
    let Target::Entry { shown, name, .. } = &member.user else { panic!("{member:?}") };
    assert_eq!((rows[4].line, shown.as_str(), name.as_deref()), (18, "uid=ada,ou=staff,dc=x", Some("ada")));
}

#[test]
fn a_member_uid_means_the_entry_with_that_uid_in_the_suffix() {
    let text = "dn: cn=staff,ou=groups,dc=x,dc=org\nobjectClass: posixGroup\ncn: staff\nmemberUid: ada\n\
        memberUid: bob\n\n\
        dn: cn=Ada L,ou=people,dc=x,dc=org\nobjectClass: posixAccount\nuid: ada\ncn: Ada L\n\n\
        dn: uid=bob,ou=people,dc=y,dc=org\nobjectClass: posixAccount\nuid: bob\n";
    assert_eq!(memberships(&rows(Format::Ldif, text)), ["staff <- ada", "staff <- ?"]);
}

#[test]
fn memberships_from_a_domain_find_users_by_their_entries() {
    let text = "dn: CN=Administrators,CN=Builtin,DC=ad\nobjectClass: top\nobjectClass: group\ncn: Administrators\n\
        member: CN=Ada L,CN=Users,DC=ad\nmember: CN=Domain Admins,CN=Users,DC=ad\n\n\
        dn: CN=Domain Admins,CN=Users,DC=ad\nobjectClass: group\ncn: Domain Admins\n\n\
        dn: CN=Ada L,CN=Users,DC=ad\nobjectClass: user\ncn: Ada L\nsAMAccountName: ada\nuserAccountControl: 512\n\
        groupMembership: cn=domain admins,cn=users,dc=ad\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["[Administrators]", "[Domain Admins]", "ada"]);
    let expected = ["Administrators <- ada", "Administrators <- Domain Admins", "Domain Admins <- ada"];
    assert_eq!(memberships(&rows), expected);
    assert_eq!(told(&rows), [""; 0]);
}

#[test]
fn ranges_of_members_are_joined_and_incomplete_ones_told() {
    let people: String = ["a", "b", "c", "d"].map(|name| person(name, "") + "\n").concat();
    let member = |range: &str, name: &str| format!("member;range={range}: uid={name},ou=people,dc=x\n");
    let group = |lines: &[String]| format!("dn: cn=all,dc=x\nobjectClass: group\ncn: all\n{}\n", lines.concat());
    let part = |lines: &[String]| format!("dn: CN=All, dc=x\n{}\n", lines.concat());
    let (first, second) = ([member("0-1", "a"), member("0-1", "b")], [member("2-*", "c"), member("2-*", "d")]);
    let all = ["all <- a", "all <- b", "all <- c", "all <- d"];
    let turned_end = ["all <- a", "all <- b", "all <- d", "all <- c"];
    let both = [first.clone(), second.clone()].concat();
    let turned = [second.clone(), first.clone()].concat();
    for (entries, expected, incomplete) in [
        (group(&first), &all[..2], 1),
        (group(&both), &all[..], 0),
        (group(&turned), &["all <- c", "all <- d", "all <- a", "all <- b"][..], 0),
        // Each part is an entry, in any order.
        (group(&first) + &part(&second), &all[..], 0),
        (group(&first) + &group(&second), &all[..], 0),
        (group(&first) + &part(&[member("3-*", "d")]) + &part(&[member("2-2", "c")]), &turned_end, 0),
        (group(&first) + &part(&[member("2-2", "c")]), &all[..3], 1),
        (group(&first) + &part(&[member("2-2", "c")]) + &part(&[member("3-*", "d")]), &all[..], 0),
        (group(&[first[0].clone(), member("5-*", "d")]), &["all <- a", "all <- d"][..], 1),
        (group(&[member("some", "a")]), &all[..1], 1),
        (group(&[member("0-*", "a")]), &all[..1], 0),
    ] {
        let rows = rows(Format::Ldif, entries.clone() + &people);
        assert_eq!(memberships(&rows), expected, "{entries}");
        assert_eq!(told(&rows), vec![INCOMPLETE; incomplete], "{entries}");
        assert_eq!(self::people(&rows), ["[all]", "a", "b", "c", "d"], "{entries}");
        assert!(rows.is_sorted_by_key(|row| row.line));
    }
    // The beginning may come last, or never.
    let rows = rows(Format::Ldif, part(&second) + &group(&first) + &people);
    assert_eq!(memberships(&rows), ["all <- c", "all <- d", "all <- a", "all <- b"]);
    assert_eq!(told(&rows), [""; 0]);
    let rows = self::rows(Format::Ldif, group(&second) + &people);
    assert_eq!((memberships(&rows), told(&rows)), (texts(&["? <- c", "? <- d"]), texts(&[INCOMPLETE])));
    // Gaps are remembered up to a limit.
    let gaps: Vec<_> = (0..1000).map(|n| member(&format!("{}-{}", n * 2, n * 2), "a")).collect();
    let rows = self::rows(Format::Ldif, group(&gaps) + &people);
    assert_eq!(told(&rows), [INCOMPLETE]);
    let rows = self::rows(Format::Ldif, person("a", "memberOf;range=0-0: cn=all,dc=x") + "\n" + &group(&[]));
    assert_eq!(memberships(&rows), ["all <- a"]);
    assert_eq!(told(&rows), ["missing: an entry is in more groups than the file says (memberOf;range)"]);
}

#[test]
fn members_that_are_not_understood_are_missing() {
    for (lines, text) in [
        ("memberURL: ldap:///dc=x??sub?(ou=y)", "members in memberURL are left out"),
        ("member:: !!!", "a value of member is not Base64: it is left out"),
        ("member:< file:///etc/passwd", "a value of member is at a URL: it is left out"),
        ("member;x-pending: uid=ada,ou=people,dc=x", "a value of member has an unknown option, and is left out"),
        (
            "member uid=ada,ou=people,dc=x",
            "a line that begins with member is not an attribute: a membership is left out",
        ),
        ("member: uid=ada,ou=people,", "a member or a group is not a distinguished name, and is left out"),
    ] {
        let text_read = format!("dn: cn=g,dc=x\nobjectClass: group\ncn: g\n{lines}\n\n{}", person("ada", ""));
        let rows = rows(Format::Ldif, text_read);
        assert_eq!((people(&rows), memberships(&rows)), (texts(&["[g]", "ada"]), vec![]), "{lines}");
        assert_eq!(told(&rows), [format!("missing: {text}")], "{lines}");
    }
}
