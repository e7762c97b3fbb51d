//! The product's look-ups and writes as plain SQL and plain JSON on one connection, with the same documents.

/// The columns that a document needs.
macro_rules! columns {
    () => {
        "users.id, username, first_name, last_name, display_name, email, company, title, access_role, disabled, verified"
    };
}

mod lists;

use md5::{Digest as _, Md5};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Result, Row, named_params, params};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Operations of the directory on a connection.
pub struct Plain<'c>(pub &'c Connection);

/// A user to create, in Datadog's JSON.
#[derive(Deserialize)]
pub struct NewUser {
    handle: String,
    name: Option<String>,
}

/// A user and a group.
pub struct Member<'p> {
    pub user: &'p str,
    pub group: &'p str,
}

/// Opens the database for reading, like one of the product's read connections.
pub fn open_to_read(database: &Path) -> Connection {
    let connection = open(database).expect("the database opens");
    connection
        .execute_batch("pragma query_only = on; pragma temp_store = memory; pragma cache_size = -8192")
        .expect("the database takes its settings");
    connection
}

/// Opens the database for writing, like the product's writer; `synchronous` is SQLite's setting.
pub fn open_to_write(database: &Path, synchronous: &str) -> Connection {
    let connection = open(database).expect("the database opens");
    connection
        .execute_batch(&format!(
            "pragma journal_mode = wal; pragma synchronous = {synchronous}; pragma foreign_keys = on;
             pragma temp_store = memory; pragma cache_size = -16384; pragma wal_autocheckpoint = 4000;"
        ))
        .expect("the database takes its settings");
    connection
}

fn open(database: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    // A statement whose plan could depend on a parameter's value would be prepared again after each reset of its
    // parameters, which costs several times what running it does.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

impl Plain<'_> {
    /// The document at one of the two paths of `GET user`; `None` when there is no such user.
    pub fn look_up(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.run("begin deferred")?;
        let document = if let Some(name) = path.strip_prefix("/api/v1/user/") {
            self.find(name)?.map(|user| self.datadog(&user)).transpose()
        } else {
            let name = path.strip_prefix("/nuxeo/api/v1/user/").unwrap_or_default();
            self.find(name)?.map(|user| self.nuxeo(&user)).transpose()
        };
        self.run("commit")?;
        document
    }

    /// Writes all users in one pass over the table and calls `sink` with each chunk. Returns the number of users.
    pub fn scan(&self, mut sink: impl FnMut(&[u8])) -> Result<u64> {
        let administrators: HashSet<i64> = self
            .0
            .prepare(
                "with recursive administrators (id) as (
                     select id from groups where name_key = 'administrators'
                     union select child_id from subgroups join administrators on parent_id = administrators.id)
                 select user_id from memberships join administrators on group_id = administrators.id",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_>>()?;
        let mut statement = self.0.prepare(concat!("select ", columns!(), " from users"))?;
        let mut rows = statement.query([])?;
        let (mut count, mut out) = (0, Vec::with_capacity(128 * 1024));
        while let Some(row) = rows.next()? {
            out.push(b',');
            let user = user(row)?;
            let shown = DatadogUser::new(&user, administrators.contains(&user.id), None);
            serde_json::to_writer(&mut out, &shown).expect("documents serialise");
            count += 1;
            if out.len() > 64 * 1024 {
                sink(&out);
                out.clear();
            }
        }
        sink(&out);
        Ok(count)
    }

    /// Creates a user, in a transaction of its own unless there is one; returns the identifier.
    pub fn create(&self, new: &NewUser) -> Result<String> {
        let uuid = uuid::Uuid::now_v7().to_string();
        let mut statement = self.0.prepare_cached(
            "insert into users (uuid, username, username_key, first_name, last_name, display_name, email, company,
                 title, first_key, last_key, email_key, access_role, disabled, verified, password_hash, attributes,
                 created_at, updated_at)
             values (:uuid, :username, :username_key, null, null, :display_name, null, null, null, null, null, null,
                 'st', 0, 0, null, '{}', :now, :now)",
        )?;
        statement.execute(named_params! {
            ":uuid": uuid,
            ":username": new.handle,
            ":username_key": new.handle.to_ascii_lowercase(),
            ":display_name": new.name,
            ":now": now(),
        })?;
        Ok(uuid)
    }

    /// Adds a user to a group in a transaction of its own. Returns the document of the user.
    pub fn add(&self, member: &Member<'_>) -> Result<Vec<u8>> {
        self.run("begin immediate")?;
        let (user, group) = self.resolve_membership(member)?;
        let mut seq =
            self.0.prepare_cached("update counters set value = value + 1 where name = 'seq' returning value")?;
        let seq: i64 = seq.query_row([], |row| row.get(0))?;
        let mut insert = self.0.prepare_cached(
            "insert into memberships (group_id, user_id, seq) values (?1, ?2, ?3) on conflict do nothing",
        )?;
        if insert.execute([group, user.id, seq])? > 0 {
            self.touch(group)?;
        }
        let document = self.nuxeo(&user)?;
        self.run("commit")?;
        Ok(document)
    }

    /// Removes a membership in a transaction of its own.
    pub fn remove(&self, member: &Member<'_>) -> Result<()> {
        self.run("begin immediate")?;
        let (user, group) = self.resolve_membership(member)?;
        let mut delete = self.0.prepare_cached("delete from memberships where group_id = ?1 and user_id = ?2")?;
        if delete.execute([group, user.id])? > 0 {
            self.touch(group)?;
        }
        self.run("commit")
    }

    /// Sets the order of the pending members of a group, in one transaction.
    pub fn arrange(&self, group: &str, names: &[String]) -> Result<()> {
        self.run("begin immediate")?;
        let mut find = self.0.prepare_cached("select id from groups where name_key = ?1")?;
        let group: i64 = find.query_row([group], |row| row.get(0))?;
        let sql = "update counters set value = value + ?1 where name = 'seq' returning value";
        let last: i64 = self.0.prepare_cached(sql)?.query_row([names.len() as i64], |row| row.get(0))?;
        let mut update = self.0.prepare_cached(
            "update dangling_members set seq = ?3 where kind = 'user' and name_key = ?1 and group_id = ?2",
        )?;
        for (name, seq) in names.iter().zip(last - names.len() as i64 + 1..) {
            assert_eq!(update.execute(params![name, group, seq])?, 1, "{name} is in the list");
        }
        self.touch(group)?;
        self.run("commit")
    }

    /// Adds groups to a group, with audit records, in one transaction.
    pub fn add_groups(&self, group: &str, names: &[String]) -> Result<()> {
        self.run("begin immediate")?;
        let mut find = self.0.prepare_cached("select id from groups where name_key = ?1")?;
        let parent: i64 = find.query_row([group], |row| row.get(0))?;
        let sql = "insert into subgroups (parent_id, child_id, seq) values (?1, ?2, ?3)";
        let mut insert = self.0.prepare_cached(sql)?;
        for (name, seq) in names.iter().zip(1..) {
            let child: i64 = find.query_row([name], |row| row.get(0))?;
            insert.execute([parent, child, seq])?;
            self.touch(child)?;
            self.record("subgroup.added", name, &format!(r#"{{"group":"{group}","subgroup":"{name}"}}"#))?;
        }
        self.touch(parent)?;
        self.run("commit")
    }

    /// Removes all groups from a group.
    pub fn remove_groups(&self, group: &str) -> Result<()> {
        let sql = "delete from subgroups where parent_id = (select id from groups where name_key = ?1)";
        self.0.prepare_cached(sql)?.execute([group]).map(drop)
    }

    /// Creates users, with audit records, in one transaction.
    pub fn create_all(&self, names: &[String]) -> Result<()> {
        self.run("begin immediate")?;
        for name in names {
            let uuid = self.create(&NewUser { handle: name.clone(), name: None })?;
            self.record("user.created", name, &format!(r#"{{"uuid":"{uuid}"}}"#))?;
        }
        self.run("commit")
    }

    fn record(&self, action: &str, name: &str, after: &str) -> Result<()> {
        let mut insert = self.0.prepare_cached(
            "insert into changes (at, caller_kind, caller, dialect, action, name, after)
             values (?1, 'key', 'bench', 'bench', ?2, ?3, ?4)",
        )?;
        insert.execute(params![now(), action, name, after]).map(drop)
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.0.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn find(&self, name: &str) -> Result<Option<User>> {
        let sql = concat!("select ", columns!(), " from users where username_key = ?1");
        self.0.prepare_cached(sql)?.query_row([name.to_ascii_lowercase()], user).optional()
    }

    fn resolve_membership(&self, member: &Member<'_>) -> Result<(User, i64)> {
        let user = self.find(member.user)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let mut group = self.0.prepare_cached("select id from groups where name_key = ?1")?;
        Ok((user, group.query_row([member.group.to_ascii_lowercase()], |row| row.get(0))?))
    }

    fn touch(&self, group: i64) -> Result<()> {
        let sql = "update groups set version = version + 1, updated_at = ?2 where id = ?1";
        self.0.prepare_cached(sql)?.execute([group, now()]).map(drop)
    }

    fn datadog(&self, user: &User) -> Result<Vec<u8>> {
        let mut administrator = self.0.prepare_cached(
            "with recursive up (id) as (
                 select group_id from memberships where user_id = ?1
                 union select parent_id from subgroups join up on child_id = up.id)
             select 1 from up join groups on groups.id = up.id where name_key = 'administrators'",
        )?;
        let administrator = administrator.exists([user.id])?;
        Ok(document(&Envelope { user: DatadogUser::new(user, administrator, Some([])) }))
    }

    fn nuxeo(&self, user: &User) -> Result<Vec<u8>> {
        let mut direct = self.0.prepare_cached(
            "select name, label from memberships join groups on groups.id = group_id where user_id = ?1 order by seq",
        )?;
        let direct: Vec<Group> = direct.query_map([user.id], group)?.collect::<Result<_>>()?;
        let mut above = self.0.prepare_cached(
            "with recursive up (id) as (
                 select parent_id from memberships join subgroups on child_id = group_id where user_id = ?1
                 union select parent_id from subgroups join up on child_id = up.id)
             select name, label from up join groups on groups.id = up.id
             where groups.id not in (select group_id from memberships where user_id = ?1)",
        )?;
        let above: Vec<Group> = above.query_map([user.id], group)?.collect::<Result<_>>()?;
        Ok(document(&NuxeoUser::new(user, &direct, &above)))
    }
}

impl NewUser {
    /// Parses a body.
    pub fn parse(body: &[u8]) -> serde_json::Result<NewUser> {
        serde_json::from_slice(body)
    }

    /// The document of the user that has been created.
    pub fn document(&self) -> Vec<u8> {
        let user = User {
            username: self.handle.clone(),
            display_name: self.name.clone(),
            access_role: "st".to_owned(),
            ..User::default()
        };
        document(&Envelope { user: DatadogUser::new(&user, false, None) })
    }
}

#[derive(Default)]
struct User {
    id: i64,
    username: String,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    company: Option<String>,
    title: Option<String>,
    access_role: String,
    disabled: bool,
    verified: bool,
}

fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        first_name: row.get(2)?,
        last_name: row.get(3)?,
        display_name: row.get(4)?,
        email: row.get(5)?,
        company: row.get(6)?,
        title: row.get(7)?,
        access_role: row.get(8)?,
        disabled: row.get(9)?,
        verified: row.get(10)?,
    })
}

struct Group {
    name: String,
    label: Option<String>,
}

fn group(row: &Row<'_>) -> Result<Group> {
    Ok(Group { name: row.get(0)?, label: row.get(1)? })
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64)
}

fn document(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("documents serialise")
}

#[derive(Serialize)]
struct Envelope<'u> {
    user: DatadogUser<'u>,
}

#[derive(Serialize)]
struct DatadogUser<'u> {
    disabled: bool,
    handle: String,
    name: Option<String>,
    title: Option<&'u str>,
    is_admin: bool,
    role: Option<&'u str>,
    access_role: &'u str,
    verified: bool,
    email: String,
    icon: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<[(); 0]>,
}

impl<'u> DatadogUser<'u> {
    fn new(user: &'u User, administrator: bool, roles: Option<[(); 0]>) -> DatadogUser<'u> {
        let handle = user.username.to_lowercase();
        let email = user.email.as_ref().map_or_else(|| handle.clone(), |email| email.to_lowercase());
        let part = |name: &'u Option<String>| name.as_deref().filter(|name| !name.is_empty());
        let name = match (part(&user.display_name), part(&user.first_name), part(&user.last_name)) {
            (None, Some(first), Some(last)) => Some(format!("{first} {last}")),
            (display, first, last) => display.or(first).or(last).map(str::to_owned),
        };
        DatadogUser {
            disabled: user.disabled,
            name,
            title: user.title.as_deref(),
            is_admin: administrator,
            role: user.title.as_deref(),
            access_role: if administrator { "adm" } else { &user.access_role },
            verified: user.verified,
            icon: icon(&email),
            email,
            handle,
            roles,
        }
    }
}

fn icon(email: &str) -> String {
    let mut icon = String::with_capacity(80);
    icon.push_str("https://secure.gravatar.com/avatar/");
    for byte in Md5::digest(email) {
        for digit in [byte >> 4, byte & 15] {
            icon.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    icon.push_str("?s=48&d=retro");
    icon
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NuxeoUser<'u> {
    #[serde(rename = "entity-type")]
    entity_type: &'static str,
    id: &'u str,
    name: &'u str,
    properties: Properties<'u>,
    extended_groups: Vec<NuxeoGroup<'u>>,
    is_administrator: bool,
    is_anonymous: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'u> {
    username: &'u str,
    first_name: Option<&'u str>,
    last_name: Option<&'u str>,
    email: Option<&'u str>,
    company: Option<&'u str>,
    tenant_id: (),
    groups: Vec<&'u str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'u str>,
}

#[derive(Serialize)]
struct NuxeoGroup<'u> {
    name: &'u str,
    label: &'u str,
    url: String,
}

impl<'u> NuxeoUser<'u> {
    fn new(user: &'u User, direct: &'u [Group], above: &'u [Group]) -> NuxeoUser<'u> {
        let all = || direct.iter().chain(above);
        let shown = |group: &'u Group| NuxeoGroup {
            name: &group.name,
            label: group.label.as_deref().unwrap_or(&group.name),
            url: format!("group/{}", group.name),
        };
        NuxeoUser {
            entity_type: "user",
            id: &user.username,
            name: &user.username,
            properties: Properties {
                username: &user.username,
                first_name: user.first_name.as_deref(),
                last_name: user.last_name.as_deref(),
                email: user.email.as_deref(),
                company: user.company.as_deref(),
                tenant_id: (),
                groups: direct.iter().map(|group| group.name.as_str()).collect(),
                title: user.title.as_deref(),
            },
            extended_groups: all().map(shown).collect(),
            is_administrator: all().any(|group| group.name == "administrators"),
            is_anonymous: false,
        }
    }
}
