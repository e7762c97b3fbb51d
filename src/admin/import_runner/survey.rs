//! The first pass over the rows of an import.

use super::claims::{Claim, Claims, RowPosition};
use super::group_map::{GroupMap, replace_target};
use super::observer::ImportObserver;
use super::options::ImportRunOptions;
use super::password::settle_password;
use super::source::ImportSource;
use crate::admin::{Phase, settle_fields};
use crate::formats::{EntryName, Joined, MemberRecord, Record, RemarkKind, SaidBy, SubgroupRecord, Target};
use crate::model::fold_name;
use std::collections::{HashMap, HashSet};

/// Names of login columns that the report does not mention.
const PLAIN_LOGINS: [&str; 3] = ["name", "login", "username"];

/// The findings of the first pass.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) claims: Claims,
    pub(super) mapping: GroupMap,
    /// The entries of groups whose member lists are in the input.
    listed: HashSet<EntryName>,
    /// The entries of all groups of the input.
    groups: HashSet<EntryName>,
    /// Entries outside of the input for which groups may be created, by their folded names; `None` if several have the
    /// name.
    outside: HashMap<String, Option<EntryName>>,
    creates_groups: bool,
    /// The highest place of a membership in the input.
    pub(super) places: u64,
    /// The number of the last row of each phase but the last.
    last_rows: [u64; Phase::ALL.len() - 1],
    /// The attributes, columns or keys of the logins, and the number of logins of each.
    pub(super) logins: Vec<(String, u64)>,
    pub(super) refused: u64,
    pub(super) missing: u64,
    pub(super) lossy: u64,
    /// The input ended too early.
    pub(super) cut_off: bool,
}

/// Reads the whole input once and reports refused rows and values that are left out.
///
/// # Errors
/// The input cannot be read, or the observer failed.
pub(super) fn survey(
    source: &ImportSource,
    options: &ImportRunOptions,
    observer: &mut impl ImportObserver,
) -> anyhow::Result<Survey> {
    let (mapping, creates_groups) = (GroupMap::new(&options.map_groups), options.create_groups);
    let mut survey = Survey { mapping, creates_groups, ..Survey::default() };
    let mut logins: HashMap<String, u64> = HashMap::new();
    let mut last_lossy = 0;
    for (index, row) in source.rows()?.enumerate() {
        let row = row?;
        let mut remarks = row.remarks;
        match row.record {
            Err(why) => {
                survey.refused += 1;
                observer.refused(row.line, &why)?;
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
            observer.remarked(row.line, remark)?;
        }
        if index % 1000 == 0 {
            observer.progressed(row.bytes, 0);
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
    /// Maps the group of a membership. Returns true if the group is mapped.
    pub(super) fn map(&self, target: &mut Target) -> bool {
        replace_target(target, self.mapping.of_target(target, &self.groups))
    }

    /// Maps a member that is a mapped group of the input. The name of a user is never mapped. Returns true if the member
    /// is mapped.
    pub(super) fn map_member(&self, target: &mut Target) -> bool {
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

    /// The kind of row that a membership counts as. A membership that a member names counts as a row of its own if the
    /// input has no member list of the group.
    pub(super) fn counted_as(&self, group: &Target, said_by: SaidBy) -> SaidBy {
        match group {
            Target::Entry { entry, .. } if said_by == SaidBy::Member && self.listed.contains(entry) => SaidBy::Member,
            Target::Entry { .. } if said_by == SaidBy::Member => SaidBy::Row,
            _ => said_by,
        }
    }

    /// Removes the name of a group that is not in the input, if several such groups have the name. None of them is created.
    pub(super) fn forget_unclear_name(&self, group: &mut Target) {
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
            // Later rows decide which of these phases it is.
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

    /// Removes entries from a record that other rows claim too, because a name of several users or groups identifies none
    /// of them. The first row of a distinguished name keeps it.
    pub(super) fn keep_own_entries(&mut self, record: &mut Record, place: RowPosition) {
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
