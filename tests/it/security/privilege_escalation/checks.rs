//! Compares what a call has changed with what its caller may change.

use super::simulation::{ACTORS, Simulation, Snapshot, entity};
use crate::support::database::{BELOW_ADMINISTRATORS, State};
use crate::support::nuxeo::escaped;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The changes that a step may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// All changes except of administrator rights.
    PowerUser,
    /// New users, and changes of disabled ones except of their credentials.
    Creator,
    /// New tokens of the caller.
    Nothing,
}

impl Simulation {
    /// The administrators.
    fn administrators(&self) -> BTreeSet<String> {
        self.administrators_by("username_key")
    }

    fn administrators_by(&self, column: &str) -> BTreeSet<String> {
        let sql = format!(
            "select {column} from users where id in
             (select user_id from memberships where group_id in ({BELOW_ADMINISTRATORS}))"
        );
        self.state.texts(&sql).into_iter().collect()
    }

    /// All rows that give administrator rights, and all rows of administrators.
    fn protected(&self) -> Vec<String> {
        let users = format!("select user_id from memberships where group_id in ({BELOW_ADMINISTRATORS})");
        [
            format!("select * from users where id in ({users}) order by id"),
            format!(
                "select id, uuid, name, label, description, attributes from groups
                 where id in ({BELOW_ADMINISTRATORS}) order by id"
            ),
            format!("select * from memberships where group_id in ({BELOW_ADMINISTRATORS}) order by 1, 2"),
            format!(
                "select parent_id, child_id from subgroups where parent_id in ({BELOW_ADMINISTRATORS}) order by 1, 2"
            ),
            format!(
                "select * from dangling_members where kind <> 'parent' and group_id in ({BELOW_ADMINISTRATORS})
                 order by 1, 2, 3"
            ),
            // Pending members of a group that does not exist yet.
            "select * from dangling_members where kind = 'parent' order by 1, 2, 3".to_owned(),
            format!(
                "select id, kind, digest, role, user_id, revoked_at from credentials
                 where kind <> 'token' or user_id in ({users}) order by id"
            ),
        ]
        .iter()
        .flat_map(|sql| self.state.rows(sql))
        .collect()
    }

    /// Makes a call of another caller than the administrator, and compares its changes with the allowed ones.
    pub fn attempt(&mut self, allowed: Allowed, call: impl FnOnce(&mut Simulation)) {
        self.read_database();
        call(self);
        if self.state.version() == self.snapshot.version {
            return;
        }
        let before = std::mem::take(&mut self.snapshot);
        // A pending parent may be removed, but not added.
        let after = self.protected();
        let parent = |row: &&String| row.starts_with("kind: \"parent\"") && !after.contains(row);
        let kept: Vec<&String> = before.protected.iter().filter(|row| !parent(row)).collect();
        assert_eq!(after.iter().collect::<Vec<_>>(), kept, "{}", self.last_calls());
        if allowed == Allowed::PowerUser {
            return;
        }
        let (watched, now) = (before.whole, self.state.whole());
        let differences = State::differences(&watched, &now);
        let own = format!("user_id: {},", self.ids["fry"]);
        // The audit log records the caller of each change; other tests check its content.
        for row in differences.iter().filter(|row| !row.starts_with("+ changes")) {
            let fine = match allowed {
                Allowed::PowerUser => unreachable!("returned above"),
                Allowed::Nothing => row.starts_with("+ credentials") && row.contains(&own),
                Allowed::Creator => {
                    let came = ["+ users", "+ memberships", "+ subgroups"].iter().any(|start| row.starts_with(start));
                    // A disabled user's name; a pending member; counters.
                    came || (row.starts_with("- users") && row.contains("disabled: 1"))
                        || ["- dangling_members", "- counters", "+ counters", "- groups", "+ groups"]
                            .iter()
                            .any(|start| row.starts_with(start))
                }
            };
            assert!(fine, "{row} by {}", self.last_calls());
        }
        if allowed == Allowed::Creator {
            let grown = |table: &str| now[table].len() >= watched[table].len();
            assert!(grown("users") && grown("memberships"), "{}", self.last_calls());
            assert_eq!(now["groups"].len(), watched["groups"].len(), "{}", self.last_calls());
        }
    }

    /// Reads the database again if there was a commit since the last time.
    fn read_database(&mut self) {
        let version = self.state.version();
        if version != self.snapshot.version {
            self.snapshot = Snapshot { version, protected: self.protected(), whole: self.state.whole() };
        }
    }

    /// Makes a call as the administrator: only the users that it names may gain or lose administrator rights.
    pub fn call_as_administrator(&mut self, users: &[&str], groups: &[&str], call: impl FnOnce(&mut Simulation)) {
        let before = self.administrators();
        let mut touched: BTreeSet<String> = users.iter().map(|name| (*name).to_owned()).collect();
        for group in groups {
            touched.extend(self.below(group));
        }
        call(self);
        let after = self.administrators();
        for name in before.symmetric_difference(&after) {
            assert!(touched.contains(name), "{name} was not named: {}", self.last_calls());
        }
        // The administrator has given rights to an actor by mistake. Then the administrator takes them back.
        if ACTORS.iter().any(|actor| after.contains(*actor)) {
            self.mistakes += 1;
            for group in ["deep", "ops", "team", "crew", "phantom", "later", "team/crew", "deputies"] {
                self.root("DELETE", &format!("/group/{}", escaped(group)), &Value::Null);
            }
            for actor in ACTORS {
                self.root("DELETE", &format!("/user/{actor}/group/administrators"), &Value::Null);
            }
            for group in ["powerusers", "members"] {
                let lists = entity("group", json!({"parentGroups": []}));
                self.root("PUT", &format!("/group/{group}"), &lists);
            }
        }
        self.restore_roles();
    }

    /// The users in a group, directly or through subgroups.
    pub fn below(&self, group: &str) -> Vec<String> {
        self.state.texts(&format!(
            "with recursive below (id) as (
                 select id from groups where name_key = '{group}'
                 union select child_id from subgroups join below on parent_id = below.id)
             select username_key from users where id in
                 (select user_id from memberships where group_id in (select id from below))"
        ))
    }

    fn is_below(&self, user: &str, group: &str) -> bool {
        self.below(group).iter().any(|name| name == user)
    }

    /// Restores the roles and rights that the sequence needs, as the administrator.
    pub fn restore_roles(&mut self) {
        for (group, parent) in [("deputies", "powerusers"), ("powerusers", "")] {
            if self.state.texts(&format!("select name from groups where name_key = '{group}'")).is_empty() {
                let parents = if parent.is_empty() { json!([]) } else { json!([parent]) };
                self.root("POST", "/group", &entity("group", json!({"id": group, "parentGroups": parents})));
            }
        }
        for (name, group) in [("leela", "powerusers"), ("deputy", "deputies"), ("fry", "")] {
            let sql = format!("select cast(id as text) from users where username_key = '{name}' and disabled = 0");
            let id = self.state.texts(&sql).pop();
            let known = id.is_some() && self.ids.get(name) == id.as_ref();
            let fits = if group.is_empty() { !self.is_below(name, "powerusers") } else { self.is_below(name, group) };
            if known && fits {
                continue;
            }
            let groups = if group.is_empty() { json!([]) } else { json!([group]) };
            let body = json!({"properties": {"username": name, "password": "secret", "groups": groups}});
            self.root("DELETE", &format!("/user/{name}"), &Value::Null);
            assert_eq!(self.root("POST", "/user", &entity("user", body)).status, 201, "{}", self.last_calls());
            let token = self.token(name, "secret");
            self.tokens.insert(name, token);
            self.ids.insert(name, self.state.texts(&sql).pop().expect("the user is there"));
        }
        if self.administrators().iter().any(|name| ACTORS.contains(&name.as_str())) {
            panic!("the simulation has made an actor an administrator: {}", self.last_calls());
        }
    }

    /// Both dialects show the stored rows.
    pub fn compare_views(&mut self) {
        let stored: BTreeSet<String> =
            self.administrators_by("username").iter().map(|name| name.to_lowercase()).collect();
        let shown = self.server.datadog("GET", "/api/v1/user?filter=admin", None).json();
        let handles = shown["users"].as_array().expect("users").iter();
        let handles: BTreeSet<String> =
            handles.map(|user| user["handle"].as_str().expect("a handle").to_owned()).collect();
        assert_eq!(handles, stored, "{}", self.last_calls());
        for name in self.state.texts("select username from users") {
            let user = self.server.nuxeo("GET", &format!("/user/{}", escaped(&name)), None).json();
            assert_eq!(
                user["isAdministrator"],
                json!(stored.contains(&name.to_lowercase())),
                "{name}: {}",
                self.last_calls()
            );
        }
        let login = self.server.nuxeo("POST", "/automation/login", None).json();
        assert_eq!(login["isAdministrator"], json!(true), "{}", self.last_calls());
    }
}
