//! Rows of `groups`.

use super::filter_sql::{FilterSql, FilteredTable};
use crate::model::{EntityKind, Filter, Group, Page, Result, Window, new_uuid, now};
use crate::store::sql::{ReadTx, WriteTx};
use crate::store::tables::columns::{attributes, attributes_text, count, prefix_range, search_key};
use rusqlite::{Row, named_params, params};

/// The columns of a group, in the order in which `group` reads them.
macro_rules! columns {
    () => {
        "groups.id, groups.uuid, groups.name, groups.label, groups.description, groups.attributes, \
         groups.created_at, groups.updated_at, groups.version, groups.name_key, groups.external_id"
    };
}

/// Number of those columns: further columns of a query follow them.
const COLUMNS: usize = 11;

impl ReadTx<'_> {
    /// The group of that name, whatever the spelling.
    pub fn find_group(&self, name: &str) -> Result<Option<Group>> {
        self.by_name(concat!("select ", columns!(), " from groups where name_key = ?1"), name, group)
    }

    /// The group of that row id.
    pub fn find_group_by_id(&self, id: i64) -> Result<Option<Group>> {
        self.first(concat!("select ", columns!(), " from groups where id = ?1"), [id], group)
    }

    /// Number of groups.
    pub(in crate::store) fn count_groups(&self) -> Result<u64> {
        self.number("select value from counters where name = 'groups'", [])
    }

    /// The row ids of the groups that pass the filter, in the order of names.
    pub fn search_groups(&self, filter: &Filter, window: Window) -> Result<Page<i64>> {
        let sql = FilterSql::of(FilteredTable::Groups, filter);
        let total = match filter {
            Filter::And(filters) if filters.is_empty() => self.count_groups()?,
            Filter::Or(filters) if filters.is_empty() => 0,
            _ => self.number(
                &format!("select count(*) from groups where {}", sql.condition),
                sql.parameters(&[]).as_slice(),
            )?,
        };
        let (limit, offset) = (count(window.limit), count(window.offset));
        let entries = self.all(
            &format!("select id from groups where {} order by name_key limit :limit offset :offset", sql.condition),
            sql.parameters(&[(":limit", &limit), (":offset", &offset)]).as_slice(),
            |row| row.get(0),
        )?;
        Ok(Page { entries, total })
    }

    /// Number of direct member users of a group.
    pub fn count_members(&self, group_id: i64) -> Result<u64> {
        self.number("select count(*) from memberships where group_id = ?1", [group_id])
    }

    /// At most `limit` groups that pass the filter, after that key in the order of names, each with the numbers of its
    /// direct member users and groups.
    pub fn list_groups_after(&self, filter: &Filter, after: &str, limit: u64) -> Result<Vec<(Group, u64, u64)>> {
        let filter = FilterSql::of(FilteredTable::Groups, filter);
        let sql = format!(
            "select {}, (select count(*) from memberships where group_id = groups.id),
                 (select count(*) from subgroups where parent_id = groups.id)
             from groups where name_key > :after and {} order by name_key limit :limit",
            columns!(),
            filter.condition
        );
        let limit = count(limit);
        let parameters = filter.parameters(&[(":after", &after), (":limit", &limit)]);
        self.all(&sql, parameters.as_slice(), |row| {
            let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
            Ok((group(row)?, number(COLUMNS)?, number(COLUMNS + 1)?))
        })
    }

    /// The row ids of direct member groups whose name begins with that text, in the order of names. The total also
    /// counts pending members.
    pub fn list_subgroups(&self, group_id: i64, prefix: &str, window: Window) -> Result<Page<i64>> {
        let (from, to) = prefix_range(prefix);
        let total = self.number(
            "select (select count(*) from subgroups join groups on groups.id = child_id
                     where parent_id = ?1 and (name_key >= ?2 and name_key < ?3
                         or child_id in (select group_id from withheld_group_keys where key >= ?2 and key < ?3)))
                  + (select count(*) from dangling_members
                     where group_id = ?1 and kind = 'group' and name_key >= ?2 and name_key < ?3)",
            params![group_id, from, to],
        )?;
        let sql = "select groups.id from subgroups join groups on groups.id = child_id
             where parent_id = ?1 and (name_key >= ?2 and name_key < ?3
                 or child_id in (select group_id from withheld_group_keys where key >= ?2 and key < ?3))
             order by name_key limit ?4 offset ?5";
        let parameters = params![group_id, from, to, count(window.limit), count(window.offset)];
        let entries = self.all(sql, parameters, |row| row.get(0))?;
        Ok(Page { entries, total })
    }
}

impl WriteTx<'_> {
    /// Stores a new group and returns the row id. Pending members with its name become memberships.
    ///
    /// # Errors
    /// `Exists` when another group has the key; `Invalid` when the properties are too large.
    pub fn insert_group(&self, group: &Group) -> Result<i64> {
        self.insert_named(
            (EntityKind::Group, &group.name),
            "insert into groups (uuid, name, name_key, label, label_key, description, external_id, attributes,
                 created_at, updated_at)
             values (:uuid, :name, :name_key, :label, :label_key, :description, :external_id, :attributes,
                 :now, :now)",
            named_params! {
                ":uuid": new_uuid(),
                ":name": group.name,
                ":name_key": group.key,
                ":label": group.label,
                ":label_key": search_key(group.label.as_deref()),
                ":description": group.description,
                ":external_id": group.external_id,
                ":attributes": attributes_text(&group.attributes)?,
                ":now": now(),
            },
        )?;
        let id = self.connection.last_insert_rowid();
        if let Some(created) = self.find_group_by_id(id)? {
            self.record_group_created(&created)?;
        }
        self.withhold_key(EntityKind::Group, id, &group.name, &group.key)?;
        self.resolve_pending_group(id, &group.name, &group.key)?;
        Ok(id)
    }

    /// Stores the fields of a group. Returns false if nothing differs.
    ///
    /// # Errors
    /// `Invalid` when the properties are too large.
    pub fn update_group(&self, before: &Group, group: &Group) -> Result<bool> {
        if before == group {
            return Ok(false);
        }
        self.execute(
            "update groups set label = :label, label_key = :label_key, description = :description,
                 external_id = :external_id, attributes = :attributes, updated_at = :now, version = version + 1
             where id = :id",
            named_params! {
                ":id": group.id,
                ":label": group.label,
                ":label_key": search_key(group.label.as_deref()),
                ":description": group.description,
                ":external_id": group.external_id,
                ":attributes": attributes_text(&group.attributes)?,
                ":now": now(),
            },
        )?;
        self.record_group_updated(before, group)?;
        Ok(true)
    }

    /// Deletes a group with all memberships that it is part of.
    pub fn delete_group(&self, group_id: i64) -> Result<()> {
        if let Some(group) = self.find_group_by_id(group_id)? {
            self.record_group_deleted(&group)?;
        }
        self.touch_groups_beside(group_id)?;
        self.execute("delete from groups where id = ?1", [group_id])?;
        Ok(())
    }
}

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        label: row.get(3)?,
        description: row.get(4)?,
        attributes: attributes(EntityKind::Group, row.get_ref(5)?.as_str()?),
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        version: row.get(8)?,
        key: row.get(9)?,
        external_id: row.get(10)?,
    })
}
