//! Collects the resources that a filter matches, by an index where there is one, in the order that is asked for.

use super::entry::Entry;
use super::parameters::Query;
use crate::dialect::scim::failure::Result;
use crate::dialect::scim::filter::{Filter, Indexed};
use crate::dialect::scim::group_resource::{self, all_members};
use crate::dialect::scim::location::Locations;
use crate::dialect::scim::problem::{Problem, ScimType};
use crate::dialect::scim::schema::USER;
use crate::dialect::scim::sort::{Sort, SortKey};
use crate::dialect::scim::user_resource;
use crate::directory::{Directory, GroupCondition, UserCondition};
use crate::json::{Json, Object};
use crate::model::{self, Group, UserWithGroups};
use std::cmp::Ordering;
use std::collections::HashSet;

/// Rows in one read.
const ROWS_PER_READ: usize = 500;

/// The search for the matches of a query.
pub(super) struct Matches<'q> {
    pub(super) directory: &'q Directory,
    pub(super) locations: Locations,
    pub(super) query: &'q Query,
}

/// The rows that can match.
enum Source {
    /// These.
    Rows(Vec<i64>),
    /// These, and the users who pass the filter of the directory.
    Words(Vec<i64>, model::Filter),
    /// All.
    All,
}

/// A resource of the list.
pub(super) struct Found {
    pub(super) entry: Entry,
    /// The key of the name, by which resources with the same sort key are sorted.
    pub(super) name: String,
}

/// A resource that matches.
struct Match {
    key: SortKey,
    found: Found,
}

/// A whole list.
pub(super) struct Collected {
    pub(super) found: Vec<Found>,
    /// A user who matches, with all groups, so that a list of one is read once.
    pub(super) first: Option<(Entry, UserWithGroups)>,
}

/// The matches so far, and how many rows may still be read.
struct Progress {
    matches: Vec<Match>,
    first: Option<(Entry, UserWithGroups)>,
    rows_left: u64,
    rows_max: u64,
}

impl Progress {
    fn count_row(&mut self) -> Result<()> {
        match self.rows_left.checked_sub(1) {
            Some(left) => {
                self.rows_left = left;
                Ok(())
            }
            None => {
                let detail = format!(
                    "no index answers this query, and it would read more than {} resources: add a condition such as \
                     userName eq, externalId eq or meta.lastModified gt",
                    self.rows_max
                );
                Err(Problem::new(ScimType::TooMany, detail).into())
            }
        }
    }
}

impl Matches<'_> {
    /// The whole list, in its order.
    ///
    /// # Errors
    /// `tooMany` when more than `rows_max` rows would be read.
    pub(super) fn collect(&self, rows_max: u64) -> Result<Collected> {
        let mut found = Progress { matches: Vec::new(), first: None, rows_left: rows_max, rows_max };
        for (index, resource_type) in self.query.types.iter().enumerate() {
            let filter = self.query.filters.as_ref().map(|filters| &filters[index]);
            let sort = self.query.sorts.as_ref().and_then(|sorts| sorts[index].as_ref());
            let search = Search { matches: self, index, filter, sort };
            if **resource_type == USER { search.users(&mut found)? } else { search.groups(&mut found)? }
        }
        // All sorts are by the same attribute and in the same direction.
        let sort = self.query.sorts.iter().flatten().flatten().next();
        found.matches.sort_by(|one, other| {
            let by_key = sort.map_or(Ordering::Equal, |sort| sort.compare(&one.key, &other.key));
            let (one, other) = (&one.found, &other.found);
            by_key.then(one.entry.0.cmp(&other.entry.0)).then_with(|| one.name.cmp(&other.name))
        });
        Ok(Collected { found: found.matches.into_iter().map(|matched| matched.found).collect(), first: found.first })
    }
}

/// The search among the resources of one type.
struct Search<'s> {
    matches: &'s Matches<'s>,
    index: usize,
    filter: Option<&'s Filter>,
    sort: Option<&'s Sort>,
}

impl Search<'_> {
    fn directory(&self) -> &Directory {
        self.matches.directory
    }

    /// Adds a resource, if it matches. Returns true then.
    fn add(&self, found: &mut Progress, id: i64, name: &str, document: &Object) -> bool {
        let is_match = self.filter.is_none_or(|filter| filter.matches(document));
        if is_match {
            let key = self.sort.map_or(SortKey::Missing, |sort| sort.key(document));
            found.matches.push(Match { key, found: Found { entry: (self.index, id), name: name.to_owned() } });
        }
        is_match
    }

    fn users(&self, found: &mut Progress) -> Result<()> {
        let reads_groups = self.filter.is_some_and(|filter| filter.reads("groups"))
            || self.sort.is_some_and(|sort| sort.path.attribute.name == "groups");
        // The tag in `meta` depends on them.
        let with_groups = reads_groups
            || self.filter.is_some_and(|filter| filter.reads("meta"))
            || self.sort.is_some_and(|sort| sort.path.attribute.name == "meta");
        let add = |found: &mut Progress, user: &UserWithGroups| {
            let locations = &self.matches.locations;
            let document = match reads_groups {
                true => user_resource::document(user, locations),
                false => user_resource::document_without_groups(user, locations),
            };
            self.add(found, user.user.id, &user.user.key, &document)
        };
        let indexed = self.filter.map(Filter::indexed).unwrap_or_default();
        let (rows, filter) = match self.user_source(&indexed, found.rows_left)? {
            Source::Rows(rows) => (rows, None),
            Source::Words(rows, filter) => (rows, Some(filter)),
            Source::All => (Vec::new(), Some(model::Filter::everything())),
        };
        for piece in rows.chunks(ROWS_PER_READ) {
            for user in self.directory().scim_users_by_id(piece)? {
                found.count_row()?;
                if add(found, &user) && found.first.is_none() {
                    found.first = Some(((self.index, user.user.id), user));
                }
            }
        }
        let Some(filter) = filter else { return Ok(()) };
        let seen: HashSet<i64> = rows.into_iter().collect();
        let mut after = String::new();
        loop {
            let users = self.directory().scim_users_after(&filter, &after, ROWS_PER_READ as u64, with_groups)?;
            for user in users.iter().filter(|user| !seen.contains(&user.user.id)) {
                found.count_row()?;
                add(found, user);
            }
            match users.last().filter(|_| users.len() == ROWS_PER_READ) {
                Some(last) => after.clone_from(&last.user.key),
                None => return Ok(()),
            }
        }
    }

    /// The rows that can match, by the first condition that an index answers.
    fn user_source(&self, indexed: &[Indexed], limit: u64) -> Result<Source> {
        if let Some(rows) = first_answer(indexed, |condition| self.user_rows(condition, limit))? {
            return Ok(Source::Rows(rows));
        }
        for condition in indexed {
            let (texts, part) = match condition {
                Indexed::Words(texts) => (texts, None),
                Indexed::EmailWords(texts) => (texts, texts.first()),
                _ => continue,
            };
            // With too many words, all rows are read.
            let Ok(filter) = model::Filter::words(&texts.join(" ")) else { continue };
            if filter == model::Filter::everything() {
                continue;
            }
            let further = match part {
                Some(part) => self.directory().find_scim_users(&UserCondition::FurtherEmail(part.clone()), limit)?,
                None => Some(Vec::new()),
            };
            if let Some(rows) = further {
                return Ok(Source::Words(rows, filter));
            }
        }
        Ok(Source::All)
    }

    /// The rows for which a condition holds; `None` when no index answers it.
    fn user_rows(&self, condition: &Indexed, limit: u64) -> Result<Option<Vec<i64>>> {
        let condition = match condition {
            Indexed::Id(id) => UserCondition::Uuid(id.clone()),
            Indexed::UserName(name) => UserCondition::Name(name.clone()),
            Indexed::ExternalId(id) => UserCondition::ExternalId(id.clone()),
            Indexed::Email(email) => UserCondition::Email(email.clone()),
            Indexed::Group(uuid) => UserCondition::Group(uuid.clone()),
            Indexed::GivenName(name) if !name.is_empty() => UserCondition::FirstName(name.clone()),
            Indexed::FamilyName(name) if !name.is_empty() => UserCondition::LastName(name.clone()),
            Indexed::LastModifiedFrom(at) => UserCondition::ChangedSince(*at),
            Indexed::AnyOf(branches) => {
                return union(branches, limit, &|condition| self.user_rows(condition, limit));
            }
            _ => return Ok(None),
        };
        Ok(self.directory().find_scim_users(&condition, limit)?)
    }

    fn groups(&self, found: &mut Progress) -> Result<()> {
        let indexed = self.filter.map(Filter::indexed).unwrap_or_default();
        if let Some(rows) = first_answer(&indexed, |condition| self.group_rows(condition, found.rows_left))? {
            for piece in rows.chunks(ROWS_PER_READ) {
                for group in self.directory().scim_groups_by_id(piece)? {
                    self.add_group(found, &group)?;
                }
            }
            return Ok(());
        }
        let mut after = String::new();
        loop {
            let groups = self.directory().scim_groups_after(&after, ROWS_PER_READ as u64)?;
            for group in &groups {
                self.add_group(found, group)?;
            }
            match groups.last().filter(|_| groups.len() == ROWS_PER_READ) {
                Some(last) => after.clone_from(&last.key),
                None => return Ok(()),
            }
        }
    }

    fn group_rows(&self, condition: &Indexed, limit: u64) -> Result<Option<Vec<i64>>> {
        let condition = match condition {
            Indexed::Id(id) => GroupCondition::Uuid(id.clone()),
            Indexed::DisplayName(name) => GroupCondition::DisplayName(name.clone()),
            Indexed::ExternalId(id) => GroupCondition::ExternalId(id.clone()),
            Indexed::Member(uuid) => GroupCondition::Member(uuid.clone()),
            Indexed::AnyOf(branches) => {
                return union(branches, limit, &|condition| self.group_rows(condition, limit));
            }
            _ => return Ok(None),
        };
        Ok(self.directory().find_scim_groups(&condition, limit)?)
    }

    fn add_group(&self, found: &mut Progress, group: &Group) -> Result<()> {
        found.count_row()?;
        let mut document = group_resource::document(group, &self.matches.locations);
        let reads_members = self.filter.is_some_and(|filter| filter.reads("members"))
            || self.sort.is_some_and(|sort| sort.path.attribute.name == "members");
        if reads_members {
            let members = self.members(found, group)?;
            if !members.is_empty() {
                document.insert("members".to_owned(), Json::Array(members));
            }
        }
        self.add(found, group.id, &group.key, &document);
        Ok(())
    }

    /// The members of a group that the filter can read: those that it names, if it compares identifiers only.
    fn members(&self, found: &Progress, group: &Group) -> Result<Vec<Json>> {
        let is_sorted = self.sort.is_some_and(|sort| sort.path.attribute.name == "members");
        let named = self.filter.filter(|_| !is_sorted).and_then(|filter| filter.values_read("members"));
        let Some(named) = named else {
            return all_members(self.directory(), group.id, &self.matches.locations, found.rows_left);
        };
        let members = self.directory().scim_members_among(group.id, &named)?;
        Ok(members.iter().map(|found| group_resource::member(found, &self.matches.locations)).collect())
    }
}

/// The rows of the first condition that an index answers; `None` if there is none.
fn first_answer(
    conditions: &[Indexed],
    rows: impl Fn(&Indexed) -> Result<Option<Vec<i64>>>,
) -> Result<Option<Vec<i64>>> {
    conditions.iter().find_map(|condition| rows(condition).transpose()).transpose()
}

/// The rows of alternatives, each once; `None` if an index does not answer one of them.
fn union(
    branches: &[Vec<Indexed>],
    limit: u64,
    rows: &dyn Fn(&Indexed) -> Result<Option<Vec<i64>>>,
) -> Result<Option<Vec<i64>>> {
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    for branch in branches {
        let Some(found) = first_answer(branch, rows)? else { return Ok(None) };
        all.extend(found.into_iter().filter(|id| seen.insert(*id)));
        if all.len() as u64 > limit {
            return Ok(None);
        }
    }
    Ok(Some(all))
}
