//! Lists of users and groups: by conditions that an index answers, by words, and piece by piece.

use crate::directory::lookup::{load_user, load_user_with_groups};
use crate::directory::transactions::Directory;
use crate::model::{
    Filter, FilterField, Group, Page, Result, TextMatch, User, UserRef, UserWithGroups, Window, fold_name,
};
use crate::store::ReadTx;

/// A condition on users that an index answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCondition {
    /// The uuid is this one.
    Uuid(String),
    /// The login is this one, in any case.
    Name(String),
    /// The external id is this one.
    ExternalId(String),
    /// One of the e-mail addresses is this one, in any case.
    Email(String),
    /// One of the e-mail addresses contains this text and is not the one that other dialects show.
    FurtherEmail(String),
    /// The first name is this one, in any case.
    FirstName(String),
    /// The last name is this one, in any case.
    LastName(String),
    /// The user is a direct or indirect member of the group with that uuid.
    Group(String),
    /// The last change was at that time (milliseconds since 1970-01-01 UTC) or later.
    ChangedSince(i64),
}

/// A condition on groups that an index answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupCondition {
    /// The uuid is this one.
    Uuid(String),
    /// The label, or the name, is this one, in any case.
    DisplayName(String),
    /// The external id is this one.
    ExternalId(String),
    /// The user, group or unknown member with that uuid is a direct member.
    Member(String),
}

impl Directory {
    /// The user with that uuid, all groups, and the attributes that SCIM alone shows.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn scim_user(&self, uuid: &str) -> Result<UserWithGroups> {
        self.read(|rows| load_scim_user(rows, load_user(rows, &UserRef::uuid(uuid))?))
    }

    /// The row ids of the users for whom the condition holds, in no order; `None` when there are more than `limit`, and
    /// for conditions that no index answers for this directory.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find_scim_users(&self, condition: &UserCondition, limit: u64) -> Result<Option<Vec<i64>>> {
        self.read(|rows| {
            let more = limit.saturating_add(1);
            let found = match condition {
                UserCondition::Uuid(uuid) => rows.find_user_id_by_uuid(uuid)?.into_iter().collect(),
                UserCondition::Name(name) => rows.find_user_id(name)?.into_iter().collect(),
                UserCondition::ExternalId(id) => rows.list_users_by_external_id(id, more)?,
                UserCondition::Email(email) => rows.list_users_by_email(email, more)?,
                UserCondition::FurtherEmail(part) => rows.list_users_by_email_part(part, more)?,
                UserCondition::FirstName(name) => rows.list_users_by_first_name(name, more)?,
                UserCondition::LastName(name) => rows.list_users_by_last_name(name, more)?,
                UserCondition::ChangedSince(at) => rows.list_users_changed_since(*at, more)?,
                UserCondition::Group(uuid) => match rows.find_group_id_by_uuid(uuid)? {
                    Some(id) => rows.list_all_member_ids(id, more)?,
                    None => Vec::new(),
                },
            };
            Ok((found.len() as u64 <= limit).then_some(found))
        })
    }

    /// The users of these row ids that exist and that the caller may list, in the order of the ids.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_users_by_id(&self, ids: &[i64]) -> Result<Vec<UserWithGroups>> {
        self.read(|rows| {
            let mut users = Vec::with_capacity(ids.len());
            for id in ids {
                if let Some(user) = rows.find_user_by_id(*id)?.filter(|user| self.lists(&user.key)) {
                    users.push(load_scim_user(rows, user)?);
                }
            }
            Ok(users)
        })
    }

    /// A window of the users who pass the filter and whom the caller may list, by row ids in the order of names.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_user_page(&self, filter: Filter, window: Window) -> Result<Page<i64>> {
        let filter = self.listed(filter);
        self.read_charged(|rows| rows.search_users(&filter, window))
    }

    /// At most `limit` users after that key in the order of names who pass the filter and whom the caller may list. Their
    /// groups are read only if asked for.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_users_after(
        &self,
        filter: &Filter,
        after: &str,
        limit: u64,
        with_groups: bool,
    ) -> Result<Vec<UserWithGroups>> {
        let filter = self.listed(filter.clone());
        self.read_charged(|rows| {
            let mut users = Vec::new();
            for found in rows.list_users_after(&filter, after, limit)? {
                let user = rows.with_scim_document(found.user)?;
                users.push(if with_groups { load_user_with_groups(rows, user)? } else { without_groups(user) });
            }
            Ok(users)
        })
    }

    /// Row ids and keys of at most `limit` users after that key in the order of names whom the caller may list.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_user_keys_after(&self, after: &str, limit: u64) -> Result<Vec<(i64, String)>> {
        let filter = self.listed(Filter::everything());
        self.read_charged(|rows| {
            let mut users = Vec::new();
            rows.visit_users_after(&filter, after, Window { offset: 0, limit }, |id, key, _| {
                users.push((id, key.to_owned()));
                Ok(())
            })?;
            Ok(users)
        })
    }

    /// The row ids of the groups for which the condition holds, in no order; `None` when there are more than `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find_scim_groups(&self, condition: &GroupCondition, limit: u64) -> Result<Option<Vec<i64>>> {
        self.read(|rows| {
            let more = limit.saturating_add(1);
            let found = match condition {
                GroupCondition::Uuid(uuid) => rows.find_group_id_by_uuid(uuid)?.into_iter().collect(),
                GroupCondition::DisplayName(name) => rows.list_groups_by_label(&fold_name(name), more)?,
                GroupCondition::ExternalId(id) => rows.list_groups_by_external_id(id, more)?,
                GroupCondition::Member(uuid) => {
                    if let Some(id) = rows.find_user_id_by_uuid(uuid)? {
                        rows.list_direct_group_ids(id, more)?
                    } else if let Some(id) = rows.find_group_id_by_uuid(uuid)? {
                        rows.list_parent_ids(id, more)?
                    } else {
                        rows.list_groups_of_unknown_member(uuid, more)?
                    }
                }
            };
            Ok((found.len() as u64 <= limit).then_some(found))
        })
    }

    /// The groups of these row ids that exist, in the order of the ids.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_groups_by_id(&self, ids: &[i64]) -> Result<Vec<Group>> {
        self.read(|rows| {
            let mut groups = Vec::with_capacity(ids.len());
            for id in ids {
                groups.extend(rows.find_group_by_id(*id)?);
            }
            Ok(groups)
        })
    }

    /// A window of all groups, by row ids in the order of names.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_group_page(&self, window: Window) -> Result<Page<i64>> {
        self.read(|rows| rows.search_groups(&Filter::everything(), window))
    }

    /// At most `limit` groups after that key in the order of names.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_groups_after(&self, after: &str, limit: u64) -> Result<Vec<Group>> {
        self.read(|rows| {
            let mut groups = Vec::new();
            for (id, _) in rows.list_group_keys_after(after, limit)? {
                groups.extend(rows.find_group_by_id(id)?);
            }
            Ok(groups)
        })
    }

    /// Row ids and keys of at most `limit` groups after that key in the order of names.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_group_keys_after(&self, after: &str, limit: u64) -> Result<Vec<(i64, String)>> {
        self.read(|rows| rows.list_group_keys_after(after, limit))
    }

    /// True if the lists of the caller have the user of that key: an identity provider must not adopt, and then disable,
    /// a protected user.
    fn lists(&self, key: &str) -> bool {
        !self.caller.is_provisioner() || !self.rules.protected.iter().any(|protected| protected == key)
    }

    /// The filter without users whom the lists of the caller do not have.
    fn listed(&self, filter: Filter) -> Filter {
        if !self.caller.is_provisioner() || self.rules.protected.is_empty() {
            return filter;
        }
        let name = |key: &String| Filter::Text(FilterField::Name, TextMatch::Equals(key.clone()));
        let hidden = self.rules.protected.iter().map(|key| Filter::Not(Box::new(name(key))));
        let filter = match filter {
            Filter::And(filters) => filters,
            filter => vec![filter],
        };
        filter.into_iter().chain(hidden).collect()
    }
}

fn without_groups(user: User) -> UserWithGroups {
    UserWithGroups { user, groups: Vec::new(), ancestors: Vec::new(), administrator: false }
}

/// The user with all groups and the attributes that SCIM alone shows.
pub(in crate::directory) fn load_scim_user(rows: &ReadTx<'_>, user: User) -> Result<UserWithGroups> {
    load_user_with_groups(rows, rows.with_scim_document(user)?)
}
