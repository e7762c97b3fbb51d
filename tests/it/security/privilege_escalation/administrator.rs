//! Calls of the administrator.

use super::play::{ACTORS, ADMINISTRATOR_GROUPS, Play, USERS, entity};
use crate::support::nuxeo::escaped;
use crate::support::server::{API_KEY, APP_KEY};
use serde_json::{Value, json};

impl Play {
    pub fn administrator(&mut self) {
        let user = self.random.pick(USERS);
        let plain = self.random.pick(&["team", "crew", "phantom", "later", "team/crew"]);
        let ruling = self.random.pick(ADMINISTRATOR_GROUPS);
        // Who is put below a group that is not there would win by its creation, which names somebody else.
        let present = self.state.texts("select name_key from groups");
        let parent = if present.iter().any(|name| name == ruling) { ruling } else { "administrators" };
        let group_path = format!("/group/{}", escaped(plain));
        let user_path = format!("/user/{}", escaped(user));
        let properties = |groups: Value| entity("user", json!({"properties": {"username": user, "groups": groups}}));
        match self.random.below(17) {
            0 => self.named(&[user], &[], |play| drop(play.root("POST", "/user", &properties(json!([]))))),
            1 => self.named(&[user], &[], |play| drop(play.root("POST", "/user", &properties(json!([ruling]))))),
            2 => self.named(&[user], &[], |play| drop(play.root("DELETE", &user_path, &Value::Null))),
            3 => {
                // The call names no administrators, so only the named user becomes one.
                let body = entity("group", json!({"id": plain, "memberUsers": [user, "later"]}));
                self.named(&[user, "later"], &[], |play| drop(play.root("POST", "/group", &body)));
            }
            4 => {
                let body = entity("group", json!({"id": plain, "parentGroups": [parent], "memberUsers": [user]}));
                self.named(&[user], &[], |play| drop(play.root("POST", "/group", &body)));
            }
            5 | 6 => self.named(&[], &[plain], |play| drop(play.root("DELETE", &group_path, &Value::Null))),
            7 => {
                if !self.below(plain).iter().any(|name| ACTORS.contains(&name.as_str())) {
                    let body = entity("group", json!({"parentGroups": [parent]}));
                    self.named(&[], &[plain], |play| drop(play.root("PUT", &group_path, &body)));
                }
            }
            8 => {
                let body = entity("group", json!({"parentGroups": []}));
                self.named(&[], &[plain], |play| drop(play.root("PUT", &group_path, &body)));
            }
            9 => {
                // Names that may not exist yet: whoever gets them later becomes one.
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
                self.named(&[user], &below, |play| drop(play.root("PUT", "/group/administrators", &body)));
            }
            10 => self.named(&[user], &[], |play| {
                play.root("POST", &format!("{user_path}/group/{}", escaped(ruling)), &Value::Null);
            }),
            11 => self.named(&[user], &[], |play| {
                play.root("DELETE", &format!("{user_path}/group/{}", escaped(ruling)), &Value::Null);
            }),
            12 => self.named(&[user], &[], |play| {
                let path = format!("/api/v1/user/{}", escaped(user));
                let role = play.random.pick(&["adm", "st", "ro"]);
                let body = json!({"access_role": role, "disabled": false});
                play.call("root", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], "PUT", &path, &body);
            }),
            13 => self.named(&[user], &[], |play| {
                let path = format!("/api/v1/user/{}", escaped(user));
                play.call(
                    "root",
                    &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)],
                    "DELETE",
                    &path,
                    &Value::Null,
                );
            }),
            14 | 15 => {
                let body = entity("group", json!({"id": ruling, "parentGroups": ["administrators"]}));
                self.named(&[], &[], |play| drop(play.root("POST", "/group", &body)));
            }
            _ => {
                let path = format!("/group/{}", self.random.pick(&["ops", "deep"]));
                self.named(&[], &["ops", "deep"], |play| drop(play.root("DELETE", &path, &Value::Null)));
            }
        }
    }
}
