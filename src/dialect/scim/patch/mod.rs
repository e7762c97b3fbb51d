//! PATCH (RFC 7644, 3.5.2), in the forms that identity providers send.

mod apply;
mod elements;
mod group_steps;
mod operation;
mod parse;
mod target;

use super::problem::{Problem, Result};
use super::schema::ResourceType;
use crate::json::{Json, Object};
use operation::Change;

#[cfg(test)]
pub(super) use group_steps::MemberKind;
pub(super) use group_steps::{FilteredMembers, GroupStep, Member};

/// Comparisons of elements that one request can make.
const COMPARISONS_MAX: usize = 20_000_000;

/// The changes of a PATCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patch {
    changes: Vec<Change>,
}

impl Patch {
    /// Parses the body of a PATCH.
    ///
    /// # Errors
    /// `invalidSyntax` when the body has another shape, `invalidPath` and `invalidFilter` for a path, `invalidValue` for a
    /// value, `noTarget` for a `remove` without a path, `mutability` when it removes a required attribute; status 413 when
    /// there are more than 10,000 operations.
    pub(super) fn parse(body: Json, resource_type: &'static ResourceType) -> Result<Patch> {
        Ok(Patch { changes: parse::parse(body, resource_type)? })
    }

    /// Makes the changes of a document in canonical form, all or none. The document should have the read-only attributes
    /// (`id`, `meta`, `groups`), because a client may send the values that they have.
    ///
    /// # Errors
    /// `noTarget` when a `replace` matches no element, `mutability` when a read-only or immutable value would change,
    /// `invalidValue` when two elements would be primary; status 413 when many operations compare many elements.
    pub(super) fn apply(&self, document: &mut Object) -> Result<()> {
        self.apply_within(COMPARISONS_MAX, document)
    }

    fn apply_within(&self, comparisons_max: usize, document: &mut Object) -> Result<()> {
        let mut changed = document.clone();
        let mut comparisons = 0_usize;
        for change in &self.changes {
            comparisons = comparisons.saturating_add(apply::comparisons(change, &changed));
            if comparisons > comparisons_max {
                return Err(Problem::of_status(413, "the operations compare too many elements with each other"));
            }
            apply::apply(change, &mut changed)?;
        }
        *document = changed;
        Ok(())
    }

    /// The steps of a PATCH of the group with that identifier, in their order.
    ///
    /// # Errors
    /// `mutability` when a read-only attribute would change.
    pub(super) fn group_steps(&self, id: &str) -> Result<Vec<GroupStep>> {
        group_steps::steps(&self.changes, id)
    }
}

#[cfg(test)]
mod tests;
