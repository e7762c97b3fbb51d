//! Filters of lists of users.

/// A filter of users: all given conditions apply. Without conditions it selects all users.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Disabled users, or enabled users.
    pub disabled: Option<bool>,
    /// Users who have logged in, or users who have not.
    pub verified: Option<bool>,
    /// Members of the group `administrators`, directly or not.
    pub administrators: bool,
    /// Direct members of the group of that row id.
    pub group: Option<i64>,
    /// Users whose login, names or e-mail address contain that text, in any case.
    pub text: Option<String>,
    /// Users without a change since then, in milliseconds since 1970-01-01 UTC.
    pub unchanged_since: Option<i64>,
}
