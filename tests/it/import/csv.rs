//! Tables of other systems, and of spreadsheets.

use super::{CASE, Case, Encoding};

pub(super) const TABLES: &[Case] = &[
    Case {
        name: "shadow passwords",
        file: "shadow.csv",
        text: r"login,password
root,*
ntp,!
bin,!!
www,x
ftp,!*
sun,*LK*
hpux,NP
gone,!$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/
nemo,$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/
",
        users: &["bin:", "ftp:", "gone:", "hpux:", "nemo password:", "ntp:", "root:", "sun:", "www:"],
        report: &["2: lost: nothing here can check a password of the kind marker of a … (and 7 more)"],
        ..CASE
    },
    Case {
        name: "passwords of other programs",
        file: "hashes.csv",
        text: r"login,password
django,pbkdf2_sha256$1000$saltsalt$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0=
flask,pbkdf2:sha256:260000$abcdefgh$abababababababababababababababababababababababababababababababab
postgres,md55f4dcc3b5aa765d61d8327deb882cf99
mysql,*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19
scram,SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy
hex,5f4dcc3b5aa765d61d8327deb882cf99
drupal,$S$DeIZ1KTE.VzRvudZ5.xgOakipuMFrVyPmRdWTjAdYieWj27NMglI
phpass,$P$B12345678L6Lpt4BxNotVIMILOa9u81
nthash,$NT$8846f7eaee8fb117ad06bdd830b7586c
oracle,S:8F2D65FB5547B71C8DA3760F10960428CD307B1C6271691FC55C1F56554A
word,open sesame please
",
        users: &[
            "django:",
            "drupal:",
            "flask:",
            "hex:",
            "mysql:",
            "nthash:",
            "oracle:",
            "phpass:",
            "postgres:",
            "scram:",
            "word password:",
        ],
        report: &[
            "2: lost: nothing here can check a password of the kind",
            "3: lost: nothing here can check a password of the kind pbkdf2: it is",
            "4: lost: nothing here can check a password of the kind hexadecimal … (and 2 more)",
            "5: lost: nothing here can check a password of the kind marker of a",
            "6: lost: nothing here can check a password of the kind",
            "8: lost: nothing here can check a password of the kind $S$: it is",
            "9: lost: nothing here can check a password of the kind $P$: it is",
            "10: lost: nothing here can check a password of the kind $NT$: it is",
        ],
        ..CASE
    },
    Case {
        name: "passwords that the operator calls clear",
        file: "clear.csv",
        flags: &["--passwords", "clear"],
        text: r"login,password
nemo,5f4dcc3b5aa765d61d8327deb882cf99
ned,*
",
        users: &["ned password:", "nemo password:"],
        ..CASE
    },
    Case {
        name: "a column of hashes with something else",
        file: "hash-column.csv",
        text: r"login,password_hash
nemo,open sesame please
ned,{SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0
kim,
",
        users: &["kim:", "ned password:", "nemo:"],
        report: &["2: lost: what is no stored value of a password is left out of a"],
        ..CASE
    },
    Case {
        name: "Excel with sep and semicolons",
        file: "excel.csv",
        encoding: Encoding::CrLf,
        text: r"sep=;
Login;Vorname;E-Mail;Nachname
nemo;Nemo;nemo@sea.example;N
ned;Ned;ned@sea.example;Land
",
        users: &["ned:", "nemo:"],
        report: &[
            "3: lost: no field here is called \"Nachname\": nemo … (and 1 more)",
            "3: lost: no field here is called \"Vorname\": nemo … (and 1 more)",
        ],
        ..CASE
    },
    Case {
        name: "semicolons without sep",
        file: "semicolons.csv",
        text: r"login;first name;last name;mail
nemo;Captain, the;Nemo;nemo@sea.example
",
        users: &["nemo:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "tabs",
        file: "tabs.csv",
        text: "\
login\tfirst name\tlast name\tgroups\n\
nemo\tCaptain\tNemo\tmembers\n\
",
        users: &["nemo: members"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a delimiter that the operator names",
        file: "bars.csv",
        flags: &["--delimiter", ":"],
        text: r"login:mail:first name
nemo:nemo@sea.example:Captain
",
        users: &["nemo:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "UTF-16 with its mark",
        file: "utf16.csv",
        encoding: Encoding::Utf16Le,
        text: r"login,first_name
zoë,Zoë
",
        users: &["zoë:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "UTF-16 of the other order",
        file: "utf16be.csv",
        encoding: Encoding::Utf16Be,
        text: r"login;first_name
zoë;Zoë
",
        users: &["zoë:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "UTF-8 with a mark",
        file: "mark.csv",
        encoding: Encoding::Mark,
        text: r"login,first_name
zoë,Zoë
",
        users: &["zoë:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "blank rows and empty cells",
        file: "blank.csv",
        text: r"login,mail
,

nemo,nemo@sea.example,,
   ,   
ned,ned@sea.example
",
        users: &["ned:", "nemo:"],
        ..CASE
    },
    Case {
        name: "cells too many",
        file: "cells.csv",
        text: r"login,mail
nemo,nemo@sea.example,admin
ned
kim,kim@sea.example
",
        users: &["kim:"],
        report: &[
            "2: refused: the row has 3 cells, and the header 2",
            "3: refused: the row has 1 cells, and the header 2",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "Entra template for bulk creation",
        file: "template.csv",
        text: r"version:v1.0,,,,,,,
Name [displayName] Required,User name [userPrincipalName] Required,Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,First name [givenName],Last name [surname],Job title [jobTitle],Department [department]
Example: Chris Green,chris@contoso.com,myPassword1234,No,Chris,Green,,
Captain Nemo,nemo@sea.example,Twenty-thousand-1,No,Nemo,Dakkar,Captain,Bridge
Ned Land,ned@sea.example,Twenty-thousand-2,Yes,Ned,Land,Harpooner,
",
        users: &["ned@sea.example disabled password:", "nemo@sea.example password:"],
        report: &[
            "3: lost: an example row of a template is left out",
            "4: lost: no field here is called \"Department [department]\":",
        ],
        ..CASE
    },
    Case {
        name: "Entra download",
        file: "download.csv",
        text: r"userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,accountEnabled,usageLocation,alternateEmailAddress,ageGroup,consentProvidedForMinor,createdDateTime
nemo@sea.example,Captain Nemo,Dakkar,nemo@sea.example,Nemo,0c1d2e3f-0000-0000-0000-000000000001,Member,Captain,True,FR,,,,2026-01-01T00:00:00Z
ned@sea.example,Ned Land,Land,ned@sea.example,Ned,0c1d2e3f-0000-0000-0000-000000000002,Member,,False,CA,,,,2026-01-01T00:00:00Z
",
        users: &["ned@sea.example disabled:", "nemo@sea.example:"],
        report: &[
            "2: lost: no field here is called \"createdDateTime\": nemo@sea.example … (and 1 more)",
            "2: lost: no field here is called \"usageLocation\": nemo@sea.example … (and 1 more)",
            "2: lost: no field here is called \"userType\": nemo@sea.example … (and 1 more)",
            "2: lost: the column \"id\" gives way to \"userPrincipalName\": … (and 1 more)",
        ],
        ..CASE
    },
    Case {
        name: "Microsoft 365 admin center",
        file: "m365.csv",
        text: r"Block credential,City,Display name,First name,Last name,User principal name,Licenses,Soft deletion time stamp,Title
False,Nantes,Captain Nemo,Nemo,Dakkar,nemo@sea.example,E3,,Captain
True,Quebec,Ned Land,Ned,Land,ned@sea.example,E1,,
False,Paris,Old Hand,Old,Hand,old@sea.example,,2026-02-02 10:00:00Z,
",
        users: &["ned@sea.example disabled:", "nemo@sea.example:"],
        report: &[
            "2: lost: no field here is called \"City\": nemo@sea.example … (and 2 more)",
            "2: lost: no field here is called \"Licenses\": nemo@sea.example … (and 1 more)",
            "4: lost: an account that is deleted there is left out:",
        ],
        ..CASE
    },
    Case {
        name: "Google download",
        file: "google.csv",
        text: r"First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],Last Sign In [READ ONLY],Recovery Email,Employee Title
Nemo,Dakkar,nemo@sea.example,****,,/Bridge,,Active,2026/01/01 10:00:00,,Captain
Ned,Land,ned@sea.example,****,,/Deck,,Suspended,Never logged in,,
",
        users: &["ned@sea.example disabled:", "nemo@sea.example:"],
        report: &[
            "2: lost: no field here is called \"Last Sign In [READ ONLY]\": … (and 1 more)",
            "2: lost: no field here is called \"Org Unit Path [Required]\": … (and 1 more)",
            "2: lost: nothing here can check a password of the kind masked value: … (and 1 more)",
        ],
        ..CASE
    },
    Case {
        name: "Google template",
        file: "google-template.csv",
        text: r"First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Status [UPLOAD ONLY]
Nemo,Dakkar,nemo@sea.example,twenty thousand leagues,,/,
Ned,Land,ned@sea.example,twenty thousand leagues,,/,Suspended
",
        users: &["ned@sea.example disabled password:", "nemo@sea.example password:"],
        report: &["2: lost: no field here is called \"Org Unit Path [Required]\": … (and 1 more)"],
        ..CASE
    },
    Case {
        name: "Okta people",
        file: "okta.csv",
        text: r"login,firstName,lastName,email,status,lastLogin
nemo@sea.example,Nemo,Dakkar,nemo@sea.example,ACTIVE,
o2@sea.example,A,B,o2@sea.example,STAGED,
o3@sea.example,A,B,o3@sea.example,PASSWORD_EXPIRED,
o4@sea.example,A,B,o4@sea.example,LOCKED_OUT,
o5@sea.example,A,B,o5@sea.example,DEPROVISIONED,
o6@sea.example,A,B,o6@sea.example,RECOVERY,
o7@sea.example,A,B,o7@sea.example,Napping,
o8@sea.example,A,B,o8@sea.example,,
",
        users: &[
            "nemo@sea.example:",
            "o2@sea.example disabled:",
            "o3@sea.example:",
            "o4@sea.example disabled:",
            "o5@sea.example disabled:",
            "o6@sea.example:",
            "o7@sea.example disabled:",
            "o8@sea.example:",
        ],
        report: &["8: lost: the value of \"status\" is not understood, so the account is"],
        ..CASE
    },
    Case {
        name: "csvde",
        file: "csvde.csv",
        text: r#"DN,objectClass,cn,sn,givenName,memberOf,member,userAccountControl,sAMAccountName,mail
"CN=Bridge,OU=G,DC=sea,DC=example",group,Bridge,,,,"CN=Nemo,OU=P,DC=sea,DC=example;CN=Deck,OU=G,DC=sea,DC=example",,Bridge,
"CN=Nemo,OU=P,DC=sea,DC=example",user,Nemo,Dakkar,Nemo,"CN=Bridge,OU=G,DC=sea,DC=example;CN=Deck,OU=G,DC=sea,DC=example",,512,nemo,nemo@sea.example
"CN=Ned,OU=P,DC=sea,DC=example",user,Ned,Land,Ned,"CN=Deck,OU=G,DC=sea,DC=example",,514,ned,
"CN=Deck,OU=G,DC=sea,DC=example",group,Deck,,,,,,Deck,
"CN=NAUTILUS,OU=C,DC=sea,DC=example",computer,NAUTILUS,,,,,4096,NAUTILUS$,
"CN=Administrators,CN=Builtin,DC=sea,DC=example",group,Administrators,,,,"CN=Ned,OU=P,DC=sea,DC=example",,Administrators,
"#,
        users: &["ned disabled: Deck", "nemo: Bridge, Deck"],
        groups: &["Bridge: Deck", "Deck:"],
        report: &[
            "6: lost: entries of the class \"computer\" are no users and no groups,",
            "7: missing: the row of the group",
            "7: refused: group already exists: Administrators (--on-conflict update",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "PowerShell with its type",
        file: "powershell.csv",
        encoding: Encoding::CrLf,
        text: r#"#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser
"SamAccountName","GivenName","Surname","Enabled","EmailAddress"
"nemo","Nemo","Dakkar","True","nemo@sea.example"
"ned","Ned","Land","False",""
"#,
        users: &["ned disabled:", "nemo:"],
        ..CASE
    },
    Case {
        name: "PowerShell lists that were not joined",
        file: "psobject.csv",
        text: r"SamAccountName,MemberOf,Enabled
nemo,Microsoft.ActiveDirectory.Management.ADPropertyValueCollection,True
",
        users: &["nemo:"],
        report: &["2: missing: the column \"MemberOf\" has the name of a type in place of"],
        status: 1,
        shuffled: false,
        ..CASE
    },
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
            "4: refused: role is none of admin, standard and read: \"king\"",
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
        report: &["3: refused: the row opens a quote that nothing closes, so the rest of"],
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
        report: &["2: lost: no field here is called \"Vorname\": nemo"],
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
            "2: lost: no field here is called \"gid\": root … (and 1 more)",
            "2: lost: no field here is called \"home\": root … (and 1 more)",
            "2: lost: no field here is called \"shell\": root … (and 1 more)",
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
        report: &["3: lost: the header stands in the file again"],
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
        name: "passwords of spaces and beside stored values",
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
            "3: lost: a password beside a stored value of a password is left out: … (and 1 more)",
            "4: lost: what is no stored value of a password is left out of a",
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
