//! Writes an LDIF.
//!
//! A `groupOfNames` has its members in its entry: users without `groups` come first, then each group, followed by its
//! members and subgroups.

use super::attributes::is_written_property;
use super::dn::{Dn, escaped};
use super::export_comments::{ARGON2, BEGIN, COMMENT, END, MARK, NO_LAST_NAME, common_name};
use crate::formats::counts::Counts;
use crate::formats::record::{GroupRecord, MemberRecord, Record, SubgroupRecord, UserRecord};
use crate::formats::text::quoted;
use crate::json::{self, Json, JsonText};
use crate::model::{TextField, spelling_key};
use anyhow::bail;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The longest line of an LDIF, in bytes without the line break.
const LINE_BYTES_MAX: usize = 76;

/// Encodes records one by one.
pub(in crate::formats) struct Encoder {
    /// Base DN of all entries.
    base: String,
    /// The group whose entry is still open, and true if members were written.
    open: Option<(String, bool)>,
}

impl Encoder {
    /// # Errors
    /// When `base` is not a distinguished name.
    pub(in crate::formats) fn new(base: &str) -> anyhow::Result<Encoder> {
        if Dn::parse(base).is_none() {
            bail!("not a distinguished name: {}", quoted(base));
        }
        Ok(Encoder { base: base.trim().to_owned(), open: None })
    }

    /// The lines at the beginning of a file.
    pub(in crate::formats) fn begin() -> String {
        format!("version: 1\n{MARK}\n{BEGIN}\n")
    }

    /// Appends the end of the file.
    pub(in crate::formats) fn end(&mut self, counts: Counts, out: &mut String) {
        self.close_group(out);
        let mut lines = Lines(String::from("\n"));
        lines.add_folded(&format!("{END}{}", json::to_string(&counts)));
        out.push_str(&lines.0);
    }

    /// Appends a record. Returns a sentence for each field that the file cannot hold.
    ///
    /// # Errors
    /// For a membership that does not follow its group.
    pub(in crate::formats) fn record(&mut self, record: &Record, out: &mut String) -> anyhow::Result<Vec<String>> {
        let (mut lines, mut dropped) = (Lines(std::mem::take(out)), Vec::new());
        match record {
            Record::User(user) => {
                self.close_group(&mut lines.0);
                let dn = self.user_dn(&user.name);
                write_user(&mut lines, &dn, user);
            }
            Record::Group(group) => {
                self.close_group(&mut lines.0);
                let dn = self.group_dn(&group.name);
                dropped = write_group(&mut lines, &dn, group);
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
        *out = lines.0;
        Ok(dropped)
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

    /// Ends the entry of a group. A group without members gets an empty member, because `groupOfNames` requires one.
    fn close_group(&mut self, out: &mut String) {
        if let Some((_, false)) = self.open.take() {
            out.push_str("member:\n");
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
        let (mut rest, mut room) = (line, LINE_BYTES_MAX);
        while rest.len() > room {
            let (piece, more) = rest.split_at(rest.floor_char_boundary(room));
            self.0.extend([piece, "\n "]);
            (rest, room) = (more, LINE_BYTES_MAX - 1);
        }
        self.0.extend([rest, "\n"]);
    }

    /// Adds a comment that only this program reads, for fields without an attribute.
    fn remark(&mut self, object: &impl Serialize) {
        // Folded comments are comments to their end, as RFC 2849 has it.
        self.add_folded(&format!("{COMMENT}{}", json::to_string(object)));
    }
}

fn write_user(lines: &mut Lines, dn: &str, user: &UserRecord) {
    lines.0.push('\n');
    lines.add("dn", dn);
    lines.add("objectClass", "inetOrgPerson");
    let mut rest = Rest::new();
    let mut texts = TextField::ALL.map(|field| rest.held(field.name(), user.texts[field].as_ref()));
    let last = &mut texts[TextField::LastName as usize];
    if last.take_if(|last| *last == NO_LAST_NAME).is_some() {
        rest.set(TextField::LastName.name(), &NO_LAST_NAME);
    }
    let text = |field: TextField| texts[field as usize].map(String::as_str);
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
        // Further values of the attribute of a field must come after the value of the field.
        let field = TextField::ALL.into_iter().find(|field| field.ldap_attributes().contains(&name.as_str()));
        let is_free = field.is_none_or(|field| text(field).is_some());
        match parsed.filter(|parsed| is_free && written_values(name, parsed).is_some()) {
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
    let named = || common_name(&user.name, text(TextField::FirstName), text(TextField::LastName));
    lines.add("cn", &text(TextField::DisplayName).map_or_else(named, str::to_owned));
    lines.add("sn", text(TextField::LastName).unwrap_or(NO_LAST_NAME));
    for field in TextField::ALL.into_iter().filter(|field| *field != TextField::LastName) {
        if let (Some(text), Some(attribute)) = (text(field), field.ldap_attributes().first()) {
            lines.add(attribute, text);
        }
    }
    if let Some(password) = user.password.as_ref().filter(|password| !password.is_empty()) {
        let scheme = if password.starts_with("$argon2") { ARGON2 } else { "" };
        lines.add("userPassword", &format!("{scheme}{password}"));
    }
    for (name, value) in &written {
        written_values(name, value).iter().flatten().for_each(|text| lines.add(name, text));
    }
}

/// Writes the entry of a group. Returns a sentence for each field that the entry cannot hold.
fn write_group(lines: &mut Lines, dn: &str, group: &GroupRecord) -> Vec<String> {
    lines.0.push('\n');
    lines.add("dn", dn);
    lines.add("objectClass", "groupOfNames");
    let mut rest = Rest::new();
    let description = rest.held("description", group.description.as_ref());
    if let Some(label) = &group.label {
        rest.set("label", label);
    }
    if let Some(id) = &group.external_id {
        rest.set("external_id", id);
    }
    if !group.properties.is_empty() {
        rest.set("properties", &group.properties);
    }
    rest.write(lines);
    lines.add("cn", &group.name);
    if let Some(description) = description {
        lines.add("description", description);
    }
    if group.groups.is_some() { vec!["LDIF has no place for groups of a group".to_owned()] } else { Vec::new() }
}

/// The fields of a record that no attribute holds, by name. They go into a comment.
struct Rest(BTreeMap<&'static str, JsonText>);

impl Rest {
    fn new() -> Rest {
        Rest(BTreeMap::new())
    }

    fn set(&mut self, name: &'static str, value: &impl Serialize) {
        self.0.insert(name, JsonText::stored(json::to_string(value)));
    }

    /// The text, if an attribute can hold it. An empty text goes into the comment instead.
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

/// The values of the attribute that a property becomes. An import makes the same property from them.
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
