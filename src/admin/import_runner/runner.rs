//! An import from its first row to its end. It prints nothing: a target performs its requests, and an observer receives
//! its findings.
//!
//! An import passes over its input several times, so that its result does not depend on the order of the rows: first to
//! survey the input, then once for each phase. Each phase stores batches of rows. The transaction of a batch also stores
//! the position of the import and the outcomes of the rows, so that an interrupted import can continue.

use super::batch_reader::{Pass, ReadBatch, ResumeAfter, read};
use super::observer::ImportObserver;
use super::options::{ImportRunOptions, PasswordRule};
use super::source::ImportSource;
use super::summary::ImportSummary;
use super::survey::{Survey, survey};
use super::withheld::Withheld;
use crate::admin::procedure::{BEGIN_IMPORT, COUNT_PENDING_MEMBERS, END_IMPORT, IMPORT, IMPORT_PROGRESS, Procedure};
use crate::admin::{ImportBatch, ImportBatchResult, ImportProgressView, MissingMember, Phase, RefusedRow};
use crate::formats::Remark;
use crate::json;
use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::mpsc::sync_channel;

/// Batches that are read before the target needs them.
const BATCHES_AHEAD: usize = 2;

/// Performs the requests of an import, on a directory or through a server.
pub trait ImportTarget {
    /// Calls a procedure and returns its answer.
    ///
    /// # Errors
    /// The call failed and changed nothing. The import ends.
    fn call<P, A: DeserializeOwned>(&mut self, procedure: &Procedure<P, A>, parameters: P) -> anyhow::Result<A>;
}

/// An import that runs.
struct Run<'r, T, O> {
    target: &'r mut T,
    observer: &'r mut O,
    source: &'r ImportSource,
    /// See [`digest_of`].
    digest: [u8; 32],
    options: &'r ImportRunOptions,
    survey: Survey,
    /// The end of the order of all memberships when the import began.
    base: i64,
    /// The position of an interrupted import.
    before: Option<ImportProgressView>,
    withheld: Withheld,
    /// The numbers of the rows that are deferred to the last phase.
    deferred: HashSet<u64>,
    summary: ImportSummary,
    /// Rows that were stored or refused.
    rows: u64,
}

/// Imports the whole input. Refused rows and missing members do not end it; the observer and the summary have them.
///
/// # Errors
/// The input cannot be read to its end, the target failed, or the observer failed.
pub fn run_import(
    target: &mut impl ImportTarget,
    source: &ImportSource,
    options: &ImportRunOptions,
    observer: &mut impl ImportObserver,
) -> anyhow::Result<ImportSummary> {
    let survey = survey(source, options, observer).with_context(|| format!("read {}", source.name))?;
    let digest = digest_of(source, options);
    let before = find_progress(target, digest, options.restart, observer)?;
    let (base, pending_before) = match &before {
        Some(before) => (before.base.unwrap_or(0), before.pending_members),
        None => target.call(&BEGIN_IMPORT, (digest, survey.places))?,
    };
    let summary = ImportSummary::of_survey(&survey);
    let (withheld, deferred, rows) = (Withheld::default(), HashSet::new(), 0);
    let mut run =
        Run { target, observer, source, digest, options, survey, base, before, withheld, deferred, summary, rows };
    Phase::ALL.into_iter().try_for_each(|phase| run.run_phase(phase))?;
    let Run { target, mut summary, .. } = run;
    source.require_unchanged()?;
    summary.pending_members = target.call(&COUNT_PENDING_MEMBERS, ())?.saturating_sub(pending_before);
    target.call(&END_IMPORT, digest)?;
    Ok(summary)
}

/// The position of an interrupted import of the same input. With `restart` the position is deleted.
fn find_progress(
    target: &mut impl ImportTarget,
    digest: [u8; 32],
    restart: bool,
    observer: &mut impl ImportObserver,
) -> anyhow::Result<Option<ImportProgressView>> {
    let mut before = target.call(&IMPORT_PROGRESS, digest)?;
    if restart && before.take().is_some() {
        target.call(&END_IMPORT, digest)?;
    }
    if let Some(ImportProgressView { line, .. }) = &before
        && *line > 0
    {
        observer.resumed(*line);
    }
    // An import that was interrupted before its first batch starts from the beginning: memberships that were created
    // since then have taken its places in the order.
    Ok(before.filter(|before| before.phase > 0 || before.base.is_none()))
}

/// The digest of an input and of the options that change how it is read. An import continues only with the same ones.
pub(super) fn digest_of(source: &ImportSource, options: &ImportRunOptions) -> [u8; 32] {
    let ImportRunOptions { passwords, map_groups, keep_tokens, .. } = options;
    if *passwords == PasswordRule::Guess && map_groups.is_empty() && !keep_tokens {
        return source.digest;
    }
    let how = format!("{passwords:?} {map_groups:?} {keep_tokens}");
    Sha256::new().chain_update(source.digest).chain_update(how).finalize().into()
}

impl<T: ImportTarget, O: ImportObserver> Run<'_, T, O> {
    /// Imports the rows of one phase.
    fn run_phase(&mut self, phase: Phase) -> anyhow::Result<()> {
        if self.survey.last_row(phase, &self.deferred) == 0 {
            return Ok(());
        }
        let resume_after = self.resume_after(phase);
        let (skipped, refused) = self.repeat_results(phase)?;
        let (rows, passwords) = (self.options.batch_rows, self.options.passwords);
        // No other phase reads deferred rows, and the last phase defers none.
        let deferred = if phase == Phase::Administrators { std::mem::take(&mut self.deferred) } else { HashSet::new() };
        let pass = Pass { phase, resume_after, rows, skipped, refused, passwords, deferred };
        let (send, batches) = sync_channel(BATCHES_AHEAD);
        let (source, survey) = (self.source, std::mem::take(&mut self.survey));
        let withheld = std::mem::take(&mut self.withheld);
        let mut imported = Ok(());
        // The reader continues while the target stores a batch.
        let read = std::thread::scope(|scope| {
            let reader = std::thread::Builder::new()
                .name("reader".to_owned())
                .spawn_scoped(scope, move || read(source, pass, survey, withheld, &send))
                .context("start the thread that reads")?;
            for batch in batches {
                imported = self.import_batch(phase, batch);
                if imported.is_err() {
                    // The reader ends when it cannot send its next batch.
                    break;
                }
            }
            reader.join().unwrap_or_else(|_| bail!("reading has panicked"))
        });
        imported?;
        let (survey, withheld) = read.with_context(|| format!("read {}", self.source.name))?;
        (self.survey, self.withheld) = (survey, withheld.joined_with(std::mem::take(&mut self.withheld)));
        Ok(())
    }

    /// The position after which this import continues in a phase.
    fn resume_after(&self, phase: Phase) -> ResumeAfter {
        match &self.before {
            // An earlier version of this program imported all phases at once.
            Some(before) if before.base.is_none() => ResumeAfter::Line(before.line),
            Some(before) if phase.number() < before.phase => ResumeAfter::Row(u64::MAX),
            Some(before) if phase.number() == before.phase => ResumeAfter::Row(before.row),
            None | Some(_) => ResumeAfter::Row(0),
        }
    }

    /// Reports the results of the batches of a phase that an interrupted import has stored. Returns the rows that were
    /// skipped, and those that were refused.
    fn repeat_results(&mut self, phase: Phase) -> anyhow::Result<(HashSet<u64>, HashSet<u64>)> {
        let (mut skipped, mut refused) = (HashSet::new(), HashSet::new());
        let number = phase.number();
        let stored = self.before.iter().flat_map(|before| &before.parts).filter(|(phase, _)| *phase == number);
        let results = stored.map(|(_, result)| json::decode(result.as_str().as_bytes()));
        let results: Vec<ImportBatchResult> =
            results.collect::<Result<_, _>>().with_context(|| format!("read the results of phase {number}"))?;
        for result in results {
            skipped.extend(&result.skipped);
            refused.extend(result.refused.iter().map(|refused| refused.row));
            self.take_result(result)?;
        }
        Ok((skipped, refused))
    }

    fn import_batch(&mut self, phase: Phase, batch: ReadBatch) -> anyhow::Result<()> {
        let ReadBatch { records, rows, refused, remarks, last, bytes, mut owners } = batch;
        self.rows += records.len() as u64;
        self.summary.refused += refused.len() as u64;
        for (line, why) in refused {
            self.observer.refused(line, &why)?;
        }
        for (line, remark) in remarks {
            self.summary.missing += 1;
            self.observer.remarked(line, remark)?;
        }
        if !records.is_empty() {
            let batch = ImportBatch {
                records,
                rows,
                conflict: self.options.conflict,
                create_groups: self.options.create_groups,
                base: self.base,
                digest: self.digest,
                phase,
                last,
            };
            let result = self.target.call(&IMPORT, batch)?;
            self.withheld.add(&mut owners, &result);
            self.take_result(result)?;
        }
        self.observer.progressed(self.source.bytes * u64::from(phase.number()) + bytes, self.rows);
        Ok(())
    }

    /// Counts and reports the outcomes of a batch.
    fn take_result(&mut self, result: ImportBatchResult) -> anyhow::Result<()> {
        self.summary.add(&result);
        self.deferred.extend(result.deferred);
        for RefusedRow { line, reason, .. } in result.refused {
            self.observer.refused(line, &reason)?;
        }
        for MissingMember { line, reason, member } in result.missing {
            self.observer.remarked(line, Remark::missing(reason).about(member))?;
        }
        Ok(())
    }
}
