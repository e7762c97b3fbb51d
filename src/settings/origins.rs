//! Where the values of settings came from.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A setting of the server: its value, and where that came from.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// The flag, or the variable of a setting that has no flag.
    pub setting: String,
    /// The value as text; `None` where none is set. Secrets are replaced.
    pub value: Option<String>,
    /// Where the value came from.
    pub from: Source,
    /// The variable that sets it.
    pub variable: Option<String>,
    /// The value that it has when none is set.
    pub default: Option<String>,
}

/// Where the value of a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A flag on the command line.
    Flag,
    /// A variable.
    Variable,
    /// Neither: it is the default.
    Default,
}

/// Where the values of settings came from.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// The variables of those that came from one.
    pub(crate) variables: BTreeMap<String, String>,
    /// Those that do not have their default.
    pub(crate) given: BTreeSet<String>,
}

impl Origins {
    /// The name of a setting for messages: its variable when the value came from there, else its flag. `setting` is
    /// the name of the field in [`super::ServerArgs`].
    pub fn name_of(&self, setting: &str) -> String {
        let flag = || format!("--{}", setting.replace('_', "-"));
        self.variables.get(setting).cloned().unwrap_or_else(flag)
    }

    /// Whether a flag or a variable has set it.
    pub fn is_given(&self, setting: &str) -> bool {
        self.given.contains(setting)
    }
}
