//! Locked accounts, ambiguous names, built-in groups and groups that are not in the file.

use crate::import::{CASE, Case};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "accounts that other systems lock",
        file: "locked.ldif",
        text: r"dn: uid=b1,dc=sea
objectClass: account
uid: b1
sambaAcctFlags: [DU         ]

dn: uid=b2,dc=sea
objectClass: account
uid: b2
sambaAcctFlags: [U          ]

dn: uid=b3,dc=sea
objectClass: account
uid: b3
pwdAccountLockedTime: 20260301120000Z

dn: uid=b4,dc=sea
objectClass: account
uid: b4
shadowExpire: 100

dn: uid=b5,dc=sea
objectClass: account
uid: b5
shadowExpire: -1

dn: uid=b6,dc=sea
objectClass: account
uid: b6
loginDisabled: TRUE

dn: uid=b7,dc=sea
objectClass: account
uid: b7
zimbraAccountStatus: closed

dn: uid=b8,dc=sea
objectClass: account
uid: b8
zimbraAccountStatus: active

dn: uid=b9,dc=sea
objectClass: account
uid: b9
krbPrincipalExpiration: 20200101000000Z

dn: uid=c1,dc=sea
objectClass: account
uid: c1
krbPrincipalExpiration: 20990101000000Z

dn: uid=c2,dc=sea
objectClass: account
uid: c2
sambaAcctFlags: [L          ]

dn: uid=c3,dc=sea
objectClass: account
uid: c3
orclIsEnabled: DISABLED

dn: uid=c4,dc=sea
objectClass: account
uid: c4
inetUserStatus: inactive

dn: uid=c5,dc=sea
objectClass: account
uid: c5
shadowExpire: soon

dn: uid=c6,dc=sea
objectClass: account
uid: c6
nsAccountLock:: //79

dn: uid=c7,dc=sea
objectClass: account
uid: c7
loginExpirationTime: 20190101000000Z

dn: uid=c8,dc=sea
objectClass: account
uid: c8
sambaKickoffTime: 1
",
        users: &[
            "b1 disabled:",
            "b2:",
            "b3 disabled:",
            "b4 disabled:",
            "b5:",
            "b6 disabled:",
            "b7 disabled:",
            "b8:",
            "b9 disabled:",
            "c1:",
            "c2 disabled:",
            "c3 disabled:",
            "c4 disabled:",
            "c5 disabled:",
            "c6 disabled:",
            "c7 disabled:",
            "c8 disabled:",
        ],
        report: &[
            "66: lost: the value of shadowExpire is not understood: the account is",
            "71: lost: the value of nsAccountLock is not understood: the account",
        ],
        ..CASE
    },
    Case {
        name: "one uid in two branches",
        file: "two-uids.ldif",
        text: r"dn: uid=kim,ou=customers,dc=sea
objectClass: inetOrgPerson
uid: kim
sn: Customer

dn: uid=kim,ou=staff,dc=sea
objectClass: inetOrgPerson
uid: kim
sn: Staff

dn: cn=safe,ou=g,dc=sea
objectClass: groupOfNames
cn: safe
member: uid=kim,ou=staff,dc=sea

dn: cn=shop,ou=g,dc=sea
objectClass: groupOfNames
cn: shop
member: uid=kim,ou=customers,dc=sea
",
        users: &["kim: shop"],
        groups: &["safe:", "shop:"],
        report: &[
            "6: refused: user already exists: kim (line 1 of the input has it)",
            "14: missing: the row of the group cn=safe,ou=g,dc=sea or that of its member was refused",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "memberUid that could mean two",
        file: "two-memberuids.ldif",
        text: r"dn: uid=kim,ou=customers,dc=sea
objectClass: inetOrgPerson
objectClass: posixAccount
uid: kim
sn: Customer

dn: uid=Kim,ou=staff,dc=sea
objectClass: inetOrgPerson
objectClass: posixAccount
uid: Kim
sn: Staff

dn: uid=lee,ou=staff,dc=sea
objectClass: posixAccount
uid: lee
cn: Lee

dn: cn=safe,ou=g,dc=sea
objectClass: posixGroup
cn: safe
gidNumber: 100
memberUid: kim
memberUid: lee
memberUid: nobody
",
        users: &["kim:", "lee: safe"],
        groups: &["safe:"],
        report: &[
            "7: refused: user already exists: Kim (line 1 of the input has it)",
            "18: lost: the attribute gidNumber is left out: cn=safe,ou=g,dc=sea",
            "22: missing: members of cn=safe,ou=g,dc=sea are unknown: no user and … (and 1 more)",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "built-in groups of Active Directory",
        file: "builtin.ldif",
        text: r"dn: CN=Administrators,CN=Builtin,DC=sea,DC=example
objectClass: group
cn: Administrators
sAMAccountName: Administrators
member: CN=Nemo,OU=P,DC=sea,DC=example

dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: Nemo
sAMAccountName: nemo
userAccountControl: 512
memberOf: CN=Administrators,CN=Builtin,DC=sea,DC=example
",
        users: &["nemo:"],
        report: &[
            "1: refused: group already exists: Administrators (--on-conflict update",
            "5: missing: the row of the group … (and 1 more)",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "built-in groups that are skipped",
        file: "builtin-skip.ldif",
        flags: &["--on-conflict", "skip"],
        text: r"dn: CN=Administrators,CN=Builtin,DC=sea,DC=example
objectClass: group
cn: Administrators
member: CN=Nemo,OU=P,DC=sea,DC=example

dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: user
cn: Nemo
sAMAccountName: nemo
",
        users: &["nemo:"],
        report: &["4: missing: the row of the group"],
        status: 1,
        ..CASE
    },
    Case {
        name: "built-in groups that are updated",
        file: "builtin-update.ldif",
        flags: &["--on-conflict", "update"],
        text: r"dn: CN=Administrators,CN=Builtin,DC=sea,DC=example
objectClass: group
cn: Administrators
description: Full rights
member: CN=Nemo,OU=P,DC=sea,DC=example
member: CN=Inner,OU=G,DC=sea,DC=example

dn: CN=Inner,OU=G,DC=sea,DC=example
objectClass: group
cn: Inner
member: CN=Nemo,OU=P,DC=sea,DC=example

dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: user
cn: Nemo
sAMAccountName: nemo
",
        users: &["nemo: Inner"],
        groups: &["Inner:"],
        report: &["5: missing: CN=Administrators,CN=Builtin,DC=sea,DC=example is a group … (and 1 more)"],
        status: 1,
        ..CASE
    },
    Case {
        name: "built-in groups that the operator maps",
        file: "builtin-map.ldif",
        flags: &["--map-group", "Administrators=administrators"],
        text: r"dn: CN=Administrators,CN=Builtin,DC=sea,DC=example
objectClass: group
cn: Administrators
member: CN=Nemo,OU=P,DC=sea,DC=example

dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: user
cn: Nemo
sAMAccountName: nemo
",
        users: &["nemo admin: administrators"],
        ..CASE
    },
    Case {
        name: "a group that is mapped by its distinguished name",
        file: "map-dn.ldif",
        flags: &["--map-group", "CN=Ops,OU=East,DC=sea=powerusers"],
        text: r"dn: CN=Ops,OU=East,DC=sea
objectClass: group
cn: Ops
member: CN=Nemo,DC=sea

dn: CN=Ops,OU=West,DC=sea
objectClass: group
cn: Ops
member: CN=Ned,DC=sea

dn: CN=Nemo,DC=sea
objectClass: user
sAMAccountName: nemo

dn: CN=Ned,DC=sea
objectClass: user
sAMAccountName: ned
",
        users: &["ned: Ops", "nemo: powerusers"],
        groups: &["Ops:"],
        ..CASE
    },
    Case {
        name: "a group that is not in the file, made",
        file: "one-made.ldif",
        flags: &["--create-groups"],
        text: r"dn: uid=nemo,ou=crew,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N
memberOf: cn=bridge,ou=teams,dc=sea
",
        users: &["nemo: bridge"],
        groups: &["bridge:"],
        ..CASE
    },
    Case {
        name: "an export of ours with another directory behind it",
        file: "joined-by-hand.ldif",
        flags: &["--on-conflict", "update"],
        text: r"version: 1
# exported by rollbook

dn: uid=nemo,ou=people,dc=rollbook
objectClass: inetOrgPerson
uid: nemo
cn: nemo
sn: -

version: 1
dn: cn=Administrators,cn=Builtin,dc=sea
objectClass: group
cn: Administrators
member: uid=nemo,ou=other,dc=sea
",
        users: &["nemo:"],
        report: &["14: missing: members of cn=Administrators,cn=Builtin,dc=sea are unknown"],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "groups that are not in the file, two of one name",
        file: "made.ldif",
        flags: &["--create-groups"],
        text: r"dn: uid=nemo,ou=crew,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N
memberOf: cn=bridge,ou=teams,dc=sea
memberOf: cn=administrators,ou=teams,dc=sea

dn: uid=ned,ou=crew,dc=sea
objectClass: inetOrgPerson
uid: ned
sn: L
memberOf: cn=bridge,ou=other,dc=sea
",
        users: &["ned:", "nemo:"],
        report: &[
            "5: missing: cn=bridge,ou=teams,dc=sea is no group that was imported,",
            "6: missing: cn=administrators,ou=teams,dc=sea is no group that was",
            "12: missing: cn=bridge,ou=other,dc=sea is no group that was imported,",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "groups that are not in the file",
        file: "not-made.ldif",
        text: r"dn: uid=nemo,ou=crew,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N
memberOf: cn=bridge,ou=teams,dc=sea
memberOf: cn=members,ou=teams,dc=sea
",
        users: &["nemo:"],
        report: &[
            "5: missing: cn=bridge,ou=teams,dc=sea is no group that was imported,",
            "6: missing: cn=members,ou=teams,dc=sea is no group that was imported,",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
];
