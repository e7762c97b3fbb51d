//! The command `log`: the audit log of changes.

use super::admin_client::{AdminClient, Disconnected, RequestRefused};
use super::args::Target;
use super::output::{print, print_status};
use crate::admin::procedure::READ_CHANGES;
use crate::admin::{ChangeQuery, ChangeView};
use crate::directory::ChangeCursor;
use crate::json::{self, Json, JsonText, Object};
use crate::model::{fold_name, now};
use anyhow::bail;
use clap::{Args, ValueEnum};
use std::collections::VecDeque;

/// The format of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ChangeFormat {
    /// One line per change for people
    Text,
    /// One JSON object per line
    Json,
}

/// Arguments of `log`.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// Start after this change number, or at this time (2026-11-25T18:00:00Z), or at now
    #[arg(long, value_name = "SINCE", value_parser = since)]
    pub(super) since: Option<ChangeCursor>,
    /// Show only the last N changes
    #[arg(short = 'n', long, value_name = "N")]
    pub(super) lines: Option<usize>,
    /// Show only changes of this user, group or key and of its memberships
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Wait for new changes and show them. A server has to run
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Format of the changes
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ChangeFormat,
    #[command(flatten)]
    pub(super) target: Target,
}

/// Parses `--since`.
fn since(text: &str) -> Result<ChangeCursor, String> {
    ChangeCursor::parse(text).ok_or_else(|| "not a change number, an RFC 3339 time or now".to_owned())
}

/// Changes that one request lists.
const CHANGES_PER_REQUEST: u64 = 1000;
/// Seconds that a request of `--follow` waits for the next change.
const WAIT_SECONDS: u64 = 30;

/// Prints changes, oldest first.
pub(super) fn run(args: &LogArgs) -> anyhow::Result<()> {
    let client = AdminClient::open(&args.target)?;
    if args.follow && !client.is_server() {
        bail!("--follow needs a running server: without one the database does not change");
    }
    let since = args.since.unwrap_or(ChangeCursor::Oldest);
    let mut reader = ChangeReader { client, follow: args.follow, since, lost_at: None };
    let mut last = args.lines.map(|lines| VecDeque::with_capacity(lines.min(1000)));
    loop {
        // With `-n`, the last changes are printed before the command waits for new ones.
        let wait = if args.follow && last.is_none() { WAIT_SECONDS } else { 0 };
        let Some(changes) = reader.read(wait)? else { continue };
        let is_end = changes.is_empty();
        for change in changes.into_iter().filter(|change| matches_name(change, args.name.as_deref())) {
            match &mut last {
                None => show(&change, args.format)?,
                Some(last) => {
                    last.push_back(change);
                    if last.len() > args.lines.unwrap_or_default() {
                        last.pop_front();
                    }
                }
            }
        }
        if is_end {
            last.take().into_iter().flatten().try_for_each(|change| show(&change, args.format))?;
            if !args.follow {
                return Ok(());
            }
        }
    }
}

/// Reads changes page by page. With `follow`, it reconnects when the connection to the server is lost.
struct ChangeReader {
    client: AdminClient,
    follow: bool,
    since: ChangeCursor,
    /// The time at which the connection was lost, until the server responds again.
    lost_at: Option<i64>,
}

impl ChangeReader {
    /// The next changes, at most [`CHANGES_PER_REQUEST`]. `None` if the request has to be sent again.
    fn read(&mut self, wait: u64) -> anyhow::Result<Option<Vec<ChangeView>>> {
        let found = match self.client.call(&READ_CHANGES, query(self.since, wait)) {
            Ok(found) => found,
            Err(error) if self.follow && is_lost(&error) => {
                if self.lost_at.is_none() {
                    print_status("connection to the server lost; waiting until it is back");
                }
                self.lost_at = self.lost_at.or(Some(now()));
                self.client.reconnect()?;
                return Ok(None);
            }
            Err(error) => match self.lost_at.take() {
                Some(at) if self.follow && is_outdated(&error) => {
                    print_status(&format!("{error:#}"));
                    self.start_again(at);
                    return Ok(None);
                }
                _ => return Err(error),
            },
        };
        if self.lost_at.take().is_some() {
            print_status("the server is back");
        }
        self.since = ChangeCursor::Change(found.next);
        Ok(Some(found.changes))
    }

    /// A backup was restored in the meantime. Reads the changes since the connection was lost or, if the audit log begins
    /// later or the clock was set back, all changes.
    fn start_again(&mut self, lost_at: i64) {
        let is_second_try = matches!(self.since, ChangeCursor::Time(_));
        self.since = if is_second_try { ChangeCursor::Oldest } else { ChangeCursor::Time(lost_at) };
        self.lost_at = (!is_second_try).then_some(lost_at);
    }
}

fn is_lost(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Disconnected>())
}

fn is_outdated(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<RequestRefused>().is_some_and(|refused| refused.status == 410))
}

fn query(since: ChangeCursor, wait: u64) -> ChangeQuery {
    let (oldest, after, from) = match since {
        ChangeCursor::Oldest => (true, None, None),
        ChangeCursor::Change(id) => (false, Some(id), None),
        ChangeCursor::Time(at) => (false, None, Some(at)),
        ChangeCursor::Now => (false, None, None),
    };
    ChangeQuery { oldest, after, from, limit: CHANGES_PER_REQUEST, wait }
}

fn matches_name(change: &ChangeView, name: Option<&str>) -> bool {
    let same = |text: &str| name.is_none_or(|name| fold_name(name) == fold_name(text));
    let document = |document: &Option<JsonText>| {
        let fields = fields_of(document);
        ["group", "user", "subgroup"].iter().any(|field| fields.get(*field).and_then(Json::as_str).is_some_and(same))
    };
    same(&change.name) || document(&change.before) || document(&change.after)
}

fn show(change: &ChangeView, output: ChangeFormat) -> anyhow::Result<()> {
    match output {
        ChangeFormat::Json => print(&format!("{}\n", json::to_string(change))),
        ChangeFormat::Text => {
            let caller = match (&change.caller_kind, &change.caller) {
                (Some(kind), Some(caller)) => format!("{kind} {caller}"),
                _ => "-".to_owned(),
            };
            let ChangeView { id, time, dialect, action, name, .. } = change;
            let fields = fields(change);
            let line = format!("{id} {time} {caller} ({dialect}) {action} {name}{fields}");
            print(&format!("{}\n", line.trim_end()))
        }
    }
}

fn fields_of(document: &Option<JsonText>) -> Object {
    match document.as_ref().map(|text| Json::parse_stored(text.as_str().as_bytes())) {
        Some(Ok(Json::Object(fields))) => fields,
        _ => Object::new(),
    }
}

/// The changed values: `email: null → "ada@example.com"`.
fn fields(change: &ChangeView) -> String {
    let (before, after) = (fields_of(&change.before), fields_of(&change.after));
    let mut text = String::new();
    for (field, value) in before.iter().filter(|(field, _)| !after.contains_key(*field)).chain(&after) {
        if field == "uuid" || value.as_str() == Some(change.name.as_str()) {
            continue;
        }
        match before.get(field).filter(|_| after.contains_key(field)) {
            Some(before) => text.push_str(&format!(" {field}: {before} → {value}")),
            None => text.push_str(&format!(" {field}: {value}")),
        }
    }
    text
}
