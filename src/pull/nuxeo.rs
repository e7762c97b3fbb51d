//! Nuxeo's search for groups and for users, page by page.

use super::client::Client;
use crate::exchange::{GroupRecord, Record, Row, SubgroupRecord, UserRecord};
use crate::json::{Json, JsonText, Object, decode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Entries on a page.
const PAGE_SIZE: usize = 250;
/// The longest beginning of names that is searched for, in characters.
const PREFIX_CHARS_MAX: usize = 4;
/// The group whose members are the administrators here.
const ADMINISTRATORS: &str = "administrators";

/// The rows of a server, in the order of [`Stage`].
pub(super) struct Directory {
    client: Client,
    stage: Stage,
    /// Who is in which group, until all groups have passed.
    subgroups: VecDeque<SubgroupRecord>,
    /// Rows that are ready. The last one waits for the next, in case that it has to tell what is missing behind it.
    rows: VecDeque<Row>,
    /// What is missing, while there is no row to tell it.
    missing: Vec<String>,
    line: u64,
    bytes: u64,
    failure: Option<anyhow::Error>,
}

enum Stage {
    Groups(Search),
    Subgroups,
    Users(Search),
    Done,
}

impl Directory {
    /// Asks for the first page.
    pub(super) fn ask(client: Client) -> anyhow::Result<Directory> {
        let mut directory = Directory {
            client,
            stage: Stage::Groups(Search::new(Noun::Group)),
            subgroups: VecDeque::new(),
            rows: VecDeque::new(),
            missing: Vec::new(),
            line: 0,
            bytes: 0,
            failure: None,
        };
        directory.step()?;
        Ok(directory)
    }

    fn step(&mut self) -> anyhow::Result<()> {
        match &mut self.stage {
            Stage::Groups(search) => match search.next_page(&self.client, &mut self.bytes)? {
                Some(entries) => entries.into_iter().for_each(|entry| self.push_group(entry)),
                None => {
                    let losses = search.losses();
                    self.lose(losses);
                    self.stage = Stage::Subgroups;
                }
            },
            Stage::Subgroups => match self.subgroups.pop_front() {
                Some(subgroup) => self.push(Ok(Record::Subgroup(subgroup)), Vec::new()),
                None => self.stage = Stage::Users(Search::new(Noun::User)),
            },
            Stage::Users(search) => match search.next_page(&self.client, &mut self.bytes)? {
                Some(entries) => entries.into_iter().for_each(|entry| self.push_user(entry)),
                None => {
                    let losses = search.losses();
                    self.lose(losses);
                    self.stage = Stage::Done;
                }
            },
            Stage::Done => {}
        }
        Ok(())
    }

    fn push(&mut self, record: Result<Record, String>, losses: Vec<String>) {
        self.line += 1;
        let mut row = Row { line: self.line, bytes: self.bytes, record, losses: std::mem::take(&mut self.missing) };
        row.losses.extend(losses);
        self.rows.push_back(row);
    }

    /// Tells with the last row what is missing behind it, or with the next one.
    fn lose(&mut self, losses: Vec<String>) {
        match self.rows.back_mut() {
            Some(row) => row.losses.extend(losses),
            None => self.missing.extend(losses),
        }
    }

    fn push_group(&mut self, mut entry: Entry) {
        let mut losses = Vec::new();
        match group(&mut entry) {
            Err(why) => self.push(Err(why), losses),
            Ok(group) => {
                match names(entry.remove("memberGroups")) {
                    Ok(Some(names)) => {
                        let member = |subgroup| SubgroupRecord { group: group.name.clone(), subgroup };
                        self.subgroups.extend(names.into_iter().map(member));
                    }
                    Ok(None) => losses.push("the server does not say which groups are in it".to_owned()),
                    Err(()) => losses.push("the groups in it are no list of names".to_owned()),
                }
                self.push(Ok(Record::Group(group)), losses);
            }
        }
    }

    fn push_user(&mut self, mut entry: Entry) {
        let mut losses = Vec::new();
        let record = user(&mut entry, &mut losses).map(Record::User);
        self.push(record, losses);
    }
}

impl Iterator for Directory {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        while self.rows.len() < 2 && !matches!(self.stage, Stage::Done) {
            if let Err(error) = self.step() {
                (self.failure, self.stage) = (Some(error), Stage::Done);
            }
        }
        match self.rows.pop_front() {
            Some(row) => Some(Ok(row)),
            None => self.failure.take().map(Err),
        }
    }
}

type Entry = Object;

/// What is searched for.
#[derive(Debug, Clone, Copy)]
enum Noun {
    Group,
    User,
}

/// A page on the wire. Servers leave out what they do not know.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    entries: Vec<Entry>,
    #[serde(default)]
    results_count: Option<i64>,
    #[serde(default)]
    has_error: Option<bool>,
}

/// A search for everybody: at once, or, where the server refuses that, for one beginning of names after another.
struct Search {
    noun: Noun,
    /// What is still to be searched for; the last first.
    queries: Vec<String>,
    index: usize,
    /// Requests so far, for all queries.
    requests: usize,
    /// Entries that the query has shown.
    shown: u64,
    /// The first names on the first page, and on the one before.
    begins: Vec<String>,
    /// Everybody who was found, once they are searched for by beginnings, which find some several times.
    found: Option<HashSet<String>>,
    losses: Vec<String>,
}

impl Search {
    fn new(noun: Noun) -> Search {
        let (queries, losses) = (vec!["*".to_owned()], Vec::new());
        Search { noun, queries, index: 0, requests: 0, shown: 0, begins: Vec::new(), found: None, losses }
    }

    fn losses(&mut self) -> Vec<String> {
        std::mem::take(&mut self.losses)
    }

    /// The entries of the next page that has some; `None` at the end.
    fn next_page(&mut self, client: &Client, bytes: &mut u64) -> anyhow::Result<Option<Vec<Entry>>> {
        while let Some(query) = self.queries.last().cloned() {
            self.requests += 1;
            if self.requests > client.search_max {
                return Err(client.endless(self.noun.plural()));
            }
            let path = self.path(&query);
            let answer = client.read(&path)?;
            *bytes += answer.len() as u64;
            let page: Page = decode(&answer).map_err(|_| client.misunderstood("what is no page"))?;
            if page.has_error == Some(true) {
                self.search_by_beginnings(&query);
                continue;
            }
            // Some servers have no end, but show what they have shown.
            if let Some(first) = page.entries.first().and_then(name_of) {
                if self.begins.iter().any(|before| before == first) {
                    let noun = self.noun.plural();
                    self.losses.push(format!("the server begins anew with the {noun} that it has shown"));
                    self.finish_query();
                    continue;
                }
                self.begins.truncate(1);
                self.begins.push(first.to_owned());
            }
            self.index += 1;
            self.shown += page.entries.len() as u64;
            // A negative count is none: then only an empty page is the end.
            let count = page.results_count.and_then(|count| u64::try_from(count).ok());
            if page.entries.is_empty() || count.is_some_and(|count| self.shown >= count) {
                if let Some(count) = count.filter(|count| self.shown < *count) {
                    let (noun, shown) = (self.noun.plural(), self.shown);
                    self.losses.push(format!("the server counts {count} {noun} and shows {shown}"));
                }
                self.finish_query();
            }
            let new = match &mut self.found {
                None => page.entries,
                Some(found) => {
                    let is_new = |entry: &Entry| name_of(entry).is_none_or(|name| found.insert(name.to_owned()));
                    page.entries.into_iter().filter(is_new).collect()
                }
            };
            if !new.is_empty() {
                return Ok(Some(new));
            }
        }
        Ok(None)
    }

    fn path(&self, query: &str) -> String {
        let query = utf8_percent_encode(query, NON_ALPHANUMERIC);
        let (noun, index) = (self.noun.word(), self.index);
        let fetch = if matches!(self.noun, Noun::Group) { "&fetch-group=memberGroups" } else { "" };
        format!("/api/v1/{noun}/search?q={query}&pageSize={PAGE_SIZE}&currentPageIndex={index}{fetch}")
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
        if self.found.is_none() {
            self.found = Some(HashSet::new());
            let noun = self.noun.plural();
            self.losses.push(format!(
                "the server does not list all {noun} at once: they were searched for by the beginnings of their names, \
                 and those that begin with unusual characters may be missing"
            ));
        }
        if beginning.chars().count() == PREFIX_CHARS_MAX {
            let noun = self.noun.plural();
            self.losses.push(format!("the server does not list all {noun} that begin with {beginning:?}"));
            return;
        }
        // A star alone would be everybody, and spaces around a query do not count.
        let marks = ('!'..='~').filter(|c| *c != '*' && !c.is_ascii_uppercase());
        // The small letters of Latin, Greek and Cyrillic.
        let letters = ('\u{df}'..='\u{24f}').chain('\u{3ac}'..='\u{3ce}').chain('\u{430}'..='\u{45f}');
        let letters = letters.filter(|c| c.is_lowercase() && beginning.is_empty());
        let narrower: Vec<_> = marks.chain(letters).map(|c| format!("{beginning}{c}")).collect();
        self.queries.extend(narrower.into_iter().rev());
    }
}

impl Noun {
    fn word(self) -> &'static str {
        match self {
            Noun::Group => "group",
            Noun::User => "user",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Noun::Group => "groups",
            Noun::User => "users",
        }
    }
}

/// What an entry is called, also where it says nothing else.
fn name_of(entry: &Entry) -> Option<&str> {
    let below = entry.get("properties");
    let names = [
        entry.get("id"),
        entry.get("groupname"),
        below.and_then(|properties| properties.get("username")),
        below.and_then(|properties| properties.get("groupname")),
    ];
    names.into_iter().flatten().find_map(Json::as_str)
}

fn group(entry: &mut Entry) -> Result<GroupRecord, String> {
    let mut below = take_properties(entry)?;
    let name = [text(entry, "groupname")?, text(entry, "id")?, text(&mut below, "groupname")?];
    let name = name.into_iter().flatten().find(|name| !name.trim().is_empty()).ok_or("the group has no name")?;
    // At the top, the name stands for a label that is not there.
    let shown = text(entry, "grouplabel")?.filter(|label| *label != name);
    let label = if below.contains_key("grouplabel") { text(&mut below, "grouplabel")? } else { shown };
    let description = text(&mut below, "description")?;
    for key in ["members", "subGroups", "parentGroups"] {
        below.remove(key);
    }
    Ok(GroupRecord { name, label, description, groups: None, properties: kept(below), exported: false })
}

fn user(entry: &mut Entry, losses: &mut Vec<String>) -> Result<UserRecord, String> {
    let mut below = take_properties(entry)?;
    let name = [text(&mut below, "username")?, text(entry, "id")?];
    let name = name.into_iter().flatten().find(|name| !name.trim().is_empty()).ok_or("the user has no name")?;
    let groups = names(below.remove("groups")).map_err(|()| "groups is no list of names")?;
    if groups.is_none() {
        losses.push("the server does not say which groups the user is in".to_owned());
    }
    if entry.get("isAdministrator") == Some(&Json::Bool(true)) {
        let above = entry.get("extendedGroups").and_then(Json::as_array).into_iter().flatten();
        let above = above.filter_map(|group| group.get("name").and_then(Json::as_str));
        let direct = groups.iter().flatten().map(String::as_str);
        if !above.chain(direct).any(|name| name.eq_ignore_ascii_case(ADMINISTRATORS)) {
            losses.push(format!("the user is an administrator there without being in the group {ADMINISTRATORS}"));
        }
    }
    below.remove("password");
    Ok(UserRecord {
        name,
        first_name: text(&mut below, "firstName")?,
        last_name: text(&mut below, "lastName")?,
        email: text(&mut below, "email")?,
        company: text(&mut below, "company")?,
        title: text(&mut below, "title")?,
        groups,
        properties: kept(below),
        ..UserRecord::default()
    })
}

fn take_properties(entry: &mut Entry) -> Result<Object, String> {
    match entry.remove("properties") {
        Some(Json::Object(properties)) => Ok(properties),
        None | Some(Json::Null) => Ok(Object::new()),
        Some(_) => Err("properties is no object".to_owned()),
    }
}

/// What is left, and says something.
fn kept(properties: Object) -> BTreeMap<String, JsonText> {
    let kept = properties.into_iter().filter(|(_, value)| !value.is_null());
    kept.map(|(name, value)| (name, JsonText::from(&value))).collect()
}

/// A text; servers of that make take numbers and truth for texts too.
fn text(from: &mut Object, key: &str) -> Result<Option<String>, String> {
    match from.remove(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(value @ (Json::Number(_) | Json::Bool(_))) => Ok(Some(value.to_string())),
        Some(_) => Err(format!("{key} is no text")),
    }
}

/// A list of names, if there is one.
fn names(value: Option<Json>) -> Result<Option<Vec<String>>, ()> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Array(names)) => {
            let name = |value| if let Json::String(name) = value { Ok(name) } else { Err(()) };
            names.into_iter().map(name).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(()),
    }
}
