//! The passes over the rows of an import: one for each phase.

use super::claims::{Claim, RowPosition};
use super::options::PasswordRule;
use super::password::settle_password;
use super::source::ImportSource;
use super::survey::Survey;
use super::withheld::{Owner, Withheld};
use crate::admin::{Phase, settle_fields};
use crate::formats::{GroupRecord, MemberRecord, Record, Remark, Role, SaidBy, SubgroupRecord, Target, UserRecord};
use crate::model::{ADMINISTRATORS, fold_name};
use std::collections::{HashMap, HashSet};
use std::sync::mpsc::SyncSender;

/// A batch ends after so many bytes of the input, whatever its number of rows.
const BATCH_BYTES: u64 = 1 << 20;

/// Some rows of a phase.
#[derive(Default)]
pub(super) struct ReadBatch {
    pub(super) records: Vec<Record>,
    /// The row of each record.
    pub(super) rows: Vec<RowPosition>,
    /// Lines of rows that are not sent to the target, and the reasons.
    pub(super) refused: Vec<(u64, String)>,
    /// Memberships that are missing.
    pub(super) remarks: Vec<(u64, Remark)>,
    /// The last row that was read.
    pub(super) last: RowPosition,
    /// The end of that row in the input.
    pub(super) bytes: u64,
    /// The users and groups of the rows, by the numbers of the rows.
    pub(super) owners: HashMap<u64, Owner>,
}

/// The position after which an interrupted import continues in a phase.
#[derive(Debug, Clone, Copy)]
pub(super) enum ResumeAfter {
    /// After the row of that number.
    Row(u64),
    /// After that line.
    Line(u64),
}

impl ResumeAfter {
    fn is_imported(self, (row, line): RowPosition) -> bool {
        match self {
            ResumeAfter::Row(last) => row <= last,
            ResumeAfter::Line(last) => line <= last,
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
    pub(super) resume_after: ResumeAfter,
    /// Rows in a batch.
    pub(super) rows: usize,
    /// The numbers of the rows up to there that were skipped.
    pub(super) skipped: HashSet<u64>,
    /// The numbers of the rows up to there that were refused.
    pub(super) refused: HashSet<u64>,
    pub(super) passwords: PasswordRule,
    /// The numbers of the rows of the last phase.
    pub(super) deferred: HashSet<u64>,
}

/// Reads the rows of a phase into batches, to the end of the input or until the receiver is closed.
///
/// # Errors
/// The input cannot be read.
pub(super) fn read(
    source: &ImportSource,
    pass: Pass,
    survey: Survey,
    withheld: Withheld,
    batches: &SyncSender<ReadBatch>,
) -> anyhow::Result<(Survey, Withheld)> {
    let mut reader = ImportBatchReader { pass, survey, withheld, batch: ReadBatch::default(), last_group: None };
    let mut begun = 0;
    let last = reader.survey.last_row(reader.pass.phase, &reader.pass.deferred);
    for (number, row) in (1..=last).zip(source.rows()?) {
        let row = row?;
        let batch = &mut reader.batch;
        if batch.records.len() >= reader.pass.rows || batch.bytes.saturating_sub(begun) >= BATCH_BYTES {
            begun = batch.bytes;
            if batches.send(std::mem::take(batch)).is_err() {
                return Ok((reader.survey, reader.withheld));
            }
        }
        (reader.batch.last, reader.batch.bytes) = ((number, row.line), row.bytes);
        if let Ok(Some(record)) = row.record {
            reader.take((number, row.line), record);
        }
    }
    let _ = batches.send(reader.batch);
    Ok((reader.survey, reader.withheld))
}

/// Reads the batches of one phase.
struct ImportBatchReader {
    pass: Pass,
    survey: Survey,
    withheld: Withheld,
    batch: ReadBatch,
    /// The number and the folded name of the last group that was read: the rows of its members follow.
    last_group: Option<(u64, String)>,
}

impl ImportBatchReader {
    /// Adds a row to the batch if it belongs to the phase.
    fn take(&mut self, place: RowPosition, record: Record) {
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
    fn claim(&mut self, place: RowPosition, record: &mut Record) -> bool {
        let earlier = Claim::name_of(record).and_then(|claim| self.survey.claims.earlier(claim, place));
        self.survey.keep_own_entries(record, place);
        let Some(earlier) = earlier else { return true };
        let (noun, name) = match record {
            Record::User(user) => ("user", &user.name),
            Record::Group(group) => ("group", &group.name),
            Record::Member(_) | Record::Subgroup(_) => return true,
        };
        let why = format!("{noun} already exists: {} (line {earlier} of the input has it)", shortened(name));
        self.batch.refused.push((place.1, why));
        false
    }

    fn take_group(&mut self, place: RowPosition, group: GroupRecord) {
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
            // Another row has the name. Only the members of this row are left out.
            self.withheld.rows.insert(place.0);
            self.withheld.entries.extend(&group.entry_names);
        }
    }

    /// Keeps the user or group of a row, in case the row is not stored.
    fn note_owner(&mut self, place: RowPosition, owner: Owner) {
        if self.pass.skipped.contains(&place.0) {
            self.withheld.add_row(place.0, owner, true);
        } else if self.pass.refused.contains(&place.0) {
            self.withheld.add_row(place.0, owner, false);
        } else if !self.pass.resume_after.is_imported(place) {
            self.batch.owners.insert(place.0, owner);
        }
    }

    fn take_user(&mut self, place: RowPosition, mut user: UserRecord) {
        // The first pass has reported the values that are left out.
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

    /// Reports that a role takes its user out of the group of administrators.
    fn remark_on_role(&mut self, place: RowPosition, record: &Record) {
        let Record::User(UserRecord { name, role: Some(Role::Standard | Role::Read), groups, .. }) = record else {
            return;
        };
        // A name that only looks the same is the name of another group.
        if groups.iter().flatten().any(|group| group.trim().eq_ignore_ascii_case(ADMINISTRATORS)) {
            let why = format!("a role other than admin keeps users out of the group {ADMINISTRATORS}");
            self.batch.remarks.push((place.1, Remark::missing(why).about(format!("the user {name}"))));
        }
    }

    fn take_parents(&mut self, place: RowPosition, mut group: GroupRecord) {
        let is_stored = !self.withheld.rows.contains(&place.0) && self.survey.mapping.of_group(&group).is_none();
        if group.groups.is_some() && is_stored {
            self.survey.mapping.map_names(&mut group.groups);
            self.push(place, Record::Group(group));
        }
    }

    fn take_member(&mut self, place: RowPosition, mut member: MemberRecord) {
        let is_mapped = self.survey.map(&mut member.group);
        member.withheld = self.is_withheld(&member.group, &member.user, member.said_by);
        member.said_by = self.survey.counted_as(&member.group, member.said_by);
        if !self.is_of_phase(&member.group, member.said_by) {
            return;
        }
        self.survey.forget_unclear_name(&mut member.group);
        // A mapped group of the input is a group of the directory, also as a member.
        if self.survey.map_member(&mut member.user) {
            let MemberRecord { group, user: subgroup, joined, said_by, withheld } = member;
            if !(is_mapped && is_same_name(&group, &subgroup)) {
                self.push(place, Record::Subgroup(SubgroupRecord { group, subgroup, joined, said_by, withheld }));
            }
            return;
        }
        self.push(place, Record::Member(member));
    }

    fn take_subgroup(&mut self, place: RowPosition, mut member: SubgroupRecord) {
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

    /// Returns true if this phase imports the memberships of that group that come from rows of that kind.
    fn is_of_phase(&self, group: &Target, said_by: SaidBy) -> bool {
        let phase = match group {
            Target::Name(_) => Phase::NamedMemberships,
            Target::Entry { .. } => entry_phase(said_by),
        };
        phase == self.pass.phase
    }

    /// Returns true if the row of the user or group that names the membership was not stored.
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

    fn push(&mut self, place: RowPosition, mut record: Record) {
        if !self.pass.resume_after.is_imported(place) {
            // The first pass has reported the values that are left out.
            drop(settle_fields(&mut record));
            self.batch.records.push(record);
            self.batch.rows.push(place);
        }
    }
}

/// The beginning of a name, for messages: an input can have names of any length.
fn shortened(name: &str) -> String {
    let short: String = name.chars().take(255).collect();
    if short.len() < name.len() { format!("{short}…") } else { short }
}

/// Returns true if both ends of a membership are the same group of the directory. This happens when two groups of the
/// input, one of which contained the other, are mapped to one group.
fn is_same_name(group: &Target, member: &Target) -> bool {
    matches!((group, member), (Target::Name(group), Target::Name(member)) if fold_name(group) == fold_name(member))
}
