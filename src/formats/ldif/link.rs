//! The members and groups in the lists of an entry, and the memberships that they become.

use super::attributes::List;
use super::dn::Dn;
use super::export_comments::Membership;
use crate::formats::record::{MemberRecord, Record, SaidBy, SubgroupRecord};
use crate::formats::row::Remark;
use crate::formats::text::quoted;
use crate::model::Target;

/// One value of a list: a member of the entry, or a group that the entry is in.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) list: List,
    pub(super) text: String,
    /// The comment on it, in an export of this program.
    pub(super) membership: Option<Box<Membership>>,
}

/// The entry that a list belongs to.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) kind: OwnerKind,
    pub(super) exported: bool,
    pub(super) dn: Dn,
    pub(super) shown: String,
    pub(super) target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnerKind {
    User,
    Group,
}

impl Owner {
    /// The membership of a link, or a remark on why there is none.
    pub(super) fn record(&self, link: Link) -> Result<Record, Remark> {
        if self.exported { self.own_record(link) } else { self.entry_record(link) }
    }

    /// A membership in a file of another program, where links refer to entries.
    fn entry_record(&self, link: Link) -> Result<Record, Remark> {
        let own = self.target.clone();
        if link.list == List::MemberUid {
            let entry = self.dn.member_uid(&link.text);
            let user = Target::Entry { entry, shown: shown(format!("memberUid {}", link.text)), name: Some(link.text) };
            return Ok(Record::Member(MemberRecord { group: own, user, said_by: SaidBy::Group, ..Default::default() }));
        }
        let dn = parse_dn(&link.text)?;
        if link.list == List::MemberOf && is_no_group_of_people(&dn) {
            let text = "memberships in roles, permissions and rules of FreeIPA are left out";
            return Err(Remark::dropped(text).about(shown(link.text)));
        }
        if self.kind == OwnerKind::Group && dn.digest() == self.dn.digest() {
            // `groupOfNames` requires a member, so an empty group may list itself.
            let text = "a group that is a member of itself is left out of its own list";
            return Err(Remark::dropped(text).about(shown(link.text)));
        }
        let other = entry_target(&dn, shown(link.text));
        Ok(match (link.list, self.kind) {
            (List::MemberOf, OwnerKind::User) => {
                Record::Member(MemberRecord { group: other, user: own, said_by: SaidBy::Member, ..Default::default() })
            }
            (List::MemberOf, OwnerKind::Group) => Record::Subgroup(SubgroupRecord {
                group: other,
                subgroup: own,
                said_by: SaidBy::Member,
                ..Default::default()
            }),
            _ => Record::Member(MemberRecord { group: own, user: other, said_by: SaidBy::Group, ..Default::default() }),
        })
    }

    /// A membership in an export of this program, where links name users and groups.
    fn own_record(&self, link: Link) -> Result<Record, Remark> {
        let own = self.target.clone();
        let Membership { joined, parent, .. } = link.membership.map(|said| *said).unwrap_or_default();
        let member = |group: Target, user: Target, said_by| {
            Record::Member(MemberRecord { group, user, joined, said_by, withheld: false })
        };
        let subgroup = |group: Target, subgroup: Target, said_by| {
            Record::Subgroup(SubgroupRecord { group, subgroup, joined, said_by, withheld: false })
        };
        if link.list == List::Container {
            return Ok(subgroup(link.text.into(), own, SaidBy::Member));
        }
        if link.list == List::MemberUid {
            return Ok(member(own, link.text.into(), SaidBy::Group));
        }
        let dn = parse_dn(&link.text)?;
        Ok(match (link.list, self.kind, dn.own("uid"), dn.own("cn")) {
            (List::Member, _, Some(uid), _) => member(own, uid.into(), SaidBy::Group),
            (List::Member, _, None, Some(cn)) => {
                // The list of the other group may spell the name of this one in its own way.
                subgroup(parent.map_or(own, Target::from), cn.into(), SaidBy::Group)
            }
            (_, OwnerKind::User, _, Some(cn)) => member(cn.into(), own, SaidBy::Member),
            (_, OwnerKind::Group, _, Some(cn)) => subgroup(cn.into(), own, SaidBy::Member),
            _ => return Err(no_name(&link.text)),
        })
    }
}

fn parse_dn(text: &str) -> Result<Dn, Remark> {
    Dn::parse(text).filter(|dn| !dn.is_empty()).ok_or_else(|| no_name(text))
}

fn no_name(text: &str) -> Remark {
    Remark::missing("a member or a group is not a distinguished name, and is left out").about(quoted(text))
}

pub(super) fn entry_target(dn: &Dn, shown: String) -> Target {
    Target::Entry { entry: dn.digest(), shown, name: dn.own_name().map(str::to_owned) }
}

/// A distinguished name for messages.
pub(super) fn shown(text: String) -> String {
    if text.len() > 200 { quoted(&text) } else { text }
}

/// True for the groups in which FreeIPA keeps rights and hosts.
pub(super) fn is_no_group_of_people(dn: &Dn) -> bool {
    let is_below = |name| dn.is_below("cn", name);
    let is_in = |inner, outer| is_below(inner) && is_below(outer);
    let is_list_of_hosts = is_in("hostgroups", "accounts") || is_in("ng", "alt");
    let is_rule = is_below("pbac") || is_below("hbac") || is_in("sudorules", "sudo") || is_in("usermap", "selinux");
    is_list_of_hosts || is_rule || is_in("roles", "accounts")
}
