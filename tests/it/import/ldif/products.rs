//! Dumps of other products.

use crate::import::{CASE, Case};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "authentik",
        file: "authentik.ldif",
        text: r"dn: cn=nemo,ou=users,dc=ldap,dc=goauthentik,dc=io
objectClass: user
objectClass: organizationalPerson
objectClass: inetOrgPerson
objectClass: goauthentik.io/ldap/user
cn: nemo
sAMAccountName: nemo
uid: 9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de
name: Captain Nemo
displayName: Captain Nemo
mail: nemo@sea.example
ak-active: true
ak-superuser: true
goauthentik.io/ldap/superuser: true
memberOf: cn=bridge,ou=groups,dc=ldap,dc=goauthentik,dc=io
uidNumber: 2040

dn: cn=ned,ou=users,dc=ldap,dc=goauthentik,dc=io
objectClass: goauthentik.io/ldap/user
cn: ned
sAMAccountName: ned
uid: ab74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de
ak-active: false
goauthentik.io/ldap/active: false

dn: cn=bridge,ou=groups,dc=ldap,dc=goauthentik,dc=io
objectClass: group
objectClass: groupOfUniqueNames
objectClass: goauthentik.io/ldap/group
cn: bridge
uid: 11111111-2222-3333-4444-555555555566
member: cn=nemo,ou=users,dc=ldap,dc=goauthentik,dc=io

dn: cn=nemo,ou=virtual-groups,dc=ldap,dc=goauthentik,dc=io
objectClass: group
objectClass: goauthentik.io/ldap/virtual-group
cn: nemo
member: cn=nemo,ou=users,dc=ldap,dc=goauthentik,dc=io
",
        users: &["ned disabled:", "nemo: bridge"],
        groups: &["bridge:"],
        report: &[
            "1: lost: the attribute ak-superuser is left out:",
            "1: lost: the attribute goauthentik.io/ldap/superuser is left out:",
            "1: lost: the attribute uid is left out: … (and 2 more)",
            "1: lost: the attribute uidNumber is left out:",
            "34: lost: entries of the class goauthentik.io/ldap/virtual-group are",
        ],
        ..CASE
    },
    Case {
        name: "FreeIPA with preserved and staged users",
        file: "ipa.ldif",
        text: r"dn: uid=nemo,cn=users,cn=accounts,dc=ipa,dc=sea
objectClass: person
objectClass: posixaccount
objectClass: krbprincipalaux
objectClass: ipaobject
uid: nemo
cn: Nemo
sn: Nemo
nsAccountLock: FALSE
krbPrincipalName: nemo@SEA
memberOf: cn=crew,cn=groups,cn=accounts,dc=ipa,dc=sea
memberOf: cn=helpdesk,cn=roles,cn=accounts,dc=ipa,dc=sea

dn: uid=old,cn=deleted users,cn=accounts,cn=provisioning,dc=ipa,dc=sea
objectClass: person
objectClass: posixaccount
uid: old
cn: Old
sn: Old

dn: uid=new,cn=staged users,cn=accounts,cn=provisioning,dc=ipa,dc=sea
objectClass: person
objectClass: posixaccount
uid: new
cn: New
sn: New

dn: cn=crew,cn=groups,cn=accounts,dc=ipa,dc=sea
objectClass: groupofnames
objectClass: nestedgroup
objectClass: ipausergroup
objectClass: posixgroup
cn: crew
member: uid=nemo,cn=users,cn=accounts,dc=ipa,dc=sea

dn: cn=admins,cn=groups,cn=accounts,dc=ipa,dc=sea
objectClass: groupofnames
objectClass: ipausergroup
cn: admins
member: cn=crew,cn=groups,cn=accounts,dc=ipa,dc=sea

dn: cn=helpdesk,cn=roles,cn=accounts,dc=ipa,dc=sea
objectClass: groupofnames
objectClass: nestedgroup
cn: helpdesk
member: uid=nemo,cn=users,cn=accounts,dc=ipa,dc=sea

dn: fqdn=nautilus.sea,cn=computers,cn=accounts,dc=ipa,dc=sea
objectClass: ipahost
objectClass: ipaobject
fqdn: nautilus.sea
",
        users: &["nemo: crew", "new disabled:", "old disabled:"],
        groups: &["admins: crew", "crew:"],
        report: &[
            "1: lost: the attribute krbPrincipalName is left out:",
            "12: lost: memberships in roles, permissions and rules of FreeIPA are left",
            "42: lost: roles, permissions and rules of FreeIPA are not groups, and",
            "48: lost: entries of the class ipahost are neither users nor groups,",
        ],
        ..CASE
    },
    Case {
        name: "kanidm",
        file: "kanidm.ldif",
        text: r"dn: spn=nemo@idm.sea.example,dc=idm,dc=sea,dc=example
class: account
class: person
objectClass: account
objectClass: person
name: nemo
spn: nemo@idm.sea.example
displayname: Captain Nemo
entryuuid: 11111111-2222-3333-4444-555555555555
memberof: spn=bridge@idm.sea.example,dc=idm,dc=sea,dc=example

dn: spn=bridge@idm.sea.example,dc=idm,dc=sea,dc=example
objectClass: group
name: bridge
spn: bridge@idm.sea.example
member: spn=nemo@idm.sea.example,dc=idm,dc=sea,dc=example

dn: spn=ned@idm.sea.example,dc=idm,dc=sea,dc=example
objectClass: person
objectClass: account
name: ned
spn: ned@idm.sea.example
account_expire: 2020-01-01T00:00:00+00:00
",
        users: &["ned disabled:", "nemo: bridge"],
        groups: &["bridge:"],
        report: &["1: lost: the attribute class is left out:"],
        ..CASE
    },
    Case {
        name: "lldap",
        file: "lldap.ldif",
        text: r"dn: uid=nemo,ou=people,dc=sea,dc=example
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: mailAccount
objectClass: person
uid: nemo
mail: nemo@sea.example
givenName: Nemo
cn: Captain Nemo
createTimestamp: 2026-01-01T00:00:00+00:00
entryUuid: 11111111-2222-3333-4444-555555555555
memberOf: cn=lldap_admin,ou=groups,dc=sea,dc=example

dn: cn=lldap_admin,ou=groups,dc=sea,dc=example
objectClass: groupOfUniqueNames
objectClass: groupOfNames
cn: lldap_admin
uid: lldap_admin
member: uid=nemo,ou=people,dc=sea,dc=example
",
        users: &["nemo: lldap_admin"],
        groups: &["lldap_admin:"],
        ..CASE
    },
    Case {
        name: "Zimbra",
        file: "zimbra.ldif",
        text: r"dn: uid=nemo,ou=people,dc=sea,dc=example
objectClass: inetOrgPerson
objectClass: zimbraAccount
objectClass: amavisAccount
uid: nemo
sn: N
mail: nemo@sea.example
zimbraAccountStatus: active
zimbraId: 1

dn: uid=ned,ou=people,dc=sea,dc=example
objectClass: inetOrgPerson
objectClass: zimbraAccount
uid: ned
sn: L
zimbraAccountStatus: locked

dn: uid=crew,ou=people,dc=sea,dc=example
objectClass: zimbraDistributionList
objectClass: zimbraMailRecipient
uid: crew
mail: crew@sea.example
zimbraMailForwardingAddress: nemo@sea.example
",
        users: &["ned disabled:", "nemo:"],
        groups: &["crew:"],
        report: &[
            "1: lost: the attribute zimbraId is left out:",
            "18: lost: the attribute mail is left out:",
            "18: missing: members in zimbraMailForwardingAddress are left out:",
        ],
        status: 1,
        ..CASE
    },
    Case {
        name: "Univention",
        file: "univention.ldif",
        text: r"dn: uid=nemo,cn=users,dc=sea,dc=example
objectClass: person
objectClass: univentionPerson
objectClass: univentionObject
objectClass: sambaSamAccount
objectClass: posixAccount
uid: nemo
sn: Nemo
cn: Nemo
univentionObjectType: users/user
sambaAcctFlags: [U          ]
krb5KDCFlags: 126
shadowLastChange: 20000

dn: uid=ned,cn=users,dc=sea,dc=example
objectClass: person
objectClass: posixAccount
objectClass: sambaSamAccount
uid: ned
sn: Land
userPassword: {crypt}!$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/
krb5KDCFlags: 254

dn: cn=Crew,cn=groups,dc=sea,dc=example
objectClass: univentionGroup
objectClass: posixGroup
objectClass: sambaGroupMapping
cn: Crew
uniqueMember: uid=nemo,cn=users,dc=sea,dc=example
memberUid: nemo
memberUid: ned
",
        users: &["ned disabled: Crew", "nemo: Crew"],
        groups: &["Crew:"],
        report: &[
            "1: lost: the attribute shadowLastChange is left out:",
            "1: lost: the attribute univentionObjectType is left out:",
            "15: lost: nothing here can check a password of the kind {crypt}: it",
        ],
        ..CASE
    },
    Case {
        name: "eDirectory",
        file: "edirectory.ldif",
        text: r"version: 1

dn: cn=nemo,ou=crew,o=sea
changetype: add
loginDisabled: FALSE
uid: nemo
givenName: Nemo
sn: Nemo
objectClass: inetOrgPerson
objectClass: organizationalPerson
objectClass: Person
objectClass: ndsLoginProperties
objectClass: Top
groupMembership: cn=bridge,ou=teams,o=sea
securityEquals: cn=bridge,ou=teams,o=sea
cn: nemo
ACL: 2#subtree#cn=nemo,ou=crew,o=sea#[All Attributes Rights]

dn: cn=bridge,ou=teams,o=sea
changetype: add
objectClass: groupOfNames
cn: bridge
member: cn=nemo,ou=crew,o=sea
equivalentToMe: cn=nemo,ou=crew,o=sea

dn: cn=ned,ou=crew,o=sea
changetype: add
uid: ned
sn: Land
objectClass: inetOrgPerson
lockedByIntruder: TRUE
",
        users: &["ned disabled:", "nemo: bridge"],
        groups: &["bridge:"],
        report: &[
            "3: lost: the attribute ACL is left out: cn=nemo,ou=crew,o=sea",
            "3: lost: the attribute securityEquals is left out:",
            "19: lost: the attribute equivalentToMe is left out:",
        ],
        ..CASE
    },
    Case {
        name: "Oracle",
        file: "oracle.ldif",
        text: r"dn: cn=nemo,cn=users,dc=sea
objectClass: inetOrgPerson
objectClass: orclUserV2
cn: nemo
uid: nemo
sn: N
orclIsEnabled: ENABLED

dn: cn=ned,cn=users,dc=sea
objectClass: orclUserV2
cn: ned
uid: ned
sn: L
orclIsEnabled: INACTIVE

dn: cn=crew,cn=groups,dc=sea
objectClass: groupOfUniqueNames
objectClass: orclGroup
cn: crew
displayName: The crew
uniqueMember: cn=nemo,cn=users,dc=sea
",
        users: &["ned disabled:", "nemo: crew"],
        groups: &["crew:"],
        ..CASE
    },
];
