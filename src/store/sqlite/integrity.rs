//! Integrity checks: each finding is one line.

use crate::json::members;
use crate::model::{
    EntityKind, Error, RemovedProperty, Result, check_new_name, fold_name, is_answered_property, is_key_of, now,
};
use crate::store::cache_scopes::CacheScope;
use crate::store::posting_list::IdSet;
use crate::store::sql::{ReadTx, WriteTx, failure};
use crate::store::sqlite::migrations;
use crate::store::tables::columns::{attributes, attributes_text, search_key};
use crate::store::tables::hierarchy::ENABLED_ADMINISTRATOR;
use rusqlite::{Row, params};
use std::collections::{BTreeMap, HashMap, HashSet};

type Findings = rusqlite::Result<Vec<String>>;

impl ReadTx<'_> {
    /// Checks the file and all rows. Returns the findings. `is_password` returns true for a stored value that a
    /// password can be checked against.
    pub fn check_integrity(&self, is_password: impl Fn(&str) -> bool) -> Vec<String> {
        let mut findings = match self.find_broken_pages() {
            Ok(found) => found,
            // An unreadable file has no rows to check.
            Err(error) => return vec![format!("the file cannot be read: {error}")],
        };
        let checks: [(&str, &dyn Fn() -> Findings); 11] = [
            ("the tables", &|| self.find_schema_differences()),
            ("the references", &|| self.find_lost_references()),
            ("the users", &|| self.find_broken_users(&is_password)),
            ("the groups", &|| self.find_broken_groups()),
            ("the pending members", &|| self.find_broken_names()),
            ("the spellings in lists", &|| self.find_broken_spellings()),
            ("the counters", &|| self.find_broken_counters()),
            ("the sequences", &|| self.find_broken_sequences()),
            ("the search index", &|| self.find_broken_search_lists()),
            ("the subgroups", &|| self.find_cycles()),
            ("the administrators", &|| self.find_no_administrator()),
        ];
        for (what, check) in checks {
            match check() {
                Ok(found) => findings.extend(found),
                Err(error) => findings.push(format!("{what} cannot be read: {error}")),
            }
        }
        findings
    }

    /// Names that no new user or group could have: those with an older key that separates them from another name, and
    /// those that [`check_new_name`] refuses.
    pub fn find_unusable_names(&self) -> Result<Vec<String>> {
        let sql = "select 'user', username, username_key, null from users
             union all select 'group', name, name_key, null from groups
             union all select kind, dangling_members.name, dangling_members.name_key, groups.name
                 from dangling_members join groups on groups.id = group_id";
        let mut notes = Vec::new();
        let read = self.lines(sql, |row| {
            let name = row.get_ref(1)?.as_str()?;
            let (kind, group): (String, Option<String>) = (row.get(0)?, row.get(3)?);
            let whose = group.as_ref().map(|group| format!("group {group:?}: its ")).unwrap_or_default();
            let key = fold_name(name);
            let stored = row.get_ref(2)?.as_str()?;
            if stored != key && is_key_of(stored, name) {
                notes.push(format!("{whose}{kind} {name:?} has an older key, and is not the same as {key:?}"));
            }
            if group.is_none()
                && let Err(Error::Invalid(why)) = check_new_name("the name", name)
            {
                notes.push(format!("{kind} {name:?}: {why}"));
            }
            Ok(None)
        });
        read.map_err(failure)?;
        Ok(notes)
    }

    fn lines(&self, sql: &str, mut line: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<String>>) -> Findings {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.extend(line(row)?);
        }
        Ok(lines)
    }

    fn find_broken_pages(&self) -> Findings {
        self.lines("pragma integrity_check", |row| {
            let text: String = row.get(0)?;
            Ok((text != "ok").then(|| format!("the file is damaged: {}", text.replace('\n', " "))))
        })
    }

    fn find_schema_differences(&self) -> Findings {
        let expected: BTreeMap<String, String> = migrations::newest_schema_objects()?.into_iter().collect();
        let present: BTreeMap<String, String> = migrations::schema_objects(self.connection)?.into_iter().collect();
        let missing = expected.keys().filter(|name| !present.contains_key(*name));
        let mut findings: Vec<String> = missing.map(|name| format!("{name} is missing")).collect();
        for (name, sql) in &present {
            match expected.get(name) {
                None => findings.push(format!("{name} was not created by this program")),
                Some(other) if other != sql => {
                    findings.push(format!("{name} differs from the one that this program creates"))
                }
                Some(_) => {}
            }
        }
        Ok(findings)
    }

    fn find_lost_references(&self) -> Findings {
        let sql = "select \"table\", parent, count(*) from pragma_foreign_key_check group by 1, 2";
        self.lines(sql, |row| {
            let (table, parent, count): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Some(format!("{count} rows of {table} refer to {parent} that do not exist")))
        })
    }

    fn find_broken_users(&self, is_password: &impl Fn(&str) -> bool) -> Findings {
        let mut findings = Vec::new();
        let sql = "select username, username_key, first_name, first_key, last_name, last_key, email, email_key,
                 attributes, password_hash from users order by id";
        self.lines(sql, |row| {
            let name: String = row.get(0)?;
            if !is_key_of(&row.get::<_, String>(1)?, &name) {
                findings.push(format!("user {name:?}: username_key is not the key of the name"));
            }
            for (column, field) in [(2, "first_key"), (4, "last_key"), (6, "email_key")] {
                let (text, stored): (Option<String>, Option<String>) = (row.get(column)?, row.get(column + 1)?);
                if !is_search_key_of(stored.as_deref(), text.as_deref()) {
                    findings.push(format!("user {name:?}: {field} is not the key of its field"));
                }
            }
            findings.extend(wrong_attributes(EntityKind::User, &name, row.get_ref(8)?.as_str()?));
            if row.get::<_, Option<String>>(9)?.is_some_and(|hash| !is_password(&hash)) {
                findings.push(format!("user {name:?}: the stored password hash cannot be checked"));
            }
            Ok(None)
        })?;
        Ok(findings)
    }

    fn find_broken_groups(&self) -> Findings {
        let mut findings = Vec::new();
        self.lines("select name, name_key, label, label_key, attributes from groups order by id", |row| {
            let name: String = row.get(0)?;
            if !is_key_of(&row.get::<_, String>(1)?, &name) {
                findings.push(format!("group {name:?}: name_key is not the key of the name"));
            }
            let (label, stored): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            if !is_search_key_of(stored.as_deref(), label.as_deref()) {
                findings.push(format!("group {name:?}: label_key is not the key of the label"));
            }
            findings.extend(wrong_attributes(EntityKind::Group, &name, row.get_ref(4)?.as_str()?));
            Ok(None)
        })?;
        Ok(findings)
    }

    fn find_broken_names(&self) -> Findings {
        let mut findings = Vec::new();
        let sql = "select kind, dangling_members.name, dangling_members.name_key, coalesce(groups.name, ''),
                 case kind when 'user' then exists (select 1 from users where username_key = dangling_members.name_key)
                 else exists (select 1 from groups where name_key = dangling_members.name_key) end
             from dangling_members left join groups on groups.id = group_id order by group_id, kind, seq";
        self.lines(sql, |row| {
            let (kind, name, stored, group): (String, String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            if !is_key_of(&stored, &name) {
                findings
                    .push(format!("group {group:?}: the stored key of its {kind} {name:?} is not the key of the name"));
            }
            if row.get(4)? {
                findings.push(format!("group {group:?}: its {kind} {name:?} is a pending member, and exists"));
            }
            Ok(None)
        })?;
        Ok(findings)
    }

    fn find_broken_spellings(&self) -> Findings {
        let sql = "select groups.name, written, username_key from memberships
                 join groups on groups.id = group_id join users on users.id = user_id where written is not null
             union all
             select parents.name, child_written, children.name_key from subgroups
                 join groups parents on parents.id = parent_id join groups children on children.id = child_id
                 where child_written is not null
             union all
             select children.name, parent_written, parents.name_key from subgroups
                 join groups parents on parents.id = parent_id join groups children on children.id = child_id
                 where parent_written is not null";
        self.lines(sql, |row| {
            let (group, written, stored): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((!is_key_of(&stored, &written))
                .then(|| format!("group {group:?}: the list has {written:?} for a member of another name")))
        })
    }

    fn find_broken_counters(&self) -> Findings {
        let sql = "select expected.name, expected.value, counters.value from (
                 select 'users' as name, (select count(*) from users) as value
                 union all select 'groups', (select count(*) from groups)
                 union all select 'seq', max(coalesce((select max(seq) from memberships), 0),
                     coalesce((select max(seq) from subgroups), 0),
                     coalesce((select max(seq) from dangling_members), 0))
             ) expected left join counters on counters.name = expected.name";
        self.lines(sql, |row| {
            let (name, expected, counted): (String, i64, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(match counted {
                None => Some(format!("the counter {name:?} is missing")),
                Some(counted) if name == "seq" => {
                    (counted < expected).then(|| format!("the counter \"seq\" is {counted}, and a list has {expected}"))
                }
                Some(counted) => (counted != expected)
                    .then(|| format!("the counter {name:?} is {counted}, and the table has {expected} rows")),
            })
        })
    }

    fn find_broken_sequences(&self) -> Findings {
        let sql = "select 'users', max(id), (select seq from sqlite_sequence where name = 'users') from users
             union all select 'groups', max(id), (select seq from sqlite_sequence where name = 'groups') from groups";
        self.lines(sql, |row| {
            let (table, newest, last): (String, Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((newest > last).then(|| format!("an id of {table} would be used again: the last one is lost")))
        })
    }

    fn find_broken_search_lists(&self) -> Findings {
        let sql =
            "select gram, users, base, last from search_grams join search_segments on id = segment where complete";
        self.lines(sql, |row| {
            let (gram, users): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let is_broken = IdSet::new(row.get(2)?, row.get(3)?).of_list(&users).is_none();
            Ok(is_broken.then(|| format!("the search index: the users with {gram:?} cannot be read")))
        })
    }

    fn find_no_administrator(&self) -> Findings {
        let found = self.lines(ENABLED_ADMINISTRATOR, |_| Ok(Some(String::new())))?;
        Ok(if found.is_empty() { vec!["no enabled user is an administrator".to_owned()] } else { Vec::new() })
    }

    /// Finds groups that contain themselves.
    fn find_cycles(&self) -> Findings {
        let mut children: HashMap<i64, Vec<i64>> = HashMap::new();
        let mut statement = self.connection.prepare("select parent_id, child_id from subgroups")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            children.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        // A group without children is in no cycle, nor is a group all of whose children are in none.
        let mut parents: HashMap<i64, Vec<i64>> = HashMap::new();
        let mut left: HashMap<i64, usize> = HashMap::new();
        for (parent, theirs) in &children {
            left.insert(*parent, theirs.len());
            theirs.iter().for_each(|child| parents.entry(*child).or_default().push(*parent));
        }
        let mut clean: Vec<i64> = parents.keys().copied().filter(|group| !children.contains_key(group)).collect();
        while let Some(group) = clean.pop() {
            for parent in parents.get(&group).into_iter().flatten() {
                if let Some(count) = left.get_mut(parent) {
                    *count -= 1;
                    if *count == 0 {
                        left.remove(parent);
                        clean.push(*parent);
                    }
                }
            }
        }
        let contains_itself = |group: i64| {
            let (mut seen, mut next) = (HashSet::new(), vec![group]);
            while let Some(id) = next.pop() {
                let below = children.get(&id).into_iter().flatten().filter(|child| left.contains_key(child));
                next.extend(below.copied().filter(|child| seen.insert(*child)));
            }
            seen.contains(&group)
        };
        let mut cycles: Vec<i64> = left.keys().copied().filter(|group| contains_itself(*group)).collect();
        cycles.sort_unstable();
        let mut name = self.connection.prepare("select name from groups where id = ?1")?;
        let line = |id: i64| {
            let name: String = name.query_row([id], |row| row.get(0))?;
            Ok(format!("group {name:?}: it contains itself"))
        };
        cycles.into_iter().map(line).collect()
    }
}

fn is_search_key_of(stored: Option<&str>, text: Option<&str>) -> bool {
    stored == search_key(text).as_deref() || stored.zip(text).is_some_and(|(stored, text)| is_key_of(stored, text))
}

/// Findings about the properties of a user or group.
fn wrong_attributes(kind: EntityKind, name: &str, text: &str) -> Vec<String> {
    let noun = kind.noun();
    let Ok(members) = members(text) else {
        return vec![format!("{noun} {name:?}: the attributes are not a JSON object")];
    };
    let answered = members.iter().filter(|(property, _)| is_answered_property(kind, property));
    let line = |property| {
        format!(
            "{noun} {name:?}: the property {property:?} has the name of a field and is not served (--repair removes it)"
        )
    };
    answered.map(|(property, _)| line(property)).collect()
}

impl WriteTx<'_> {
    /// Removes properties with names of fields, which earlier versions accepted, from at most `limit` users and groups.
    pub fn remove_answered_properties(&self, limit: usize) -> Result<Vec<RemovedProperty>> {
        let mut removed = Vec::new();
        for (kind, select, update) in [
            (
                EntityKind::User,
                "select id, username, attributes from users where attributes <> '{}'",
                "update users set attributes = ?2, updated_at = ?3, version = version + 1 where id = ?1",
            ),
            (
                EntityKind::Group,
                "select id, name, attributes from groups where attributes <> '{}'",
                "update groups set attributes = ?2, updated_at = ?3, version = version + 1 where id = ?1",
            ),
        ] {
            let mut found: Vec<(i64, String, String)> = Vec::new();
            self.visit(select, |row| {
                let text = row.get_ref(2)?.as_str()?;
                let is_wrong = members(text)
                    .is_ok_and(|members| members.iter().any(|(property, _)| is_answered_property(kind, property)));
                if is_wrong {
                    found.push((row.get(0)?, row.get(1)?, text.to_owned()));
                }
                Ok(found.len() < limit)
            })?;
            if !found.is_empty() {
                // Entity tags depend on the version, and the audit log has no row for this.
                self.invalidate(CacheScope::Users);
            }
            for (id, owner, text) in found {
                for (name, value) in members(&text).unwrap_or_default() {
                    if is_answered_property(kind, &name) {
                        removed.push(RemovedProperty { kind, owner: owner.clone(), name, value: value.to_owned() });
                    }
                }
                self.execute(update, params![id, attributes_text(&attributes(kind, &text))?, now()])?;
            }
        }
        Ok(removed)
    }

    fn visit(&self, sql: &str, mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query([]).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            if !visit(row).map_err(failure)? {
                break;
            }
        }
        Ok(())
    }
}
