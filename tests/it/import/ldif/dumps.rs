//! OpenLDAP and 389 Directory Server: dumps, searches, ranges of values and languages.

use crate::import::{CASE, Case};

pub(super) const CASES: &[Case] = &[
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
            "1: lost: entries of the class organization are neither users nor",
            "10: lost: entries of the class organizationalUnit are neither users nor",
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
        report: &["23: lost: the server refers to another server for some entries:"],
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
        report: &["7: missing: the search that wrote the file did not finish: \"4 Size"],
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
            "37: lost: entries of the class LDAPsubentry are neither users nor",
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
            "1: lost: the value of userPassword is at a URL, and is left",
            "8: missing: a value of member is at a URL: it is left out: line",
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
];
