//! Verbs on users.

use super::names::{missing_key, new_key};
use super::permissions::{AdministratorGuard, require_unprotected};
use super::{
    Directory, Listing, Rules, load_group_id, load_user, load_user_id, load_user_with_groups,
    load_user_with_groups_by_id, require_no_administrator, require_precondition,
};
use crate::model::{
    ADMINISTRATORS, AccessRole, Caller, DeniedAction, EntityKind, Error, Page, PermissionLevel, Precondition, Result,
    User, UserChanges, UserSummary, UserView, UserWithGroups, Window, check_login, fold_name, spelling_key,
};
use crate::store::{JoinedGroup, NewMembership, ReadTx, UserFilter, WriteTx};
use std::collections::HashSet;

/// What a search asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Nothing, and that is what it finds.
    Nothing,
    /// Everything.
    Everything,
    /// Names that begin with this text.
    Prefix(String),
}

/// A list of users that is read piece by piece, so that neither memory nor an old state of the database is
/// held while somebody slowly reads a long list.
pub struct UserPages {
    directory: Directory,
    filter: UserFilter,
    /// The key of the last user read; `None` at the end.
    after: Option<String>,
    /// Users to skip before the next one.
    skip: u64,
    /// Users to show at most.
    left: u64,
}

/// Users in one piece of a long list.
const PIECE: u64 = 500;

impl UserPages {
    /// Shows the next users, each with whether they are an administrator. False when there are no more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn next_piece(&mut self, mut visit: impl FnMut(UserView<'_>, bool) -> Result<()>) -> Result<bool> {
        let Some(after) = self.after.take() else { return Ok(false) };
        let mut last = String::new();
        let (limit, skip) = (PIECE.min(self.left), std::mem::take(&mut self.skip));
        let shown = self.directory.read(|rows| {
            let is_administrator = rows.administrator_test()?;
            rows.visit_users_after(&self.filter, &after, Window { offset: skip, limit }, |id, key, user| {
                last.clear();
                last.push_str(key);
                visit(user, is_administrator(id)?)
            })
        })?;
        self.left -= shown;
        let more = shown == PIECE && self.left > 0;
        self.after = more.then_some(last);
        Ok(more)
    }
}

impl Directory {
    /// The user of that name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user(&self, username: &str) -> Result<UserSummary> {
        self.read(|rows| {
            let user = load_user(rows, username)?;
            let administrator = rows.is_administrator(user.id)?;
            Ok(UserSummary { user, administrator })
        })
    }

    /// The user of that name with all groups.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user_with_groups(&self, username: &str) -> Result<UserWithGroups> {
        self.read(|rows| load_user_with_groups(rows, load_user(rows, username)?))
    }

    /// Looks whether there is a user of that name, and reads nothing of them.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn require_user(&self, username: &str) -> Result<()> {
        self.read(|rows| load_user_id(rows, username)).map(drop)
    }

    /// Whether two names mean one user.
    pub fn is_one_user(&self, one: &str, other: &str) -> Result<bool> {
        if spelling_key(one) == spelling_key(other) {
            return Ok(true);
        }
        self.read(|rows| Ok(fold_name(one) == fold_name(other) && rows.find_user_id(one)? == rows.find_user_id(other)?))
    }

    /// The caller as a user.
    ///
    /// # Errors
    /// `Forbidden` for keys, which are no users.
    pub fn own_user(&self) -> Result<UserWithGroups> {
        let id = self.own_id()?;
        self.read(|rows| load_user_with_groups(rows, rows.find_user_by_id(id)?.ok_or(Error::Unauthenticated)?))
    }

    pub(super) fn own_id(&self) -> Result<i64> {
        self.caller.user_id().ok_or(Error::Forbidden(DeniedAction::Operation))
    }

    /// Everybody who passes the filter, in the order of names.
    pub fn users(&self, filter: UserFilter) -> UserPages {
        UserPages { directory: self.clone(), filter, after: Some(String::new()), skip: 0, left: u64::MAX }
    }

    /// A window of those who pass the filter, in the order of names.
    pub fn users_page(&self, filter: UserFilter, window: Window) -> UserPages {
        UserPages { skip: window.offset, left: window.limit, ..self.users(filter) }
    }

    /// Those who pass the filter and come after that name in the order of names, as many as asked for.
    ///
    /// # Errors
    /// `NotFound` when there is no group of the name that is asked for.
    pub fn users_after(
        &self,
        mut filter: UserFilter,
        group: Option<&str>,
        name: &str,
        limit: u64,
    ) -> Result<Vec<UserSummary>> {
        self.read(|rows| {
            filter.group = group.map(|group| load_group_id(rows, group)).transpose()?;
            filter.text = filter.text.as_deref().map(fold_name);
            rows.list_users_after(&filter, &rows.user_key(name)?, limit)
        })
    }

    /// Removes some of those who are disabled and were not changed since then (milliseconds since 1970-01-01 UTC), as
    /// many as asked for, for good. Returns their names.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators.
    pub fn purge_users(&self, unchanged_since: i64, limit: u64) -> Result<Vec<String>> {
        self.caller.require(PermissionLevel::Administrator, DeniedAction::Edit)?;
        let filter =
            UserFilter { disabled: Some(true), unchanged_since: Some(unchanged_since), ..UserFilter::default() };
        loop {
            // Others can write while all users are looked through.
            let found = self.read(|rows| rows.list_users_after(&filter, "", limit))?;
            if found.is_empty() {
                return Ok(Vec::new());
            }
            let removed = self.write_alone(PermissionLevel::Administrator, DeniedAction::Edit, move |tx, _| {
                let mut removed = Vec::with_capacity(found.len());
                for UserSummary { user, .. } in found {
                    // Since then a user may have been changed.
                    if tx.find_user_by_id(user.id)?.is_some_and(|now| now == user) {
                        tx.delete_user(user.id)?;
                        removed.push(user.username);
                    }
                }
                Ok(removed)
            })?;
            if !removed.is_empty() {
                return Ok(removed);
            }
        }
    }

    /// Users whose login, first name, last name or e-mail begins with a text, in the order of names.
    pub fn search_users(&self, query: Query, window: Window) -> Listing<UserWithGroups> {
        let page = move |_: &Directory, rows: &ReadTx<'_>| match &query {
            Query::Nothing => Ok(Page { entries: Vec::new(), total: 0 }),
            Query::Everything => rows.search_users(None, window),
            Query::Prefix(prefix) => rows.search_users(Some(prefix), window),
        };
        Listing::new(self, page, |_, rows, id| load_user_with_groups_by_id(rows, id))
    }

    /// Creates a user.
    ///
    /// # Errors
    /// `Forbidden` when the caller may not, or not one with these groups; `Exists`; `UnknownGroups`; `Invalid`
    /// for a name or fields that cannot be; `TooManyNames`.
    pub fn create_user(&self, username: &str, new: UserChanges) -> Result<UserWithGroups> {
        self.require_user_creator()?;
        let username = check_login("user name", username)?.to_owned();
        self.write_names(new.names(), PermissionLevel::Creator, DeniedAction::Create, move |tx, caller| {
            require_no_administrator_groups(tx, caller, &new, DeniedAction::Create)?;
            let user = insert(tx, caller, &username, &new)?;
            load_user_with_groups(tx, user)
        })
    }

    /// Whether [`Directory::create_user`] would begin: asked before work that only a creation is worth, such as
    /// hashing a password.
    ///
    /// # Errors
    /// `Forbidden`, `Exists` and `TooManyNames`.
    pub fn may_create_user(&self, username: &str, new: &UserChanges) -> Result<()> {
        self.require_user_creator()?;
        self.require_names(new.names())?;
        self.read(|rows| {
            require_no_administrator_groups(rows, &self.caller, new, DeniedAction::Create)?;
            new_key(rows, EntityKind::User, username).map(drop)
        })
    }

    /// Creates a user, or changes one that is there and disabled, and stays so.
    ///
    /// # Errors
    /// As [`Directory::create_user`]; `Exists` only for an enabled user.
    pub fn create_or_change_disabled_user(
        &self,
        username: &str,
        new: UserChanges,
        changes: UserChanges,
    ) -> Result<UserWithGroups> {
        self.require_user_creator()?;
        let (rules, username) = (self.rules.clone(), check_login("user name", username)?.to_owned());
        self.write(PermissionLevel::Creator, DeniedAction::Create, move |tx, caller| {
            require_no_administrator_groups(tx, caller, &new, DeniedAction::Create)?;
            let user = match tx.find_user(&username)? {
                None => insert(tx, caller, &username, &new)?,
                Some(user) if user.disabled => {
                    let update =
                        Update { changes: &changes, condition: &Precondition::default(), denied: DeniedAction::Create };
                    update.apply(tx, caller, &rules, user)?;
                    load_user(tx, &username)?
                }
                Some(_) => return Err(Error::Exists(EntityKind::User, username)),
            };
            load_user_with_groups(tx, user)
        })
    }

    /// Creates those of these users who do not exist, all or none.
    ///
    /// # Errors
    /// `Forbidden` when the caller may not; `Invalid` for a name that cannot be; `TooManyNames`.
    pub fn create_missing_users(&self, usernames: Vec<String>) -> Result<()> {
        self.write_names(usernames.len(), PermissionLevel::Creator, DeniedAction::Create, move |tx, caller| {
            let mut made = HashSet::new();
            for (username, found) in usernames.iter().zip(tx.find_user_ids(&usernames)?) {
                let username = check_login("user name", username)?;
                if found.is_some() || !made.insert(fold_name(username)) {
                    continue;
                }
                match missing_key(tx, EntityKind::User, username) {
                    Ok(key) => insert_under(tx, caller, username, key, &UserChanges::default()).map(drop)?,
                    Err(Error::Exists(..)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    /// Refuses callers who could create no user at all, before anything about it is looked at.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require_user_creator(&self) -> Result<()> {
        self.caller.require(PermissionLevel::Creator, DeniedAction::Create)
    }

    /// Refuses callers who could change no user at all, before anything about the change is looked at.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require_editor(&self) -> Result<()> {
        self.caller.require(PermissionLevel::PowerUser, DeniedAction::Edit)
    }

    /// Changes a user.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the caller may not change this user, or not into this; `UnknownGroups`;
    /// `LastAdministrator`; `InheritedAdministrator`; `Invalid`; `PreconditionFailed` when the condition is not met;
    /// `TooManyNames`.
    pub fn update_user(&self, username: &str, changes: UserChanges, condition: Precondition) -> Result<UserWithGroups> {
        let (rules, username) = (self.rules.clone(), username.to_owned());
        self.write_names(changes.names(), PermissionLevel::PowerUser, DeniedAction::Edit, move |tx, caller| {
            let user = load_user(tx, &username)?;
            let update = Update { changes: &changes, condition: &condition, denied: DeniedAction::Edit };
            update.apply(tx, caller, &rules, user)?;
            // Read after the commit, the answer could show, and tag, what somebody else has made of it since.
            load_user_with_groups(tx, load_user(tx, &username)?)
        })
    }

    /// Whether [`Directory::update_user`] would begin: asked before work that only a change is worth.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `UnknownGroups` and `TooManyNames`.
    pub fn may_update_user(&self, username: &str, changes: &UserChanges) -> Result<()> {
        self.require_editor()?;
        self.require_names(changes.names())?;
        self.read(|rows| {
            let id = load_user_id(rows, username)?;
            require_no_administrator(&self.caller, rows.is_administrator(id)?, DeniedAction::Edit)?;
            require_no_administrator_groups(rows, &self.caller, changes, DeniedAction::Edit)?;
            groups_named(rows, changes.groups.as_deref().unwrap_or_default()).map(drop)
        })
    }

    /// Disables a user, who stays readable.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `AlreadyDisabled`, `LastAdministrator`; `PreconditionFailed` when the condition is not met.
    pub fn disable_user(&self, username: &str, condition: Precondition) -> Result<()> {
        let (rules, username) = (self.rules.clone(), username.to_owned());
        self.write(PermissionLevel::PowerUser, DeniedAction::Edit, move |tx, caller| {
            let user = load_user(tx, &username)?;
            if user.disabled {
                require_no_administrator(caller, tx.is_administrator(user.id)?, DeniedAction::Edit)?;
                return Err(Error::AlreadyDisabled);
            }
            let changes = UserChanges { disabled: Some(true), ..UserChanges::default() };
            Update { changes: &changes, condition: &condition, denied: DeniedAction::Edit }
                .apply(tx, caller, &rules, user)
        })
    }

    /// Removes a user for good, with memberships and tokens.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `LastAdministrator`; `PreconditionFailed` when the condition is not met.
    pub fn delete_user(&self, username: &str, condition: Precondition) -> Result<()> {
        if self.caller.permission < PermissionLevel::PowerUser {
            self.require_user(username)?;
        }
        let (rules, username) = (self.rules.clone(), username.to_owned());
        self.write(PermissionLevel::PowerUser, DeniedAction::Edit, move |tx, caller| {
            let user = load_user(tx, &username)?;
            let was_administrator = tx.is_administrator(user.id)?;
            require_no_administrator(caller, was_administrator, DeniedAction::Edit)?;
            require_precondition(tx, &user, &condition)?;
            require_unprotected(caller, &rules, &user)?;
            let administrators = AdministratorGuard::before(tx, caller, &rules)?;
            tx.delete_user(user.id)?;
            if was_administrator { administrators.require_remaining_administrator(tx) } else { Ok(()) }
        })
    }
}

/// Refuses, before anything else is looked at, to let callers who are no administrators make one.
fn require_no_administrator_groups(
    rows: &ReadTx<'_>,
    caller: &Caller,
    changes: &UserChanges,
    denied: DeniedAction,
) -> Result<()> {
    if caller.is_administrator() {
        return Ok(());
    }
    require_no_administrator(caller, changes.access_role == Some(AccessRole::Administrator), denied)?;
    let groups = rows.find_group_ids(changes.groups.as_deref().unwrap_or_default())?;
    let groups: Vec<i64> = groups.into_iter().flatten().collect();
    require_no_administrator(caller, rows.any_is_below(&groups, ADMINISTRATORS)?, denied)
}

/// Stores a new user with groups and role.
pub(super) fn insert(tx: &WriteTx<'_>, caller: &Caller, username: &str, new: &UserChanges) -> Result<User> {
    let key = new_key(tx, EntityKind::User, username)?;
    insert_under(tx, caller, username, key, new)
}

/// The same under a key that is not looked at.
fn insert_under(tx: &WriteTx<'_>, caller: &Caller, username: &str, key: String, new: &UserChanges) -> Result<User> {
    let inserted = insert_alone(tx, caller, username, key, new)?;
    let groups = groups_named(tx, new.groups.as_deref().unwrap_or_default())?;
    let groups: Vec<NewMembership<'_>> = groups.iter().map(NewMembership::last).collect();
    join(tx, caller, inserted, new, &groups)
}

/// A new user who is in no group but those that had the name in their lists.
pub(super) struct Inserted {
    user: User,
    /// Whether there are such groups.
    waited: bool,
}

/// Stores a new user without groups and role, under a key that is not looked at.
pub(super) fn insert_alone(
    tx: &WriteTx<'_>,
    caller: &Caller,
    username: &str,
    key: String,
    new: &UserChanges,
) -> Result<Inserted> {
    let mut user = User { username: username.to_owned(), key, ..User::default() };
    new.apply_to(&mut user)?;
    require_password_giver(caller, new)?;
    let (user, waited) = tx.insert_user(user, new.password.as_ref())?;
    Ok(Inserted { user, waited })
}

/// Gives a new user groups, each once, and role.
pub(super) fn join(
    tx: &WriteTx<'_>,
    caller: &Caller,
    inserted: Inserted,
    new: &UserChanges,
    groups: &[NewMembership<'_>],
) -> Result<User> {
    let Inserted { user, waited } = inserted;
    // A new user comes into the listed groups beside those whose lists have waited for the name.
    tx.insert_memberships_of(&user, waited, groups)?;
    // Also a name that waited in a group's list can make an administrator: asked before a role takes that away.
    if !caller.is_administrator() {
        require_no_administrator(caller, tx.is_administrator(user.id)?, DeniedAction::Create)?;
    }
    save_role(tx, user.id, new.access_role)?;
    Ok(user)
}

/// A change to a user that is to be stored.
pub(super) struct Update<'u> {
    pub(super) changes: &'u UserChanges,
    pub(super) condition: &'u Precondition,
    /// What to call the change where it is refused.
    pub(super) denied: DeniedAction,
}

impl Update<'_> {
    /// Stores the change, unless it is about an administrator, before or after, and the caller is none.
    pub(super) fn apply(&self, tx: &WriteTx<'_>, caller: &Caller, rules: &Rules, before: User) -> Result<()> {
        let Update { changes, condition, denied } = *self;
        // Most changes neither come from a caller with less power nor can take any away.
        let rights = changes.groups.is_some() || changes.access_role.is_some() || changes.disabled == Some(true);
        let was_administrator = (rights || !caller.is_administrator()) && tx.is_administrator(before.id)?;
        require_no_administrator(caller, was_administrator, denied)?;
        require_no_administrator_groups(tx, caller, changes, denied)?;
        require_password_giver(caller, changes)?;
        let mut user = before.clone();
        changes.apply_to(&mut user)?;
        require_precondition(tx, &before, condition)?;
        if user.disabled && !before.disabled {
            require_unprotected(caller, rules, &before)?;
        }
        let administrators =
            (was_administrator && rights).then(|| AdministratorGuard::before(tx, caller, rules)).transpose()?;
        tx.update_user(&before, &user)?;
        if let Some(password) = &changes.password {
            tx.update_password(user.id, password)?;
        }
        if let Some(names) = &changes.groups {
            let groups = groups_named(tx, names)?;
            tx.replace_groups_of(user.id, &groups.iter().map(|group| group.id).collect::<Vec<_>>())?;
        }
        save_role(tx, user.id, changes.access_role)?;
        if !caller.is_administrator() {
            require_no_administrator(caller, tx.is_administrator(user.id)?, denied)?;
        }
        administrators.map_or(Ok(()), |administrators| administrators.require_remaining_administrator(tx))
    }
}

/// Refuses a hash from a caller who was an administrator when it was taken, and is none any more.
fn require_password_giver(caller: &Caller, changes: &UserChanges) -> Result<()> {
    let is_hash = changes.password.as_ref().is_some_and(|password| password.imported.is_some());
    if is_hash { caller.require(PermissionLevel::Administrator, DeniedAction::Edit) } else { Ok(()) }
}

/// The groups of these names, each once.
fn groups_named(rows: &ReadTx<'_>, names: &[String]) -> Result<Vec<JoinedGroup>> {
    let (mut groups, mut known) = (Vec::with_capacity(names.len()), HashSet::with_capacity(names.len()));
    let mut unknown = Vec::new();
    for (name, found) in names.iter().zip(rows.find_joined_groups(names)?) {
        match found {
            Some(group) if known.insert(group.id) => groups.push(group),
            Some(_) => {}
            None => unknown.push(name.trim().to_owned()),
        }
    }
    if unknown.is_empty() { Ok(groups) } else { Err(Error::UnknownGroups(unknown)) }
}

/// Gives the role that is a membership, or takes it.
fn save_role(tx: &WriteTx<'_>, user_id: i64, role: Option<AccessRole>) -> Result<()> {
    match role {
        None => Ok(()),
        Some(AccessRole::Administrator) => tx.insert_member(load_group_id(tx, ADMINISTRATORS)?, user_id),
        Some(AccessRole::Standard | AccessRole::ReadOnly) => {
            tx.delete_member(load_group_id(tx, ADMINISTRATORS)?, user_id)?;
            match tx.find_administrator_subgroup(user_id)? {
                Some(subgroup) => Err(Error::InheritedAdministrator(subgroup)),
                None => Ok(()),
            }
        }
    }
}
