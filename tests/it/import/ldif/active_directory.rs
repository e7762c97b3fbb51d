//! Active Directory, and entries of other kinds.

use crate::import::{CASE, Case, Encoding};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "contacts and computers and people of other domains",
        file: "contacts.ldif",
        text: r"dn: CN=Crew,OU=G,DC=sea,DC=example
objectClass: group
cn: Crew
member: CN=Nemo,OU=P,DC=sea,DC=example
member: CN=Aronnax,OU=Contacts,DC=sea,DC=example
member: CN=NAUTILUS,OU=Computers,DC=sea,DC=example
member: CN=S-1-5-21-1-2-3-1105,CN=ForeignSecurityPrincipals,DC=sea,DC=example
member: CN=Nemo,OU=P,DC=land,DC=example

dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: user
cn: Nemo
sAMAccountName: nemo

dn: CN=Aronnax,OU=Contacts,DC=sea,DC=example
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: contact
cn: Aronnax
mail: aronnax@museum.example

dn: CN=NAUTILUS,OU=Computers,DC=sea,DC=example
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
objectClass: computer
cn: NAUTILUS
sAMAccountName: NAUTILUS$

dn: CN=S-1-5-21-1-2-3-1105,CN=ForeignSecurityPrincipals,DC=sea,DC=example
objectClass: foreignSecurityPrincipal
cn: S-1-5-21-1-2-3-1105
",
        users: &["nemo: Crew"],
        groups: &["Crew:"],
        report: &[
            "5: missing: members of CN=Crew,OU=G,DC=sea,DC=example are unknown: … (and 3 more)",
            "15: lost: entries of the class contact are neither users nor groups,",
            "23: lost: entries of the class computer are neither users nor groups,",
            "32: lost: entries of the class foreignSecurityPrincipal are neither users",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "ldifde with userAccountControl",
        file: "ldifde.ldf",
        text: r"dn: CN=d1,OU=P,DC=sea,DC=example
changetype: add
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: d1
sAMAccountName: d1
userAccountControl: 512
accountExpires: 9223372036854775807

dn: CN=d2,OU=P,DC=sea,DC=example
changetype: add
objectClass: user
cn: d2
sAMAccountName: d2
userAccountControl: 66050

dn: CN=d3,OU=P,DC=sea,DC=example
changetype: add
objectClass: user
cn: d3
sAMAccountName: d3
userAccountControl: 512
accountExpires: 129000000000000000

dn: CN=d4,OU=P,DC=sea,DC=example
changetype: add
objectClass: user
cn: d4
sAMAccountName: d4
userAccountControl: 512
lockoutTime: 131000000000000000

dn: CN=d5,OU=P,DC=sea,DC=example
changetype: add
objectClass: user
cn: d5
sAMAccountName: d5
userAccountControl: 4096

dn: CN=d6,OU=P,DC=sea,DC=example
changetype: modify
replace: description
description: x
-

dn: CN=d7\0ADEL:5a6b,CN=Deleted Objects,DC=sea,DC=example
changetype: add
objectClass: user
cn: d7
isDeleted: TRUE
sAMAccountName: d7
",
        users: &["d1:", "d2 disabled:", "d3 disabled:", "d4 disabled:"],
        report: &[
            "35: lost: entries of the class computer are neither users nor groups,",
            "42: refused: the entry has a changetype other than add: \"modify\"",
            "48: lost: entries that are deleted are left out:",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "ldifde in UTF-16",
        file: "ldifde16.ldf",
        encoding: Encoding::Utf16Le,
        text: r"dn: CN=Zoë,OU=P,DC=sea,DC=example
changetype: add
objectClass: user
cn: Zoë
sAMAccountName: zoë
userAccountControl: 512
",
        users: &["zoë:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "versions in the middle and entries without blank lines",
        file: "joined.ldif",
        text: r"version: 1
dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N
version: 1
dn: uid=ned,dc=sea
objectClass: inetOrgPerson
uid: ned
sn: L
dn: uid=conseil,dc=sea
objectClass: inetOrgPerson
uid: conseil
sn: C
   
version: 1

dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew
member: uid=nemo,dc=sea
member: uid=conseil,dc=sea
",
        users: &["conseil: crew", "ned:", "nemo: crew"],
        groups: &["crew:"],
        ..CASE
    },
    Case {
        name: "a line that is odd",
        file: "odd-line.ldif",
        text: r"dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N
title Captain
mail: nemo@sea.example

dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew
member uid=ned,dc=sea
member: uid=nemo,dc=sea

dn: uid=ned,dc=sea
objectClass: inetOrgPerson
uid: ned
sn: L
nsAccountLock true
",
        users: &["ned disabled:", "nemo: crew"],
        groups: &["crew:"],
        report: &[
            "1: lost: a line is not an attribute, and is left out: line 5 … (and 1 more)",
            "8: missing: a line that begins with member is not an attribute: a",
            "14: lost: the value of nsaccountlock is not understood: the account",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "only entries of other kinds",
        file: "things.ldif",
        text: r"dn: ou=people,dc=sea
objectClass: organizationalUnit
ou: people

dn: ou=teams,dc=sea
objectClass: organizationalUnit
ou: teams

dn: cn=mast,dc=sea
objectClass: device
cn: mast
",
        report: &[
            "1: lost: entries of the class organizationalUnit are neither users … (and 1 more)",
            "9: lost: entries of the class device are neither users nor groups, and",
        ],
        ..CASE
    },
    Case {
        name: "people of an unknown class",
        file: "unknown.ldif",
        text: r"dn: uid=nemo,dc=sea
objectClass: top
objectClass: seaCaptain
uid: nemo
cn: Nemo
userPassword: {SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0

dn: cn=hull,dc=sea
objectClass: seaPart
cn: hull
",
        report: &[
            "1: missing: entries of the class seaCaptain have logins or members, but",
            "8: lost: entries of the class seaPart are neither users nor groups,",
        ],
        status: 1,
        ..CASE
    },
];
