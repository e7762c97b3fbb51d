//! Logins, folded lines, distinguished names, passwords and changes.

use crate::import::{CASE, Case, Encoding};

pub(super) const CASES: &[Case] = &[
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
            "7: refused: the user has no mail, which --login chooses",
            "16: missing: members of cn=crew,dc=sea are unknown: no user and no",
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
            "10: refused: a group cannot contain itself: a in b closes a cycle",
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
            "1: refused: the entry has a changetype other than add: \"delete\"",
            "4: refused: the entry has a changetype other than add: \"modrdn\"",
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
        report: &["1: missing: members in memberURL are left out: cn=all,dc=sea"],
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
];
