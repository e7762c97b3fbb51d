//! Compares what a call has changed with what its caller may change.

use super::play::{ACTORS, Play, Seen, entity};
use crate::support::database::{BELOW_ADMINISTRATORS, State};
use crate::support::nuxeo::escaped;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The changes that a step may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// All but what makes administrators.
    PowerUser,
    /// New users, and what of a disabled one is not about logging in.
    Creator,
    /// Their own tokens.
    Nothing,
}

impl Play {
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

    /// Everything that makes administrators, and everything that is theirs.
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

    /// Makes a call that is not an administrator's, and compares what it has changed with what it may.
    pub fn attempt(&mut self, allowed: Allowed, call: impl FnOnce(&mut Play)) {
        self.look();
        call(self);
        if self.state.version() == self.seen.version {
            return;
        }
        let before = std::mem::take(&mut self.seen);
        // A pending parent may be removed, but not added.
        let after = self.protected();
        let parent = |row: &&String| row.starts_with("kind: \"parent\"") && !after.contains(row);
        let kept: Vec<&String> = before.protected.iter().filter(|row| !parent(row)).collect();
        assert_eq!(after.iter().collect::<Vec<_>>(), kept, "{}", self.story());
        if allowed == Allowed::PowerUser {
            return;
        }
        let (watched, now) = (before.whole, self.state.whole());
        let differences = State::differences(&watched, &now);
        let own = format!("user_id: {},", self.ids["fry"]);
        // The record says of each change by whom it was made; what is in it is told elsewhere.
        for row in differences.iter().filter(|row| !row.starts_with("+ changes")) {
            let fine = match allowed {
                Allowed::PowerUser => unreachable!("returned above"),
                Allowed::Nothing => row.starts_with("+ credentials") && row.contains(&own),
                Allowed::Creator => {
                    let came = ["+ users", "+ memberships", "+ subgroups"].iter().any(|start| row.starts_with(start));
                    // A disabled user's name; a list that waited for somebody; numbers that go on counting.
                    came || (row.starts_with("- users") && row.contains("disabled: 1"))
                        || ["- dangling_members", "- counters", "+ counters", "- groups", "+ groups"]
                            .iter()
                            .any(|start| row.starts_with(start))
                }
            };
            assert!(fine, "{row} by {}", self.story());
        }
        if allowed == Allowed::Creator {
            let grown = |table: &str| now[table].len() >= watched[table].len();
            assert!(grown("users") && grown("memberships"), "{}", self.story());
            assert_eq!(now["groups"].len(), watched["groups"].len(), "{}", self.story());
        }
    }

    /// Reads the database again if there was a commit since the last time.
    fn look(&mut self) {
        let version = self.state.version();
        if version != self.seen.version {
            self.seen = Seen { version, protected: self.protected(), whole: self.state.whole() };
        }
    }

    /// Makes a call as the administrator: only those whom it names may have won or lost by it.
    pub fn named(&mut self, users: &[&str], groups: &[&str], call: impl FnOnce(&mut Play)) {
        let before = self.administrators();
        let mut touched: BTreeSet<String> = users.iter().map(|name| (*name).to_owned()).collect();
        for group in groups {
            touched.extend(self.below(group));
        }
        call(self);
        let after = self.administrators();
        for name in before.symmetric_difference(&after) {
            assert!(touched.contains(name), "{name} was not named: {}", self.story());
        }
        // Here the administrator has overlooked something: then the actors would be none any more.
        if ACTORS.iter().any(|actor| after.contains(*actor)) {
            self.overlooked += 1;
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
        self.mend();
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

    /// True if roles and rights are as the sequence needs them; the administrator restores them.
    pub fn mend(&mut self) {
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
            assert_eq!(self.root("POST", "/user", &entity("user", body)).status, 201, "{}", self.story());
            let token = self.token(name, "secret");
            self.tokens.insert(name, token);
            self.ids.insert(name, self.state.texts(&sql).pop().expect("the user is there"));
        }
        if self.administrators().iter().any(|name| ACTORS.contains(&name.as_str())) {
            panic!("the play has made an actor an administrator: {}", self.story());
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
        assert_eq!(handles, stored, "{}", self.story());
        for name in self.state.texts("select username from users") {
            let user = self.server.nuxeo("GET", &format!("/user/{}", escaped(&name)), None).json();
            assert_eq!(
                user["isAdministrator"],
                json!(stored.contains(&name.to_lowercase())),
                "{name}: {}",
                self.story()
            );
        }
        let login = self.server.nuxeo("POST", "/automation/login", None).json();
        assert_eq!(login["isAdministrator"], json!(true), "{}", self.story());
    }
}
