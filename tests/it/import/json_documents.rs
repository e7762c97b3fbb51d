//! JSON of other systems.

use super::{CASE, Case, Encoding};

pub(super) const DOCUMENTS: &[Case] = &[
    Case {
        name: "names of other programs",
        file: "aliases.jsonl",
        flags: &["--create-groups"],
        text: r#"{"handle":"j1","mail":"j1@sea.example"}
{"uid":"j2","givenname":"J","sn":"Two"}
{"id":"j3","firstName":"J"}
{"username":"j4","enabled":false}
{"login":"j5","is_active":false}
{"sAMAccountName":"j6","memberOf":["crew"]}
{"name":"j7","disabled":"yes"}
{"name":"j8","suspended":1}
{"name":"j9","groups":"crew;deck"}
{"user":"k1","active":"sometimes"}
{"email":"k2@sea.example","blocked":true}
{"userPrincipalName":"k3@sea.example","accountEnabled":true}
"#,
        users: &[
            "j1:",
            "j2:",
            "j3:",
            "j4 disabled:",
            "j5 disabled:",
            "j6: crew",
            "j7 disabled:",
            "j8 disabled:",
            "j9: crew, deck",
            "k1 disabled:",
            "k2@sea.example disabled:",
            "k3@sea.example:",
        ],
        groups: &["crew:", "deck:"],
        report: &["10: lost: the value of \"active\" is not understood, so the account is"],
        ..CASE
    },
    Case {
        name: "an array over lines",
        file: "array.json",
        text: r#"[
  {
    "name": "nemo",
    "groups": ["members"]
  },
  {"name": "ned", "enabled": true}
]
"#,
        users: &["ned:", "nemo: members"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "arrays one after another",
        file: "arrays.json",
        text: r#"[{"name":"nemo"},{"name":"ned"}]
[{"name":"kim"}]
"#,
        users: &["kim:", "ned:", "nemo:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "Datadog documents, one a line",
        file: "datadog.jsonl",
        text: r#"{"disabled":true,"handle":"nemo@sea.example","name":"Captain Nemo","title":null,"is_admin":true,"role":null,"access_role":"adm","verified":true,"email":"nemo@sea.example","icon":"https://x"}
{"disabled":false,"handle":"ned@sea.example","name":"Ned Land","title":"Harpooner","is_admin":false,"role":null,"access_role":"ro","verified":false,"email":"ned@sea.example","icon":"https://x"}
"#,
        users: &["ned@sea.example read:", "nemo@sea.example disabled admin: administrators"],
        ..CASE
    },
    Case {
        name: "a Datadog list",
        file: "datadog-list.json",
        text: r#"{"users":[{"disabled":false,"handle":"nemo@sea.example","name":"Captain Nemo","title":null,"is_admin":false,"role":null,"access_role":"st","verified":true,"email":"nemo@sea.example","icon":"https://x"},{"disabled":true,"handle":"ned@sea.example","name":"Ned","title":null,"is_admin":false,"role":null,"access_role":"st","verified":true,"email":"ned@sea.example","icon":"x"}]}
"#,
        users: &["ned@sea.example disabled:", "nemo@sea.example:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a Datadog answer of one user",
        file: "datadog-user.json",
        text: r#"{"user":{"disabled":false,"handle":"nemo@sea.example","name":"Captain Nemo","title":null,"is_admin":false,"role":null,"access_role":"st","verified":true,"email":"nemo@sea.example","icon":"https://x"}}
"#,
        users: &["nemo@sea.example:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "Nuxeo users and groups",
        file: "nuxeo.jsonl",
        text: r#"{"entity-type":"user","id":"nemo","properties":{"username":"nemo","firstName":"Nemo","lastName":"D","email":"nemo@sea.example","groups":["bridge"],"tenantId":null,"company":null},"extendedGroups":[{"name":"bridge","label":"Bridge","url":"group/bridge"}],"isAdministrator":false,"isAnonymous":false}
{"entity-type":"user","id":"ned","properties":{"username":"ned","groups":["administrators"]},"isAdministrator":true,"isAnonymous":false}
{"entity-type":"group","id":"bridge","groupname":"bridge","grouplabel":"The bridge","properties":{"groupname":"bridge","grouplabel":"The bridge","description":null},"memberUsers":["nemo","kim"],"memberGroups":["deck"]}
{"entity-type":"group","groupname":"deck","grouplabel":"deck","memberUsers":[],"memberGroups":[],"parentGroups":["ship"]}
{"entity-type":"group","groupname":"ship"}
"#,
        users: &["ned admin: administrators", "nemo: bridge"],
        groups: &["bridge: deck, waiting user kim", "deck:", "ship: deck"],
        ..CASE
    },
    Case {
        name: "a page of Nuxeo users",
        file: "nuxeo-page.json",
        text: r#"{"entity-type":"users","isPaginable":true,"resultsCount":2,"pageSize":50,"currentPageSize":2,"currentPageIndex":0,"numberOfPages":1,"isPreviousPageAvailable":false,"isNextPageAvailable":false,"isLastPageAvailable":false,"isSortable":true,"hasError":false,"errorMessage":null,"totalSize":2,"entries":[{"entity-type":"user","id":"nemo","properties":{"username":"nemo","groups":["members"]}},{"entity-type":"user","id":"ned","properties":{"username":"ned","groups":[]}}]}
"#,
        users: &["ned:", "nemo: members"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a page with more pages",
        file: "nuxeo-part.json",
        text: r#"{"entity-type":"users","isPaginable":true,"resultsCount":9,"pageSize":1,"isNextPageAvailable":true,"entries":[{"entity-type":"user","id":"nemo","properties":{"username":"nemo","groups":[]}}]}
"#,
        users: &["nemo:"],
        report: &["1: missing: the document is a page, and there are more pages"],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "an administrator of Nuxeo without a group",
        file: "nuxeo-admin.json",
        text: r#"{"entity-type":"user","id":"nemo","properties":{"username":"nemo","groups":["members"]},"isAdministrator":true}
"#,
        users: &["nemo: members"],
        report: &["1: lost: isAdministrator gives no rights: the user is not in the"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "Keycloak's realm",
        file: "realm.json",
        flags: &["--create-groups"],
        text: r#"{
  "id": "sea", "realm": "sea", "enabled": true, "sslRequired": "external",
  "roles": {"realm": [{"name": "admin"}]},
  "groups": [
    {"id": "g1", "name": "ship", "path": "/ship", "attributes": {"port": ["Nantes"]}, "realmRoles": [], "clientRoles": {},
     "subGroups": [{"id": "g2", "name": "bridge", "path": "/ship/bridge", "subGroups": []}]}
  ],
  "users": [
    {"id": "u1", "createdTimestamp": 1, "username": "nemo", "enabled": true, "emailVerified": true, "firstName": "Nemo",
     "lastName": "D", "email": "nemo@sea.example", "attributes": {"rank": ["captain"]},
     "credentials": [{"type": "password", "secretData": "{\"value\":\"NFgMo0vIqZyEmvs6W9IGwSV3BVu51GxUvSFcLW5TcVA=\",\"salt\":\"c2FsdHNhbHRzYWx0c2FsdA==\"}", "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}],
     "realmRoles": ["admin"], "groups": ["/ship/bridge"], "requiredActions": [], "notBefore": 0},
    {"id": "u2", "createdTimestamp": 1, "username": "ned", "enabled": false, "emailVerified": false,
     "credentials": [], "groups": ["/ship"]}
  ],
  "clients": [{"clientId": "account"}]
}
"#,
        users: &["ned disabled: ship", "nemo password: ship/bridge"],
        groups: &["ship: ship/bridge", "ship/bridge:"],
        report: &[
            "1: lost: the key \"clients\" of the document is not read",
            "1: lost: the key \"enabled\" of the document is not read",
            "1: lost: the key \"id\" of the document is not read",
            "1: lost: the key \"realm\" of the document is not read",
            "1: lost: the key \"roles\" of the document is not read",
            "1: lost: the key \"sslRequired\" of the document is not read",
            "9: lost: no field here is called \"createdTimestamp\": nemo … (and 1 more)",
            "9: lost: no field here is called \"notBefore\": nemo",
            "9: lost: no field here is called \"realmRoles\": nemo",
            "9: lost: the key \"id\" gives way to \"username\": nemo … (and 1 more)",
        ],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "users of Keycloak's API",
        file: "keycloak.json",
        text: r#"[{"id":"a1","createdTimestamp":1700000000000,"username":"nemo","enabled":true,"totp":false,"emailVerified":true,"firstName":"Nemo","lastName":"D","email":"nemo@sea.example","disableableCredentialTypes":[],"requiredActions":[],"notBefore":0,"access":{"manageGroupMembership":true}},{"id":"a2","createdTimestamp":1700000000000,"username":"ned","enabled":false,"totp":false,"emailVerified":false}]
"#,
        users: &["ned disabled:", "nemo:"],
        report: &[
            "1: lost: no field here is called \"access\": nemo",
            "1: lost: no field here is called \"createdTimestamp\": nemo … (and 1 more)",
            "1: lost: no field here is called \"notBefore\": nemo",
            "1: lost: no field here is called \"totp\": nemo … (and 1 more)",
            "1: lost: the key \"id\" gives way to \"username\": nemo … (and 1 more)",
        ],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "Okta's API",
        file: "okta.jsonl",
        text: r#"{"login":"nemo@sea.example","firstName":"Nemo","lastName":"D","email":"nemo@sea.example","mobilePhone":null,"status":"ACTIVE"}
{"login":"ned@sea.example","firstName":"Ned","lastName":"L","email":"ned@sea.example","status":"SUSPENDED"}
"#,
        users: &["ned@sea.example disabled:", "nemo@sea.example:"],
        ..CASE
    },
    Case {
        name: "Entra's Graph",
        file: "graph.json",
        text: r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[{"id":"1","userPrincipalName":"nemo@sea.example","displayName":"Captain Nemo","accountEnabled":true,"mail":null},{"id":"2","userPrincipalName":"ned@sea.example","displayName":"Ned","accountEnabled":false}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=x"}
"#,
        users: &["ned@sea.example disabled:", "nemo@sea.example:"],
        report: &[
            "1: lost: the key \"@odata.context\" of the document is not read",
            "1: lost: the key \"id\" gives way to \"userPrincipalName\": … (and 1 more)",
            "1: missing: the document is a page, and there are more pages",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "Django",
        file: "django.json",
        text: r#"[{"username":"nemo","first_name":"Nemo","last_name":"D","email":"nemo@sea.example","is_staff":true,"is_superuser":true,"is_active":true,"password":"pbkdf2_sha256$1000$saltsalt$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0=","groups":[]},
{"username":"ned","is_active":false,"password":"!unusable","groups":[]}]
"#,
        users: &["ned disabled:", "nemo:"],
        report: &[
            "1: lost: no field here is called \"is_staff\": nemo",
            "1: lost: no field here is called \"is_superuser\": nemo",
            "1: lost: nothing here can check a password of the kind",
            "2: lost: nothing here can check a password of the kind marker of a",
        ],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "dumpdata of Django",
        file: "dumpdata.json",
        text: r#"[{"model":"auth.user","pk":1,"fields":{"username":"nemo","is_active":true}}]
"#,
        report: &[
            "1: lost: no field here is called \"fields\"",
            "1: lost: no field here is called \"model\"",
            "1: lost: no field here is called \"pk\"",
            "1: refused: the login is missing",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "GitLab's API",
        file: "gitlab.json",
        text: r#"[{"id":1,"username":"nemo","name":"Captain Nemo","state":"active","locked":false,"avatar_url":"https://x","web_url":"https://y","is_admin":true,"email":"nemo@sea.example"},{"id":2,"username":"ned","name":"Ned","state":"blocked","locked":false}]
"#,
        users: &["ned disabled:", "nemo:"],
        report: &[
            "1: lost: no field here is called \"avatar_url\": nemo",
            "1: lost: no field here is called \"id\": nemo … (and 1 more)",
            "1: lost: no field here is called \"is_admin\": nemo",
            "1: lost: no field here is called \"web_url\": nemo",
        ],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "Rails with Devise",
        file: "devise.jsonl",
        text: r#"{"id":1,"email":"nemo@sea.example","encrypted_password":"$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e","locked_at":null,"admin":true}
{"id":2,"email":"ned@sea.example","locked_at":"2026-01-01T00:00:00Z"}
"#,
        users: &["ned@sea.example disabled:", "nemo@sea.example:"],
        report: &[
            "1: lost: no field here is called \"admin\": nemo@sea.example",
            "1: lost: no field here is called \"encrypted_password\":",
            "1: lost: no field here is called \"id\": nemo@sea.example … (and 1 more)",
        ],
        ..CASE
    },
    Case {
        name: "stored hashes of many programs",
        file: "hashes.jsonl",
        text: r#"{"name":"h1","password":"argon2$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$ZtkxkY+lu+i6gY9sq3fLy8jifI0FDvVU"}
{"name":"h2","password":"scrypt:32768:8:1$abcdefgh$abababababababababababababababab"}
{"name":"h3","password":"AQAAAAEAACcQAAAAEJ9Aq2b7vQ0j8s0n1Zr3Vx5r4pP0l8Cw2hYkq6t1Yc3d"}
{"name":"h4","password":"{bcrypt}$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"}
{"name":"h5","password":"{noop}secret"}
{"name":"h6","password_hash":"secret words"}
{"name":"h7","password_hash":"$2b$31$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2"}
{"name":"h8","hash":"5f4dcc3b5aa765d61d8327deb882cf99"}
{"name":"h9","password":"correct horse battery staple"}
{"name":"i1","password":12345678}
{"name":"i2","password":null}
"#,
        users: &[
            "h1:",
            "h2:",
            "h3:",
            "h4 password:",
            "h5:",
            "h6:",
            "h7:",
            "h8:",
            "h9 password:",
            "i1 password:",
            "i2:",
        ],
        report: &[
            "1: lost: nothing here can check a password of the kind argon2: it is",
            "2: lost: nothing here can check a password of the kind scrypt: it is",
            "3: lost: nothing here can check a password of the kind Base64",
            "5: lost: nothing here can check a password of the kind {noop}: it is",
            "6: lost: what is no stored value of a password is left out of a",
            "7: lost: nothing here can check a password of the kind $2b$ at a",
            "8: lost: nothing here can check a password of the kind hexadecimal",
        ],
        ..CASE
    },
    Case {
        name: "groups before their objects",
        file: "before.jsonl",
        text: r#"{"kind":"member","group":"bridge","user":"nemo"}
{"kind":"subgroup","group":"ship","subgroup":"bridge"}
{"kind":"user","name":"nemo","groups":["ship"]}
{"kind":"group","name":"bridge","groups":["fleet"]}
{"kind":"group","name":"ship"}
{"kind":"group","name":"fleet"}
"#,
        users: &["nemo: bridge, ship"],
        groups: &["bridge:", "fleet: bridge", "ship: bridge"],
        ..CASE
    },
    Case {
        name: "groups that nothing describes",
        file: "no-group.jsonl",
        text: r#"{"kind":"member","group":"bridge","user":"nemo"}
{"kind":"subgroup","group":"ship","subgroup":"bridge"}
{"name":"nemo","groups":["ship"]}
{"name":"ned"}
"#,
        users: &["ned:"],
        report: &[
            "1: refused: group does not exist: bridge (--create-groups makes it)",
            "2: refused: group does not exist: ship (--create-groups makes it)",
            "3: refused: group does not exist: ship (--create-groups makes it)",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "inner spaces",
        file: "spaces.jsonl",
        text: r#"{"kind":"group","name":"deck crew"}
{"kind":"group","name":"deck  crew"}
{"kind":"subgroup","group":"administrators","subgroup":"deck  crew"}
{"kind":"user","name":"nemo","groups":["deck crew"]}
{"kind":"user","name":"ned","groups":["deck  crew"]}
"#,
        users: &["ned admin: deck  crew", "nemo: deck crew"],
        groups: &["administrators: deck  crew", "deck  crew:", "deck crew:"],
        ..CASE
    },
    Case {
        name: "lines that are broken",
        file: "broken.jsonl",
        text: r#"{"name":"nemo"}
{"name":"ned","groups":[}
{"name":"kim"
{"name":"lee"}
nonsense
{"name":""}
{"first_name":"No"}
{"name":["x"]}
{"name":"max"}
"#,
        users: &["lee:", "max:", "nemo:"],
        report: &[
            "2: refused: the object is no JSON: unexpected closing curly bracket, no",
            "3: refused: the object is no JSON: unexpected end of the text at 14",
            "5: refused: the line is no JSON object",
            "6: refused: the login is missing: \"name\" is empty",
            "7: refused: the login is missing",
            "8: refused: name is not a text",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "an array that is cut off",
        file: "cut.json",
        text: r#"[
{"name":"nemo"},
{"name":"ned"},
"#,
        users: &["ned:", "nemo:"],
        report: &["4: refused: the list that begins in line 1 has no end: the file may"],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "numbers and truth for names",
        file: "numbers.jsonl",
        text: r#"{"id":7}
{"name":true}
{"username":1.50}
"#,
        report: &[
            "1: lost: no field here is called \"id\"",
            "1: refused: the login is missing",
            "2: refused: name is not a text",
            "3: refused: username is not a text",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "one name twice",
        file: "twice.jsonl",
        text: r#"{"name":"nemo","role":"read"}
{"name":"Nemo","role":"admin"}
{"kind":"group","name":"a"}
{"kind":"group","name":"A","groups":["administrators"]}
{"name":"ned","groups":["a"]}
"#,
        users: &["ned: a", "nemo read:"],
        groups: &["a:"],
        report: &[
            "2: refused: user already exists: Nemo (line 1 of the input has it)",
            "4: refused: group already exists: A (line 3 of the input has it)",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "roles and superusers",
        file: "roles.jsonl",
        text: r#"{"name":"r1","is_superuser":true}
{"name":"r2","role":"admin"}
{"name":"r3","role":"superadmin"}
{"name":"r4","roles":["admin"]}
{"name":"r5","groups":["administrators"],"disabled":true}
"#,
        users: &["r1:", "r2 admin: administrators", "r4:", "r5 disabled admin: administrators"],
        report: &[
            "1: lost: no field here is called \"is_superuser\": r1",
            "3: refused: role is none of admin, standard and read: \"superadmin\"",
            "4: lost: no field here is called \"roles\": r4",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "keys that are not known",
        file: "keys.jsonl",
        text: r#"{"name":"nemo","colour":"blue","shoe":42}
{"name":"ned","colour":"red","Colour":"green"}
{"name":"kim","name":"kim2"}
"#,
        users: &["kim:", "ned:", "nemo:"],
        report: &[
            "1: lost: no field here is called \"colour\": nemo … (and 1 more)",
            "1: lost: no field here is called \"shoe\": nemo",
            "2: lost: no field here is called \"Colour\": ned",
            "3: lost: the key \"name\" gives way to \"name\": kim",
        ],
        ..CASE
    },
    Case {
        name: "UTF-16 and a mark",
        file: "utf16.json",
        encoding: Encoding::Utf16Be,
        text: r#"[{"name":"zoë"},{"name":"日本"}]
"#,
        users: &["zoë:", "日本:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a mark before each file",
        file: "marks.jsonl",
        encoding: Encoding::Mark,
        text: r#"{"name":"zoë"}
"#,
        users: &["zoë:"],
        shuffled: false,
        ..CASE
    },
    Case {
        name: "properties of all kinds",
        file: "properties.jsonl",
        text: r#"{"name":"nemo","properties":{"depth":12345678901234567890.123456789,"crew":[1,null,true,{"x":""}]}}
{"name":"ned","properties":"none"}
{"name":"kim","properties":{}}
"#,
        users: &["kim:", "nemo:"],
        report: &["2: refused: properties is not an object"],
        status: 1,
        ..CASE
    },
    Case {
        name: "waiting members",
        file: "waiting.jsonl",
        text: r#"{"kind":"group","name":"bridge","groups":["fleet"]}
{"kind":"member","group":"bridge","user":"soon"}
{"kind":"subgroup","group":"bridge","subgroup":"later"}
"#,
        groups: &["bridge: waiting group later, waiting parent fleet, waiting user soon"],
        ..CASE
    },
    Case {
        name: "cycles",
        file: "cycle.jsonl",
        text: r#"{"kind":"group","name":"a","groups":["b"]}
{"kind":"group","name":"b","groups":["a"]}
{"kind":"subgroup","group":"a","subgroup":"a"}
"#,
        groups: &["a:", "b: a"],
        report: &[
            "2: refused: a group cannot contain itself: b in a closes a circle",
            "3: refused: a group cannot contain itself: a in a closes a circle",
        ],
        status: 1,
        shuffled: false,
        ..CASE
    },
    Case {
        name: "a group mapped to administrators",
        file: "map.jsonl",
        flags: &["--map-group", "root=administrators", "--create-groups"],
        text: r#"{"name":"nemo","groups":["root"]}
{"name":"ned","groups":["wheel"]}
"#,
        users: &["ned: wheel", "nemo admin: administrators"],
        groups: &["wheel:"],
        ..CASE
    },
    Case {
        name: "the last administrator",
        file: "last.jsonl",
        flags: &["--on-conflict", "update"],
        text: r#"{"name":"Administrator","disabled":true,"groups":[]}
{"name":"nemo","groups":["administrators"],"password":"twenty thousand leagues"}
"#,
        users: &["Administrator disabled password:", "nemo admin password: administrators"],
        ..CASE
    },
    Case {
        name: "the last administrator stays",
        file: "last-stays.jsonl",
        flags: &["--on-conflict", "update"],
        text: r#"{"name":"Administrator","groups":[]}
{"name":"nemo","groups":["administrators"],"disabled":true}
"#,
        users: &["nemo disabled admin: administrators"],
        report: &["1: refused: the last enabled administrator has to stay one"],
        status: 1,
        ..CASE
    },
    Case {
        name: "a role against a group",
        file: "role-group.jsonl",
        text: r#"{"name":"r1","role":"read","groups":["administrators","members"]}
{"name":"r2","access_role":"st","groups":["ADMINISTRATORS"]}
{"name":"r3","role":"read","groups":["powerusers"]}
"#,
        users: &["r1 read: members", "r2:", "r3 read: powerusers"],
        report: &["1: missing: a role other than admin keeps users out of the group … (and 1 more)"],
        status: 1,
        ..CASE
    },
    Case {
        name: "groups that only memberships name, made",
        file: "subgroup-made.jsonl",
        flags: &["--create-groups"],
        text: r#"{"kind":"subgroup","group":"ship","subgroup":"bridge"}
{"kind":"group","name":"deck","groups":["fleet"]}
{"kind":"member","group":"hold","user":"nemo"}
"#,
        groups: &["deck: waiting parent fleet", "hold: waiting user nemo", "ship: waiting group bridge"],
        ..CASE
    },
    Case {
        name: "distinguished names in JSON",
        file: "names.jsonl",
        flags: &["--create-groups"],
        text: r#"{"name":"nemo","memberOf":["CN=Administrators,DC=sea"]}
{"dn":"uid=ned,dc=sea","uid":"ned","memberOf":["CN=Administrators,DC=sea"]}
"#,
        users: &["ned:", "nemo: CN=Administrators,DC=sea"],
        groups: &["CN=Administrators,DC=sea:"],
        report: &["2: missing: CN=Administrators,DC=sea is no group that was imported, and"],
        status: 1,
        ..CASE
    },
    Case {
        name: "names that cannot be",
        file: "control.jsonl",
        text: r#"{"name":"a\u0000b"}
{"name":"a\nb"}
{"name":"\u202eabc"}
{"name":"../x"}
"#,
        users: &["../x:"],
        report: &[
            "1: refused: user name contains the control character U+0000",
            "2: refused: user name contains the control character U+000A",
            "3: refused: user name contains U+202E, which changes the direction of",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "a role against a group that is mapped",
        file: "role-map.jsonl",
        flags: &["--map-group", "root=administrators"],
        text: r#"{"name":"nemo","role":"read","groups":["root"]}
{"name":"ned","groups":["ROOT"]}
{"kind":"group","name":"root"}
"#,
        users: &["ned admin: administrators", "nemo read:"],
        report: &["1: missing: a role other than admin keeps users out of the group"],
        status: 1,
        ..CASE
    },
    Case {
        name: "a list of a group whose row is refused",
        file: "list.jsonl",
        text: r#"{"name":"nemo"}
{"kind":"group","name":"administrators","members":["nemo"]}
{"entity-type":"group","groupname":"powerusers","memberUsers":["nemo"]}
"#,
        users: &["nemo:"],
        report: &[
            "2: missing: the row of the group administrators or that of its member was refused",
            "2: refused: group already exists: administrators",
            "3: missing: the row of the group powerusers or that of its member was refused",
            "3: refused: group already exists: powerusers",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "lists that may be memberships, under other names",
        file: "teams.jsonl",
        text: r#"{"name":"nemo","teams":["deck"],"teamCount":2}
{"kind":"group","name":"bridge","users":["nemo"]}
"#,
        users: &["nemo:"],
        groups: &["bridge:"],
        report: &[
            "1: lost: no field here is called \"teamCount\"",
            "1: missing: no field here is called \"teams\"",
            "2: missing: no field here is called \"users\"",
        ],
        status: 1,
        ..CASE
    },
];
