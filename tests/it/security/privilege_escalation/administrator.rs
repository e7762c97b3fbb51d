//! Calls of the administrator.

use super::simulation::{ACTORS, ADMINISTRATOR_GROUPS, Simulation, USERS, entity};
use crate::support::nuxeo::escaped;
use crate::support::server::{API_KEY, APP_KEY};
use serde_json::{Value, json};

impl Simulation {
    pub fn administrator(&mut self) {
        let user = self.random.pick(USERS);
        let ordinary_group = self.random.pick(&["team", "crew", "phantom", "later", "team/crew"]);
        let administrator_group = self.random.pick(ADMINISTRATOR_GROUPS);
        // A user of a group with a pending parent would become an administrator when that parent is created, in a call
        // that does not name the user.
        let present = self.state.texts("select name_key from groups");
        let parent =
            if present.iter().any(|name| name == administrator_group) { administrator_group } else { "administrators" };
        let group_path = format!("/group/{}", escaped(ordinary_group));
        let user_path = format!("/user/{}", escaped(user));
        let properties = |groups: Value| entity("user", json!({"properties": {"username": user, "groups": groups}}));
        match self.random.below(17) {
            0 => self.call_as_administrator(&[user], &[], |simulation| {
                drop(simulation.root("POST", "/user", &properties(json!([]))))
            }),
            1 => self.call_as_administrator(&[user], &[], |simulation| {
                drop(simulation.root("POST", "/user", &properties(json!([administrator_group]))))
            }),
            2 => self.call_as_administrator(&[user], &[], |simulation| {
                drop(simulation.root("DELETE", &user_path, &Value::Null))
            }),
            3 => {
                // The call names no administrators, so only the named user becomes one.
                let body = entity("group", json!({"id": ordinary_group, "memberUsers": [user, "later"]}));
                self.call_as_administrator(&[user, "later"], &[], |simulation| {
                    drop(simulation.root("POST", "/group", &body))
                });
            }
            4 => {
                let body =
                    entity("group", json!({"id": ordinary_group, "parentGroups": [parent], "memberUsers": [user]}));
                self.call_as_administrator(&[user], &[], |simulation| drop(simulation.root("POST", "/group", &body)));
            }
            5 | 6 => self.call_as_administrator(&[], &[ordinary_group], |simulation| {
                drop(simulation.root("DELETE", &group_path, &Value::Null))
            }),
            7 => {
                if !self.below(ordinary_group).iter().any(|name| ACTORS.contains(&name.as_str())) {
                    let body = entity("group", json!({"parentGroups": [parent]}));
                    self.call_as_administrator(&[], &[ordinary_group], |simulation| {
                        drop(simulation.root("PUT", &group_path, &body))
                    });
                }
            }
            8 => {
                let body = entity("group", json!({"parentGroups": []}));
                self.call_as_administrator(&[], &[ordinary_group], |simulation| {
                    drop(simulation.root("PUT", &group_path, &body))
                });
            }
            9 => {
                // The list has names of pending members: a user who gets one of them becomes an administrator.
                let direct = self.state.texts(
                    "select username from users join memberships on user_id = users.id
                     where group_id = (select id from groups where name_key = 'administrators') order by 1",
                );
                let mut members: Vec<&str> = direct.iter().map(String::as_str).collect();
                members.push(user);
                if self.below("phantom").iter().any(|name| ACTORS.contains(&name.as_str())) {
                    return;
                }
                let body = entity("group", json!({"memberUsers": members, "memberGroups": ["ops", "phantom"]}));
                let below = ["ops", "phantom", "deep", "team", "crew", "later", "team/crew"];
                self.call_as_administrator(&[user], &below, |simulation| {
                    drop(simulation.root("PUT", "/group/administrators", &body))
                });
            }
            10 => self.call_as_administrator(&[user], &[], |simulation| {
                simulation.root("POST", &format!("{user_path}/group/{}", escaped(administrator_group)), &Value::Null);
            }),
            11 => self.call_as_administrator(&[user], &[], |simulation| {
                simulation.root("DELETE", &format!("{user_path}/group/{}", escaped(administrator_group)), &Value::Null);
            }),
            12 => self.call_as_administrator(&[user], &[], |simulation| {
                let path = format!("/api/v1/user/{}", escaped(user));
                let role = simulation.random.pick(&["adm", "st", "ro"]);
                let body = json!({"access_role": role, "disabled": false});
                simulation.call(
                    "root",
                    &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)],
                    "PUT",
                    &path,
                    &body,
                );
            }),
            13 => self.call_as_administrator(&[user], &[], |simulation| {
                let path = format!("/api/v1/user/{}", escaped(user));
                simulation.call(
                    "root",
                    &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)],
                    "DELETE",
                    &path,
                    &Value::Null,
                );
            }),
            14 | 15 => {
                let body = entity("group", json!({"id": administrator_group, "parentGroups": ["administrators"]}));
                self.call_as_administrator(&[], &[], |simulation| drop(simulation.root("POST", "/group", &body)));
            }
            _ => {
                let path = format!("/group/{}", self.random.pick(&["ops", "deep"]));
                self.call_as_administrator(&[], &["ops", "deep"], |simulation| {
                    drop(simulation.root("DELETE", &path, &Value::Null))
                });
            }
        }
    }
}
