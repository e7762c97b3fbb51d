//! Disabled and deleted accounts.

use super::*;

#[test]
fn accounts_that_are_disabled_elsewhere_are_disabled() {
    for (lines, disabled) in [
        ("userAccountControl: 512", Some(false)),
        ("userAccountControl: 514", Some(true)),
        ("nsAccountLock: true", Some(true)),
        ("nsAccountLock:   TRUE  ", Some(true)),
        ("nsAccountLock:: IFRSVUUg", Some(true)),
        ("nsAccountLock: FALSE", Some(false)),
        ("userAccountControl: 66048\nnsAccountLock: TRUE", Some(true)),
        ("userAccountControl: 512\nlockoutTime: 133640000000000000", Some(true)),
        ("userAccountControl: 512\naccountExpires: 9223372036854775807\nlockoutTime: 0", Some(false)),
        ("sambaAcctFlags: [UD         ]", Some(true)),
        ("sambaAcctFlags: [U          ]", Some(false)),
        ("pwdAccountLockedTime: 000001010000Z", Some(true)),
        ("shadowExpire: 1", Some(true)),
        // The account may be disabled for another reason.
        ("shadowExpire: 99999", None),
        ("loginDisabled: TRUE", Some(true)),
        ("zimbraAccountStatus: closed", Some(true)),
        ("nsRoleDN: cn=nsManagedDisabledRole,dc=x", Some(true)),
        ("krbPrincipalExpiration: 20200101000000Z", Some(true)),
        ("ak-active: false", Some(true)),
        ("goauthentik.io/ldap/active: FALSE", Some(true)),
        ("goauthentik.io/ldap/active: true", Some(false)),
        ("account_expire: 2020-01-01T00:00:00Z", Some(true)),
        ("orclIsEnabled: DISABLED", Some(true)),
        ("nsAccountLock;vdcsn-5f00;deleted: true", None),
        ("isDeleted: FALSE", Some(false)),
        ("", None),
    ] {
        let (found, told) = account(lines);
        assert_eq!(found, disabled, "{lines}");
        assert!(told.is_empty() || lines.contains("deleted:"), "{told:?}");
    }
    let container = "cn=accounts,cn=provisioning,dc=x";
    for (dn, expected) in [
        (format!("uid=ada,cn=deleted users,{container}"), "ada (disabled)"),
        (format!("uid=ada,cn=staged users,{container}"), "ada (disabled)"),
        ("uid=ada,cn=users,cn=accounts,dc=x".to_owned(), "ada"),
    ] {
        let rows = rows(Format::Ldif, format!("dn: {dn}\nobjectClass: posixaccount\nnsAccountLock: FALSE\nuid: ada\n"));
        assert_eq!(people(&rows), [expected]);
    }
}

#[test]
fn a_state_that_is_not_understood_disables_and_is_told() {
    for (lines, told_of) in [
        ("userAccountControl: x", "userAccountControl"),
        ("nsAccountLock: perhaps\nuserAccountControl: 512", "nsAccountLock"),
        ("nsAccountLock:", "nsAccountLock"),
        ("nsAccountLock:: !", "nsAccountLock"),
        ("loginDisabled:< file:///x", "loginDisabled"),
        ("sambaAcctFlags: D", "sambaAcctFlags"),
        ("ak-active: \u{ff}es", "ak-active"),
        ("isDeleted: perhaps", "isDeleted"),
    ] {
        let text = format!("the value of {told_of} is not understood: the account is disabled");
        assert_eq!(account(lines), (Some(true), vec![text]), "{lines}");
    }
    for (lines, name) in [("nsAccountLock true", "nsaccountlock"), ("userAccountControl", "useraccountcontrol")] {
        let text = format!("the value of {name} is not understood: the account is disabled");
        let (disabled, told) = account(lines);
        assert_eq!(disabled, Some(true));
        assert_eq!(told, ["a line is not an attribute, and is left out".to_owned(), text]);
    }
    // It may have been the class of a computer.
    assert_eq!(account("objectClass:: !").0, Some(true));
}

#[test]
fn deleted_entries_and_values_do_not_come_back() {
    const DELETED: &str = "entries that are deleted are left out";
    for (entry, expected) in [
        ("dn: nsuniqueid=3-3,uid=eve,dc=x\nobjectClass: person\nobjectClass;vucsn-5f00: nsTombstone\nuid: eve", true),
        ("dn: nsuniqueid=3-3,uid=eve,dc=x\nobjectClass: person\nuid: eve", true),
        ("dn: uid=eve,dc=x\nobjectClass: person\nobjectClass: nsTombstone\nuid: eve", true),
        ("dn: cn=Eve\\0ADEL:123,cn=Deleted Objects,dc=x\nobjectClass: user\nsAMAccountName: eve", true),
        ("dn: cn=Eve,dc=x\nobjectClass: user\nsAMAccountName: eve\nisDeleted: TRUE", true),
        ("dn: cn=Eve,dc=x\nobjectClass: group\nisRecycled: true", true),
        ("dn: spn=eve@x,dc=x\nobjectClass: person\nobjectClass: recycled\nname: eve", true),
        ("dn: uid=eve,dc=x\nobjectClass: person\nuid: eve\nisDeleted: FALSE", false),
        ("dn: uid=eve,dc=x\nobjectClass: person\nobjectClass;vdcsn-5f00;deleted: nsTombstone\nuid: eve", false),
        ("dn: nsuniqueid=3-3+uid=eve,dc=x\nobjectClass: person\nuid: eve", false),
    ] {
        let rows = rows(Format::Ldif, format!("{entry}\n"));
        assert_eq!(people(&rows).is_empty(), expected, "{entry}");
        assert_eq!(told(&rows).contains(&DELETED.to_owned()), expected, "{entry}");
    }
    let text = "version: 1\n\n# entry-id: 7\n".to_owned()
        + &person(
            "ada",
            "sn;adcsn-5f00;vdcsn-5f00;deleted: Old\nsn;vucsn-5f00: New\nmail;vdcsn-5f01;deleted: old@x\n\
             mail;vucsn-5f01: new@x\ntitle;adcsn-5f02;deletedattribute;deleted:\nnsUniqueId: 1-1",
        )
        + "\n"
        + &person("bob", "")
        + "\ndn: cn=admins,dc=x\nobjectClass: groupOfUniqueNames\ncn: admins\n\
           uniqueMember;vucsn-5f04: uid=ada,ou=people,dc=x\n\
           uniqueMember;vdcsn-5f05;deleted: uid=bob,ou=people,dc=x\n";
    let rows = rows(Format::Ldif, text);
    let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!(
        (ada.texts[LastName].as_deref(), ada.texts[Email].as_deref(), &ada.texts[Title]),
        (Some("New"), Some("new@x"), &None)
    );
    assert_eq!(people(&rows), ["ada", "bob", "[admins]"]);
    assert_eq!(memberships(&rows), ["admins <- ada"]);
    assert_eq!(told(&rows), ["values that are marked as deleted are left out"; 4]);
}

#[test]
fn an_outpost_of_authentik_is_read() {
    let text = "# extended LDIF\n\n# ada, users\ndn: cn=ada,ou=users,dc=ldap,dc=x\ngoauthentik.io/ldap/active: true\n\
        goauthentik.io/ldap/superuser: false\nak-active: true\nmemberOf: cn=staff,ou=groups,dc=ldap,dc=x\ncn: ada\n\
        sAMAccountName: ada\nuid: 5f0c7f4c2d1e4b7e9a0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566\nname: Ada L\n\
        displayName: Ada L\nobjectClass: user\nobjectClass: goauthentik.io/ldap/user\n\n\
        dn: cn=staff,ou=groups,dc=ldap,dc=x\nobjectClass: group\nobjectClass: goauthentik.io/ldap/group\n\
        member: cn=ada,ou=users,dc=ldap,dc=x\ncn: staff\nuid: 11111111-2222-3333-4444-555555555555\n\n\
        dn: cn=ada,ou=virtual-groups,dc=ldap,dc=x\nobjectClass: group\n\
        objectClass: goauthentik.io/ldap/virtual-group\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["ada", "[staff]"]);
    assert_eq!(memberships(&rows), ["staff <- ada", "staff <- ada"]);
    assert_eq!(
        told(&rows),
        [
            "the attribute goauthentik.io/ldap/superuser is left out",
            "the attribute uid is left out",
            "the attribute uid is left out",
            "entries of the class goauthentik.io/ldap/virtual-group are neither users nor groups, and are left out",
        ]
    );
}

#[test]
fn kanidm_is_read() {
    let text = "dn: spn=ada@idm.x,dc=idm,dc=x\nobjectclass: account\nobjectclass: memberof\nobjectclass: object\n\
        objectclass: person\ndisplayname: Ada L\nmemberof: spn=staff@idm.x,dc=idm,dc=x\nname: ada\nspn: ada@idm.x\n\n\
        dn: spn=staff@idm.x,dc=idm,dc=x\nobjectclass: group\nobjectclass: object\nname: staff\nspn: staff@idm.x\n\
        member: spn=ada@idm.x,dc=idm,dc=x\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["ada", "[staff]"]);
    assert_eq!(memberships(&rows), ["staff <- ada", "staff <- ada"]);
    assert_eq!(told(&rows), [""; 0]);
}
