//! The passes over the rows of an import: one that sees what there is, and one for each phase.

use super::Source;
use super::claims::{Claim, Claims, Place};
use super::report::Report;
use crate::admin::{Phase, ShownImport, settle_fields};
use crate::cli::import_options::{GroupMapping, ImportOptions, PasswordsArg};
use crate::directory::{ImportedPassword, classify_password};
use crate::formats::{
    EntryName, GroupRecord, Joined, MemberRecord, Record, Remark, RemarkKind, Role, SaidBy, SubgroupRecord, Target,
    UserRecord, entry_name,
};
use crate::model::{ADMINISTRATORS, fold_name};
use anyhow::bail;
use indicatif::ProgressBar;
use std::collections::{HashMap, HashSet};
use std::sync::mpsc::SyncSender;

/// A part is complete with so many bytes of the input, whatever the number of rows.
const PART_BYTES: u64 = 1 << 20;
/// Names of columns that hold logins without anybody being told.
const PLAIN_LOGINS: [&str; 3] = ["name", "login", "username"];

/// Some rows of a phase.
#[derive(Default)]
pub(super) struct Part {
    pub(super) records: Vec<Record>,
    /// The number of the row of each, and its line.
    pub(super) rows: Vec<Place>,
    /// Rows that are refused before the directory is asked.
    pub(super) refused: Vec<(u64, String)>,
    /// Memberships that are missing.
    pub(super) remarks: Vec<(u64, Remark)>,
    /// The last row that was looked at.
    pub(super) last: Place,
    /// How far that is in the input.
    pub(super) bytes: u64,
    /// Who the rows are about, by their numbers.
    pub(super) owners: HashMap<u64, Owner>,
}

/// Who a row is about.
pub(super) struct Owner {
    /// The key of the name of a group; `None`: a user.
    group: Option<String>,
    /// The entries.
    entries: Vec<EntryName>,
}

/// Users and groups whose rows are not stored: nobody becomes a member by these rows.
#[derive(Default)]
pub(super) struct Withheld {
    /// The numbers of the rows of groups.
    rows: HashSet<u64>,
    /// The keys of the names of groups.
    names: HashSet<String>,
    /// The entries of groups, and of users whose rows were refused.
    entries: HashSet<EntryName>,
    /// The entries of users whose rows were skipped: they are who they were, and do not become members by these rows.
    skipped: HashSet<EntryName>,
}

impl Withheld {
    /// Adds those of a part that were not stored.
    pub(super) fn add(&mut self, owners: &mut HashMap<u64, Owner>, result: &ShownImport) {
        for row in &result.skipped {
            owners.remove(row).into_iter().for_each(|owner| self.add_row(*row, owner, true));
        }
        for (row, ..) in &result.refused {
            owners.remove(row).into_iter().for_each(|owner| self.add_row(*row, owner, false));
        }
    }

    fn add_row(&mut self, row: u64, owner: Owner, is_skipped: bool) {
        match owner.group {
            Some(name) => {
                self.rows.insert(row);
                self.names.insert(name);
                self.entries.extend(owner.entries);
            }
            None if is_skipped => self.skipped.extend(owner.entries),
            None => self.entries.extend(owner.entries),
        }
    }

    /// These and those.
    pub(super) fn joined_with(mut self, others: Withheld) -> Withheld {
        self.rows.extend(others.rows);
        self.names.extend(others.names);
        self.entries.extend(others.entries);
        self.skipped.extend(others.skipped);
        self
    }
}

/// What the first pass has seen.
#[derive(Default)]
pub(super) struct Survey {
    claims: Claims,
    mapping: Mapping,
    /// The entries of groups whose lists the input has.
    listed: HashSet<EntryName>,
    /// The entries of all groups of the input.
    groups: HashSet<EntryName>,
    /// By the keys of their names, the entries that groups may be made of; `None`: several have the name.
    outside: HashMap<String, Option<EntryName>>,
    creates_groups: bool,
    /// The highest place of a membership that the file names.
    pub(super) places: u64,
    /// The number of the last row of each phase but the last.
    last_rows: [u64; Phase::ALL.len() - 1],
    /// Where logins come from, and how many.
    pub(super) logins: Vec<(String, u64)>,
    pub(super) refused: u64,
    pub(super) missing: u64,
    pub(super) lossy: u64,
    /// The input has no end.
    pub(super) cut_off: bool,
}

/// Groups of the input that mean groups here which the operator has named.
#[derive(Default)]
struct Mapping {
    /// By the key of the name.
    names: HashMap<String, Mapped>,
    entries: HashMap<EntryName, String>,
    /// The entries that the operator has named, and that the input does not have so far.
    unseen: HashMap<EntryName, String>,
}

/// A group that the operator has named by its name in the input.
struct Mapped {
    /// The name as it was given.
    from: String,
    to: String,
    /// Something of the input is called so.
    seen: bool,
    /// The entries that are called so; no more than two.
    entries: Vec<EntryName>,
}

impl Mapping {
    fn new(pairs: &[GroupMapping]) -> Mapping {
        let mut mapping = Mapping::default();
        for GroupMapping { from, to } in pairs {
            if let Some(entry) = entry_name(from) {
                mapping.entries.insert(entry, to.clone());
                mapping.unseen.insert(entry, from.clone());
            } else {
                let (from, to, seen, entries) = (from.clone(), to.clone(), false, Vec::new());
                mapping.names.insert(fold_name(&from), Mapped { from, to, seen, entries });
            }
        }
        mapping
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.entries.is_empty()
    }

    /// Notes a group of the input.
    fn note_group(&mut self, group: &GroupRecord) {
        self.note_name(&group.name, group.entry_names.first());
        if let Some(mapped) = self.names.get(&fold_name(&group.name)) {
            let to = &mapped.to;
            for entry in &group.entry_names {
                self.entries.entry(*entry).or_insert_with(|| to.clone());
            }
        }
    }

    /// Notes a group that a membership means.
    fn note_target(&mut self, target: &Target) {
        match target {
            Target::Name(name) => self.note_name(name, None),
            Target::Entry { entry, name, .. } => {
                if let Some(name) = name {
                    self.note_name(name, Some(entry));
                }
                self.unseen.remove(entry);
            }
        }
    }

    fn note_name(&mut self, name: &str, entry: Option<&EntryName>) {
        if let Some(entry) = entry {
            self.unseen.remove(entry);
        }
        let Some(mapped) = self.names.get_mut(&fold_name(name)) else { return };
        mapped.seen = true;
        if let Some(entry) = entry
            && mapped.entries.len() < 2
            && !mapped.entries.contains(entry)
        {
            mapped.entries.push(*entry);
        }
    }

    /// Notes the groups that a record names.
    fn note(&mut self, record: &Record) {
        if self.is_empty() {
            return;
        }
        match record {
            Record::User(user) => user.groups.iter().flatten().for_each(|name| self.note_name(name, None)),
            Record::Group(group) => {
                self.note_group(group);
                group.groups.iter().flatten().for_each(|name| self.note_name(name, None));
            }
            Record::Member(member) => self.note_target(&member.group),
            Record::Subgroup(member) => {
                self.note_target(&member.group);
                self.note_target(&member.subgroup);
            }
        }
    }

    /// Tells the fields of a group that is mapped: the group here keeps its own.
    fn left_out(&self, record: &Record) -> Option<Remark> {
        let Record::Group(group) = record else { return None };
        self.of_group(group)?;
        let has_fields = group.label.is_some() || group.description.is_some() || !group.properties.is_empty();
        let text = "the fields of a group that is mapped are left out";
        has_fields.then(|| Remark::dropped(text).about(format!("the group {}", group.name)))
    }

    /// Refuses a group that the input does not have, and a name that several of its entries have.
    fn require_clear(&self) -> anyhow::Result<()> {
        if let Some(from) = self.unseen.values().min() {
            bail!("--map-group: the input has no group {from}");
        }
        for mapped in self.names.values() {
            let from = &mapped.from;
            if !mapped.seen {
                bail!("--map-group: the input has no group that is called {from}");
            }
            if mapped.entries.len() > 1 {
                bail!("--map-group: several groups of the input are called {from}: give the distinguished name of one");
            }
        }
        Ok(())
    }

    /// The group here that a group of the input means.
    fn of_group(&self, group: &GroupRecord) -> Option<&String> {
        let by_entry = group.entry_names.iter().find_map(|entry| self.entries.get(entry));
        by_entry.or_else(|| self.of_name(&group.name))
    }

    fn of_name(&self, name: &str) -> Option<&String> {
        if self.names.is_empty() { None } else { self.names.get(&fold_name(name)).map(|mapped| &mapped.to) }
    }

    /// The same of a membership. A name in a distinguished name counts only for entries that are not in the input, whose
    /// groups have the entries `known`.
    fn of_target(&self, target: &Target, known: &HashSet<EntryName>) -> Option<&String> {
        match target {
            _ if self.is_empty() => None,
            Target::Name(name) => self.of_name(name),
            Target::Entry { entry, name, .. } => self.entries.get(entry).or_else(|| {
                let name = name.as_ref().filter(|_| !known.contains(entry))?;
                self.of_name(name)
            }),
        }
    }

    /// Replaces the names of groups of the input that are mapped.
    fn map_names(&self, names: &mut Option<Vec<String>>) {
        for name in names.iter_mut().flatten() {
            if let Some(to) = self.of_name(name) {
                name.clone_from(to);
            }
        }
    }
}

/// Lets one end of a membership mean the group of that name, if there is one. Returns whether there is.
fn replace_target(target: &mut Target, group: Option<&String>) -> bool {
    let Some(name) = group.cloned() else { return false };
    *target = Target::Name(name);
    true
}

/// Sees what there is: who claims what, what is refused or lost.
///
/// # Errors
/// When the input cannot be read, or the report not be written.
pub(super) fn survey(
    source: &Source,
    options: &ImportOptions,
    report: &mut Report<'_>,
    bar: &ProgressBar,
) -> anyhow::Result<Survey> {
    let (mapping, creates_groups) = (Mapping::new(&options.map_group), options.create_groups);
    let mut survey = Survey { mapping, creates_groups, ..Survey::default() };
    let mut logins: HashMap<String, u64> = HashMap::new();
    let mut last_lossy = 0;
    for (index, row) in source.rows()?.enumerate() {
        let row = row?;
        let mut remarks = row.remarks;
        match row.record {
            Err(why) => {
                survey.refused += 1;
                report.refuse(row.line, &why)?;
            }
            Ok(None) => {}
            Ok(Some(mut record)) => {
                if let (Some(login), Record::User(user)) = (row.login, &record)
                    && !user.exported
                {
                    match logins.get_mut(&*login) {
                        Some(count) => *count += 1,
                        None => drop(logins.insert(login.to_string(), 1)),
                    }
                }
                survey.note(index as u64 + 1, &record);
                remarks.extend(survey.mapping.left_out(&record));
                remarks.extend(settle_fields(&mut record));
                if let Record::User(user) = &mut record {
                    remarks.extend(settle_password(user, options.passwords));
                }
            }
        }
        for remark in remarks {
            match remark.kind {
                RemarkKind::Missing => survey.missing += 1,
                RemarkKind::CutOff => survey.cut_off = true,
                RemarkKind::Dropped => {
                    survey.lossy += u64::from(last_lossy != row.line);
                    last_lossy = row.line;
                }
            }
            report.note(row.line, remark)?;
        }
        if index % 1000 == 0 {
            bar.set_position(row.bytes);
        }
    }
    survey.mapping.require_clear()?;
    survey.claims.finish();
    survey.logins = logins.into_iter().filter(|(name, _)| !is_plain_login(name)).collect();
    survey.logins.sort_unstable_by(|(one, count), (other, more)| more.cmp(count).then_with(|| one.cmp(other)));
    Ok(survey)
}

fn is_plain_login(name: &str) -> bool {
    PLAIN_LOGINS.iter().any(|plain| name.eq_ignore_ascii_case(plain))
}

impl Survey {
    /// Maps a group that a membership means. Returns whether it is mapped.
    fn map(&self, target: &mut Target) -> bool {
        replace_target(target, self.mapping.of_target(target, &self.groups))
    }

    /// Maps a member, if it is a group of the input that is mapped. What a user is called says nothing.
    fn map_member(&self, target: &mut Target) -> bool {
        let Target::Entry { entry, .. } = target else { return false };
        let group = self.mapping.entries.get(entry);
        replace_target(target, group)
    }

    fn note(&mut self, row: u64, record: &Record) {
        if let Some(claim) = Claim::name_of(record) {
            self.claims.note(&claim);
        }
        Claim::entries_of(record).for_each(|claim| self.claims.note(&claim));
        let joined = match record {
            Record::User(user) => user.joined.iter().flatten().map(place_of).max(),
            Record::Group(_) => None,
            Record::Member(member) => member.joined,
            Record::Subgroup(member) => member.joined,
        };
        self.places = self.places.max(joined.unwrap_or(0));
        self.mapping.note(record);
        self.note_groups(record);
        self.note_phases(row, record);
    }

    fn note_groups(&mut self, record: &Record) {
        match record {
            Record::Group(group) => self.groups.extend(&group.entry_names),
            Record::Member(MemberRecord { group: Target::Entry { entry, name, .. }, said_by, .. })
            | Record::Subgroup(SubgroupRecord { group: Target::Entry { entry, name, .. }, said_by, .. }) => {
                if *said_by == SaidBy::Group {
                    self.listed.insert(*entry);
                }
                if let (Some(name), true) = (name, self.creates_groups) {
                    let found = self.outside.entry(fold_name(name)).or_insert(Some(*entry));
                    *found = found.filter(|found| found == entry);
                }
            }
            Record::User(_) | Record::Member(_) | Record::Subgroup(_) => {}
        }
    }

    /// What a membership counts as: what a member says of a group that has no list in the input is a statement like
    /// any other.
    fn counted_as(&self, group: &Target, said_by: SaidBy) -> SaidBy {
        match group {
            Target::Entry { entry, .. } if said_by == SaidBy::Member && self.listed.contains(entry) => SaidBy::Member,
            Target::Entry { .. } if said_by == SaidBy::Member => SaidBy::Row,
            _ => said_by,
        }
    }

    /// Takes the name off a group that is no group of the input, where several have that name: none of them is made.
    fn forget_unclear_name(&self, group: &mut Target) {
        if let Target::Entry { entry, name, .. } = group
            && !self.groups.contains(entry)
            && name.as_ref().is_some_and(|name| self.outside.get(&fold_name(name)) == Some(&None))
        {
            *name = None;
        }
    }

    fn note_phases(&mut self, row: u64, record: &Record) {
        let phases: &[Phase] = match record {
            Record::Group(group) if group.groups.is_some() => &[Phase::Groups, Phase::Parents],
            Record::Group(_) => &[Phase::Groups],
            Record::User(_) => &[Phase::Users],
            Record::Member(MemberRecord { group: Target::Name(_), .. })
            | Record::Subgroup(SubgroupRecord { group: Target::Name(_), .. }) => &[Phase::NamedMemberships],
            // Which of them it is depends on rows that come later.
            Record::Member(_) | Record::Subgroup(_) => &[Phase::NamedMemberships, Phase::Memberships, Phase::MemberOf],
        };
        for phase in phases {
            self.last_rows[phase.index()] = row;
        }
    }

    /// The number of the last row of a phase; 0 if it has none.
    pub(super) fn last_row(&self, phase: Phase, deferred: &HashSet<u64>) -> u64 {
        let last = self.last_rows.get(phase.index()).copied();
        last.or_else(|| deferred.iter().max().copied()).unwrap_or(0)
    }

    /// Takes entries off a record that other rows claim too: nobody is meant by what means several. The first row of
    /// a distinguished name keeps it.
    fn keep_own_entries(&mut self, record: &mut Record, place: Place) {
        let names = match record {
            Record::User(user) => &mut user.entry_names,
            Record::Group(group) => &mut group.entry_names,
            Record::Member(_) | Record::Subgroup(_) => return,
        };
        let mut at = 0;
        names.retain(|name| {
            let claim = Claim::Entry { name: *name, first: std::mem::replace(&mut at, 1) == 0 };
            match claim {
                Claim::Entry { first: true, .. } => self.claims.earlier(claim, place).is_none(),
                claim => !self.claims.is_shared(&claim),
            }
        });
    }
}

fn place_of(joined: &Joined) -> u64 {
    match joined {
        Joined::At(place) | Joined::Spelled(place, _) => *place,
    }
}

/// What of a phase was brought in before.
#[derive(Debug, Clone, Copy)]
pub(super) enum Done {
    /// Everything up to the row of that number.
    Row(u64),
    /// Everything up to that line.
    Line(u64),
}

impl Done {
    fn contains(self, (row, line): Place) -> bool {
        match self {
            Done::Row(last) => row <= last,
            Done::Line(last) => line <= last,
        }
    }
}

/// The phase of memberships of entries.
fn entry_phase(said_by: SaidBy) -> Phase {
    if said_by == SaidBy::Member { Phase::MemberOf } else { Phase::Memberships }
}

/// One pass for a phase.
pub(super) struct Pass {
    pub(super) phase: Phase,
    /// What was brought in before.
    pub(super) done: Done,
    /// Rows in a part.
    pub(super) rows: usize,
    /// The numbers of the rows up to there that were skipped.
    pub(super) skipped: HashSet<u64>,
    /// The numbers of the rows up to there that were refused.
    pub(super) refused: HashSet<u64>,
    pub(super) passwords: PasswordsArg,
    /// The numbers of the rows of the last phase.
    pub(super) deferred: HashSet<u64>,
}

/// Reads the rows of a phase into parts, until the end or until nobody wants more.
///
/// # Errors
/// When the input cannot be read.
pub(super) fn read(
    source: &Source,
    pass: Pass,
    survey: Survey,
    withheld: Withheld,
    parts: &SyncSender<Part>,
) -> anyhow::Result<(Survey, Withheld)> {
    let mut reading = Reading { pass, survey, withheld, part: Part::default(), last_group: None };
    let mut begun = 0;
    let last = reading.survey.last_row(reading.pass.phase, &reading.pass.deferred);
    for (number, row) in (1..=last).zip(source.rows()?) {
        let row = row?;
        let part = &mut reading.part;
        if part.records.len() >= reading.pass.rows || part.bytes.saturating_sub(begun) >= PART_BYTES {
            begun = part.bytes;
            if parts.send(std::mem::take(part)).is_err() {
                return Ok((reading.survey, reading.withheld));
            }
        }
        (reading.part.last, reading.part.bytes) = ((number, row.line), row.bytes);
        if let Ok(Some(record)) = row.record {
            reading.take((number, row.line), record);
        }
    }
    let _ = parts.send(reading.part);
    Ok((reading.survey, reading.withheld))
}

struct Reading {
    pass: Pass,
    survey: Survey,
    withheld: Withheld,
    part: Part,
    /// The row of a group that was read last, and the key of its name: its list follows.
    last_group: Option<(u64, String)>,
}

impl Reading {
    /// Takes a row into the part, if it is one of the phase.
    fn take(&mut self, place: Place, record: Record) {
        if let (Record::Group(group), true) = (&record, self.pass.phase.has_memberships()) {
            self.last_group = Some((place.0, fold_name(&group.name)));
        }
        match (self.pass.phase, record) {
            (Phase::Groups, Record::Group(group)) => self.take_group(place, group),
            (Phase::Users, Record::User(user)) => self.take_user(place, user),
            (Phase::Parents, Record::Group(group)) => self.take_parents(place, group),
            (phase, Record::Member(member)) if phase.has_memberships() => self.take_member(place, member),
            (phase, Record::Subgroup(member)) if phase.has_memberships() => {
                self.take_subgroup(place, member);
            }
            (Phase::Administrators, Record::User(user)) if self.pass.deferred.contains(&place.0) => {
                self.take_user(place, user);
            }
            (Phase::Administrators, Record::Group(group)) if self.pass.deferred.contains(&place.0) => {
                self.take_parents(place, group);
            }
            _ => {}
        }
    }

    /// Refuses a row whose name another row has claimed before.
    fn claim(&mut self, place: Place, record: &mut Record) -> bool {
        let earlier = Claim::name_of(record).and_then(|claim| self.survey.claims.earlier(claim, place));
        self.survey.keep_own_entries(record, place);
        let Some(earlier) = earlier else { return true };
        let (noun, name) = match record {
            Record::User(user) => ("user", &user.name),
            Record::Group(group) => ("group", &group.name),
            Record::Member(_) | Record::Subgroup(_) => return true,
        };
        let why = format!("{noun} already exists: {} (line {earlier} of the input has it)", shortened(name));
        self.part.refused.push((place.1, why));
        false
    }

    fn take_group(&mut self, place: Place, group: GroupRecord) {
        if self.survey.mapping.of_group(&group).is_some() {
            return;
        }
        let mut record = Record::Group(group);
        let is_first = self.claim(place, &mut record);
        let Record::Group(group) = &record else { return };
        if is_first {
            let owner = Owner { group: Some(fold_name(&group.name)), entries: group.entry_names.clone() };
            self.note_owner(place, owner);
            self.push(place, record);
        } else {
            // Another row has the name: only the list of this one counts for nothing.
            self.withheld.rows.insert(place.0);
            self.withheld.entries.extend(&group.entry_names);
        }
    }

    /// Notes who a row is about, in case that it is not stored.
    fn note_owner(&mut self, place: Place, owner: Owner) {
        if self.pass.skipped.contains(&place.0) {
            self.withheld.add_row(place.0, owner, true);
        } else if self.pass.refused.contains(&place.0) {
            self.withheld.add_row(place.0, owner, false);
        } else if !self.pass.done.contains(place) {
            self.part.owners.insert(place.0, owner);
        }
    }

    fn take_user(&mut self, place: Place, mut user: UserRecord) {
        // The first pass has told what is left out.
        drop(settle_password(&mut user, self.pass.passwords));
        self.survey.mapping.map_names(&mut user.groups);
        let mut record = Record::User(user);
        let is_first = self.claim(place, &mut record);
        if let Record::User(user) = &record
            && !user.entry_names.is_empty()
        {
            let owner = Owner { group: None, entries: user.entry_names.clone() };
            if is_first { self.note_owner(place, owner) } else { self.withheld.add_row(place.0, owner, false) }
        }
        if is_first {
            self.remark_on_role(place, &record);
            self.push(place, record);
        }
    }

    /// Tells that a role takes its user out of the group of administrators.
    fn remark_on_role(&mut self, place: Place, record: &Record) {
        let Record::User(UserRecord { name, role: Some(Role::Standard | Role::Read), groups, .. }) = record else {
            return;
        };
        // A name that only looks the same means another group.
        if groups.iter().flatten().any(|group| group.trim().eq_ignore_ascii_case(ADMINISTRATORS)) {
            let why = format!("a role other than admin keeps users out of the group {ADMINISTRATORS}");
            self.part.remarks.push((place.1, Remark::missing(why).about(format!("the user {name}"))));
        }
    }

    fn take_parents(&mut self, place: Place, mut group: GroupRecord) {
        let is_stored = !self.withheld.rows.contains(&place.0) && self.survey.mapping.of_group(&group).is_none();
        if group.groups.is_some() && is_stored {
            self.survey.mapping.map_names(&mut group.groups);
            self.push(place, Record::Group(group));
        }
    }

    fn take_member(&mut self, place: Place, mut member: MemberRecord) {
        let is_mapped = self.survey.map(&mut member.group);
        member.withheld = self.is_withheld(&member.group, &member.user, member.said_by);
        member.said_by = self.survey.counted_as(&member.group, member.said_by);
        if !self.is_of_phase(&member.group, member.said_by) {
            return;
        }
        self.survey.forget_unclear_name(&mut member.group);
        // A group of the input that is mapped is a group here, wherever it is a member.
        if self.survey.map_member(&mut member.user) {
            let MemberRecord { group, user: subgroup, joined, said_by, withheld } = member;
            if !(is_mapped && is_same_name(&group, &subgroup)) {
                self.push(place, Record::Subgroup(SubgroupRecord { group, subgroup, joined, said_by, withheld }));
            }
            return;
        }
        self.push(place, Record::Member(member));
    }

    fn take_subgroup(&mut self, place: Place, mut member: SubgroupRecord) {
        let is_mapped = self.survey.map(&mut member.group) & self.survey.map(&mut member.subgroup);
        member.withheld = self.is_withheld(&member.group, &member.subgroup, member.said_by);
        member.said_by = self.survey.counted_as(&member.group, member.said_by);
        let is_nothing = is_mapped && is_same_name(&member.group, &member.subgroup);
        if is_nothing || !self.is_of_phase(&member.group, member.said_by) {
            return;
        }
        self.survey.forget_unclear_name(&mut member.group);
        self.push(place, Record::Subgroup(member));
    }

    /// Whether this phase has the memberships of that group that are said so.
    fn is_of_phase(&self, group: &Target, said_by: SaidBy) -> bool {
        let phase = match group {
            Target::Name(_) => Phase::NamedMemberships,
            Target::Entry { .. } => entry_phase(said_by),
        };
        phase == self.pass.phase
    }

    /// Whether a row that says the membership was not stored.
    fn is_withheld(&self, group: &Target, member: &Target, said_by: SaidBy) -> bool {
        let of_group = match group {
            Target::Entry { entry, .. } => self.withheld.entries.contains(entry),
            Target::Name(name) if said_by == SaidBy::Group => {
                let name = fold_name(name);
                match &self.last_group {
                    Some((row, last)) if *last == name => self.withheld.rows.contains(row),
                    _ => self.withheld.names.contains(&name),
                }
            }
            Target::Name(_) => false,
        };
        let of_member = match member {
            Target::Entry { entry, .. } => {
                let is_skipped = said_by == SaidBy::Member && self.withheld.skipped.contains(entry);
                is_skipped || self.withheld.entries.contains(entry)
            }
            Target::Name(_) => false,
        };
        of_group || of_member
    }

    fn push(&mut self, place: Place, mut record: Record) {
        if !self.pass.done.contains(place) {
            // The first pass has told what is lost.
            drop(settle_fields(&mut record));
            self.part.records.push(record);
            self.part.rows.push(place);
        }
    }
}

/// The beginning of a name, for messages: an input can have names of any length.
fn shortened(name: &str) -> String {
    let short: String = name.chars().take(255).collect();
    if short.len() < name.len() { format!("{short}…") } else { short }
}

/// Whether both ends of a membership are the same group here: two groups of the input were mapped to it, and one
/// contained the other.
fn is_same_name(group: &Target, member: &Target) -> bool {
    matches!((group, member), (Target::Name(group), Target::Name(member)) if fold_name(group) == fold_name(member))
}

/// Decides what the password of a row is: a stored value that can be checked, or a password in clear. What could be a
/// stored value of another kind is neither, and the user cannot log in.
fn settle_password(user: &mut UserRecord, rule: PasswordsArg) -> Vec<Remark> {
    let (password, hash) = (user.password.take(), user.password_hash.take());
    let password = password.filter(|password| !password.is_empty());
    let lost = |text: String| vec![Remark::dropped(text).about(format!("the user {}", user.name))];
    if rule == PasswordsArg::Leave {
        return Vec::new();
    }
    if let Some(hash) = hash.filter(|hash| !hash.trim().is_empty()) {
        let beside = password.filter(|password| *password != hash);
        let mut remarks = beside
            .map_or_else(Vec::new, |_| lost("a password beside a stored value of a password is left out".to_owned()));
        match classify_password(&hash) {
            ImportedPassword::Hash(value) => user.password_hash = Some(value),
            ImportedPassword::Plain => {
                remarks
                    .extend(lost("what is no stored value of a password is left out of a column of these".to_owned()));
            }
            ImportedPassword::Unknown(kind) => {
                remarks.extend(lost(format!("nothing here can check a password of the kind {kind}: it is left out")));
            }
        }
        return remarks;
    }
    let Some(password) = password else { return Vec::new() };
    if rule == PasswordsArg::Clear {
        user.password = Some(password);
        return Vec::new();
    }
    if password.trim().is_empty() {
        return lost("a password of spaces alone is left out (--passwords clear takes it)".to_owned());
    }
    match classify_password(&password) {
        ImportedPassword::Hash(value) => user.password_hash = Some(value),
        ImportedPassword::Plain => user.password = Some(password),
        ImportedPassword::Unknown(kind) => {
            return lost(format!(
                "nothing here can check a password of the kind {kind}: it is left out \
                 (--passwords clear takes such values for passwords in clear)"
            ));
        }
    }
    Vec::new()
}
