//! Real directory servers: a tree is loaded into each, its own tools dump it, and the dump is imported. Users, groups,
//! memberships, properties, disabled accounts and logins are compared with the tree.

use crate::support::cli::{exported_records, run, run_with_input, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::tools::has_tool;
use crate::support::wait::eventually;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The password of every user of the trees.
const PASSWORD: &str = "secret words";

/// Runs a program of a directory server in that folder, and returns its standard output.
fn tool(folder: &Path, program: &str, words: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    command.args(words).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()).expect("the program reads");
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.status.success(), "{program} {words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The tree with a stored password in place of each `userPassword: =KIND`.
fn with_passwords(tree: &str, hash: impl Fn(&str) -> String) -> String {
    let line = |line: &str| match line.strip_prefix("userPassword: =") {
        Some(kind) => format!("userPassword: {}\n", hash(kind).trim()),
        None => format!("{line}\n"),
    };
    tree.lines().map(line).collect()
}

/// A directory server that runs until this is dropped.
struct Running(Child);

impl Running {
    /// Ends the server in good order.
    fn stop(mut self) {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A new directory without a server.
fn directory() -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    assert!(run(&folder, &["key", "create", "api"]).status.success());
    folder
}

/// The records of a directory beside those that every directory has, without what is the same for all of them.
fn records(folder: &Folder) -> Vec<Value> {
    let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(status, 0, "{err}");
    let usual = [("role", json!("standard")), ("disabled", json!(false)), ("verified", json!(false))];
    let record = |mut record: Value| {
        let object = record.as_object_mut().expect("an object");
        object.remove("joined");
        object.retain(|key, value| !usual.contains(&(key.as_str(), value.clone())));
        if let Some(groups) = object.get_mut("groups").and_then(Value::as_array_mut) {
            groups.sort_by_key(Value::to_string);
        }
        record
    };
    let is_own = |record: &Value| {
        !["administrators", "members", "powerusers", "Administrator"].map(Value::from).contains(&record["name"])
    };
    exported_records(&out).into_iter().map(record).filter(is_own).collect()
}

/// Compares the records of a directory with a text of JSON objects.
fn assert_records(folder: &Folder, expected: &str) {
    let expected = serde_json::Deserializer::from_str(expected).into_iter();
    let expected: Vec<Value> = expected.collect::<Result<_, _>>().expect("objects of JSON");
    let found = records(folder);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

/// Checks the reasons in a report, in any order.
fn assert_report(err: &str, expected: &[&str]) {
    let mut report: Vec<&str> = err.lines().filter(|line| line.contains(".ldif:")).collect();
    for part in expected {
        let at = report.iter().position(|line| line.contains(part));
        report.remove(at.unwrap_or_else(|| panic!("no {part:?} in {err}")));
    }
    assert_eq!(report, [""; 0], "the report has other lines, too");
}

/// Checks that these users can log in and that the others cannot.
fn assert_logins(folder: &Arc<Folder>, names: &[&str], others: &[&str]) {
    let server = Server::over(Arc::clone(folder), &[]);
    let login = |name: &str, password: &str| server.nuxeo_as((name, password), "GET", "/me", None).status;
    for name in names {
        assert_eq!(login(name, PASSWORD), 200, "{name}");
        // The stored value was replaced.
        assert_eq!(login(name, PASSWORD), 200, "{name}");
    }
    for name in others {
        assert_eq!(login(name, PASSWORD), 401, "{name}");
    }
    assert_eq!(login(names[0], "other words"), 401);
}

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
 "email":"ada@example.org","company":"Engines","title":"Countess","groups":["staff"],"properties":{
 "description":"Wrote the first program.","labeledURI":"https://example.org/ada",
 "telephoneNumber":["+44 20 1","+44 20 2"]}}
{"kind":"user","name":"bob","last_name":"Builder","display_name":"Bob","groups":["board"]}
{"kind":"user","name":"cid, jr","display_name":"Cid","groups":["staff"]}
{"kind":"user","name":"dora","last_name":"Dorn","display_name":"Dora","disabled":true,"groups":[]}
{"kind":"user","name":"eve","last_name":"Ever","display_name":"Eve","disabled":true,"groups":[]}
{"kind":"user","name":"fay","display_name":"Fay","groups":["unix"]}
{"kind":"user","name":"gus","last_name":"Gust","display_name":"Gus","groups":["unix"]}
{"kind":"user","name":"hal","last_name":"Hall","display_name":"Hal","groups":[]}
"#;

const OPENLDAP_REPORT: [&str; 15] = [
    "lost: entries of the class domain are no users and no groups, and are left out: dc=example,dc=org",
    "lost: entries of the class organizationalUnit are no users and no groups, and are left out: ou=people,\
     dc=example,dc=org (and 1 more)",
    "lost: entries of the class device are no users and no groups, and are left out: cn=printer,dc=example,dc=org",
    "lost: the attribute gidNumber is left out: uid=ada,ou=people,dc=example,dc=org (and 2 more)",
    "lost: the attribute homeDirectory is left out: uid=ada,ou=people,dc=example,dc=org (and 1 more)",
    "lost: the attribute uidNumber is left out: uid=ada,ou=people,dc=example,dc=org (and 1 more)",
    "lost: the attribute jpegPhoto is left out: uid=bob,ou=people,dc=example,dc=org",
    "lost: the attribute manager is left out: uid=bob,ou=people,dc=example,dc=org",
    "lost: values of cn in other languages, or with other options, are left out: uid=ada,ou=people,dc=example,dc=org",
    "lost: other values of uid are left out: uid=gus,ou=people,dc=example,dc=org",
    "lost: nothing here can check a password of the kind {CRYPT}: it is left out",
    "missing: members of cn=board,ou=groups,dc=example,dc=org are nobody here: no user and no group was imported from \
     them: uid=gone,ou=people,dc=example,dc=org",
    "missing: members of cn=unix,ou=groups,dc=example,dc=org are nobody here: no user and no group was imported from \
     them: memberUid gone",
    "refused: group already exists: administrators",
    "missing: the row of the group cn=administrators,ou=groups,dc=example,dc=org or that of its member was \
     refused or skipped, and makes nobody a member: uid=ada,ou=people,dc=example,dc=org",
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
fn a_dump_of_openldap_comes_in_as_its_tree() {
    let Some(server) = openldap() else { return };
    let tree = openldap_tree(server.path());
    tool(server.path(), "/usr/sbin/slapadd", &["-f", "slapd.conf"], &tree);
    let dump = server.path().join("openldap.ldif");
    std::fs::write(&dump, tool(server.path(), "/usr/sbin/slapcat", &["-f", "slapd.conf"], "")).expect("a file");
    let dump = dump.to_str().expect("a path in UTF-8");

    let folder = directory();
    let (status, out, err) = said(&run(&folder, &["import", dump]));
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.contains("17 created") && out.contains("logins from uid (8)"), "{out}");
    assert_report(&err, &OPENLDAP_REPORT);
    assert_records(&folder, OPENLDAP_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid, jr", "fay", "gus"], &["dora", "eve", "hal"]);

    // The operator says that one group means the other.
    let folder = directory();
    let (status, _, err) = said(&run(&folder, &["import", dump, "--map-group", "administrators=administrators"]));
    assert_eq!(status, 1, "{err}");
    assert_report(&err, &OPENLDAP_REPORT[..13]);
    let mapped = r#""role":"admin","groups":["administrators","staff"],"properties""#;
    assert_records(&folder, &OPENLDAP_RECORDS.replace(r#""groups":["staff"],"properties""#, mapped));
}

#[test]
fn a_search_of_openldap_is_piped_in() {
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

    let folder = directory();
    let (status, out, err) = said(&run_with_input(&folder, &["import", "-", "--format", "ldif"], &found));
    assert_eq!(status, 1, "{err}");
    assert!(out.contains("17 created"), "{out}");
    assert_report(&err.replace("standard input:", "openldap.ldif:"), &OPENLDAP_REPORT);
    assert_records(&folder, OPENLDAP_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid, jr", "fay", "gus"], &["dora", "eve", "hal"]);
}

// ------------------------------------------------------------------------------------------ 389 Directory Server

/// Configuration of the database and of its replication. The configuration of the package has the rest.
const DS389_DATABASE: &str = r#"
dn: cn=userroot,cn=ldbm database,cn=plugins,cn=config
objectClass: top
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: userroot
nsslapd-suffix: dc=example,dc=org
nsslapd-directory: %db_dir%/userroot
nsslapd-cachememsize: 10000000
nsslapd-dncachememsize: 10000000

dn: cn="dc=example,dc=org",cn=mapping tree,cn=config
objectClass: top
objectClass: extensibleObject
objectClass: nsMappingTree
cn: dc=example,dc=org
nsslapd-state: backend
nsslapd-backend: userroot

dn: cn=replica,cn="dc=example,dc=org",cn=mapping tree,cn=config
objectClass: top
objectClass: nsDS5Replica
cn: replica
nsDS5ReplicaRoot: dc=example,dc=org
nsDS5ReplicaType: 3
nsDS5Flags: 1
nsDS5ReplicaId: 1
nsDS5ReplicaBindDN: cn=replication manager,cn=config
"#;

const DS389_TREE: &str = "\
dn: dc=example,dc=org
objectClass: top
objectClass: domain
dc: example
aci: (targetattr=\"*\")(version 3.0; acl \"all\"; allow (read) userdn=\"ldap:///anyone\";)

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: cn=nsManagedDisabledRole,dc=example,dc=org
objectClass: top
objectClass: LdapSubEntry
objectClass: nsRoleDefinition
objectClass: nsSimpleRoleDefinition
objectClass: nsManagedRoleDefinition
cn: nsManagedDisabledRole

dn: uid=ada,ou=people,dc=example,dc=org
objectClass: nsPerson
objectClass: nsAccount
objectClass: nsOrgPerson
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
displayName: Ada Lovelace
givenName: Ada
sn: Lovelace
sn;lang-ja: \u{30e9}\u{30d6}\u{30ec}\u{30b9}
mail: ada@example.org
mobile: +44 7700 900000
userPassword: =PBKDF2-SHA256

dn: uid=bob,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Builder
userPassword: =PBKDF2-SHA512

dn: uid=cid,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: cid
cn: Cid
sn: Cid
userPassword: =PBKDF2_SHA256

dn: uid=dora,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: dora
cn: Dora
sn: Dorn
userPassword: =SSHA512

dn: uid=eve,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: eve
cn: Eve
sn: Ever
userPassword: =CRYPT-SHA512

dn: uid=fay,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: fay
cn: Fay
sn: Fay
nsAccountLock: true
userPassword: =SSHA

dn: uid=gus,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: gus
cn: Gus
sn: Gust
nsRoleDN: cn=nsManagedDisabledRole,dc=example,dc=org
userPassword: =SSHA

dn: uid=hal,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: hal
cn: Hal
sn: Hall
userPassword: =CRYPT-MD5

dn: uid=ivy,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ivy
cn: Ivy
sn: Ivory
mail: old@example.org
nsAccountLock: false
userPassword: =PBKDF2-SHA1

dn: cn=all,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: all
member: cn=staff,ou=groups,dc=example,dc=org
member: cn=board,ou=groups,dc=example,dc=org

dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: staff
uniqueMember: uid=ada,ou=people,dc=example,dc=org
uniqueMember: uid=fay,ou=people,dc=example,dc=org

dn: cn=board,ou=groups,dc=example,dc=org
objectClass: groupOfNames
objectClass: nsMemberOf
cn: board
member: uid=bob,ou=people,dc=example,dc=org
memberOf: cn=all,ou=groups,dc=example,dc=org
";

/// Changes while the server runs. Deleted values and entries stay in a dump for replication.
const DS389_CHANGES: &str = "\
dn: uid=gone,ou=people,dc=example,dc=org
changetype: add
objectClass: inetOrgPerson
uid: gone
cn: Gone
sn: Gone

dn: cn=board,ou=groups,dc=example,dc=org
changetype: modify
add: member
member: uid=gone,ou=people,dc=example,dc=org
member: uid=eve,ou=people,dc=example,dc=org

dn: cn=board,ou=groups,dc=example,dc=org
changetype: modify
delete: member
member: uid=gone,ou=people,dc=example,dc=org
member: uid=bob,ou=people,dc=example,dc=org

dn: uid=gone,ou=people,dc=example,dc=org
changetype: delete

dn: uid=ivy,ou=people,dc=example,dc=org
changetype: modify
replace: mail
mail: ivy@example.org
-
delete: nsAccountLock
nsAccountLock: false
-
add: nsAccountLock
nsAccountLock: true
";

const DS389_RECORDS: &str = r#"
{"kind":"group","name":"all"}
{"kind":"group","name":"board"}
{"kind":"group","name":"staff"}
{"kind":"subgroup","group":"all","subgroup":"staff"}
{"kind":"subgroup","group":"all","subgroup":"board"}
{"kind":"user","name":"ada","first_name":"Ada","last_name":"Lovelace","display_name":"Ada Lovelace",
 "email":"ada@example.org","groups":["staff"],"properties":{"mobile":"+44 7700 900000"}}
{"kind":"user","name":"bob","last_name":"Builder","display_name":"Bob","groups":[]}
{"kind":"user","name":"cid","last_name":"Cid","groups":[]}
{"kind":"user","name":"dora","last_name":"Dorn","display_name":"Dora","groups":[]}
{"kind":"user","name":"eve","last_name":"Ever","display_name":"Eve","groups":["board"]}
{"kind":"user","name":"fay","last_name":"Fay","disabled":true,"groups":["staff"]}
{"kind":"user","name":"gus","last_name":"Gust","display_name":"Gus","disabled":true,"groups":[]}
{"kind":"user","name":"hal","last_name":"Hall","display_name":"Hal","groups":[]}
{"kind":"user","name":"ivy","last_name":"Ivory","display_name":"Ivy","email":"ivy@example.org",
 "disabled":true,"groups":[]}
"#;

const DS389_REPORT: [&str; 5] = [
    "lost: entries of the class domain are no users and no groups, and are left out: dc=example,dc=org",
    "lost: entries of the class organizationalUnit are no users and no groups, and are left out: ou=people,\
     dc=example,dc=org (and 1 more)",
    "lost: entries of the class LdapSubEntry are no users and no groups, and are left out: cn=nsManagedDisabledRole,\
     dc=example,dc=org",
    "lost: values of sn in other languages, or with other options, are left out: uid=ada,ou=people,dc=example,dc=org",
    "lost: nothing here can check a password of the kind {crypt}$1$: it is left out",
];

/// An instance of 389 Directory Server in a folder of its own.
struct Ds389(Folder);

impl Ds389 {
    fn new() -> Option<Ds389> {
        if !has_tool("/usr/bin/pwdhash", "389-ds-base") || !has_tool("ldapsearch", "ldap-utils") {
            return None;
        }
        let folder = Folder::new();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let folders = ["db", "bak", "cert", "run", "lock", "log", "tmp", "ldif", "schema", "inst"];
        folders.iter().for_each(|name| std::fs::create_dir(path(name)).expect("a folder"));
        for file in std::fs::read_dir("/usr/share/dirsrv/schema").expect("the schema of the package") {
            let file = file.expect("a file").path();
            std::fs::copy(&file, folder.path().join("schema").join(file.file_name().expect("a name"))).expect("a copy");
        }
        std::fs::copy("/etc/dirsrv/config/slapd-collations.conf", path("slapd-collations.conf")).expect("a copy");
        let user = tool(folder.path(), "id", &["-un"], "");
        let mut dse = std::fs::read_to_string("/usr/share/dirsrv/data/template-dse.ldif").expect("the template");
        dse = format!("{}\n{DS389_DATABASE}", dse.trim_end());
        // It writes memberOf, also for groups that contain the member by another group.
        let member_of = "memberof_postop_init\nnsslapd-plugintype: betxnpostoperation\nnsslapd-pluginenabled: ";
        assert!(dse.contains(&format!("{member_of}off")), "the template has the plugin");
        dse = dse.replace(&format!("{member_of}off"), &format!("{member_of}on"));
        // By default, its caches take a quarter of the memory of the machine.
        dse = dse.replace("nsslapd-mode: 600\n", "nsslapd-mode: 600\nnsslapd-cache-autosize: 0\n");
        for name in ["bak", "cert", "db", "inst", "ldif", "lock", "log", "run", "schema", "tmp"] {
            dse = dse.replace(&format!("%{name}_dir%"), &path(name));
        }
        for (name, value) in [
            ("config_dir", path("").trim_end_matches('/')),
            ("db_home_dir", &path("db")),
            ("db_lib", "bdb"),
            ("ds_passwd", "{CLEAR}secret words"),
            ("ds_port", "0"),
            ("ds_suffix", "dc=example,dc=org"),
            ("ds_user", user.trim()),
            ("fqdn", "localhost"),
            ("ldapi", &path("s.sock")),
            ("ldapi_autobind", "off"),
            ("ldapi_enabled", "on"),
            ("rootdn", "cn=Directory Manager"),
        ] {
            dse = dse.replace(&format!("%{name}%"), value);
        }
        std::fs::write(path("dse.ldif"), dse).expect("a file");
        Some(Ds389(folder))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn tree(&self) -> String {
        let folder = self.path("");
        let hash = |kind: &str| tool(self.0.path(), "/usr/bin/pwdhash", &["-D", &folder, "-s", kind, PASSWORD], "");
        with_passwords(DS389_TREE, hash)
    }

    /// Runs a command of the server while it does not serve.
    fn offline(&self, command: &str, words: &[&str]) {
        let folder = self.path("");
        let words = [&[command, "-D", &folder, "-n", "userroot"], words].concat();
        tool(self.0.path(), "/usr/sbin/ns-slapd", &words, "");
    }

    /// Changes entries while the server serves.
    fn change(&self, changes: &str) {
        let mut server = Command::new("/usr/sbin/ns-slapd");
        server.args(["-D", &self.path(""), "-d", "0"]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Running(server.spawn().expect("ns-slapd starts"));
        let url = format!("ldapi://{}", self.path("s.sock").replace('/', "%2F"));
        let login = ["-x", "-H", &url, "-D", "cn=Directory Manager", "-w", PASSWORD];
        eventually("ns-slapd", || {
            let who = Command::new("ldapwhoami").args(login).output();
            who.ok().filter(|output| output.status.success())
        });
        tool(self.0.path(), "ldapmodify", &login, changes);
        server.stop();
    }
}

#[test]
fn dumps_of_389_directory_server_come_in_as_its_tree() {
    let Some(server) = Ds389::new() else { return };
    std::fs::write(server.path("tree.ldif"), server.tree()).expect("a file");
    server.offline("ldif2db", &["-i", &server.path("tree.ldif")]);
    server.change(DS389_CHANGES);

    let (plain, replica) = (server.path("plain.ldif"), server.path("replica.ldif"));
    server.offline("db2ldif", &["-a", &plain]);
    let dump = std::fs::read_to_string(&plain).expect("the dump");
    assert_eq!(dump.matches("memberOf: cn=all,ou=groups,dc=example,dc=org").count(), 2, "{dump}");
    let folder = directory();
    let (status, out, err) = said(&run(&folder, &["import", &plain]));
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("logins from uid (9)"), "{out}");
    assert_report(&err, &DS389_REPORT);
    assert_records(&folder, DS389_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid", "dora", "eve"], &["fay", "gus", "hal", "ivy", "gone"]);

    server.offline("db2ldif", &["-r", "-a", &replica]);
    let dump = std::fs::read_to_string(&replica).expect("the dump");
    assert!(dump.contains(";deleted: uid=gone") && dump.contains("nsTombstone"), "{dump}");
    let folder = directory();
    let (status, _, err) = said(&run(&folder, &["import", &replica]));
    assert_eq!(status, 0, "{err}");
    let deleted =
        ["lost: values that are marked as deleted are left out", "lost: entries that are deleted are left out"];
    assert_report(&err, &[&DS389_REPORT, deleted.as_slice()].concat());
    assert_records(&folder, DS389_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid", "dora", "eve"], &["fay", "gus", "hal", "ivy", "gone"]);
}
