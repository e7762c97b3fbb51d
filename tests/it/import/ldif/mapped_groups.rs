//! Mapped groups, and entries that could gain rights.

use crate::import::{CASE, Case};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a mapped group that contains another, which comes first",
        file: "map-inner.ldif",
        flags: &["--map-group", "Administrators=administrators"],
        text: r"dn: CN=Inner,DC=sea
objectClass: group
cn: Inner
member: CN=Nemo,DC=sea

dn: CN=Administrators,DC=sea
objectClass: group
cn: Administrators
member: CN=Inner,DC=sea

dn: CN=Nemo,DC=sea
objectClass: user
sAMAccountName: nemo
",
        users: &["nemo:"],
        groups: &["Inner:", "administrators: Inner"],
        report: &["4: missing: CN=Inner,DC=sea is a group that gives rights here, and"],
        status: 1,
        ..CASE
    },
    Case {
        name: "both groups are mapped",
        file: "map-both.ldif",
        flags: &["--map-group", "Administrators=administrators", "--map-group", "Inner=administrators"],
        text: r"dn: CN=Inner,DC=sea
objectClass: group
cn: Inner
member: CN=Nemo,DC=sea

dn: CN=Administrators,DC=sea
objectClass: group
cn: Administrators
member: CN=Inner,DC=sea

dn: CN=Nemo,DC=sea
objectClass: user
sAMAccountName: nemo
",
        users: &["nemo admin: administrators"],
        ..CASE
    },
    Case {
        name: "a forged mark of an export that is not in its place",
        file: "forged.ldif",
        flags: &["--on-conflict", "update"],
        text: r"version: 1

# exported by rollbook
dn: cn=administrators,dc=sea
objectClass: groupOfNames
cn: administrators
member: uid=nemo,dc=sea

dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo
",
        users: &["nemo:"],
        report: &["7: missing: cn=administrators,dc=sea is a group that gives rights here,"],
        status: 1,
        ..CASE
    },
    Case {
        name: "group names that look like one with rights",
        file: "lookalike.ldif",
        text: r"dn: cn=administratοrs,dc=sea
objectClass: groupOfNames
cn: administratοrs
member: uid=nemo,dc=sea

dn: cn=ADMINISTRATORS,dc=sea
objectClass: groupOfNames
cn:  ADMINISTRATORS
member: uid=nemo,dc=sea

dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo
",
        users: &["nemo:"],
        report: &[
            "1: refused: group name looks like the built-in name administrators",
            "4: missing: the row of the group cn=administratοrs,dc=sea or that of its member was refused",
            "6: refused: group already exists: ADMINISTRATORS (--on-conflict update",
            "9: missing: the row of the group cn=ADMINISTRATORS,dc=sea or that of its member was refused",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "several logins in one entry",
        file: "many-uids.ldif",
        text: r"dn: uid=nemo,dc=sea
objectClass: account
uid: nemo
uid: dakkar
uid: administrator

dn: cn=crew,dc=sea
objectClass: posixGroup
cn: crew
memberUid: dakkar
memberUid: administrator
",
        users: &["nemo: crew"],
        groups: &["crew:"],
        report: &["1: lost: other values of uid are left out: uid=nemo,dc=sea"],
        ..CASE
    },
    Case {
        name: "a group that has to have a member",
        file: "self.ldif",
        text: r"dn: cn=empty,dc=sea
objectClass: groupOfNames
cn: empty
member: cn=empty,dc=sea

dn: cn=blank,dc=sea
objectClass: groupOfNames
cn: blank
member:
",
        groups: &["blank:", "empty:"],
        report: &["4: lost: a group that is a member of itself is left out of its own"],
        ..CASE
    },
    Case {
        name: "a person who is here already, skipped",
        file: "skipped-person.ldif",
        flags: &["--on-conflict", "skip"],
        text: r"dn: uid=Administrator,dc=sea
objectClass: account
uid: Administrator

dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew
member: uid=Administrator,dc=sea
",
        groups: &["crew:"],
        report: &["8: missing: members of cn=crew,dc=sea are unknown: no user and no"],
        status: 1,
        ..CASE
    },
    Case {
        name: "changes hidden in Base64",
        file: "hidden.ldif",
        text: r"dn: uid=nemo,dc=sea
changetype:: ZGVsZXRl
objectClass: account
uid: nemo

dn: uid=ned,dc=sea
changetype: add
changetype: delete
objectClass: account
uid: ned

dn:: dWlkPWtpbSxkYz1zZWE=
objectClass:: YWNjb3VudA==
uid:: a2lt
",
        users: &["kim:"],
        report: &[
            "1: refused: the entry has a changetype other than add: \"delete\"",
            "6: refused: the entry has a changetype other than add: \"delete\"",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "members that are added by a change",
        file: "modify.ldif",
        text: r"dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew

dn: cn=crew,dc=sea
changetype: modify
add: member
member: uid=nemo,dc=sea
-

dn: uid=nemo,dc=sea
objectClass: account
uid: nemo
",
        users: &["nemo:"],
        groups: &["crew:"],
        report: &["5: refused: the entry has a changetype other than add: \"modify\""],
        status: 1,
        ..CASE
    },
    Case {
        name: "a person who is a group too",
        file: "both.ldif",
        text: r"dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
objectClass: posixGroup
uid: nemo
cn: nemo
userPassword: open sesame please
",
        groups: &["nemo:"],
        report: &[
            "1: lost: the attribute userPassword is left out: uid=nemo,dc=sea",
            "1: missing: an entry is both a person and a group: only the group is imported:",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a group that is mapped keeps the fields of the group here",
        file: "mapped-fields.ldif",
        flags: &["--map-group", "crew=members"],
        text: r"dn: uid=nemo,dc=sea
objectClass: account
uid: nemo

dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew
description: Those who sail
member: uid=nemo,dc=sea
",
        users: &["nemo: members"],
        report: &["5: lost: the fields of a group that is mapped are left out: the group crew"],
        ..CASE
    },
];
