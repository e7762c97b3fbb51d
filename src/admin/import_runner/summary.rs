//! The numbers of an import.

use super::survey::Survey;
use crate::admin::ImportBatchResult;

/// Numbers of rows by their outcome.
#[derive(Debug, Clone, Default)]
pub struct ImportSummary {
    /// Rows that created a user, group or membership.
    pub created: u64,
    /// Rows that changed a user or group.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Users and groups that already existed and were left unchanged.
    pub skipped: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// Users, groups and memberships that are missing.
    pub missing: u64,
    /// Rows of which a value was left out.
    pub lossy: u64,
    /// Groups that were created because members of the input need them.
    pub groups_created: u64,
    /// Pending members that the import added.
    pub pending_members: u64,
    /// The input ended too early.
    pub cut_off: bool,
    /// The attributes, columns or keys of the logins, and the number of logins of each.
    pub logins: Vec<(String, u64)>,
}

impl ImportSummary {
    /// The numbers of the first pass.
    pub(super) fn of_survey(survey: &Survey) -> ImportSummary {
        ImportSummary {
            refused: survey.refused,
            missing: survey.missing,
            lossy: survey.lossy,
            cut_off: survey.cut_off,
            logins: survey.logins.clone(),
            ..ImportSummary::default()
        }
    }

    /// Counts the outcomes of a batch.
    pub(super) fn add(&mut self, result: &ImportBatchResult) {
        self.created += result.created;
        self.updated += result.updated;
        self.unchanged += result.unchanged;
        self.skipped += result.skipped.len() as u64;
        self.refused += result.refused.len() as u64;
        self.missing += result.missing.len() as u64;
        self.groups_created += result.groups;
    }
}
