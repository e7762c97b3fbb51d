//! The sources of values: flag, variable or default.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A row of the command `settings`: a server setting, its value and the source of the value.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// The flag, or the variable if the setting has no flag.
    pub setting: String,
    /// The value as text, if there is one. Secrets are hidden.
    pub value: Option<String>,
    /// The source of the value.
    pub from: Source,
    /// The variable of the setting.
    pub variable: Option<String>,
    /// The default value.
    pub default: Option<String>,
}

/// The source of the value of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A flag on the command line.
    Flag,
    /// An environment variable.
    Variable,
    /// The default.
    Default,
}

/// The sources of values: flag, variable or default.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// Settings that a variable has set, with its name.
    pub(crate) variables: BTreeMap<String, String>,
    /// Settings that a flag or a variable has set.
    pub(crate) given: BTreeSet<String>,
}

impl Origins {
    /// The name of a setting in messages: the variable that has set it, or else its flag. `setting` is the name of a
    /// field of [`super::ServerArgs`].
    pub fn name_of(&self, setting: &str) -> String {
        let flag = || format!("--{}", setting.replace('_', "-"));
        self.variables.get(setting).cloned().unwrap_or_else(flag)
    }

    /// Returns whether a flag or a variable has set it.
    pub fn is_given(&self, setting: &str) -> bool {
        self.given.contains(setting)
    }
}
