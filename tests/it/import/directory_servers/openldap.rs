//! OpenLDAP.

use super::{PASSWORD, Running, assert_logins, assert_records, assert_report, tool, with_passwords};
use crate::support::cli::{new_database, run, run_with_input, said};
use crate::support::folder::Folder;
use crate::support::tools::has_tool;
use crate::support::wait::eventually;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

// ------------------------------------------------------------------------------------------ OpenLDAP

const OPENLDAP_CONF: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
moduleload argon2
pidfile slapd.pid
argsfile slapd.args
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw admin
directory db
maxsize 16777216
overlay memberof
overlay ppolicy
"#;

const OPENLDAP_TREE: &str = "\
dn: dc=example,dc=org
objectClass: top
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: uid=ada,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: shadowAccount
uid: ada
cn: Ada Lovelace
cn;lang-fr: Ada de Lovelace
givenName: Ada
sn: Lovelace
displayName: Ada Zo\u{eb} Lovelace
mail: ada@example.org
o: Engines
title: Countess
description: Wrote the first program.
telephoneNumber: +44 20 1
telephoneNumber: +44 20 2
labeledURI: https://example.org/ada
uidNumber: 1000
gidNumber: 1000
homeDirectory: /home/ada
shadowExpire: -1
userPassword: =SSHA

dn: uid=bob,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Builder
jpegPhoto:: /9j/4A==
manager: uid=ada,ou=people,dc=example,dc=org
userPassword: =CRYPT

dn: uid=cid\\2C jr,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: cid, jr
cn: Cid
sn: -
userPassword: =ARGON2

dn: uid=dora,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: shadowAccount
uid: dora
cn: Dora
sn: Dorn
shadowExpire: 10000
userPassword: =SSHA

dn: uid=eve,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: eve
cn: Eve
sn: Ever
pwdAccountLockedTime: 000001010000Z
userPassword: =SSHA

dn: uid=fay,ou=people,dc=example,dc=org
objectClass: account
objectClass: posixAccount
uid: fay
cn: Fay
uidNumber: 1001
gidNumber: 1000
homeDirectory: /home/fay
userPassword: =SMD5

dn: uid=gus,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: gus
uid: gustav
cn: Gus
sn: Gust
userPassword: =CLEAR

dn: uid=hal,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: hal
cn: Hal
sn: Hall
userPassword: =LOCKED

dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: staff
description: Everybody who works here
member: uid=ada,ou=people,dc=example,dc=org
member: uid=cid\\, jr,ou=People,dc=example,dc=org
member: cn=board,ou=groups,dc=example,dc=org

dn: cn=board,ou=groups,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: board
uniqueMember: uid=bob,ou=people,dc=example,dc=org
uniqueMember: uid=gone,ou=people,dc=example,dc=org

dn: cn=unix,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: unix
gidNumber: 1000
memberUid: fay
memberUid: gustav
memberUid: gone

dn: cn=administrators,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: administrators
member: uid=ada,ou=people,dc=example,dc=org

dn: cn=printer,dc=example,dc=org
objectClass: device
cn: printer
";

const OPENLDAP_RECORDS: &str = r#"
{"kind":"group","name":"board"}
{"kind":"group","name":"staff","description":"Everybody who works here"}
{"kind":"group","name":"unix"}
{"kind":"subgroup","group":"staff","subgroup":"board"}
{"kind":"user","name":"ada","first_name":"Ada","last_name":"Lovelace","display_name":"Ada Zoë Lovelace",
 "email":"ada@example.org","company":"Engines","title":"Countess","phone":"+44 20 1","groups":["staff"],"properties":{
 "description":"Wrote the first program.","labeledURI":"https://example.org/ada",
 "telephoneNumber":"+44 20 2"}}
{"kind":"user","name":"bob","last_name":"Builder","display_name":"Bob","groups":["board"]}
{"kind":"user","name":"cid, jr","display_name":"Cid","groups":["staff"]}
{"kind":"user","name":"dora","last_name":"Dorn","display_name":"Dora","disabled":true,"groups":[]}
{"kind":"user","name":"eve","last_name":"Ever","display_name":"Eve","disabled":true,"groups":[]}
{"kind":"user","name":"fay","display_name":"Fay","groups":["unix"]}
{"kind":"user","name":"gus","last_name":"Gust","display_name":"Gus","groups":["unix"]}
{"kind":"user","name":"hal","last_name":"Hall","display_name":"Hal","groups":[]}
"#;

const OPENLDAP_REPORT: [&str; 15] = [
    "lost: entries of the class domain are neither users nor groups, and are left out: dc=example,dc=org",
    "lost: entries of the class organizationalUnit are neither users nor groups, and are left out: ou=people,\
     dc=example,dc=org (and 1 more)",
    "lost: entries of the class device are neither users nor groups, and are left out: cn=printer,dc=example,dc=org",
    "lost: the attribute gidNumber is left out: uid=ada,ou=people,dc=example,dc=org (and 2 more)",
    "lost: the attribute homeDirectory is left out: uid=ada,ou=people,dc=example,dc=org (and 1 more)",
    "lost: the attribute uidNumber is left out: uid=ada,ou=people,dc=example,dc=org (and 1 more)",
    "lost: the attribute jpegPhoto is left out: uid=bob,ou=people,dc=example,dc=org",
    "lost: the attribute manager is left out: uid=bob,ou=people,dc=example,dc=org",
    "lost: values of cn in other languages, or with other options, are left out: uid=ada,ou=people,dc=example,dc=org",
    "lost: other values of uid are left out: uid=gus,ou=people,dc=example,dc=org",
    "lost: nothing here can check a password of the kind {CRYPT}: it is left out",
    "missing: members of cn=board,ou=groups,dc=example,dc=org are unknown: no user and no group was imported from \
     them: uid=gone,ou=people,dc=example,dc=org",
    "missing: members of cn=unix,ou=groups,dc=example,dc=org are unknown: no user and no group was imported from \
     them: memberUid gone",
    "refused: group already exists: administrators",
    "missing: the row of the group cn=administrators,ou=groups,dc=example,dc=org or that of its member was \
     refused or skipped, and adds no member: uid=ada,ou=people,dc=example,dc=org",
];

/// A folder with a configuration of slapd and an empty database.
fn openldap() -> Option<Folder> {
    if !has_tool("/usr/sbin/slappasswd", "slapd") || !has_tool("ldapsearch", "ldap-utils") {
        return None;
    }
    let folder = Folder::new();
    std::fs::write(folder.path().join("slapd.conf"), OPENLDAP_CONF).expect("a file");
    std::fs::create_dir(folder.path().join("db")).expect("a folder");
    Some(folder)
}

fn openldap_tree(folder: &Path) -> String {
    with_passwords(OPENLDAP_TREE, |kind| {
        let scheme = format!("{{{kind}}}");
        let mut words = vec!["-n", "-s", PASSWORD, "-h", &scheme];
        match kind {
            "CLEAR" => return PASSWORD.to_owned(),
            "LOCKED" => return "{CRYPT}!".to_owned(),
            "CRYPT" => words.extend(["-c", "$6$%.16s"]),
            "ARGON2" => words.extend(["-o", "module-path=/usr/lib/ldap", "-o", "module-load=argon2"]),
            _ => {}
        }
        tool(folder, "/usr/sbin/slappasswd", &words, "")
    })
}

#[test]
fn dump_of_openldap_imports_as_its_tree() {
    let Some(server) = openldap() else { return };
    let tree = openldap_tree(server.path());
    tool(server.path(), "/usr/sbin/slapadd", &["-f", "slapd.conf"], &tree);
    let dump = server.path().join("openldap.ldif");
    std::fs::write(&dump, tool(server.path(), "/usr/sbin/slapcat", &["-f", "slapd.conf"], "")).expect("a file");
    let dump = dump.to_str().expect("a path in UTF-8");

    let folder = Arc::new(new_database());
    let (status, out, err) = said(&run(&folder, &["import", dump]));
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.contains("17 created") && out.contains("logins from uid (8)"), "{out}");
    assert_report(&err, &OPENLDAP_REPORT);
    assert_records(&folder, OPENLDAP_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid, jr", "fay", "gus"], &["dora", "eve", "hal"]);

    // A flag says that one group stands for the other.
    let folder = Arc::new(new_database());
    let (status, _, err) = said(&run(&folder, &["import", dump, "--map-group", "administrators=administrators"]));
    assert_eq!(status, 1, "{err}");
    assert_report(&err, &OPENLDAP_REPORT[..13]);
    let mapped = r#""role":"admin","groups":["administrators","staff"],"properties""#;
    assert_records(&folder, &OPENLDAP_RECORDS.replace(r#""groups":["staff"],"properties""#, mapped));
}

#[test]
fn search_of_openldap_imports_from_a_pipe() {
    let Some(server) = openldap() else { return };
    let tree = openldap_tree(server.path());
    let mut slapd = Command::new("/usr/sbin/slapd");
    slapd.args(["-f", "slapd.conf", "-h", "ldapi://s.sock", "-d", "0"]).current_dir(server.path());
    let slapd = Running(slapd.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("slapd starts"));
    let login = ["-x", "-H", "ldapi://s.sock", "-D", "cn=admin,dc=example,dc=org", "-w", "admin"];
    eventually("slapd", || {
        let mut who = Command::new("ldapwhoami");
        who.args(login).current_dir(server.path()).output().ok().filter(|output| output.status.success())
    });
    tool(server.path(), "ldapadd", &login, &tree);
    let search = |attributes: &[&str]| {
        let words = [&login, ["-LLL", "-b", "dc=example,dc=org"].as_slice(), attributes].concat();
        tool(server.path(), "ldapsearch", &words, "")
    };
    let found = search(&["*", "+"]);
    slapd.stop();
    assert!(found.contains("memberOf: cn=staff,ou=groups,dc=example,dc=org"), "{found}");

    let folder = Arc::new(new_database());
    let (status, out, err) = said(&run_with_input(&folder, &["import", "-", "--format", "ldif"], &found));
    assert_eq!(status, 1, "{err}");
    assert!(out.contains("17 created"), "{out}");
    assert_report(&err.replace("standard input:", "openldap.ldif:"), &OPENLDAP_REPORT);
    assert_records(&folder, OPENLDAP_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid, jr", "fay", "gus"], &["dora", "eve", "hal"]);
}
