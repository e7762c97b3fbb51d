use super::runner::digest_of;
use super::{GroupMapping, ImportObserver, ImportRunOptions, ImportSource, ImportTarget, PasswordRule, run_import};
use crate::admin::procedure::Procedure;
use crate::admin::{
    AdminRequest, ImportBatch, ImportBatchResult, ImportProgressView, MissingMember, Phase, RefusedRow,
};
use crate::directory::Conflict;
use crate::formats::{Format, ReadOptions, Remark};
use crate::json::{self, JsonText};
use anyhow::bail;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

const INPUT: &str = r#"{"user":"ada","groups":["crew"]}
{"kind":"group","name":"crew"}
{"name":""}
{"kind":"user","name":"bob"}
{"kind":"member","group":"crew","user":"eve"}
"#;

/// Answers as an empty directory does, and keeps the batches.
#[derive(Default)]
struct FakeTarget {
    interrupted: Option<ImportProgressView>,
    batches: Vec<ImportBatch>,
    ended: bool,
}

impl ImportTarget for FakeTarget {
    fn call<P, A: DeserializeOwned>(&mut self, procedure: &Procedure<P, A>, parameters: P) -> anyhow::Result<A> {
        let answer = match procedure.request(parameters) {
            AdminRequest::ImportProgress { .. } => json::to_string(&self.interrupted),
            AdminRequest::BeginImport { .. } => "[7,2]".to_owned(),
            AdminRequest::Import(batch) => {
                let result = ImportBatchResult { created: batch.records.len() as u64, ..ImportBatchResult::default() };
                self.batches.push(*batch);
                json::to_string(&result)
            }
            AdminRequest::CountPendingMembers => "3".to_owned(),
            AdminRequest::EndImport { .. } => {
                self.ended = true;
                "null".to_owned()
            }
            other => bail!("unexpected: {other:?}"),
        };
        Ok(procedure.decode(answer.as_bytes())?)
    }
}

#[derive(Default)]
struct Findings {
    refused: Vec<u64>,
    remarks: Vec<(u64, String)>,
    resumed: Option<u64>,
}

impl ImportObserver for Findings {
    fn refused(&mut self, line: u64, _: &str) -> anyhow::Result<()> {
        self.refused.push(line);
        Ok(())
    }

    fn remarked(&mut self, line: u64, remark: Remark) -> anyhow::Result<()> {
        self.remarks.push((line, remark.text));
        Ok(())
    }

    fn resumed(&mut self, line: u64) {
        self.resumed = Some(line);
    }

    fn progressed(&mut self, _: u64, _: u64) {}
}

fn options() -> ImportRunOptions {
    ImportRunOptions {
        conflict: Conflict::Fail,
        create_groups: false,
        keep_tokens: false,
        passwords: PasswordRule::Guess,
        map_groups: Vec::new(),
        batch_rows: 1,
        restart: false,
    }
}

fn source() -> ImportSource {
    let folder = std::env::temp_dir();
    let read = ReadOptions { login: None, delimiter: None };
    ImportSource::of_pipe("input", &mut INPUT.as_bytes(), Format::JsonLines, read, &folder).expect("a source")
}

/// The phase and the row of each batch.
fn batches(target: &FakeTarget) -> Vec<(Phase, u64)> {
    target.batches.iter().map(|batch| (batch.phase, batch.rows[0].0)).collect()
}

#[test]
fn a_target_gets_the_rows_by_phase_and_an_observer_the_findings() {
    let (mut target, mut findings) = (FakeTarget::default(), Findings::default());
    let summary = run_import(&mut target, &source(), &options(), &mut findings).expect("an import");
    let expected = [(Phase::Groups, 2), (Phase::Users, 1), (Phase::Users, 4), (Phase::NamedMemberships, 5)];
    assert_eq!(batches(&target), expected);
    assert!(target.batches.iter().all(|batch| batch.base == 7) && target.ended);
    assert_eq!((findings.refused, findings.remarks, findings.resumed), (vec![3], Vec::new(), None));
    assert_eq!((summary.created, summary.refused, summary.pending_members), (4, 1, 1));
}

#[test]
fn an_interrupted_import_continues_after_its_last_batch() {
    // As databases of earlier versions have it.
    let stored = r#"{"created":0,"updated":1,"refused":[[1,1,"a reason"]],"missing":[[1,"a reason","ada"]]}"#;
    let interrupted = ImportProgressView {
        line: 1,
        row: 1,
        phase: Phase::Users.number(),
        base: Some(7),
        pending_members: 2,
        parts: vec![(Phase::Users.number(), JsonText::stored(stored.to_owned()))],
    };
    let mut target = FakeTarget { interrupted: Some(interrupted), ..FakeTarget::default() };
    let mut findings = Findings::default();
    let summary = run_import(&mut target, &source(), &options(), &mut findings).expect("an import");
    assert_eq!(batches(&target), [(Phase::Users, 4), (Phase::NamedMemberships, 5)]);
    assert_eq!((findings.refused, findings.resumed), (vec![3, 1], Some(1)));
    assert_eq!(findings.remarks, [(1, "a reason".to_owned())]);
    assert_eq!((summary.created, summary.updated, summary.refused, summary.missing), (2, 1, 2, 1));
}

#[test]
fn results_and_requests_keep_their_json() {
    let result = ImportBatchResult {
        refused: vec![RefusedRow { row: 3, line: 4, reason: "a reason".to_owned() }],
        missing: vec![MissingMember { line: 5, reason: "another".to_owned(), member: "eve".to_owned() }],
        ..ImportBatchResult::default()
    };
    assert_eq!(
        json::to_string(&result),
        r#"{"created":0,"updated":0,"unchanged":0,"skipped":[],"refused":[[3,4,"a reason"]],"deferred":[],"missing":[[5,"another","eve"]],"groups":0}"#
    );
    assert_eq!(json::to_string(&AdminRequest::CountPendingMembers), r#""waiting_names""#);
    assert_eq!(json::to_string(&Conflict::Update), r#""update""#);
}

#[test]
fn an_import_with_other_options_has_another_digest_that_stays_the_same() {
    let source = source();
    assert_eq!(digest_of(&source, &options()), source.digest);
    let mapping = GroupMapping { from: "a".to_owned(), to: "b".to_owned() };
    let other =
        ImportRunOptions { passwords: PasswordRule::Clear, keep_tokens: true, map_groups: vec![mapping], ..options() };
    let text = r#"Clear [GroupMapping { from: "a", to: "b" }] true"#;
    let expected: [u8; 32] = Sha256::new().chain_update(source.digest).chain_update(text).finalize().into();
    assert_eq!(digest_of(&source, &other), expected);
}
