//! Reads a Nuxeo server: first its groups, then its users, then the members that only the lists of groups name.
//!
//! The document of a user names the groups of the user. The list of a group can have further names: those of users that
//! do not exist, and those of users whose documents do not name any groups. They become members. A user whose document
//! names only other groups does not become a member, because the two contradict each other.

mod entry;
mod known;
mod search;

use super::http_client::Client;
use super::json_array::{Items, Problem};
use crate::formats::{MemberRecord, Record, Remark, Row, SubgroupRecord};
use crate::json::{Json, Object};
use entry::{GroupEntry, name_of};
use known::{Known, Standing};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use search::{Resource, Search};
use std::collections::VecDeque;
use std::io::Read;

/// The list of the users of a group.
const MEMBER_USERS: &str = "memberUsers";
/// Characters that are escaped in a path. The slash is not among them, because some servers refuse an escaped one.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The rows of a server, in the order of [`Stage`].
pub(super) struct Directory {
    client: Client,
    stage: Stage,
    known: Known,
    /// Groups whose lists of users are read later.
    groups: VecDeque<String>,
    /// Groups that other groups have named as their parents.
    parents: Vec<SubgroupRecord>,
    rows: VecDeque<Row>,
    line: u64,
    bytes: u64,
    failure: Option<anyhow::Error>,
}

enum Stage {
    Groups(Search),
    Users(Search),
    /// The list of users of the next group is read.
    Lists,
    Members(Members),
    Done,
}

/// The list of users of one group.
struct Members {
    group: String,
    names: Names,
}

enum Names {
    /// As they come.
    Stream(Box<Items<Box<dyn Read + Send>>>),
    List(std::vec::IntoIter<Json>),
}

impl Directory {
    /// Asks for the first page.
    pub(super) fn ask(client: Client) -> anyhow::Result<Directory> {
        let mut directory = Directory {
            client,
            stage: Stage::Groups(Search::new(Resource::Group)),
            known: Known::default(),
            groups: VecDeque::new(),
            parents: Vec::new(),
            rows: VecDeque::new(),
            line: 0,
            bytes: 0,
            failure: None,
        };
        directory.step()?;
        Ok(directory)
    }

    fn step(&mut self) -> anyhow::Result<()> {
        match &mut self.stage {
            Stage::Groups(search) => {
                let entries = search.next_page(&self.client, &mut self.bytes)?;
                let remarks = search.take_remarks();
                remarks.into_iter().for_each(|remark| self.tell(remark));
                match entries {
                    Some(entries) => entries.into_iter().try_for_each(|entry| self.push_group(entry))?,
                    None => {
                        self.push_parents()?;
                        self.stage = Stage::Users(Search::new(Resource::User));
                    }
                }
            }
            Stage::Users(search) => {
                let entries = search.next_page(&self.client, &mut self.bytes)?;
                let remarks = search.take_remarks();
                remarks.into_iter().for_each(|remark| self.tell(remark));
                match entries {
                    Some(entries) => entries.into_iter().try_for_each(|entry| self.push_user(entry))?,
                    None => {
                        self.known.finish_users();
                        self.stage = Stage::Lists;
                    }
                }
            }
            Stage::Lists => match self.groups.pop_front() {
                Some(group) => self.open_list(group)?,
                None => {
                    self.push_untold();
                    self.stage = Stage::Done;
                }
            },
            Stage::Members(_) => self.push_member()?,
            Stage::Done => {}
        }
        Ok(())
    }

    fn push(&mut self, record: Result<Option<Record>, String>, remarks: Vec<Remark>) {
        self.line += 1;
        self.rows.push_back(Row { line: self.line, bytes: self.bytes, record, remarks, login: None });
    }

    /// Adds a row that has only a remark.
    fn tell(&mut self, remark: Remark) {
        self.push(Ok(None), vec![remark]);
    }

    fn push_group(&mut self, entry: Object) -> anyhow::Result<()> {
        let mut remarks = Vec::new();
        let GroupEntry { record, subgroups, parents } = match entry::group(entry, &mut remarks) {
            Ok(group) => group,
            Err(why) => {
                self.push(Err(why), remarks);
                return Ok(());
            }
        };
        let name = record.name.clone();
        self.push(Ok(Some(Record::Group(record))), remarks);
        for subgroup in subgroups {
            self.push_subgroup(subgroup_of(&name, subgroup))?;
        }
        for parent in parents {
            self.known.keep(size_of::<SubgroupRecord>() + parent.len() + name.len())?;
            self.parents.push(subgroup_of(&parent, name.clone()));
        }
        self.known.keep(size_of::<String>() + name.len())?;
        self.groups.push_back(name);
        Ok(())
    }

    fn push_subgroup(&mut self, subgroup: SubgroupRecord) -> anyhow::Result<()> {
        if self.known.note_subgroup(subgroup.group.shown(), subgroup.subgroup.shown())? {
            self.push(Ok(Some(Record::Subgroup(subgroup))), Vec::new());
        }
        Ok(())
    }

    /// Adds the memberships of subgroups that only the subgroup has named. The lists of the parent groups come first,
    /// because they have an order.
    fn push_parents(&mut self) -> anyhow::Result<()> {
        std::mem::take(&mut self.parents).into_iter().try_for_each(|subgroup| self.push_subgroup(subgroup))
    }

    fn push_user(&mut self, entry: Object) -> anyhow::Result<()> {
        let name = name_of(&entry);
        let mut remarks = Vec::new();
        let user = entry::user(entry, &mut remarks);
        match (&user, &name) {
            (Ok(user), _) => match &user.groups {
                Some(groups) => self.known.note_user(&user.name, groups)?,
                None => self.known.note_untold(&user.name)?,
            },
            // A refused user gets no memberships.
            (Err(_), Some(name)) => self.known.note_user(name, &[])?,
            (Err(_), None) => {}
        }
        self.push(user.map(|user| Some(Record::User(user))), remarks);
        Ok(())
    }

    fn open_list(&mut self, group: String) -> anyhow::Result<()> {
        self.stage = match self.find_names(&group)? {
            Some(names) => Stage::Members(Members { group, names }),
            None => {
                let text = "the server does not say who is in the group";
                self.tell(Remark::missing(text).about(format!("the group {group}")));
                Stage::Lists
            }
        };
        Ok(())
    }

    fn find_names(&self, group: &str) -> anyhow::Result<Option<Names>> {
        if is_plain_in_paths(group) {
            let escaped = utf8_percent_encode(group, ESCAPED);
            let path = format!("/api/v1/group/{escaped}?fetch-group={MEMBER_USERS}");
            if let Some(body) = self.client.stream_found(&path)? {
                let body: Box<dyn Read + Send> = Box::new(body);
                match Items::find(body, MEMBER_USERS) {
                    Ok(names) => return Ok(Some(Names::Stream(Box::new(names)))),
                    Err(Problem::Io(error)) => return Err(self.client.interrupted(error)),
                    Err(Problem::Document(_)) => {}
                }
            }
        }
        Ok(search::find_list(&self.client, group, MEMBER_USERS)?.map(|names| Names::List(names.into_iter())))
    }

    fn push_member(&mut self) -> anyhow::Result<()> {
        let Stage::Members(members) = &mut self.stage else { return Ok(()) };
        let Some(name) = members.next(&self.client)? else {
            self.bytes += members.bytes();
            self.stage = Stage::Lists;
            return Ok(());
        };
        let group = members.group.clone();
        let name = match name {
            Json::String(name) if !name.trim().is_empty() => name,
            _ => {
                self.tell(entry::not_a_name(&format!("{MEMBER_USERS} of the group {group}")));
                return Ok(());
            }
        };
        match self.known.standing(&name, &group) {
            Standing::Told => {}
            Standing::Contradicted => {
                let text = "the list of a group has a user who is not in that group by the user's own document: \
                            the user does not become a member";
                self.tell(Remark::missing(text).about(format!("the user {name} in the group {group}")));
            }
            Standing::Open => {
                let member = MemberRecord { group: group.into(), user: name.into(), ..MemberRecord::default() };
                self.push(Ok(Some(Record::Member(member))), Vec::new());
            }
        }
        Ok(())
    }

    fn push_untold(&mut self) {
        for user in self.known.take_untold() {
            let text = "the server does not say which groups a user is in, and no group has the user in its list";
            self.tell(Remark::missing(text).about(format!("the user {user}")));
        }
    }
}

impl Iterator for Directory {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        while self.rows.is_empty() && !matches!(self.stage, Stage::Done) {
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

impl Members {
    fn next(&mut self, client: &Client) -> anyhow::Result<Option<Json>> {
        match &mut self.names {
            Names::List(names) => Ok(names.next()),
            Names::Stream(names) => match names.next() {
                // A text that is not JSON is not a name.
                Ok(item) => Ok(item.map(|text| Json::parse_stored(text).unwrap_or(Json::Null))),
                Err(problem) => {
                    let error = match problem {
                        Problem::Io(error) => client.interrupted(error),
                        Problem::Document(what) => client.unexpected_response(what),
                    };
                    Err(error.context(format!("the list of the group {:?} is not complete", self.group)))
                }
            },
        }
    }

    fn bytes(&self) -> u64 {
        match &self.names {
            Names::Stream(names) => names.bytes(),
            Names::List(_) => 0,
        }
    }
}

fn subgroup_of(group: &str, subgroup: String) -> SubgroupRecord {
    SubgroupRecord { group: group.into(), subgroup: subgroup.into(), ..SubgroupRecord::default() }
}

/// True if a path that contains the name of a group cannot mean another resource.
fn is_plain_in_paths(name: &str) -> bool {
    let is_plain = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.starts_with('@');
    let means_other = name == "search" || name.contains("/user/") || name.contains("/group/");
    name.trim() == name && !means_other && name.split('/').all(is_plain)
}
