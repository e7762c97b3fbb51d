//! Writing records.

use super::counts::Counts;
use super::ldif::dn::{Dn, escaped};
use super::ldif::{ARGON2, NO_LAST_NAME, common_name, is_written_property};
use super::{Format, GroupRecord, MemberRecord, Record, Role, SubgroupRecord, UserRecord, quoted};
use crate::json::{self, Json, JsonText};
use crate::model::spelling_key;
use anyhow::{Context as _, bail};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The columns of a CSV. A file that begins with just these is an export of ours.
pub(super) const COLUMNS: [&str; 19] = [
    "kind",
    "name",
    "first_name",
    "last_name",
    "display_name",
    "email",
    "company",
    "title",
    "role",
    "disabled",
    "verified",
    "password",
    "external_id",
    "groups",
    "label",
    "description",
    "properties",
    "stored_role",
    "joined",
];

/// How many of these earlier versions of this program have written: such a file is an export of ours too.
pub(super) const EARLIER_COLUMNS: usize = 17;

/// The second line of an LDIF of ours. An import recognises the file by it.
pub(super) const LDIF_MARK: &str = "# exported by rollbook";

/// The third line of an LDIF of ours: without the counts at its end, the file was cut off.
pub(super) const LDIF_BEGIN: &str = "# rollbook export: this file ends with a comment of counts";

/// Begins the comment at the end of an LDIF of ours. The counts follow as JSON.
pub(super) const LDIF_END: &str = "# rollbook counts: ";

/// Begins a comment of an LDIF of ours that holds, as JSON, what no attribute of the entry holds.
pub(super) const LDIF_REMARK: &str = "# rollbook: ";

/// The longest line of an LDIF, in bytes without the line break.
const LDIF_LINE_BYTES_MAX: usize = 76;

/// Writes records one by one.
///
/// Groups come first, then users with their `groups`, then what is left of members and subgroups. A `groupOfNames`
/// has its members in its entry, so an LDIF has it the other way round: users without `groups` first, then each group
/// followed by its members and subgroups.
///
/// A cell of a CSV is what the field is, also where it begins with `=`, `+`, `-` or `@`: the file is for programs, and
/// a spreadsheet may take such a cell for a formula.
pub struct Writer<W: Write> {
    format: Format,
    out: W,
    base: String,
    begun: bool,
    /// The group whose LDIF entry is not complete, and whether it has members.
    open: Option<(String, bool)>,
    counts: Counts,
}

impl<W: Write> Writer<W> {
    /// `base_dn` is what all entries of an LDIF are below; the other formats do not need it.
    ///
    /// # Errors
    /// When that is no distinguished name.
    pub fn new(format: Format, out: W, base_dn: &str) -> anyhow::Result<Writer<W>> {
        if Dn::parse(base_dn).is_none() {
            bail!("no distinguished name: {}", quoted(base_dn));
        }
        Ok(Writer { format, out, base: base_dn.trim().to_owned(), begun: false, open: None, counts: Counts::default() })
    }

    /// Writes a record. Returns what of it the format cannot hold, a sentence each.
    ///
    /// # Errors
    /// When the output takes no more, and for a membership in an LDIF that does not follow its group.
    pub fn write(&mut self, record: &Record) -> anyhow::Result<Vec<String>> {
        self.begin()?;
        self.counts.add(record);
        match self.format {
            Format::Csv => {
                self.write_csv(record)?;
                Ok(Vec::new())
            }
            Format::JsonLines => {
                self.put(&[&json::to_vec(&Line::of(record)), b"\n"])?;
                Ok(Vec::new())
            }
            Format::Ldif => self.write_ldif(record),
        }
    }

    /// Completes the file, and hands the output back.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn finish(mut self) -> anyhow::Result<W> {
        self.begin()?;
        self.close_group()?;
        match self.format {
            Format::Csv => {}
            Format::JsonLines => self.put(&[&json::to_vec(&About::counts(self.counts)), b"\n"])?,
            Format::Ldif => {
                let mut lines = Lines(String::from("\n"));
                lines.add_folded(&format!("{LDIF_END}{}", json::to_string(&self.counts)));
                self.put(&[lines.0.as_bytes()])?;
            }
        }
        self.out.flush().context("write")?;
        Ok(self.out)
    }

    fn begin(&mut self) -> anyhow::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.format {
            Format::Csv => self.put(&[COLUMNS.join(",").as_bytes(), b"\n"]),
            Format::JsonLines => self.put(&[&json::to_vec(&About::BEGIN), b"\n"]),
            Format::Ldif => self.put(&[b"version: 1\n", LDIF_MARK.as_bytes(), b"\n", LDIF_BEGIN.as_bytes(), b"\n"]),
        }
    }

    fn put(&mut self, parts: &[&[u8]]) -> anyhow::Result<()> {
        let written: io::Result<()> = parts.iter().try_for_each(|part| self.out.write_all(part));
        written.context("write")
    }

    fn write_csv(&mut self, record: &Record) -> anyhow::Result<()> {
        let mut row = CsvRow::default();
        match record {
            Record::User(user) => row.user(user),
            Record::Group(group) => row.group(group),
            Record::Member(MemberRecord { group, user, joined, .. }) => {
                row.membership("member", user.shown(), group.shown(), *joined);
            }
            Record::Subgroup(SubgroupRecord { group, subgroup, joined, .. }) => {
                row.membership("subgroup", subgroup.shown(), group.shown(), *joined);
            }
        }
        self.put(&[row.line().as_bytes()])
    }

    fn write_ldif(&mut self, record: &Record) -> anyhow::Result<Vec<String>> {
        let (mut lines, mut losses) = (Lines::default(), Losses::default());
        match record {
            Record::User(user) => {
                self.close_group()?;
                let dn = self.user_dn(&user.name);
                write_user(&mut lines, &dn, user);
            }
            Record::Group(group) => {
                self.close_group()?;
                let dn = self.group_dn(&group.name);
                write_group(&mut lines, &mut losses, &dn, group);
                self.open = Some((group.name.clone(), false));
            }
            Record::Member(MemberRecord { group, user, .. }) => {
                self.require_open(group.shown())?;
                lines.add("member", &self.user_dn(user.shown()));
            }
            Record::Subgroup(SubgroupRecord { group, subgroup, joined, .. }) => {
                let open = self.open.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
                let (group, subgroup) = (group.shown(), subgroup.shown());
                if spelling_key(group) != spelling_key(&open) {
                    // A group that contains this one and does not exist has no entry.
                    self.require_written(subgroup)?;
                    lines.remark(&json!({ "in": group, "joined": joined }));
                } else {
                    self.require_open(&open)?;
                    let parent = (group != open).then_some(group);
                    match (parent, joined) {
                        (Some(parent), _) => lines.remark(&json!({ "joined": joined, "parent": parent })),
                        (None, Some(place)) => lines.remark(&json!({ "joined": place })),
                        (None, None) => {}
                    }
                    lines.add("member", &self.group_dn(subgroup));
                }
            }
        }
        self.put(&[lines.0.as_bytes()])?;
        Ok(losses.sentences())
    }

    fn require_open(&mut self, group: &str) -> anyhow::Result<()> {
        match &mut self.open {
            Some((name, has_members)) if name == group => {
                *has_members = true;
                Ok(())
            }
            _ => bail!("a member of {} does not follow the group", quoted(group)),
        }
    }

    fn require_written(&self, group: &str) -> anyhow::Result<()> {
        match &self.open {
            Some((name, _)) if name == group => Ok(()),
            _ => bail!("a group that contains {} does not follow it", quoted(group)),
        }
    }

    /// Ends the entry of a group. One without members has an empty one, because it has to have one.
    fn close_group(&mut self) -> anyhow::Result<()> {
        match self.open.take() {
            Some((_, false)) => self.put(&[b"member:\n"]),
            _ => Ok(()),
        }
    }

    fn user_dn(&self, name: &str) -> String {
        self.below_base(format!("uid={},ou=people", escaped(name)))
    }

    fn group_dn(&self, name: &str) -> String {
        self.below_base(format!("cn={},ou=groups", escaped(name)))
    }

    fn below_base(&self, name: String) -> String {
        if self.base.is_empty() { name } else { format!("{name},{}", self.base) }
    }
}

// ------------------------------------------------------------------------------------------ CSV

#[derive(Default)]
struct CsvRow {
    cells: [String; COLUMNS.len()],
}

impl CsvRow {
    fn set(&mut self, column: &str, cell: impl Into<String>) {
        let index = COLUMNS.iter().position(|name| *name == column).expect("a column of the table");
        self.cells[index] = cell.into();
    }

    /// An empty text and none are the same to people.
    fn set_text(&mut self, column: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.set(column, text);
        }
    }

    fn set_rest(&mut self, groups: Option<&Vec<String>>, properties: &BTreeMap<String, JsonText>) {
        if let Some(groups) = groups {
            self.set("groups", list(groups));
        }
        if !properties.is_empty() {
            self.set("properties", json::to_string(properties));
        }
    }

    fn user(&mut self, user: &UserRecord) {
        self.set("kind", "user");
        self.set("name", &user.name);
        self.set_text("first_name", user.first_name.as_ref());
        self.set_text("last_name", user.last_name.as_ref());
        self.set_text("display_name", user.display_name.as_ref());
        self.set_text("email", user.email.as_ref());
        self.set_text("company", user.company.as_ref());
        self.set_text("title", user.title.as_ref());
        self.set("role", user.role.map_or("", Role::word));
        self.set("disabled", user.disabled.map_or("", word));
        self.set("verified", user.verified.map_or("", word));
        self.set_text("password", user.password.as_ref());
        self.set_text("external_id", user.external_id.as_ref());
        self.set("stored_role", user.stored_role.map_or("", Role::word));
        if let Some(joined) = &user.joined {
            self.set("joined", json::to_string(joined));
        }
        self.set_rest(user.groups.as_ref(), &user.properties);
    }

    fn group(&mut self, group: &GroupRecord) {
        self.set("kind", "group");
        self.set("name", &group.name);
        self.set_text("label", group.label.as_ref());
        self.set_text("description", group.description.as_ref());
        self.set_rest(group.groups.as_ref(), &group.properties);
    }

    fn membership(&mut self, kind: &str, name: &str, group: &str, joined: Option<u64>) {
        self.set("kind", kind);
        self.set("name", name);
        self.set("groups", list(&[group.to_owned()]));
        if let Some(place) = joined {
            self.set("joined", json::to_string(&[place]));
        }
    }

    fn line(&self) -> String {
        let mut line = String::with_capacity(self.cells.iter().map(|cell| cell.len() + 3).sum());
        for (index, cell) in self.cells.iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            if cell.contains(['"', ',', '\r', '\n']) {
                line.extend(["\"", &cell.replace('"', "\"\""), "\""]);
            } else {
                line.push_str(cell);
            }
        }
        line.push('\n');
        line
    }
}

fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Names behind each other, or as a JSON list where that could be misread.
fn list(names: &[String]) -> String {
    let odd = |name: &String| name.is_empty() || name != name.trim() || name.contains(';') || name.starts_with('[');
    if names.is_empty() || names.iter().any(odd) { json::to_string(names) } else { names.join(";") }
}

/// A line of JSON about the file, see [`Mark`](super::counts::Mark).
#[derive(Serialize)]
struct About {
    kind: &'static str,
    program: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_with: Option<&'static str>,
    #[serde(flatten)]
    counts: Option<Counts>,
}

impl About {
    const BEGIN: About = About { kind: "export", program: "rollbook", ends_with: Some("counts"), counts: None };

    fn counts(counts: Counts) -> About {
        About { kind: "counts", program: "rollbook", ends_with: None, counts: Some(counts) }
    }
}

/// A record as a line of JSON: the kind stands beside the fields.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'r> {
    User(&'r UserRecord),
    Group(&'r GroupRecord),
    Member(&'r MemberRecord),
    Subgroup(&'r SubgroupRecord),
}

impl Line<'_> {
    fn of(record: &Record) -> Line<'_> {
        match record {
            Record::User(user) => Line::User(user),
            Record::Group(group) => Line::Group(group),
            Record::Member(member) => Line::Member(member),
            Record::Subgroup(member) => Line::Subgroup(member),
        }
    }
}

// ------------------------------------------------------------------------------------------ LDIF

/// Lines of an LDIF.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        let safe = |c: char| matches!(c, ' '..='~');
        let plain = value.chars().all(safe) && !value.starts_with([' ', ':', '<']) && !value.ends_with(' ');
        let line = match value {
            "" => format!("{name}:"),
            _ if plain => format!("{name}: {value}"),
            _ => format!("{name}:: {}", BASE64_STANDARD.encode(value)),
        };
        self.add_folded(&line);
    }

    fn add_folded(&mut self, line: &str) {
        let (mut rest, mut room) = (line, LDIF_LINE_BYTES_MAX);
        while rest.len() > room {
            let (piece, more) = rest.split_at(rest.floor_char_boundary(room));
            self.0.extend([piece, "\n "]);
            (rest, room) = (more, LDIF_LINE_BYTES_MAX - 1);
        }
        self.0.extend([rest, "\n"]);
    }

    /// What no attribute holds, as a comment that only this program reads.
    fn remark(&mut self, object: &impl Serialize) {
        // Folded comments are comments to their end, as RFC 2849 has it.
        self.add_folded(&format!("{LDIF_REMARK}{}", json::to_string(object)));
    }
}

/// What an entry cannot hold.
#[derive(Default)]
struct Losses(Vec<String>);

impl Losses {
    fn add_if(&mut self, name: &str, lost: bool) {
        if lost {
            self.0.push(name.to_owned());
        }
    }

    fn sentences(self) -> Vec<String> {
        if self.0.is_empty() { Vec::new() } else { vec![format!("LDIF has no place for {}", self.0.join(", "))] }
    }
}

fn write_user(lines: &mut Lines, dn: &str, user: &UserRecord) {
    lines.0.push('\n');
    lines.add("dn", dn);
    lines.add("objectClass", "inetOrgPerson");
    let mut rest = Rest::new();
    let [first, last, shown] = [
        rest.held("first_name", user.first_name.as_ref()),
        rest.held("last_name", user.last_name.as_ref()),
        rest.held("display_name", user.display_name.as_ref()),
    ];
    let last = if last.is_some_and(|last| last == NO_LAST_NAME) {
        rest.set("last_name", &NO_LAST_NAME);
        None
    } else {
        last
    };
    let texts = [
        ("givenName", first),
        ("displayName", shown),
        ("mail", rest.held("email", user.email.as_ref())),
        ("o", rest.held("company", user.company.as_ref())),
        ("title", rest.held("title", user.title.as_ref())),
    ];
    for (name, flag) in [("disabled", user.disabled), ("verified", user.verified)] {
        if let Some(flag) = flag {
            rest.set(name, &flag);
        }
    }
    for (name, role) in [("role", user.role), ("stored_role", user.stored_role)] {
        if let Some(role) = role {
            rest.set(name, &role);
        }
    }
    if let Some(id) = &user.external_id {
        rest.set("external_id", id);
    }
    let mut others = BTreeMap::new();
    let mut written: Vec<(&str, Json)> = Vec::new();
    for (name, value) in &user.properties {
        let parsed = Json::parse_stored(value.as_str().as_bytes()).ok();
        match parsed.filter(|parsed| written_values(name, parsed).is_some()) {
            Some(parsed) => written.push((name, parsed)),
            None => drop(others.insert(name, value)),
        }
    }
    if !others.is_empty() {
        rest.set("properties", &others);
    }
    if let Some(groups) = &user.groups {
        rest.set("groups", groups);
    }
    rest.write(lines);
    lines.add("uid", &user.name);
    let named = || common_name(&user.name, first.map(String::as_str), last.map(String::as_str));
    lines.add("cn", &shown.cloned().unwrap_or_else(named));
    lines.add("sn", last.map_or(NO_LAST_NAME, String::as_str));
    for (name, text) in texts {
        text.into_iter().for_each(|text| lines.add(name, text));
    }
    if let Some(password) = user.password.as_ref().filter(|password| !password.is_empty()) {
        let scheme = if password.starts_with("$argon2") { ARGON2 } else { "" };
        lines.add("userPassword", &format!("{scheme}{password}"));
    }
    for (name, value) in &written {
        written_values(name, value).iter().flatten().for_each(|text| lines.add(name, text));
    }
}

fn write_group(lines: &mut Lines, losses: &mut Losses, dn: &str, group: &GroupRecord) {
    lines.0.push('\n');
    lines.add("dn", dn);
    lines.add("objectClass", "groupOfNames");
    let mut rest = Rest::new();
    let description = rest.held("description", group.description.as_ref());
    if let Some(label) = &group.label {
        rest.set("label", label);
    }
    if !group.properties.is_empty() {
        rest.set("properties", &group.properties);
    }
    losses.add_if("groups of a group", group.groups.is_some());
    rest.write(lines);
    lines.add("cn", &group.name);
    if let Some(description) = description {
        lines.add("description", description);
    }
}

/// What of a record no attribute holds.
struct Rest(BTreeMap<&'static str, JsonText>);

impl Rest {
    fn new() -> Rest {
        Rest(BTreeMap::new())
    }

    fn set(&mut self, name: &'static str, value: &impl Serialize) {
        self.0.insert(name, JsonText::stored(json::to_string(value)));
    }

    /// The text, if there is one and an attribute can have it.
    fn held<'t>(&mut self, name: &'static str, text: Option<&'t String>) -> Option<&'t String> {
        if text.is_some_and(String::is_empty) {
            self.set(name, &"");
        }
        text.filter(|text| !text.is_empty())
    }

    fn write(&self, lines: &mut Lines) {
        if !self.0.is_empty() {
            lines.remark(&self.0);
        }
    }
}

/// The values of the attribute that a property is written as; as many texts read back as the same property.
fn written_values<'v>(name: &str, value: &'v Json) -> Option<Vec<&'v str>> {
    if !is_written_property(name) {
        return None;
    }
    let text = |value: &'v Json| value.as_str().filter(|text| !text.is_empty());
    match value {
        Json::Array(values) if values.len() > 1 => values.iter().map(text).collect(),
        Json::Array(_) => None,
        value => text(value).map(|text| vec![text]),
    }
}
