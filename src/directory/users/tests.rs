//! Rules that no dialect and no command can reach, and the cost of one member.

use super::NewUser;
use crate::directory::{
    Authenticator, Directory, FirstSecrets, ListSelection, MembershipView, Passwords, Rules, SessionLimits, seed,
};
use crate::model::{ClientAddress, DeniedAction, Error, GroupChanges, GroupRef, Precondition, UserChanges, UserRef};
use crate::store::Store;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A new directory in a folder of its own.
struct Opened {
    folder: PathBuf,
    store: Arc<Store>,
    authenticator: Authenticator,
    operator: Directory,
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Opened {
    fn new(name: &str) -> Opened {
        let folder = std::env::temp_dir().join(format!("rollbook-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Arc::new(Store::open(&folder.join("rollbook.db"), 1).unwrap().0);
        let passwords = Arc::new(Passwords::new(None, false));
        let [password, api_key, app_key] = ["secret words", "api key", "app key"].map(str::to_owned);
        seed(&store, &passwords, &FirstSecrets { password, api_key, app_key }).unwrap();
        let hour = Duration::from_secs(3600);
        let limits = SessionLimits { idle: hour, length: hour, ticket_idle: hour };
        let rules = Rules { protected: Arc::new(["administrator".to_owned()]), ..Rules::default() };
        let (shared, hasher) = (Arc::clone(&store), Arc::clone(&passwords));
        let authenticator = Authenticator::new(shared, hasher, Duration::ZERO, limits, rules).unwrap();
        let operator = Directory::for_operator(Arc::clone(&store), passwords, "root");
        Opened { folder, store, authenticator, operator }
    }

    fn create(&self, username: &str, groups: &[&str]) -> String {
        let groups = Some(groups.iter().map(|group| (*group).to_owned()).collect());
        let new = NewUser {
            username: Some(username.to_owned()),
            password: Some("secret words".to_owned()),
            changes: UserChanges { groups, ..UserChanges::default() },
            ..NewUser::default()
        };
        self.operator.create_user(new).unwrap().user.uuid
    }

    /// The directory for a user who has logged in over HTTP.
    fn logged_in(&self, username: &str) -> Directory {
        let caller = self.authenticator.user(username, "secret words", ClientAddress::Unix, "nuxeo").unwrap();
        self.authenticator.directory(caller, "nuxeo")
    }
}

#[test]
fn rename_user_obeys_the_permissions() {
    let opened = Opened::new("rename");
    opened.create("ada", &["members"]);
    opened.create("grace", &["powerusers"]);
    let members = Some(vec!["Administrator".to_owned(), "root".to_owned()]);
    let pending = GroupChanges { member_users: members, ..GroupChanges::default() };
    let lists = ListSelection::default();
    opened.operator.update_group("administrators", pending, lists, Precondition::default()).unwrap();
    let rename = |caller: &Directory, old: &str, new: &str| {
        caller.rename_user(old, new, Precondition::default()).map(|user| user.user.username)
    };
    let (reader, power_user, administrator) =
        (opened.logged_in("ada"), opened.logged_in("grace"), opened.logged_in("administrator"));

    assert!(matches!(rename(&reader, "ada", "eve"), Err(Error::Forbidden(DeniedAction::Edit))));
    assert!(matches!(rename(&power_user, "Administrator", "eve"), Err(Error::Forbidden(DeniedAction::Edit))));
    // The login is in the list of the administrators.
    assert!(matches!(rename(&power_user, "ada", "ROOT"), Err(Error::Forbidden(DeniedAction::Membership))));
    assert_eq!(opened.operator.user("ada").unwrap().user.username, "ada");
    assert_eq!(rename(&power_user, "ada", "eve").unwrap(), "eve");
    // Over HTTP the protected user keeps the login; an operator may change it.
    assert!(matches!(rename(&administrator, "administrator", "boss"), Err(Error::Protected(_))));
    assert_eq!(rename(&administrator, "eve", "root").unwrap(), "root");
    assert!(opened.operator.user("root").unwrap().administrator);
    assert_eq!(rename(&opened.operator, "administrator", "boss").unwrap(), "boss");
    assert!(matches!(rename(&opened.operator, "no-such-user", "x"), Err(Error::NotFound(..))));
}

#[test]
fn verbs_find_users_and_groups_by_uuid() {
    let opened = Opened::new("uuids");
    let uuid = opened.create("ada", &[]);
    let directory = &opened.operator;
    let group = directory.group("members", ListSelection::default()).unwrap().group;
    let (ada, members) = (|| UserRef::uuid(&uuid), || GroupRef::uuid(&group.uuid));
    assert_eq!(directory.user(ada()).unwrap().user.username, "ada");
    for side in [MembershipView::User, MembershipView::Group] {
        assert_eq!(directory.add_member(side, ada(), members()).unwrap().groups.len(), 1);
        assert_eq!(directory.count_members(members()).unwrap(), 1);
        assert_eq!(directory.remove_member(side, ada(), members()).unwrap().groups.len(), 0);
    }
    directory.rename_user(ada(), "lovelace", Precondition::default()).unwrap();
    directory.set_password(ada(), "other words").unwrap();
    directory.disable_user(ada(), Precondition::default()).unwrap();
    assert!(directory.user_with_groups(ada()).unwrap().user.disabled);
    directory.delete_user(ada(), Precondition::default()).unwrap();
    directory.delete_group(members(), Precondition::default()).unwrap();
    assert!(matches!(directory.user(ada()), Err(Error::NotFound(_, name)) if name == uuid));
    // A uuid is no name, and a name no uuid.
    assert!(directory.user(UserRef::uuid("Administrator")).is_err());
}

#[test]
fn one_member_of_a_large_group_is_added_and_removed_without_reading_the_others() {
    let opened = Opened::new("large-group");
    opened.create("ada", &[]);
    let directory = &opened.operator;
    let small = directory.create_group("small", GroupChanges::default(), ListSelection::default()).unwrap().group;
    let large = directory.create_group("large", GroupChanges::default(), ListSelection::default()).unwrap().group;
    opened.store.fill_group(large.id, 100_000);
    // Counts in thousands of steps of SQLite's virtual machine, so that a scan of the group shows.
    let cost = |work: &dyn Fn()| {
        let before = opened.store.progress();
        work();
        opened.store.progress() - before
    };
    let costs = [&small, &large].map(|group| {
        let add = cost(&|| drop(directory.add_member(MembershipView::Group, "ada", &group.name).unwrap()));
        let remove = cost(&|| drop(directory.remove_member(MembershipView::Group, "ada", &group.name).unwrap()));
        (add, remove)
    });
    let [(add_small, remove_small), (add_large, remove_large)] = costs;
    assert!(add_large <= add_small + 2 && remove_large <= remove_small + 2, "{costs:?}");
    assert_eq!(directory.count_members("large").unwrap(), 100_000);
    // The audit log names the one member.
    let written = directory.changes_before(None, 4).unwrap();
    for change in written {
        let document = change.before.or(change.after).unwrap();
        assert!(document.len() < 100, "{}: {document}", change.action);
    }
}
