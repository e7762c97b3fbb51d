//! Verbs for SCIM, which names users and groups by their uuid, edits single members, and filters by attributes.

mod groups;
mod lists;

pub use groups::{GroupEdit, GroupOutcome, Member, MemberStep, MembersPiece};
pub(super) use lists::load_scim_user;
pub use lists::{GroupCondition, UserCondition};
