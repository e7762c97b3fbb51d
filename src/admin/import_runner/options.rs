//! The options of an import.

use crate::directory::Conflict;
use std::str::FromStr;

/// How users and groups are imported.
#[derive(Debug, Clone)]
pub struct ImportRunOptions {
    /// The action for users and groups that already exist.
    pub conflict: Conflict,
    /// Create groups that have members in the input but exist neither there nor in the directory.
    pub create_groups: bool,
    /// The target keeps tokens valid when the import changes a password.
    pub keep_tokens: bool,
    /// How to read the values of password fields.
    pub passwords: PasswordRule,
    /// Groups of the input that have another name in the directory.
    pub map_groups: Vec<GroupMapping>,
    /// Rows in a transaction.
    pub batch_rows: usize,
    /// Start an interrupted import of the same input again from the beginning.
    pub restart: bool,
}

/// How to read the values of password fields. The position of an interrupted import depends on the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordRule {
    /// Accept hashes of known formats and plain-text passwords; leave out values that look like hashes of other formats.
    Guess,
    /// Every value is a plain-text password.
    Clear,
    /// Ignore passwords.
    Leave,
}

/// A group of the input that has another name in the directory. The position of an interrupted import depends on the
/// names of the type and its fields.
#[derive(Debug, Clone)]
pub struct GroupMapping {
    /// The name or distinguished name in the input.
    pub from: String,
    /// The name in the directory.
    pub to: String,
}

impl FromStr for GroupMapping {
    type Err = String;

    fn from_str(text: &str) -> Result<GroupMapping, String> {
        // The last `=` separates, because a distinguished name contains `=` too.
        let (from, to) = text.rsplit_once('=').ok_or("not of the form NAME=GROUP")?;
        if from.trim().is_empty() || to.trim().is_empty() {
            return Err("not of the form NAME=GROUP".to_owned());
        }
        Ok(GroupMapping { from: from.trim().to_owned(), to: to.trim().to_owned() })
    }
}
