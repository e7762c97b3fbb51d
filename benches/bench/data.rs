//! Databases for the bench: created by the product, filled in one transaction, verified through the product.

use crate::load::fetch;
use crate::people::{
    LARGE_GROUP, MIDDLE_GROUP, Population, Size, group_name, is_in_middle_group, names_of, random, user_name,
};
use crate::process::{Folder, Process};
use crate::requests::{Credentials, request};
use rollbook::model::fold_name;
use rusqlite::{Connection, OpenFlags, Transaction, named_params};
use serde_json::Value;
use std::fs::File;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The version of the schema that the fill is written for.
const SCHEMA_VERSION: i64 = 10;
/// All of its tables and columns. After a change of the schema, the fill has to be adapted, so that the bench measures rows as
/// the product writes them. The fill writes no audit log: the measured operations append to it and never read it.
const TABLES: [(&str, &str); 21] = [
    ("change_marks", "id at"),
    ("changes", "id at caller_kind caller dialect action name before after"),
    ("counters", "name value"),
    (
        "credentials",
        "id uuid kind name digest role user_id application device device_description permission seed created_at \
         last_used_at revoked_at",
    ),
    ("dangling_members", "kind name_key group_id name seq"),
    ("entry_names", "name user_id group_id"),
    (
        "groups",
        "id uuid name name_key label label_key description attributes created_at updated_at version external_id",
    ),
    ("import_parts", "digest phase row result"),
    ("imports", "digest line at"),
    ("memberships", "group_id user_id seq written"),
    ("passwords", "user_id number imported slow_kind"),
    ("scim_emails", "email_key user_id"),
    ("scim_members", "group_id member display unknown"),
    ("scim_users", "user_id document"),
    ("search_changed", "user_id change"),
    ("search_grams", "segment gram users"),
    ("search_segments", "id level base last complete"),
    ("subgroups", "parent_id child_id seq child_written parent_written"),
    (
        "users",
        "id uuid username username_key first_name last_name display_name email company title first_key last_key \
         email_key access_role disabled verified password_hash external_id attributes created_at updated_at version phone",
    ),
    ("withheld_group_keys", "group_id key"),
    ("withheld_user_keys", "user_id key"),
];

/// A filled database, which is copied for each server.
pub struct Data {
    folder: Folder,
    /// Users, not counting the administrator.
    pub users: u64,
    /// Groups, not counting the built-in ones, the large one and the one of 2,000.
    pub groups: u64,
    /// Memberships, not counting the administrator's.
    pub memberships: u64,
}

impl Data {
    /// A directory with only the initial administrator.
    pub fn empty() -> Data {
        Data { folder: Process::rollbook(Folder::new()).stop(), users: 0, groups: 0, memberships: 0 }
    }

    /// A directory of that size.
    pub fn new(size: Size) -> Data {
        let start = Instant::now();
        let mut data = Data::empty();
        (data.users, data.groups) = (size.users, (size.users / 100).max(1));
        data.fill(size).unwrap_or_else(|error| panic!("the database cannot be filled: {error}"));
        data = data.verified();
        println!(
            "      created a directory of {} users, {} groups, {} memberships in {:.1} s",
            data.users,
            data.groups + 2,
            data.memberships,
            start.elapsed().as_secs_f64()
        );
        data
    }

    /// The users and groups that requests choose from.
    pub fn population(&self) -> Population {
        Population { users: self.users, groups: self.groups }
    }

    /// The folder itself, for a directory that is too large to copy.
    pub fn into_folder(self) -> Folder {
        self.folder
    }

    /// A folder with a copy of the database.
    pub fn copy(&self) -> Folder {
        self.folder.copy()
    }

    /// A copy without the index for searches, as after an upgrade.
    pub fn without_index(&self) -> Folder {
        let folder = self.copy();
        let remove = || {
            let sql = "delete from search_grams; delete from search_segments; delete from search_changed;
                 delete from counters where name like 'search%'";
            Connection::open(folder.database())?.execute_batch(sql)
        };
        remove().unwrap_or_else(|error| panic!("the index cannot be removed: {error}"));
        folder
    }

    fn fill(&mut self, size: Size) -> rusqlite::Result<()> {
        let mut connection = Connection::open(self.folder.database())?;
        check_schema(&connection)?;
        connection.execute_batch(
            "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -1000000;
             pragma temp_store = memory;",
        )?;
        let transaction = connection.transaction()?;
        // Building an index at once is faster than updating it row by row.
        let indexes: Vec<(String, String)> = transaction
            .prepare("select name, sql from sqlite_schema where type = 'index' and sql is not null")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (name, _) in &indexes {
            transaction.execute_batch(&format!("drop index {name}"))?;
        }
        let memberships = self.memberships(size);
        self.memberships = memberships.len() as u64;
        self.insert(&transaction, memberships)?;
        for (_, sql) in &indexes {
            transaction.execute_batch(sql)?;
        }
        transaction.commit()?;
        connection.execute_batch("pragma journal_mode = wal")?;
        connection.close().map_err(|(_, error)| error)?;
        File::open(self.folder.database()).and_then(|file| file.sync_all()).expect("a database on the disk");
        Ok(())
    }

    /// Index of the group and index of the user, in the order of joining. The large group and the one of 2,000 have the
    /// last indexes.
    fn memberships(&self, size: Size) -> Vec<(u64, u64)> {
        let mut memberships = Vec::new();
        for user in 0..self.users {
            let first = memberships.len();
            for number in 0..random(user, 3) % (size.groups_each + 1) {
                let group = random(user, 100 + number) % self.groups;
                if !memberships[first..].contains(&(group, user)) {
                    memberships.push((group, user));
                }
            }
            if user % 10 == 0 {
                memberships.push((self.groups, user));
            }
            if is_in_middle_group(user, self.users) {
                memberships.push((self.groups + 1, user));
            }
        }
        memberships
    }

    fn insert(&self, transaction: &Transaction<'_>, memberships: Vec<(u64, u64)>) -> rusqlite::Result<()> {
        let number = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, i64>(0));
        let first_user = 1 + number("select max(id) from users")?;
        let first_group = 1 + number("select max(id) from groups")?;
        let first_seq = 1 + number("select value from counters where name = 'seq'")?;
        let count = memberships.len() as i64;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64);
        let mut users_in_group = vec![0_i64; self.groups as usize + 2];
        for (group, _) in &memberships {
            users_in_group[*group as usize] += 1;
        }
        self.insert_users(transaction, first_user, now)?;
        self.insert_groups(transaction, first_group, now, &users_in_group)?;
        let mut statement = transaction
            .prepare("insert into memberships (group_id, user_id, seq) values (:group_id, :user_id, :seq)")?;
        // Sorted in the order of the table, which makes the inserts faster.
        let mut ordered: Vec<_> = memberships.into_iter().zip(first_seq..).collect();
        ordered.sort_unstable();
        for ((group, user), seq) in ordered {
            statement.execute(named_params! {
                ":group_id": first_group + group as i64,
                ":user_id": first_user + user as i64,
                ":seq": seq,
            })?;
        }
        transaction.execute("update counters set value = value + ?1 where name = 'seq'", [count])?;
        Ok(())
    }

    fn insert_users(&self, transaction: &Transaction<'_>, first_user: i64, now: i64) -> rusqlite::Result<()> {
        let mut statement = transaction.prepare(
            "insert into users (id, uuid, username, username_key, first_name, last_name, email, company, title,
                 first_key, last_key, email_key, verified, password_hash, created_at, updated_at)
             values (:id, :uuid, :username, :username_key, :first_name, :last_name, :email, :company, :title,
                 :first_key, :last_key, :email_key, :verified, :password_hash, :now, :now)",
        )?;
        let sql = "select password_hash from users where username_key = 'administrator'";
        let password_hash: String = transaction.query_row(sql, [], |row| row.get(0))?;
        for index in 0..self.users {
            let (first, last) = names_of(index);
            let (username, email) = (user_name(index), format!("{first}.{last}.{index}@mail.example.com"));
            let (first, last) = (capitalized(first), capitalized(last));
            statement.execute(named_params! {
                ":id": first_user + index as i64,
                ":uuid": user_uuid(index),
                ":username": username,
                ":username_key": fold_name(&username),
                ":first_name": first,
                ":last_name": last,
                ":email": email,
                ":company": (index % 3 == 0).then_some("Example and Partners"),
                ":title": (index % 4 == 0).then_some("Engineer"),
                ":first_key": fold_name(&first),
                ":last_key": fold_name(&last),
                ":email_key": fold_name(&email),
                ":verified": index % 2 == 0,
                ":password_hash": password_hash,
                ":now": now,
            })?;
        }
        Ok(())
    }

    fn insert_groups(
        &self,
        transaction: &Transaction<'_>,
        first_group: i64,
        now: i64,
        users_in_group: &[i64],
    ) -> rusqlite::Result<()> {
        let mut statement = transaction.prepare(
            "insert into groups (id, uuid, name, name_key, label, label_key, created_at, updated_at, version)
             values (:id, :uuid, :name, :name_key, :label, :label_key, :now, :now, :version)",
        )?;
        let names = (0..self.groups).map(group_name).chain([LARGE_GROUP, MIDDLE_GROUP].map(str::to_owned));
        for (index, name) in (0_u64..).zip(names) {
            let label = format!("Label of {name}");
            statement.execute(named_params! {
                ":id": first_group + index as i64,
                ":uuid": uuid(5, index),
                ":name": name,
                ":name_key": fold_name(&name),
                ":label": label,
                ":label_key": fold_name(&label),
                ":now": now,
                ":version": 1 + users_in_group[index as usize],
            })?;
        }
        Ok(())
    }

    /// Verifies the filled rows by requests to the product.
    fn verified(self) -> Data {
        let Data { folder, users, groups, memberships } = self;
        let process = Process::rollbook(folder);
        let ask = |method: &str, path: &str, credentials: &Credentials, status: u16| -> Value {
            let body = fetch(process.address, &request(method, path, credentials), status)
                .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
            serde_json::from_slice(&body).unwrap_or_default()
        };
        let total = |path: &str| ask("GET", path, &Credentials::Basic, 200)["resultsCount"].as_u64();
        let last = users - 1;
        let (name, (first, second)) = (user_name(last), names_of(last));
        let shown = ask("GET", &format!("/api/v1/user/{name}"), &Credentials::Keys, 200);
        assert_eq!(shown["user"]["name"], format!("{} {}", capitalized(first), capitalized(second)));
        assert_eq!(shown["user"]["email"], format!("{first}.{second}.{last}@mail.example.com"));
        let user = format!("/nuxeo/api/v1/user/{name}");
        assert_eq!(ask("GET", &user, &Credentials::Basic, 200)["properties"]["company"].is_string(), last % 3 == 0);
        assert_eq!(total("/nuxeo/api/v1/user/search?q=*"), Some(users + 1));
        let begins = |index: &u64| [names_of(*index).0, names_of(*index).1].iter().any(|name| name.starts_with(first));
        let with_name = (0..users).filter(begins).count();
        assert_eq!(total(&format!("/nuxeo/api/v1/user/search?q={first}")), Some(with_name as u64));
        assert_eq!(total(&format!("/nuxeo/api/v1/group/{LARGE_GROUP}/@users")), Some(users.div_ceil(10)));
        assert_eq!(total("/nuxeo/api/v1/group/search?q=*"), Some(groups + 2 + 3));
        let groups_before = ask("GET", &user, &Credentials::Basic, 200)["properties"]["groups"].clone();
        for (method, status) in [("POST", 201), ("DELETE", 200)] {
            ask(method, &format!("{user}/group/powerusers"), &Credentials::Basic, status);
        }
        assert_eq!(ask("GET", &user, &Credentials::Basic, 200)["properties"]["groups"], groups_before);
        let folder = process.stop_when(is_indexed);
        Data { folder, users, groups, memberships }
    }
}

/// True when the server has indexed all users for searches, so that it does not do that in the copies.
pub fn is_indexed(database: &Path) -> bool {
    let indexed = || {
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql = "select (select value from counters where name = 'search_indexed_to') >= (select max(id) from users)
                 and not exists (select 1 from search_segments where not complete)
                 and not exists (select 1 from search_segments where complete group by level having count(*) >= 8)";
        connection.query_row(sql, [], |row| row.get::<_, Option<bool>>(0))
    };
    indexed().is_ok_and(|indexed| indexed == Some(true))
}

fn check_schema(connection: &Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.query_row("pragma user_version", [], |row| row.get(0))?;
    let tables: Vec<(String, String)> = connection
        .prepare(
            "select name, (select group_concat(name, ' ') from pragma_table_info(sqlite_schema.name))
             from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let known: Vec<(String, String)> = TABLES.map(|(name, columns)| (name.to_owned(), columns.to_owned())).into();
    assert_eq!((version, tables), (SCHEMA_VERSION, known), "the schema has changed: adapt benches/bench/data.rs");
    Ok(())
}

fn capitalized(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

/// The identifier of the user of that index.
pub fn user_uuid(index: u64) -> String {
    uuid(4, index)
}

/// The identifier of the large group.
pub fn large_group_uuid(population: Population) -> String {
    uuid(5, population.groups)
}

fn uuid(table: u64, index: u64) -> String {
    let bytes = (u128::from(random(table, index)) << 64) | u128::from(random(index, table + 10));
    uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid().to_string()
}
