//! Statements for each of the three lists of a group.

use crate::model::MemberList;

/// The kind of the list in `dangling_members`.
pub(super) fn list_kind(list: MemberList) -> &'static str {
    match list {
        MemberList::Users => "user",
        MemberList::Groups => "group",
        MemberList::Parents => "parent",
    }
}

/// The resolved entries of a list, in any order.
pub(super) fn resolved_sql(list: MemberList) -> &'static str {
    match list {
        MemberList::Users => {
            "select username_key, coalesce(written, username), seq, user_id
             from memberships join users on users.id = user_id where group_id = ?1"
        }
        MemberList::Groups => {
            "select name_key, coalesce(child_written, name), seq, child_id
             from subgroups join groups on groups.id = child_id where parent_id = ?1"
        }
        MemberList::Parents => {
            "select name_key, coalesce(parent_written, name), seq, parent_id
             from subgroups join groups on groups.id = parent_id where child_id = ?1"
        }
    }
}

/// The row id of the user or group with that key.
pub(super) fn target_sql(list: MemberList) -> &'static str {
    match list {
        MemberList::Users => "select id from users where username_key = ?1",
        MemberList::Groups | MemberList::Parents => "select id from groups where name_key = ?1",
    }
}

/// Adds an entry. Parameters: group, row id of the user or group, number, spelling.
pub(super) fn insert_sql(list: MemberList) -> &'static str {
    match list {
        MemberList::Users => {
            "insert into memberships (group_id, user_id, seq, written)
             values (?1, ?2, ?3, (select ?4 from users
                 where id = ?2 and username <> ?4 and spelling(username) = spelling(?4)))"
        }
        MemberList::Groups => {
            "insert into subgroups (parent_id, child_id, seq, child_written)
             values (?1, ?2, ?3, (select ?4 from groups
                 where id = ?2 and name <> ?4 and spelling(name) = spelling(?4)))"
        }
        MemberList::Parents => {
            "insert into subgroups (child_id, parent_id, seq, parent_written)
             values (?1, ?2, ?3, (select ?4 from groups
                 where id = ?2 and name <> ?4 and spelling(name) = spelling(?4)))"
        }
    }
}

/// Changes the number and the spelling of an entry, with the same parameters.
pub(super) fn update_sql(list: MemberList) -> &'static str {
    match list {
        MemberList::Users => {
            "update memberships set seq = ?3, written = (select ?4 from users
                 where id = ?2 and username <> ?4 and spelling(username) = spelling(?4))
             where group_id = ?1 and user_id = ?2"
        }
        MemberList::Groups => {
            "update subgroups set seq = ?3, child_written = (select ?4 from groups
                 where id = ?2 and name <> ?4 and spelling(name) = spelling(?4))
             where parent_id = ?1 and child_id = ?2"
        }
        MemberList::Parents => {
            "update subgroups set seq = ?3, parent_written = (select ?4 from groups
                 where id = ?2 and name <> ?4 and spelling(name) = spelling(?4))
             where child_id = ?1 and parent_id = ?2"
        }
    }
}

/// Removes an entry. Parameters: group, row id of the user or group.
pub(super) fn delete_sql(list: MemberList) -> &'static str {
    match list {
        MemberList::Users => "delete from memberships where group_id = ?1 and user_id = ?2",
        MemberList::Groups => "delete from subgroups where parent_id = ?1 and child_id = ?2",
        MemberList::Parents => "delete from subgroups where child_id = ?1 and parent_id = ?2",
    }
}
