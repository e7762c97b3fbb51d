//! Lists of users and groups, and searches in them.

use super::groups::ListSelection;
use super::lookup::{load_group_id, load_user_with_groups_by_id};
use super::page_reader::PageReader;
use super::transactions::Directory;
use crate::model::{Filter, Group, GroupDetails, GroupRef, ListedUser, Result, UserSummary, UserWithGroups, Window};
use crate::store::ReadTx;

/// A query of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchQuery {
    /// Nothing, and that is what it finds.
    Nothing,
    /// Everything.
    Everything,
    /// Names that begin with this text.
    Prefix(String),
}

impl SearchQuery {
    fn filter(&self) -> Filter {
        match self {
            SearchQuery::Nothing => Filter::nothing(),
            SearchQuery::Everything => Filter::everything(),
            SearchQuery::Prefix(prefix) => Filter::starting_with(prefix),
        }
    }
}

/// A list of users that is read piece by piece, so that neither memory nor an old state of the database is
/// held while a client slowly reads a long list.
pub struct UserPages {
    directory: Directory,
    filter: Filter,
    /// The key of the last user read; `None` at the end.
    after: Option<String>,
    /// Users to skip before the next one.
    skip: u64,
    /// Users to show at most.
    left: u64,
}

/// Users in one piece of a long list.
const USERS_PER_READ: u64 = 500;

impl UserPages {
    /// Shows the next users, each with whether they are an administrator. False when there are no more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn next_piece(&mut self, mut visit: impl FnMut(ListedUser<'_>, bool) -> Result<()>) -> Result<bool> {
        let Some(after) = self.after.take() else { return Ok(false) };
        let mut last = String::new();
        let (limit, skip) = (USERS_PER_READ.min(self.left), std::mem::take(&mut self.skip));
        let shown = self.directory.read(|rows| {
            let is_administrator = rows.administrator_test()?;
            rows.visit_users_after(&self.filter, &after, Window { offset: skip, limit }, |id, key, user| {
                last.clear();
                last.push_str(key);
                visit(user, is_administrator(id)?)
            })
        })?;
        self.left -= shown;
        let more = shown == USERS_PER_READ && self.left > 0;
        self.after = more.then_some(last);
        Ok(more)
    }
}

impl Directory {
    /// The users who pass the filter, in the order of names.
    pub fn users(&self, filter: Filter) -> UserPages {
        UserPages { directory: self.clone(), filter, after: Some(String::new()), skip: 0, left: u64::MAX }
    }

    /// A window of those who pass the filter, in the order of names.
    pub fn users_page(&self, filter: Filter, window: Window) -> UserPages {
        UserPages { skip: window.offset, left: window.limit, ..self.users(filter) }
    }

    /// Those who pass the filter and come after that name in the order of names, as many as asked for.
    ///
    /// # Errors
    /// `NotFound` when there is no group of the name that is asked for.
    pub fn users_after(
        &self,
        filter: Filter,
        group: Option<GroupRef<'_>>,
        name: &str,
        limit: u64,
    ) -> Result<Vec<UserSummary>> {
        self.read(|rows| {
            let member = group.map(|group| load_group_id(rows, &group)).transpose()?.map(Filter::MemberOf);
            let filter = [filter].into_iter().chain(member).collect();
            rows.list_users_after(&filter, &rows.user_key(name)?, limit)
        })
    }

    /// Users whose login, first name, last name or e-mail begins with a text, in the order of names.
    pub fn search_users(&self, query: SearchQuery, window: Window) -> PageReader<UserWithGroups> {
        let filter = query.filter();
        let page = move |_: &Directory, rows: &ReadTx<'_>| rows.search_users(&filter, window);
        PageReader::new(self, page, |_, rows, id| load_user_with_groups_by_id(rows, id))
    }

    /// Groups whose name or label begins with a text, in the order of names.
    pub fn search_groups(&self, query: SearchQuery, window: Window, lists: ListSelection) -> PageReader<GroupDetails> {
        let filter = query.filter();
        let page = move |_: &Directory, rows: &ReadTx<'_>| rows.search_groups(&filter, window);
        PageReader::new(self, page, move |directory, rows, id| directory.shown_by_id(rows, id, lists))
    }

    /// The groups that come after that name in the order of names and whose texts contain all words of the
    /// query, as many as asked for, each with the number of its direct member users and groups.
    ///
    /// # Errors
    /// `Invalid` when the query has too many words.
    pub fn groups_after(&self, query: Option<&str>, name: &str, limit: u64) -> Result<Vec<(Group, u64, u64)>> {
        let filter = query.map_or_else(|| Ok(Filter::everything()), Filter::words)?;
        self.read(|rows| rows.list_groups_after(&filter, &rows.group_key(name)?, limit))
    }
}
