//! Dumps of LDAP directories.

use super::{CASE, Case, Encoding};

pub(super) const LDIF: &[Case] = &[
    Case {
        name: "slapcat with memberOf before the groups",
        file: "openldap.ldif",
        text: r"dn: dc=sea,dc=example
objectClass: dcObject
objectClass: organization
o: Sea
dc: sea
structuralObjectClass: organization
entryUUID: 5d1a2f3c-0001-103f-8000-000000000001
entryCSN: 20260101000000.000000Z#000000#000#000000

dn: ou=crew,dc=sea,dc=example
objectClass: organizationalUnit
ou: crew

dn: uid=nemo,ou=crew,dc=sea,dc=example
objectClass: inetOrgPerson
uid: nemo
cn: Captain Nemo
sn: Nemo
memberOf: cn=deck,ou=teams,dc=sea,dc=example
memberOf: cn=bridge,ou=teams,dc=sea,dc=example
userPassword:: e1NTSEF9Z1dQTzNFbVkrSGJ3ZlRNeGNMdFdyUVVFRkN4ellXeDA=
createTimestamp: 20260101000000Z

dn: uid=ned,ou=crew,dc=sea,dc=example
objectClass: inetOrgPerson
uid: ned
cn: Ned Land
sn: Land
givenName: Ned

dn: cn=bridge,ou=teams,dc=sea,dc=example
objectClass: groupOfNames
cn: bridge
description: Those who steer
member: uid=nemo,ou=crew,dc=sea,dc=example

dn: cn=deck,ou=teams,dc=sea,dc=example
objectClass: groupOfNames
cn: deck
member: uid=ned,ou=crew,dc=sea,dc=example
member: cn=bridge,ou=teams,dc=sea,dc=example
",
        users: &["ned: deck", "nemo password: bridge"],
        groups: &["bridge:", "deck: bridge"],
        report: &[
            "1: lost: entries of the class organization are no users and no",
            "10: lost: entries of the class organizationalUnit are no users and no",
        ],
        ..CASE
    },
    Case {
        name: "ldapsearch with its own comments and results",
        file: "search.ldif",
        text: r"# extended LDIF
#
# LDAPv3
# base <dc=sea,dc=example> with scope subtree
# filter: (objectClass=*)
# requesting: ALL
#

# nemo, crew, sea.example
dn: uid=nemo,ou=crew,dc=sea,dc=example
objectClass: inetOrgPerson
uid: nemo
cn: Captain Nemo
sn: Nemo

# bridge, teams, sea.example
dn: cn=bridge,ou=teams,dc=sea,dc=example
objectClass: groupOfUniqueNames
cn: bridge
uniqueMember: uid=nemo, ou=Crew, dc=sea, dc=example

# search reference
ref: ldap://other.example/ou=far,dc=sea,dc=example??sub

# search result
search: 2
result: 0 Success

# numResponses: 4
# numEntries: 2
# numReferences: 1
",
        users: &["nemo: bridge"],
        groups: &["bridge:"],
        report: &["23: lost: the server names another server for a part of its entries:"],
        ..CASE
    },
    Case {
        name: "a search that reached the size limit",
        file: "limit.ldif",
        text: r"dn: uid=nemo,dc=sea,dc=example
objectClass: inetOrgPerson
uid: nemo
sn: N

# search result
search: 2
result: 4 Size limit exceeded
",
        users: &["nemo:"],
        report: &["7: missing: the search that made the file ended before its end: \"4 Size"],
        status: 1,
        ..CASE
    },
    Case {
        name: "a range of members that is complete",
        file: "complete-range.ldif",
        text: r"dn: CN=Sailors,OU=G,DC=sea,DC=example
objectClass: group
cn: Sailors
sAMAccountName: Sailors
member;range=0-1: CN=Nemo,OU=P,DC=sea,DC=example
member;range=0-1: CN=Ned,OU=P,DC=sea,DC=example

dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: user
cn: Nemo
sAMAccountName: nemo

dn: CN=Ned,OU=P,DC=sea,DC=example
objectClass: user
cn: Ned
sAMAccountName: ned

dn: CN=Conseil,OU=P,DC=sea,DC=example
objectClass: user
cn: Conseil
sAMAccountName: conseil

dn: CN=Sailors,OU=G,DC=sea,DC=example
member;range=2-*: CN=Conseil,OU=P,DC=sea,DC=example
",
        users: &["conseil: Sailors", "ned: Sailors", "nemo: Sailors"],
        groups: &["Sailors:"],
        ..CASE
    },
    Case {
        name: "a range of members without its middle",
        file: "middle-range.ldif",
        text: r"dn: CN=Sailors,OU=G,DC=sea,DC=example
objectClass: group
cn: Sailors
member;range=0-0: CN=Nemo,OU=P,DC=sea,DC=example

dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: user
sAMAccountName: nemo

dn: CN=Sailors,OU=G,DC=sea,DC=example
member;range=2-*: CN=Ned,OU=P,DC=sea,DC=example

dn: CN=Ned,OU=P,DC=sea,DC=example
objectClass: user
sAMAccountName: ned
",
        users: &["ned: Sailors", "nemo: Sailors"],
        groups: &["Sailors:"],
        report: &["16: missing: a group has more members than the file has (member;range):"],
        status: 1,
        ..CASE
    },
    Case {
        name: "memberOf in ranges",
        file: "memberof-range.ldif",
        text: r"dn: CN=Nemo,OU=P,DC=sea,DC=example
objectClass: user
sAMAccountName: nemo
memberOf;range=0-0: CN=A,OU=G,DC=sea,DC=example

dn: CN=A,OU=G,DC=sea,DC=example
objectClass: group
cn: A
",
        users: &["nemo: A"],
        groups: &["A:"],
        report: &["9: missing: an entry is in more groups than the file says"],
        status: 1,
        ..CASE
    },
    Case {
        name: "389 dump for replication",
        file: "repl.ldif",
        text: r"version: 1

# entry-id: 4
dn: uid=nemo,ou=crew,dc=sea,dc=example
objectClass;vucsn-5e00000000000100000: top
objectClass;vucsn-5e00000000000100000: inetOrgPerson
uid;vucsn-5e00000000000100000;mdcsn-5e00000000000100000: nemo
cn: Nemo
sn;vdcsn-5e00000000000100000;deleted: Dakkar
sn;vucsn-5e00000000000100000: Nemo
nsAccountLock;adcsn-5e00000000000100000;vdcsn-5e00000000000100000;deletedattribute;deleted:
nsUniqueId: aaaaaaaa-aaaa11ee-80000000-000000000000

# entry-id: 5
dn: nsuniqueid=bbbbbbbb-bbbb11ee-80000000-000000000000,uid=gone,ou=crew,dc=sea,dc=example
objectClass: inetOrgPerson
objectClass: nsTombstone
uid: gone
sn: Gone

# entry-id: 6
dn: cn=bridge,ou=teams,dc=sea,dc=example
objectClass: groupOfUniqueNames
cn: bridge
uniqueMember;vucsn-5e00000000000100000: uid=nemo,ou=crew,dc=sea,dc=example
uniqueMember;vdcsn-5e00000000000100000;deleted: uid=ned,ou=crew,dc=sea,dc=example

# entry-id: 7
dn: uid=ned,ou=crew,dc=sea,dc=example
objectClass: inetOrgPerson
uid: ned
sn: Land
",
        users: &["ned:", "nemo: bridge"],
        groups: &["bridge:"],
        report: &[
            "4: lost: values that are marked as deleted are left out: line 9: sn … (and 2 more)",
            "15: lost: entries that are deleted are left out:",
        ],
        ..CASE
    },
    Case {
        name: "389 with its lock and its roles",
        file: "389.ldif",
        text: r"dn: uid=a1,ou=p,dc=sea
objectClass: inetOrgPerson
uid: a1
sn: A
nsAccountLock: true

dn: uid=a2,ou=p,dc=sea
objectClass: inetOrgPerson
uid: a2
sn: A
nsAccountLock:  TRUE 

dn: uid=a3,ou=p,dc=sea
objectClass: inetOrgPerson
uid: a3
sn: A
nsAccountLock: false

dn: uid=a4,ou=p,dc=sea
objectClass: inetOrgPerson
uid: a4
sn: A
nsRoleDN: cn=nsManagedDisabledRole,dc=sea

dn: uid=a5,ou=p,dc=sea
objectClass: inetOrgPerson
uid: a5
sn: A
nsRoleDN: cn=Captains,dc=sea

dn: uid=a6,ou=p,dc=sea
objectClass: inetOrgPerson
uid: a6
sn: A
nsAccountLock: perhaps

dn: cn=nsManagedDisabledRole,dc=sea
objectClass: LDAPsubentry
objectClass: nsRoleDefinition
objectClass: nsManagedRoleDefinition
cn: nsManagedDisabledRole
",
        users: &["a1 disabled:", "a2 disabled:", "a3:", "a4 disabled:", "a5:", "a6 disabled:"],
        report: &[
            "25: lost: the attribute nsRoleDN is left out: uid=a5,ou=p,dc=sea",
            "31: lost: the value of nsAccountLock is not understood: the account",
            "37: lost: entries of the class LDAPsubentry are no users and no",
        ],
        ..CASE
    },
    Case {
        name: "a photo by its address",
        file: "url.ldif",
        text: r"dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N
jpegPhoto:< file:///tmp/nemo.jpg
userPassword:< file:///tmp/nemo.secret

dn: cn=bridge,dc=sea
objectClass: groupOfNames
cn: bridge
member:< file:///tmp/members
",
        users: &["nemo:"],
        groups: &["bridge:"],
        report: &[
            "1: lost: the attribute jpegPhoto is left out: uid=nemo,dc=sea",
            "1: lost: the value of userPassword is in another place, and is left",
            "8: missing: a value of member is in another place: it is left out: line",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "values in other languages",
        file: "tags.ldif",
        text: r"dn: uid=otto,dc=sea
objectClass: inetOrgPerson
uid: otto
sn;lang-en: Lidenbrock (en)
sn: Lidenbrock
givenName;lang-de: Otto
cn;lang-de: Otto
title;lang-de: Professor

dn: uid=axel,dc=sea
objectClass: inetOrgPerson
uid;lang-de: hans
uid: axel
sn;lang-de: A
sn;lang-fr: B
userPassword;lang-de: e1NTSEF9
mail;x-old: old@sea.example
mail: axel@sea.example
",
        users: &["axel:", "otto:"],
        report: &[
            "1: lost: values of sn in other languages, or with other options, are … (and 1 more)",
            "10: lost: the attribute userPassword is left out: uid=axel,dc=sea",
            "10: lost: values of mail in other languages, or with other options,",
            "10: lost: values of uid in other languages, or with other options,",
        ],
        ..CASE
    },
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
            "22: missing: members of cn=safe,ou=g,dc=sea are nobody here: no user and … (and 1 more)",
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
        report: &["14: missing: members of cn=Administrators,cn=Builtin,dc=sea are nobody here"],
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
            "5: missing: members of CN=Crew,OU=G,DC=sea,DC=example are nobody here: … (and 3 more)",
            "15: lost: entries of the class contact are no users and no groups,",
            "23: lost: entries of the class computer are no users and no groups,",
            "32: lost: entries of the class foreignSecurityPrincipal are no users",
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
            "35: lost: entries of the class computer are no users and no groups,",
            "42: refused: the entry is no addition but changetype \"modify\"",
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
            "1: lost: a line is no attribute, and is left out: line 5 … (and 1 more)",
            "8: missing: a line that begins with member is no attribute: a",
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
            "1: lost: entries of the class organizationalUnit are no users and no … (and 1 more)",
            "9: lost: entries of the class device are no users and no groups, and",
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
            "8: lost: entries of the class seaPart are no users and no groups,",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "authentik",
        file: "authentik.ldif",
        text: r"dn: cn=nemo,ou=users,dc=ldap,dc=goauthentik,dc=io
objectClass: user
objectClass: organizationalPerson
objectClass: inetOrgPerson
objectClass: goauthentik.io/ldap/user
cn: nemo
sAMAccountName: nemo
uid: 9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de
name: Captain Nemo
displayName: Captain Nemo
mail: nemo@sea.example
ak-active: true
ak-superuser: true
goauthentik.io/ldap/superuser: true
memberOf: cn=bridge,ou=groups,dc=ldap,dc=goauthentik,dc=io
uidNumber: 2040

dn: cn=ned,ou=users,dc=ldap,dc=goauthentik,dc=io
objectClass: goauthentik.io/ldap/user
cn: ned
sAMAccountName: ned
uid: ab74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de
ak-active: false
goauthentik.io/ldap/active: false

dn: cn=bridge,ou=groups,dc=ldap,dc=goauthentik,dc=io
objectClass: group
objectClass: groupOfUniqueNames
objectClass: goauthentik.io/ldap/group
cn: bridge
uid: 11111111-2222-3333-4444-555555555566
member: cn=nemo,ou=users,dc=ldap,dc=goauthentik,dc=io

dn: cn=nemo,ou=virtual-groups,dc=ldap,dc=goauthentik,dc=io
objectClass: group
objectClass: goauthentik.io/ldap/virtual-group
cn: nemo
member: cn=nemo,ou=users,dc=ldap,dc=goauthentik,dc=io
",
        users: &["ned disabled:", "nemo: bridge"],
        groups: &["bridge:"],
        report: &[
            "1: lost: the attribute ak-superuser is left out:",
            "1: lost: the attribute goauthentik.io/ldap/superuser is left out:",
            "1: lost: the attribute uid is left out: … (and 2 more)",
            "1: lost: the attribute uidNumber is left out:",
            "34: lost: entries of the class goauthentik.io/ldap/virtual-group are",
        ],
        ..CASE
    },
    Case {
        name: "FreeIPA with preserved and staged users",
        file: "ipa.ldif",
        text: r"dn: uid=nemo,cn=users,cn=accounts,dc=ipa,dc=sea
objectClass: person
objectClass: posixaccount
objectClass: krbprincipalaux
objectClass: ipaobject
uid: nemo
cn: Nemo
sn: Nemo
nsAccountLock: FALSE
krbPrincipalName: nemo@SEA
memberOf: cn=crew,cn=groups,cn=accounts,dc=ipa,dc=sea
memberOf: cn=helpdesk,cn=roles,cn=accounts,dc=ipa,dc=sea

dn: uid=old,cn=deleted users,cn=accounts,cn=provisioning,dc=ipa,dc=sea
objectClass: person
objectClass: posixaccount
uid: old
cn: Old
sn: Old

dn: uid=new,cn=staged users,cn=accounts,cn=provisioning,dc=ipa,dc=sea
objectClass: person
objectClass: posixaccount
uid: new
cn: New
sn: New

dn: cn=crew,cn=groups,cn=accounts,dc=ipa,dc=sea
objectClass: groupofnames
objectClass: nestedgroup
objectClass: ipausergroup
objectClass: posixgroup
cn: crew
member: uid=nemo,cn=users,cn=accounts,dc=ipa,dc=sea

dn: cn=admins,cn=groups,cn=accounts,dc=ipa,dc=sea
objectClass: groupofnames
objectClass: ipausergroup
cn: admins
member: cn=crew,cn=groups,cn=accounts,dc=ipa,dc=sea

dn: cn=helpdesk,cn=roles,cn=accounts,dc=ipa,dc=sea
objectClass: groupofnames
objectClass: nestedgroup
cn: helpdesk
member: uid=nemo,cn=users,cn=accounts,dc=ipa,dc=sea

dn: fqdn=nautilus.sea,cn=computers,cn=accounts,dc=ipa,dc=sea
objectClass: ipahost
objectClass: ipaobject
fqdn: nautilus.sea
",
        users: &["nemo: crew", "new disabled:", "old disabled:"],
        groups: &["admins: crew", "crew:"],
        report: &[
            "1: lost: the attribute krbPrincipalName is left out:",
            "12: lost: memberships in roles, permissions and rules of FreeIPA are left",
            "42: lost: roles, permissions and rules of FreeIPA are no groups, and",
            "48: lost: entries of the class ipahost are no users and no groups,",
        ],
        ..CASE
    },
    Case {
        name: "kanidm",
        file: "kanidm.ldif",
        text: r"dn: spn=nemo@idm.sea.example,dc=idm,dc=sea,dc=example
class: account
class: person
objectClass: account
objectClass: person
name: nemo
spn: nemo@idm.sea.example
displayname: Captain Nemo
entryuuid: 11111111-2222-3333-4444-555555555555
memberof: spn=bridge@idm.sea.example,dc=idm,dc=sea,dc=example

dn: spn=bridge@idm.sea.example,dc=idm,dc=sea,dc=example
objectClass: group
name: bridge
spn: bridge@idm.sea.example
member: spn=nemo@idm.sea.example,dc=idm,dc=sea,dc=example

dn: spn=ned@idm.sea.example,dc=idm,dc=sea,dc=example
objectClass: person
objectClass: account
name: ned
spn: ned@idm.sea.example
account_expire: 2020-01-01T00:00:00+00:00
",
        users: &["ned disabled:", "nemo: bridge"],
        groups: &["bridge:"],
        report: &["1: lost: the attribute class is left out:"],
        ..CASE
    },
    Case {
        name: "lldap",
        file: "lldap.ldif",
        text: r"dn: uid=nemo,ou=people,dc=sea,dc=example
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: mailAccount
objectClass: person
uid: nemo
mail: nemo@sea.example
givenName: Nemo
cn: Captain Nemo
createTimestamp: 2026-01-01T00:00:00+00:00
entryUuid: 11111111-2222-3333-4444-555555555555
memberOf: cn=lldap_admin,ou=groups,dc=sea,dc=example

dn: cn=lldap_admin,ou=groups,dc=sea,dc=example
objectClass: groupOfUniqueNames
objectClass: groupOfNames
cn: lldap_admin
uid: lldap_admin
member: uid=nemo,ou=people,dc=sea,dc=example
",
        users: &["nemo: lldap_admin"],
        groups: &["lldap_admin:"],
        ..CASE
    },
    Case {
        name: "Zimbra",
        file: "zimbra.ldif",
        text: r"dn: uid=nemo,ou=people,dc=sea,dc=example
objectClass: inetOrgPerson
objectClass: zimbraAccount
objectClass: amavisAccount
uid: nemo
sn: N
mail: nemo@sea.example
zimbraAccountStatus: active
zimbraId: 1

dn: uid=ned,ou=people,dc=sea,dc=example
objectClass: inetOrgPerson
objectClass: zimbraAccount
uid: ned
sn: L
zimbraAccountStatus: locked

dn: uid=crew,ou=people,dc=sea,dc=example
objectClass: zimbraDistributionList
objectClass: zimbraMailRecipient
uid: crew
mail: crew@sea.example
zimbraMailForwardingAddress: nemo@sea.example
",
        users: &["ned disabled:", "nemo:"],
        groups: &["crew:"],
        report: &[
            "1: lost: the attribute zimbraId is left out:",
            "18: lost: the attribute mail is left out:",
            "18: missing: members by zimbraMailForwardingAddress are left out:",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "Univention",
        file: "univention.ldif",
        text: r"dn: uid=nemo,cn=users,dc=sea,dc=example
objectClass: person
objectClass: univentionPerson
objectClass: univentionObject
objectClass: sambaSamAccount
objectClass: posixAccount
uid: nemo
sn: Nemo
cn: Nemo
univentionObjectType: users/user
sambaAcctFlags: [U          ]
krb5KDCFlags: 126
shadowLastChange: 20000

dn: uid=ned,cn=users,dc=sea,dc=example
objectClass: person
objectClass: posixAccount
objectClass: sambaSamAccount
uid: ned
sn: Land
userPassword: {crypt}!$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/
krb5KDCFlags: 254

dn: cn=Crew,cn=groups,dc=sea,dc=example
objectClass: univentionGroup
objectClass: posixGroup
objectClass: sambaGroupMapping
cn: Crew
uniqueMember: uid=nemo,cn=users,dc=sea,dc=example
memberUid: nemo
memberUid: ned
",
        users: &["ned disabled: Crew", "nemo: Crew"],
        groups: &["Crew:"],
        report: &[
            "1: lost: the attribute shadowLastChange is left out:",
            "1: lost: the attribute univentionObjectType is left out:",
            "15: lost: nothing here can check a password of the kind {crypt}: it",
        ],
        ..CASE
    },
    Case {
        name: "eDirectory",
        file: "edirectory.ldif",
        text: r"version: 1

dn: cn=nemo,ou=crew,o=sea
changetype: add
loginDisabled: FALSE
uid: nemo
givenName: Nemo
sn: Nemo
objectClass: inetOrgPerson
objectClass: organizationalPerson
objectClass: Person
objectClass: ndsLoginProperties
objectClass: Top
groupMembership: cn=bridge,ou=teams,o=sea
securityEquals: cn=bridge,ou=teams,o=sea
cn: nemo
ACL: 2#subtree#cn=nemo,ou=crew,o=sea#[All Attributes Rights]

dn: cn=bridge,ou=teams,o=sea
changetype: add
objectClass: groupOfNames
cn: bridge
member: cn=nemo,ou=crew,o=sea
equivalentToMe: cn=nemo,ou=crew,o=sea

dn: cn=ned,ou=crew,o=sea
changetype: add
uid: ned
sn: Land
objectClass: inetOrgPerson
lockedByIntruder: TRUE
",
        users: &["ned disabled:", "nemo: bridge"],
        groups: &["bridge:"],
        report: &[
            "3: lost: the attribute ACL is left out: cn=nemo,ou=crew,o=sea",
            "3: lost: the attribute securityEquals is left out:",
            "19: lost: the attribute equivalentToMe is left out:",
        ],
        ..CASE
    },
    Case {
        name: "Oracle",
        file: "oracle.ldif",
        text: r"dn: cn=nemo,cn=users,dc=sea
objectClass: inetOrgPerson
objectClass: orclUserV2
cn: nemo
uid: nemo
sn: N
orclIsEnabled: ENABLED

dn: cn=ned,cn=users,dc=sea
objectClass: orclUserV2
cn: ned
uid: ned
sn: L
orclIsEnabled: INACTIVE

dn: cn=crew,cn=groups,dc=sea
objectClass: groupOfUniqueNames
objectClass: orclGroup
cn: crew
displayName: The crew
uniqueMember: cn=nemo,cn=users,dc=sea
",
        users: &["ned disabled:", "nemo: crew"],
        groups: &["crew:"],
        ..CASE
    },
    Case {
        name: "logins by another attribute",
        file: "login.ldif",
        flags: &["--login", "mail"],
        text: r"dn: uid=u1,dc=sea
objectClass: inetOrgPerson
uid: u1
sn: N
mail: nemo@sea.example

dn: uid=u2,dc=sea
objectClass: inetOrgPerson
uid: u2
sn: L

dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew
member: uid=u1,dc=sea
member: uid=u2,dc=sea
",
        users: &["nemo@sea.example: crew"],
        groups: &["crew:"],
        report: &[
            "1: lost: the attribute uid is left out: uid=u1,dc=sea",
            "7: refused: the user has no mail, which --login names",
            "16: missing: members of cn=crew,dc=sea are nobody here: no user and no",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "logins by cn and by userPrincipalName",
        file: "logins.ldif",
        text: r"dn: cn=Captain Nemo,dc=sea
objectClass: person
cn: Captain Nemo
sn: Nemo

dn: cn=Ned,dc=sea
objectClass: user
cn: Ned
userPrincipalName: ned@sea.example

dn: ou=nothing,dc=sea
objectClass: person
sn: Nothing
",
        users: &["Captain Nemo:", "ned@sea.example:"],
        report: &["11: refused: the user has none of uid, sAMAccountName,"],
        status: 1,
        ..CASE
    },
    Case {
        name: "folded with tabs and with carriage returns",
        file: "folded.ldif",
        encoding: Encoding::CrLf,
        text: "\
dn: uid=nemo,ou=crew\n\
\t,dc=sea\n\
objectClass: inetOrgPerson\n\
uid: ne\n\
\tmo\n\
sn: N\n\
\n\
dn: cn=crew,dc=sea\n\
objectClass: groupOfNames\n\
cn: crew\n\
member: uid=nemo,ou=cr\n\
\x20ew,dc=sea\n\
",
        users: &["nemo: crew"],
        groups: &["crew:"],
        ..CASE
    },
    Case {
        name: "names that need care in a distinguished name",
        file: "escaped.ldif",
        text: r#"dn: cn=Land\, Ned,ou=crew,dc=sea
objectClass: person
cn: Land, Ned
sn: Land
uid: ned

dn: cn=a\2Bb,dc=sea
objectClass: groupOfNames
cn: a+b
member: CN="Land, Ned",OU=crew,DC=sea
member: cn=Land\2C Ned , ou=crew,dc=sea
"#,
        users: &["ned: a+b"],
        groups: &["a+b:"],
        ..CASE
    },
    Case {
        name: "cycles of groups",
        file: "cycle.ldif",
        text: r"dn: cn=a,dc=sea
objectClass: groupOfNames
cn: a
member: cn=b,dc=sea
member: cn=a,dc=sea

dn: cn=b,dc=sea
objectClass: groupOfNames
cn: b
member: cn=a,dc=sea
member: uid=nemo,dc=sea

dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N
",
        users: &["nemo: b"],
        groups: &["a: b", "b:"],
        report: &[
            "5: lost: a group that is a member of itself is left out of its own",
            "10: refused: a group cannot contain itself: a in b closes a circle",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "one distinguished name twice",
        file: "dn-twice.ldif",
        text: r"dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo
sn: N

dn: uid=nemo,dc=sea
objectClass: inetOrgPerson
uid: nemo2
sn: N

dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew
member: uid=nemo,dc=sea
",
        users: &["nemo: crew"],
        groups: &["crew:"],
        report: &[
            "6: lost: the attribute uid is left out: uid=nemo,dc=sea",
            "6: refused: user already exists: nemo (line 1 of the input has it)",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "passwords in LDAP",
        file: "passwords.ldif",
        text: r"dn: uid=p1,dc=sea
objectClass: account
uid: p1
userPassword: {SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0

dn: uid=p2,dc=sea
objectClass: account
uid: p2
userPassword: {CRYPT}*

dn: uid=p3,dc=sea
objectClass: account
uid: p3
userPassword: {SASL}ned@SEA

dn: uid=p4,dc=sea
objectClass: account
uid: p4
userPassword: {CRYPT}rqXexS6ZhobKA

dn: uid=p5,dc=sea
objectClass: account
uid: p5
userPassword: twenty thousand leagues
",
        users: &["p1 password:", "p2:", "p3:", "p4:", "p5 password:"],
        report: &[
            "6: lost: nothing here can check a password of the kind {CRYPT}: it … (and 1 more)",
            "11: lost: nothing here can check a password of the kind {SASL}: it is",
        ],
        ..CASE
    },
    Case {
        name: "passwords that are left alone",
        file: "passwords-left.ldif",
        flags: &["--passwords", "leave"],
        text: r"dn: uid=p1,dc=sea
objectClass: account
uid: p1
userPassword: {SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0
",
        users: &["p1:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "deletions and renames",
        file: "changes.ldif",
        text: r"dn: uid=nemo,dc=sea
changetype: delete

dn: uid=ned,dc=sea
changetype: modrdn
newrdn: uid=ned2
deleteoldrdn: 1

dn: uid=kim,dc=sea
control: 1.2.3 true
changetype: add
objectClass: account
uid: kim
",
        users: &["kim:"],
        report: &[
            "1: refused: the entry is no addition but changetype \"delete\"",
            "4: refused: the entry is no addition but changetype \"modrdn\"",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "entries without classes",
        file: "no-classes.ldif",
        text: r"dn: uid=nemo,dc=sea
uid: nemo
mail: nemo@sea.example

dn: uid=ned,dc=sea
objectClass: account
uid: ned
",
        users: &["ned:"],
        report: &["1: refused: the entry has no objectClass: export it with all its"],
        status: 1,
        ..CASE
    },
    Case {
        name: "Netscape roles and dynamic groups",
        file: "dynamic.ldif",
        text: r"dn: cn=all,dc=sea
objectClass: groupOfURLs
cn: all
memberURL: ldap:///dc=sea??sub?(objectClass=person)

dn: uid=nemo,dc=sea
objectClass: account
uid: nemo
",
        users: &["nemo:"],
        groups: &["all:"],
        report: &["1: missing: members by memberURL are left out: cn=all,dc=sea"],
        status: 1,
        ..CASE
    },
    Case {
        name: "a mark of order before LDIF",
        file: "mark.ldif",
        encoding: Encoding::Mark,
        text: r"dn: uid=nemo,dc=sea
objectClass: account
uid: nemo
",
        users: &["nemo:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "an entry with the name of the first administrator, and a password",
        file: "namesake.ldif",
        flags: &["--on-conflict", "update"],
        text: r"dn: uid=Administrator,ou=people,dc=sea
objectClass: inetOrgPerson
uid: Administrator
cn: Somebody Else
sn: Else
userPassword: open sesame please
",
        report: &["1: refused: the user Administrator has rights here, and is not changed by an entry"],
        status: 1,
        ..CASE
    },
    Case {
        name: "a mapping by a name that two groups have",
        file: "two-groups.ldif",
        flags: &["--map-group", "Admins=administrators"],
        text: r"dn: cn=Admins,ou=real,dc=sea
objectClass: groupOfNames
cn: Admins
member: uid=nemo,dc=sea

dn: cn=admins,ou=lab,dc=sea
objectClass: groupOfNames
cn: admins
member: uid=ned,dc=sea

dn: uid=nemo,dc=sea
objectClass: account
uid: nemo

dn: uid=ned,dc=sea
objectClass: account
uid: ned
",
        report: &[],
        status: 1,
        ..CASE
    },
    Case {
        name: "a mapping of a group that the input does not have",
        file: "no-group.ldif",
        flags: &["--map-group", "crew=members"],
        text: r"dn: uid=nemo,dc=sea
objectClass: account
uid: nemo
",
        report: &[],
        status: 1,
        ..CASE
    },
    Case {
        name: "an administrator who is in the file too",
        file: "own-admin.ldif",
        flags: &["--on-conflict", "update"],
        text: r"dn: uid=administrator,dc=sea
objectClass: account
uid: administrator
nsAccountLock: true

dn: cn=crew,dc=sea
objectClass: groupOfNames
cn: crew
member: uid=administrator,dc=sea
",
        groups: &["crew:"],
        report: &[
            "1: refused: the user administrator has rights here, and is not changed by an entry",
            "9: missing: the row of the group cn=crew,dc=sea or that of its member was refused",
        ],
        status: 1,
        ..CASE
    },
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
        report: &["8: missing: members of cn=crew,dc=sea are nobody here: no user and no"],
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
            "1: refused: the entry is no addition but changetype \"delete\"",
            "6: refused: the entry is no addition but changetype \"delete\"",
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
        report: &["5: refused: the entry is no addition but changetype \"modify\""],
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
            "1: missing: an entry is a person and a group: only the group is taken:",
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
