//! Groups, roles, broken lines and names.

use crate::import::{CASE, Case, Encoding};

pub(super) const CASES: &[Case] = &[
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
            "2: refused: the object is not JSON: unexpected closing curly bracket, no",
            "3: refused: the object is not JSON: unexpected end of the text at 14",
            "5: refused: the line is not a JSON object",
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
            "1: lost: no field has the name \"id\"",
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
            "1: lost: no field has the name \"is_superuser\": r1",
            "3: refused: role is not admin, standard or read: \"superadmin\"",
            "4: lost: no field has the name \"roles\": r4",
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
            "1: lost: no field has the name \"colour\": nemo … (and 1 more)",
            "1: lost: no field has the name \"shoe\": nemo",
            "2: lost: no field has the name \"Colour\": ned",
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
            "2: refused: a group cannot contain itself: b in a closes a cycle",
            "3: refused: a group cannot contain itself: a in a closes a cycle",
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
            "1: lost: no field has the name \"teamCount\"",
            "1: missing: no field has the name \"teams\"",
            "2: missing: no field has the name \"users\"",
        ],
        status: 1,
        ..CASE
    },
];
