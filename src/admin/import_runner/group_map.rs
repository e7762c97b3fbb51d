//! The groups that `--map-group` names.

use super::options::GroupMapping;
use crate::formats::{EntryName, GroupRecord, Record, Remark, Target, entry_name};
use crate::model::fold_name;
use anyhow::bail;
use std::collections::{HashMap, HashSet};

/// Groups of the input that the operator maps to groups of the directory.
#[derive(Default)]
pub(super) struct GroupMap {
    /// By the folded name.
    names: HashMap<String, NamedGroup>,
    /// The group of the directory for each mapped entry.
    pub(super) entries: HashMap<EntryName, String>,
    /// Entries that the operator has named and that were not found in the input yet.
    unseen: HashMap<EntryName, String>,
}

/// A group that the operator has named by its name in the input.
struct NamedGroup {
    /// The name as the operator wrote it.
    from: String,
    to: String,
    /// The input has this name.
    seen: bool,
    /// The entries with this name; at most two are kept.
    entries: Vec<EntryName>,
}

impl GroupMap {
    pub(super) fn new(pairs: &[GroupMapping]) -> GroupMap {
        let mut mapping = GroupMap::default();
        for GroupMapping { from, to } in pairs {
            if let Some(entry) = entry_name(from) {
                mapping.entries.insert(entry, to.clone());
                mapping.unseen.insert(entry, from.clone());
            } else {
                let (from, to, seen, entries) = (from.clone(), to.clone(), false, Vec::new());
                mapping.names.insert(fold_name(&from), NamedGroup { from, to, seen, entries });
            }
        }
        mapping
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.entries.is_empty()
    }

    /// Marks a group of the input as found.
    fn note_group(&mut self, group: &GroupRecord) {
        self.note_name(&group.name, group.entry_names.first());
        if let Some(mapped) = self.names.get(&fold_name(&group.name)) {
            let to = &mapped.to;
            for entry in &group.entry_names {
                self.entries.entry(*entry).or_insert_with(|| to.clone());
            }
        }
    }

    /// Marks the group of a membership as found.
    fn note_target(&mut self, target: &Target) {
        match target {
            Target::Name(name) => self.note_name(name, None),
            Target::Entry { entry, name, .. } => {
                if let Some(name) = name {
                    self.note_name(name, Some(entry));
                }
                self.unseen.remove(entry);
            }
        }
    }

    fn note_name(&mut self, name: &str, entry: Option<&EntryName>) {
        if let Some(entry) = entry {
            self.unseen.remove(entry);
        }
        let Some(mapped) = self.names.get_mut(&fold_name(name)) else { return };
        mapped.seen = true;
        if let Some(entry) = entry
            && mapped.entries.len() < 2
            && !mapped.entries.contains(entry)
        {
            mapped.entries.push(*entry);
        }
    }

    /// Marks the groups that a record names as found.
    pub(super) fn note(&mut self, record: &Record) {
        if self.is_empty() {
            return;
        }
        match record {
            Record::User(user) => user.groups.iter().flatten().for_each(|name| self.note_name(name, None)),
            Record::Group(group) => {
                self.note_group(group);
                group.groups.iter().flatten().for_each(|name| self.note_name(name, None));
            }
            Record::Member(member) => self.note_target(&member.group),
            Record::Subgroup(member) => {
                self.note_target(&member.group);
                self.note_target(&member.subgroup);
            }
        }
    }

    /// A remark on the fields of a mapped group: the group of the directory keeps its own.
    pub(super) fn left_out(&self, record: &Record) -> Option<Remark> {
        let Record::Group(group) = record else { return None };
        self.of_group(group)?;
        let texts = [&group.label, &group.description, &group.external_id];
        let has_fields = texts.into_iter().any(Option::is_some) || !group.properties.is_empty();
        let text = "the fields of a group that is mapped are left out";
        has_fields.then(|| Remark::dropped(text).about(format!("the group {}", group.name)))
    }

    /// Fails if the input does not have a group that the operator has named, or has several with that name.
    pub(super) fn require_clear(&self) -> anyhow::Result<()> {
        if let Some(from) = self.unseen.values().min() {
            bail!("--map-group: the input has no group {from}");
        }
        for mapped in self.names.values() {
            let from = &mapped.from;
            if !mapped.seen {
                bail!("--map-group: the input has no group that is called {from}");
            }
            if mapped.entries.len() > 1 {
                bail!("--map-group: several groups of the input are called {from}: give the distinguished name of one");
            }
        }
        Ok(())
    }

    /// The group of the directory to which a group of the input is mapped.
    pub(super) fn of_group(&self, group: &GroupRecord) -> Option<&String> {
        let by_entry = group.entry_names.iter().find_map(|entry| self.entries.get(entry));
        by_entry.or_else(|| self.of_name(&group.name))
    }

    fn of_name(&self, name: &str) -> Option<&String> {
        if self.names.is_empty() { None } else { self.names.get(&fold_name(name)).map(|mapped| &mapped.to) }
    }

    /// The group of the directory to which the group of a membership is mapped. The name in a distinguished name counts
    /// only if its entry is not in the input, whose groups have the entries `known`.
    pub(super) fn of_target(&self, target: &Target, known: &HashSet<EntryName>) -> Option<&String> {
        match target {
            _ if self.is_empty() => None,
            Target::Name(name) => self.of_name(name),
            Target::Entry { entry, name, .. } => self.entries.get(entry).or_else(|| {
                let name = name.as_ref().filter(|_| !known.contains(entry))?;
                self.of_name(name)
            }),
        }
    }

    /// Replaces the names of mapped groups.
    pub(super) fn map_names(&self, names: &mut Option<Vec<String>>) {
        for name in names.iter_mut().flatten() {
            if let Some(to) = self.of_name(name) {
                name.clone_from(to);
            }
        }
    }
}

/// Replaces one end of a membership by the group of that name. Returns false if `group` is `None`.
pub(super) fn replace_target(target: &mut Target, group: Option<&String>) -> bool {
    let Some(name) = group.cloned() else { return false };
    *target = Target::Name(name);
    true
}
