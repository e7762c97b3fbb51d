//! Lines of a file, also broken ones.

use super::*;

#[test]
fn entries_follow_each_other_without_an_empty_line() {
    let text = "version: 1\n\n".to_owned()
        + &person("ada", "mail: ada@x")
        + "version: 1\n"
        + &person("bob", "mail: bob@x")
        + "\n \nversion: 1\n\n"
        + &person("cy", "");
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["ada", "bob", "cy"]);
    assert_eq!(told(&rows), [""; 0]);
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 8, 16]);
}

#[test]
fn an_odd_line_costs_nothing_but_itself() {
    let odd = "a line is not an attribute, and is left out";
    for (line, told_of) in [
        (&b"nonsense"[..], odd),
        (b": x", odd),
        (b"a b: x", odd),
        (b"\xff\xfe: x", odd),
        (b"mail:: a", "the value of mail is not Base64, and is left out"),
        (b"mail: \xff", "the value of mail is not UTF-8, and is left out"),
        (b"mail:: /w==", "the value of mail is not UTF-8, and is left out"),
        (b"userPassword:: /w==", "the value of userPassword is not UTF-8, and is left out"),
        (b"mail:< file:///y", "the value of mail is at a URL, and is left out"),
        (b"jpegPhoto:< file:///y", "the attribute jpegPhoto is left out"),
        (b"photo: \xff\xfe", "the attribute photo is left out"),
        (b"mail:", "the value of mail is empty"),
        (b"x/y.z_1: a", "the attribute x/y.z_1 is left out"),
        ("caf\u{e9}: a".as_bytes(), "the attribute caf\u{e9} is left out"),
        (b"userPassword;lang-en: secret", "the attribute userPassword is left out"),
    ] {
        let mut text = person("ada", "").trim_end().as_bytes().to_vec();
        text.extend([b"\n", line, b"\nsn: L\n\n"].concat());
        text.extend(person("bob", "").as_bytes());
        let rows = rows(Format::Ldif, &text);
        assert_eq!(people(&rows), ["ada", "bob"], "{told_of}");
        let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
        assert_eq!(
            (ada.texts[LastName].as_deref(), &ada.texts[Email], &ada.password),
            (Some("L"), &None, &None),
            "{told_of}"
        );
        assert_eq!(told(&rows), [told_of]);
    }
}

#[test]
fn the_plain_value_wins_over_those_with_options() {
    let text = person(
        "ada",
        "sn;lang-ja:: 5bCP\nsn: Ogasawara\ngivenName;lang-ja:: 44Ot\ngivenName;lang-fr: R\ntitle;lang-fr: Chef\n\
         description;lang-fr: Bonjour\ndescription: Hello\nmobile;x-home: 1\ncn;lang-ja:: 5bCP",
    );
    let rows = rows(Format::Ldif, text);
    let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!(
        (ada.texts[FirstName].as_deref(), ada.texts[LastName].as_deref()),
        (Some("\u{30ed}"), Some("Ogasawara"))
    );
    assert_eq!((ada.texts[Title].as_deref(), ada.texts[DisplayName].as_deref()), (Some("Chef"), Some("\u{5c0f}")));
    assert_eq!(ada.properties["description"].as_str(), "\"Hello\"");
    assert_eq!(ada.properties["mobile"].as_str(), "\"1\"");
    let other = |name: &str| format!("values of {name} in other languages, or with other options, are left out");
    assert_eq!(told(&rows), [other("givenName"), other("sn"), other("description")]);
}

#[test]
fn a_broken_entry_is_refused_and_the_next_one_is_read() {
    let no_login =
        "the user has none of uid, sAMAccountName, userPrincipalName, mail, cn: --login chooses another attribute";
    for (entry, why) in [
        (&b"uid: a\nobjectClass: person"[..], "the entry does not begin with its dn"),
        (b"what\nis: this", "the entry does not begin with its dn"),
        (b"dn uid=a\nobjectClass: person", "the entry does not begin with its dn"),
        (b"dn: nothing\nobjectClass: person", "the dn is not a distinguished name: \"nothing\""),
        (b"dn:\nobjectClass: person", "the dn is not a distinguished name: \"\""),
        (b"dn:: !\nobjectClass: person", "the dn is not Base64"),
        (b"dn:< file:///x\nobjectClass: person", "the dn is at a URL"),
        (b"dn: uid=a\nuid: a", "the entry has no objectClass: export it with all its attributes"),
        (b"dn: uid=a\nchangetype: modify\nadd: x\nx: y\n-", "the entry has a changetype other than add: \"modify\""),
        (b"dn: uid=a\nchangetype: delete", "the entry has a changetype other than add: \"delete\""),
        (b"dn: uid=a\nchangetype:: !", "the changetype is not Base64"),
        (b"dn: uid=a\nchangetype delete", "line 2 is not an attribute, and may be a changetype"),
        (b"dn: ou=a\nobjectClass: user", no_login),
        (b"dn: uid=\nobjectClass: user\nuid: \nuid:: IA==", no_login),
        (b"dn: ou=a\nobjectClass: group", "the group has no cn"),
    ] {
        let mut text = entry.to_vec();
        text.extend_from_slice(b"\r\n\r\n\r\ndn: uid=bob\r\nobjectClass: person\r\n");
        let rows = rows(Format::Ldif, &text);
        let next = 4 + entry.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(people(&rows), [format!("refused: {why}"), "bob".to_owned()], "{why}");
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, next]);
    }
    let why = "the entry has no objectClass: export it with all its attributes";
    assert_eq!(refusal(Format::Ldif, "dn: uid=a\nversion: 1\n"), why);
    // The lines after a broken dn are not for the person before it.
    let rows = rows(Format::Ldif, person("ada", "").trim_end().to_owned() + "\ndn uid=bob\nmail: bob@x\n");
    let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!((rows.len(), &ada.texts[Email]), (2, &None));
}

#[test]
fn the_end_of_a_search_is_no_entry() {
    let text =
        person("ada", "") + "\n# search reference\nref: ldap://dns.ad/dc=x\n\n# search result\nsearch: 2\nresult: ";
    let reference = "the server refers to another server for some entries";
    for (result, expected) in [
        ("0 Success\n", vec![reference]),
        ("4 Size limit exceeded\n", vec![reference, "missing: the search that wrote the file did not finish"]),
    ] {
        let rows = rows(Format::Ldif, text.clone() + result);
        assert_eq!((people(&rows), told(&rows)), (texts(&["ada"]), texts(&expected)));
        assert!(rows.is_sorted_by_key(|row| row.line));
    }
}

#[test]
fn an_ldif_of_another_version_is_not_read() {
    let mut rows = open_rows(Format::Ldif, input(b"version: 2\ndn: uid=a\n"), &ReadOptions::default()).unwrap();
    let problem = rows.next().expect("a problem").expect_err("a problem");
    assert_eq!(problem.to_string(), "the LDIF version of the file is not 1");
    assert!(rows.next().is_none());
}
