//! Rows of `users`.

use super::filter_sql::{FilterSql, FilteredTable, is_administrator};
use super::hierarchy::administrator_groups;
use super::search_index::have_other_texts;
use crate::model::{
    BaseRole, EntityKind, Filter, ListedUser, NewPassword, Result, TextField, User, UserSummary, Window, new_uuid, now,
};
use crate::store::read_cache::DocumentVersion;
use crate::store::row_changes::RowChange;
use crate::store::sql::{ReadTx, WriteTx, failure};
use crate::store::tables::columns::{attributes, attributes_text, count, search_key};
use rusqlite::{Row, ToSql, params};
use std::sync::LazyLock;

/// The columns of a user that are not text fields, in the order in which `user` reads them.
const FIXED_COLUMNS: [&str; 12] = [
    "id",
    "uuid",
    "username",
    "access_role",
    "disabled",
    "verified",
    "attributes",
    "external_id",
    "created_at",
    "updated_at",
    "version",
    "username_key",
];
/// Number of columns: further columns of a query follow them.
const COLUMNS: usize = FIXED_COLUMNS.len() + TextField::ALL.len();

/// The columns of a user, separated by commas: the fixed ones, then the text fields.
pub(super) static COLUMN_LIST: LazyLock<String> = LazyLock::new(|| {
    let columns = FIXED_COLUMNS.into_iter().chain(TextField::ALL.map(TextField::name));
    columns.map(|column| format!("users.{column}")).collect::<Vec<_>>().join(", ")
});

static BY_NAME: LazyLock<String> =
    LazyLock::new(|| format!("select {} from users where username_key = ?1", *COLUMN_LIST));
static BY_ID: LazyLock<String> = LazyLock::new(|| format!("select {} from users where id = ?1", *COLUMN_LIST));

/// Takes 13 parameters and then the text fields. By number: SQLite looks up each name among all of them.
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let (texts, values) = text_parameters(14);
    format!(
        "insert into users (uuid, username, username_key, first_key, last_key, email_key, access_role, disabled,
             verified, password_hash, external_id, attributes, created_at, updated_at, {})
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, {})",
        texts.join(", "),
        values.join(", ")
    )
});

/// Takes 10 parameters and then the text fields.
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let (texts, values) = text_parameters(11);
    let texts: Vec<_> = texts.iter().zip(&values).map(|(column, value)| format!("{column} = {value}")).collect();
    format!(
        "update users set first_key = ?2, last_key = ?3, email_key = ?4, access_role = ?5, disabled = ?6,
             verified = ?7, external_id = ?8, attributes = ?9, updated_at = ?10, {}, version = version + 1
         where id = ?1",
        texts.join(", ")
    )
});

/// The columns of the text fields, and their parameters from that number on.
fn text_parameters(first: usize) -> (Vec<&'static str>, Vec<String>) {
    let number = |index: usize| format!("?{}", first + index);
    (TextField::ALL.map(TextField::name).to_vec(), (0..TextField::ALL.len()).map(number).collect())
}

impl ReadTx<'_> {
    /// The user of that name, whatever the spelling.
    pub fn find_user(&self, username: &str) -> Result<Option<User>> {
        self.by_name(&BY_NAME, username, user)
    }

    /// The user of that row id.
    pub fn find_user_by_id(&self, id: i64) -> Result<Option<User>> {
        self.first(&BY_ID, [id], user)
    }

    /// The version of documents about users that are read now; `None` inside of a write.
    pub fn document_version(&self) -> Result<Option<DocumentVersion>> {
        let Some(memory) = &self.memory else { return Ok(None) };
        Ok(Some(memory.document_version(self.point_of(memory)?)))
    }

    /// True if the document of that version shows the user, the user's groups, and those above them, as they are now.
    pub fn is_current_document(&self, user_id: i64, version: &DocumentVersion) -> Result<bool> {
        let Some(memory) = &self.memory else { return Ok(false) };
        Ok(memory.is_current(user_id, version, self.point_of(memory)?))
    }

    /// Like [`ReadTx::is_current_document`], for documents of these users that have the same version.
    pub fn are_current_documents(&self, user_ids: &[i64], version: &DocumentVersion) -> Result<bool> {
        let Some(memory) = &self.memory else { return Ok(false) };
        Ok(memory.are_current(user_ids, version, self.point_of(memory)?))
    }

    /// Visits a window of the users after that key in the order of names: row id, key, and the fields for a list.
    /// Returns the number of visited users.
    pub fn visit_users_after(
        &self,
        filter: &Filter,
        after: &str,
        window: Window,
        mut visit: impl FnMut(i64, &str, ListedUser<'_>) -> Result<()>,
    ) -> Result<u64> {
        let filter = FilterSql::of(FilteredTable::Users, filter);
        let sql = format!(
            "{} select id, username_key, username, first_name, last_name, display_name, email, title, access_role,
                 disabled, verified
             from users where username_key > :after and {} order by username_key limit :limit offset :offset",
            filter.with_clause(),
            filter.condition
        );
        let (limit, offset) = (count(window.limit), count(window.offset));
        let parameters = filter.parameters(&[(":after", &after), (":limit", &limit), (":offset", &offset)]);
        let mut statement = self.connection.prepare_cached(&sql).map_err(failure)?;
        let mut rows = statement.query(parameters.as_slice()).map_err(failure)?;
        let mut shown = 0;
        while let Some(row) = rows.next().map_err(failure)? {
            let (id, key, user) = listed_user(row).map_err(failure)?;
            visit(id, key, user)?;
            shown += 1;
        }
        Ok(shown)
    }

    /// At most `limit` users after that key in the order of names.
    /// It reads all rows after the key until there are enough.
    pub(super) fn scan_users_after(&self, filter: &Filter, after: &str, limit: u64) -> Result<Vec<UserSummary>> {
        let filter = FilterSql::of(FilteredTable::Users, filter);
        let sql = format!(
            "{} select {}, {} from users where username_key > :after and {}
             order by username_key limit :limit",
            administrator_groups!(),
            *COLUMN_LIST,
            is_administrator!(),
            filter.condition
        );
        let limit = count(limit);
        let parameters = filter.parameters(&[(":after", &after), (":limit", &limit)]);
        self.all(&sql, parameters.as_slice(), account)
    }
}

impl WriteTx<'_> {
    /// Stores a new user and the password. Returns the user with its row id and times, and true if pending members with
    /// its name became memberships.
    ///
    /// # Errors
    /// `Exists` when another user has the key; `Invalid` when the properties are too large.
    pub fn insert_user(&self, user: User, password: Option<&NewPassword>) -> Result<(User, bool)> {
        let (uuid, now) = (new_uuid(), now());
        let search_keys = search_keys(&user);
        let (role, attributes) = (role(user.access_role), attributes_text(&user.attributes)?);
        let hash = password.map(|password| &password.hash);
        let fixed: [&dyn ToSql; 13] = [
            &uuid,
            &user.username,
            &user.key,
            &search_keys[0],
            &search_keys[1],
            &search_keys[2],
            &role,
            &user.disabled,
            &user.verified,
            &hash,
            &user.external_id,
            &attributes,
            &now,
        ];
        let parameters = [&fixed[..], &texts(&user)].concat();
        self.insert_named((EntityKind::User, &user.username), &INSERT, parameters.as_slice())?;
        let user = User {
            id: self.connection.last_insert_rowid(),
            uuid,
            created_at: now,
            updated_at: now,
            version: 1,
            ..user
        };
        if let Some(password) = password {
            self.insert_password(user.id, password)?;
        }
        if let Some(document) = &user.scim {
            self.replace_scim_document(user.id, Some(document))?;
        }
        self.record_user_created(&user, password.is_some())?;
        self.note_row_change(RowChange::Identity { user_id: user.id, keys: vec![user.key.clone()] });
        self.withhold_key(EntityKind::User, user.id, &user.username, &user.key)?;
        let waited = self.resolve_pending_user(user.id, &user.username, &user.key)?;
        Ok((user, waited))
    }

    /// Stores the fields of a user. Returns false if nothing differs.
    ///
    /// # Errors
    /// `Invalid` when the properties are too large.
    pub fn update_user(&self, before: &User, user: &User) -> Result<bool> {
        if before == user {
            return Ok(false);
        }
        if user.disabled && !before.disabled {
            self.end_logins(user.id)?;
        }
        let search_keys = search_keys(user);
        let (role, attributes, now) = (role(user.access_role), attributes_text(&user.attributes)?, now());
        let fixed: [&dyn ToSql; 10] = [
            &user.id,
            &search_keys[0],
            &search_keys[1],
            &search_keys[2],
            &role,
            &user.disabled,
            &user.verified,
            &user.external_id,
            &attributes,
            &now,
        ];
        self.execute(&UPDATE, [&fixed[..], &texts(user)].concat().as_slice())?;
        if before.scim != user.scim {
            self.replace_scim_document(user.id, user.scim.as_deref())?;
        }
        self.record_user_updated(before, user)?;
        if have_other_texts(before, user) {
            self.note_changed_texts(user.id)?;
        }
        self.note_row_change(RowChange::Fields { user_id: user.id });
        Ok(true)
    }

    /// Stores that the user has logged in. Returns false if that is stored.
    pub fn verify_user(&self, user_id: i64) -> Result<bool> {
        let changed = self.execute(
            "update users set verified = 1, updated_at = ?2, version = version + 1 where id = ?1 and verified = 0",
            params![user_id, now()],
        )?;
        if changed > 0 {
            self.record_user_verified(&self.username_of(user_id)?)?;
            self.note_row_change(RowChange::Fields { user_id });
        }
        Ok(changed > 0)
    }

    /// Gives a user another login, under a key that no other row has. Memberships, tokens and the password stay. Groups
    /// that list the new login get the user as a member.
    pub fn rename_user(&self, before: &User, username: &str, key: &str) -> Result<()> {
        self.execute(
            "update users set username = ?2, username_key = ?3, updated_at = ?4, version = version + 1 where id = ?1",
            params![before.id, username, key, now()],
        )?;
        self.execute("delete from withheld_user_keys where user_id = ?1", [before.id])?;
        // A group's list shows the new login, not a spelling of the old one.
        self.execute("update memberships set written = null where user_id = ?1 and written is not null", [before.id])?;
        self.execute("update credentials set name = ?2 where user_id = ?1", params![before.id, username])?;
        self.record_user_renamed(before, username)?;
        self.note_changed_texts(before.id)?;
        self.note_row_change(RowChange::Identity {
            user_id: before.id,
            keys: vec![before.key.clone(), key.to_owned()],
        });
        self.resolve_pending_rename(before.id, username, key)?;
        self.touch_groups_of(before.id)
    }

    /// Deletes a user with memberships and tokens.
    pub fn delete_user(&self, user_id: i64) -> Result<()> {
        if let Some(user) = self.find_user_by_id(user_id)? {
            let user = self.with_scim_document(user)?;
            self.record_user_deleted(&user)?;
            self.note_row_change(RowChange::Identity { user_id, keys: vec![user.key] });
        }
        self.touch_groups_of(user_id)?;
        self.execute("delete from users where id = ?1", [user_id])?;
        Ok(())
    }
}

/// The text fields as parameters.
fn texts(user: &User) -> [&dyn ToSql; TextField::ALL.len()] {
    TextField::ALL.map(|field| field.of(user) as &dyn ToSql)
}

/// The folded texts that prefix search compares.
fn search_keys(user: &User) -> [Option<String>; 3] {
    [&user.first_name, &user.last_name, &user.email].map(|text| search_key(text.as_deref()))
}

pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let mut user = User {
        id: row.get(0)?,
        uuid: row.get(1)?,
        username: row.get(2)?,
        access_role: stored_role(row.get_ref(3)?.as_str()?),
        disabled: row.get(4)?,
        verified: row.get(5)?,
        attributes: attributes(EntityKind::User, row.get_ref(6)?.as_str()?),
        external_id: row.get(7)?,
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
        version: row.get(10)?,
        key: row.get(11)?,
        ..User::default()
    };
    for (index, field) in TextField::ALL.into_iter().enumerate() {
        *field.of_mut(&mut user) = row.get(FIXED_COLUMNS.len() + index)?;
    }
    Ok(user)
}

fn listed_user<'r>(row: &'r Row<'_>) -> rusqlite::Result<(i64, &'r str, ListedUser<'r>)> {
    let text = |column: usize| -> rusqlite::Result<Option<&'r str>> { Ok(row.get_ref(column)?.as_str_or_null()?) };
    let user = ListedUser {
        username: row.get_ref(2)?.as_str()?,
        key: row.get_ref(1)?.as_str()?,
        first_name: text(3)?,
        last_name: text(4)?,
        display_name: text(5)?,
        email: text(6)?,
        title: text(7)?,
        access_role: stored_role(row.get_ref(8)?.as_str()?),
        disabled: row.get(9)?,
        verified: row.get(10)?,
    };
    Ok((row.get(0)?, row.get_ref(1)?.as_str()?, user))
}

fn account(row: &Row<'_>) -> rusqlite::Result<UserSummary> {
    Ok(UserSummary { user: user(row)?, administrator: row.get(COLUMNS)? })
}

fn stored_role(word: &str) -> BaseRole {
    if word == "ro" { BaseRole::ReadOnly } else { BaseRole::Standard }
}

fn role(role: BaseRole) -> &'static str {
    match role {
        BaseRole::Standard => "st",
        BaseRole::ReadOnly => "ro",
    }
}
