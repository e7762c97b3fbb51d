//! Rows of `changes`: what has changed, when, and by whom, in the transaction of the change itself.
//!
//! An update says what was different before and after. What begins is told whole, but for what is empty; so is what
//! ends. Of passwords it says that there is one, of keys and tokens what they are for.

use crate::json::{self, JsonStr};
use crate::model::{Attributes, BaseRole, Change, Error, Group, Result, TextField, User, now};
use crate::store::sql::{ReadTx, WriteTx, failure};
use crate::store::tables::columns::count;
use crate::store::tables::credentials::{Credential, CredentialKind};
use crate::store::tables::memberships::MemberList;
use rusqlite::params;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// The largest number of a change: every reader of JSON can hold it (2^53 - 1).
pub(in crate::store) const NUMBER_MAX: i64 = (1 << 53) - 1;

/// The user or group of an entry in a group's list.
#[derive(Clone, Copy)]
pub(in crate::store) enum EntryTarget<'n> {
    /// The inner id.
    Row(i64),
    /// There is none of that name.
    Waiting(&'n str),
}

impl<'n> EntryTarget<'n> {
    pub(in crate::store) fn of(target: Option<i64>, name: &'n str) -> EntryTarget<'n> {
        target.map_or(EntryTarget::Waiting(name), EntryTarget::Row)
    }
}

impl ReadTx<'_> {
    /// Shows the changes after that one, the oldest first, as many as asked for, unless the visitor has enough before.
    pub fn visit_changes_after(&self, id: i64, limit: u64, visit: impl FnMut(Change) -> bool) -> Result<()> {
        let sql = "select id, at, caller_kind, caller, dialect, action, name, before, after from changes
             where id > ?1 order by id limit ?2";
        self.visit_changes(sql, id, limit, visit)
    }

    /// Shows the changes before that one, the newest first, as many as asked for, unless the visitor has enough before.
    pub fn visit_changes_before(&self, id: i64, limit: u64, visit: impl FnMut(Change) -> bool) -> Result<()> {
        let sql = "select id, at, caller_kind, caller, dialect, action, name, before, after from changes
             where id < ?1 order by id desc limit ?2";
        self.visit_changes(sql, id, limit, visit)
    }

    fn visit_changes(&self, sql: &str, id: i64, limit: u64, mut visit: impl FnMut(Change) -> bool) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query([id, count(limit)]).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            if !visit(change(row).map_err(failure)?) {
                break;
            }
        }
        Ok(())
    }

    /// The first and the last change that are kept.
    pub fn change_id_range(&self) -> Result<Option<(i64, i64)>> {
        // Each by itself, as SQLite finds one end by the index, and both by a scan.
        let sql = "select (select min(id) from changes), (select max(id) from changes)";
        let ends = self.first(sql, [], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)))?;
        Ok(ends.and_then(|(first, last)| first.zip(last)))
    }

    /// Whether the change of that number is kept.
    pub fn has_change(&self, id: i64) -> Result<bool> {
        self.any("select 1 from changes where id = ?1", [id])
    }

    /// The time of the oldest change that is kept.
    pub fn find_time_of_oldest_change(&self) -> Result<Option<i64>> {
        self.first("select at from changes order by id limit 1", [], |row| row.get(0))
    }

    /// The last change that was made before that time; the number before the oldest that is kept, when none was. Where
    /// the clock was set back, about.
    pub fn find_change_before(&self, at: i64) -> Result<i64> {
        let Some((first, last)) = self.change_id_range()? else { return Ok(0) };
        // Between the two, and times ascend with numbers.
        let (mut before, mut after) = (first.saturating_sub(1), last.saturating_add(1));
        while after.abs_diff(before) > 1 {
            let middle = before.saturating_add_unsigned(after.abs_diff(before) / 2);
            let sql = "select id, at from changes where id >= ?1 order by id limit 1";
            let found = self.first(sql, [middle], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
            match found {
                Some((id, time)) if time < at => before = id,
                _ => after = middle,
            }
        }
        Ok(before.max(0))
    }
}

impl WriteTx<'_> {
    /// How many changes the operation has written down so far.
    pub fn recorded_changes(&self) -> u64 {
        self.recorded.get()
    }

    /// Writes down that a backup took the place of the database: its name, the number that this change has, and the last
    /// one of the backup.
    pub(in crate::store) fn note_restore(&self, backup: &str, number: i64, last: i64) -> Result<()> {
        let sql = "insert into changes (id, at, caller_kind, caller, dialect, action, name, after)
             values (?1, ?2, ?3, ?4, ?5, 'directory.restored', ?6, ?7)";
        let (caller_kind, caller, dialect) = self.actor_columns();
        let after = json::to_string(&RestoreDocument { last_change: last });
        self.execute(sql, params![number, now(), caller_kind, caller, dialect, backup, after]).map(drop)
    }

    pub(in crate::store) fn note_new_user(&self, user: &User, password: bool) -> Result<()> {
        let after = UserDocument { password: password.then_some(true), ..UserDocument::of(user) };
        self.note("user.created", &user.username, None::<&()>, Some(&after))
    }

    pub(in crate::store) fn note_user(&self, before: &User, user: &User) -> Result<()> {
        let (before, after) = UserDocument::differences(before, user);
        self.note("user.updated", &user.username, Some(&before), Some(&after))
    }

    pub(in crate::store) fn note_verified(&self, user_id: i64) -> Result<()> {
        let verified = |verified| UserDocument { verified: Some(verified), ..UserDocument::default() };
        self.note("user.updated", &self.username_of(user_id)?, Some(&verified(false)), Some(&verified(true)))
    }

    pub(in crate::store) fn note_password(&self, user_id: i64) -> Result<()> {
        self.note("user.password_set", &self.username_of(user_id)?, None::<&()>, None::<&()>)
    }

    fn username_of(&self, user_id: i64) -> Result<String> {
        let name = self.first("select username from users where id = ?1", [user_id], |row| row.get(0))?;
        Ok(name.unwrap_or_default())
    }

    /// Asked for before the user goes, whose memberships and tokens go too.
    pub(in crate::store) fn note_end_of_user(&self, user_id: i64) -> Result<()> {
        let Some(user) = self.find_user_by_id(user_id)? else { return Ok(()) };
        self.note_each(
            "before",
            "select 'member.removed', ?1, json_object('group', groups.name, 'user', ?1)
             from memberships join groups on groups.id = group_id where user_id = ?2 order by seq",
            params![user.username, user_id],
        )?;
        self.note_each(
            "before",
            "select 'token.revoked', ?1, json_object('uuid', uuid, 'application', application, 'device', device)
             from credentials where user_id = ?2 and revoked_at is null order by id",
            params![user.username, user_id],
        )?;
        self.note("user.deleted", &user.username, Some(&UserDocument::of(&user)), None::<&()>)
    }

    pub(in crate::store) fn note_new_group(&self, id: i64) -> Result<()> {
        let Some(group) = self.find_group_by_id(id)? else { return Ok(()) };
        self.note("group.created", &group.name, None::<&()>, Some(&GroupDocument::of(&group)))
    }

    pub(in crate::store) fn note_group(&self, before: &Group, group: &Group) -> Result<()> {
        let (before, after) = GroupDocument::differences(before, group);
        self.note("group.updated", &group.name, Some(&before), Some(&after))
    }

    /// Asked for before the group goes, and with it every membership that it has a part in.
    pub(in crate::store) fn note_end_of_group(&self, id: i64) -> Result<()> {
        let Some(group) = self.find_group_by_id(id)? else { return Ok(()) };
        self.note_each(
            "before",
            "select 'member.removed', username, json_object('group', ?1, 'user', username)
             from memberships join users on users.id = user_id where group_id = ?2 order by seq",
            params![group.name, id],
        )?;
        self.note_each(
            "before",
            "select 'subgroup.removed', name, json_object('group', ?1, 'subgroup', name)
             from subgroups join groups on groups.id = child_id where parent_id = ?2 order by seq",
            params![group.name, id],
        )?;
        self.note_each(
            "before",
            "select 'subgroup.removed', ?1, json_object('group', name, 'subgroup', ?1)
             from subgroups join groups on groups.id = parent_id where child_id = ?2 order by seq",
            params![group.name, id],
        )?;
        self.note_each(
            "before",
            "select case kind when 'user' then 'member.removed' else 'subgroup.removed' end,
                 case kind when 'parent' then ?1 else name end,
                 case kind when 'user' then json_object('group', ?1, 'user', name, 'waiting', json('true'))
                     when 'group' then json_object('group', ?1, 'subgroup', name, 'waiting', json('true'))
                     else json_object('group', name, 'subgroup', ?1, 'waiting', json('true')) end
             from dangling_members where group_id = ?2 order by seq",
            params![group.name, id],
        )?;
        self.note("group.deleted", &group.name, Some(&GroupDocument::of(&group)), None::<&()>)
    }

    /// A membership that begins or ends, of a user who exists.
    pub(in crate::store) fn note_member(&self, group_id: i64, user_id: i64, begins: bool) -> Result<()> {
        let sql = "select (select name from groups where id = ?1), (select username from users where id = ?2)";
        let names = self.first(sql, [group_id, user_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (group, user): (String, String) = names.unwrap_or_default();
        self.note_membership(&group, Some(&user), None, false, begins)
    }

    /// The first memberships of a new user: of the groups that had the name in their lists.
    pub(in crate::store) fn note_first_memberships(&self, user_id: i64, username: &str) -> Result<()> {
        self.note_each(
            "after",
            "select 'member.added', ?1, json_object('group', groups.name, 'user', ?1)
             from memberships join groups on groups.id = group_id where user_id = ?2 order by group_id",
            params![username, user_id],
        )
    }

    /// The first memberships of a new group: of and in the groups that have that key in their lists.
    pub(in crate::store) fn note_first_subgroups(&self, key: &str, name: &str) -> Result<()> {
        self.note_each(
            "after",
            "select 'subgroup.added', iif(kind = 'group', ?1, groups.name),
                 json_object('group', iif(kind = 'group', groups.name, ?1),
                             'subgroup', iif(kind = 'group', ?1, groups.name))
             from dangling_members join groups on groups.id = group_id
             where dangling_members.name_key = ?2 and kind in ('group', 'parent') order by seq",
            params![name, key],
        )
    }

    /// An entry that comes into one of the lists of that group, or leaves it. A user or group is told by its own name,
    /// however the list spells it.
    pub(in crate::store) fn note_entry(
        &self,
        group: &str,
        list: MemberList,
        entry: EntryTarget<'_>,
        begins: bool,
    ) -> Result<()> {
        let waits = matches!(entry, EntryTarget::Waiting(_));
        let own;
        let name = match entry {
            EntryTarget::Waiting(name) => name,
            EntryTarget::Row(id) => {
                own = if list == MemberList::Users { self.username_of(id)? } else { self.name_of_group(id)? };
                &own
            }
        };
        match list {
            MemberList::Users => self.note_membership(group, Some(name), None, waits, begins),
            MemberList::Groups => self.note_membership(group, None, Some(name), waits, begins),
            MemberList::Parents => self.note_membership(name, None, Some(group), waits, begins),
        }
    }

    /// Names that have waited in lists in another spelling than that of the new user, and wait no longer.
    pub(in crate::store) fn note_end_of_waiting_user(&self, key: &str, username: &str) -> Result<()> {
        self.note_each(
            "before",
            "select 'member.removed', dangling_members.name,
                 json_object('group', groups.name, 'user', dangling_members.name, 'waiting', json('true'))
             from dangling_members join groups on groups.id = group_id
             where kind = 'user' and dangling_members.name_key = ?1 and dangling_members.name <> ?2 order by group_id",
            params![key, username],
        )
    }

    /// The same for a new group.
    pub(in crate::store) fn note_end_of_waiting_group(&self, key: &str, name: &str) -> Result<()> {
        self.note_each(
            "before",
            "select 'subgroup.removed', iif(kind = 'group', dangling_members.name, groups.name),
                 json_object('group', iif(kind = 'group', groups.name, dangling_members.name),
                             'subgroup', iif(kind = 'group', dangling_members.name, groups.name),
                             'waiting', json('true'))
             from dangling_members join groups on groups.id = group_id
             where dangling_members.name_key = ?1 and kind in ('group', 'parent') and dangling_members.name <> ?2
             order by seq",
            params![key, name],
        )
    }

    /// A membership of a user or group in a group, each by its own name.
    pub(in crate::store) fn note_membership(
        &self,
        group: &str,
        user: Option<&str>,
        subgroup: Option<&str>,
        waiting: bool,
        begins: bool,
    ) -> Result<()> {
        let action = match (user, begins) {
            (Some(_), true) => "member.added",
            (Some(_), false) => "member.removed",
            (None, true) => "subgroup.added",
            (None, false) => "subgroup.removed",
        };
        let document = MembershipDocument { group, user, subgroup, waiting: waiting.then_some(true) };
        let name = user.or(subgroup).unwrap_or_default();
        let (before, after) = if begins { (None, Some(&document)) } else { (Some(&document), None) };
        self.note(action, name, before, after)
    }

    pub(in crate::store) fn note_new_credential(&self, id: i64) -> Result<()> {
        self.note_credential(id, true)
    }

    pub(in crate::store) fn note_end_of_credential(&self, id: i64) -> Result<()> {
        self.note_credential(id, false)
    }

    fn note_credential(&self, id: i64, begins: bool) -> Result<()> {
        let Some((credential, token)) = self.find_credential_by_id(id)? else { return Ok(()) };
        let Credential { purpose, name, .. } = credential;
        let kind = if matches!(purpose, CredentialKind::Token(_)) { "token" } else { "key" };
        let action = match (kind, begins) {
            ("token", true) => "token.created",
            ("token", false) => "token.revoked",
            (_, true) => "key.created",
            (_, false) => "key.revoked",
        };
        let document = match &purpose {
            CredentialKind::Token(_) => CredentialDocument {
                uuid: token.as_ref().map(|token| token.uuid.as_str()),
                application: token.as_ref().map(|token| token.application.as_str()),
                device: token.as_ref().map(|token| token.device.as_str()),
                ..CredentialDocument::default()
            },
            CredentialKind::Api => {
                CredentialDocument { id: Some(id), kind: Some("api"), ..CredentialDocument::default() }
            }
            CredentialKind::Application(role) => CredentialDocument {
                id: Some(id),
                kind: Some("app"),
                role: Some(role.word()),
                ..CredentialDocument::default()
            },
        };
        let (before, after) = if begins { (None, Some(&document)) } else { (Some(&document), None) };
        self.note(action, &name, before, after)
    }

    fn note<D: Serialize, E: Serialize>(
        &self,
        action: &str,
        name: &str,
        before: Option<&D>,
        after: Option<&E>,
    ) -> Result<()> {
        let sql = "insert into changes (at, caller_kind, caller, dialect, action, name, before, after)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (caller_kind, caller, dialect) = self.actor_columns();
        let (before, after) = (before.map(json::to_string), after.map(json::to_string));
        self.execute(sql, params![now(), caller_kind, caller, dialect, action, name, before, after])?;
        self.count_noted(1)
    }

    /// Counts changes that were written down just now, and refuses numbers that are too large. Only in a file that another
    /// program has changed the numbers go so far.
    fn count_noted(&self, recorded: u64) -> Result<()> {
        if recorded > 0 && self.connection.last_insert_rowid() > NUMBER_MAX {
            return Err(Error::Unavailable(format!(
                "the record of changes has no number left: the largest is {NUMBER_MAX}; restore a backup (rollbook restore)"
            )));
        }
        self.recorded.set(self.recorded.get() + recorded);
        Ok(())
    }

    /// Writes down everything that the query finds: action, name, and the state `before` or `after` the change. It may
    /// use the first two parameters.
    fn note_each(&self, side: &str, query: &str, parameters: &[&dyn rusqlite::ToSql]) -> Result<()> {
        let sql = format!(
            "insert into changes (action, name, {side}, at, caller_kind, caller, dialect)
             select *, ?3, ?4, ?5, ?6 from ({query})"
        );
        let (caller_kind, caller, dialect) = self.actor_columns();
        let now = now();
        let own: [&dyn rusqlite::ToSql; 4] = [&now, &caller_kind, &caller, &dialect];
        let recorded = self.execute(&sql, [parameters, &own].concat().as_slice())?;
        self.count_noted(recorded as u64)
    }

    fn actor_columns(&self) -> (Option<&str>, Option<&str>, &str) {
        fn filled(text: &str) -> Option<&str> {
            Some(text).filter(|text| !text.is_empty())
        }
        (filled(self.actor.caller_kind), filled(&self.actor.caller), self.actor.dialect)
    }
}

fn change(row: &rusqlite::Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        id: row.get(0)?,
        at: row.get(1)?,
        caller_kind: row.get(2)?,
        caller: row.get(3)?,
        dialect: row.get(4)?,
        action: row.get(5)?,
        name: row.get(6)?,
        before: row.get(7)?,
        after: row.get(8)?,
    })
}

/// A field that a document has, and what is in it.
type Field<'d> = Option<Option<&'d str>>;
/// Properties, each with its JSON value or none.
type Properties<'d> = BTreeMap<&'d str, Option<JsonStr<'d>>>;

/// What is told of a user. A field that is `None` is left out.
#[derive(Serialize, Default)]
#[serde(default)]
struct UserDocument<'u> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<&'u str>,
    #[serde(flatten)]
    texts: TextFields<'u>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Field<'u>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: Properties<'u>,
    /// Whether there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<bool>,
}

/// The text fields of a document, in the order of [`TextField::ALL`].
#[derive(Default)]
struct TextFields<'u>([Field<'u>; TextField::ALL.len()]);

impl Serialize for TextFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (field, text) in TextField::ALL.into_iter().zip(&self.0) {
            if let Some(text) = text {
                map.serialize_entry(field.name(), text)?;
            }
        }
        map.end()
    }
}

impl<'u> UserDocument<'u> {
    fn of(user: &'u User) -> UserDocument<'u> {
        let field = |value: &'u Option<String>| value.as_deref().map(Some);
        UserDocument {
            uuid: Some(&user.uuid),
            texts: TextFields(TextField::ALL.map(|text| field(text.of(user)))),
            role: (user.access_role != BaseRole::default()).then(|| role(user.access_role)),
            disabled: user.disabled.then_some(true),
            verified: user.verified.then_some(true),
            external_id: field(&user.external_id),
            properties: properties(&user.attributes),
            password: None,
        }
    }

    fn differences(before: &'u User, after: &'u User) -> (UserDocument<'u>, UserDocument<'u>) {
        let (mut old, mut new) = (UserDocument::default(), UserDocument::default());
        let field =
            |before: &'u Option<String>, after: &'u Option<String>| differing(before.as_deref(), after.as_deref());
        for (index, text) in TextField::ALL.into_iter().enumerate() {
            (old.texts.0[index], new.texts.0[index]) = field(text.of(before), text.of(after));
        }
        (old.role, new.role) = differing(role(before.access_role), role(after.access_role));
        (old.disabled, new.disabled) = differing(before.disabled, after.disabled);
        (old.verified, new.verified) = differing(before.verified, after.verified);
        (old.external_id, new.external_id) = field(&before.external_id, &after.external_id);
        (old.properties, new.properties) = differing_properties(&before.attributes, &after.attributes);
        (old, new)
    }
}

/// What is told of a group. A field that is `None` is left out.
#[derive(Serialize, Default)]
struct GroupDocument<'g> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Field<'g>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Field<'g>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: Properties<'g>,
}

impl<'g> GroupDocument<'g> {
    fn of(group: &'g Group) -> GroupDocument<'g> {
        GroupDocument {
            uuid: Some(&group.uuid),
            label: group.label.as_deref().map(Some),
            description: group.description.as_deref().map(Some),
            properties: properties(&group.attributes),
        }
    }

    fn differences(before: &'g Group, after: &'g Group) -> (GroupDocument<'g>, GroupDocument<'g>) {
        let (mut old, mut new) = (GroupDocument::default(), GroupDocument::default());
        (old.label, new.label) = differing(before.label.as_deref(), after.label.as_deref());
        (old.description, new.description) = differing(before.description.as_deref(), after.description.as_deref());
        (old.properties, new.properties) = differing_properties(&before.attributes, &after.attributes);
        (old, new)
    }
}

#[derive(Serialize)]
struct MembershipDocument<'m> {
    group: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subgroup: Option<&'m str>,
    /// The name in the list belongs to nobody yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<bool>,
}

#[derive(Serialize)]
struct RestoreDocument {
    /// The newest change that the backup has.
    last_change: i64,
}

#[derive(Serialize, Default)]
struct CredentialDocument<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'c str>,
}

/// Both, unless they are the same.
fn differing<T: PartialEq>(before: T, after: T) -> (Option<T>, Option<T>) {
    if before == after { (None, None) } else { (Some(before), Some(after)) }
}

fn role(role: BaseRole) -> &'static str {
    match role {
        BaseRole::Standard => "standard",
        BaseRole::ReadOnly => "read",
    }
}

fn properties(attributes: &Attributes) -> Properties<'_> {
    attributes.iter().map(|(name, value)| (name.as_str(), Some(JsonStr(value)))).collect()
}

fn differing_properties<'a>(before: &'a Attributes, after: &'a Attributes) -> (Properties<'a>, Properties<'a>) {
    let names = before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name));
    let of = |attributes: &'a Attributes, name: &str| attributes.get(name).map(|value| JsonStr(value));
    let (mut old, mut new) = (Properties::new(), Properties::new());
    for name in names {
        old.insert(name, of(before, name));
        new.insert(name, of(after, name));
    }
    (old, new)
}
