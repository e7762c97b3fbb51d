//! Under which condition something is to be done.

use super::{Error, Result};

/// What has to be true of the state of a user or group for something to be done. The default is no condition.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// It has to be one of these.
    pub wanted: Option<States>,
    /// It must be none of these.
    pub unwanted: Option<States>,
    /// The caller has set a condition that cannot be understood, and why: nothing is done under it.
    pub unclear: Option<&'static str>,
    /// How much of a user the states are of.
    pub extent: EtagScope,
}

/// How much of a user somebody has seen.
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
pub enum States {
    /// Every one, as long as there is such a user or group.
    All,
    /// These.
    These(Vec<u64>),
}

impl States {
    /// Whether it is one of them.
    pub fn contain(&self, state: u64) -> bool {
        match self {
            States::All => true,
            States::These(states) => states.contains(&state),
        }
    }
}

impl Condition {
    /// The same about a user, with states of so much of them.
    pub fn on(self, extent: EtagScope) -> Condition {
        Condition { extent, ..self }
    }

    /// Looks whether the condition is true of that state, which is asked for only where there is one.
    ///
    /// # Errors
    /// `Changed` when it is not; `Invalid` for a condition that cannot be understood; those of `state`.
    pub fn check(&self, state: impl FnOnce() -> Result<u64>) -> Result<()> {
        if let Some(why) = self.unclear {
            return Err(Error::Invalid(why.to_owned()));
        }
        if self.wanted.is_none() && self.unwanted.is_none() {
            return Ok(());
        }
        let state = state()?;
        let wanted = self.wanted.as_ref().is_none_or(|states| states.contain(state));
        let unwanted = self.unwanted.as_ref().is_some_and(|states| states.contain(state));
        if wanted && !unwanted { Ok(()) } else { Err(Error::Changed) }
    }
}
