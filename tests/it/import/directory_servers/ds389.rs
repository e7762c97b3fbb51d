//! 389 Directory Server.

use super::{PASSWORD, Running, assert_logins, assert_records, assert_report, tool, with_passwords};
use crate::support::cli::{new_database, run, said};
use crate::support::folder::Folder;
use crate::support::tools::has_tool;
use crate::support::wait::eventually;
use std::process::{Command, Stdio};
use std::sync::Arc;

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
    "lost: entries of the class domain are neither users nor groups, and are left out: dc=example,dc=org",
    "lost: entries of the class organizationalUnit are neither users nor groups, and are left out: ou=people,\
     dc=example,dc=org (and 1 more)",
    "lost: entries of the class LdapSubEntry are neither users nor groups, and are left out: cn=nsManagedDisabledRole,\
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

    /// Runs a command of the server while the server is stopped.
    fn offline(&self, command: &str, words: &[&str]) {
        let folder = self.path("");
        let words = [&[command, "-D", &folder, "-n", "userroot"], words].concat();
        tool(self.0.path(), "/usr/sbin/ns-slapd", &words, "");
    }

    /// Changes entries while the server runs.
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
fn dumps_of_389_directory_server_import_as_its_tree() {
    let Some(server) = Ds389::new() else { return };
    std::fs::write(server.path("tree.ldif"), server.tree()).expect("a file");
    server.offline("ldif2db", &["-i", &server.path("tree.ldif")]);
    server.change(DS389_CHANGES);

    let (plain, replica) = (server.path("plain.ldif"), server.path("replica.ldif"));
    server.offline("db2ldif", &["-a", &plain]);
    let dump = std::fs::read_to_string(&plain).expect("the dump");
    assert_eq!(dump.matches("memberOf: cn=all,ou=groups,dc=example,dc=org").count(), 2, "{dump}");
    let folder = Arc::new(new_database());
    let (status, out, err) = said(&run(&folder, &["import", &plain]));
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("logins from uid (9)"), "{out}");
    assert_report(&err, &DS389_REPORT);
    assert_records(&folder, DS389_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid", "dora", "eve"], &["fay", "gus", "hal", "ivy", "gone"]);

    server.offline("db2ldif", &["-r", "-a", &replica]);
    let dump = std::fs::read_to_string(&replica).expect("the dump");
    assert!(dump.contains(";deleted: uid=gone") && dump.contains("nsTombstone"), "{dump}");
    let folder = Arc::new(new_database());
    let (status, _, err) = said(&run(&folder, &["import", &replica]));
    assert_eq!(status, 0, "{err}");
    let deleted =
        ["lost: values that are marked as deleted are left out", "lost: entries that are deleted are left out"];
    assert_report(&err, &[&DS389_REPORT, deleted.as_slice()].concat());
    assert_records(&folder, DS389_RECORDS);
    assert_logins(&folder, &["ada", "bob", "cid", "dora", "eve"], &["fay", "gus", "hal", "ivy", "gone"]);
}
