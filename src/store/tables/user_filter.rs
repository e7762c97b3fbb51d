//! Filters of lists of users, as SQL conditions.

use super::hierarchy::administrator_groups;
use crate::model::UserFilter;
use rusqlite::ToSql;

/// True if the user of the row is in one of `administrator_groups`.
macro_rules! is_administrator {
    () => {
        "exists (select 1 from memberships join administrator_groups on group_id = administrator_groups.id
                 where user_id = users.id)"
    };
}
pub(super) use is_administrator;

impl UserFilter {
    /// The beginning of a query with the condition.
    pub(super) fn prelude(&self) -> &'static str {
        if self.administrators { administrator_groups!() } else { "" }
    }

    /// The condition, with the parameters `:group`, `:text` and `:since` if it needs them.
    pub(super) fn condition(&self) -> String {
        let flag = |column: &str, value: Option<bool>| value.map(|value| format!("{column} = {}", i32::from(value)));
        let member = "exists (select 1 from memberships where group_id = :group and user_id = users.id)";
        let text = "(instr(username_key, :text) or instr(first_key, :text) or instr(last_key, :text)
                 or instr(email_key, :text) or instr(folded(display_name), :text)
                 or users.id in (select user_id from withheld_user_keys where instr(key, :text)))";
        let conditions = [
            flag("disabled", self.disabled),
            flag("verified", self.verified),
            self.administrators.then(|| is_administrator!().to_owned()),
            self.group.map(|_| member.to_owned()),
            self.text.as_ref().map(|_| text.to_owned()),
            self.unchanged_since.map(|_| "updated_at < :since".to_owned()),
        ];
        let conditions: Vec<String> = conditions.into_iter().flatten().collect();
        if conditions.is_empty() { "1".to_owned() } else { conditions.join(" and ") }
    }

    /// The parameters of the condition, and those of the query around it.
    pub(super) fn parameters<'p>(&'p self, others: &[(&'p str, &'p dyn ToSql)]) -> Vec<(&'p str, &'p dyn ToSql)> {
        let group = self.group.as_ref().map(|group| (":group", group as &dyn ToSql));
        let text = self.text.as_ref().map(|text| (":text", text as &dyn ToSql));
        let since = self.unchanged_since.as_ref().map(|since| (":since", since as &dyn ToSql));
        others.iter().copied().chain([group, text, since].into_iter().flatten()).collect()
    }
}
