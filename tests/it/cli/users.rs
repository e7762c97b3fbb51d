//! `rollbook user`.

use crate::support::cli::{run, said};
use crate::support::folder::Folder;
use crate::support::nuxeo::user_body;
use crate::support::server::Server;
use crate::support::session::both_ways;
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn users_are_created_shown_updated_and_deleted() {
    both_ways(&[
        (
            "user add Ada --first-name Ada --last-name Lovelace --email ada@example.com --group members --property n=1.50",
            "",
            0,
            "",
            "created user Ada\n",
        ),
        ("user add ada", "", 1, "", "rollbook: user already exists: ada (rollbook user set changes it)\n"),
        ("user add bob --role read --external-id b7 --disabled true", "", 0, "", "created user bob\n"),
        ("user add eve --role admin --password", "secret words\n", 0, "", "created user eve\n"),
        (
            "user add kim --password",
            "\n",
            1,
            "",
            "rollbook: the password is empty; leave out --password to create a user without a password\n",
        ),
        (
            "user add kim --group nope",
            "",
            1,
            "",
            "rollbook: group does not exist: nope (rollbook group add creates one, rollbook group list shows all)\n",
        ),
        ("user add ~", "", 1, "", "rollbook: user name is blank\n"),
        (
            "user add kim --property n=x",
            "",
            2,
            "",
            "error: invalid value 'n=x' for '--property <NAME=JSON>': the value is not JSON (unexpected char: 'x' at line 1 column 1)\n\nFor more information, try '--help'.\n",
        ),
        (
            "user list",
            "",
            0,
            "NAME           E-MAIL             FIRST NAME  LAST NAME  ROLE      DISABLED\n\
             Ada            ada@example.com    Ada         Lovelace   standard  no\n\
             Administrator  devnull@nuxeo.com  -           -          admin     no\n\
             bob            -                  -           -          read      yes\n\
             eve            -                  -           -          admin     no\n",
            "",
        ),
        (
            "user show ADA",
            "",
            0,
            "name:              Ada\n\
             first name:        Ada\n\
             last name:         Lovelace\n\
             email:             ada@example.com\n\
             role:              standard\n\
             disabled:          no\n\
             verified:          no\n\
             groups:            members\n\
             properties:        {\"n\":1.50}\n\
             inherited groups:  -\n\
             uuid:              UUID\n\
             created:           TIME\n\
             updated:           TIME\n",
            "",
        ),
        (
            "user set ada --email '' --company Engines,~Ltd --display-name The~Countess --group '' --property n=null --verified true",
            "",
            0,
            "",
            "updated user Ada\n",
        ),
        (
            "user show ada --format json",
            "",
            0,
            "{\"name\":\"Ada\",\"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\"display_name\":\"The Countess\",\"company\":\"Engines, Ltd\",\"role\":\"standard\",\"disabled\":false,\"verified\":true,\"groups\":[],\"inherited_groups\":[],\"uuid\":\"UUID\",\"created\":\"TIME\",\"updated\":\"TIME\"}\n",
            "",
        ),
        (
            "user show ada --format csv",
            "",
            0,
            "name,first_name,last_name,display_name,email,company,title,role,disabled,verified,external_id,created,updated,phone\n\
             Ada,Ada,Lovelace,The Countess,,\"Engines, Ltd\",,standard,false,true,,TIME,TIME,\n",
            "",
        ),
        (
            "user set nobody --title x",
            "",
            1,
            "",
            "rollbook: user does not exist: nobody (rollbook user list shows all)\n",
        ),
        ("user show nobody", "", 1, "", "rollbook: user does not exist: nobody (rollbook user list shows all)\n"),
        (
            "user enable bob nobody ada",
            "",
            1,
            "",
            "enabled user bob\nenabled user ada\nrollbook: nobody: user does not exist: nobody (rollbook user list shows all)\n",
        ),
        (
            "user disable Administrator eve",
            "",
            1,
            "",
            "disabled user Administrator\nrollbook: eve: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
        (
            "user set eve --role standard",
            "",
            1,
            "",
            "rollbook: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
        ("user delete administrator bob", "", 0, "", "deleted user administrator\ndeleted user bob\n"),
        ("user delete bob", "", 1, "", "rollbook: bob: user does not exist: bob (rollbook user list shows all)\n"),
        (
            "user delete eve",
            "",
            1,
            "",
            "rollbook: eve: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
        ("user list --format json --match zzz", "", 0, "[]\n", ""),
        ("user list --match zzz", "", 0, "NAME  E-MAIL  FIRST NAME  LAST NAME  ROLE  DISABLED\n", ""),
        (
            "user list --format json",
            "",
            0,
            "[\n\
             {\"company\":\"Engines, Ltd\",\"created\":\"TIME\",\"disabled\":false,\"display_name\":\"The Countess\",\"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\"name\":\"Ada\",\"role\":\"standard\",\"updated\":\"TIME\",\"uuid\":\"UUID\",\"verified\":true},\n\
             {\"created\":\"TIME\",\"disabled\":false,\"name\":\"eve\",\"role\":\"admin\",\"updated\":\"TIME\",\"uuid\":\"UUID\",\"verified\":false}\n\
             ]\n",
            "",
        ),
    ]);
}

#[test]
fn user_list_combines_filters() {
    let names =
        |out: &str| out.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect::<Vec<_>>();
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let user = |properties: Value| assert_eq!(server.nuxeo("POST", "/user", Some(&user_body(properties))).status, 201);
    user(json!({"username": "ada", "firstName": "Ada", "lastName": "LOVELACE", "groups": ["members"]}));
    user(json!({"username": "bob", "email": "Bob@Example.com", "groups": ["powerusers", "members"]}));
    user(json!({"username": "kim", "lastName": "Ärger"}));
    assert_eq!(server.datadog("PUT", "/api/v1/user/kim", Some(r#"{"name":"Straße 100% O'Neil"}"#)).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/bob", None).status, 200);
    let fields = ["user", "set", "ada", "--title", "Countess", "--company", "Engines"];
    assert!(run(&folder, &fields).status.success());
    assert!(run(&folder, &["user", "set", "bob", "--external-id", "hr-7"]).status.success());
    let group =
        json!({"entity-type": "group", "groupname": "ops", "memberUsers": ["ada"], "parentGroups": ["administrators"]});
    assert_eq!(server.nuxeo("POST", "/group", Some(&group.to_string())).status, 201);
    let filters: [(&[&str], &[&str]); 24] = [
        (&[], &["ada", "Administrator", "bob", "kim"]),
        (&["--enabled"], &["ada", "Administrator", "kim"]),
        (&["--disabled"], &["bob"]),
        (&["--verified"], &["Administrator"]),
        (&["--admins"], &["ada", "Administrator"]),
        (&["--group", "MEMBERS"], &["ada", "bob"]),
        (&["--group", "members", "--enabled"], &["ada"]),
        (&["--group", "members", "--admins", "--disabled"], &[]),
        (&["--match", "lace"], &["ada"]),
        (&["--match", "EXAMPLE"], &["bob"]),
        (&["--match", "ärg"], &["kim"]),
        (&["--match", "STRASSE"], &["kim"]),
        (&["--match", "100%"], &["kim"]),
        (&["--match", "%"], &["kim"]),
        (&["--match", "o'n"], &["kim"]),
        (&["--match", "a", "--admins", "--verified"], &["Administrator"]),
        (&["--match", ""], &["ada", "Administrator", "bob", "kim"]),
        (&["--match", "_"], &[]),
        (&["--match", "Lovelace, ÁDA"], &["ada"]),
        (&["--match", "lace bob"], &[]),
        (&["--match", "arger strasse O'NEIL"], &["kim"]),
        (&["--match", "tess gine"], &["ada"]),
        (&["--match", "HR-７"], &["bob"]),
        (&["--match", " , \u{301}"], &["ada", "Administrator", "bob", "kim"]),
    ];
    for (words, expected) in filters {
        let (status, out, err) = said(&run(&folder, &[&["user", "list", "--format", "csv"], words].concat()));
        assert_eq!(
            (status, names(&out)),
            (0, expected.iter().map(|name| (*name).to_owned()).collect()),
            "{words:?} {err}"
        );
    }
    let many: String = (0..33).map(|number| format!("{number} ")).collect();
    let (status, _, err) = said(&run(&folder, &["user", "list", "--match", &many]));
    assert_eq!((status, err.as_str()), (1, "rollbook: the search has more than 32 words\n"));
    let (status, _, err) = said(&run(&folder, &["user", "list", "--group", "nope"]));
    assert_eq!((status, err.as_str()), (1, "rollbook: group does not exist: nope (rollbook group list shows all)\n"));
    assert_eq!(run(&folder, &["user", "list", "--enabled", "--disabled"]).status.code(), Some(2));
}

#[test]
fn users_disabled_for_long_can_be_purged() {
    both_ways(&[
        ("user add old --disabled true", "", 0, "", "created user old\n"),
        ("user add older --disabled true", "", 0, "", "created user older\n"),
        ("user add young", "", 0, "", "created user young\n"),
        ("user purge --older-than 1d --dry-run", "", 0, "", "0 users would be deleted\n"),
        ("user purge --older-than 1d", "", 0, "", "deleted 0 users\n"),
        ("user purge --older-than 0s --dry-run", "", 0, "old\nolder\n", "2 users would be deleted\n"),
        ("user purge --older-than 0s", "", 0, "old\nolder\n", "deleted 2 users\n"),
        ("user list --disabled --format json", "", 0, "[]\n", ""),
        (
            "user purge",
            "",
            2,
            "",
            "error: the following required arguments were not provided:\n  --older-than <AGE>\n\nUsage: rollbook user purge --older-than <AGE>\n\nFor more information, try '--help'.\n",
        ),
    ]);
}
