//! Nuxeo's search for all groups or all users, page by page.

use super::entry::name_of;
use crate::formats::Remark;
use crate::import_sources::http_client::Client;
use crate::json::{Json, Object, decode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// Entries on a page.
const PAGE_SIZE: usize = 250;
/// Maximum length of a searched prefix of names, in characters.
const PREFIX_CHARS_MAX: usize = 4;

/// The entities to search for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resource {
    Group,
    User,
}

impl Resource {
    fn word(self) -> &'static str {
        match self {
            Resource::Group => "group",
            Resource::User => "user",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Resource::Group => "groups",
            Resource::User => "users",
        }
    }

    /// Names of the lists that the server is asked to include.
    fn lists(self) -> &'static str {
        match self {
            Resource::Group => "memberGroups,parentGroups",
            Resource::User => "",
        }
    }
}

/// A page in a response. Servers may omit fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    entries: Vec<Object>,
    #[serde(default)]
    results_count: Option<i64>,
    #[serde(default)]
    has_error: Option<bool>,
}

/// A search for all entries. If the server refuses to return all of them, it searches for one prefix of names after
/// another.
pub(super) struct Search {
    noun: Resource,
    /// Prefixes that are still to be searched; the last one is next.
    queries: Vec<String>,
    index: usize,
    /// Requests so far, for all queries.
    requests: usize,
    /// Number of entries that the present query has returned.
    shown: u64,
    /// The first name of the first page, and the first name of the previous page.
    begins: Vec<String>,
    /// Digests of all found entries in a search by prefixes, which finds some entries several times.
    found: Option<HashSet<u64>>,
    random: RandomState,
    remarks: Vec<Remark>,
}

impl Search {
    pub(super) fn new(noun: Resource) -> Search {
        Search {
            noun,
            queries: vec!["*".to_owned()],
            index: 0,
            requests: 0,
            shown: 0,
            begins: Vec::new(),
            found: None,
            random: RandomState::new(),
            remarks: Vec::new(),
        }
    }

    /// Entries that may be missing, as found since the last call.
    pub(super) fn take_remarks(&mut self) -> Vec<Remark> {
        std::mem::take(&mut self.remarks)
    }

    /// The entries of the next page that has some; `None` at the end.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the request, or returns pages without end.
    pub(super) fn next_page(&mut self, client: &Client, bytes: &mut u64) -> anyhow::Result<Option<Vec<Object>>> {
        while let Some(query) = self.queries.last().cloned() {
            self.requests += 1;
            if self.requests > client.search_max {
                return Err(client.endless(self.noun.plural()));
            }
            let answer = client.read(&path(self.noun, &query, self.index, self.noun.lists()))?;
            *bytes += answer.len() as u64;
            let page: Page = decode(&answer).map_err(|_| client.unexpected_response("a body that is not a page"))?;
            if page.has_error == Some(true) {
                self.search_by_beginnings(&query);
                continue;
            }
            // Some servers have no last page, but return earlier entries again.
            if let Some(first) = page.entries.first().and_then(name_of) {
                if self.begins.contains(&first) {
                    let noun = self.noun.plural();
                    let text = format!("the server repeats {noun} that it has already shown: some may be missing");
                    self.remarks.push(Remark::missing(text));
                    self.finish_query();
                    continue;
                }
                self.begins.truncate(1);
                self.begins.push(first);
            }
            self.index += 1;
            self.shown += page.entries.len() as u64;
            // A negative count means unknown: then only an empty page ends the search.
            let count = page.results_count.and_then(|count| u64::try_from(count).ok());
            if page.entries.is_empty() || count.is_some_and(|count| self.shown >= count) {
                if let Some(count) = count.filter(|count| self.shown < *count) {
                    let text = format!("the server counts more {} than it shows", self.noun.plural());
                    let about = format!("it counts {count} and shows {}", self.shown);
                    self.remarks.push(Remark::missing(text).about(about));
                }
                self.finish_query();
            }
            let new = self.without_found(page.entries);
            if !new.is_empty() {
                return Ok(Some(new));
            }
        }
        Ok(None)
    }

    /// The entries that no earlier prefix has found.
    fn without_found(&mut self, entries: Vec<Object>) -> Vec<Object> {
        let Search { found: Some(found), random, .. } = self else { return entries };
        let is_new = |entry: &Object| name_of(entry).is_none_or(|name| found.insert(random.hash_one(name)));
        entries.into_iter().filter(is_new).collect()
    }

    fn finish_query(&mut self) {
        self.queries.pop();
        (self.index, self.shown) = (0, 0);
        self.begins.clear();
    }

    /// Replaces a query that finds too many by narrower ones.
    fn search_by_beginnings(&mut self, query: &str) {
        self.finish_query();
        let beginning = if query == "*" { "" } else { query };
        let noun = self.noun.plural();
        if self.found.is_none() {
            self.found = Some(HashSet::new());
            self.remarks.push(Remark::missing(format!(
                "the server does not list all {noun} at once: they were searched for by the beginnings of their names, \
                 and those that begin with unusual characters may be missing"
            )));
        }
        if beginning.chars().count() == PREFIX_CHARS_MAX {
            let text = format!("the server does not list all {noun} that begin with some characters");
            self.remarks.push(Remark::missing(text).about(format!("{beginning:?}")));
            return;
        }
        // A star alone would match all entries, and servers trim spaces around a query.
        let marks = ('!'..='~').filter(|c| *c != '*' && !c.is_ascii_uppercase());
        // The small letters of Latin, Greek and Cyrillic.
        let letters = ('\u{df}'..='\u{24f}').chain('\u{3ac}'..='\u{3ce}').chain('\u{430}'..='\u{45f}');
        let letters = letters.filter(|c| c.is_lowercase() && beginning.is_empty());
        let narrower: Vec<_> = marks.chain(letters).map(|c| format!("{beginning}{c}")).collect();
        self.queries.extend(narrower.into_iter().rev());
    }
}

/// The list of one group, found by a search for its name. `None` if the server does not return the group.
///
/// # Errors
/// When the server cannot be reached.
pub(super) fn find_list(client: &Client, group: &str, list: &str) -> anyhow::Result<Option<Vec<Json>>> {
    let Some(answer) = client.read_found(&path(Resource::Group, group, 0, list))? else { return Ok(None) };
    let Ok(page) = decode::<Page>(&answer) else { return Ok(None) };
    let mut entries = page.entries.into_iter();
    let entry = entries.find(|entry| name_of(entry).is_some_and(|name| name == group));
    Ok(entry.and_then(|mut entry| match entry.remove(list) {
        Some(Json::Array(names)) => Some(names),
        _ => None,
    }))
}

fn path(noun: Resource, query: &str, index: usize, lists: &str) -> String {
    let (noun, query) = (noun.word(), utf8_percent_encode(query, NON_ALPHANUMERIC));
    let fetch = if lists.is_empty() { String::new() } else { format!("&fetch-group={lists}") };
    format!("/api/v1/{noun}/search?q={query}&pageSize={PAGE_SIZE}&currentPageIndex={index}{fetch}")
}
