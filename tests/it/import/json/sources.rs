//! Documents of other products.

use crate::import::{CASE, Case};

pub(super) const CASES: &[Case] = &[
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
            "9: lost: no field has the name \"createdTimestamp\": nemo … (and 1 more)",
            "9: lost: no field has the name \"notBefore\": nemo",
            "9: lost: no field has the name \"realmRoles\": nemo",
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
            "1: lost: no field has the name \"access\": nemo",
            "1: lost: no field has the name \"createdTimestamp\": nemo … (and 1 more)",
            "1: lost: no field has the name \"notBefore\": nemo",
            "1: lost: no field has the name \"totp\": nemo … (and 1 more)",
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
            "1: lost: no field has the name \"is_staff\": nemo",
            "1: lost: no field has the name \"is_superuser\": nemo",
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
            "1: lost: no field has the name \"fields\"",
            "1: lost: no field has the name \"model\"",
            "1: lost: no field has the name \"pk\"",
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
            "1: lost: no field has the name \"avatar_url\": nemo",
            "1: lost: no field has the name \"id\": nemo … (and 1 more)",
            "1: lost: no field has the name \"is_admin\": nemo",
            "1: lost: no field has the name \"web_url\": nemo",
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
            "1: lost: no field has the name \"admin\": nemo@sea.example",
            "1: lost: no field has the name \"encrypted_password\":",
            "1: lost: no field has the name \"id\": nemo@sea.example … (and 1 more)",
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
            "6: lost: a password hash is left out because it has no known format",
            "7: lost: nothing here can check a password of the kind $2b$ at a",
            "8: lost: nothing here can check a password of the kind hexadecimal",
        ],
        ..CASE
    },
];
