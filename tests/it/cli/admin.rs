//! The commands of an operator: on the file while no server holds it, and through the server that does.

use crate::support::admin_socket::{send, socket};
use crate::support::busy_connection::{KEPT_BUSY, busy, finish_busy};
use crate::support::cli::{rollbook, run, run_with_input, said};
use crate::support::client::{Answer, Connection};
use crate::support::folder::Folder;
use crate::support::nuxeo::user_body;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

/// What a command prints, less what is another one each time.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for word in text.split_inclusive([' ', '\n', '"', ',']) {
        let bare = word.trim_end_matches([' ', '\n', '"', ',']);
        let time = bare.len() == 24 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T';
        let uuid = bare.len() == 36 && bare.matches('-').count() == 4;
        steady.push_str(if time {
            "TIME"
        } else if uuid {
            "UUID"
        } else {
            bare
        });
        steady.push_str(&word[bare.len()..]);
    }
    steady
}

/// Runs commands on a new directory, on the file and then on another one through a server, and compares each with what
/// it has to say: the words, the input, the status, standard output, and what standard error says.
fn both_ways(session: &[(&str, &str, i32, &str, &str)]) {
    for served in [false, true] {
        let folder = Arc::new(Folder::new());
        let server = Server::over(Arc::clone(&folder), &[]);
        let server = if served {
            Some(server)
        } else {
            server.stop();
            None
        };
        for (words, input, status, out, err) in session {
            let words = words_of(words);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (code, stdout, stderr) = said(&run_with_input(&folder, &words, input));
            let context = format!("{words:?}, served: {served}\n{stdout}{stderr}");
            assert_eq!((code, steady(&stdout).as_str(), stderr.as_str()), (*status, *out, *err), "{context}");
        }
        drop(server);
    }
}

/// Splits a line at spaces; an underscore in a word stands for a space, and `''` for an empty word.
fn words_of(line: &str) -> Vec<String> {
    line.split(' ')
        .map(|word| if word == "''" { String::new() } else { word.replace("''", "").replace('~', " ") })
        .collect()
}

#[test]
fn users_are_made_shown_changed_and_removed() {
    both_ways(&[
        (
            "user add Ada --first-name Ada --last-name Lovelace --email ada@example.com --group members --property n=1.50",
            "",
            0,
            "",
            "made the user Ada\n",
        ),
        ("user add ada", "", 1, "", "rollbook: user already exists: ada (rollbook user set changes it)\n"),
        ("user add bob --role read --external-id b7 --disabled true", "", 0, "", "made the user bob\n"),
        ("user add eve --role admin --password", "secret words\n", 0, "", "made the user eve\n"),
        (
            "user add kim --password",
            "\n",
            1,
            "",
            "rollbook: the password is empty: without --password the user has none\n",
        ),
        (
            "user add kim --group nope",
            "",
            1,
            "",
            "rollbook: group does not exist: nope (rollbook group add makes one, rollbook group list shows all)\n",
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
            "changed the user Ada\n",
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
            "name,first_name,last_name,display_name,email,company,title,role,disabled,verified,external_id,created,updated\n\
             Ada,Ada,Lovelace,The Countess,,\"Engines, Ltd\",,standard,false,true,,TIME,TIME\n",
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
            "enabled the user bob\nenabled the user ada\nrollbook: nobody: user does not exist: nobody (rollbook user list shows all)\n",
        ),
        (
            "user disable Administrator eve",
            "",
            1,
            "",
            "disabled the user Administrator\nrollbook: eve: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
        (
            "user set eve --role standard",
            "",
            1,
            "",
            "rollbook: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
        ("user delete administrator bob", "", 0, "", "removed the user administrator\nremoved the user bob\n"),
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
fn a_list_holds_those_to_whom_every_filter_applies() {
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
    let group =
        json!({"entity-type": "group", "groupname": "ops", "memberUsers": ["ada"], "parentGroups": ["administrators"]});
    assert_eq!(server.nuxeo("POST", "/group", Some(&group.to_string())).status, 201);
    let filters: [(&[&str], &[&str]); 18] = [
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
    ];
    for (words, expected) in filters {
        let (status, out, err) = said(&run(&folder, &[&["user", "list", "--format", "csv"], words].concat()));
        assert_eq!(
            (status, names(&out)),
            (0, expected.iter().map(|name| (*name).to_owned()).collect()),
            "{words:?} {err}"
        );
    }
    let (status, _, err) = said(&run(&folder, &["user", "list", "--group", "nope"]));
    assert_eq!((status, err.as_str()), (1, "rollbook: group does not exist: nope (rollbook group list shows all)\n"));
    assert_eq!(run(&folder, &["user", "list", "--enabled", "--disabled"]).status.code(), Some(2));
}

#[test]
fn groups_are_made_shown_changed_and_filled() {
    both_ways(&[
        (
            "group add team --label The~team --description What~for --parent members --property n=[1]",
            "",
            0,
            "",
            "made the group team\n",
        ),
        ("group add TEAM", "", 1, "", "rollbook: group already exists: TEAM (rollbook group set changes it)\n"),
        ("user add ada", "", 0, "", "made the user ada\n"),
        ("user add bob", "", 0, "", "made the user bob\n"),
        (
            "group add-member team ada nobody BOB",
            "",
            1,
            "",
            "added ada\nadded BOB\nrollbook: nobody: user does not exist: nobody (rollbook user list shows all)\n",
        ),
        ("group add-member team ada", "", 0, "", "added ada\n"),
        (
            "group add-member nope ada",
            "",
            1,
            "",
            "rollbook: ada: group does not exist: nope (rollbook group list shows all)\n",
        ),
        ("group add-member team powerusers --groups", "", 0, "", "added powerusers\n"),
        (
            "group add-member powerusers members --groups",
            "",
            1,
            "",
            "rollbook: members: a group cannot contain itself: members in powerusers closes a circle (rollbook group show lists the groups in a group and above it)\n",
        ),
        (
            "group add-member team nope --groups",
            "",
            1,
            "",
            "rollbook: nope: group does not exist: nope (rollbook group list shows all)\n",
        ),
        (
            "group show Team",
            "",
            0,
            "name:            team\n\
             label:           The team\n\
             description:     What for\n\
             groups:          members\n\
             properties:      {\"n\":[1]}\n\
             users:           2\n\
             subgroups:       1\n\
             subgroup names:  powerusers\n\
             uuid:            UUID\n\
             created:         TIME\n\
             updated:         TIME\n",
            "",
        ),
        (
            "user list --group team --format csv --match b",
            "",
            0,
            "name,first_name,last_name,display_name,email,company,title,role,disabled,verified,external_id,created,updated\nbob,,,,,,,standard,false,false,,TIME,TIME\n",
            "",
        ),
        (
            "group list --match TEAM --format csv",
            "",
            0,
            "name,label,users,subgroups,description\nteam,The team,2,1,What for\n",
            "",
        ),
        (
            "group list",
            "",
            0,
            "NAME            LABEL                 USERS  GROUPS  DESCRIPTION\n\
             administrators  Administrators group  1      0       Group of users with adminstrative rights\n\
             members         Members group         0      1       Group of users with read access rights\n\
             powerusers      Power users group     0      0       Group of users with limited administrative rights\n\
             team            The team              2      1       What for\n",
            "",
        ),
        ("group remove-member team ada bob", "", 0, "", "removed ada\nremoved bob\n"),
        ("group remove-member team powerusers --groups", "", 0, "", "removed powerusers\n"),
        ("group remove-member team powerusers --groups", "", 0, "", "removed powerusers\n"),
        ("group set team --label '' --parent '' --description ''", "", 0, "", "changed the group team\n"),
        (
            "group show team --format json",
            "",
            0,
            "{\"name\":\"team\",\"groups\":[],\"properties\":{\"n\":[1]},\"users\":0,\"subgroups\":0,\"subgroup_names\":[],\"uuid\":\"UUID\",\"created\":\"TIME\",\"updated\":\"TIME\"}\n",
            "",
        ),
        (
            "group set nope --label x",
            "",
            1,
            "",
            "rollbook: group does not exist: nope (rollbook group list shows all)\n",
        ),
        ("group show nope", "", 1, "", "rollbook: group does not exist: nope (rollbook group list shows all)\n"),
        (
            "group delete team nope",
            "",
            1,
            "",
            "removed the group team\nrollbook: nope: group does not exist: nope (rollbook group list shows all)\n",
        ),
        (
            "group delete administrators",
            "",
            1,
            "",
            "rollbook: administrators: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
        (
            "group remove-member administrators Administrator",
            "",
            1,
            "",
            "rollbook: Administrator: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
    ]);
}

#[test]
fn those_who_have_been_disabled_for_long_can_be_purged() {
    both_ways(&[
        ("user add old --disabled true", "", 0, "", "made the user old\n"),
        ("user add older --disabled true", "", 0, "", "made the user older\n"),
        ("user add young", "", 0, "", "made the user young\n"),
        ("user purge --older-than 1d --dry-run", "", 0, "", "0 users would be removed\n"),
        ("user purge --older-than 1d", "", 0, "", "removed 0 users\n"),
        ("user purge --older-than 0s --dry-run", "", 0, "old\nolder\n", "2 users would be removed\n"),
        ("user purge --older-than 0s", "", 0, "old\nolder\n", "removed 2 users\n"),
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

#[test]
fn keys_and_passwords_are_the_server_s_at_once() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &["--password-pattern", "^.{8,}$"]);
    let (status, key, _) = said(&run(&folder, &["key", "create", "app", "--name", "new", "--role", "read"]));
    assert_eq!(status, 0);
    let reads = |key: &str| server.datadog_as(key.trim(), "GET", "/api/v1/user", None).status;
    assert_eq!(reads(&key), 200);
    assert_eq!(said(&run(&folder, &["key", "revoke", "3"])).0, 0);
    assert_eq!(reads(&key), 403);
    assert_eq!(
        said(&run(&folder, &["key", "revoke", "3"])),
        (1, String::new(), "rollbook: there is no valid key 3 (rollbook key list shows all)\n".to_owned())
    );
    let listed = said(&run(&folder, &["key", "list", "--format", "csv"])).1;
    assert!(listed.starts_with("id,kind,role,name,created,last_used,revoked\n1,api,,first,"), "{listed}");

    let login = |password: &str| server.nuxeo_as(("Administrator", password), "GET", "/me", None).status;
    assert_eq!(login(ADMIN_PASSWORD), 200);
    assert_eq!(said(&run_with_input(&folder, &["passwd", "administrator"], "other words\n")).0, 0);
    assert_eq!((login(ADMIN_PASSWORD), login("other words")), (401, 200));
    // The server's own rules hold.
    let (status, _, err) = said(&run_with_input(&folder, &["passwd", "administrator"], "short\n"));
    assert_eq!(
        (status, err.as_str()),
        (
            1,
            "rollbook: The password doesn't meet requirements (--password-pattern says which passwords are taken, here or in the server)\n"
        )
    );
    assert_eq!(login("other words"), 200);
}

#[test]
fn what_a_command_changes_is_seen_at_once_whatever_was_remembered() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let done = |words: &[&str]| {
        let (status, _, err) = said(&run(&folder, words));
        assert_eq!(status, 0, "{words:?}: {err}");
    };
    done(&["user", "add", "ada", "--role", "admin", "--group", "administrators"]);
    assert_eq!(run_with_input(&folder, &["passwd", "ada"], "secret words\n").status.code(), Some(0));
    let ada = ("ada", "secret words");
    let create = |name: &str| server.nuxeo_as(ada, "POST", "/user", Some(&user_body(json!({"username": name})))).status;
    let found = || server.nuxeo("GET", "/user/search?q=*", None).json()["resultsCount"].clone();
    assert_eq!((create("one"), found()), (201, json!(3)));
    done(&["user", "add", "two"]);
    assert_eq!(found(), 4);
    done(&["group", "remove-member", "administrators", "ada"]);
    assert_eq!(create("three"), 403);
    done(&["group", "add-member", "administrators", "ada"]);
    assert_eq!(create("three"), 201);
    done(&["user", "disable", "ada"]);
    assert_eq!(create("four"), 401);
    done(&["user", "enable", "ada"]);
    assert_eq!(create("four"), 201);
    done(&["group", "set", "administrators", "--label", "Chiefs"]);
    let groups = server.nuxeo_as(ada, "GET", "/me", None).json()["extendedGroups"].clone();
    assert_eq!(groups[0]["label"], "Chiefs");
    done(&["user", "delete", "ada"]);
    assert_eq!(create("five"), 401);
}

#[test]
fn a_command_says_where_it_works_when_asked() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let through = format!("working through the server at {}\n", socket(&folder).display());
    for words in [&["user", "list", "-v"][..], &["group", "list", "--verbose"], &["key", "list", "-v"], &["log", "-v"]]
    {
        let (status, _, err) = said(&run(&folder, words));
        assert_eq!((status, err.as_str()), (0, through.as_str()), "{words:?}");
    }
    server.stop();
    let on = format!("working on the file {}\n", folder.db().display());
    assert_eq!(said(&run(&folder, &["user", "list", "-v"])).2, on);
    assert_eq!(said(&run(&folder, &["user", "list"])).2, "");
}

#[test]
fn the_socket_is_its_owner_s_and_goes_with_the_server() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let mode = std::fs::metadata(socket(&folder)).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(server.stop().success());
    assert!(!socket(&folder).exists());
    // What a crash leaves is no obstacle.
    Server::over(Arc::clone(&folder), &[]).kill();
    assert!(socket(&folder).exists());
    assert_eq!(said(&run(&folder, &["user", "list"])).0, 0);
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(said(&run(&folder, &["user", "list", "-v"])).2.contains("through the server"));
    server.stop();
    // By whatever link the database is named.
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(folder.db(), &link).expect("a link");
    let _server = Server::over(Arc::clone(&folder), &[]);
    let listed = rollbook().args(["user", "list", "-v", "--db"]).arg(&link).output().expect("the command runs");
    assert!(said(&listed).2.contains("through the server"), "{listed:?}");
}

#[test]
fn a_server_without_a_socket_serves_all_the_same() {
    let folder = Arc::new(Folder::new());
    std::fs::write(socket(&folder), "mine").expect("a file");
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(server.log().contains("commands cannot reach this server"), "{}", server.log());
    assert_eq!(server.datadog("GET", "/api/v1/user", None).status, 200);
    let (status, _, err) = said(&run(&folder, &["user", "list"]));
    assert_eq!(status, 1);
    assert!(err.contains("is in use by another process"), "{err}");
    assert!(server.stop().success());
    assert_eq!(std::fs::read_to_string(socket(&folder)).expect("the file"), "mine");
}

#[test]
fn a_socket_can_be_where_paths_are_long() {
    let folder = Arc::new(Folder::new());
    let deep = folder.path().join("a".repeat(60)).join("b".repeat(60)).join("c".repeat(60));
    std::fs::create_dir_all(&deep).expect("a folder");
    let db = deep.join("rollbook.db");
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&db);
    let _server = Server::by(command, folder);
    let listed = rollbook().args(["user", "list", "-v", "--db"]).arg(&db).output().expect("the command runs");
    let (status, out, err) = said(&listed);
    assert!(status == 0 && out.contains("Administrator") && err.contains("through the server"), "{out}{err}");
}

#[test]
fn commands_that_meet_on_a_file_wait_for_each_other() {
    let folder = Folder::new();
    assert_eq!(said(&run(&folder, &["key", "create", "api"])).0, 0);
    std::thread::scope(|scope| {
        let folder = &folder;
        // A few at a time: each waits for the file for five seconds at most, and a machine may be slow.
        for adder in 0..4 {
            scope.spawn(move || {
                for number in 0..4 {
                    let (status, _, err) = said(&run(folder, &["user", "add", &format!("u{adder}-{number}")]));
                    assert_eq!(status, 0, "{err}");
                }
            });
        }
    });
    assert_eq!(said(&run(&folder, &["user", "list", "--format", "csv"])).1.lines().count(), 18);
}

#[test]
fn only_a_database_that_is_there_is_read_or_changed() {
    let folder = Folder::new();
    for words in [
        &["user", "list"][..],
        &["user", "add", "ada"],
        &["group", "list"],
        &["key", "list"],
        &["log"],
        &["passwd", "ada"],
    ] {
        let (status, _, err) = said(&run_with_input(&folder, words, "secret\n"));
        assert_eq!(status, 1, "{words:?}");
        assert!(err.contains("there is no database"), "{words:?}: {err}");
    }
    assert!(!folder.db().exists());
}

#[test]
fn the_socket_answers_every_mistake_with_a_reason() {
    let server = Server::start();
    let path = socket(&server.folder);
    let post = |target: &str, body: &str| {
        send(&path, &format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    };
    let order = |order: Value| post("/orders", &json!({"account": "me", "order": order}).to_string());
    let refused = |answer: Answer, status: u16, words: &str| {
        assert_eq!(answer.status, status, "{}", answer.text());
        let error = answer.json()["error"].as_str().expect("a reason").to_owned();
        assert!(error.contains(words), "{error}");
    };
    refused(post("/x", ""), 404, "there is nothing at this path");
    refused(send(&path, "GET /orders HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "an order is posted");
    refused(send(&path, "nonsense\r\n\r\n"), 400, "");
    refused(post("/orders", "{"), 400, "the order cannot be read");
    refused(post("/orders", r#"{"account":"me","order":{"sing":{}}}"#), 400, "unknown variant `sing`");
    refused(order(json!({"user": {"name": "nobody"}})), 404, "user does not exist: nobody");
    refused(order(json!({"add_user": {"name": "administrator"}})), 409, "user already exists");
    refused(order(json!({"add_user": {"name": " "}})), 400, "user name is blank");
    refused(order(json!({"delete_user": {"name": "administrator"}})), 409, "the last enabled administrator");
    refused(
        order(json!({"changes": {"after": 99, "from": null, "limit": 1, "wait": 0}})),
        410,
        "there is no change 99",
    );
    let done = order(json!({"delete_group": {"name": "members"}}));
    assert_eq!(done.parts(), (200, Value::Null));
    // Neither the socket's way in nor what it does is to be had from outside.
    assert_eq!(server.request("POST", "/orders", &[], Some(b"{}")).status, 404);
    server.wait_for_log("POST /orders 200 command me");
}

#[test]
fn a_server_that_goes_away_is_told() {
    let folder = Folder::new();
    assert_eq!(said(&run(&folder, &["key", "create", "api"])).0, 0);
    // Somebody who holds the database, listens and hangs up.
    let held = std::fs::File::open(folder.path().join("rollbook.db.lock")).expect("the lock");
    held.lock().expect("nobody else has it");
    let listener = UnixListener::bind(socket(&folder)).expect("a socket");
    let thread = std::thread::spawn(move || drop(listener.accept()));
    let (status, _, err) = said(&run(&folder, &["user", "list"]));
    assert_eq!(status, 1);
    assert!(err.contains("ask the server"), "{err}");
    thread.join().expect("it has hung up");
}

// What has changed

#[test]
fn the_log_shows_what_has_changed_the_oldest_first() {
    let folder = Arc::new(Folder::new());
    let _server = Server::over(Arc::clone(&folder), &[]);
    for words in [
        &["user", "add", "ada", "--email", "ada@example.com", "--group", "members"][..],
        &["user", "set", "ada", "--email", "", "--title", "Countess", "--property", "n=1"],
        &["user", "add", "bob"],
        &["group", "remove-member", "members", "ada"],
    ] {
        assert_eq!(said(&run(&folder, words)).0, 0);
    }
    let log = |words: &[&str]| {
        let (status, out, err) = said(&run(&folder, &[&["log"], words].concat()));
        assert_eq!(status, 0, "{err}");
        let steady = steady(&out);
        // The account of who runs the tests.
        steady.lines().map(|line| line.replacen(&account(&folder), "ME", 1)).collect::<Vec<_>>()
    };
    assert_eq!(
        log(&["--since", "7"]),
        [
            r#"8 TIME operator ME (command) user.created ada email: "ada@example.com""#,
            r#"9 TIME operator ME (command) member.added ada group: "members""#,
            r#"10 TIME operator ME (command) user.updated ada email: "ada@example.com" → null properties: {"n":null} → {"n":1} title: null → "Countess""#,
            "11 TIME operator ME (command) user.created bob",
            r#"12 TIME operator ME (command) member.removed ada group: "members""#,
        ]
    );
    let first =
        |lines: &[String]| lines.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(first(&log(&[])).len(), 12);
    assert!(log(&[])[0].starts_with("1 TIME - (program) group.created administrators"), "{:?}", log(&[]));
    assert_eq!(first(&log(&["-n", "2"])), ["11", "12"]);
    assert_eq!(first(&log(&["--name", "ADA"])), ["8", "9", "10", "12"]);
    assert_eq!(first(&log(&["--name", "members"])), ["2", "9", "12"]);
    assert_eq!(first(&log(&["--since", "2100-01-01T00:00:00Z"])), [""; 0]);
    assert_eq!(first(&log(&["--since", "2000-01-01T00:00:00Z", "-n", "1"])), ["12"]);
    assert_eq!(log(&["--since", "now"]), [""; 0]);
    let json: Value = serde_json::from_str(&log(&["-n", "1", "--format", "json"])[0]).expect("JSON");
    assert_eq!((&json["id"], &json["before"]), (&json!(12), &json!({"group": "members", "user": "ada"})));
    let (status, _, err) = said(&run(&folder, &["log", "--since", "99"]));
    assert_eq!((status, err.as_str()), (1, "rollbook: there is no change 99 yet: the last is 12\n"));
    assert_eq!(run(&folder, &["log", "--since", "yesterday"]).status.code(), Some(2));
}

/// Who the record says has run the commands.
fn account(folder: &Folder) -> String {
    let (_, out, _) = said(&run(folder, &["log", "-n", "1", "--format", "json"]));
    let change: Value = serde_json::from_str(&out).expect("JSON");
    change["caller"].as_str().expect("an account").to_owned()
}

#[test]
fn the_log_can_be_followed_while_a_server_runs() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let mut command = rollbook();
    command.args(["log", "--follow", "--format", "json", "-n", "1"]).env("ROLLBOOK_DB", folder.db());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    assert_eq!(next()["id"], 7);
    for number in 0..3 {
        let handle = format!("u{number}@example.com");
        let body = json!({"handle": handle}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
        assert_eq!(next()["name"], handle);
    }
    assert!(server.stop().success());
    child.kill().expect("it waits for the server");
    child.wait().expect("its end");
    let (status, _, err) = said(&run(&folder, &["log", "--follow"]));
    assert_eq!(
        (status, err.as_str()),
        (1, "rollbook: no server holds the database: nothing can change while --follow waits\n")
    );
}

#[test]
fn commands_have_places_of_their_own() {
    let folder = Arc::new(Folder::new());
    let flags = [&KEPT_BUSY[..], &["--max-connections", "2"]].concat();
    let server = Server::over(Arc::clone(&folder), &flags);
    let held: Vec<Connection> = (0..2).map(|_| busy(Connection::open(server.address))).collect();
    assert_eq!(said(&run(&folder, &["user", "list", "-v"])).0, 0);
    for mut connection in held {
        assert_eq!(finish_busy(&mut connection), 200);
    }
}

/// Somebody who is not root and has nothing on this machine.
const SOMEBODY: u32 = 54_321;

/// The folder and all files in it are theirs.
fn give_away(folder: &Path) {
    chown(folder, Some(SOMEBODY), Some(SOMEBODY)).expect("root may");
    for entry in std::fs::read_dir(folder).expect("the folder").flatten() {
        chown(entry.path(), Some(SOMEBODY), Some(SOMEBODY)).expect("root may");
    }
}

#[test]
fn what_root_does_to_the_database_of_a_resting_service_does_not_keep_the_service_from_it() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("this needs root: not tested");
    }
    // Where somebody else can get at it, wherever this project is.
    let place = std::env::temp_dir().join(format!("rollbook-{}", std::process::id()));
    std::fs::create_dir(&place).expect("a folder");
    std::fs::set_permissions(&place, Permissions::from_mode(0o755)).expect("its mode");
    let program = place.join("rollbook");
    std::fs::copy(crate::support::cli::binary(), &program).expect("a copy of the program");
    let state = place.join("state");
    std::fs::create_dir(&state).expect("a folder");
    let database = state.join("rollbook.db");
    let command = |words: &[&str]| {
        let mut command = rollbook();
        command.args(words).env("ROLLBOOK_DB", &database);
        said(&command.output().expect("the command runs"))
    };
    let serve = || {
        let (folder, mut command) = (Arc::new(Folder::new()), crate::support::cli::launcher(&program));
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&database).uid(SOMEBODY).gid(SOMEBODY);
        Server::by(command, folder)
    };
    let backup = place.join("backup.db");
    assert_eq!(command(&["key", "create", "api"]).0, 0);
    give_away(&state);
    // Each of them makes a lock file, and SQLite its own files, which are gone or left over afterwards.
    for words in [
        &["user", "add", "bob"][..],
        &["check"],
        &["backup", backup.to_str().expect("text")],
        &["restore", backup.to_str().expect("text")],
        &["log"],
    ] {
        std::fs::remove_file(state.join("rollbook.db.lock")).expect("a lock file");
        let (status, out, err) = command(words);
        assert_eq!(status, 0, "{words:?}: {out}{err}");
        let server = serve();
        // While the service runs, root is let in by its socket.
        assert_eq!(command(&["user", "show", "bob", "-v"]).0, 0, "{words:?}");
        assert!(command(&["user", "list", "-v"]).2.contains("working through the server at "), "{words:?}");
        assert!(server.stop().success());
        for entry in std::fs::read_dir(&state).expect("the folder").flatten() {
            let (name, owner) = (entry.file_name(), entry.metadata().expect("a file").uid());
            assert_eq!(owner, SOMEBODY, "{words:?}: {}", name.display());
        }
    }
    std::fs::remove_dir_all(&place).expect("the folder goes");
}
