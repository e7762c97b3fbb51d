//! Passwords, delimiters, encodings, and the tables of other products.

use crate::import::{CASE, Case, Encoding};

pub(super) const CASES: &[Case] = &[
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
        report: &["2: lost: a password hash is left out because it has no known format"],
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
            "3: lost: no field has the name \"Nachname\": nemo … (and 1 more)",
            "3: lost: no field has the name \"Vorname\": nemo … (and 1 more)",
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
            "4: lost: no field has the name \"Department [department]\":",
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
            "2: lost: no field has the name \"createdDateTime\": nemo@sea.example … (and 1 more)",
            "2: lost: no field has the name \"usageLocation\": nemo@sea.example … (and 1 more)",
            "2: lost: no field has the name \"userType\": nemo@sea.example … (and 1 more)",
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
            "2: lost: no field has the name \"City\": nemo@sea.example … (and 2 more)",
            "2: lost: no field has the name \"Licenses\": nemo@sea.example … (and 1 more)",
            "4: lost: a deleted account is left out:",
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
            "2: lost: no field has the name \"Last Sign In [READ ONLY]\": … (and 1 more)",
            "2: lost: no field has the name \"Org Unit Path [Required]\": … (and 1 more)",
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
        report: &["2: lost: no field has the name \"Org Unit Path [Required]\": … (and 1 more)"],
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
            "6: lost: entries of the class \"computer\" are neither users nor groups,",
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
];
