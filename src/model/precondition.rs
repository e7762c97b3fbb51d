//! Conditions of a write.

use super::{Error, Result};

/// A condition on the state of a user or group, checked before an operation. The default is no condition.
#[derive(Debug, Clone, Default)]
pub struct Precondition {
    /// It has to be one of these.
    pub if_match: Option<EtagSet>,
    /// It must be none of these.
    pub if_none_match: Option<EtagSet>,
    /// The caller has set a condition that cannot be understood, and why: nothing is done under it.
    pub malformed: Option<&'static str>,
    /// How much of a user the states are of.
    pub scope: EtagScope,
}

/// How much of a user an ETag covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EtagScope {
    /// The user, and whether they are an administrator: see [`UserSummary`](super::UserSummary).
    #[default]
    User,
    /// All their groups too: see [`UserWithGroups`](super::UserWithGroups).
    UserWithGroups,
}

/// Some of the states that a user or group can be in.
#[derive(Debug, Clone)]
pub enum EtagSet {
    /// Every one, as long as there is such a user or group.
    All,
    /// These.
    AnyOf(Vec<u64>),
}

impl EtagSet {
    /// True if it is one of them.
    pub fn contain(&self, state: u64) -> bool {
        match self {
            EtagSet::All => true,
            EtagSet::AnyOf(states) => states.contains(&state),
        }
    }
}

impl Precondition {
    /// It has to be in one of these states.
    pub fn any_of(states: Vec<u64>) -> Precondition {
        Precondition { if_match: Some(EtagSet::AnyOf(states)), ..Precondition::default() }
    }

    /// The same about a user, with states of so much of them.
    pub fn on(self, scope: EtagScope) -> Precondition {
        Precondition { scope, ..self }
    }

    /// Looks whether the condition is true of that state, which is asked for only where there is one.
    ///
    /// # Errors
    /// `PreconditionFailed` when it is not; `Invalid` for a condition that cannot be understood; those of `state`.
    pub fn check(&self, state: impl FnOnce() -> Result<u64>) -> Result<()> {
        if let Some(why) = self.malformed {
            return Err(Error::Invalid(why.to_owned()));
        }
        if self.if_match.is_none() && self.if_none_match.is_none() {
            return Ok(());
        }
        let state = state()?;
        let if_match = self.if_match.as_ref().is_none_or(|states| states.contain(state));
        let if_none_match = self.if_none_match.as_ref().is_some_and(|states| states.contain(state));
        if if_match && !if_none_match { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}
