//! The steps of a PATCH of a group, for which its members need not be read as a whole.

use super::elements;
use super::operation::{Change, ElementsChange, Verb};
use super::parse::read_only;
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::problem::Result;
use crate::dialect::scim::schema::Attribute;
use crate::json::{Json, Object};
use std::collections::HashSet;

/// One step of a PATCH of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialect::scim) enum GroupStep {
    DisplayName(String),
    ExternalId(Option<String>),
    /// Adds members, none of them twice. A member that the group has gets the `display`, if there is one.
    AddMembers(Vec<Member>),
    /// Removes the members with these identifiers, of which some may be no members.
    RemoveMembers(Vec<String>),
    RemoveAllMembers,
    /// The group has these members only, none of them twice.
    ReplaceMembers(Vec<Member>),
    FilteredMembers(FilteredMembers),
}

/// A member of a group, as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialect::scim) struct Member {
    pub(in crate::dialect::scim) value: String,
    pub(in crate::dialect::scim) display: Option<String>,
    pub(in crate::dialect::scim) kind: Option<MemberKind>,
}

/// The `type` of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dialect::scim) enum MemberKind {
    User,
    Group,
}

/// A change of members that a filter matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialect::scim) struct FilteredMembers {
    change: ElementsChange,
}

impl FilteredMembers {
    /// The identifiers of the members that the step can change: only these have to be read. `None` for all.
    pub(in crate::dialect::scim) fn values(&self) -> Option<Vec<String>> {
        self.change.filter.as_ref().and_then(|filter| filter.possible_values())
    }

    /// Changes members in canonical form: all, or those of [`values`](FilteredMembers::values).
    ///
    /// # Errors
    /// `noTarget` when a `replace` matches no member, `mutability` when it changes an identifier.
    pub(in crate::dialect::scim) fn apply(&self, members: &mut Vec<Json>) -> Result<()> {
        elements::change(&self.change, members)
    }
}

impl Member {
    /// The member of an element in canonical form.
    pub(in crate::dialect::scim) fn of(element: &Json) -> Option<Member> {
        let text = |name: &str| element.get(name).and_then(Json::as_str);
        let kind = match text("type") {
            Some(kind) if kind.eq_ignore_ascii_case("User") => Some(MemberKind::User),
            Some(kind) if kind.eq_ignore_ascii_case("Group") => Some(MemberKind::Group),
            _ => None,
        };
        Some(Member { value: text("value")?.to_owned(), display: text("display").map(str::to_owned), kind })
    }

    /// The members of a document of a group in canonical form, none of them twice.
    pub(in crate::dialect::scim) fn all_of(document: &Object) -> Vec<Member> {
        match document.get("members") {
            Some(Json::Array(elements)) => members_of(elements),
            _ => Vec::new(),
        }
    }
}

/// The steps of the changes of the group with that identifier.
pub(super) fn steps(changes: &[Change], id: &str) -> Result<Vec<GroupStep>> {
    let mut steps = Vec::with_capacity(changes.len());
    for change in changes {
        steps.extend(step(change, id)?);
    }
    Ok(steps)
}

fn step(change: &Change, id: &str) -> Result<Option<GroupStep>> {
    Ok(match change {
        Change::Set(path, value) => set(path.attribute, value.as_ref()),
        Change::Add(_, elements) if elements.is_empty() => None,
        Change::Add(_, elements) => Some(GroupStep::AddMembers(members_of(elements))),
        Change::Replace(_, elements) if elements.is_empty() => Some(GroupStep::RemoveAllMembers),
        Change::Replace(_, elements) => Some(GroupStep::ReplaceMembers(members_of(elements))),
        Change::Remove(_, None) => Some(GroupStep::RemoveAllMembers),
        Change::Remove(_, Some(elements)) => {
            let values: Vec<String> = members_of(elements).into_iter().map(|member| member.value).collect();
            (!values.is_empty()).then_some(GroupStep::RemoveMembers(values))
        }
        Change::Elements(change) => Some(filtered(change)),
        // Groups have no extension.
        Change::ClearExtension(_) => None,
        Change::Expect(path, value) => {
            expect(path, value, id)?;
            None
        }
    })
}

fn set(attribute: &Attribute, value: Option<&Json>) -> Option<GroupStep> {
    let text = value.and_then(Json::as_str).map(str::to_owned);
    match attribute.name {
        "externalId" => Some(GroupStep::ExternalId(text)),
        _ => text.map(GroupStep::DisplayName),
    }
}

fn filtered(change: &ElementsChange) -> GroupStep {
    if change.verb == Verb::Remove && change.sub.is_none() {
        match &change.filter {
            None => return GroupStep::RemoveAllMembers,
            Some(filter) => {
                if let Some(values) = filter.exact_values() {
                    return GroupStep::RemoveMembers(values);
                }
            }
        }
    }
    GroupStep::FilteredMembers(FilteredMembers { change: change.clone() })
}

/// Requires that a read-only attribute has the value that a client sends. Only the identifier is known here.
fn expect(path: &AttributePath, value: &Json, id: &str) -> Result<()> {
    if path.attribute.name == "id" && value.as_str() == Some(id) { Ok(()) } else { Err(read_only(path)) }
}

fn members_of(elements: &[Json]) -> Vec<Member> {
    let mut seen = HashSet::new();
    elements.iter().filter_map(Member::of).filter(|member| seen.insert(member.value.clone())).collect()
}
