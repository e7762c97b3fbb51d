//! Groups, roles, duplicates, headers and states.

use crate::import::{CASE, Case, Encoding};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "only addresses",
        file: "mails.csv",
        text: r"E-Mail,First Name
nemo@sea.example,Nemo
ned@sea.example,Ned
",
        users: &["ned@sea.example:", "nemo@sea.example:"],
        ..CASE
    },
    Case {
        name: "groups before their rows",
        file: "before.csv",
        text: r"kind,name,groups
user,nemo,bridge;deck
member,ned,bridge
user,ned,
group,bridge,ship
group,deck,
group,ship,
subgroup,deck,ship
",
        users: &["ned: bridge", "nemo: bridge, deck"],
        groups: &["bridge:", "deck:", "ship: bridge, deck"],
        ..CASE
    },
    Case {
        name: "groups that nothing makes",
        file: "no-group.csv",
        text: r"login,groups
nemo,bridge
ned,members
",
        users: &["ned: members"],
        report: &["2: refused: group does not exist: bridge (--create-groups makes it)"],
        status: 1,
        ..CASE
    },
    Case {
        name: "groups that are made",
        file: "groups.csv",
        flags: &["--create-groups"],
        text: r"login,groups
nemo,bridge;deck
ned,deck
",
        users: &["ned: deck", "nemo: bridge, deck"],
        groups: &["bridge:", "deck:"],
        ..CASE
    },
    Case {
        name: "roles",
        file: "roles.csv",
        text: r"login,role,groups
nemo,admin,
ned,read,
kim,king,
lee,standard,administrators
",
        users: &["lee:", "ned read:", "nemo admin: administrators"],
        report: &[
            "4: refused: role is not admin, standard or read: \"king\"",
            "5: missing: a role other than admin keeps users out of the group",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "one login twice",
        file: "twice.csv",
        text: r"login,first name
nemo,First
NEMO,Second
ned,Ned
",
        users: &["ned:", "nemo:"],
        report: &["3: refused: user already exists: NEMO (line 2 of the input has it)"],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "one login twice, skipped",
        file: "twice-skip.csv",
        flags: &["--on-conflict", "skip"],
        text: r"login,first name
nemo,First
nemo,Second
",
        users: &["nemo:"],
        report: &["3: refused: user already exists: nemo (line 2 of the input has it)"],
        status: 1,
        ..CASE
    },
    Case {
        name: "one login twice, updated",
        file: "twice-update.csv",
        flags: &["--on-conflict", "update"],
        text: r"login,first name,groups
nemo,First,members
nemo,Second,administrators
",
        users: &["nemo: members"],
        report: &["3: refused: user already exists: nemo (line 2 of the input has it)"],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a group that is refused gives nothing",
        file: "refused-group.csv",
        text: r"kind,name,groups,description
group,members,administrators,taken
group,deck,,
group,DECK,administrators,
user,nemo,deck,
",
        users: &["nemo: deck"],
        groups: &["deck:"],
        report: &[
            "2: refused: group already exists: members (--on-conflict update changes",
            "4: refused: group already exists: DECK (line 3 of the input has it)",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "an open quote",
        file: "quote.csv",
        text: r#"login,first name
nemo,Nemo
ned,"Ned
kim,Kim
"#,
        users: &["nemo:"],
        report: &["3: refused: a quote in the row is never closed, so the rest of"],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a header that is not known",
        file: "header.csv",
        text: r"Benutzer,Vorname
nemo,Nemo
",
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a header that is not known, with a login",
        file: "header-login.csv",
        flags: &["--login", "Benutzer"],
        text: r"Benutzer,Vorname
nemo,Nemo
",
        users: &["nemo:"],
        report: &["2: lost: no field has the name \"Vorname\": nemo"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "the column that the operator names",
        file: "login.csv",
        flags: &["--login", "mail"],
        text: r"username,mail,first_name
u1,nemo@sea.example,Nemo
u2,,Ned
",
        users: &["nemo@sea.example:"],
        report: &[
            "2: lost: the column \"username\" gives way to \"mail\": nemo@sea.example … (and 1 more)",
            "3: refused: the login is missing: \"mail\" is empty",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "states of accounts",
        file: "states.csv",
        text: r"login,enabled,locked,expires,deleted_at
s1,yes,,,
s2,no,,,
s3,,yes,,
s4,yes,yes,,
s5,yes,,2001-01-01,
s6,yes,,2999-01-01,
s7,yes,,,2026-01-01
s8,maybe,,,
s9,,,tomorrow,
",
        users: &[
            "s1:",
            "s2 disabled:",
            "s3 disabled:",
            "s4 disabled:",
            "s5 disabled:",
            "s6:",
            "s7 disabled:",
            "s8 disabled:",
            "s9 disabled:",
        ],
        report: &[
            "9: lost: the value of \"enabled\" is not understood, so the account is",
            "10: lost: the value of \"expires\" is not understood, so the account is",
        ],
        ..CASE
    },
    Case {
        name: "a file that looks like passwd",
        file: "passwd.csv",
        flags: &["--delimiter", ":", "--login", "user"],
        text: r"user:password:uid:gid:full name:home:shell
root:x:0:0:root:/root:/bin/bash
nemo:x:1000:1000:Captain Nemo:/home/nemo:/bin/sh
",
        users: &["nemo:", "root:"],
        report: &[
            "2: lost: no field has the name \"gid\": root … (and 1 more)",
            "2: lost: no field has the name \"home\": root … (and 1 more)",
            "2: lost: no field has the name \"shell\": root … (and 1 more)",
            "2: lost: nothing here can check a password of the kind marker of a … (and 1 more)",
            "2: lost: the column \"uid\" gives way to \"user\": root … (and 1 more)",
        ],
        ..CASE
    },
    Case {
        name: "not text",
        file: "latin1.csv",
        encoding: Encoding::Latin1,
        text: r"login,first_name
zoë,Zoë
ned,Ned
",
        users: &["ned:"],
        report: &["2: refused: the row is not UTF-8"],
        status: 1,
        ..CASE
    },
    Case {
        name: "members that wait",
        file: "waiting.csv",
        text: r"kind,name,groups
group,bridge,
member,soon,bridge
subgroup,later,bridge
",
        groups: &["bridge: waiting group later, waiting user soon"],
        ..CASE
    },
    Case {
        name: "the header again",
        file: "again.csv",
        text: r"login,mail
nemo,nemo@sea.example
login,mail
ned,ned@sea.example
",
        users: &["ned:", "nemo:"],
        report: &["3: lost: the file repeats its header"],
        ..CASE
    },
    Case {
        name: "names that look like groups with rights",
        file: "lookalike.csv",
        text: r"login,groups
nemo,Administrators
ned, administrators 
kim,аdministrators
",
        users: &["ned admin: administrators", "nemo admin: administrators"],
        report: &["4: refused: group does not exist: аdministrators (--create-groups makes"],
        status: 1,
        ..CASE
    },
    Case {
        name: "no rows",
        file: "empty.csv",
        text: r"login,mail
",
        shuffled: false,
        ..CASE
    },
    Case {
        name: "lists in a cell",
        file: "lists.csv",
        flags: &["--create-groups"],
        text: r#"login,groups
nemo,"[""a;b"",""c""]"
ned,a;b; ;b
"#,
        users: &["ned: a, b", "nemo: a;b, c"],
        groups: &["a:", "a;b:", "b:", "c:"],
        ..CASE
    },
    Case {
        name: "csvde with rights by name",
        file: "csvde-rights.csv",
        text: r#"DN,objectClass,cn,sAMAccountName,member,groups
"CN=Inner,DC=sea",group,Inner,Inner,"CN=Nemo,DC=sea",administrators
"CN=Nemo,DC=sea",user,Nemo,nemo,,
"#,
        users: &["nemo:"],
        groups: &["Inner:", "administrators: Inner"],
        report: &["2: missing: CN=Inner,DC=sea is a group that gives rights here, and"],
        status: 1,
        ..CASE
    },
    Case {
        name: "rights by name for a group of rows",
        file: "rights.csv",
        text: r"kind,name,groups,members
user,nemo,inner,
group,inner,administrators,
member,ned,inner,
user,ned,,
",
        users: &["ned admin: inner", "nemo admin: inner"],
        groups: &["administrators: inner", "inner:"],
        ..CASE
    },
    Case {
        name: "passwords of spaces, and rows with a password and a hash",
        file: "odd-passwords.csv",
        text: r#"login,password,password_hash
p1,"   ",
p2,open sesame please,{SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0
p3,open sesame please,nonsense
p4,{SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0,
"#,
        users: &["p1:", "p2 password:", "p3:", "p4 password:"],
        report: &[
            "2: lost: a password of spaces alone is left out (--passwords clear",
            "3: lost: a password is left out because the row has a password hash too: … (and 1 more)",
            "4: lost: a password hash is left out because it has no known format",
        ],
        ..CASE
    },
    Case {
        name: "two columns of groups",
        file: "two-groups.csv",
        text: r"login,groups,groups,group
nemo,members,administrators,powerusers
",
        users: &["nemo: members"],
        report: &[
            "2: missing: the column \"group\" gives way to \"groups\": nemo",
            "2: missing: the column \"groups\" gives way to \"groups\": nemo",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "markers that nobody can log in with",
        file: "markers.csv",
        text: r"login,password
m1,*0
m2,*disabled*
m3,*NOPASSWORD*
m4,nologin
m5,_J9..rasmBYk8r9AiWNc
m6,{SSHA}tooshort
m7,{CLEARTEXT}secret words
m8,$apr1$8sFt66rZ$vd5jIQ5MwQYHIkPXD5fDk.
m9,$y$j9T$abc$def
",
        users: &["m1:", "m2:", "m3:", "m4:", "m5:", "m6:", "m7:", "m8:", "m9:"],
        report: &[
            "2: lost: nothing here can check a password of the kind marker of a … (and 3 more)",
            "6: lost: nothing here can check a password of the kind Base64",
            "7: lost: nothing here can check a password of the kind {SSHA}: it is",
            "8: lost: nothing here can check a password of the kind {CLEARTEXT}:",
            "9: lost: nothing here can check a password of the kind $apr1$: it is",
            "10: lost: nothing here can check a password of the kind $y$: it is",
        ],
        ..CASE
    },
    Case {
        name: "states that contradict each other",
        file: "contradictions.csv",
        text: r"login,enabled,active,status
s1,yes,no,active
s2,yes,yes,active
s3,,,
s4,yes,yes,dormant
",
        users: &["s1 disabled:", "s2:", "s3:", "s4 disabled:"],
        report: &["5: lost: the value of \"status\" is not understood, so the account is"],
        ..CASE
    },
];
