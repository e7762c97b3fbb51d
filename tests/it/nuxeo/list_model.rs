//! A simple model of member lists, which moves one entry after the other.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

pub const LISTS: [&str; 3] = ["memberUsers", "memberGroups", "parentGroups"];

pub const USERS: usize = 0;

pub const GROUPS: usize = 1;

pub const PARENTS: usize = 2;

/// A directory of users, groups, and lists of names. Some names have no user or group.
#[derive(Clone, Default)]
pub struct Model {
    pub groups: BTreeMap<String, Group>,
    pub users: BTreeMap<String, User>,
}

#[derive(Clone)]
pub struct Group {
    pub name: String,
    /// The names as they were written.
    pub lists: [Vec<String>; 3],
}

#[derive(Clone)]
pub struct User {
    pub name: String,
    /// The keys of groups.
    pub groups: Vec<String>,
}

/// The changes of a call.
#[derive(Default)]
pub struct Effects {
    /// Keys of groups that have changed.
    pub touched: BTreeSet<String>,
    /// The changes of memberships: action and document.
    pub told: Vec<Value>,
}

pub fn key(name: &str) -> String {
    name.to_lowercase()
}

fn place(list: &[String], name: &str) -> Option<usize> {
    list.iter().position(|entry| key(entry) == key(name))
}

impl Model {
    pub fn exists(&self, list: usize, name: &str) -> bool {
        if list == USERS { self.users.contains_key(&key(name)) } else { self.groups.contains_key(&key(name)) }
    }

    pub fn list(&mut self, group: &str, list: usize) -> &mut Vec<String> {
        &mut self.groups.get_mut(group).expect("the group").lists[list]
    }

    pub fn tell(&self, effects: &mut Effects, group: &str, list: usize, name: &str, begins: bool) {
        let own = &self.groups[group].name;
        // The name of the user or group itself; for a pending name, the spelling in the list.
        let name = match list {
            USERS => self.users.get(&key(name)).map_or(name, |user| user.name.as_str()),
            _ => self.groups.get(&key(name)).map_or(name, |group| group.name.as_str()),
        };
        let (noun, above, below) = match list {
            USERS => ("user", own.as_str(), name),
            GROUPS => ("subgroup", own.as_str(), name),
            _ => ("subgroup", name, own.as_str()),
        };
        let mut document = json!({"group": above, noun: below});
        if !self.exists(list, name) {
            document["waiting"] = json!(true);
        }
        let noun = if noun == "user" { "member" } else { noun };
        effects.told.push(json!([format!("{noun}.{}", if begins { "added" } else { "removed" }), document]));
    }

    /// Removes the group from the list on the other side; returns its spelling there.
    pub fn leave(&mut self, group: &str, list: usize, name: &str) -> Option<String> {
        let other = match list {
            USERS => &mut self.users.get_mut(&key(name))?.groups,
            _ => &mut self.groups.get_mut(&key(name))?.lists[GROUPS + PARENTS - list],
        };
        place(other, group).map(|at| other.remove(at))
    }

    /// Moves the group to the end of the list on the other side, if there is one.
    pub fn join_last(&mut self, group: &str, list: usize, name: &str) {
        let written = self.leave(group, list, name).unwrap_or_else(|| self.groups[group].name.clone());
        if list == USERS {
            self.users.entry(key(name)).and_modify(|user| user.groups.push(key(group)));
        } else if let Some(other) = self.groups.get_mut(&key(name)) {
            other.lists[GROUPS + PARENTS - list].push(written);
        }
    }

    pub fn above(&self, group: &str) -> HashSet<String> {
        let (mut seen, mut next) = (HashSet::new(), vec![group.to_owned()]);
        while let Some(at) = next.pop() {
            if let Some(found) = self.groups.get(&at)
                && seen.insert(at)
            {
                next.extend(found.lists[PARENTS].iter().map(|name| key(name)));
            }
        }
        seen
    }

    pub fn remove_others(&mut self, group: &str, list: usize, wanted: &[String], effects: &mut Effects) {
        for name in self.groups[group].lists[list].clone() {
            if place(wanted, &name).is_none() {
                self.tell(effects, group, list, &name, false);
                self.leave(group, list, &name);
                self.list(group, list).retain(|entry| *entry != name);
                self.touch(effects, group, list, &name);
            }
        }
    }

    pub fn touch(&self, effects: &mut Effects, group: &str, list: usize, name: &str) {
        effects.touched.insert(group.to_owned());
        if list != USERS && self.exists(list, name) {
            effects.touched.insert(key(name));
        }
    }

    /// Changes the list to these names. Entries that are in order keep their places, and all others move to the end.
    pub fn arrange(
        &mut self,
        group: &str,
        list: usize,
        wanted: &[String],
        effects: &mut Effects,
    ) -> Result<(), String> {
        let (mut last, mut moves) = (None, false);
        let mut seen = HashSet::new();
        let present = self.groups[group].lists[list].clone();
        for name in wanted {
            if !seen.insert(key(name)) {
                continue;
            }
            let at = place(&present, name);
            moves |= at.is_none_or(|at| present[at] != *name || last.is_some_and(|last| at < last));
            last = at;
            if !moves {
                continue;
            }
            if at.is_none() && list != USERS && self.exists(list, name) {
                let (above, below) = if list == GROUPS { (group, name.as_str()) } else { (name.as_str(), group) };
                if self.above(&key(above)).contains(&key(below)) {
                    let real = |name: &str| self.groups[&key(name)].name.clone();
                    let (above, below) = (real(above), real(below));
                    return Err(format!("a group cannot contain itself: {below} in {above} closes a cycle"));
                }
            }
            let waited_as = at.map(|at| &present[at]).filter(|before| *before != name && !self.exists(list, name));
            if let Some(before) = waited_as {
                self.tell(effects, group, list, before, false);
            }
            if at.is_none() || waited_as.is_some() {
                self.tell(effects, group, list, name, true);
            }
            let own = self.list(group, list);
            own.retain(|entry| key(entry) != key(name));
            own.push(name.clone());
            self.join_last(group, list, name);
            self.touch(effects, group, list, name);
        }
        Ok(())
    }

    pub fn replace(&mut self, group: &str, lists: &[Option<Vec<String>>; 3]) -> Result<Effects, String> {
        let mut effects = Effects::default();
        let given = || lists.iter().enumerate().filter_map(|(list, names)| Some((list, names.as_ref()?)));
        given().for_each(|(list, names)| self.remove_others(group, list, names, &mut effects));
        given().try_for_each(|(list, names)| self.arrange(group, list, names, &mut effects))?;
        Ok(effects)
    }

    pub fn replace_groups(&mut self, user: &str, groups: &[String]) -> Effects {
        let mut effects = Effects::default();
        let name = self.users[user].name.clone();
        let present = self.users[user].groups.clone();
        for group in &present {
            if place(groups, group).is_none() {
                let real = self.groups[group].name.clone();
                effects.told.push(json!(["member.removed", {"group": real, "user": name}]));
                self.list(group, USERS).retain(|entry| key(entry) != user);
                self.leave(group, USERS, user);
                effects.touched.insert(group.clone());
            }
        }
        let (mut last, mut moves, mut seen) = (None, false, HashSet::new());
        for group in groups.iter().map(|name| key(name)).filter(|group| seen.insert(group.clone())) {
            let at = place(&present, &group);
            moves |= at.is_none() || last.is_some_and(|last| at < Some(last));
            last = at;
            if !moves {
                continue;
            }
            if at.is_none() {
                let real = self.groups[&group].name.clone();
                effects.told.push(json!(["member.added", {"group": real, "user": name}]));
            }
            let list = self.list(&group, USERS);
            let written = place(list, user).map_or(name.clone(), |at| list.remove(at));
            list.push(written);
            self.join_last(&group, USERS, user);
            effects.touched.insert(group);
        }
        effects
    }

    /// Adds a group, with its pending members and parents. False if that would close a cycle.
    pub fn add_group(&mut self, name: &str) -> bool {
        let mut lists = [const { Vec::new() }; 3];
        for other in self.groups.values() {
            for list in [GROUPS, PARENTS] {
                if place(&other.lists[list], name).is_some() {
                    lists[GROUPS + PARENTS - list].push(other.name.clone());
                }
            }
        }
        let above: Vec<String> = lists[PARENTS].iter().flat_map(|name| self.above(&key(name))).collect();
        let closes = lists[GROUPS].iter().any(|name| above.contains(&key(name)));
        self.groups.insert(key(name), Group { name: name.to_owned(), lists });
        !closes
    }

    pub fn add_user(&mut self, name: &str) {
        let waits = |(_, group): &(&String, &Group)| place(&group.lists[USERS], name).is_some();
        let groups = self.groups.iter().filter(waits).map(|(key, _)| key.clone()).collect();
        self.users.insert(key(name), User { name: name.to_owned(), groups });
    }

    pub fn remove_group(&mut self, group: &str) {
        self.groups.remove(group);
        for other in self.groups.values_mut() {
            other.lists[1..].iter_mut().for_each(|list| list.retain(|name| key(name) != group));
        }
        self.users.values_mut().for_each(|user| user.groups.retain(|name| name != group));
    }

    pub fn remove_user(&mut self, user: &str) {
        self.users.remove(user);
        self.groups.values_mut().for_each(|group| group.lists[USERS].retain(|name| key(name) != user));
    }
}
