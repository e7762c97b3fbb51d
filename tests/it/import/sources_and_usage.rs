//! LDIF and JSON lines from files and pipes, and wrong usage.

use crate::support::cli::{new_database, run, run_with_input, said};
use crate::support::folder::Folder;
use crate::support::import::{exported, import, user, write};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

const LDIF: &str = "\
version: 1
# Groups come before those who are in them here.
dn: dc=example,dc=org
objectClass: dcObject
dc: example

dn: cn=engineers,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: engineers
description:: TGVzIGluZ8OpbmlldXJz
member: uid=ada,ou=people,dc=example,dc=org
member: cn=Bob B,ou=people,
 dc=example,dc=org
member: cn=staff,ou=groups,dc=example,dc=org
member: uid=nobody,ou=people,dc=example,dc=org

dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: staff
gidNumber: 100
memberUid: ada

dn: uid=ada,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
givenName: Ada
mail: ada@example.org
userPassword:: e1NTSEF9Z1dQTzNFbVkrSGJ3ZlRNeGNMdFdyUVVFRkN4ellXeDA=
jpegPhoto:: /9j/4AA=

dn: cn=Bob B,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
cn: Bob B
uid: bob
sn: B

dn: uid=gone,ou=people,dc=example,dc=org
changetype: delete
";

#[test]
fn ldif_of_a_directory_is_imported() {
    let folder = Arc::new(new_database());
    let file = write(&folder, "all.ldif", LDIF);
    let (status, out, err) = import(&folder, &file, &[]);
    assert_eq!(status, 1, "{err}");
    assert!(out.starts_with("all.ldif: 8 created, 0 updated, 0 unchanged, 1 refused, 1 missing"), "{out}{err}");
    for remark in [":3: lost: ", ":15: missing: members of cn=engineers,", ":39: refused: ", "jpegPhoto"] {
        assert!(err.contains(remark), "no {remark} in:\n{err}");
    }
    let records = exported(&folder);
    let engineers = records.iter().find(|record| record["name"] == "engineers").expect("the group");
    assert_eq!(engineers["description"], "Les ingénieurs");
    let is_subgroup = |record: &Value| record["group"] == "engineers" && record["subgroup"] == "staff";
    assert!(records.iter().any(is_subgroup), "{records:#?}");
    assert!(!records.iter().any(|record| record["kind"] == "member"), "{records:#?}");
    assert_eq!(user(&folder, "ada")["groups"], json!(["engineers", "staff"]));
    let bob = user(&folder, "bob");
    assert_eq!((&bob["groups"], &bob["last_name"]), (&json!(["engineers"]), &json!("B")));
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(server.nuxeo_as(("ada", "geheime worte"), "GET", "/me", None).status, 200);
    assert!(server.stop().success());
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 3 users, 5 groups, 4 memberships"));
}

#[test]
fn json_lines_are_imported_from_a_pipe() {
    let folder = new_database();
    let lines = "{\"name\":\"ada\",\"properties\":{\"n\":1.50}}\n\n{\"kind\":\"group\",\"name\":\"team\"}\nnull\n\
                 {\"kind\":\"member\",\"group\":\"team\",\"user\":\"ada\"}\n";
    let (status, out, err) = said(&run_with_input(&folder, &["import", "-", "--format", "jsonl"], lines));
    assert_eq!(status, 1);
    assert!(err.starts_with("standard input:4: refused: "), "{err}");
    assert_eq!(out, "standard input: 3 created, 0 updated, 0 unchanged, 1 refused\n");
    let ada = user(&folder, "ada");
    assert_eq!(ada["groups"], json!(["team"]));
    let (_, exported, _) = said(&run(&folder, &["export", "-", "--format", "jsonl"]));
    assert!(exported.contains("\"properties\":{\"n\":1.50}"), "{exported}");
}

#[test]
fn wrong_usage_is_refused_before_anything_is_imported() {
    let folder = Folder::new();
    let text = write(&folder, "users.txt", "name\nada\n");
    let headless = write(&folder, "users.csv", "colour,size\nred,1\n");
    for (words, status, message) in [
        (vec!["import", "nowhere.csv"], 1, "read nowhere.csv"),
        (vec!["import", &text], 2, "--format is needed"),
        (vec!["import", &text, "--format", "xls"], 2, "the formats are csv, jsonl and ldif, not xls"),
        (vec!["import", &headless], 1, "name"),
        (vec!["import", &text, "--format", "csv", "--batch", "0"], 2, "--batch"),
        (vec!["import", &text, "--format", "csv", "--on-conflict", "pray"], 2, "pray"),
        (vec!["export", "out.txt"], 2, "--format is needed"),
        (vec!["export", "out.csv"], 1, "there is no database"),
    ] {
        let (code, _, err) = said(&run(&folder, &words));
        assert_eq!(code, status, "{words:?}: {err}");
        assert!(err.contains(message), "{words:?}: {err}");
    }
    assert!(!folder.db().exists() && !folder.path().join("out.csv").exists());
    // Without a database, the command creates one with its first secrets.
    let (status, out, _) = import(&folder, &text, &["--format", "csv"]);
    assert_eq!((status, out.as_str()), (0, "users.txt: 1 created, 0 updated, 0 unchanged\n"));
    let (status, _, _) = said(&run(&folder, &["user", "show", "administrator"]));
    assert_eq!(status, 0);
}

#[test]
fn report_and_export_never_overwrite_the_database_or_the_input() {
    let folder = new_database();
    let file = write(&folder, "users.csv", "name\nada\n");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.db(), &link).expect("a link");
    let before = std::fs::read(folder.db()).expect("the database");
    for name in ["rollbook.db", "rollbook.db-wal", "rollbook.db.lock", "link"] {
        let path = folder.path().join(name).display().to_string();
        let (status, _, err) = said(&run(&folder, &["export", &path, "--format", "csv", "--force"]));
        assert!(status == 1 && err.contains("is the database itself"), "{name}: {err}");
        let (status, _, err) = import(&folder, &file, &["--report", &path]);
        assert!(status == 1 && err.contains("is the database itself"), "{name}: {err}");
    }
    let (status, _, err) = import(&folder, &file, &["--report", &file]);
    assert_eq!(
        (status, err.as_str()),
        (1, "rollbook: the report users.csv is the input itself: --report has to name another file\n")
    );
    assert_eq!(std::fs::read_to_string(&file).expect("the input"), "name\nada\n");
    assert_eq!(std::fs::read(folder.db()).expect("the database"), before);
    // An overwritten file is not readable by others afterwards.
    let open = write(&folder, "open.csv", "x");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    assert_eq!(said(&run(&folder, &["export", &open, "--force"])).0, 0);
    assert_eq!(std::fs::metadata(&open).unwrap().permissions().mode() & 0o777, 0o600);
}
