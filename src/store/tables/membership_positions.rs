//! The positions of all memberships in the order in which they were made, counted from 1 without gaps.
//!
//! If two memberships have the same number, their lists order them by row ids, and so do the positions. A copy of the
//! directory with these positions has the same lists in the same order.

use super::list_sql::list_kind;
use crate::model::{MemberList, PositionedGroup, Result};
use crate::store::sql::ReadTx;
use rusqlite::{Row, params};
use std::collections::{BTreeMap, HashSet};

/// An entry of a list. The order of the variants, and of their fields, breaks ties.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// A pending member: the list, the group, and the key.
    Pending(String, i64, String),
    /// A user in a group: the group, and the user.
    Member(i64, i64),
    /// A group in a group: the parent, and the child.
    Subgroup(i64, i64),
}

/// The memberships that get positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionScope {
    /// All.
    All,
    /// Groups in groups alone: their positions do not count the users.
    Groups,
}

/// The positions of memberships in one snapshot of a directory. They take eight bytes for each.
#[derive(Debug, Default)]
pub struct MembershipPositions {
    /// The numbers of all, in order.
    numbers: Vec<i64>,
    /// The entries of each number that several entries have, in order.
    ties: BTreeMap<i64, Vec<Entry>>,
}

const MEMBERS: &str = "select seq, group_id, user_id from memberships";
const SUBGROUPS: &str = "select seq, parent_id, child_id from subgroups";
const PENDING: &str = "select seq, kind, group_id, name_key from dangling_members";
const PENDING_GROUPS: &str = "select seq, kind, group_id, name_key from dangling_members where kind <> 'user'";

impl MembershipPositions {
    fn of(&self, number: i64, entry: impl FnOnce() -> Entry) -> u64 {
        let first = self.numbers.partition_point(|other| *other < number) as u64;
        let tie = self.ties.get(&number).and_then(|entries| entries.binary_search(&entry()).ok());
        first + tie.unwrap_or(0) as u64 + 1
    }
}

impl ReadTx<'_> {
    /// Computes the positions of these memberships.
    pub fn membership_positions(&self, placed: PositionScope) -> Result<MembershipPositions> {
        let mut numbers: Vec<i64> = Vec::new();
        let sources: &[&str] = match placed {
            PositionScope::All => &[MEMBERS, SUBGROUPS, PENDING],
            PositionScope::Groups => &[SUBGROUPS, PENDING_GROUPS],
        };
        for sql in sources {
            self.each(sql, [], |row| {
                numbers.push(row.get(0)?);
                Ok(())
            })?;
        }
        numbers.sort_unstable();
        let tied: HashSet<i64> = numbers.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        let mut ties: BTreeMap<i64, Vec<Entry>> = BTreeMap::new();
        if !tied.is_empty() {
            let mut collect = |sql: &str, entry: fn(&Row<'_>) -> rusqlite::Result<Entry>| {
                self.each(sql, [], |row| {
                    let number = row.get(0)?;
                    if tied.contains(&number) {
                        ties.entry(number).or_default().push(entry(row)?);
                    }
                    Ok(())
                })
            };
            for sql in sources {
                match *sql {
                    MEMBERS => collect(sql, |row| Ok(Entry::Member(row.get(1)?, row.get(2)?)))?,
                    SUBGROUPS => collect(sql, |row| Ok(Entry::Subgroup(row.get(1)?, row.get(2)?)))?,
                    _ => collect(sql, |row| Ok(Entry::Pending(row.get(1)?, row.get(2)?, row.get(3)?)))?,
                }
            }
        }
        ties.values_mut().for_each(|entries| entries.sort_unstable());
        Ok(MembershipPositions { numbers, ties })
    }

    /// A user's direct groups, in the order joined.
    pub fn list_positioned_groups_of(
        &self,
        user_id: i64,
        places: &MembershipPositions,
    ) -> Result<Vec<PositionedGroup>> {
        let sql = "select seq, group_id, name, written from memberships join groups on groups.id = group_id
             where user_id = ?1 order by seq, group_id";
        self.all(sql, [user_id], |row| {
            let (number, group_id) = (row.get(0)?, row.get(1)?);
            let place = places.of(number, || Entry::Member(group_id, user_id));
            Ok(PositionedGroup { name: row.get(2)?, place, written: row.get(3)? })
        })
    }

    /// Groups in groups, in the order joined: parent and child, each in the spelling of the other group's list, and the
    /// position.
    pub fn list_positioned_subgroups(&self, places: &MembershipPositions) -> Result<Vec<(String, String, u64)>> {
        let sql = "select seq, parent_id, child_id, coalesce(parent_written, parents.name),
                 coalesce(child_written, children.name) from subgroups
             join groups as parents on parents.id = parent_id join groups as children on children.id = child_id
             order by seq, parent_id, child_id";
        self.all(sql, [], |row| {
            let (number, parent, child) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((row.get(3)?, row.get(4)?, places.of(number, || Entry::Subgroup(parent, child))))
        })
    }

    /// The groups in a group, in the order of its list: the spelling of the parent in the child's list, the spelling of
    /// the child in this list, and the position.
    pub fn list_positioned_subgroups_of(
        &self,
        group_id: i64,
        places: &MembershipPositions,
    ) -> Result<Vec<(Option<String>, String, u64)>> {
        let sql = "select seq, child_id, parent_written, coalesce(child_written, name)
             from subgroups join groups on groups.id = child_id where parent_id = ?1";
        let mut found = self.all(sql, [group_id], |row| {
            let (number, child) = (row.get(0)?, row.get(1)?);
            Ok((row.get(2)?, row.get(3)?, places.of(number, || Entry::Subgroup(group_id, child))))
        })?;
        let pending = self.list_pending_members_of(group_id, MemberList::Groups, places)?;
        found.extend(pending.into_iter().map(|(name, place)| (None, name, place)));
        found.sort_by_key(|(.., place)| *place);
        Ok(found)
    }

    /// The pending members of one of a group's lists, in its order, with their positions.
    pub fn list_pending_members_of(
        &self,
        group_id: i64,
        list: MemberList,
        places: &MembershipPositions,
    ) -> Result<Vec<(String, u64)>> {
        let sql = "select seq, name_key, name from dangling_members where group_id = ?1 and kind = ?2
             order by seq, name_key";
        self.all(sql, params![group_id, list_kind(list)], |row| {
            let (number, key) = (row.get(0)?, row.get(1)?);
            Ok((row.get(2)?, places.of(number, || Entry::Pending(list_kind(list).to_owned(), group_id, key))))
        })
    }

    /// All pending members, in the order joined: the list, the group, the name, and the position.
    pub fn list_pending_members(&self, places: &MembershipPositions) -> Result<Vec<(MemberList, String, String, u64)>> {
        let sql = "select seq, kind, group_id, dangling_members.name_key, groups.name, dangling_members.name from dangling_members
             join groups on groups.id = group_id order by seq, kind, group_id, dangling_members.name_key";
        self.all(sql, [], |row| {
            let (number, kind, group_id, key) = (row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?);
            let list = match kind.as_str() {
                "user" => MemberList::Users,
                "group" => MemberList::Groups,
                _ => MemberList::Parents,
            };
            let place = places.of(number, || Entry::Pending(kind, group_id, key));
            Ok((list, row.get(4)?, row.get(5)?, place))
        })
    }
}
