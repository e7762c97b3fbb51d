//! Cache invalidation: each action of the audit log invalidates its scopes, and no cached read is stale after it.

mod lists;
mod scim;

use super::cache_scopes::invalidated_by;
use super::change_action::Action;
use super::{CacheScope, NewMembership, ReadTx, Store, WriteTx};
use crate::model::{
    Actor, CredentialKind, EntityKind, Error, Filter, Group, KeyRole, MemberList, NewCredential, NewPassword, Result,
    Token, User, Window,
};
use std::path::PathBuf;

/// A folder that is removed with this value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn user(name: &str) -> User {
    User { version: 1, ..User::named(name) }
}

fn group(name: &str) -> Group {
    Group { version: 1, ..Group::named(name) }
}

fn password() -> NewPassword {
    NewPassword { hash: "$6$salt$hash".to_owned(), imported: None, keeps_tokens: true }
}

fn credential(purpose: CredentialKind, digest: u8) -> NewCredential {
    let token = matches!(purpose, CredentialKind::Token(_)).then(|| Token {
        uuid: format!("token {digest}"),
        application: "app".to_owned(),
        device: "device".to_owned(),
        ..Token::default()
    });
    NewCredential { purpose, name: "ada".to_owned(), digest: [digest; 32], token }
}

fn user_id(tx: &ReadTx<'_>, name: &str) -> i64 {
    tx.find_user_id(name).unwrap().unwrap()
}

fn group_id(tx: &ReadTx<'_>, name: &str) -> i64 {
    tx.find_group_id(name).unwrap().unwrap()
}

/// Ada is in `staff`, which is in `administrators`; bob is disabled and in no group. `outer` has the pending member `new`.
fn fill(tx: &WriteTx<'_>) -> Result<()> {
    for name in ["administrators", "staff", "outer"] {
        tx.insert_group(&group(name))?;
    }
    for name in ["ada", "bob"] {
        tx.insert_user(user(name), Some(&password()))?;
    }
    let bob = tx.find_user("bob")?.unwrap();
    tx.update_user(&bob, &User { disabled: true, ..bob.clone() })?;
    tx.insert_member(group_id(tx, "staff"), user_id(tx, "ada"))?;
    tx.insert_member(group_id(tx, "outer"), user_id(tx, "ada"))?;
    tx.insert_member_group(group_id(tx, "administrators"), group_id(tx, "staff"))?;
    tx.insert_member_group(group_id(tx, "outer"), group_id(tx, "staff"))?;
    tx.add_to_member_list(group_id(tx, "outer"), MemberList::Users, "new")?;
    tx.add_to_member_list(group_id(tx, "administrators"), MemberList::Groups, "new")?;
    tx.insert_credential(&credential(CredentialKind::Token(user_id(tx, "ada")), 1))?;
    tx.insert_credential(&credential(CredentialKind::Application(KeyRole::Read), 2))?;
    Ok(())
}

/// Everything that the read cache can answer.
fn cached_reads(rows: &ReadTx<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in ["ada", "bob", "new"] {
        let Some(id) = rows.find_user_id(name)? else { continue };
        let groups = rows.list_groups_of(id)?;
        let names = |groups: &[std::sync::Arc<crate::model::GroupName>]| {
            groups.iter().map(|group| format!("{} {:?}", group.name, group.label)).collect::<Vec<_>>().join(", ")
        };
        found.push(format!("{name}: {} below {}", names(&groups), names(&rows.list_ancestors(&groups)?)));
        found.push(format!("{name}: {}", rows.is_administrator(id)?));
    }
    let all = Window { offset: 0, limit: 100 };
    found.push(format!("{:?}", rows.search_users(&Filter::starting_with("a"), all)?.entries));
    for name in ["staff", "outer"] {
        let Some(id) = rows.find_group_id(name)? else { continue };
        found.push(format!("{name}: {:?}", rows.list_members(id, "", all)?.entries));
    }
    Ok(found)
}

type Change = fn(&WriteTx<'_>) -> Result<()>;

/// The changes of the directory, the actions that the audit log has of each, and the scopes that each invalidates.
const CHANGES: [(&str, Change, &[Action], &[CacheScope]); 26] = {
    use Action as A;
    use CacheScope::{Credentials, Groups, Rights};
    [
        (
            "rename a user",
            |tx| {
                let before = tx.find_user("bob")?.expect("the user is there");
                tx.rename_user(&before, "robert", "robert")
            },
            &[A::UserRenamed],
            &[Rights],
        ),
        ("create a user", |tx| tx.insert_user(user("carol"), None).map(drop), &[A::UserCreated], &[]),
        (
            "create a user whose name is a pending member",
            |tx| tx.insert_user(user("new"), None).map(drop),
            &[A::UserCreated, A::RightsMemberAdded],
            &[Rights],
        ),
        (
            "create a user with a group",
            |tx| {
                let (user, waited) = tx.insert_user(user("carol"), None)?;
                let staff = tx.find_joined_group("staff")?.unwrap();
                tx.insert_memberships_of(&user, waited, &[NewMembership::last(&staff)])
            },
            &[A::UserCreated, A::RightsMemberAdded],
            &[Rights],
        ),
        (
            "create a user with a group that grants no rights",
            |tx| {
                let (user, waited) = tx.insert_user(user("carol"), None)?;
                let outer = tx.find_joined_group("outer")?.unwrap();
                tx.insert_memberships_of(&user, waited, &[NewMembership::last(&outer)])
            },
            &[A::UserCreated, A::MemberAdded],
            &[],
        ),
        (
            "update a user",
            |tx| {
                let ada = tx.find_user("ada")?.unwrap();
                tx.update_user(&ada, &User { title: Some("engineer".to_owned()), ..ada.clone() }).map(drop)
            },
            &[A::UserUpdated],
            &[],
        ),
        ("verify a user", |tx| tx.verify_user(user_id(tx, "ada")).map(drop), &[A::UserUpdated], &[]),
        (
            "disable a user",
            |tx| {
                let ada = tx.find_user("ada")?.unwrap();
                tx.update_user(&ada, &User { disabled: true, ..ada.clone() }).map(drop)
            },
            &[A::UserEnabledOrDisabled],
            &[Rights],
        ),
        (
            "enable a user",
            |tx| {
                let bob = tx.find_user("bob")?.unwrap();
                tx.update_user(&bob, &User { disabled: false, ..bob.clone() }).map(drop)
            },
            &[A::UserEnabledOrDisabled],
            &[Rights],
        ),
        ("set a password", |tx| tx.update_password(user_id(tx, "ada"), &password()), &[A::UserPasswordSet], &[Rights]),
        (
            "set a password and revoke the tokens",
            |tx| tx.update_password(user_id(tx, "ada"), &NewPassword { keeps_tokens: false, ..password() }),
            &[A::UserPasswordSet, A::TokenRevoked],
            &[Rights, Credentials],
        ),
        (
            "delete a user",
            |tx| tx.delete_user(user_id(tx, "ada")),
            &[A::UserDeleted, A::RightsMemberRemoved, A::TokenRevoked],
            &[Rights, Credentials],
        ),
        ("create a group", |tx| tx.insert_group(&group("more")).map(drop), &[A::GroupCreated], &[Groups, Rights]),
        (
            "create a group whose name is a pending member",
            |tx| tx.insert_group(&group("new")).map(drop),
            &[A::GroupCreated, A::SubgroupAdded],
            &[Groups, Rights],
        ),
        (
            "update a group",
            |tx| {
                let staff = tx.find_group("staff")?.unwrap();
                tx.update_group(&staff, &Group { label: Some("The staff".to_owned()), ..staff.clone() }).map(drop)
            },
            &[A::GroupUpdated],
            &[Groups],
        ),
        (
            "delete a group",
            |tx| tx.delete_group(group_id(tx, "staff")),
            &[A::GroupDeleted, A::RightsMemberRemoved, A::SubgroupRemoved],
            &[Groups, Rights],
        ),
        (
            "add a member",
            |tx| tx.insert_member(group_id(tx, "staff"), user_id(tx, "bob")).map(drop),
            &[A::RightsMemberAdded],
            &[Rights],
        ),
        (
            "add a member to a group that grants no rights",
            |tx| tx.insert_member(group_id(tx, "outer"), user_id(tx, "bob")).map(drop),
            &[A::MemberAdded],
            &[],
        ),
        (
            "remove a member",
            |tx| tx.delete_member(group_id(tx, "staff"), user_id(tx, "ada")).map(drop),
            &[A::RightsMemberRemoved],
            &[Rights],
        ),
        (
            "remove a member from a group that grants no rights",
            |tx| tx.delete_member(group_id(tx, "outer"), user_id(tx, "ada")).map(drop),
            &[A::MemberRemoved],
            &[],
        ),
        (
            "add a subgroup",
            |tx| tx.insert_member_group(group_id(tx, "administrators"), group_id(tx, "outer")).map(drop),
            &[A::SubgroupAdded],
            &[Groups, Rights],
        ),
        (
            "remove a subgroup",
            |tx| tx.remove_subgroup(group_id(tx, "administrators"), group_id(tx, "staff")).map(drop),
            &[A::SubgroupRemoved],
            &[Groups, Rights],
        ),
        (
            "create a key",
            |tx| tx.insert_credential(&credential(CredentialKind::Api, 3)).map(drop),
            &[A::KeyCreated],
            &[Credentials],
        ),
        ("revoke a key", |tx| tx.revoke_key(2).map(drop), &[A::KeyRevoked], &[Credentials]),
        (
            "create a token",
            |tx| tx.insert_credential(&credential(CredentialKind::Token(user_id(tx, "ada")), 3)).map(drop),
            &[A::TokenCreated],
            &[Credentials],
        ),
        (
            "revoke a token",
            |tx| tx.revoke_tokens(user_id(tx, "ada"), "app", "device").map(drop),
            &[A::TokenRevoked],
            &[Credentials],
        ),
    ]
};

/// Changes without a row in the audit log, and the scopes that each invalidates.
const UNRECORDED: [(&str, Change, &[CacheScope]); 4] = {
    use CacheScope::{Groups, Rights, Users};
    [
        (
            "store another hash of the same password",
            |tx| tx.rehash_password(user_id(tx, "ada"), "$6$salt$hash", "$5$salt$hash").map(drop),
            &[],
        ),
        (
            "change the order of a user's groups",
            |tx| tx.replace_groups_of(user_id(tx, "ada"), &[group_id(tx, "outer"), group_id(tx, "staff")]).map(drop),
            &[Rights, Users],
        ),
        (
            "change the position of a group in its parent",
            |tx| {
                let (parent, child) = (group_id(tx, "administrators"), group_id(tx, "staff"));
                tx.set_entry_position(parent, MemberList::Groups, Some(child), "staff", 1000)
            },
            &[Groups, Rights, Users],
        ),
        (
            "change the order of a group's parents",
            |tx| {
                let staff = tx.find_group("staff")?.unwrap();
                let names = ["outer".to_owned(), "administrators".to_owned()];
                tx.replace_member_lists(tx.plan_member_lists(&staff, &[(MemberList::Parents, &names)])?).map(drop)
            },
            &[Groups, Rights, Users],
        ),
    ]
};

const SCOPES: [CacheScope; 4] = [CacheScope::Credentials, CacheScope::Rights, CacheScope::Groups, CacheScope::Users];

/// Runs the change on a new directory, with warm caches. Returns the scopes that it has invalidated, and the actions that
/// the audit log has of it.
fn run(name: &str, change: Change) -> (Vec<CacheScope>, Vec<String>) {
    let folder = Folder(std::env::temp_dir().join(format!("rollbook-invalidation-{}", crate::model::new_uuid())));
    std::fs::create_dir(&folder.0).unwrap();
    let (store, _) = Store::open(&folder.0.join("rollbook.db"), 1).unwrap();
    store.write(Actor::program(), fill).unwrap();
    let last = store.read(|rows| rows.change_id_range()).unwrap().unwrap().1;
    store.read(cached_reads).unwrap();
    let before = SCOPES.map(|scope| store.generation(scope));
    let any_before = store.generation(CacheScope::Anything);
    store.write(Actor::program(), change).unwrap();
    assert!(store.generation(CacheScope::Anything) > any_before, "{name}");
    let cached = store.read(cached_reads).unwrap();
    // A write transaction has no cache.
    let stored = store.write(Actor::program(), |tx| cached_reads(tx)).unwrap();
    assert_eq!(cached, stored, "a cached read is stale: {name}");
    let invalidated = SCOPES.into_iter().zip(before).filter(|(scope, before)| store.generation(*scope) > *before);
    let invalidated = invalidated.map(|(scope, _)| scope).collect();
    let mut actions = Vec::new();
    let visit = |rows: &ReadTx<'_>| {
        rows.visit_changes_after(last, 100, |change| {
            actions.push(change.action.to_owned());
            true
        })
    };
    store.read(visit).unwrap();
    store.close();
    (invalidated, actions)
}

fn sorted(scopes: &[CacheScope]) -> Vec<CacheScope> {
    SCOPES.into_iter().filter(|scope| scopes.contains(scope)).collect()
}

#[test]
fn a_key_that_another_row_has_is_refused_as_existing() {
    let folder = Folder(std::env::temp_dir().join(format!("rollbook-exists-{}", crate::model::new_uuid())));
    std::fs::create_dir(&folder.0).unwrap();
    let (store, _) = Store::open(&folder.0.join("rollbook.db"), 1).unwrap();
    store.write(Actor::program(), fill).unwrap();
    let changes: [(Change, EntityKind); 2] = [
        (|tx| tx.insert_user(user("ADA"), None).map(drop), EntityKind::User),
        (|tx| tx.insert_group(&group("Staff")).map(drop), EntityKind::Group),
    ];
    for (change, kind) in changes {
        let refused = store.write(Actor::program(), change);
        assert!(matches!(refused, Err(Error::Exists(found, _)) if found == kind), "{refused:?}");
    }
    store.close();
}

#[test]
fn each_change_invalidates_the_scopes_of_its_actions() {
    for (name, change, actions, scopes) in CHANGES {
        let derived: Vec<CacheScope> = actions.iter().flat_map(|action| invalidated_by(*action)).copied().collect();
        assert_eq!(sorted(&derived), sorted(scopes), "{name}");
        let (invalidated, recorded) = run(name, change);
        assert_eq!(invalidated, sorted(scopes), "{name}");
        let words: Vec<&str> = actions.iter().map(|action| action.word()).collect();
        assert!(recorded.iter().all(|word| words.contains(&word.as_str())), "{name}: {recorded:?}");
        assert!(words.iter().all(|word| recorded.iter().any(|one| one == word)), "{name}: {recorded:?}");
    }
}

#[test]
fn every_action_is_tried() {
    for action in Action::ALL {
        let tried = CHANGES.iter().any(|(_, _, actions, _)| actions.contains(&action));
        // A restore has no server whose caches could be stale.
        assert!(tried || action == Action::DirectoryRestored, "{action:?}");
    }
    // The list of all actions has each variant: a new one fails to compile here first.
    let number = |action: Action| Action::ALL.iter().filter(|one| **one == action).count();
    assert!(Action::ALL.into_iter().all(|action| number(action) == 1));
}

#[test]
fn a_change_without_a_record_invalidates_what_depends_on_it() {
    for (name, change, scopes) in UNRECORDED {
        let (invalidated, recorded) = run(name, change);
        assert_eq!(invalidated, sorted(scopes), "{name}");
        assert!(recorded.is_empty(), "{name}: {recorded:?}");
    }
}
