//! Rules that the operator sets for changes.

use std::sync::Arc;

/// Rules that an operator sets for changes.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Another password leaves the tokens of the user valid.
    pub keep_tokens: bool,
    /// Keys of the names of users who cannot be disabled, deleted or demoted over HTTP.
    pub protected: Arc<[String]>,
    /// Callers of Nuxeo's dialect who are no administrators do not learn who is one, nor who is in the groups of
    /// administrators.
    pub hide_administrators: bool,
    /// Largest number of names in one operation; `None`: no limit.
    pub names_max: Option<usize>,
}
