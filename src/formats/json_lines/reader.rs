//! Reads JSON: one object per line, arrays of objects, objects over several lines, and documents with lists of objects.

use super::documents::{self, Dialect, Document, Member};
use super::object_splitter::{Found, Objects, What};
use super::open_object::problem;
use crate::formats::counts::{Ledger, Mark};
use crate::formats::field_names::{Plan, Use, plain};
use crate::formats::record::{Record, Role};
use crate::formats::record_builder::Draft;
use crate::formats::row::{ReadOptions, Remark, RemarkKind, Row};
use crate::formats::row_fields::{Field, Kind, Text};
use crate::formats::text::quoted;
use crate::formats::values::{VALUE_MEMORY_MAX, class_names, name_list, split_names, switch, texts};
use crate::json::{Json, JsonText, decode, members, memory_of};
use anyhow::Context as _;
use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::Arc;

/// Keys of lists that may hold memberships and that this program cannot import.
const MEMBERSHIPS: [&str; 6] = ["users", "teams", "memberships", "groupmemberships", "usergroups", "people"];
/// The longest text of a mark, in bytes, with any spacing.
const MARK_BYTES_MAX: usize = 300;
/// A text that every mark contains.
const PROGRAM: &[u8] = b"\"rollbook\"";
/// Reads the rows.
pub(in crate::formats) struct Reader<R> {
    objects: Objects<R>,
    /// Bytes of the input that were consumed.
    bytes: u64,
    login: Option<String>,
    /// The present time in seconds since 1970: accounts that have expired by then are disabled.
    now: i64,
    /// The key that held the login of the last user.
    last_login: Option<Arc<str>>,
    /// Rows that the last object has become and that are not returned yet.
    waiting: VecDeque<Row>,
    ledger: Ledger,
    done: bool,
}

impl<R: BufRead> Reader<R> {
    pub(in crate::formats) fn new(input: R, options: &ReadOptions) -> Reader<R> {
        Reader {
            objects: Objects::new(input),
            bytes: 0,
            login: options.login.clone(),
            now: jiff::Timestamp::now().as_second(),
            last_login: None,
            waiting: VecDeque::new(),
            ledger: Ledger::default(),
            done: false,
        }
    }

    fn next_object(&mut self) -> anyhow::Result<Option<Row>> {
        loop {
            let found = self.objects.next();
            let Some(found) = found.with_context(|| format!("read line {}", self.objects.line()))? else {
                return Ok(None);
            };
            self.bytes = found.bytes;
            match mark(&found.what) {
                Some(mark) => self.ledger.take(mark),
                None => return Ok(Some(self.row(found))),
            }
        }
    }

    /// Remarks at the end.
    fn finish(&mut self) -> Option<Row> {
        let remark = self.ledger.finish(false)?;
        let line = self.objects.line();
        Some(Row { line, bytes: self.bytes, record: Ok(None), remarks: vec![remark], login: None })
    }

    fn row(&mut self, found: Found) -> Row {
        let Found { line, bytes, what } = found;
        let row = |record| Row { line, bytes, record, remarks: Vec::new(), login: None };
        let mut read = Read::default();
        let records = match what {
            What::Broken(why) => Err(why),
            What::Object(text) => self.records(&text, line, &mut read),
            What::Document(text) => members_of(&text, line).map(|members| {
                documents::tell_rest_of_lists(&members, &mut read.remarks);
                Vec::new()
            }),
        };
        match records {
            Err(why) => Row { remarks: read.remarks, ..row(Err(why)) },
            Ok(records) => {
                let mut records = records.into_iter();
                let first = records.next();
                self.waiting.extend(records.map(|record| row(Ok(Some(record)))));
                let login = if matches!(first, Some(Record::User(_))) { self.login_of(read.login) } else { None };
                Row { remarks: read.remarks, login, ..row(Ok(first)) }
            }
        }
    }

    fn login_of(&mut self, key: Option<String>) -> Option<Arc<str>> {
        let key = key?;
        if self.last_login.as_deref() != Some(key.as_str()) {
            self.last_login = Some(key.into());
        }
        self.last_login.clone()
    }

    fn records(&self, text: &[u8], line: u64, read: &mut Read) -> Result<Vec<Record>, String> {
        let members = members_of(text, line)?;
        let document = documents::of(members, &mut read.remarks)?;
        let (members, mut draft, dialect) = match document {
            Document::Nothing => return Ok(Vec::new()),
            Document::Records(records) => return Ok(records),
            Document::Members { members, draft, dialect } => (members, *draft, dialect),
        };
        let object = Object { members: &members, dialect, now: self.now };
        object.fill(&mut draft, self.login.as_deref(), read)?;
        draft.finish(&mut read.remarks)
    }
}

/// Remarks and login of an object that was read.
#[derive(Default)]
struct Read {
    remarks: Vec<Remark>,
    /// The key with the login.
    login: Option<String>,
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        if self.done {
            return None;
        }
        let next = match self.waiting.pop_front() {
            Some(row) => Ok(Some(row)),
            None => self.next_object(),
        };
        match next {
            Ok(Some(row)) => {
                self.ledger.note(&row);
                Some(Ok(row))
            }
            Ok(None) => {
                self.done = true;
                self.finish().map(Ok)
            }
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

/// Parses an object as a mark.
fn mark(what: &What) -> Option<Mark> {
    let What::Object(text) = what else { return None };
    if text.len() > MARK_BYTES_MAX || !text.windows(PROGRAM.len()).any(|part| part == PROGRAM) {
        return None;
    }
    let members = members(std::str::from_utf8(text).ok()?).ok()?;
    Mark::of(&members)
}

/// The members of an object that begins in this line, without those that are `null`.
fn members_of(text: &[u8], line: u64) -> Result<Vec<Member<'_>>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the object is not UTF-8".to_owned())?;
    let mut members = members(text).map_err(|_| problem(text.as_bytes(), line))?;
    // Okta has the fields of a user in `profile`.
    if let Some(at) = members.iter().position(|(key, value)| key == "profile" && value.starts_with('{')) {
        let (_, profile) = members.remove(at);
        members.extend(crate::json::members(profile).map_err(|_| problem(text.as_bytes(), line))?);
    }
    members.retain(|(_, value)| *value != "null");
    Ok(members)
}

/// An object with the fields of one record.
struct Object<'o, 't> {
    members: &'o [Member<'t>],
    dialect: Dialect,
    now: i64,
}

impl Object<'_, '_> {
    fn fill(&self, draft: &mut Draft, login: Option<&str>, read: &mut Read) -> Result<(), String> {
        let names: Vec<String> = self.members.iter().map(|member| self.name_of(member)).collect();
        if let Some(kind) = names.iter().position(|name| name == "kind") {
            draft.kind = Some(Kind::named(&self.text(kind)?)?);
        }
        let is_user = matches!(draft.kind, None | Some(Kind::User));
        let chosen = match login {
            Some(wanted) if is_user => Some(self.chosen(&names, wanted)?),
            _ if is_user => None,
            // A group has its name in `name`, even if `--login` chooses another key for users.
            _ => names.iter().position(|name| name == "name"),
        };
        let is_text = |index: usize| self.members[index].1.starts_with('"');
        let plan = Plan::new(&names, chosen, is_text, true);
        match plan.login {
            Some(index) => {
                draft.set_text(Text::Name, self.login_text(index, login.is_some() && is_user)?);
                draft.login_shown = Some(self.members[index].0.clone());
                read.login = draft.login_shown.clone();
            }
            None => {
                // The message about a login of the wrong type names its key.
                let login = names.iter().position(|name| Plan::is_login(name) && name != "user");
                login.map_or(Ok(()), |index| self.text(index).map(drop))?;
            }
        }
        for (index, uses) in plan.uses.iter().enumerate() {
            self.take(draft, index, &names[index], *uses)?;
        }
        Ok(())
    }

    /// The compared form of a key. Keys of database row numbers and of Unix account numbers are not logins.
    fn name_of(&self, (key, value): &Member<'_>) -> String {
        let name = plain(key);
        let is_number = matches!(name.as_str(), "id" | "uid") && value.starts_with(|c: char| c.is_ascii_digit());
        if is_number { String::new() } else { name }
    }

    /// The text of the login. If the operator has chosen the key, it can be a number.
    fn login_text(&self, index: usize, is_chosen: bool) -> Result<String, String> {
        let (_, value) = &self.members[index];
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        if is_chosen && is_number { Ok((*value).to_owned()) } else { self.text(index) }
    }

    /// The key that the operator has chosen for the login.
    fn chosen(&self, names: &[String], wanted: &str) -> Result<usize, String> {
        let wanted = wanted.trim();
        let same = |(key, _): &Member<'_>| key.trim().to_lowercase() == wanted.to_lowercase();
        let found = self.members.iter().position(same);
        let found = found.or_else(|| names.iter().position(|name| *name == plain(wanted) && !name.is_empty()));
        found.ok_or_else(|| format!("there is no key {} (--login)", quoted(wanted)))
    }

    fn text(&self, index: usize) -> Result<String, String> {
        let (key, value) = &self.members[index];
        match value.starts_with('"').then(|| decode(value.as_bytes())) {
            Some(Ok(text)) => Ok(text),
            _ => Err(format!("{} is not a text", shortened_key(key))),
        }
    }

    fn take(&self, draft: &mut Draft, index: usize, plain: &str, uses: Use) -> Result<(), String> {
        let (key, value) = &self.members[index];
        let says_nothing = documents::is_empty(value);
        match uses {
            Use::Nothing => {}
            Use::Field(field) => self.take_field(draft, index, field)?,
            Use::GivesWay(other) if self.members[other].1 == *value || says_nothing => {}
            Use::GivesWay(other) => {
                let winner = &self.members[other].0;
                let text = format!("the key {} gives way to {}", quoted(key), quoted(winner));
                let is_membership = matches!(plain, "groups" | "memberof" | "group" | "membergroups" | "subgroupnames");
                let kind = if is_membership { RemarkKind::Missing } else { RemarkKind::Dropped };
                draft.remarks.push(Remark { kind, text, about: None });
            }
            Use::Other if self.is_repetition(plain) => {}
            Use::Other if self.dialect == Dialect::Keycloak && plain == "attributes" => {
                self.take_field(draft, index, Field::Properties)?;
            }
            Use::Other => {
                if !self.take_account_state(draft, key, plain, value) && !says_nothing && *value != "\"\"" {
                    // Values of unknown keys are not kept in memory, because they may be long.
                    let text = format!("no field has the name {}", quoted(key));
                    let is_list = value.starts_with('[') && MEMBERSHIPS.contains(&plain);
                    draft.remarks.push(if is_list { Remark::missing(text) } else { Remark::dropped(text) });
                }
            }
        }
        Ok(())
    }

    /// True if the key only repeats other keys.
    fn is_repetition(&self, plain: &str) -> bool {
        match self.dialect {
            Dialect::Shown => matches!(plain, "inheritedgroups" | "users" | "subgroups"),
            Dialect::Any | Dialect::Keycloak => false,
        }
    }

    /// Takes a value for the state of the account, or a list of such values.
    fn take_account_state(&self, draft: &mut Draft, key: &str, plain: &str, value: &str) -> bool {
        match value.as_bytes().first() {
            Some(b'"') => {
                let text: String = decode(value.as_bytes()).unwrap_or_default();
                draft.set_account_state(key, plain, &text, self.now)
            }
            Some(b'[') => {
                let texts = name_list(value.as_bytes()).filter(|texts| !texts.is_empty());
                let texts = texts.unwrap_or_else(|| vec!["[]".to_owned()]);
                let state = |said, text: &String| draft.set_account_state(key, plain, text, self.now) | said;
                texts.iter().fold(false, state)
            }
            // An object cannot be interpreted.
            Some(b'{') => draft.set_account_state(key, plain, "{}", self.now),
            _ => draft.set_account_state(key, plain, value, self.now),
        }
    }

    fn take_field(&self, draft: &mut Draft, index: usize, field: Field) -> Result<(), String> {
        let (key, text) = &self.members[index];
        if memory_of(text.as_bytes()) > VALUE_MEMORY_MAX {
            return Err(format!("{} is too large", shortened_key(key)));
        }
        let wrong = |what: &str| Err(format!("{} is not {what}", shortened_key(key)));
        let value = match Json::parse_stored(text.as_bytes()) {
            Ok(value) => value,
            Err(error) => return Err(format!("{} is not JSON: {error}", shortened_key(key))),
        };
        match (field, value) {
            // These keys are read before all others.
            (Field::Kind, _) => {}
            (Field::Role, Json::String(word)) => draft.set_role(&word)?,
            (Field::Role, _) => return wrong("a text"),
            (Field::BaseRole, value) => match value.as_str().and_then(Role::named) {
                Some(role) => draft.stored_role = Some(role),
                None => draft.remarks.push(Remark::dropped("stored_role is not admin, standard or read")),
            },
            (Field::Text(name), Json::String(value)) => draft.set_text(name, value),
            (Field::Text(Text::Group | Text::User | Text::Subgroup | Text::Dn), _) => return wrong("a text"),
            (Field::Text(name), value @ (Json::Number(_) | Json::Bool(_))) => draft.set_text(name, value.to_string()),
            (Field::Text(_), _) => draft.remarks.push(Remark::dropped(format!("{} is not a text", shortened_key(key)))),
            (Field::Verified | Field::Deleted, value) => self.take_switch(draft, key, field, &value),
            (Field::Exported, Json::Bool(exported)) => draft.exported = Some(exported),
            (Field::Exported, _) => return wrong("true or false"),
            (Field::Properties, Json::Object(properties)) => draft.properties = Some(properties),
            (Field::Properties, _) => return wrong("an object"),
            (Field::Scim, value @ Json::Object(_)) => draft.scim = Some(JsonText::from(&value)),
            (Field::Scim, _) => return wrong("an object"),
            (Field::Groups | Field::Members | Field::Subgroups, value) => {
                self.take_names(draft, key, field, value)?;
            }
            (Field::Joined, Json::Array(_)) => match decode(text.as_bytes()) {
                Ok(joined) => draft.joined = Some(joined),
                Err(_) => draft.remarks.push(Remark::dropped("joined is not a list of places")),
            },
            (Field::Joined, _) => match decode(text.as_bytes()) {
                Ok(joined) => draft.joined = Some(vec![joined]),
                Err(_) => draft.remarks.push(Remark::dropped("joined is not a list of places")),
            },
            (Field::ObjectClass, Json::String(classes)) => draft.classes = class_names(&classes),
            (Field::ObjectClass, value) => match texts(value) {
                Some(classes) => draft.classes = classes.iter().map(|class| class.trim().to_lowercase()).collect(),
                None => return wrong("a text or a list of texts"),
            },
            (Field::Credentials, value) => documents::take_credentials(draft, value),
        }
        Ok(())
    }

    fn take_switch(&self, draft: &mut Draft, key: &str, field: Field, value: &Json) {
        let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match (field, switch(&word)) {
            (Field::Verified, Some(verified)) => draft.verified = Some(verified),
            (Field::Deleted, said) => draft.deleted |= said != Some(false) && !word.trim().is_empty(),
            _ => {
                let text = format!("the value of {} is not understood", quoted(key));
                draft.remarks.push(Remark::dropped(text).about(quoted(&word)));
            }
        }
    }

    fn take_names(&self, draft: &mut Draft, key: &str, field: Field, value: Json) -> Result<(), String> {
        let is_membership = matches!(draft.kind, Some(Kind::Member | Kind::Subgroup));
        let names = match value {
            Json::String(name) if is_membership => {
                draft.set_text(Text::Group, name);
                return Ok(());
            }
            Json::String(names) => {
                let are_entries =
                    self.members.iter().any(|(key, _)| matches!(&*plain(key), "dn" | "distinguishedname"));
                split_names(&names, are_entries)
            }
            value => texts(value),
        };
        let Some(mut names) = names else { return Err(format!("{} is not a list of texts", shortened_key(key))) };
        if self.dialect == Dialect::Keycloak {
            documents::strip_paths(&mut names);
        }
        match field {
            Field::Groups => draft.groups = Some(names),
            Field::Subgroups => draft.subgroups = Some(names),
            _ => draft.add_members(names),
        }
        Ok(())
    }
}

/// A key, shortened for a message.
fn shortened_key(key: &str) -> String {
    if key.chars().count() <= 64 && key.chars().all(char::is_alphanumeric) || key.len() <= 64 && key.is_ascii() {
        key.to_owned()
    } else {
        quoted(key)
    }
}
