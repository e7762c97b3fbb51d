//! Writes a CSV.
//!
//! Cells are not escaped for spreadsheet programs, which may evaluate a cell that begins with `=`, `+`, `-` or `@` as a
//! formula: the file is for programs.

use crate::formats::record::{GroupRecord, MemberRecord, Record, Role, SubgroupRecord, UserRecord};
use crate::json::{self, JsonText};
use crate::model::TextField;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The columns of version 0.1 of the program.
const FIRST_COLUMNS: usize = 17;

/// The columns. Each version of this program appends its new columns, so a file is an export of this program if its
/// header is the beginning of this list.
static COLUMNS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut columns = vec![
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
    for field in TextField::ALL {
        if !columns.contains(&field.name()) {
            columns.push(field.name());
        }
    }
    columns
});

/// Returns whether a header is that of an export of this program, by this or an earlier version.
pub(super) fn is_export(header: &[String]) -> bool {
    header.len() >= FIRST_COLUMNS && COLUMNS.get(..header.len()).is_some_and(|columns| header == columns)
}

/// Returns whether a text is the beginning of the header of an export, without a line break. An export has rows.
pub(super) fn is_cut_header(text: &str) -> bool {
    let known = header();
    text.starts_with("kind,name") && known.trim_end().starts_with(text)
}

/// The header.
pub(in crate::formats) fn header() -> String {
    format!("{}\n", COLUMNS.join(","))
}

/// The row of a record.
pub(in crate::formats) fn row(record: &Record) -> String {
    let mut cells = Cells(vec![String::new(); COLUMNS.len()]);
    match record {
        Record::User(user) => cells.user(user),
        Record::Group(group) => cells.group(group),
        Record::Member(MemberRecord { group, user, joined, .. }) => {
            cells.membership("member", user.shown(), group.shown(), *joined);
        }
        Record::Subgroup(SubgroupRecord { group, subgroup, joined, .. }) => {
            cells.membership("subgroup", subgroup.shown(), group.shown(), *joined);
        }
    }
    cells.line()
}

/// The cells of a row, in the order of the columns.
struct Cells(Vec<String>);

impl Cells {
    fn set(&mut self, column: &str, cell: impl Into<String>) {
        let index = COLUMNS.iter().position(|name| *name == column).expect("a column of the table");
        self.0[index] = cell.into();
    }

    /// A cell for an optional text. A missing text and an empty one make the same cell.
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
        user.texts.iter().for_each(|(field, text)| self.set(field.name(), text));
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
        self.set_text("external_id", group.external_id.as_ref());
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
        let mut line = String::with_capacity(self.0.iter().map(|cell| cell.len() + 3).sum());
        for (index, cell) in self.0.iter().enumerate() {
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

/// Joins names with semicolons, or writes them as a JSON list if the joined text could be misread.
fn list(names: &[String]) -> String {
    let odd = |name: &String| name.is_empty() || name != name.trim() || name.contains(';') || name.starts_with('[');
    if names.is_empty() || names.iter().any(odd) { json::to_string(names) } else { names.join(";") }
}
